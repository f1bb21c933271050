#!/bin/sh
# lifecycle.t - what the specification says about the steps of a container's life, beside the files of each command.
. "${0%/*}/lib.sh"

# hook FILE WORD [STATUS]: a hook as JSON that appends "WORD state" to FILE and ends with STATUS
hook() { printf '{"path":"%s","args":["probe","hook","%s","%s"%s]}' "$PROBE" "$PWD/$1" "$2" "${3:+,\"$3\"}"; }
# script TEXT: a hook that runs a line of shell (no quotes in it)
script() { printf '{"path":"/bin/sh","args":["sh","-c","%s"]}' "$1"; }

test_config_of_create_counts_for_all_that_follows() {
	need root
	bundle args='/probe sleep' process.env+=WHEN=old annotations.when=old "hooks.poststart=[$(hook old start)]" \
		"hooks.poststop=[$(hook old stop)]"
	rt_ok create -b b "$id"
	bundle args='/no/such/program' process.env+=WHEN=new annotations.when=new process.cwd=/no-such \
		"hooks.poststart=[$(hook new start)]" "hooks.poststop=[$(hook new stop)]"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe env WHEN)" old 'environment of exec'
	is "$(in_ct "$id" /probe cwd)" / 'its directory'
	is "$(state_field "$id" annotations.when)" old 'annotations'
	echo 'no json' >b/config.json
	rt_ok delete --force "$id"
	is "$(sed 's/ .*//' old | tr '\n' ' ')" 'start stop ' 'hooks'
	fails test -e new
}

test_create_applies_all_but_the_process() {
	need root
	need cgroup2
	bundle args='/probe write /tmp/ran x' domainname=dom 'linux.sysctl.[net.ipv4.ip_forward]="1"' \
		'linux.devices=[{"path":"/dev/x","type":"p"}]' mounts+='{"destination":"/tmp","type":"tmpfs","source":"t"}'
	rt_ok create -b b "$id"
	is "$(in_ct "$id" /probe hostname)" box
	is "$(in_ct "$id" /probe domainname)" dom
	is "$(in_ct "$id" /probe sysctl net.ipv4.ip_forward)" 1
	like "$(in_ct "$id" /probe stat /dev/x /dev/null | tr '\n' ' ')" '^fifo .* char 0666 0 0 1:3 '
	like "$(in_ct "$id" /probe mount /tmp)" '^/tmp tmpfs'
	is "$(in_ct "$id" /probe touch /x)" 'ERRNO EROFS open /x' 'the root is read-only'
	is "$(in_ct "$id" /probe write /proc/sys/net/ipv4/ip_forward 0)" 'ERRNO EROFS open /proc/sys/net/ipv4/ip_forward' 'readonlyPaths'
	is "$(in_ct "$id" /probe ls /sys/firmware)" '' 'maskedPaths'
	like "$(cg "$(pid_of "$id")")" "/$id\$" 'the cgroup'
	is "$(in_ct "$id" /probe ls /tmp)" '' 'the program has not run'
	is "$(status_of "$id")" created
	rt_ok delete -f "$id"
}

# What is mounted on /dev gets the links, not what is below it.
test_dev_links_come_after_the_mounts() {
	need root
	bundle args='/probe readlink /dev/fd' root.readonly=false
	rt_ok run -b b "$id"
	is "$out" /proc/self/fd
	for l in fd stdin stdout stderr; do fails test -L b/rootfs/dev/$l; done
	edit b/config.json 'mounts=[{"destination":"/proc","type":"proc","source":"proc"}]'
	rt_ok run -b b "$id"
	is "$out" /proc/self/fd
	for l in fd stdin stdout stderr; do ok test -L b/rootfs/dev/$l; done
}

test_console_size_without_terminal_is_ignored() {
	need root
	bundle args='/probe tty' 'process.consoleSize={"height":10,"width":20}'
	rt_ok run -b b "$id"
	is "$err" ''
	unlike "$out" '10x20'
}

# Before pivot_root the container's mount namespace still has the host's tree at its root.
test_hooks_of_create_run_before_pivot_root() {
	need root
	for k in prestart createRuntime; do
		bundle args='/probe sleep' "hooks.$k=[$(script "pid=\$(sed -n 's/.*pid.: *\\\\([0-9]*\\\\).*/\\\\1/p'); ls /proc/\$pid/root$PWD/b/config.json >$PWD/root.$k; readlink /proc/\$pid/ns/mnt >>$PWD/root.$k")]"
		rt_ok create -b b "$id"
		pid=$(pid_of "$id")
		is "$(sed -n 1p root.$k)" "/proc/$pid/root$PWD/b/config.json" "$k"
		isnt "$(sed -n 2p root.$k)" "$(readlink /proc/self/ns/mnt)" "$k: not the host's mounts"
		# on an initramfs they are copied to another namespace afterwards
		have vm || is "$(sed -n 2p root.$k)" "$(readlink "/proc/$pid/ns/mnt")" "$k: but the container's"
		fails test -e "/proc/$pid/root$PWD/b/config.json"
		rt_ok delete -f "$id"
	done
	bundle args='/probe sleep' "hooks.createContainer=[$(script "ls $PWD/b/config.json >$PWD/root.createContainer")]"
	rt_ok create -b b "$id"
	is "$(cat root.createContainer)" "$PWD/b/config.json" createContainer
	rt_ok delete -f "$id"
}

# As hooks of graphics drivers do: what they mount in the container's mount namespace, below the rootfs, is there.
test_mounts_of_host_hooks_are_kept() {
	need root
	need runtime			# runc runs these hooks when its own mounts are there
	need tool nsenter
	for k in prestart createRuntime; do
		bundle args='/probe cat /data/f' \
			"hooks.$k=[$(script "pid=\$(sed -n 's/.*pid.: *\\\\([0-9]*\\\\).*/\\\\1/p'); exec nsenter -t \$pid -m mount --bind $PWD/data $PWD/b/rootfs/data 2>$PWD/err.$k")]"
		mkdir -p data b/rootfs/data
		echo given >data/f
		rt_ok run -b b "$id"
		is "$out" given "$k $(cat err.$k)"
	done
}

test_startcontainer_hooks_run_in_the_containers_namespaces() {
	need root
	need cgroup2
	bundle args='/probe sleep' 'hooks.startContainer=[{"path":"/probe","args":["probe","sleep","1000"]}]'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_bg start "$id"
	hook_pid() { h=$(grep -vx "$pid" "$(cg "$pid")/cgroup.procs"); [ -n "$h" ] && [ "$(readlink "/proc/$h/exe")" = /probe ]; }
	wait_for hook_pid
	for t in mnt net pid ipc uts cgroup; do
		is "$("$PROBE" ns $t "$h")" "$("$PROBE" ns $t "$pid")" "$t"
		isnt "$("$PROBE" ns $t "$h")" "$("$PROBE" ns $t)"
	done
	kill -9 "$h"
	rt_wait
	isnt "$status" 0
	rt_ok delete -f "$id"
}

# "stop the container, and continue the lifecycle at step 12": it is destroyed, then its poststop hooks run.
test_failed_startcontainer_hook_destroys_the_container() {
	need root
	need runtime		# runc leaves it stopped
	bundle args='/probe sleep' 'hooks.startContainer=[{"path":"/probe","args":["probe","exit","3"]}]' \
		"hooks.poststop=[$(hook log poststop)]"
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_fails start "$id"
	has "$err" startContainer
	is "$(status_of "$id")" gone
	is "$(sed 's/ .*//' log)" poststop
	wait_gone "$pid"
	fails test -e "$STATE/$id"
	rt_ok delete -f "$id"
	is "$(wc -l <log)" 1 'once'
}

test_poststop_hooks_see_no_container() {
	need root
	need cgroup2
	bundle args='/probe sleep' "hooks.poststop=[$(script "$RT --root $STATE state $id >$PWD/said 2>&1; find $CGROUP -name $id >$PWD/cgroups")]"
	rt_ok create -b b "$id"
	rt_ok delete -f "$id"
	[ "$RT_NAME" = runc ] || has "$(cat said)" 'does not exist'
	is "$(cat cgroups)" '' 'no cgroup'
}

# ---- owner of the cgroup ------------------------------------------------------------------------

RW='mounts.[destination=/sys/fs/cgroup].options=["nosuid","noexec","nodev"]'
M='[{"containerID":0,"hostID":100000,"size":65536}]'

# owned UID EDIT...: the cgroup of a container with these edits, and what may be given away of it, is UID's
owned() {
	uid=$1
	shift
	bundle args='/probe sleep' "$@"
	rt_ok create -b b "$id"
	dir=$(cg "$(pid_of "$id")")
	for f in . cgroup.procs cgroup.subtree_control cgroup.threads; do
		is "$("$PROBE" stat "$dir/$f" | cut -d' ' -f3)" "$uid" "$f"
	done
	for f in cgroup.freeze cgroup.max.depth cgroup.events; do
		is "$("$PROBE" stat "$dir/$f" | cut -d' ' -f3)" 0 "$f stays"
	done
	rt_ok delete -f "$id"
}

test_cgroup_belongs_to_the_user_of_the_process() {
	need root
	need cgroup2
	need userns
	need runtime		# runc leaves this to systemd
	owned 100007 "$RW" process.user.uid=7 linux.namespaces+='{"type":"user"}' "linux.uidMappings=$M" "linux.gidMappings=$M"
	owned 1000 "$RW" process.user.uid=1000
}

test_cgroup_keeps_its_owner_without_a_cgroup_namespace() {
	need root
	need cgroup2
	need userns
	owned 0 "$RW" 'linux.namespaces.[type=cgroup]-' linux.namespaces+='{"type":"user"}' "linux.uidMappings=$M" "linux.gidMappings=$M"
	owned 0 "$RW" 'linux.namespaces.[type=cgroup]-' process.user.uid=1000
	owned 0 process.user.uid=1000
}

# An old kernel has no list of what may be given away.
test_cgroup_is_given_away_without_the_kernels_list() {
	need root
	need cgroup2
	need runtime
	mount -t tmpfs tmpfs /sys/kernel/cgroup || skip 'needs /sys/kernel/cgroup'
	owned 1000 "$RW" process.user.uid=1000
	umount /sys/kernel/cgroup
}

# Files of the list that a cgroup does not have are no error.
test_cgroup_lacks_a_file_of_the_kernels_list() {
	need root
	need cgroup2
	need runtime
	mount -t tmpfs tmpfs /sys/kernel/cgroup || skip 'needs /sys/kernel/cgroup'
	printf 'cgroup.procs\nno.such.file\ncgroup.threads\ncgroup.subtree_control\n' >/sys/kernel/cgroup/delegate
	owned 1000 "$RW" process.user.uid=1000
	umount /sys/kernel/cgroup
}

run_tests
