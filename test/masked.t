#!/bin/sh
# masked.t - linux.maskedPaths and linux.readonlyPaths.
. "${0%/*}/lib.sh"

test_file_is_null() {
	need root
	bundle args='/probe stat /secret' 'linux.maskedPaths=["/secret"]'
	echo key >b/rootfs/secret
	rt_ok run -b b "$id"
	like "$out" '^char 0666 0 0 1:3$'
}

test_file_reads_empty() {
	need root
	bundle args='/probe cat /secret' 'linux.maskedPaths=["/secret"]'
	echo key >b/rootfs/secret
	rt_ok run -b b "$id"
	is "$out" ''
	is "$(cat b/rootfs/secret)" key 'untouched on the host'
}

test_what_is_written_to_a_file_is_lost() {
	need root
	bundle args='/probe write /secret other' root.readonly=false 'linux.maskedPaths=["/secret"]'
	echo key >b/rootfs/secret
	rt run -b b "$id"
	is "$(cat b/rootfs/secret)" key
}

test_directory_is_empty() {
	need root
	bundle args='/probe ls /etc' 'linux.maskedPaths=["/etc"]'
	rt_ok run -b b "$id"
	is "$out" ''
}

test_directory_is_readonly() {
	need root
	bundle args='/probe touch /etc/x' root.readonly=false 'linux.maskedPaths=["/etc"]'
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS open /etc/x'
	fails test -e b/rootfs/etc/x
}

test_directory_in_mountinfo() {
	need root
	bundle args='/probe mount /etc' 'linux.maskedPaths=["/etc"]'
	rt_ok run -b b "$id"
	like "$out" '^/etc tmpfs ro'
}

test_kernel_files() {
	need root
	bundle args='/probe stat /proc/version /proc/uptime' 'linux.maskedPaths=["/proc/version","/proc/uptime"]'
	rt_ok run -b b "$id"
	is "$out" 'char 0666 0 0 1:3
char 0666 0 0 1:3'
}

test_sys_firmware() {
	need root
	need file /sys/firmware
	bundle args='/probe ls /sys/firmware' 'linux.maskedPaths=["/sys/firmware"]'
	rt_ok run -b b "$id"
	is "$out" ''
}

test_missing_ones_are_skipped() {
	need root
	bundle 'linux.maskedPaths=["/no/such","/etc/none"]' 'linux.readonlyPaths=["/no/such"]'
	rt_ok run -b b "$id"
	like "$out" '^uid=0'
	fails test -e b/rootfs/no
}

test_masked_with_a_writable_root() {
	need root
	bundle args='/probe rm /secret' root.readonly=false 'linux.maskedPaths=["/secret"]'
	echo key >b/rootfs/secret
	rt run -b b "$id"
	is "$out" 'ERRNO EBUSY rm /secret'
}

test_many() {
	need root
	bundle args='/probe ls /many' root.readonly=false
	mkdir b/rootfs/many
	list=
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		mkdir b/rootfs/many/$i
		echo x >b/rootfs/many/$i/x
		list="$list${list:+,}\"/many/$i\""
	done
	bundle args='/probe ls /many/20' "linux.maskedPaths=[$list]"
	rt_ok run -b b "$id"
	is "$out" ''
	edit b/config.json 'process.args=["/probe","ls","/many/1"]'
	rt_ok run -b b "$id"
	is "$out" ''
}

test_masked_link_stays_inside() {
	need root
	bundle args='/probe cat /real' 'linux.maskedPaths=["/link"]'
	echo host >outside
	echo key >b/rootfs/real
	ln -s "$PWD/outside" b/rootfs/link
	rt run -b b "$id"
	is "$(cat outside)" host
}

test_masked_must_be_absolute() {
	need root
	need runtime		# runc takes them as they are
	bundle 'linux.maskedPaths=["secret"]'
	rt_fails run -b b "$id"
	has "$err" 'config.json: linux.maskedPaths[0]'
	like "$err" absolute
}

test_readonly_must_be_absolute() {
	need root
	need runtime
	bundle 'linux.readonlyPaths=["/a","proc"]'
	rt_fails run -b b "$id"
	has "$err" 'config.json: linux.readonlyPaths[1]'
	like "$err" absolute
}

test_readonly_file() {
	need root
	bundle args='/probe write /f new' root.readonly=false 'linux.readonlyPaths=["/f"]'
	echo old >b/rootfs/f
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS open /f'
	is "$(cat b/rootfs/f)" old
}

test_readonly_file_can_be_read() {
	need root
	bundle args='/probe cat /f' root.readonly=false 'linux.readonlyPaths=["/f"]'
	echo old >b/rootfs/f
	rt_ok run -b b "$id"
	is "$out" old
}

test_readonly_directory() {
	need root
	bundle args='/probe touch /etc/x' root.readonly=false 'linux.readonlyPaths=["/etc"]'
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS open /etc/x'
}

test_readonly_leaves_the_rest_writable() {
	need root
	bundle args='/probe touch /tmp/x' root.readonly=false 'linux.readonlyPaths=["/etc"]'
	rt_ok run -b b "$id"
	is "$out" ok
}

test_readonly_proc_sys() {
	need root
	bundle args='/probe open /proc/sys/net/ipv4/ip_forward w' 'linux.readonlyPaths=["/proc/sys"]'
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS open /proc/sys/net/ipv4/ip_forward'
	bundle args='/probe open /proc/sys/net/ipv4/ip_forward w' linux.readonlyPaths=[]
	rt run -b b "$id"
	is "$out" ok 'without it'
}

test_readonly_keeps_the_flags_of_its_mount() {
	need root
	bundle args='/probe mount /m/d' 'linux.readonlyPaths=["/m/d"]' \
		mounts+='{"destination":"/m","type":"tmpfs","source":"tmpfs","options":["nosuid","nodev","noexec"]}' \
		mounts+='{"destination":"/m/d","type":"tmpfs","source":"tmpfs","options":["nosuid","nodev","noexec"]}'
	rt_ok run -b b "$id"
	like "$out" '^/m/d tmpfs ro,nosuid,nodev,noexec'
}

test_with_a_user_namespace() {
	need root
	need userns
	bundle args='/probe stat /secret /etc' 'linux.maskedPaths=["/secret","/etc"]' 'linux.readonlyPaths=["/tmp"]' \
		linux.namespaces+='{"type":"user"}' 'linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' \
		'linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
	echo key >b/rootfs/secret
	rt_ok run -b b "$id"
	like "$out" '^char 0666 [0-9]+ [0-9]+ 1:3$'
	like "$out" '^dir '
	bundle args='/probe touch /tmp/x' root.readonly=false 'linux.readonlyPaths=["/tmp"]' \
		linux.namespaces+='{"type":"user"}' 'linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' \
		'linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS open /tmp/x'
}

test_cannot_be_undone_in_a_user_namespace() {
	need root
	need userns
	bundle args='/probe umount /etc' 'linux.maskedPaths=["/etc"]' linux.namespaces+='{"type":"user"}' \
		'linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' \
		'linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' process.capabilities-
	rt run -b b "$id"
	like "$out" '^ERRNO (EPERM|EINVAL) umount /etc'
}

test_exec_sees_them() {
	need root
	bundle args='/probe sleep' 'linux.maskedPaths=["/etc"]'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe ls /etc)" ''
	delete_all
}

test_below_a_file_is_missing_too() {
	need root
	need runtime		# runc fails
	bundle 'linux.maskedPaths=["/etc/passwd/x"]' 'linux.readonlyPaths=["/etc/passwd/x"]'
	rt_ok run -b b "$id"
	like "$out" '^uid=0'
}

run_tests
