#!/bin/sh
# labels.t - process.apparmorProfile and process.selinuxLabel.  Most kernels of distributions have AppArmor.
. "${0%/*}/lib.sh"

# profile: loads "runtime-test", which allows everything but to write /denied
profile() {
	need root
	need runtime
	grep -q Y /sys/module/apparmor/parameters/enabled 2>/dev/null || skip 'needs a kernel with AppArmor'
	mkdir -p sec
	mount -t securityfs securityfs sec || skip 'needs securityfs'
	grep -v '^#' "$TESTS/data/apparmor-profile" | base64 -d | gunzip >sec/apparmor/.replace || loaded=no
	umount sec
	[ "${loaded:-}" != no ] || skip 'needs AppArmor of ABI 3.0'
}
confined='process.apparmorProfile=runtime-test'

test_apparmor_profile_is_in_force() {
	profile
	bundle args='/probe label' $confined
	rt_ok run -b b "$id"
	is "$out" 'runtime-test (enforce)'
	bundle args='/probe touch /denied' $confined root.readonly=false
	rt run -b b "$id"
	is "$status" 1
	has "$out" EACCES
	bundle args='/probe touch /denied' root.readonly=false
	rt_ok run -b b "$id"
	bundle args='/probe label'
	rt_ok run -b b "$id"
	is "$out" unconfined
}

test_apparmor_profile_of_exec() {
	profile
	bundle args='/probe sleep' $confined
	rt_ok run -d -b b "$id"
	is "$(in_ct "$id" /probe label)" 'runtime-test (enforce)'
	rt_ok exec --apparmor unconfined "$id" /probe label
	is "$out" unconfined
	printf '{"cwd":"/","args":["/probe","label"]}' >p.json
	rt_ok exec --process p.json "$id"
	is "$out" 'runtime-test (enforce)' "else the container's"
	delete_all
}

test_apparmor_profile_with_everything_else() {
	profile
	map='[{"containerID":0,"hostID":100000,"size":65536}]'
	filter='linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getpid"],"action":"SCMP_ACT_ERRNO"}]}'
	for n in true false; do
		bundle args='/probe label' $confined "$filter" process.noNewPrivileges=$n process.user.uid=1000
		rt_ok run -b b "$id"
		is "$out" 'runtime-test (enforce)' "noNewPrivileges $n"
		bundle args='/probe label' $confined process.noNewPrivileges=$n linux.namespaces+='{"type":"user"}' "linux.uidMappings=$map" "linux.gidMappings=$map"
		rt_ok run -b b "$id"
		is "$out" 'runtime-test (enforce)' "user namespace, noNewPrivileges $n"
	done
}

test_apparmor_profile_that_is_not_loaded() {
	profile
	bundle args='/probe true' process.apparmorProfile=no-such-profile
	rt_fails run -b b "$id"
	is "$err" 'runtime: process.apparmorProfile no-such-profile: write `/proc/thread-self/attr/apparmor/exec` (no such profile): no such file or directory'
	is "$(status_of "$id")" gone
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	rt exec --apparmor no-such-profile "$id" /probe true
	is "$status" 255
	has "$err" 'process.apparmorProfile no-such-profile'
	delete_all
}

run_tests
