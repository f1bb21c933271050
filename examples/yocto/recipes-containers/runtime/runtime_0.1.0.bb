SUMMARY = "OCI container runtime in one C file"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=4e203aab458f5564f224d0c3d4efdbe3"

# RUNTIME_URI: where the tarball of `make dist` is; its sum is what that prints
RUNTIME_URI ?= "file://runtime-${PV}.tar.gz"
SRC_URI = "${RUNTIME_URI}"

DEPENDS = "jsmn"

# The seccomp filters are its own, without libseccomp: that only tells a native build names of system calls that are newer
# than the kernel headers.
# With LINK= it is linked as everything else is; for a static one: LINK = "-static -no-pie" and a static libc.
LINK ?= ""
EXTRA_OEMAKE = "CC='${CC}' HOSTCC='${BUILD_CC}' CPPFLAGS='${CPPFLAGS}' CFLAGS='${CFLAGS}' LDFLAGS='${LDFLAGS}' \
	LINK='${LINK}' JSMN=${STAGING_INCDIR} KHEADERS=${STAGING_INCDIR} COMMIT=${PV} SECCOMP=builtin DOCS=0 WERROR= \
	PREFIX=${prefix} BINDIR=${bindir}"

# Docker asks for virtual-runc, and for the name runc.
RUNTIME_AS_RUNC ?= "1"
PROVIDES += "virtual/runc"
RPROVIDES:${PN} = "virtual-runc"
RCONFLICTS:${PN} = "${@'runc' if d.getVar('RUNTIME_AS_RUNC') == '1' else ''}"

do_compile() {
	oe_runmake runtime
}

do_install() {
	oe_runmake install DESTDIR=${D} RUNC_LINK=${RUNTIME_AS_RUNC}
}
