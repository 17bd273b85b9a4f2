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
 *
 * Where no /proc is mounted, the kernel tells the inode by a pidfd, from Linux 6.11 on.  A /proc
 * that does not show us is one of another namespace.  Then we stay foreign, because those at home
 * look up thread ids in /proc.
 */
#include "shm/segment/pidns.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "api/clock.h"
#include "api/number.h"
#include "api/pidfd.h"
#include "shm/os/robust.h"
#include "shm/segment/word.h"

/* The kernel takes the time of a mount from a clock that ticks once in this time at the least. */
#define TICK_NS (CLOCK_SECOND_NS / 50)

/* Whether the path, of this length, ends with this number. */
static bool
ends_with(const char *path, ssize_t length, uint32_t number)
{
	char expected[NUMBER_SIZE + 1] = "/";
	ssize_t digits = number_write(expected + 1, number) - expected;

	return length > digits && memcmp(path + length - digits, expected, (size_t)digits) == 0;
}

static int64_t
changed_ns(const struct stat *st)
{
	return st->st_ctim.tv_sec * CLOCK_SECOND_NS + st->st_ctim.tv_nsec;
}

/* Returns a number that identifies the /proc that we see, if it is one of our pid namespace; or 0.
 * It is one of ours if /proc/thread-self says PID/task/TID with our thread id.  *mounted_ns: when
 * it was mounted.
 *
 * (In the /proc of another namespace, in which ours is nested, it is the id that we have there.  It
 * may be equal by chance.  But then it is right to take us for a process of that namespace, as long
 * as we have one thread.) */
static uint64_t
number_of_proc(uint32_t tid, int64_t *mounted_ns)
{
	char self[64];
	ssize_t length = readlink("/proc/thread-self", self, sizeof(self));
	struct stat st;

	if (!ends_with(self, length, tid) || stat("/proc", &st) < 0)
		return 0;
	*mounted_ns = changed_ns(&st);
	return (uint64_t)st.st_dev * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)*mounted_ns;
}

static bool
has_proc(void)
{
	struct statfs fs;

	return statfs("/proc", &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* Asks the kernel about our pid namespace, without /proc. */
static bool
stat_by_pidfd(struct stat *st)
{
	int self = pidfd_open_pid(getpid());
	int ns = self >= 0 ? pidfd_open_pid_namespace(self) : -1;
	bool known = ns >= 0 && fstat(ns, st) == 0;

	if (ns >= 0)
		close(ns);
	if (self >= 0)
		close(self);
	return known;
}

/* Whether our pid namespace is the home.  The first user makes it so.  *looked_ns: a time at which
 * the namespace existed. */
static bool
claim_pid_inode(struct layout_header *h, int64_t *looked_ns)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0 && (has_proc() || !stat_by_pidfd(&st)))
		return false;
	*looked_ns = changed_ns(&st);
	return word_claim(&h->pid_inode, st.st_ino) == st.st_ino;
}

/* The number of a /proc is stored only if it was there more than a tick ago: then no later /proc
 * has the same device and the same time. */
bool
pidns_note(struct layout_header *h, uint32_t tid)
{
	int64_t mounted_ns = 0, looked_ns = 0;
	uint64_t mine = number_of_proc(tid, &mounted_ns);

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
