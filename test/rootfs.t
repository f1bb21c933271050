#!/bin/sh
# rootfs.t - root.path, root.readonly, linux.rootfsPropagation, and what is left of the host.
. "${0%/*}/lib.sh"

# mount_field LINES N TARGET: field N of the last line of "probe mounts" for TARGET
mount_field() { printf '%s\n' "$1" | awk -v t="$3" -v n="$2" '$1 == t { v = $n } END { print v }'; }

# On a tmpfs of its own that is shared, so that propagation can be seen: m/b is the bundle.
shared_bundle() {
	mkdir m
	mount -t tmpfs tmpfs m && "$PROBE" mountfs none m shared >/dev/null || { fail 'no tmpfs'; exit 1; }
	bundle -d m/b "$@"
}

# runc sets the propagation of the mount above the root only, and only takes rslave and the like.
not_runc() { [ "$RT_NAME" != runc ] || skip "needs a runtime that sets the propagation of the root"; }

test_readonly() {
	need root
	bundle args='/probe touch /x' root.readonly=true
	rt run -b b "$id"
	is "$status" 1
	is "$out" 'ERRNO EROFS open /x'
	fails test -e b/rootfs/x
}

test_readonly_in_mountinfo() {
	need root
	bundle args='/probe mount /' root.readonly=true
	rt_ok run -b b "$id"
	like "$(mount_field "$out" 3 /)" '^ro(,|$)'
}

test_readonly_leaves_the_mounts_alone() {
	need root
	bundle args='/probe touch /dev/shm/x' root.readonly=true
	rt_ok run -b b "$id"
	is "$out" ok
}

test_readonly_leaves_the_host_alone() {
	need root
	bundle args=/bin/true root.readonly=true
	rt_ok run -b b "$id"
	ok touch b/rootfs/y
}

test_writable() {
	need root
	bundle args='/probe write /x hello' root.readonly=false
	rt_ok run -b b "$id"
	is "$(cat b/rootfs/x)" hello 'on the host'
}

test_writable_is_the_default() {
	need root
	bundle args='/probe touch /x' root.readonly-
	rt_ok run -b b "$id"
	ok test -e b/rootfs/x
}

test_root_keeps_mount_flags_of_its_file_system() {
	need root
	need runtime		# runc drops them
	mkdir m
	mount -t tmpfs -o nosuid,nodev tmpfs m
	bundle -d m/b args='/probe mount /' root.readonly=true
	rt_ok run -b m/b "$id"
	like "$(mount_field "$out" 3 /)" 'ro,nosuid,nodev'
	umount m
}

test_propagation_shared() {
	need root
	not_runc
	shared_bundle args='/probe mount /' linux.rootfsPropagation=shared
	rt_ok run -b m/b "$id"
	like "$(mount_field "$out" 4 /)" shared
	umount m
}

test_propagation_slave() {
	need root
	not_runc
	shared_bundle args='/probe mount /' linux.rootfsPropagation=slave
	rt_ok run -b m/b "$id"
	is "$(mount_field "$out" 4 /)" master
	umount m
}

test_propagation_private() {
	need root
	shared_bundle args='/probe mount /' linux.rootfsPropagation=private
	rt_ok run -b m/b "$id"
	is "$(mount_field "$out" 4 /)" private
	umount m
}

test_propagation_unbindable() {
	need root
	not_runc
	shared_bundle args='/probe mount /' linux.rootfsPropagation=unbindable
	rt_ok run -b m/b "$id"
	is "$(mount_field "$out" 4 /)" unbindable
	umount m
}

test_propagation_default_is_not_shared() {
	need root
	shared_bundle args='/probe mount /'
	rt_ok run -b m/b "$id"
	unlike "$(mount_field "$out" 4 /)" shared
	umount m
}

test_propagation_unknown() {
	need root
	bundle linux.rootfsPropagation=sideways
	rt_fails run -b b "$id"
	has "$err" ropagation
	[ "$RT_NAME" = runtime ] && is "$err" 'runtime: config.json: linux.rootfsPropagation: unknown value "sideways"'
}

# late_mount KIND: does a mount made on the host below the root after create appear inside?
late_mount() {
	shared_bundle args='/probe sleep' "linux.rootfsPropagation=$1"
	mkdir m/b/rootfs/late
	rt_ok create -b m/b "$id"
	rt_ok start "$id"
	mount -t tmpfs tmpfs m/b/rootfs/late
	got=$(in_ct "$id" /probe mount /late)
	umount m/b/rootfs/late
	delete_all
	umount m
}

test_slave_sees_later_mounts_of_the_host() {
	need root
	not_runc
	late_mount slave
	like "$got" '^/late tmpfs'
}

test_private_does_not_see_later_mounts_of_the_host() {
	need root
	late_mount private
	is "$got" ''
}

test_mounts_inside_do_not_reach_the_host() {
	need root
	for kind in slave private; do
		shared_bundle args='/probe mountfs tmpfs /tmp tmpfs' linux.rootfsPropagation=$kind \
			'process.capabilities={"bounding":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"]}'
		rt run -b m/b "$id"
		is "$out" ok "$kind: mounted inside"
		is "$("$PROBE" mounts | grep -c "^$PWD/m/")" 0 "$kind: no mount on the host"
		umount m
		rmdir m
	done
}

# A mount namespace made inside is a peer of the container's root only if that is shared.
ADMIN='process.capabilities={"bounding":["CAP_SYS_ADMIN","CAP_SYS_CHROOT"],"permitted":["CAP_SYS_ADMIN","CAP_SYS_CHROOT"],"effective":["CAP_SYS_ADMIN","CAP_SYS_CHROOT"]}'
nested_mount() {
	shared_bundle args='/probe sleep' "linux.rootfsPropagation=$1" "$ADMIN"
	rt_ok create -b m/b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe unshare +mnt -- /probe mountfs tmpfs /tmp tmpfs | tail -n 1)" ok
	got=$(in_ct "$id" /probe mount /tmp)
	is "$("$PROBE" mounts | grep -c "^$PWD/m/")" 0 "$1: no mount on the host"
	delete_all
	umount m
}

test_shared_sees_mounts_of_nested_containers() {
	need root
	not_runc
	nested_mount shared
	like "$got" '^/tmp tmpfs'
}

test_private_does_not_see_mounts_of_nested_containers() {
	need root
	nested_mount private
	is "$got" ''
}

test_shared_does_not_see_later_mounts_of_the_host() {
	need root
	not_runc
	late_mount shared
	is "$got" '' 'its peer group is new'
}

test_unbindable_cannot_be_bound() {
	need root
	not_runc
	for kind in unbindable private; do
		shared_bundle args='/probe mountfs / /tmp bind' linux.rootfsPropagation=$kind "$ADMIN"
		rt run -b m/b "$id"
		[ $kind = private ] && want=ok || want='ERRNO EINVAL mount /tmp'
		is "$out" "$want" $kind
		umount m
		rmdir m
	done
}

test_recursive_kinds_of_propagation() {
	need root
	for kind in rshared rslave rprivate runbindable; do
		[ $kind = rshared ] || [ $kind = rprivate ] || [ $kind = rslave ] || not_runc
		bundle args='/probe mounts' linux.rootfsPropagation=$kind
		rt_ok run -b b "$id"
		like "$out" '^/ ' $kind
	done
}

test_rootfs_below_a_directory_of_another_user() {
	need root
	need userns
	need runtime		# runc: permission denied
	mkdir -m 0700 locked
	m='[{"containerID":0,"hostID":100000,"size":65536}]'
	for kind in private shared slave; do
		bundle -d locked/b args='/probe mounts' 'linux.namespaces+={"type":"user"}' "linux.uidMappings=$m" "linux.gidMappings=$m" \
			linux.rootfsPropagation=$kind
		rt_ok run -b locked/b "$id"
		is "$(printf '%s\n' "$out" | cut -d' ' -f1 | grep -c '^/$')" 1 "$kind: one root"
		unlike "$(printf '%s\n' "$out" | cut -d' ' -f1)" "$PWD"
		edit locked/b/config.json 'process.args=["/probe","ls","/"]'
		rt_ok run -b locked/b "$id"
		is "$out" "$(ls locked/b/rootfs | sort)"
	done
}

# What the parent opens for a mapped root is a clone of a mount that the host shares.
test_unreachable_rootfs_on_a_shared_mount_leaves_nothing_there() {
	need root
	need userns
	need runtime
	mkdir m
	mount -t tmpfs tmpfs m && "$PROBE" mountfs none m shared >/dev/null || { fail 'no tmpfs'; exit 1; }
	mkdir -m 0700 m/locked
	maps='[{"containerID":0,"hostID":100000,"size":65536}]'
	bundle -d m/locked/b args='/probe mount /' 'linux.namespaces+={"type":"user"}' "linux.uidMappings=$maps" "linux.gidMappings=$maps"
	rt_ok run -b m/locked/b "$id"
	like "$out" '^/ '
	is "$("$PROBE" mounts | grep -c " *$PWD/m/locked")" 0 'mounts left on the host'
	umount m
}

test_only_the_containers_mounts_are_left() {
	need root
	bundle args='/probe mounts' 'linux.maskedPaths=["/proc/version"]' 'linux.readonlyPaths=["/proc/sys"]'
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | cut -d' ' -f1 | sort -u)" "$(printf '%s\n' / /dev /dev/mqueue /dev/pts /dev/shm /proc /proc/sys /proc/version /sys /sys/fs/cgroup)"
}

test_no_path_of_the_host_in_mountinfo() {
	need root
	bundle args='/probe cat /proc/self/mountinfo'
	rt_ok run -b b "$id"
	unlike "$(printf '%s\n' "$out" | cut -d' ' -f5)" "$PWD"
	unlike "$(printf '%s\n' "$out" | cut -d' ' -f5)" '(oldroot|put_old|pivot)'
}

test_root_listing_is_the_rootfs() {
	need root
	bundle args='/probe ls /'
	rt_ok run -b b "$id"
	is "$out" "$(ls b/rootfs | sort)"
}

test_dotdot_at_the_root_stays() {
	need root
	bundle args='/probe ls /../../..'
	rt_ok run -b b "$id"
	is "$out" "$(ls b/rootfs | sort)"
}

test_relative_path() {
	need root
	bundle root.path=./rootfs
	rt_ok run -b b "$id"
	edit b/config.json root.path=rootfs/
	rt_ok run -b b "$id"
	edit b/config.json root.path=../b/rootfs
	rt_ok run -b b "$id"
	like "$out" '^uid=0'
}

test_relative_path_is_to_the_bundle() {
	need root
	bundle
	mkdir elsewhere
	(cd elsewhere && rt_ok run -b ../b "$id")
	is "$(cat elsewhere/out)" 'uid=0 gid=0 groups=- umask=0022'
}

test_absolute_path() {
	need root
	bundle
	mv b/rootfs other
	edit b/config.json "root.path=$PWD/other"
	rt_ok run -b b "$id"
	like "$out" '^uid=0'
}

test_missing_rootfs() {
	need root
	bundle
	mv b/rootfs gone
	rt_fails run -b b "$id"
	has "$err" rootfs
	like "$err" '(no such file or directory|does not exist)'
}

test_rootfs_is_a_file() {
	need root
	bundle
	mv b/rootfs gone
	echo >b/rootfs
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || has "$err" rootfs
	has "$err" 'not a directory'
}

test_root_is_required() {
	need root
	bundle root-
	rt_fails run -b b "$id"
	[ "$RT_NAME" = runtime ] && has "$err" 'config.json: root'
	has "$err" root
}

test_root_path_is_required() {
	need root
	need runtime		# to runc it is the bundle
	bundle root={}
	rt_fails run -b b "$id"
	[ "$RT_NAME" = runtime ] && has "$err" 'config.json: root: path is required'
	has "$err" root
}

test_root_path_may_not_be_empty() {
	need root
	need runtime
	bundle 'root.path=""'
	rt_fails run -b b "$id"
	has "$err" root.path
}

test_no_pivot_is_accepted() {
	need root
	bundle
	rt run --no-pivot -b b "$id"
	is "$status" 0
	like "$out" '^uid=0'
}

test_rootfs_on_tmpfs() {
	need root
	mkdir m
	mount -t tmpfs tmpfs m
	bundle -d m/b args='/probe mount /'
	rt_ok run -b m/b "$id"
	is "$(mount_field "$out" 2 /)" tmpfs
	umount m
}

test_rootfs_on_a_readonly_mount() {
	need root
	mkdir m
	mount -t tmpfs tmpfs m
	bundle -d m/b root.readonly=true
	"$PROBE" mountfs none m remount-ro >/dev/null
	rt_ok run -b m/b "$id"
	like "$out" '^uid=0'
	umount m
}

test_mount_below_the_rootfs_comes_along() {
	need root
	bundle args='/probe ls /tmp'
	mount -t tmpfs tmpfs b/rootfs/tmp
	touch b/rootfs/tmp/inside
	rt_ok run -b b "$id"
	is "$out" inside
	umount b/rootfs/tmp
}

test_two_containers_share_a_rootfs() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok create -b b "$id2"
	rt_ok start "$id"
	rt_ok start "$id2"
	is "$(in_ct "$id" /probe pid | cut -d' ' -f2)" ppid=0
	is "$(in_ct "$id2" /probe hostname)" box
	delete_all
}

test_path_may_be_a_link() {
	need root
	need runtime		# runc refuses it
	bundle root.path=link
	ln -s rootfs b/link
	rt_ok run -b b "$id"
	like "$out" '^uid=0'
	ln -s "$PWD/b" dir
	rt_ok run -b dir "$id"
	like "$out" '^uid=0'
}

test_bundle_may_be_a_link() {
	need root
	bundle
	ln -s b link
	rt_ok run -b link "$id"
	like "$out" '^uid=0'
}

# On an initramfs: the names in its root are init, src and modules; a container with every right looks for them.
test_the_initramfs_is_out_of_reach() {
	need root
	need runtime
	need vm
	need file /bin/busybox
	caps=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
	note "capabilities $caps"
	bundle args='/busybox sh /look' 'process.capabilities={"bounding":["CAP_SYS_ADMIN","CAP_SYS_CHROOT","CAP_SYS_PTRACE","CAP_DAC_OVERRIDE","CAP_MKNOD"],"permitted":["CAP_SYS_ADMIN","CAP_SYS_CHROOT","CAP_SYS_PTRACE","CAP_DAC_OVERRIDE","CAP_MKNOD"],"effective":["CAP_SYS_ADMIN","CAP_SYS_CHROOT","CAP_SYS_PTRACE","CAP_DAC_OVERRIDE","CAP_MKNOD"]}'
	cp /bin/busybox b/rootfs/busybox
	cat >b/rootfs/look <<-'LOOK'
	look() { /busybox ls -a "$1" 2>/dev/null | while read -r n; do echo "$2: $n"; done; }
	/busybox cut -d' ' -f5 /proc/self/mountinfo | while read -r m; do echo "mounted: $m"; done
	look /.. dotdot
	look /proc/1/root init
	look /proc/self/cwd/../../.. cwd
	/busybox mkdir -p /jail/a && /busybox chroot /jail /nothing 2>/dev/null
	/busybox nsenter -t 1 -m /busybox ls /.. 2>/dev/null | while read -r n; do echo "nsenter: $n"; done
	LOOK
	rt_ok run -b b "$id"
	like "$out" '^dotdot: probe'
	like "$out" '^init: probe'
	like "$out" '^mounted: /proc'
	unlike "$out" ': (src|modules)$'
	unlike "$out" '^mounted: /(run|tmp|src)'
}

# every_capability: the edit that gives the container all that this process has
every_capability() {
	local all
	all=$("$PROBE" caps | sed -n 's/^bounding *//p' | tr ' ' '\n' | sed 's/.*/"&"/' | paste -sd, -)
	echo "process.capabilities={\"bounding\":[$all],\"permitted\":[$all],\"effective\":[$all],\"inheritable\":[$all]}"
}

# Every way out that CAP_SYS_ADMIN and the others open: what is below the root, even with all its mounts gone.
test_the_initramfs_is_out_of_reach_of_every_capability() {
	local maps
	need root
	need runtime
	need vm
	touch "/canary$id"
	maps='[{"containerID":0,"hostID":100000,"size":65536}]'
	for user in '' yes; do
		bundle -d "b$user" args="/probe escape canary$id" root.readonly=false process.noNewPrivileges=false "$(every_capability)" \
			${user:+'linux.namespaces+={"type":"user"}' "linux.uidMappings=$maps" "linux.gidMappings=$maps"}
		rt_ok run -b "b$user" "$id"
		is "$out" tried "${user:+in a user namespace }nothing is found"
	done
	ok rm "/canary$id"
	edit b/config.json 'process.args=["/probe","escape","probe"]'
	rt run -b b "$id"
	like "$out" '^probe by its path' 'the ways are tried: its own file is found'
}

# The cover is locked with the help of a second task: there may be none, and nobody to hear of its end.
test_the_initramfs_with_one_task_and_no_signals() {
	need root
	need runtime
	need vm
	need controller pids
	bundle args='/probe id' linux.resources.pids.limit=1
	rt_ok run -b b "$id"
	like "$out" '^uid=0'
	touch "/canary$id"
	bundle args="/probe escape canary$id" root.readonly=false process.noNewPrivileges=false "$(every_capability)"
	(trap '' CHLD; exec "$RT" --root "$STATE" run -b b "$id") >out 2>err
	is "$(cat out err)" tried 'with SIGCHLD ignored'
	ok rm "/canary$id"
}

test_with_neither_proc_nor_sys_mounted() {
	need root
	need runtime
	need vm
	[ -e /dev/fd ] || need kernel 5.12      # TOMOYO, on in Debian's 5.10, looks up /dev/fd/N for execveat(2)
	bundle args='/probe mount /proc'
	unshare -m sh -c "umount -l /sys/fs/cgroup; umount -l /sys; umount -l /proc; exec \"$RT\" --root \"$STATE\" --cgroup-manager disabled run -b b \"$id\"" >out 2>err
	is $? 0
	like "$(cat out)" '^/proc proc'
	is "$(cat err)" ''
}

run_tests
