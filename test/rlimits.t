#!/bin/sh
# rlimits.t - process.rlimits.
. "${0%/*}/lib.sh"

test_soft_and_hard() {
	need root
	bundle args='/probe rlimits RLIMIT_NOFILE' 'process.rlimits=[{"type":"RLIMIT_NOFILE","soft":100,"hard":200}]'
	rt_ok run -b b "$id"
	is "$out" 'RLIMIT_NOFILE 100 200'
}

test_limit_is_in_force() {
	need root
	bundle args='/probe nofiles' 'process.rlimits=[{"type":"RLIMIT_NOFILE","soft":10,"hard":10}]'
	rt_ok run -b b "$id"
	is "$out" '7 EMFILE' 'seven beside the standard streams'
}

test_several() {
	need root
	bundle args='/probe rlimits' 'process.rlimits=[{"type":"RLIMIT_CORE","soft":0,"hard":0},
		{"type":"RLIMIT_CPU","soft":5,"hard":6},{"type":"RLIMIT_FSIZE","soft":1048576,"hard":2097152}]'
	rt_ok run -b b "$id"
	like "$out" '^RLIMIT_CORE 0 0$'
	like "$out" '^RLIMIT_CPU 5 6$'
	like "$out" '^RLIMIT_FSIZE 1048576 2097152$'
}

test_every_type() {
	need root
	"$PROBE" rlimits >host
	list=
	while read -r name soft hard; do
		[ "$soft" = unlimited ] && soft=18446744073709551615
		[ "$hard" = unlimited ] && hard=18446744073709551615
		list="$list${list:+,}{\"type\":\"$name\",\"soft\":$soft,\"hard\":$hard}"
	done <host
	is "$(wc -l <host)" 16 'types'
	bundle args='/probe rlimits' "process.rlimits=[$list]"
	rt_ok run -b b "$id"
	is "$out" "$(cat host)"
}

test_infinity() {
	need root
	[ "$("$PROBE" rlimits RLIMIT_DATA)" = 'RLIMIT_DATA unlimited unlimited' ] || skip 'needs an unlimited RLIMIT_DATA'
	bundle args='/probe rlimits RLIMIT_DATA' 'process.rlimits=[{"type":"RLIMIT_DATA","soft":18446744073709551615,"hard":18446744073709551615}]'
	rt_ok run -b b "$id"
	is "$out" 'RLIMIT_DATA unlimited unlimited'
}

test_none_given_inherits() {
	need root
	bundle args='/probe rlimits RLIMIT_CORE' 'process.rlimits=[]'
	ulimit -c 7
	rt_ok run -b b "$id"
	is "$out" "$("$PROBE" rlimits RLIMIT_CORE)"
}

test_duplicate_is_an_error() {
	need root
	need runtime		# runc 1.1 takes the last
	bundle 'process.rlimits=[{"type":"RLIMIT_CORE","soft":0,"hard":0},{"type":"RLIMIT_CORE","soft":1,"hard":1}]'
	rt_fails run -b b "$id"
	has "$err" 'process.rlimits[1]'
	has "$err" RLIMIT_CORE
}

test_unknown_type_is_an_error() {
	need root
	bundle 'process.rlimits=[{"type":"RLIMIT_NONSENSE","soft":1,"hard":1}]'
	rt_fails run -b b "$id"
	has "$err" RLIMIT_NONSENSE
	[ "$RT_NAME" = runtime ] && is "$err" 'runtime: config.json: process.rlimits[0].type: unknown value "RLIMIT_NONSENSE"'
}

test_soft_above_hard_is_an_error() {
	need root
	bundle 'process.rlimits=[{"type":"RLIMIT_CORE","soft":2,"hard":1}]'
	rt_fails run -b b "$id"
	like "$err" '(RLIMIT_CORE|rlimit)'
}

test_raising_without_privilege_is_an_error() {
	need root
	have cap SYS_RESOURCE && skip 'needs a caller without CAP_SYS_RESOURCE'
	ulimit -n 1000
	bundle 'process.rlimits=[{"type":"RLIMIT_NOFILE","soft":1001,"hard":1001}]'
	rt_fails run -b b "$id"
	like "$err" 'operation not permitted'
}

test_hard_limit_holds_for_a_user() {
	need root
	bundle args='/probe rlimits RLIMIT_CORE' 'process.user={"uid":1000,"gid":1000}' 'process.rlimits=[{"type":"RLIMIT_CORE","soft":1,"hard":2}]'
	rt_ok run -b b "$id"
	is "$out" 'RLIMIT_CORE 1 2'
}

test_nproc_below_the_callers_count() {
	need root		# root is not held to it, but the runtime must not trip over it either
	bundle args='/probe rlimits RLIMIT_NPROC' 'process.rlimits=[{"type":"RLIMIT_NPROC","soft":1,"hard":1}]'
	rt_ok run -b b "$id"
	is "$out" 'RLIMIT_NPROC 1 1'
}

test_exec_gets_them_too() {
	need root
	bundle args='/probe sleep' 'process.rlimits=[{"type":"RLIMIT_CORE","soft":3,"hard":4}]'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe rlimits RLIMIT_CORE)" 'RLIMIT_CORE 3 4'
	delete_all
}

run_tests
