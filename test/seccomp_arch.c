/* seccomp_arch.c - the tests of the seccomp room for another architecture, on this machine: built with the tables of
 * that one before build/'s (test/seccomp-archs).  A filter is data, and so is what it is asked about. */
#define TEST_FAULTS 1
#define ST_FOREIGN 1
#define main rt_main
#include "../runtime.c"
#undef main

static unsigned n_passed, n_failed;
#define CHECK(condition, ...) do { \
	static bool held; \
	if (!(condition)) { n_failed++; printf("not ok - " __VA_ARGS__); printf("\n"); } \
	else if (!held) held = true, n_passed++; \
} while (0)
#include "seccomp_test.h"

int main(void)
{
	logger.json = true;
	test_seccomp();
	printf("%s: %u passed, %u failed\n", sc_archs[SYS_NATIVE].name, n_passed, n_failed);
	return n_failed > 0;
}
