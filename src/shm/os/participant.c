/* SPDX-License-Identifier: ISC
 *
 * participant.c - looks in /proc whether a thread has a segment mapped
 */
#include "shm/os/participant.h"

#include <string.h>
#include <unistd.h>

#include "api/proc.h"

/* Whether text occurs in a file.  True if the file cannot be read.  The pieces that are read
 * overlap, so that a text across the border of two is found. */
static bool
may_contain(int fd, const char *text)
{
	size_t filled = 0, length = strlen(text);
	char piece[4096];
	ssize_t n;

	while ((n = read(fd, piece + filled, sizeof(piece) - filled)) > 0) {
		filled += (size_t)n;
		if (memmem(piece, filled, text, length) != NULL)
			return true;
		if (filled >= length) {
			memmove(piece, piece + filled - (length - 1), length - 1);
			filled = length - 1;
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
