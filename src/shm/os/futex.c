/* SPDX-License-Identifier: ISC
 *
 * futex.c - sleeps on words and wakes the sleepers, by futex(2) and futex_waitv(2)
 */
#include "shm/os/futex.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "api/clock.h"

/* The number is the same on every architecture, and musl 1.2.3 lacks the name. */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static enum futex_result
result_of(long rc)
{
	if (rc >= 0)
		return FUTEX_WOKEN;
	switch (errno) {
	case EAGAIN:
		return FUTEX_CHANGED;
	case EINTR:
		return FUTEX_SIGNALLED;
	case ETIMEDOUT:
		return FUTEX_TIMED_OUT;
	default:
		return FUTEX_BROKEN;
	}
}

/* Returns NULL for "never"; else fills in *ts and returns it. */
static const struct timespec *
timeout_of(int64_t deadline_ns, struct timespec *ts)
{
	if (deadline_ns == CLOCK_NEVER)
		return NULL;
	*ts = clock_timespec(deadline_ns);
	return ts;
}

enum futex_result
futex_wait(uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
	struct timespec ts;

	return result_of(syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected,
				 timeout_of(deadline_ns, &ts), NULL, FUTEX_BITSET_MATCH_ANY));
}

enum futex_result
futex_wait_any(const struct futex_watch *watches, size_t count, int64_t deadline_ns)
{
	struct futex_waitv vec[FUTEX_WATCH_MAX];
	struct timespec ts;
	long rc;

	for (size_t i = 0; i < count; i++)
		vec[i] = (struct futex_waitv){ .val = watches[i].expected,
					       .uaddr = (uintptr_t)watches[i].word,
					       .flags = FUTEX_32 };
	rc = syscall(SYS_futex_waitv, vec, (unsigned)count, 0, timeout_of(deadline_ns, &ts),
		     CLOCK_MONOTONIC);
	if (rc < 0 && (errno == ENOSYS || errno == EPERM))
		return FUTEX_UNSUPPORTED;
	return result_of(rc);
}

int
futex_wake(uint32_t *word, int count)
{
	long woken = syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);

	return woken > 0 ? (int)woken : 0;
}

/* The kernel stores `*word | 0` at word.  Nobody sleeps on `own`, on which the call is to wake
 * somebody first. */
int
futex_touch(uint32_t *word)
{
	const int nothing = FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_LT, 0);
	uint32_t own = 0;

	return syscall(SYS_futex, &own, FUTEX_WAKE_OP, 0, NULL, word, nothing) < 0 ? -1 : 0;
}

int
futex_set_robust_list(struct robust_list_head *head)
{
	return (int)syscall(SYS_set_robust_list, head, sizeof(*head));
}

int
futex_get_robust_list(struct robust_list_head **head)
{
	size_t size;

	return (int)syscall(SYS_get_robust_list, 0, head, &size);
}

enum futex_list
futex_list_of(uint32_t tid)
{
	struct robust_list_head *head;
	size_t size;

	if (syscall(SYS_get_robust_list, tid, &head, &size) == 0)
		return head != NULL ? FUTEX_HAS_LIST : FUTEX_HAS_NO_LIST;
	return errno == ESRCH ? FUTEX_NO_THREAD : FUTEX_HAS_LIST;
}
