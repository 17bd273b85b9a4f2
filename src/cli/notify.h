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

/* In the child: sets COMPL_NOTIFY_PID, by which a run below this one knows whether it is CMD. */
void notify_prepare_or_die(void);

/* For struct child_listener. */
struct pollfd notify_wish(void);

/* Takes the messages that are there and passes them on.  Stops at a READY=1 and returns true;
 * the next call passes that message on.  cmd is CMD's pid. */
bool notify_hear(pid_t cmd);

/* Says that CMD has ended.  If the receiver that messages are passed on to has no room, it has a
 * second at most to make some. */
void notify_last(void);

/* Removes the socket, if it is in the file system. */
void notify_end(void);

#endif
