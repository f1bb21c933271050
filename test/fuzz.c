/* fuzz.c - targets for libFuzzer: what reads text that others write must survive any of it.
 *
 * Each `int fuzz_NAME(const uint8_t *, size_t)` is a target; the Makefile builds one program for
 * each, which calls it as FUZZ.  A target aborts when an invariant does not hold.  What it
 * allocates from the arena is freed after each input.
 *
 * Two kinds of input.  Texts are taken as they are.  Where a text that means something is too hard
 * to find by chance (a configuration, a seccomp profile, device rules), the bytes are choices
 * instead: draw() takes the next one, zero when there are no more.                            */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdlib.h>

/* Every block of the arena by itself, so that the sanitizers see its edges. */
static struct block { _Alignas(16) struct block *next; } *blocks;

static void *test_alloc(size_t n)
{
	struct block *b = calloc(1, sizeof *b + n);

	if (!b)
		abort();
	b->next = blocks;
	blocks = b;
	return b + 1;
}

static void free_all(void)
{
	while (blocks) {
		struct block *b = blocks;

		blocks = b->next;
		free(b);
	}
}
#define TEST_ALLOC test_alloc

#define main runtime_main
#include "../runtime.c"
#undef main

#define MUST(condition) do { if (!(condition)) must_fail(#condition, __LINE__); } while (0)

static _Noreturn void must_fail(const char *what, int line)
{
	dprintf(2, "fuzz.c:%d: does not hold: %s (last error: %s)\n", line, what, err.msg);
	abort();
}

#define CHECK(condition, ...) \
	do { \
		if (!(condition)) { \
			dprintf(2, __VA_ARGS__); \
			must_fail(#condition, __LINE__); \
		} \
	} while (0)
#include "seccomp_test.h"

/* ---- choices ---- */

static struct { const uint8_t *at; size_t left; } input;

static unsigned draw(unsigned below)
{
	unsigned v = 0;

	for (unsigned room = 1; room < below && input.left; room <<= 8) {
		v = v << 8 | *input.at++;
		input.left--;
	}
	return v % below;
}

static uint64_t draw_u64(void)
{
	static const uint64_t borders[] = { 0, 1, 2, INT32_MAX, UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX };
	unsigned kind = draw(16);

	if (kind < LEN(borders))
		return borders[kind];
	return kind < 12 ? draw(256) : (uint64_t)draw(1 << 24) << draw(40);
}

/* A text of the allocator's own: its end is a wall. */
static char *take_text(const uint8_t *data, size_t size)
{
	char *p = arena_alloc(size + 1);

	if (size)
		memcpy(p, data, size);
	return p;
}

static bool parses(const char *text, size_t len, struct json *j)
{
	size_t ntok = json_tokens_max(len), nscratch = json_scratch_max(len);

	*j = (struct json){ 0 };
	return json_parse(j, take_text((const uint8_t *)text, len), len,
			  arena_alloc(ntok * sizeof(jsmntok_t)), ntok,
			  arena_alloc(nscratch * sizeof(uint32_t)), nscratch) == 0;
}

/* ---- JSON ---- */

static void json_write(struct buf *b, const struct json *j, int *i)
{
	const jsmntok_t *t = &j->tok[(*i)++];
	bool object = t->type == JSMN_OBJECT;

	if (t->type == JSMN_STRING) {
		buf_quote(b, j->text + t->start);
	} else if (t->type == JSMN_PRIMITIVE) {
		buf_add(b, j->text + t->start, (size_t)(t->end - t->start));
	} else {
		buf_fmt(b, "%c", object ? '{' : '[');
		for (int n = 0; n < t->size; n++) {
			if (n)
				buf_fmt(b, ",");
			if (object) {
				json_write(b, j, i);
				buf_fmt(b, ":");
			}
			json_write(b, j, i);
		}
		buf_fmt(b, "%c", object ? '}' : ']');
	}
}

/* What is taken can be written and read again as the same; what is refused names a place. */
int fuzz_json(const uint8_t *data, size_t size)
{
	struct json j, again;
	struct buf b = { 0 }, twice = { 0 };
	int i = 0, k = 0, lines = 1;

	for (size_t n = 0; n < size; n++)
		lines += data[n] == '\n';
	if (!parses((const char *)data, size, &j)) {
		MUST(j.err.what && *j.err.what && j.err.line >= 1 && j.err.line <= lines &&
		     j.err.col >= 1 && (size_t)j.err.col <= size + 1);
		return 0;
	}
	MUST(j.count > 0 && (size_t)j.count <= json_tokens_max(size) &&
	     json_next(&j, 0) == j.count);
	for (int n = 0; n < j.count; n++) {
		const jsmntok_t *t = &j.tok[n];

		MUST(t->start >= 0 && t->start <= t->end && (size_t)t->end <= size && t->size >= 0);
		if (t->type == JSMN_STRING)
			MUST(strlen(j.text + t->start) == (size_t)(t->end - t->start));
	}
	json_write(&b, &j, &i);
	MUST(i == j.count && parses(b.p, b.len, &again) && again.count == j.count);
	json_write(&twice, &again, &k);
	MUST(b.len == twice.len && memcmp(b.p, twice.p, b.len) == 0);
	return 0;
}

/* ---- configuration ---- */

static void draw_string(struct buf *b)
{
	static const char *const words[] = {
		"", "/", "/a", "..", "../../x", "/a/../b", "1.0.0", "1.3.0-x", "bind", "tmpfs", "proc", "none", "rbind", "ro", "rro",
		"noatime", "strictatime", "shared", "rslave", "size=1", "idmap", "c", "b", "a", "u", "p", "rwm", "m", "net.x", "kernel.sem",
		"A=1", "HOME=", "PATH=/bin", "read", "socketcall", "clone", "\\u00e4\\n", "0-1", "max", "2MB", "user.max", "a,b", "=",
	};
	char text[24] = { 0 };

	if (draw(8)) {
		buf_fmt(b, "\"%s\"", words[draw(LEN(words))]);
		return;
	}
	for (unsigned i = 0, n = draw(sizeof text); i < n; i++)
		text[i] = (char)draw(256);
	buf_quote(b, text);
}

static void draw_object(struct buf *b, const struct field *fields, int depth);

static void draw_value(struct buf *b, const struct field *f, int depth)
{
	const struct name *words = f->sub;
	unsigned n = 0;

	if (!draw(24)) {                        /* of the wrong type */
		static const char *const other[] = { "null", "{}", "[]", "\"\"", "-1", "1.5", "true", "[{}]", "[[1]]" };

		buf_fmt(b, "%s", other[draw(LEN(other))]);
		return;
	}
	switch ((enum kind)f->kind) {
	case K_BOOL: buf_fmt(b, draw(2) ? "true" : "false"); break;
	case K_U32: case K_U64: case K_ID: buf_fmt(b, "%" PRIu64, draw_u64()); break;
	case K_I64: case K_OPT: buf_fmt(b, "%" PRId64, (int64_t)draw_u64()); break;
	case K_NAME: case K_NAMES: case K_FLAGS:
		while (words[n].name)
			n++;
		buf_fmt(b, f->kind == K_NAME ? "\"%s\"" : "[\"%s\"]", words[draw(n)].name);
		break;
	case K_OBJ: draw_object(b, f->sub, depth + 1); break;
	case K_STR: draw_string(b); break;
	case K_MAP:
		buf_fmt(b, "{");
		for (n = draw(4); n--;) {
			draw_string(b);
			buf_fmt(b, ":");
			draw_string(b);
			buf_fmt(b, n ? "," : "");
		}
		buf_fmt(b, "}");
		break;
	default:
		buf_fmt(b, "[");
		for (n = draw(5); n--;) {
			if (f->kind == K_LIST)
				draw_object(b, f->sub, depth + 1);
			else if (f->kind == K_IDS)
				buf_fmt(b, "%" PRIu64, draw_u64());
			else if (f->kind == K_CAPS)
				buf_fmt(b, "\"%s\"", cap_names[draw(LEN(cap_names))]);
			else
				draw_string(b);
			buf_fmt(b, n ? "," : "");
		}
		buf_fmt(b, "]");
	}
}

/* What is required comes nearly always, the rest as the bytes say. */
static void draw_object(struct buf *b, const struct field *fields, int depth)
{
	bool first = true;

	buf_fmt(b, "{");
	for (const struct field *f = fields; f->name; f++) {
		bool wanted = f->required ? input.left == 0 || draw(64) != 63
					  : input.left && draw(3) == 1;

		if (!wanted || (f->kind == K_REFUSED && draw(64)) || depth > 8)
			continue;
		buf_fmt(b, "%s\"%s\":", first ? "" : ",", f->name);
		draw_value(b, f, depth);
		first = false;
	}
	buf_fmt(b, "}");
}

/* What the commands make of a configuration before they ask the kernel for anything. */
static void use_config(struct config *c)
{
	struct container ct = CONTAINER_NONE;
	struct cg_values v = { 0 };
	struct dev_list l;
	struct dev_prog p;
	struct bpf_prog filter;

	MUST(c->rootfs && c->rootfs[0] == '/' && str_eq(path_clean(c->rootfs), c->rootfs));
	MUST(c->oci_version && c->has_root);
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct mnt_flags *f = &c->mounts[i].flags;

		MUST(!(f->set & f->clear & ~ATTR_ATIME) &&
		     f->n_propagation <= LEN(f->propagation));
	}
	for (int i = 0; i < NS_COUNT; i++)
		MUST(!(c->ns_new[i] && c->ns_path[i]) && (!c->ns_new[i] || c->ns_any[i]));
	if (cg_values(&c->resources, &v) == 0)
		MUST(!v.cpu_weight.set || (v.cpu_weight.v >= 1 && v.cpu_weight.v <= 10000));
	if (dev_list(&l, c->resources.devices, c->resources.n_devices) == 0)
		dev_compile(&l, &p);
	if (c->has_seccomp && bpf_compile(&c->seccomp, &filter) == 0)
		MUST(st_valid(&filter));
	MUST(cg_path(c, "id", -1)[0] == '/');
	if (c->has_process) {
		char **env = sec_env(&c->process);
		size_t homes = 0;

		for (; *env; env++)
			homes += str_starts(*env, "HOME=");
		MUST(homes == 1);
	}
	ct.id = str_dup("id");
	ct.bundle = c->bundle;
	ct.rootfs = c->rootfs;
	ct.annotations = c->annotations;
	struct buf b = { 0 };
	struct json j;

	state_print(&ct, ST_CREATED, &b, "");
	MUST(parses(b.p, b.len, &j));
}

/* Any text; a text made from the tables of fields, if the first byte is 'T'. */
int fuzz_config(const uint8_t *data, size_t size)
{
	struct config c = { 0 };
	struct process_conf p = { 0 };
	struct buf b = { 0 };

	if (size && *data == 'T') {
		input.at = data + 1;
		input.left = size - 1;
		draw_object(&b, config_fields, 0);
	} else {
		buf_add(&b, (const char *)data, size);
	}
	err_clear();
	if (conf_load(&c, take_text((uint8_t *)b.p, b.len), b.len, "/bundle") == 0)
		use_config(&c);
	else
		MUST(str_starts(err.msg, "config.json: ") && strlen(err.msg) < sizeof err.msg);
	if (dec_load(take_text((uint8_t *)b.p, b.len), b.len, process_fields, &p, "p") == 0)
		conf_check_process(&p, "p");
	return 0;
}

/* ---- command line ---- */

/* The first byte chooses the command, NULs end arguments. */
int fuzz_options(const uint8_t *data, size_t size)
{
	struct strs argv = { 0 };
	size_t n_commands = LEN(commands) - 1;
	unsigned which = size ? *data : 0;
	const struct command *c = which % (n_commands + 1) < n_commands
					  ? &commands[which % (n_commands + 1)]
					  : NULL;
	char *text = take_text(data + (size > 0), size - (size > 0)),
	     *end = text + size - (size > 0);

	for (; text < end && argv.n < 200; text += strlen(text) + 1)
		strs_add(&argv, str_dup(text));
	if (!argv.v)
		argv.v = arena_alloc(sizeof *argv.v);
	/* as many operands as main() makes room for: the arguments and the program's name */
	struct options o = { .args = arena_alloc((argv.n + 1) * sizeof *o.args) };
	int at = opt_parse(c ? c->options : global_options, argv.v, c ? c->stop : true, &o);

	MUST(at >= -1 && at <= (int)argv.n && o.n_args <= argv.n);
	if (at < 0)
		MUST(*err.msg);
	for (size_t i = 0; i < o.n_args; i++) {
		struct process_conf p = { 0 };
		char *clean = path_clean(o.args[i]);
		int sig = cmd_signal(o.args[i]);

		MUST(sig >= -1 && sig <= 64 && sig != 0);
		cmd_user(o.args[i], &p);
		MUST(p.user.uid != NO_ID && p.user.gid != NO_ID);
		MUST(clean[0] == '/' && str_eq(path_clean(clean), clean) && !strstr(clean, "//") &&
		     path_is_under(clean, ""));
		if (state_check_id(o.args[i]) == 0)
			MUST(!strchr(o.args[i], '/') && !str_eq(o.args[i], "..") &&
			     !str_eq(o.args[i], "."));
		conf_check_version(o.args[i]);
	}
	if (at >= 0 && o.n_args > 0) {
		struct process_conf p = { .cwd = str_dup("/") };

		cmd_exec_process(&o, &p);
	}
	return 0;
}

/* ---- state.json ---- */

/* What is read can be shown, whatever it is. */
int fuzz_state(const uint8_t *data, size_t size)
{
	struct container c = CONTAINER_NONE;
	struct buf b = { 0 };
	struct json j;

	if (size && *data == 'T') {
		input.at = data + 1;
		input.left = size - 1;
		draw_object(&b, state_fields, 0);
	} else {
		buf_add(&b, (const char *)data, size);
	}
	if (dec_load(take_text((uint8_t *)b.p, b.len), b.len, state_fields, &c, "state.json") < 0)
		return 0;
	struct buf shown = { 0 };

	MUST(c.id && c.bundle && c.rootfs && c.created && c.cgroup);
	state_print(&c, c.ready ? ST_CREATED : ST_STOPPED, &shown, list_owner(&c));
	MUST(parses(shown.p, shown.len, &j) && json_get(&j, 0, "status") > 0);
	return 0;
}

/* ---- D-Bus ---- */

/* What the peer sends, from its answer to AUTH on: a socket that is closed behind it. */
int fuzz_bus(const uint8_t *data, size_t size)
{
	struct buf body = { 0 };
	int pair[2];

	if (size > 1 << 16 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	struct bus b = { .fd = pair[0], .unit = "a.scope", .end = bus_now() + 10000 };
	bool sent = write(pair[1], data, size) == (ssize_t)size;

	shutdown(pair[1], SHUT_WR);
	if (sent && bus_auth(&b, 0) == 0 && bus_job(&b, "StartTransientUnit", "s", &body) == 0)
		MUST(*b.job && strcmp(b.result, "done") == 0);
	MUST(b.used <= b.in.len || !b.in.p);
	close(pair[0]);
	close(pair[1]);
	return 0;
}

/* Values of annotations: a value that is taken is a whole variant of the type it names. */
int fuzz_variant(const uint8_t *data, size_t size)
{
	char *text = take_text(data, size);
	struct buf b = { 0 };

	if (memchr(text, '\0', size) || !gv_variant(text, &b))
		return 0;
	struct bus_in r = { .p = b.p, .len = b.len };
	const char *sig = bus_get_sig(&r);
	bool list = *sig == 'a';
	const struct gv_type *t = gv_find(NULL, 0, sig[list]);

	MUST(!r.bad && t && strlen(sig) == (list ? 2 : 1));
	size_t end = list ? bus_get_u32(&r) : 0;

	r.at = (r.at + (t->size ? t->size : 4) - 1) / (t->size ? t->size : 4) * (t->size ? t->size : 4);
	end = list ? r.at + end : b.len;
	MUST(end == b.len);
	while (!r.bad && r.at < end)
		if (t->size)
			bus_take(&r, t->size, t->size);
		else
			bus_get_str(&r);
	MUST(!r.bad && r.at == end);
	return 0;
}

/* ---- device rules ---- */

/* Programs end, have no jump backwards or out, and no code that is not reached. */
static void dev_must_be_sound(const struct dev_prog *p)
{
	bool *reached = arena_alloc(p->n + 1);

	reached[0] = true;
	for (size_t i = 0; i < p->n; i++) {
		uint8_t class = BPF_CLASS(p->v[i].code);
		bool ends = p->v[i].code == (BPF_JMP | BPF_EXIT),
		     jump = !ends && (class == BPF_JMP || class == BPF_JMP32);

		MUST(reached[i]);
		if (jump) {
			MUST(p->v[i].off >= 0 && i + 1 + (size_t)p->v[i].off < p->n);
			reached[i + 1 + (size_t)p->v[i].off] = true;
		}
		if (!ends && p->v[i].code != (BPF_JMP | BPF_JA))
			reached[i + 1] = true;
	}
	MUST(p->n && !reached[p->n]);
}

int fuzz_devices(const uint8_t *data, size_t size)
{
	static char *const types[] = { NULL, "", "a", "b", "c", "u" };
	static char *const accesses[] = { NULL, "", "r", "w", "m", "rw", "wm", "rm", "rwm" };
	struct device_rule *rules = arena_alloc((size + 1) * sizeof *rules);
	struct dev_list l;
	struct dev_prog p;
	size_t n = 0;

	input.at = data;
	input.left = size;
	for (; input.left; n++) {
		rules[n] = (struct device_rule){ .allow = draw(2), .type = types[draw(LEN(types))],
						 .access = accesses[draw(LEN(accesses))] };
		if (draw(2))
			rules[n].major = (struct opt){ true, draw(2) ? (int64_t)draw(4097) - 1
								     : (int64_t)draw(12) };
		if (draw(2))
			rules[n].minor = (struct opt){ true, draw(2) ? (int64_t)draw(1048577) - 1
								     : (int64_t)draw(12) };
	}
	if (dev_list(&l, rules, n) < 0) {
		MUST(str_starts(err.msg, "linux.resources.devices["));
		return 0;
	}
	MUST(l.n <= l.cap);
	dev_compile(&l, &p);
	dev_must_be_sound(&p);
	return 0;
}

/* ---- seccomp ---- */

/* A few calls, most of them of names in the profile: is the verdict what the profile says? */
static void ask(const struct seccomp_conf *s, const struct bpf_prog *p)
{
	st_look_up(s);
	for (int n = 0; n < 60; n++) {
		struct seccomp_data d = { 0 };
		const struct seccomp_rule *r = s->n_rules ? &s->rules[st_random(s->n_rules)] : NULL;
		int arch = s->n_archs && st_random(2) ? s->archs[st_random(s->n_archs)]
						      : SYS_NATIVE,
		    nr = -1;

		if (r && sc_archs[arch].col >= 0 && st_random(6))
			nr = st_number(arch, r->names[st_random(r->n_names)]);
		d.arch = sc_archs[arch].audit;
		d.nr = nr >= 0 ? nr : (int)(sc_archs[arch].base + (uint32_t)st_random(1100));
		for (unsigned k = 0; k < SC_ARGS; k++)
			d.args[k] = st_word(s);
		st_ask(s, p, NULL, &d);
	}
}

/* A profile made from the bytes.  What compiles is a program that the kernel would take and does
 * what the profile says; one in 64 is asked everything. */
int fuzz_seccomp(const uint8_t *data, size_t size)
{
	enum { RULES = 24, NAMES = 4, ARGS = 6 };
	static char *names[RULES][NAMES], *const odd[] = { "no_such_call", "", "socketcall", "ipc", "socket", "semop", "accept4" };
	static struct seccomp_rule rules[RULES];
	static struct seccomp_arg args[RULES][ARGS];
	static int archs[4];
	struct seccomp_conf s = { .rules = rules, .archs = archs };

	input.at = data;
	input.left = size;
	st_seed = 88172645463325252ull;
	s.default_action = (int)draw(ACT_NOTIFY + 1);
	s.has_default_errno = draw(2);
	s.default_errno = s.has_default_errno ? draw(70000) : 0;
	s.n_archs = draw(LEN(archs) + 1);
	for (size_t i = 0; i < s.n_archs; i++)
		archs[i] = (int)draw(ARCH_COUNT);
	for (; input.left && s.n_rules < RULES; s.n_rules++) {
		struct seccomp_rule *r = &rules[s.n_rules];

		*r = (struct seccomp_rule){ .names = names[s.n_rules],
					    .n_names = 1 + draw(NAMES),
					    .args = args[s.n_rules],
					    .n_args = draw(3) ? draw(ARGS + 1) : 0,
					    .action = (int)draw(ACT_NOTIFY + 1) };
		r->has_errno = (r->action == ACT_ERRNO || r->action == ACT_TRACE) ? draw(2)
										  : !draw(50);
		r->errno_ret = r->has_errno ? draw(200) : 0;
		for (size_t k = 0; k < r->n_names; k++)
			r->names[k] = draw(3) ? (char *)(uintptr_t)(sys_names +
								    sys_offset[draw(SYS_COUNT)])
					      : odd[draw(LEN(odd))];
		for (size_t k = 0; k < r->n_args; k++)
			r->args[k] = (struct seccomp_arg){ draw(50) ? draw(SC_ARGS) : 6, draw_u64(),
							   draw_u64(),
							   (int)draw(OP_MASKED_EQ + 1) };
	}
	struct bpf_prog p;

	if (bpf_compile(&s, &p) < 0) {
		MUST(str_starts(err.msg, "seccomp: "));
		return 0;
	}
	MUST(st_valid(&p));
	ask(&s, &p);
	if (size % 64 == 63)
		st_profile("fuzz", &s, 1);
	return 0;
}

/* ---- libFuzzer ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	logger.json = true;                     /* no warnings: there would be many */
	FUZZ(data, size);
	free_all();
	return 0;
}
