#!/bin/sh
# roots.t - containers from whatever the root of the machine is: read-only, in memory, in layers, bare, another container.
#
# Each root becomes / of a mount namespace of its own and is all there is then: by pivot_root(2), or where / cannot be left
# (an initramfs before Linux 7) moved over it, as switch_root does it.  The latter leaves the old one below, which a
# container of every capability can then reach, and make read-only for the whole machine by unmounting it.
. "${0%/*}/lib.sh"

NO_STATE='runtime: state directory /run/runtime (a tmpfs on /run, or --root, gives it a place): read-only file system'
IMAGE=$TESTS/../build/root.squashfs

roots() {
	need root
	need runtime
	need cgroup2
	need tool chroot
}

# TOMOYO, on in Debian's 5.10, looks up /dev/fd/N for execveat(2).
bare() { version_ge "$(uname -r)" 5.12; }

# as_root DIR CMD...: CMD where DIR, a mount, is /
as_root() {
	"$PROBE" unshare mnt -- sh -c '
		cd "$1" && shift && { pivot_root . . 2>/dev/null && umount -l . || mount --move . /; } && exec chroot . "$@"' sh "$@" >out 2>err
	status=$?
	out=$(cat out) err=$(cat err)
	note "$*: $status $err"
}

# on_squashfs: the image, read-only by nature, on sq
on_squashfs() {
	need file "$IMAGE"
	mkdir sq
	mount -t squashfs -o loop,ro "$IMAGE" sq 2>err || skip 'needs squashfs and a loop device'
}

# the container's mounts, and none of the machine's
own_mounts() {
	is "$status" 0 "$1: status"
	is "$err" '' "$1: no complaint"
	is "$(printf '%s\n' "$out" | cut -d' ' -f1 | sort -u | tr '\n' ' ')" \
		"$(printf '%s\n' "$out" | cut -d' ' -f1 | grep -E '^/($|dev|proc|sys)' | sort -u | tr '\n' ' ')" "$1: its mounts only"
	like "$out" '^/ ' "$1: its root"
	like "$out" '^/proc proc' "$1: /proc"
	like "$out" '^/sys/fs/cgroup cgroup' "$1: /sys/fs/cgroup"
}

# no_way_out DIR: with every capability nothing of DIR is found
no_way_out() {
	local all
	all=$("$PROBE" caps | sed -n 's/^bounding *//p' | tr ' ' '\n' | sed 's/.*/"&"/' | paste -sd, -)
	"$PROBE" bundle esc "$TESTS/config.json" args='/probe escape canary' root.path=/b/rootfs root.readonly=false process.noNewPrivileges=false \
		"process.capabilities={\"bounding\":[$all],\"permitted\":[$all],\"effective\":[$all],\"inheritable\":[$all]}"
	mount --bind esc/config.json "$1/b/config.json"
	as_root "$1" /try "${2:-full}" run "$id"
	is "$out$err" tried 'nothing of the root is found'
	umount "$1/b/config.json"
}

test_squashfs() {
	roots
	on_squashfs
	as_root sq /try full run "$id"
	own_mounts 'with /proc, /sys, /dev, /run'
	as_root sq /try run run "$id"
	own_mounts 'with /run'
	umount sq
}

test_readonly_without_a_place_for_the_state() {
	roots
	on_squashfs
	as_root sq /try none run "$id"
	is "$status" 1
	is "$err" "$NO_STATE"
	umount sq
}

test_overlay() {
	roots
	on_squashfs
	mkdir top ov
	mount -t tmpfs top top
	mkdir top/up top/work
	mount -t overlay -o "lowerdir=sq,upperdir=top/up,workdir=top/work" overlay ov 2>err || skip 'needs overlay'
	as_root ov /try full run "$id"
	own_mounts 'with /proc, /sys, /dev, /run'
	if bare; then
		as_root ov /try none run "$id"
		own_mounts 'with nothing mounted'
	fi
	no_way_out ov
	umount ov
	umount top
	umount sq
}

test_tmpfs() {
	roots
	mkdir ram
	mount -t tmpfs ram ram
	"$TESTS/root-image" ram
	as_root ram /try full run "$id"
	own_mounts 'with /proc, /sys, /dev, /run'
	as_root ram /try full run --no-pivot "$id"
	own_mounts '--no-pivot'
	no_way_out ram
	if bare; then
		as_root ram /try none run "$id"
		own_mounts 'with nothing mounted'
		as_root ram /try none run --no-pivot "$id"
		own_mounts '--no-pivot with nothing mounted'
		no_way_out ram none
	fi
	umount ram
}

test_ext4_mounted_readonly() {
	roots
	need tool mke2fs
	dd if=/dev/zero of=disk bs=1M count=16 2>/dev/null
	mke2fs -F disk >/dev/null 2>&1 || skip 'needs mke2fs'
	mkdir disk.d
	mount -t ext4 -o loop disk disk.d 2>err || skip 'needs ext4 and a loop device'
	"$TESTS/root-image" disk.d
	mount -o remount,ro disk.d
	as_root disk.d /try full run "$id"
	own_mounts 'with /proc, /sys, /dev, /run'
	as_root disk.d /try run run "$id"
	own_mounts 'with /run'
	as_root disk.d /try none run "$id"
	is "$err" "$NO_STATE"
	umount disk.d
}

# ---- the root of another container ------------------------------------------------------------------------

# outer [EDIT...]: bundle o with every capability and a writable /sys/fs/cgroup; its root file system is the small system
outer() {
	local all
	all=$("$PROBE" caps | sed -n 's/^bounding *//p' | tr ' ' '\n' | sed 's/.*/"&"/' | paste -sd, -)
	[ -d o/rootfs/b ] || { bundle -d o; "$TESTS/root-image" o/rootfs; }
	"$PROBE" bundle o "$TESTS/config.json" args='/try run run inner' root.readonly=false process.noNewPrivileges=false process.rlimits=[] \
		"process.capabilities={\"bounding\":[$all],\"permitted\":[$all],\"effective\":[$all]}" 'linux.resources.devices=[{"allow":true,"access":"rwm"}]' \
		'mounts.[destination=/sys/fs/cgroup].options=["nosuid","noexec","nodev","rw"]' linux.maskedPaths=[] linux.readonlyPaths=[] "$@"
	rt run -b o "$id"
}

test_a_container_in_a_container() {
	roots
	outer
	own_mounts 'with a cgroup namespace'
	outer linux.namespaces.[type=cgroup]-
	own_mounts "in the host's cgroup namespace"
	outer linux.namespaces.[type=network]- linux.namespaces.[type=ipc]- linux.namespaces.[type=uts]- hostname-
	own_mounts 'in few namespaces'
	outer 'process.args=["/bin/runtime","run","--no-pivot","-b","/b","inner"]'
	own_mounts '--no-pivot'
}

test_three_containers_deep() {
	roots
	bundle -d o
	"$TESTS/root-image" o/rootfs
	"$TESTS/root-image" o/rootfs/b/rootfs
	outer
	cp o/config.json o/rootfs/b/config.json
	rt run -b o "$id"
	own_mounts 'the third one'
}

test_a_container_in_one_with_a_user_namespace() {
	local maps
	roots
	need userns
	maps='[{"containerID":0,"hostID":100000,"size":65536}]'
	mkdir o
	bundle -d o
	"$TESTS/root-image" o/rootfs
	chown -R 100000:100000 o/rootfs
	outer 'linux.namespaces+={"type":"user"}' "linux.uidMappings=$maps" "linux.gidMappings=$maps"
	own_mounts 'below a user namespace'
}

test_a_container_in_one_with_readonly_cgroups() {
	roots
	outer 'mounts.[destination=/sys/fs/cgroup].options=["ro"]'
	is "$status" 1
	like "$err" '^runtime: make cgroup /inner: inner: read-only file system'
	outer 'mounts.[destination=/sys/fs/cgroup].options=["ro"]' 'process.args=["/bin/runtime","--cgroup-manager","disabled","run","-b","/b","inner"]'
	own_mounts 'without a cgroup of its own'
}

run_tests
