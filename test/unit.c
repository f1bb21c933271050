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
#include <stddef.h>
#include <stdlib.h>

/* Every block of the arena by itself, so that the sanitizers see its edges. */
static struct block { struct block *next; } *blocks;

static void *test_alloc(size_t n)
{
	struct block *b = calloc(1, sizeof *b + 8 + n);         /* 16 bytes: n stays aligned */

	if (!b)
		abort();
	b->next = blocks;
	blocks = b;
	return (char *)b + 16;
}
#define TEST_ALLOC test_alloc

#define main runtime_main
#include "../runtime.c"
#undef main

/* ---- report ---- */

static unsigned n_passed, n_failed, n_skipped;

PRINTF(2, 3) static bool report(bool ok, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '#')            /* TAP: one line, and # starts a directive */
			*p = *p == '#' ? 'H' : ' ';
	*(ok ? &n_passed : &n_failed) += 1;
	printf("%sok %u - %s\n", ok ? "" : "not ", n_passed + n_failed + n_skipped, text);
	return ok;
}

#define CHECK(condition, ...) ((void)report((condition), __VA_ARGS__))

static void skip(const char *what, const char *why)
{
	n_skipped++;
	printf("ok %u - %s # SKIP %s\n", n_passed + n_failed + n_skipped, what, why);
}

/* Two texts are equal; shows both if not. */
static void check_str(const char *got, const char *want, const char *name)
{
	bool ok = got && want ? strcmp(got, want) == 0 : got == want;

	report(ok, "%s", name);
	if (!ok)
		printf("# got  \"%s\"\n# want \"%s\"\n", got ? got : "(null)", want ? want : "(null)");
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
		{ "0", 0, true, 0 }, { "00", 9, true, 0 }, { "7", 7, true, 7 }, { "8", 7, false, 0 },
		{ "007", 7, true, 7 }, { "", 9, false, 0 }, { " 1", 9, false, 0 }, { "1 ", 9, false, 0 },
		{ "+1", 9, false, 0 }, { "-1", 9, false, 0 }, { "-0", 9, false, 0 }, { "1x", 99, false, 0 },
		{ "0x1", 99, false, 0 }, { "1.0", 99, false, 0 }, { "1e1", 99, false, 0 },
		{ "10", 9, false, 0 }, { "99", 100, true, 99 }, { "100", 100, true, 100 },
		{ "101", 100, false, 0 }, { "1000", 100, false, 0 }, { "4294967294", UINT32_MAX - 1, true, 4294967294 },
		{ "4294967295", UINT32_MAX - 1, false, 0 }, { "4294967296", UINT32_MAX, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 }, { "18446744073709551620", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 }, { "184467440737095516150", UINT64_MAX, false, 0 },
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
	CHECK(!str_eq(NULL, NULL) && !str_eq("", NULL) && str_eq("", ""), "str_eq: NULL equals nothing");
	CHECK(str_starts("abc", "") && str_starts("abc", "abc") && !str_starts("ab", "abc"), "str_starts");
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
	CHECK(ok && str_eq(b.p + 3000, "\"\\\"\\u000a\"") && b.len == 3010, "buf: 3,000 characters and a quoted text");
	check_str(str_time(&(struct timespec){ 951782400, 7 }, true), "2000-02-29T00:00:00.000000007Z", "str_time: nanoseconds");
	check_str(str_time(&(struct timespec){ 0, 7 }, false), "1970-01-01T00:00:00Z", "str_time: seconds");
}

static void test_errors(void)
{
	char *big = arena_alloc(6000);
	bool ok = true;

	memset(big, 'y', 5999);
	check_int(fail("%s", "a"), -1, "fail returns -1");
	errno = ENOENT;
	check_int(efail("open %s", "/x"), -1, "efail returns -1");
	check_str(err.msg, "open /x: no such file or directory", "efail: errno's text in lower case");
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
		ok &= memchr(err.msg, '\0', sizeof err.msg) != NULL && str_starts(err.msg, "head: yyy");
	}
	CHECK(ok, "messages around the size of the record stay terminated");
	efail("%s", big);
	for (int i = 0; i < 100; i++) {
		ctx("%d %s", i, big);
		ok &= memchr(err.msg, '\0', sizeof err.msg) != NULL && str_starts(err.msg, str_fmt("%d yyy", i));
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
		{ "/", "/" }, { "", "/" }, { ".", "/" }, { "..", "/" }, { "/.", "/" }, { "/..", "/" },
		{ "//", "/" }, { "///", "/" }, { "/a", "/a" }, { "a", "/a" }, { "a/", "/a" }, { "/a/", "/a" },
		{ "/a//", "/a" }, { "//a", "/a" }, { "/a/b", "/a/b" }, { "/a//b", "/a/b" }, { "/a/./b", "/a/b" },
		{ "/a/b/.", "/a/b" }, { "/a/../b", "/b" }, { "/a/b/..", "/a" }, { "/a/b/../", "/a" },
		{ "/a/b/../..", "/" }, { "/a/b/../../..", "/" }, { "/../../a", "/a" }, { "../../a", "/a" },
		{ "/a/../../b/../c", "/c" }, { "a/b/../c/./d//e/", "/a/c/d/e" }, { "/...", "/..." },
		{ "/..a", "/..a" }, { "/a..", "/a.." }, { "/.a", "/.a" }, { "/a.", "/a." }, { "/.../..", "/" },
		{ "/a/.../b", "/a/.../b" }, { "./a", "/a" }, { "././.", "/" }, { "/a b/\tc", "/a b/\tc" },
		{ "/\xff/..", "/" }, { "/a/..b/../c", "/a/c" }, { "/abc/..", "/" }, { "abc/..", "/" },
	};
	static const struct { const char *path, *dir; bool under; } under[] = {
		{ "/a", "/a", true }, { "/a/b", "/a", true }, { "/ab", "/a", false }, { "/a", "/a/b", false },
		{ "/a/", "/a", true }, { "/", "/a", false }, { "", "/a", false }, { "/a.", "/a", false },
		{ "/proc/self/attr", "/proc", true }, { "/process", "/proc", false }, { "/A", "/a", false },
	};

	for (size_t i = 0; i < LEN(clean); i++)
		check_str(path_clean(clean[i][0]), clean[i][1], str_fmt("path_clean: \"%s\"", clean[i][0]));
	for (size_t i = 0; i < LEN(clean); i++) {
		char *once = path_clean(clean[i][0]);

		check_str(path_clean(once), once, str_fmt("path_clean: twice \"%s\"", clean[i][0]));
	}
	for (size_t i = 0; i < LEN(under); i++)
		CHECK(path_is_under(under[i].path, under[i].dir) == under[i].under, "path_is_under: %s, %s",
		      under[i].path, under[i].dir);
}

/* A tree for path_in_root() and path_make():  top/root is the root, top/canary must stay empty. */
struct tree { char top[64], *at; int root, canary; };

static void tree_make(struct tree *t)
{
	static const char *const dirs[] = { "root", "canary", "root/dir", "root/dir/sub", "root/locked" };
	static const char *const links[][2] = {
		{ "/dir", "abs" }, { "dir", "rel" }, { "dir/sub", "rel2" }, { "../..", "dir/sub/up" },
		{ "../../../../../canary", "out" }, { "/../../canary", "out_abs" }, { "self", "self" },
		{ "loop2", "loop1" }, { "loop1", "loop2" }, { "/nowhere/x", "dangle_abs" },
		{ "missing", "dangle_rel" }, { "../../canary/new", "dangle_out" }, { "file", "to_file" },
		{ "/abs/sub", "via" }, { "dangle_abs", "dangle_twice" }, { ".", "here" }, { "/", "slash" },
		{ "..", "dir/parent" }, { "file/x", "through_file" }, { "deep/../dir", "missing_up" },
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
		if (symlinkat(i ? str_fmt("chain%d", i - 1) : "dir", t->root, str_fmt("chain%d", i)) < 0)
			abort();
	for (int i = 0; i < 60; i++)            /* the same to something missing */
		if (symlinkat(i ? str_fmt("hang%d", i - 1) : "hung", t->root, str_fmt("hang%d", i)) < 0)
			abort();
	t->at = str_fmt("%s/root", realpath(t->top, NULL));
}

static void tree_remove(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char *p = str_fmt("%s/%s", path, e->d_name);

		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		if (unlink(p) < 0 && errno == EISDIR)
			tree_remove(p);
	}
	if (d)
		closedir(d);
	rmdir(path);
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
	autoclose int fd = make ? path_make(t->root, r->path, r->file) : path_in_root(t->root, r->path, O_PATH);
	const char *got = fd < 0 ? str_fmt("errno %d", errno) : tree_place(t, fd);

	check_str(got, r->want ? r->want : str_fmt("errno %d", r->no), str_fmt("%s: %.100s", what, r->path));
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
		{ "/", 0, "/", 0 }, { "", 0, "/", 0 }, { "///", 0, "/", 0 }, { ".", 0, "/", 0 }, { "..", 0, "/", 0 },
		{ "/dir", 0, "/dir", 0 }, { "dir/sub", 0, "/dir/sub", 0 }, { "/dir//sub/", 0, "/dir/sub", 0 },
		{ "abs", 0, "/dir", 0 }, { "rel", 0, "/dir", 0 }, { "rel2", 0, "/dir/sub", 0 },
		{ "via", 0, "/dir/sub", 0 }, { "dir/sub/up", 0, "/", 0 }, { "here/here/dir", 0, "/dir", 0 },
		{ "slash/abs/sub/up", 0, "/", 0 }, { "dir/parent/..", 0, "/", 0 }, { "to_file", 0, "/file", 0 },
		{ "../../../dir", 0, "/dir", 0 }, { "dir/../../..", 0, "/", 0 }, { "/../canary", 0, NULL, ENOENT },
		{ "out", 0, NULL, ENOENT }, { "out_abs", 0, NULL, ENOENT }, { "out/..", 0, NULL, ENOENT },
		{ "dangle_abs", 0, NULL, ENOENT }, { "self", 0, NULL, ELOOP }, { "loop1", 0, NULL, ELOOP },
		{ "file/x", 0, NULL, ENOTDIR }, { "file/..", 0, NULL, ENOTDIR }, { "file/", 0, NULL, ENOTDIR },
		{ "missing/..", 0, NULL, ENOENT }, { "chain39", 0, "/dir", 0 }, { "chain41", 0, NULL, ELOOP },
	};
	static const struct path_row makes[] = {
		{ "/", false, "/", 0 }, { "dir", false, "/dir", 0 }, { "dir", true, "/dir", 0 },
		{ "file", false, "/file", 0 }, { "file", true, "/file", 0 }, { "abs", true, "/dir", 0 },
		{ "a/b/c", false, "/a/b/c", 0 }, { "/a//b/./d", true, "/a/b/d", 0 }, { "e", true, "/e", 0 },
		{ "f/", false, "/f", 0 }, { "g//", false, "/g", 0 }, { "abs/new", false, "/dir/new", 0 },
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
		{ "chain30/s", false, "/dir/s", 0 }, { "chain45/s", false, NULL, ELOOP },
		{ "hang30/t", true, "/hung/t", 0 }, { "hang45", false, NULL, ELOOP },
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
	CHECK(fstatat(t.root, "a/b", &st, 0) == 0 && st.st_mode == (S_IFDIR | 0755), "path_make: directories are 0755");
	CHECK(fstatat(t.root, "a/b/d", &st, 0) == 0 && st.st_mode == (S_IFREG | 0644) && st.st_size == 0,
	      "path_make: a file is 0644 and empty");
	CHECK(fstatat(t.root, "nowhere/x", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode),
	      "path_make: what a link dangled to is a file now");

	memset(name, 'n', sizeof name);
	name[255] = '\0';
	tree_check(&t, &(struct path_row){ str_fmt("dir/%s", name), false, str_fmt("/dir/%s", name), 0 }, true);
	name[255] = 'n';
	name[256] = '\0';
	tree_check(&t, &(struct path_row){ name, false, NULL, ENAMETOOLONG }, true);
	tree_check(&t, &(struct path_row){ name, false, NULL, ENAMETOOLONG }, false);
	while (strlen(deep) < PATH_MAX - 200)
		deep = str_fmt("%s/%.100s", deep, name);
	autoclose int fd = path_make(t.root, deep, false);

	CHECK(fd >= 0 && str_eq(tree_place(&t, fd), str_fmt("/%s", deep)), "path_make: a path of %zu characters", strlen(deep));
	deep = str_fmt("%s/%.250s", deep, name);
	tree_check(&t, &(struct path_row){ deep, false, NULL, ENAMETOOLONG }, true);
	/* a link whose target and rest together are too long for a path */
	if (symlinkat(str_fmt("y/%.3000s", deep), t.root, "long") < 0)
		abort();
	tree_check(&t, &(struct path_row){ str_fmt("long/%.2000s", deep), false, NULL, ENAMETOOLONG }, true);
	if (geteuid() == 0) {
		skip("path_make: a directory that may not be written", "root may write everywhere");
	} else {
		fchmodat(t.root, "locked", 0555, 0);
		tree_check(&t, &(struct path_row){ "locked/x", false, NULL, EACCES }, true);
		fchmodat(t.root, "locked", 0755, 0);
	}
	CHECK(dir_is_empty(t.canary), "nothing was made outside of the root");

	/* magic links lead anywhere: none is followed */
	autoclose int self = openat(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	static const char *const magic[] = { "exe", "cwd", "root", "root/etc", "cwd/x", "fd/0", "ns/mnt" };

	for (size_t i = 0; i < LEN(magic); i++) {
		autoclose int a = path_in_root(self, magic[i], O_PATH);
		int no = errno;
		autoclose int b = path_make(self, magic[i], false);

		CHECK(a < 0 && no == ELOOP && b < 0 && errno == ELOOP, "magic link %s is not followed", magic[i]);
	}

	/* path_child: one name, no link, never out */
	static const struct { const char *name; int no; } child[] = {
		{ "dir", 0 }, { "abs", ELOOP }, { "out", ELOOP }, { "..", EXDEV }, { "/dir", EXDEV },
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
	CHECK(access(t.top, F_OK) < 0, "the tree is removed");
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
	static const struct { size_t max; bool ok; } limits[] = { { 10, true }, { 9, false }, { 0, false }, { 11, true } };

	for (size_t i = 0; i < LEN(limits); i++) {
		lseek(fd, 0, SEEK_SET);
		errno = 0;
		char *text = fd_read_all(fd, limits[i].max, &len);

		CHECK(limits[i].ok ? str_eq(text, "0123456789") && len == 10 : !text && errno == EFBIG,
		      "fd_read_all: 10 bytes, limit %zu", limits[i].max);
	}
	check_str(file_read_at(dir, "f", 100), "0123456789", "file_read_at");
	CHECK(!file_read_at(dir, "none", 100) && errno == ENOENT, "file_read_at: no file");
	check_int(file_write_at(dir, "f", "xy"), 0, "file_write_at");
	check_str(file_read_at(dir, "f", 100), "xy23456789", "file_write_at does not truncate");
	CHECK(file_write_at(dir, "none", "x") < 0 && errno == ENOENT, "file_write_at makes no file");
	if (symlinkat("f", dir, "link") < 0)
		abort();
	CHECK(file_write_at(dir, "link", "x") < 0 && errno == ELOOP, "file_write_at follows no link");
	CHECK(!file_read_at(dir, "link", 100) && errno == ELOOP, "file_read_at follows no link");
	check_int(path_mkdirs(str_fmt("%s/a/b/c", top), 0700), 0, "path_mkdirs");
	check_int(path_mkdirs(str_fmt("%s/a/b/c/", top), 0700), 0, "path_mkdirs: what exists");
	check_int(path_mkdirs(str_fmt("%s/f/b", top), 0700), -1, "path_mkdirs: below a file");
	check_str(err.msg, str_fmt("mkdir %s/f/b: not a directory", top), "path_mkdirs: its message");
	tree_remove(top);
}
