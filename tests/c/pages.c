/* SPDX-License-Identifier: ISC
 *
 * pages.c - reserves pages while others write to them, where there is no fallocate(2)
 */
#include "internals.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "shm/segment/pages.h"

#define RESERVATIONS 1000

/* From now on the kernel refuses fallocate(2) to this process. */
static bool
refuse_fallocate(void)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fallocate, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { COUNT(program), program };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static bool has_ended; /* atomic */

static void *
reserves(void *c)
{
	bool has_failed = false;

	for (unsigned i = 0; i < RESERVATIONS && !has_failed; i++)
		has_failed = pages_reserve_core(c) != COMPL_OK;
	__atomic_store_n(&has_ended, true, __ATOMIC_RELAXED);
	return has_failed ? NULL : c;
}

/* Stores to a word of the header that compl does not use.  Each value must still be there when the
 * next one is stored. */
static int
stores(void *argument)
{
	volatile uint32_t *word;
	pthread_t thread;
	void *result;

	(void)argument;
	NEED(refuse_fallocate());
	word = &space_open(0)->header->stable[5];
	NEED(pthread_create(&thread, NULL, reserves, space_open(0)) == 0);
	for (uint32_t i = 0; !__atomic_load_n(&has_ended, __ATOMIC_RELAXED); i++) {
		NEED(*word == i);
		*word = i + 1;
	}
	NEED(pthread_join(thread, &result) == 0 && result);
	*word = 0;
	return 0;
}

static bool
loses_no_store(void)
{
	CHECK(child_status(child(stores, NULL)) == 0);
	return true;
}

static const struct test tests[] = {
	{ "a page that is reserved without fallocate(2) keeps what others store in it",
	  loses_no_store, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
