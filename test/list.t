#!/bin/sh
# list.t - "list" shows every container of a root, and nothing stops it.
. "${0%/*}/lib.sh"

test_list_without_containers_prints_the_header() {
	rt_ok list
	like "$out" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER *$'
	is "$(wc -l <out)" 1
	is "$err" ''
}

test_list_without_containers_as_json() {
	rt_ok list --format json
	like "$out" '^(null|\[\])$'
	is "$err" ''
}

test_list_without_containers_quiet() {
	rt_ok list --quiet
	is "$out$err" ''
}

test_list_does_not_make_the_root() {
	need runtime
	rt_ok list
	fails test -e "$STATE"
}

test_list_unknown_format() {
	rt_fails list --format yaml
	is "$status" 1
	has "$err" format
}

test_list_table_columns() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_ok list
	like "$out" "^$id +$pid +created +$PWD/b +[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z +[a-z0-9#]+ *\$"
	is "$(wc -l <out)" 2
	# the columns stand below their names
	at=$(sed -n '1s/STATUS.*//p' out | wc -c)
	is "$(sed -n 2p out | cut -c "$at-$((at + 6))")" created
	at=$(sed -n '1s/BUNDLE.*//p' out | wc -c)
	is "$(sed -n 2p out | cut -c "$at-$((at + ${#PWD} + 1))")" "$PWD/b"
	rt_ok delete -f "$id"
}

test_list_json_has_the_fields_of_state() {
	need root
	bundle args='/probe sleep' 'annotations.[a.b]=c'
	rt_ok create -b b "$id"
	rt_ok state "$id"
	cp out state.out
	rt_ok list -f json
	ok json check out
	is "$(json len . out 2>/dev/null || json keys 0 out | wc -l)" "$(json keys 0 out | wc -l)"
	for f in ociVersion id pid status bundle rootfs created annotations; do
		is "$(json get "0.$f" out)" "$(json get "$f" state.out)" "$f"
	done
	fails json get 1 out
	rt_ok delete -f "$id"
}

test_list_quiet_prints_ids_only() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok create -b b "$id2"
	rt_ok list -q
	is "$(sort out)" "$id
$id2"
	delete_all
	rt_ok list -q
	is "$out" ''
}

test_list_shows_every_status() {
	need root
	bundle args='/probe sleep'
	new_id
	for i in "$id" "$id2" "$id3" "$new_id"; do rt_ok create -b b "$i"; done
	rt_ok start "$id2"
	rt_ok start "$id3"
	rt_ok pause "$id3"
	rt_ok kill "$new_id" KILL
	wait_status "$new_id" stopped
	rt_ok list
	like "$out" "^$id +[1-9][0-9]* +created "
	like "$out" "^$id2 +[1-9][0-9]* +running "
	like "$out" "^$id3 +[1-9][0-9]* +paused "
	like "$out" "^$new_id +0 +stopped "
	delete_all
}

test_list_owner_is_that_of_the_state_directory() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok list
	like "$out" "^$id .* root *\$"
	rt_ok list -f json
	is "$(json get 0.owner out)" root
	rt_ok delete -f "$id"
}

test_list_goes_on_past_broken_state() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	mkdir "$STATE/$id2"
	mkdir "$STATE/$id3"
	echo '{"id":' >"$STATE/$id3/state.json"
	echo stray >"$STATE/file"
	rt list -q
	is "$status" 0
	like "$out" "^$id\$" 'the good one is there'
	unlike "$out" '^file$' 'a file is no container'
	rm -r "${STATE:?}/$id2" "${STATE:?}/$id3" "$STATE/file"
	rt_ok delete -f "$id"
}

test_list_while_containers_come_and_go() {
	need root
	bundle args='/probe sleep'
	"$TEST_SH" -c 'n=0; while [ $n -lt 8 ]; do
		"$1" --root "$2" create -b b "$3" && "$1" --root "$2" delete -f "$3"; n=$((n + 1)); done; : >over' \
		x "$RT" "$STATE" "$id" >/dev/null 2>&1 &
	n=0
	while [ ! -e over ]; do
		rt list
		[ "$RT_NAME" != runtime ] || is "$status$err" 0
		n=$((n + 1))
	done
	wait $!
	ok [ $n -gt 0 ]
}

test_list_long_id_keeps_its_line() {
	need root
	bundle args='/probe sleep'
	long=$id-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
	rt_ok create -b b "$long"
	rt_ok list
	like "$out" "^$long +[0-9]+ +created "
	rt_ok delete -f "$long"
}

run_tests
