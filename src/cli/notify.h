/* SPDX-License-Identifier: ISC
 *
 * notify.h - a receiver for sd_notify(3)
 *
 * What CMD says is passed on to the receiver that we were given, if there is one: a service
 * manager, or another compl.
 */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

/* Makes the socket, and sets NOTIFY_SOCKET for CMD. */
void notify_begin_or_die(void);

struct pollfd notify_wish(void);

/* Takes what there is; stops with true where there is a READY=1 for the first time, which is
 * passed on by the next call.  cmd is CMD's pid. */
bool notify_hear(pid_t cmd);

/* CMD has ended: whom it is passed on to has a second at most to make room. */
void notify_last(void);

#endif
