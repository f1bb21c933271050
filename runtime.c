/* runtime.c - an OCI container runtime in one file.
 *
 * MODEL   argv -> struct options -> config.json -> struct config -> struct container
 *         -> clone3() -> init: mounts, pivot_root, identity -> waits for `start` -> execve
 *
 * ROOMS   Each may use only the rooms above it; search "ROOM 9" to jump.
 *    1 HEADERS  includes, numbers that old headers lack
 *    2 BASE     arena, error record, log, strings
 *    3 SYS      system call shims, descriptors, lookups inside a root
 *    4 NAMES    tables: namespaces, capabilities, limits, signals, mount options
 *    5 JSON     tables of fields <-> structs, JSON output
 *    6 CONF     config.json: structs, field tables, validation, the `spec` default
 *    7 STATE    what is kept on disk about a container, and its status
 *    8 NS       namespaces: which to make or join, id maps, time offsets
 *    9 CG       cgroup v2: directory, limits, device program, freezing, killing; resctrl groups
 *   10 SYSTEMD  the manager's bus: scopes instead of bare cgroup directories
 *   11 NET      network devices and links, by rtnetlink
 *   12 MNT      root file system, mounts, devices, masked paths, pivot_root
 *   13 SEC      limits, user, capabilities, keyring, labels, sysctl
 *   14 SECCOMP  system call filter: profile -> BPF program
 *   15 IO       terminals, console socket, hooks, waiting and signals
 *   16 RUN      the story: create, init, start, exec, destroy
 *   17 CHECK    what this kernel offers to containers
 *   18 BOOT     `init`: a directory of bundles kept running, also as PID 1
 *   19 CMD      options, help, one short function for each command
 *   20 MAIN     find the command, print the error, exit
 *
 * READ    room RUN first, then whichever room it calls.
 * ADD     a config field: member + row in room CONF.    a command or flag: row in room CMD.
 *         a mount option: row in mount_options.      a cgroup limit: row in cg_limits.
 * RULES   0 or a descriptor is success, -1 failure; whoever makes the system call fills the error
 *         record, callers add what they wanted.  Descriptors close themselves (autoclose); what
 *         outlives the process (child, cgroup, state) is noted in struct container at once and
 *         undone by run_destroy(), the same function that `delete --force` runs.
 *         Nothing in a container's tree is touched by path: path_in_root() gives a descriptor.
 * WON'T   drive cgroup v1, run threads, load libraries, keep anything resident.
 */

/* ==== ROOM 1: HEADERS ================================================== {
 * Every include of the program, and the kernel's numbers that older headers lack, so that one
 * source builds on any toolchain since kernel 5.4 headers.  Numbers of system calls from 424 up
 * are the same on all architectures but for the MIPS offsets.                                  */
#define _GNU_SOURCE
#include <assert.h>
#include <ctype.h>
#include <dirent.h>                     /* DT_DIR */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <grp.h>
#include <net/if.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sendfile.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#ifndef HAVE_LIBSECCOMP                 /* 1: linked with libseccomp, set by the Makefile */
#define HAVE_LIBSECCOMP 0
#endif
#if HAVE_LIBSECCOMP
#include <seccomp.h>
#if SCMP_VER_MAJOR < 2 || (SCMP_VER_MAJOR == 2 && SCMP_VER_MINOR < 5)
#error "libseccomp 2.5 or later, or: make SECCOMP=builtin"
#endif
#endif
#include "jsmn.h"

#ifndef VERSION
#define VERSION "unknown"
#endif
#ifndef COMMIT
#define COMMIT "unknown"
#endif
#define SPEC_VERSION "1.3.0"            /* runtime-spec this program follows */

#if defined _ABIO32 && _MIPS_SIM == _ABIO32     /* gcc defines the name of its own ABI only */
#define NR_BASE 4000
#elif defined _ABI64 && _MIPS_SIM == _ABI64
#define NR_BASE 5000
#elif defined _ABIN32 && _MIPS_SIM == _ABIN32
#define NR_BASE 6000
#else
#define NR_BASE 0
#endif
enum {                                  /* asm-generic/unistd.h, kernel 5.1 to 5.12 */
	NR_pidfd_send_signal = NR_BASE + 424, NR_open_tree = NR_BASE + 428,
	NR_move_mount = NR_BASE + 429, NR_fsopen = NR_BASE + 430, NR_fsconfig = NR_BASE + 431,
	NR_fsmount = NR_BASE + 432, NR_fspick = NR_BASE + 433,
	NR_pidfd_open = NR_BASE + 434, NR_clone3 = NR_BASE + 435,
	NR_close_range = NR_BASE + 436, NR_openat2 = NR_BASE + 437, NR_pidfd_getfd = NR_BASE + 438,
	NR_mount_setattr = NR_BASE + 442,
};

enum {                                  /* linux/openat2.h */
	RESOLVE_XDEV_NO = 0x01, RESOLVE_MAGIC_NO = 0x02, RESOLVE_LINKS_NO = 0x04,
	RESOLVE_UNDER = 0x08, RESOLVE_ROOT = 0x10,
};
enum {                                  /* linux/mount.h */
	TREE_CLONE = 1, TREE_CLOEXEC = O_CLOEXEC, MOVE_F_EMPTY = 0x04, MOVE_T_EMPTY = 0x40,
	FS_CLOEXEC = 1, FSPICK_EMPTY = 8, FSCONFIG_STRING = 1, FSCONFIG_CREATE = 6,
	FSCONFIG_RECONFIGURE = 7,
};
#define ATTR_RDONLY      0x00000001ull  /* MOUNT_ATTR_*, linux/mount.h */
#define ATTR_NOSUID      0x00000002ull
#define ATTR_NODEV       0x00000004ull
#define ATTR_NOEXEC      0x00000008ull
#define ATTR_ATIME       0x00000070ull  /* mask of the three below */
#define ATTR_RELATIME    0x00000000ull
#define ATTR_NOATIME     0x00000010ull
#define ATTR_STRICTATIME 0x00000020ull
#define ATTR_NODIRATIME  0x00000080ull
#define ATTR_IDMAP       0x00100000ull
#define ATTR_NOSYMFOLLOW 0x00200000ull
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV          /* kernel 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV 0x20
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef CSIGNAL
#define CSIGNAL 0x000000ff              /* where clone(2) has the signal that tells of the end */
#endif
#define STATX_MOUNT_ID 0x1000u          /* STATX_MNT_ID */
#define CLONE3_INTO_CGROUP 0x200000000ull
#define CLONE3_PIDFD       0x1000ull
#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u                /* 6.3; older kernels answer EINVAL */
#endif
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif
#define ST_NOSYMFOLLOW1 0x2000          /* linux/statfs.h ST_NOSYMFOLLOW, kernel 5.10 */
#define PROC_MAGIC    0x9fa0            /* linux/magic.h */
#define SYSFS_MAGIC   0x62656572
#define TMPFS_MAGIC   0x01021994
#define RAMFS_MAGIC   0x858458f6
#define DEVPTS_MAGIC  0x1cd1
#define CGROUP2_MAGIC 0x63677270
#define RESCTRL_MAGIC 0x7655821
#define PROC_ROOT_INO 1                 /* the root of a whole procfs, not of a bind into it */
#define KEYCTL_JOIN   1                 /* keyctl(2) KEYCTL_JOIN_SESSION_KEYRING */

struct clone3_args {                    /* linux/sched.h struct clone_args, version 2 (5.7) */
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};
struct sched_attr1 {                    /* linux/sched/types.h, version 1 (5.3) */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
struct open_how2 { uint64_t flags, mode, resolve; };                   /* struct open_how */
struct mount_attr1 { uint64_t attr_set, attr_clr, propagation, userns_fd; };

/* ==== end HEADERS ====================================================== } */

/* ==== ROOM 2: BASE ===================================================== {
 * Memory, the error record, the log, strings.  A command lives for milliseconds: memory comes
 * from one arena and is never freed.  There is one error record in the process, filled by
 * fail() and efail() and prefixed by ctx(); a child sends its copy to its parent.
 * Entries: arena_alloc str_fmt buf_fmt fail efail ctx log_debug log_warn log_open.             */

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
/* What cannot be otherwise; without assert(3)'s text and the streams that print it. */
#define must(truth) ((truth) ? (void)0 : __builtin_trap())
#define TRY(call) do { if ((call) < 0) return -1; } while (0)          /* sequences only */

static const char *prog = "runtime";    /* basename of argv[0]: the name in messages */

/* The error record: errno of the first cause (0: our own judgement) and the sentence. */
static struct { int no; char msg[2048]; } err;

static int exit_failure = 1;             /* what main() returns for -1 */

static struct { int fd; bool json, debug; } logger = { .fd = -1 };

/* -- text from a format ------------------------------------------------------------------------
 * printf(3)'s language as far as this file speaks it: d u x o c s %, the lengths l, ll and z,
 * width and precision as numbers or *, the flags - and 0.  The C library's, with its floating point
 * and its streams, would be one byte in twenty of the program.                                  */

struct fmt_out { char *to; size_t room, n; };   /* n: the length if there were room for all */

static void fmt_put(struct fmt_out *o, const char *s, size_t n)
{
	if (o->n < o->room)
		memcpy(o->to + o->n, s, n < o->room - o->n ? n : o->room - o->n);
	o->n += n;
}

static void fmt_fill(struct fmt_out *o, char c, int n)
{
	for (; n > 0; n--)
		fmt_put(o, &c, 1);
}

/* One conversion: what goes in front (a sign, zeros up to `least` digits), and the text itself. */
struct fmt_item { bool left, zero, minus; int width, least; const char *s; size_t n; };

static void fmt_item(struct fmt_out *o, const struct fmt_item *f)
{
	int zeros = f->least - (int)f->n, pad = f->width - (int)f->n - f->minus;

	if (zeros < 0)
		zeros = 0;
	pad -= zeros;
	if (f->zero && pad > 0) {
		zeros += pad;
		pad = 0;
	}
	if (!f->left)
		fmt_fill(o, ' ', pad);
	fmt_put(o, "-", f->minus);
	fmt_fill(o, '0', zeros);
	fmt_put(o, f->s, f->n);
	if (f->left)
		fmt_fill(o, ' ', pad);
}

/* The digits of v, written up to `end`.  Returns where they start. */
static char *fmt_digits(char *end, uintmax_t v, unsigned base)
{
	do
		*--end = "0123456789abcdef"[v % base];
	while (v /= base);
	return end;
}

/* A number in a format, or the int that a * stands for. */
static int fmt_number(const char **at, int star)
{
	int n = 0;

	if (**at == '*')
		return (*at)++, star;
	while (**at >= '0' && **at <= '9')
		n = n * 10 + *(*at)++ - '0';
	return n;
}

/* vsnprintf(3): what fits into n bytes, always ended where n > 0; returns the whole length. */
static int fmt_va(char *to, size_t n, const char *fmt, va_list ap)
{
	struct fmt_out o = { to, n ? n - 1 : 0, 0 };

	for (;;) {
		struct fmt_item f = { 0 };
		char digits[24], *end = digits + sizeof digits;
		size_t plain = strcspn(fmt, "%");
		int lengths = 0, precision = -1;

		fmt_put(&o, fmt, plain);
		fmt += plain;
		if (!*fmt++)
			break;
		for (; *fmt == '-' || *fmt == '0'; fmt++)
			*(*fmt == '-' ? &f.left : &f.zero) = true;
		f.width = fmt_number(&fmt, *fmt == '*' ? va_arg(ap, int) : 0);
		if (*fmt == '.') {
			fmt++;
			precision = fmt_number(&fmt, *fmt == '*' ? va_arg(ap, int) : 0);
		}
		for (; *fmt == 'l' || *fmt == 'z'; fmt++)
			lengths += *fmt == 'z' && sizeof(size_t) > sizeof(int) ? 1 : *fmt == 'l';
		char kind = *fmt++;

		if (kind == 'd') {
			intmax_t v = lengths > 1 ? va_arg(ap, long long) :
				     lengths ? va_arg(ap, long) : va_arg(ap, int);

			f.minus = v < 0;
			f.s = fmt_digits(end, v < 0 ? -(uintmax_t)v : (uintmax_t)v, 10);
		} else if (kind == 'u' || kind == 'x' || kind == 'o') {
			uintmax_t v = lengths > 1 ? va_arg(ap, unsigned long long) :
				      lengths ? va_arg(ap, unsigned long) : va_arg(ap, unsigned);

			f.s = fmt_digits(end, v, kind == 'x' ? 16 : kind == 'o' ? 8 : 10);
		} else if (kind == 's') {
			f.s = va_arg(ap, const char *);
			if (!f.s)
				f.s = "(null)";
			f.n = strnlen(f.s, precision < 0 ? SIZE_MAX : (size_t)precision);
		} else {
			must(kind == 'c' || kind == '%');
			*--end = kind == 'c' ? (char)va_arg(ap, int) : kind;
			f.s = end;
			f.n = 1;
		}
		if (kind != 's' && kind != 'c' && kind != '%') {
			f.n = precision || *f.s != '0' ? (size_t)(end - f.s) : 0;
			f.least = precision;
		}
		fmt_item(&o, &f);
	}
	if (n)
		to[o.n < n ? o.n : n - 1] = '\0';
	return (int)o.n;
}

/* snprintf(3) */
PRINTF(3, 4) static int fmt_to(char *to, size_t n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = fmt_va(to, n, fmt, ap);
	va_end(ap);
	return r;
}

/* dprintf(3), of up to 4095 bytes, in one write(2).  -1 with errno set. */
PRINTF(2, 3) static int fmt_fd(int fd, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	int n = fmt_va(text, sizeof text, fmt, ap);
	va_end(ap);
	return (int)write(fd, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* errno's text as Go prints it: engines match "no such file or directory" in lower case. */
static const char *errno_text(int no)
{
	static char text[64];

	fmt_to(text, sizeof text, "%s", strerror(no));
	text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

/* What errno means in a place, "" if no row knows: goes in front of errno's own text. */
struct why { int no; const char *text; };
static const char *errno_why(const struct why *rows)
{
	while (rows->no && rows->no != errno)
		rows++;
	return rows->no ? rows->text : "";
}

PRINTF(2, 3) static int fail_no(int no, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = fmt_va(err.msg, sizeof err.msg, fmt, ap);
	va_end(ap);
	err.no = no;
	if (no && n >= 0 && (size_t)n < sizeof err.msg)
		fmt_to(err.msg + n, sizeof err.msg - n, ": %s", errno_text(no));
	return -1;
}

#define fail(...)  fail_no(0, __VA_ARGS__)              /* our judgement                      */
#define efail(...) fail_no(errno, __VA_ARGS__)          /* a system call just failed          */

/* Puts what the caller wanted in front of the record.  Returns -1. */
PRINTF(1, 2) static int ctx(const char *fmt, ...)
{
	char head[512], tail[sizeof err.msg];
	va_list ap;

	va_start(ap, fmt);
	fmt_va(head, sizeof head, fmt, ap);
	va_end(ap);
	memcpy(tail, err.msg, sizeof tail);
	fmt_to(err.msg, sizeof err.msg, "%s: %.*s", head, (int)sizeof tail - 600, tail);
	return -1;
}

static void err_clear(void)
{
	err.no = 0;
	err.msg[0] = '\0';
}

/* init's pages are charged to its container: it takes those that it uses only. */
static int arena_flags = MAP_POPULATE;

#ifdef TEST_ALLOC       /* the tests': each block by itself, so that sanitizers see its edges */
#define arena_alloc TEST_ALLOC
#else
/* Zeroed memory that lives as long as the process.  Never fails: no memory ends the program,
 * and whatever it made is what `delete --force` removes.  What a command needs before it
 * executes itself again (run_protect) is static; the block after it comes with its pages, since one
 * by one they would cost a fault each. */
static void *arena_alloc(size_t n)
{
	static char first[2048] __attribute__((aligned(16))), *at = first;
	static size_t left = sizeof first, chunk = 1 << 16;

	n = (n + 15) & ~(size_t)15;
	if (n > left) {
		size_t size = n > chunk ? n : chunk;
		void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | arena_flags, -1, 0);

		if (p == MAP_FAILED) {
			fmt_fd(2, "%s: out of memory (%zu bytes)\n", prog, size);
			_exit(1);
		}
		if (size - n < left)            /* a big block of its own: keep the old chunk */
			return p;
		at = p;
		left = size;
	}
	void *p = at;
	at += n;
	left -= n;
	return p;
}

#endif

#if HAVE_LIBSECCOMP && defined TEST_FAULTS && !defined(TEST_ALLOC) && !defined(__GLIBC__)
/* The memory of libseccomp, which test builds ask for programs, comes from the arena too.  In front
 * of a block is its size, for realloc(). */
void *malloc(size_t n)
{
	size_t *p = n < SIZE_MAX / 2 ? arena_alloc(n + 16) : NULL;

	if (!p)
		return NULL;
	*p = n;
	return (char *)p + 16;
}

void *calloc(size_t n, size_t size)
{
	return size && n >= SIZE_MAX / size ? NULL : malloc(n * size + 1);      /* zeroed already */
}

void *realloc(void *old, size_t n)
{
	size_t had = old ? *(size_t *)(void *)((char *)old - 16) : 0;
	void *p = malloc(n);

	if (p && old)
		memcpy(p, old, had < n ? had : n);
	return p;
}

void free(void *p)
{
	(void)p;
}
#endif

static char *str_ndup(const char *s, size_t n)
{
	char *p = arena_alloc(n + 1);

	memcpy(p, s, n);
	return p;
}

static char *str_dup(const char *s)
{
	return str_ndup(s, strlen(s));
}

PRINTF(1, 2) static char *str_fmt(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = fmt_va(NULL, 0, fmt, ap);
	va_end(ap);
	p = arena_alloc((size_t)n + 1);
	va_start(ap, fmt);
	fmt_va(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

static bool str_eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* A list of strings; v[n] is NULL, so v serves as argv and envp. */
struct strs { char **v; size_t n; };

static void strs_add(struct strs *s, char *item)
{
	if ((s->n & (s->n + 1)) == 0) {         /* full at 0, 1, 3, 7...: room for twice as many */
		char **v = arena_alloc((s->n + 1) * 2 * sizeof *v);

		if (s->n)
			memcpy(v, s->v, s->n * sizeof *v);
		s->v = v;
	}
	s->v[s->n++] = item;
	s->v[s->n] = NULL;
}

/* Sorts bytewise, by Shell's method: a few lines, and good for thousands. */
static void strs_sort(struct strs *s)
{
	for (size_t gap = s->n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
		for (size_t i = gap; i < s->n; i++) {
			char *item = s->v[i];
			size_t at = i;

			for (; at >= gap && strcmp(s->v[at - gap], item) > 0; at -= gap)
				s->v[at] = s->v[at - gap];
			s->v[at] = item;
		}
}

static bool strs_has(const struct strs *s, const char *item)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->v[i], item))
			return true;
	return false;
}

/* A whole decimal number of digits only, in 0..max. */
static int str_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		unsigned d = (unsigned char)*s - '0';

		if (d > 9 || d > max || v > (max - d) / 10)
			return -1;
		v = v * 10 + d;
	}
	*out = v;
	return 0;
}

/* The same in hexadecimal, of either case. */
static int str_hex(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		unsigned c = (unsigned char)*s, d = c - '0' < 10 ? c - '0' : (c | 32) - 'a' + 10;

		if (d > 15 || (c - '0' > 9 && d < 10) || d > max || v > (max - d) / 16)
			return -1;
		v = v * 16 + d;
	}
	*out = v;
	return 0;
}

/* A set of small numbers (cpus, memory nodes), laid out as the kernel's bit masks are. */
enum { BITS_MAX = 8192, BITS_WORD = 8 * sizeof(long) };
struct bits { unsigned long w[BITS_MAX / BITS_WORD]; };

/* "0-3,7" into bits; blanks and empty items do no harm.  Returns how many there are, or -1 for what
 * is no such list of numbers below max. */
static int str_bits(const char *s, uint64_t max, struct bits *bits)
{
	int count = 0;

	while (*(s += strspn(s, ", "))) {
		size_t n = strcspn(s, ", ");
		char *from = str_ndup(s, n), *to = strchr(from, '-');
		uint64_t i, last;

		if (to)
			*to++ = '\0';
		if (str_u64(from, max - 1, &i) < 0 || str_u64(to ? to : from, max - 1, &last) < 0 ||
		    i > last)
			return -1;
		for (; i <= last; i++, count++)
			bits->w[i / BITS_WORD] |= 1ul << i % BITS_WORD;
		s += n;
	}
	return count;
}

/* Word n of a line, counted from 0, words separated by blanks; "" past the end. */
static char *str_word(const char *line, int n)
{
	line += strspn(line, " \t");
	for (; n > 0; n--) {
		line += strcspn(line, " \t\n");
		line += strspn(line, " \t");
	}
	return str_ndup(line, strcspn(line, " \t\n"));
}

/* Text under construction; p is always NUL-terminated once something was added. */
struct buf { char *p; size_t len, cap; };

static void buf_need(struct buf *b, size_t more)
{
	if (b->len + more + 1 <= b->cap)
		return;
	size_t cap = (b->len + more + 1) * 2 + 512;
	char *p = arena_alloc(cap);

	if (b->len)
		memcpy(p, b->p, b->len);
	b->p = p;
	b->cap = cap;
}

static void buf_add(struct buf *b, const char *s, size_t n)
{
	buf_need(b, n);
	memcpy(b->p + b->len, s, n);
	b->len += n;
	b->p[b->len] = '\0';
}

PRINTF(2, 3) static void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = fmt_va(NULL, 0, fmt, ap);
	va_end(ap);
	buf_need(b, (size_t)n);
	va_start(ap, fmt);
	fmt_va(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

static void buf_quote(struct buf *b, const char *s)
{
	size_t n = json_quote(NULL, 0, s);

	buf_need(b, n + 1);
	json_quote(b->p + b->len, n + 1, s);
	b->len += n;
}

/* "2026-01-02T03:04:05.000000006Z": RFC 3339 in UTC, as Go's decoders want it. */
static char *str_time(const struct timespec *ts, bool nano)
{
	struct tm t;

	gmtime_r(&ts->tv_sec, &t);
	return str_fmt("%04d-%02d-%02dT%02d:%02d:%02d%s%.*ldZ", t.tm_year + 1900, t.tm_mon + 1,
		       t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, nano ? "." : "", nano ? 9 : 0,
		       nano ? ts->tv_nsec : 0);
}

/* One record to the log, or to stderr when there is none, in one write. */
static void log_write(const char *level, const char *msg)
{
	struct buf b = { 0 };
	struct timespec ts;
	int fd = logger.fd >= 0 ? logger.fd : 2;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (logger.json) {
		buf_fmt(&b, "{\"level\":\"%s\",\"msg\":", level);
		buf_quote(&b, msg);
		buf_fmt(&b, ",\"time\":\"%s\"}\n", str_time(&ts, false));
	} else if (logger.fd >= 0) {
		buf_fmt(&b, "time=\"%s\" level=%s msg=", str_time(&ts, false), level);
		buf_quote(&b, msg);
		buf_fmt(&b, "\n");
	} else {
		bool plain = str_eq(level, "error") || str_eq(level, "info");

		buf_fmt(&b, "%s: %s%s%s\n", prog, plain ? "" : level, plain ? "" : ": ", msg);
	}
	if (write(fd, b.p, b.len) < 0) {
		/* nowhere left to say so */
	}
}

PRINTF(1, 2) static void log_debug(const char *fmt, ...)
{
	char msg[1024];
	va_list ap;

	if (!logger.debug)
		return;
	va_start(ap, fmt);
	fmt_va(msg, sizeof msg, fmt, ap);
	va_end(ap);
	log_write("debug", msg);
}

/* A warning is for people.  A JSON log is read by engines, and podman takes the whole file for
 * one error object: there, warnings are shown only with --debug. */
PRINTF(1, 2) static void log_warn(const char *fmt, ...)
{
	char msg[1024];
	va_list ap;

	if (logger.json && !logger.debug)
		return;
	va_start(ap, fmt);
	fmt_va(msg, sizeof msg, fmt, ap);
	va_end(ap);
	log_write("warning", msg);
}

/* The final word on a failed command: one record in the log and, when that is a file, the plain
 * sentence on stderr as well.  Foreign text in it (ids, names) stays on one line and cannot speak
 * to a terminal. */
static void log_error(void)
{
	for (char *p = err.msg; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	log_write("error", err.msg);
	if (logger.fd >= 0)
		fmt_fd(2, "%s: %s\n", prog, err.msg);
}

static int log_open(const char *path)
{
	logger.fd =
		openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	return logger.fd < 0 ? efail("open log file %s", path) : 0;
}

/* Fault points for the tests: RUNTIME_FAIL_AT=name makes that step fail.  A release build has
 * none of it. */
static int fault(const char *step)
{
#ifdef TEST_FAULTS
	if (str_eq(getenv("RUNTIME_FAIL_AT"), step))
		return fail("%s: injected fault", step);
	if (str_eq(getenv("RUNTIME_KILL_AT"), step))
		raise(SIGKILL);
#else
	(void)step;
#endif
	return 0;
}

/* The same for what has another way where the kernel lacks it: the tests make it lack it. */
static bool lacks(const char *what)
{
	bool lacking = fault(what) < 0;

	if (lacking)
		err_clear();
	return lacking;
}

/* ==== end BASE ========================================================= } */

/* ==== ROOM 3: SYS ====================================================== {
 * Thin shims over system calls, descriptors that close themselves, whole-file reads and writes,
 * and the only ways into a container's tree: path_in_root() for what exists, path_make() for
 * what must.  Kernel floor is 5.10.
 * Entries: sys_* fd_* path_* dir_*.                                                            */

static void close_p(int *fd)
{
	if (*fd >= 0) {
		int e = errno;

		close(*fd);
		*fd = -1;
		errno = e;
	}
}
#define autoclose __attribute__((cleanup(close_p)))     /* always = -1 or = open(...) */

static int take_fd(int *fd)
{
	int f = *fd;

	*fd = -1;
	return f;
}

/* The id of the mount that fd is on; -1 with errno.  statx(2) STATX_MNT_ID, kernel 5.8. */
static int fd_mount_id(int fd, uint64_t *id)
{
	union { uint32_t mask; uint64_t word[32]; } st = { .word = { 0 } };     /* struct statx */

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MOUNT_ID, &st) < 0)
		return -1;
	*id = st.word[18];
	errno = ENOSYS;
	return st.mask & STATX_MOUNT_ID ? 0 : -1;
}

/* The last component of a walk, there as the O_PATH descriptor `there`, opened as asked. */
static int walk_last(int dir, const char *name, int *there, uint64_t flags)
{
	struct stat want, got;

	if (flags & O_PATH)
		return take_fd(there);
	autoclose int fd = openat(dir, name, (int)flags | O_NOFOLLOW);

	if (fd < 0 || fstat(*there, &want) < 0 || fstat(fd, &got) < 0)
		return -1;
	if (want.st_dev == got.st_dev && want.st_ino == got.st_ino)
		return take_fd(&fd);
	errno = EAGAIN;                         /* another file took its place meanwhile */
	return -1;
}

/* The walk begins (again) at dir. */
static int walk_again(int dir, char **done)
{
	*done = str_dup("");
	return openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* What openat2(2) does, where a filter of an older container host answers that there is no such
 * call.  A component at a time by openat(O_PATH|O_NOFOLLOW); a link's text goes in front of what
 * is left; after ".." it starts at dir again, with one component less.  So nothing is ever looked
 * up above dir, whoever renames what meanwhile. */
static int sys_walk(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	char *rest = str_dup(path), *done;
	autoclose int at = walk_again(dir, &done);
	uint64_t mount = 0, here = 0;
	int links = 0;

	if (at < 0 || (resolve & RESOLVE_XDEV_NO && fd_mount_id(at, &mount) < 0))
		return -1;
	if (*path == '/' && resolve & RESOLVE_UNDER)
		return errno = EXDEV, -1;
	for (;;) {
		char *name = rest + strspn(rest, "/"), *next = name + strcspn(name, "/");
		bool last = !next[strspn(next, "/")];
		struct stat st;

		if (!*name)                     /* dir itself, or what a ".." led to */
			return openat(at, ".", (int)(flags & ~(uint64_t)O_NOFOLLOW));
		name = str_ndup(name, (size_t)(next - name));
		rest = next;
		if (str_eq(name, "."))
			continue;
		if (str_eq(name, "..")) {
			char *slash = strrchr(done, '/');

			if (!*done && resolve & RESOLVE_UNDER)
				return errno = EXDEV, -1;
			*(slash ? slash : done) = '\0';
			rest = str_fmt("%s%s", done, rest);
			close_p(&at);
			at = walk_again(dir, &done);
			continue;
		}
		autoclose int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 || fstat(fd, &st) < 0 ||
		    (resolve & RESOLVE_XDEV_NO && fd_mount_id(fd, &here) < 0))
			return -1;
		if (here != mount)
			return errno = EXDEV, -1;
		if (S_ISLNK(st.st_mode) && !(last && flags & O_NOFOLLOW)) {
			char link[PATH_MAX];
			ssize_t n = readlinkat(fd, "", link, sizeof link - 1);

			if (n < 0)
				return -1;
			if (resolve & RESOLVE_LINKS_NO || ++links > 40)
				return errno = ELOOP, -1;
			link[n] = '\0';
			rest = str_fmt("%s%s", link, rest);
			if (*link != '/')
				continue;
			if (resolve & RESOLVE_UNDER)
				return errno = EXDEV, -1;
			close_p(&at);
			at = walk_again(dir, &done);
			continue;
		}
		if ((!last || flags & O_DIRECTORY) && !S_ISDIR(st.st_mode))
			return errno = ENOTDIR, -1;
		if (last)
			return walk_last(at, name, &fd, flags);
		done = str_fmt("%s%s%s", done, *done ? "/" : "", name);
		close_p(&at);
		at = take_fd(&fd);
	}
}

/* Does errno say that there is no such call?  EPERM is what filters of older container hosts have
 * for the calls they do not know; where it is meant, the other way is refused as well. */
static bool sys_is_missing(void)
{
	return errno == ENOSYS || errno == EPERM;
}

static int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how2 how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
	int fd, tries = 128;

	/* EAGAIN: a rename or mount raced with the lookup and the kernel could not prove that ".."
	 * stayed inside (openat2(2)).  Bounded, so that a racing container cannot hold us. */
	do
		fd = (int)syscall(NR_openat2, dir, path, &how, sizeof how);
	while (fd < 0 && (errno == EAGAIN || errno == EINTR) && --tries);
	return fd < 0 && sys_is_missing() ? sys_walk(dir, path, how.flags, resolve) : fd;
}

static int sys_open_tree(int dir, const char *path, unsigned flags)
{
	return (int)syscall(NR_open_tree, dir, path, flags | TREE_CLOEXEC);
}

static int sys_move_mount(int from, int to_dir, const char *to)
{
	return (int)syscall(NR_move_mount, from, "", to_dir, to,
			    MOVE_F_EMPTY | (*to ? 0 : MOVE_T_EMPTY));
}

static int sys_mount_setattr(int fd, bool recursive, struct mount_attr1 *attr)
{
	return (int)syscall(NR_mount_setattr, fd, "",
			    AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attr, sizeof *attr);
}

static int sys_pidfd_open(pid_t pid)
{
	return (int)syscall(NR_pidfd_open, pid, 0);
}

static int sys_pidfd_signal(int pidfd, int sig)
{
	return (int)syscall(NR_pidfd_send_signal, pidfd, sig, NULL, 0);
}

/* Gives every signal its default action.  What the caller ignored (nohup, a shell's background job)
 * is not the container's.  The C library keeps some signals from signal(3): asked directly. */
static void sys_default_signals(void)
{
	static const char default_action[64];   /* the kernel's struct sigaction: all zero */

	for (int sig = 1; sig < _NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, default_action, NULL, (size_t)_NSIG / 8);
}

/* clone(2), for clone3(2) where there is none: whatever does not go into its flags is missing. */
static pid_t sys_clone(uint64_t flags, int exit_signal, int *pidfd)
{
	unsigned long low = (unsigned long)flags | (unsigned long)exit_signal;

	if (flags >> 32 || flags & CSIGNAL) {
		errno = ENOSYS;
		return -1;
	}
#if defined(__s390x__)
	return (pid_t)syscall(SYS_clone, NULL, low, pidfd, NULL, 0);
#else
	return (pid_t)syscall(SYS_clone, low, NULL, pidfd, NULL, 0);
#endif
}

/* fork() with flags: the child returns 0 on a copy of this stack. */
static pid_t sys_clone3(uint64_t flags, int cgroup_fd, int *pidfd)
{
	int fd = -1;
	struct clone3_args a = {
		.flags = flags | CLONE3_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&fd,
		.exit_signal = SIGCHLD,
	};

	if (cgroup_fd >= 0) {
		a.flags |= CLONE3_INTO_CGROUP;
		a.cgroup = (uint64_t)cgroup_fd;
	}
	pid_t pid = (pid_t)syscall(NR_clone3, &a, sizeof a);

	if (pid < 0 && sys_is_missing())
		pid = sys_clone(a.flags, SIGCHLD, &fd);
	if (pid > 0)
		*pidfd = fd;
	return pid;
}

static int fd_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

/* A whole file as a NUL-terminated text in the arena; at most max bytes.  -1 with errno set. */
static char *fd_read_all(int fd, size_t max, size_t *len)
{
	struct stat st;
	struct buf b = { 0 };

	if (fstat(fd, &st) == 0 && st.st_size > 0 && (size_t)st.st_size <= max)
		buf_need(&b, (size_t)st.st_size + 1);
	for (;;) {
		buf_need(&b, 1024);
		ssize_t n = read(fd, b.p + b.len, b.cap - b.len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0)
			break;
		b.len += (size_t)n;
		if (b.len > max) {
			errno = EFBIG;
			return NULL;
		}
	}
	b.p[b.len] = '\0';
	if (len)
		*len = b.len;
	return b.p;
}

/* A small file below a directory descriptor; NULL with errno set. */
static char *file_read_at(int dir, const char *path, size_t max)
{
	autoclose int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	return fd < 0 ? NULL : fd_read_all(fd, max, NULL);
}

/* Writes text in one write(2), which is how kernel files want it.  -1 with errno set. */
static int file_write_at(int dir, const char *path, const char *text)
{
	autoclose int fd = openat(dir, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	size_t n = strlen(text);

	if (fd < 0)
		return -1;
	ssize_t w = write(fd, text, n);

	if (w >= 0 && (size_t)w != n)
		errno = EIO;
	return w >= 0 && (size_t)w == n ? 0 : -1;
}

/* Sends up to one descriptor with a few bytes. -1 with errno set. */
static int fd_send(int sock, int fd, const void *data, size_t n)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } u = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		m.msg_control = &u;
		m.msg_controllen = sizeof u.room;
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof fd);
	}
	ssize_t w;

	do
		w = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (w < 0 && errno == EINTR);
	return w == (ssize_t)n ? 0 : -1;
}

/* What came with a message: a descriptor (-1: none) and the sender's pid as we see it. */
struct fd_gift { int fd; pid_t pid; };

static ssize_t fd_recv(int sock, void *data, size_t n, struct fd_gift *gift)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(64)]; } u;
	struct iovec iov = { .iov_base = data, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &u, .msg_controllen = sizeof u };
	ssize_t r;

	*gift = (struct fd_gift){ .fd = -1 };
	/* A peer that ended before it had read all of ours makes for one ECONNRESET; what it said
	 * before comes after that. */
	do
		r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (r < 0 && (errno == EINTR || errno == ECONNRESET));
	if (r <= 0)
		return r;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
			memcpy(&gift->fd, CMSG_DATA(h), sizeof gift->fd);
		struct ucred cred;
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&cred, CMSG_DATA(h), sizeof cred);
			gift->pid = cred.pid;
		}
	}
	return r;
}

/* A unix socket named `name` in directory dir (AT_FDCWD: any path): bound and listening, or
 * connected.  The address goes through the working directory, so that a long path still fits
 * sun_path and no link on the way is followed twice.  -1 with errno set. */
static int sock_at(int dir, const char *name, int type, bool bound)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	autoclose int fd = -1, back = -1;
	int r;

	if (strlen(name) >= sizeof a.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, name, strlen(name));
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (dir >= 0) {
		back = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fchdir(dir) < 0)
			return -1;
	}
	if (bound && bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		r = -1;
	else if (bound)
		r = type == SOCK_DGRAM ? 0 : listen(fd, 8);
	else
		r = connect(fd, (struct sockaddr *)&a, sizeof a);
	int e = errno;

	if (back >= 0 && fchdir(back) < 0)
		e = r < 0 ? e : 0;      /* a directory we may not enter: nothing here needs it */
	errno = e;
	return r < 0 ? -1 : take_fd(&fd);
}

/* Opens what exists at path inside root; links are followed as if root were "/". */
static int path_in_root(int root, const char *path, int flags)
{
	while (*path == '/')
		path++;
	return sys_openat2(root, *path ? path : ".", (uint64_t)flags,
			   RESOLVE_ROOT | RESOLVE_MAGIC_NO);
}

/* One name below dir that must not be a link, for what we make ourselves. */
static int path_child(int dir, const char *name, int flags)
{
	return sys_openat2(dir, name, (uint64_t)flags | O_NOFOLLOW,
			   RESOLVE_UNDER | RESOLVE_LINKS_NO);
}

/* The walk of path_make(): `done` is the path so far, free of links, and fd is open on it. */
struct walk { int root, fd; char done[PATH_MAX]; int links; };

static int walk_to(struct walk *w)
{
	int fd = sys_openat2(w->root, *w->done ? w->done : ".", O_PATH,
			     RESOLVE_ROOT | RESOLVE_LINKS_NO);

	if (fd < 0)
		return -1;
	close_p(&w->fd);
	w->fd = fd;
	return 0;
}

static void walk_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	*(slash ? slash : w->done) = '\0';
}

/* Makes the missing last component: a directory, or an empty file when `file`. */
static int walk_create(struct walk *w, const char *name, bool file)
{
	if (!file)
		return mkdirat(w->fd, name, 0755) < 0 && errno != EEXIST ? -1 : 0;
	autoclose int fd = openat(w->fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_RDONLY,
				  0644);

	return fd < 0 && errno != EEXIST ? -1 : 0;
}

/* One component.  A link puts its target in front of what is left (*rest). */
static int walk_step(struct walk *w, const char *name, char **rest, bool file)
{
	autoclose int fd = -1;
	size_t at = strlen(w->done);
	struct stat st;

	if (str_eq(name, "..")) {
		walk_up(w);
		return walk_to(w);
	}
	for (int tries = 0; fd < 0; tries++) {
		fd = sys_openat2(w->fd, name, O_PATH | O_NOFOLLOW,
				 RESOLVE_UNDER | RESOLVE_MAGIC_NO);
		if (fd < 0 && (errno != ENOENT || tries > 8 || walk_create(w, name, file) < 0))
			return -1;
	}
	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISLNK(st.st_mode)) {
		char link[PATH_MAX];
		ssize_t n = readlinkat(fd, "", link, sizeof link - 1);

		if (n < 0)
			return -1;
		if (++w->links > 40) {
			errno = ELOOP;
			return -1;
		}
		link[n] = '\0';
		if (link[0] == '/')
			w->done[0] = '\0';
		*rest = str_fmt("%s/%s", link, *rest);
		return walk_to(w);
	}
	if (at + strlen(name) + 2 > sizeof w->done) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fmt_to(w->done + at, sizeof w->done - at, "%s%s", at ? "/" : "", name);
	close_p(&w->fd);
	w->fd = take_fd(&fd);
	return 0;
}

/* Opens path inside root (O_PATH), making what is missing: directories of mode 0755 on the way,
 * at the end a directory or an empty file of mode 0644.  Links are followed inside root even when
 * they dangle: their target is made.  Every step starts at a descriptor already checked, so a tree
 * that changes under us gives an error, never a way out.  -1 with errno set. */
static int path_make(int root, const char *path, bool file)
{
	struct walk w = { .root = root, .fd = -1 };
	int fd = path_in_root(root, path, O_PATH);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	char *rest = str_dup(path);

	if (walk_to(&w) < 0)
		return -1;
	while (*rest) {
		char *name = rest + strspn(rest, "/");
		size_t n = strcspn(name, "/");
		bool last = !name[n + strspn(name + n, "/")];

		rest = name + n;
		if (n == 0 || (n == 1 && *name == '.'))
			continue;
		if (walk_step(&w, str_ndup(name, n), &rest, file && last) < 0) {
			close_p(&w.fd);
			return -1;
		}
	}
	return w.fd;
}

/* mkdir -p outside any container; modes of what is made: mode. */
static int path_mkdirs(const char *path, mode_t mode)
{
	char *p = str_dup(path);

	for (char *s = p + 1; ; s++) {
		if (*s && *s != '/')
			continue;
		char c = *s;

		*s = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			return efail("mkdir %s", p);
		*s = c;
		if (!c)
			return 0;
	}
}

/* path without ".", "..", doubled and trailing slashes, by text alone; absolute. */
static char *path_clean(const char *path)
{
	char *out = arena_alloc(strlen(path) + 2), *o = out;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (o > out && *--o != '/')
				;
		} else if (n && !(n == 1 && *path == '.')) {
			*o++ = '/';
			memcpy(o, path, n);
			o += n;
		}
		path += n + strspn(path + n, "/");
	}
	if (o == out)
		*o++ = '/';
	*o = '\0';
	return out;
}

static bool path_is_under(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Names in an open directory but for "." and "..", all or those of directories.  getdents64(2). */
static int dir_names(int dir, struct strs *names, bool all)
{
	struct entry { uint64_t ino, off; uint16_t len; uint8_t type; char name[]; };
	static _Alignas(struct entry) char block[8192];
	autoclose int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return efail("read directory");
	while ((n = syscall(SYS_getdents64, fd, block, sizeof block)) > 0) {
		for (long at = 0; at < n; at += ((struct entry *)(void *)(block + at))->len) {
			const struct entry *e = (struct entry *)(void *)(block + at);

			if (!str_eq(e->name, ".") && !str_eq(e->name, "..") &&
			    (all || e->type == DT_DIR || e->type == DT_UNKNOWN))
				strs_add(names, str_dup(e->name));
		}
	}
	return n < 0 ? efail("read directory") : 0;
}

/* Closes every descriptor from `first` up: close_range(2), kernel 5.9.  Without it those that proc,
 * a procfs, lists, as the limit may be lower than a descriptor that is open, and a million; without
 * a procfs, up to the limit. */
static void fd_close_from(int proc, int first)
{
	struct strs open = { 0 };
	uint64_t fd;

	if (syscall(NR_close_range, (unsigned)first, ~0u, 0) == 0)
		return;
	autoclose int dir = -1;

	if (proc >= 0)
		dir = openat(proc, "self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || dir_names(dir, &open, true) < 0)
		for (int limit = (int)sysconf(_SC_OPEN_MAX); first < limit; first++)
			close(first);
	for (size_t n = 0; n < open.n; n++)
		if (str_u64(open.v[n], INT_MAX, &fd) == 0 && (int)fd >= first && (int)fd != dir)
			close((int)fd);
}

/* A file system of its own mount, seen by nobody else: a descriptor on its root.  -1 with errno. */
static int sys_private_fs(const char *type)
{
	autoclose int ctl = (int)syscall(NR_fsopen, type, FS_CLOEXEC);

	if (ctl < 0 || syscall(NR_fsconfig, ctl, FSCONFIG_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return (int)syscall(NR_fsmount, ctl, FS_CLOEXEC, ATTR_NOSUID | ATTR_NODEV | ATTR_NOEXEC);
}

static int dir_list(int dir, struct strs *names)
{
	return dir_names(dir, names, false);
}

/* The host's own procfs, checked to be one, whole, and of our pid namespace; where /proc is not
 * that (a bare initramfs, `unshare -p`) a detached one.  Never the container's. */
static int proc_open(void)
{
	autoclose int fd = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct statfs fs;
	struct stat st;

	char self[16] = "";

	/* "self" is our pid, unless this procfs belongs to another pid namespace. */
	if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_MAGIC &&
	    fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INO &&
	    readlinkat(fd, "self", self, sizeof self - 1) > 0 &&
	    str_eq(self, str_fmt("%d", getpid())))
		return take_fd(&fd);
	int mnt = sys_private_fs("proc");

	return mnt < 0 ? efail("no procfs of ours on /proc, and mounting a private one%s",
			       errno == ENODEV ? " (the kernel lacks CONFIG_PROC_FS)" : "") : mnt;
}

/* The mount point in a line of mountinfo: field 5, with \040 and the like made characters again. */
static char *proc_mountpoint(const char *line)
{
	char *path = str_word(line, 4), *to = path;

	for (const char *from = path; *from; to++) {
		*to = *from++;
		if (*to == '\\' && from[0] && from[1] && from[2]) {
			*to = (char)((from[0] - '0') << 6 | (from[1] - '0') << 3 | (from[2] - '0'));
			from += 3;
		}
	}
	*to = '\0';
	return path;
}

/* Start time in clock ticks since boot, and the state letter, of a process: field 22 and 3 of
 * proc_pid_stat(5).  With the pid it names a process for good. */
static int proc_stat(int proc, pid_t pid, uint64_t *start, char *state)
{
	char path[32];

	fmt_to(path, sizeof path, "%d/stat", pid);
	char *text = file_read_at(proc, path, 4096), *p = text ? strrchr(text, ')') : NULL;

	if (!p || !p[1])
		return -1;
	*state = p[2];                          /* the name before it may hold anything */
	return str_u64(str_word(p + 1, 22 - 3), UINT64_MAX, start);
}

/* Below this line these names do not compile. */
#pragma GCC poison sprintf vsprintf strcpy strcat system popen tmpnam mktemp gets

/* ==== end SYS ========================================================== } */

/* ==== ROOM 4: NAMES ==================================================== {
 * Words of the specification and what they mean to the kernel, each in one table that parsing,
 * messages and `features` share.  A row with a null name ends a table.
 * Entries: the tables, name_find name_of.                                                      */

struct name { const char *name; int value; };

static int name_find(const struct name *table, const char *s, int *value)
{
	for (; table->name; table++)
		if (strcmp(table->name, s) == 0) {
			*value = table->value;
			return 0;
		}
	return -1;
}

static const char *name_of(const struct name *table, int value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return "?";
}

/* Order: the one in which they are joined.  The user namespace comes last because most others
 * can only be entered with the privileges of the namespace we come from; what needs the new
 * user's privileges is tried again after it (ns_join). */
#define NAMESPACES(X) /* id     spec name   /proc name  flag            kernel option */ \
	X(CGROUP, "cgroup",  "cgroup", CLONE_NEWCGROUP, "CONFIG_CGROUPS") \
	X(IPC,    "ipc",     "ipc",    CLONE_NEWIPC,    "CONFIG_IPC_NS") \
	X(UTS,    "uts",     "uts",    CLONE_NEWUTS,    "CONFIG_UTS_NS") \
	X(NET,    "network", "net",    CLONE_NEWNET,    "CONFIG_NET_NS") \
	X(PID,    "pid",     "pid",    CLONE_NEWPID,    "CONFIG_PID_NS") \
	X(TIME,   "time",    "time",   CLONE_NEWTIME,   "CONFIG_TIME_NS") \
	X(MNT,    "mount",   "mnt",    CLONE_NEWNS,     "CONFIG_NAMESPACES") \
	X(USER,   "user",    "user",   CLONE_NEWUSER,   "CONFIG_USER_NS")
#define X(id, spec, proc, flag, option) NS_##id,
enum ns { NAMESPACES(X) NS_COUNT };
#undef X
#define X(id, spec, proc, flag, option) { spec, NS_##id },
static const struct name ns_names[] = { NAMESPACES(X) { 0 } };
#undef X
#define X(id, spec, proc, flag, option) { proc, option, flag },
static const struct { const char *proc, *option; uint64_t flag; } ns_info[] = { NAMESPACES(X) };
#undef X

/* The kernel's options for what else a configuration may ask for: file systems, files of a cgroup,
 * "NAME controller" (the first row that the name begins with). */
struct option_for { const char *what, *option; };
static const struct option_for fs_options[] = {
	{ "proc", "CONFIG_PROC_FS" }, { "sysfs", "CONFIG_SYSFS" }, { "tmpfs", "CONFIG_TMPFS" },
	{ "devpts", "CONFIG_UNIX98_PTYS" }, { "mqueue", "CONFIG_POSIX_MQUEUE" },
	{ "overlay", "CONFIG_OVERLAY_FS" }, { "devtmpfs", "CONFIG_DEVTMPFS" },
	{ "cgroup2", "CONFIG_CGROUPS" }, { "resctrl", "CONFIG_X86_CPU_RESCTRL" }, { 0 }
};
static const struct option_for cgroup_options[] = {
	{ "memory.swap.", "CONFIG_SWAP" }, { "memory", "CONFIG_MEMCG" },
	{ "cpu ", "CONFIG_CGROUP_SCHED" }, { "cpu.max", "CONFIG_CFS_BANDWIDTH" },
	{ "cpu.", "CONFIG_FAIR_GROUP_SCHED" }, { "cpuset", "CONFIG_CPUSETS" },
	{ "pids", "CONFIG_CGROUP_PIDS" }, { "io.max", "CONFIG_BLK_DEV_THROTTLING" },
	{ "io.weight", "CONFIG_BLK_CGROUP_IOCOST" }, { "io", "CONFIG_BLK_CGROUP" },
	{ "hugetlb", "CONFIG_CGROUP_HUGETLB" }, { "rdma", "CONFIG_CGROUP_RDMA" },
	{ "misc", "CONFIG_CGROUP_MISC" }, { 0 }
};

static const char *option_for(const struct option_for *o, const char *what)
{
	while (o->what && !str_starts(what, o->what))
		o++;
	return o->what ? o->option : "";
}

/* " (the kernel lacks CONFIG_...)", to go behind a message; "" where no row knows. */
static const char *option_lacks(const struct option_for *o, const char *what)
{
	const char *option = option_for(o, what);

	return *option ? str_fmt(" (the kernel lacks %s)", option) : "";
}

/* Bit number = index, as in linux/capability.h. */
static const char *const cap_names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
	"CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
	"CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ",
	"CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

static const struct name rlimit_names[] = {
	{ "RLIMIT_AS", RLIMIT_AS }, { "RLIMIT_CORE", RLIMIT_CORE }, { "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA }, { "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS }, { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE }, { "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE }, { "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS }, { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME }, { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK }, { 0 }
};

/* linux/sched.h, linux/ioprio.h, linux/mempolicy.h, linux/personality.h */
enum {
	POLICY_OTHER, POLICY_FIFO, POLICY_RR, POLICY_BATCH, POLICY_ISO, POLICY_IDLE,
	POLICY_DEADLINE,
};
static const struct name sched_policies[] = {
	{ "SCHED_OTHER", POLICY_OTHER }, { "SCHED_FIFO", POLICY_FIFO }, { "SCHED_RR", POLICY_RR },
	{ "SCHED_BATCH", POLICY_BATCH }, { "SCHED_ISO", POLICY_ISO },
	{ "SCHED_IDLE", POLICY_IDLE }, { "SCHED_DEADLINE", POLICY_DEADLINE }, { 0 }
};
enum { SCHED_KEEP_PARAMS = 0x10 };
static const struct name sched_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 }, { "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 }, { "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_KEEP_PARAMS }, { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 }, { 0 }
};
static const struct name ioprio_classes[] = {
	{ "IOPRIO_CLASS_RT", 1 }, { "IOPRIO_CLASS_BE", 2 }, { "IOPRIO_CLASS_IDLE", 3 }, { 0 }
};
enum {
	MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE, MPOL_LOCAL, MPOL_PREFERRED_MANY,
	MPOL_WEIGHTED_INTERLEAVE,
};
static const struct name mempolicy_modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT }, { "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", MPOL_WEIGHTED_INTERLEAVE },
	{ "MPOL_PREFERRED", MPOL_PREFERRED }, { "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_LOCAL", MPOL_LOCAL }, { 0 }
};
static const struct name mempolicy_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 }, { "MPOL_F_RELATIVE_NODES", 1 << 14 },
	{ "MPOL_F_STATIC_NODES", 1 << 15 }, { 0 }
};
static const struct name personality_domains[] = { { "LINUX", 0 }, { "LINUX32", 8 }, { 0 } };
static const struct name no_names[] = { { 0 } };        /* the spec knows no value (yet)      */

#define S(n) { #n, SIG##n }
static const struct name signal_names[] = {
	S(ABRT), S(ALRM), S(BUS), S(CHLD), S(CONT), S(FPE), S(HUP), S(ILL), S(INT), S(IO), S(KILL),
	S(PIPE), S(PROF), S(PWR), S(QUIT), S(SEGV), S(STOP), S(SYS), S(TERM), S(TRAP), S(TSTP),
	S(TTIN), S(TTOU), S(URG), S(USR1), S(USR2), S(VTALRM), S(WINCH), S(XCPU), S(XFSZ),
	{ "CLD", SIGCHLD }, { "IOT", SIGABRT }, { "POLL", SIGIO },
#ifdef SIGSTKFLT
	S(STKFLT),
#endif
	{ 0 }
};
#undef S

static const struct name propagation_names[] = {                /* linux.rootfsPropagation */
	{ "shared", MS_SHARED }, { "rshared", MS_SHARED | MS_REC },
	{ "slave", MS_SLAVE }, { "rslave", MS_SLAVE | MS_REC },
	{ "private", MS_PRIVATE }, { "rprivate", MS_PRIVATE | MS_REC },
	{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC }, { 0 }
};

/* Words of a mount's options.  ms_set/ms_clear: flags of mount(2), for new file systems.
 * at_set/at_clear: attributes for mount_setattr(2), for binds and, with rec, for whole trees. */
static const struct mount_option {
	const char *name;
	unsigned long ms_set, ms_clear;
	uint64_t at_set, at_clear;
	bool rec;
} mount_options[] = {
	{ "defaults" },
	{ "ro",            MS_RDONLY, 0,             ATTR_RDONLY, 0 },
	{ "rw",            0, MS_RDONLY,             0, ATTR_RDONLY },
	{ "suid",          0, MS_NOSUID,             0, ATTR_NOSUID },
	{ "nosuid",        MS_NOSUID, 0,             ATTR_NOSUID, 0 },
	{ "dev",           0, MS_NODEV,              0, ATTR_NODEV },
	{ "nodev",         MS_NODEV, 0,              ATTR_NODEV, 0 },
	{ "exec",          0, MS_NOEXEC,             0, ATTR_NOEXEC },
	{ "noexec",        MS_NOEXEC, 0,             ATTR_NOEXEC, 0 },
	{ "atime",         0, MS_NOATIME,            ATTR_RELATIME, ATTR_ATIME },
	{ "noatime",       MS_NOATIME, 0,            ATTR_NOATIME, ATTR_ATIME },
	{ "relatime",      MS_RELATIME, 0,           ATTR_RELATIME, ATTR_ATIME },
	{ "norelatime",    0, MS_RELATIME,           ATTR_STRICTATIME, ATTR_ATIME },
	{ "strictatime",   MS_STRICTATIME, 0,        ATTR_STRICTATIME, ATTR_ATIME },
	{ "nostrictatime", 0, MS_STRICTATIME,        ATTR_RELATIME, ATTR_ATIME },
	{ "diratime",      0, MS_NODIRATIME,         0, ATTR_NODIRATIME },
	{ "nodiratime",    MS_NODIRATIME, 0,         ATTR_NODIRATIME, 0 },
	{ "symfollow",     0, MS_NOSYMFOLLOW,        0, ATTR_NOSYMFOLLOW },
	{ "nosymfollow",   MS_NOSYMFOLLOW, 0,        ATTR_NOSYMFOLLOW, 0 },
	{ "rro",           0, 0,                     ATTR_RDONLY, 0, true },
	{ "rrw",           0, 0,                     0, ATTR_RDONLY, true },
	{ "rsuid",         0, 0,                     0, ATTR_NOSUID, true },
	{ "rnosuid",       0, 0,                     ATTR_NOSUID, 0, true },
	{ "rdev",          0, 0,                     0, ATTR_NODEV, true },
	{ "rnodev",        0, 0,                     ATTR_NODEV, 0, true },
	{ "rexec",         0, 0,                     0, ATTR_NOEXEC, true },
	{ "rnoexec",       0, 0,                     ATTR_NOEXEC, 0, true },
	{ "ratime",        0, 0,                     ATTR_RELATIME, ATTR_ATIME, true },
	{ "rnoatime",      0, 0,                     ATTR_NOATIME, ATTR_ATIME, true },
	{ "rrelatime",     0, 0,                     ATTR_RELATIME, ATTR_ATIME, true },
	{ "rnorelatime",   0, 0,                     ATTR_STRICTATIME, ATTR_ATIME, true },
	{ "rstrictatime",  0, 0,                     ATTR_STRICTATIME, ATTR_ATIME, true },
	{ "rnostrictatime", 0, 0,                    ATTR_RELATIME, ATTR_ATIME, true },
	{ "rdiratime",     0, 0,                     0, ATTR_NODIRATIME, true },
	{ "rnodiratime",   0, 0,                     ATTR_NODIRATIME, 0, true },
	{ "rsymfollow",    0, 0,                     0, ATTR_NOSYMFOLLOW, true },
	{ "rnosymfollow",  0, 0,                     ATTR_NOSYMFOLLOW, 0, true },
	{ "sync",          MS_SYNCHRONOUS, 0 },      { "async",      0, MS_SYNCHRONOUS },
	{ "dirsync",       MS_DIRSYNC, 0 },          { "mand",       MS_MANDLOCK, 0 },
	{ "nomand",        0, MS_MANDLOCK },         { "lazytime",   MS_LAZYTIME, 0 },
	{ "nolazytime",    0, MS_LAZYTIME },         { "iversion",   MS_I_VERSION, 0 },
	{ "noiversion",    0, MS_I_VERSION },        { "silent",     MS_SILENT, 0 },
	{ "loud",          0, MS_SILENT },           { "remount",    MS_REMOUNT, 0 },
	{ "bind",          MS_BIND, 0 },             { "rbind",      MS_BIND | MS_REC, 0 },
	/* mount(8): who may mount, and for root what comes with it */
	{ "user",  MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, ATTR_NOSUID | ATTR_NODEV | ATTR_NOEXEC, 0 },
	{ "users", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, ATTR_NOSUID | ATTR_NODEV | ATTR_NOEXEC, 0 },
	{ "owner", MS_NOSUID | MS_NODEV, 0,          ATTR_NOSUID | ATTR_NODEV, 0 },
	{ "group", MS_NOSUID | MS_NODEV, 0,          ATTR_NOSUID | ATTR_NODEV, 0 },
	{ 0 }
};

/* What no flag of the kernel stands for.  src-nofollow, dest-nofollow and copy-symlink are crun's;
 * the last ones are mount(8)'s, and but for nofail they mean nothing to a single mount. */
enum {
	OWN_IDMAP = 1, OWN_REC = 2, OWN_COPYUP = 4, OWN_SRC_LINK = 8, OWN_DEST_LINK = 16,
	OWN_COPY_LINK = 32, OWN_NOFAIL = 64,
};
static const struct name mount_own[] = {
	{ "idmap", OWN_IDMAP }, { "ridmap", OWN_IDMAP | OWN_REC }, { "tmpcopyup", OWN_COPYUP },
	{ "src-nofollow", OWN_SRC_LINK }, { "dest-nofollow", OWN_DEST_LINK },
	{ "copy-symlink", OWN_COPY_LINK }, { "nofail", OWN_NOFAIL }, { "auto", 0 },
	{ "noauto", 0 }, { "nouser", 0 }, { "_netdev", 0 }, { "X-mount.mkdir", 0 }, { 0 }
};

/* The devices that every container has: config-linux.md "Default Devices".  The access list of
 * cg_device_defaults names them again for the device program, with some that are only opened. */
static const struct { const char *name; unsigned minor_no, major_no; } default_devices[] = {
	{ "null", 3, 1 }, { "zero", 5, 1 }, { "full", 7, 1 }, { "random", 8, 1 },
	{ "urandom", 9, 1 }, { "tty", 0, 5 },
};

static const struct { const char *name, *target; } default_links[] = {
	{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" }, { "core", "/proc/kcore" },
};

/* Architectures of seccomp profiles. */
#define SC_ARCHS(X) /* id, AUDIT_ARCH_*, bits, first number */ \
	X(X86_64, 0xc000003e, 64, 0)         X(X86, 0x40000003, 32, 0) \
	X(X32, 0xc000003e, 32, 0x40000000)   X(ARM, 0x40000028, 32, 0) \
	X(AARCH64, 0xc00000b7, 64, 0)        X(MIPS, 0x00000008, 32, 4000) \
	X(MIPS64, 0x80000008, 64, 5000)      X(MIPS64N32, 0xa0000008, 32, 6000) \
	X(MIPSEL, 0x40000008, 32, 4000)      X(MIPSEL64, 0xc0000008, 64, 5000) \
	X(MIPSEL64N32, 0xe0000008, 32, 6000) X(PARISC, 0x0000000f, 32, 0) \
	X(PARISC64, 0x8000000f, 64, 0)       X(PPC, 0x00000014, 32, 0) \
	X(PPC64, 0x80000015, 64, 0)          X(PPC64LE, 0xc0000015, 64, 0) \
	X(S390, 0x00000016, 32, 0)           X(S390X, 0x80000016, 64, 0) \
	X(RISCV64, 0xc00000f3, 64, 0)        X(LOONGARCH64, 0xc0000102, 64, 0) \
	X(M68K, 0x00000004, 32, 0)           X(SH, 0x4000002a, 32, 0) \
	X(SHEB, 0x0000002a, 32, 0)

#define X(id, audit, bits, base) ARCH_##id,
enum sc_arch { SC_ARCHS(X) ARCH_COUNT };
#undef X
#define X(id, audit, bits, base) { "SCMP_ARCH_" #id, ARCH_##id },
static const struct name arch_names[] = { SC_ARCHS(X) { 0 } };
#undef X

/* ==== end NAMES ======================================================== } */

/* ==== ROOM 5: JSON ===================================================== {
 * A table of fields describes a struct; dec_decode() fills it from text, with an error that names
 * the place: "linux.namespaces[1].type: unknown value "foo"".  Unknown fields are ignored as the
 * specification asks (config.md "Extensibility"); K_REFUSED fields are known and not applied by
 * this program, and so are errors unless they are empty.  Strings are borrowed from the text.
 * Entries: dec_decode dec_load.  Uses: the reader in jsmn.h.                                   */

enum kind {
	K_STR, K_BOOL, K_U32, K_U64, K_I64, K_ID,       /* K_ID: uid or gid, 0..4294967294       */
	K_OPT,                                          /* struct opt: an integer that may lack  */
	K_NAME,                                         /* a word of a table (sub) -> int        */
	K_OBJ, K_LIST,
	K_KEYED,                                        /* of an object: elements start with key */
	K_IDS, K_NAMES, K_STRS, K_MAP, K_CAPS, K_FLAGS, K_REFUSED,
};

struct opt { bool set; int64_t v; };
struct map { struct pair { char *key, *value; } *v; size_t n; };

static const char *map_get(const struct map *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].key, key))
			return m->v[i].value;
	return NULL;
}

/* off: the member; off_n: the count (K_LIST, K_KEYED, K_IDS, K_NAMES), for others a bool that says
 * the field is there (0: none); size: of one element (K_OPT: bytes if it is unsigned); sub: fields
 * or names of what is inside. */
struct field {
	const char *name;
	uint8_t kind;
	bool required;
	uint16_t off, off_n, size;
	const void *sub;
};

/* The offset of a member, which must have the given type. */
#define OFF(T, m, V) (offsetof(T, m) + 0 * sizeof((V *)0 == &((T *)0)->m))
#define F_STR(T, j, m)         { j, K_STR, false, OFF(T, m, char *) }
#define F_STR_MUST(T, j, m)    { j, K_STR, true, OFF(T, m, char *) }
#define F_BOOL(T, j, m)        { j, K_BOOL, false, OFF(T, m, bool) }
#define F_U32(T, j, m)         { j, K_U32, false, OFF(T, m, uint32_t) }
#define F_U64(T, j, m)         { j, K_U64, false, OFF(T, m, uint64_t) }
#define F_ID(T, j, m)          { j, K_ID, false, OFF(T, m, uint32_t) }
#define F_OPT(T, j, m)         { j, K_OPT, false, OFF(T, m, struct opt) }
#define F_NAME(T, j, m, names) { j, K_NAME, true, OFF(T, m, int), .sub = names }
#define F_STRS(T, j, m)        { j, K_STRS, false, OFF(T, m, struct strs) }
#define F_MAP(T, j, m)         { j, K_MAP, false, OFF(T, m, struct map) }
#define F_CAPS(T, j, m)        { j, K_CAPS, false, OFF(T, m, uint64_t) }
#define F_IDS(T, j, m)         { j, K_IDS, false, OFF(T, m, uint32_t *), \
				 OFF(T, n_##m, size_t), sizeof(uint32_t) }
#define F_OBJ(T, j, m, fields) { j, K_OBJ, false, offsetof(T, m), .sub = fields }
#define F_OBJ_HAS(T, j, m, fields) { j, K_OBJ, false, offsetof(T, m), OFF(T, has_##m, bool), \
				 .sub = fields }
#define F_LIST(T, j, m, E, fields) { j, K_LIST, false, OFF(T, m, E *), OFF(T, n_##m, size_t), \
				 sizeof(E), fields }
#define F_KEYED(T, j, m, E, fields) { j, K_KEYED, false, OFF(T, m, E *), \
				 OFF(T, n_##m, size_t), sizeof(E), fields }
#define F_REFUSED(j)           { j, K_REFUSED }

/* Where the decoder is, for messages. */
static struct { const char *name[32]; int index[32]; int depth; } dec_at;

PRINTF(1, 2) static int dec_fail(const char *fmt, ...)
{
	struct buf b = { 0 };
	char what[256];
	va_list ap;

	for (int i = 0; i < dec_at.depth; i++) {
		if (dec_at.name[i])
			buf_fmt(&b, "%s%s", i ? "." : "", dec_at.name[i]);
		else
			buf_fmt(&b, "[%d]", dec_at.index[i]);
	}
	va_start(ap, fmt);
	fmt_va(what, sizeof what, fmt, ap);
	va_end(ap);
	return b.len ? fail("%s: %s", b.p, what) : fail("%s", what);
}

static void dec_enter(const char *name, int index)
{
	dec_at.name[dec_at.depth] = name;
	dec_at.index[dec_at.depth] = index;
	dec_at.depth++;        /* as deep as the field tables nest: far below the array's 32 */
}

static const char *dec_kind(const struct json *j, int i)
{
	switch (j->tok[i].type) {
	case JSMN_OBJECT: return "an object";
	case JSMN_ARRAY:  return "an array";
	case JSMN_STRING: return "a string";
	default: break;
	}
	switch (j->text[j->tok[i].start]) {
	case 't': case 'f': return "a boolean";
	case 'n': return "null";
	default:  return "a number";
	}
}

static int dec_expect(const struct json *j, int i, jsmntype_t type, const char *what)
{
	if (j->tok[i].type == type)
		return 0;
	return dec_fail("expected %s, found %s", what, dec_kind(j, i));
}

static bool dec_is_null(const struct json *j, int i)
{
	return j->tok[i].type == JSMN_PRIMITIVE && j->text[j->tok[i].start] == 'n';
}

static char *dec_str(const struct json *j, int i)
{
	return j->text + j->tok[i].start;
}

static int dec_bool(const struct json *j, int i, bool *out)
{
	char c = j->text[j->tok[i].start];

	if (j->tok[i].type != JSMN_PRIMITIVE || (c != 't' && c != 'f'))
		return dec_fail("expected a boolean, found %s", dec_kind(j, i));
	*out = c == 't';
	return 0;
}

/* An integer within min..max, given as its 64 bits. */
static int dec_int(const struct json *j, int i, enum kind kind, int64_t *out)
{
	const char *s = j->text + j->tok[i].start;
	size_t n = (size_t)(j->tok[i].end - j->tok[i].start);
	int64_t v = 0;
	uint64_t u = 0;
	uint64_t max = kind == K_U32 ? UINT32_MAX : kind == K_ID ? UINT32_MAX - 1 : UINT64_MAX;

	if (j->tok[i].type != JSMN_PRIMITIVE || !strchr("-0123456789", *s))
		return dec_fail("expected an integer, found %s", dec_kind(j, i));
	if (kind == K_I64 || kind == K_OPT) {
		if (json_number_i64(s, n, &v) < 0)
			return dec_fail("%.*s is not a 64-bit integer", (int)n, s);
	} else {
		if (json_number_u64(s, n, &u) < 0 || u > max)
			return dec_fail("%.*s is not an integer from 0 to %" PRIu64, (int)n, s,
					max);
		v = (int64_t)u;
	}
	*out = v;
	return 0;
}

static int dec_name(const struct json *j, int i, const struct name *names, int *out)
{
	TRY(dec_expect(j, i, JSMN_STRING, "a string"));
	if (name_find(names, dec_str(j, i), out) < 0)
		return dec_fail("unknown value \"%s\"", dec_str(j, i));
	return 0;
}

/* Capabilities: unknown names are a warning, as in runc: a config written for a newer kernel
 * must not stop an older one. */
static int dec_caps(const struct json *j, int list, uint64_t *out)
{
	TRY(dec_expect(j, list, JSMN_ARRAY, "an array of strings"));
	for (int n = 0, i = list + 1; n < j->tok[list].size; n++, i = json_next(j, i)) {
		size_t bit = 0;

		dec_enter(NULL, n);
		TRY(dec_expect(j, i, JSMN_STRING, "a string"));
		dec_at.depth--;
		while (bit < LEN(cap_names) && strcmp(cap_names[bit], dec_str(j, i)) != 0)
			bit++;
		if (bit < LEN(cap_names))
			*out |= 1ull << bit;
		else
			log_warn("unknown capability \"%s\" ignored", dec_str(j, i));
	}
	return 0;
}

static int dec_strs(const struct json *j, int list, struct strs *out)
{
	TRY(dec_expect(j, list, JSMN_ARRAY, "an array of strings"));
	size_t room = 1;

	while (room < (size_t)j->tok[list].size + 1)
		room *= 2;                      /* as strs_add() expects of a list of that length */
	out->n = 0;
	out->v = arena_alloc(room * sizeof *out->v);
	for (int n = 0, i = list + 1; n < j->tok[list].size; n++, i = json_next(j, i)) {
		dec_enter(NULL, n);
		TRY(dec_expect(j, i, JSMN_STRING, "a string"));
		dec_at.depth--;
		out->v[out->n++] = dec_str(j, i);
	}
	return 0;
}

static int dec_map(const struct json *j, int obj, struct map *out)
{
	TRY(dec_expect(j, obj, JSMN_OBJECT, "an object of strings"));
	out->n = 0;
	out->v = arena_alloc((size_t)j->tok[obj].size * sizeof *out->v);
	for (int n = 0, i = obj + 1; n < j->tok[obj].size; n++, i = json_next(j, i + 1)) {
		dec_enter(dec_str(j, i), 0);
		TRY(dec_expect(j, i + 1, JSMN_STRING, "a string"));
		dec_at.depth--;
		out->v[out->n++] = (struct pair){ dec_str(j, i), dec_str(j, i + 1) };
	}
	return 0;
}

static int dec_ids(const struct json *j, int list, uint32_t **out, size_t *count)
{
	TRY(dec_expect(j, list, JSMN_ARRAY, "an array of integers"));
	*out = arena_alloc((size_t)j->tok[list].size * sizeof **out);
	*count = 0;
	for (int n = 0, i = list + 1; n < j->tok[list].size; n++, i = json_next(j, i)) {
		int64_t v = 0;

		dec_enter(NULL, n);
		TRY(dec_int(j, i, K_ID, &v));
		dec_at.depth--;
		(*out)[(*count)++] = (uint32_t)v;
	}
	return 0;
}

/* Words of a table as a list of its values. */
static int dec_names(const struct json *j, int list, const struct field *f, void *base)
{
	int *out = arena_alloc((size_t)j->tok[list].size * sizeof *out);

	*(int **)((char *)base + f->off) = out;
	TRY(dec_expect(j, list, JSMN_ARRAY, "an array of strings"));
	for (int n = 0, i = list + 1; n < j->tok[list].size; n++, i = json_next(j, i)) {
		dec_enter(NULL, n);
		TRY(dec_name(j, i, f->sub, &out[n]));
		dec_at.depth--;
		*(size_t *)((char *)base + f->off_n) = (size_t)n + 1;
	}
	return 0;
}

/* Words of a table as the bits of an int. */
static int dec_flags(const struct json *j, int list, const struct name *names, uint32_t *out)
{
	TRY(dec_expect(j, list, JSMN_ARRAY, "an array of strings"));
	for (int n = 0, i = list + 1; n < j->tok[list].size; n++, i = json_next(j, i)) {
		int bit = 0;

		dec_enter(NULL, n);
		TRY(dec_name(j, i, names, &bit));
		dec_at.depth--;
		*out |= (uint32_t)bit;
	}
	return 0;
}

static int dec_scalar(const struct json *j, int i, const struct field *f, void *at)
{
	int64_t v = 0;

	switch ((enum kind)f->kind) {
	case K_STR:
		TRY(dec_expect(j, i, JSMN_STRING, "a string"));
		*(char **)at = dec_str(j, i);
		return 0;
	case K_BOOL:
		return dec_bool(j, i, at);
	case K_NAME:
		return dec_name(j, i, f->sub, at);
	case K_U32: case K_ID:
		TRY(dec_int(j, i, f->kind, &v));
		*(uint32_t *)at = (uint32_t)v;
		return 0;
	case K_U64: case K_I64:
		return dec_int(j, i, f->kind, at);
	case K_OPT:
		TRY(dec_int(j, i, f->kind, &v));
		if (f->size && (v < 0 || (f->size == 4 && v > UINT32_MAX)))
			return dec_fail("%" PRId64 " is not an unsigned integer of %d bits", v,
					f->size * 8);
		*(struct opt *)at = (struct opt){ true, v };
		return 0;
	case K_STRS:
		return dec_strs(j, i, at);
	case K_MAP:
		return dec_map(j, i, at);
	case K_CAPS:
		return dec_caps(j, i, at);
	case K_FLAGS:
		return dec_flags(j, i, f->sub, at);
	default:                                /* K_REFUSED; empty ones ask for nothing */
		if (j->tok[i].type != JSMN_PRIMITIVE && j->tok[i].size == 0 &&
		    (j->tok[i].type != JSMN_STRING || j->tok[i].start == j->tok[i].end))
			return 0;
		return dec_fail("is not supported by this program");
	}
}

/* Fills base, which points at the struct that `fields` describe, from the object at token obj.
 * Recursion is as deep as the tables nest, never as deep as the text. */
static int dec_decode(const struct json *j, int obj, const struct field *fields, void *base)
{
	TRY(dec_expect(j, obj, JSMN_OBJECT, "an object"));
	for (const struct field *f = fields; f->name; f++) {
		int i = json_get(j, obj, f->name);
		char *at = (char *)base + f->off;

		if (i < 0 || dec_is_null(j, i)) {
			if (f->required)
				return dec_fail("%s is required", f->name);
			continue;
		}
		dec_enter(f->name, 0);
		if (f->kind == K_OBJ) {
			TRY(dec_decode(j, i, f->sub, at));
		} else if (f->kind == K_NAMES) {
			TRY(dec_names(j, i, f, base));
		} else if (f->kind == K_IDS) {
			TRY(dec_ids(j, i, (uint32_t **)at, (size_t *)((char *)base + f->off_n)));
		} else if (f->kind == K_LIST || f->kind == K_KEYED) {
			size_t *count = (size_t *)((char *)base + f->off_n);
			bool keyed = f->kind == K_KEYED;

			TRY(keyed ? dec_expect(j, i, JSMN_OBJECT, "an object of objects")
				  : dec_expect(j, i, JSMN_ARRAY, "an array"));
			char *e = arena_alloc((size_t)j->tok[i].size * f->size);

			*(void **)at = e;
			*count = (size_t)j->tok[i].size;
			for (int n = 0, k = i + 1; n < j->tok[i].size; n++, k = json_next(j, k)) {
				if (keyed)
					*(char **)(void *)e = dec_str(j, k);
				dec_enter(keyed ? dec_str(j, k++) : NULL, n);
				TRY(dec_decode(j, k, f->sub, e));
				dec_at.depth--;
				e += f->size;
			}
		} else {
			TRY(dec_scalar(j, i, f, at));
		}
		if (f->off_n && f->kind != K_LIST && f->kind != K_KEYED && f->kind != K_IDS &&
		    f->kind != K_NAMES)
			*((bool *)base + f->off_n) = true;
		dec_at.depth--;
	}
	return 0;
}

/* Parses a text (writable, one byte beyond len too) and decodes it.  what: for messages. */
static int dec_load(char *text, size_t len, const struct field *fields, void *base,
		     const char *what)
{
	struct json j = { 0 };
	size_t ntok = json_tokens_max(len), nscratch = json_scratch_max(len);
	jsmntok_t *tok = arena_alloc(ntok * sizeof *tok);
	uint32_t *scratch = arena_alloc(nscratch * sizeof *scratch);

	if (json_parse(&j, text, len, tok, ntok, scratch, nscratch) < 0)
		return fail("%s: line %d, column %d: %s%s%s%s", what, j.err.line, j.err.col,
			    j.err.what, j.dup ? " \"" : "", j.dup ? j.dup : "", j.dup ? "\"" : "");
	dec_at.depth = 0;
	return dec_decode(&j, 0, fields, base) < 0 ? ctx("%s", what) : 0;
}

/* ==== end JSON ========================================================= } */

/* ==== ROOM 6: CONF ===================================================== {
 * config.json: the structs it becomes, the field tables, what must hold between fields.
 * After conf_load() nothing here changes; everything points into the text.
 * Entries: conf_load conf_load_process conf_check conf_spec.                                   */

struct id_map { uint32_t inside, outside, size; };
struct rlimit_conf { int type; uint64_t soft, hard; };

struct sched_conf {
	int policy;
	uint32_t flags;
	struct opt nice, priority;
	uint64_t runtime, deadline, period;     /* nanoseconds */
};

struct process_conf {
	bool terminal, no_new_privs, has_capabilities, has_console_size, has_sched, has_ioprio;
	bool has_affinity;
	struct { uint32_t height, width; } console_size;
	char *cwd, *apparmor, *selinux;
	struct strs env, args;
	struct { uint32_t uid, gid; struct opt umask; uint32_t *gids; size_t n_gids; } user;
	struct { uint64_t bounding, effective, inheritable, permitted, ambient; } capabilities;
	struct rlimit_conf *rlimits;
	size_t n_rlimits;
	struct opt oom_score_adj;
	struct sched_conf sched;
	struct { int class; struct opt level; } ioprio;
	struct { char *initial, *final; } affinity;     /* of a further process: `exec` */
};

/* A mount's options, sorted by who takes them. */
struct mnt_flags {
	unsigned long ms, ms_off;                       /* MS_*: bind, remount, superblock flags  */
	uint64_t set, clear, rec_set, rec_clear;        /* ATTR_*: this mount; the whole tree     */
	unsigned long propagation[8];                   /* in the order given                     */
	size_t n_propagation;
	unsigned own;                                   /* OWN_*                                  */
	char *data;                                     /* for the file system, comma-separated   */
	const char *label;                              /* its SELinux context, or NULL           */
};

struct mount_conf {
	char *dest, *type, *source;
	struct strs options;
	struct id_map *uid_maps, *gid_maps;
	size_t n_uid_maps, n_gid_maps;
	struct mnt_flags flags;                         /* from options, by conf_check()          */
};

struct hook { char *path; struct strs args, env; struct opt timeout; };
struct hook_list { struct hook *v; size_t n_v; };

enum hook_phase { HOOK_PRESTART, HOOK_CREATE_RUNTIME, HOOK_CREATE_CONTAINER,
		  HOOK_START_CONTAINER, HOOK_POSTSTART, HOOK_POSTSTOP, HOOK_PHASES };
static const char *const hook_names[HOOK_PHASES] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
};

struct ns_conf { int type; char *path; };
struct net_device_conf { char *key, *name; };   /* in the runtime's namespace, in the container's */
struct device_conf {
	char *type, *path;
	struct opt major, minor, mode, uid, gid;
};
struct device_rule { bool allow; char *type, *access; struct opt major, minor; };
struct hugepage_conf { char *size; uint64_t limit; };
struct io_weight { int64_t major, minor; struct opt weight, leaf; };
struct io_rate { int64_t major, minor; uint64_t rate; };
struct io_rates { struct io_rate *v; size_t n_v; };
struct rdma_conf { char *name; struct opt handles, objects; };
struct net_priority { char *name; uint32_t priority; };

enum io_limit { IO_RBPS, IO_WBPS, IO_RIOPS, IO_WIOPS, IO_LIMITS };
static const struct { const char *field, *key; } io_limits[IO_LIMITS] = {  /* key: in io.max */
	{ "throttleReadBpsDevice", "rbps" }, { "throttleWriteBpsDevice", "wbps" },
	{ "throttleReadIOPSDevice", "riops" }, { "throttleWriteIOPSDevice", "wiops" },
};

struct rdt_conf { char *clos, *l3, *mem_bw; struct strs schemata; bool monitoring, cmt, mbm; };

struct resources_conf {
	struct {
		struct opt limit, reservation, swap, swappiness, kernel, kernel_tcp;
		bool no_oom_kill, use_hierarchy, check_before_update;
	} memory;
	struct {
		struct opt shares, quota, period, burst, idle, rt_runtime, rt_period;
		char *cpus, *mems;
	} cpu;
	struct { struct opt limit; } pids;
	struct {
		struct opt weight, leaf;
		struct io_weight *devices;
		size_t n_devices;
		struct io_rates rates[IO_LIMITS];
	} io;
	struct { struct opt class_id; struct net_priority *prio; size_t n_prio; } network;
	struct rdma_conf *rdma;
	size_t n_rdma;
	struct hugepage_conf *hugepages;
	size_t n_hugepages;
	struct device_rule *devices;
	size_t n_devices;
	struct map unified;
};

/* seccomp: see room SECCOMP for what the words do */
enum scmp_op { OP_NE, OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_MASKED_EQ };
enum sc_action { ACT_KILL_THREAD, ACT_KILL_PROCESS, ACT_TRAP, ACT_ERRNO, ACT_TRACE, ACT_ALLOW,
		 ACT_LOG, ACT_NOTIFY };
struct seccomp_arg { uint32_t index; uint64_t value, value_two; int op; };
struct seccomp_rule {
	char **names;
	size_t n_names;
	int action;
	bool has_errno;
	uint32_t errno_ret;
	struct seccomp_arg *args;
	size_t n_args;
};
struct seccomp_conf {
	int default_action;
	bool has_default_errno;
	uint32_t default_errno;
	int *archs;
	size_t n_archs;
	uint32_t flags;                         /* SECCOMP_FILTER_FLAG_* */
	char *listener_path, *listener_metadata;
	struct seccomp_rule *rules;
	size_t n_rules;
};

struct config {
	char *oci_version, *hostname, *domainname, *cgroups_path, *rootfs_propagation;
	char *mount_label;
	bool has_process, has_root, has_linux, has_seccomp, has_resources;
	bool has_personality, has_mempolicy, has_rdt;
	struct { int domain; uint32_t flags; } personality;
	struct { int mode; uint32_t flags; char *nodes; } mempolicy;
	struct { char *path; bool readonly; } root;
	struct process_conf process;
	struct mount_conf *mounts;
	size_t n_mounts;
	struct hook_list hooks[HOOK_PHASES];
	struct map annotations, sysctl;
	struct ns_conf *namespaces;
	size_t n_namespaces;
	struct id_map *uid_maps, *gid_maps;
	size_t n_uid_maps, n_gid_maps;
	struct { struct { struct opt secs, nanosecs; } monotonic, boottime; } time_offsets;
	struct device_conf *devices;
	size_t n_devices;
	struct net_device_conf *net_devices;
	size_t n_net_devices;
	struct resources_conf resources;
	struct rdt_conf rdt;
	struct seccomp_conf seccomp;
	struct strs masked_paths, readonly_paths;
	/* worked out by conf_check() */
	bool ns_new[NS_COUNT], ns_any[NS_COUNT];        /* to make; made or joined              */
	char *ns_path[NS_COUNT];
	char *bundle, *rootfs;                          /* absolute, on the host                */
};

#define T struct process_conf
static const struct field console_fields[] = {
	{ "height", K_U32, true, offsetof(T, console_size.height) - offsetof(T, console_size) },
	{ "width", K_U32, true, offsetof(T, console_size.width) - offsetof(T, console_size) }, { 0 }
};
#define U(m) (offsetof(T, user.m) - offsetof(T, user))
static const struct field user_fields[] = {
	{ "uid", K_ID, false, U(uid) }, { "gid", K_ID, false, U(gid) },
	{ "umask", K_OPT, false, U(umask) },
	{ "additionalGids", K_IDS, false, U(gids), U(n_gids), sizeof(uint32_t) }, { 0 }
};
#undef U
#define C(m) (offsetof(T, capabilities.m) - offsetof(T, capabilities))
static const struct field caps_fields[] = {
	{ "bounding", K_CAPS, false, C(bounding) }, { "effective", K_CAPS, false, C(effective) },
	{ "inheritable", K_CAPS, false, C(inheritable) },
	{ "permitted", K_CAPS, false, C(permitted) },
	{ "ambient", K_CAPS, false, C(ambient) }, { 0 }
};
#undef C
static const struct field rlimit_fields[] = {
	F_NAME(struct rlimit_conf, "type", type, rlimit_names),
	{ "soft", K_U64, true, OFF(struct rlimit_conf, soft, uint64_t) },
	{ "hard", K_U64, true, OFF(struct rlimit_conf, hard, uint64_t) }, { 0 }
};
#define S(m) offsetof(struct sched_conf, m)
static const struct field sched_fields[] = {
	{ "policy", K_NAME, true, S(policy), .sub = sched_policies },
	{ "nice", K_OPT, false, S(nice) }, { "priority", K_OPT, false, S(priority) },
	{ "flags", K_FLAGS, false, S(flags), .sub = sched_flags },
	{ "runtime", K_U64, false, S(runtime) }, { "deadline", K_U64, false, S(deadline) },
	{ "period", K_U64, false, S(period) }, { 0 }
};
#undef S
#define P(outer, m) (offsetof(T, outer.m) - offsetof(T, outer))
static const struct field ioprio_fields[] = {
	{ "class", K_NAME, true, P(ioprio, class), .sub = ioprio_classes },
	{ "priority", K_OPT, true, P(ioprio, level) }, { 0 }
};
static const struct field affinity_fields[] = {
	{ "initial", K_STR, false, P(affinity, initial) },
	{ "final", K_STR, false, P(affinity, final) }, { 0 }
};
#undef P
static const struct field process_fields[] = {
	F_BOOL(T, "terminal", terminal), F_OBJ_HAS(T, "consoleSize", console_size, console_fields),
	F_OBJ(T, "user", user, user_fields), F_STRS(T, "args", args), F_STRS(T, "env", env),
	F_STR_MUST(T, "cwd", cwd), F_OBJ_HAS(T, "capabilities", capabilities, caps_fields),
	F_LIST(T, "rlimits", rlimits, struct rlimit_conf, rlimit_fields),
	F_BOOL(T, "noNewPrivileges", no_new_privs), F_STR(T, "apparmorProfile", apparmor),
	F_STR(T, "selinuxLabel", selinux), F_OPT(T, "oomScoreAdj", oom_score_adj),
	F_OBJ_HAS(T, "scheduler", sched, sched_fields),
	F_OBJ_HAS(T, "ioPriority", ioprio, ioprio_fields),
	F_OBJ_HAS(T, "execCPUAffinity", affinity, affinity_fields), { 0 }
};
#undef T

#define T struct hook
static const struct field hook_fields[] = {
	F_STR_MUST(T, "path", path), F_STRS(T, "args", args), F_STRS(T, "env", env),
	F_OPT(T, "timeout", timeout), { 0 }
};
#undef T
#define H(phase, name) { name, K_LIST, false, (phase) * sizeof(struct hook_list), \
	(phase) * sizeof(struct hook_list) + offsetof(struct hook_list, n_v), \
	sizeof(struct hook), hook_fields }
static const struct field hooks_fields[] = {
	H(HOOK_PRESTART, "prestart"), H(HOOK_CREATE_RUNTIME, "createRuntime"),
	H(HOOK_CREATE_CONTAINER, "createContainer"), H(HOOK_START_CONTAINER, "startContainer"),
	H(HOOK_POSTSTART, "poststart"), H(HOOK_POSTSTOP, "poststop"), { 0 }
};
#undef H

static const struct field ns_fields[] = {
	F_NAME(struct ns_conf, "type", type, ns_names), F_STR(struct ns_conf, "path", path), { 0 }
};
static const struct field net_device_fields[] = {
	F_STR(struct net_device_conf, "name", name), { 0 }
};
static const struct field id_map_fields[] = {
	{ "containerID", K_ID, true, OFF(struct id_map, inside, uint32_t) },
	{ "hostID", K_ID, true, OFF(struct id_map, outside, uint32_t) },
	{ "size", K_U32, true, OFF(struct id_map, size, uint32_t) }, { 0 }
};
#define T struct mount_conf
static const struct field mount_fields[] = {
	F_STR_MUST(T, "destination", dest), F_STR(T, "type", type), F_STR(T, "source", source),
	F_STRS(T, "options", options),
	F_LIST(T, "uidMappings", uid_maps, struct id_map, id_map_fields),
	F_LIST(T, "gidMappings", gid_maps, struct id_map, id_map_fields), { 0 }
};
#undef T
static const struct field time_fields[] = {
	{ "secs", K_OPT, false, 0 }, { "nanosecs", K_OPT, false, sizeof(struct opt) }, { 0 }
};
static const struct field time_offset_fields[] = {
	{ "monotonic", K_OBJ, false, 0, .sub = time_fields },
	{ "boottime", K_OBJ, false, 2 * sizeof(struct opt), .sub = time_fields }, { 0 }
};

#define T struct device_conf
static const struct field device_fields[] = {
	F_STR_MUST(T, "type", type), F_STR_MUST(T, "path", path), F_OPT(T, "major", major),
	F_OPT(T, "minor", minor), F_OPT(T, "fileMode", mode), F_OPT(T, "uid", uid),
	F_OPT(T, "gid", gid), { 0 }
};
#undef T
#define T struct device_rule
static const struct field rule_fields[] = {
	{ "allow", K_BOOL, true, offsetof(T, allow) }, F_STR(T, "type", type),
	F_OPT(T, "major", major), F_OPT(T, "minor", minor), F_STR(T, "access", access), { 0 }
};
#undef T

#define UNSIGNED(j, off, bytes) { j, K_OPT, false, off, .size = bytes }
#define R(m) offsetof(struct resources_conf, m)
static const struct field memory_fields[] = {
	{ "limit", K_OPT, false, R(memory.limit) },
	{ "reservation", K_OPT, false, R(memory.reservation) },
	{ "swap", K_OPT, false, R(memory.swap) },
	UNSIGNED("swappiness", R(memory.swappiness), 8),
	{ "kernel", K_OPT, false, R(memory.kernel) },
	{ "kernelTCP", K_OPT, false, R(memory.kernel_tcp) },
	{ "disableOOMKiller", K_BOOL, false, R(memory.no_oom_kill) },
	{ "useHierarchy", K_BOOL, false, R(memory.use_hierarchy) },
	{ "checkBeforeUpdate", K_BOOL, false, R(memory.check_before_update) }, { 0 }
};
static const struct field cpu_fields[] = {
	UNSIGNED("shares", R(cpu.shares), 8), { "quota", K_OPT, false, R(cpu.quota) },
	UNSIGNED("period", R(cpu.period), 8), UNSIGNED("burst", R(cpu.burst), 8),
	{ "idle", K_OPT, false, R(cpu.idle) }, { "cpus", K_STR, false, R(cpu.cpus) },
	{ "mems", K_STR, false, R(cpu.mems) },
	{ "realtimeRuntime", K_OPT, false, R(cpu.rt_runtime) },
	UNSIGNED("realtimePeriod", R(cpu.rt_period), 8), { 0 }
};
static const struct field pids_fields[] = { { "limit", K_OPT, true, R(pids.limit) }, { 0 } };
static const struct field io_weight_fields[] = {
	{ "major", K_I64, true, OFF(struct io_weight, major, int64_t) },
	{ "minor", K_I64, true, OFF(struct io_weight, minor, int64_t) },
	F_OPT(struct io_weight, "weight", weight),
	F_OPT(struct io_weight, "leafWeight", leaf), { 0 }
};
static const struct field io_rate_fields[] = {
	{ "major", K_I64, true, OFF(struct io_rate, major, int64_t) },
	{ "minor", K_I64, true, OFF(struct io_rate, minor, int64_t) },
	{ "rate", K_U64, true, OFF(struct io_rate, rate, uint64_t) }, { 0 }
};
#define IO(i, name) { name, K_LIST, false, R(io.rates[i].v), R(io.rates[i].n_v), \
	sizeof(struct io_rate), io_rate_fields }
static const struct field io_fields[] = {
	{ "weight", K_OPT, false, R(io.weight) }, { "leafWeight", K_OPT, false, R(io.leaf) },
	{ "weightDevice", K_LIST, false, R(io.devices), R(io.n_devices), sizeof(struct io_weight),
	  io_weight_fields },
	IO(IO_RBPS, "throttleReadBpsDevice"), IO(IO_WBPS, "throttleWriteBpsDevice"),
	IO(IO_RIOPS, "throttleReadIOPSDevice"), IO(IO_WIOPS, "throttleWriteIOPSDevice"), { 0 }
};
#undef IO
static const struct field net_priority_fields[] = {
	F_STR_MUST(struct net_priority, "name", name),
	{ "priority", K_U32, true, OFF(struct net_priority, priority, uint32_t) }, { 0 }
};
static const struct field network_fields[] = {
	{ "classID", K_OPT, false, R(network.class_id) },
	{ "priorities", K_LIST, false, R(network.prio), R(network.n_prio),
	  sizeof(struct net_priority), net_priority_fields }, { 0 }
};
#undef R
static const struct field rdma_fields[] = {
	UNSIGNED("hcaHandles", OFF(struct rdma_conf, handles, struct opt), 4),
	UNSIGNED("hcaObjects", OFF(struct rdma_conf, objects, struct opt), 4), { 0 }
};
static const struct field hugepage_fields[] = {
	F_STR_MUST(struct hugepage_conf, "pageSize", size),
	{ "limit", K_U64, true, offsetof(struct hugepage_conf, limit) }, { 0 }
};
#define T struct resources_conf
static const struct field resources_fields[] = {        /* inner tables count from the struct */
	{ "memory", K_OBJ, .sub = memory_fields }, { "cpu", K_OBJ, .sub = cpu_fields },
	{ "pids", K_OBJ, .sub = pids_fields }, F_MAP(T, "unified", unified),
	F_LIST(T, "devices", devices, struct device_rule, rule_fields),
	F_LIST(T, "hugepageLimits", hugepages, struct hugepage_conf, hugepage_fields),
	{ "blockIO", K_OBJ, .sub = io_fields }, { "network", K_OBJ, .sub = network_fields },
	F_KEYED(T, "rdma", rdma, struct rdma_conf, rdma_fields), { 0 }
};
#undef T

#define T struct rdt_conf
static const struct field rdt_fields[] = {              /* CMT, MBM: their names before 1.3.0 */
	F_STR(T, "closID", clos), F_STR(T, "l3CacheSchema", l3), F_STR(T, "memBwSchema", mem_bw),
	F_STRS(T, "schemata", schemata), F_BOOL(T, "enableMonitoring", monitoring),
	F_BOOL(T, "enableCMT", cmt), F_BOOL(T, "enableMBM", mbm), { 0 }
};
#undef T

static const struct name action_names[] = {
	{ "SCMP_ACT_KILL", ACT_KILL_THREAD }, { "SCMP_ACT_KILL_THREAD", ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", ACT_KILL_PROCESS }, { "SCMP_ACT_TRAP", ACT_TRAP },
	{ "SCMP_ACT_ERRNO", ACT_ERRNO }, { "SCMP_ACT_TRACE", ACT_TRACE },
	{ "SCMP_ACT_ALLOW", ACT_ALLOW }, { "SCMP_ACT_LOG", ACT_LOG },
	{ "SCMP_ACT_NOTIFY", ACT_NOTIFY }, { 0 }
};
static const struct name op_names[] = {
	{ "SCMP_CMP_NE", OP_NE }, { "SCMP_CMP_LT", OP_LT }, { "SCMP_CMP_LE", OP_LE },
	{ "SCMP_CMP_EQ", OP_EQ }, { "SCMP_CMP_GE", OP_GE }, { "SCMP_CMP_GT", OP_GT },
	{ "SCMP_CMP_MASKED_EQ", OP_MASKED_EQ }, { 0 }
};
/* TSYNC has no meaning for a process with one thread and is dropped, as runc does. */
static const struct name seccomp_flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV }, { 0 }
};
#define T struct seccomp_arg
static const struct field seccomp_arg_fields[] = {
	{ "index", K_U32, true, offsetof(T, index) }, { "value", K_U64, true, offsetof(T, value) },
	F_U64(T, "valueTwo", value_two), F_NAME(T, "op", op, op_names), { 0 }
};
#undef T
#define T struct seccomp_rule
static const struct field seccomp_rule_fields[] = {
	{ "names", K_STRS, true, offsetof(T, names) },  /* names and n_names: a struct strs */
	F_NAME(T, "action", action, action_names),
	{ "errnoRet", K_U32, false, OFF(T, errno_ret, uint32_t), OFF(T, has_errno, bool) },
	F_LIST(T, "args", args, struct seccomp_arg, seccomp_arg_fields), { 0 }
};
#undef T
#define T struct seccomp_conf
static const struct field seccomp_fields[] = {
	F_NAME(T, "defaultAction", default_action, action_names),
	{ "defaultErrnoRet", K_U32, false, OFF(T, default_errno, uint32_t),
	  OFF(T, has_default_errno, bool) },
	{ "architectures", K_NAMES, false, OFF(T, archs, int *), OFF(T, n_archs, size_t),
	  .sub = arch_names },
	{ "flags", K_FLAGS, false, OFF(T, flags, uint32_t), .sub = seccomp_flags },
	F_LIST(T, "syscalls", rules, struct seccomp_rule, seccomp_rule_fields),
	F_STR(T, "listenerPath", listener_path), F_STR(T, "listenerMetadata", listener_metadata),
	{ 0 }
};
#undef T

#define T struct config
static const struct field root_fields[] = {
	{ "path", K_STR, true, offsetof(T, root.path) - offsetof(T, root) },
	{ "readonly", K_BOOL, false, offsetof(T, root.readonly) - offsetof(T, root) }, { 0 }
};
#define P(outer, m) (offsetof(T, outer.m) - offsetof(T, outer))
static const struct field personality_fields[] = {
	{ "domain", K_NAME, true, P(personality, domain), .sub = personality_domains },
	{ "flags", K_FLAGS, false, P(personality, flags), .sub = no_names }, { 0 }
};
static const struct field mempolicy_fields[] = {
	{ "mode", K_NAME, true, P(mempolicy, mode), .sub = mempolicy_modes },
	{ "flags", K_FLAGS, false, P(mempolicy, flags), .sub = mempolicy_flags },
	{ "nodes", K_STR, false, P(mempolicy, nodes) }, { 0 }
};
#undef P
static const struct field linux_fields[] = {            /* counts from struct config */
	F_LIST(T, "namespaces", namespaces, struct ns_conf, ns_fields),
	F_LIST(T, "uidMappings", uid_maps, struct id_map, id_map_fields),
	F_LIST(T, "gidMappings", gid_maps, struct id_map, id_map_fields),
	F_OBJ(T, "timeOffsets", time_offsets, time_offset_fields),
	F_LIST(T, "devices", devices, struct device_conf, device_fields),
	F_STR(T, "cgroupsPath", cgroups_path),
	F_OBJ_HAS(T, "resources", resources, resources_fields),
	F_STR(T, "rootfsPropagation", rootfs_propagation),
	F_OBJ_HAS(T, "seccomp", seccomp, seccomp_fields), F_MAP(T, "sysctl", sysctl),
	F_STRS(T, "maskedPaths", masked_paths), F_STRS(T, "readonlyPaths", readonly_paths),
	F_STR(T, "mountLabel", mount_label), F_OBJ_HAS(T, "intelRdt", rdt, rdt_fields),
	F_KEYED(T, "netDevices", net_devices, struct net_device_conf, net_device_fields),
	F_OBJ_HAS(T, "personality", personality, personality_fields),
	F_OBJ_HAS(T, "memoryPolicy", mempolicy, mempolicy_fields), { 0 }
};
static const struct field config_fields[] = {
	F_STR_MUST(T, "ociVersion", oci_version), F_OBJ_HAS(T, "root", root, root_fields),
	F_OBJ_HAS(T, "process", process, process_fields), F_STR(T, "hostname", hostname),
	F_STR(T, "domainname", domainname),
	F_LIST(T, "mounts", mounts, struct mount_conf, mount_fields),
	F_OBJ(T, "hooks", hooks, hooks_fields), F_MAP(T, "annotations", annotations),
	{ "linux", K_OBJ, false, 0, offsetof(T, has_linux), .sub = linux_fields },
	F_REFUSED("vm"), F_REFUSED("windows"), F_REFUSED("solaris"), F_REFUSED("zos"),
	F_REFUSED("freebsd"), { 0 }
};
#undef T

/* A sysctl that belongs to one of the namespaces the container has, not to the host. */
static int conf_check_sysctl(const struct config *c, const char *key)
{
	static const struct { const char *prefix; int ns; } owned[] = {
		{ "net.", NS_NET }, { "fs.mqueue.", NS_IPC }, { "kernel.msg", NS_IPC },
		{ "kernel.sem", NS_IPC }, { "kernel.shm", NS_IPC },
		{ "kernel.auto_msgmni", NS_IPC },
		{ "kernel.domainname", NS_UTS },
	};
	char *dotted = str_dup(key);

	for (char *p = dotted; *p; p++)
		if (*p == '/')
			*p = '.';
	if (strstr(dotted, "..") || *dotted == '.' || strchr(key, '\n'))
		return fail("linux.sysctl: invalid key \"%s\"", key);
	if (str_eq(dotted, "kernel.hostname"))
		return fail("linux.sysctl: sysctl \"%s\" is not allowed as it conflicts with the "
			    "OCI \"hostname\" field", key);
	for (size_t i = 0; i < LEN(owned); i++)
		if (str_starts(dotted, owned[i].prefix)) {
			if (c->ns_any[owned[i].ns])
				return 0;
			return fail("linux.sysctl: sysctl \"%s\" is not allowed in the host's %s "
				    "namespace", key, name_of(ns_names, owned[i].ns));
		}
	return fail("linux.sysctl: sysctl \"%s\" is not in a separate kernel namespace", key);
}

static const char *conf_annotation(const struct config *c, const char *key)
{
	return map_get(&c->annotations, key);
}

#define NO_ID UINT32_MAX

/* The host's id for one of a user namespace, NO_ID if it has none. */
static uint32_t conf_map_id(const struct id_map *maps, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= maps[i].inside && id - maps[i].inside < maps[i].size)
			return maps[i].outside + (id - maps[i].inside);
	return NO_ID;
}

static int conf_check_namespaces(struct config *c)
{
	for (size_t i = 0; i < c->n_namespaces; i++) {
		const struct ns_conf *ns = &c->namespaces[i];

		if (c->ns_any[ns->type])
			return fail("linux.namespaces[%zu]: duplicate namespace \"%s\"", i,
				    name_of(ns_names, ns->type));
		c->ns_any[ns->type] = true;
		c->ns_path[ns->type] = ns->path && *ns->path ? ns->path : NULL;
		c->ns_new[ns->type] = !c->ns_path[ns->type];
		if (!c->ns_new[ns->type] && ns->path[0] != '/')
			return fail("linux.namespaces[%zu].path: %s is not absolute", i, ns->path);
	}
	if (c->ns_new[NS_USER] && !c->n_uid_maps)
		return fail("linux.uidMappings: a new user namespace needs at least one mapping");
	if (c->ns_new[NS_USER] && !c->n_gid_maps)
		return fail("linux.gidMappings: a new user namespace needs at least one mapping");
	/* Init sets the container up as its root: as runc, we cannot do without one. */
	if (c->ns_new[NS_USER] && conf_map_id(c->uid_maps, c->n_uid_maps, 0) == NO_ID)
		return fail("linux.uidMappings: container id 0 is not mapped");
	if (c->ns_new[NS_USER] && conf_map_id(c->gid_maps, c->n_gid_maps, 0) == NO_ID)
		return fail("linux.gidMappings: container id 0 is not mapped");
	if (!c->ns_new[NS_USER] && (c->n_uid_maps || c->n_gid_maps) && !c->ns_path[NS_USER])
		return fail("linux.uidMappings: mappings without a user namespace");
	const struct opt *nano[] = { &c->time_offsets.monotonic.nanosecs,
				     &c->time_offsets.boottime.nanosecs };

	for (size_t i = 0; i < LEN(nano); i++)
		if (nano[i]->v < 0 || nano[i]->v > 999999999)
			return fail("linux.timeOffsets.%s.nanosecs: %" PRId64
				    " is not in 0..999999999", i ? "boottime" : "monotonic",
				    nano[i]->v);
	if ((c->time_offsets.monotonic.secs.set || c->time_offsets.monotonic.nanosecs.set ||
	     c->time_offsets.boottime.secs.set || c->time_offsets.boottime.nanosecs.set) &&
	    !c->ns_new[NS_TIME])
		return fail("linux.timeOffsets: needs a new time namespace");
	return 0;
}

/* What may only be changed in a namespace of the container's own.  Called again once ns_plan() has
 * found out which of the joined ones are the host's. */
static int conf_check_owned(const struct config *c)
{
	if (c->hostname && *c->hostname && !c->ns_any[NS_UTS])
		return fail("hostname: unable to set hostname without a private UTS namespace");
	if (c->domainname && *c->domainname && !c->ns_any[NS_UTS])
		return fail("domainname: unable to set domainname without a private UTS namespace");
	if (c->n_net_devices && !c->ns_any[NS_NET])
		return fail("linux.netDevices: unable to move network devices without a NET "
			    "namespace");
	if (!c->ns_any[NS_MNT] && (c->n_mounts || c->masked_paths.n || c->readonly_paths.n ||
				   c->root.readonly))
		return fail("linux.namespaces: mounts, maskedPaths, readonlyPaths and "
			    "root.readonly need a mount namespace");
	for (size_t i = 0; i < c->sysctl.n; i++)
		TRY(conf_check_sysctl(c, c->sysctl.v[i].key));
	return 0;
}

/* crun's way to give mappings: "uids=FS-HOST-SIZE#...;gids=...".  With "@" in front of it, HOST is
 * an id of the container. */
static int conf_idmap_list(const struct config *c, struct mount_conf *m, char *list)
{
	bool uid = str_starts(list, "uids=");
	struct id_map *maps = arena_alloc(strlen(list) * sizeof *maps);
	size_t n = 0;
	char *save = NULL, *at;
	uint64_t v[3];

	if (!uid && !str_starts(list, "gids="))
		return fail("\"%s\" is neither uids= nor gids=", list);
	for (at = strtok_r(list + 5, "#", &save); at; at = strtok_r(NULL, "#", &save)) {
		char *word = *at == '@' ? at + 1 : at, *part = NULL;

		for (int i = 0; i < 3; i++) {
			char *number = strtok_r(i ? NULL : word, "-", &part);

			if (!number || str_u64(number, UINT32_MAX - 1, &v[i]) < 0)
				return fail("\"%.4s\": a mapping is FS-HOST-SIZE", list);
		}
		maps[n] = (struct id_map){ (uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2] };
		if (*at == '@')
			maps[n].outside = uid ? conf_map_id(c->uid_maps, c->n_uid_maps,
							    maps[n].outside)
					      : conf_map_id(c->gid_maps, c->n_gid_maps,
							    maps[n].outside);
		if (maps[n++].outside == NO_ID)
			return fail("\"%.4s\": @%u is not an id of the container", list,
				    (unsigned)v[1]);
	}
	*(uid ? &m->uid_maps : &m->gid_maps) = maps;
	*(uid ? &m->n_uid_maps : &m->n_gid_maps) = n;
	return 0;
}

/* One word of a mount's options; 1: it is for the file system. */
static int conf_mount_option(const struct config *c, struct mount_conf *m, const char *word)
{
	struct mnt_flags *f = &m->flags;
	const struct mount_option *o = mount_options;
	char *copy = str_dup(word), *value = strchr(copy, '='), *save = NULL;
	int v;

	while (o->name && strcmp(o->name, word) != 0)
		o++;
	if (o->name) {
		uint64_t *set = o->rec ? &f->rec_set : &f->set;
		uint64_t *clear = o->rec ? &f->rec_clear : &f->clear;

		f->ms = (f->ms & ~o->ms_clear) | o->ms_set;
		f->ms_off = (f->ms_off & ~o->ms_set) | o->ms_clear;
		*set = (*set & ~o->at_clear) | o->at_set;
		*clear = (*clear & ~(o->at_set & ~ATTR_ATIME)) | o->at_clear;
		return 0;
	}
	if (name_find(propagation_names, word, &v) == 0) {
		if (f->n_propagation == LEN(f->propagation))
			return fail("more than %zu words of propagation", LEN(f->propagation));
		f->propagation[f->n_propagation++] = (unsigned long)v;
		return 0;
	}
	if (value)
		*value++ = '\0';
	if (name_find(mount_own, copy, &v) == 0 &&
	    (!value || v & OWN_IDMAP || str_eq(copy, "X-mount.mkdir"))) {
		f->own |= (unsigned)v;
		if (!value || !(v & OWN_IDMAP))
			return 0;
		for (char *list = strtok_r(value, ";", &save); list;
		     list = strtok_r(NULL, ";", &save))
			TRY(conf_idmap_list(c, m, list));
		return 0;
	}
	return *word && !str_starts(word, "x-");        /* mount(8): x-* is a comment */
}

/* Sorts a mount's options, and says which do not go together. */
static int conf_mount_flags(const struct config *c, struct mount_conf *m)
{
	struct mnt_flags *f = &m->flags;
	struct buf data = { 0 };

	for (size_t i = 0; i < m->options.n; i++) {
		int r = conf_mount_option(c, m, m->options.v[i]);

		if (r > 0)
			buf_fmt(&data, "%s%s", data.len ? "," : "", m->options.v[i]);
		TRY(r);
	}
	f->data = data.p;
	if (str_eq(m->type, "bind"))
		f->ms |= MS_BIND;
	/* The kernel would ignore them: they belong to the file system, which exists already. */
	if (f->ms & MS_BIND && f->data)
		return fail("a bind mount takes no option of a file system: \"%s\"", f->data);
	if (!(f->ms & MS_BIND) && f->own & (OWN_SRC_LINK | OWN_DEST_LINK | OWN_COPY_LINK))
		return fail("src-nofollow, dest-nofollow and copy-symlink are for bind mounts");
	if (f->own & OWN_COPYUP && (f->ms & (MS_BIND | MS_REMOUNT) || !str_eq(m->type, "tmpfs")))
		return fail("tmpcopyup is for a tmpfs");
	if (f->own & OWN_IDMAP &&
	    (f->ms & MS_REMOUNT ||
	     (m->type && !(f->ms & MS_BIND) && str_starts(m->type, "cgroup"))))
		return fail("idmap is for new mounts, and not for a cgroup");
	if (f->own & OWN_IDMAP && !m->n_uid_maps && !m->n_gid_maps && !c->ns_any[NS_USER])
		return fail("idmap needs uidMappings and gidMappings, or a user namespace");
	return 0;
}

static int conf_check_mounts(struct config *c)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		struct mount_conf *m = &c->mounts[i];

		if (!*m->dest)
			return fail("mounts[%zu].destination: may not be empty", i);
		if (m->n_uid_maps || m->n_gid_maps)
			m->flags.own |= OWN_IDMAP;
		if (conf_mount_flags(c, m) < 0)
			return ctx("mounts[%zu].options", i);
		if (!m->n_uid_maps != !m->n_gid_maps)
			return fail("mounts[%zu].%s: is required with %s", i,
				    m->n_uid_maps ? "gidMappings" : "uidMappings",
				    m->n_uid_maps ? "uidMappings" : "gidMappings");
	}
	for (size_t i = 0; i < c->masked_paths.n; i++)
		if (c->masked_paths.v[i][0] != '/')
			return fail("linux.maskedPaths[%zu]: %s is not absolute", i,
				    c->masked_paths.v[i]);
	for (size_t i = 0; i < c->readonly_paths.n; i++)
		if (c->readonly_paths.v[i][0] != '/')
			return fail("linux.readonlyPaths[%zu]: %s is not absolute", i,
				    c->readonly_paths.v[i]);
	return 0;
}

static int conf_v1_only(const char *field)
{
	return fail("linux.resources.%s: exists on cgroup v1 only", field);
}

static int conf_check_weight(const struct opt *w, const char *field)
{
	if (w->v && (w->v < 10 || w->v > 1000))
		return fail("linux.resources.blockIO.%s: %" PRId64 " is not in 10..1000", field,
			    w->v);
	return 0;
}

static int conf_check_io(const struct resources_conf *r)
{
	if (r->io.leaf.v)
		return conf_v1_only("blockIO.leafWeight");
	TRY(conf_check_weight(&r->io.weight, "weight"));
	for (size_t i = 0; i < r->io.n_devices; i++) {
		const struct io_weight *d = &r->io.devices[i];

		if (!d->weight.set && !d->leaf.set)
			return fail("linux.resources.blockIO.weightDevice[%zu]: neither weight nor "
				    "leafWeight", i);
		if (d->leaf.v)
			return conf_v1_only("blockIO.weightDevice.leafWeight");
		TRY(conf_check_weight(&d->weight, "weightDevice.weight"));
	}
	return 0;
}

/* What the specification allows and cgroup v2 cannot do is an error (config-linux.md "Unified"), as
 * long as something is asked for: zero, false and empty ask for nothing. */
static int conf_check_resources(const struct resources_conf *r)
{
	for (size_t i = 0; i < r->n_hugepages; i++) {
		const char *size = r->hugepages[i].size, *unit = size + strspn(size, "0123456789");

		if (*size < '1' || unit == size || !*unit || !strchr("KMG", *unit) ||
		    !str_eq(unit + 1, "B"))
			return fail("linux.resources.hugepageLimits[%zu].pageSize: \"%s\" is not "
				    "a size like 2MB", i, size);
	}
	if (r->memory.no_oom_kill)
		return fail(
			"linux.resources.memory.disableOOMKiller: cgroup v2 has no such switch");
	if (r->cpu.rt_runtime.v || r->cpu.rt_period.v)
		return fail("linux.resources.cpu: realtime limits exist on cgroup v1 only");
	if (r->network.class_id.v)
		return conf_v1_only("network.classID");
	if (r->network.n_prio)
		return conf_v1_only("network.priorities");
	for (size_t i = 0; i < r->n_rdma; i++)
		if (!r->rdma[i].handles.set && !r->rdma[i].objects.set)
			return fail("linux.resources.rdma.%s: neither hcaHandles nor hcaObjects",
				    r->rdma[i].name);
	return conf_check_io(r);
}

static int conf_check_number(size_t device, const char *name, int64_t v, uint32_t max)
{
	if (v >= 0 && v <= max)
		return 0;
	return fail("linux.devices[%zu].%s: %lld is not in 0..%u", device, name, (long long)v, max);
}

static int conf_check_devices(const struct config *c)
{
	for (size_t i = 0; i < c->n_devices; i++) {
		const struct device_conf *d = &c->devices[i];

		if (strlen(d->type) != 1 || !strchr("bcup", *d->type))
			return fail("linux.devices[%zu].type: \"%s\" is not a device type", i,
				    d->type);
		if (d->path[0] != '/' || d->path[strlen(d->path) - 1] == '/')
			return fail("linux.devices[%zu].path: %s is not an absolute file path", i,
				    d->path);
		if (*d->type != 'p' && (!d->major.set || !d->minor.set))
			return fail("linux.devices[%zu].%s: is required", i,
				    d->major.set ? "minor" : "major");
		TRY(conf_check_number(i, "major", d->major.v, (1 << 12) - 1));
		TRY(conf_check_number(i, "minor", d->minor.v, (1 << 20) - 1));
		TRY(conf_check_number(i, "uid", d->uid.v, NO_ID - 1));
		TRY(conf_check_number(i, "gid", d->gid.v, NO_ID - 1));
		if (d->mode.set && (d->mode.v < 0 || d->mode.v & ~(S_IFMT | 07777)))
			return fail("linux.devices[%zu].fileMode: %lld is not a file mode", i,
				    (long long)d->mode.v);  /* type bits are podman's: not used */
	}
	for (size_t i = 0; i < c->resources.n_devices; i++) {
		const struct device_rule *d = &c->resources.devices[i];

		if (d->type && *d->type && (d->type[1] || !strchr("abcu", *d->type)))
			return fail(
				"linux.resources.devices[%zu].type: \"%s\" is not a device type", i,
				d->type);
		if (d->access && d->access[strspn(d->access, "rwm")])
			return fail(
				"linux.resources.devices[%zu].access: \"%s\" has letters "
				"other than r, w, m",
				i, d->access);
		if (d->major.set && (d->major.v < -1 || d->major.v >= 1 << 12))
			return fail(
				"linux.resources.devices[%zu].major: %lld is not a major number", i,
				(long long)d->major.v);
		if (d->minor.set && (d->minor.v < -1 || d->minor.v >= 1 << 20))
			return fail(
				"linux.resources.devices[%zu].minor: %lld is not a minor number", i,
				(long long)d->minor.v);
	}
	return 0;
}

/* The kernel's own rule: dev_valid_name() in net/core/dev.c. */
static bool conf_is_net_name(const char *name)
{
	size_t n = strcspn(name, "/: \t\n\v\f\r\xa0");

	return n && !name[n] && n < IFNAMSIZ && !str_eq(name, ".") && !str_eq(name, "..");
}

static const char *conf_net_name(const struct net_device_conf *d)
{
	return d->name && *d->name ? d->name : d->key;
}

static int conf_check_net_devices(const struct config *c)
{
	for (size_t i = 0; i < c->n_net_devices; i++) {
		const struct net_device_conf *d = &c->net_devices[i];
		const char *name = conf_net_name(d), *number = strchr(name, '%');

		if (!conf_is_net_name(d->key))
			return fail("linux.netDevices: invalid network device name \"%s\"", d->key);
		if (!conf_is_net_name(name) || (number && !str_eq(number, "%d")))
			return fail("linux.netDevices.%s.name: invalid network device name \"%s\"",
				    d->key, name);
		for (size_t k = 0; k < i && !number; k++)
			if (str_eq(conf_net_name(&c->net_devices[k]), name))
				return fail("linux.netDevices.%s.name: %s is taken by %s", d->key,
					    name, c->net_devices[k].key);
	}
	return 0;
}

static int conf_check_rdt(const struct rdt_conf *r)
{
	const char *clos = r->clos ? r->clos : "", *mb = r->mem_bw ? r->mem_bw : "";

	/* "/" is the group that everybody is in at first */
	if (str_eq(clos, ".") || str_eq(clos, "..") || (strchr(clos, '/') && clos[1]))
		return fail("linux.intelRdt.closID: invalid group name \"%s\"", clos);
	if (*mb && (!str_starts(mb, "MB:") || strchr(mb, '\n')))
		return fail("linux.intelRdt.memBwSchema: \"%s\" is not one line that starts with "
			    "MB:", mb);
	for (size_t i = 0; i < r->schemata.n; i++)
		if (strchr(r->schemata.v[i], '\n'))
			return fail("linux.intelRdt.schemata[%zu]: more than one line", i);
	return 0;
}

static int conf_check_cpus(const char *list, const char *at, const char *field)
{
	struct bits unused = { 0 };

	if (!list || !*list || str_bits(list, BITS_MAX, &unused) > 0)
		return 0;
	return fail("%s.execCPUAffinity.%s: \"%s\" is not a list of cpus like 0-3,7", at, field,
		    list);
}

/* What sched_setattr(2) and ioprio_set(2) would answer with a bare "invalid argument". */
static int conf_check_schedule(const struct process_conf *p, const char *at)
{
	const struct sched_conf *s = &p->sched;
	bool rt = s->policy == POLICY_FIFO || s->policy == POLICY_RR;

	if (s->nice.v < -20 || s->nice.v > 19)
		return fail("%s.scheduler.nice: %" PRId64 " is not in -20..19", at, s->nice.v);
	if (rt && !(s->flags & SCHED_KEEP_PARAMS) && (s->priority.v < 1 || s->priority.v > 99))
		return fail("%s.scheduler.priority: %" PRId64 " is not in 1..99, as %s needs", at,
			    s->priority.v, name_of(sched_policies, s->policy));
	if (!rt && s->priority.v)
		return fail("%s.scheduler.priority: only SCHED_FIFO and SCHED_RR have one", at);
	if (s->policy != POLICY_DEADLINE && (s->runtime || s->deadline || s->period))
		return fail("%s.scheduler: runtime, deadline and period are for SCHED_DEADLINE",
			    at);
	if (p->ioprio.level.v < 0 || p->ioprio.level.v > 7)
		return fail("%s.ioPriority.priority: %" PRId64 " is not in 0..7", at,
			    p->ioprio.level.v);
	TRY(conf_check_cpus(p->affinity.initial, at, "initial"));
	return conf_check_cpus(p->affinity.final, at, "final");
}

enum { MPOL_NODES_MAX = 1024 };                 /* the kernel's limit, CONFIG_NODES_SHIFT 10  */

/* Which modes take nodes: set_mempolicy(2). */
static int conf_check_mempolicy(const struct config *c)
{
	const char *mode = name_of(mempolicy_modes, c->mempolicy.mode);
	const char *nodes = c->mempolicy.nodes ? c->mempolicy.nodes : "";
	struct bits unused = { 0 };
	int n = str_bits(nodes, MPOL_NODES_MAX, &unused);

	if (n < 0)
		return fail("linux.memoryPolicy.nodes: \"%s\" is not a list of nodes like 0-3,7",
			    nodes);
	if (c->mempolicy.mode == MPOL_DEFAULT || c->mempolicy.mode == MPOL_LOCAL)
		return n ? fail("linux.memoryPolicy.nodes: %s takes none", mode) : 0;
	if (n == 0 && c->mempolicy.mode != MPOL_PREFERRED)
		return fail("linux.memoryPolicy.nodes: %s needs at least one", mode);
	return 0;
}

static int conf_check_env(const struct process_conf *p, const char *at)
{
	for (size_t i = 0; i < p->env.n; i++)
		if (p->env.v[i][0] == '=' || !strchr(p->env.v[i], '='))
			return fail("%s.env[%zu]: \"%s\" is not NAME=VALUE", at, i, p->env.v[i]);
	return 0;
}

static int conf_check_process(const struct process_conf *p, const char *at)
{
	TRY(conf_check_env(p, at));
	TRY(conf_check_schedule(p, at));
	if (!p->args.n || !*p->args.v[0])
		return fail("%s.args: must not be empty", at);
	if (!*p->cwd)
		return fail("%s.cwd: may not be empty", at);
	if (p->cwd[0] != '/')
		return fail("%s.cwd: %s is not an absolute path", at, p->cwd);
	for (size_t i = 0; i < p->n_rlimits; i++) {
		for (size_t k = 0; k < i; k++)
			if (p->rlimits[i].type == p->rlimits[k].type)
				return fail("%s.rlimits[%zu]: duplicate %s", at, i,
					    name_of(rlimit_names, p->rlimits[i].type));
		if (p->rlimits[i].soft > p->rlimits[i].hard)
			return fail("%s.rlimits[%zu]: soft limit is above the hard one", at, i);
	}
	if (p->oom_score_adj.set && (p->oom_score_adj.v < -1000 || p->oom_score_adj.v > 1000))
		return fail("%s.oomScoreAdj: %lld is not in -1000..1000", at,
			    (long long)p->oom_score_adj.v);
	if (p->user.umask.set && (p->user.umask.v < 0 || p->user.umask.v > 0777))
		return fail("%s.user.umask: %lld is not in 0..0777", at,
			    (long long)p->user.umask.v);
	return 0;
}

static int conf_check_errno(int action, bool has_errno, uint32_t value, const char *field)
{
	if (has_errno && action != ACT_ERRNO && action != ACT_TRACE)
		return fail("%s: %s takes no errno", field, name_of(action_names, action));
	return has_errno && value > 0xffff ? fail("%s: %u is above 65535", field, value) : 0;
}

static int conf_check_seccomp(const struct seccomp_conf *s)
{
	bool listens = s->listener_path && *s->listener_path;

	if (conf_check_errno(s->default_action, s->has_default_errno, s->default_errno,
			     "defaultErrnoRet") < 0)
		return fail("linux.seccomp.%s", str_dup(err.msg));
	if (s->listener_metadata && *s->listener_metadata && !listens)
		return fail("linux.seccomp.listenerMetadata: may not be set without listenerPath");
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct seccomp_rule *r = &s->rules[i];

		if (!r->n_names)
			return fail("linux.seccomp.syscalls[%zu].names: may not be empty", i);
		if (r->action == ACT_NOTIFY && !listens)
			return fail("linux.seccomp.syscalls[%zu]: SCMP_ACT_NOTIFY: seccomp "
				    "listenerPath is not set", i);
		if (conf_check_errno(r->action, r->has_errno, r->errno_ret, "errnoRet") < 0)
			return fail("linux.seccomp.syscalls[%zu].%s", i, str_dup(err.msg));
		for (size_t k = 0; k < r->n_args; k++)
			if (r->args[k].index > 5)
				return fail(
					"linux.seccomp.syscalls[%zu].args[%zu].index: %u is not "
					"in 0..5",
					i, k, r->args[k].index);
	}
	return 0;
}

static int conf_check_hooks(const struct config *c)
{
	for (int p = 0; p < HOOK_PHASES; p++)
		for (size_t i = 0; i < c->hooks[p].n_v; i++) {
			const struct hook *h = &c->hooks[p].v[i];

			if (h->path[0] != '/')
				return fail("hooks.%s[%zu].path: %s is not absolute", hook_names[p],
					    i, h->path);
			if (h->timeout.set && h->timeout.v <= 0)
				return fail("hooks.%s[%zu].timeout: must be greater than zero",
					    hook_names[p], i);
		}
	return 0;
}

static int conf_check_version(const char *v)
{
	const char *at = v;
	bool ok = true;

	for (int part = 0; part < 3; part++) {
		size_t n = strspn(at, "0123456789");

		ok = ok && n && (n == 1 || *at != '0') && (part == 2 || at[n] == '.');
		at += ok ? n + (part < 2) : 0;
	}
	if (!ok || (*at && *at != '-' && *at != '+'))
		return fail("ociVersion: \"%s\" is not a semantic version", v);
	/* Drafts, 0.x, are believed to be meant as they would be now: the peers do, too. */
	if ((v[0] != '1' && v[0] != '0') || v[1] != '.')
		return fail("ociVersion: %s is not supported, only 1.x", v);
	return 0;
}

/* What must hold between the fields; fills the worked-out members. */
static int conf_check(struct config *c)
{
	int unused;

	TRY(conf_check_version(c->oci_version));
	if (!c->has_root)
		return fail("root: is required");
	if (!*c->root.path)
		return fail("root.path: may not be empty");
	for (size_t i = 0; i < c->annotations.n; i++)
		if (!*c->annotations.v[i].key)
			return fail("annotations: a key may not be empty");
	TRY(conf_check_namespaces(c));
	TRY(conf_check_mounts(c));
	TRY(conf_check_resources(&c->resources));
	TRY(conf_check_devices(c));
	TRY(conf_check_net_devices(c));
	TRY(conf_check_rdt(&c->rdt));
	TRY(conf_check_hooks(c));
	TRY(conf_check_seccomp(&c->seccomp));
	if (c->has_process)
		TRY(conf_check_process(&c->process, "process"));
	if (c->has_mempolicy)
		TRY(conf_check_mempolicy(c));
	TRY(conf_check_owned(c));
	if (c->cgroups_path && strlen(c->cgroups_path) >= PATH_MAX - 256)
		return fail("linux.cgroupsPath: longer than %d characters", PATH_MAX - 257);
	if (c->rootfs_propagation && *c->rootfs_propagation &&
	    name_find(propagation_names, c->rootfs_propagation, &unused) < 0)
		return fail("linux.rootfsPropagation: unknown value \"%s\"", c->rootfs_propagation);
	return 0;
}

/* Loads and checks a config text (consumed).  bundle: absolute; relative paths start there. */
static int conf_load(struct config *c, char *text, size_t len, const char *bundle)
{
	TRY(dec_load(text, len, config_fields, c, "config.json"));
	c->bundle = str_dup(bundle);
	if (conf_check(c) < 0)
		return ctx("config.json");
	c->rootfs = c->root.path[0] == '/' ? path_clean(c->root.path) :
		    path_clean(str_fmt("%s/%s", bundle, c->root.path));
	return 0;
}

/* A process alone, as `exec --process` gets it. */
static int conf_load_process(struct process_conf *p, const char *path)
{
	size_t len = 0;
	autoclose int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = fd < 0 ? NULL : fd_read_all(fd, JSON_MAX_SIZE, &len);

	if (!text)
		return efail("process file %s", path);
	TRY(dec_load(text, len, process_fields, p, path));
	return conf_check_process(p, path);
}

static const char *const spec_parts[] = {       /* the `spec` default, in pieces for two variants */
	"{\n"
	"\t\"ociVersion\": \"" SPEC_VERSION "\",\n"
	"\t\"process\": {\n"
	"\t\t\"terminal\": true,\n"
	"\t\t\"user\": {\n\t\t\t\"uid\": 0,\n\t\t\t\"gid\": 0\n\t\t},\n"
	"\t\t\"args\": [\n\t\t\t\"sh\"\n\t\t],\n"
	"\t\t\"env\": [\n"
	"\t\t\t\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	"\t\t\t\"TERM=xterm\"\n\t\t],\n"
	"\t\t\"cwd\": \"/\",\n"
	"\t\t\"capabilities\": {\n",
	"\t\t},\n"
	"\t\t\"rlimits\": [\n\t\t\t{\n\t\t\t\t\"type\": \"RLIMIT_NOFILE\",\n"
	"\t\t\t\t\"hard\": 1024,\n\t\t\t\t\"soft\": 1024\n\t\t\t}\n\t\t],\n"
	"\t\t\"noNewPrivileges\": true\n"
	"\t},\n"
	"\t\"root\": {\n\t\t\"path\": \"rootfs\",\n\t\t\"readonly\": true\n\t},\n"
	"\t\"hostname\": \"runtime\",\n"
	"\t\"mounts\": [\n",
};

struct spec_mount { const char *dest, *type, *source, *options; };
static const struct spec_mount spec_mounts[] = {
	{ "/proc", "proc", "proc", NULL },
	{ "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k" },
	{ "/dev/pts", "devpts", "devpts",
	  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k" },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev" },
	{ "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro" },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro" },
};
/* Without privilege: no gid 5 to map, and a new sysfs needs an own network namespace.  All of the
 * host's /sys becomes read-only: the user's own cgroups are in there (CVE-2023-25809). */
static const struct spec_mount spec_mounts_rootless[] = {
	{ "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620" },
	{ "/sys", "none", "/sys", "rbind,nosuid,noexec,nodev,rro" },
};

static const char *const spec_masked[] = {
	"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
};
static const char *const spec_readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

/* Items as an indented JSON array.  list: comma-separated. */
static void spec_array(struct buf *b, const char *indent, const char *list)
{
	buf_fmt(b, "[");
	while (*list) {
		size_t n = strcspn(list, ",");

		buf_fmt(b, "\n%s\t\"%.*s\"%s", indent, (int)n, list, list[n] ? "," : "");
		list += n + (list[n] == ',');
	}
	buf_fmt(b, "\n%s]", indent);
}

static void spec_mount(struct buf *b, const struct spec_mount *m)
{
	buf_fmt(b, "\t\t{\n\t\t\t\"destination\": \"%s\",\n\t\t\t\"type\": \"%s\",\n"
		"\t\t\t\"source\": \"%s\"", m->dest, m->type, m->source);
	if (m->options) {
		buf_fmt(b, ",\n\t\t\t\"options\": ");
		spec_array(b, "\t\t\t", m->options);
	}
	buf_fmt(b, "\n\t\t}");
}

static void spec_paths(struct buf *b, const char *key, const char *const *v, size_t n)
{
	buf_fmt(b, ",\n\t\t\"%s\": [", key);
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, "%s\n\t\t\t\"%s\"", i ? "," : "", v[i]);
	buf_fmt(b, "\n\t\t]");
}

static const char *const spec_namespaces[] = {  /* without privilege: no network, but user */
	"pid", "network", "ipc", "uts", "mount", "cgroup",
};

static void spec_linux(struct buf *b, bool rootless)
{
	bool first = true;

	buf_fmt(b, "\t\"linux\": {\n");
	if (rootless)
		buf_fmt(b, "\t\t\"uidMappings\": [\n\t\t\t{\n\t\t\t\t\"containerID\": 0,\n"
			"\t\t\t\t\"hostID\": %u,\n\t\t\t\t\"size\": 1\n\t\t\t}\n\t\t],\n"
			"\t\t\"gidMappings\": [\n\t\t\t{\n\t\t\t\t\"containerID\": 0,\n"
			"\t\t\t\t\"hostID\": %u,\n\t\t\t\t\"size\": 1\n\t\t\t}\n\t\t],\n",
			geteuid(), getegid());
	else
		buf_fmt(b, "\t\t\"resources\": {\n\t\t\t\"devices\": [\n\t\t\t\t{\n"
			"\t\t\t\t\t\"allow\": false,\n\t\t\t\t\t\"access\": \"rwm\"\n"
			"\t\t\t\t}\n\t\t\t]\n\t\t},\n");
	buf_fmt(b, "\t\t\"namespaces\": [");
	for (size_t i = 0; i < LEN(spec_namespaces); i++) {
		if (rootless && str_eq(spec_namespaces[i], "network"))
			continue;
		buf_fmt(b, "%s\n\t\t\t{\n\t\t\t\t\"type\": \"%s\"\n\t\t\t}", first ? "" : ",",
			spec_namespaces[i]);
		first = false;
	}
	if (rootless)
		buf_fmt(b, ",\n\t\t\t{\n\t\t\t\t\"type\": \"user\"\n\t\t\t}");
	buf_fmt(b, "\n\t\t]");
	spec_paths(b, "maskedPaths", spec_masked, LEN(spec_masked));
	spec_paths(b, "readonlyPaths", spec_readonly, LEN(spec_readonly));
	buf_fmt(b, "\n\t}\n}\n");
}

/* The text that `spec` writes: what `runc spec` gives, for this host or for an unprivileged
 * user.  No inheritable capabilities: see CVE-2022-24769. */
static void conf_spec(struct buf *b, bool rootless)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };

	buf_fmt(b, "%s", spec_parts[0]);
	for (size_t i = 0; i < LEN(sets); i++) {
		buf_fmt(b, "\t\t\t\"%s\": ", sets[i]);
		spec_array(b, "\t\t\t", "CAP_AUDIT_WRITE,CAP_KILL,CAP_NET_BIND_SERVICE");
		buf_fmt(b, "%s\n", i + 1 < LEN(sets) ? "," : "");
	}
	buf_fmt(b, "%s", spec_parts[1]);
	for (size_t i = 0; i < LEN(spec_mounts); i++) {
		const struct spec_mount *m = &spec_mounts[i];

		for (size_t k = 0; rootless && k < LEN(spec_mounts_rootless); k++)
			if (str_eq(spec_mounts_rootless[k].dest, m->dest))
				m = &spec_mounts_rootless[k];
		buf_fmt(b, "%s", i ? ",\n" : "");
		spec_mount(b, m);
	}
	buf_fmt(b, "\n\t],\n");
	spec_linux(b, rootless);
}

/* ==== end CONF ========================================================= } */

/* ==== ROOM 7: STATE ==================================================== {
 * What is kept on disk: ROOT/ID/ (0700) with state.json (written aside and renamed, 0600), the
 * text of config.json as it was at create, and start.sock, on which init waits for `start`.
 * A descriptor on the directory carries the lock (flock): who changes a container holds it.
 * A container is a pid plus its start time, never a pid alone.
 * Entries: state_new state_open state_save state_status state_remove state_ids.                */

enum status { ST_CREATING, ST_CREATED, ST_RUNNING, ST_PAUSED, ST_STOPPED };
static const char *const status_names[] = { "creating", "created", "running", "paused", "stopped" };

struct container {
	char *id;
	/* written by STATE; kept in state.json */
	char *bundle, *rootfs, *created, *cgroup; /* cgroup: below the cgroup2 mount, or ""  */
	char *rdt;                      /* resctrl group, NULL: none               */
	bool rdt_made, rdt_monitor;     /* the group, a group below it are ours    */
	char *unit;                     /* SYSTEMD: the scope; NULL or "": none    */
	bool unit_user;                 /* ... of the user's manager               */
	uint32_t owner;
	bool ready; /* create finished                         */
	int64_t pid;
	uint64_t start;	      /* of pid, clock ticks since boot          */
	int64_t maker;	      /* the process that is creating it ...     */
	uint64_t maker_start; /* ... so that a dead one is recognised    */
	struct map annotations;
	/* of this process only */
	int root_fd, dir_fd, proc_fd; /* state root, state directory, procfs     */
	int pidfd;
	int cgroup_fd;	  /* CG                                      */
	bool cgroup_made; /* CG: we made it, destroy removes it      */
	char *no_cgroup;  /* RUN: why a user has none                */
	struct config *conf;
	struct net_move *net; /* NET: devices moved by this process      */
};

#define T struct container
static const struct field state_fields[] = {
	F_STR_MUST(T, "id", id), F_STR_MUST(T, "bundle", bundle), F_STR_MUST(T, "rootfs", rootfs),
	F_STR_MUST(T, "created", created), F_STR_MUST(T, "cgroup", cgroup), F_U32(T, "uid", owner),
	{ "pid", K_I64, false, OFF(T, pid, int64_t) }, F_U64(T, "start", start),
	{ "maker", K_I64, false, OFF(T, maker, int64_t) }, F_U64(T, "makerStart", maker_start),
	F_BOOL(T, "ready", ready), F_MAP(T, "annotations", annotations), F_STR(T, "rdt", rdt),
	F_BOOL(T, "rdtMade", rdt_made), F_BOOL(T, "rdtMonitor", rdt_monitor),
	F_STR(T, "unit", unit), F_BOOL(T, "unitUser", unit_user), { 0 }
};
#undef T

#define CONTAINER_NONE { .root_fd = -1, .dir_fd = -1, .proc_fd = -1, .pidfd = -1, .cgroup_fd = -1 }

/* [A-Za-z0-9_+.-]+, not "." or "..", short enough for a file name. */
static int state_check_id(const char *id)
{
	size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-");

	if (!n)
		return fail(*id ? "invalid container ID format: \"%s\""
				: "container id cannot be empty%s",
			    id);
	if (id[n] || str_eq(id, ".") || str_eq(id, ".."))
		return fail("invalid container ID format: \"%s\"", id);
	if (n > 255 - sizeof ".lock")
		return fail("invalid container ID format: longer than %zu characters",
			    255 - sizeof ".lock");
	return 0;
}

/* Opens the state root; makes it when `make`.  ENOENT without `make` is 0 and root_fd -1. */
static int state_root(struct container *c, const char *root, bool make)
{
	struct stat st;

	if (make && path_mkdirs(root, 0711) < 0)
		return err.no != EROFS ? -1 : fail_no(EROFS, "state directory %s (a tmpfs on /run, "
						      "or --root, gives it a place)", root);
	c->root_fd = openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->root_fd < 0)
		return errno == ENOENT ? 0 : efail("state directory %s", root);
	/* Someone else's directory is not ours to trust: they could swap what is in it. */
	if (fstat(c->root_fd, &st) < 0 || (st.st_uid != geteuid() && st.st_uid != 0))
		return fail("state directory %s: belongs to uid %u", root, st.st_uid);
	return 0;
}

static const struct why lock_why[] = {
	{ ENOSYS, " (the kernel lacks CONFIG_FILE_LOCKING)" }, { 0 }
};

static int state_lock(struct container *c)
{
	while (flock(c->dir_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return efail("lock %s%s", c->id, errno_why(lock_why));
	return 0;
}

/* The directory of a new container, locked; -1 leaves none.  A `delete` between mkdir and lock may
 * remove it again: then once more. */
static int state_new(struct container *c)
{
	struct stat st;

	for (;;) {
		if (mkdirat(c->root_fd, c->id, 0700) < 0)
			return errno == EEXIST
				       ? fail("%s: container with given ID already exists", c->id)
				       : efail("make state directory of %s", c->id);
		c->dir_fd = path_child(c->root_fd, c->id, O_RDONLY | O_DIRECTORY);
		if (c->dir_fd < 0 && errno == ENOENT)
			continue;
		if (c->dir_fd < 0 || flock(c->dir_fd, LOCK_EX) < 0 || fstat(c->dir_fd, &st) < 0) {
			efail("lock state directory of %s%s", c->id, errno_why(lock_why));
			unlinkat(c->root_fd, c->id, AT_REMOVEDIR);
			return -1;
		}
		if (st.st_nlink)
			return 0;
		close_p(&c->dir_fd);
	}
}

static int state_save(const struct container *c)
{
	struct buf b = { 0 };
	autoclose int fd = -1;

	buf_fmt(&b, "{\"ociVersion\":\"" SPEC_VERSION "\",\"id\":");
	buf_quote(&b, c->id);
	buf_fmt(&b, ",\"pid\":%" PRId64 ",\"start\":%" PRIu64 ",\"maker\":%" PRId64
		",\"makerStart\":%" PRIu64 ",\"ready\":%s,\"uid\":%u,\"bundle\":",
		c->pid, c->start, c->maker, c->maker_start, c->ready ? "true" : "false", c->owner);
	buf_quote(&b, c->bundle);
	buf_fmt(&b, ",\"rootfs\":");
	buf_quote(&b, c->rootfs);
	buf_fmt(&b, ",\"created\":");
	buf_quote(&b, c->created);
	buf_fmt(&b, ",\"cgroup\":");
	buf_quote(&b, c->cgroup);
	if (c->rdt) {
		buf_fmt(&b, ",\"rdtMade\":%s,\"rdtMonitor\":%s,\"rdt\":",
			c->rdt_made ? "true" : "false", c->rdt_monitor ? "true" : "false");
		buf_quote(&b, c->rdt);
	}
	if (c->unit && *c->unit) {
		buf_fmt(&b, ",\"unitUser\":%s,\"unit\":", c->unit_user ? "true" : "false");
		buf_quote(&b, c->unit);
	}
	buf_fmt(&b, ",\"annotations\":{");
	for (size_t i = 0; i < c->annotations.n; i++) {
		buf_fmt(&b, i ? "," : "");
		buf_quote(&b, c->annotations.v[i].key);
		buf_fmt(&b, ":");
		buf_quote(&b, c->annotations.v[i].value);
	}
	buf_fmt(&b, "}}\n");
	fd = openat(c->dir_fd, "state.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0 || fd_write_all(fd, b.p, b.len) < 0 ||
	    renameat(c->dir_fd, "state.tmp", c->dir_fd, "state.json") < 0)
		return efail("write state.json of %s", c->id);
	return 0;
}

static int state_save_config(const struct container *c, const char *text, size_t len)
{
	autoclose int fd = openat(c->dir_fd, "config.json",
				  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 || fd_write_all(fd, text, len) < 0 ?
	       efail("write config.json of %s", c->id) : 0;
}

/* Reads the container `c->id`.  A directory without state.json is what a killed `create` may
 * leave: c->created is NULL then, the status stopped, and delete removes it. */
static int state_open(struct container *c)
{
	c->dir_fd = c->root_fd < 0 ? -1 : path_child(c->root_fd, c->id, O_RDONLY | O_DIRECTORY);
	if (c->dir_fd < 0)
		return c->root_fd < 0 || errno == ENOENT ?
		       fail("%s: container does not exist", c->id) :
		       efail("state directory of %s", c->id);
	char *id = c->id, *text = file_read_at(c->dir_fd, "state.json", JSON_MAX_SIZE);

	if (!text && errno == ELOOP)
		return fail("state.json of %s is a link", c->id);
	if (!text && errno != ENOENT)
		return efail("state.json of %s", c->id);
	int r = text ? dec_load(text, strlen(text), state_fields, c, "state.json") : 0;

	c->id = id;
	if (!c->cgroup)
		c->cgroup = str_dup("");
	if (r < 0)
		return ctx("%s", id);
	if (c->proc_fd < 0)
		c->proc_fd = proc_open();
	return c->proc_fd < 0 ? -1 : 0;
}

static bool state_alive(const struct container *c, int64_t pid, uint64_t start)
{
	uint64_t now;
	char letter;

	return pid > 0 && proc_stat(c->proc_fd, (pid_t)pid, &now, &letter) == 0 && now == start &&
	       letter != 'Z' && letter != 'X';
}

/* Opens for a change: with the lock, and the state read after it was taken.  A container that is
 * being created is returned as it is, without the lock, unless `wait`: its status refuses the
 * change, and a hook of its own that comes here must not wait for itself. */
static int state_open_locked(struct container *c, bool wait)
{
	struct stat st;

	TRY(state_open(c));
	if (flock(c->dir_fd, LOCK_EX | LOCK_NB) < 0) {
		if (!wait && c->created && !c->ready && state_alive(c, c->maker, c->maker_start))
			return 0;
		TRY(state_lock(c));
	}
	if (fstat(c->dir_fd, &st) < 0 || st.st_nlink == 0)
		return fail("%s: container does not exist", c->id);
	int locked = take_fd(&c->dir_fd), r = state_open(c);

	close_p(&c->dir_fd);                    /* keep the descriptor that carries the lock */
	c->dir_fd = locked;
	return r;
}

/* Loads the config that was saved at create. */
static int state_config(struct container *c)
{
	size_t len = 0;
	autoclose int fd = openat(c->dir_fd, "config.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *text = fd < 0 ? NULL : fd_read_all(fd, JSON_MAX_SIZE, &len);

	/* `delete` removes state.json first. */
	if (!text && errno == ENOENT && faccessat(c->dir_fd, "state.json", F_OK, 0) < 0)
		return fail("%s: container does not exist", c->id);
	if (!text)
		return efail("config.json of %s", c->id);
	c->conf = arena_alloc(sizeof *c->conf);
	return conf_load(c->conf, text, len, c->bundle);
}

/* Does init live?  Opens c->pidfd on it; the start time is compared after that is held, so the pid
 * cannot have been reused in between.  Where no pidfd is to be had it lives all the same, c->pidfd
 * stays -1, and the error record says why. */
static bool state_pidfd(struct container *c)
{
	if (c->pidfd >= 0)
		return true;
	if (c->pid <= 0)
		return false;
	c->pidfd = sys_pidfd_open((pid_t)c->pid);
	int no = errno;

	if (!state_alive(c, c->pid, c->start)) {
		close_p(&c->pidfd);
		return false;
	}
	if (c->pidfd < 0)
		fail_no(no, "pidfd_open, which Linux has since 5.3");
	return true;
}

/* Status but for "paused", which CG knows.  Init that still listens has not been started. */
static enum status state_status(struct container *c)
{
	if (!c->ready)
		return state_alive(c, c->maker, c->maker_start) ? ST_CREATING : ST_STOPPED;
	if (!state_pidfd(c))
		return ST_STOPPED;
	autoclose int s = sock_at(c->dir_fd, "start.sock", SOCK_SEQPACKET | SOCK_NONBLOCK, false);

	/* EAGAIN: many have asked, and init, frozen or stopped, has not accepted them */
	return s >= 0 || errno == EAGAIN ? ST_CREATED : ST_RUNNING;
}

/* Removes the directory.  Only our own names are in it; anything else is reported, not removed. */
static int state_remove(struct container *c)
{
	static const char *const names[] = { "state.json", "state.tmp", "config.json",
					     "start.sock" };

	for (size_t i = 0; i < LEN(names); i++)
		if (unlinkat(c->dir_fd, names[i], 0) < 0 && errno != ENOENT)
			return efail("remove %s of %s", names[i], c->id);
	int r = unlinkat(c->root_fd, c->id, AT_REMOVEDIR);

	if (r < 0 && errno == ENOTEMPTY) {      /* few have these: run_notify() */
		unlinkat(c->dir_fd, "notify/notify.sock", 0);
		unlinkat(c->dir_fd, "notify", AT_REMOVEDIR);
		r = unlinkat(c->root_fd, c->id, AT_REMOVEDIR);
	}
	return r < 0 && errno != ENOENT ? efail("remove state directory of %s", c->id) : 0;
}

/* Names of all containers below the root, sorted. */
static int state_ids(const struct container *c, struct strs *ids)
{
	if (c->root_fd >= 0)
		TRY(dir_list(c->root_fd, ids));
	if (ids->n)
		strs_sort(ids);
	return 0;
}

/* The state as the specification shows it (runtime.md "State"), with runc's extras.  owner: runc
 * has it in `list` only. */
static void state_print(const struct container *c, enum status st, struct buf *b, const char *owner)
{
	buf_fmt(b, "{\n  \"ociVersion\": \"" SPEC_VERSION "\",\n  \"id\": ");
	buf_quote(b, c->id);
	buf_fmt(b, ",\n  \"pid\": %" PRId64 ",\n  \"status\": \"%s\",\n  \"bundle\": ",
		st == ST_STOPPED ? 0 : c->pid, status_names[st]);
	buf_quote(b, c->bundle ? c->bundle : "");
	buf_fmt(b, ",\n  \"rootfs\": ");
	buf_quote(b, c->rootfs ? c->rootfs : "");
	buf_fmt(b, ",\n  \"created\": ");
	buf_quote(b, c->created ? c->created : "1970-01-01T00:00:00Z");
	if (c->annotations.n) {
		buf_fmt(b, ",\n  \"annotations\": {");
		for (size_t i = 0; i < c->annotations.n; i++) {
			buf_fmt(b, "%s\n    ", i ? "," : "");
			buf_quote(b, c->annotations.v[i].key);
			buf_fmt(b, ": ");
			buf_quote(b, c->annotations.v[i].value);
		}
		buf_fmt(b, "\n  }");
	}
	buf_fmt(b, ",\n  \"owner\": \"%s\"\n}", owner);
}

/* ==== end STATE ======================================================== } */

/* ==== ROOM 8: NS ======================================================= {
 * Which namespaces to make and which to join, and the id maps.  Made ones go into one clone3()
 * call, but for cgroup and time: a cgroup namespace is rooted where its maker already is, and
 * time offsets must be written before anyone lives in them.  Joined ones are entered by a helper
 * process that then makes init as our own child (CLONE_PARENT): this process never leaves home.
 * Exception: the network namespace is the kernel's slowest to make, so where nobody needs it early
 * (net_aside) this process makes it while init mounts, and init joins it.
 * Entries: ns_plan ns_join ns_unshare_late ns_write_maps ns_for_maps.  Writes: struct ns_plan.  */

struct ns_plan {
	uint64_t clone_flags, late_flags;
	bool joins, net_aside;
	bool host_acts;                         /* before any mount: hooks, devices to be moved   */
	int fd[NS_COUNT];                       /* namespaces to join, -1: none                   */
	char *what[NS_COUNT];                   /* the place in the config, for messages          */
};

/* Does the kernel have this kind?  clone(2) says EINVAL to all that it lacks together, and nothing
 * to a cgroup namespace without cgroups. */
static bool ns_exists(int proc, int type)
{
	return faccessat(proc, str_fmt("self/ns/%s", ns_info[type].proc), F_OK,
			 AT_SYMLINK_NOFOLLOW) == 0;
}

/* Is a process in the same namespace as this one? */
static bool ns_is_ours(int proc, pid_t pid, int type)
{
	struct stat mine, theirs;

	return fstatat(proc, str_fmt("self/ns/%s", ns_info[type].proc), &mine, 0) == 0 &&
	       fstatat(proc, str_fmt("%d/ns/%s", pid, ns_info[type].proc), &theirs, 0) == 0 &&
	       mine.st_ino == theirs.st_ino && mine.st_dev == theirs.st_dev;
}

static int ns_open(struct ns_plan *p, int type, const char *path, int proc)
{
	struct stat mine, theirs;
	char self[32];
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	p->fd[type] = fd;
	if (fd < 0)
		return efail("%s", p->what[type]);
	int kind = ioctl(fd, NS_GET_NSTYPE);

	if (kind < 0 || (uint64_t)(unsigned)kind != ns_info[type].flag)
		return fail("%s: is not a %s namespace", p->what[type], ns_names[type].name);
	fmt_to(self, sizeof self, "self/ns/%s", ns_info[type].proc);
	if (fstatat(proc, self, &mine, 0) == 0 && fstat(fd, &theirs) == 0 &&
	    mine.st_ino == theirs.st_ino && mine.st_dev == theirs.st_dev)
		close_p(&p->fd[type]);          /* the one we are in: as if it were not listed */
	return 0;
}

/* Fills the plan.  A path to a namespace that this process is in itself makes it the host's: it
 * does not count as the container's, neither here nor for conf_check_owned(). */
static int ns_plan(struct ns_plan *p, struct config *c, int proc, bool in_user_ns)
{
	*p = (struct ns_plan){ 0 };
	for (int i = 0; i < NS_COUNT; i++)
		p->fd[i] = -1;
	for (size_t i = 0; i < c->n_namespaces; i++) {
		int type = c->namespaces[i].type;

		p->what[type] = c->namespaces[i].path ?
			str_fmt("linux.namespaces[%zu].path: %s", i, c->namespaces[i].path) : NULL;
		if (c->ns_new[type] && !ns_exists(proc, type))
			return fail("linux.namespaces[%zu]: %s: the kernel lacks %s", i,
				    ns_names[type].name, ns_info[type].option);
	}
	for (int i = 0; i < NS_COUNT; i++) {
		if (c->ns_path[i] && ns_open(p, i, c->ns_path[i], proc) < 0)
			return -1;
		if (p->fd[i] >= 0)
			p->joins = true;
		else
			c->ns_any[i] = c->ns_new[i];
		if (!c->ns_new[i])
			continue;
		if (i == NS_CGROUP || i == NS_TIME)
			p->late_flags |= ns_info[i].flag;
		else
			p->clone_flags |= ns_info[i].flag;
	}
	p->host_acts = c->hooks[HOOK_PRESTART].n_v || c->hooks[HOOK_CREATE_RUNTIME].n_v ||
		       c->n_net_devices;
	/* Else it is needed early, or belongs to the user namespace that is made with it; or this
	 * process is in a user namespace, and may not go back to a network that is none of its. */
	p->net_aside = c->ns_new[NS_NET] && !c->ns_new[NS_USER] && !p->joins && !p->host_acts &&
		       !in_user_ns;
	if (p->net_aside)
		p->clone_flags &= ~(uint64_t)CLONE_NEWNET;
	return 0;
}

/* Enters what is to be joined.  Two rounds: with the privileges we came with, then, for what was
 * refused, with those of the user namespace just entered. */
static int ns_join(const struct ns_plan *p)
{
	bool done[NS_COUNT] = { false };

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < NS_COUNT; i++) {
			if (p->fd[i] < 0 || done[i])
				continue;
			done[i] = setns(p->fd[i], (int)ns_info[i].flag) == 0;
			if (!done[i] &&
			    (round || errno != EPERM || p->fd[NS_USER] < 0 || i == NS_USER))
				return efail("%s: join the %s namespace", p->what[i],
					     ns_names[i].name);
		}
	return 0;
}

/* Which clone3() or unshare() flag the kernel lacks, in words. */
static int ns_fail(uint64_t flags, const char *what)
{
	int no = errno;
	struct buf b = { 0 };

	for (int i = 0; i < NS_COUNT; i++)
		if (flags & ns_info[i].flag)
			buf_fmt(&b, "%s%s", b.len ? ", " : "", ns_info[i].option);
	if (no == EINVAL && b.len)
		return fail("%s: invalid argument: the kernel lacks one of %s", what, b.p);
	if (no == EPERM)
		return fail_no(no, "%s%s", what, flags & CLONE_NEWUSER ?
			       " (user namespaces are not for everyone here: see the sysctls "
			       "kernel.unprivileged_userns_clone and "
			       "kernel.apparmor_restrict_unprivileged_userns)" :
			       " (needs CAP_SYS_ADMIN, or a new user namespace in "
			       "linux.namespaces)");
	if (no == ENOSPC || no == EUSERS)
		return fail_no(no, "%s: a limit in /proc/sys/user/max_*_namespaces is reached",
			       what);
	return fail_no(no, "%s", what);
}

static void ns_offset(struct buf *b, const char *clock, struct opt secs, struct opt nano)
{
	if (secs.set || nano.set)
		buf_fmt(b, "%s %" PRId64 " %" PRId64 "\n", clock, secs.v, nano.v);
}

/* In init, already in its cgroup and with privilege in its user namespace.  The offsets are
 * written through our own /proc entry, which belongs to us only while we are dumpable. */
static int ns_unshare_late(const struct ns_plan *p, const struct config *c, int proc)
{
	struct buf b = { 0 };

	if (p->late_flags && unshare((int)p->late_flags) < 0)
		return ns_fail(p->late_flags, "unshare");
	if (!(p->late_flags & CLONE_NEWTIME))
		return 0;
	ns_offset(&b, "monotonic", c->time_offsets.monotonic.secs,
		  c->time_offsets.monotonic.nanosecs);
	ns_offset(&b, "boottime", c->time_offsets.boottime.secs, c->time_offsets.boottime.nanosecs);
	if (b.len) {
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		int r = file_write_at(proc, "self/timens_offsets", b.p);
		int e = errno;

		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		errno = e;
		if (r < 0)
			return efail("linux.timeOffsets%s", errno == ERANGE ?
				     " (a clock in the container would be below 0 or too far ahead)"
				     : "");
	}
	autoclose int fd = openat(proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
		return efail("enter the new time namespace");
	return 0;
}

static char *ns_map_text(const struct id_map *maps, size_t n)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_fmt(&b, "%u %u %u\n", maps[i].inside, maps[i].outside, maps[i].size);
	return b.p;
}

/* newuidmap(1) or newgidmap(1): what a user without privilege needs for ids not their own. */
static int ns_map_helper(const char *tool, pid_t pid, const struct id_map *maps, size_t n)
{
	struct strs args = { 0 };
	int status;

	strs_add(&args, str_dup(tool));
	strs_add(&args, str_fmt("%d", pid));
	for (size_t i = 0; i < n; i++) {
		strs_add(&args, str_fmt("%u", maps[i].inside));
		strs_add(&args, str_fmt("%u", maps[i].outside));
		strs_add(&args, str_fmt("%u", maps[i].size));
	}
	pid_t child = vfork();

	if (child == 0) {
		execvp(tool, args.v);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return efail("%s", tool);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return fail("%s: not found in $PATH: needed to map ids other than one's own", tool);
	return status ? fail("%s: refused the mapping (see /etc/subuid, /etc/subgid)", tool) : 0;
}

static int ns_write_map(int dir, const char *file, const struct id_map *maps, size_t n)
{
	if (file_write_at(dir, file, ns_map_text(maps, n)) == 0)
		return 0;
	if (errno == EINVAL)
		return fail(
			"write %s: invalid argument: overlapping, too many (340) or too long (a "
			"page) mappings",
			file);
	return efail("write %s", file);
}

/* Writes the maps of a child that sits in a new user namespace. */
static int ns_write_maps(const struct config *c, int proc, pid_t pid)
{
	bool root = geteuid() == 0;
	autoclose int dir = openat(proc, str_fmt("%d", pid), O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return efail("/proc entry of init");
	if (!root && (c->n_uid_maps > 1 || c->uid_maps[0].size > 1))
		TRY(ns_map_helper("newuidmap", pid, c->uid_maps, c->n_uid_maps));
	else
		TRY(ns_write_map(dir, "uid_map", c->uid_maps, c->n_uid_maps));
	if (!root && (c->n_gid_maps > 1 || c->gid_maps[0].size > 1))
		return ns_map_helper("newgidmap", pid, c->gid_maps, c->n_gid_maps);
	/* user_namespaces(7): without privilege setgroups must be denied before gid_map. */
	if (!root && file_write_at(dir, "setgroups", "deny") < 0)
		return efail("write setgroups");
	return ns_write_map(dir, "gid_map", c->gid_maps, c->n_gid_maps);
}

/* A descriptor of a new user namespace that has nothing but these maps. */
static int ns_for_maps(const struct mount_conf *m, int proc)
{
	const struct config maps = { .uid_maps = m->uid_maps, .n_uid_maps = m->n_uid_maps,
				     .gid_maps = m->gid_maps, .n_gid_maps = m->n_gid_maps };
	autoclose int pidfd = -1;
	pid_t maker = getpid(), pid = sys_clone3(CLONE_NEWUSER, -1, &pidfd);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		while (getppid() == maker)
			pause();
		_exit(0);
	}
	if (pid < 0)
		return ns_fail(CLONE_NEWUSER, "clone3");
	int fd = ns_write_maps(&maps, proc, pid);

	if (fd == 0) {
		fd = openat(proc, str_fmt("%d/ns/user", pid), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			efail("user namespace of the mappings");
	}
	sys_pidfd_signal(pidfd, SIGKILL);
	waitid(P_PIDFD, (id_t)pidfd, &(siginfo_t){ 0 }, WEXITED);
	return fd;
}

/* ==== end NS =========================================================== } */

/* ==== ROOM 9: CG ======================================================= {
 * One cgroup v2 directory for each container: found, made with its controllers enabled down the
 * path, limited, frozen, killed, removed.  Files are written relative to its descriptor.  One
 * table maps a limit of the configuration to its file.
 * Entries: cg_path cg_create cg_open cg_apply cg_update cg_devices cg_freeze cg_is_frozen
 * cg_signal cg_pids cg_oom_kills cg_destroy rdt_*.
 * Writes: c->cgroup_fd, c->cgroup_made, c->rdt*.                                               */

/* What `cgroup.controllers` reads in the kernels there are: short. */
#define CG_TEXT 4096

static int cg_mount_at(const char *place)
{
	autoclose int fd = openat(AT_FDCWD, place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_MAGIC ? take_fd(&fd) : -1;
}

/* Asked of /proc: only root may ask the kernel for a file system. */
static bool cg_in_kernel(int proc)
{
	char *text = file_read_at(proc, "filesystems", 65536);

	return !text || strstr(text, "\tcgroup2\n");
}

/* The cgroup2 mount: where it always is, where hybrid hosts have it, else as mountinfo says.  Where
 * there is none, and nothing else has its place, root gets one that only this process sees. */
static int cg_mount(int proc)
{
	struct statfs fs;
	int fd = cg_mount_at("/sys/fs/cgroup");

	if (fd < 0)
		fd = cg_mount_at("/sys/fs/cgroup/unified");
	if (fd >= 0)
		return fd;
	char *line = file_read_at(proc, "self/mountinfo", 16 << 20), *save = NULL;

	for (line = line ? strtok_r(line, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (strstr(line, " - cgroup2 ") && (fd = cg_mount_at(proc_mountpoint(line))) >= 0)
			return fd;
	bool v1 = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type != SYSFS_MAGIC;

	if (!v1 && (fd = sys_private_fs("cgroup2")) >= 0)
		return fd;
	if (!cg_in_kernel(proc))
		fail("no cgroups%s", option_lacks(fs_options, "cgroup2"));
	else
		fail("no cgroup2 file system is mounted; try: mount -t cgroup2 none "
		     "/sys/fs/cgroup%s", v1 ? "/unified" : "");
	err.no = ENODEV;                        /* and so no cgroup of ours is anywhere */
	return -1;
}

/* The cgroup that a process is in, as its /proc/PID/cgroup has it; "/" when it does not say. */
static char *cg_of(int proc, const char *pid)
{
	char *text = file_read_at(proc, str_fmt("%s/cgroup", pid), 1 << 16);
	char *at = text ? strstr(text, "0::/") : NULL;

	if (!at || (at != text && at[-1] != '\n'))
		return str_dup("/");
	return str_ndup(at + 3, strcspn(at + 3, "\n"));
}

/* Where the container's cgroup is to be.  Relative paths, and the default (the id), start beside
 * our own cgroup: our own holds processes, and so may not pass controllers on. */
static char *cg_path(const struct config *conf, const char *id, int proc)
{
	const char *path = conf->cgroups_path && *conf->cgroups_path ? conf->cgroups_path : id;

	if (*path == '/')
		return path_clean(path);
	char *own = cg_of(proc, "self"), *slash = strrchr(own, '/');

	*slash = '\0';
	return path_clean(str_fmt("%s/%s", own, path));
}

static int cg_child(int dir, const char *name)
{
	return sys_openat2(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
			   RESOLVE_UNDER | RESOLVE_LINKS_NO | RESOLVE_XDEV_NO);
}

/* Passes every controller that dir has on to its children: all at once, then one by one, because
 * one that is refused (its cgroup holds processes, a v1 hierarchy has it) fails them all. */
static void cg_enable(int dir)
{
	char *have = file_read_at(dir, "cgroup.controllers", CG_TEXT), *save = NULL;
	char *on = have && *have ? file_read_at(dir, "cgroup.subtree_control", CG_TEXT) : NULL;
	struct buf all = { 0 };
	struct strs each = { 0 };

	if (!on || strcmp(have, on) == 0)
		return;
	for (char *name = strtok_r(have, " \n", &save); name; name = strtok_r(NULL, " \n", &save)) {
		strs_add(&each, str_fmt("+%s", name));
		buf_fmt(&all, "%s+%s", all.len ? " " : "", name);
	}
	if (!all.len || file_write_at(dir, "cgroup.subtree_control", all.p) == 0)
		return;
	/* It holds processes.  Those controllers that it could pass on all the same would make it a
	 * threaded domain, below which no container can be. */
	if (errno == EBUSY)
		return;
	for (size_t i = 0; i < each.n; i++)
		if (file_write_at(dir, "cgroup.subtree_control", each.v[i]) < 0)
			log_debug("cgroup.subtree_control: %s: %s", each.v[i], errno_text(errno));
}

/* Does cgroup.events of dir say so?  "populated 1", "frozen 1". */
static bool cg_says(int dir, const char *line)
{
	char *text = file_read_at(dir, "cgroup.events", CG_TEXT);

	return text && strstr(text, line);
}

/* Opens the container's cgroup; -1 with errno ENOENT when it is gone. */
static int cg_open(struct container *c)
{
	if (c->cgroup_fd >= 0)
		return 0;
	if (!*c->cgroup) {
		errno = ENOENT;
		return efail("%s: the container has no cgroup", c->id);
	}
	autoclose int root = cg_mount(c->proc_fd);

	if (root < 0)
		return -1;
	c->cgroup_fd = cg_child(root, c->cgroup + 1);   /* "/", never ours: not found */
	return c->cgroup_fd < 0 ? efail("cgroup %s", c->cgroup) : 0;
}

/* Refuses a cgroup that exists already and holds processes or is frozen, or is to be made below a
 * frozen one: init would freeze on birth, and create with it. */
static int cg_check_free(const struct container *c)
{
	autoclose int root = cg_mount(c->proc_fd);
	autoclose int dir = root < 0 ? -1 : cg_child(root, c->cgroup + 1);
	char *at = str_dup(c->cgroup), *slash;

	if (root < 0)
		return -1;
	if (!c->cgroup[1])
		return fail("cgroupsPath: the root cgroup cannot be a container's");
	if (dir >= 0 && cg_says(dir, "populated 1"))
		return fail("container's cgroup is not empty: %s holds processes", c->cgroup);
	/* The default place is beside our own cgroup: a frozen one above would have us as well. */
	while (dir < 0 && c->conf->cgroups_path && (slash = strrchr(at, '/')) > at) {
		*slash = '\0';
		dir = cg_child(root, at + 1);
	}
	if (dir >= 0 && cg_says(dir, "frozen 1"))
		return fail("container's cgroup is frozen: %s", at);
	return 0;                               /* to be made, or refused by cg_create() */
}

/* Makes c->cgroup and the way to it.  -1 with errno kept for the caller's judgement. */
static int cg_create(struct container *c)
{
	autoclose int dir = cg_mount(c->proc_fd);
	char *rest = str_dup(c->cgroup + 1), *save = NULL;

	if (dir < 0)
		return -1;
	for (char *name = strtok_r(rest, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		cg_enable(dir);
		bool made = mkdirat(dir, name, 0755) == 0;

		if (!made && errno != EEXIST)
			return efail("make cgroup %s: %s", c->cgroup, name);
		int next = cg_child(dir, name);

		if (next < 0)
			return efail("open cgroup %s: %s", c->cgroup, name);
		close_p(&dir);
		dir = next;
		c->cgroup_made = made;
	}
	c->cgroup_fd = take_fd(&dir);
	return 0;
}

/* Why the kernel would not let a process into the cgroup: EOPNOTSUPP or EBUSY of clone3() and of
 * writing cgroup.procs; err.no stays.  Anything else is not ours to explain: 0. */
static int cg_fail_join(const struct container *c)
{
	int no = errno;
	char *type = no == EOPNOTSUPP ? file_read_at(c->cgroup_fd, "cgroup.type", CG_TEXT) : NULL;

	if (type)
		fail("cgroup %s: is \"%.*s\" and takes no container; is a cgroup above it "
		     "threaded?", c->cgroup, (int)strcspn(type, "\n"), type);
	else if (no == EBUSY)
		fail("cgroup %s: passes controllers on to cgroups below it, so it may hold no "
		     "processes itself", c->cgroup);
	err.no = errno = no;
	return type || no == EBUSY ? -1 : 0;
}

enum { PIDS_MOST = 4 << 20 };           /* the kernel's PID_MAX_LIMIT */

/* The numbers that the limits table points at, computed from the configuration. */
struct cg_values {
	struct opt mem_max, mem_low, swap_max, cpu_weight, cpu_idle, cpu_burst, pids_max;
	char *cpu_max, *cpus, *mems;
};

/* In the order of writing: a swap limit below the memory limit must not stand alone, burst needs
 * its quota.  number: -1 is written as "max".  Exactly one of number and text is set. */
static const struct cg_limit {
	const char *file, *field;
	bool is_text;
	uint16_t off;
} cg_limits[] = {
#define N(file, field, m) { file, field, false, OFF(struct cg_values, m, struct opt) }
#define S(file, field, m) { file, field, true, OFF(struct cg_values, m, char *) }
	N("memory.swap.max", "memory.swap", swap_max), N("memory.max", "memory.limit", mem_max),
	N("memory.low", "memory.reservation", mem_low), N("cpu.idle", "cpu.idle", cpu_idle),
	N("cpu.weight", "cpu.shares", cpu_weight), S("cpu.max", "cpu.quota", cpu_max),
	N("cpu.max.burst", "cpu.burst", cpu_burst), S("cpuset.cpus", "cpu.cpus", cpus),
	S("cpuset.mems", "cpu.mems", mems), N("pids.max", "pids.limit", pids_max),
#undef N
#undef S
};

/* log2(x) for x >= 1: the mantissa by the series of atanh.  Exact enough for cg_weight(), and
 * without the 12 KiB of tables that the C library's log2() and pow() bring. */
static double cg_log2(double x)
{
	const double ln2 = 0.693147180559945309417;
	double n = 0, sum = 0, z, power;

	while (x >= 2) {
		x /= 2;
		n++;
	}
	z = (x - 1) / (x + 1);
	power = z;
	for (int k = 1; k < 40; k += 2) {
		sum += power / k;
		power *= z * z;
	}
	return n + 2 * sum / ln2;
}

/* 10^x for 0 <= x <= 4: the series of the exponential at x/16, squared four times. */
static double cg_pow10(double x)
{
	const double ln10 = 2.302585092994045684018;
	double t = x * ln10 / 16, term = 1, sum = 1;

	for (int k = 1; k < 24; k++) {
		term *= t / k;
		sum += term;
	}
	for (int k = 0; k < 4; k++)
		sum *= sum;
	return sum;
}

/* cpu.weight (1..10000) for cgroup v1 shares (2..262144): the curve through (2,1), (1024,100)
 * and (262144,10000) that runc and crun use since 2025, rounded up. */
static int64_t cg_weight(uint64_t shares)
{
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	double l = cg_log2((double)shares), w = cg_pow10((l * l + 125 * l) / 612 - 7.0 / 34);
	int64_t down = (int64_t)w;

	return w - (double)down > 1e-9 ? down + 1 : down;
}

/* memory.swap.max holds swap alone, the configuration memory and swap together. */
static int cg_swap(const struct resources_conf *r, struct opt *out)
{
	int64_t limit = r->memory.limit.set ? r->memory.limit.v : 0;
	int64_t both = r->memory.swap.set ? r->memory.swap.v : 0;

	if (both == 0) {
		if (limit == -1)
			*out = (struct opt){ true, -1 };
		return 0;
	}
	if (both == -1) {
		*out = (struct opt){ true, -1 };
		return 0;
	}
	if (limit == 0)
		return fail(
			"linux.resources.memory.swap: unable to set swap limit without "
			"memory limit");
	if (limit < 0 || both < limit)
		return fail(
			"linux.resources.memory.swap: memory+swap limit should be >= memory limit");
	*out = (struct opt){ true, both - limit };
	return 0;
}

static int cg_values(const struct resources_conf *r, struct cg_values *v)
{
	int64_t quota = r->cpu.quota.set ? r->cpu.quota.v : 0;
	int64_t period = r->cpu.period.set ? r->cpu.period.v : 0;

	TRY(cg_swap(r, &v->swap_max));
	if (r->memory.limit.v)                  /* zero means "no limit asked for", as in runc */
		v->mem_max = r->memory.limit;
	if (r->memory.reservation.v)
		v->mem_low = r->memory.reservation;
	if (r->cpu.shares.v > 0)
		v->cpu_weight = (struct opt){ true, cg_weight((uint64_t)r->cpu.shares.v) };
	if (quota || period)
		v->cpu_max = quota > 0 ?
			str_fmt("%" PRId64 " %" PRId64, quota, period ? period : 100000) :
			str_fmt("max %" PRId64, period ? period : 100000);
	v->cpu_idle = r->cpu.idle;
	if (v->cpu_idle.v == 1)                 /* an idle cgroup has no weight: EINVAL */
		v->cpu_weight.set = false;
	v->cpu_burst = r->cpu.burst;
	v->cpus = r->cpu.cpus && *r->cpu.cpus ? r->cpu.cpus : NULL;
	v->mems = r->cpu.mems && *r->cpu.mems ? r->cpu.mems : NULL;
	v->pids_max = r->pids.limit;
	if (v->pids_max.v > PIDS_MOST)          /* EINVAL, where it can only mean "no limit" */
		v->pids_max.v = -1;
	return 0;
}

/* Does a cgroup v1 hierarchy hold this controller? */
static bool cg_is_v1(int proc, const char *controller)
{
	char *v1 = file_read_at(proc, "self/cgroup", 1 << 16);

	if (str_eq(controller, "io"))
		controller = "blkio";
	return v1 && (strstr(v1, str_fmt(":%s:", controller)) ||
		      strstr(v1, str_fmt(",%s:", controller)) ||
		      strstr(v1, str_fmt(":%s,", controller)) ||
		      strstr(v1, str_fmt(",%s,", controller)));
}

/* Is the word in that file of dir? */
static bool cg_lists(int dir, const char *file, const char *word)
{
	char *text = file_read_at(dir, file, CG_TEXT), *save = NULL;

	for (char *w = text ? strtok_r(text, " \n", &save) : NULL; w;
	     w = strtok_r(NULL, " \n", &save))
		if (str_eq(w, word))
			return true;
	return false;
}

/* /proc/cgroups has them all, also those of cgroup v1; io by its old name. */
static bool cg_controller_in_kernel(int proc, const char *name)
{
	char *text = file_read_at(proc, "cgroups", 65536);

	return !text || strstr(text, str_fmt("\n%s\t", str_eq(name, "io") ? "blkio" : name));
}

/* The options that the kernel lacks which has no such controller. */
static char *cg_lacks(const char *controller, const char *file)
{
	const char *name = str_fmt("%s controller", controller);
	const char *option = option_for(cgroup_options, name);
	const char *of_file = option_for(cgroup_options, file);

	if (!*option || str_eq(option, of_file))
		return str_fmt("no %s%s", name, option_lacks(cgroup_options, name));
	return str_fmt("no %s (the kernel lacks %s; %s also needs %s)", name, option, file,
		       of_file);
}

/* Why a controller is not there: follows the path to where it gets lost, and asks for it once more
 * to hear the reason.  Costs nothing until it is needed. */
static char *cg_why(const struct container *c, const char *controller, const char *file)
{
	char *rest = str_dup(c->cgroup), *name, *save = NULL;
	autoclose int dir = cg_mount(c->proc_fd);

	if (!cg_controller_in_kernel(c->proc_fd, controller))
		return cg_lacks(controller, file);
	if (cg_is_v1(c->proc_fd, controller))
		return str_fmt("the %s controller is bound to cgroup v1 here; boot with "
			       "cgroup_no_v1=all to use it", controller);
	for (name = strtok_r(rest, "/", &save); name && dir >= 0;
	     name = strtok_r(NULL, "/", &save)) {
		const char *at = str_fmt("%.*s", (int)(name - rest), c->cgroup);
		int next = cg_child(dir, name);

		const char *procs = at[1] ? file_read_at(dir, "cgroup.procs", 1 << 20) : "";
		const char *why = NULL;

		if (!cg_lists(dir, "cgroup.controllers", controller) ||
		    cg_lists(dir, "cgroup.subtree_control", controller))
			;
		else if (procs && *procs)
			why = "it holds processes, and only a cgroup that holds none may";
		else if (file_write_at(dir, "cgroup.subtree_control",
				       str_fmt("+%s", controller)) < 0)
			why = errno_text(errno);
		if (why) {
			close_p(&next);
			return str_fmt("cgroup %s does not pass the %s controller on "
				       "(cgroup.subtree_control): %s", at, controller, why);
		}
		close_p(&dir);
		dir = next;
	}
	return str_fmt("the %s controller is not available in cgroup %s", controller, c->cgroup);
}

/* Why a limit could not be set: the value, the file, or the controller and where it went. */
static int cg_fail(const struct container *c, const char *file, const char *field,
		   const char *value)
{
	int no = errno;
	char *controller = str_ndup(file, strcspn(file, "."));
	bool lacks = no == ENOENT && !str_eq(controller, "cgroup") &&
		     !cg_lists(c->cgroup_fd, "cgroup.controllers", controller);

	if (str_eq(field, "unified") && lacks)
		return fail("linux.resources: unified resource \"%s\" can't be set: controller "
			    "\"%s\" not available: %s", file, controller,
			    cg_why(c, controller, file));
	if (lacks)
		return fail("linux.resources.%s: cannot write \"%s\" to %s: %s", field, value, file,
			    cg_why(c, controller, file));
	if (no == ENOENT)
		return fail_no(no, "linux.resources.%s: cannot write \"%s\": this kernel has no "
			       "%s%s", field, value, file, option_lacks(cgroup_options, file));
	return fail_no(no, "linux.resources.%s: write \"%s\" to %s", field, value, file);
}

/* What files said before they were written, the newest last, so that a failing `update` can put it
 * back.  on: `update` only. */
static struct { bool on; struct strs files, texts; } cg_undo;

static void cg_undo_add(const char *file, char *text)
{
	strs_add(&cg_undo.files, str_dup(file));
	strs_add(&cg_undo.texts, text);
}

/* In a file with a line for each device ("8:0 rbps=1") only that line counts; where there was none,
 * what takes the limit off again. */
static void cg_remember(const struct container *c, const char *file, const char *value)
{
	char *old = file_read_at(c->cgroup_fd, file, 1 << 16), *save = NULL;
	size_t key = strcspn(value, " "), n = cg_undo.files.n;
	bool device = value[key] && memchr(value, ':', key);

	if (!old)                               /* is only written: nothing to go back to */
		return;
	for (char *l = strtok_r(old, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (!device || strncmp(l, value, key + 1) == 0)
			cg_undo_add(file, l);
	if (cg_undo.files.n > n)
		return;
	/* A cpuset that holds processes takes no empty list again (ENOSPC): what it amounts to. */
	if (str_starts(file, "cpuset.") &&
	    (old = file_read_at(c->cgroup_fd, str_fmt("%s.effective", file), CG_TEXT)))
		cg_undo_add(file, old);
	else
		cg_undo_add(file, !device ? str_dup("\n") : str_fmt("%.*s %s", (int)key, value,
			    str_eq(file, "io.max") ? "rbps=max wbps=max riops=max wiops=max" :
						     "default"));
}

static void cg_roll_back(const struct container *c)
{
	for (size_t i = cg_undo.files.n; i-- > 0;)
		if (file_write_at(c->cgroup_fd, cg_undo.files.v[i], cg_undo.texts.v[i]) < 0)
			log_warn("%s: put \"%s\" back: %s", cg_undo.files.v[i],
				 cg_undo.texts.v[i], errno_text(errno));
}

static int cg_write(const struct container *c, const char *file, const char *field,
		    const char *value)
{
	if (c->cgroup_fd < 0)
		return fail("linux.resources.%s: %s", field,
			    c->no_cgroup ? c->no_cgroup : "the container has no cgroup");
	if (cg_undo.on)
		cg_remember(c, file, value);
	return file_write_at(c->cgroup_fd, file, value) < 0 ? cg_fail(c, file, field, value) : 0;
}

/* linux.resources.unified: file names to texts; several lines are several writes.  The messages
 * are runc's. */
static int cg_unified(const struct container *c, const struct map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		char *line = str_dup(m->v[i].value), *save = NULL;
		const char *key = m->v[i].key;

		if (strchr(key, '/'))
			return fail("linux.resources: unified resource \"%s\" must be a file name "
				    "(no slashes)", key);
		if (!strchr(key, '.') || *key == '.')
			return fail("linux.resources: unified resource \"%s\" must be in the form "
				    "CONTROLLER.PARAMETER", key);
		for (line = strtok_r(line, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
			TRY(cg_write(c, key, "unified", line));
	}
	return 0;
}

static int cg_hugepages(const struct container *c, const struct resources_conf *r)
{
	for (size_t i = 0; i < r->n_hugepages; i++) {
		const struct hugepage_conf *h = &r->hugepages[i];
		char *file = str_fmt("hugetlb.%s.rsvd.max", h->size);
		char *value = str_fmt("%" PRIu64, h->limit);

		/* the reservation limit first; kernels before 5.7 have none */
		if (c->cgroup_fd >= 0 && faccessat(c->cgroup_fd, file, F_OK, 0) == 0)
			TRY(cg_write(c, file, "hugepageLimits", value));
		TRY(cg_write(c, str_fmt("hugetlb.%s.max", h->size), "hugepageLimits", value));
	}
	return 0;
}

/* io.weight (1..10000) for a weight of cgroup v1 (10..1000), as runc and crun convert it. */
static int64_t cg_io_weight(int64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

/* linux.resources.blockIO.  The weights of v1 are those of the BFQ scheduler; without it they go to
 * io.weight, which has a wider range. */
static int cg_io(const struct container *c, const struct resources_conf *r)
{
	bool weights = r->io.weight.v || r->io.n_devices;
	bool bfq = weights && c->cgroup_fd >= 0 &&
		   faccessat(c->cgroup_fd, "io.bfq.weight", F_OK, 0) == 0;
	const char *file = bfq ? "io.bfq.weight" : "io.weight";
	int64_t w = r->io.weight.v;

	if (w)
		TRY(cg_write(c, file, "blockIO.weight",
			     str_fmt("%" PRId64, bfq ? w : cg_io_weight(w))));
	for (size_t i = 0; i < r->io.n_devices; i++) {
		const struct io_weight *d = &r->io.devices[i];

		w = d->weight.v;
		if (w)
			TRY(cg_write(c, file, "blockIO.weightDevice",
				     str_fmt("%" PRId64 ":%" PRId64 " %" PRId64, d->major,
					     d->minor, bfq ? w : cg_io_weight(w))));
	}
	for (int k = 0; k < IO_LIMITS; k++)
		for (size_t i = 0; i < r->io.rates[k].n_v; i++) {
			const struct io_rate *d = &r->io.rates[k].v[i];
			/* on v1 a rate of zero takes the limit off */
			const char *rate = d->rate ? str_fmt("%" PRIu64, d->rate) : "max";

			TRY(cg_write(c, "io.max", str_fmt("blockIO.%s", io_limits[k].field),
				     str_fmt("%" PRId64 ":%" PRId64 " %s=%s", d->major, d->minor,
					     io_limits[k].key, rate)));
		}
	return 0;
}

static int cg_rdma(const struct container *c, const struct resources_conf *r)
{
	for (size_t i = 0; i < r->n_rdma; i++) {
		const struct rdma_conf *d = &r->rdma[i];
		struct buf b = { 0 };

		if (!*d->name || d->name[strcspn(d->name, " \t\n")])
			return fail("linux.resources.rdma: \"%s\" is not the name of a device",
				    d->name);
		buf_fmt(&b, "%s", d->name);
		if (d->handles.set)
			buf_fmt(&b, " hca_handle=%" PRId64, d->handles.v);
		if (d->objects.set)
			buf_fmt(&b, " hca_object=%" PRId64, d->objects.v);
		TRY(cg_write(c, "rdma.max", "rdma", b.p));
	}
	return 0;
}

/* Gives a delegated cgroup to its user: the directory and the files that the kernel lists for that
 * (config-linux.md "Cgroup ownership").  uid: of the host. */
static int cg_chown(const struct container *c, uid_t uid)
{
	static const char usual[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	char *list = file_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", CG_TEXT), *save = NULL;

	must(c->cgroup_fd >= 0);
	if (fchownat(c->cgroup_fd, "", uid, (gid_t)-1, AT_EMPTY_PATH) < 0)
		return efail("give cgroup %s to uid %u", c->cgroup, uid);
	list = list ? list : str_dup(usual);
	for (char *f = strtok_r(list, "\n", &save); f; f = strtok_r(NULL, "\n", &save))
		if (fchownat(c->cgroup_fd, f, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return efail("give %s of cgroup %s to uid %u", f, c->cgroup, uid);
	return 0;
}

/* What is to be written for one limit, NULL: nothing. */
static const char *cg_text(const struct cg_values *v, const struct cg_limit *l)
{
	const void *at = (const char *)v + l->off;
	const struct opt *number = at;

	return l->is_text ? *(char *const *)at : !number->set ? NULL :
	       number->v == -1 ? "max" : str_fmt("%" PRId64, number->v);
}

/* A number in a file of the cgroup; "max" is UINT64_MAX.  False if there is none. */
static bool cg_number(int dir, const char *file, uint64_t *out)
{
	char *text = file_read_at(dir, file, CG_TEXT);

	if (!text)
		return false;
	text[strcspn(text, "\n")] = '\0';
	*out = UINT64_MAX;
	return str_eq(text, "max") || str_u64(text, UINT64_MAX, out) == 0;
}

/* The number after `key` in a text of lines "key number"; 0 if there is none. */
static uint64_t cg_value_of(const char *text, const char *key)
{
	size_t n = strlen(key);
	uint64_t v = 0;

	for (const char *l = text; l && *l; l = strchr(l, '\n'), l = l ? l + 1 : l)
		if (strncmp(l, key, n) == 0 && l[n] == ' ' &&
		    str_u64(str_ndup(l + n + 1, strcspn(l + n + 1, "\n")), UINT64_MAX, &v) == 0)
			return v;
	return 0;
}

/* How many processes of the cgroup the kernel has killed for want of memory. */
static uint64_t cg_oom_kills(const struct container *c)
{
	char *text = c->cgroup_fd < 0 ? NULL : file_read_at(c->cgroup_fd, "memory.events", CG_TEXT);

	return cg_value_of(text, "oom_kill");
}

/* linux.resources.memory.checkBeforeUpdate: on cgroup v2 a limit below the usage kills. */
static int cg_check_usage(const struct container *c, const struct resources_conf *r)
{
	uint64_t now;
	int64_t limit = r->memory.limit.v, both = r->memory.swap.v;

	if (!r->memory.check_before_update || !cg_number(c->cgroup_fd, "memory.current", &now))
		return 0;
	if (both > 0 && (uint64_t)both <= now)
		return fail("linux.resources.memory.swap: rejecting memory+swap limit %" PRId64
			    " <= usage %" PRIu64, both, now);
	if (limit > 0 && (uint64_t)limit <= now)
		return fail("linux.resources.memory.limit: rejecting memory limit %" PRId64
			    " <= usage %" PRIu64, limit, now);
	return 0;
}

static int cg_apply_values(const struct container *c, const struct resources_conf *r,
			   const struct cg_values *v)
{
	/* The kernel takes no burst above the quota: one of the two orders is right, and the table
	 * has the other.  Its word on the value comes there. */
	if (v->cpu_burst.set && v->cpu_max && c->cgroup_fd >= 0) {
		if (cg_undo.on)
			cg_remember(c, "cpu.max.burst", "");
		file_write_at(c->cgroup_fd, "cpu.max.burst", str_fmt("%" PRId64, v->cpu_burst.v));
	}
	for (size_t i = 0; i < LEN(cg_limits); i++) {
		const struct cg_limit *l = &cg_limits[i];
		const char *text = cg_text(v, l);

		/* Nothing limits what has no controller: "max" is true already, and so is no swap
		 * on a kernel that does not account for it (swapaccount=0). */
		bool given = text && (str_eq(text, "max") || (str_eq(text, "0") && l == cg_limits));

		if (given && c->cgroup_fd >= 0 && faccessat(c->cgroup_fd, l->file, F_OK, 0) < 0)
			continue;
		if (text)
			TRY(cg_write(c, l->file, l->field, text));
	}
	TRY(cg_io(c, r));
	TRY(cg_hugepages(c, r));
	TRY(cg_rdma(c, r));
	return cg_unified(c, &r->unified);
}

/* What is accepted and has no effect on cgroup v2, as in runc. */
static void cg_warn_ignored(const struct resources_conf *r)
{
	if (r->memory.swappiness.set)
		log_warn("linux.resources.memory.swappiness has no meaning on cgroup v2: ignored");
	if (r->memory.kernel.set || r->memory.kernel_tcp.set)
		log_warn("linux.resources.memory.kernel: obsolete kernel memory limit ignored");
}

/* Writes every limit that the configuration names, and nothing else. */
static int cg_apply(const struct container *c, const struct resources_conf *r)
{
	struct cg_values v = { 0 };

	cg_warn_ignored(r);
	TRY(cg_values(r, &v));
	TRY(cg_check_usage(c, r));
	return cg_apply_values(c, r, &v);
}

/* What a change of one value needs to know of its partner (memory and memory+swap, quota and
 * period), read from the cgroup: the kernel knows best what holds now. */
static void cg_read_partners(const struct container *c, struct resources_conf *r)
{
	uint64_t memory, swap, v;
	char *cpu = file_read_at(c->cgroup_fd, "cpu.max", CG_TEXT);
	bool has_memory = cg_number(c->cgroup_fd, "memory.max", &memory) && memory != UINT64_MAX;
	bool has_swap = cg_number(c->cgroup_fd, "memory.swap.max", &swap) && swap != UINT64_MAX;

	if (r->memory.limit.v == -1 && !r->memory.swap.set)     /* as runc: both unlimited */
		r->memory.swap = (struct opt){ true, -1 };
	if (r->memory.limit.v > 0 && !r->memory.swap.set && has_memory && has_swap)
		r->memory.swap = (struct opt){ true, (int64_t)(memory + swap) };
	if (r->memory.swap.v && !r->memory.limit.v && has_memory)
		r->memory.limit = (struct opt){ true, (int64_t)memory };
	if (cpu && r->cpu.quota.set && !r->cpu.period.set &&
	    str_u64(str_word(cpu, 1), INT64_MAX, &v) == 0)
		r->cpu.period = (struct opt){ true, (int64_t)v };
	if (cpu && r->cpu.period.set && !r->cpu.quota.set &&
	    str_u64(str_word(cpu, 0), INT64_MAX, &v) == 0)
		r->cpu.quota = (struct opt){ true, (int64_t)v };
}

/* `update`: writes what r names and what follows from it.  On failure the old limits are back. */
static int cg_update(const struct container *c, const struct resources_conf *r)
{
	struct resources_conf all = *r;
	struct cg_values v = { 0 };

	cg_warn_ignored(r);
	cg_read_partners(c, &all);
	TRY(cg_values(&all, &v));
	v.mem_max.set &= r->memory.limit.set;   /* only read */
	TRY(cg_check_usage(c, r));
	cg_undo.on = true;
	if (cg_apply_values(c, r, &v) == 0)
		return 0;
	cg_roll_back(c);
	return -1;
}

/* -- devices: the ordered allow and deny list of cgroup v1 as one BPF program ---------------- */

enum {
	DEV_M = BPF_DEVCG_ACC_MKNOD, DEV_R = BPF_DEVCG_ACC_READ, DEV_W = BPF_DEVCG_ACC_WRITE,
	DEV_ALL = DEV_M | DEV_R | DEV_W,
};
#define DEV_ANY (-1)

struct dev_rule { char type; int64_t major, minor; unsigned access; };

/* The state of v1's device cgroup: a default and the exceptions to it. */
struct dev_list { bool allow; struct dev_rule *v; size_t n, cap; };

/* Always allowed after the configuration's own rules, as in runc: making any node, opening the
 * default devices, ptys and tun. */
static const struct dev_rule cg_device_defaults[] = {
	{ 'c', DEV_ANY, DEV_ANY, DEV_M }, { 'b', DEV_ANY, DEV_ANY, DEV_M },
	{ 'c', 1, 3, DEV_ALL }, { 'c', 1, 5, DEV_ALL }, { 'c', 1, 7, DEV_ALL },
	{ 'c', 1, 8, DEV_ALL }, { 'c', 1, 9, DEV_ALL }, { 'c', 5, 0, DEV_ALL },
	{ 'c', 5, 1, DEV_ALL }, { 'c', 5, 2, DEV_ALL }, { 'c', 136, DEV_ANY, DEV_ALL },
	{ 'c', 10, 200, DEV_ALL },
};

static bool dev_covers(const struct dev_rule *a, const struct dev_rule *b)
{
	return a->type == b->type && (a->major == DEV_ANY || a->major == b->major) &&
	       (a->minor == DEV_ANY || a->minor == b->minor);
}

static bool dev_same(const struct dev_rule *a, const struct dev_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

/* One rule for type c or b.  Against the default it is an exception; with the default it takes
 * bits from the exception of the same device, and a hole in a wider one is an error: the kernel's
 * v1 code would have left the device open without a word. */
static int dev_apply(struct dev_list *l, bool allow, const struct dev_rule *r)
{
	size_t i = 0;

	while (i < l->n && !dev_same(&l->v[i], r))
		i++;
	if (allow != l->allow) {
		if (i == l->n) {
			if (l->n == l->cap)
				return fail("too many device rules");
			l->v[l->n++] = (struct dev_rule){ r->type, r->major, r->minor, 0 };
		}
		l->v[i].access |= r->access;
		return 0;
	}
	if (i < l->n) {
		l->v[i].access &= ~r->access;
		if (!l->v[i].access) {
			memmove(&l->v[i], &l->v[i + 1], (l->n - i - 1) * sizeof *l->v);
			l->n--;
		}
	}
	for (i = 0; i < l->n && !l->allow; i++)
		if (!dev_same(&l->v[i], r) && dev_covers(&l->v[i], r) &&
		    (l->v[i].access & r->access))
			return fail("denying device %c %" PRId64 ":%" PRId64
				    " would be a hole in a rule that "
				    "allows more",
				    r->type, r->major, r->minor);
	return 0;
}

static int dev_rule(struct dev_list *l, const struct device_rule *d)
{
	struct dev_rule r = { 0 };
	char type = d->type && *d->type ? *d->type : 'a';

	r.major = d->major.set ? d->major.v : DEV_ANY;
	r.minor = d->minor.set ? d->minor.v : DEV_ANY;
	for (const char *a = d->access ? d->access : "rwm"; *a; a++)
		r.access |= *a == 'r' ? DEV_R : *a == 'w' ? DEV_W : DEV_M;
	if (type == 'a' && r.major == DEV_ANY && r.minor == DEV_ANY) {
		l->allow = d->allow;            /* everything: start over */
		l->n = 0;
		return 0;
	}
	if (type != 'b') {
		r.type = 'c';
		TRY(dev_apply(l, d->allow, &r));
	}
	if (type == 'a' || type == 'b') {
		r.type = 'b';
		TRY(dev_apply(l, d->allow, &r));
	}
	return 0;
}

static int dev_list(struct dev_list *l, const struct device_rule *rules, size_t n)
{
	/* The program's jumps are 16 bits; DEV_HIT and DEV_MISS must stay out of their reach. */
	if (n > 2000)
		return fail("linux.resources.devices: more than 2000 rules");
	*l = (struct dev_list){ .cap = 2 * n + LEN(cg_device_defaults) };
	l->v = arena_alloc(l->cap * sizeof *l->v);
	for (size_t i = 0; i < n; i++)
		if (dev_rule(l, &rules[i]) < 0)
			return ctx("linux.resources.devices[%zu]", i);
	for (size_t i = 0; i < LEN(cg_device_defaults); i++)
		TRY(dev_apply(l, true, &cg_device_defaults[i]));
	return 0;
}

struct dev_prog { struct bpf_insn *v; size_t n; };
enum { DEV_HIT = 0x7ffe, DEV_MISS = 0x7fff };   /* jump offsets that wait for their target */

static struct bpf_insn *dev_emit(struct dev_prog *p, uint8_t code, unsigned dst, unsigned src)
{
	struct bpf_insn *i = &p->v[p->n++];

	*i = (struct bpf_insn){ .code = code, .dst_reg = dst & 15, .src_reg = src & 15 };
	return i;
}

static void dev_emit_imm(struct dev_prog *p, uint8_t code, unsigned dst, int32_t imm)
{
	dev_emit(p, code, dst, 0)->imm = imm;
}

/* The test of one exception: goes to the hit exit when it holds, else falls through. */
static void dev_emit_rule(struct dev_prog *p, const struct dev_list *l, const struct dev_rule *r)
{
	enum { MAJOR = 3, DEV = 4, ACCESS = 2, TMP = 5 };
	size_t skip[2], n = 0;
	bool all = r->access == DEV_ALL;        /* then matching the device is all there is */
	uint8_t jump = BPF_JMP32 | BPF_K | (all ? BPF_JEQ : BPF_JNE);

	if (r->major != DEV_ANY && r->minor != DEV_ANY) {
		dev_emit_imm(p, jump, DEV,
			     (int32_t)((uint32_t)r->major << 20 | (uint32_t)r->minor));
	} else if (r->major != DEV_ANY) {
		dev_emit_imm(p, jump, MAJOR, (int32_t)r->major);
	} else if (r->minor != DEV_ANY) {
		dev_emit(p, BPF_ALU | BPF_MOV | BPF_X, TMP, DEV);
		dev_emit_imm(p, BPF_ALU | BPF_AND | BPF_K, TMP, (1 << 20) - 1);
		dev_emit_imm(p, jump, TMP, (int32_t)r->minor);
	}
	if (all) {
		p->v[p->n - 1].off = DEV_HIT;
		return;
	}
	if (r->major != DEV_ANY || r->minor != DEV_ANY)
		skip[n++] = p->n - 1;
	/* Default deny: every asked bit must be allowed.  Default allow: any one is denied. */
	dev_emit(p, BPF_ALU | BPF_MOV | BPF_X, TMP, ACCESS);
	dev_emit_imm(p, BPF_ALU | BPF_AND | BPF_K, TMP,
		     (int32_t)(l->allow ? r->access : DEV_ALL & ~r->access));
	dev_emit_imm(p, BPF_JMP32 | BPF_K | (l->allow ? BPF_JNE : BPF_JEQ), TMP, 0);
	p->v[p->n - 1].off = DEV_HIT;
	while (n--)
		p->v[skip[n]].off = (int16_t)(p->n - skip[n] - 1);
}

/* An exit of the program, and the jumps that were waiting for it. */
static void dev_emit_exit(struct dev_prog *p, int16_t waiting, bool verdict)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].off == waiting)
			p->v[i].off = (int16_t)(p->n - i - 1);
	dev_emit_imm(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, verdict);
	dev_emit(p, BPF_JMP | BPF_EXIT, 0, 0);
}

/* The part of the program for one type.  An exception for every device of it decides alone, and
 * the verifier wants no unreachable code after it. */
static void dev_emit_type(struct dev_prog *p, const struct dev_list *l, char type)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct dev_rule *r = &l->v[i];

		if (r->type == type && r->major == DEV_ANY && r->minor == DEV_ANY &&
		    r->access == DEV_ALL) {
			dev_emit(p, BPF_JMP | BPF_JA, 0, 0)->off = DEV_HIT;
			return;
		}
	}
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].type == type)
			dev_emit_rule(p, l, &l->v[i]);
	dev_emit(p, BPF_JMP | BPF_JA, 0, 0)->off = DEV_MISS;
}

/* Compiles the list.  Input: struct bpf_cgroup_dev_ctx (linux/bpf.h).  Major and minor fit one
 * 32-bit word, so that most rules are one instruction. */
static void dev_compile(const struct dev_list *l, struct dev_prog *p)
{
	size_t to_block;

	*p = (struct dev_prog){ .v = arena_alloc((l->n * 6 + 20) * sizeof(struct bpf_insn)) };
	dev_emit(p, BPF_LDX | BPF_MEM | BPF_W, 2, 1)->off = 0;          /* access << 16 | type  */
	dev_emit(p, BPF_LDX | BPF_MEM | BPF_W, 3, 1)->off = 4;          /* major                */
	dev_emit(p, BPF_LDX | BPF_MEM | BPF_W, 5, 1)->off = 8;          /* minor                */
	dev_emit(p, BPF_ALU | BPF_MOV | BPF_X, 4, 3);
	dev_emit_imm(p, BPF_ALU | BPF_LSH | BPF_K, 4, 20);
	dev_emit(p, BPF_ALU | BPF_OR | BPF_X, 4, 5);                    /* r4: major and minor  */
	dev_emit(p, BPF_ALU | BPF_MOV | BPF_X, 6, 2);
	dev_emit_imm(p, BPF_ALU | BPF_AND | BPF_K, 6, 0xffff);          /* r6: type             */
	dev_emit_imm(p, BPF_ALU | BPF_RSH | BPF_K, 2, 16);              /* r2: access           */
	to_block = p->n;
	dev_emit_imm(p, BPF_JMP32 | BPF_JEQ | BPF_K, 6, BPF_DEVCG_DEV_BLOCK);
	dev_emit_type(p, l, 'c');
	p->v[to_block].off = (int16_t)(p->n - to_block - 1);
	dev_emit_type(p, l, 'b');
	bool hit = false, miss = false;

	for (size_t i = 0; i < p->n; i++) {
		hit |= p->v[i].off == DEV_HIT;
		miss |= p->v[i].off == DEV_MISS;
	}
	if (hit)
		dev_emit_exit(p, DEV_HIT, !l->allow);
	if (miss)
		dev_emit_exit(p, DEV_MISS, l->allow);
}

static int dev_load(const struct dev_prog *p)
{
	union bpf_attr a = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE, .insns = (uint64_t)(uintptr_t)p->v,
		.insn_cnt = (uint32_t)p->n, .license = (uint64_t)(uintptr_t)"",
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof a);

	/* Before 5.11 programs count against RLIMIT_MEMLOCK, which is small by default. */
	if (fd < 0 && errno == EPERM) {
		struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

		if (setrlimit(RLIMIT_MEMLOCK, &all) < 0) {
			errno = EPERM;
			return -1;
		}
		fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof a);
	}
	return fd;
}

/* The device programs that a cgroup of others' making has: at most n.  One alone can be replaced
 * in the same step that attaches ours; more are taken off after it, so that there is no moment
 * without a program. */
static uint32_t dev_attached(int cgroup, uint32_t *ids, uint32_t n)
{
	union bpf_attr a = { .query = {
		.target_fd = (uint32_t)cgroup, .attach_type = BPF_CGROUP_DEVICE,
		.prog_ids = (uint64_t)(uintptr_t)ids, .prog_cnt = n,
	} };

	memset(ids, 0, n * sizeof *ids);
	return syscall(SYS_bpf, BPF_PROG_QUERY, &a, sizeof a) < 0 ? 0 : a.query.prog_cnt;
}

static int dev_program_fd(uint32_t id)
{
	union bpf_attr a = { .prog_id = id };

	return (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &a, sizeof a);
}

/* Puts a program (-1: none) in the place of those that are there.  -1 with errno set. */
static int dev_attach(const struct container *c, int prog_fd)
{
	uint32_t old[64];
	uint32_t n = c->cgroup_made ? 0 : dev_attached(c->cgroup_fd, old, LEN(old));
	union bpf_attr a = {
		.target_fd = (uint32_t)c->cgroup_fd, .attach_bpf_fd = (uint32_t)prog_fd,
		.attach_type = BPF_CGROUP_DEVICE, .attach_flags = BPF_F_ALLOW_MULTI,
	};

	if (prog_fd >= 0 && n == 1) {
		autoclose int fd = dev_program_fd(old[0]);

		a.attach_flags |= BPF_F_REPLACE;
		a.replace_bpf_fd = (uint32_t)fd;
		if (fd >= 0 && syscall(SYS_bpf, BPF_PROG_ATTACH, &a, sizeof a) == 0)
			return 0;
		a.attach_flags = BPF_F_ALLOW_MULTI;
		a.replace_bpf_fd = 0;
	}
	if (prog_fd >= 0 && syscall(SYS_bpf, BPF_PROG_ATTACH, &a, sizeof a) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		autoclose int fd = dev_program_fd(old[i]);
		union bpf_attr d = {
			.target_fd = (uint32_t)c->cgroup_fd, .attach_bpf_fd = (uint32_t)fd,
			.attach_type = BPF_CGROUP_DEVICE,
		};

		if (fd < 0 || syscall(SYS_bpf, BPF_PROG_DETACH, &d, sizeof d) < 0)
			return -1;
	}
	return 0;
}

/* Makes the configuration's device policy that of the cgroup, in place of any it had.  Where we
 * lack the privilege and run for an ordinary user (bpf(2) needs it in the first user namespace)
 * file permissions alone decide, as in runc. */
static int cg_devices(const struct container *c, const struct resources_conf *r, bool rootless)
{
	struct dev_list l = { 0 };
	struct dev_prog p;

	TRY(dev_list(&l, r->devices, r->n_devices));
	bool any = l.allow && !l.n;             /* needs no program */

	if (c->no_cgroup && r->n_devices && !any && !rootless)
		return fail("linux.resources.devices: %s", c->no_cgroup);
	if (c->cgroup_fd < 0 || (any && c->cgroup_made))
		return 0;
	if (!any)
		dev_compile(&l, &p);
	autoclose int prog_fd = any ? -1 : dev_load(&p);

	if ((any || prog_fd >= 0) && dev_attach(c, prog_fd) == 0)
		return 0;
	if (rootless && (errno == EPERM || errno == EACCES))
		return 0;
	bool lacks = errno == ENOSYS || errno == EINVAL;
	const char *option = errno == ENOSYS ? "CONFIG_BPF_SYSCALL" : "CONFIG_CGROUP_BPF";

	if (lacks && r->n_devices)
		return fail("linux.resources.devices: the kernel lacks %s", option);
	if (lacks) {                            /* nobody asked: capabilities and /dev decide */
		log_warn("no device policy (the kernel lacks %s)", option);
		return 0;
	}
	return efail("linux.resources.devices: device program");
}

/* -- the life of a cgroup ---------------------------------------------------------------------- */

/* Waits until cgroup.events says `line`, for up to ms milliseconds; woken by the kernel, which
 * marks the file with POLLPRI at each change. */
static int cg_wait_event(int dir, const char *line, int ms)
{
	autoclose int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct timespec now, end;
	char text[256];

	if (fd < 0)
		return efail("cgroup.events");
	clock_gettime(CLOCK_MONOTONIC, &end);
	for (;;) {
		ssize_t n = pread(fd, text, sizeof text - 1, 0);

		if (n < 0)
			return errno == ENODEV ? 0 : efail("cgroup.events"); /* removed meanwhile */
		text[n] = '\0';
		if (strstr(text, line))
			return 0;
		clock_gettime(CLOCK_MONOTONIC, &now);
		int64_t left = ms - ((now.tv_sec - end.tv_sec) * 1000 +
				     (now.tv_nsec - end.tv_nsec) / 1000000);

		if (left <= 0)
			return fail("cgroup: still not \"%s\" after %d ms", line, ms);
		struct pollfd pfd = { .fd = fd, .events = POLLPRI };

		poll(&pfd, 1, (int)left);
	}
}

static bool cg_is_frozen(struct container *c)
{
	if (cg_open(c) < 0) {
		err_clear();                    /* no cgroup, nothing frozen */
		return false;
	}
	return cg_says(c->cgroup_fd, "frozen 1");
}

static bool cg_is_freezing(const struct container *c)
{
	char *text = c->cgroup_fd < 0 ? NULL : file_read_at(c->cgroup_fd, "cgroup.freeze", CG_TEXT);

	return text && *text == '1';
}

static int cg_freeze(struct container *c, bool freeze)
{
	TRY(cg_open(c));
	if (file_write_at(c->cgroup_fd, "cgroup.freeze", freeze ? "1" : "0") < 0)
		return efail("write cgroup.freeze");
	return cg_wait_event(c->cgroup_fd, freeze ? "frozen 1" : "frozen 0", 10000);
}

/* Calls visit for dir and every cgroup below it, the deepest first.  -1 stops the walk. */
static int cg_walk(int dir, int (*visit)(int dir, void *arg), void *arg)
{
	struct strs below = { 0 };

	TRY(dir_list(dir, &below));
	for (size_t i = 0; i < below.n; i++) {
		autoclose int child = cg_child(dir, below.v[i]);

		if (child >= 0)                 /* else removed meanwhile */
			TRY(cg_walk(child, visit, arg));
	}
	return visit(dir, arg);
}

static int cg_visit_pids(int dir, void *arg)
{
	char *text = file_read_at(dir, "cgroup.procs", 64 << 20), *save = NULL;

	if (!text)
		return errno == EOPNOTSUPP || errno == ENODEV ? 0 : efail("read cgroup.procs");
	for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		strs_add(arg, p);
	return 0;
}

/* Pids in the container's cgroup and below, as decimal texts. */
static int cg_pids(struct container *c, struct strs *pids)
{
	TRY(cg_open(c));
	return cg_walk(c->cgroup_fd, cg_visit_pids, pids);
}

/* Signals those of `pids` (at most 64, from *at on) that are still in the cgroup and were not
 * signalled before.  Their pidfds are opened first and the list is read again: a pid that is in
 * both is the process that the pidfd holds, however fast pids are reused.  Returns how many. */
static int cg_signal_some(struct container *c, int sig, const struct strs *pids, struct strs *done)
{
	struct { char *pid; int fd; } held[64];
	struct strs now = { 0 };
	size_t n = 0, sent = 0;

	for (size_t i = 0; i < pids->n && n < LEN(held); i++) {
		uint64_t pid;

		if (strs_has(done, pids->v[i]) || str_u64(pids->v[i], INT_MAX, &pid) < 0 || !pid)
			continue;               /* 0: of another pid namespace */
		held[n].pid = pids->v[i];
		held[n].fd = sys_pidfd_open((pid_t)pid);
		n += held[n].fd >= 0;
	}
	int r = n ? cg_pids(c, &now) : 0;

	for (size_t i = 0; i < n; i++) {
		if (r == 0 && strs_has(&now, held[i].pid)) {
			sys_pidfd_signal(held[i].fd, sig);      /* ESRCH: gone, which is fine */
			strs_add(done, held[i].pid);
			sent++;
		}
		close_p(&held[i].fd);
	}
	return r < 0 ? -1 : (int)sent;
}

/* SIGKILL for all, where cgroup.kill is missing (before 5.14): frozen they cannot fork away, and a
 * frozen process still dies of it.  Thawed on every way out. */
static int cg_kill_frozen(struct container *c)
{
	struct strs pids = { 0 };
	bool froze = file_write_at(c->cgroup_fd, "cgroup.freeze", "1") == 0;

	if (froze && cg_wait_event(c->cgroup_fd, "frozen 1", 2000) < 0)
		err_clear(); /* a process in the kernel's hands: signal the others */
	int r = cg_pids(c, &pids);

	for (size_t i = 0; i < pids.n; i++) {
		uint64_t pid;

		if (str_u64(pids.v[i], INT_MAX, &pid) == 0 && pid)
			kill((pid_t)pid, SIGKILL);      /* frozen: its pid is still its own */
	}
	if (froze && file_write_at(c->cgroup_fd, "cgroup.freeze", "0") < 0)
		return efail("thaw the cgroup");
	return r;
}

/* Sends a signal to every process of the cgroup.  Nothing is frozen for it (a paused container
 * stays paused, and one whose signaller dies goes on): who forks meanwhile is found by the next
 * round, until a round finds nobody new. */
static int cg_signal(struct container *c, int sig)
{
	struct strs done = { 0 };
	int sent = 1;

	TRY(cg_open(c));
	if (sig == SIGKILL)
		return !lacks("cgroup.kill") &&
		       file_write_at(c->cgroup_fd, "cgroup.kill", "1") == 0 ?
		       0 : cg_kill_frozen(c);
	for (int rounds = 0; sent > 0 && rounds < 1000; rounds++) {
		struct strs pids = { 0 };

		TRY(cg_pids(c, &pids));
		TRY(sent = cg_signal_some(c, sig, &pids, &done));
	}
	return 0;
}

static int cg_visit_remove(int dir, void *arg)
{
	struct strs below = { 0 };

	(void)arg;
	TRY(dir_list(dir, &below));
	for (size_t i = 0; i < below.n; i++)
		unlinkat(dir, below.v[i], AT_REMOVEDIR);        /* the rmdir of the top tells */
	return 0;
}

/* Kills what is left in the cgroup.  1: there is no cgroup. */
static int cg_empty(struct container *c)
{
	if (cg_open(c) < 0) {
		if (err.no != ENOENT && err.no != ENODEV && err.no != ENAMETOOLONG)
			return -1;
		err_clear();                    /* never made, or removed already */
		return 1;
	}
	if (cg_says(c->cgroup_fd, "populated 1")) {
		TRY(cg_signal(c, SIGKILL));
		TRY(cg_wait_event(c->cgroup_fd, "populated 0", 10000));
	}
	return 0;
}

/* Kills what is left in the cgroup and removes it with all below.  Waits for the kernel, not for
 * a clock: a dying process keeps its cgroup busy until it is gone. */
static int cg_destroy(struct container *c)
{
	char *slash = strrchr(c->cgroup, '/');
	int gone = cg_empty(c);

	if (gone)
		return gone < 0 ? -1 : 0;
	autoclose int root = cg_mount(c->proc_fd);
	struct rlimit files;

	if (root < 0)
		return -1;
	/* cg_walk() holds a descriptor for each level, and the container chose how deep to go. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	for (int tries = 0; ; tries++) {
		if (unlinkat(root, c->cgroup + 1, AT_REMOVEDIR) == 0 || errno == ENOENT)
			break;
		if (errno != EBUSY || tries == 200)
			return efail("remove cgroup %s", slash + 1);
		TRY(cg_walk(c->cgroup_fd, cg_visit_remove, NULL));
		struct timespec ms = { .tv_nsec = tries < 2 ? 20000 : 5000000 };

		nanosleep(&ms, NULL); /* the kernel unlinks the last task shortly after its exit */
	}
	close_p(&c->cgroup_fd);
	return 0;
}

/* -- resctrl: groups of cache and memory bandwidth (linux.intelRdt) --------------------------- */

/* Entries: rdt_plan rdt_apply rdt_join rdt_destroy.  Writes: c->rdt, c->rdt_made, c->rdt_monitor.
 * A group is a directory of the resctrl file system: `schemata`, one line for each resource,
 * `tasks`, and mon_groups/ with groups that only count (resctrl in the kernel's documentation). */

#ifdef TEST_FAULTS      /* the tests' resctrl is a tree of plain files: RUNTIME_RESCTRL=DIR */
#define RDT_TEST 1
#else
#define RDT_TEST 0
#endif

/* The mounted resctrl; -1 with err.no ENODEV when there is none. */
static int rdt_mount(int proc)
{
	const char *tree = RDT_TEST ? getenv("RUNTIME_RESCTRL") : NULL;
	char *line = tree ? NULL : file_read_at(proc, "self/mountinfo", 16 << 20), *save = NULL;
	struct statfs fs;
	int fake;

	if (tree && (fake = openat(AT_FDCWD, tree, O_PATH | O_DIRECTORY | O_CLOEXEC)) >= 0)
		return fake;
	for (line = line ? strtok_r(line, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(line, " - resctrl "))
			continue;
		autoclose int fd = openat(AT_FDCWD, proc_mountpoint(line),
					  O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == RESCTRL_MAGIC)
			return take_fd(&fd);
	}
	fail("linux.intelRdt: Intel RDT is not enabled: no resctrl file system is mounted");
	err.no = ENODEV;
	return -1;
}

static int rdt_dir(int at, const char *name)
{
	return path_child(at, *name == '/' ? "." : name, O_RDONLY | O_DIRECTORY);
}

/* Writes one text to a file of a group.  The kernel's reason is in info/last_cmd_status. */
static int rdt_write(int root, int group, const char *file, const char *text)
{
	autoclose int fd = openat(group, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW |
				  (RDT_TEST ? O_CREAT | O_APPEND : 0), 0644);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (n == (ssize_t)strlen(text))
		return 0;
	int no = errno;
	char *why = file_read_at(root, "info/last_cmd_status", 4096);
	size_t len = why && !str_eq(why, "ok\n") ? strcspn(why, "\n") : 0;

	return fail_no(no, "linux.intelRdt: write \"%.*s\" to %s%s%.*s",
		       (int)strcspn(text, "\n"), text, file, len ? ": " : "", (int)len,
		       len ? why : "");
}

/* The value of a domain ("0" of "0=ff;1=f") in a line of schemata; NULL: it has none. */
static const char *rdt_value(const char *line, const char *id, size_t n)
{
	for (; *line && *line != '\n'; line += *line == ';') {
		line += strspn(line, " \t");
		if (strncmp(line, id, n) == 0 && line[n] == '=')
			return line + n + 1;
		line += strcspn(line, ";\n");
	}
	return NULL;
}

/* Does schemata, as the kernel prints it, say what a line of the configuration wants?  It pads
 * with blanks and zeros, and shows domains that the line leaves alone. */
static bool rdt_line_holds(const char *schemata, const char *want)
{
	size_t name = strcspn(want, ":\n"), n;
	const char *line = schemata;

	for (;; line += strcspn(line, "\n"), line += *line == '\n') {
		line += strspn(line, " \t");
		if (!*line)
			return false;
		if (strncmp(line, want, name) == 0 && line[name] == ':' && want[name] == ':')
			break;
	}
	for (want += name + 1; *want && *want != '\n'; want += *want == ';') {
		want += strspn(want, " \t");
		n = strcspn(want, "=;\n");
		const char *is = rdt_value(line + name + 1, want, n);

		if (!is || want[n] != '=')
			return false;
		want += n + 1;
		want += strspn(want, " 0");
		is += strspn(is, " 0");
		n = strcspn(want, "; \t\n");
		if (n != strcspn(is, "; \t\n") || strncasecmp(want, is, n) != 0)
			return false;
		want += n + strspn(want + n, " \t");
	}
	return true;
}

/* A group that exists already must be as the configuration wants it. */
static int rdt_compare(int group, const struct rdt_conf *r, const char *name)
{
	const char *const lines[] = { r->l3, r->mem_bw };
	char *now = file_read_at(group, "schemata", 1 << 16);

	if (!now)
		return efail("linux.intelRdt: schemata of group %s", name);
	for (size_t i = 0; i < LEN(lines); i++)
		for (const char *l = lines[i] ? lines[i] : ""; *l; l += *l == '\n') {
			if (!rdt_line_holds(now, l))
				return fail("linux.intelRdt: %.*s: group %s exists and differs",
					    (int)strcspn(l, "\n"), l, name);
			l += strcspn(l, "\n");
		}
	return 0;
}

static bool rdt_has_schema(const struct rdt_conf *r)
{
	return (r->l3 && *r->l3) || (r->mem_bw && *r->mem_bw) || r->schemata.n;
}

/* Before anything exists: which group, and what of it will be ours to remove.  config-linux.md
 * "IntelRdt". */
static int rdt_plan(struct container *c)
{
	const struct rdt_conf *r = &c->conf->rdt;
	bool named = r->clos && *r->clos;

	if (!c->conf->has_rdt)
		return 0;
	autoclose int root = rdt_mount(c->proc_fd);
	const char *name = named ? r->clos : c->id;
	autoclose int group = root < 0 ? -1 : rdt_dir(root, name);

	if (root < 0)
		return -1;
	if (group < 0 && (errno != ENOENT || (named && !rdt_has_schema(r))))
		return efail("linux.intelRdt.closID: group %s", name);
	if (group >= 0 && named && (r->l3 || r->mem_bw))
		TRY(rdt_compare(group, r, name));
	bool monitor = r->monitoring || r->cmt || r->mbm;

	if (monitor && group >= 0 &&
	    faccessat(group, str_fmt("mon_groups/%s", c->id), F_OK, 0) == 0)
		return fail("linux.intelRdt.enableMonitoring: mon_groups/%s exists already", c->id);
	c->rdt = str_dup(name);
	c->rdt_made = group < 0 && !named;
	c->rdt_monitor = monitor;
	return 0;
}

/* Puts a process into the container's groups, those that count last. */
static int rdt_join(const struct container *c, pid_t pid)
{
	char *text = str_fmt("%d\n", pid);

	if (!c->rdt)
		return 0;
	autoclose int root = rdt_mount(c->proc_fd);
	autoclose int group = root < 0 ? -1 : rdt_dir(root, c->rdt);

	if (group < 0)
		return root < 0 ? -1 : efail("linux.intelRdt: group %s", c->rdt);
	TRY(rdt_write(root, group, "tasks", text));
	if (!c->rdt_monitor)
		return 0;
	autoclose int monitor = rdt_dir(group, str_fmt("mon_groups/%s", c->id));

	return monitor < 0 ? efail("linux.intelRdt: mon_groups/%s", c->id)
			   : rdt_write(root, monitor, "tasks", text);
}

/* The schemas in the order that the specification gives, each in one write(2): a resource may be
 * in only one line of a write. */
static int rdt_write_schemas(int root, int group, const struct rdt_conf *r)
{
	struct buf all = { 0 };

	for (size_t i = 0; i < r->schemata.n; i++)
		buf_fmt(&all, "%s\n", r->schemata.v[i]);
	if (r->l3 && *r->l3)
		TRY(rdt_write(root, group, "schemata", str_fmt("%s\n", r->l3)));
	if (r->mem_bw && *r->mem_bw)
		TRY(rdt_write(root, group, "schemata", str_fmt("%s\n", r->mem_bw)));
	return all.len ? rdt_write(root, group, "schemata", all.p) : 0;
}

/* Removes a group; the kernel hands its processes to the one above.  -1 with errno set. */
static int rdt_remove(int at, const char *name)
{
	static const char *const files[] = { "tasks", "schemata" };
	autoclose int dir = RDT_TEST ? rdt_dir(at, name) : -1;

	for (size_t i = 0; i < LEN(files) && dir >= 0; i++)
		unlinkat(dir, files[i], 0);     /* plain files do not go with their directory */
	return unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -1 : 0;
}

static int rdt_fill(const struct container *c, int root, int group)
{
	TRY(rdt_write_schemas(root, group, &c->conf->rdt));
	if (c->rdt_monitor && mkdirat(group, str_fmt("mon_groups/%s", c->id), 0755) < 0)
		return efail("linux.intelRdt.enableMonitoring: make mon_groups/%s", c->id);
	return rdt_join(c, (pid_t)c->pid);
}

/* Makes what rdt_plan() found missing, limits it, and puts init into it. */
static int rdt_apply(const struct container *c)
{
	if (!c->rdt)
		return 0;
	autoclose int root = rdt_mount(c->proc_fd);

	if (root < 0)
		return -1;
	bool made = *c->rdt != '/' && mkdirat(root, c->rdt, 0755) == 0;
	autoclose int group = rdt_dir(root, c->rdt);
	int r = group < 0 ? efail("linux.intelRdt: make group %s", c->rdt)
			  : rdt_fill(c, root, group);

	if (r < 0 && made)                      /* a moment old: nobody else is in it */
		rdt_remove(root, c->rdt);
	return r;
}

/* `update`: gives the container's group other schemas; one that has no group gets one. */
static int rdt_update(struct container *c, const struct rdt_conf *r)
{
	autoclose int root = rdt_mount(c->proc_fd);
	bool fresh = !c->rdt;

	if (root < 0)                           /* runc's words */
		return fail("Intel RDT/%s schema is not enabled",
			    r->l3 ? "CAT: l3 cache" : "MBA: memory bandwidth");
	if (fresh) {
		c->rdt = c->id;
		c->rdt_made = true;
		TRY(state_save(c));
		if (mkdirat(root, c->rdt, 0755) < 0) {
			int no = errno;

			c->rdt_made = false;            /* somebody's, or none: off the record */
			c->rdt = no == EEXIST ? c->rdt : NULL;
			TRY(state_save(c));
			if (!c->rdt)
				return fail_no(no, "linux.intelRdt: make group %s", c->id);
		}
		TRY(rdt_join(c, (pid_t)c->pid));
	}
	autoclose int group = rdt_dir(root, c->rdt);

	return group < 0 ? efail("linux.intelRdt: group %s", c->rdt) :
	       rdt_write_schemas(root, group, r);
}

/* Removes what was made for this container alone.  A group that closID names is never removed, even
 * if the runtime had to make it: config-linux.md. */
static int rdt_destroy(const struct container *c)
{
	autoclose int root = rdt_mount(c->proc_fd);
	autoclose int group = root < 0 ? -1 : rdt_dir(root, c->rdt);

	if (root >= 0 && group < 0 && errno != ENOENT)
		return efail("linux.intelRdt: group %s", c->rdt);
	if (group < 0) {                        /* gone, with all that was in it */
		err_clear();
		return 0;
	}
	if (c->rdt_monitor && rdt_remove(group, str_fmt("mon_groups/%s", c->id)) < 0)
		return efail("linux.intelRdt: remove mon_groups/%s", c->id);
	if (c->rdt_made && rdt_remove(root, c->rdt) < 0)
		return efail("linux.intelRdt: remove group %s", c->rdt);
	return 0;
}

/* ==== end CG =========================================================== } */

/* ==== ROOM 10: SYSTEMD ================================================= {
 * Scopes instead of bare cgroup directories (--systemd-cgroup): systemd makes the cgroup round
 * init and keeps its properties over a daemon-reload; rooms CG and RUN do the rest in it as ever.
 * The client speaks just the D-Bus that its few calls need.  What comes from the peer is bounded
 * and checked before it is used, and each call with the job that it starts has BUS_MS.
 * Source: D-Bus specification; org.freedesktop.systemd1(5); systemd 244 is the oldest.
 * Entries: sd_check sd_start sd_update sd_attach sd_stop.  Writes: c->unit, c->unit_user.      */

enum { BUS_CALL = 1, BUS_RETURN, BUS_ERROR, BUS_SIGNAL };       /* types of messages */
enum {
	BUS_MS = 30000, BUS_MAX = 1 << 20, BUS_HEAD = 16,
	BUS_ENDIAN = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B',
};

struct bus {
	int fd;
	bool daemon;                            /* calls go to the bus daemon, not to systemd     */
	uint32_t serial;
	int64_t end;                            /* deadline, ms of CLOCK_MONOTONIC                */
	struct buf in;                          /* received; the first `used` bytes are done with */
	size_t used;
	char refused[128];                      /* name of the error that a call was answered by  */
	const char *unit;                       /* whose jobs are looked out for ...              */
	char job[128], result[32];              /* ... and the last one that ended                */
};

/* A message, or a part of it, being read; `bad` once anything did not fit. */
struct bus_in { const char *p; size_t len, at; bool bad; };

struct bus_msg { uint8_t type; uint32_t reply_to; const char *error, *member, *sig;
		 struct bus_in body; };

/* -- writing: each value aligned to its size, counted from the start of header or body -------- */

static void bus_pad(struct buf *b, size_t to)
{
	while (b->len % to)
		buf_add(b, "", 1);
}

static void bus_u32(struct buf *b, uint32_t v)
{
	bus_pad(b, 4);
	buf_add(b, (const char *)&v, sizeof v);
}

static void bus_str(struct buf *b, const char *s)
{
	bus_u32(b, (uint32_t)strlen(s));
	buf_add(b, s, strlen(s) + 1);
}

static void bus_sig(struct buf *b, const char *sig)
{
	char n = (char)strlen(sig);

	buf_add(b, &n, 1);
	buf_add(b, sig, strlen(sig) + 1);
}

/* An array: bus_end() wants what bus_begin() returned, and the alignment of the elements. */
static size_t bus_begin(struct buf *b, size_t align)
{
	bus_u32(b, 0);
	size_t at = b->len;

	bus_pad(b, align);
	return at;
}

static void bus_end(struct buf *b, size_t at, size_t align)
{
	uint32_t n = (uint32_t)(b->len - (at + align - 1) / align * align);

	memcpy(b->p + at - sizeof n, &n, sizeof n);
}

/* -- reading ----------------------------------------------------------------------------------- */

static const char *bus_take(struct bus_in *r, size_t align, size_t n)
{
	size_t at = (r->at + align - 1) / align * align;

	if (r->bad || at > r->len || n > r->len - at) {
		r->bad = true;
		return NULL;
	}
	r->at = at + n;
	return r->p + at;
}

static uint32_t bus_get_u32(struct bus_in *r)
{
	const char *p = bus_take(r, 4, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return v;
}

static const char *bus_get_text(struct bus_in *r, size_t n)
{
	const char *p = n < BUS_MAX ? bus_take(r, 1, n + 1) : NULL;

	if (!p || memchr(p, '\0', n + 1) != p + n) {
		r->bad = true;
		return "";
	}
	return p;
}

static const char *bus_get_str(struct bus_in *r)
{
	return bus_get_text(r, bus_get_u32(r));
}

static const char *bus_get_sig(struct bus_in *r)
{
	const char *n = bus_take(r, 1, 1);

	return bus_get_text(r, n ? (uint8_t)*n : 0);
}

/* The header of a message of `total` bytes whose fields end at `fields`. */
static bool bus_parse(const char *p, size_t fields, size_t total, struct bus_msg *m)
{
	struct bus_in r = { .p = p, .len = fields, .at = BUS_HEAD };
	size_t body = (fields + 7) / 8 * 8;

	*m = (struct bus_msg){ .type = (uint8_t)p[1], .error = "", .member = "", .sig = "",
			       .body = { .p = p + body, .len = total - body } };
	while (r.at < r.len && !r.bad) {
		const char *code = bus_take(&r, 8, 1), *sig = bus_get_sig(&r);

		if (str_eq(sig, "u")) {
			uint32_t v = bus_get_u32(&r);

			m->reply_to = code && *code == 5 ? v : m->reply_to;
			continue;
		}
		const char *v = str_eq(sig, "g") ? bus_get_sig(&r) :
			str_eq(sig, "s") || str_eq(sig, "o") ? bus_get_str(&r) : NULL;

		if (!v || !code)                /* all fields there are have one of these types */
			return false;
		*(*code == 3 ? &m->member : *code == 4 ? &m->error : *code == 8 ? &m->sig :
		  &v) = v;
	}
	return !r.bad;
}

/* -- the connection ---------------------------------------------------------------------------- */

static int64_t bus_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void bus_deadline(struct bus *b)
{
	b->end = bus_now() + BUS_MS;
#ifdef TEST_FAULTS
	uint64_t ms;

	if (getenv("RUNTIME_BUS_MS") && str_u64(getenv("RUNTIME_BUS_MS"), BUS_MS, &ms) == 0)
		b->end += (int64_t)ms - BUS_MS;
#endif
}

static int bus_poll(struct bus *b, short events)
{
	struct pollfd p = { .fd = b->fd, .events = events };
	int64_t left;

	do {
		left = b->end - bus_now();
		if (left > 0 && poll(&p, 1, (int)left) > 0)
			return 0;
	} while (left > 0);
	return fail("systemd: no answer in time");
}

static int bus_send(struct bus *b, const char *p, size_t n)
{
	while (n) {
		TRY(bus_poll(b, POLLOUT));
		ssize_t w = send(b->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0 && errno != EAGAIN && errno != EINTR)
			return efail("systemd: send");
		p += w > 0 ? w : 0;
		n -= w > 0 ? (size_t)w : 0;
	}
	return 0;
}

/* Receives until `want` bytes are there. */
static int bus_fill(struct bus *b, size_t want)
{
	while (b->in.len < want) {
		TRY(bus_poll(b, POLLIN));
		buf_need(&b->in, 4096);
		ssize_t n = recv(b->fd, b->in.p + b->in.len, 4096, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return fail("systemd: the connection was closed");
		b->in.len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The next message; what it points to is good until the one after it.  An ended job of b->unit is
 * kept, whenever it comes. */
static int bus_next(struct bus *b, struct bus_msg *m)
{
	uint32_t body, fields;

	b->in.len -= b->used;
	memmove(b->in.p, b->in.p + b->used, b->in.len);
	b->used = 0;
	TRY(bus_fill(b, BUS_HEAD));
	memcpy(&body, b->in.p + 4, sizeof body);
	memcpy(&fields, b->in.p + 12, sizeof fields);
	if (b->in.p[0] != BUS_ENDIAN || b->in.p[3] != 1 || body > BUS_MAX || fields > BUS_MAX)
		return fail("systemd: what it sends is no D-Bus message");
	size_t total = BUS_HEAD + (fields + 7) / 8 * 8 + body;

	TRY(bus_fill(b, total));
	b->used = total;
	if (!bus_parse(b->in.p, BUS_HEAD + fields, total, m))
		return fail("systemd: what it sends is no D-Bus message");
	if (m->type == BUS_SIGNAL && str_eq(m->member, "JobRemoved") && str_eq(m->sig, "uoss")) {
		struct bus_in r = m->body;

		bus_get_u32(&r);
		const char *job = bus_get_str(&r), *unit = bus_get_str(&r), *how = bus_get_str(&r);

		if (!r.bad && str_eq(unit, b->unit)) {
			fmt_to(b->job, sizeof b->job, "%s", job);
			fmt_to(b->result, sizeof b->result, "%s", how);
		}
	}
	return 0;
}

/* Calls a method and waits for the answer (`sig`: of the arguments in `body`). */
static int bus_call(struct bus *b, const char *member, const char *sig, const struct buf *body,
		    struct bus_msg *m)
{
	const char *who = b->daemon ? "DBus" : "systemd1", *part = b->daemon ? "" : ".Manager";
	const struct { char code, *type, *value; } fields[] = {
		{ 1, (char[]){ "o" }, str_fmt("/org/freedesktop/%s", who) },
		{ 2, (char[]){ "s" }, str_fmt("org.freedesktop.%s%s", who, part) },
		{ 3, (char[]){ "s" }, str_dup(member) },
		{ 6, (char[]){ "s" }, str_fmt("org.freedesktop.%s", who) },
	};
	struct buf msg = { 0 };

	buf_fmt(&msg, "%c%c%c%c", BUS_ENDIAN, BUS_CALL, 0, 1);
	bus_u32(&msg, (uint32_t)body->len);
	bus_u32(&msg, ++b->serial);
	size_t at = bus_begin(&msg, 8);

	for (size_t i = 0; i < LEN(fields); i++) {
		bus_pad(&msg, 8);
		buf_add(&msg, &fields[i].code, 1);
		bus_sig(&msg, fields[i].type);
		bus_str(&msg, fields[i].value);
	}
	if (*sig) {
		bus_pad(&msg, 8);
		buf_add(&msg, "\10\1g", 4);
		bus_sig(&msg, sig);
	}
	bus_end(&msg, at, 8);
	bus_pad(&msg, 8);
	if (body->len)
		buf_add(&msg, body->p, body->len);
	b->refused[0] = '\0';
	TRY(bus_send(b, msg.p, msg.len));
	do
		TRY(bus_next(b, m));
	while ((m->type != BUS_RETURN && m->type != BUS_ERROR) || m->reply_to != b->serial);
	if (m->type == BUS_RETURN)
		return 0;
	const char *text = *m->sig == 's' ? bus_get_str(&m->body) : "";

	fmt_to(b->refused, sizeof b->refused, "%s", m->error);
	return fail("systemd: %s: %s", member, *text ? text : m->error);
}

/* Our uid as the peer sees it: one level of user namespaces is looked through. */
static uid_t bus_uid(int proc)
{
	char *map = file_read_at(proc, "self/uid_map", 1 << 16), *save = NULL;
	uint64_t inside, outside, size;

	for (map = map ? strtok_r(map, "\n", &save) : NULL; map; map = strtok_r(NULL, "\n", &save))
		if (str_u64(str_word(map, 0), UINT32_MAX, &inside) == 0 &&
		    str_u64(str_word(map, 1), UINT32_MAX, &outside) == 0 &&
		    str_u64(str_word(map, 2), UINT32_MAX, &size) == 0 &&
		    geteuid() - inside < size)
			return (uid_t)(geteuid() - inside + outside);
	return geteuid();
}

/* SASL's EXTERNAL: our uid in hexadecimal digits of its decimal ones, for the peer to compare with
 * what the kernel says.  BEGIN goes with it: a systemd that reads it together with the first
 * message would let that lie until there is a second one. */
static int bus_auth(struct bus *b, uid_t uid)
{
	struct buf hello = { 0 };
	char *end = NULL;

	buf_add(&hello, "", 1);
	buf_fmt(&hello, "AUTH EXTERNAL ");
	for (const char *p = str_fmt("%u", uid); *p; p++)
		buf_fmt(&hello, "%02x", (unsigned)*p);
	buf_fmt(&hello, "\r\nBEGIN\r\n");
	TRY(bus_send(b, hello.p, hello.len));
	while (!end) {
		TRY(bus_fill(b, b->in.len + 1));
		end = memchr(b->in.p, '\n', b->in.len);
		if (!end && b->in.len > 4096)
			return fail("systemd: what it sends is no D-Bus message");
	}
	b->used = (size_t)(end + 1 - b->in.p);
	return str_starts(b->in.p, "OK ") ? 0 :
	       fail("systemd: refuses us: %.*s", (int)strcspn(b->in.p, "\r\n"), b->in.p);
}

/* The first usable path of a D-Bus address: "unix:path=/run/x,guid=...;...".  NULL: none. */
static char *bus_address(const char *address)
{
	const char *at = address ? strstr(address, "unix:path=") : NULL;
	char *path = at ? str_ndup(at + 10, strcspn(at + 10, ",;")) : NULL, *out = path;

	for (const char *p = path; p && *p; p++) {
		char hex[3] = { *p == '%' ? p[1] : '\0', *p == '%' && p[1] ? p[2] : '\0' };
		uint64_t c;

		if (hex[1] && str_hex(hex, 255, &c) == 0) {
			*out++ = (char)c;
			p += 2;
		} else {
			*out++ = *p;
		}
	}
	if (path)
		*out = '\0';
	return path;
}

static int bus_connect(struct bus *b, const char *path)
{
	const struct timespec ms20 = { .tv_nsec = 20000000 };

	for (;;) {
		b->fd = sock_at(AT_FDCWD, path, SOCK_STREAM | SOCK_NONBLOCK, false);
		if (b->fd >= 0 || errno != EAGAIN || bus_now() > b->end)
			break;
		nanosleep(&ms20, NULL);         /* more callers wait than fit its queue */
	}
	return b->fd < 0 ? efail("systemd: connect to %s", path) : 0;
}

/* Connects to the manager: root to the system's, on its own socket if there is one; others to their
 * own.  What is in the environment comes first.  Over a bus, signals must be asked for. */
static int bus_open(struct bus *b, const struct container *c, const char *unit)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	bool user = c->unit_user;
	char *dir = xdg && *xdg ? str_dup(xdg) : str_fmt("/run/user/%u", geteuid());
	char *paths[] = {
		bus_address(getenv(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS")),
		user ? str_fmt("%s/systemd/private", dir) : str_dup("/run/systemd/private"),
		user ? str_fmt("%s/bus", dir) : str_dup("/run/dbus/system_bus_socket"),
	};
	size_t i = paths[0] ? 0 : 1;
	struct buf match = { 0 }, none = { 0 };
	struct bus_msg m;

	*b = (struct bus){ .fd = -1, .unit = unit };
	bus_deadline(b);
	while (bus_connect(b, paths[i]) < 0)
		if (++i == LEN(paths))
			return -1;
	err_clear();
	TRY(bus_auth(b, bus_uid(c->proc_fd)));
	if (i == 1)
		return 0;
	b->daemon = true;
	bus_str(&match, "type='signal',interface='org.freedesktop.systemd1.Manager',"
			"member='JobRemoved',path='/org/freedesktop/systemd1'");
	TRY(bus_call(b, "Hello", "", &none, &m));
	TRY(bus_call(b, "AddMatch", "s", &match, &m));
	b->daemon = false;
	return bus_call(b, "Subscribe", "", &none, &m);
}

static void bus_close(struct bus *b)
{
	close_p(&b->fd);
}
#define AUTOBUS __attribute__((cleanup(bus_close)))

/* A call that starts a job, and the end of that job. */
static int bus_job(struct bus *b, const char *member, const char *sig, const struct buf *body)
{
	struct bus_msg m;
	char job[sizeof b->job];

	TRY(bus_call(b, member, sig, body, &m));
	fmt_to(job, sizeof job, "%s", str_eq(m.sig, "o") ? bus_get_str(&m.body) : "");
	if (!*job)
		return fail("systemd: %s: the answer names no job", member);
	while (strcmp(b->job, job) != 0)
		if (bus_next(b, &m) < 0)
			return ctx("wait for the job of %s", b->unit);
	return str_eq(b->result, "done") ? 0 :
	       fail("systemd: %s: the job of %s ended as \"%s\"", member, b->unit, b->result);
}

/* -- properties ------------------------------------------------------------------------------- */

static void sd_prop(struct buf *b, const char *name, const char *sig)
{
	bus_pad(b, 8);
	bus_str(b, name);
	bus_sig(b, sig);
}

static void sd_str(struct buf *b, const char *name, const char *value)
{
	sd_prop(b, name, "s");
	bus_str(b, value);
}

static void sd_bool(struct buf *b, const char *name, bool value)
{
	sd_prop(b, name, "b");
	bus_u32(b, value);
}

static void sd_u64(struct buf *b, const char *name, uint64_t value)
{
	sd_prop(b, name, "t");
	bus_pad(b, 8);
	buf_add(b, (const char *)&value, sizeof value);
}

/* Which property stands for a cgroup file. */
static const struct { const char *file, *name; } sd_limits[] = {
	{ "memory.max", "MemoryMax" }, { "memory.high", "MemoryHigh" },
	{ "memory.low", "MemoryLow" }, { "memory.min", "MemoryMin" },
	{ "memory.swap.max", "MemorySwapMax" },
	{ "cpu.idle", NULL },                   /* no property: put back, before the weight */
	{ "cpu.weight", "CPUWeight" },
	{ "cpu.max", "CPUQuotaPerSecUSec" }, { "io.weight", "IOWeight" },
	{ "cpuset.cpus", "AllowedCPUs" }, { "cpuset.mems", "AllowedMemoryNodes" },
	{ "pids.max", "TasksMax" },
};

/* "0-3,6" as a set of bits, byte by byte: false if it is no such list. */
static bool sd_bits(const char *text, uint8_t bytes[BITS_MAX / 8], size_t *n)
{
	struct bits bits = { 0 };

	*n = 0;
	if (str_bits(str_word(text, 0), BITS_MAX, &bits) <= 0)
		return false;
	for (size_t i = 0; i < BITS_MAX; i++) {
		if (!(bits.w[i / BITS_WORD] >> i % BITS_WORD & 1))
			continue;
		bytes[i / 8] |= (uint8_t)(1 << i % 8);
		*n = i / 8 + 1;
	}
	return true;
}

/* CPU time per second, which systemd keeps in hundredths: rounded up, for cpu.max itself gets
 * the very value. */
static void sd_quota(struct buf *b, const char *name, const char *text)
{
	uint64_t quota = UINT64_MAX, period = 100000;

	if (str_u64(str_word(text, 1), UINT32_MAX, &period) == 0)
		sd_u64(b, "CPUQuotaPeriodUSec", period);
	if (str_u64(str_word(text, 0), UINT64_MAX / 1000000, &quota) == 0 && period)
		quota = (quota * 1000000 / period + 9999) / 10000 * 10000;
	sd_u64(b, name, quota);
}

/* The property for what is written to a cgroup file.  A text that means nothing here is passed
 * over: the kernel gets to see it as well, and says so. */
static void sd_limit(struct buf *b, const char *file, const char *text)
{
	const char *name = NULL;
	uint8_t bits[BITS_MAX / 8] = { 0 };
	uint64_t v = UINT64_MAX;
	size_t n;

	for (size_t i = 0; i < LEN(sd_limits) && !name; i++)
		if (str_eq(sd_limits[i].file, file))
			name = sd_limits[i].name;
	if (!name)
		return;
	if (str_eq(file, "cpu.max")) {
		sd_quota(b, name, text);
	} else if (str_starts(file, "cpuset.")) {
		if (!sd_bits(text, bits, &n))
			return;
		sd_prop(b, name, "ay");
		bus_u32(b, (uint32_t)n);
		buf_add(b, (const char *)bits, n);
	} else {
		char *word = str_word(text, str_starts(text, "default ") ? 1 : 0);

		if (str_u64(word, UINT64_MAX, &v) < 0 && !str_eq(word, "max"))
			return;
		if (v || !str_eq(file, "cpu.weight"))   /* 0: idle, no weight */
			sd_u64(b, name, v || !str_eq(file, "pids.max") ? v : 1);
	}
}

static int sd_resources(struct buf *b, const struct resources_conf *r)
{
	struct cg_values v = { 0 };

	TRY(cg_values(r, &v));
	for (size_t i = 0; i < LEN(cg_limits); i++) {
		const char *text = cg_text(&v, &cg_limits[i]);

		if (text)
			sd_limit(b, cg_limits[i].file, text);
	}
	for (size_t i = 0; i < r->unified.n; i++)
		sd_limit(b, r->unified.v[i].key, r->unified.v[i].value);
	return 0;
}

/* Device rules.  Our own program decides, and systemd's only in addition to it: where systemd's
 * words can say the same, they do; where not (a default that allows, a minor number of any major)
 * systemd stays out of it. */
static int sd_devices(struct buf *b, const struct resources_conf *r)
{
	struct dev_list l = { 0 };
	bool strict;

	TRY(dev_list(&l, r->devices, r->n_devices));
	strict = !l.allow;
	for (size_t i = 0; i < l.n; i++)
		strict &= l.v[i].major != DEV_ANY || l.v[i].minor == DEV_ANY;
	sd_str(b, "DevicePolicy", strict ? "strict" : "auto");
	sd_prop(b, "DeviceAllow", "a(ss)");
	size_t at = bus_begin(b, 8);

	for (size_t i = 0; strict && i < l.n; i++) {
		const struct dev_rule *d = &l.v[i];
		const char *type = d->type == 'c' ? "char" : "block";

		bus_pad(b, 8);
		bus_str(b, d->major == DEV_ANY ? str_fmt("%s-*", type) : d->minor == DEV_ANY ?
			str_fmt("%s-%" PRId64, type, d->major) :
			str_fmt("/dev/%s/%" PRId64 ":%" PRId64, type, d->major, d->minor));
		bus_str(b, str_fmt("%s%s%s", d->access & DEV_R ? "r" : "",
				   d->access & DEV_W ? "w" : "", d->access & DEV_M ? "m" : ""));
	}
	bus_end(b, at, 8);
	return 0;
}

/* -- annotations: org.systemd.property.NAME = a value in GVariant's text form ----------------- */

/* A property may limit, order or describe the scope; none may run a command or start another unit,
 * since annotations come from those who may not do that (CVE-2024-3154). */
static const char *const sd_allowed[] = {
	"After", "Allowed", "Before", "CPU", "CollectMode", "DefaultDependencies", "Delegate",
	"Description", "Documentation", "FinalKillSignal", "IO", "Kill", "ManagedOOM", "Memory",
	"OOM", "RuntimeMax", "SendSIG", "Startup", "Tasks", "Timeout", NULL,
};

static const struct gv_type { const char *word; char sig; uint8_t size; bool negative; }
gv_types[] = {
	{ "boolean", 'b', 4 }, { "byte", 'y', 1 }, { "int16", 'n', 2, true },
	{ "uint16", 'q', 2 }, { "int32", 'i', 4, true }, { "uint32", 'u', 4 },
	{ "int64", 'x', 8, true }, { "uint64", 't', 8 }, { "string", 's', 0 },
};

static const struct gv_type *gv_find(const char *word, size_t n, char sig)
{
	for (size_t i = 0; i < LEN(gv_types); i++)
		if (word ? strlen(gv_types[i].word) == n && memcmp(gv_types[i].word, word, n) == 0
			 : gv_types[i].sig == sig)
			return &gv_types[i];
	return NULL;
}

static const char *gv_blank(const char *s)
{
	return s + strspn(s, " \t\n");
}

/* 'text' or "text"; a backslash takes the next character as it is. */
static const char *gv_string(const char *s, struct buf *out)
{
	struct buf text = { 0 };
	char quote = *s++;

	for (; *s && *s != quote; s++) {
		if (*s == '\\' && s[1])
			s++;
		buf_add(&text, s, 1);
	}
	if (!*s)
		return NULL;
	bus_str(out, text.len ? text.p : "");
	return s + 1;
}

static const char *gv_number(const char *s, const struct gv_type *t, struct buf *out)
{
	bool minus = *s == '-';
	uint64_t v = 0, max = t->size == 8 ? UINT64_MAX : (1ull << 8 * t->size) - 1;
	char *digits;
	size_t n;

	s += *s == '-' || *s == '+';
	n = strspn(s, "0123456789abcdefABCDEFx");
	digits = str_ndup(s, n);
	if (str_starts(digits, "0x")) {
		if (str_hex(digits + 2, UINT64_MAX, &v) < 0)
			return NULL;
	} else if (str_u64(digits, UINT64_MAX, &v) < 0) {
		return NULL;
	}
	if (t->negative)
		max = max / 2 + minus;
	if (v > max || (minus && !t->negative))
		return NULL;
	v = minus ? -v : v;
	uint8_t y = (uint8_t)v;
	uint16_t q = (uint16_t)v;
	uint32_t u = (uint32_t)v;

	bus_pad(out, t->size);
	buf_add(out, t->size == 1 ? (char *)&y : t->size == 2 ? (char *)&q : t->size == 4 ?
		(char *)&u : (char *)&v, t->size);
	return s + n;
}

/* One value, marshalled; *t is its type, found out if NULL.  Returns what follows; NULL: none. */
static const char *gv_scalar(const char *s, const struct gv_type **t, struct buf *out)
{
	s = gv_blank(s);
	size_t word = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789");
	const struct gv_type *said = gv_find(s, word, 0);

	if (said && s[word] == ' ') {
		if (*t && *t != said)
			return NULL;
		*t = said;
		s = gv_blank(s + word);
	}
	bool yes = str_starts(s, "true"), no = str_starts(s, "false");
	bool text = *s == '\'' || *s == '"';

	if (!*t)
		*t = gv_find(NULL, 0, yes || no ? 'b' : text ? 's' : 'i');
	if (!*t)
		return NULL;
	if ((*t)->sig == 'b') {
		bus_u32(out, yes);
		return yes || no ? s + (yes ? 4 : 5) : NULL;
	}
	if ((*t)->sig == 's')
		return text ? gv_string(s, out) : NULL;
	return gv_number(s, *t, out);
}

/* A value or a list of values, as a variant at the end of b.  "@as" before it is its type. */
static bool gv_variant(const char *s, struct buf *b)
{
	const struct gv_type *t = NULL;
	struct buf out = { 0 };
	bool list, typed_list = false;

	s = gv_blank(s);
	if (*s == '@') {
		typed_list = s[1] == 'a';
		t = gv_find(NULL, 0, s[typed_list ? 2 : 1]);
		if (!t || s[typed_list ? 3 : 2] != ' ')
			return false;
		s = gv_blank(s + 3);
	}
	list = *s == '[';
	if (typed_list != list && (typed_list || t))
		return false;
	if (list)
		s = gv_blank(s + 1);
	for (bool first = true; s && (!list || *s != ']'); first = false) {
		if (!first && *s != ',')
			return false;
		s = gv_scalar(first ? s : s + 1, &t, &out);
		s = s ? gv_blank(s) : NULL;
		if (s && !list)
			break;
	}
	if (!s || !t || *gv_blank(s + list))
		return false;
	bus_sig(b, str_fmt("%s%c", list ? "a" : "", t->sig));
	if (list)
		bus_u32(b, (uint32_t)out.len);
	bus_pad(b, t->size ? t->size : 4);
	if (out.len)
		buf_add(b, out.p, out.len);
	return true;
}

/* "TimeoutStopSec" in unit files is "TimeoutStopUSec" here; seconds may have a fraction. */
static bool sd_seconds(struct buf *b, const char *name, const char *value)
{
	size_t n = strlen(name) - 3;
	const char *s = gv_blank(value), *last = strrchr(s, ' ');
	uint64_t whole, us = 0, scale = 100000;

	s = last ? last + 1 : s;
	if (str_u64(str_ndup(s, strcspn(s, ".")), UINT64_MAX / 1000000 - 1, &whole) < 0)
		return false;
	s += strcspn(s, ".");
	for (s += *s == '.'; isdigit((unsigned char)*s); s++, scale /= 10)
		us += (uint64_t)(*s - '0') * scale;
	if (*s)
		return false;
	sd_u64(b, str_fmt("%.*sUSec", (int)n, name), whole * 1000000 + us);
	return true;
}

static int sd_annotations(struct buf *b, const struct map *m)
{
	static const char prefix[] = "org.systemd.property.";

	for (size_t i = 0; i < m->n; i++) {
		const char *name = m->v[i].key + sizeof prefix - 1;
		const char *const *a = sd_allowed;
		size_t n;

		if (!str_starts(m->v[i].key, prefix))
			continue;
		while (*a && !str_starts(name, *a))
			a++;
		for (n = 0; isalpha((unsigned char)name[n]); n++)
			;
		if (!*a || name[n] || n < 2)
			return fail("annotation %s: this property may not be set", m->v[i].key);
		if (n > 4 && str_eq(name + n - 3, "Sec") && islower((unsigned char)name[n - 4])) {
			if (sd_seconds(b, name, m->v[i].value))
				continue;
		} else {
			bus_pad(b, 8);
			bus_str(b, name);
			if (gv_variant(m->v[i].value, b))
				continue;
		}
		return fail("annotation %s=%s: value parse error", m->v[i].key, m->v[i].value);
	}
	return 0;
}

/* -- scopes ----------------------------------------------------------------------------------- */

/* cgroupsPath is "slice:prefix:name" here: a scope prefix-name.scope in the slice. */
static int sd_name(const struct container *c, char **slice, char **unit)
{
	const char *path = c->conf->cgroups_path ? c->conf->cgroups_path : "";
	const char *prefix = strchr(path, ':'), *name = prefix ? strchr(prefix + 1, ':') : NULL;

	*slice = str_ndup(path, prefix ? (size_t)(prefix - path) : 0);
	if (!**slice)
		*slice = str_dup(c->unit_user ? "user.slice" : "system.slice");
	*unit = *path ? NULL : str_fmt("%s-%s.scope", prog, c->id);
	if (*path && (!name || strchr(name + 1, ':')))
		return fail("expected cgroupsPath to be of format \"slice:prefix:name\" for "
			    "systemd cgroups, got \"%s\" instead", path);
	if (name)
		*unit = str_fmt("%.*s-%s.scope", (int)(name - prefix - 1), prefix + 1, name + 1);
	if (name && (!name[1] || strstr(name, ".slice")))
		return fail("cgroupsPath \"%s\": the name must be that of a scope", path);
	size_t n = strlen(*slice);

	/* "a-b.slice" lies in "a.slice": no part may be empty, but for "-.slice", the root. */
	if (n < 7 || strcmp(*slice + n - 6, ".slice") != 0 || strchr(*slice, '/') ||
	    (n > 7 && (**slice == '-' || (*slice)[n - 7] == '-')) || strstr(*slice, "--"))
		return fail("invalid slice name: %s", *slice);
	return 0;
}

/* What can be told before anything is made: systemd runs, names and annotations are good.  Root in
 * a user namespace may be the system manager's root or a user who has mapped himself. */
static int sd_check(struct container *c, bool rootless)
{
	struct buf unused = { 0 };
	struct stat st;
	char *slice, *unit;

	if (lstat("/run/systemd/system", &st) < 0 || !S_ISDIR(st.st_mode))
		return fail("systemd not running on this host, cannot use systemd cgroups manager: "
			    "no /run/systemd/system");
	c->unit_user = rootless && access("/run/systemd/private", W_OK) < 0;
	TRY(sd_name(c, &slice, &unit));
	return sd_annotations(&unused, &c->conf->annotations);
}

/* Calls a method whose one argument is the unit; nothing depends on its success. */
static void sd_reset_failed(struct bus *b, const char *unit)
{
	struct buf body = { 0 };
	struct bus_msg m;

	bus_str(&body, unit);
	if (bus_call(b, "ResetFailedUnit", "s", &body, &m) < 0)
		err_clear();
}

static int sd_props(struct buf *b, const struct container *c, const char *slice, pid_t pid)
{
	static const char *const on[] = { "Delegate", "MemoryAccounting", "CPUAccounting",
					  "IOAccounting", "TasksAccounting" };

	sd_str(b, "Description", str_fmt("%s container %s", prog, c->id));
	sd_str(b, "Slice", slice);
	sd_prop(b, "PIDs", "au");
	bus_u32(b, sizeof(uint32_t));
	bus_u32(b, (uint32_t)pid);
	for (size_t i = 0; i < LEN(on); i++)
		sd_bool(b, on[i], true);
	sd_bool(b, "DefaultDependencies", false);
	if (c->conf->has_resources)
		TRY(sd_resources(b, &c->conf->resources));
	if (!c->unit_user)                      /* a user's manager has no right to load programs */
		TRY(sd_devices(b, &c->conf->resources));
	return sd_annotations(b, &c->conf->annotations);
}

/* Has a scope made round init, which must wait meanwhile.  Nothing is left on failure: a scope ends
 * with its last process.  On success c->unit and c->cgroup say what there is now. */
static int sd_start(struct container *c, pid_t pid)
{
	struct bus b AUTOBUS = { .fd = -1 };
	struct buf body = { 0 };
	char *slice, *unit;

	TRY(sd_name(c, &slice, &unit));
	bus_str(&body, unit);
	bus_str(&body, "replace");
	size_t at = bus_begin(&body, 8);

	TRY(sd_props(&body, c, slice, pid));
	bus_end(&body, at, 8);
	bus_begin(&body, 8);                    /* no further units */
	TRY(bus_open(&b, c, unit));
	int r = bus_job(&b, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body);

	if (r < 0 && str_eq(b.refused, "org.freedesktop.systemd1.UnitExists")) {
		sd_reset_failed(&b, unit);      /* one that failed lies there until told */
		r = bus_job(&b, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body);
	}
	if (r < 0 && *b.result && !str_eq(b.result, "done")) {
		char *first = str_dup(err.msg);

		sd_reset_failed(&b, unit);
		fail("%s", first);
	}
	TRY(r);
	c->unit = unit;
	char *cgroup = cg_of(c->proc_fd, str_fmt("%d", pid)), *end = strrchr(cgroup, '/');

	if (!str_eq(end + 1, unit) || str_starts(cgroup, "/../"))      /* a cgroup namespace's */
		return fail("systemd: %s is in %s, not in %s", c->id, cgroup, unit);
	c->cgroup = cgroup;
	return 0;
}

/* Tells systemd what the cgroup's files say after an update, so that it does not bring back older
 * limits, and puts back what it rounds.  That happens between two of its answers. */
static int sd_update(const struct container *c)
{
	struct bus b AUTOBUS = { .fd = -1 };
	struct buf body = { 0 };
	struct bus_msg m;
	char *texts[LEN(sd_limits)];

	if (!c->unit || !*c->unit)
		return 0;
	bus_str(&body, c->unit);
	bus_u32(&body, true);                   /* for its life time only */
	size_t at = bus_begin(&body, 8);

	for (size_t i = 0; i < LEN(sd_limits); i++) {
		texts[i] = file_read_at(c->cgroup_fd, sd_limits[i].file, CG_TEXT);
		if (texts[i])
			sd_limit(&body, sd_limits[i].file, texts[i]);
	}
	bus_end(&body, at, 8);
	TRY(bus_open(&b, c, c->unit));
	TRY(bus_call(&b, "SetUnitProperties", "sba(sv)", &body, &m));
	sd_reset_failed(&b, c->unit);
	for (size_t i = 0; i < LEN(sd_limits); i++) {
		char *now = file_read_at(c->cgroup_fd, sd_limits[i].file, CG_TEXT);

		if (now && texts[i] && strcmp(now, texts[i]) != 0 &&
		    file_write_at(c->cgroup_fd, sd_limits[i].file, texts[i]) < 0)
			return efail("put back %s", sd_limits[i].file);
	}
	return 0;
}

/* Has a process moved into the scope, or a cgroup below it: a user may write to both ends of that
 * way, but not to the cgroup above them that the kernel asks for. */
static int sd_attach(const struct container *c, const char *below, pid_t pid)
{
	struct bus b AUTOBUS = { .fd = -1 };
	struct buf body = { 0 };
	struct bus_msg m;

	bus_str(&body, c->unit);
	bus_str(&body, str_fmt("/%s", below ? below + strspn(below, "/") : ""));
	bus_u32(&body, sizeof(uint32_t));
	bus_u32(&body, (uint32_t)pid);
	TRY(bus_open(&b, c, c->unit));
	return bus_call(&b, "AttachProcessesToUnit", "ssau", &body, &m);
}

/* Ends the scope.  Its processes are killed before, for systemd would ask them nicely and wait. */
static int sd_stop(struct container *c)
{
	struct bus b AUTOBUS = { .fd = -1 };
	struct buf body = { 0 };

	TRY(cg_empty(c));
	TRY(bus_open(&b, c, c->unit));
	bus_str(&body, c->unit);
	bus_str(&body, "replace");
	if (bus_job(&b, "StopUnit", "ss", &body) < 0) {
		if (!str_eq(b.refused, "org.freedesktop.systemd1.NoSuchUnit"))
			return -1;
		err_clear();                    /* it ended with its last process */
		return 0;
	}
	sd_reset_failed(&b, c->unit);
	return 0;
}

/* ==== end SYSTEMD ====================================================== } */

/* ==== ROOM 11: NET ===================================================== {
 * Network devices, by rtnetlink(7).  A socket speaks for the network namespace in which it was
 * made.  A request is a net_msg: net_begin(), net_attr() for each attribute, net_ask(), which
 * reads the answers up to the kernel's verdict and puts its words into the error record.  Answers
 * are walked as spans: every length is held against what is left before it is believed.
 * Entries: net_attach net_detach net_close.  Writes: c->net.                                   */

struct net { int sock, ns; uint32_t seq; };     /* ns: the namespace the socket speaks for       */

struct net_msg {
	const char *what;                       /* is wanted, for the error record               */
	bool full;                              /* body was too small: an error when it is sent  */
	struct nlmsghdr h;
	char body[480];                         /* right behind h                                */
};
static_assert(offsetof(struct net_msg, body) ==
	      offsetof(struct net_msg, h) + sizeof(struct nlmsghdr), "h and body are one message");

struct net_span { const char *at; size_t n; };

static void net_put(struct net_msg *m, const void *data, size_t n)
{
	size_t at = m->h.nlmsg_len - sizeof m->h;

	m->full |= NLMSG_ALIGN(n) > sizeof m->body - at;
	if (m->full)
		return;
	memcpy(m->body + at, data, n);          /* the padding is zero already */
	m->h.nlmsg_len += NLMSG_ALIGN((uint32_t)n);
}

static void net_attr(struct net_msg *m, unsigned type, const void *data, size_t n)
{
	struct rtattr a = { .rta_len = (uint16_t)RTA_LENGTH(n), .rta_type = (uint16_t)type };

	net_put(m, &a, sizeof a);
	net_put(m, data, n);
}

/* Starts a request: type and flags as RTM_*, NLM_F_*; body: the structure that type wants. */
static void net_begin(struct net_msg *m, unsigned type, const void *body, size_t n)
{
	*m = (struct net_msg){ .h = { .nlmsg_len = sizeof m->h, .nlmsg_type = (uint16_t)type,
				      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
	net_put(m, body, n);
}

/* The first n bytes of a span that has as many; the span then starts behind their padding. */
static struct net_span net_cut(struct net_span *s, size_t n)
{
	struct net_span head = { s->at, n };
	size_t step = NLMSG_ALIGN(n) < s->n ? NLMSG_ALIGN(n) : s->n;

	s->at += step;
	s->n -= step;
	return head;
}

/* The next attribute; false at the end, and where a length would lead out of the span. */
static bool net_next_attr(struct net_span *s, unsigned *type, struct net_span *value)
{
	struct rtattr a;

	if (s->n < sizeof a)
		return false;
	memcpy(&a, s->at, sizeof a);
	if (a.rta_len < sizeof a || a.rta_len > s->n)
		return false;
	*type = a.rta_type & NLA_TYPE_MASK;
	*value = net_cut(s, a.rta_len);
	net_cut(value, sizeof a);
	return true;
}

/* The same for the messages of a datagram. */
static bool net_next_msg(struct net_span *s, struct nlmsghdr *h, struct net_span *body)
{
	if (s->n < sizeof *h)
		return false;
	memcpy(h, s->at, sizeof *h);
	if (h->nlmsg_len < sizeof *h || h->nlmsg_len > s->n)
		return false;
	*body = net_cut(s, h->nlmsg_len);
	net_cut(body, sizeof *h);
	return true;
}

/* NLMSG_ERROR or NLMSG_DONE: an errno, 0 for success, and maybe the reason as a sentence. */
static int net_verdict(const struct nlmsghdr *h, struct net_span body, const char *what)
{
	size_t head = h->nlmsg_type == NLMSG_DONE ? sizeof(int) : sizeof(struct nlmsgerr);
	struct net_span text = { "", 0 }, value;
	unsigned type;
	int no;

	if (body.n < head)
		return fail("%s: short answer from the kernel", what);
	memcpy(&no, net_cut(&body, head).at, sizeof no);
	if (no == 0)
		return 0;
	while (h->nlmsg_flags & NLM_F_ACK_TLVS && net_next_attr(&body, &type, &value))
		if (type == NLMSGERR_ATTR_MSG)
			text = value;
	return fail_no(-no, "%s%s%.*s", what, text.n ? ": " : "", (int)text.n, text.at);
}

/* A socket in the namespace that this process is in now.  Connected to the kernel: nobody else in
 * that namespace can answer. */
static int net_open(struct net *n, int proc)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int on = 1;

	n->ns = openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	n->sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (n->ns < 0 || n->sock < 0 ||
	    connect(n->sock, (struct sockaddr *)&kernel, sizeof kernel) < 0 ||
	    setsockopt(n->sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) < 0 ||
	    setsockopt(n->sock, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) < 0)
		return efail("netlink socket");
	return 0;
}

/* Sends a request and gives every answer to `each`, up to the verdict.  1: something changed in
 * the middle of a dump, ask again.  -1: the record says m->what and the kernel's reason. */
static int net_ask(struct net *n, struct net_msg *m,
		   void (*each)(unsigned type, struct net_span body, void *arg), void *arg)
{
	static char block[32 << 10];            /* what the kernel puts into one datagram at most */
	bool again = false;

	m->h.nlmsg_seq = ++n->seq;
	if (m->full)
		return fail("%s: the request is too long", m->what);
	if (send(n->sock, &m->h, m->h.nlmsg_len, 0) < 0)
		return efail("%s", m->what);
	for (;;) {
		ssize_t got = recv(n->sock, block, sizeof block, 0);
		struct net_span all = { block, (size_t)got }, body;
		struct nlmsghdr h;

		if (got < 0 && errno != EINTR)
			return efail("%s", m->what);
		while (got > 0 && net_next_msg(&all, &h, &body)) {
			again |= h.nlmsg_flags & NLM_F_DUMP_INTR;
			if (h.nlmsg_type == NLMSG_ERROR || h.nlmsg_type == NLMSG_DONE)
				return net_verdict(&h, body, m->what) < 0 ? -1 : again;
			if (each)
				each(h.nlmsg_type, body, arg);
		}
	}
}

/* -- devices ----------------------------------------------------------------------------------- */

struct net_link { char name[IFNAMSIZ]; int index; unsigned flags; };

static void net_see_link(unsigned type, struct net_span body, void *arg)
{
	struct net_link *l = arg;
	struct ifinfomsg info;
	struct net_span value;

	if (type != RTM_NEWLINK || body.n < sizeof info)
		return;
	memcpy(&info, net_cut(&body, sizeof info).at, sizeof info);
	l->index = info.ifi_index;
	l->flags = info.ifi_flags;
	while (net_next_attr(&body, &type, &value))
		if (type == IFLA_IFNAME)
			fmt_to(l->name, sizeof l->name, "%.*s", (int)value.n, value.at);
}

/* By its name or one of its other names; err.no is ENODEV when there is none. */
static int net_find(struct net *n, const char *name, struct net_link *l)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct net_msg m;

	net_begin(&m, RTM_GETLINK, &info, sizeof info);
	net_attr(&m, IFLA_IFNAME, name, strlen(name) + 1);
	m.what = "find the device";
	return net_ask(n, &m, net_see_link, l);
}

struct net_addrs {
	unsigned index;
	struct net_addr { struct net_addr *next; struct net_msg m; } *first;
	struct net_addr **last;
};

/* The address as a request that gives it again, if it is one to keep: config-linux.md "Network
 * Devices".  Its label names the device, which may be called something else by then. */
static void net_see_addr(unsigned type, struct net_span body, void *arg)
{
	struct net_addrs *l = arg;
	struct ifaddrmsg info;
	struct net_span attrs, value;
	uint32_t flags;

	if (type != RTM_NEWADDR || body.n < sizeof info)
		return;
	memcpy(&info, net_cut(&body, sizeof info).at, sizeof info);
	flags = info.ifa_flags;
	for (attrs = body; net_next_attr(&attrs, &type, &value); )
		if (type == IFA_FLAGS && value.n == sizeof flags)
			memcpy(&flags, value.at, sizeof flags);
	if (info.ifa_index != l->index || info.ifa_scope != RT_SCOPE_UNIVERSE ||
	    !(flags & IFA_F_PERMANENT))
		return;
	struct net_addr *a = *l->last = arena_alloc(sizeof *a);

	l->last = &a->next;
	net_begin(&a->m, RTM_NEWADDR, &info, sizeof info);
	a->m.h.nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	a->m.what = "keep its addresses";
	while (net_next_attr(&body, &type, &value))
		if (type != IFA_LABEL)
			net_attr(&a->m, type, value.at, value.n);
}

static int net_addresses(struct net *n, int index, struct net_addrs *l)
{
	struct ifaddrmsg info = { .ifa_family = AF_UNSPEC };
	struct net_msg m;
	int r = 1;

	for (int tries = 0; r == 1 && tries < 100; tries++) {
		*l = (struct net_addrs){ .index = (unsigned)index, .last = &l->first };
		net_begin(&m, RTM_GETADDR, &info, sizeof info);
		m.h.nlmsg_flags |= NLM_F_DUMP;
		m.what = "list its addresses";
		r = net_ask(n, &m, net_see_addr, l);
	}
	return r == 1 ? fail("list its addresses: they keep changing") : r;
}

/* A device on its way to a name elsewhere: l follows it. */
struct net_trip { struct net_link l; const char *name; bool gone; struct net_addrs addrs; };

/* Moves a device with its addresses.  The kernel takes it down, and with that its addresses, and
 * keeps the rest (MTU, hardware address, other names).  Name and namespace change in one request,
 * so that no third name is needed; only for "eth%d" one is, to find the device by. */
static int net_move(struct net *from, struct net *to, struct net_trip *t, bool up)
{
	bool numbered = strchr(t->name, '%');
	const char *first = numbered ? str_fmt("move%x", getpid()) : t->name;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = t->l.index };
	struct net_msg m;

	if (!t->gone)                           /* the way back brings what the host had */
		TRY(net_addresses(from, t->l.index, &t->addrs));
	net_begin(&m, RTM_NEWLINK, &info, sizeof info);
	net_attr(&m, IFLA_NET_NS_FD, &to->ns, sizeof to->ns);
	net_attr(&m, IFLA_IFNAME, first, strlen(first) + 1);
	m.what = "move it";
	TRY(net_ask(from, &m, NULL, NULL));
	t->gone = !t->gone;
	TRY(net_find(to, first, &t->l));
	info.ifi_index = t->l.index;
	if (numbered) {                         /* before the addresses, which get its labels */
		net_begin(&m, RTM_NEWLINK, &info, sizeof info);
		net_attr(&m, IFLA_IFNAME, t->name, strlen(t->name) + 1);
		m.what = "name it";
		TRY(net_ask(to, &m, NULL, NULL));
	}
	for (struct net_addr *a = t->addrs.first; a; a = a->next) {
		memcpy(a->m.body + offsetof(struct ifaddrmsg, ifa_index), &t->l.index,
		       sizeof t->l.index);
		TRY(net_ask(to, &a->m, NULL, NULL));
	}
	info.ifi_change = IFF_UP;
	info.ifi_flags = up ? IFF_UP : 0;
	net_begin(&m, RTM_NEWLINK, &info, sizeof info);
	m.what = "set it up";
	return net_ask(to, &m, NULL, NULL);
}

/* The devices of linux.netDevices.  host: as they were found. */
struct net_move { struct net here, there; struct net_trip *trips; struct net_link *host; };

/* Opens both ends.  This process is in the container's network namespace for one socket(2). */
static int net_reach(struct container *c)
{
	TRY(net_open(&c->net->here, c->proc_fd));
	if (setns(c->pidfd, CLONE_NEWNET) < 0)
		return efail("enter the container's network namespace");
	int r = net_open(&c->net->there, c->proc_fd);

	if (setns(c->net->here.ns, CLONE_NEWNET) < 0) {
		memset(c->conf->hooks, 0, sizeof c->conf->hooks);       /* not in this network */
		return efail("leave it again");
	}
	return r;
}

/* Is every device there, and its new name free? */
static int net_check(const struct config *conf, struct net_move *n)
{
	for (size_t i = 0; i < conf->n_net_devices; i++) {
		const struct net_device_conf *d = &conf->net_devices[i];
		const char *name = d->name;
		struct net_link other;

		if (net_find(&n->here, d->key, &n->host[i]) < 0)
			return ctx("%s", d->key);
		n->trips[i].l = n->host[i];
		if (!name || !*name)
			name = n->host[i].name; /* d->key may be one of its other names */
		n->trips[i].name = name;
		if (strchr(name, '%'))
			continue;
		if (net_find(&n->there, name, &other) == 0)
			return fail("%s: the container's network namespace has a device %s already",
				    d->key, name);
		if (err.no != ENODEV)
			return ctx("%s", d->key);
		err_clear();
	}
	return 0;
}

/* Moves the devices of linux.netDevices into the container's network namespace: all are looked at
 * before the first moves.  c->pidfd: a process in that namespace. */
static int net_attach(struct container *c)
{
	const struct config *conf = c->conf;
	size_t count = conf->n_net_devices;
	struct net_move *n;

	if (!count)
		return 0;
	n = arena_alloc(sizeof *n);
	n->trips = arena_alloc(count * sizeof *n->trips);
	n->host = arena_alloc(count * sizeof *n->host);
	c->net = n;
	if (net_reach(c) < 0 || net_check(conf, n) < 0)
		return ctx("linux.netDevices");
	for (size_t i = 0; i < count; i++) {
		if (net_move(&n->here, &n->there, &n->trips[i], true) < 0)
			return ctx("linux.netDevices: %s", conf->net_devices[i].key);
	}
	return 0;
}

/* For a container that came to be: nothing of ours keeps its network namespace. */
static void net_close(struct container *c)
{
	if (!c->net)
		return;
	close_p(&c->net->here.sock);
	close_p(&c->net->here.ns);
	close_p(&c->net->there.sock);
	close_p(&c->net->there.ns);
}

/* Brings back what net_attach() moved, for a container that did not come to be.  Once it is, the
 * devices are its namespace's: the specification forbids to take them out, and the kernel hands
 * physical ones to the first namespace when that one ends. */
static void net_detach(struct container *c)
{
	for (size_t i = 0; c->net && i < c->conf->n_net_devices; i++) {
		const struct net_link *was = &c->net->host[i];
		struct net_trip *t = &c->net->trips[i];

		t->name = was->name;
		if (t->gone &&
		    net_move(&c->net->there, &c->net->here, t, was->flags & IFF_UP) < 0)
			log_warn("linux.netDevices: %s: bring it back: %s", was->name, err.msg);
	}
}

/* ==== end NET ========================================================== } */

/* ==== ROOM 12: MNT ===================================================== {
 * The container's tree, all in init, before pivot_root, with the host's tree still around it.
 * Every target is a descriptor looked up inside the root; every mount is made detached, given its
 * attributes there, and attached in one step: nothing is mounted by path or remounted later.
 * Entries: mnt_check_label mnt_root mnt_all dev_all mnt_console mnt_hide mnt_pivot mnt_outside.  */

/* -- without mount_setattr(2) --------------------------------------------------------------------
 * Linux 5.12; before, and under filters that do not know it, mount(2) changes a mount, once it is
 * attached: what a detached one is to get waits until then.  Only init may do that: in its mount
 * namespace nobody else is.                                                                    */

static int mnt_proc = -1;                       /* init's procfs: mount(2) wants a path */
static struct late { int fd; bool recursive; struct mount_attr1 attr; } mnt_late[8];
static size_t mnt_n_late;

/* Attributes, as statfs(2) tells and mount(2) takes them. */
static const struct { uint64_t attr; unsigned long st, ms; } mnt_attrs[] = {
	{ ATTR_RDONLY, ST_RDONLY, MS_RDONLY }, { ATTR_NOSUID, ST_NOSUID, MS_NOSUID },
	{ ATTR_NODEV, ST_NODEV, MS_NODEV }, { ATTR_NOEXEC, ST_NOEXEC, MS_NOEXEC },
	{ ATTR_NODIRATIME, ST_NODIRATIME, MS_NODIRATIME },
	{ ATTR_NOSYMFOLLOW, ST_NOSYMFOLLOW1, MS_NOSYMFOLLOW },
};

/* MS_* of what statfs(2) says, changed by a. */
static unsigned long mnt_flags_then(unsigned long st, const struct mount_attr1 *a)
{
	uint64_t now = st & ST_NOATIME ? ATTR_NOATIME : st & ST_RELATIME ? ATTR_RELATIME
									  : ATTR_STRICTATIME;
	unsigned long ms = 0;

	for (size_t i = 0; i < LEN(mnt_attrs); i++)
		if (st & mnt_attrs[i].st)
			now |= mnt_attrs[i].attr;
	now = (now & ~a->attr_clr) | a->attr_set;
	for (size_t i = 0; i < LEN(mnt_attrs); i++)
		if (now & mnt_attrs[i].attr)
			ms |= mnt_attrs[i].ms;
	now &= ATTR_ATIME;
	return ms | (now == ATTR_NOATIME ? MS_NOATIME : now == ATTR_STRICTATIME ? MS_STRICTATIME
										: MS_RELATIME);
}

/* Is it the mount that is read-only, not only the file system?  statfs(2) does not tell. */
static bool mnt_is_readonly(int fd)
{
	char *text = file_read_at(mnt_proc, "self/mountinfo", 16 << 20), *save = NULL;
	uint64_t id;

	if (!text || fd_mount_id(fd, &id) < 0)
		return true;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (str_eq(str_word(l, 0), str_fmt("%" PRIu64, id)))
			return str_starts(str_word(l, 5), "ro");
	return true;
}

static int mnt_change(int fd, bool recursive, const struct mount_attr1 *a)
{
	char *path = str_fmt("self/fd/%d", fd);
	struct statfs fs;

	if (a->propagation)
		return mount(NULL, path, NULL, a->propagation | (recursive ? MS_REC : 0), NULL);
	if (fstatfs(fd, &fs) < 0)
		return -1;
	unsigned long st = (unsigned long)fs.f_flags;

	if (st & ST_RDONLY && !mnt_is_readonly(fd))
		st &= ~(unsigned long)ST_RDONLY;
	return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | mnt_flags_then(st, a), NULL);
}

/* mount(2) has no flag for "and all below": they are in mountinfo. */
static int mnt_change_below(int fd, const struct mount_attr1 *a)
{
	char top[PATH_MAX] = "", *save = NULL;
	char *text = file_read_at(mnt_proc, "self/mountinfo", 16 << 20);

	if (!text || readlinkat(mnt_proc, str_fmt("self/fd/%d", fd), top, sizeof top - 1) < 0)
		return -1;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *at = proc_mountpoint(l);

		if (!path_is_under(at, top) || str_eq(at, top))
			continue;
		autoclose int sub = sys_openat2(fd, at + strlen(top) + 1, O_PATH | O_NOFOLLOW,
						RESOLVE_UNDER | RESOLVE_LINKS_NO);

		if (sub < 0 || mnt_change(sub, false, a) < 0)
			return -1;
	}
	return 0;
}

static int mnt_setattr_by_mount(int fd, bool recursive, struct mount_attr1 *a)
{
	autoclose int here = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (here < 0 || fchdir(mnt_proc) < 0)
		return -1;
	int r = mnt_change(fd, recursive, a);

	/* Not attached yet; EPERM: it comes from another user namespace's. */
	if (r < 0 && (errno == EINVAL || errno == EPERM) && mnt_n_late < LEN(mnt_late)) {
		mnt_late[mnt_n_late++] = (struct late){ fd, recursive, *a };
		r = 0;
	} else if (r == 0 && recursive && !a->propagation) {
		r = mnt_change_below(fd, a);
	}
	return fchdir(here) < 0 ? -1 : r;
}

static int mnt_setattr(int fd, bool recursive, struct mount_attr1 *a)
{
	int r = sys_mount_setattr(fd, recursive, a);

	if (r < 0 && sys_is_missing() && mnt_proc >= 0 && !a->userns_fd)
		r = mnt_setattr_by_mount(fd, recursive, a);
	return r;
}

/* Attaches a detached mount, or moves one. */
static int mnt_move(int fd, int dir, const char *to)
{
	if (sys_move_mount(fd, dir, to) < 0)
		return -1;
	size_t n = mnt_n_late;

	mnt_n_late = 0;
	for (size_t i = 0; i < n; i++) {
		if (mnt_late[i].fd != fd)
			mnt_late[mnt_n_late++] = mnt_late[i];
		else if (mnt_setattr_by_mount(fd, mnt_late[i].recursive, &mnt_late[i].attr) < 0)
			return -1;
	}
	return 0;
}

/* Attributes and propagation of a mount, attached or not. */
static int mnt_set(int fd, const struct mnt_flags *f)
{
	struct mount_attr1 one = { .attr_set = f->set, .attr_clr = f->clear };
	struct mount_attr1 all = { .attr_set = f->rec_set, .attr_clr = f->rec_clear };

	if ((f->set || f->clear) && mnt_setattr(fd, false, &one) < 0)
		return efail("mount_setattr");
	if ((f->rec_set || f->rec_clear) && mnt_setattr(fd, true, &all) < 0)
		return efail("mount_setattr (recursive)");
	for (size_t i = 0; i < f->n_propagation; i++) {
		struct mount_attr1 p = { .propagation = f->propagation[i] &
							~(unsigned long)MS_REC };

		if (mnt_setattr(fd, f->propagation[i] & MS_REC, &p) < 0)
			return efail("mount propagation");
	}
	return 0;
}

/* What a file system context says went wrong, in its own words: fsopen(2) keeps a log. */
static int mnt_fs_fail(int ctl, const char *type)
{
	int no = errno;
	char text[256];
	ssize_t n = read(ctl, text, sizeof text - 1);

	if (n <= 0)
		return fail_no(no, "mount %s", type);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';                                 /* "e tmpfs: Unknown parameter 'x'" */
	return fail_no(no, "mount %s: %s", type, n > 2 && text[1] == ' ' ? text + 2 : text);
}

/* Flags of superblocks, and what undoes them. */
static const struct { unsigned long flag; const char *on, *off; } mnt_super[] = {
	{ MS_RDONLY, "ro", "rw" }, { MS_SYNCHRONOUS, "sync", "async" },
	{ MS_DIRSYNC, "dirsync", NULL }, { MS_MANDLOCK, "mand", "nomand" },
	{ MS_LAZYTIME, "lazytime", "nolazytime" },
};

/* Tells a context the flags, the label and the file system's own options. */
static int mnt_fs_options(int ctl, const char *type, const struct mnt_flags *f)
{
	char *word = f->data ? str_dup(f->data) : NULL, *save = NULL;

	for (size_t i = 0; i < LEN(mnt_super); i++) {
		const char *flag = f->ms & mnt_super[i].flag	 ? mnt_super[i].on
				   : f->ms_off & mnt_super[i].flag ? mnt_super[i].off
								 : NULL;

		if (flag && syscall(NR_fsconfig, ctl, 0, flag, NULL, 0) < 0)
			return mnt_fs_fail(ctl, type);
	}
	if (f->label &&
	    syscall(NR_fsconfig, ctl, FSCONFIG_STRING, "context", f->label, 0) < 0)
		return mnt_fs_fail(ctl, type);
	for (word = word ? strtok_r(word, ",", &save) : NULL; word;
	     word = strtok_r(NULL, ",", &save)) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		if (syscall(NR_fsconfig, ctl, value ? FSCONFIG_STRING : 0, word, value, 0) < 0)
			return mnt_fs_fail(ctl, type);
	}
	return 0;
}

/* A new file system, detached. */
static int mnt_fs(const char *type, const char *source, const struct mnt_flags *f)
{
	autoclose int ctl = (int)syscall(NR_fsopen, type, FS_CLOEXEC);
	int mnt;

	if (ctl < 0 && errno == ENODEV)
		return fail_no(ENODEV, "mount: the kernel has no file system type \"%s\"%s", type,
			       option_lacks(fs_options, type));
	if (ctl < 0)
		return efail("mount: file system type \"%s\"", type);
	if (source && *source &&
	    syscall(NR_fsconfig, ctl, FSCONFIG_STRING, "source", source, 0) < 0)
		return mnt_fs_fail(ctl, type);
	TRY(mnt_fs_options(ctl, type, f));
	if (syscall(NR_fsconfig, ctl, FSCONFIG_CREATE, NULL, NULL, 0) < 0)
		return mnt_fs_fail(ctl, type);
	/* In a user namespace a procfs or sysfs must be as read-only as the one that there is from
	 * the start, or it shows more than that: EPERM. */
	mnt = (int)syscall(NR_fsmount, ctl, FS_CLOEXEC, f->set & ATTR_RDONLY);
	return mnt < 0 ? mnt_fs_fail(ctl, type) : mnt;
}

static int mnt_tree(int dir, const char *path, bool recursive)
{
	return sys_open_tree(dir, path, TREE_CLONE | (*path ? 0 : AT_EMPTY_PATH) |
			     (recursive ? AT_RECURSIVE : 0));
}

/* What to say when mnt_tree() failed, errno says why: refused, or no such call?  One that there is
 * finds no descriptor -1. */
static int mnt_no_tree(const char *what)
{
	int no = errno;

	if (sys_is_missing() && sys_open_tree(-1, "", AT_EMPTY_PATH) < 0 && sys_is_missing())
		return fail_no(no, "open_tree, which Linux has since 5.2");
	return fail_no(no, "%s", what);
}

/* -- where a mount may go ---------------------------------------------------------------------- */

/* Files of /proc that may be covered one by one (lxcfs does); everything else below /proc is
 * refused: a forged /proc/self/attr would catch the writes of security labels. */
static const char *const proc_may_cover[] = {
	"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps",
	"/proc/uptime", "/proc/loadavg", "/proc/slabinfo", "/proc/net/dev",
	"/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
};

static int mnt_check_proc(const char *dest, const char *type, int mnt, int target)
{
	struct statfs fs;
	const char *at = path_clean(dest);

	if (str_eq(at, "/proc")) {
		if (str_eq(type, "proc") ||
		    (mnt >= 0 && fstatfs(mnt, &fs) == 0 && fs.f_type == PROC_MAGIC))
			return 0;
		return fail("\"%s\" cannot be mounted because it is not of type proc", dest);
	}
	for (size_t i = 0; i < LEN(proc_may_cover); i++)
		if (str_eq(at, proc_may_cover[i]))
			return 0;
	/* A link elsewhere that leads into a procfs is caught by what the target is. */
	if (path_is_under(at, "/proc") || (fstatfs(target, &fs) == 0 && fs.f_type == PROC_MAGIC))
		return fail("\"%s\" cannot be mounted because it is inside /proc", dest);
	return 0;
}

/* The directory that holds the last component of path, and that component. */
static int mnt_parent(int root, const char *path, char **name)
{
	char *dir = path_clean(path);

	*name = strrchr(dir, '/') + 1;
	dir = str_ndup(dir, (size_t)(*name - dir));
	if (!**name) {
		errno = EINVAL;
		return -1;
	}
	return path_make(root, dir, false);
}

/* The place to mount on.  proc and sysfs go on plain directories only: the runtime and programs
 * trust those two paths, so a link there is an attack (CVE-2019-19921, CVE-2025-54867). */
static int mnt_target(int root, const struct mount_conf *m, bool file)
{
	const char *rel = m->dest + strspn(m->dest, "/");
	bool strict = str_eq(m->type, "proc") || str_eq(m->type, "sysfs");

	if (m->flags.own & OWN_DEST_LINK) {
		char *name;
		autoclose int dir = mnt_parent(root, m->dest, &name);
		int link = dir < 0 ? -1 : path_child(dir, name, O_PATH);

		if (link >= 0 || dir < 0 || errno != ENOENT)
			return link < 0 ? efail("mount point") : link;
	}
	if (strict) {
		int fd = sys_openat2(root, *rel ? rel : ".", O_PATH | O_NOFOLLOW | O_DIRECTORY,
				     RESOLVE_ROOT | RESOLVE_LINKS_NO);

		if (fd >= 0)
			return fd;
		if (errno == ELOOP || errno == ENOTDIR)
			return fail("filesystem \"%s\" must be mounted on ordinary directory",
				    m->type);
	}
	int fd = path_make(root, m->dest, file);

	if (fd >= 0 && strict) { /* made just now; a link cannot have taken its place */
		close_p(&fd);
		fd = sys_openat2(root, rel, O_PATH | O_NOFOLLOW | O_DIRECTORY,
				 RESOLVE_ROOT | RESOLVE_LINKS_NO);
	}
	return fd < 0 ? efail("make mount point") : fd;
}

/* -- sources ----------------------------------------------------------------------------------- */

/* linux.mountLabel: asked before anything is made. */
static int mnt_check_label(const struct config *conf)
{
	if (conf->mount_label && *conf->mount_label && access("/sys/fs/selinux/enforce", F_OK) < 0)
		return fail("linux.mountLabel: SELinux is not enabled on this host "
			    "(CONFIG_SECURITY_SELINUX)");
	return 0;
}

/* Everything in init that mounts needs this. */
struct mnt_env {
	const struct config *conf;
	const struct container *c;
	int root;                               /* the new root, attached                        */
	int (*ask)(size_t mount);               /* RUN: the parent's mnt_outside()               */
	int (*network)(void);                   /* RUN: be in the container's network namespace   */
	int proc, sys; /* the mounts on /proc and /sys, for mnt_hide()    */
	int *late_ro;  /* tmpfs mounts to be made read-only at the end    */
	size_t n_late_ro;
};

/* Only a shared root keeps the container's mounts peers of the host's. */
static bool mnt_keeps_ties(const struct config *conf)
{
	int prop = 0;

	if (conf->rootfs_propagation && *conf->rootfs_propagation)
		name_find(propagation_names, conf->rootfs_propagation, &prop);
	return prop & MS_SHARED;
}

/* What the parent clones is a peer of the host's mount; in init it would be as its root is. */
static int mnt_cut(const struct mnt_env *e, int fd, int (*change)(int, bool, struct mount_attr1 *))
{
	struct mount_attr1 slave = { .propagation = MS_SLAVE };

	if ((!e->conf->ns_any[NS_USER] && mnt_keeps_ties(e->conf)) ||
	    change(fd, true, &slave) == 0)
		return 0;
	return efail("make a mount of the host a slave");
}

/* Has the parent open a mount: mnt_outside(), which cuts its ties if it can. */
static int mnt_ask(const struct mnt_env *e, size_t index)
{
	struct mount_attr1 any = { .attr_set = ATTR_RDONLY };
	autoclose int fd = e->ask(index);

	if (fd >= 0 && sys_mount_setattr(-1, false, &any) < 0 && sys_is_missing())
		TRY(mnt_cut(e, fd, mnt_setattr_by_mount));
	return take_fd(&fd);
}

static char *mnt_bind_path(const struct config *conf, const struct mount_conf *m)
{
	if (!m->source || !*m->source || *m->source == '/')
		return m->source;
	return str_fmt("%s/%s", conf->bundle, m->source);
}

static int mnt_bind_source(const struct mnt_env *e, const struct mount_conf *m)
{
	const char *path = mnt_bind_path(e->conf, m);

	if (!path || !*path)
		return fail("bind mount without a source");
	int fd = sys_open_tree(AT_FDCWD, path, TREE_CLONE |
			       (m->flags.ms & MS_REC ? AT_RECURSIVE : 0) |
			       (m->flags.own & OWN_SRC_LINK ? AT_SYMLINK_NOFOLLOW : 0));

	/* Mapped root may not be let through directories that the caller can pass. */
	if (fd < 0 && (errno == EACCES || errno == EPERM) && e->ask && e->conf->ns_any[NS_USER])
		return mnt_ask(e, (size_t)(m - e->conf->mounts));
	return fd < 0 ? efail("bind source %s", path) : fd;
}

/* /sys/fs/cgroup: with a cgroup namespace a mount of its own, which shows the container's part
 * only.  Without one, or where mounting is refused, a bind of that part. */
static int mnt_cgroup(const struct mnt_env *e, struct mnt_flags *f)
{
	if (e->conf->ns_any[NS_CGROUP]) {
		int fd = mnt_fs("cgroup2", "cgroup", f);

		if (fd >= 0 || (err.no != EPERM && err.no != EBUSY))
			return fd;
		err_clear();                    /* a user namespace that does not own it: bind */
	}
	autoclose int top = cg_mount(e->c->proc_fd);
	autoclose int own = top < 0	    ? -1
			    : *e->c->cgroup ? cg_child(top, e->c->cgroup + 1)
					    : dup(top);

	if (top < 0)
		return -1;
	if (own < 0)
		return efail("cgroup %s", e->c->cgroup);
	/* Not ours to write: another user's, or the whole tree (CVE-2023-25809). */
	if ((e->conf->ns_any[NS_USER] && !e->conf->ns_new[NS_CGROUP]) || !*e->c->cgroup)
		f->rec_set |= ATTR_RDONLY;
	int fd = mnt_tree(own, "", true);

	return fd < 0 ? efail("bind cgroup %s", e->c->cgroup) : fd;
}

/* What fsconfig(2) cannot be told: values of more than 255 bytes (overlay's lowerdir), iversion,
 * silent. */
static bool mnt_is_classic(const struct mnt_flags *f)
{
	const char *at = f->data;

	while (at && *at) {
		size_t n = strcspn(at, ",");

		if (n > 255)
			return true;
		at += n + (at[n] == ',');
	}
	return f->ms & (MS_I_VERSION | MS_SILENT);
}

/* Is the source or a path among the options relative?  They are in the bundle, as bind sources. */
static bool mnt_is_relative(const struct mount_conf *m, const struct mnt_flags *f)
{
	static const char *const dirs[] = { "lowerdir=", "upperdir=", "workdir=" };
	char *data = str_fmt(",%s", f->data ? f->data : "");

	for (size_t i = 0; str_eq(m->type, "overlay") && i < LEN(dirs); i++) {
		char *at = strstr(data, str_fmt(",%s", dirs[i]));

		if (at && at[1 + strlen(dirs[i])] != '/')
			return true;
	}
	return m->source && *m->source != '/' && strchr(m->source, '/');
}

/* A new file system by mount(2), for those: for a moment on the container's root, where ".." leads
 * from the root to what covers it. */
static int mnt_classic(int root, const struct mount_conf *m, const struct mnt_flags *f)
{
	const char *data = f->data ? f->data : "";
	struct stat below, st;

	if (f->label)
		data = str_fmt("%s%scontext=\"%s\"", data, *data ? "," : "", f->label);
	if (root < 0)                           /* asked for by mnt_outside() */
		return fail("idmap does not go with options of more than 255 bytes, iversion and "
			    "silent");
	if (mnt_is_relative(m, f))
		return fail("relative paths do not go with options of more than 255 bytes, "
			    "iversion and silent");
	if (fchdir(root) < 0 || mount(m->source, ".", m->type, f->ms, data) < 0)
		return efail("mount %s", m->type);
	autoclose int over = sys_openat2(root, "..", O_PATH | O_DIRECTORY, RESOLVE_ROOT);

	/* Only openat2(2) goes up to the cover; without it there is the path of the place. */
	if (over >= 0 && fstat(root, &below) == 0 && fstat(over, &st) == 0 &&
	    st.st_dev == below.st_dev && st.st_ino == below.st_ino) {
		char place[PATH_MAX] = "";

		close_p(&over);
		if (readlinkat(mnt_proc, str_fmt("self/fd/%d", root), place, sizeof place - 1) > 0)
			over = openat(AT_FDCWD, place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	autoclose int mnt = over < 0 ? -1 : mnt_tree(over, "", false);

	if (mnt < 0 || fstat(root, &below) < 0 || fstat(mnt, &st) < 0 || fchdir(over) < 0)
		return efail("mount %s", m->type);
	if (st.st_dev == below.st_dev && st.st_ino == below.st_ino)
		return fail("mount %s: cannot be found again", m->type);
	return umount2(".", MNT_DETACH) < 0 ? efail("mount %s", m->type) : take_fd(&mnt);
}

/* In a user namespace, file systems that show a namespace which is not the container's own cannot
 * be mounted: the host's is bound in their place, as crun does; sysfs read-only. */
static int mnt_of_host(const struct mnt_env *e, const struct mount_conf *m, struct mnt_flags *f)
{
	static const struct { const char *type, *path; enum ns ns; } shown[] = {
		{ "sysfs", "/sys", NS_NET }, { "mqueue", "/dev/mqueue", NS_IPC },
		{ "proc", "/proc", NS_PID },
	};

	for (size_t i = 0; i < LEN(shown); i++) {
		if (!str_eq(m->type, shown[i].type) || e->conf->ns_new[shown[i].ns])
			continue;
		int fd = mnt_tree(AT_FDCWD, shown[i].path, true);

		if (i == 0)
			f->rec_set |= ATTR_RDONLY;
		return fd < 0 ? efail("bind %s of the host", shown[i].path) : fd;
	}
	return -1;
}

/* File systems that do not ask which network namespace they are mounted in; sysfs and NFS do. */
static bool mnt_without_net(const char *type)
{
	static const char *const types[] = { "proc", "tmpfs", "devpts", "mqueue", "cgroup",
					     "cgroup2" };

	for (size_t i = 0; i < LEN(types); i++)
		if (str_eq(type, types[i]))
			return true;
	return false;
}

static int mnt_source(const struct mnt_env *e, const struct mount_conf *m, struct mnt_flags *f)
{
	bool cgroup = m->type && str_starts(m->type, "cgroup");
	int fd;

	if (f->own & OWN_IDMAP && e->ask)
		return mnt_ask(e, (size_t)(m - e->conf->mounts));
	if (f->ms & MS_BIND)
		return mnt_bind_source(e, m);
	if (!m->type || !*m->type || str_eq(m->type, "none"))
		return fail("no type given, and not a bind mount");
	if (cgroup)
		return mnt_cgroup(e, f);
	if (e->network && !mnt_without_net(m->type))
		TRY(e->network());
	/* SELinux has its own labels for these. */
	if (!str_eq(m->type, "proc") && !str_eq(m->type, "sysfs") && !str_eq(m->type, "mqueue") &&
	    e->conf->mount_label && *e->conf->mount_label)
		f->label = e->conf->mount_label;
	if (mnt_is_relative(m, f) && chdir(e->conf->bundle) < 0)
		return efail("bundle");
	fd = mnt_is_classic(f) ? mnt_classic(e->root, m, f) : mnt_fs(m->type, m->source, f);
	return fd < 0 && err.no == EPERM && e->conf->ns_any[NS_USER] ? mnt_of_host(e, m, f) : fd;
}

/* The type of the file system that fd is on, from the first mount of it. */
static char *mnt_fs_type(int proc, int fd)
{
	char *text = file_read_at(proc, "self/mountinfo", 16 << 20), *save = NULL;
	struct stat st;
	if (!text || fstat(fd, &st) < 0)
		return str_dup("of this mount");
	char *dev = str_fmt("%u:%u", major(st.st_dev), minor(st.st_dev));

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *tail = strstr(l, " - ");

		if (tail && str_eq(str_word(l, 2), dev))
			return str_word(tail + 3, 0);
	}
	return str_dup("of this mount");
}

/* mounts[].uidMappings: "inside" is the id in the file system, "outside" the one it is seen as. */
static int mnt_idmap(const struct mnt_env *e, const struct mount_conf *m, int fd, pid_t pid)
{
	struct mount_attr1 attr = { .attr_set = ATTR_IDMAP };
	int proc = e->c->proc_fd;
	struct utsname u;
	autoclose int ns = m->n_uid_maps ? ns_for_maps(m, proc)
					 : openat(proc, str_fmt("%d/ns/user", pid),
						  O_RDONLY | O_CLOEXEC);

	if (ns < 0)
		return m->n_uid_maps ? -1 : efail("user namespace of init");
	attr.userns_fd = (uint64_t)ns;
	if (mnt_setattr(fd, m->flags.own & OWN_REC, &attr) == 0)
		return 0;
	if (errno == ENOSYS)
		return fail("idmap: this kernel has no mount_setattr(2): Linux 5.12");
	if (errno == EINVAL && uname(&u) == 0)
		return fail("idmap: Linux %s cannot map the ids of the file system %s%s", u.release,
			    m->flags.ms & MS_BIND ? mnt_fs_type(proc, fd) : m->type,
			    m->flags.own & OWN_REC ? ", or of one below it" : "");
	return efail("idmap");
}

/* In the parent, for init: opens what init may not pass to, maps ids of what belongs to the host.
 * index: into conf->mounts; past them it is the root. */
static int mnt_outside(const struct mnt_env *e, size_t index, pid_t pid)
{
	const struct mount_conf *m = e->conf->mounts + index;
	struct mnt_flags f = { 0 };
	autoclose int here = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = -1;

	if (index == e->conf->n_mounts) {
		fd = mnt_tree(AT_FDCWD, e->conf->rootfs, true);
		if (fd < 0)
			return efail("rootfs %s", e->conf->rootfs);
	} else {
		f = m->flags;
		if (str_eq(m->type, "tmpfs"))   /* mnt_one() makes it read-only at the end */
			f.ms &= ~(unsigned long)MS_RDONLY;
		fd = mnt_source(e, m, &f);
		if (here >= 0 && fchdir(here) < 0)      /* it may have been in the bundle */
			return efail("return to the working directory");
	}
	if (fd >= 0 && mnt_cut(e, fd, sys_mount_setattr) < 0) {
		if (err.no != ENOSYS && err.no != EPERM)
			return -1;
		err_clear();                    /* there is no such call: mnt_ask() has its way */
	}
	bool ok = fd >= 0 && (!(f.own & OWN_IDMAP) || mnt_idmap(e, m, fd, pid) == 0);

	if (!ok && f.own & OWN_IDMAP && err.no == EPERM)
		fail_no(EPERM, "idmap: mapped already, or not this user's to map");
	return ok ? take_fd(&fd) : -1;
}

/* Changes what is mounted at target: the file system as well, unless "bind" is given.  What is not
 * named stays as it is, as with mount(8). */
static int mnt_remount(int target, const struct mnt_flags *f)
{
	bool super = f->data;

	for (size_t i = 0; i < LEN(mnt_super); i++)
		super |= (f->ms | f->ms_off) & mnt_super[i].flag;
	if (super && !(f->ms & MS_BIND)) {
		autoclose int ctl = (int)syscall(NR_fspick, target, "", FS_CLOEXEC | FSPICK_EMPTY);

		if (ctl < 0)
			return efail("remount");
		TRY(mnt_fs_options(ctl, "remount", f));
		if (syscall(NR_fsconfig, ctl, FSCONFIG_RECONFIGURE, NULL, NULL, 0) < 0)
			return mnt_fs_fail(ctl, "remount");
	}
	return mnt_set(target, f);
}

/* copy-symlink: a source that is a link is made again in the container.  1: it was one. */
static int mnt_copy_link(const struct mnt_env *e, const struct mount_conf *m)
{
	char link[PATH_MAX], there[PATH_MAX], *name;
	const char *path = mnt_bind_path(e->conf, m);
	ssize_t n = path ? readlink(path, link, sizeof link - 1) : -1;

	if (n < 0)
		return 0;                       /* no link, or no source: mounting tells */
	link[n] = '\0';
	autoclose int dir = mnt_parent(e->root, m->dest, &name);

	if (dir < 0)
		return efail("directory of the link");
	if (symlinkat(link, dir, name) == 0)
		return 1;
	if (errno != EEXIST)
		return efail("make the link");
	if (readlinkat(dir, name, there, sizeof there) != n || memcmp(link, there, (size_t)n) != 0)
		return fail("copy-symlink: something else than a link to %s exists", link);
	return 1;
}

/* -- tmpcopyup --------------------------------------------------------------------------------- */

/* Owner, mode, times, and the extended attributes that a tmpfs takes. */
static int copy_attrs(int from, int to)
{
	char names[4096], value[4096];
	struct stat st;

	/* EINVAL, EPERM: an owner for which the user namespace has no id. */
	if (fstat(from, &st) < 0 ||
	    (fchown(to, st.st_uid, st.st_gid) < 0 && errno != EINVAL && errno != EPERM))
		return -1;
	ssize_t n = flistxattr(from, names, sizeof names);

	for (char *p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
		ssize_t len = fgetxattr(from, p, value, sizeof value);

		if (len < 0 || fsetxattr(to, p, value, (size_t)len, 0) < 0)
			log_debug("tmpcopyup: attribute %s: %s", p, errno_text(errno));
	}
	if (fchmod(to, st.st_mode & 07777) < 0)
		return -1;
	return futimens(to, (struct timespec[]){ st.st_atim, st.st_mtim });
}

/* What is no directory: `at`, open as a path and described by st, becomes name in directory to. */
static int copy_file(int proc, int at, const struct stat *st, int to, const char *name)
{
	char link[PATH_MAX] = "";
	ssize_t n;
	int r;

	if (S_ISREG(st->st_mode)) {
		autoclose int in = openat(proc, str_fmt("self/fd/%d", at),
					  O_RDONLY | O_CLOEXEC);
		autoclose int out = openat(to, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

		do
			n = in < 0 || out < 0 ? -1 : sendfile(out, in, NULL, 1 << 30);
		while (n > 0);
		return n < 0 ? -1 : copy_attrs(in, out);
	}
	if (S_ISLNK(st->st_mode))
		r = readlinkat(at, "", link, sizeof link - 1) < 0 ? -1 : symlinkat(link, to, name);
	else
		r = mknodat(to, name, st->st_mode, st->st_rdev);
	if (r == 0 && fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != EINVAL && errno != EPERM)
		r = -1;
	if (r < 0 || S_ISLNK(st->st_mode))
		return r;
	return fchmodat(to, name, st->st_mode & 07777, 0);      /* the umask took some */
}

/* The directory at path, found below both trees; -1 with errno. */
static int copy_open(int dir, const char *path)
{
	return sys_openat2(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
			   RESOLVE_UNDER | RESOLVE_LINKS_NO);
}

/* Copies what directory path of `from` holds to the same place below `to`; directories in it are
 * made, and noted in dirs. */
static int copy_dir(const struct mnt_env *e, int from, int to, const char *path, struct strs *dirs)
{
	struct strs names = { 0 };
	struct stat st;
	autoclose int in = copy_open(from, path), out = copy_open(to, path);

	if (in < 0 || out < 0)
		return efail("tmpcopyup: %s", path);
	TRY(dir_names(in, &names, true));
	for (size_t i = 0; i < names.n; i++) {
		autoclose int at = path_child(in, names.v[i], O_PATH);
		char *sub = str_fmt("%s/%s", path, names.v[i]);
		int r = at < 0 || fstat(at, &st) < 0 ? -1 : 0;

		if (r == 0 && S_ISDIR(st.st_mode)) {
			r = mkdirat(out, names.v[i], 0700);
			strs_add(dirs, sub);
		} else if (r == 0) {
			r = copy_file(e->c->proc_fd, at, &st, out, names.v[i]);
		}
		if (r < 0)
			return efail("tmpcopyup: %s", sub);
	}
	return 0;
}

static bool mnt_has_option(const struct mnt_flags *f, const char *key)
{
	return f->data && strstr(str_fmt(",%s", f->data), str_fmt(",%s=", key));
}

/* A tmpfs takes the mode of the directory it covers, unless its options say otherwise. */
static void mnt_like_target(int root, const char *dest, struct mnt_flags *f)
{
	struct stat st;
	autoclose int fd =
		mnt_has_option(f, "mode") ? -1 : path_in_root(root, dest, O_PATH | O_DIRECTORY);

	if (fd >= 0 && fstat(fd, &st) == 0)
		f->data = str_fmt("mode=%o%s%s", st.st_mode & 07777, f->data ? "," : "",
				  f->data ? f->data : "");
}

/* Fills a new tmpfs with what the directory below it holds: files, links, devices, with owners,
 * modes, times; hard links become files of their own.  By descriptors only: nothing that changes
 * under us leads out of the directory. */
static int mnt_copy_up(const struct mnt_env *e, int from, int to, const struct mnt_flags *f)
{
	struct strs dirs = { 0 };
	struct stat st;

	if (fstat(from, &st) < 0 ||
	    (fchownat(to, "", mnt_has_option(f, "uid") ? NO_ID : st.st_uid,
		      mnt_has_option(f, "gid") ? NO_ID : st.st_gid, AT_EMPTY_PATH) < 0 &&
	     errno != EINVAL && errno != EPERM))
		return efail("tmpcopyup");
	strs_add(&dirs, str_dup("."));
	for (size_t i = 0; i < dirs.n; i++)
		TRY(copy_dir(e, from, to, dirs.v[i], &dirs));
	for (size_t i = dirs.n; i-- > 1; ) {            /* inner ones first, for their times */
		autoclose int in = copy_open(from, dirs.v[i]), out = copy_open(to, dirs.v[i]);

		if (in < 0 || out < 0 || copy_attrs(in, out) < 0)
			return efail("tmpcopyup: %s", dirs.v[i]);
	}
	return 0;
}

/* -- one mount --------------------------------------------------------------------------------- */

static int mnt_attach(struct mnt_env *e, const struct mount_conf *m, int *mnt, int target)
{
	const char *at = path_clean(m->dest);

	if (mnt_move(*mnt, target, "") < 0)
		return efail("attach");
	int *keep = str_eq(at, "/proc") ? &e->proc : str_eq(at, "/sys") ? &e->sys :
		    str_eq(at, "/")	? &e->root : NULL;

	if (keep) {
		if (keep == &e->root) {         /* what it covers is not the container's any more */
			close_p(&e->proc);
			close_p(&e->sys);
		}
		close_p(keep);
		*keep = take_fd(mnt);
	}
	return 0;
}

static int mnt_one(struct mnt_env *e, const struct mount_conf *m)
{
	struct mnt_flags f = m->flags;
	struct stat st;
	autoclose int mnt = -1, target = -1;
	bool tmpfs = str_eq(m->type, "tmpfs") && !(f.ms & (MS_BIND | MS_REMOUNT));
	/* A read-only tmpfs, /dev above all, is still to get what the next mounts need in it. */
	bool late = tmpfs && f.ms & MS_RDONLY;
	int link = f.own & OWN_COPY_LINK ? mnt_copy_link(e, m) : 0;

	if (link)
		return link < 0 ? -1 : 0;
	if (f.ms & MS_REMOUNT) {
		target = path_in_root(e->root, m->dest, O_PATH);
		return target < 0 ? efail("remount") : mnt_remount(target, &f);
	}
	if (late) {
		f.ms &= ~(unsigned long)MS_RDONLY;
		f.set &= ~ATTR_RDONLY;
	}
	if (tmpfs)
		mnt_like_target(e->root, m->dest, &f);
	mnt = mnt_source(e, m, &f);
	if (mnt < 0 && f.own & OWN_NOFAIL && err.no == ENOENT) {
		err_clear();
		return 0;
	}
	if (mnt < 0)
		return -1;
	TRY(mnt_set(mnt, &f));
	bool file = fstat(mnt, &st) == 0 && !S_ISDIR(st.st_mode);

	target = mnt_target(e->root, m, file);
	if (target < 0)
		return -1;
	TRY(mnt_check_proc(m->dest, m->type, mnt, target));
	if (fstat(target, &st) == 0 &&
	    S_ISDIR(st.st_mode) == file) /* else EINVAL, which says little */
		return fail_no(file ? EISDIR : ENOTDIR, "mount point");
	if (f.own & OWN_COPYUP)
		TRY(mnt_copy_up(e, target, mnt, &f));
	if (late)                               /* mnt_attach() may keep the other one */
		e->late_ro[e->n_late_ro++] = fcntl(mnt, F_DUPFD_CLOEXEC, 0);
	return mnt_attach(e, m, &mnt, target);
}

/* Every mount of the configuration, in its order. */
static int mnt_all(struct mnt_env *e)
{
	for (size_t i = 0; i < e->conf->n_mounts; i++)
		if (mnt_one(e, &e->conf->mounts[i]) < 0)
			return ctx("mounts[%zu] %s", i, e->conf->mounts[i].dest);
	return 0;
}

/* -- the root ---------------------------------------------------------------------------------- */

/* A shared mount must not get our root attached: the host would see it.  Makes the mount that
 * holds path private, which is the nearest one upwards that can be changed. */
static int mnt_private_above(const char *path)
{
	for (char *p = str_dup(path); ; ) {
		if (mount(NULL, p, NULL, MS_PRIVATE, NULL) == 0)
			return 0;
		if (errno != EINVAL || !p[1])
			return efail("make the mount of %s private", path);
		char *slash = strrchr(p, '/');

		slash[slash == p] = '\0';
	}
}

/* Paths of the mounts that sit directly on the one which is this process's root, if that is the
 * lowest of the mount namespace: it alone is its own parent.  Else bottom stays false. */
static int mnt_on_bottom(int proc, struct strs *paths, bool *bottom)
{
	char *text = file_read_at(proc, "self/mountinfo", 16 << 20), *save = NULL;
	char *root_id = NULL;

	if (!text)
		return efail("read mountinfo");
	for (int pass = 0; pass < 2; pass++) {
		char *copy = str_dup(text);

		for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
			char *at = proc_mountpoint(l), *parent = str_word(l, 1);

			if (!pass && !root_id && str_eq(at, "/")) {
				root_id = str_word(l, 0);
				*bottom = str_eq(root_id, parent);
			} else if (pass && *bottom && str_eq(parent, root_id) && strcmp(at, "/")) {
				strs_add(paths, at);
			}
		}
	}
	return 0;
}

struct mnt_copy { int proc, ns; };

/* In the child of mnt_lock_all(), with memory and descriptors that are its parent's. */
static int mnt_give_ns(void *arg)
{
	const struct mnt_copy *c = arg;
	int ns = openat(c->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);

	_exit(ns >= 0 && dup3(ns, c->ns, O_CLOEXEC) == c->ns ? 0 : 1);
}

/* Locks the mounts of this namespace, but the lowest, where they are: not even CAP_SYS_ADMIN takes
 * them away.  The kernel does that to a copy for another user namespace, and to the copy made from
 * there.  The first belongs to a child that only hands it over; it shares all it can with us, since
 * its memory would be charged to the container. */
static int mnt_lock_all(int proc)
{
	static char stack[2048] __attribute__((aligned(16)));
	struct mnt_copy copy = { proc, openat(proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC) };
	autoclose int ns = copy.ns;
	int status = 0;

	if (ns < 0)
		return efail("open /proc/self/ns/mnt");
	/* no signal at its end: it is to be waited for also where the caller ignored SIGCHLD */
	pid_t pid = clone(mnt_give_ns, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES |
			  CLONE_NEWUSER | CLONE_NEWNS, &copy);

	if (pid < 0)
		return efail("clone");
	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return efail("wait");
	if (status || setns(ns, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0)
		return efail("enter a locked copy");
	return 0;
}

/* The kernel's initramfs cannot be left by pivot_root(2): its mount has no parent.  So it is
 * covered with an empty read-only tmpfs, locked there, and on that goes a copy of the host's tree
 * that can be left like any other.  Below the cover nothing of the host stays mounted.  own: the
 * mount namespace is the container's own. */
static int mnt_cover(int proc, bool own)
{
	struct mnt_flags ro = { .ms = MS_RDONLY, .set = ATTR_RDONLY };
	struct strs on_root = { 0 };
	struct statfs fs;
	bool bottom = false;

	if (statfs("/", &fs) < 0 || (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC))
		return 0;
	TRY(mnt_on_bottom(proc, &on_root, &bottom));
	if (!bottom)                            /* a tmpfs, but above the initramfs */
		return 0;
	autoclose int host = mnt_tree(AT_FDCWD, "/", true);

	if (host < 0)
		return mnt_no_tree("copy of /");
	autoclose int cover = mnt_fs("tmpfs", "none", &ro);

	if (cover < 0 || mnt_set(cover, &ro) < 0)
		return -1;
	/* What follows must not reach the host. */
	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return efail("make / private");
	if (mnt_move(cover, AT_FDCWD, "/") < 0)
		return efail("move_mount");
	/* Paths still start below the cover.  In a user namespace mounts of the host are locked
	 * (EINVAL) and stay, hidden. */
	for (size_t i = 0; i < on_root.n; i++)
		if (umount2(on_root.v[i], MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			log_debug("detach %s: %s", on_root.v[i], errno_text(errno));
	if (fchdir(cover) < 0 || chroot(".") < 0)
		return efail("enter the cover");
	/* A namespace that was joined is not left for a copy.  Else it fails without user
	 * namespaces, or where a task is too many. */
	if (own && mnt_lock_all(proc) < 0) {
		log_debug("the cover of the initramfs is not locked: %s", err.msg);
		err_clear();
	}
	if (mnt_move(host, AT_FDCWD, "/") < 0)
		return efail("move_mount");
	return fchdir(host) < 0 || chroot(".") < 0 ? efail("enter the copy of /") : 0;
}

/* Cuts this mount namespace's ties with the host's and attaches the root on itself.  Where mapped
 * root may not pass to it the parent opens it, and it is attached on the directory that does not
 * let us in: nothing below that can be of use here.  Returns its descriptor. */
static int mnt_root(const struct mnt_env *e)
{
	const struct config *conf = e->conf;
	char *place = str_dup(conf->rootfs);
	int prop = 0;
	autoclose int at = -1, fd = -1;

	mnt_proc = e->c->proc_fd;
	if (conf->rootfs_propagation && *conf->rootfs_propagation)
		name_find(propagation_names, conf->rootfs_propagation, &prop);
	/* Only a shared root keeps its ties; mnt_pivot() gives the root itself what was asked. */
	if (!(prop & MS_SHARED))
		prop = (prop & MS_PRIVATE ? MS_PRIVATE : MS_SLAVE) | MS_REC;
	if (mount(NULL, "/", NULL, (unsigned long)prop, NULL) < 0)
		return efail("change propagation of /");
	if (mnt_cover(e->c->proc_fd, conf->ns_new[NS_MNT]) < 0)
		return ctx("cover the initramfs");
	for (;;) {
		at = openat(AT_FDCWD, place, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (at >= 0 || errno != EACCES || !conf->ns_any[NS_USER] || !place[1])
			break;
		char *slash = strrchr(place, '/');

		slash[slash == place] = '\0';
	}
	bool outside = at >= 0 && strcmp(place, conf->rootfs) != 0;

	if (at >= 0 && prop & MS_SHARED) {      /* by its own path: there may be links in ours */
		char real[PATH_MAX] = "";

		if (readlinkat(e->c->proc_fd, str_fmt("self/fd/%d", at), real, sizeof real - 1) < 0)
			return efail("path of %s", place);
		TRY(mnt_private_above(real));
	}
	fd = outside ? mnt_ask(e, conf->n_mounts) : at < 0 ? -1 : mnt_tree(at, "", true);
	if (fd < 0)
		return outside ? -1 : mnt_no_tree(str_fmt("rootfs %s", conf->rootfs));
	if (prop & MS_SHARED) {                         /* pivot_root(2) takes no shared root */
		struct mount_attr1 private = { .propagation = MS_PRIVATE };

		if (mnt_setattr(fd, false, &private) < 0)
			return efail("make the root private");
	}
	if (mnt_move(fd, at, "") < 0)
		return efail("attach rootfs %s", conf->rootfs);
	return take_fd(&fd);
}

/* Makes root this process's "/", with nothing of the old tree left.  pivot_root(2): with "." for
 * both, the old root ends up mounted on the new one, and is then unmounted from there. */
static int mnt_pivot(int root, const struct config *conf)
{
	autoclose int old = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int prop = 0;

	if (fchdir(root) < 0)
		return efail("enter the rootfs");
	if (!conf->ns_any[NS_MNT])
		return chroot(".") < 0 ? efail("chroot") : 0;
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return efail("pivot_root");
	if (conf->rootfs_propagation && *conf->rootfs_propagation)
		name_find(propagation_names, conf->rootfs_propagation, &prop);
	/* Shared mounts of the old tree would be unmounted on the host as well. */
	if (prop & MS_SHARED &&
	    (fchdir(old) < 0 || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0))
		return efail("make the old root a slave");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return efail("leave the old root");
	if (prop && mount(NULL, "/", NULL, (unsigned long)prop, NULL) < 0)
		return efail("linux.rootfsPropagation");
	return 0;
}

/* -- devices ----------------------------------------------------------------------------------- */

/* The container's /dev, which must be a real directory of its root. */
static int dev_dir(int root)
{
	if (mkdirat(root, "dev", 0755) < 0 && errno != EEXIST)
		return efail("make /dev");
	int fd = sys_openat2(root, "dev", O_PATH | O_DIRECTORY | O_NOFOLLOW,
			     RESOLVE_ROOT | RESOLVE_LINKS_NO);

	return fd < 0 ? efail("/dev in the rootfs") : fd;
}

struct dev_node { const char *path; mode_t mode; dev_t rdev; uid_t uid; gid_t gid; bool may_bind; };

/* In a user namespace nodes cannot be made: the host's is bound in its place, if it is the same. */
static int dev_bind(int dir, const char *name, const struct dev_node *d)
{
	struct stat st;
	autoclose int tree = mnt_tree(AT_FDCWD, d->path, false);

	if (tree < 0)
		return efail("bind the host's %s", d->path);
	if (fstat(tree, &st) < 0 || (st.st_mode & S_IFMT) != (d->mode & S_IFMT) ||
	    st.st_rdev != d->rdev)
		return fail("the host's %s is another device", d->path);
	autoclose int file =
		openat(dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_RDONLY, 0);

	if (file < 0 && errno == EEXIST)        /* the empty file that dev_make() has seen */
		file = path_child(dir, name, O_PATH);
	if (file < 0)
		return efail("make %s", d->path);
	return mnt_move(tree, file, "") < 0 ? efail("attach %s", d->path) : 0;
}

/* Makes one node below dir.  What exists and is the same device is left as it is; what differs is
 * an error (config-linux.md "Devices"). */
static int dev_make(int dir, const char *name, const struct dev_node *d)
{
	struct stat st;

	if (mknodat(dir, name, d->mode, d->rdev) == 0) {
		if ((d->uid || d->gid) &&
		    fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
			return efail("chown %s", d->path);
		return 0;
	}
	if (errno == EPERM)
		return dev_bind(dir, name, d);
	if (errno != EEXIST)
		return efail("make device %s", d->path);
	autoclose int fd = path_child(dir, name, O_PATH);

	if (fd < 0 || fstat(fd, &st) < 0)
		return efail("device %s", d->path);
	/* In a user namespace without a mount on /dev: what an earlier dev_bind() has left. */
	if (d->may_bind && S_ISREG(st.st_mode) && st.st_size == 0)
		return dev_bind(dir, name, d);
	if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) ||
	    (!S_ISFIFO(d->mode) && st.st_rdev != d->rdev))
		return fail("device %s: a different file is already there", d->path);
	return 0;
}

/* A configured device below a /dev that is the host's: it must be there. */
static int dev_check_there(int root, const struct dev_node *d)
{
	struct stat st;
	autoclose int fd = path_in_root(root, d->path, O_PATH);

	if (fd < 0 || fstat(fd, &st) < 0)
		return efail("device %s: /dev is the host's, nothing is made in it", d->path);
	if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) ||
	    (!S_ISFIFO(d->mode) && st.st_rdev != d->rdev))
		return fail("device %s: a different file is already there", d->path);
	return 0;
}

static int dev_configured(int root, const struct device_conf *d, bool may_bind, bool hosts)
{
	static const struct { char type; mode_t mode; } types[] = {
		{ 'c', S_IFCHR }, { 'u', S_IFCHR }, { 'b', S_IFBLK }, { 'p', S_IFIFO },
	};
	struct dev_node n = { .path = d->path,
			      .rdev = makedev((unsigned)d->major.v, (unsigned)d->minor.v),
			      .uid = (uid_t)d->uid.v,
			      .gid = (gid_t)d->gid.v,
			      .may_bind = may_bind };
	const char *slash = strrchr(d->path, '/');
	mode_t type = 0;

	for (size_t i = 0; i < LEN(types); i++)
		if (types[i].type == *d->type)
			type = types[i].mode;
	n.mode = type | (d->mode.set ? (mode_t)d->mode.v & 07777 : 0666);
	if (hosts && path_is_under(path_clean(d->path), "/dev"))
		return dev_check_there(root, &n);
	autoclose int dir = path_make(root, str_ndup(d->path, (size_t)(slash - d->path)), false);

	if (dir < 0)
		return efail("directory of %s", d->path);
	return dev_make(dir, slash + 1, &n);
}

/* A default link in /dev.  Anything of that name that the image or a mount brought stays, but for
 * ptmx, which must lead to the container's own devpts. */
static int dev_link(int dir, const char *name, const char *target)
{
	if (symlinkat(target, dir, name) == 0)
		return 0;
	if (errno == EEXIST && str_eq(name, "ptmx") && unlinkat(dir, name, 0) == 0 &&
	    symlinkat(target, dir, name) == 0)
		return 0;
	return errno == EEXIST ? 0 : efail("link /dev/%s", name);
}

static bool dev_is_configured(const struct config *conf, const char *path)
{
	for (size_t i = 0; i < conf->n_devices; i++)
		if (str_eq(path_clean(conf->devices[i].path), path))
			return true;
	return false;
}

/* Is /dev the host's, by a bind or as devtmpfs, of which there is only one?  Then nothing may be
 * made or replaced in it. */
static bool dev_is_hosts(const struct config *conf)
{
	bool hosts = false;

	for (size_t i = 0; i < conf->n_mounts; i++) {
		const struct mount_conf *m = &conf->mounts[i];

		if (str_eq(path_clean(m->dest), "/dev") && !(m->flags.ms & MS_REMOUNT))
			hosts = m->flags.ms & MS_BIND || str_eq(m->type, "devtmpfs");
	}
	return hosts;
}

/* Default devices of a /dev that is the container's. */
static int dev_defaults(int dir, const struct config *conf)
{
	for (size_t i = 0; i < LEN(default_devices); i++) {
		struct dev_node d = {
			.path = str_fmt("/dev/%s", default_devices[i].name), .mode = S_IFCHR | 0666,
			.rdev = makedev(default_devices[i].major_no, default_devices[i].minor_no),
			.may_bind = conf->ns_any[NS_USER],
		};

		if (!dev_is_configured(conf, d.path))
			TRY(dev_make(dir, default_devices[i].name, &d));
	}
	return 0;
}

/* Default devices, then the configured ones, then the default links. */
static int dev_all(int root, const struct config *conf, int proc)
{
	bool hosts = dev_is_hosts(conf);
	mode_t mask = umask(0);
	autoclose int dir = hosts ? -1 : dev_dir(root);
	int r = hosts ? 0 : dir < 0 ? -1 : dev_defaults(dir, conf);

	for (size_t i = 0; r == 0 && i < conf->n_devices; i++) {
		r = dev_configured(root, &conf->devices[i], conf->ns_any[NS_USER], hosts);
		if (r < 0)
			ctx("linux.devices[%zu]", i);
	}
	for (size_t i = 0; r == 0 && !hosts && i < LEN(default_links); i++)
		if (!str_eq(default_links[i].name, "core") ||
		    faccessat(proc, "kcore", F_OK, 0) == 0)
			r = dev_link(dir, default_links[i].name, default_links[i].target);
	umask(mask);
	return r;
}

/* Binds the terminal's slave side on /dev/console. */
static int mnt_console(int root, int slave)
{
	autoclose int dir = dev_dir(root), file = -1;
	struct stat st;

	if (dir < 0)
		return -1;
	file = openat(dir, "console", O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_RDONLY, 0666);
	if (file < 0 && errno == EEXIST)
		file = path_child(dir, "console", O_PATH);
	if (file < 0)
		return efail("/dev/console");
	if (fstat(file, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)))
		return fail("/dev/console: a different file is already there");
	autoclose int tree = mnt_tree(slave, "", false);

	if (tree < 0 || mnt_move(tree, file, "") < 0)
		return efail("bind the terminal on /dev/console");
	return 0;
}

/* -- masked and read-only paths ---------------------------------------------------------------- */

/* What hides files and what hides directories; both come from outside the container's tree. */
struct mnt_masks { int null, empty; };

static bool mnt_is_null(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* The host's null device; a bare initramfs has none, then the one that the container got. */
static int mnt_mask_file(const struct mnt_env *e, struct mnt_masks *k)
{
	if (k->null < 0)
		k->null = openat(AT_FDCWD, "/dev/null", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (!mnt_is_null(k->null)) {
		close_p(&k->null);
		k->null = path_in_root(e->root, "dev/null", O_PATH | O_NOFOLLOW);
	}
	if (!mnt_is_null(k->null))
		return fail("neither the host's nor the container's /dev/null is the null device");
	int fd = mnt_tree(k->null, "", false);

	return fd < 0 ? efail("bind /dev/null") : fd;
}

/* The first use takes the tmpfs itself, later ones clone it: a detached mount that is dropped
 * would cost an RCU grace period. */
static int mnt_mask_dir(const struct mnt_env *e, struct mnt_masks *k)
{
	const char *label = e->conf->mount_label;
	struct mnt_flags ro = { .ms = MS_RDONLY, .label = label && *label ? label : NULL,
				.set = ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV | ATTR_NOEXEC };
	int fd;

	if (k->empty >= 0) {
		fd = mnt_tree(k->empty, "", false);
		return fd < 0 ? efail("clone the empty tmpfs") : fd;
	}
	fd = mnt_fs("tmpfs", "tmpfs", &ro);
	if (fd < 0 || mnt_set(fd, &ro) < 0)
		return -1;
	k->empty = dup(fd);
	return fd;
}

/* Looks up what is to be hidden.  Below /proc and /sys that is looked up in the very mounts made
 * there: a rename of the directories under them, by someone who shares the root file system,
 * would else leave the real ones open.  -1 with errno; ENOENT: nothing to hide. */
static int mnt_find_hidden(const struct mnt_env *e, const char *path)
{
	const char *at = path_clean(path);
	int fd;

	if (e->proc >= 0 && str_starts(at, "/proc/"))
		fd = path_in_root(e->proc, at + sizeof "/proc", O_PATH);
	else if (e->sys >= 0 && str_starts(at, "/sys/"))
		fd = path_in_root(e->sys, at + sizeof "/sys", O_PATH);
	else
		fd = path_in_root(e->root, at, O_PATH);
	if (fd < 0 && errno == ENOTDIR)
		errno = ENOENT;
	return fd;
}

static int mnt_mask(const struct mnt_env *e, const char *path, struct mnt_masks *k)
{
	autoclose int at = mnt_find_hidden(e, path), mask = -1;
	struct stat st;

	if (at < 0)
		return errno == ENOENT ? 0 : efail("%s", path);
	if (fstat(at, &st) < 0)
		return efail("%s", path);
	mask = S_ISDIR(st.st_mode) ? mnt_mask_dir(e, k) : mnt_mask_file(e, k);
	if (mask < 0)
		return ctx("%s", path);
	return mnt_move(mask, at, "") < 0 ? efail("cover %s", path) : 0;
}

static int mnt_readonly(const struct mnt_env *e, const char *path)
{
	struct mount_attr1 ro = { .attr_set = ATTR_RDONLY };
	autoclose int at = mnt_find_hidden(e, path), tree = -1;

	if (at < 0)
		return errno == ENOENT ? 0 : efail("%s", path);
	tree = mnt_tree(at, "", true);
	if (tree < 0 || mnt_setattr(tree, true, &ro) < 0 || mnt_move(tree, at, "") < 0)
		return efail("%s", path);
	return 0;
}

/* maskedPaths, readonlyPaths, then the root's own read-only flag. */
static int mnt_hide(const struct mnt_env *e)
{
	struct mnt_masks k = { .null = -1, .empty = -1 };
	struct mount_attr1 ro = { .attr_set = ATTR_RDONLY };
	const struct config *conf = e->conf;
	int r = 0;

	for (size_t i = 0; r == 0 && i < conf->readonly_paths.n; i++) {
		r = mnt_readonly(e, conf->readonly_paths.v[i]);
		if (r < 0)
			ctx("linux.readonlyPaths[%zu]", i);
	}
	for (size_t i = 0; r == 0 && i < conf->masked_paths.n; i++) {
		r = mnt_mask(e, conf->masked_paths.v[i], &k);
		if (r < 0)
			ctx("linux.maskedPaths[%zu]", i);
	}
	close_p(&k.null);
	close_p(&k.empty);
	for (size_t i = 0; r == 0 && i < e->n_late_ro; i++)
		if (mnt_setattr(e->late_ro[i], false, &ro) < 0)
			r = efail("make a tmpfs read-only");
	if (r == 0 && conf->root.readonly && mnt_setattr(e->root, false, &ro) < 0)
		return efail("root.readonly");
	return r;
}

/* ==== end MNT ========================================================== } */

/* ==== ROOM 13: SEC ===================================================== {
 * What the container's process may do and who it is.  Small setters, called by room RUN in the
 * order that each needs; shared by create and exec.
 * Entries: sec_*.                                                                              */

/* Of a process that has not started yet, set from outside while it is still ours to change. */
static int sec_oom(int proc, pid_t pid, struct opt score)
{
	char text[16], path[32];

	if (!score.set)
		return 0;
	fmt_to(text, sizeof text, "%d", (int)score.v);
	fmt_to(path, sizeof path, "%d/oom_score_adj", pid);
	if (file_write_at(proc, path, text) == 0)
		return 0;
	if (errno == EACCES && geteuid() != 0)  /* not dumpable already: the value stays ours */
		return 0;
	return efail("process.oomScoreAdj %s", text);
}

/* list NULL or empty: every cpu, which the kernel cuts down to those of the cgroup's cpuset. */
static int sec_affinity(pid_t pid, const char *list, const char *field)
{
	struct bits mask = { 0 };

	if (!list || !*list)
		memset(&mask, 0xff, sizeof mask);
	else
		str_bits(list, BITS_MAX, &mask);
	if (syscall(SYS_sched_setaffinity, pid, sizeof mask, &mask) == 0)
		return 0;
	return efail("process.execCPUAffinity.%s %s%s", field, list ? list : "",
		     errno == EINVAL ? " (none of these cpus is online and in the cpuset)" : "");
}

/* How process pid is scheduled.  Set from outside: what asks for privilege asks for the host's. */
static int sec_schedule(pid_t pid, const struct process_conf *p)
{
	static const struct why sched_why[] = {
		{ EPERM, " (needs CAP_SYS_NICE; with CONFIG_RT_GROUP_SCHED a cgroup with realtime "
			 "time; for SCHED_DEADLINE no cpuset)" },
		{ EBUSY, " (there is not so much time left for SCHED_DEADLINE)" },
		{ EOPNOTSUPP, " (the kernel lacks CONFIG_UCLAMP_TASK)" },
		{ EINVAL, " (the kernel has no such policy, or not 1024 ns <= runtime <= deadline "
			  "<= period)" }, { 0 }
	}, io_why[] = {
		{ EPERM, " (needs CAP_SYS_NICE)" }, { ENOSYS, " (the kernel lacks CONFIG_BLOCK)" },
		{ 0 }
	};
	enum { WHO_PROCESS = 1, CLASS_SHIFT = 13 };
	const struct sched_conf *s = &p->sched;
	struct sched_attr1 a = {
		.size = sizeof a, .policy = (uint32_t)s->policy, .flags = s->flags,
		.nice = (int32_t)s->nice.v, .priority = (uint32_t)s->priority.v,
		.runtime = s->runtime, .deadline = s->deadline, .period = s->period,
	};

	if (p->has_ioprio && syscall(SYS_ioprio_set, WHO_PROCESS, pid,
				     p->ioprio.class << CLASS_SHIFT | (int)p->ioprio.level.v) < 0)
		return efail("process.ioPriority: %s %d%s",
			     name_of(ioprio_classes, p->ioprio.class), (int)p->ioprio.level.v,
			     errno_why(io_why));
	if (p->has_sched && syscall(SYS_sched_setattr, pid, &a, 0) < 0)
		return efail("process.scheduler: %s%s", name_of(sched_policies, s->policy),
			     errno_why(sched_why));
	return 0;
}

/* Of this process and all that come from it; nobody else could set them. */
static int sec_memory_policy(const struct config *c)
{
	static const struct why why[] = {
		{ EINVAL, " (no such node here, flags that do not go with it, or the kernel is "
			  "older: MPOL_PREFERRED_MANY is of 5.15, MPOL_WEIGHTED_INTERLEAVE of 6.9, "
			  "MPOL_F_NUMA_BALANCING of 5.12)" },
		{ ENOSYS, " (the kernel lacks CONFIG_NUMA)" }, { 0 }
	};
	struct bits nodes = { 0 };
	int n = c->mempolicy.nodes ? str_bits(c->mempolicy.nodes, MPOL_NODES_MAX, &nodes) : 0;

	/* The kernel counts maxnode from one.  One that has no policies has the default. */
	if (!c->has_mempolicy ||
	    syscall(SYS_set_mempolicy, c->mempolicy.mode | (int)c->mempolicy.flags,
		    n ? &nodes : NULL, n ? MPOL_NODES_MAX + 1 : 0) == 0 ||
	    (errno == ENOSYS && c->mempolicy.mode == MPOL_DEFAULT))
		return 0;
	return efail("linux.memoryPolicy: %s of %s%s",
		     name_of(mempolicy_modes, c->mempolicy.mode),
		     n ? c->mempolicy.nodes : "no nodes", errno_why(why));
}

static int sec_personality(const struct config *c)
{
	if (!c->has_personality || syscall(SYS_personality, c->personality.domain) >= 0)
		return 0;
	return efail("linux.personality.domain: %s (this kernel runs no 32-bit programs)",
		     name_of(personality_domains, c->personality.domain));
}

/* Writes go through the host's procfs, before the container's mounts exist: which namespace is
 * meant follows from who writes.  Keys were checked by conf_check_sysctl(). */
static int sec_sysctl(int proc, const struct map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		char *path = str_fmt("sys/%s", m->v[i].key);

		/* As sysctl(8): when the first separator is a dot, dots separate and slashes stand
		 * for dots (net.ipv4.conf.eth0/1.forwarding); else the key is a path already. */
		if (m->v[i].key[strcspn(m->v[i].key, "./")] == '.')
			for (char *p = path + 4; *p; p++)
				*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
		autoclose int fd = sys_openat2(proc, path, O_WRONLY,
					       RESOLVE_UNDER | RESOLVE_LINKS_NO | RESOLVE_XDEV_NO);

		if (fd < 0 || fd_write_all(fd, m->v[i].value, strlen(m->v[i].value)) < 0)
			return efail("linux.sysctl: %s=%s", m->v[i].key, m->v[i].value);
	}
	return 0;
}

/* Of process pid, 0: this one.  -1 with err.no EPERM when a limit would have to be raised: in a
 * user namespace only the parent, outside of it, may. */
static int sec_rlimits(pid_t pid, const struct process_conf *p)
{
	static const struct why why[] = {
		{ EPERM, " (above the caller's hard limit needs CAP_SYS_RESOURCE; RLIMIT_NOFILE "
			 "ends at fs.nr_open)" }, { 0 }
	};

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct rlimit_conf *r = &p->rlimits[i];
		struct rlimit l = { .rlim_cur = r->soft, .rlim_max = r->hard };

		if (prlimit(pid, r->type, &l, NULL) < 0)
			return efail("process.rlimits: %s%s", name_of(rlimit_names, r->type),
				     errno_why(why));
	}
	return 0;
}

/* A session keyring of the container's own: the caller's keys stay with the caller.  Kernels
 * without CONFIG_KEYS have nothing to protect; old seccomp profiles answer EPERM. */
static int sec_keyring(const char *id)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN, str_fmt("_ses.%s", id)) >= 0)
		return 0;
	if (errno == ENOSYS || errno == EPERM || errno == EDQUOT)
		return 0;
	return efail("join session keyring");
}

/* lo up.  A namespace without IPv4 has nothing to bring up. */
static int sec_loopback(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : efail("socket for lo");
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 && errno != ENODEV ? efail("bring up lo") : 0;
}

/* Can the labels be set here?  Asked before pivot_root: the container's /sys says nothing. */
static int sec_check_label(const struct process_conf *p)
{
	static const char on[] = "/sys/module/apparmor/parameters/enabled";
	const char *text = p->apparmor && *p->apparmor ? file_read_at(AT_FDCWD, on, 64) : "Y";

	if (p->selinux && *p->selinux && access("/sys/fs/selinux/enforce", F_OK) < 0)
		return fail("process.selinuxLabel: SELinux is not enabled on this host "
			    "(CONFIG_SECURITY_SELINUX)");
	if (!text || *text != 'Y')
		return fail("process.apparmorProfile: AppArmor is not enabled on this host "
			    "(CONFIG_SECURITY_APPARMOR)");
	return 0;
}

/* Labels for the next execve: a write to attr/exec of the trusted procfs.  The path stands in
 * backquotes because podman looks for it there. */
static int sec_label(int proc, const struct process_conf *p)
{
	static const char own[] = "thread-self/attr/apparmor/exec";     /* since 5.8 */
	static const char shared[] = "thread-self/attr/exec";

	if (p->selinux && *p->selinux && file_write_at(proc, shared, p->selinux) < 0)
		return efail("process.selinuxLabel %s: write `/proc/%s`", p->selinux, shared);
	if (p->apparmor && *p->apparmor) {
		char *text = str_fmt("exec %s", p->apparmor);

		if (file_write_at(proc, own, text) == 0)
			return 0;
		if (faccessat(proc, own, F_OK, 0) == 0 || file_write_at(proc, shared, text) < 0)
			return efail("process.apparmorProfile %s: write `/proc/%s`%s", p->apparmor,
				     own, errno == ENOENT ? " (no such profile)" : "");
	}
	return 0;
}

/* What the container writes to must be its user's, so that /dev/stdout can be opened again.  Only
 * pipes and terminals: a file or a device that the caller passed keeps its owner. */
static void sec_own_stdio(uid_t uid)
{
	struct stat st;

	for (int fd = 0; fd < 3 && uid != NO_ID; fd++) {
		if (fstat(fd, &st) < 0 || st.st_uid == uid)
			continue;
		bool tty = S_ISCHR(st.st_mode) && major(st.st_rdev) >= 136 &&
			   major(st.st_rdev) <= 143;

		if ((S_ISFIFO(st.st_mode) || tty) && fchown(fd, uid, (gid_t)-1) < 0)
			log_debug("own stdio %d: %s", fd, errno_text(errno));  /* unmapped: stays */
	}
}

/* Drops from the bounding set all that is not in it.  Before the user changes: CAP_SETPCAP. */
static int sec_bounding(uint64_t keep)
{
	for (int bit = 0; bit < 64; bit++) {
		if (keep >> bit & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, bit, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)            /* past the kernel's last capability */
			return 0;
		return efail("drop %s from the bounding set",
			     bit < (int)LEN(cap_names) ? cap_names[bit] : "a capability");
	}
	return 0;
}

/* The capabilities this process can still give.  What a configuration asks beyond that is a
 * warning, not an error (config.md "Linux Process"). */
static uint64_t sec_caps_have(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return 0;
	return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

/* Group ids before user ids: afterwards there is no right to.  In a user namespace whose maker may
 * not call setgroups nobody may (EPERM): then the list must be empty, and stays the caller's.
 * keep_groups: it is to stay anyway. */
static int sec_user(const struct process_conf *p, bool user_ns, bool keep_groups)
{
	static const struct why why[] = {
		{ EINVAL, " (the user namespace does not map it)" },
		{ EPERM, " (setgroups is denied in the user namespace)" }, { 0 }
	};
	size_t n = p->user.n_gids;
	gid_t *gids = arena_alloc((n + 1) * sizeof *gids);

	for (size_t i = 0; i < n; i++)
		gids[i] = p->user.gids[i];
	/* With CAP_SETGID only the namespace can refuse it, also one that we were called in. */
	if (!keep_groups && setgroups(n, gids) < 0 &&
	    (n || errno != EPERM || !(user_ns || sec_caps_have() >> CAP_SETGID & 1)))
		return efail("process.user.additionalGids: setgroups%s", errno_why(why));
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return efail("keep capabilities");
	if (setresgid(p->user.gid, p->user.gid, p->user.gid) < 0)
		return efail("process.user.gid %u%s", p->user.gid, errno_why(why));
	if (setresuid(p->user.uid, p->user.uid, p->user.uid) < 0)
		return efail("process.user.uid %u%s", p->user.uid, errno_why(why));
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return efail("keep capabilities");
	umask(p->user.umask.set ? (mode_t)p->user.umask.v : 0022);
	return 0;
}

static void sec_caps_warn(uint64_t missing)
{
	for (size_t bit = 0; bit < LEN(cap_names); bit++)
		if (missing >> bit & 1)
			log_warn("%s cannot be granted here: ignored", cap_names[bit]);
}

/* The four sets that follow the user.  Ambient ones must be permitted and inheritable too; what
 * is not is left out, as in runc. */
static int sec_caps(const struct process_conf *p)
{
	uint64_t known = sec_caps_have();
	uint64_t eff = p->capabilities.effective & known, perm = p->capabilities.permitted & known;
	uint64_t inh = p->capabilities.inheritable & known;
	uint64_t amb = p->capabilities.ambient & perm & inh;
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)eff, (uint32_t)perm, (uint32_t)inh },
		{ (uint32_t)(eff >> 32), (uint32_t)(perm >> 32), (uint32_t)(inh >> 32) },
	};

	sec_caps_warn((p->capabilities.effective | p->capabilities.permitted) & ~known);
	if (syscall(SYS_capset, &head, data) < 0)
		return efail("process.capabilities");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return efail("clear ambient capabilities");
	for (int bit = 0; bit < 64; bit++)
		if (amb >> bit & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0, 0) < 0)
			return efail("ambient %s", cap_names[bit]);
	return 0;
}

/* HOME from the container's own passwd file, by number; at most 1 MiB of it is read.  Called with
 * the container's root as "/". */
static char *sec_home(uint32_t uid)
{
	autoclose int fd =
		openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	char *text = NULL, *save = NULL;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		text = fd_read_all(fd, 1 << 20, NULL);
	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		char *field[7] = { NULL };
		uint64_t id;

		for (int i = 0; i < 7; i++)
			field[i] = strsep(&l, ":");
		if (field[5] && *field[5] && str_u64(field[2], UINT32_MAX, &id) == 0 && id == uid)
			return field[5];
	}
	return str_dup("/");
}

/* envp for execve: the last of several equal names wins, HOME is added when it lacks. */
static char **sec_env(const struct process_conf *p)
{
	char **env = arena_alloc((p->env.n + 2) * sizeof *env);         /* HOME and the end */
	size_t n_env = 0, slots = 16, home = 0;

	while (slots < p->env.n * 2)
		slots *= 2;
	uint32_t *seen = arena_alloc(slots * sizeof *seen);     /* index + 1 into env, by hash */

	for (size_t i = 0; i < p->env.n; i++) {
		char *item = p->env.v[i];
		size_t n = strcspn(item, "="), at = 5381;

		for (size_t k = 0; k < n; k++)
			at = at * 33 + (unsigned char)item[k];
		for (at &= slots - 1; seen[at]; at = (at + 1) & (slots - 1)) {
			const char *old = env[seen[at] - 1];

			if (strncmp(old, item, n) == 0 && (old[n] == '=' || !old[n]))
				break;
		}
		if (seen[at]) {
			env[seen[at] - 1] = item;
			continue;
		}
		env[n_env++] = item;
		seen[at] = (uint32_t)n_env;
	}
	while (home < n_env && !str_starts(env[home], "HOME="))
		home++;
	if (home == n_env || !env[home][5])     /* an empty one counts as none, as in runc */
		env[home] = str_fmt("HOME=%s", sec_home(p->user.uid));
	return env;
}

/* Finds the program as execvp(3) would, with the container's PATH, as the container's user and in
 * its root.  The texts are runc's: engines turn them into exit codes 126 and 127. */
static char *sec_find_program(const char *name, char **env)
{
	const char *path = "";
	struct stat st;

	if (strchr(name, '/')) {
		if (stat(name, &st) < 0)
			efail("exec: \"%s\": stat %s", name, name);
		else if (S_ISDIR(st.st_mode))
			fail("exec: \"%s\": is a directory", name);
		else if (faccessat(AT_FDCWD, name, X_OK, AT_EACCESS) < 0 || !(st.st_mode & 0111))
			fail("exec: \"%s\": permission denied", name);
		else
			return str_dup(name);
		return NULL;
	}
	for (; *env; env++)
		if (str_starts(*env, "PATH="))
			path = *env + 5;
	while (*path) {
		size_t n = strcspn(path, ":");
		char *full = str_fmt("%.*s%s%s", (int)n, path, n ? "/" : "./", name);

		if (stat(full, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111 &&
		    faccessat(AT_FDCWD, full, X_OK, AT_EACCESS) == 0)
			return full;
		path += n + (path[n] == ':');
	}
	fail("exec: \"%s\": executable file not found in $PATH", name);
	return NULL;
}

/* The working directory.  After the chdir the path is asked back: one outside the root, reached
 * through a leaked descriptor, has none (CVE-2024-21626). */
static int sec_cwd(const char *cwd)
{
	char at[PATH_MAX];

	if (chdir(cwd) < 0)
		return efail("process.cwd: chdir to %s", cwd);
	if (syscall(SYS_getcwd, at, sizeof at) < 0 || at[0] != '/')
		return fail("process.cwd: %s is outside of the container's root", cwd);
	return 0;
}

/* ==== end SEC ========================================================== } */

/* ==== ROOM 14: SECCOMP ================================================ {
 * From a seccomp profile to a BPF program; loading it is RUN's.
 *
 *   bpf_plan()      names become numbers; one slot per system call and ABI holds its verdict
 *   bpf_assemble()  slots -> ranges of one verdict -> search tree -> instructions
 *
 * Entries: bpf_build bpf_split bpf_load.  libseccomp, where there is one, adds names to the tables
 * when they are made; in test builds bpf_compile_libseccomp() has it make the program, and the unit
 * tests hold the two to the same verdicts.  Uses: BASE, build/syscalls.h (test/gen-syscalls).
 *
 * What a profile means, where the runtime spec is silent, is what runc and libseccomp make of it:
 *  - The native ABI is always filtered; another one only if it is listed.  A call through any other
 *    ABI kills the thread.
 *  - A rule whose action is the default action says nothing.  A name that no ABI here has is
 *    skipped: profiles are written for many architectures and kernels.
 *  - The first rule without arguments settles its system call.  Otherwise a rule matches if all its
 *    arguments do; but if an argument is tested twice, each test is a rule of its own.
 *  - 32-bit ABIs (x32 and n32 too) compare the low words only.
 *  - Where an ABI has socketcall(2) or ipc(2), a rule for socket(2) and its kind is also one for
 *    the multiplexer.  What it says of argument 0 is lost there: that is the call's number.
 *  - A number above all that the profile names gets ENOSYS, if the default action refuses.  EPERM
 *    for a call newer than the profile would stop libraries from falling back to an older one.
 *    Only listed ABIs get this, and a profile whose numbers are all 0 does not.               */

/* Architectures: SC_ARCHS in room NAMES.  Made by test/gen-syscalls from the toolchain's headers
 * and libseccomp: sys_names[] sys_offset[] sys_numbers[][] SYS_COL_* SYS_NATIVE. */
#include "syscalls.h"

/* A compiled filter; notify: it asks a listener, by_number: about sendmsg(2), too. */
struct bpf_prog { struct sock_filter *insn; size_t len; bool notify, by_number; };

/* Column -1: the kernel this binary runs on has no such ABI; a profile may list it nevertheless. */
#define X(id, audit, bits, base) \
	[ARCH_##id] = { "SCMP_ARCH_" #id, audit, base, bits, SYS_COL_##id },
static const struct sc_arch_row {
	const char *name;
	uint32_t audit, base;
	uint8_t bits;
	int8_t col;
} sc_archs[ARCH_COUNT] = { SC_ARCHS(X) };
#undef X

static const struct sc_action_row {
	const char *name;
	uint32_t ret;
	bool has_data;
} sc_actions[] = {
	[ACT_KILL_THREAD]  = { "SCMP_ACT_KILL_THREAD",  SECCOMP_RET_KILL_THREAD,  false },
	[ACT_KILL_PROCESS] = { "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false },
	[ACT_TRAP]         = { "SCMP_ACT_TRAP",         SECCOMP_RET_TRAP,         false },
	[ACT_ERRNO]        = { "SCMP_ACT_ERRNO",        SECCOMP_RET_ERRNO,        true },
	[ACT_TRACE]        = { "SCMP_ACT_TRACE",        SECCOMP_RET_TRACE,        true },
	[ACT_ALLOW]        = { "SCMP_ACT_ALLOW",        SECCOMP_RET_ALLOW,        false },
	[ACT_LOG]          = { "SCMP_ACT_LOG",          SECCOMP_RET_LOG,          false },
	[ACT_NOTIFY]       = { "SCMP_ACT_NOTIFY",       SECCOMP_RET_USER_NOTIF,   false },
};

/* socketcall(2)'s and ipc(2)'s own numbers; by name, as sys_names. */
static const struct sc_mux { char name[12]; uint8_t call; bool ipc; } sc_muxed[] = {
	{ "accept", 5, 0 }, { "accept4", 18, 0 }, { "bind", 2, 0 }, { "connect", 3, 0 },
	{ "getpeername", 7, 0 }, { "getsockname", 6, 0 }, { "getsockopt", 15, 0 },
	{ "listen", 4, 0 },
	{ "msgctl", 14, 1 }, { "msgget", 13, 1 }, { "msgrcv", 12, 1 }, { "msgsnd", 11, 1 },
	{ "recv", 10, 0 }, { "recvfrom", 12, 0 }, { "recvmmsg", 19, 0 }, { "recvmsg", 17, 0 },
	{ "semctl", 3, 1 }, { "semget", 2, 1 }, { "semop", 1, 1 }, { "semtimedop", 4, 1 },
	{ "send", 9, 0 }, { "sendmmsg", 20, 0 }, { "sendmsg", 16, 0 }, { "sendto", 11, 0 },
	{ "setsockopt", 14, 0 },
	{ "shmat", 21, 1 }, { "shmctl", 24, 1 }, { "shmdt", 22, 1 }, { "shmget", 23, 1 },
	{ "shutdown", 13, 0 }, { "socket", 1, 0 }, { "socketpair", 8, 0 },
};

enum { SC_ARGS = 6, NO_CALL = 0xffff, VERDICTS = 64 };

/* A slot is a number without its ABI's base.  The last ones are arm's private calls, 0xf0000 up. */
enum { SLOTS = 640, SLOT_PRIVATE = 632, PRIVATE = 0xf0000 };

struct bpf_rule {                       /* one conditional rule of one system call */
	struct bpf_rule *next;
	uint32_t ret;
	unsigned n;
	struct seccomp_arg arg[SC_ARGS];    /* by index; the memory ends after the n-th */
};

struct bpf_verdict {                    /* shared by all slots that end the same way */
	struct bpf_verdict *next;
	uint32_t ret;
	struct bpf_rule *rules;             /* conditional: first match, else the default action */
	unsigned n_rules;
	struct bpf_abi *abi;                /* conditional: where it was made */
	unsigned slot;
	bool own;                           /* not left to libseccomp */
	uint16_t id;                        /* its index in verdict[], 0 if it is in no slot */
	uint32_t at;                        /* label of its code, 0 if not emitted yet */
};

struct bpf_abi {
	const struct sc_arch_row *arch;
	const uint16_t *numbers;
	uint16_t socketcall, ipc;           /* slots, or NO_CALL */
	bool listed;
	int last;                           /* the greatest number the profile names, -1 if none */
	uint16_t slot[SLOTS];               /* index into verdict[] of the plan */
	bool hard[SLOTS];                   /* its rules are beyond libseccomp */
};

struct bpf_plan {
	const struct seccomp_conf *conf;
	struct bpf_verdict *fixed, *tests;  /* lists: verdicts without and with conditions */
	struct bpf_verdict **verdict;       /* those in slots; [0] is NULL */
	struct bpf_verdict *first_verdicts[VERDICTS];
	unsigned n_verdicts;
	struct bpf_verdict *other, *enosys, *wrong_abi;
	struct bpf_verdict *pass;           /* on to libseccomp's program */
	bool too_many;                      /* rules for one call */
	uint8_t mux[SYS_COUNT];             /* 1 + row of sc_muxed, 0 for other calls */
	size_t n_abi;
	struct bpf_abi abi[SYS_COLS];       /* native first */
};

/* ---- plan: what is the verdict of each number? ---- */

/* The action of a rule as the kernel's return value.  -1 with the reason if it cannot be. */
static int bpf_action(int action, bool has_errno, uint32_t errno_ret, uint32_t *ret)
{
	const struct sc_action_row *a = &sc_actions[action];

	if (has_errno && !a->has_data) return fail("%s takes no errno", a->name);
	if (has_errno && errno_ret > 0xffff) return fail("errno %u is out of range", errno_ret);
	*ret = a->ret | (!a->has_data ? 0 : has_errno ? errno_ret : EPERM);
	return 0;
}

/* The row of a name, or -1.  Profiles are mostly in alphabetical order as our table is: the search
 * goes out from the row after the last name's, by steps that double. */
static int bpf_sys_find(const char *name, int from)
{
	int lo = from, hi = from;

	for (int step = 1; hi < SYS_COUNT; hi += step, step *= 2) {
		int cmp = strcmp(name, sys_names + sys_offset[hi]);
		if (cmp == 0) return hi;
		if (cmp < 0) break;
		lo = hi + 1;
	}
	if (lo == from) lo = 0;                 /* it is before all of them */
	if (hi > SYS_COUNT) hi = SYS_COUNT;
	while (lo < hi) {
		int mid = (lo + hi) / 2, cmp = strcmp(name, sys_names + sys_offset[mid]);
		if (cmp == 0) return mid;
		if (cmp < 0) hi = mid;
		else lo = mid + 1;
	}
	return -1;
}

/* Verdicts without conditions are shared, so that equal ones are one pointer. */
static struct bpf_verdict *bpf_fixed(struct bpf_plan *p, uint32_t ret, bool own)
{
	struct bpf_verdict *v = p->fixed;

	while (v && (v->ret != ret || v->own != own)) v = v->next;
	if (v) return v;
	v = arena_alloc(sizeof *v);
	*v = (struct bpf_verdict){ .next = p->fixed, .ret = ret, .own = own };
	return p->fixed = v;
}

static struct bpf_verdict *bpf_in_slot(const struct bpf_plan *p, const struct bpf_abi *abi,
				       unsigned slot)
{
	return p->verdict[abi->slot[slot]];
}

/* What a slot holds of a verdict: two bytes, not a pointer, for new memory costs as much as all the
 * rest of compiling a profile. */
static uint16_t bpf_id(struct bpf_plan *p, struct bpf_verdict *v)
{
	size_t n = p->n_verdicts;

	if (v->id) return v->id;
	if (n >= VERDICTS && (n & (n - 1)) == 0) {              /* full: twice as much */
		struct bpf_verdict **more = arena_alloc(n * 2 * sizeof(void *));
		memcpy(more, p->verdict, n * sizeof(void *));
		p->verdict = more;
	}
	p->verdict[n] = v;
	p->n_verdicts++;
	return v->id = (uint16_t)n;
}

static bool bpf_is_order(int op)
{
	return op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE;
}

static bool bpf_same_conditions(const struct bpf_rule *a, const struct bpf_rule *b)
{
	if (a->n != b->n) return false;
	for (unsigned i = 0; i < a->n; i++) {
		const struct seccomp_arg *x = &a->arg[i], *y = &b->arg[i];
		if (x->index != y->index || x->op != y->op || x->value != y->value ||
		    x->value_two != y->value_two)
			return false;
	}
	return true;
}

/* Adds a test to a rule as the ABI can make it: sorted, cut to its word, none if always true. */
static void bpf_rule_add_arg(struct bpf_rule *r, struct seccomp_arg a, uint8_t bits)
{
	unsigned i = r->n;

	if (bits == 32) {
		a.value = (uint32_t)a.value;
		a.value_two = (uint32_t)a.value_two;
	}
	if (a.op != OP_MASKED_EQ) a.value_two = 0;
	else if (a.value == 0) return;
	else a.value_two &= a.value;
	for (; i > 0 && r->arg[i - 1].index > a.index; i--) r->arg[i] = r->arg[i - 1];
	r->arg[i] = a;
	r->n++;
}

/* The slots that a name stands for in an ABI: its own and the multiplexer's. */
struct bpf_target { unsigned slot; int mux; };

static int bpf_targets(const struct bpf_plan *p, const struct bpf_abi *abi, int id,
		       struct bpf_target t[2])
{
	const struct sc_mux *m = NULL;
	int n = 0;

	if (abi->socketcall != NO_CALL && p->mux[id]) m = &sc_muxed[p->mux[id] - 1];
	if (m) t[n++] = (struct bpf_target){ m->ipc ? abi->ipc : abi->socketcall, m->call };
	if (abi->numbers[id] != NO_CALL) t[n++] = (struct bpf_target){ abi->numbers[id], -1 };
	return n;
}

/* Is a rule beyond what libseccomp is known to get right?  See bpf_compile_libseccomp(). */
static bool bpf_is_hard(const struct bpf_rule *r, bool alone)
{
	for (unsigned i = 0; i < r->n; i++)
		if (bpf_is_order(r->arg[i].op)) return true;
	return !alone && (r->n > 1 || r->arg[0].op != OP_EQ);
}

/* Adds one rule to a slot. */
static void bpf_slot_add(struct bpf_plan *p, struct bpf_abi *abi, struct bpf_target t,
			 const struct seccomp_rule *part, uint32_t ret)
{
	struct bpf_verdict *v = bpf_in_slot(p, abi, t.slot);
	struct bpf_rule r, **end;
	size_t size;

	if (v && !v->rules) return;             /* settled */
	r.next = NULL;
	r.ret = ret;
	r.n = 0;
	if (t.mux >= 0)
		bpf_rule_add_arg(&r, (struct seccomp_arg){ 0, (uint64_t)t.mux, 0, OP_EQ }, 32);
	for (size_t i = 0; i < part->n_args; i++)
		if (t.mux < 0 || part->args[i].index != 0)
			bpf_rule_add_arg(&r, part->args[i], abi->arch->bits);
	if (r.n == 0) {
		abi->slot[t.slot] = bpf_id(p, bpf_fixed(p, ret, false));
		return;
	}
	if (!v) {
		v = arena_alloc(sizeof *v);
		*v = (struct bpf_verdict){ .next = p->tests, .abi = abi, .slot = t.slot };
		p->tests = v;
		abi->slot[t.slot] = bpf_id(p, v);
	}
	abi->hard[t.slot] |= bpf_is_hard(&r, true);
	for (end = &v->rules; *end; end = &(*end)->next) {
		abi->hard[t.slot] |= (*end)->ret != ret || bpf_is_hard(*end, false) ||
				     bpf_is_hard(&r, false);
		if ((*end)->ret == ret && bpf_same_conditions(*end, &r)) return;
	}
	if (v->n_rules++ >= BPF_MAXINSNS / 2) { /* cannot fit, and what follows is quadratic */
		p->too_many = true;
		return;
	}
	size = offsetof(struct bpf_rule, arg) + r.n * sizeof *r.arg;
	*end = arena_alloc(size);
	memcpy(*end, &r, size);
}

static bool bpf_tests_one_arg_twice(const struct seccomp_rule *rule)
{
	unsigned seen = 0, twice = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		twice |= seen & 1u << rule->args[i].index;
		seen |= 1u << rule->args[i].index;
	}
	return twice != 0;
}

/* Adds a rule of the profile for one name, in all ABIs. */
static void bpf_plan_name(struct bpf_plan *p, const struct seccomp_rule *rule, uint32_t ret, int id)
{
	/* libseccomp refuses two tests of one argument in a rule; runc makes each a rule then. */
	bool split = bpf_tests_one_arg_twice(rule);
	size_t parts = split ? rule->n_args : 1;

	for (size_t i = 0; i < p->n_abi; i++) {
		struct bpf_abi *abi = &p->abi[i];
		struct bpf_target t[2];
		int n = bpf_targets(p, abi, id, t);
		bool counts = n == 1 && t[0].mux < 0 && t[0].slot < SLOT_PRIVATE;

		/* A multiplexed call does not count: its direct number is younger than it is. */
		if (counts && (int)t[0].slot > abi->last) abi->last = (int)t[0].slot;
		for (int j = 0; j < n && ret != p->other->ret; j++)
			for (size_t k = 0; k < parts; k++) {
				struct seccomp_rule part = *rule;
				if (split) part.args = &rule->args[k], part.n_args = 1;
				bpf_slot_add(p, abi, t[j], &part, ret);
			}
	}
}

/* The same for what most names are: no conditions, and one number in an ABI at most.  v: the rule's
 * verdict, 0 until one is needed. */
static void bpf_plan_plain(struct bpf_plan *p, int id, uint32_t ret, uint16_t *v)
{
	for (size_t i = 0; i < p->n_abi; i++) {
		struct bpf_abi *abi = &p->abi[i];
		unsigned slot = abi->numbers[id];

		if (slot == NO_CALL) continue;
		if (slot < SLOT_PRIVATE && (int)slot > abi->last) abi->last = (int)slot;
		if (ret == p->other->ret) continue;
		if (abi->slot[slot] && !bpf_in_slot(p, abi, slot)->rules) continue;
		if (!*v) *v = bpf_id(p, bpf_fixed(p, ret, false));
		abi->slot[slot] = *v;
	}
}

static int bpf_plan_rule(struct bpf_plan *p, const struct seccomp_rule *rule)
{
	uint32_t ret = 0;
	uint16_t plain = 0;
	int next = 0;

	if (bpf_action(rule->action, rule->has_errno, rule->errno_ret, &ret) < 0) return -1;
	for (size_t i = 0; i < rule->n_args; i++)
		if (rule->args[i].index >= SC_ARGS)
			return fail("a system call has no argument %u", rule->args[i].index);
	for (size_t i = 0; i < rule->n_names; i++) {
		int id = bpf_sys_find(rule->names[i], next);

		next = id + 1;
		/* init hands the listener over by write(2); the agent could not allow that yet. */
		if (rule->action == ACT_NOTIFY && strcmp(rule->names[i], "write") == 0)
			return fail("SCMP_ACT_NOTIFY cannot be used for the write syscall");
		if (id < 0)
			log_debug("seccomp: unknown system call %s ignored", rule->names[i]);
		else if (rule->n_args == 0 && !p->mux[id])
			bpf_plan_plain(p, id, ret, &plain);
		else
			bpf_plan_name(p, rule, ret, id);
	}
	return 0;
}

static void bpf_plan_abi(struct bpf_plan *p, int arch, bool listed)
{
	const struct sc_arch_row *row = &sc_archs[arch];
	struct bpf_abi *abi;
	int socketcall, ipc;

	for (size_t i = 0; i < p->n_abi; i++) {
		if (p->abi[i].arch != row) continue;
		p->abi[i].listed |= listed;
		return;
	}
	if (row->col < 0) {
		log_debug("seccomp: %s does not run here, ignored", row->name);
		return;
	}
	abi = &p->abi[p->n_abi++];
	abi->arch = row;
	abi->numbers = sys_numbers[row->col];
	abi->listed = listed;
	abi->last = -1;
	abi->socketcall = abi->ipc = NO_CALL;
	socketcall = bpf_sys_find("socketcall", 0);
	ipc = bpf_sys_find("ipc", 0);
	if (socketcall >= 0) abi->socketcall = abi->numbers[socketcall];
	if (ipc >= 0) abi->ipc = abi->numbers[ipc];
}

/* The order in which libseccomp tries two rules of different actions, < 0 if a is first: greater
 * argument index; then == and !=, < and <=, > and >=; then the value nearest to the narrow end. */
static int bpf_rule_order(const struct bpf_rule *a, const struct bpf_rule *b)
{
	static const uint8_t class[] = {
		[OP_EQ] = 0, [OP_NE] = 0, [OP_MASKED_EQ] = 0,
		[OP_LT] = 1, [OP_LE] = 1, [OP_GT] = 2, [OP_GE] = 2,
	};

	for (unsigned i = 0; i < a->n && i < b->n; i++) {
		const struct seccomp_arg *x = &a->arg[i], *y = &b->arg[i];
		uint64_t u = x->op == OP_MASKED_EQ ? x->value_two : x->value;
		uint64_t v = y->op == OP_MASKED_EQ ? y->value_two : y->value;

		if (x->index != y->index) return x->index > y->index ? -1 : 1;
		if (class[x->op] != class[y->op]) return class[x->op] - class[y->op];
		if (u != v) return (u > v) == (class[x->op] != 1) ? -1 : 1;
		if (x->op != y->op || x->value != y->value) return 0;
	}
	return (int)a->n - (int)b->n;
}

static const char *bpf_slot_name(const struct bpf_abi *abi, unsigned slot)
{
	int id = 0;

	while (id < SYS_COUNT && abi->numbers[id] != slot) id++;
	return id < SYS_COUNT ? sys_names + sys_offset[id] : str_fmt("system call %u", slot);
}

/* Puts the rules of a slot in order, which matters where their actions differ. */
static int bpf_slot_sort(struct bpf_verdict *v)
{
	const struct bpf_abi *abi = v->abi;
	unsigned slot = v->slot;
	/* A multiplexer's rules come from different names: there the first one stands. */
	bool mux = slot == abi->socketcall || slot == abi->ipc;
	struct bpf_rule *sorted = NULL, **at, *r, *next;

	for (r = v->rules; r; r = next) {
		next = r->next;
		for (at = &sorted; *at && bpf_rule_order(*at, r) <= 0; at = &(*at)->next)
			if (!mux && bpf_same_conditions(*at, r))
				return fail("%s: two actions for the same arguments",
					    bpf_slot_name(abi, slot));
		r->next = *at;
		*at = r;
	}
	v->rules = sorted;
	return 0;
}

static bool bpf_same_rules(const struct bpf_verdict *v, const struct bpf_verdict *w)
{
	const struct bpf_rule *a = v->rules, *b = w->rules;

	while (a && b && a->ret == b->ret && bpf_same_conditions(a, b)) {
		a = a->next;
		b = b->next;
	}
	return !a && !b && v->abi->arch->bits == w->abi->arch->bits;
}

/* Once all rules are in: orders them and lets equal conditional verdicts share their code. */
static int bpf_plan_finish(struct bpf_plan *p)
{
	struct bpf_verdict *v, *next = p->tests, *same;

	for (p->tests = NULL; (v = next);) {
		next = v->next;
		if (v->abi->slot[v->slot] != v->id) continue;   /* settled since */
		if (v->abi->hard[v->slot] && bpf_slot_sort(v) < 0) return -1;
		for (same = p->tests; same && !bpf_same_rules(same, v);) same = same->next;
		if (same) {
			v->abi->slot[v->slot] = same->id;
			continue;
		}
		v->next = p->tests;
		p->tests = v;
	}
	return 0;
}

static int bpf_plan(struct bpf_plan *p, const struct seccomp_conf *s)
{
	uint32_t ret = 0;
	int id = -1;

	p->conf = s;
	p->verdict = p->first_verdicts;
	p->n_verdicts = 1;
	p->wrong_abi = bpf_fixed(p, SECCOMP_RET_KILL_THREAD, false);
	p->enosys = bpf_fixed(p, SECCOMP_RET_ERRNO | ENOSYS, true);
	p->pass = bpf_fixed(p, SECCOMP_RET_DATA, true);         /* no action has this value */
	if (s->default_action == ACT_NOTIFY)
		return fail("SCMP_ACT_NOTIFY cannot be used as default action");
	if (bpf_action(s->default_action, s->has_default_errno, s->default_errno, &ret) < 0)
		return ctx("defaultAction");
	p->other = bpf_fixed(p, ret, false);
	for (size_t i = 0; i < LEN(sc_muxed); i++)
		if ((id = bpf_sys_find(sc_muxed[i].name, id + 1)) >= 0)
			p->mux[id] = (uint8_t)(i + 1);
	bpf_plan_abi(p, SYS_NATIVE, false);
	for (size_t i = 0; i < s->n_archs; i++) bpf_plan_abi(p, s->archs[i], true);
	for (size_t i = 0; i < s->n_rules; i++)
		if (bpf_plan_rule(p, &s->rules[i]) < 0) return ctx("syscalls[%zu]", i);
	if (p->too_many) return fail("more than %d rules for one system call", BPF_MAXINSNS / 2);
	return bpf_plan_finish(p);
}

/* ---- assembly: from the last instruction to the first ---- */

/* Jumps only lead forward, so if code is made backwards all targets are known.  A label is the
 * distance of an instruction from the end of the program, counted from 1; 0 is what follows it. */
struct bpf_asm {
	struct bpf_plan *p;
	struct sock_filter *end;
	uint32_t n, room;                   /* beyond the room, n only counts: for the message */
	bool front;                         /* before libseccomp's program: only our own verdicts */
	struct bpf_verdict *as_x86_64;      /* x32: that of the number without its bit */
};

static uint32_t bpf_emit(struct bpf_asm *a, uint16_t code, uint32_t jt, uint32_t jf, uint32_t k)
{
	uint32_t n = a->n++;

	if (a->n <= a->room)
		a->end[-(ptrdiff_t)a->n] =
			(struct sock_filter){ code, (uint8_t)(n - jt), (uint8_t)(n - jf), k };
	return a->n;
}

/* A conditional jump reaches 255 instructions; further ones go over a JA put right behind it. */
static uint32_t bpf_emit_if(struct bpf_asm *a, uint16_t op, uint32_t k, uint32_t jt, uint32_t jf)
{
	if (a->n - jf > 254) jf = bpf_emit(a, BPF_JMP | BPF_JA, a->n, a->n, a->n - jf);
	if (a->n - jt > 255) jt = bpf_emit(a, BPF_JMP | BPF_JA, a->n, a->n, a->n - jt);
	return bpf_emit(a, BPF_JMP | op | BPF_K, jt, jf, k);
}

/* Falls through to the code made just before. */
static uint32_t bpf_emit_load(struct bpf_asm *a, size_t offset)
{
	return bpf_emit(a, BPF_LD | BPF_W | BPF_ABS, a->n, a->n, (uint32_t)offset);
}

/* Lets the code at a label follow. */
static uint32_t bpf_emit_next(struct bpf_asm *a, uint32_t label)
{
	return label == a->n ? label : bpf_emit(a, BPF_JMP | BPF_JA, a->n, a->n, a->n - label);
}

struct bpf_exits { uint32_t yes, no; };        /* labels */

/* Loads one half of an argument. */
static uint32_t bpf_emit_word(struct bpf_asm *a, const struct seccomp_arg *arg, bool high)
{
	bool big = !(sc_archs[SYS_NATIVE].audit & __AUDIT_ARCH_LE);

	return bpf_emit_load(a, offsetof(struct seccomp_data, args) + 8ul * arg->index +
				(high != big ? 4 : 0));
}

/* Tests one half of an argument, under its mask if it has one. */
static uint32_t bpf_emit_half(struct bpf_asm *a, const struct seccomp_arg *arg, bool high,
			      uint16_t op, struct bpf_exits to)
{
	bool masked = arg->op == OP_MASKED_EQ;
	unsigned shift = high ? 32 : 0;
	uint32_t value = (uint32_t)((masked ? arg->value_two : arg->value) >> shift);
	uint32_t mask = masked ? (uint32_t)(arg->value >> shift) : UINT32_MAX;

	if (mask == 0) return to.yes;
	bpf_emit_if(a, op, value, to.yes, to.no);
	if (mask != UINT32_MAX) bpf_emit(a, BPF_ALU | BPF_AND | BPF_K, a->n, a->n, mask);
	return bpf_emit_word(a, arg, high);
}

/* Tests one argument.  For order the high words decide unless they are equal. */
static uint32_t bpf_emit_arg(struct bpf_asm *a, const struct seccomp_arg *arg, uint8_t bits,
			     struct bpf_exits to)
{
	bool inverted = arg->op == OP_NE || arg->op == OP_LT || arg->op == OP_LE;
	bool ordered = bpf_is_order(arg->op);
	uint16_t op = !ordered ? BPF_JEQ : arg->op == OP_GT || arg->op == OP_LE ? BPF_JGT : BPF_JGE;
	uint32_t low;

	if (inverted) to = (struct bpf_exits){ to.no, to.yes };
	low = bpf_emit_half(a, arg, false, op, to);
	if (bits == 32) return low;
	if (!ordered) return bpf_emit_half(a, arg, true, BPF_JEQ, (struct bpf_exits){ low, to.no });
	low = bpf_emit_if(a, BPF_JEQ, (uint32_t)(arg->value >> 32), low, to.no);
	return bpf_emit_half(a, arg, true, BPF_JGT, (struct bpf_exits){ to.yes, low });
}

static uint32_t bpf_emit_fixed(struct bpf_asm *a, struct bpf_verdict *v)
{
	/* Far away, another RET is as short as a jump to the first one, and quicker. */
	if (v != a->as_x86_64 && (v->at == 0 || a->n - v->at > 250))
		v->at = v == a->p->pass ? bpf_emit(a, BPF_JMP | BPF_JA, a->n, a->n, a->n)
					: bpf_emit(a, BPF_RET | BPF_K, a->n, a->n, v->ret);
	return v->at;
}

/* Is the next rule of one value in the same argument, whose high word is the same? */
static bool bpf_is_like_next(const struct bpf_rule *r)
{
	const struct bpf_rule *s = r->next;

	return s && r->n == 1 && s->n == 1 && r->arg[0].op == OP_EQ && s->arg[0].op == OP_EQ &&
	       r->arg[0].index == s->arg[0].index &&
	       r->arg[0].value >> 32 == s->arg[0].value >> 32;
}

static uint32_t bpf_emit_ret(struct bpf_asm *a, uint32_t ret)
{
	return bpf_emit_fixed(a, bpf_fixed(a->p, ret, false));
}

/* Values of one argument, which is loaded for the first of them alone. */
static uint32_t bpf_emit_values(struct bpf_asm *a, const struct bpf_rule *r, struct bpf_exits to)
{
	if (bpf_is_like_next(r)) to.no = bpf_emit_values(a, r->next, to);
	to.yes = bpf_emit_ret(a, r->ret);
	return bpf_emit_if(a, BPF_JEQ, (uint32_t)r->arg[0].value, to.yes, to.no);
}

static uint32_t bpf_emit_rules(struct bpf_asm *a, const struct bpf_rule *r, uint8_t bits)
{
	const struct bpf_rule *last = r;
	struct bpf_exits to = { 0 };

	if (!r) return bpf_emit_fixed(a, a->p->other);
	while (bpf_is_like_next(last)) last = last->next;
	to.no = bpf_emit_rules(a, last->next, bits);
	if (last != r) {
		bpf_emit_values(a, r, to);
		to.yes = bpf_emit_word(a, &r->arg[0], false);
		return bits == 32 ? to.yes : bpf_emit_half(a, &r->arg[0], true, BPF_JEQ, to);
	}
	to.yes = bpf_emit_ret(a, r->ret);
	for (unsigned i = r->n; i-- > 0;) to.yes = bpf_emit_arg(a, &r->arg[i], bits, to);
	return to.yes;
}

static uint32_t bpf_emit_verdict(struct bpf_asm *a, struct bpf_verdict *v)
{
	if (!v->rules) return bpf_emit_fixed(a, v);
	if (v->at == 0) v->at = bpf_emit_rules(a, v->rules, v->abi->arch->bits);
	return v->at;
}

static const struct bpf_abi *bpf_abi_of(const struct bpf_plan *p, int arch)
{
	size_t i = 0;

	while (i < p->n_abi && p->abi[i].arch != &sc_archs[arch]) i++;
	return i < p->n_abi ? &p->abi[i] : NULL;
}

static uint32_t bpf_number(const struct bpf_abi *abi, unsigned slot)
{
	return abi->arch->base + (slot < SLOT_PRIVATE ? slot : PRIVATE + slot - SLOT_PRIVATE);
}

struct bpf_range { uint32_t from; struct bpf_verdict *v; };    /* up to the next one's from */

/* RANGES: one for every number of an ABI, and the borders around them. */
enum { RANGES = SLOTS + 8 };
struct bpf_ranges { struct bpf_range *r; size_t n; };

static void bpf_range_add(struct bpf_asm *a, struct bpf_ranges *to, uint32_t from,
			  struct bpf_verdict *v)
{
	struct bpf_verdict *last = to->n ? to->r[to->n - 1].v : NULL;

	if (a->front && !v->own) v = a->p->pass;
	if (last == v) return;
	to->r[to->n++] = (struct bpf_range){ from, v };
}

/* What a number gets that is above all the profile's. */
static struct bpf_verdict *bpf_beyond(const struct bpf_plan *p, const struct bpf_abi *abi)
{
	int action = p->conf->default_action;
	bool refuses = action != ACT_ALLOW && action != ACT_LOG && action != ACT_TRACE;
	bool known = abi && abi->last >= 0 && abi->arch->base + (uint32_t)abi->last != 0;

	return refuses && known && abi->listed ? p->enosys : p->other;
}

static struct bpf_verdict *bpf_slot_verdict(const struct bpf_asm *a, const struct bpf_abi *abi,
					    int i)
{
	struct bpf_verdict *v = bpf_in_slot(a->p, abi, (unsigned)i);

	if (!v) v = i > abi->last ? bpf_beyond(a->p, abi) : a->p->other;
	return a->front && !v->own ? a->p->pass : v;
}

/* Up to which slot are all like this one? */
static int bpf_run_end(const struct bpf_abi *abi, int i)
{
	const uint16_t *v = abi->slot + i, *end = abi->slot + SLOTS;

	if (i <= abi->last) end = abi->slot + abi->last + 1;
	while (++v < end && *v == v[-1]) continue;
	return (int)(v - abi->slot);
}

/* over: the ABI whose tree decides where the verdicts are equal, or NULL. */
static void bpf_ranges_abi(struct bpf_asm *a, struct bpf_ranges *to, const struct bpf_abi *abi,
			   const struct bpf_abi *over)
{
	bool s390 = abi->arch == &sc_archs[ARCH_S390] || abi->arch == &sc_archs[ARCH_S390X];

	for (int i = 0, end; i < SLOTS; i = end) {
		struct bpf_verdict *v = bpf_slot_verdict(a, abi, i);

		end = bpf_run_end(abi, i);
		if (over) {
			int over_end = bpf_run_end(over, i);
			if (end > over_end) end = over_end;
			if (i <= abi->last && v == bpf_slot_verdict(a, over, i)) v = a->as_x86_64;
		}
		/* s390 kernels give 0 as the number of a call above 255 that they do not know. */
		if (i == 0 && s390) v = bpf_beyond(a->p, abi), end = 1;
		bpf_range_add(a, to, bpf_number(abi, (unsigned)i), v);
	}
	bpf_range_add(a, to, bpf_number(abi, SLOTS), bpf_beyond(a->p, abi));
}

/* A leaf of the search tree: ranges of one verdict, the sea, and a few lone numbers in it, the
 * islands, which are tried one after the other: one instruction each, where a way down the tree
 * takes two.  More of them make the program shorter, but the way through it longer. */
enum { ISLANDS = 3 };
struct bpf_leaf { uint16_t first, before; };    /* range; weight of all leaves before this one */

/* The end of the leaf that starts at range i. */
static size_t bpf_leaf_end(const struct bpf_ranges *g, size_t i, struct bpf_verdict **sea)
{
	unsigned islands = 0;

	for (*sea = NULL; i < g->n; i++) {
		bool lone = i + 1 < g->n && g->r[i].from + 1 == g->r[i + 1].from;

		if (g->r[i].v == *sea) continue;
		if (lone ? islands++ == ISLANDS : *sea != NULL) break;
		if (!lone) *sea = g->r[i].v;
	}
	if (!*sea) *sea = g->r[i - 1].v;
	return i;
}

static uint32_t bpf_emit_leaf(struct bpf_asm *a, const struct bpf_ranges *g, size_t first)
{
	struct bpf_verdict *sea;
	size_t i = bpf_leaf_end(g, first, &sea);
	uint32_t next = bpf_emit_verdict(a, sea);

	while (i-- > first)
		if (g->r[i].v != sea)
			next = bpf_emit_if(a, BPF_JEQ, g->r[i].from,
					   bpf_emit_verdict(a, g->r[i].v), next);
	return next;
}

/* Splits leaves where half of the weight is on either side. */
static uint32_t bpf_emit_leaves(struct bpf_asm *a, const struct bpf_ranges *g,
				const struct bpf_leaf *leaf, size_t n)
{
	unsigned all = leaf[0].before + leaf[n].before;
	uint32_t low, high;
	size_t k = 1;

	if (n == 1) return bpf_emit_leaf(a, g, leaf->first);
	while (k < n - 1 && leaf[k].before + leaf[k + 1].before < all) k++;
	high = bpf_emit_leaves(a, g, leaf + k, n - k);
	low = bpf_emit_leaves(a, g, leaf, k);
	return bpf_emit_if(a, BPF_JGE, g->r[leaf[k].first].from, high, low);
}

/* A search tree over ranges.  A leaf weighs what numbers it has, for the kernel, when it loads the
 * program, runs it for every number; where none are in use it does not. */
static uint32_t bpf_emit_tree(struct bpf_asm *a, const struct bpf_ranges *g)
{
	struct bpf_leaf leaf[RANGES + 1] = { 0 };
	struct bpf_verdict *sea;
	unsigned weight = 0;
	size_t n = 0;

	for (size_t i = 0, end; i < g->n; i = end, n++) {
		end = bpf_leaf_end(g, i, &sea);
		uint32_t width = end < g->n ? g->r[end].from - g->r[i].from : SLOTS;
		leaf[n] = (struct bpf_leaf){ (uint16_t)i, (uint16_t)weight };
		weight += width < SLOTS ? width : 8;
	}
	leaf[n].before = (uint16_t)weight;
	return bpf_emit_leaves(a, g, leaf, n);
}

/* Code that loads the system call's number and goes on at the label. */
static uint32_t bpf_emit_with_number(struct bpf_asm *a, uint32_t label)
{
	bpf_emit_next(a, label);
	return bpf_emit_load(a, offsetof(struct seccomp_data, nr));
}

static bool bpf_passes(const struct bpf_asm *a, const struct bpf_ranges *g)
{
	size_t i = 0;

	while (i < g->n && (g->r[i].v == a->p->pass || g->r[i].v == a->as_x86_64)) i++;
	return i == g->n;
}

/* x32 has x86-64's AUDIT_ARCH; bit 30 of the number tells them apart.  libseccomp sees the sign bit
 * as x32's too, but lets -1 through: that is how a tracer skips a call. */
enum { X32_BIT = 0x40000000 };

static void bpf_ranges_x32(struct bpf_asm *a, struct bpf_ranges *to, const struct bpf_abi *x32,
			   const struct bpf_abi *x86_64)
{
	struct bpf_verdict *beyond = bpf_beyond(a->p, x86_64), *other = a->p->other;

	if (x32) {
		bpf_ranges_abi(a, to, x32, x86_64);
		bpf_range_add(a, to, 0x80000000, x86_64 ? beyond : other);
		bpf_range_add(a, to, 0xc0000000, bpf_beyond(a->p, x32));
	} else {
		bpf_range_add(a, to, X32_BIT, a->p->wrong_abi);
		bpf_range_add(a, to, 0x80000000, beyond == other ? a->p->wrong_abi : beyond);
		bpf_range_add(a, to, 0xc0000000, a->p->wrong_abi);
		bpf_range_add(a, to, UINT32_MAX, other);
	}
}

/* Most of x32's numbers are x86-64's with the bit: what ends the same way takes that one's tree. */
static uint32_t bpf_emit_x86_64(struct bpf_asm *a)
{
	const struct bpf_abi *x86_64 = bpf_abi_of(a->p, ARCH_X86_64);
	const struct bpf_abi *x32 = bpf_abi_of(a->p, ARCH_X32);
	struct bpf_range r[2 * RANGES];
	struct bpf_ranges low = { r, 0 }, high;
	uint32_t low_tree, high_tree;

	if (x86_64) bpf_ranges_abi(a, &low, x86_64, NULL);
	else bpf_range_add(a, &low, 0, a->p->wrong_abi);
	high = (struct bpf_ranges){ r + low.n, 0 };     /* close to each other: fewer new pages */
	bpf_ranges_x32(a, &high, x32, x86_64);
	if (bpf_passes(a, &low) && bpf_passes(a, &high)) return 0;
	low_tree = bpf_emit_tree(a, &low);
	if (x86_64 && x32) {
		bpf_emit_next(a, low_tree);
		a->as_x86_64->at = bpf_emit(a, BPF_ALU | BPF_AND | BPF_K, a->n, a->n,
					    ~(uint32_t)X32_BIT);
	}
	high_tree = bpf_emit_tree(a, &high);
	return bpf_emit_with_number(a, bpf_emit_if(a, BPF_JGE, X32_BIT, high_tree, low_tree));
}

/* The code for the AUDIT_ARCH of an ABI.  0: it has none, since all is passed on. */
static uint32_t bpf_emit_abi(struct bpf_asm *a, const struct bpf_abi *abi)
{
	struct bpf_range r[RANGES];
	struct bpf_ranges ranges = { r, 0 };

	if (abi->arch->audit == sc_archs[ARCH_X86_64].audit) return bpf_emit_x86_64(a);
	if (abi->arch->base) bpf_range_add(a, &ranges, 0, a->p->other);
	bpf_ranges_abi(a, &ranges, abi, NULL);
	return bpf_passes(a, &ranges) ? 0 : bpf_emit_with_number(a, bpf_emit_tree(a, &ranges));
}

static void bpf_emit_program(struct bpf_asm *a)
{
	struct bpf_plan *p = a->p;
	uint32_t code[SYS_COLS] = { 0 }, next;

	/* Conditions at the end leave short ways inside the trees; where they are many, to them. */
	for (struct bpf_verdict *v = p->tests; v && a->n < 128; v = v->next)
		if (!a->front || v->own) bpf_emit_verdict(a, v);
	for (size_t i = 0, j; i < p->n_abi; i++) {
		for (j = 0; p->abi[j].arch->audit != p->abi[i].arch->audit; j++) continue;
		if (j == i) code[i] = bpf_emit_abi(a, &p->abi[i]);
	}
	if (a->n == 0) return;
	next = bpf_emit_fixed(a, a->front ? p->pass : p->wrong_abi);
	for (size_t i = p->n_abi; i-- > 0;)
		if (code[i]) next = bpf_emit_if(a, BPF_JEQ, p->abi[i].arch->audit, code[i], next);
	bpf_emit_load(a, offsetof(struct seccomp_data, arch));
}

/* Makes the program, before a tail: libseccomp's or an empty one. */
static int bpf_assemble(struct bpf_plan *p, const struct bpf_prog *tail, struct bpf_prog *out)
{
	struct bpf_verdict as_x86_64 = { .own = true };
	struct bpf_asm a = { .p = p, .front = tail->len > 0, .as_x86_64 = &as_x86_64 };
	struct sock_filter insn[BPF_MAXINSNS];  /* on the stack: most pages are never touched */

	if (tail->len <= BPF_MAXINSNS) a.room = BPF_MAXINSNS - (uint32_t)tail->len;
	a.end = insn + a.room;
	if (!a.front) p->enosys = bpf_fixed(p, p->enosys->ret, false);  /* the profile's, if any */
	bpf_emit_program(&a);
	*out = (struct bpf_prog){ .len = a.n + tail->len };
	if (out->len > BPF_MAXINSNS)
		return fail("the profile needs %zu BPF instructions, the kernel takes %d "
			    "(%zu rules, %zu ABIs)",
			    out->len, BPF_MAXINSNS, p->conf->n_rules, p->n_abi);
	out->insn = arena_alloc(out->len * sizeof *insn);
	memcpy(out->insn, a.end - a.n, a.n * sizeof *insn);
	if (tail->len) memcpy(out->insn + a.n, tail->insn, tail->len * sizeof *insn);
	for (size_t i = 0; i < out->len; i++)
		out->notify |= out->insn[i].code == (BPF_RET | BPF_K) &&
			       out->insn[i].k == SECCOMP_RET_USER_NOTIF;
	for (size_t i = 0; i < p->conf->n_rules && out->notify; i++) {
		const struct seccomp_rule *r = &p->conf->rules[i];

		for (size_t k = 0; k < r->n_names && r->action == ACT_NOTIFY; k++)
			out->by_number |= str_eq(r->names[k], "sendmsg") ||
					  str_eq(r->names[k], "socketcall");
	}
	return 0;
}

static int bpf_compile(const struct seccomp_conf *s, struct bpf_prog *out)
{
	struct bpf_plan p = { 0 };

	if (bpf_plan(&p, s) < 0) return ctx("seccomp");
	return bpf_assemble(&p, &(struct bpf_prog){ 0 }, out) < 0 ? ctx("seccomp") : 0;
}

#if HAVE_LIBSECCOMP && defined TEST_FAULTS
/* libseccomp's program decides, but some system calls are settled before it by ours:
 *  - ENOSYS above the profile's numbers, which the library cannot express;
 *  - names that this libseccomp, maybe older than the headers, does not know or numbers otherwise;
 *  - rules that it gets wrong.  QUIRK: libseccomp grows one tree from all rules of a call.  Up to
 *    2.6.0 at least, that loses matches where rules order (<, <=, >, >=) 64-bit arguments or share
 *    first tests, may not end, and refuses some orders of rules with different actions.  So it gets
 *    lone rules of ==, != and masks, and any number of rules that are a single == each.
 * What is left is known to the tests: 2.5.4 forgets to load the number for an ABI now and then.  */

static uint32_t bpf_lib_arch(const struct sc_arch_row *row)
{
	return row == &sc_archs[ARCH_X32] ? SCMP_ARCH_X32 : row->audit;
}

/* Does this name mean something here, and can the library be trusted with its rules? */
static bool bpf_lib_knows(const struct bpf_plan *p, const struct seccomp_rule *rule, int id)
{
	const char *name = sys_names + sys_offset[id];
	bool here = false;

	if (seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR) return false;
	/* It also keeps, and trips over, rules for names that are not native. */
	if (rule->n_args && p->abi[0].numbers[id] == NO_CALL) return false;
	/* Its rules are in the numbers of the machine it runs on. */
	if (p->abi[0].numbers[id] != NO_CALL && seccomp_syscall_resolve_name(name) < 0)
		return false;
	for (size_t i = 0; i < p->n_abi; i++) {
		const struct bpf_abi *abi = &p->abi[i];
		struct bpf_target t[2];
		int n = bpf_targets(p, abi, id, t), nr;

		here |= n > 0;
		for (int j = 0; j < n; j++) {
			const struct bpf_verdict *v = bpf_in_slot(p, abi, t[j].slot);
			if (abi->hard[t[j].slot] || (v && v->own)) return false;
		}
		if (n > 0 && t[0].mux >= 0) continue;   /* the library makes up a number for it */
		nr = seccomp_syscall_resolve_name_arch(bpf_lib_arch(abi->arch), name);
		if (n == 0 ? nr >= 0 : nr != (int)bpf_number(abi, t[0].slot)) return false;
	}
	return here;
}

static void bpf_lib_take(struct bpf_plan *p, int id)
{
	for (size_t i = 0; i < p->n_abi; i++) {
		struct bpf_target t[2];
		int n = bpf_targets(p, &p->abi[i], id, t);

		for (int j = 0; j < n; j++) {
			struct bpf_verdict *v = bpf_in_slot(p, &p->abi[i], t[j].slot);
			if (v->rules) v->own = true;
			else p->abi[i].slot[t[j].slot] = bpf_id(p, bpf_fixed(p, v->ret, true));
		}
	}
}

static int bpf_lib_rule(struct bpf_plan *p, scmp_filter_ctx lib, const struct seccomp_rule *rule)
{
	bool split = bpf_tests_one_arg_twice(rule);
	struct scmp_arg_cmp args[64];
	uint32_t ret = 0;
	int rc = 0;

	if (bpf_action(rule->action, rule->has_errno, rule->errno_ret, &ret) < 0) return -1;
	if (ret == p->other->ret) return 0;
	if (rule->n_args > LEN(args)) return fail("%zu arguments in one rule", rule->n_args);
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct seccomp_arg *a = &rule->args[i];
		enum scmp_compare op = (enum scmp_compare)(a->op + SCMP_CMP_NE);  /* same order */
		args[i] = (struct scmp_arg_cmp){ a->index, op, a->value, a->value_two };
	}
	for (size_t i = 0; i < rule->n_names; i++) {
		int id = bpf_sys_find(rule->names[i], 0);
		int nr = seccomp_syscall_resolve_name(rule->names[i]);

		if (id < 0) continue;
		if (!bpf_lib_knows(p, rule, id)) {
			bpf_lib_take(p, id);
			continue;
		}
		if (!split)
			rc = seccomp_rule_add_array(lib, ret, nr, (unsigned)rule->n_args, args);
		for (size_t j = 0; j < rule->n_args && split && !rc; j++)
			rc = seccomp_rule_add_array(lib, ret, nr, 1, &args[j]);
		if (rc) return fail("libseccomp: %s: %s", rule->names[i], strerror(-rc));
	}
	return 0;
}

/* Another machine's program, in the tests, comes in that one's byte order.  QUIRK: some of the
 * actions do not. */
static void bpf_lib_swap(struct bpf_prog *p)
{
	for (struct sock_filter *f = p->insn; f < p->insn + p->len; f++) {
		uint32_t k = __builtin_bswap32(f->k);
		bool ok = false;

		f->code = __builtin_bswap16(f->code);
		for (size_t i = 0; i < LEN(sc_actions); i++)
			ok |= k == sc_actions[i].ret ||
			      (sc_actions[i].has_data && k >> 16 == sc_actions[i].ret >> 16);
		if (ok || f->code != (BPF_RET | BPF_K)) f->k = k;
	}
}

/* The program goes through a memory file, the one way out that all versions have. */
static int bpf_lib_export(scmp_filter_ctx lib, struct bpf_prog *out)
{
	int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int rc = fd < 0 ? -errno : seccomp_export_bpf(lib, fd);
	off_t size = rc ? 0 : lseek(fd, 0, SEEK_END);
	bool little = sc_archs[SYS_NATIVE].audit & __AUDIT_ARCH_LE;

	if (!rc && size > 0) {
		out->len = (size_t)size / sizeof *out->insn;
		out->insn = arena_alloc((size_t)size);
		if (pread(fd, out->insn, (size_t)size, 0) != size) rc = -EIO;
	}
	if (!little != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
		bpf_lib_swap(out);
	if (fd >= 0) close(fd);
	return rc ? fail("libseccomp: export: %s", strerror(-rc)) : 0;
}

static int bpf_lib_build(struct bpf_plan *p, scmp_filter_ctx lib, struct bpf_prog *out)
{
	/* the tests have other machines' tables, too */
	bool foreign = bpf_lib_arch(p->abi[0].arch) != seccomp_arch_native();

	if (foreign)
		seccomp_arch_remove(lib, seccomp_arch_native());
	for (size_t i = foreign ? 0 : 1; i < p->n_abi; i++) {
		int rc = seccomp_arch_add(lib, bpf_lib_arch(p->abi[i].arch));
		if (rc) return fail("libseccomp: %s: %s", p->abi[i].arch->name, strerror(-rc));
	}
	for (size_t i = 0; i < p->conf->n_rules; i++)
		if (bpf_lib_rule(p, lib, &p->conf->rules[i]) < 0) return ctx("syscalls[%zu]", i);
#ifdef BENCH_LIBSECCOMP_TREE
	if (BENCH_LIBSECCOMP_TREE) seccomp_attr_set(lib, SCMP_FLTATR_CTL_OPTIMIZE, 2);
#endif
	return bpf_lib_export(lib, out);
}

static int bpf_compile_libseccomp(const struct seccomp_conf *s, struct bpf_prog *out)
{
	const struct scmp_version *version = seccomp_version();
	struct bpf_plan *p = arena_alloc(sizeof *p);
	struct bpf_prog tail = { 0 };
	scmp_filter_ctx lib;
	int rc;

	if (!version || version->major < 2 || (version->major == 2 && version->minor < 5))
		return fail("seccomp: libseccomp is older than 2.5");
	/* At an old kernel's level it refuses newer actions; but the program is only made here. */
	if (seccomp_api_get() < 5 && seccomp_api_set(5) < 0)
		return fail("seccomp: libseccomp: API level %u, not 5", seccomp_api_get());
	if (bpf_plan(p, s) < 0) return ctx("seccomp");
	lib = seccomp_init(p->other->ret);
	if (!lib) return fail("seccomp: libseccomp: init failed");
	rc = bpf_lib_build(p, lib, &tail);
	seccomp_release(lib);
	return rc < 0 || bpf_assemble(p, &tail, out) < 0 ? ctx("seccomp") : 0;
}
#endif
/* ---- what the other rooms call ---- */

/* Does the kernel know this SECCOMP_FILTER_FLAG_*?  Then it gets as far as the missing program. */
static bool bpf_flag_works(uint32_t flag)
{
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

/* The program for a profile.  Our own compiler makes it: a hundred times faster than libseccomp,
 * with a shorter way through the filter, and without the library's faults
 * (bpf_compile_libseccomp()).  The library is the reference that the tests hold ours to, and a test
 * build can ask for it. */
static int bpf_build(const struct seccomp_conf *s, struct bpf_prog *out)
{
	if (!bpf_flag_works(0))
		return fail("linux.seccomp: the kernel lacks CONFIG_SECCOMP_FILTER");
#if HAVE_LIBSECCOMP && defined TEST_FAULTS
	if (str_eq(getenv("RUNTIME_SECCOMP"), "libseccomp"))
		return bpf_compile_libseccomp(s, out);
#endif
	return bpf_compile(s, out);
}

/* Takes the questions to a listener out of a program and makes them one of their own, in which all
 * else is allowed.  Loaded both, the kernel's precedence of actions gives every call the verdict of
 * the whole (seccomp(2)), but the first can go in when the listener is made known, and what the
 * second forbids is forbidden no sooner than without a listener. */
static struct bpf_prog bpf_split(struct bpf_prog *p)
{
	struct bpf_prog ask = *p;

	ask.insn = arena_alloc(p->len * sizeof *p->insn);
	memcpy(ask.insn, p->insn, p->len * sizeof *p->insn);
	for (size_t i = 0; i < p->len; i++) {
		bool asks = p->insn[i].k == SECCOMP_RET_USER_NOTIF;

		if (p->insn[i].code == (BPF_RET | BPF_K))
			(asks ? p : &ask)->insn[i].k = SECCOMP_RET_ALLOW;
	}
	return ask;
}

/* Installs a program in this process; needs no_new_privs or CAP_SYS_ADMIN.  flags:
 * SECCOMP_FILTER_FLAG_*.  Returns the listener if NEW_LISTENER is among them, else 0. */
static int bpf_load(const struct bpf_prog *p, uint32_t flags)
{
	struct sock_fprog fprog = { .len = (unsigned short)p->len, .filter = p->insn };

	if (!(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))        /* it means nothing, so EINVAL */
		flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);

	if (fd >= 0 || errno != EINVAL)
		return fd >= 0 ? fd : efail("linux.seccomp: load the filter");
	for (const struct name *f = seccomp_flags; f->name; f++)
		if (flags & (uint32_t)f->value && !bpf_flag_works((uint32_t)f->value))
			return fail("linux.seccomp.flags: %s: this kernel is too old", f->name);
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER &&
	    !bpf_flag_works(SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return fail("linux.seccomp: SCMP_ACT_NOTIFY needs Linux 5.0 or later");
	errno = EINVAL;
	return efail("linux.seccomp: load the filter");
}

/* The version of the libseccomp that is linked, or NULL. */
static const char *bpf_library(void)
{
#if HAVE_LIBSECCOMP
	const struct scmp_version *v = seccomp_version();

	return str_fmt("%u.%u.%u", v->major, v->minor, v->micro);
#else
	return NULL;
#endif
}

/* ==== end SECCOMP ======================================================= } */

/* ==== ROOM 15: IO ====================================================== {
 * Terminals (made in the container, handed to a console socket or relayed here), hooks, and the
 * foreground wait with signals passed on.
 * Entries: tty_open tty_take tty_connect hook_run_all io_block_signals io_wait.                */

/* A connection to a unix socket of the caller's, by any path. */
static int io_connect(const char *path, int type)
{
	const char *slash = strrchr(path, '/');
	char *dir = !slash ? str_dup(".") : slash == path ? str_dup("/") :
		    str_ndup(path, (size_t)(slash - path));
	autoclose int at = openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = at < 0 ? -1 : sock_at(at, slash ? slash + 1 : path, type, false);

	return fd < 0 ? efail("connect to socket %s", path) : fd;
}

static int tty_connect(const char *path)
{
	return io_connect(path, SOCK_STREAM);
}

/* A new terminal of the container's own devpts, below root.  The slave comes from the master by
 * ioctl: no name in /dev/pts is trusted (CVE-2025-52565). */
static int tty_open(int root, int *master, int *slave)
{
	struct statfs fs;
	int unlock = 0;
	autoclose int m = sys_openat2(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY,
				      RESOLVE_ROOT | RESOLVE_LINKS_NO);

	if (m < 0)
		return efail("process.terminal: /dev/pts/ptmx in the container%s", errno == ENOENT ?
			     " (of a devpts mount, which takes CONFIG_UNIX98_PTYS)" : "");
	if (fstatfs(m, &fs) < 0 || fs.f_type != DEVPTS_MAGIC)
		return fail("process.terminal: /dev/pts in the container is not a devpts mount");
	if (ioctl(m, TIOCSPTLCK, &unlock) < 0)
		return efail("unlock the terminal");
	*slave = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		return efail("open the terminal's slave side");
	*master = take_fd(&m);
	return 0;
}

/* Makes the slave side stdin, stdout, stderr and the controlling terminal of this session. */
static int tty_take(int slave)
{
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return efail("terminal as descriptor %d", fd);
	return ioctl(0, TIOCSCTTY, 0) < 0 ? efail("controlling terminal") : 0;
}

/* The caller's terminal size, if stdin, stdout or stderr is one. */
static bool tty_host_size(struct winsize *ws)
{
	for (int fd = 0; fd < 3; fd++)
		if (ioctl(fd, TIOCGWINSZ, ws) == 0)
			return true;
	return false;
}

/* -- hooks ------------------------------------------------------------------------------------- */

/* The signals that were blocked while a container is made; -1: none are.  Descriptor of io. */
static int io_signals = -1;

/* Reads what has come in.  True with the error record if it asks this program to end. */
static bool io_interrupted(void)
{
	struct signalfd_siginfo si;

	while (read(io_signals, &si, sizeof si) == (ssize_t)sizeof si)
		if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT || si.ssi_signo == SIGHUP ||
		    si.ssi_signo == SIGQUIT) {
			fail("interrupted by signal %u", si.ssi_signo);
			return true;
		}
	return false;
}

/* Waits until fd can be read; -1 when a signal ends the wait first. */
static int io_wait_readable(int fd)
{
	struct pollfd p[] = { { .fd = fd, .events = POLLIN },
			      { .fd = io_signals, .events = POLLIN } };

	while (io_signals >= 0 && !p[0].revents) {
		if (poll(p, LEN(p), -1) < 0 && errno != EINTR)
			return efail("poll");
		if (p[1].revents && !p[0].revents && io_interrupted())
			return -1;
	}
	return 0;
}

/* Where the annotations want the output of hooks; -1: it is kept for the error message. */
static int hook_files[2] = { -1, -1 };

static int hook_open_files(const struct config *c)
{
	static const char *const keys[] = { "run.oci.hooks.stdout", "run.oci.hooks.stderr" };

	for (size_t i = 0; i < LEN(keys); i++) {
		const char *path = conf_annotation(c, keys[i]);

		if (!path || hook_files[i] >= 0)
			continue;
		hook_files[i] = openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
				       O_NOCTTY, 0700);
		if (hook_files[i] < 0)
			return efail("annotation %s: open %s", keys[i], path);
	}
	return 0;
}

/* What goes to a hook and comes back. */
struct hook_io { const struct buf *state; size_t sent; struct buf text; bool interrupted; };

/* In the hook's process: state on stdin, output collected, nothing else open. */
static _Noreturn void hook_exec(int proc, const struct hook *h, int in, int out)
{
	struct strs args = h->args;
	char *none = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	sys_default_signals();
	sigset_t empty;

	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	if (!args.n)
		strs_add(&args, h->path);
	if (dup2(in, 0) == 0 && dup2(hook_files[0] < 0 ? out : hook_files[0], 1) == 1 &&
	    dup2(hook_files[1] < 0 ? out : hook_files[1], 2) == 2) {
		fd_close_from(proc, 3);
		execve(h->path, args.v, h->env.n ? h->env.v : &none);
	}
	fmt_fd(2, "%s", errno_text(errno));
	_exit(127);
}

/* Writes the state and collects output until the hook ends.  Its grandchildren may keep the pipe
 * open, so the end of the process counts, not the end of the pipe; a hook that does not read is
 * not an error.  Returns false when the time is over. */
static bool hook_talk(int pidfd, int *in, int out, const struct hook *h, struct hook_io *io)
{
	struct timespec start, now;
	char chunk[1024];

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		struct pollfd p[] = { { .fd = pidfd, .events = POLLIN },
				      { .fd = out, .events = POLLIN },
				      { .fd = *in, .events = POLLOUT },
				      { .fd = io_signals, .events = POLLIN } };
		int left = -1;

		if (h->timeout.set) {
			clock_gettime(CLOCK_MONOTONIC, &now);
			int64_t ms = h->timeout.v * 1000 - (now.tv_sec - start.tv_sec) * 1000 -
				     (now.tv_nsec - start.tv_nsec) / 1000000;

			if (ms <= 0)
				return false;
			left = ms > INT_MAX ? INT_MAX : (int)ms;
		}
		if (poll(p, LEN(p), left) < 0 && errno != EINTR)
			return false;
		if (p[3].revents && io_interrupted()) {
			io->interrupted = true;
			return false;
		}
		if (p[2].revents) {
			ssize_t n = write(*in, io->state->p + io->sent, io->state->len - io->sent);

			io->sent += n > 0 ? (size_t)n : 0;
			if ((n < 0 && errno != EAGAIN) || io->sent == io->state->len)
				close_p(in);
		}
		if (p[1].revents) {
			ssize_t n = read(out, chunk, sizeof chunk);

			if (n > 0 && io->text.len < 1024)
				buf_add(&io->text, chunk, (size_t)n);
			if (n <= 0)
				out = -1;
		} else if (p[0].revents) {
			return true;
		}
	}
}

static int hook_run(int proc, const struct hook *h, const struct buf *state)
{
	int in[2], out[2], pidfd = -1, status = 0;
	struct hook_io io = { .state = state };

	if (pipe2(in, O_CLOEXEC) < 0)
		return efail("pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return efail("pipe");
	}
	pid_t pid = sys_clone3(0, -1, &pidfd);  /* clone(2), if the container's filter says so */

	if (pid == 0)
		hook_exec(proc, h, in[0], out[1]);
	int no = errno;

	close(in[0]);
	close(out[1]);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	bool ended = pid > 0 && hook_talk(pidfd, &in[1], out[0], h, &io);

	if (pid > 0 && !ended)
		kill(pid, SIGKILL);             /* our child, not waited for: the pid is its own */
	if (pid > 0 && waitpid(pid, &status, 0) < 0)
		status = -1;
	close_p(&in[1]);
	close(out[0]);
	close_p(&pidfd);
	if (pid < 0)
		return fail_no(no, "fork");
	if (io.interrupted)
		return ctx("%s", h->path);
	if (!ended)
		return fail("%s: timed out after %lld seconds and was killed", h->path,
			    (long long)h->timeout.v);
	while (io.text.len && io.text.p[io.text.len - 1] == '\n')
		io.text.p[--io.text.len] = '\0';
	if (!status)
		return 0;
	return fail("%s: %s %d%s%s", h->path,
		    WIFSIGNALED(status) ? "killed by signal" : "exit status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		    io.text.len ? ": " : "", io.text.len ? io.text.p : "");
}

/* Runs every hook of a phase with the container's state on stdin.  keep_going: failures are
 * logged and the others still run (poststop). */
static int hook_run_all(const struct container *c, enum hook_phase phase, enum status st,
			bool keep_going)
{
	const struct hook_list *list = &c->conf->hooks[phase];
	struct buf state = { 0 };
	sigset_t pipe_only, old;
	int r = 0;

	if (!list->n_v)
		return 0;
	if (hook_open_files(c->conf) < 0)
		return keep_going ? (log_warn("%s", err.msg), 0) : -1;
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_only, &old);
	state_print(c, st, &state, "");
	for (size_t i = 0; r == 0 && i < list->n_v; i++) {
		if (hook_run(c->proc_fd, &list->v[i], &state) == 0)
			continue;
		ctx("error running %s hook #%zu", hook_names[phase], i);
		if (keep_going)
			log_warn("%s", err.msg);
		else
			r = -1;
	}
	struct timespec now = { 0 };

	sigtimedwait(&pipe_only, NULL, &now);           /* a SIGPIPE of ours ends here */
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

/* -- the foreground ---------------------------------------------------------------------------- */

/* What waiting needs: the process, its terminal, the signals. */
struct io {
	pid_t pid;
	int pidfd, signals, master, notify;     /* notify: the container's NOTIFY_SOCKET          */
	sigset_t old;
	struct termios saved;
	bool raw;
};
#define IO_NONE { .pidfd = -1, .signals = -1, .master = -1, .notify = -1 }

struct relay { char data[8192]; size_t at, n; };

/* Blocks every signal and opens a descriptor that reads them; the child gets io->old back. */
static int io_block_signals(struct io *io)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &io->old);
	io->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	io_signals = io->signals;
	return io->signals < 0 ? efail("signalfd%s", errno == ENOSYS ?
				       " (the kernel lacks CONFIG_SIGNALFD)" : "") : 0;
}

static void io_raw(struct io *io)
{
	struct termios t;

	if (tcgetattr(0, &io->saved) < 0)
		return;                                 /* not a terminal: nothing to restore */
	t = io->saved;
	cfmakeraw(&t);
	io->raw = tcsetattr(0, TCSANOW, &t) == 0;
}

static void io_restore(struct io *io)
{
	if (io->raw)
		tcsetattr(0, TCSADRAIN, &io->saved);
	io->raw = false;
}

static void io_resize(const struct io *io)
{
	struct winsize ws;

	if (io->master >= 0 && tty_host_size(&ws))
		ioctl(io->master, TIOCSWINSZ, &ws);
}

/* Signals of ours go to the container's process; a few are about ourselves. */
static void io_forward(const struct io *io)
{
	struct signalfd_siginfo si;

	while (read(io->signals, &si, sizeof si) == (ssize_t)sizeof si) {
		int sig = (int)si.ssi_signo;

		if (sig == SIGWINCH && io->master >= 0)
			io_resize(io);
		else if (sig != SIGCHLD && sig != SIGPIPE && sig != SIGURG && sig != SIGTTIN &&
			 sig != SIGTTOU)
			sys_pidfd_signal(io->pidfd, sig);       /* ESRCH: it has just ended */
	}
}

/* The service manager's socket; "@name" is an abstract one. */
static int notify_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *name = getenv("NOTIFY_SOCKET");

	must(name);                             /* run_notified() */
	size_t n = strlen(name);

	if (*name != '@')
		return io_connect(name, SOCK_DGRAM);
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && n <= sizeof a.sun_path) {
		memcpy(a.sun_path + 1, name + 1, n - 1);
		if (connect(fd, (struct sockaddr *)&a,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0)
			return take_fd(&fd);
	}
	return efail("connect to socket %s", name);
}

/* The manager closes our pipe when it has read all that came before: until then the sender may not
 * exit, or it is not known whose messages they were.  sd_notify_barrier(3), 30 s at most. */
static int notify_barrier(int to)
{
	static const char text[] = "BARRIER=1";
	int pipe[2];

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return efail("pipe");
	struct pollfd p = { .fd = pipe[0] };
	int r = fd_send(to, pipe[1], text, sizeof text - 1);

	close(pipe[1]);
	if (r < 0)
		efail("send %s", text);
	else if (poll(&p, 1, 30000) == 0)
		log_warn("NOTIFY_SOCKET: no answer to %s in 30 seconds", text);
	close(pipe[0]);
	return r;
}

/* Reads a message of the container's.  If it is ready, the manager is told so, and which process
 * it is to watch.  True: that was it. */
static bool notify_relay(const struct io *io, bool barrier)
{
	char text[4096], *save = NULL;
	ssize_t n = recv(io->notify, text, sizeof text - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (!str_starts(l, "READY="))
			continue;
		autoclose int to = notify_connect();
		char *ready = str_fmt("%s\n", l), *pid = str_fmt("MAINPID=%d\n", io->pid);
		int r = to < 0 ? -1 : fd_send(to, -1, ready, strlen(ready));

		if (r == 0)
			r = fd_send(to, -1, pid, strlen(pid));
		if (r < 0 && to >= 0)
			efail("send");
		if (r < 0 || (barrier && notify_barrier(to) < 0))
			log_warn("NOTIFY_SOCKET: %s", err.msg);
		return true;
	}
	return false;
}

/* Before a command that leaves the container alone returns: until it is ready, or has ended. */
static void notify_wait(const struct io *io)
{
	struct pollfd p[] = { { .fd = io->notify, .events = POLLIN },
			      { .fd = io->pidfd, .events = POLLIN },
			      { .fd = io_signals, .events = POLLIN } };

	while (io->notify >= 0 && (poll(p, LEN(p), -1) >= 0 || errno == EINTR))
		if ((p[0].revents && notify_relay(io, true)) || p[1].revents ||
		    (p[2].revents && io_interrupted()))
			break;
	err_clear();
}

/* Moves what is there from one side to the other.  False: this direction has ended.  A pipe that
 * can be written takes PIPE_BUF bytes; more may block, and with us the signals to be passed on. */
static bool relay_move(struct relay *r, int from, int to, bool readable, bool writable)
{
	if (!r->n && readable) {
		ssize_t n = read(from, r->data, sizeof r->data);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;                   /* EIO: the last slave has closed */
		r->at = 0;
		r->n = n > 0 ? (size_t)n : 0;
	}
	if (r->n && writable) {
		ssize_t n = write(to, r->data + r->at, r->n < PIPE_BUF ? r->n : PIPE_BUF);

		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			r->n = 0;               /* nobody is left to take it */
			return false;
		}
		if (n > 0) {
			r->at += (size_t)n;
			r->n -= (size_t)n;
		}
	}
	return true;
}

/* What the ended process left in its terminal.  EAGAIN: a background job still holds it. */
static void io_drain(const struct io *io, struct relay *out)
{
	for (;;) {
		if (out->n && fd_write_all(1, out->data + out->at, out->n) < 0)
			return;
		ssize_t n = read(io->master, out->data, sizeof out->data);

		if (n <= 0)
			return;
		out->at = 0;
		out->n = (size_t)n;
	}
}

/* Waits for the process, relaying its terminal if it has one.  Returns its exit status as a shell
 * has it: 128 + n for signal n. */
static int io_wait(struct io *io)
{
	static struct relay in, out;
	bool in_open = io->master >= 0, out_open = in_open;
	int status = 0;

	if (io->master >= 0) {
		fcntl(io->master, F_SETFL, O_NONBLOCK);
		io_raw(io);
	}
	for (bool ended = false; !ended; ) {
		struct pollfd p[] = {
			{ .fd = io->pidfd, .events = POLLIN },
			{ .fd = io->signals, .events = POLLIN },
			{ .fd = in_open && !in.n ? 0 : -1, .events = POLLIN },
			{ .fd = out_open || in.n ? io->master : -1,
			  .events = (short)((out_open && !out.n ? POLLIN : 0) |
					    (in.n ? POLLOUT : 0)) },
			{ .fd = out.n ? 1 : -1, .events = POLLOUT },
			{ .fd = io->notify, .events = POLLIN },
		};

		if (poll(p, LEN(p), -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents)
			io_forward(io);
		if (p[5].revents && notify_relay(io, false))
			close_p(&io->notify);
		if (in_open && (p[2].revents || in.n))
			in_open = relay_move(&in, 0, io->master, p[2].revents,
					     p[3].revents & POLLOUT);
		if (out_open && (p[3].revents & (POLLIN | POLLHUP) || p[4].revents))
			out_open = relay_move(&out, io->master, 1,
					      p[3].revents & (POLLIN | POLLHUP), p[4].revents);
		ended = p[0].revents;
	}
	if (out_open)
		io_drain(io, &out);
	io_restore(io);
	waitpid(io->pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ==== end IO =========================================================== } */

/* ==== ROOM 16: RUN ===================================================== {
 * The story of a container: two processes on one page.
 *
 *   create (host)                                init (container)
 *   state dir, lock, config.json, state.json
 *   cgroup made
 *   clone3(namespaces, into cgroup) -----------> run_init()                       HERE 1
 *   with systemd: a scope made round it          (waits, then and for id maps)
 *   id maps
 *   M_MAPPED ----------------------------------> root of its user namespace
 *   limits, device program       (meanwhile)     cgroup and time namespace, lo, sysctl
 *              <-------------------------------- M_NS_READY   (only if there is anything to do)
 *   network devices; prestart, createRuntime hooks
 *   M_HOST_READY ------------------------------> root, mounts, devices, terminal
 *   network namespace, M_NETWORK --------------> joined before sysfs is mounted
 *              <-------------------------------- M_SOURCE, M_CONSOLE   (when needed)
 *                                                createContainer hooks, masks, pivot_root,
 *                                                user, capabilities               HERE 2
 *   listenerPath <------------------------------ M_LISTENER  (if the filter asks somebody)
 *              <-------------------------------- M_READY
 *   rlimits, oom_score_adj, state "created"
 *   M_GO --------------------------------------> `run`: goes on
 *   exit (create), or wait (run)                 `create`: waits on start.sock
 *   start: connect to start.sock, M_GO --------> startContainer hooks, seccomp, execve   HERE 3
 *   end of file: execve worked.  M_ERROR: the record of what did not
 *
 *   Any failure on the right is M_ERROR with the error record, on the left run_destroy().  Init
 *   that loses its parent before M_GO sees the end of the socket and exits.
 *
 * Entries: run_create run_start run_exec run_kill run_destroy run_protect.                     */

enum msg { M_HELLO, M_MAPPED, M_NS_READY, M_HOST_READY, M_NETWORK, M_SOURCE, M_CONSOLE,
	   M_RLIMITS, M_LISTENER, M_READY, M_GO, M_ERROR };
static const char *const msg_names[] = { "hello", "mapped", "namespaces", "host", "network",
					 "source", "console", "rlimits", "listener", "ready", "go",
					 "error" };

/* One SEQPACKET message: never split, never joined.  text: an error or a path. */
struct wire { int32_t msg, no; char text[PATH_MAX]; };

static int msg_send(int sock, enum msg msg, int fd, const char *text)
{
	struct wire w = { .msg = (int32_t)msg, .no = err.no };
	size_t n = text ? strlen(text) : 0;

	if (n >= sizeof w.text)
		n = sizeof w.text - 1;
	if (n)
		memcpy(w.text, text, n);
	if (fd_send(sock, fd, &w, offsetof(struct wire, text) + n + 1) < 0)
		return efail("tell \"%s\" to the other side", msg_names[msg]);
	return 0;
}

/* Receives the next message; M_ERROR becomes this process's error. */
static int msg_recv(int sock, struct wire *w, struct fd_gift *gift)
{
	ssize_t n = fd_recv(sock, w, sizeof *w, gift);

	if (n < 0)
		return efail("wait for the other side");
	if (n == 0) {
		fail("the container's init ended before it was ready (killed? out of memory?)");
		err.no = EPIPE;
		return -1;
	}
	w->text[sizeof w->text - 1] = '\0';
	if (w->msg == M_ERROR) {
		fail("%s", w->text);
		err.no = w->no;
		return -1;
	}
	return 0;
}

static int msg_expect(int sock, enum msg want)
{
	struct wire w = { 0 };
	struct fd_gift gift;

	TRY(msg_recv(sock, &w, &gift));
	close_p(&gift.fd);
	return w.msg == (int)want ? 0 : fail("expected \"%s\" from the other side, got message %d",
					     msg_names[want], w.msg);
}

/* What the command line asks of create, run and exec. */
struct run_opts {
	const char *bundle, *console_socket, *pidfd_socket, *pid_file, *cgroup_manager;
	bool detach, keep, no_keyring, systemd, rootless, attach;       /* attach: run goes on    */
	bool in_user_ns;                        /* not the first one; or an ordinary user         */
	uint64_t preserve_fds;
	const char *exec_cgroup;
	bool ignore_paused;
	bool listens;                           /* LISTEN_FDS is for us: they go on               */
};

/* Everything init knows; made before the clone, copied by it. */
struct init {
	struct container *c;
	const struct config *conf;
	const struct process_conf *p;
	const struct run_opts *o;
	struct ns_plan plan;
	struct io *io;
	struct bpf_prog filter, ask;            /* ask: what goes to the listener                 */
	int sync, other;                        /* our end; the other side's, closed on our side  */
	int start;                              /* listening socket, or sync itself for `run`     */
	int console;                            /* connected console socket, -1: over sync        */
	int root, slave;
	struct mnt_env mnt;
	bool exec;                              /* a further process of a running container       */
	bool held;                              /* M_MAPPED is waited for: id maps, a cgroup      */
	bool entered; /* the helper did the entering                     */
	uint64_t exec_flags;                    /* exec: namespaces to enter by c->pidfd          */
	char **env;
	char *program;
};

static struct init *run_self;                   /* init's own, for run_ask_source()               */

/* -- init: HERE 1 ------------------------------------------------------------------------------
 * Pid 1 of the new pid namespace (if there is one), in its cgroup, with all namespaces made but
 * cgroup and time; still the host's root file system.  Open: 0-2, the sync socket, start.sock,
 * the console socket, procfs, all close-on-exec.                                               */

static _Noreturn void init_die(const struct init *i)
{
	msg_send(i->sync, M_ERROR, -1, err.msg);
	_exit(1);
}

/* Root of the user namespace we are in, where it has one.  Not dumpable from here on: nobody
 * inside may look at us before execve. */
static int init_user_ns(struct init *i)
{
	bool user = i->conf->ns_any[NS_USER];

	if (i->held)
		TRY(msg_expect(i->sync, M_MAPPED));
	if (user && setresgid(0, 0, 0) < 0 && errno != EINVAL)         /* EINVAL: 0 is not mapped */
		return efail("become root of the user namespace");
	if (user && setresuid(0, 0, 0) < 0 && errno != EINVAL)
		return efail("become root of the user namespace");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return efail("PR_SET_DUMPABLE");
	/* A change of ids cleared it.  Had the parent died before, its socket would tell. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return 0;
}

static int init_session(struct init *i)
{
	/* Own session always: no process of the container can push input into the caller's
	 * terminal (TIOCSTI). */
	if (setsid() < 0 && errno != EPERM)
		return efail("setsid");
	return i->o->no_keyring ? 0 : sec_keyring(i->c->id);
}

static int init_late_ns(struct init *i)
{
	return ns_unshare_late(&i->plan, i->conf, i->c->proc_fd);
}

static int init_host_hooks(struct init *i)
{
	if (!i->plan.host_acts)
		return 0;
	TRY(msg_send(i->sync, M_NS_READY, -1, NULL));
	return msg_expect(i->sync, M_HOST_READY);
}

/* Joins the network namespace that the parent makes meanwhile. */
static int init_network(struct init *i)
{
	struct wire w = { 0 };
	struct fd_gift gift;

	if (!i->plan.net_aside)
		return 0;
	i->plan.net_aside = false;
	TRY(msg_recv(i->sync, &w, &gift));
	if (w.msg != M_NETWORK || gift.fd < 0)
		return fail("expected \"network\" from the other side, got message %d", w.msg);
	if (setns(gift.fd, CLONE_NEWNET) < 0)
		return efail("join the new network namespace");
	close_p(&gift.fd);
	return 0;
}

static int init_system(struct init *i)
{
	const struct config *conf = i->conf;

	if (conf->ns_new[NS_NET] && !i->plan.net_aside)
		TRY(sec_loopback());
	if (conf->hostname && *conf->hostname &&
	    sethostname(conf->hostname, strlen(conf->hostname)) < 0)
		return efail("hostname %s", conf->hostname);
	if (conf->domainname && *conf->domainname &&
	    setdomainname(conf->domainname, strlen(conf->domainname)) < 0)
		return efail("domainname %s", conf->domainname);
	if (conf->sysctl.n)
		TRY(init_network(i));
	return sec_sysctl(i->c->proc_fd, &conf->sysctl);
}

/* The parent opens what mapped root may not reach, and maps ids: mnt_outside(). */
static int run_ask_source(size_t mount)
{
	struct wire w = { 0 };
	struct fd_gift gift;

	TRY(init_network(run_self));            /* its message would come before the answer */
	TRY(msg_send(run_self->sync, M_SOURCE, -1, str_fmt("%zu", mount)));
	TRY(msg_recv(run_self->sync, &w, &gift));
	return gift.fd >= 0 ? gift.fd : fail("the other side opened no mount");
}

static int run_network(void)
{
	return init_network(run_self);
}

static int init_root(struct init *i)
{
	i->mnt = (struct mnt_env){ .conf = i->conf, .c = i->c, .root = -1,
				   .ask = run_ask_source, .network = run_network,
				   .proc = -1, .sys = -1 };
	if (i->conf->ns_any[NS_MNT]) {
		i->root = mnt_root(&i->mnt);
		return i->root < 0 ? -1 : 0;
	}
	i->root = openat(AT_FDCWD, i->conf->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return i->root < 0 ? efail("rootfs %s", i->conf->rootfs) : 0;
}

static int init_mounts(struct init *i)
{
	i->mnt.root = i->root;
	i->mnt.late_ro = arena_alloc(i->conf->n_mounts * sizeof *i->mnt.late_ro);
	TRY(mnt_all(&i->mnt));
	i->root = i->mnt.root;                  /* a mount on "/" takes its place */
	return 0;
}

static int init_devices(struct init *i)
{
	return i->conf->ns_any[NS_MNT] ? dev_all(i->root, i->conf, i->c->proc_fd) : 0;
}

/* Makes the terminal and hands its master side to who asked for it. */
static int init_terminal(struct init *i)
{
	const struct process_conf *p = i->p;
	autoclose int master = -1;

	if (!p->terminal)
		return 0;
	TRY(tty_open(i->root, &master, &i->slave));
	if (p->has_console_size) {
		struct winsize ws = { .ws_row = (unsigned short)p->console_size.height,
				      .ws_col = (unsigned short)p->console_size.width };

		if (ioctl(master, TIOCSWINSZ, &ws) < 0)
			return efail("process.consoleSize");
	}
	if (!i->exec && i->conf->ns_any[NS_MNT])
		TRY(mnt_console(i->root, i->slave));
	if (i->console < 0)
		return msg_send(i->sync, M_CONSOLE, master, NULL);
	if (fd_send(i->console, master, "/dev/ptmx", sizeof "/dev/ptmx" - 1) < 0)
		return efail("send the terminal to the console socket");
	close_p(&i->console);
	return 0;
}

static int init_container_hooks(struct init *i)
{
	i->c->pid = getpid();                   /* as the hook sees it, in its pid namespace */
	return hook_run_all(i->c, HOOK_CREATE_CONTAINER, ST_CREATING, false);
}

/* runc makes a missing working directory, and images rely on it. */
static int init_make_cwd(struct init *i)
{
	autoclose int fd = i->conf->has_process ? path_make(i->root, i->p->cwd, false) : -1;

	if (i->conf->has_process && fd < 0)
		return efail("process.cwd: make %s in the rootfs", i->p->cwd);
	return 0;
}

static int init_hide(struct init *i)
{
	return i->conf->ns_any[NS_MNT] ? mnt_hide(&i->mnt) : 0;
}

static int init_pivot(struct init *i)
{
	TRY(mnt_pivot(i->root, i->conf));
	close_p(&i->root);
	close_p(&i->mnt.proc);
	close_p(&i->mnt.sys);
	return 0;
}

/* -- init: HERE 2 ------------------------------------------------------------------------------
 * "/" is the container's root and nothing of the host's is mounted.  Still every capability of
 * the user namespace.  Shared with exec from here on.                                          */

static int init_take_terminal(struct init *i)
{
	if (i->p->terminal)
		TRY(tty_take(i->slave));
	close_p(&i->slave);
	sec_own_stdio(i->p->user.uid);
	return 0;
}

static int init_label(struct init *i)
{
	return sec_label(i->c->proc_fd, i->p);
}

static int init_policy(struct init *i)
{
	return sec_memory_policy(i->conf) < 0 ? -1 : sec_personality(i->conf);
}

/* Closes everything but 0-2, the descriptors asked for and our own lines to the outside, sockets
 * that are moved right behind them.  Not just close-on-exec: a path in the image like
 * /proc/self/fd/N/../../bin/sh would lead execve() out through a directory of the host's that is
 * still open (CVE-2024-21626). */
static int init_close(struct init *i)
{
	int at = 3 + (int)i->o->preserve_fds;
	int *const lines[] = { &i->sync, &i->start, &logger.fd, &hook_files[0], &hook_files[1] };

	for (size_t n = 0; n < LEN(lines); n++) {       /* out of the way of what comes next */
		if (*lines[n] < 0)
			continue;
		*lines[n] = fcntl(*lines[n], F_DUPFD_CLOEXEC, at + (int)LEN(lines));
		if (*lines[n] < 0)
			return efail("keep a descriptor");
	}
	for (size_t n = 0; n < LEN(lines); n++) {
		if (*lines[n] < 0)
			continue;
		if (dup3(*lines[n], at, O_CLOEXEC) < 0)
			return efail("keep a descriptor");
		*lines[n] = at++;
	}
	fd_close_from(i->c->proc_fd, at);
	i->root = i->slave = i->console = i->other = -1;
	i->c->proc_fd = i->c->pidfd = i->c->cgroup_fd = i->c->dir_fd = i->c->root_fd = -1;
	i->io->signals = i->io->master = i->io->notify = -1;
	return 0;
}

/* Without no_new_privs the filter needs CAP_SYS_ADMIN to be loaded: then it goes in before the
 * capabilities go, and must allow the calls that follow.  That is after `start`, so that all of
 * create is free of it. */
static bool init_filter_early(const struct init *i)
{
	return i->filter.len && !i->p->no_new_privs;
}

static int init_identity(struct init *i)
{
	TRY(sec_bounding(i->p->capabilities.bounding));
	/* The user may not be let into it, or root not (NFS, FUSE): either will do, as in runc. */
	bool entered = sec_cwd(i->p->cwd) == 0;

	TRY(sec_user(i->p, i->conf->ns_any[NS_USER],
		     str_eq(conf_annotation(i->conf, "run.oci.keep_original_groups"), "1")));
	if (!entered)
		TRY(sec_cwd(i->p->cwd));
	return sec_caps(i->p);
}

/* Before the user changes, while root may raise limits; after everything that they could hinder. */
static int init_rlimits(struct init *i)
{
	if (sec_rlimits(0, i->p) == 0)
		return 0;
	if (err.no != EPERM || !i->conf->ns_any[NS_USER])
		return -1;
	TRY(msg_send(i->sync, M_RLIMITS, -1, NULL));
	return msg_expect(i->sync, M_RLIMITS);
}

static int init_no_new_privs(struct init *i)
{
	if (i->p->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return efail("process.noNewPrivileges");
	return 0;
}

static int init_find_program(struct init *i)
{
	struct process_conf p = *i->p;

	if (i->o->listens)                      /* sd_listen_fds(3): the pid that is to listen    */
		strs_add(&p.env, str_fmt("LISTEN_PID=%d", getpid()));
	i->env = sec_env(&p);
	i->program = sec_find_program(i->p->args.v[0], i->env);
	return i->program ? 0 : -1;
}

/* Loads the part of the filter that asks, and waits until the agent has the other end: from then on
 * it can answer whatever we do.  Only the one call that hands it over must not ask.  sendmsg(2)
 * passes the descriptor itself.  If that asks, write(2), which may not, passes its number, and the
 * other side takes it with pidfd_getfd(2); for that it needs CAP_SYS_PTRACE. */
static int init_listener(struct init *i)
{
	struct wire w = { .msg = M_LISTENER };

	if (!i->filter.notify)
		return 0;
	autoclose int fd = bpf_load(&i->ask, i->conf->seccomp.flags |
						     SECCOMP_FILTER_FLAG_NEW_LISTENER);

	if (fd < 0)
		return -1;
	w.no = fd;
	if (!i->ask.by_number)
		TRY(msg_send(i->sync, M_LISTENER, fd, NULL));
	else if (write(i->sync, &w, offsetof(struct wire, text) + 1) < 0)
		return efail("tell the seccomp listener to the other side");
	return msg_expect(i->sync, M_LISTENER);
}

/* exec: the container as it is.  Root's direct child enters here, all at once (setns(2) with a
 * pidfd, 5.8), not dumpable before it does: nobody inside may look (CVE-2016-9962). */
static int init_enter(struct init *i)
{
	uint64_t flags = i->exec_flags & ~(uint64_t)CLONE_NEWPID;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return efail("PR_SET_DUMPABLE");
	if (!i->conf->ns_any[NS_MNT]) {         /* only a chroot: take the place of init's root */
		i->root = openat(i->c->proc_fd, str_fmt("%" PRId64 "/root", i->c->pid),
				 O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (i->root < 0)
			return efail("root of the container");
	}
	if (!i->entered && flags && setns(i->c->pidfd, (int)flags) < 0)
		return efail("enter the container");
	if (i->root >= 0)
		return fchdir(i->root) < 0 || chroot(".") < 0 ? efail("enter the container's root")
							      : 0;
	i->root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return i->root < 0 ? efail("open the container's root") : 0;
}

struct step { const char *name; int (*run)(struct init *); };

/* Each step's place has a reason; where it is not plain, the function says it. */
static const struct step init_steps[] = {
	{ "user-namespace", init_user_ns },     /* first: everything else needs its privileges    */
	{ "session", init_session },
	{ "late-namespaces", init_late_ns },    /* in the cgroup, which is the namespace's root   */
	{ "host-hooks", init_host_hooks },      /* namespaces are complete, pivot_root is to come;
						 * net devices come before their sysctls          */
	{ "system", init_system },              /* before the container's read-only /proc/sys     */
	{ "root", init_root },
	{ "mounts", init_mounts },              /* sources are paths of the host: before pivot    */
	{ "devices", init_devices },
	{ "network", init_network },            /* if no mount needed it before: last, see NS     */
	{ "terminal", init_terminal },          /* from the devpts just mounted                   */
	{ "container-hooks", init_container_hooks },    /* spec: mounts done, before pivot_root   */
	{ "cwd", init_make_cwd },               /* while the root can be written                  */
	{ "hide", init_hide },                  /* after hooks, which may mount below /proc       */
	{ "pivot", init_pivot },
	{ 0 }
};
static const struct step exec_steps[] = {
	{ "enter", init_enter }, { "user-namespace", init_user_ns }, { "session", init_session },
	{ "terminal", init_terminal }, { 0 }
};
static const struct step identity_steps[] = {
	{ "stdio", init_take_terminal },        /* as root: owns pipes for the user to come       */
	{ "label", init_label },                /* for the next execve; the last use of procfs    */
	{ "close", init_close },                /* before any path of the image is used           */
	{ "policy", init_policy },              /* while no filter forbids it                     */
	{ "no-new-privs", init_no_new_privs },
	{ "rlimits", init_rlimits },
	{ "identity", init_identity },
	{ "program", init_find_program },       /* as the user, who may see less                  */
	{ "listener", init_listener },          /* the agent may have to answer all that follows  */
	{ 0 }
};
static const struct step early_filter_steps[] = {       /* up to where create may go unfiltered  */
	{ "stdio", init_take_terminal }, { "label", init_label }, { "close", init_close },
	{ "policy", init_policy }, { "rlimits", init_rlimits }, { "program", init_find_program },
	{ "listener", init_listener }, { 0 }
};
static const struct step late_identity_steps[] = {
	{ "identity", init_identity }, { "program", init_find_program }, { 0 }
};

static int init_steps_run(struct init *i, const struct step *steps)
{
	for (; steps->name; steps++) {
		log_debug("init: %s", steps->name);
		TRY(fault(steps->name));
		TRY(steps->run(i));
	}
	return 0;
}

/* Waits for `start`.  A connection that ends without a word was someone asking for the status. */
static int init_wait_start(struct init *i)
{
	struct wire w;
	struct fd_gift gift;

	if (i->start < 0)
		return 0;                       /* run: M_GO was the start */
	for (;;) {
		int s = accept4(i->start, NULL, NULL, SOCK_CLOEXEC);

		if (s < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (s < 0)
			return efail("wait for start");
		if (fd_recv(s, &w, sizeof w, &gift) > 0 && w.msg == M_GO) {
			close_p(&i->sync);
			i->sync = s;            /* errors from here on are `start`'s to report */
			close_p(&i->start);
			return 0;
		}
		close_p(&gift.fd);
		close(s);
	}
}

/* -- init: HERE 3 ------------------------------------------------------------------------------
 * Started.  With no_new_privs the filter is the last thing before execve: it may forbid all that
 * is done here.                                                                                */

static _Noreturn void init_exec(struct init *i)
{
	bool early = init_filter_early(i);
	uint32_t flags = i->conf->seccomp.flags;

	if (early && (bpf_load(&i->filter, flags) < 0 ||
		      init_steps_run(i, late_identity_steps) < 0))
		init_die(i);
	if (!i->exec) {                         /* they are the container's: its user, its rights */
		i->c->pid = getpid();
		if (hook_run_all(i->c, HOOK_START_CONTAINER, ST_CREATED, false) < 0)
			init_die(i);
	}
	if (fault("exec") < 0 || (i->filter.len && !early && bpf_load(&i->filter, flags) < 0))
		init_die(i);
	execve(i->program, i->p->args.v, i->env);
	efail("exec %s", i->program);
	init_die(i);
}

static _Noreturn void run_init(struct init *i)
{
	run_self = i;
	arena_flags = 0;
	prctl(PR_SET_NAME, i->exec ? "runtime:exec" : "runtime:init", 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	sys_default_signals();
	sigprocmask(SIG_SETMASK, &i->io->old, NULL);
	umask(0022);
	io_signals = -1;                        /* the parent's to read */
	close_p(&i->io->signals);
	close_p(&i->other);
	close_p(&i->c->cgroup_fd);              /* it served the clone */
	close_p(&i->c->dir_fd);                 /* it carries the lock */
	close_p(&i->c->root_fd);
	if (init_steps_run(i, i->exec ? exec_steps : init_steps) < 0)
		init_die(i);
	if (i->conf->has_process || i->exec)
		if (init_steps_run(i, init_filter_early(i) ? early_filter_steps : identity_steps) <
		    0)
			init_die(i);
	/* From here on the end of the socket tells of the parent's death: a parent that has done
	 * its part exits at once after M_GO, and that must not kill us. */
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	if (fault("ready") < 0 || msg_send(i->sync, M_READY, -1, NULL) < 0 ||
	    msg_expect(i->sync, M_GO) < 0 || init_wait_start(i) < 0)
		init_die(i);
	if (!i->conf->has_process && !i->exec) {
		fail("cannot start a container without a process section in its config.json");
		init_die(i);
	}
	init_exec(i);
}

/* -- the host's side --------------------------------------------------------------------------- */

/* Undoes whatever exists of a container; each part skips what never was.  The error that led here
 * survives; one of its own is returned only if there was none. */
static int run_destroy(struct container *c)
{
	int no = err.no, r = 0;
	char *first = *err.msg ? str_dup(err.msg) : NULL;

	if (state_pidfd(c) && c->pidfd < 0) {
		r = -1;
	} else if (c->pidfd >= 0) {
		sys_pidfd_signal(c->pidfd, SIGKILL);
		struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

		poll(&p, 1, 10000);
		waitid(P_PIDFD, (id_t)c->pidfd, &(siginfo_t){ 0 },
		       WEXITED); /* if it is our child */
	}
	if (r == 0 && c->unit && *c->unit)
		r = sd_stop(c);
	if (r == 0 && c->cgroup && *c->cgroup)
		r = cg_destroy(c);
	if (r == 0 && c->rdt)
		r = rdt_destroy(c);
	if (r == 0 && c->dir_fd >= 0)
		r = state_remove(c);
	if (first) {
		if (r < 0 && !str_eq(err.msg, first))
			log_warn("clean up: %s", err.msg);
		fail("%s", first);
		err.no = no;
	}
	return r;
}

/* There can be no cgroup, for the reason on record, and none was asked for: a limit will ask. */
static int run_no_cgroup(struct container *c)
{
	log_debug("no cgroup: %s", err.msg);
	c->no_cgroup = str_dup(err.msg);
	err_clear();
	c->cgroup = str_dup("");
	close_p(&c->cgroup_fd);
	return state_save(c);
}

/* The cgroup, its path first on disk: a runtime that is killed leaves nothing unknown. */
static int run_make_cgroup(struct container *c, const struct run_opts *o)
{
	const struct config *conf = c->conf;
	bool asked = conf->cgroups_path && *conf->cgroups_path;

	c->cgroup = str_dup("");
	if (!o->systemd && !str_eq(o->cgroup_manager, "disabled"))
		c->cgroup = cg_path(conf, c->id, c->proc_fd);
	/* One that is in use must not go on record as ours: delete would kill what is in it. */
	if (*c->cgroup && cg_check_free(c) < 0) {
		c->cgroup = str_dup("");
		return asked || cg_in_kernel(c->proc_fd) ? -1 : run_no_cgroup(c);
	}
	TRY(state_save(c));
	if (!*c->cgroup || (cg_create(c) == 0 && fault("cgroup") == 0))
		return 0;
	/* An ordinary user without a delegated cgroup, who asked for none. */
	if (o->rootless && !asked && (err.no == EACCES || err.no == EPERM || err.no == EROFS ||
				      err.no == 0))
		return run_no_cgroup(c);
	return -1;
}

/* The same with systemd, which needs a process to make it for; init waits. */
static int run_make_scope(struct container *c, pid_t pid)
{
	TRY(sd_start(c, pid));
	TRY(fault("scope"));
	TRY(cg_create(c));                      /* finds it there, and passes on what systemd knows
						 * no name for */
	return state_save(c);
}

/* The cgroup goes to the user that runs the process exactly when the container, in a cgroup
 * namespace of its own, has it mounted writable (config-linux.md "Cgroup ownership"). */
static bool run_delegates(const struct config *conf)
{
	for (size_t i = 0; i < conf->n_mounts; i++) {
		const struct mount_conf *m = &conf->mounts[i];

		if (m->source && str_eq(m->source, "cgroup") && conf->ns_new[NS_CGROUP] &&
		    str_eq(path_clean(m->dest), "/sys/fs/cgroup") && !strs_has(&m->options, "ro"))
			return true;
	}
	return false;
}

/* The kernel charges a cgroup in advance, 64 pages for each CPU that runs something of it, but not
 * beyond its limit (MEMCG_CHARGE_BATCH).  A limit near that must be there before init is: written
 * later, it kills init before what was too much has been given back.  Not so with systemd, which
 * makes the cgroup for an init that is there, and charged elsewhere. */
static bool run_limit_first(const struct config *conf, const struct run_opts *o)
{
	struct opt limit = conf->resources.memory.limit;

	return !o->systemd && limit.set && limit.v > 0 && limit.v < 16 << 20;
}

/* One into which just one advance fits starves the other CPUs: until init is ready (`begin`) it is
 * a page less than that, and no advance is given. */
static int run_limit_tight(const struct container *c, const struct run_opts *o, bool begin)
{
	int64_t page = sysconf(_SC_PAGESIZE), limit = c->conf->resources.memory.limit.v;

	if (!run_limit_first(c->conf, o) || limit < 64 * page || limit >= 128 * page)
		return 0;
	return cg_write(c, "memory.max", "memory.limit",
			str_fmt("%" PRId64, begin ? 63 * page : limit));
}

static int run_limit(struct container *c, const struct run_opts *o)
{
	const struct config *conf = c->conf;
	uint32_t uid = conf->process.user.uid;

	if (conf->ns_any[NS_USER]) /* one that is joined has maps that we do not know */
		uid = conf->ns_new[NS_USER] ?
		      conf_map_id(conf->uid_maps, conf->n_uid_maps, uid) : NO_ID;
	if (c->cgroup_fd >= 0 && uid != NO_ID && uid != geteuid() && run_delegates(conf))
		TRY(cg_chown(c, uid));
	if (conf->has_resources && !run_limit_first(conf, o))
		TRY(cg_apply(c, &conf->resources));
	TRY(rdt_apply(c));
	TRY(fault("limits"));
	return cg_devices(c, &c->conf->resources, o->rootless);
}

/* In the helper: enter what is joined, make init from there as our parent's child, say its pid.
 * pidfd >= 0: exec, all of the container's namespaces at once. */
static _Noreturn void run_helper(struct init *i)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, i->exec ? 0 : 1, 0, 0, 0);
	if (i->exec && setns(i->c->pidfd, (int)i->exec_flags) < 0) {
		efail("enter the container");
		init_die(i);
	}
	if (!i->exec && ns_join(&i->plan) < 0)
		init_die(i);
	i->entered = true;
	struct clone3_args a = { .flags = i->plan.clone_flags | CLONE_PARENT };
	pid_t pid = (pid_t)syscall(NR_clone3, &a, sizeof a);

	if (pid < 0 && sys_is_missing())
		pid = sys_clone(a.flags, 0, NULL);
	if (pid == 0) {
		if (msg_send(i->sync, M_HELLO, -1, NULL) < 0)
			_exit(1);
		run_init(i);
	}
	if (pid < 0) {
		ns_fail(i->plan.clone_flags, "clone3");
		init_die(i);
	}
	_exit(0);
}

/* A container that manages cgroups itself (systemd in it, say) has passed controllers on, and its
 * own cgroup takes no processes any more: EBUSY.  Then the cgroup that its init is in does. */
static int run_exec_cgroup_of_init(struct container *c)
{
	char *path = cg_of(c->proc_fd, str_fmt("%" PRId64, c->pid));
	autoclose int top = cg_mount(c->proc_fd);
	int fd = top < 0 ? -1 : cg_child(top, path[1] ? path + 1 : ".");

	if (top < 0)
		return -1;
	if (fd < 0)
		return efail("cgroup %s", path);
	close_p(&c->cgroup_fd);
	c->cgroup_fd = fd;
	return 0;
}

/* Process pid, 0: this one, goes into the cgroup that it could not be born in. */
static int run_join_cgroup(const struct init *i, pid_t pid)
{
	struct container *c = i->c;
	char *text = str_fmt("%d", pid);

	if (file_write_at(c->cgroup_fd, "cgroup.procs", text) == 0)
		return 0;
	if (errno == EBUSY && i->exec && !i->o->exec_cgroup) {
		TRY(run_exec_cgroup_of_init(c));
		if (file_write_at(c->cgroup_fd, "cgroup.procs", text) == 0)
			return 0;
	}
	return cg_fail_join(c) == 0 ? efail("join cgroup %s", c->cgroup) : -1;
}

/* Makes init: directly, or through the helper when namespaces are to be joined.  Its pid is told
 * by the kernel, as the credentials of its first message. */
static int run_spawn(struct init *i, bool through_helper, pid_t *pid, int *pidfd)
{
	struct wire w = { 0 };
	struct fd_gift gift;
	int on = 1, helper_fd = -1, status;
	uint64_t flags = through_helper ? 0 : i->plan.clone_flags;

	if (through_helper && setsockopt(i->other, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
		return efail("SO_PASSCRED");
	int *fd = through_helper ? &helper_fd : pidfd;
	bool born_inside = i->c->cgroup_fd < 0 || !lacks("into-cgroup");
	pid_t child = born_inside ? sys_clone3(flags, i->c->cgroup_fd, fd) : -1;

	if (child < 0 && i->c->cgroup_fd >= 0 &&
	    (!born_inside || errno == EINVAL || errno == E2BIG || errno == ENOSYS)) {
		/* before 5.7 */
		born_inside = false;
		err_clear();
		child = sys_clone3(flags, -1, fd);
	}
	/* In a user namespace of its own it may not; but there it waits for its id maps. */
	bool mapped = flags & CLONE_NEWUSER;

	if (child == 0 && !born_inside && !mapped && run_join_cgroup(i, 0) < 0)
		init_die(i);
	if (child > 0 && !born_inside && mapped && run_join_cgroup(i, child) < 0) {
		kill(child, SIGKILL);           /* our child, not waited for: the pid is its own */
		waitpid(child, NULL, 0);
		return -1;
	}
	if (child == 0 && through_helper)
		run_helper(i);
	if (child == 0)
		run_init(i);
	if (child < 0)
		return i->c->cgroup_fd >= 0 && cg_fail_join(i->c) < 0 ? -1 :
		       ns_fail(flags, "clone3");
	close_p(&i->sync);
	if (!through_helper) {
		*pid = child;
		return 0;
	}
	int r = msg_recv(i->other, &w, &gift);

	waitpid(child, &status, 0);
	close_p(&helper_fd);
	if (r < 0)
		return -1;
	*pid = gift.pid;
	*pidfd = sys_pidfd_open(gift.pid);
	return *pidfd < 0 ? efail("pidfd of init") : 0;
}

/* Opens or makes a mount for init, or says why not. */
static int run_give_source(const struct container *c, int sock, const char *text, pid_t pid)
{
	const struct mnt_env e = { .conf = c->conf, .c = c, .root = -1, .proc = -1, .sys = -1 };
	uint64_t index;

	if (str_u64(text, c->conf->n_mounts, &index) < 0)
		return fail("init asked for mount \"%s\"", text);
	autoclose int fd = mnt_outside(&e, (size_t)index, pid);

	if (fd >= 0)
		return msg_send(sock, M_SOURCE, fd, NULL);
	int r = msg_send(sock, M_ERROR, -1, err.msg);

	err_clear();                            /* init's to report, or not: nofail */
	return r;
}

/* Sends the agent of linux.seccomp.listenerPath the listener and whose it is, config-linux.md "The
 * Container Process State": one state on a connection, all in one message. */
static int run_listener(struct container *c, const struct init *i, pid_t pid, int fd)
{
	const struct seccomp_conf *s = &i->conf->seccomp;
	struct buf b = { 0 };
	autoclose int agent = tty_connect(s->listener_path);

	if (agent < 0)
		return ctx("linux.seccomp.listenerPath: failed to connect with seccomp agent");
	buf_fmt(&b, "{\"ociVersion\":\"" SPEC_VERSION "\",\"fds\":[\"seccompFd\"],\"pid\":%d", pid);
	if (s->listener_metadata && *s->listener_metadata) {
		buf_fmt(&b, ",\"metadata\":");
		buf_quote(&b, s->listener_metadata);
	}
	buf_fmt(&b, ",\"state\":");
	state_print(c, i->exec ? ST_RUNNING : ST_CREATING, &b, "");
	buf_fmt(&b, "}");
	if (fd_send(agent, fd, b.p, b.len) < 0)
		return efail("linux.seccomp.listenerPath: send the container process state");
	return msg_send(i->other, M_LISTENER, -1, NULL);
}

/* Serves init until it is ready. */
static int run_serve(struct container *c, struct init *i, pid_t pid)
{
	for (;;) {
		struct wire w = { 0 };
		struct fd_gift gift;

		TRY(io_wait_readable(i->other));
		TRY(msg_recv(i->other, &w, &gift));
		if (w.msg == M_CONSOLE) {
			close_p(&i->io->master);
			i->io->master = gift.fd;
			io_resize(i->io);
			continue;
		}
		autoclose int fd = gift.fd;

		if (w.msg == M_READY)
			return 0;
		if (w.msg == M_NS_READY) {
			TRY(net_attach(c));     /* hooks find the network as it will be */
			TRY(hook_run_all(c, HOOK_PRESTART, ST_CREATING, false));
			TRY(hook_run_all(c, HOOK_CREATE_RUNTIME, ST_CREATING, false));
			TRY(msg_send(i->other, M_HOST_READY, -1, NULL));
		} else if (w.msg == M_RLIMITS) {
			TRY(sec_rlimits(pid, i->p));
			TRY(msg_send(i->other, M_RLIMITS, -1, NULL));
		} else if (w.msg == M_SOURCE) {
			TRY(run_give_source(c, i->other, w.text, pid));
		} else if (w.msg == M_LISTENER) {
			if (fd < 0)
				fd = (int)syscall(NR_pidfd_getfd,
						  i->exec ? i->io->pidfd : c->pidfd, w.no, 0);
			if (fd < 0)
				return efail("take the seccomp listener from init");
			TRY(run_listener(c, i, pid, fd));
		} else {
			return fail("init sent message %d out of turn", w.msg);
		}
	}
}

static int run_write_pid_file(const char *path, pid_t pid)
{
	const char *slash = strrchr(path, '/');
	size_t dir = slash ? (size_t)(slash - path) + 1 : 0;
	char *tmp = str_fmt("%.*s.%s", (int)dir, path, path + dir);
	autoclose int fd =
		openat(AT_FDCWD, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 || fmt_fd(fd, "%d", pid) < 0 || rename(tmp, path) < 0) {
		efail("write pid file %s", path);
		unlink(tmp);
		return -1;
	}
	return 0;
}

static int run_send_pidfd(const char *path, int pidfd)
{
	autoclose int s = tty_connect(path);

	if (s < 0)
		return -1;
	return fd_send(s, pidfd, "pidfd", 5) < 0 ? efail("send pidfd to %s", path) : 0;
}

/* LISTEN_FDS of systemd's socket activation, if it is meant for us: sd_listen_fds(3). */
static int run_listen_fds(struct run_opts *o, struct process_conf *p)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint64_t n = 0, who = 0;

	if (fds && str_u64(fds, 1024, &n) == 0 && n &&
	    (!pid || (str_u64(pid, INT_MAX, &who) == 0 && (pid_t)who == getpid()))) {
		o->preserve_fds += n;
		strs_add(&p->env, str_fmt("LISTEN_FDS=%s", fds));
		o->listens = true;
	}
	for (int fd = 3; fd < 3 + (int)o->preserve_fds; fd++)
		if (fcntl(fd, F_GETFD) != 0)            /* FD_CLOEXEC: it is one of our own */
			return fail("--preserve-fds: descriptor %d is not open", fd);
	return 0;
}

static int run_check_terminal(const struct process_conf *p, const struct run_opts *o)
{
	bool detached = o->detach || !o->attach;

	if (p->terminal && detached && !o->console_socket)
		return fail("cannot allocate tty if %s will detach without setting console socket",
			    prog);
	if (o->console_socket && !(p->terminal && detached))
		return fail("cannot use console socket if %s will not detach or allocate tty",
			    prog);
	return 0;
}

/* Sockets and filter that init inherits; done before anything exists that must be undone. */
static int run_prepare(struct init *i)
{
	int pair[2];

	i->console = -1;
	i->start = -1;
	i->root = -1;
	i->slave = -1;
	TRY(sec_check_label(i->p));
	TRY(mnt_check_label(i->conf));
	if (!i->exec)                           /* while the paths are the host's */
		TRY(hook_open_files(i->conf));
	if (i->conf->has_seccomp && bpf_build(&i->conf->seccomp, &i->filter) < 0)
		return ctx("linux");
	if (i->filter.notify)
		i->ask = bpf_split(&i->filter);
	if (i->o->console_socket) {
		i->console = tty_connect(i->o->console_socket);
		if (i->console < 0)
			return ctx("--console-socket");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return efail("socketpair%s", errno == ENOSYS || errno == EAFNOSUPPORT ?
			     " (the kernel lacks CONFIG_UNIX)" : "");
	i->other = pair[0];
	i->sync = pair[1];
	return 0;
}

/* Who wants to know of the process is told, while it waits. */
static int run_settle(const struct init *i, pid_t pid)
{
	const char *socket = i->o->pidfd_socket;

	if (!socket && !i->exec)
		socket = conf_annotation(i->conf, "run.oci.pidfd_receiver");
	if (socket)
		TRY(run_send_pidfd(socket, i->exec ? i->io->pidfd : i->c->pidfd));
	if (i->o->pid_file)
		TRY(run_write_pid_file(i->o->pid_file, pid));
	return 0;
}

static int run_load_config(struct container *c, const struct run_opts *o, char **text, size_t *len)
{
	char path[PATH_MAX];
	autoclose int dir =
		openat(AT_FDCWD, o->bundle ? o->bundle : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ssize_t n = dir < 0 ? -1
			    : readlinkat(c->proc_fd, str_fmt("self/fd/%d", dir), path, sizeof path);

	if (n < 0 || n == (ssize_t)sizeof path)
		return efail("bundle %s", o->bundle ? o->bundle : ".");
	c->bundle = str_ndup(path, (size_t)n);
	autoclose int fd = openat(dir, "config.json", O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return fail("JSON specification file config.json not found in %s", c->bundle);
	*text = fd < 0 ? NULL : fd_read_all(fd, JSON_MAX_SIZE, len);
	if (!*text)
		return efail("config.json");
	c->conf = arena_alloc(sizeof *c->conf);
	char *copy = arena_alloc(*len + 2);             /* parsing writes into its text */

	memcpy(copy, *text, *len);
	TRY(conf_load(c->conf, copy, *len, c->bundle));
	c->rootfs = c->conf->rootfs;
	c->annotations = c->conf->annotations;
	return 0;
}

/* Makes a network namespace and returns a descriptor of it; this process is in its old one again
 * when it returns.  Where that is refused the container is not to be, and its hooks, which would
 * run in the wrong one, do not. */
static int run_make_network(struct container *c)
{
	int proc = c->proc_fd;
	autoclose int home = openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return efail("open the network namespace");
	if (unshare(CLONE_NEWNET) < 0)
		return ns_fail(CLONE_NEWNET, "unshare");
	autoclose int fd = openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? efail("open the new network namespace") : sec_loopback();

	if (setns(home, CLONE_NEWNET) < 0) {
		memset(c->conf->hooks, 0, sizeof c->conf->hooks);
		return efail("return to the caller's network namespace");
	}
	return r < 0 ? -1 : take_fd(&fd);
}

/* The part of ns_plan's net_aside that is this process's. */
static int run_give_network(struct init *i)
{
	autoclose int fd = i->plan.net_aside ? run_make_network(i->c) : -1;

	if (!i->plan.net_aside)
		return 0;
	if (fd < 0)
		return -1;
	if (msg_send(i->other, M_NETWORK, fd, NULL) < 0 && err.no != EPIPE)
		return -1;
	err_clear();                            /* EPIPE: init's own error comes next */
	return 0;
}

/* The socket on which the container says that it is ready; 0 if it was made without one. */
static int run_notify_listen(const struct container *c, struct io *io)
{
	autoclose int dir = path_child(c->dir_fd, "notify", O_RDONLY | O_DIRECTORY);

	if (dir < 0)
		return errno == ENOENT ? 0 : efail("open notify of %s", c->id);
	io->notify = sock_at(dir, "notify.sock", SOCK_DGRAM, true);
	return io->notify < 0 || fchmodat(dir, "notify.sock", 0777, 0) < 0 ?
	       efail("make notify.sock of %s", c->id) : 0;
}

static bool run_notified(void)
{
	const char *socket = getenv("NOTIFY_SOCKET");

	return socket && *socket;
}

/* A service manager that waits for readiness: the container gets a directory with a socket of its
 * own.  What `start` or `run` reads there goes on to the manager (notify_relay). */
static int run_notify(struct container *c)
{
	static char *const options[] = { "bind", "nosuid", "noexec", "nodev", "ro", NULL };
	struct config *conf = c->conf;
	struct mount_conf *mounts = arena_alloc((conf->n_mounts + 1) * sizeof *mounts);
	char path[PATH_MAX] = "";

	if (!conf->has_process || !conf->ns_any[NS_MNT])
		return 0;
	if (mkdirat(c->dir_fd, "notify", 0755) < 0)
		return efail("make notify of %s", c->id);
	autoclose int dir = path_child(c->dir_fd, "notify", O_RDONLY | O_DIRECTORY);

	if (dir < 0 || fchmod(dir, 0755) < 0 ||
	    readlinkat(c->proc_fd, str_fmt("self/fd/%d", dir), path, sizeof path - 1) < 0)
		return efail("open notify of %s", c->id);
	if (conf->n_mounts)
		memcpy(mounts, conf->mounts, conf->n_mounts * sizeof *mounts);
	mounts[conf->n_mounts++] = (struct mount_conf){
		.dest = "/run/notify", .type = "bind", .source = str_dup(path),
		.options = { (char **)(uintptr_t)options, LEN(options) - 1 },
	};
	conf->mounts = mounts;
	TRY(conf_mount_flags(conf, &mounts[conf->n_mounts - 1]));
	strs_add(&conf->process.env, "NOTIFY_SOCKET=/run/notify/notify.sock");
	return 0;
}

/* Everything from the first trace on disk to a waiting init.  The caller destroys on failure. */
static int run_make(struct container *c, struct init *i, const char *text, size_t len)
{
	struct timespec now;
	char letter;
	pid_t pid = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	c->created = str_time(&now, true);
	c->owner = geteuid();
	c->maker = getpid();
	c->cgroup = str_dup("");
	if (proc_stat(c->proc_fd, getpid(), &c->maker_start, &letter) < 0)
		return efail("read /proc/self/stat");
	TRY(state_save_config(c, text, len));
	if (run_notified())
		TRY(run_notify(c));
	TRY(rdt_plan(c));
	TRY(run_make_cgroup(c, i->o));
	if (!i->o->attach) {
		i->start = sock_at(c->dir_fd, "start.sock", SOCK_SEQPACKET, true);
		if (i->start < 0)
			return efail("make start.sock");
	}
	if (run_limit_first(c->conf, i->o))
		TRY(cg_apply(c, &c->conf->resources));
	TRY(run_limit_tight(c, i->o, true));
	TRY(fault("spawn"));
	TRY(run_spawn(i, i->plan.joins, &pid, &c->pidfd));
	c->pid = pid;
	if (proc_stat(c->proc_fd, pid, &c->start, &letter) < 0)
		return efail("read /proc/%d/stat", pid);
	TRY(sec_oom(c->proc_fd, pid, i->p->oom_score_adj));
	if (i->o->systemd)
		TRY(run_make_scope(c, pid));
	if (c->conf->ns_new[NS_USER]) {
		sec_own_stdio(conf_map_id(c->conf->uid_maps, c->conf->n_uid_maps, i->p->user.uid));
		TRY(ns_write_maps(c->conf, c->proc_fd, pid));
	}
	if (i->held)
		TRY(msg_send(i->other, M_MAPPED, -1, NULL));
	TRY(run_give_network(i));
	TRY(run_limit(c, i->o));
	TRY(run_serve(c, i, pid));
	TRY(run_limit_tight(c, i->o, false));
	if (c->conf->resources.cpu.cpus)        /* kernels since 6.2 keep the caller's affinity   */
		TRY(sec_affinity(pid, NULL, "final"));
	TRY(sec_schedule(pid, i->p));
	TRY(run_settle(i, pid));
	c->ready = true;
	TRY(fault("save"));
	TRY(state_save(c));
	if (i->o->attach && run_notified())     /* before the program can speak */
		TRY(run_notify_listen(c, i->io));
	return msg_send(i->other, M_GO, -1, NULL);
}

/* After M_GO to a started init: the end of the socket means that execve worked.  hooks: some run
 * before that, and a signal may end the wait for them. */
static int run_await_exec(int sock, bool hooks)
{
	struct wire w;
	struct fd_gift gift;

	if (hooks)
		TRY(io_wait_readable(sock));
	ssize_t n = fd_recv(sock, &w, sizeof w, &gift);

	if (n < 0)
		return efail("wait for the program to start");
	if (n <= 0)
		return 0;
	w.text[sizeof w.text - 1] = '\0';
	fail("%s", w.text);
	err.no = w.no;
	return -1;
}

/* Ends a container's life for the spec: destroys, then runs the poststop hooks. */
static int run_delete(struct container *c)
{
	bool was_ready = c->ready;
	bool has_config = was_ready && (c->conf || state_config(c) == 0);

	if (was_ready && !has_config) {
		log_warn("poststop hooks are lost: %s", err.msg);
		err_clear();
	}
	TRY(run_destroy(c));
	if (has_config && c->conf->hooks[HOOK_POSTSTOP].n_v)
		hook_run_all(c, HOOK_POSTSTOP, ST_STOPPED, true);
	err_clear(); /* their failures are warnings: runtime.md step 13 */
	return 0;
}

/* Lets go of what init's making needed: cleaning up may need descriptors (EMFILE). */
static void run_release(struct init *i)
{
	close_p(&i->sync);
	close_p(&i->other);
	close_p(&i->start);
	close_p(&i->console);
	close_p(&i->io->signals);
	io_signals = -1;
	for (int n = 0; n < NS_COUNT; n++)
		close_p(&i->plan.fd[n]);
}

/* After a failure: destroys, and when init had been made, so that hooks may have run, runs the
 * poststop hooks too (runtime.md, lifecycle steps 12 and 13).  Keeps the error record. */
static void run_undo(struct container *c)
{
	char *first = str_dup(err.msg);
	int no = err.no;
	bool had_init = c->pid > 0;

	net_detach(c);                          /* before their namespace goes, and they with it */
	run_destroy(c);
	if (had_init)
		hook_run_all(c, HOOK_POSTSTOP, ST_STOPPED, true);
	fail("%s", first);
	err.no = no;
}

/* create, and the first half of run.  Returns 0, or for an attached run the exit status; on
 * failure nothing of the container is left. */
static int run_create(struct container *c, struct run_opts *o, int *status)
{
	struct io io = IO_NONE;
	struct init i = { .c = c, .o = o, .io = &io, .sync = -1, .other = -1 };
	char *text = NULL;
	size_t len = 0;
	int r;

	TRY(run_load_config(c, o, &text, &len));
	if (access(c->rootfs, F_OK) < 0)
		return efail("invalid rootfs: stat %s", c->rootfs);
	i.conf = c->conf;
	i.p = &c->conf->process;
	i.held = o->systemd || c->conf->ns_new[NS_USER];
	TRY(o->systemd ? sd_check(c, o->rootless) : 0);
	TRY(run_check_terminal(i.p, o));
	TRY(run_listen_fds(o, &c->conf->process));
	TRY(ns_plan(&i.plan, c->conf, c->proc_fd, o->in_user_ns));
	TRY(conf_check_owned(c->conf));
	TRY(run_prepare(&i));
	TRY(state_new(c));
	r = io_block_signals(&io);
	if (r == 0)
		r = run_make(c, &i, text, len);
	if (r == 0 && o->attach) {
		r = run_await_exec(i.other, c->conf->hooks[HOOK_START_CONTAINER].n_v);
		if (r == 0)
			r = hook_run_all(c, HOOK_POSTSTART, ST_RUNNING, false);
	}
	if (r < 0) {
		if (cg_oom_kills(c))
			fail("container init was OOM-killed (memory limit too low?)");
		if (o->pid_file)
			unlink(o->pid_file);
		run_release(&i);
		run_undo(c);
		return -1;
	}
	close_p(&i.other);
	net_close(c);
	if (!o->attach)
		return 0;
	io.pid = (pid_t)c->pid;
	io.pidfd = c->pidfd;
	flock(c->dir_fd, LOCK_UN);              /* others may look and delete while we wait */
	if (o->detach) {
		notify_wait(&io);
		return 0;
	}
	*status = io_wait(&io);
	if (*status == 128 + SIGKILL && cg_oom_kills(c))
		fmt_fd(2, "%s: note: %s: the kernel's OOM killer ended it: out of memory\n", prog,
			c->id);
	if (o->keep)
		return 0;
	if (state_lock(c) < 0 || faccessat(c->dir_fd, "state.json", F_OK, 0) < 0)
		return 0;                       /* `delete --force` was faster */
	return run_delete(c);
}

/* The status with what only the cgroup knows. */
static enum status run_status(struct container *c)
{
	enum status st = state_status(c);

	return st != ST_STOPPED && st != ST_CREATING && *c->cgroup && cg_is_frozen(c) ? ST_PAUSED
										      : st;
}

/* Has init ended while something failed?  Then that is why.  What it held goes first, the process a
 * moment later: its namespaces (ENOMEM is what clone says of a pid namespace that ends), and those
 * who were to answer us. */
static bool run_ended(const struct container *c)
{
	static const int signs[] = { ESRCH, ENOMEM, EPIPE, ECONNRESET, ECONNREFUSED };
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
	int ms = 0;

	for (size_t i = 0; i < LEN(signs); i++)
		ms = err.no == signs[i] ? 1000 : ms;
	return c->pidfd >= 0 && poll(&p, 1, ms) > 0;
}

/* start: tells init to go on, and reports what becomes of it. */
static int run_start(struct container *c)
{
	struct io io = IO_NONE;
	enum status st = run_status(c);

	if (st == ST_STOPPED)
		return fail("cannot start a container that has stopped");
	if (st == ST_CREATING)
		return fail("cannot start a container that is still being created");
	if (st != ST_CREATED)
		return fail("cannot start an already running container");
	TRY(state_config(c));
	autoclose int s = sock_at(c->dir_fd, "start.sock", SOCK_SEQPACKET, false);

	if (s < 0) {
		efail("connect to init");
		return run_ended(c) ? fail("cannot start a container that has stopped") : -1;
	}
	if (run_notified())
		TRY(run_notify_listen(c, &io));
	TRY(msg_send(s, M_GO, -1, NULL));
	int r = run_await_exec(s, false);

	/* Init is the container's first process or gone: nobody is to knock there again. */
	if (unlinkat(c->dir_fd, "start.sock", 0) < 0 && errno != ENOENT)
		return efail("remove start.sock");
	if (r == 0 && hook_run_all(c, HOOK_POSTSTART, ST_RUNNING, false) == 0) {
		io.pid = (pid_t)c->pid;
		io.pidfd = c->pidfd;
		flock(c->dir_fd, LOCK_UN);
		notify_wait(&io);
		return 0;
	}
	/* A failed hook ends the container's life (lifecycle steps 9 to 13); a program that cannot
	 * be executed leaves it stopped. */
	if (r == 0 || c->conf->hooks[HOOK_START_CONTAINER].n_v)
		run_undo(c);
	return -1;
}

/* Sends a signal to init, or with `all` to every process of the container.  Without a pid
 * namespace of its own a killed init leaves its children: then SIGKILL means all. */
static int run_kill(struct container *c, int sig, bool all)
{
	enum status st = state_status(c);

	must(c->cgroup);                        /* "" where there is none */
	if (st == ST_STOPPED && !(all && *c->cgroup))
		return all ? 0 : fail("container not running");
	if (st == ST_CREATING)
		return fail("container not running");
	if (!all && sig == SIGKILL && *c->cgroup && state_config(c) == 0)
		all = !c->conf->ns_new[NS_PID];
	if (all && *c->cgroup) {
		if (cg_signal(c, sig) == 0)
			return 0;
		return st == ST_STOPPED ? (err_clear(), 0) : -1;
	}
	if (c->pidfd < 0)
		return -1;                      /* state_pidfd() said why */
	if (sys_pidfd_signal(c->pidfd, sig) < 0)
		return errno == ESRCH ? fail("container not running") :
		       efail("signal %d to container %s", sig, c->id);
	return 0;
}

/* The cgroup for `exec`: the container's, or with --cgroup one below it. */
static int run_exec_cgroup(struct container *c, const char *sub)
{
	if (!*c->cgroup)
		return sub ? fail("--cgroup: the container has no cgroup") : 0;
	TRY(cg_open(c));
	if (!sub)
		return 0;
	sub += strspn(sub, "/");
	int fd = cg_child(c->cgroup_fd, *sub ? sub : ".");

	if (fd < 0)
		return efail("--cgroup %s", sub);
	close_p(&c->cgroup_fd);
	c->cgroup_fd = fd;
	return 0;
}

/* Where somebody has removed the group, or unmounted resctrl, init is in none either. */
static int run_exec_rdt(const struct container *c, pid_t pid)
{
	int r = rdt_join(c, pid);

	if (r == 0 || (err.no != ENOENT && err.no != ENODEV))
		return r;
	err_clear();
	return 0;
}

/* Takes the further process from its clone to its program. */
static int run_exec_go(struct init *i, pid_t pid)
{
	TRY(sec_oom(i->c->proc_fd, pid, i->p->oom_score_adj));
	TRY(run_exec_rdt(i->c, pid));
	TRY(run_serve(i->c, i, pid));
	if (i->p->has_affinity || i->conf->resources.cpu.cpus)
		TRY(sec_affinity(pid, i->p->affinity.final, "final"));
	TRY(sec_schedule(pid, i->p));
	TRY(run_settle(i, pid));
	TRY(msg_send(i->other, M_GO, -1, NULL));
	return run_await_exec(i->other, false);
}

/* The process of exec, in its cgroup.  Where that is not ours to enter, systemd moves it. */
static int run_exec_spawn(struct init *i, pid_t *pid, int *pidfd)
{
	struct container *c = i->c;
	bool root = geteuid() == 0;
	int r = run_spawn(i, !root, pid, pidfd);

	if (r < 0 && err.no == EBUSY && !i->o->exec_cgroup && run_exec_cgroup_of_init(c) == 0)
		r = run_spawn(i, !root, pid, pidfd);
	if (r == 0 || err.no != EACCES || !c->unit || !*c->unit)
		return r;
	close_p(&c->cgroup_fd);
	i->held = true;
	TRY(run_spawn(i, !root, pid, pidfd));
	if (sd_attach(c, i->o->exec_cgroup, *pid) == 0)
		return msg_send(i->other, M_MAPPED, -1, NULL);
	sys_pidfd_signal(*pidfd, SIGKILL);
	waitpid(*pid, NULL, 0);
	return -1;
}

static int run_exec_in(struct container *c, struct process_conf *p, struct run_opts *o, int *status)
{
	struct io io = IO_NONE;
	struct init i = { .c = c,
			  .o = o,
			  .io = &io,
			  .conf = c->conf,
			  .p = p,
			  .sync = -1,
			  .other = -1,
			  .exec = true };
	bool root = geteuid() == 0;
	pid_t pid = 0;

	TRY(run_check_terminal(p, o));
	TRY(run_listen_fds(o, p));
	TRY(run_prepare(&i));
	TRY(run_exec_cgroup(c, o->exec_cgroup));
	for (int n = 0; n < NS_COUNT; n++) {
		/* One joined by a path may be the host's own: create left it out as well. */
		if (c->conf->ns_path[n] && ns_is_ours(c->proc_fd, (pid_t)c->pid, n))
			c->conf->ns_any[n] = false;
		if (c->conf->ns_any[n])
			i.exec_flags |= ns_info[n].flag;
	}
	/* Root enters the pid namespace for its children and forks once; without privilege the
	 * user namespace comes first, and that only a process which stays there can enter. */
	if (root && c->conf->ns_any[NS_PID] && setns(c->pidfd, CLONE_NEWPID) < 0)
		return efail("enter the container's pid namespace");
	TRY(io_block_signals(&io));
	if (p->affinity.initial && *p->affinity.initial)
		TRY(sec_affinity(0, p->affinity.initial, "initial"));
	TRY(run_exec_spawn(&i, &pid, &io.pidfd));
	io.pid = pid;
	if (run_exec_go(&i, pid) < 0) {
		sys_pidfd_signal(io.pidfd, SIGKILL);
		waitpid(pid, NULL, 0);
		if (o->pid_file)
			unlink(o->pid_file);
		return -1;
	}
	close_p(&i.other);
	*status = o->detach ? 0 : io_wait(&io);
	return 0;
}

/* Runs a further process in a running container.  *status: its exit status when attached. */
static int run_exec(struct container *c, struct process_conf *p, struct run_opts *o, int *status)
{
	int r = run_exec_in(c, p, o, status);

	return r < 0 && run_ended(c) ? fail("cannot exec in a stopped container") : r;
}

/* Executes this program again from a copy that nothing inside a container can write: a detached
 * read-only mount of the file, or a sealed copy in memory (CVE-2019-5736).  Returns when it is one
 * already. */
static int run_protect(char **argv)
{
	struct mount_attr1 ro = { .attr_set = ATTR_RDONLY };
	struct statfs fs;
	struct stat st;
	autoclose int proc = proc_open();
	autoclose int self = proc < 0 ? -1 : openat(proc, "self/exe", O_RDONLY | O_CLOEXEC);

	if (self < 0 || fstatfs(self, &fs) < 0 || fstat(self, &st) < 0)
		return proc < 0 ? -1 : efail("open /proc/self/exe");
	int seals = fcntl(self, F_GET_SEALS);

	if (fs.f_flags & ST_RDONLY || (seals >= 0 && seals & F_SEAL_WRITE))
		return 0;
	autoclose int copy = mnt_tree(self, "", false);

	if (copy >= 0 && sys_mount_setattr(copy, false, &ro) == 0)
		syscall(SYS_execveat, copy, "", argv, environ, AT_EMPTY_PATH);
	close_p(&copy);
	copy = memfd_create(prog, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (copy < 0)
		copy = memfd_create(prog, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0)
		return efail("memfd_create");
	for (off_t at = 0; at < st.st_size; )
		if (sendfile(copy, self, &at, (size_t)(st.st_size - at)) <= 0)
			return efail("copy the program into memory");
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return efail("seal the copy of the program");
	syscall(SYS_execveat, copy, "", argv, environ, AT_EMPTY_PATH);
	if (errno == ENOENT)                    /* TOMOYO wants /dev/fd/N to be there */
		execve(str_fmt("/proc/self/fd/%d", copy), argv, environ);
	return efail("execute the sealed copy of the program");
}

/* ==== end RUN ========================================================== } */

/* ==== ROOM 17: CHECK =================================================== {
 * `check`: what this kernel offers, and whether a configuration can run on it.  Each thing is
 * tried, in a child of its own, so that nothing stays: no file, no cgroup, no mount.  (A file
 * system that is a module gets loaded by the question, as it would be by a mount.)
 * Entries: chk_host chk_bundle.                                                            */

/* Who cannot do without it: root's and an ordinary user's containers as `spec` writes them; every
 * container there is. */
enum { FOR_ROOT = 1, FOR_USER = 2, FOR_SPEC = 3, FOR_ALL = 7 };

/* What a probe works on: a word, a number, or the configuration in question. */
struct trial {
	const char *name;
	uint64_t n;
	const struct config *conf;
	int proc;
};

struct chk {
	const char *name;               /* also the word for the probe: see chk_word()          */
	const char *option;             /* of the kernel's configuration, or its version; NULL: as
					 * fs_options has it                                      */
	const char *without;            /* what one has to do without                             */
	uint8_t must;
	int (*probe)(const struct trial *t);    /* 0, or -1 with the error record                 */
	uint64_t n;
};

/* An answer.  name: a feature or a field of config.json; why: the cause, NULL where it is there. */
struct finding { const char *name, *option, *without; char *why; bool needed; };
struct findings { struct finding *v; size_t n, cap; };

static const char *chk_word(const char *name)
{
	const char *blank = strrchr(name, ' ');

	return blank ? blank + 1 : name;
}

static int chk_ns(const struct trial *t)
{
	uint64_t flag = ns_info[t->n].flag;

	if (!ns_exists(t->proc, (int)t->n))
		return fail("not in /proc/self/ns");
	return unshare((int)flag) < 0 ? ns_fail(flag, "unshare") : 0;
}

static int chk_fs(const struct trial *t)
{
	autoclose int fd = (int)syscall(NR_fsopen, chk_word(t->name), FS_CLOEXEC);

	return fd < 0 ? efail("%s", chk_word(t->name)) : 0;
}

static int chk_unix(const struct trial *t)
{
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return fd < 0 ? efail("%s", t->name) : 0;
}

static int chk_lock(const struct trial *t)
{
	return flock(t->proc, LOCK_SH) < 0 && errno == ENOSYS ? efail("flock") : 0;
}

/* Called with nonsense: a kernel that knows the call says that. */
static int chk_call(const struct trial *t)
{
	if (syscall((long)t->n, -1, NULL, 0, NULL, 0) >= 0)
		return 0;
	return errno == ENOSYS || errno == EPERM ? efail("%s", t->name) : 0;
}

static int chk_path(const struct trial *t)
{
	static const char *const paths[] = { "sys/kernel/sched_cfs_bandwidth_slice_us", "swaps" };

	return faccessat(t->proc, paths[t->n], F_OK, 0) < 0 ? efail("/proc/%s", paths[t->n]) : 0;
}

static int chk_cgroup(const struct trial *t)
{
	autoclose int fd = cg_mount(t->proc);

	return fd < 0 ? -1 : 0;
}

static int chk_controller(const struct trial *t)
{
	const char *name = chk_word(t->name);
	autoclose int fd = cg_mount(t->proc);

	if (fd < 0)
		return -1;
	if (cg_lists(fd, "cgroup.controllers", name))
		return 0;
	if (cg_is_v1(t->proc, name))
		return fail("bound to cgroup v1: boot with cgroup_no_v1=all");
	return fail("not in cgroup.controllers");
}

/* A cgroup that is no descriptor: a kernel that knows the flag looks at that first. */
static int chk_into_cgroup(const struct trial *t)
{
	int pidfd;
	pid_t pid = sys_clone3(t->n, INT_MAX, &pidfd);

	if (pid == 0)
		_exit(0);
	return pid > 0 ? fail("no cgroups") : errno == EBADF ? 0 : efail("clone3");
}

static int chk_setns(const struct trial *t)
{
	autoclose int fd = sys_pidfd_open(getpid());

	if (fd < 0)
		return efail("pidfd_open");
	return setns(fd, (int)t->n) == 0 || errno == EPERM ? 0 : efail("setns");
}

/* No mount and no namespace given: the flag is looked at before they are. */
static int chk_idmap(const struct trial *t)
{
	struct mount_attr1 a = { .attr_set = t->n, .userns_fd = INT_MAX };

	return sys_mount_setattr(-1, false, &a) == 0 || errno == EBADF ? 0 : efail("mount_setattr");
}

/* n: the action asked for.  The filter itself is asked for by one at address 0. */
static int chk_seccomp(const struct trial *t)
{
	uint32_t action = (uint32_t)t->n;

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno != EFAULT)
		return efail("seccomp");
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? efail("seccomp")
									       : 0;
}

/* The device program of the configuration, or the one that all containers get, as far as the
 * kernel's verifier. */
static int chk_devices(const struct trial *t)
{
	struct dev_list l = { 0 };
	struct dev_prog p;

	if (!cg_in_kernel(t->proc))
		return fail("no cgroups%s", option_lacks(fs_options, "cgroup2"));
	TRY(dev_list(&l, t->conf ? t->conf->resources.devices : NULL,
		     t->conf ? t->conf->resources.n_devices : 0));
	dev_compile(&l, &p);
	autoclose int fd = dev_load(&p);

	return fd < 0 ? efail("bpf%s", errno == ENOSYS ? " (the kernel lacks CONFIG_BPF_SYSCALL)" :
			      "") : 0;
}

static int chk_label(const struct trial *t)
{
	char any[] = "x";
	struct process_conf p = { .selinux = t->n ? any : NULL, .apparmor = t->n ? NULL : any };

	return sec_check_label(&p);
}

#define CONFIG(name) "CONFIG_" #name
static const struct chk chk_rows[] = {  /* namespaces come from ns_info */
	{ "openat2", "Linux 5.6", "paths are looked up name by name: slower", 0, chk_call,
	  NR_openat2 },
	{ "clone3", "Linux 5.3", "clone is called instead", 0, chk_call, NR_clone3 },
	{ "clone3 into a cgroup", "Linux 5.7", "processes join their cgroup just after their birth",
	  0, chk_into_cgroup },
	{ "open_tree", "Linux 5.2", "nothing runs", FOR_ALL, chk_call, NR_open_tree },
	{ "fsopen", "Linux 5.2", "nothing runs", FOR_ALL, chk_call, NR_fsopen },
	{ "move_mount", "Linux 5.2", "nothing runs", FOR_ALL, chk_call, NR_move_mount },
	{ "mount_setattr", "Linux 5.12", "mounts get their options just after they are attached", 0,
	  chk_call, NR_mount_setattr },
	{ "pidfd_open", "Linux 5.3", "nothing runs", FOR_ALL, chk_call, NR_pidfd_open },
	{ "setns by pidfd", "Linux 5.8", "no exec", 0, chk_setns, CLONE_NEWNS },
	{ "close_range", "Linux 5.9", "descriptors are closed one by one: slower", 0, chk_call,
	  NR_close_range },
	{ "id-mapped mounts", "Linux 5.12", "uidMappings of mounts are refused", 0, chk_idmap,
	  ATTR_IDMAP },
	{ "unix sockets", CONFIG(UNIX), "nothing runs", FOR_ALL, chk_unix },
	{ "file locks", CONFIG(FILE_LOCKING), "nothing runs", FOR_ALL, chk_lock },
	{ "signalfd", CONFIG(SIGNALFD), "nothing runs in the foreground", FOR_SPEC, chk_call,
	  SYS_signalfd4 },
	{ "users", CONFIG(MULTIUSER), "process.user cannot be set", FOR_SPEC, chk_call,
	  SYS_getgroups },
	{ "memory policy", CONFIG(NUMA), "linux.memoryPolicy is refused", 0, chk_call,
	  SYS_set_mempolicy },
	{ "I/O priority", CONFIG(BLOCK), "process.ioPriority is refused", 0, chk_call,
	  SYS_ioprio_get },
	{ "proc", NULL, "nothing runs", FOR_ALL, chk_fs },
	{ "sysfs", NULL, "no /sys", FOR_ROOT, chk_fs },
	{ "tmpfs", NULL, "no /dev, no masked directories", FOR_SPEC, chk_fs },
	{ "devpts", NULL, "no terminals", FOR_SPEC, chk_fs },
	{ "mqueue", NULL, "no /dev/mqueue", FOR_SPEC, chk_fs },
	{ "overlay", NULL, "engines copy whole images", 0, chk_fs },
	{ "devtmpfs", NULL, "`init` makes a few nodes itself", 0, chk_fs },
	{ "cgroup2", NULL, "no limits, pause, ps, device policy", FOR_ROOT, chk_fs },
	{ "cgroup2 mounted", CONFIG(CGROUPS), "the same: mount it", FOR_ROOT, chk_cgroup },
	{ "controller memory", CONFIG(MEMCG), "no memory limits", 0, chk_controller },
	{ "swap", CONFIG(SWAP), "no limits on swap", 0, chk_path, 1 },
	{ "controller cpu", CONFIG(CGROUP_SCHED), "no cpu shares", 0, chk_controller },
	{ "cpu quota", CONFIG(CFS_BANDWIDTH), "no cpu quota", 0, chk_path, 0 },
	{ "controller cpuset", CONFIG(CPUSETS), "no cpus and mems", 0, chk_controller },
	{ "controller pids", CONFIG(CGROUP_PIDS), "no pids limit", 0, chk_controller },
	{ "controller io", CONFIG(BLK_CGROUP), "no blockIO", 0, chk_controller },
	{ "controller hugetlb", CONFIG(CGROUP_HUGETLB), "no hugepageLimits", 0, chk_controller },
	{ "controller rdma", CONFIG(CGROUP_RDMA), "no rdma limits", 0, chk_controller },
	{ "device programs", CONFIG(CGROUP_BPF), "no device policy: root's containers fail",
	  FOR_ROOT, chk_devices },
	{ "resctrl", NULL, "linux.intelRdt is refused", 0, chk_fs },
	{ "seccomp filter", CONFIG(SECCOMP_FILTER), "linux.seccomp is refused", 0, chk_seccomp,
	  SECCOMP_RET_ERRNO },
	{ "seccomp notify", "Linux 5.0", "no listenerPath", 0, chk_seccomp,
	  SECCOMP_RET_USER_NOTIF },
	{ "keyring", CONFIG(KEYS), "no session keyring of the container's own", 0, chk_call,
	  SYS_keyctl },
	{ "AppArmor", CONFIG(SECURITY_APPARMOR), "apparmorProfile is refused", 0, chk_label, 0 },
	{ "SELinux", CONFIG(SECURITY_SELINUX), "selinuxLabel is refused", 0, chk_label, 1 },
};
#undef CONFIG

/* An ordinary user's probe has what their container would have: a user namespace in which they
 * are root. */
static int chk_enter(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (uid == 0)
		return 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return ns_fail(CLONE_NEWUSER, "unshare");
	autoclose int self = openat(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (self < 0 || file_write_at(self, "uid_map", str_fmt("0 %u 1", uid)) < 0 ||
	    file_write_at(self, "setgroups", "deny") < 0 ||
	    file_write_at(self, "gid_map", str_fmt("0 %u 1", gid)) < 0)
		return efail("map a user");
	return 0;
}

/* Runs a probe in a child and gives NULL or the reason of its refusal. */
static char *chk_try(int (*probe)(const struct trial *), const struct trial *t)
{
	size_t size = sizeof err;
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = shared == MAP_FAILED ? -1 : fork();
	int status = 0;

	if (pid == 0) {
		logger.debug = false;
		if (chk_enter() == 0 && probe(t) == 0)
			_exit(0);
		memcpy(shared, &err, size);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		efail("try it in a child");
	else if (status == 0)
		err_clear();
	else if (WIFSIGNALED(status))
		fail("killed by signal %d", WTERMSIG(status));
	else
		memcpy(&err, shared, size);
	if (shared != MAP_FAILED)
		munmap(shared, size);
	char *why = *err.msg ? str_dup(err.msg) : NULL;

	err_clear();
	return why;
}

static void chk_add(struct findings *f, struct finding one)
{
	if (f->n == f->cap) {
		struct finding *v = arena_alloc((f->cap = f->cap * 2 + 64) * sizeof *v);

		if (f->n)
			memcpy(v, f->v, f->n * sizeof *v);
		f->v = v;
	}
	f->v[f->n++] = one;
}

static const char *chk_option(const struct chk *k)
{
	return k->option ? k->option : option_for(fs_options, k->name);
}

/* Tries a row of the table for a name of the caller's. */
static void chk_row(struct findings *f, const struct chk *k, struct trial t, const char *name)
{
	must(k);                                /* names of this file only */
	t.name = k->name;
	t.n = k->n;
	chk_add(f, (struct finding){ name, chk_option(k), k->without, chk_try(k->probe, &t),
				       true });
}

/* Asks for something that has no row of its own. */
static void chk_ask(struct findings *f, const char *name, int (*probe)(const struct trial *),
		      struct trial t)
{
	chk_add(f, (struct finding){ name, "", "", chk_try(probe, &t), true });
}

static const struct chk *chk_find(const char *name)
{
	for (size_t i = 0; i < LEN(chk_rows); i++)
		if (str_eq(chk_rows[i].name, name))
			return &chk_rows[i];
	return NULL;
}

static void chk_one_ns(struct findings *f, int type, int proc, const char *name)
{
	struct trial t = { .n = (uint64_t)type, .proc = proc };

	chk_add(f, (struct finding){ name, ns_info[type].option,
				       str_fmt("no %s namespace", ns_names[type].name),
				       chk_try(chk_ns, &t), true });
}

/* Fills f with everything there is to know of this kernel; needed: by the container that `spec`
 * describes, of root or, if this process is not root's, of an ordinary user. */
static void chk_host(struct findings *f, int proc)
{
	bool user = geteuid() != 0;
	struct trial t = { .proc = proc };

	for (int i = 0; i < NS_COUNT; i++) {
		bool needed = user && i == NS_USER;

		for (size_t k = 0; k < LEN(spec_namespaces); k++)
			needed |= str_eq(spec_namespaces[k], ns_names[i].name) &&
				  !(user && i == NS_NET);
		chk_one_ns(f, i, proc, str_fmt("%s namespace", ns_names[i].name));
		f->v[f->n - 1].needed = needed;
	}
	for (size_t i = 0; i < LEN(chk_rows); i++) {
		chk_row(f, &chk_rows[i], t, chk_rows[i].name);
		f->v[f->n - 1].needed = chk_rows[i].must & (user ? FOR_USER : FOR_ROOT);
	}
}

/* -- a configuration --------------------------------------------------------------------------- */

static int chk_rootfs(const struct trial *t)
{
	autoclose int fd = openat(AT_FDCWD, t->conf->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? efail("%s", t->conf->rootfs) : 0;
}

static int chk_bind(const struct trial *t)
{
	const struct mount_conf *m = &t->conf->mounts[t->n];
	const char *path = mnt_bind_path(t->conf, m);
	struct stat st;

	if (!path || !*path)
		return fail("bind mount without a source");
	if (fstatat(AT_FDCWD, path, &st, m->flags.own & (OWN_SRC_LINK | OWN_COPY_LINK) ?
		    AT_SYMLINK_NOFOLLOW : 0) == 0 || (errno == ENOENT && m->flags.own & OWN_NOFAIL))
		return 0;
	return efail("%s", path);
}

static int chk_joined(const struct trial *t)
{
	struct ns_plan p = { 0 };

	p.what[t->n] = t->conf->ns_path[t->n];
	return ns_open(&p, (int)t->n, t->conf->ns_path[t->n], t->proc);
}

static int chk_filter(const struct trial *t)
{
	struct bpf_prog p = { 0 };

	return bpf_build(&t->conf->seccomp, &p);
}

static int chk_process(const struct trial *t)
{
	TRY(sec_check_label(&t->conf->process));
	TRY(sec_oom(t->proc, getpid(), t->conf->process.oom_score_adj));
	return sec_rlimits(0, &t->conf->process);
}

/* In namespaces like the container's, which take the values with them when they go. */
static int chk_sysctl(const struct trial *t)
{
	for (int i = NS_IPC; i <= NS_NET; i++) {
		if (t->conf->ns_path[i])
			return 0;               /* someone's own: not to be touched */
		if (t->conf->ns_new[i] && unshare((int)ns_info[i].flag) < 0)
			return ns_fail(ns_info[i].flag, "unshare");
	}
	return sec_sysctl(t->proc, &t->conf->sysctl);
}

static int chk_hook(const struct trial *t)
{
	return access(t->name, X_OK) < 0 ? efail("%s", t->name) : 0;
}

static int chk_net_device(const struct trial *t)
{
	return if_nametoindex(t->name) ? 0 : efail("%s", t->name);
}

static int chk_rdt(const struct trial *t)
{
	autoclose int fd = rdt_mount(t->proc);

	return fd < 0 ? -1 : 0;
}

static void chk_mount(struct findings *f, struct trial t, size_t i)
{
	const struct mount_conf *m = &t.conf->mounts[i];
	const char *type = m->type ? m->type : "";

	if (m->flags.own & OWN_IDMAP) {
		t.n = ATTR_IDMAP;
		chk_ask(f, str_fmt("mounts[%zu].options: idmap", i), chk_idmap, t);
	}
	t.n = i;
	if (m->flags.ms & MS_REMOUNT)
		return;
	if (m->flags.ms & MS_BIND) {
		chk_ask(f, str_fmt("mounts[%zu].source", i), chk_bind, t);
		return;
	}
	t.name = str_starts(type, "cgroup") ? "cgroup2" : type;
	chk_add(f, (struct finding){ str_fmt("mounts[%zu].type", i),
				       option_for(fs_options, t.name), str_fmt("no %s", m->dest),
				       *type ? chk_try(chk_fs, &t) : NULL, true });
}

/* field: of linux.resources; file: the cgroup's, whose first word names the controller. */
static void chk_limit(struct findings *f, struct trial t, const char *field, const char *file)
{
	char *name = str_fmt("controller %.*s", (int)strcspn(file, "."), file);
	const struct chk *k = chk_find(name), *more = chk_find(str_eq(file, "cpu.max") ?
							       "cpu quota" : "swap");

	if (str_eq(file, "cpu.max") || str_eq(file, "memory.swap.max"))
		chk_row(f, more, t, str_fmt("linux.resources.%s", field));
	t.name = name;
	chk_add(f, (struct finding){ str_fmt("linux.resources.%s", field), k ? k->option : "",
				       k ? k->without : "", chk_try(chk_controller, &t),
				       true });
}

static int chk_resources(struct findings *f, struct trial t)
{
	const struct resources_conf *r = &t.conf->resources;
	struct cg_values v = { 0 };

	TRY(cg_values(r, &v));
	for (size_t i = 0; i < LEN(cg_limits); i++) {
		const void *at = (const char *)&v + cg_limits[i].off;

		if (cg_limits[i].is_text ? *(char *const *)at != NULL :
		    ((const struct opt *)at)->set && ((const struct opt *)at)->v != -1)
			chk_limit(f, t, cg_limits[i].field, cg_limits[i].file);
	}
	if (r->n_hugepages)
		chk_limit(f, t, "hugepageLimits", "hugetlb.");
	if (r->io.weight.v || r->io.n_devices)
		chk_limit(f, t, "blockIO.weight", "io.");
	for (int i = 0; i < IO_LIMITS; i++)
		if (r->io.rates[i].n_v)
			chk_limit(f, t, str_fmt("blockIO.%s", io_limits[i].field), "io.");
	if (r->n_rdma)
		chk_limit(f, t, "rdma", "rdma.");
	for (size_t i = 0; i < r->unified.n; i++)
		if (!str_starts(r->unified.v[i].key, "cgroup."))
			chk_limit(f, t, str_fmt("unified[%s]", r->unified.v[i].key),
				    r->unified.v[i].key);
	return 0;
}

static void chk_hooks(struct findings *f, struct trial t)
{
	for (int p = 0; p < HOOK_PHASES; p++)
		for (size_t i = 0; i < t.conf->hooks[p].n_v && p != HOOK_START_CONTAINER; i++) {
			t.name = t.conf->hooks[p].v[i].path;
			chk_ask(f, str_fmt("hooks.%s[%zu].path", hook_names[p], i), chk_hook,
				  t);
		}
}

/* The parts of linux that are one question each. */
static void chk_linux(struct findings *f, struct trial t)
{
	const struct config *conf = t.conf;

	for (size_t i = 0; i < conf->n_namespaces; i++) {
		int type = conf->namespaces[i].type;

		t.n = (uint64_t)type;
		if (conf->ns_new[type])
			chk_one_ns(f, type, t.proc, str_fmt("linux.namespaces[%zu]", i));
		else
			chk_ask(f, str_fmt("linux.namespaces[%zu].path", i), chk_joined, t);
	}
	if (geteuid() == 0 && conf->resources.n_devices)
		chk_row(f, chk_find("device programs"), t, "linux.resources.devices");
	if (conf->has_seccomp) {
		chk_row(f, chk_find("seccomp filter"), t, "linux.seccomp");
		chk_ask(f, "linux.seccomp.syscalls", chk_filter, t);
	}
	if (conf->sysctl.n)
		chk_ask(f, "linux.sysctl", chk_sysctl, t);
	for (size_t i = 0; i < conf->n_net_devices; i++) {
		t.name = conf->net_devices[i].key;
		chk_ask(f, str_fmt("linux.netDevices.%s", t.name), chk_net_device, t);
	}
	if (conf->has_rdt)
		chk_add(f, (struct finding){ "linux.intelRdt", option_for(fs_options, "resctrl"),
					       "no resctrl group", chk_try(chk_rdt, &t), true });
	if (conf->has_mempolicy && conf->mempolicy.mode != MPOL_DEFAULT)
		chk_row(f, chk_find("memory policy"), t, "linux.memoryPolicy");
}

/* Fills f with what this configuration needs, by the names of its fields. */
static int chk_bundle(struct findings *f, const struct container *c)
{
	struct trial t = { .conf = c->conf, .proc = c->proc_fd };

	for (size_t i = 0; i < LEN(chk_rows); i++)
		if (chk_rows[i].must == FOR_ALL)
			chk_row(f, &chk_rows[i], t, chk_rows[i].name);
	chk_ask(f, "root.path", chk_rootfs, t);
	for (size_t i = 0; i < c->conf->n_mounts; i++)
		chk_mount(f, t, i);
	if (c->conf->has_process)
		chk_ask(f, "process", chk_process, t);
	if (c->conf->has_process && c->conf->process.has_ioprio)
		chk_row(f, chk_find("I/O priority"), t, "process.ioPriority");
	if (c->conf->has_process && c->conf->process.terminal)
		chk_row(f, chk_find("devpts"), t, "process.terminal");
	/* without cgroups those who did not ask for one have none */
	if (geteuid() == 0 && (cg_in_kernel(t.proc) || c->conf->cgroups_path))
		chk_row(f, chk_find("cgroup2 mounted"), t, "linux.cgroupsPath");
	chk_linux(f, t);
	TRY(chk_resources(f, t));
	chk_hooks(f, t);
	return 0;
}

/* ==== end CHECK ======================================================== } */

/* ==== ROOM 18: BOOT ==================================================== {
 * `init`: the containers of a directory of bundles, kept running; as PID 1 also what the system
 * needs before that and after.  One process for each container runs it as `run` does and reports
 * by its exit status; this one starts them, waits, starts them again, and reaps orphans.
 * Entries: boot_is_first boot_console boot_early boot_run.                                     */

enum { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };
static const struct name restart_names[] = {    /* of the annotation below */
	{ "no", RESTART_NO }, { "on-failure", RESTART_ON_FAILURE }, { "always", RESTART_ALWAYS },
	{ 0 }
};
#define RESTART_KEY "runtime.restart"

static const struct name boot_ends[] = {        /* reboot(2) */
	{ "poweroff", RB_POWER_OFF }, { "reboot", RB_AUTOBOOT }, { "halt", RB_HALT_SYSTEM },
	{ "exit", 0 }, { 0 }
};

enum {                                  /* milliseconds */
	PAUSE_MIN = 100, PAUSE_MAX = 60000,     /* before a restart: doubled each time ...        */
	LASTED = 10000,                         /* ... until it ran for this long                 */
	GRACE = 10000,                          /* from the signal to the end to SIGKILL          */
};

struct unit {
	char *id;
	pid_t pid;                              /* of the process that runs it, 0: none           */
	int *restart;                           /* that process reads it from config.json: shared */
	pid_t last;                             /* the one before it, 0: none                     */
	bool failed;
	int64_t since, due;                     /* due: when to start it, 0: not                  */
	int pause;
};

struct boot {
	const char *dir, *then, *root;          /* bundles; what comes last; state directory      */
	bool first, ending;                     /* first: PID 1 of the machine                    */
	int64_t deadline;
	struct unit *v;
	size_t n;
};

PRINTF(1, 2) static void boot_say(const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	fmt_va(msg, sizeof msg, fmt, ap);
	va_end(ap);
	log_write("info", msg);
}

static int64_t boot_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* PID 1 of the machine, not of a container: the first pid namespace has a known number
 * (include/linux/proc_ns.h PROC_PID_INIT_INO). */
static bool boot_is_first(void)
{
	struct stat st;
	autoclose int proc = getpid() == 1 ? proc_open() : -1;

	err_clear();
	if (proc >= 0 && !ns_exists(proc, NS_PID))      /* of a kernel that has but the one */
		return true;
	return proc >= 0 && fstatat(proc, "self/ns/pid", &st, 0) == 0 && st.st_ino == 0xEFFFFFFC;
}

/* -- the system -------------------------------------------------------------------------------- */

static const struct boot_mount { const char *at, *type; unsigned long flags; const char *data; }
boot_table[] = {                        /* each where nothing is mounted yet */
	{ "/dev", "devtmpfs", MS_NOSUID, "mode=755" },
	{ "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755" },
};

/* /dev of a kernel without devtmpfs. */
static int boot_nodes(void)
{
	if (mount("dev", "/dev", "tmpfs", MS_NOSUID, "mode=755") < 0)
		return -1;
	for (size_t i = 0; i < LEN(default_devices); i++)
		mknod(str_fmt("/dev/%s", default_devices[i].name), S_IFCHR | 0666,
		      makedev(default_devices[i].major_no, default_devices[i].minor_no));
	return mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
}

static void boot_mounts(void)
{
	mode_t mask = umask(0);

	for (size_t i = 0; i < LEN(boot_table); i++) {
		const struct boot_mount *m = &boot_table[i];
		struct stat above, st;

		mkdir(m->at, 0755);
		if (stat(str_fmt("%s/..", m->at), &above) == 0 && stat(m->at, &st) == 0 &&
		    above.st_dev != st.st_dev)
			continue;
		if (mount(m->type, m->at, m->type, m->flags, m->data) < 0 &&
		    (i || boot_nodes() < 0))
			log_warn("mount %s on %s: %s", m->type, m->at, errno_text(errno));
	}
	umask(mask);
}

/* PID 1 has a /proc before it executes itself again: see run_protect(). */
static void boot_early(void)
{
	if (getpid() == 1)
		boot_mounts();
}

/* A kernel that finds no /dev/console in its initramfs starts PID 1 without stdin, stdout and
 * stderr. */
static void boot_console(void)
{
	if (getpid() != 1 || fcntl(0, F_GETFD) >= 0)
		return;
	boot_mounts();
	int fd = openat(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY);   /* the lowest: 0 */

	if (fd == 0 && dup2(fd, 1) == 1)
		(void)dup2(fd, 2);
}

/* The words of the kernel's command line that are for us: runtime.bundles=, runtime.then=,
 * runtime.debug. */
static void boot_words(struct boot *b)
{
	char *text = file_read_at(AT_FDCWD, "/proc/cmdline", 65536), *save = NULL;

	for (char *w = text ? strtok_r(text, " \n", &save) : NULL; w;
	     w = strtok_r(NULL, " \n", &save)) {
		if (str_starts(w, "runtime.bundles="))
			b->dir = strchr(w, '=') + 1;
		else if (str_starts(w, "runtime.then="))
			b->then = strchr(w, '=') + 1;
		else if (str_eq(w, "runtime.debug"))
			logger.debug = true;
	}
}

/* -- the containers ---------------------------------------------------------------------------- */

/* What our process before this one, if it was killed, has left of the container goes.  One that
 * somebody else runs under this name stays. */
static void boot_clear(struct container c, pid_t last)
{
	if (state_open_locked(&c, true) == 0 && (!c.created || c.maker == last))
		run_destroy(&c);
	close_p(&c.dir_fd);
	close_p(&c.pidfd);
	close_p(&c.cgroup_fd);
	err_clear();
}

/* In the container's own process: how it is to be restarted.  Its input is empty unless it has a
 * terminal, which is then the console. */
static int boot_prepare(struct container *c, const struct run_opts *o, int *restart)
{
	const struct map *m;
	char *text = NULL;
	size_t len = 0;

	TRY(run_load_config(c, o, &text, &len));
	*restart = RESTART_NO;                  /* what it says now */
	m = &c->conf->annotations;
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].key, RESTART_KEY) &&
		    name_find(restart_names, m->v[i].value, restart) < 0)
			return fail("config.json: annotations." RESTART_KEY ": unknown value "
				    "\"%s\"", m->v[i].value);
	autoclose int null = c->conf->process.terminal ? -1 :
			     openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		dup2(null, 0);
	return 0;
}

static _Noreturn void boot_unit(const struct boot *b, const struct unit *u)
{
	struct container c = CONTAINER_NONE;
	struct run_opts o = { .bundle = str_fmt("%s/%s", b->dir, u->id), .attach = true };
	sigset_t none;
	int status = 0, r;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);      /* which is passed on to the container */
	c.id = u->id;
	r = state_check_id(c.id) < 0 || state_root(&c, b->root, true) < 0 ? -1 : 0;
	c.proc_fd = r < 0 ? -1 : proc_open();
	if (c.proc_fd >= 0 && u->last)
		boot_clear(c, u->last);
	if (c.proc_fd < 0 || boot_prepare(&c, &o, u->restart) < 0 ||
	    run_create(&c, &o, &status) < 0) {
		ctx("%s", u->id);
		log_error();
		status = exit_failure;
	}
	_exit(status);
}

static void boot_again(struct unit *u, int64_t now)
{
	u->due = now + u->pause;
	u->pause = u->pause * 2 < PAUSE_MAX ? u->pause * 2 : PAUSE_MAX;
}

static void boot_start(const struct boot *b, struct unit *u)
{
	u->due = 0;
	u->since = boot_now();
	u->pid = fork();
	if (u->pid == 0)
		boot_unit(b, u);
	if (u->pid < 0) {
		boot_say("%s: fork: %s, again in %d ms", u->id, errno_text(errno), u->pause);
		u->pid = 0;
		u->failed = true;
		boot_again(u, u->since);
	} else {
		u->last = u->pid;
		boot_say("%s: started", u->id);
	}
}

static void boot_ended(const struct boot *b, struct unit *u, int status)
{
	int64_t now = boot_now();
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

	u->pid = 0;
	u->failed = code != 0;
	if (now - u->since >= LASTED)
		u->pause = PAUSE_MIN;
	if (!b->ending &&
	    (*u->restart == RESTART_ALWAYS || (code && *u->restart == RESTART_ON_FAILURE))) {
		boot_say("%s: ended with status %d, again in %d ms", u->id, code, u->pause);
		boot_again(u, now);
	} else {
		boot_say("%s: ended with status %d", u->id, code);
	}
}

static void boot_reap(const struct boot *b)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0; )
		for (size_t i = 0; i < b->n; i++)
			if (b->v[i].pid == pid)
				boot_ended(b, &b->v[i], status);
}

/* Every bundle of the directory, in the order of their names. */
static int boot_list(struct boot *b)
{
	autoclose int dir = openat(AT_FDCWD, b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct strs ids = { 0 };

	if (dir < 0)
		return efail("bundles in %s", b->dir);
	TRY(dir_list(dir, &ids));
	strs_sort(&ids);
	b->v = arena_alloc(ids.n * sizeof *b->v);
	int *shared = mmap(NULL, (ids.n + 1) * sizeof *shared, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return efail("mmap");
	for (size_t i = 0; i < ids.n; i++)
		if (faccessat(dir, str_fmt("%s/config.json", ids.v[i]), F_OK, 0) == 0)
			b->v[b->n++] = (struct unit){ .id = ids.v[i], .restart = &shared[i],
						      .due = 1, .pause = PAUSE_MIN };
	return b->n ? 0 : fail("no bundle in %s", b->dir);
}

/* The beginning of the end: each container gets the signal, and none is started again. */
static void boot_end(struct boot *b, int sig)
{
	boot_say("%s: ending", sig == SIGINT ? "SIGINT" : "SIGTERM");
	b->ending = true;
	b->deadline = boot_now() + GRACE;
	for (size_t i = 0; i < b->n; i++) {
		b->v[i].due = 0;
		if (b->v[i].pid)
			kill(b->v[i].pid, sig);
	}
}

/* Kills what has not heard; the processes that run them see that and clean up. */
static void boot_kill(struct boot *b)
{
	b->deadline += GRACE;
	for (size_t i = 0; i < b->n; i++) {
		struct container c = CONTAINER_NONE;

		if (!b->v[i].pid)
			continue;
		boot_say("%s: killed after %d s", b->v[i].id, GRACE / 1000);
		c.id = b->v[i].id;
		if (state_root(&c, b->root, false) == 0 && (c.proc_fd = proc_open()) >= 0 &&
		    state_open(&c) == 0)
			run_kill(&c, SIGKILL, true);
		close_p(&c.root_fd);
		close_p(&c.proc_fd);
		close_p(&c.dir_fd);
		close_p(&c.pidfd);
		close_p(&c.cgroup_fd);
	}
	err_clear();
}

/* When something has to be done next without a signal; 0: never.  Starts what is due. */
static int64_t boot_next(struct boot *b, bool *busy)
{
	int64_t now = boot_now(), next = b->ending ? b->deadline : 0;

	*busy = false;
	for (size_t i = 0; i < b->n; i++) {
		struct unit *u = &b->v[i];

		if (u->due && u->due <= now)
			boot_start(b, u);
		if (u->due && (!next || u->due < next))
			next = u->due;
		*busy = *busy || u->pid || u->due;
	}
	return next;
}

static void boot_loop(struct boot *b)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT };
	sigset_t set;
	bool busy;

	sigemptyset(&set);
	for (size_t i = 0; i < LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		int64_t next = boot_next(b, &busy), left = next - boot_now();
		struct timespec t = { left > 0 ? left / 1000 : 0,
				      left > 0 ? left % 1000 * 1000000 : 0 };

		if (!busy)
			break;
		int sig = sigtimedwait(&set, NULL, next ? &t : NULL);

		if ((sig == SIGTERM || sig == SIGINT) && !b->ending)
			boot_end(b, sig);
		else if (b->ending && boot_now() >= b->deadline)
			boot_kill(b);
		boot_reap(b);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* What comes after the last container: the end of the machine, another init, or just the end. */
static int boot_finish(const struct boot *b)
{
	char *argv[] = { str_dup(b->then), NULL };
	int how = 0, failed = 0;

	for (size_t i = 0; i < b->n; i++)
		failed |= b->v[i].failed;
	boot_say("no container left: %s", b->then);
	sync();
	if (b->then[0] == '/') {
		execve(b->then, argv, environ);
		efail("%s", b->then);
		if (!b->first)
			return -1;
		log_error();
		how = RB_POWER_OFF;
	} else {
		name_find(boot_ends, b->then, &how);
	}
	if (how && reboot(how) < 0)
		return efail("%s", b->then);
	while (b->first && how)
		pause();                        /* PID 1 may not end, not even halted */
	return failed;
}

/* Runs the bundles of dir (NULL: /containers) until all have ended, then does what `then` says
 * (NULL: the power goes off if this is the machine's first process).  root: state directory.
 * Returns 1 if one failed for good. */
static int boot_run(const char *dir, const char *then, const char *root)
{
	struct boot b = { .dir = dir, .then = then, .root = root };
	int unused;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	unsetenv("NOTIFY_SOCKET");              /* no container is the service that we are */
	b.first = boot_is_first();
	if (b.first) {
		reboot(RB_DISABLE_CAD);         /* SIGINT instead of a reset */
		boot_words(&b);
		if (sec_loopback() < 0)
			log_warn("%s", err.msg);
	}
	if (b.then && b.then[0] != '/' && name_find(boot_ends, b.then, &unused) < 0) {
		fail("--then: \"%s\" is not poweroff, reboot, halt, exit or a path", b.then);
		if (!b.first)
			return -1;
		log_error();
		b.then = NULL;
	}
	b.dir = b.dir ? b.dir : "/containers";
	b.then = b.then ? b.then : b.first ? "poweroff" : "exit";
	err_clear();
	if (boot_list(&b) == 0)
		boot_loop(&b);
	else if (!b.first)
		return -1;
	else
		log_error();
	return boot_finish(&b);
}

/* ==== end BOOT ========================================================= } */

/* ==== ROOM 19: CMD ===================================================== {
 * The command line.  A command is a row, an option is a row; parsing, `--help` and the messages
 * read the same tables.  Options are written as runc takes them: one dash or two, value after a
 * blank or "=", before or after the operands (but exec, kill and ps stop at the first operand).
 * Entries: cmd_find cmd_parse_globals cmd_run.                                                 */

struct options {
	const char *root, *log, *log_format, *log_level, *rootless;
	bool debug, help, version;
	struct run_opts run;
	bool all, force, quiet, tty, no_new_privs, spec_rootless;
	const char *then, *format, *cwd, *user, *process, *selinux, *apparmor, *ignored;
	struct strs env, gids, caps;
	struct resources_conf limits;           /* of `update` */
	struct rdt_conf rdt;
	const char *resources, *interval;
	char **args;                            /* operands */
	size_t n_args;
};

/* O_INT: a whole number; O_SIZE: bytes, "64m"; both for a struct opt. */
enum opt_kind { O_BOOL, O_STR, O_U64, O_STRS, O_INT, O_SIZE };

struct option_row {
	char letter;
	const char *name, *value, *help;        /* no help: accepted, not shown */
	enum opt_kind kind;
	uint16_t off;
};

#define OPT_BOOL(l, n, m, h)    { l, n, NULL, h, O_BOOL, OFF(struct options, m, bool) }
#define OPT_STR(l, n, v, m, h)  { l, n, v, h, O_STR, OFF(struct options, m, const char *) }
#define OPT_U64(l, n, v, m, h)  { l, n, v, h, O_U64, OFF(struct options, m, uint64_t) }
#define OPT_STRS(l, n, v, m, h) { l, n, v, h, O_STRS, OFF(struct options, m, struct strs) }

#define OPT_INT(n, m, h)  { 0, n, "N", h, O_INT, OFF(struct options, limits.m, struct opt) }
#define OPT_SIZE(n, m, h) { 0, n, "BYTES", h, O_SIZE, OFF(struct options, limits.m, struct opt) }
#define OPT_SCHEMA(n, m, h) { 0, n, "SCHEMA", h, O_STR, OFF(struct options, rdt.m, char *) }
#define OPT_LIST(n, m, h) { 0, n, "LIST", h, O_STR, OFF(struct options, limits.m, char *) }

struct command {
	const char *name, *operands, *help;
	const struct option_row *options;
	int (*run)(struct options *o);          /* the exit status, or -1 with the error record   */
	int min, max;                           /* operands; max -1: any number                   */
	bool stop;                              /* options end at the first operand               */
	bool enters;                            /* runs code near containers: protect the binary  */
	int failure;                            /* exit status when it fails; 0 stands for 1      */
};

static const struct option_row global_options[] = {
	OPT_STR(0, "root", "DIR", root, "directory for the state of containers"),
	OPT_STR(0, "log", "FILE", log, "write messages to FILE too (default: stderr only)"),
	OPT_STR(0, "log-format", "FORMAT", log_format, "\"text\" or \"json\" (default \"text\")"),
	OPT_BOOL(0, "debug", debug, "log what is done, step by step"),
	OPT_BOOL(0, "systemd-cgroup", run.systemd, "let systemd make the cgroup, as a scope"),
	OPT_STR(0, "cgroup-manager", "NAME", run.cgroup_manager,
		"\"cgroupfs\", \"systemd\" or \"disabled\" (default \"cgroupfs\")"),
	OPT_STR(0, "rootless", "BOOL", rootless,
		"\"true\", \"false\" or \"auto\": forgive missing cgroup rights "
		"(default \"auto\")"),
	OPT_STR(0, "criu", "PATH", ignored, NULL),
	OPT_STR(0, "log-level", "LEVEL", log_level, NULL),      /* crun's, like the next two */
	OPT_BOOL('?', "usage", help, NULL),
	OPT_BOOL('V', "V", version, NULL),
	OPT_BOOL('h', "help", help, "show this help"),
	OPT_BOOL('v', "version", version, "show the version"),
	{ 0 }
};

#define CREATE_OPTIONS \
	OPT_STR('b', "bundle", "DIR", run.bundle, \
		"directory with config.json (default: current one)"), \
		OPT_STR(0, "console-socket", "SOCKET", run.console_socket, \
			"send the terminal's master side to this unix socket"), \
		OPT_STR(0, "pidfd-socket", "SOCKET", run.pidfd_socket, \
			"send a pidfd of the process to this unix socket"), \
		OPT_STR(0, "pid-file", "FILE", run.pid_file, "write the process's pid to FILE"), \
		OPT_BOOL(0, "no-pivot", force, "accepted: pivot_root works on any root here"), \
		OPT_BOOL(0, "no-new-keyring", run.no_keyring, \
			 "keep the caller's session keyring"), \
		OPT_U64(0, "preserve-fds", "N", run.preserve_fds, "pass descriptors 3 to 2+N on")

static const struct option_row create_options[] = {
	CREATE_OPTIONS, OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row run_options[] = {
	CREATE_OPTIONS,
	OPT_BOOL('d', "detach", run.detach, "return when the process runs, do not wait for it"),
	OPT_BOOL(0, "keep", run.keep, "do not delete the container when its process ends"),
	OPT_BOOL(0, "no-subreaper", quiet, NULL),
	OPT_BOOL('h', "help", help, "show this help"),
	{ 0 }
};
static const struct option_row help_only[] = {
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row kill_options[] = {
	OPT_BOOL('a', "all", all, "signal every process of the container"),
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row delete_options[] = {
	OPT_BOOL('f', "force", force, "kill it first if needed; no error if it does not exist"),
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row exec_options[] = {
	OPT_STR(0, "console-socket", "SOCKET", run.console_socket,
		"send the terminal's master side to this unix socket"),
	OPT_STR(0, "pidfd-socket", "SOCKET", run.pidfd_socket,
		"send a pidfd of the process to this unix socket"),
	OPT_STR(0, "cwd", "DIR", cwd, "working directory in the container"),
	OPT_STRS('e', "env", "NAME=VALUE", env, "add to the environment; may be repeated"),
	OPT_BOOL('t', "tty", tty, "give it a terminal"),
	OPT_STR('u', "user", "UID[:GID]", user, "user and group, by number"),
	OPT_STRS('g', "additional-gids", "GID", gids, "further group; may be repeated"),
	OPT_STR('p', "process", "FILE", process, "take the whole process section from FILE"),
	OPT_BOOL('d', "detach", run.detach, "return when the process runs, do not wait for it"),
	OPT_STR(0, "pid-file", "FILE", run.pid_file, "write the process's pid to FILE"),
	OPT_STR(0, "process-label", "LABEL", selinux, "SELinux label of the process"),
	OPT_STR(0, "apparmor", "PROFILE", apparmor, "AppArmor profile of the process"),
	OPT_BOOL(0, "no-new-privs", no_new_privs, "set no_new_privs"),
	OPT_STRS('c', "cap", "CAP", caps,
		 "add a capability, bounding to permitted; may be repeated"),
	OPT_U64(0, "preserve-fds", "N", run.preserve_fds, "pass descriptors 3 to 2+N on"),
	OPT_STR(0, "cgroup", "PATH", run.exec_cgroup, "run in this cgroup below the container's"),
	OPT_BOOL(0, "ignore-paused", run.ignore_paused, "enter a paused container too"),
	OPT_STR(0, "console", "PATH", ignored, NULL),
	OPT_BOOL(0, "no-subreaper", quiet, NULL),
	OPT_BOOL('h', "help", help, "show this help"),
	{ 0 }
};
static const struct option_row update_options[] = {
	OPT_STR('r', "resources", "FILE", resources,
		"take linux.resources as JSON from FILE or, with \"-\", from stdin; all other "
		"options are ignored then"),
	OPT_SIZE("memory", memory.limit, "memory limit; a number, or with k, m, g; -1: none"),
	OPT_SIZE("memory-reservation", memory.reservation, "memory that is reclaimed last"),
	OPT_SIZE("memory-swap", memory.swap, "limit of memory and swap together; -1: none"),
	OPT_SIZE("kernel-memory", memory.kernel, NULL),
	OPT_SIZE("kernel-memory-tcp", memory.kernel_tcp, NULL),
	OPT_INT("cpu-share", cpu.shares, "weight against other containers, 2 to 262144"),
	OPT_INT("cpu-shares", cpu.shares, NULL),
	OPT_INT("cpu-quota", cpu.quota, "microseconds of processor time in each period; -1: any"),
	OPT_INT("cpu-period", cpu.period, "the period, in microseconds"),
	OPT_INT("cpu-burst", cpu.burst, "microseconds that may be saved up beyond the quota"),
	OPT_INT("cpu-idle", cpu.idle, "1: run only when nothing else wants to"),
	OPT_INT("cpu-rt-period", cpu.rt_period, NULL),
	OPT_INT("cpu-rt-runtime", cpu.rt_runtime, NULL),
	OPT_LIST("cpuset-cpus", cpu.cpus, "processors to run on, like 0-2,4"),
	OPT_LIST("cpuset-mems", cpu.mems, "memory nodes to use, like 0,1"),
	OPT_INT("blkio-weight", io.weight, "weight of its disk traffic, 10 to 1000"),
	OPT_INT("pids-limit", pids.limit, "number of processes and threads; -1: any"),
	OPT_SCHEMA("l3-cache-schema", l3, "Intel RDT/CAT L3 cache schema"),
	OPT_SCHEMA("mem-bw-schema", mem_bw, "Intel RDT/MBA memory bandwidth schema"),
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row events_options[] = {
	OPT_STR(0, "interval", "TIME", interval,
		"time between statistics, like 500ms or 1m30s (default 5s)"),
	OPT_BOOL(0, "stats", all, "show the statistics once, then exit"),
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row list_options[] = {
	OPT_STR('f', "format", "FORMAT", format, "\"table\" or \"json\" (default \"table\")"),
	OPT_BOOL('q', "quiet", quiet, "ids only"),
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row ps_options[] = {
	OPT_STR('f', "format", "FORMAT", format, "\"table\" or \"json\" (default \"table\")"),
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row chk_options[] = {
	OPT_STR('b', "bundle", "DIR", run.bundle, "can the container of this bundle run here?"),
	OPT_STR('f', "format", "FORMAT", format, "\"table\" or \"json\" (default \"table\")"),
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row init_options[] = {
	OPT_STR('b', "bundles", "DIR", run.bundle,
		"directory with a bundle for each container (default /containers)"),
	OPT_STR(0, "then", "ACTION", then,
		"in the end: poweroff, reboot, halt, exit or the PATH of another init"),
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};
static const struct option_row spec_options[] = {
	OPT_STR('b', "bundle", "DIR", run.bundle, "write it to DIR (default: current one)"),
	OPT_BOOL(0, "rootless", spec_rootless, "for a user without privileges"),
	OPT_BOOL('h', "help", help, "show this help"), { 0 }
};

/* What engines pass to checkpoint and restore: taken, so that the answer is about the command. */
#define CRIU_STR(n)  OPT_STR(0, n, "VALUE", ignored, NULL)
#define CRIU_BOOL(n) OPT_BOOL(0, n, force, NULL)
static const struct option_row criu_options[] = {
	CRIU_STR("image-path"), CRIU_STR("work-path"), CRIU_STR("parent-path"),
	CRIU_STR("status-fd"), CRIU_STR("page-server"), CRIU_STR("manage-cgroups-mode"),
	CRIU_STR("empty-ns"), CRIU_STR("network-lock"), CRIU_STR("lsm-profile"),
	CRIU_STR("lsm-mount-context"), CRIU_STR("console-socket"), CRIU_STR("pid-file"),
	OPT_STR('b', "bundle", "DIR", ignored, NULL), OPT_BOOL('d', "detach", force, NULL),
	CRIU_BOOL("leave-running"), CRIU_BOOL("tcp-established"), CRIU_BOOL("tcp-close"),
	CRIU_BOOL("tcp-skip-in-flight"), CRIU_BOOL("link-remap"), CRIU_BOOL("ext-unix-sk"),
	CRIU_BOOL("shell-job"), CRIU_BOOL("lazy-pages"), CRIU_BOOL("file-locks"),
	CRIU_BOOL("pre-dump"), CRIU_BOOL("auto-dedup"), CRIU_BOOL("no-subreaper"),
	CRIU_BOOL("no-pivot"), OPT_BOOL('h', "help", help, "show this help"), { 0 }
};

/* -- parsing ----------------------------------------------------------------------------------- */

static const struct option_row *opt_find(const struct option_row *rows, const char *name, size_t n)
{
	for (; rows->name; rows++)
		if ((strlen(rows->name) == n && memcmp(rows->name, name, n) == 0) ||
		    (n == 1 && rows->letter == *name))
			return rows;
	return NULL;
}

static int opt_bool(const char *text, const char *flag, bool *out)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < LEN(yes); i++) {
		if (str_eq(text, yes[i]) || str_eq(text, no[i])) {
			*out = str_eq(text, yes[i]);
			return 0;
		}
	}
	return fail("invalid boolean value \"%s\" for -%s", text, flag);
}

/* A number with an optional fraction: *whole and *frac, in parts of 10^9.  Returns what follows,
 * NULL if there is no number. */
static const char *opt_decimal(const char *s, uint64_t *whole, uint64_t *frac)
{
	size_t n = strspn(s, "0123456789");
	uint64_t part = 100000000;

	*frac = 0;
	if (n && str_u64(str_ndup(s, n), INT64_MAX, whole) < 0)
		return NULL;
	if (!n)
		*whole = 0;
	s += n;
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++, n++, part /= 10)
			*frac += part * (uint64_t)(*s - '0');
	return n ? s : NULL;
}

/* "-1", "65536", "64m", "1.5GiB": bytes, in the forms that docker's and runc's options take. */
static int opt_size(const char *text, struct opt *out)
{
	static const char units[] = "bkmgtp";
	uint64_t whole, frac;
	const char *s = opt_decimal(text, &whole, &frac), *unit;

	*out = (struct opt){ true, -1 };
	if (str_eq(text, "-1"))
		return 0;
	if (!s)
		return -1;
	s += *s == ' ';
	unit = *s ? strchr(units, tolower((unsigned char)*s)) : units;
	if (!unit)
		return -1;
	unsigned shift = 10 * (unsigned)(unit - units);

	s += *s != '\0';
	s += shift && tolower((unsigned char)*s) == 'i';
	s += shift && tolower((unsigned char)*s) == 'b';
	if (*s || whole > (uint64_t)INT64_MAX >> shift)
		return -1;
	/* the fraction in two steps, so that no unit overflows */
	out->v = (int64_t)((whole << shift) + (shift < 30 ? (frac << shift) / 1000000000 :
			   ((frac << 30) / 1000000000) << (shift - 30)));
	return out->v < 0 ? -1 : 0;
}

static int opt_int(const char *text, struct opt *out)
{
	uint64_t v;

	if (str_u64(text + (*text == '-'), INT64_MAX, &v) < 0)
		return -1;
	*out = (struct opt){ true, *text == '-' ? -(int64_t)v : (int64_t)v };
	return 0;
}

/* "5s", "1m30s", "1.5h", "200ms": nanoseconds, as Go writes durations. */
static int opt_duration(const char *s, int64_t *out)
{
	static const struct { const char *name; int64_t ns; } units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
		{ "m", 60000000000 }, { "h", 3600000000000 },
	};
	uint64_t whole, frac;

	*out = 0;
	while ((s = opt_decimal(s, &whole, &frac))) {
		size_t n = strspn(s, "numsh"), i = 0;

		while (i < LEN(units) && (strlen(units[i].name) != n ||
					  strncmp(s, units[i].name, n) != 0))
			i++;
		if (i == LEN(units) || whole >= (uint64_t)(INT64_MAX / 2 / units[i].ns))
			return -1;
		*out += (int64_t)whole * units[i].ns;
		*out += (int64_t)(frac / 1000) * units[i].ns / 1000000;
		s += n;
		if (!*s || *out < 0)
			return *out < 0 ? -1 : 0;
	}
	return -1;
}

static int opt_set(const struct option_row *row, char *value, struct options *o)
{
	void *at = (char *)o + row->off;

	switch (row->kind) {
	case O_BOOL:
		*(bool *)at = true;
		return value ? opt_bool(value, row->name, at) : 0;
	case O_STR:
		*(const char **)at = value;
		return 0;
	case O_STRS:
		strs_add(at, value);
		return 0;
	case O_INT: case O_SIZE:
		/* empty: not given, as in runc */
		if (*value && (row->kind == O_INT ? opt_int(value, at) : opt_size(value, at)) < 0)
			return fail("invalid value for %s: \"%s\"", row->name, value);
		return 0;
	default:
		if (str_u64(value, 1024, at) < 0)
			return fail(
				"invalid value \"%s\" for flag -%s: not a number from 0 to 1024",
				value, row->name);
		return 0;
	}
}

/* Consumes options from argv (NULL-terminated); operands go to o->args. With `stop` the first
 * operand ends it.  Returns the number of arguments consumed when stopping, or all of them. */
static int opt_parse(const struct option_row *rows, char **argv, bool stop, struct options *o)
{
	int i = 0;

	must(o->args);                        /* room for as many as there are in argv */
	for (; argv[i]; i++) {
		char *a = argv[i];

		if (a[0] != '-' || !a[1]) {
			if (stop)
				break;
			o->args[o->n_args++] = a;
			continue;
		}
		a += a[1] == '-' ? 2 : 1;
		if (!*a) {                      /* "--" */
			i++;
			break;
		}
		size_t n = strcspn(a, "=");
		const struct option_row *row = opt_find(rows, a, n);
		char *value = a[n] ? a + n + 1 : NULL;

		if (!row)
			return fail("flag provided but not defined: -%.*s", (int)n, a);
		if (row->kind != O_BOOL && !value && !(value = argv[++i]))
			return fail("flag needs an argument: -%s", row->name);
		TRY(opt_set(row, value, o));
	}
	for (int k = i; argv[k] && rows != global_options; k++)
		o->args[o->n_args++] = argv[k];
	return i;
}

static void opt_help(struct buf *b, const struct option_row *rows)
{
	buf_fmt(b, "\nOPTIONS:\n");
	for (; rows->name; rows++) {
		char left[64];

		if (!rows->help)
			continue;
		fmt_to(left, sizeof left, "--%s%s%s%s%c", rows->name, rows->value ? " " : "",
			 rows->value ? rows->value : "", rows->letter ? ", -" : "", rows->letter);
		buf_fmt(b, "   %-28s  %s\n", left, rows->help);
	}
}

/* -- what commands share ----------------------------------------------------------------------- */

static bool cmd_in_user_ns(int proc)
{
	char *map = file_read_at(proc, "self/uid_map", 8192);

	return map && (strcmp(str_word(map, 0), "0") || strcmp(str_word(map, 1), "0") ||
		       strcmp(str_word(map, 2), "4294967295"));
}

/* The state root: --root, else /run/runtime, else for an ordinary user $XDG_RUNTIME_DIR/runtime; as
 * in runc an ordinary user's root in a user namespace is one too, unless named root. */
static const char *cmd_root(const struct options *o)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	bool user = geteuid() != 0;

	if (o->root)
		return o->root;
	if (!user && xdg && *xdg && !str_eq(getenv("USER"), "root")) {
		autoclose int proc = proc_open();

		user = proc >= 0 && cmd_in_user_ns(proc);
	}
	if (!user)
		return "/run/runtime";
	return xdg && *xdg ? str_fmt("%s/runtime", xdg) : str_fmt("/tmp/runtime-%u", geteuid());
}

/* A container's handle: its id checked, its state root open (made if `make`). */
static int cmd_handle(struct container *c, const struct options *o, bool make)
{
	*c = (struct container)CONTAINER_NONE;
	c->id = o->args[0];
	TRY(state_check_id(c->id));
	TRY(state_root(c, cmd_root(o), make));
	c->proc_fd = proc_open();
	return c->proc_fd < 0 ? -1 : 0;
}

/* An existing container, for reading. */
static int cmd_open(struct container *c, const struct options *o)
{
	TRY(cmd_handle(c, o, false));
	return state_open(c);
}

/* In a user namespace, or without root, some rights are missing that nobody promised. */
static bool cmd_rootless(const struct options *o, int proc)
{
	if (o->rootless && !str_eq(o->rootless, "auto"))
		return str_eq(o->rootless, "true");
	return geteuid() != 0 || cmd_in_user_ns(proc);
}

static void out_text(const struct buf *b)
{
	if (fd_write_all(1, b->p, b->len) < 0)
		log_warn("write to stdout: %s", errno_text(errno));
}

static int cmd_check_format(const struct options *o, bool *json)
{
	*json = str_eq(o->format, "json");
	if (o->format && !*json && !str_eq(o->format, "table"))
		return fail("invalid format option");
	return 0;
}

/* -- the commands ------------------------------------------------------------------------------ */

static int cmd_make(struct options *o)
{
	struct container c;
	int status = 0;

	if (str_eq(o->run.cgroup_manager, "systemd"))
		o->run.systemd = true;
	if (str_eq(o->run.cgroup_manager, "disabled"))
		o->run.systemd = false;
	TRY(cmd_handle(&c, o, true));
	o->run.rootless = cmd_rootless(o, c.proc_fd);
	o->run.in_user_ns = o->run.rootless ||
			    (str_eq(o->rootless, "false") && cmd_in_user_ns(c.proc_fd));
	if (run_create(&c, &o->run, &status) < 0)
		return -1;
	return status;
}

static int cmd_create(struct options *o)
{
	return cmd_make(o);
}

static int cmd_runs(struct options *o)
{
	o->run.attach = true;
	return cmd_make(o);
}

static int cmd_start(struct options *o)
{
	struct container c;

	TRY(cmd_handle(&c, o, false));
	TRY(state_open_locked(&c, false));
	return run_start(&c);
}

static int cmd_state(struct options *o)
{
	struct container c;
	struct buf b = { 0 };

	TRY(cmd_open(&c, o));
	state_print(&c, run_status(&c), &b, "");
	buf_fmt(&b, "\n");
	out_text(&b);
	return 0;
}

/* "9", "KILL", "sigkill": a signal number, or -1. */
static int cmd_signal(const char *text)
{
	enum { RT_FIRST = 34, RT_LAST = 64 };   /* as glibc counts: the C library keeps two */
	char upper[16];
	uint64_t n;
	int sig;

	if (str_u64(text, RT_LAST, &n) == 0 && n)
		return (int)n;
	fmt_to(upper, sizeof upper, "%s", text);
	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	const char *name = str_starts(upper, "SIG") ? upper + 3 : upper;

	if (name_find(signal_names, name, &sig) == 0)
		return sig;
	if (str_eq(name, "RTMIN") || str_eq(name, "RTMAX"))
		return name[3] == 'I' ? RT_FIRST : RT_LAST;
	if (str_starts(name, "RTMIN+") && str_u64(name + 6, RT_LAST - RT_FIRST, &n) == 0)
		return RT_FIRST + (int)n;
	if (str_starts(name, "RTMAX-") && str_u64(name + 6, RT_LAST - RT_FIRST, &n) == 0)
		return RT_LAST - (int)n;
	return fail("unknown signal \"%s\"", text);
}

static int cmd_kill(struct options *o)
{
	static const char key[] = "org.opencontainers.image.stopSignal";
	struct container c;
	int sig = o->n_args > 1 ? cmd_signal(o->args[1]) : 0;

	if (sig < 0)
		return -1;
	TRY(cmd_open(&c, o));
	if (o->n_args < 2) {
		const char *own = map_get(&c.annotations, key);

		sig = cmd_signal(own && *own ? own : "TERM");
		if (sig < 0)
			return ctx("annotation %s", key);
	}
	return run_kill(&c, sig, o->all);
}

/* Ends a `create` that still runs, so that its lock is free.  One that does not hear is killed
 * after ten seconds. */
static void cmd_stop_maker(struct container *c)
{
	if (c->ready || !c->created || !state_alive(c, c->maker, c->maker_start))
		return;
	autoclose int fd = sys_pidfd_open((pid_t)c->maker);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0 || !state_alive(c, c->maker, c->maker_start))
		return;
	sys_pidfd_signal(fd, SIGTERM);          /* ends its waits: it cleans up by itself */
	if (poll(&p, 1, 10000) == 0)
		sys_pidfd_signal(fd, SIGKILL);
}

/* Removes a container whose state.json is missing or damaged.  Where its cgroup is follows from the
 * saved config.json, if that can be read. */
static int cmd_delete_damaged(struct container *c)
{
	char *text = file_read_at(c->dir_fd, "config.json", JSON_MAX_SIZE);

	c->conf = arena_alloc(sizeof *c->conf);
	c->cgroup = NULL;
	c->pid = 0;
	if (text && conf_load(c->conf, text, strlen(text), "/") == 0)
		c->cgroup = cg_path(c->conf, c->id, c->proc_fd);
	err_clear();
	return run_destroy(c);
}

static int cmd_delete(struct options *o)
{
	struct container c;

	TRY(cmd_handle(&c, o, false));
	if (o->force && state_open(&c) == 0)
		cmd_stop_maker(&c);
	close_p(&c.dir_fd);
	if (state_open_locked(&c, o->force) < 0) {
		/* Gone, or a state.json that cannot be read: --force removes that as well. */
		bool gone = strstr(err.msg, "container does not exist") != NULL;

		/* An error of the system's (err.no) may pass: what is known is not to be lost. */
		if (!o->force || (!gone && (c.dir_fd < 0 || err.no)))
			return -1;
		err_clear();
		return gone ? 0 : cmd_delete_damaged(&c);
	}
	if (!c.created)                         /* killed before it made more than files */
		return run_destroy(&c);
	enum status st = run_status(&c);

	if (!o->force && st != ST_STOPPED && st != ST_CREATED)
		return fail("cannot delete container %s that is not stopped: %s", c.id,
			    status_names[st]);
	return run_delete(&c);
}

static int cmd_pause(struct options *o)
{
	struct container c;

	TRY(cmd_handle(&c, o, false));
	TRY(state_open_locked(&c, false));
	enum status st = run_status(&c);

	if (st != ST_RUNNING && st != ST_CREATED)
		return fail("container not running or created: %s", status_names[st]);
	if (cg_freeze(&c, true) < 0) {
		struct buf why = { 0 };

		buf_fmt(&why, "%s", err.msg);
		cg_freeze(&c, false);           /* half frozen is worse than running */
		return fail("%s", why.p);
	}
	return 0;
}

static int cmd_resume(struct options *o)
{
	struct container c;

	TRY(cmd_handle(&c, o, false));
	TRY(state_open_locked(&c, false));
	/* One that was asked to freeze and could not yet may be thawed as well. */
	if (run_status(&c) != ST_PAUSED && !cg_is_freezing(&c))
		return fail("container not paused");
	return cg_freeze(&c, false);
}

/* -u 1000, 1000:100: digits only, nothing is looked up (CVE-2026-30892). */
static int cmd_user(const char *text, struct process_conf *p)
{
	char *uid = str_dup(text), *gid = strchr(uid, ':');
	uint64_t v;

	if (gid)
		*gid++ = '\0';
	if (str_u64(uid, UINT32_MAX - 1, &v) < 0)
		return fail("--user: \"%s\" is not a number from 0 to 4294967294", uid);
	p->user.uid = (uint32_t)v;
	if (gid) {
		if (str_u64(gid, UINT32_MAX - 1, &v) < 0)
			return fail("--user: group \"%s\" is not a number from 0 to 4294967294",
				    gid);
		p->user.gid = (uint32_t)v;
	}
	return 0;
}

static int cmd_cap(const char *name, struct process_conf *p)
{
	for (size_t bit = 0; bit < LEN(cap_names); bit++)
		if (str_eq(cap_names[bit], name)) {
			p->capabilities.bounding |= 1ull << bit;
			p->capabilities.effective |= 1ull << bit;
			p->capabilities.permitted |= 1ull << bit;
			return 0;               /* never inheritable: CVE-2022-29162 */
		}
	return fail("--cap: unknown capability \"%s\"", name);
}

/* The process of the direct form: the container's own with the options laid over it. */
static int cmd_exec_process(const struct options *o, struct process_conf *p)
{
	struct strs args = { 0 };
	struct winsize ws;
	uint64_t v;

	for (size_t i = 1; i < o->n_args; i++)
		strs_add(&args, o->args[i]);
	if (!args.n)
		return fail("process args cannot be empty");
	p->args = args;
	if (!p->cwd)                            /* the container has no process section */
		p->cwd = str_dup("/");
	p->terminal = o->tty;
	p->has_console_size = false;
	if (o->tty && tty_host_size(&ws)) {
		p->has_console_size = true;
		p->console_size.height = ws.ws_row;
		p->console_size.width = ws.ws_col;
	}
	if (o->cwd)
		p->cwd = str_dup(o->cwd);
	if (o->selinux)
		p->selinux = str_dup(o->selinux);
	if (o->apparmor)
		p->apparmor = str_dup(o->apparmor);
	p->no_new_privs |= o->no_new_privs;
	for (size_t i = 0; i < o->env.n; i++)
		strs_add(&p->env, o->env.v[i]);
	if (o->user)
		TRY(cmd_user(o->user, p));
	for (size_t i = 0; i < o->caps.n; i++)
		TRY(cmd_cap(o->caps.v[i], p));
	uint32_t *gids = arena_alloc((p->user.n_gids + o->gids.n) * sizeof *gids);

	for (size_t i = 0; i < p->user.n_gids; i++)
		gids[i] = p->user.gids[i];
	p->user.gids = gids;
	for (size_t i = 0; i < o->gids.n; i++) {
		if (str_u64(o->gids.v[i], UINT32_MAX - 1, &v) < 0)
			return fail(
				"--additional-gids: \"%s\" is not a number from 0 to 4294967294",
				o->gids.v[i]);
		gids[p->user.n_gids++] = (uint32_t)v;
	}
	return conf_check_process(p, "process");
}

/* What a process file leaves out is the container's, as in runc: no way around its limits. */
static void cmd_exec_inherit(struct process_conf *p, const struct process_conf *from)
{
	if (!p->has_capabilities)
		p->capabilities = from->capabilities;
	if (!p->n_rlimits) {
		p->rlimits = from->rlimits;
		p->n_rlimits = from->n_rlimits;
	}
	if (!p->apparmor)
		p->apparmor = from->apparmor;
	if (!p->selinux)
		p->selinux = from->selinux;
	if (!p->has_sched) {
		p->has_sched = from->has_sched;
		p->sched = from->sched;
	}
	if (!p->has_ioprio) {
		p->has_ioprio = from->has_ioprio;
		p->ioprio = from->ioprio;
	}
	if (!p->has_affinity) {
		p->has_affinity = from->has_affinity;
		p->affinity = from->affinity;
	}
	if (!p->oom_score_adj.set)
		p->oom_score_adj = from->oom_score_adj;
	if (!p->user.umask.set)
		p->user.umask = from->user.umask;
}

static int cmd_exec(struct options *o)
{
	struct container c;
	struct process_conf p = { 0 };
	int status = 0;

	TRY(cmd_open(&c, o));
	enum status st = run_status(&c);

	if (st == ST_STOPPED || st == ST_CREATING)
		return fail("cannot exec in a %s container",
			    st == ST_STOPPED ? "stopped" : "creating");
	if (st == ST_PAUSED && !o->run.ignore_paused)
		return fail("cannot exec in a paused container (use --ignore-paused to override)");
	TRY(state_config(&c));
	if (o->process) {
		TRY(conf_load_process(&p, o->process));
		cmd_exec_inherit(&p, &c.conf->process);
	} else {
		p = c.conf->process;
		TRY(cmd_exec_process(o, &p));
	}
	o->run.attach = true;
	TRY(run_exec(&c, &p, &o->run, &status));
	return status;
}

/* `update -r`: the resources in a file, which count alone. */
static int cmd_update_file(struct resources_conf *r, const char *path)
{
	size_t len = 0;
	bool in = str_eq(path, "-");
	autoclose int fd = in ? dup(0) : openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = fd < 0 ? NULL : fd_read_all(fd, JSON_MAX_SIZE, &len);

	if (!text)
		return efail("resources file %s", path);
	*r = (struct resources_conf){ 0 };
	return dec_load(text, len, resources_fields, r, in ? "resources" : path);
}

static int cmd_update(struct options *o)
{
	struct container c;
	struct resources_conf *r = &o->limits;

	TRY(cmd_handle(&c, o, false));
	TRY(state_open_locked(&c, false));
	enum status st = state_status(&c);

	if (o->resources && *o->resources)
		TRY(cmd_update_file(r, o->resources));
	TRY(conf_check_resources(r));
	if (st == ST_STOPPED || st == ST_CREATING)
		return fail("container not running");
	if (!*c.cgroup)
		return fail("%s: the container has no cgroup", c.id);
	TRY(cg_open(&c));
	TRY(state_config(&c));
	/* The device policy stays, as in runc: others may have added to it. */
	r->memory.check_before_update |= c.conf->resources.memory.check_before_update;
	TRY(cg_update(&c, r));
	if (((!o->rdt.l3 && !o->rdt.mem_bw) || rdt_update(&c, &o->rdt) == 0) &&
	    sd_update(&c) == 0)
		return 0;
	cg_roll_back(&c);
	return -1;
}

/* -- events: what runc's `events` prints, from the files of cgroup v2 -------------------------- */

static uint64_t ev_number(int dir, const char *file)
{
	uint64_t v;

	return cg_number(dir, file, &v) ? v : 0;
}

/* "key number" lines as an object. */
static void ev_map(struct buf *b, const char *name, char *text)
{
	char *save = NULL;
	bool first = true;

	buf_fmt(b, ",\"%s\":{", name);
	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		buf_fmt(b, "%s\"%s\":%s", first ? "" : ",", str_word(l, 0), str_word(l, 1));
		first = false;
	}
	buf_fmt(b, "}");
}

/* Pressure: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0"; nothing where there is none. */
static void ev_pressure(struct buf *b, int dir, const char *file)
{
	char *text = file_read_at(dir, file, CG_TEXT), *save = NULL;
	bool first = true;

	if (!text || !*text)
		return;
	buf_fmt(b, ",\"psi\":{");
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		buf_fmt(b, "%s\"%s\":{", first ? "" : ",", str_word(l, 0));
		first = false;
		for (int i = 1; i <= 4; i++) {
			char *pair = str_word(l, i);
			size_t n = strcspn(pair, "=");

			if (!pair[n])
				break;
			buf_fmt(b, "%s\"%.*s\":%s", i > 1 ? "," : "", (int)n, pair, pair + n + 1);
		}
		buf_fmt(b, "}");
	}
	buf_fmt(b, "}");
}

static void ev_cpu(struct buf *b, int dir)
{
	char *text = file_read_at(dir, "cpu.stat", CG_TEXT);

	buf_fmt(b, "\"cpu\":{\"usage\":{\"total\":%" PRIu64 ",\"kernel\":%" PRIu64
		",\"user\":%" PRIu64 "},\"throttling\":{\"periods\":%" PRIu64
		",\"throttledPeriods\":%" PRIu64 ",\"throttledTime\":%" PRIu64 "}",
		cg_value_of(text, "usage_usec") * 1000, cg_value_of(text, "system_usec") * 1000,
		cg_value_of(text, "user_usec") * 1000, cg_value_of(text, "nr_periods"),
		cg_value_of(text, "nr_throttled"), cg_value_of(text, "throttled_usec") * 1000);
	ev_pressure(b, dir, "cpu.pressure");
	buf_fmt(b, "}");
}

/* A list like "0-2,4" as an array. */
static void ev_set(struct buf *b, const char *name, char *text)
{
	char *save = NULL;
	uint64_t from, to;
	bool first = true;

	buf_fmt(b, "\"%s\":[", name);
	for (char *p = strtok_r(text, ",\n", &save); p; p = strtok_r(NULL, ",\n", &save)) {
		char *dash = strchr(p, '-');

		if (dash)
			*dash = '\0';
		if (str_u64(p, 65535, &from) < 0 || str_u64(dash ? dash + 1 : p, 65535, &to) < 0)
			continue;
		for (; from <= to; from++, first = false)
			buf_fmt(b, "%s%" PRIu64, first ? "" : ",", from);
	}
	buf_fmt(b, "],");
}

static void ev_cpuset(struct buf *b, int dir)
{
	static const char *const v1[] = { "cpu_exclusive", "mem_hardwall", "mem_exclusive",
		"memory_migrate", "memory_spread_page", "memory_spread_slab", "memory_pressure",
		"sched_load_balance", "sched_relax_domain_level" };
	char *cpus = file_read_at(dir, "cpuset.cpus.effective", CG_TEXT);
	char *mems = file_read_at(dir, "cpuset.mems.effective", CG_TEXT);

	buf_fmt(b, ",\"cpuset\":{");
	if (cpus)
		ev_set(b, "cpus", cpus);
	if (mems)
		ev_set(b, "mems", mems);
	for (size_t i = 0; i < LEN(v1); i++)    /* clients expect them; v2 has none */
		buf_fmt(b, "%s\"%s\":0", i ? "," : "", v1[i]);
	buf_fmt(b, "}");
}

static void ev_memory_entry(struct buf *b, const char *name, uint64_t limit, uint64_t usage,
			    uint64_t max)
{
	buf_fmt(b, ",\"%s\":{\"limit\":%" PRIu64 ",\"usage\":%" PRIu64 ",\"max\":%" PRIu64
		",\"failcnt\":0}", name, limit, usage, max);
}

/* As on v1, and so in runc, "swap" is memory and swap together. */
static void ev_memory(struct buf *b, int dir)
{
	char *stat = file_read_at(dir, "memory.stat", 1 << 16);
	uint64_t limit = ev_number(dir, "memory.max"), usage = ev_number(dir, "memory.current");
	uint64_t swap = ev_number(dir, "memory.swap.max");

	buf_fmt(b, ",\"memory\":{\"cache\":%" PRIu64, cg_value_of(stat, "file"));
	ev_memory_entry(b, "usage", limit, usage, ev_number(dir, "memory.peak"));
	ev_memory_entry(b, "swap", limit > UINT64_MAX - swap ? UINT64_MAX : limit + swap,
			usage + ev_number(dir, "memory.swap.current"), 0);
	ev_memory_entry(b, "kernel", 0, cg_value_of(stat, "kernel"), 0);
	ev_memory_entry(b, "kernelTCP", 0, cg_value_of(stat, "sock"), 0);
	ev_map(b, "raw", stat);
	ev_pressure(b, dir, "memory.pressure");
	ev_map(b, "event_count", file_read_at(dir, "memory.events", CG_TEXT));
	buf_fmt(b, "}");
}

/* io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0" */
static void ev_io(struct buf *b, int dir)
{
	static const char *const tables[2][2] = { { "rbytes=", "wbytes=" }, { "rios=", "wios=" } };
	static const char *const names[] = { "ioServiceBytesRecursive", "ioServicedRecursive" };

	buf_fmt(b, ",\"blkio\":{");
	for (int t = 0; t < 2; t++) {
		char *text = file_read_at(dir, "io.stat", 1 << 16), *save = NULL;
		bool first = true;

		buf_fmt(b, "%s\"%s\":[", t ? "," : "", names[t]);
		for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
		     l = strtok_r(NULL, "\n", &save))
			for (int op = 0; op < 2; op++) {
				char *at = strstr(l, tables[t][op]), *colon = strchr(l, ':');

				if (!at || !colon)
					continue;
				at += strlen(tables[t][op]);
				buf_fmt(b, "%s{\"major\":%.*s,\"minor\":%.*s,\"op\":\"%s\","
					"\"value\":%.*s}", first ? "" : ",", (int)(colon - l), l,
					(int)strspn(colon + 1, "0123456789"), colon + 1,
					op ? "Write" : "Read", (int)strspn(at, "0123456789"), at);
				first = false;
			}
		buf_fmt(b, "]");
	}
	ev_pressure(b, dir, "io.pressure");
	buf_fmt(b, "}");
}

/* The page sizes are those that the kernel has a directory for: hugepages-2048kB. */
static void ev_hugetlb(struct buf *b, int dir)
{
	autoclose int fd = openat(AT_FDCWD, "/sys/kernel/mm/hugepages", O_RDONLY | O_CLOEXEC);
	struct strs sizes = { 0 };
	bool first = true;

	if (fd < 0 || dir_list(fd, &sizes) < 0)
		err_clear();
	buf_fmt(b, ",\"hugetlb\":{");
	for (size_t i = 0; i < sizes.n; i++) {
		const char *kb = strchr(sizes.v[i], '-');
		uint64_t n = 0, usage;

		if (!kb || str_u64(str_ndup(kb + 1, strspn(kb + 1, "0123456789")), 1 << 30, &n) < 0)
			continue;
		char *size = n >= 1 << 20 ? str_fmt("%" PRIu64 "GB", n >> 20) :
			     n >= 1 << 10 ? str_fmt("%" PRIu64 "MB", n >> 10) :
					    str_fmt("%" PRIu64 "KB", n);
		char *events = file_read_at(dir, str_fmt("hugetlb.%s.events", size), CG_TEXT);

		if (!cg_number(dir, str_fmt("hugetlb.%s.rsvd.current", size), &usage) &&
		    !cg_number(dir, str_fmt("hugetlb.%s.current", size), &usage))
			continue;
		buf_fmt(b, "%s\"%s\":{\"usage\":%" PRIu64 ",\"failcnt\":%" PRIu64 "}",
			first ? "" : ",", size, usage, cg_value_of(events, "max"));
		first = false;
	}
	buf_fmt(b, "}");
}

/* rdma.current and rdma.max: "mlx4_0 hca_handle=2 hca_object=max".  runc has no place for them; no
 * key where there is no device. */
static void ev_rdma(struct buf *b, int dir)
{
	static const char *const files[] = { "rdma.max", "rdma.current" };
	static const char *const names[] = { "rdma_limit", "rdma_current" };

	for (int f = 0; f < 2; f++) {
		char *text = file_read_at(dir, files[f], 1 << 16), *save = NULL;
		bool first = true;

		if (!text || !*text)
			return;
		buf_fmt(b, "%s\"%s\":[", f ? "," : ",\"rdma\":{", names[f]);
		for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
			buf_fmt(b, "%s{\"device\":\"%s\"", first ? "" : ",", str_word(l, 0));
			for (int i = 1; i <= 2; i++) {
				char *pair = str_word(l, i), *v = strchr(pair, '=');

				if (v)
					buf_fmt(b, ",\"%.*ss\":%s", (int)(v - pair), pair,
						str_eq(v + 1, "max") ? "4294967295" : v + 1);
			}
			buf_fmt(b, "}");
			first = false;
		}
		buf_fmt(b, "]%s", f ? "}" : "");
	}
}

/* One line with all statistics. */
static int ev_stats(struct container *c)
{
	struct buf b = { 0 };
	struct strs pids = { 0 };
	uint64_t now, limit;

	TRY(cg_open(c));
	int dir = c->cgroup_fd;

	if (!cg_number(dir, "pids.current", &now)) {    /* no controller: count */
		TRY(cg_pids(c, &pids));
		now = pids.n;
	}
	if (!cg_number(dir, "pids.max", &limit) || limit == UINT64_MAX)
		limit = 0;
	buf_fmt(&b, "{\"type\":\"stats\",\"id\":\"%s\",\"data\":{", c->id);
	ev_cpu(&b, dir);
	ev_cpuset(&b, dir);
	ev_memory(&b, dir);
	buf_fmt(&b, ",\"pids\":{\"current\":%" PRIu64 ",\"limit\":%" PRIu64 "}", now, limit);
	ev_io(&b, dir);
	ev_hugetlb(&b, dir);
	ev_rdma(&b, dir);
	buf_fmt(&b, ",\"intel_rdt\":{},\"network_interfaces\":null}}\n");
	return fd_write_all(1, b.p, b.len) < 0 ? efail("write to stdout") : 0;
}

/* Prints statistics at each interval and a line for each OOM kill, until init ends.  The kernel
 * marks memory.events with POLLPRI when it changes. */
static int ev_follow(struct container *c, int64_t interval)
{
	autoclose int oom = openat(c->cgroup_fd, "memory.events", O_RDONLY | O_CLOEXEC);
	struct pollfd fds[] = { { .fd = oom, .events = POLLPRI },
				{ .fd = c->pidfd, .events = POLLIN } };
	uint64_t kills = 0, now;
	struct timespec ts;
	char text[512] = "";
	int64_t next = 0, at;

	for (bool armed = false; ; armed = true) {
		ssize_t n = oom < 0 ? 0 : pread(oom, text, sizeof text - 1, 0);

		if (n > 0) {
			text[n] = '\0';
			now = cg_value_of(text, "oom_kill");
			if (armed && now != kills)
				fmt_fd(1, "{\"type\":\"oom\",\"id\":\"%s\"}\n", c->id);
			kills = now;
		}
		if (fds[1].revents)
			return 0;
		clock_gettime(CLOCK_MONOTONIC, &ts);
		at = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
		if (!armed) {
			next = at + interval;
		} else if (at >= next) {
			if (ev_stats(c) < 0)
				return err.no == ENOENT || err.no == ENODEV ? (err_clear(), 0) : -1;
			next += interval * ((at - next) / interval + 1);
		}
		int64_t ms = (next - at + 999999) / 1000000;

		poll(fds, LEN(fds), ms > INT_MAX ? INT_MAX : (int)ms);
	}
}

static int cmd_events(struct options *o)
{
	struct container c;
	int64_t interval = 5000000000;

	if (o->interval && opt_duration(o->interval, &interval) < 0)
		return fail("invalid value \"%s\" for flag -interval: not a time like 5s",
			    o->interval);
	TRY(cmd_open(&c, o));
	if (interval <= 0)
		return fail("duration interval must be greater than 0");
	enum status st = state_status(&c);

	if (st == ST_STOPPED || st == ST_CREATING)
		return fail("container with id %s is not running", c.id);
	int r = cg_open(&c);

	if (r == 0)
		r = o->all ? ev_stats(&c) : ev_follow(&c, interval);
	return r < 0 && run_ended(&c) ? fail("container with id %s is not running", c.id) : r;
}

/* -- list, ps, spec, features, help ------------------------------------------------------------ */

/* A table as Go's tabwriter lays it out: columns 12 wide at least, 3 blanks apart, the last one
 * as it is. */
static void out_table(struct buf *b, char **cells, size_t rows, size_t cols)
{
	for (size_t r = 0; r < rows; r++)
		for (size_t i = 0; i < cols; i++) {
			size_t width = 12;

			for (size_t k = 0; k < rows; k++)
				if (strlen(cells[k * cols + i]) + 3 > width)
					width = strlen(cells[k * cols + i]) + 3;
			buf_fmt(b, "%-*s%s", i + 1 < cols ? (int)width : 0, cells[r * cols + i],
				i + 1 < cols ? "" : "\n");
		}
}

/* No name service here: root by name, others as runc shows an unknown user. */
static char *list_owner(const struct container *c)
{
	return c->owner ? str_fmt("#%u", c->owner) : str_dup("root");
}

static void list_row(struct strs *cells, const struct container *c, enum status st)
{
	strs_add(cells, c->id);
	strs_add(cells, str_fmt("%" PRId64, st == ST_STOPPED ? 0 : c->pid));
	strs_add(cells, str_dup(status_names[st]));
	strs_add(cells, c->bundle ? c->bundle : str_dup(""));
	strs_add(cells, c->created ? c->created : str_dup("-"));
	strs_add(cells, list_owner(c));
}

static int cmd_list(struct options *o)
{
	static const char *const head[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
	struct container root = CONTAINER_NONE;
	struct strs ids = { 0 }, cells = { 0 };
	struct buf b = { 0 };
	bool json, first = true;

	TRY(cmd_check_format(o, &json));
	TRY(state_root(&root, cmd_root(o), false));
	TRY(state_ids(&root, &ids));
	root.proc_fd = proc_open();
	for (size_t i = 0; i < LEN(head); i++)
		strs_add(&cells, str_dup(head[i]));
	for (size_t i = 0; i < ids.n; i++) {
		struct container c = CONTAINER_NONE;

		c.root_fd = root.root_fd;
		c.proc_fd = root.proc_fd;
		c.id = ids.v[i];
		if (state_check_id(c.id) < 0 || state_open(&c) < 0) {
			if (!strstr(err.msg, "does not exist"))         /* deleted meanwhile */
				log_warn("%s", err.msg);
			err_clear();
			close_p(&c.dir_fd);
			continue;
		}
		if (!c.created) { /* being made at this moment, or killed while it was */
			close_p(&c.dir_fd);
			continue;
		}
		enum status st = o->quiet ? ST_STOPPED : run_status(&c);

		if (o->quiet)
			buf_fmt(&b, "%s\n", c.id);
		else if (json) {
			buf_fmt(&b, first ? "[" : ",");
			state_print(&c, st, &b, list_owner(&c));
		} else
			list_row(&cells, &c, st);
		first = false;
		close_p(&c.dir_fd);
		close_p(&c.pidfd);
		close_p(&c.cgroup_fd);
	}
	if (json && !o->quiet)
		buf_fmt(&b, first ? "null" : "]");
	else if (!o->quiet)
		out_table(&b, cells.v, cells.n / LEN(head), LEN(head));
	out_text(&b);
	return 0;
}

/* The host's ps with the user's arguments, filtered by its PID column. */
static int ps_host(char **argv, const struct strs *pids, struct buf *b)
{
	struct strs args = { 0 };
	int out[2], status = 0, column = -1;
	char *save = NULL;

	strs_add(&args, str_dup("ps"));
	for (; *argv; argv++)
		strs_add(&args, *argv);
	if (pipe2(out, O_CLOEXEC) < 0)
		return efail("pipe");
	pid_t pid = fork();

	if (pid == 0) {
		dup2(out[1], 1);
		execvp("ps", args.v);
		_exit(127);
	}
	close(out[1]);
	char *text = pid < 0 ? NULL : fd_read_all(out[0], 64 << 20, NULL);

	close(out[0]);
	if (!text || waitpid(pid, &status, 0) < 0)
		return efail("ps");
	if (status)
		return fail("ps: exit status %d", WEXITSTATUS(status));
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *copy = str_dup(l), *word_save = NULL;
		int n = 0;
		bool show = false, head = column < 0;

		for (char *w = strtok_r(copy, " \t", &word_save); w;
		     w = strtok_r(NULL, " \t", &word_save), n++) {
			if (head && str_eq(w, "PID"))
				column = n;
			if (!head && n == column)
				show = strs_has(pids, w);
		}
		if (column < 0)
			return fail("couldn't find PID field in ps output");
		if (head || show)
			buf_fmt(b, "%s\n", l);
	}
	return 0;
}

/* One line in the manner of `ps -ef`, read from /proc; nothing if the process is gone. */
static void ps_line(struct buf *b, int proc, const char *pid)
{
	char *stat = file_read_at(proc, str_fmt("%s/stat", pid), 4096);
	char *name = stat ? strchr(stat, '(') : NULL, *end = stat ? strrchr(stat, ')') : NULL;
	uint64_t utime, stime;
	struct stat st;

	/* fields 14 and 15 of proc_pid_stat(5); the first after the name is 3 */
	if (!end || str_u64(str_word(end + 1, 14 - 3), UINT64_MAX, &utime) < 0 ||
	    str_u64(str_word(end + 1, 15 - 3), UINT64_MAX, &stime) < 0 ||
	    fstatat(proc, pid, &st, 0) < 0)
		return;
	char *ppid = str_word(end + 1, 4 - 3);
	autoclose int fd = openat(proc, str_fmt("%s/cmdline", pid), O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	char *cmd = fd < 0 ? NULL : fd_read_all(fd, 1 << 20, &len);
	unsigned long secs = (unsigned long)((utime + stime) / (uint64_t)sysconf(_SC_CLK_TCK));

	for (size_t i = 0; i + 1 < len; i++)
		if (!cmd[i])
			cmd[i] = ' ';
	*end = '\0';
	buf_fmt(b, "%-8u %7s %7s  0 -     ?        %02lu:%02lu:%02lu %s\n", st.st_uid, pid, ppid,
		secs / 3600, secs / 60 % 60, secs % 60, len ? cmd : str_fmt("[%s]", name + 1));
}

static int cmd_ps(struct options *o)
{
	struct container c;
	struct strs pids = { 0 };
	struct buf b = { 0 };
	bool json;

	TRY(cmd_check_format(o, &json));
	TRY(cmd_open(&c, o));
	must(c.cgroup);                       /* "" where there is none */
	enum status st = state_status(&c);

	if (st == ST_STOPPED && !(*c.cgroup && cg_open(&c) == 0)) {
		err_clear();
	} else if (cg_pids(&c, &pids) < 0) {
		if (st != ST_STOPPED && st != ST_CREATING && !run_ended(&c))
			return -1;
		err_clear();            /* its cgroup came, or went, while we looked */
	}
	if (json) {
		buf_fmt(&b, "[");
		for (size_t i = 0; i < pids.n; i++)
			buf_fmt(&b, "%s%s", i ? "," : "", pids.v[i]);
		buf_fmt(&b, "]\n");
	} else if (o->n_args > 1) {
		TRY(ps_host(o->args + 1, &pids, &b));
	} else {
		buf_fmt(&b, "UID          PID    PPID  C STIME TTY          TIME CMD\n");
		for (size_t i = 0; i < pids.n; i++)
			ps_line(&b, c.proc_fd, pids.v[i]);
	}
	out_text(&b);
	return 0;
}

static int cmd_spec(struct options *o)
{
	const char *dir = o->run.bundle ? o->run.bundle : ".";
	struct buf b = { 0 };
	autoclose int at = openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return efail("bundle %s", dir);
	autoclose int fd = openat(at, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return errno == EEXIST ? fail("file config.json exists. Remove it first") :
		       efail("write config.json");
	conf_spec(&b, o->spec_rootless);
	return fd_write_all(fd, b.p, b.len) < 0 ? efail("write config.json") : 0;
}

static int cmd_init(struct options *o)
{
	return boot_run(o->run.bundle, o->then, cmd_root(o));
}

/* -- check ------------------------------------------------------------------------------------- */

static void chk_table(struct buf *b, const struct findings *f)
{
	static const char *const head[] = { "NAME", "HERE", "NEEDED", "KERNEL", "WITHOUT IT" };
	struct strs cells = { 0 };

	for (size_t i = 0; i < LEN(head); i++)
		strs_add(&cells, str_dup(head[i]));
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *one = &f->v[i];

		strs_add(&cells, str_dup(one->name));
		strs_add(&cells, str_dup(one->why ? "no" : "yes"));
		strs_add(&cells, str_dup(one->needed ? "yes" : "no"));
		strs_add(&cells, str_dup(*one->option ? one->option : "-"));
		strs_add(&cells, !one->why ? str_dup(one->without) : !*one->without ? one->why :
			 str_fmt("%s (%s)", one->without, one->why));
	}
	out_table(b, cells.v, cells.n / LEN(head), LEN(head));
}

static void chk_json(struct buf *b, const struct findings *f, bool runs)
{
	buf_fmt(b, "{\"runs\":%s,\"checks\":[", runs ? "true" : "false");
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *one = &f->v[i];

		buf_fmt(b, "%s\n{\"name\":", i ? "," : "");
		buf_quote(b, one->name);
		buf_fmt(b, ",\"available\":%s,\"needed\":%s,\"kernel\":\"%s\",\"without\":",
			one->why ? "false" : "true", one->needed ? "true" : "false", one->option);
		buf_quote(b, one->without);
		buf_fmt(b, ",\"reason\":");
		buf_quote(b, one->why ? one->why : "");
		buf_fmt(b, "}");
	}
	buf_fmt(b, "]}\n");
}

/* Exit status 1: something that is needed is not there. */
static int cmd_check(struct options *o)
{
	struct container c = CONTAINER_NONE;
	struct findings f = { 0 };
	struct buf b = { 0 };
	char *text = NULL;
	bool json, runs = true;
	size_t len = 0;

	TRY(cmd_check_format(o, &json));
	c.proc_fd = proc_open();
	if (c.proc_fd < 0)
		return -1;
	if (o->run.bundle) {
		TRY(run_load_config(&c, &o->run, &text, &len));
		TRY(chk_bundle(&f, &c));
	} else {
		chk_host(&f, c.proc_fd);
	}
	for (size_t i = 0; i < f.n; i++)
		runs = runs && !(f.v[i].needed && f.v[i].why);
	if (json) {
		chk_json(&b, &f, runs);
	} else {
		chk_table(&b, &f);
		buf_fmt(&b, "%s container %s run here.\n", o->run.bundle ? "This" : "A default",
			runs ? "can" : "cannot");
	}
	out_text(&b);
	return runs ? 0 : 1;
}

/* -- features ---------------------------------------------------------------------------------- */

static void feat_list(struct buf *b, const char *pad, const char *key, const struct strs *items)
{
	buf_fmt(b, "%s\"%s\": [", pad, key);
	for (size_t i = 0; i < items->n; i++)
		buf_fmt(b, "%s\n%s    \"%s\"", i ? "," : "", pad, items->v[i]);
	buf_fmt(b, "\n%s]", pad);
}

static void feat_names(struct buf *b, const char *pad, const char *key, const struct name *names)
{
	struct strs s = { 0 };

	for (; names->name; names++)
		strs_add(&s, str_dup(names->name));
	feat_list(b, pad, key, &s);
}

static void feat_seccomp(struct buf *b)
{
	struct strs flags = { 0 };

	buf_fmt(b, "        \"seccomp\": {\n            \"enabled\": true,\n");
	feat_names(b, "            ", "actions", action_names);
	buf_fmt(b, ",\n");
	feat_names(b, "            ", "operators", op_names);
	buf_fmt(b, ",\n");
	feat_names(b, "            ", "archs", arch_names);
	buf_fmt(b, ",\n");
	feat_names(b, "            ", "knownFlags", seccomp_flags);
	buf_fmt(b, ",\n");
	for (const struct name *f = seccomp_flags; f->name; f++)
		if (bpf_flag_works((uint32_t)f->value))
			strs_add(&flags, str_dup(f->name));
	feat_list(b, "            ", "supportedFlags", &flags);
	buf_fmt(b, "\n        },\n");
}

static int cmd_features(struct options *o)
{
	struct strs hooks = { 0 }, options = { 0 }, caps = { 0 };
	struct buf b = { 0 };
	const char *lib = bpf_library();

	(void)o;
	for (int i = 0; i < HOOK_PHASES; i++)
		strs_add(&hooks, str_dup(hook_names[i]));
	for (const struct mount_option *m = mount_options; m->name; m++)
		strs_add(&options, str_dup(m->name));
	for (const struct name *p = propagation_names; p->name; p++)
		strs_add(&options, str_dup(p->name));
	for (const struct name *n = mount_own; n->name; n++)
		strs_add(&options, str_dup(n->name));
	strs_sort(&options);
	for (size_t i = 0; i < LEN(cap_names); i++)
		strs_add(&caps, str_dup(cap_names[i]));
	buf_fmt(&b, "{\n    \"ociVersionMin\": \"1.0.0\",\n    \"ociVersionMax\": \"" SPEC_VERSION
		    "\",\n");
	feat_list(&b, "    ", "hooks", &hooks);
	buf_fmt(&b, ",\n");
	feat_list(&b, "    ", "mountOptions", &options);
	buf_fmt(&b, ",\n    \"linux\": {\n");
	feat_names(&b, "        ", "namespaces", ns_names);
	buf_fmt(&b, ",\n");
	feat_list(&b, "        ", "capabilities", &caps);
	buf_fmt(&b,
		",\n        \"cgroup\": {\n            \"v1\": false,\n            \"v2\": true,\n"
		"            \"systemd\": true,\n            \"systemdUser\": true,\n"
		"            \"rdma\": true\n        },\n");
	feat_seccomp(&b);
	buf_fmt(&b, "        \"memoryPolicy\": {\n");
	feat_names(&b, "            ", "modes", mempolicy_modes);
	buf_fmt(&b, ",\n");
	feat_names(&b, "            ", "flags", mempolicy_flags);
	buf_fmt(&b, "\n        },\n");
	buf_fmt(&b, "        \"apparmor\": {\n            \"enabled\": true\n        },\n"
		"        \"selinux\": {\n            \"enabled\": true\n        },\n"
		"        \"intelRdt\": {\n            \"enabled\": true,\n"
		"            \"schemata\": true,\n            \"monitoring\": true\n        },\n"
		"        \"mountExtensions\": {\n            \"idmap\": {\n"
		"                \"enabled\": true\n            }\n        },\n"
		"        \"netDevices\": {\n            \"enabled\": true\n        }\n    },\n"
		"    \"annotations\": {\n");
	if (lib)
		buf_fmt(&b, "        \"io.github.seccomp.libseccomp.version\": \"%s\",\n", lib);
	buf_fmt(&b, "        \"org.opencontainers.runc.checkpoint.enabled\": \"false\",\n"
		"        \"org.opencontainers.runc.commit\": \"" COMMIT "\",\n"
		"        \"org.opencontainers.runc.version\": \"" VERSION "\"\n    },\n"
		"    \"potentiallyUnsafeConfigAnnotations\": [\n        \"bundle\",\n"
		"        \"org.opencontainers.image.stopSignal\",\n"
		"        \"org.systemd.property.\",\n        \"org.criu.config\",\n"
		"        \"run.oci.\"\n    ]\n}\n");
	out_text(&b);
	return 0;
}

static int cmd_version(void)
{
	struct buf b = { 0 };
	const char *lib = bpf_library();

	buf_fmt(&b, "%s version " VERSION "\ncommit: " COMMIT "\nspec: " SPEC_VERSION "\n", prog);
	if (lib)
		buf_fmt(&b, "libseccomp: %s\n", lib);
	out_text(&b);
	return 0;
}

/* The commands are there for engines that ask for their options or help before they use them. */
static int cmd_criu(struct options *o)
{
	(void)o;
	return fail("checkpoint and restore are not supported by this program");
}

/* `help` needs the table below it, which holds its own row: main() answers it. */
static int cmd_help(struct options *o)
{
	(void)o;
	return 0;
}

#define ID "<container-id>"
static const struct command commands[] = {
	{ "check", "", "show what this kernel offers to containers, and what it lacks",
	  chk_options, cmd_check },
	{ "checkpoint", ID, "not supported: fails", criu_options, cmd_criu, 1, 1 },
	{ "create", ID, "create a container", create_options, cmd_create, 1, 1, .enters = true },
	{ "delete", ID, "delete what a container holds", delete_options, cmd_delete, 1, 1 },
	{ "events", ID, "show statistics and OOM kills of a container, as JSON", events_options,
	  cmd_events, 1, 1 },
	{ "exec", ID " <command> [args...]  |  --process FILE " ID, "run a process in a container",
	  exec_options, cmd_exec, 1, -1, .stop = true, .enters = true, .failure = 255 },
	{ "features", "", "show what this program supports, as JSON", help_only, cmd_features },
	{ "help", "[command]", "show help", help_only, cmd_help, 0, 1 },
	{ "init", "", "run the containers of a directory, also as PID 1 of a machine",
	  init_options, cmd_init, .enters = true },
	{ "kill", ID " [signal]", "send a signal to a container (default TERM)", kill_options,
	  cmd_kill, 1, 2 },
	{ "list", "", "list the containers of this state directory", list_options, cmd_list },
	{ "pause", ID, "stop all processes of a container for now", help_only, cmd_pause, 1, 1 },
	{ "ps", ID " [ps options]", "show the processes of a container", ps_options, cmd_ps,
	  1, -1, .stop = true },
	{ "restore", ID, "not supported: fails", criu_options, cmd_criu, 1, 1 },
	{ "resume", ID, "let a paused container go on", help_only, cmd_resume, 1, 1 },
	{ "run", ID, "create and start a container", run_options, cmd_runs, 1, 1, .enters = true },
	{ "spec", "", "write a config.json to start from", spec_options, cmd_spec },
	{ "start", ID, "start the process of a created container", help_only, cmd_start, 1, 1 },
	{ "state", ID, "show the state of a container, as JSON", help_only, cmd_state, 1, 1 },
	{ "update", ID, "change the limits of a container", update_options, cmd_update, 1, 1 },
	{ 0 }
};
#undef ID

static const struct command *cmd_find(const char *name)
{
	const struct command *c = commands;

	while (c->name && strcmp(c->name, name) != 0)
		c++;
	return c->name ? c : NULL;
}

/* Help for one command, or for the program. */
static void cmd_print_help(const struct command *c)
{
	struct buf b = { 0 };

	if (c) {
		buf_fmt(&b, "NAME:\n   %s %s - %s\n\nUSAGE:\n   %s %s [command options] %s\n", prog,
			c->name, c->help, prog, c->name, c->operands);
		opt_help(&b, c->options);
	} else {
		buf_fmt(&b,
			"NAME:\n   %s - run containers as the Open Container Initiative "
			"specifies\n\nUSAGE:\n   %s [global options] command "
			"[command options] [arguments...]\n\n"
			"VERSION:\n   " VERSION "\n\nCOMMANDS:\n",
			prog, prog);
		for (c = commands; c->name; c++)
			buf_fmt(&b, "   %-10s  %s\n", c->name, c->help);
		opt_help(&b, global_options);
	}
	out_text(&b);
}

static int cmd_usage(const struct command *c)
{
	fmt_fd(1, "Incorrect Usage: %s\n\n", err.msg);
	cmd_print_help(c);
	return -1;
}

/* Parses a command's own arguments and runs it.  Returns the exit status, or -1. */
static int cmd_run(const struct command *c, char **argv, char **all, struct options *o)
{
	if (opt_parse(c->options, argv, c->stop, o) < 0)
		return cmd_usage(c);
	if (o->help) {
		cmd_print_help(c);
		return 0;
	}
	if (c->min == c->max && o->n_args != (size_t)c->min) {
		fail("\"%s\" requires exactly %d argument(s)", c->name, c->min);
		return cmd_usage(c);
	}
	if (o->n_args < (size_t)c->min) {
		fail("\"%s\" requires a minimum of %d argument(s)", c->name, c->min);
		return cmd_usage(c);
	}
	if (c->max >= 0 && o->n_args > (size_t)c->max) {
		fail("\"%s\" requires a maximum of %d argument(s)", c->name, c->max);
		return cmd_usage(c);
	}
	exit_failure = c->failure ? c->failure : 1;
	if (c->run == cmd_init)
		boot_early();
	if (c->enters)
		TRY(run_protect(all));
	return c->run(o);
}

/* ==== end CMD ========================================================== } */

/* ==== ROOM 20: MAIN ==================================================== {
 * Finds the command, prints the error record, chooses the exit status.                         */

static int main_globals(struct options *o)
{
	if (o->log_format && !str_eq(o->log_format, "text") && !str_eq(o->log_format, "json"))
		return fail("invalid log-format: %s", o->log_format);
	logger.json = str_eq(o->log_format, "json");
	logger.debug = o->debug || str_eq(o->log_level, "debug");
	if (o->log && *o->log)
		TRY(log_open(o->log));
	if (str_eq(o->root, "/"))
		return fail("--root: the root directory cannot hold the state");
	if (o->rootless && !str_eq(o->rootless, "auto")) {
		bool unused;

		TRY(opt_bool(o->rootless, "rootless", &unused));
		o->rootless = unused ? "true" : "false";
	}
	if (o->run.cgroup_manager && !str_eq(o->run.cgroup_manager, "cgroupfs") &&
	    !str_eq(o->run.cgroup_manager, "systemd") && !str_eq(o->run.cgroup_manager, "disabled"))
		return fail("--cgroup-manager: unknown manager \"%s\"", o->run.cgroup_manager);
	return 0;
}

/* PID 1, called init; or the machine's PID 1 without a command. */
static bool main_is_init(char **argv)
{
	if (getpid() != 1 || !argv[0])
		return false;
	return str_eq(prog, "init") || str_eq(prog, "linuxrc") ||
	       ((!argv[1] || (argv[1][0] != '-' && !cmd_find(argv[1]))) && boot_is_first());
}

static int main_command(int argc, char **argv)
{
	struct options o = { .args = arena_alloc((size_t)argc * sizeof *o.args) };
	char *as_init[] = { argc > 0 ? argv[0] : NULL, str_dup("init"), NULL };

	/* The kernel's PID 1: what it passes are words of its command line that nobody knows. */
	if (main_is_init(argv))
		argv = as_init;
	int at = opt_parse(global_options, argv + 1, true, &o);

	if (at < 0)
		return cmd_usage(NULL);
	char **rest = argv + 1 + at;

	TRY(main_globals(&o));
	if (o.version)
		return cmd_version();
	bool help = *rest && (str_eq(*rest, "help") || str_eq(*rest, "h"));
	const char *name = help ? rest[1] : *rest;
	const struct command *c = name ? cmd_find(name) : NULL;

	if (name && !c)
		return fail("no such command: %s (see %s help)", name, prog);
	if (!name || o.help || help) {
		cmd_print_help(help ? c : NULL);
		return 0;
	}
	return cmd_run(c, rest + 1, argv, &o);
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

	boot_console();
	/* A closed 0, 1 or 2 would be taken by a file of ours, for the container to inherit. */
	for (int fd = 0; fd < 3; fd++) {
		int null = fcntl(fd, F_GETFD) < 0 && errno == EBADF ?
			   openat(AT_FDCWD, "/dev/null", O_RDWR) : fd;

		if (null != fd)                 /* nobody can be told */
			return 1;
	}
	signal(SIGCHLD, SIG_DFL);       /* ignored by the caller, exit statuses would be lost */
	if (argc > 0)
		prog = slash ? slash + 1 : argv[0];
	int status = main_command(argc, argv);

	if (status >= 0)
		return status;
	log_error();
	return exit_failure;
}

/* ==== end MAIN ========================================================= } */
