#!/bin/sh
# misc.t - the rest of "process", and the names of the machine.
. "${0%/*}/lib.sh"

ct() {
	bundle "$@"
	rt_ok run -b b "$id"
}

test_hostname() {
	need root
	host=$("$PROBE" hostname)
	ct args='/probe hostname' hostname=a.name-0
	is "$out" a.name-0
	is "$("$PROBE" hostname)" "$host" 'the name of the host'
}

test_domainname() {
	need root
	need runtime		# newer than runc 1.1
	host=$("$PROBE" domainname)
	ct args='/probe domainname' domainname=example.org
	is "$out" example.org
	is "$("$PROBE" domainname)" "$host" 'the domain of the host'
}

test_no_hostname_inherits() {
	need root
	ct args='/probe hostname' hostname-
	is "$out" "$("$PROBE" hostname)"
}

test_hostname_needs_a_uts_namespace() {
	need root
	bundle hostname=other 'linux.namespaces.[type=uts]-'
	rt_fails run -b b "$id"
	like "$err" '[Uu][Tt][Ss]' 'the message says what is missing'
	isnt "$("$PROBE" hostname)" other
}

test_domainname_needs_a_uts_namespace() {
	need root
	need runtime
	bundle hostname- domainname=other.org 'linux.namespaces.[type=uts]-'
	rt_fails run -b b "$id"
	like "$err" '[Uu][Tt][Ss]'
	isnt "$("$PROBE" domainname)" other.org
}

test_hostname_too_long() {
	need root
	bundle hostname=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
	rt_fails run -b b "$id"
	like "$err" 'hostname|invalid argument'
}

test_environment_is_exactly_the_given_one() {
	need root
	FOO=leak
	export FOO
	ct args='/probe env' 'process.env=["PATH=/bin","B=2","A=1","EMPTY=","SP=a b = c","HOME=/x"]'
	is "$out" 'PATH=/bin
B=2
A=1
EMPTY=
SP=a b = c
HOME=/x'
}

test_environment_may_hold_newlines_and_bytes() {
	need root
	ct args='/probe env X' 'process.env=["PATH=/bin","X=a\nb\t\u00e9\"\\"]'
	is "$out" "$(printf 'a\nb\t\303\251"\\')"
}

test_large_environment() {
	need root
	big=$(head -c 100000 /dev/zero | tr '\0' x)
	bundle args='/probe env BIG'
	sed "s/\"TERM=xterm\"/\"BIG=$big\"/" b/config.json >new && mv new b/config.json
	rt_ok run -b b "$id"
	is "${#out}" 100000
}

test_arguments_arrive_as_they_are() {
	need root
	ct 'process.args=["/probe","args","","a b","$HOME","*","\u00fc","--root"]'
	is "$out" '[]
[a b]
[$HOME]
[*]
[ü]
[--root]'
}

test_program_from_path() {
	need root
	ct args=id 'process.env=["PATH=/nowhere:/bin"]'
	like "$out" '^uid=0 '
}

test_program_relative_to_cwd() {
	need root
	ct args='../probe cwd' process.cwd=/tmp
	is "$out" /tmp
}

test_cwd() {
	need root
	ct args='/probe cwd' process.cwd=/home
	is "$out" /home
}

test_cwd_is_made_when_missing() {
	need root
	ct args='/probe cwd' process.cwd=/made/here/now root.readonly=false
	is "$out" /made/here/now
	is "$("$PROBE" stat b/rootfs/made)" 'dir 0755 0 0'
}

test_cwd_in_a_mount() {
	need root
	ct args='/probe cwd' process.cwd=/m/x mounts+='{"destination":"/m/x","type":"tmpfs","source":"tmpfs"}'
	is "$out" /m/x
}

test_cwd_must_be_absolute() {
	need root
	bundle process.cwd=tmp
	rt_fails run -b b "$id"
	[ "$RT_NAME" = runtime ] && has "$err" 'config.json: process.cwd'
	like "$err" 'absolute'
}

test_cwd_that_is_a_file() {
	need root
	bundle process.cwd=/etc/passwd
	rt_fails run -b b "$id"
	has "$err" 'not a directory'
}

test_cwd_link_is_resolved_inside() {
	need root
	bundle args='/probe cwd' process.cwd=/link
	ln -s /../../../tmp b/rootfs/link
	rt_ok run -b b "$id"
	is "$out" /tmp
}

# CVE-2024-21626: no descriptor of the runtime leads outside.
test_cwd_through_a_descriptor() {
	need root
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		bundle args='/probe cwd' process.cwd=/proc/self/fd/$fd root.readonly=false
		rt run -b b "$id"
		if [ "$status" = 0 ]; then like "$out" '^/' "fd $fd: inside"; else unlike "$out" . "fd $fd: refused"; fi
	done
}

test_oom_score_adj() {
	need root
	ct args='/probe oomadj' process.oomScoreAdj=555
	is "$out" 555
}

test_oom_score_adj_unset_is_inherited() {
	need root
	n=$(cat /proc/self/oom_score_adj)
	echo $((n + 11)) >/proc/$$/oom_score_adj
	ct args='/probe oomadj'
	is "$out" $((n + 11))
}

test_oom_score_adj_that_may_not_be_lowered() {
	need root
	have cap SYS_RESOURCE && skip 'needs a caller without CAP_SYS_RESOURCE'
	bundle process.oomScoreAdj=-1000
	rt_fails run -b b "$id"
	like "$err" '[Pp]ermission denied'
	like "$err" "oom_?[sS]core_?[aA]dj"
}

test_oom_score_adj_out_of_range() {
	need root
	bundle process.oomScoreAdj=1001
	rt_fails run -b b "$id"
	like "$err" 'oom_?[sS]core_?[aA]dj'
}

test_session_keyring() {
	need root
	ct args='/probe keyring'
	like "$out" "^keyring;0;0;[0-9a-f]+;_ses\.$id\$"
}

test_session_keyring_is_the_containers_own() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok create -b b "$id2"
	rt_ok start "$id"
	rt_ok start "$id2"
	like "$(in_ct "$id" /probe keyring)" ";_ses\.$id\$"
	like "$(in_ct "$id2" /probe keyring)" ";_ses\.$id2\$"
	delete_all
}

test_no_new_keyring() {
	need root
	bundle args='/probe keyring'
	rt run --no-new-keyring -b b "$id"
	unlike "$out" "_ses\.$id"
}

test_no_new_privileges() {
	need root
	ct args='/probe nnp' process.noNewPrivileges=true
	is "$out" 1
}

test_no_new_privileges_false() {
	need root
	ct args='/probe nnp' process.noNewPrivileges=false
	is "$out" 0
}

test_no_new_privileges_default() {
	need root
	ct args='/probe nnp' process.noNewPrivileges-
	is "$out" 0
}

test_no_new_privileges_stops_setuid() {
	need root
	bundle args='/probe id' 'process.user={"uid":1000,"gid":1000}' process.noNewPrivileges=true
	chmod 4755 b/rootfs/probe
	rt_ok run -b b "$id"
	like "$out" '^uid=1000 .*umask=0022$' 'no euid'
	edit b/config.json process.noNewPrivileges=false
	rt_ok run -b b "$id"
	has "$out" 'euid=0' 'without it setuid works'
}

test_no_terminal() {
	need root
	ct args='/probe tty' process.terminal=false
	is "$out" '0 no
1 no
2 no
controlling no'
}

# The caller's terminal may be passed as stdin, but it is not the container's controlling one.
test_callers_terminal_is_not_controlling() {
	need root
	bundle args='/probe tty'
	got=$("$PROBE" pty "$RT" --root "$STATE" run -b b "$id")
	like "$got" "^0 "
	like "$got" '^controlling no'
}

test_input_cannot_be_pushed_back() {
	need root
	bundle args='/probe tiocsti'
	got=$("$PROBE" pty "$RT" --root "$STATE" run -b b "$id")
	like "$got" '^ERRNO (EPERM|EIO|ENOTTY) TIOCSTI'
}

test_own_session() {
	need root
	ct args='/probe pid'
	has "$out" 'pid=1 ppid=0 pgid=1 sid=1 proc=1 nspid=1'
}

test_descriptors_of_the_caller_are_closed() {
	need root
	bundle args='/probe fds'
	exec 7</etc/passwd 5>leak 8</dev/zero
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | cut -d' ' -f1 | tr '\n' ' ')" '0 1 2 '
}

test_no_signal_is_blocked() {
	need root
	ct args='/probe sigs'
	has "$out" 'blocked=0000000000000000 '
}

test_signals_are_not_ignored() {
	need root
	bundle args='/probe sigs'
	(
		trap '' HUP INT QUIT USR1 PIPE
		"$PROBE" deadline 20 "$RT" --root "$STATE" run -b b "$id" >got 2>&1
	)
	like "$(cat got)" '^blocked=0000000000000000 '
}

test_stdin_is_passed_on() {
	need root
	bundle args=cat
	echo 'one line' >in
	rt_ok run -b b "$id" <in
	is "$out" 'one line'
}

test_stdout_and_stderr_stay_apart() {
	need root
	ct args='/probe say to out'
	is "$out/$err" 'to out/'
	bundle args='/probe say -e to err'
	rt_ok run -b b "$id"
	is "$out/$err" '/to err'
}

test_last_of_equal_variables_wins() {
	need root
	ct args='/probe env' 'process.env=["A=1","B=1","A=2","HOME=/h","A=3"]'
	is "$(printf '%s\n' "$out" | sort)" 'A=3
B=1
HOME=/h'
}

run_tests
