/* SPDX-License-Identifier: ISC
 *
 * discard.h - removes datagrams of strangers from a socket
 *
 * A descriptor that came with a datagram can make its receiver sleep for as long as the sender
 * likes, also if the receiver does not read it: the kernel closes it then, and close(2) waits, for
 * example, for a TCP socket that lingers.  So a child of its own takes a datagram with descriptors,
 * and closes them when it ends.
 */
#ifndef CLI_DISCARD_H
#define CLI_DISCARD_H

#include <stdbool.h>

/* Removes the first datagram.  (If the child was killed just then, it may still be there.) */
void discard_first(int socket, bool has_fds);

/* Lets go of the child, if there is one, unless too many others have not ended yet. */
void discard_end(void);

#endif
