################################################################################
#
# runtime
#
################################################################################

RUNTIME_VERSION = 0.1.0
RUNTIME_SOURCE = runtime-$(RUNTIME_VERSION).tar.gz
# where the tarball of `make dist` is; or RUNTIME_OVERRIDE_SRCDIR in local.mk
RUNTIME_SITE = $(call qstrip,$(RUNTIME_TARBALL_SITE))
RUNTIME_LICENSE = MIT
RUNTIME_LICENSE_FILES = LICENSE
RUNTIME_DEPENDENCIES = jsmn

# The toolchain's own libc, static or not as the whole system is. Without libseccomp: of that only a native build, which
# can run a program of the target, has more than the kernel headers tell (names of system calls).
RUNTIME_MAKE_OPTS = \
	CC="$(TARGET_CC)" \
	CPPFLAGS="$(TARGET_CPPFLAGS)" \
	CFLAGS="$(TARGET_CFLAGS)" \
	LDFLAGS="$(TARGET_LDFLAGS)" \
	HOSTCC="$(HOSTCC)" \
	JSMN="$(STAGING_DIR)/usr/include" \
	LINK="$(if $(BR2_STATIC_LIBS),-static -no-pie)" \
	COMMIT="$(RUNTIME_VERSION)" SECCOMP=builtin DOCS=0 WERROR=

define RUNTIME_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(RUNTIME_MAKE_OPTS) -C $(@D) runtime
endef

define RUNTIME_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(RUNTIME_MAKE_OPTS) -C $(@D) install \
		DESTDIR=$(TARGET_DIR) RUNC_LINK=$(if $(BR2_PACKAGE_RUNTIME_AS_RUNC),1,0)
endef

define RUNTIME_LINUX_CONFIG_FIXUPS
	$(foreach option,NAMESPACES UTS_NS IPC_NS PID_NS NET_NS USER_NS CGROUPS MEMCG CGROUP_PIDS CGROUP_SCHED \
		CGROUP_BPF BPF_SYSCALL SECCOMP SECCOMP_FILTER TMPFS UNIX98_PTYS POSIX_MQUEUE DEVTMPFS,
		$(call KCONFIG_ENABLE_OPT,CONFIG_$(option))
	)
endef

$(eval $(generic-package))
