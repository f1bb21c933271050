#!/bin/sh
# caps.t - process.capabilities: the five sets, what the kernel makes of them at exec, and warnings.
. "${0%/*}/lib.sh"

# caps_of: the sets of the container's process, and whatever the runtime says about them.
caps_of() {
	bundle args='/probe caps' "$@"
	rt_ok run -b b "$id"
}

test_sets_of_root() {
	need root
	caps_of 'process.capabilities={"bounding":["CAP_CHOWN","CAP_KILL","CAP_SETUID"],"effective":["CAP_KILL"],
		"permitted":["CAP_KILL","CAP_CHOWN"],"inheritable":[],"ambient":[]}'
	like "$out" '^bounding CAP_CHOWN CAP_KILL CAP_SETUID$'
	like "$out" '^permitted CAP_CHOWN CAP_KILL$' 'no_new_privs: no more than was permitted before exec'
	like "$out" '^inheritable none$'
	like "$out" '^ambient none$'
}

test_root_without_no_new_privs_gets_the_bounding_set() {
	need root
	caps_of process.noNewPrivileges=false 'process.capabilities={"bounding":["CAP_CHOWN","CAP_KILL","CAP_SETUID"],
		"effective":["CAP_KILL"],"permitted":["CAP_KILL"]}'
	like "$out" '^effective CAP_CHOWN CAP_KILL CAP_SETUID$'
	like "$out" '^permitted CAP_CHOWN CAP_KILL CAP_SETUID$'
}

test_none_given_drops_all() {
	need root
	caps_of process.capabilities-
	is "$(printf '%s\n' "$out" | grep -c ' none$')" 5 'five empty sets'
}

test_empty_object_drops_all() {
	need root
	caps_of process.capabilities={}
	is "$(printf '%s\n' "$out" | grep -c ' none$')" 5 'five empty sets'
}

test_empty_lists_drop_all() {
	need root
	caps_of 'process.capabilities={"bounding":[],"effective":[],"permitted":[],"inheritable":[],"ambient":[]}'
	is "$(printf '%s\n' "$out" | grep -c ' none$')" 5 'five empty sets'
}

test_user_keeps_only_the_bounding_set() {
	need root
	caps_of 'process.user={"uid":1000,"gid":1000}' 'process.capabilities={"bounding":["CAP_KILL"],"effective":["CAP_KILL"],
		"permitted":["CAP_KILL"]}'
	like "$out" '^bounding CAP_KILL$'
	like "$out" '^effective none$'
	like "$out" '^permitted none$'
	like "$out" '^inheritable none$'
	like "$out" '^ambient none$'
}

test_ambient_reaches_a_user() {
	need root
	caps_of 'process.user={"uid":1000,"gid":1000}' 'process.capabilities={"bounding":["CAP_KILL","CAP_NET_RAW","CAP_CHOWN"],
		"effective":["CAP_KILL","CAP_NET_RAW"],"permitted":["CAP_KILL","CAP_NET_RAW"],
		"inheritable":["CAP_KILL","CAP_NET_RAW"],"ambient":["CAP_NET_RAW"]}'
	like "$out" '^ambient CAP_NET_RAW$'
	like "$out" '^effective CAP_NET_RAW$'
	like "$out" '^permitted CAP_NET_RAW$'
	like "$out" '^inheritable CAP_KILL CAP_NET_RAW$'
	like "$out" '^bounding CAP_CHOWN CAP_KILL CAP_NET_RAW$'
}

test_ambient_works_under_no_new_privs() {
	need root
	caps_of 'process.user={"uid":1000,"gid":1000}' process.noNewPrivileges=true 'process.capabilities={"bounding":["CAP_CHOWN"],
		"effective":["CAP_CHOWN"],"permitted":["CAP_CHOWN"],"inheritable":["CAP_CHOWN"],"ambient":["CAP_CHOWN"]}'
	like "$out" '^effective CAP_CHOWN$'
}

test_inheritable_only_when_asked() {
	need root
	caps_of 'process.capabilities.inheritable=["CAP_KILL"]'
	like "$out" '^inheritable CAP_KILL$'
	caps_of
	like "$out" '^inheritable none$'
}

test_unknown_name_is_a_warning() {
	need root
	caps_of 'process.capabilities={"bounding":["CAP_KILL","CAP_NO_SUCH"],"permitted":["CAP_KILL","CAP_NO_SUCH"],
		"effective":["CAP_KILL"]}'
	like "$out" '^bounding CAP_KILL$' 'the others are kept'
	has "$err" CAP_NO_SUCH 'the warning names it'
}

test_ungrantable_is_a_warning() {
	need root
	need runtime		# runc 1.1 fails here
	printf '#!/bin/sh\nexec "%s" dropcap SYS_TIME "%s" "$@"\n' "$PROBE" "$RT" >poor
	chmod 755 poor
	bundle args='/probe caps' 'process.capabilities={"bounding":["CAP_KILL","CAP_SYS_TIME"],
		"permitted":["CAP_KILL","CAP_SYS_TIME"],"effective":["CAP_KILL","CAP_SYS_TIME"]}'
	RT=$PWD/poor
	rt_ok run -b b "$id"
	like "$out" '^bounding CAP_KILL$'
	like "$out" '^permitted CAP_KILL$'
	has "$err" CAP_SYS_TIME 'the warning names it'
}

test_every_name_is_known() {
	need root
	all='"CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_DAC_READ_SEARCH","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_SETGID","CAP_SETUID",
		"CAP_SETPCAP","CAP_LINUX_IMMUTABLE","CAP_NET_BIND_SERVICE","CAP_NET_BROADCAST","CAP_NET_ADMIN","CAP_NET_RAW",
		"CAP_IPC_LOCK","CAP_IPC_OWNER","CAP_SYS_MODULE","CAP_SYS_RAWIO","CAP_SYS_CHROOT","CAP_SYS_PTRACE","CAP_SYS_PACCT",
		"CAP_SYS_ADMIN","CAP_SYS_BOOT","CAP_SYS_NICE","CAP_SYS_TIME","CAP_SYS_TTY_CONFIG","CAP_MKNOD","CAP_LEASE",
		"CAP_AUDIT_WRITE","CAP_AUDIT_CONTROL","CAP_SETFCAP","CAP_MAC_OVERRIDE","CAP_MAC_ADMIN","CAP_SYSLOG","CAP_WAKE_ALARM",
		"CAP_BLOCK_SUSPEND","CAP_AUDIT_READ","CAP_PERFMON","CAP_BPF","CAP_CHECKPOINT_RESTORE"'
	host=$("$PROBE" caps | sed -n 's/^bounding \(.*\)/ \1/p' | sed 's/ CAP_SYS_RESOURCE//')
	caps_of "process.capabilities={\"bounding\":[$all]}"
	is "$(printf '%s\n' "$out" | sed -n 's/^bounding//p')" "$host" 'all that this machine has'
	is "$err" '' 'no warning'
}

test_effective_decides_what_works() {
	need root
	bundle args='/probe chown /tmp 1 1' root.readonly=false
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM chown /tmp' 'without CAP_CHOWN'
	bundle args='/probe chown /tmp 1 1' root.readonly=false 'process.capabilities={"bounding":["CAP_CHOWN"],
		"permitted":["CAP_CHOWN"],"effective":["CAP_CHOWN"]}'
	rt run -b b "$id"
	is "$out" ok 'with it'
}

test_names_need_their_prefix_and_case() {
	need root
	caps_of 'process.capabilities={"bounding":["KILL","cap_kill"]}'
	like "$out" '^bounding none$' 'not CAP_KILL'
	isnt "$err" '' 'a warning'
}

run_tests
