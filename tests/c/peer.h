/* SPDX-License-Identifier: ISC
 *
 * peer - for tests that do the same to compl and to what others would use
 *
 * What the peer makes of it is a note on the screen (tests/run shows lines that begin with
 * "# note: "), never a failure.  The peer is that of the libc that the test is linked with.
 */
#ifndef PEER_H
#define PEER_H

#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#ifdef __GLIBC__
#define PEER "glibc"
#else
#define PEER "musl"
#endif

#define PATIENT_MS 1500 /* as long as a peer gets */

static inline void *
shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static inline void
make_robust(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(mutex, &attr);
	pthread_mutexattr_destroy(&attr);
}

/* As its users are told to: who hears that the owner died makes it consistent. */
static inline bool
lock_robust(pthread_mutex_t *mutex)
{
	int result = pthread_mutex_lock(mutex);

	return result == 0 || (result == EOWNERDEAD && pthread_mutex_consistent(mutex) == 0);
}

static inline bool
ends_within(size_t i, int ms)
{
	int64_t limit = in_ms(ms);

	while (!child_has_ended(i)) {
		if (in_ms(0) > limit)
			return false;
		nap();
	}
	return true;
}

static inline void
put_away(size_t i)
{
	child_kill(i, SIGKILL);
	child_status(i);
}

#endif
