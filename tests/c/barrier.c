/* SPDX-License-Identifier: ISC
 *
 * barrier.c - compl_barrier(): rounds, places, deadlines, deaths, and what the name is good for
 * meanwhile
 */
#include <pthread.h>
#include <sys/mman.h>

#include "internals.h"
#include "shm/names/barrier.h"
#include "tap.h"

static enum compl_result
meet_until(uint32_t parties, int64_t deadline_ns, struct compl_round *round)
{
	static const char *const names[] = { "b" };
	const struct compl_request request = { .names = names,
					       .count = 1,
					       .deadline_ns = deadline_ns };

	*round = (struct compl_round){ .parties = parties };
	return compl_barrier(space(), &request, round);
}

static enum compl_result
meet(uint32_t parties, int ms, struct compl_round *round)
{
	return meet_until(parties, ms < 0 ? COMPL_NEVER : in_ms(ms), round);
}

/* In a child: stands in "b" of three, and ends with its place, or with 100 and the result. */
static int
stands(void *deadline_ns)
{
	struct compl_round round;
	enum compl_result result = meet_until(3, *(int64_t *)deadline_ns, &round);

	return result == COMPL_OK ? (int)round.place : 100 + (int)result;
}

static int64_t never = COMPL_NEVER;

static void
await(size_t standing)
{
	while (space_waiters("b") != standing)
		nap();
}

/* When the child of stand_soon() leaves. */
static int64_t soon_ns;

/* Starts a child that soon leaves, and returns when it stands there with the others.  On a machine
 * that has stood still for a while it may have left before it was seen; then another one comes,
 * which stands longer. */
static bool
stand_soon(size_t standing, int ms, size_t *i)
{
	for (;; ms *= 2) {
		soon_ns = in_ms(ms);
		*i = child(stands, &soon_ns);
		while (!child_try_reap(*i)) {
			if (space_waiters("b") == standing)
				return true;
			nap();
		}
		CHECK(child_status(*i) == 100 + COMPL_TIMED_OUT && in_ms(0) >= soon_ns);
	}
}

/* ---- rounds ----------------------------------------------------------------------- */

#define THREADS 6
#define ROUNDS	200

static struct {
	unsigned came, places, wrong;
} tally[ROUNDS];

static void *
walks_through(void *argument)
{
	struct compl_round round;

	(void)argument;
	for (unsigned i = 0; i < ROUNDS; i++) {
		__atomic_add_fetch(&tally[i].came, 1, __ATOMIC_SEQ_CST);
		if (meet(THREADS, 20000, &round) != COMPL_OK || round.place < 1 ||
		    round.place > THREADS ||
		    __atomic_fetch_or(&tally[i].places, 1u << round.place, __ATOMIC_SEQ_CST) >>
				    round.place &
			    1 ||
		    __atomic_load_n(&tally[i].came, __ATOMIC_SEQ_CST) != THREADS)
			__atomic_add_fetch(&tally[i].wrong, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static bool
rounds_do_not_mix(void)
{
	pthread_t thread[THREADS];

	space();
	memset(tally, 0, sizeof tally);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_create(&thread[i], NULL, walks_through, NULL) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK(tally[i].wrong == 0);
		CHECK(tally[i].places == (2u << THREADS) - 2);
	}
	CHECK(space_names_left() == 0);
	return true;
}

static bool
one_party_passes_at_once(void)
{
	struct compl_round round;

	CHECK(meet(1, -1, &round) == COMPL_OK && round.place == 1);
	CHECK(meet(1, 0, &round) == COMPL_OK && round.place == 1);
	CHECK(space_names_left() == 0);
	return true;
}

static bool
deadline_in_the_past(void)
{
	struct compl_round round;
	size_t w[2];

	CHECK(meet(3, 0, &round) == COMPL_TIMED_OUT && round.place == 0);
	CHECK(space_names_left() == 0);
	w[0] = child(stands, &never);
	w[1] = child(stands, &never);
	await(2);
	CHECK(meet(3, 0, &round) == COMPL_OK && round.place == 3);
	CHECK(child_status(w[0]) + child_status(w[1]) == 3);
	return true;
}

/* standing includes the caller; nobody is counted after the round. */
static bool
tells_how_many_stand(void)
{
	static const char *const names[] = { "b" };
	struct compl_state state;
	struct compl_request request = { .names = names, .count = 1, .states = &state };
	struct compl_round round = { .parties = 3 };
	size_t w[2];

	memset(&state, 0xff, sizeof(state));
	w[0] = child(stands, &never);
	await(1);
	request.deadline_ns = in_ms(500);
	CHECK(compl_barrier(space(), &request, &round) == COMPL_TIMED_OUT);
	CHECK(state.known && state.parties == 3 && state.standing == 2);
	round.parties = 2;
	CHECK(compl_barrier(space(), &request, &round) == COMPL_E_PARTIES);
	request.deadline_ns = in_ms(20000);
	w[1] = child(stands, &never);
	await(2);
	CHECK(compl_barrier(space(), &request, &round) == COMPL_OK);
	CHECK(state.known && state.standing == 0);
	CHECK(child_status(w[0]) + child_status(w[1]) == 3);
	return true;
}

/* ---- who leaves, dies and stops --------------------------------------------------------- */

static bool
the_dead_do_not_count(void)
{
	struct compl_round round;
	size_t w[3];

	w[0] = child(stands, &never);
	await(1);
	w[1] = child(stands, &never);
	await(2);
	child_kill(w[0], SIGKILL);
	CHECK(child_status(w[0]) == 137);
	CHECK(meet(3, 50, &round) == COMPL_TIMED_OUT);
	w[2] = child(stands, &never);
	await(2);
	CHECK(meet(3, 20000, &round) == COMPL_OK && round.place == 3);
	CHECK(child_status(w[1]) == 1);
	CHECK(child_status(w[2]) == 2);
	return true;
}

static bool
the_stopped_count(void)
{
	struct compl_round round;
	size_t w[2];

	w[0] = child(stands, &never);
	await(1);
	w[1] = child(stands, &never);
	await(2);
	child_kill(w[0], SIGSTOP);
	child_kill(w[1], SIGSTOP);
	CHECK(meet(3, 20000, &round) == COMPL_OK && round.place == 3);
	CHECK(meet(3, 0, &round) == COMPL_TIMED_OUT);
	child_kill(w[0], SIGCONT);
	child_kill(w[1], SIGCONT);
	CHECK(child_status(w[0]) == 1);
	CHECK(child_status(w[1]) == 2);
	CHECK(space_names_left() == 0);
	return true;
}

/* The test holds the lock, as a stopped process might. */
static bool
leaves_without_the_lock(void)
{
	struct compl_round round;
	struct session s;
	size_t w, other;

	CHECK(stand_soon(1, 300, &w));
	CHECK(internals_lock(&s));
	CHECK(child_status(w) == 100 + COMPL_TIMED_OUT);
	segment_unlock(&s);
	other = child(stands, &never);
	await(1);
	CHECK(meet(3, 0, &round) == COMPL_TIMED_OUT);
	child_kill(other, SIGKILL);
	CHECK(child_status(other) == 137);
	return true;
}

/* Does what barrier_complete() does, and keeps the lock until w has ended, whose deadline comes
 * meanwhile.  in_time: it had not come before. */
static bool
complete_and_keep_the_lock(size_t w, bool *in_time)
{
	struct session s;
	uint32_t completion, *word;
	int status;

	CHECK(internals_lock(&s));
	completion = hashtable_find(&s, "b");
	word = &completion_at(&s, completion)->barrier;
	CHECK(barrier_parties(&s, completion) == 3);
	__atomic_fetch_or(word, 1, __ATOMIC_SEQ_CST);
	*in_time = in_ms(0) < soon_ns;
	status = child_status(w);
	__atomic_fetch_and(word, ~1u, __ATOMIC_SEQ_CST);
	segment_unlock(&s);
	CHECK(status == 1 || (!*in_time && status == 100 + COMPL_TIMED_OUT));
	return true;
}

static bool
passes_although_the_deadline_comes(void)
{
	bool in_time = false;
	size_t w, other;

	for (int ms = 300; !in_time; ms *= 2) {
		CHECK(stand_soon(1, ms, &w));
		other = child(stands, &never);
		CHECK(child_sleeps(other));
		CHECK(complete_and_keep_the_lock(w, &in_time));
		child_kill(other, SIGKILL);
		CHECK(child_status(other) == 137);
	}
	return true;
}

/* Somebody leaves between the count and the compare-and-swap: the test makes the word differ as a
 * leaver does. */
static bool
a_leaver_spoils_the_round(void)
{
	struct compl_round round;
	struct session s;
	uint32_t completion;
	size_t w[2];

	w[0] = child(stands, &never);
	await(1);
	CHECK(stand_soon(2, 300, &w[1]));
	CHECK(internals_lock(&s));
	completion = hashtable_find(&s, "b");
	CHECK(!barrier_reap_to_full(&s, completion));
	CHECK(child_status(w[1]) == 100 + COMPL_TIMED_OUT);
	CHECK(!barrier_complete(&s, completion));
	segment_unlock(&s);
	w[1] = child(stands, &never);
	await(2);
	CHECK(meet(3, 20000, &round) == COMPL_OK);
	CHECK(child_status(w[0]) == 1);
	CHECK(child_status(w[1]) == 2);
	return true;
}

static bool
ends_with_the_name(void)
{
	size_t w[2];

	w[0] = child(stands, &never);
	w[1] = child(stands, &never);
	await(2);
	CHECK(compl_remove(space(), "b") == COMPL_OK);
	CHECK(child_status(w[0]) == 100 + COMPL_REMOVED);
	CHECK(child_status(w[1]) == 100 + COMPL_REMOVED);
	return true;
}

static bool
survives_a_repair(void)
{
	struct compl_round round;
	size_t w[2];

	w[0] = child(stands, &never);
	w[1] = child(stands, &never);
	await(2);
	CHECK(compl_repair(space()) == COMPL_OK);
	CHECK(meet(3, 20000, &round) == COMPL_OK && round.place == 3);
	CHECK(child_status(w[0]) + child_status(w[1]) == 3);
	return true;
}

/* ---- the name meanwhile --------------------------------------------------------------- */

/* A refused wait for two names says which of them is the barrier; a try, which times out, does not.
 */
static bool
says_which(void)
{
	const char *names[] = { "a", "b" };
	const struct compl_request req = { .names = names, .count = 2, .deadline_ns = COMPL_NEVER };
	struct compl_outcome out;

	return compl_wait(space(), &req, &out) == COMPL_E_BARRIER && out.which == 1 &&
	       compl_try(space(), &req, &out) == COMPL_TIMED_OUT && out.which == 0;
}

static bool
has_no_other_use_meanwhile(void)
{
	struct compl_post post = { .all = true };
	struct compl_round round;
	struct compl_listing *list;
	size_t w = child(stands, &never);

	await(1);
	CHECK(space_wait_ms(space(), "b", 20000) == COMPL_E_BARRIER);
	CHECK(space_try("b") == COMPL_TIMED_OUT);
	CHECK(says_which());
	CHECK(compl_done(space(), "b", &post) == COMPL_E_BARRIER);
	CHECK(compl_init(space(), "b", false, 0) == COMPL_E_BARRIER);
	CHECK(compl_init(space(), "b", true, 0) == COMPL_E_BARRIER);
	CHECK(compl_reinit(space(), "b", true, NULL) == COMPL_OK);
	CHECK(compl_test(space(), "b", 0) == COMPL_NOT_DONE);
	CHECK(meet(4, 20000, &round) == COMPL_E_PARTIES && round.parties == 3);
	CHECK(compl_list(space(), &list) == COMPL_OK);
	CHECK(list->count == 1 && compl_entry_at(list, 0)->parties == 3);
	CHECK(compl_entry_at(list, 0)->waiter_count == 1);
	compl_list_free(list);
	child_kill(w, SIGKILL);
	CHECK(child_status(w) == 137);
	CHECK(compl_done(space(), "b", &post) == COMPL_OK);
	return true;
}

static int
waits(void *argument)
{
	(void)argument;
	return (int)space_wait_ms(space(), "b", -1);
}

static bool
needs_a_name_without_other_use(void)
{
	struct compl_post failure = { .status = 3 };
	struct compl_round round;
	size_t w;

	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(meet(1, 0, &round) == COMPL_E_IN_USE);
	CHECK(space_try("b") == COMPL_OK);
	CHECK(space_post_all("b") == COMPL_OK);
	CHECK(meet(1, 0, &round) == COMPL_E_IN_USE);
	CHECK(compl_reinit(space(), "b", true, NULL) == COMPL_OK);
	CHECK(compl_init(space(), "b", false, 0) == COMPL_OK);
	CHECK(meet(1, 0, &round) == COMPL_OK);
	CHECK(compl_done(space(), "b", &failure) == COMPL_OK);
	CHECK(space_try("b") == COMPL_OK);
	CHECK(meet(1, 0, &round) == COMPL_E_IN_USE);
	CHECK(compl_remove(space(), "b") == COMPL_OK);
	w = child(waits, NULL);
	await(1);
	CHECK(meet(1, 0, &round) == COMPL_E_IN_USE);
	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(child_status(w) == COMPL_OK);
	CHECK(meet(1, 0, &round) == COMPL_OK);
	return true;
}

static bool
checks_what_it_is_given(void)
{
	const char *names[] = { "b", "c" };
	struct compl_request request = { .names = names, .count = 1 };
	struct compl_round round = { .parties = 0 };

	CHECK(compl_barrier(space(), &request, &round) == COMPL_E_ARGUMENT);
	round.parties = COMPL_PARTIES_MAX + 1;
	CHECK(compl_barrier(space(), &request, &round) == COMPL_E_ARGUMENT);
	round = (struct compl_round){ .parties = 1, .reserved = { 1 } };
	CHECK(compl_barrier(space(), &request, &round) == COMPL_E_ARGUMENT);
	round = (struct compl_round){ .parties = COMPL_PARTIES_MAX };
	CHECK(compl_barrier(space(), &request, &round) == COMPL_TIMED_OUT);
	round.parties = 1;
	request.count = 2;
	CHECK(compl_barrier(space(), &request, &round) == COMPL_E_ARGUMENT);
	request = (struct compl_request){ .names = names, .count = 1, .need = 1 };
	CHECK(compl_barrier(space(), &request, &round) == COMPL_E_ARGUMENT);
	request = (struct compl_request){ .names = names, .count = 1, .flags = COMPL_WAIT_ANY };
	CHECK(compl_barrier(space(), &request, &round) == COMPL_E_ARGUMENT);
	names[0] = "no name";
	request.flags = 0;
	CHECK(compl_barrier(space(), &request, &round) == COMPL_E_BAD_NAME);
	return true;
}

static const struct test tests[] = {
	{ "rounds of several threads do not mix, and each place is given once", rounds_do_not_mix,
	  false },
	{ "a barrier of one is passed at once", one_party_passes_at_once, false },
	{ "with a deadline in the past the call completes a round, or leaves at once",
	  deadline_in_the_past, false },
	{ "the states say how many stand in it", tells_how_many_stand, false },
	{ "a participant that was killed does not count", the_dead_do_not_count, false },
	{ "a stopped participant counts, and passes when it goes on", the_stopped_count, false },
	{ "at its deadline a participant leaves although the lock is held", leaves_without_the_lock,
	  false },
	{ "a complete round is passed although the deadline comes before the walk",
	  passes_although_the_deadline_comes, false },
	{ "a participant that leaves during the count is not of the round",
	  a_leaver_spoils_the_round, false },
	{ "a removal ends the wait of all participants", ends_with_the_name, false },
	{ "a repair keeps the participants", survives_a_repair, false },
	{ "while a barrier stands, the name has no other use", has_no_other_use_meanwhile, false },
	{ "a barrier needs a name without another use", needs_a_name_without_other_use, false },
	{ "a request that is not well-formed is refused", checks_what_it_is_given, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
