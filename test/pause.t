#!/bin/sh
# pause.t - "pause" stops every process of a container, "resume" lets them go on.
. "${0%/*}/lib.sh"

says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }

up() {
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
}
down() { rt_ok delete -f "$id"; }

test_pause_and_resume() {
	need root
	need cgroup2
	up
	rt_ok pause "$id"
	is "$out$err" '' 'silent'
	is "$(status_of "$id")" paused
	is "$(cgread "$(pid_of "$id")" cgroup.freeze)" 1
	like "$(cgread "$(pid_of "$id")" cgroup.events)" '^frozen 1$' 'frozen when pause returns'
	rt_ok resume "$id"
	is "$out$err" ''
	is "$(status_of "$id")" running
	like "$(cgread "$(pid_of "$id")" cgroup.events)" '^frozen 0$'
	down
}

test_pause_stops_the_work() {
	need root
	need cgroup2
	bundle args='/probe trap USR1'
	"$RT" --root "$STATE" run -d -b b "$id" >ct.out
	wait_for grep -q ready ct.out
	rt_ok pause "$id"
	rt_ok kill "$id" USR1
	"$PROBE" sleep 0.3
	lacks "$(cat ct.out)" SIGUSR1 'nothing while it is paused'
	rt_ok resume "$id"
	wait_for grep -q SIGUSR1 ct.out
	down
}

test_pause_takes_exec_processes_along() {
	need root
	need cgroup2
	up
	"$RT" --root "$STATE" exec -d "$id" /probe trap USR1 >ex.out
	wait_for grep -q ready ex.out
	rt_ok exec -d --pid-file pid "$id" /probe trap USR1
	rt_ok pause "$id"
	kill -USR1 "$(cat pid)"
	rt_ok resume "$id"
	down
	wait_gone "$(cat pid)"
}

test_pause_of_no_container() {
	for c in pause resume; do
		rt_fails $c "$id"
		is "$status" 1
		has "$err" 'container does not exist'
		says "$id: container does not exist"
	done
}

test_pause_of_a_paused_container() {
	need root
	need cgroup2
	up
	rt_ok pause "$id"
	rt_fails pause "$id"
	is "$status" 1
	has "$err" 'container not running'
	says 'container not running or created: paused'
	is "$(status_of "$id")" paused
	down
}

test_pause_of_a_stopped_container() {
	need root
	need cgroup2
	bundle args='/probe true'
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	rt_fails pause "$id"
	is "$status" 1
	says 'container not running or created: stopped'
	rt_fails resume "$id"
	is "$status" 1
	has "$err" 'container not paused'
	down
}

test_resume_of_a_running_container() {
	need root
	need cgroup2
	up
	rt_fails resume "$id"
	is "$status" 1
	has "$err" 'container not paused'
	says 'container not paused'
	is "$(status_of "$id")" running
	down
}

test_pause_of_a_created_container() {
	need root
	need cgroup2
	bundle args='/probe say hello'
	"$RT" --root "$STATE" create -b b "$id" >ct.out
	rt_ok pause "$id"
	is "$(status_of "$id")" paused
	rt_ok resume "$id"
	is "$(status_of "$id")" created
	rt_ok start "$id"
	wait_status "$id" stopped
	is "$(cat ct.out)" hello
	down
}

test_pause_again_and_again() {
	need root
	need cgroup2
	up
	for i in 1 2 3 4 5; do
		rt_ok pause "$id"
		rt_ok resume "$id"
	done
	is "$(status_of "$id")" running
	down
}

test_pause_and_delete_force() {
	need root
	need cgroup2
	up
	pid=$(pid_of "$id")
	rt_ok pause "$id"
	rt_ok delete --force "$id"
	wait_gone "$pid"
	is "$(status_of "$id")" gone
}

test_pause_is_seen_when_somebody_else_did_it() {
	need root
	need cgroup2
	up
	dir=$(cg "$(pid_of "$id")")
	echo 1 >"$dir/cgroup.freeze"
	wait_for grep -q 'frozen 1' "$dir/cgroup.events"
	is "$(status_of "$id")" paused
	rt_ok resume "$id"
	is "$(status_of "$id")" running
	down
}

run_tests
