#!/bin/sh
# exec.t - "exec" runs one more process in a container.
. "${0%/*}/lib.sh"

says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }

# up [EDIT...]: a running container $id that sleeps
up() {
	bundle args='/probe sleep' "$@"
	rt_ok run -d -b b "$id"
}
down() { rt_ok delete -f "$id"; }

# refused ARGS...: exec fails with 255 and one line
refused() {
	rt exec "$@"
	is "$status" 255 "exec $*"
	isnt "$err" ''
	[ "$RT_NAME" != runtime ] || is "$(wc -l <err)" 1 'one line'
	[ "$RT_NAME" = runtime ] || err=$(sed 's/\\"/"/g' err)
}

# ---- the status ---------------------------------------------------------------------------------

test_exec_returns_the_status_of_the_process() {
	need root
	up
	for n in 0 1 42 127 255; do
		rt exec "$id" /probe exit $n
		is "$status" $n
		is "$err" ''
	done
	down
}

test_exec_killed_by_a_signal_returns_128_plus_n() {
	need root
	up
	for s in KILL:137 TERM:143 INT:130 SEGV:139; do
		rt exec "$id" /probe signal-self "${s%:*}"
		is "$status" "${s#*:}" "${s%:*}"
	done
	down
}

test_exec_leaves_the_container_running() {
	need root
	up
	pid=$(pid_of "$id")
	rt_ok exec "$id" true
	is "$(status_of "$id") $(pid_of "$id")" "running $pid"
	down
}

test_exec_program_not_found() {
	need root
	up
	refused "$id" nosuchprogram
	has "$err" 'exec: "nosuchprogram": executable file not found in $PATH'
	refused "$id" /nope
	has "$err" 'exec: "/nope": stat /nope: no such file or directory'
	refused "$id" /etc/passwd
	has "$err" 'exec: "/etc/passwd": permission denied'
	refused "$id" /etc
	[ "$RT_NAME" != runtime ] || has "$err" 'exec: "/etc": is a directory'
	down
}

test_exec_of_a_file_that_is_no_program() {
	need root
	need runtime
	up
	echo hello >b/rootfs/text
	chmod 755 b/rootfs/text
	refused "$id" /text
	has "$err" 'exec format error'
	down
}

test_exec_in_no_container() {
	refused "$id" true
	has "$err" 'container does not exist'
	says "$id: container does not exist"
}

test_exec_in_a_stopped_container() {
	need root
	bundle args='/probe true'
	rt_ok run -d -b b "$id"
	wait_status "$id" stopped
	refused "$id" true
	has "$err" 'cannot exec in a stopped container'
	says 'cannot exec in a stopped container'
	rt_ok delete "$id"
}

test_exec_in_a_created_container() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	is "$(in_ct "$id" /probe hostname)" box
	is "$(status_of "$id")" created
	rt_ok delete -f "$id"
}

test_exec_in_a_paused_container() {
	need root
	up
	rt_ok pause "$id"
	refused "$id" true
	has "$err" 'cannot exec in a paused container'
	says 'cannot exec in a paused container (use --ignore-paused to override)'
	down
}

test_exec_ignore_paused_waits_for_resume() {
	need root
	up
	rt_ok pause "$id"
	rt_bg exec --ignore-paused "$id" /probe say thawed
	"$PROBE" sleep 0.5
	ok kill -0 "$bg_pid"
	rt_ok resume "$id"
	rt_wait
	is "$status" 0
	is "$out" thawed
	down
}

test_exec_without_a_command() {
	need root
	up
	rt exec "$id"
	isnt "$status" 0
	isnt "$out$err" ''
	down
}

# ---- in the container ---------------------------------------------------------------------------

test_exec_joins_every_namespace() {
	need root
	up
	pid=$(pid_of "$id")
	in_ct "$id" /probe ns >ns.exec
	for t in cgroup ipc mnt net pid user uts; do
		is "$(sed -n "s/^$t //p" ns.exec)" "$("$PROBE" ns $t "$pid")" $t
	done
	down
}

test_exec_joins_the_user_namespace() {
	need root
	need userns
	up 'linux.namespaces+={"type":"user"}' \
		'linux.uidMappings=[{"containerID":0,"hostID":100000,"size":65536}]' \
		'linux.gidMappings=[{"containerID":0,"hostID":100000,"size":65536}]'
	is "$(in_ct "$id" /probe ns user)" "$("$PROBE" ns user "$(pid_of "$id")")"
	like "$(in_ct "$id" /probe id)" '^uid=0 gid=0 '
	down
}

test_exec_is_in_the_cgroup_of_the_container() {
	need root
	need cgroup2
	up
	rt_ok exec -d --pid-file pid "$id" /probe sleep
	is "$(cg "$(cat pid)")" "$(cg "$(pid_of "$id")")"
	down
}

test_exec_sees_the_root_of_the_container() {
	need root
	up
	is "$(in_ct "$id" /probe ls /)" "$(ls b/rootfs)"
	is "$(in_ct "$id" /probe hostname)" box
	down
}

test_exec_leaks_no_descriptor() {
	need root
	up
	echo x >f
	"$RT" --root "$STATE" exec "$id" /probe fds >ct.out 3<f 5<f
	is $? 0
	is "$(sed 's/ .*//' ct.out)" "0
1
2"
	down
}

test_exec_has_an_own_session_and_no_terminal() {
	need root
	up
	"$PROBE" pty "$RT" --root "$STATE" exec "$id" /probe tty >ct.out
	like "$(tr -d '\r' <ct.out)" '^controlling no$'
	like "$(in_ct "$id" /probe pid)" '^pid=([0-9]+) ppid=0 pgid=\1 sid=\1 '
	down
}

# ---- streams and signals -------------------------------------------------------------------------

test_exec_passes_the_streams() {
	need root
	up
	echo 'to and fro' >in
	rt_ok exec "$id" /probe cat <in
	is "$out" 'to and fro'
	rt_ok exec "$id" /probe say -e moan
	is "$err" moan
	down
}

test_exec_10_megabytes_through_pipes() {
	need root
	up
	head -c 10485760 /dev/urandom >big
	# shellcheck disable=SC2002 # a pipe is the point
	cat big | "$RT" --root "$STATE" exec "$id" /probe cat | cat >copy
	ok cmp big copy
	down
}

test_exec_forwards_signals() {
	need root
	up
	rt_bg exec "$id" /probe trap HUP INT USR1
	wait_for grep -q ready bg.out
	for s in HUP INT USR1; do
		kill -s $s "$bg_pid"
		wait_for grep -q "^SIG$s\$" bg.out
	done
	kill -s TERM "$bg_pid"
	rt_wait
	is "$status" 7
	down
}

test_exec_ends_when_the_container_is_killed() {
	need root
	up
	rt_bg exec "$id" /probe trap
	wait_for grep -q ready bg.out
	rt_ok kill "$id" KILL
	rt_wait
	is "$status" 137
	wait_status "$id" stopped
	rt_ok delete "$id"
}

# ---- defaults come from the config -----------------------------------------------------------------

test_exec_defaults_are_those_of_the_config() {
	need root
	up process.cwd=/tmp process.user='{"uid":1000,"gid":2000,"additionalGids":[5,6],"umask":63}' \
		'process.env=["PATH=/bin","A=1"]' process.noNewPrivileges=true \
		'process.rlimits=[{"type":"RLIMIT_NOFILE","hard":100,"soft":50}]'
	is "$(in_ct "$id" /probe cwd)" /tmp
	u=0077
	[ "$RT_NAME" = runtime ] || u='0...'	# some forget it
	like "$(in_ct "$id" /probe id)" "^uid=1000 gid=2000 groups=5,6 umask=$u\$"
	is "$(in_ct "$id" /probe env A)" 1
	is "$(in_ct "$id" /probe nnp)" 1
	soft=50
	[ "$RT_NAME" = runtime ] || soft='(50|100)'	# some programs raise their own soft limit first
	like "$(in_ct "$id" /probe rlimits RLIMIT_NOFILE)" "^RLIMIT_NOFILE $soft 100\$"
	down
}

test_exec_capabilities_are_those_of_the_config() {
	need root
	up
	is "$(in_ct "$id" /probe caps)" 'bounding CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE
effective CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE
inheritable none
permitted CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE
ambient none'
	down
}

test_exec_applies_seccomp() {
	need root
	need seccomp
	up 'linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["sethostname"],"action":"SCMP_ACT_ERRNO","errnoRet":99}]}'
	is "$(in_ct "$id" /probe seccomp)" 2
	like "$(in_ct "$id" /probe syscall sethostname x 1)" '^ERRNO EADDRNOTAVAIL '
	down
}

# ---- options of the direct form -----------------------------------------------------------------------

test_exec_cwd() {
	need root
	up
	is "$(in_ct --cwd /tmp "$id" /probe cwd)" /tmp
	is "$(in_ct --cwd=/var "$id" /probe cwd)" /var
	refused --cwd relative "$id" true
	down
}

test_exec_cwd_missing() {
	need root
	up
	refused --cwd /nowhere "$id" /probe cwd
	like "$err" 'no such file or directory|read-only file system'
	down
}

test_exec_env() {
	need root
	up 'process.env=["PATH=/bin","A=1","B=2"]'
	rt_ok exec -e A=9 -e C=3 -e D=x=y,z -e E= "$id" /probe env
	like "$out" '^A=9$'
	is "$(grep -c '^A=' out)" 1 'the last one counts'
	for l in B=2 C=3 D=x=y,z E= PATH=/bin; do like "$out" "^$l\$"; done
	down
}

test_exec_long_and_short_options_mix() {
	need root
	need runtime
	up
	rt_ok exec --env A=1 -e B=2 -env C=3 -e=D=4 -c CAP_CHOWN --cap CAP_SYS_CHROOT -g 1 --additional-gids 2 \
		"$id" /probe env
	for l in A=1 B=2 C=3 D=4; do like "$out" "^$l\$"; done
	down
}

test_exec_env_is_not_that_of_the_caller() {
	need root
	up
	SECRET=leak rt exec "$id" /probe env SECRET
	is "$status" 1
	is "$out" ''
	down
}

test_exec_env_path_finds_the_program() {
	need root
	up
	is "$(in_ct -e PATH=/bin "$id" probe say found)" found
	refused -e PATH=/nothing "$id" probe say found
	has "$err" 'executable file not found in $PATH'
	down
}

test_exec_with_a_large_argument() {
	need root
	up
	big=$(head -c 100000 /dev/zero | tr '\0' x)
	is "$(in_ct "$id" /probe say "$big" | wc -c | tr -d ' ')" 100001
	is "$(in_ct -e BIG="$big" "$id" /probe env BIG | wc -c | tr -d ' ')" 100001
	down
}

test_exec_does_not_wait_for_daemons_of_the_process() {
	need root
	need runtime
	up
	"$PROBE" deadline 20 "$RT" --root "$STATE" exec "$id" /probe daemonize 1000 >ct.out
	is $? 0
	is "$(status_of "$id")" running
	down
}

test_exec_env_home() {
	need root
	up
	is "$(in_ct "$id" /probe env HOME)" /root
	is "$(in_ct -u 1000 "$id" /probe env HOME)" /home
	is "$(in_ct -e HOME=/x "$id" /probe env HOME)" /x
	down
}

test_exec_user() {
	need root
	up
	like "$(in_ct --user 1000:2000 "$id" /probe id)" '^uid=1000 gid=2000 '
	like "$(in_ct -u 1000 "$id" /probe id)" '^uid=1000 gid=0 '
	like "$(in_ct -u 0:7 "$id" /probe id)" '^uid=0 gid=7 '
	[ "$RT_NAME" != runtime ] ||
		like "$(in_ct -u 4294967294:4294967294 "$id" /probe id)" '^uid=-2 gid=-2 ' 'the largest'
	down
}

test_exec_user_alone_keeps_the_group_of_the_config() {
	need root
	up process.user='{"uid":5,"gid":6}'
	like "$(in_ct -u 1000 "$id" /probe id)" '^uid=1000 gid=6 '
	down
}

test_exec_user_refuses_what_is_no_number() {
	need root
	need runtime
	up
	for u in root 1x x1 -1 +1 1: :1 : 1:x 1:-1 1:2:3 '1 ' ' 1' 0x10 4294967295 4294967296 1:4294967295 \
		99999999999999999999 1.5 1e3 ''; do
		rt exec -u "$u" "$id" /probe id
		isnt "$status" 0 "user '$u'"
		is "$out" '' 'nothing ran'
		is "$(wc -l <err)" 1
	done
	down
}

test_exec_additional_gids() {
	need root
	up
	is "$(in_ct -g 10 -g 20 "$id" /probe id)" 'uid=0 gid=0 groups=10,20 umask=0022'
	down
}

test_exec_additional_gids_refuse_what_is_no_number() {
	need root
	need runtime
	up
	for g in x -1 4294967295 ''; do
		rt exec -g "$g" "$id" /probe id
		isnt "$status" 0 "gid '$g'"
		is "$out" ''
	done
	down
}

test_exec_cap() {
	need root
	up
	rt_ok exec --cap CAP_CHOWN --cap CAP_SYS_CHROOT "$id" /probe caps
	want='CAP_AUDIT_WRITE CAP_CHOWN CAP_KILL CAP_NET_BIND_SERVICE CAP_SYS_CHROOT'
	like "$out" "^bounding $want\$"
	like "$out" "^effective $want\$"
	like "$out" "^permitted $want\$"
	down
}

test_exec_cap_is_not_inheritable() {
	need root
	up
	rt_ok exec --cap CAP_KILL "$id" /probe caps
	like "$out" '^inheritable none$'
	like "$out" '^ambient none$'
	rt_ok exec --cap CAP_KILL -u 1000 "$id" /probe caps
	like "$out" '^inheritable none$'
	like "$out" '^effective none$'
	down
}

test_exec_cap_unknown() {
	need root
	need runtime
	up
	rt exec --cap CAP_NOSUCH "$id" /probe caps
	isnt "$status" 0
	has "$err" CAP_NOSUCH
	is "$out" ''
	down
}

test_exec_no_new_privs() {
	need root
	up process.noNewPrivileges=false
	is "$(in_ct "$id" /probe nnp)" 0
	is "$(in_ct --no-new-privs "$id" /probe nnp)" 1
	down
}

test_exec_tty_in_background_needs_a_console_socket() {
	need root
	up
	refused -d -t "$id" true
	like "$err" 'cannot allocate tty if .* will detach without setting console socket'
	down
}

test_exec_of_a_container_with_terminal_needs_none() {
	need root
	bundle args='/probe sleep' process.terminal=true
	"$PROBE" recvfd -t 20 sock >recv.out &
	wait_for test -S sock
	rt_ok run -d --console-socket "$PWD/sock" -b b "$id"
	rt_ok exec "$id" /probe tty
	like "$out" '^1 no$'
	rt_ok delete -f "$id"
	wait $!
}

test_exec_detach() {
	need root
	up
	rt_ok exec --detach --pid-file pid "$id" /probe sleep
	is "$out$err" ''
	pid=$(cat pid)
	ok kill -0 "$pid"
	is "$("$PROBE" ns pid "$pid")" "$("$PROBE" ns pid "$(pid_of "$id")")"
	ppid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
	unlike "$(tr '\0' ' ' <"/proc/$ppid/cmdline")" "^$RT " 'its parent is not the runtime'
	down
	wait_gone "$pid"
}

test_exec_detach_output() {
	need root
	up
	"$RT" --root "$STATE" exec -d "$id" /probe say hello >ct.out
	is $? 0
	wait_for grep -q hello ct.out
	is "$(cat ct.out)" hello
	down
}

test_exec_detach_failure() {
	need root
	up
	refused -d --pid-file pid "$id" /nope
	fails test -e pid
	down
}

test_exec_pid_file() {
	need root
	up
	echo precious >victim
	ln -s victim pid
	rt_ok exec -d --pid-file pid "$id" /probe sleep
	like "$(cat pid)" '^[1-9][0-9]*$'
	is "$(wc -l <pid)" 0 'no newline'
	is "$(cat victim)" precious 'a link is replaced'
	like "$(tr '\0' ' ' <"/proc/$(cat pid)/cmdline")" '^/probe sleep'
	is "$(find . -maxdepth 1 -name '.*pid*')" '' 'no temporary file'
	down
}

test_exec_pid_file_in_foreground() {
	need root
	up
	rt_bg exec --pid-file pid "$id" /probe trap
	wait_for grep -q ready bg.out
	like "$(tr '\0' ' ' <"/proc/$(cat pid)/cmdline")" '^/probe trap'
	kill "$bg_pid"
	rt_wait
	is "$status" 7
	down
}

test_exec_preserve_fds() {
	need root
	up
	echo x >f3
	"$RT" --root "$STATE" exec --preserve-fds 1 "$id" /probe fds >ct.out 3<f3 4<f3
	is $? 0
	like "$(cat ct.out)" '^3 .*/f3$'
	is "$(wc -l <ct.out)" 4
	down
}

test_exec_preserve_fds_that_are_not_open() {
	need root
	up
	"$RT" --root "$STATE" exec --preserve-fds 9 "$id" /probe fds >out 2>err 9<&-
	isnt $? 0
	is "$(cat out)" ''
	isnt "$(cat err)" ''
	down
}

test_exec_apparmor_where_it_is_off() {
	need root
	need runtime
	[ ! -e /sys/kernel/security/apparmor/profiles ] || skip 'needs a kernel without AppArmor'
	up
	rt exec --apparmor some-profile "$id" true
	is "$status" 255
	like "$err" '[Aa]pp[Aa]rmor'
	down
}

test_exec_process_label_where_selinux_is_off() {
	need root
	need runtime
	[ ! -e /sys/fs/selinux/enforce ] || skip 'needs a kernel without SELinux'
	up
	rt exec --process-label a_u:b_r:c_t:s0 "$id" true
	is "$status" 255
	like "$err" '[Ss][Ee][Ll]inux'
	down
}

# Parsing of options stops at the id: what follows belongs to the command.
test_exec_options_after_the_id_belong_to_the_command() {
	need root
	up
	rt_ok exec "$id" /probe args -d --env --cwd x --help
	is "$out" '[-d]
[--env]
[--cwd]
[x]
[--help]'
	rt_ok exec -- "$id" /probe args -t
	is "$out" '[-t]'
	down
}

# ---- cgroup -----------------------------------------------------------------------------------------

test_exec_cgroup_below_that_of_the_container() {
	need root
	need cgroup2
	up
	dir=$(cg "$(pid_of "$id")")
	mkdir -p "$dir/sub/deep"
	is "$(in_ct --cgroup sub "$id" /probe cat /proc/self/cgroup | grep '^0:')" 0::/sub
	is "$(in_ct --cgroup /sub/deep "$id" /probe cat /proc/self/cgroup | grep '^0:')" 0::/sub/deep
	rt_ok exec --cgroup sub -d --pid-file pid "$id" /probe sleep
	is "$(cg "$(cat pid)")" "$dir/sub"
	down
	wait_gone "$(cat pid)"
	fails test -e "$dir"
}

test_exec_cgroup_missing() {
	need root
	need cgroup2
	up
	refused --cgroup nosuch "$id" true
	has "$err" 'no such file or directory'
	fails test -d "$(cg "$(pid_of "$id")")/nosuch"
	down
}

test_exec_cgroup_does_not_escape() {
	need root
	need runtime
	need cgroup2
	up
	mkdir "$CGROUP/$id-outside"
	for c in .. "../$id-outside" "/../$id-outside" "x/../../$id-outside"; do
		refused --cgroup "$c" "$id" /probe true
		is "$(cat "$CGROUP/$id-outside/cgroup.procs")" ''
	done
	rmdir "$CGROUP/$id-outside"
	down
}

# ---- exec --process -----------------------------------------------------------------------------------

# process ARGS EDIT...: p.json with the JSON value ARGS as its args (edits know "args" as process.args)
process() {
	echo "{\"cwd\":\"/\",\"args\":$1,\"env\":[\"PATH=/bin\"],\"user\":{\"uid\":0,\"gid\":0}}" >p.json
	shift
	[ $# = 0 ] || edit p.json "$@" || fail "edit $*"
}

test_exec_process_file() {
	need root
	up
	process '["probe","args","a b"]' 'env=["PATH=/bin","X=y"]' cwd=/tmp
	rt_ok exec --process p.json "$id"
	is "$out" '[a b]'
	process '["/probe","env"]' 'env=["X=y","HOME=/h"]'
	rt_ok exec -p p.json "$id"
	is "$(sort out)" "HOME=/h
X=y" 'nothing of the config'
	process '["/probe","cwd"]' cwd=/var
	rt_ok exec --process=p.json "$id"
	is "$out" /var
	down
}

test_exec_process_user() {
	need root
	up
	process '["/probe","id"]' 'user={"uid":1,"gid":2,"additionalGids":[3,4],"umask":7}'
	rt_ok exec -p p.json "$id"
	u=0007
	[ "$RT_NAME" = runtime ] || u='0...'
	like "$out" "^uid=1 gid=2 groups=3,4 umask=$u\$"
	down
}

test_exec_process_without_capabilities_has_those_of_the_container() {
	need root
	need runtime
	up process.capabilities='{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"permitted":["CAP_KILL"]}'
	process '["/probe","caps"]'
	rt_ok exec -p p.json "$id"
	for s in bounding effective permitted; do like "$out" "^$s CAP_KILL\$"; done
	for s in inheritable ambient; do like "$out" "^$s none\$"; done
	down
}

test_exec_process_capabilities() {
	need root
	up
	process '["/probe","caps"]' 'capabilities={"bounding":["CAP_KILL","CAP_CHOWN"],"permitted":["CAP_KILL","CAP_CHOWN"],"effective":["CAP_KILL"]}'
	rt_ok exec -p p.json "$id"
	like "$out" '^bounding CAP_CHOWN CAP_KILL$'
	like "$out" '^inheritable none$'
	down
}

test_exec_process_limits_and_flags() {
	need root
	up process.noNewPrivileges=false
	process '["/probe","rlimits","RLIMIT_CORE"]' noNewPrivileges=true \
		'rlimits=[{"type":"RLIMIT_CORE","hard":0,"soft":0}]'
	rt_ok exec -p p.json "$id"
	is "$out" 'RLIMIT_CORE 0 0'
	process '["/probe","nnp"]' noNewPrivileges=true
	rt_ok exec -p p.json "$id"
	is "$out" 1
	process '["/probe","nnp"]' noNewPrivileges=false
	rt_ok exec -p p.json "$id"
	is "$out" 0
	down
}

test_exec_process_detached() {
	need root
	up
	process '["/probe","sleep"]'
	rt_ok exec --process p.json --detach --pid-file pid "$id"
	like "$(tr '\0' ' ' <"/proc/$(cat pid)/cmdline")" '^/probe sleep'
	down
}

test_exec_process_file_missing() {
	need root
	up
	refused -p nowhere.json "$id"
	has "$err" 'no such file or directory'
	down
}

test_exec_process_file_is_checked() {
	need root
	need runtime
	up
	for a in '[]' null '"x"' '[1]' '{}'; do
		process "$a"
		rt exec -p p.json "$id"
		isnt "$status" 0 "args $a"
		is "$(wc -l <err)" 1 'one line'
	done
	for e in 'cwd=relative' 'cwd=""' 'cwd-' 'env=[1]' 'user={"uid":-1,"gid":0}' \
		'user={"uid":4294967296,"gid":0}' 'rlimits=[{"type":"RLIMIT_X","hard":1,"soft":1}]' \
		'rlimits=[{"type":"RLIMIT_CORE","hard":1,"soft":2}]' 'terminal=1'; do
		process '["/probe","true"]' "$e"
		rt exec -p p.json "$id"
		isnt "$status" 0 "$e"
		is "$(wc -l <err)" 1 'one line'
	done
	echo '{"args":' >p.json
	refused -p p.json "$id"
	like "$err" 'line 2, column 1|line 1, column 9|p\.json'
	down
}

# ---- many --------------------------------------------------------------------------------------------

test_exec_many_at_once() {
	need root
	up
	pids=
	for i in 1 2 3 4 5 6 7 8; do
		"$RT" --root "$STATE" exec "$id" /probe say hello >"ct.$i" 2>&1 &
		pids="$pids $!"
	done
	for p in $pids; do wait "$p"; is $? 0; done
	is "$(cat ct.* | sort | uniq -c | tr -s ' ')" ' 8 hello'
	down
}

test_exec_while_the_container_is_killed() {
	need root
	up
	rt_bg exec "$id" /probe sleep
	n=0
	while [ $n -lt 5 ]; do
		"$PROBE" deadline 20 "$RT" --root "$STATE" exec "$id" /probe sleep >"o.$n" 2>&1 &
		pids="$pids $!"
		n=$((n + 1))
	done
	rt_ok delete -f "$id"
	rt_wait
	isnt "$status" 0
	for p in $pids; do
		wait "$p"
		s=$?
		ok [ $s -ne 0 ]
		ok [ $s -ne 124 ]
	done
	is "$(status_of "$id")" gone
}

test_exec_does_not_write_the_state() {
	need root
	up
	cp "$STATE/$id/state.json" before
	rt_ok exec "$id" true
	ok cmp before "$STATE/$id/state.json"
	down
}

test_exec_where_the_container_manages_cgroups() {
	need runtime
	need root
	need controller hugetlb
	bundle args='/probe sleep' root.readonly=false \
		'mounts.[destination=/sys/fs/cgroup].options=["rw"]'
	rt_ok run -d -b b "$id"
	dir=$(cg "$(pid_of "$id")")
	mkdir "$dir/inner"
	pid_of "$id" >"$dir/inner/cgroup.procs"
	echo +hugetlb >"$dir/cgroup.subtree_control"
	rt_ok exec "$id" /probe cat /proc/self/cgroup
	like "$out" '^0::/inner$'
	rt_ok delete -f "$id"
}
test_exec_env_leaves_the_rest_of_the_configuration_alone() {
	need root
	up 'process.env=["A=1","B=2","C=3","D=4","PATH=/"]'
	rt_ok exec -e X=1 -e Y=2 -e Z=3 "$id" /probe rlimits
	like "$out" 'NOFILE.*1024'
	rt_ok exec -e X=1 "$id" /probe env
	like "$out" '^X=1$'
	down
}
run_tests
