/* SPDX-License-Identifier: ISC
 *
 * notify.h - a receiver for sd_notify(3)
 *
 * What CMD says is passed on to the receiver that this process was given in NOTIFY_SOCKET, if there
 * is one: a service manager, or another compl.
 */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

/* Makes the socket, and sets NOTIFY_SOCKET for CMD. */
void notify_begin_or_die(void);

/* For struct child_listener. */
struct pollfd notify_wish(void);

/* Takes the messages that are there and passes them on.  Stops at the first READY=1 and returns
 * true; the next call passes that message on.  cmd is CMD's pid. */
bool notify_hear(pid_t cmd);

/* Says that CMD has ended.  If the receiver that messages are passed on to has no room, it has a
 * second at most to make some. */
void notify_last(void);

#endif
