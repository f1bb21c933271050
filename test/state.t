#!/bin/sh
# state.t - "state" prints one JSON object about one container.
. "${0%/*}/lib.sh"

says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }

test_state_of_no_container() {
	rt_fails state "$id"
	is "$status" 1
	is "$out" ''
	has "$err" 'container does not exist'
	says "$id: container does not exist"
}

test_state_of_a_bad_id() {
	for i in ../x . .. a/b '' 'a b'; do
		rt state "$i"
		is "$status" 1 "id '$i'"
		is "$out" ''
		isnt "$err" ''
	done
}

test_state_fields() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok state "$id"
	is "$err" '' 'nothing on stderr'
	ok json check out
	is "$(json get id out)" "$id"
	like "$(json get ociVersion out)" '^1\.[0-9]+\.[0-9]+'
	is "$(json get status out)" created
	is "$(json get bundle out)" "$PWD/b"
	is "$(json get rootfs out)" "$PWD/b/rootfs"
	like "$(json get pid out)" '^[1-9][0-9]*$'
	ok kill -0 "$(json get pid out)"
	like "$(json get created out)" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$'
	ok json get owner out
	rt_ok delete -f "$id"
}

test_state_is_indented_by_two() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok state "$id"
	is "$(head -n 1 out)" '{'
	like "$out" '^  "ociVersion": "'
	like "$out" "^  \"id\": \"$id\",\$"
	is "$(tail -n 1 out)" '}'
	rt_ok delete -f "$id"
}

test_state_created_is_the_time_of_creation() {
	need root
	bundle args='/probe sleep'
	before=$(date -u +%Y-%m-%dT%H:%M:%S)
	rt_ok create -b b "$id"
	after=$(date -u +%Y-%m-%dT%H:%M:%S)
	rt_ok state "$id"
	c=$(json get created out)
	c=${c%%[.Z]*}
	is "$(printf '%s\n' "$before" "$c" "$after" | sort)" "$(printf '%s\n' "$before" "$c" "$after")"
	rt_ok start "$id"
	rt_ok state "$id"
	has "$(json get created out)" "$c" 'start does not change it'
	rt_ok delete -f "$id"
}

test_state_follows_the_life() {
	need root
	bundle args='/probe sleep'
	is "$(status_of "$id")" gone
	rt_ok create -b b "$id"
	is "$(status_of "$id")" created
	pid=$(pid_of "$id")
	rt_ok start "$id"
	is "$(status_of "$id")" running
	is "$(pid_of "$id")" "$pid" 'the same process'
	rt_ok pause "$id"
	is "$(status_of "$id")" paused
	is "$(pid_of "$id")" "$pid"
	rt_ok resume "$id"
	is "$(status_of "$id")" running
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	is "$(pid_of "$id")" 0 'no pid when stopped'
	rt_ok delete "$id"
	is "$(status_of "$id")" gone
}

test_state_of_a_process_that_ended_by_itself() {
	need root
	bundle args='/probe true'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	wait_status "$id" stopped
	is "$(pid_of "$id")" 0
	rt_ok delete "$id"
}

# An init that nobody waited for is a zombie: that is stopped, too.
test_state_of_a_zombie_is_stopped() {
	need root
	bundle args='/probe sleep'
	# its reaper is stopped while it dies
	"$PROBE" reap "$TEST_SH" -c '"$@" >created 2>&1; echo $? >rc; while [ ! -e over ]; do sleep 0.1; done' x \
		"$RT" --root "$STATE" run -d -b b "$id" &
	reaper=$!
	wait_for test -s rc
	is "$(cat rc)" 0 "$(cat created)"
	pid=$(pid_of "$id")
	kill -STOP "$reaper"
	kill -9 "$pid"
	zombie() { grep -q '^State:.Z' "/proc/$pid/status"; }
	wait_for zombie
	is "$(status_of "$id")" stopped
	is "$(pid_of "$id")" 0
	rt_ok delete "$id"
	is "$(status_of "$id")" gone
	: >over
	kill -CONT "$reaper"
	wait "$reaper"
}

test_state_pid_is_that_of_the_container_process() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	like "$(tr '\0' ' ' </proc/"$(pid_of "$id")"/cmdline)" '^/probe sleep'
	rt_ok delete -f "$id"
}

test_state_annotations() {
	need root
	bundle args='/probe sleep' 'annotations={"org.x.y":"v","e":"","q":"a\"b\\c\nd\te","u":"\u00e4\u20ac\ud83d\ude00","x":"</script>"}'
	rt_ok create -b b "$id"
	rt_ok state "$id"
	ok json check out
	is "$(json get 'annotations.[org.x.y]' out)" v
	is "$(json get annotations.e out)" ''
	is "$(json get annotations.q out)" "$(printf 'a"b\\c\nd\te')"
	is "$(json get annotations.u out)" 'ä€😀'
	is "$(json get annotations.x out)" '</script>'
	rt_ok delete -f "$id"
}

test_state_without_annotations() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok state "$id"
	unlike "$out" '"annotations": (null|\[)'
	rt_ok delete -f "$id"
}

test_state_bundle_is_absolute_and_clean() {
	need root
	bundle args='/probe sleep'
	mkdir sub
	(cd sub && "$RT" --root "$STATE" create --bundle ../b "$id" >/dev/null)
	rt_ok state "$id"
	is "$(json get bundle out)" "$PWD/b"
	rt_ok delete -f "$id"
}

test_state_of_the_default_bundle() {
	need root
	bundle args='/probe sleep'
	(cd b && "$RT" --root "$STATE" create "$id" >/dev/null)
	rt_ok state "$id"
	is "$(json get bundle out)" "$PWD/b"
	rt_ok delete -f "$id"
}

test_state_of_a_path_with_special_characters() {
	need root
	bundle -d 'b "x" ä' args='/probe sleep'
	rt_ok create -b 'b "x" ä' "$id"
	rt_ok state "$id"
	ok json check out
	is "$(json get bundle out)" "$PWD/b \"x\" ä"
	rt_ok delete -f "$id"
}

# The config is read at create: what happens to it later is nobody's business.
test_state_does_not_need_the_bundle() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rm b/config.json
	is "$(status_of "$id")" created
	rt_ok start "$id"
	is "$(status_of "$id")" running
	rt_ok delete -f "$id"
}

test_state_of_a_broken_state_file() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	cp "$STATE/$id/state.json" saved
	null=null
	[ "$RT_NAME" != runc ] || null='{}'	# some versions panic
	for bad in '' '{' '[]' '{}' "$null" '{"id":1}'; do
		printf '%s' "$bad" >"$STATE/$id/state.json"
		rt state "$id"
		is "$status" 1 "state.json: '$bad'"
		isnt "$err" ''
		is "$out" ''
	done
	cp saved "$STATE/$id/state.json"
	is "$(status_of "$id")" created
	rt_ok delete -f "$id"
}

test_state_of_a_symbolic_link_in_the_root() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	ln -s "$id" "$STATE/$id2"
	rt_fails state "$id2"
	is "$status" 1
	rm "$STATE/$id2"
	rt_ok delete -f "$id"
}

test_state_of_a_created_container_that_cannot_answer() {
	local n
	need root
	need cgroup2
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok pause "$id"
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do is "$(status_of "$id")" paused; done
	rt_ok resume "$id"
	is "$(status_of "$id")" created
	rt_ok delete -f "$id"
}
run_tests
