#!/bin/sh
# run.t - "run": create, start, wait and delete in one; signals, streams, descriptors.
. "${0%/*}/lib.sh"

says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }

# ready FILE: the program in the container said that it is
ready() { wait_for grep -q ready "$1"; }

# ---- the status ---------------------------------------------------------------------------------

test_run_returns_the_status_of_the_program() {
	need root
	for n in 0 1 7 125 126 127 255; do
		bundle args="/probe exit $n"
		rt run -b b "$id"
		is "$status" "$n"
		is "$err" ''
	done
}

test_run_killed_by_a_signal_returns_128_plus_n() {
	need root
	for s in KILL:137 TERM:143 INT:130 SEGV:139 ABRT:134; do
		bundle args="/probe signal-self ${s%:*}" 'linux.namespaces.[type=pid]-'
		rt run -b b "$id"
		is "$status" "${s#*:}" "${s%:*}"
	done
}

test_run_killed_from_outside_returns_137() {
	need root
	bundle args='/probe sleep'
	rt_bg run -b b "$id"
	wait_status "$id" running
	rt_ok kill "$id" KILL
	rt_wait
	is "$status" 137
	is "$(status_of "$id")" gone
}

test_run_deletes_the_container_afterwards() {
	need root
	bundle args='/probe true'
	rt_ok run -b b "$id"
	is "$(status_of "$id")" gone
	fails test -e "$STATE/$id"
	[ ! -d "$CGROUP" ] || is "$(find "$CGROUP" -type d -name "*$id*")" ''
}

test_run_keep_leaves_it_stopped() {
	need root
	bundle args='/probe exit 3'
	rt run --keep -b b "$id"
	is "$status" 3
	is "$(status_of "$id")" stopped
	rt_ok delete "$id"
}

test_run_kills_what_the_program_left_behind() {
	need root
	need runtime
	bundle args='/probe daemonize 100' 'linux.namespaces.[type=pid]-' "linux.cgroupsPath=/$id"
	rt_ok run -b b "$id"
	fails test -e "$CGROUP/$id"
	is "$(status_of "$id")" gone
}

test_run_without_a_config() {
	mkdir b
	rt_fails run -b b "$id"
	is "$status" 1
	has "$err" config.json
	is "$(status_of "$id")" gone
}

test_run_set_up_failure_returns_1() {
	need root
	bundle args='nosuchprogram'
	rt_fails run -b b "$id"
	is "$status" 1
	has "$err" 'executable file not found in $PATH'
	[ "$RT_NAME" != runtime ] || is "$(wc -l <err)" 1
	is "$(status_of "$id")" gone
	fails test -e "$STATE/$id"
}

test_run_of_a_file_that_is_no_program() {
	need root
	need runtime
	bundle args='/text'
	echo hello >b/rootfs/text
	chmod 755 b/rootfs/text
	rt_fails run -b b "$id"
	is "$status" 1
	has "$err" 'exec format error'
	is "$(status_of "$id")" gone
}

test_run_of_a_used_id() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_fails run -b b "$id"
	is "$status" 1
	has "$err" 'container with given ID already exists'
	is "$(status_of "$id")" created
	rt_ok delete -f "$id"
}

test_run_default_bundle() {
	need root
	bundle args='/probe say here'
	cd b || exit 1
	rt_ok run "$id"
	is "$out" here
}

# ---- streams --------------------------------------------------------------------------------------

test_run_passes_stdin_stdout_stderr() {
	need root
	bundle args='/probe cat'
	echo 'through and through' >in
	rt_ok run -b b "$id" <in
	is "$out" 'through and through'
	bundle args='/probe say -e moan'
	rt_ok run -b b "$id"
	is "$err" moan
	is "$out" ''
}

test_run_reads_a_pipe_to_its_end() {
	need root
	bundle args='/probe cat'
	{ echo one; "$PROBE" sleep 0.3; echo two; } | "$RT" --root "$STATE" run -b b "$id" >ct.out
	is $? 0
	is "$(cat ct.out)" "one
two"
}

test_run_10_megabytes_through_pipes() {
	need root
	bundle args='/probe cat'
	head -c 10485760 /dev/urandom >big
	# shellcheck disable=SC2002 # a pipe is the point
	cat big | "$RT" --root "$STATE" run -b b "$id" 2>ct.err | cat >copy
	ok cmp big copy
	is "$(cat ct.err)" ''
}

test_run_end_of_a_reader_ends_the_writer() {
	need root
	bundle args='/probe cat' 'linux.namespaces.[type=pid]-'
	"$PROBE" deadline 20 "$RT" --root "$STATE" run -b b "$id" </dev/zero 2>/dev/null | head -c 100 | wc -c >n
	is "$(cat n)" 100
	wait_status "$id" gone
}

test_run_with_closed_streams() {
	need root
	bundle args='/probe true'
	"$RT" --root "$STATE" run -b b "$id" <&- >&- 2>&-
	is $? 0
}

test_run_has_no_terminal_and_an_own_session() {
	need root
	bundle args='/probe pid'
	rt_ok run -b b "$id"
	like "$out" '^pid=1 ppid=0 pgid=1 sid=1 '
	"$PROBE" pty "$RT" --root "$STATE" run -b b "$id2" >ct.out
	like "$(tr -d '\r' <ct.out)" '^pid=1 ppid=0 pgid=1 sid=1 '
	bundle args='/probe tty'
	"$PROBE" pty "$RT" --root "$STATE" run -b b "$id3" >ct.out
	like "$(tr -d '\r' <ct.out)" '^controlling no$'
}

# ---- signals --------------------------------------------------------------------------------------

test_run_forwards_signals() {
	need root
	bundle args='/probe trap HUP INT QUIT USR1 USR2 CONT WINCH'
	rt_bg run -b b "$id"
	ready bg.out
	winch=WINCH
	[ "$RT_NAME" = runtime ] || winch=	# only a terminal's in some
	for s in HUP INT QUIT USR1 USR2 CONT $winch; do
		kill -s $s "$bg_pid"
		wait_for grep -q "^SIG$s\$" bg.out
	done
	kill -s TERM "$bg_pid"
	rt_wait
	is "$status" 7
	is "$(grep -c SIGTERM bg.out)" 1
}

test_run_forwards_no_sigchld() {
	need root
	bundle args='/probe trap CHLD USR1'
	rt_bg run -b b "$id"
	ready bg.out
	kill -s CHLD "$bg_pid"
	kill -s USR1 "$bg_pid"
	wait_for grep -q SIGUSR1 bg.out
	lacks "$(cat bg.out)" SIGCHLD
	kill -s TERM "$bg_pid"
	rt_wait
	is "$status" 7
}

test_run_gives_the_program_clean_signals() {
	need root
	bundle args='/probe sigs'
	"$PROBE" sigdfl "$RT" --root "$STATE" run -b b "$id" >ct.out
	is $? 0
	like "$(cat ct.out)" '^blocked=0000000000000000 ignored=0000000000000000$'
}

test_run_killed_itself_leaves_a_container_that_can_be_deleted() {
	need root
	bundle args='/probe sleep'
	rt_bg run -b b "$id"
	wait_status "$id" running
	kill -9 "$bg_pid"
	wait "$bg_pid"
	"$PROBE" sleep 0.1
	rt_ok delete --force "$id"
	is "$(status_of "$id")" gone
	[ ! -d "$CGROUP" ] || is "$(find "$CGROUP" -type d -name "*$id*")" ''
}

# ---- detached -----------------------------------------------------------------------------------

test_run_detach_returns_at_once() {
	need root
	bundle args='/probe sleep'
	rt_ok run --detach -b b "$id"
	is "$out$err" ''
	is "$(status_of "$id")" running
	rt_ok delete -f "$id"
}

test_run_detach_leaves_no_runtime_behind() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	ppid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$(pid_of "$id")/status")
	unlike "$(tr '\0' ' ' <"/proc/$ppid/cmdline")" "^$RT " 'its parent is not the runtime'
	rt_ok delete -f "$id"
}

test_run_detach_keeps_the_stopped_container() {
	need root
	bundle args='/probe say gone'
	"$RT" --root "$STATE" run -d -b b "$id" >ct.out
	is $? 0
	wait_status "$id" stopped
	is "$(cat ct.out)" gone
	rt_ok delete "$id"
}

test_run_detach_failure() {
	need root
	bundle args='/nope'
	rt_fails run -d -b b --pid-file pid "$id"
	is "$status" 1
	fails test -e pid
	is "$(status_of "$id")" gone
}

test_run_detach_with_terminal_needs_a_console_socket() {
	need root
	bundle args='/probe sleep' process.terminal=true
	rt_fails run -d -b b "$id"
	is "$status" 1
	like "$err" 'cannot allocate tty if .* will detach without setting console socket'
	is "$(status_of "$id")" gone
}

test_run_in_foreground_refuses_a_console_socket() {
	need root
	bundle args='/probe sleep' process.terminal=true
	rt_fails run -b b --console-socket "$PWD/sock" "$id"
	is "$status" 1
	like "$err" 'cannot use console socket if .* will not detach or allocate tty'
	is "$(status_of "$id")" gone
}

# ---- pid file -------------------------------------------------------------------------------------

test_run_pid_file() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d --pid-file pid -b b "$id"
	is "$(cat pid)" "$(pid_of "$id")"
	is "$(wc -l <pid)" 0 'no newline'
	rt_ok delete -f "$id"
}

test_run_pid_file_in_foreground() {
	need root
	bundle args='/probe trap'
	rt_bg run --pid-file pid -b b "$id"
	ready bg.out
	is "$(cat pid)" "$(pid_of "$id")"
	rt_ok kill "$id"
	rt_wait
	is "$status" 7
}

# A reader that sees the pid file sees the whole pid.
test_run_pid_file_is_atomic() {
	need root
	bundle args='/probe sleep'
	echo 1234567890 >pid
	ln pid old
	rt_ok run -d --pid-file pid -b b "$id"
	is "$(cat old)" 1234567890 'replaced, not overwritten'
	is "$(cat pid)" "$(pid_of "$id")"
	is "$(find . -maxdepth 1 -name '.*pid*')" '' 'no temporary file'
	rt_ok delete -f "$id"
}

# ---- descriptors ------------------------------------------------------------------------------------

test_run_leaks_no_descriptor() {
	need root
	bundle args='/probe fds'
	echo x >f
	"$RT" --root "$STATE" run -b b "$id" >ct.out 3<f 5<f 9<f
	is $? 0
	is "$(sed 's/ .*//' ct.out)" "0
1
2"
}

test_run_with_many_open_descriptors_leaks_none() {
	need root
	bundle args='/probe fds'
	echo x >f
	"$TEST_SH" -c 'exec 3<f 4<f 6<f 7<f 8<f; exec "$@"' x "$RT" --root "$STATE" run -b b "$id" >ct.out
	is "$(wc -l <ct.out)" 3
}

# Who opened it may have lowered the limit since, and config.json may lower it again.
test_run_leaks_no_descriptor_above_the_limit() {
	need root
	bundle args='/probe fds' 'process.rlimits=[{"type":"RLIMIT_NOFILE","soft":64,"hard":64}]' \
		"hooks.createRuntime=[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"$PROBE fds >$PWD/fds\"]}]"
	echo x >f
	"$PROBE" fdat 300 f "$TEST_SH" -c 'ulimit -n 128; exec "$@"' x "$RT" --root "$STATE" run -b b "$id" >ct.out 2>ct.err
	is $? 0 "$(cat ct.err)"
	is "$(sed 's/ .*//' ct.out)" "0
1
2" 'container'
	is "$(sed 's/ .*//' fds)" "0
1
2" 'hook'
}

test_run_preserve_fds() {
	need root
	bundle args='/probe fds'
	echo x >f3
	echo x >f4
	echo x >f5
	"$RT" --root "$STATE" run --preserve-fds 2 -b b "$id" >ct.out 3<f3 4<f4 5<f5
	is $? 0
	like "$(cat ct.out)" '^3 .*/f3$'
	like "$(cat ct.out)" '^4 .*/f4$'
	is "$(wc -l <ct.out)" 5 'not the third'
}

test_run_preserved_fd_keeps_its_offset() {
	need root
	bundle args='/probe cat /proc/self/fd/3' 'linux.namespaces.[type=pid]-'
	echo content >f
	"$RT" --root "$STATE" run --preserve-fds 1 -b b "$id" >ct.out 3<f
	is $? 0
	is "$(cat ct.out)" content
}

test_run_preserve_fds_that_are_not_open() {
	need root
	bundle args='/probe fds'
	"$RT" --root "$STATE" run --preserve-fds 9 -b b "$id" >out 2>err 3<b/config.json 9<&-
	is $? 1
	isnt "$(cat err)" ''
	is "$(status_of "$id")" gone
}

# as_listen_pid RT...: with LISTEN_PID as the service manager sets it
as_listen_pid() { "$TEST_SH" -c 'LISTEN_PID=$$ exec "$@"' x "$@"; }

test_run_passes_listen_fds() {
	need root
	bundle args='/probe listen-fds'
	echo x >f3
	echo x >f4
	LISTEN_FDS=1 as_listen_pid "$RT" --root "$STATE" run -b b "$id" >ct.out 3<f3 4<f4
	is $? 0
	like "$(head -n 1 ct.out)" '^LISTEN_FDS=1 LISTEN_PID=1 '
	like "$(cat ct.out)" '^3 .*/f3$'
	unlike "$(cat ct.out)" '/f4$'
}

test_run_listen_fds_come_before_preserved_ones() {
	need root
	bundle args='/probe listen-fds'
	echo x >f3
	echo x >f4
	echo x >f5
	LISTEN_FDS=1 as_listen_pid "$RT" --root "$STATE" run --preserve-fds 1 -b b "$id" >ct.out 3<f3 4<f4 5<f5
	is $? 0
	like "$(head -n 1 ct.out)" '^LISTEN_FDS=1 LISTEN_PID=1 '
	like "$(cat ct.out)" '^4 .*/f4$'
	unlike "$(cat ct.out)" '/f5$'
}

test_run_without_listen_fds_sets_nothing() {
	need root
	bundle args='/probe listen-fds'
	rt_ok run -b b "$id"
	like "$out" '^LISTEN_FDS=- LISTEN_PID=- '
}

# ---- the environment and the rest --------------------------------------------------------------------

test_run_environment_is_that_of_the_config() {
	need root
	bundle args='/probe env' 'process.env=["PATH=/bin","A=1","B=x=y","EMPTY=","HOME=/h"]'
	SECRET=leak rt_ok run -b b "$id"
	is "$(sort out)" "A=1
B=x=y
EMPTY=
HOME=/h
PATH=/bin"
}

test_run_environment_has_the_home_of_the_user() {
	need root
	bundle args='/probe env HOME' 'process.env=["PATH=/bin"]'
	rt_ok run -b b "$id"
	is "$out" /root
	edit b/config.json process.user.uid=1000
	rt_ok run -b b "$id2"
	is "$out" /home
	edit b/config.json process.user.uid=4321
	rt_ok run -b b "$id3"
	is "$out" / 'of an unknown user'
}

test_run_environment_last_value_counts() {
	need root
	bundle args='/probe env' 'process.env=["PATH=/bin","A=1","A=2","HOME=/h"]'
	rt_ok run -b b "$id"
	like "$out" '^A=2$'
	is "$(grep -c '^A=' out)" 1
}

test_run_arguments_arrive_unchanged() {
	need root
	bundle 'process.args=["/probe","args","a b","","*","$x","ä","-x","--","a\nb"]'
	rt_ok run -b b "$id"
	is "$out" '[a b]
[]
[*]
[$x]
[ä]
[-x]
[--]
[a
b]'
}

test_run_no_pivot() {
	need root
	bundle args='/probe ls /'
	rt_ok run --no-pivot -b b "$id"
	is "$out" "$(ls b/rootfs)"
}

test_run_no_subreaper_is_accepted() {
	need root
	bundle args='/probe true'
	rt_ok run --no-subreaper -b b "$id"
	rt_ok run -no-subreaper -b b "$id2"
}

# Orphans of the container must not become the caller's: the foreground process takes them in.
test_run_reaps_orphans_of_the_container() {
	need root
	need runtime
	bundle args='/probe daemonize 0' 'linux.namespaces.[type=pid]-'
	rt_ok run -b b "$id"
	is "$status" 0
	is "$(status_of "$id")" gone
}

test_run_many_in_a_row() {
	need root
	bundle args='/probe true'
	for i in 1 2 3 4 5 6 7 8 9 10; do
		rt run -b b "$id"
		is "$status" 0 "run $i of the same id"
	done
}

test_run_many_at_once() {
	need root
	bundle args='/probe say hello'
	pids=
	for i in 1 2 3 4 5 6 7 8; do
		new_id
		"$RT" --root "$STATE" run -b b "$new_id" >"ct.$i" 2>&1 &
		pids="$pids $!"
	done
	for p in $pids; do wait "$p"; is $? 0; done
	is "$(cat ct.* | sort -u)" hello
	is "$(ls "$STATE")" ''
}

test_run_status_when_the_caller_ignores_sigchld() {
	need root
	bundle args='/probe exit 7'
	trap '' CHLD
	rt run -b b "$id"
	is "$status" 7
}
run_tests
