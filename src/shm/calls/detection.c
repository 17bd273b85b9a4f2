/* SPDX-License-Identifier: ISC
 *
 * detection.c - decides when a wait looks for a dead-lock, and when there is one
 *
 * A wait with a deadline never looks.  Any other one with COMPL_WAIT_DETECT looks for a cycle that
 * it has closed, in four steps.  Each is taken only if the one before it finds a cycle possible.
 *
 *	1. Under the lock: does one of its names have a producer?
 *	2. It notes the graph under the lock, and searches it for a cycle that it has closed
 *	   (deadlock_search_names()).  This reads the ancestors of few processes.
 *	3. It reads all processes: is every name of the cycle stuck (deadlock_search_stuck())?  If
 *	   so, it does that again after CONFIRM_NS.
 *	4. Under the lock: are the waits and the producers as they were?  Then the wait ends.
 *
 * Invariant: a wait for which steps 1 and 2 find no cycle has not closed one, and will not, until a
 * process that has children makes a promise.  Suppose that it has closed a cycle at some later
 * time.  All other waits of the cycle are earlier, so they were queued already.  Their processes
 * were already below the producers of the cycle, because a process gets no new ancestors
 * (proc_tree.c).  So the look has missed a producer.  Then that one has promised after the look,
 * with a process of the cycle below it.  Such a promise writes its ticket to header.late_promise.
 * So the wait looks again only if that ticket is later than its look.
 *
 * If step 2 finds a cycle, other processes below the producers may still be at work.  Nobody tells
 * when they stop, so step 3 is repeated after pauses.  Of several waits that repeat it every
 * LONG_NS, one looks for all (share_look()).
 *
 * Ordering: why what step 3 has read without the lock is still true in step 4.  All processes below
 * the producers of the stuck names were asleep in both reads: in their waits, or until a child
 * ends.  A queued one sleeps on until its wait is ended, or finds tokens.  In step 4 all these
 * waits are still queued with the same tickets, and the names have no token.  So none of them has
 * ended in between, and none has been given what it waits for.  A parent sleeps on until one of its
 * children ends, and they have not ended.  If it had run between the reads, the fingerprint would
 * differ.  Nothing that sleeps starts a process or makes a promise; a producer that came from
 * elsewhere would be found in step 4.  Only a signal from outside the cycle can end it after the
 * second read, as it can after the result.
 */
#include "shm/calls/detection.h"

#include <string.h>

#include "api/clock.h"
#include "shm/calls/deadlock.h"
#include "shm/calls/wait_cycle.h"

#define LOOK_NS	   (CLOCK_SECOND_NS / 10) /* from the first look to the second */
#define CONFIRM_NS (CLOCK_SECOND_NS / 50) /* from a dead-lock found to its confirmation */
#define LONG_NS	   (10 * CLOCK_SECOND_NS) /* the longest pause between two looks */
#define SHARE_NS   CLOCK_SECOND_NS	  /* how long to leave a look to another wait */
#define EACH	   INT64_C(-1)		  /* header.look_ns: each wait looks for itself */

void
detection_begin(struct wait *w)
{
	bool looks = wait_has_flag(w, COMPL_WAIT_DETECT) && w->req->deadline_ns == COMPL_NEVER;

	w->detect_ns = looks ? 0 : CLOCK_NEVER;
}

/* ---- under the lock ---------------------------------------------------------------------- */

static uint64_t
ticket_in(const uint32_t halves[2])
{
	return (uint64_t)get(&halves[1]) << 32 | get(&halves[0]);
}

/* How long until the next look.  The first one is made when the wait is queued, and the second
 * after LOOK_NS, because the other waits may not have been asleep at the first.  Each further one
 * comes when the wait has lasted ten times as long, but after LONG_NS at the latest. */
static int64_t
pause_between_looks(int64_t waited_ns)
{
	if (waited_ns < LOOK_NS)
		return LOOK_NS;
	return waited_ns < LONG_NS / 9 ? 9 * waited_ns : LONG_NS;
}

/* Step 1.  (If it is false, the wait has looked.) */
static bool
has_produced_name(struct wait *w)
{
	for (size_t i = 0; i < w->req->count; i++)
		if (get(&completion_at(&w->s, w->completions[i])->producers.head) != 0)
			return true;
	return false;
}

/* Whether a process that has children has made a promise since the look. */
static bool
has_late_promise(const struct wait *w)
{
	return ticket_in(w->s.h->late_promise) > w->looked_ticket;
}

/* Whether the wait has to take steps 1 and 2, or to repeat step 3. */
static bool
needs_look(const struct wait *w)
{
	return !w->has_looked || w->is_suspect || has_late_promise(w);
}

/* Whether a wait need not repeat step 3 now, because another one has done so since its own latest
 * look, or is about to.  Then sets when to look again.
 *
 * Only looks that come every LONG_NS are shared, so that the time from one to the next stays what
 * it is.  After a look that has found stuck names none is shared: only the latest wait of their
 * cycle ends, and should not have to wait for its turn.  The times are untrusted: later ones than
 * now count as none. */
static bool
share_look(struct wait *w, int64_t now_ns)
{
	int64_t *begun = &w->s.h->look_ns;
	int64_t look_ns = __atomic_load_n(begun, __ATOMIC_SEQ_CST);
	int64_t clear_ns = __atomic_load_n(&w->s.h->clear_ns, __ATOMIC_SEQ_CST);

	if (!w->is_suspect || w->suspicion != 0 || now_ns - w->since_ns < LONG_NS ||
	    has_late_promise(w))
		return false;
	if (clear_ns > w->looked_ns && clear_ns <= now_ns) {
		w->looked_ns = clear_ns;
		w->detect_ns = clear_ns + LONG_NS;
		return true;
	}
	if (look_ns == EACH)
		return false;
	if ((look_ns <= now_ns && clock_elapsed(look_ns, now_ns) < SHARE_NS) ||
	    !__atomic_compare_exchange_n(begun, &look_ns, now_ns, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		w->detect_ns = now_ns + SHARE_NS;
		return true;
	}
	return false;
}

/* Asks for the room that a graph needs, if a look is due.  Thread ids say nothing if processes of
 * several pid namespaces use the segment. */
static void
ask_for_room(struct wait *w)
{
	int64_t now_ns = clock_now_ns();

	if (now_ns < w->detect_ns)
		return;
	w->detect_ns = now_ns + pause_between_looks(now_ns - w->since_ns);
	if (robust_mixed(&w->s.thread) != 0 || !needs_look(w) || share_look(w, now_ns))
		return;
	w->has_looked = true;
	w->looked_ns = now_ns;
	w->is_suspect = has_produced_name(w);
	w->looked_ticket = ticket_in(w->s.h->ticket);
	if (w->is_suspect)
		w->graph_room = wait_graph_measure(&w->s);
}

/* Step 4.  Fills in the outcome if the dead-lock is certain. */
static bool
decide(struct wait *w)
{
	struct wait_graph *graph = w->graph;
	struct compl_cycle *cycle = w->req->cycle;

	if (!wait_graph_is_current(&w->s, graph))
		return false;
	for (size_t i = 0; i < w->req->count; i++)
		if (w->completions[i] == graph->names[graph->found].completion)
			w->out->which = i;
	if (cycle != NULL)
		wait_cycle_write(&w->s, graph, cycle);
	return !w->s.damaged;
}

bool
detection_note(struct wait *w)
{
	if (w->detect_ns == CLOCK_NEVER)
		return false;
	if (w->graph == NULL)
		ask_for_room(w);
	else if (w->graph->is_confirmed)
		return decide(w);
	else
		wait_graph_fill(&w->s, w->graph);
	return false;
}

/* ---- without the lock --------------------------------------------------------------------- */

/* Makes another round begin at once. */
static void
skip_sleep(struct wait *w)
{
	w->watch_count = 0;
}

void
detection_end(struct wait *w)
{
	wait_graph_free(w->graph);
	w->graph = NULL;
}

/* Makes a graph of the size that was asked for.  The next round fills it. */
static void
make_room(struct wait *w)
{
	detection_end(w);
	w->graph = wait_graph_make(&w->graph_room);
	memset(&w->graph_room, 0, sizeof(w->graph_room));
	if (w->graph != NULL)
		skip_sleep(w);
}

/* Tells the other waits what step 3 has found, as far as that is the same for all. */
static void
note_result(const struct wait *w, const struct wait_graph *graph)
{
	struct layout_header *h = w->s.h;

	if (graph->is_stuck)
		__atomic_store_n(&h->look_ns, EACH, __ATOMIC_SEQ_CST);
	if (!graph->is_clear)
		return;
	__atomic_store_n(&h->clear_ns, w->looked_ns, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&h->look_ns, __ATOMIC_SEQ_CST) == EACH)
		__atomic_store_n(&h->look_ns, w->looked_ns, __ATOMIC_SEQ_CST);
}

/* Steps 2 and 3.  Returns whether the same dead-lock was found in the look before, and no parent
 * in it has run since.  Otherwise, if this is a dead-lock, the next look is due in CONFIRM_NS. */
static bool
search_and_confirm(struct wait *w, struct wait_graph *graph)
{
	uint64_t ticket = entry_at(&w->s, w->entries[0])->ticket, before = w->suspicion;
	bool found;

	w->looked_ticket = graph->ticket;
	w->is_suspect = deadlock_search_names(graph, ticket);
	w->suspicion = 0;
	if (!w->is_suspect)
		return false;
	found = deadlock_search_stuck(graph, ticket);
	note_result(w, graph);
	if (!found)
		return false;
	w->suspicion = graph->fingerprint;
	if (w->suspicion == before)
		return true;
	w->detect_ns = clock_now_ns() + CONFIRM_NS;
	return false;
}

void
detection_look(struct wait *w)
{
	struct wait_graph *graph = w->graph;

	if (graph == NULL && w->graph_room.names == 0)
		return;
	if (graph != NULL && graph->is_short)
		w->graph_room = graph->room;
	if (graph == NULL || graph->is_short) {
		make_room(w);
		return;
	}
	if (graph->is_confirmed) {
		/* Step 4 has found that something has changed. */
		w->suspicion = 0;
		w->detect_ns = clock_now_ns() + LOOK_NS;
	} else if (graph->is_filled && search_and_confirm(w, graph)) {
		graph->is_confirmed = true;
		skip_sleep(w);
		return;
	}
	detection_end(w);
}
