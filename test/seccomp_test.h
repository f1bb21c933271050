/* seccomp_test.h - tests of the seccomp room, without privileges but for the last one.
 *
 * Three judges give a verdict for the same system call: the program of the builtin compiler and
 * that of libseccomp, both run in a BPF interpreter, and st_reference(), which reads the profile.
 * The includer has included runtime.c and defines CHECK(condition, format, ...).
 * Entry: test_seccomp().  STRESS=n in the environment asks for n random profiles.              */

#define ST_OP_NAME(op) ((const char *[]){ "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" }[op])
#define ST_NAMES(...) .names = (char *[]){ __VA_ARGS__ }, \
	.n_names = sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)
#define ST_ARGS(...) .args = (struct seccomp_arg[]){ __VA_ARGS__ }, \
	.n_args = sizeof((struct seccomp_arg[]){ __VA_ARGS__ }) / sizeof(struct seccomp_arg)
#define ST_RULES(...) .rules = (struct seccomp_rule[]){ __VA_ARGS__ }, \
	.n_rules = sizeof((struct seccomp_rule[]){ __VA_ARGS__ }) / sizeof(struct seccomp_rule)
#define ST_ARCHS(...) .archs = (int[]){ __VA_ARGS__ }, .n_archs = sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)

static const uint64_t st_values[] = {
	0, 1, 5, 40, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 0x100000001,
	0x100000005, 0x1ffffffff, 0x500000000, 0x7fffffffffffffff, 0x8000000000000000,
	0xfffffffeffffffff, 0xffffffff00000000, 0xffffffff00000005, 0xfffffffffffffffe, UINT64_MAX,
};

static uint64_t st_seed;

static uint64_t st_random(uint64_t below)
{
	st_seed ^= st_seed << 13;
	st_seed ^= st_seed >> 7;
	st_seed ^= st_seed << 17;
	return st_seed % below;
}

/* ---- the interpreter: what the kernel does with a filter ---- */

/* Would the kernel take the program?  Known instructions, jumps inside, a RET at the end. */
static bool st_valid(const struct bpf_prog *p)
{
	if (p->len == 0 || p->len > BPF_MAXINSNS) return false;
	for (size_t i = 0; i < p->len; i++) {
		const struct sock_filter *f = &p->insn[i];
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k % 4 || f->k >= sizeof(struct seccomp_data)) return false;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
		case BPF_RET | BPF_K:
			break;
		case BPF_JMP | BPF_JA:
			if (f->k >= p->len - i - 1) return false;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
			if (f->jt >= p->len - i - 1 || f->jf >= p->len - i - 1) return false;
			break;
		default:
			return false;
		}
	}
	return p->insn[p->len - 1].code == (BPF_RET | BPF_K);
}

static bool st_saw_args;                /* set when a program looks at an argument */

/* QUIRK: libseccomp 2.5.4 at times leaves out the load of the number before an ABI's code, which then compares
 * system call numbers (below 1000, or x32's) with the AUDIT_ARCH that was loaded for choosing the ABI, and finds
 * none: x86 with one rule for a multiplexed call and one conditional rule is enough.  A run in which that
 * happens says nothing about the profile.  No other difference is tolerated. */
static bool st_compares_arch_with_number;

#ifndef SKIP
#define SKIP(what, why) ((void)0)
#endif
#ifndef ST_FOREIGN
#define ST_FOREIGN 0            /* 1: the tables are another machine's (seccomp_arch.c) */
#endif

/* Is the program for a machine of the other byte order?  Then the halves of arguments are where it expects them. */
static bool st_swapped(void)
{
	bool little = sc_archs[SYS_NATIVE].audit & __AUDIT_ARCH_LE;

	return little != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
}

/* The verdict; steps, if not NULL, counts instructions. */
static uint32_t st_run(const struct bpf_prog *p, const struct seccomp_data *d, unsigned *steps)
{
	uint32_t acc = 0, loaded = UINT32_MAX;

	for (size_t i = 0; i < p->len; i++) {
		const struct sock_filter *f = &p->insn[i];
		if (steps) ++*steps;
		st_compares_arch_with_number |= f->code == (BPF_JMP | BPF_JEQ | BPF_K) && f->k < 0xf0000 && f->k > 0x2a &&
						loaded == offsetof(struct seccomp_data, arch);
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			loaded = f->k;
			memcpy(&acc, (const char *)d + (loaded >= 16 && st_swapped() ? loaded ^ 4 : loaded), sizeof acc);
			st_saw_args |= f->k >= offsetof(struct seccomp_data, args);
			break;
		case BPF_ALU | BPF_AND | BPF_K: acc &= f->k; break;
		case BPF_JMP | BPF_JA:          i += f->k; break;
		case BPF_JMP | BPF_JEQ | BPF_K: i += acc == f->k ? f->jt : f->jf; break;
		case BPF_JMP | BPF_JGE | BPF_K: i += acc >= f->k ? f->jt : f->jf; break;
		case BPF_JMP | BPF_JGT | BPF_K: i += acc > f->k ? f->jt : f->jf; break;
		case BPF_RET | BPF_K:           return f->k;
		}
	}
	return 0xdead;
}

/* ---- the reference: the profile's meaning, read rule by rule ---- */

static uint32_t st_ret(int action, bool has_errno, uint32_t no)
{
	static const uint32_t ret[] = { 0, 0x80000000, 0x30000, 0x50000, 0x7ff00000, 0x7fff0000,
					0x7ffc0000, 0x7fc00000 };
	return ret[action] | (action == ACT_ERRNO || action == ACT_TRACE ? has_errno ? no : 1 : 0);
}

static bool st_compare(uint64_t arg, const struct seccomp_arg *a, bool wide)
{
	uint64_t v = wide ? a->value : (uint32_t)a->value, w = wide ? a->value_two : (uint32_t)a->value_two;

	if (!wide) arg = (uint32_t)arg;
	switch (a->op) {
	case OP_NE: return arg != v;
	case OP_LT: return arg < v;
	case OP_LE: return arg <= v;
	case OP_EQ: return arg == v;
	case OP_GE: return arg >= v;
	case OP_GT: return arg > v;
	default:    return (arg & v) == (w & v);
	}
}

/* Does the test of argument i (SIZE_MAX: all of them) hold for this call? */
static bool st_holds(const struct seccomp_rule *r, size_t only, const struct seccomp_data *d, bool wide, bool mux)
{
	for (size_t i = 0; i < r->n_args; i++) {
		if ((only != SIZE_MAX && i != only) || (mux && r->args[i].index == 0)) continue;
		if (!st_compare(d->args[r->args[i].index], &r->args[i], wide)) return false;
	}
	return true;
}

static bool st_always(const struct seccomp_rule *r, size_t only, bool wide, bool mux)
{
	if (mux) return false;
	for (size_t i = 0; i < r->n_args; i++) {
		const struct seccomp_arg *a = &r->args[i];
		if (only != SIZE_MAX && i != only) continue;
		if (a->op != OP_MASKED_EQ || (wide ? a->value : (uint32_t)a->value)) return false;
	}
	return true;
}

/* The profile's names looked up once, in order: reading it for every verdict would take minutes. */
static struct st_name { int id, call; bool ipc; const char *name; } st_names[4096];

static int st_last[ARCH_COUNT];         /* the greatest number of the profile in each ABI */

static int st_id_number(int abi, const struct st_name *name)
{
	int n = name->id >= 0 ? sys_numbers[sc_archs[abi].col][name->id] : NO_CALL;

	return n == NO_CALL ? -1 : n < SLOT_PRIVATE ? n : PRIVATE + n - SLOT_PRIVATE;   /* arm's are stored out of line */
}

static int st_number(int abi, const char *name)
{
	return st_id_number(abi, &(struct st_name){ .id = bpf_sys_find(name, 0), .name = name });
}

static void st_look_up(const struct seccomp_conf *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_rules; i++)
		for (size_t j = 0; j < s->rules[i].n_names; j++, n++) {
			assert(n < LEN(st_names));
			st_names[n] = (struct st_name){ bpf_sys_find(s->rules[i].names[j], 0), -1, false, s->rules[i].names[j] };
			for (size_t k = 0; k < LEN(sc_muxed); k++)
				if (strcmp(sc_muxed[k].name, s->rules[i].names[j]) == 0)
					st_names[n] = (struct st_name){ st_names[n].id, sc_muxed[k].call, sc_muxed[k].ipc, sc_muxed[k].name };
		}
	for (int abi = 0; abi < ARCH_COUNT; abi++) {
		st_last[abi] = -1;
		if (sc_archs[abi].col < 0) continue;
		bool mux = st_number(abi, "socketcall") >= 0;
		for (size_t i = 0; i < n; i++) {
			int nr = st_id_number(abi, &st_names[i]);
			if (nr > st_last[abi] && nr < SLOT_PRIVATE && !(mux && st_names[i].call >= 0)) st_last[abi] = nr;
		}
	}
}

static bool st_beyond(const struct seccomp_conf *s, int abi, uint32_t nr)
{
	int last = st_last[abi];

	if (s->default_action == ACT_ALLOW || s->default_action == ACT_LOG || s->default_action == ACT_TRACE)
		return false;
	if (nr == 0 && (abi == ARCH_S390 || abi == ARCH_S390X)) return last > 0;
	return last >= 0 && sc_archs[abi].base + (uint32_t)last != 0 && nr > (uint32_t)last;
}

/* Which ABI's rules see this call?  -1: none, it kills.  *stub: ENOSYS is possible. */
static int st_abi(const struct seccomp_conf *s, const struct seccomp_data *d, bool *stub, uint32_t *nr)
{
	bool listed[ARCH_COUNT] = { false }, in[ARCH_COUNT] = { false };
	int want = -1;

	*nr = (uint32_t)d->nr;
	in[SYS_NATIVE] = true;
	for (size_t i = 0; i < s->n_archs; i++)
		if (sc_archs[s->archs[i]].col >= 0) in[s->archs[i]] = listed[s->archs[i]] = true;
	for (int i = 0; i < ARCH_COUNT; i++)
		if (sc_archs[i].audit == d->arch && in[i]) want = i;
	if (d->arch == sc_archs[ARCH_X86_64].audit && want >= 0) {
		want = *nr & 0x40000000 ? ARCH_X32 : ARCH_X86_64;
		if (!in[ARCH_X86_64] && in[ARCH_X32] && *nr >= 0x80000000) want = ARCH_X32;
		if (want == ARCH_X32 && !in[want]) {            /* -1 is a call that a tracer has stopped */
			*stub = false;
			return *nr == UINT32_MAX && in[ARCH_X86_64] ? ARCH_X86_64 : -1;
		}
		/* Where ENOSYS is not for it, libseccomp takes the sign bit for x32's. */
		if (want == ARCH_X86_64 && *nr >= 0x80000000 && !in[ARCH_X32] &&
		    !(listed[want] && st_beyond(s, want, *nr)))
			return -1;
	}
	if (want < 0 || !in[want]) return -1;
	*stub = listed[want] && !(want == ARCH_X32 && !(*nr & 0x40000000));
	*nr -= sc_archs[want].base;
	return want;
}

/* The verdict.  False if two matching rules disagree: then it hangs on bpf_rule_order(), and all the
 * test can say is that the engines agree. */
static bool st_reference(const struct seccomp_conf *s, const struct seccomp_data *d, uint32_t *ret)
{
	uint32_t def = st_ret(s->default_action, s->has_default_errno, s->default_errno), nr;
	bool stub, any = false, clear = true;
	const struct st_name *name = st_names;
	int abi = st_abi(s, d, &stub, &nr), socketcall, ipccall;

	*ret = SECCOMP_RET_KILL_THREAD;
	if (abi < 0) return true;
	bool wide = sc_archs[abi].bits == 64;

	socketcall = st_number(abi, "socketcall");
	ipccall = st_number(abi, "ipc");
	*ret = stub && st_beyond(s, abi, nr) ? SECCOMP_RET_ERRNO | ENOSYS : def;
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct seccomp_rule *r = &s->rules[i];
		uint32_t act = st_ret(r->action, r->has_errno, r->errno_ret);
		bool twice = false;

		for (size_t j = 0; j < r->n_args; j++)
			for (size_t k = 0; k < j; k++) twice |= r->args[j].index == r->args[k].index;
		for (size_t j = 0; j < r->n_names; j++, name++) {
			int call = socketcall < 0 ? -1 : name->call;
			bool mux = call >= 0 && nr == (uint32_t)(name->ipc ? ipccall : socketcall);
			int number = st_id_number(abi, name);

			if (act == def || (!mux && (number < 0 || nr != (uint32_t)number))) continue;
			if (!any) *ret = def;
			for (size_t k = 0; k < (twice ? r->n_args : 1); k++) {
				size_t only = twice ? k : SIZE_MAX;
				if (st_always(r, only, wide, mux)) {
					*ret = act;
					return true;
				}
				if (!st_holds(r, only, d, wide, mux)) continue;
				if (mux && (wide ? d->args[0] : (uint32_t)d->args[0]) != (uint64_t)call) continue;
				if (any && *ret != act) clear = false;
				if (!any) *ret = act;
				any = true;
			}
		}
	}
	return clear;
}

/* ---- one profile before all judges ---- */

struct st_result { size_t len, lib_len; bool failed; unsigned long asked, unclear, confused; };

static struct st_result st_result;

/* Argument words around the values of a rule and of the table. */
static uint64_t st_word(const struct seccomp_conf *s)
{
	const struct seccomp_rule *r = s->n_rules ? &s->rules[st_random(s->n_rules)] : NULL;
	uint64_t v = st_values[st_random(LEN(st_values))];

	if (r && r->n_args && st_random(4)) {
		const struct seccomp_arg *a = &r->args[st_random(r->n_args)];
		v = st_random(3) ? a->value : a->value_two;
	}
	switch (st_random(8)) {
	case 0: return v + 1;
	case 1: return v - 1;
	case 2: return v ^ (uint64_t)1 << 32;
	case 3: return (uint32_t)v;
	case 4: return st_random(25);                  /* a multiplexer's call */
	default: return v;
	}
}

static void st_ask(const struct seccomp_conf *s, const struct bpf_prog *own, const struct bpf_prog *lib,
		   const struct seccomp_data *d)
{
	uint32_t want, got = st_run(own, d, NULL), lib_got;
	bool clear = st_reference(s, d, &want);

	st_compares_arch_with_number = false;
	lib_got = lib ? st_run(lib, d, NULL) : got;
	if (lib_got != got && st_compares_arch_with_number) {
		st_result.confused++;
		lib_got = got;
	}
	st_result.asked++;
	st_result.unclear += !clear;
	if (got == lib_got && (got == want || !clear)) return;
	st_result.failed = true;
	CHECK(false, "arch %#x nr %#x args %#llx %#llx %#llx: builtin %#x libseccomp %#x want %#x", d->arch,
	      (unsigned)d->nr, (unsigned long long)d->args[0], (unsigned long long)d->args[1],
	      (unsigned long long)d->args[2], got, lib_got, want);
}

/* Asks about every number up to 600, the borders, in all ABIs of this machine and in a foreign one. */
static void st_judge(const struct seccomp_conf *s, const struct bpf_prog *own, const struct bpf_prog *lib,
		     unsigned tries)
{
	static const uint32_t borders[] = {
		0x7fff, 0xf0000, 0xf0002, 0xf0005, 0xf0008, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000,
		0x80000001, 0xbfffffff, 0xc0000000, 0xc0000001, 0xfffffffe, 0xffffffff,
	};

	for (int arch = 0; arch < ARCH_COUNT && !st_result.failed; arch++) {
		if (sc_archs[arch].col < 0 && arch != ARCH_M68K && arch != ARCH_PPC) continue;
		for (uint32_t i = 0; i < 601 + LEN(borders) && !st_result.failed; i++) {
			struct seccomp_data d = { .arch = sc_archs[arch].audit };

			d.nr = (int)(i < 601 ? sc_archs[arch].base + i : borders[i - 601]);
			st_saw_args = false;            /* if nobody looks at them, three tries will do */
			for (unsigned j = 0; j < (st_saw_args || j < 3 ? tries : 0) && !st_result.failed; j++) {
				for (unsigned k = 0; k < SC_ARGS; k++) d.args[k] = j ? st_word(s) : 0;
				st_ask(s, own, lib, &d);
			}
		}
	}
}

/* Compiles with both engines and compares.  False if the profile is refused (by both). */
static bool st_profile(const char *name, const struct seccomp_conf *s, unsigned tries)
{
	struct bpf_prog own = { 0 }, again = { 0 }, lib = { 0 };
	bool have_lib = false;
	int rc = bpf_compile(s, &own);

	memset(&st_result, 0, sizeof st_result);
	st_look_up(s);
#if HAVE_LIBSECCOMP
	have_lib = true;
	int lib_rc = bpf_compile_libseccomp(s, &lib);
	CHECK(rc == lib_rc, "%s: builtin returns %d, libseccomp %d: %s", name, rc, lib_rc, err.msg);
	if (rc != lib_rc) return false;
#endif
	if (rc < 0) return false;
	CHECK(st_valid(&own), "%s: the builtin program is invalid", name);
	CHECK(!have_lib || st_valid(&lib), "%s: the libseccomp program is invalid", name);
	CHECK(bpf_compile(s, &again) == 0 && again.len == own.len &&
	      memcmp(again.insn, own.insn, own.len * sizeof *own.insn) == 0, "%s: not deterministic", name);
	st_judge(s, &own, have_lib ? &lib : NULL, tries);
	CHECK(!st_result.failed, "%s: verdicts differ", name);
	st_result.len = own.len;
	st_result.lib_len = lib.len;
	return true;
}

/* ---- the tests ---- */

static void st_tables(void)
{
	for (int i = 0; i < SYS_COUNT; i++) {
		const char *name = sys_names + sys_offset[i];
		CHECK(i == 0 || strcmp(sys_names + sys_offset[i - 1], name) < 0, "names not sorted at %s", name);
		for (int from = 0; from <= SYS_COUNT; from++)           /* wherever the last name was */
			CHECK(bpf_sys_find(name, from) == i, "%s is not found from %d", name, from);
		for (int c = 0; c < SYS_COLS; c++) {
			unsigned nr = sys_numbers[c][i];
			CHECK(nr < SLOT_PRIVATE || (nr >= SLOT_PRIVATE && nr < SLOTS) || nr == NO_CALL, "%s is %u", name, nr);
			for (int j = 0; j < i && nr != NO_CALL; j++)    /* old headers alias a few: 2 is enough */
				CHECK(sys_numbers[c][j] != nr || strstr(name, "sync_file_range"),
				      "%s and %s are both %u", sys_names + sys_offset[j], name, nr);
		}
	}
	for (int from = 0; from <= SYS_COUNT; from++)
		CHECK(bpf_sys_find("", from) < 0 && bpf_sys_find("zzz", from) < 0 && bpf_sys_find("rea", from) < 0,
		      "found a fake name from %d", from);
	for (size_t i = 1; i < LEN(sc_muxed); i++)
		CHECK(strcmp(sc_muxed[i - 1].name, sc_muxed[i].name) < 0, "%s is not in order", sc_muxed[i].name);
#if !ST_FOREIGN
	CHECK(st_number(SYS_NATIVE, "read") == SYS_read - (int)sc_archs[SYS_NATIVE].base, "read is wrong");
	CHECK(st_number(SYS_NATIVE, "execveat") == SYS_execveat - (int)sc_archs[SYS_NATIVE].base,
	      "execveat is wrong");
#endif
	for (int i = 0; i < ARCH_COUNT; i++) {
		CHECK(sc_archs[i].name && strncmp(sc_archs[i].name, "SCMP_ARCH_", 10) == 0, "ABI %d has no name", i);
		for (int j = 0; j < i; j++)
			CHECK(strcmp(sc_archs[i].name, sc_archs[j].name) != 0 &&
			      (sc_archs[i].audit != sc_archs[j].audit || (i == ARCH_X32 && j == ARCH_X86_64)),
			      "%s is there twice", sc_archs[i].name);
#if HAVE_LIBSECCOMP
		char name[16] = { 0 };
		for (size_t j = 0; j < sizeof name - 1 && sc_archs[i].name[10 + j]; j++)
			name[j] = (char)tolower((unsigned char)sc_archs[i].name[10 + j]);
		uint32_t token = seccomp_arch_resolve_name(name);
		CHECK(sc_archs[i].col < 0 || token, "libseccomp has no %s", sc_archs[i].name);
		CHECK(token == 0 || token == bpf_lib_arch(&sc_archs[i]), "%s: %#x, libseccomp says %#x",
		      sc_archs[i].name, bpf_lib_arch(&sc_archs[i]), token);
		for (int id = 0; id < SYS_COUNT && sc_archs[i].col >= 0 && token; id++) {
			int nr = seccomp_syscall_resolve_name_arch(token, sys_names + sys_offset[id]);
			unsigned ours = sys_numbers[sc_archs[i].col][id], theirs = (unsigned)nr - sc_archs[i].base;
			CHECK(nr < 0 || theirs >= SLOT_PRIVATE || theirs == ours || ours >= SLOT_PRIVATE, "%s: %s is %u, libseccomp says %u",
			      sc_archs[i].name, sys_names + sys_offset[id], ours, theirs);
		}
#endif
	}
#if HAVE_LIBSECCOMP && !ST_FOREIGN
	CHECK(seccomp_arch_native() == bpf_lib_arch(&sc_archs[SYS_NATIVE]), "native ABI differs");
#endif
	for (size_t i = 0; i < LEN(sc_actions); i++)
		CHECK(sc_actions[i].ret == (st_ret((int)i, true, 0)), "%s is %#x", sc_actions[i].name, sc_actions[i].ret);
}

/* Every operator, at every pair of table values, in 64 and 32 bits (CVE-2019-9893). */
static void st_operators(void)
{
	for (int op = OP_NE; op <= OP_MASKED_EQ; op++)
		for (size_t i = 0; i < LEN(st_values); i++) {
			struct seccomp_arg arg = { (uint32_t)(i % SC_ARGS), st_values[i], st_values[(i * 7 + 3) % LEN(st_values)], op };
			struct seccomp_conf s = {
				.default_action = ACT_ERRNO, ST_ARCHS(ARCH_X86_64, ARCH_X86, ARCH_X32, ARCH_AARCH64, ARCH_ARM),
				ST_RULES({ ST_NAMES("fchdir"), .action = ACT_ALLOW, .args = &arg, .n_args = 1 }),
			};
			struct bpf_prog own, lib = { 0 };
			bool have_lib = false;

			CHECK(bpf_compile(&s, &own) == 0, "%s %#llx", ST_OP_NAME(op), (unsigned long long)arg.value);
#if HAVE_LIBSECCOMP
			have_lib = true;
			CHECK(bpf_compile_libseccomp(&s, &lib) == 0, "%s %#llx", ST_OP_NAME(op), (unsigned long long)arg.value);
#endif
			memset(&st_result, 0, sizeof st_result);
			st_look_up(&s);
			for (int arch = 0; arch < ARCH_COUNT; arch++)
				for (size_t j = 0; j < 5 * LEN(st_values) && sc_archs[arch].col >= 0; j++) {
					struct seccomp_data d = { .arch = sc_archs[arch].audit };
					uint64_t around[] = { -1ull, 0, 1, 1ull << 32, -(1ull << 32) };
					d.nr = (int)sc_archs[arch].base + st_number(arch, "fchdir");
					d.args[arg.index] = st_values[j / 5] + around[j % 5];
					st_ask(&s, &own, have_lib ? &lib : NULL, &d);
				}
		}
}

static uint32_t st_verdict(const struct seccomp_conf *s, const char *name, uint64_t arg0, uint64_t arg1)
{
	struct seccomp_data d = { .arch = sc_archs[SYS_NATIVE].audit, .args = { arg0, arg1 } };
	struct bpf_prog p;

	d.nr = (int)sc_archs[SYS_NATIVE].base + st_number(SYS_NATIVE, name);
	return bpf_compile(s, &p) < 0 ? 0xbad : st_run(&p, &d, NULL);
}

/* The rules of the banner, one by one, with verdicts written out. */
static void st_meaning(void)
{
	const uint32_t allow = SECCOMP_RET_ALLOW, eperm = SECCOMP_RET_ERRNO | EPERM;
	struct seccomp_arg both[] = { { 0, 1, 0, OP_EQ }, { 1, 2, 0, OP_EQ } }, twice[] = { { 0, 1, 0, OP_EQ }, { 0, 2, 0, OP_EQ } };
	struct seccomp_conf s = { .default_action = ACT_ERRNO,
		ST_RULES({ ST_NAMES("fchdir"), .action = ACT_ALLOW, .args = both, .n_args = 2 }) };

	/* CVE-2017-18367: all arguments of a rule must match. */
	CHECK(st_verdict(&s, "fchdir", 1, 2) == allow, "both match");
	CHECK(st_verdict(&s, "fchdir", 1, 3) == eperm && st_verdict(&s, "fchdir", 3, 2) == eperm &&
	      st_verdict(&s, "fchdir", 3, 3) == eperm, "one of two arguments is not enough");
	s.rules[0].args = twice;
	CHECK(st_verdict(&s, "fchdir", 1, 0) == allow && st_verdict(&s, "fchdir", 2, 0) == allow &&
	      st_verdict(&s, "fchdir", 3, 0) == eperm, "one argument twice: either test");

	s = (struct seccomp_conf){ .default_action = ACT_ERRNO, ST_RULES(
		{ ST_NAMES("fchdir"), .action = ACT_KILL_PROCESS, ST_ARGS({ 0, 7, 0, OP_EQ }) },
		{ ST_NAMES("fchdir"), .action = ACT_ERRNO },
		{ ST_NAMES("fchdir", "no_such_call"), .action = ACT_ALLOW },
		{ ST_NAMES("fchdir"), .action = ACT_TRAP }) };
	CHECK(st_verdict(&s, "fchdir", 7, 0) == allow, "the first rule without arguments wins, the default's is void");
	s.rules[2].args = (struct seccomp_arg[]){ { 3, 0, 9, OP_MASKED_EQ } };
	s.rules[2].n_args = 1;
	CHECK(st_verdict(&s, "fchdir", 7, 0) == allow, "a mask of 0 is no argument");

	s = (struct seccomp_conf){ .default_action = ACT_TRACE, .has_default_errno = true, .default_errno = 77,
		ST_RULES({ ST_NAMES("fchdir"), .action = ACT_ERRNO, .has_errno = true, .errno_ret = ENOSYS }) };
	CHECK(st_verdict(&s, "fchdir", 0, 0) == (SECCOMP_RET_ERRNO | ENOSYS), "errnoRet");
	CHECK(st_verdict(&s, "read", 0, 0) == (SECCOMP_RET_TRACE | 77), "defaultErrnoRet with TRACE");

	/* socketcall(2): the call's number takes the place of argument 0, whatever the rule says of it. */
	for (int abi = 0; abi < ARCH_COUNT; abi++) {
		if (sc_archs[abi].col < 0 || st_number(abi, "socketcall") < 0) continue;
		struct seccomp_data d = { .arch = sc_archs[abi].audit };
		struct bpf_prog p = { 0 };
		s = (struct seccomp_conf){ .default_action = ACT_ERRNO, ST_ARCHS(abi),
			ST_RULES({ ST_NAMES("socket", "statx"), .action = ACT_ALLOW, ST_ARGS({ 0, 16, 0, OP_EQ }, { 2, 9, 0, OP_EQ }) }) };
		d.nr = (int)sc_archs[abi].base + st_number(abi, "socketcall");
		CHECK(bpf_compile(&s, &p) == 0, "socketcall");
		for (unsigned i = 0; i < 20; i++) {
			d.args[0] = i;
			d.args[2] = 9;
			CHECK(st_run(&p, &d, NULL) == (i == 1 ? allow : eperm), "%s socketcall %u", sc_archs[abi].name, i);
			d.args[2] = 8;
			CHECK(st_run(&p, &d, NULL) == eperm, "%s socketcall %u with argument 2", sc_archs[abi].name, i);
		}
	}

	/* ENOSYS above the profile: listed ABIs, refusing defaults. */
	s = (struct seccomp_conf){ .default_action = ACT_KILL_PROCESS, ST_RULES({ ST_NAMES("fchdir"), .action = ACT_ALLOW }) };
	CHECK(st_verdict(&s, "execveat", 0, 0) == SECCOMP_RET_KILL_PROCESS, "no ABI listed, no ENOSYS");
	s.archs = (int[]){ SYS_NATIVE };
	s.n_archs = 1;
	CHECK(st_verdict(&s, "execveat", 0, 0) == (SECCOMP_RET_ERRNO | ENOSYS), "newer than the profile");
	CHECK(st_verdict(&s, "dup", 0, 0) == SECCOMP_RET_KILL_PROCESS, "older than the profile");
	s.default_action = ACT_LOG;
	CHECK(st_verdict(&s, "execveat", 0, 0) == SECCOMP_RET_LOG, "a permissive default stays");

	/* Refused profiles. */
	s = (struct seccomp_conf){ .default_action = ACT_NOTIFY };
	CHECK(!st_profile("default notify", &s, 1), "default action notify");
	s = (struct seccomp_conf){ .default_action = ACT_ALLOW, .has_default_errno = true };
	CHECK(!st_profile("default errno", &s, 1), "errno for ALLOW");
	s = (struct seccomp_conf){ .default_action = ACT_ALLOW, ST_RULES({ ST_NAMES("write"), .action = ACT_NOTIFY }) };
	CHECK(!st_profile("notify write", &s, 1), "notify for write");
	s.rules[0] = (struct seccomp_rule){ ST_NAMES("chdir"), .action = ACT_ERRNO, ST_ARGS({ 6, 0, 0, OP_EQ }) };
	CHECK(!st_profile("argument 6", &s, 1), "argument 6");
	s.rules[0] = (struct seccomp_rule){ ST_NAMES("chdir"), .action = ACT_ERRNO, .has_errno = true, .errno_ret = 0x10000 };
	CHECK(!st_profile("errno 65536", &s, 1), "errno 65536");
	s = (struct seccomp_conf){ .default_action = ACT_KILL_THREAD, ST_RULES(
		{ ST_NAMES("chdir"), .action = ACT_ERRNO, ST_ARGS({ 0, 5, 0, OP_EQ }) },
		{ ST_NAMES("chdir"), .action = ACT_ALLOW, ST_ARGS({ 0, 5, 0, OP_EQ }) }) };
	CHECK(!st_profile("contradiction", &s, 1), "two actions for the same arguments");
	s.rules[0] = (struct seccomp_rule){ ST_NAMES("chdir"), .action = ACT_NOTIFY };
	struct bpf_prog p;
	CHECK(bpf_compile(&s, &p) == 0 && p.notify, "notify flag");
	s.n_rules = 0;
	CHECK(bpf_compile(&s, &p) == 0 && !p.notify, "no notify flag");
	CHECK(st_profile("empty", &s, 2), "an empty profile");
}

/* Thousands of instructions: jumps over 255, and the kernel's limit. */
static void st_sizes(void)
{
	static struct seccomp_rule rules[3600];
	static struct seccomp_arg args[3600];
	size_t n = sc_archs[SYS_NATIVE].bits == 64 ? 900 : 1800;        /* a rule of 32 bits is half as long */
	static char *names[] = { "fchdir", "fchmod" };
	struct seccomp_conf s = { .default_action = ACT_ERRNO, ST_ARCHS(SYS_NATIVE), .rules = rules, .n_rules = n };
	struct bpf_prog p;

	for (size_t i = 0; i < LEN(rules); i++) {
		/* a third of them are values in a row; a mask of all bits keeps others from being that */
		args[i] = (struct seccomp_arg){ (uint32_t)(i % 5), i * 0x10001, 0, OP_EQ };
		if (i % 3 == 1) args[i] = (struct seccomp_arg){ (uint32_t)(i % 5), UINT64_MAX, i * 0x10001, OP_MASKED_EQ };
		if (i % 3 == 0) args[i] = (struct seccomp_arg){ 5, i << 31 | i, 0, OP_EQ };
		rules[i] = (struct seccomp_rule){ .names = &names[i % 2], .n_names = 1, .args = &args[i], .n_args = 1,
						  .action = i % 7 ? ACT_ALLOW : ACT_LOG };
	}
	CHECK(st_profile("many rules", &s, 20), "many rules");
	CHECK(st_result.len > 2000, "%zu instructions: no long jumps tested", st_result.len);
	s.n_rules = 2 * n;
	CHECK(bpf_compile(&s, &p) < 0 && p.len > BPF_MAXINSNS, "%zu instructions are not refused", p.len);
	CHECK(strstr(err.msg, str_fmt("the profile needs %zu BPF instructions, the kernel takes 4096 (%zu rules, 1 ABIs)", p.len, s.n_rules)),
	      "%s", err.msg);
	for (size_t i = 0; i < LEN(rules); i++) rules[i].names = names;
	s.n_rules = LEN(rules);
	CHECK(!st_profile("3600 rules", &s, 1), "3600 rules for one call are not refused");
	CHECK(strstr(err.msg, "more than 2048 rules for one system call"), "%s", err.msg);
}

/* ---- a profile of the shape engines ship: allow almost all, mind a few, refuse the rest ---- */

static const char *const st_refused[] = {
	"acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "create_module", "delete_module",
	"finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "get_kernel_syms", "get_mempolicy",
	"init_module", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie",
	"mbind", "mount", "mount_setattr", "move_mount", "move_pages", "nfsservctl", "open_by_handle_at",
	"open_tree", "perf_event_open", "pivot_root", "process_vm_readv", "process_vm_writev", "ptrace",
	"query_module", "quotactl", "quotactl_fd", "reboot", "request_key", "set_mempolicy", "setns",
	"settimeofday", "stime", "swapoff", "swapon", "_sysctl", "sysfs", "umount", "umount2", "unshare",
	"uselib", "userfaultfd", "ustat", "vhangup", "vm86", "vm86old", "personality", "clone", "clone3",
	"socket", "setdomainname", "sethostname", "syslog", "io_uring_setup", "io_uring_enter",
	"io_uring_register", "map_shadow_stack",
};

static void st_default_profile(struct seccomp_conf *s)
{
	static char *allowed[SYS_COUNT], *personality = "personality", *one[] = { "socket", "clone", "clone3" };
	static struct seccomp_arg args[] = {
		{ 0, 0, 0, OP_EQ }, { 0, 8, 0, OP_EQ }, { 0, 0x20000, 0, OP_EQ }, { 0, 0x20008, 0, OP_EQ },
		{ 0, 0xffffffff, 0, OP_EQ }, { 0, 40, 0, OP_NE }, { 0, 0x7e020000, 0, OP_MASKED_EQ },
	};
	static int archs[] = { ARCH_X86_64, ARCH_X86, ARCH_X32, ARCH_AARCH64, ARCH_ARM };
	static struct seccomp_rule rules[9];
	size_t n = 0;

	for (int i = 0; i < SYS_COUNT; i++) {
		bool no = false;
		for (size_t j = 0; j < LEN(st_refused); j++) no |= strcmp(sys_names + sys_offset[i], st_refused[j]) == 0;
		if (!no) allowed[n++] = (char *)(uintptr_t)(sys_names + sys_offset[i]);
	}
	rules[0] = (struct seccomp_rule){ .names = allowed, .n_names = n, .action = ACT_ALLOW };
	for (int i = 0; i < 5; i++)
		rules[1 + i] = (struct seccomp_rule){ .names = &personality, .n_names = 1, .action = ACT_ALLOW,
						      .args = &args[i], .n_args = 1 };
	rules[6] = (struct seccomp_rule){ .names = &one[0], .n_names = 1, .action = ACT_ALLOW, .args = &args[5], .n_args = 1 };
	rules[7] = (struct seccomp_rule){ .names = &one[1], .n_names = 1, .action = ACT_ALLOW, .args = &args[6], .n_args = 1 };
	rules[8] = (struct seccomp_rule){ .names = &one[2], .n_names = 1, .action = ACT_ERRNO, .has_errno = true,
					  .errno_ret = ENOSYS };
	*s = (struct seccomp_conf){ .default_action = ACT_ERRNO, .has_default_errno = true, .default_errno = EPERM,
				    .archs = archs, .n_archs = LEN(archs), .rules = rules, .n_rules = LEN(rules) };
}

static void st_default(void)
{
	struct seccomp_conf s;
	struct bpf_prog p;
	unsigned most = 0;

	st_default_profile(&s);
	CHECK(st_profile("default profile", &s, 30), "the default profile is refused");
	CHECK(st_result.len < 400, "default profile: %zu instructions", st_result.len);
	CHECK(bpf_compile(&s, &p) == 0, "default profile");
	for (int nr = 0; nr < 600; nr++) {
		struct seccomp_data d = { .arch = sc_archs[SYS_NATIVE].audit, .nr = (int)sc_archs[SYS_NATIVE].base + nr };
		unsigned steps = 0;
		if (st_run(&p, &d, &steps) == SECCOMP_RET_ALLOW && steps > most) most = steps;
	}
	CHECK(most <= 20, "an allowed call takes up to %u instructions", most);
}

/* More verdicts than the plan has room for at first: every call its own errno, every third one's by its argument. */
static void st_many_verdicts(void)
{
	static struct seccomp_rule rules[SYS_COUNT];
	static char *names[SYS_COUNT];
	struct seccomp_arg arg = { 1, 7, 0, OP_EQ };
	struct seccomp_conf s = { .default_action = ACT_ALLOW, ST_ARCHS(SYS_NATIVE), .rules = rules, .n_rules = SYS_COUNT };

	for (int i = 0; i < SYS_COUNT; i++) {
		names[i] = (char *)(uintptr_t)(sys_names + sys_offset[i]);
		rules[i] = (struct seccomp_rule){ .names = &names[i], .n_names = 1, .action = ACT_ERRNO, .has_errno = true,
						  .errno_ret = (uint32_t)i, .args = &arg, .n_args = i % 3 == 0 };
	}
	CHECK(st_profile("an errno for each call", &s, 6), "an errno for each call");
	CHECK(st_result.len > 2 * 300, "%zu instructions", st_result.len);
}

/* Values of one argument with one high word are compared one after the other, with no load between. */
static void st_values_in_a_row(void)
{
	struct seccomp_conf s = { .default_action = ACT_ERRNO, ST_RULES(
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 1, 0x500000001, 0, OP_EQ }) },
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 1, 0x500000003, 0, OP_EQ }) },
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 1, 0x500000005, 0, OP_EQ }) },
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 1, 0x600000001, 0, OP_EQ }) },
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 2, 9, 0, OP_EQ }) }) };
	struct bpf_prog p;
	size_t n[] = { 0, 0, 0 };

	CHECK(st_profile("values in a row", &s, 3000), "values in a row");
	for (size_t i = 0; i < LEN(n); i++) {                   /* the first one, two, three rules */
		s.n_rules = i + 1;
		CHECK(bpf_compile(&s, &p) == 0, "values in a row");
		n[i] = p.len;
	}
	CHECK(n[1] == n[0] + 1 && n[2] == n[0] + 2, "%zu, %zu, %zu instructions", n[0], n[1], n[2]);
	if (sc_archs[SYS_NATIVE].bits == 32) return;
	s.n_rules = 5;
	for (uint64_t v = 0; v < 16; v++) {
		uint64_t arg = (v % 4 + 3) << 32 | (v / 4 * 2 + 1);
		bool yes = arg == 0x500000001 || arg == 0x500000003 || arg == 0x500000005 || arg == 0x600000001;
		CHECK(st_verdict(&s, "fchdir", 0, arg) == (yes ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM), "%#llx", (unsigned long long)arg);
	}
}

/* On an old kernel the library starts at a lower level, at which it refuses actions that are younger. */
static void st_lib_level(void)
{
#if HAVE_LIBSECCOMP
	struct seccomp_conf s = { .default_action = ACT_ALLOW, ST_RULES(
		{ ST_NAMES("fchdir"), .action = ACT_LOG }, { ST_NAMES("chdir"), .action = ACT_NOTIFY },
		{ ST_NAMES("fchmod"), .action = ACT_KILL_PROCESS }) };

	CHECK(seccomp_api_set(1) == 0 && seccomp_api_get() == 1, "libseccomp's API level cannot be set");
	CHECK(st_profile("actions of later levels", &s, 2), "actions of later levels");
#endif
}

/* ---- test/data/seccomp.profiles: its head says how it is written ---- */

enum { ST_MAX_NAMES = 1500, ST_MAX_RULES = 128 };

struct st_file {
	struct seccomp_conf conf;
	struct seccomp_rule rules[ST_MAX_RULES];
	struct seccomp_arg args[ST_MAX_RULES][3];
	char *names[ST_MAX_NAMES], *less[200];
	size_t n_names, n_less;
	int archs[ARCH_COUNT];
};

/* Other tests change the working directory. */
static char st_top[PATH_MAX];

static __attribute__((constructor)) void st_remember_top(void)
{
	if (!getcwd(st_top, sizeof st_top)) st_top[0] = 0;
}

static char *st_word_of(char **at)
{
	char *w;

	while ((w = strsep(at, " \n")) && !*w) continue;
	return w;
}

static int st_action_of(char *word, bool *has, uint32_t *no)
{
	char *colon = strchr(word, ':');
	int action;

	*has = colon != NULL;
	if (colon) {
		*colon = 0;
		*no = (uint32_t)strtoul(colon + 1, NULL, 0);
	}
	return name_find(action_names, str_fmt("SCMP_ACT_%s", word), &action) < 0 ? -1 : action;
}

/* "base": the names of syscalls.allow that are not taken out. */
static void st_file_base(struct st_file *p)
{
	char line[128], *at, *name;
	FILE *f = fopen(str_fmt("%s/test/data/syscalls.allow", st_top), "r");

	CHECK(f != NULL, "no test/data/syscalls.allow here");
	while (f && fgets(line, sizeof line, f)) {
		bool no = false;
		at = line;
		name = st_word_of(&at);
		for (size_t i = 0; name && i < p->n_less; i++) no |= strcmp(p->less[i], name) == 0;
		if (name && *name != '#' && !no) p->names[p->n_names++] = str_dup(name);
	}
	if (f) fclose(f);
}

static bool st_file_rule(struct st_file *p, char *word, char *at)
{
	struct seccomp_rule *r = &p->rules[p->conf.n_rules];
	struct seccomp_arg *a = p->args[p->conf.n_rules++];

	*r = (struct seccomp_rule){ .names = p->names + p->n_names, .args = a };
	r->action = st_action_of(word, &r->has_errno, &r->errno_ret);
	for (word = st_word_of(&at); word && *word != '/'; word = st_word_of(&at)) {
		if (strcmp(word, "base") == 0) st_file_base(p);
		else p->names[p->n_names++] = str_dup(word);
	}
	r->n_names = (size_t)(p->names + p->n_names - r->names);
	for (; word; r->n_args++, a++) {
		char *index = st_word_of(&at), *op = st_word_of(&at), *value = st_word_of(&at);
		if (!value || name_find(op_names, str_fmt("SCMP_CMP_%s", op), &a->op) < 0) return false;
		a->index = (uint32_t)atoi(index);
		a->value = strtoull(value, NULL, 0);
		word = st_word_of(&at);
		if (word && *word != '/') {
			a->value_two = strtoull(word, NULL, 0);
			word = st_word_of(&at);
		}
	}
	return r->action >= 0 && r->n_names > 0 && p->conf.n_rules < ST_MAX_RULES && p->n_names < ST_MAX_NAMES;
}

static bool st_file_line(struct st_file *p, char *word, char *at)
{
	struct seccomp_conf *s = &p->conf;

	if (strcmp(word, "default") == 0) {
		s->default_action = st_action_of(st_word_of(&at), &s->has_default_errno, &s->default_errno);
		return s->default_action >= 0;
	}
	if (strcmp(word, "less") == 0) {
		while ((word = st_word_of(&at))) p->less[p->n_less++] = str_dup(word);
		return true;
	}
	if (strcmp(word, "arch") != 0) return st_file_rule(p, word, at);
	while ((word = st_word_of(&at)))
		if (name_find(arch_names, str_fmt("SCMP_ARCH_%s", word), &p->archs[s->n_archs++]) < 0) return false;
	return true;
}

/* Reads one profile; false if there is none of this name. */
static bool st_file_read(const char *want, struct st_file *p)
{
	char line[512], *at, *word;
	FILE *f = fopen(str_fmt("%s/test/data/seccomp.profiles", st_top), "r");
	bool mine = false, found = false;

	memset(p, 0, sizeof *p);
	p->conf.rules = p->rules;
	p->conf.archs = p->archs;
	while (f && fgets(line, sizeof line, f)) {
		at = line;
		word = st_word_of(&at);
		if (!word || *word == '#') continue;
		if (strcmp(word, "profile") == 0) {
			word = st_word_of(&at);
			found |= mine = word && strcmp(word, want) == 0;
		} else if (mine && !st_file_line(p, word, at)) {
			CHECK(false, "seccomp.profiles: %s: bad line %s", want, word);
		}
	}
	if (f) fclose(f);
	return found;
}

static const char *const st_files[] = { "docker", "podman", "containerd", "systemd-allow", "systemd-deny" };

static void st_shipped(void)
{
	static struct st_file p;

	for (size_t i = 0; i < LEN(st_files); i++) {
		CHECK(st_file_read(st_files[i], &p) && p.conf.n_rules > 3, "no profile %s", st_files[i]);
		CHECK(st_profile(st_files[i], &p.conf, 30), "%s is refused", st_files[i]);
		CHECK(st_result.unclear == 0, "%s: %lu verdicts hang on an order", st_files[i], st_result.unclear);
	}
}

/* x32's half of the program is what differs from x86-64's, not all of it once more. */
static void st_x32_shares(void)
{
	static struct st_file p;
	struct bpf_prog with, without;
	int archs[] = { ARCH_X86_64, ARCH_X32 };

	if (SYS_NATIVE != ARCH_X86_64) return;
	CHECK(st_file_read("docker", &p), "no profile docker");
	p.conf.archs = archs;
	p.conf.n_archs = 2;
	CHECK(st_profile("x86-64 and x32", &p.conf, 30) && bpf_compile(&p.conf, &with) == 0, "x86-64 and x32");
	p.conf.n_archs = 1;
	CHECK(bpf_compile(&p.conf, &without) == 0 && with.len < without.len + 60, "x32 takes %zu instructions", with.len - without.len);
}

/* Rules of one call with different actions, as engines ship them: disjoint, so no order is needed. */
static void st_mixed(void)
{
	struct seccomp_conf s = { .default_action = ACT_ERRNO, ST_ARCHS(SYS_NATIVE, ARCH_X86, ARCH_X32, ARCH_ARM), ST_RULES(
		{ ST_NAMES("read", "socketcall", "ipc", "statx"), .action = ACT_ALLOW },
		{ ST_NAMES("socket"), .action = ACT_ERRNO, .has_errno = true, .errno_ret = EINVAL,
		  ST_ARGS({ 0, 16, 0, OP_EQ }, { 2, 9, 0, OP_EQ }) },
		{ ST_NAMES("socket"), .action = ACT_ALLOW, ST_ARGS({ 2, 9, 0, OP_NE }) },
		{ ST_NAMES("socket"), .action = ACT_ALLOW, ST_ARGS({ 0, 16, 0, OP_NE }) },
		{ ST_NAMES("semop", "send", "bind"), .action = ACT_TRAP, ST_ARGS({ 1, 1, 0, OP_GT }) }) };

	CHECK(st_profile("disjoint actions", &s, 200), "disjoint actions");
	CHECK(st_result.unclear == 0, "%lu verdicts hang on an order", st_result.unclear);
	s.rules[0].n_names = 1;                                 /* now the multiplexers have rules, too */
	CHECK(st_profile("multiplexed", &s, 400), "multiplexed");
}

/* Profiles that libseccomp alone gets wrong or refuses, each once found by st_random_profiles(). */
static void st_libseccomp(void)
{
	struct seccomp_conf s = { .default_action = ACT_KILL_PROCESS, ST_ARCHS(ARCH_X86_64, ARCH_X86, ARCH_X32), ST_RULES(
		{ ST_NAMES("fcntl64"), .action = ACT_ALLOW },
		{ ST_NAMES("clone3"), .action = ACT_ALLOW, ST_ARGS({ 0, 0x7fffffffffffffff, 0, OP_LE }, { 1, 5, 0, OP_GT }) }) };
	CHECK(st_profile("two orders", &s, 400), "two orders");

	s = (struct seccomp_conf){ .default_action = ACT_ERRNO, ST_RULES(
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 0, 0x100000001, 0, OP_LE }) },
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 0, 1, 0, OP_LE }) }) };
	CHECK(st_profile("two LE", &s, 400), "two LE");
	CHECK(sc_archs[SYS_NATIVE].bits == 32 || st_verdict(&s, "fchdir", 5, 0) == SECCOMP_RET_ALLOW,
	      "5 <= 0x100000001");

	s = (struct seccomp_conf){ .default_action = ACT_ERRNO, ST_RULES(
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 0, 0x28, 0, OP_EQ }) },
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 0, 0xfffffffffffffffe, 0, OP_EQ }) },
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 2, 0x7fffffff, 0, OP_EQ },
			{ 1, 0xfffffffffffffffe, 0, OP_EQ }, { 0, 0xffffffff, 0, OP_EQ }) },
		{ ST_NAMES("fchdir"), .action = ACT_ALLOW, ST_ARGS({ 1, 0x1ffffffff, 0, OP_EQ },
			{ 2, 0x1ffffffff, 0, OP_EQ }) }) };
	CHECK(st_profile("shared prefix", &s, 2000), "shared prefix");

	/* On 32 bits the first rule has no argument left; on 64 the name has no number. */
	s = (struct seccomp_conf){ .default_action = ACT_LOG, ST_ARCHS(ARCH_X86, ARCH_ARM), ST_RULES(
		{ ST_NAMES("fcntl64"), .action = ACT_ALLOW, ST_ARGS({ 0, 0x100000000, 0, OP_MASKED_EQ }) },
		{ ST_NAMES("fcntl64"), .action = ACT_ERRNO, ST_ARGS({ 0, 0x100000000, 0, OP_MASKED_EQ }) }) };
	CHECK(st_profile("32 bits only", &s, 20), "32 bits only");
}

static void st_random_profile(struct seccomp_conf *s)
{
	static const char *const pool[] = {
		"read", "write", "open", "close", "mmap", "clone", "clone3", "personality", "socket", "bind", "connect",
		"send", "recvmmsg", "accept", "accept4", "semop", "semget", "shmat", "semtimedop", "socketcall", "ipc",
		"fchdir", "fcntl", "fcntl64", "clock_gettime64", "statx", "openat2", "cachestat", "mseal", "set_tls",
		"no_such_call", "getpid", "_llseek", "arch_prctl", "execve", "ioctl", "rt_sigaction", "futex", "exit",
	};
	static const int actions[] = { ACT_ALLOW, ACT_ALLOW, ACT_ALLOW, ACT_ERRNO, ACT_ERRNO, ACT_LOG, ACT_TRACE,
				       ACT_KILL_THREAD, ACT_KILL_PROCESS, ACT_TRAP, ACT_NOTIFY };
	static const int archs[] = { SYS_NATIVE, ARCH_X86, ARCH_X32, ARCH_X86_64, ARCH_ARM, ARCH_AARCH64 };
	static struct seccomp_rule rules[40];
	static struct seccomp_arg args[40][4];
	static char *names[40][8];
	static int listed[4];
	bool agree = st_random(2);              /* one action for conditional rules? */

	*s = (struct seccomp_conf){ .rules = rules, .archs = listed };
	s->default_action = actions[st_random(LEN(actions) - 1)];       /* NOTIFY cannot be */
	s->n_archs = st_random(LEN(listed) + 1);
	for (size_t i = 0; i < s->n_archs; i++)
		listed[i] = ST_FOREIGN ? (int)st_random(ARCH_COUNT) : archs[st_random(LEN(archs))];
	s->n_rules = st_random(LEN(rules));
	for (size_t i = 0; i < s->n_rules; i++) {
		struct seccomp_rule *r = &rules[i];
		*r = (struct seccomp_rule){ .names = names[i], .n_names = 1 + st_random(7), .args = args[i] };
		r->action = actions[st_random(LEN(actions))];
		r->n_args = st_random(3) ? 1 + st_random(4) % 3 : 0;
		if (agree && r->n_args) r->action = s->default_action == ACT_ALLOW ? ACT_LOG : ACT_ALLOW;
		if ((r->action == ACT_ERRNO || r->action == ACT_TRACE) && st_random(2)) {
			r->has_errno = true;
			r->errno_ret = (uint32_t)st_random(200);
		}
		for (size_t j = 0; j < r->n_names; j++) {
			names[i][j] = (char *)(uintptr_t)pool[st_random(LEN(pool))];
			if (r->action == ACT_NOTIFY && strcmp(names[i][j], "write") == 0) names[i][j] = "writev";
		}
		for (size_t j = 0; j < r->n_args; j++)
			args[i][j] = (struct seccomp_arg){ (uint32_t)st_random(3), st_values[st_random(LEN(st_values))],
							   st_values[st_random(LEN(st_values))], (int)st_random(7) };
	}
}

static void st_random_profiles(void)
{
	const char *stress = getenv("STRESS");
	unsigned long n = stress ? strtoul(stress, NULL, 10) : 200, compiled = 0, asked = 0, unclear = 0, confused = 0;

	for (unsigned long i = 0; i < n; i++) {
		struct seccomp_conf s;
		char name[32];

		st_seed = 0x9e3779b97f4a7c15 * (i + 1);         /* so that a failure can be run alone */
		snprintf(name, sizeof name, "random %lu", i);
		st_random_profile(&s);
		compiled += st_profile(name, &s, 4);
		asked += st_result.asked;
		unclear += st_result.unclear;
		confused += st_result.confused;
	}
	CHECK(confused * 100 < asked, "libseccomp is excused %lu times of %lu", confused, asked);
	CHECK(compiled > n / 2, "only %lu of %lu random profiles compile", compiled, n);
	CHECK(unclear * 10 < asked, "%lu of %lu verdicts hang on an order", unclear, asked);
}

/* The kernel's word: both programs load, and do there what they do here. */
static int st_in_kernel(const struct bpf_prog *p)
{
	struct sock_fprog fprog = { .len = (unsigned short)p->len, .filter = p->insn };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) _exit(10);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) < 0) _exit(11);
		if (syscall(SYS_mount, 0, 0, 0, 0, 0) != -1 || errno != EPERM) _exit(1);
		if (syscall(SYS_clone3, 0, 0) != -1 || errno != ENOSYS) _exit(2);
		if (syscall(SYS_personality, 0xffffffffUL) < 0) _exit(3);
		if (sizeof(long) == 8 && (syscall(SYS_personality, 0x1ffffffffULL) != -1 || errno != EPERM)) _exit(4);
		if (syscall(SYS_socket, 40, 1, 0) != -1 || errno != EPERM) _exit(5);
		if (syscall(SYS_socket, 1, 1, 0) < 0) _exit(6);
		if (syscall(900) != -1 || errno != ENOSYS) _exit(7);
		if (syscall(SYS_clone, 0x7e020000UL, 0, 0, 0, 0) != -1 || errno != EPERM) _exit(8);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void st_kernel(void)
{
	struct seccomp_conf s;
	struct bpf_prog p;
	int rc = -1;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
		SKIP("seccomp: in the kernel", "there is none in it (qemu's user mode)");
		return;
	}
	st_default_profile(&s);
	CHECK(bpf_compile(&s, &p) == 0 && (rc = st_in_kernel(&p)) == 0, "builtin in the kernel: step %d", rc);
#if HAVE_LIBSECCOMP
	CHECK(bpf_compile_libseccomp(&s, &p) == 0 && (rc = st_in_kernel(&p)) == 0, "libseccomp in the kernel: step %d", rc);
#endif
}

/* What bpf_split() makes of a program: both halves loaded give the verdict of the whole. */
static void st_split(void)
{
	static struct st_file p;
	struct bpf_prog whole, rest, ask;

	CHECK(st_file_read("systemd-deny", &p) && bpf_compile(&p.conf, &whole) == 0 && whole.notify, "asks");
	CHECK(bpf_compile(&p.conf, &rest) == 0, "again");
	ask = bpf_split(&rest);
	CHECK(st_valid(&ask) && st_valid(&rest) && !ask.by_number, "both halves are programs");
	for (int i = 0; i < 600 * 2; i++) {
		struct seccomp_data d = { .arch = sc_archs[SYS_NATIVE].audit, .args = { 6, i % 2 ? 0x5412 : 0, 6 } };
		d.nr = (int)sc_archs[SYS_NATIVE].base + i / 2;
		uint32_t want = st_run(&whole, &d, NULL), a = st_run(&ask, &d, NULL), b = st_run(&rest, &d, NULL);
		CHECK((a == SECCOMP_RET_ALLOW || a == SECCOMP_RET_USER_NOTIF) && b != SECCOMP_RET_USER_NOTIF, "call %d: wrong half", i / 2);
		CHECK((a != SECCOMP_RET_ALLOW ? a : b) == want, "call %d: %#x and %#x are not %#x", i / 2, a, b, want);
	}
	p.conf.n_rules = 1;
	p.rules[0] = (struct seccomp_rule){ ST_NAMES("sendmsg"), .action = ACT_NOTIFY };
	CHECK(bpf_compile(&p.conf, &whole) == 0 && whole.by_number, "sendmsg cannot hand over its own listener");
}

static void test_seccomp(void)
{
	st_seed = 88172645463325252ull;
#if HAVE_LIBSECCOMP
	seccomp_api_set(6);     /* a program is data: whether the kernel here (qemu's, perhaps) could load it is no matter */
#endif
	st_tables();
	st_operators();
	st_meaning();
	st_sizes();
	st_default();
	st_many_verdicts();
	st_values_in_a_row();
	st_x32_shares();
	st_lib_level();
	st_shipped();
	st_split();
	st_mixed();
	st_libseccomp();
	st_random_profiles();
#if !ST_FOREIGN
	st_kernel();
#endif
}
