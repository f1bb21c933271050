/* floor.c - the least a runtime must do: the lower bound `make bench` measures against.
 *
 * Everything the default config (`spec`, terminal false) asks for, as bare system calls with
 * the values written in: no JSON, no checks, no roll-back. It is a yardstick and not a runtime:
 * a root file system that lays traps (symlinks under /proc or /dev) is believed, and the binary
 * is not protected from the container. Each step names the config field it serves.
 *
 *	floor run ROOTFS CMD...         create, start, wait, delete
 *	floor times ROOTFS CMD...       the same, and print the microseconds of each step
 *	floor exec PID CMD...           a second process in the container of PID
 *	floor create ID ROOTFS CMD...   then: floor start|state|kill|delete ID
 *	floor true                      nothing: what starting a static program costs
 *
 * Called as `true` it does nothing and as `sleep` it sleeps: the benchmark's root file system
 * holds this binary alone, so that the container's own start-up weighs as little as it can.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CGROUP "/sys/fs/cgroup/floor-"
#define STATE "/run/floor/"

static const char *const env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL };

struct container {
	char cgroup[128], state[128], fifo[128];        /* paths, made from the ID */
	int cgroup_fd;
	int ready;              /* create: init says it is ready by closing this pipe with a byte */
	int fifo_fd;            /* create: init waits on this FIFO for start; run: -1 */
};

/* ---- errors and step times ---- */

/* Shared with the child. One track per process, so that each delta is that process's own time. */
static struct times {
	struct track { int n; const char *what[32]; int64_t at[32]; } parent, child;
} *times;

static void mark(struct track *t, const char *what)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	t->what[t->n] = what;
	t->at[t->n++] = now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* "This step is over": nothing but a test of a pointer unless times are wanted. */
static void done(const char *what) { if (times) mark(&times->child, what); }
static void host_done(const char *what) { if (times) mark(&times->parent, what); }

static void print_track(const char *who, const struct track *t)
{
	for (int i = 1; i < t->n; i++)
		printf("%s\t%s\t%.1f\n", who, t->what[i], (t->at[i] - t->at[i - 1]) / 1e3);
}

static long must(long r, const char *what)
{
	if (r >= 0)
		return r;
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* ---- linux.resources.devices: deny all, then the default devices ---- */

/* major:minor is one 32-bit number, as in the kernel (12 and 20 bits): a rule is one compare. */
static int device_prog(void)
{
	enum {
		LOAD = BPF_LDX | BPF_MEM | BPF_W, MOV = BPF_ALU64 | BPF_MOV | BPF_K,
		COPY = BPF_ALU64 | BPF_MOV | BPF_X, AND = BPF_ALU64 | BPF_AND | BPF_K,
		OR = BPF_ALU64 | BPF_OR | BPF_X, SHL = BPF_ALU64 | BPF_LSH | BPF_K,
		SHR = BPF_ALU64 | BPF_RSH | BPF_K, JEQ = BPF_JMP | BPF_JEQ | BPF_K,
		JNE = BPF_JMP | BPF_JNE | BPF_K, EXIT = BPF_JMP | BPF_EXIT,
		DENY = 18, ALLOW = 20, COUNT = 22
	};
#define DEV(major, minor) ((major) << 20 | (minor))
	/* { op, register, source register, jump from the next instruction, value } */
	static const struct bpf_insn prog[COUNT] = {
		[0] = { LOAD, 2, 1, 0, 0 },             /* access << 16 | type */
		[1] = { COPY, 3, 2, 0, 0 },
		[2] = { SHR, 3, 0, 0, 16 },
		[3] = { JEQ, 3, 0, ALLOW - 4, BPF_DEVCG_ACC_MKNOD },    /* a *:* m */
		[4] = { AND, 2, 0, 0, 0xffff },
		[5] = { JNE, 2, 0, DENY - 6, BPF_DEVCG_DEV_CHAR },
		[6] = { LOAD, 4, 1, 4, 0 },             /* major */
		[7] = { JEQ, 4, 0, ALLOW - 8, 136 },    /* c 136:* rwm: /dev/pts/N */
		[8] = { LOAD, 5, 1, 8, 0 },             /* minor */
		[9] = { SHL, 4, 0, 0, 20 },
		[10] = { OR, 4, 5, 0, 0 },
		[11] = { JEQ, 4, 0, ALLOW - 12, DEV(1, 3) },    /* null */
		[12] = { JEQ, 4, 0, ALLOW - 13, DEV(1, 5) },    /* zero */
		[13] = { JEQ, 4, 0, ALLOW - 14, DEV(1, 7) },    /* full */
		[14] = { JEQ, 4, 0, ALLOW - 15, DEV(1, 8) },    /* random */
		[15] = { JEQ, 4, 0, ALLOW - 16, DEV(1, 9) },    /* urandom */
		[16] = { JEQ, 4, 0, ALLOW - 17, DEV(5, 0) },    /* tty */
		[17] = { JEQ, 4, 0, ALLOW - 18, DEV(5, 2) },    /* ptmx */
		[DENY] = { MOV, 0, 0, 0, 0 }, { EXIT, 0, 0, 0, 0 },
		[ALLOW] = { MOV, 0, 0, 0, 1 }, { EXIT, 0, 0, 0, 0 },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)prog,
		.insn_cnt = COUNT,
		.license = (uintptr_t)"MIT",
	};

	return must(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr), "load device program");
}

/* ---- init: the container's side ---- */

/* linux.namespaces[network]: a new one has its loopback down. */
static void lo_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int s = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	must(ioctl(s, SIOCSIFFLAGS, &ifr), "lo up");
	close(s);
}

/* root.path, linux.rootfsPropagation. The root is entered first, so that no later path can reach
 * the host's files: none of the default mounts has a source there. */
static void enter_root(const char *rootfs)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "make / a slave");
	must(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), "bind root");
	must(chdir(rootfs), "chdir root");
	done("root: bind");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	done("root: pivot_root");
	must(umount2(".", MNT_DETACH), "umount old root");
	must(chdir("/"), "chdir /");
	done("root: umount old root");
}

/* mounts */
static void mounts(void)
{
	const int sec = MS_NOSUID | MS_NOEXEC | MS_NODEV;
	const struct { const char *to, *type; int flags; const char *data; } m[] = {
		{ "/proc", "proc", 0, NULL },
		{ "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k" },
		{ "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		  "newinstance,ptmxmode=0666,mode=0620,gid=5" },
		{ "/dev/shm", "tmpfs", sec, "mode=1777,size=65536k" },
		{ "/dev/mqueue", "mqueue", sec, NULL },
		{ "/sys", "sysfs", sec | MS_RDONLY, NULL },
		{ "/sys/fs/cgroup", "cgroup2", sec | MS_RELATIME | MS_RDONLY, NULL },
	};

	for (size_t i = 0; i < sizeof m / sizeof *m; i++) {
		mkdir(m[i].to, 0755);           /* there already, or mount() says what is wrong */
		must(mount(m[i].type, m[i].to, m[i].type, m[i].flags, m[i].data), m[i].to);
		done(m[i].to);
	}
}

/* The devices and links the specification promises besides linux.devices (none by default). */
static void devices(void)
{
	static const struct { const char *path; int major, minor; } nodes[] = {
		{ "/dev/null", 1, 3 }, { "/dev/zero", 1, 5 }, { "/dev/full", 1, 7 },
		{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 } };
	static const struct { const char *path, *to; } links[] = {
		{ "/dev/fd", "/proc/self/fd" }, { "/dev/stdin", "/proc/self/fd/0" },
		{ "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
		{ "/dev/core", "/proc/kcore" }, { "/dev/ptmx", "pts/ptmx" } };
	mode_t mask = umask(0);

	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
		     nodes[i].path);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		must(symlink(links[i].to, links[i].path), links[i].path);
	umask(mask);
	done("devices and links");
}

/* linux.maskedPaths: a file shows /dev/null, a directory is an empty read-only tmpfs. */
static void masked(void)
{
	static const char *const paths[] = {
		"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
		"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
		"/proc/scsi", "/sys/devices/virtual/tpm" };
	const char *empty = NULL;
	struct stat st;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		/* Look first: a bind mount that fails (a file on a directory) waits for RCU. */
		if (stat(paths[i], &st) < 0)
			continue;
		if (!S_ISDIR(st.st_mode)) {
			must(mount("/dev/null", paths[i], NULL, MS_BIND, NULL), paths[i]);
		} else if (empty) {
			/* One tmpfs is enough: a bind of it costs a third of another. */
			must(mount(empty, paths[i], NULL, MS_BIND, NULL), paths[i]);
		} else {
			empty = paths[i];
			must(mount("tmpfs", empty, "tmpfs", MS_RDONLY, "nr_inodes=1"), empty);
		}
	}
	done("linux.maskedPaths");
}

/* linux.readonlyPaths, root.readonly */
static void read_only(void)
{
	static const char *const paths[] = {
		"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		if (mount(paths[i], paths[i], NULL, MS_BIND | MS_REC, NULL) < 0 && errno == ENOENT)
			continue;
		must(mount(NULL, paths[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), paths[i]);
	}
	done("linux.readonlyPaths");
	must(mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), "root read-only");
	done("root.readonly");
}

/* process.rlimits, .capabilities, .user, .noNewPrivileges: what run and exec have in common.
 * The raw calls where musl would first signal other threads, of which there are none. */
static void privileges(void)
{
	const uint32_t keep = 1 << CAP_AUDIT_WRITE | 1 << CAP_KILL | 1 << CAP_NET_BIND_SERVICE;
	const struct rlimit nofile = { 1024, 1024 };
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { { .effective = keep, .permitted = keep } };

	must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "floor"), "session keyring");
	done("session keyring");
	must(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &nofile, NULL), "process.rlimits");
	done("process.rlimits");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if ((cap > 31 || !(keep & 1U << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			break;                  /* EINVAL: past this kernel's last */
	must(syscall(SYS_setgroups, 0, NULL), "setgroups");
	must(syscall(SYS_setresgid, 0, 0, 0), "setresgid");
	must(syscall(SYS_setresuid, 0, 0, 0), "setresuid");
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient capabilities");
	must(syscall(SYS_capset, &head, caps), "capset");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	must(syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
	done("process.user, .capabilities, .noNewPrivileges");
}

static _Noreturn void init(struct container *c, const char *rootfs, char **argv)
{
	char fifo[32];

	done("(start)");
	must(setsid(), "setsid");
	/* linux.namespaces[cgroup]: clone3() would root it at our cgroup, not at the new one. */
	must(unshare(CLONE_NEWCGROUP), "unshare cgroup namespace");
	must(sethostname("floor", 5), "hostname");
	done("setsid, cgroup namespace, hostname");
	lo_up();
	done("lo up");
	enter_root(rootfs);
	mounts();
	devices();
	masked();
	read_only();
	privileges();
	if (c->fifo_fd >= 0) {
		must(write(c->ready, "", 1), "ready");
		snprintf(fifo, sizeof fifo, "/proc/self/fd/%d", c->fifo_fd);
		must(open(fifo, O_WRONLY | O_CLOEXEC), "wait for start");
	}
	must(execve(argv[0], argv, (char **)env), argv[0]);
	_exit(1);
}

/* ---- the host's side ---- */

static void names(struct container *c, const char *id)
{
	snprintf(c->cgroup, sizeof c->cgroup, CGROUP "%s", id);
	snprintf(c->state, sizeof c->state, STATE "%s", id);
	snprintf(c->fifo, sizeof c->fifo, STATE "%s.fifo", id);
	c->cgroup_fd = c->ready = c->fifo_fd = -1;
}

/* linux.cgroupsPath, .resources: all of it before init exists, so that init never has to wait. */
static void make_cgroup(struct container *c)
{
	union bpf_attr attr = { .attach_type = BPF_CGROUP_DEVICE };

	must(mkdir(c->cgroup, 0755), c->cgroup);
	c->cgroup_fd = must(open(c->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC), c->cgroup);
	host_done("linux.cgroupsPath: mkdir");
	attr.attach_bpf_fd = device_prog();
	host_done("linux.resources.devices: load");
	attr.target_fd = c->cgroup_fd;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	must(syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof attr), "attach device program");
	close(attr.attach_bpf_fd);
	host_done("linux.resources.devices: attach");
}

/* linux.namespaces, all but cgroup (see init()) */
static pid_t spawn(struct container *c, const char *rootfs, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			 CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = c->cgroup_fd,
	};
	pid_t pid = must(syscall(SYS_clone3, &args, sizeof args), "clone3");

	if (pid == 0)
		init(c, rootfs, argv);
	host_done("linux.namespaces: clone3");
	return pid;
}

static void write_state(struct container *c, pid_t pid)
{
	char text[64];
	int n = snprintf(text, sizeof text, "%d\n", pid), fd;

	fd = must(open(c->state, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), c->state);
	must(write(fd, text, n), c->state);
	close(fd);
	host_done("state file");
}

static pid_t read_state(struct container *c)
{
	char text[64] = "";
	int fd = must(open(c->state, O_RDONLY | O_CLOEXEC), c->state);

	must(read(fd, text, sizeof text - 1), c->state);
	close(fd);
	return atoi(text);
}

static void remove_cgroup(struct container *c)
{
	/* EBUSY: the kernel has reported the last process's end and not yet taken it out. */
	while (rmdir(c->cgroup) < 0)
		if (errno != EBUSY)
			must(-1, c->cgroup);
		else
			sched_yield();
}

static int cmd_run(char **argv)
{
	struct container c;
	char id[32];
	int status;
	pid_t pid;

	host_done("(start)");
	snprintf(id, sizeof id, "%d", getpid());
	names(&c, id);
	mkdir(STATE, 0700);
	make_cgroup(&c);
	pid = spawn(&c, argv[0], argv + 1);
	write_state(&c, pid);
	must(waitpid(pid, &status, 0), "wait");
	host_done("wait");
	remove_cgroup(&c);
	host_done("rmdir cgroup");
	must(unlink(c.state), c.state);
	host_done("unlink state");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int cmd_times(char **argv)
{
	int status;

	times = mmap(NULL, sizeof *times, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (times == MAP_FAILED)
		must(-1, "mmap");
	status = cmd_run(argv);
	print_track("host", &times->parent);
	print_track("init", &times->child);
	return status;
}

static int cmd_create(char **argv)
{
	struct container c;
	int ready[2];
	pid_t pid;
	char byte;

	names(&c, argv[0]);
	mkdir(STATE, 0700);
	make_cgroup(&c);
	must(mkfifo(c.fifo, 0600), c.fifo);
	c.fifo_fd = must(open(c.fifo, O_PATH | O_CLOEXEC), c.fifo);
	must(pipe2(ready, O_CLOEXEC), "pipe");
	c.ready = ready[1];
	pid = spawn(&c, argv[1], argv + 2);
	write_state(&c, pid);
	close(ready[1]);
	return must(read(ready[0], &byte, 1), "wait for init") == 1 ? 0 : 1;
}

static int cmd_start(char **argv)
{
	struct container c;
	char byte;
	int fd;

	names(&c, argv[0]);
	fd = must(open(c.fifo, O_RDONLY | O_CLOEXEC), c.fifo);
	must(read(fd, &byte, 1), c.fifo);               /* end of file: execve() closed it */
	return must(unlink(c.fifo), c.fifo);
}

static int cmd_state(char **argv)
{
	struct container c;

	names(&c, argv[0]);
	printf("%d\n", read_state(&c));
	return 0;
}

static int cmd_kill(char **argv)
{
	struct container c;
	int fd;

	names(&c, argv[0]);
	fd = must(syscall(SYS_pidfd_open, read_state(&c), 0), "pidfd_open");
	return must(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), "kill");
}

/* Of a running container as well: killed first, and waited for by its pidfd. */
static int cmd_delete(char **argv)
{
	struct container c;
	struct pollfd p = { .events = POLLIN };

	names(&c, argv[0]);
	p.fd = syscall(SYS_pidfd_open, read_state(&c), 0);
	if (p.fd >= 0) {
		syscall(SYS_pidfd_send_signal, p.fd, SIGKILL, NULL, 0);
		must(poll(&p, 1, -1), "poll");
	}
	remove_cgroup(&c);
	unlink(c.fifo);
	return must(unlink(c.state), c.state);
}

/* The parent joins the namespaces (in one call), the child is born into them and the cgroup. */
static int cmd_exec(char **argv)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | CLONE_VFORK,
		.exit_signal = SIGCHLD,
	};
	char path[64], text[1024] = "", cgroup[1100], *own;
	int pidfd, fd, status;
	pid_t pid;

	pidfd = must(syscall(SYS_pidfd_open, atoi(argv[0]), 0), "pidfd_open");
	snprintf(path, sizeof path, "/proc/%s/cgroup", argv[0]);
	fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
	must(read(fd, text, sizeof text - 1), path);
	close(fd);
	own = strstr(text, "0::");      /* the last line, below those of v1 hierarchies */
	must(own ? 0 : -1, path);
	snprintf(cgroup, sizeof cgroup, "/sys/fs/cgroup%.*s", (int)strcspn(own + 3, "\n"), own + 3);
	args.cgroup = must(open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC), cgroup);
	must(setns(pidfd, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
		   CLONE_NEWCGROUP), "setns");
	pid = must(syscall(SYS_clone3, &args, sizeof args), "clone3");
	if (pid == 0) {
		must(setsid(), "setsid");
		privileges();
		must(execve(argv[1], argv + 1, (char **)env), argv[1]);
	}
	must(waitpid(pid, &status, 0), "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; int args; int (*run)(char **); } commands[] = {
		{ "run", 2, cmd_run }, { "times", 2, cmd_times }, { "exec", 2, cmd_exec },
		{ "create", 3, cmd_create }, { "start", 1, cmd_start }, { "state", 1, cmd_state },
		{ "kill", 1, cmd_kill }, { "delete", 1, cmd_delete } };
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];

	if (!strcmp(name, "sleep"))
		return pause();
	if (!strcmp(name, "true") || (argc > 1 && !strcmp(argv[1], "true")))
		return 0;
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].args)
			return commands[i].run(argv + 2);
	fprintf(stderr, "usage: floor run|times ROOTFS CMD... | exec PID CMD... | true\n"
		"       floor create ID ROOTFS CMD... | start|state|kill|delete ID\n");
	return 1;
}
