#!/bin/sh
# create.t - "create" makes everything but the program's first instruction; when it fails, nothing stays.
. "${0%/*}/lib.sh"

says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }

# nothing_left: a failed create left no state and no cgroup
nothing_left() {
	is "$(status_of "$id")" gone 'no container'
	fails test -e "$STATE/$id"
	[ ! -d "$CGROUP" ] || is "$(find "$CGROUP" -type d -name "*$id*")" '' 'no cgroup'
}

# refused EDIT...: create of a bundle with the edits fails with 1, one line, and leaves nothing
refused() {
	bundle args='/probe sleep' "$@"
	rt_fails create -b b "$id"
	is "$status" 1
	[ "$RT_NAME" != runtime ] || is "$(wc -l <err)" 1 'one line'
	[ "$RT_NAME" = runtime ] || err=$(sed 's/\\"/"/g' err)	# a log line quotes
	nothing_left
}

test_create_leaves_a_created_container() {
	need root
	bundle args='/probe write /tmp/ran yes' root.readonly=false
	rt_ok create -b b "$id"
	is "$out$err" '' 'silent'
	is "$(status_of "$id")" created
	ok kill -0 "$(pid_of "$id")"
	"$PROBE" sleep 0.2
	fails test -e b/rootfs/tmp/ran
	rt_ok delete -f "$id"
}

test_create_bundle_default_is_the_current_directory() {
	need root
	bundle args='/probe sleep'
	(cd b && "$RT" --root "$STATE" create "$id" >../out 2>../err)
	is $? 0
	is "$(status_of "$id")" created
	rt_ok delete -f "$id"
}

test_create_init_waits_in_the_new_namespaces() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	for t in mnt pid net ipc uts cgroup; do
		isnt "$("$PROBE" ns $t "$pid")" "$("$PROBE" ns $t)" "$t"
	done
	is "$("$PROBE" ns user "$pid")" "$("$PROBE" ns user)" user
	rt_ok delete -f "$id"
}

test_create_without_bundle_directory() {
	rt_fails create -b nowhere "$id"
	is "$status" 1
	has "$err" 'no such file or directory'
	nothing_left
}

test_create_without_config() {
	mkdir b
	rt_fails create -b b "$id"
	is "$status" 1
	has "$err" 'config.json'
	[ "$RT_NAME" != runtime ] || has "$err" 'JSON specification file config.json not found'
	nothing_left
}

test_create_with_broken_json() {
	mkdir b
	printf '{\n  "ociVersion": "1.0.2",\n  "root" {}\n}\n' >b/config.json
	rt_fails create -b b "$id"
	is "$status" 1
	[ "$RT_NAME" != runtime ] || like "$err" '^[^ ]+: config\.json: line 3, column [0-9]+: '
	nothing_left
}

test_create_with_a_directory_as_config() {
	mkdir -p b/config.json
	rt_fails create -b b "$id"
	is "$status" 1
	nothing_left
}

test_create_without_rootfs() {
	need root
	refused root.path=nowhere
	has "$err" 'no such file or directory'
	has "$err" nowhere
}

test_create_with_a_file_as_rootfs() {
	need root
	echo x >f
	refused "root.path=$PWD/f"
	has "$err" 'not a directory'
}

test_create_with_an_absolute_rootfs() {
	need root
	bundle args='/probe sleep' "root.path=$PWD/b/rootfs"
	rt_ok create -b b "$id"
	rt_ok delete -f "$id"
}

test_create_with_a_relative_rootfs_outside_of_the_bundle() {
	need root
	bundle
	bundle -d c args='/probe sleep' root.path=../b/rootfs
	rt_ok create -b c "$id"
	rt_ok delete -f "$id"
}

test_create_of_a_used_id() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_fails create -b b "$id"
	is "$status" 1
	has "$err" 'container with given ID already exists'
	says "$id: container with given ID already exists"
	is "$(pid_of "$id") $(status_of "$id")" "$pid created" 'the first one did not suffer'
	rt_ok start "$id"
	rt_fails create -b b "$id"
	is "$status" 1
	is "$(status_of "$id")" running
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	rt_fails create -b b "$id"
	is "$status" 1
	is "$(status_of "$id")" stopped 'of a stopped one, too'
	rt_ok delete "$id"
	rt_ok create -b b "$id"
	rt_ok delete -f "$id"
}

test_create_of_one_id_at_once() {
	need root
	bundle args='/probe sleep'
	pids=
	for i in 1 2 3 4; do
		"$PROBE" deadline 30 "$RT" --root "$STATE" create -b b "$id" >/dev/null 2>"err.$i" &
		pids="$pids $!"
	done
	won=0
	for p in $pids; do wait "$p" && won=$((won + 1)); done
	is "$won" 1 'one of four wins'
	is "$(cat err.* | grep -c 'already exists')" 3
	is "$(status_of "$id")" created
	rt_ok delete -f "$id"
}

test_create_refuses_bad_ids() {
	need root
	bundle args='/probe sleep'
	comma='a,b'
	[ "$RT_NAME" = runtime ] || comma='a~b'
	for i in .. . '' ../x a/b /abs 'a b' 'a:b' 'a@b' 'a
b' 'ä' '*' '$x' 'a;b' 'a\b' 'a%b' "$comma"; do
		rt create -b b -- "$i"
		is "$status" 1 "id '$i'"
		isnt "$err" ''
	done
	rt create -b b ../x
	[ "$RT_NAME" != runtime ] || says 'invalid container ID format: "../x"'
	is "$(ls "$STATE" 2>/dev/null)" '' 'nothing was made'
}

test_create_accepts_every_letter_of_an_id() {
	need root
	for i in "$id-A" "$id.x" "$id+x" "$id"_x "0$id"; do
		bundle args='/probe sleep' "linux.cgroupsPath=/$id"
		rt_ok create -b b "$i"
		is "$(status_of "$i")" created
		rt_ok delete -f "$i"
	done
}

test_create_refuses_an_id_that_is_too_long() {
	need root
	bundle args='/probe sleep'
	rt create -b b "$(printf '%01030d' 0)"
	is "$status" 1
	isnt "$err" ''
	is "$(ls "$STATE" 2>/dev/null)" ''
}

test_create_where_the_current_directory_is_gone() {
	need root
	bundle args='/probe sleep'
	mkdir d
	cd d || exit 1
	rmdir ../d
	"$RT" --root "$STATE" create -b "$TESTDIR/b" "$id" >"$TESTDIR/out" 2>"$TESTDIR/err"
	is $? 0 "$(cat "$TESTDIR/err")"
	cd "$TESTDIR" || exit 1
	is "$(status_of "$id")" created
	rt_ok delete -f "$id"
}

# ---- pid file -----------------------------------------------------------------------------------

test_create_pid_file() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b --pid-file pid "$id"
	is "$(cat pid)" "$(pid_of "$id")"
	is "$(wc -l <pid)" 0 'no newline'
	is "$(wc -c <pid)" "$(printf %s "$(pid_of "$id")" | wc -c)" 'the digits alone'
	rt_ok delete -f "$id"
}

test_create_pid_file_is_renamed_into_place() {
	need root
	bundle args='/probe sleep'
	mkdir d
	echo precious >victim
	ln -s ../victim d/pid
	rt_ok create -b b --pid-file d/pid "$id"
	is "$(cat victim)" precious 'a link is not followed'
	fails test -L d/pid
	is "$(cat d/pid)" "$(pid_of "$id")"
	is "$(ls -A d)" pid 'no temporary file stays'
	rt_ok delete -f "$id"
}

test_create_pid_file_in_a_missing_directory() {
	need root
	bundle args='/probe sleep'
	rt_fails create -b b --pid-file nowhere/pid "$id"
	is "$status" 1
	has "$err" 'no such file or directory'
	nothing_left
}

test_create_that_fails_writes_no_pid_file() {
	need root
	bundle args='/no/such/program'
	rt create -b b --pid-file pid "$id"
	is "$status" 1
	fails test -e pid
	is "$(find . -maxdepth 1 -name '.*pid*')" ''
	nothing_left
}

# ---- what cannot be executed ---------------------------------------------------------------------

test_create_program_not_in_path() {
	need root
	refused args='nosuchprogram'
	has "$err" 'exec: "nosuchprogram": executable file not found in $PATH'
}

test_create_program_missing() {
	need root
	refused args='/nope'
	has "$err" 'exec: "/nope": stat /nope: no such file or directory'
}

test_create_program_without_permission() {
	need root
	refused args='/etc/passwd'
	has "$err" 'exec: "/etc/passwd": permission denied'
}

test_create_program_is_a_directory() {
	need root
	refused args='/etc'
	[ "$RT_NAME" != runtime ] || has "$err" 'exec: "/etc": is a directory'
	like "$err" 'exec: "/etc": (is a directory|permission denied)'
}

test_create_program_below_a_file() {
	need root
	refused args='/etc/passwd/x'
	has "$err" 'not a directory'
}

test_create_program_is_looked_up_in_the_path_of_the_config() {
	need root
	mkdir -p p
	bundle args='prog' 'process.env=["PATH=/nothing:/opt"]'
	mkdir b/rootfs/opt
	cp b/rootfs/probe b/rootfs/opt/prog
	rt_ok create -b b "$id"
	rt_ok delete -f "$id"
	edit b/config.json 'process.env=["PATH=/nothing"]'
	rt_fails create -b b "$id"
	is "$status" 1
	has "$err" 'executable file not found in $PATH'
}

test_create_program_relative_to_cwd() {
	need root
	bundle args='./prog' process.cwd=/opt
	mkdir b/rootfs/opt
	cp b/rootfs/probe b/rootfs/opt/prog
	rt_ok create -b b "$id"
	rt_ok delete -f "$id"
}

# ---- standard streams -----------------------------------------------------------------------------

test_create_streams_are_those_of_the_caller() {
	need root
	bundle args='/probe cat'
	echo text >in
	"$RT" --root "$STATE" create -b b "$id" <in >ct.out 2>ct.err
	is $? 0
	is "$(cat ct.out ct.err)" ''
	rt_ok start "$id"
	wait_status "$id" stopped
	is "$(cat ct.out)" text
	rt_ok delete "$id"
}

test_create_stderr_is_that_of_the_caller() {
	need root
	bundle args='/probe say -e oops'
	"$RT" --root "$STATE" create -b b "$id" >ct.out 2>ct.err
	is $? 0
	rt_ok start "$id"
	wait_status "$id" stopped
	is "$(cat ct.err)" oops
	is "$(cat ct.out)" ''
	rt_ok delete "$id"
}

# A caller that reads create's output to its end would wait for ever if anything but the process held it.
test_create_with_closed_streams() {
	need root
	bundle args='/probe sleep'
	"$RT" --root "$STATE" create -b b "$id" <&- >&- 2>&-
	is $? 0
	is "$(status_of "$id")" created
	rt_ok start "$id"
	is "$(status_of "$id")" running
	rt_ok delete -f "$id"
}

test_create_preserve_fds() {
	need root
	bundle args='/probe fds'
	echo three >f3
	"$RT" --root "$STATE" create -b b --preserve-fds 1 "$id" >ct.out 3<f3 4<f3
	is $? 0
	rt_ok start "$id"
	wait_status "$id" stopped
	like "$(cat ct.out)" '^3 .*/f3$'
	is "$(grep -c . ct.out)" 4 '0 1 2 3 and no more'
	rt_ok delete "$id"
}

# ---- while it is made ----

test_create_is_creating_until_it_is_done() {
	need root
	need runtime
	bundle args='/probe sleep' \
		"hooks.createRuntime=[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\": >$PWD/in; while [ ! -e $PWD/go ]; do $PROBE sleep 0.02; done\"]}]"
	rt_bg create -b b --pid-file pid "$id"
	wait_for test -e in
	is "$(status_of "$id")" creating
	fails test -e pid
	RT_LIMIT=5
	for c in start pause resume; do
		rt_fails $c "$id"
		is "$status" 1 $c
	done
	rt exec "$id" true
	is "$status" 255 exec
	rt_fails create -b b "$id"
	has "$err" 'already exists'
	rt_ok list
	like "$out" "^$id .* creating "
	: >go
	rt_wait
	is "$status" 0 "$err"
	is "$(status_of "$id")" created
	is "$(cat pid)" "$(pid_of "$id")"
	rt_ok delete -f "$id"
}

test_create_that_is_terminated_cleans_up() {
	need root
	need runtime
	RT_LIMIT=10
	for s in TERM INT; do
		rm -f hook.pid
		bundle args='/probe sleep' \
			"hooks.createRuntime=[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo \$\$ >$PWD/hook.pid; exec $PROBE sleep 100\"]}]"
		rt_bg create -b b --pid-file pid "$id"
		wait_for test -s hook.pid
		kill -s $s "$bg_pid"
		rt_wait
		is "$status" 1 "$s"
		isnt "$err" ''
		wait_gone "$(cat hook.pid)"
		fails test -e pid
		nothing_left
	done
}

# ---- options ------------------------------------------------------------------------------------------

test_create_no_pivot() {
	need root
	bundle args='/probe ls /'
	rt_ok create --no-pivot -b b "$id"
	is "$(in_ct "$id" /probe hostname)" box
	is "$(in_ct "$id" /probe ls /)" "$(ls b/rootfs)"
	rt_ok delete -f "$id"
}

test_create_makes_a_session_keyring() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	k=$(in_ct "$id" /probe keyring)
	case $k in ERRNO*|none) skip 'needs session keyrings' ;; esac
	like "$k" ";_ses\.$id\$"
	rt_ok delete -f "$id"
}

test_create_no_new_keyring() {
	need root
	bundle args='/probe keyring'
	rt run -b b --no-new-keyring "$id"
	unlike "$out" "_ses\.$id"
}

test_create_console_socket_without_terminal() {
	need root
	bundle args='/probe sleep'
	rt_fails create -b b --console-socket "$PWD/sock" "$id"
	is "$status" 1
	like "$err" 'cannot use console socket if .* will not detach or allocate tty'
	nothing_left
}

test_create_terminal_without_console_socket() {
	need root
	refused process.terminal=true
	like "$err" 'cannot allocate tty if .* will detach without setting console socket'
}

# ---- failure -------------------------------------------------------------------------------------------

test_create_failure_in_the_container_leaves_nothing() {
	need root
	refused root.readonly=false 'mounts+={"destination":"/x","type":"nosuchfs","source":"none"}'
	like "$err" 'no such device|not known to the kernel'
}

test_create_failure_names_the_place_in_the_config() {
	need root
	refused 'linux.namespaces.1.type=foo'
	says 'config.json: linux.namespaces[1].type: unknown value "foo"'
}

test_create_failure_leaves_the_first_container_of_that_cgroup_alone() {
	need root
	need cgroup2
	bundle args='/probe sleep' "linux.cgroupsPath=/$id"
	rt_ok create -b b "$id"
	rt_ok start "$id"
	pid=$(pid_of "$id")
	bundle -d c args='/nope' "linux.cgroupsPath=/$id"
	rt create -b c "$id2"
	isnt "$status" 0
	is "$(status_of "$id2")" gone
	is "$(status_of "$id") $(pid_of "$id")" "running $pid"
	is "$(cg "$pid")" "$CGROUP/$id"
	rt_ok delete -f "$id"
}

test_create_hangup_does_not_end_the_container() {
	need root
	bundle args='/probe sleep'
	"$PROBE" pty -t 0.5 "$RT" --root "$STATE" create -b b "$id" >ct.out
	is $? 0 "$(cat ct.out)"
	is "$(status_of "$id")" created 'the terminal is gone, the container is not'
	rt_ok start "$id"
	is "$(status_of "$id")" running
	rt_ok delete -f "$id"
}

test_create_ignores_the_umask_of_the_caller() {
	need root
	bundle args='/probe stat /dev/null /newcwd' root.readonly=false process.cwd=/newcwd
	(umask 077; "$RT" --root "$STATE" create -b b "$id" >ct.out)
	is $? 0
	rt_ok start "$id"
	wait_status "$id" stopped
	like "$(cat ct.out)" '^char 0666 0 0 1:3$'
	[ "$RT_NAME" != runtime ] || like "$(cat ct.out)" '^dir 0755 '
	rt_ok delete "$id"
}

run_tests
