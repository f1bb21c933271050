#!/bin/sh
# init.t - `init`: the containers of a directory of bundles, restarted by policy.  As PID 1 of a machine: test/vm-boot.
. "${0%/*}/lib.sh"

# unit NAME ARGS [EDIT...]: a bundle in units/
unit() {
	local name="$1" args="$2"
	shift 2
	mkdir -p units
	bundle -d "units/$name" args="$args" "$@"
}

policy() { echo "annotations={\"runtime.restart\":\"$1\"}"; }

said() { grep -q "$1" bg.err; }
count() { grep -c "$1" "${2:-bg.err}"; }

test_runs_every_bundle() {
	need root
	need runtime
	unit "$id2" '/probe say two'
	unit "$id" '/probe say one'
	mkdir units/not-a-bundle
	rt init --bundles units
	is "$status" 0
	is "$(printf '%s\n' "$out" | sort | tr '\n' ' ')" 'one two '
	like "$err" "^runtime: $id: started"
	like "$err" "^runtime: $id2: ended with status 0"
	is "$(printf '%s\n' "$err" | grep 'started' | cut -d' ' -f2 | tr -d '\n')" "$id:$id2:" 'in the order of the names'
	lacks "$err" not-a-bundle
	is "$(printf '%s\n' "$err" | tail -n 1)" 'runtime: no container left: exit'
	is "$(ls "$STATE")" ''
}

test_no_bundle() {
	need root
	need runtime
	mkdir units
	rt init --bundles units
	is "$status" 1
	is "$err" 'runtime: no bundle in units'
	rt init --bundles nowhere
	is "$status" 1
	is "$err" 'runtime: bundles in nowhere: no such file or directory'
}

test_status_of_a_failure() {
	need root
	need runtime
	unit "$id" '/probe exit 3'
	unit "$id2" /bin/true
	rt init --bundles units
	is "$status" 1
	like "$err" "$id: ended with status 3\$"
}

test_not_restarted_by_default() {
	need root
	need runtime
	unit "$id" /bin/false
	rt init --bundles units
	is "$(count started err)" 1
	unit "$id" /bin/false "$(policy no)"
	rt init --bundles units
	is "$(count started err)" 1
}

test_container_of_somebody_else_is_left_alone() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	first=$(pid_of "$id")
	unit "$id" '/probe sleep' "$(policy always)"
	rt_bg init --bundles units
	wait_for said 'again in 400 ms'
	is "$(status_of "$id") $(pid_of "$id")" "running $first"
	kill -TERM "$bg_pid"
	rt_wait
	ok kill -0 "$first"
	rt_ok delete --force "$id"
}

test_policy_that_is_taken_away() {
	need root
	need runtime
	unit "$id" /bin/false "$(policy always)"
	rt_bg init --bundles units
	wait_for said 'again in 100 ms'
	edit "units/$id/config.json" annotations-
	rt_wait
	is "$status" 1
	ok said 'ended with status 1$'
}

test_on_failure() {
	need root
	need runtime
	unit "$id" /bin/true "$(policy on-failure)"
	unit "$id2" /bin/false "$(policy on-failure)"
	rt_bg init --bundles units
	wait_for said 'again in 400 ms'
	kill -TERM "$bg_pid"
	rt_wait
	is "$(count "$id: started" bg.err)" 1 'one that succeeds is not started again'
	like "$err" "$id2: ended with status 1, again in 100 ms"
	like "$err" "$id2: ended with status 1, again in 200 ms"
	is "$(count "$id2: started" bg.err)" 3
	is "$status" 1
}

test_always() {
	need root
	need runtime
	unit "$id" /bin/true "$(policy always)"
	rt_bg init --bundles units
	wait_for said 'again in 200 ms'
	kill -TERM "$bg_pid"
	rt_wait
	ok [ "$(count "$id: started" bg.err)" -ge 2 ]
	like "$err" 'SIGTERM: ending'
}

test_signals_go_to_the_containers() {
	need root
	need runtime
	for sig in TERM INT; do
		unit "$id" '/probe trap TERM INT' "$(policy always)"
		rm -f bg.out            # the last round's is ready already
		rt_bg init --bundles units
		wait_for grep -qs ready bg.out
		kill -$sig "$bg_pid"
		[ $sig = TERM ] || { wait_for grep -q INT bg.out; "$RT" --root "$STATE" kill "$id" TERM; }
		rt_wait
		has "$out" "$sig"
		like "$err" "$id: ended with status 7\$" 'not started again'
	done
}

test_one_that_does_not_hear_is_killed() {
	need root
	need runtime
	unit "$id" '/probe sleep'		# as PID 1 it has no handler: TERM is lost
	rt_bg init --bundles units
	wait_status "$id" running
	kill -TERM "$bg_pid"
	rt_wait
	like "$err" "$id: killed after 10 s"
	like "$err" "$id: ended with status 137"
	is "$(ls "$STATE")" ''
}

test_unknown_policy() {
	need root
	need runtime
	unit "$id" /bin/true "$(policy sometimes)"
	unit "$id2" '/probe say two'
	rt init --bundles units
	is "$status" 1
	is "$out" two 'the other one runs'
	has "$err" "runtime: $id: config.json: annotations.runtime.restart: unknown value \"sometimes\""
}

test_broken_configuration() {
	need root
	need runtime
	unit "$id" /bin/true hostname=5
	unit "$id2" '/probe say two'
	rt init --bundles units
	is "$status" 1
	is "$out" two
	has "$err" "runtime: $id: config.json: hostname: expected a string, found a number"
}

test_name_that_is_no_id() {
	need root
	need runtime
	unit 'a b' /bin/true
	rt init --bundles units
	is "$status" 1
	has "$err" 'invalid container ID format: "a b"'
}

test_input_is_empty() {
	need root
	need runtime
	unit "$id" '/probe cat'
	echo input | "$PROBE" deadline 20 "$RT" --root "$STATE" init --bundles units >out 2>err
	is $? 0
	is "$(cat out)" ''
}

test_terminal() {
	need root
	need runtime
	unit "$id" '/probe tty' process.terminal=true
	out=$("$PROBE" pty -t 20 "$RT" --root "$STATE" init --bundles units 2>&1 | tr -d '\r')
	like "$out" '^0 tty'
}

test_orphans_are_reaped() {
	need root
	need runtime
	unit "$id" '/probe sleep'
	# a hook leaves a process behind that ends soon
	printf '#!/bin/sh\nsleep 0.3 >/dev/null 2>&1 &\necho $! >%s/orphan\n' "$PWD" >hook
	chmod 755 hook
	edit "units/$id/config.json" "hooks={\"poststart\":[{\"path\":\"$PWD/hook\"}]}"
	rt_bg init --bundles units
	wait_status "$id" running
	wait_for test -s orphan
	"$PROBE" sleep 0.6
	fails test -e "/proc/$(cat orphan)"
	"$RT" --root "$STATE" kill "$id" KILL
	rt_wait
	like "$err" 'ended with status 137'
}

test_a_killed_run_is_cleared_and_started_again() {
	need root
	need runtime
	unit "$id" '/probe sleep' "$(policy always)"
	rt_bg init --bundles units
	wait_status "$id" running
	first=$(pid_of "$id")
	run=$(awk '/^PPid:/ { print $2 }' "/proc/$first/status")
	kill -KILL "$run"
	again() {			# the pid first: what is read after that is of the new one
		case $(pid_of "$id") in "$first" | 0 | '') return 1 ;; esac
		[ "$(status_of "$id")" = running ]
	}
	wait_for again
	wait_gone "$first"
	"$RT" --root "$STATE" kill "$id" KILL
	wait_for said 'ended with status 137, again in 200 ms'
	kill -TERM "$bg_pid"
	rt_wait
	is "$(ls "$STATE")" ''
}

test_then_another_program() {
	need root
	need runtime
	unit "$id" /bin/true
	printf '#!/bin/sh\necho handed over\nexit 9\n' >next
	chmod 755 next
	rt init --bundles units --then "$PWD/next"
	is "$status" 9
	is "$out" 'handed over'
	rt init --bundles units --then "$PWD/gone"
	is "$status" 1
	has "$err" "runtime: $PWD/gone: no such file or directory"
}

test_then_unknown() {
	need root
	need runtime
	unit "$id" /bin/true
	rt init --bundles units --then dance
	is "$status" 1
	is "$err" 'runtime: --then: "dance" is not poweroff, reboot, halt, exit or a path'
}

# as_pid1 ARGS...: the runtime as PID 1 of a pid namespace, in a mount namespace of its own
as_pid1() {
	"$PROBE" deadline 40 unshare -m -p -f "$@" >out 2>err
	status=$?
	out=$(cat out) err=$(cat err)
}

test_as_pid_1() {
	need root
	need runtime
	need tool unshare
	unit "$id" '/probe say hello'
	as_pid1 "$RT" --root "$STATE" init --bundles units
	is "$status" 0
	is "$out" hello
	has "$err" 'no container left: exit' 'not the PID 1 of the machine: its power stays on'
}

test_called_init_as_pid_1() {
	need root
	need runtime
	need tool unshare
	ln -s "$RT" init
	as_pid1 ./init some words of the kernel
	is "$status" 1
	is "$err" 'init: bundles in /containers: no such file or directory'
	./init state "$id" >out 2>err
	is $? 1 'called init, but not PID 1: a command like any other'
	has "$(cat err)" 'does not exist'
}

run_tests
