/* SPDX-License-Identifier: ISC
 *
 * calls.c - makes the system calls of compl, and hands over by a bare futex word
 *
 * Usage: calls wait FILE | calls post FILE	one token releases one waiter
 *	  calls join FILE | calls all FILE	one FUTEX_WAKE releases all waiters
 *	  calls reset FILE
 *
 * This is compl without its code: it makes the system calls of `wait` or `done` in their order,
 * maps a segment of the same size, and touches the same kinds of pages.  tests/startup.bats says
 * what each call is for.  compl cannot cost less than this unless it drops one of its guarantees;
 * this program gives none of them.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "shm/segment/layout.h"
#include "word.h"

static struct robust_list_head list;
static int fd;

/* Makes the calls that every command begins with. */
static char *
open_segment(const char *path)
{
	struct sigaction ignored = { .sa_handler = SIG_IGN };
	void *head;
	char text[24], *base;
	struct stat st;
	size_t size;

	sigaction(SIGXFSZ, &ignored, NULL);
	getpid();
	geteuid();
	/* By syscall(), because musl's open() makes a second call. */
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	base = mmap(NULL, LAYOUT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED || readlink("/proc/self", text, sizeof(text)) < 0)
		return NULL;
	getpid();
	if (stat("/proc", &st) < 0)
		return NULL;
	syscall(SYS_gettid);
	syscall(SYS_get_robust_list, 0, &head, &size);
	list.list.next = &list.list;
	syscall(SYS_set_robust_list, &list, sizeof(list));
	return base;
}

/* Makes the calls of a wait that takes a queue entry in the segment, and a robust link for it. */
static void
take_entry(char *base)
{
	volatile char *links = mmap(NULL, LAYOUT_ROBUST_END, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct stat st;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (links != MAP_FAILED)
		links[LAYOUT_ENTRIES_AT] = 1;
	base[LAYOUT_ENTRIES_AT] = 1;
	getpid();
	getppid();
	fstat(fd, &st);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

/* A waiter ends like the last one in its queue: the wake at the end finds no sleeper. */
static int
act(const char *what, char *base)
{
	uint32_t *word = (uint32_t *)base;
	struct stat st;
	int status;

	if (!word_is_awaited(what)) {
		status = word_act(what, word);
		fstat(fd, &st);
		return status;
	}
	take_entry(base);
	status = word_act(what, word);
	word_futex(word + 1, FUTEX_WAKE, 1);
	return status;
}

int
main(int argc, char **argv)
{
	char *base;

	if (argc != 3)
		return 2;
	base = open_segment(argv[2]);
	return base != NULL ? act(argv[1], base) : 1;
}
