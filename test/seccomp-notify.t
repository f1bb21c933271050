#!/bin/sh
# seccomp-notify.t - SCMP_ACT_NOTIFY: the agent at linux.seccomp.listenerPath and what it is sent.
. "${0%/*}/lib.sh"

AGENT=$TESTS/../build/notify-agent
limit_test_notify_example=60

# asks NAMES-JSON EDIT...: a bundle with a filter that asks the agent at ./sock about these calls
asks() {
	need root
	need seccomp
	names=$1
	shift
	bundle args='/probe syscall getpriority 0 0' \
		"linux.seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$PWD/sock\",\"listenerMetadata\":\"some \\\"data\\\"\",
		\"syscalls\":[{\"names\":[$names],\"action\":\"SCMP_ACT_NOTIFY\"}]}" "$@"
}

# agent ANSWER: takes one listener and answers its calls with an errno, or "continue"; output in agent.out
agent() {
	rm -f sock
	"$PROBE" recvfd -t 20 -n "$1" sock >agent.out 2>&1 &
	agent_pid=$!
	wait_for [ -S sock ]
}
agent_end() { kill "$agent_pid" 2>/dev/null; wait "$agent_pid" 2>/dev/null; }
state_sent() {		# the agent may still be writing: it says "closed" last
	wait_for grep -q '^closed:' agent.out >&2
	sed -n '/^data: /,/^fd: /p' agent.out | sed '$d; s/^data: //' | json get "$1"
}

for_both_privileges() {
	for nnp in true false; do
		note "noNewPrivileges $nnp"
		"$@" $nnp
		delete_all
	done
}

# ---- the answers ---------------------------------------------------------------------------------

errno_by_agent() {
	asks '"getpriority"' process.noNewPrivileges="$1"
	agent ENOSPC
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSPC syscall getpriority'
	agent_end
}
test_notify_agent_answers_with_an_errno() { for_both_privileges errno_by_agent; }

continue_by_agent() {
	asks '"getpriority"' process.noNewPrivileges="$1"
	agent continue
	rt_ok run -b b "$id"
	is "$out" 20 'the call is made'
	like "$(cat agent.out)" '^notify nr='
	agent_end
}
test_notify_agent_lets_a_call_continue() { for_both_privileges continue_by_agent; }

test_notify_as_a_user() {
	asks '"getpriority"' process.noNewPrivileges=true 'process.user={"uid":1000,"gid":1000}' process.capabilities-
	agent ENOSPC
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSPC syscall getpriority'
	agent_end
}

in_user_namespace() {
	asks '"getpriority"' process.noNewPrivileges="$1" linux.namespaces+='{"type":"user"}' \
		'linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' 'linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
	agent ENOSPC
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSPC syscall getpriority'
	agent_end
}
test_notify_in_a_user_namespace() { need userns; for_both_privileges in_user_namespace; }

test_notify_for_an_ordinary_user() {
	need root
	need userns
	need seccomp
	mkdir u
	chmod 755 .
	bundle -d u/b args='/probe syscall getpriority 0 0' linux.namespaces+='{"type":"user"}' 'linux.namespaces.[type=network]-' \
		'linux.uidMappings=[{"containerID":0,"hostID":1000,"size":1}]' 'linux.gidMappings=[{"containerID":0,"hostID":1000,"size":1}]' mounts=[] linux.resources- \
		"linux.seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$PWD/sock\",\"syscalls\":[{\"names\":[\"getpriority\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"
	"$PROBE" asuser 1000 1000 test -x "$RT" && "$PROBE" asuser 1000 1000 test -x "$PWD" || skip 'needs a runtime and a directory that a user can reach'
	chown -R 1000:1000 u
	agent ENOSPC
	chmod 777 sock
	out=$("$PROBE" asuser 1000 1000 "$RT" --root "$PWD/u/state" run -b u/b "$id" 2>err)
	is "$out" 'ERRNO ENOSPC syscall getpriority'
	is "$(cat err)" ''
	agent_end
}

# Where the agent is gone, the kernel says ENOSYS.
test_notify_agent_gone() {
	asks '"getpriority"' args='/probe sleep'
	rm -f sock
	"$PROBE" recvfd -t 20 sock >agent.out 2>&1 &		# takes the listener, and ends
	wait_for [ -S sock ]
	rt_ok create -b b "$id"
	rt_ok start "$id"
	wait
	rm -f sock
	"$PROBE" recvfd -t 20 sock >agent.out 2>&1 &
	wait_for [ -S sock ]
	is "$(in_ct "$id" /probe syscall getpriority 0 0)" 'ERRNO ENOSYS syscall getpriority'
	delete_all
}

# What the runtime itself calls after that may be asked about, too: all but write(2).
important() {
	asks '"execve","openat","open","read","close","sendmsg","recvmsg","accept4","setresuid","setuid","capset","prctl","chdir","getcwd","fcntl","futex"' \
		process.noNewPrivileges="$1" args='/probe say hello'
	agent continue
	rt_ok run -b b "$id"
	is "$out" hello
	agent_end
	agent continue
	rt_ok create -b b "$id"
	rt run -b b "$id"
	is "$status" 1 'in use'
	rt_ok start "$id"
	wait_status "$id" stopped
	agent_end
}
test_notify_calls_that_the_runtime_makes() { for_both_privileges important; }

# Only the questions are loaded at create: what the rest refuses is still allowed until execve.
test_notify_beside_refusals() {
	asks '"getpriority"' linux.seccomp.syscalls+='{"names":["accept4","recvmsg","sendmsg","chdir","fcntl","setresuid","capset"],"action":"SCMP_ACT_KILL_PROCESS"}' \
		linux.seccomp.syscalls+='{"names":["getsid"],"action":"SCMP_ACT_ERRNO","errnoRet":18}' process.noNewPrivileges=true args='/probe sleep'
	agent ENOSPC
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(status_of "$id")" running
	agent_end
	agent ENOSPC
	is "$(in_ct "$id" /probe syscall getpriority 0 0)" 'ERRNO ENOSPC syscall getpriority'
	agent_end
	agent ENOSPC
	is "$(in_ct "$id" /probe syscall getsid 0)" 'ERRNO EXDEV syscall getsid'
	agent_end
	delete_all
}

test_notify_with_arguments() {
	asks '"getsid"' args='/probe sleep'
	edit b/config.json 'linux.seccomp.syscalls=[{"names":["dup3"],"action":"SCMP_ACT_NOTIFY","args":[{"index":1,"op":"SCMP_CMP_EQ","value":5}]}]'
	agent ENOSPC
	rt_ok run -d -b b "$id" >/dev/null
	agent_end
	agent ENOSPC
	is "$(in_ct "$id" /probe syscall dup3 1000 5 0)" 'ERRNO ENOSPC syscall dup3'
	agent_end
	agent ENOSPC
	is "$(in_ct "$id" /probe syscall dup3 1000 6 0)" 'ERRNO EBADF syscall dup3'
	agent_end
	delete_all
}

# ---- what is sent --------------------------------------------------------------------------------

test_notify_state_properties() {
	asks '"getpriority"' args='/probe sleep' 'annotations={"my.key":"my value"}'
	agent continue
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	like "$(state_sent ociVersion)" '^1\.'
	is "$(state_sent fds)" '["seccompFd"]' 'one descriptor, by name'
	like "$(cat agent.out)" '^fd: anon_inode:seccomp notify' 'it is the one of seccomp(2)'
	is "$(state_sent pid)" "$pid"
	is "$(state_sent metadata)" 'some "data"'
	like "$(state_sent state.ociVersion)" '^1\.'
	is "$(state_sent state.id)" "$id"
	is "$(state_sent state.status)" creating
	is "$(state_sent state.pid)" "$pid"
	is "$(state_sent state.bundle)" "$PWD/b"
	is "$(state_sent 'state.annotations.[my.key]')" 'my value'
	rt_ok start "$id"
	agent_end
	delete_all
}

test_notify_state_without_metadata() {
	asks '"getpriority"' linux.seccomp.listenerMetadata-
	agent continue
	rt_ok run -b b "$id"
	is "$(state_sent metadata 2>/dev/null)" ''
	is "$(state_sent state.id)" "$id"
	agent_end
}

test_notify_state_for_exec() {
	asks '"getpriority"' args='/probe sleep'
	agent continue
	rt_ok run -d -b b "$id" >/dev/null
	agent_end
	agent continue
	rt exec --pid-file pid -d "$id" /probe sleep
	is "$(state_sent state.status)" running
	is "$(state_sent pid)" "$(cat pid)" 'the new process'
	is "$(state_sent state.pid)" "$(pid_of "$id")" 'the first process'
	is "$(state_sent metadata)" 'some "data"'
	agent_end
	delete_all
}

test_notify_exec_is_answered() {
	asks '"getpriority"' args='/probe sleep'
	agent continue
	rt_ok run -d -b b "$id" >/dev/null
	agent_end
	for nnp in '' --no-new-privs; do
		agent ENOSPC
		is "$(in_ct $nnp "$id" /probe syscall getpriority 0 0)" 'ERRNO ENOSPC syscall getpriority'
		agent_end
	done
	delete_all
}

test_notify_one_state_on_a_connection_that_is_closed() {
	asks '"getpriority"'
	agent continue
	rt_ok run -b b "$id"
	like "$(cat agent.out)" '^closed: yes'
	is "$(grep -c '"fds"' agent.out)" 1
	agent_end
}

test_notify_state_is_long() {
	asks '"getpriority"' "linux.seccomp.listenerMetadata=x$(printf '%030000d' 7)"
	agent continue
	rt_ok run -b b "$id"
	is "$(state_sent metadata | tr -d '\n' | wc -c | tr -d ' ')" 30001
	agent_end
}

test_notify_no_descriptor_is_left() {
	asks '"getpriority"' args='/probe fds' 'hooks.startContainer=[{"path":"/bin/probe","args":["probe","ls","/proc/self/fd"],"env":[]}]'
	agent continue
	rt_ok run -b b "$id"
	lacks "$out" seccomp
	agent_end
	bundle args='/probe fds'
	want=$out
	rt_ok run -b b "$id"
	is "$(echo "$want" | sed 's/\[.*//')" "$(echo "$out" | sed 's/\[.*//')" 'the same descriptors as without an agent'
}

# ---- configuration -------------------------------------------------------------------------------

test_notify_needs_a_listener_path() {
	for path in '""' ''; do
		asks '"getpriority"' linux.seccomp.listenerMetadata- ${path:+"linux.seccomp.listenerPath=$path"}
		[ "$path" ] || edit b/config.json linux.seccomp.listenerPath-
		rt_fails run -b b "$id"
		has "$err" 'listenerPath is not set'
		[ "$RT_NAME" != runtime ] || is "$err" 'runtime: config.json: linux.seccomp.syscalls[0]: SCMP_ACT_NOTIFY: seccomp listenerPath is not set'
	done
}

test_listener_metadata_needs_a_listener_path() {
	need runtime		# runc takes it
	asks '"getpriority"' linux.seccomp.listenerPath-
	rt_fails run -b b "$id"
	is "$err" 'runtime: config.json: linux.seccomp.listenerMetadata: may not be set without listenerPath'
}

test_listener_path_is_ignored_without_notify() {
	need root
	bundle args='/probe syscall getpriority 0 0' 'linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/nowhere/sock","listenerMetadata":"x","flags":[]}'
	rt_ok run -b b "$id"
	is "$out" 20
}

test_notify_agent_not_there() {
	asks '"getpriority"'
	rt_fails run -b b "$id"
	has "$err" 'failed to connect with seccomp agent'
	[ "$RT_NAME" != runtime ] || is "$err" "runtime: linux.seccomp.listenerPath: failed to connect with seccomp agent: connect to socket $PWD/sock: no such file or directory"
	is "$(status_of "$id")" gone
	edit b/config.json linux.seccomp.listenerPath=@abstract
	rt_fails create -b b "$id"
	has "$err" 'failed to connect with seccomp agent'
	is "$(status_of "$id")" gone
}

test_notify_agent_not_there_for_exec() {
	asks '"getpriority"' args='/probe sleep'
	agent continue
	rt_ok run -d -b b "$id" >/dev/null
	agent_end
	rm -f sock
	rt_fails exec "$id" /probe true
	[ "$RT_NAME" != runtime ] || is "$status" 255
	has "$err" 'failed to connect with seccomp agent'
	is "$(status_of "$id")" running
	delete_all
}

# A socket of another type is not what the specification means.
test_notify_socket_must_be_a_stream() {
	asks '"getpriority"'
	"$PROBE" recvdgram sock 5 >/dev/null 2>&1 &
	agent_pid=$!
	wait_for [ -S sock ]
	rt_fails run -b b "$id"
	agent_end
	has "$err" 'failed to connect with seccomp agent'
}

test_notify_write_is_refused() {
	asks '"write"'
	rt_fails run -b b "$id"
	has "$err" 'SCMP_ACT_NOTIFY cannot be used for the write syscall'
}

test_notify_as_default_is_refused() {
	asks '"getpriority"' linux.seccomp.defaultAction=SCMP_ACT_NOTIFY
	rt_fails run -b b "$id"
	has "$err" 'SCMP_ACT_NOTIFY cannot be used as default action'
}

test_notify_takes_no_errno() {
	need runtime		# runc ignores it
	asks '"getpriority"' linux.seccomp.syscalls.0.errnoRet=5
	rt_fails run -b b "$id"
	is "$err" 'runtime: config.json: linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_NOTIFY takes no errno'
}

# ---- flags ---------------------------------------------------------------------------------------

test_flag_wait_killable_recv() {
	need runtime		# newer than runc 1.1
	need kernel 5.19
	asks '"getpriority"' 'linux.seccomp.flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV","SECCOMP_FILTER_FLAG_TSYNC","SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'
	agent ENOSPC
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSPC syscall getpriority'
	agent_end
}

test_flag_wait_killable_recv_without_notify() {
	need runtime		# newer than runc 1.1
	need root
	bundle args='/probe syscall getpriority 0 0' 'linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}'
	rt_ok run -b b "$id"
	is "$out" 20 'it means nothing then'
}

# ---- the example: examples/seccomp-notify --------------------------------------------------------

test_notify_example() {
	need root
	need seccomp
	need file "$AGENT"
	asks '"mknod","mknodat"' args='/probe mknod /null c 1 3' root.readonly=false process.noNewPrivileges=true
	"$AGENT" "$PWD/sock" 1:3 >agent.out &
	agent_pid=$!
	wait_for [ -S sock ]
	rt_ok run -b b "$id"
	like "$("$PROBE" stat b/rootfs/null)" '^char(dev)? .* 1:3|^c.* 1:3' 'made by the agent'
	for try in '/zero c 1 5' '/disk b 8 0' '/../../../../etc/null c 1 4'; do
		edit b/config.json "process.args=[\"/probe\",\"mknod\",\"$(echo "$try" | sed 's/ /","/g')\"]"
		rt run -b b "$id"
		has "$out" 'ERRNO EPERM' "$try: not in the list"
	done
	edit b/config.json 'process.args=["/probe","mknod","/null","c","1","3"]'
	rt run -b b "$id"
	has "$out" 'ERRNO EEXIST' 'errors of the call are passed on'
	is "$(grep -c '^state {' agent.out)" 5
	like "$(cat agent.out)" '^call [0-9]+ of pid [0-9]+: done'
	kill "$agent_pid"
	wait "$agent_pid" 2>/dev/null
	pass 'ends'
}

test_notify_example_does_not_leave_the_root() {
	need root
	need seccomp
	need file "$AGENT"
	asks '"mknod","mknodat"' args='/probe mknod /link/null c 1 3' root.readonly=false
	mkdir outside
	ln -s "$PWD/outside" b/rootfs/link
	"$AGENT" "$PWD/sock" 1:3 >agent.out &
	agent_pid=$!
	wait_for [ -S sock ]
	rt run -b b "$id"
	has "$out" 'ERRNO ENOENT' 'the link leads to nothing inside'
	is "$(ls outside)" ''
	kill "$agent_pid"
	wait "$agent_pid" 2>/dev/null
}

test_notify_example_script() {
	need root
	need runtime
	need seccomp
	need file "$AGENT"
	busybox=$TESTS/../build/busybox
	[ -x "$busybox" ] || [ -z "$TEST_VM" ] || busybox=/bin/busybox	# the machine's own
	need file "$busybox"
	out=$(sh "$TESTS/../examples/seccomp-notify/try.sh" "$AGENT" "$RT" "$busybox" 2>err)
	is $? 0
	has "$out" 'no CAP_MKNOD here'
	has "$out" 'made null, and wrote to it'
	has "$out" "the container's status: 1"
	has "$(cat err)" 'mknod: /tmp/mem: Operation not permitted'
	like "$out" '^call [0-9]+ of pid [0-9]+: Operation not permitted'
}

run_tests
