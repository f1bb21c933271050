/* unit.c - tests of runtime.c's tables and of its functions that ask nothing of the kernel.
 *
 * The whole program is included, so every static function can be called.  Nothing here needs
 * privileges; what root can try in addition is skipped for others.  Each CHECK is one TAP line;
 * the last line is "N passed, N failed, N skipped".
 *
 * ORDER   report - helpers - one part for each room of runtime.c, in its order - main
 * ADD     a case: a row in the table of its function.  A row in a table of runtime.c needs
 *         nothing here: the tables are walked.                                                 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
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
#define TEST_ALLOC test_alloc

/* ---- report ---- */

static unsigned n_passed, n_failed, n_skipped;

__attribute__((format(printf, 2, 3))) static bool report(bool ok, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '#') /* TAP: one line, and # starts a directive */
			*p = *p == '#' ? 'H' : ' ';
	*(ok ? &n_passed : &n_failed) += 1;
	printf("%sok %u - %s\n", ok ? "" : "not ", n_passed + n_failed + n_skipped, text);
	return ok;
}

static void skip(const char *what, const char *why)
{
	n_skipped++;
	printf("ok %u - %s # SKIP %s\n", n_passed + n_failed + n_skipped, what, why);
}

/* Before runtime.c, which poisons what it uses. */
#define CHECK(condition, text) ((void)report((condition), "%s", (text)))
#include "../jsmn.h"
#include "json_test.h"
#undef CHECK
#define CHECK(condition, ...) ((void)report((condition), __VA_ARGS__))

#define main runtime_main
#include "../runtime.c"
#undef main

/* Two texts are equal; shows both if not. */
static void check_str(const char *got, const char *want, const char *name)
{
	bool ok = got && want ? strcmp(got, want) == 0 : got == want;

	report(ok, "%s", name);
	if (!ok)
		printf("# got  \"%s\"\n# want \"%s\"\n", got ? got : "(null)",
		       want ? want : "(null)");
}

static void check_int(int64_t got, int64_t want, const char *name)
{
	if (!report(got == want, "%s", name))
		printf("# got %" PRId64 ", want %" PRId64 "\n", got, want);
}

/* ---- helpers ---- */

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % n);
}

/* A writable copy in a block of exactly its size, as conf_load() wants it. */
static char *copy_text(const char *s)
{
	return str_dup(s);
}

/* The message of a decoding, "" if it succeeds. */
static const char *decode(const char *text, const struct field *fields, size_t size)
{
	void *base = arena_alloc(size);

	err_clear();
	return dec_load(copy_text(text), strlen(text), fields, base, "x") < 0 ? err.msg : "";
}

static const char *load(struct config *c, const char *text)
{
	*c = (struct config){ 0 };
	err_clear();
	return conf_load(c, copy_text(text), strlen(text), "/bundle") < 0 ? err.msg : "";
}

static struct strs list_of(const char *const *v)
{
	struct strs s = { 0 };

	while (v && *v)
		strs_add(&s, str_dup(*v++));
	return s;
}
#define LIST(...) list_of((const char *const[]){ __VA_ARGS__, NULL })

static const char *join(char *const *v)
{
	struct buf b = { 0 };

	buf_fmt(&b, "%s", "");
	for (; v && *v; v++)
		buf_fmt(&b, "%s%s", b.len ? "|" : "", *v);
	return b.p;
}

/* ==== BASE ============================================================================== */

static void test_str_u64(void)
{
	static const struct { const char *text; uint64_t max; bool ok; uint64_t value; } rows[] = {
		{ "0", 0, true, 0 }, { "00", 9, true, 0 }, { "7", 7, true, 7 },
		{ "8", 7, false, 0 },
		{ "007", 7, true, 7 }, { "", 9, false, 0 }, { " 1", 9, false, 0 },
		{ "1 ", 9, false, 0 },
		{ "+1", 9, false, 0 }, { "-1", 9, false, 0 }, { "-0", 9, false, 0 },
		{ "1x", 99, false, 0 },
		{ "0x1", 99, false, 0 }, { "1.0", 99, false, 0 }, { "1e1", 99, false, 0 },
		{ "10", 9, false, 0 }, { "99", 100, true, 99 }, { "100", 100, true, 100 },
		{ "101", 100, false, 0 }, { "1000", 100, false, 0 },
		{ "4294967294", UINT32_MAX - 1, true, 4294967294 },
		{ "4294967295", UINT32_MAX - 1, false, 0 }, { "4294967296", UINT32_MAX, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "18446744073709551620", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 },
		{ "184467440737095516150", UINT64_MAX, false, 0 },
		{ "\xd9\xa1", 9, false, 0 }, { "1\n", 9, false, 0 },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		uint64_t v = 4711;
		int r = str_u64(rows[i].text, rows[i].max, &v);

		CHECK(r == (rows[i].ok ? 0 : -1) && v == (rows[i].ok ? rows[i].value : 4711),
		      "str_u64: \"%s\" up to %" PRIu64, rows[i].text, rows[i].max);
	}
	for (uint64_t max = 0; max < 30; max++)         /* every bound against every number */
		for (unsigned n = 0; n < 40; n++) {
			uint64_t v;

			if ((str_u64(str_fmt("%u", n), max, &v) == 0) != (n <= max)) {
				CHECK(false, "str_u64: %u up to %" PRIu64, n, max);
				return;
			}
		}
}

/* The formatter against the C library's, conversion by conversion. */
static void test_format(void)
{
	char mine[80], theirs[80];
	static const int numbers[] = { 0, 1, -1, 7, 8, 9, 10, 99, -100, INT_MAX, INT_MIN };
	static const char *const words[] = { "", "a", "word", "a longer word" };

#define SAME(...) do { \
		int n = fmt_to(mine, sizeof mine, __VA_ARGS__); \
		int m = snprintf(theirs, sizeof theirs, __VA_ARGS__); \
		check_int(n, m, "format: length of " #__VA_ARGS__); \
		check_str(mine, theirs, "format: " #__VA_ARGS__); \
	} while (0)
	for (size_t i = 0; i < LEN(numbers); i++) {
		int v = numbers[i];

		SAME("%d|%u|%x|%o", v, (unsigned)v, (unsigned)v, (unsigned)v);
		SAME("%ld|%lld|%lu|%llu", (long)v, (long long)v, (unsigned long)v, (unsigned long long)v);
		SAME("%zu|%zx|%" PRId64 "|%" PRIu64, (size_t)v, (size_t)v, (int64_t)v, (uint64_t)v);
		SAME("%5d|%-5d|%05d|%02d|%.3d|%.0d|%*d|%-*d", v, v, v, v, v, v, 7, v, 7, v);
		SAME("%8u|%-8u|%08x|%-6o|%.9ld", (unsigned)v, (unsigned)v, (unsigned)v, (unsigned)v, (long)v);
	}
	for (size_t i = 0; i < LEN(words); i++) {
		SAME("%s|%5s|%-5s|%.2s|%.*s|%*s|%-7.3s", words[i], words[i], words[i], words[i], 3,
		     words[i], 6, words[i], words[i]);
		SAME("%c%%%c|%3c", 'x', 'y', 'z');
	}
	SAME("%lld %llu", LLONG_MIN, ULLONG_MAX);
#undef SAME
	for (size_t room = 0; room < 6; room++) {       /* what does not fit */
		memset(mine, '#', sizeof mine);
		memset(theirs, '#', sizeof theirs);
		check_int(fmt_to(mine, room, "%s", "word"), 4, "format: whole length");
		if (room)
			snprintf(theirs, room, "%.*s", 4, "word");
		CHECK(memcmp(mine, theirs, sizeof mine) == 0, "format: %zu bytes of room", room);
	}
	check_str(str_fmt("%.2s", (const char[]){ 'a', 'b' }), "ab", "format: unended text with a precision");
}

static void test_strings(void)
{
	char *big = arena_alloc(100001);
	struct strs s = { 0 };
	struct buf b = { 0 };
	bool ok = true;

	memset(big, 'x', 100000);
	check_str(str_fmt("%s", ""), "", "str_fmt: nothing");
	check_str(str_fmt("%d-%s", 42, "a"), "42-a", "str_fmt: number and text");
	check_int((int64_t)strlen(str_fmt("<%s>", big)), 100002, "str_fmt: 100,000 characters");
	check_str(str_ndup("abc", 2), "ab", "str_ndup");
	CHECK(!str_eq(NULL, NULL) && !str_eq("", NULL) && str_eq("", ""),
	      "str_eq: NULL equals nothing");
	CHECK(str_starts("abc", "") && str_starts("abc", "abc") && !str_starts("ab", "abc"),
	      "str_starts");
	for (size_t i = 0; i < 300; i++) {              /* across every growth */
		strs_add(&s, str_fmt("%zu", i));
		ok &= s.n == i + 1 && s.v[s.n] == NULL;
	}
	for (size_t i = 0; i < 300; i++)
		ok &= str_eq(s.v[i], str_fmt("%zu", i));
	CHECK(ok, "strs_add: 300 items, each time ended by NULL");
	ok = true;
	for (size_t i = 0; i < 3000; i++) {
		buf_fmt(&b, "%c", 'a' + (int)(i % 26));
		ok &= b.len == i + 1 && b.p[b.len] == '\0' && b.cap > b.len;
	}
	buf_quote(&b, "\"\n");
	CHECK(ok && str_eq(b.p + 3000, "\"\\\"\\u000a\"") && b.len == 3010,
	      "buf: 3,000 characters and a quoted text");
	check_str(str_time(&(struct timespec){ 951782400, 7 }, true),
		  "2000-02-29T00:00:00.000000007Z", "str_time: nanoseconds");
	check_str(str_time(&(struct timespec){ 0, 7 }, false), "1970-01-01T00:00:00Z",
		  "str_time: seconds");
}

static void test_errors(void)
{
	char *big = arena_alloc(6000);
	bool ok = true;

	memset(big, 'y', 5999);
	check_int(fail("%s", "a"), -1, "fail returns -1");
	errno = ENOENT;
	check_int(efail("open %s", "/x"), -1, "efail returns -1");
	check_str(err.msg, "open /x: no such file or directory",
		  "efail: errno's text in lower case");
	check_int(err.no, ENOENT, "efail: errno is kept");
	check_int(ctx("mounts[%d]", 3), -1, "ctx returns -1");
	check_str(err.msg, "mounts[3]: open /x: no such file or directory", "ctx: in front");
	check_int(err.no, ENOENT, "ctx: errno is kept");
	fail_no(0, "a");
	check_str(err.msg, "a", "no errno, no text of it");
	for (size_t n = 1900; n < 2200; n++) {
		errno = EXDEV;
		efail("%.*s", (int)n, big);
		ok &= memchr(err.msg, '\0', sizeof err.msg) != NULL && strlen(err.msg) >= 1900;
		ctx("head");
		ok &= memchr(err.msg, '\0', sizeof err.msg) != NULL &&
		      str_starts(err.msg, "head: yyy");
	}
	CHECK(ok, "messages around the size of the record stay terminated");
	efail("%s", big);
	for (int i = 0; i < 100; i++) {
		ctx("%d %s", i, big);
		ok &= memchr(err.msg, '\0', sizeof err.msg) != NULL &&
		      str_starts(err.msg, str_fmt("%d yyy", i));
	}
	CHECK(ok, "a hundred long contexts stay terminated, the last one in front");
	err_clear();
	CHECK(!err.no && !*err.msg, "err_clear");
	ok = true;
	for (int no = 1; no < 134; no++) {
		const char *text = errno_text(no);

		if (isupper((unsigned char)*text) || !*text) {
			CHECK(false, "errno_text(%d): \"%s\"", no, text);
			ok = false;
		}
	}
	CHECK(ok, "errno texts start in lower case");
	check_str(errno_text(EPERM), "operation not permitted", "errno_text: EPERM");
	check_str(errno_text(EACCES), "permission denied", "errno_text: EACCES");
	check_str(errno_text(ENOTDIR), "not a directory", "errno_text: ENOTDIR");
}

/* ==== SYS =============================================================================== */

static void test_path_text(void)
{
	static const char *const clean[][2] = {
		{ "/", "/" }, { "", "/" }, { ".", "/" }, { "..", "/" }, { "/.", "/" },
		{ "/..", "/" },
		{ "//", "/" }, { "///", "/" }, { "/a", "/a" }, { "a", "/a" }, { "a/", "/a" },
		{ "/a/", "/a" },
		{ "/a//", "/a" }, { "//a", "/a" }, { "/a/b", "/a/b" }, { "/a//b", "/a/b" },
		{ "/a/./b", "/a/b" },
		{ "/a/b/.", "/a/b" }, { "/a/../b", "/b" }, { "/a/b/..", "/a" },
		{ "/a/b/../", "/a" },
		{ "/a/b/../..", "/" }, { "/a/b/../../..", "/" }, { "/../../a", "/a" },
		{ "../../a", "/a" },
		{ "/a/../../b/../c", "/c" }, { "a/b/../c/./d//e/", "/a/c/d/e" }, { "/...", "/..." },
		{ "/..a", "/..a" }, { "/a..", "/a.." }, { "/.a", "/.a" }, { "/a.", "/a." },
		{ "/.../..", "/" },
		{ "/a/.../b", "/a/.../b" }, { "./a", "/a" }, { "././.", "/" },
		{ "/a b/\tc", "/a b/\tc" },
		{ "/\xff/..", "/" }, { "/a/..b/../c", "/a/c" }, { "/abc/..", "/" },
		{ "abc/..", "/" },
	};
	static const struct { const char *path, *dir; bool under; } under[] = {
		{ "/a", "/a", true }, { "/a/b", "/a", true }, { "/ab", "/a", false },
		{ "/a", "/a/b", false },
		{ "/a/", "/a", true }, { "/", "/a", false }, { "", "/a", false },
		{ "/a.", "/a", false },
		{ "/proc/self/attr", "/proc", true }, { "/process", "/proc", false },
		{ "/A", "/a", false },
	};

	for (size_t i = 0; i < LEN(clean); i++)
		check_str(path_clean(clean[i][0]), clean[i][1],
			  str_fmt("path_clean: \"%s\"", clean[i][0]));
	for (size_t i = 0; i < LEN(clean); i++) {
		char *once = path_clean(clean[i][0]);

		check_str(path_clean(once), once, str_fmt("path_clean: twice \"%s\"", clean[i][0]));
	}
	for (size_t i = 0; i < LEN(under); i++)
		CHECK(path_is_under(under[i].path, under[i].dir) == under[i].under,
		      "path_is_under: %s, %s", under[i].path, under[i].dir);
}

/* A tree for path_in_root() and path_make():  top/root is the root, top/canary must stay empty. */
struct tree { char top[64], *at; int root, canary; };

static void tree_make(struct tree *t)
{
	static const char *const dirs[] = {
		"root", "canary", "root/dir", "root/dir/sub", "root/locked",
	};
	static const char *const links[][2] = {
		{ "/dir", "abs" }, { "dir", "rel" }, { "dir/sub", "rel2" },
		{ "../..", "dir/sub/up" },
		{ "../../../../../canary", "out" }, { "/../../canary", "out_abs" },
		{ "self", "self" },
		{ "loop2", "loop1" }, { "loop1", "loop2" }, { "/nowhere/x", "dangle_abs" },
		{ "missing", "dangle_rel" }, { "../../canary/new", "dangle_out" },
		{ "file", "to_file" },
		{ "/abs/sub", "via" }, { "dangle_abs", "dangle_twice" }, { ".", "here" },
		{ "/", "slash" },
		{ "..", "dir/parent" }, { "file/x", "through_file" },
		{ "deep/../dir", "missing_up" },
		{ "/deeper/x", "dir/sub/hang_abs" },
	};

	snprintf(t->top, sizeof t->top, "/tmp/unit.XXXXXX");
	t->root = t->canary = -1;
	if (!mkdtemp(t->top) || chdir(t->top) < 0)
		abort();
	for (size_t i = 0; i < LEN(dirs); i++)
		if (mkdir(dirs[i], 0755) < 0)
			abort();
	t->root = openat(AT_FDCWD, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	t->canary = openat(AT_FDCWD, "canary", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(openat(t->root, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	for (size_t i = 0; i < LEN(links); i++)
		if (symlinkat(links[i][0], t->root, links[i][1]) < 0)
			abort();
	for (int i = 0; i < 60; i++)            /* chain9 -> chain8 -> ... -> dir */
		if (symlinkat(i ? str_fmt("chain%d", i - 1) : "dir", t->root,
			      str_fmt("chain%d", i)) < 0)
			abort();
	for (int i = 0; i < 60; i++)            /* the same to something missing */
		if (symlinkat(i ? str_fmt("hang%d", i - 1) : "hung", t->root,
			      str_fmt("hang%d", i)) < 0)
			abort();
	char *real = realpath(t->top, NULL);

	t->at = str_fmt("%s/root", real);
	free(real);
}

/* By descriptor: paths in it may be longer than a path may be.  Takes dir. */
static void tree_empty(int dir)
{
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		if (unlinkat(dir, e->d_name, 0) < 0) {
			tree_empty(openat(dir, e->d_name,
					  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
			unlinkat(dir, e->d_name, AT_REMOVEDIR);
		}
	}
	if (d)
		closedir(d);
}

static void tree_remove(const char *path)
{
	tree_empty(openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	CHECK(rmdir(path) == 0, "the scratch directory is removed");
}

/* Where a descriptor leads, relative to the root; "outside" if it does not lie in it. */
static const char *tree_place(const struct tree *t, int fd)
{
	char at[PATH_MAX];
	ssize_t n = readlink(str_fmt("/proc/self/fd/%d", fd), at, sizeof at - 1);

	if (n < 0)
		return "no /proc";
	at[n] = '\0';
	if (!path_is_under(at, t->at))
		return "outside";
	return str_dup(at[strlen(t->at)] ? at + strlen(t->at) : "/");
}

struct path_row { const char *path; bool file; const char *want; int no; };

static void tree_check(const struct tree *t, const struct path_row *r, bool make)
{
	const char *what = make ? r->file ? "path_make file" : "path_make" : "path_in_root";

	errno = 0;
	autoclose int fd = make ? path_make(t->root, r->path, r->file)
				: path_in_root(t->root, r->path, O_PATH);
	const char *got = fd < 0 ? str_fmt("errno %d", errno) : tree_place(t, fd);

	check_str(got, r->want ? r->want : str_fmt("errno %d", r->no),
		  str_fmt("%s: %.100s", what, r->path));
}

static bool dir_is_empty(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = fdopendir(fd);

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n == 2;
}

static void test_path_root(void)
{
	static const struct path_row lookups[] = {
		{ "/", 0, "/", 0 }, { "", 0, "/", 0 }, { "///", 0, "/", 0 }, { ".", 0, "/", 0 },
		{ "..", 0, "/", 0 },
		{ "/dir", 0, "/dir", 0 }, { "dir/sub", 0, "/dir/sub", 0 },
		{ "/dir//sub/", 0, "/dir/sub", 0 },
		{ "abs", 0, "/dir", 0 }, { "rel", 0, "/dir", 0 }, { "rel2", 0, "/dir/sub", 0 },
		{ "via", 0, "/dir/sub", 0 }, { "dir/sub/up", 0, "/", 0 },
		{ "here/here/dir", 0, "/dir", 0 },
		{ "slash/abs/sub/up", 0, "/", 0 }, { "dir/parent/..", 0, "/", 0 },
		{ "to_file", 0, "/file", 0 },
		{ "../../../dir", 0, "/dir", 0 }, { "dir/../../..", 0, "/", 0 },
		{ "/../canary", 0, NULL, ENOENT },
		{ "out", 0, NULL, ENOENT }, { "out_abs", 0, NULL, ENOENT },
		{ "out/..", 0, NULL, ENOENT },
		{ "dangle_abs", 0, NULL, ENOENT }, { "self", 0, NULL, ELOOP },
		{ "loop1", 0, NULL, ELOOP },
		{ "file/x", 0, NULL, ENOTDIR }, { "file/..", 0, NULL, ENOTDIR },
		{ "file/", 0, NULL, ENOTDIR },
		{ "missing/..", 0, NULL, ENOENT }, { "chain12", 0, "/dir", 0 },
		{ "chain41", 0, NULL, ELOOP },
	};
	static const struct path_row makes[] = {
		{ "/", false, "/", 0 }, { "dir", false, "/dir", 0 }, { "dir", true, "/dir", 0 },
		{ "file", false, "/file", 0 }, { "file", true, "/file", 0 },
		{ "abs", true, "/dir", 0 },
		{ "a/b/c", false, "/a/b/c", 0 }, { "/a//b/./d", true, "/a/b/d", 0 },
		{ "e", true, "/e", 0 },
		{ "f/", false, "/f", 0 }, { "g//", false, "/g", 0 },
		{ "abs/new", false, "/dir/new", 0 },
		{ "via/new/x", true, "/dir/sub/new/x", 0 }, { "rel2/up/h", false, "/h", 0 },
		{ "../../i", false, "/i", 0 }, { "/dir/../../../j", true, "/j", 0 },
		{ "out/k", false, "/canary/k", 0 }, { "out_abs/l", true, "/canary/l", 0 },
		{ "dangle_abs", true, "/nowhere/x", 0 }, { "dangle_rel", false, "/missing", 0 },
		{ "dangle_out", true, "/canary/new", 0 }, { "dangle_twice", true, "/nowhere/x", 0 },
		{ "dangle_rel/m", false, "/missing/m", 0 }, { "n/../o", false, "/o", 0 },
		{ "missing_up/p", false, "/dir/p", 0 }, { "slash/here/q", false, "/q", 0 },
		{ "dir/parent/dir/parent/r", true, "/r", 0 }, { "self", false, NULL, ELOOP },
		{ "self/x", false, NULL, ELOOP }, { "loop1/x/y", true, NULL, ELOOP },
		{ "file/x", false, NULL, ENOTDIR }, { "file/x", true, NULL, ENOTDIR },
		{ "through_file", false, NULL, ENOTDIR }, { "to_file/x", false, NULL, ENOTDIR },
		{ "chain12/s", false, "/dir/s", 0 }, { "chain45/s", false, NULL, ELOOP },
		{ "hang30/t", true, "/hung/t", 0 }, { "hang45", false, NULL, ELOOP },
		{ "dir/sub/hang_abs/z", false, "/deeper/x/z", 0 },
		{ "chain30/u/../../chain30/v", false, NULL, ELOOP },
		{ "\xff\xfe/\n", false, "/\xff\xfe/\n", 0 }, { "...", false, "/...", 0 },
		{ " ", true, "/ ", 0 },
	};
	char name[300], *deep = str_dup("z");
	struct tree t;
	struct stat st;
	mode_t mask = umask(022);

	tree_make(&t);
	for (size_t i = 0; i < LEN(lookups); i++)
		tree_check(&t, &lookups[i], false);
	for (size_t i = 0; i < LEN(makes); i++)
		tree_check(&t, &makes[i], true);
	for (size_t i = 0; i < LEN(makes); i++)         /* again: now all of it exists */
		tree_check(&t, &makes[i], true);
	CHECK(fstatat(t.root, "a/b", &st, 0) == 0 && st.st_mode == (S_IFDIR | 0755),
	      "path_make: directories are 0755");
	CHECK(fstatat(t.root, "a/b/d", &st, 0) == 0 && st.st_mode == (S_IFREG | 0644) &&
		      st.st_size == 0,
	      "path_make: a file is 0644 and empty");
	CHECK(fstatat(t.root, "nowhere/x", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode),
	      "path_make: what a link dangled to is a file now");

	memset(name, 'n', sizeof name);
	name[255] = '\0';
	tree_check(
		&t,
		&(struct path_row){ str_fmt("dir/%s", name), false, str_fmt("/dir/%s", name), 0 },
		true);
	name[255] = 'n';
	name[256] = '\0';
	tree_check(&t, &(struct path_row){ name, false, NULL, ENAMETOOLONG }, true);
	tree_check(&t, &(struct path_row){ name, false, NULL, ENAMETOOLONG }, false);
	while (strlen(deep) < PATH_MAX - 200)
		deep = str_fmt("%s/%.100s", deep, name);
	autoclose int fd = path_make(t.root, deep, false);

	CHECK(fd >= 0 && str_eq(tree_place(&t, fd), str_fmt("/%s", deep)),
	      "path_make: a path of %zu characters", strlen(deep));
	deep = str_fmt("%s/%.250s", deep, name);
	tree_check(&t, &(struct path_row){ deep, false, NULL, ENAMETOOLONG }, true);
	/* a link whose target and rest together are too long for a path */
	if (symlinkat(str_fmt("y/%.3000s", deep), t.root, "long") < 0)
		abort();
	tree_check(&t,
		   &(struct path_row){ str_fmt("long/%.2000s", deep), false, NULL, ENAMETOOLONG },
		   true);
	/* Without the right to write: the error comes through.  Root lends it to nobody. */
	bool root = geteuid() == 0;

	if (fchmodat(t.root, "locked", 0555, 0) < 0 || chmod(t.top, 0755) < 0 ||
	    (root && seteuid(65534) < 0))
		abort();
	tree_check(&t, &(struct path_row){ "locked/x", false, NULL, EACCES }, true);
	tree_check(&t, &(struct path_row){ "locked/x", true, NULL, EACCES }, true);
	if (root && seteuid(0) < 0)
		abort();
	CHECK(dir_is_empty(t.canary), "nothing was made outside of the root");

	/* magic links lead anywhere: none is followed */
	autoclose int self = openat(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	static const char *const magic[] = {
		"exe", "cwd", "root", "root/etc", "cwd/x", "fd/0", "ns/mnt",
	};

	for (size_t i = 0; i < LEN(magic); i++) {
		autoclose int a = path_in_root(self, magic[i], O_PATH);
		int no = errno;
		autoclose int b = path_make(self, magic[i], false);

		CHECK(a < 0 && no == ELOOP && b < 0 && errno == ELOOP,
		      "magic link %s is not followed", magic[i]);
	}

	/* path_child: one name, no link, never out */
	static const struct { const char *name; int no; } child[] = {
		{ "dir", 0 }, { "abs", ELOOP }, { "out", ELOOP }, { "..", EXDEV },
		{ "/dir", EXDEV },
		{ "dangle_abs", ELOOP }, { "nothing", ENOENT }, { "rel/sub", ELOOP },
	};

	for (size_t i = 0; i < LEN(child); i++) {
		errno = 0;
		autoclose int c = path_child(t.root, child[i].name, O_RDONLY);

		check_int(c < 0 ? errno : 0, child[i].no, str_fmt("path_child: %s", child[i].name));
	}
	close_p(&t.root);
	close_p(&t.canary);
	if (chdir("/") < 0)
		abort();
	tree_remove(t.top);
	umask(mask);
}

static void test_files(void)
{
	char top[] = "/tmp/unit.XXXXXX";
	size_t len = 0;

	if (!mkdtemp(top))
		abort();
	autoclose int dir = openat(AT_FDCWD, top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = openat(dir, "f", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	check_int(fd_write_all(fd, "0123456789", 10), 0, "fd_write_all");
	static const struct { size_t max; bool ok; } limits[] = {
		{ 10, true }, { 9, false }, { 0, false }, { 11, true },
	};

	for (size_t i = 0; i < LEN(limits); i++) {
		lseek(fd, 0, SEEK_SET);
		errno = 0;
		char *text = fd_read_all(fd, limits[i].max, &len);

		CHECK(limits[i].ok ? str_eq(text, "0123456789") && len == 10
				   : !text && errno == EFBIG,
		      "fd_read_all: 10 bytes, limit %zu", limits[i].max);
	}
	check_str(file_read_at(dir, "f", 100), "0123456789", "file_read_at");
	CHECK(!file_read_at(dir, "none", 100) && errno == ENOENT, "file_read_at: no file");
	check_int(file_write_at(dir, "f", "xy"), 0, "file_write_at");
	check_str(file_read_at(dir, "f", 100), "xy23456789", "file_write_at does not truncate");
	CHECK(file_write_at(dir, "none", "x") < 0 && errno == ENOENT,
	      "file_write_at makes no file");
	if (symlinkat("f", dir, "link") < 0)
		abort();
	CHECK(file_write_at(dir, "link", "x") < 0 && errno == ELOOP,
	      "file_write_at follows no link");
	CHECK(!file_read_at(dir, "link", 100) && errno == ELOOP, "file_read_at follows no link");
	check_int(path_mkdirs(str_fmt("%s/a/b/c", top), 0700), 0, "path_mkdirs");
	check_int(path_mkdirs(str_fmt("%s/a/b/c/", top), 0700), 0, "path_mkdirs: what exists");
	check_int(path_mkdirs(str_fmt("%s/f/b", top), 0700), -1, "path_mkdirs: below a file");
	check_str(err.msg, str_fmt("mkdir %s/f/b: not a directory", top),
		  "path_mkdirs: its message");
	tree_remove(top);
}

/* ==== NAMES ============================================================================= */

static void check_names(const char *what, const struct name *table)
{
	size_t n = 0;
	int value;
	bool ok = true;

	for (const struct name *a = table; a->name; a++, n++) {
		ok &= *a->name && name_find(table, a->name, &value) == 0 && value == a->value;
		for (const struct name *b = table; b < a; b++)
			ok &= strcmp(a->name, b->name) != 0;
	}
	CHECK(ok && n > 0, "%s: %zu names, none empty, none twice", what, n);
	value = 4711;
	CHECK(name_find(table, "", &value) < 0 && name_find(table, "nonsense", &value) < 0 &&
		      value == 4711,
	      "%s: what is not in it is not found", what);
}

static void test_names(void)
{
	static const struct { const char *what; const struct name *table; } tables[] = {
		{ "ns_names", ns_names }, { "rlimit_names", rlimit_names },
		{ "signal_names", signal_names },
		{ "propagation_names", propagation_names }, { "arch_names", arch_names },
		{ "action_names", action_names }, { "op_names", op_names },
		{ "seccomp_flags", seccomp_flags },
	};
	/* linux/capability.h, by name */
#define C(n) { #n, n }
	static const struct name caps[] = {
		C(CAP_CHOWN), C(CAP_DAC_OVERRIDE), C(CAP_DAC_READ_SEARCH), C(CAP_FOWNER),
		C(CAP_FSETID), C(CAP_KILL), C(CAP_SETGID), C(CAP_SETUID), C(CAP_SETPCAP),
		C(CAP_LINUX_IMMUTABLE), C(CAP_NET_BIND_SERVICE), C(CAP_NET_BROADCAST),
		C(CAP_NET_ADMIN), C(CAP_NET_RAW), C(CAP_IPC_LOCK), C(CAP_IPC_OWNER),
		C(CAP_SYS_MODULE), C(CAP_SYS_RAWIO), C(CAP_SYS_CHROOT), C(CAP_SYS_PTRACE),
		C(CAP_SYS_PACCT), C(CAP_SYS_ADMIN), C(CAP_SYS_BOOT), C(CAP_SYS_NICE),
		C(CAP_SYS_RESOURCE), C(CAP_SYS_TIME), C(CAP_SYS_TTY_CONFIG), C(CAP_MKNOD),
		C(CAP_LEASE), C(CAP_AUDIT_WRITE), C(CAP_AUDIT_CONTROL), C(CAP_SETFCAP),
		C(CAP_MAC_OVERRIDE), C(CAP_MAC_ADMIN), C(CAP_SYSLOG), C(CAP_WAKE_ALARM),
		C(CAP_BLOCK_SUSPEND), C(CAP_AUDIT_READ), C(CAP_PERFMON), C(CAP_BPF),
		C(CAP_CHECKPOINT_RESTORE),
	};
#undef C
	bool ok = true;

	for (size_t i = 0; i < LEN(tables); i++)
		check_names(tables[i].what, tables[i].table);
	CHECK(LEN(cap_names) >= LEN(caps) && LEN(cap_names) >= CAP_LAST_CAP + 1,
	      "cap_names has all %d", CAP_LAST_CAP + 1);
	for (size_t i = 0; i < LEN(caps); i++)
		CHECK(str_eq(cap_names[caps[i].value], caps[i].name), "%s is bit %d", caps[i].name,
		      caps[i].value);
	for (int i = 0; i < NS_COUNT; i++) {
		ok &= ns_names[i].value == i && *ns_info[i].proc && ns_info[i].flag;
		for (int k = 0; k < i; k++)
			ok &= ns_info[i].flag != ns_info[k].flag &&
			      !str_eq(ns_info[i].proc, ns_info[k].proc);
		struct stat st;

		CHECK(stat(str_fmt("/proc/self/ns/%s", ns_info[i].proc), &st) == 0 ||
			      errno == ENOENT,
		      "/proc/self/ns/%s", ns_info[i].proc);
	}
	CHECK(ok && !ns_names[NS_COUNT].name, "namespaces: one row, one flag, one /proc name each");
	check_str(name_of(ns_names, NS_NET), "network", "name_of");
	check_str(name_of(ns_names, 99), "?", "name_of: none");
	for (int i = 0; i < HOOK_PHASES; i++)
		CHECK(str_eq(hook_names[i], hooks_fields[i].name) &&
			      hooks_fields[i].off == i * sizeof(struct hook_list),
		      "hook phase %s", hook_names[i]);
	for (size_t i = 0; i < LEN(msg_names); i++)
		CHECK(msg_names[i] && *msg_names[i], "message %zu has a name", i);
}

static const struct mount_option *mount_find(const char *name)
{
	const struct mount_option *o = mount_options;

	while (o->name && strcmp(o->name, name) != 0)
		o++;
	return o->name ? o : NULL;
}

/* Words with a no- form, and pairs named otherwise. */
static void test_mount_options(void)
{
	static const char *const pairs[][2] = {
		{ "ro", "rw" }, { "rro", "rrw" }, { "sync", "async" }, { "silent", "loud" },
	};
	int value;

	for (const struct mount_option *o = mount_options; o->name; o++) {
		for (const struct mount_option *b = mount_options; b < o; b++)
			if (str_eq(o->name, b->name))
				CHECK(false, "mount option %s is there twice", o->name);
		CHECK(!(o->ms_set & o->ms_clear), "mount option %s does not clear what it sets",
		      o->name);
		CHECK(name_find(propagation_names, o->name, &value) < 0,
		      "mount option %s is no propagation", o->name);
		bool atime = o->at_clear & ATTR_ATIME;
		bool several = o->at_set & (o->at_set - 1) && !atime; /* "user" and the like */

		/* An atime mode must name the whole field: mount_setattr(2) refuses part of it. */
		CHECK(atime ? (o->at_clear & ATTR_ATIME) == ATTR_ATIME && !(o->at_set & ~ATTR_ATIME)
			    : !(o->at_set & ATTR_ATIME) && !(o->at_set & o->at_clear),
		      "mount option %s: its attributes can be given to mount_setattr(2)", o->name);
		if (o->rec) {
			const struct mount_option *one = mount_find(o->name + 1);

			CHECK(o->name[0] == 'r' && one && !one->rec && one->at_set == o->at_set &&
			      one->at_clear == o->at_clear && !o->ms_set && !o->ms_clear,
			      "mount option %s is %s for a whole tree", o->name, o->name + 1);
		} else if ((o->at_set || o->at_clear) && !str_starts(o->name, "r") && !several) {
			const struct mount_option *all = mount_find(str_fmt("r%s", o->name));

			CHECK(all && all->rec, "mount option %s has r%s", o->name, o->name);
		}
		const struct mount_option *no = mount_find(str_fmt("no%s", o->name));

		if (!no && str_starts(o->name, "r") && o->rec)
			no = mount_find(str_fmt("rno%s", o->name + 1));
		if (no) {
			CHECK(no->ms_set == o->ms_clear && no->ms_clear == o->ms_set &&
				      no->rec == o->rec,
			      "mount options %s and %s undo each other's flags", o->name, no->name);
			CHECK(atime ? (no->at_clear & ATTR_ATIME) == ATTR_ATIME &&
					      no->at_set != o->at_set
				    : no->at_set == o->at_clear && no->at_clear == o->at_set,
			      "mount options %s and %s undo each other's attributes", o->name,
			      no->name);
		}
	}
	for (size_t i = 0; i < LEN(pairs); i++) {
		const struct mount_option *a = mount_find(pairs[i][0]),
					  *b = mount_find(pairs[i][1]);

		CHECK(a && b && a->ms_set == b->ms_clear && a->ms_clear == b->ms_set &&
			      a->at_set == b->at_clear && a->at_clear == b->at_set &&
			      a->rec == b->rec,
		      "mount options %s and %s", pairs[i][0], pairs[i][1]);
	}
	for (const struct name *r = mount_own; r->name; r++)
		CHECK(!mount_find(r->name) && name_find(propagation_names, r->name, &value) < 0,
		      "%s is in one table only", r->name);
	for (const struct name *p = propagation_names; p->name; p++) {
		bool tree = str_starts(p->name, "r");

		CHECK(!!(p->value & MS_REC) == tree, "propagation %s", p->name);
		if (tree)
			CHECK(name_find(propagation_names, p->name + 1, &value) == 0 &&
				      (value | MS_REC) == p->value,
			      "propagation %s is %s for a whole tree", p->name, p->name + 1);
	}
}

/* ==== JSON: the tables of fields ========================================================== */

/* The way to a row, from config_fields or another top table. */
struct place { const struct field *row[12], *table[12]; int depth; };

/* A value that the row takes.  Objects with what they require. */
static void sample_value(struct buf *b, const struct field *f);

static void sample_required(struct buf *b, const struct field *table, const struct field *but)
{
	for (const struct field *f = table; f->name; f++) {
		if (!f->required || f == but)
			continue;
		buf_fmt(b, "\"%s\":", f->name);
		sample_value(b, f);
		buf_fmt(b, ",");
	}
}

static void sample_object(struct buf *b, const struct field *table)
{
	buf_fmt(b, "{");
	sample_required(b, table, NULL);
	if (b->p[b->len - 1] == ',')
		b->len--;
	buf_fmt(b, "}");
}

static void sample_value(struct buf *b, const struct field *f)
{
	const struct name *words = f->sub;

	switch ((enum kind)f->kind) {
	case K_STR: buf_fmt(b, "\"s\""); break;
	case K_BOOL: buf_fmt(b, "true"); break;
	case K_U32: case K_U64: case K_I64: case K_ID: case K_OPT: buf_fmt(b, "1"); break;
	case K_NAME: buf_fmt(b, "\"%s\"", words->name); break;
	case K_OBJ: sample_object(b, f->sub); break;
	case K_LIST:
		buf_fmt(b, "[");
		sample_object(b, f->sub);
		buf_fmt(b, "]");
		break;
	case K_KEYED:
		buf_fmt(b, "{\"k\":");
		sample_object(b, f->sub);
		buf_fmt(b, "}");
		break;
	case K_IDS: buf_fmt(b, "[0,4294967294]"); break;
	case K_NAMES: case K_FLAGS:
		buf_fmt(b, words->name ? "[\"%s\"]" : "[]", words->name);     /* a table may be empty */
		break;
	case K_STRS: buf_fmt(b, "[\"a\",\"\"]"); break;
	case K_MAP: buf_fmt(b, "{\"k\":\"v\"}"); break;
	case K_CAPS: buf_fmt(b, "[\"CAP_KILL\"]"); break;
	default: buf_fmt(b, "{}");
	}
}

static const char *place_open(const struct field *f)
{
	return f->kind == K_LIST ? "[" : f->kind == K_KEYED ? "{\"k\":" : "";
}

/* The text of a whole configuration whose last row has this value; NULL: lacks the row. */
static char *place_text(const struct place *p, const char *value)
{
	struct buf b = { 0 };

	for (int i = 0; i < p->depth; i++) {
		buf_fmt(&b, "{");
		sample_required(&b, p->table[i], p->row[i]);
		if (i + 1 < p->depth || value)
			buf_fmt(&b, "\"%s\":%s", p->row[i]->name,
				i + 1 < p->depth ? place_open(p->row[i]) : "");
	}
	if (value)
		buf_fmt(&b, "%s", value);
	else if (b.p[b.len - 1] == ',')
		b.len--;
	for (int i = p->depth; i-- > 0;)
		buf_fmt(&b, "%s}", i + 1 == p->depth ? "" : p->row[i]->kind == K_LIST ? "]" :
			p->row[i]->kind == K_KEYED ? "}" : "");
	return b.p;
}

/* As messages write it: "linux.namespaces[0].type".  up: levels to leave out. */
static char *place_name(const struct place *p, int up)
{
	struct buf b = { 0 };

	buf_fmt(&b, "%s", "");
	for (int i = 0; i < p->depth - up; i++)
		buf_fmt(&b, "%s%s%s", i ? "." : "", p->row[i]->name,
			i + 1 == p->depth ? "" : p->row[i]->kind == K_LIST ? "[0]" :
			p->row[i]->kind == K_KEYED ? ".k" : "");
	return b.p;
}

struct table_top { const struct field *fields; size_t size; const char *what; };

static void try_value(const struct table_top *top, const struct place *p, const char *value,
		      const char *want)
{
	const char *got = decode(place_text(p, value), top->fields, top->size);

	check_str(got, want,
		  str_fmt("%s: %s: %s", top->what, place_name(p, 0), value ? value : "(absent)"));
}

/* The right value, the wrong ones, none. */
static void walk_row(const struct table_top *top, const struct place *p)
{
	static const struct { uint8_t kind; const char *value, *why; } wrong[] = {
		{ K_STR, "1", "expected a string, found a number" },
		{ K_STR, "[]", "expected a string, found an array" },
		{ K_BOOL, "\"true\"", "expected a boolean, found a string" },
		{ K_BOOL, "1", "expected a boolean, found a number" },
		{ K_U32, "\"1\"", "expected an integer, found a string" },
		{ K_U32, "true", "expected an integer, found a boolean" },
		{ K_U32, "-1", "-1 is not an integer from 0 to 4294967295" },
		{ K_U32, "4294967296", "4294967296 is not an integer from 0 to 4294967295" },
		{ K_U32, "1.0", "1.0 is not an integer from 0 to 4294967295" },
		{ K_U32, "1e1", "1e1 is not an integer from 0 to 4294967295" },
		{ K_ID, "4294967295", "4294967295 is not an integer from 0 to 4294967294" },
		{ K_U64, "-1", "-1 is not an integer from 0 to 18446744073709551615" },
		{ K_U64, "18446744073709551616",
		  "18446744073709551616 is not an integer from 0 to 18446744073709551615" },
		{ K_I64, "9223372036854775808", "9223372036854775808 is not a 64-bit integer" },
		{ K_I64, "{}", "expected an integer, found an object" },
		{ K_OPT, "-9223372036854775809", "-9223372036854775809 is not a 64-bit integer" },
		{ K_OPT, "0.5", "0.5 is not a 64-bit integer" },
		{ K_OPT, "\"1\"", "expected an integer, found a string" },
		{ K_NAME, "\"nonsense\"", "unknown value \"nonsense\"" },
		{ K_NAME, "\"\"", "unknown value \"\"" },
		{ K_NAME, "1", "expected a string, found a number" },
		{ K_OBJ, "[]", "expected an object, found an array" },
		{ K_OBJ, "\"\"", "expected an object, found a string" },
		{ K_LIST, "{}", "expected an array, found an object" },
		{ K_LIST, "[1]", "[0]expected an object, found a number" },
		{ K_LIST, "[null]", "[0]expected an object, found null" },
		{ K_KEYED, "[]", "expected an object of objects, found an array" },
		{ K_KEYED, "{\"k\":1}", ".kexpected an object, found a number" },
		{ K_KEYED, "{\"k\":null}", ".kexpected an object, found null" },
		{ K_IDS, "1", "expected an array of integers, found a number" },
		{ K_IDS, "[0,\"1\"]", "[1]expected an integer, found a string" },
		{ K_IDS, "[4294967295]", "[0]4294967295 is not an integer from 0 to 4294967294" },
		{ K_NAMES, "{}", "expected an array of strings, found an object" },
		{ K_NAMES, "\"x\"", "expected an array of strings, found a string" },
		{ K_NAMES, "1", "expected an array of strings, found a number" },
		{ K_NAMES, "[\"nonsense\"]", "[0]unknown value \"nonsense\"" },
		{ K_NAMES, "[1]", "[0]expected a string, found a number" },
		{ K_FLAGS, "[\"nonsense\"]", "[0]unknown value \"nonsense\"" },
		{ K_FLAGS, "\"x\"", "expected an array of strings, found a string" },
		{ K_STRS, "\"a\"", "expected an array of strings, found a string" },
		{ K_STRS, "[\"a\",1]", "[1]expected a string, found a number" },
		{ K_STRS, "[null]", "[0]expected a string, found null" },
		{ K_MAP, "[]", "expected an object of strings, found an array" },
		{ K_MAP, "{\"a\":\"b\",\"k\":1}", ".kexpected a string, found a number" },
		{ K_CAPS, "[\"CAP_KILL\",2]", "[1]expected a string, found a number" },
		{ K_CAPS, "{}", "expected an array of strings, found an object" },
		{ K_REFUSED, "{\"a\":1}", "is not supported by this program" },
		{ K_REFUSED, "[0]", "is not supported by this program" },
		{ K_REFUSED, "1", "is not supported by this program" },
		{ K_REFUSED, "false", "is not supported by this program" },
		{ K_REFUSED, "\"x\"", "is not supported by this program" },
	};
	const struct field *f = p->row[p->depth - 1];
	const char *at = place_name(p, 0), *above = place_name(p, 1);
	struct buf b = { 0 };

	sample_value(&b, f); /* of what is refused: an empty object, which asks for nothing */
	try_value(top, p, b.p, "");
	for (size_t i = 0; i < LEN(wrong); i++) {
		const char *why = wrong[i].why;
		/* "[1]" or ".k" in front belongs to the place */
		size_t more = *why == '[' ? 3 : *why == '.' ? 2 : 0;

		if (wrong[i].kind == f->kind)
			try_value(top, p, wrong[i].value,
				  str_fmt("x: %s%.*s: %s", at, (int)more, why, why + more));
	}
	if (f->kind == K_OPT && f->size) {
		try_value(top, p, "-1", str_fmt("x: %s: -1 is not an unsigned integer of %d bits",
						at, f->size * 8));
		try_value(top, p, "4294967296", f->size == 8 ? "" :
			  str_fmt("x: %s: 4294967296 is not an unsigned integer of 32 bits", at));
	}
	/* Each type of JSON that the row does not take. */
	static const struct { char type; const char *value; } types[] = {
		{ 's', "\"s\"" }, { 'n', "1" }, { 'b', "true" }, { 'a', "[]" }, { 'o', "{}" },
	};
	static const char takes[] = {
		[K_STR] = 's', [K_NAME] = 's', [K_BOOL] = 'b', [K_U32] = 'n', [K_U64] = 'n',
		[K_I64] = 'n', [K_ID] = 'n', [K_OPT] = 'n', [K_OBJ] = 'o', [K_KEYED] = 'o',
		[K_MAP] = 'o', [K_LIST] = 'a', [K_IDS] = 'a', [K_NAMES] = 'a', [K_STRS] = 'a',
		[K_CAPS] = 'a', [K_FLAGS] = 'a', [K_REFUSED] = 0,
	};

	for (size_t i = 0; i < LEN(types) && takes[f->kind]; i++)
		if (types[i].type != takes[f->kind])
			CHECK(str_starts(decode(place_text(p, types[i].value), top->fields,
						top->size),
					 str_fmt("x: %s: expected a", at)),
			      "%s: %s is not %s: %s", top->what, at, types[i].value, err.msg);
	const char *lacks = str_fmt("x: %s%s%s is required", above, *above ? ": " : "", f->name);

	try_value(top, p, NULL, f->required ? lacks : "");
	try_value(top, p, "null", f->required ? lacks : "");
}

/* Where the member lies, and whether two members share a byte. */
static void check_room(const struct table_top *top, const struct place *p, uint8_t *used,
		       size_t base, size_t size)
{
	static const uint8_t sizes[] = {
		[K_STR] = sizeof(char *), [K_BOOL] = sizeof(bool), [K_U32] = 4, [K_U64] = 8,
		[K_I64] = 8, [K_ID] = 4, [K_OPT] = sizeof(struct opt), [K_NAME] = sizeof(int),
		[K_LIST] = sizeof(void *), [K_KEYED] = sizeof(void *),
		[K_IDS] = sizeof(void *), [K_NAMES] = sizeof(void *),
		[K_STRS] = sizeof(struct strs), [K_MAP] = sizeof(struct map), [K_CAPS] = 8,
		[K_FLAGS] = 4, [K_OBJ] = 0, [K_REFUSED] = 0,
	};
	const struct field *f = p->row[p->depth - 1];
	bool counted = f->kind == K_LIST || f->kind == K_KEYED || f->kind == K_IDS ||
		       f->kind == K_NAMES, fresh = true;
	size_t n = sizes[f->kind], n_more = counted ? sizeof(size_t) : f->off_n ? sizeof(bool) : 0;
	bool inside = f->off + n <= size && f->off_n + n_more <= size;

	CHECK(inside, "%s: %s lies in its struct", top->what, place_name(p, 0));
	for (size_t i = 0; inside && i < n; i++)
		fresh &= !used[base + f->off + i]++;
	for (size_t i = 0; inside && i < n_more; i++)
		fresh &= !used[base + f->off_n + i]++;
	CHECK(fresh, "%s: %s has its bytes alone", top->what, place_name(p, 0));
	CHECK(!counted || f->off_n, "%s: %s has a count", top->what, place_name(p, 0));
}

static void walk_table(const struct table_top *top, struct place *p, const struct field *table,
			uint8_t *used, size_t base, size_t size)
{
	for (const struct field *f = table; f->name; f++) {
		p->table[p->depth] = table;
		p->row[p->depth++] = f;
		bool known = f->kind <= K_REFUSED && *f->name;

		for (const struct field *other = table; other < f; other++)
			known &= strcmp(f->name, other->name) != 0;
		CHECK(known, "%s: %s: a name of its own", top->what, place_name(p, 0));
		check_room(top, p, used, base, size);
		walk_row(top, p);
		if (f->kind == K_OBJ)
			walk_table(top, p, f->sub, used, base + f->off, size - f->off);
		else if (f->kind == K_LIST || f->kind == K_KEYED)
			walk_table(top, p, f->sub, arena_alloc(f->size), 0, f->size);
		p->depth--;
	}
}

static void test_field_tables(void)
{
	static const struct table_top tops[] = {
		{ config_fields, sizeof(struct config), "config" },
		{ process_fields, sizeof(struct process_conf), "process" },
		{ state_fields, sizeof(struct container), "state" },
	};

	for (size_t i = 0; i < LEN(tops); i++) {
		struct place p = { .depth = 0 };

		walk_table(&tops[i], &p, tops[i].fields, arena_alloc(tops[i].size), 0,
			    tops[i].size);
	}
}

/* The table of the objects at a place of config.json, "linux.devices[]", "linux.netDevices{}"; NULL if a
 * field on the way is refused as a whole, or not known (*row == NULL). */
static const struct field *spec_table(const char *place, const struct field **row)
{
	const struct field *table = config_fields;

	*row = config_fields;
	while (table && *place) {
		size_t n = strcspn(place, ".[{");

		for (*row = table; (*row)->name; ++*row)
			if (strlen((*row)->name) == n && !strncmp((*row)->name, place, n))
				break;
		if (!(*row)->name)
			*row = NULL;
		int kind = *row ? (*row)->kind : K_REFUSED;

		table = kind == K_OBJ || kind == K_LIST || kind == K_KEYED ? (*row)->sub : NULL;
		place += n + strspn(place + n, ".[]{}");
	}
	return table;
}

/* Every property of runtime-spec 1.3.0 for Linux has a row; "!": it is REQUIRED. */
static void test_spec_properties(void)
{
#define ID_MAP "containerID! hostID! size!"
#define HOOK "path! args env timeout"
#define THROTTLE "major! minor! rate!"
	static const char *const objects[][2] = {
		{ "", "ociVersion! root process hostname domainname mounts hooks annotations "
		      "linux vm windows solaris zos freebsd" },
		{ "root", "path! readonly" },
		{ "mounts[]", "destination! source options type uidMappings gidMappings" },
		{ "mounts[].uidMappings[]", ID_MAP }, { "mounts[].gidMappings[]", ID_MAP },
		{ "process", "terminal consoleSize cwd! env args rlimits apparmorProfile "
			     "capabilities noNewPrivileges oomScoreAdj scheduler selinuxLabel "
			     "ioPriority execCPUAffinity user" },
		{ "process.consoleSize", "height! width!" },
		{ "process.rlimits[]", "type! soft! hard!" },
		{ "process.capabilities", "effective bounding inheritable permitted ambient" },
		{ "process.scheduler", "policy! nice priority flags runtime deadline period" },
		{ "process.ioPriority", "class! priority!" },
		{ "process.execCPUAffinity", "initial final" },
		{ "process.user", "uid gid umask additionalGids" },
		{ "hooks", "prestart createRuntime createContainer startContainer poststart "
			   "poststop" },
		{ "hooks.prestart[]", HOOK }, { "hooks.createRuntime[]", HOOK },
		{ "hooks.createContainer[]", HOOK }, { "hooks.startContainer[]", HOOK },
		{ "hooks.poststart[]", HOOK }, { "hooks.poststop[]", HOOK },
		{ "linux", "namespaces uidMappings gidMappings timeOffsets devices netDevices "
			   "cgroupsPath resources intelRdt memoryPolicy sysctl seccomp "
			   "rootfsPropagation maskedPaths readonlyPaths mountLabel personality" },
		{ "linux.namespaces[]", "type! path" },
		{ "linux.uidMappings[]", ID_MAP }, { "linux.gidMappings[]", ID_MAP },
		{ "linux.timeOffsets", "monotonic boottime" },
		{ "linux.timeOffsets.monotonic", "secs nanosecs" },
		{ "linux.timeOffsets.boottime", "secs nanosecs" },
		{ "linux.devices[]", "type! path! major minor fileMode uid gid" },
		{ "linux.netDevices{}", "name" },
		{ "linux.resources", "devices memory cpu blockIO hugepageLimits network pids rdma "
				     "unified" },
		{ "linux.resources.devices[]", "allow! type major minor access" },
		{ "linux.resources.memory", "limit reservation swap kernel kernelTCP swappiness "
					    "disableOOMKiller useHierarchy checkBeforeUpdate" },
		{ "linux.resources.cpu", "shares quota burst period realtimeRuntime "
					 "realtimePeriod cpus mems idle" },
		{ "linux.resources.blockIO", "weight leafWeight weightDevice "
					     "throttleReadBpsDevice throttleWriteBpsDevice "
					     "throttleReadIOPSDevice throttleWriteIOPSDevice" },
		{ "linux.resources.blockIO.weightDevice[]", "major! minor! weight leafWeight" },
		{ "linux.resources.blockIO.throttleReadBpsDevice[]", THROTTLE },
		{ "linux.resources.blockIO.throttleWriteBpsDevice[]", THROTTLE },
		{ "linux.resources.blockIO.throttleReadIOPSDevice[]", THROTTLE },
		{ "linux.resources.blockIO.throttleWriteIOPSDevice[]", THROTTLE },
		{ "linux.resources.hugepageLimits[]", "pageSize! limit!" },
		{ "linux.resources.network", "classID priorities" },
		{ "linux.resources.network.priorities[]", "name! priority!" },
		{ "linux.resources.pids", "limit" },
		{ "linux.resources.rdma{}", "hcaHandles hcaObjects" },
		{ "linux.intelRdt",
		  "closID l3CacheSchema memBwSchema schemata enableMonitoring" },
		{ "linux.memoryPolicy", "mode! nodes flags" },
		{ "linux.seccomp", "defaultAction! defaultErrnoRet architectures flags "
				   "listenerPath listenerMetadata syscalls" },
		{ "linux.seccomp.syscalls[]", "names! action! errnoRet args" },
		{ "linux.seccomp.syscalls[].args[]", "index! value! valueTwo op!" },
		{ "linux.personality", "domain! flags" },
	};

	for (size_t i = 0; i < LEN(objects); i++) {
		const struct field *row, *table = spec_table(objects[i][0], &row);
		char *save = NULL;

		if (!table) {
			CHECK(row, "%s: known, and refused", objects[i][0]);
			continue;
		}
		for (char *w = strtok_r(copy_text(objects[i][1]), " ", &save); w;
		     w = strtok_r(NULL, " ", &save)) {
			size_t n = strcspn(w, "!");
			const struct field *f = table;

			while (f->name && (strlen(f->name) != n || strncmp(f->name, w, n)))
				f++;
			CHECK(f->name && (!w[n] || f->required || f->kind == K_REFUSED),
			      "%s: property %s", objects[i][0], w);
		}
	}
}

/* Every word that the specification lists for a property is in that row's table. */
static void test_spec_words(void)
{
	static const char *const rows[][3] = {
		{ "linux.namespaces[]", "type", "pid network mount ipc uts user cgroup time" },
		{ "process.rlimits[]", "type",
		  "RLIMIT_AS RLIMIT_CORE RLIMIT_CPU RLIMIT_DATA RLIMIT_FSIZE RLIMIT_LOCKS "
		  "RLIMIT_MEMLOCK RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_NOFILE RLIMIT_NPROC "
		  "RLIMIT_RSS RLIMIT_RTPRIO RLIMIT_RTTIME RLIMIT_SIGPENDING RLIMIT_STACK" },
		{ "process.ioPriority", "class",
		  "IOPRIO_CLASS_RT IOPRIO_CLASS_BE IOPRIO_CLASS_IDLE" },
		{ "process.scheduler", "policy", "SCHED_OTHER SCHED_FIFO SCHED_RR SCHED_BATCH "
						 "SCHED_IDLE SCHED_DEADLINE" },
		{ "process.scheduler", "flags",
		  "SCHED_FLAG_RESET_ON_FORK SCHED_FLAG_RECLAIM SCHED_FLAG_DL_OVERRUN "
		  "SCHED_FLAG_KEEP_POLICY SCHED_FLAG_KEEP_PARAMS SCHED_FLAG_UTIL_CLAMP_MIN "
		  "SCHED_FLAG_UTIL_CLAMP_MAX" },
		{ "linux.memoryPolicy", "mode",
		  "MPOL_DEFAULT MPOL_BIND MPOL_INTERLEAVE MPOL_WEIGHTED_INTERLEAVE "
		  "MPOL_PREFERRED MPOL_PREFERRED_MANY MPOL_LOCAL" },
		{ "linux.memoryPolicy", "flags",
		  "MPOL_F_NUMA_BALANCING MPOL_F_RELATIVE_NODES MPOL_F_STATIC_NODES" },
		{ "linux.personality", "domain", "LINUX LINUX32" },
		{ "linux.seccomp", "architectures",
		  "SCMP_ARCH_X86 SCMP_ARCH_X86_64 SCMP_ARCH_X32 SCMP_ARCH_ARM SCMP_ARCH_AARCH64 "
		  "SCMP_ARCH_MIPS SCMP_ARCH_MIPS64 SCMP_ARCH_MIPS64N32 SCMP_ARCH_MIPSEL "
		  "SCMP_ARCH_MIPSEL64 SCMP_ARCH_MIPSEL64N32 SCMP_ARCH_PPC SCMP_ARCH_PPC64 "
		  "SCMP_ARCH_PPC64LE SCMP_ARCH_S390 SCMP_ARCH_S390X SCMP_ARCH_PARISC "
		  "SCMP_ARCH_PARISC64 SCMP_ARCH_RISCV64 SCMP_ARCH_LOONGARCH64 SCMP_ARCH_M68K "
		  "SCMP_ARCH_SH SCMP_ARCH_SHEB" },
		{ "linux.seccomp", "flags",
		  "SECCOMP_FILTER_FLAG_TSYNC SECCOMP_FILTER_FLAG_LOG "
		  "SECCOMP_FILTER_FLAG_SPEC_ALLOW SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" },
		{ "linux.seccomp.syscalls[]", "action",
		  "SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_TRAP "
		  "SCMP_ACT_ERRNO SCMP_ACT_TRACE SCMP_ACT_ALLOW SCMP_ACT_LOG SCMP_ACT_NOTIFY" },
		{ "linux.seccomp.syscalls[].args[]", "op",
		  "SCMP_CMP_NE SCMP_CMP_LT SCMP_CMP_LE SCMP_CMP_EQ SCMP_CMP_GE SCMP_CMP_GT "
		  "SCMP_CMP_MASKED_EQ" },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		const struct field *row, *f = spec_table(rows[i][0], &row);
		char *save = NULL;
		int value;

		while (f && f->name && strcmp(f->name, rows[i][1]) != 0)
			f++;
		CHECK(f && f->name, "%s: there is %s", rows[i][0], rows[i][1]);
		for (char *w = strtok_r(copy_text(rows[i][2]), " ", &save); f && f->name && w;
		     w = strtok_r(NULL, " ", &save))
			CHECK(name_find(f->sub, w, &value) == 0, "%s.%s: %s", rows[i][0],
			      rows[i][1], w);
	}
}

/* What the specification says is REQUIRED, so that a row cannot forget it. */
static void test_required(void)
{
	static const struct { const struct field *table; const char *names[8]; } rows[] = {
		{ config_fields, { "ociVersion" } }, { root_fields, { "path" } },
		{ process_fields, { "cwd" } }, { console_fields, { "height", "width" } },
		{ rlimit_fields, { "type", "soft", "hard" } }, { mount_fields, { "destination" } },
		{ hook_fields, { "path" } }, { ns_fields, { "type" } },
		{ id_map_fields, { "containerID", "hostID", "size" } },
		{ device_fields, { "type", "path" } }, { rule_fields, { "allow" } },
		{ hugepage_fields, { "pageSize", "limit" } }, { pids_fields, { "limit" } },
		{ io_weight_fields, { "major", "minor" } },
		{ io_rate_fields, { "major", "minor", "rate" } },
		{ net_priority_fields, { "name", "priority" } },
		{ seccomp_fields, { "defaultAction" } },
		{ seccomp_rule_fields, { "names", "action" } },
		{ seccomp_arg_fields, { "index", "value", "op" } },
		{ state_fields, { "id", "bundle", "rootfs", "created", "cgroup" } },
	};

	for (size_t i = 0; i < LEN(rows); i++)
		for (size_t k = 0; rows[i].names[k]; k++) {
			const struct field *f = rows[i].table;

			while (f->name && strcmp(f->name, rows[i].names[k]) != 0)
				f++;
			CHECK(f->name && f->required, "%s of a table with %s is required",
			      rows[i].names[k], rows[i].table->name);
		}
}

static void test_dec_load(void)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "", "x: line 1, column 1: " }, { "{", "x: line 1, column 2: " },
		{ "{\n \"ociVersion\": }", "x: line 2, column 16: " },
		{ "[]", "x: expected an object, found an array" },
		{ "null", "x: expected an object, found null" },
		{ "\"a\"", "x: expected an object, found a string" },
		{ "{\"ociVersion\":\"1\",\"ociVersion\":\"2\"}",
		  "x: line 1, column 19: duplicate key \"ociVersion\"" },
		{ "{\"ociVersion\":\"1\",\"extra\":{\"a\":[1,{\"b\":null}]},\"mounts2\":7}", "" },
		{ "{\"ociversion\":\"1\"}", "x: ociVersion is required" },
		{ "{\"ociVersion\":\"1\",\"linux\":{\"namespaces\":["
		  "{\"type\":\"pid\"},{\"type\":\"foo\"}]}}",
		  "x: linux.namespaces[1].type: unknown value \"foo\"" },
		{ "{\"ociVersion\":\"1\",\"annotations\":{\"a.b/c\":{}}}",
		  "x: annotations.a.b/c: expected a string, found an object" },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		const char *got = decode(rows[i].text, config_fields, sizeof(struct config));
		bool ok = *rows[i].want ? str_starts(got, rows[i].want) : !*got;

		if (!report(ok, "dec_load: %s", rows[i].text))
			printf("# got \"%s\"\n", got);
	}
	/* Depth: an unknown field may nest as deep as the reader allows, and no deeper. */
	for (int deep = JSON_MAX_DEPTH - 2; deep <= JSON_MAX_DEPTH; deep++) {
		struct buf b = { 0 };

		buf_fmt(&b, "{\"ociVersion\":\"1\",\"x\":");
		for (int i = 0; i < deep; i++)
			buf_fmt(&b, "[");
		for (int i = 0; i < deep; i++)
			buf_fmt(&b, "]");
		buf_fmt(&b, "}");
		const char *got = decode(b.p, config_fields, sizeof(struct config));

		CHECK(deep < JSON_MAX_DEPTH ? !*got : str_starts(got, "x: line 1, column "),
		      "dec_load: %d levels: %s", deep + 1, got);
	}
	/* A key that is longer than the record; a value that is. */
	char *big = arena_alloc(5001);

	memset(big, 'k', 5000);
	const char *got = decode(str_fmt("{\"ociVersion\":\"1\",\"annotations\":{\"%s\":1}}", big),
				 config_fields, sizeof(struct config));

	CHECK(str_starts(got, "x: annotations.kkk") && strlen(got) < sizeof err.msg,
	      "dec_load: a long key in a message");
	got = decode(
		str_fmt("{\"ociVersion\":\"1\",\"linux\":{\"namespaces\":[{\"type\":\"%s\"}]}}",
			big),
		config_fields, sizeof(struct config));
	CHECK(str_starts(got, "x: linux.namespaces[0].type: unknown value \"kkk") &&
		      strlen(got) < sizeof err.msg,
	      "dec_load: a long value in a message");
}

/* ==== CONF ============================================================================== */

#define MINIMAL "\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}"
#define PROCESS(more) "{" MINIMAL ",\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]" more "}}"
#define LINUX(more) "{" MINIMAL ",\"linux\":{" more "}}"
#define HOOKS(more) "{" MINIMAL ",\"hooks\":{" more "}}"

static void test_conf_check(void)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "{" MINIMAL "}", "" }, { PROCESS(""), "" },
		{ "{\"ociVersion\":\"1.0.0\"}", "root: is required" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}",
		  "root.path: may not be empty" },
		{ "{\"ociVersion\":\"3.0.0\",\"root\":{\"path\":\"r\"}}",
		  "ociVersion: 3.0.0 is not supported, only 1.x" },
		{ "{" MINIMAL ",\"process\":{\"cwd\":\"/\",\"args\":[]}}",
		  "process.args: must not be empty" },
		{ "{" MINIMAL ",\"process\":{\"cwd\":\"/\",\"args\":[\"\"]}}",
		  "process.args: must not be empty" },
		{ "{" MINIMAL ",\"process\":{\"cwd\":\"/\"}}", "process.args: must not be empty" },
		{ "{" MINIMAL ",\"process\":{\"cwd\":\"a\",\"args\":[\"a\"]}}",
		  "process.cwd: a is not an absolute path" },
		{ "{" MINIMAL ",\"process\":{\"cwd\":\"\",\"args\":[\"a\"]}}",
		  "process.cwd: may not be empty" },
		{ PROCESS(",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]"),
		  "process.rlimits[0]: soft limit is above the hard one" },
		{ PROCESS(",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
			  "{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1},"
			  "{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]"),
		  "process.rlimits[2]: duplicate RLIMIT_CPU" },
		{ PROCESS(",\"oomScoreAdj\":1001"),
		  "process.oomScoreAdj: 1001 is not in -1000..1000" },
		{ PROCESS(",\"oomScoreAdj\":-1001"),
		  "process.oomScoreAdj: -1001 is not in -1000..1000" },
		{ PROCESS(",\"oomScoreAdj\":-1000"), "" },
		{ PROCESS(",\"user\":{\"umask\":512}"),
		  "process.user.umask: 512 is not in 0..0777" },
		{ PROCESS(",\"user\":{\"umask\":-1}"), "process.user.umask: -1 is not in 0..0777" },
		{ PROCESS(",\"user\":{\"umask\":511}"), "" },
		{ LINUX("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]"),
		  "linux.namespaces[1]: duplicate namespace \"pid\"" },
		{ LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]"),
		  "linux.namespaces[0].path: x is not absolute" },
		{ LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"\"}]"), "" },
		{ LINUX("\"namespaces\":[{\"type\":\"user\"}]"),
		  "linux.uidMappings: a new user namespace needs at least one mapping" },
		{ LINUX("\"namespaces\":[{\"type\":\"user\"}],"
			"\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]"),
		  "linux.gidMappings: a new user namespace needs at least one mapping" },
		{ LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]"),
		  "linux.uidMappings: mappings without a user namespace" },
		{ LINUX("\"timeOffsets\":{\"monotonic\":{\"secs\":1}}"),
		  "linux.timeOffsets: needs a new time namespace" },
		{ LINUX("\"timeOffsets\":{\"boottime\":{\"nanosecs\":0}},"
			"\"namespaces\":[{\"type\":\"time\"}]"), "" },
		{ "{" MINIMAL ",\"hostname\":\"h\"}",
		  "hostname: unable to set hostname without a private UTS namespace" },
		{ "{" MINIMAL ",\"domainname\":\"h\"}",
		  "domainname: unable to set domainname without a private UTS namespace" },
		{ "{" MINIMAL ",\"hostname\":\"\"}", "" },
		{ "{" MINIMAL ",\"mounts\":[{\"destination\":\"\"}]}",
		  "mounts[0].destination: may not be empty" },
		{ "{" MINIMAL ",\"mounts\":[{\"destination\":\"/a\"}]}",
		  "linux.namespaces: mounts, maskedPaths, readonlyPaths and root.readonly need "
		  "a mount namespace" },
		{ "{" MINIMAL ",\"mounts\":[{\"destination\":\"/a\"},"
		  "{\"destination\":\"/b\",\"options\":[\"ro\",\"idmap=x\"]}]}",
		  "mounts[1].options: \"x\" is neither uids= nor gids=" },
		{ LINUX("\"maskedPaths\":[\"/a\",\"b\"]"),
		  "linux.maskedPaths[1]: b is not absolute" },
		{ LINUX("\"readonlyPaths\":[\"\"]"), "linux.readonlyPaths[0]:  is not absolute" },
		{ LINUX("\"resources\":{\"memory\":{\"disableOOMKiller\":true}}"),
		  "linux.resources.memory.disableOOMKiller: cgroup v2 has no such switch" },
		{ LINUX("\"resources\":{\"cpu\":{\"realtimePeriod\":0,"
			"\"realtimeRuntime\":0}}"), "" },
		{ LINUX("\"resources\":{\"cpu\":{\"realtimePeriod\":1}}"),
		  "linux.resources.cpu: realtime limits exist on cgroup v1 only" },
		{ LINUX("\"resources\":{\"cpu\":{\"realtimeRuntime\":-1}}"),
		  "linux.resources.cpu: realtime limits exist on cgroup v1 only" },
		{ LINUX("\"resources\":{\"blockIO\":{\"weight\":0,\"leafWeight\":0}}"), "" },
		{ LINUX("\"resources\":{\"blockIO\":{\"leafWeight\":10}}"),
		  "linux.resources.blockIO.leafWeight: exists on cgroup v1 only" },
		{ LINUX("\"resources\":{\"blockIO\":{\"weight\":9}}"),
		  "linux.resources.blockIO.weight: 9 is not in 10..1000" },
		{ LINUX("\"resources\":{\"blockIO\":{\"weight\":1001}}"),
		  "linux.resources.blockIO.weight: 1001 is not in 10..1000" },
		{ LINUX("\"resources\":{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}}"),
		  "linux.resources.blockIO.weightDevice[0]: neither weight nor leafWeight" },
		{ LINUX("\"resources\":{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,"
			"\"leafWeight\":300}]}}"),
		  "linux.resources.blockIO.weightDevice.leafWeight: exists on cgroup v1 only" },
		{ LINUX("\"resources\":{\"network\":{\"classID\":0,\"priorities\":[]}}"), "" },
		{ LINUX("\"resources\":{\"network\":{\"classID\":1}}"),
		  "linux.resources.network.classID: exists on cgroup v1 only" },
		{ LINUX("\"resources\":{\"network\":{\"priorities\":[{\"name\":\"a\",\"priority\":1}]}}"),
		  "linux.resources.network.priorities: exists on cgroup v1 only" },
		{ LINUX("\"resources\":{\"rdma\":{\"mlx5_1\":{}}}"),
		  "linux.resources.rdma.mlx5_1: neither hcaHandles nor hcaObjects" },
		{ LINUX("\"resources\":{\"rdma\":{\"mlx5_1\":{\"hcaObjects\":0}}}"), "" },
		{ LINUX("\"devices\":[{\"type\":\"z\",\"path\":\"/a\"}]"),
		  "linux.devices[0].type: \"z\" is not a device type" },
		{ LINUX("\"devices\":[{\"type\":\"\",\"path\":\"/a\"}]"),
		  "linux.devices[0].type: \"\" is not a device type" },
		{ LINUX("\"devices\":[{\"type\":\"c\",\"path\":\"\"}]"),
		  "linux.devices[0].path:  is not an absolute file path" },
		{ LINUX("\"devices\":[{\"type\":\"p\",\"path\":\"/a/\"}]"),
		  "linux.devices[0].path: /a/ is not an absolute file path" },
		{ LINUX("\"devices\":[{\"type\":\"c\",\"path\":\"/a\"}]"),
		  "linux.devices[0].major: is required" },
		{ LINUX("\"devices\":[{\"type\":\"b\",\"path\":\"/a\",\"major\":1}]"),
		  "linux.devices[0].minor: is required" },
		{ LINUX("\"devices\":[{\"type\":\"p\",\"path\":\"/a\",\"fileMode\":65536}]"),
		  "linux.devices[0].fileMode: 65536 is not a file mode" },
		{ LINUX("\"devices\":[{\"type\":\"p\",\"path\":\"/a\",\"fileMode\":-1}]"),
		  "linux.devices[0].fileMode: -1 is not a file mode" },
		{ LINUX("\"devices\":[{\"type\":\"p\",\"path\":\"/a\",\"fileMode\":4517}]"), "" },
		{ LINUX("\"resources\":{\"devices\":[{\"allow\":true,\"type\":\"cc\"}]}"),
		  "linux.resources.devices[0].type: \"cc\" is not a device type" },
		{ LINUX("\"resources\":{\"devices\":[{\"allow\":true},"
			"{\"allow\":false,\"access\":\"rx\"}]}"),
		  "linux.resources.devices[1].access: \"rx\" has letters other than r, w, m" },
		{ LINUX("\"resources\":{\"devices\":[{\"allow\":true,\"major\":4096}]}"),
		  "linux.resources.devices[0].major: 4096 is not a major number" },
		{ LINUX("\"resources\":{\"devices\":[{\"allow\":true,\"minor\":1048576}]}"),
		  "linux.resources.devices[0].minor: 1048576 is not a minor number" },
		{ LINUX("\"resources\":{\"devices\":[{\"allow\":true,\"minor\":-2}]}"),
		  "linux.resources.devices[0].minor: -2 is not a minor number" },
		{ LINUX("\"resources\":{\"devices\":[{\"allow\":true,\"minor\":-1,\"major\":4095,"
			"\"type\":\"\",\"access\":\"\"}]}"), "" },
		{ HOOKS("\"poststop\":[{\"path\":\"a\"}]"),
		  "hooks.poststop[0].path: a is not absolute" },
		{ HOOKS("\"prestart\":[{\"path\":\"/a\"},{\"path\":\"/a\",\"timeout\":0}]"),
		  "hooks.prestart[1].timeout: must be greater than zero" },
		{ LINUX("\"mountLabel\":\"x\""), "" },
		{ LINUX("\"rootfsPropagation\":\"slav\""),
		  "linux.rootfsPropagation: unknown value \"slav\"" },
		{ LINUX("\"rootfsPropagation\":\"\""), "" },
		{ LINUX("\"sysctl\":{\"vm.swappiness\":\"1\"}"),
		  "linux.sysctl: sysctl \"vm.swappiness\" is not in a separate kernel namespace" },
	};
	struct config c;

	for (size_t i = 0; i < LEN(rows); i++)
		check_str(load(&c, rows[i].text),
			  *rows[i].want ? str_fmt("config.json: %s", rows[i].want) : "",
			  str_fmt("conf_load: %.200s", rows[i].text));
	for (const struct name *p = propagation_names; p->name; p++)
		check_str(load(&c, str_fmt(LINUX("\"rootfsPropagation\":\"%s\""), p->name)), "",
			  str_fmt("conf_load: rootfsPropagation %s", p->name));
	static const char *const roots[][2] = {
		{ "r", "/bundle/r" }, { "/r", "/r" }, { ".", "/bundle" }, { "../r", "/r" },
		{ "/a/../r/", "/r" },
		{ "a//b/", "/bundle/a/b" }, { "/", "/" },
	};

	for (size_t i = 0; i < LEN(roots); i++) {
		check_str(load(&c, str_fmt("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"%s\"}}",
					   roots[i][0])),
			  "", "root.path");
		check_str(c.rootfs, roots[i][1], str_fmt("root.path %s of /bundle", roots[i][0]));
	}
	/* Every member that a joined or made namespace fills. */
	check_str(
		load(&c,
		     LINUX("\"namespaces\":[{\"type\":\"network\",\"path\":\"/n\"},"
			     "{\"type\":\"pid\"}]")),
		"", "namespaces");
	for (int i = 0; i < NS_COUNT; i++)
		CHECK(c.ns_any[i] == (i == NS_NET || i == NS_PID) && c.ns_new[i] == (i == NS_PID) &&
			      str_eq(c.ns_path[i], i == NS_NET ? "/n" : "") == (i == NS_NET),
		      "namespaces: %s", ns_names[i].name);
}

static void test_conf_version(void)
{
	static const struct { const char *text; bool ok; } rows[] = {
		{ "1.0.0", true }, { "1.3.0", true }, { "1.0.2-dev", true },
		{ "1.2.0+build.7", true },
		{ "1.0.0-rc5", true }, { "1.99.0", true }, { "1.0", false }, { "1", false },
		{ "", false }, { "0.9.0", true }, { "0.5.0-dev", true },
		{ "2.0.0", false }, { "10.0.0", false }, { "v1.0.0", false }, { " 1.0.0", false },
		{ "1.0.0 ", false },
		{ "1.0.0.0", false }, { "1.0.x", false }, { "1..0", false }, { "-1.0.0", false },
		{ "+1.0.0", false },
		{ "1.-1.0", false }, { "1. 0.0", false }, { "1.0.+0", false }, { "1.0.\t0", false },
		{ "1,0,0", false },
		{ "one", false }, { "1.0.0x", false }, { "01.0.0", false }, { "1.00.0", false },
		{ "1.0.00", false },
		{ "1.10.100", true }, { "1.0.", false }, { "1.4294967296.0", true },
		{ "11.0.0", false },
	};

	for (size_t i = 0; i < LEN(rows); i++)
		CHECK((conf_check_version(rows[i].text) == 0) == rows[i].ok,
		      "ociVersion \"%s\" is %s", rows[i].text, rows[i].ok ? "taken" : "refused");
}

static void test_conf_sysctl(void)
{
	enum { NEVER = -1, BAD = -2 };
	static const struct { const char *key; int ns; } rows[] = {
		{ "net.ipv4.ip_forward", NS_NET }, { "net/ipv4/ip_forward", NS_NET },
		{ "net.", NS_NET },
		{ "net.ipv4.conf.eth0/1.forwarding", NS_NET }, { "fs.mqueue.msg_max", NS_IPC },
		{ "fs/mqueue/msg_max", NS_IPC },
		{ "kernel.msgmax", NS_IPC }, { "kernel.sem", NS_IPC }, { "kernel.shmmax", NS_IPC },
		{ "kernel.shm_rmid_forced", NS_IPC }, { "kernel/shmall", NS_IPC },
		{ "kernel.auto_msgmni", NS_IPC },
		{ "kernel.domainname", NS_UTS }, { "kernel.hostname", BAD },
		{ "kernel/hostname", BAD },
		{ "net", NEVER }, { "network.x", NEVER }, { "kernel.panic", NEVER },
		{ "kernel.core_pattern", NEVER },
		{ "vm.swappiness", NEVER }, { "fs.file-max", NEVER }, { "fs.mqueue", NEVER },
		{ "", NEVER }, { "user.max", NEVER },
		{ "net..ipv4", BAD }, { "net/../kernel/core_pattern", BAD },
		{ "../kernel/core_pattern", BAD },
		{ "/net/ipv4/ip_forward", BAD }, { ".net.ipv4", BAD }, { "net.x\ny", BAD },
		{ "net./x", BAD }, { "net//x", BAD },
		{ "kernel.sem/../../core_pattern", BAD },
	};

	for (size_t i = 0; i < LEN(rows); i++)
		for (int ns = -1; ns < NS_COUNT; ns++) {
			struct config c = { 0 };

			if (ns >= 0)
				c.ns_any[ns] = true;
			bool want = rows[i].ns >= 0 && ns == rows[i].ns,
			     got = conf_check_sysctl(&c, rows[i].key) == 0;

			if (want || got || ns < 0 || rows[i].ns < 0)
				CHECK(got == want, "sysctl \"%s\" with %s namespace is %s",
				      rows[i].key, ns < 0 ? "no" : ns_names[ns].name,
				      want ? "taken" : "refused");
		}
}

static void test_conf_map_id(void)
{
	static const struct id_map maps[] = {
		{ 0, 1000, 1 }, { 1, 100000, 65535 }, { 70000, 0, 10 }, { 4294967290u, 500, 4 },
		{ 80000, 9, 0 },
	};
	static const uint32_t rows[][2] = {
		{ 0, 1000 }, { 1, 100000 }, { 2, 100001 }, { 65535, 165534 }, { 65536, NO_ID },
		{ 69999, NO_ID },
		{ 70000, 0 }, { 70009, 9 }, { 70010, NO_ID }, { 80000, NO_ID },
		{ 4294967289u, NO_ID },
		{ 4294967290u, 500 }, { 4294967293u, 503 }, { 4294967294u, NO_ID },
	};

	for (size_t i = 0; i < LEN(rows); i++)
		check_int(conf_map_id(maps, LEN(maps), rows[i][0]), rows[i][1],
			  str_fmt("conf_map_id: %u", rows[i][0]));
	check_int(conf_map_id(NULL, 0, 0), NO_ID, "conf_map_id: no maps");
	check_str(ns_map_text(maps, 2), "0 1000 1\n1 100000 65535\n", "ns_map_text");
	check_str(ns_map_text(maps + 3, 1), "4294967290 500 4\n", "ns_map_text: no sign");
	CHECK(LEN(default_devices) == 6 && LEN(default_links) == 6, "default devices and links");
	for (size_t i = 0; i < LEN(default_devices); i++) {
		struct stat st;
		const char *path = str_fmt("/dev/%s", default_devices[i].name);

		if (stat(path, &st) < 0)
			skip(path, "it does not exist here");
		else
			CHECK(S_ISCHR(st.st_mode) &&
				      major(st.st_rdev) == default_devices[i].major_no &&
				      minor(st.st_rdev) == default_devices[i].minor_no,
			      "%s has its numbers", path);
	}
}

/* What `spec` writes is read back and means what it should. */
static void test_spec(void)
{
	static const char *const mounts[] = {
		"/proc proc proc ", "/dev tmpfs tmpfs nosuid|strictatime|mode=755|size=65536k",
		"/dev/pts devpts devpts nosuid|noexec|newinstance|ptmxmode=0666|mode=0620|gid=5",
		"/dev/shm tmpfs shm nosuid|noexec|nodev|mode=1777|size=65536k",
		"/dev/mqueue mqueue mqueue nosuid|noexec|nodev",
		"/sys sysfs sysfs nosuid|noexec|nodev|ro",
		"/sys/fs/cgroup cgroup cgroup nosuid|noexec|nodev|relatime|ro",
	};
	uint64_t caps = 1ull << CAP_AUDIT_WRITE | 1ull << CAP_KILL | 1ull << CAP_NET_BIND_SERVICE;

	for (int rootless = 0; rootless < 2; rootless++) {
		const char *who = rootless ? "spec --rootless" : "spec";
		struct buf b = { 0 };
		struct config c;

		conf_spec(&b, rootless);
		check_str(load(&c, b.p), "", who);
		const struct process_conf *p = &c.process;

		check_str(c.oci_version, SPEC_VERSION, str_fmt("%s: ociVersion", who));
		CHECK(p->terminal && p->no_new_privs && !p->user.uid && !p->user.gid &&
			      !p->user.n_gids,
		      "%s: process", who);
		check_str(join(p->args.v), "sh", str_fmt("%s: args", who));
		check_str(
			join(p->env.v),
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
			  "|TERM=xterm",
			str_fmt("%s: env", who));
		check_str(p->cwd, "/", str_fmt("%s: cwd", who));
		CHECK(p->has_capabilities && p->capabilities.bounding == caps &&
			      p->capabilities.effective == caps &&
			      p->capabilities.permitted == caps && !p->capabilities.ambient &&
			      !p->capabilities.inheritable,
		      "%s: three capabilities in three sets, none inheritable", who);
		CHECK(p->n_rlimits == 1 && p->rlimits[0].type == RLIMIT_NOFILE &&
			      p->rlimits[0].soft == 1024 && p->rlimits[0].hard == 1024,
		      "%s: rlimits", who);
		check_str(c.rootfs, "/bundle/rootfs", str_fmt("%s: root", who));
		CHECK(c.root.readonly, "%s: the root is read-only", who);
		check_str(c.hostname, "runtime", str_fmt("%s: hostname", who));
		for (int i = 0; i < NS_COUNT; i++)
			CHECK(c.ns_new[i] == (i == NS_USER  ? rootless
					      : i == NS_NET ? !rootless
							    : i != NS_TIME),
			      "%s: %s namespace", who, ns_names[i].name);
		CHECK(rootless ? c.n_uid_maps == 1 && c.n_gid_maps == 1 &&
					 c.uid_maps[0].inside == 0 &&
					 c.uid_maps[0].outside == geteuid() &&
					 c.gid_maps[0].outside == getegid() &&
					 c.uid_maps[0].size == 1 && c.gid_maps[0].size == 1
			       : !c.n_uid_maps && !c.n_gid_maps,
		      "%s: mappings", who);
		CHECK(rootless ? !c.has_resources
			       : c.resources.n_devices == 1 && !c.resources.devices[0].allow &&
					 str_eq(c.resources.devices[0].access, "rwm") &&
					 !c.resources.devices[0].type,
		      "%s: resources", who);
		CHECK(c.masked_paths.n == LEN(spec_masked) &&
			      c.readonly_paths.n == LEN(spec_readonly),
		      "%s: paths", who);
		CHECK(c.n_mounts == LEN(mounts), "%s: %zu mounts", who, c.n_mounts);
		for (size_t i = 0; i < c.n_mounts; i++) {
			const struct mount_conf *m = &c.mounts[i];
			const char *want = mounts[i];

			if (rootless && i == 2)
				want = "/dev/pts devpts devpts nosuid|noexec|newinstance"
				       "|ptmxmode=0666|mode=0620";
			if (rootless && i == 5)
				want = "/sys none /sys rbind|nosuid|noexec|nodev|rro";
			check_str(str_fmt("%s %s %s %s", m->dest, m->type, m->source,
					  join(m->options.v)),
				  want, str_fmt("%s: mounts[%zu]", who, i));
		}
		CHECK(str_starts(b.p, "{\n\t\"ociVersion\"") && b.p[b.len - 1] == '\n' &&
			      !strstr(b.p, ",\n\t]"),
		      "%s: indented, ends in a newline", who);
	}
}

/* ==== STATE ============================================================================= */

static void test_state_id(void)
{
	static const struct { const char *id; bool ok; } rows[] = {
		{ "a", true }, { "A-Z_0.9+b", true }, { "...", true }, { "-", true },
		{ "-a", true }, { ".a", true }, { "+", true },
		{ "", false }, { ".", false }, { "..", false }, { "a/b", false }, { "/", false },
		{ "../x", false }, { "a b", false },
		{ "a\n", false }, { "\xc3\xa4", false }, { "a:b", false }, { "a\\b", false },
		{ "a%b", false }, { "a@b", false },
		{ "a,b", false }, { "~", false }, { "*", false }, { "a\tb", false },
	};
	char *long_id = arena_alloc(300);

	for (size_t i = 0; i < LEN(rows); i++)
		CHECK((state_check_id(rows[i].id) == 0) == rows[i].ok, "id \"%s\" is %s",
		      rows[i].id, rows[i].ok ? "taken" : "refused");
	for (int c = 1; c < 256; c++) {
		char id[] = { 'x', (char)c, '\0' };
		bool ok = (c < 128 && isalnum(c)) || strchr("_+.-", c);

		if ((state_check_id(id) == 0) != ok)
			CHECK(false, "id with byte %#x", (unsigned)c);
	}
	memset(long_id, 'i', 249);
	check_int(state_check_id(long_id), 0, "id of 249 characters");
	memset(long_id, 'i', 250);
	check_int(state_check_id(long_id), -1, "id of 250 characters");
}

/* Texts that are hard to write as JSON. */
static const char *const odd_texts[] = {
	"", "plain", "with \"quotes\" and \\ backslash", "line\nbreak\ttab\r\b\f", "\x01\x1f\x7f",
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3", "</script>&<>", "\xe2\x80\xa8", "%s%n%d",
	"{\"a\":[1]}", "\\u0041", "null", "/", "a\\", "\xef\xbf\xbf",
};

static void test_state_file(void)
{
	char top[] = "/tmp/unit.XXXXXX";

	if (!mkdtemp(top))
		abort();
	for (size_t i = 0; i < LEN(odd_texts); i++) {
		const char *odd = odd_texts[i];
		struct container c = CONTAINER_NONE, again = CONTAINER_NONE;
		struct map map = { .v = arena_alloc(2 * sizeof *map.v), .n = 2 };

		map.v[0] = (struct pair){ str_fmt("k%s", odd), str_dup(odd) };
		map.v[1] = (struct pair){ str_dup("other"), str_fmt("%s%s", odd, odd) };
		c.id = str_fmt("id%zu", i);
		check_int(state_root(&c, top, true), 0, "state_root");
		check_int(state_new(&c), 0, "state_new");
		c.bundle = str_fmt("/b%s", odd);
		c.rootfs = str_fmt("/r%s", odd);
		c.cgroup = str_fmt("/c%s", odd);
		c.created = str_dup("2026-01-02T03:04:05.000000006Z");
		c.owner = 4294967294u;
		c.ready = i & 1;
		c.pid = INT64_MAX - (int64_t)i;
		c.start = UINT64_MAX - i;
		c.maker = (int64_t)i;
		c.maker_start = (uint64_t)i << 40;
		c.annotations = map;
		check_int(state_save(&c), 0, str_fmt("state_save: %s", odd));
		again.id = c.id;
		check_int(state_root(&again, top, false), 0, "state_root again");
		check_int(state_open(&again), 0, str_fmt("state_open: %s", odd));
		CHECK(str_eq(c.bundle, again.bundle) && str_eq(c.rootfs, again.rootfs) &&
			      str_eq(c.cgroup, again.cgroup) && str_eq(c.created, again.created) &&
			      c.owner == again.owner && c.ready == again.ready &&
			      c.pid == again.pid && c.start == again.start &&
			      c.maker == again.maker && c.maker_start == again.maker_start &&
			      again.annotations.n == 2 &&
			      str_eq(map.v[0].key, again.annotations.v[0].key) &&
			      str_eq(map.v[0].value, again.annotations.v[0].value) &&
			      str_eq(map.v[1].key, again.annotations.v[1].key) &&
			      str_eq(map.v[1].value, again.annotations.v[1].value),
		      "state.json: all of it comes back: %s", odd);

		/* state_print: JSON, with what the specification names */
		static const enum status all[] = {
			ST_CREATING, ST_CREATED, ST_RUNNING, ST_PAUSED, ST_STOPPED,
		};
		enum status st = all[i % LEN(all)];
		struct buf b = { 0 };
		struct json j = { 0 };

		state_print(&c, st, &b, "root");
		size_t ntok = json_tokens_max(b.len), nscratch = json_scratch_max(b.len);
		bool ok = json_parse(&j, str_dup(b.p), b.len, arena_alloc(ntok * sizeof *j.tok),
				     ntok, arena_alloc(nscratch * sizeof(uint32_t)), nscratch) == 0;

		CHECK(ok && str_eq(dec_str(&j, json_get(&j, 0, "id")), c.id) &&
			      str_eq(dec_str(&j, json_get(&j, 0, "bundle")), c.bundle) &&
			      str_eq(dec_str(&j, json_get(&j, 0, "status")), status_names[st]) &&
			      str_eq(dec_str(&j, json_get(&j, 0, "ociVersion")), SPEC_VERSION),
		      "state_print: %s", odd);
		int64_t pid = -1;
		int at = ok ? json_get(&j, 0, "annotations") : -1;

		CHECK(ok && dec_int(&j, json_get(&j, 0, "pid"), K_I64, &pid) == 0 &&
			      pid == (st == ST_STOPPED ? 0 : c.pid) && at > 0 &&
			      str_eq(dec_str(&j, json_get(&j, at, map.v[0].key)), odd),
		      "state_print: pid, annotations: %s", odd);
		check_int(state_remove(&c), 0, "state_remove");
		close_p(&again.root_fd);
		close_p(&again.dir_fd);
		close_p(&again.proc_fd);
		check_int(state_root(&again, top, false), 0, "state_root after");
		check_int(state_open(&again), -1, "state_open: removed");
		check_str(err.msg, str_fmt("%s: container does not exist", c.id),
			  "state_open: its message");
		close_p(&c.root_fd);
		close_p(&c.dir_fd);
		close_p(&again.root_fd);
	}
	/* bytes that are no UTF-8 are replaced, and the file stays readable */
	struct container c = CONTAINER_NONE;

	/* what no runtime writes, but a file may hold */
	static const struct field created[] = {
		F_STR_MUST(struct container, "created", created), { 0 }
	};

	for (size_t i = 0; i < LEN(odd_texts); i++) {
		struct buf b = { 0 };

		c.id = c.created = str_dup(odd_texts[i]);
		state_print(&c, ST_STOPPED, &b, "");
		check_str(decode(b.p, created, sizeof c), "",
			  str_fmt("state_print: created %s", odd_texts[i]));
	}
	c.id = str_dup("bytes");
	state_root(&c, top, true);
	state_new(&c);
	c.bundle = c.rootfs = c.cgroup = str_dup("\xff\xc3");
	c.created = str_dup("2026-01-02T03:04:05Z");
	check_int(state_save(&c), 0, "state_save: no UTF-8");
	close_p(&c.dir_fd);
	check_int(state_open(&c), 0, "state_open: no UTF-8");
	check_str(c.bundle, "\xef\xbf\xbd\xef\xbf\xbd", "no UTF-8 becomes U+FFFD");
	check_int(state_new(&c), -1, "state_new: the id is taken");
	check_str(err.msg, "bytes: container with given ID already exists",
		  "state_new: its message");
	/* several containers come sorted, other things are no containers */
	struct strs ids = { 0 };
	static const char *const more[] = { "b", "a", "Z", "a.b", ".hidden" };

	for (size_t i = 0; i < LEN(more); i++)
		mkdirat(c.root_fd, more[i], 0700);
	close(openat(c.root_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	check_int(state_ids(&c, &ids), 0, "state_ids");
	check_str(join(ids.v), ".hidden|Z|a|a.b|b|bytes", "state_ids: sorted");
	close_p(&c.root_fd);
	close_p(&c.dir_fd);
	close_p(&c.proc_fd);
	tree_remove(top);
}

/* ==== CG ================================================================================ */

static void test_cg_weight(void)
{
	bool ok = true;
	int64_t last = 1;
	uint64_t sum = 0;

	check_int(cg_weight(0), 1, "cpu.shares 0");
	check_int(cg_weight(2), 1, "cpu.shares 2 is weight 1");
	check_int(cg_weight(1024), 100, "cpu.shares 1024 is weight 100");
	check_int(cg_weight(262144), 10000, "cpu.shares 262144 is weight 10000");
	check_int(cg_weight(262145), 10000, "cpu.shares above the greatest");
	check_int(cg_weight(UINT64_MAX), 10000, "cpu.shares far above the greatest");
	/* 10 ^ ((l^2 + 125 l) / 612 - 7/34), l = log2(shares), rounded up; from 40 digits */
	static const int64_t rows[][2] = {
		{ 3, 2 }, { 4, 2 }, { 5, 2 }, { 7, 3 }, { 10, 4 }, { 20, 6 }, { 50, 10 },
		{ 100, 17 }, { 102, 17 },
		{ 128, 21 }, { 200, 29 }, { 256, 35 }, { 500, 58 }, { 512, 59 }, { 768, 80 },
		{ 1000, 99 }, { 1023, 100 },
		{ 1025, 101 }, { 1536, 138 }, { 2000, 170 }, { 2048, 174 }, { 3072, 240 },
		{ 4096, 303 }, { 5000, 356 },
		{ 8192, 532 }, { 10000, 627 }, { 16384, 942 }, { 20000, 1112 }, { 32768, 1681 },
		{ 50000, 2402 },
		{ 65536, 3023 }, { 100000, 4340 }, { 131072, 5478 }, { 200000, 7899 },
		{ 250000, 9595 },
		{ 262000, 9996 }, { 262143, 10000 },
	};

	for (size_t i = 0; i < LEN(rows); i++)
		check_int(cg_weight((uint64_t)rows[i][0]), rows[i][1],
			  str_fmt("cpu.shares %" PRId64, rows[i][0]));
	for (uint64_t shares = 2; shares <= 262144; shares++) {
		int64_t w = cg_weight(shares);

		ok &= w >= last;
		last = w;
		sum = sum * 31 + (uint64_t)w;
	}
	CHECK(ok, "weights grow with the shares");
	CHECK(sum == 0xff3d2046248af876,
	      "the weights of all 262,143 shares are those of the curve");
}

static void test_cg_values(void)
{
	enum { NONE = INT_MIN };                /* the field is absent */
	static const struct { int limit, swap, want; const char *fails; } swaps[] = {
		{ NONE, NONE, NONE, NULL }, { 100, NONE, NONE, NULL }, { -1, NONE, -1, NULL },
		{ NONE, -1, -1, NULL },
		{ 100, -1, -1, NULL }, { -1, -1, -1, NULL }, { 100, 100, 0, NULL },
		{ 100, 150, 50, NULL }, { 100, 0, NONE, NULL },
		{ 0, 0, NONE, NULL }, { -1, 0, -1, NULL },
		{ 100, 99, NONE, "memory+swap limit should be >= memory limit" },
		{ NONE, 100, NONE, "unable to set swap limit without memory limit" },
		{ 0, 100, NONE, "unable to set swap limit without memory limit" },
		{ -1, 100, NONE, "memory+swap limit should be >= memory limit" },
	};
	static const struct { int quota, period; const char *want; } maxes[] = {
		{ NONE, NONE, NULL }, { 50000, NONE, "50000 100000" },
		{ 50000, 20000, "50000 20000" }, { NONE, 20000, "max 20000" },
		{ -1, NONE, "max 100000" }, { -1, 20000, "max 20000" }, { 0, 0, NULL },
		{ 0, 5000, "max 5000" }, { 1, 0, "1 100000" },
	};
#define OPT(n) ((n) == NONE ? (struct opt){ 0 } : (struct opt){ true, (n) })

	for (size_t i = 0; i < LEN(swaps); i++) {
		struct resources_conf r = {
			.memory = { .limit = OPT(swaps[i].limit), .swap = OPT(swaps[i].swap) },
		};
		struct opt out = { 0 };
		int rc = cg_swap(&r, &out);

		CHECK(swaps[i].fails ? rc < 0 && strstr(err.msg, swaps[i].fails) && !out.set
				     : rc == 0 && out.set == (swaps[i].want != NONE) &&
					       (!out.set || out.v == swaps[i].want),
		      "cg_swap: limit %d, swap %d", swaps[i].limit, swaps[i].swap);
	}
	for (size_t i = 0; i < LEN(maxes); i++) {
		struct resources_conf r = {
			.cpu = { .quota = OPT(maxes[i].quota), .period = OPT(maxes[i].period) },
		};
		struct cg_values v = { 0 };

		check_int(cg_values(&r, &v), 0, "cg_values");
		check_str(v.cpu_max, maxes[i].want,
			  str_fmt("cpu.max: quota %d, period %d", maxes[i].quota, maxes[i].period));
	}
	char empty[] = "", cpus[] = "0-1";
	struct resources_conf r = {
		.cpu = { .shares = OPT(1024), .idle = OPT(1), .cpus = cpus, .mems = empty },
		.memory = { .limit = OPT(0), .reservation = OPT(7) }, .pids = { .limit = OPT(0) },
	};
	struct cg_values v = { 0 };

	check_int(cg_values(&r, &v), 0, "cg_values");
	CHECK(!v.cpu_weight.set && v.cpu_idle.set && v.cpu_idle.v == 1,
	      "an idle cgroup gets no weight");
	CHECK(str_eq(v.cpus, "0-1") && !v.mems, "an empty list of nodes is none");
	CHECK(!v.mem_max.set && v.mem_low.set && v.mem_low.v == 7, "a memory limit of 0 is none");
	r.cpu.idle.v = 0;
	v = (struct cg_values){ 0 };
	check_int(cg_values(&r, &v), 0, "cg_values");
	CHECK(v.cpu_weight.set && v.cpu_weight.v == 100 && v.cpu_idle.set && !v.cpu_idle.v,
	      "idle 0 keeps the weight");
#undef OPT
	for (size_t i = 0; i < LEN(cg_limits); i++) {
		bool ok = *cg_limits[i].file && strchr(cg_limits[i].field, '.') &&
			  cg_limits[i].off + (cg_limits[i].is_text ? sizeof(char *)
								   : sizeof(struct opt)) <=
				  sizeof v;

		for (size_t k = 0; k < i; k++)
			ok &= strcmp(cg_limits[i].file, cg_limits[k].file) != 0 &&
			      cg_limits[i].off != cg_limits[k].off;
		CHECK(ok, "limit %s: file, field and value of its own", cg_limits[i].file);
	}
	/* Each member of struct cg_values has its row. */
	check_int((int64_t)LEN(cg_limits), 7 + 3, "cg_limits: a row for each value");
}

/* What cg_update() makes of values whose partners stand in the cgroup is in update.t. */
static void test_cg_io_weight(void)
{
	static const int64_t rows[][2] = { { 10, 1 }, { 11, 11 }, { 100, 910 }, { 500, 4950 },
					   { 999, 9989 }, { 1000, 10000 } };

	for (size_t i = 0; i < LEN(rows); i++)
		check_int(cg_io_weight(rows[i][0]), rows[i][1],
			  str_fmt("blockIO.weight %d", (int)rows[i][0]));
}

static void test_cg_value_of(void)
{
	static const char text[] = "low 0\noom 3\noom_kill 18446744073709551615\nmax 7";

	check_int((int64_t)cg_value_of(text, "low"), 0, "cg_value_of: first line");
	check_int((int64_t)cg_value_of(text, "oom"), 3, "cg_value_of: not its longer brother");
	check_int((int64_t)cg_value_of(text, "oom_kill"), -1, "cg_value_of: the greatest number");
	check_int((int64_t)cg_value_of(text, "max"), 7, "cg_value_of: no newline at the end");
	check_int((int64_t)cg_value_of(text, "kill"), 0, "cg_value_of: not there");
	check_int((int64_t)cg_value_of(NULL, "kill"), 0, "cg_value_of: no text");
}

static void test_cg_path(void)
{
	static const struct { const char *path, *want; } rows[] = {
		{ "/a/b", "/a/b" }, { "/", "/" }, { "/../../x", "/x" }, { "/a//b/", "/a/b" },
		{ "/a/../../etc", "/etc" },
	};
	struct config c = { 0 };

	for (size_t i = 0; i < LEN(rows); i++) {
		c.cgroups_path = str_dup(rows[i].path);
		check_str(cg_path(&c, "id", -1), rows[i].want,
			  str_fmt("cgroupsPath %s", rows[i].path));
	}
	c.cgroups_path = NULL;                  /* no /proc to ask: we are in the top cgroup */
	check_str(cg_path(&c, "id", -1), "/id", "no cgroupsPath: the id");
	c.cgroups_path = str_dup("x/../../y");
	check_str(cg_path(&c, "id", -1), "/y", "cgroupsPath: relative, does not leave the tree");
}

/* -- the device program: an interpreter, and a reading of the rules apart from it -- */

struct probe { bool block; uint32_t major, minor, access; };

/* What the kernel does with the program; -1 if it is not one. */
static int dev_run(const struct dev_prog *p, const struct probe *q)
{
	uint32_t in[3] = { q->access << 16 | (q->block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
			   q->major, q->minor };
	uint64_t r[11] = { 0 };
	size_t at = 0;

	for (size_t steps = 0; at < p->n && steps <= p->n; steps++) {
		const struct bpf_insn *i = &p->v[at++];
		uint32_t k = i->code & BPF_X ? (uint32_t)r[i->src_reg] : (uint32_t)i->imm;
		uint32_t *d = (uint32_t[]){ (uint32_t)r[i->dst_reg] };
		bool jump;

		if (i->dst_reg > 9 || i->src_reg > 10)
			return -1;
		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			if (i->src_reg != 1 || i->off < 0 || i->off > 8 || i->off % 4)
				return -1;
			r[i->dst_reg] = in[i->off / 4];
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
		case BPF_ALU | BPF_MOV | BPF_K: r[i->dst_reg] = k; break;
		case BPF_ALU | BPF_AND | BPF_K: r[i->dst_reg] = *d & k; break;
		case BPF_ALU | BPF_OR | BPF_X: r[i->dst_reg] = *d | k; break;
		case BPF_ALU | BPF_LSH | BPF_K: r[i->dst_reg] = *d << k; break;
		case BPF_ALU | BPF_RSH | BPF_K: r[i->dst_reg] = *d >> k; break;
		case BPF_ALU64 | BPF_MOV | BPF_K: r[i->dst_reg] = (uint64_t)(int64_t)i->imm; break;
		case BPF_JMP | BPF_JA:
		case BPF_JMP32 | BPF_JEQ | BPF_K:
		case BPF_JMP32 | BPF_JNE | BPF_K:
			jump = BPF_CLASS(i->code) == BPF_JMP ||
			       (*d == k) == (BPF_OP(i->code) == BPF_JEQ);
			if (jump)
				at += (size_t)i->off;
			break;
		case BPF_JMP | BPF_EXIT:
			return r[0] <= 1 ? (int)r[0] : -1;
		default:
			return -1;
		}
	}
	return -1;
}

/* Jumps lead forward and inside, all code is reached, the end is an exit. */
static bool dev_is_sound(const struct dev_prog *p)
{
	bool *reached = arena_alloc(p->n + 1);

	reached[0] = true;
	for (size_t i = 0; i < p->n; i++) {
		uint8_t class = BPF_CLASS(p->v[i].code);
		bool exit = p->v[i].code == (BPF_JMP | BPF_EXIT),
		     jump = !exit && (class == BPF_JMP || class == BPF_JMP32);

		if (!reached[i])
			return false;
		if (jump && (p->v[i].off < 0 || i + 1 + (size_t)p->v[i].off >= p->n))
			return false;
		if (jump)
			reached[i + 1 + (size_t)p->v[i].off] = true;
		if (!exit && p->v[i].code != (BPF_JMP | BPF_JA))
			reached[i + 1] = true;
	}
	return p->n && !reached[p->n] && p->v[p->n - 1].code == (BPF_JMP | BPF_EXIT);
}

/* Documentation/admin-guide/cgroup-v1/devices.rst, as a table: for each type, major and minor that
 * the rules can name, which accesses are exceptions from the default.  Index 0 stands for "*". */
enum { MAJORS = 9, MINORS = 12 };
static const int64_t dev_majors[MAJORS] = { -1, 0, 1, 5, 8, 10, 136, 137, 4095 };
static const int64_t dev_minors[MINORS] = { -1, 0, 1, 2, 3, 5, 7, 8, 9, 200, 1000, 1048575 };

struct dev_world { bool allow; unsigned except[2][MAJORS][MINORS]; };

static unsigned dev_bits(const char *access)
{
	return (strchr(access, 'r') ? BPF_DEVCG_ACC_READ : 0) |
	       (strchr(access, 'w') ? BPF_DEVCG_ACC_WRITE : 0) |
	       (strchr(access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0);
}

/* False: denying this would be a hole in something that stays allowed. */
static bool world_rule(struct dev_world *w, bool allow, int block, size_t major, size_t minor,
		       unsigned bits)
{
	unsigned *mine = &w->except[block][major][minor];

	if (allow != w->allow) {
		*mine |= bits;
		return true;
	}
	*mine &= ~bits;
	if (w->allow)
		return true;
	unsigned wider = (major ? w->except[block][0][minor] : 0) |
			 (minor ? w->except[block][major][0] : 0) |
			 (major && minor ? w->except[block][0][0] : 0);

	return !(wider & bits);
}

static size_t world_index(const int64_t *table, size_t n, struct opt value)
{
	for (size_t i = 0; i < n; i++)
		if (table[i] == (value.set ? value.v : -1))
			return i;
	abort();                                /* a number that the table lacks */
}

static bool world_make(struct dev_world *w, const struct device_rule *rules, size_t n)
{
	/* runc's: what every container may use, whatever its rules say */
	static const struct { char type; int major, minor; const char *access; } always[] = {
		{ 'c', -1, -1, "m" }, { 'b', -1, -1, "m" }, { 'c', 1, 3, "rwm" },
		{ 'c', 1, 8, "rwm" }, { 'c', 1, 7, "rwm" },
		{ 'c', 5, 0, "rwm" }, { 'c', 1, 5, "rwm" }, { 'c', 1, 9, "rwm" },
		{ 'c', 5, 1, "rwm" }, { 'c', 136, -1, "rwm" },
		{ 'c', 5, 2, "rwm" }, { 'c', 10, 200, "rwm" },
	};

	*w = (struct dev_world){ 0 };
	for (size_t i = 0; i < n; i++) {
		const struct device_rule *d = &rules[i];
		size_t major = world_index(dev_majors, MAJORS, d->major),
		       minor = world_index(dev_minors, MINORS, d->minor);
		const char *type = d->type && *d->type ? d->type : "a",
			   *access = d->access ? d->access : "rwm";

		if (*type == 'a' && !major && !minor) {
			*w = (struct dev_world){ .allow = d->allow };
			continue;
		}
		if (*type != 'b' && !world_rule(w, d->allow, 0, major, minor, dev_bits(access)))
			return false;
		if ((*type == 'a' || *type == 'b') &&
		    !world_rule(w, d->allow, 1, major, minor, dev_bits(access)))
			return false;
	}
	for (size_t i = 0; i < LEN(always); i++)
		world_rule(w, true, always[i].type == 'b',
			   world_index(dev_majors, MAJORS, (struct opt){ true, always[i].major }),
			   world_index(dev_minors, MINORS, (struct opt){ true, always[i].minor }),
			   dev_bits(always[i].access));
	return true;
}

/* By default denied: one exception must grant all that is asked.  By default allowed: no exception
 * may forbid any of it. */
static bool world_allows(const struct dev_world *w, const struct probe *q)
{
	for (size_t a = 0; a < MAJORS; a++)
		for (size_t i = 0; i < MINORS; i++) {
			unsigned bits = w->except[q->block][a][i];

			if ((a && dev_majors[a] != q->major) || (i && dev_minors[i] != q->minor))
				continue;
			if (w->allow ? bits & q->access : bits && (bits & q->access) == q->access)
				return !w->allow;
		}
	return w->allow;
}

static void world_random(struct device_rule *r)
{
	static char *types[] = { NULL, "", "a", "b", "c", "c", "c", "b", "u" };
	static char *accesses[] = {
		NULL, "r", "w", "m", "rw", "rm", "wm", "rwm", "rwm", "mwr", "rr", "",
	};

	*r = (struct device_rule){ .allow = random_below(2),
				   .type = types[random_below(LEN(types))],
				   .access = accesses[random_below(LEN(accesses))] };
	if (random_below(3))
		r->major = (struct opt){ true, dev_majors[random_below(MAJORS)] };
	if (random_below(3))
		r->minor = (struct opt){ true, dev_minors[random_below(MINORS)] };
}

/* Every device that a rule can name and its neighbours, with every access. */
static bool world_agrees(const struct dev_world *w, const struct dev_prog *p, unsigned *asked)
{
	for (unsigned block = 0; block < 2; block++)
		for (size_t a = 1; a < MAJORS; a++)
			for (size_t i = 1; i < MINORS; i++)
				for (int near = 0; near < 9; near++)
					for (uint32_t access = 1; access < 8; access++) {
						struct probe q = {
							block,
							(uint32_t)(dev_majors[a] + near / 3 - 1) &
								0xfff,
							(uint32_t)(dev_minors[i] + near % 3 - 1) &
								0xfffff,
							access
						};
						int got = dev_run(p, &q);

						++*asked;
						if (got == world_allows(w, &q))
							continue;
						printf("# %c %u:%u access %u: %d\n",
						       block ? 'b' : 'c', q.major, q.minor, access,
						       got);
						return false;
					}
	return true;
}

static void world_show(const struct device_rule *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("# %s type \"%s\" %lld:%lld access \"%s\"\n", r[i].allow ? "allow" : "deny",
		       r[i].type ? r[i].type : "-", r[i].major.set ? (long long)r[i].major.v : -2,
		       r[i].minor.set ? (long long)r[i].minor.v : -2,
		       r[i].access ? r[i].access : "-");
}

static void test_devices(void)
{
	unsigned compiled = 0, refused = 0, asked = 0, loaded = 0, unloaded = 0;
	size_t longest = 0;
	bool ok = true, kernel = true;

	seed = 88172645463325252ull;
	for (unsigned round = 0; round < 1000 && ok; round++) {
		struct device_rule rules[24];
		size_t n = round ? random_below(LEN(rules) + 1) : 0;
		struct dev_world w;
		struct dev_list l;
		struct dev_prog p;

		for (size_t i = 0; i < n; i++)
			world_random(&rules[i]);
		if (round % 3 == 1 && n)                /* most lists in the wild start so */
			rules[0] = (struct device_rule){ .allow = round % 2, .type = "a" };
		bool want = world_make(&w, rules, n), got = dev_list(&l, rules, n) == 0;

		ok = want == got;
		if (!ok)
			printf("# %s, expected to be %s: %s\n", got ? "compiled" : "refused",
			       want ? "compiled" : "refused", err.msg);
		if (ok && got) {
			dev_compile(&l, &p);
			ok = dev_is_sound(&p) && world_agrees(&w, &p, &asked);
			longest = p.n > longest ? p.n : longest;
			compiled++;
			if (geteuid() == 0 && kernel) {
				autoclose int fd = dev_load(&p);

				if (fd < 0 && !unloaded++ && !loaded &&
				    (errno == EPERM || errno == ENOSYS))
					kernel = false;
				loaded += fd >= 0;
				ok &= fd >= 0 || !kernel;
				if (!ok)
					printf("# load: %s\n", errno_text(errno));
			}
		} else if (ok) {
			refused++;
		}
		if (!ok)
			world_show(rules, n);
	}
	CHECK(ok && compiled > 300 && refused > 100,
	      "device rules: %u random lists mean what the kernel's v1 code makes of "
	      "them (%u questions), %u are refused",
	      compiled, asked, refused);
	CHECK(longest > 50, "device rules: programs of up to %zu instructions", longest);
	if (geteuid() != 0 || !kernel)
		skip("device rules: the verifier takes every program",
		     "loading needs CAP_BPF in the first user namespace");
	else
		CHECK(loaded == compiled,
		      "device rules: the verifier takes every program (%u of %u)", loaded,
		      compiled);
}

/* Long lists: jumps have 16 bits. */
static void test_devices_many(void)
{
	static const size_t counts[] = { 1000, 2000, 2001, 12000 };

	for (size_t k = 0; k < LEN(counts); k++) {
		size_t n = counts[k];
		struct device_rule *rules = arena_alloc(n * sizeof *rules);
		struct dev_list l;
		struct dev_prog p;
		bool ok = true;

		for (size_t i = 0; i < n; i++)
			rules[i] = (struct device_rule){ .allow = true,
							 .type = "b",
							 .access = i % 2 ? "r" : "w",
							 .major = { true, (int64_t)(i % 4000) },
							 .minor = { true, (int64_t)i } };
		if (dev_list(&l, rules, n) < 0) {
			CHECK(n > 2000 && *err.msg, "device rules: %zu of them are refused: %s", n,
			      err.msg);
			continue;
		}
		dev_compile(&l, &p);
		ok = dev_is_sound(&p);
		for (size_t i = 0; i < n && ok; i += 97)
			for (uint32_t access = 1; access < 8; access++)
				ok &= dev_run(&p, &(struct probe){ true, (uint32_t)(i % 4000),
								   (uint32_t)i, access }) ==
				      (access == BPF_DEVCG_ACC_MKNOD ||
				       access ==
					       (i % 2 ? BPF_DEVCG_ACC_READ : BPF_DEVCG_ACC_WRITE));
		CHECK(ok, "device rules: %zu of them, %zu instructions", n, p.n);
	}
}

/* ==== MNT =============================================================================== */

static void test_mount_flags(void)
{
	static const struct {
		const char *type, *words[10];
		unsigned long ms;
		uint64_t set, clear, rec_set, rec_clear;
		const char *data;
	} rows[] = {
		{ "tmpfs", { NULL }, 0, 0, 0, 0, 0, NULL },
		{ "tmpfs", { "", NULL }, 0, 0, 0, 0, 0, NULL },
		{ "tmpfs", { "defaults", NULL }, 0, 0, 0, 0, 0, NULL },
		{ "tmpfs", { "ro", "nosuid", NULL }, MS_RDONLY | MS_NOSUID,
		  ATTR_RDONLY | ATTR_NOSUID, 0, 0, 0, NULL },
		{ "tmpfs", { "ro", "rw", NULL }, 0, 0, ATTR_RDONLY, 0, 0, NULL },
		{ "tmpfs", { "rw", "ro", NULL }, MS_RDONLY, ATTR_RDONLY, 0, 0, 0, NULL },
		{ "tmpfs", { "nodev", "dev", "nodev", NULL }, MS_NODEV, ATTR_NODEV, 0, 0, 0, NULL },
		{ "tmpfs", { "noatime", NULL }, MS_NOATIME, ATTR_NOATIME, ATTR_ATIME, 0, 0, NULL },
		{ "tmpfs", { "noatime", "strictatime", NULL }, MS_NOATIME | MS_STRICTATIME,
		  ATTR_STRICTATIME, ATTR_ATIME, 0, 0, NULL },
		{ "tmpfs", { "strictatime", "relatime", NULL }, MS_STRICTATIME | MS_RELATIME, 0,
		  ATTR_ATIME, 0, 0, NULL },
		{ "tmpfs", { "noatime", "ro", "atime", NULL }, MS_RDONLY, ATTR_RDONLY,
		  ATTR_ATIME, 0, 0, NULL },
		{ "tmpfs", { "size=1m", "mode=755", NULL }, 0, 0, 0, 0, 0, "size=1m,mode=755" },
		{ "tmpfs", { "mode=1", "ro", "size=1m", "", "noexec", NULL }, MS_RDONLY | MS_NOEXEC,
		  ATTR_RDONLY | ATTR_NOEXEC, 0,
		  0, 0, "mode=1,size=1m" },
		{ "bind", { NULL }, MS_BIND, 0, 0, 0, 0, NULL },
		{ "bind", { "rbind", NULL }, MS_BIND | MS_REC, 0, 0, 0, 0, NULL },
		{ "none", { "bind", "rbind", NULL }, MS_BIND | MS_REC, 0, 0, 0, 0, NULL },
		{ "none", { "rbind", "rro", NULL }, MS_BIND | MS_REC, 0, 0, ATTR_RDONLY, 0, NULL },
		{ "none", { "rbind", "rro", "rrw", NULL }, MS_BIND | MS_REC, 0, 0, 0, ATTR_RDONLY,
		  NULL },
		{ "none", { "rbind", "ro", "rrw", NULL }, MS_BIND | MS_REC | MS_RDONLY,
		  ATTR_RDONLY, 0, 0, ATTR_RDONLY, NULL },
		{ "none", { "rbind", "rnoatime", "rnosuid", NULL }, MS_BIND | MS_REC, 0, 0,
		  ATTR_NOATIME | ATTR_NOSUID, ATTR_ATIME, NULL },
		{ "none", { "sync", "async", "lazytime", "remount", NULL },
		  MS_LAZYTIME | MS_REMOUNT, 0, 0, 0, 0, NULL },
		{ "tmpfs", { "RO", "ro ", NULL }, 0, 0, 0, 0, 0, "RO,ro " },
		{ "tmpfs", { "shared", "rslave", "x", NULL }, 0, 0, 0, 0, 0, "x" },
		{ "tmpfs", { "auto", "_netdev", "x-y=1", "nofail", "X-mount.mkdir=0700", NULL }, 0,
		  0, 0, 0, 0, NULL },
		{ "tmpfs", { "auto=1", "X-mount.x", "nofail=1", NULL }, 0, 0, 0, 0, 0,
		  "auto=1,X-mount.x,nofail=1" },
		{ "ext4", { "user", "exec", "suid", NULL }, MS_NODEV, ATTR_NODEV,
		  ATTR_NOEXEC | ATTR_NOSUID, 0, 0, NULL },
	};

	const struct config none = { 0 };

	for (size_t i = 0; i < LEN(rows); i++) {
		struct mount_conf m = { .type = str_dup(rows[i].type),
					.options = list_of(rows[i].words) };
		int r = conf_mount_flags(&none, &m);
		const struct mnt_flags f = m.flags;

		if (!report(r == 0 && f.ms == rows[i].ms && f.set == rows[i].set &&
				    f.clear == rows[i].clear && f.rec_set == rows[i].rec_set &&
				    f.rec_clear == rows[i].rec_clear &&
				    (rows[i].data ? str_eq(f.data, rows[i].data) : !f.data),
			    "mount flags: %s %s", rows[i].type, join(m.options.v)))
			printf("# ms %#lx set %#" PRIx64 " clear %#" PRIx64 " rec %#" PRIx64
			       " %#" PRIx64 " data %s\n",
			       f.ms, f.set, f.clear, f.rec_set, f.rec_clear, f.data ? f.data : "-");
	}
	struct mount_conf m = { .type = str_dup("bind"),
				.options = LIST("shared", "rprivate", "ro", "slave") };

	conf_mount_flags(&none, &m);
	struct mnt_flags f = m.flags;

	CHECK(f.n_propagation == 3 && f.propagation[0] == MS_SHARED &&
		      f.propagation[1] == (MS_PRIVATE | MS_REC) && f.propagation[2] == MS_SLAVE,
	      "mount flags: propagation in the order given");
	for (int i = 0; i < 50; i++)
		strs_add(&m.options, str_dup("shared"));
	m.flags = (struct mnt_flags){ 0 };
	check_int(conf_mount_flags(&none, &m), -1, "more propagation than there is room for");
	/* Any two words: what mount_setattr(2) gets is never a contradiction. */
	bool ok = true;

	for (const struct mount_option *a = mount_options; a->name; a++)
		for (const struct mount_option *b = mount_options; b->name; b++) {
			m.options = LIST(a->name, b->name);
			m.flags = (struct mnt_flags){ 0 };
			conf_mount_flags(&none, &m);
			f = m.flags;
			bool sound = !(f.set & f.clear & ~ATTR_ATIME) &&
				     !(f.rec_set & f.rec_clear & ~ATTR_ATIME) &&
				     (!(f.set & ATTR_ATIME) ||
				      (f.clear & ATTR_ATIME) == ATTR_ATIME) &&
				     (!(f.rec_set & ATTR_ATIME) ||
				      (f.rec_clear & ATTR_ATIME) == ATTR_ATIME);

			if (!sound)
				CHECK(false, "mount flags: %s, %s contradict each other", a->name,
				      b->name);
			ok &= sound;
			if (b->rec == a->rec && b->at_set)      /* the later word wins */
				ok &= ((b->rec ? f.rec_set : f.set) & b->at_set) == b->at_set;
		}
	CHECK(ok, "mount flags: any two options, the later one wins");
	for (size_t i = 0; i < LEN(proc_may_cover); i++)
		CHECK(str_eq(path_clean(proc_may_cover[i]), proc_may_cover[i]) &&
			      str_starts(proc_may_cover[i], "/proc/"),
		      "%s may be covered", proc_may_cover[i]);
}

static void test_mnt_check_proc(void)
{
	static const struct { const char *dest, *type; bool ok; } rows[] = {
		{ "/proc", "proc", true }, { "/proc/", "proc", true }, { "proc", "proc", true },
		{ "/x/../proc", "proc", true },
		{ "/proc", "tmpfs", false }, { "/proc", "bind", false }, { "//proc", NULL, false },
		{ "/proc/self/attr", "bind", false },
		{ "/proc/sys", "tmpfs", false }, { "/proc/../proc/sys", "tmpfs", false },
		{ "/proc/meminfo", "bind", true },
		{ "/proc/meminfo/x", "bind", false }, { "/proc/./uptime", "bind", true },
		{ "/process", "tmpfs", true },
		{ "/tmp", "tmpfs", true }, { "/proc2/x", "bind", true },
		{ "/proc/net/dev", "bind", true }, { "/proc/net", "bind", false },
	};
	autoclose int tmp = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int proc = openat(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < LEN(rows); i++)
		CHECK((mnt_check_proc(rows[i].dest, rows[i].type, tmp, tmp) == 0) == rows[i].ok,
		      "mount of %s on %s is %s", rows[i].type ? rows[i].type : "nothing",
		      rows[i].dest, rows[i].ok ? "taken" : "refused");
	CHECK(mnt_check_proc("/harmless", "bind", tmp, proc) < 0,
	      "a link that leads into a procfs is refused");
	CHECK(mnt_check_proc("/proc", "bind", proc, tmp) == 0, "a procfs may be bound on /proc");
}

/* ==== SEC =============================================================================== */

static void test_sec_env(void)
{
	static const struct { const char *in[8], *want; } rows[] = {
		{ { NULL }, "HOME=/" }, { { "A=1", NULL }, "A=1|HOME=/" },
		{ { "A=1", "B=2", "A=3", NULL }, "A=3|B=2|HOME=/" },
		{ { "HOME=/h", NULL }, "HOME=/h" }, { { "HOME=/h", "HOME=/i", NULL }, "HOME=/i" },
		{ { "A=", NULL }, "A=|HOME=/" }, { { "A==x=y", NULL }, "A==x=y|HOME=/" },
		{ { "AB=1", "A=2", "AB=3", NULL }, "AB=3|A=2|HOME=/" },
		{ { "A=1", "a=2", NULL }, "A=1|a=2|HOME=/" },
		{ { "HOMER=1", NULL }, "HOMER=1|HOME=/" },
		{ { "X=HOME=/z", NULL }, "X=HOME=/z|HOME=/" },
		{ { "A=1", "A=1", "A=1", NULL }, "A=1|HOME=/" },
		{ { "=x", "=y", NULL }, "=y|HOME=/" },
		/* an empty HOME is as good as none, and there is one: programs read the first */
		{ { "HOME=", NULL }, "HOME=/" }, { { "HOME=", "A=1", NULL }, "HOME=/|A=1" },
		{ { "HOME=/h", "HOME=", NULL }, "HOME=/" },
		{ { "HOME=", "HOME=/h", NULL }, "HOME=/h" },
	};
	struct process_conf p = { .user = { .uid = NO_ID - 1 } };       /* in no passwd file */
	bool ok = true;

	for (size_t i = 0; i < LEN(rows); i++) {
		p.env = list_of(rows[i].in);
		check_str(join(sec_env(&p)), rows[i].want, str_fmt("sec_env: %s", join(p.env.v)));
	}
	p.env = (struct strs){ 0 };                     /* many, with every name twice */
	for (int i = 0; i < 4000; i++)
		strs_add(&p.env, str_fmt("N%d=%d", i % 2000, i));
	char **env = sec_env(&p);

	for (int i = 0; i < 2000; i++)
		ok &= env[i] && str_eq(env[i], str_fmt("N%d=%d", i, i + 2000));
	CHECK(ok && str_eq(env[2000], "HOME=/") && !env[2001],
	      "sec_env: 4,000 settings of 2,000 names");
	p.env = (struct strs){ 0 };                     /* each name begins all those before it */
	const char *name = "The_quick_brown_fox_jumps_over_the_lazy_dog_AND_RUNS_AWAY_1234567";

	for (int n = (int)strlen(name); n > 0; n--)
		strs_add(&p.env, str_fmt("%.*s=", n, name));
	env = sec_env(&p);
	ok = true;
	for (size_t i = 0; i < p.env.n; i++)
		ok &= str_eq(env[i], p.env.v[i]);
	CHECK(ok && str_eq(env[p.env.n], "HOME=/"),
	      "sec_env: a name that begins another one");
}

static void test_find_program(void)
{
	char top[] = "/tmp/unit.XXXXXX";
	static const struct { const char *name, *path, *want; } rows[] = {
		{ "prog", "@/bin", "@/bin/prog" }, { "prog", "@/none:@/bin", "@/bin/prog" },
		{ "prog", "@/first:@/bin", "@/bin/prog" },
		{ "prog", "", "exec: \"prog\": executable file not found in $PATH" },
		{ "nope", "@/bin:@/first", "exec: \"nope\": executable file not found in $PATH" },
		{ "dir", "@/bin", "exec: \"dir\": executable file not found in $PATH" },
		{ "@/bin/prog", "", "@/bin/prog" },
		{ "@/first/prog", "", "exec: \"@/first/prog\": permission denied" },
		{ "@/bin/dir", "", "exec: \"@/bin/dir\": is a directory" },
		{ "@/nope", "", "exec: \"@/nope\": stat @/nope: no such file or directory" },
		{ "@/bin/prog/x", "",
		  "exec: \"@/bin/prog/x\": stat @/bin/prog/x: not a directory" },
	};

	if (!mkdtemp(top))
		abort();
	path_mkdirs(str_fmt("%s/bin/dir", top), 0755);
	path_mkdirs(str_fmt("%s/first", top), 0755);
	close(openat(AT_FDCWD, str_fmt("%s/bin/prog", top), O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
	close(openat(AT_FDCWD, str_fmt("%s/first/prog", top), O_CREAT | O_WRONLY | O_CLOEXEC,
		     0644));
	for (size_t i = 0; i < LEN(rows); i++) {
		const char *const *text = (const char *const[]){ rows[i].name, rows[i].path,
								 rows[i].want };
		char *full[3];

		for (int k = 0; k < 3; k++) {           /* @ is the directory */
			struct buf b = { 0 };

			buf_fmt(&b, "%s", "");
			for (const char *s = text[k]; *s; s++)
				buf_fmt(&b, "%.*s", *s == '@' ? (int)strlen(top) : 1,
					*s == '@' ? top : s);
			full[k] = b.p;
		}
		char *found = sec_find_program(
			full[0], (char *[]){ "X=1", str_fmt("PATH=%s", full[1]), NULL });

		check_str(found ? found : err.msg, full[2],
			  str_fmt("sec_find_program: %s in %s", rows[i].name, rows[i].path));
	}
	tree_remove(top);
}

/* ==== CMD =============================================================================== */

static void test_option_sizes(void)
{
	enum { NONE = INT_MIN };                /* no such value */
	static const struct { const char *text; int64_t want; } sizes[] = {
		{ "0", 0 }, { "1", 1 }, { "-1", -1 }, { "65536", 65536 }, { "10b", 10 },
		{ "64k", 65536 }, { "64K", 65536 }, { "64kb", 65536 }, { "64KiB", 65536 },
		{ "3m", 3 << 20 }, { "1g", 1 << 30 }, { "1 GB", 1 << 30 }, { "2t", 2ll << 40 },
		{ "1p", 1ll << 50 }, { "1.5g", 3ll << 29 }, { "0.5k", 512 }, { ".5m", 1 << 19 },
		{ "0.5p", 1ll << 49 }, { "9223372036854775807", INT64_MAX }, { "8191p", 8191ll << 50 },
		{ "", NONE }, { "-2", NONE }, { "m", NONE }, { "1x", NONE }, { "1kk", NONE },
		{ "1bb", NONE }, { "1m ", NONE }, { "0x10", NONE }, { "1  m", NONE }, { "+1", NONE },
		{ "9223372036854775808", NONE }, { "8192p", NONE }, { "1ib", NONE },
	}, ints[] = {
		{ "0", 0 }, { "-1", -1 }, { "12", 12 }, { "-9223372036854775807", -INT64_MAX },
		{ "", NONE }, { "-", NONE }, { "--1", NONE }, { "1k", NONE }, { " 1", NONE },
		{ "9223372036854775808", NONE },
	}, times[] = {
		{ "5s", 5000000000 }, { "100ms", 100000000 }, { "1m30s", 90000000000 },
		{ "1h", 3600000000000 }, { "1.5s", 1500000000 }, { "0.25h", 900000000000 },
		{ "3us", 3000 }, { "7ns", 7 }, { "0s", 0 }, { "", NONE }, { "5", NONE },
		{ "s", NONE }, { "5x", NONE }, { "-1s", NONE }, { "1s1", NONE }, { "5S", NONE },
		{ "99999999999h", NONE },
	};

	for (size_t i = 0; i < LEN(sizes); i++) {
		struct opt o = { 0 };
		int rc = opt_size(sizes[i].text, &o);

		CHECK(sizes[i].want == NONE ? rc < 0 : rc == 0 && o.set && o.v == sizes[i].want,
		      "size \"%s\"", sizes[i].text);
	}
	for (size_t i = 0; i < LEN(ints); i++) {
		struct opt o = { 0 };
		int rc = opt_int(ints[i].text, &o);

		CHECK(ints[i].want == NONE ? rc < 0 : rc == 0 && o.set && o.v == ints[i].want,
		      "number \"%s\"", ints[i].text);
	}
	for (size_t i = 0; i < LEN(times); i++) {
		int64_t ns = 0;
		int rc = opt_duration(times[i].text, &ns);

		CHECK(times[i].want == NONE ? rc < 0 : rc == 0 && ns == times[i].want,
		      "duration \"%s\"", times[i].text);
	}
}

/* Accepted for runc's sake, and not shown. */
static const char *const hidden_options[] = {
	"criu", "no-subreaper", "console", "kernel-memory", "kernel-memory-tcp", "cpu-shares",
	"cpu-rt-period", "cpu-rt-runtime", "log-level", "usage", "V",
};

static void check_option_rows(const char *who, const struct option_row *rows)
{
	static const uint8_t sizes[] = {
		[O_BOOL] = sizeof(bool), [O_STR] = sizeof(char *), [O_U64] = 8,
		[O_STRS] = sizeof(struct strs), [O_INT] = sizeof(struct opt),
		[O_SIZE] = sizeof(struct opt),
	};
	const struct option_row *help = NULL;
	struct buf b = { 0 };

	opt_help(&b, rows);
	for (const struct option_row *r = rows; r->name; r++) {
		bool hidden = rows == criu_options && !str_eq(r->name, "help"), ok = *r->name && r->name[0] != '-' && !strchr(r->name, '=') &&
					  r->kind <= O_SIZE &&
					  r->off + sizes[r->kind] <= sizeof(struct options);

		if (str_eq(r->name, "help") && r->letter == 'h')
			help = r;
		for (size_t i = 0; i < LEN(hidden_options); i++)
			hidden |= str_eq(hidden_options[i], r->name);
		ok &= (r->kind == O_BOOL) == !r->value || hidden;
		for (const struct option_row *k = rows; k < r; k++)
			ok &= !str_eq(k->name, r->name) && (!r->letter || k->letter != r->letter);
		ok &= !r->letter || isalpha((unsigned char)r->letter) || r->letter == '?';
		CHECK(ok, "%s: option --%s is sound", who, r->name);
		CHECK(r->help ? *r->help && !hidden : hidden, "%s: option --%s %s", who, r->name,
		      hidden ? "is hidden on purpose" : "has help");
		const char *line = strstr(b.p,
					  str_fmt("\n   --%s%s%s", r->name, r->value ? " " : "",
						  r->value ? r->value : ""));

		CHECK(r->help ? line && strstr(line, r->help) &&
					(!r->letter || strstr(line, str_fmt(", -%c ", r->letter)))
			      : !line,
		      "%s: option --%s is %s", who, r->name, r->help ? "shown" : "not shown");
		CHECK(opt_find(rows, r->name, strlen(r->name)) == r, "%s: option --%s is found",
		      who, r->name);
		if (r->letter)
			CHECK(opt_find(rows, &r->letter, 1) == r, "%s: option -%c is found", who,
			      r->letter);
	}
	CHECK(help && help->kind == O_BOOL && help->off == offsetof(struct options, help),
	      "%s: has --help", who);
	CHECK(!opt_find(rows, "", 0) && !opt_find(rows, "hel", 3) && !opt_find(rows, "helpx", 5),
	      "%s: no option by its beginning", who);
}

static void test_commands(void)
{
	static const char *const wanted[] = {
		"create", "delete", "exec", "features", "kill", "list", "pause", "ps", "resume",
		"run", "spec", "start", "state",
	};

	check_option_rows("global", global_options);
	for (const struct command *c = commands; c->name; c++) {
		CHECK(*c->name && *c->help && c->operands && c->run && c->options && c->min >= 0 &&
		      (c->max == -1 || c->max >= c->min), "command %s is sound", c->name);
		CHECK(c->failure == (str_eq(c->name, "exec") ? 255 : 0),
		      "command %s: its exit status", c->name);
		CHECK(c->enters == (str_eq(c->name, "create") || str_eq(c->name, "run") ||
				    str_eq(c->name, "exec") || str_eq(c->name, "init")),
		      "command %s: %s", c->name,
		      c->enters ? "runs from a protected copy" : "runs as it is");
		CHECK(c == commands || strcmp(c[-1].name, c->name) < 0, "command %s: sorted",
		      c->name);
		CHECK(cmd_find(c->name) == c, "command %s is found", c->name);
		CHECK((c->min == 0) == (!*c->operands || *c->operands == '['),
		      "command %s: operands as it says", c->name);
		check_option_rows(c->name, c->options);
	}
	for (size_t i = 0; i < LEN(wanted); i++)
		CHECK(cmd_find(wanted[i]), "command %s exists", wanted[i]);
	CHECK(!cmd_find("") && !cmd_find("creat") && !cmd_find("createx") && !cmd_find("CREATE"),
	      "no other command is found");
}

static void test_opt_parse(void)
{
	/* what exec's and create's tables make of arguments; want: operands, then what is set */
	static const struct { bool stop; const char *argv[8], *want; } rows[] = {
		{ false, { NULL }, "[]" }, { false, { "a", NULL }, "[a]" },
		{ false, { "a", "b", NULL }, "[a|b]" },
		{ false, { "-d", "a", NULL }, "[a] detach" },
		{ false, { "a", "-d", NULL }, "[a] detach" },
		{ false, { "--detach", "a", NULL }, "[a] detach" },
		{ false, { "-detach", "a", NULL }, "[a] detach" },
		{ false, { "--d", "a", NULL }, "[a] detach" },
		{ false, { "--detach=true", "a", NULL }, "[a] detach" },
		{ false, { "-d=false", "a", NULL }, "[a]" },
		{ false, { "-d=1", NULL }, "[] detach" },
		{ false, { "--detach", "false", NULL }, "[false] detach" },
		{ false, { "--detach=0", NULL }, "[]" },
		{ false, { "--cwd", "/x", "a", NULL }, "[a] cwd=/x" },
		{ false, { "--cwd=/x", "a", NULL }, "[a] cwd=/x" },
		{ false, { "-cwd", "/x", NULL }, "[] cwd=/x" },
		{ false, { "--cwd=", NULL }, "[] cwd=" },
		{ false, { "--cwd", "", NULL }, "[] cwd=" },
		{ false, { "--cwd=a=b", NULL }, "[] cwd=a=b" },
		{ false, { "--cwd", "-d", NULL }, "[] cwd=-d" },
		{ false, { "--cwd", "--", NULL }, "[] cwd=--" },
		{ false, { "--cwd", "1", "--cwd", "2", NULL }, "[] cwd=2" },
		{ false, { "-e", "A=1", "--env", "B=2", "--env=C=3", "x", NULL },
		  "[x] env=A=1|B=2|C=3" },
		{ false, { "--preserve-fds", "3", NULL }, "[] fds=3" },
		{ false, { "--preserve-fds=1024", NULL }, "[] fds=1024" },
		{ false, { "-", NULL }, "[-]" }, { false, { "--", "-d", NULL }, "[-d]" },
		{ false, { "a", "--", "-d", "--", NULL }, "[a|-d|--]" },
		{ false, { "", NULL }, "[]" }, { true, { "a", "-d", NULL }, "[a|-d]" },
		{ true, { "-d", "a", "--", "b", NULL }, "[a|--|b] detach" },
		{ true, { "--", "a", "b", NULL }, "[a|b]" },
		{ true, { "-d", "--", "-x", NULL }, "[-x] detach" },
		{ true, { "-", "-d", NULL }, "[-|-d]" },
		{ true, { "-e", "a", "id", "sh", "-c", "x", NULL }, "[id|sh|-c|x] env=a" },
		{ false, { "--nonsense", NULL }, "!flag provided but not defined: -nonsense" },
		{ false, { "--nonsense=1", NULL }, "!flag provided but not defined: -nonsense" },
		{ false, { "-x", NULL }, "!flag provided but not defined: -x" },
		{ false, { "-=", NULL }, "!flag provided but not defined: -" },
		{ false, { "---d", NULL }, "!flag provided but not defined: --d" },
		{ false, { "-dt", NULL }, "!flag provided but not defined: -dt" },
		{ false, { "--cwd", NULL }, "!flag needs an argument: -cwd" },
		{ false, { "a", "-e", NULL }, "!flag needs an argument: -env" },
		{ false, { "--detach=maybe", NULL },
		  "!invalid boolean value \"maybe\" for -detach" },
		{ false, { "--detach=", NULL }, "!invalid boolean value \"\" for -detach" },
		{ false, { "--preserve-fds", "x", NULL },
		  "!invalid value \"x\" for flag -preserve-fds: not a number from 0 to 1024" },
		{ false, { "--preserve-fds=-1", NULL },
		  "!invalid value \"-1\" for flag -preserve-fds: not a number from 0 to 1024" },
		{ false, { "--preserve-fds=1025", NULL },
		  "!invalid value \"1025\" for flag -preserve-fds: not a number from 0 to 1024" },
	};
	static const char *const yes[] = {
		"1", "t", "T", "true", "TRUE", "True" }, *const no[] = { "0", "f", "F", "false",
		"FALSE", "False",
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		struct strs argv = list_of(rows[i].argv), args = { 0 };
		struct options o = { .args = arena_alloc((argv.n + 1) * sizeof *o.args) };
		struct buf b = { 0 };

		if (!argv.v)
			argv.v = arena_alloc(sizeof *argv.v);
		err_clear();
		int r = opt_parse(exec_options, argv.v, rows[i].stop, &o);

		for (size_t k = 0; k < o.n_args; k++)
			strs_add(&args, o.args[k]);
		if (r < 0)
			buf_fmt(&b, "!%s", err.msg);
		else
			buf_fmt(&b, "[%s]%s%s%s%s%s%s%s", join(args.v),
				o.run.detach ? " detach" : "", o.cwd ? " cwd=" : "",
				o.cwd ? o.cwd : "", o.env.n ? " env=" : "", join(o.env.v),
				o.run.preserve_fds ? " fds=" : "",
				o.run.preserve_fds ? str_fmt("%" PRIu64, o.run.preserve_fds) : "");
		check_str(b.p, rows[i].want,
			  str_fmt("opt_parse:%s %s", rows[i].stop ? " (stop)" : "", join(argv.v)));
	}
	for (size_t i = 0; i < 6; i++) {
		bool a = false, b = true;

		CHECK(opt_bool(yes[i], "x", &a) == 0 && a && opt_bool(no[i], "x", &b) == 0 && !b,
		      "opt_bool: %s, %s", yes[i], no[i]);
	}
	/* Global options end at the command, whose own ones stay for it. */
	struct options o = { .args = arena_alloc(8 * sizeof *o.args) };
	struct strs argv = LIST("--root", "/r", "--debug", "run", "--debug", "x");

	check_int(opt_parse(global_options, argv.v, true, &o), 3,
		  "opt_parse: where the command is");
	CHECK(str_eq(o.root, "/r") && o.debug && !o.n_args,
	      "opt_parse: global options take no operand");
	/* Options may follow the operands, but for commands that pass options on. */
	for (const struct command *c = commands; c->name; c++)
		CHECK(c->stop == (str_eq(c->name, "exec") || str_eq(c->name, "ps")),
		      "command %s: options %s", c->name,
		      c->stop ? "end at the first operand" : "may follow the operands");
}

static void test_signal(void)
{
#define S(n) { #n, SIG##n }
	static const struct name rows[] = {
		S(HUP),
		S(INT),
		S(QUIT),
		S(ILL),
		S(TRAP),
		S(ABRT),
		S(BUS),
		S(FPE),
		S(KILL),
		S(USR1),
		S(SEGV),
		S(USR2),
		S(PIPE),
		S(ALRM),
		S(TERM),
		S(CHLD),
		S(CONT),
		S(STOP),
		S(TSTP),
		S(TTIN),
		S(TTOU),
		S(URG),
		S(XCPU),
		S(XFSZ),
		S(VTALRM),
		S(PROF),
		S(WINCH),
		S(IO),
		S(PWR),
		S(SYS),
		{ "IOT", SIGABRT },
		{ "CLD", SIGCHLD },
		{ "POLL", SIGIO },
		{ "RTMIN", 34 },
		{ "RTMIN+0", 34 },
		{ "RTMIN+3", 37 },
		{ "RTMIN+30", 64 },
		{ "RTMAX", 64 },
		{ "RTMAX-1", 63 },
		{ "RTMAX-30", 34 },
	};
#undef S
	static const char *const bad[] = {
		"", "0", "00", "65", "-1", "-9", "+9", "9 ", " 9", "0x9", "9a", "4294967305", "SIG",
		"SIGSIGKILL", "KILLL", "KIL", "sig9", "NOSUCH", "EXIT", "RTMIN+31", "RTMIN-1",
		"RTMAX+1", "RTMAX-31", "RTMIN+", "RTMIN+-1", "RTMIN+x", "SIGKILLSIGKILLSIGKILL",
		"TERM\n", "RTMIN+3RTMIN+3RTMIN+3",
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		char *lower = str_fmt("sig%s", rows[i].name);

		for (char *p = lower; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		CHECK(cmd_signal(rows[i].name) == rows[i].value &&
			      cmd_signal(str_fmt("SIG%s", rows[i].name)) == rows[i].value &&
			      cmd_signal(lower) == rows[i].value &&
			      cmd_signal(lower + 3) == rows[i].value,
		      "signal %s", rows[i].name);
	}
	for (int n = 1; n <= 64; n++)
		check_int(cmd_signal(str_fmt("%d", n)), n, "signal by number");
	for (size_t i = 0; i < LEN(bad); i++) {
		check_int(cmd_signal(bad[i]), -1, str_fmt("signal \"%s\" is refused", bad[i]));
		check_str(err.msg, str_fmt("unknown signal \"%s\"", bad[i]), "signal: the message");
	}
	for (const struct name *s = signal_names; s->name; s++)
		CHECK(s->value > 0 && s->value < 32 && !str_starts(s->name, "SIG") &&
			      strlen(s->name) < 8,
		      "signal_names: %s", s->name);
}

/* CVE-2026-30892: what looks like a user must be one, and all of it. */
static void test_user(void)
{
	static const struct { const char *text; int64_t uid, gid; } rows[] = {
		/* -1: refused; gid 77: not given */ { "0", 0, 77 }, { "1", 1, 77 },
		{ "1000", 1000, 77 }, { "01", 1, 77 }, { "0:0", 0, 0 }, { "1:2", 1, 2 },
		{ "1000:100", 1000, 100 }, { "4294967294", 4294967294, 77 },
		{ "4294967294:4294967294", 4294967294, 4294967294 }, { "", -1, 0 }, { ":", -1, 0 },
		{ "1:", -1, 0 }, { ":1", -1, 0 }, { "1:2:3", -1, 0 }, { "1::2", -1, 0 },
		{ "+1", -1, 0 }, { "-1", -1, 0 }, { "1:-1", -1, 0 }, { "1:+2", -1, 0 },
		{ "4294967295", -1, 0 }, { "1:4294967295", -1, 0 }, { "4294967296", -1, 0 },
		{ "4294967297", -1, 0 }, { "1:4294967296", -1, 0 },
		{ "18446744073709551617", -1, 0 }, { "1x", -1, 0 }, { "1:2x", -1, 0 },
		{ "x", -1, 0 }, { "root", -1, 0 }, { "1 ", -1, 0 }, { " 1", -1, 0 },
		{ "0x1", -1, 0 }, { "1e3", -1, 0 }, { "1.0", -1, 0 }, { "1: 2", -1, 0 },
		{ "1\n", -1, 0 }, { "\xd9\xa1", -1, 0 }, { "1:root", -1, 0 },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		struct process_conf p = { .user = { .uid = 66, .gid = 77 } };
		int r = cmd_user(rows[i].text, &p);

		CHECK(rows[i].uid < 0
			      ? r < 0 && strstr(err.msg, "--user: ") == err.msg
			      : r == 0 && p.user.uid == rows[i].uid && p.user.gid == rows[i].gid,
		      "user \"%s\" is %s", rows[i].text, rows[i].uid < 0 ? "refused" : "taken");
	}
	for (size_t bit = 0; bit < LEN(cap_names); bit++) {
		struct process_conf p = { 0 };
		uint64_t only = 1ull << bit;

		CHECK(cmd_cap(cap_names[bit], &p) == 0 && p.capabilities.bounding == only &&
			      p.capabilities.effective == only &&
			      p.capabilities.permitted == only && !p.capabilities.inheritable &&
			      !p.capabilities.ambient,
		      "--cap %s is never inheritable", cap_names[bit]);
	}
	static const char *const bad[] = { "", "CAP_", "CAP_NONSENSE", "ALL" };
	struct process_conf p = { 0 };

	for (size_t i = 0; i < LEN(bad); i++)
		CHECK(cmd_cap(bad[i], &p) < 0 && !p.capabilities.effective,
		      "--cap \"%s\" is refused", bad[i]);
}

/* The process of `exec ID CMD`: the container's, with the options laid over it. */
static void test_exec_process(void)
{
	uint32_t gids[] = { 5 };
	struct process_conf own = { .cwd = str_dup("/own"),
				    .args = LIST("init"),
				    .env = LIST("A=1"),
				    .terminal = true,
				    .no_new_privs = true,
				    .user = { .uid = 1, .gid = 2, .gids = gids, .n_gids = 1 } };
	struct process_conf p = own;
	struct strs args = LIST("id", "sh", "-c", "x");
	struct options o = { .args = args.v, .n_args = args.n };

	check_int(cmd_exec_process(&o, &p), 0, "exec: no options");
	CHECK(str_eq(join(p.args.v), "sh|-c|x") && !p.terminal && str_eq(p.cwd, "/own") &&
		      str_eq(join(p.env.v), "A=1") && p.no_new_privs && p.user.uid == 1 &&
		      p.user.gid == 2 && p.user.n_gids == 1,
	      "exec: the container's process but for args, tty");
	o.cwd = "/x";
	o.user = "7:8";
	o.env = LIST("B=2", "A=3");
	o.gids = LIST("9", "10");
	o.caps = LIST("CAP_KILL");
	p = own;
	check_int(cmd_exec_process(&o, &p), 0, "exec: all options");
	CHECK(str_eq(p.cwd, "/x") && p.user.uid == 7 && p.user.gid == 8 && p.user.n_gids == 3 &&
		      p.user.gids[0] == 5 && p.user.gids[1] == 9 && p.user.gids[2] == 10 &&
		      str_eq(join(p.env.v), "A=1|B=2|A=3") &&
		      p.capabilities.permitted == 1ull << CAP_KILL,
	      "exec: options are laid over it");
	CHECK(own.user.n_gids == 1 && gids[0] == 5 && own.env.n == 1,
	      "exec: the container's own process stays as it is");
	o.gids = LIST("9x");
	p = own;
	CHECK(cmd_exec_process(&o, &p) < 0 && strstr(err.msg, "--additional-gids"),
	      "exec: a group that is none");
	o.gids = LIST("1");
	o.cwd = "x";
	p = own;
	CHECK(cmd_exec_process(&o, &p) < 0 && strstr(err.msg, "cwd"), "exec: a relative cwd");
	o.n_args = 1;
	CHECK(cmd_exec_process(&o, &p) < 0 && str_eq(err.msg, "process args cannot be empty"),
	      "exec: nothing to run");
}

static void test_out_table(void)
{
	static char *cells[] = {
		"ID", "PID", "OWNER", "a", "1", "root", "a-very-long-id", "4194304", "#1000",
	};
	struct buf b = { 0 }, one = { 0 }, none = { 0 };

	out_table(&b, cells, 3, 3);
	check_str(b.p, "ID               PID         OWNER\n" "a                1           root\n"
		       "a-very-long-id   4194304     #1000\n", "out_table: 12 wide, 3 blanks");
	out_table(&one, cells, 1, 1);
	check_str(one.p, "ID\n", "out_table: one cell");
	out_table(&none, cells, 0, 3);
	CHECK(none.len == 0, "out_table: no rows");
	struct buf edge = { 0 };

	out_table(&edge, (char *[]){ "123456789", "x", "1234567890", "y" }, 2, 2);
	check_str(edge.p, "123456789    x\n1234567890   y\n",
		  "out_table: 10 characters widen the column");
}

/* ==== NET ========================================================================= */

/* Lengths that lie must not lead out of a message, nor keep the walk in one place. */
static void test_net_walk(void)
{
	static const struct { const char *name; uint16_t len[3]; size_t n; int found; } rows[] = {
		{ "attributes: two", { 8, 8 }, 16, 2 },
		{ "attributes: empty ones", { 4, 4, 4 }, 12, 3 },
		{ "attributes: the last is unpadded", { 4, 6 }, 10, 2 },
		{ "attributes: one that leads out", { 8, 9 }, 16, 1 },
		{ "attributes: one far out", { 65535 }, 12, 0 },
		{ "attributes: one shorter than its head", { 3, 8 }, 12, 0 },
		{ "attributes: of length 0", { 0 }, 12, 0 },
		{ "attributes: a head that is cut off", { 8 }, 11, 1 },
		{ "attributes: nothing", { 8 }, 0, 0 },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		char *bytes = test_alloc(rows[i].n);    /* its end is the sanitizer's */
		struct net_span s = { bytes, rows[i].n }, value;
		unsigned type, at = 0;
		int found = 0;

		for (size_t k = 0; k < 3 && rows[i].len[k] && at + 4 <= rows[i].n; k++) {
			memcpy(bytes + at, &rows[i].len[k], sizeof rows[i].len[k]);
			memcpy(bytes + at + 2, &(uint16_t){ (uint16_t)(NLA_F_NESTED | (k + 1)) }, 2);
			at += RTA_ALIGN(rows[i].len[k]);
		}
		bool ok = true;

		while (net_next_attr(&s, &type, &value)) {
			ok &= type == (unsigned)found + 1 && value.at + value.n <= bytes + rows[i].n &&
			      value.n == rows[i].len[found] - 4u;
			found++;
		}
		CHECK(ok && found == rows[i].found, "%s: %d", rows[i].name, found);
	}
}

static void test_net_messages(void)
{
	struct nlmsghdr h = { .nlmsg_len = sizeof h }, got;
	struct net_span s = { (char *)&h, sizeof h }, body;
	struct net_msg m;
	char big[600] = "";

	CHECK(net_next_msg(&s, &got, &body) && body.n == 0 && !net_next_msg(&s, &got, &body),
	      "message: one without a body");
	s = (struct net_span){ (char *)&h, sizeof h };
	h.nlmsg_len = sizeof h + 1;
	CHECK(!net_next_msg(&s, &got, &body), "message: one that leads out");
	s = (struct net_span){ (char *)&h, sizeof h };
	h.nlmsg_len = sizeof h - 1;
	CHECK(!net_next_msg(&s, &got, &body), "message: one shorter than its head");
	net_begin(&m, RTM_NEWLINK, "abcd", 4);
	net_attr(&m, 3, "eth0", 5);
	CHECK(m.h.nlmsg_len == 16 + 4 + 12 && !m.full, "request: body and attribute, padded");
	net_attr(&m, 4, big, sizeof big);
	CHECK(m.full && m.h.nlmsg_len <= 16 + sizeof m.body, "request: what does not fit is noted");
	m.what = "test";
	CHECK(net_ask(&(struct net){ .sock = -1 }, &m, NULL, NULL) < 0, "request: and not sent");
	check_str(err.msg, "test: the request is too long", "request: says so");
}

/* The kernel's verdict: errno, and its reason if it gives one. */
static void test_net_verdict(void)
{
	struct { struct nlmsgerr e; uint16_t len, type; char text[8]; } a = { 0 };
	struct net_span all = { (char *)&a, sizeof a }, none = { (char *)&a, sizeof a.e };
	struct nlmsghdr h = { .nlmsg_type = NLMSG_ERROR, .nlmsg_flags = NLM_F_ACK_TLVS };

	CHECK(net_verdict(&h, none, "x") == 0, "verdict: success");
	a.e.error = -ENODEV;
	CHECK(net_verdict(&h, none, "x") < 0 && err.no == ENODEV, "verdict: an errno");
	check_str(err.msg, "x: no such device", "verdict: without a reason");
	a.len = 4 + sizeof a.text;
	a.type = NLMSGERR_ATTR_MSG;
	memcpy(a.text, "reason", 7);
	net_verdict(&h, all, "x");
	check_str(err.msg, "x: reason: no such device", "verdict: with a reason");
	memcpy(a.text, "reasons.", 8);
	net_verdict(&h, all, "x");
	check_str(err.msg, "x: reasons.: no such device", "verdict: a reason without an end");
	all.n = 3;
	CHECK(net_verdict(&h, all, "x") < 0, "verdict: too short");
}

/* ==== SECCOMP ===================================================================== */

/* Its messages say what is wrong, so they are for a failure.  Some of its checks run a hundred
 * thousand times: a line that holds is reported once. */
#undef CHECK
#define CHECK(condition, ...) do { \
	static bool held; \
	if (!(condition)) \
		report(false, "seccomp: " __VA_ARGS__); \
	else if (!held) \
		held = report(true, "seccomp: line %d", __LINE__); \
} while (0)
#define SKIP skip
#include "seccomp_test.h"

int main(void)
{
	static void (*const tests[])(void) = {
		test_str_u64, test_format, test_strings, test_errors, test_path_text, test_path_root,
		test_files, test_names, test_mount_options, test_field_tables, test_spec_properties,
		test_spec_words, test_required,
		test_dec_load, test_conf_check, test_conf_version, test_conf_sysctl,
		test_conf_map_id, test_spec, test_state_id, test_state_file, test_cg_weight,
		test_cg_values, test_cg_io_weight, test_cg_value_of, test_cg_path, test_devices,
		test_devices_many, test_mount_flags, test_option_sizes, test_mnt_check_proc,
		test_sec_env, test_find_program, test_commands,
		test_opt_parse, test_signal, test_user, test_exec_process, test_out_table,
		json_test, test_net_walk, test_net_messages, test_net_verdict, test_seccomp,
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	logger.json = true; /* no warnings: configurations here are odd on purpose */
	for (size_t i = 0; i < LEN(tests); i++)
		tests[i]();
	printf("1..%u\n%u passed, %u failed, %u skipped\n", n_passed + n_failed + n_skipped,
	       n_passed, n_failed, n_skipped);
	return n_failed > 0;
}
