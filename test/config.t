#!/bin/sh
# config.t - config.json: syntax, required fields, types, unknown and unsupported fields, versions.
# Our own texts are checked to the letter; other runtimes only have to accept and refuse alike.
. "${0%/*}/lib.sh"

ours() { [ "$RT_NAME" = runtime ]; }

# raw TEXT: a bundle whose config.json is this text (printf's escapes)
raw() {
	bundle
	printf "$1" >b/config.json
}

# refuses MESSAGE [EDIT...]: run fails with exactly this message about config.json
refuses() {
	want=$1
	shift
	[ $# = 0 ] || bundle "$@"
	rt_fails run -b b "$id"
	! ours || is "$err" "runtime: config.json: $want"
	is "$out" ''
}

# accepts [EDIT...]
accepts() {
	bundle "$@"
	rt_ok run -b b "$id"
	like "$out" '^uid=0 '
}

# ---- the file -----------------------------------------------------------------------------------

test_missing_file() {
	need root
	mkdir -p b/rootfs
	rt_fails run -b b "$id"
	has "$err" 'config.json'
	! ours || like "$err" '^runtime: JSON specification file config.json not found'
}

test_missing_bundle() {
	need root
	rt_fails run -b nosuch "$id"
	has "$err" 'no such file or directory'
	has "$err" nosuch
}

test_file_that_is_a_directory() {
	need root
	mkdir -p b/rootfs b/config.json
	rt_fails run -b b "$id"
	has "$err" 'is a directory'
}

test_empty_file() { need root; raw ''; refuses 'line 1, column 1: the text is empty'; }
test_cut_off() { need root; raw '{"ociVersion":"1.0.2",\n"process":{'; refuses 'line 2, column 12: unexpected end of the text'; }
test_broken() { need root; raw '{]\n'; refuses "line 1, column 2: expected a key in double quotes or '}'"; }
test_position() { need root; raw '{\n\t"ociVersion": "1.0.2",\n\t"root": { "path": rootfs }\n}\n'; refuses 'line 3, column 20: unknown word: expected true, false or null'; }
test_trailing_comma() { need root; raw '{"a":1,\n}'; refuses "line 2, column 1: expected a key in double quotes after ','"; }
test_trailing_text() { need root; raw '{} {}'; refuses 'line 1, column 4: unexpected text after the value'; }
test_comment() { need root; raw '{\n// no\n}'; refuses 'line 2, column 1: comments are not allowed'; }
test_nul() { need root; raw '{"ociVersion":"1.0.\\u00002"}'; refuses 'line 1, column 20: a string may not contain NUL'; }

test_bad_utf8() {
	need root
	need runtime		# Go replaces the bytes
	raw '{"ociVersion":"\377"}'
	refuses 'line 1, column 16: invalid UTF-8 in a string'
}

test_duplicate_key() {
	need root
	need runtime		# Go takes the last
	raw '{"ociVersion":"1.0.2",\n"ociVersion":"1.0.2"}'
	rt_fails run -b b "$id"
	like "$err" '^runtime: config.json: line 2, column 1: duplicate key.*ociVersion'
}

test_deep_nesting() {
	need root
	i=0
	deep=
	while [ $i -lt 5000 ]; do deep="${deep}[[[[[[[[[["; i=$((i + 10)); done
	raw "{\"x\":$deep"
	rt_fails run -b b "$id"
	! ours || like "$err" '^runtime: config.json: line 1, column [0-9]+: '
}

test_not_an_object() {
	need root
	raw '[]'
	refuses 'expected an object, found an array'
	raw '"x"'
	refuses 'expected an object, found a string'
	raw 'null'
	rt_fails run -b b "$id"
}

test_escapes() {
	need root
	bundle args='/probe hostname'
	sed 's/"box"/"\\u0062\\u006fx-\\u0031"/' b/config.json >new
	mv new b/config.json
	rt_ok run -b b "$id"
	is "$out" box-1
}

test_white_space_and_order_do_not_matter() {
	need root
	bundle
	tr -d ' \t\n' <b/config.json | sed 's/,"linux":/,\n\n\r\t "linux"  :  /' >new
	mv new b/config.json
	rt_ok run -b b "$id"
	like "$out" '^uid=0 '
}

test_large_file() {
	need root
	bundle
	big=$(head -c 60000 /dev/zero | tr '\0' x)
	{ printf '{"annotations":{"a0":"%s"' "$big"; i=1; while [ $i -lt 40 ]; do printf ',"a%d":"%s"' $i "$big"; i=$((i + 1)); done; printf '},'; cut -c2- b/config.json; } >new
	mv new b/config.json
	rt_ok run -b b "$id"
	like "$out" '^uid=0 '
}

test_nothing_is_left_of_a_refused_one() {
	need root
	raw '{'
	rt_fails create -b b "$id"
	is "$(ls "$STATE" 2>/dev/null)" ''
	is "$(status_of "$id")" gone
}

# ---- good ones ----------------------------------------------------------------------------------

test_smallest() {
	need root
	need runtime		# runc 1.1 wants a /proc
	bundle
	printf '{"ociVersion":"1.0.0","root":{"path":"rootfs"},"process":{"cwd":"/","args":["/probe","cwd"],"user":{"uid":0,"gid":0}},"linux":{"namespaces":[{"type":"mount"}]}}' >b/config.json
	rt_ok run -b b "$id"
	is "$out" /
}

test_empty_parts() {
	need root
	accepts hooks={} annotations={} linux.sysctl={} linux.devices=[] linux.resources={} linux.timeOffsets={} process.rlimits=[] \
		'process.user.additionalGids=[]' linux.uidMappings=[] linux.gidMappings=[]
}

test_null_is_like_absent() {
	need root
	accepts hooks=null annotations=null linux.sysctl=null linux.devices=null linux.resources=null linux.seccomp=null process.rlimits=null \
		process.oomScoreAdj=null process.selinuxLabel=null hostname=null domainname=null linux.uidMappings=null
}

test_unknown_fields_are_ignored() {
	need root
	accepts newThing=1 'other={"a":[1,{"b":null}]}' process.newThing=x process.user.newThing=x root.newThing=true linux.newThing=[] \
		mounts.0.newThing=x linux.namespaces.0.newThing=x linux.resources.newThing={} linux.resources.memory.newThing=1 \
		linux.resources.devices.0.newThing=1 hooks.newThing=[] process.capabilities.newThing=[] process.rlimits.0.newThing=0
	ours && is "$err" '' 'without a word'
}

test_unused_parts_of_other_platforms() {
	need root
	accepts process.commandLine=x process.user.username=me
}

test_annotations() {
	need root
	bundle args='/probe sleep' 'annotations={"com.example.key":"value","empty":"","x y":"\u00fc\n"}'
	rt_ok create -b b "$id"
	rt_ok state "$id"
	is "$(printf '%s' "$out" | json get 'annotations.[com.example.key]')" value
	is "$(printf '%s' "$out" | json get 'annotations.[empty]')" ''
	is "$(printf '%s' "$out" | json get 'annotations.[x y]')" 'ü'
	delete_all
}

test_annotation_keys_may_not_be_empty() { need root; need runtime; bundle; edit b/config.json 'annotations={"":"x"}'; rt_fails run -b b "$id"; is "$err" 'runtime: config.json: annotations: a key may not be empty'; }
test_annotation_values_may_be_empty() { need root; accepts 'annotations={"a.b":""}'; }
test_annotation_values_are_strings() { need root; refuses 'annotations.a: expected a string, found a number' 'annotations={"a":1}'; }
test_labels_may_be_empty() { need root; accepts 'process.apparmorProfile=""' 'process.selinuxLabel=""' 'linux.mountLabel=""' 'linux.cgroupsPath=""'; }

# ---- version ------------------------------------------------------------------------------------

test_versions() {
	need root
	for v in 1.0.0 1.0.2 1.0.2-dev 1.1.0 1.2.1 1.3.0 1.3.0+dev 1.0.0-rc5 1.99.7; do accepts ociVersion=$v; done
}

test_version_is_required() {
	need root
	need runtime		# runc does not look at it
	refuses 'ociVersion is required' ociVersion-
}

test_version_is_semantic() {
	need root
	need runtime
	for v in '' 1 1.0 one v1.0.0 1.0.x ' 1.0.0' 1.0.0.0 -1.0.0 1.0.0x; do
		refuses "ociVersion: \"$v\" is not a semantic version" "ociVersion=\"$v\""
	done
}

test_other_major_versions_are_refused() {
	need root
	need runtime
	refuses 'ociVersion: 2.0.0 is not supported, only 1.x' ociVersion=2.0.0
	refuses 'ociVersion: 10.0.0 is not supported, only 1.x' ociVersion=10.0.0
}

# ---- required -----------------------------------------------------------------------------------

test_root_is_required() { need root; refuses 'root: is required' root-; }
test_root_path_is_required() { need root; need runtime; refuses 'root: path is required' root={}; }
test_cwd_is_required() { need root; refuses 'process: cwd is required' process.cwd-; }
test_args_are_required() { need root; refuses 'process.args: must not be empty' process.args-; }
test_args_may_not_be_empty() { need root; refuses 'process.args: must not be empty' process.args=[]; }
test_namespace_type_is_required() { need root; refuses 'linux.namespaces[0]: type is required' linux.namespaces='[{}]'; }
test_mount_destination_is_required() { need root; need runtime; refuses 'mounts[7]: destination is required' mounts+='{"type":"tmpfs"}'; }
test_rlimit_type_is_required() { need root; refuses 'process.rlimits[0]: type is required' process.rlimits='[{"soft":1,"hard":1}]'; }
test_rlimit_soft_is_required() { need root; need runtime; refuses 'process.rlimits[0]: soft is required' process.rlimits='[{"type":"RLIMIT_CORE","hard":1}]'; }
test_rlimit_hard_is_required() { need root; need runtime; refuses 'process.rlimits[0]: hard is required' process.rlimits='[{"type":"RLIMIT_CORE","soft":0}]'; }
test_device_path_is_required() { need root; need runtime; refuses 'linux.devices[0]: path is required' linux.devices='[{"type":"c","major":1,"minor":3}]'; }
test_device_type_is_required() { need root; refuses 'linux.devices[0]: type is required' linux.devices='[{"path":"/dev/x","major":1,"minor":3}]'; }
test_rule_allow_is_required() { need root; need runtime; refuses 'linux.resources.devices[0]: allow is required' linux.resources.devices='[{"access":"rwm"}]'; }
test_hook_path_is_required() { need root; need runtime; refuses 'hooks.prestart[0]: path is required' hooks.prestart='[{"args":["x"]}]'; }
test_hugepage_size_is_required() { need root; refuses 'linux.resources.hugepageLimits[0]: pageSize is required' linux.resources.hugepageLimits='[{"limit":0}]'; }
test_hugepage_limit_is_required() { need root; need runtime; refuses 'linux.resources.hugepageLimits[0]: limit is required' linux.resources.hugepageLimits='[{"pageSize":"2MB"}]'; }
test_pids_limit_is_required() { need root; need runtime; refuses 'linux.resources.pids: limit is required' linux.resources.pids={}; }
test_seccomp_action_is_required() { need root; refuses 'linux.seccomp.syscalls[0]: action is required' linux.seccomp='{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getpid"]}]}'; }
test_seccomp_names_are_required() { need root; need runtime; refuses 'linux.seccomp.syscalls[0]: names is required' linux.seccomp='{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ERRNO"}]}'; }
test_console_size_is_whole() { need root; need runtime; refuses 'process.consoleSize: width is required' process.consoleSize='{"height":5}'; }

test_mapping_fields_are_required() {
	need root
	need runtime
	for f in containerID hostID size; do
		m='{"containerID":0,"hostID":0,"size":1}'
		bundle linux.namespaces+='{"type":"user"}' "linux.uidMappings=[$m]" "linux.gidMappings=[$m]"
		edit b/config.json "linux.uidMappings.0.$f-"
		refuses "linux.uidMappings[0]: $f is required"
	done
}

# ---- types --------------------------------------------------------------------------------------

LS='expected an array of strings, found' S='expected a string, found' N='expected an integer, found' B='expected a boolean, found' L='expected an array, found' O='expected an object, found'

test_type_of_version() { need root; refuses "ociVersion: $S a number" ociVersion=1; }
test_type_of_process() { need root; refuses "process: $O an array" process=[]; }
test_type_of_root() { need root; refuses "root: $O a string" root=rootfs; }
test_type_of_root_path() { need root; refuses "root.path: $S a boolean" root.path=true; }
test_type_of_readonly() { need root; refuses "root.readonly: $B a string" 'root.readonly="true"'; }
test_type_of_hostname() { need root; refuses "hostname: $S an object" hostname={}; }
test_type_of_terminal() { need root; refuses "process.terminal: $B a number" process.terminal=1; }
test_type_of_cwd() { need root; refuses "process.cwd: $S an array" process.cwd=[]; }
test_type_of_args() { need root; refuses "process.args: $LS an object" process.args={}; }
test_type_of_an_arg() { need root; refuses "process.args[1]: $S a number" 'process.args=["/probe",1]'; }
test_type_of_a_variable() { need root; refuses "process.env[0]: $S a boolean" process.env=[true]; }
test_type_of_uid() { need root; refuses "process.user.uid: $N a string" 'process.user.uid="0"'; }
test_type_of_gids() { need root; refuses "process.user.additionalGids[0]: $N a string" 'process.user.additionalGids=["0"]'; }
test_type_of_capabilities() { need root; refuses "process.capabilities: $O an array" 'process.capabilities=["CAP_KILL"]'; }
test_type_of_a_capability() { need root; refuses "process.capabilities.bounding[0]: $S a number" 'process.capabilities.bounding=[1]'; }
test_type_of_rlimits() { need root; refuses "process.rlimits: $L an object" process.rlimits={}; }
test_type_of_a_limit() { need root; refuses "process.rlimits[0].soft: $N a string" 'process.rlimits=[{"type":"RLIMIT_CORE","soft":"1","hard":1}]'; }
test_type_of_oom_score() { need root; refuses "process.oomScoreAdj: $N a string" 'process.oomScoreAdj="1"'; }
test_type_of_no_new_privileges() { need root; refuses "process.noNewPrivileges: $B a string" 'process.noNewPrivileges="no"'; }
test_type_of_mounts() { need root; refuses "mounts: $L an object" mounts={}; }
test_type_of_a_mount() { need root; refuses "mounts[0]: $O a string" 'mounts=["x"]'; }
test_type_of_options() { need root; refuses "mounts[1].options: $LS a string" mounts.1.options=ro; }
test_type_of_an_option() { need root; refuses "mounts[1].options[0]: $S a number" mounts.1.options=[7]; }
test_type_of_hooks() { need root; refuses "hooks: $O an array" hooks=[]; }
test_type_of_hook_list() { need root; refuses "hooks.poststop: $L an object" hooks.poststop={}; }
test_type_of_hook_timeout() { need root; refuses "hooks.poststop[0].timeout: $N a string" 'hooks.poststop=[{"path":"/x","timeout":"1"}]'; }
test_type_of_annotations() { need root; refuses "annotations: expected an object of strings, found an array" annotations=[]; }
test_type_of_an_annotation() { need root; refuses "annotations.a: $S a number" annotations.a=1; }
test_type_of_linux() { need root; refuses "linux: $O an array" linux=[]; }
test_type_of_namespaces() { need root; refuses "linux.namespaces: $L an object" linux.namespaces={}; }
test_type_of_a_namespace() { need root; refuses "linux.namespaces[1]: $O a string" 'linux.namespaces=[{"type":"mount"},"pid"]'; }
test_type_of_mappings() { need root; refuses "linux.uidMappings: $L an object" linux.uidMappings={}; }
test_type_of_a_mapping() { need root; refuses "linux.gidMappings[0].size: $N a string" 'linux.gidMappings=[{"containerID":0,"hostID":0,"size":"1"}]'; }
test_type_of_resources() { need root; refuses "linux.resources: $O an array" linux.resources=[]; }
test_type_of_memory_limit() { need root; refuses "linux.resources.memory.limit: $N a string" 'linux.resources.memory={"limit":"64m"}'; }
test_type_of_cpus() { need root; refuses "linux.resources.cpu.cpus: $S a number" 'linux.resources.cpu={"cpus":0}'; }
test_type_of_unified() { need root; refuses "linux.resources.unified.a.b: $S a number" 'linux.resources.unified.[a.b]=1'; }
test_type_of_a_rule() { need root; refuses "linux.resources.devices[0].allow: $B a string" 'linux.resources.devices=[{"allow":"yes"}]'; }
test_type_of_a_device() { need root; refuses "linux.devices[0].major: $N a string" 'linux.devices=[{"path":"/x","type":"c","major":"1","minor":1}]'; }
test_type_of_sysctl() { need root; refuses "linux.sysctl.net.ipv4.ip_forward: $S a number" 'linux.sysctl.[net.ipv4.ip_forward]=1'; }
test_type_of_cgroups_path() { need root; refuses "linux.cgroupsPath: $S a number" linux.cgroupsPath=1; }
test_type_of_masked_paths() { need root; refuses "linux.maskedPaths[0]: $S a number" linux.maskedPaths=[1]; }
test_type_of_seccomp() { need root; refuses "linux.seccomp.syscalls[0].names: $LS a string" 'linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":"getpid","action":"SCMP_ACT_ERRNO"}]}'; }

# ---- numbers ------------------------------------------------------------------------------------

test_numbers_are_integers() {
	need root
	refuses 'process.user.uid: 1.5 is not an integer from 0 to 4294967294' process.user.uid=1.5
	refuses 'process.user.uid: 1e3 is not an integer from 0 to 4294967294' process.user.uid=1e3
	refuses 'process.rlimits[0].hard: 1.0 is not an integer from 0 to 18446744073709551615' 'process.rlimits=[{"type":"RLIMIT_CORE","soft":1,"hard":1.0}]'
}

test_ids_out_of_range() {
	need root
	refuses 'process.user.uid: -1 is not an integer from 0 to 4294967294' process.user.uid=-1
	refuses 'process.user.gid: 4294967296 is not an integer from 0 to 4294967294' process.user.gid=4294967296
	refuses 'process.user.uid: 100000000000000000000 is not an integer from 0 to 4294967294' process.user.uid=100000000000000000000
}

test_the_id_that_means_none_is_refused() {
	need root
	need runtime
	refuses 'process.user.uid: 4294967295 is not an integer from 0 to 4294967294' process.user.uid=4294967295
	refuses 'process.user.additionalGids[1]: 4294967295 is not an integer from 0 to 4294967294' 'process.user.additionalGids=[1,4294967295]'
}

test_limits_out_of_range() {
	need root
	refuses 'process.rlimits[0].soft: -1 is not an integer from 0 to 18446744073709551615' 'process.rlimits=[{"type":"RLIMIT_CORE","soft":-1,"hard":1}]'
	refuses 'process.rlimits[0].hard: 18446744073709551616 is not an integer from 0 to 18446744073709551615' 'process.rlimits=[{"type":"RLIMIT_CORE","soft":1,"hard":18446744073709551616}]'
	refuses 'linux.resources.memory.limit: 9223372036854775808 is not a 64-bit integer' 'linux.resources.memory={"limit":9223372036854775808}'
}

test_umask_out_of_range() {
	need root
	need runtime		# the others mask it
	refuses 'process.user.umask: 512 is not in 0..0777' process.user.umask=512
}

test_oom_score_out_of_range() { need root; refuses 'process.oomScoreAdj: 1001 is not in -1000..1000' process.oomScoreAdj=1001; }
test_hook_timeout_out_of_range() { need root; need runtime; refuses 'hooks.poststop[0].timeout: must be greater than zero' 'hooks.poststop=[{"path":"/x","timeout":0}]'; }
test_hook_path_is_absolute() { need root; need runtime; refuses 'hooks.poststop[0].path: x is not absolute' 'hooks.poststop=[{"path":"x"}]'; }
test_cwd_is_absolute() { need root; bundle process.cwd=tmp; rt_fails run -b b "$id"; like "$err" '[cC]wd.*absolute'; }

# ---- not supported ------------------------------------------------------------------------------

# unsupported PATH VALUE
unsupported() { refuses "$1: is not supported by this program" "$1=$2"; }

test_labels_without_their_module() {
	need root
	[ -d /sys/module/apparmor ] && grep -q Y /sys/module/apparmor/parameters/enabled 2>/dev/null && skip 'needs a kernel without AppArmor'
	bundle process.apparmorProfile=some-profile
	rt_fails run -b b "$id"
	like "$err" '[aA]pp[aA]rmor'
}

test_selinux_label_without_selinux() {
	need root
	need runtime		# runc 1.1 of Debian ignores it
	[ -e /sys/fs/selinux/enforce ] && skip 'needs a kernel without SELinux'
	bundle process.selinuxLabel=system_u:system_r:container_t:s0
	rt_fails run -b b "$id"
	like "$err" '[sS][eE][lL]inux'
}

test_other_platforms_are_refused() {
	need root
	need runtime
	for p in vm windows solaris zos freebsd; do unsupported $p '{"x":1}'; done
}

test_process_may_come_later() {
	need root
	need runtime		# runc wants it at create
	bundle process-
	rt_ok create -b b "$id"
	is "$(status_of "$id")" created
	rt start "$id"
	is "$status" 1
	like "$err" '^runtime: .*process'
	delete_all
}

test_without_the_linux_part() {
	need root
	need runtime		# runc wants namespaces
	bundle root.readonly=false args='/probe cwd' linux- mounts- hostname-
	rt_ok run -b b "$id"
	is "$out" /
}

test_unsupported_fields_that_ask_for_nothing() {
	need root
	need runtime
	accepts linux.resources.blockIO={} linux.netDevices={} mounts.1.uidMappings=[]
}

run_tests
