#!/bin/sh
# tty.t - terminals: handed to a console socket, or relayed in the foreground.
. "${0%/*}/lib.sh"

# console [RECVFD-OPTION...]: waits at $PWD/sock for a terminal; what it shows goes to con.out, and
# what came with it to recv.out
console() {
	rm -f sock
	"$PROBE" recvfd -t 20 -o con.out "$@" sock >recv.out 2>&1 &
	con_pid=$!
	wait_for test -S sock
}

# con_has ERE: the terminal shows it
con_has() {
	shows() { tr -d '\r' <con.out 2>/dev/null | grep -Eq -e "$1"; }
	wait_for shows "$1"
}

# on_pty ARGS: the runtime in the foreground on a terminal of its own; sets $status, $out
on_pty() {
	"$PROBE" pty -t 20 "$@" >out 2>err
	status=$?
	out=$(tr -d '\r' <out)
}

up() {
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
}
down() { rt_ok delete -f "$id"; }

# ---- the console socket ---------------------------------------------------------------------------

test_tty_create_sends_the_terminal_to_the_console_socket() {
	need root
	bundle args='/probe tty' process.terminal=true
	console
	rt_ok create -b b --console-socket "$PWD/sock" "$id"
	is "$out$err" ''
	rt_ok start "$id"
	wait "$con_pid"
	is $? 0
	like "$(cat recv.out)" '^tty: yes$'
	like "$(cat recv.out)" '^data: .' 'with a name as data'
	like "$(cat recv.out)" '^fd: /.*ptmx$'
	o=$(tr -d '\r' <con.out)
	for n in 0 1 2; do like "$o" "^$n tty /dev/(console|pts/0)\$"; done
	like "$o" '^controlling yes$'
	like "$o" '^foreground yes$'
	wait_status "$id" stopped
	down
}

test_tty_run_detached_sends_it_too() {
	need root
	bundle args='/probe say hello' process.terminal=true
	console
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	con_has '^hello$'
	wait "$con_pid"
	wait_status "$id" stopped
	down
}

test_tty_socket_path_may_be_relative() {
	need root
	need runtime
	bundle args='/probe say hello' process.terminal=true
	console
	rt_ok run -d -b b --console-socket sock "$id"
	con_has '^hello$'
	wait "$con_pid"
	down
}

test_tty_socket_path_may_be_long() {
	need root
	need runtime
	bundle args='/probe say hello' process.terminal=true
	deep=$PWD/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
	mkdir -p "$deep"
	cd "$deep" || exit 1
	"$PROBE" recvfd -t 20 -o con.out sock >recv.out &
	con_pid=$!
	wait_for test -S sock
	cd "$TESTDIR" || exit 1
	rt_ok run -d -b b --console-socket "$deep/sock" "$id"
	wait "$con_pid"
	like "$(tr -d '\r' <"$deep/con.out")" '^hello$'
	down
}

test_tty_input_arrives() {
	need root
	bundle args='/probe cat' process.terminal=true
	console -i "$(printf 'typed line\n\004')"
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	con_has '^typed line$'
	wait "$con_pid"
	is "$(tr -d '\r\004' <con.out | grep -c 'typed line')" 2 'the echo and the answer'
	wait_status "$id" stopped
	down
}

test_tty_resize_by_the_holder_of_the_master() {
	need root
	bundle args='/probe trap WINCH' process.terminal=true
	console -r 11x22
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	con_has '^ready$'
	is "$(in_ct "$id" /probe pid | grep -c pid=)" 1
	down
	wait "$con_pid"
	bundle args='/probe winsize' process.terminal=true
	console -r 11x22
	rt_ok create -b b --console-socket "$PWD/sock" "$id2"
	wait_for grep -q 'tty: yes' recv.out
	"$PROBE" sleep 0.1
	rt_ok start "$id2"
	con_has '^11x22$'
	wait "$con_pid"
	rt_ok delete -f "$id2"
}

test_tty_console_size_of_the_config() {
	need root
	bundle args='/probe winsize' process.terminal=true 'process.consoleSize={"height":33,"width":44}'
	console
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	con_has '^33x44$'
	wait "$con_pid"
	down
}

test_tty_dev_console_is_the_terminal() {
	need root
	bundle args='/probe stat /dev/console' process.terminal=true
	console
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	con_has '^char 0[0-9]+ 0 [0-9]+ 136:0$'
	wait "$con_pid"
	down
}

test_tty_belongs_to_the_user_of_the_process() {
	need root
	bundle args='/probe stat /dev/pts/0' process.terminal=true process.user='{"uid":1000,"gid":1000}'
	console
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	con_has '^char 0620 1000 5 136:0$'
	wait "$con_pid"
	down
}

test_tty_is_of_the_devpts_of_the_container() {
	need root
	bundle args='/probe ls /dev/pts' process.terminal=true
	console
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	con_has '^ptmx$'
	con_has '^0$'
	wait "$con_pid"
	down
}

test_tty_hangup_when_the_master_is_closed() {
	need root
	bundle args='/probe sleep' process.terminal=true 'linux.namespaces.[type=pid]-'
	console
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	is "$(status_of "$id")" running
	kill "$con_pid"
	wait "$con_pid"
	wait_status "$id" stopped
	down
}

test_tty_of_a_container_with_user_namespace() {
	need root
	need userns
	bundle args='/probe tty' process.terminal=true root.readonly=false \
		'linux.namespaces+={"type":"user"}' \
		'linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' \
		'linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
	console
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	con_has '^controlling yes$'
	wait "$con_pid"
	down
}

# ---- errors -----------------------------------------------------------------------------------------

test_tty_create_without_console_socket() {
	need root
	bundle args='/probe sleep' process.terminal=true
	rt_fails create -b b "$id"
	is "$status" 1
	like "$err" 'cannot allocate tty if .* will detach without setting console socket'
	is "$(status_of "$id")" gone
}

test_tty_console_socket_without_terminal() {
	need root
	bundle args='/probe sleep'
	for c in create 'run -d' run; do
		# shellcheck disable=SC2086 # words on purpose
		rt_fails $c -b b --console-socket "$PWD/sock" "$id"
		is "$status" 1
		like "$err" 'cannot use console socket if .* will not detach or allocate tty'
		is "$(status_of "$id")" gone
	done
}

test_tty_console_socket_missing() {
	need root
	bundle args='/probe sleep' process.terminal=true
	rt_fails create -b b --console-socket "$PWD/nowhere" "$id"
	is "$status" 1
	has "$err" 'no such file or directory'
	is "$(status_of "$id")" gone
	fails test -e "$STATE/$id"
}

test_tty_console_socket_without_a_listener() {
	need root
	bundle args='/probe sleep' process.terminal=true
	console -t 0
	wait "$con_pid"
	rt_fails create -b b --console-socket "$PWD/sock" "$id"
	is "$status" 1
	has "$err" 'connection refused'
	is "$(status_of "$id")" gone
}

test_tty_console_socket_is_a_file() {
	need root
	bundle args='/probe sleep' process.terminal=true
	echo x >sock
	rt_fails create -b b --console-socket "$PWD/sock" "$id"
	is "$status" 1
	is "$(cat sock)" x
	is "$(status_of "$id")" gone
}

test_tty_without_devpts() {
	need root
	need runtime
	bundle args='/probe sleep' process.terminal=true 'mounts.[destination=/dev/pts]-'
	console
	rt_fails create -b b --console-socket "$PWD/sock" "$id"
	is "$status" 1
	has "$err" /dev/pts
	is "$(status_of "$id")" gone
	kill "$con_pid"
	wait "$con_pid"
}

# ---- the pidfd socket ----------------------------------------------------------------------------------

test_tty_pidfd_socket() {
	need root
	need runtime
	bundle args='/probe sleep'
	"$PROBE" recvfd -t 10 sock >recv.out 2>&1 &
	con_pid=$!
	wait_for test -S sock
	rt_ok create -b b --pidfd-socket "$PWD/sock" "$id"
	wait "$con_pid"
	is $? 0
	like "$(cat recv.out)" '^fd: .*pidfd'
	like "$(cat recv.out)" "^pid: $(pid_of "$id")\$"
	down
}

test_tty_pidfd_socket_of_exec() {
	need root
	need runtime
	up
	"$PROBE" recvfd -t 10 sock >recv.out 2>&1 &
	con_pid=$!
	wait_for test -S sock
	rt_ok exec -d --pid-file pid --pidfd-socket "$PWD/sock" "$id" /probe sleep
	wait "$con_pid"
	like "$(cat recv.out)" "^pid: $(cat pid)\$"
	down
}

test_tty_pidfd_socket_missing() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_fails create -b b --pidfd-socket "$PWD/nowhere" "$id"
	is "$status" 1
	has "$err" 'no such file or directory'
	is "$(status_of "$id")" gone
}

# ---- in the foreground --------------------------------------------------------------------------------

test_tty_run_in_foreground_has_a_terminal_of_its_own() {
	need root
	bundle args='/probe tty' process.terminal=true
	on_pty "$RT" --root "$STATE" run -b b "$id"
	is "$status" 0
	for n in 0 1 2; do like "$out" "^$n tty /dev/(console|pts/0)\$"; done
	like "$out" '^controlling yes$'
	is "$(status_of "$id")" gone
}

test_tty_run_in_foreground_returns_the_status() {
	need root
	bundle args='/probe exit 42' process.terminal=true
	on_pty "$RT" --root "$STATE" run -b b "$id"
	is "$status" 42
	bundle args='/probe signal-self TERM' process.terminal=true 'linux.namespaces.[type=pid]-'
	on_pty "$RT" --root "$STATE" run -b b "$id"
	is "$status" 143
}

test_tty_size_is_that_of_the_terminal_outside() {
	need root
	need runtime	# with others the program may be faster than the size
	bundle args='/probe winsize' process.terminal=true
	"$PROBE" pty -r 31x77 "$RT" --root "$STATE" run -b b "$id" >out
	like "$(tr -d '\r' <out)" '^31x77$'
}

test_tty_resize_is_passed_on() {
	need root
	need runtime
	bundle args='/probe winsize wait' process.terminal=true
	"$PROBE" pty -r 31x77 -w 32x78 -t 20 "$RT" --root "$STATE" run -b b "$id" >out
	is $? 0
	is "$(tr -d '\r' <out)" '31x77
32x78'
}

# typing TEXT SHOWN: TEXT is typed at a container in the foreground when it is ready; when SHOWN came
# out it is ended
typing() {
	bundle args='/probe trap INT' process.terminal=true
	"$PROBE" pty -w 24x80 -t 30 -i "$1" "$RT" --root "$STATE" run -b b "$id" >pty.out &
	wait_for -t 30 grep -q "$2" pty.out
	rt_ok kill "$id" TERM
	wait $!
	is $? 7
	out=$(tr -d '\r' <pty.out)
}

# Without raw mode outside the line would be echoed by both terminals.
test_tty_outside_is_raw_meanwhile() {
	need root
	typing typed typed
	is "$(printf '%s\n' "$out" | grep -c typed)" 1 'one echo'
}

test_tty_interrupt_character_goes_to_the_container() {
	need root
	typing "$(printf '\003')" SIGINT
	like "$out" '^(\^C)?SIGINT$'
}

test_tty_outside_is_restored() {
	need root
	need tool stty
	bundle args='/probe exit 5' process.terminal=true
	cat >script <<-'END'
	stty -g >before
	"$@"
	echo $? >rc
	stty -g >after
	END
	on_pty "$TEST_SH" script "$RT" --root "$STATE" run -b b "$id"
	is "$(cat rc)" 5
	is "$(cat after)" "$(cat before)"
	bundle args='/nope' process.terminal=true
	on_pty "$TEST_SH" script "$RT" --root "$STATE" run -b b "$id"
	is "$(cat rc)" 1
	is "$(cat after)" "$(cat before)" 'after a failure, too'
}

test_tty_outside_is_restored_after_a_kill() {
	need root
	need tool stty
	bundle args='/probe sleep' process.terminal=true
	cat >script <<-'END'
	stty -g >before
	"$@"
	echo $? >rc
	stty -g >after
	END
	"$PROBE" pty -t 20 "$TEST_SH" script "$RT" --root "$STATE" run -b b "$id" >out &
	wait_status "$id" running
	"$PROBE" sleep 0.2
	rt_ok kill "$id" KILL
	wait $!
	is "$(cat rc)" 137
	is "$(cat after)" "$(cat before)"
}

# exec -t: at its end, after a failure, when the container is killed, when it is told to end itself
test_tty_outside_is_restored_after_exec() {
	need root
	need tool stty
	up
	cat >script <<-'END'
	stty -g >before
	"$@"
	echo $? >rc
	stty -g >after
	END
	for p in '5 /probe exit 5' '255 /nope'; do
		on_pty "$TEST_SH" script "$RT" --root "$STATE" exec -t "$id" ${p#* }
		is "$(cat rc)" "${p%% *}"
		is "$(cat after)" "$(cat before)" "exec ${p#* }"
	done
	for s in TERM HUP; do
		"$PROBE" pty -t 20 "$TEST_SH" script "$RT" --root "$STATE" exec -t --pid-file "$PWD/p.$s" "$id" /probe sleep >out &
		wait_for test -s "p.$s"
		"$PROBE" sleep 0.2
		kill -$s "$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$(cat "p.$s")/status")"
		wait $!
		is "$(cat after)" "$(cat before)" "SIG$s to the runtime"
	done
	"$PROBE" pty -t 20 "$TEST_SH" script "$RT" --root "$STATE" exec -t --pid-file "$PWD/p" "$id" /probe sleep >out &
	wait_for test -s p
	"$PROBE" sleep 0.2
	rt_ok delete -f "$id"
	wait $!
	is "$(cat rc)" 137
	is "$(cat after)" "$(cat before)" 'the container is deleted'
}

test_tty_output_is_complete() {
	need root
	bundle args='/probe cat /big' process.terminal=true
	n=0
	while [ $n -lt 2000 ]; do echo "line $n of the text that has to come through"; n=$((n + 1)); done >b/rootfs/big
	on_pty "$RT" --root "$STATE" run -b b "$id"
	is "$status" 0
	tr -d '\r' <out >got
	ok cmp got b/rootfs/big
}

test_tty_output_is_complete_with_a_slow_reader() {
	need root
	need runtime
	bundle args='/probe cat /big' process.terminal=true
	n=0
	while [ $n -lt 2000 ]; do echo "line $n of the text that has to come through"; n=$((n + 1)); done >b/rootfs/big
	{ "$RT" --root "$STATE" run -b b "$id" 2>err; echo $? >rc; } | { "$PROBE" sleep 0.5; tr -d '\r' >got; }
	is "$(cat rc)" 0 "$(cat err)"
	ok cmp got b/rootfs/big
}

# ten_mb FILE: 10 MB in lines
ten_mb() { yes 'a line of the text that has to come through, and of a length that divides no buffer' | head -c 10485760 >"$1"; }

test_tty_ten_megabytes_through_the_terminal() {
	need root
	bundle args='/probe cat /big' process.terminal=true
	ten_mb b/rootfs/big
	on_pty "$RT" --root "$STATE" run -b b "$id"
	is "$status" 0
	is "$(tr -d '\r' <out | cksum)" "$(cksum <b/rootfs/big)"
	up
	on_pty "$RT" --root "$STATE" exec -t "$id" /probe cat /big
	is "$status" 0
	is "$(tr -d '\r' <out | cksum)" "$(cksum <b/rootfs/big)" 'exec'
	down
}

test_ten_megabytes_through_pipes() {
	need root
	ten_mb big
	bundle args='/probe cat'
	"$RT" --root "$STATE" run -b b "$id" <big 2>err | cksum >sum
	is "$(cat sum)" "$(cksum <big)" 'run'
	is "$(cat err)" ''
	up
	"$RT" --root "$STATE" exec "$id" /probe cat <big 2>err | cksum >sum
	is "$(cat sum)" "$(cksum <big)" 'exec'
	is "$(cat err)" ''
	down
}

# The reader of the output is not there yet: a signal arrives all the same, and nothing is lost.
test_tty_signals_are_passed_on_while_nobody_reads() {
	need root
	need runtime
	bundle args='/probe cat /big' process.terminal=true 'linux.namespaces.[type=pid]-'
	ten_mb b/rootfs/big
	mkfifo pipe
	exec 8<>pipe
	"$PROBE" sigdfl "$RT" --root "$STATE" run -b b "$id" >pipe 2>err </dev/null 8>&- &
	wait_status "$id" running
	"$PROBE" sleep 2                # the pipe is full by now
	kill -TERM $!
	wait_status "$id" stopped
	exec 7<pipe 8>&-                # at no moment without a reader or a writer
	cat <&7 >got
	exec 7<&-
	wait_status "$id" gone
	is "$(tr -d '\r' <got | cmp - b/rootfs/big 2>&1 | grep -c differ)" 0 'what came is what was sent'
	ok test "$(wc -c <got)" -gt 32768
}

# The input ends before the program does: the output goes on.
test_tty_input_that_ends() {
	need root
	need runtime
	bundle args='/probe trap INT' process.terminal=true
	: >out
	{ wait_for grep -q ready out; printf '\003'; } | "$RT" --root "$STATE" run -b b "$id" >out 2>err &
	wait_for grep -q SIGINT out
	rt_ok kill "$id" TERM
	wait $!
	is $? 7
	is "$(cat err)" ''
}

# Nobody's terminal: the program has one all the same.
test_tty_without_any_terminal_outside() {
	need root
	need runtime
	bundle args='/probe tty' process.terminal=true
	rt_ok run -b b "$id"
	like "$(tr -d '\r' <out)" '^controlling yes$'
	is "$err" ''
}

test_tty_console_size_counts_without_a_terminal_outside() {
	need root
	need runtime
	bundle args='/probe winsize' process.terminal=true 'process.consoleSize={"height":12,"width":34}'
	rt_ok run -b b "$id"
	is "$(tr -d '\r' <out)" 12x34
}

test_tty_output_to_a_pipe() {
	need root
	need runtime
	bundle args='/probe say hello' process.terminal=true
	on_pty "$TEST_SH" -c '"$@" | cat >piped' x "$RT" --root "$STATE" run -b b "$id"
	is "$(tr -d '\r' <piped)" hello
}

# ---- exec -t -----------------------------------------------------------------------------------------------

test_tty_exec_in_foreground() {
	need root
	up
	on_pty "$RT" --root "$STATE" exec -t "$id" /probe tty
	is "$status" 0
	for n in 0 1 2; do like "$out" "^$n tty /dev/pts/0\$"; done
	like "$out" '^controlling yes$'
	like "$out" '^foreground yes$'
	down
}

test_tty_exec_returns_the_status() {
	need root
	up
	on_pty "$RT" --root "$STATE" exec --tty "$id" /probe exit 9
	is "$status" 9
	on_pty "$RT" --root "$STATE" exec --tty "$id" /nope
	is "$status" 255
	like "$out" 'no such file or directory'
	down
}

test_tty_exec_output_is_complete() {
	need root
	up
	n=0
	while [ $n -lt 2000 ]; do echo "line $n of the text that has to come through"; n=$((n + 1)); done >b/rootfs/big
	on_pty "$RT" --root "$STATE" exec -t "$id" /probe cat /big
	tr -d '\r' <out >got
	ok cmp got b/rootfs/big
	down
}

test_tty_exec_size_and_resize() {
	need root
	need runtime
	up
	"$PROBE" pty -r 31x77 -w 32x78 -t 20 "$RT" --root "$STATE" exec -t "$id" /probe winsize wait >out
	is "$(tr -d '\r' <out)" '31x77
32x78'
	down
}

test_tty_exec_detached_sends_it_to_the_console_socket() {
	need root
	up
	console
	rt_ok exec -d -t --console-socket "$PWD/sock" "$id" /probe tty
	con_has '^controlling yes$'
	wait "$con_pid"
	like "$(cat recv.out)" '^tty: yes$'
	down
}

test_tty_exec_process_with_terminal() {
	need root
	up
	echo '{"terminal":true,"consoleSize":{"height":12,"width":34},"cwd":"/","args":["/probe","winsize"],"env":["PATH=/bin"],"user":{"uid":0,"gid":0}}' >p.json
	console
	rt_ok exec -d --process p.json --console-socket "$PWD/sock" "$id"
	con_has '^12x34$'
	wait "$con_pid"
	down
}

test_tty_exec_detached_without_console_socket() {
	need root
	up
	rt exec -d -t "$id" true
	is "$status" 255
	like "$err" 'cannot allocate tty if .* will detach without setting console socket'
	down
}

test_tty_exec_console_socket_without_tty() {
	need root
	up
	rt exec -d --console-socket "$PWD/sock" "$id" true
	is "$status" 255
	like "$err" 'cannot use console socket if .* will not detach or allocate tty'
	down
}

test_tty_exec_in_a_container_that_has_one() {
	need root
	bundle args='/probe sleep' process.terminal=true
	console
	rt_ok run -d -b b --console-socket "$PWD/sock" "$id"
	wait_for grep -q 'tty: yes' recv.out
	on_pty "$RT" --root "$STATE" exec -t "$id" /probe tty
	like "$out" '^0 tty /dev/pts/1$'
	down
	wait "$con_pid"
}

# ---- no access to the terminal outside ------------------------------------------------------------------------

test_tty_a_container_without_terminal_cannot_type_into_the_callers() {
	need root
	bundle args='/probe tiocsti'
	on_pty "$RT" --root "$STATE" run -b b "$id"
	is "$status" 1
	like "$out" '^ERRNO (EPERM|EIO|EACCES|ENOTTY) '
}

run_tests
