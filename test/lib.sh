# lib.sh - what every test file stands on.  POSIX sh: dash and busybox ash.
#
# A test file:
#	#!/bin/sh
#	. "${0%/*}/lib.sh"
#	test_readonly_root() {
#		need root
#		bundle args='touch /x'
#		rt run -b b "$id"
#		is "$status" 1 'status of the process'
#		like "$out" 'ERRNO EROFS' 'reason'
#	}
#	run_tests
# Every function named test_* is one test (one TAP line, one in the count).  It runs in a process, a
# directory, a session and, as root, a mount namespace of its own, with stdin at /dev/null.  A failed
# assertion is reported and the test goes on; a test that asserts nothing fails; so does one that
# leaves a container, process, cgroup or mount behind (put $id in the name of every cgroup you make).
# Run one file: test/run kill.t; one test of it: ONLY=test_name test/run kill.t (a pattern).
#
# In a test
#	$RT $RT_NAME      the runtime under test, and "runtime" "runc" "crun"
#	$PROBE            the probe on the host ("$PROBE help" lists its verbs); in a container /probe,
#	                  by PATH also: probe id true false sleep env cat
#	$id $id2 $id3     container ids of this test only;  new_id: more of them, in $new_id
#	$STATE            the --root of this test;  $PWD the test's directory;  $TESTS the directory of lib.sh
#	$CGROUP           the cgroup2 mount point
# Assertions (each counts; DESC is optional)
#	is GOT WANT [DESC]          equal                    isnt GOT OTHER [DESC]
#	like GOT ERE [DESC]         some line matches        unlike GOT ERE [DESC]
#	has GOT TEXT [DESC]         contains the text        lacks GOT TEXT [DESC]
#	ok CMD...                   the command succeeds     fails CMD...    it does not
#	pass DESC, fail DESC        as they say;             note TEXT...    shown when the test fails
#	skip REASON                 ends the test as skipped
# Needs: skip with the reason when something is missing; before the first assertion
#	need root|user|userns|cgroup2|runtime|libseccomp|seccomp|bits64|vm|swap|systemd
#	need controller NAME | kernel X.Y | tool NAME | device PATH | cap NAME | file PATH | fs TYPE | ns TYPE
# Bundles
#	bundle [EDIT...]            makes b/config.json and b/rootfs (test/config.json with the edits; again: new
#	bundle -d DIR [EDIT...]     config, same rootfs).  An edit is PATH=VALUE, PATH+=VALUE (append to a list)
#	edit FILE EDIT...           or PATH- (delete).  PATH: process.user.uid, mounts.0.options,
#	                            linux.namespaces.[type=network].path, annotations.[key.with.dots].
#	                            VALUE is JSON; other text is a string; args= is process.args and is split at blanks.
#	json get PATH [FILE]        a value (also: keys, len, type, check), from stdin without FILE
# Running
#	rt ARGS...                  $RT --root $STATE ARGS...: sets $status $out $err (files: out err), 124 = time-out
#	                            stdin, other descriptors and environment (FOO=1 rt ...) are passed on
#	rt_ok ARGS...               the same, and asserts status 0
#	rt_fails ARGS...            the same, and asserts status != 0 with a message on stderr
#	rt_bg ARGS...               in the background: pid in $bg_pid, output in bg.out bg.err; then
#	rt_wait                     waits for it, sets $status $out $err
#	status_of ID, pid_of ID     from "state": prints created|running|..., the pid
#	cg PID                      prints the cgroup directory of a process;  cgread PID FILE: one of its files
#	in_ct ID CMD...             exec's CMD in ID, prints its output (status_of, pid_of, in_ct leave $out alone)
#	wait_for [-t SECS] CMD...   repeats CMD until it succeeds (10 s); its failure is an assertion that failed
#	wait_status ID STATUS, wait_gone PID
#	delete_all                  delete --force for every container of this test
#	expect_leftovers            says that containers may be left: they are deleted with --force, which then
#	                            has to leave nothing

case $0 in */*) TESTS=${0%/*} ;; *) TESTS=. ;; esac
TESTS=$(cd "$TESTS" && pwd)
FILE=${0##*/}
: "${RT:=$TESTS/../runtime}" "${PROBE:=$TESTS/../build/probe}" "${CGROUP:=/sys/fs/cgroup}"
: "${TEST_LIMIT:=60}" "${RT_LIMIT:=30}" "${TEST_SH:=sh}"
case $RT in /*) ;; */*) RT=$(cd "${RT%/*}" && pwd)/${RT##*/} ;; *) RT=$(command -v "$RT" || echo "$RT") ;; esac
case $PROBE in /*) ;; *) PROBE=$(cd "${PROBE%/*}" && pwd)/${PROBE##*/} ;; esac
case ${RT##*/} in runc*) RT_NAME=runc ;; crun*) RT_NAME=crun ;; youki*) RT_NAME=youki ;; *) RT_NAME=runtime ;; esac
LC_ALL=C
export RT PROBE CGROUP LC_ALL
unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID LISTEN_FDNAMES XDG_RUNTIME_DIR CDPATH
umask 022

# ---- assertions ---------------------------------------------------------------------------

n_pass=0 n_fail=0 leftovers_ok=
pass() { n_pass=$((n_pass + 1)); echo "  pass: $*"; }
fail() { n_fail=$((n_fail + 1)); echo "  FAIL: $*"; }
note() { echo "  note: $*"; }
skip() { echo "skip $*" >"$META"; exit 0; }

is() { if [ "x$1" = "x$2" ]; then pass "${3:-is $2}"; else fail "${3:-is}"; echo "    got:  $1"; echo "    want: $2"; fi; }
isnt() { if [ "x$1" != "x$2" ]; then pass "${3:-is not $2}"; else fail "${3:-isnt}"; echo "    got the unwanted: $1"; fi; }
matches() { printf '%s\n' "$1" | grep -Eq -e "$2"; }
like() { if matches "$1" "$2"; then pass "${3:-like $2}"; else fail "${3:-like}"; echo "    got:  $1"; echo "    want: /$2/"; fi; }
unlike() { if matches "$1" "$2"; then fail "${3:-unlike}"; echo "    got:  $1"; echo "    not:  /$2/"; else pass "${3:-unlike $2}"; fi; }
has() { case $1 in *"$2"*) pass "${3:-has $2}" ;; *) fail "${3:-has}"; echo "    got:  $1"; echo "    want: ...$2..." ;; esac; }
lacks() { case $1 in *"$2"*) fail "${3:-lacks}"; echo "    got:  $1"; echo "    not:  ...$2..." ;; *) pass "${3:-lacks $2}" ;; esac; }
ok() { if "$@"; then pass "$*"; else fail "$* (status $?)"; fi; }
fails() { if "$@"; then fail "$* succeeded"; else pass "fails: $*"; fi; }

# ---- needs ----------------------------------------------------------------------------------

# version_ge A B: is the dotted version A at least B?
version_ge() {
	local a="${1%%[!0-9.]*}" b="$2"
	while [ -n "$b" ]; do
		[ "${a%%.*}" -gt "${b%%.*}" ] 2>/dev/null && return 0
		[ "${a%%.*}" -lt "${b%%.*}" ] 2>/dev/null && return 1
		case $a in *.*) a=${a#*.} ;; *) a=0 ;; esac
		case $b in *.*) b=${b#*.} ;; *) b= ;; esac
	done
}

have() {
	case $1 in
	root) [ "$(id -u)" = 0 ] ;;
	user) [ "$(id -u)" != 0 ] ;;
	userns) "$PROBE" unshare user >/dev/null ;;
	cgroup2) "$PROBE" mount "$CGROUP" | grep -q "^$CGROUP cgroup2 " ;;
	controller) grep -qw -e "$2" "$CGROUP/cgroup.controllers" 2>/dev/null ;;
	kernel) version_ge "$(uname -r)" "$2" ;;
	runtime) [ "$RT_NAME" = runtime ] ;;
	libseccomp) "$RT" --version 2>/dev/null | grep -q '^libseccomp:' ;;
	bits64) [ "$("$PROBE" bits)" = 64 ] ;;		# of an argument of a system call
	seccomp) grep -q '^Seccomp:' /proc/self/status ;;
	tool) command -v "$2" >/dev/null ;;
	device) [ -c "$2" ] || [ -b "$2" ] ;;
	file) [ -e "$2" ] ;;
	ns) [ -e "/proc/self/ns/$2" ] ;;		# 32-bit arm has no time namespaces
	fs) grep -qw -e "$2" /proc/filesystems ;;
	cap) "$PROBE" caps | grep -qi "^effective.*CAP_${2#CAP_}\( \|$\)" ;;
	swap) [ "$(wc -l </proc/swaps)" -gt 1 ] ;;
	systemd) [ -d /run/systemd/system ] ;;
	vm) [ -n "$TEST_VM" ] ;;
	*) echo "need: unknown: $*" >&2; return 99 ;;
	esac
}

need() {
	have "$@" && return
	[ $? = 99 ] && { fail "need $*: no such need"; exit 1; }
	skip "needs $*"
}

# ---- bundles and running --------------------------------------------------------------------

json() { "$PROBE" json "$@"; }
edit() { "$PROBE" json edit "$@"; }

bundle() {
	local dir=b
	[ "$1" = -d ] && { dir=$2; shift 2; }
	"$PROBE" bundle "$dir" "$TESTS/config.json" "$@" || { fail "bundle $*"; exit 1; }
}

rt() {
	"$PROBE" deadline "$RT_LIMIT" "$RT" --root "$STATE" "$@" >out 2>err
	status=$?
	out=$(cat out) err=$(cat err)
	echo "  rt $*: $status"
}

rt_show() { [ -z "$out" ] || echo "    stdout: $out"; [ -z "$err" ] || echo "    stderr: $err"; }

rt_ok() {
	rt "$@"
	if [ "$status" = 0 ]; then pass "$1 succeeds"; else fail "rt $*: status $status, want 0"; rt_show; fi
}

rt_fails() {
	rt "$@"
	if [ "$status" = 0 ]; then fail "rt $*: succeeded"; rt_show
	elif [ "$status" = 124 ]; then fail "rt $*: timed out"; rt_show
	elif [ -z "$err" ]; then fail "rt $*: status $status without a message"; rt_show
	else pass "$1 fails"; fi
}

# Descriptor 9 carries stdin past the shell, which gives background jobs /dev/null.
rt_bg() {
	{ "$PROBE" sigdfl "$RT" --root "$STATE" "$@" <&9 9<&- >bg.out 2>bg.err & } 9<&0
	bg_pid=$!
	echo "  rt_bg $*"
}

rt_wait() {
	local n=0
	while kill -0 "$bg_pid" 2>/dev/null; do
		n=$((n + 1))
		[ $n -gt $((RT_LIMIT * 20)) ] && { fail "rt_wait: killed after $RT_LIMIT s"; kill -9 "$bg_pid"; }
		"$PROBE" sleep 0.05
	done
	wait "$bg_pid"
	status=$?
	out=$(cat bg.out) err=$(cat bg.err)
	echo "  rt_wait: $status"
}

state_field() { "$RT" --root "$STATE" state "$1" 2>/dev/null | "$PROBE" json get "$2" 2>/dev/null; }
status_of() { state_field "$1" status || echo gone; }
pid_of() { state_field "$1" pid; }
in_ct() { "$PROBE" deadline "$RT_LIMIT" "$RT" --root "$STATE" exec "$@"; }

cg() { sed -n "s|^0::|$CGROUP|p" "/proc/$1/cgroup"; }
cgread() { cat "$(cg "$1")/$2"; }

wait_for() {
	local secs=10 n=0
	[ "$1" = -t ] && { secs=$2; shift 2; }
	until "$@"; do
		n=$((n + 1))
		[ $n -gt $((secs * 20)) ] && { fail "waited $secs s for: $*"; return 1; }
		"$PROBE" sleep 0.05
	done
}

wait_status() {
	has_status() { [ "$(status_of "$1")" = "$2" ]; }
	wait_for has_status "$@"
}

wait_gone() {
	is_gone() { ! kill -0 "$1" 2>/dev/null; }
	wait_for is_gone "$1"
}

new_id() { n_id=$((n_id + 1)); new_id=$TOKEN-$n_id; }
expect_leftovers() { leftovers_ok=1; }

delete_all() {
	local c
	for c in "$STATE"/*; do
		[ -e "$c" ] || continue
		"$PROBE" deadline "$RT_LIMIT" "$RT" --root "$STATE" delete --force "${c##*/}" 2>&1
	done
}

# ---- one test: runs as  sh FILE test_name, below "probe reap" ---------------------------------

leftover_containers() {
	local c
	for c in "$STATE"/*; do
		[ -e "$c" ] || continue
		[ -n "$leftovers_ok" ] || fail "left behind: container ${c##*/} ($(status_of "${c##*/}"))"
		"$PROBE" deadline "$RT_LIMIT" "$RT" --root "$STATE" delete --force "${c##*/}" 2>&1
		[ -e "$c" ] || continue
		fail "left behind: delete --force did not remove ${c##*/}"
		rm -rf "$c"
	done
}

leftover_mounts() {
	"$PROBE" mounts | sort >mounts.after
	comm -13 mounts.before mounts.after >mounts.new 2>/dev/null || diff mounts.before mounts.after | sed -n 's/^[+>] *\(\/.*\)/\1/p' >mounts.new
	[ -s mounts.new ] && { fail "left behind: mounts"; cat mounts.new; }
}

finish_test() {
	local rc=$?
	trap - EXIT
	cd "$TESTDIR" || exit 1
	[ -f "$META" ] && [ $n_fail = 0 ] && leftovers_ok=1	# skipped half way
	leftover_containers
	leftover_mounts
	[ -f "$META" ] && [ $n_fail = 0 ] && exit 0
	[ $rc = 0 ] || fail "the test ended early with status $rc"
	if [ $n_fail -gt 0 ]; then echo "fail $n_fail of $((n_pass + n_fail)) assertions" >"$META"
	elif [ $n_pass = 0 ]; then echo "fail it asserted nothing" >"$META"
	else echo "pass $n_pass" >"$META"; fi
	exit 0
}

one_test() {
	STATE=$TESTDIR/state
	n_id=3 id=$TOKEN-1 id2=$TOKEN-2 id3=$TOKEN-3
	status= out= err= bg_pid=
	cd "$TESTDIR" || exit 1
	"$PROBE" mounts | sort >mounts.before
	trap finish_test EXIT
	trap 'exit 129' HUP
	trap 'exit 143' TERM
	"$1"
	exit 0
}

# ---- the file: runs every test and prints TAP --------------------------------------------------

# Containers' cgroups carry the test's token in their name, deepest first for rmdir.
leftover_cgroups() {
	[ -d "$CGROUP" ] || return 0
	find "$CGROUP" -depth -type d -path "*$TOKEN-*" 2>/dev/null | while read -r d; do
		echo "cgroup $d"
		[ -w "$d/cgroup.kill" ] && echo 1 >"$d/cgroup.kill"
		rmdir "$d" 2>/dev/null || { "$PROBE" sleep 0.2; rmdir "$d"; }
	done
}

report() {
	local verdict
	echo "$1 - $FILE: $2${3:+ # SKIP $3}"
	case $1$TEST_VERBOSE in "not ok"*|ok1) sed 's/^/# /' "$TESTDIR.log" ;; esac
}

run_tests() {
	[ -n "$ONE_TEST" ] && one_test "$ONE_TEST"
	local t n=0 work verdict mnt= limit
	[ -x "$PROBE" ] || { echo "Bail out! no probe at $PROBE (make build/probe)"; exit 1; }
	[ -x "$RT" ] || { echo "Bail out! no runtime at $RT (make, or set RT)"; exit 1; }
	work=$(mktemp -d "${TMPDIR:-/tmp}/test.XXXXXX") || exit 1
	chmod 755 "$work"
	[ "$(id -u)" = 0 ] && mnt=-m
	for t in $(sed -n 's/^\(test_[A-Za-z0-9_]*\)().*/\1/p' "$0"); do
		case $t in ${ONLY:-*}) ;; *) continue ;; esac
		n=$((n + 1))
		TESTDIR=$work/$t META=$work/$t.meta TOKEN=t$$x$n
		mkdir "$TESTDIR"
		eval "limit=\${limit_$t:-$TEST_LIMIT}"
		ONE_TEST=$t TESTDIR=$TESTDIR META=$META TOKEN=$TOKEN \
			"$PROBE" reap $mnt -t "$limit" -l "$TESTDIR.left" "$TEST_SH" "$0" </dev/null >"$TESTDIR.log" 2>&1
		case $? in
		0) ;;
		124) echo "fail timed out after $limit s" >"$META" ;;
		*) [ -f "$META" ] || echo "fail the test's shell died" >"$META" ;;
		esac
		leftover_cgroups >>"$TESTDIR.left" 2>&1
		verdict=$(cat "$META" 2>/dev/null || echo "fail no result")
		if [ -s "$TESTDIR.left" ]; then
			sed 's/^/  FAIL: left behind: /' "$TESTDIR.left" >>"$TESTDIR.log"
			case $verdict in fail*) ;; *) verdict="fail it left something behind" ;; esac
		fi
		case $verdict in
		pass*) report ok "$t" ;;
		skip*) report ok "$t" "${verdict#skip }" ;;
		*) echo "  ${verdict#fail }" >>"$TESTDIR.log"; report "not ok" "$t" ;;
		esac
		[ -n "$TEST_KEEP" ] || rm -rf "$TESTDIR" "$TESTDIR.log" "$TESTDIR.left" "$META"
	done
	[ $n -gt 0 ] || [ -n "$ONLY" ] || echo "not ok - $FILE: has no tests"
	if [ -n "$TEST_KEEP" ]; then echo "# kept $work"; else rm -rf "$work"; fi
	echo "# end $FILE"
	exit 0
}
