#!/bin/sh
# kill.t - "kill" sends one signal to a container.
. "${0%/*}/lib.sh"

says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }

# trapper SIG...: a running container that prints the names of the signals it gets to ct.out
trapper() {
	bundle args="/probe trap $*"
	"$RT" --root "$STATE" run -d -b b "$id" >ct.out 2>&1
	is $? 0 "run ($(cat ct.out))"
	wait_for grep -q ready ct.out
}

# sends NAME-AS-GIVEN SIGNAME: the signal arrives, once
sends() {
	rt_ok kill "$id" "$1"
	is "$out$err" ''
	wait_for grep -q "^$2\$" ct.out
}

gone() {
	rt_ok delete -f "$id"
	is "$(status_of "$id")" gone
}

test_kill_sends_term_by_default() {
	need root
	trapper
	rt_ok kill "$id"
	is "$out$err" '' 'silent'
	wait_status "$id" stopped
	is "$(cat ct.out)" "ready
SIGTERM"
	rt_ok delete "$id"
}

test_kill_by_name() {
	need root
	trapper HUP INT USR1 WINCH
	sends HUP SIGHUP
	sends INT SIGINT
	sends USR1 SIGUSR1
	sends WINCH SIGWINCH
	gone
}

test_kill_by_name_with_prefix() {
	need root
	trapper HUP USR2
	sends SIGHUP SIGHUP
	sends SIGUSR2 SIGUSR2
	gone
}

test_kill_by_name_in_lower_case() {
	need root
	trapper HUP USR2 QUIT
	sends hup SIGHUP
	sends sigusr2 SIGUSR2
	sends Quit SIGQUIT
	gone
}

test_kill_by_number() {
	need root
	trapper HUP USR1
	sends 1 SIGHUP
	sends 10 SIGUSR1
	rt_ok kill "$id" 15
	wait_status "$id" stopped
	gone
}

test_kill_by_real_time_number() {
	need root
	trapper 37 64
	sends 37 37
	sends 64 64
	gone
}

test_kill_knows_every_name() {
	need root
	trapper HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM STKFLT CHLD CONT TSTP TTIN TTOU URG \
		XCPU XFSZ VTALRM PROF WINCH IO PWR SYS
	for s in HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM STKFLT CHLD CONT TSTP TTIN TTOU URG \
		XCPU XFSZ VTALRM PROF WINCH IO PWR SYS; do
		rt kill "$id" $s
		is "$status" 0 "$s"
		wait_for grep -q "^SIG$s\$" ct.out
	done
	gone
}

test_kill_knows_second_names() {
	need root
	need runtime
	trapper ABRT IO CHLD
	sends IOT SIGABRT
	sends POLL SIGIO
	gone
}

test_kill_real_time_names() {
	need root
	need runtime
	trapper 37 64
	sends RTMIN+3 37
	sends SIGRTMAX 64
	gone
}

test_kill_refuses_what_is_no_signal() {
	need root
	trapper
	none=
	[ "$RT_NAME" = runtime ] || none=NONE	# an empty word is TERM to some
	for s in NOSUCH SIG SIGSIG 65 -1 99999999999 1x x1 "$none" ' TERM' 'TERM ' SIGTERM1 1.5; do
		rt kill -- "$id" "$s"
		is "$status" 1 "signal '$s'"
		isnt "$err" ''
		is "$(cat ct.out)" ready 'nothing was sent'
	done
	is "$(status_of "$id")" running
	gone
}

test_kill_of_no_container() {
	rt_fails kill "$id" TERM
	is "$status" 1
	has "$err" 'container does not exist'
	says "$id: container does not exist"
}

test_kill_of_a_stopped_container() {
	need root
	bundle args='/probe true'
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	rt_fails kill "$id" KILL
	is "$status" 1
	has "$err" 'container not running'
	says 'container not running'
	gone
}

test_kill_all_of_a_stopped_container() {
	need root
	bundle args='/probe true'
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	rt_ok kill --all "$id" KILL
	gone
}

test_kill_of_a_created_container() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	wait_gone "$pid"
	gone
}

test_kill_of_a_paused_container() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	rt_ok pause "$id"
	rt_ok kill "$id" KILL
	rt resume "$id" # kills it at once where the kernel left it frozen
	wait_status "$id" stopped
	gone
}

test_kill_term_of_a_paused_container_waits_for_resume() {
	need root
	trapper
	rt_ok pause "$id"
	rt_ok kill "$id" TERM
	"$PROBE" sleep 0.2
	is "$(cat ct.out)" ready
	rt_ok resume "$id"
	wait_status "$id" stopped
	is "$(tail -n 1 ct.out)" SIGTERM
	gone
}

test_kill_signals_init_only() {
	need root
	trapper USR1
	"$RT" --root "$STATE" exec -d "$id" /probe trap USR1 >ex.out
	is $? 0
	wait_for grep -q ready ex.out
	sends USR1 SIGUSR1
	"$PROBE" sleep 0.1
	is "$(cat ex.out)" ready 'the second process got nothing'
	gone
}

test_kill_all_signals_every_process() {
	need root
	need cgroup2
	need runtime
	trapper USR1
	"$RT" --root "$STATE" exec -d "$id" /probe trap USR1 >ex.out
	is $? 0
	wait_for grep -q ready ex.out
	rt_ok kill --all "$id" USR1
	wait_for grep -q SIGUSR1 ct.out
	wait_for grep -q SIGUSR1 ex.out
	rt_ok kill -a "$id" TERM
	wait_status "$id" stopped
	gone
}

test_kill_all_before_and_after_the_id() {
	need root
	trapper
	rt_ok kill -a "$id" KILL
	wait_status "$id" stopped
	gone
}

# Without a pid namespace the kernel does not take the others along.
test_kill_kill_without_pid_namespace_kills_all() {
	need root
	need cgroup2
	bundle args='/probe spawn 3' 'linux.namespaces.[type=pid]-'
	"$RT" --root "$STATE" run -d -b b "$id" >ct.out
	is $? 0
	wait_for grep -q ready ct.out
	dir=$(cg "$(pid_of "$id")")
	is "$(wc -l <"$dir/cgroup.procs")" 4
	if [ "$RT_NAME" = runtime ]; then rt_ok kill "$id" KILL; else rt_ok kill --all "$id" KILL; fi
	wait_status "$id" stopped
	empty() { [ ! -s "$dir/cgroup.procs" ]; }
	wait_for empty
	gone
}

test_kill_stop_and_cont() {
	need root
	trapper
	rt_ok kill "$id" STOP
	stopped() { grep -q '^State:.T' "/proc/$(pid_of "$id")/status"; }
	wait_for stopped
	is "$(status_of "$id")" running
	rt_ok kill "$id" CONT
	rt_ok kill "$id" TERM
	wait_status "$id" stopped
	gone
}

test_kill_works_under_a_low_limit_of_processes() {
	need root
	bundle args='/probe sleep' 'linux.namespaces.[type=pid]-'
	rt_ok run -d -b b "$id"
	rt_ok kill "$id" TERM
	wait_status "$id" stopped
	gone
}

# config.md: the annotation names the signal to kill the container with.
test_stop_signal_of_the_annotations_is_the_default() {
	need root
	need runtime
	bundle args='/probe trap USR1 INT' 'annotations.[org.opencontainers.image.stopSignal]=SIGUSR1'
	rt_bg run -b b "$id"
	wait_for grep -q ready bg.out
	rt_ok kill "$id"
	wait_for grep -q USR1 bg.out
	rt_ok kill "$id" INT
	wait_for grep -q INT bg.out
	rt_ok kill "$id" TERM
	rt_wait
	is "$status" 7
	has "$(cat bg.out)" USR1
}
test_stop_signal_that_is_none() {
	need root
	need runtime
	bundle args='/probe sleep' 'annotations.[org.opencontainers.image.stopSignal]=SIGFOO'
	rt_ok run -d -b b "$id"
	rt_fails kill "$id"
	has "$err" 'annotation org.opencontainers.image.stopSignal: '
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	delete_all
}

run_tests
