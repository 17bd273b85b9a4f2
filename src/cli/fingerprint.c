/* SPDX-License-Identifier: ISC
 *
 * fingerprint.c - a hash of what a listing says, apart from its times: FNV-1a, of 64 bits
 */
#include "cli/fingerprint.h"

#include <string.h>

static uint64_t
add_bytes(uint64_t hash, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t
add(uint64_t hash, uint64_t number)
{
	return add_bytes(hash, &number, sizeof(number));
}

static uint64_t
add_text(uint64_t hash, const char *text)
{
	return add_bytes(hash, text, strlen(text) + 1);
}

static uint64_t
add_processes(uint64_t hash, const struct compl_entry *e)
{
	for (size_t i = 0; i < e->waiter_count; i++) {
		const struct compl_waiter *w = compl_waiter_at(e, i);

		hash = add(add(hash, (uint64_t)w->pid), w->wait);
		hash = add(hash, (uint64_t)w->stopped << 1 | w->orphan);
	}
	for (size_t i = 0; i < e->producer_count; i++) {
		const struct compl_producer *p = compl_producer_at(e, i);

		hash = add(hash, (uint64_t)p->pid << 1 | p->ready);
	}
	for (size_t i = 0; i < e->borrower_count; i++) {
		const struct compl_borrower *b = compl_borrower_at(e, i);

		hash = add(add(hash, (uint64_t)b->pid << 1 | b->stray), b->count);
	}
	return hash;
}

static uint64_t
add_entry(uint64_t hash, const struct compl_entry *e)
{
	hash = add_text(hash, e->name);
	hash = add(hash, (uint64_t)e->initialised << 2 | (uint64_t)e->ready << 1 | e->failed);
	hash = add(add(hash, e->done), e->lent);
	hash = add(add(hash, e->generation), e->parties);
	hash = add(hash, (uint64_t)e->payload.status << 1 | e->payload.has_value);
	hash = add(add_text(hash, e->payload.value), e->waits);
	hash = add(add(hash, e->waiter_count), e->producer_count);
	hash = add(hash, (uint64_t)e->holder << 1 | e->held);
	return add_processes(hash, e);
}

uint64_t
fingerprint_of(const struct compl_entry *const *entries, size_t count)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < count; i++)
		hash = add_entry(hash, entries[i]);
	return add(hash, count);
}
