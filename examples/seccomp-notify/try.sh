#!/bin/sh
# try.sh - a container without CAP_MKNOD makes a device node, because an agent does it for it.
#
#	examples/seccomp-notify/try.sh AGENT [RUNTIME [BUSYBOX]]
#
# AGENT: agent.c, compiled.  RUNTIME: the runtime (default: runtime).  BUSYBOX: a static one for the bundle
# (see busybox/bundle.sh).  Needs root.
set -eu

[ $# -ge 1 ] || { sed -n 's/^#	/usage: /p' "$0" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)
agent=$(cd "$(dirname "$1")" && pwd)/${1##*/} runtime=${2:-runtime}
case $runtime in */*) runtime=$(cd "$(dirname "$runtime")" && pwd)/${runtime##*/} ;; esac
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT

# 1. A bundle whose program makes a null and a memory device.
"$here/../busybox/bundle.sh" "$work" ${3:+"$3"}
cd "$work"
"$runtime" spec
cat >rootfs/bin/program <<'END'
#!/bin/sh
grep -q '^CapEff:.*0000000020000420$' /proc/self/status && echo 'no CAP_MKNOD here'
mknod -m 640 /tmp/null c 1 3 && ls -l /tmp/null && echo hello >/tmp/null && echo 'made null, and wrote to it'
mknod /tmp/mem c 1 1
END
chmod 755 rootfs/bin/program

# 2. The filter: mknod(2) and mknodat(2) ask whoever listens on the socket.
seccomp='"seccomp": { "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "'$work'/agent.sock", "listenerMetadata": "try.sh",
	"syscalls": [ { "names": [ "mknod", "mknodat" ], "action": "SCMP_ACT_NOTIFY" } ] },'
awk -v seccomp="$seccomp" '
	/"terminal": true/ { sub(/true/, "false") }
	/"args": \[/ { print "\"args\": [\"program\"],"; skip = 1 }
	/"readonly": true/ { sub(/true/, "false") }
	!skip
	skip && /\]/ { skip = 0 }
	/"linux": \{/ { print seccomp }' config.json >config.new
mv config.new config.json

# 3. The agent: null, zero and urandom may be made, nothing else.
"$agent" "$work/agent.sock" 1:3 1:5 1:9 >agent.log &
pid=$!
while [ ! -S agent.sock ]; do sleep 0.1; done

# 4. The container.  Its second mknod is refused, which is its exit status.
status=0
"$runtime" --root "$work/state" run "try-$$" || status=$?
echo "the container's status: $status; the agent's log:"
cat agent.log
