/* SPDX-License-Identifier: ISC
 *
 * robust.c - puts words on the calling thread's robust list, and takes them off
 *
 * Invariant: a word that holds our TID is on the list, or is its pending operation.  So the kernel
 * lets go of it if we die at any instruction.  (A seat is an exception; see seat.c.)
 *
 * Ordering: program order, kept by robust_barrier().
 */
#include "shm/os/robust.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "shm/os/libc_robust_list.h"

#define LINK_MAX_OFFSET 40 /* no libc puts the link farther than this after its word */

/* By memcpy(), because musl's links of our words are not aligned to the size of a pointer. */
static void
set_next(void *link, struct robust_list *next)
{
	memcpy(link, &next, sizeof(next));
}

int
robust_register(struct robust_private *p, ptrdiff_t distance)
{
	if (futex_get_robust_list(&p->before) < 0)
		return -1;
	if (p->before != NULL &&
	    (p->before->futex_offset < -LINK_MAX_OFFSET || p->before->futex_offset > 0)) {
		errno = EBUSY; /* not a libc's list: another one of ours */
		return -1;
	}
	libc_robust_list_forget();
	p->retained_count = 0;
	return robust_set_head(p, &p->first, distance);
}

int
robust_set_head(struct robust_private *p, struct robust_list_head *head, ptrdiff_t distance)
{
	*head = (struct robust_list_head){ .list.next = &head->list, .futex_offset = -distance };
	if (futex_set_robust_list(head) < 0)
		return -1;
	p->head = head;
	return 0;
}

static int
use_libc_list(struct robust_thread *t)
{
	if (libc_robust_list_obtain(&t->head, &t->tid) < 0)
		return -1;
	t->distance = -t->head->futex_offset;
	return 0;
}

int
robust_thread_init(struct robust_thread *t, struct robust_private *p, uint32_t tid,
		   const uint32_t *mixed)
{
	t->count = p != NULL ? p->retained_count : 0;
	t->mixed = mixed;
	t->private = p;
	if (p == NULL)
		return use_libc_list(t);
	t->head = p->head;
	t->base = &p->head->list;
	t->distance = -p->head->futex_offset;
	t->tid = tid;
	return 0;
}

static size_t
count_retained(const struct robust_thread *t)
{
	return t->private != NULL ? t->private->retained_count : 0;
}

uint32_t *
robust_word(const struct robust_thread *t, size_t i)
{
	size_t retained = count_retained(t);

	return i < retained ? t->private->retained[i] : t->held[i - retained];
}

/* Puts a word first on the list.
 *
 * Crash: the store to head->list.next is what puts it there. */
static void
push(struct robust_thread *t, uint32_t *word)
{
	if (t->count == 0 && t->private == NULL)
		t->base = t->head->list.next;
	set_next(robust_link(t, word),
		 t->count == 0 ? t->base : robust_link(t, robust_word(t, t->count - 1)));
	robust_barrier();
	t->head->list.next = robust_link(t, word);
	robust_barrier();
	t->held[t->count++ - count_retained(t)] = word;
}

/* Removes words[i] of so many. */
static void
forget(uint32_t **words, size_t count, size_t i)
{
	memmove(&words[i], &words[i + 1], (count - i - 1) * sizeof(words[0]));
}

/* Takes a word off the list, wherever on the list it is, by one store. */
static void
pull(struct robust_thread *t, const uint32_t *word)
{
	size_t retained = count_retained(t), i = t->count;
	struct robust_list *next;

	while (i > 0 && robust_word(t, i - 1) != word)
		i--;
	if (i-- == 0)
		return;
	next = i == 0 ? t->base : robust_link(t, robust_word(t, i - 1));
	robust_barrier();
	if (i == t->count - 1)
		t->head->list.next = next;
	else
		set_next(robust_link(t, robust_word(t, i + 1)), next);
	robust_barrier();
	if (i < retained)
		forget(t->private->retained, t->private->retained_count--, i);
	else
		forget(t->held, t->count - retained, i - retained);
	t->count--;
}

bool
robust_holds(const struct robust_thread *t, const uint32_t *word)
{
	for (size_t i = 0; i < t->count; i++)
		if (robust_word(t, i) == word)
			return true;
	return false;
}

void
robust_own(struct robust_thread *t, uint32_t *word)
{
	push(t, word);
	__atomic_store_n(word, t->tid | FUTEX_WAITERS, __ATOMIC_SEQ_CST);
}

/* Crash: while the word is not on the list it is the pending operation. */
void
robust_raise(struct robust_thread *t, uint32_t *word)
{
	robust_set_pending(t, word);
	pull(t, word);
	push(t, word);
	robust_set_pending(t, NULL);
}

/* Crash: before the exchange the word holds our TID and is pending.  After it the word has no owner
 * and is pending.  Either way the kernel wakes a sleeper. */
void
robust_give_up(struct robust_thread *t, uint32_t *word, uint32_t value)
{
	robust_set_pending(t, word);
	pull(t, word);
	__atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
}

/* If users of several pid namespaces share the segment, the next owner of the word may have our
 * thread id.  While the word is pending, our death would take it from that one.  So the word is
 * ROBUST_LEFT until it is not pending any more, and nobody takes it.
 *
 * Crash: if we die before the last store, the word stays ROBUST_LEFT, and is not used again. */
void
robust_release(struct robust_thread *t, uint32_t *word)
{
	uint32_t left = robust_is_mixed(t) ? ROBUST_LEFT : 0;

	robust_give_up(t, word, left);
	futex_wake(word, INT_MAX);
	robust_set_pending(t, NULL);
	if (left != 0)
		__atomic_compare_exchange_n(word, &left, 0, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
}

bool
robust_release_dead(struct robust_thread *t, uint32_t *word, uint32_t seen)
{
	bool released;

	robust_set_pending(t, word);
	released = __atomic_compare_exchange_n(word, &seen, 0, false, __ATOMIC_SEQ_CST,
					       __ATOMIC_SEQ_CST);
	if (released)
		futex_wake(word, INT_MAX);
	robust_set_pending(t, NULL);
	return released;
}

void
robust_release_all(struct robust_thread *t)
{
	while (t->count > count_retained(t))
		robust_release(t, robust_word(t, t->count - 1));
}

bool
robust_may_retain(const struct robust_thread *t, size_t count)
{
	return t->private != NULL && t->private->retained_count + count <= ROBUST_RETAINED;
}

void
robust_retain(struct robust_thread *t)
{
	struct robust_private *p = t->private;
	size_t count = t->count - p->retained_count;

	memcpy(&p->retained[p->retained_count], t->held, count * sizeof(t->held[0]));
	p->retained_count = t->count;
}

int
robust_wake(uint32_t *word)
{
	__atomic_fetch_or(word, FUTEX_OWNER_DIED, __ATOMIC_SEQ_CST);
	return futex_wake(word, INT_MAX);
}

uint32_t
robust_rearm(uint32_t *word)
{
	uint32_t value = robust_load(word);

	while (robust_owner(value) != 0 && (value & FUTEX_OWNER_DIED)) {
		uint32_t rearmed = value & ~(uint32_t)FUTEX_OWNER_DIED;

		if (__atomic_compare_exchange_n(word, &value, rearmed, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return rearmed;
	}
	return value;
}

bool
robust_take(struct robust_thread *t, uint32_t *word, uint32_t seen)
{
	if (!__atomic_compare_exchange_n(word, &seen, t->tid | FUTEX_WAITERS, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	push(t, word);
	return true;
}

void
robust_attach(struct robust_thread *t, uint32_t *word)
{
	push(t, word);
}

void
robust_detach(struct robust_thread *t, const uint32_t *word)
{
	pull(t, word);
}

/* Whether p is the list of the calling thread.  A child has a copy of p, and no list, or another
 * one. */
static bool
is_registered(const struct robust_private *p)
{
	struct robust_list_head *head;

	return futex_get_robust_list(&head) < 0 || head == p->head;
}

/* The parent of a child owns the words that are retained in the copy. */
void
robust_unregister(struct robust_private *p, uint32_t tid, const uint32_t *mixed)
{
	struct robust_thread t = { .count = 0 };

	if (p->retained_count > 0 && !is_registered(p))
		return;
	robust_thread_init(&t, p, tid, mixed);
	while (p->retained_count > 0)
		robust_release(&t, p->retained[0]);
	futex_set_robust_list(p->before);
}
