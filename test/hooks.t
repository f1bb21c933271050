#!/bin/sh
# hooks.t - the six kinds of hooks: when, where, with what, and what their failure means.
. "${0%/*}/lib.sh"

# hook WORD [STATUS]: a hook as JSON that appends "WORD state" to ./log and ends with STATUS
hook() {
	printf '{"path":"%s","args":["probe","hook","%s","%s"%s]}' "$PROBE" "$PWD/log" "$1" "${2:+,\"$2\"}"
}
# inner WORD [STATUS]: the same inside the container, to /log
inner() { printf '{"path":"/probe","args":["probe","hook","/log","%s"%s]}' "$1" "${2:+,\"$2\"}"; }
# script TEXT: a hook that runs a line of shell (no quotes in it)
script() { printf '{"path":"/bin/sh","args":["sh","-c","%s"]}' "$1"; }

# state_of WORD: the state that hook WORD got, in ./state.json
state_of() {
	sed -n "s/^$1 //p" log >state.json
	ok json check state.json
}
words() { sed 's/ .*//' "${1:-log}" 2>/dev/null | tr '\n' ' '; }

host_hooks='prestart createRuntime createContainer'

# every [EDIT...]: a bundle with one hook of each kind
every() {
	bundle root.readonly=false "hooks.poststop=[$(hook poststop)]" "hooks.poststart=[$(hook poststart)]" \
		"hooks.startContainer=[$(inner startContainer)]" "hooks.createContainer=[$(hook createContainer)]" \
		"hooks.createRuntime=[$(hook createRuntime)]" "hooks.prestart=[$(hook prestart)]" "$@"
}

# nothing_left: no container, no cgroup
nothing_left() {
	is "$(status_of "$id")" gone
	fails test -e "$STATE/$id"
	[ ! -d "$CGROUP" ] || is "$(find "$CGROUP" -type d -name "*$id*")" '' 'no cgroup'
}

# ---- order -----------------------------------------------------------------------------------------

test_hooks_run_in_order_of_their_operations() {
	need root
	every args='/probe sleep'
	rt_ok create -b b "$id"
	case $RT_NAME in runc) ;; *) is "$(words)" 'prestart createRuntime createContainer ' 'create' ;; esac
	fails test -e b/rootfs/log
	rt_ok start "$id"
	is "$(words)" 'prestart createRuntime createContainer poststart ' 'start'
	is "$(words b/rootfs/log)" 'startContainer '
	rt_ok kill "$id" KILL
	wait_status "$id" stopped
	is "$(words)" 'prestart createRuntime createContainer poststart ' 'nothing on kill'
	rt_ok delete "$id"
	is "$(words)" 'prestart createRuntime createContainer poststart poststop ' 'delete'
}

test_hooks_of_one_kind_run_in_order_of_the_list() {
	need root
	bundle args='/probe true' root.readonly=false \
		"hooks.prestart=[$(hook a1),$(hook a2),$(hook a3)]" "hooks.createRuntime=[$(hook b1),$(hook b2)]" \
		"hooks.createContainer=[$(hook c1),$(hook c2)]" "hooks.startContainer=[$(inner d1),$(inner d2)]" \
		"hooks.poststop=[$(hook f1),$(hook f2)]"
	rt_ok run -b b "$id"
	is "$(words)" 'a1 a2 a3 b1 b2 c1 c2 f1 f2 '
	is "$(words b/rootfs/log)" 'd1 d2 '
}

test_hooks_of_run_in_foreground() {
	need root
	every args='/probe sleep 0.3'
	rt_ok run -b b "$id"
	is "$(words)" 'prestart createRuntime createContainer poststart poststop '
	is "$(words b/rootfs/log)" 'startContainer '
}

test_hooks_startcontainer_runs_before_poststart() {
	need root
	need runtime
	bundle args='/probe sleep' root.readonly=false "hooks.startContainer=[$(inner startContainer)]" \
		"hooks.poststart=[$(script "cp $PWD/b/rootfs/log $PWD/seen")]"
	rt_ok create -b b "$id"
	rt_ok start "$id"
	is "$(words seen)" 'startContainer '
	rt_ok delete -f "$id"
}

# The program runs when a poststart hook does.
test_hooks_poststart_sees_the_program_running() {
	need root
	need runtime
	bundle args='/probe sleep' "hooks.poststart=[$(hook poststart),$(script "pid=\$(sed -n 's/.*pid.: *\\\\([0-9]*\\\\).*/\\\\1/p' $PWD/log); readlink /proc/\$pid/exe >$PWD/exe")]"
	rt_ok create -b b "$id"
	fails test -e log
	rt_ok start "$id"
	is "$(cat exe)" /probe
	rt_ok delete -f "$id"
}

test_hooks_absent_and_empty() {
	need root
	bundle args='/probe true' 'hooks={}'
	rt_ok run -b b "$id"
	bundle args='/probe true' 'hooks={"prestart":[],"poststop":[]}'
	rt_ok run -b b "$id"
}

# ---- the state on stdin -------------------------------------------------------------------------------

test_hooks_get_the_state() {
	need root
	every args='/probe sleep' 'annotations.[org.x]=y'
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_ok start "$id"
	rt_ok delete -f "$id"
	cat b/rootfs/log >>log
	for h in prestart createRuntime createContainer startContainer poststart poststop; do
		state_of $h
		is "$(json get id state.json)" "$id" "$h"
		is "$(json get bundle state.json)" "$PWD/b"
		like "$(json get ociVersion state.json)" '^1\.'
		is "$(json get 'annotations.[org.x]' state.json)" y
	done
	for h in prestart createRuntime poststart; do
		state_of $h
		is "$(json get pid state.json)" "$pid" "$h: the pid outside"
	done
}

test_hooks_get_the_status() {
	need root
	every args='/probe sleep'
	rt_ok create -b b "$id"
	rt_ok start "$id"
	rt_ok delete -f "$id"
	cat b/rootfs/log >>log
	while read -r h want; do
		case $RT_NAME$h in runcpoststart) continue ;; esac	# some versions run it at create
		state_of "$h"
		is "$(json get status state.json)" "$want" "$h"
	done <<-END
		prestart creating
		createRuntime creating
		createContainer creating
		startContainer created
		poststart running
		poststop stopped
	END
}

# "For hooks executed in the container namespace, it is the pid as seen by the container."
test_hooks_in_the_container_get_its_pid() {
	need root
	every args='/probe true'
	rt_ok run -b b "$id"
	cat b/rootfs/log >>log
	for h in createContainer startContainer; do
		state_of $h
		is "$(json get pid state.json)" 1 "$h"
	done
}

test_hooks_that_read_no_stdin_do_no_harm() {
	need root
	bundle args='/probe true' "hooks.createRuntime=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"true\"]}]"
	sed "s/\"ociVersion\"/\"annotations\":{\"big\":\"$(head -c 100000 /dev/zero | tr '\0' x)\"},\"ociVersion\"/" b/config.json >c.json
	cp c.json b/config.json
	rt_ok run -b b "$id"
	is "$err" ''
}

test_hooks_get_a_large_state_in_full() {
	need root
	bundle args='/probe true' "hooks.createRuntime=[$(hook one)]"
	sed "s/\"ociVersion\"/\"annotations\":{\"big\":\"$(head -c 100000 /dev/zero | tr '\0' x)\"},\"ociVersion\"/" b/config.json >c.json
	cp c.json b/config.json
	rt_ok run -b b "$id"
	state_of one
	is "$(json get annotations.big state.json | wc -c | tr -d ' ')" 100001
}

# ---- where they run -------------------------------------------------------------------------------------

test_hooks_of_the_runtime_run_in_its_namespaces() {
	need root
	for k in prestart createRuntime poststart poststop; do
		bundle args='/probe sleep 0.2' "hooks.$k=[$(script "$PROBE ns >$PWD/ns.$k")]"
		rt_ok run -b b "$id"
		for t in mnt net pid ipc uts user cgroup; do
			is "$(sed -n "s/^$t //p" ns.$k)" "$("$PROBE" ns $t)" "$k $t"
		done
	done
}

test_hooks_createcontainer_runs_in_the_container_before_pivot() {
	need root
	bundle args='/probe sleep' "hooks.createContainer=[$(script "$PROBE ns >$PWD/ns; $PROBE hostname >>$PWD/ns")]"
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	for t in mnt net ipc uts; do
		is "$(sed -n "s/^$t //p" ns)" "$("$PROBE" ns $t "$pid")" "$t is the container's"
		isnt "$(sed -n "s/^$t //p" ns)" "$("$PROBE" ns $t)"
	done
	rt_ok delete -f "$id"
}

test_hooks_createcontainer_sees_the_mounts() {
	need root
	bundle args='/probe true' "hooks.createContainer=[$(script "$PROBE mounts >$PWD/mounts")]"
	rt_ok run -b b "$id"
	like "$(cat mounts)" '/proc proc '
	like "$(cat mounts)" '/dev/mqueue mqueue '
	like "$(cat mounts)" '/rootfs/dev tmpfs |/dev tmpfs '
}

# What it mounts below the rootfs is there for the program: that is what it is for.
test_hooks_createcontainer_can_add_a_mount() {
	need root
	mkdir src
	echo found >src/f
	bundle args='/probe cat /var/f' "hooks.createContainer=[$(script "mount -o bind $PWD/src $PWD/b/rootfs/var")]"
	rt_ok run -b b "$id"
	is "$out" found
}

test_hooks_prestart_can_configure_the_network_namespace() {
	need root
	bundle args='/probe netif' "hooks.createRuntime=[$(hook one)]"
	rt_ok create -b b "$id"
	state_of one
	is "$("$PROBE" ns net "$(json get pid state.json)")" "$("$PROBE" ns net "$(pid_of "$id")")"
	rt_ok delete -f "$id"
}

test_hooks_startcontainer_is_looked_up_in_the_container() {
	need root
	bundle args='/probe cat /log' root.readonly=false "hooks.startContainer=[$(inner in)]"
	cp b/rootfs/probe b/rootfs/only-here
	edit b/config.json 'hooks.startContainer=[{"path":"/only-here","args":["probe","hook","/log","in"]}]'
	rt_ok run -b b "$id"
	like "$out" '^in \{'
}

# ---- arguments, environment, descriptors --------------------------------------------------------------------

test_hooks_arguments() {
	need root
	bundle args='/probe true' "hooks.createRuntime=[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo \$0-\$1-\$# >$PWD/args\",\"a b\",\"c\",\"\"]}]"
	rt_ok run -b b "$id"
	is "$(cat args)" 'a b-c-2'
}

test_hooks_without_arguments() {
	need root
	printf '#!/bin/sh\necho "$0 $#" >%s/args\n' "$PWD" >h
	chmod 755 h
	bundle args='/probe true' "hooks.createRuntime=[{\"path\":\"$PWD/h\"}]"
	rt_ok run -b b "$id"
	is "$(cat args)" "$PWD/h 0"
}

test_hooks_environment_is_that_of_the_config() {
	need root
	for k in prestart createRuntime createContainer poststop; do
		bundle args='/probe true' "hooks.$k=[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"$PROBE env >$PWD/env\"],\"env\":[\"A=1\",\"B=x=y\"]}]"
		SECRET=leak rt_ok run -b b "$id"
		# some shells add a few of their own
		is "$(grep -v '^PWD=\|^_=\|^SHLVL=\|^OLDPWD=\|^PATH=' env | sort)" "A=1
B=x=y" "$k"
	done
}

test_hooks_descriptors() {
	need root
	need runtime
	echo x >f
	for k in prestart createRuntime createContainer poststart poststop; do
		bundle args='/probe sleep 0.1' "hooks.$k=[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"$PROBE fds >$PWD/fds\"]}]"
		"$RT" --root "$STATE" run -b b "$id" 3<f 5<f
		is $? 0
		is "$(sed 's/ .*//' fds)" "0
1
2" "$k"
	done
}

test_hooks_output_does_not_mix_with_that_of_the_program() {
	need root
	bundle args='/probe say program' "hooks.createRuntime=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"say\",\"hook\"]}]" \
		"hooks.poststop=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"say\",\"hook\"]}]"
	rt_ok run -b b "$id"
	is "$out" program
	is "$err" ''
}

test_hooks_have_default_signals() {
	need root
	need runtime
	bundle args='/probe true' "hooks.createRuntime=[$(script "$PROBE sigs >$PWD/sigs")]"
	"$PROBE" sigdfl "$RT" --root "$STATE" run -b b "$id"
	# some shells leave SIGQUIT ignored
	like "$(cat sigs)" '^blocked=0000000000000000 ignored=000000000000000[04]$'
}

# A daemon that a hook starts and that keeps the pipe open must not hold the container up.
test_hooks_may_leave_a_daemon() {
	need root
	need runtime
	bundle args='/probe true' "hooks.createRuntime=[$(script "$PROBE sleep 100 & echo \$! >$PWD/pid")]"
	"$PROBE" deadline 20 "$RT" --root "$STATE" run -b b "$id"
	is $? 0
	ok kill -0 "$(cat pid)"
	kill "$(cat pid)"
}

# Hooks may ask the runtime: no lock is held that would make it wait for the hook.
test_hooks_may_call_the_runtime() {
	need root
	need runtime
	for k in prestart createRuntime poststart; do
		bundle args='/probe sleep 100' "hooks.$k=[$(script "$RT --root $STATE state $id >$PWD/st.$k 2>&1; $RT --root $STATE list -q >$PWD/list.$k 2>&1")]"
		"$PROBE" deadline 20 "$RT" --root "$STATE" run -d -b b "$id" >ct.out 2>err
		is $? 0 "$k $(cat err)"
		is "$(cat list.$k)" "$id"
		is "$(json get id st.$k)" "$id"
		like "$(json get status st.$k)" '^(creating|running)$'
		rt_ok delete -f "$id"
	done
}

test_hooks_poststart_may_exec() {
	need root
	need runtime
	bundle args='/probe sleep' "hooks.poststart=[$(script "$RT --root $STATE exec $id /probe hostname >$PWD/name")]"
	"$PROBE" deadline 20 "$RT" --root "$STATE" run -d -b b "$id" >ct.out 2>err
	is $? 0 "$(cat err)"
	is "$(cat name)" box
	rt_ok delete -f "$id"
}

test_hooks_poststart_may_kill() {
	need root
	need runtime
	bundle args='/probe sleep' "hooks.poststart=[$(script "$RT --root $STATE kill $id KILL")]"
	"$PROBE" deadline 20 "$RT" --root "$STATE" run -b b "$id" >ct.out 2>err
	is $? 137 "$(cat err)"
	nothing_left
}

# ---- failure ------------------------------------------------------------------------------------------------

test_hooks_failure_at_create_destroys_the_container() {
	need root
	for k in $host_hooks; do
		rm -f log
		bundle args='/probe sleep' "hooks.$k=[$(hook first),$(hook bad 3),$(hook never)]" \
			"hooks.poststop=[$(hook poststop)]"
		rt_fails create -b b "$id"
		is "$status" 1 "$k"
		if [ "$RT_NAME" = runtime ]; then
			has "$err" "$k"
			is "$(wc -l <err)" 1 'one line'
			has "$err" 'exit status 3'
			is "$(words)" 'first bad poststop ' 'the next is not run, poststop is'
		fi
		nothing_left
	done
}

test_hooks_failure_at_run_destroys_the_container() {
	need root
	for k in $host_hooks; do
		bundle args='/probe write /tmp/ran x' root.readonly=false "hooks.$k=[$(hook bad 3)]"
		rt_fails run -b b "$id"
		is "$status" 1 "$k"
		fails test -e b/rootfs/tmp/ran
		nothing_left
	done
}

test_hooks_startcontainer_failure_fails_start() {
	need root
	need runtime
	bundle args='/probe write /tmp/ran x' root.readonly=false "hooks.startContainer=[$(inner bad 3),$(inner never)]" \
		"hooks.poststop=[$(hook poststop)]"
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_fails start "$id"
	is "$status" 1
	has "$err" startContainer
	has "$err" 'exit status 3'
	is "$(wc -l <err)" 1
	wait_gone "$pid"
	fails test -e b/rootfs/tmp/ran
	is "$(words b/rootfs/log)" 'bad '
	like "$(status_of "$id")" '^(gone|stopped)$'
	rt_ok delete --force "$id"
	is "$(words)" 'poststop '
}

test_hooks_startcontainer_failure_fails_run() {
	need root
	bundle args='/probe write /tmp/ran x' root.readonly=false "hooks.startContainer=[$(inner bad 3)]"
	rt run -b b "$id"
	[ "$RT_NAME" = runc ] || { is "$status" 1; has "$err" startContainer; }
	isnt "$status" 0
	fails test -e b/rootfs/tmp/ran
	nothing_left
}

# Spec 1.3: an error, the container is stopped and destroyed.
test_hooks_poststart_failure_stops_the_container() {
	need root
	need runtime
	bundle args='/probe sleep' "hooks.poststart=[$(hook bad 3),$(hook never)]" "hooks.poststop=[$(hook poststop)]"
	rt_ok create -b b "$id"
	pid=$(pid_of "$id")
	rt_fails start "$id"
	is "$status" 1
	has "$err" poststart
	is "$(wc -l <err)" 1
	wait_gone "$pid"
	is "$(words)" 'bad poststop '
	nothing_left
}

test_hooks_poststart_failure_fails_run() {
	need root
	bundle args='/probe sleep' "hooks.poststart=[$(hook bad 3)]"
	rt_fails run -b b "$id"
	is "$status" 1
	nothing_left
	rt_fails run -d -b b "$id"
	is "$status" 1
	nothing_left
}

test_hooks_poststop_failure_is_a_warning() {
	need root
	bundle args='/probe sleep' "hooks.poststop=[$(hook one 3),$(hook two)]"
	rt_ok create -b b "$id"
	rt --log "$PWD/warn" delete -f "$id"
	is "$status" 0 'delete succeeds'
	[ "$RT_NAME" = runc ] || is "$(words)" 'one two ' 'the others run'
	nothing_left
	if [ "$RT_NAME" = runtime ]; then
		is "$(wc -l <warn)" 1
		like "$(cat warn)" 'level=warning msg=.*poststop'
	fi
}

test_hooks_poststop_failure_does_not_change_the_status_of_run() {
	need root
	bundle args='/probe exit 5' "hooks.poststop=[$(hook one 3)]"
	rt run -b b "$id"
	is "$status" 5
	nothing_left
}

test_hooks_failure_shows_what_the_hook_said() {
	need root
	bundle args='/probe true' "hooks.createRuntime=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"say\",\"-e\",\"no license\"]},$(script 'echo no license >&2; exit 4')]"
	rt_fails run -b b "$id"
	has "$err" 'no license'
	[ "$RT_NAME" != runtime ] || is "$(wc -l <err)" 1
	nothing_left
}

test_hooks_failure_with_many_lines_is_one_line() {
	need root
	need runtime
	bundle args='/probe true' "hooks.createRuntime=[$(script 'echo one; echo two; exit 4')]"
	rt_fails --log "$PWD/l" --log-format json run -b b "$id"
	is "$(wc -l <err)" 1
	is "$(wc -l <l)" 1
	ok json check l
	has "$(json get msg l)" one
	has "$(json get msg l)" two
}

test_hooks_killed_by_a_signal() {
	need root
	bundle args='/probe true' "hooks.createRuntime=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"signal-self\",\"KILL\"]}]"
	rt_fails run -b b "$id"
	is "$status" 1
	like "$err" 'killed|signal'
	nothing_left
}

test_hooks_missing_program() {
	need root
	for k in $host_hooks; do
		bundle args='/probe true' "hooks.$k=[{\"path\":\"/no/such/hook\"}]"
		rt_fails create -b b "$id"
		is "$status" 1 "$k"
		has "$err" /no/such/hook
		has "$err" 'no such file or directory'
		nothing_left
	done
}

test_hooks_relative_path_is_refused() {
	need root
	bundle args='/probe true' "hooks.createRuntime=[{\"path\":\"bin/true\"}]"
	rt_fails create -b b "$id"
	is "$status" 1
	nothing_left
}

test_hooks_without_path_are_refused() {
	need root
	need runtime
	bundle args='/probe true' 'hooks.createRuntime=[{"args":["x"]}]'
	rt_fails create -b b "$id"
	is "$status" 1
	like "$err" 'config\.json: hooks\.createRuntime\[0\].*path'
	nothing_left
}

test_hooks_timeout_must_be_positive() {
	need root
	need runtime
	for t in 0 -1; do
		bundle args='/probe true' "hooks.createRuntime=[{\"path\":\"/bin/true\",\"timeout\":$t}]"
		rt_fails create -b b "$id"
		is "$status" 1 "timeout $t"
		has "$err" 'hooks.createRuntime[0].timeout'
		nothing_left
	done
}

# ---- timeout -----------------------------------------------------------------------------------------------

test_hooks_timeout_kills_the_hook() {
	need root
	bundle args='/probe true' "hooks.createRuntime=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"sleep\",\"20\"],\"timeout\":1}]"
	"$PROBE" deadline 15 "$RT" --root "$STATE" run -b b "$id" 2>err
	is $? 1
	like "$(cat err)" 'time|deadline|killed'
	nothing_left
}

test_hooks_timeout_in_the_container() {
	need root
	need runtime
	bundle args='/probe true' 'hooks.startContainer=[{"path":"/probe","args":["probe","sleep","20"],"timeout":1}]'
	"$PROBE" deadline 15 "$RT" --root "$STATE" run -b b "$id" 2>err
	is $? 1
	has "$(cat err)" 'timed out'
	nothing_left
}

test_hooks_timeout_of_poststop_is_a_warning() {
	need root
	need runtime
	bundle args='/probe true' "hooks.poststop=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"sleep\",\"20\"],\"timeout\":1},$(hook two)]"
	"$PROBE" deadline 15 "$RT" --root "$STATE" run -b b "$id" 2>err
	is $? 0
	is "$(words)" 'two '
	nothing_left
}

test_hooks_in_time_are_not_killed() {
	need root
	bundle args='/probe true' "hooks.createRuntime=[{\"path\":\"$PROBE\",\"args\":[\"probe\",\"sleep\",\"0.2\"],\"timeout\":5},$(hook two)]"
	rt_ok run -b b "$id"
	is "$(words)" 'two '
}

test_hooks_startcontainer_has_the_rights_of_the_container() {
	need root
	need runtime
	bundle args='/probe true' process.noNewPrivileges=false linux.seccomp='{"defaultAction":"SCMP_ACT_ALLOW"}' \
		hooks.startContainer='[{"path":"/probe","args":["probe","mknod","/dev/disk","b","8","0"]}]'
	rt_fails run -b b "$id"
	has "$err" startContainer
}
# ---- annotations, interruption ----------------------------------------------------------------------------

test_hooks_output_goes_to_the_files_of_the_annotations() {
	need root
	[ "$RT_NAME" != runc ] || skip 'needs run.oci.hooks annotations'
	echo old >hooks.out
	say=$(script 'echo said; echo complained >&2')
	bundle args='/probe true' root.readonly=false "hooks.createRuntime=[$say]" "hooks.createContainer=[$say]" "hooks.poststart=[$say]" "hooks.poststop=[$say]" \
		'hooks.startContainer=[{"path":"/probe","args":["probe","say","inner"]},{"path":"/probe","args":["probe","say","-e","inner-err"]}]' \
		"annotations.[run.oci.hooks.stdout]=$PWD/hooks.out" "annotations.[run.oci.hooks.stderr]=$PWD/hooks.err"
	rt_ok create -b b "$id"
	is "$(tr '\n' ' ' <hooks.out)" 'old said said ' 'appended'
	rt_ok start "$id"
	wait_status "$id" stopped
	is "$(tr '\n' ' ' <hooks.out)" 'old said said inner said '
	rt_ok delete "$id"
	is "$(tr '\n' ' ' <hooks.out)" 'old said said inner said said '
	is "$(tr '\n' ' ' <hooks.err)" 'complained complained inner-err complained complained '
}

test_hooks_output_file_that_cannot_be_opened() {
	need root
	need runtime
	bundle args='/probe true' "hooks.createRuntime=[$(hook x)]" "annotations.[run.oci.hooks.stdout]=/no/such/dir/file"
	rt_fails run -b b "$id"
	is "$err" 'runtime: annotation run.oci.hooks.stdout: open /no/such/dir/file: no such file or directory'
	nothing_left
}

test_hooks_startcontainer_that_hangs_can_be_interrupted() {
	need root
	need runtime
	bundle args='/probe true' 'hooks.startContainer=[{"path":"/probe","args":["probe","sleep","60"]}]' "hooks.poststop=[$(hook poststop)]"
	rt_bg run -b b "$id"
	wait_status "$id" running
	kill "$bg_pid"
	rt_wait
	is "$status" 1
	has "$err" 'interrupted by signal 15'
	is "$(words)" 'poststop '
	nothing_left
}

test_hooks_startcontainer_that_hangs_can_be_killed() {
	need root
	need runtime
	bundle args='/probe true' 'hooks.startContainer=[{"path":"/probe","args":["probe","sleep","60"]}]'
	rt_ok create -b b "$id"
	rt_bg start "$id"
	wait_status "$id" running
	kill "$bg_pid"
	rt_wait
	rt_ok delete --force "$id"
	nothing_left
}

test_pidfd_receiver_annotation() {
	need root
	need runtime
	"$PROBE" recvfd -t 10 "$PWD/s" >got 2>&1 &
	wait_for test -S s
	bundle args='/probe true' "annotations.[run.oci.pidfd_receiver]=$PWD/s"
	rt_ok run -b b "$id"
	wait
	like "$(cat got)" 'pidfd'
}

# Under a filter that knows neither clone3 nor pidfd_open.
test_start_container_hook_under_an_old_filter() {
	need root
	need seccomp
	need runtime
	bundle args='/probe say done' process.noNewPrivileges=false \
		'linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["clone3","pidfd_open"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}' \
		'hooks.startContainer=[{"path":"/probe","args":["probe","true"]}]'
	rt_ok run -b b "$id"
	is "$out" 'done'
	edit b/config.json 'hooks.startContainer=[{"path":"/probe","args":["probe","sleep","100"],"timeout":1}]'
	rt_fails run -b b "$id"
	has "$err" 'timed out after 1 seconds'
}

run_tests
