/* json_test.h - the tests of jsmn.h.
 *
 * Include after jsmn.h and after defining
 *
 *	CHECK(cond, text)       one TAP line: ok or not ok, and text, a C string of one line
 *
 * then call json_test(). Every text is parsed in memory of exactly the promised size, so that a
 * build with -fsanitize=address,undefined finds a step over any edge.
 */
#ifndef JSON_TEST_H
#define JSON_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A text that may hold NULs, and its length. */
#define TEXT(s) (s), sizeof(s) - 1
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* ==== HELPERS ========================================================= { */

static void *jt_alloc(size_t size)
{
	void *p = malloc(size);

	if (!p) abort();
	return p;
}

/* Parses a copy of text; jt_free() in any case. */
static int jt_parse(struct json *j, const char *text, size_t len)
{
	size_t ntok = json_tokens_max(len), nscratch = json_scratch_max(len);
	char *copy = jt_alloc(len + 1);
	jsmntok_t *tok = jt_alloc(ntok * sizeof *tok);
	uint32_t *scratch = jt_alloc(nscratch * sizeof *scratch);

	memcpy(copy, text, len);
	int result = json_parse(j, copy, len, tok, ntok, scratch, nscratch);

	free(scratch);
	return result;
}

static void jt_free(struct json *j)
{
	free(j->text);
	free(j->tok);
}

/* One line for the report: verb, the text as a JSON string, and a note. */
static const char *jt_name(const char *verb, const char *text, const char *note)
{
	static char line[400];
	char quoted[200];

	json_quote(quoted, sizeof quoted, text);
	snprintf(line, sizeof line, "json: %s %s%s%s", verb, quoted, *note ? ": " : "", note);
	return line;
}

static bool jt_is(const struct json *j, int i, const char *want)
{
	const jsmntok_t *t = &j->tok[i];
	size_t n = strlen(want);

	return (size_t)(t->end - t->start) == n && memcmp(j->text + t->start, want, n) == 0 &&
		(t->type != JSMN_STRING || j->text[t->end] == '\0');
}

static bool jt_failed(const struct json *j, int line, int col, const char *what)
{
	if (j->err.line == line && j->err.col == col && strcmp(j->err.what, what) == 0) return true;
	printf("# %d:%d %s\n", j->err.line, j->err.col, j->err.what);
	return false;
}
/* ==== end HELPERS ===================================================== } */

/* ==== GRAMMAR ========================================================= { */

static const struct jt_accept { const char *text; int tokens; } jt_accepted[] = {
	{ "{}", 1 }, { "[]", 1 }, { "\"\"", 1 }, { "0", 1 }, { "-0", 1 }, { "7", 1 },
	{ "true", 1 }, { "false", 1 }, { "null", 1 },
	{ " \t\r\n[ \t\r\n] \t\r\n", 1 }, { " 1 ", 1 }, { "1\n", 1 }, { "\"x\"\n", 1 },
	{ "[1]", 2 }, { "[ 1 , 2 ]", 3 }, { "[[]]", 2 }, { "[[],[]]", 3 }, { "[{},[]]", 3 },
	{ "[true,false,null]", 4 }, { "[\"\",\"\"]", 3 }, { "[0,0,0,0]", 5 },
	{ "{\"a\":1}", 3 }, { "{\"\":\"\"}", 3 }, { "{ \"a\" : 1 , \"b\" : 2 }", 5 },
	{ "{\"a\":{\"a\":{\"a\":{}}}}", 7 }, { "[{\"a\":1},{\"a\":1}]", 7 },
	{ "[{\"a\":1},0,{\"a\":1}]", 8 },       /* both keys hash to one slot */
	{ "{\"a\":[],\"b\":{},\"c\":[1]}", 8 }, { "{\"A\":1,\"a\":2}", 5 },
	{ "{\"a\":1,\"a \":2,\"\":3}", 7 }, { "{\"a\":\"a\",\"b\":\"a\"}", 5 },
	{ "[10,-1,-10,123456789012345678901234567890]", 5 },
	{ "[0.0,-0.0,1.5,-1.25,0.001,10.010]", 7 },
	{ "[1e1,1E1,1e+1,1e-1,0e0,0E+00,-1.5e-007,1e400]", 9 },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 1 }, { "\"\\u0001\\uABCD\\uabcd\"", 1 },
	{ "\"/*\"", 1 }, { "\"'\"", 1 }, { "\"{[,:]}\"", 1 }, { "\"\x7f\"", 1 },
	{ "\"\xc2\x80\xdf\xbf\"", 1 },
	{ "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"", 1 },
	{ "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", 1 }, { "\"\xe2\x80\xa8\xe2\x80\xa9\"", 1 },
	{ "\"\xef\xbb\xbf\"", 1 }, { "{\"\xc3\xa9\":\"\xe6\x97\xa5\"}", 3 },
	{ "\"\\ud800\"", 1 }, { "\"\\udfff\\ud800x\"", 1 },
};

static void jt_accept(void)
{
	for (size_t i = 0; i < COUNT(jt_accepted); i++) {
		const struct jt_accept *a = &jt_accepted[i];
		struct json j;
		bool good = jt_parse(&j, a->text, strlen(a->text)) == 0 && j.count == a->tokens &&
			!j.dup && json_next(&j, 0) == j.count;

		CHECK(good, jt_name("accepts", a->text, ""));
		jt_free(&j);
	}
}

#define EMPTY   "the text is empty"
#define EARLY   "unexpected end of the text"
#define AFTER   "unexpected text after the value"
#define WORD    "unknown word: expected true, false or null"
#define KEY1    "expected a key in double quotes or '}'"
#define KEY     "expected a key in double quotes after ','"
#define ITEM    "expected a value after ','"
#define FIELD   "expected a value after ':'"
#define COLON   "expected ':' after the key"
#define INARRAY "expected ',' or ']'"
#define INOBJ   "expected ',' or '}'"
#define NUMBER  "a number starts with a digit or '-'"
#define FRAC    "expected a digit after '.'"
#define EXPO    "expected a digit in the exponent"
#define CONTROL "control character in a string"
#define ESCAPE  "unknown escape in a string"
#define HEX     "expected four hex digits after \\u"
#define OPEN    "unterminated string"
#define UTF8    "invalid UTF-8 in a string"
#define NUL     "a string may not contain NUL"
#define COMMENT "comments are not allowed"
#define QUOTES  "strings take double quotes"

static const struct jt_refuse {
	const char *text;
	size_t len;
	int line, col;
	const char *what;
} jt_refused[] = {
	/* nothing, too little */
	{ TEXT(""), 1, 1, EMPTY }, { TEXT(" "), 1, 2, EMPTY }, { TEXT("\n\n "), 3, 2, EMPTY },
	{ TEXT("["), 1, 2, EARLY }, { TEXT("{"), 1, 2, EARLY }, { TEXT("[1"), 1, 3, EARLY },
	{ TEXT("[1,"), 1, 4, EARLY }, { TEXT("[\n1,\n"), 3, 1, EARLY },
	{ TEXT("[[]"), 1, 4, EARLY },
	{ TEXT("{\"a\""), 1, 5, EARLY }, { TEXT("{\"a\":"), 1, 6, EARLY },
	{ TEXT("{\"a\":1"), 1, 7, EARLY }, { TEXT("{\"a\":1,"), 1, 8, EARLY },
	{ TEXT("{\"a\":{}"), 1, 8, EARLY },
	/* too much */
	{ TEXT("1 2"), 1, 3, AFTER }, { TEXT("{} {}"), 1, 4, AFTER }, { TEXT("[]]"), 1, 3, AFTER },
	{ TEXT("{}}"), 1, 3, AFTER }, { TEXT("\"a\"\"b\""), 1, 4, AFTER },
	{ TEXT("[],"), 1, 3, AFTER }, { TEXT("{}\nx"), 2, 1, AFTER },
	{ TEXT("truefalse"), 1, 5, AFTER },
	{ TEXT("1a"), 1, 2, AFTER }, { TEXT("0x10"), 1, 2, AFTER }, { TEXT("nullx"), 1, 5, AFTER },
	{ TEXT("{}\0"), 1, 3, AFTER }, { TEXT("1\0"), 1, 2, AFTER },
	/* brackets and commas */
	{ TEXT("]"), 1, 1, "expected a value" }, { TEXT("}"), 1, 1, "expected a value" },
	{ TEXT(","), 1, 1, "expected a value" }, { TEXT(":"), 1, 1, "expected a value" },
	{ TEXT("\0"), 1, 1, "expected a value" }, { TEXT("\f1"), 1, 1, "expected a value" },
	{ TEXT("\v"), 1, 1, "expected a value" },
	{ TEXT("\xc2\xa0" "1"), 1, 1, "expected a value" },
	{ TEXT("[}"), 1, 2, "expected a value or ']'" },
	{ TEXT("[,"), 1, 2, "expected a value or ']'" },
	{ TEXT("[,1]"), 1, 2, "expected a value or ']'" },
	{ TEXT("[:]"), 1, 2, "expected a value or ']'" },
	{ TEXT("[1,]"), 1, 4, ITEM }, { TEXT("[1,,2]"), 1, 4, ITEM }, { TEXT("[1,}"), 1, 4, ITEM },
	{ TEXT("[1,\n\t]"), 2, 2, ITEM }, { TEXT("[1,\0]"), 1, 4, ITEM },
	{ TEXT("[1}"), 1, 3, INARRAY }, { TEXT("[1 2]"), 1, 4, INARRAY },
	{ TEXT("[1:2]"), 1, 3, INARRAY },
	{ TEXT("[\"a\":1]"), 1, 5, INARRAY }, { TEXT("[[]1]"), 1, 4, INARRAY },
	{ TEXT("[\"a\" \"b\"]"), 1, 6, INARRAY }, { TEXT("[1\f]"), 1, 3, INARRAY },
	{ TEXT("{]"), 1, 2, KEY1 }, { TEXT("{,}"), 1, 2, KEY1 }, { TEXT("{1:2}"), 1, 2, KEY1 },
	{ TEXT("{a:1}"), 1, 2, KEY1 }, { TEXT("{[]:1}"), 1, 2, KEY1 }, { TEXT("{:1}"), 1, 2, KEY1 },
	{ TEXT("{null:1}"), 1, 2, KEY1 }, { TEXT("{'a':1}"), 1, 2, QUOTES },
	{ TEXT("{\"a\":1,}"), 1, 8, KEY }, { TEXT("{\"a\":1,,\"b\":2}"), 1, 8, KEY },
	{ TEXT("{\"a\":1,\n  b:2}"), 2, 3, KEY }, { TEXT("{\"a\":1,]"), 1, 8, KEY },
	{ TEXT("{\"a\"}"), 1, 5, COLON }, { TEXT("{\"a\",1}"), 1, 5, COLON },
	{ TEXT("{\"a\" 1}"), 1, 6, COLON }, { TEXT("{\"a\" \"b\"}"), 1, 6, COLON },
	{ TEXT("{\"a\"=1}"), 1, 5, COLON }, { TEXT("{\"a\"{}}"), 1, 5, COLON },
	{ TEXT("{\"a\":}"), 1, 6, FIELD }, { TEXT("{\"a\":,}"), 1, 6, FIELD },
	{ TEXT("{\"a\"::1}"), 1, 6, FIELD }, { TEXT("{\"a\":]"), 1, 6, FIELD },
	{ TEXT("{\"a\":1]"), 1, 7, INOBJ }, { TEXT("{\"a\":1 \"b\":2}"), 1, 8, INOBJ },
	{ TEXT("{\"a\":\"b\":\"c\"}"), 1, 9, INOBJ }, { TEXT("{\"a\":1 2}"), 1, 8, INOBJ },
	{ TEXT("[{\"a\":[]]"), 1, 9, INOBJ }, { TEXT("{\"a\":[1}"), 1, 8, INARRAY },
	/* numbers */
	{ TEXT("+1"), 1, 1, NUMBER }, { TEXT(".5"), 1, 1, NUMBER },
	{ TEXT("[1,+2]"), 1, 4, NUMBER },
	{ TEXT("{\"a\":.5}"), 1, 6, NUMBER }, { TEXT("1."), 1, 3, FRAC },
	{ TEXT("[1.]"), 1, 4, FRAC },
	{ TEXT("1.e1"), 1, 3, FRAC }, { TEXT("-.5"), 1, 2, "expected a digit after '-'" },
	{ TEXT("-"), 1, 2, "expected a digit after '-'" },
	{ TEXT("--1"), 1, 2, "expected a digit after '-'" },
	{ TEXT("-a"), 1, 2, "expected a digit after '-'" },
	{ TEXT("01"), 1, 1, "leading zero in a number" },
	{ TEXT("-01"), 1, 2, "leading zero in a number" },
	{ TEXT("[00]"), 1, 2, "leading zero in a number" },
	{ TEXT("1e"), 1, 3, EXPO }, { TEXT("1e+"), 1, 4, EXPO }, { TEXT("[1E-]"), 1, 5, EXPO },
	{ TEXT("1ee1"), 1, 3, EXPO }, { TEXT("1.2.3"), 1, 4, AFTER },
	{ TEXT("[1e1.5]"), 1, 5, INARRAY },
	{ TEXT("[1_000]"), 1, 3, INARRAY }, { TEXT("[- 1]"), 1, 3, "expected a digit after '-'" },
	{ TEXT("[\xd9\xa1]"), 1, 2, "expected a value or ']'" },
	/* words */
	{ TEXT("NaN"), 1, 1, WORD }, { TEXT("abc"), 1, 1, WORD }, { TEXT("zero"), 1, 1, WORD },
	{ TEXT("Infinity"), 1, 1, WORD }, { TEXT("True"), 1, 1, WORD },
	{ TEXT("-Infinity"), 1, 2, "expected a digit after '-'" }, { TEXT("tru"), 1, 1, WORD },
	{ TEXT("[nul]"), 1, 2, WORD }, { TEXT("{\"a\":undefined}"), 1, 6, WORD },
	{ TEXT("[fals]"), 1, 2, WORD }, { TEXT("[nan]"), 1, 2, WORD },
	{ TEXT("[truex]"), 1, 6, INARRAY },
	/* other dialects */
	{ TEXT("'a'"), 1, 1, QUOTES }, { TEXT("// x\n1"), 1, 1, COMMENT },
	{ TEXT("1 /* x */"), 1, 3, COMMENT },
	{ TEXT("{\n# x\n}"), 2, 1, COMMENT }, { TEXT("[1, // x\n2]"), 1, 5, COMMENT },
	{ TEXT("\xef\xbb\xbf{}"), 1, 1, "a byte order mark is not allowed" },
	{ TEXT("\xff\xfe{\0}\0"), 1, 1, "expected a value" },
	{ TEXT("`a`"), 1, 1, "expected a value" },
	/* strings */
	{ TEXT("\""), 1, 1, OPEN }, { TEXT("\"abc"), 1, 1, OPEN },
	{ TEXT("[\"a\", \"b]"), 1, 7, OPEN },
	{ TEXT("\"\\\""), 1, 1, OPEN }, { TEXT("{\"a"), 1, 2, OPEN },
	{ TEXT("\"a\nb\""), 1, 3, CONTROL }, { TEXT("\"\t\""), 1, 2, CONTROL },
	{ TEXT("\"\r\""), 1, 2, CONTROL }, { TEXT("\"\x1f\""), 1, 2, CONTROL },
	{ TEXT("\"a\0b\""), 1, 3, CONTROL }, { TEXT("\"a\0"), 1, 3, CONTROL },
	{ TEXT("{\"a\nb\":1}"), 1, 4, CONTROL }, { TEXT("\"\\x41\""), 1, 2, ESCAPE },
	{ TEXT("\"\\'\""), 1, 2, ESCAPE }, { TEXT("\"\\0\""), 1, 2, ESCAPE },
	{ TEXT("\"ab\\a\""), 1, 4, ESCAPE }, { TEXT("\"\\U0041\""), 1, 2, ESCAPE },
	{ TEXT("\"\\\n\""), 1, 2, ESCAPE }, { TEXT("\"\\\xc3\xa9\""), 1, 2, ESCAPE },
	{ TEXT("\"\\"), 1, 2, "unfinished escape in a string" },
	{ TEXT("\"\\\0\""), 1, 2, "unfinished escape in a string" },
	{ TEXT("\"\\u\""), 1, 2, HEX }, { TEXT("\"\\u123\""), 1, 2, HEX },
	{ TEXT("\"\\u12"), 1, 2, HEX },
	{ TEXT("\"\\u00g0\""), 1, 2, HEX }, { TEXT("\"\\u+123\""), 1, 2, HEX },
	{ TEXT("\"\\u 123\""), 1, 2, HEX }, { TEXT("\"\\ud83d\\ude0\""), 1, 8, HEX },
	{ TEXT("\"\\u0000\""), 1, 2, NUL }, { TEXT("[\n \"ab\\u0000\"]"), 2, 5, NUL },
	{ TEXT("{\"\\u0000\":1}"), 1, 3, NUL },
	/* UTF-8 */
	{ TEXT("\"\x80\""), 1, 2, UTF8 }, { TEXT("\"\xbf\""), 1, 2, UTF8 },
	{ TEXT("\"\xff\""), 1, 2, UTF8 },
	{ TEXT("\"\xc0\x80\""), 1, 2, UTF8 }, { TEXT("\"\xc1\xbf\""), 1, 2, UTF8 },
	{ TEXT("\"\xe0\x9f\xbf\""), 1, 2, UTF8 }, { TEXT("\"\xf0\x8f\xbf\xbf\""), 1, 2, UTF8 },
	{ TEXT("\"\xed\xa0\x80\""), 1, 2, UTF8 }, { TEXT("\"\xed\xbf\xbf\""), 1, 2, UTF8 },
	{ TEXT("\"\xf4\x90\x80\x80\""), 1, 2, UTF8 }, { TEXT("\"\xf5\x80\x80\x80\""), 1, 2, UTF8 },
	{ TEXT("\"\xf8\x88\x80\x80\x80\""), 1, 2, UTF8 }, { TEXT("\"\xc3\""), 1, 2, UTF8 },
	{ TEXT("\"\xe6\x97\""), 1, 2, UTF8 }, { TEXT("\"\xf0\x9f\x98\""), 1, 2, UTF8 },
	{ TEXT("\"\xf0\x9f\x98"), 1, 2, UTF8 }, { TEXT("\"\xc3("), 1, 2, UTF8 },
	{ TEXT("\"\xc3\xc0\""), 1, 2, UTF8 }, { TEXT("\"\xe6\x97\xc0\""), 1, 2, UTF8 },
	{ TEXT("[\"\xc3\xa9\", \"a\xe9\"]"), 1, 10, UTF8 },    /* columns are bytes */
};

static void jt_refuse(void)
{
	for (size_t i = 0; i < COUNT(jt_refused); i++) {
		const struct jt_refuse *r = &jt_refused[i];
		struct json j;
		bool good = jt_parse(&j, r->text, r->len) == -1 &&
			jt_failed(&j, r->line, r->col, r->what);

		CHECK(good, jt_name("refuses", r->text, r->what));
		jt_free(&j);
	}
}

/* An object is complete at its last byte and not before. */
static void jt_truncate(void)
{
	static const char text[] =
		"{\"a\":[1,-2.5e+3,true,null,\"\\ud83d\\ude00\\n\xc3\xa9\"],\"b\":{}}";
	bool good = true;

	for (size_t n = 0; n < sizeof text - 1; n++) {
		struct json j;

		good = jt_parse(&j, text, n) == -1 && strncmp(j.err.what, "internal", 8) && good;
		jt_free(&j);
	}
	CHECK(good, "json: refuses every beginning of an object");
}
/* ==== end GRAMMAR ===================================================== } */

/* ==== STRINGS ========================================================= { */

static const struct jt_unescape { const char *in, *out; } jt_unescapes[] = {
	{ "", "" }, { "plain", "plain" }, { "\\\"", "\"" }, { "\\\\", "\\" }, { "\\/", "/" },
	{ "\\b\\f\\n\\r\\t", "\b\f\n\r\t" }, { "a\\nb", "a\nb" }, { "\\\\n", "\\n" },
	{ "\\\\\\\"", "\\\"" }, { "\\u0041", "A" }, { "\\u00e9", "\xc3\xa9" },
	{ "\\u00E9", "\xc3\xa9" },
	{ "\\u0001\\u007f", "\x01\x7f" }, { "\\u0080\\u07ff", "\xc2\x80\xdf\xbf" },
	{ "\\u0800\\uffff", "\xe0\xa0\x80\xef\xbf\xbf" },
	{ "\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80" },
	{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80" }, { "\\uD83D\\uDE00!", "\xf0\x9f\x98\x80!" },
	{ "\\ud800\\udc00\\udbff\\udfff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
	{ "\\ud800", "\xef\xbf\xbd" }, { "\\udc00", "\xef\xbf\xbd" },
	{ "\\ud800x", "\xef\xbf\xbdx" },
	{ "\\ud800\\n", "\xef\xbf\xbd\n" }, { "\\ud800\\u0041", "\xef\xbf\xbd" "A" },
	{ "\\ud800\\ud800", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\\udc00\\ud800", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\\udbff", "\xef\xbf\xbd" }, { "\\udfff", "\xef\xbf\xbd" },
	{ "\\udc00\\udc00", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\\ud800\\udbff", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\\ud800\\ue000", "\xef\xbf\xbd\xee\x80\x80" },
	{ "\\ud800\\ndc00", "\xef\xbf\xbd\ndc00" }, { "\\ud800xudc00", "\xef\xbf\xbdxudc00" },
	{ "\\ud800\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
	{ "\xc3\xa9\\u00e9\xf0\x9f\x98\x80", "\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80" },
	{ "\\u0022\\u005c\\u000a", "\"\\\n" }, { "\\u005cn", "\\n" },
};

static void jt_strings(void)
{
	for (size_t i = 0; i < COUNT(jt_unescapes); i++) {
		const struct jt_unescape *u = &jt_unescapes[i];
		char text[200];
		int len = snprintf(text, sizeof text, "{\"%s\":[\"%s\",12]}", u->in, u->in);
		struct json j;
		bool good = jt_parse(&j, text, (size_t)len) == 0 && j.count == 5 &&
			jt_is(&j, 1, u->out) && jt_is(&j, 3, u->out) && jt_is(&j, 4, "12") &&
			json_get(&j, 0, u->out) == 2;

		CHECK(good, jt_name("unescapes", u->in, ""));
		jt_free(&j);
	}
}

static const struct jt_quote { const char *in, *out; } jt_quotes[] = {
	{ "", "\"\"" }, { "abc", "\"abc\"" }, { "a\"b", "\"a\\\"b\"" }, { "a\\b", "\"a\\\\b\"" },
	{ "/ ~", "\"/ ~\"" }, { "\n\t\x01\x1f", "\"\\u000a\\u0009\\u0001\\u001f\"" },
	{ "\x7f", "\"\x7f\"" },
	{ "\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
	{ "a\xff" "b", "\"a\\ufffdb\"" }, { "\xc3", "\"\\ufffd\"" },
	{ "\xc0\x80", "\"\\ufffd\\ufffd\"" },
	{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, { "\xe6\x97" "x", "\"\\ufffd\\ufffdx\"" },
};

static void jt_quoting(void)
{
	for (size_t i = 0; i < COUNT(jt_quotes); i++) {
		const struct jt_quote *q = &jt_quotes[i];
		size_t need = strlen(q->out);
		bool good = json_quote(NULL, 0, q->in) == need;

		for (size_t cap = 1; cap <= need + 1; cap++) {
			char *dst = jt_alloc(cap);      /* exact, for the sanitizer */

			good = json_quote(dst, cap, q->in) == need && good;
			good = strlen(dst) == cap - 1 && memcmp(dst, q->out, cap - 1) == 0 && good;
			free(dst);
		}
		CHECK(good, jt_name("quotes", q->in, ""));
	}

	char all[256], quoted[6 * 256];
	struct json j;

	for (int c = 1; c < 128; c++) all[c - 1] = (char)c;
	all[127] = '\0';
	size_t len = json_quote(quoted, sizeof quoted, all);

	CHECK(jt_parse(&j, quoted, len) == 0 && jt_is(&j, 0, all),
		"json: reads back what it quotes");
	jt_free(&j);
}
/* ==== end STRINGS ===================================================== } */

/* ==== KEYS AND PLACES ================================================= { */

static const struct jt_dup { const char *text; int line, col; const char *name; } jt_dups[] = {
	{ "{\"a\":1,\"a\":2}", 1, 8, "a" },
	{ "{\"a\":1,\"a\":1}", 1, 8, "a" },
	{ "{\"\":1,\"\":2}", 1, 7, "" },
	{ "{\"a\":1,\"\\u0061\":2}", 1, 8, "a" },
	{ "{\"\\u0061\":1,\"a\":2}", 1, 13, "a" },
	{ "{\"\\/\":1,\"/\":2}", 1, 9, "/" },
	{ "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", 1, 19, "\xf0\x9f\x98\x80" },
	{ "{\"\\ud800\":1,\"\\udc00\":2}", 1, 13, "\xef\xbf\xbd" },
	{ "{\"a\":{\"b\":1},\n \"c\":[],\n \"a\":2}", 3, 2, "a" },
	{ "[{\"a\":1},{\"a\":1,\n\"b\":{\"a\":1,\"a\":2}}]", 2, 12, "a" },
	{ "{\"a\":1,\"b\":2,\"b\":3,\"a\":4}", 1, 14, "b" },
	{ "{\"a\":1,\"b\":{\"c\":1,\"c\":2},\"a\":3}", 1, 19, "c" },
	/* newlines that unescaping makes are not lines */
	{ "{\"\\n\\n\":\"\\n\",\n  \"b\":\"\\n\", \"b\":1}", 2, 13, "b" },
	{ "{\"x\":[\"\\n\\u000a\",{\"\\n\":\"\\n\"}],\"\\n\":1,\"\\u000a\":2}", 1, 38, "\n" },
};

static void jt_duplicates(void)
{
	for (size_t i = 0; i < COUNT(jt_dups); i++) {
		const struct jt_dup *d = &jt_dups[i];
		struct json j;
		bool good = jt_parse(&j, d->text, strlen(d->text)) == -1 &&
			jt_failed(&j, d->line, d->col, "duplicate key") &&
			j.dup && strcmp(j.dup, d->name) == 0;

		CHECK(good, jt_name("finds a duplicate key in", d->text, ""));
		jt_free(&j);
	}
}

/* An object of n keys k0, k1, ...; with a line for each and, if again >= 0, that key once more. */
static size_t jt_many_keys(char *text, int n, int again)
{
	char *w = text;

	*w++ = '{';
	for (int i = 0; i < n; i++) w += sprintf(w, "%s\"k%d\":[%d]", i ? ",\n" : "", i, i);
	if (again >= 0) w += sprintf(w, ",\n\"k%d\":0", again);
	*w++ = '}';
	return (size_t)(w - text);
}

static void jt_big_objects(void)
{
	int n = 100000;
	char *text = jt_alloc((size_t)n * 24 + 64);
	struct json j;
	clock_t start = clock();
	size_t len = jt_many_keys(text, n, -1);

	CHECK(jt_parse(&j, text, len) == 0 && j.count == 3 * n + 1 && j.tok[0].size == n &&
		jt_is(&j, json_get(&j, 0, "k99999") + 1, "99999"), "json: reads 100000 keys");
	jt_free(&j);
	len = jt_many_keys(text, n, 0);
	CHECK(jt_parse(&j, text, len) == -1 && jt_failed(&j, n + 1, 1, "duplicate key") &&
		strcmp(j.dup, "k0") == 0, "json: finds the first key again after 100000");
	jt_free(&j);
	len = jt_many_keys(text, n, n - 1);
	CHECK(jt_parse(&j, text, len) == -1 && jt_failed(&j, n + 1, 1, "duplicate key") &&
		strcmp(j.dup, "k99999") == 0, "json: finds the last key again after 100000");
	jt_free(&j);
	/* about 50 ms here; comparing all pairs would take minutes */
	CHECK((clock() - start) / CLOCKS_PER_SEC < 8, "json: 100000 keys are no trouble");
	free(text);
}

/* Sizes around each power of two, where the table of keys doubles. */
static void jt_table_sizes(void)
{
	char *text = jt_alloc(300 * 24);
	bool good = true;

	for (int n = 1; n < 300; n++) {
		struct json j;
		size_t len = jt_many_keys(text, n, -1);

		good = jt_parse(&j, text, len) == 0 && good;
		for (int i = 0; i < n && good; i++) {
			char key[16];

			sprintf(key, "k%d", i);
			good = jt_is(&j, json_get(&j, 0, key) + 1, key + 1);
		}
		jt_free(&j);
		len = jt_many_keys(text, n, n / 2);
		good = jt_parse(&j, text, len) == -1 &&
			jt_failed(&j, n + 1, 1, "duplicate key") && good;
		jt_free(&j);
	}
	CHECK(good, "json: finds every key, and the duplicate, in objects of 1 to 299 keys");
	free(text);
}

/* The densest texts: five bytes a key, two bytes a token. */
static void jt_bounds(void)
{
	char keys[5 * 300 + 1], items[2 * 300 + 1];
	bool keys_fit = true, items_fit = true;

	for (size_t n = 2; n <= 300; n++) {
		struct json j;

		for (size_t i = 0; i < n; i++) memcpy(keys + 5 * i, ",\"\":0", 5);
		keys[0] = '{', keys[5 * n] = '}';
		keys_fit = jt_parse(&j, keys, 5 * n + 1) == -1 && j.dup && keys_fit;
		jt_free(&j);
		for (size_t i = 0; i < n; i++) memcpy(items + 2 * i, ",0", 2);
		items[0] = '[', items[2 * n] = ']';
		items_fit = jt_parse(&j, items, 2 * n + 1) == 0 && items_fit;
		jt_free(&j);
	}
	CHECK(keys_fit, "json: json_scratch_max() is enough for the densest keys");
	CHECK(items_fit, "json: json_tokens_max() is enough for the densest items");
}

static void jt_where(void)
{
	static const char text[] = "{\"a\\n\": \"\\n\\n\",\n  \"b\" : [true,\n\"x\"]}";
	static const int place[][2] = {
		{ 1, 1 }, { 1, 2 }, { 1, 9 }, { 2, 3 }, { 2, 9 }, { 2, 10 }, { 3, 1 }
	};
	struct json j;
	bool good = jt_parse(&j, text, sizeof text - 1) == 0 && j.count == (int)COUNT(place);

	for (int i = 0; good && i < j.count; i++) {
		struct json_err e;

		json_where(&j, i, &e);
		good = e.line == place[i][0] && e.col == place[i][1];
	}
	CHECK(good, "json: tells the place of every token");
	jt_free(&j);
}
/* ==== end KEYS AND PLACES ============================================= } */

/* ==== LIMITS ========================================================== { */

/* `depth` brackets: arrays, objects, or both in turn. */
static bool jt_nest(int kind, int depth, struct json *j)
{
	char *text = jt_alloc((size_t)depth * 8), *w = text;

	for (int i = 0; i < depth; i++) {
		bool object = kind == 1 || (kind == 2 && i % 2);

		w += sprintf(w, "%s", object ? i < depth - 1 ? "{\"a\":" : "{" : "[");
	}
	for (int i = depth - 1; i >= 0; i--) *w++ = kind == 1 || (kind == 2 && i % 2) ? '}' : ']';
	int result = jt_parse(j, text, (size_t)(w - text));

	free(text);
	return result == 0;
}

static void jt_depth(void)
{
	for (int kind = 0; kind < 3; kind++) {
		static const char *const kinds[] = { "arrays", "objects", "arrays and objects" };
		static const int col[] = { 1025, 1024 * 5 + 1, 512 * 6 + 1 };
		struct json j;

		CHECK(jt_nest(kind, 1024, &j) && json_next(&j, 0) == j.count,
			jt_name("accepts 1024 levels of", kinds[kind], ""));
		jt_free(&j);
		CHECK(!jt_nest(kind, 1025, &j) && jt_failed(&j, 1, col[kind], "nested too deep"),
			jt_name("refuses 1025 levels of", kinds[kind], ""));
		jt_free(&j);
	}

	/* depth is not what was opened in all */
	char *text = jt_alloc(6001);
	struct json j;

	for (int i = 0; i < 2000; i++) memcpy(text + 3 * i, "[],", 3);
	text[0] = '[', text[1] = '1', text[6000 - 1] = ']';
	CHECK(jt_parse(&j, text, 6000) == 0 && j.tok[0].size == 2000,
		"json: accepts 2000 arrays next to each other");
	jt_free(&j);
	free(text);
}

static void jt_size(void)
{
	char small[] = "1", *big = jt_alloc(JSON_MAX_SIZE + 1);
	jsmntok_t tok[3];
	uint32_t scratch[2];
	struct json j;

	CHECK(json_parse(&j, small, (size_t)JSON_MAX_SIZE + 1, tok, 1, scratch, 1) == -1 &&
		jt_failed(&j, 1, 1, "the text is larger than 64 MiB"),
		"json: refuses 64 MiB and a byte");
	memset(big, ' ', JSON_MAX_SIZE);
	big[JSON_MAX_SIZE - 1] = '7';
	CHECK(json_parse(&j, big, JSON_MAX_SIZE, tok, 1, scratch, 1) == 0 && jt_is(&j, 0, "7"),
		"json: accepts 64 MiB");
	free(big);

	char a[] = "[1,2]", b[] = "{\"a\":1}";

	CHECK(json_parse(&j, a, 5, tok, 2, scratch, 1) == -1 &&
		jt_failed(&j, 1, 1, "internal: token array too small"),
		"json: never overruns the tokens");
	CHECK(json_parse(&j, b, 7, tok, 3, scratch, 1) == -1 &&
		jt_failed(&j, 1, 1, "internal: scratch too small"),
		"json: never overruns the scratch");
}

/* One string of a megabyte, every character of it escaped. */
static void jt_long_string(void)
{
	size_t n = 500000;
	char *text = jt_alloc(2 * n + 2), *want = jt_alloc(n + 1);
	struct json j;

	text[0] = text[2 * n + 1] = '"';
	for (size_t i = 0; i < n; i++) memcpy(text + 1 + 2 * i, "\\n", 2);
	memset(want, '\n', n);
	want[n] = '\0';
	CHECK(jt_parse(&j, text, 2 * n + 2) == 0 && jt_is(&j, 0, want),
		"json: unescapes a string of a megabyte");
	jt_free(&j);
	free(text);
	free(want);
}
/* ==== end LIMITS ====================================================== } */

/* ==== USE ============================================================= { */

static void jt_walk(void)
{
	static const char text[] =
		"{\"a\":[1,[2,{}],\"s\"],\"b\":{\"a\":null,\"\":[]},\"\":true,\"c\":{}}";
	/* the tokens  {  a [ 1 [ 2 {} s  b  { a null "" [] "" true c {} */
	static const int next[] = {
		18, 8, 8, 4, 7, 6, 7, 8, 14, 14, 12, 12, 14, 14, 16, 16, 18, 18
	};
	struct json j;
	bool good = jt_parse(&j, text, sizeof text - 1) == 0 && j.count == (int)COUNT(next);

	for (int i = 0; good && i < j.count; i++) good = json_next(&j, i) == next[i];
	CHECK(good, "json: json_next() skips whole values");
	if (!good) return jt_free(&j);

	CHECK(json_get(&j, 0, "a") == 2 && json_get(&j, 0, "b") == 9 && json_get(&j, 0, "") == 15 &&
		json_get(&j, 0, "c") == 17, "json: json_get() finds each key");
	CHECK(json_get(&j, json_get(&j, 0, "b"), "a") == 11 && json_get(&j, 9, "") == 13,
		"json: json_get() nests");
	CHECK(json_get(&j, 0, "s") == -1 && json_get(&j, 0, "aa") == -1 &&
		json_get(&j, 9, "b") == -1 && json_get(&j, 17, "a") == -1,
		"json: json_get() does not find what is not there");
	CHECK(json_get(&j, 2, "s") == -1 && json_get(&j, 7, "s") == -1 &&
		json_get(&j, 15, "") == -1 && json_get(&j, -1, "a") == -1,
		"json: json_get() finds nothing in what is no object");
	jt_free(&j);

	CHECK(jt_parse(&j, TEXT(" {\"a\":-12 ,\"b\":[true]}")) == 0 && jt_is(&j, 2, "-12") &&
		j.text[j.tok[2].end] == ' ' && jt_is(&j, 5, "true") && j.text[j.tok[5].end] == ']',
		"json: a primitive is a slice, its delimiter untouched");
	jt_free(&j);
}

/* `is` says which of the two types hold the number: i, u, both or none. */
static const struct jt_number { const char *text, *is; int64_t i; uint64_t u; } jt_numbers[] = {
	{ "0", "iu", 0, 0 }, { "7", "iu", 7, 7 }, { "10", "iu", 10, 10 }, { "-0", "i", 0, 0 },
	{ "-1", "i", -1, 0 }, { "2147483648", "iu", 2147483648, 2147483648 },
	{ "9223372036854775807", "iu", INT64_MAX, INT64_MAX },
	{ "9223372036854775808", "u", 0, (uint64_t)INT64_MAX + 1 },
	{ "-9223372036854775808", "i", INT64_MIN, 0 }, { "-9223372036854775809", "", 0, 0 },
	{ "18446744073709551615", "u", 0, UINT64_MAX }, { "18446744073709551616", "", 0, 0 },
	{ "18446744073709551620", "", 0, 0 }, { "99999999999999999999", "", 0, 0 },
	{ "100000000000000000000000", "", 0, 0 }, { "-18446744073709551615", "", 0, 0 },
	{ "1e3", "", 0, 0 }, { "1E0", "", 0, 0 }, { "1.0", "", 0, 0 }, { "0.5", "", 0, 0 },
	{ "true", "", 0, 0 }, { "null", "", 0, 0 }, { "", "", 0, 0 }, { "-", "", 0, 0 },
	{ "+1", "", 0, 0 }, { "01", "", 0, 0 }, { "-01", "", 0, 0 }, { "--1", "", 0, 0 },
	{ " 1", "", 0, 0 }, { "1 ", "", 0, 0 }, { "0x10", "", 0, 0 }, { "1/", "", 0, 0 },
	{ "1:", "", 0, 0 },
};

static void jt_number(void)
{
	for (size_t k = 0; k < COUNT(jt_numbers); k++) {
		const struct jt_number *t = &jt_numbers[k];
		size_t n = strlen(t->text);
		char *slice = jt_alloc(n + 1);  /* no NUL behind, a digit instead */
		int64_t i = 42;
		uint64_t u = 42;

		memcpy(slice, t->text, n);
		slice[n] = '9';
		int ri = json_number_i64(slice, n, &i), ru = json_number_u64(slice, n, &u);

		CHECK(strchr(t->is, 'i') ? ri == 0 && i == t->i : ri == -1,
			jt_name("as int64", t->text, strchr(t->is, 'i') ? "" : "refused"));
		CHECK(strchr(t->is, 'u') ? ru == 0 && u == t->u : ru == -1,
			jt_name("as uint64", t->text, strchr(t->is, 'u') ? "" : "refused"));
		free(slice);
	}
}
/* ==== end USE ========================================================= } */

static void json_test(void)
{
	jt_accept();
	jt_refuse();
	jt_truncate();
	jt_strings();
	jt_quoting();
	jt_duplicates();
	jt_big_objects();
	jt_table_sizes();
	jt_bounds();
	jt_where();
	jt_depth();
	jt_size();
	jt_long_string();
	jt_walk();
	jt_number();
}

#undef TEXT
#undef COUNT
#undef EMPTY
#undef EARLY
#undef AFTER
#undef WORD
#undef KEY1
#undef KEY
#undef ITEM
#undef FIELD
#undef COLON
#undef INARRAY
#undef INOBJ
#undef NUMBER
#undef FRAC
#undef EXPO
#undef CONTROL
#undef ESCAPE
#undef HEX
#undef OPEN
#undef UTF8
#undef NUL
#undef COMMENT
#undef QUOTES

#endif
