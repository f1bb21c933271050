/* jsmn.h - a strict JSON reader over the jsmn tokenizer.
 *
 * The tokenizer is the package's <jsmn.h>. It finds where values start and end and is deliberately
 * lax: even in strict mode it takes {"a"}, [1,,2], {"a":tru} and "{} {}", and it leaves strings
 * escaped. This file configures it, includes it, and adds the rest of RFC 8259.
 *
 * MODEL   text --check--> good text --jsmn--> tokens --unescape--> strings --keys--> done
 *
 *         check      the whole grammar, in one pass, before jsmn sees a byte; counts the tokens
 *         jsmn       one call; it must find exactly the tokens that were counted
 *         unescape   every string, in place, ended by a NUL
 *         keys       no object may name a key twice
 *
 * The caller owns all memory: the text and two arrays sized by json_tokens_max() and
 * json_scratch_max(). Both bounds are for the worst text; only what a text needs is touched, so map
 * them and let the kernel fault in the pages that are used. The scratch array is free again when
 * json_parse() returns; the text and the tokens live as long as the struct json is used.
 *
 * TOKENS  tok[0] is the root and the order is that of the text. `size` counts the children: the
 *         elements of an array, the keys of an object; a key has one child, its value.
 *           string     text + start is a C string of end - start bytes, valid UTF-8, no NUL in it
 *           primitive  the bytes [start, end): a number, true, false or null. Not NUL-terminated;
 *                      the next byte is neither a digit nor a letter
 *           others     [start, end) are offsets in the text as it was given, brackets included
 *
 * LIMITS  JSON_MAX_SIZE bytes, JSON_MAX_DEPTH levels. \u0000 is refused: no C string can hold it.
 *         Half a surrogate pair becomes U+FFFD, as in Go; bytes that are not UTF-8 are an error.
 *         Time is linear in the text, but jsmn may take a step per level to close a bracket.
 *
 * READ    json_parse() first, then the four steps it calls.
 */
#ifndef JSON_READER_H           /* JSMN_H belongs to the package's header */
#define JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS       /* without them closing a bracket scans all tokens before it */
#include <jsmn.h>
#ifndef JSMN_H
#error "<jsmn.h> is not the package's header: do not search this directory with -I"
#endif

#define JSON_MAX_DEPTH 1024
#define JSON_MAX_SIZE (64u << 20)

#define JSON_API static __attribute__((unused))

struct json_err {
	int line, col;          /* from 1; col counts bytes */
	const char *what;       /* static text */
};

struct json {
	char *text;
	jsmntok_t *tok;
	int count;              /* tokens in tok */
	const char *dup;        /* after "duplicate key": its name, in text; otherwise NULL */
	struct json_err err;
};

/* ==== CHARACTERS ====================================================== {
 * UTF-8 and \u, both ways. Texts end in a byte that stops every scan: no function here needs to
 * be told where the end is.                                              */

/* The length of the UTF-8 sequence at s, 0 if it is not one. Narrowing the second byte after e0,
 * ed, f0 and f4 is what keeps out overlong forms, surrogates and all above U+10FFFF. */
static int json_utf8_length(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	int n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	int low = u[0] == 0xe0 ? 0xa0 : u[0] == 0xf0 ? 0x90 : 0x80;
	int high = u[0] == 0xed ? 0x9f : u[0] == 0xf4 ? 0x8f : 0xbf;

	if (u[0] < 0x80) return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4) return 0;
	if (u[1] < low || u[1] > high) return 0;
	for (int i = 2; i < n; i++)
		if ((u[i] & 0xc0) != 0x80) return 0;
	return n;
}

/* Appends c, at most U+10FFFF, to w; returns the new end. */
static char *json_utf8_put(char *w, int c)
{
	static const int lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	int tail = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	*w++ = (char)(lead[tail] | c >> 6 * tail);
	while (tail-- > 0) *w++ = (char)(0x80 | (c >> 6 * tail & 0x3f));
	return w;
}

static bool json_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of four hex digits, -1 if one of them is not. */
static int json_hex4(const char *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		int letter = s[i] | 0x20;

		if (json_is_digit(s[i])) v = v << 4 | (s[i] - '0');
		else if (letter >= 'a' && letter <= 'f') v = v << 4 | (letter - 'a' + 10);
		else return -1;
	}
	return v;
}
/* ==== end CHARACTERS ================================================== } */

/* ==== CHECK =========================================================== {
 * The grammar of RFC 8259. Entry: json_check().
 * Each function is given the place by reference. It moves the place behind what it read and returns
 * NULL, or leaves it at the byte at fault and returns the reason.        */

static const char *json_check_escape(const char **at)
{
	char name = (*at)[1];

	if (name == '\0') return "unfinished escape in a string";
	if (!strchr("\"\\/bfnrtu", name)) return "unknown escape in a string";
	if (name == 'u') {
		int c = json_hex4(*at + 2);

		if (c < 0) return "expected four hex digits after \\u";
		if (c == 0) return "a string may not contain NUL";
		*at += 4;
	}
	*at += 2;
	return NULL;
}

static const char *json_check_string(const char **at, const char *end)
{
	const char *open = *at, *why = NULL;

	for (++*at; **at != '"' && !why;) {
		unsigned char c = (unsigned char)**at;
		int n = json_utf8_length(*at);

		if (*at == end) {
			*at = open;
			return "unterminated string";
		}
		if (n == 0) why = "invalid UTF-8 in a string";
		else if (c < ' ') why = "control character in a string";
		else if (c == '\\') why = json_check_escape(at);
		else *at += n;
	}
	*at += !why;
	return why;
}

/* Skips the digits at *at; false if there is none. */
static bool json_skip_digits(const char **at)
{
	const char *p = *at;

	while (json_is_digit(*p)) p++;
	if (p == *at) return false;
	*at = p;
	return true;
}

static const char *json_check_number(const char **at)
{
	if (**at == '-') ++*at;
	if (**at == '0' && json_is_digit((*at)[1])) return "leading zero in a number";
	if (!json_skip_digits(at)) return "expected a digit after '-'";
	if (**at == '.') {
		++*at;
		if (!json_skip_digits(at)) return "expected a digit after '.'";
	}
	if (**at == 'e' || **at == 'E') {
		++*at;
		if (**at == '+' || **at == '-') ++*at;
		if (!json_skip_digits(at)) return "expected a digit in the exponent";
	}
	return NULL;
}

static const char *json_check_word(const char **at)
{
	static const char *const words[] = { "true", "false", "null" };

	for (int i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if (strncmp(*at, words[i], n) == 0) {
			*at += n;
			return NULL;
		}
	}
	return "unknown word: expected true, false or null";
}

/* What may come next; the first four are places for a value. */
enum json_want {
	JSON_ROOT, JSON_FIRST_ITEM, JSON_NEXT_ITEM, JSON_FIELD,
	JSON_FIRST_KEY, JSON_NEXT_KEY, JSON_COLON, JSON_AFTER_ITEM, JSON_AFTER_FIELD, JSON_END
};

static const char *const json_expected[] = {
	[JSON_ROOT]        = "expected a value",
	[JSON_FIRST_ITEM]  = "expected a value or ']'",
	[JSON_NEXT_ITEM]   = "expected a value after ','",
	[JSON_FIELD]       = "expected a value after ':'",
	[JSON_FIRST_KEY]   = "expected a key in double quotes or '}'",
	[JSON_NEXT_KEY]    = "expected a key in double quotes after ','",
	[JSON_COLON]       = "expected ':' after the key",
	[JSON_AFTER_ITEM]  = "expected ',' or ']'",
	[JSON_AFTER_FIELD] = "expected ',' or '}'",
	[JSON_END]         = "unexpected text after the value",
};

static bool json_wants_value(enum json_want want)
{
	return want <= JSON_FIELD;
}

static bool json_wants_key(enum json_want want)
{
	return want == JSON_FIRST_KEY || want == JSON_NEXT_KEY;
}

/* The reason why p cannot be what is wanted: the usual slips by name, else what was expected. */
static const char *json_misfit(enum json_want want, const char *p)
{
	if (want == JSON_ROOT && strncmp(p, "\xef\xbb\xbf", 3) == 0)
		return "a byte order mark is not allowed";
	if (*p == '/' || *p == '#') return "comments are not allowed";
	if (*p == '\'') return "strings take double quotes";
	if (json_wants_value(want) && (*p == '+' || *p == '.'))
		return "a number starts with a digit or '-'";
	return json_expected[want];
}

/* A string, a number or a word. */
static const char *json_check_scalar(enum json_want want, const char **at, const char *end)
{
	char letter = **at | 0x20;

	if (**at == '"') return json_check_string(at, end);
	if (**at == '-' || json_is_digit(**at)) return json_check_number(at);
	if (letter >= 'a' && letter <= 'z') return json_check_word(at);
	return json_misfit(want, *at);
}

/* Checks the text at *at, which ends with a NUL at end, and counts its tokens. Not recursive: what
 * is remembered of an open bracket is only its kind. */
static const char *json_check(const char **at, const char *end, size_t *tokens)
{
	bool is_object[JSON_MAX_DEPTH];
	int depth = 0;
	enum json_want want = JSON_ROOT;

	*tokens = 0;
	for (;;) {
		const char *why = NULL;
		bool closed = false;    /* a value ends here */

		while (**at == ' ' || **at == '\t' || **at == '\n' || **at == '\r') ++*at;
		char c = **at;

		if (*at == end && want == JSON_END) return NULL;
		if (*at == end && want == JSON_ROOT) return "the text is empty";
		if (*at == end) return "unexpected end of the text";

		if (json_wants_value(want) && (c == '{' || c == '[')) {
			if (depth == JSON_MAX_DEPTH) return "nested too deep";
			is_object[depth++] = c == '{';
			++*at;
			++*tokens;
			want = c == '{' ? JSON_FIRST_KEY : JSON_FIRST_ITEM;
		} else if ((c == '}' && (want == JSON_FIRST_KEY || want == JSON_AFTER_FIELD)) ||
			   (c == ']' && (want == JSON_FIRST_ITEM || want == JSON_AFTER_ITEM))) {
			depth--;
			++*at;
			closed = true;
		} else if (json_wants_value(want)) {
			why = json_check_scalar(want, at, end);
			++*tokens;
			closed = true;
		} else if (c == '"' && json_wants_key(want)) {
			why = json_check_string(at, end);
			++*tokens;
			want = JSON_COLON;
		} else if (c == ':' && want == JSON_COLON) {
			++*at;
			want = JSON_FIELD;
		} else if (c == ',' && (want == JSON_AFTER_ITEM || want == JSON_AFTER_FIELD)) {
			++*at;
			want = want == JSON_AFTER_ITEM ? JSON_NEXT_ITEM : JSON_NEXT_KEY;
		} else {
			why = json_misfit(want, *at);
		}
		if (why) return why;
		if (closed && depth == 0) want = JSON_END;
		else if (closed) want = is_object[depth - 1] ? JSON_AFTER_FIELD : JSON_AFTER_ITEM;
	}
}
/* ==== end CHECK ======================================================= } */

/* ==== PARSE =========================================================== {
 * Entries: json_tokens_max(), json_scratch_max(), json_parse(), json_position(), json_where().  */

/* The most tokens a text of len bytes can have: [0,0,0] spends two bytes on each. */
JSON_API size_t json_tokens_max(size_t len)
{
	return len / 2 + 1;
}

/* The words of scratch a text of len bytes can need: the next power of two above twice its keys.
 * A key takes five bytes: two quotes, a colon, a value and a comma or brace. */
JSON_API size_t json_scratch_max(size_t len)
{
	return len / 5 * 4 + 1;
}

/* Line and column of byte `at` of the text as it was given. Unescaping put newlines into strings
 * where none can have been before: those do not count. */
static void json_position(const struct json *j, int at, struct json_err *e)
{
	int bol = 0, t = 0;

	e->line = 1;
	for (int i = 0; i < at; i++) {
		if (j->text[i] != '\n') continue;
		while (t < j->count && (j->tok[t].type != JSMN_STRING || j->tok[t].end <= i)) t++;
		if (t < j->count && j->tok[t].start <= i) continue;
		e->line++;
		bol = i + 1;
	}
	e->col = at - bol + 1;
}

/* Fills line and col of e, not what, with the place of token i; a string's is its opening quote.
 * For complaints about values that are good JSON. Takes time in proportion to what is before i. */
JSON_API void json_where(const struct json *j, int i, struct json_err *e)
{
	json_position(j, j->tok[i].start - (j->tok[i].type == JSMN_STRING), e);
}

static int json_fail(struct json *j, size_t at, const char *what)
{
	json_position(j, (int)at, &j->err);
	j->err.what = what;
	return -1;
}

/* Writes the character of the escape at r to *w; returns the end of the escape. */
static const char *json_unescape_one(const char *r, char **w)
{
	static const char names[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	const char *name = strchr(names, r[1]);

	if (r[1] != 'u') {
		*(*w)++ = name ? bytes[name - names] : r[1];
		return r + 2;
	}
	int c = json_hex4(r + 2);

	r += 6;
	if (c >= 0xd800 && c <= 0xdfff) {
		/* r may be at the closing quote; a backslash is never the last byte */
		int low = r[0] == '\\' && r[1] == 'u' ? json_hex4(r + 2) : 0;

		if (c < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			r += 6;
		} else {
			c = 0xfffd;
		}
	}
	*w = json_utf8_put(*w, c);
	return r;
}

/* Unescapes the string token t in place and ends it with a NUL. No escape is shorter than what it
 * stands for, so the writer never overtakes the reader. */
static void json_unescape(char *text, jsmntok_t *t)
{
	const char *end = text + t->end;
	char *w = memchr(text + t->start, '\\', (size_t)(t->end - t->start));

	if (w) {
		for (const char *r = w; r < end;) {
			if (*r == '\\') r = json_unescape_one(r, &w);
			else *w++ = *r++;
		}
		t->end = (int)(w - text);
	}
	text[t->end] = '\0';
}

static bool json_is_key(const struct json *j, int i)
{
	return i > 0 && j->tok[j->tok[i].parent].type == JSMN_OBJECT;
}

/* FNV-1a over the object and the key. It starts from an address, which the writer of a text cannot
 * know, so a text cannot be made whose keys all meet in one slot. */
static uint32_t json_hash(const struct json *j, const jsmntok_t *t)
{
	uint64_t h = 0xcbf29ce484222325 ^ (uintptr_t)j->text ^ (uint64_t)t->parent << 32;

	for (int i = t->start; i < t->end; i++)
		h = (h ^ (unsigned char)j->text[i]) * 0x100000001b3;
	return (uint32_t)(h ^ h >> 32);
}

/* Finds the first key that its object has already: all keys of the text go into one open-addressed
 * table of token numbers. 0 marks a free slot; token 0 is the root and never a key. */
static int json_check_keys(struct json *j, size_t keys, uint32_t *table, size_t max)
{
	size_t size = 1;

	while (size < 2 * keys) size *= 2;
	if (size > max) return json_fail(j, 0, "internal: scratch too small");
	memset(table, 0, size * sizeof *table);
	for (int i = 1; i < j->count; i++) {
		if (!json_is_key(j, i)) continue;
		const jsmntok_t *t = &j->tok[i];
		size_t slot = json_hash(j, t) & (size - 1);

		for (; table[slot]; slot = (slot + 1) & (size - 1)) {
			const jsmntok_t *u = &j->tok[table[slot]];

			if (u->parent != t->parent) continue;
			if (strcmp(j->text + u->start, j->text + t->start)) continue;
			j->dup = j->text + t->start;
			return json_fail(j, (size_t)t->start - 1, "duplicate key");
		}
		table[slot] = (uint32_t)i;
	}
	return 0;
}

/* Reads the len bytes at text, which become part of j: text[len] must be writable too. tok and
 * scratch have room for ntok and nscratch elements; json_tokens_max() and json_scratch_max() are
 * always enough. Returns 0, or -1 with j->err (and j->dup) filled; the text is then of no use.
 * An error that starts with "internal:" is the caller's or jsmn's, not the text's. */
JSON_API int json_parse(struct json *j, char *text, size_t len, jsmntok_t *tok, size_t ntok,
			uint32_t *scratch, size_t nscratch)
{
	const char *at = text;
	size_t tokens, keys = 0;
	jsmn_parser parser;

	*j = (struct json){ .text = text, .tok = tok };
	if (len > JSON_MAX_SIZE) return json_fail(j, 0, "the text is larger than 64 MiB");

	text[len] = '\0';       /* stops the check */
	const char *why = json_check(&at, text + len, &tokens);
	if (why) return json_fail(j, (size_t)(at - text), why);
	if (tokens > ntok) return json_fail(j, 0, "internal: token array too small");

	text[len] = '\n';       /* jsmn takes a number for cut off unless something follows it */
	jsmn_init(&parser);
	int found = jsmn_parse(&parser, text, len + 1, tok, (unsigned)tokens);
	if (found != (int)tokens) return json_fail(j, 0, "internal: tokenizer disagrees");
	text[len] = '\0';

	j->count = found;
	for (int i = 0; i < found; i++) {
		if (tok[i].type == JSMN_STRING) json_unescape(text, &tok[i]);
		keys += json_is_key(j, i);
	}
	return json_check_keys(j, keys, scratch, nscratch);
}
/* ==== end PARSE ======================================================= } */

/* ==== USE ============================================================= {
 * Walking the tokens, exact integers, and strings for output.
 * Entries: json_next(), json_get(), json_number_u64(), json_number_i64(), json_quote().  */

/* The token after the whole value (or key and value) at token i. */
JSON_API int json_next(const struct json *j, int i)
{
	for (int left = 1; left > 0; i++) left += j->tok[i].size - 1;
	return i;
}

/* The token of the value that object obj has for key, -1 if none. Nothing but an object has keys,
 * and -1 is not a token, so look-ups nest: json_get(j, json_get(j, 0, "linux"), "seccomp"). */
JSON_API int json_get(const struct json *j, int obj, const char *key)
{
	if (obj < 0 || j->tok[obj].type != JSMN_OBJECT) return -1;
	for (int i = obj + 1, left = j->tok[obj].size; left > 0; i = json_next(j, i), left--)
		if (strcmp(j->text + j->tok[i].start, key) == 0) return i + 1;
	return -1;
}

/* The primitive s of n bytes as an exact integer: 0, or -1 if it is none or out of range. As in
 * Go, an integer is digits alone: neither 1e3 nor 1.0, and for the unsigned one not -0. */
JSON_API int json_number_u64(const char *s, size_t n, uint64_t *v)
{
	uint64_t x = 0;

	if (n == 0 || (n > 1 && s[0] == '0')) return -1;
	for (size_t i = 0; i < n; i++) {
		if (!json_is_digit(s[i])) return -1;
		unsigned digit = (unsigned)(s[i] - '0');

		if (x > (UINT64_MAX - digit) / 10) return -1;
		x = x * 10 + digit;
	}
	*v = x;
	return 0;
}

JSON_API int json_number_i64(const char *s, size_t n, int64_t *v)
{
	bool minus = n > 0 && s[0] == '-';
	uint64_t x;

	if (json_number_u64(s + minus, n - minus, &x) < 0) return -1;
	if (x > (uint64_t)INT64_MAX + minus) return -1;
	*v = (int64_t)(minus ? 0 - x : x);
	return 0;
}

/* Puts the n bytes at s into dst from offset at on, as far as cap allows. Returns at + n. */
static size_t json_put(char *dst, size_t cap, size_t at, const char *s, size_t n)
{
	if (at < cap) memcpy(dst + at, s, n < cap - at ? n : cap - at);
	return at + n;
}

/* Writes s as a JSON string, quotes included. Control characters become \u00XX; each byte that
 * is not UTF-8 becomes \ufffd. Like snprintf: returns the length of the whole, ends what it wrote
 * with a NUL, never writes more than cap bytes; a result of cap or more was cut off. */
JSON_API size_t json_quote(char *dst, size_t cap, const char *s)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = json_put(dst, cap, 0, "\"", 1);

	while (*s) {
		int c = (unsigned char)*s, n = json_utf8_length(s);
		const char control[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

		if (c == '"' || c == '\\') at = json_put(dst, cap, at, "\\", 1);

		if (c < ' ') at = json_put(dst, cap, at, control, 6);
		else if (n == 0) at = json_put(dst, cap, at, "\\ufffd", 6);
		else at = json_put(dst, cap, at, s, (size_t)n);
		s += n > 0 ? n : 1;
	}
	at = json_put(dst, cap, at, "\"", 1);
	if (cap > 0) dst[at < cap ? at : cap - 1] = '\0';
	return at;
}
/* ==== end USE ========================================================= } */

#endif
