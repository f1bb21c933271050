/* seccomp_bench.c - what a filter costs: the "seccomp" section of test/bench.
 *
 *	seccomp_bench PROFILE		a profile of test/data/seccomp.profiles
 *
 * For each engine one line a figure, "FIGURE ENGINE VALUE": microseconds to compile and to load (median),
 * the program's instructions, and how many of them the kernel executes for a system call (by the interpreter of
 * seccomp_test.h).  "tree" is libseccomp with SCMP_FLTATR_CTL_OPTIMIZE=2. */
#define main rt_main
#define TEST_FAULTS 1
#define BENCH_LIBSECCOMP_TREE bench_tree
static int bench_tree;
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

static void put_us(const char *figure, const char *engine, uint64_t *ns)
{
	qsort(ns, ROUNDS, sizeof *ns, order);
	printf("%s %s %llu.%02llu\n", figure, engine, (unsigned long long)(ns[ROUNDS / 2] / 1000),
	       (unsigned long long)(ns[ROUNDS / 2] % 1000 / 10));
}

/* In a child each time: a filter cannot be taken off again.  The page tells how long it took. */
static void time_load(const char *engine, const struct bpf_prog *p)
{
	uint64_t *ns = mmap(NULL, ROUNDS * sizeof *ns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sock_fprog fprog = { .len = (unsigned short)p->len, .filter = p->insn };

	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			uint64_t t = now_ns();
			long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog);
			ns[i] = now_ns() - t;
			_exit(r != 0);
		}
		int status;
		CHECK(waitpid(pid, &status, 0) == pid && status == 0, "%s: the kernel refuses the program", engine);
	}
	put_us("load_us", engine, ns);
}

static void put_steps(const char *engine, const struct bpf_prog *p)
{
	static const char *const calls[] = { "read", "write", "futex", "openat", "clone3" };
	unsigned sum = 0, n = 0, all = 0;

	for (size_t i = 0; i < LEN(calls); i++) {
		struct seccomp_data d = { .arch = sc_archs[SYS_NATIVE].audit };
		unsigned steps = 0;
		d.nr = (int)sc_archs[SYS_NATIVE].base + st_number(SYS_NATIVE, calls[i]);
		st_run(p, &d, &steps);
		printf("steps_%s %s %u\n", calls[i], engine, steps);
		sum += steps;
	}
	printf("steps_mean %s %.1f\n", engine, (double)sum / LEN(calls));
	for (int nr = 0; nr < 470; nr++) {
		struct seccomp_data d = { .arch = sc_archs[SYS_NATIVE].audit, .nr = (int)sc_archs[SYS_NATIVE].base + nr };
		unsigned steps = 0;
		if (st_run(p, &d, &steps) == SECCOMP_RET_ALLOW) all += steps, n++;
	}
	printf("steps_all_allowed %s %.1f\n", engine, (double)all / n);
}

static void measure(const char *engine, int (*compile)(const struct seccomp_conf *, struct bpf_prog *),
		    const struct seccomp_conf *s)
{
	static uint64_t ns[ROUNDS];
	struct bpf_prog p;

	/* In a child: as in a runtime, memory is new, and the first time counts. */
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		pid_t pid = fork();
		if (pid == 0) {
			uint64_t t = now_ns();
			int r = compile(s, &p);
			*shared = now_ns() - t;
			_exit(r != 0);
		}
		int status;
		CHECK(waitpid(pid, &status, 0) == pid && status == 0, "%s: %s", engine, err.msg);
		ns[i] = *shared;
		munmap(shared, 4096);
	}
	put_us("compile_us", engine, ns);
	CHECK(compile(s, &p) == 0, "%s: %s", engine, err.msg);
	time_load(engine, &p);
	printf("instructions %s %zu\n", engine, p.len);
	put_steps(engine, &p);
}

int main(int argc, char **argv)
{
	static struct st_file p;

	CHECK(argc == 2 && st_file_read(argv[1], &p), "usage: seccomp_bench PROFILE (at the top of the tree)");
	measure("builtin", bpf_compile, &p.conf);
#if HAVE_LIBSECCOMP
	measure("libseccomp", bpf_compile_libseccomp, &p.conf);
	bench_tree = 1;
	measure("tree", bpf_compile_libseccomp, &p.conf);
#endif
	return 0;
}
