/* SPDX-License-Identifier: ISC
 *
 * by-command.c - becomes a command, and reads what a dead command has printed
 */
#include "by-command.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "by-library.h"

#define WORDS 32

/* An argument vector, with the texts of the arguments. */
struct words {
	char *argv[WORDS];
	unsigned count;
	char text[512];
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
	return task->ask.at_once && !task->ask.fail_fast && !task->ask.existing &&
	       task->timeout_us % 2;
}

static void
wait_words(struct words *w, const struct task *task)
{
	const struct ask *a = &task->ask;

	word(w, "--count=%u", (unsigned)a->tokens);
	if (a->any)
		word(w, "--any");
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

static void
command_words(struct words *w, const char *program, const char *space, const struct task *task)
{
	static const char *const verbs[] = { "done", "wait", "test", "init", "reinit", "rm" };
	static const char *const lenient[] = { "", "", "", "--exist-ok", "--force", "-f" };
	const struct ask *a = &task->ask;
	unsigned i;

	*w = (struct words){ .count = 0 };
	word(w, "%s", program);
	word(w, "%s", is_try(task) ? "try" : verbs[a->kind]);
	word(w, "--namespace=%s", space);
	for (i = 0; i < a->count; i++)
		word(w, "%c", name_letter(a->names[i]));
	if (a->kind == OP_WAIT)
		wait_words(w, task);
	else if (a->kind == OP_DONE)
		done_words(w, a);
	else if (a->lenient && *lenient[a->kind])
		word(w, "%s", lenient[a->kind]);
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

	if (sscanf(line, "done %u", &posted) == 1 && (int)posted == status) {
		got->status = (uint8_t)status;
		return GOT_OK;
	}
	if (!strcmp(line, "timeout") && status == 124)
		return GOT_TIMED_OUT;
	if (!strcmp(line, "removed") && status == 120)
		return GOT_REMOVED;
	if (!strcmp(line, "producer-died") && status == 121)
		return GOT_PRODUCER_DIED;
	return !strcmp(line, "error") && status == 125 ? GOT_REFUSED : GOT_WRONG;
}

static void
read_wait(const struct ask *a, int status, char *text, struct answer *got)
{
	char *line, *next;

	got->result = GOT_WRONG;
	for (line = text; *line; line = next) {
		next = strchr(line, '\n');
		if (!next)
			return;
		*next++ = '\0';
		if (!*next)
			got->result = (uint8_t)read_outcome(line, status, got);
		else if (a->any && line == text && !line[1])
			for (got->which = 0;
			     got->which < a->count && name_letter(a->names[got->which]) != *line;)
				got->which++;
		else if (got->values < NAMES)
			got->value[got->values++] = by_library_value_number(line);
	}
}

static void
read_try(const struct ask *a, int status, const char *text, struct answer *got)
{
	unsigned i;

	got->values = VALUES_UNTOLD;
	got->status = (uint8_t)status;
	got->result = status < 100    ? GOT_OK
		      : status == 121 ? GOT_PRODUCER_DIED
		      : status == 124 ? GOT_TIMED_OUT
		      : status == 125 ? GOT_REFUSED
				      : GOT_WRONG;
	for (i = 0; a->any && i < a->count; i++)
		if (name_letter(a->names[i]) == *text)
			got->which = (int8_t)i;
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
	else if (status == 0)
		got->result = GOT_OK;
	else if (status == 1 && task->ask.kind == OP_TEST)
		got->result = GOT_NOT_DONE;
	else
		got->result = status == 125 ? GOT_REFUSED : GOT_WRONG;
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

	*got = (struct answer){ .which = -1, .failed_fast = -1, .result = GOT_WRONG };
	if (signal == 0 && task->how == BY_COMMAND)
		read_exit(task, WEXITSTATUS(status), w, got);
	else if (signal == SIGTERM || signal == SIGUSR1 || signal == SIGUSR2)
		got->result = task->ask.kind == OP_WAIT ? GOT_SIGNALLED : GOT_KILLED;
	else if (signal == SIGKILL)
		got->result = GOT_KILLED;
	if (got->result == GOT_WRONG)
		fprintf(stderr, "# ended with %s %d\n", signal ? "signal" : "status",
			signal ? signal : WEXITSTATUS(status));
}
