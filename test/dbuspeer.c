/* dbuspeer.c - plays systemd, or a bus with systemd on it, for tests of the runtime's D-Bus client.
 *
 *	dbuspeer SOCKET LOG [KEY=VALUE...]
 *
 * Listens at SOCKET, serves one connection after the other until it is killed, and appends to LOG what
 * it is told: "auth LINE", then "MEMBER to DESTINATION" and the arguments, one property a line.
 *
 *	cgroup=DIR        StartTransientUnit makes DIR/UNIT and moves the PIDs there, StopUnit removes it
 *	auth=HOW          "reject", "hang", "close" or "garbage" instead of "OK"
 *	MEMBER=HOW        instead of the usual answer to MEMBER:
 *	  error NAME        an error reply             once NAME   an error reply the first time
 *	  RESULT            the job ends as that: "failed", "timeout", "canceled"...
 *	  early             JobRemoved before the reply that names the job
 *	  nojob             a reply, and the job never ends        noreply   nothing at all
 *	  close             the connection ends        partial     it ends in the middle of a reply
 *	  garbage           bytes that are no message  huge        a header that says 2 GiB follow
 *	  empty             a reply without arguments  badstring   a string longer than its message
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct out { unsigned char p[4096]; size_t n; };

static FILE *logfile;
static char **keys;
static char unit[256];
static uint32_t job = 6;

static void die(const char *what)
{
	fprintf(stderr, "dbuspeer: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The value of a key, "" if it was not given. */
static const char *option(const char *key)
{
	size_t n = strlen(key);

	for (char **k = keys; *k; k++)
		if (strncmp(*k, key, n) == 0 && (*k)[n] == '=')
			return *k + n + 1;
	return "";
}

/* ---- messages to the client ---- */

static void pad(struct out *o, size_t to)
{
	while (o->n % to)
		o->p[o->n++] = 0;
}

static void u32(struct out *o, uint32_t v)
{
	pad(o, 4);
	memcpy(o->p + o->n, &v, 4);
	o->n += 4;
}

static void str(struct out *o, const char *s)
{
	u32(o, (uint32_t)strlen(s));
	memcpy(o->p + o->n, s, strlen(s) + 1);
	o->n += strlen(s) + 1;
}

static void field(struct out *o, unsigned char code, const char *type, const char *value)
{
	pad(o, 8);
	o->p[o->n++] = code;
	o->p[o->n++] = 1;
	o->p[o->n++] = (unsigned char)*type;
	o->p[o->n++] = 0;
	if (*type == 'g') {
		o->p[o->n++] = (unsigned char)strlen(value);
		memcpy(o->p + o->n, value, strlen(value) + 1);
		o->n += strlen(value) + 1;
	} else {
		str(o, value);
	}
}

/* type 2: return, 3: error, 4: signal.  name: of the error or signal. */
static void reply(int fd, int type, uint32_t to, const char *name, const char *sig, const struct out *body)
{
	static uint32_t serial;
	struct out o = { { 'l', (unsigned char)type, 0, 1 }, 4 };
	uint32_t fields;

	u32(&o, (uint32_t)body->n);
	u32(&o, ++serial);
	u32(&o, 0);
	if (type == 4) {
		field(&o, 1, "o", "/org/freedesktop/systemd1");
		field(&o, 2, "s", "org.freedesktop.systemd1.Manager");
		field(&o, 3, "s", name);
	} else {
		pad(&o, 8);
		memcpy(o.p + o.n, "\5\1u", 4);
		o.n += 4;
		u32(&o, to);
	}
	if (type == 3)
		field(&o, 4, "s", name);
	if (*sig)
		field(&o, 8, "g", sig);
	fields = (uint32_t)o.n - 16;
	memcpy(o.p + 12, &fields, 4);
	pad(&o, 8);
	memcpy(o.p + o.n, body->p, body->n);
	o.n += body->n;
	if (strcmp(option("split"), "1") == 0)          /* as it comes through a slow line */
		for (size_t i = 0; i + 1 < o.n; i++, usleep(200))
			send(fd, o.p + i, 1, MSG_NOSIGNAL);
	size_t done = strcmp(option("split"), "1") == 0 ? o.n - 1 : 0;

	send(fd, o.p + done, o.n - done, MSG_NOSIGNAL);
}

static void job_removed(int fd, const char *who, const char *result)
{
	struct out o = { { 0 }, 0 };
	char path[64];

	snprintf(path, sizeof path, "/org/freedesktop/systemd1/job/%u", job);
	u32(&o, job);
	str(&o, path);
	str(&o, who);
	str(&o, result);
	reply(fd, 4, 0, "JobRemoved", "uoss", &o);
}

static void job_reply(int fd, uint32_t to)
{
	struct out o = { { 0 }, 0 };
	char path[64];

	snprintf(path, sizeof path, "/org/freedesktop/systemd1/job/%u", job);
	str(&o, path);
	reply(fd, 2, to, "", "o", &o);
}

/* ---- messages from the client ---- */

struct in { const unsigned char *p; size_t at; };

static void align(struct in *i, size_t to) { i->at = (i->at + to - 1) / to * to; }

static uint32_t get32(struct in *i)
{
	uint32_t v;

	align(i, 4);
	memcpy(&v, i->p + i->at, 4);
	i->at += 4;
	return v;
}

static const char *gets_(struct in *i, int byte)
{
	uint32_t n = byte ? i->p[i->at++] : get32(i);
	const char *s = (const char *)i->p + i->at;

	i->at += n + 1;
	return s;
}

static size_t alignment(char type)
{
	return type == 'y' || type == 'g' || type == 'v' ? 1 : type == 'n' || type == 'q' ? 2 :
	       type == 'x' || type == 't' || type == 'd' || type == '(' ? 8 : 4;
}

/* Where the first complete type of a signature ends. */
static const char *type_end(const char *s)
{
	if (*s == 'a')
		return type_end(s + 1);
	if (*s != '(')
		return s + 1;
	for (s++; *s != ')'; )
		s = type_end(s);
	return s + 1;
}

static void dump(struct in *i, const char **sig, int depth)
{
	uint64_t t = 0;
	size_t n = 0, end;
	const char *s = *sig, *inner;

	*sig = type_end(s);
	switch (*s) {
	case 'y': fprintf(logfile, "%u", i->p[i->at++]); break;
	case 'b': fputs(get32(i) ? "true" : "false", logfile); break;
	case 'u': fprintf(logfile, "%u", get32(i)); break;
	case 'i': fprintf(logfile, "%d", (int32_t)get32(i)); break;
	case 'n': case 'q': case 't': case 'x':
		n = alignment(*s);
		align(i, n);
		memcpy(&t, i->p + i->at, n);
		i->at += n;
		if (*s == 'x' || *s == 'n')
			fprintf(logfile, "%lld", *s == 'n' ? (int16_t)t : (long long)t);
		else
			fprintf(logfile, "%llu", (unsigned long long)t);
		break;
	case 's': case 'o': fprintf(logfile, "\"%s\"", gets_(i, 0)); break;
	case 'v':
		inner = gets_(i, 1);
		fprintf(logfile, "<%s ", inner);
		dump(i, &inner, depth + 1);
		putc('>', logfile);
		break;
	case '(':
		align(i, 8);
		if (depth == 1)
			fputs("\n  ", logfile);
		for (inner = s + 1; *inner != ')'; ) {
			if (inner != s + 1)
				putc(depth == 1 ? '=' : ' ', logfile);
			dump(i, &inner, depth + 1);
		}
		break;
	case 'a':
		n = get32(i);
		align(i, alignment(s[1]));
		putc('[', logfile);
		for (end = i->at + n; i->at < end; ) {
			inner = s + 1;
			dump(i, &inner, depth + 1);
			if (i->at < end && depth != 0)
				putc(',', logfile);
		}
		putc(']', logfile);
	}
}

static int read_full(int fd, void *p, size_t n)
{
	for (size_t at = 0; at < n; ) {
		ssize_t r = read(fd, (char *)p + at, n - at);

		if (r <= 0)
			return -1;
		at += (size_t)r;
	}
	return 0;
}

/* ---- the cgroup that systemd would make ---- */

static void move_pids(const char *body)
{
	struct in i = { (const unsigned char *)body, 0 };
	char path[4096];

	snprintf(unit, sizeof unit, "%s", gets_(&i, 0));
	if (!*option("cgroup"))
		return;
	snprintf(path, sizeof path, "%s/%s", option("cgroup"), unit);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die(path);
	gets_(&i, 0);                                   /* mode */
	uint32_t n = get32(&i);

	align(&i, 8);
	for (size_t end = i.at + n; i.at < end; ) {
		align(&i, 8);
		const char *name = gets_(&i, 0), *type = gets_(&i, 1);

		if (strcmp(name, "PIDs") == 0) {
			get32(&i);
			uint32_t pid = get32(&i);
			FILE *f;

			snprintf(path, sizeof path, "%s/%s/cgroup.procs", option("cgroup"), unit);
			f = fopen(path, "w");
			if (!f || fprintf(f, "%u", pid) < 0 || fclose(f))
				die(path);
			return;
		}
		/* those before it are strings */
		if (strcmp(type, "s") != 0)
			return;
		gets_(&i, 0);
	}
}

static void remove_cgroup(void)
{
	char path[4096];

	if (!*option("cgroup"))
		return;
	snprintf(path, sizeof path, "%s/%s", option("cgroup"), unit);
	rmdir(path);
}

/* ---- answers ---- */

static int answer_job(int fd, uint32_t serial, const char *how)
{
	job++;
	job_removed(fd, "other.service", "failed");
	if (strcmp(how, "early") == 0)
		job_removed(fd, unit, "done");
	job_reply(fd, serial);
	if (strcmp(how, "early") && strcmp(how, "nojob"))
		job_removed(fd, unit, *how ? how : "done");
	return 0;
}

/* 0: go on; -1: the connection ends. */
static int answer(int fd, uint32_t serial, const char *member)
{
	static char once[8][64];
	struct out o = { { 0 }, 0 };
	const char *how = option(member);
	unsigned char junk[512];

	if (strncmp(how, "once ", 5) == 0) {
		size_t k = 0;

		while (*once[k] && strcmp(once[k], member) != 0)
			k++;
		how = *once[k] ? "" : how;
		if (!*once[k])
			snprintf(once[k], sizeof once[k], "%s", member);
	}
	if (strncmp(how, "error ", 6) == 0 || strncmp(how, "once ", 5) == 0) {
		str(&o, "the reason it gives");
		reply(fd, 3, serial, strchr(how, ' ') + 1, "s", &o);
		return 0;
	}
	if (strcmp(how, "noreply") == 0)
		return 0;
	if (strcmp(how, "close") == 0)
		return -1;
	if (strcmp(how, "partial") == 0)
		return send(fd, "l\2\0\1\20\0\0\0\1\0\0\0\40\0\0\0\5", 17, MSG_NOSIGNAL) < 0 ? -1 : -1;
	if (strcmp(how, "huge") == 0)
		return send(fd, "l\2\0\1\0\0\0\200\1\0\0\0\20\0\0\0", 16, MSG_NOSIGNAL) < 0 ? -1 : 0;
	if (strcmp(how, "garbage") == 0) {
		memset(junk, 0xa5, sizeof junk);
		return send(fd, junk, sizeof junk, MSG_NOSIGNAL) < 0 ? -1 : 0;
	}
	if (strcmp(how, "badstring") == 0) {
		u32(&o, 0x7fffffff);
		reply(fd, 2, serial, "", "o", &o);
		return 0;
	}
	if ((strcmp(member, "StartTransientUnit") == 0 || strcmp(member, "StopUnit") == 0) && strcmp(how, "empty"))
		return answer_job(fd, serial, how);
	reply(fd, 2, serial, "", "", &o);
	return 0;
}

/* One method call: logged and answered. */
static int serve_call(int fd)
{
	static unsigned char buf[1 << 16];
	uint32_t body, fields, serial;
	const char *member = "", *sig = "", *dest = "";

	if (read_full(fd, buf, 16) < 0)
		return -1;
	memcpy(&body, buf + 4, 4);
	memcpy(&serial, buf + 8, 4);
	memcpy(&fields, buf + 12, 4);
	size_t start = 16 + (fields + 7) / 8 * 8;

	if (start + body > sizeof buf || read_full(fd, buf + 16, start - 16 + body) < 0)
		return -1;
	struct in h = { buf, 16 };

	while (h.at < 16 + fields) {
		align(&h, 8);
		unsigned char code = buf[h.at++];
		const char *type = gets_(&h, 1), *v = gets_(&h, *type == 'g');

		if (code == 3)
			member = v;
		else if (code == 6)
			dest = v;
		else if (code == 8)
			sig = v;
	}
	fprintf(logfile, "%s to %s", member, dest);
	struct in b = { buf + start, 0 };

	for (const char *s = sig; *s; ) {
		putc(' ', logfile);
		dump(&b, &s, 0);
	}
	putc('\n', logfile);
	fflush(logfile);
	const char *how = option(member);

	if (*sig == 's')
		snprintf(unit, sizeof unit, "%s", (char *)buf + start + 4);
	if (strcmp(member, "StartTransientUnit") == 0 && (!*how || !strcmp(how, "early") || !strncmp(how, "once ", 5)))
		move_pids((char *)buf + start);
	if (strcmp(member, "StopUnit") == 0)
		remove_cgroup();
	return answer(fd, serial, member);
}

static void serve(int fd)
{
	const char *how = option("auth");
	char line[256];
	size_t n = 0;
	int lines = 0;

	while (lines < 2 && n < sizeof line - 1 && read(fd, line + n, 1) == 1) {
		if (n == 0 && line[0] == '\0')
			continue;
		if (line[n++] != '\n')
			continue;
		line[n - 2] = '\0';
		fprintf(logfile, "auth %s\n", line);
		fflush(logfile);
		n = 0;
		if (lines++ == 0 && strcmp(how, "close") == 0)
			return;
	}
	if (strcmp(how, "hang") == 0)
		pause();
	const char *text = strcmp(how, "reject") == 0 ? "REJECTED KERBEROS_V4\r\n" :
		strcmp(how, "garbage") == 0 ? "HTTP/1.1 400 Bad Request\r\n\r\n" : "OK 0123456789abcdef0123456789abcdef\r\n";

	send(fd, text, strlen(text), MSG_NOSIGNAL);
	while (serve_call(fd) == 0)
		;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc < 3 || strlen(argv[1]) >= sizeof a.sun_path) {
		fputs("usage: dbuspeer SOCKET LOG [KEY=VALUE...]\n", stderr);
		return 2;
	}
	keys = argv + 3;
	logfile = fopen(argv[2], "a");
	strcpy(a.sun_path, argv[1]);
	unlink(argv[1]);
	if (s < 0 || !logfile || bind(s, (struct sockaddr *)&a, sizeof a) < 0 || listen(s, 8) < 0)
		die(argv[1]);
	chmod(argv[1], 0777);
	for (;;) {
		int fd = accept4(s, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			die("accept");
		serve(fd);
		close(fd);
	}
}
