/* SPDX-License-Identifier: ISC
 *
 * loans.c - waits that borrow, and compl_give_back(): strays, limits, removals, forks
 */
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "internals.h"

/* Borrows a token of each name in the list, without waiting. */
static enum compl_result
borrow(struct compl_space *c, const char *const *names, size_t count, unsigned flags,
       struct compl_loan *loan)
{
	const struct compl_request request = {
		.names = names, .count = count, .need = 1, .flags = flags, .loan = loan
	};
	struct compl_outcome out;

	return compl_try(c, &request, &out);
}

/* A thread that has a handle with COMPL_ONE_THREAD has no other: it is the test's own, too. */
static struct compl_space *
only_handle(void)
{
	space_handle = space_open(COMPL_ONE_THREAD);
	return space_handle;
}

static void
close_handle(void)
{
	compl_close(space_handle);
	space_handle = NULL;
}

static const char *const a[] = { "a" }, *const b[] = { "b" }, *const a_b[] = { "a", "b" };

/* Closes the caller's copy first, as the contract says. */
static enum compl_result
give_back(struct compl_space *c, struct compl_loan *loan)
{
	close(loan->hold);
	return compl_give_back(c, loan);
}

static bool
comes_back(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan;

	CHECK(c != NULL && space_post("a", 2) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK && loan.entry != 0);
	CHECK(fcntl(loan.hold, F_GETFD) == FD_CLOEXEC && space_counter("a") == 1);
	CHECK(give_back(c, &loan) == COMPL_OK && loan.entry == 0);
	CHECK(space_counter("a") == 2);
	CHECK(compl_give_back(c, &loan) == COMPL_E_ARGUMENT && space_counter("a") == 2);
	close_handle();
	return true;
}

/* The child has a copy of the descriptor until it is killed. */
static int
keeps(void *unused)
{
	(void)unused;
	pause();
	return 1;
}

static bool
stray_keeps_it(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan;
	size_t stray;

	CHECK(c != NULL && space_post("a", 1) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK);
	stray = child(keeps, NULL);
	CHECK(give_back(c, &loan) == COMPL_NOT_DONE && loan.entry == 0);
	CHECK(space_counter("a") == 0 && space_try("a") == COMPL_TIMED_OUT);
	child_kill(stray, SIGKILL);
	CHECK(child_status(stray) == 137);
	CHECK(space_wait_ms(space(), "a", 20000) == COMPL_OK);
	close_handle();
	return true;
}

static bool
closing_gives_back(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan;

	CHECK(c != NULL && space_post("a", 1) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK);
	close(loan.hold);
	close_handle();
	CHECK(space_counter("a") == 1);
	return true;
}

static bool
has_a_limit(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan[COMPL_PROMISES_MAX + 1];
	size_t i;

	CHECK(c != NULL && space_post("a", COMPL_PROMISES_MAX + 1) == COMPL_OK);
	for (i = 0; i < COMPL_PROMISES_MAX; i++)
		CHECK(borrow(c, a, 1, 0, &loan[i]) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan[i]) == COMPL_E_FULL_PRODUCERS && loan[i].entry == 0);
	CHECK(space_counter("a") == 1);
	CHECK(give_back(c, &loan[3]) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan[3]) == COMPL_OK && space_counter("a") == 1);
	for (i = 0; i < COMPL_PROMISES_MAX; i++)
		CHECK(give_back(c, &loan[i]) == COMPL_OK);
	CHECK(space_counter("a") == COMPL_PROMISES_MAX + 1);
	close_handle();
	return true;
}

/* A name at "all" lends nothing, so it takes no room. */
static bool
limit_counts_what_is_lent(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan[COMPL_PROMISES_MAX], last;
	size_t i;

	CHECK(c != NULL && space_post_all("a") == COMPL_OK);
	CHECK(space_post("b", COMPL_PROMISES_MAX + 1) == COMPL_OK);
	for (i = 0; i < COMPL_PROMISES_MAX - 1; i++)
		CHECK(borrow(c, b, 1, 0, &loan[i]) == COMPL_OK);
	CHECK(borrow(c, a_b, 2, 0, &loan[i]) == COMPL_OK && loan[i].entry != 0);
	CHECK(borrow(c, a, 1, 0, &last) == COMPL_OK && last.entry == 0);
	CHECK(borrow(c, a_b, 2, 0, &last) == COMPL_E_FULL_PRODUCERS && last.entry == 0);
	for (i = 0; i < COMPL_PROMISES_MAX; i++)
		CHECK(give_back(c, &loan[i]) == COMPL_OK);
	CHECK(space_counter("b") == COMPL_PROMISES_MAX + 1);
	close_handle();
	return true;
}

/* A copy of a loan that is over, whose entry another loan has by now. */
static bool
copy_gives_nothing_back(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan, copy, other;

	CHECK(c != NULL && space_post("a", 2) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK);
	copy = loan;
	CHECK(give_back(c, &loan) == COMPL_OK);
	do
		CHECK(borrow(c, a, 1, 0, &other) == COMPL_OK);
	while (other.entry != copy.entry && give_back(c, &other) == COMPL_OK);
	CHECK(compl_give_back(c, &copy) == COMPL_E_ARGUMENT);
	CHECK(space_counter("a") == 1 && give_back(c, &other) == COMPL_OK);
	CHECK(space_counter("a") == 2);
	close_handle();
	return true;
}

static int
closes(void *handle)
{
	compl_close(handle);
	return 0;
}

/* The child has a copy of the list of retained words, and its parent owns them. */
static bool
child_closes_nothing(void)
{
	struct compl_space *c = only_handle();
	struct compl_promise promise;
	struct compl_loan loan;

	CHECK(c != NULL && space_post("a", 1) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK);
	CHECK(compl_promise(c, "b", 0, NULL, &promise) == COMPL_OK);
	close(loan.hold);
	CHECK(child_status(child(closes, c)) == 0);
	CHECK(space_try("a") == COMPL_TIMED_OUT && space_try("b") == COMPL_TIMED_OUT);
	CHECK(compl_give_back(c, &loan) == COMPL_OK && space_counter("a") == 1);
	CHECK(compl_break(c, &promise) == COMPL_OK);
	close_handle();
	return true;
}

static bool
lends_from_what_has_tokens(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan;

	CHECK(c != NULL && space_post("b", 1) == COMPL_OK);
	CHECK(borrow(c, a_b, 2, 0, &loan) == COMPL_TIMED_OUT && loan.entry == 0);
	CHECK(borrow(c, a_b, 2, COMPL_WAIT_ANY, &loan) == COMPL_OK && loan.entry != 0);
	CHECK(space_counter("b") == 0 && give_back(c, &loan) == COMPL_OK);
	CHECK(space_post_all("a") == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK && loan.entry == 0);
	CHECK(borrow(c, a_b, 2, 0, &loan) == COMPL_OK && space_counter("b") == 0);
	CHECK(give_back(c, &loan) == COMPL_OK);
	CHECK(space_counter("b") == 1 && space_counter("a") == COMPL_ALL);
	close_handle();
	return true;
}

static bool
is_forgotten(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan;

	CHECK(c != NULL && space_post("a", 1) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK && space_counter("a") == 0);
	CHECK(compl_reinit(space(), "a", true, NULL) == COMPL_OK && space_counter("a") == -1);
	CHECK(space_post("a", 3) == COMPL_OK);
	CHECK(give_back(c, &loan) == COMPL_OK && space_counter("a") == 3);
	CHECK(space_post("b", 1) == COMPL_OK && borrow(c, a_b, 2, 0, &loan) == COMPL_OK);
	CHECK(compl_remove(space(), "b") == COMPL_OK && space_post("b", 1) == COMPL_OK);
	CHECK(give_back(c, &loan) == COMPL_OK);
	CHECK(space_counter("a") == 3 && space_counter("b") == 1);
	close_handle();
	return true;
}

static bool
is_sound(void)
{
	size_t faults = 0;

	CHECK(compl_check(space(), tap_fault, NULL, &faults) == COMPL_OK && faults == 0);
	return true;
}

/* One borrower lives; of the other only a stray is left. */
static bool
outlasts_a_repair(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan[2];
	size_t stray;

	CHECK(c != NULL && space_post("a", 4) == COMPL_OK && space_post("b", 1) == COMPL_OK);
	CHECK(borrow(c, a_b, 2, 0, &loan[0]) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan[1]) == COMPL_OK);
	stray = child(keeps, NULL);
	CHECK(give_back(c, &loan[1]) == COMPL_NOT_DONE);
	CHECK(compl_repair(c) == COMPL_OK && is_sound());
	CHECK(compl_repair(c) == COMPL_OK && is_sound());
	CHECK(space_counter("a") == 2 && space_counter("b") == 0);
	child_kill(stray, SIGKILL);
	CHECK(child_status(stray) == 137 && space_try("a") == COMPL_OK);
	CHECK(space_counter("a") == 2 && give_back(c, &loan[0]) == COMPL_OK);
	CHECK(space_counter("a") == 3 && space_counter("b") == 1);
	close_handle();
	return true;
}

static bool
ends_a_failure(void)
{
	struct compl_space *c = only_handle();
	struct compl_post ready = { .ready = true };
	struct compl_promise promise;
	struct compl_loan loan;

	CHECK(c != NULL && space_post("a", 1) == COMPL_OK);
	CHECK(compl_promise(c, "a", 0, NULL, &promise) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK);
	CHECK(compl_keep(c, &promise, &ready, true) == COMPL_OK);
	CHECK(compl_break(c, &promise) == COMPL_OK && space_try("a") == COMPL_PRODUCER_DIED);
	CHECK(give_back(c, &loan) == COMPL_OK && is_sound());
	CHECK(space_counter("a") == 1 && space_try("a") == COMPL_OK);
	close_handle();
	return true;
}

/* The test's own name "a" gets a counter and a flag that compl cannot have written. */
static bool
spoil(uint32_t done, uint32_t flag)
{
	static struct session s;
	struct completion *n;
	size_t faults = 0;

	CHECK(internals_lock(&s));
	n = completion_at(&s, hashtable_find(&s, "a"));
	put(&n->done, done);
	put(&n->flags, get(&n->flags) | flag);
	segment_unlock(&s);
	CHECK(compl_check(space(), NULL, NULL, &faults) == COMPL_OK && faults == 1);
	CHECK(compl_repair(space()) == COMPL_OK && is_sound());
	return true;
}

static bool
spoilt_counters_are_mended(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan;

	CHECK(c != NULL && space_post("a", 2) == COMPL_OK);
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK);
	CHECK(spoil(1, COMPLETION_PRODUCER_DIED));
	CHECK(space_try("a") == COMPL_OK && space_post("a", 1) == COMPL_OK);
	CHECK(spoil(COMPL_ALL - 1, 0));
	CHECK(give_back(c, &loan) == COMPL_OK && space_counter("a") == COMPL_ALL - 1);
	close_handle();
	return true;
}

/* The tail of the borrowers of "a" is an entry that there is not. */
static bool
spoil_tail(void)
{
	static struct session s;

	CHECK(internals_lock(&s));
	put(&completion_at(&s, hashtable_find(&s, "a"))->borrowers.tail, LAYOUT_ENTRIES);
	segment_unlock(&s);
	return true;
}

/* The damage is met when the entries of the wait are about to become those of the loan. */
static bool
damage_lends_nothing(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan;

	CHECK(c != NULL && space_post("a", 1) == COMPL_OK && space_post("b", 1) == COMPL_OK);
	CHECK(spoil_tail());
	CHECK(borrow(c, a_b, 2, 0, &loan) == COMPL_E_DAMAGED);
	CHECK(loan.entry == 0 && loan.hold == 0);
	CHECK(space_waiters("b") == 0 && compl_repair(c) == COMPL_OK && is_sound());
	CHECK(space_counter("a") == 1 && space_try("a") == COMPL_OK);
	CHECK(space_try("b") == COMPL_OK);
	close_handle();
	return true;
}

/* ---- many loans and promises, in any order -------------------------------------------------- */

#define TOKENS 200

/* What a handle has open: a loan from the names in the set, or a promise of one. */
static struct open {
	unsigned names; /* bits; 0: nothing is open */
	unsigned there; /* those of them that were not removed since */
	bool is_promise;
	struct compl_loan loan;
	struct compl_promise promise;
} opened[COMPL_PROMISES_MAX];

static const char *const all_names[] = { "a", "b", "c" };

static size_t
room_taken(void)
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT(opened); i++)
		count += (size_t)__builtin_popcount(opened[i].names);
	return count;
}

/* Whether every name has as many tokens as it should: what was lent is not there. */
static bool
adds_up(void)
{
	for (size_t n = 0; n < COUNT(all_names); n++) {
		int64_t left = TOKENS;

		for (size_t i = 0; i < COUNT(opened); i++)
			left -= !opened[i].is_promise && opened[i].there >> n & 1;
		CHECK(space_counter(all_names[n]) == left);
	}
	return true;
}

static bool
open_one(struct compl_space *c, struct open *o)
{
	size_t room = COMPL_PROMISES_MAX - room_taken(), count = 0;
	const char *names[COUNT(all_names)] = { NULL };
	enum compl_result expected, result;

	*o = (struct open){ .is_promise = rand() % 3 == 0 };
	o->names = o->is_promise ? 1u << rand() % 3 : 1 + (unsigned)rand() % 7;
	for (size_t n = 0; n < COUNT(all_names); n++)
		if (o->names >> n & 1)
			names[count++] = all_names[n];
	expected = count <= room ? COMPL_OK : COMPL_E_FULL_PRODUCERS;
	result = o->is_promise ? compl_promise(c, names[0], 0, NULL, &o->promise)
			       : borrow(c, names, count, 0, &o->loan);
	if (result != COMPL_OK)
		o->names = 0;
	o->there = o->names;
	CHECK(result == expected);
	return true;
}

static bool
close_one(struct compl_space *c, struct open *o)
{
	struct compl_post token = { .tokens = 1 };

	if (!o->is_promise) {
		CHECK(give_back(c, &o->loan) == COMPL_OK);
	} else if (o->there == 0) {
		CHECK(compl_break(c, &o->promise) == COMPL_REMOVED);
	} else {
		CHECK(compl_keep(c, &o->promise, &token, false) == COMPL_OK);
		CHECK(space_try(all_names[__builtin_ctz(o->names)]) == COMPL_OK);
	}
	o->names = o->there = 0;
	return true;
}

/* A removal and a new name with all tokens: nothing of the old one comes back. */
static bool
forget(size_t n)
{
	CHECK(compl_remove(space(), all_names[n]) == COMPL_OK);
	CHECK(space_post(all_names[n], TOKENS) == COMPL_OK);
	for (size_t i = 0; i < COUNT(opened); i++)
		opened[i].there &= ~(1u << n);
	return true;
}

/* Ends what is open in any order, and begins more. */
static int
borrows_and_promises(void *seed)
{
	struct compl_space *c = only_handle();

	srand(*(unsigned *)seed);
	NEED(c != NULL);
	for (unsigned turn = 0; turn < 3000; turn++) {
		struct open *o = &opened[(unsigned)rand() % COUNT(opened)];

		NEED(o->names != 0 ? close_one(c, o) : open_one(c, o));
		NEED(turn % 50 != 0 || (adds_up() && forget((unsigned)rand() % 3)));
	}
	for (size_t i = 0; i < COUNT(opened); i++)
		NEED(!opened[i].is_promise || opened[i].names == 0 || close_one(c, &opened[i]));
	NEED(adds_up());
	NEED(raise(SIGKILL) == 0);
	return 0;
}

static bool
comes_back_in_any_order(void)
{
	unsigned seed = (unsigned)now_ns();

	printf("# seed %u\n", seed);
	for (size_t n = 0; n < COUNT(all_names); n++)
		CHECK(space_post(all_names[n], TOKENS) == COMPL_OK);
	CHECK(child_status(child(borrows_and_promises, &seed)) == 137);
	CHECK(is_sound() && adds_up());
	return true;
}

/* Borrows from "a", or from "a" and "b" if an argument is given, and keeps it. */
static int
lends(void *both)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_loan loan;

	NEED(c != NULL && borrow(c, a_b, both != NULL ? 2 : 1, 0, &loan) == COMPL_OK);
	pause();
	return 1;
}

static int
waits_in_line(void *name)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);

	NEED(c != NULL);
	return (int)space_wait_ms(c, name, -1);
}

static int
waits_traced(void *name)
{
	NEED(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	raise(SIGSTOP);
	return waits_in_line(name);
}

/* Lets a traced child go from one system call to the next, until it sleeps in one. */
static bool
trace_to_sleep(size_t i)
{
	int status, naps = 0;

	CHECK(waitpid(children[i].pid, &status, 0) > 0 && WIFSTOPPED(status));
	for (; naps < 500; naps = 0) {
		CHECK(ptrace(PTRACE_SYSCALL, children[i].pid, NULL, NULL) == 0);
		while (waitpid(children[i].pid, &status, WNOHANG) == 0 && naps++ < 500)
			usleep(1000);
		if (naps > 500)
			break;
	}
	return true;
}

/* The first in line of "a" gets the one wake of the kernel, by a beacon that is not its pending
 * operation, and is killed before it hands the wake on. */
static bool
a_shared_beacon_wakes_both_lines(void)
{
	size_t one, two, first, other;
	int status;

	CHECK(space_post("a", 2) == COMPL_OK && space_post("b", 1) == COMPL_OK);
	one = child(lends, NULL);
	while (space_counter("a") != 1)
		usleep(1000);
	two = child(lends, &status);
	while (space_counter("b") != 0)
		usleep(1000);
	first = child(waits_traced, (void *)(uintptr_t) "a");
	CHECK(trace_to_sleep(first));
	other = child(waits_in_line, (void *)(uintptr_t) "b");
	CHECK(child_sleeps(other));
	child_kill(two, SIGKILL);
	CHECK(waitpid(children[first].pid, &status, 0) > 0);
	child_kill(first, SIGKILL);
	CHECK(child_status(other) == COMPL_OK); /* not by the watchdog: tap.h counts its wakes */
	child_kill(one, SIGKILL);
	return true;
}

/* Is ready when it has a token of "go", posts one to "up", and goes on to be ready. */
static int
serves(void *unused)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_post ready = { .ready = true }, token = { .tokens = 1 };
	struct compl_promise promise;

	(void)unused;
	NEED(c != NULL && compl_promise(c, "a", 0, NULL, &promise) == COMPL_OK);
	NEED(space_wait_ms(c, "go", -1) == COMPL_OK);
	NEED(compl_keep(c, &promise, &ready, true) == COMPL_OK);
	NEED(compl_done(c, "up", &token) == COMPL_OK);
	pause();
	return 1;
}

/* Joins the lines of "a" and "b" when it has a token of "go". */
static int
waits_for_both(void *unused)
{
	const struct compl_request request = {
		.names = a_b, .count = 2, .need = 1, .deadline_ns = COMPL_NEVER
	};
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_outcome out;

	(void)unused;
	NEED(c != NULL && space_wait_ms(c, "go", -1) == COMPL_OK);
	return (int)compl_wait(c, &request, &out);
}

/* The waiter is stopped, so it cannot see that the producer has died before the token is back.
 * Both begin before the loan, because a child inherits its descriptor. */
static bool
finds_the_dead_first(void)
{
	struct compl_space *c = only_handle();
	struct compl_loan loan;
	size_t producer, waiter;

	CHECK(c != NULL && space_post("a", 1) == COMPL_OK);
	producer = child(serves, NULL);
	CHECK(child_sleeps(producer));
	waiter = child(waits_for_both, NULL);
	CHECK(child_sleeps(waiter));
	CHECK(borrow(c, a, 1, 0, &loan) == COMPL_OK && space_post("go", 1) == COMPL_OK);
	CHECK(space_wait_ms(c, "up", 20000) == COMPL_OK && space_post("go", 1) == COMPL_OK);
	while (space_waiters("b") == 0 && !child_try_reap(waiter))
		usleep(1000);
	child_kill(waiter, SIGSTOP);
	child_kill(producer, SIGKILL);
	CHECK(child_status(producer) == 128 + SIGKILL);
	CHECK(give_back(c, &loan) == COMPL_OK);
	child_kill(waiter, SIGCONT);
	CHECK(child_status(waiter) == COMPL_PRODUCER_DIED && space_counter("a") == 1);
	close_handle();
	return true;
}

static bool
needs_one_thread(void)
{
	struct compl_loan loan;

	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(borrow(space(), a, 1, 0, &loan) == COMPL_E_ARGUMENT && space_counter("a") == 1);
	return true;
}

static const struct test tests[] = {
	{ "what was borrowed comes back once", comes_back, false },
	{ "a process that has the descriptor keeps the tokens until it ends", stray_keeps_it,
	  false },
	{ "closing the handle gives back", closing_gives_back, false },
	{ "a handle has a limit of loans", has_a_limit, false },
	{ "a name that lends nothing does not count", limit_counts_what_is_lent, false },
	{ "a copy of a loan that is over gives nothing back", copy_gives_nothing_back, false },
	{ "a child that closes its copy of the handle gives nothing back", child_closes_nothing,
	  false },
	{ "a wait for one of several names borrows from that one, and from none at all",
	  lends_from_what_has_tokens, false },
	{ "a reinit or a removal forgets what was borrowed", is_forgotten, false },
	{ "what is borrowed outlasts a repair, and comes back", outlasts_a_repair, false },
	{ "tokens that come back end the failure of a producer", ends_a_failure, false },
	{ "a failure or a loan that cannot be is found, and mended", spoilt_counters_are_mended,
	  false },
	{ "damage that is met by the loan leaves no loan, and nobody in line", damage_lends_nothing,
	  false },
	{ "loans and promises that end in any order leave nothing behind", comes_back_in_any_order,
	  false },
	{ "the death of a borrower from two names wakes both lines, if a woken waiter is killed",
	  a_shared_beacon_wakes_both_lines, false },
	{ "a producer that has died before tokens come back ends the waits all the same",
	  finds_the_dead_first, false },
	{ "a handle for several threads borrows nothing", needs_one_thread, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
