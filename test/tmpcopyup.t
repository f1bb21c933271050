#!/bin/sh
# tmpcopyup.t - a tmpfs that starts with what the image has in its place, and whose mode and owner it takes.
. "${0%/*}/lib.sh"

# copied OPTIONS-JSON COMMAND [EDIT...]: COMMAND with a tmpfs on /d, which holds what fill() put there
copied() {
	opts=$1 cmd=$2
	shift 2
	bundle args="$cmd" mounts+="{\"destination\":\"/d\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":$opts}" "$@"
	mkdir -p b/rootfs/d
	fill b/rootfs/d
	rt run -b b "$id"
	[ "$status" = 0 ] || rt_show
}
fill() { echo text >"$1/f"; }

test_files_are_copied() {
	need root
	copied '["tmpcopyup"]' '/probe cat /d/f'
	is "$out" text
	edit b/config.json 'process.args=["/probe","mount","/d"]'
	rt_ok run -b b "$id"
	like "$out" '^/d tmpfs rw'
}

test_without_the_word_the_tmpfs_is_empty() {
	need root
	copied '[]' '/probe ls /d'
	is "$out" ''
}

test_the_image_is_left_alone() {
	need root
	copied '["tmpcopyup"]' '/probe write /d/f other'
	is "$(cat b/rootfs/d/f)" text
}

test_kinds_modes_and_owners() {
	need root
	need runtime		# runc's copy leaves owners of links, special files and modes as they come
	fill() {
		[ ! -e "$1/f" ] || return
		echo a >"$1/f"; chown 3:4 "$1/f"; chmod 4751 "$1/f"
		mkdir -p "$1/sub/deep"; chmod 2710 "$1/sub"; chown 5:6 "$1/sub/deep"
		ln -s ../nowhere "$1/sub/link"; chown -h 7:8 "$1/sub/link"
		mkfifo -m 666 "$1/sub/deep/pipe"
		"$PROBE" mknod "$1/null" c 1 3 >/dev/null
		: >"$1/.hidden"
		chmod 644 "$1/null" "$1/.hidden"
		chmod 3711 "$1"; chown 9:10 "$1"
	}
	copied '["tmpcopyup"]' '/probe stat /d /d/f /d/sub /d/sub/deep /d/sub/link /d/sub/deep/pipe /d/null /d/.hidden'
	is "$out" 'dir 3711 9 10
file 4751 3 4
dir 2710 0 0
dir 0755 5 6
link 0777 7 8 ../nowhere
fifo 0666 0 0
char 0644 0 0 1:3
file 0644 0 0'
}

test_times() {
	need root
	need runtime
	bundle args='/probe sleep' mounts+='{"destination":"/d","type":"tmpfs","options":["tmpcopyup"]}'
	mkdir -p b/rootfs/d/sub
	: >b/rootfs/d/sub/f
	touch -d '2001-02-03 04:05:06' b/rootfs/d/sub/f b/rootfs/d/sub
	: >reference
	touch -d '2001-02-03 04:05:07' reference
	rt_ok create -b b "$id"
	there=/proc/$(pid_of "$id")/root/d
	fails test "$there/sub/f" -nt reference
	fails test "$there/sub" -nt reference
	delete_all
}

test_extended_attributes() {
	need root
	need runtime
	bundle args='/probe sleep' mounts+='{"destination":"/d","type":"tmpfs","options":["tmpcopyup"]}'
	mkdir -p b/rootfs/d/sub
	: >b/rootfs/d/f
	for f in f sub; do
		"$PROBE" xattr b/rootfs/d/$f trusted.test "value of $f" >/dev/null || skip 'needs a file system with extended attributes'
	done
	rt_ok create -b b "$id"
	there=/proc/$(pid_of "$id")/root/d
	for f in f sub; do is "$("$PROBE" xattr "$there/$f" trusted.test)" "value of $f"; done
	delete_all
}

test_large_files() {
	need root
	fill() { dd if=/dev/urandom of="$1/big" bs=65536 count=48 2>/dev/null; }
	bundle args='/probe sleep' mounts+='{"destination":"/d","type":"tmpfs","options":["tmpcopyup"]}'
	mkdir b/rootfs/d
	fill b/rootfs/d
	rt_ok create -b b "$id"
	ok cmp b/rootfs/d/big "/proc/$(pid_of "$id")/root/d/big"
	delete_all
}

test_many_files_and_deep_directories() {
	need root
	fill() {
		local i=0 d=$1
		while [ $i -lt 60 ]; do i=$((i + 1)); d=$d/dir$i; mkdir "$d"; : >"$d/x$i"; : >"$1/file$i"; done
	}
	bundle args='/probe ls /d' mounts+='{"destination":"/d","type":"tmpfs","options":["tmpcopyup"]}'
	mkdir b/rootfs/d
	fill b/rootfs/d
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | wc -l)" 61
	edit b/config.json 'process.args=["/probe","sleep"]'
	rt_ok create -b b "$id"
	is "$(cd "/proc/$(pid_of "$id")/root/d" && find . | sort)" "$(cd b/rootfs/d && find . | sort)"
	delete_all
}

test_links_are_not_followed() {
	need root
	mkdir canary
	echo secret >canary/s
	# shellcheck disable=SC2329
	fill() { ln -sfn "$TESTDIR/canary" "$1/l"; }
	copied '["tmpcopyup"]' '/probe stat /d/l'
	is "$out" "link 0777 0 0 $PWD/canary"
	is "$(ls canary)" s
}

test_where_the_directory_is_a_link() {
	need root
	bundle args='/probe cat /d/f' mounts+='{"destination":"/d","type":"tmpfs","options":["tmpcopyup"]}'
	mkdir b/rootfs/real
	echo inside >b/rootfs/real/f
	ln -s /real b/rootfs/d
	rt_ok run -b b "$id"
	is "$out" inside 'found inside the root'
}

test_where_there_is_nothing() {
	need root
	bundle args='/probe ls /new/dir' mounts+='{"destination":"/new/dir","type":"tmpfs","options":["tmpcopyup"]}'
	rt_ok run -b b "$id"
	is "$out" ''
}

test_read_only_is_applied_at_the_end() {
	need root
	need runtime		# runc 1.1: the copy fails
	copied '["tmpcopyup","ro"]' '/probe cat /d/f'
	is "$out" text
	edit b/config.json 'process.args=["/probe","touch","/d/x"]'
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS open /d/x'
}

test_too_small_a_tmpfs_is_an_error() {
	need root
	fill() { dd if=/dev/zero of="$1/big" bs=65536 count=2 2>/dev/null; }
	copied '["tmpcopyup","size=64k"]' /bin/true
	isnt "$status" 0
	[ "$RT_NAME" != runtime ] || is "$err" 'runtime: mounts[7] /d: tmpcopyup: ./big: no space left on device'
}

test_in_a_user_namespace() {
	need root
	need userns
	fill() { echo text >"$1/f"; : >"$1/g"; chown 100003:100004 "$1/g"; }
	m='[{"containerID":0,"hostID":100000,"size":65536}]'
	copied '["tmpcopyup"]' '/probe stat /d/f /d/g' 'linux.namespaces+={"type":"user"}' "linux.uidMappings=$m" "linux.gidMappings=$m"
	is "$status" 0
	like "$out" '^file 0644 3 4$'
}

# ---- mode and owner of any tmpfs --------------------------------------------------------------

test_mode_is_that_of_the_directory_below() {
	need root
	fill() { chmod 1750 "$1"; }
	copied '[]' '/probe stat /d'
	is "$out" 'dir 1750 0 0'
}

test_mode_in_the_options_wins() {
	need root
	fill() { chmod 1750 "$1"; chown 1:2 "$1"; }
	copied '["mode=700"]' '/probe stat /d'
	is "$out" 'dir 0700 0 0'
	need runtime
	copied '["tmpcopyup","mode=710","uid=7"]' '/probe stat /d'
	is "$out" 'dir 0710 7 2' 'a group that is not given is copied'
}

run_tests
