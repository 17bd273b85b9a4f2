/* SPDX-License-Identifier: ISC
 *
 * result.c - each result in a few English words
 */
#include <stddef.h>

#include "compl.h"

static const char *const answers[] = {
	[COMPL_OK] = "done",
	[COMPL_NOT_DONE] = "not done",
	[COMPL_TIMED_OUT] = "timed out",
	[COMPL_REMOVED] = "removed while waiting",
	[COMPL_PRODUCER_DIED] = "a producer of it has gone",
	[COMPL_DEAD_LOCK] = "waiting would dead-lock",
	[COMPL_INTERRUPTED] = "interrupted by a signal",
	[COMPL_OTHER_GENERATION] = "not of that generation",
};

static const char *const failures[] = {
	[COMPL_E_ARGUMENT - COMPL_E_FIRST] = "an argument is out of its range",
	[COMPL_E_BAD_NAME - COMPL_E_FIRST] = "not a valid name",
	[COMPL_E_BAD_NAMESPACE - COMPL_E_FIRST] = "not a valid namespace",
	[COMPL_E_BAD_VALUE - COMPL_E_FIRST] = "not a valid value",
	[COMPL_E_NO_NAME - COMPL_E_FIRST] = "no such name",
	[COMPL_E_NO_NAMESPACE - COMPL_E_FIRST] = "no such namespace",
	[COMPL_E_SCOPE_ENDED - COMPL_E_FIRST] = "the scope has ended",
	[COMPL_E_EXISTS - COMPL_E_FIRST] = "initialised already, or in use",
	[COMPL_E_BUSY - COMPL_E_FIRST] = "it holds tokens for those who wait",
	[COMPL_E_IN_USE - COMPL_E_FIRST] = "the name has another use, so it can be no barrier",
	[COMPL_E_BARRIER - COMPL_E_FIRST] = "a barrier stands on the name",
	[COMPL_E_PARTIES - COMPL_E_FIRST] = "the barrier stands for another number",
	[COMPL_E_OVERFLOW - COMPL_E_FIRST] = "the counter would overflow",
	[COMPL_E_FULL_NAMES - COMPL_E_FIRST] = "no room for another name",
	[COMPL_E_FULL_WAITERS - COMPL_E_FIRST] = "no room for another waiter",
	[COMPL_E_FULL_PRODUCERS - COMPL_E_FIRST] = "no room for another producer",
	[COMPL_E_FULL_DISK - COMPL_E_FIRST] = "no space left for shared memory",
	[COMPL_E_LOCKED - COMPL_E_FIRST] =
		"the namespace is locked by a process that does not go on",
	[COMPL_E_WRONG_OWNER - COMPL_E_FIRST] = "the segment's owner or mode is not as it must be",
	[COMPL_E_WRONG_FILE - COMPL_E_FIRST] = "not a segment of compl",
	[COMPL_E_WRONG_VERSION - COMPL_E_FIRST] = "made by another version of compl",
	[COMPL_E_DAMAGED - COMPL_E_FIRST] = "the segment is damaged",
	[COMPL_E_SYSTEM - COMPL_E_FIRST] = "a system call failed",
	[COMPL_E_UNREACHABLE - COMPL_E_FIRST] = "the engine does not answer",
	[COMPL_E_UNCERTAIN - COMPL_E_FIRST] = "no answer came: it may or may not have happened",
};

const char *
compl_strresult(enum compl_result result)
{
	const char *text = NULL;

	if ((size_t)result < sizeof(answers) / sizeof(answers[0]))
		text = answers[result];
	else if (result >= COMPL_E_FIRST &&
		 (size_t)(result - COMPL_E_FIRST) < sizeof(failures) / sizeof(failures[0]))
		text = failures[result - COMPL_E_FIRST];
	return text != NULL ? text : "an unknown result";
}
