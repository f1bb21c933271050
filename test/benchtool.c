/* benchtool.c - times commands in interleaved rounds, for test/bench.
 *
 *	benchtool ROUNDS <PLAN >RESULTS
 *
 * A plan line is  COLUMN STEP COMMAND...  (words, no quoting). A round runs every column's lines
 * in their order, one column after the other, and each round begins with another column, so that
 * what disturbs the machine disturbs all alike. A step's ratio is the median of its rounds' ratios
 * to the first column that has the step: it repeats far better than the times do.
 *
 *	STEP -          run, but do not time
 *	xN COMMAND      N times in a row, timed as one
 *	%FILE           in a command: the number in FILE (a pid)
 *	@reap FILE      instead of a command: wait for the end of the process whose pid is in FILE
 *	@may COMMAND    its failure does not matter; else a failure ends the column
 *
 * A result line is tab-separated:
 *	STEP COLUMN ROUNDS MEDIAN MIN P90 RATIO CPU RSS FAULTS NOTE
 * times in ms, RSS (the peak of the command and of all its waited-for descendants) in kB, the
 * page faults that needed no disk. This program is static and small because a child counts the
 * memory it had before its execve().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEN(a) ((int)(sizeof(a) / sizeof *(a)))
enum { WARM_UP = 1, LIMIT = 60 /* seconds a command may take */, MAX_WORDS = 48 };

struct sample { float ms, cpu, faults; long rss; };

struct line {
	int column, step;       /* step -1: not timed */
	int times;              /* xN */
	int may_fail;
	char *word[MAX_WORDS];
};

static struct line line[128];
static char *column[8], *step[64];
static char dead[LEN(column)][256];     /* why a column ended; "" while it lives */
static struct sample *samples;          /* [step][column][round] */
static int lines, columns, steps, rounds;
static int err_fd;                      /* what a command writes to stderr */

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "benchtool: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sample *sample(int s, int c, int round)
{
	return &samples[(s * columns + c) * rounds + round];
}

/* ---- the plan ---- */

static int intern(char **names, int *n, int max, char *name)
{
	for (int i = 0; i < *n; i++)
		if (!strcmp(names[i], name))
			return i;
	if (*n == max) {
		errno = E2BIG;
		die(name);
	}
	names[*n] = name;
	return (*n)++;
}

static void read_plan(void)
{
	static char text[65536];
	size_t size = fread(text, 1, sizeof text - 1, stdin);
	char *next = text;

	if (size == sizeof text - 1) {
		errno = E2BIG;
		die("plan");
	}
	for (char *row; (row = strsep(&next, "\n")); ) {
		struct line *l = &line[lines];
		int n = 0;

		if (!*row)
			continue;
		if (lines == LEN(line)) {
			errno = E2BIG;
			die("plan");
		}
		*l = (struct line){ .times = 1 };
		l->column = intern(column, &columns, LEN(column), strsep(&row, " "));
		char *name = row ? strsep(&row, " ") : NULL;

		l->step = !name || !strcmp(name, "-") ? -1 : intern(step, &steps, LEN(step), name);
		for (char *w; n < MAX_WORDS - 1 && (w = strsep(&row, " ")); )
			if (n == 0 && w[0] == 'x' && atoi(w + 1) > 0)
				l->times = atoi(w + 1);
			else if (n == 0 && !strcmp(w, "@may"))
				l->may_fail = 1;
			else if (*w)
				l->word[n++] = w;
		if (n == 0 || row) {
			errno = EINVAL;
			die("plan: a line without a command, or with too long a one");
		}
		lines++;
	}
}

static char *file_number(const char *path)
{
	static char text[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	text[strspn(text, "0123456789")] = 0;
	return text;
}

/* ---- running ---- */

static void on_alarm(int sig) { (void)sig; }    /* only interrupts wait4() */

/* Returns the wait status; -1 when it took too long. Orphans (containers' inits) come to us as
 * the subreaper, and are taken away while we wait: no runtime ever sees a zombie of ours. */
static int run(char **argv, struct sample *s)
{
	struct timespec a, b;
	struct rusage ru;
	int status, late = 0;
	pid_t pid, got;

	if (ftruncate(err_fd, 0) < 0 || lseek(err_fd, 0, SEEK_SET) < 0)
		die("stderr file");
	clock_gettime(CLOCK_MONOTONIC, &a);
	pid = vfork();
	if (pid < 0)
		die("vfork");
	if (pid == 0) {
		dup2(err_fd, 2);
		execv(argv[0], argv);
		dprintf(2, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	alarm(LIMIT);
	while ((got = wait4(-1, &status, 0, &ru)) != pid)
		if (got < 0 && errno == EINTR) {
			kill(pid, SIGKILL);
			late = 1;
		} else if (got < 0) {
			die("wait");
		}
	clock_gettime(CLOCK_MONOTONIC, &b);
	alarm(0);
	s->ms = (b.tv_sec - a.tv_sec) * 1e3 + (b.tv_nsec - a.tv_nsec) / 1e6;
	s->cpu = (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e3 +
		 (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e3;
	s->rss = ru.ru_maxrss;
	s->faults = ru.ru_minflt;
	return late ? -1 : status;
}

static void reap(const char *path)
{
	pid_t pid = atoi(file_number(path));
	struct pollfd p = {
		.fd = pid > 0 ? syscall(SYS_pidfd_open, pid, 0) : -1,
		.events = POLLIN,
	};

	if (p.fd < 0)
		return;                         /* gone, and reaped by run() */
	if (poll(&p, 1, LIMIT * 1000) != 1)
		fprintf(stderr, "benchtool: process %d does not end\n", pid);
	close(p.fd);
	waitpid(pid, NULL, WNOHANG);
}

static void fail_column(const struct line *l, int status)
{
	char *why = dead[l->column];
	int n = snprintf(why, sizeof dead[0], "%s: ", l->step < 0 ? "set-up" : step[l->step]), got;

	if (status < 0)
		n += snprintf(why + n, sizeof dead[0] - n, "no end in %d s", LIMIT);
	else if (WIFSIGNALED(status))
		n += snprintf(why + n, sizeof dead[0] - n, "signal %d", WTERMSIG(status));
	else
		n += snprintf(why + n, sizeof dead[0] - n, "exit status %d ", WEXITSTATUS(status));
	got = pread(err_fd, why + n, sizeof dead[0] - 1 - n, 0);
	why[n + (got > 0 ? got : 0)] = 0;
	for (; *why; why++)
		if ((unsigned char)*why < ' ')
			*why = ' ';
}

static void run_line(const struct line *l, int round)
{
	char *argv[MAX_WORDS], numbers[MAX_WORDS][24];
	struct sample one, sum = { 0 };

	if (!strcmp(l->word[0], "@reap")) {
		reap(l->word[1]);
		return;
	}
	for (int i = 0; i < MAX_WORDS; i++) {
		argv[i] = l->word[i];
		if (argv[i] && argv[i][0] == '%') {
			snprintf(numbers[i], sizeof numbers[i], "%s", file_number(argv[i] + 1));
			argv[i] = numbers[i];
		}
	}
	for (int i = 0; i < l->times; i++) {
		int status = run(argv, &one);

		if (status != 0 && !l->may_fail) {
			fail_column(l, status);
			return;
		}
		sum.ms += one.ms;
		sum.cpu += one.cpu;
		sum.faults += one.faults;
		sum.rss = one.rss > sum.rss ? one.rss : sum.rss;
	}
	if (l->step >= 0 && round >= 0)
		*sample(l->step, l->column, round) = sum;
}

/* ---- results ---- */

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static float median(float *v)
{
	qsort(v, rounds, sizeof *v, by_value);
	return rounds % 2 ? v[rounds / 2] : (v[rounds / 2 - 1] + v[rounds / 2]) / 2;
}

static void print_result(int s, int c, int base, float *v)
{
	float ratio, cpu, faults, mid;
	long rss = 0;

	if (*dead[c]) {
		printf("%s\t%s\t0\t-\t-\t-\t-\t-\t-\t-\t%s\n", step[s], column[c], dead[c]);
		return;
	}
	for (int r = 0; r < rounds; r++)
		v[r] = sample(s, c, r)->ms / sample(s, base, r)->ms;
	ratio = median(v);
	for (int r = 0; r < rounds; r++)
		v[r] = sample(s, c, r)->cpu;
	cpu = median(v);
	for (int r = 0; r < rounds; r++)
		v[r] = sample(s, c, r)->faults;
	faults = median(v);
	for (int r = 0; r < rounds; r++) {
		v[r] = sample(s, c, r)->ms;
		rss = sample(s, c, r)->rss > rss ? sample(s, c, r)->rss : rss;
	}
	mid = median(v);                /* sorts: the ends are the best and the worst */
	printf("%s\t%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%ld\t%.0f\t\n", step[s], column[c],
	       rounds, mid, v[0], v[rounds * 9 / 10], ratio, cpu, rss, faults);
}

static int has(int s, int c)
{
	for (int i = 0; i < lines; i++)
		if (line[i].step == s && line[i].column == c)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	int null = open("/dev/null", O_RDWR);
	float *v;

	rounds = argc == 2 ? atoi(argv[1]) : 0;
	if (rounds < 1) {
		fprintf(stderr, "usage: benchtool ROUNDS <PLAN\n");
		return 1;
	}
	read_plan();
	samples = calloc((size_t)steps * columns * rounds, sizeof *samples);
	v = calloc(rounds, sizeof *v);
	err_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (!samples || !v || err_fd < 0 || null < 0)
		die("start");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigaction(SIGALRM, &sa, NULL);
	fflush(stdout);
	int out = fcntl(1, F_DUPFD_CLOEXEC, 3);

	dup2(null, 0);
	dup2(null, 1);
	close(null);
	for (int r = -WARM_UP; r < rounds; r++)
		for (int k = 0; k < columns; k++) {
			int c = (r + WARM_UP + k) % columns;

			for (int i = 0; i < lines && !*dead[c]; i++)
				if (line[i].column == c)
					run_line(&line[i], r);
		}
	dup2(out, 1);
	for (int s = 0; s < steps; s++) {
		int base = -1;

		for (int c = 0; c < columns; c++)
			if (has(s, c)) {
				base = base < 0 && !*dead[c] ? c : base;
				print_result(s, c, base, v);
			}
	}
	return 0;
}
