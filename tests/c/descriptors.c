/* SPDX-License-Identifier: ISC
 *
 * descriptors.c - a program closes the descriptor of its handle, or puts another file there
 *
 * The other file is never changed, locked or closed.  The handle does all that needs no new page,
 * and says why it cannot do the rest.
 */
#include "internals.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../segment-path.h"

/* ---- what comes into the place of the descriptor --------------------------------- */

enum thief { NOTHING, SMALL_FILE, BIG_FILE, DELETED_FILE, DEVICE, THIEVES };

#define TEMPLATE "/tmp/compl-descriptors.XXXXXX"

static char named[sizeof(TEMPLATE)]; /* the thief, if it has a name */
static struct stat before;	     /* what fstat() says of it */

static int
open_thief(enum thief thief)
{
	int fd;

	if (thief == DEVICE)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	if (thief == DELETED_FILE)
		return memfd_create("thief", MFD_CLOEXEC);
	memcpy(named, TEMPLATE, sizeof(named));
	fd = mkostemp(named, O_CLOEXEC);
	if (fd < 0 || write(fd, "mine", 4) != 4 ||
	    (thief == BIG_FILE && ftruncate(fd, 64 << 20) < 0))
		return -1;
	return fd;
}

/* Puts the thief in the place of the descriptor. */
static bool
steal(struct compl_space *c, enum thief thief)
{
	int fd;

	if (thief == NOTHING)
		return close(c->fd) == 0;
	fd = open_thief(thief);
	CHECK(fd >= 0 && dup2(fd, c->fd) == c->fd && close(fd) == 0);
	CHECK(fstat(c->fd, &before) == 0);
	return true;
}

/* Whether the thief is as it was: open, not changed, and not locked.  Closes it. */
static bool
check_and_close(int fd, enum thief thief)
{
	char link[64];
	struct stat after;
	int other;

	if (thief == NOTHING)
		return fstat(fd, &after) < 0 && errno == EBADF;
	CHECK(fstat(fd, &after) == 0);
	CHECK(after.st_dev == before.st_dev && after.st_ino == before.st_ino);
	CHECK(after.st_size == before.st_size && after.st_blocks == before.st_blocks);
	CHECK(thief != SMALL_FILE || after.st_size == 4);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	other = open(link, O_RDWR | O_CLOEXEC);
	CHECK(other >= 0 && flock(other, LOCK_EX | LOCK_NB) == 0 && close(other) == 0);
	if (thief == SMALL_FILE || thief == BIG_FILE)
		CHECK(unlink(named) == 0);
	return close(fd) == 0;
}

/* ---- numbers ---------------------------------------------------------------------- */

/* The lowest number that is free. */
static int
next_number(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static bool
number_is_high(void)
{
	struct compl_space *c[] = { space_open(0), space_open(COMPL_ONE_THREAD),
				    space_open(COMPL_ANY_DESCRIPTOR) };

	CHECK(next_number() < 9);
	CHECK(c[0] && c[0]->fd >= 10 && c[1] && c[1]->fd >= 10);
	CHECK(c[2] && c[2]->fd > 2 && c[2]->fd < 10);
	for (size_t i = 0; i < COUNT(c); i++) {
		int fd = c[i]->fd;

		CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
		compl_close(c[i]);
		CHECK(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
	}
	return true;
}

/* With a small limit; and with none of the standard descriptors. */
static int
opens_with_few_numbers(void *argument)
{
	struct compl_where where = space_where();
	struct compl_space *c;
	int next = next_number();

	(void)argument;
	NEED(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)next + 1, 64 }) == 0);
	c = space_open(0);
	NEED(c && c->fd == next && space_post("a", 1) == COMPL_OK);
	compl_close(c);
	NEED(close(0) == 0 && setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 3, 64 }) == 0);
	NEED(compl_open(&c, &where, COMPL_CREATE) == COMPL_E_SYSTEM && errno == EMFILE && !c);
	NEED(next_number() == 0);
	return 0;
}

static bool
a_small_limit_is_no_failure(void)
{
	space();
	CHECK(child_status(child(opens_with_few_numbers, NULL)) == 0);
	return true;
}

/* ---- a handle that has lost its descriptor ---------------------------------------- */

/* Posts on new names until that fails; how many it has posted. */
static unsigned
post_new_names(struct compl_space *c, enum compl_result *result, int *error)
{
	struct compl_post p = { .tokens = 1 };
	char name[32];
	unsigned i;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "new%u", i);
		*result = compl_done(c, name, &p);
		*error = errno;
		if (*result != COMPL_OK)
			break;
	}
	return i;
}

static bool
grows_no_other_file(void)
{
	struct compl_where where = space_where();
	struct compl_description d;
	enum compl_result result;
	int fd, error;

	for (enum thief thief = 0; thief < THIEVES; thief++) {
		struct compl_space *c = space_open(thief % 2 ? COMPL_ONE_THREAD : 0);
		struct compl_post p = { .tokens = 1 };
		unsigned count;

		CHECK(c && compl_init(c, "a", true, 0) == COMPL_OK);
		fd = c->fd;
		CHECK(steal(c, thief));
		count = post_new_names(c, &result, &error);
		printf("# thief %d: %u new names\n", (int)thief, count);
		CHECK(count < 20 && result == COMPL_E_SYSTEM && error == EBADF);
		compl_describe(&where, result, error, &d);
		CHECK(strstr(d.reason, "descriptor") && *d.remedy);
		CHECK(compl_done(c, "a", &p) == COMPL_OK && compl_test(c, "a", 0) == COMPL_OK);
		compl_close(c);
		CHECK(check_and_close(fd, thief));
		CHECK(compl_remove_all(&where, false) == COMPL_OK);
	}
	return true;
}

static bool
a_wait_finds_no_room(void)
{
	const char *names[COMPL_NAMES_MAX];
	char text[COMPL_NAMES_MAX][8];
	struct compl_request r = { .names = names, .count = COMPL_NAMES_MAX, .need = 1 };
	struct compl_outcome out;
	int fd = space()->fd;

	for (size_t i = 0; i < COMPL_NAMES_MAX; i++) {
		names[i] = text[i];
		snprintf(text[i], sizeof text[i], "n%zu", i);
		CHECK(compl_init(space(), text[i], false, 0) == COMPL_OK);
	}
	CHECK(steal(space(), BIG_FILE));
	r.deadline_ns = in_ms(20000);
	CHECK(compl_wait(space(), &r, &out) == COMPL_E_SYSTEM && errno == EBADF);
	CHECK(space_waiters("n0") == 0);
	compl_close(space_handle);
	space_handle = NULL;
	return check_and_close(fd, BIG_FILE);
}

/* Makes both tables of names longer by some pages. */
static int
fills_a_page(void *argument)
{
	struct compl_space *c = space_open(0);

	(void)argument;
	NEED(c);
	for (int i = 0; i < 40; i++) {
		char name[16];
		struct compl_post p = { .tokens = 1 };

		snprintf(name, sizeof name, "fill%d", i);
		NEED(compl_done(c, name, &p) == COMPL_OK);
	}
	compl_close(c);
	return 0;
}

/* Another process has made the tables longer meanwhile. */
static bool
keeps_its_promise(void)
{
	for (enum thief thief = 0; thief < THIEVES; thief++) {
		struct compl_space *c = space_open(COMPL_ONE_THREAD);
		struct compl_post p = { .all = true };
		struct compl_promise promise;
		struct compl_where where = space_where();
		int fd;

		CHECK(c && compl_promise(c, "a", 0, "host", &promise) == COMPL_OK);
		fd = c->fd;
		CHECK(steal(c, thief));
		CHECK(child_status(child(fills_a_page, NULL)) == 0);
		CHECK(compl_keep(c, &promise, &p, false) == COMPL_OK);
		CHECK(compl_test(c, "fill39", 0) == COMPL_OK);
		compl_close(c);
		CHECK(check_and_close(fd, thief));
		CHECK(space_try("a") == COMPL_OK);
		compl_close(space_handle);
		space_handle = NULL;
		CHECK(compl_remove_all(&where, false) == COMPL_OK);
	}
	return true;
}

static int
dies_with_the_lock(void *argument)
{
	struct session s;

	(void)argument;
	NEED(internals_lock(&s));
	return 0;
}

/* The next record of each table is the first of its page, which recovery looks at. */
static bool
recovers_after_an_owner(void)
{
	int fd = space()->fd;
	char name[16];

	for (int i = 0; i < 15; i++) {
		snprintf(name, sizeof name, "n%d", i);
		CHECK(space_post(name, 1) == COMPL_OK);
	}
	CHECK(internals_header()->completions_made == 15);
	CHECK(steal(space(), NOTHING));
	CHECK(child_status(child(dies_with_the_lock, NULL)) == 0);
	CHECK(space_post("n1", 1) == COMPL_OK && space_try("n0") == COMPL_OK);
	compl_close(space_handle);
	space_handle = NULL;
	return check_and_close(fd, NOTHING);
}

static bool
tells_whether_it_is_removed(void)
{
	char path[SEGMENT_PATH_MAX];
	struct compl_where where = space_where();
	struct compl_space *anew;

	CHECK(segment_path(path, sizeof path, &where));
	for (enum thief thief = 0; thief < THIEVES; thief++) {
		int fd = space()->fd;

		CHECK(space_wait_ms(space_handle, "a", 1) == COMPL_TIMED_OUT);
		CHECK(steal(space(), thief));
		CHECK(!compl_is_removed(space_handle));
		CHECK(space_wait_ms(space_handle, "a", 50) == COMPL_TIMED_OUT);
		CHECK(unlink(path) == 0 && compl_is_removed(space_handle));
		CHECK(space_wait_ms(space_handle, "a", 60000) == COMPL_REMOVED);
		anew = space_open(0);
		CHECK(anew && !compl_is_removed(anew) && compl_is_removed(space_handle));
		compl_close(space_handle);
		compl_close(anew);
		space_handle = NULL;
		CHECK(check_and_close(fd, thief));
	}
	return true;
}

/* The mapping keeps the scope lock, which would let the next scope remove this one. */
static bool
a_scope_outlives_its_descriptor(void)
{
	struct compl_where where = { .uid = geteuid() }, scope = { .uid = geteuid() };
	struct compl_space *c, *next;
	char name[COMPL_SPACE_MAX + 1], other[COMPL_SPACE_MAX + 1];
	int fd;

	CHECK(compl_scope(&c, &where, 0, name) == COMPL_OK);
	fd = c->fd;
	CHECK(fd >= 10 && steal(c, SMALL_FILE));
	CHECK(compl_scope(&next, &where, 0, other) == COMPL_OK);
	CHECK(!compl_is_removed(c) && !compl_is_removed(next));
	scope.space = name;
	CHECK(compl_remove_all(&scope, false) == COMPL_OK && compl_is_removed(c));
	compl_close(c);
	scope.space = other;
	CHECK(compl_remove_all(&scope, false) == COMPL_OK);
	compl_close(next);
	return check_and_close(fd, SMALL_FILE);
}

static const struct test tests[] = {
	{ "the number is 10 or above, but for short programs that ask for any", number_is_high,
	  false },
	{ "with a small limit on open files it is another, but never a standard one",
	  a_small_limit_is_no_failure, false },
	{ "a file in the place of the descriptor is left alone, and the result says so",
	  grows_no_other_file, false },
	{ "a wait that needs a new page fails, and leaves no place in line", a_wait_finds_no_room,
	  false },
	{ "a promise is kept without the descriptor", keeps_its_promise, false },
	{ "the death of an owner of the lock is no damage", recovers_after_an_owner, false },
	{ "a removal is noticed without the descriptor, and not invented",
	  tells_whether_it_is_removed, false },
	{ "a scope lives on without the descriptor", a_scope_outlives_its_descriptor, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
