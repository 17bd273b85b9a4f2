/* SPDX-License-Identifier: ISC
 *
 * libc_robust_list.c - asks the kernel for the robust list that libc has registered, and remembers
 * the answer
 *
 * The answer is true until the thread ends, or registers another list.  It is not true in a child:
 * the child has the memory of the thread that made it, but another id and no list.
 *
 * Invariant: `memory` is of this process if memory.epoch is the number in the page `epoch`.  The
 * kernel wipes that page in every child (MADV_WIPEONFORK, Linux 4.14), whichever call made the
 * child.  Handlers of fork() do not run for all these calls.  Epochs are counted in memory that is
 * not wiped (last_epoch), so a child gets an epoch that none of its ancestors had.  0 is no epoch.
 */
#include "shm/os/libc_robust_list.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

static uint32_t *epoch; /* a page of its own; set once, by compare-and-swap */
static uint32_t last_epoch;
static bool is_forgetful; /* the kernel cannot wipe a page: nothing is remembered */

static _Thread_local struct {
	struct robust_list_head *head;
	uint32_t tid, epoch;
} memory;

/* Returns the page, or NULL.  If several threads make one at once, all use the same one in the end.
 * (With pthread_once(), a child that another thread makes meanwhile would wait for ever.) */
static uint32_t *
make_page(void)
{
	uint32_t *there = NULL, *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, PAGE, MADV_WIPEONFORK) != 0)
		__atomic_store_n(&is_forgetful, true, __ATOMIC_RELAXED);
	else if (__atomic_compare_exchange_n(&epoch, &there, page, false, __ATOMIC_ACQ_REL,
					     __ATOMIC_ACQUIRE))
		return page;
	munmap(page, PAGE);
	return there;
}

static uint32_t *
obtain_page(void)
{
	uint32_t *page = __atomic_load_n(&epoch, __ATOMIC_ACQUIRE);

	if (page != NULL || __atomic_load_n(&is_forgetful, __ATOMIC_RELAXED))
		return page;
	return make_page();
}

/* Returns 0 if nothing can be remembered.  If several threads draw a number at once, all use the
 * same one in the end. */
uint32_t
libc_robust_list_epoch(void)
{
	uint32_t *page = obtain_page(), seen, drawn;

	if (page == NULL || (seen = __atomic_load_n(page, __ATOMIC_RELAXED)) != 0)
		return page == NULL ? 0 : seen;
	drawn = __atomic_add_fetch(&last_epoch, 1, __ATOMIC_RELAXED);
	if (__atomic_compare_exchange_n(page, &seen, drawn, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return drawn;
	return seen;
}

/* Makes libc register the list of the thread.  Some libcs do so only when the thread first locks a
 * robust mutex; musl only if that mutex is process-shared as well. */
static void
make_libc_register(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	if (pthread_mutex_lock(&mutex) == 0)
		pthread_mutex_unlock(&mutex);
	pthread_mutex_destroy(&mutex);
}

static int
ask(void)
{
	for (int i = 0; i < 2; i++) {
		if (futex_get_robust_list(&memory.head) < 0)
			return -1;
		if (memory.head != NULL && memory.head->futex_offset != 0)
			break;
		make_libc_register();
	}
	/* layout.h leaves room for a link in the bytes from 20 to 40 after each word. */
	if (memory.head == NULL || memory.head->futex_offset > -20 ||
	    memory.head->futex_offset < -32) {
		errno = ENOSYS;
		return -1;
	}
	memory.tid = (uint32_t)syscall(SYS_gettid);
	return 0;
}

int
libc_robust_list_obtain(struct robust_list_head **head, uint32_t *tid)
{
	uint32_t now = libc_robust_list_epoch();

	if (now == 0 || memory.epoch != now) {
		memory.epoch = 0;
		if (ask() < 0)
			return -1;
		memory.epoch = now;
	}
	*head = memory.head;
	*tid = memory.tid;
	return 0;
}

void
libc_robust_list_forget(void)
{
	memory.epoch = 0;
}
