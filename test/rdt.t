#!/bin/sh
# rdt.t - linux.intelRdt: groups of the resctrl file system.
#
# Few machines have one.  The debug build (-DTEST_FAULTS) takes a tree of plain files for it, named by
# RUNTIME_RESCTRL; the release build knows only what is mounted.  Files of the tree are appended to, one write
# after the other, and made where the kernel would have made them; what the kernel thinks of a schema is not tried.
. "${0%/*}/lib.sh"
RELEASE=$RT DEBUG=$TESTS/../build/runtime-debug

# resctrl: an empty tree like that of a machine with it
resctrl() {
	need root
	need runtime
	need file "$DEBUG"
	RT=$DEBUG
	mkdir r r/info r/mon_groups
	touch r/tasks r/schemata
	export RUNTIME_RESCTRL=$PWD/r
}
group() { mkdir "r/$1" "r/$1/mon_groups"; printf "$2" >"r/$1/schemata"; touch "r/$1/tasks"; }
rdt() { printf 'linux.intelRdt={%s}' "$1"; }
tree() { (cd r && find . ! -name info ! -path . | sort | tr '\n' ' '); }
empty='./mon_groups ./schemata ./tasks '

# refused TEXT INTELRDT [EDIT...]: create fails so, and leaves the tree as it was
refused() {
	local text="$1" before
	before=$(tree; cat r/*/schemata 2>/dev/null)
	shift
	bundle "$(rdt "$1")"
	rt_fails create -b b "$id"
	is "$err" "${RT##*/}: $text"
	is "$(tree; cat r/*/schemata 2>/dev/null)" "$before" 'the tree is as it was'
	is "$(status_of "$id")" gone
}

# ---- config-linux.md "IntelRdt": what MUST be -------------------------------------------------------

test_rdt_without_resctrl_is_an_error() {
	need root
	need runtime
	grep -q ' resctrl ' /proc/mounts && skip 'needs a machine without resctrl'
	bundle "$(rdt '')"
	rt_fails create -b b "$id"
	is "$err" 'runtime: linux.intelRdt: Intel RDT is not enabled: no resctrl file system is mounted'
	is "$(status_of "$id")" gone
}

test_rdt_release_build_takes_no_tree() {
	resctrl
	grep -q ' resctrl ' /proc/mounts && skip 'needs a machine without resctrl'
	RT=$RELEASE
	bundle "$(rdt '')"
	rt_fails create -b b "$id"
	has "$err" 'no resctrl file system is mounted'
	is "$(tree)" "$empty"
}

test_rdt_unset_touches_nothing() {
	resctrl
	bundle args='/probe true'
	rt_ok run -b b "$id"
	is "$(tree)" "$empty"
	is "$(cat r/tasks)" ''
}

test_rdt_group_is_named_like_the_container() {
	resctrl
	bundle args='/probe sleep' "$(rdt '"l3CacheSchema":"L3:0=f"')"
	rt_ok create -b b "$id"
	is "$(cat "r/$id/tasks")" "$(pid_of "$id")" 'the container process is in it, before it is started'
	is "$(cat "r/$id/schemata")" L3:0=f
	is "$(cat r/tasks)" '' 'and in no other'
	rt_ok start "$id"
	rt_ok delete --force "$id"
	is "$(tree)" "$empty" 'delete removes it'
}

test_rdt_group_is_removed_after_run() {
	resctrl
	bundle args='/probe true' "$(rdt '')"
	rt_ok run -b b "$id"
	is "$(tree)" "$empty"
}

test_rdt_closid_names_the_group() {
	resctrl
	bundle args='/probe sleep' "$(rdt '"closID":"gold","schemata":["L3:0=f"]')"
	rt_ok create -b b "$id"
	is "$(cat r/gold/tasks)" "$(pid_of "$id")" 'made, and joined'
	ok [ ! -e "r/$id" ]
	rt_ok delete --force "$id"
	ok [ -d r/gold ]
}

test_rdt_closid_alone_joins_a_group_that_exists() {
	resctrl
	group gold 'L3:0=f\n'
	bundle args='/probe sleep' "$(rdt '"closID":"gold"')"
	rt_ok create -b b "$id"
	is "$(cat r/gold/tasks)" "$(pid_of "$id")"
	is "$(cat r/gold/schemata)" L3:0=f 'schemata is not written'
	rt_ok delete --force "$id"
	is "$(cat r/gold/schemata)" L3:0=f 'and the group stays'
}

test_rdt_closid_alone_that_is_missing() {
	resctrl
	refused 'linux.intelRdt.closID: group gold: no such file or directory' '"closID":"gold"'
}

test_rdt_closid_alone_with_monitoring_that_is_missing() {
	resctrl
	refused 'linux.intelRdt.closID: group gold: no such file or directory' '"closID":"gold","enableMonitoring":true'
}

test_rdt_closid_of_the_root_group() {
	resctrl
	printf 'L3:0=fffff\n' >r/schemata
	bundle args='/probe sleep' "$(rdt '"closID":"/"')"
	rt_ok create -b b "$id"
	is "$(cat r/tasks)" "$(pid_of "$id")"
	rt_ok delete --force "$id"
	is "$(tree)" "$empty"
	is "$(cat r/schemata)" L3:0=fffff
}

test_rdt_schemas_are_written_in_order() {
	resctrl
	bundle args='/probe sleep' "$(rdt '"schemata":["L2:0=f","MB:0=50"],"memBwSchema":"MB:0=20;1=70","l3CacheSchema":"L3:0=7f0;1=1f"')"
	rt_ok create -b b "$id"
	is "$(cat "r/$id/schemata")" "$(printf 'L3:0=7f0;1=1f\nMB:0=20;1=70\nL2:0=f\nMB:0=50')" 'l3CacheSchema, memBwSchema, schemata'
	delete_all
}

test_rdt_each_schema_alone() {
	resctrl
	for s in '"l3CacheSchema":"L3:0=f"' '"memBwSchema":"MB:0=20"' '"schemata":["L2:0=f"]'; do
		bundle args='/probe sleep' "$(rdt "$s")"
		rt_ok create -b b "$id"
		has "$s" "$(cat "r/$id/schemata")" "$s"
		rt_ok delete --force "$id"
	done
}

test_rdt_no_schema_writes_no_schemata() {
	resctrl
	bundle args='/probe sleep' "$(rdt '')"
	rt_ok create -b b "$id"
	ok [ -s "r/$id/tasks" ]
	ok [ ! -e "r/$id/schemata" ]
	delete_all
}

test_rdt_group_that_exists_is_compared() {
	resctrl
	group gold '    MB:0= 20;1= 70\n    L3:0=007f0;1=0001f\n'
	for s in '"l3CacheSchema":"L3:0=7f0;1=1f"' '"l3CacheSchema":"L3:1=1F"' '"memBwSchema":"MB:0=20;1=70"' \
		'"l3CacheSchema":"L3:0=7f0;1=1f","memBwSchema":"MB:1=70"' '"l3CacheSchema":"L3:0=7f0\nMB:1=70"'; do
		bundle args='/probe sleep' "$(rdt "\"closID\":\"gold\",$s")"
		rt_ok create -b b "$id"
		is "$(tail -n 1 r/gold/tasks)" "$(pid_of "$id")" "$s"
		rt_ok delete --force "$id"
	done
}

test_rdt_group_that_exists_and_differs() {
	resctrl
	group gold '    MB:0= 20;1= 70\n    L3:0=007f0;1=0001f\n'
	for s in L3:0=7f1 'L3:0=7f0;1=f' L3:2=f L3:0=7f L3:0=7f00 L2:0=f L3 L3:0 'L3:0=7f0;1'; do
		refused "linux.intelRdt: $s: group gold exists and differs" "\"closID\":\"gold\",\"l3CacheSchema\":\"$s\""
	done
	for s in MB:0=2 MB:0=200 'MB:0=20;1=71' MB:2=20 MB:; do
		[ $s = MB: ] || refused "linux.intelRdt: $s: group gold exists and differs" "\"closID\":\"gold\",\"memBwSchema\":\"$s\""
	done
	refused 'linux.intelRdt: MB:1=71: group gold exists and differs' \
		'"closID":"gold","l3CacheSchema":"L3:0=7f0;1=1f","memBwSchema":"MB:1=71"'
}

test_rdt_schemata_go_to_a_group_that_exists() {
	resctrl
	group gold 'L3:0=f\n'
	bundle args='/probe sleep' "$(rdt '"closID":"gold","l3CacheSchema":"L3:0=f","schemata":["L3:0=3"]')"
	rt_ok create -b b "$id"
	is "$(cat r/gold/schemata)" "$(printf 'L3:0=f\nL3:0=f\nL3:0=3')" 'written last'
	delete_all
}

test_rdt_group_not_made_is_not_removed() {
	resctrl
	group "$id" ''
	bundle args='/probe true' "$(rdt '"l3CacheSchema":"L3:0=f"')"
	rt_ok run -b b "$id"
	ok [ -d "r/$id" ]
}

test_rdt_monitoring_group() {
	resctrl
	group gold ''
	bundle args='/probe sleep' "$(rdt '"closID":"gold","enableMonitoring":true')"
	rt_ok create -b b "$id"
	is "$(cat "r/gold/mon_groups/$id/tasks")" "$(pid_of "$id")"
	is "$(cat r/gold/tasks)" "$(pid_of "$id")"
	rt_ok delete --force "$id"
	is "$(ls r/gold/mon_groups)" '' 'deleted with the container'
	ok [ -d r/gold ]
}

test_rdt_monitoring_in_the_root_group() {
	resctrl
	bundle args='/probe sleep' "$(rdt '"closID":"/","enableMonitoring":true')"
	rt_ok create -b b "$id"
	is "$(cat "r/mon_groups/$id/tasks")" "$(pid_of "$id")"
	rt_ok delete --force "$id"
	is "$(tree)" "$empty"
}

test_rdt_monitoring_by_its_old_names() {
	resctrl
	for f in enableCMT enableMBM; do
		bundle args='/probe true' "$(rdt "\"closID\":\"/\",\"$f\":true")" "hooks.poststart=[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"ls $PWD/r/mon_groups >$PWD/seen\"]}]"
		rt_ok run -b b "$id"
		is "$(cat seen)" "$id" "$f"
	done
	is "$(tree)" "$empty"
}

# The kernel makes mon_groups where it can count; here nobody does.
test_rdt_monitoring_that_cannot_be_made() {
	resctrl
	refused "linux.intelRdt.enableMonitoring: make mon_groups/$id: no such file or directory" '"enableMonitoring":true'
	refused "linux.intelRdt.enableMonitoring: make mon_groups/$id: no such file or directory" \
		'"closID":"gold","schemata":["L3:0=f"],"enableMonitoring":true'
}

test_rdt_monitoring_group_of_somebody_else() {
	resctrl
	mkdir "r/mon_groups/$id"
	refused "linux.intelRdt.enableMonitoring: mon_groups/$id exists already" '"closID":"/","enableMonitoring":true'
}

# ---- the container's other processes ------------------------------------------------------------------

test_rdt_exec_joins() {
	resctrl
	group gold ''
	bundle args='/probe sleep' "$(rdt '"closID":"gold","enableMonitoring":true')"
	rt_ok create -b b "$id"
	rt_ok start "$id"
	rt_ok exec --pid-file pid -d "$id" /probe sleep
	is "$(tail -n 1 r/gold/tasks)" "$(cat pid)"
	is "$(tail -n 1 "r/gold/mon_groups/$id/tasks")" "$(cat pid)"
	rt_ok delete --force "$id"
}

test_rdt_exec_where_the_group_is_gone() {
	resctrl
	bundle args='/probe sleep' "$(rdt '')"
	rt_ok create -b b "$id"
	rt_ok start "$id"
	rm -r "r/$id"
	rt_ok exec "$id" /probe true
	RUNTIME_RESCTRL=/nosuch rt_ok exec "$id" /probe true
	rt_ok delete --force "$id"
}

# ---- what cannot be ----------------------------------------------------------------------------------------

test_rdt_failed_create_leaves_no_group() {
	resctrl
	bundle args=/nosuch "$(rdt '"l3CacheSchema":"L3:0=f"')"
	rt_fails run -b b "$id"
	is "$(tree)" "$empty"
}

test_rdt_killed_create_leaves_what_delete_removes() {
	resctrl
	bundle args='/probe sleep' "$(rdt '"l3CacheSchema":"L3:0=f"')"
	RUNTIME_KILL_AT=limits rt create -b b "$id"
	isnt "$status" 0
	ok [ -d "r/$id" ]
	rt_ok delete --force "$id"
	is "$(tree)" "$empty"
}

test_rdt_kernels_reason_is_told() {
	resctrl
	printf 'Non-hex character in the mask zz\n' >r/info/last_cmd_status
	group gold ''
	rm r/gold/schemata
	mkdir r/gold/schemata
	refused 'linux.intelRdt: write "L2:0=zz" to schemata: Non-hex character in the mask zz: is a directory' \
		'"closID":"gold","schemata":["L2:0=zz"]'
}

test_rdt_invalid_values() {
	resctrl
	for c in . .. a/b /a a/ //; do refused "config.json: linux.intelRdt.closID: invalid group name \"$c\"" "\"closID\":\"$c\""; done
	refused 'config.json: linux.intelRdt.memBwSchema: "L3:0=f" is not one line that starts with MB:' '"memBwSchema":"L3:0=f"'
	refused 'config.json: linux.intelRdt.memBwSchema: "MB:0=1?L3:0=f" is not one line that starts with MB:' '"memBwSchema":"MB:0=1\nL3:0=f"'
	refused 'config.json: linux.intelRdt.schemata[1]: more than one line' '"schemata":["L3:0=f","L2:0=f\nMB:0=2"]'
	refused 'config.json: linux.intelRdt.schemata: expected an array of strings, found a string' '"schemata":"L3:0=f"'
	refused 'config.json: linux.intelRdt.enableMonitoring: expected a boolean, found a string' '"enableMonitoring":"yes"'
}

test_rdt_update() {
	resctrl
	need cgroup2
	bundle args='/probe sleep' "$(rdt '"l3CacheSchema":"L3:0=f"')"
	rt_ok create -b b "$id"
	rt_ok update --l3-cache-schema L3:0=3 --mem-bw-schema MB:0=20 "$id"
	is "$(cat "r/$id/schemata")" 'L3:0=f
L3:0=3
MB:0=20'
	rt_ok delete --force "$id"
	is "$(tree)" "$empty"
}

test_rdt_update_gives_a_container_a_group() {
	resctrl
	need cgroup2
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	fails test -e "r/$id"
	rt_ok update --mem-bw-schema MB:0=20 "$id"
	is "$(cat "r/$id/schemata")" MB:0=20
	is "$(cat "r/$id/tasks")" "$(pid_of "$id")"
	rt_ok delete --force "$id"
	is "$(tree)" "$empty"
}

test_rdt_update_leaves_a_group_of_somebody_elses() {
	resctrl
	need cgroup2
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	group "$id" ''
	rt_ok update --mem-bw-schema MB:0=20 "$id"
	rt_ok delete --force "$id"
	ok test -d "r/$id"
}

# No CLOSID is left: here a file system without an inode.
test_rdt_update_can_be_tried_again() {
	resctrl
	need cgroup2
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	mount -t tmpfs -o nr_inodes=3 tmpfs r
	mkdir r/info
	: >r/tasks
	rt_fails update --mem-bw-schema MB:0=20 "$id"
	has "$err" "make group $id: no space left on device"
	mount -o remount,nr_inodes=30 r
	rt_ok update --mem-bw-schema MB:0=20 "$id"
	is "$(cat "r/$id/schemata")" MB:0=20
	rt_ok delete --force "$id"
	umount r
}

# The limits of the cgroup that were written before are as they were.
test_rdt_update_without_resctrl() {
	resctrl
	need cgroup2
	bundle args='/probe sleep' 'linux.resources.unified={"cgroup.max.depth":"5"}'
	rt_ok create -b b "$id"
	dir=$(cg "$(pid_of "$id")")
	unset RUNTIME_RESCTRL
	grep -q ' resctrl ' /proc/mounts && skip 'needs a machine without resctrl'
	rt_fails update --l3-cache-schema L3:0=3 "$id"
	is "$err" "${RT##*/}: Intel RDT/CAT: l3 cache schema is not enabled"
	rt_fails update --mem-bw-schema MB:0=3 "$id"
	is "$err" "${RT##*/}: Intel RDT/MBA: memory bandwidth schema is not enabled"
	echo '{"unified":{"cgroup.max.depth":"9"}}' >u.json
	rt_fails update -r u.json --l3-cache-schema L3:0=3 "$id"
	is "$(cat "$dir/cgroup.max.depth")" 5
	rt_ok delete --force "$id"
}

test_rdt_features() {
	need runtime
	rt_ok features
	is "$(json get linux.intelRdt out)" '{"enabled":true,"schemata":true,"monitoring":true}'
}

run_tests
