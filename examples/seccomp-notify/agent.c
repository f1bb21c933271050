/* agent.c - a seccomp agent: makes device nodes for containers that may not.
 *
 *	agent SOCKET MAJOR:MINOR...
 *
 * Listens on SOCKET, which config.json names as linux.seccomp.listenerPath.  The runtime connects once for
 * each process that gets a filter with SCMP_ACT_NOTIFY, and sends the container process state and, with it,
 * the filter's listener.  From then on mknod(2) and mknodat(2) of the container wait here: a character device
 * of the list is made for them, anything else is EPERM.  One line on stdout for each state and each answer.
 *
 * Build: cc -static -Os -o agent agent.c  (any libc, no library).  Linux 5.9 or later.
 *
 * The rules for all agents (seccomp_unotify(2)):
 *  - What a pointer of the call leads to is read from /proc/PID/mem, and between the call and the answer the
 *    pid may have become another's.  So: open first, then ask whether the notification is still valid.
 *  - The caller can change its memory at any time.  What was read once is used; nothing that was checked is
 *    left to the kernel to read again (SECCOMP_USER_NOTIF_FLAG_CONTINUE is no answer to a check).
 *  - Paths are the caller's: they are opened below its root, where no link leads out. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define OUR_ARCH AUDIT_ARCH_I386
#elif defined(__arm__)
#define OUR_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv)
#define OUR_ARCH AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define OUR_ARCH AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define OUR_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__loongarch__)
#define OUR_ARCH AUDIT_ARCH_LOONGARCH64
#elif defined(__mips64) && defined(__MIPSEL__)
#define OUR_ARCH AUDIT_ARCH_MIPSEL64
#elif defined(__mips64)
#define OUR_ARCH AUDIT_ARCH_MIPS64
#elif defined(__MIPSEL__)
#define OUR_ARCH AUDIT_ARCH_MIPSEL
#elif defined(__mips__)
#define OUR_ARCH AUDIT_ARCH_MIPS
#else
#error add the AUDIT_ARCH of this machine
#endif

static char **allowed;                  /* MAJOR:MINOR, up to a NULL */

struct caller { uid_t uid; gid_t gid; mode_t umask; };  /* as the host sees it */

static int still_waiting(int listener, uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int open_of(pid_t pid, const char *what, int flags)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
	return open(path, flags | O_CLOEXEC);
}

/* The process's file system ids and umask.  -1: gone. */
static int read_caller(pid_t pid, struct caller *c)
{
	char text[4096], *at;
	int fd = open_of(pid, "status", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0) close(fd);
	if (n < 0) return -1;
	text[n] = 0;
	if ((at = strstr(text, "\nUmask:")) == NULL) return -1;
	c->umask = (mode_t)strtoul(at + 7, NULL, 8);
	if ((at = strstr(text, "\nUid:")) == NULL) return -1;
	at += 5;
	for (int i = 0; i < 4; i++) c->uid = (uid_t)strtoul(at, &at, 10);       /* the 4th: fsuid */
	if ((at = strstr(text, "\nGid:")) == NULL) return -1;
	at += 5;
	for (int i = 0; i < 4; i++) c->gid = (gid_t)strtoul(at, &at, 10);
	return 0;
}

/* The path argument.  One read: a second could find another text. */
static int read_path(int listener, const struct seccomp_notif *q, uint64_t address, char path[PATH_MAX])
{
	int fd = open_of((pid_t)q->pid, "mem", O_RDONLY);
	ssize_t n = -1;

	if (fd >= 0 && still_waiting(listener, q->id))  /* the memory is the caller's */
		n = pread(fd, path, PATH_MAX, (off_t)address);  /* less where the next page is not mapped */
	if (fd >= 0) close(fd);
	return n > 0 && memchr(path, 0, (size_t)n) ? 0 : -1;
}

/* The directory that `path` names an entry of, and the entry's name. */
static int open_parent(pid_t pid, int dirfd, char *path, const char **name)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	char *slash = strrchr(path, '/'), at[32] = "cwd";
	int base, fd;

	if (dirfd != AT_FDCWD) snprintf(at, sizeof at, "fd/%d", dirfd);
	if (path[0] != '/') how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	base = open_of(pid, path[0] == '/' ? "root" : at, O_PATH | O_DIRECTORY);
	if (base < 0) return -1;
	*name = slash ? slash + 1 : path;
	if (slash) *slash = 0;
	fd = (int)syscall(SYS_openat2, base, !slash ? "." : slash == path ? "/" : path, &how, sizeof how);
	close(base);
	return fd;
}

/* Makes the node as the container asked for it.  Returns 0 or an errno. */
static int make_node(int listener, const struct seccomp_notif *q, const uint64_t *args, int dirfd)
{
	mode_t mode = (mode_t)args[1];
	dev_t dev = (dev_t)(uint32_t)args[2];
	char path[PATH_MAX], number[32];
	struct caller who = { 0 };
	const char *name;
	int i = 0, no = 0;

	snprintf(number, sizeof number, "%u:%u", major(dev), minor(dev));
	while (allowed[i] && strcmp(allowed[i], number) != 0) i++;
	if (!S_ISCHR(mode) || !allowed[i]) return EPERM;
	if (read_caller((pid_t)q->pid, &who) < 0) return EPERM;
	if (read_path(listener, q, args[0], path) < 0) return EFAULT;
	int dir = open_parent((pid_t)q->pid, dirfd, path, &name);

	if (dir < 0) return errno == EXDEV ? EPERM : errno;
	if (!still_waiting(listener, q->id)) no = ESRCH;        /* the directory is its */
	else if (mknodat(dir, name, S_IFCHR | (mode & 0777 & ~who.umask), dev) < 0) no = errno;
	else if (fchownat(dir, name, who.uid, who.gid, AT_SYMLINK_NOFOLLOW) < 0) no = errno;
	close(dir);
	return no;
}

static int decide(int listener, const struct seccomp_notif *q)
{
	if (q->data.arch != OUR_ARCH) return EPERM;             /* the numbers are another's */
#ifdef SYS_mknod
	if (q->data.nr == SYS_mknod) return make_node(listener, q, (const uint64_t *)q->data.args, AT_FDCWD);
#endif
	if (q->data.nr == SYS_mknodat)
		return make_node(listener, q, (const uint64_t *)q->data.args + 1, (int)q->data.args[0]);
	return ENOSYS;
}

/* Answers one container until its last process with the filter is gone. */
static void serve(int listener)
{
	static union { struct seccomp_notif q; char room[1024]; } in;   /* kernels may have longer ones */
	static union { struct seccomp_notif_resp a; char room[1024]; } out;
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0 ||
	    sizes.seccomp_notif > sizeof in || sizes.seccomp_notif_resp > sizeof out) return;
	for (;;) {
		struct pollfd p = { .fd = listener, .events = POLLIN };

		if (poll(&p, 1, -1) < 0 || !(p.revents & POLLIN)) return;
		memset(&in, 0, sizeof in);
		memset(&out, 0, sizeof out);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &in.q) < 0) {
			if (errno == ENOENT || errno == EINTR) continue;        /* it was killed */
			return;
		}
		int no = decide(listener, &in.q);

		printf("call %d of pid %u: %s\n", in.q.data.nr, in.q.pid, no ? strerror(no) : "done");
		out.a.id = in.q.id;
		out.a.error = -no;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &out.a);
	}
}

/* One state: JSON, with the listener beside its first byte.  Ends with the connection. */
static int receive(int s)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } u;
	char text[65536];
	struct iovec v = { text, sizeof text - 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof u };
	ssize_t n = recvmsg(s, &m, MSG_CMSG_CLOEXEC), more = n;
	int fd = -1;

	if (n > 0 && CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	while (more > 0 && (size_t)n < sizeof text - 1) {
		more = read(s, text + n, sizeof text - 1 - (size_t)n);
		if (more > 0) n += more;
	}
	text[n > 0 ? n : 0] = 0;
	for (char *c = text; *c; c++) if (*c == '\n') *c = ' ';
	printf("state %s\n", text);
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), c;

	if (argc < 2 || strlen(argv[1]) >= sizeof a.sun_path) {
		fprintf(stderr, "usage: agent SOCKET MAJOR:MINOR...\n");
		return 1;
	}
	allowed = argv + 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGCHLD, SIG_IGN);                       /* no zombies */
	strcpy(a.sun_path, argv[1]);
	unlink(argv[1]);
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof a) < 0 || chmod(argv[1], 0600) < 0 || listen(s, 8) < 0) {
		perror(argv[1]);
		return 1;
	}
	printf("ready\n");
	while ((c = accept4(s, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		int listener = receive(c);

		close(c);
		if (listener >= 0 && fork() == 0) {
			close(s);
			serve(listener);
			_exit(0);
		}
		if (listener >= 0) close(listener);     /* the child's: its end must be the end */
	}
	return 1;
}
