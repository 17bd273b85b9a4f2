/* SPDX-License-Identifier: ISC
 *
 * command.c - fuzz target: command lines
 *
 * The first byte of an input sets up the terminal and the exec.  Then come words, a line each: a
 * word `;` ends a command, and words like COMPL_TIMEOUT=1s before it are its environment.  A word
 * that begins with `!` is no command but corrupts a word of a segment (corruption.c).
 *
 * The commands of an input share their namespaces; each runs main() of its own, in this very
 * process.  Each ends with a documented status, says why in as many lines as are documented, and
 * prints nothing that a terminal would obey.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../segment-path.h"
#include "api/utf8.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/status.h"
#include "corruption.h"
#include "json.h"
#include "shm/segment/layout.h"
#include "sim-files.h"
#include "sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int compl_main(int argc, char **argv);

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define WORDS_MAX    128
#define COMMANDS_MAX 12
#define CAPTURE_MAX  65536
#define KILLED	     1000 /* plus the signal */

static struct run {
	char *words[WORDS_MAX + 1];
	int first, count; /* the words of the command, after its environment */
	int status;
} run;

static bool is_inside, has_posted;
static uint8_t mode;
static unsigned first_fd; /* the first descriptor that a command opens */
static jmp_buf ends;

static bool
has_terminal(void)
{
	return mode & 1;
}

/* ---- what is written -------------------------------------------------------------------- */

static struct capture {
	char text[CAPTURE_MAX + 1];
	size_t length;
	bool is_cut;
} out, err;

ssize_t __wrap_write(int fd, const void *bytes, size_t length);
ssize_t __real_write(int fd, const void *bytes, size_t length);

ssize_t
__wrap_write(int fd, const void *bytes, size_t length)
{
	struct capture *to = fd == STDOUT_FILENO ? &out : &err;

	if (!is_inside || (fd != STDOUT_FILENO && fd != STDERR_FILENO))
		return __real_write(fd, bytes, length);
	if (to == &out && (mode & 2) && length > 7)
		length = 7; /* as a pipe may */
	if (to->length + length > CAPTURE_MAX) {
		to->is_cut = true;
		return (ssize_t)length;
	}
	memcpy(to->text + to->length, bytes, length);
	to->length += length;
	to->text[to->length] = '\0';
	return (ssize_t)length;
}

void __wrap_stderr_write(const char *text, size_t length);

void
__wrap_stderr_write(const char *text, size_t length)
{
	__wrap_write(STDERR_FILENO, text, length);
}

int __wrap_isatty(int fd);

int
__wrap_isatty(int fd)
{
	(void)fd;
	return has_terminal();
}

/* ---- how it ends ------------------------------------------------------------------------- */

_Noreturn void __wrap_exit(int status);
_Noreturn void __real_exit(int status);
_Noreturn void __wrap__exit(int status);
_Noreturn void __real__exit(int status);
int __wrap_raise(int signal);
int __real_raise(int signal);

static _Noreturn void
end(int status)
{
	run.status = status;
	longjmp(ends, 1);
}

_Noreturn void
__wrap_exit(int status)
{
	if (!is_inside)
		__real_exit(status);
	end(status);
}

_Noreturn void
__wrap__exit(int status)
{
	if (!is_inside)
		__real__exit(status);
	end(status);
}

int
__wrap_raise(int signal)
{
	if (!is_inside)
		return __real_raise(signal);
	end(KILLED + signal);
}

/* ---- CMD ------------------------------------------------------------------------------------ */

#define CMD_PID	  0x3ffffff /* larger than any */
#define SIGNAL_FD 100000

static unsigned cmd_forks, cmd_news;

pid_t __wrap_fork(void);
pid_t __real_fork(void);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __real_waitpid(pid_t pid, int *status, int options);
int __wrap_kill(pid_t pid, int signal);
int __real_kill(pid_t pid, int signal);
int __wrap_poll(struct pollfd *wishes, nfds_t count, int ms);
int __real_poll(struct pollfd *wishes, nfds_t count, int ms);
int __wrap_signalfd(int fd, const sigset_t *set, int flags);
ssize_t __wrap_read(int fd, void *bytes, size_t length);
ssize_t __real_read(int fd, void *bytes, size_t length);
ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned flags);

/* It may fail; if not, CMD ends at once. */
pid_t
__wrap_fork(void)
{
	if (!is_inside)
		return __real_fork();
	cmd_forks++;
	cmd_news = 1;
	errno = EAGAIN;
	return mode & 16 ? -1 : CMD_PID;
}

pid_t
__wrap_waitpid(pid_t pid, int *status, int options)
{
	static const int ends_as[] = { 0, 1 << 8, 125 << 8, SIGKILL };

	if (!is_inside)
		return __real_waitpid(pid, status, options);
	if (cmd_news == 0)
		return 0;
	cmd_news--;
	*status = ends_as[mode >> 5 & 3];
	return CMD_PID;
}

int
__wrap_kill(pid_t pid, int signal)
{
	return is_inside ? 0 : __real_kill(pid, signal);
}

/* SIGCHLD has come; all other events that are asked for may have come. */
int
__wrap_poll(struct pollfd *wishes, nfds_t count, int ms)
{
	nfds_t i;

	if (!is_inside)
		return __real_poll(wishes, count, ms);
	for (i = 0; i < count; i++)
		wishes[i].revents = wishes[i].fd >= 0 ? wishes[i].events : 0;
	return (int)count;
}

int
__wrap_signalfd(int fd, const sigset_t *set, int flags)
{
	(void)fd;
	(void)set;
	(void)flags;
	return SIGNAL_FD;
}

ssize_t
__wrap_read(int fd, void *bytes, size_t length)
{
	struct signalfd_siginfo info = { .ssi_signo = SIGCHLD };

	if (!is_inside || fd != SIGNAL_FD)
		return __real_read(fd, bytes, length);
	if (cmd_news == 0) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(bytes, &info, sizeof info);
	return sizeof info;
}

ssize_t
__wrap_getrandom(void *bytes, size_t length, unsigned flags)
{
	static unsigned char next;

	(void)flags;
	memset(bytes, ++next, length);
	return (ssize_t)length;
}

int __wrap_execv(const char *path, char *const *argv);

/* Nothing is started here. */
int
__wrap_execv(const char *path, char *const *argv)
{
	static const int errors[] = { ENOENT, EACCES, ENOEXEC, ENOMEM };

	REQUIRE(path && argv[0]);
	errno = errors[mode >> 2 & 3];
	return -1;
}

/* ---- the environment, signals, and the parent --------------------------------------------- */

char *__wrap_getenv(const char *name);
char *__real_getenv(const char *name);
int __wrap_setenv(const char *name, const char *value, int over);
int __real_setenv(const char *name, const char *value, int over);
struct passwd *__wrap_getpwnam(const char *name);
int __wrap_sigaction(int signal, const struct sigaction *now, struct sigaction *before);
int __real_sigaction(int signal, const struct sigaction *now, struct sigaction *before);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *before);
int __real_sigprocmask(int how, const sigset_t *set, sigset_t *before);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before);
int __wrap_prctl(int what, ...);

char *
__wrap_getenv(const char *name)
{
	size_t length = strlen(name);
	int i;

	if (!is_inside)
		return __real_getenv(name);
	for (i = 0; i < run.first; i++)
		if (!strncmp(run.words[i], name, length) && run.words[i][length] == '=')
			return run.words[i] + length + 1;
	return NULL;
}

int
__wrap_setenv(const char *name, const char *value, int over)
{
	return is_inside ? 0 : __real_setenv(name, value, over);
}

struct passwd *
__wrap_getpwnam(const char *name)
{
	static struct passwd somebody;

	somebody.pw_uid = strcmp(name, "root") ? 65534 : 0;
	return strcmp(name, "root") && strcmp(name, "nobody") ? NULL : &somebody;
}

/* Dispositions and masks stay those of the fuzzer. */
int
__wrap_sigaction(int signal, const struct sigaction *now, struct sigaction *before)
{
	if (!is_inside)
		return __real_sigaction(signal, now, before);
	if (before)
		memset(before, 0, sizeof *before);
	return 0;
}

int
__wrap_sigprocmask(int how, const sigset_t *set, sigset_t *before)
{
	if (!is_inside)
		return __real_sigprocmask(how, set, before);
	if (before)
		sigemptyset(before);
	return 0;
}

int
__wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
	return __wrap_sigprocmask(how, set, before);
}

int
__wrap_prctl(int what, ...)
{
	(void)what;
	return 0;
}

/* There is no other process: after some time the segment is removed, and then the command ends. */
static void
wait_in_vain(unsigned sleeps)
{
	if (sleeps % 8 == 3)
		sim_files_clear();
	if (sleeps % 8 == 6)
		end(KILLED + SIGTERM);
}

static void
end_stuck(void)
{
	end(KILLED + SIGTERM);
}

/* ---- what a command may answer --------------------------------------------------------------- */

static bool
has_word(const char *word)
{
	int i;

	for (i = run.first; i < run.count; i++)
		if (!strncmp(run.words[i], word, strlen(word)))
			return true;
	return false;
}

static size_t
count_lines(const struct capture *c)
{
	size_t lines = 0, i;

	for (i = 0; i < c->length; i++)
		lines += c->text[i] == '\n';
	return lines;
}

/* run and scope end as CMD did. */
static bool
is_documented(int status)
{
	if (cmd_forks > 0)
		return status >= 0;
	switch (status) {
	case STATUS_DONE:
	case STATUS_NO:
	case STATUS_REMOVED:
	case STATUS_PRODUCER_DIED:
	case STATUS_DEAD_LOCK:
	case STATUS_TIMED_OUT:
	case STATUS_FAILED:
	case STATUS_CANNOT_RUN:
	case STATUS_NOT_FOUND:
		return true;
	default:
		return status >= KILLED || (has_posted && status >= 0 && status <= 255);
	}
}

/* A usage error has a second line. */
static void
check_lines(void)
{
	size_t lines = count_lines(&err);

	REQUIRE(lines == 0 || !strncmp(err.text, "compl: ", 7));
	REQUIRE(!err.length || err.text[err.length - 1] == '\n');
	if (cmd_forks > 0) {
		REQUIRE(lines <= 3);
		return;
	}
	if (run.status == STATUS_FAILED && !has_posted)
		REQUIRE(lines == 1 || (lines == 2 && strstr(err.text, "Try 'compl help")));
	if (run.status == STATUS_CANNOT_RUN || run.status == STATUS_NOT_FOUND)
		REQUIRE(lines == 1 || has_posted);
	if (run.status != STATUS_FAILED && !has_terminal())
		REQUIRE(lines <= 1);
	if (run.status == STATUS_DONE && !has_terminal())
		REQUIRE(lines == 0);
}

/* The output is lines of text, with colours on a terminal only. */
static void
check_shown(const struct capture *c, bool may_colour)
{
	size_t i;

	REQUIRE(c->is_cut || utf8_is_valid(c->text));
	for (i = 0; i < c->length; i++) {
		uint8_t byte = (uint8_t)c->text[i];

		REQUIRE(byte >= 0x20 || byte == '\n' || (may_colour && byte == 033));
		REQUIRE(byte != 0x7f);
	}
}

static void
check_answer(void)
{
	bool is_json = out.text[0] == '{' && has_word("--json");

	if (!is_documented(run.status)) {
		fprintf(stderr, "fuzz: status %d\n", run.status);
		sim_fail("not a documented status");
	}
	check_shown(&err, false);
	if (run.status < KILLED)
		check_lines();
	if (run.status == STATUS_DONE && is_json && !out.is_cut)
		REQUIRE(json_is_line(out.text));
	/* A wait prints values unchanged. */
	if (!has_word("wait") && !has_word("try"))
		check_shown(&out, has_terminal());
}

/* ---- a command ------------------------------------------------------------------------------- */

static void
close_namespace(void)
{
	const struct cli_call nowhere = { .where = { .space = "nowhere", .uid = 1 } };
	struct compl_space *c;

	namespace_open(&c, &nowhere, 0);
}

/* Returns the status, unless the command ends by end(). */
static int
call_main(void)
{
	static char *argv[WORDS_MAX + 2], program[] = "compl";
	int i, argc = 1;

	argv[0] = program;
	for (i = run.first; i < run.count; i++)
		argv[argc++] = run.words[i];
	argv[argc] = NULL;
	return compl_main(argc, argv);
}

static void
run_main(void)
{
	out.length = err.length = 0;
	out.is_cut = err.is_cut = false;
	out.text[0] = err.text[0] = '\0';
	cmd_forks = cmd_news = 0;
	message_from(NULL);
	is_inside = true;
	if (!setjmp(ends))
		run.status = call_main();
	is_inside = false;
	sim_leave(0);
	close_namespace();
	has_posted |= cmd_forks > 0;
	syscall(SYS_close_range, first_fd, ~0U, 0); /* pipes and sockets end with main() */
}

static void
run_command(void)
{
	run.first = 0;
	while (run.first < run.count && strchr(run.words[run.first], '=') &&
	       *run.words[run.first] != '-')
		run.first++;
	has_posted |= has_word("--status") || has_word("--and-exit");
	run_main();
	check_answer();
	run.count = 0;
}

/* Corrupts the segment of the default namespace, if there is one by now. */
static void
corrupt(char *word)
{
	struct input in = { (uint8_t *)word, (uint8_t *)word + strlen(word) };
	struct corruption s = corruption_read(&in);
	const struct compl_where where = { .space = "default", .uid = geteuid() };
	char path[SEGMENT_PATH_MAX] = "";
	void *base;
	int fd;

	segment_path(path, sizeof path, &where);
	fd = openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	base = mmap(NULL, LAYOUT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (base == MAP_FAILED)
		return;
	corruption_apply(base, &s);
	munmap(base, LAYOUT_SIZE);
	has_posted = true; /* or the corruption may look like it */
}

static bool
run_word(char *word, unsigned *commands)
{
	if (*word == '!') {
		corrupt(word + 1);
	} else if (strcmp(word, ";") != 0) {
		if (run.count < WORDS_MAX)
			run.words[run.count++] = word;
	} else {
		run_command();
		return ++*commands < COMMANDS_MAX;
	}
	return true;
}

static void
run_input(char *text)
{
	unsigned commands = 0;
	char *word;

	while ((word = strsep(&text, "\n")))
		if (!run_word(word, &commands))
			return;
	if (run.count > 0)
		run_command();
}

static void
begin(void)
{
	static const char *const names[] = { "a", "b", "c" };
	size_t i;

	for (i = corruption_hash_count; i < 3; i++)
		corruption_add_name(names[i]);
	sim_begin();
	sim_files_clear();
	if (first_fd == 0) {
		first_fd = (unsigned)dup(STDERR_FILENO);
		close((int)first_fd);
	}
	sim_asleep = wait_in_vain;
	sim_stuck = end_stuck;
	has_posted = false;
	run.count = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0 || !(text = malloc(size)))
		return 0;
	begin();
	mode = *data;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	run_input(text);
	free(text);
	return 0;
}
