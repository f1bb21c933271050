#!/bin/sh
# delete.t - "delete" removes everything create made, from whatever state.
. "${0%/*}/lib.sh"

says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }

# all_gone: no state, no cgroup, no process named in $pid
all_gone() {
	is "$(status_of "$id")" gone
	fails test -e "$STATE/$id"
	[ ! -d "$CGROUP" ] || is "$(find "$CGROUP" -type d -name "*$id*")" '' 'no cgroup'
	[ -z "$pid" ] || wait_gone "$pid"
}

test_delete_of_a_stopped_container() {
	need root
	bundle args='/probe true'
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	rt_ok delete "$id"
	is "$out$err" '' 'silent'
	all_gone
}

test_delete_of_no_container() {
	rt_fails delete "$id"
	is "$status" 1
	has "$err" 'container does not exist'
	says "$id: container does not exist"
}

test_delete_force_of_no_container() {
	rt_ok delete --force "$id"
	is "$out$err" '' 'silent'
	rt_ok delete -f "$id"
}

test_delete_twice() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok delete -f "$id"
	rt_fails delete "$id"
	is "$status" 1
	rt_ok delete -f "$id"
}

test_delete_of_a_running_container_is_refused() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	pid=$(pid_of "$id")
	rt_fails delete "$id"
	is "$status" 1
	has "$err" "cannot delete container $id that is not stopped: running"
	says "cannot delete container $id that is not stopped: running"
	is "$(status_of "$id") $(pid_of "$id")" "running $pid" 'it did not suffer'
	rt_ok delete -f "$id"
	all_gone
}

test_delete_of_a_paused_container_is_refused() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	rt_ok pause "$id"
	rt_fails delete "$id"
	is "$status" 1
	has "$err" "cannot delete container $id that is not stopped: paused"
	is "$(status_of "$id")" paused
	rt_ok delete -f "$id"
}

test_delete_of_a_created_container_kills_it() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_ok delete "$id"
	all_gone
}

test_delete_force_of_a_created_container() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_ok delete --force "$id"
	all_gone
}

test_delete_force_of_a_running_container() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	pid=$(pid_of "$id")
	rt_ok delete --force "$id"
	is "$out$err" ''
	all_gone
}

test_delete_force_of_a_paused_container() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	pid=$(pid_of "$id")
	rt_ok pause "$id"
	rt_ok delete --force "$id"
	all_gone
}

test_delete_force_kills_what_ignores_term() {
	need root
	bundle args='/probe trap HUP'
	rt_ok run -d -b b "$id"
	pid=$(pid_of "$id")
	rt_ok delete --force "$id"
	all_gone
}

test_delete_force_kills_all_processes_of_the_cgroup() {
	need root
	need cgroup2
	need runtime
	bundle args='/probe spawn 3' 'linux.namespaces.[type=pid]-'
	"$RT" --root "$STATE" run -d -b b "$id" >ct.out
	wait_for grep -q ready ct.out
	pid=$(pid_of "$id")
	dir=$(cg "$pid")
	is "$(wc -l <"$dir/cgroup.procs")" 4
	all=$(cat "$dir/cgroup.procs")
	rt_ok delete --force "$id"
	for p in $all; do wait_gone "$p"; done
	all_gone
}

test_delete_kills_what_a_stopped_container_left_behind() {
	need root
	need cgroup2
	need runtime
	bundle args='/probe daemonize 1000' 'linux.namespaces.[type=pid]-'
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	rt_ok delete "$id"
	all_gone
}

test_delete_removes_sub_cgroups() {
	need root
	need cgroup2
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	pid=$(pid_of "$id")
	mkdir -p "$(cg "$pid")/a/b" "$(cg "$pid")/c"
	rt_ok delete --force "$id"
	all_gone
}

test_delete_removes_a_nested_cgroup_and_leaves_its_parent() {
	need root
	need cgroup2
	mkdir "$CGROUP/$id-parent"
	bundle args='/probe sleep' "linux.cgroupsPath=/$id-parent/child"
	rt_ok create -b b "$id2"
	is "$(cg "$(pid_of "$id2")")" "$CGROUP/$id-parent/child"
	rt_ok delete --force "$id2"
	fails test -d "$CGROUP/$id-parent/child"
	ok rmdir "$CGROUP/$id-parent"
}

test_delete_leaves_the_bundle_alone() {
	need root
	bundle args='/probe sleep'
	find b | sort >before
	rt_ok create -b b "$id"
	rt_ok delete --force "$id"
	find b | sort >after
	# mount points that had to be made may stay, nothing may be missing
	is "$(comm -23 before after 2>/dev/null || grep -Fvxf after before)" ''
}

test_delete_without_the_bundle() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rm b/config.json
	mv b c
	rt_ok delete --force "$id"
	all_gone
}

test_delete_makes_the_id_free() {
	need root
	bundle args='/probe sleep'
	for i in 1 2 3; do
		rt_ok create -b b "$id"
		rt_ok delete -f "$id"
	done
}

test_delete_at_once() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pids=
	for i in 1 2 3; do
		"$PROBE" deadline 30 "$RT" --root "$STATE" delete --force "$id" >"o.$i" 2>&1 &
		pids="$pids $!"
	done
	for p in $pids; do wait "$p"; is $? 0 "$(cat o.*)"; done
	all_gone
}

# the start time of a process whose name holds no space
started() { cut -d' ' -f22 "/proc/$1/stat"; }

test_delete_does_not_touch_a_reused_pid() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	# as if the pid had been taken by another process: same pid file, other start time (which the kernel tells in
	# hundredths of a second; a machine that misses ticks may start two in one)
	other=
	until [ -n "$other" ] && [ "$(started "$other")" != "$(started "$pid")" ]; do
		[ -z "$other" ] || kill "$other"
		"$PROBE" sleep 1000 &
		other=$!
	done
	sed "s/\([^0-9]\)$pid\([^0-9]\)/\1$other\2/" "$STATE/$id/state.json" >changed
	kill -9 "$pid"
	wait_gone "$pid"
	cat changed >"$STATE/$id/state.json"
	is "$(status_of "$id")" stopped
	rt_ok delete --force "$id"
	ok kill -0 "$other"
	kill "$other"
}

# ---- what a killed runtime leaves ----------------------------------------------------------------

# half: a create that is in the middle of a hook; its pid is $bg_pid, the hook's $pid
half() {
	RT_LIMIT=20
	bundle args='/probe sleep' \
		"hooks.createRuntime=[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo \$\$ >$PWD/hook.pid; exec $PROBE sleep 100\"]}]"
	rt_bg create -b b "$id"
	wait_for test -s hook.pid
	pid=$(cat hook.pid)
}

test_delete_of_a_container_that_is_being_created_is_refused() {
	need root
	need runtime
	half
	is "$(status_of "$id")" creating
	rt_fails delete "$id"
	is "$status" 1
	ok kill -0 "$bg_pid"
	kill "$pid"
	rt_wait
	is "$status" 1 'create fails with its hook'
	all_gone
}

test_delete_force_of_a_container_that_is_being_created() {
	need root
	need runtime
	half
	rt_ok delete --force "$id"
	rt_wait
	isnt "$status" 0 'create does not succeed'
	all_gone
}

test_delete_force_after_create_was_killed() {
	need root
	need runtime
	half
	kill -9 "$bg_pid"
	rt_wait
	is "$(status_of "$id")" stopped 'nobody is creating it any more'
	rt_ok list
	like "$out" "^$id .* stopped "
	for c in start 'kill KILL' pause exec; do
		case $c in kill*) rt kill "$id" KILL ;; exec) rt exec "$id" true ;; *) rt $c "$id" ;; esac
		isnt "$status" 0 "$c"
		isnt "$status" 124 "$c"
	done
	rt_ok delete --force "$id"
	all_gone
}

test_delete_of_what_a_killed_create_left_without_force() {
	need root
	need runtime
	half
	kill -9 "$bg_pid"
	rt_wait
	rt_ok delete "$id"
	all_gone
}

test_delete_force_of_an_empty_state_directory() {
	mkdir -p "$STATE/$id"
	rt_ok delete --force "$id"
	[ "$RT_NAME" != runtime ] || fails test -e "$STATE/$id"
	rm -rf "${STATE:?}/$id"
}

test_delete_force_of_a_broken_state_file() {
	need runtime
	for bad in '' '{' '[]' '{}' '{"id":1}'; do
		mkdir -p "$STATE/$id"
		printf '%s' "$bad" >"$STATE/$id/state.json"
		rt_ok delete --force "$id"
		fails test -e "$STATE/$id"
	done
}

test_delete_of_a_broken_state_file_without_force() {
	need runtime
	mkdir -p "$STATE/$id"
	echo '{' >"$STATE/$id/state.json"
	rt_fails delete "$id"
	is "$status" 1
	ok test -e "$STATE/$id/state.json"
	rm -r "${STATE:?}/$id"
}

test_delete_of_a_half_made_container_without_force() {
	need runtime
	mkdir -p "$STATE/$id"
	rt delete "$id"
	isnt "$status" 124
	rm -rf "${STATE:?}/$id"
}

test_delete_force_with_the_cgroup_gone() {
	need root
	need cgroup2
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	dir=$(cg "$pid")
	kill -9 "$pid"
	wait_gone "$pid"
	rmdir "$dir"
	rt_ok delete --force "$id"
	all_gone
}

test_delete_does_not_follow_a_link_in_the_root() {
	need root
	need runtime
	mkdir -p "$STATE" precious
	echo x >precious/state.json
	ln -s "$PWD/precious" "$STATE/$id"
	rt delete --force "$id"
	is "$(cat precious/state.json)" x
	rm -f "$STATE/$id"
}

test_delete_keeps_the_root_directory() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok create -b b "$id2"
	rt_ok delete -f "$id"
	is "$(status_of "$id2")" created
	rt_ok delete -f "$id2"
	rt_ok list -q
	is "$out" ''
}

# ---- poststop hooks ---------------------------------------------------------------------------------

test_delete_runs_poststop_hooks() {
	need root
	bundle args='/probe sleep' \
		"hooks.poststop=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"hook\",\"$PWD/log\",\"one\"]},{\"path\":\"$PROBE\",\"args\":[\"probe\",\"hook\",\"$PWD/log\",\"two\"]}]"
	rt_ok create -b b "$id"
	fails test -e log
	rt_ok delete -f "$id"
	is "$(sed 's/ .*//' log)" "one
two"
}

test_delete_force_of_no_container_runs_no_hooks() {
	need root
	bundle args='/probe sleep' \
		"hooks.poststop=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"hook\",\"$PWD/log\",\"one\"]}]"
	rt_ok create -b b "$id"
	rt_ok delete -f "$id"
	rt_ok delete -f "$id"
	is "$(wc -l <log)" 1
}

run_tests
