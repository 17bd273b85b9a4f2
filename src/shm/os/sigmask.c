/* SPDX-License-Identifier: ISC
 *
 * sigmask.c - blocks and unblocks the signals of the calling thread
 */
#include "shm/os/sigmask.h"

void
sigmask_block(struct sigmask *sigmask)
{
	if (sigmask->hold == NULL || sigmask->closed)
		return;
	pthread_sigmask(SIG_BLOCK, sigmask->hold, &sigmask->before);
	sigmask->closed = true;
}

void
sigmask_restore(struct sigmask *sigmask)
{
	if (!sigmask->closed)
		return;
	sigmask->closed = false;
	pthread_sigmask(SIG_SETMASK, &sigmask->before, NULL);
}

void
sigmask_block_after_handler(struct sigmask *sigmask)
{
	if (sigmask->hold == NULL)
		return;
	pthread_sigmask(SIG_BLOCK, sigmask->hold, NULL);
	sigmask->closed = true;
}
