/* SPDX-License-Identifier: ISC
 *
 * condition.c - a waiter is killed in its wait: compl, and the condition variable of the libc
 *
 * After that others wait, are signalled, and are all released.  A condition variable may lose the
 * signal and hang in the broadcast.
 */
#include "peer.h"

/* ---- the peer -------------------------------------------------------------------------------- */

static struct variable {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	uint32_t tokens, asked;
} * variable;

static bool
make_variable(void)
{
	pthread_condattr_t attr;

	if ((variable = peer_shared_memory(sizeof *variable)) == NULL)
		return false;
	peer_make_robust(&variable->mutex);
	pthread_condattr_init(&attr);
	pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&variable->cond, &attr);
	pthread_condattr_destroy(&attr);
	return true;
}

static int
waits_on_it(void *argument)
{
	(void)argument;
	NEED(peer_lock_robust(&variable->mutex));
	variable->asked++;
	while (variable->tokens == 0)
		if (pthread_cond_wait(&variable->cond, &variable->mutex) == EOWNERDEAD)
			pthread_mutex_consistent(&variable->mutex);
	variable->tokens--;
	return pthread_mutex_unlock(&variable->mutex);
}

static size_t
line_up_on_it(void)
{
	uint32_t before = __atomic_load_n(&variable->asked, __ATOMIC_SEQ_CST);
	size_t w = child(waits_on_it, NULL);

	while (__atomic_load_n(&variable->asked, __ATOMIC_SEQ_CST) == before)
		nap();
	child_sleeps(w);
	return w;
}

static int
signals_it(void *everybody)
{
	NEED(peer_lock_robust(&variable->mutex));
	variable->tokens += everybody != NULL ? 100 : 1;
	pthread_mutex_unlock(&variable->mutex);
	if (everybody != NULL)
		return pthread_cond_broadcast(&variable->cond);
	return pthread_cond_signal(&variable->cond);
}

/* Signals, and says what became of the signal; true if the waiter got it. */
static bool
reaches(size_t waiter, const char *which, void *everybody)
{
	size_t poster = child(signals_it, everybody);
	bool ended = peer_ends_within(poster, PATIENT_MS);
	bool reached = ended && peer_ends_within(waiter, PATIENT_MS);

	printf("# note: %s's condition variable, after a waiter was killed: %s %s\n", PEER, which,
	       !ended	 ? "hangs"
	       : reached ? "arrives"
			 : "is lost");
	peer_put_away(poster);
	return reached;
}

static void
peer(void)
{
	size_t waiter;

	if (!make_variable())
		return;
	peer_put_away(line_up_on_it());
	waiter = line_up_on_it();
	if (reaches(waiter, "the first signal", NULL)) {
		waiter = line_up_on_it();
		reaches(waiter, "the second signal", NULL);
	}
	reaches(waiter, "a broadcast", variable);
	peer_put_away(waiter);
}

/* ---- compl ----------------------------------------------------------------------------------- */

static int
waits(void *argument)
{
	(void)argument;
	return space_wait_ms(space_handle, "a", -1) == COMPL_OK ? 0 : 98;
}

static size_t
line_up(void)
{
	size_t w = child(waits, NULL);

	child_sleeps(w);
	return w;
}

static bool
the_same(void)
{
	size_t first, second;

	peer();
	children_count = 0;
	space();
	peer_put_away(line_up());
	first = line_up();
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(first) == 0);
	first = line_up();
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(first) == 0);
	first = line_up();
	second = line_up();
	CHECK(space_post_all("a") == COMPL_OK);
	CHECK(child_status(first) == 0 && child_status(second) == 0);
	CHECK(compl_reinit(space(), "a", false, NULL) == COMPL_OK);
	CHECK(space_names_left() == 0);
	return true;
}

/* The waiter that dies may be the first, the last, or one in the middle. */
static bool
round_after_round(void)
{
	size_t w[3];
	int round, i;

	space();
	for (round = 0; round < 60; round++) {
		children_count = 0;
		for (i = 0; i < 3; i++)
			w[i] = line_up();
		peer_put_away(w[round % 3]);
		CHECK((round % 4 ? space_post("a", 2) : space_post_all("a")) == COMPL_OK);
		for (i = 0; i < 3; i++)
			CHECK(child_status(w[i]) == (i == round % 3 ? 137 : 0));
		CHECK(round % 4 || compl_reinit(space(), "a", false, NULL) == COMPL_OK);
	}
	CHECK(space_names_left() == 0);
	return true;
}

static const struct test tests[] = {
	{ "a waiter is killed: the tokens after that arrive, and all releases the others", the_same,
	  false },
	{ "waiters are killed, round after round, and each token arrives", round_after_round,
	  false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
