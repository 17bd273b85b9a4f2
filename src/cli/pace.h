/* SPDX-License-Identifier: ISC
 *
 * pace.h - a bound on the work that strangers can make
 *
 * The first hundred messages of strangers in a second are read at once.  After each further hundred
 * there is a pause: of ten milliseconds at least, and longer if the hundred took long.  Where that
 * would be longer than the longest pause, the pause comes after fewer messages.
 */
#ifndef CLI_PACE_H
#define CLI_PACE_H

#include <poll.h>
#include <stdbool.h>

/* False with errno. */
bool pace_open(void);

/* Call these before and after messages are read. */
void pace_begin(void);
void pace_end(void);

/* Counts a message of a stranger.  Returns true if a pause has begun. */
bool pace_count(void);

bool pace_is_paused(void);

/* What to wait for in a pause. */
struct pollfd pace_wish(void);

/* Ends the pause if its time has come. */
void pace_resume(void);

#endif
