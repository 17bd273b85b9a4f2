/* SPDX-License-Identifier: ISC
 *
 * participant.c - looks into /proc whether a thread has a segment mapped
 */
#include "shm/os/participant.h"

#include <string.h>
#include <unistd.h>

#include "api/proc.h"

/* Whether text occurs in a file; what cannot be read counts as a yes.  Pieces overlap, lest
 * it is torn between two. */
static bool
may_contain(int fd, const char *text)
{
	size_t keep = 0, length = strlen(text);
	char piece[4096];
	ssize_t n;

	while ((n = read(fd, piece + keep, sizeof(piece) - keep)) > 0) {
		keep += (size_t)n;
		if (memmem(piece, keep, text, length) != NULL)
			return true;
		if (keep >= length) {
			memmove(piece, piece + keep - (length - 1), length - 1);
			keep = length - 1;
		}
	}
	return n < 0;
}

bool
participant_may_be(uint32_t tid, const char *name)
{
	int fd = proc_open((pid_t)tid, "maps");
	bool may_be;

	if (fd < 0)
		return true;
	may_be = may_contain(fd, name);
	close(fd);
	return may_be;
}
