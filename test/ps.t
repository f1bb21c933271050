#!/bin/sh
# ps.t - "ps" shows the processes of a container.
. "${0%/*}/lib.sh"

up() {
	bundle args='/probe spawn 2'
	"$RT" --root "$STATE" run -d -b b "$id" >ct.out 2>&1
	is $? 0 "$(cat ct.out)"
	wait_for grep -q ready ct.out
}
down() { rt_ok delete -f "$id"; }

test_ps_json_is_an_array_of_pids() {
	need root
	need cgroup2
	up
	rt_ok ps --format json "$id"
	is "$err" ''
	is "$(wc -l <out | tr -d ' ')" "$(printf '%s\n' "$out" | wc -l | tr -d ' ')"
	like "$out" '^\[[0-9]+(,[0-9]+)*\]$'
	is "$(json len . out 2>/dev/null || tr ',' '\n' <out | wc -l)" 3
	is "$(tr -d '[]' <out | tr ',' '\n' | sort -n)" "$(sort -n <"$(cg "$(pid_of "$id")")/cgroup.procs")"
	down
}

test_ps_json_has_no_noise() {
	need root
	need cgroup2
	up
	"$RT" --root "$STATE" ps -f json "$id" >both 2>&1
	is $? 0
	ok json check both
	down
}

test_ps_includes_sub_cgroups() {
	need root
	need cgroup2
	up
	mkdir "$(cg "$(pid_of "$id")")/sub"
	rt_ok exec --cgroup sub -d --pid-file pid "$id" /probe sleep
	rt_ok ps -f json "$id"
	like "$out" "[[,]$(cat pid)[],]"
	down
}

test_ps_table() {
	need root
	need cgroup2
	[ "$RT_NAME" = runtime ] || need tool ps
	up
	pid=$(pid_of "$id")
	rt_ok ps "$id"
	like "$(head -n 1 out)" '\bPID\b|PID'
	is "$(wc -l <out)" 4 'a header and three processes'
	like "$out" "(^| )$pid .*/probe spawn 2"
	down
}

test_ps_table_shows_no_other_process() {
	need root
	need cgroup2
	[ "$RT_NAME" = runtime ] || need tool ps
	up
	bundle -d c args='/probe sleep 4242'
	rt_ok run -d -b c "$id2"
	rt_ok ps "$id"
	unlike "$out" 'sleep 4242'
	rt_ok ps --format table "$id2"
	like "$out" 'sleep 4242'
	unlike "$out" 'spawn'
	rt_ok delete -f "$id2"
	down
}

test_ps_with_options_for_ps() {
	need root
	need cgroup2
	need tool ps
	ps -o pid,args >/dev/null 2>&1 || skip 'needs a ps with -o pid,args'
	up
	rt ps "$id" -o pid,args
	# a ps that shows only its own session leaves just the header
	is "$status" 0
	like "$(head -n 1 out)" '^ *PID +(COMMAND|ARGS)'
	down
}

test_ps_of_a_created_container() {
	need root
	need cgroup2
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok ps -f json "$id"
	is "$out" "[$(pid_of "$id")]"
	down
}

test_ps_of_a_paused_container() {
	need root
	need cgroup2
	up
	rt_ok pause "$id"
	rt_ok ps -f json "$id"
	like "$out" "[[,]$(pid_of "$id")[],]"
	down
}

test_ps_of_a_stopped_container() {
	need root
	need cgroup2
	bundle args='/probe true'
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	rt ps -f json "$id"
	is "$status" 0
	like "$out" '^(null|\[\])$'
	down
}

test_ps_of_no_container() {
	rt_fails ps "$id"
	is "$status" 1
	has "$err" 'container does not exist'
}

test_ps_unknown_format() {
	need root
	up
	rt_fails ps --format yaml "$id"
	is "$status" 1
	has "$err" format
	down
}

run_tests
