#!/bin/sh
# faults-kill - the runtime is killed with SIGKILL at its every system call, or one of its system calls fails: what is left
# can be deleted, nothing is left after that, and the id is free again.
#
# Without FULL=1 only some of the calls are tried, evenly spread (POINTS, default 50, of each command; 4 in the virtual
# machine, which is slow); FULL=1 tries all.
. "${0%/*}/lib.sh"
[ -n "$TEST_VM" ] && : "${POINTS:=4}"
: "${POINTS:=50}"
[ -n "$FULL" ] && POINTS=1000000 TEST_LIMIT=$((TEST_LIMIT * 20))
DEBUG=$TESTS/../build/runtime-debug

traces() {
	local first="${1%"${1#?}"}"
	if [ -e "$STATE/$1" ]; then echo "state: $(ls -A "$STATE/$1" | tr '\n' ' ')"; fi
	ls "$STATE" 2>/dev/null | grep -F -e "$1"
	find "$CGROUP" -type d -name "*$1*" 2>/dev/null
	grep -la -e "[$first]${1#?}" /proc/[0-9]*/cmdline 2>/dev/null
	"$PROBE" mounts | grep -F -e "$STATE/$1" -e "$TESTDIR/b/rootfs"
}

# try VERB N ARGS...: the runtime below the tracer; sets status, out and err are files
try() {
	local verb="$1"
	shift
	"$PROBE" deadline "$RT_LIMIT" "$PROBE" $verb "$@" >out 2>err </dev/null
	status=$?
}

# calls TREE ARGS...: the number of system calls of the runtime in $calls, and the distance of the points in $step
calls() {
	local tree="$1"
	shift
	try "syscalls $tree" "$RT" --root "$STATE" "$@"
	calls=$(tail -n 1 out)
	[ "$status" = 0 ] && [ "$calls" -gt 10 ] || { fail "counting the calls: $(cat out err)"; exit 1; }
	step=$((calls / POINTS + 1))
}

bad() { fail "$@"; cat out err | sed 's/^/    /'; oops=$((oops + 1)); [ $oops -lt 10 ] || exit 1; }

# clean: delete --force works and leaves nothing; says no more than needed, since this runs hundreds of times
clean() {
	local left
	rt delete --force "$id" >/dev/null
	[ "$status" = 0 ] || bad "$1: delete --force: status $status: $err"
	left=$(traces "$id")
	[ -z "$left" ] || bad "$1: left after delete --force: $left"
}

# sweep TREE: for each point N runs "before", the killed command of "command", "after N"; the id is used again and again
sweep() {
	local n=1 killed=0 tried=0 tree="$1"
	shift
	oops=0
	# a last look at the end, where the command is done before it is killed
	while [ $n -le $((calls + 20)) ]; do
		before
		try "killat $tree" $n "$RT" --root "$STATE" "$@"
		case $status in
		99) killed=$((killed + 1)) ;;
		124) bad "call $n: hangs" ;;
		0) ;;
		*) [ -n "$tree" ] || bad "call $n: status $status" ;;
		esac
		case $RT_NAME$status in
		runtime0 | runtime99) ;;
		runtime137) [ -n "$tree" ] || bad "call $n: status 137" ;;	# the container's own process, killed
		runtime*) [ "$(wc -l <err)" = 1 ] || bad "call $n: not one line" ;;
		esac
		after $n
		tried=$((tried + 1))
		n=$((n + step))
	done
	is "$oops" 0 "$tried of $calls system calls, killed at $killed"
	isnt $killed 0 'killed at some'
}

# ---- the command is killed ------------------------------------------------------------------------------

nothing() { :; }
made() { rt create -b b "$id" >/dev/null; [ "$status" = 0 ] || bad "create: $err"; }
running() { made; rt start "$id" >/dev/null; [ "$status" = 0 ] || bad "start: $err"; }

# state answers, and with a status that can be
known() {
	rt state "$id" >/dev/null
	case $status$out in
	0*'"status": "creating"'* | 0*'"status": "created"'* | 0*'"status": "running"'* | 0*'"status": "stopped"'* | 0*'"status": "paused"'*) ;;
	1) case $err in *'does not exist'*) ;; *) [ "$RT_NAME" = runtime ] && bad "call $1: state: $err" ;; esac ;;
	*) bad "call $1: state: status $status $out" ;;
	esac
	rt list -q >/dev/null
	[ "$status" = 0 ] || bad "call $1: list: $err"
	clean "call $1"
}

test_create_killed() {
	need root
	bundle args='/probe sleep'
	calls '' create -b b "$id"
	clean count
	before() { nothing; }
	after() { known "$1"; }
	sweep '' create -b b "$id"
}

# Hooks, a user namespace, and namespaces to join make other processes and other steps.
test_create_with_all_killed() {
	local other
	need root
	need userns
	bundle args='/probe sleep' 'linux.namespaces+={"type":"user"}' 'linux.uidMappings=[{"containerID":0,"hostID":100000,"size":1000}]' \
		'linux.gidMappings=[{"containerID":0,"hostID":100000,"size":1000}]' linux.cgroupsPath="/$id3/$id" \
		'hooks={"createRuntime":[{"path":"'"$PROBE"'","args":["probe","true"]}]}'
	chmod 755 . b ..
	chown -R 100000:100000 b/rootfs
	calls '' create -b b "$id"
	clean count
	before() { nothing; }
	after() { known "$1"; rmdir "$CGROUP/$id3" 2>/dev/null; }
	sweep '' create -b b "$id"
	rmdir "$CGROUP/$id3" 2>/dev/null
	# joined: another container's namespaces
	bundle -d o args='/probe sleep'
	rt_ok create -b o "$id2"
	other=$(pid_of "$id2")
	bundle args='/probe sleep' linux.namespaces.[type=network].path="/proc/$other/ns/net" linux.namespaces.[type=ipc].path="/proc/$other/ns/ipc" \
		linux.namespaces.[type=pid].path="/proc/$other/ns/pid"
	chown -R 0:0 b/rootfs
	calls '' create -b b "$id"
	clean count
	sweep '' create -b b "$id"
	is "$(status_of "$id2")" created 'the other container'
	rt_ok delete --force "$id2"
}

test_run_killed() {
	need root
	bundle args="/probe sleep 1000 $id"
	calls '' run -d -b b "$id"
	clean count
	before() { nothing; }
	after() { known "$1"; }
	sweep '' run -d -b b "$id"
	bundle args="/probe true 1000 $id"
	calls '' run -b b "$id"
	clean count
	sweep '' run -b b "$id"
}

test_start_killed() {
	need root
	bundle args="/probe sleep 1000 $id"
	made
	calls '' start "$id"
	clean count
	before() { made; }
	after() { known "$1"; }
	sweep '' start "$id"
}

test_delete_killed() {
	need root
	bundle args="/probe sleep 1000 $id"
	made
	calls '' delete --force "$id"
	clean count
	before() { made; }
	after() { known "$1"; }
	sweep '' delete --force "$id"
	before() { running; kill -9 "$(pid_of "$id")"; wait_status "$id" stopped; }
	sweep '' delete "$id"
}

test_kill_killed() {
	need root
	bundle args="/probe sleep 1000 $id"
	running
	calls '' kill "$id" KILL
	clean count
	before() { running; }
	after() { known "$1"; }
	sweep '' kill "$id" KILL
}

# Whoever freezes and dies leaves a frozen container: resume thaws it, and delete needs no resume.
test_pause_killed() {
	need root
	need cgroup2
	bundle args="/probe sleep 1000 $id"
	running
	calls '' pause "$id"
	clean count
	before() { running; }
	after() {
		rt resume "$id" >/dev/null
		case $status$err in 0 | *'not paused'*) ;; *) bad "call $1: resume: $err" ;; esac
		is_running() { [ "$(status_of "$id")" = running ]; }
		wait_for -t 2 is_running || oops=$((oops + 1))
		[ $(($1 % 2)) = 1 ] || { rt pause "$id" >/dev/null; [ "$status" = 0 ] || bad "pause: $err"; }
		clean "call $1"
	}
	sweep '' pause "$id"
	before() { running; rt pause "$id" >/dev/null; }
	after() { known "$1"; }
	sweep '' resume "$id"
}

# An exec that dies leaves the container as it was, and none of its processes half way inside.
test_exec_killed() {
	need root
	need cgroup2
	bundle args="/probe sleep 1000 $id"
	expect_leftovers
	running
	calls '' exec "$id" /probe true
	before() { nothing; }
	after() {
		alone() { [ "$(cgread "$pid" cgroup.procs | wc -l)" = 1 ]; }
		wait_for -t 5 alone || oops=$((oops + 1))
		[ "$(status_of "$id")" = running ] || bad "call $1: the container is $(status_of "$id")"
	}
	pid=$(pid_of "$id")
	sweep '' exec "$id" /probe true
	is "$(in_ct "$id" /probe hostname)" box 'exec still works'
	sweep -t exec "$id" /probe true
	is "$(in_ct "$id" /probe hostname)" box 'exec still works'
	before() { nothing; }
	sweep '' exec -d "$id" /probe true
	clean end
}

# ---- any process of the command is killed: init, helpers ----------------------------------------------------

# What failed has left nothing, even without delete; what succeeded is a container.
test_init_killed() {
	need root
	bundle args="/probe sleep 1000 $id"
	calls -t create -b b "$id"
	clean count
	before() { nothing; }
	after() {
		local left
		case $status in
		0 | 99) known "$1" ;;
		*)
			left=$(traces "$id")
			[ -z "$left" ] || bad "call $1: create said that it failed and left: $left"
			clean "call $1"
			;;
		esac
	}
	sweep -t create -b b "$id"
}

test_init_killed_run() {
	need root
	bundle args="/probe true 1000 $id"
	calls -t run -b b "$id"
	clean count
	before() { nothing; }
	after() { known "$1"; }
	sweep -t run -b b "$id"
}

test_init_killed_start() {
	need root
	bundle args="/probe sleep 1000 $id"
	made
	calls '' start "$id"
	clean count
	before() { made; }
	after() { known "$1"; }
	sweep -t start "$id"
}

# ---- one system call fails -----------------------------------------------------------------------------------

# failing TREE ERRNO ARGS...: every call of the command's tree fails once; the command works, or says one sentence
failing() {
	local n=1 failed=0 tried=0 errno="$1"
	shift
	oops=0
	while [ $n -le "$calls" ]; do
		before
		rm -f log
		try failat $n "$errno" log "$RT" --root "$STATE" "$@"
		[ "$status" = 125 ] && skip "$(cat out)"
		at="$errno at $(cat log 2>/dev/null)"
		case $status in
		0) ;;
		1 | 255)
			failed=$((failed + 1))
			[ "$RT_NAME" = runtime ] && { [ "$(wc -l <err)" = 1 ] || bad "$at: not one line"; }
			[ -s err ] || bad "$at: no word"
			;;
		124) bad "$at: hangs" ;;
		*) bad "$at: status $status" ;;
		esac
		after $n
		tried=$((tried + 1))
		n=$((n + step))
	done
	is "$oops" 0 "$tried of $calls system calls, $failed failures"
	# of a handful, where most are passed over to save time, all may be harmless
	[ "$tried" -lt 10 ] || isnt $failed 0 'some fail'
}

# after_failure: a failed create leaves nothing
after_failure() {
	local left
	# but for what could not be removed
	if [ "$status" != 0 ] && ! grep -q ': remove ' err; then
		left=$(traces "$id")
		[ -z "$left" ] || bad "$at: left: $left"
	fi
	clean "$at"
}

test_create_call_fails() {
	local e
	need root
	bundle args="/probe sleep 1000 $id"
	calls -t create -b b "$id"
	clean count
	before() { nothing; }
	after() { after_failure; }
	for e in EPERM ENOMEM ENOSYS; do failing $e create -b b "$id"; done
}

test_run_call_fails() {
	local e
	need root
	bundle args="/probe true 1000 $id"
	calls -t run -b b "$id"
	clean count
	before() { nothing; }
	after() { after_failure; }
	# "probe true" itself does not fail with these
	for e in EIO EINVAL; do failing $e run -b b "$id"; done
}

test_start_call_fails() {
	need root
	bundle args="/probe sleep 1000 $id"
	made
	calls -t start "$id"
	clean count
	before() { made; }
	after() { known "$1"; }
	failing EPERM start "$id"
}

test_exec_call_fails() {
	need root
	need cgroup2
	bundle args="/probe sleep 1000 $id"
	expect_leftovers
	running
	pid=$(pid_of "$id")
	calls -t exec "$id" /probe true
	before() { nothing; }
	after() {
		alone() { [ "$(cgread "$pid" cgroup.procs | wc -l)" = 1 ]; }
		wait_for -t 5 alone || bad "$at: left inside"
		[ "$(status_of "$id")" = running ] || bad "$at: the container is $(status_of "$id")"
	}
	failing EPERM exec "$id" /probe true
	failing ENOSYS exec "$id" /probe true
	clean end
}

test_delete_call_fails() {
	need root
	bundle args="/probe sleep 1000 $id"
	made
	calls -t delete --force "$id"
	clean count
	before() { made; }
	after() { clean "$at"; }
	failing EPERM delete --force "$id"
}

# ---- an old kernel: system calls that it lacks --------------------------------------------------------------

# without HOW CALLS COMMAND...: the runtime where CALLS get ENOSYS (HOW nosys) or EPERM (noperm)
without() {
	"$PROBE" deadline "$RT_LIMIT" "$PROBE" "$1" "$2" "$RT" --root "$STATE" run -b b "$id" >out 2>err
	status=$?
	out=$(cat out) err=$(cat err)
}

test_old_kernel_calls_that_have_a_substitute() {
	local how calls
	need root
	need seccomp
	bundle args='/probe hostname'
	for how in nosys noperm; do
		for calls in close_range clone3 mount_setattr openat2 close_range,clone3,mount_setattr,openat2; do
			without $how $calls
			if [ "$RT_NAME" = runtime ]; then is "$status $out $err" "0 box " "$how $calls"
			else isnt "$out$err" '' "$how $calls"; fi
			is "$(traces "$id")" '' "$how $calls: no trace"
		done
	done
}

# The mounts of a default container are what they are on a new kernel.
test_old_kernel_mounts_are_the_same() {
	need root
	need seccomp
	need runtime
	mkdir -p src/sub
	bundle args='/probe mounts' 'linux.maskedPaths=["/proc/version","/proc/tty","/proc/sys/kernel/ns_last_pid"]' 'linux.readonlyPaths=["/proc/sys"]' \
		"mounts+={\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"rbind\",\"rro\",\"nosuid\",\"noatime\"]}" \
		"mounts+={\"destination\":\"/b\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\",\"ro\",\"nodev\",\"nosymfollow\",\"strictatime\"]}" \
		'mounts+={"destination":"/c","type":"tmpfs","source":"tmpfs","options":["ro","nodiratime","shared"]}' root.readonly=true
	mount -t tmpfs tmpfs src/sub
	rt_ok run -b b "$id"                    # makes the mount points, whose mode a tmpfs takes
	rt_ok run -b b "$id"
	want=$out
	like "$want" '^/a/sub tmpfs .*ro,'
	for how in nosys noperm; do
		without $how close_range,clone3,mount_setattr,openat2
		is "$status $err" '0 '
		is "$out" "$want" "$how: the mounts"
	done
	umount src/sub
}

test_old_kernel_calls_that_have_none() {
	local how text
	need root
	need seccomp
	need runtime
	bundle args='/probe sleep'
	for how in 'nosys function not implemented' 'noperm operation not permitted'; do
		text=${how#* } how=${how%% *}
		without $how open_tree,move_mount,fsopen,fsmount,fsconfig
		# on an initramfs it is missed even earlier
		is "$status $(echo "$err" | sed 's/cover the initramfs: //')" "1 runtime: open_tree, which Linux has since 5.2: $text"
		is "$(traces "$id")" '' "$how: no trace"
	done
	rt_ok run -d -b b "$id"
	# without a way to a process it counts as one that runs, and is neither forgotten nor killed by its number
	for cmd in "kill $id KILL" "delete --force $id"; do
		"$PROBE" nosys pidfd_open "$RT" --root "$STATE" $cmd >out 2>err
		is "$? $(cat out err)" '1 runtime: pidfd_open, which Linux has since 5.3: function not implemented' "$cmd"
	done
	"$PROBE" nosys pidfd_open "$RT" --root "$STATE" delete "$id" >out 2>err
	is "$? $(cat out err)" "1 runtime: cannot delete container $id that is not stopped: running"
	"$PROBE" nosys pidfd_send_signal "$RT" --root "$STATE" kill "$id" KILL >out 2>err
	is "$? $(cat out err)" "1 runtime: signal 9 to container $id: function not implemented"
	is "$("$PROBE" nosys pidfd_open "$RT" --root "$STATE" state "$id" | json get status)" running
	rt_ok delete --force "$id"
}

# ---- fault points of the debug build -------------------------------------------------------------------------

# The names of all fault points, from the source: RUNTIME_FAIL_AT=NAME makes that step fail.  Those that only lead
# to the way of older kernels, or need systemd, are tried in cgroup.t and systemd.t.
points() {
	sed -n 's/.*fault("\([^"]*\)").*/\1/p' "$TESTS/../runtime.c"
	sed -n '/^static const struct step [a-z_]*_steps\[\] = {/,/^};/p' "$TESTS/../runtime.c" | grep -o '{ "[^"]*", *init_' | sed 's/{ "\(.*\)".*/\1/'
}

test_fault_points() {
	local p cmd n=0 all hits=
	need root
	need runtime
	need file "$DEBUG"
	need file "$TESTS/../runtime.c"
	all=$(points | grep -vx -e cgroup.kill -e into-cgroup -e scope | sort -u)
	bundle args="/probe true 1000 $id"
	bundle -d s args="/probe sleep"
	RT=$DEBUG
	rt_ok create -b s "$id2"
	rt_ok start "$id2"
	for p in $all; do
		for cmd in 'create -b b' 'run -b b' "exec $id2"; do
			case $cmd in
			exec*) RUNTIME_FAIL_AT=$p rt $cmd /probe true ;;
			*) RUNTIME_FAIL_AT=$p rt $cmd "$id" ;;
			esac
			[ "$status" = 124 ] && fail "$p: $cmd hangs"
			[ "$status" != 0 ] && case $err in
			*"$p: injected fault"*) hits="$hits $p" ;;
			*) fail "$p: $cmd: the message does not name it: $err" ;;
			esac
			[ "$status" = 0 ] || is "$(wc -l <err)" 1 "$p: $cmd: one line"
			case $cmd$status in
			create*0)
				# a point after "created": start meets it
				RUNTIME_FAIL_AT=$p rt start "$id"
				rt_ok delete --force "$id"
				;;
			create* | run*) is "$(traces "$id")" '' "$p: $cmd leaves nothing" ;;
			esac
			is "$(status_of "$id2")" running "$p: $cmd: the other container"
		done
		n=$((n + 1))
	done
	for p in $all; do
		case " $hits " in *" $p "*) ;; *) fail "$p is never reached" ;; esac
	done
	isnt $n 0 "$n points"
	rt_ok delete --force "$id2"
}

# The same, killed there: what is left can be deleted.
test_fault_points_killed() {
	local p n=0
	need root
	need runtime
	need file "$DEBUG"
	need file "$TESTS/../runtime.c"
	bundle args="/probe sleep 1000 $id"
	RT=$DEBUG
	oops=0
	for p in $(points | sort -u); do
		RUNTIME_KILL_AT=$p rt create -b b "$id"
		[ "$status" = 124 ] && fail "$p: create hangs"
		known "$p"
		RUNTIME_KILL_AT=$p rt run -d -b b "$id"
		[ "$status" = 124 ] && fail "$p: run hangs"
		known "$p"
		n=$((n + 1))
	done
	is $oops 0 "$n points"
}

run_tests
