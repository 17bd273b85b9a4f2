/* SPDX-License-Identifier: ISC
 *
 * by-command.c - becomes a command, and reads what a dead command has printed
 */
#include "by-command.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "by-library.h"
#include "timing.h"

#define WORDS 32

/* An argument vector, with the texts of the arguments. */
struct words {
	char *argv[WORDS];
	unsigned count;
	char text[PATH_MAX + 512];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void
word(struct words *w, const char *format, ...)
{
	va_list arguments;

	if (w->count == WORDS - 1 || w->used >= sizeof w->text)
		return;
	w->argv[w->count++] = w->text + w->used;
	va_start(arguments, format);
	w->used +=
		(size_t)vsnprintf(w->text + w->used, sizeof w->text - w->used, format, arguments) +
		1;
	va_end(arguments);
}

/* `try` says less than `wait --timeout 0`, but is a command of its own. */
static bool
is_try(const struct task *task)
{
	return task->ask.kind == OP_WAIT && task->ask.at_once && !task->ask.fail_fast &&
	       !task->ask.existing && task->timeout_us % 2;
}

static void
wait_words(struct words *w, const struct task *task)
{
	const struct ask *a = &task->ask;

	word(w, "--count=%u", (unsigned)a->tokens);
	if (a->any)
		word(w, "--any");
	if (a->at_least)
		word(w, "--at-least=%u", a->at_least);
	if (is_try(task))
		return;
	word(w, "--print");
	word(w, "--outcome");
	if (a->fail_fast)
		word(w, "--fail-fast");
	if (a->existing)
		word(w, "--existing");
	if (a->at_once)
		word(w, "--timeout=0");
	else if (!a->patient)
		word(w, "--timeout=%uus", (unsigned)task->timeout_us);
}

static void
barrier_words(struct words *w, const struct task *task)
{
	word(w, "--parties=%u", (unsigned)task->ask.tokens);
	word(w, "--print");
	if (task->ask.at_once)
		word(w, "--timeout=0");
	else if (!task->ask.patient)
		word(w, "--timeout=%uus", (unsigned)task->timeout_us);
}

static void
done_words(struct words *w, const struct ask *a)
{
	if (a->all)
		word(w, "--all");
	else if (a->waiting)
		word(w, "--waiting");
	else
		word(w, "--count=%u", (unsigned)a->tokens);
	if (a->status)
		word(w, "--status=%u", a->status);
	if (a->value)
		word(w, "--value=v%u", a->value);
	if (a->existing)
		word(w, "--existing");
}

/* Where CMD says that it is ready.  Nothing else is open there. */
#define READY_FD 100

static void
run_words(struct words *w, const struct task *task)
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		_exit(126);
	word(w, "--ready=fd:%d", READY_FD);
	if (task->ask.single)
		word(w, "--single");
	word(w, "--");
	word(w, "%s", self);
	word(w, "--serve");
	word(w, "%u", (unsigned)task->ready_us);
	word(w, "%u", (unsigned)task->end_us);
	word(w, "%u", (unsigned)task->kill_us);
	word(w, "%d", (int)getpid());
	word(w, "%u", task->ask.value);
	word(w, "%u", task->ask.status);
}

static void
command_words(struct words *w, const char *program, const char *space, const struct task *task)
{
	static const char *const verbs[] = { "done",   "wait", "test",	 "init",
					     "reinit", "rm",   "barrier" };
	static const char *const lenient[] = { "", "", "", "--exist-ok", "--force", "-f", "" };
	const struct ask *a = &task->ask;
	unsigned i;

	*w = (struct words){ .count = 0 };
	word(w, "%s", program);
	word(w, "%s", is_try(task) ? "try" : a->kind == OP_RUN ? "run" : verbs[a->kind]);
	word(w, "--namespace=%s", space);
	for (i = 0; i < a->count; i++)
		word(w, "%c", name_letter(a->names[i]));
	if (a->kind == OP_RUN)
		run_words(w, task);
	else if (a->kind == OP_WAIT)
		wait_words(w, task);
	else if (a->kind == OP_BARRIER)
		barrier_words(w, task);
	else if (a->kind == OP_DONE)
		done_words(w, a);
	else if (a->lenient && *lenient[a->kind])
		word(w, "%s", lenient[a->kind]);
	if (a->generation)
		word(w, "--generation=%llu", (unsigned long long)a->generation);
	if (a->print)
		word(w, "--print");
	if (a->borrow) {
		word(w, "--borrow");
		word(w, "--");
		word(w, "true");
	}
	w->argv[w->count] = NULL;
}

_Noreturn void
by_command(const char *program, const char *space, const struct task *task, const struct worker *me)
{
	struct words w;

	command_words(&w, program, space, task);
	if (ftruncate(me->out, 0) || ftruncate(me->err, 0) || lseek(me->out, 0, SEEK_SET) ||
	    lseek(me->err, 0, SEEK_SET) || dup2(me->out, 1) < 0 || dup2(me->err, 2) < 0)
		_exit(126);
	execv(program, w.argv);
	_exit(127);
}

/* ---- the CMD of a run ----------------------------------------------------------- */

static void
serve_until(int64_t begin_ns, uint32_t us)
{
	int64_t left_ns = begin_ns + 1000 * (int64_t)us - now_ns();

	if (left_ns > 0)
		pause_us((long)(left_ns / 1000));
}

static uint32_t
read_word(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

/* Kills the command.  Lets go of its descriptor first, by which CMD would still hold the name. */
static _Noreturn void
kill_command(pid_t command)
{
	const char *hold = getenv("COMPL_HOLD");

	if (hold)
		close((int)read_word(hold));
	if (getppid() == command)
		kill(command, SIGKILL);
	_exit(0);
}

_Noreturn void
by_command_serve(char **argv)
{
	uint32_t ready_us = read_word(argv[0]), end_us = read_word(argv[1]),
		 kill_us = read_word(argv[2]);
	pid_t command = (pid_t)read_word(argv[3]);
	int64_t begin_ns = now_ns();

	prctl(PR_SET_TIMERSLACK, 1);
	if (!kill_us || ready_us < kill_us) {
		serve_until(begin_ns, ready_us);
		dprintf(READY_FD, "v%s\n", argv[4]);
	}
	serve_until(begin_ns, kill_us ? kill_us : end_us);
	if (kill_us)
		kill_command(command);
	_exit((int)read_word(argv[5]));
}

/* ---- what the command said --------------------------------------------------- */

static void
read_all(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
}

/* The last line is that of --outcome, which must agree with the status. */
static enum result
read_outcome(const char *line, int status, struct answer *got)
{
	unsigned posted;

	if ((sscanf(line, "done %u", &posted) == 1 || sscanf(line, "failed %u", &posted) == 1) &&
	    (int)posted == status) {
		got->status = (uint8_t)status;
		return GOT_OK;
	}
	if (!strcmp(line, "timeout") && status == 124)
		return GOT_TIMED_OUT;
	if (!strcmp(line, "removed") && status == 120)
		return GOT_REMOVED;
	if (!strcmp(line, "producer-died") && status == 121)
		return GOT_PRODUCER_DIED;
	if (!strcmp(line, "generation") && status == 123)
		return GOT_OTHER_GENERATION;
	return !strcmp(line, "error") && status == 125 ? GOT_REFUSED : GOT_WRONG;
}

/* A line of one letter is a name, and no value. */
static bool
read_name(const struct ask *a, const char *line, struct answer *got)
{
	unsigned i;

	for (i = 0; i < a->count; i++)
		if (name_letter(a->names[i]) == line[0] && (!line[1] || line[1] == '\n')) {
			if (a->at_least)
				got->granted |= (uint8_t)(1u << i);
			else
				got->which = (int8_t)i;
			return true;
		}
	return false;
}

static void
read_wait(const struct ask *a, int status, char *text, struct answer *got)
{
	char *line, *next;

	got->result = GOT_WRONG;
	if (a->cmd && status == 0 && !*text) {
		got->result = GOT_OK;
		got->values = VALUES_UNTOLD;
	}
	for (line = text; *line; line = next) {
		next = strchr(line, '\n');
		if (!next)
			return;
		*next++ = '\0';
		if (!*next)
			got->result = (uint8_t)read_outcome(line, status, got);
		else if (!read_name(a, line, got) && got->values < NAMES)
			got->value[got->values++] = by_library_value_number(line);
	}
}

static void
read_try(const struct ask *a, int status, const char *text, struct answer *got)
{
	const char *line;

	got->values = VALUES_UNTOLD;
	got->status = (uint8_t)status;
	got->result = status < 100    ? GOT_OK
		      : status == 121 ? GOT_PRODUCER_DIED
		      : status == 123 ? GOT_OTHER_GENERATION
		      : status == 124 ? GOT_TIMED_OUT
		      : status == 125 ? GOT_REFUSED
				      : GOT_WRONG;
	for (line = text; *line && read_name(a, line, got); line += 2)
		;
}

static void
read_barrier(int status, const char *text, struct answer *got)
{
	unsigned place;

	got->result = status == 0     ? GOT_OK
		      : status == 120 ? GOT_REMOVED
		      : status == 124 ? GOT_TIMED_OUT
		      : status == 125 ? GOT_REFUSED
				      : GOT_WRONG;
	if (got->result != GOT_OK)
		return;
	if (sscanf(text, "%u", &place) == 1 && place > 0 && place <= UINT8_MAX)
		got->place = (uint8_t)place;
	else
		got->result = GOT_WRONG;
}

/* What is neither a wait nor a barrier. */
static enum result
read_simple(const struct ask *a, int status, const char *text, struct answer *got)
{
	if (status == 0 && a->print)
		got->generation = strtoull(text, NULL, 10);
	if (status == 0)
		return GOT_OK;
	if (status == 1 && a->kind == OP_TEST)
		return GOT_NOT_DONE;
	if (status == 123)
		return GOT_OTHER_GENERATION;
	return status == 125 ? GOT_REFUSED : GOT_WRONG;
}

static enum result
read_run(const struct ask *a, int status)
{
	if (status == a->status)
		return GOT_OK;
	if (status == 124 && a->single)
		return GOT_TIMED_OUT;
	return status == 125 ? GOT_REFUSED : GOT_WRONG;
}

static void
read_exit(const struct task *task, int status, const struct worker *w, struct answer *got)
{
	char text[512];

	read_all(w->out, text, sizeof text);
	if (is_try(task))
		read_try(&task->ask, status, text, got);
	else if (task->ask.kind == OP_WAIT)
		read_wait(&task->ask, status, text, got);
	else if (task->ask.kind == OP_BARRIER)
		read_barrier(status, text, got);
	else if (task->ask.kind == OP_RUN)
		got->result = (uint8_t)read_run(&task->ask, status);
	else
		got->result = (uint8_t)read_simple(&task->ask, status, text, got);
	read_all(w->err, text, sizeof text);
	if (got->result == GOT_REFUSED && strstr(text, "is locked"))
		got->result = GOT_LOCKED;
	if (got->result == GOT_WRONG)
		fprintf(stderr, "# status %d: %s\n", status, text);
}

void
by_command_read_death(const struct task *task, int status, const struct worker *w,
		      struct answer *got)
{
	int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	bool leaves = (task->ask.kind == OP_WAIT && !task->ask.cmd) ||
		      (task->ask.kind == OP_BARRIER && task->how == BY_COMMAND);

	*got = (struct answer){ .which = -1, .failed_fast = -1, .result = GOT_WRONG };
	if (signal == 0 && task->how == BY_COMMAND)
		read_exit(task, WEXITSTATUS(status), w, got);
	else if (signal == SIGTERM || signal == SIGUSR1 || signal == SIGUSR2)
		got->result = leaves ? GOT_SIGNALLED : GOT_KILLED;
	else if (signal == SIGKILL)
		got->result = GOT_KILLED;
	if (got->result == GOT_WRONG)
		fprintf(stderr, "# ended with %s %d\n", signal ? "signal" : "status",
			signal ? signal : WEXITSTATUS(status));
}
