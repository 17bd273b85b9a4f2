/* SPDX-License-Identifier: ISC
 *
 * sigmask.c - blocks signals of the calling thread, and restores its mask
 */
#include "shm/os/sigmask.h"

void
sigmask_block(struct sigmask *sigmask)
{
	if (sigmask->hold == NULL || sigmask->blocked)
		return;
	pthread_sigmask(SIG_BLOCK, sigmask->hold, &sigmask->before);
	sigmask->blocked = true;
}

void
sigmask_restore(struct sigmask *sigmask)
{
	if (!sigmask->blocked)
		return;
	sigmask->blocked = false;
	pthread_sigmask(SIG_SETMASK, &sigmask->before, NULL);
}

void
sigmask_block_after_handler(struct sigmask *sigmask)
{
	if (sigmask->hold == NULL)
		return;
	pthread_sigmask(SIG_BLOCK, sigmask->hold, NULL);
	sigmask->blocked = true;
}
