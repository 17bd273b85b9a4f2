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

static void
tell(unsigned name, uint64_t generation)
{
	struct told *told = &ledger->told[name];
	uint32_t count = __atomic_fetch_add(&told->count, 1, __ATOMIC_SEQ_CST);

	__atomic_store_n(&told->generation[count % TOLD], generation, __ATOMIC_SEQ_CST);
}

void
ledger_tell(const struct op *o)
{
	const struct shot *shot = &ledger->history.shot[o->got.shot];
	unsigned n;

	if (o->got.generation)
		tell(o->ask.names[0], o->got.generation);
	for (n = 0; o->got.shot && n < NAMES; n++)
		if (shot->name[n].listed)
			tell(n, shot->name[n].state.generation);
}

uint64_t
ledger_told(unsigned name, unsigned age)
{
	struct told *told = &ledger->told[name];
	uint32_t count = ledger_load(&told->count);

	if (count <= age || age >= TOLD)
		return 0;
	return __atomic_load_n(&told->generation[(count - 1 - age) % TOLD], __ATOMIC_SEQ_CST);
}

uint8_t
ledger_new_shot(void)
{
	uint32_t shot = __atomic_add_fetch(&ledger->history.shots, 1, __ATOMIC_SEQ_CST);

	return shot < SHOTS ? (uint8_t)shot : 0;
}
