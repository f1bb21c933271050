#!/bin/sh
# user.t - process.user, HOME, and who owns the standard streams.
. "${0%/*}/lib.sh"

test_uid_and_gid() {
	need root
	bundle 'process.user={"uid":1000,"gid":1001}'
	rt_ok run -b b "$id"
	is "$out" 'uid=1000 gid=1001 groups=- umask=0022'
}

test_additional_gids() {
	need root
	bundle 'process.user={"uid":1000,"gid":1001,"additionalGids":[5,6,2147483647]}'
	rt_ok run -b b "$id"
	has "$out" 'uid=1000 gid=1001 groups=5,6,2147483647 ' 'all of them and no others'
}

test_large_ids() {
	need root
	need runtime		# runc stops at 2147483647
	bundle args='/probe cat /proc/self/status' 'process.user={"uid":4294967294,"gid":4294967293}'
	rt_ok run -b b "$id"
	like "$out" '^Uid:	4294967294	4294967294	4294967294	4294967294$'
	like "$out" '^Gid:	4294967293	4294967293	4294967293	4294967293$'
}

test_umask() {
	need root
	bundle 'process.user={"uid":0,"gid":0,"umask":63}'
	rt_ok run -b b "$id"
	like "$out" 'umask=0077$'
}

test_umask_zero() {
	need root
	bundle 'process.user={"uid":0,"gid":0,"umask":0}'
	rt_ok run -b b "$id"
	like "$out" 'umask=0000$'
}

# Engines run the runtime with umask 0: a container that says nothing must not inherit that.
test_umask_default() {
	need root
	bundle
	umask 0
	rt_ok run -b b "$id"
	like "$out" 'umask=0022$'
}

test_home_of_root() {
	need root
	bundle args='/probe env HOME'
	rt_ok run -b b "$id"
	is "$out" /root
}

test_home_from_passwd() {
	need root
	bundle args='/probe env HOME' 'process.user={"uid":1000,"gid":0}'
	rt_ok run -b b "$id"
	is "$out" /home
}

test_home_of_an_unknown_uid() {
	need root
	bundle args='/probe env HOME' 'process.user={"uid":4711,"gid":0}'
	rt_ok run -b b "$id"
	is "$out" /
}

test_home_without_passwd() {
	need root
	bundle args='/probe env HOME' 'process.user={"uid":1000,"gid":0}'
	rm b/rootfs/etc/passwd
	rt_ok run -b b "$id"
	is "$out" /
}

test_home_given_wins() {
	need root
	bundle args='/probe env HOME' process.env+=HOME=/given
	rt_ok run -b b "$id"
	is "$out" /given
}

test_number_is_never_a_name() {
	need root
	bundle 'process.user={"uid":1000,"gid":1000}'
	printf '1000:x:0:0:evil:/evil:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n' >b/rootfs/etc/passwd
	printf '1000:x:0:user\n' >b/rootfs/etc/group
	rt_ok run -b b "$id"
	has "$out" 'uid=1000 gid=1000 groups=- '
	bundle args='/probe env HOME' 'process.user={"uid":1000,"gid":1000}'
	rt_ok run -b b "$id"
	is "$out" /home 'the line whose third field is 1000'
}

test_malformed_passwd_is_harmless() {
	need root
	bundle args='/probe env HOME' 'process.user={"uid":1000,"gid":1000}'
	printf 'x\n::::::\n:x:y:z:\n\n#c\nbig:x:99999999999999999999:0::/big:\nuser:x:1000:1000::/mine:/bin/sh' >b/rootfs/etc/passwd
	rt_ok run -b b "$id"
	is "$out" /mine 'the last line, without a newline'
}

test_long_passwd_line_is_harmless() {
	need root
	need runtime		# runc 1.1 refuses it
	bundle args='/probe env HOME' 'process.user={"uid":1000,"gid":1000}'
	{ head -c 300000 /dev/zero | tr '\0' a; printf '\nuser:x:1000:1000::/mine:/bin/sh\n'; } >b/rootfs/etc/passwd
	rt run -b b "$id"
	is "$status" 0 status
	like "$out" '^(/mine|/)$'
}

test_passwd_link_stays_inside() {
	need root
	bundle args='/probe env HOME' 'process.user={"uid":1000,"gid":1000}'
	rm b/rootfs/etc/passwd
	printf 'user:x:1000:1000::/outside:/bin/sh\n' >outside
	ln -s "$PWD/outside" b/rootfs/etc/passwd
	rt_ok run -b b "$id"
	is "$out" / 'the file of the host is not seen'
}

test_passwd_that_is_a_fifo_does_not_block() {
	need root
	need runtime		# runc 1.1 waits for ever
	bundle args='/probe env HOME' 'process.user={"uid":1000,"gid":1000}'
	rm b/rootfs/etc/passwd
	"$PROBE" mknod b/rootfs/etc/passwd p >/dev/null
	RT_LIMIT=5 rt_ok run -b b "$id"
	is "$out" /
}

test_pipe_can_be_reopened_by_the_user() {
	need root
	bundle args='/probe write /dev/stdout hello' 'process.user={"uid":1000,"gid":1000}'
	got=$("$PROBE" deadline 20 "$RT" --root "$STATE" run -b b "$id" </dev/null 2>&1 | cat)
	is "$got" 'hellook'
}

test_null_of_the_host_keeps_its_owner() {
	need root
	bundle args='/probe true' 'process.user={"uid":1000,"gid":1000}'
	before=$("$PROBE" stat /dev/null)
	rt_ok run -b b "$id" </dev/null
	is "$("$PROBE" stat /dev/null)" "$before"
}

test_closed_streams() {
	need root
	bundle args='/probe exit 5'
	"$PROBE" deadline 20 "$RT" --root "$STATE" run -b b "$id" <&- >&- 2>&-
	is $? 5
}

test_stderr_pipe_can_be_reopened_by_the_user() {
	need root
	bundle args='/probe open /proc/self/fd/2 w' 'process.user={"uid":1000,"gid":1000}'
	got=$({ "$PROBE" deadline 20 "$RT" --root "$STATE" run -b b "$id" </dev/null 3>&1 >&3; } 2>&1 | cat)
	is "$got" ok
}

run_tests
