#!/bin/sh
# mounts.t - mounts: types, options, targets, sources, order, propagation.
. "${0%/*}/lib.sh"

SYS_ADMIN='process.capabilities={"bounding":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"]}'

# tmpfs OPTIONS-JSON COMMAND...: COMMAND with a tmpfs on /m
tmpfs() {
	opts=$1
	shift
	bundle args="/probe $*" mounts+="{\"destination\":\"/m\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":$opts}"
	rt run -b b "$id"
}

# bind OPTIONS-JSON COMMAND...: COMMAND with ./src, a directory with the file "f", on /m
bind() {
	opts=$1
	shift
	[ -d src ] || { mkdir src; echo text >src/f; }
	bundle args="/probe $*" mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":$opts}"
	rt run -b b "$id"
}

# flags_of OPTIONS-JSON: the flags of a tmpfs on /m made with them, then its super block's
flags_of() {
	tmpfs "$1" mount /m
	flags=$(echo "$out" | cut -d' ' -f3) super=$(echo "$out" | cut -d' ' -f6)
	[ "$status" = 0 ] || { fail "options $1"; rt_show; }
}

# bind_flags_of OPTIONS-JSON: the flags of a bind of ./src
bind_flags_of() {
	bind "$1" mount /m
	flags=$(echo "$out" | cut -d' ' -f3)
	[ "$status" = 0 ] || { fail "options $1"; rt_show; }
}

# has_flag FLAG, lacks_flag FLAG
has_flag() { case ,$flags, in *,$1,*) pass "$opts: $1" ;; *) fail "$opts: want $1, got $flags" ;; esac; }
lacks_flag() { case ,$flags, in *,$1,*) fail "$opts: got $1: $flags" ;; *) pass "$opts: no $1" ;; esac; }

# ---- options ------------------------------------------------------------------------------------

test_no_options() {
	need root
	flags_of '[]'
	has_flag rw
	lacks_flag nosuid
	lacks_flag nodev
	lacks_flag noexec
}

test_ro() {
	need root
	flags_of '["ro"]'
	has_flag ro
	tmpfs '["ro"]' touch /m/x
	is "$out" 'ERRNO EROFS open /m/x'
}

test_rw() { need root; flags_of '["rw"]'; has_flag rw; tmpfs '["rw"]' touch /m/x; is "$out" ok; }
test_nosuid() { need root; flags_of '["nosuid"]'; has_flag nosuid; }
test_suid() { need root; flags_of '["nosuid","suid"]'; lacks_flag nosuid; }
test_nodev() { need root; flags_of '["nodev"]'; has_flag nodev; }
test_dev() { need root; flags_of '["nodev","dev"]'; lacks_flag nodev; }
test_noexec() { need root; flags_of '["noexec"]'; has_flag noexec; }
test_exec() { need root; flags_of '["noexec","exec"]'; lacks_flag noexec; }
test_last_word_wins() { need root; flags_of '["ro","rw","nosuid","suid","nosuid"]'; has_flag rw; has_flag nosuid; }
test_noatime() { need root; flags_of '["noatime"]'; has_flag noatime; lacks_flag relatime; }
test_atime() { need root; flags_of '["noatime","atime"]'; lacks_flag noatime; }
test_relatime() { need root; flags_of '["relatime"]'; has_flag relatime; }
test_strictatime() { need root; flags_of '["strictatime"]'; lacks_flag relatime; lacks_flag noatime; }
test_nostrictatime() { need root; flags_of '["strictatime","nostrictatime"]'; has_flag relatime; }
test_norelatime() { need root; flags_of '["norelatime"]'; lacks_flag noatime; }
test_nodiratime() { need root; flags_of '["nodiratime"]'; has_flag nodiratime; }
test_diratime() { need root; flags_of '["nodiratime","diratime"]'; lacks_flag nodiratime; }

test_nosymfollow() {
	need root
	need kernel 5.10
	need runtime		# newer than runc 1.1
	flags_of '["nosymfollow"]'
	has_flag nosymfollow
}

test_symfollow() {
	need root
	need kernel 5.10
	need runtime
	flags_of '["nosymfollow","symfollow"]'
	lacks_flag nosymfollow
}

test_sync() { need root; flags_of '["sync"]'; like ",$super," ,sync,; }
test_async() { need root; flags_of '["sync","async"]'; unlike ",$super," ,sync,; }
test_dirsync() { need root; flags_of '["dirsync"]'; like ",$super," ,dirsync,; }

test_lazytime() {
	need root
	need runtime		# newer than runc 1.1
	flags_of '["lazytime"]'
	like ",$super," ,lazytime,
	flags_of '["lazytime","nolazytime"]'
	unlike ",$super," ,lazytime,
}

test_words_without_effect_here() {
	need root
	need runtime		# some are newer than runc 1.1
	flags_of '["silent","loud","nomand","noiversion","async","rw"]'
	has_flag rw
}

test_all_at_once() {
	need root
	flags_of '["ro","nosuid","nodev","noexec","noatime","nodiratime"]'
	for f in ro nosuid nodev noexec noatime nodiratime; do has_flag $f; done
}

test_noexec_is_in_force() {
	need root
	mkdir src
	cp "$PROBE" src/probe
	bundle args='/m/probe true' mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\",\"noexec\"]}"
	rt_fails run -b b "$id"
	has "$err" 'permission denied'
}

test_nodev_is_in_force() {
	need root
	mkdir src
	"$PROBE" mknod src/zero c 1 5 >/dev/null
	bind '["bind","nodev"]' open-dev /m/zero
	is "$out" 'ERRNO EACCES open /m/zero'
	bind '["bind"]' open-dev /m/zero
	is "$out" ok
}

test_nosuid_is_in_force() {
	need root
	mkdir src
	cp "$PROBE" src/probe
	chmod 4755 src/probe
	bundle args='/m/probe id' 'process.user={"uid":1000,"gid":1000}' process.noNewPrivileges=false \
		mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\",\"nosuid\"]}"
	rt_ok run -b b "$id"
	lacks "$out" euid=0
}

test_bind_flags() {
	need root
	bind_flags_of '["bind","ro","nosuid","nodev","noexec","noatime"]'
	for f in ro nosuid nodev noexec noatime; do has_flag $f; done
}

test_bind_nodiratime() { need root; bind_flags_of '["bind","nodiratime"]'; has_flag nodiratime; }
test_bind_strictatime() { need root; bind_flags_of '["bind","strictatime"]'; lacks_flag relatime; lacks_flag noatime; }

test_bind_keeps_the_flags_of_its_source() {
	need root
	mkdir src
	mount -t tmpfs -o nosuid,nodev,noexec,noatime tmpfs src
	bind_flags_of '["bind"]'
	for f in nosuid nodev noexec noatime; do has_flag $f; done
	umount src
}

test_bind_ro_keeps_the_flags_of_its_source() {
	need root
	need runtime		# runc loses them
	mkdir src
	mount -t tmpfs -o nosuid,nodev,noexec,noatime tmpfs src
	bind_flags_of '["bind","ro"]'
	for f in ro nosuid nodev noexec noatime; do has_flag $f; done
	umount src
}

test_bind_may_clear_the_flags_of_its_source() {
	need root
	need runtime		# runc keeps what is not set
	mkdir src
	mount -t tmpfs -o ro,nosuid,nodev,noexec tmpfs src
	bind_flags_of '["bind","rw","suid","dev","exec"]'
	for f in nosuid nodev noexec; do lacks_flag $f; done
	umount src
}

test_bind_leaves_the_source_as_it_is() {
	need root
	mkdir src
	mount -t tmpfs tmpfs src
	bind_flags_of '["bind","ro","nosuid"]'
	unlike "$("$PROBE" mount "$PWD/src")" '(^| )ro,|nosuid'
	umount src
}

# tree OPTIONS-JSON: a bind of ./src, a tmpfs with a tmpfs on src/sub; prints both mounts' flags
tree() {
	if [ ! -d src ]; then
		mkdir src
		mount -t tmpfs tmpfs src
		mkdir src/sub
		mount -t tmpfs tmpfs src/sub
		touch src/sub/inner
	fi
	opts=$1
	bundle args='/probe mounts' mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":$1}"
	rt_ok run -b b "$id"
	top=$(printf '%s\n' "$out" | sed -n 's/^\/m tmpfs \([^ ]*\).*/\1/p')
	sub=$(printf '%s\n' "$out" | sed -n 's/^\/m\/sub tmpfs \([^ ]*\).*/\1/p')
}
tree_end() { umount src/sub src; }

test_rbind_takes_submounts_along() {
	need root
	tree '["rbind"]'
	isnt "$sub" '' '/m/sub is a mount'
	tree_end
}

test_bind_leaves_submounts() {
	need root
	tree '["bind"]'
	is "$sub" '' '/m/sub is none'
	tree_end
}

test_rbind_ro_is_the_top_only() {
	need root
	tree '["rbind","ro"]'
	like "$top" '^ro'
	like "$sub" '^rw'
	tree_end
}

test_rro() {
	need root
	need kernel 5.12
	tree '["rbind","rro"]'
	like "$top" '^ro'
	like "$sub" '^ro'
	tree_end
}

test_rro_is_in_force() {
	need root
	need kernel 5.12
	tree '["rbind","rro"]'
	edit b/config.json 'process.args=["/probe","touch","/m/sub/x"]'
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS open /m/sub/x'
	ok touch src/sub/host
	tree_end
}

test_recursive_words() {
	need root
	need kernel 5.12
	tree '["rbind","rnosuid","rnodev","rnoexec"]'
	flags=$top
	for f in nosuid nodev noexec; do has_flag $f; done
	flags=$sub
	for f in nosuid nodev noexec; do has_flag $f; done
	tree_end
}

test_recursive_clearing_words() {
	need root
	need kernel 5.12
	tree '["rbind"]'
	mount -o remount,ro,nosuid,nodev,noexec,bind src/sub
	tree '["rbind","rrw","rsuid","rdev","rexec"]'
	flags=$sub
	for f in ro nosuid nodev noexec; do lacks_flag $f; done
	tree_end
}

test_recursive_atime_words() {
	need root
	need kernel 5.12
	need runtime		# broken in runc 1.1
	tree '["rbind","rnoatime"]'
	like "$top" noatime
	like "$sub" noatime
	tree '["rbind","rstrictatime"]'
	unlike "$sub" '(noatime|relatime)'
	tree '["rbind","rrelatime"]'
	like "$sub" relatime
	tree '["rbind","rnodiratime"]'
	like "$sub" nodiratime
	tree '["rbind","rnosymfollow"]'
	like "$sub" nosymfollow
	tree_end
}

test_rro_with_a_plain_bind() {
	need root
	need kernel 5.12
	bind_flags_of '["bind","rro"]'
	has_flag ro
}

test_unknown_option_is_for_the_file_system() {
	need root
	bundle mounts+='{"destination":"/m","type":"tmpfs","source":"tmpfs","options":["nosuchoption=1"]}'
	rt_fails run -b b "$id"
	has "$err" /m
	[ "$RT_NAME" != runtime ] || has "$err" nosuchoption
}

# refuses WHY MOUNT: the configuration is refused with that reason
refuses() {
	bundle mounts+="$2"
	rt_fails run -b b "$id"
	is "$err" "runtime: config.json: mounts[7].$1"
}

test_options_that_do_not_go_together_are_refused() {
	need root
	need runtime
	refuses 'options: tmpcopyup is for a tmpfs' '{"destination":"/m","type":"bind","source":"/tmp","options":["bind","tmpcopyup"]}'
	refuses 'options: tmpcopyup is for a tmpfs' '{"destination":"/m","type":"proc","options":["tmpcopyup"]}'
	refuses 'options: a bind mount takes no option of a file system: "size=1m,x"' '{"destination":"/m","source":"/tmp","options":["size=1m","bind","x"]}'
	for o in src-nofollow dest-nofollow copy-symlink; do
		refuses 'options: src-nofollow, dest-nofollow and copy-symlink are for bind mounts' "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"$o\"]}"
	done
	refuses 'options: more than 8 words of propagation' '{"destination":"/m","type":"tmpfs","options":["shared","slave","shared","slave","shared","slave","shared","slave","shared"]}'
}

# mount(8): "If the custom option strings are already recognized by mount(8), the runtime SHOULD follow"
test_words_of_mount_8_that_are_for_fstab_are_accepted() {
	need root
	need runtime
	flags_of '["auto","noauto","nouser","_netdev","nofail","x-systemd.automount","x-gvfs-hide","X-mount.mkdir","X-mount.mkdir=0700"]'
	has_flag rw
	unlike "$super" '(auto|mount|nofail|netdev|x-)' 'none of them got to the file system'
}

test_user_implies_noexec_nosuid_nodev() {
	need root
	need runtime
	for o in user users; do
		flags_of "[\"$o\"]"
		for f in nosuid nodev noexec; do has_flag $f; done
	done
	flags_of '["user","exec","dev","suid"]'
	for f in nosuid nodev noexec; do lacks_flag $f; done
	for o in owner group; do
		flags_of "[\"$o\"]"
		for f in nosuid nodev; do has_flag $f; done
		lacks_flag noexec
	done
}

test_nofail() {
	need root
	need runtime
	fs=$(sed -n 's/^\t\(ext4\|squashfs\)$/\1/p' /proc/filesystems | head -n 1)    # of a device
	[ -n "$fs" ] || skip 'needs ext4 or squashfs'
	bundle args='/probe true' mounts+='{"destination":"/m","type":"bind","source":"/no/such","options":["bind","nofail"]}' \
		mounts+='{"destination":"/n","type":"'"$fs"'","source":"/dev/no/such","options":["nofail"]}'
	rt run -b b "$id"
	is "$status$err" 0 'what is missing is passed over'
	bundle mounts+='{"destination":"/m","type":"tmpfs","options":["nofail","nosuch"]}'
	rt_fails run -b b "$id"
}

test_silent() { need root; flags_of '["silent"]'; has_flag rw; }
test_loud() { need root; flags_of '["loud"]'; has_flag rw; }
test_iversion() { need root; flags_of '["iversion","nosuid"]'; has_flag nosuid; }
test_noiversion() { need root; flags_of '["iversion","noiversion"]'; has_flag rw; }
test_mand() { need root; need runtime; flags_of '["mand"]'; has_flag rw; }
test_nomand() { need root; flags_of '["mand","nomand"]'; has_flag rw; }
test_nolazytime() { need root; need runtime; flags_of '["lazytime","nolazytime"]'; unlike ",$super," ,lazytime,; }

test_iversion_and_silent_go_with_propagation_and_recursive_words() {
	need root
	need runtime
	flags_of '["iversion","silent","rnoexec","rro","shared","size=64k"]'
	for f in noexec ro; do has_flag $f; done
	like ",$super," ,size=64k,
	is "$(echo "$out" | cut -d' ' -f4)" shared
}

test_every_option_of_the_specification_is_accepted() {
	need root
	need runtime
	for o in async atime defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec \
		noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rdev rdiratime relatime \
		rexec rnoatime rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw \
		rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync \
		tmpcopyup unbindable rnodev; do
		flags_of "[\"$o\"]"
		isnt "$flags" '' "$o"
	done
}

# ---- remount ------------------------------------------------------------------------------------

# remounted FIRST-JSON SECOND-JSON: a tmpfs on /m with the first options, then "remount" with the second
remounted() {
	bundle args='/probe mount /m' mounts+="{\"destination\":\"/m\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":$1}" \
		mounts+="{\"destination\":\"/m\",\"type\":\"none\",\"source\":\"none\",\"options\":$2}"
	rt run -b b "$id"
	flags=$(echo "$out" | cut -d' ' -f3) super=$(echo "$out" | cut -d' ' -f6) opts="$1 $2"
	[ "$status" = 0 ] || { fail "options $opts"; rt_show; }
}

test_remount_of_the_file_system() {
	need root
	remounted '["nosuid"]' '["remount","ro","nosuid"]'
	has_flag ro
	has_flag nosuid
	like ",$super," ,ro,
	is "$(printf '%s\n' "$out" | wc -l)" 1 'one mount'
}

test_remount_rw() {
	need root
	remounted '["nodev"]' '["remount","ro","nodev"]'
	has_flag ro
	need runtime		# runc cannot: its second mount is made, the third is not
	bundle args='/probe mount /m' mounts+='{"destination":"/m","type":"tmpfs","options":["sync"]}' \
		mounts+='{"destination":"/m","options":["remount","ro"]}' mounts+='{"destination":"/m","options":["remount","rw","async"]}'
	rt_ok run -b b "$id"
	like "$out" '^/m tmpfs rw,relatime private [^ ]* rw(,[a-z0-9=,]*)? /$'
	unlike "$out" sync
}

test_remount_keeps_what_it_does_not_name() {
	need root
	need runtime		# mount(2), and so runc, drops it
	remounted '["nosuid","nodev","noexec","size=64k"]' '["remount","ro"]'
	for f in ro nosuid nodev noexec; do has_flag $f; done
	like ",$super," ,size=64k,
}

test_remount_with_data() {
	need root
	remounted '["size=64k"]' '["remount","size=128k"]'
	like ",$super," ,size=128k,
}

test_remount_bind_leaves_the_file_system() {
	need root
	remounted '[]' '["remount","bind","ro"]'
	has_flag ro
	like ",$super," ,rw,
}

test_remount_with_propagation_and_recursive_words() {
	need root
	need runtime
	remounted '[]' '["remount","bind","rnosuid","shared"]'
	has_flag nosuid
	is "$(echo "$out" | cut -d' ' -f4)" shared
}

test_remount_of_the_root() {
	need root
	need runtime
	bundle args='/probe mount /' root.readonly=false mounts+='{"destination":"/","type":"none","options":["remount","bind","nosuid","ro"]}'
	rt_ok run -b b "$id"
	like "$out" '^/ [^ ]* ro,nosuid'
}

test_remount_of_what_is_no_mount() {
	need root
	bundle mounts+='{"destination":"/etc","type":"none","options":["remount","ro"]}'
	rt_fails run -b b "$id"
	has "$err" /etc
	[ "$RT_NAME" != runtime ] || is "$err" 'runtime: mounts[7] /etc: remount: invalid argument'
	bundle mounts+='{"destination":"/no/such","type":"none","options":["remount","ro"]}'
	rt_fails run -b b "$id"
	fails test -e b/rootfs/no 'nothing is made'
}

# ---- file systems -------------------------------------------------------------------------------

test_tmpfs_data() {
	need root
	flags_of '["size=64k","mode=710","uid=3","gid=4","nr_inodes=100"]'
	for o in size=64k mode=710 uid=3 gid=4 nr_inodes=100; do like ",$super," ",$o,"; done
	rm -rf b
	tmpfs '["mode=710","uid=3","gid=4"]' stat /m
	is "$out" 'dir 0710 3 4'
}

test_tmpfs_size_is_in_force() {
	need root
	tmpfs '["size=16k"]' statfs /m
	like "$out" 'free=16384$'
}

test_tmpfs_mode_of_a_directory_that_is_made() {
	need root
	tmpfs '["mode=1777"]' stat /m
	is "$out" 'dir 1777 0 0'
}

test_proc() {
	need root
	bundle args='/probe mount /proc' 'mounts.[destination=/proc].options=["nosuid","noexec","nodev"]'
	rt_ok run -b b "$id"
	like "$out" '^/proc proc rw,nosuid,nodev,noexec'
}

test_proc_data() {
	need root
	bundle args='/probe mount /proc' 'mounts.[destination=/proc].options=["hidepid=2"]'
	rt_ok run -b b "$id"
	like "$out" 'hidepid=(2|invisible)'
}

test_sysfs() {
	need root
	bundle args='/probe mount /sys'
	rt_ok run -b b "$id"
	like "$out" '^/sys sysfs ro,nosuid,nodev,noexec'
}

test_devpts() {
	need root
	bundle args='/probe mount /dev/pts'
	rt_ok run -b b "$id"
	like "$out" '^/dev/pts devpts rw,nosuid,noexec'
	for o in gid=5 mode=620 ptmxmode=666; do like "$out" "[ ,]$o( |,|\$)"; done
}

test_devpts_is_a_new_instance() {
	need root
	bundle args='/probe ls /dev/pts'
	rt_ok run -b b "$id"
	is "$out" ptmx
}

test_mqueue() {
	need root
	bundle args='/probe mount /dev/mqueue'
	rt_ok run -b b "$id"
	like "$out" '^/dev/mqueue mqueue rw,nosuid,nodev,noexec'
}

test_cgroup_with_namespace() {
	need root
	need cgroup2
	bundle args='/probe mount /sys/fs/cgroup'
	rt_ok run -b b "$id"
	like "$out" '^/sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime .* /$'
}

test_cgroup_with_namespace_shows_the_own_part() {
	need root
	need cgroup2
	bundle args='/probe cat /sys/fs/cgroup/cgroup.procs'
	rt_ok run -b b "$id"
	is "$out" 1
}

test_cgroup_without_namespace_shows_the_own_part() {
	need root
	need cgroup2
	need runtime		# runc shows all of the host
	bundle args='/probe cat /sys/fs/cgroup/cgroup.procs' 'linux.namespaces.[type=cgroup]-'
	rt_ok run -b b "$id"
	is "$out" 1
	edit b/config.json 'process.args=["/probe","mount","/sys/fs/cgroup"]'
	rt_ok run -b b "$id"
	like "$out" "^/sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime .*$id\$"
}

test_cgroup_ro_is_in_force() {
	need root
	need cgroup2
	bundle args='/probe mkdir /sys/fs/cgroup/x'
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS mkdir /sys/fs/cgroup/x'
}

test_cgroup_rw() {
	need root
	need cgroup2
	bundle args='/probe mkdir /sys/fs/cgroup/x' 'mounts.[destination=/sys/fs/cgroup].options=["nosuid","noexec","nodev"]'
	rt run -b b "$id"
	is "$out" ok
}

test_cgroup2_as_a_type() {
	need root
	need cgroup2
	bundle args='/probe mount /sys/fs/cgroup' 'mounts.[destination=/sys/fs/cgroup].type=cgroup2'
	rt_ok run -b b "$id"
	like "$out" '^/sys/fs/cgroup cgroup2 ro'
}

test_overlay() {
	need root
	need fs overlay
	mkdir t
	mount -t tmpfs tmpfs t
	mkdir t/lower t/upper t/work
	echo low >t/lower/f
	bundle args='/probe cat /m/f' mounts+="{\"destination\":\"/m\",\"type\":\"overlay\",\"source\":\"overlay\",\"options\":[\"lowerdir=$PWD/t/lower\",\"upperdir=$PWD/t/upper\",\"workdir=$PWD/t/work\"]}"
	rt_ok run -b b "$id"
	is "$out" low
	umount t
}

test_unknown_type() {
	need root
	bundle mounts+='{"destination":"/m","type":"nosuchfs","source":"x"}'
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || has "$err" nosuchfs
	has "$err" /m
}

test_no_type_and_no_bind() {
	need root
	need runtime
	bundle mounts+='{"destination":"/m","source":"x"}'
	rt_fails run -b b "$id"
	has "$err" /m
}

# ---- bind: sources and targets ------------------------------------------------------------------

test_bind_directory() { need root; bind '["bind"]' cat /m/f; is "$out" text; }
test_bind_is_writable() { need root; bind '["bind"]' write /m/new hello; is "$(cat src/new)" hello; }
test_bind_ro() { need root; bind '["bind","ro"]' touch /m/x; is "$out" 'ERRNO EROFS open /m/x'; }
test_rbind_ro() { need root; bind '["rbind","ro"]' touch /m/x; is "$out" 'ERRNO EROFS open /m/x'; }

test_bind_file() {
	need root
	echo mine >file
	bundle args='/probe cat /etc/passwd' mounts+="{\"destination\":\"/etc/passwd\",\"type\":\"bind\",\"source\":\"$PWD/file\",\"options\":[\"bind\"]}"
	rt_ok run -b b "$id"
	is "$out" mine
	has "$(cat b/rootfs/etc/passwd)" root:x 'the file below is untouched'
}

test_bind_socket() {
	need root
	"$PROBE" recvdgram sock 1 >/dev/null &
	wait_for test -S sock
	bundle args='/probe stat /run/s' mounts+="{\"destination\":\"/run/s\",\"type\":\"bind\",\"source\":\"$PWD/sock\",\"options\":[\"bind\"]}"
	rt_ok run -b b "$id"
	like "$out" '^socket '
	wait
}

test_bind_type_does_not_matter() {
	need root
	mkdir src
	for type in none bind '' tmpfs; do
		bundle args='/probe ls /m' mounts+="{\"destination\":\"/m\",\"type\":\"$type\",\"source\":\"$PWD/src\",\"options\":[\"rbind\"]}"
		touch src/f
		rt_ok run -b b "$id"
		is "$out" f "type \"$type\""
	done
}

test_bind_without_type() {
	need root
	mkdir src
	touch src/f
	bundle args='/probe ls /m' mounts+="{\"destination\":\"/m\",\"source\":\"$PWD/src\",\"options\":[\"bind\"]}"
	rt_ok run -b b "$id"
	is "$out" f
}

test_relative_source_is_in_the_bundle() {
	need root
	bundle args='/probe ls /m' mounts+='{"destination":"/m","type":"bind","source":"vol/x","options":["bind"]}'
	mkdir -p b/vol/x
	touch b/vol/x/f
	rt_ok run -b b "$id"
	is "$out" f
}

test_source_may_be_a_link() {
	need root
	mkdir real
	touch real/f
	ln -s real src
	bind '["bind"]' ls /m
	is "$out" f
}

test_source_with_blanks_and_bytes() {
	need root
	mkdir 'a b,c ü'
	touch 'a b,c ü/f'
	bundle args='/probe ls /m' mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/a b,c ü\",\"options\":[\"bind\"]}"
	rt_ok run -b b "$id"
	is "$out" f
}

test_missing_source_is_named() {
	need root
	bundle mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/nosuch\",\"options\":[\"bind\"]}"
	rt_fails run -b b "$id"
	has "$err" "$PWD/nosuch"
	has "$err" 'no such file or directory'
	fails test -e nosuch
}

test_missing_target_directory_is_made() {
	need root
	mkdir src
	bundle args='/probe stat /new/a/b' mounts+="{\"destination\":\"/new/a/b\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\"]}"
	rt_ok run -b b "$id"
	like "$out" '^dir '
	is "$("$PROBE" stat b/rootfs/new b/rootfs/new/a b/rootfs/new/a/b)" 'dir 0755 0 0
dir 0755 0 0
dir 0755 0 0'
}

test_missing_target_file_is_made() {
	need root
	echo mine >file
	bundle args='/probe cat /new/file' mounts+="{\"destination\":\"/new/file\",\"type\":\"bind\",\"source\":\"$PWD/file\",\"options\":[\"bind\"]}"
	rt_ok run -b b "$id"
	is "$out" mine
	like "$("$PROBE" stat b/rootfs/new/file)" '^file '
	is "$(cat b/rootfs/new/file)" '' 'empty below'
}

test_missing_target_in_a_mount_is_made() {
	need root
	bundle args='/probe stat /m/x/y' mounts+='{"destination":"/m","type":"tmpfs","source":"tmpfs"}' \
		mounts+='{"destination":"/m/x/y","type":"tmpfs","source":"tmpfs","options":["mode=700"]}'
	rt_ok run -b b "$id"
	is "$out" 'dir 0700 0 0'
	is "$(ls b/rootfs/m)" '' 'not in the rootfs'
}

test_file_on_a_directory_is_an_error() {
	need root
	echo x >file
	bundle mounts+="{\"destination\":\"/etc\",\"type\":\"bind\",\"source\":\"$PWD/file\",\"options\":[\"bind\"]}"
	rt_fails run -b b "$id"
	has "$err" /etc
}

test_directory_on_a_file_is_an_error() {
	need root
	mkdir src
	bundle mounts+="{\"destination\":\"/etc/passwd\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\"]}"
	rt_fails run -b b "$id"
	has "$err" /etc/passwd
	has "$err" 'not a directory'
}

test_relative_destination_starts_at_the_root() {
	need root
	bundle args='/probe mount /m/x' mounts+='{"destination":"m/x","type":"tmpfs","source":"tmpfs"}'
	rt_ok run -b b "$id"
	like "$out" '^/m/x tmpfs'
}

test_destination_is_cleaned() {
	need root
	bundle args='/probe mount /m/y' mounts+='{"destination":"//m/./x/../y/","type":"tmpfs","source":"tmpfs"}'
	rt_ok run -b b "$id"
	like "$out" '^/m/y tmpfs'
}

test_destination_dotdot_stays_inside() {
	need root
	mkdir canary
	bundle args='/probe mounts' mounts+="{\"destination\":\"/../../..$PWD/canary/x\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"
	rt run -b b "$id"
	is "$(ls canary)" '' 'nothing on the host'
	[ "$status" != 0 ] || like "$out" "^$PWD/canary/x tmpfs" 'the same name inside'
}

test_destination_is_required() {
	need root
	need runtime
	bundle mounts+='{"type":"tmpfs","source":"tmpfs"}'
	rt_fails run -b b "$id"
	is "$err" 'runtime: config.json: mounts[7]: destination is required'
}

# links TARGET-OF-LINK DESTINATION WANT: with rootfs/link -> TARGET, a tmpfs on DESTINATION is at WANT
links() {
	rm -rf b
	bundle args='/probe mounts' mounts+="{\"destination\":\"$2\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"
	ln -s "$1" b/rootfs/link
	rt_ok run -b b "$id"
	like "$out" "^$3 tmpfs" "$1 $2"
}

test_absolute_link_is_inside() { need root; links /home /link/x /home/x; }
test_relative_link() { need root; links home /link/x /home/x; }
test_link_as_the_target() { need root; links /home /link /home; }
test_dangling_link_is_made_inside() { need root; links /not/there /link /not/there; ok test -d b/rootfs/not/there; }
test_dangling_link_in_the_middle() { need root; links /not/there /link/x /not/there/x; }
test_link_with_dotdot_stays_inside() { need root; links ../../../../../home /link/x /home/x; }

test_link_to_the_host_stays_inside() {
	need root
	mkdir canary
	links "$PWD/canary" /link/x "$PWD/canary/x"
	is "$(ls canary)" '' 'nothing on the host'
}

test_bind_file_on_a_dangling_link_stays_inside() {
	need root
	echo mine >file
	bundle args='/probe cat /etc/resolv.conf' mounts+="{\"destination\":\"/etc/resolv.conf\",\"type\":\"bind\",\"source\":\"$PWD/file\",\"options\":[\"bind\"]}"
	ln -s "$PWD/made" b/rootfs/etc/resolv.conf
	rt_ok run -b b "$id"
	is "$out" mine
	fails test -e made
}

test_link_loop_is_an_error() {
	need root
	bundle mounts+='{"destination":"/loop/x","type":"tmpfs","source":"tmpfs"}'
	ln -s loop b/rootfs/loop
	rt_fails run -b b "$id"
	has "$err" /loop
}

test_listed_order() {
	need root
	mkdir one two
	touch one/1 two/2
	bundle args='/probe ls /m' mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/one\",\"options\":[\"bind\"]}" \
		mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/two\",\"options\":[\"bind\"]}"
	rt_ok run -b b "$id"
	is "$out" 2 'the later one is on top'
}

test_parent_after_child_hides_it() {
	need root
	bundle args='/probe ls /m' mounts+='{"destination":"/m/x","type":"tmpfs","source":"tmpfs"}' mounts+='{"destination":"/m","type":"tmpfs","source":"tmpfs"}'
	rt_ok run -b b "$id"
	is "$out" ''
}

test_many_mounts() {
	need root
	list=$(json get mounts "$TESTS/config.json")
	list=${list%]}
	i=0
	while [ $i -lt 150 ]; do
		list="$list,{\"destination\":\"/m/$i\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"size=4k\"]}"
		i=$((i + 1))
	done
	bundle args='/probe mounts' "mounts=$list]"
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | grep -c '^/m/[0-9]* tmpfs')" 150
}

# ---- propagation --------------------------------------------------------------------------------

# propagates OPTIONS-JSON: ./src is a shared tmpfs of the host, bound on /m; $prop is /m's propagation
propagates() {
	mkdir src
	mount -t tmpfs tmpfs src
	"$PROBE" mountfs none src shared >/dev/null
	mkdir src/late
	bundle args='/probe sleep' "$SYS_ADMIN" mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":$1}"
	rt_ok create -b b "$id"
	rt_ok start "$id"
	prop=$("$PROBE" mount /m "$(pid_of "$id")" | cut -d' ' -f4)
	mount -t tmpfs tmpfs src/late
	late=$("$PROBE" mount /m/late "$(pid_of "$id")")
}
propagates_end() { delete_all; umount src/late src; }

test_private() { need root; propagates '["bind","private"]'; is "$prop" private; is "$late" ''; propagates_end; }
test_rprivate() { need root; propagates '["rbind","rprivate"]'; is "$prop" private; is "$late" ''; propagates_end; }
test_unbindable() { need root; propagates '["bind","unbindable"]'; is "$prop" unbindable; is "$late" ''; propagates_end; }
test_runbindable() { need root; propagates '["rbind","runbindable"]'; is "$prop" unbindable; propagates_end; }

test_slave() {
	need root
	propagates '["bind","slave"]'
	is "$prop" master
	like "$late" '^/m/late tmpfs' 'a later mount of the host appears'
	propagates_end
}

test_rslave() {
	need root
	propagates '["rbind","rslave"]'
	is "$prop" master
	like "$late" '^/m/late tmpfs'
	propagates_end
}

test_shared_makes_a_peer_group() {
	need root
	propagates '["bind","shared"]'
	like "$prop" shared
	propagates_end
}

test_default_propagation_is_not_shared() {
	need root
	propagates '["bind"]'
	unlike "$prop" shared
	propagates_end
}

# With the whole tree rshared, what the container mounts below /m is seen by the host.
test_rshared_reaches_the_host() {
	need root
	mkdir src
	mount -t tmpfs tmpfs src
	"$PROBE" mountfs none src shared >/dev/null
	mkdir src/new
	bundle args='/probe mountfs tmpfs /m/new tmpfs' "$SYS_ADMIN" linux.rootfsPropagation=rshared \
		mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"rbind\",\"rshared\"]}"
	rt_ok run -b b "$id"
	is "$out" ok
	like "$("$PROBE" mount "$PWD/src/new")" "^$PWD/src/new tmpfs"
	umount src/new
	umount src
}

# ---- remount ------------------------------------------------------------------------------------

test_remount() {
	need root
	bundle args='/probe mount /m' mounts+='{"destination":"/m","type":"tmpfs","source":"tmpfs"}' \
		mounts+='{"destination":"/m","type":"tmpfs","source":"tmpfs","options":["remount","ro"]}'
	rt_ok run -b b "$id"
	like "$out" '^/m tmpfs ro'
	is "$(echo "$out" | wc -l)" 1
}

test_remount_data() {
	need root
	bundle args='/probe statfs /m' mounts+='{"destination":"/m","type":"tmpfs","source":"tmpfs","options":["size=64k"]}' \
		mounts+='{"destination":"/m","type":"tmpfs","source":"tmpfs","options":["remount","size=32k"]}'
	rt_ok run -b b "$id"
	like "$out" 'free=32768$'
}

test_remount_bind() {
	need root
	mkdir src
	bundle args='/probe mount /m' mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\"]}" \
		mounts+="{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\",\"remount\",\"ro\",\"nosuid\"]}"
	rt_ok run -b b "$id"
	like "$out" '^/m [a-z0-9]+ ro,nosuid'
	ok touch src/x
}

test_remount_of_no_mount_is_an_error() {
	need root
	bundle mounts+='{"destination":"/tmp","type":"tmpfs","source":"tmpfs","options":["remount","ro"]}'
	rt_fails run -b b "$id"
	has "$err" /tmp
}

# ---- /proc and /sys -----------------------------------------------------------------------------

# covers DESTINATION SOURCE: a bind onto it
covers() { bundle args="/probe cat $1" mounts+="{\"destination\":\"$1\",\"type\":\"bind\",\"source\":\"$2\",\"options\":[\"bind\"]}"; }

test_mounts_inside_proc_are_refused() {
	need root
	mkdir dir
	echo x >file
	for d in /proc/self /proc/sys /proc/sys/kernel /proc/1 /proc/net; do
		covers $d "$PWD/dir"
		rt_fails run -b b "$id"
		has "$err" $d
		has "$err" /proc
	done
	for f in /proc/self/attr/exec /proc/version /proc/sysrq-trigger /proc/self/status; do
		covers $f "$PWD/file"
		rt_fails run -b b "$id"
		has "$err" $f
	done
}

test_mounts_inside_proc_through_a_link_are_refused() {
	need root
	echo x >file
	covers /link/version "$PWD/file"
	ln -s /proc b/rootfs/link
	rt_fails run -b b "$id"
	has "$err" /proc
}

test_file_systems_inside_proc_are_refused() {
	need root
	need runtime		# runc 1.1 checks binds only
	bundle mounts+='{"destination":"/proc/sys","type":"tmpfs","source":"tmpfs"}'
	rt_fails run -b b "$id"
	has "$err" /proc
}

test_some_files_of_proc_may_be_covered() {
	need root
	echo mine >file
	for f in /proc/cpuinfo /proc/diskstats /proc/meminfo /proc/stat /proc/swaps /proc/uptime /proc/loadavg; do
		[ -e $f ] || continue
		covers $f "$PWD/file"
		rt_ok run -b b "$id"
		is "$out" mine $f
	done
}

test_proc_that_is_no_proc_is_refused() {
	need root
	mkdir dir
	bundle mounts+="{\"destination\":\"/proc\",\"type\":\"bind\",\"source\":\"$PWD/dir\",\"options\":[\"bind\"]}"
	rt_fails run -b b "$id"
	has "$err" 'because it is not of type proc'
}

test_proc_of_the_host_may_be_bound() {
	need root
	bundle args='/probe mount /proc' 'mounts.[destination=/proc]={"destination":"/proc","type":"bind","source":"/proc","options":["rbind"]}' 'linux.namespaces.[type=pid]-'
	rt_ok run -b b "$id"
	like "$out" '^/proc proc '
}

# linked DIR: the rootfs has a link in its place
linked() {
	bundle args='/probe mounts'
	mkdir canary
	rm -rf "b/rootfs/$1"
	ln -s "$2" "b/rootfs/$1"
	rt_fails run -b b "$id"
	like "$err" '(ordinary directory|/(proc|sys))'
	is "$(ls canary)" '' 'nothing on the host'
}

test_proc_as_a_link_is_refused() { need root; linked proc tmp; }
test_proc_as_a_link_to_the_host_is_refused() { need root; linked proc "$PWD/canary"; }
test_sys_as_a_link_is_refused() { need root; linked sys tmp; }
test_proc_as_a_dangling_link_is_refused() { need root; linked proc /no/such; }

test_proc_as_a_file_is_refused() {
	need root
	bundle
	rmdir b/rootfs/proc
	touch b/rootfs/proc
	rt_fails run -b b "$id"
	has "$err" proc
}

test_mounts_do_not_reach_the_host() {
	need root
	"$PROBE" mounts | sort >before
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	"$PROBE" mounts | sort >during
	is "$(cat during)" "$(cat before)"
	delete_all
}

# ---- links: crun's src-nofollow, dest-nofollow, copy-symlink ----------------------------------------

# nofollow OPTIONS-JSON COMMAND: ./link leads to ./real, a file, or is changed before by "made"
nofollow() {
	need root
	need runtime		# runc does not know these
	echo real >real
	[ -L link ] || ln -s real link
	bundle args="$2" mounts+="{\"destination\":\"/etc/m\",\"type\":\"bind\",\"source\":\"$PWD/link\",\"options\":$1}"
}

test_src_nofollow() {
	nofollow '["bind","src-nofollow"]' '/probe readlink /etc/m'
	rt_ok run -b b "$id"
	is "$out" real 'the link itself is there'
	nofollow '["bind","src-nofollow","dest-nofollow"]' '/probe readlink /etc/m'
	rm -f b/rootfs/etc/m
	ln -s whatever b/rootfs/etc/m
	rt_ok run -b b "$id"
	is "$out" real
	is "$(readlink b/rootfs/etc/m)" whatever 'the image is as it was'
}

test_dest_nofollow() {
	nofollow '["bind","dest-nofollow"]' '/probe cat /etc/m'
	ln -s passwd b/rootfs/etc/m
	rt_ok run -b b "$id"
	is "$out" real
	edit b/config.json 'process.args=["/probe","cat","/etc/passwd"]'
	rt_ok run -b b "$id"
	has "$out" root:x 'what the link leads to is not covered'
}

test_dest_nofollow_makes_what_is_missing() {
	nofollow '["bind","dest-nofollow"]' '/probe cat /etc/m'
	rt_ok run -b b "$id"
	is "$out" real
}

test_copy_symlink() {
	nofollow '["bind","copy-symlink"]' '/probe readlink /etc/m'
	rt_ok run -b b "$id"
	is "$out" real
	rt_ok run -b b "$id"
	is "$out" real 'it is there already'
	rm b/rootfs/etc/m
	ln -s elsewhere b/rootfs/etc/m
	rt_fails run -b b "$id"
	is "$err" 'runtime: mounts[7] /etc/m: copy-symlink: something else than a link to real exists'
}

test_copy_symlink_of_what_is_no_link() {
	need root
	need runtime
	echo real >link
	bundle args='/probe cat /etc/m' mounts+="{\"destination\":\"/etc/m\",\"type\":\"bind\",\"source\":\"$PWD/link\",\"options\":[\"bind\",\"copy-symlink\"]}"
	rt_ok run -b b "$id"
	is "$out" real
}

test_copy_symlink_stays_inside() {
	nofollow '["bind","copy-symlink"]' '/probe readlink /out/m'
	mkdir canary
	edit b/config.json mounts.7.destination=/out/m
	ln -s "$PWD/canary" b/rootfs/out
	rt run -b b "$id"
	is "$(ls canary)" '' 'nothing is made on the host'
}

# ---- more places --------------------------------------------------------------------------------

test_overlay_with_relative_directories() {
	need root
	need fs overlay
	bundle args='/probe cat /m/f' mounts+='{"destination":"/m","type":"overlay","source":"overlay","options":["lowerdir=low","upperdir=t/up","workdir=t/work"]}'
	mkdir b/low b/t
	mount -t tmpfs tmpfs b/t
	mkdir b/t/up b/t/work
	echo low >b/low/f
	rt_ok run -b b "$id"
	is "$out" low 'they are in the bundle'
	umount b/t
}

test_overlay_with_long_options() {
	need root
	need fs overlay
	list= i=0
	bundle args='/probe ls /m'
	while [ $i -lt 12 ]; do
		i=$((i + 1))
		mkdir -p low/$i
		: >low/$i/f$i
		list=$list${list:+:}$PWD/low/$i
	done
	edit b/config.json mounts+="{\"destination\":\"/m\",\"type\":\"overlay\",\"source\":\"overlay\",\"options\":[\"lowerdir=$list\",\"nosuid\"]}"
	rt_ok run -b b "$id"
	is "$(echo "$out" | wc -l)" 12
	need runtime
	edit b/config.json 'mounts.7.options+=shared' mounts.7.options+=rnodev 'process.args=["/probe","mount","/m"]'
	rt_ok run -b b "$id"
	like "$out" '^/m overlay rw,nosuid,nodev,relatime shared '
	is "$("$PROBE" mounts | grep -c "$PWD")" 0 'nothing of it on the host'
	edit b/config.json "mounts.7.options=[\"lowerdir=rel:$list\"]"
	rt_fails run -b b "$id"
	has "$err" 'relative paths do not go with options of more than 255 bytes'
}

test_mount_on_the_root() {
	need root
	need runtime		# runc's /dev and the like stay on the covered one
	bundle -d o
	bundle args='/probe ls /' "mounts=[{\"destination\":\"/\",\"type\":\"bind\",\"source\":\"$PWD/o/rootfs\",\"options\":[\"bind\"]},{\"destination\":\"/proc\",\"type\":\"proc\"}]"
	touch o/rootfs/other
	rt_ok run -b b "$id"
	has "$out" other 'the root is what was mounted there'
	edit b/config.json 'process.args=["/probe","mounts"]'
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | cut -d' ' -f1 | grep -c '^/$')" 1 'one mount is the root'
	like "$out" '^/proc proc'
}

# hosts TYPE DEST COMMAND: the default mount of TYPE in a user namespace that shares the namespace it shows
shared_with_host() {
	need root
	need userns
	need runtime		# runc: operation not permitted
	m='[{"containerID":0,"hostID":100000,"size":65536}]'
	bundle args="$2" "linux.namespaces.[type=$1]-" 'linux.namespaces+={"type":"user"}' "linux.uidMappings=$m" "linux.gidMappings=$m"
	rt run -b b "$id"
	[ "$status" = 0 ] || rt_show
}

test_sysfs_in_a_user_namespace_with_the_hosts_network() {
	shared_with_host network '/probe mounts'
	like "$out" '^/sys sysfs ro,nosuid,nodev,noexec'
	unlike "$out" '^/sys[^ ]* [^ ]* rw' 'nothing in it is writable'
}

test_mqueue_in_a_user_namespace_with_the_hosts_ipc() {
	need file /dev/mqueue
	shared_with_host ipc '/probe mount /dev/mqueue'
	like "$out" '^/dev/mqueue '
}

test_proc_in_a_user_namespace_with_the_hosts_pids() {
	shared_with_host pid '/probe mount /proc'
	like "$out" '^/proc proc '
}

test_source_below_a_directory_of_another_user() {
	need root
	need userns
	need runtime		# newer than runc 1.1
	m='[{"containerID":0,"hostID":100000,"size":65536}]'
	mkdir -m 0700 locked
	mkdir locked/src
	echo hello >locked/src/f
	for word in bind rbind; do
		bundle args='/probe cat /tmp/f' 'linux.namespaces+={"type":"user"}' "linux.uidMappings=$m" "linux.gidMappings=$m" \
			mounts+="{\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"$PWD/locked/src\",\"options\":[\"$word\",\"ro\"]}"
		rt_ok run -b b "$id"
		is "$out" hello
	done
	edit b/config.json "mounts.7.source=$PWD/locked/none"
	rt_fails run -b b "$id"
	is "$err" "runtime: mounts[7] /tmp: bind source $PWD/locked/none: no such file or directory"
}

# ---- linux.mountLabel -----------------------------------------------------------------------------

LABEL=system_u:object_r:container_file_t:s0:c1,c2

test_mount_label_without_selinux_is_an_error() {
	need root
	[ ! -e /sys/fs/selinux/enforce ] || skip 'needs a host without SELinux'
	bundle linux.mountLabel=$LABEL
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || is "$err" 'runtime: linux.mountLabel: SELinux is not enabled on this host (CONFIG_SECURITY_SELINUX)'
	bundle 'linux.mountLabel=""'
	rt_ok run -b b "$id"
}

# A kernel without SELinux, made to look as if it had it, refuses the option by its name: so it was given.
# mount_label TYPE [OPTION]: a container with a mount of TYPE on /m, all others without a label of their own
mount_label() {
	need root
	need runtime
	[ ! -e /sys/fs/selinux/enforce ] || skip 'needs a host without SELinux'
	mkdir cg
	bundle args='/probe true' linux.mountLabel=$LABEL 'mounts=[{"destination":"/proc","type":"proc"},{"destination":"/sys","type":"sysfs"}]' \
		linux.maskedPaths=[] mounts+="{\"destination\":\"/m\",\"type\":\"$1\",\"source\":\"x\",\"options\":[$2]}"
	mount -o rbind "$CGROUP" cg && mount -t tmpfs tmpfs /sys/fs && mkdir -p "$CGROUP" /sys/fs/selinux && mount -o rbind cg "$CGROUP" || fail 'no false /sys/fs'
	: >/sys/fs/selinux/enforce
	rt run -b b "$id"
	umount -l "$CGROUP"
	umount -l /sys/fs
	umount -l cg
}

test_mount_label_is_the_context_of_file_systems() {
	for type in tmpfs devpts; do
		mount_label $type
		like "$err" "^runtime: mounts\[2\] /m: mount $type: ($type: Unknown parameter|VFS: Legacy: Option) 'context'"
		rmdir cg
	done
	mount_label tmpfs '"silent"'
	is "$err" 'runtime: mounts[2] /m: mount tmpfs: invalid argument' 'by mount(2)'
}

test_mount_label_is_not_for_proc_sysfs_mqueue_and_binds() {
	mount_label mqueue
	is "$status$err" 0
	rmdir cg
	mount_label none '"bind"'
	has "$err" 'bind source'
	lacks "$err" context
}

test_mount_label_is_on_masked_directories() {
	mount_label mqueue
	is "$status" 0
	rmdir cg
	bundle() { "$PROBE" bundle b "$TESTS/config.json" "$@" 'linux.maskedPaths=["/proc/fs"]'; }
	mount_label mqueue
	is "$err" "runtime: linux.maskedPaths[0]: /proc/fs: mount tmpfs: tmpfs: Unknown parameter 'context': invalid argument"
}

test_defaults() {
	need root
	need runtime		# unknown to runc 1.1
	flags_of '["defaults"]'
	has_flag rw
}

test_read_only_tmpfs_on_sys_and_on_the_root() {
	need root
	bundle args='/probe touch /sys/x' 'mounts=[{"destination":"/sys","type":"tmpfs","source":"tmpfs","options":["ro"]}]' \
		linux.maskedPaths- linux.readonlyPaths- root.readonly=false
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS open /sys/x'
}

run_tests
