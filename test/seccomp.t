#!/bin/sh
# seccomp.t - linux.seccomp: actions, arguments, architectures, flags.
. "${0%/*}/lib.sh"

# dup3 with a descriptor that is not open is EBADF; a rule makes it EXDEV.  Nothing else uses it here.
PASSED='ERRNO EBADF syscall dup3' HIT='ERRNO EXDEV syscall dup3'
EXDEV='"action":"SCMP_ACT_ERRNO","errnoRet":18'

# filter SECCOMP-JSON EDIT...: a bundle with this filter; the process is "probe syscall getpriority 0 0"
filter() {
	need root
	need seccomp
	seccomp=$1
	shift
	bundle args='/probe syscall getpriority 0 0' "linux.seccomp=$seccomp" "$@"
}

# allow_but RULES EDIT...: everything is allowed but what the rules say
allow_but() {
	rules=$1
	shift
	filter "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$rules]}" "$@"
}

# with_args ARGS-JSON: a running container in which dup3 is filtered by these argument rules
with_args() {
	allow_but "{\"names\":[\"dup3\"],$EXDEV,\"args\":[$1]}" args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
}
arg() { echo "{\"index\":$1,\"op\":\"SCMP_CMP_$2\",\"value\":$3${4:+,\"valueTwo\":$4}}"; }
hit() { is "$(in_ct "$id" /probe syscall dup3 "$@")" "$HIT" "dup3 $*: the rule"; }
passed() { like "$(in_ct "$id" /probe syscall dup3 "$@")" "^ERRNO (EBADF|EINVAL) syscall dup3\$" "dup3 $*: no rule"; }

# ---- actions ------------------------------------------------------------------------------------

test_allowed_by_default() {
	allow_but '{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}'
	rt_ok run -b b "$id"
	is "$out" 20
}

test_errno_is_eperm_by_default() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

test_errno_given() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO","errnoRet":28}'
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSPC syscall getpriority'
}

test_errno_zero() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO","errnoRet":0}'
	rt_ok run -b b "$id"
	is "$out" 0 'success without the call'
}

test_several_names_in_a_rule() {
	allow_but '{"names":["getppid","getpriority","getsid"],"action":"SCMP_ACT_ERRNO"}' args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	for n in getppid getpriority getsid; do is "$(in_ct "$id" /probe syscall $n 0 0)" "ERRNO EPERM syscall $n"; done
	like "$(in_ct "$id" /probe syscall getuid)" '^0$'
	delete_all
}

test_different_errnos() {
	allow_but '{"names":["getppid"],"action":"SCMP_ACT_ERRNO","errnoRet":2},{"names":["getsid"],"action":"SCMP_ACT_ERRNO","errnoRet":13}' args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe syscall getppid)" 'ERRNO ENOENT syscall getppid'
	is "$(in_ct "$id" /probe syscall getsid 0)" 'ERRNO EACCES syscall getsid'
	delete_all
}

test_kill() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_KILL"}'
	rt run -b b "$id"
	is "$status" 159 'died of SIGSYS'
	is "$out" ''
}

test_kill_process() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_KILL_PROCESS"}'
	rt run -b b "$id"
	is "$status" 159
}

test_kill_thread() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_KILL_THREAD"}'
	rt run -b b "$id"
	is "$status" 159
}

test_trap() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_TRAP"}'
	rt run -b b "$id"
	is "$status" 159
	is "$out" ''
}

test_log() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_LOG"}'
	rt_ok run -b b "$id"
	is "$out" 20 'it is done'
}

test_trace_without_a_tracer() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_TRACE","errnoRet":5}'
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSYS syscall getpriority'
}

# The verdict's data is errnoRet, and the tracer decides.
test_trace_with_a_tracer() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_TRACE","errnoRet":77}' args='/probe tracer /probe syscall getpriority 0 0'
	rt_ok run -b b "$id"
	is "$(echo "$out" | tr '\n' ' ')" 'traced data 77 20 '
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_TRACE"}' args='/probe tracer /probe syscall getpriority 0 0'
	rt_ok run -b b "$id"
	is "$(echo "$out" | tr '\n' ' ')" 'traced data 1 20 ' 'EPERM where none is given'
}

test_trap_is_a_signal_that_can_be_handled() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_TRAP"}' args='/probe sigsys getpriority'
	rt_ok run -b b "$id"
	is "$out" 'SIGSYS call yes code 1 data 0'	# SYS_SECCOMP
}

test_kill_thread_spares_the_process() {
	for action in KILL KILL_THREAD; do
		allow_but "{\"names\":[\"getpriority\"],\"action\":\"SCMP_ACT_$action\"}" args='/probe thread getpriority'
		rt_ok run -b b "$id"
		is "$out" 'the process lives' "$action"
	done
}

test_kill_process_spares_no_thread() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_KILL_PROCESS"}' args='/probe thread getpriority'
	rt run -b b "$id"
	is "$status" 159
	is "$out" ''
}

# logs WHAT [TRIES]: runs the container, whose program has a name of its own; sets $logged to the kernel's audit
# lines (seccomp is type 1326) of it.  The kernel drops lines when many are printed at once: TRIES of up to 10.
logs() {
	need tool dmesg
	echo "test $id $1" 2>/dev/null >/dev/kmsg || skip 'needs a kernel log that can be written'
	dmesg 2>/dev/null | grep -q "test $id $1" || skip 'needs a kernel log that can be read'
	comm=$(echo "$id" | cut -c 1-15)
	cp b/rootfs/probe "b/rootfs/$comm"
	edit b/config.json "process.args.0=/$comm"
	tries=${2-1}
	while :; do
		rt run -b b "$id"
		logged=$(dmesg | sed "1,/test $id $1/d" | grep "type=1326 .*comm=\"$comm\"")
		tries=$((tries - 1))
		[ -z "$logged" ] && [ $tries -gt 0 ] || break
		sleep 1
	done
}

test_log_is_logged() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_LOG"}'
	logs action 10
	is "$out" 20
	like "$logged" ' code=0x7ffc0000'
}

test_flag_log_logs_what_is_refused() {
	need runtime		# newer than runc 1.1
	rule='"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}]'
	filter "{$rule}"
	logs without
	unlike "$logged" ' code=0x5'
	filter "{\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],$rule}"
	logs with 10
	is "$out" 'ERRNO EPERM syscall getpriority'
	like "$logged" ' code=0x5000'
}

# What a static program needs to run "probe syscall".
NEEDED='"execve","brk","mmap","mmap2","set_thread_area","set_tls","getuid32","mprotect","munmap","arch_prctl","set_tid_address","set_robust_list","rseq","write","writev","ioctl",
	"exit","exit_group","read","close","fstat","newfstatat","prctl","futex","rt_sigaction","rt_sigprocmask","getuid","uname","getrandom","readlink"'

test_errno_by_default() {
	need runtime		# others need calls of their own
	filter "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[$NEEDED],\"action\":\"SCMP_ACT_ALLOW\"}]}"
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

test_errno_given_by_default() {
	need runtime		# others need calls of their own
	filter "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":28,\"syscalls\":[{\"names\":[$NEEDED],\"action\":\"SCMP_ACT_ALLOW\"}]}"
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSPC syscall getpriority'
}

test_what_is_allowed_works_when_the_rest_is_not() {
	need runtime		# others need calls of their own
	filter "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[$NEEDED],\"action\":\"SCMP_ACT_ALLOW\"}]}" args='/probe syscall getuid'
	rt_ok run -b b "$id"
	is "$out" 0
}

test_kill_by_default() {
	need runtime		# others need calls of their own
	filter "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\",\"syscalls\":[{\"names\":[$NEEDED],\"action\":\"SCMP_ACT_ALLOW\"}]}"
	rt run -b b "$id"
	is "$status" 159
}

test_log_by_default() {
	filter '{"defaultAction":"SCMP_ACT_LOG"}'
	rt_ok run -b b "$id"
	is "$out" 20
}

test_no_rules() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW"}'
	rt_ok run -b b "$id"
	is "$out" 20
}

test_a_rule_like_the_default() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ALLOW"}'
	rt_ok run -b b "$id"
	is "$out" 20
}

# ---- mode ---------------------------------------------------------------------------------------

test_mode_is_filter() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}' args='/probe seccomp'
	rt_ok run -b b "$id"
	is "$out" 2
}

test_mode_without_a_filter() {
	need root
	need seccomp
	bundle args='/probe seccomp'
	rt_ok run -b b "$id"
	is "$out" "$("$PROBE" seccomp)"
}

test_without_no_new_privs() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}' process.noNewPrivileges=false
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

test_without_no_new_privs_as_a_user() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}' process.noNewPrivileges=false 'process.user={"uid":1000,"gid":1000}'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
	edit b/config.json 'process.args=["/probe","nnp"]'
	rt_ok run -b b "$id"
	is "$out" 0 'and it stays off'
}

test_with_no_new_privs_as_a_user() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}' 'process.user={"uid":1000,"gid":1000}' process.capabilities-
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

# The filter comes last: what the runtime itself must do may be forbidden.
test_setup_calls_may_be_forbidden() {
	allow_but '{"names":["mount","umount2","pivot_root","chroot","setns","unshare","clone3","capset","setgroups","setuid","setresuid","setresgid",
		"sethostname","mknod","mknodat","keyctl","openat2","fsopen","move_mount","open_tree","mount_setattr","socket","sendmsg","recvmsg","chdir","fchdir"],
		"action":"SCMP_ACT_ERRNO"}' process.noNewPrivileges=true 'process.user={"uid":1000,"gid":1000}'
	rt_ok run -b b "$id"
	is "$out" 20
}

test_with_a_user_namespace() {
	need userns
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}' linux.namespaces+='{"type":"user"}' process.noNewPrivileges=false \
		'linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' 'linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

test_exec_has_it_too() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}' args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe syscall getpriority 0 0)" 'ERRNO EPERM syscall getpriority'
	is "$(in_ct "$id" /probe seccomp)" 2
	delete_all
}

test_exec_without_no_new_privs_has_it_too() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}' args='/probe sleep' process.noNewPrivileges=false
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct -u 1000:1000 "$id" /probe syscall getpriority 0 0)" 'ERRNO EPERM syscall getpriority'
	delete_all
}

test_children_have_it_too() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}' args='/probe deadline 5 /probe syscall getpriority 0 0'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

# ---- arguments ----------------------------------------------------------------------------------

test_arg_eq() { with_args "$(arg 1 EQ 5)"; hit 1000 5 0; passed 1000 4 0; passed 1000 6 0; delete_all; }
test_arg_ne() { with_args "$(arg 1 NE 5)"; passed 1000 5 0; hit 1000 4 0; hit 1000 6 0; delete_all; }
test_arg_lt() { with_args "$(arg 1 LT 5)"; hit 1000 4 0; hit 1000 0 0; passed 1000 5 0; passed 1000 6 0; delete_all; }
test_arg_le() { with_args "$(arg 1 LE 5)"; hit 1000 5 0; hit 1000 0 0; passed 1000 6 0; delete_all; }
test_arg_ge() { with_args "$(arg 1 GE 5)"; hit 1000 5 0; hit 1000 6 0; passed 1000 4 0; delete_all; }
test_arg_gt() { with_args "$(arg 1 GT 5)"; hit 1000 6 0; passed 1000 5 0; passed 1000 4 0; delete_all; }

test_arg_masked_eq() {
	with_args "$(arg 1 MASKED_EQ 240 80)"	# (x & 0xf0) == 0x50
	hit 1000 80 0
	hit 1000 95 0
	passed 1000 96 0
	passed 1000 15 0
	delete_all
}

# All 64 bits count, as unsigned numbers: 4294967301 is 2^32 + 5.
test_arg_high_bits() {
	need bits64
	with_args "$(arg 1 EQ 4294967301)"
	hit 1000 4294967301 0
	passed 1000 5 0
	passed 1000 8589934597 0
	delete_all
}

test_arg_compares_64_bits_unsigned() {
	need bits64
	with_args "$(arg 1 GT 4294967296)"
	passed 1000 4294967295 0
	passed 1000 4294967296 0
	hit 1000 4294967297 0
	hit 1000 8589934592 0
	hit 1000 -1 0
	delete_all
}

test_arg_le_across_32_bits() {
	need bits64
	with_args "$(arg 1 LE 4294967301)"
	hit 1000 4294967301 0
	hit 1000 4294967295 0
	hit 1000 0 0
	passed 1000 4294967302 0
	passed 1000 8589934592 0
	delete_all
}

test_arg_largest_value() {
	need bits64
	with_args "$(arg 1 EQ 18446744073709551615)"
	hit 1000 -1 0
	passed 1000 4294967295 0
	delete_all
}

test_arg_masked_eq_high_bits() {
	need bits64
	with_args "$(arg 1 MASKED_EQ 64424509440 4294967296)"	# bits 32 to 35 are 0001
	hit 1000 4294967296 0
	hit 1000 4294967303 0
	passed 1000 8589934592 0
	passed 1000 7 0
	delete_all
}

test_args_of_a_rule_are_anded() {
	with_args "$(arg 1 EQ 5),$(arg 2 EQ 7)"
	hit 1000 5 7
	passed 1000 5 8
	passed 1000 4 7
	passed 1000 4 8
	delete_all
}

test_three_args_with_different_operators() {
	with_args "$(arg 0 GE 1000),$(arg 1 LT 5),$(arg 2 NE 0)"
	hit 1000 4 1
	passed 999 4 1
	passed 1000 5 1
	passed 1000 4 0
	delete_all
}

# The same index twice cannot be one rule of libseccomp; runc makes two of it.
test_same_index_twice_is_either() {
	with_args "$(arg 1 EQ 5),$(arg 1 EQ 6)"
	hit 1000 5 0
	hit 1000 6 0
	passed 1000 7 0
	delete_all
}

test_two_rules_are_either() {
	allow_but "{\"names\":[\"dup3\"],$EXDEV,\"args\":[$(arg 1 EQ 5)]},{\"names\":[\"dup3\"],$EXDEV,\"args\":[$(arg 2 EQ 7)]}" args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	hit 1000 5 0
	hit 1000 4 7
	passed 1000 4 8
	delete_all
}

test_args_in_an_allow_list() {
	need runtime		# others need calls of their own
	filter "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":18,\"syscalls\":[{\"names\":[$NEEDED],\"action\":\"SCMP_ACT_ALLOW\"},
		{\"names\":[\"dup3\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[$(arg 1 EQ 5)]}]}"
	edit b/config.json 'process.args=["/probe","syscall","dup3","1000","5","0"]'
	rt run -b b "$id"
	is "$out" "$PASSED"
	edit b/config.json 'process.args=["/probe","syscall","dup3","1000","6","0"]'
	rt run -b b "$id"
	is "$out" "$HIT"
}

test_bad_index() {
	allow_but "{\"names\":[\"dup3\"],$EXDEV,\"args\":[$(arg 6 EQ 5)]}"
	rt_fails run -b b "$id"
	like "$err" '(seccomp|index)'
}

test_bad_operator() {
	allow_but "{\"names\":[\"dup3\"],$EXDEV,\"args\":[$(arg 1 ABOUT 5)]}"
	rt_fails run -b b "$id"
	has "$err" SCMP_CMP_ABOUT
	[ "$RT_NAME" != runtime ] || is "$err" 'runtime: config.json: linux.seccomp.syscalls[0].args[0].op: unknown value "SCMP_CMP_ABOUT"'
}

# ---- names, architectures, flags ----------------------------------------------------------------

test_unknown_names_are_skipped() {
	allow_but '{"names":["no_such_call","getpriority","another_one"],"action":"SCMP_ACT_ERRNO"}'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
	[ "$RT_NAME" = runtime ] || return 0
	rt --debug --log log run -b b "$id2"
	is "$(grep -c 'seccomp: unknown system call' log)" 2 'a line for each in the debug log'
	has "$(cat log)" 'seccomp: unknown system call no_such_call ignored'
	has "$(cat log)" 'seccomp: unknown system call another_one ignored'
}

test_only_unknown_names() {
	allow_but '{"names":["no_such_call"],"action":"SCMP_ACT_ERRNO"}'
	rt_ok run -b b "$id"
	is "$out" 20
}

test_names_are_required() {
	need runtime
	allow_but '{"names":[],"action":"SCMP_ACT_ERRNO"}'
	rt_fails run -b b "$id"
	has "$err" 'config.json: linux.seccomp.syscalls[0].names'
}

test_unknown_action() {
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_FROWN"}'
	rt_fails run -b b "$id"
	has "$err" SCMP_ACT_FROWN
	[ "$RT_NAME" != runtime ] || is "$err" 'runtime: config.json: linux.seccomp.syscalls[0].action: unknown value "SCMP_ACT_FROWN"'
}

test_unknown_default_action() {
	filter '{"defaultAction":"SCMP_ACT_FROWN"}'
	rt_fails run -b b "$id"
	has "$err" SCMP_ACT_FROWN
}

test_default_action_is_required() {
	filter '{"syscalls":[]}'
	need runtime		# to runc this is no filter
	rt_fails run -b b "$id"
	is "$err" 'runtime: config.json: linux.seccomp: defaultAction is required'
}

test_errno_with_an_action_that_takes_none() {
	need runtime		# runc ignores it
	allow_but '{"names":["getpriority"],"action":"SCMP_ACT_KILL","errnoRet":5}'
	rt_fails run -b b "$id"
	has "$err" errnoRet
	filter '{"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":5}'
	rt_fails run -b b "$id"
	has "$err" defaultErrnoRet
}

test_several_architectures() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32","SCMP_ARCH_AARCH64","SCMP_ARCH_ARM"],
		"syscalls":[{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}]}'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority' 'the native one is served'
}

test_native_architecture_need_not_be_listed() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_AARCH64"],"syscalls":[{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}]}'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

test_unknown_architecture() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_Z80"]}'
	rt_fails run -b b "$id"
	has "$err" Z80
}

# A call that is younger than all of the profile's gets ENOSYS, so that a libc falls back; an older one the default.
test_calls_newer_than_the_profile_get_enosys() {
	need runtime		# others need calls of their own
	need bits64
	case $("$PROBE" machine) in x86_64) arch=X86_64 ;; aarch64) arch=AARCH64 ;; *) skip 'needs x86_64 or aarch64' ;; esac
	filter "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_$arch\"],\"syscalls\":[{\"names\":[$NEEDED,\"openat2\"],\"action\":\"SCMP_ACT_ALLOW\"}]}" \
		args='/probe syscall faccessat2 -1 x 0 0'
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSYS syscall faccessat2'
	edit b/config.json 'process.args=["/probe","syscall","900"]'
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSYS syscall 900' 'not even made yet'
	edit b/config.json 'process.args=["/probe","syscall","getpriority","0","0"]'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
	edit b/config.json linux.seccomp.defaultAction=SCMP_ACT_KILL_PROCESS 'process.args=["/probe","syscall","900"]'
	rt run -b b "$id"
	is "$out" 'ERRNO ENOSYS syscall 900' 'where the default kills, too'
	edit b/config.json linux.seccomp.architectures-
	rt run -b b "$id"
	is "$status" 159 'but only for architectures that are listed'
}

# 0x40000000 + n is the x32 way to make a call on x86_64: never a way around a rule.
test_x32_numbers_are_no_way_around() {
	[ "$("$PROBE" machine)" = x86_64 ] || skip 'needs x86_64'
	for archs in '"SCMP_ARCH_X86_64"' '"SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"'; do
		filter "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[$archs],\"syscalls\":[{\"names\":[\"getuid\"],\"action\":\"SCMP_ACT_ERRNO\"}]}" \
			args='/probe syscall 1073741926'
		rt run -b b "$id"
		unlike "$out" '^[0-9]+$' "$archs"
	done
}

test_flags() {
	need runtime		# newer than runc 1.1
	filter '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_SPEC_ALLOW"],"syscalls":[{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}]}'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

test_flag_tsync() {
	need runtime		# newer than runc 1.1
	filter '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_TSYNC"],"syscalls":[{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}]}'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

test_unknown_flag() {
	need runtime		# newer than runc 1.1
	filter '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_NONSENSE"]}'
	rt_fails run -b b "$id"
	has "$err" SECCOMP_FILTER_FLAG_NONSENSE
}

test_large_profile() {
	list=
	for n in acct add_key bpf clock_adjtime clock_settime create_module delete_module finit_module get_kernel_syms get_mempolicy init_module ioperm iopl \
		kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind mount move_pages name_to_handle_at nfsservctl open_by_handle_at perf_event_open \
		personality pivot_root process_vm_readv process_vm_writev ptrace query_module quotactl reboot request_key set_mempolicy setns settimeofday \
		stime swapon swapoff sysfs _sysctl umount umount2 unshare uselib userfaultfd ustat vm86 vm86old; do
		list="$list${list:+,}{\"names\":[\"$n\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38}"
	done
	i=0
	while [ $i -lt 100 ]; do
		list="$list,{\"names\":[\"dup3\"],$EXDEV,\"args\":[$(arg 1 EQ $((i + 100)))]}"
		i=$((i + 1))
	done
	allow_but "$list" args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe syscall swapon x 0)" 'ERRNO ENOSYS syscall swapon'
	is "$(in_ct "$id" /probe syscall getuid)" 0
	hit 1000 100 0
	hit 1000 199 0
	passed 1000 200 0
	delete_all
}

test_architectures_of_both_byte_orders() {
	need runtime		# libseccomp alone cannot mix them
	filter '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_S390X","SCMP_ARCH_X86_64","SCMP_ARCH_AARCH64","SCMP_ARCH_PPC64"],
		"syscalls":[{"names":["getpriority"],"action":"SCMP_ACT_ERRNO"}]}'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM syscall getpriority'
}

run_tests
