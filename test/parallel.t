#!/bin/sh
# parallel.t - many callers on one state directory: each gets its own answer, and the right one.
. "${0%/*}/lib.sh"

many=50

# together COMMAND...: COMMAND N for each N, all at once; the statuses are in ./status.N, what they say in ./says.N
together() {
	local i=0 pids=
	while [ $i -lt $many ]; do
		{ "$@" $i >"says.$i" 2>&1 </dev/null; echo $? >"status.$i"; } &
		pids="$pids $!"
		i=$((i + 1))
	done
	for i in $pids; do wait "$i"; done
}

# all WHAT STATUS: each of them ended so
all() {
	is "$(cat status.* | sort | uniq -c | tr -s ' ')" " $many $2" "$1: statuses"
	[ "$2" != 0 ] || is "$(cat says.*)" "$3" "$1: nothing else is said"
}

call() { "$PROBE" deadline 50 "$RT" --root "$STATE" "$@"; }

# own N: a bundle with the cgroup of container N
own() {
	mkdir "b.$1"
	cp b/config.json "b.$1/"
	edit "b.$1/config.json" "linux.cgroupsPath=/$id-$1" "root.path=$PWD/b/rootfs"
}

create_one() { call create -b "b.$1" --pid-file "pid.$1" "$id-$1"; }
start_one() { call start "$id-$1"; }
exec_one() { call exec "$id-$1" /probe hostname; }
state_one() { call state "$id-$1" >"state.$1"; }
kill_one() { call kill "$id-$1" KILL; }
delete_one() { call delete --force "$id-$1"; }
list_one() { call list -q >"list.$1"; }

limit_test_lives_side_by_side=120
test_lives_side_by_side() {
	need root
	bundle args='/probe sleep'
	i=0
	while [ $i -lt $many ]; do own $i; i=$((i + 1)); done
	together create_one
	all create 0 ''
	is "$(cat pid.* | tr -d '\n' | grep -c '^[0-9]*$')" 1 'pid files'
	together list_one
	all list 0 ''
	is "$(cat list.* | sort | uniq -c | awk '{ print $1 }' | sort -u)" $many 'each list has every container'
	together start_one
	all start 0 ''
	together exec_one
	is "$(cat status.* | sort -u)" 0
	is "$(sort -u says.*)" box 'each exec gives its answer'
	together state_one
	all state 0 ''
	is "$(for i in state.*; do json get status <"$i"; done | sort | uniq -c | tr -s ' ')" " $many running"
	is "$(for i in state.*; do json get pid <"$i"; done | sort -u | wc -l)" $many 'processes of their own'
	together delete_one
	all delete 0 ''
	is "$(ls "$STATE")" '' 'no state is left'
	is "$(find "$CGROUP" -name "$id-*")" '' 'no cgroup is left'
}

# a whole life without a pause, while others do the same
life() {
	call create -b "b.$1" "$id-$1" && call start "$id-$1" && [ "$(call exec "$id-$1" /probe hostname)" = box ] &&
		call kill "$id-$1" KILL && call delete --force "$id-$1" && ! call state "$id-$1" 2>/dev/null
}

limit_test_lives_do_not_wait_for_each_other=120
test_lives_do_not_wait_for_each_other() {
	need root
	bundle args='/probe sleep'
	i=0
	while [ $i -lt $many ]; do own $i; i=$((i + 1)); done
	(
		while [ ! -e done ]; do
			call list -q >listed 2>listed.err || echo "$?" >>list.failed
			cat listed.err >>list.said
			call list -f json >listed 2>listed.err || echo "$?" >>list.failed
			json check listed || echo 'not json' >>list.failed
			cat listed.err >>list.said
		done
	) &
	lister=$!
	together life
	: >done
	wait $lister
	all life 0 ''
	is "$(cat list.failed 2>/dev/null)" '' 'list succeeds meanwhile'
	is "$(cat list.said)" '' 'and says nothing'
	is "$(ls "$STATE")" '' 'no state is left'
}

# exec into one container: each process is there, each status comes back
exec_status() { call exec "$id" /probe exit "$1"; }

limit_test_execs_into_one_container=120
test_execs_into_one_container() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	"$PROBE" help | grep -q '^ *exit' || exec_status() { call exec "$id" /probe sh -c "exit $1"; }
	together exec_status
	is "$(i=0; while [ $i -lt $many ]; do [ "$(cat status.$i)" = $i ] || echo "$i: $(cat status.$i) $(cat says.$i)"; i=$((i + 1)); done)" '' 'statuses'
	rt_ok delete --force "$id"
}

# one id for all: one wins, the others are told why, in the words for that
create_same() { call create -b b "$id"; }
delete_same() { call delete "$id"; }
kill_same() { call kill "$id" KILL; }

test_one_id_for_all() {
	need root
	bundle args='/probe sleep'
	together create_same
	is "$(grep -lx 0 status.* | wc -l)" 1 'one create wins'
	[ "$RT_NAME" != runtime ] || is "$(cat says.* | sort -u)" "runtime: $id: container with given ID already exists"
	together kill_same
	[ "$RT_NAME" != runtime ] || is "$(cat says.* | grep -v '^runtime: container not running$')" '' 'kill: done, or not running any more'
	wait_status "$id" stopped
	together delete_same
	is "$(grep -lx 0 status.* | wc -l)" 1 'one delete wins'
	[ "$RT_NAME" != runtime ] || is "$(cat says.* | sort -u)" "runtime: $id: container does not exist"
	is "$(find "$CGROUP" -name "$id*")" '' 'no cgroup is left'
}

# While one container comes and goes, others ask about it and act on it: each is done, or told one of the reasons
# that engines know, never what the kernel said to a step that came too late.
meddle() {
	while [ ! -e done ]; do
		call $1 >/dev/null 2>"err.$2" </dev/null || sed "s/^runtime: /${1%% *}: /" "err.$2" >>"said.$2"
	done
}

limit_test_others_act_while_it_comes_and_goes=120
test_others_act_while_it_comes_and_goes() {
	need root
	need runtime
	bundle args='/probe sleep'
	n=0 pids=
	for c in "state $id" "ps $id" "exec $id /probe true" "exec $id /probe true" "kill $id CONT" "pause $id" "resume $id" \
		"start $id" "update --pids-limit -1 $id" "events --stats $id" "delete $id" 'list'; do
		n=$((n + 1))
		meddle "$c" $n &
		pids="$pids $!"
	done
	i=0
	while [ $i -lt 20 ]; do
		i=$((i + 1))
		call create -b b "$id"
		call start "$id"
		call kill "$id" KILL
		call delete --force "$id"
	done
	: >done
	for p in $pids; do wait "$p"; done
	cat >right <<-END
	[a-z]*: $id: container does not exist
	delete: cannot delete container $id that is not stopped: (creating|running|paused)
	events: container with id $id is not running
	exec: cannot exec in a (creating|stopped) container
	exec: cannot exec in a paused container .use --ignore-paused to override.
	(kill|update): container not running
	pause: container not running or created: (creating|paused|stopped)
	resume: container not paused
	start: cannot start a container that (has stopped|is still being created)
	start: cannot start an already running container
	END
	is "$(cat said.* | grep -Evx -f right | sort | uniq -c)" '' 'nothing but these'
	isnt "$(cat said.* | sort -u | wc -l)" 0
	is "$(cat said.* | grep -c '^list')" 0 'list always succeeds'
	call delete --force "$id"
	is "$(ls "$STATE")" '' 'no state is left'
	is "$(find "$CGROUP" -name "$id*")" '' 'no cgroup is left'
}

run_tests
