#!/bin/sh
# update.t - "update" changes limits of a container that lives.
. "${0%/*}/lib.sh"

says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }

# up EDIT...: a running container with these edits; $dir is its cgroup
up() {
	need root
	need cgroup2
	bundle args='/probe sleep' "$@"
	rt_ok run -d -b b "$id"
	dir=$(cg "$(pid_of "$id")")
}
down() { rt_ok delete -f "$id"; }

# value FILE WANT: what the file of the cgroup says
value() { is "$(cat "$dir/$1")" "$2" "$1"; }

update() { rt_ok update "$@" "$id"; is "$out$err" '' 'silent'; }

# from JSON: update -r -
from() { echo "$1" >r.json; rt_ok update -r r.json "$id"; }

# ---- flags ---------------------------------------------------------------------------------------

test_memory() {
	need controller memory
	up 'linux.resources.memory={"limit":33554432,"reservation":16777216}'
	update --memory 64m
	value memory.max 67108864
	value memory.low 16777216
	update --memory 50331648
	value memory.max 50331648
	update --memory=-1
	value memory.max max
	down
}

test_memory_reservation() {
	need controller memory
	up
	update --memory-reservation 20M
	value memory.low 20971520
	value memory.max max
	update --memory-reservation -1
	value memory.low max
	down
}

test_memory_swap() {
	need controller memory
	up 'linux.resources.memory={"limit":33554432,"swap":50331648}'
	[ -e "$dir/memory.swap.max" ] || { down; skip 'needs memory.swap.max'; }
	value memory.swap.max 16777216
	update --memory-swap 64m
	value memory.swap.max 33554432
	value memory.max 33554432
	update --memory-swap -1
	value memory.swap.max max
	value memory.max 33554432
	update --memory 48m --memory-swap 48m
	value memory.max 50331648
	value memory.swap.max 0
	down
}

# "swap" is memory and swap together: it stays when only the memory changes.
test_memory_alone_keeps_the_sum() {
	need controller memory
	up 'linux.resources.memory={"limit":33554432,"swap":50331648}'
	[ -e "$dir/memory.swap.max" ] || { down; skip 'needs memory.swap.max'; }
	update --memory 40m
	value memory.max 41943040
	value memory.swap.max 8388608
	rt_fails update --memory 64m "$id"
	has "$err" 'memory+swap limit should be >= memory limit'
	value memory.max 41943040
	update --memory -1
	value memory.max max
	value memory.swap.max max
	down
}

test_swap_without_a_memory_limit() {
	need controller memory
	up
	rt_fails update --memory-swap 64m "$id"
	has "$err" 'unable to set swap limit without memory limit'
	down
}

test_kernel_memory_is_ignored_with_a_warning() {
	up
	rt_ok update --kernel-memory 64m --kernel-memory-tcp 64m "$id"
	has "$err" ignored
	down
}

test_cpu_quota_and_period() {
	need controller cpu
	up 'linux.resources.cpu={"quota":50000,"period":200000}'
	update --cpu-quota 60000
	value cpu.max '60000 200000'
	update --cpu-period 100000
	value cpu.max '60000 100000'
	update --cpu-quota 20000 --cpu-period 50000
	value cpu.max '20000 50000'
	update --cpu-quota -1
	value cpu.max 'max 50000'
	down
}

test_cpu_burst() {
	need controller cpu
	need kernel 5.14
	up 'linux.resources.cpu={"quota":50000,"period":100000,"burst":40000}'
	update --cpu-burst 30000
	value cpu.max.burst 30000
	update --cpu-quota 20000 --cpu-burst 10000
	value cpu.max '20000 100000'
	value cpu.max.burst 10000
	update --cpu-quota 60000 --cpu-burst 50000
	value cpu.max '60000 100000'
	value cpu.max.burst 50000
	update --cpu-burst 0
	value cpu.max.burst 0
	rt_fails update --cpu-burst 70000 "$id"
	has "$err" cpu.max.burst
	value cpu.max.burst 0
	down
}

test_cpu_share() {
	need controller cpu
	need runtime		# runc 1.1 has another curve
	up
	update --cpu-share 2048
	value cpu.weight 174
	update --cpu-shares 512
	value cpu.weight 59
	down
}

test_cpu_idle() {
	need controller cpu
	up
	[ -e "$dir/cpu.idle" ] || { down; skip 'needs cpu.idle'; }
	update --cpu-idle 1
	value cpu.idle 1
	update --cpu-idle 0
	value cpu.idle 0
	down
}

test_cpuset() {
	need controller cpuset
	up 'linux.resources.cpu={"cpus":"0-1","mems":"0"}'
	update --cpuset-cpus 1
	value cpuset.cpus 1
	value cpuset.mems 0
	is "$(in_ct "$id" /probe affinity)" 1
	[ "$(cat "$CGROUP/cpuset.mems.effective")" = 0-1 ] || { down; skip 'needs two memory nodes'; }
	update --cpuset-mems 1
	value cpuset.mems 1
	value cpuset.cpus 1
	down
}

test_blkio_weight() {
	need controller io
	up
	[ -e "$dir/io.weight" ] || { down; skip 'needs io.weight'; }
	[ ! -e "$dir/io.bfq.weight" ] || { down; skip 'needs a machine without bfq'; }
	update --blkio-weight 500
	value io.weight 'default 4950'
	rt_fails update --blkio-weight 5 "$id"
	has "$err" 10..1000
	down
}

test_pids_limit() {
	need controller pids
	up 'linux.resources.pids={"limit":20}'
	update --pids-limit 40
	value pids.max 40
	update --pids-limit -1
	value pids.max max
	down
}

test_several_at_once() {
	need controller pids
	need controller memory
	up
	update --pids-limit 9 --memory 32m --cpu-quota 30000
	value pids.max 9
	value memory.max 33554432
	value cpu.max '30000 100000'
	down
}

test_nothing_is_nothing() {
	up
	find "$dir" -type f -name '*.max' -exec cat {} + >before
	update
	find "$dir" -type f -name '*.max' -exec cat {} + >after
	is "$(cat after)" "$(cat before)"
	down
}

test_flags_after_the_id() {
	need controller pids
	up
	rt_ok update "$id" --pids-limit 7
	value pids.max 7
	down
}

# ---- resources as JSON ---------------------------------------------------------------------------

test_file() {
	need controller memory
	need controller pids
	need controller cpu
	up 'linux.resources.memory={"limit":33554432}' 'linux.resources.pids={"limit":20}'
	from '{"memory":{"limit":67108864,"reservation":1048576},"cpu":{"quota":40000,"period":80000},"pids":{"limit":30}}'
	value memory.max 67108864
	value memory.low 1048576
	value cpu.max '40000 80000'
	value pids.max 30
	from '{"memory":{},"cpu":{},"blockIO":{},"pids":null}'
	value memory.max 67108864
	value cpu.max '40000 80000'
	value pids.max 30
	down
}

test_stdin() {
	need controller pids
	up
	echo '{"pids":{"limit":33}}' | "$RT" --root "$STATE" update --resources - "$id" >out 2>err
	is "$?$(cat out err)" 0
	value pids.max 33
	echo '{"pids":{"limit":34}}' | "$RT" --root "$STATE" update --resources=- "$id" >out 2>err
	is "$?$(cat out err)" 0
	value pids.max 34
	down
}

test_file_alone_counts() {
	need controller pids
	need controller cpu
	up
	echo '{"cpu":{"quota":40000}}' >r.json
	rt_ok update -r r.json --pids-limit 5 "$id"
	value cpu.max '40000 100000'
	value pids.max max
	down
}

test_hugepages_and_unified() {
	need controller hugetlb
	need runtime		# runc leaves them
	up
	from '{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}],"unified":{"cgroup.max.depth":"7"}}'
	value hugetlb.2MB.max 4194304
	value cgroup.max.depth 7
	down
}

test_io_throttle() {
	need controller io
	need runtime		# runc leaves them
	[ -r /sys/block/nullb0/dev ] || skip 'needs a disk'
	disk=$(cat /sys/block/nullb0/dev)
	d="{\"major\":${disk%:*},\"minor\":${disk#*:},\"rate\":"
	up "linux.resources.blockIO={\"throttleReadBpsDevice\":[${d}1048576}]}"
	from "{\"blockIO\":{\"throttleWriteBpsDevice\":[${d}2097152}]}}"
	value io.max "$disk rbps=1048576 wbps=2097152 riops=max wiops=max"
	from "{\"blockIO\":{\"throttleReadBpsDevice\":[${d}0}]}}"
	value io.max "$disk rbps=max wbps=2097152 riops=max wiops=max"
	down
}

test_check_before_update() {
	need controller memory
	need runtime		# runc 1.1 does not know it
	bundle args='/probe memory 16 100' 'linux.resources.memory={"limit":67108864,"swap":67108864}'
	"$RT" --root "$STATE" run -d -b b "$id" >ct.out
	dir=$(cg "$(pid_of "$id")")
	wait_for sh -c "[ \$(cat $dir/memory.current) -gt 16777216 ]"
	echo '{"memory":{"limit":8388608,"checkBeforeUpdate":true}}' >r.json
	rt_fails update -r r.json "$id"
	has "$err" 'rejecting memory limit 8388608 <= usage'
	value memory.max 67108864
	is "$(status_of "$id")" running
	echo '{"memory":{"limit":50331648,"swap":50331648,"checkBeforeUpdate":true}}' >r.json
	rt_ok update -r r.json "$id"
	value memory.max 50331648
	down
}

test_check_before_update_of_the_config() {
	need controller memory
	need runtime
	bundle args='/probe memory 16 100' 'linux.resources.memory={"limit":67108864,"swap":67108864,"checkBeforeUpdate":true}'
	"$RT" --root "$STATE" run -d -b b "$id" >ct.out
	dir=$(cg "$(pid_of "$id")")
	wait_for sh -c "[ \$(cat $dir/memory.current) -gt 16777216 ]"
	rt_fails update --memory 8m "$id"
	has "$err" 'rejecting memory limit'
	is "$(status_of "$id")" running
	down
}

# The device policy is nobody's to update: others may have added to it.
test_devices_are_left_alone() {
	up
	is "$(in_ct "$id" /probe open-dev /dev/zero)" ok
	from '{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":7,"minor":7,"access":"r"}]}'
	is "$(in_ct "$id" /probe open-dev /dev/zero)" ok
	down
}

# ---- what fails ----------------------------------------------------------------------------------

# The old limits are back, also those that had been written already.
test_a_failing_update_leaves_the_old_limits() {
	need runtime
	up 'linux.resources.unified={"cgroup.max.depth":"5","cgroup.max.descendants":"6"}'
	echo '{"unified":{"cgroup.max.depth":"8","cgroup.max.descendants":"9","cgroup.freeze":"maybe"}}' >r.json
	rt_fails update -r r.json "$id"
	has "$err" cgroup.freeze
	has "$err" maybe
	value cgroup.max.depth 5
	value cgroup.max.descendants 6
	down
}

test_a_failing_update_leaves_every_controllers_limits() {
	need kernel 5.14                        # cpu.max.burst
	need runtime
	need controller memory
	need controller io
	need controller cpuset
	need controller hugetlb
	[ -r /sys/block/nullb0/dev ] || skip 'needs a disk'
	disk=$(cat /sys/block/nullb0/dev)
	d="{\"major\":${disk%:*},\"minor\":${disk#*:},\"rate\":"
	up 'linux.resources.memory={"limit":33554432,"swap":50331648}' 'linux.resources.cpu={"quota":50000,"period":200000,"shares":1024}' \
		'linux.resources.pids={"limit":20}'
	set -- memory.max memory.swap.max memory.low cpu.max cpu.weight cpu.max.burst cpuset.cpus.effective cpuset.mems.effective pids.max io.max io.weight hugetlb.2MB.max
	for f; do cat "$dir/$f"; done >before
	cat >r.json <<-E
	{"memory":{"limit":25165824,"swap":33554432,"reservation":1048576},"cpu":{"quota":60000,"shares":512,"burst":1000,"cpus":"0","mems":"0"},
	"pids":{"limit":30},"blockIO":{"weight":500,"throttleReadBpsDevice":[${d}1000000}]},"hugepageLimits":[{"pageSize":"2MB","limit":2097152}],
	"unified":{"memory.high":"12582912","pids.max":"many"}}
	E
	rt_fails update -r r.json "$id"
	has "$err" many
	is "$(wc -l <err)" 1 'one line'
	for f; do cat "$dir/$f"; done >after
	is "$(cat after)" "$(cat before)" 'all as before'
	value memory.high max
	down
}

test_missing_controller() {
	have controller pids && skip 'needs a machine without the pids controller'
	need runtime
	up
	rt_fails update --pids-limit 10 "$id"
	has "$err" 'pids controller'
	down
}

test_bad_values() {
	need runtime
	up
	for f in 'memory 1x' 'memory -2' 'cpu-quota 1k' 'cpu-share x' 'pids-limit 1.5' 'blkio-weight z' 'cpu-idle yes'; do
		rt_fails update "--${f% *}" "${f#* }" "$id"
		has "$err" "${f% *}" "$f is refused"
	done
	rt_fails update --cpu-rt-runtime 1000 "$id"
	has "$err" realtime
	rt_fails update --cpu-rt-period 1000 "$id"
	has "$err" realtime
	rt_fails update --l3-cache-schema L3:0=f "$id"
	rt_fails update --mem-bw-schema MB:0=20 "$id"
	down
}

test_bad_file() {
	need runtime
	up
	rt_fails update -r /no/such/file "$id"
	has "$err" /no/such/file
	echo '{"memory":{"limit":"1"}}' >r.json
	rt_fails update -r r.json "$id"
	has "$err" memory.limit
	echo '{' >r.json
	rt_fails update -r r.json "$id"
	has "$err" 'line 2'
	echo '[]' >r.json
	rt_fails update -r r.json "$id"
	has "$err" object
	down
}

test_created_and_paused() {
	need controller pids
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	dir=$(cg "$(pid_of "$id")")
	update --pids-limit 11
	value pids.max 11
	rt_ok start "$id"
	rt_ok pause "$id"
	update --pids-limit 12
	value pids.max 12
	is "$(status_of "$id")" paused 'stays paused'
	down
}

test_stopped() {
	need root
	bundle args='/probe true'
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	rt_fails update --pids-limit 10 "$id"
	says 'container not running'
	down
}

test_no_container() {
	rt_fails update --pids-limit 10 "$id"
	says "$id: container does not exist"
	rt_fails update
}

run_tests
