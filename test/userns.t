#!/bin/sh
# userns.t - user namespaces: mappings, ids on both sides, callers without privilege.
. "${0%/*}/lib.sh"

USER='linux.namespaces+={"type":"user"}'

# map UID-MAPPINGS GID-MAPPINGS [EDIT...]: a bundle with a new user namespace
map() {
	uids=$1 gids=$2
	shift 2
	bundle "$USER" "linux.uidMappings=$uids" "linux.gidMappings=$gids" "$@"
}
M='[{"containerID":0,"hostID":100000,"size":65536}]'

test_single_range() {
	need root
	need userns
	map "$M" "$M" args='/probe cat /proc/self/uid_map /proc/self/gid_map'
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | tr -s ' ')" ' 0 100000 65536
 0 100000 65536'
}

test_several_ranges() {
	need root
	need userns
	map '[{"containerID":0,"hostID":100000,"size":1000},{"containerID":1000,"hostID":1000,"size":1},{"containerID":1001,"hostID":101001,"size":64000}]' \
		'[{"containerID":0,"hostID":200000,"size":10},{"containerID":10,"hostID":300000,"size":5}]' \
		args='/probe cat /proc/self/uid_map /proc/self/gid_map'
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | tr -s ' ')" ' 0 100000 1000
 1000 1000 1
 1001 101001 64000
 0 200000 10
 10 300000 5'
}

test_many_ranges() {
	need root
	need userns
	list=
	i=0
	while [ $i -lt 300 ]; do
		list="$list${list:+,}{\"containerID\":$i,\"hostID\":$((100000 + i * 2)),\"size\":1}"
		i=$((i + 1))
	done
	map "[$list]" "[$list]" args='/probe cat /proc/self/uid_map'
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | wc -l)" 300
	like "$out" '^ +299 +100598 +1$'
}

test_inside_and_outside() {
	need root
	need userns
	map "$M" "$M" args='/probe sleep' 'process.user={"uid":7,"gid":8}'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	like "$(grep ^Uid: "/proc/$(pid_of "$id")/status")" '100007	100007	100007	100007'
	like "$(grep ^Gid: "/proc/$(pid_of "$id")/status")" '100008	100008	100008	100008'
	like "$(in_ct "$id" /probe id)" '^uid=7 gid=8 '
	delete_all
}

test_second_range_is_used() {
	need root
	need userns
	map '[{"containerID":0,"hostID":100000,"size":10},{"containerID":1000,"hostID":200000,"size":10}]' "$M" args='/probe sleep' \
		'process.user={"uid":1003,"gid":0}'
	rt_ok create -b b "$id"
	like "$(grep ^Uid: "/proc/$(pid_of "$id")/status")" '200003	200003'
	delete_all
}

test_additional_gids_are_mapped() {
	need root
	need userns
	map "$M" "$M" args='/probe id' 'process.user={"uid":0,"gid":0,"additionalGids":[5,2000]}'
	rt_ok run -b b "$id"
	has "$out" 'groups=5,2000 '
}

test_files_made_inside_belong_to_the_mapped_id() {
	need root
	need userns
	map "$M" "$M" args='/probe touch /tmp/new' root.readonly=false 'process.user={"uid":7,"gid":8}'
	rt_ok run -b b "$id"
	is "$("$PROBE" stat b/rootfs/tmp/new)" 'file 0644 100007 100008'
}

test_files_of_unmapped_owners_show_as_nobody() {
	need root
	need userns
	map "$M" "$M" args='/probe stat /probe /mine'
	touch b/rootfs/mine
	chown 100003:100004 b/rootfs/mine
	rt_ok run -b b "$id"
	is "$out" 'file 0755 65534 65534
file 0644 3 4'
}

test_rootfs_is_not_chowned() {
	need root
	need userns
	map "$M" "$M" args=/bin/true
	before=$(cd b/rootfs && "$PROBE" stat . etc etc/passwd probe tmp bin/id)
	rt_ok run -b b "$id"
	is "$(cd b/rootfs && "$PROBE" stat . etc etc/passwd probe tmp bin/id)" "$before"
}

test_root_of_the_namespace_has_power_inside() {
	need root
	need userns
	map "$M" "$M" args='/probe mountfs tmpfs /tmp tmpfs' \
		'process.capabilities={"bounding":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"]}'
	rt_ok run -b b "$id"
	is "$out" ok
}

test_root_of_the_namespace_has_no_power_over_the_host() {
	need root
	need userns
	map "$M" "$M" args='/probe mknod /tmp/x c 1 3' root.readonly=false \
		'process.capabilities={"bounding":["CAP_MKNOD","CAP_SYS_ADMIN"],"permitted":["CAP_MKNOD","CAP_SYS_ADMIN"],"effective":["CAP_MKNOD","CAP_SYS_ADMIN"]}'
	rt run -b b "$id"
	is "$out" 'ERRNO EPERM mknod /tmp/x'
}

test_capabilities_are_the_given_ones() {
	need root
	need userns
	map "$M" "$M" args='/probe caps'
	rt_ok run -b b "$id"
	like "$out" '^effective CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE$'
	like "$out" '^bounding CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE$'
	like "$out" '^inheritable none$'
}

test_all_mounts_of_the_default_config_work() {
	need root
	need userns
	map "$M" "$M" args='/probe mounts'
	rt_ok run -b b "$id"
	like "$out" '^/proc proc '
	like "$out" '^/sys sysfs ro,nosuid,nodev,noexec'
	like "$out" '^/dev tmpfs '
	like "$out" '^/dev/pts devpts '
	like "$out" '^/dev/mqueue mqueue '
	like "$out" '^/sys/fs/cgroup cgroup'
}

test_mounts_belong_to_the_container() {
	need root
	need userns
	map "$M" "$M" args='/probe stat /dev /dev/shm /dev/pts'
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | cut -d' ' -f1,3,4)" 'dir 0 0
dir 0 0
dir 0 0'
}

test_standard_streams_can_be_reopened() {
	need root
	need userns
	map "$M" "$M" args='/probe write /dev/stdout hello' 'process.user={"uid":7,"gid":8}'
	got=$("$PROBE" deadline 20 "$RT" --root "$STATE" run -b b "$id" </dev/null 2>&1 | cat)
	is "$got" hellook
}

test_unmapped_process_uid_is_an_error() {
	need root
	need userns
	map "$M" "$M" 'process.user={"uid":70000,"gid":0}'
	rt_fails run -b b "$id"
}

test_unmapped_process_gid_is_an_error() {
	need root
	need userns
	map "$M" "$M" 'process.user={"uid":0,"gid":70000}'
	rt_fails run -b b "$id"
}

test_unmapped_additional_gid_is_an_error() {
	need root
	need userns
	map "$M" "$M" 'process.user={"uid":0,"gid":0,"additionalGids":[70000]}'
	rt_fails run -b b "$id"
}

test_root_must_be_mapped() {
	need root
	need userns
	map '[{"containerID":1000,"hostID":100000,"size":10}]' "$M" 'process.user={"uid":1000,"gid":1000}'
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || is "$err" 'runtime: config.json: linux.uidMappings: container id 0 is not mapped'
}

test_no_mappings_is_an_error() {
	need root
	bundle "$USER"
	rt_fails run -b b "$id"
	like "$err" '(uidMappings|uid mappings)'
}

test_no_gid_mappings_is_an_error() {
	need root
	bundle "$USER" "linux.uidMappings=$M"
	rt_fails run -b b "$id"
	like "$err" '(gidMappings|gid mappings)'
}

test_mappings_without_a_namespace_are_an_error() {
	need root
	need runtime		# runc 1.1 ignores them
	bundle "linux.uidMappings=$M" "linux.gidMappings=$M"
	rt_fails run -b b "$id"
	like "$err" '[Uu](ser|SER)'
}

test_overlapping_ranges_are_an_error() {
	need root
	need userns
	map '[{"containerID":0,"hostID":100000,"size":10},{"containerID":5,"hostID":200000,"size":10}]' "$M"
	rt_fails run -b b "$id"
}

test_range_of_size_zero_is_an_error() {
	need root
	need userns
	map '[{"containerID":0,"hostID":100000,"size":0}]' "$M"
	rt_fails run -b b "$id"
}

test_range_past_the_end_is_an_error() {
	need root
	need userns
	map '[{"containerID":0,"hostID":4294967290,"size":100}]' "$M"
	rt_fails run -b b "$id"
}

test_mapping_fields_are_required() {
	need root
	need runtime
	map '[{"containerID":0,"hostID":0}]' "$M"
	rt_fails run -b b "$id"
	is "$err" 'runtime: config.json: linux.uidMappings[0]: size is required'
}

test_kill_and_delete() {
	need root
	need userns
	map "$M" "$M" args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	rt_ok delete "$id"
	is "$(status_of "$id")" gone
}

test_exec() {
	need root
	need userns
	map "$M" "$M" args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	like "$(in_ct -u 5:6 "$id" /probe id)" '^uid=5 gid=6 '
	is "$(in_ct "$id" /probe cat /proc/self/uid_map | tr -s ' ')" ' 0 100000 65536'
	delete_all
}

test_cgroup_belongs_to_root_of_the_container_when_writable() {
	need root
	need userns
	need cgroup2
	need runtime		# runc 1.1 leaves this to systemd
	map "$M" "$M" args='/probe sleep' 'mounts.[destination=/sys/fs/cgroup].options=["nosuid","noexec","nodev"]'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	dir=$(cg "$(pid_of "$id")")
	is "$("$PROBE" stat "$dir" | cut -d' ' -f3)" 100000 'the directory'
	is "$("$PROBE" stat "$dir/cgroup.procs" | cut -d' ' -f3)" 100000 cgroup.procs
	is "$("$PROBE" stat "$dir/cgroup.subtree_control" | cut -d' ' -f3)" 100000 cgroup.subtree_control
	is "$("$PROBE" stat "$dir/cgroup.threads" | cut -d' ' -f3)" 100000 cgroup.threads
	is "$("$PROBE" stat "$dir/cgroup.freeze" | cut -d' ' -f3)" 0 'cgroup.freeze stays'
	delete_all
}

test_cgroup_stays_roots_when_readonly() {
	need root
	need userns
	need cgroup2
	map "$M" "$M" args='/probe sleep'
	rt_ok create -b b "$id"
	dir=$(cg "$(pid_of "$id")")
	is "$("$PROBE" stat "$dir" "$dir/cgroup.procs" | cut -d' ' -f3)" '0
0'
	delete_all
}

# ---- callers without privilege -----------------------------------------------------------------

# rootless ARGS...: like rt, as uid and gid 1000; the bundle and the state directory are that user's
rootless() {
	mkdir -p home
	chown 1000:1000 home
	[ -d b ] && chown -R 1000:1000 b
	"$PROBE" deadline "$RT_LIMIT" "$PROBE" asuser 1000 1000 "$RT" --root "$PWD/home/state" "$@" >out 2>err
	status=$?
	out=$(cat out) err=$(cat err)
	echo "  rootless $*: $status"
	[ $status = 0 ] || rt_show
}

# in_user_ns ARGS...: the same as root of a user namespace with one id, made by somebody else
in_user_ns() {
	mkdir -p home
	chown 1000:1000 home
	chown -R 1000:1000 b
	"$PROBE" deadline "$RT_LIMIT" "$PROBE" asuser 1000 1000 unshare -U -r "$RT" --root "$PWD/home/state" "$@" >out 2>err
	status=$?
	out=$(cat out) err=$(cat err)
	echo "  in_user_ns $*: $status"
	[ $status = 0 ] || rt_show
}

# rootless_bundle [EDIT...]: one id mapped, no limits, no cgroup, devpts without a group
rootless_bundle() {
	need root
	need userns
	"$PROBE" asuser 1000 1000 "$PROBE" unshare user >/dev/null || skip 'needs user namespaces for users'
	"$PROBE" asuser 1000 1000 test -x "$RT" && "$PROBE" asuser 1000 1000 test -x "$PWD" || skip 'needs a runtime and a directory that a user can reach'
	bundle "$USER" 'linux.uidMappings=[{"containerID":0,"hostID":1000,"size":1}]' 'linux.gidMappings=[{"containerID":0,"hostID":1000,"size":1}]' \
		linux.resources- 'mounts.[destination=/dev/pts].options=["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]' "$@"
}

test_rootless_run() {
	rootless_bundle
	rootless run -b b "$id"
	is "$status" 0
	like "$out" '^uid=0 gid=0 '
}

# Engines write an empty object; podman does.
test_rootless_resources_that_ask_for_nothing() {
	rootless_bundle 'linux.resources={"memory":{},"devices":[{"allow":false,"access":"rwm"}]}'
	rootless run -b b "$id"
	is "$status" 0
	like "$out" '^uid=0 gid=0 '
}

test_rootless_limit_without_a_cgroup_is_an_error() {
	rootless_bundle 'linux.resources={"pids":{"limit":10}}'
	rootless run -b b "$id"
	is "$status" 1
	[ "$RT_NAME" != runtime ] || like "$err" '^runtime: linux.resources.pids.limit: .*permission denied$'
	is "$(ls home/state)" '' 'nothing is left'
}

# As podman calls it: root of a user namespace that this process did not make, in the host's network.
test_root_of_a_user_namespace_makes_a_network() {
	need runtime
	rootless_bundle args='/probe netif' linux.uidMappings- linux.gidMappings- 'linux.namespaces.[type=user]-' \
		'mounts.[destination=/sys]-' 'linux.namespaces.[type=network]-'
	edit b/config.json 'linux.namespaces+={"type":"network"}'
	for r in auto true false; do
		in_user_ns --rootless "$r" --cgroup-manager disabled run -b b "$id"
		is "$status" 0 "$r"
		like "$out" '^lo up'
	done
}

test_rootless_status_is_passed_on() {
	rootless_bundle args='/probe exit 7'
	rootless run -b b "$id"
	is "$status" 7
}

test_rootless_maps() {
	rootless_bundle args='/probe cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups'
	rootless run -b b "$id"
	is "$(printf '%s\n' "$out" | tr -s ' ')" ' 0 1000 1
 0 1000 1
deny'
}

test_rootless_mounts() {
	rootless_bundle args='/probe mounts'
	rootless run -b b "$id"
	like "$out" '^/proc proc '
	like "$out" '^/dev tmpfs '
	like "$out" '^/dev/null '
	like "$out" '^/dev/pts devpts '
}

test_rootless_lifecycle() {
	rootless_bundle args='/probe sleep'
	rootless create -b b "$id"
	is "$status" 0 create
	rootless state "$id"
	like "$out" '"status": "created"'
	rootless start "$id"
	is "$status" 0 start
	rootless exec "$id" /probe id
	like "$out" '^uid=0 gid=0 ' exec
	rootless kill "$id" KILL
	is "$status" 0 kill
	stopped() { rootless state "$id" >/dev/null; matches "$out" '"status": "stopped"'; }
	wait_for stopped
	rootless delete "$id"
	is "$status" 0 delete
	is "$(ls home/state)" '' 'nothing is left'
}

test_rootless_delete_force() {
	rootless_bundle args='/probe sleep'
	rootless create -b b "$id"
	rootless start "$id"
	rootless delete --force "$id"
	is "$status" 0
	rootless state "$id"
	isnt "$status" 0
}

test_rootless_files_belong_to_the_caller() {
	rootless_bundle args='/probe touch /tmp/new' root.readonly=false
	rootless run -b b "$id"
	is "$("$PROBE" stat b/rootfs/tmp/new)" 'file 0644 1000 1000'
}

test_rootless_range_beyond_the_caller_is_an_error() {
	rootless_bundle 'linux.uidMappings=[{"containerID":0,"hostID":0,"size":65536}]'
	rootless run -b b "$id"
	isnt "$status" 0
	isnt "$err" '' 'with a message'
}

test_rootless_without_a_user_namespace_is_an_error() {
	rootless_bundle
	edit b/config.json 'linux.namespaces.[type=user]-' 'linux.uidMappings-' 'linux.gidMappings-'
	rootless run -b b "$id"
	isnt "$status" 0
	isnt "$err" '' 'with a message'
}

test_rootless_limits_that_cannot_be_had_are_an_error() {
	rootless_bundle 'linux.resources={"pids":{"limit":10}}'
	rootless run -b b "$id"
	isnt "$status" 0
	like "$err" '(pids|cgroup|rootless)'
}

test_rootless_idmap_of_the_hosts_files_is_refused() {
	need runtime
	rootless_bundle
	mkdir src
	edit b/config.json mounts+="{\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\",\"idmap\"]}"
	rootless run -b b "$id"
	is "$err" "runtime: mounts[7] /tmp: idmap: mapped already, or not this user's to map: operation not permitted"
}

test_rootless_state_is_private() {
	need runtime		# runc: 0711
	rootless_bundle args='/probe sleep'
	rootless create -b b "$id"
	is "$("$PROBE" stat "home/state/$id" | cut -d' ' -f1,2,3)" 'dir 0700 1000'
	rootless delete --force "$id"
}

run_tests
