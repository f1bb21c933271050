#!/bin/sh
# cli.t - the command line: global options, how options are written, help, version, log, features.
. "${0%/*}/lib.sh"

commands='checkpoint create delete exec features kill list pause ps restore resume run spec start state'

# says TEXT: stderr is exactly one line, "NAME: TEXT" (our own wording)
says() { [ "$RT_NAME" != runtime ] || is "$err" "${RT##*/}: $1" 'message'; }
one_line() { [ "$RT_NAME" != runtime ] || is "$(wc -l <err)" 1 'one line on stderr'; }

# raw ARGS: the runtime without --root
raw() {
	"$PROBE" deadline "$RT_LIMIT" "$RT" "$@" >out 2>err
	status=$?
	out=$(cat out) err=$(cat err)
	echo "  $RT_NAME $*: $status"
}

# ---- how options are written ----------------------------------------------------------------

test_option_with_equals_sign() {
	raw --root="$PWD/state" list -q
	is "$status" 0
	raw --root="$PWD/state" list --format=json
	is "$status" 0
	like "$out" '^(null|\[\])$'
}

test_option_with_one_dash() {
	raw -root "$PWD/state" list -format json
	is "$status" 0
	like "$out" '^(null|\[\])$'
	raw -root="$PWD/state" list -quiet
	is "$status" 0
	is "$out" ''
}

test_short_option() {
	rt_ok list -f json
	like "$out" '^(null|\[\])$'
	rt_ok list -q
	is "$out" ''
}

test_bool_option_with_value() {
	rt_ok list --quiet=true
	is "$out" ''
	rt_ok list --quiet=false
	like "$out" '^ID '
}

test_bool_option_with_bad_value() {
	rt_fails list --quiet=maybe
	is "$status" 1
	one_line
}

test_options_after_the_id() {
	need root
	bundle args='/probe sleep'
	rt_ok create "$id" -b b
	is "$(status_of "$id")" created
	rt_ok delete "$id" --force
	is "$(status_of "$id")" gone
}

test_double_dash_ends_options() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b -- "$id"
	is "$(status_of "$id")" created
	rt_ok delete --force -- "$id"
	rt_fails state -- --root
	is "$status" 1
}

test_last_value_of_an_option_counts() {
	raw --root "$PWD/one" --root "$PWD/state" list -q
	is "$status" 0
	fails test -d one
}

# ---- errors of usage ------------------------------------------------------------------------

test_unknown_command() {
	need runtime
	rt_fails frobnicate
	is "$status" 1
	is "$out" ''
	has "$err" frobnicate
	one_line
}

test_unknown_global_option() {
	raw --frobnicate list
	isnt "$status" 0
	has "$out$err" frobnicate
	[ "$RT_NAME" != runtime ] || is "$status" 1
	one_line
}

test_unknown_option_of_every_command() {
	need runtime
	for c in $commands; do
		rt "$c" --frobnicate x
		is "$status" 1 "$c"
		has "$err" frobnicate
		one_line
	done
}

test_unknown_short_option() {
	rt list -Z
	isnt "$status" 0
	has "$out$err" Z
	one_line
}

test_option_without_its_argument() {
	rt create --bundle
	is "$status" 1
	has "$out$err" 'flag needs an argument'
	one_line
}

test_global_option_without_its_argument() {
	raw --root
	is "$status" 1
	has "$out$err" 'flag needs an argument'
}

test_every_option_with_a_value_says_flag_needs_an_argument() {
	need runtime
	for o in 'create --bundle' 'create -b' 'create --console-socket' 'create --pidfd-socket' \
		'create --pid-file' 'create --preserve-fds' 'run --bundle' 'run --pid-file' 'exec --cwd' \
		'exec --env' 'exec -e' 'exec --user' 'exec -u' 'exec --additional-gids' 'exec -g' \
		'exec --process' 'exec -p' 'exec --pid-file' 'exec --cap' 'exec --cgroup' \
		'exec --preserve-fds' 'exec --process-label' 'exec --apparmor' 'list --format' 'ps --format' \
		'spec --bundle'; do
		# shellcheck disable=SC2086 # words on purpose
		rt $o
		is "$status" 1 "$o"
		has "$err" 'flag needs an argument' "$o"
	done
}

test_option_that_takes_no_value() {
	need runtime
	rt_fails delete --force=x "$id"
	is "$status" 1
	one_line
}

test_missing_id() {
	for c in state start kill delete pause resume ps; do
		rt $c
		is "$status" 1 "$c without an id"
		isnt "$out$err" '' "$c says something"
		one_line
	done
	rt exec
	isnt "$status" 0 'exec without an id'
	rt create -b .
	is "$status" 1 'create without an id'
	rt run -b .
	is "$status" 1 'run without an id'
}

test_too_many_arguments() {
	for c in state start delete pause resume; do
		rt $c "$id" surplus
		is "$status" 1 "$c"
		one_line
	done
	rt create "$id" surplus
	is "$status" 1 create
	rt kill "$id" TERM surplus
	is "$status" 1 kill
	rt list surplus
	[ "$RT_NAME" != runtime ] || is "$status" 1 list
}

test_number_option_refuses_what_is_no_number() {
	for n in x -1 1x '' 99999999999999999999; do
		rt create --preserve-fds="$n" "$id"
		is "$status" 1 "preserve-fds=$n"
	done
}

# ---- help and version -------------------------------------------------------------------------

test_help_lists_every_command() {
	for h in --help -h help; do
		raw "$h"
		is "$status" 0 "$h"
		is "$err" ''
		for c in $commands; do like "$out" "(^|[ ,])$c" "$h: $c"; done
		for o in root log log-format systemd-cgroup debug; do has "$out" "--$o"; done
	done
}

test_no_arguments_prints_help() {
	raw
	has "$out$err" create
	has "$out$err" --root
}

test_help_of_every_command() {
	for c in $commands; do
		rt "$c" --help
		is "$status" 0 "$c --help"
		like "$out" "$c"
		is "$err" ''
		rt "$c" -h
		is "$status" 0 "$c -h"
	done
}

test_help_of_a_command_by_name() {
	for c in $commands; do
		raw help "$c"
		is "$status" 0 "help $c"
		like "$out" "$c"
	done
}

test_help_names_the_options() {
	rt create --help
	for o in bundle console-socket pid-file no-pivot no-new-keyring preserve-fds; do has "$out" "--$o"; done
	rt run --help
	for o in bundle detach keep pid-file; do has "$out" "--$o"; done
	rt exec --help
	for o in console-socket cwd env tty user additional-gids process detach pid-file process-label \
		apparmor no-new-privs cap preserve-fds cgroup ignore-paused; do has "$out" "--$o"; done
	rt delete --help
	has "$out" --force
	rt list --help
	for o in format quiet; do has "$out" "--$o"; done
}

test_help_of_an_unknown_command_fails() {
	need runtime
	raw nosuch --help
	is "$status" 1
	raw help nosuch
	is "$status" 1
}

test_version() {
	raw --version
	is "$status" 0
	is "$err" ''
	first=$(head -n 1 out)
	if [ "$RT_NAME" = runtime ]; then like "$first" "^${RT##*/} version [0-9]+\.[0-9]+\.[0-9]+[^ ]*\$"
	else like "$first" ' version '; fi
	is "$(grep -c version out)" 1 'the word stands on the first line only'
	like "$(sed -n 2p out)" '^commit: [^ ]+$'
	[ "$RT_NAME" != runtime ] || is "$(sed -n 3p out)" 'spec: 1.3.0'
	like "$(sed -n 3p out)" '^spec: 1\.'
}

test_version_names_libseccomp_when_it_is_linked() {
	need libseccomp
	raw --version
	like "$out" '^libseccomp: [0-9]+\.[0-9]+\.[0-9]+$'
}

test_version_short_option() {
	raw --version
	long=$out
	raw -v
	is "$status" 0
	is "$out" "$long"
}

test_name_is_that_of_the_program() {
	need runtime
	ln -s "$RT" runc
	"$PWD/runc" --version >out
	like "$(cat out)" '^runc version '
	"$PWD/runc" --root "$STATE" state "$id" 2>err
	is $? 1
	is "$(cat err)" "runc: $id: container does not exist"
}

# ---- the log --------------------------------------------------------------------------------

test_log_text() {
	rt_fails --log "$PWD/log" state "$id"
	is "$status" 1
	is "$(wc -l <log)" 1
	like "$(cat log)" '^time="?[0-9]{4}-[0-9-]+T[0-9:.]+(Z|[+-][0-9:]+)"? level=error msg=".*does not exist'
	has "$err" 'does not exist' 'stderr has it too'
	one_line
}

test_log_json() {
	rt_fails --log "$PWD/log" --log-format json state "$id"
	is "$status" 1
	is "$(wc -l <log)" 1 'one line'
	ok json check log
	is "$(json get level log)" error
	has "$(json get msg log)" 'container does not exist'
	like "$(json get time log)" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$'
	says "$(json get msg log)"
}

# the_error LOG: LOG has one error; it is left in ./error.  Our own log has nothing else.
the_error() {
	is "$(grep -c '"level":"error"' "$1")" 1 'one error'
	[ "$RT_NAME" != runtime ] || is "$(wc -l <"$1")" 1 'one line'
	grep '"level":"error"' "$1" >error
	ok json check error
}

test_log_json_one_object_for_each_kind_of_failure() {
	need root
	n=0
	bundle args='no-such-program'
	for c in start kill delete pause resume ps 'exec X true' 'create -b nowhere' 'run -b nowhere' \
		'list --format x' 'create -b b ../x' 'create -b b' 'run -b b'; do
		n=$((n + 1))
		case $c in *" x" | */x) ;; *X*) c="exec $id true" ;; *) c="$c $id" ;; esac
		# shellcheck disable=SC2086 # words on purpose
		rt --log "$PWD/log$n" --log-format json $c
		isnt "$status" 0 "$c"
		the_error log$n
		says "$(json get msg error)"
	done
}

test_log_json_of_a_failed_set_up_in_the_container() {
	need root
	bundle args='/probe true' 'mounts+={"destination":"/x","type":"nosuchfs","source":"none"}' \
		root.readonly=false
	rt_fails --log "$PWD/log" --log-format json run -b b "$id"
	is "$status" 1
	the_error log
	has "$(json get msg error)" /x
	like "$(json get msg error)" 'no such device|not known to the kernel'
	is "$(status_of "$id")" gone
}

test_log_json_escapes() {
	rt --log "$PWD/log" --log-format json state 'a"b\c
d'
	is "$status" 1
	is "$(wc -l <log)" 1 'one line'
	ok json check log
	is "$(json get level log)" error
	one_line
}

test_log_is_appended() {
	rt --log "$PWD/log" --log-format json state "$id"
	rt --log "$PWD/log" --log-format json state "$id2"
	is "$(wc -l <log)" 2
	has "$(json get msg <<-END
	$(sed -n 2p log)
	END
	)" 'does not exist'
}

test_log_of_success_has_no_error() {
	rt_ok --log "$PWD/log" --log-format json list
	is "$err" ''
	is "$(cat log 2>/dev/null)" ''
}

test_log_file_mode() {
	rt --log "$PWD/log" state "$id"
	like "$("$PROBE" stat log)" '^file 0644 '
}

test_log_of_a_usage_error() {
	need runtime
	rt --log "$PWD/log" --log-format json list --frobnicate
	is "$status" 1
	is "$(wc -l <log)" 1
	has "$(json get msg log)" frobnicate
}

test_log_that_cannot_be_opened() {
	rt_fails --log "$PWD/nowhere/log" list
	is "$status" 1
	has "$err" 'no such file or directory'
	one_line
}

test_log_format_unknown() {
	rt_fails --log "$PWD/log" --log-format xml list
	is "$status" 1
	like "$err" 'log.format'
	has "$err" xml
	one_line
}

test_log_format_text_is_the_default() {
	rt --log "$PWD/a" state "$id"
	rt --log "$PWD/b" --log-format text state "$id"
	like "$(cat a)" '^time='
	like "$(cat b)" '^time='
}

test_debug_is_accepted() {
	rt_ok --debug --log "$PWD/log" list -q
	is "$out" ''
	rt_fails --debug --log "$PWD/log" --log-format json state "$id"
	while IFS= read -r line; do
		ok json check <<-END
		$line
		END
	done <log
}

# ---- other global options --------------------------------------------------------------------

test_root_is_made() {
	need root
	bundle args='/probe sleep'
	raw --root "$PWD/a/b/c" create -b b "$id"
	is "$status" 0
	ok test -d "a/b/c/$id"
	raw --root "$PWD/a/b/c" delete -f "$id"
	is "$status" 0
	fails test -e "a/b/c/$id"
}

test_root_may_be_relative() {
	need root
	bundle args='/probe sleep'
	raw --root here create -b b "$id"
	is "$status" 0
	raw --root "$PWD/here" state "$id"
	is "$status" 0
	raw --root ./here delete -f "$id"
	is "$status" 0
}

test_roots_are_separate() {
	need root
	bundle args='/probe sleep'
	edit b/config.json "linux.cgroupsPath=/$id"
	raw --root one create -b b "$id"
	is "$status" 0
	edit b/config.json "linux.cgroupsPath=/$id2"
	raw --root two create -b b "$id"
	is "$status" 0 'the same id'
	raw --root one delete -f "$id"
	is "$status" 0
	raw --root two state "$id"
	is "$status" 0 'the other one is still there'
	raw --root two delete -f "$id"
	is "$status" 0
}

test_root_is_for_its_owner_only() {
	need root
	bundle args='/probe sleep'
	rt_ok create -b b "$id"
	[ "$RT_NAME" != runtime ] || like "$("$PROBE" stat "$STATE/$id")" '^dir 0700 0 0'
	unlike "$("$PROBE" stat "$STATE/$id")" '^dir 0..[2367]'
	rt_ok delete -f "$id"
}

test_root_of_the_file_system_is_refused() {
	need runtime
	raw --root / list
	is "$status" 1
	isnt "$err" ''
}

test_root_is_a_file() {
	need root
	bundle
	echo x >f
	raw --root "$PWD/f" create -b b "$id"
	is "$status" 1
	has "$err" 'not a directory'
	is "$(cat f)" x
}

test_default_root_is_below_run() {
	need root
	need runtime
	bundle args='/probe sleep'
	ok mount -t tmpfs none /run
	raw create -b b "$id"
	is "$status" 0
	ok test -d "/run/runtime/$id"
	raw delete -f "$id"
	is "$status" 0
	fails test -e "/run/runtime/$id"
	umount /run
}

test_default_root_of_a_user_is_in_xdg_runtime_dir() {
	need root
	mkdir xdg
	chown 1234:1234 xdg
	chmod 700 xdg
	export XDG_RUNTIME_DIR="$PWD/xdg"
	"$PROBE" asuser 1234 1234 "$RT" list >out 2>err
	is $? 0
	is "$(cat err)" ''
	like "$(cat out)" '^ID '
	"$PROBE" asuser 1234 1234 "$RT" state "$id" >out 2>err
	is $? 1
	has "$(cat err)" 'does not exist'
}

test_options_engines_pass_are_accepted() {
	rt_ok --rootless true list -q
	rt_ok --rootless=auto list -q
	rt_ok --rootless=false list -q
	rt_ok --criu /usr/sbin/criu list -q
}

# Engines pass it to every command; some twice.
test_systemd_cgroup_is_accepted_where_no_cgroup_is_made() {
	rt_ok --systemd-cgroup list -q
	rt_ok --systemd-cgroup --systemd-cgroup list -q
	rt_fails --systemd-cgroup state "$id"
	has "$err" 'container does not exist'
}

test_rootless_refuses_other_words() {
	need runtime
	rt_fails --rootless maybe list -q
	is "$status" 1
}

# ---- what runc takes, engines pass ------------------------------------------------------------

# takes COMMAND OPTION...: each is known ("=": with a value), whether help shows it or not
takes() {
	c=$1
	shift
	for o; do
		case $o in
		*=) rt "$c" "--${o%=}" 1 --help ;;
		*) rt "$c" "--$o" --help ;;
		esac
		[ "$status" = 0 ] || fail "$c --$o: $err"
	done
	pass "$c takes $# options"
}

test_options_of_runc() {
	need runtime
	set -- bundle= console-socket= pidfd-socket= pid-file= no-pivot no-new-keyring preserve-fds=
	takes create "$@" b=
	takes run "$@" b= detach d keep no-subreaper
	takes exec console-socket= pidfd-socket= cwd= env= e= tty t user= u= additional-gids= g= process= p= detach d \
		pid-file= process-label= apparmor= no-new-privs cap= c= preserve-fds= cgroup= ignore-paused no-subreaper
	takes kill all a
	takes delete force f
	takes list format= f= quiet q
	takes ps format= f=
	takes events interval= stats
	takes update resources= r= blkio-weight= cpu-period= cpu-quota= cpu-burst= cpu-share= cpu-rt-period= cpu-rt-runtime= \
		cpuset-cpus= cpuset-mems= cpu-idle= memory= memory-reservation= memory-swap= pids-limit= l3-cache-schema= \
		mem-bw-schema= kernel-memory= kernel-memory-tcp=
	takes spec bundle= b= rootless
	takes checkpoint image-path= work-path= parent-path= leave-running tcp-established tcp-skip-in-flight link-remap \
		ext-unix-sk shell-job lazy-pages status-fd= page-server= file-locks pre-dump manage-cgroups-mode= empty-ns= \
		auto-dedup
	takes restore console-socket= image-path= work-path= tcp-established ext-unix-sk shell-job file-locks \
		manage-cgroups-mode= bundle= b= detach d pid-file= no-subreaper no-pivot empty-ns= auto-dedup lazy-pages \
		lsm-profile= lsm-mount-context=
}

test_global_options_of_crun() {
	need runtime
	for l in error warning; do
		rt_ok --log-level "$l" --log "$PWD/log" list -q
		is "$(cat log)" ''
	done
	rt_fails --log-level debug --log "$PWD/log" --log-format json state "$id"
	is "$(json get level <log)" error
	raw --version
	long=$out
	raw -V
	is "$status $out" "0 $long"
	for h in '-?' --usage; do
		raw "$h"
		is "$status" 0
		like "$out" '^USAGE:'
	done
	raw h
	is "$status" 0
}

# containerd reads stdout and stderr of most commands as one: a word more and `ps --format json` is not JSON.
test_success_says_nothing_more() {
	need root
	bundle args='/probe sleep'
	n=0
	for g in '' '--debug --log LOG --log-format json'; do
		n=$((n + 1))
		g=$(echo "$g" | sed "s|LOG|$PWD/log|")
		for c in 'create --bundle b --pid-file pid' start pause resume 'update --resources -' 'kill X CONT' 'kill X KILL' \
			'delete --force' 'delete --force'; do
			case $c in *X*) c="kill $id$n ${c##* }" ;; *) c="$c $id$n" ;; esac
			[ "$c" != "kill $id$n KILL" ] || for q in "state $id$n" "ps --format json $id$n" 'list --format json' features; do
				# shellcheck disable=SC2086 # words on purpose
				rt $g $q
				is "$status$err" 0 "$q"
				ok json check out
			done
			echo '{}' >in
			# shellcheck disable=SC2086 # words on purpose
			rt $g $c <in
			is "$status$out$err" 0 "$c"
		done
	done
	lacks "$(cat log)" '"level":"error"'
}

# podman asks `checkpoint --help` whether there is the command, `restore --lsm-mount-context` whether it knows the option.
test_checkpoint_and_restore_answer_and_refuse() {
	need runtime
	need root
	rt_ok checkpoint --help
	is "$err" ''
	rt restore --lsm-mount-context
	is "$status" 1
	has "$out$err" 'flag needs an argument'
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	rt_fails --log "$PWD/log" --log-format json checkpoint --image-path "$PWD/i" --work-path "$PWD/w" --leave-running \
		--tcp-established --file-locks "$id"
	is "$status" 1
	says 'checkpoint and restore are not supported by this program'
	is "$(json get msg log)" 'checkpoint and restore are not supported by this program'
	is "$(status_of "$id")" running 'the container goes on'
	rt_fails restore --image-path "$PWD/i" -d --pid-file p -no-subreaper -b b "$id2"
	is "$status" 1
	is "$(status_of "$id2")" gone
	fails test -e p
	rt_ok delete --force "$id"
}

# ---- features -------------------------------------------------------------------------------

test_features_is_json_alone() {
	raw features
	is "$status" 0
	is "$err" ''
	ok json check out
}

test_features_versions_and_hooks() {
	raw features
	is "$(json get ociVersionMin out)" 1.0.0
	[ "$RT_NAME" != runtime ] || is "$(json get ociVersionMax out)" 1.3.0
	is "$(json get hooks out)" \
		'["prestart","createRuntime","createContainer","startContainer","poststart","poststop"]'
}

test_features_mount_options() {
	raw features
	o=$(json get mountOptions out)
	for w in ro rw bind rbind nosuid noexec nodev rprivate rshared rslave private shared slave unbindable \
		rro rrw rnosuid rnodev rnoexec relatime noatime strictatime remount; do has "$o" "\"$w\""; done
}

test_features_namespaces_and_capabilities() {
	raw features
	o=$(json get linux.namespaces out)
	for w in cgroup ipc mount network pid user uts; do has "$o" "\"$w\""; done
	o=$(json get linux.capabilities out)
	for w in CHOWN SYS_ADMIN AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE; do has "$o" "\"CAP_$w\""; done
	is "$(json len linux.capabilities out)" 41
}

test_features_cgroup() {
	raw features
	is "$(json get linux.cgroup.v2 out)" true
	[ "$RT_NAME" != runtime ] || is "$(json get linux.cgroup.v1 out)" false 'v1 is not driven'
	like "$(json get linux.cgroup.systemd out)" '^(true|false)$'
}

test_features_seccomp() {
	raw features
	is "$(json get linux.seccomp.enabled out)" true
	o=$(json get linux.seccomp.actions out)
	for w in KILL_PROCESS KILL_THREAD KILL TRAP ERRNO TRACE LOG ALLOW; do has "$o" "\"SCMP_ACT_$w\""; done
	o=$(json get linux.seccomp.operators out)
	for w in NE LT LE EQ GE GT MASKED_EQ; do has "$o" "\"SCMP_CMP_$w\""; done
	has "$(json get linux.seccomp.archs out)" '"SCMP_ARCH_X86_64"'
}

test_features_tell_the_truth_about_idmap() {
	need runtime
	need root
	need kernel 5.12                        # they are those of the program; what the kernel lacks, check says
	! have vm || need kernel 6.3            # idmaps of a tmpfs
	raw features
	idmap=$(json get linux.mountExtensions.idmap.enabled out)
	like "$idmap" '^(true|false)$'
	mkdir src
	bundle args='/probe true' root.readonly=false "mounts+={\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\"],\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]}"
	rt run -b b "$id"
	[ "$idmap" = true ] || { is "$status" 1; has "$err" 'not supported'; }
	[ "$idmap" = false ] || is "$status" 0
}

test_features_unsafe_annotations() {
	raw features
	[ "$RT_NAME" != runtime ] || has "$(json get potentiallyUnsafeConfigAnnotations out)" org.systemd.property.
	ok json get annotations out
}

run_tests
