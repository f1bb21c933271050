#!/bin/sh
# demo.sh - a container's life, step by step: demo.sh [RUNTIME]     (default: ../runtime beside this file)
#
# Makes a bundle from a static busybox (BUSYBOX, default ../build/busybox) in a temporary directory, runs
# commands in it, then goes through create, start, exec, pause, resume, kill and delete.  Each command is shown
# as a user would type it.  As root, or as an ordinary user where the kernel lets users make user namespaces.
# Nothing is left behind, not even after Ctrl-C; the status is 0 only if every step did what it says.
set -u

case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
here=$(cd "$here" && pwd) || exit 1
rt=${1:-$here/../runtime}
busybox=${BUSYBOX:-$here/../build/busybox}
id=demo$$ work='' hint=''

fail()
{
	printf '\ndemo: %s\n' "$*" >&2
	exit 1
}

clean()
{
	trap '' INT TERM HUP
	[ "$work" ] || return 0
	[ ! -d "$work/state" ] || "$rt" --root "$work/state" delete --force $id
	cd / && rm -rf "$work"
}

case $rt in */*) rt=$(cd "${rt%/*}" 2>/dev/null && pwd)/${rt##*/} ;; *) rt=$(command -v "$rt") ;; esac
[ -x "$rt" ] || fail "no runtime at ${1:-$rt}: make"
[ -x "$busybox" ] || fail "no static busybox at $busybox: make deps (or BUSYBOX=file)"

trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
work=$(mktemp -d "${TMPDIR:-/tmp}/demo.XXXXXX") || exit 1

# What is typed below as `runtime`.
runtime() { "$rt" --root "$work/state" "$@"; }

# step 'WHAT HAPPENS' 'COMMAND LINE': shows the line, runs it, says what happened.  In the bundle's directory.
step()
{
	printf '\n$ %s\n' "$2"
	eval "$2" </dev/null || fail "status $? from: $2$hint"
	printf '# %s\n' "$1"
}

# refused 'WHY' 'COMMAND LINE': the same for a command that must fail.
refused()
{
	printf '\n$ %s\n' "$2"
	eval "$2" </dev/null 2>&1 && fail "should have been refused: $2"
	printf '# %s\n' "$1"
}

# The status has to become $1 within five seconds.
await()
{
	tries=0
	until runtime state $id | grep -q "\"status\": \"$1\""; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || fail "container $id is not $1 after 5 seconds"
		"$busybox" sleep 0.05
	done
}

spec='runtime spec' kind='the default'
if [ "$(id -u)" != 0 ] || ! grep -q 4294967295 /proc/self/uid_map; then      # not root of the machine
	spec='runtime spec --rootless' kind='the one for an ordinary user' hint='
demo: an ordinary user needs user namespaces: see the sysctls user.max_user_namespaces,
demo: kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns.  Or: sudo make demo'
fi

echo "\`runtime' is $rt --root $work/state"
runtime --version || fail "$rt does not run here"

echo
echo '==== a bundle: a directory with a root file system and a config.json ===='
sh "$here/busybox/bundle.sh" "$work/bundle" "$busybox" || fail 'no bundle'
cd "$work/bundle" || exit 1
step 'the root file system: one static busybox and links to it' 'ls . rootfs'
step "config.json says all about the container; this one is $kind" "$spec"
step 'no terminal: input and output are what the caller has' \
	"sed -i 's/\"terminal\": true/\"terminal\": false/' config.json"

echo
echo '==== run: create, start, wait, delete in one command ===='
step 'sh, the command in config.json, has read that from its stdin: root, but with few capabilities' \
	"echo 'id; grep CapEff /proc/self/status' | runtime run $id"
hint=
step 'its own host name, and its own process ids: the shell is number 1' \
	"echo 'hostname; ps' | runtime run $id"
step 'its own mounts (5 of them shown)' \
	"echo 'cut -d\" \" -f2-4 /proc/mounts | cut -c1-70 | head -n 5' | runtime run $id"
step 'the exit status is that of the command' \
	"echo 'exit 7' | runtime run $id || [ \$? = 7 ] && echo status 7"

echo
echo '==== the same, one step at a time, as an engine does it ===='
step 'another command for the container' "sed -i 's/\"sh\"/\"sleep\", \"600\"/' config.json"
step 'everything is made, and a process waits inside' "runtime create $id"
step 'what engines read' "runtime state $id"
step 'that process has become the command of config.json' "runtime start $id"
step 'a further process in the same container sees the first' "runtime exec $id ps"

# Without a cgroup of the container's own (an ordinary user seldom may make one) nothing can be frozen.
pid=$(runtime state $id | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
if grep -q "^0::.*/$id\$" "/proc/$pid/cgroup"; then
	step 'its processes, as the host numbers them' "runtime ps $id"
	step 'the kernel has frozen all processes of its cgroup' "runtime pause $id"
	step 'and says so' "runtime state $id | grep status"
	refused 'nothing can be run in it meanwhile, and an error is one sentence' "runtime exec $id ps"
	step 'they go on where they were' "runtime resume $id"
else
	echo
	echo '# ps, pause and resume are left out: this user may not make a cgroup for the container'
fi
step 'number 1 of a container ignores signals that it has no handler for, so TERM would do nothing' \
	"runtime kill $id KILL"
await stopped
step 'its state stays until somebody deletes it' "runtime list"
step 'cgroup and state are gone' "runtime delete $id"
refused 'as this says' "runtime state $id"

[ -z "$(ls -A "$work/state")" ] || fail "something is left in $work/state"
clean || fail 'cannot clean up'
work=
echo
echo 'demo: done, nothing left behind'
