#!/bin/sh
# install.t - what `make install` and `make dist` give, and that a build is the same wherever it is done.
. "${0%/*}/lib.sh"

TOP=$TESTS/..
tools() { need root; need runtime; need tool make; need tool gcc; need file "$TOP/Makefile"; [ -z "$TEST_VM" ] || skip 'needs a machine with a compiler'; }
install() { make -s -C "$TOP" install DESTDIR="$PWD/inst" "$@" >make.log 2>&1 || { fail "make install $*"; cat make.log; }; }

limit_test_install=180
test_install() {
	tools
	install
	is "$(cd inst && find . -type f | sort | tr '\n' ' ')" \
		'./usr/bin/runtime ./usr/share/bash-completion/completions/runtime ./usr/share/man/man8/runtime.8 '
	like "$(inst/usr/bin/runtime --version)" '^runtime version '
	is "$("$PROBE" stat inst/usr/bin/runtime | cut -d' ' -f2)" "$("$PROBE" stat "$TOP/runtime" | cut -d' ' -f2)"
	make -s -C "$TOP" uninstall DESTDIR="$PWD/inst"
	is "$(find inst -type f)" ''
}

limit_test_install_with_variables=180
test_install_with_variables() {
	tools
	install PREFIX=/opt/x RUNC_LINK=1 DOCS=0
	is "$(cd inst && find . ! -type d | sort | tr '\n' ' ')" './opt/x/bin/runc ./opt/x/bin/runtime '
	like "$(inst/opt/x/bin/runc --version)" '^runc version '
}

limit_test_manual_page=180
test_manual_page() {
	tools
	install
	page=$(cat inst/usr/share/man/man8/runtime.8)
	for c in $("$RT" help | sed -n '/^COMMANDS/,/^$/s/^   \([a-z]*\) .*/\1/p'); do
		like "$page" "^\\.SS \"$c[ \"]" "$c has its part"
	done
	has "$page" '\fB\-b\fR, \fB\-\-bundle\fR \fIDIR\fR'
	command -v man >/dev/null || return
	is "$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z inst/usr/share/man/man8/runtime.8 2>&1 >/dev/null)" '' 'no complaint of the formatter'
}

# completes LINE...: what the completion offers for these words, the last of which is being typed
completes() {
	bash -c '. inst/usr/share/bash-completion/completions/runtime; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _runtime; echo "${COMPREPLY[@]}"' \
		bash "$@"
}

limit_test_completion=180
test_completion() {
	tools
	need tool bash
	install
	is "$(completes "$RT" st)" 'start state'
	is "$(completes "$RT" --root "$STATE" st)" 'start state'
	is "$(completes "$RT" check --f)" '--format'
	is "$(completes "$RT" list --format j)" json
	is "$(completes "$RT" --log-f)" '--log-format'
	bundle args='/probe sleep'
	rt_ok run -d -b b "$id"
	is "$(completes "$RT" --root "$STATE" kill "${id%?}")" "$id"
	delete_all
}

limit_test_same_binary_in_two_directories=400
test_same_binary_in_two_directories() {
	tools
	for d in a some/longer/name; do
		mkdir -p $d
		(cd "$TOP" && cp -R runtime.c jsmn.h Makefile test "$OLDPWD/$d/")
		make -s -C $d runtime SECCOMP=builtin COMMIT=x >make.log 2>&1 || { fail "make in $d"; cat make.log; }
	done
	ok cmp a/runtime some/longer/name/runtime
	is "$(grep -ac "$PWD" a/runtime)" 0 'no path of the build is in it'
}

limit_test_dist_is_reproducible=120
test_dist_is_reproducible() {
	tools
	need tool git
	git -C "$TOP" rev-parse HEAD >/dev/null 2>&1 || skip 'needs the repository'
	make -s -C "$TOP" dist DIST="$PWD/1.tar.gz" >make.log 2>&1 || { fail 'make dist'; cat make.log; }
	"$PROBE" sleep 1.1
	make -s -C "$TOP" dist DIST="$PWD/2.tar.gz" >make.log 2>&1
	ok cmp 1.tar.gz 2.tar.gz
	like "$(gzip -dc 1.tar.gz | tar -tf -)" '^runtime-[0-9.]*/runtime\.c$'
}

run_tests
