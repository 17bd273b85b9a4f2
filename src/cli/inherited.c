/* SPDX-License-Identifier: ISC
 *
 * inherited.c - chooses the number of the descriptor that CMD inherits, and hands it on
 *
 * Invariant: this process never lends the descriptor to anybody but CMD: it is close-on-exec here,
 * and inherited_give_or_die() changes that in the child only.
 */
#include "cli/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/number.h"
#include "cli/exec.h"

#define HIGHEST 9 /* every shell can close 0 to 9 */
#define LOWEST	(STDERR_FILENO + 1)

static int number = -1;

/* Opens something at this number, if it is free: a copy of descriptor 0, which is open by now
 * (child_fill_descriptors()). */
static bool
reserve(int wanted)
{
	if (fcntl(wanted, F_GETFD) < 0)
		number = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, wanted);
	return number == wanted;
}

/* fcntl(2) says EINVAL if the number is above the limit of the process. */
static bool
reserve_above(int least, int avoid)
{
	number = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, least);
	if (number < 0 && errno == EINVAL)
		errno = EMFILE;
	if (number != avoid || number < 0)
		return number >= 0;
	close(number);
	return reserve_above(avoid + 1, -1);
}

/* Whether this is the descriptor of an outer run.  COMPL_HOLD may be out of date: CMD may have
 * closed it, and have opened a file of its own there.  A lock file, say, is open for writing. */
static bool
is_of_outer_run(int fd)
{
	const char *text = getenv("COMPL_HOLD");
	char own[NUMBER_SIZE];
	struct stat st;

	if (fd < 0 || text == NULL)
		return false;
	number_write(own, (uint64_t)fd);
	return strcmp(text, own) == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
}

bool
inherited_choose(int avoid)
{
	if (is_of_outer_run(avoid) && fcntl(avoid, F_DUPFD, LOWEST) >= 0)
		close(avoid);
	for (int wanted = HIGHEST; wanted >= LOWEST; wanted--)
		if (wanted != avoid && reserve(wanted))
			return true;
	return reserve_above(HIGHEST + 1, avoid);
}

/* dup3() cannot fail: both descriptors are open, and only this thread opens others. */
void
inherited_put(int fd)
{
	dup3(fd, number, O_CLOEXEC);
	close(fd);
}

/* COMPL_HOLD may be that of an outer run until now, whose descriptor CMD inherits too. */
void
inherited_give_or_die(void)
{
	char text[NUMBER_SIZE];

	if (number < 0)
		return;
	fcntl(number, F_SETFD, 0);
	number_write(text, (uint64_t)number);
	exec_set_or_die("COMPL_HOLD", text);
}

void
inherited_close(void)
{
	if (number >= 0)
		close(number);
	number = -1;
}
