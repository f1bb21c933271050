#!/bin/sh
# small.t - kernels without what a container may ask for: one that does not ask runs, one that asks gets the option's name.
#
# In the machines of test/vm-small, which brings the configuration that the kernel was built from; the last ones anywhere,
# where a filter answers for the kernel.
. "${0%/*}/lib.sh"

CONFIG=$TESTS/../build/small/config
[ -n "$TEST_VM" ] && [ -f "$CONFIG" ] || : "${ONLY:=test_any_*}"
small() { need vm; need runtime; need file "$CONFIG"; [ "$(wc -c <"$CONFIG")" -lt 80000 ] || skip 'needs a small kernel'; }
# built CONFIG_X: is it in this kernel?
built() { grep -qx "$1=y" "$CONFIG"; }

# minimal [EDIT...]: a bundle that asks for nothing but a mount namespace
minimal() {
	mkdir -p b/rootfs
	cp "$PROBE" b/rootfs/probe
	echo '{"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"args":["/probe","id"],"cwd":"/"},"linux":{"namespaces":[{"type":"mount"}]}}' >b/config.json
	[ $# = 0 ] || edit b/config.json "$@"
}

test_nothing_asked_for() {
	small
	minimal
	rt_ok run -b b "$id"
	like "$out" '^uid=0'
	# where there are cgroups it would have had a device policy
	want=
	! built CONFIG_CGROUPS || built CONFIG_BPF_SYSCALL || want='no device policy (the kernel lacks CONFIG_BPF_SYSCALL)'
	is "$err" "${want:+runtime: warning: $want}" 'complaint'
	rt_ok check -b b
	minimal 'process.args=["/probe","sleep"]'
	rt_ok run -d -b b "$id"
	is "$(status_of "$id")" running
	like "$(in_ct "$id" /probe id)" '^uid=0'
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	rt_ok delete "$id"
	rt_ok create -b b "$id"
	rt_ok start "$id"
	rt_ok delete -f "$id"
}

test_without_a_mount_namespace() {
	small
	minimal linux.namespaces=[] 'process.args=["/probe","id"]'
	rt_ok run -b b "$id"
	like "$out" '^uid=0'
}

# What is missing for the container of `spec` is said by its name, and `check` says the same.
test_the_default_container() {
	local missing=
	small
	for o in UTS_NS PID_NS NET_NS IPC_NS CGROUPS POSIX_MQUEUE UNIX98_PTYS CGROUP_BPF; do
		built CONFIG_$o || missing="$missing CONFIG_$o"
	done
	minimal
	(cd b && rm config.json && "$RT" spec) || fail spec
	edit b/config.json process.terminal=false 'process.args=["/probe","id"]'
	rt check
	checked=$status table=$out
	rt run -b b "$id"
	note "$err"
	if [ -z "$missing" ]; then
		is "$status" 0 'it runs'
		is "$checked" 0 'as check said'
		has "$table" 'A default container can run here.'
	else
		is "$status" 1
		is "$checked" 1 'as check said'
		has "$table" 'A default container cannot run here.'
		named=$(printf '%s\n' "$err" | grep -o 'CONFIG_[A-Z0-9_]*')
		has "$missing " " $named " 'an option that is missing'
		for o in $missing; do like "$table" "no  *yes  *$o " "$o: in the table"; done
	fi
	rt check --format json
	is "$status" "$checked" 'status with json'
	printf '%s\n' "$out" >json
	[ -z "$missing" ] && want=true || want=false
	is "$(json get runs json)" $want
}

test_check_agrees_with_the_configuration() {
	small
	rt check
	# what hardware, a mount or another option decides too
	printf '%s\n' "$out" | grep ' CONFIG_' | grep -vE '^(mount namespace|cgroup2 mounted|tmpfs|resctrl|device programs) ' | sed 's/   */\t/g' |
		while IFS="$(printf '\t')" read -r name here _ option _; do
			if built "$option"; then echo "$name yes $here $option"; else echo "$name no $here $option"; fi
		done >rows
	ok [ "$(wc -l <rows)" -gt 25 ]
	is "$(awk '$(NF - 1) != $(NF - 2)' rows)" '' 'rows that differ (name, configuration, answer)'
}

# asks OPTION EDIT...: such a container runs where the option was built in; elsewhere both `run` and `check --bundle` name it
asks() {
	local option="$1"
	shift
	minimal "$@"
	rt run -b b "$id"
	if built "$option"; then
		is "$status" 0 "$option is there, $*: runs"
		rt check -b b
		is "$status" 0 "$option: check says so"
	else
		is "$status" 1 "$option is not there, $*: fails"
		like "$err" "^runtime: .*$option(\$|[^A-Z_])" "$option: why"
		rt check -b b
		is "$status" 1 "$option: check knows"
		like "$out" "^[^ ]+  *no  *yes .*$option([^A-Z_]|\$)" "$option: check names it"
	fi
}

test_namespaces() {
	small
	for ns in ipc:IPC_NS uts:UTS_NS network:NET_NS pid:PID_NS time:TIME_NS cgroup:CGROUPS; do
		asks "CONFIG_${ns#*:}" "linux.namespaces+={\"type\":\"${ns%:*}\"}"
	done
	asks CONFIG_USER_NS 'linux.namespaces+={"type":"user"}' 'linux.uidMappings=[{"containerID":0,"hostID":0,"size":1}]' \
		'linux.gidMappings=[{"containerID":0,"hostID":0,"size":1}]'
}

test_file_systems() {
	small
	for fs in proc:PROC_FS sysfs:SYSFS tmpfs:TMPFS devpts:UNIX98_PTYS mqueue:POSIX_MQUEUE cgroup:CGROUPS; do
		asks "CONFIG_${fs#*:}" "mounts=[{\"destination\":\"/m\",\"type\":\"${fs%:*}\",\"source\":\"none\"}]"
	done
	built CONFIG_OVERLAY_FS || asks CONFIG_OVERLAY_FS \
		"mounts=[{\"destination\":\"/m\",\"type\":\"overlay\",\"source\":\"none\",\"options\":[\"lowerdir=/bin:/etc\"]}]"
}

# Without cgroups at all that is what is missing.
test_limits() {
	small
	cg() { if built CONFIG_CGROUPS; then asks "$@"; else shift; asks CONFIG_CGROUPS "$@"; fi; }
	cg CONFIG_MEMCG linux.resources.memory.limit=100000000
	cg CONFIG_CGROUP_PIDS linux.resources.pids.limit=10
	# a cpu controller without shares is seen in a cgroup only: "check" makes none
	if ! built CONFIG_CGROUP_SCHED; then cg CONFIG_CGROUP_SCHED linux.resources.cpu.shares=100
	elif built CONFIG_FAIR_GROUP_SCHED; then cg CONFIG_FAIR_GROUP_SCHED linux.resources.cpu.shares=100; fi
	cg CONFIG_CFS_BANDWIDTH linux.resources.cpu.quota=10000
	cg CONFIG_CPUSETS 'linux.resources.cpu.cpus="0"'
	cg CONFIG_CGROUP_HUGETLB 'linux.resources.hugepageLimits=[{"pageSize":"2MB","limit":0}]'
	cg CONFIG_BLK_CGROUP 'linux.resources.blockIO.throttleReadBpsDevice=[{"major":1,"minor":0,"rate":1000}]'
	cg CONFIG_CGROUP_RDMA 'linux.resources.rdma={"mlx":{"hcaHandles":1}}'
	cg CONFIG_BPF_SYSCALL 'linux.resources.devices=[{"allow":false,"access":"rwm"}]'
}

test_a_cgroup_by_name() {
	small
	asks CONFIG_CGROUPS "linux.cgroupsPath=/$id"
}

test_the_rest() {
	small
	asks CONFIG_SECCOMP_FILTER 'linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_ERRNO"}]}'
	asks CONFIG_NUMA 'linux.memoryPolicy={"mode":"MPOL_LOCAL"}'
	asks CONFIG_BLOCK 'process.ioPriority={"class":"IOPRIO_CLASS_BE","priority":4}'
	asks CONFIG_SECURITY_APPARMOR process.apparmorProfile=some
	asks CONFIG_SECURITY_SELINUX process.selinuxLabel=some
}

test_terminal() {
	small
	if built CONFIG_UNIX98_PTYS; then
		minimal process.terminal=true 'process.args=["/probe","tty"]' \
			'mounts=[{"destination":"/dev","type":"tmpfs","source":"none"},{"destination":"/dev/pts","type":"devpts","source":"none","options":["newinstance","ptmxmode=0666"]}]'
		like "$("$PROBE" pty "$RT" --root "$STATE" run -b b "$id" 2>&1 | tr -d '\r')" '^0 tty'
	else
		asks CONFIG_UNIX98_PTYS process.terminal=true
	fi
}

# ---- on any kernel: what a system call that does not exist is made of ------------------------------------------

# without SYSCALL: runs b so
without() {
	"$PROBE" deadline "$RT_LIMIT" "$PROBE" nosys "$1" "$RT" --root "$STATE" run -b b "$id" >out 2>err
	status=$? out=$(cat out) err=$(cat err)
	note "without $1: $status $err"
}

test_any_kernel_without_a_call_that_is_asked_for() {
	need root
	need runtime
	need cgroup2
	need seccomp
	bundle 'process.ioPriority={"class":"IOPRIO_CLASS_BE","priority":4}' \
		'linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_ERRNO"}]}'
	for c in seccomp:SECCOMP_FILTER bpf:BPF_SYSCALL socketpair:UNIX flock:FILE_LOCKING ioprio_set:BLOCK set_mempolicy:NUMA; do
		[ "$c" != set_mempolicy:NUMA ] || bundle 'linux.memoryPolicy={"mode":"MPOL_LOCAL"}'
		without "${c%:*}"
		is "$status" 1 "without ${c%:*}"
		like "$err" "^runtime: .*the kernel lacks CONFIG_${c#*:}(\)|\$)" 'why'
	done
}

test_any_kernel_without_calls_that_are_not_asked_for() {
	need root
	need runtime
	need cgroup2
	need seccomp
	bundle linux.resources- 'linux.memoryPolicy={"mode":"MPOL_DEFAULT"}'    # which is no policy
	for c in seccomp keyctl set_mempolicy ioprio_set; do
		without $c
		is "$status $err" '0 ' "without $c"
	done
	without bpf
	is "$status" 0 'without bpf'
	has "$err" 'no device policy (the kernel lacks CONFIG_BPF_SYSCALL)'
}

run_tests
