#!/bin/sh
# faults - what users get wrong and what goes wrong around a container: refused in a sentence, without a trace.
. "${0%/*}/lib.sh"

# traces ID: prints what there still is of a container: state, cgroup, processes, mounts.
traces() {
	local first="${1%"${1#?}"}"
	if [ -e "$STATE/$1" ]; then echo "state: $(ls -A "$STATE/$1" | tr '\n' ' ')"; fi
	find "$CGROUP" -type d -name "*$1*" 2>/dev/null
	# the brackets keep grep from finding itself
	grep -la -e "[$first]${1#?}" /proc/[0-9]*/cmdline 2>/dev/null
	"$PROBE" mounts | grep -F -e "$STATE/$1" -e "$TESTDIR/b/rootfs"
}

# refused WHAT ARGS...: the command fails with one sentence and leaves nothing of $id.
refused() {
	local what="$1"
	shift
	rt_fails "$@"
	if [ "$RT_NAME" = runtime ]; then
		is "$(wc -l <err)" 1 "$what: one line"
		like "$err" '^runtime[a-z-]*: .' "$what: says who speaks"
	fi
	[ -n "$keep_traces" ] || is "$(traces "$id")" '' "$what: no trace"
}

# ---- what was asked for is wrong -----------------------------------------------------------------------

test_unknown_command() {
	refused 'unknown command' frobnicate
	[ "$RT_NAME" = runtime ] && has "$err" frobnicate
	rt
	[ -n "$out$err" ] && pass 'no command: says something' || fail 'no command: silence'
}

test_unknown_flag() {
	local c
	for c in create run start state kill delete exec list ps pause resume spec features; do
		refused "$c" $c --frobnicate "$id" x
		has "$err$out" frobnicate "$c names the flag"
	done
	refused 'global flag' --frobnicate list
}

test_missing_argument() {
	local c
	for c in create run start state kill delete exec ps pause resume; do
		refused "$c without id" $c
	done
	refused 'flag without its value' create --bundle
	refused 'number that is none' create --preserve-fds x "$id"
}

test_too_many_arguments() {
	local c
	need runtime
	bundle args='/probe sleep'
	for c in 'create -b b' 'run -b b' start state delete pause resume; do
		refused "$c" $c "$id" more
	done
}

test_invalid_id() {
	local name cmd long
	bundle args='/probe true'
	mkdir "$STATE" victim victim/x
	echo '{}' >victim/state.json
	long=$(printf '%300s' '' | tr ' ' a)
	for name in '' . .. ../victim ../x a/b /x 'a b' 'a
b' a: 'a*' 'é' "$long"; do
		for cmd in 'create -b b' 'run -b b' start state kill delete 'delete --force' pause; do
			# unknown is a sufficient answer to a strange name, except where one would be made
			case $cmd$name in 'delete --force'*) rt $cmd "$name" ;; *) refused "$cmd '$name'" $cmd "$name" ;; esac
			case $cmd in create*) [ "$RT_NAME" = runtime ] && [ -n "$name" ] && has "$err" 'invalid container ID format' ;; esac
		done
		refused "exec '$name'" exec "$name" /probe true
	done
	is "$(ls -A "$STATE")" '' 'nothing in the state directory'
	is "$(ls victim)" "$(printf 'state.json\nx')" 'the directory beside it is as it was'
	fails test -e x
}

test_longest_id() {
	bundle args='/probe true'
	local name="$id-$(printf '%200s' '' | tr ' ' a)_.+-Z9"
	rt_ok run -b b "$name"
	fails test -e "$STATE/$name"
}

test_no_config() {
	bundle args='/probe true'
	rm b/config.json
	refused 'no config.json' create -b b "$id"
	has "$err" config.json
	[ "$RT_NAME" = runtime ] && has "$err" 'JSON specification file config.json not found'
	mkdir b/config.json
	refused 'config.json is a directory' create -b b "$id"
	rmdir b/config.json
	ln -s config.json b/config.json
	refused 'config.json is a loop of links' create -b b "$id"
	rm b/config.json
	ln -s /dev/zero b/config.json
	refused 'config.json never ends' create -b b "$id"
	rm b/config.json
	mkfifo b/config.json
	"$PROBE" write b/config.json '{' >/dev/null &
	refused 'config.json is a pipe' create -b b "$id"
	kill $! 2>/dev/null
	wait
}

test_bad_config() {
	local text n=0 size
	bundle args='/probe true'
	cp b/config.json good
	for text in '' ' ' '{' '{}' '[]' 'null' '"x"' '1' '{"ociVersion":"1.0.2"' '{"ociVersion":"1.0.2","process":[]}' \
		'{"ociVersion":1}' '{"ociVersion":"1.0.2"}' '{"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"args":"x","cwd":"/"}}' \
		'{"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"args":[],"cwd":"/"},"linux":{}}'; do
		printf '%s' "$text" >b/config.json
		refused "config '$text'" create -b b "$id"
	done
	# cut short anywhere it is an error, and the whole of it is none
	size=$(wc -c <good)
	while [ $n -lt $((size - 2)) ]; do
		head -c $n good >b/config.json
		refused "config of $n bytes" create -b b "$id"
		n=$((n + size / 12 + 1))
	done
	cp good b/config.json
	rt_ok run -b b "$id"
}

test_wrong_values() {
	local e
	for e in process.user.uid=-1 process.user.uid=4294967296 process.user.uid=1.5 'process.user.uid="0"' process.cwd=tmp 'process.cwd=""' \
		'linux.namespaces+={"type":"nonsense"}' 'linux.namespaces+={"type":"pid"}' 'linux.namespaces+={"type":"pid","path":"/nope"}' \
		'process.rlimits+={"type":"RLIMIT_NONSENSE","hard":1,"soft":1}' 'process.rlimits=[{"type":"RLIMIT_CORE","hard":1,"soft":2}]' \
		'linux.rootfsPropagation="nonsense"' 'root.path=""' 'linux.namespaces.[type=network].path="/etc/passwd"' 'process.args=[]' \
		'linux.devices=[{"path":"/dev/x","type":"q","major":1,"minor":3}]' 'hooks={"createRuntime":[{"path":"relative"}]}'; do
		rm -rf b
		bundle args='/probe true' "$e"
		refused "$e" run -b b "$id"
	done
}

test_bundle_missing() {
	refused 'bundle missing' create -b nope "$id"
	has "$err" nope
	: >file
	refused 'bundle is a file' create -b file "$id"
	mkdir empty
	refused 'bundle is empty' create -b empty "$id"
	has "$err" config.json
}

test_rootfs_missing() {
	need root
	bundle args='/probe true'
	mv b/rootfs away
	refused 'rootfs missing' create -b b "$id"
	has "$err" rootfs
	: >b/rootfs
	refused 'rootfs is a file' create -b b "$id"
	rm b/rootfs
	ln -s nowhere b/rootfs
	refused 'rootfs leads nowhere' create -b b "$id"
}

test_bad_executable() {
	local e
	need root
	for e in nosuch:'executable file not found in \$PATH' /nosuch:'no such file or directory' /etc/passwd:'permission denied' \
		/etc:'is a directory|permission denied' /etc/passwd/x:'not a directory'; do
		bundle "args=${e%%:*}"
		refused "${e%%:*}" run -b b "$id"
		like "$err" "${e#*:}" "${e%%:*}: reason"
		has "$err" "${e%%:*}"
	done
	# a file that is no program gets as far as execve
	printf 'no program' >b/rootfs/etc/junk
	chmod 755 b/rootfs/etc/junk
	bundle args=/etc/junk
	rt run -b b "$id"
	isnt "$status" 0 'a file that is no program'
	[ "$RT_NAME" = runtime ] && like "$err" '^runtime: .*exec format error'
	printf '#!/nosuch\n' >b/rootfs/etc/junk
	rt run -b b "$id"
	isnt "$status" 0 'an interpreter that is missing'
	is "$(traces "$id")" '' 'no trace'
}

test_bad_executable_exec() {
	local e
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	keep_traces=1
	for e in nosuch:'executable file not found in \$PATH' /nosuch:'no such file or directory' /etc/passwd:'permission denied' \
		/etc:'is a directory|permission denied'; do
		refused "${e%%:*}" exec "$id" "${e%%:*}"
		is "$status" 255 "exec ${e%%:*}: status"
		like "$err" "${e#*:}" "exec ${e%%:*}: reason"
	done
	refused 'no command' exec "$id"
	refused 'no such cwd' exec --cwd /nosuch "$id" /probe true
	is "$(status_of "$id")" running
	delete_all
	keep_traces=
	is "$(traces "$id")" '' 'no trace'
}

test_mount_source_missing() {
	need root
	bundle args='/probe true' 'mounts+={"destination":"/mnt","type":"bind","source":"/nosuch/dir","options":["bind"]}'
	refused 'no source' run -b b "$id"
	has "$err" /nosuch/dir
	has "$err" 'no such file or directory'
	bundle args='/probe true' 'mounts+={"destination":"/mnt","type":"nosuchfs","source":"x"}'
	refused 'no such file system' run -b b "$id"
	has "$err" 'no such device'
	bundle args='/probe true' 'mounts+={"destination":"/etc/passwd/x","type":"tmpfs","source":"x"}'
	refused 'target below a file' run -b b "$id"
	has "$err" 'not a directory'
	bundle args='/probe true' 'mounts+={"destination":"/tmp","type":"tmpfs","source":"x","options":["nonsense=1"]}'
	refused 'an option that the file system has not' run -b b "$id"
	has "$err" 'invalid argument'
}

test_side_files() {
	need root
	bundle args='/probe true'
	refused 'pid file' create -b b --pid-file /nosuch/pid "$id"
	has "$err" 'no such file or directory'
	refused 'log file' --log /nosuch/log create -b b "$id"
	has "$err" /nosuch/log
	bundle args='/probe true' process.terminal=true
	refused 'console socket' create -b b --console-socket /nosuch/sock "$id"
	refused 'terminal without one' create -b b "$id"
	: >plain
	refused 'console socket is a file' create -b b --console-socket "$PWD/plain" "$id"
}

# ---- the container is in another state ------------------------------------------------------------------

test_id_in_use() {
	local pid
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	keep_traces=1
	refused 'create' create -b b --pid-file pid "$id"
	[ "$RT_NAME" = runtime ] && is "$err" "runtime: $id: container with given ID already exists"
	refused 'run' run -b b "$id"
	is "$(status_of "$id") $(pid_of "$id")" "created $pid" 'the first is as it was'
	fails test -e pid
	rt_ok start "$id"
	refused 'create' create -b b "$id"
	is "$(status_of "$id") $(pid_of "$id")" "running $pid" 'the first is as it was'
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	refused 'create' create -b b "$id"
	rt_ok delete "$id"
	keep_traces=
	is "$(traces "$id")" '' 'no trace'
	rt_ok create -b b "$id"
	rt_ok delete --force "$id"
}

test_wrong_state() {
	need root
	bundle args='/probe sleep'
	refused 'start of none' start "$id"
	has "$err" 'does not exist'
	keep_traces=1
	rt_ok create -b b "$id"
	rt_ok start "$id"
	refused 'second start' start "$id"
	has "$err" 'cannot start an already running container'
	refused 'delete while it runs' delete "$id"
	is "$(status_of "$id")" running
	[ "$RT_NAME" = runtime ] && is "$err" "runtime: cannot delete container $id that is not stopped: running"
	refused 'resume while it runs' resume "$id"
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	refused 'start when stopped' start "$id"
	has "$err" 'cannot start a container that has stopped'
	refused 'exec when stopped' exec "$id" /probe true
	[ "$RT_NAME" = runtime ] && has "$err" 'cannot exec in a stopped container'
	refused 'kill when stopped' kill "$id" TERM
	has "$err" 'container not running'
	refused 'pause when stopped' pause "$id"
	rt_ok delete "$id"
	refused 'delete of none' delete "$id"
	has "$err" 'does not exist'
	rt_ok delete --force "$id"
}

test_bad_signal() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	keep_traces=1
	refused 'word' kill "$id" NONSENSE
	refused 'number' kill "$id" 999
	refused 'negative' kill "$id" -- -9
	is "$(status_of "$id")" created
	delete_all
}

# What the container stands on is taken away: it can still be looked at and deleted.
test_bundle_removed() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	rm -rf b/config.json
	mv b gone
	is "$(status_of "$id")" running
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	rt_ok delete "$id"
	is "$(traces "$id")" '' 'no trace'
}

test_cgroup_removed() {
	local dir
	need root
	need cgroup2
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	dir=$(cg "$(pid_of "$id")")
	kill -9 "$(pid_of "$id")"
	wait_status "$id" stopped
	ok rmdir "$dir"
	is "$(status_of "$id")" stopped
	rt_ok delete "$id"
	is "$(traces "$id")" '' 'no trace'
}

# ---- the machine lacks something -------------------------------------------------------------------------

test_missing_controller() {
	local c e
	need root
	need cgroup2
	for c in memory:'memory={"limit":67108864}' pids:'pids={"limit":10}' cpu:'cpu={"shares":512}' io:'blockIO={"weight":100}' nosuch:; do
		have controller "${c%%:*}" || break
	done
	[ "$c" = nosuch: ] && skip 'needs a kernel without one of the controllers memory, pids, cpu, io'
	e=${c#*:}
	bundle args='/probe true' "linux.resources.$e"
	need runtime
	refused "${c%%:*}" run -b b "$id"
	has "$err" "${c%%:*}"
}

test_cgroup_refused() {
	need root
	need cgroup2
	mkdir "$CGROUP/$id3"
	echo 0 >"$CGROUP/$id3/cgroup.max.descendants" || skip 'needs cgroup.max.descendants'
	bundle args='/probe true' linux.cgroupsPath="/$id3/$id"
	refused 'no room for a cgroup' run -b b "$id"
	ok rmdir "$CGROUP/$id3"
}

test_state_root_unusable() {
	need root
	bundle args='/probe true'
	: >file
	STATE=$PWD/file
	refused 'a file' create -b b "$id"
	STATE=$PWD/file/x
	refused 'below a file' create -b b "$id"
	mkdir m
	mount -t tmpfs -o ro none m
	STATE=$PWD/m
	refused 'read-only' create -b b "$id"
	has "$err" 'read-only file system'
	STATE=$PWD/m/state
	refused 'not there, below read-only' create -b b "$id"
	umount m
	# none to look at is no error for those who only look
	STATE=$PWD/none
	rt_ok list -q
	is "$out" ''
	[ "$RT_NAME" = runtime ] && fails test -e none
	refused 'state' state "$id"
	has "$err" 'does not exist'
}

# One byte more at a time, every write of create meets the full disk once.
test_state_disk_full() {
	local kb blocks done=0 refusals=0
	need root
	need fs tmpfs
	bundle args='/probe true'
	mkdir m
	mount -t tmpfs -o size=1m none m
	for blocks in 0 1 2 3 4 5 6 7 8 9 10 12 14 16 20 24; do
		mkdir m/state
		dd if=/dev/zero of=m/fill bs=4096 count=$((256 - blocks - 1)) 2>/dev/null
		STATE=$PWD/m/state
		rt create -b b "$id"
		if [ "$status" = 0 ]; then
			done=$((done + 1))
		else
			refusals=$((refusals + 1))
			[ "$RT_NAME" = runtime ] && has "$err" 'no space left on device' "$blocks pages free"
			is "$(traces "$id")" '' "$blocks pages free: no trace"
		fi
		rt_ok delete --force "$id"
		rm -rf m/fill m/state
	done
	isnt $done 0 'some succeeded'
	isnt $refusals 0 'some did not'
	umount m
}

test_state_inodes_full() {
	local n done=0 refusals=0
	need root
	need fs tmpfs
	bundle args='/probe true'
	mkdir m
	for n in 2 3 4 5 6 7 8 9 10 12 16; do
		mount -t tmpfs -o size=1m,nr_inodes=$n none m
		STATE=$PWD/m
		rt create -b b "$id"
		if [ "$status" = 0 ]; then
			done=$((done + 1))
		else
			refusals=$((refusals + 1))
			[ "$RT_NAME" = runtime ] && has "$err" 'no space left on device' "$n inodes"
			is "$(traces "$id")" '' "$n inodes: no trace"
		fi
		rt_ok delete --force "$id"
		umount m
	done
	isnt $done 0 'some succeeded'
	isnt $refusals 0 'some did not'
}

# limited OPTION VALUE: create under a resource limit of its own works, or is refused without a trace.
limited() {
	(ulimit "$1" "$2" && exec "$PROBE" deadline 10 "$RT" --root "$STATE" create -b b "$id") >out 2>err
	status=$?
	err=$(cat err)
	if [ $status = 0 ]; then
		done=$((done + 1))
		is "$(status_of "$id")" created "ulimit $*"
		rt_ok delete --force "$id"
	else
		refusals=$((refusals + 1))
		isnt "$err" '' "ulimit $*: says why (status $status)"
	fi
	is "$(traces "$id")" '' "ulimit $*: no trace"
}

test_few_descriptors() {
	local n=3 done=0 refusals=0
	need root
	bundle args='/probe true' process.rlimits=[]
	while [ $n -le 40 ]; do
		limited -n $n
		n=$((n + 1))
		[ $done -ge 3 ] && break
	done
	isnt $done 0 'with enough it works'
	isnt $refusals 0 'with few it does not'
}

test_little_memory() {
	local n done=0 refusals=0
	need runtime
	need root
	bundle args='/probe true'
	for n in 400 500 600 700 800 900 1000 1200 1400 1600 1800 2000 2400 2800 3200 4000 6000 8000 12000 16000 32000; do
		# too little for the kernel to start it at all
		(ulimit -v $n && exec "$RT" --version) >/dev/null 2>&1 || continue
		limited -v $n
		[ $done -ge 3 ] && break
	done
	isnt $done 0 'with enough it works'
}

# SIGXFSZ kills the writer of a file: as bad as SIGKILL, and as harmless.
test_file_size_limit() {
	need root
	bundle args='/probe true'
	(ulimit -f 0 && exec "$PROBE" deadline 10 "$RT" --root "$STATE" create -b b "$id") >out 2>err
	isnt $? 0 'create fails'
	rt_ok delete --force "$id"
	is "$(traces "$id")" '' 'no trace'
	rt_ok run -b b "$id"
}

# Without descriptors 0, 1 and 2 the runtime's own files must not turn up there.
test_closed_stdio() {
	local pid fd
	need root
	bundle args='/probe sleep'
	"$RT" --root "$STATE" create -b b "$id" <&- >&- 2>&-
	if [ $? = 0 ]; then
		pid=$(pid_of "$id")
		"$RT" --root "$STATE" start "$id" <&- >&- 2>&-
		wait_status "$id" running
		for fd in 0 1 2; do
			unlike "$(readlink "/proc/$pid/fd/$fd")" "$STATE|$PWD|cgroup|socket|pipe" "descriptor $fd"
		done
		ok json check "$STATE/$id/state.json"
	fi
	rt_ok delete --force "$id"
	is "$(traces "$id")" '' 'no trace'
}

# ---- the state on disk is damaged -----------------------------------------------------------------------

# damaged: after the state of a stopped container was damaged others are unharmed, and --force removes it.
damaged() {
	rt state "$id"
	if [ "$status" = 0 ]; then unlike "$out" '"status": "(created|running|paused)"' "$1: not alive"
	else is "$(wc -l <err)" 1 "$1: state: one line"; like "$err" '^runtime: .' "$1: state"; fi
	rt_ok list -q
	has "$out" "$id2" "$1: list shows the other"
	rt kill "$id" KILL
	isnt "$status" 0 "$1: kill"
	rt_ok delete --force "$id"
	is "$(ls "$STATE")" "$id2" "$1: deleted"
	is "$(status_of "$id2")" created "$1: the other"
	find "$CGROUP" -depth -type d -name "$id" -exec rmdir {} \;	# nothing says any more where it is
}

stopped_container() {
	rt_ok create -b b "$id"
	kill -9 "$(pid_of "$id")"
	wait_status "$id" stopped
}

test_state_damaged() {
	local n text size
	need runtime
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id2"
	for text in '' garbage '{' '{}' '[]' null '{"id":1}' '{"pid":"x"}' '{"id":"x","pid":1}' '{"pid":99999999999999999999}' '{"pid":-1,"start":-1}'; do
		stopped_container
		printf '%s' "$text" >"$STATE/$id/state.json"
		damaged "state.json '$text'"
	done
	stopped_container
	size=$(wc -c <"$STATE/$id/state.json")
	cp "$STATE/$id/state.json" whole
	rt_ok delete "$id"
	for n in 1 2 10 $((size / 4)) $((size / 2)) $((size * 3 / 4)) $((size - 3)); do
		stopped_container
		head -c "$n" whole >"$STATE/$id/state.json"
		damaged "first $n bytes"
	done
	stopped_container
	head -c 100000 /dev/urandom >"$STATE/$id/state.json"
	damaged 'noise'
	stopped_container
	rm "$STATE/$id/state.json"
	damaged 'no state.json'
	mkdir "$STATE/$id"
	damaged 'empty directory'
	stopped_container
	rm "$STATE/$id/state.json"
	mkdir "$STATE/$id/state.json"
	rt_fails delete "$id"
	rmdir "$STATE/$id/state.json"
	damaged 'was a directory'
	rt_ok delete --force "$id2"
}

# A state that names other containers' or the host's things must not make delete reach for them.
test_state_symlinks() {
	need root
	need runtime
	bundle args='/probe sleep'
	rt_ok create -b b "$id2"
	mkdir canary
	echo keep >canary/state.json
	ln -s "$PWD/canary" "$STATE/$id"
	rt delete --force "$id"
	ok test -f canary/state.json
	is "$(cat canary/state.json)" keep
	rm -f "$STATE/$id"
	stopped_container
	rm "$STATE/$id/state.json"
	ln -s "$PWD/canary/state.json" "$STATE/$id/state.json"
	rt_fails state "$id"
	rt_ok delete --force "$id"
	is "$(cat canary/state.json)" keep
	rt_ok delete --force "$id2"
	rmdir "$CGROUP/$id" 2>/dev/null
	is "$(ls "$STATE")" ''
}

# The number of a dead init now belongs to somebody else: the start time tells.
test_pid_reused() {
	local other key pid
	need root
	bundle args='/probe sleep'
	"$PROBE" sleep 1000 &
	other=$!
	sleep 0.05			# start times are in hundredths of a second
	stopped_container
	cp "$STATE/$id/state.json" state.json
	for key in pid init_process_pid; do
		grep -q "\"$key\":" state.json && edit "$STATE/$id/state.json" "$key=$other"
	done
	like "$(cat "$STATE/$id/state.json")" "(pid|init_process_pid)\": ?$other[,}]" 'the edit took place'
	is "$(status_of "$id")" stopped
	rt_fails kill "$id" KILL
	rt_fails start "$id"
	rt_fails exec "$id" /probe true
	rt_fails pause "$id"
	ok kill -0 $other
	rt_ok delete "$id"
	ok kill -0 $other
	is "$(traces "$id")" '' 'no trace'
	# the same while init lives, with its start time wrong: it is not init any more
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	for key in start init_process_start; do
		grep -q "\"$key\":" "$STATE/$id/state.json" && edit "$STATE/$id/state.json" "$key=12345"
	done
	is "$(status_of "$id")" stopped
	rt_fails kill "$id" KILL
	ok kill -0 "$pid"
	rt_ok delete --force "$id"
	ok kill -0 $other
	kill $other
	if [ "$RT_NAME" = runtime ]; then
		# whatever it was, it is in the container's cgroup and has to go with it
		wait_gone "$pid"
		is "$(traces "$id")" '' 'no trace'
	else
		kill -9 "$pid"
		wait_gone "$pid"
		rmdir "$CGROUP/$id"
	fi
}

# ---- several at once ----------------------------------------------------------------------------------

# at_once N ARGS...: N runtimes start together; $wins of them succeed, $messages has the words of the others
at_once() {
	local n="$1" i=0 pids=
	shift
	mkfifo gate
	while [ $i -lt "$n" ]; do
		(read -r _ <gate; exec "$PROBE" deadline 10 "$RT" --root "$STATE" "$@" >"out.$i" 2>"err.$i" </dev/null) &
		pids="$pids $!"
		i=$((i + 1))
	done
	"$PROBE" sleep 0.05
	: >gate
	# a reader that opened late is let in too
	(while :; do : >gate; done) 2>/dev/null &
	i=$! wins=0
	for n in $pids; do wait "$n" && wins=$((wins + 1)); done
	kill $i
	wait $i 2>/dev/null
	messages=$(cat err.*)
	rm -f gate err.* out.*
}

test_create_at_once() {
	local round
	need root
	bundle args='/probe sleep'
	for round in 1 2 3 4 5 6; do
		at_once 6 create -b b "$id"
		is $wins 1 "round $round: one wins"
		is "$(printf '%s\n' "$messages" | grep -c .)" 5 "round $round: five are told"
		unlike "$(printf '%s\n' "$messages" | grep -v 'already exists')" . "round $round: in the right words"
		is "$(status_of "$id")" created
		rt_ok start "$id"
		is "$(in_ct "$id" /probe hostname)" box 'it works'
		rt_ok delete --force "$id"
		is "$(traces "$id")" '' "round $round: no trace"
	done
}

test_start_at_once() {
	local round
	need root
	bundle args='/probe sleep'
	for round in 1 2 3 4; do
		rt_ok create -b b "$id"
		at_once 4 start "$id"
		is $wins 1 "round $round: one wins"
		is "$(status_of "$id")" running
		rt_ok delete --force "$id"
	done
}

test_delete_at_once() {
	local round
	need root
	bundle args='/probe sleep'
	for round in 1 2 3 4; do
		rt_ok create -b b "$id"
		rt_ok start "$id"
		at_once 5 delete --force "$id"
		[ "$RT_NAME" = runtime ] && is "$wins:$messages" 5: "round $round: all succeed"
		is "$(traces "$id")" '' "round $round: no trace"
		stopped_container
		at_once 5 delete "$id"
		[ "$RT_NAME" = runtime ] && is $wins 1 "round $round: one deletes a stopped one"
		is "$(traces "$id")" '' "round $round: no trace"
	done
}

test_delete_during_create() {
	local ms made=0 refusals=0
	need root
	bundle args='/probe sleep'
	for ms in 0 2 4 6 8 10 13 16 20 25 30 40 60 80; do
		rt_bg create -b b "$id"
		"$PROBE" sleep 0.0$(printf %02d $ms)
		rt delete --force "$id"
		[ "$RT_NAME" = runtime ] && is "$status $err" '0 ' "delete after $ms ms"
		rt_wait
		if [ "$status" = 0 ]; then made=$((made + 1)); else refusals=$((refusals + 1)); isnt "$err" '' 'create says why'; fi
		rt_ok delete --force "$id"
		is "$(traces "$id")" '' "$ms ms: no trace"
	done
	note "create won $made times, delete $refusals times"
}

test_delete_during_exec() {
	local n pids i
	need root
	bundle args='/probe sleep'
	for n in 1 2 3 4 5 6; do
		rt_ok create -b b "$id"
		rt_ok start "$id"
		pids=
		for i in 1 2 3 4; do
			"$RT" --root "$STATE" exec "$id" /probe sleep 100 "$id" >/dev/null 2>&1 &
			pids="$pids $!"
			"$PROBE" sleep 0.0$((n * i / 3))
		done
		rt_ok delete --force "$id"
		for i in $pids; do fails wait "$i"; done
		is "$(traces "$id")" '' "round $n: no trace"
	done
}

test_list_meanwhile() {
	local n=0 bg
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id2"
	(
		while [ $n -lt 12 ]; do
			"$RT" --root "$STATE" create -b b "$id" >/dev/null 2>&1
			"$RT" --root "$STATE" delete --force "$id" >/dev/null 2>&1
			n=$((n + 1))
		done
	) &
	bg=$!
	while kill -0 $bg 2>/dev/null; do
		rt list -q
		[ "$status" = 0 ] || fail "list: $err"
		case $out in *"$id2"*) n=$((n + 1)) ;; *) fail "list without $id2: $out" ;; esac
	done
	wait $bg
	isnt $n 0 'listed meanwhile'
	rt_ok delete --force "$id2"
}

run_tests
