#!/bin/sh
# schema.t - what goes in and out as JSON has the shape that the specification gives it: data/accepted and
# data/refused are configurations, data/shape-* are output.  Each row of runtime.c's own tables is tried by unit.c.
. "${0%/*}/lib.sh"

# shape FILE RULES: RULES has lines "PATH[?] TYPE"; ? may lack.  TYPE is string, number, boolean, object, array, or
# one of them with what is in it: "array string", "object string".  Members that no rule names are reported.
shape() {
	file=$1
	: >names
	while read -r path type inner; do
		case $path in '#'* | '') continue ;; esac
		optional=
		case $path in *\?) path=${path%\?} optional=1 ;; esac
		echo "$path" >>names
		got=$(json type "$path" "$file" 2>/dev/null) || {
			[ -n "$optional" ] || fail "$path: is not there"
			continue
		}
		is "$got" "$type" "$path: $type"
		[ -n "$inner" ] || continue
		for k in $(json keys "$path" "$file"); do
			is "$(json type "$path.[$k]" "$file")" "$inner" "$path, $k: $inner"
		done
	done <"$2"
	for parent in '' $(sed -n 's/^\([^ ?]*\)?\{0,1\} object$/\1/p' "$2"); do
		for k in $(json keys "$parent" "$file" 2>/dev/null); do
			ok grep -Fqx "${parent:+$parent.}$k" names
		done
	done
}

test_features_has_the_shape_of_the_schema() {
	rt_ok features
	mv out f
	ok json check f
	shape f "$TESTS/data/shape-features"
}

test_state_has_the_shape_of_the_schema() {
	need root
	bundle args='/probe sleep' annotations.a=b
	rt_ok create -b b "$id"
	for step in start pause resume kill; do
		rt_ok state "$id"
		shape out "$TESTS/data/shape-state"
		like "$(json get status out)" '^(created|running|paused)$'
		case $step in kill) rt_ok kill "$id" KILL ;; *) rt_ok $step "$id" ;; esac
	done
	wait_status "$id" stopped
	rt_ok state "$id"
	shape out "$TESTS/data/shape-state"
	rt_ok delete "$id"
}

test_state_of_a_hook_has_the_shape_of_the_schema() {
	need root
	bundle args='/probe true' annotations.a=b "hooks.createRuntime=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"hook\",\"$PWD/log\",\"x\"]}]"
	rt_ok run -b b "$id"
	sed 's/^x //' log >state.json
	shape state.json "$TESTS/data/shape-state"
	is "$(json get status state.json)" creating
}

test_list_has_the_shape_of_the_schema() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok list -f json
	json get 0 out >state.json
	shape state.json "$TESTS/data/shape-state"
	rt_ok delete -f "$id"
}

test_spec_has_the_shape_of_the_schema() {
	rt_ok spec
	shape config.json "$TESTS/data/shape-spec"
	rm config.json
	rt_ok spec --rootless
	shape config.json "$TESTS/data/shape-spec"
}

# ---- configurations -----------------------------------------------------------------------------

# cases FILE COMMAND: COMMAND for each line of FILE, with the part before the last tab in $edits and the rest in $want
cases() {
	tab=$(printf '\t')
	while IFS= read -r line; do
		case $line in
		'#'* | '') continue ;;
		*'"type":"time"'*) have ns time || continue ;;
		esac
		edits=${line%%"$tab"*} want=${line#"$edits"}
		want=${want#"$tab"}
		set -f
		# shellcheck disable=SC2086 # an edit a word
		bundle args="/probe true" $edits
		set +f
		rt run -b b "$id"
		$2
	done <"$1"
}

refused() {
	case $status:$err in
	0:*) fail "$edits: accepted" ;;
	*:*"config.json: $want"*) pass "$edits: refused" ;;
	*) fail "$edits"; echo "    got:  $err"; echo "    want: config.json: $want" ;;
	esac
	[ "$(wc -l <err)" = 1 ] || fail "$edits: more than one line: $err"
}
limit_test_bad_values_are_refused_by_their_place=180
test_bad_values_are_refused_by_their_place() {
	need root
	need runtime
	cases "$TESTS/data/refused" refused
}

accepted() {
	[ -n "$want" ] || { is "$status$err" 0 "$edits"; return; }
	# the value is taken; this machine may not have what it asks for
	case $status:$err in 0:* | *"$want"*) pass "$edits" ;; *) fail "$edits: $err" ;; esac
	lacks "$err" config.json
}
test_good_values_are_accepted() {
	need root
	need runtime
	cases "$TESTS/data/accepted" accepted
}

# ---- options of mounts ----------------------------------------------------------------------------

test_every_mount_option_of_the_specification_is_known() {
	need root
	need runtime
	mkdir src
	for o in async atime defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec \
		noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rdev rdiratime relatime \
		rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro \
		rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync \
		unbindable; do
		bundle args='/probe true' mounts+="{\"destination\":\"/m\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"$o\"]}"
		rt run -b b "$id"
		is "$status$err" 0 "tmpfs, $o"
		bundle args='/probe true' mounts+="{\"destination\":\"/m\",\"source\":\"$PWD/src\",\"options\":[\"rbind\",\"$o\"]}"
		rt run -b b "$id"
		is "$status$err" 0 "rbind, $o"
	done
}

# A tmpfs with another on it, bound; the words take away what the inner one has.
test_recursive_options_that_clear() {
	need root
	need runtime
	need kernel 5.12
	mkdir src
	mount -t tmpfs tmpfs src
	mkdir src/sub
	mount -t tmpfs -o noatime,nodiratime tmpfs src/sub
	"$PROBE" true
	sub() {
		bundle args='/probe mount /m/sub' mounts+="{\"destination\":\"/m\",\"source\":\"$PWD/src\",\"options\":[\"rbind\",$1]}"
		rt_ok run -b b "$id"
		flags=$(echo "$out" | cut -d' ' -f3)
	}
	sub '"rbind"'
	like ",$flags," ,noatime,
	like ",$flags," ,nodiratime,
	sub '"ratime"'
	unlike ",$flags," ,noatime,
	sub '"rdiratime"'
	unlike ",$flags," ,nodiratime,
	sub '"rnorelatime"'
	unlike ",$flags," ,relatime,
	mount -o remount,bind,strictatime src/sub
	sub '"rnostrictatime"'
	like ",$flags," ,relatime,
	sub '"rnosymfollow"'
	like ",$flags," ,nosymfollow,
	sub '"rnosymfollow","rsymfollow"'
	unlike ",$flags," ,nosymfollow,
	umount src/sub src
}

run_tests
