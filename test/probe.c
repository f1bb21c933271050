/* probe.c - one static binary that is both the root file system of the test containers
 * and the tool box of the tests on the host.
 *
 *    in a container   "args": ["/probe", "caps"]     looks at one thing and prints it
 *    on the host      $PROBE json get pid <state     what a bare box has no tool for
 *
 * Output goes to stdout, one fact per line, made for grep.  A system call that fails prints
 * "ERRNO EPERM what" on stdout and the verb ends with 1 (2: wrong usage).  A symbolic link
 * named like a verb runs that verb.  "probe help" lists the verbs; to add one, write a
 * function and a row in verbs[].  Needs no kernel headers: what musl lacks is defined here. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

struct sock_filter { uint16_t code; uint8_t jt, jf; uint32_t k; };	/* linux/filter.h */
struct sock_fprog { unsigned short len; struct sock_filter *filter; };

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* ---- words ------------------------------------------------------------------------ */

struct word { const char *name; long value; };

#define W(n) { #n, n }
static const struct word errnos[] = {
	W(EPERM), W(ENOENT), W(ESRCH), W(EINTR), W(EIO), W(ENXIO), W(E2BIG), W(ENOEXEC), W(EBADF),
	W(ECHILD), W(EAGAIN), W(ENOMEM), W(EACCES), W(EFAULT), W(ENOTBLK), W(EBUSY), W(EEXIST),
	W(EXDEV), W(ENODEV), W(ENOTDIR), W(EISDIR), W(EINVAL), W(ENFILE), W(EMFILE), W(ENOTTY),
	W(ETXTBSY), W(EFBIG), W(ENOSPC), W(ESPIPE), W(EROFS), W(EMLINK), W(EPIPE), W(EDOM), W(ERANGE),
	W(EDEADLK), W(ENAMETOOLONG), W(ENOLCK), W(ENOSYS), W(ENOTEMPTY), W(ELOOP), W(ENOMSG), W(ENODATA),
	W(ETIME), W(ENOLINK), W(EPROTO), W(EBADMSG), W(EOVERFLOW), W(EILSEQ), W(EUSERS), W(ENOTSOCK),
	W(EMSGSIZE), W(EPROTONOSUPPORT), W(EOPNOTSUPP), W(EAFNOSUPPORT), W(EADDRINUSE),
	W(EADDRNOTAVAIL), W(ENETDOWN), W(ENETUNREACH), W(ECONNABORTED), W(ECONNRESET), W(ENOBUFS),
	W(ENOTCONN), W(ETIMEDOUT), W(ECONNREFUSED), W(EHOSTUNREACH), W(EALREADY), W(ESTALE),
	W(EDQUOT), W(ECANCELED), W(ENOKEY), W(EKEYEXPIRED), W(EKEYREVOKED),
};
static const struct word signals[] = {
	W(SIGHUP), W(SIGINT), W(SIGQUIT), W(SIGILL), W(SIGTRAP), W(SIGABRT), W(SIGBUS), W(SIGFPE), W(SIGKILL),
	W(SIGUSR1), W(SIGSEGV), W(SIGUSR2), W(SIGPIPE), W(SIGALRM), W(SIGTERM),
#ifdef SIGSTKFLT
	W(SIGSTKFLT),
#endif
	W(SIGCHLD), W(SIGCONT), W(SIGSTOP), W(SIGTSTP), W(SIGTTIN), W(SIGTTOU), W(SIGURG), W(SIGXCPU),
	W(SIGXFSZ), W(SIGVTALRM), W(SIGPROF), W(SIGWINCH), W(SIGIO), W(SIGPWR), W(SIGSYS),
};
#undef W
static const struct word rlimit_names[] = {
#define W(n) { "RLIMIT_" #n, RLIMIT_##n }
	W(AS), W(CORE), W(CPU), W(DATA), W(FSIZE), W(LOCKS), W(MEMLOCK), W(MSGQUEUE), W(NICE), W(NOFILE),
	W(NPROC), W(RSS), W(RTPRIO), W(RTTIME), W(SIGPENDING), W(STACK),
#undef W
};
#ifndef SYS_settimeofday			/* musl's name where time_t has grown */
#define SYS_settimeofday SYS_settimeofday_time32
#endif
#if defined _ABI64 && _MIPS_SIM == _ABI64	/* the newer calls have one number, but for the base */
#define NEW(n) (5000 + (n))
#elif defined _ABIO32 && _MIPS_SIM == _ABIO32
#define NEW(n) (4000 + (n))
#else
#define NEW(n) (n)
#endif
static const struct word syscalls[] = {		/* names for the verb "syscall" */
#define W(n) { #n, SYS_##n }
	W(getpid), W(getppid), W(getuid), W(gettid), W(getcwd), W(uname), W(read), W(write), W(close), W(openat),
	W(mkdirat), W(unlinkat), W(mount), W(umount2), W(pivot_root), W(socketpair), W(flock), W(set_mempolicy), W(ioprio_set), W(chroot), W(unshare), W(setns),
	W(ptrace), W(personality), W(sethostname), W(setdomainname), W(settimeofday), W(reboot),
	W(keyctl), W(add_key), W(bpf), W(seccomp), W(userfaultfd), W(perf_event_open), W(socket), W(kill),
	W(tgkill), W(exit_group), W(prctl), W(getpriority), W(setpriority), W(sched_yield), W(swapon), W(syslog),
	W(init_module), W(delete_module), W(setgroups), W(capset), W(fchmodat), W(fchownat), W(ioctl),
	W(dup3), W(lseek), W(getrandom), W(membarrier), W(times), W(sync), W(getpgid), W(getsid), W(clone3),
	{ "open_tree", NEW(428) }, { "move_mount", NEW(429) }, { "fsopen", NEW(430) }, { "pidfd_open", NEW(434) },
	{ "close_range", NEW(436) }, { "openat2", NEW(437) }, { "faccessat2", NEW(439) }, { "mount_setattr", NEW(442) },
	{ "fsconfig", NEW(431) }, { "fsmount", NEW(432) }, { "fspick", NEW(433) }, { "pidfd_send_signal", NEW(424) }, { "io_uring_setup", NEW(425) }, { "landlock_create_ruleset", NEW(444) }, { "cachestat", NEW(451) },
#undef W
};
static const char *const caps[] = {
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
	"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK",
	"IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
	"SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
	"AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND",
	"AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
};
static const char *const ns_names[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };

static const char *word_name(const struct word *w, size_t n, long value)
{
	static char num[24];
	for (size_t i = 0; i < n; i++)
		if (w[i].value == value) return w[i].name;
	snprintf(num, sizeof num, "%ld", value);
	return num;
}

static long word_value(const struct word *w, size_t n, const char *prefix, const char *name)
{
	char *end;
	long v = strtol(name, &end, 0);
	if (end != name && !*end) return v;
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(w[i].name, name) ||
		    (!strncmp(w[i].name, prefix, strlen(prefix)) && !strcasecmp(w[i].name + strlen(prefix), name)))
			return w[i].value;
	return -1;
}

static int signo(const char *s)		{ return word_value(signals, LEN(signals), "SIG", s); }
static const char *signame(int n)	{ return word_name(signals, LEN(signals), n); }

/* ---- small helpers ----------------------------------------------------------------- */

/* The one way a verb fails: "ERRNO EPERM open /x", exit status 1. */
static int bad(const char *fmt, ...)
{
	int e = errno;
	va_list ap;
	va_start(ap, fmt);
	printf("ERRNO %s ", word_name(errnos, LEN(errnos), e));
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	return 1;
}

/* The tool itself cannot go on: a message on stderr, exit status 125. */
static _Noreturn void die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "probe: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(ap);
	exit(125);
}

static void *must(void *p)
{
	if (!p) die("memory");
	return p;
}

static int result(int r, const char *what, const char *arg)
{
	if (r < 0) return bad("%s %s", what, arg);
	puts("ok");
	return 0;
}

/* The whole file as one NUL-terminated string, or NULL. */
static char *slurp_fd(int fd, size_t *len)
{
	size_t n = 0, cap = 16384;
	char *b = must(malloc(cap + 1));
	ssize_t r;
	while ((r = read(fd, b + n, cap - n)) > 0)
		if ((n += r) == cap) b = must(realloc(b, (cap *= 2) + 1));
	if (r < 0) { free(b); return NULL; }
	b[n] = 0;
	if (len) *len = n;
	return b;
}

static char *slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *b = fd < 0 ? NULL : slurp_fd(fd, len);
	int e = errno;
	if (fd >= 0) close(fd);
	errno = e;
	return b;
}

static int write_all(int fd, const char *b, size_t n)
{
	while (n) {
		ssize_t w = write(fd, b, n);
		if (w < 0 && errno == EINTR) continue;
		if (w < 0) return -1;
		b += w, n -= w;
	}
	return 0;
}

/* A field like "CapEff:" of /proc/PID/status; the value without the leading blanks. */
static char *status_field(const char *pid, const char *key, char *buf, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%s/status", pid);
	char *s = slurp(path, NULL), *p = s;
	*buf = 0;
	while (p && strncmp(p, key, strlen(key)))
		p = (p = strchr(p, '\n')) ? p + 1 : NULL;
	if (p) {
		p += strlen(key) + strspn(p + strlen(key), " \t");
		snprintf(buf, size, "%.*s", (int)strcspn(p, "\n"), p);
	}
	free(s);
	return buf;
}

static void ms_sleep(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&t, &t) < 0 && errno == EINTR) ;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int exit_code(int st)
{
	return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
}

static int cmp_str(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static _Noreturn void run(char **argv)
{
	execvp(argv[0], argv);
	fprintf(stderr, "probe: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* ---- who am I ---------------------------------------------------------------------- */

static int v_id(int argc, char **argv)
{
	gid_t g[256];
	uid_t r, e, s;
	mode_t m = umask(0);
	int n = getgroups(LEN(g), g);
	(void)argc, (void)argv;
	getresuid(&r, &e, &s);
	printf("uid=%d gid=%d groups=", (int)r, (int)getgid());
	for (int i = 0; i < n; i++) printf("%s%d", i ? "," : "", (int)g[i]);
	printf("%s umask=%04o", n > 0 ? "" : "-", m);
	if (r != e || e != s) printf(" euid=%d suid=%d", (int)e, (int)s);
	putchar('\n');
	return 0;
}

static const struct word cap_sets[] = {
	{ "bounding", (long)"CapBnd:" }, { "effective", (long)"CapEff:" }, { "inheritable", (long)"CapInh:" },
	{ "permitted", (long)"CapPrm:" }, { "ambient", (long)"CapAmb:" },
};

static int v_caphex(int argc, char **argv)
{
	char b[64];
	for (size_t i = 0; i < LEN(cap_sets); i++)
		printf("%s %s\n", cap_sets[i].name, status_field(argc > 1 ? argv[1] : "self", (char *)cap_sets[i].value, b, sizeof b));
	return 0;
}

static int v_caps(int argc, char **argv)
{
	char b[64];
	for (size_t i = 0; i < LEN(cap_sets); i++) {
		const char *have[64];
		size_t n = 0;
		unsigned long long m = strtoull(status_field(argc > 1 ? argv[1] : "self", (char *)cap_sets[i].value, b, sizeof b), NULL, 16);
		for (size_t c = 0; c < 64; c++)
			if (m >> c & 1) have[n++] = c < LEN(caps) ? caps[c] : "unknown";
		qsort(have, n, sizeof *have, cmp_str);
		fputs(cap_sets[i].name, stdout);
		for (size_t c = 0; c < n; c++) printf(" CAP_%s", have[c]);
		puts(n ? "" : " none");
	}
	return 0;
}

static int v_field(int argc, char **argv)	/* argv[0] is the verb: one line of /proc/self/status or a file */
{
	char b[256];
	const char *pid = argc > 1 ? argv[1] : "self";
	puts(status_field(pid, !strcmp(argv[0], "nnp") ? "NoNewPrivs:" : "Seccomp:", b, sizeof b));
	return 0;
}

static int v_pid(int argc, char **argv)
{
	char link[64] = "-", ns[64];
	ssize_t n = readlink("/proc/self", link, sizeof link - 1);
	(void)argc, (void)argv;
	if (n > 0) link[n] = 0;
	printf("pid=%d ppid=%d pgid=%d sid=%d proc=%s nspid=%s\n", (int)getpid(), (int)getppid(), (int)getpgrp(),
		(int)getsid(0), link, status_field("self", "NSpid:", ns, sizeof ns));
	return 0;
}

static int v_fds(int argc, char **argv)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	int last = -1;
	(void)argc, (void)argv;
	if (!d) return bad("open /proc/self/fd");
	/* numeric order, since readdir promises none */
	for (;;) {
		int next = INT_MAX;
		rewinddir(d);
		while ((e = readdir(d)))
			if (isdigit((unsigned char)e->d_name[0])) {
				int n = atoi(e->d_name);
				if (n > last && n < next && n != dirfd(d)) next = n;
			}
		if (next == INT_MAX) break;
		char p[64], t[PATH_MAX];
		snprintf(p, sizeof p, "/proc/self/fd/%d", next);
		ssize_t n = readlink(p, t, sizeof t - 1);
		t[n < 0 ? 0 : n] = 0;
		printf("%d %s\n", next, t);
		last = next;
	}
	return 0;
}

static int v_nofiles(int argc, char **argv)	/* how many descriptors can be opened in all */
{
	int n = 0;
	(void)argc, (void)argv;
	while (open("/", O_PATH) >= 0) n++;
	printf("%d %s\n", n, word_name(errnos, LEN(errnos), errno));
	return 0;
}

static int v_listen(int argc, char **argv)
{
	const char *n = getenv("LISTEN_FDS"), *p = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");
	printf("LISTEN_FDS=%s LISTEN_PID=%s LISTEN_FDNAMES=%s pid=%d\n", n ? n : "-", p ? p : "-", names ? names : "-", (int)getpid());
	return v_fds(argc, argv);
}

static int v_env(int argc, char **argv)
{
	if (argc > 1) {
		const char *v = getenv(argv[1]);
		if (v) puts(v);
		return !v;
	}
	for (char **e = environ; *e; e++) puts(*e);
	return 0;
}

static int v_args(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) printf("[%s]\n", argv[i]);
	return 0;
}

static int v_cwd(int argc, char **argv)		/* the raw call: musl's getcwd hides "(unreachable)" */
{
	char b[PATH_MAX];
	(void)argc, (void)argv;
	if (syscall(SYS_getcwd, b, sizeof b) < 0) return bad("getcwd");
	puts(b);
	return 0;
}

static int v_rlimits(int argc, char **argv)
{
	for (size_t i = 0; i < LEN(rlimit_names); i++) {
		struct rlimit r;
		if (argc > 1 && strcmp(argv[1], rlimit_names[i].name)) continue;
		getrlimit(rlimit_names[i].value, &r);
		fputs(rlimit_names[i].name, stdout);
		rlim_t v[] = { r.rlim_cur, r.rlim_max };
		for (int k = 0; k < 2; k++)
			v[k] == RLIM_INFINITY ? printf(" unlimited") : printf(" %llu", (unsigned long long)v[k]);
		putchar('\n');
	}
	return 0;
}

static int v_ns(int argc, char **argv)
{
	int rc = argc > 1;
	for (size_t i = 0; i < LEN(ns_names); i++) {
		char p[64], t[64];
		snprintf(p, sizeof p, "/proc/%s/ns/%s", argc > 2 ? argv[2] : "self", ns_names[i]);
		ssize_t n = readlink(p, t, sizeof t - 1);
		if (n < 0) continue;
		t[n] = 0;
		if (argc < 2 || !strcmp(argv[1], "all")) printf("%s %s\n", ns_names[i], t), rc = 0;
		else if (!strcmp(argv[1], ns_names[i])) puts(t), rc = 0;
	}
	return rc;
}

static int v_uts(int argc, char **argv)
{
	struct utsname u;
	(void)argc;
	uname(&u);
	puts(*argv[0] == 'h' ? u.nodename : *argv[0] == 'd' ? u.domainname : u.machine);
	return 0;
}

static int v_personality(int argc, char **argv)
{
	(void)argc, (void)argv;
	printf("%08x\n", (unsigned)personality(0xffffffff));
	return 0;
}

static int v_oomadj(int argc, char **argv)
{
	char *s = slurp("/proc/self/oom_score_adj", NULL);
	(void)argc, (void)argv;
	if (!s) return bad("open oom_score_adj");
	fputs(s, stdout);
	return 0;
}

static int v_bpf_programs(int argc, char **argv)
{
	struct { uint32_t id, next, flags, pad[29]; } a = { 0 };	/* bpf(2): the command for "get next id" is 11 */
	int n = 0;
	(void)argc, (void)argv;
	for (; syscall(SYS_bpf, 11, &a, sizeof a) == 0; n++) a.id = a.next;
	if (errno != ENOENT) return bad("bpf");
	printf("%d\n", n);
	return 0;
}

static int v_bpf_devices(int argc, char **argv)	/* bpf-devices CGROUP: "return 1", loaded and attached */
{
	static const struct { uint8_t code, regs; int16_t off; int32_t imm; } allow[] = { { 0xb7, 0, 0, 1 }, { 0x95, 0, 0, 0 } };
	struct { uint32_t type, n; uint64_t insns, license, log[3], name[3]; } load = { 15, LEN(allow), (uintptr_t)allow, (uintptr_t)"GPL", { 0 }, { 0 } };
	struct { uint32_t cgroup, prog, type, flags; } attach = { 0, 0, 6, 0 };
	int cgroup = open(argv[1], O_RDONLY | O_DIRECTORY), prog = (int)syscall(SYS_bpf, 5, &load, sizeof load);
	(void)argc;
	if (cgroup < 0 || prog < 0) return bad("bpf");
	attach.cgroup = (uint32_t)cgroup;
	attach.prog = (uint32_t)prog;
	return syscall(SYS_bpf, 8, &attach, sizeof attach) < 0 ? bad("bpf attach") : 0;
}

static int v_sched(int argc, char **argv)
{
	struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t prio; uint64_t runtime, deadline, period; } a = { .size = 48 };
	static const char *const policy[] = { "other", "fifo", "rr", "batch", "iso", "idle", "deadline" };
	if (syscall(SYS_sched_getattr, argc > 1 ? atoi(argv[1]) : 0, &a, sizeof a, 0) < 0) return bad("sched_getattr");
	printf("policy=%s nice=%d priority=%u flags=%llu runtime=%llu deadline=%llu period=%llu\n",
		a.policy < LEN(policy) ? policy[a.policy] : "?", a.nice, a.prio, (unsigned long long)a.flags,
		(unsigned long long)a.runtime, (unsigned long long)a.deadline, (unsigned long long)a.period);
	return 0;
}

static int v_rt(int argc, char **argv)	/* rt fifo|deadline: may this process have it? */
{
	struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t prio; uint64_t runtime, deadline, period; } a = { .size = 48 };
	(void)argc;
	if (!strcmp(argv[1], "fifo")) a.policy = 1, a.prio = 1;
	else a.policy = 6, a.runtime = 1000000, a.deadline = a.period = 30000000;
	return syscall(SYS_sched_setattr, 0, &a, 0) < 0 ? bad("sched_setattr") : 0;
}

static int v_ioprio(int argc, char **argv)
{
	static const char *const class[] = { "none", "rt", "be", "idle" };
	long v = syscall(SYS_ioprio_get, 1, 0);
	(void)argc, (void)argv;
	if (v < 0) return bad("ioprio_get");
	printf("class=%s level=%ld\n", class[v >> 13 & 3], v & 0x1fff);
	return 0;
}

static int v_affinity(int argc, char **argv)
{
	cpu_set_t s;
	const char *sep = "";
	if (sched_getaffinity(argc > 1 ? atoi(argv[1]) : 0, sizeof s, &s) < 0) return bad("sched_getaffinity");
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &s)) printf("%s%d", sep, i), sep = ",";
	putchar('\n');
	return 0;
}

static int v_mempolicy(int argc, char **argv)
{
	static const char *const mode[] = { "default", "preferred", "bind", "interleave", "local", "preferred_many", "weighted_interleave" };
	int m = 0;
	unsigned long nodes[64] = { 0 };
	(void)argc, (void)argv;
	if (syscall(SYS_get_mempolicy, &m, nodes, sizeof nodes * 8, NULL, 0) < 0) return bad("get_mempolicy");
	printf("mode=%s flags=%#x nodes=%#lx\n", (unsigned)(m & 0xff) < LEN(mode) ? mode[m & 0xff] : "?", m & ~0xff, nodes[0]);
	return 0;
}

static int v_keyring(int argc, char **argv)	/* "keyring;0;0;3f130000;_ses.ID" */
{
	char b[512];
	long n = syscall(SYS_keyctl, 6 /* KEYCTL_DESCRIBE */, -3 /* session */, b, sizeof b - 1, 0);
	(void)argc, (void)argv;
	if (n < 0) return puts("none"), 1;
	puts(b);
	return 0;
}

static int v_exe(int argc, char **argv)
{
	char p[64], b[PATH_MAX];
	snprintf(p, sizeof p, "/proc/%s/exe", argc > 1 ? argv[1] : "self");
	ssize_t n = readlink(p, b, sizeof b - 1);
	if (n < 0) return bad("readlink %s", p);
	b[n] = 0;
	puts(b);
	return 0;
}

static int v_label(int argc, char **argv)	/* LSM label of the process */
{
	char *s = slurp(argc > 1 ? argv[1] : "/proc/self/attr/current", NULL);
	if (!s) return bad("read attr/current");
	puts(s);
	return 0;
}

/* ---- files and mounts --------------------------------------------------------------- */

/* mountinfo escapes blank, tab, newline and backslash in octal. */
static void unescape_octal(char *s)
{
	char *o = s;
	for (; *s; s++)
		if (*s == '\\' && isdigit((unsigned char)s[1]) && s[2] && s[3]) {
			*o++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
			s += 3;
		} else {
			*o++ = *s;
		}
	*o = 0;
}

static int v_mounts(int argc, char **argv)
{
	const char *want = !strcmp(argv[0], "mount") ? argv[1] : NULL;
	char path[64], *s, *line, *save = NULL, last[8192] = "";
	snprintf(path, sizeof path, "/proc/%s/mountinfo", argc > 1 + !!want ? argv[1 + !!want] : "self");
	if (!(s = slurp(path, NULL))) return bad("open %s", path);
	for (line = strtok_r(s, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *f[32], *fs = NULL, prop[64] = "", out[8192];
		int n = 0, tail = 0;
		for (char *p = strtok_r(line, " ", &fs); p && n < 32; p = strtok_r(NULL, " ", &fs)) {
			if (!tail && !strcmp(p, "-")) tail = n;
			f[n++] = p;
		}
		if (!tail || n < tail + 4) continue;
		for (int i = 6; i < tail; i++)		/* "shared:12" without its number */
			snprintf(prop + strlen(prop), sizeof prop - strlen(prop), "%s%.*s", *prop ? "," : "", (int)strcspn(f[i], ":"), f[i]);
		unescape_octal(f[4]);
		if (want && strcmp(f[4], want)) continue;
		snprintf(out, sizeof out, "%s %s %s %s %s %s %s", f[4], f[tail + 1], f[5], *prop ? prop : "private", f[tail + 2], f[tail + 3], f[3]);
		if (want) memcpy(last, out, sizeof last);	/* the topmost one is the one that counts */
		else puts(out);
	}
	if (!want) return 0;
	if (*last) puts(last);
	return !*last;
}

static int v_cat(int argc, char **argv)
{
	int rc = 0;
	for (int i = 1; i < argc; i++) {
		size_t n;
		char *s = slurp(argv[i], &n);
		if (!s) { rc = bad("read %s", argv[i]); continue; }
		fwrite(s, 1, n, stdout);
	}
	if (argc == 1) {
		char b[4096];
		ssize_t r;
		while ((r = read(0, b, sizeof b)) > 0) if (write_all(1, b, r) < 0) return 1;
	}
	return rc;
}

static int v_sysctl(int argc, char **argv)
{
	char p[512];
	(void)argc;
	snprintf(p, sizeof p, "/proc/sys/%s", argv[1]);
	for (char *c = p; *c; c++) if (*c == '.') *c = '/';
	return v_cat(2, (char *[]){ "cat", p, NULL });
}

static int v_ls(int argc, char **argv)
{
	struct dirent **e;
	int n = scandir(argc > 1 ? argv[1] : ".", &e, NULL, alphasort);
	if (n < 0) return bad("open %s", argc > 1 ? argv[1] : ".");
	for (int i = 0; i < n; i++)
		if (strcmp(e[i]->d_name, ".") && strcmp(e[i]->d_name, "..")) puts(e[i]->d_name);
	return 0;
}

static int v_stat(int argc, char **argv)
{
	int rc = 0;
	for (int i = 1; i < argc; i++) {
		struct stat st;
		char t[PATH_MAX];
		if (lstat(argv[i], &st) < 0) { rc = bad("stat %s", argv[i]); continue; }
		mode_t f = st.st_mode & S_IFMT;
		const char *type = f == S_IFREG ? "file" : f == S_IFDIR ? "dir" : f == S_IFLNK ? "link" : f == S_IFCHR ? "char" :
			f == S_IFBLK ? "block" : f == S_IFIFO ? "fifo" : "socket";
		printf("%s %04o %d %d", type, st.st_mode & 07777, (int)st.st_uid, (int)st.st_gid);
		if (f == S_IFCHR || f == S_IFBLK) printf(" %d:%d", (int)major(st.st_rdev), (int)minor(st.st_rdev));
		ssize_t n = f == S_IFLNK ? readlink(argv[i], t, sizeof t) : 0;
		if (n > 0) printf(" %.*s", (int)n, t);
		putchar('\n');
	}
	return rc;
}

static int v_statfs(int argc, char **argv)
{
	struct statfs s;
	(void)argc;
	if (statfs(argv[1], &s) < 0) return bad("statfs %s", argv[1]);
	printf("magic=%lx free=%llu\n", (unsigned long)s.f_type, (unsigned long long)s.f_bfree * s.f_bsize);
	return 0;
}

static int v_write(int argc, char **argv)
{
	int append = argc > 3 && !strcmp(argv[3], "append");
	int fd = open(argv[1], O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0644);
	if (fd < 0) return bad("open %s", argv[1]);
	return result(write(fd, argv[2], strlen(argv[2])), "write", argv[1]);
}

static int v_open(int argc, char **argv)	/* open-dev too: one byte is moved, since the open may lie */
{
	const char *m = argc > 2 ? argv[2] : "r";
	char c = 0;
	int fd = open(argv[1], !strcmp(m, "r") ? O_RDONLY | O_NONBLOCK : !strcmp(m, "w") ? O_WRONLY | O_NONBLOCK : O_RDWR | O_NONBLOCK);
	if (fd < 0) return bad("open %s", argv[1]);
	if (!strcmp(argv[0], "open")) return result(0, "", "");
	ssize_t r = strchr(m, 'r') ? read(fd, &c, 1) : write(fd, &c, 1);
	return result(r, strchr(m, 'r') ? "read" : "write", argv[1]);
}

static int v_mknod(int argc, char **argv)
{
	mode_t t = *argv[2] == 'c' ? S_IFCHR : *argv[2] == 'b' ? S_IFBLK : S_IFIFO;
	return result(mknod(argv[1], t | 0666, argc > 4 ? makedev(atoi(argv[3]), atoi(argv[4])) : 0), "mknod", argv[1]);
}

static int v_file(int argc, char **argv)	/* one system call on one or two paths, named by the verb */
{
	const char *v = argv[0], *a = argv[1], *b = argc > 2 ? argv[2] : "";
	char t[PATH_MAX];
	int fd;
	ssize_t n;
	if (!strcmp(v, "mkdir")) return result(mkdir(a, 0755), v, a);
	if (!strcmp(v, "rmdir")) return result(rmdir(a), v, a);
	if (!strcmp(v, "rm")) return result(unlink(a), v, a);
	if (!strcmp(v, "symlink")) return result(symlink(a, b), v, b);
	if (!strcmp(v, "link")) return result(link(a, b), v, b);
	if (!strcmp(v, "rename")) return result(rename(a, b), v, b);
	if (!strcmp(v, "umount")) return result(umount2(a, MNT_DETACH), v, a);
	if (!strcmp(v, "chroot")) return result(chroot(a), v, a);
	if (!strcmp(v, "chmod")) return result(chmod(a, strtol(b, NULL, 8)), v, a);
	if (!strcmp(v, "chown")) return result(lchown(a, atoi(b), argc > 3 ? atoi(argv[3]) : -1), v, a);
	if (!strcmp(v, "touch")) {
		fd = open(a, O_WRONLY | O_CREAT, 0644);
		return result(fd, "open", a);
	}
	if (!strcmp(v, "xattr") && argc > 3) return result(setxattr(a, b, argv[3], strlen(argv[3]), 0), v, a);
	n = !strcmp(v, "xattr") ? getxattr(a, b, t, sizeof t) : readlink(a, t, sizeof t);
	if (n < 0) return bad("%s %s", v, a);
	printf("%.*s\n", (int)n, t);
	return 0;
}

static int v_mountfs(int argc, char **argv)	/* mountfs SOURCE TARGET TYPE|bind|remount [DATA] */
{
	int fl = !strcmp(argv[3], "bind") ? MS_BIND : !strcmp(argv[3], "rbind") ? MS_BIND | MS_REC :
		!strcmp(argv[3], "remount-rw") ? MS_REMOUNT | MS_BIND : !strcmp(argv[3], "remount-ro") ? MS_REMOUNT | MS_BIND | MS_RDONLY :
		!strcmp(argv[3], "shared") ? MS_SHARED : !strcmp(argv[3], "private") ? MS_PRIVATE | MS_REC : !strcmp(argv[3], "slave") ? MS_SLAVE : 0;
	return result(mount(argv[1], argv[2], fl ? NULL : argv[3], fl, argc > 4 ? argv[4] : NULL), "mount", argv[2]);
}

/* ---- terminal and network ------------------------------------------------------------ */

static int v_tty(int argc, char **argv)
{
	struct winsize w;
	char n[128];
	(void)argc, (void)argv;
	for (int i = 0; i < 3; i++) {
		printf("%d %s", i, isatty(i) ? "tty" : "no");
		if (isatty(i) && !ttyname_r(i, n, sizeof n)) printf(" %s", n);
		putchar('\n');
	}
	if (ioctl(0, TIOCGWINSZ, &w) == 0) printf("size %dx%d\n", w.ws_row, w.ws_col);
	int fd = open("/dev/tty", O_RDWR);
	printf("controlling %s\n", fd < 0 ? "no" : "yes");
	if (fd >= 0) printf("foreground %s\n", tcgetpgrp(fd) == getpgrp() ? "yes" : "no");
	return 0;
}

static int v_winsize(int argc, char **argv)	/* winsize [wait]: rows x columns; wait: again after SIGWINCH */
{
	struct winsize w;
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, SIGWINCH);
	sigprocmask(SIG_BLOCK, &s, NULL);
	for (int i = 0; i < (argc > 1 ? 2 : 1); i++) {
		if (i) sigwaitinfo(&s, NULL);
		if (ioctl(0, TIOCGWINSZ, &w) < 0) return bad("TIOCGWINSZ");
		printf("%dx%d\n", w.ws_row, w.ws_col);
		fflush(stdout);
	}
	(void)argv;
	return 0;
}

static int v_tiocsti(int argc, char **argv)
{
	(void)argc, (void)argv;
	return result(ioctl(0, TIOCSTI, "x"), "TIOCSTI", "0");
}

static int v_netif(int argc, char **argv)	/* "lo up mtu=65536 127.0.0.1 ::1" */
{
	struct if_nameindex *all = if_nameindex();
	struct ifaddrs *addrs = NULL;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!all || s < 0) return bad("if_nameindex");
	getifaddrs(&addrs);
	for (struct if_nameindex *i = all; i->if_index; i++) {
		struct ifreq r = { 0 };
		char b[INET6_ADDRSTRLEN];
		if (argc > 1 && strcmp(argv[1], i->if_name)) continue;
		snprintf(r.ifr_name, sizeof r.ifr_name, "%s", i->if_name);
		int up = ioctl(s, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & IFF_UP);
		int mtu = ioctl(s, SIOCGIFMTU, &r) == 0 ? r.ifr_mtu : -1;
		printf("%s %s mtu=%d", i->if_name, up ? "up" : "down", mtu);
		for (struct ifaddrs *a = addrs; a; a = a->ifa_next) {
			if (!a->ifa_addr || strcmp(a->ifa_name, i->if_name)) continue;
			int f = a->ifa_addr->sa_family;
			if (f == AF_INET) printf(" %s", inet_ntop(f, &((struct sockaddr_in *)a->ifa_addr)->sin_addr, b, sizeof b));
			if (f == AF_INET6) printf(" %s", inet_ntop(f, &((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr, b, sizeof b));
		}
		putchar('\n');
	}
	return 0;
}

/* netdev: network devices by rtnetlink.  add NAME PEER: a veth pair (where there is none, a dummy NAME);
 * del NAME; up|down NAME; mtu NAME N; mac NAME XX:XX:...; alt NAME OTHER: a second name;
 * addr NAME ADDRESS/PREFIX [link] [SECONDS]: scope global or link, for good or as long */
struct nl_req { uint32_t len; uint16_t type, flags; uint32_t seq, pid; char body[496]; };

static void *nl_add(struct nl_req *r, const void *p, size_t n)
{
	char *at = (char *)r + r->len;
	if (p) memcpy(at, p, n);
	r->len += (n + 3) & ~3;
	return at;
}

static void nl_attr(struct nl_req *r, int type, const void *p, size_t n)
{
	nl_add(r, (uint16_t[]){ n + 4, type }, 4);
	nl_add(r, p, n);
}

static int nl_ask(struct nl_req *r, const char *what)
{
	union { struct nl_req r; struct { uint32_t h[4]; int error; } e; char room[8192]; } a;
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	r->flags |= 5;	/* request, ack */
	if (s < 0 || send(s, r, r->len, 0) < 0 || recv(s, &a, sizeof a, 0) < 20) return bad("netlink");
	close(s);
	errno = -a.e.error;
	return result(errno ? -1 : 0, "netdev", what);
}

static int v_netdev(int argc, char **argv)
{
	const char *verb = argv[1], *name = argv[2], *arg = argc > 3 ? argv[3] : "";
	struct nl_req r = { .len = 16, .type = 16 };	/* RTM_NEWLINK */
	int index = if_nametoindex(name);
	if (!strcmp(verb, "addr")) {
		char text[64] = { 0 }, *slash;
		unsigned char a[16];
		snprintf(text, sizeof text, "%s", arg);
		if (!(slash = strchr(text, '/'))) return 2;
		*slash++ = 0;
		int six = strchr(text, ':') != NULL, link = argc > 4 && !strcmp(argv[4], "link");
		struct { uint8_t family, prefix, flags, scope; int index; } m = { six ? AF_INET6 : AF_INET, atoi(slash), 0, link ? 253 : 0, index };
		if (inet_pton(m.family, text, a) != 1) return 2;
		r.type = 20, r.flags = 0x600;
		nl_add(&r, &m, sizeof m);
		nl_attr(&r, 2, a, six ? 16 : 4);
		nl_attr(&r, 1, a, six ? 16 : 4);
		if (!six) nl_attr(&r, 3, name, strlen(name) + 1);	/* a label, as ip(8) gives */
		if (six) nl_attr(&r, 8, (uint32_t[]){ 2 }, 4);	/* no duplicate detection */
		if (argc > 4 + link) nl_attr(&r, 6, (uint32_t[]){ atoi(argv[4 + link]), atoi(argv[4 + link]), 0, 0 }, 16);
		return nl_ask(&r, arg);
	}
	struct { uint8_t family, pad; uint16_t type; int index; unsigned flags, change; } m = { .index = index };
	if (!strcmp(verb, "up") || !strcmp(verb, "down")) m.flags = verb[0] == 'u', m.change = 1;
	if (!strcmp(verb, "del")) r.type = 17;
	if (!strcmp(verb, "alt")) r.type = 108, r.flags = 0x600;
	nl_add(&r, &m, sizeof m);
	if (!strcmp(verb, "mac")) {
		unsigned char a[6] = { 0 };
		for (int i = 0; i < 6 && strlen(arg) == 17; i++) a[i] = strtoul(arg + 3 * i, NULL, 16);
		nl_attr(&r, 1, a, 6);
	}
	if (!strcmp(verb, "mtu")) nl_attr(&r, 4, (int[]){ atoi(arg) }, 4);
	if (!strcmp(verb, "alt")) {
		uint16_t *list = nl_add(&r, (uint16_t[]){ 0, 52 }, 4);	/* IFLA_PROP_LIST, IFLA_ALT_IFNAME */
		nl_attr(&r, 53, arg, strlen(arg) + 1);
		*list = (char *)&r + r.len - (char *)list;
		list[1] |= 0x8000;
	}
	if (strcmp(verb, "add")) return nl_ask(&r, verb);
	for (int dummy = 0; dummy < 2; dummy++) {
		struct nl_req n = r;
		n.flags = 0x600;
		nl_attr(&n, 3, name, strlen(name) + 1);
		uint16_t *info = nl_add(&n, (uint16_t[]){ 0, 18 }, 4);	/* IFLA_LINKINFO */
		nl_attr(&n, 1, dummy ? "dummy" : "veth", dummy ? 5 : 4);
		if (!dummy) {
			uint16_t *data = nl_add(&n, (uint16_t[]){ 0, 2 }, 4), *peer = nl_add(&n, (uint16_t[]){ 0, 1 }, 4);
			memset(&m, 0, sizeof m);
			nl_add(&n, &m, sizeof m);
			nl_attr(&n, 3, arg, strlen(arg) + 1);
			*peer = (char *)&n + n.len - (char *)peer;
			*data = (char *)&n + n.len - (char *)data;
		}
		*info = (char *)&n + n.len - (char *)info;
		if (nl_ask(&n, verb) == 0) return 0;
	}
	return 1;
}

/* ---- doing things ---------------------------------------------------------------------- */

static int v_sleep(int argc, char **argv)
{
	ms_sleep(argc > 1 ? strtod(argv[1], NULL) * 1000 : 1000000000);
	return 0;
}

static int v_exit(int argc, char **argv)
{
	return !strcmp(argv[0], "true") ? 0 : !strcmp(argv[0], "false") ? 1 : argc > 1 ? atoi(argv[1]) : 0;
}

static int v_say(int argc, char **argv)		/* say WORD...; say -e WORD... on stderr */
{
	int e = argc > 1 && !strcmp(argv[1], "-e");
	for (int i = 1 + e; i < argc; i++) fprintf(e ? stderr : stdout, "%s%s", i > 1 + e ? " " : "", argv[i]);
	fputc('\n', e ? stderr : stdout);
	return 0;
}

static int v_signal_self(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };
	(void)argc;
	setrlimit(RLIMIT_CORE, &none);
	fflush(stdout);
	signal(signo(argv[1]), SIG_DFL);
	kill(getpid(), signo(argv[1]));
	ms_sleep(200);		/* pid 1 of a pid namespace does not die of its own signals */
	puts("alive");
	return 0;
}

static int v_trap(int argc, char **argv)
{
	sigset_t s;
	int n, last = SIGTERM;
	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	for (int i = 1; i < argc; i++) {
		if ((n = signo(argv[i])) < 1) return puts("bad signal"), 2;
		sigaddset(&s, n);
	}
	sigprocmask(SIG_BLOCK, &s, NULL);
	puts("ready");
	for (;;) {
		fflush(stdout);
		siginfo_t si;
		if ((n = sigwaitinfo(&s, &si)) < 0) continue;
		puts(signame(n));
		if (n == last) return fflush(stdout), 7;
	}
}

static int v_sigs(int argc, char **argv)	/* blocked, ignored and caught masks of this process */
{
	char b[64];
	const char *pid = argc > 1 ? argv[1] : "self";
	printf("blocked=%s ", status_field(pid, "SigBlk:", b, sizeof b));
	printf("ignored=%s\n", status_field(pid, "SigIgn:", b, sizeof b));
	return 0;
}

static int v_spawn(int argc, char **argv)	/* spawn N: n sleeping children, "ready", sleep; reaps */
{
	for (int i = 0, n = argc > 1 ? atoi(argv[1]) : 1; i < n; i++) {
		pid_t p = fork();
		if (p < 0) return bad("fork %d", i);
		if (!p) for (;;) pause();
	}
	puts("ready");
	fflush(stdout);
	for (;;) pause();
}

static int v_daemonize(int argc, char **argv)	/* a double fork that keeps sleeping; this process ends at once */
{
	int secs = argc > 1 ? atoi(argv[1]) : 1000000;
	if (fork() == 0) {
		setsid();
		if (fork() == 0) { ms_sleep(secs * 1000L); _exit(0); }
		_exit(0);
	}
	wait(NULL);
	return 0;
}

static int v_zombie(int argc, char **argv)	/* zombie SECS: an unreaped child for that long */
{
	if (fork() == 0) _exit(0);
	puts("ready");
	fflush(stdout);
	ms_sleep(argc > 1 ? strtod(argv[1], NULL) * 1000 : 1000000000);
	return 0;
}

static int v_syscall(int argc, char **argv)	/* numbers as they are, all else as pointers to the text */
{
	long a[7] = { word_value(syscalls, LEN(syscalls), "", argv[1]) };
	if (a[0] < 0) return printf("unknown syscall %s\n", argv[1]), 2;
	for (int i = 2; i < argc && i < 8; i++) {
		char *end;
		a[i - 1] = strtoll(argv[i], &end, 0);
		if (*end) a[i - 1] = (long)argv[i];
	}
	fflush(stdout);
	long r = syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
	if (r < 0) return bad("syscall %s", argv[1]);
	printf("%ld\n", r);
	return 0;
}

static long watched;		/* the system call of the verb "sigsys", "thread" */

static void on_sigsys(int sig, siginfo_t *i, void *context)
{
	char b[100];
	(void)sig, (void)context;
	int n = snprintf(b, sizeof b, "SIGSYS call %s code %d data %d\n", i->si_syscall == watched ? "yes" : "no", i->si_code, i->si_errno);
	_exit(write(1, b, n) == n ? 0 : 1);
}

static void *call_watched(void *unused)
{
	(void)unused;
	return (void *)syscall(watched, 0, 0, 0, 0, 0, 0);
}

static int v_watch(int argc, char **argv)	/* what a system call does to who makes it, by the verb */
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	pthread_t t;
	(void)argc;
	watched = word_value(syscalls, LEN(syscalls), "", argv[1]);
	if (watched < 0) return 2;
	if (!strcmp(argv[0], "thread")) {
		if (pthread_create(&t, NULL, call_watched, NULL)) return 1;
		usleep(300000);
		return puts("the process lives"), 0;
	}
	sigaction(SIGSYS, &sa, NULL);
	call_watched(NULL);
	return puts("no signal"), 1;
}

static int v_tracer(int argc, char **argv)	/* CMD's system calls that a filter gives its tracer */
{
	int st;
	(void)argc;
	pid_t pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		run(argv + 1);
	}
	if (waitpid(pid, &st, 0) < 0 || ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL) < 0) return bad("ptrace");
	for (ptrace(PTRACE_CONT, pid, 0, 0); waitpid(pid, &st, 0) == pid && WIFSTOPPED(st); ) {
		unsigned long data = 0;
		int sig = WSTOPSIG(st);
		if (st >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
			ptrace(PTRACE_GETEVENTMSG, pid, 0, &data);
			printf("traced data %lu\n", data);
			fflush(stdout);
		}
		ptrace(PTRACE_CONT, pid, 0, sig == SIGTRAP ? 0 : sig);
	}
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static int v_memory(int argc, char **argv)	/* memory MB [SECS]: touch that much and hold it */
{
	size_t n = atoi(argv[1]) * 1048576UL;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) return bad("mmap");
	for (size_t i = 0; i < n; i += 4096) p[i] = 1;
	puts("ok");
	fflush(stdout);
	if (argc > 2) ms_sleep(strtod(argv[2], NULL) * 1000);
	return 0;
}

static int v_bits(int argc, char **argv)
{
	(void)argc, (void)argv;
	return printf("%zu\n", 8 * sizeof(long)) < 0;
}

static int v_burn(int argc, char **argv)	/* burn SECONDS of wall time; prints the cpu time got in ms */
{
	double end = now() + strtod(argv[1], NULL);
	struct timespec t;
	(void)argc;
	while (now() < end) ;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	printf("cpu_ms=%ld\n", (long)(t.tv_sec * 1000 + t.tv_nsec / 1000000));
	return 0;
}

static int v_forkbomb(int argc, char **argv)
{
	int n = atoi(argv[1]), got = 0, e = 0;
	pid_t *p = must(calloc(n, sizeof *p));
	(void)argc;
	for (; got < n; got++) {
		p[got] = fork();
		if (p[got] < 0) { e = errno; break; }
		if (!p[got]) for (;;) pause();
	}
	printf("forks=%d%s%s\n", got, e ? " " : "", e ? word_name(errnos, LEN(errnos), e) : "");
	for (int i = 0; i < got; i++) kill(p[i], SIGKILL);
	return 0;
}

static int v_unshare(int argc, char **argv)	/* unshare TYPE... [-- CMD...]; +mnt: its mounts stay shared */
{
	static const struct word ns[] = { { "mnt", CLONE_NEWNS }, { "uts", CLONE_NEWUTS }, { "ipc", CLONE_NEWIPC },
		{ "user", CLONE_NEWUSER }, { "pid", CLONE_NEWPID }, { "net", CLONE_NEWNET }, { "cgroup", 0x02000000 }, { "time", 0x80 } };
	int fl = 0, i, peer = 0;
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		long v = word_value(ns, LEN(ns), "", argv[i] + (*argv[i] == '+' && (peer = 1)));
		if (v < 0) return printf("unknown namespace %s\n", argv[i]), 2;
		fl |= v;
	}
	if (unshare(fl) < 0) return bad("unshare");
	if (fl & CLONE_NEWNS && !peer) mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (i + 1 < argc) run(argv + i + 1);
	return result(0, "", "");
}

/* escape NAME: ways out of a root, one after the other; "NAME by WAY" where a file of that name turns up.  The last ways
 * take the container's own mounts away, so nothing of it can be used after this. */
static const char *wanted;

static void escaped(const char *way)
{
	static const char *const from[] = { "", ".", "..", "../../../..", "/", "/..", "/proc/1/root", "/proc/self/root/..", "/proc/1/cwd/../.." };
	static char last[64];
	char p[PATH_MAX];
	struct stat st;
	for (size_t i = 0; i < LEN(from); i++) {
		snprintf(p, sizeof p, "%s/%s", from[i], wanted);
		if (lstat(*from[i] ? p : wanted, &st) < 0 || !strcmp(way, last)) continue;
		printf("%s by %s\n", wanted, way);
		fflush(stdout);
		snprintf(last, sizeof last, "%s", way);
	}
}

static void up(const char *way)
{
	for (int i = 0; i < 40; i++)
		if (chdir("..") < 0) break;
	escaped(way);
	if (chroot(".") == 0) escaped(way);
}

/* a file handle of every inode that the first directories of a file system may have */
static void by_handle(void)
{
	struct { unsigned bytes; int type; uint32_t f[8]; } h = { .bytes = sizeof h.f };
	int root = open("/", O_RDONLY | O_DIRECTORY), mnt;
	if (syscall(SYS_name_to_handle_at, root, "", &h, &mnt, AT_EMPTY_PATH) < 0) return;
	for (int at = 0; at < 3; at++)		/* the inode's number is in one of the words */
		for (uint32_t ino = 0; ino < 4096; ino++) {
			uint32_t keep = h.f[at];
			h.f[at] = ino;
			int fd = syscall(SYS_open_by_handle_at, root, &h, O_RDONLY | O_DIRECTORY);
			h.f[at] = keep;
			if (fd < 0) continue;
			if (fchdir(fd) == 0) escaped("file handle");
			close(fd);
		}
}

static int v_escape(int argc, char **argv)
{
	static const int calls[] = { 0, MNT_FORCE, MNT_DETACH, 8 };
	int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	char *text = slurp("/proc/self/mountinfo", NULL), *at[256], *save, t[64];
	(void)argc;
	wanted = argv[1];
	if (ns < 0 || root < 0 || !text) return bad("/proc");
	for (char *l = strtok_r(text, "\n", &save); l && n < (int)LEN(at); l = strtok_r(NULL, "\n", &save)) {
		char *w = l;
		for (int i = 0; i < 4; i++) w = strchr(w, ' ') + 1;
		at[n++] = w;
		w[strcspn(w, " ")] = 0;
	}
	escaped("its path");
	by_handle();
	mkdir("/escape", 0755);
	if (chdir("/") == 0 && chroot("/escape") == 0) up("chroot");
	if (fchdir(root) == 0 && chroot("/escape") == 0 && fchdir(root) == 0) up("chroot and a descriptor");
	if (setns(ns, CLONE_NEWNS) == 0) escaped("setns"), up("setns");
	if (fchdir(root) == 0 && chroot(".") == 0 && mount("/", "/escape", NULL, MS_BIND | MS_REC, NULL) == 0 && chdir("/escape") == 0) up("a bind of the root");
	if (fchdir(root) == 0 && chroot(".") == 0 && mount("x", "/escape", "tmpfs", 0, NULL) == 0) {
		mkdir("/escape/old", 0755);
		if (chdir("/escape") == 0 && syscall(SYS_pivot_root, ".", "old") == 0) {
			if (chdir("/old") == 0) up("pivot_root");
			if (fchdir(root) == 0) up("pivot_root and a descriptor");
			umount2("/old", MNT_DETACH);
			if (setns(ns, CLONE_NEWNS) == 0) up("pivot_root and setns");
		}
	}
	/* the mounts go, last first, then what is below */
	if (setns(ns, CLONE_NEWNS) == 0)
		while (--n >= 0) umount2(at[n], MNT_DETACH);
	for (int i = 0; i < 8; i++)
		for (size_t k = 0; k < LEN(calls); k++) {
			snprintf(t, sizeof t, "unmounting / for the %d. time", i + 1);
			umount2("/", calls[k]);
			if (setns(ns, CLONE_NEWNS) == 0) escaped(t), up(t);
			if (setns(ns, CLONE_NEWNS) == 0 && chdir("/") == 0 && umount2(".", calls[k]) == 0) escaped(t), up(t);
			setns(ns, CLONE_NEWNS);
		}
	/* a new mount namespace, and the same again */
	if (unshare(CLONE_NEWNS) == 0)
		for (int i = 0; i < 8; i++) umount2("/", MNT_DETACH), escaped("a new mount namespace"), up("a new mount namespace");
	puts("tried");
	return 0;
}

static int v_ptrace(int argc, char **argv)
{
	pid_t p = atoi(argv[1]);
	(void)argc;
	long r = ptrace(PTRACE_SEIZE, p, 0, 0);
	if (r == 0) ptrace(PTRACE_DETACH, p, 0, 0);
	return result(r, "ptrace", argv[1]);
}

/* overwrite-exe PID: can the executable of PID be written through /proc?  overwrite-exe watch SECS: ask
 * that of every process that turns up and is not this binary.  "WRITTEN path" is the disaster. */
static int overwrite_one(const char *pid)
{
	char p[64], t[PATH_MAX], self[64];
	snprintf(p, sizeof p, "/proc/%s/exe", pid);
	ssize_t n = readlink(p, t, sizeof t - 1);
	if (n < 0) return bad("readlink %s", p);
	t[n] = 0;
	int fd = open(p, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return bad("open-read %s", t);
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	int w = -1;
	/* while it runs the answer is ETXTBSY, so ask again for a while after its end */
	for (double end = now() + 1; w < 0 && now() < end; ) {
		w = open(self, O_WRONLY | O_CLOEXEC);
		if (w < 0 && errno != ETXTBSY) break;
	}
	if (w < 0) { int r = bad("open-write %s", t); close(fd); return r; }
	/* a sealed memfd lets itself be opened; the byte is the one that is there */
	if (pwrite(w, "\177", 1, 0) != 1) { int r = bad("write %s", t); close(w); close(fd); return r; }
	printf("WRITTEN %s\n", t);
	close(w);
	close(fd);
	return 0;
}

static int v_overwrite_exe(int argc, char **argv)
{
	if (strcmp(argv[1], "watch")) return overwrite_one(argv[1]);
	int rc = 1;
	puts("ready");
	fflush(stdout);
	for (double end = now() + (argc > 2 ? strtod(argv[2], NULL) : 5); now() < end; ) {
		for (int i = 1; i < 200; i++) {
			char p[64], t[PATH_MAX], mine[PATH_MAX], pid[16];
			snprintf(p, sizeof p, "/proc/%d/exe", i);
			ssize_t n = readlink(p, t, sizeof t), m = readlink("/proc/self/exe", mine, sizeof mine);
			if (n < 0 || (n == m && !memcmp(t, mine, n))) continue;
			snprintf(pid, sizeof pid, "%d", i);
			rc &= overwrite_one(pid);
			fflush(stdout);
		}
	}
	return rc;
}

/* spy SECS: asks every process that turns up and is not this program yet for its descriptors, its root and
 * whether it may be traced.  "SEEN ..." is what nobody in a container should see of a runtime. */
static void spy_on(int pid, const char *mine)
{
	char p[64], t[PATH_MAX];
	ssize_t n;
	snprintf(p, sizeof p, "/proc/%d/exe", pid);
	n = readlink(p, t, sizeof t - 1);
	t[n < 0 ? 0 : n] = 0;
	if (n >= 0 && !strcmp(t, mine)) return;
	if (n >= 0) printf("SEEN exe %s\n", t);
	static const char *const what[] = { "root", "cwd", "fd/0", "fd/3", "fd/4", "fd/5", "fd/6", "fd/7", "fd/8", "fd/9" };
	for (size_t i = 0; i < LEN(what); i++) {
		snprintf(p, sizeof p, "/proc/%d/%s", pid, what[i]);
		n = readlink(p, t, sizeof t - 1);
		t[n < 0 ? 0 : n] = 0;
		char e[64], x[PATH_MAX];
		snprintf(e, sizeof e, "/proc/%d/exe", pid);
		ssize_t m = readlink(e, x, sizeof x - 1);
		x[m < 0 ? 0 : m] = 0;
		/* on its way out it has no program any more */
		if (n >= 0 && (m >= 0 ? strcmp(x, mine) : errno != ENOENT && errno != ESRCH)) printf("SEEN %s %s of %s\n", what[i], t, x);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
		snprintf(p, sizeof p, "/proc/%d/exe", pid);
		n = readlink(p, t, sizeof t - 1);
		t[n < 0 ? 0 : n] = 0;
		if (n >= 0 ? strcmp(t, mine) : errno != ENOENT && errno != ESRCH) printf("SEEN traced %s\n", t);
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);	/* or else it would stay ours, and its parent wait for ever */
		if (waitpid(pid, NULL, __WALL) == pid) ptrace(PTRACE_DETACH, pid, 0, 0);
	}
	fflush(stdout);
}

static int v_spy(int argc, char **argv)
{
	char mine[PATH_MAX] = "", b[32];
	long met = 0, last = 0;
	(void)argc;
	if (readlink("/proc/self/exe", mine, sizeof mine - 1) < 0) return bad("readlink exe");
	puts("ready");
	fflush(stdout);
	for (double end = now() + strtod(argv[1], NULL); now() < end; ) {
		/* the newest pid of this namespace, and the few that may follow */
		char *s = slurp("/proc/loadavg", NULL), *sp = s ? strrchr(s, ' ') : NULL;
		long newest = sp ? atol(sp + 1) : last;
		free(s);
		for (long pid = newest > 3 ? newest - 3 : 1; pid <= newest + 2; pid++) {
			snprintf(b, sizeof b, "/proc/%ld", pid);
			if (pid == getpid() || access(b, F_OK) < 0) continue;
			met += pid > last;
			last = pid > last ? pid : last;
			spy_on(pid, mine);
		}
	}
	printf("met %ld\n", met);
	return 0;
}

/* ---- JSON ------------------------------------------------------------------------------- */

/* A tree that keeps every value as it was written, so that printing changes nothing else. */
struct json {
	char type;			/* { [ " or v (number, true, false, null) */
	char *key, *text;		/* raw text, strings without their quotes but still escaped */
	struct json *child, *next;
};

static char *json_text(const char *a, const char *b)
{
	return must(strndup(a, b - a));
}

static const char *blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

static const char *string_end(const char *p)	/* at the opening quote; returns the closing one */
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1]) p++;
	return *p == '"' ? p : NULL;
}

static struct json *json_parse(const char **pp)
{
	const char *p = blanks(*pp), *e;
	struct json *j = must(calloc(1, sizeof *j)), **tail = &j->child;
	j->type = *p;
	if (*p == '{' || *p == '[') {
		char close = *p == '{' ? '}' : ']';
		p = blanks(p + 1);
		for (int first = 1; *p != close; first = 0) {
			char *key = NULL;
			if (!first) {
				if (*p != ',') return NULL;
				p = blanks(p + 1);
			}
			if (close == '}') {
				if (*p != '"' || !(e = string_end(p))) return NULL;
				key = json_text(p + 1, e);
				p = blanks(e + 1);
				if (*p++ != ':') return NULL;
			}
			if (!(*tail = json_parse(&p))) return NULL;
			(*tail)->key = key;
			tail = &(*tail)->next;
			p = blanks(p);
		}
		p++;
	} else if (*p == '"') {
		if (!(e = string_end(p))) return NULL;
		j->text = json_text(p + 1, e);
		p = e + 1;
	} else {
		size_t n = strcspn(p, " \t\r\n,]}:\"[{");
		j->type = 'v';
		j->text = json_text(p, p + n);
		char *end;
		strtod(j->text, &end);
		if (!n || (strcmp(j->text, "true") && strcmp(j->text, "false") && strcmp(j->text, "null") &&
		    (*end || !strchr("-0123456789", *p)))) return NULL;
		p += n;
	}
	*pp = p;
	return j;
}

static struct json *json_from(const char *s)
{
	struct json *j = json_parse(&s);
	return j && !*blanks(s) ? j : NULL;
}

static void json_print(FILE *f, const struct json *j)
{
	if (j->type == '"') fprintf(f, "\"%s\"", j->text);
	else if (j->type == 'v') fputs(j->text, f);
	else {
		putc(j->type, f);
		for (struct json *c = j->child; c; c = c->next) {
			if (c->key) fprintf(f, "\"%s\":", c->key);
			json_print(f, c);
			if (c->next) putc(',', f);
		}
		putc(j->type == '{' ? '}' : ']', f);
	}
}

static void json_print_raw(const char *s)	/* \u only below 0x800: enough for what tests write */
{
	for (; *s; s++) {
		if (*s != '\\') { putchar(*s); continue; }
		static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
		const char *k = strchr(from, *++s);
		if (*s == 'u') {
			unsigned u = 0;
			sscanf(s + 1, "%4x", &u);
			if (u < 0x80) putchar(u);
			else putchar(0xc0 | u >> 6), putchar(0x80 | (u & 0x3f));
			s += strspn(s + 1, "0123456789abcdefABCDEF") < 4 ? 0 : 4;
		} else {
			putchar(k ? to[k - from] : *s);
		}
	}
	putchar('\n');
}

/* The next step of a path like a.0.[type=network].[key.with.dots]; *p moves behind it. */
static char *path_step(const char **p)
{
	const char *s = *p, *e = *s == '[' ? strchr(s, ']') : s + strcspn(s, ".");
	if (!e) die("bad path %s", s);
	if (*s == '[') e++;
	*p = *e == '.' ? e + 1 : e;
	return json_text(s, e);
}

/* The place that holds the member named by one step: points to NULL when there is none. */
static struct json **json_member(struct json *j, const char *step)
{
	struct json **at = &j->child;
	char *eq;
	if (*step == '[') {
		char *k = json_text(step + 1, step + strlen(step) - 1);
		if (j->type == '[' && (eq = strchr(k, '='))) {
			*eq = 0;
			for (; *at; at = &(*at)->next) {
				struct json **v = json_member(*at, k);
				if (*v && (*v)->text && !strcmp((*v)->text, eq + 1)) break;
			}
			return at;
		}
		step = k;
	}
	if (j->type == '[') {
		char *end;
		long i = strtol(step, &end, 10);
		if (*end || end == step) i = LONG_MAX;
		for (; *at && i--; at = &(*at)->next) ;
		return at;
	}
	for (; *at && (!(*at)->key || strcmp((*at)->key, step)); at = &(*at)->next) ;
	return at;
}

static struct json *json_get(struct json *j, const char *path)
{
	while (j && *path) j = *json_member(j, path_step(&path));
	return j;
}

/* Text that does not look like JSON is a string: cwd=/tmp.  args=a b c is split at the blanks. */
static struct json *json_value(const char *path, const char *s)
{
	struct json *j = json_from(s);
	if (j) return j;
	if (!strcmp(path, "process.args")) {
		struct json **tail;
		j = must(calloc(1, sizeof *j));
		j->type = '[';
		tail = &j->child;
		char *c = must(strdup(s)), *save = NULL;
		for (char *w = strtok_r(c, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
			*tail = must(calloc(1, sizeof *j));
			(*tail)->type = '"';
			(*tail)->text = w;
			tail = &(*tail)->next;
		}
		if (!strchr(s, '"') && !strchr(s, '\\') && *s != '[') return j;
	}
	if (strchr("[{\"", *s) || strchr(s, '"') || strchr(s, '\\')) {
		fprintf(stderr, "probe: %s: not JSON: %s\n", path, s);
		exit(2);
	}
	j = must(calloc(1, sizeof *j));
	j->type = '"';
	j->text = must(strdup(s));
	return j;
}

/* One edit: PATH=VALUE sets, PATH+=VALUE appends to a list, PATH- deletes. */
static void json_edit(struct json *root, const char *edit)
{
	char *path = must(strdup(edit)), *val = NULL;
	char op = 0;
	int depth = 0;
	for (char *p = path; *p; p++) {
		if (*p == '[') depth++;
		if (*p == ']') depth--;
		if (*p == '=' && !depth) {
			op = p > path && p[-1] == '+' ? '+' : '=';
			*(op == '+' ? p - 1 : p) = 0;
			val = p + 1;
			break;
		}
	}
	size_t n = strlen(path);
	if (!op && n && path[n - 1] == '-') op = '-', path[n - 1] = 0;
	if (!op) { fprintf(stderr, "probe: bad edit %s\n", edit); exit(2); }
	if (!strcmp(path, "args")) path = "process.args";

	struct json *j = root, **at = &j;
	for (const char *p = path; *p; ) {
		char *step = path_step(&p);
		if (j->type != '{' && j->type != '[') { fprintf(stderr, "probe: %s: %s is inside a scalar\n", edit, step); exit(2); }
		at = json_member(j, step);
		if (!*at) {
			if (op == '-' || (j->type == '[' && *step == '[')) { fprintf(stderr, "probe: %s: no %s\n", edit, step); exit(2); }
			*at = must(calloc(1, sizeof **at));
			(*at)->type = op == '+' && !*p ? '[' : '{';
			if (j->type == '{') (*at)->key = *step == '[' ? json_text(step + 1, step + strlen(step) - 1) : step;
		}
		j = *at;
	}
	if (op == '-') { *at = j->next; return; }
	struct json *v = json_value(path, val);
	if (op == '+') {
		for (at = &j->child; *at; at = &(*at)->next) ;
		*at = v;
		return;
	}
	v->key = j->key, v->next = j->next;
	*j = *v;
}

static struct json *json_load(const char *file)
{
	char *s = file ? slurp(file, NULL) : slurp_fd(0, NULL);
	if (!s) die("%s", file ? file : "stdin");
	struct json *j = json_from(s);
	if (!j) { fprintf(stderr, "probe: %s: not JSON\n", file ? file : "stdin"); exit(2); }
	return j;
}

static void json_save(const char *file, const struct json *j)
{
	FILE *f = fopen(file, "we");
	if (!f) die("%s", file);
	json_print(f, j);
	putc('\n', f);
	if (fclose(f)) die("%s", file);
}

static int v_json(int argc, char **argv)
{
	const char *op = argv[1];
	if (!strcmp(op, "check")) return json_load(argc > 2 ? argv[2] : NULL) ? 0 : 1;
	if (argc < 3) return 2;
	if (!strcmp(op, "edit")) {
		struct json *j = json_load(argv[2]);
		for (int i = 3; i < argc; i++) json_edit(j, argv[i]);
		json_save(argv[2], j);
		return 0;
	}
	struct json *j = json_get(json_load(argc > 3 ? argv[3] : NULL), argv[2]);
	if (!j) return 1;
	if (!strcmp(op, "get")) {
		if (j->type == '"') return json_print_raw(j->text), 0;
		json_print(stdout, j);
		putchar('\n');
		return 0;
	}
	if (!strcmp(op, "type")) {
		puts(j->type == '"' ? "string" : j->type == '{' ? "object" : j->type == '[' ? "array" :
		     strchr("tf", *j->text) ? "boolean" : *j->text == 'n' ? "null" : "number");
		return 0;
	}
	int n = 0;
	for (struct json *c = j->child; c; c = c->next, n++)
		if (!strcmp(op, "keys")) c->key ? (void)puts(c->key) : (void)printf("%d\n", n);
	if (!strcmp(op, "len")) printf("%d\n", n);
	return 0;
}

/* bundle DIR TEMPLATE EDIT...: a root file system that is this binary, and a config.json */
static int v_bundle(int argc, char **argv)
{
	static const char *const dirs[] = { "bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "var", "home" };
	static const char *const links[] = { "probe", "id", "true", "false", "sleep", "env", "cat" };
	static const char *const files[][2] = {
		{ "etc/passwd", "root:x:0:0:root:/root:/bin/probe\nuser:x:1000:1000:user:/home:/bin/probe\n" },
		{ "etc/group", "root:x:0:\nuser:x:1000:\nextra:x:2000:user\n" },
	};
	size_t n;
	int fd;
	struct json *j = json_load(argv[2]);
	for (int i = 3; i < argc; i++) json_edit(j, argv[i]);
	mode_t old = umask(022);
	if (mkdir(argv[1], 0755) < 0 && errno != EEXIST) die("mkdir %s", argv[1]);
	if (chdir(argv[1]) < 0) die("cd %s", argv[1]);
	json_save("config.json", j);
	if (mkdir("rootfs", 0755) < 0) {
		if (errno == EEXIST) return 0;		/* made before: only the configuration is new */
		die("mkdir rootfs");
	}
	if (chdir("rootfs") < 0) die("cd rootfs");
	for (size_t i = 0; i < LEN(dirs); i++)
		if (mkdir(dirs[i], 0755) < 0) die("mkdir %s", dirs[i]);
	chmod("tmp", 01777);
	chmod("root", 0700);
	for (size_t i = 0; i < LEN(files); i++) {
		fd = open(files[i][0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0 || write_all(fd, files[i][1], strlen(files[i][1])) < 0) die("%s", files[i][0]);
		close(fd);
	}
	for (size_t i = 0; i < LEN(links); i++) {
		char p[64];
		snprintf(p, sizeof p, "bin/%s", links[i]);
		if (symlink("../probe", p) < 0) die("symlink %s", p);
	}
	/* a copy, not a link: some tests try hard to write to it */
	char *me = slurp("/proc/self/exe", &n);
	fd = open("probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (!me || fd < 0 || write_all(fd, me, n) < 0) die("copy probe");
	umask(old);
	return 0;
}

/* ---- running things on the host ------------------------------------------------------------ */

static volatile sig_atomic_t got_signal;
static void on_signal(int n) { got_signal = n; }

/* Waits for pid, at most secs (0: for ever); a negative result is a time-out. */
static int wait_limit(pid_t pid, double secs)
{
	int st;
	double end = now() + secs;
	for (long ms = 1; ; ms = ms < 20 ? ms * 2 : 20) {
		pid_t p = waitpid(pid, &st, secs > 0 ? WNOHANG : 0);
		if (p == pid) return exit_code(st);
		if (p < 0 && errno != EINTR) return 125;
		if (got_signal) { kill(pid, got_signal); got_signal = 0; }
		if (secs > 0 && now() > end) return -1;
		ms_sleep(ms);
	}
}

/* Direct children of this process, by a walk through /proc (no CONFIG_PROC_CHILDREN needed). */
static int children(pid_t *list, int max)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0;
	if (!d) die("/proc");
	while ((e = readdir(d)) && n < max) {
		char b[64];
		if (!isdigit((unsigned char)*e->d_name)) continue;
		if (atoi(status_field(e->d_name, "PPid:", b, sizeof b)) == getpid()) list[n++] = atoi(e->d_name);
	}
	closedir(d);
	return n;
}

/* reap [-t SECS] [-m] [-l FILE] CMD...: runs CMD as the sub-reaper of all it starts, in a session of its
 * own and (-m) its own mount namespace.  What still lives half a second after CMD's end is
 * listed in FILE and killed. */
static int v_reap(int argc, char **argv)
{
	const char *left = "/dev/stderr";
	double limit = 0;
	int o, mnt = 0, st, rc = -1;
	while ((o = getopt(argc, argv, "+t:ml:")) > 0)
		switch (o) {
		case 't': limit = strtod(optarg, NULL); break;
		case 'm': mnt = 1; break;
		case 'l': left = optarg; break;
		default: return 2;
		}
	if (optind >= argc) return 2;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (mnt && (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) die("unshare");
	/* our children may share the process group of a shell that is told to stop */
	signal(SIGTERM, on_signal), signal(SIGINT, on_signal), signal(SIGHUP, on_signal);
	pid_t pid = fork();
	if (pid < 0) die("fork");
	if (!pid) {
		setsid();
		signal(SIGTERM, SIG_DFL), signal(SIGINT, SIG_DFL), signal(SIGHUP, SIG_DFL);
		run(argv + optind);
	}
	double end = now() + limit;
	for (long ms = 1; rc < 0; ms = ms < 16 ? ms * 2 : 16) {
		pid_t p;
		while ((p = waitpid(-1, &st, WNOHANG)) > 0)
			if (p == pid) rc = exit_code(st);
		if (rc >= 0) break;
		if (got_signal || (limit > 0 && now() > end)) rc = got_signal ? 128 + got_signal : 124;
		else ms_sleep(ms);
	}
	pid_t kids[1024];
	int n = 0;
	for (double grace = now() + 0.5; ; ms_sleep(5)) {
		while (waitpid(-1, &st, WNOHANG) > 0) ;
		/* waitpid knows at once; the walk through /proc is for names only */
		if (waitpid(-1, &st, WNOHANG) < 0 && errno == ECHILD) break;
		if (now() > grace || rc == 124 || got_signal) { n = children(kids, LEN(kids)); break; }
	}
	FILE *f = n ? fopen(left, "ae") : NULL;
	for (int i = 0; i < n; i++) {
		char p[64], *c, b[64];
		size_t len = 0;
		snprintf(p, sizeof p, "/proc/%d/cmdline", kids[i]);
		c = slurp(p, &len);
		for (size_t k = 0; c && k + 1 < len; k++) if (!c[k]) c[k] = ' ';
		snprintf(p, sizeof p, "%d", kids[i]);
		if (f) fprintf(f, "process %s (%s) %s\n", p, status_field(p, "Name:", b, sizeof b), c ? c : "");
	}
	if (f) fclose(f);
	for (int tries = 0; n && tries < 500; tries++) {
		for (int i = 0; i < n; i++) kill(kids[i], SIGKILL);
		ms_sleep(5);
		while (waitpid(-1, &st, WNOHANG) > 0) ;
		n = children(kids, LEN(kids));
	}
	return rc;
}

static int v_deadline(int argc, char **argv)
{
	(void)argc;
	signal(SIGTERM, on_signal), signal(SIGINT, on_signal);
	pid_t pid = fork();
	if (pid < 0) die("fork");
	if (!pid) {
		signal(SIGTERM, SIG_DFL), signal(SIGINT, SIG_DFL);
		run(argv + 2);
	}
	int rc = wait_limit(pid, strtod(argv[1], NULL));
	if (rc >= 0) return rc;
	fprintf(stderr, "probe: %s: killed after %s seconds\n", argv[2], argv[1]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 124;
}

static int v_sigdfl(int argc, char **argv)	/* shells start background jobs with SIGINT ignored */
{
	sigset_t none;
	(void)argc;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < 65; i++) signal(i, SIG_DFL);
	run(argv + 1);
}

static int v_fdat(int argc, char **argv)	/* fdat N FILE CMD...: past what a shell can number */
{
	int fd = open(argv[2], O_RDONLY);
	(void)argc;
	if (fd < 0 || dup2(fd, atoi(argv[1])) < 0) die(argv[2]);
	if (fd != atoi(argv[1])) close(fd);
	run(argv + 3);
}

static int v_asuser(int argc, char **argv)	/* asuser UID GID CMD...: no groups, no capabilities */
{
	(void)argc;
	if (setgroups(0, NULL) < 0 || setresgid(atoi(argv[2]), atoi(argv[2]), atoi(argv[2])) < 0 ||
	    setresuid(atoi(argv[1]), atoi(argv[1]), atoi(argv[1])) < 0) die("setuid");
	run(argv + 3);
}

static int v_dropcap(int argc, char **argv)	/* dropcap NAME CMD...: out of the bounding set, so gone after exec */
{
	for (size_t i = 0; i < LEN(caps); i++)
		if (!strcasecmp(caps[i], argv[1]) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0) die("drop %s", argv[1]);
	(void)argc;
	run(argv + 2);
}

static int v_cgroup2(int argc, char **argv)	/* cgroup2 CMD...: with pure cgroup v2 in a private mount namespace */
{
	(void)argc;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) die("unshare");
	while (umount2("/sys/fs/cgroup", MNT_DETACH) == 0) ;
	if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) die("mount cgroup2");
	run(argv + 1);
}

/* One tracer for four verbs, which all count system calls as CMD (-t: or any process it starts) enters them.
 *    killat [-t] N CMD...          SIGKILL to the process that makes the Nth: 99 if that was CMD, else CMD's status
 *    syscalls [-t] CMD...          how many there are
 *    swapat N[-M] A B CMD...       exchanges the names A and B (as racer does) before the Nth, and back before the
 *                                  Mth; -t is implied: every race of one exchange, one after the other
 *    failat N ERRNO LOG CMD...     the Nth fails; -t is implied.  Its number is appended to LOG.
 * What CMD leaves behind runs on untraced. */
#ifdef __x86_64__
#define SKIP_REG offsetof(struct user, regs.orig_rax)
#define RESULT_REG offsetof(struct user, regs.rax)
#endif

static const uint64_t never_fail[] = { SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_close, SYS_set_tid_address,
#ifdef SYS_arch_prctl
	SYS_arch_prctl,
#endif
};

static int fail_call(pid_t p, int entry, int err)
{
#ifdef SKIP_REG
	return ptrace(PTRACE_POKEUSER, p, entry ? SKIP_REG : RESULT_REG, entry ? -1L : (long)-err);
#else
	(void)p, (void)entry, (void)err;
	return puts("failat: not written for this machine"), -1;
#endif
}

static int v_killat(int argc, char **argv)
{
	enum { COUNT = 's' + 'y', SWAP = 's' + 'w', FAIL = 'f' + 'a', KILL = 'k' + 'i' } verb = argv[0][0] + argv[0][1];
	int tree = verb == SWAP || verb == FAIL, st, go[2], err = 0;
	long n = 0, at = -1, back = -1, opt = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
	struct { uint8_t op, pad[3]; uint32_t arch; uint64_t ip, sp, nr, args[6]; } info;
	const char *from = NULL, *to = NULL;
	char **cmd = argv + 1, *end, c;
	pid_t pid, p, hit = 0;

#ifndef SKIP_REG
	if (verb == FAIL) return puts("failat: not written for this machine"), 125;
#endif
	if (*cmd && !strcmp(*cmd, "-t")) tree = 1, cmd++;
	if (verb != COUNT && *cmd) {
		at = strtol(*cmd++, &end, 10);
		if (*end == '-') back = atol(end + 1);
	}
	if ((verb == SWAP || verb == FAIL) && argc > 4) from = *cmd++, to = *cmd++;
	if (verb == FAIL && from) err = word_value(errnos, LEN(errnos), "", from);
	if (!*cmd || err < 0) return 2;
	if (tree) opt |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	if (pipe(go) < 0 || (pid = fork()) < 0) die("fork");
	if (!pid) {
		close(go[1]);
		if (read(go[0], &c, 1) < 0) die("read");	/* until it is traced */
		close(go[0]);
		run(cmd);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, opt) < 0) die("ptrace");
	close(go[0]), close(go[1]);
	while ((p = waitpid(-1, &st, __WALL)) > 0) {
		long sig = 0;
		if (!WIFSTOPPED(st)) {
			if (p != pid) continue;
			if (verb == COUNT) printf("%ld\n", n);
			return verb == KILL && hit == pid ? 99 : exit_code(st);
		}
		if (WSTOPSIG(st) == (SIGTRAP | 0x80)) {
			memset(&info, 0, sizeof info);
			ptrace(0x420e /* PTRACE_GET_SYSCALL_INFO */, p, sizeof info, &info);
			int entry = info.op == 1;
			n += entry;
			/* calls that cannot fail, or like close do their work even if they say so */
			if (verb == FAIL && entry && n == at)
				for (size_t k = 0; k < LEN(never_fail); k++) at += info.nr == never_fail[k];
			if (entry && verb == SWAP && (n == at || n == back)) {
				syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 2 /* RENAME_EXCHANGE */);
			} else if (verb == FAIL && ((entry && n == at) || (!entry && hit == p))) {
				if (fail_call(p, entry, err) < 0) return 125;
				hit = entry ? p : 0;
				FILE *f = entry ? fopen(to, "ae") : NULL;
				if (f) fprintf(f, "call %ld: %s %s\n", n, p == pid ? "CMD" : "child", word_name(syscalls, LEN(syscalls), info.nr)), fclose(f);
			} else if (entry && verb == KILL && n == at && !kill(p, SIGKILL)) {
				hit = p;
			}
		} else if (st >> 16 == 0) {
			sig = WSTOPSIG(st);
		}
		ptrace(PTRACE_SYSCALL, p, 0, sig);
	}
	die("wait");
}

/* nosys NAME,NAME... CMD...: a seccomp filter, so what CMD starts has them neither */
static int v_nosys(int argc, char **argv)
{
	struct sock_filter f[64] = { { 0x20 /* ld nr */, 0, 0, 0 } };
	struct sock_fprog prog = { 1, f };
	unsigned no = !strcmp(argv[0], "noperm") ? EPERM : ENOSYS;
	char *save = NULL;
	(void)argc;
	for (char *s = strtok_r(argv[1], ",", &save); s && prog.len < LEN(f) - 4; s = strtok_r(NULL, ",", &save)) {
		long nr = word_value(syscalls, LEN(syscalls), "", s);
		if (nr < 0) return printf("unknown syscall %s\n", s), 2;
		f[prog.len++] = (struct sock_filter){ 0x15 /* jeq */, 0, 1, nr };
		f[prog.len++] = (struct sock_filter){ 0x06 /* ret */, 0, 0, 0x00050000u | no };
#ifdef SYS_socketcall
		if (nr == SYS_socketpair) {     /* the C library's other way */
			f[prog.len++] = (struct sock_filter){ 0x15, 0, 1, SYS_socketcall };
			f[prog.len++] = (struct sock_filter){ 0x06, 0, 0, 0x00050000u | no };
		}
#endif
	}
	f[prog.len++] = (struct sock_filter){ 0x06, 0, 0, 0x7fff0000u };
	if (syscall(SYS_seccomp, 1, 0, &prog) < 0) die("seccomp");
	run(argv + 2);
}

/* Relays a terminal master to out until it closes; text is typed first, line by line. */
static void relay(int master, int out, const char *text, double secs)
{
	double end = now() + secs;
	if (text) {
		write_all(master, text, strlen(text));
		write_all(master, "\n", 1);
	}
	while (now() < end) {
		struct pollfd p = { master, POLLIN, 0 };
		char b[4096];
		if (poll(&p, 1, 100) <= 0) continue;
		ssize_t n = read(master, b, sizeof b);
		if (n <= 0) return;		/* EIO: the last slave is closed */
		if (write_all(out, b, n) < 0) return;
	}
}

static void set_size(int fd, const char *rxc)
{
	struct winsize w = { 0 };
	int r, c;
	if (sscanf(rxc, "%dx%d", &r, &c) != 2) return;
	w.ws_row = r, w.ws_col = c;
	ioctl(fd, TIOCSWINSZ, &w);
}

static int v_pty(int argc, char **argv)		/* pty [-i TEXT] [-r RxC] [-w RxC] [-t SECS] CMD... */
{
	const char *text = NULL, *size = "24x80", *later = NULL;
	double secs = 30;
	int o, m;
	while ((o = getopt(argc, argv, "+i:r:w:t:")) > 0)
		switch (o) {
		case 'i': text = optarg; break;
		case 'r': size = optarg; break;
		case 'w': later = optarg; break;
		case 't': secs = strtod(optarg, NULL); break;
		default: return 2;
		}
	if (optind >= argc) return 2;
	pid_t pid = forkpty(&m, NULL, NULL, NULL);
	if (pid < 0) die("forkpty");
	if (!pid) {
		set_size(0, size);
		run(argv + optind);
	}
	if (later) {		/* not before CMD has shown something: it is listening then */
		struct pollfd p = { m, POLLIN, 0 };
		poll(&p, 1, secs * 1000);
		set_size(m, later);
	}
	relay(m, 1, text, secs);
	int rc = wait_limit(pid, 2);
	if (rc < 0) { kill(pid, SIGKILL); return 124; }
	return rc;
}

/* ---- sockets ---------------------------------------------------------------------------------- */

static int unix_listen(const char *path, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof a.sun_path) { errno = ENAMETOOLONG; die("%s", path); }
	strcpy(a.sun_path, path);
	int s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	unlink(path);
	if (s < 0 || bind(s, (void *)&a, sizeof a) < 0 || (type == SOCK_STREAM && listen(s, 8) < 0)) die("%s", path);
	return s;
}

static int recv_fd(int s, char *data, size_t size, ssize_t *len)
{
	struct iovec v = { data, size - 1 };
	union { struct cmsghdr h; char b[CMSG_SPACE(16 * sizeof(int))]; } c;
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c };
	int fd = -1;
	*len = recvmsg(s, &m, MSG_CMSG_CLOEXEC);
	data[*len > 0 ? *len : 0] = 0;
	if (*len > 0 && CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return fd;
}

/* Seccomp notifications answered with an errno (or "continue"); one line for each. */
static void answer(int fd, const char *with)
{
	struct { uint64_t id; uint32_t pid, flags; int32_t nr; uint32_t arch; uint64_t ip, args[6]; } q;
	struct { uint64_t id; int64_t val; int32_t error; uint32_t flags; } r;
	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		if (poll(&p, 1, 10000) <= 0 || !(p.revents & POLLIN)) return;
		memset(&q, 0, sizeof q), memset(&r, 0, sizeof r);
		if (ioctl(fd, 0xc0502100 /* SECCOMP_IOCTL_NOTIF_RECV */, &q) < 0) return;
		printf("notify nr=%d pid=%u\n", q.nr, q.pid);
		fflush(stdout);
		r.id = q.id;
		if (!strcmp(with, "continue")) r.flags = 1;
		else r.error = -word_value(errnos, LEN(errnos), "", with);
		ioctl(fd, 0xc0182101 /* SECCOMP_IOCTL_NOTIF_SEND */, &r);
	}
}

static int v_recvfd(int argc, char **argv)
{
	const char *text = NULL, *file = NULL, *size = NULL, *notify = NULL;
	char data[65536], p[64], t[PATH_MAX];
	double secs = 30;
	int o;
	while ((o = getopt(argc, argv, "o:i:r:n:t:")) > 0)
		switch (o) {
		case 'o': file = optarg; break;
		case 'i': text = optarg; break;
		case 'r': size = optarg; break;
		case 'n': notify = optarg; break;
		case 't': secs = strtod(optarg, NULL); break;
		default: return 2;
		}
	if (optind >= argc) return 2;
	int s = unix_listen(argv[optind], SOCK_STREAM);
	struct pollfd pf = { s, POLLIN, 0 };
	if (poll(&pf, 1, secs * 1000) <= 0) return puts("nobody came"), 124;
	int c = accept4(s, NULL, NULL, SOCK_CLOEXEC);
	ssize_t n;
	int fd = recv_fd(c, data, sizeof data, &n);
	printf("data: %s\n", data);
	if (fd < 0) return puts("fd: none"), 1;
	snprintf(p, sizeof p, "/proc/self/fd/%d", fd);
	ssize_t l = readlink(p, t, sizeof t - 1);
	t[l < 0 ? 0 : l] = 0;
	printf("fd: %s\ntty: %s\n", t, isatty(fd) ? "yes" : "no");
	if (strstr(t, "pidfd")) {		/* "Pid:" of fdinfo names the process */
		snprintf(p, sizeof p, "/proc/self/fdinfo/%d", fd);
		char *i = slurp(p, NULL), *k = i ? strstr(i, "\nPid:") : NULL;
		if (k) printf("pid: %d\n", atoi(k + 5));
	}
	fflush(stdout);
	if (notify) {
		pf.fd = c;
		printf("closed: %s\n", poll(&pf, 1, 5000) > 0 && read(c, data, sizeof data) == 0 ? "yes" : "no");
		fflush(stdout);
		return answer(fd, notify), 0;
	}
	if (!isatty(fd)) return 0;
	if (size) set_size(fd, size);
	int out = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : 1;
	relay(fd, out, text, secs);
	return 0;
}

static int v_recvdgram(int argc, char **argv)	/* recvdgram SOCKET [SECS]: every datagram until SECS passed */
{
	int s = unix_listen(argv[1], SOCK_DGRAM), rc = 1;
	chmod(argv[1], 0777);
	for (double end = now() + (argc > 2 ? strtod(argv[2], NULL) : 5); now() < end; ) {
		struct pollfd p = { s, POLLIN, 0 };
		char b[4096];
		ssize_t n;
		if (poll(&p, 1, 100) <= 0) continue;
		int fd = recv_fd(s, b, sizeof b, &n);
		printf("%s%s\n", b, fd >= 0 ? " +fd" : "");
		fflush(stdout);
		if (fd >= 0) close(fd);		/* BARRIER=1 waits for this */
		rc = 0;
	}
	return rc;
}

static int v_senddgram(int argc, char **argv)	/* senddgram SOCKET TEXT (what sd_notify does) */
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	(void)argc;
	snprintf(a.sun_path, sizeof a.sun_path, "%s", argv[1]);
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return result(sendto(s, argv[2], strlen(argv[2]), 0, (void *)&a, sizeof a), "send", argv[1]);
}

/* ---- the rest ------------------------------------------------------------------------------------ */

/* hook FILE WORD [STATUS]: appends one line "WORD stdin-without-newlines" to FILE: made for OCI hooks */
static int v_hook(int argc, char **argv)
{
	char *in = slurp_fd(0, NULL);
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0) return bad("open %s", argv[1]);
	for (char *p = in; p && *p; p++) if (*p == '\n') *p = ' ';
	dprintf(fd, "%s %s\n", argv[2], in ? in : "");
	return argc > 3 ? atoi(argv[3]) : 0;
}

static int v_racer(int argc, char **argv)	/* racer A B: swaps the two names until killed */
{
	(void)argc;
	puts("ready");
	fflush(stdout);
	for (;;)
		if (syscall(SYS_renameat2, AT_FDCWD, argv[1], AT_FDCWD, argv[2], 2 /* RENAME_EXCHANGE */) < 0 && errno != ENOENT)
			return bad("renameat2");
}

static int v_all(int argc, char **argv);	/* the one forward declaration: "help" and "selftest" walk the table */

static const struct verb { const char *name, *args; int min; int (*fn)(int, char **); const char *help; } verbs[] = {
	{ "bits", "", 0, v_bits, "of a word of this machine's system calls: 32 or 64" },
	{ "id", "", 0, v_id, "uid, gid, groups, umask" },
	{ "caps", "[PID]", 0, v_caps, "five capability sets by name" },
	{ "caphex", "[PID]", 0, v_caphex, "five capability sets in hex" },
	{ "nnp", "[PID]", 0, v_field, "no_new_privs: 0 or 1" },
	{ "seccomp", "[PID]", 0, v_field, "seccomp mode: 0, 1 or 2" },
	{ "pid", "", 0, v_pid, "pid, ppid, pgid, sid, and what /proc says" },
	{ "fds", "", 0, v_fds, "open descriptors and where they lead" },
	{ "nofiles", "", 0, v_nofiles, "how many descriptors can be opened" },
	{ "listen-fds", "", 0, v_listen, "LISTEN_* and the open descriptors" },
	{ "env", "[NAME]", 0, v_env, "environment" },
	{ "args", "WORD...", 0, v_args, "the arguments, one a line in brackets" },
	{ "cwd", "", 0, v_cwd, "working directory as the kernel says it" },
	{ "rlimits", "[NAME]", 0, v_rlimits, "NAME soft hard" },
	{ "ns", "[TYPE|all [PID]]", 0, v_ns, "namespaces: mnt net pid ..." },
	{ "hostname", "", 0, v_uts, "host name" },
	{ "domainname", "", 0, v_uts, "domain name" },
	{ "machine", "", 0, v_uts, "machine of uname (i686 under LINUX32)" },
	{ "personality", "", 0, v_personality, "personality in hex" },
	{ "oomadj", "", 0, v_oomadj, "oom_score_adj" },
	{ "bpf-devices", "CGROUP", 1, v_bpf_devices, "give a cgroup a device program that allows all" },
	{ "bpf-programs", "", 0, v_bpf_programs, "how many BPF programs the kernel holds" },
	{ "sched", "[PID]", 0, v_sched, "scheduling attributes" },
	{ "rt", "fifo|deadline", 1, v_rt, "try realtime scheduling" },
	{ "ioprio", "", 0, v_ioprio, "I/O priority" },
	{ "affinity", "[PID]", 0, v_affinity, "cpus" },
	{ "mempolicy", "", 0, v_mempolicy, "NUMA memory policy" },
	{ "keyring", "", 0, v_keyring, "description of the session keyring" },
	{ "exe", "[PID]", 0, v_exe, "/proc/PID/exe" },
	{ "label", "[FILE]", 0, v_label, "LSM label" },
	{ "sigs", "[PID]", 0, v_sigs, "blocked and ignored signals in hex" },
	{ "mounts", "[PID]", 0, v_mounts, "TARGET TYPE FLAGS PROPAGATION SOURCE SUPER ROOT, one line a mount" },
	{ "mount", "PATH [PID]", 1, v_mounts, "the same for the topmost mount on PATH" },
	{ "sysctl", "NAME", 1, v_sysctl, "value of a sysctl" },
	{ "cat", "[FILE...]", 0, v_cat, "contents" },
	{ "ls", "[DIR]", 0, v_ls, "sorted names" },
	{ "stat", "PATH...", 1, v_stat, "TYPE MODE UID GID [MAJOR:MINOR|TARGET], links not followed" },
	{ "statfs", "PATH", 1, v_statfs, "file system magic and free bytes" },
	{ "write", "FILE TEXT [append]", 2, v_write, "write a file" },
	{ "open", "PATH [r|w|rw]", 1, v_open, "open a file" },
	{ "open-dev", "PATH [r|w]", 1, v_open, "open a device and move one byte" },
	{ "mknod", "PATH c|b|p [MAJ MIN]", 2, v_mknod, "make a device" },
	{ "mkdir", "DIR", 1, v_file, "make a directory" },
	{ "rmdir", "DIR", 1, v_file, "remove a directory" },
	{ "rm", "FILE", 1, v_file, "remove a file" },
	{ "touch", "FILE", 1, v_file, "create a file" },
	{ "symlink", "TARGET PATH", 2, v_file, "make a symbolic link" },
	{ "link", "OLD NEW", 2, v_file, "make a hard link" },
	{ "rename", "OLD NEW", 2, v_file, "rename" },
	{ "readlink", "PATH", 1, v_file, "target of a symbolic link" },
	{ "chmod", "PATH MODE", 2, v_file, "change the mode" },
	{ "chown", "PATH UID GID", 3, v_file, "change the owner" },
	{ "xattr", "PATH NAME [VALUE]", 2, v_file, "get or set an extended attribute" },
	{ "chroot", "DIR", 1, v_file, "try chroot" },
	{ "mountfs", "SRC DIR TYPE [DATA]", 3, v_mountfs, "try mount; TYPE also bind rbind remount-rw remount-ro shared private slave" },
	{ "umount", "DIR", 1, v_file, "try umount" },
	{ "unshare", "TYPE... [-- CMD...]", 1, v_unshare, "try new namespaces (+mnt: a peer of this one)" },
	{ "tty", "", 0, v_tty, "which of 0 1 2 are terminals, size, controlling terminal" },
	{ "winsize", "[wait]", 0, v_winsize, "terminal size; wait: again after SIGWINCH" },
	{ "tiocsti", "", 0, v_tiocsti, "try to push input back to the terminal" },
	{ "netif", "[NAME]", 0, v_netif, "interfaces: NAME up|down mtu=N ADDRESS..." },
	{ "netdev", "add|del|up|down|mtu|mac|alt|addr NAME [ARG...]", 2, v_netdev, "make and change network devices" },
	{ "sleep", "[SECS]", 0, v_sleep, "sleep" },
	{ "exit", "[N]", 0, v_exit, "exit with N" },
	{ "true", "", 0, v_exit, "exit with 0" },
	{ "false", "", 0, v_exit, "exit with 1" },
	{ "say", "[-e] WORD...", 0, v_say, "print words (-e: on stderr)" },
	{ "signal-self", "SIG", 1, v_signal_self, "die of a signal" },
	{ "trap", "SIG...", 0, v_trap, "print \"ready\", then the name of every signal; TERM ends it with 7" },
	{ "spawn", "N", 0, v_spawn, "N sleeping children, \"ready\"" },
	{ "daemonize", "[SECS]", 0, v_daemonize, "leave a sleeping daemon behind" },
	{ "zombie", "[SECS]", 0, v_zombie, "hold an unreaped child" },
	{ "syscall", "NR|NAME [ARG...]", 1, v_syscall, "one raw system call" },
	{ "sigsys", "NAME", 1, v_watch, "make a system call and show the SIGSYS it gets" },
	{ "thread", "NAME", 1, v_watch, "make a system call in a second thread: is the first alive?" },
	{ "tracer", "CMD...", 1, v_tracer, "trace CMD: the system calls that a filter hands over" },
	{ "memory", "MB [SECS]", 1, v_memory, "touch memory" },
	{ "burn", "SECS", 1, v_burn, "use the cpu" },
	{ "forkbomb", "N", 1, v_forkbomb, "how many forks succeed" },
	{ "escape", "NAME", 1, v_escape, "try to find a file outside of the container's root" },
	{ "ptrace", "PID", 1, v_ptrace, "try to trace a process" },
	{ "overwrite-exe", "PID|watch [SECS]", 1, v_overwrite_exe, "try to write to the executable of another process" },
	{ "spy", "SECS", 1, v_spy, "look into processes that are not this program yet" },
	{ "hook", "FILE WORD [STATUS]", 2, v_hook, "append WORD and stdin to FILE" },
	{ "senddgram", "SOCKET TEXT", 2, v_senddgram, "send a datagram" },
	{ "json", "get|keys|len|type PATH [FILE] | check [FILE] | edit FILE EDIT...", 1, v_json, "read or edit JSON (EDIT: P=V, P+=V, P-)" },
	{ "bundle", "DIR TEMPLATE [EDIT...]", 2, v_bundle, "make a bundle" },
	{ "recvfd", "[-o FILE] [-i TEXT] [-r RxC] [-n ERRNO|continue] [-t SECS] SOCKET", 1, v_recvfd, "receive a descriptor" },
	{ "recvdgram", "SOCKET [SECS]", 1, v_recvdgram, "print datagrams" },
	{ "killat", "[-t] N CMD...", 2, v_killat, "kill CMD (-t: or a child) at the Nth system call (99: done)" },
	{ "syscalls", "[-t] CMD...", 1, v_killat, "count CMD's system calls (-t: its children's too)" },
	{ "swapat", "N[-M] A B CMD...", 4, v_killat, "exchange two names at the Nth system call of CMD's tree" },
	{ "failat", "N ERRNO LOG CMD...", 4, v_killat, "let the Nth system call of CMD's tree fail" },
	{ "nosys", "NAME[,NAME...] CMD...", 2, v_nosys, "run without these system calls: ENOSYS, as on an old kernel" },
	{ "noperm", "NAME[,NAME...] CMD...", 2, v_nosys, "the same with EPERM, as old container hosts answer" },
	{ "asuser", "UID GID CMD...", 3, v_asuser, "run as a user without groups" },
	{ "dropcap", "NAME CMD...", 2, v_dropcap, "run without a capability" },
	{ "deadline", "SECS CMD...", 2, v_deadline, "time limit (124)" },
	{ "fdat", "N FILE CMD...", 3, v_fdat, "run with a file open as descriptor N" },
	{ "sigdfl", "CMD...", 1, v_sigdfl, "run with all signals at default" },
	{ "reap", "[-t SECS] [-m] [-l FILE] CMD...", 1, v_reap, "run as sub-reaper, list and kill what is left" },
	{ "cgroup2", "CMD...", 1, v_cgroup2, "run with pure cgroup v2 in a private mount namespace" },
	{ "pty", "[-i TEXT] [-r RxC] [-w RxC] [-t SECS] CMD...", 1, v_pty, "run on a new terminal" },
	{ "racer", "A B", 2, v_racer, "exchange two names until killed" },
	{ "selftest", "", 0, v_all, "check the JSON editor and the tables" },
	{ "help", "", 0, v_all, "this list" },
};

static int check(const char *json, const char *edit, const char *want)
{
	char *buf = NULL;
	size_t n;
	FILE *f = open_memstream(&buf, &n);
	struct json *j = json_from(json);
	if (!j || !f) return printf("selftest: cannot read %s\n", json), 1;
	json_edit(j, edit);
	json_print(f, j);
	fclose(f);
	if (!strcmp(buf, want)) return 0;
	printf("selftest: %s %s: got %s, want %s\n", json, edit, buf, want);
	return 1;
}

static int v_all(int argc, char **argv)
{
	int bad_count = 0;
	(void)argc;
	if (!strcmp(argv[0], "help")) {
		for (size_t i = 0; i < LEN(verbs); i++)
			printf("%-14s %-24s %s\n", verbs[i].name, verbs[i].args, verbs[i].help);
		return 0;
	}
	bad_count += check("{\"a\":{\"b\":[1,2]}}", "a.b.1=x", "{\"a\":{\"b\":[1,\"x\"]}}");
	bad_count += check("{\"a\":[{\"t\":\"n\",\"v\":1},{\"t\":\"m\"}]}", "a.[t=m].v={}", "{\"a\":[{\"t\":\"n\",\"v\":1},{\"t\":\"m\",\"v\":{}}]}");
	bad_count += check("{\"a\":[{\"t\":\"n\"},{\"t\":\"m\"}]}", "a.[t=n]-", "{\"a\":[{\"t\":\"m\"}]}");
	bad_count += check("{}", "x.[k.l]=1", "{\"x\":{\"k.l\":1}}");
	bad_count += check("{}", "x.y+=1", "{\"x\":{\"y\":[1]}}");
	bad_count += check("{\"x\":[]}", "x+={\"a\":\"=\"}", "{\"x\":[{\"a\":\"=\"}]}");
	bad_count += check("{\"process\":{\"args\":[\"a\"],\"z\":0}}", "args=b c", "{\"process\":{\"args\":[\"b\",\"c\"],\"z\":0}}");
	static const char *const not_json[] = { "{\"a\"}", "{,}", "[1,,2]", "[1 2]", "{\"a\":tru}", "{\"a\":1,}", "", "{} {}", "\"a" };
	for (size_t i = 0; i < LEN(not_json); i++)
		if (json_from(not_json[i])) bad_count++, printf("selftest: accepted %s\n", not_json[i]);
	for (size_t i = 0; i < LEN(verbs); i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(verbs[i].name, verbs[k].name)) bad_count++, printf("selftest: %s twice\n", verbs[i].name);
	puts(bad_count ? "selftest: bad" : "selftest: good");
	return bad_count != 0;
}

int main(int argc, char **argv)
{
	char *base = argc ? strrchr(argv[0], '/') : NULL, *name = base ? base + 1 : argc ? argv[0] : "";
	/* "probe verb", or a link named like the verb */
	for (int shift = 0; shift < 2 && shift < argc; shift++) {
		for (size_t i = 0; i < LEN(verbs); i++) {
			if (strcmp(verbs[i].name, shift ? argv[1] : name)) continue;
			if (argc - shift - 1 < verbs[i].min) {
				fprintf(stderr, "usage: probe %s %s\n", verbs[i].name, verbs[i].args);
				return 2;
			}
			argv[shift] = (char *)verbs[i].name;
			int rc = verbs[i].fn(argc - shift, argv + shift);
			return fflush(stdout) ? 1 : rc;
		}
	}
	fprintf(stderr, "usage: probe VERB ARGS... (\"probe help\" lists them)\n");
	return 2;
}
