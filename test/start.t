#!/bin/sh
# start.t - "start" makes a created container run its program, once.
. "${0%/*}/lib.sh"

says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }

# create_to FILE: creates $id; what its process prints goes to FILE
create_to() {
	"$RT" --root "$STATE" create -b b "$id" >"$1" 2>"$1.err"
	is $? 0 "create ($(cat "$1.err"))"
}

test_start_runs_the_program() {
	need root
	bundle args='/probe say hello'
	create_to ct.out
	is "$(cat ct.out)" '' 'nothing ran before'
	rt_ok start "$id"
	is "$out$err" '' 'silent'
	wait_status "$id" stopped
	is "$(cat ct.out)" hello
	rt_ok delete "$id"
}

test_start_returns_after_the_program_was_executed() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	isnt "$(readlink "/proc/$pid/exe")" /probe 'before'
	rt_ok start "$id"
	[ "$RT_NAME" = runtime ] || wait_for grep -q probe "/proc/$pid/cmdline"
	is "$(readlink "/proc/$pid/exe")" /probe 'at once after start'
	is "$(status_of "$id")" running
	rt_ok delete -f "$id"
}

test_start_of_no_container() {
	rt_fails start "$id"
	is "$status" 1
	has "$err" 'container does not exist'
	says "$id: container does not exist"
}

test_start_of_a_running_container() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	pid=$(pid_of "$id")
	rt_fails start "$id"
	is "$status" 1
	has "$err" 'cannot start an already running container'
	says 'cannot start an already running container'
	is "$(status_of "$id") $(pid_of "$id")" "running $pid" 'it did not suffer'
	rt_ok delete -f "$id"
}

test_start_of_a_paused_container() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	rt_ok pause "$id"
	rt_fails start "$id"
	is "$status" 1
	is "$(status_of "$id")" paused
	rt_ok delete -f "$id"
}

test_start_of_a_created_container_that_is_paused() {
	need root
	need cgroup2
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok pause "$id"
	rt_fails start "$id"
	is "$status" 1
	is "$(status_of "$id")" paused
	rt_ok resume "$id"
	rt_ok start "$id"
	is "$(status_of "$id")" running
	rt_ok delete -f "$id"
}

test_start_of_a_stopped_container() {
	need root
	bundle args='/probe true'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	wait_status "$id" stopped
	rt_fails start "$id"
	is "$status" 1
	has "$err" 'cannot start a container that has stopped'
	says 'cannot start a container that has stopped'
	is "$(status_of "$id")" stopped
	rt_ok delete "$id"
}

test_start_after_the_created_process_was_killed() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	kill -9 "$(pid_of "$id")"
	wait_status "$id" stopped
	rt_fails start "$id"
	is "$status" 1
	has "$err" 'cannot start a container that has stopped'
	rt_ok delete "$id"
	is "$(status_of "$id")" gone
}

test_start_uses_the_config_of_create() {
	need root
	bundle args='/probe say old'
	create_to ct.out
	edit b/config.json args='/probe say new'
	rt_ok start "$id"
	wait_status "$id" stopped
	is "$(cat ct.out)" old
	rt_ok delete "$id"
}

# The program was there at create and is not at start: start has to say so.
test_start_reports_a_program_that_vanished() {
	need root
	need runtime
	bundle args='/gone sleep'
	cp b/rootfs/probe b/rootfs/gone
	rt_ok create -b b "$id"
	rm b/rootfs/gone
	rt_fails start "$id"
	is "$status" 1
	has "$err" '/gone'
	has "$err" 'no such file or directory'
	is "$(wc -l <err)" 1
	wait_status "$id" stopped
	rt_ok delete "$id"
}

test_start_reports_a_file_that_is_no_program() {
	need root
	need runtime
	bundle args='/text'
	echo hello >b/rootfs/text
	chmod 755 b/rootfs/text
	rt_ok create -b b "$id"
	rt_fails start "$id"
	is "$status" 1
	has "$err" 'exec format error'
	wait_status "$id" stopped
	rt_ok delete "$id"
}

test_start_of_many_at_once() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pids=
	for i in 1 2 3 4; do
		"$PROBE" deadline 20 "$RT" --root "$STATE" start "$id" >/dev/null 2>"err.$i" &
		pids="$pids $!"
	done
	won=0
	for p in $pids; do wait "$p" && won=$((won + 1)); done
	is "$won" 1 'one of four starts wins'
	is "$(status_of "$id")" running
	rt_ok delete -f "$id"
}

test_start_does_not_wait_for_the_program() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	"$PROBE" deadline 5 "$RT" --root "$STATE" start "$id"
	is $? 0
	is "$(status_of "$id")" running
	rt_ok delete -f "$id"
}

test_start_leaves_the_process_to_its_new_parent() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	ppid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$(pid_of "$id")/status")
	unlike "$(tr '\0' ' ' <"/proc/$ppid/cmdline")" "^$RT " 'no runtime process remains'
	rt_ok delete -f "$id"
}

run_tests
