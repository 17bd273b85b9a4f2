/* SPDX-License-Identifier: ISC
 *
 * stderr.c - writes to standard error without waiting for its reader
 *
 * O_NONBLOCK is a flag of the open file, which other processes share.  So each kind of file has a
 * way of its own to be written to without waiting:
 *
 * - a regular file: write(2), which waits for no reader
 * - a socket: send(2) with MSG_DONTWAIT
 * - a pipe: pwritev2(2) with RWF_NOWAIT, since Linux 6.4
 * - a FIFO, a terminal, or a pipe of an older kernel: opens it again, with O_NONBLOCK
 * - if its owner forbids that: poll(2) before each piece.  A pipe that is writable takes PIPE_BUF
 *   bytes, a terminal takes one.  If another writer is faster, this waits for the reader after all.
 *
 * A pipe gets a line of at most PIPE_BUF bytes as a whole or not at all.
 *
 * SIGPIPE is blocked meanwhile, and a pending one of our own is taken away.  The kernel sends it to
 * the thread, and sigtimedwait(2) takes that one before one that another process sent to the
 * process.  SIGTTOU is blocked, too: 'stty tostop' would stop this process for writing.
 */
#include "cli/stderr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "api/clock.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

#define PATIENCE_NS (CLOCK_SECOND_NS / 10)
#define ALL_AT_ONCE SIZE_MAX

enum way { SEND, NOWAIT, POLL, WRITE };

struct sink {
	enum way way;
	int fd;
	bool is_terminal, is_fifo;
	size_t piece;	     /* the most that one call writes */
	int64_t deadline_ns; /* 0 until the first call that would have waited */
};

static struct sink
find_sink(void)
{
	struct sink s = { .way = WRITE, .fd = STDERR_FILENO, .piece = ALL_AT_ONCE };
	struct stat stat;

	if (fstat(s.fd, &stat) != 0)
		return s;
	s.is_fifo = S_ISFIFO(stat.st_mode);
	s.is_terminal = S_ISCHR(stat.st_mode) && isatty(s.fd);
	if (S_ISSOCK(stat.st_mode))
		s.way = SEND;
	else if (s.is_fifo || S_ISCHR(stat.st_mode))
		s.way = NOWAIT;
	return s;
}

/* Finds another way, where the kernel does not know RWF_NOWAIT for such a file.  A device that is
 * no terminal is not opened again: that might do something to it. */
static void
open_again(struct sink *s)
{
	int fd = -1;

	if (s->is_fifo || s->is_terminal)
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	s->way = fd >= 0 ? WRITE : POLL;
	if (fd >= 0)
		s->fd = fd;
	else if (s->is_fifo || s->is_terminal)
		s->piece = s->is_fifo ? PIPE_BUF : 1;
}

static bool
has_room(const struct sink *s, int ms)
{
	struct pollfd room = { .fd = s->fd, .events = POLLOUT };

	return poll(&room, 1, ms) == 1;
}

static ssize_t
write_piece(const struct sink *s, const char *text, size_t length)
{
	struct iovec bytes = { (void *)text, length < s->piece ? length : s->piece };

	switch (s->way) {
	case SEND:
		return send(s->fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	case NOWAIT:
		return syscall(SYS_pwritev2, s->fd, &bytes, 1, -1L, -1L, RWF_NOWAIT);
	case POLL:
		if (!has_room(s, 0)) {
			errno = EAGAIN;
			return -1;
		}
		break;
	case WRITE:
		break;
	}
	return write(s->fd, bytes.iov_base, bytes.iov_len);
}

/* Waits until there may be room again.  Returns false if there was none for too long. */
static bool
wait_for_room(struct sink *s)
{
	int64_t now = clock_now_ns();

	if (s->deadline_ns == 0)
		s->deadline_ns = now + PATIENCE_NS;
	if (now >= s->deadline_ns)
		return false;
	has_room(s, (int)((s->deadline_ns - now) / 1000000) + 1);
	return true;
}

/* Does after a failed write, by errno, what lets the next one succeed.  Returns false if there is
 * nothing. */
static bool
prepare_retry(struct sink *s)
{
	if (errno == EINTR)
		return true;
	if (errno == EAGAIN)
		return wait_for_room(s);
	if (s->way != NOWAIT || errno == EPIPE)
		return false;
	open_again(s);
	return true;
}

/* Returns 0 if all was written or dropped for want of room, or else an errno. */
static int
write_all(struct sink *s, const char *text, size_t length)
{
	errno = 0;
	while (length > 0) {
		ssize_t n = write_piece(s, text, length);

		if (n < 0 && !prepare_retry(s))
			break;
		text += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return length > 0 ? errno : 0;
}

void
stderr_write(const char *text, size_t length)
{
	const struct timespec now = { 0 };
	struct sink s = find_sink();
	sigset_t held, pipe, before, pending;
	int error = errno;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	held = pipe;
	sigaddset(&held, SIGTTOU);
	sigprocmask(SIG_BLOCK, &held, &before);
	sigpending(&pending);
	if (write_all(&s, text, length) == EPIPE && s.way != SEND &&
	    !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe, NULL, &now);
	if (s.fd != STDERR_FILENO)
		close(s.fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
}
