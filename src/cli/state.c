/* SPDX-License-Identifier: ISC
 *
 * state.c - the state of a name in one word
 *
 * While a producer is ready, a wait sees that and not the counter, so it comes first.
 */
#include "cli/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool
state_is_failed(const struct compl_entry *e)
{
	return e->failed || (e->done == COMPL_ALL && !e->ready && e->payload.status != 0);
}

void
state_write(char text[static STATE_SIZE], const struct compl_entry *e)
{
	const char *word = "pending";

	if (e->parties != 0) {
		snprintf(text, STATE_SIZE, "%zu/%" PRIu32, e->waiter_count, e->parties);
		return;
	}
	if (e->ready)
		word = "ready";
	else if (state_is_failed(e))
		word = "failed";
	else if (e->done == COMPL_ALL)
		word = "all";
	else if (e->done == 0 && e->lent != 0)
		word = "lent";
	if (e->done != 0 && e->done != COMPL_ALL && !e->ready)
		snprintf(text, STATE_SIZE, "%" PRIu32, e->done);
	else
		memcpy(text, word, strlen(word) + 1);
}
