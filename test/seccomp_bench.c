/* seccomp_bench.c - what a filter costs: the "seccomp" section of test/bench.
 *
 *	seccomp_bench PROFILE		a profile of test/data/seccomp.profiles
 *
 * For each engine one line a figure, "FIGURE ENGINE VALUE": microseconds to compile and to load, median and least of
 * rounds in which the engines take turns on one CPU; the program's instructions; how many of them the kernel executes for
 * a system call (by the interpreter of seccomp_test.h).  "tree" is libseccomp with SCMP_FLTATR_CTL_OPTIMIZE=2, "floor"
 * a program of two instructions. */
#define main rt_main
#define TEST_FAULTS 1
#if HAVE_LIBSECCOMP
#define BENCH_LIBSECCOMP_TREE bench_tree
static int bench_tree;
#endif
#include "../runtime.c"
#undef main
#define CHECK(condition, ...) do { if (!(condition)) { dprintf(2, __VA_ARGS__); dprintf(2, "\n"); exit(1); } } while (0)
#include "seccomp_test.h"

enum { ROUNDS = 101 };

static int order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct engine {
	const char *name;
	int (*compile)(const struct seccomp_conf *, struct bpf_prog *);
	int tree;
	struct sock_filter insn[BPF_MAXINSNS];
	struct bpf_prog prog;
	uint64_t compile_ns[ROUNDS], load_ns[ROUNDS];
} engines[] = {
	{ "builtin", bpf_compile },
#if HAVE_LIBSECCOMP
	{ "libseccomp", bpf_compile_libseccomp },
	{ "tree", bpf_compile_libseccomp, .tree = 1 },
#endif
	{ "floor", .insn = { { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 }, { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } },
	  .prog.len = 2 },
};

/* What a child leaves to its parent. */
static struct shared { uint64_t ns; size_t len; struct sock_filter insn[BPF_MAXINSNS]; } *shared;

static uint64_t in_child(const struct engine *e, const struct seccomp_conf *s,
			 int (*child)(const struct engine *, const struct seccomp_conf *))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) _exit(child(e, s) != 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "%s: status %#x", e->name, status);
	return shared->ns;
}

/* Each time with new memory, as in a runtime.  The parent never compiles: what it has of libseccomp's would be the
 * children's to copy. */
static int compile(const struct engine *e, const struct seccomp_conf *s)
{
	struct bpf_prog p;

#if HAVE_LIBSECCOMP
	bench_tree = e->tree;
#endif
	uint64_t t = now_ns();
	int r = e->compile(s, &p);

	shared->ns = now_ns() - t;
	CHECK(r == 0, "%s: %s", e->name, err.msg);
	shared->len = p.len;
	memcpy(shared->insn, p.insn, p.len * sizeof *p.insn);
	return 0;
}

/* A filter cannot be taken off again. */
static int load(const struct engine *e, const struct seccomp_conf *s)
{
	struct sock_fprog fprog = { .len = (unsigned short)e->prog.len, .filter = e->prog.insn };

	(void)s;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	uint64_t t = now_ns();
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog);

	shared->ns = now_ns() - t;
	CHECK(r == 0, "%s: the kernel refuses the program: %s", e->name, strerror(errno));
	return 0;
}

static void put_us(const char *figure, const char *engine, uint64_t *ns)
{
	qsort(ns, ROUNDS, sizeof *ns, order);
	printf("%s_us %s %.1f\n%s_us_min %s %.1f\n", figure, engine, (double)ns[ROUNDS / 2] / 1000, figure, engine,
	       (double)ns[0] / 1000);
}

static unsigned steps_of(const struct bpf_prog *p, int abi, int nr, uint32_t *verdict)
{
	struct seccomp_data d = { .arch = sc_archs[abi].audit, .nr = (int)sc_archs[abi].base + nr };
	unsigned steps = 0;

	*verdict = st_run(p, &d, &steps);
	return steps;
}

static void put_steps(const char *engine, const struct bpf_prog *p)
{
	static const char *const calls[] = { "read", "write", "futex", "openat", "clone3" };
	unsigned sum = 0, n = 0, all = 0;
	uint32_t verdict;

	for (size_t i = 0; i < LEN(calls); i++) {
		unsigned steps = steps_of(p, SYS_NATIVE, st_number(SYS_NATIVE, calls[i]), &verdict);
		printf("steps_%s %s %u\n", calls[i], engine, steps);
		sum += steps;
	}
	printf("steps_mean %s %.1f\n", engine, (double)sum / LEN(calls));
	for (int nr = 0; nr < 470; nr++) {
		unsigned steps = steps_of(p, SYS_NATIVE, nr, &verdict);
		if (verdict == SECCOMP_RET_ALLOW) all += steps, n++;
	}
	printf("steps_all_allowed %s %.1f\n", engine, (double)all / n);
}

int main(int argc, char **argv)
{
	static struct st_file p;
	cpu_set_t one;

	CHECK(argc == 2 && st_file_read(argv[1], &p), "usage: seccomp_bench PROFILE (at the top of the tree)");
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED, "mmap: %s", strerror(errno));
	for (int i = 0; i < ROUNDS; i++)
		for (struct engine *e = engines; e < engines + LEN(engines); e++) {
			e->prog.insn = e->insn;
			if (e->compile) {
				e->compile_ns[i] = in_child(e, &p.conf, compile);
				e->prog.len = shared->len;
				memcpy(e->insn, shared->insn, shared->len * sizeof *shared->insn);
			}
			e->load_ns[i] = in_child(e, NULL, load);
		}
	for (struct engine *e = engines; e < engines + LEN(engines); e++) {
		if (e->compile) put_us("compile", e->name, e->compile_ns);
		put_us("load", e->name, e->load_ns);
		printf("instructions %s %zu\n", e->name, e->prog.len);
		if (e->compile) put_steps(e->name, &e->prog);
	}
	return 0;
}
