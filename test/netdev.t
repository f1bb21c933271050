#!/bin/sh
# netdev.t - linux.netDevices: devices of the runtime's network namespace become the container's.
. "${0%/*}/lib.sh"

# Each test in a network namespace of its own: no device of the host is touched, and none that the kernel still takes
# down after the test before is seen.
if [ -n "$ONE_TEST" ] && [ -z "$NETDEV_NS" ] && [ "$(id -u)" = 0 ]; then
	export NETDEV_NS=1
	exec "$PROBE" unshare net -- "$TEST_SH" "$0" "$@"
fi

# dev NAME: a device with one address, up
dev() {
	"$PROBE" netdev add "$1" "$1p" >dev.out || skip 'needs veth or dummy network devices'
	"$PROBE" netdev addr "$1" "10.9.${2:-8}.7/24" >dev.out || fail "address of $1"
	"$PROBE" netdev up "$1" >dev.out || fail "$1 up"
}

# devices: what is here, by name
devices() { "$PROBE" netif | sed 's/ .*//' | tr '\n' ' '; }
devs() { printf 'linux.netDevices={%s}' "$1"; }
script() { printf '{"path":"/bin/sh","args":["sh","-c","%s"]}' "$1"; }

# holder: a process that keeps a network namespace; sets $holder
holder() {
	"$PROBE" unshare net -- "$PROBE" sleep 100 &
	holder=$!
	own=$("$PROBE" ns net)
	elsewhere() { [ "$("$PROBE" ns net $holder)" != "$own" ]; }
	wait_for elsewhere
	join="linux.namespaces.[type=network].path=/proc/$holder/ns/net"
}
let_go() { kill $holder; wait $holder 2>/dev/null; }

# refused TEXT EDIT...: create fails with it, nothing is left, and no device went anywhere
refused() {
	local text="$1" before
	shift
	before=$("$PROBE" netif)
	bundle "$@"
	rt_fails create -b b "$id"
	[ "$RT_NAME" != runtime ] || is "$err" "runtime: $text"
	is "$("$PROBE" netif)" "$before" 'devices are where they were, as they were'
	is "$(status_of "$id")" gone
}

# ---- config-linux.md "Network Devices": what MUST be ---------------------------------------------

test_netdev_is_moved_and_up() {
	need root
	dev a1
	bundle args='/probe netif a1' "$(devs '"a1":{}')"
	rt_ok run -b b "$id"
	is "$out" 'a1 up mtu=1500 10.9.8.7' 'in the container, up, with its address'
}

test_netdev_leaves_the_runtimes_namespace() {
	need root
	dev a2
	bundle args='/probe sleep' "$(devs '"a2":{}')"
	rt_ok create -b b "$id"
	lacks " $(devices)" ' a2 '
	delete_all
}

test_netdev_down_is_set_up() {
	need root
	dev a3
	"$PROBE" netdev down a3 >dev.out
	bundle args='/probe netif a3' "$(devs '"a3":{}')"
	rt_ok run -b b "$id"
	like "$out" '^a3 up '
}

test_netdev_name_in_the_container() {
	need root
	dev a4
	bundle args='/probe netif' "$(devs '"a4":{"name":"container_eth0"}')"
	rt_ok run -b b "$id"
	like "$out" '^container_eth0 up .* 10.9.8.7$'
	unlike "$out" '^a4 '
}

test_netdev_name_may_be_that_of_another_device_here() {
	need root
	dev a5
	dev a6 9
	bundle args='/probe netif' "$(devs '"a5":{"name":"a6"}')"
	rt_ok run -b b "$id"
	like "$out" '^a6 up .* 10.9.8.7$'
	like "$("$PROBE" netif a6)" ' 10.9.9.7$'
}

test_netdev_names_may_be_exchanged() {
	need root
	dev a7
	dev a8 9
	bundle args='/probe netif' "$(devs '"a7":{"name":"a8"},"a8":{"name":"a7"}')"
	rt_ok run -b b "$id"
	like "$out" '^a8 up .* 10.9.8.7$'
	like "$out" '^a7 up .* 10.9.9.7$'
}

test_netdev_comes_back_with_what_could_not_be_given_there() {
	need root
	[ -d /proc/sys/net/ipv6 ] || skip 'needs IPv6'
	dev b0
	"$PROBE" netdev addr b0 fd00::8/64 >dev.out || skip 'needs IPv6'
	before=$("$PROBE" netif b0)
	bundle -d donor args='/probe sleep' 'linux.sysctl={"net.ipv6.conf.all.disable_ipv6":"1","net.ipv6.conf.default.disable_ipv6":"1"}'
	rt_ok run -d -b donor "$id2"
	bundle args='/probe true' "$(devs '"b0":{}')" "linux.namespaces.[type=network].path=/proc/$(pid_of "$id2")/ns/net"
	rt_fails create -b b "$id"
	has "$err" 'keep its addresses'
	is "$("$PROBE" netif b0)" "$before"
	delete_all
}

test_netdev_keeps_global_permanent_addresses_of_any_family() {
	need root
	dev b1
	"$PROBE" netdev addr b1 10.9.8.8/24 >dev.out		# a secondary one
	"$PROBE" netdev addr b1 192.0.2.1/32 >dev.out
	six=
	[ -d /proc/sys/net/ipv6 ] && "$PROBE" netdev addr b1 fd00::7/64 >dev.out && six=' fd00::7'
	bundle args='/probe netif' "$(devs '"b1":{"name":"new"}')"
	rt_ok run -b b "$id"
	new=$(printf '%s\n' "$out" | sed -n 's/^new up mtu=1500//p' | sed 's/ fe80:[^ ]*//')
	is "$(printf '%s\n' $new | sort)" "$(printf '%s\n' 10.9.8.7 10.9.8.8 192.0.2.1 $six | sort)"
	unlike "$out" '^new:' 'labels are those of the new name'
}

test_netdev_leaves_addresses_of_other_scopes() {
	need root
	dev b2
	"$PROBE" netdev addr b2 10.9.7.7/24 link >dev.out
	bundle args='/probe netif b2' "$(devs '"b2":{}')"
	rt_ok run -b b "$id"
	has "$out" ' 10.9.8.7'
	lacks "$out" 10.9.7.7
}

test_netdev_leaves_addresses_that_expire() {
	need root
	dev b3
	"$PROBE" netdev addr b3 10.9.6.7/24 500 >dev.out
	bundle args='/probe netif b3' "$(devs '"b3":{}')"
	rt_ok run -b b "$id"
	has "$out" ' 10.9.8.7'
	lacks "$out" 10.9.6.7
}

test_netdev_keeps_its_attributes() {
	need root
	dev b4
	"$PROBE" netdev mtu b4 1400 >dev.out
	"$PROBE" netdev mac b4 02:00:00:12:34:56 >dev.out
	bundle args='/probe cat /sys/class/net/x/address /sys/class/net/x/mtu' "$(devs '"b4":{"name":"x"}')"
	rt_ok run -b b "$id"
	is "$out" "$(printf '02:00:00:12:34:56\n1400')"
}

test_netdev_name_taken_in_the_container() {
	need root
	dev c1
	refused 'linux.netDevices: c1: the container'\''s network namespace has a device lo already' "$(devs '"c1":{"name":"lo"}')"
}

test_netdev_own_name_taken_in_the_container() {
	need root
	dev c3
	holder
	bundle -d first args='/probe true' "$(devs '"c3":{"name":"c2"}')" "$join"
	rt_ok run -b first "$id2"
	dev c2 9
	refused 'linux.netDevices: c2: the container'\''s network namespace has a device c2 already' "$(devs '"c2":{}')" "$join"
	let_go
}

test_netdev_template_gets_a_free_number() {
	need root
	dev c4
	dev c5 9
	bundle args='/probe netif' "$(devs '"c4":{"name":"eth%d"},"c5":{"name":"eth%d"}')"
	rt_ok run -b b "$id"
	like "$out" '^eth0 up .* 10.9.8.7$'
	like "$out" '^eth1 up .* 10.9.9.7$'
}

test_netdev_template_beside_a_taken_name() {
	need root
	dev c6
	dev c7 9
	bundle args='/probe netif' "$(devs '"c6":{"name":"eth0"},"c7":{"name":"eth%d"}')"
	rt_ok run -b b "$id"
	like "$out" '^eth0 up .* 10.9.8.7$'
	like "$out" '^eth1 up .* 10.9.9.7$'
}

test_netdev_stays_in_the_namespace_on_delete() {
	need root
	need runtime
	dev d1
	holder
	bundle args='/probe true' "$(devs '"d1":{"name":"mine"}')" "$join"
	rt_ok run -b b "$id"
	lacks " $(devices)" ' d1 ' 'not taken back'
	bundle args='/probe netif mine' "$join"
	rt_ok run -b b "$id"
	like "$out" '^mine up .* 10.9.8.7$' 'the namespace has it'
	let_go
}

test_netdev_ends_with_the_namespace() {
	need root
	dev d2
	"$PROBE" netif | grep -q '^d2p ' || skip 'needs veth'
	bundle args='/probe true' "$(devs '"d2":{}')"
	rt_ok run -b b "$id"
	peer_gone() { ! "$PROBE" netif | grep -q '^d2p '; }
	wait_for peer_gone
}

# ---- what cannot be ----------------------------------------------------------------------------------

test_netdev_missing_device() {
	need root
	refused 'linux.netDevices: nosuch0: find the device: no such device' "$(devs '"nosuch0":{}')"
}

test_netdev_missing_one_of_two() {
	need root
	dev e1
	refused 'linux.netDevices: nosuch0: find the device: no such device' "$(devs '"e1":{},"nosuch0":{}')"
}

test_netdev_that_the_kernel_ties_to_its_namespace() {
	need root
	need kernel 6.12	# older ones give no reason
	dev e2
	refused 'linux.netDevices: lo: move it: The interface netns is immutable: invalid argument' \
		"$(devs '"e2":{},"lo":{"name":"x"}')"
}

test_netdev_without_a_network_namespace() {
	need root
	dev e3
	refused 'config.json: linux.netDevices: unable to move network devices without a NET namespace' \
		"$(devs '"e3":{}')" 'linux.namespaces.[type=network]-'
}

test_netdev_with_the_runtimes_own_namespace() {
	need root
	need runtime
	dev e4
	refused 'linux.netDevices: unable to move network devices without a NET namespace' "$(devs '"e4":{}')" \
		linux.namespaces.[type=network].path=/proc/self/ns/net
}

test_netdev_invalid_names() {
	need root
	need runtime
	for n in . .. a/b a:b 'a b' a234567890123456 '%dx' 'eth%' 'a%d%d' 'eth%s'; do
		refused "config.json: linux.netDevices.f1.name: invalid network device name \"$n\"" "$(devs "\"f1\":{\"name\":\"$n\"}")"
	done
	for n in . .. a/b a:b 'a b' a234567890123456 ''; do
		refused "config.json: linux.netDevices: invalid network device name \"$n\"" "$(devs "\"$n\":{}")"
	done
}

test_netdev_longest_name() {
	need root
	dev f2
	bundle args='/probe netif' "$(devs '"f2":{"name":"a23456789012345"}')"
	rt_ok run -b b "$id"
	like "$out" '^a23456789012345 up '
}

test_netdev_two_of_one_name() {
	need root
	need runtime
	refused 'config.json: linux.netDevices.g2.name: x is taken by g1' "$(devs '"g1":{"name":"x"},"g2":{"name":"x"}')"
	refused 'config.json: linux.netDevices.g2.name: g1 is taken by g1' "$(devs '"g1":{},"g2":{"name":"g1"}')"
}

test_netdev_wrong_types() {
	need root
	need runtime
	refused 'config.json: linux.netDevices: expected an object of objects, found an array' 'linux.netDevices=[{"name":"x"}]'
	refused 'config.json: linux.netDevices.g3: expected an object, found a string' "$(devs '"g3":"x"')"
	refused 'config.json: linux.netDevices.g3.name: expected a string, found a number' "$(devs '"g3":{"name":1}')"
}

# ---- when ----------------------------------------------------------------------------------------------

test_netdev_is_there_before_createruntime_hooks() {
	need root
	dev h1
	bundle args='/probe true' "$(devs '"h1":{}')" "hooks.createRuntime=[$(script "$PROBE netif >$PWD/hook.out")]"
	rt_ok run -b b "$id"
	lacks "$(cat hook.out)" 'h1 '
	has "$(cat hook.out)" lo
}

test_netdev_is_there_before_its_sysctls() {
	need root
	dev h2
	bundle args='/probe sysctl net.ipv4.conf.inner.forwarding' "$(devs '"h2":{"name":"inner"}')" \
		'linux.sysctl={"net.ipv4.conf.inner.forwarding":"1"}'
	rt_ok run -b b "$id"
	is "$out" 1
}

test_netdev_comes_back_when_create_fails() {
	need root
	need runtime		# others let it go with the namespace
	dev h3
	"$PROBE" netdev mtu h3 1400 >dev.out
	refused 'error running createRuntime hook #0: /bin/sh: exit status 3' "$(devs '"h3":{"name":"x"}')" "hooks.createRuntime=[$(script 'exit 3')]"
	has "$("$PROBE" netif h3)" 'h3 up mtu=1400 10.9.8.7'
}

test_netdev_comes_back_when_run_finds_no_program() {
	need root
	need runtime
	dev h4
	"$PROBE" netdev down h4 >dev.out
	bundle args=/nosuch "$(devs '"h4":{"name":"eth%d"}')"
	rt_fails run -b b "$id"
	is "$("$PROBE" netif h4)" 'h4 down mtu=1500 10.9.8.7' 'down, as it was'
}

test_netdev_in_a_user_namespace() {
	need root
	need userns
	dev i1
	bundle args='/probe netif i1' "$(devs '"i1":{}')" 'linux.namespaces+={"type":"user"}' \
		'linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' \
		'linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' 'mounts.[destination=/sys/fs/cgroup]-'
	chmod 755 b b/rootfs
	rt_ok run -b b "$id"
	is "$out" 'i1 up mtu=1500 10.9.8.7'
}

test_netdev_by_another_name() {
	need root
	need runtime
	dev i2
	"$PROBE" netdev alt i2 a-second-name >dev.out || skip 'needs alternative names of devices'
	bundle args='/probe netif' "$(devs '"a-second-name":{}')"
	rt_ok run -b b "$id"
	like "$out" '^i2 up .* 10.9.8.7$'
}

test_netdev_features() {
	need runtime
	rt_ok features
	is "$(json get linux.netDevices.enabled out)" true
}

run_tests
