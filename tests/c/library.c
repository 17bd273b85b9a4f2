/* SPDX-License-Identifier: ISC
 *
 * library.c - what compl.h promises, tested through the public API
 *
 * Between processes, and for handles that live long, are opened often, are inherited, or belong to
 * one thread alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../segment-path.h"
#include "tap.h"

/* ---- children ------------------------------------------------------------------- */

/* Waits with a handle of its own; ends with the posted status. */
static int
waits(void *name)
{
	const char *names[] = { name };
	struct compl_request r = {
		.names = names, .count = 1, .need = 1, .deadline_ns = COMPL_NEVER
	};
	struct compl_outcome out = { 0 };
	struct compl_space *c = space_open(0);

	NEED(c);
	NEED(compl_wait(c, &r, &out) == COMPL_OK);
	compl_close(c);
	return out.status;
}

static int
waits_alone(void *name)
{
	const char *names[] = { name };
	struct compl_request r = {
		.names = names, .count = 1, .need = 1, .deadline_ns = COMPL_NEVER
	};
	struct compl_outcome out = { 0 };
	struct compl_space *c = space_open(COMPL_ONE_THREAD);

	NEED(c);
	NEED(compl_wait(c, &r, &out) == COMPL_OK);
	compl_close(c);
	return out.status;
}

/* Waits with the parent's handle. */
static int
waits_inherited(void *name)
{
	NEED(space_wait_ms(space_handle, name, -1) == COMPL_OK);
	return 0;
}

/* Ends with the result as its status. */
static int
waits_for_result(void *name)
{
	return (int)space_wait_ms(space_open(0), name, -1);
}

static char name_a[] = "a", name_b[] = "b";

/* ---- tests ----------------------------------------------------------------------- */

static bool
remembers(void)
{
	size_t w;

	CHECK(space_post("a", 1) == COMPL_OK);
	w = child(waits, name_a);
	CHECK(child_status(w) == 0);
	CHECK(space_try("a") == COMPL_TIMED_OUT);
	CHECK(space_names_left() == 0);
	return true;
}

static bool
goes_in_order(void)
{
	size_t w[6], i;

	for (i = 0; i < 6; i++) {
		w[i] = child(i % 2 ? waits_alone : waits, name_a);
		CHECK(child_sleeps(w[i]));
	}
	CHECK(space_waiters("a") == 6);
	child_kill(w[1], SIGKILL);
	child_kill(w[4], SIGKILL);
	for (i = 0; i < 6; i++) {
		if (i == 1 || i == 4) {
			CHECK(child_status(w[i]) == 137);
			continue;
		}
		CHECK(space_post("a", 1) == COMPL_OK);
		CHECK(child_status(w[i]) == 0);
		CHECK(i == 5 || !child_try_reap(w[5]));
	}
	CHECK(space_names_left() == 0);
	return true;
}

static bool
carries_status_and_value(void)
{
	struct compl_post p = { .status = 7, .value = "text" };
	const char *names[] = { "a", "b" };
	struct compl_payload payloads[2] = { 0 };
	struct compl_request r = { .names = names, .count = 2, .need = 1, .payloads = payloads };
	struct compl_outcome out;
	size_t w = child(waits, name_a);

	CHECK(child_sleeps(w));
	CHECK(compl_done(space(), "a", &p) == COMPL_OK);
	CHECK(p.awaited);
	CHECK(child_status(w) == 7);
	p = (struct compl_post){ .status = 9, .value = "nine" };
	CHECK(compl_done(space(), "b", &p) == COMPL_OK);
	CHECK(!p.awaited);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(compl_wait(space(), &r, &out) == COMPL_OK);
	CHECK(out.which == 1 && out.status == 9);
	CHECK(!payloads[0].has_value && payloads[0].status == 0);
	CHECK(payloads[1].has_value && payloads[1].status == 9 &&
	      !strcmp(payloads[1].value, "nine"));
	return true;
}

static bool
takes_all_or_none(void)
{
	const char *names[] = { "a", "b" };
	struct compl_request r = { .names = names, .count = 2, .need = 2 };
	struct compl_outcome out = { 0 };

	CHECK(space_post("a", 2) == COMPL_OK);
	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(compl_try(space(), &r, &out) == COMPL_TIMED_OUT);
	r.deadline_ns = in_ms(20);
	CHECK(compl_wait(space(), &r, &out) == COMPL_TIMED_OUT);
	CHECK(space_counter("a") == 2 && space_counter("b") == 1);
	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(compl_try(space(), &r, &out) == COMPL_OK);
	CHECK(space_names_left() == 0);
	return true;
}

static bool
any_takes_the_first(void)
{
	const char *names[] = { "a", "b", "c" };
	struct compl_request r = { .names = names, .count = 3, .need = 1, .flags = COMPL_WAIT_ANY };
	struct compl_outcome out = { 0 };

	CHECK(space_post("c", 1) == COMPL_OK);
	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(compl_try(space(), &r, &out) == COMPL_OK && out.which == 1);
	CHECK(compl_try(space(), &r, &out) == COMPL_OK && out.which == 2);
	CHECK(compl_try(space(), &r, &out) == COMPL_TIMED_OUT);
	return true;
}

static bool
knows_names(void)
{
	char long_name[129];

	memset(long_name, 'x', 128);
	long_name[128] = '\0';
	CHECK(compl_is_name("a-b:c@d%e+f/g=h_i.0") && compl_is_name(long_name + 1));
	CHECK(!compl_is_name("") && !compl_is_name("-a") && !compl_is_name(long_name) &&
	      !compl_is_name("\xc3\xa4"));
	CHECK(compl_init(space(), "-", false, 0) == COMPL_E_BAD_NAME);
	CHECK(compl_reinit(space(), "a b", false, NULL) == COMPL_E_BAD_NAME);
	CHECK(compl_test(space(), "a b", 0) == COMPL_E_BAD_NAME);
	CHECK(compl_remove(space(), "a b") == COMPL_E_BAD_NAME);
	CHECK(compl_remove(space(), "a") == COMPL_E_NO_NAME);
	return true;
}

static bool
refuses_bad_posts(void)
{
	struct compl_post p = { .tokens = COMPL_ALL };
	char long_value[257];

	memset(long_value, 'x', 256);
	long_value[256] = '\0';
	CHECK(compl_done(space(), "a", &p) == COMPL_E_ARGUMENT);
	p = (struct compl_post){ .value = long_value };
	CHECK(compl_done(space(), "a", &p) == COMPL_E_BAD_VALUE);
	p.value = "\xc0\x80";
	CHECK(compl_done(space(), "a", &p) == COMPL_E_BAD_VALUE);
	p = (struct compl_post){ .existing = true };
	CHECK(compl_done(space(), "a", &p) == COMPL_E_NO_NAME);
	CHECK(compl_done(space(), "", &p) == COMPL_E_BAD_NAME);
	return true;
}

static bool
refuses_bad_requests(void)
{
	const char *names[65], *twice[] = { "a", "a" }, *bad[] = { "a b" };
	struct compl_request r = { .names = names, .count = 1, .need = 1 };
	struct compl_outcome out = { 0 };
	size_t i;

	for (i = 0; i < 65; i++)
		names[i] =
			(const char *[]){ "n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7" }[i % 8];
	r.count = 65;
	CHECK(compl_wait(space(), &r, &out) == COMPL_E_ARGUMENT);
	r.count = 0;
	CHECK(compl_wait(space(), &r, &out) == COMPL_E_ARGUMENT);
	r.count = 1;
	r.need = COMPL_ALL;
	CHECK(compl_try(space(), &r, &out) == COMPL_E_ARGUMENT);
	r = (struct compl_request){ .names = twice, .count = 2, .need = 1 };
	CHECK(compl_wait(space(), &r, &out) == COMPL_E_ARGUMENT);
	r = (struct compl_request){ .names = bad, .count = 1, .need = 1 };
	CHECK(compl_wait(space(), &r, &out) == COMPL_E_BAD_NAME);
	r = (struct compl_request){
		.names = names, .count = 1, .need = 1, .flags = COMPL_WAIT_EXISTING
	};
	CHECK(compl_wait(space(), &r, &out) == COMPL_E_NO_NAME && out.which == 0);
	return true;
}

static bool
refuses_bad_arguments(void)
{
	CHECK(knows_names());
	CHECK(refuses_bad_posts());
	CHECK(refuses_bad_requests());
	CHECK(space_names_left() == 0);
	return true;
}

/* A later version may give these a meaning. */
static bool
refuses_unknown_flags_and_what_is_reserved(void)
{
	const char *names[] = { "a" };
	sigjmp_buf env;
	struct compl_escape escape = { .env = NULL };
	struct compl_request r = { .names = names, .count = 1 };
	struct compl_where where = { .space = space_name, .uid = geteuid() };
	struct compl_post p = { .reserved = { 0, 0, 1 } };
	struct compl_spaces *spaces;
	struct compl_promise promise;
	struct compl_outcome out;
	struct compl_space *c;
	char scope[COMPL_SPACE_MAX + 1];
	unsigned flag;

	CHECK(compl_done(space(), "a", &p) == COMPL_E_ARGUMENT);
	for (flag = COMPL_WAIT_DETECT << 1; flag != 0; flag <<= 1) {
		r.flags = flag;
		CHECK(compl_try(space(), &r, &out) == COMPL_E_ARGUMENT);
	}
	r.flags = 0;
	r.reserved[COUNT(r.reserved) - 1] = 1;
	CHECK(compl_try(space(), &r, &out) == COMPL_E_ARGUMENT);
	r.reserved[COUNT(r.reserved) - 1] = 0;
	r.escape = &escape;
	CHECK(compl_try(space(), &r, &out) == COMPL_E_ARGUMENT);
	escape.env = &env;
	CHECK(compl_try(space(), &r, &out) == COMPL_TIMED_OUT);
	escape.reserved[1] = 1;
	CHECK(compl_try(space(), &r, &out) == COMPL_E_ARGUMENT);
	CHECK(compl_open(&c, &where, COMPL_SCOPE << 1) == COMPL_E_ARGUMENT && c == NULL);
	CHECK(compl_scope(&c, &where, 1u << 31, scope) == COMPL_E_ARGUMENT && c == NULL);
	CHECK(compl_promise(space(), "a", COMPL_PROMISE_READY << 1, NULL, &promise) ==
	      COMPL_E_ARGUMENT);
	where.reserved[3] = 1;
	CHECK(compl_open(&c, &where, 0) == COMPL_E_ARGUMENT && c == NULL);
	CHECK(compl_scope(&c, &where, 0, scope) == COMPL_E_ARGUMENT && c == NULL);
	CHECK(compl_spaces(&where, &spaces) == COMPL_E_ARGUMENT && spaces == NULL);
	CHECK(compl_remove_all(&where, false) == COMPL_E_ARGUMENT);
	CHECK(space_names_left() == 0);
	return true;
}

static bool
has_one_engine(void)
{
	struct compl_where where = { .space = space_name, .uid = geteuid(), .url = "etcd://h" };
	struct compl_space *c;

	CHECK(compl_open(&c, &where, COMPL_CREATE) == COMPL_E_ARGUMENT && c == NULL);
	where.url = ""; /* only NULL is none */
	CHECK(compl_open(&c, &where, COMPL_CREATE) == COMPL_E_ARGUMENT && c == NULL);
	return true;
}

/* What was in it before does not show. */
static struct compl_description
describe(const struct compl_where *where, enum compl_result result, int error)
{
	struct compl_description d;

	memset(&d, 0xff, sizeof d);
	compl_describe(where, result, error, &d);
	return d;
}

static bool
describes_failures(void)
{
	struct compl_where where = { .space = space_name, .uid = geteuid() };
	struct compl_description d = describe(&where, COMPL_OK, 0);
	char path[128];
	int i;

	snprintf(path, sizeof path, "/dev/shm/compl.%u.%s", (unsigned)geteuid(), space_name);
	CHECK(!strcmp(d.object, path) && *d.reason && !*d.remedy);
	d = describe(&where, COMPL_E_SYSTEM, ENOMEM);
	CHECK(!strcmp(d.object, path) && !strcmp(d.reason, strerror(ENOMEM)));
	CHECK(strstr(d.remedy, "ulimit -v"));
	d = describe(&where, COMPL_E_SYSTEM, EIO);
	CHECK(!strcmp(d.reason, strerror(EIO)) && !*d.remedy);
	d = describe(&where, COMPL_E_BAD_NAME, EIO);
	CHECK(!*d.object && !strcmp(d.reason, compl_strresult(COMPL_E_BAD_NAME)) && !*d.remedy);
	where.space = ".";
	d = describe(&where, COMPL_E_WRONG_OWNER, 0);
	CHECK(!*d.object && *d.reason && !strstr(d.reason, "there"));
	where = (struct compl_where){ .space = space_name, .uid = geteuid(), .url = "etcd://h" };
	d = describe(&where, COMPL_E_DAMAGED, 0);
	CHECK(!*d.object && !strcmp(d.reason, compl_strresult(COMPL_E_DAMAGED)));
	errno = EXDEV;
	where.url = NULL;
	describe(&where, COMPL_E_WRONG_OWNER, 0);
	CHECK(errno == EXDEV);
	for (i = COMPL_OK - 3; i <= COMPL_E_UNCERTAIN + 3; i++)
		CHECK(*describe(&where, (enum compl_result)i, 0).reason);
	return true;
}

static bool
describes_the_owner(void)
{
	struct compl_where where = { .space = space_name, .uid = geteuid() };
	struct compl_description d;
	char path[128], rm[160], owner[64];

	snprintf(path, sizeof path, "/dev/shm/compl.%u.%s", (unsigned)geteuid(), space_name);
	snprintf(rm, sizeof rm, "remove it with 'rm %s'", path);
	snprintf(owner, sizeof owner, "belongs to uid %u, with mode 0602", (unsigned)geteuid());
	space_unlink();
	d = describe(&where, COMPL_E_WRONG_OWNER, 0);
	CHECK(!strcmp(d.reason, "is not there, and only its owner may make it") && !*d.remedy);
	CHECK(space() != NULL && chmod(path, 0602) == 0);
	d = describe(&where, COMPL_E_WRONG_OWNER, 0);
	CHECK(!strcmp(d.reason, owner) && !strcmp(d.remedy, rm));
	CHECK(chmod(path, 0600) == 0);
	CHECK(!strcmp(describe(&where, COMPL_E_WRONG_FILE, 0).remedy, rm));
	return true;
}

/* Whatever the structure contained before. */
static bool
writes_the_whole_outcome(void)
{
	static const struct compl_outcome zero;
	const char *names[] = { "a", "a b" };
	struct compl_request r = { .names = names, .count = 1 };
	struct compl_outcome out;
	struct compl_payload payload;
	size_t i;

	for (i = 0; i < 3; i++) {
		memset(&out, 0xff, sizeof out);
		r.count = i == 2 ? 2 : 1;
		CHECK(compl_try(space(), &r, &out) == (i == 0	? COMPL_TIMED_OUT
						       : i == 1 ? COMPL_OK
								: COMPL_E_BAD_NAME));
		CHECK(out.which == 0 && out.status == 0 && !out.failed_fast);
		CHECK(!memcmp(out.reserved, zero.reserved, sizeof out.reserved));
		CHECK(space_post("a", 1) == COMPL_OK);
	}
	memset(&payload, 0xff, sizeof payload);
	r.count = 1;
	r.payloads = &payload;
	CHECK(compl_try(space(), &r, &out) == COMPL_OK);
	CHECK(payload.status == 0 && !payload.has_value && payload.value[0] == '\0');
	CHECK(!memcmp(payload.reserved, zero.reserved, sizeof payload.reserved));
	return true;
}

/* What a newer library returns: longer elements than this program knows. */
static bool
steps_over_what_it_does_not_know(void)
{
	const struct {
		struct compl_waiter known;
		uint64_t later[3];
	} waiters[] = { { .known.pid = 1 }, { .known.pid = 2 } };
	const struct {
		struct compl_producer known;
		uint64_t later[5];
	} producers[] = { { .known.pid = 3 }, { .known.pid = 4 } };
	const struct {
		struct compl_entry known;
		uint64_t later[7];
	} entries[] = { { .known.name = "a" },
			{ .known = { .name = "b",
				     .waiters = waiters,
				     .waiter_stride = sizeof waiters[0],
				     .producers = producers,
				     .producer_stride = sizeof producers[0] } } };
	const char names[][100] = { "c", "d" };
	const struct compl_listing list = { .stride = sizeof entries[0], .entries = entries };
	const struct compl_spaces spaces = { .stride = sizeof names[0], .names = names };
	const struct compl_entry *b = compl_entry_at(&list, 1);

	CHECK(!strcmp(compl_entry_at(&list, 0)->name, "a") && !strcmp(b->name, "b"));
	CHECK(compl_waiter_at(b, 0)->pid == 1 && compl_waiter_at(b, 1)->pid == 2);
	CHECK(compl_producer_at(b, 0)->pid == 3 && compl_producer_at(b, 1)->pid == 4);
	CHECK(!strcmp(compl_spaces_at(&spaces, 0), "c") &&
	      !strcmp(compl_spaces_at(&spaces, 1), "d"));
	return true;
}

static bool
needs_one_token_if_not_told_otherwise(void)
{
	const char *names[] = { "a" };
	struct compl_request r = { .names = names, .count = 1 };
	struct compl_outcome out;

	CHECK(compl_try(space(), &r, &out) == COMPL_TIMED_OUT);
	CHECK(space_post("a", 2) == COMPL_OK);
	CHECK(compl_try(space(), &r, &out) == COMPL_OK);
	CHECK(space_counter("a") == 1);
	return true;
}

static bool
refuses_bad_namespaces(void)
{
	static const char *const bad[] = {
		"",
		".",
		".x",
		"a/b",
		"a b",
		"a:b",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	};
	struct compl_where where = { .uid = geteuid() };
	char path[SEGMENT_PATH_MAX];
	struct compl_space *c;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		where.space = bad[i];
		c = (struct compl_space *)path;
		CHECK(compl_open(&c, &where, COMPL_CREATE) == COMPL_E_BAD_NAMESPACE && !c);
		CHECK(!segment_path(path, sizeof path, &where) && !compl_is_namespace(bad[i]));
	}
	where.space = space_name;
	CHECK(compl_open(&c, &where, 0) == COMPL_E_NO_NAMESPACE && !c);
	compl_close(NULL);
	return true;
}

static bool
counter_does_not_wrap(void)
{
	CHECK(space_post("a", COMPL_ALL - 1) == COMPL_OK);
	CHECK(space_post("a", 1) == COMPL_E_OVERFLOW);
	CHECK(space_counter("a") == COMPL_ALL - 1);
	CHECK(space_post_all("a") == COMPL_OK);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_counter("a") == COMPL_ALL);
	return true;
}

static bool
init_and_reinit(void)
{
	size_t w = child(waits, name_a);

	CHECK(child_sleeps(w));
	CHECK(compl_init(space(), "a", false, 0) == COMPL_OK);
	CHECK(compl_init(space(), "a", false, 0) == COMPL_E_EXISTS);
	CHECK(compl_init(space(), "a", true, 0) == COMPL_OK);
	CHECK(compl_reinit(space(), "a", false, NULL) == COMPL_OK);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(w) == 0);
	CHECK(compl_test(space(), "a", 0) == COMPL_NOT_DONE);
	CHECK(space_names_left() == 1);
	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(compl_init(space(), "b", false, 0) == COMPL_E_EXISTS);
	CHECK(compl_remove(space(), "a") == COMPL_OK);
	CHECK(space_names_left() == 1);
	return true;
}

static bool
removal_ends_waits(void)
{
	size_t w = child(waits_for_result, name_a), v;

	CHECK(child_sleeps(w));
	v = child(waits_for_result, name_b);
	CHECK(child_sleeps(v));
	CHECK(compl_remove(space(), "a") == COMPL_OK);
	CHECK(child_status(w) == COMPL_REMOVED);
	CHECK(!child_try_reap(v));
	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(child_status(v) == COMPL_OK);
	return true;
}

static bool
namespace_removal_ends_all(void)
{
	struct compl_where where = space_where();
	size_t w = child(waits_for_result, name_a), v, u;

	CHECK(child_sleeps(w));
	v = child(waits_for_result, name_b);
	CHECK(child_sleeps(v));
	u = child(waits_for_result, name_b);
	CHECK(child_sleeps(u));
	child_kill(u, SIGSTOP);
	CHECK(space_post_all("b") == COMPL_OK);
	CHECK(compl_remove_all(&where, false) == COMPL_OK);
	CHECK(child_status(w) == COMPL_REMOVED);
	CHECK(child_status(v) == COMPL_OK);
	child_kill(u, SIGCONT);
	CHECK(child_status(u) == COMPL_OK);
	CHECK(space_post("a", 1) == COMPL_E_NO_NAMESPACE);
	CHECK(compl_test(space(), "a", 0) == COMPL_E_NO_NAMESPACE);
	compl_close(space_handle);
	space_handle = NULL;
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_counter("a") == 1);
	CHECK(compl_remove_all(&where, false) == COMPL_OK);
	CHECK(compl_remove_all(&where, false) == COMPL_OK);
	return true;
}

static bool
all_releases_every_waiter(void)
{
	size_t w[5], i;

	for (i = 0; i < 5; i++) {
		w[i] = child(waits, name_a);
		CHECK(child_sleeps(w[i]));
	}
	child_kill(w[0], SIGSTOP);
	child_kill(w[2], SIGSTOP);
	CHECK(space_post_all("a") == COMPL_OK);
	CHECK(space_waiters("a") == 0);
	CHECK(compl_reinit(space(), "a", false, NULL) == COMPL_OK);
	CHECK(child_status(w[1]) == 0 && child_status(w[3]) == 0 && child_status(w[4]) == 0);
	child_kill(w[0], SIGCONT);
	child_kill(w[2], SIGCONT);
	CHECK(child_status(w[0]) == 0 && child_status(w[2]) == 0);
	CHECK(space_names_left() == 0);
	return true;
}

static bool
handle_survives_fork(void)
{
	size_t w, v;

	space();
	w = child(waits_inherited, name_a);
	CHECK(child_sleeps(w));
	v = child(waits_inherited, name_a);
	CHECK(child_sleeps(v));
	child_kill(w, SIGKILL);
	CHECK(child_status(w) == 137);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(v) == 0);
	CHECK(space_try("a") == COMPL_TIMED_OUT);
	return true;
}

static int
forks_again(void *name)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(space_wait_ms(space_handle, name, -1) == COMPL_OK ? 5 : 6);
	NEED(space_wait_ms(space_handle, name, -1) == COMPL_OK);
	NEED(waitpid(pid, &status, 0) == pid);
	return WEXITSTATUS(status);
}

static bool
both_sides_of_a_fork_wait(void)
{
	size_t w;

	CHECK(space_try("a") == COMPL_TIMED_OUT);
	w = child(forks_again, name_a);
	while (space_waiters("a") < 2)
		nap();
	CHECK(space_post("a", 2) == COMPL_OK);
	CHECK(child_status(w) == 5);
	return true;
}

static bool
handles_come_and_go(void)
{
	struct compl_where where = space_where();
	struct compl_space *c;
	char open_files[64];
	int i, fd;

	CHECK(space_post("a", 1) == COMPL_OK);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(fd);
	for (i = 0; i < 3000; i++) {
		CHECK(compl_open(&c, &where, i % 2 ? COMPL_ONE_THREAD : COMPL_CREATE) == COMPL_OK);
		CHECK(compl_test(c, "a", 0) == COMPL_OK);
		compl_close(c);
	}
	snprintf(open_files, sizeof open_files, "/proc/self/fd/%d", fd);
	CHECK(access(open_files, F_OK) < 0);
	CHECK(space_try("a") == COMPL_OK);
	return true;
}

static bool
two_handles_in_one_thread(void)
{
	struct compl_space *one = space_open(0), *two = space_open(0);
	const char *name = "a";
	struct compl_request r = { .names = &name, .count = 1, .need = 1 };
	struct compl_outcome out = { 0 };
	struct compl_post p = { .tokens = 2 };

	CHECK(one && two && one != two);
	CHECK(compl_done(one, "a", &p) == COMPL_OK);
	CHECK(compl_try(two, &r, &out) == COMPL_OK);
	CHECK(compl_try(one, &r, &out) == COMPL_OK);
	CHECK(compl_try(two, &r, &out) == COMPL_TIMED_OUT);
	compl_close(one);
	CHECK(compl_done(two, "a", &p) == COMPL_OK);
	compl_close(two);
	CHECK(space_counter("a") == 2);
	return true;
}

static bool
waiting_posts_what_is_needed(void)
{
	struct compl_post p = { .waiting = true };
	size_t w, v;

	CHECK(compl_done(space(), "a", &p) == COMPL_OK);
	CHECK(space_names_left() == 0 && !p.awaited);
	w = child(waits, name_a);
	CHECK(child_sleeps(w));
	v = child(waits, name_a);
	CHECK(child_sleeps(v));
	CHECK(compl_done(space(), "a", &p) == COMPL_OK);
	CHECK(p.awaited);
	CHECK(child_status(w) == 0 && child_status(v) == 0);
	CHECK(space_names_left() == 0);
	return true;
}

static bool
deadline_in_the_past(void)
{
	int64_t begin = in_ms(0);

	CHECK(space_wait_ms(space(), "a", 0) == COMPL_TIMED_OUT);
	CHECK(space_wait_ms(space(), "a", -0) == COMPL_TIMED_OUT);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_wait_ms(space(), "a", 0) == COMPL_OK);
	CHECK(space_wait_ms(space(), "a", 40) == COMPL_TIMED_OUT);
	CHECK(in_ms(0) - begin >= 40000000);
	return true;
}

static bool
results_have_words(void)
{
	int i;

	for (i = COMPL_OK; i <= COMPL_E_UNCERTAIN; i++)
		CHECK(compl_strresult((enum compl_result)i) &&
		      *compl_strresult((enum compl_result)i));
	CHECK(compl_strresult((enum compl_result)1000));
	return true;
}

/* ---- signal handlers ---------------------------------------------------------------- */

static int *handled; /* shared: how often the handler has run */
static size_t ahead; /* the first in line */

static void
handle(int signal)
{
	(void)signal;
	__atomic_add_fetch(handled, 1, __ATOMIC_SEQ_CST);
}

struct interruptible {
	int action_flags;
	unsigned wait_flags;
};

/* Waits for "a", with COMPL_WAIT_ANY also for "b"; ends with the result as its status. */
static int
waits_interruptibly(void *argument)
{
	const struct interruptible *how = argument;
	const struct sigaction action = { .sa_handler = handle, .sa_flags = how->action_flags };
	const char *names[] = { "a", "b" };
	struct compl_request r = { .names = names,
				   .count = how->wait_flags & COMPL_WAIT_ANY ? 2 : 1,
				   .flags = COMPL_WAIT_INTERRUPTIBLE | how->wait_flags,
				   .deadline_ns = COMPL_NEVER };
	struct compl_outcome out;
	struct compl_space *c = space_open(COMPL_ONE_THREAD);

	NEED(c);
	sigaction(SIGUSR1, &action, NULL);
	return (int)compl_wait(c, &r, &out);
}

/* Starts a wait behind another one, and interrupts it as it sleeps.  *waiter is its number. */
static bool
interrupt(struct interruptible *how, size_t *waiter)
{
	handled = mmap(NULL, sizeof(*handled), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	CHECK(handled != MAP_FAILED);
	ahead = child(waits, (char[]){ "a" });
	CHECK(child_sleeps(ahead));
	*waiter = child(waits_interruptibly, how);
	CHECK(child_sleeps(*waiter));
	child_kill(*waiter, SIGUSR1);
	while (__atomic_load_n(handled, __ATOMIC_SEQ_CST) == 0)
		nap();
	return true;
}

static bool
ends_and_leaves(struct interruptible *how)
{
	size_t waiter;

	CHECK(interrupt(how, &waiter));
	CHECK(child_status(waiter) == COMPL_INTERRUPTED);
	CHECK(space_waiters("a") == 1);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(ahead) == 0);
	return true;
}

static bool
interrupted(void)
{
	return ends_and_leaves(&(struct interruptible){ 0, 0 });
}

static bool
interrupted_on_several_words(void)
{
	return ends_and_leaves(&(struct interruptible){ 0, COMPL_WAIT_ANY });
}

static bool
interrupted_with_restart(void)
{
	return ends_and_leaves(&(struct interruptible){ SA_RESTART, 0 });
}

/* The kernel starts the sleep again, so the call does not come to know of the handler. */
static bool
not_interrupted_with_restart(void)
{
	size_t waiter;

	CHECK(interrupt(&(struct interruptible){ SA_RESTART, COMPL_WAIT_ANY }, &waiter));
	CHECK(child_sleeps(waiter));
	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(child_status(waiter) == COMPL_OK);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(ahead) == 0);
	return true;
}

static const struct test tests[] = {
	{ "a token that comes before the wait is remembered", remembers, false },
	{ "waiters of both kinds of handle are granted in order, and killed ones are passed over",
	  goes_in_order, false },
	{ "status and value reach the waiter", carries_status_and_value, false },
	{ "a wait over two names takes all or nothing", takes_all_or_none, false },
	{ "a wait for any takes from the first in argument order", any_takes_the_first, false },
	{ "bad arguments are refused and change nothing", refuses_bad_arguments, false },
	{ "unknown flags and reserved fields that are not zero are refused",
	  refuses_unknown_flags_and_what_is_reserved, false },
	{ "there is one engine, and another one is refused", has_one_engine, false },
	{ "a failure is described by what, why and what to do", describes_failures, false },
	{ "the owner of a file that is in the way is named", describes_the_owner, false },
	{ "all of the outcome and of the payloads is written", writes_the_whole_outcome, false },
	{ "fields that a newer library adds to the elements of a listing are skipped",
	  steps_over_what_it_does_not_know, false },
	{ "a need of 0 is one token", needs_one_token_if_not_told_otherwise, false },
	{ "bad namespaces are refused, and a missing one gets another result",
	  refuses_bad_namespaces, false },
	{ "the counter does not wrap", counter_does_not_wrap, false },
	{ "init keeps waiters, refuses a name with tokens, and makes a name stay", init_and_reinit,
	  false },
	{ "a removal ends the waits for that name", removal_ends_waits, false },
	{ "the removal of a namespace ends all waits that were not released before",
	  namespace_removal_ends_all, false },
	{ "all releases every waiter in line, stopped ones too, whatever follows",
	  all_releases_every_waiter, false },
	{ "a child uses the handle that it inherited", handle_survives_fork, false },
	{ "both sides of a fork wait with one handle", both_sides_of_a_fork_wait, false },
	{ "three thousand handles come and go, and leave no descriptor", handles_come_and_go,
	  false },
	{ "two handles of one thread see the same counter", two_handles_in_one_thread, false },
	{ "a post with waiting posts the tokens that the waiters in line need",
	  waiting_posts_what_is_needed, false },
	{ "a deadline in the past does not sleep, one in the future does", deadline_in_the_past,
	  false },
	{ "every result has words", results_have_words, false },
	{ "a signal handler ends an interruptible wait, and it leaves the line", interrupted,
	  false },
	{ "a signal handler ends an interruptible wait for any of several names",
	  interrupted_on_several_words, false },
	{ "a handler with SA_RESTART ends an interruptible wait that sleeps on one word",
	  interrupted_with_restart, false },
	{ "after a handler with SA_RESTART a sleep on several words goes on, and gets its token",
	  not_interrupted_with_restart, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
