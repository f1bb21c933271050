# runtime - an OCI container runtime in one C file
#
#   make                  build ./runtime (static, musl)       make deps     install what the build needs
#   make test             everything that is tested            make demo     run a container, now
#   make check            compilers and analysers, all clean   make install  DESTDIR= PREFIX=/usr RUNC_LINK=1
#   make help             every target                         make cross    for other architectures, ARCH="..."
#
# Variables: CC, CROSS_COMPILE=triple-, CPPFLAGS, CFLAGS, LDFLAGS (they come last and win),
#   SECCOMP=auto|libseccomp|builtin, LINK= (not static), WERROR= (warnings are only warnings),
#   JSMN=dir (holds jsmn.h), MUSL=prefix (compile against the musl there with any gcc or clang).

VERSION = 0.1.0
# Only this directory's own history counts: a tarball may be unpacked inside another project's repository.
COMMIT ?= $(eval COMMIT := $(or $(shell [ -e .git ] && git describe --always --dirty --abbrev=12 2>/dev/null),unknown))$(COMMIT)

PREFIX ?= /usr
BINDIR ?= $(PREFIX)/bin
SECCOMP ?= auto
PKG_CONFIG ?= pkg-config
FUZZ_SECONDS ?= 60

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all FORCE help deps demo test test-engines cross cross-test native vm vm-init vm-systemd vm-kernels vm-small unit check bench fuzz seccomp-archs size install uninstall dist clean distclean show-cc
all: runtime

# ---- flags ----------------------------------------------------------------------------------------------

STD    = -std=gnu11
WARN   = -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition -Wshadow -Wvla \
         -Wimplicit-fallthrough -Wformat=2 -Wundef -Wpointer-arith \
         -Wno-missing-field-initializers
WERROR = -Werror
# No unwind tables (nothing unwinds), no unused function, few pages: what a short-lived static program wants.
OPT    = -Os -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident \
         -ffunction-sections -fdata-sections -fstack-protector-strong
LINK   = -static -no-pie
PIE    = $(if $(filter -no-pie,$(LINK)),-fno-pie)
THIN   = -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,noexecstack
DEFS   = -DVERSION='"$(VERSION)"'
# clang looks into the macros of musl's <sys/socket.h>, where CMSG_NXTHDR compares signed with unsigned
QUIET  = $(if $(findstring clang,$(CC)),-Wno-sign-compare)
# The same bytes wherever the tree lies.
REPRO  = -ffile-prefix-map=$(CURDIR)=.

# system call names and numbers of the target's ABIs
GENERATED = build/syscalls.h

# ---- compiler -------------------------------------------------------------------------------------------
# What the user names; else the cross compiler; else cc where it makes musl programs (Alpine); else musl-gcc.

NO_CC = no compiler for musl here: run 'make deps', or name one (make CC=..., CROSS_COMPILE=...)
ifeq ($(origin CC),default)
  ifneq ($(CROSS_COMPILE),)
    CC := $(CROSS_COMPILE)gcc
  else
    CC := $(shell case "$$(cc -dumpmachine 2>/dev/null)" in (*musl*) echo cc;; (*) command -v musl-gcc >/dev/null && echo musl-gcc;; esac)
  endif
endif
HOSTCC ?= $(or $(shell for c in gcc cc clang; do command -v $$c >/dev/null && echo $$c && break; done),cc)
CLANG  ?= clang

# A bare `clang` or `gcc` is taken to musl when its files are in the usual place; anything longer is left alone.
TRIPLE = $(eval TRIPLE := $(shell $(CC) -dumpmachine 2>/dev/null))$(TRIPLE)
ifneq ($(and $(filter 1,$(words $(CC))),$(filter clang clang-% gcc gcc-%,$(CC))),)
  MUSL ?= $(if $(findstring musl,$(TRIPLE)),,/usr)
endif
ifneq ($(MUSL),)
  MUSL_LIB := $(patsubst %/libc.a,%,$(firstword $(wildcard $(MUSL)/lib/$(firstword $(subst -, ,$(TRIPLE)))-linux-musl*/libc.a)))
endif
ifneq ($(MUSL_LIB),)
  ccfile  = $(shell $(CC) -print-file-name=$(1))
  OVER   := $(if $(findstring clang,$(CC)),-Wno-unused-command-line-argument) -nostdinc -isystem $(MUSL)/include/$(notdir $(MUSL_LIB)) -isystem $(call ccfile,include)
  PRE    := -nostdlib $(MUSL_LIB)/crt1.o $(MUSL_LIB)/crti.o $(call ccfile,crtbeginT.o)
  POST   := -L$(MUSL_LIB) -lc $(shell $(CC) -print-libgcc-file-name) $(call ccfile,crtend.o) $(MUSL_LIB)/crtn.o
endif

# $(call try,program,flags,libraries): "y" when it compiles (and links, unless flags hold -E)
try = $(shell mkdir -p build; printf '%b' '$(1)' | $(CC) $(OVER) $(CPPFLAGS) $(CFLAGS) $(2) -x c - -x none $(if $(filter -E,$(2)),-o /dev/null,\
	-o build/.try.$$$$ $(LINK) $(PRE) $(LDFLAGS) $(3) $(POST)) >/dev/null 2>&1 && echo y; rm -f build/.try.$$$$)
H := \#

# Where musl's include path lacks the kernel's headers or jsmn.h (musl-gcc on Debian), build/include links to them.
KHEADERS ?= /usr/include
JSMN ?= /usr/include
NEED = $(eval NEED := $(if $(call try,$(H)include <linux/openat2.h>\n,-E),,kernel) $(if $(call try,$(H)include <jsmn.h>\n,-E),,jsmn))$(NEED)
INC  = $(if $(strip $(NEED)),-isystem $(INCDIR)) $(if $(GENERATED),-Ibuild)
INCDIR = build/include

# libseccomp: the one `make deps` built for musl, or the compiler's own; it must link, or it does not count.
SECCOMP_TEST = $(H)include <seccomp.h>\n$(H)if SCMP_VER_MAJOR < 2 || SCMP_VER_MAJOR == 2 && SCMP_VER_MINOR < 5\n$(H)error\n$(H)endif\nint main(void) { return seccomp_init(SCMP_ACT_KILL) == 0; }\n
# ours is made for musl: no use to a program for another libc, and the linker would not notice
OURS = $(H)include <features.h>\n$(H)if defined __GLIBC__ || defined __UCLIBC__\n$(H)error\n$(H)endif\n
ifneq ($(SECCOMP),builtin)
  SCMP_OURS = -Ibuild/seccomp/include
  # (the links first: seccomp.h includes the kernel's headers)
  SCMP = $(eval SCMP := $(shell $(call link_headers,$(NEED)) 2>/dev/null)$(or \
	$(if $(wildcard build/seccomp/lib/libseccomp.a),$(if $(call try,$(OURS)$(SECCOMP_TEST),$(INC) $(SCMP_OURS),build/seccomp/lib/libseccomp.a),ours)),\
	$(if $(call try,$(SECCOMP_TEST),$(INC),-lseccomp),-lseccomp),none))$(SCMP)
  SCMP_FLAGS = $(if $(filter none,$(SCMP)),,-DHAVE_LIBSECCOMP=1 $(if $(filter ours,$(SCMP)),$(SCMP_OURS)))
  SCMP_LIBS  = $(if $(filter ours,$(SCMP)),build/seccomp/lib/libseccomp.a,$(filter -l%,$(SCMP)))
endif

# ---- the program: one command ---------------------------------------------------------------------------

compile = $(CC) $(OVER) $(STD) $(OPT) $(WARN) $(QUIET) $(WERROR) $(PIE) $(REPRO) $(DEFS) $(INC)
libs    = $(LINK) $(PRE) $(THIN)
tail    = $(POST)
# $(call build,output,source,extra flags,libraries)
build   = $(compile) $(3) $(CPPFLAGS) $(CFLAGS) -o $(1) $(2) $(libs) $(LDFLAGS) $(4) $(tail)
commit  = -DCOMMIT='"$(COMMIT)"'
SOURCES = runtime.c jsmn.h $(GENERATED)

runtime: $(SOURCES) build/flags
	$(call build,$@,runtime.c,-s $(SCMP_FLAGS) $(commit),$(SCMP_LIBS))

# the same without libseccomp, the same with fault points and symbols, the same with symbols
build/runtime-builtin: $(SOURCES) build/flags
	$(call build,$@,runtime.c,-s $(commit))
build/runtime-debug: $(SOURCES) build/flags
	$(call build,$@,runtime.c,-g -DTEST_FAULTS=1 $(SCMP_FLAGS) $(commit),$(SCMP_LIBS))
build/runtime-symbols: $(SOURCES) build/flags
	$(call build,$@,runtime.c,-g $(SCMP_FLAGS) $(commit),$(SCMP_LIBS))

# What libseccomp knows is asked of a program of the target: RUN=qemu-arm or the like runs it in a cross build. Where
# none runs, the tables have what the kernel's headers have.
LIBSECCOMP_NAMES = $(if $(filter-out none,$(SCMP)),build/libseccomp.names)
build/syscalls.h: test/gen-syscalls test/syscalls.arm $(LIBSECCOMP_NAMES) build/flags
	CC='$(CC)' CPPFLAGS='$(OVER) $(filter-out -Ibuild,$(INC)) $(CPPFLAGS) $(CFLAGS)' LIBSECCOMP='$(LIBSECCOMP_NAMES)' sh test/gen-syscalls >$@
build/libseccomp.names: test/libseccomp-names.c build/flags
	$(call build,build/libseccomp-names,$<,$(SCMP_FLAGS),$(SCMP_LIBS))
	$(RUN) build/libseccomp-names >$@ 2>/dev/null || : >$@

# for test/bench: the filters of both engines
build/seccomp_bench: test/seccomp_bench.c test/seccomp_test.h $(SOURCES) build/flags
	$(call build,$@,$<,-Wno-unused-function -Wno-missing-prototypes -s $(SCMP_FLAGS) $(commit),$(SCMP_LIBS))

# the unit tests as the target's own program, without sanitizers
build/unit-static: test/unit.c $(wildcard test/*_test.h) $(SOURCES) build/flags
	$(call build,$@,$<,-g -DTEST_FAULTS=1 -Wno-unused-function -Wno-missing-prototypes $(SCMP_FLAGS) $(commit),$(SCMP_LIBS))

# helpers of the tests, static like the program; an example that they try
build/notify-agent: examples/seccomp-notify/agent.c build/flags
	$(call build,$@,$<,-s)
build/probe build/floor build/benchtool build/dbuspeer: build/%: test/%.c build/flags
	$(call build,$@,$<,-s)

# for test/roots.t: a read-only root, where there is a tool to make it
build/root.squashfs: test/root-image test/config.json runtime build/probe
	if command -v mksquashfs >/dev/null; then sh test/root-image $@; fi

# This file holds the flags: a change of compiler or flags builds again, a new commit alone does not.
build/flags: FORCE | build/tools
	@f='$(subst ','\'',$(call build,,,$(SCMP_FLAGS) seccomp=$(SECCOMP),$(SCMP_LIBS)))'; \
	printf '%s\n' "$$f" | cmp -s - $@ || printf '%s\n' "$$f" >$@

# What must be there before the first compilation, with words for what is not.
build/tools: FORCE
	@mkdir -p build
	@$(if $(CC),:,echo "make: $(NO_CC)" >&2; exit 1)
	@command -v $(firstword $(CC)) >/dev/null || { echo "make: no '$(firstword $(CC))': $(NO_CC)" >&2; exit 1; }
	@[ "$(SECCOMP)" != libseccomp ] || [ "$(SCMP)" != none ] || { echo "make: SECCOMP=libseccomp, but $(CC) finds no static libseccomp for its libc: run 'make deps'" >&2; exit 1; }
	@case "$(SECCOMP)" in (auto|libseccomp|builtin) ;; (*) echo "make: SECCOMP=$(SECCOMP): not auto, libseccomp or builtin" >&2; exit 1;; esac
	@$(call link_headers,$(NEED))

# kernel headers: asm/ lies in a directory of the architecture's own on Debian
link_headers = set -e; for need in $(1); do case $$need in \
	(kernel) asm=; for d in $(KHEADERS)/asm $(KHEADERS)/*-linux-*/asm; do \
			case $$d in ($(KHEADERS)/asm|*/$(firstword $(subst -, ,$(TRIPLE)))-*) [ ! -d $$d ] || { asm=$$d; break; };; esac; done; \
		[ -n "$$asm" -a -d $(KHEADERS)/linux ] || { echo "make: no kernel headers below $(KHEADERS): run 'make deps'" >&2; exit 1; }; \
		mkdir -p $(INCDIR); ln -sfn $(KHEADERS)/linux $(INCDIR)/linux; \
		ln -sfn $(KHEADERS)/asm-generic $(INCDIR)/asm-generic; ln -sfn $$asm $(INCDIR)/asm;; \
	(jsmn) [ -f $(JSMN)/jsmn.h ] || { echo "make: no jsmn.h in $(JSMN): run 'make deps', or JSMN=dir names its place" >&2; exit 1; }; \
		mkdir -p $(INCDIR); ln -sfn $(JSMN)/jsmn.h $(INCDIR)/jsmn.h;; \
	esac; done

show-cc: build/tools
	@echo '$(CC) $(OVER) $(if $(strip $(NEED)),-isystem $(CURDIR)/$(INCDIR))'

deps:
	@$(if $(filter-out default file,$(origin CC)),CC='$(CC)') $(if $(filter-out /usr/include,$(JSMN)),JSMN='$(JSMN)') MAKE='$(MAKE)' \
		sh test/deps $(or $(GROUPS),build test) $(if $(filter-out 0 n no,$(DEV)),bench dev)

# The manual page and bash's completion come from the program's own tables, by the host's compiler; DOCS=0: without.
DOCS ?= 1
MANDIR ?= $(PREFIX)/share/man
COMPDIR ?= $(PREFIX)/share/bash-completion/completions
docs = $(filter-out 0 n no,$(DOCS))
build/docs: test/docs.c $(SOURCES) build/flags
	$(HOSTCC) $(STD) -O0 -w $(DEFS) $(commit) -Ibuild $(if $(filter-out /usr/include,$(JSMN)),-isystem $(JSMN)) -o $@ $<
build/runtime.8: build/docs
	build/docs man >$@
build/runtime.bash: build/docs
	build/docs bash >$@

install: runtime $(if $(docs),build/runtime.8 build/runtime.bash)
	install -d '$(DESTDIR)$(BINDIR)'
	install -m 0755 runtime '$(DESTDIR)$(BINDIR)/runtime'
	$(if $(docs),install -d '$(DESTDIR)$(MANDIR)/man8' '$(DESTDIR)$(COMPDIR)')
	$(if $(docs),install -m 0644 build/runtime.8 '$(DESTDIR)$(MANDIR)/man8/runtime.8')
	$(if $(docs),install -m 0644 build/runtime.bash '$(DESTDIR)$(COMPDIR)/runtime')
	$(if $(filter-out 0 n no,$(RUNC_LINK)),ln -sf runtime '$(DESTDIR)$(BINDIR)/runc')

uninstall:
	rm -f '$(DESTDIR)$(BINDIR)/runtime' '$(DESTDIR)$(MANDIR)/man8/runtime.8' '$(DESTDIR)$(COMPDIR)/runtime'
	if [ "$$(readlink '$(DESTDIR)$(BINDIR)/runc')" = runtime ]; then rm -f '$(DESTDIR)$(BINDIR)/runc'; fi

# The sources as one file, the same bytes for the same commit wherever it is made.
DIST = build/runtime-$(VERSION).tar.gz
dist:
	@mkdir -p build
	git archive --format=tar --prefix=runtime-$(VERSION)/ HEAD | gzip -9n >$(DIST)
	@sha256sum $(DIST)

# clean keeps what deps fetched and built; distclean does not
clean:
	rm -rf runtime build/include build/check build/vm build/.try.* build/flags build/*.log $(BUILT)
distclean:
	rm -rf runtime build
BUILT = $(addprefix build/,runtime-builtin runtime-debug runtime-symbols runtime-asan probe dbuspeer notify-agent seccomp_bench floor benchtool unit unit-static docs runtime.8 runtime.bash root.squashfs bench.tsv test.counts $(notdir $(GENERATED)) libseccomp-names libseccomp.names fuzz-*)

# ---- tests ----------------------------------------------------------------------------------------------

demo:
	@$(MAKE) --no-print-directory deps GROUPS=demo
	@$(MAKE) --no-print-directory runtime
	@sh examples/demo.sh ./runtime

# Everything, also in a virtual machine; the last line is "N passed, N failed, N skipped".
TESTED = runtime build/runtime-builtin build/runtime-debug build/probe build/dbuspeer build/notify-agent build/unit build/root.squashfs
test:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory $(TESTED)
	@sh test/all

# parts of it:  make unit,  make native TESTS="kill.t mounts.t",  make vm TESTS=cgroup.t,  make vm-init
unit: build/unit
	build/unit
native: $(TESTED)
	test/run $(TESTS)
# ARCH=aarch64: in a machine of that architecture
vm: $(if $(ARCH),,$(TESTED))
	@$(if $(ARCH),$(MAKE) --no-print-directory cross cross-deps=cross-vm,:)
	$(if $(ARCH),sh test/cross vm $(ARCH),test/vm) $(TESTS)

# Other architectures, below build/cross/NAME: built, and tried under qemu's user mode.  ARCH="NAME..."; none: all of
# test/archs.  Fetches compilers and sources; Debian only.
cross-deps = cross
cross:
	@ARCHS='$(ARCH)' SECCOMP='$(filter builtin,$(SECCOMP))' MAKE='$(MAKE)' sh test/deps $(cross-deps)
	@MAKE='$(MAKE)' COMMIT='$(COMMIT)' sh test/cross build $(ARCH)
cross-test: runtime cross
	@sh test/cross test $(ARCH)

# Docker, containerd, podman, buildah and conmon with this runtime; fetches them into build/engines, 900 MB.
# ENGINES="docker podman": these alone;  RT=runc or RT=crun: another runtime below them, to compare
test-engines: runtime
	@sh test/engines $(ENGINES)
vm-init: runtime
	sh test/vm-boot
# every test on other kernels, ten minutes and more each:  KERNELS="bullseye sid" TESTS=cgroup.t
vm-kernels: $(TESTED)
	test/vm-kernels $(KERNELS) -- $(TESTS)
# kernels without what containers may ask for, built from source (`make deps GROUPS=small`); KERNELS="least some spec"
vm-small: $(TESTED)
	@sh test/vm-small $(KERNELS)
vm-systemd: $(TESTED)
	ONLY='test_real_*' test/vm-systemd $(TESTS)

bench:
	@$(MAKE) --no-print-directory deps GROUPS='build bench'
	@$(MAKE) --no-print-directory runtime build/floor build/benchtool build/seccomp_bench
	@sh test/bench $(BENCH)

# What runs on the host with sanitizers is built by the host's compiler and libc; libseccomp if it is there.
HOST     = $(HOSTCC) $(STD) -g -O1 -fno-omit-frame-pointer $(WARN) $(WERROR) $(DEFS) -DTEST_FAULTS=1 $(commit) $(if $(GENERATED),-Ibuild) \
           $(if $(filter-out /usr/include,$(JSMN)),-isystem $(JSMN)) $(HOST_SCMP) $(SANITIZE)
try_host = $(shell mkdir -p build; printf '%b' '$(1)' | $(HOSTCC) -x c - -o build/.try.$$$$ $(2) >/dev/null 2>&1 && echo y; rm -f build/.try.$$$$)
SANITIZE = $(eval SANITIZE := $(if $(call try_host,int main(void) { return 0; }\n,-fsanitize=address$(comma)undefined),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all))$(SANITIZE)
HOST_SCMP = $(eval HOST_SCMP := $(if $(filter-out builtin,$(SECCOMP)),$(if $(call try_host,$(SECCOMP_TEST),-lseccomp),-DHAVE_LIBSECCOMP=1)))$(HOST_SCMP)
comma   := ,

build/runtime-asan: $(SOURCES) build/flags
	$(HOST) -o $@ runtime.c $(if $(HOST_SCMP),-lseccomp)
build/unit: test/unit.c $(wildcard test/*_test.h) $(SOURCES) build/flags
	$(HOST) -Wno-unused-function -Wno-missing-prototypes -o $@ test/unit.c $(if $(HOST_SCMP),-lseccomp)

# seccomp for the architectures that this machine is not: tables, and both engines' programs (fetches their headers)
seccomp-archs: build/tools
	sh test/seccomp-archs $(ARCHS)

# Fuzzing: every function `int fuzz_NAME(const uint8_t *, size_t)` of test/fuzz.c is a target, called through the
# macro FUZZ.  Seeds in test/data/fuzz/NAME, findings and corpus in build/fuzz/NAME.
FUZZERS = $(shell sed -En 's/^(static )?int fuzz_([a-z0-9_]*).const .*/\2/p' test/fuzz.c 2>/dev/null)
fuzz: $(addprefix fuzz-,$(FUZZERS))
	@[ -n "$(FUZZERS)" ] || { echo "make: test/fuzz.c has no target" >&2; exit 1; }
fuzz-%: build/fuzz-%
	mkdir -p build/fuzz/$*
	build/fuzz-$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix=build/fuzz/$*- build/fuzz/$* $(wildcard test/data/fuzz/$*)
build/fuzz-%: test/fuzz.c $(wildcard test/*_test.h) $(SOURCES) build/flags
	$(CLANG) $(STD) -g -O1 $(WARN) $(WERROR) -Wno-unused-function -Wno-missing-prototypes $(DEFS) -DFUZZ=fuzz_$* $(commit) $(if $(GENERATED),-Ibuild) \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $<
.PRECIOUS: build/fuzz-%

# ---- analysis: each is clean, or fails --------------------------------------------------------------------

CHECKS = check-gcc check-clang check-analyse check-tidy check-cppcheck check-style check-shell
check: $(CHECKS)
	@echo "check: $(words $(CHECKS)) of $(words $(CHECKS)) clean"
.PHONY: $(CHECKS)

LINT_DEFS = $(DEFS) -DCOMMIT='""' $(CPPFLAGS)
# both ways to compile it: with libseccomp (its header taken from wherever it is) and without
LINT_SCMP = -DHAVE_LIBSECCOMP=1 -DTEST_FAULTS=1 $(if $(filter ours,$(SCMP)),$(SCMP_OURS))
WARN_GCC  = -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wnull-dereference -Wtrampolines -Walloca -Wunused-const-variable=1
WARN_CLANG = -Wconditional-uninitialized -Wmissing-variable-declarations -Wunreachable-code -Wextra-semi \
             -Wassign-enum -Wtautological-compare -Wloop-analysis -Wshift-sign-overflow
# clang reads musl's headers even if the compiler is musl-gcc
MUSL_HEADERS = $(firstword $(wildcard /usr/include/$(firstword $(subst -, ,$(TRIPLE)))-linux-musl*))
LINT_CLANG = $(if $(findstring musl,$(TRIPLE)),,$(if $(MUSL_HEADERS),-nostdinc -isystem $(MUSL_HEADERS) -isystem $$($(CLANG) -print-file-name=include))) $(STD) $(INC)

# cppcheck sees no cleanup attribute (clang's analyser does), and its posix table thinks mmap's descriptor is never -1
CPPCHECK_NOT = $(addprefix --suppress=,missingIncludeSystem resourceLeak memleak invalidFunctionArg readdirCalled)

# a line saying what is checked, and words for a tool that is not there
tool = @echo "check: $(1)"; command -v $(firstword $(2)) >/dev/null || { echo "make: no $(firstword $(2)): run 'make deps DEV=1'" >&2; exit 1; }; mkdir -p build/check

check-gcc: build/tools $(GENERATED)
	$(call tool,gcc -fanalyzer,$(CC))
	$(CC) $(OVER) $(STD) -O0 $(WARN) -Werror -fanalyzer $(LINT_DEFS) $(INC) $(LINT_SCMP) -c -o build/check/gcc.o runtime.c
	$(CC) $(OVER) $(STD) -O2 $(WARN) $(WARN_GCC) -Werror $(LINT_DEFS) $(INC) $(LINT_SCMP) -c -o build/check/gcc.o runtime.c
	$(CC) $(OVER) $(STD) -O2 $(WARN) $(WARN_GCC) -Werror $(LINT_DEFS) $(INC) -c -o build/check/gcc.o runtime.c
check-clang: build/tools $(GENERATED)
	$(call tool,clang,$(CLANG))
	$(CLANG) $(LINT_CLANG) -O2 $(WARN) $(WARN_CLANG) -Wno-sign-compare -Werror $(LINT_DEFS) $(LINT_SCMP) -c -o build/check/clang.o runtime.c
	$(CLANG) $(LINT_CLANG) -O2 $(WARN) $(WARN_CLANG) -Wno-sign-compare -Werror $(LINT_DEFS) -c -o build/check/clang.o runtime.c
check-analyse: build/tools $(GENERATED)
	$(call tool,clang --analyze,$(CLANG))
	$(CLANG) --analyze -Xanalyzer -analyzer-output=text -Xanalyzer -analyzer-werror -Xanalyzer -analyzer-disable-checker=security.insecureAPI.vfork $(LINT_CLANG) $(LINT_DEFS) $(LINT_SCMP) -o build/check/analyse.plist runtime.c
check-tidy: build/tools $(GENERATED)
	$(call tool,clang-tidy,clang-tidy)
	clang-tidy --quiet --warnings-as-errors='*' runtime.c -- $(LINT_CLANG) $(LINT_DEFS) $(LINT_SCMP)
check-cppcheck: $(GENERATED)
	$(call tool,cppcheck,cppcheck)
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 --library=posix \
		$(CPPCHECK_NOT) $(LINT_DEFS) $(LINT_SCMP) -D__linux__ -DJSMN_H -Ibuild runtime.c
check-style:
	@echo "check: style"
	@sh test/style runtime.c
# every shell script parses
check-shell:
	@echo "check: shell scripts"
	@set -e; for f in $$(grep -lE '^#!/bin/(ba)?sh' test/* examples/* examples/*/* .ci/run 2>/dev/null); do sh -n $$f; done

# ---- numbers ------------------------------------------------------------------------------------------------

size: runtime build/runtime-builtin build/runtime-symbols
	@size runtime build/runtime-builtin 2>/dev/null || ls -l runtime build/runtime-builtin
	@for f in runtime:250 build/runtime-builtin:150; do \
		echo "$${f%:*}: $$(($$(wc -c <$${f%:*}) / 1024)) KiB, target on x86_64 $${f#*:} KiB"; done
	@sh test/rooms runtime.c build/runtime-symbols

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile
	@echo; echo "Targets: $$(sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' Makefile | sort -u | tr '\n' ' ')"
