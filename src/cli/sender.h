/* SPDX-License-Identifier: ISC
 *
 * sender.h - may this process speak for CMD?
 */
#ifndef CLI_SENDER_H
#define CLI_SENDER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Root and our own user may, who could post themselves; the user that CMD runs as, and any
 * process below us, of whatever user, if it is still there. */
bool sender_is_trusted(const struct ucred *sender, pid_t cmd);

#endif
