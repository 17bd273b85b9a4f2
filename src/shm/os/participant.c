/* SPDX-License-Identifier: ISC
 *
 * participant.c - asks the kernel, and looks in /proc, what became of a thread
 */
#include "shm/os/participant.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/clock.h"
#include "api/proc.h"
#include "shm/os/futex.h"

#define SLACK_NS (CLOCK_SECOND_NS / 10) /* /proc counts in ticks of a hundredth of a second */

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
	int fd = name != NULL ? proc_open((pid_t)tid, "maps") : -1;
	bool may_be;

	if (fd < 0)
		return true;
	may_be = may_contain(fd, name);
	close(fd);
	return may_be;
}

/* A thread without a robust list is not the owner, unless it is a program of another word size: the
 * kernel keeps a second list for these, and does not tell of it.  So the segment decides.  (A
 * thread that has ended has nothing mapped.) */
bool
participant_is_gone(uint32_t tid, const char *name)
{
	enum futex_list list = futex_list_of(tid);

	return list == FUTEX_NO_THREAD ||
	       (list == FUTEX_HAS_NO_LIST && !participant_may_be(tid, name));
}

/* Whether the clocks of a thread are ours.  (Before Linux 5.6 all are.) */
static bool
is_of_our_time(uint32_t tid)
{
	struct stat ours, its;
	char path[40];

	if (stat("/proc/self/ns/time", &ours) < 0)
		return access("/proc/self/ns/pid", F_OK) == 0;
	snprintf(path, sizeof(path), "/proc/%u/ns/time", tid);
	return stat(path, &its) == 0 && its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

/* Compares ages, because /proc counts from the boot and since_ns is monotonic.  While the machine
 * is suspended only the first of these clocks goes on.  So a thread may look older than it is, and
 * never younger. */
bool
participant_is_another(uint32_t tid, int64_t since_ns)
{
	long ticks = sysconf(_SC_CLK_TCK);
	struct proc_stat stat;
	uint64_t age_ns;

	if (ticks <= 0 || !proc_read_stat((pid_t)tid, &stat))
		return false;
	if (stat.state == 'Z' || stat.state == 'X')
		return true;
	if (since_ns < 0)
		return false;
	age_ns = clock_elapsed((int64_t)(stat.start * (uint64_t)(CLOCK_SECOND_NS / ticks)),
			       clock_boot_ns());
	return age_ns + SLACK_NS < clock_elapsed(since_ns, clock_now_ns()) && is_of_our_time(tid);
}
