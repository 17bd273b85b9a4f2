/* SPDX-License-Identifier: ISC
 *
 * pidns.c - compares our pid namespace with the home of a segment, that of its first user
 *
 * What decides is the inode of /proc/self/ns/pid.  The kernel uses its number again, but only after
 * the namespace has ended, and then all its processes are dead.  So it does no harm if a later
 * namespace passes for the home: no two living threads of equal ids are at home.
 *
 * To look at that inode costs as much as all the rest of a short command.  So a process compares
 * the /proc that it sees first.  header.pid_namespace is a number made of the device of the home's
 * /proc and the time at which it was mounted.  Device numbers are used again as well, while the
 * namespace may live on: a /proc is unmounted, and the next one that is mounted gets its number.
 * But that one is mounted later.  (If the clock is set back, it would have to be mounted in the
 * very tick of the first one.)
 */
#include "shm/segment/pidns.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/clock.h"
#include "api/number.h"
#include "shm/os/robust.h"
#include "shm/segment/word.h"

/* The kernel takes the time of a mount from a clock that ticks once in this time at the least. */
#define TICK_NS (CLOCK_SECOND_NS / 50)

/* Whether the first length bytes of text are this number. */
static bool
is_number(const char *text, ssize_t length, pid_t number)
{
	char expected[NUMBER_SIZE];

	return number_write(expected, (uint64_t)number) - expected == length &&
	       memcmp(text, expected, (size_t)length) == 0;
}

static int64_t
changed_ns(const struct stat *st)
{
	return st->st_ctim.tv_sec * CLOCK_SECOND_NS + st->st_ctim.tv_nsec;
}

/* Returns a number that identifies the /proc that we see, if it is one of our pid namespace; or 0.
 * It is one of ours if getpid() says the same as /proc/self.  *mounted_ns: when it was mounted.
 *
 * (In the /proc of another namespace, in which ours is nested, /proc/self is the id that we have
 * there.  It may be equal by chance.  But then it is right to take us for a process of that
 * namespace, as long as we have one thread.) */
static uint64_t
number_of_proc(int64_t *mounted_ns)
{
	char self[24];
	ssize_t length = readlink("/proc/self", self, sizeof(self));
	struct stat st;

	if (length <= 0 || !is_number(self, length, getpid()) || stat("/proc", &st) < 0)
		return 0;
	*mounted_ns = changed_ns(&st);
	return (uint64_t)st.st_dev * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)*mounted_ns;
}

/* Whether our pid namespace is the home.  The first user makes it so.  *looked_ns: a time at which
 * the namespace existed. */
static bool
claim_pid_inode(struct layout_header *h, int64_t *looked_ns)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0)
		return false;
	*looked_ns = changed_ns(&st);
	return word_claim(&h->pid_inode, st.st_ino) == st.st_ino;
}

/* The number of a /proc is stored only if it was there more than a tick ago: then no later /proc
 * has the same device and the same time. */
bool
pidns_note(struct layout_header *h)
{
	int64_t mounted_ns = 0, looked_ns = 0;
	uint64_t mine = number_of_proc(&mounted_ns);

	if (mine != 0 && __atomic_load_n(&h->pid_namespace, __ATOMIC_SEQ_CST) == mine)
		return false;
	if (claim_pid_inode(h, &looked_ns)) {
		if (mine != 0 && looked_ns - mounted_ns > TICK_NS)
			word_claim(&h->pid_namespace, mine);
		return false;
	}
	__atomic_store_n(&h->mixed, ROBUST_MIXED, __ATOMIC_SEQ_CST);
	return true;
}
