#!/bin/sh
# check.t - `check`: what the kernel offers, what a bundle needs.
. "${0%/*}/lib.sh"

# row NAME: its line of the last output; field N LINE: a column (columns are three blanks apart)
row() { printf '%s\n' "$out" | grep "^$1   "; }
field() { printf '%s\n' "$2" | sed 's/   */\t/g' | cut -f "$1"; }

# what leaves traces: mounts, namespaces of this shell
traces() {
	"$PROBE" mounts
	ls -l /proc/self/ns | sed 's/.*-> //'
}

test_every_feature_has_a_row() {
	need runtime
	rt check
	for name in 'mount namespace' 'user namespace' 'time namespace' openat2 clone3 'clone3 into a cgroup' mount_setattr \
		fsopen close_range pidfd_open 'setns by pidfd' 'id-mapped mounts' tmpfs devpts mqueue overlay cgroup2 'cgroup2 mounted' \
		'controller memory' 'controller pids' 'device programs' 'seccomp filter' keyring AppArmor SELinux; do
		like "$(field 2 "$(row "$name")")" '^(yes|no)$' "$name"
	done
	like "$(row 'controller memory')" ' CONFIG_MEMCG '
	like "$(row 'user namespace')" ' CONFIG_USER_NS '
}

test_a_default_container_can_run_where_tests_run() {
	need root
	need runtime
	rt_ok check
	has "$out" 'A default container can run here.'
	is "$(printf '%s\n' "$out" | sed 's/   */\t/g' | awk -F '\t' '$2 == "no" && $3 == "yes"')" '' 'needed and missing'
}

test_agrees_with_the_kernel() {
	need root
	need runtime
	rt_ok check
	for fs in overlay mqueue devpts tmpfs; do
		! grep -qw $fs /proc/filesystems || is "$(field 2 "$(row $fs)")" yes $fs
	done
	for c in memory cpu cpuset pids hugetlb rdma; do
		if grep -qw $c "$CGROUP/cgroup.controllers"; then want=yes; else want=no; fi
		is "$(field 2 "$(row "controller $c")")" $want "controller $c"
	done
}

test_leaves_no_trace() {
	need root
	need runtime
	traces >before
	rt_ok check
	bundle 'linux.sysctl={"kernel.msgmax":"4096"}'
	rt check --bundle b
	traces >after
	is "$(cat after)" "$(cat before)"
	isnt "$(cat /proc/sys/kernel/msgmax)" 4096
	is "$(ls b/rootfs)" "$(bundle -d c >/dev/null; ls c/rootfs)" 'the root file system is as it was'
}

test_json() {
	need root
	need runtime
	rt_ok check --format json
	printf '%s\n' "$out" >json
	is "$(json get runs json)" true
	is "$(json get 'checks.[name=open_tree].available' json)" true
	is "$(json get 'checks.[name=open_tree].needed' json)" true
	is "$(json get 'checks.[name=AppArmor].kernel' json)" CONFIG_SECURITY_APPARMOR
	n=$(json len checks json)
	rt_ok check -f table
	is "$(printf '%s\n' "$out" | wc -l)" $((n + 2)) 'as many rows, a head and a last line'
}

test_unknown_format() {
	need runtime
	rt check --format xml
	is "$status" 1
	has "$err" 'invalid format option'
}

test_an_ordinary_user_is_asked_for_other_things() {
	need root
	need userns
	need runtime
	"$PROBE" asuser 1000 1000 test -x "$RT" || skip 'needs a runtime that a user can reach'
	out=$("$PROBE" asuser 1000 1000 "$RT" check 2>err)
	is $? 0
	is "$(field 3 "$(row 'user namespace')")" yes 'the user namespace is needed'
	is "$(field 3 "$(row 'device programs')")" no 'device programs are not'
	is "$(field 2 "$(row tmpfs)")" yes 'tmpfs can be mounted in a user namespace'
}

# in_poor_kernel SYSCALL ARGS...: the output of "check ARGS" where SYSCALL does not exist
in_poor_kernel() {
	local call="$1"
	shift
	bundle args="/rt check $*" 'process.noNewPrivileges=true' \
		'process.capabilities={"bounding":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"]}' \
		"linux.seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"$call\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38}]}"
	cp "$RT" b/rootfs/rt
	rt run -b b "$id"
}

test_a_kernel_without_an_essential_call() {
	need root
	need runtime
	in_poor_kernel pidfd_open
	is "$status" 1
	is "$(field 2 "$(row pidfd_open)") $(field 3 "$(row pidfd_open)")" 'no yes'
	has "$(row pidfd_open)" 'Linux 5.3'
	has "$(row pidfd_open)" 'function not implemented'
	has "$out" 'A default container cannot run here.'
}

test_a_kernel_without_a_call_that_has_a_substitute() {
	need root
	need runtime
	for call in close_range openat2 clone3 mount_setattr; do
		in_poor_kernel $call
		is "$(field 2 "$(row $call)") $(field 3 "$(row $call)")" 'no no' "$call"
		is "$(field 2 "$(row open_tree)")" yes
		has "$out" 'A default container can run here.'
	done
	in_poor_kernel keyctl
	is "$(field 2 "$(row keyring)")" no
}

# ---- a bundle -------------------------------------------------------------------------------

# missing FIELD TEXT: check --bundle says that FIELD of b cannot be had, because of TEXT
missing() {
	rt check --bundle b
	is "$status" 1 "status: $1"
	is "$err" ''
	is "$(printf '%s\n' "$out" | sed 's/   */\t/g' | awk -F '\t' '$2 == "no" { print $1 }')" "$1" 'the only field that is missing'
	has "$out" "$2"
	has "$out" 'This container cannot run here.'
}

test_bundle_that_runs() {
	need root
	need runtime
	bundle
	rt_ok check --bundle b
	has "$out" 'This container can run here.'
	is "$(field 2 "$(row 'mounts\[0\].type')")" yes
	is "$(field 2 "$(row 'linux.namespaces\[0\]')")" yes
	is "$(field 2 "$(row root.path)")" yes
	(cd b && rt_ok check -b .)
}

test_bundle_with_an_unknown_file_system() {
	need root
	need runtime
	bundle 'mounts+={"destination":"/x","type":"nosuchfs","source":"x"}'
	missing "mounts[$(($(json len mounts b/config.json) - 1))].type" 'no such device'
}

test_bundle_without_a_bind_source() {
	need root
	need runtime
	bundle 'mounts+={"destination":"/x","type":"bind","source":"gone","options":["bind"]}'
	missing "mounts[$(($(json len mounts b/config.json) - 1))].source" "$PWD/b/gone: no such file or directory"
	mkdir b/gone
	rt_ok check --bundle b
}

test_bundle_without_rootfs() {
	need root
	need runtime
	bundle root.path=elsewhere
	missing root.path 'elsewhere: no such file or directory'
}

test_bundle_with_a_limit_that_has_no_controller() {
	need root
	need runtime
	bundle 'linux.resources.unified={"nosuch.max":"1"}'
	missing 'linux.resources.unified[nosuch.max]' 'not in cgroup.controllers'
	have controller memory && return
	bundle linux.resources.memory.limit=100000000
	missing linux.resources.memory.limit CONFIG_MEMCG
}

test_bundle_with_a_limit_that_has_one() {
	need root
	need runtime
	need controller hugetlb
	bundle 'linux.resources.hugepageLimits=[{"pageSize":"2MB","limit":0}]'
	rt_ok check --bundle b
	is "$(field 2 "$(row linux.resources.hugepageLimits)")" yes
}

test_bundle_with_a_label() {
	need root
	need runtime
	[ ! -d /sys/module/apparmor ] || skip 'needs a kernel without AppArmor'
	bundle process.apparmorProfile=some
	missing process 'process.apparmorProfile: AppArmor is not enabled on this host'
}

test_bundle_with_a_missing_hook() {
	need root
	need runtime
	bundle 'hooks={"prestart":[{"path":"/no/such/hook"}]}'
	missing 'hooks.prestart[0].path' '/no/such/hook: no such file or directory'
}

test_bundle_with_a_missing_namespace() {
	need root
	need runtime
	bundle 'linux.namespaces.[type=network].path=/no/such/net'
	missing "linux.namespaces[$(json get linux.namespaces b/config.json | grep -o '"type":"[a-z]*"' | grep -n network | cut -d: -f1 | awk '{ print $1 - 1 }')].path" \
		'/no/such/net: no such file or directory'
}

test_bundle_with_an_unknown_sysctl() {
	need root
	need runtime
	bundle 'linux.sysctl={"net.ipv4.no_such_thing":"1"}'
	missing linux.sysctl 'linux.sysctl: net.ipv4.no_such_thing=1: no such file or directory'
}

test_bundle_with_a_missing_network_device() {
	need root
	need runtime
	bundle 'linux.netDevices={"nosuch0":{}}'
	missing linux.netDevices.nosuch0 'no such device'
}

test_bundle_with_intelrdt_where_there_is_none() {
	need root
	need runtime
	grep -q ' resctrl ' /proc/mounts && skip 'needs a machine without resctrl'
	bundle 'linux.intelRdt={}'
	missing linux.intelRdt 'no resctrl file system is mounted'
}

test_bundle_with_an_error() {
	need root
	need runtime
	bundle 'hostname=5'
	rt check --bundle b
	is "$status" 1
	is "$err" 'runtime: config.json: hostname: expected a string, found a number'
	is "$out" ''
	rt check --bundle nowhere
	is "$status" 1
	is "$err" 'runtime: bundle nowhere: no such file or directory'
}

test_bundle_json() {
	need root
	need runtime
	bundle root.path=elsewhere
	rt check --bundle b --format json
	is "$status" 1
	printf '%s\n' "$out" >json
	is "$(json get runs json)" false
	is "$(json get 'checks.[name=root.path].available' json)" false
	like "$(json get 'checks.[name=root.path].reason' json)" 'no such file or directory'
}

test_bundle_with_binds_that_need_no_source() {
	need root
	need runtime
	ln -s nowhere dangling
	bundle "mounts+={\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"$PWD/dangling\",\"options\":[\"copy-symlink\",\"bind\"]}" \
		"mounts+={\"destination\":\"/b\",\"type\":\"bind\",\"source\":\"$PWD/gone\",\"options\":[\"bind\",\"nofail\"]}"
	rt check --bundle b
	unlike "$out" 'mounts.*source +no'
	ok [ -n "$out" ]
}

run_tests
