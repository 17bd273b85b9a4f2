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
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../segment-path.h"
#include "api/utf8.h"
#include "cli/exec.h"
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

/* ---- the processes that a command starts -------------------------------------------------- */

#define CHILD_PID    0x3ffffff /* larger than any; the next ones follow */
#define CHILDREN_MAX 4
#define FORKS_MAX    12 /* after so many the first child ends first, which is CMD */
#define SIGNAL_FD    100000
#define TIMER_FD     100001

static pid_t children[CHILDREN_MAX]; /* that live or were not waited for, in order */
static size_t child_count;
static unsigned cmd_forks, strays_left;
static bool has_sigchld, has_ended_child, has_timer;

static bool has_word(const char *word);

pid_t __wrap_fork(void);
pid_t __real_fork(void);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __real_waitpid(pid_t pid, int *status, int options);
int __wrap_kill(pid_t pid, int signal);
int __real_kill(pid_t pid, int signal);
pid_t __wrap_getppid(void);
pid_t __real_getppid(void);
pid_t __wrap_setsid(void);
pid_t __real_setsid(void);
unsigned __wrap_alarm(unsigned seconds);
unsigned __real_alarm(unsigned seconds);
int __wrap_dup2(int from, int to);
int __real_dup2(int from, int to);
int __wrap_signalfd(int fd, const sigset_t *set, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *when,
			   struct itimerspec *before);
ssize_t __wrap_read(int fd, void *bytes, size_t length);
ssize_t __real_read(int fd, void *bytes, size_t length);
ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned flags);

static void
begin_children(void)
{
	cmd_forks = 0;
	child_count = 0;
	has_sigchld = has_ended_child = has_timer = false;
	strays_left = 3;
}

/* It may fail.  With --background this may go on as the child. */
pid_t
__wrap_fork(void)
{
	if (!is_inside)
		return __real_fork();
	cmd_forks++;
	errno = EAGAIN;
	if (mode & 16 || child_count == CHILDREN_MAX)
		return -1;
	if (cmd_forks == 1 && mode & 128 && (has_word("--background") || has_word("-b")))
		return 0;
	children[child_count] = CHILD_PID + (pid_t)cmd_forks;
	return children[child_count++];
}

/* Returns the place of a child that may have ended, or child_count. */
static size_t
find_ended(pid_t pid)
{
	size_t i = 0;

	if (pid <= 0)
		return cmd_forks > FORKS_MAX || child_count == 0 ? 0 : child_count - 1;
	while (i < child_count && children[i] != pid)
		i++;
	return i;
}

/* One child ends in each poll(), the youngest first.  If there is none, what CMD has left running
 * may be there for some time. */
pid_t
__wrap_waitpid(pid_t pid, int *status, int options)
{
	static const int ends_as[] = { 0, 1 << 8, 125 << 8, SIGKILL };
	size_t i = find_ended(pid);

	if (!is_inside)
		return __real_waitpid(pid, status, options);
	errno = ECHILD;
	if (i == child_count)
		return mode & 128 && strays_left > 0 && strays_left-- > 0 ? 0 : -1;
	if (options & WNOHANG && !has_ended_child)
		return 0;
	has_ended_child = false;
	pid = children[i];
	for (child_count--; i < child_count; i++)
		children[i] = children[i + 1];
	if (status)
		*status = ends_as[mode >> 5 & 3];
	return pid;
}

int
__wrap_kill(pid_t pid, int signal)
{
	return is_inside ? 0 : __real_kill(pid, signal);
}

/* The parent of a child that goes on with --background has the child's own pid here. */
pid_t
__wrap_getppid(void)
{
	return is_inside ? getpid() : __real_getppid();
}

pid_t
__wrap_setsid(void)
{
	return is_inside ? getpid() : __real_setsid();
}

unsigned
__wrap_alarm(unsigned seconds)
{
	return is_inside ? 0 : __real_alarm(seconds);
}

/* The three standard descriptors stay those of the fuzzer. */
int
__wrap_dup2(int from, int to)
{
	return is_inside && to <= STDERR_FILENO ? to : __real_dup2(from, to);
}

int
__wrap_signalfd(int fd, const sigset_t *set, int flags)
{
	(void)fd;
	(void)set;
	(void)flags;
	return SIGNAL_FD;
}

int
__wrap_timerfd_create(int clock, int flags)
{
	(void)clock;
	(void)flags;
	has_timer = false;
	return TIMER_FD;
}

/* The time of a timer comes at once. */
int
__wrap_timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *before)
{
	(void)flags;
	(void)before;
	REQUIRE(fd == TIMER_FD && when->it_value.tv_sec >= 0 && when->it_value.tv_nsec >= 0 &&
		when->it_value.tv_nsec < 1000000000);
	has_timer = when->it_value.tv_sec > 0 || when->it_value.tv_nsec > 0;
	return 0;
}

static ssize_t
read_timer(void *bytes, size_t length)
{
	const uint64_t expirations = 1;

	if (!has_timer || length < sizeof expirations) {
		errno = EAGAIN;
		return -1;
	}
	has_timer = false;
	memcpy(bytes, &expirations, sizeof expirations);
	return sizeof expirations;
}

ssize_t
__wrap_read(int fd, void *bytes, size_t length)
{
	struct signalfd_siginfo info = { .ssi_signo = SIGCHLD };

	if (is_inside && fd == TIMER_FD)
		return read_timer(bytes, length);
	if (!is_inside || fd != SIGNAL_FD)
		return __real_read(fd, bytes, length);
	if (!has_sigchld) {
		errno = EAGAIN;
		return -1;
	}
	has_sigchld = false;
	memcpy(bytes, &info, sizeof info);
	return sizeof info;
}

/* ---- polling ------------------------------------------------------------------------- */

#define LOOKS_GONE 15 /* of ls --watch, after which the namespace is removed */
#define LOOKS_END  40 /* after which nobody reads what it prints */

static unsigned watch_looks;

int __wrap_poll(struct pollfd *wishes, nfds_t count, int ms);
int __real_poll(struct pollfd *wishes, nfds_t count, int ms);

/* ls --watch looks whether somebody still reads. */
static int
look_at_reader(struct pollfd *reader)
{
	if (++watch_looks == LOOKS_GONE)
		sim_files_clear();
	reader->revents = watch_looks >= LOOKS_END ? POLLERR : 0;
	return reader->revents != 0;
}

/* All events that are asked for may have come.  If there are children, one has ended. */
int
__wrap_poll(struct pollfd *wishes, nfds_t count, int ms)
{
	nfds_t i;

	if (!is_inside)
		return __real_poll(wishes, count, ms);
	if (count == 1 && wishes[0].events == 0)
		return look_at_reader(wishes);
	has_sigchld = has_ended_child = child_count > 0;
	for (i = 0; i < count; i++)
		wishes[i].revents = wishes[i].fd >= 0 ? wishes[i].events : 0;
	return (int)count;
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
pid_t __wrap_tcgetpgrp(int fd);

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

/* It is in the foreground. */
pid_t
__wrap_tcgetpgrp(int fd)
{
	(void)fd;
	return getpgrp();
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
	case STATUS_OTHER_GENERATION:
	case STATUS_TIMED_OUT:
	case STATUS_FAILED:
	case STATUS_CANNOT_RUN:
	case STATUS_NOT_FOUND:
		return true;
	default:
		return status >= KILLED || (has_posted && status >= 0 && status <= 255);
	}
}

#define ERASE	 "\r\033[K"
#define PROGRESS "compl: waiting for"

/* Takes out of stderr what --progress has drawn.  Each such line has no end, and is erased before
 * anything else is written, unless a signal has ended the command. */
static void
take_progress_out(void)
{
	const size_t erase = strlen(ERASE);
	char *drawn, *rest, *end = err.text + err.length;

	while ((drawn = strstr(err.text, ERASE)) != NULL) {
		rest = drawn + erase;
		if (strncmp(rest, PROGRESS, strlen(PROGRESS)) == 0) {
			rest = strstr(rest, ERASE);
			REQUIRE(rest != NULL || run.status >= KILLED || err.is_cut);
			if (rest == NULL)
				rest = end;
			REQUIRE(memchr(drawn, '\n', (size_t)(rest - drawn)) == NULL);
		}
		memmove(drawn, rest, (size_t)(end - rest) + 1);
		end -= rest - drawn;
	}
	err.length = (size_t)(end - err.text);
}

/* A usage error has a second line.  On a terminal `done` also tells of tokens that nobody waits
 * for. */
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
	if (run.status == STATUS_FAILED && !has_posted && !(has_terminal() && has_word("done")))
		REQUIRE(lines == 1 || (lines == 2 && strstr(err.text, "Try 'compl help")));
	if (run.status == STATUS_CANNOT_RUN || run.status == STATUS_NOT_FOUND)
		REQUIRE(lines == 1 || has_posted);
	if (has_terminal() || (has_word("--idle") && has_posted))
		return; /* rm --idle tells of each namespace that it cannot use */
	if (run.status != STATUS_FAILED)
		REQUIRE(lines <= 1);
	if (run.status == STATUS_DONE)
		REQUIRE(lines == 0);
}

/* Each line is an object. */
static void
check_json(void)
{
	char *line = out.text, *next, first;

	for (; *line != '\0'; line = next) {
		next = strchr(line, '\n');
		REQUIRE(*line == '{' && next != NULL);
		first = *++next;
		*next = '\0';
		REQUIRE(json_is_line(line));
		*next = first;
	}
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
	bool is_json = out.text[0] == '{' && has_word("--json") && cmd_forks == 0;

	take_progress_out();
	if (!is_documented(run.status)) {
		fprintf(stderr, "fuzz: status %d\n", run.status);
		sim_fail("not a documented status");
	}
	check_shown(&err, false);
	if (run.status < KILLED)
		check_lines();
	if (is_json && !out.is_cut && !has_word("--print"))
		check_json();
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
	begin_children();
	watch_looks = 0;
	message_from(NULL);
	message_hold(NULL, 0);
	exec_tell(-1);
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
