/* SPDX-License-Identifier: ISC
 *
 * discard.c - a child that takes what would hold up its receiver
 *
 * Invariant: while discard_first() runs, at most one datagram leaves the socket, the first.  The
 * child takes one each time that it is told to, and says so before this process looks at the socket
 * again.
 *
 * The child takes each datagram together with its descriptors, so nothing is closed before it ends.
 * If it has no room for more of them, the kernel closes the rest while the child receives; and if
 * there can be no child, it closes all while this process receives.  Then a timer interrupts what
 * close(2) waits for.  This alone would not do: a file system of the sender's own can make close(2)
 * wait so that no signal interrupts it.
 *
 * Such a child does not end, either.  So their number is bounded, and the last one is kept: it goes
 * on taking datagrams until another child has ended.
 */
#include "cli/discard.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define CONTROL_SIZE 2048 /* room for all that one datagram can have */
#define INTERVAL_US  1000
#define HELPERS_MAX  8

static int helper = -1;		   /* a socket to the child, or -1 */
static pid_t helpers[HELPERS_MAX]; /* those that may not have ended yet, or 0 */

/* ---- a timer ----------------------------------------------------------------------- */

static volatile sig_atomic_t is_sent; /* by somebody, not by the timer */

static void
note_alarm(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_code != SI_KERNEL)
		is_sent = 1;
}

/* Takes the first datagram, with as many descriptors as there is room for in control.
 *
 * While there is a signal that is not handled yet, no sleep of the kernel begins that a signal can
 * end.  A SIGALRM that somebody sends meanwhile is sent again, to be passed on to CMD. */
static void
take_first(int socket, char *control, size_t size)
{
	struct msghdr header = { .msg_control = control, .msg_controllen = size };
	const struct sigaction action = { .sa_sigaction = note_alarm, .sa_flags = SA_SIGINFO };
	const struct itimerval each = { { .tv_usec = INTERVAL_US }, { .tv_usec = INTERVAL_US } };
	struct sigaction action_before;
	struct itimerval timer_before;
	sigset_t alarm, mask_before;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	is_sent = 0;
	sigaction(SIGALRM, &action, &action_before);
	sigprocmask(SIG_UNBLOCK, &alarm, &mask_before);
	setitimer(ITIMER_REAL, &each, &timer_before);
	(void)recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	setitimer(ITIMER_REAL, &timer_before, NULL);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	sigaction(SIGALRM, &action_before, NULL);
	if (is_sent)
		kill(getpid(), SIGALRM);
}

/* ---- in the child ------------------------------------------------------------------ */

/* Otherwise a reader of this process's output, or a lock that a descriptor holds, would have to
 * wait for the child.  Before Linux 5.9 they do. */
static void
close_others(int one, int other)
{
	unsigned low = (unsigned)(one < other ? one : other);
	unsigned high = (unsigned)(one < other ? other : one);

	if (low > 0)
		syscall(SYS_close_range, 0, low - 1, 0);
	if (high > low + 1)
		syscall(SYS_close_range, low + 1, high - 1, 0);
	syscall(SYS_close_range, high + 1, ~0U, 0);
}

static void
allow_most_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static _Noreturn void
serve(int socket, int parent)
{
	char order, control[CONTROL_SIZE] __attribute__((aligned(sizeof(size_t))));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_others(socket, parent);
	allow_most_files();
	while (read(parent, &order, sizeof(order)) == sizeof(order)) {
		take_first(socket, control, sizeof(control));
		if (send(parent, &order, sizeof(order), MSG_NOSIGNAL) != sizeof(order))
			break;
	}
	_exit(0);
}

/* ---- in this process --------------------------------------------------------------- */

/* Returns a place for a child, or NULL.  A child that has ended may be reaped already, by others
 * that wait for any child. */
static pid_t *
reap_helper(void)
{
	for (size_t i = 0; i < HELPERS_MAX; i++)
		if (helpers[i] == 0 || waitpid(helpers[i], NULL, WNOHANG) != 0)
			return &helpers[i];
	return NULL;
}

static void
let_go(void)
{
	close(helper);
	helper = -1;
}

static bool
start_helper(int socket)
{
	pid_t pid, *place = reap_helper();
	int ends[2];

	if (place == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	pid = fork();
	if (pid == 0)
		serve(socket, ends[1]);
	close(ends[1]);
	helper = ends[0];
	*place = pid > 0 ? pid : 0;
	if (pid < 0)
		let_go();
	return pid > 0;
}

/* Ends at once if the child has died. */
static void
order_helper(void)
{
	char order = 0;
	ssize_t length;

	length = send(helper, &order, sizeof(order), MSG_NOSIGNAL);
	while (length == sizeof(order)) {
		length = read(helper, &order, sizeof(order));
		if (length == sizeof(order))
			return;
		if (length < 0 && errno == EINTR)
			length = sizeof(order);
	}
	let_go();
}

void
discard_first(int socket, bool has_fds)
{
	if (!has_fds)
		recv(socket, NULL, 0, MSG_DONTWAIT);
	else if (helper >= 0 || start_helper(socket))
		order_helper();
	else
		take_first(socket, NULL, 0);
}

void
discard_end(void)
{
	if (helper >= 0 && reap_helper() != NULL)
		let_go();
}
