/* SPDX-License-Identifier: ISC
 *
 * child.c - starts CMD, and waits for its end, for signals and for a listener at once
 *
 * Ordering: child_start() blocks the signals, by relay_begin(), before it forks.  So a signal that
 * comes before CMD exists is passed on to it.
 */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/clock.h"
#include "api/number.h"
#include "cli/cold.h"
#include "cli/exec.h"
#include "cli/message.h"
#include "cli/relay.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cli/stderr.h"

#define HELD_SIZE 8192

static int signals;
COLD static char said[HELD_SIZE]; /* by this process */
static char *said_by_child;	  /* before it became CMD; NULL: it writes itself */

void
child_fill_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/", O_PATH | O_CLOEXEC);
}

bool
child_open(void)
{
	signals = relay_open();
	return signals >= 0;
}

/* If the variable holds the pid `from`, sets it to the pid of this process: what it announces is
 * meant for CMD.  Returns whether it did. */
static bool
hand_over_or_die(const char *variable, pid_t from)
{
	const char *text = getenv(variable);
	char number[NUMBER_SIZE];

	number_write(number, (uint64_t)from);
	if (text == NULL || strcmp(text, number) != 0)
		return false;
	number_write(number, (uint64_t)getpid());
	exec_set_or_die(variable, number);
	return true;
}

void
child_inherit_or_die(pid_t parent)
{
	hand_over_or_die("WATCHDOG_PID", parent);
	if (hand_over_or_die("LISTEN_PID", parent))
		unsetenv("LISTEN_PIDFDID"); /* by which newer systemds say the same */
}

/* Ordering: prctl() comes before getppid().  If the parent dies after prctl(), the kernel sends
 * SIGTERM; if it died before, getppid() has changed.  So no death is missed.  SIGTERM stays pending
 * until exec_or_die() has set the mask. */
static _Noreturn void
become_or_die(char **cmd, pid_t parent, void (*prepare)(void))
{
	message_hold(said_by_child, HELD_SIZE);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		raise(SIGTERM);
	child_inherit_or_die(parent);
	if (prepare != NULL)
		prepare();
	exec_or_die(cmd, NULL);
}

static void
share_memory(void)
{
	const int access = PROT_READ | PROT_WRITE;
	void *memory = said_by_child;

	if (memory == NULL)
		memory = mmap(NULL, HELD_SIZE, access, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	said_by_child = memory != MAP_FAILED ? memory : NULL;
}

static void
write_said(void)
{
	if (*said != '\0')
		stderr_write(said, strlen(said));
	message_hold(said, sizeof(said));
}

void
child_start(struct child *child, char **cmd, void (*prepare)(void))
{
	const pid_t parent = getpid();

	relay_begin();
	share_memory();
	message_hold(said, sizeof(said));
	*child = (struct child){ .pid = fork() };
	if (child->pid == 0)
		become_or_die(cmd, parent, prepare);
	if (child->pid > 0)
		return;
	message_line("'%s': cannot fork: %s", message_quote(cmd[0]), strerror(errno));
	child->has_ended = true;
	child->end = STATUS_CANNOT_RUN << 8; /* as of waitpid(2) */
}

/* Makes a pipe whose end for the child is not the number `avoid`: in the child that becomes another
 * file. */
static bool
make_pipe(int ends[2], int avoid)
{
	int fd;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	if (ends[1] != avoid)
		return true;
	fd = fcntl(ends[1], F_DUPFD_CLOEXEC, avoid + 1);
	close(ends[1]);
	ends[1] = fd;
	return fd >= 0;
}

/* The child's end is close-on-exec.  So an end of the file without a byte means that CMD has been
 * executed.
 *
 * Crash: if the child is killed before that, the end looks the same.  Then CMD counts as executed,
 * and ended by the signal. */
bool
child_start_and_wait(struct child *child, char **cmd, void (*prepare)(void), int avoid)
{
	ssize_t count;
	int ends[2];
	char status;

	if (!make_pipe(ends, avoid)) {
		message_line("'%s': %s", message_quote(cmd[0]), strerror(errno));
		*child = (struct child){ .has_ended = true, .end = STATUS_CANNOT_RUN << 8 };
		return false;
	}
	exec_tell(ends[1]);
	child_start(child, cmd, prepare);
	close(ends[1]);
	do
		count = read(ends[0], &status, 1);
	while (count < 0 && errno == EINTR);
	close(ends[0]);
	return count == 0 && !child->has_ended;
}

enum news { NOTHING, STOPPED, CONTINUED, ENDED };

static enum news
note(struct child *child, int status)
{
	child->stopped_by = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
	if (child->stopped_by != 0)
		return STOPPED;
	if (WIFCONTINUED(status))
		return CONTINUED;
	child->has_ended = true;
	child->end = status;
	return ENDED;
}

/* Returns the latest news of CMD.  This process may have other children, and as PID 1 or subreaper
 * it is also given processes whose parent has died: reaps them, and tells the listener of them. */
static enum news
reap(struct child *child)
{
	const struct child_listener *listener = child->listener;
	enum news news = NOTHING;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0)
		if (pid == child->pid)
			news = note(child, status);
		else if (listener != NULL && listener->reaped != NULL &&
			 (WIFEXITED(status) || WIFSIGNALED(status)))
			listener->reaped(pid, status);
	return news;
}

/* Is called for the terminal's stop signals as well as for SIGCHLD.  When a whole group is told to
 * stop, both are pending, and the kernel hands out SIGCHLD first: so CMD may have stopped before
 * this process reads that it was told to stop. */
static void
look_after(struct child *child)
{
	enum news news = reap(child);

	if (news == NOTHING && child->stopped_by != 0)
		news = STOPPED;
	while (news == STOPPED && relay_stop(child->stopped_by)) {
		news = reap(child);
		if (news == NOTHING)
			kill(child->pid, SIGCONT);
	}
}

static void
note_interruption(const struct child *child)
{
	if (child->listener != NULL && child->listener->interrupted != NULL)
		child->listener->interrupted();
}

static void
take_signals(struct child *child)
{
	int signal;

	while (!child->has_ended && (signal = relay_next(child->pid)) != 0)
		if (signal == SIGCHLD || signal == SIGTSTP || signal == SIGTTIN ||
		    signal == SIGTTOU)
			look_after(child);
		else if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP ||
			 signal == SIGQUIT)
			note_interruption(child);
}

/* Returns the milliseconds until a deadline, rounded up, as poll(2) takes them. */
static int
milliseconds_until(int64_t deadline_ns)
{
	int64_t left_ns = deadline_ns - clock_now_ns();

	return left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0;
}

/* Calls listener->look if *due_ns has come, and says when it is due again. */
static void
look_if_due(const struct child_listener *listener, int64_t *due_ns)
{
	if (milliseconds_until(*due_ns) > 0)
		return;
	listener->look(listener->arg);
	*due_ns = clock_now_ns() + listener->look_s * CLOCK_SECOND_NS;
}

/* Ordering: the listener comes before take_signals(), and is called for a signal, too.  What CMD's
 * processes sent before CMD's end is heard while CMD is not reaped yet, and can be looked at. */
void
child_wait(struct child *child, const struct child_listener *listener)
{
	struct pollfd wishes[2] = { { .fd = signals, .events = POLLIN }, { .fd = -1 } };
	bool looks = listener != NULL && listener->look != NULL, hears_more = false;
	int64_t due_ns = looks ? clock_now_ns() + listener->look_s * CLOCK_SECOND_NS : CLOCK_NEVER;

	child->listener = listener;
	while (!child->has_ended) {
		if (listener != NULL)
			wishes[1] = listener->wish();
		if (poll(wishes, 2, hears_more ? 0 : looks ? milliseconds_until(due_ns) : -1) < 0)
			continue;
		if (looks)
			look_if_due(listener, &due_ns);
		if (listener != NULL)
			hears_more = listener->hear(listener->arg);
		if (wishes[0].revents != 0)
			take_signals(child);
		if (!child->has_ended)
			write_said();
	}
}

void
child_tell(void)
{
	if (said_by_child != NULL && *said_by_child != '\0')
		stderr_write(said_by_child, strlen(said_by_child));
	if (said_by_child != NULL)
		*said_by_child = '\0';
	write_said();
	message_hold(NULL, 0);
}

int
child_status(const struct child *child)
{
	return WIFSIGNALED(child->end) ? STATUS_SIGNAL + WTERMSIG(child->end)
				       : WEXITSTATUS(child->end);
}

int
child_failure(const struct child *child)
{
	int signal = WIFSIGNALED(child->end) ? WTERMSIG(child->end) : 0;

	if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)
		return STATUS_DONE;
	return child_status(child);
}

int
child_end_as(const struct child *child)
{
	if (WIFSIGNALED(child->end))
		signals_die(WTERMSIG(child->end));
	return child_status(child);
}
