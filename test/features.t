#!/bin/sh
# features.t - what "features" says is so: each word that it lists is taken from config.json, each true and false is true.
. "${0%/*}/lib.sh"

# features: its output in ./f
features() {
	rt_ok features
	mv out f
	is "$err" ''
}

# list PATH: the strings of a list, one a line; nothing if it is not there
list() { json get "$1" f 2>/dev/null | tr -d '[]"' | tr ',' '\n'; }

# known WHAT: the last run did not stop at a word that is not known, or not supported
known() { unlike "$err" '[Uu]nknown|not supported|invalid value' "$1 is known"; }

# applied SAYS FIELD EDIT...: a configuration with FIELD is taken if and only if SAYS is true
applied() {
	says=$1 field=$2
	shift 2
	like "$says" '^(true|false)$' "$field"
	bundle args='/probe true' "$@"
	rt run -b b "$id"
	if [ "$says" = true ]; then known "$field"
	else has "$err" "$field: is not supported by this program"; fi
}

test_versions() {
	need root
	features
	min=$(json get ociVersionMin f) max=$(json get ociVersionMax f)
	[ "$RT_NAME" != runtime ] || is "$min $max" '1.0.0 1.3.0'
	ok version_ge "$max" "$min"
	for v in "$min" "$max"; do
		bundle args='/probe true' ociVersion="$v"
		rt_ok run -b b "$id"
	done
}

# keys PATH WORD...: the object has these members and no others
keys() {
	at=$1
	shift
	is "$(json keys "$at" f | sort | tr '\n' ' ')" "$(printf '%s\n' "$@" | sort | tr '\n' ' ')" "members of ${at:-all}"
}

test_members_are_those_of_the_specification() {
	need runtime
	features
	keys '' ociVersionMin ociVersionMax hooks mountOptions linux annotations potentiallyUnsafeConfigAnnotations
	keys linux.cgroup v1 v2 systemd systemdUser rdma
	keys linux.seccomp enabled actions operators archs knownFlags supportedFlags
	keys linux.apparmor enabled
	keys linux.selinux enabled
	keys linux.intelRdt enabled schemata monitoring
	keys linux.mountExtensions idmap
	keys linux.mountExtensions.idmap enabled
	keys linux.netDevices enabled
	keys linux namespaces capabilities cgroup seccomp apparmor selinux intelRdt mountExtensions netDevices \
		$(json keys linux f | grep -x memoryPolicy)
}

test_the_machine_does_not_matter() {
	need root
	need runtime
	features
	bundle args='/runtime features' process.user.uid=1000 mounts- linux.maskedPaths- linux.readonlyPaths-
	cp "$RT" b/rootfs/runtime
	rt_ok run -b b "$id"
	is "$out" "$(cat f)" 'the same in a container without any file system'
}

test_hooks_that_are_listed_run() {
	need root
	features
	for h in $(list hooks); do
		case $h in
		startContainer) hook='{"path":"/probe","args":["probe","hook","/tmp/log","ran"]}' log=b/rootfs/tmp/log ;;
		*) hook="{\"path\":\"$PROBE\",\"args\":[\"probe\",\"hook\",\"$PWD/$h\",\"ran\"]}" log=$h ;;
		esac
		bundle args='/probe true' root.readonly=false "hooks.$h=[$hook]"
		rt_ok run -b b "$id"
		like "$(cat $log)" '^ran ' "$h"
	done
}

test_mount_options_that_are_listed_are_known() {
	need root
	features
	mkdir src
	for o in $(list mountOptions); do
		case $o in
		bind | rbind) m="\"destination\":\"/m\",\"source\":\"$PWD/src\"" ;;
		remount) m='"destination":"/dev/shm","type":"tmpfs","source":"shm"' ;;
		*-nofollow | copy-symlink) m="\"destination\":\"/m\",\"source\":\"$PWD/src\",\"type\":\"bind\"" ;;
		*) m='"destination":"/m","type":"tmpfs","source":"tmpfs"' ;;
		esac
		bundle args='/probe true' mounts+="{$m,\"options\":[\"$o\"]}"
		rt run -b b "$id"
		case $o in
		idmap | ridmap | tmpcopyup) known "$o" ;;
		*) is "$status$err" 0 "$o" ;;
		esac
	done
}

test_no_options_of_file_systems() {
	features
	words=" $(list mountOptions | tr '\n' ' ')"
	for o in size mode uid gid nr_inodes newinstance ptmxmode hidepid lowerdir upperdir; do lacks "$words" " $o "; done
}

test_annotations_are_strings() {
	features
	for k in $(json keys annotations f); do
		ok json get "annotations.[$k]" f
	done
	unlike "$(json get annotations f)" ':[^"]' 'strings'
	[ "$RT_NAME" = runtime ] || return 0
	is "$(json get 'annotations.[org.opencontainers.runc.version]' f)" "$("$RT" --version | sed -n 's/.* version //p')"
	is "$(json get 'annotations.[org.opencontainers.runc.commit]' f)" "$("$RT" --version | sed -n 's/^commit: //p')"
	is "$(json get 'annotations.[io.github.seccomp.libseccomp.version]' f 2>/dev/null)" \
		"$("$RT" --version | sed -n 's/^libseccomp: //p')"
}

test_checkpoint_annotation_says_whether_the_command_works() {
	need runtime
	features
	rt checkpoint --image-path . "$id"
	case $err in *'not supported'*) want=false ;; *) want=true ;; esac
	is "$(json get 'annotations.[org.opencontainers.runc.checkpoint.enabled]' f)" $want
}

test_unsafe_annotations() {
	need runtime
	features
	has " $(list potentiallyUnsafeConfigAnnotations | tr '\n' ' ')" ' org.systemd.property. '
}

test_namespaces_that_are_listed_are_known() {
	need root
	need userns
	features
	for n in $(list linux.namespaces); do
		case $n in
		time) have ns time || continue; set -- "linux.namespaces=[{\"type\":\"mount\"},{\"type\":\"time\"}]" ;;
		mount) set -- ;;
		user) set -- 'linux.namespaces=[{"type":"mount"},{"type":"user"}]' \
			'linux.uidMappings=[{"containerID":0,"hostID":0,"size":1000}]' \
			'linux.gidMappings=[{"containerID":0,"hostID":0,"size":1000}]' ;;
		*) set -- "linux.namespaces=[{\"type\":\"mount\"},{\"type\":\"$n\"}]" ;;
		esac
		bundle args='/probe true' hostname- mounts=[] "$@"
		rt run -b b "$id"
		is "$status$err" 0 "$n"
	done
}

test_capabilities_that_are_listed_are_known() {
	need root
	features
	all=$(json get linux.capabilities f)
	bundle args='/probe true' "process.capabilities={\"bounding\":$all,\"permitted\":$all,\"effective\":$all}"
	rt_ok run -b b "$id"
	known "$all"
}

test_cgroup() {
	need runtime
	need root
	features
	is "$(json get linux.cgroup.v1 f)" false
	is "$(json get linux.cgroup.v2 f)" true
	applied "$(json get linux.cgroup.rdma f)" linux.resources.rdma 'linux.resources.rdma={"mlx5_1":{"hcaHandles":3}}'
	bundle args='/probe true' linux.cgroupsPath=system.slice:x:"$id"
	rt --systemd-cgroup run -b b "$id"
	for k in systemd systemdUser; do
		if [ "$(json get linux.cgroup.$k f)" = true ]; then known --systemd-cgroup
		else like "$err" 'systemd.* (is )?not supported'; fi
	done
}

# seccomp JSON: runs with this profile
seccomp() {
	bundle args='/probe true' "linux.seccomp=$1"
	rt run -b b "$id"
}

test_seccomp_words_that_are_listed_are_known() {
	need root
	need seccomp
	features
	is "$(json get linux.seccomp.enabled f)" true
	for a in $(list linux.seccomp.actions); do
		seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getpriority\"],\"action\":\"$a\"}]}"
		known "$a"
	done
	for o in $(list linux.seccomp.operators); do
		seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getpriority\"],\"action\":\"SCMP_ACT_ERRNO\",
			\"args\":[{\"index\":0,\"value\":7,\"valueTwo\":7,\"op\":\"$o\"}]}]}"
		is "$status$err" 0 "$o"
	done
	seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":$(json get linux.seccomp.archs f)}"
	is "$status$err" 0 'architectures'
	for o in $(list linux.seccomp.knownFlags); do
		seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"$o\"]}"
		known "$o"
		case " $(list linux.seccomp.supportedFlags | tr '\n' ' ')$o" in
		*WAIT_KILLABLE_RECV) ;;			# wants a listener
		*" $o "*) is "$status$err" 0 "$o" ;;
		esac
	done
}

# A kernel that knows no flag: the known ones stay, none is supported.
test_seccomp_flags_are_those_of_the_kernel() {
	need runtime
	features
	is "$(json len linux.seccomp.supportedFlags f)" \
		$(($(json len linux.seccomp.knownFlags f) - $(version_ge "$(uname -r)" 5.19 && echo 0 || echo 1))) 'but for one of Linux 5.19'
	"$PROBE" nosys seccomp "$RT" features >f
	is "$(json len linux.seccomp.supportedFlags f)" 0
	isnt "$(json len linux.seccomp.knownFlags f)" 0
}

test_security_modules() {
	need runtime
	need root
	features
	is "$(json get linux.apparmor.enabled f)" true
	is "$(json get linux.selinux.enabled f)" true
	# where they are off, the message says so: it is not the program that lacks them
	bundle args='/probe true' process.apparmorProfile=no-such-profile
	rt_fails run -b b "$id"
	like "$err" 'AppArmor|apparmor'
	lacks "$err" 'not supported'
	bundle args='/probe true' process.selinuxLabel=no:such:label:s0
	rt_fails run -b b "$id"
	like "$err" 'SELinux'
	lacks "$err" 'not supported'
}

test_memory_policy_words_that_are_listed_are_known() {
	need runtime
	need root
	features
	if ! json get linux.memoryPolicy f >/dev/null 2>&1; then
		applied false linux.memoryPolicy 'linux.memoryPolicy={"mode":"MPOL_DEFAULT","nodes":""}'
		return
	fi
	keys linux.memoryPolicy modes flags
	for m in $(list linux.memoryPolicy.modes); do
		case $m in MPOL_DEFAULT | MPOL_LOCAL) nodes= ;; *) nodes=0 ;; esac
		bundle args='/probe true' "linux.memoryPolicy={\"mode\":\"$m\",\"nodes\":\"$nodes\"}"
		rt run -b b "$id"
		known "$m"
	done
	for w in $(list linux.memoryPolicy.flags); do
		bundle args='/probe true' "linux.memoryPolicy={\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"$w\"]}"
		rt run -b b "$id"
		known "$w"
	done
}

test_intel_rdt() {
	need runtime
	need root
	features
	applied "$(json get linux.intelRdt.enabled f)" linux.intelRdt 'linux.intelRdt={"closID":"x"}'
	applied "$(json get linux.intelRdt.schemata f)" linux.intelRdt 'linux.intelRdt={"schemata":["L3:0=f"]}'
	applied "$(json get linux.intelRdt.monitoring f)" linux.intelRdt 'linux.intelRdt={"enableMonitoring":true}'
}

test_idmap() {
	need runtime
	need root
	features
	mkdir src
	map='[{"containerID":0,"hostID":1000,"size":1}]'
	applied "$(json get linux.mountExtensions.idmap.enabled f)" 'mounts[7].uidMappings' \
		"mounts+={\"destination\":\"/m\",\"source\":\"$PWD/src\",\"options\":[\"bind\"],\"uidMappings\":$map,\"gidMappings\":$map}"
}

test_net_devices() {
	need runtime
	need root
	features
	applied "$(json get linux.netDevices.enabled f)" linux.netDevices 'linux.netDevices={"no-such-dev":{}}'
}

run_tests
