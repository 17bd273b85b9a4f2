/* SPDX-License-Identifier: ISC
 *
 * notify.c - a socket that takes datagrams from CMD
 *
 * The address is a path, because some senders know no other address.  It is abstract only if there
 * is no directory for it.  Everybody can find it in /proc/net/unix, and send to it, so
 * sender_judge() is asked about each message: a mode that lets in CMD alone would have to know
 * which user CMD becomes.
 *
 * Messages are taken one after the other.  READY=1 is posted first, then the message is passed on
 * with its descriptors and without MAINPID=, then the descriptors are closed.  BARRIER=1 needs
 * nothing else: its sender waits until every holder has closed the descriptor that came with it:
 * this process, and the outer receiver if there is one.  While the outer receiver has no room, the
 * message is held and no other is read: the sender waits, as it would have waited at the outer
 * receiver.
 */
#include "cli/notify.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/number.h"
#include "api/random.h"
#include "cli/address.h"
#include "cli/datagram.h"
#include "cli/discard.h"
#include "cli/exec.h"
#include "cli/message.h"
#include "cli/pace.h"
#include "cli/sender.h"
#include "cli/socket_dir.h"
#include "cli/status.h"

#define VARIABLE       "NOTIFY_SOCKET"
#define PID_VARIABLE   "COMPL_NOTIFY_PID"
#define ABSTRACT       "@compl-notify."
#define RANDOM_BYTES   16
#define BATCH	       128  /* messages that one notify_hear() takes */
#define LAST_BATCH     4096 /* the same after CMD's end: more than a socket holds */
#define LAST_CHANCE_MS 1000 /* after CMD's end, for an outer receiver that has no room */

/* CMD sends to the socket inner.  The socket outer passes on what CMD says, if it is not -1. */
static int inner = -1, outer = -1;
static struct address outer_address;
static struct datagram *message; /* large, and most commands need none */
static bool is_held;		 /* message is not yet passed on */
static bool is_last;		 /* CMD has ended: pass_on() holds nothing any more */
static bool has_complained;
static struct sender stranger; /* the latest of this batch, or pid 0 */

/* ---- sockets -------------------------------------------------------------------- */

static bool
bind_abstract(char address[static ADDRESS_TEXT_MAX + 1])
{
	memcpy(address, ABSTRACT, sizeof(ABSTRACT));
	return random_hex(address + strlen(ABSTRACT), RANDOM_BYTES) && address_bind(inner, address);
}

static bool
open_inner_or_die(void)
{
	char address[ADDRESS_TEXT_MAX + 1];

	inner = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (inner < 0 || !datagram_ask(inner) ||
	    !(socket_dir_bind(inner, address) || bind_abstract(address)))
		return false;
	exec_set_or_die(VARIABLE, address);
	return true;
}

/* Whether the receiver at this address is another run, and this process is not its CMD. */
static bool
is_meant_for_other(const char *address)
{
	const char *text = getenv(PID_VARIABLE);
	char number[NUMBER_SIZE];

	if (!socket_dir_is_ours(address) && strncmp(address, ABSTRACT, strlen(ABSTRACT)) != 0)
		return false;
	number_write(number, (uint64_t)getpid());
	return text == NULL || strcmp(text, number) != 0;
}

/* There is no outer receiver if NOTIFY_SOCKET is unset or has an address of another kind, or if
 * what it hears from here would be taken for the readiness of something else.  If the outer
 * receiver has gone since, give() fails, and what CMD says is dropped. */
static bool
open_outer(void)
{
	const char *text = getenv(VARIABLE);

	if (text == NULL || !address_read(&outer_address, text) || is_meant_for_other(text))
		return true;
	outer = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return outer >= 0;
}

void
notify_begin_or_die(void)
{
	message = calloc(1, sizeof(*message));
	if (message != NULL && open_outer() && pace_open() && open_inner_or_die())
		return;
	message_line("--ready: cannot make a socket for CMD: %s", strerror(errno));
	exit(STATUS_FAILED);
}

/* ---- reading -------------------------------------------------------------------- */

/* Returns the length of the line at text, with its newline.  text has `bytes` bytes. */
static size_t
line_length(const char *text, size_t bytes)
{
	const char *end = memchr(text, '\n', bytes);

	return end != NULL ? (size_t)(end - text) + 1 : bytes;
}

static bool
begins_with(const char *text, size_t bytes, const char *word)
{
	return bytes >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

static bool
is_ready_line(const char *text, size_t bytes)
{
	const char word[] = "READY=1";
	size_t length = strlen(word);

	return begins_with(text, bytes, word) &&
	       (bytes == length || text[length] == '\n' || text[length] == '\0');
}

/* Returns whether the message has a line READY=1.  Takes out the lines that say which process is
 * the main one (MAINPID=, and the same by pidfd): for the outer receiver the main process is this
 * one. */
static bool
read_lines(void)
{
	size_t kept = 0, length;
	bool found = false;

	for (size_t at = 0; at < message->length; at += length) {
		const char *line = message->text + at;

		length = line_length(line, message->length - at);
		found = found || is_ready_line(line, length);
		if (begins_with(line, length, "MAINPID"))
			continue;
		memmove(message->text + kept, line, length);
		kept += length;
	}
	message->length = kept;
	return found;
}

/* ---- passing on ----------------------------------------------------------------- */

static void
give_descriptors(struct msghdr *header, void *control)
{
	const size_t size = message->fd_count * sizeof(int);
	struct cmsghdr *c;

	if (size == 0)
		return;
	header->msg_control = control;
	header->msg_controllen = CMSG_SPACE(size);
	c = CMSG_FIRSTHDR(header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), message->fds, size);
}

/* Connects anew each time, because the receiver may have been started anew. */
static bool
give(void)
{
	char control[CMSG_SPACE(DATAGRAM_FDS_MAX * sizeof(int))] = { 0 };
	struct iovec text = { message->text, message->length };
	struct msghdr header = { .msg_iov = &text, .msg_iovlen = 1 };

	give_descriptors(&header, control);
	return connect(outer, (struct sockaddr *)&outer_address.name, outer_address.length) == 0 &&
	       sendmsg(outer, &header, MSG_NOSIGNAL) >= 0;
}

static bool
wait_for_room(void)
{
	struct pollfd room = { .fd = outer, .events = POLLOUT };

	if (poll(&room, 1, LAST_CHANCE_MS) == 1)
		return true;
	close(outer);
	outer = -1;
	return false;
}

/* Passes the message on and drops it.  If the receiver has no room, holds the message instead;
 * after CMD's end waits for room. */
static void
pass_on(void)
{
	bool is_given;

	do
		is_given = message->length == 0 || outer < 0 || give();
	while (!is_given && errno == EAGAIN && is_last && wait_for_room());
	is_held = !is_given && errno == EAGAIN && !is_last;
	if (!is_held)
		datagram_close(message);
}

/* ---- in turn -------------------------------------------------------------------- */

struct pollfd
notify_wish(void)
{
	if (is_held)
		return (struct pollfd){ .fd = outer, .events = POLLOUT };
	if (pace_is_paused())
		return pace_wish();
	return (struct pollfd){ .fd = inner, .events = POLLIN };
}

void
notify_prepare_or_die(void)
{
	char number[NUMBER_SIZE];

	number_write(number, (uint64_t)getpid());
	exec_set_or_die(PID_VARIABLE, number);
}

void
notify_end(void)
{
	socket_dir_remove();
}

void
notify_last(void)
{
	is_last = true;
}

static void
complain(const struct sender *sender)
{
	if (!has_complained)
		message_line("--ready: ignored a message from process %d of uid %u, which does not "
			     "belong to CMD",
			     (int)sender->pid, (unsigned)sender->user);
	has_complained = true;
}

static bool
is_same_stranger(const struct sender *sender)
{
	return sender->pid != 0 && sender->pid == stranger.pid && sender->user == stranger.user;
}

/* Returns whether to go on at once. */
static bool
refuse(const struct sender *sender, bool has_fds)
{
	stranger = *sender;
	complain(sender);
	discard_first(inner, has_fds);
	return !pace_count() || is_last;
}

static bool
judge(struct sender *sender, bool has_fds, pid_t cmd)
{
	bool is_trusted;

	if (!has_fds)
		datagram_peek_pidfd(inner, sender);
	is_trusted = sender_judge(sender, cmd);
	if (sender->pidfd >= 0)
		close(sender->pidfd);
	return is_trusted;
}

/* Takes the next message, if it is from a process that may speak for CMD.  Returns whether to go on
 * to the one after it. */
static bool
take_next(pid_t cmd)
{
	struct sender sender;
	bool has_fds;

	if (!datagram_peek(inner, &sender, &has_fds))
		return false;
	if (!sender_is_known(&sender, cmd) &&
	    (is_same_stranger(&sender) || !judge(&sender, has_fds, cmd)))
		return refuse(&sender, has_fds);
	is_held = datagram_take(inner, message);
	return is_held;
}

/* Takes messages until one is held that makes CMD ready, and returns true, or until none is left.
 * It takes no more than a batch: anybody can send, and the caller must look after signals and CMD's
 * end. */
static bool
take_batch(pid_t cmd)
{
	for (int left = is_last ? LAST_BATCH : BATCH; left > 0 && !is_held; left--) {
		if (!take_next(cmd))
			return false;
		if (!is_held)
			continue;
		if (read_lines())
			return true;
		pass_on();
	}
	return false;
}

/* A message with READY=1 stays held until the caller has posted the readiness. */
bool
notify_hear(pid_t cmd)
{
	bool result;

	if (is_held)
		pass_on();
	pace_resume();
	if (pace_is_paused() && !is_last)
		return false;
	pace_begin();
	stranger.pid = 0;
	result = take_batch(cmd);
	pace_end();
	discard_end();
	return result;
}
