#!/bin/sh
# sysctl.t - linux.sysctl: only what belongs to a namespace of the container.
. "${0%/*}/lib.sh"

# set KEY VALUE [EDIT...]: the value inside, and the host's is what it was
set_one() {
	key=$1 value=$2
	shift 2
	before=$("$PROBE" sysctl "$key")
	bundle args="/probe sysctl $key" "linux.sysctl.[$key]=\"$value\"" "$@"
	rt_ok run -b b "$id"
	is "$out" "$value" "$key inside"
	is "$("$PROBE" sysctl "$key")" "$before" "$key on the host"
}

# refused KEY [EDIT...]
refused() {
	key=$1
	shift
	bundle args=/bin/true "linux.sysctl.[$key]=\"1\"" "$@"
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || has "$err" "$key" "$key is named"
}

test_net() {
	need root
	set_one net.ipv4.ip_forward 1
}

test_net_with_slashes() {
	need root
	need runtime		# runc 1.1 knows dots only
	bundle args='/probe cat /proc/sys/net/ipv4/conf/lo/forwarding' 'linux.sysctl.[net/ipv4/conf/lo/forwarding]="1"'
	rt_ok run -b b "$id"
	is "$out" 1
}

test_several() {
	need root
	bundle args='/probe cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/core/somaxconn /proc/sys/kernel/shmmni' \
		'linux.sysctl={"net.ipv4.ip_forward":"1","net.core.somaxconn":"256","kernel.shmmni":"77"}'
	rt_ok run -b b "$id"
	is "$out" '1
256
77'
}

test_ipc() {
	need root
	set_one kernel.msgmax 4096
}

test_ipc_more_names() {
	need root
	set_one kernel.shm_rmid_forced 1
	bundle args='/probe sysctl kernel.sem' 'linux.sysctl.[kernel.sem]="250\t32000\t100\t99"'
	rt_ok run -b b "$id"
	is "$out" "$(printf '250\t32000\t100\t99')" 'four values'
}

test_mqueue() {
	need root
	set_one fs.mqueue.msg_max 5
}

test_domainname() {
	need root
	set_one kernel.domainname example.org
}

test_readonly_proc_sys_comes_later() {
	need root
	bundle args='/probe write /proc/sys/net/ipv4/ip_forward 0' 'linux.sysctl.[net.ipv4.ip_forward]="1"' 'linux.readonlyPaths=["/proc/sys"]'
	rt run -b b "$id"
	is "$out" 'ERRNO EROFS open /proc/sys/net/ipv4/ip_forward'
}

test_without_proc_in_the_container() {
	need root
	need runtime		# runc writes through the container's /proc
	bundle args='/probe sleep' 'mounts.[destination=/proc]-' 'linux.sysctl.[net.ipv4.ip_forward]="1"'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$("$PROBE" cat "/proc/$(pid_of "$id")/root/proc" 2>&1 | head -n 1 | cut -c1-12)" 'ERRNO EISDIR'
	mkdir m
	nsenter_net "$(pid_of "$id")"
	is "$got" 1
	delete_all
}

# The value in another process's network namespace: /proc/PID/net leads there, /proc/sys does not,
# so a second container joins and looks.
nsenter_net() {
	bundle -d other args='/probe sysctl net.ipv4.ip_forward' "linux.namespaces.[type=network].path=/proc/$1/ns/net"
	got=$("$RT" --root "$STATE" run -b other "$id2" 2>&1)
}

test_net_needs_a_namespace() {
	need root
	refused net.ipv4.ip_forward 'linux.namespaces.[type=network]-'
	[ "$RT_NAME" != runtime ] || has "$err" "linux.sysctl: sysctl \"net.ipv4.ip_forward\" is not allowed in the host's network namespace"
}

test_net_needs_a_namespace_that_is_not_the_hosts() {
	need root
	refused net.ipv4.ip_forward 'linux.namespaces.[type=network].path=/proc/self/ns/net'
}

test_ipc_needs_a_namespace() {
	need root
	refused kernel.msgmax 'linux.namespaces.[type=ipc]-' 'mounts.[destination=/dev/mqueue]-'
}

test_mqueue_needs_a_namespace() {
	need root
	refused fs.mqueue.msg_max 'linux.namespaces.[type=ipc]-' 'mounts.[destination=/dev/mqueue]-'
}

test_domainname_needs_a_namespace() {
	need root
	refused kernel.domainname 'linux.namespaces.[type=uts]-' hostname-
}

test_hostname_is_not_a_sysctl() {
	need root
	refused kernel.hostname
	has "$err" 'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field'
}

test_global_ones_are_refused() {
	need root
	before=$("$PROBE" cat /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /proc/sys/kernel/panic /proc/sys/fs/file-max)
	refused kernel.core_pattern
	refused vm.swappiness
	has "$err" 'sysctl "vm.swappiness" is not in a separate kernel namespace'
	refused kernel.panic
	refused fs.file-max
	refused kernel.sysrq
	refused kernel.randomize_va_space
	is "$("$PROBE" cat /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /proc/sys/kernel/panic /proc/sys/fs/file-max)" "$before"
}

test_ways_around_are_refused() {
	need root
	before=$("$PROBE" cat /proc/sys/kernel/panic)
	refused net.ipv4/../../kernel/panic
	refused net/../kernel/panic
	refused net..kernel.panic
	refused /kernel/panic
	refused net.
	refused kernel.msgmax.x
	refused netx.ipv4
	is "$("$PROBE" cat /proc/sys/kernel/panic)" "$before"
}

test_unknown_name() {
	need root
	refused net.no.such.thing
	has "$err" 'no such file or directory'
}

test_bad_value() {
	need root
	bundle args=/bin/true 'linux.sysctl.[net.ipv4.ip_forward]="yes"'
	rt_fails run -b b "$id"
	has "$err" 'invalid argument'
	like "$err" 'ip_forward'
}

run_tests
