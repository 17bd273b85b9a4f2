/* SPDX-License-Identifier: ISC
 *
 * datagram.c - peeks at datagrams and receives them
 *
 * To peek is not to receive.  datagram_peek() leaves no room for descriptors: they stay with the
 * datagram, and the kernel says that something was left out.
 */
#include "cli/datagram.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/pidfd.h"

bool
datagram_ask(int socket)
{
	const int yes = 1;

	return setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) == 0;
}

static void
read_credentials(struct sender *sender, const struct cmsghdr *c)
{
	struct ucred credentials;

	memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
	sender->pid = credentials.pid;
	sender->user = credentials.uid;
}

static bool
peek(int socket, struct msghdr *header)
{
	return recvmsg(socket, header, MSG_PEEK | MSG_CMSG_CLOEXEC | MSG_DONTWAIT) >= 0;
}

bool
datagram_peek(int socket, struct sender *sender, bool *has_fds)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(sizeof(size_t))));
	struct msghdr header = { .msg_control = control, .msg_controllen = sizeof(control) };
	const struct cmsghdr *c;

	if (!peek(socket, &header))
		return false;
	*has_fds = (header.msg_flags & MSG_CTRUNC) != 0;
	*sender = (struct sender){ .user = SENDER_UNKNOWN, .pidfd = -1 };
	c = CMSG_FIRSTHDR(&header);
	if (c != NULL && c->cmsg_type == SCM_CREDENTIALS)
		read_credentials(sender, c);
	return true;
}

/* The kernel puts a datagram's descriptors before the pidfd.  So there is no room that is large
 * enough for the pidfd alone. */
void
datagram_peek_pidfd(int socket, struct sender *sender)
{
	char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))]
		__attribute__((aligned(sizeof(size_t))));
	struct msghdr header = { .msg_control = control, .msg_controllen = sizeof(control) };

	if (!pidfd_ask(socket, true))
		return;
	if (peek(socket, &header))
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL;
		     c = CMSG_NXTHDR(&header, c))
			if (c->cmsg_type == SCM_PIDFD)
				memcpy(&sender->pidfd, CMSG_DATA(c), sizeof(sender->pidfd));
	pidfd_ask(socket, false);
	sender->is_reaped = sender->pidfd < -1;
	if (sender->is_reaped)
		sender->pidfd = -1;
}

static void
take_fds(struct datagram *datagram, const struct cmsghdr *c)
{
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	if (count > DATAGRAM_FDS_MAX - datagram->fd_count)
		count = DATAGRAM_FDS_MAX - datagram->fd_count;
	memcpy(datagram->fds + datagram->fd_count, CMSG_DATA(c), count * sizeof(int));
	datagram->fd_count += count;
}

static void
take_control(struct datagram *datagram, struct msghdr *header)
{
	datagram->fd_count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c))
		if (c->cmsg_type == SCM_RIGHTS)
			take_fds(datagram, c);
}

bool
datagram_take(int socket, struct datagram *datagram)
{
	char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(DATAGRAM_FDS_MAX * sizeof(int))]
		__attribute__((aligned(sizeof(size_t))));
	struct iovec text = { datagram->text, sizeof(datagram->text) };
	struct msghdr header = { .msg_iov = &text,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (length < 0)
		return false;
	datagram->length = (size_t)length;
	take_control(datagram, &header);
	return true;
}

void
datagram_close(struct datagram *datagram)
{
	for (size_t i = 0; i < datagram->fd_count; i++)
		close(datagram->fds[i]);
	datagram->fd_count = 0;
}
