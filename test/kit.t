#!/bin/sh
# kit.t - the kit tests itself: what must fail fails, what must be counted is counted.
. "${0%/*}/lib.sh"

# Runs the body given on stdin as a test file of its own and leaves its TAP in $tap, its status in $status.
kit() {
	mkdir -p kit
	cp "$TESTS/lib.sh" "$TESTS/run" "$TESTS/config.json" kit/
	{ echo '. "${0%/*}/lib.sh"'; cat; echo run_tests; } >kit/x.t
	env -u ONE_TEST -u TESTDIR -u META -u TOKEN -u ONLY TMPDIR="$PWD" TEST_CGROUP2=1 JOBS=1 \
		"$TEST_SH" kit/run x.t >kit.tap 2>&1
	status=$?
	tap=$(cat kit.tap) last=$(tail -n 1 kit.tap)
}

test_pass() {
	kit <<-'END'
	test_a() { is 1 1; has abc b; lacks abc x; like "$(printf 'a\nb')" '^b$'; unlike ab '^b'; isnt 1 2; ok true; fails false; }
	END
	is "$last" '1 passed, 0 failed, 0 skipped'
	is "$status" 0
	like "$tap" '^ok 1 - x.t: test_a$'
	like "$tap" '^1\.\.1$'
}

test_every_assertion_can_fail() {
	kit <<-'END'
	test_is() { is 1 2; }
	test_isnt() { isnt 1 1; }
	test_like() { like abc '^b'; }
	test_unlike() { unlike abc b; }
	test_has() { has abc x; }
	test_lacks() { lacks abc b; }
	test_ok() { ok false; }
	test_fails() { fails true; }
	test_fail() { fail because; }
	test_wait_for() { wait_for -t 0 false; }
	test_rt_ok() { rt_ok state nosuch; }
	test_rt_fails() { rt_fails --version; }
	test_none() { :; }
	test_exit() { ok true; exit 3; }
	test_exit_0() { ok true; fail x; exit 0; }
	END
	is "$last" '0 passed, 15 failed, 0 skipped'
	is "$status" 1
	like "$tap" '^#   it asserted nothing'
	like "$tap" 'ended early with status 3'
}

test_goes_on_after_failure() {
	kit <<-'END'
	test_a() { is 1 2; is 3 3; is 4 5; }
	test_b() { ok true; }
	END
	like "$tap" '2 of 3 assertions'
	like "$tap" 'got:  1'
	is "$last" '1 passed, 1 failed, 0 skipped'
}

test_skips() {
	kit <<-'END'
	test_a() { need controller nosuch; fail never; }
	test_b() { ok true; }
	test_c() { skip 'no reason'; }
	END
	is "$last" '1 passed, 0 failed, 2 skipped'
	is "$status" 0
	like "$tap" '^ok 1 - x.t: test_a # SKIP needs controller nosuch$'
	like "$tap" '^ok 3 - x.t: test_c # SKIP no reason$'
}

test_all_skipped_fails() {
	kit <<-'END'
	test_a() { need tool no-such-tool; }
	END
	is "$last" '0 passed, 0 failed, 1 skipped'
	is "$status" 1
}

test_unknown_need_fails() {
	kit <<-'END'
	test_a() { need nonsense; ok true; }
	END
	is "$last" '0 passed, 1 failed, 0 skipped'
}

test_skip_does_not_hide_failure() {
	kit <<-'END'
	test_a() { is 1 2; skip 'too late'; }
	test_b() { ok true; }
	END
	is "$last" '1 passed, 1 failed, 0 skipped'
}

test_syntax_error_fails() {
	kit <<-'END'
	test_a() { ok true; }
	if
	END
	is "$last" '0 passed, 1 failed, 0 skipped'
	like "$tap" 'ended before its end'
}

test_no_tests_fails() {
	kit </dev/null
	is "$last" '0 passed, 1 failed, 0 skipped'
}

test_time_limit() {
	kit <<-'END'
	limit_test_a=1
	test_a() { ok true; sleep 20; }
	test_b() { ok true; }
	END
	is "$last" '1 passed, 1 failed, 0 skipped'
	like "$tap" 'timed out after 1 s'
}

test_only() {
	ONLY=
	kit <<-'END'
	ONLY='test_b*'
	test_a() { fail x; }
	test_b1() { ok true; }
	END
	is "$last" '1 passed, 0 failed, 0 skipped'
}

test_leftover_process() {
	kit <<-'END'
	test_a() { ok true; "$PROBE" daemonize 100; }
	test_b() { ok true; }
	END
	is "$last" '1 passed, 1 failed, 0 skipped'
	like "$tap" 'left behind: process [0-9]+ \(probe\).* daemonize 100'
	pid=$(printf '%s\n' "$tap" | sed -n 's/.*left behind: process \([0-9]*\) .*/\1/p')
	wait_gone "$pid"
}

test_leftover_container() {
	need root
	kit <<-'END'
	test_a() { bundle args='/probe sleep'; rt_ok create -b b "$id"; }
	test_b() { bundle args='/probe sleep'; expect_leftovers; rt_ok create -b b "$id"; }
	test_c() { bundle args='/probe sleep'; rt_ok create -b b "$id"; delete_all; }
	END
	is "$last" '2 passed, 1 failed, 0 skipped'
	like "$tap" 'left behind: container t[0-9x]+-1 \(created\)'
}

test_leftover_cgroup() {
	need root
	need cgroup2
	kit <<-'END'
	test_a() { ok mkdir "$CGROUP/$id"; }
	test_b() { ok mkdir -p "$CGROUP/$id/x"; rmdir "$CGROUP/$id/x" "$CGROUP/$id"; }
	END
	is "$last" '1 passed, 1 failed, 0 skipped'
	like "$tap" 'left behind: cgroup /.*-1'
}

test_leftover_mount() {
	need root
	kit <<-'END'
	test_a() { mkdir m; ok mount -t tmpfs none m; }
	test_b() { mkdir m; ok mount -t tmpfs none m; umount m; }
	END
	is "$last" '1 passed, 1 failed, 0 skipped'
	like "$tap" '^# /.*/m tmpfs '
}

test_bundle_edits() {
	bundle args='/probe args a b' process.cwd=/tmp linux.namespaces+='{"type":"user"}' \
		'linux.namespaces.[type=network].path="/proc/1/ns/net"' 'mounts.[destination=/proc].options=["ro"]' \
		'annotations.[a.b]=c d' linux.maskedPaths-
	ok json check b/config.json
	is "$(json get process.args b/config.json)" '["/probe","args","a","b"]'
	is "$(json get process.cwd b/config.json)" /tmp
	is "$(json get linux.namespaces.6.type b/config.json)" user
	is "$(json get 'linux.namespaces.[type=network].path' b/config.json)" /proc/1/ns/net
	is "$(json get mounts.0.options b/config.json)" '["ro"]'
	is "$(json get 'annotations.[a.b]' b/config.json)" 'c d'
	fails json get linux.maskedPaths b/config.json
	ok test -x b/rootfs/probe
	edit b/config.json hostname=other
	is "$(json get hostname b/config.json)" other
	fails edit b/config.json 'hostname=[1,'
	fails edit b/config.json no.such.thing-
}

test_rt() {
	rt_ok --version
	isnt "$out" '' 'version on stdout'
	rt state nosuch
	is "$out" ''
	isnt "$err" '' 'message on stderr'
	isnt "$status" 0
}

test_version_ge() {
	ok version_ge 6.1.0-13-amd64 5.10
	ok version_ge 6.1 6.1
	ok version_ge 6.12.3 6.12
	fails version_ge 5.9.16 5.10
	fails version_ge 6 6.1
	fails version_ge 6.1.44-fc-v445 6.12
}

test_probe() {
	ok "$PROBE" selftest
	is "$("$PROBE" deadline 0.2 sleep 5 2>/dev/null; echo $?)" 124
	is "$("$PROBE" killat 1 true; echo $?)" 99
	is "$("$PROBE" killat 100000 false; echo $?)" 1
	like "$("$PROBE" syscalls true)" '^[1-9][0-9]*$'
	like "$("$PROBE" pty -r 33x44 "$PROBE" tty)" '^size 33x44'
	like "$("$PROBE" pty "$PROBE" tty)" '^controlling yes'
	"$PROBE" signal-self KILL
	is $? 137 'status of a killed process'
	is "$("$PROBE" write /no/such x)" 'ERRNO ENOENT open /no/such'
}

run_tests
