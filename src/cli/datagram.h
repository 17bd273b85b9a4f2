/* SPDX-License-Identifier: ISC
 *
 * datagram.h - a datagram with its descriptors, and a look at its sender before it is taken
 *
 *	while (datagram_peek(socket, &sender, &has_fds))
 *		if (the sender is trusted)
 *			datagram_take(socket, &datagram);
 *		else
 *			discard_first(socket, has_fds);
 */
#ifndef CLI_DATAGRAM_H
#define CLI_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/sender.h"

#define DATAGRAM_TEXT_MAX 65536
#define DATAGRAM_FDS_MAX  252 /* the kernel would take 253, sendmsg() of musl does not */

struct datagram {
	char text[DATAGRAM_TEXT_MAX];
	size_t length;
	int fds[DATAGRAM_FDS_MAX];
	size_t fd_count;
};

/* Asks for the sender of each datagram of the socket.  False with errno. */
bool datagram_ask(int socket);

/* Looks at the first datagram, and leaves it where it is.  Returns false if there is none. */
bool datagram_peek(int socket, struct sender *sender, bool *has_fds);

/* The same for the pidfd of the sender of a datagram without descriptors.  If it is not -1, the
 * caller closes it. */
void datagram_peek_pidfd(int socket, struct sender *sender);

/* Takes the first datagram.  Returns false if there is none. */
bool datagram_take(int socket, struct datagram *datagram);

/* Closes the descriptors that came with it. */
void datagram_close(struct datagram *datagram);

#endif
