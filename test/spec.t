#!/bin/sh
# spec.t - "spec" writes a config.json that runs as it is.
. "${0%/*}/lib.sh"

test_spec_writes_config_in_current_directory() {
	rt_ok spec
	is "$out$err" '' 'silent'
	ok json check config.json
	is "$(json get process.args config.json)" '["sh"]'
	is "$(json get process.terminal config.json)" true
	is "$(json get root.path config.json)" rootfs
	is "$(json get root.readonly config.json)" true
	is "$(json get process.cwd config.json)" /
}

test_spec_bundle_option_names_the_directory() {
	mkdir one two
	rt_ok spec --bundle one
	ok json check one/config.json
	rt_ok spec -b two
	ok cmp one/config.json two/config.json
	fails test -e config.json
}

test_spec_missing_bundle_directory_is_an_error() {
	rt_fails spec --bundle nowhere
	is "$status" 1
	has "$err" 'no such file or directory'
	fails test -e nowhere
}

test_spec_does_not_overwrite() {
	echo mine >config.json
	rt_fails spec
	is "$status" 1
	like "$err" 'config\.json.* exists'
	is "$(cat config.json)" mine 'the file is untouched'
}

test_spec_refuses_an_argument() {
	need runtime
	rt_fails spec extra
	is "$status" 1
	fails test -e config.json
}

test_spec_version_is_that_of_the_program() {
	need runtime
	rt_ok spec
	is "$(json get ociVersion config.json)" 1.3.0
}

test_spec_defaults_are_tight() {
	rt_ok spec
	is "$(json get process.noNewPrivileges config.json)" true
	for set in bounding effective permitted; do
		is "$(json get process.capabilities.$set config.json)" \
			'["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]' "$set"
	done
	fails json get process.capabilities.inheritable.0 config.json
	is "$(json get 'linux.resources.devices.0' config.json)" '{"allow":false,"access":"rwm"}'
	like "$(json get linux.maskedPaths config.json)" '"/proc/kcore"'
	like "$(json get linux.readonlyPaths config.json)" '"/proc/sysrq-trigger"'
	is "$(json get process.rlimits.0.type config.json)" RLIMIT_NOFILE
}

test_spec_has_every_namespace_a_container_needs() {
	rt_ok spec
	for t in pid network ipc uts mount; do
		ok json get "linux.namespaces.[type=$t]" config.json
	done
	fails json get 'linux.namespaces.[type=user]' config.json
}

test_spec_runs_as_it_is() {
	need root
	bundle
	rm b/config.json
	rt_ok spec -b b
	edit b/config.json process.terminal=false args='/probe id'
	rt_ok run -b b "$id"
	like "$out" '^uid=0 gid=0 '
}

test_spec_rootless_maps_the_caller_to_root() {
	mkdir u
	chmod 777 u
	if have root; then as='asuser 1234 2345'; else as='deadline 30'; fi
	# shellcheck disable=SC2086 # words on purpose
	ok "$PROBE" $as "$RT" --root "$PWD/u/state" spec --rootless -b u
	is "$(json len linux.uidMappings u/config.json)" 1
	is "$(json get linux.uidMappings.0.containerID u/config.json)" 0
	is "$(json get linux.gidMappings.0.containerID u/config.json)" 0
	is "$(json get linux.uidMappings.0.size u/config.json)" 1
	if have root; then
		is "$(json get linux.uidMappings.0.hostID u/config.json)" 1234
		is "$(json get linux.gidMappings.0.hostID u/config.json)" 2345
	else
		is "$(json get linux.uidMappings.0.hostID u/config.json)" "$(id -u)"
	fi
	ok json get 'linux.namespaces.[type=user]' u/config.json
	fails json get 'linux.namespaces.[type=network]' u/config.json
	fails json get linux.resources.devices u/config.json
}

test_spec_rootless_runs_as_it_is() {
	need root
	need userns
	bundle
	rm b/config.json
	rt_ok spec --rootless -b b
	edit b/config.json process.terminal=false args='/probe id'
	rt_ok run -b b "$id"
	like "$out" '^uid=0 gid=0 '
}

run_tests
