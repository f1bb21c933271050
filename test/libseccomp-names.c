/* libseccomp-names - the system calls that a libseccomp knows, as "ABI name number" lines, for test/gen-syscalls
 *
 * A static program's libseccomp never changes, so it is asked once, when the tables are made, and not at run time. */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

#define ABI(name, base) { #name, SCMP_ARCH_##name, base }
static const struct { const char *name; uint32_t token; int base; } abis[] = {
	ABI(X86_64, 0), ABI(X86, 0), ABI(X32, 0x40000000), ABI(ARM, 0), ABI(AARCH64, 0),
	ABI(MIPS, 4000), ABI(MIPS64, 5000), ABI(MIPS64N32, 6000),
	ABI(MIPSEL, 4000), ABI(MIPSEL64, 5000), ABI(MIPSEL64N32, 6000),
	ABI(PPC, 0), ABI(PPC64, 0), ABI(PPC64LE, 0), ABI(S390, 0), ABI(S390X, 0), ABI(RISCV64, 0),
#ifdef SCMP_ARCH_LOONGARCH64
	ABI(LOONGARCH64, 0),
#endif
};

int main(void)
{
	enum { NUMBERS = 632 };         /* as far as gen-syscalls stores them */

	for (size_t i = 0; i < sizeof abis / sizeof *abis; i++)
		for (int nr = 0; nr < NUMBERS; nr++) {
			char *name = seccomp_syscall_resolve_num_arch(abis[i].token, abis[i].base + nr);

			if (name)
				printf("%s %s %d\n", abis[i].name, name, nr);
			free(name);
		}
	return 0;
}
