/* SPDX-License-Identifier: ISC
 *
 * pidns.c - compares our pid namespace with that of the first user, and notes whether they differ
 */
#include "shm/segment/pidns.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/number.h"
#include "shm/os/futex.h"
#include "shm/os/robust.h"
#include "shm/segment/word.h"

/* Whether the first length bytes of text are this number. */
static bool
is_number(const char *text, ssize_t length, pid_t number)
{
	char expected[NUMBER_SIZE];

	return number_write(expected, (uint64_t)number) - expected == length &&
	       memcmp(text, expected, (size_t)length) == 0;
}

/* Returns a number that identifies our pid namespace, the device of its /proc; or 0 if we do not
 * see its /proc.  Every namespace has a /proc of its own, or sees one in which /proc/self is not
 * what getpid() says.  (A look at /proc/self/ns/pid would cost as much as all the rest of a short
 * command.) */
static uint64_t
number_of_ours(void)
{
	char self[24];
	ssize_t length = readlink("/proc/self", self, sizeof(self));
	struct stat st;

	if (length <= 0 || !is_number(self, length, getpid()) || stat("/proc", &st) < 0)
		return 0;
	return st.st_dev;
}

/* Returns whether our pid namespace is that of the first user, by its inode.  The first user stores
 * the inode.  (Needed by the first user, and by one that has a /proc of its own but shares the pid
 * namespace.) */
static bool
claim_pid_inode(struct layout_header *h)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 &&
	       word_claim(&h->pid_inode, st.st_ino) == st.st_ino;
}

void
pidns_note(struct layout_header *h)
{
	uint64_t mine = number_of_ours();

	if (mine != 0 && __atomic_load_n(&h->pid_namespace, __ATOMIC_SEQ_CST) == mine)
		return;
	if (mine != 0 && claim_pid_inode(h)) {
		word_claim(&h->pid_namespace, mine);
		return;
	}
	if (__atomic_exchange_n(&h->mixed, ROBUST_MIXED, __ATOMIC_SEQ_CST) == 0)
		futex_wake(&h->lock, INT32_MAX);
}
