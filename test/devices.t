#!/bin/sh
# devices.t - the default devices, linux.devices, and the policy of linux.resources.devices.
. "${0%/*}/lib.sh"

MKNOD='process.capabilities={"bounding":["CAP_MKNOD","CAP_SYSLOG"],"permitted":["CAP_MKNOD","CAP_SYSLOG"],"effective":["CAP_MKNOD","CAP_SYSLOG"]}'
USERNS='linux.namespaces+={"type":"user"}'
UIDS='linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
GIDS='linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'

test_default_devices() {
	need root
	bundle args='/probe stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty'
	rt_ok run -b b "$id"
	is "$out" 'char 0666 0 0 1:3
char 0666 0 0 1:5
char 0666 0 0 1:7
char 0666 0 0 1:8
char 0666 0 0 1:9
char 0666 0 0 5:0'
}

test_default_links() {
	need root
	bundle args='/probe stat /dev/fd /dev/stdin /dev/stdout /dev/stderr'
	rt_ok run -b b "$id"
	is "$out" 'link 0777 0 0 /proc/self/fd
link 0777 0 0 /proc/self/fd/0
link 0777 0 0 /proc/self/fd/1
link 0777 0 0 /proc/self/fd/2'
}

test_ptmx() {
	need root
	bundle args='/probe readlink /dev/ptmx'
	rt_ok run -b b "$id"
	is "$out" pts/ptmx
}

test_ptmx_works() {
	need root
	bundle args='/probe pty /probe tty'
	rt_ok run -b b "$id"
	like "$out" '^0 tty /dev/pts/0'
}

test_nothing_else_in_dev() {
	need root
	bundle args='/probe ls /dev'
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | grep -v '^core$' | tr '\n' ' ')" 'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero '
}

test_default_devices_work() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe open-dev /dev/null w)" ok
	is "$(in_ct "$id" /probe open-dev /dev/zero)" ok
	is "$(in_ct "$id" /probe open-dev /dev/full w)" 'ERRNO ENOSPC write /dev/full'
	is "$(in_ct "$id" /probe open-dev /dev/random)" ok
	is "$(in_ct "$id" /probe open-dev /dev/urandom)" ok
	delete_all
}

test_default_devices_without_a_mount_on_dev() {
	need root
	bundle args='/probe stat /dev/null /dev/urandom' root.readonly=true 'mounts.[destination=/dev]-' 'mounts.[destination=/dev/pts]-' \
		'mounts.[destination=/dev/shm]-' 'mounts.[destination=/dev/mqueue]-'
	rt_ok run -b b "$id"
	is "$out" 'char 0666 0 0 1:3
char 0666 0 0 1:9'
}

test_a_users_program_can_write_to_null() {
	need root
	bundle args='/probe open-dev /dev/null w' 'process.user={"uid":1000,"gid":1000}'
	rt_ok run -b b "$id"
	is "$out" ok
}

# device JSON-FIELDS: stats /dev/x
device() {
	bundle args='/probe stat /dev/x' "linux.devices=[{\"path\":\"/dev/x\",$1}]"
	rt_ok run -b b "$id"
}

test_char_device() {
	need root
	device '"type":"c","major":10,"minor":229,"fileMode":384,"uid":7,"gid":8'
	is "$out" 'char 0600 7 8 10:229'
}

test_unbuffered_char_device() {
	need root
	device '"type":"u","major":1,"minor":11,"fileMode":292,"uid":0,"gid":0'
	is "$out" 'char 0444 0 0 1:11'
}

test_block_device() {
	need root
	device '"type":"b","major":7,"minor":0,"fileMode":432,"uid":0,"gid":6'
	is "$out" 'block 0660 0 6 7:0'
}

test_fifo() {
	need root
	device '"type":"p","fileMode":420,"uid":1000,"gid":1001'
	is "$out" 'fifo 0644 1000 1001'
}

test_mode_owner_and_group_are_optional() {
	need root
	umask 077
	device '"type":"c","major":10,"minor":229'
	is "$out" 'char 0666 0 0 10:229'
}

test_large_numbers() {
	need root
	device '"type":"c","major":511,"minor":1048575,"fileMode":384'
	is "$out" 'char 0600 0 0 511:1048575'
}

test_mode_with_special_bits() {
	need root
	device '"type":"p","fileMode":511'
	is "$out" 'fifo 0777 0 0'
}

test_outside_of_dev() {
	need root
	bundle args='/probe stat /made/here/x' 'linux.devices=[{"path":"/made/here/x","type":"c","major":1,"minor":3}]'
	rt_ok run -b b "$id"
	is "$out" 'char 0666 0 0 1:3'
}

test_several_in_order() {
	need root
	bundle args='/probe stat /dev/a /dev/d/b' 'linux.devices=[{"path":"/dev/a","type":"c","major":1,"minor":3},
		{"path":"/dev/d/b","type":"b","major":7,"minor":1}]'
	rt_ok run -b b "$id"
	is "$out" 'char 0666 0 0 1:3
block 0666 0 0 7:1'
}

test_default_device_can_be_configured() {
	need root
	bundle args='/probe stat /dev/null' 'linux.devices=[{"path":"/dev/null","type":"c","major":1,"minor":3,"fileMode":384,"uid":5,"gid":6}]' \
		'linux.resources.devices+={"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}'
	rt_ok run -b b "$id"
	is "$out" 'char 0600 5 6 1:3'
}

test_existing_file_is_an_error() {
	need root
	need runtime		# runc keeps the file and says nothing
	bundle 'linux.devices=[{"path":"/etc/passwd","type":"c","major":1,"minor":3}]'
	rt_fails run -b b "$id"
	has "$err" /etc/passwd
}

test_existing_other_device_is_an_error() {
	need root
	need runtime
	bundle 'linux.devices=[{"path":"/x","type":"c","major":1,"minor":3}]'
	"$PROBE" mknod b/rootfs/x c 1 5 >/dev/null
	rt_fails run -b b "$id"
	has "$err" /x
	is "$("$PROBE" stat b/rootfs/x | cut -d' ' -f5)" 1:5 'untouched'
}

test_existing_same_device_is_taken() {
	need root
	bundle args='/probe stat /x' 'linux.devices=[{"path":"/x","type":"c","major":1,"minor":5}]'
	"$PROBE" mknod b/rootfs/x c 1 5 >/dev/null
	rt_ok run -b b "$id"
	like "$out" '^char 0[0-7]+ 0 0 1:5$'
}

test_unknown_type() {
	need root
	bundle 'linux.devices=[{"path":"/dev/x","type":"z","major":1,"minor":5}]'
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || has "$err" 'config.json: linux.devices[0].type'
}

test_major_and_minor_are_required() {
	need root
	need runtime		# to runc they are 0
	bundle 'linux.devices=[{"path":"/dev/x","type":"c","minor":5}]'
	rt_fails run -b b "$id"
	has "$err" 'config.json: linux.devices[0].major'
	bundle 'linux.devices=[{"path":"/dev/x","type":"b","major":5}]'
	rt_fails run -b b "$id"
	like "$err" 'config.json: linux.devices\[0\].*minor'
}

test_path_must_be_absolute() {
	need root
	need runtime
	bundle 'linux.devices=[{"path":"dev/x","type":"c","major":1,"minor":5}]'
	rt_fails run -b b "$id"
	has "$err" 'config.json: linux.devices[0].path'
}

test_path_links_stay_inside() {
	need root
	mkdir outside
	bundle args='/probe true' root.readonly=false 'linux.devices=[{"path":"/link/x","type":"c","major":1,"minor":5}]'
	ln -s "$PWD/outside" b/rootfs/link
	rt run -b b "$id"
	is "$(ls outside)" '' 'nothing was made on the host'
}

test_user_namespace_binds_the_hosts() {
	need root
	need userns
	bundle args='/probe stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty' "$USERNS" "$UIDS" "$GIDS"
	rt_ok run -b b "$id"
	is "$out" 'char 0666 65534 65534 1:3
char 0666 65534 65534 1:5
char 0666 65534 65534 1:7
char 0666 65534 65534 1:8
char 0666 65534 65534 1:9
char 0666 65534 65534 5:0'
}

test_user_namespace_devices_work() {
	need root
	need userns
	bundle args='/probe open-dev /dev/zero' "$USERNS" "$UIDS" "$GIDS"
	rt_ok run -b b "$id"
	is "$out" ok
}

test_user_namespace_binds_a_configured_one() {
	need root
	need userns
	need device /dev/fuse
	bundle args='/probe stat /dev/fuse' "$USERNS" "$UIDS" "$GIDS" 'linux.devices=[{"path":"/dev/fuse","type":"c","major":10,"minor":229}]'
	rt_ok run -b b "$id"
	like "$out" '^char 0[0-7]+ 65534 65534 10:229$'
}

test_user_namespace_makes_fifos() {
	need root
	need userns
	bundle args='/probe stat /dev/x' "$USERNS" "$UIDS" "$GIDS" 'linux.devices=[{"path":"/dev/x","type":"p","fileMode":384,"uid":7,"gid":8}]'
	rt_ok run -b b "$id"
	is "$out" 'fifo 0600 7 8'
}

test_user_namespace_binds_a_configured_block_device() {
	need root
	need userns
	"$PROBE" mknod /dev/$id b 7 0 >/dev/null
	bundle args="/probe stat /dev/$id" "$USERNS" "$UIDS" "$GIDS" "linux.devices=[{\"path\":\"/dev/$id\",\"type\":\"b\",\"major\":7,\"minor\":0}]"
	rt run -b b "$id"
	rm /dev/$id
	like "$out" '^block 0[0-7]+ 65534 65534 7:0$'
}

test_user_namespace_does_not_bind_another_device() {
	need root
	need userns
	need runtime		# runc binds whatever is there
	bundle "$USERNS" "$UIDS" "$GIDS" 'linux.devices=[{"path":"/dev/full","type":"c","major":1,"minor":3}]'
	rt_fails run -b b "$id"
	is "$err" "runtime: linux.devices[0]: the host's /dev/full is another device"
	edit b/config.json linux.devices.0.path=/dev/no-such
	rt_fails run -b b "$id"
	is "$err" "runtime: linux.devices[0]: bind the host's /dev/no-such: no such file or directory"
}

test_existing_fifo_is_no_device_and_the_other_way_round() {
	need root
	need runtime
	bundle 'linux.devices=[{"path":"/x","type":"p"}]'
	"$PROBE" mknod b/rootfs/x c 1 3 >/dev/null
	rt_fails run -b b "$id"
	is "$err" 'runtime: linux.devices[0]: device /x: a different file is already there'
	edit b/config.json 'linux.devices=[{"path":"/x","type":"b","major":1,"minor":3}]'
	rt_fails run -b b "$id"
	rm b/rootfs/x
	mkfifo b/rootfs/x
	rt_fails run -b b "$id"
	edit b/config.json 'linux.devices=[{"path":"/x","type":"p"}]' 'process.args=["/probe","stat","/x"]'
	rt_ok run -b b "$id"
	like "$out" '^fifo '
}

test_a_link_in_the_place_of_a_device_is_an_error() {
	need root
	need runtime
	bundle 'linux.devices=[{"path":"/x","type":"c","major":1,"minor":3}]'
	"$PROBE" mknod b/rootfs/y c 1 3 >/dev/null
	ln -s y b/rootfs/x
	rt_fails run -b b "$id"
	has "$err" 'linux.devices[0]: device /x'
}

# ---- a /dev that is the host's ---------------------------------------------------------------------

# hosts_dev TYPE [EDIT...]: the host's /dev (./dev where it is bound) as the container's
hosts_dev() {
	local mount="{\"destination\":\"/dev\",\"type\":\"devtmpfs\",\"source\":\"devtmpfs\"}"
	[ "$1" = devtmpfs ] || mount="{\"destination\":\"/dev\",\"type\":\"bind\",\"source\":\"$PWD/dev\",\"options\":[\"rbind\"]}"
	shift
	bundle args='/probe ls /dev' "mounts.[destination=/dev]=$mount" 'mounts.[destination=/dev/pts]-' 'mounts.[destination=/dev/shm]-' \
		'mounts.[destination=/dev/mqueue]-' "$@"
}

test_bound_dev_is_left_alone() {
	need root
	mkdir dev
	touch dev/ptmx dev/mine
	hosts_dev bind
	rt_ok run -b b "$id"
	is "$out" 'mine
ptmx' 'nothing is made in it'
	is "$(ls dev)" 'mine
ptmx' 'nor on the host'
}

test_devtmpfs_is_left_alone() {
	need root
	need fs devtmpfs
	need runtime		# runc replaces the host's /dev/ptmx
	mkdir dev
	mount -t devtmpfs devtmpfs dev
	"$PROBE" mknod dev/$id c 1 3 >/dev/null
	rm -f dev/$id.ptmx
	ls -l dev | sed 's/ [^ ]*:[^ ]* / /' >before
	[ -c dev/ptmx ] || note 'no /dev/ptmx'
	hosts_dev devtmpfs
	rt_ok run -b b "$id"
	like "$out" "^$id\$" "it is the host's"
	ls -l dev | sed 's/ [^ ]*:[^ ]* / /' >after
	ok cmp before after
	rm dev/$id
	umount dev
}

test_configured_devices_of_a_bound_dev_must_be_there() {
	need root
	need runtime		# runc skips them
	mkdir dev
	"$PROBE" mknod dev/x c 1 5 >/dev/null
	hosts_dev bind 'linux.devices=[{"path":"/dev/x","type":"c","major":1,"minor":5},{"path":"/made/y","type":"c","major":1,"minor":3}]' \
		'process.args=["/probe","stat","/dev/x","/made/y"]'
	rt_ok run -b b "$id"
	is "$out" 'char 0644 0 0 1:5
char 0666 0 0 1:3' 'devices elsewhere are made'
	edit b/config.json linux.devices.0.minor=7
	rt_fails run -b b "$id"
	is "$err" 'runtime: linux.devices[0]: device /dev/x: a different file is already there'
	edit b/config.json linux.devices.0.path=/dev/z
	rt_fails run -b b "$id"
	is "$err" "runtime: linux.devices[0]: device /dev/z: /dev is the host's, nothing is made in it: no such file or directory"
	is "$(ls dev)" x
}

# ---- a host without device nodes ---------------------------------------------------------------------

# Files are masked with a null device; a bare initramfs has none of its own.
test_masking_without_the_hosts_null_device() {
	need root
	need runtime
	mkdir empty
	bundle args='/probe stat /proc/version /dev/null' 'linux.maskedPaths=["/proc/version","/proc/fs"]'
	mount -t tmpfs tmpfs empty
	mount --bind empty /dev
	rt run -b b "$id"
	umount /dev
	umount empty
	is "$status" 0
	is "$out" 'char 0666 0 0 1:3
char 0666 0 0 1:3'
}

test_masking_with_a_false_null_device_on_the_host() {
	need root
	need runtime
	mkdir dev
	bundle args='/probe stat /proc/version' 'linux.maskedPaths=["/proc/version"]'
	echo >dev/null
	mount --bind dev /dev
	rt run -b b "$id"
	hosts_dev bind 'process.args=["/probe","true"]' 'linux.maskedPaths=["/proc/version"]'
	out2=$out
	rt run -b b "$id"
	umount /dev
	is "$out2" 'char 0666 0 0 1:3' 'the container has a true one'
	is "$err" "runtime: linux.maskedPaths[0]: /proc/version: neither the host's nor the container's /dev/null is the null device"
}

# policy RULES COMMAND...: runs it with a kmsg node (1:11) and this list of device rules
policy() {
	rules=$1
	shift
	bundle args="/probe $*" "$MKNOD" "linux.resources.devices=$rules" \
		'linux.devices=[{"path":"/dev/kmsg","type":"c","major":1,"minor":11,"fileMode":438}]'
	rt run -b b "$id"
}
DENIED='ERRNO EPERM open /dev/kmsg'
ALL_DENIED='{"allow":false,"access":"rwm"}'

test_policy_denies_what_is_not_allowed() {
	need root
	need cgroup2
	policy "[$ALL_DENIED]" open /dev/kmsg
	is "$out" "$DENIED"
}

test_policy_allows_by_number() {
	need root
	need cgroup2
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"rw\"}]" open /dev/kmsg
	is "$out" ok
}

test_policy_other_number_stays_denied() {
	need root
	need cgroup2
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":12,\"access\":\"rwm\"}]" open /dev/kmsg
	is "$out" "$DENIED"
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":2,\"minor\":11,\"access\":\"rwm\"}]" open /dev/kmsg
	is "$out" "$DENIED" 'other major'
}

test_policy_other_type_stays_denied() {
	need root
	need cgroup2
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"b\",\"major\":1,\"minor\":11,\"access\":\"rwm\"}]" open /dev/kmsg
	is "$out" "$DENIED"
}

test_policy_minor_wildcard() {
	need root
	need cgroup2
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":1,\"access\":\"rw\"}]" open /dev/kmsg
	is "$out" ok
}

test_policy_major_wildcard() {
	need root
	need cgroup2
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"minor\":11,\"access\":\"rw\"}]" open /dev/kmsg
	is "$out" ok
}

test_policy_minus_one_is_a_wildcard() {
	need root
	need cgroup2
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":-1,\"access\":\"rw\"}]" open /dev/kmsg
	is "$out" ok
}

test_policy_char_wildcard() {
	need root
	need cgroup2
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"access\":\"rw\"}]" open /dev/kmsg
	is "$out" ok
}

test_policy_all_allowed() {
	need root
	need cgroup2
	policy '[{"allow":true,"access":"rwm"}]' open /dev/kmsg
	is "$out" ok
	policy '[{"allow":true,"type":"a","access":"rwm"}]' open /dev/kmsg
	is "$out" ok 'type a'
}

test_policy_later_rule_wins() {
	need root
	need cgroup2
	policy "[{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"rw\"},$ALL_DENIED]" open /dev/kmsg
	is "$out" "$DENIED" 'allowed, then all denied'
	policy "[{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"rwm\"}]" open /dev/kmsg
	is "$out" "$DENIED" 'all allowed, then one denied'
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"rw\"},{\"allow\":false,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"w\"}]" open /dev/kmsg w
	is "$out" "$DENIED" 'write taken away again'
}

test_policy_access_read() {
	need root
	need cgroup2
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"r\"}]" open /dev/kmsg r
	is "$out" ok
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"r\"}]" open /dev/kmsg w
	is "$out" "$DENIED" 'no write'
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"r\"}]" open /dev/kmsg rw
	is "$out" "$DENIED" 'not both'
}

test_policy_access_adds_up() {
	need root
	need cgroup2
	policy "[$ALL_DENIED,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"r\"},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"w\"}]" open /dev/kmsg rw
	is "$out" ok
}

test_policy_default_devices_stay_open() {
	need root
	need cgroup2
	policy "[$ALL_DENIED]" open-dev /dev/zero
	is "$out" ok
	policy "[$ALL_DENIED]" pty /probe tty
	like "$out" '^0 tty' 'ptmx and pts'
}

test_policy_mknod_is_allowed_and_open_is_not() {
	need root
	need cgroup2
	policy "[$ALL_DENIED]" mknod /dev/y c 1 11
	is "$out" ok
	policy "[$ALL_DENIED]" mknod /dev/y b 7 0
	is "$out" ok 'block'
}

test_policy_holds_for_exec() {
	need root
	need cgroup2
	bundle args='/probe sleep' "linux.resources.devices=[$ALL_DENIED]" \
		'linux.devices=[{"path":"/dev/kmsg","type":"c","major":1,"minor":11}]'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe open /dev/kmsg)" "$DENIED"
	is "$(in_ct "$id" /probe open-dev /dev/zero)" ok
	delete_all
}

test_policy_without_rules() {
	need root
	need cgroup2
	bundle args='/probe open /dev/kmsg' 'linux.resources.devices-' \
		'linux.devices=[{"path":"/dev/kmsg","type":"c","major":1,"minor":11}]'
	rt run -b b "$id"
	is "$out" "$DENIED" 'as if all were denied'
}

test_policy_bad_type() {
	need root
	bundle 'linux.resources.devices=[{"allow":true,"type":"q","access":"rwm"}]'
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || has "$err" 'config.json: linux.resources.devices[0].type'
}

test_policy_bad_access() {
	need root
	need runtime
	bundle 'linux.resources.devices=[{"allow":true,"access":"rwx"}]'
	rt_fails run -b b "$id"
	has "$err" 'config.json: linux.resources.devices[0].access'
}

test_policy_of_many_rules() {
	need root
	need cgroup2
	list=$ALL_DENIED
	i=0
	while [ $i -lt 200 ]; do
		i=$((i + 1))
		list="$list,{\"allow\":true,\"type\":\"c\",\"major\":200,\"minor\":$i,\"access\":\"rw\"}"
	done
	policy "[$list,{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":11,\"access\":\"rw\"}]" open /dev/kmsg
	is "$out" ok
	policy "[$list]" open /dev/kmsg
	is "$out" "$DENIED"
}

# The policy of a container is its own, whatever program its cgroup has from before.
test_policy_replaces_what_the_cgroup_had() {
	need root
	need cgroup2
	need runtime		# runc 1.1 waits for its leaving processes
	local path="linux.cgroupsPath=/$id-shared" kmsg='{"allow":true,"type":"c","major":1,"minor":11,"access":"rw"}' next
	bundle args='/probe true' "$path" "linux.resources.devices=[$ALL_DENIED]"
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	ok test -d "$CGROUP/$id-shared"
	for next in "$ALL_DENIED,$kmsg" '{"allow":true,"access":"rwm"}' "$ALL_DENIED"; do
		bundle args='/probe sleep' "$path" "linux.resources.devices=[$next]" 'process.capabilities={"bounding":["CAP_SYSLOG"],"permitted":["CAP_SYSLOG"],"effective":["CAP_SYSLOG"]}' \
			'linux.devices=[{"path":"/dev/kmsg","type":"c","major":1,"minor":11}]'
		rt_ok run -d -b b "$id2"
		if [ "$next" = "$ALL_DENIED" ]; then want=$DENIED; else want=ok; fi
		is "$(in_ct "$id2" /probe open /dev/kmsg)" "$want" "$next"
		rt_ok kill "$id2" KILL
		wait_status "$id2" stopped
		# what it holds but for the cgroup, which the next one gets as it is
		rm -r "${STATE:?}/$id2"
	done
	rt_ok delete "$id"
	fails test -e "$CGROUP/$id-shared"
}

run_tests
