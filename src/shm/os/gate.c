/* SPDX-License-Identifier: ISC
 *
 * gate.c - blocks and unblocks the signals of the calling thread
 */
#include "shm/os/gate.h"

void
gate_close(struct gate *gate)
{
	if (gate->hold == NULL || gate->closed)
		return;
	pthread_sigmask(SIG_BLOCK, gate->hold, &gate->before);
	gate->closed = true;
}

void
gate_open(struct gate *gate)
{
	if (!gate->closed)
		return;
	gate->closed = false;
	pthread_sigmask(SIG_SETMASK, &gate->before, NULL);
}

void
gate_close_after_handler(struct gate *gate)
{
	if (gate->hold == NULL)
		return;
	pthread_sigmask(SIG_BLOCK, gate->hold, NULL);
	gate->closed = true;
}
