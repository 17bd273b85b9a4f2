/* SPDX-License-Identifier: ISC
 *
 * pace.c - counts the messages of strangers, and a timer for pauses
 *
 * CMD must get its own message into a queue that a stranger keeps full.  A sender that sleeps needs
 * some microseconds to try again after it was woken.  So a hundred are read in one go, and not ten
 * each millisecond: then the queue has room again and again while CMD tries.
 *
 * A queue can hold some hundred messages, and CMD's may be the last.  So a pause is not too long
 * either.
 */
#include "cli/pace.h"

#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "api/clock.h"

#define BATCH	     100
#define SHARE	     30 /* a pause is so many times as long as it took to read the batch */
#define PAUSE_MIN_NS INT64_C(10000000)
#define PAUSE_MAX_NS INT64_C(50000000)
#define BATCH_MAX_NS (PAUSE_MAX_NS / 12) /* with its pause, less than a tenth of a processor */

static int timer = -1;
static bool is_paused;
static unsigned strangers;	    /* in the second that has begun at second_ns */
static unsigned batch;		    /* messages since the last pause */
static int64_t second_ns, begin_ns; /* begin_ns: of pace_begin() */
static int64_t spent_ns;	    /* since the last pause, up to pace_end() */

bool
pace_open(void)
{
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return timer >= 0;
}

void
pace_begin(void)
{
	begin_ns = clock_now_ns();
}

void
pace_end(void)
{
	int64_t now_ns = clock_now_ns();

	spent_ns += (int64_t)clock_elapsed(begin_ns, now_ns);
	begin_ns = now_ns;
}

static void
begin_pause(void)
{
	struct itimerspec when = { .it_value = { 0 } };
	int64_t ns = SHARE * spent_ns;

	ns = ns < PAUSE_MIN_NS ? PAUSE_MIN_NS : ns > PAUSE_MAX_NS ? PAUSE_MAX_NS : ns;
	when.it_value = clock_timespec(ns);
	is_paused = timerfd_settime(timer, 0, &when, NULL) == 0;
	batch = 0;
	spent_ns = 0;
}

bool
pace_count(void)
{
	if (begin_ns - second_ns >= CLOCK_SECOND_NS) {
		second_ns = begin_ns;
		strangers = 0;
		batch = 0;
		spent_ns = 0;
	}
	strangers++;
	batch++;
	if (strangers <= BATCH)
		return is_paused;
	pace_end();
	if (batch >= BATCH || spent_ns >= BATCH_MAX_NS)
		begin_pause();
	return is_paused;
}

bool
pace_is_paused(void)
{
	return is_paused;
}

struct pollfd
pace_wish(void)
{
	return (struct pollfd){ .fd = timer, .events = POLLIN };
}

void
pace_resume(void)
{
	uint64_t count;

	if (is_paused && read(timer, &count, sizeof(count)) == sizeof(count))
		is_paused = false;
}
