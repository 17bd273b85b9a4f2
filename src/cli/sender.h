/* SPDX-License-Identifier: ISC
 *
 * sender.h - whether a process may speak for CMD
 */
#ifndef CLI_SENDER_H
#define CLI_SENDER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* True for root and for the user of this process, who could post by themselves; for the user that
 * CMD runs as; and for any process below this one, of whatever user, if it still exists. */
bool sender_is_trusted(const struct ucred *sender, pid_t cmd);

#endif
