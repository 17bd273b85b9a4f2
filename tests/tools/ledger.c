/* SPDX-License-Identifier: ISC
 *
 * ledger.c - maps the ledger, and stamps operations
 */
#include "ledger.h"

#include <sys/mman.h>
#include <unistd.h>

#include "timing.h"

struct ledger *ledger;

bool
ledger_open(int fd)
{
	ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return ledger != MAP_FAILED;
}

int
ledger_make(void)
{
	int fd = memfd_create("ledger", 0);

	return fd >= 0 && !ftruncate(fd, sizeof *ledger) && ledger_open(fd) ? fd : -1;
}

uint32_t
ledger_stamp(void)
{
	return __atomic_add_fetch(&ledger->stamp, 1, __ATOMIC_SEQ_CST);
}

void
ledger_begin_op(struct op *o, const struct ask *ask, pid_t pid)
{
	o->ask = *ask;
	o->got = (struct answer){ .which = -1, .failed_fast = -1 };
	o->pid = pid;
	o->begin_ns = now_ns();
	ledger_store(&o->begin, ledger_stamp());
}

void
ledger_end_op(struct op *o)
{
	o->end_ns = now_ns();
	ledger_store(&o->end, ledger_stamp());
}

uint8_t
ledger_new_shot(void)
{
	uint32_t shot = __atomic_add_fetch(&ledger->history.shots, 1, __ATOMIC_SEQ_CST);

	return shot < SHOTS ? (uint8_t)shot : 0;
}
