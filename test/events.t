#!/bin/sh
# events.t - "events" shows what a container uses, and OOM kills.
. "${0%/*}/lib.sh"

# up EDIT...: a running container with these edits; $dir is its cgroup
up() {
	need root
	need cgroup2
	bundle args='/probe sleep' "$@"
	rt_ok run -d -b b "$id"
	dir=$(cg "$(pid_of "$id")")
}
down() { rt_ok delete -f "$id"; }

stats() { rt_ok events --stats "$id"; is "$err" ''; is "$(wc -l <out)" 1 'one line'; ok json check out; }
get() { json get "$1" out; }
lines() { grep -c "$1" "$2" || :; }
# at_least N FILE WORD: FILE has N lines with WORD
at_least() { [ "$(lines "$3" "$2")" -ge "$1" ]; }

test_schema() {
	up
	stats
	is "$(json keys '' out)" 'type
id
data'
	is "$(get type)" stats
	is "$(get id)" "$id"
	is "$(json keys data out | tr '\n' ' ')" 'cpu cpuset memory pids blkio hugetlb intel_rdt network_interfaces '
	for k in data.cpu.usage.total data.cpu.usage.kernel data.cpu.usage.user data.cpu.throttling.periods \
		data.cpu.throttling.throttledPeriods data.cpu.throttling.throttledTime data.memory.usage.limit data.memory.usage.usage \
		data.memory.usage.failcnt data.memory.swap.limit data.memory.kernel.limit data.memory.kernelTCP.limit data.memory.cache \
		data.pids.current data.cpuset.sched_load_balance; do
		like "$(get $k)" '^[0-9]+$' "$k is a number"
	done
	down
}

test_processes_are_counted() {
	up
	stats
	is "$(get data.pids.current)" 1
	in_ct -d "$id" /probe sleep
	stats
	is "$(get data.pids.current)" 2
	down
}

test_pids_limit() {
	need controller pids
	up 'linux.resources.pids={"limit":20}'
	stats
	is "$(get data.pids.limit)" 20
	down
}

test_memory() {
	need controller memory
	bundle args='/probe memory 16 100' 'linux.resources.memory={"limit":67108864,"swap":100663296}'
	"$RT" --root "$STATE" run -d -b b "$id" >ct.out
	dir=$(cg "$(pid_of "$id")")
	wait_for sh -c "[ \$(cat $dir/memory.current) -gt 16777216 ]"
	stats
	is "$(get data.memory.usage.limit)" 67108864
	is "$(get data.memory.swap.limit)" 100663296 'memory and swap'
	used=$(get data.memory.usage.usage)
	[ "$used" -gt 16777216 ] && [ "$used" -lt 67108864 ] && pass "usage $used" || fail "usage $used"
	# before Linux 5.14 this counter is late by some pages for every processor
	version_ge "$(uname -r)" 5.14 && least=16777216 || least=16000000
	[ "$(get data.memory.raw.anon)" -ge $least ] && pass anon || fail "anon: $(get data.memory.raw.anon)"
	is "$(get data.memory.cache)" "$(get data.memory.raw.file)"
	is "$(get data.memory.event_count.oom_kill)" 0
	down
}

test_memory_without_a_limit() {
	need controller memory
	up
	stats
	is "$(get data.memory.usage.limit)" 18446744073709551615
	is "$(get data.memory.swap.limit)" 18446744073709551615
	down
}

test_cpu() {
	need root
	need cgroup2
	bundle args='/probe burn 20'
	rt_ok run -d -b b "$id"
	dir=$(cg "$(pid_of "$id")")
	[ -e "$dir/cpu.stat" ] || { down; skip 'needs cpu.stat'; }
	wait_for sh -c "[ \$(sed -n 's/usage_usec //p' $dir/cpu.stat) -gt 200000 ]"
	stats
	total=$(get data.cpu.usage.total)
	[ "$total" -gt 200000000 ] && [ "$total" -lt 60000000000 ] && pass "nanoseconds: $total" || fail "total $total"
	[ "$(get data.cpu.usage.user)" -le "$total" ] && pass 'user' || fail 'user'
	down
}

test_throttling() {
	need controller cpu
	bundle args='/probe burn 20' 'linux.resources.cpu={"quota":5000,"period":50000}'
	rt_ok run -d -b b "$id"
	dir=$(cg "$(pid_of "$id")")
	wait_for grep -q 'nr_throttled [1-9]' "$dir/cpu.stat"
	stats
	[ "$(get data.cpu.throttling.throttledPeriods)" -gt 0 ] && pass periods || fail periods
	[ "$(get data.cpu.throttling.throttledTime)" -gt 1000000 ] && pass nanoseconds || fail nanoseconds
	down
}

test_pressure() {
	up
	[ -s "$dir/cpu.pressure" ] || { down; skip 'needs pressure stall information'; }
	stats
	for k in cpu memory blkio; do
		[ -s "$dir/$(echo $k | sed s/blkio/io/).pressure" ] || continue
		like "$(get data.$k.psi.some.avg10)" '^[0-9]+(\.[0-9]+)?$' "$k"
		like "$(get data.$k.psi.some.total)" '^[0-9]+$'
	done
	down
}

test_cpuset() {
	need controller cpuset
	up 'linux.resources.cpu={"cpus":"1","mems":"0"}'
	stats
	is "$(get data.cpuset.cpus)" '[1]'
	is "$(get data.cpuset.mems)" '[0]'
	down
}

test_hugetlb() {
	need controller hugetlb
	need file /sys/kernel/mm/hugepages/hugepages-2048kB
	up
	stats
	is "$(get data.hugetlb.2MB.usage)" 0
	is "$(get data.hugetlb.2MB.failcnt)" 0
	down
}

test_io() {
	need controller io
	need file /sys/block/nullb0/dev
	disk=$(cat /sys/block/nullb0/dev)
	up 'linux.resources.devices=[{"allow":true,"access":"rwm"}]'
	sh -c 'echo $$ >"$1/cgroup.procs"
		dd if=/dev/nullb0 of=/dev/null bs=4096 count=16
		dd if=/dev/zero of=/dev/nullb0 bs=4096 count=8 conv=fsync' - "$dir" 2>/dev/null
	wait_for grep -q "^$disk rbytes=[1-9].* wbytes=[1-9]" "$dir/io.stat"
	stats
	is "$(get data.blkio.ioServiceBytesRecursive.0.major)" "${disk%:*}"
	is "$(get data.blkio.ioServiceBytesRecursive.0.minor)" "${disk#*:}"
	is "$(get data.blkio.ioServiceBytesRecursive.0.op)" Read
	is "$(get data.blkio.ioServiceBytesRecursive.0.value)" "$(sed -n "s/^$disk rbytes=\([0-9]*\).*/\1/p" "$dir/io.stat")"
	is "$(get data.blkio.ioServiceBytesRecursive.1.op)" Write
	is "$(get data.blkio.ioServicedRecursive.1.value)" "$(sed -n "s/^$disk .* wios=\([0-9]*\).*/\1/p" "$dir/io.stat")"
	down
}

test_interval() {
	up
	rt_bg events --interval 100ms "$id"
	wait_for at_least 3 bg.out '"stats"'
	rt_ok kill "$id" KILL
	rt_wait
	is "$status" 0 'ends with the container'
	is "$err" ''
	while IFS= read -r l; do
		printf '%s\n' "$l" >line
		ok json check line
		is "$(json get type line)" stats
	done <bg.out
	down
}

test_interval_is_kept() {
	up
	rt_bg events --interval 1h "$id"
	"$PROBE" sleep 0.5
	is "$(cat bg.out)" '' 'nothing before the first interval'
	kill "$bg_pid"
	rt_wait
	down
}

test_bad_interval() {
	need runtime
	up
	for t in 5 x -1s ''; do
		rt_fails events --interval="$t" "$id"
		has "$err" interval "interval \"$t\""
	done
	rt_fails events --interval 0s "$id"
	has "$err" 'duration interval must be greater than 0'
	down
}

test_end_by_delete() {
	up
	rt_bg events --interval 1h "$id"
	"$PROBE" sleep 0.2
	rt_ok delete --force "$id"
	rt_wait
	is "$status$err" 0
}

test_oom_kills() {
	need controller memory
	up 'linux.resources.memory={"limit":33554432,"swap":33554432}'
	rt_bg events --interval 1h "$id"
	"$PROBE" sleep 0.5
	rt exec "$id" /probe memory 64
	is "$status" 137
	wait_for grep -q oom bg.out
	is "$(head -n 1 bg.out)" "{\"type\":\"oom\",\"id\":\"$id\"}"
	is "$(status_of "$id")" running 'only that process'
	stats
	is "$(get data.memory.event_count.oom_kill)" 1
	rt_ok kill "$id" KILL
	rt_wait
	is "$status" 0
	is "$(lines oom bg.out)" 1
	down
}

test_oom_kill_of_init_comes_before_the_end() {
	need controller memory
	need root
	bundle args='/probe memory 64' 'linux.resources.memory={"limit":16777216,"swap":16777216}'
	rt_ok create -b b "$id"
	rt_bg events "$id"
	"$PROBE" sleep 0.5
	rt_ok start "$id"
	rt_wait
	is "$status" 0
	has "$out" '"type":"oom"'
	down
}

test_created_and_paused() {
	need root
	need cgroup2
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	stats
	rt_ok start "$id"
	rt_ok pause "$id"
	stats
	is "$(get data.pids.current)" 1
	down
}

test_stopped() {
	need root
	need cgroup2
	bundle args='/probe true'
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	rt_fails events --stats "$id"
	[ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: container with id $id is not running"
	rt_fails events "$id"
	down
}

test_no_container() {
	rt_fails events --stats "$id"
	[ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $id: container does not exist"
	rt_fails events
}

run_tests
