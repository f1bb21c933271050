#!/bin/sh
# notify.t - what service managers hand over: NOTIFY_SOCKET for readiness, LISTEN_FDS for open sockets.
. "${0%/*}/lib.sh"

# manager [SECS]: listens on ./sock as a service manager does; ./told holds the messages, one a line
manager() {
	"$PROBE" recvdgram "$PWD/sock" "${1:-20}" >told 2>&1 &
	manager_pid=$!
	wait_for test -S sock
}
dismiss() { kill "$manager_pid" 2>/dev/null; wait "$manager_pid" 2>/dev/null; }

# sh in the container: a script is not at hand, so `probe` verbs do
ready='["/probe","senddgram","/run/notify/notify.sock","READY=1"]'

test_notify_start_passes_readiness_on() {
	need root
	manager
	bundle args='/probe sleep'
	NOTIFY_SOCKET=$PWD/sock rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	like "$("$PROBE" mount /run/notify "$pid")" '^/run/notify .*(ro,.*nosuid|nosuid.*)' 'its directory is mounted'
	NOTIFY_SOCKET=$PWD/sock rt_bg start "$id"
	wait_status "$id" running
	sleep 1
	ok kill -0 "$bg_pid"
	is "$(cat told)" '' 'start waits, nothing is said yet'
	in_ct "$id" /probe senddgram /run/notify/notify.sock 'STATUS=half way' >/dev/null
	in_ct "$id" /probe senddgram /run/notify/notify.sock 'STATUS=done
READY=1' >/dev/null
	rt_wait
	is "$status" 0 'start returns when it is ready'
	wait_for grep -q BARRIER told
	is "$(grep -c . told)" 3
	is "$(grep . told | tr '\n' ' ')" "READY=1 MAINPID=$pid BARRIER=1 +fd "
	dismiss
	delete_all
	fails test -e "$STATE/$id"
}

test_notify_environment_of_the_container() {
	need root
	bundle args='/probe env NOTIFY_SOCKET'
	manager
	NOTIFY_SOCKET=$PWD/sock rt_ok run -b b "$id"
	is "$out" /run/notify/notify.sock
	dismiss
}

test_notify_run_in_the_foreground() {
	need root
	manager
	bundle "process.args=$ready"
	NOTIFY_SOCKET=$PWD/sock rt_ok run -b b "$id"
	bundle args='/probe sleep'
	NOTIFY_SOCKET=$PWD/sock rt_bg run -b b "$id"
	wait_status "$id" running
	: >told
	in_ct "$id" /probe senddgram /run/notify/notify.sock READY=1 >/dev/null
	wait_for grep -q MAINPID told
	has "$(cat told)" "MAINPID=$(pid_of "$id")"
	has "$(cat told)" READY=1
	rt_ok kill "$id" KILL
	rt_wait
	is "$status" 137
	dismiss
	fails test -e "$STATE/$id"
}

test_notify_run_detached_waits_for_readiness() {
	need root
	manager
	bundle args='/probe sleep'
	NOTIFY_SOCKET=$PWD/sock rt_bg run -d -b b "$id"
	wait_status "$id" running
	sleep 1
	ok kill -0 "$bg_pid"
	in_ct "$id" /probe senddgram /run/notify/notify.sock READY=1 >/dev/null
	rt_wait
	is "$status" 0
	has "$(cat told)" READY=1
	is "$(status_of "$id")" running
	dismiss
	delete_all
}

# A container that ends without a word lets `start` and `run --detach` go.
test_notify_ends_with_the_container() {
	need root
	manager
	bundle args='/probe true'
	NOTIFY_SOCKET=$PWD/sock rt_ok run -d -b b "$id"
	rt_ok delete "$id"
	bundle args='/probe sleep'
	NOTIFY_SOCKET=$PWD/sock rt_ok create -b b "$id"
	NOTIFY_SOCKET=$PWD/sock rt_bg start "$id"
	wait_status "$id" running
	rt_ok kill "$id" KILL
	rt_wait
	is "$status" 0
	is "$(grep -c READY told)" 0
	dismiss
	delete_all
}

# While start waits, others may work with the container.
test_notify_waiting_holds_no_lock() {
	need root
	need runtime
	manager
	bundle args='/probe sleep'
	NOTIFY_SOCKET=$PWD/sock rt_ok create -b b "$id"
	NOTIFY_SOCKET=$PWD/sock rt_bg start "$id"
	wait_status "$id" running
	rt_ok delete --force "$id"
	rt_wait
	is "$(status_of "$id")" gone
	dismiss
}

test_notify_abstract_socket_that_nobody_has() {
	need root
	need runtime
	bundle args='/probe sleep'
	NOTIFY_SOCKET=@no-such-$id rt_bg --log "$PWD/log" run -d -b b "$id"
	wait_status "$id" running
	in_ct "$id" /probe senddgram /run/notify/notify.sock READY=1 >/dev/null
	rt_wait
	is "$status" 0 'the container is not the one to blame'
	like "$(cat log)" 'level=warning msg="NOTIFY_SOCKET: connect to socket @no-such-.*: connection refused"'
	delete_all
}

test_notify_in_a_user_namespace() {
	need root
	need userns
	need runtime
	manager
	map='[{"containerID":0,"hostID":100000,"size":65536}]'
	bundle args='/probe sleep' process.user.uid=33 linux.namespaces+='{"type":"user"}' "linux.uidMappings=$map" "linux.gidMappings=$map"
	chmod 755 . b b/rootfs
	mkdir -p b/rootfs/run/notify
	NOTIFY_SOCKET=$PWD/sock rt_bg run -d -b b "$id"
	wait_status "$id" running
	is "$(in_ct "$id" /probe senddgram /run/notify/notify.sock READY=1)" ok
	rt_wait
	is "$status" 0
	wait_for grep -q BARRIER told
	dismiss
	delete_all
}

test_notify_absent_makes_nothing() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	fails test -e "$STATE/$id/notify"
	is "$("$PROBE" mount /run/notify "$(pid_of "$id")" | grep -c '^/run/notify')" 0
	NOTIFY_SOCKET='' rt_ok create -b b "$id2"
	fails test -e "$STATE/$id2/notify"
	delete_all
}

# Made without a manager, started by one: there is nothing to wait for.
test_notify_only_at_start() {
	need root
	need runtime
	manager
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	NOTIFY_SOCKET=$PWD/sock rt_ok start "$id"
	is "$(status_of "$id")" running
	dismiss
	delete_all
}

# ---- LISTEN_FDS -----------------------------------------------------------------------------------------

# as_listen_pid RT...: with LISTEN_PID as the service manager sets it
as_listen_pid() { "$TEST_SH" -c 'LISTEN_PID=$$ exec "$@"' x "$@"; }

# listens WANT RT...: the first line of `probe listen-fds` in the container
listens() {
	want=$1
	shift
	"$@" >ct.out 2>err 3<b/config.json
	like "$(head -n 1 ct.out)" "$want"
}
none='^LISTEN_FDS=- LISTEN_PID=- '

test_listen_fds_are_passed_by_create() {
	need root
	bundle args='/probe listen-fds'
	LISTEN_FDS=1 as_listen_pid "$RT" --root "$STATE" create -b b "$id" >ct.out 3<b/config.json
	rt_ok start "$id"
	wait_status "$id" stopped
	like "$(head -n 1 ct.out)" '^LISTEN_FDS=1 LISTEN_PID=1 '
	like "$(cat ct.out)" '^3 .*/config.json$'
	delete_all
}
test_listen_pid_is_the_one_in_the_container() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	edit b/config.json process.args.1=listen-fds 'linux.namespaces.[type=pid]-'
	export LISTEN_FDS=1
	listens '^LISTEN_FDS=1 LISTEN_PID=[1-9][0-9]+ ' as_listen_pid "$RT" --root "$STATE" run -b b "$id2"
	listens '^LISTEN_FDS=1 LISTEN_PID=[2-9][0-9]* ' as_listen_pid "$RT" --root "$STATE" exec "$id" /probe listen-fds
	unset LISTEN_FDS
	delete_all
}
test_listen_fds_of_another_process_are_not_passed() {
	need root
	bundle args='/probe listen-fds'
	export LISTEN_FDS=1 LISTEN_PID=1
	listens "$none" "$RT" --root "$STATE" run -b b "$id"
	unset LISTEN_FDS LISTEN_PID
}
test_listen_fds_that_are_no_number_are_ignored() {
	need root
	bundle args='/probe listen-fds'
	for n in x 1x -1 0 ''; do
		export LISTEN_FDS="$n"
		listens "$none" as_listen_pid "$RT" --root "$STATE" run -b b "$id"
	done
	unset LISTEN_FDS
}
test_listen_fds_that_are_not_open_are_an_error() {
	need root
	need runtime
	bundle args='/probe listen-fds'
	LISTEN_FDS=3 as_listen_pid "$RT" --root "$STATE" run -b b "$id" 2>err 3<b/config.json 4<&- 5<&- && fail 'it runs'
	like "$(cat err)" 'descriptor 4 is not open'
	is "$(status_of "$id")" gone
}

run_tests
