#!/bin/sh
# The systemd cgroup driver (--systemd-cgroup).  First half: against build/dbuspeer, which plays systemd and
# notes what it is told.  Second half (test_real_*): where systemd is pid 1, that is, in test/vm-systemd.
. "${0%/*}/lib.sh"
PEER=${PROBE%/*}/dbuspeer

# peer [KEY=VALUE...]: a host "with systemd": its directories, and the peer on its private socket
peer() {
	need root
	need runtime
	need cgroup2
	need file "$PEER"
	have systemd && skip "systemd runs here"
	mkdir -p /run/systemd || return
	mount -t tmpfs none /run/systemd
	mkdir -p /run/systemd/system
	mkdir -p "$CGROUP/$id"
	start_peer /run/systemd/private "$@"
}

start_peer() {
	local socket=$1
	shift
	: >log
	"$PEER" "$socket" "$PWD/log" "$@" cgroup="$CGROUP/$id" 2>peer.err &
	peer_pid=$!
	wait_for test -S "$socket"
}

# the end of a test with a peer
peer_end() {
	kill "$peer_pid"
	wait "$peer_pid" 2>/dev/null
	[ ! -s peer.err ] || fail "the peer: $(cat peer.err)"
	peer_gone
}

peer_gone() {
	umount /run/dbus 2>/dev/null
	umount /run/systemd
	rmdir "$CGROUP/$id"
}

# The runtime with fault points: it takes shorter time limits from the environment.
impatient() {
	RT=${RT%/*}/build/runtime-debug
	need file "$RT"
	export RUNTIME_BUS_MS="${1:-700}"
}

no_scope() {
	is "$(find "$CGROUP/$id" -name '*.scope')" '' 'no scope is left'
	is "$(ls "$STATE")" '' 'no state is left'
}

# ---- what is asked of systemd -----------------------------------------------------------------

test_scope_is_made_used_and_stopped() {
	peer
	bundle args='/probe sleep' linux.cgroupsPath="a-b.slice:pre:$id"
	rt_ok --systemd-cgroup create -b b "$id"
	rt_ok start "$id"
	like "$(cg "$(pid_of "$id")")" "/$id/pre-$id.scope\$" 'init is in the scope'
	like "$(cat log)" '^StartTransientUnit to org.freedesktop.systemd1 "pre-'"$id"'.scope" "replace"'
	for p in 'Description"=<s "runtime container '"$id"'">' 'Slice"=<s "a-b.slice">' 'Delegate"=<b true>' \
		'DefaultDependencies"=<b false>' 'MemoryAccounting"=<b true>' 'CPUAccounting"=<b true>' \
		'IOAccounting"=<b true>' 'TasksAccounting"=<b true>' "PIDs\"=<au [$(pid_of "$id")]>"; do
		has "$(cat log)" "$p"
	done
	like "$(in_ct "$id" /probe cat /proc/self/cgroup)" '^0::/$' 'exec is in it, and it is the root of the namespace'
	rt_ok delete --force "$id"
	like "$(tail -n 2 log)" "^StopUnit to org.freedesktop.systemd1 \"pre-$id.scope\" \"replace\""
	like "$(tail -n 1 log)" "^ResetFailedUnit to org.freedesktop.systemd1 \"pre-$id.scope\""
	no_scope
	peer_end
}

test_scope_of_run_ends_with_it() {
	peer
	bundle args='/probe true' linux.cgroupsPath="a.slice:pre:$id"
	rt_ok --systemd-cgroup run -b b "$id"
	like "$(cat log)" '^StopUnit '
	no_scope
	peer_end
}

test_cgroup_manager_systemd_is_the_same() {
	peer
	bundle args='/probe true' linux.cgroupsPath='""'
	rt_ok --cgroup-manager systemd run -b b "$id"
	like "$(cat log)" '^StartTransientUnit '
	peer_end
}

test_default_names() {
	peer
	bundle args='/probe true'
	rt_ok --systemd-cgroup run -b b "$id"
	has "$(cat log)" "\"runtime-$id.scope\""
	has "$(cat log)" 'Slice"=<s "system.slice">'
	edit b/config.json "linux.cgroupsPath=\"::$id\""
	rt_ok --systemd-cgroup run -b b "$id"
	has "$(cat log)" "\"-$id.scope\"" 'an empty prefix'
	edit b/config.json "linux.cgroupsPath=\"-.slice:x:$id\""
	rt_ok --systemd-cgroup run -b b "$id"
	has "$(cat log)" 'Slice"=<s "-.slice">' 'the root slice'
	peer_end
}

test_driver_is_remembered() {
	peer
	bundle args='/probe sleep' linux.cgroupsPath="a.slice:pre:$id"
	rt_ok --systemd-cgroup create -b b "$id"
	is "$(json get unit <"$STATE/$id/state.json")" "pre-$id.scope"
	like "$(json get cgroup <"$STATE/$id/state.json")" "/pre-$id.scope\$"
	rt_ok delete --force "$id"
	like "$(cat log)" '^StopUnit '
	peer_end
}

test_limits_become_properties() {
	peer
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id" linux.resources='{"memory":{"limit":67108864,"reservation":1048576,
		"swap":100663296},"cpu":{"shares":1024,"quota":50500,"period":200000,"cpus":"0-2,9","mems":"1"},
		"pids":{"limit":0},"unified":{"memory.high":"33554432","memory.min":"max","io.weight":"default 50"}}'
	rt --systemd-cgroup run -b b "$id"          # the files may be missing here: systemd is told before
	for p in 'MemoryMax"=<t 67108864>' 'MemoryLow"=<t 1048576>' 'MemorySwapMax"=<t 33554432>' 'CPUWeight"=<t 100>' \
		'CPUQuotaPeriodUSec"=<t 200000>' 'CPUQuotaPerSecUSec"=<t 260000>' 'AllowedCPUs"=<ay [7,2]>' \
		'AllowedMemoryNodes"=<ay [2]>' 'TasksMax"=<t 1>' 'MemoryHigh"=<t 33554432>' \
		'MemoryMin"=<t 18446744073709551615>' 'IOWeight"=<t 50>'; do
		has "$(cat log)" "$p"
	done
	no_scope
	peer_end
}

# Without systemd a limit as small as this is written before init is made; here there is no cgroup yet then.
test_small_memory_limit_waits_for_the_scope() {
	peer
	bundle args='/probe sleep' linux.cgroupsPath="a.slice:pre:$id" linux.resources='{"memory":{"limit":8388608}}'
	rt --systemd-cgroup create -b b "$id"
	has "$(cat log)" 'MemoryMax"=<t 8388608>' 'systemd was asked'
	unlike "$err" 'no cgroup'
	rt_ok delete --force "$id"
	no_scope
	peer_end
}

test_no_limit_is_infinity() {
	peer
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id" linux.resources='{"memory":{"limit":-1},"cpu":{"quota":-1},"pids":{"limit":-1}}'
	rt --systemd-cgroup run -b b "$id"
	for p in MemoryMax MemorySwapMax CPUQuotaPerSecUSec TasksMax; do
		has "$(cat log)" "$p\"=<t 18446744073709551615>"
	done
	peer_end
}

test_device_rules_in_systemds_words() {
	peer
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id" linux.resources='{"devices":[{"allow":false,"access":"rwm"},
		{"allow":true,"type":"b","major":8,"access":"r"},{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"}]}'
	rt_ok --systemd-cgroup run -b b "$id"
	has "$(cat log)" 'DevicePolicy"=<s "strict">'
	for d in '"block-8" "r"' '"/dev/char/10:229" "rw"' '"char-*" "m"' '"block-*" "m"' '"/dev/char/1:3" "rwm"' '"char-136" "rwm"'; do
		has "$(cat log)" "$d"
	done
	: >log
	edit b/config.json 'linux.resources.devices+={"allow":true,"type":"c","minor":7,"access":"r"}'
	rt_ok --systemd-cgroup run -b b "$id"
	has "$(cat log)" 'DevicePolicy"=<s "auto">' 'what it has no words for is left to our own program'
	has "$(cat log)" 'DeviceAllow"=<a(ss) []>'
	: >log
	edit b/config.json 'linux.resources.devices=[{"allow":true,"access":"rwm"}]'
	rt_ok --systemd-cgroup run -b b "$id"
	has "$(cat log)" 'DevicePolicy"=<s "auto">' 'everything is allowed'
	peer_end
}

# systemd hears of an update, too, or there is none.
test_update_is_told() {
	peer
	bundle args='/probe sleep' linux.cgroupsPath="a.slice:p:$id"
	rt_ok --systemd-cgroup create -b b "$id"
	: >log
	echo '{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}' >limits
	rt_ok update --resources limits "$id"
	like "$(cat log)" "^SetUnitProperties to org.freedesktop.systemd1 \"p-$id.scope\" true \["
	kill "$peer_pid"
	rm /run/systemd/private
	start_peer /run/systemd/private 'SetUnitProperties=error org.freedesktop.DBus.Error.Failed'
	echo '{"hugepageLimits":[{"pageSize":"2MB","limit":2097152}]}' >limits
	rt_fails update --resources limits "$id"
	is "$err" 'runtime: systemd: SetUnitProperties: the reason it gives'
	is "$(cgread "$(pid_of "$id")" hugetlb.2MB.max)" 4194304 'the limit is the old one again'
	rt_ok delete --force "$id"
	peer_end
}

# ---- annotations --------------------------------------------------------------------------------

# property NAME VALUE: runs with it; $status, and what systemd was told in $out
property() {
	: >log
	edit b/config.json "annotations={\"org.systemd.property.$1\":$(printf '%s' "$2" | sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/')}"
	rt --systemd-cgroup run -b b "$id"
	out=$(sed -n 's/^  *"\(.*\)/\1/p' log | tail -n 1)
}

test_annotations_become_properties() {
	peer
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	while read -r name value want; do
		property "$name" "$(echo "$value" | tr _ ' ')"
		is "$status" 0 "$name $value"
		has "$out" "$(echo "$want" | tr _ ' ')"
	done <<-'END'
	CollectMode 'inactive-or-failed' CollectMode"=<s_"inactive-or-failed">
	CollectMode "inactive" CollectMode"=<s_"inactive">
	Description 'it\'s' Description"=<s_"it's">
	TimeoutStopUSec uint64_5000000 TimeoutStopUSec"=<t_5000000>
	TimeoutStopUSec @t_7 TimeoutStopUSec"=<t_7>
	TimeoutStopSec 10 TimeoutStopUSec"=<t_10000000>
	TimeoutStopSec uint64_3 TimeoutStopUSec"=<t_3000000>
	RuntimeMaxSec 1.25 RuntimeMaxUSec"=<t_1250000>
	KillSignal 9 KillSignal"=<i_9>
	OOMScoreAdjust -5 OOMScoreAdjust"=<i_-5>
	SendSIGHUP true SendSIGHUP"=<b_true>
	DefaultDependencies false DefaultDependencies"=<b_false>
	After ['a.service',_'b.service'] After"=<as_["a.service","b.service"]>
	After @as_[] After"=<as_[]>
	AllowedCPUs [byte_0x07,_2] AllowedCPUs"=<ay_[7,2]>
	MemoryMax uint64_0x1000 MemoryMax"=<t_4096>
	KillSignal int16_-1 KillSignal"=<n_-1>
	KillSignal @x_-9223372036854775808 KillSignal"=<x_-9223372036854775808>
	END
	peer_end
}

test_annotations_that_are_no_value_are_refused() {
	peer
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	while read -r name value; do
		property "$name" "$(echo "$value" | tr _ ' ')"
		is "$status" 1 "$name $value"
		has "$err" "annotation org.systemd.property.$name=" 'the annotation is named'
		has "$err" 'value parse error'
		is "$(cat log)" '' 'systemd was not asked'
	done <<-'END'
	CollectMode inactive
	CollectMode 'open
	CollectMode 'a'_'b'
	TimeoutStopUSec byte_256
	TimeoutStopUSec uint64_-1
	TimeoutStopUSec 2147483648
	TimeoutStopUSec 99999999999999999999999
	TimeoutStopSec -1
	TimeoutStopSec soon
	After ['a',_1]
	After ['a',]
	After ['a'
	After []
	After @as_'a'
	After @s_['a']
	KillSignal @z_1
	SendSIGHUP uint64_true
	END
	property CollectMode ''
	has "$err" 'value parse error' 'nothing at all'
	no_scope
	peer_end
}

# What runs a command, starts or stops another unit, or takes the scope out of its place.
test_annotations_that_do_more_than_limit_are_refused() {
	peer
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	for name in ExecStart ExecStopPost Slice PIDs Wants Requires BindsTo OnFailure PropagatesStopTo Controller \
		CPU/x 'After;' '' X; do
		property "$name" "'x'"
		is "$status" 1 "$name"
		has "$err" 'this property may not be set'
		is "$(cat log)" '' 'systemd was not asked'
	done
	peer_end
}

# ---- what is refused before anything is made ------------------------------------------------------

test_without_systemd_one_sentence() {
	need root
	need runtime
	have systemd && skip "systemd runs here"
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	rt_fails --systemd-cgroup run -b b "$id"
	is "$err" "runtime: systemd not running on this host, cannot use systemd cgroups manager: no /run/systemd/system"
	is "$(ls "$STATE")" ''
}

test_other_paths_are_refused() {
	peer
	bundle args='/probe true'
	for path in /a/b a a:b a:b:c:d; do
		edit b/config.json "linux.cgroupsPath=\"$path\""
		rt_fails --systemd-cgroup create -b b "$id"
		is "$err" "runtime: expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"$path\" instead"
	done
	for slice in a .slice a/b.slice -a.slice a-.slice a--b.slice; do
		edit b/config.json "linux.cgroupsPath=\"$slice:p:$id\""
		rt_fails --systemd-cgroup create -b b "$id"
		is "$err" "runtime: invalid slice name: $slice"
	done
	for name in '' x.slice; do
		edit b/config.json "linux.cgroupsPath=\"a.slice:p:$name\""
		rt_fails --systemd-cgroup create -b b "$id"
		has "$err" 'the name must be that of a scope'
	done
	is "$(cat log)" ''
	no_scope
	peer_end
}

# ---- a peer that does not do as it should -----------------------------------------------------------

# refused TEXT: create fails with it and leaves nothing
refused() {
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	rt_fails --systemd-cgroup create -b b "$id"
	is "$status" 1
	is "$err" "${RT##*/}: $1"
	no_scope
	peer_end
}

test_refused_by_auth() { peer auth=reject; refused 'systemd: refuses us: REJECTED KERBEROS_V4'; }
test_auth_garbage() { peer auth=garbage; refused 'systemd: refuses us: HTTP/1.1 400 Bad Request'; }
test_auth_closed() { peer auth=close; refused 'systemd: the connection was closed'; }
test_auth_without_an_end() { impatient; peer auth=hang; refused 'systemd: no answer in time'; }
test_error_reply() {
	peer 'StartTransientUnit=error org.freedesktop.DBus.Error.PropertyReadOnly'
	refused 'systemd: StartTransientUnit: the reason it gives'
}
test_no_reply() { impatient; peer StartTransientUnit=noreply; refused 'systemd: no answer in time'; }
test_closed_instead_of_a_reply() { peer StartTransientUnit=close; refused 'systemd: the connection was closed'; }
test_closed_within_a_reply() { peer StartTransientUnit=partial; refused 'systemd: the connection was closed'; }
test_garbage_instead_of_a_reply() { peer StartTransientUnit=garbage; refused 'systemd: what it sends is no D-Bus message'; }
test_reply_too_large() { peer StartTransientUnit=huge; refused 'systemd: what it sends is no D-Bus message'; }
test_reply_without_a_job() { peer StartTransientUnit=empty; refused 'systemd: StartTransientUnit: the answer names no job'; }
test_reply_with_a_bad_string() { peer StartTransientUnit=badstring; refused 'systemd: StartTransientUnit: the answer names no job'; }
test_job_without_an_end() { impatient; peer StartTransientUnit=nojob; refused "wait for the job of p-$id.scope: systemd: no answer in time"; }

test_job_that_fails() {
	peer StartTransientUnit=failed
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	rt_fails --systemd-cgroup create -b b "$id"
	is "$err" "runtime: systemd: StartTransientUnit: the job of p-$id.scope ended as \"failed\""
	like "$(tail -n 1 log)" "^ResetFailedUnit .*\"p-$id.scope\"" 'what failed is forgotten'
	unlike "$(cat log)" StopUnit
	no_scope
	peer_end
}

test_process_is_not_where_systemd_says() {
	peer cgroup=
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	rt_fails --systemd-cgroup create -b b "$id"
	like "$err" "^runtime: systemd: $id is in /.*, not in p-$id.scope\$"
	like "$(cat log)" '^StopUnit ' 'the scope is stopped again'
	no_scope
	peer_end
}

test_job_ends_before_the_reply() {
	peer StartTransientUnit=early split=1
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	rt_ok --systemd-cgroup run -b b "$id"
	peer_end
}

# A unit of that name which failed is forgotten, one that lives is left alone.
test_unit_exists() {
	peer 'StartTransientUnit=once org.freedesktop.systemd1.UnitExists'
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	rt_ok --systemd-cgroup run -b b "$id"
	is "$(grep -c '^StartTransientUnit' log)" 2
	is "$(sed -n '/^ResetFailedUnit/p' log | head -n 1)" "ResetFailedUnit to org.freedesktop.systemd1 \"p-$id.scope\""
	kill "$peer_pid"
	rm /run/systemd/private
	start_peer /run/systemd/private 'StartTransientUnit=error org.freedesktop.systemd1.UnitExists'
	rt_fails --systemd-cgroup run -b b "$id"
	is "$(grep -c '^StartTransientUnit' log)" 2
	unlike "$(cat log)" StopUnit
	no_scope
	peer_end
}

# It ended with its last process, before we could ask.
test_unit_that_is_gone_is_stopped() {
	peer 'StopUnit=error org.freedesktop.systemd1.NoSuchUnit'
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	rt_ok --systemd-cgroup run -b b "$id"
	no_scope
	peer_end
}

# What cannot be stopped stays on record, to be deleted later.
test_delete_can_be_repeated() {
	peer
	bundle args='/probe sleep' linux.cgroupsPath="a.slice:p:$id"
	rt_ok --systemd-cgroup create -b b "$id"
	kill "$peer_pid"
	wait_gone "$peer_pid"
	rt_fails delete --force "$id"
	has "$err" 'systemd: connect to /run/dbus/system_bus_socket: '
	rm /run/systemd/private
	start_peer /run/systemd/private
	rt_ok delete --force "$id"
	no_scope
	peer_end
}

test_failure_after_the_scope_undoes_it() {
	peer
	impatient 30000
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	for at in scope limits ready save; do
		RUNTIME_FAIL_AT=$at rt --systemd-cgroup create -b b "$id"
		is "$status" 1 "$at"
		like "$(cat log)" '^StopUnit '
		no_scope
	done
	peer_end
}

# The scope goes by itself then: systemd ends one that has no process any more.
test_killed_maker_leaves_no_process() {
	peer
	impatient 30000
	bundle args='/probe sleep' linux.cgroupsPath="a.slice:p:$id"
	for at in scope limits save; do
		RUNTIME_KILL_AT=$at rt --systemd-cgroup create -b b "$id"
		is "$status" 137 "$at"
		is "$(cat "$CGROUP/$id/p-$id.scope/cgroup.procs")" '' 'no process'
		rt_ok delete --force "$id"
		rmdir "$CGROUP/$id/p-$id.scope" 2>/dev/null
		no_scope
	done
	peer_end
}

# ---- which bus -----------------------------------------------------------------------------------------

# Over a bus daemon: introduced, and JobRemoved asked for.
test_system_bus_by_address() {
	peer
	kill "$peer_pid"
	start_peer "$PWD/my bus"
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	DBUS_SYSTEM_BUS_ADDRESS="unix:abstract=x;unix:path=$PWD/my%20bus,guid=00" rt_ok --systemd-cgroup run -b b "$id"
	is "$(sed -n 's/ to .*//p' log | head -n 4 | tr '\n' ' ')" 'Hello AddMatch Subscribe StartTransientUnit '
	is "$(sed -n 3p log)" 'Hello to org.freedesktop.DBus'
	has "$(cat log)" "member='JobRemoved'"
	is "$(sed -n 1p log)" 'auth AUTH EXTERNAL 30'
	no_scope
	peer_end
}

test_system_bus_without_private_socket() {
	peer
	kill "$peer_pid"
	rm -f /run/systemd/private
	mkdir -p /run/dbus
	mount -t tmpfs none /run/dbus
	start_peer /run/dbus/system_bus_socket
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	rt_ok --systemd-cgroup run -b b "$id"
	like "$(cat log)" '^Hello '
	no_scope
	peer_end
}

# as_user ARGS...: the runtime in a user namespace of uid 1000, which is root in there
user_bundle() {
	bundle "$@" linux.cgroupsPath=":p:$id" linux.namespaces+='{"type":"user"}' \
		linux.uidMappings='[{"containerID":0,"hostID":1000,"size":1}]' linux.gidMappings='[{"containerID":0,"hostID":1000,"size":1}]'
}

test_user_bus() {
	peer
	kill "$peer_pid"
	rm -f /run/systemd/private
	mkdir run
	for where in bus systemd/private; do
		mkdir -p run/systemd
		start_peer "$PWD/run/$where"
		bundle args='/probe true' linux.cgroupsPath=":p:$id"
		XDG_RUNTIME_DIR=$PWD/run rt_ok --rootless true --systemd-cgroup run -b b "$id"
		has "$(cat log)" 'Slice"=<s "user.slice">'
		lacks "$(cat log)" DevicePolicy 'a user manager may not load programs'
		no_scope
		kill "$peer_pid"
		rm "run/$where"
	done
	start_peer "$PWD/elsewhere"
	DBUS_SESSION_BUS_ADDRESS=unix:path=$PWD/elsewhere XDG_RUNTIME_DIR=$PWD/run rt_ok --rootless true --systemd-cgroup run -b b "$id"
	like "$(cat log)" '^Hello ' 'the session bus that the environment names'
	no_scope
	peer_end
}

test_no_bus_is_one_sentence() {
	peer
	kill "$peer_pid"
	wait_gone "$peer_pid"
	bundle args='/probe true' linux.cgroupsPath="a.slice:p:$id"
	rt_fails --systemd-cgroup run -b b "$id"
	like "$err" '^runtime: systemd: connect to /run/dbus/system_bus_socket: (no such file or directory|connection refused)$'
	no_scope
	rm -f /run/systemd/private
	XDG_RUNTIME_DIR=$PWD/none rt_fails --rootless true --systemd-cgroup run -b b "$id"
	is "$err" "runtime: systemd: connect to $PWD/none/bus: no such file or directory"
	no_scope
	peer_gone
}

# ---- systemd itself -----------------------------------------------------------------------------------
# Everything that needs a limit has the slowness of emulation in mind: few containers, much asked of each.

real() {
	need root
	need systemd
	need runtime
}

show() { systemctl show -P "$2" "$1"; }
unit_gone() { [ "$(show "$1" LoadState)" = not-found ]; }
file() { cat "$(cg "$(pid_of "$id")")/$1"; }

LIMITS='{"memory":{"limit":67108864,"reservation":33554432,"swap":100663296},"pids":{"limit":50},
	"cpu":{"quota":50000,"period":100000,"shares":512,"cpus":"0","mems":"0"},"hugepageLimits":[{"pageSize":"2MB","limit":4194304}],
	"unified":{"memory.high":"59998208","io.weight":"default 50"},
	"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":11,"access":"r"}]}'

has_limits() {
	is "$(file memory.max) $(file memory.low) $(file memory.swap.max) $(file memory.high)" "67108864 33554432 33554432 59998208" "$1: memory"
	is "$(file pids.max) $(file cpu.max) $(file cpu.weight)" "50 50000 100000 59" "$1: pids, cpu"
	is "$(file cpuset.cpus) $(file cpuset.mems) $(file hugetlb.2MB.max)" "0 0 4194304" "$1: cpuset, huge pages"
	is "$(file io.weight)" "default 50" "$1: io"
	is "$(in_ct "$id" /probe open /dev/kmsg)" ok "$1: a device that is allowed"
	is "$(in_ct "$id" /probe open /dev/kmsg w)" 'ERRNO EPERM open /dev/kmsg' "$1: and not to be written"
	is "$(in_ct "$id" /probe open /dev/mem)" 'ERRNO EPERM open /dev/mem' "$1: a device that is not allowed"
	is "$(in_ct "$id" /probe open-dev /dev/null w)" ok "$1: a default device"
}

test_real_small_memory_limit() {
	real
	bundle args='/probe sleep' linux.cgroupsPath="system.slice:pre:$id" linux.resources='{"memory":{"limit":8388608}}'
	rt_ok --systemd-cgroup create -b b "$id"
	is "$(file memory.max) $(show "pre-$id.scope" MemoryMax)" '8388608 8388608'
	rt_ok delete --force "$id"
}

limit_test_real_scope_with_limits=600
test_real_scope_with_limits() {
	real
	bundle args='/probe sleep' linux.cgroupsPath="m-n-o.slice:pre:$id" linux.resources="$LIMITS" \
		'linux.devices=[{"path":"/dev/kmsg","type":"c","major":1,"minor":11},{"path":"/dev/mem","type":"c","major":1,"minor":1}]' \
		'process.capabilities.bounding+="CAP_SYSLOG"' 'process.capabilities.effective+="CAP_SYSLOG"' 'process.capabilities.permitted+="CAP_SYSLOG"' \
		'annotations={"org.systemd.property.TimeoutStopSec":"1.5","org.systemd.property.CollectMode":"'"'inactive-or-failed'"'","org.systemd.property.After":"['"'dbus.service'"']"}'
	rt_ok --systemd-cgroup create -b b "$id"
	rt_ok start "$id"
	u=pre-$id.scope
	is "$(show "$u" ActiveState)" active
	is "$(show "$u" ControlGroup)" "/m.slice/m-n.slice/m-n-o.slice/$u" 'slices are nested'
	is "$(cg "$(pid_of "$id")")" "$CGROUP/m.slice/m-n.slice/m-n-o.slice/$u"
	is "$(show "$u" Slice) $(show "$u" Delegate) $(show "$u" DefaultDependencies) $(show "$u" Transient)" 'm-n-o.slice yes no yes'
	is "$(show "$u" MemoryAccounting) $(show "$u" CPUAccounting) $(show "$u" IOAccounting) $(show "$u" TasksAccounting)" 'yes yes yes yes'
	is "$(show "$u" MemoryMax) $(show "$u" MemoryLow) $(show "$u" MemorySwapMax) $(show "$u" MemoryHigh)" '67108864 33554432 33554432 59998208'
	is "$(show "$u" TasksMax) $(show "$u" CPUWeight) $(show "$u" CPUQuotaPerSecUSec) $(show "$u" CPUQuotaPeriodUSec)" '50 59 500ms 100ms'
	is "$(show "$u" AllowedCPUs) $(show "$u" AllowedMemoryNodes) $(show "$u" IOWeight) $(show "$u" DevicePolicy)" '0 0 50 strict'
	like "$(show "$u" DeviceAllow)" '^/dev/char/1:11 r$'
	is "$(show "$u" TimeoutStopUSec) $(show "$u" CollectMode)" '1.500000s inactive-or-failed'
	has "$(show "$u" After)" dbus.service
	has_limits 'at start'
	ok systemctl daemon-reload
	has_limits 'after daemon-reload'
	is "$(in_ct "$id" /probe cat /proc/self/cgroup)" '0::/' 'exec is in the scope'
	rt_ok pause "$id"
	is "$(status_of "$id")" paused
	ok systemctl daemon-reload
	is "$(status_of "$id")" paused 'a reload does not thaw it'
	rt_ok resume "$id"
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	rt_ok delete "$id"
	wait_for unit_gone "$u"
	is "$(ls -d "$CGROUP/m.slice/m-n.slice/m-n-o.slice/$u" 2>/dev/null)" '' 'the cgroup is gone'
	systemctl stop m.slice
}

limit_test_real_update=300
test_real_update() {
	real
	bundle args='/probe sleep' linux.cgroupsPath=":upd:$id" linux.resources='{"memory":{"limit":67108864},"cpu":{"quota":50000,"period":100000}}'
	rt_ok --systemd-cgroup create -b b "$id"
	rt_ok update --memory 134217728 --memory-swap -1 --cpu-quota 30300 --pids-limit 40 --cpu-share 2048 --cpuset-cpus 1 "$id"
	u=upd-$id.scope
	is "$(file cpu.max) $(show "$u" CPUQuotaPerSecUSec)" '30300 100000 310ms' 'systemd counts in hundredths, the kernel does not'
	rt_ok update --cpu-quota 30000 "$id"
	for when in update reload; do
		is "$(file memory.max) $(file cpu.max) $(file pids.max) $(file cpuset.cpus)" '134217728 30000 100000 40 1' "$when"
		is "$(show "$u" MemoryMax) $(show "$u" CPUQuotaPerSecUSec) $(show "$u" TasksMax) $(show "$u" AllowedCPUs)" '134217728 300ms 40 1' "$when"
		ok systemctl daemon-reload
	done
	rt_ok delete --force "$id"
	wait_for unit_gone "$u"
}

limit_test_real_rules_systemd_has_no_words_for=300
test_real_rules_systemd_has_no_words_for() {
	real
	bundle args='/probe sleep' linux.cgroupsPath=":pre:$id" 'linux.devices=[{"path":"/dev/kmsg","type":"c","major":1,"minor":11}]' \
		'process.capabilities.bounding+="CAP_SYSLOG"' 'process.capabilities.effective+="CAP_SYSLOG"' 'process.capabilities.permitted+="CAP_SYSLOG"' \
		linux.resources='{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","minor":11,"access":"r"}]}'
	rt_ok --systemd-cgroup create -b b "$id"
	rt_ok start "$id"
	for when in start reload; do
		is "$(in_ct "$id" /probe open /dev/kmsg)" ok "$when"
		is "$(in_ct "$id" /probe open /dev/kmsg w)" 'ERRNO EPERM open /dev/kmsg' "$when"
		systemctl daemon-reload
	done
	rt_ok delete --force "$id"
	wait_for unit_gone "pre-$id.scope"
}

limit_test_real_default_scope_and_foreground_run=300
test_real_default_scope_and_foreground_run() {
	real
	bundle args='/probe cat /proc/self/cgroup'
	edit b/config.json 'linux.namespaces.[type=cgroup]-' 2>/dev/null
	rt_ok --systemd-cgroup run -b b "$id"
	is "$out" "0::/system.slice/runtime-$id.scope"
	wait_for unit_gone "runtime-$id.scope"
	edit b/config.json 'args=/probe exit 7' 2>/dev/null || edit b/config.json 'process.args=["/probe","exit","7"]'
	rt --systemd-cgroup run -b b "$id"
	is "$status" 7
	wait_for unit_gone "runtime-$id.scope"
}

# A second container of the name is refused, and the first one left alone.
limit_test_real_name_in_use=300
test_real_name_in_use() {
	real
	bundle args='/probe sleep' linux.cgroupsPath=":same:$id"
	rt_ok --systemd-cgroup create -b b "$id"
	rt_fails --systemd-cgroup create -b b "$id2"
	like "$err" "^runtime: systemd: StartTransientUnit: Unit same-$id.scope (already exists|was already loaded)"
	is "$(status_of "$id") $(status_of "$id2")" 'created gone'
	is "$(show "same-$id.scope" ActiveState)" active
	rt_ok delete --force "$id"
	wait_for unit_gone "same-$id.scope"
}

# One that ran out of memory is a failed unit, which stays until it is reset.
limit_test_real_failed_scope_is_forgotten=300
test_real_failed_scope_is_forgotten() {
	real
	bundle args='/probe memory 200 5' linux.cgroupsPath=":oom:$id" \
		linux.resources='{"memory":{"limit":33554432,"swap":33554432},"unified":{"memory.oom.group":"1"}}'
	rt_ok --systemd-cgroup create -b b "$id"
	rt_ok start "$id"
	wait_for -t 60 eval '[ "$(status_of "$id")" = stopped ]'
	rt_ok delete "$id"
	wait_for unit_gone "oom-$id.scope"
	bundle args='/probe true' linux.cgroupsPath=":oom:$id"
	rt_ok --systemd-cgroup run -b b "$id"
}

limit_test_real_bad_property_leaves_nothing=300
test_real_bad_property_leaves_nothing() {
	real
	bundle args='/probe true' linux.cgroupsPath=":bad:$id" 'annotations={"org.systemd.property.CollectMode":"'"'never'"'"}'
	rt_fails --systemd-cgroup create -b b "$id"
	like "$err" '^runtime: systemd: StartTransientUnit: .*CollectMode'
	edit b/config.json 'annotations={"org.systemd.property.MemoryNothing":"1"}'
	rt_fails --systemd-cgroup create -b b "$id"
	like "$err" '^runtime: systemd: StartTransientUnit: .*MemoryNothing'
	is "$(ls "$STATE")" ''
	ok unit_gone "bad-$id.scope"
}

# The bus instead of systemd's own socket.
limit_test_real_system_bus=300
test_real_system_bus() {
	real
	bundle args='/probe true' linux.cgroupsPath=":bus:$id"
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket rt_ok --systemd-cgroup run -b b "$id"
	wait_for unit_gone "bus-$id.scope"
}

# Containers that come and go together.
limit_test_real_many_at_once=300
test_real_many_at_once() {
	real
	bundle args='/probe true'
	for n in 1 2 3 4 5 6; do
		"$RT" --root "$STATE" --systemd-cgroup run -b b "$id-$n" >"out.$n" 2>&1 &
	done
	wait
	is "$(cat out.*)" ''
	is "$(ls "$STATE")" ''
	for n in 1 2 3 4 5 6; do wait_for unit_gone "runtime-$id-$n.scope"; done
}

# A container that is to manage what is below its scope.
limit_test_real_delegation=300
test_real_delegation() {
	real
	map='[{"containerID":0,"hostID":100000,"size":65536}]'
	bundle args='/probe sleep' linux.cgroupsPath=":del:$id" linux.namespaces+='{"type":"user"}' "linux.uidMappings=$map" "linux.gidMappings=$map" \
		'mounts.[destination=/sys/fs/cgroup].options=["nosuid","noexec","nodev"]'
	rt_ok --systemd-cgroup create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe mkdir /sys/fs/cgroup/init.scope)" ok 'a cgroup below'
	is "$(in_ct "$id" /probe write /sys/fs/cgroup/init.scope/cgroup.procs 1)" ok 'init moves there'
	is "$(in_ct --cgroup init.scope "$id" /probe write /sys/fs/cgroup/cgroup.subtree_control '+memory +pids')" ok 'controllers are passed on'
	ok systemctl daemon-reload
	has "$(file ../cgroup.subtree_control)" 'memory pids' 'a reload leaves them'
	is "$(in_ct "$id" /probe cat /proc/self/cgroup)" '0::/init.scope' 'exec goes where init is'
	rt_ok delete --force "$id"
	wait_for unit_gone "del-$id.scope"
}

# user ARGS...: the runtime as uid 1000, with that user's manager
user() {
	XDG_RUNTIME_DIR=/run/user/1000 "$PROBE" deadline "$RT_LIMIT" "$PROBE" asuser 1000 1000 "$RT" --root /run/user/1000/rt "$@" >out 2>err
	status=$?
	out=$(cat out) err=$(cat err)
	echo "  user $*: $status $out $err"
}

limit_test_real_user_manager=600
test_real_user_manager() {
	real
	[ -S /run/user/1000/systemd/private ] || skip 'needs the manager of user 1000'
	map='[{"containerID":0,"hostID":1000,"size":1}]'
	bundle args='/probe sleep' linux.cgroupsPath=":usr:$id" linux.namespaces+='{"type":"user"}' \
		"linux.uidMappings=$map" "linux.gidMappings=$map" linux.resources='{"memory":{"limit":67108864},"pids":{"limit":50}}' \
		'mounts.[destination=/sys/fs/cgroup]-'
	"$PROBE" json edit b/config.json 'mounts.[destination=/dev/pts].options=["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]' 2>/dev/null
	chmod 755 . b
	top=/user.slice/user-1000.slice/user@1000.service
	user --systemd-cgroup create -b b "$id"
	is "$status" 0
	pid=$("$PROBE" json get pid </run/user/1000/rt/"$id"/state.json)
	is "$(cat "/proc/$pid/cgroup")" "0::$top/user.slice/usr-$id.scope"
	is "$(cat "$CGROUP$top/user.slice/usr-$id.scope/memory.max" "$CGROUP$top/user.slice/usr-$id.scope/pids.max" | tr '\n' ' ')" '67108864 50 '
	user start "$id"
	user exec "$id" /probe cat /proc/self/cgroup
	is "$status $out" '0 0::/' 'exec is moved into the scope'
	user pause "$id"
	user resume "$id"
	is "$status" 0
	user delete --force "$id"
	is "$status" 0
	is "$(ls -d "$CGROUP$top/user.slice/usr-$id.scope" 2>/dev/null)" '' 'the cgroup is gone'
	DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus user --systemd-cgroup create -b b "$id"
	is "$status" 0 'over the session bus'
	user delete --force "$id"
	is "$status" 0
	rm -rf /run/user/1000/rt
}

run_tests
