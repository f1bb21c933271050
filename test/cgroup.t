#!/bin/sh
# cgroup.t - linux.cgroupsPath and linux.resources on cgroup v2.  The policy for devices is in devices.t.
. "${0%/*}/lib.sh"

# limited EDIT...: a created container with these edits; $dir is its cgroup
limited() {
	need root
	need cgroup2
	bundle args='/probe sleep' "$@"
	rt_ok create -b b "$id"
	dir=$(cg "$(pid_of "$id")")
}

# value FILE WANT: what the file of the cgroup says
value() { is "$(cat "$dir/$1")" "$2" "$1"; }

# refused WORD EDIT...: create fails and the message has the word
refused() {
	need root
	need cgroup2
	word=$1
	shift
	bundle args='/probe sleep' "$@"
	rt_fails create -b b "$id"
	has "$err" "$word"
}

# ---- the path -----------------------------------------------------------------------------------

test_absolute_path() {
	limited "linux.cgroupsPath=/$id-a"
	is "$dir" "$CGROUP/$id-a"
	delete_all
	fails test -e "$CGROUP/$id-a"
}

test_absolute_path_with_parents() {
	need root
	need cgroup2
	mkdir "$CGROUP/$id-p"
	limited "linux.cgroupsPath=/$id-p/x/y"
	is "$dir" "$CGROUP/$id-p/x/y"
	delete_all
	fails test -e "$CGROUP/$id-p/x/y"
	rmdir "$CGROUP/$id-p/x" 2>/dev/null
	ok rmdir "$CGROUP/$id-p"
}

test_relative_path() {
	limited "linux.cgroupsPath=$id-r"
	like "$dir" "^$CGROUP(/.*)?/$id-r\$"
	first=$dir
	delete_all
	limited "linux.cgroupsPath=$id-r"
	is "$dir" "$first" 'the same place again'
	delete_all
}

test_default_path_ends_with_the_id() {
	limited
	like "$dir" "/$id\$"
	delete_all
	fails test -e "$dir"
}

test_empty_path_is_the_default() {
	limited 'linux.cgroupsPath=""'
	like "$dir" "/$id\$"
	delete_all
}

test_path_is_cleaned() {
	limited "linux.cgroupsPath=//$id-c/../$id-c/./"
	is "$dir" "$CGROUP/$id-c"
	delete_all
}

test_path_cannot_leave_the_tree() {
	limited "linux.cgroupsPath=/../../../$id-d"
	is "$dir" "$CGROUP/$id-d"
	delete_all
}

test_root_cgroup_is_refused() {
	need runtime		# runc 1.1 tries and is stopped by the kernel
	refused 'root cgroup' linux.cgroupsPath=/
	refused 'root cgroup' linux.cgroupsPath=/a/..
}

test_existing_empty_cgroup_is_taken() {
	need root
	need cgroup2
	mkdir "$CGROUP/$id-e"
	limited "linux.cgroupsPath=/$id-e"
	is "$dir" "$CGROUP/$id-e"
	delete_all
	fails test -e "$CGROUP/$id-e"
}

# holding NAME: a cgroup with a sleeping process, $sleeper
holding() {
	mkdir "$CGROUP/$1"
	"$PROBE" sleep 100 &
	sleeper=$!
	echo $sleeper >"$CGROUP/$1/cgroup.procs"
}

test_cgroup_with_processes_is_refused() {
	need root
	need cgroup2
	need runtime		# runc 1.1 warns
	holding "$id-n"
	refused 'not empty' "linux.cgroupsPath=/$id-n"
	ok kill -0 $sleeper
	kill $sleeper
	wait $sleeper 2>/dev/null
	ok rmdir "$CGROUP/$id-n"
}

test_two_containers_cannot_share_a_cgroup() {
	need runtime
	limited "linux.cgroupsPath=/$id-s"
	bundle -d other args='/probe sleep' "linux.cgroupsPath=/$id-s"
	rt_fails create -b other "$id2"
	is "$(status_of "$id")" created 'the first one lives'
	delete_all
}

test_frozen_cgroup_is_refused() {
	need root
	need cgroup2
	mkdir "$CGROUP/$id-f"
	echo 1 >"$CGROUP/$id-f/cgroup.freeze"
	RT_LIMIT=10 refused frozen "linux.cgroupsPath=/$id-f"
	echo 0 >"$CGROUP/$id-f/cgroup.freeze"
	delete_all
	[ ! -d "$CGROUP/$id-f" ] || rmdir "$CGROUP/$id-f"
}

test_failed_create_leaves_no_cgroup() {
	need root
	need cgroup2
	bundle args=/no/such/program "linux.cgroupsPath=/$id-z"
	rt_fails create -b b "$id"
	fails test -e "$CGROUP/$id-z"
}

test_all_processes_are_inside() {
	limited
	rt_ok start "$id"
	in_ct -d "$id" /probe sleep
	is "$(wc -l <"$dir/cgroup.procs")" 2
	delete_all
}

test_delete_removes_nested_cgroups() {
	limited 'mounts.[destination=/sys/fs/cgroup].options=["nosuid","noexec","nodev"]'
	rt_ok start "$id"
	in_ct "$id" /probe mkdir /sys/fs/cgroup/a >/dev/null
	in_ct "$id" /probe mkdir /sys/fs/cgroup/a/b >/dev/null
	in_ct "$id" /probe mkdir /sys/fs/cgroup/c >/dev/null
	ok test -d "$dir/a/b"
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	rt_ok delete "$id"
	fails test -e "$dir"
}

test_delete_force_kills_what_is_in_nested_cgroups() {
	need runtime		# runc 1.1 leaves the nested cgroup behind
	limited 'mounts.[destination=/sys/fs/cgroup].options=["nosuid","noexec","nodev"]' 'linux.namespaces.[type=pid]-'
	rt_ok start "$id"
	in_ct "$id" /probe mkdir /sys/fs/cgroup/a >/dev/null
	in_ct -d --pid-file "$PWD/pid" "$id" /probe sleep
	cat pid >"$dir/a/cgroup.procs"
	rt_ok delete --force "$id"
	fails test -e "$dir"
	wait_gone "$(cat pid)"
	fails kill -0 "$(cat pid)"
}

test_delete_leaves_the_neighbours() {
	need root
	need cgroup2
	mkdir "$CGROUP/$id-q" "$CGROUP/$id-q/other"
	limited "linux.cgroupsPath=/$id-q/mine"
	delete_all
	ok test -d "$CGROUP/$id-q/other"
	rmdir "$CGROUP/$id-q/other" "$CGROUP/$id-q"
}

# ---- limits -------------------------------------------------------------------------------------

test_no_resources_writes_nothing() {
	limited linux.resources-
	mkdir "$CGROUP/$id-new"
	for f in pids.max memory.max memory.swap.max cpu.max cpu.weight hugetlb.2MB.max cgroup.max.depth; do
		[ ! -e "$dir/$f" ] || value $f "$(cat "$CGROUP/$id-new/$f")"
	done
	rmdir "$CGROUP/$id-new"
	delete_all
}

test_missing_controller_is_named() {
	have controller memory && skip 'needs a machine without the memory controller'
	need runtime		# runc 1.1 skips it or names the file
	refused memory 'linux.resources.memory={"limit":16777216}'
	has "$err" linux.resources.memory.limit
	has "$err" controller
}

test_missing_controllers_of_others_are_named() {
	have controller pids && skip 'needs a machine without the pids controller'
	need runtime
	refused 'pids controller' 'linux.resources.pids={"limit":10}'
	refused 'cpu controller' 'linux.resources.cpu={"quota":10000,"period":100000}'
	refused 'cpuset controller' 'linux.resources.cpu={"cpus":"0"}'
	refused 'memory controller' 'linux.resources.unified={"memory.high":"1000000"}'
}

test_hugepages() {
	need controller hugetlb
	limited 'linux.resources.hugepageLimits=[{"pageSize":"2MB","limit":4194304}]'
	value hugetlb.2MB.max 4194304
	delete_all
}

test_hugepages_reservation() {
	need controller hugetlb
	need runtime		# newer than runc 1.1
	limited 'linux.resources.hugepageLimits=[{"pageSize":"2MB","limit":4194304},{"pageSize":"1GB","limit":0}]'
	value hugetlb.2MB.rsvd.max 4194304
	value hugetlb.1GB.max 0
	delete_all
}

test_hugepages_of_a_size_there_is_not() {
	need controller hugetlb
	refused 3MB 'linux.resources.hugepageLimits=[{"pageSize":"3MB","limit":4194304}]'
}

test_hugepages_bad_size() {
	need runtime
	refused pageSize 'linux.resources.hugepageLimits=[{"pageSize":"../2MB","limit":4194304}]'
}

test_unified() {
	need controller hugetlb
	limited 'linux.resources.unified={"hugetlb.2MB.max":"6291456","cgroup.max.depth":"7"}'
	value hugetlb.2MB.max 6291456
	value cgroup.max.depth 7
	delete_all
}

test_unified_may_have_any_file() {
	limited 'linux.resources.unified={"cgroup.max.descendants":"9"}'
	value cgroup.max.descendants 9
	delete_all
}

test_unified_key_with_a_slash_is_refused() {
	mkdir "$CGROUP/$id-u" 2>/dev/null
	refused unified "linux.resources.unified.[../$id-u/cgroup.max.depth]=\"3\""
	is "$(cat "$CGROUP/$id-u/cgroup.max.depth")" max 'untouched'
	refused unified 'linux.resources.unified.[/cgroup.max.depth]="3"'
	refused unified 'linux.resources.unified.[..]="3"'
	refused unified 'linux.resources.unified.[]="3"'
	rmdir "$CGROUP/$id-u"
}

test_unified_missing_controller() {
	need runtime		# the wording
	refused nosuch 'linux.resources.unified={"nosuch.max":"1"}'
	has "$err" controller
}

test_unified_missing_file() {
	need controller hugetlb
	refused hugetlb.nosuch 'linux.resources.unified={"hugetlb.nosuch":"1"}'
}

test_unified_bad_value() {
	refused cgroup.max.depth 'linux.resources.unified={"cgroup.max.depth":"many"}'
	[ "$RT_NAME" != runtime ] || has "$err" 'invalid argument'
}

test_pids() {
	need controller pids
	limited 'linux.resources.pids={"limit":20}'
	value pids.max 20
	delete_all
}

test_pids_is_in_force() {
	need controller pids
	need root
	bundle args='/probe forkbomb 30' 'linux.resources.pids={"limit":10}'
	rt_ok run -b b "$id"
	is "$out" 'forks=9 EAGAIN'
}

test_pids_unlimited() {
	need controller pids
	limited 'linux.resources.pids={"limit":-1}'
	value pids.max max
	delete_all
}

test_memory() {
	need controller memory
	limited 'linux.resources.memory={"limit":33554432,"reservation":16777216}'
	value memory.max 33554432
	value memory.low 16777216
	delete_all
}

test_memory_is_in_force() {
	need controller memory
	need root
	bundle args='/probe memory 64' 'linux.resources.memory={"limit":16777216,"swap":16777216}'
	rt run -b b "$id"
	is "$status" 137 'killed'
}

test_memory_below_the_limit_is_fine() {
	need controller memory
	need root
	bundle args='/probe memory 8' 'linux.resources.memory={"limit":33554432}'
	rt_ok run -b b "$id"
	is "$out" ok
}

test_memory_unlimited() {
	need controller memory
	limited 'linux.resources.memory={"limit":-1}'
	value memory.max max
	delete_all
}

test_swap_is_memory_and_swap_together() {
	need controller memory
	limited 'linux.resources.memory={"limit":33554432,"swap":50331648}'
	[ -e "$dir/memory.swap.max" ] || { delete_all; skip 'needs memory.swap.max'; }
	value memory.swap.max 16777216
	delete_all
}

test_swap_equal_to_the_limit_is_none() {
	need controller memory
	limited 'linux.resources.memory={"limit":33554432,"swap":33554432}'
	[ -e "$dir/memory.swap.max" ] || { delete_all; skip 'needs memory.swap.max'; }
	value memory.swap.max 0
	delete_all
}

test_swap_unlimited() {
	need controller memory
	limited 'linux.resources.memory={"limit":33554432,"swap":-1}'
	[ -e "$dir/memory.swap.max" ] || { delete_all; skip 'needs memory.swap.max'; }
	value memory.swap.max max
	delete_all
}

test_swap_without_a_limit_is_refused() { need controller memory; refused memory 'linux.resources.memory={"swap":33554432}'; }
test_swap_below_the_limit_is_refused() { need controller memory; refused memory 'linux.resources.memory={"limit":33554432,"swap":16777216}'; }

test_cpu_quota() {
	need controller cpu
	limited 'linux.resources.cpu={"quota":50000,"period":200000}'
	value cpu.max '50000 200000'
	delete_all
}

test_cpu_quota_alone() {
	need controller cpu
	limited 'linux.resources.cpu={"quota":30000}'
	value cpu.max '30000 100000'
	delete_all
}

test_cpu_period_alone() {
	need controller cpu
	limited 'linux.resources.cpu={"period":50000}'
	value cpu.max 'max 50000'
	delete_all
}

test_cpu_quota_unlimited() {
	need controller cpu
	limited 'linux.resources.cpu={"quota":-1,"period":50000}'
	value cpu.max 'max 50000'
	delete_all
}

test_cpu_quota_is_in_force() {
	need controller cpu
	need root
	bundle args='/probe burn 2' 'linux.resources.cpu={"quota":10000,"period":100000}'
	rt_ok run -b b "$id"
	ms=${out#cpu_ms=}
	[ "$ms" -gt 20 ] && [ "$ms" -lt 700 ] && pass "a tenth: $ms ms" || fail "used $ms of 2000 ms"
}

test_cpu_burst() {
	need controller cpu
	limited 'linux.resources.cpu={"quota":50000,"period":100000,"burst":20000}'
	[ -e "$dir/cpu.max.burst" ] || { delete_all; skip 'needs cpu.max.burst'; }
	value cpu.max.burst 20000
	delete_all
}

test_cpu_idle() {
	need controller cpu
	limited 'linux.resources.cpu={"idle":1}'
	[ -e "$dir/cpu.idle" ] || { delete_all; skip 'needs cpu.idle'; }
	value cpu.idle 1
	delete_all
}

# The weights are those of the curve 10^((l*l + 125*l)/612 - 7/34), l = log2(shares).
test_cpu_shares() {
	need controller cpu
	need runtime		# runc 1.1 has another curve
	for pair in 2:1 100:17 512:59 1024:100 2048:174 262144:10000; do
		limited "linux.resources.cpu={\"shares\":${pair%:*}}"
		value cpu.weight "${pair#*:}"
		delete_all
	done
}

test_cpu_shares_out_of_range_are_clamped() {
	need controller cpu
	need runtime
	limited 'linux.resources.cpu={"shares":1}'
	value cpu.weight 1
	delete_all
	limited 'linux.resources.cpu={"shares":1000000}'
	value cpu.weight 10000
	delete_all
}

test_cpu_shares_zero_is_the_default() {
	need controller cpu
	limited 'linux.resources.cpu={"shares":0}'
	value cpu.weight 100
	delete_all
}

test_cpuset() {
	need controller cpuset
	limited 'linux.resources.cpu={"cpus":"0","mems":"0"}'
	value cpuset.cpus 0
	value cpuset.mems 0
	rt_ok start "$id"
	is "$(in_ct "$id" /probe affinity)" 0
	delete_all
}

test_cpuset_of_a_cpu_there_is_not() {
	need controller cpuset
	refused cpu 'linux.resources.cpu={"cpus":"4000"}'
}

test_limits_below_a_parent() {
	need controller pids
	need root
	mkdir -p "$CGROUP/$id-h"
	limited "linux.cgroupsPath=/$id-h/a/b" 'linux.resources.pids={"limit":12}'
	value pids.max 12
	delete_all
	rmdir "$CGROUP/$id-h/a" 2>/dev/null
	ok rmdir "$CGROUP/$id-h"
}

test_realtime_is_refused() {
	need runtime
	refused realtime 'linux.resources.cpu={"realtimeRuntime":1000}'
	refused realtime 'linux.resources.cpu={"realtimePeriod":1000}'
}

test_oom_kill_switch_is_refused() {
	need runtime
	refused disableOOMKiller 'linux.resources.memory={"disableOOMKiller":true}'
}

test_no_cgroup2_is_said_so() {
	need root
	need cgroup2
	need runtime
	bundle linux.resources- 'mounts.[destination=/sys/fs/cgroup]-' 'linux.resources={"pids":{"limit":10}}'
	umount -R "$CGROUP" || skip 'needs a cgroup mount that can be removed'
	rt run -b b "$id"
	isnt "$status" 0
	has "$err" cgroup
	mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$CGROUP"
}

run_tests
