#!/bin/sh
# engine-errors.t - what engines make of our errors: each text goes through their rules (data/engine-errors), and the
# words that stand for one cause are in the texts of that cause only.
. "${0%/*}/lib.sh"

# runc before 1.2 calls a directory "permission denied"; podman's exit status is 126 either way
directory=error
case $("$RT" --version) in *'spec: 1.0'* | *'version 1.1.'*) [ "$RT_NAME" != runc ] || directory=126 ;; esac

# reads ENGINE OPERATION TEXT: the result of the first rule that matches
reads() {
	local engine operation pattern result
	while IFS="$(printf '\t')" read -r engine operation pattern result; do
		[ "$engine $operation" = "$1 $2" ] || continue
		if printf '%s\n' "$3" | grep -Eq -e "$pattern"; then
			echo "$result"
			return
		fi
	done <"$TESTS/data/engine-errors"
	echo none
}

# read_as OPERATION ENGINE=RESULT...: how the engines read $err of the last call, and the log of it
read_as() {
	local operation="$1" text
	shift
	isnt "$status" 0 'it fails'
	text=$err
	[ ! -s log ] || text=$(tail -n 1 log | json get msg)
	for r; do is "$(reads "${r%%=*}" "$operation" "$text")" "${r#*=}" "${r%%=*}: $text"; done
	rm -f log
}

# create_is RESULT-OF-DOCKER RESULT-OF-PODMAN EDIT...: of a create that fails
create_is() {
	local docker="$1" podman="$2"
	shift 2
	bundle "$@"
	rt --log "$PWD/log" --log-format json create -b b "$id"
	read_as create docker="$docker" podman="$podman"
}

test_the_rules_are_well_formed() {
	is "$(grep -v '^#' "$TESTS/data/engine-errors" | awk -F '\t' 'NF != 4' | wc -l)" 0 'four columns'
	is "$(reads docker create 'exec: "a": executable file not found in $PATH')" 127
	is "$(reads docker create 'frobnicated')" 128
	is "$(reads nobody create x)" none
}

test_program_that_is_missing() {
	need root
	create_is 127 127 args=nosuch
	create_is 127 127 args=/nosuch
	create_is 127 127 args=/nosuch/dir/x
}

test_program_that_cannot_run() {
	need root
	create_is 126 126 args=/etc/passwd
	create_is 126 $directory args=/etc
	create_is 127 error args=/etc/passwd/x
}

test_the_program_is_named() {
	need root
	for p in nosuch /nosuch /etc/passwd /etc; do
		create_is "$([ "$p" = nosuch ] || [ "$p" = /nosuch ] && echo 127 || echo 126)" \
			"$(case $p in /etc) echo $directory ;; /etc/passwd) echo 126 ;; *) echo 127 ;; esac)" args=$p
		has "$err" "$p" 'Docker looks for the name beside the reason'
	done
}

# Nothing of these is about the program: no engine may say that a command was not found or may not run.
test_configuration_that_is_wrong() {
	need root
	need runtime
	create_is 128 error linux.namespaces.0.type=foo
	create_is 128 error process.args-
	create_is 128 error process.cwd=relative
	create_is 128 error 'process.rlimits+={"type":"RLIMIT_FOO","soft":1,"hard":1}'
	create_is 128 error 'linux.sysctl={"kernel.panic":"1"}'
	create_is 128 error 'linux.seccomp={"defaultAction":"SCMP_ACT_FOO"}'
	create_is 128 error ociVersion=9.0.0
	create_is 128 error 'mounts+={"destination":"/x","type":"nosuchfs","source":"none"}' root.readonly=false
	create_is 128 error 'hooks={"createRuntime":[{"path":"/bin/false"}]}'
	create_is 128 error 'linux.uidMappings=[{"containerID":0,"hostID":0,"size":0}]'
	create_is 128 error 'linux.resources={"unified":{"no.such.file":"1"}}'
	echo '{' >b/config.json
	rt create -b b "$id"
	read_as create docker=128 podman=error
}

test_create_that_is_refused() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt create -b b "$id"
	read_as create docker=128 podman=error
	rt create -b b ../x
	read_as create docker=128 podman=error
	rm b/config.json
	rt create -b b "$id2"
	read_as create docker=128 podman=error
	rt create --frobnicate "$id2"
	read_as create docker=128 podman=error
	rt_ok delete --force "$id"
}

test_file_of_a_mount_that_is_missing() {
	need root
	create_is 127 127 'mounts+={"destination":"/tmp","type":"bind","source":"/nosuch","options":["bind"]}'
	has "$err" /nosuch
	lacks "$err" 'executable file'
}

test_exec() {
	need root
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	for p in nosuch=127:127 /nosuch=127:127 /etc/passwd=126:126 /etc=126:$directory; do
		r=${p#*=}
		rt --log "$PWD/log" --log-format json exec -d --pid-file p "$id" "${p%%=*}"
		read_as create docker="${r%:*}" podman="${r#*:}"
		fails test -e p
	done
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	rt exec "$id" /probe true
	[ "$RT_NAME" != runtime ] || read_as create docker=128 podman=error
	rt_ok delete "$id"
}

test_kill() {
	need root
	rt kill "$id" KILL
	read_as kill containerd=no-container cri-o=error
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	rt kill "$id" NOSUCH
	read_as kill containerd=error cri-o=error
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	rt kill "$id" KILL
	read_as kill containerd=not-found cri-o=not-found
	rt_ok delete "$id"
}

test_delete() {
	need root
	rt delete "$id"
	read_as delete containerd=fine
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	rt delete "$id"
	read_as delete containerd=error
	is "$(status_of "$id")" running 'and it was not deleted'
	rt delete --frobnicate "$id"
	read_as delete containerd=error
	rt_ok delete --force "$id"
	rt delete "$id"
	read_as delete containerd=fine
}

# A state that cannot be read is not a container that is gone.
test_damaged_state() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	cp "$STATE/$id/state.json" saved
	echo '{' >"$STATE/$id/state.json"
	rt delete "$id"
	read_as delete containerd=error
	rt state "$id"
	read_as state containerd=error
	rt kill "$id" KILL
	read_as kill containerd=error cri-o=error
	cp saved "$STATE/$id/state.json"
	rt_ok delete --force "$id"
}

test_state() {
	rt state "$id"
	read_as state containerd=no-container
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt resume "$id"
	read_as state containerd=error
	rt_ok start "$id"
	rt start "$id"
	read_as state containerd=error
	rt_ok delete --force "$id"
}

test_probe_of_an_option() {
	need runtime
	rt restore --lsm-mount-context
	read_as probe podman=known
	rt restore --no-such-option
	read_as probe podman=unknown
}

run_tests
