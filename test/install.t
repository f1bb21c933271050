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
	# it has no date, so as to be the same bytes whenever it is made
	! command -v mandoc >/dev/null || is "$(mandoc -T lint -W warning inst/usr/share/man/man8/runtime.8 | grep -v ': WARNING: missing date')" '' "no complaint of mandoc's"
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

# The tables of system calls: what libseccomp knows beside the headers is in them, what it says otherwise is not.
test_system_calls_of_libseccomp() {
	tools
	gcc -dumpmachine | grep -q '^x86_64' || skip 'written for x86-64'
	printf 'X86_64 frobnicate 600\nX86_64 read 601\nX86_64 instead_of_read 0\nX86_64 second_600 600\nRISCV64 elsewhere 602\n' >names
	CC=gcc LIBSECCOMP=names "$TEST_SH" "$TOP/test/gen-syscalls" >syscalls.h
	is $? 0
	cat >ask.c <<-'END'
	#include <stdint.h>
	#include <stdio.h>
	#include <string.h>
	#include "syscalls.h"
	int main(int n, char **v)
	{
		for (int i = 1; i < n; i++)
			for (int id = 0; id < SYS_COUNT; id++)
				if (strcmp(v[i], sys_names + sys_offset[id]) == 0)
					printf("%s %d\n", v[i], sys_numbers[SYS_COL_X86_64][id]);
	}
	END
	ok gcc -o ask ask.c
	is "$(./ask frobnicate read instead_of_read second_600 elsewhere mseal)" 'frobnicate 600
read 0
mseal 462'
	# and this build's: all that its libseccomp has for this machine
	! have libseccomp || {
		ok test -s "$TOP/build/libseccomp.names"
		cp "$TOP/build/syscalls.h" . && gcc -o ask ask.c
		is "$(./ask $(sed -n 's/^X86_64 \([^ ]*\) .*/\1/p' "$TOP/build/libseccomp.names") | sort)" \
			"$(sed -n 's/^X86_64 //p' "$TOP/build/libseccomp.names" | sort)"
	}
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

# ---- the recipes of distributions: each run as far as it goes without its distribution ---------------------

# source_tree DIR: what the tarball of `make dist` holds, as far as a build needs it
source_tree() {
	mkdir -p "$1"
	(cd "$TOP" && cp -R runtime.c jsmn.h LICENSE Makefile test "$OLDPWD/$1/")
}
version() { sed -n 's/^VERSION *?*=* *//p' "$TOP/Makefile"; }

# runs BINARY...: it is the runtime
runs() { like "$("$1" --version 2>&1)" "^${1##*/} version $(version)\$"; }

test_recipes_name_this_version_and_licence() {
	tools
	need file "$TOP/examples/alpine/APKBUILD"
	v=$(version)
	like "$v" '^[0-9.]+$'
	is "$(sed -n 's/^pkgver=//p' "$TOP/examples/alpine/APKBUILD")" "$v" APKBUILD
	is "$(sed -n 's/^PKG_VERSION:=//p' "$TOP/examples/openwrt/Makefile")" "$v" openwrt
	is "$(sed -n 's/^RUNTIME_VERSION = //p' "$TOP/examples/buildroot/package/runtime/runtime.mk")" "$v" buildroot
	ok test -f "$TOP/examples/yocto/recipes-containers/runtime/runtime_$v.bb"
	sum=$(sha256sum "$TOP/LICENSE")
	is "$(sed -n 's/^sha256 *\([0-9a-f]*\) *LICENSE$/\1/p' "$TOP/examples/buildroot/package/runtime/runtime.hash")" "${sum%% *}" 'sha256 of LICENSE'
	sum=$(md5sum "$TOP/LICENSE")
	is "$(sed -n 's/.*LICENSE;md5=\([0-9a-f]*\)".*/\1/p' "$TOP"/examples/yocto/recipes-containers/runtime/*.bb)" "${sum%% *}" 'md5 of LICENSE'
}

limit_test_apkbuild=400
test_apkbuild() {
	tools
	need file "$TOP/examples/alpine/APKBUILD"
	[ -e "$TOP/build/include/jsmn.h" ] || [ -e /usr/include/jsmn.h ] || skip 'needs jsmn.h'
	source_tree "src/runtime-$(version)"
	cc=$(make -s --no-print-directory -C "$TOP" show-cc | cut -d' ' -f1)
	# shellcheck disable=SC1091 # as abuild calls it; the subpackages too
	(
		srcdir=$PWD/src pkgdir=$PWD/pkg subpkgdir=$PWD/sub CC=$cc
		. "$TOP/examples/alpine/APKBUILD"
		amove() { mkdir -p "$subpkgdir/${1%/*}" && mv "$pkgdir/$1" "$subpkgdir/${1%/*}/"; }
		set -e
		cd "$builddir"
		build
		package
		runc
		completion
	) >make.log 2>&1 || { fail APKBUILD; tail -n 20 make.log; }
	is "$(cd pkg && find . -type f | sort | tr '\n' ' ')" './usr/bin/runtime ./usr/share/man/man8/runtime.8 '
	is "$(cd sub && find . ! -type d | sort | tr '\n' ' ')" './usr/bin/runc ./usr/share/bash-completion/completions/runtime '
	runs pkg/usr/bin/runtime
}

limit_test_buildroot=400
test_buildroot() {
	tools
	need file "$TOP/examples/buildroot/external.mk"
	source_tree src
	cc=$(make -s --no-print-directory -C "$TOP" show-cc | cut -d' ' -f1)
	# what Buildroot gives a generic package, at its barest
	cat >fake.mk <<-'FAKE'
		qstrip = $(strip $(subst ",,$(1)))
		KCONFIG_ENABLE_OPT = echo $(1)=y;
		generic-package =
		BR2_STATIC_LIBS = y
		BR2_PACKAGE_RUNTIME_AS_RUNC = y
		HOSTCC = gcc
		STAGING_DIR = /
		TARGET_CFLAGS = -O2
		include $(BR2_EXTERNAL_RUNTIME_PATH)/external.mk
		$(CURDIR)/src/.built: ; $(RUNTIME_BUILD_CMDS)
		$(CURDIR)/src/.stamp: $(CURDIR)/src/.built ; $(RUNTIME_INSTALL_TARGET_CMDS)
		kernel: ; @$(RUNTIME_LINUX_CONFIG_FIXUPS)
	FAKE
	make -f fake.mk BR2_EXTERNAL_RUNTIME_PATH="$TOP/examples/buildroot" TARGET_CC="$cc" TARGET_DIR="$PWD/target" MAKE=make \
		"$PWD/src/.stamp" >make.log 2>&1 || { fail runtime.mk; tail -n 20 make.log; }
	is "$(cd target && find . ! -type d | sort | tr '\n' ' ')" './usr/bin/runc ./usr/bin/runtime '
	runs target/usr/bin/runc
	# every option that a default container needs is switched on
	make -s -f fake.mk BR2_EXTERNAL_RUNTIME_PATH="$TOP/examples/buildroot" kernel >options 2>&1
	for o in $("$RT" check | sed 's/   */\t/g' | awk -F '\t' '$3 == "yes" && $4 ~ /^CONFIG_/ { print $4 }' | sort -u); do
		case $o in CONFIG_PROC_FS | CONFIG_SYSFS | CONFIG_UNIX | CONFIG_FILE_LOCKING | CONFIG_SIGNALFD | CONFIG_MULTIUSER) continue ;; esac
		ok grep -qx "$o=y" options
	done
}

limit_test_openwrt=400
test_openwrt() {
	tools
	need file "$TOP/examples/openwrt/Makefile"
	source_tree src
	cc=$(make -s --no-print-directory -C "$TOP" show-cc | cut -d' ' -f1)
	mkdir fake
	: >fake/rules.mk
	cat >fake/package.mk <<-'FAKE'
		INSTALL_DIR = install -d -m 0755
		INSTALL_BIN = install -m 0755
		define BuildPackage
		built: ; $$(Build/Compile)
		compile: built ; $$(call Package/$(1)/install,$(OUT))
		endef
	FAKE
	make -f "$TOP/examples/openwrt/Makefile" TOPDIR=fake INCLUDE_DIR=fake PKG_BUILD_DIR="$PWD/src" OUT="$PWD/out.d" TARGET_CC="$cc" HOSTCC=gcc \
		TARGET_CFLAGS=-Os JSMN_DIR=/usr/include compile >make.log 2>&1 || { fail Makefile; tail -n 20 make.log; }
	is "$(cd out.d && find . ! -type d | tr '\n' ' ')" './usr/bin/runtime '
	runs out.d/usr/bin/runtime
}

run_tests
