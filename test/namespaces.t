#!/bin/sh
# namespaces.t - linux.namespaces: made, joined, inherited, combined; linux.timeOffsets.
. "${0%/*}/lib.sh"

UIDS='linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
GIDS='linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
USER='linux.namespaces+={"type":"user"}'
TIME='linux.namespaces+={"type":"time"}' time=
! have ns time || time=time

# line NAME TEXT: the line of "probe ns all" for NAME
line() { printf '%s\n' "$2" | grep "^$1 "; }

# donor [EDIT...]: a running container $id2 to join; its pid in $donor
donor() {
	bundle -d donor args='/probe sleep' hostname=donor "$@"
	rt_ok create -b donor "$id2"
	rt_ok start "$id2"
	donor=$(pid_of "$id2")
}

# joins TYPE NAME [EDIT...]: a container that joins the donor's namespace of this type is in it
joins() {
	type=$1 name=$2
	shift 2
	bundle args='/probe ns all' hostname- "linux.namespaces.[type=$type].path=/proc/$donor/ns/$name" "$@"
	rt_ok run -b b "$id"
	is "$(line "$name" "$out")" "$(line "$name" "$("$PROBE" ns all "$donor")")" "$type"
}

test_new_ones_differ_from_the_hosts() {
	need root
	bundle args='/probe ns all'
	rt_ok run -b b "$id"
	host=$("$PROBE" ns all)
	for name in cgroup ipc mnt net pid uts; do
		isnt "$(line $name "$out")" "$(line $name "$host")" $name
	done
}

test_all_eight() {
	need root
	need ns time
	need userns
	need runtime		# runc 1.1 has no time namespaces
	bundle args='/probe ns all' "$USER" "$TIME" "$UIDS" "$GIDS"
	rt_ok run -b b "$id"
	host=$("$PROBE" ns all)
	for name in cgroup ipc mnt net pid time user uts; do
		isnt "$(line $name "$out")" "$(line $name "$host")" $name
		like "$(line $name "$out")" "$name:\[[0-9]+\]\$"
	done
}

test_absent_ones_are_inherited() {
	need root
	bundle args='/probe ns all' hostname- 'mounts.[destination=/dev/mqueue]-' 'linux.namespaces=[{"type":"mount"},{"type":"pid"}]' \
		'mounts.[destination=/sys]-' 'mounts.[destination=/sys/fs/cgroup]-'
	rt_ok run -b b "$id"
	host=$("$PROBE" ns all)
	for name in cgroup ipc net user uts; do
		is "$(line $name "$out")" "$(line $name "$host")" $name
	done
	isnt "$(line mnt "$out")" "$(line mnt "$host")" mnt
}

test_without_pid_namespace() {
	need root
	bundle args='/probe ns pid' 'linux.namespaces.[type=pid]-'
	rt_ok run -b b "$id"
	is "$out" "$("$PROBE" ns pid)"
}

test_init_is_pid_1() {
	need root
	bundle args='/probe pid'
	rt_ok run -b b "$id"
	has "$out" 'pid=1 ppid=0 '
	has "$out" 'proc=1 nspid=1'
}

test_new_network_has_only_loopback() {
	need root
	bundle args='/probe netif'
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | cut -d' ' -f1 | grep -v '^\(sit\|ip6tnl\|tunl\|gre\|erspan\|ip_vti\|ip6_vti\|ip6gre\)')" "$(printf 'lo')"
}

# sysfs shows the network namespace it was mounted in, which is made beside the first mounts.
test_sysfs_shows_the_containers_network() {
	need root
	bundle args='/probe ls /sys/class/net'
	rt_ok run -b b "$id"
	lacks "$out" eth; has "$out" lo
	isnt "$out" "$(ls /sys/class/net)"
}

# The same whether init gets its network namespace with the clone (a hook asks for it early) or later.
test_network_is_new_with_and_without_early_hooks() {
	need root
	for early in false true; do
		bundle args='/probe ns net'
		$early && edit 'hooks.createRuntime=[{"path":"'"$PROBE"'","args":["probe","true"]}]'
		rt_ok run -b b "$id"
		isnt "$out" "$(readlink /proc/self/ns/net)"
		like "$out" 'net:\[[0-9]+\]'
		rm -rf b
	done
}

test_caller_keeps_its_own_network() {
	need root
	bundle args='/probe true' 'hooks.poststop=[{"path":"'"$PROBE"'","args":["probe","hook","'"$PWD"'/net","x"]}]' \
		'hooks.poststart=[{"path":"/bin/sh","args":["sh","-c","readlink /proc/self/ns/net >'"$PWD"'/ns"]}]'
	rt_ok run -b b "$id"
	is "$(cat ns)" "$(readlink /proc/self/ns/net)"
	ok [ -s net ]
}

test_loopback_is_up() {
	need root
	bundle args='/probe netif lo'
	rt_ok run -b b "$id"
	like "$out" '^lo up .* 127\.0\.0\.1'
}

test_new_cgroup_namespace_starts_at_the_containers_cgroup() {
	need root
	need cgroup2
	bundle args='/probe cat /proc/self/cgroup'
	rt_ok run -b b "$id"
	like "$out" '^0::/$'
}

test_without_cgroup_namespace_the_path_is_seen() {
	need root
	need cgroup2
	bundle args='/probe cat /proc/self/cgroup' 'linux.namespaces.[type=cgroup]-'
	rt_ok run -b b "$id"
	like "$out" "^0::/.*$id"
}

test_join_network() { need root; donor; joins network net; delete_all; }
test_join_ipc() { need root; donor; joins ipc ipc; delete_all; }
test_join_uts() { need root; donor; joins uts uts; delete_all; }
test_join_cgroup() { need root; need runtime; donor; joins cgroup cgroup 'mounts.[destination=/sys/fs/cgroup]-'; delete_all; }

test_join_pid() {
	need root
	donor
	joins pid pid
	bundle args='/probe pid' "linux.namespaces.[type=pid].path=/proc/$donor/ns/pid"
	rt_ok run -b b "$id"
	unlike "$out" '^pid=1 ' 'not the first process there'
	has "$out" 'ppid=0 ' 'its parent is outside'
	delete_all
}

test_join_uts_shows_its_name() {
	need root
	donor
	bundle args='/probe hostname' hostname- "linux.namespaces.[type=uts].path=/proc/$donor/ns/uts"
	rt_ok run -b b "$id"
	is "$out" donor
	delete_all
}

test_join_user() {
	need root
	need userns
	need runtime		# runc 1.1 wants the mappings repeated
	donor "$USER" "$UIDS" "$GIDS"
	bundle args='/probe ns all' "linux.namespaces+={\"type\":\"user\",\"path\":\"/proc/$donor/ns/user\"}"
	rt_ok run -b b "$id"
	is "$(line user "$out")" "$(line user "$("$PROBE" ns all "$donor")")"
	isnt "$(line pid "$out")" "$(line pid "$("$PROBE" ns all "$donor")")" 'a new pid namespace'
	edit b/config.json 'process.args=["/probe","id"]'
	rt_ok run -b b "$id"
	like "$out" '^uid=0 gid=0 '
	edit b/config.json 'process.args=["/probe","cat","/proc/self/uid_map"]'
	rt_ok run -b b "$id"
	like "$out" '^ +0 +100000 +65536$'
	delete_all
}

test_join_user_and_all_others() {
	need root
	need userns
	need runtime
	donor "$USER" "$UIDS" "$GIDS"
	bundle args='/probe ns all' hostname- "linux.namespaces=[{\"type\":\"mount\"},{\"type\":\"user\",\"path\":\"/proc/$donor/ns/user\"},
		{\"type\":\"pid\",\"path\":\"/proc/$donor/ns/pid\"},{\"type\":\"network\",\"path\":\"/proc/$donor/ns/net\"},
		{\"type\":\"ipc\",\"path\":\"/proc/$donor/ns/ipc\"},{\"type\":\"uts\",\"path\":\"/proc/$donor/ns/uts\"}]" \
		'mounts.[destination=/sys/fs/cgroup]-'
	rt_ok run -b b "$id"
	theirs=$("$PROBE" ns all "$donor")
	for name in user pid net ipc uts; do
		is "$(line $name "$out")" "$(line $name "$theirs")" $name
	done
	delete_all
}

test_join_time() {
	need root
	need ns time
	need runtime
	donor "$TIME" 'linux.timeOffsets={"boottime":{"secs":50000}}'
	bundle args='/probe ns all' "linux.namespaces+={\"type\":\"time\",\"path\":\"/proc/$donor/ns/time\"}"
	rt_ok run -b b "$id"
	is "$(line time "$out")" "$(line time "$("$PROBE" ns all "$donor")")"
	delete_all
}

# A namespace file kept alive by a bind mount, the way "ip netns" does it.
test_join_by_bound_file() {
	need root
	donor
	touch netns
	mount --bind "/proc/$donor/ns/net" netns || { fail bind; delete_all; return; }
	bundle args='/probe ns net' "linux.namespaces.[type=network].path=$PWD/netns"
	rt_ok run -b b "$id"
	is "$out" "$("$PROBE" ns net "$donor")"
	umount netns
	delete_all
}

test_join_mount() {
	need root
	need runtime		# others lack it
	"$PROBE" unshare mnt -- "$PROBE" sleep 100 &
	pid=$!
	own=$("$PROBE" ns mnt)
	moved() { [ "$("$PROBE" ns mnt $pid)" != "$own" ] && [ "$("$PROBE" exe $pid)" ]; }
	wait_for moved
	bundle args='/probe ns mnt' "linux.namespaces.[type=mount].path=/proc/$pid/ns/mnt" mounts=[] linux.maskedPaths=[] linux.readonlyPaths=[]
	theirs=$("$PROBE" ns mnt $pid)
	# without mounts there is no /proc inside: the host looks
	edit b/config.json 'process.args=["/probe","sleep"]'
	rt create -b b "$id"
	is "$status" 0
	is "$("$PROBE" ns mnt "$(pid_of "$id")")" "$theirs"
	delete_all
	kill $pid
	wait $pid 2>/dev/null
}

test_user_with_all_others() {
	need root
	need userns
	bundle args='/probe ns all' "$USER" "$UIDS" "$GIDS"
	rt_ok run -b b "$id"
	host=$("$PROBE" ns all)
	for name in user pid net ipc uts mnt cgroup; do
		isnt "$(line $name "$out")" "$(line $name "$host")" $name
	done
}

# New namespaces belong to the new user namespace: its root may change them.
test_user_namespace_owns_the_others() {
	need root
	need userns
	bundle args='/probe syscall sethostname x 1' "$USER" "$UIDS" "$GIDS" \
		'process.capabilities={"bounding":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"]}'
	rt_ok run -b b "$id"
	is "$out" 0
}

test_user_namespace_alone_with_mount() {
	need root
	need userns
	need runtime		# runc wants a /proc inside
	bundle args='/probe id' hostname- 'linux.namespaces=[{"type":"user"},{"type":"mount"}]' "$UIDS" "$GIDS" \
		'mounts=[{"destination":"/dev","type":"tmpfs","source":"tmpfs"}]' linux.maskedPaths=[] linux.readonlyPaths=[]
	rt_ok run -b b "$id"
	like "$out" '^uid=0 gid=0 '
}

# wrong TYPE FILE: a path that is not of this type
wrong() {
	bundle hostname- "linux.namespaces.[type=$1].path=$2"
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || like "$err" "^runtime: linux.namespaces\[[0-9]\].path: $2: " 'the field is named'
}

test_path_of_another_type() {
	need root
	wrong network /proc/self/ns/uts
	wrong uts /proc/self/ns/net
	wrong ipc /proc/self/ns/mnt
	wrong pid /proc/self/ns/user
	wrong mount /proc/self/ns/pid
}

test_path_missing() {
	need root
	wrong network /no/such/ns
	like "$err" 'no such file or directory'
}

test_path_that_is_no_namespace() {
	need root
	wrong network /etc/passwd
	wrong network /dev/null
	wrong network /
}

test_path_must_be_absolute() {
	need root
	need runtime
	bundle 'linux.namespaces.[type=network].path=ns/net'
	rt_fails run -b b "$id"
	has "$err" 'config.json: linux.namespaces[1].path'
}

test_duplicate() {
	need root
	bundle linux.namespaces+='{"type":"pid"}'
	rt_fails run -b b "$id"
	like "$err" '(pid|duplicated ns)'
	[ "$RT_NAME" != runtime ] || is "$err" 'runtime: config.json: linux.namespaces[6]: duplicate namespace "pid"'
}

test_duplicate_with_path() {
	need root
	bundle linux.namespaces+='{"type":"network","path":"/proc/self/ns/net"}'
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || is "$err" 'runtime: config.json: linux.namespaces[6]: duplicate namespace "network"'
}

test_unknown_type() {
	need root
	bundle linux.namespaces+='{"type":"foo"}'
	rt_fails run -b b "$id"
	has "$err" foo
	[ "$RT_NAME" != runtime ] || is "$err" 'runtime: config.json: linux.namespaces[6].type: unknown value "foo"'
}

test_type_is_required() {
	need root
	need runtime
	bundle 'linux.namespaces+={"path":"/x"}'
	rt_fails run -b b "$id"
	is "$err" 'runtime: config.json: linux.namespaces[6]: type is required'
}

# What Docker writes for --network container:ID and --ipc container:ID.
test_join_network_and_ipc_of_a_container() {
	need root
	donor
	pid=$donor
	bundle args='/probe ns all' "linux.namespaces.[type=network].path=/proc/$pid/ns/net" "linux.namespaces.[type=ipc].path=/proc/$pid/ns/ipc"
	rt_ok run -b b "$id"
	for n in net ipc; do has "$out" "$("$PROBE" ns $n "$pid")" $n; done
	for n in pid uts mnt; do lacks "$out" "$("$PROBE" ns $n "$pid")" $n; done
	delete_all
}

# Offsets belong to a namespace before anyone lives in it: one that is joined has its own already.
test_time_offsets_of_a_joined_namespace_are_an_error() {
	need root
	need ns time
	need runtime
	donor linux.namespaces+='{"type":"time"}'
	bundle linux.namespaces+="{\"type\":\"time\",\"path\":\"/proc/$donor/ns/time\"}" linux.timeOffsets='{"monotonic":{"secs":5}}'
	rt_fails run -b b "$id"
	is "$err" 'runtime: config.json: linux.timeOffsets: needs a new time namespace'
	delete_all
}

test_empty_path_makes_a_new_one() {
	need root
	bundle args='/probe ns net' 'linux.namespaces.[type=network].path=""'
	rt_ok run -b b "$id"
	isnt "$out" "$("$PROBE" ns net)"
}

test_time_offsets() {
	need root
	need ns time
	need runtime
	bundle args='/probe cat /proc/self/timens_offsets' "$TIME" 'linux.timeOffsets={"monotonic":{"secs":172800,"nanosecs":5},"boottime":{"secs":-1,"nanosecs":250000000}}'
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | tr -s ' ')" 'monotonic 172800 5
boottime -1 250000000'
}

test_time_offset_is_in_force() {
	need root
	need ns time
	need runtime
	bundle args='/probe cat /proc/uptime' "$TIME" 'linux.timeOffsets={"boottime":{"secs":1000000}}'
	rt_ok run -b b "$id"
	up=$(cut -d. -f1 /proc/uptime)
	in=${out%%.*}
	[ $((in - up)) -ge 999990 ] && [ $((in - up)) -le 1000010 ] && pass 'a million seconds later' || fail "inside $in, outside $up"
}

test_time_namespace_without_offsets() {
	need root
	need ns time
	need runtime
	bundle args='/probe cat /proc/self/timens_offsets' "$TIME"
	rt_ok run -b b "$id"
	is "$(printf '%s\n' "$out" | tr -s ' ')" 'monotonic 0 0
boottime 0 0'
}

test_time_offsets_with_a_user_namespace() {
	need root
	need ns time
	need userns
	need runtime
	bundle args='/probe cat /proc/self/timens_offsets' "$TIME" 'linux.timeOffsets={"monotonic":{"secs":7}}' "$USER" "$UIDS" "$GIDS"
	rt_ok run -b b "$id"
	like "$out" '^monotonic +7 +0$'
}

test_time_offsets_need_the_namespace() {
	need root
	need runtime
	bundle 'linux.timeOffsets={"monotonic":{"secs":7}}'
	rt_fails run -b b "$id"
	has "$err" 'config.json: linux.timeOffsets'
}

test_time_offset_in_nanoseconds_has_its_range() {
	need root
	need runtime
	for n in -1 1000000000; do
		bundle args='/probe true' "$TIME" "linux.timeOffsets={\"boottime\":{\"nanosecs\":$n}}"
		rt_fails run -b b "$id"
		is "$err" "runtime: config.json: linux.timeOffsets.boottime.nanosecs: $n is not in 0..999999999"
	done
}

test_time_offset_out_of_range() {
	need root
	need ns time
	need runtime
	bundle "$TIME" 'linux.timeOffsets={"monotonic":{"secs":-9999999999}}'
	rt_fails run -b b "$id"
	has "$err" imeOffsets
}

test_exec_is_in_the_same_ones() {
	need root
	need userns
	bundle args='/probe sleep' "$USER" "$UIDS" "$GIDS"
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(in_ct "$id" /probe ns all | sed 's/^time.*//')" "$("$PROBE" ns all "$(pid_of "$id")" | sed 's/^time.*//')"
	delete_all
}

# ---- combinations ------------------------------------------------------------------------------------------

# ns_of TYPE: its name in /proc
ns_of() { case $1 in network) echo net ;; mount) echo mnt ;; *) echo "$1" ;; esac; }
# other THING WANT: what differs from the wish, collected in $bad
collect() { [ "$1" = "$2" ] || bad="$bad $3:$1"; }

# combine TYPES [EDIT...]: a container with new namespaces of just these types has them and inherits the others
combine() {
	types=$1 list=
	shift
	for t in $types; do list="$list,{\"type\":\"$t\"}"; done
	bundle args='/probe ns all' hostname- linux.maskedPaths- linux.readonlyPaths- "linux.namespaces=[${list#,}]" \
		mounts='[{"destination":"/proc","type":"bind","source":"/proc","options":["rbind"]},{"destination":"/dev","type":"tmpfs"}]' "$@"
	rt run -b b "$id"
	[ "$status" = 0 ] || { bad="$bad [$types] $err"; return; }
	for t in pid network ipc uts cgroup time user mount; do
		n=$(ns_of $t)
		[ "$(line $n "$out")" = "$(line $n "$host")" ] && got=old || got=new
		case " $types " in *" $t "*) collect $got new "[$types] $t" ;; *) collect $got old "[$types] $t" ;; esac
	done
}

# subsets MORE...: every subset of the other types, each with MORE
subsets() {
	host=$("$PROBE" ns all) bad=
	for a in '' pid; do for b in '' network; do for c in '' ipc; do for d in '' uts; do for e in '' cgroup; do for f in '' $time; do
		set -- $a $b $c $d $e $f mount
		combine "$* ${more:-}" ${maps:+"$UIDS" "$GIDS"}
	done; done; done; done; done; done
	is "$bad" '' 'all of them'
}
limit_test_every_combination_of_new_ones=300
test_every_combination_of_new_ones() {
	need root
	need runtime
	more= maps=
	subsets
}
limit_test_every_combination_with_a_user_namespace=300
test_every_combination_with_a_user_namespace() {
	need root
	need userns
	need runtime
	more=user maps=1
	subsets
}

# Each type joined, the others absent: nothing but that one is the donor's.
test_each_joined_alone() {
	need root
	need runtime
	donor ${time:+"$TIME"}
	host=$("$PROBE" ns all) theirs=$("$PROBE" ns all "$donor")
	for type in network ipc uts cgroup $time pid; do
		n=$(ns_of $type)
		bundle args='/probe ns all' hostname- linux.maskedPaths- linux.readonlyPaths- \
			"linux.namespaces=[{\"type\":\"mount\"},{\"type\":\"$type\",\"path\":\"/proc/$donor/ns/$n\"}]" \
			mounts='[{"destination":"/proc","type":"bind","source":"/proc","options":["rbind"]}]'
		rt_ok run -b b "$id"
		for o in cgroup ipc net pid time uts; do
			[ $o = $n ] && from=$theirs || from=$host
			is "$(line $o "$out")" "$(line $o "$from")" "$type joined: $o"
		done
	done
	delete_all
}

# A user namespace that is joined, with all others new and owned by it.
test_joined_user_namespace_owns_the_new_ones() {
	need root
	need userns
	need runtime
	donor "$USER" "$UIDS" "$GIDS" ${time:+"$TIME"}
	bundle args='/probe ns all' "linux.namespaces+={\"type\":\"user\",\"path\":\"/proc/$donor/ns/user\"}" ${time:+"$TIME"}
	rt_ok run -b b "$id"
	theirs=$("$PROBE" ns all "$donor")
	is "$(line user "$out")" "$(line user "$theirs")"
	for o in cgroup ipc mnt net pid $time uts; do isnt "$(line $o "$out")" "$(line $o "$theirs")" $o; done
	bundle args='/probe sysctl net.ipv4.ip_forward' "linux.namespaces+={\"type\":\"user\",\"path\":\"/proc/$donor/ns/user\"}" \
		linux.sysctl='{"net.ipv4.ip_forward":"1"}' hostname=joined
	rt_ok run -b b "$id"
	is "$out" 1
	delete_all
}

run_tests
