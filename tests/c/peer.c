/* SPDX-License-Identifier: ISC
 *
 * peer.c - robust mutexes of the libc, and shared memory for them
 */
#include "peer.h"

#include <signal.h>

void *
peer_shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void
peer_make_robust(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(mutex, &attr);
	pthread_mutexattr_destroy(&attr);
}

bool
peer_lock_robust(pthread_mutex_t *mutex)
{
	int result = pthread_mutex_lock(mutex);

	return result == 0 || (result == EOWNERDEAD && pthread_mutex_consistent(mutex) == 0);
}

bool
peer_ends_within(size_t i, int ms)
{
	int64_t limit = in_ms(ms);

	while (!child_try_reap(i)) {
		if (in_ms(0) > limit)
			return false;
		nap();
	}
	return true;
}

void
peer_put_away(size_t i)
{
	child_kill(i, SIGKILL);
	child_status(i);
}
