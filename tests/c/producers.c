/* SPDX-License-Identifier: ISC
 *
 * producers.c - promises: kept, broken by death, or void; and which waits are told
 */
#include "tap.h"

/* ---- children ----------------------------------------------------------------- */

enum { PRODUCER_DIED = 21, REMOVED, TIMED_OUT, FULL, DEAD_LOCK };

static int
status_of(enum compl_result result, const struct compl_outcome *out)
{
	switch (result) {
	case COMPL_OK:
		return out->status;
	case COMPL_PRODUCER_DIED:
		return PRODUCER_DIED;
	case COMPL_REMOVED:
		return REMOVED;
	case COMPL_TIMED_OUT:
		return TIMED_OUT;
	case COMPL_E_FULL_PRODUCERS:
		return FULL;
	case COMPL_DEAD_LOCK:
		return DEAD_LOCK;
	default:
		return 90;
	}
}

/* Waits; the argument is "a", or "a b", with "any " or "two " (tokens of each) before it. */
static int
waits(void *argument)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_request r = { .need = 1, .deadline_ns = COMPL_NEVER };
	struct compl_outcome out = { 0 };
	const char *names[8];
	char text[64], *word;

	NEED(c != NULL);
	snprintf(text, sizeof text, "%s", (char *)argument);
	for (word = strtok(text, " "); word; word = strtok(NULL, " "))
		if (!strcmp(word, "any"))
			r.flags = COMPL_WAIT_ANY;
		else if (!strcmp(word, "two"))
			r.need = 2;
		else
			names[r.count++] = word;
	r.names = names;
	return status_of(compl_wait(c, &r, &out), &out);
}

/* Tries to promise "a", then posts a token to "promised" in any case.  If it has the promise,
 * sleeps until "go" or its death, and then does what the argument says. */
static int
promises(void *argument)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	const char *how = argument;
	struct compl_promise promise;
	struct compl_post token = { .tokens = 1 }, all = { .all = true }, failure = { .status = 3 };
	enum compl_result result;

	NEED(c != NULL);
	result = compl_promise(c, "a", strstr(how, "single") ? COMPL_PROMISE_SINGLE : 0, "me",
			       &promise);
	if (strstr(how, "ready"))
		NEED(compl_keep(c, &promise, &all, true) == COMPL_OK);
	NEED(compl_done(c, "promised", &token) == COMPL_OK);
	if (result != COMPL_OK)
		return status_of(result, NULL);
	NEED(space_wait_ms(c, "go", -1) == COMPL_OK);
	if (strstr(how, "break"))
		result = compl_break(c, &promise);
	else if (strstr(how, "close"))
		compl_close(c);
	else if (!strstr(how, "exit"))
		result = compl_keep(c, &promise, strstr(how, "fails") ? &failure : &all, false);
	return status_of(result, &(struct compl_outcome){ 0 });
}

static char posts_all[] = "", fails[] = "fails", single[] = "single", ready[] = "ready",
	    ready_break[] = "ready break", breaks[] = "break", closes[] = "close", exits[] = "exit";
static char a[] = "a", a_b[] = "a b", b_a[] = "b a", any_b_a[] = "any b a", two_a[] = "two a";

/* Starts a child that promises "a" and then sleeps, and stores its number in *i.  Returns whether
 * it has tried to promise. */
static bool
promised(char *how, size_t *i)
{
	*i = child(promises, how);
	CHECK(space_wait_ms(space(), "promised", 20000) == COMPL_OK);
	return true;
}

static bool
waiting(char *names, size_t *i)
{
	*i = child(waits, names);
	CHECK(child_sleeps(*i));
	return true;
}

/* The name's status, or -1. */
static int
status(const char *name)
{
	struct compl_listing *list;
	int found = -1;

	if (compl_list(space(), &list) != COMPL_OK)
		return -2;
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(compl_entry_at(list, i)->name, name))
			found = compl_entry_at(list, i)->payload.status;
	compl_list_free(list);
	return found;
}

static size_t
producers(void)
{
	struct compl_listing *list;
	size_t found = 0;

	if (compl_list(space(), &list) != COMPL_OK)
		return 99;
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(compl_entry_at(list, i)->name, "a"))
			found = compl_entry_at(list, i)->producer_count;
	compl_list_free(list);
	return found;
}

/* ---- kept ------------------------------------------------------------------------ */

static bool
kept(void)
{
	size_t p, w;

	CHECK(promised(fails, &p));
	CHECK(space_counter("a") == 0 && producers() == 1);
	CHECK(waiting(a, &w));
	CHECK(space_post("go", 1) == COMPL_OK);
	CHECK(child_status(w) == 3 && child_status(p) == 0);
	CHECK(space_names_left() == 0);
	return true;
}

static bool
overtaken_by_its_end(void)
{
	size_t p, w;
	int i;

	/* A post and the end of being a producer are one step: however quickly the process ends, it
	 * is not taken for dead. */
	for (i = 0; i < 50; i++) {
		children_count = 0;
		CHECK(promised(fails, &p));
		CHECK(waiting(a, &w));
		CHECK(space_post("go", 1) == COMPL_OK);
		CHECK(child_status(p) == 0 && child_status(w) == 3);
	}
	return true;
}

static bool
listed(void)
{
	struct compl_listing *list;
	size_t p, w;

	CHECK(promised(posts_all, &p));
	CHECK(child_sleeps(p));
	CHECK(waiting(b_a, &w));
	CHECK(compl_list(space(), &list) == COMPL_OK && list->count == 3);
	CHECK(compl_entry_at(list, 0)->producer_count == 1 &&
	      compl_entry_at(list, 0)->waiter_count == 1);
	CHECK(compl_producer_at(compl_entry_at(list, 0), 0)->pid == children[p].pid);
	CHECK(!strcmp(compl_producer_at(compl_entry_at(list, 0), 0)->command, "me"));
	compl_list_free(list);
	CHECK(space_post("go", 1) == COMPL_OK && child_status(p) == 0);
	CHECK(space_counter("a") == COMPL_ALL && producers() == 0);
	CHECK(space_post("b", 1) == COMPL_OK && child_status(w) == 0);
	return true;
}

/* ---- broken ------------------------------------------------------------------------ */

static bool
killed(void)
{
	size_t p, w[4], i;

	CHECK(promised(posts_all, &p));
	for (i = 0; i < 4; i++)
		CHECK(waiting(i == 2 ? any_b_a : i == 3 ? b_a : a, &w[i]));
	child_kill(p, SIGKILL);
	for (i = 0; i < 4; i++)
		CHECK(child_status(w[i]) == PRODUCER_DIED);
	CHECK(child_status(p) == 137);
	CHECK(space_counter("a") == COMPL_ALL && status("a") == COMPL_STATUS_PRODUCER_DIED);
	CHECK(space_wait_ms(space(), "a", 0) == COMPL_PRODUCER_DIED);
	CHECK(compl_test(space(), "a", 0) == COMPL_OK);
	return true;
}

static bool
dead_before_anybody_waits(void)
{
	size_t p, w;

	CHECK(promised(posts_all, &p));
	child_kill(p, SIGKILL);
	CHECK(child_status(p) == 137);
	w = child(waits, a_b);
	CHECK(child_status(w) == PRODUCER_DIED);
	CHECK(space_post("a", 1) == COMPL_OK && space_counter("a") == COMPL_ALL);
	CHECK(compl_init(space(), "a", false, 0) == COMPL_E_EXISTS);
	CHECK(compl_reinit(space(), "a", false, NULL) == COMPL_OK);
	CHECK(space_counter("a") == -1);
	return true;
}

static bool
promised_to_a_sleeper(void)
{
	size_t p, w[3], i;

	CHECK(waiting(a, &w[0]));
	CHECK(waiting(b_a, &w[1]));
	CHECK(waiting(a, &w[2]));
	CHECK(promised(posts_all, &p));
	CHECK(child_sleeps(w[0]));
	child_kill(p, SIGKILL);
	for (i = 0; i < 3; i++)
		CHECK(child_status(w[i]) == PRODUCER_DIED);
	CHECK(child_status(p) == 137);
	return true;
}

static bool
one_of_several(void)
{
	size_t p[3], w[2], i;

	for (i = 0; i < 3; i++)
		CHECK(promised(posts_all, &p[i]));
	CHECK(producers() == 3);
	CHECK(waiting(b_a, &w[0]));
	CHECK(waiting(a, &w[1]));
	child_kill(p[1], SIGKILL);
	CHECK(child_status(w[0]) == PRODUCER_DIED && child_status(w[1]) == PRODUCER_DIED);
	CHECK(producers() == 2);
	CHECK(space_post("go", 2) == COMPL_OK);
	CHECK(child_status(p[0]) == 0 && child_status(p[2]) == 0);
	CHECK(status("a") == COMPL_STATUS_PRODUCER_DIED);
	return true;
}

/* The waiter that the kernel wakes is killed before it can tell the others. */
static bool
killed_with_its_witness(void)
{
	size_t p, w[4], i;
	int round;

	for (round = 0; round < 30; round++) {
		children_count = 0;
		CHECK(promised(posts_all, &p));
		for (i = 0; i < 4; i++)
			CHECK(waiting(i == 1 ? b_a : a, &w[i]));
		child_kill(p, SIGKILL);
		child_kill(w[0], SIGKILL);
		if (round % 2)
			child_kill(w[1], SIGKILL);
		CHECK(child_status(w[2]) == PRODUCER_DIED && child_status(w[3]) == PRODUCER_DIED);
		CHECK(child_status(p) == 137 && child_status(w[0]) >= 0 && child_status(w[1]) >= 0);
		CHECK(compl_remove(space(), "a") == COMPL_OK);
	}
	return true;
}

static bool
first_in_line_stopped(void)
{
	size_t p, w[3], i;
	int stopped;

	CHECK(promised(posts_all, &p));
	for (i = 0; i < 3; i++)
		CHECK(waiting(a, &w[i]));
	child_kill(w[0], SIGSTOP);
	CHECK(waitpid(children[w[0]].pid, &stopped, WUNTRACED) > 0 && WIFSTOPPED(stopped));
	child_kill(p, SIGKILL);
	CHECK(child_status(w[1]) == PRODUCER_DIED && child_status(w[2]) == PRODUCER_DIED);
	child_kill(w[0], SIGCONT);
	CHECK(child_status(w[0]) == PRODUCER_DIED && child_status(p) == 137);
	return true;
}

static bool
broken(void)
{
	char *how[] = { breaks, closes, exits };
	size_t p, w, i;

	for (i = 0; i < COUNT(how); i++) {
		children_count = 0;
		CHECK(promised(how[i], &p));
		CHECK(waiting(a, &w));
		CHECK(space_post("go", 1) == COMPL_OK);
		CHECK(child_status(w) == PRODUCER_DIED && child_status(p) == 0);
		CHECK(compl_remove(space(), "a") == COMPL_OK);
	}
	return true;
}

static bool
token_first(void)
{
	size_t p, w;

	CHECK(promised(posts_all, &p));
	CHECK(waiting(two_a, &w));
	CHECK(space_post("a", 1) == COMPL_OK);
	child_kill(p, SIGKILL);
	CHECK(child_status(w) == PRODUCER_DIED && child_status(p) == 137);
	CHECK(space_counter("a") == COMPL_ALL);
	return true;
}

/* ---- settled names, reinit, removal ------------------------------------------------ */

static bool
starts_anew(void)
{
	size_t p, w, q;

	CHECK(promised(posts_all, &p));
	child_kill(p, SIGKILL);
	CHECK(child_status(p) == 137);
	CHECK(promised(fails, &q));
	CHECK(space_counter("a") == 0 && status("a") == 0);
	CHECK(waiting(a, &w));
	CHECK(space_post("go", 1) == COMPL_OK);
	CHECK(child_status(w) == 3 && child_status(q) == 0);
	return true;
}

static bool
settled_while_another_lives(void)
{
	size_t p, q;

	CHECK(promised(ready, &p));
	CHECK(space_counter("a") == COMPL_ALL);
	CHECK(promised(fails, &q));
	CHECK(space_counter("a") == COMPL_ALL && producers() == 2);
	CHECK(space_post("go", 2) == COMPL_OK);
	CHECK(child_status(p) == 0 && child_status(q) == 0);
	CHECK(space_counter("a") == COMPL_ALL && status("a") == 0);
	return true;
}

static bool
tokens_stay(void)
{
	size_t p;

	CHECK(space_post("a", 2) == COMPL_OK);
	CHECK(promised(posts_all, &p));
	CHECK(space_counter("a") == 2);
	CHECK(space_post("go", 1) == COMPL_OK && child_status(p) == 0);
	return true;
}

static bool
ready_and_gone(void)
{
	size_t p;

	CHECK(promised(ready_break, &p));
	CHECK(space_post("go", 1) == COMPL_OK && child_status(p) == 0);
	CHECK(space_counter("a") == COMPL_ALL && status("a") == 0);
	children_count = 0;
	CHECK(promised(ready, &p));
	child_kill(p, SIGKILL);
	CHECK(child_status(p) == 137);
	CHECK(space_counter("a") == COMPL_ALL && status("a") == 0);
	return true;
}

static bool
reinit_keeps_the_living(void)
{
	size_t p, w[2];

	CHECK(promised(ready, &p));
	CHECK(waiting(a_b, &w[0]));
	CHECK(compl_reinit(space(), "a", true, NULL) == COMPL_OK);
	CHECK(producers() == 1 && space_counter("a") == 0);
	CHECK(waiting(a, &w[1]));
	CHECK(child_sleeps(w[0]));
	child_kill(p, SIGKILL);
	CHECK(child_status(w[0]) == PRODUCER_DIED && child_status(w[1]) == PRODUCER_DIED);
	CHECK(child_status(p) == 137);
	return true;
}

static bool
removed(void)
{
	size_t p, w;

	CHECK(promised(posts_all, &p));
	CHECK(child_sleeps(p));
	CHECK(waiting(a, &w));
	CHECK(compl_remove(space(), "a") == COMPL_OK);
	CHECK(child_status(w) == REMOVED);
	CHECK(space_post("a", 1) == COMPL_OK && producers() == 0);
	CHECK(space_post("go", 1) == COMPL_OK);
	CHECK(child_status(p) == REMOVED);
	CHECK(space_counter("a") == 1);
	return true;
}

static bool
not_beside_another(void)
{
	size_t p, q;

	CHECK(promised(single, &p));
	CHECK(promised(single, &q));
	CHECK(child_status(q) == TIMED_OUT);
	child_kill(p, SIGKILL);
	CHECK(child_status(p) == 137);
	CHECK(promised(single, &q));
	CHECK(space_post("go", 1) == COMPL_OK && child_status(q) == 0);
	return true;
}

/* ---- what is held ------------------------------------------------------------------- */

/* Promises "a" with a descriptor of it, which a process inherits that does nothing, posts a token
 * to "promised", and sleeps until "go". */
static int
holds(void *argument)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_post token = { .tokens = 1 };
	struct compl_promise promise;
	char byte = 0;
	pid_t pid;

	(void)argument;
	NEED(c != NULL);
	NEED(compl_promise(c, "a", COMPL_PROMISE_SINGLE | COMPL_PROMISE_HOLD, "me", &promise) ==
	     COMPL_OK);
	NEED(promise.hold > STDERR_FILENO && fcntl(promise.hold, F_GETFD) == FD_CLOEXEC);
	NEED(read(promise.hold, &byte, 1) == 1 && write(promise.hold, &byte, 1) < 0);
	NEED(compl_holder(c, "a", &pid) == COMPL_OK && pid == 0); /* nobody else */
	if (fork() == 0)
		for (;;)
			pause();
	NEED(compl_holder(c, "a", &pid) == COMPL_OK && pid > 0);
	close(promise.hold);
	NEED(compl_done(c, "promised", &token) == COMPL_OK);
	NEED(space_wait_ms(c, "go", -1) == COMPL_OK);
	return status_of(compl_keep(c, &promise, &token, false), &(struct compl_outcome){ 0 });
}

/* Whether the listing shows what holds "a".  pid: 0 if nothing does. */
static bool
lists_holder(pid_t pid)
{
	struct compl_listing *list;
	const struct compl_entry *e;
	bool is_so;

	CHECK(compl_list(space(), &list) == COMPL_OK);
	e = list->count > 0 ? compl_entry_at(list, 0) : NULL;
	is_so = e != NULL ? e->held == (pid != 0) && e->holder == pid : pid == 0;
	compl_list_free(list);
	return is_so;
}

static bool
may_be_single(bool yes)
{
	size_t q;

	CHECK(promised(single, &q));
	if (yes)
		CHECK(space_post("go", 1) == COMPL_OK);
	CHECK(child_status(q) == (yes ? 0 : TIMED_OUT));
	return true;
}

/* Ends what holds() has started, and waits until the kernel has closed its descriptors. */
static bool
let_go(pid_t pid)
{
	CHECK(pid > 0 && kill(pid, SIGKILL) == 0);
	for (int i = 0; i < 20000 && kill(pid, 0) == 0 && compl_holder(space(), "a", &pid) == 0;
	     i++)
		usleep(1000);
	return true;
}

static bool
held_after_a_death(void)
{
	pid_t pid = 0;
	size_t p;

	CHECK(compl_holder(space(), "a", &pid) == COMPL_E_NO_NAME && pid == 0);
	p = child(holds, NULL);
	CHECK(space_wait_ms(space(), "promised", 20000) == COMPL_OK);
	child_kill(p, SIGKILL);
	CHECK(child_status(p) == 137);
	CHECK(may_be_single(false));
	CHECK(compl_reinit(space(), "a", true, NULL) == COMPL_OK);
	CHECK(space_names_left() == 1 && may_be_single(false));
	CHECK(compl_holder(space(), "a", &pid) == COMPL_OK && lists_holder(pid));
	CHECK(let_go(pid) && lists_holder(0));
	CHECK(compl_holder(space(), "a", &pid) == COMPL_E_NO_NAME && pid == 0);
	CHECK(may_be_single(true));
	CHECK(compl_holder(space(), "-a", &pid) == COMPL_E_BAD_NAME);
	return true;
}

static bool
held_after_a_post(void)
{
	size_t p = child(holds, NULL);
	pid_t pid, other;

	CHECK(space_wait_ms(space(), "promised", 20000) == COMPL_OK);
	CHECK(space_post("go", 1) == COMPL_OK && child_status(p) == 0);
	CHECK(space_wait_ms(space(), "a", 0) == COMPL_OK);
	CHECK(space_names_left() == 1 && compl_holder(space(), "a", &pid) == COMPL_OK);
	CHECK(compl_repair(space()) == COMPL_OK && may_be_single(false));
	CHECK(compl_remove(space(), "a") == COMPL_OK);
	CHECK(compl_holder(space(), "a", &other) == COMPL_E_NO_NAME && may_be_single(true));
	CHECK(let_go(pid));
	return true;
}

/* ---- limits ------------------------------------------------------------------------ */

static bool
too_many_producers(void)
{
	size_t p, i, w;

	for (i = 0; i < COMPL_PRODUCERS_MAX; i++)
		CHECK(promised(posts_all, &p));
	CHECK(producers() == COMPL_PRODUCERS_MAX);
	p = child(promises, posts_all);
	CHECK(child_status(p) == FULL);
	CHECK(waiting(a, &w));
	child_kill(COMPL_PRODUCERS_MAX - 1, SIGKILL);
	CHECK(child_status(w) == PRODUCER_DIED);
	CHECK(space_post("go", COMPL_PRODUCERS_MAX - 1) == COMPL_OK);
	for (i = 0; i < COMPL_PRODUCERS_MAX; i++)
		CHECK(child_status(i) >= 0);
	return true;
}

static int
promises_all(void *argument)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_promise promise[COMPL_PROMISES_MAX + 1];
	struct compl_post all = { .all = true };
	char name[16];
	int i;

	(void)argument;
	NEED(c != NULL);
	for (i = 0; i < COMPL_PROMISES_MAX; i++) {
		snprintf(name, sizeof name, "p%d", i);
		NEED(compl_promise(c, name, 0, NULL, &promise[i]) == COMPL_OK);
	}
	NEED(compl_promise(c, "more", 0, NULL, &promise[i]) == COMPL_E_FULL_PRODUCERS);
	NEED(space_wait_ms(c, "go", -1) == COMPL_OK);
	for (i = 0; i < COMPL_PROMISES_MAX; i += 2)
		NEED(compl_keep(c, &promise[i], &all, false) == COMPL_OK);
	NEED(compl_keep(c, &promise[0], &all, false) == COMPL_E_ARGUMENT);
	return 0;
}

static bool
several_of_one_handle(void)
{
	size_t p = child(promises_all, NULL);
	char name[16];
	int i;

	CHECK(child_sleeps(p));
	CHECK(space_post("go", 1) == COMPL_OK && child_status(p) == 0);
	for (i = 0; i < COMPL_PROMISES_MAX; i++) {
		snprintf(name, sizeof name, "p%d", i);
		CHECK(space_wait_ms(space(), name, 0) == (i % 2 ? COMPL_PRODUCER_DIED : COMPL_OK));
	}
	CHECK(space_counter("more") == -1);
	return true;
}

/* ---- dead-locks -------------------------------------------------------------------- */

struct part {
	const char *makes, *needs;
	unsigned flags;
};

/* Waits without a deadline for what the part needs. */
static int
needs(const struct part *part)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_request r = { .names = &part->needs,
				   .count = 1,
				   .need = 1,
				   .flags = COMPL_WAIT_DETECT,
				   .deadline_ns = COMPL_NEVER };
	struct compl_outcome out = { 0 };

	NEED(c != NULL);
	return status_of(compl_wait(c, &r, &out), &out);
}

/* Attends to a child until it ends, and keeps the promise. */
static int
attend(struct compl_space *c, struct compl_promise *promise, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0)
		nap();
	NEED(compl_keep(c, promise, &(struct compl_post){ .all = true }, false) == COMPL_OK);
	return WEXITSTATUS(status);
}

/* Promises, starts a child that waits, and waits for its end; ends with its status. */
static int
works(void *argument)
{
	const struct part *part = argument;
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_promise promise;
	pid_t pid;

	NEED(c != NULL);
	NEED(compl_promise(c, part->makes, part->flags, "me", &promise) == COMPL_OK);
	if ((pid = fork()) == 0)
		_exit(needs(part));
	return attend(c, &promise, pid);
}

/* Does the same, but promises only after somebody waits for what it makes. */
static int
works_late(void *argument)
{
	const struct part *part = argument;
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_promise promise;
	pid_t pid;

	NEED(c != NULL);
	if ((pid = fork()) == 0)
		_exit(needs(part));
	space_handle = c;
	while (space_waiters(part->makes) == 0)
		nap();
	NEED(compl_promise(c, part->makes, part->flags, "me", &promise) == COMPL_OK);
	return attend(c, &promise, pid);
}

static bool
awaited(const char *name, size_t by)
{
	while (!child_try_reap(by) && space_waiters(name) == 0)
		nap();
	return space_waiters(name) == 1;
}

/* Each of two needs what the other one makes, and the first does something else besides. */
static bool
below_one_that_works(void)
{
	static struct part one = { "a", "b", 0 }, other = { "b", "a", COMPL_PROMISE_CHILD };
	size_t first = child(works, &one), second;

	CHECK(awaited("b", first));
	second = child(works, &other);
	CHECK(awaited("a", second));
	pause_us(1200000); /* three looks */
	CHECK(space_waiters("a") == 1 && space_waiters("b") == 1);
	CHECK(space_post_all("a") == COMPL_OK);
	CHECK(child_status(second) == 0);
	CHECK(child_status(first) == 0);
	return true;
}

static bool
below_those_that_attend(void)
{
	static struct part one = { "a", "b", COMPL_PROMISE_CHILD };
	static struct part other = { "b", "a", COMPL_PROMISE_CHILD };
	size_t first = child(works, &one);

	CHECK(awaited("b", first));
	CHECK(child_status(child(works, &other)) == DEAD_LOCK);
	CHECK(child_status(first) == 0);
	return true;
}

/* The last promise closes the cycle: both waits are there already. */
static bool
below_one_that_promises_late(void)
{
	static struct part one = { "a", "b", COMPL_PROMISE_CHILD };
	static struct part other = { "b", "a", COMPL_PROMISE_CHILD };
	size_t late = child(works_late, &other), early;

	CHECK(awaited("a", late));
	early = child(works, &one);
	CHECK(child_status(early) == DEAD_LOCK);
	CHECK(child_status(late) == 0);
	return true;
}

static bool
not_on_a_shared_list(void)
{
	struct compl_promise promise;

	CHECK(compl_promise(space(), "a", 0, NULL, &promise) == COMPL_E_ARGUMENT);
	CHECK(compl_promise(space(), "-a", 0, NULL, &promise) == COMPL_E_BAD_NAME);
	CHECK(space_names_left() == 0);
	return true;
}

static const struct test tests[] = {
	{ .sentence = "a promise that is kept releases the waiter with its status", .run = kept },
	{ .sentence = "a producer that posts and ends at once is not taken for dead",
	  .run = overtaken_by_its_end },
	{ .sentence = "a producer is listed, and its name exists as long as it lives",
	  .run = listed },
	{ .sentence = "the death of a producer ends all waits, and settles the name",
	  .run = killed },
	{ .sentence = "a producer that died before a wait began is noticed, until reinit",
	  .run = dead_before_anybody_waits },
	{ .sentence = "a wait that slept before the promise was made is told of its end",
	  .run = promised_to_a_sleeper },
	{ .sentence = "the death of one of several producers is enough", .run = one_of_several },
	{ .sentence = "if the wait that notices the death is killed, the next one notices it",
	  .run = killed_with_its_witness },
	{ .sentence = "if the first in line is stopped, the others are told all the same",
	  .run = first_in_line_stopped },
	{ .sentence =
		  "breaking a promise, closing the handle, and exit have the same effect as death",
	  .run = broken },
	{ .sentence = "a waiter with half of its tokens is told that the producer died",
	  .run = token_first },
	{ .sentence = "a settled name starts anew with the next producer", .run = starts_anew },
	{ .sentence = "a settled name does not start anew while another producer lives",
	  .run = settled_while_another_lives },
	{ .sentence = "tokens not yet taken stay when a producer comes", .run = tokens_stay },
	{ .sentence = "a producer that has posted all may end in any way", .run = ready_and_gone },
	{ .sentence = "living producers stay through a reinit, and are watched again",
	  .run = reinit_keeps_the_living },
	{ .sentence = "a promise is void when its name is removed", .run = removed },
	{ .sentence = "a single producer has no other producer beside it",
	  .run = not_beside_another },
	{ .sentence = "what a dead producer has started holds its name, and then not",
	  .run = held_after_a_death },
	{ .sentence = "what a producer has started holds its name after the post, until it is "
		      "removed",
	  .run = held_after_a_post },
	{ .sentence = "one producer more than there is room for is refused",
	  .run = too_many_producers },
	{ .sentence = "a handle keeps several promises, and its end breaks the others",
	  .run = several_of_one_handle },
	{ .sentence = "below a producer that works itself no dead-lock is reported",
	  .run = below_one_that_works },
	{ .sentence = "below producers that only wait for children a dead-lock is found",
	  .run = below_those_that_attend },
	{ .sentence = "a dead-lock that a promise closes after the waits began is found",
	  .run = below_one_that_promises_late },
	{ .sentence = "a promise needs a handle with COMPL_ONE_THREAD",
	  .run = not_on_a_shared_list },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
