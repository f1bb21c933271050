#!/bin/sh
# process.t - how the process runs: scheduler, I/O priority, cpu affinity, memory policy, personality, groups.
. "${0%/*}/lib.sh"

# sees VERB WANT [EDIT...]: what `probe VERB` says in a container with the edits; a second process says the same
sees() {
	verb=$1 want=$2
	shift 2
	bundle args="/probe $verb" "$@"
	rt_ok run -b b "$id"
	like "$out" "$want" "$verb"
	bundle args='/probe sleep' "$@"
	rt_ok run -d -b b "$id"
	like "$(in_ct "$id" /probe "$verb")" "$want" "$verb of exec"
	delete_all
}

# refused TEXT [EDIT...]: an error that has the text, one line, nothing left
refused() {
	text=$1
	shift
	bundle args='/probe true' "$@"
	rt_fails run -b b "$id"
	has "$err" "$text"
	[ "$RT_NAME" != runtime ] || is "$(wc -l <err)" 1 'one line'
	is "$(status_of "$id")" gone
}

# process_file EDIT...: ./p.json, a process for exec --process
process_file() {
	json get process b/config.json >p.json
	edit p.json "$@"
}

# ---- scheduler ----------------------------------------------------------------------------------------

test_scheduler_other_with_nice() { need root; need runtime; sees sched '^policy=other nice=5 ' process.scheduler='{"policy":"SCHED_OTHER","nice":5}'; }
test_scheduler_nice_below_zero() { need root; need runtime; need cap SYS_NICE; sees sched '^policy=other nice=-7 ' process.scheduler='{"policy":"SCHED_OTHER","nice":-7}'; }
test_scheduler_batch() { need root; need runtime; sees sched '^policy=batch nice=3 ' process.scheduler='{"policy":"SCHED_BATCH","nice":3}'; }
test_scheduler_idle() { need root; need runtime; sees sched '^policy=idle nice=0 ' process.scheduler='{"policy":"SCHED_IDLE"}'; }

# realtime: may this machine give realtime scheduling to a process of root?
realtime() {
	need cap SYS_NICE
	"$PROBE" rt "$1" >/dev/null || skip "needs realtime scheduling ($1)"
}
test_scheduler_fifo() { need root; need runtime; realtime fifo; sees sched '^policy=fifo nice=0 priority=10 ' process.scheduler='{"policy":"SCHED_FIFO","priority":10}'; }
test_scheduler_rr() { need root; need runtime; realtime fifo; sees sched '^policy=rr nice=0 priority=99 ' process.scheduler='{"policy":"SCHED_RR","priority":99}'; }
test_scheduler_deadline() {
	need root
	need runtime
	realtime deadline
	sees sched '^policy=deadline .* runtime=1000000 deadline=20000000 period=30000000$' \
		process.scheduler='{"policy":"SCHED_DEADLINE","runtime":1000000,"deadline":20000000,"period":30000000}'
}
test_scheduler_fifo_in_a_user_namespace() {
	need root
	need userns
	need runtime
	realtime fifo
	map='[{"containerID":0,"hostID":100000,"size":65536}]'
	sees sched '^policy=fifo nice=0 priority=10 ' process.scheduler='{"policy":"SCHED_FIFO","priority":10}' \
		linux.namespaces+='{"type":"user"}' "linux.uidMappings=$map" "linux.gidMappings=$map"
}
test_scheduler_flag_reset_on_fork() { need root; need runtime; sees sched '^policy=batch .* flags=1 ' process.scheduler='{"policy":"SCHED_BATCH","flags":["SCHED_FLAG_RESET_ON_FORK"]}'; }
test_scheduler_flags_keep() { need root; need runtime; sees sched '^policy=other nice=0 ' process.scheduler='{"policy":"SCHED_OTHER","nice":9,"flags":["SCHED_FLAG_KEEP_PARAMS","SCHED_FLAG_KEEP_POLICY"]}'; }
test_scheduler_flags_clamp() {
	need root
	need runtime
	bundle args='/probe sched' process.scheduler='{"policy":"SCHED_OTHER","flags":["SCHED_FLAG_UTIL_CLAMP_MIN"]}'
	rt run -b b "$id"
	[ "$status" = 0 ] && like "$out" '^policy=other' || has "$err" 'the kernel lacks CONFIG_UCLAMP_TASK'
}
test_scheduler_survives_the_user_and_no_new_privs() {
	need root
	need runtime
	realtime fifo
	sees sched '^policy=rr nice=0 priority=1 ' process.scheduler='{"policy":"SCHED_RR","priority":1}' process.user.uid=1000 process.noNewPrivileges=true process.capabilities={}
}
test_scheduler_of_exec_is_that_of_its_file() {
	need root
	need runtime
	bundle args='/probe sleep' process.scheduler='{"policy":"SCHED_BATCH","nice":1}'
	rt_ok run -d -b b "$id"
	process_file args.1=sched scheduler='{"policy":"SCHED_OTHER","nice":11}' terminal=false
	rt_ok exec --process p.json "$id"
	like "$out" '^policy=other nice=11 '
	process_file args.1=sched scheduler-
	rt_ok exec --process p.json "$id"
	like "$out" '^policy=batch nice=1 ' "else the container's"
	delete_all
}
test_scheduler_refusals_name_the_field() {
	need root
	need runtime
	s=process.scheduler
	refused "$s: policy is required" $s='{"nice":1}'
	refused "$s.policy: unknown value \"SCHED_NORMAL\"" $s='{"policy":"SCHED_NORMAL"}'
	refused "$s.nice: 20 is not in -20..19" $s='{"policy":"SCHED_OTHER","nice":20}'
	refused "$s.nice: -21 is not in -20..19" $s='{"policy":"SCHED_OTHER","nice":-21}'
	refused "$s.priority: 0 is not in 1..99" $s='{"policy":"SCHED_FIFO"}'
	refused "$s.priority: 100 is not in 1..99" $s='{"policy":"SCHED_RR","priority":100}'
	refused "$s.priority: only SCHED_FIFO and SCHED_RR" $s='{"policy":"SCHED_OTHER","priority":1}'
	refused "$s.flags[0]: unknown value \"X\"" $s='{"policy":"SCHED_OTHER","flags":["X"]}'
	refused "$s: runtime, deadline and period are for SCHED_DEADLINE" $s='{"policy":"SCHED_RR","priority":1,"period":1}'
	refused "$s: SCHED_DEADLINE" $s='{"policy":"SCHED_DEADLINE","runtime":10,"deadline":5}'
	refused "$s: SCHED_ISO (the kernel has no such policy" $s='{"policy":"SCHED_ISO"}'
}
test_scheduler_without_privilege_is_an_error() {
	need root
	need runtime
	bundle args='/probe true' process.scheduler='{"policy":"SCHED_FIFO","priority":10}'
	"$PROBE" dropcap SYS_NICE "$RT" --root "$STATE" run -b b "$id" 2>err && fail 'it runs'
	has "$(cat err)" 'process.scheduler: SCHED_FIFO (needs CAP_SYS_NICE'
	is "$(status_of "$id")" gone
}

# ---- I/O priority -------------------------------------------------------------------------------------

test_io_priority_best_effort() { need root; need runtime; sees ioprio '^class=be level=6$' process.ioPriority='{"class":"IOPRIO_CLASS_BE","priority":6}'; }
test_io_priority_realtime() { need root; need runtime; need cap SYS_NICE; sees ioprio '^class=rt level=0$' process.ioPriority='{"class":"IOPRIO_CLASS_RT","priority":0}'; }
test_io_priority_idle() { need root; need runtime; sees ioprio '^class=idle level=4$' process.ioPriority='{"class":"IOPRIO_CLASS_IDLE","priority":4}'; }
test_io_priority_reaches_children() {
	need root
	need runtime
	bundle args='/probe unshare uts -- /probe ioprio' process.ioPriority='{"class":"IOPRIO_CLASS_BE","priority":2}' 'process.capabilities.effective+=CAP_SYS_ADMIN' \
		'process.capabilities.permitted+=CAP_SYS_ADMIN' 'process.capabilities.bounding+=CAP_SYS_ADMIN'
	rt_ok run -b b "$id"
	is "$out" 'class=be level=2'
}
test_io_priority_of_exec_is_that_of_its_file() {
	need root
	need runtime
	bundle args='/probe sleep' process.ioPriority='{"class":"IOPRIO_CLASS_BE","priority":1}'
	rt_ok run -d -b b "$id"
	process_file args.1=ioprio ioPriority.priority=3
	rt_ok exec --process p.json "$id"
	is "$out" 'class=be level=3'
	process_file args.1=ioprio ioPriority-
	rt_ok exec --process p.json "$id"
	is "$out" 'class=be level=1'
	delete_all
}
test_io_priority_refusals_name_the_field() {
	need root
	need runtime
	p=process.ioPriority
	refused "$p: class is required" $p='{"priority":1}'
	refused "$p: priority is required" $p='{"class":"IOPRIO_CLASS_BE"}'
	refused "$p.class: unknown value \"IOPRIO_CLASS_NONE\"" $p='{"class":"IOPRIO_CLASS_NONE","priority":1}'
	refused "$p.priority: 8 is not in 0..7" $p='{"class":"IOPRIO_CLASS_BE","priority":8}'
	refused "$p.priority: -1 is not in 0..7" $p='{"class":"IOPRIO_CLASS_BE","priority":-1}'
}

# ---- execCPUAffinity -----------------------------------------------------------------------------------

cpus() { "$PROBE" affinity; }
two_cpus() { case $(cpus) in 0,1*) ;; *) skip 'needs cpus 0 and 1' ;; esac; }

test_exec_affinity_is_not_for_init() {
	need root
	need runtime
	two_cpus
	bundle args='/probe affinity' process.execCPUAffinity='{"initial":"0","final":"1"}'
	rt_ok run -b b "$id"
	is "$out" "$(cpus)"
}
test_exec_affinity_final() {
	need root
	need runtime
	two_cpus
	bundle args='/probe sleep' process.execCPUAffinity='{"initial":"0","final":"1"}'
	rt_ok run -d -b b "$id"
	is "$(in_ct "$id" /probe affinity)" 1
	process_file args.1=affinity execCPUAffinity='{"final":"0"}'
	rt_ok exec --process p.json "$id"
	is "$out" 0 'of the file'
	process_file args.1=affinity execCPUAffinity-
	rt_ok exec --process p.json "$id"
	is "$out" 1 "else the container's"
	delete_all
}
# With initial alone the process gets what the container has; the runtime's own cpus show while it waits.
test_exec_affinity_initial() {
	need root
	need runtime
	two_cpus
	bundle args='/probe sleep' process.execCPUAffinity='{"initial":"1"}'
	rt_ok run -d -b b "$id"
	rt_bg exec "$id" /probe sleep
	wait_for sh -c "[ \"\$($PROBE affinity $bg_pid)\" = 1 ]"
	pass 'the runtime runs on the initial cpu'
	is "$(in_ct "$id" /probe affinity)" "$(cpus)" 'the process on all of the container'
	kill "$bg_pid"
	rt_wait
	delete_all
}
test_exec_affinity_lists() {
	need root
	need runtime
	two_cpus
	bundle args='/probe sleep' process.execCPUAffinity='{"initial":"","final":"0-1"}'
	rt_ok run -d -b b "$id"
	is "$(in_ct "$id" /probe affinity)" 0,1
	for l in '0,1' ' 0 , 1' '1,0,' '0-0,1-1'; do
		process_file args.1=affinity "execCPUAffinity={\"final\":\"$l\"}"
		rt_ok exec --process p.json "$id"
		is "$out" 0,1 "list $l"
	done
	delete_all
}
test_exec_affinity_refusals_name_the_field() {
	need root
	need runtime
	for l in x 1-0 0- -1 0x1 99999 0,,a; do
		refused "process.execCPUAffinity.initial: \"$l\" is not a list of cpus" "process.execCPUAffinity={\"initial\":\"$l\"}"
		refused "process.execCPUAffinity.final: \"$l\" is not a list of cpus" "process.execCPUAffinity={\"final\":\"$l\"}"
	done
	bundle args='/probe sleep' process.execCPUAffinity='{"final":"4000"}'
	rt_ok run -d -b b "$id"
	rt exec "$id" /probe true
	is "$status" 255
	has "$err" 'process.execCPUAffinity.final 4000 (none of these cpus'
	process_file args.1=id execCPUAffinity='{"initial":"4000"}'
	rt exec --process p.json "$id"
	is "$status" 255
	has "$err" 'process.execCPUAffinity.initial 4000 (none of these cpus'
	delete_all
}
# A kernel that remembers the caller's affinity would hold init outside of its cpuset.
test_cpuset_overrides_the_callers_affinity() {
	need root
	need runtime
	need controller cpuset
	two_cpus
	need tool taskset
	bundle args='/probe affinity' linux.resources.cpu='{"cpus":"0-1"}'
	taskset -c 1 "$RT" --root "$STATE" run -b b "$id" >out
	is "$(cat out)" 0,1
}

# ---- memory policy --------------------------------------------------------------------------------------

numa() {
	need root
	need runtime
	need file /sys/devices/system/node/node0
	"$PROBE" mempolicy >/dev/null || skip 'needs a kernel with CONFIG_NUMA'
}
policy() { sees mempolicy "$1" "linux.memoryPolicy=$2"; }
test_memory_policy_default() { numa; policy '^mode=default ' '{"mode":"MPOL_DEFAULT"}'; }
test_memory_policy_default_with_empty_nodes() { numa; policy '^mode=default ' '{"mode":"MPOL_DEFAULT","nodes":"","flags":[]}'; }
test_memory_policy_bind() { numa; policy '^mode=bind flags=0 nodes=0x1$' '{"mode":"MPOL_BIND","nodes":"0"}'; }
test_memory_policy_interleave() { numa; policy '^mode=interleave flags=0 nodes=0x1$' '{"mode":"MPOL_INTERLEAVE","nodes":"0"}'; }
test_memory_policy_preferred() { numa; policy '^mode=preferred flags=0 nodes=0x1$' '{"mode":"MPOL_PREFERRED","nodes":"0"}'; }
test_memory_policy_preferred_without_nodes() { numa; policy '^mode=(preferred|local) ' '{"mode":"MPOL_PREFERRED"}'; }
# (Linux before 5.14 says "preferred", of no node)
test_memory_policy_local() { numa; policy '^mode=(local |preferred flags=0 nodes=0$)' '{"mode":"MPOL_LOCAL"}'; }
test_memory_policy_preferred_many() { numa; need kernel 5.15; policy '^mode=preferred_many flags=0 nodes=0x1$' '{"mode":"MPOL_PREFERRED_MANY","nodes":"0"}'; }
test_memory_policy_weighted_interleave() { numa; need kernel 6.9; policy '^mode=weighted_interleave flags=0 nodes=0x1$' '{"mode":"MPOL_WEIGHTED_INTERLEAVE","nodes":"0"}'; }
test_memory_policy_static_nodes() { numa; policy '^mode=bind flags=0x8000 nodes=0x1$' '{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_STATIC_NODES"]}'; }
test_memory_policy_relative_nodes() { numa; policy '^mode=bind flags=0x4000 nodes=0x1$' '{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_RELATIVE_NODES"]}'; }
test_memory_policy_numa_balancing() {
	numa
	need kernel 5.12
	bundle args='/probe mempolicy' linux.memoryPolicy='{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_NUMA_BALANCING"]}'
	rt_ok run -b b "$id"
	like "$out" '^mode=bind flags=0x2000 nodes=0x1$'
}
test_memory_policy_of_two_nodes() {
	numa
	need file /sys/devices/system/node/node1
	policy '^mode=interleave flags=0 nodes=0x3$' '{"mode":"MPOL_INTERLEAVE","nodes":"0-1"}'
	policy '^mode=bind flags=0 nodes=0x2$' '{"mode":"MPOL_BIND","nodes":"1"}'
}
test_memory_policy_with_a_filter_that_forbids_it() {
	numa
	need seccomp
	for n in true false; do
		sees mempolicy '^mode=bind ' linux.memoryPolicy='{"mode":"MPOL_BIND","nodes":"0"}' process.noNewPrivileges=$n \
			linux.seccomp='{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["set_mempolicy","personality"],"action":"SCMP_ACT_ERRNO"}]}'
	done
}
test_memory_policy_refusals_name_the_field() {
	need root
	need runtime
	p=linux.memoryPolicy
	refused "$p: mode is required" $p='{"nodes":"0"}'
	refused "$p.mode: unknown value \"MPOL_X\"" $p='{"mode":"MPOL_X"}'
	refused "$p.flags[0]: unknown value \"MPOL_F_X\"" $p='{"mode":"MPOL_DEFAULT","flags":["MPOL_F_X"]}'
	for m in DEFAULT LOCAL; do refused "$p.nodes: MPOL_$m takes none" $p="{\"mode\":\"MPOL_$m\",\"nodes\":\"0\"}"; done
	for m in BIND INTERLEAVE WEIGHTED_INTERLEAVE PREFERRED_MANY; do refused "$p.nodes: MPOL_$m needs at least one" $p="{\"mode\":\"MPOL_$m\"}"; done
	for l in x 1-0 1024 -; do refused "$p.nodes: \"$l\" is not a list of nodes" $p="{\"mode\":\"MPOL_BIND\",\"nodes\":\"$l\"}"; done
}
test_memory_policy_refused_by_the_kernel() {
	numa
	refused 'linux.memoryPolicy: MPOL_BIND of 900 (no such node' linux.memoryPolicy='{"mode":"MPOL_BIND","nodes":"900"}'
	refused 'linux.memoryPolicy: MPOL_BIND of 0 (' linux.memoryPolicy='{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_STATIC_NODES","MPOL_F_RELATIVE_NODES"]}'
}
test_memory_policy_of_a_kernel_without_it() {
	need root
	need runtime
	"$PROBE" mempolicy >/dev/null && skip 'needs a kernel without CONFIG_NUMA'
	refused 'the kernel lacks CONFIG_NUMA' linux.memoryPolicy='{"mode":"MPOL_BIND","nodes":"0"}'
}

# ---- personality ------------------------------------------------------------------------------------------

test_personality_linux32() {
	need root
	need runtime
	case $(uname -m) in x86_64) ;; *) skip 'needs x86_64' ;; esac
	sees machine '^i686$' linux.personality='{"domain":"LINUX32"}'
	sees personality '^0*8$' linux.personality='{"domain":"LINUX32","flags":[]}'
}
test_personality_linux() {
	need root
	need runtime
	sees machine "^$(uname -m)\$" linux.personality='{"domain":"LINUX"}'
}
test_personality_refusals_name_the_field() {
	need root
	need runtime
	p=linux.personality
	refused "$p: domain is required" $p={}
	refused "$p.domain: unknown value \"BSD\"" $p='{"domain":"BSD"}'
	refused "$p.flags[0]: unknown value \"ADDR_NO_RANDOMIZE\"" $p='{"domain":"LINUX","flags":["ADDR_NO_RANDOMIZE"]}'
}
test_personality_with_a_filter_that_forbids_it() {
	need root
	need runtime
	need seccomp
	# which a kernel for riscv64 does not let see
	case $(uname -m) in x86_64 | i?86 | aarch64 | arm*) ;; *) skip 'needs a machine of two names' ;; esac
	for n in true false; do
		sees machine '^i[36]86|^arm' linux.personality='{"domain":"LINUX32"}' process.noNewPrivileges=$n \
			linux.seccomp='{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["personality"],"action":"SCMP_ACT_ERRNO"}]}'
	done
}

# ---- groups, umask, environment -----------------------------------------------------------------------------

test_keep_original_groups() {
	need root
	need runtime
	setpriv --help 2>&1 | grep -q -e --groups || skip 'needs setpriv --groups'
	bundle args='/probe id' 'annotations.[run.oci.keep_original_groups]="1"'
	setpriv --groups 1234,5678 "$RT" --root "$STATE" run -b b "$id" >out
	like "$(cat out)" 'groups=(0,)?1234,5678'
	bundle args='/probe id' 'annotations.[run.oci.keep_original_groups]="0"'
	setpriv --groups 1234,5678 "$RT" --root "$STATE" run -b b "$id" >out
	unlike "$(cat out)" 1234
}
test_exec_takes_umask_and_oom_score_of_the_container() {
	need root
	need runtime
	bundle args='/probe sleep' process.user.umask=27 process.oomScoreAdj=321
	rt_ok run -d -b b "$id"
	printf '{"cwd":"/","args":["/probe","id"]}' >p.json
	rt_ok exec --process p.json "$id"
	like "$out" 'umask=0033'
	printf '{"cwd":"/","args":["/probe","oomadj"]}' >p.json
	rt_ok exec --process p.json "$id"
	is "$out" 321
	printf '{"cwd":"/","args":["/probe","oomadj"],"oomScoreAdj":400}' >p.json
	rt_ok exec --process p.json "$id"
	is "$out" 400
	delete_all
}
test_environment_entries_must_be_pairs() {
	need root
	need runtime
	refused 'process.env[1]: "NAME" is not NAME=VALUE' 'process.env=["A=","NAME"]'
	refused 'process.env[0]: "=x" is not NAME=VALUE' 'process.env=["=x"]'
	refused 'process.env[0]: "" is not NAME=VALUE' 'process.env=[""]'
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	rt exec -e NAME "$id" /probe true
	is "$status" 255
	has "$err" '"NAME" is not NAME=VALUE'
	delete_all
}
test_console_size_without_a_terminal_is_ignored() {
	need root
	bundle args='/probe true' process.terminal=false process.consoleSize='{"height":5,"width":7}'
	rt_ok run -b b "$id"
	is "$err" ''
}

run_tests
