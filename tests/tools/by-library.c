/* SPDX-License-Identifier: ISC
 *
 * by-library.c - makes a call, and notes its result
 */
#include "by-library.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger.h"
#include "timing.h"

struct compl_escape *by_library_escape;
struct compl_loan by_library_loan;

uint16_t
by_library_value_number(const char *text)
{
	unsigned long n = *text == 'v' ? strtoul(text + 1, NULL, 10) : 0;

	return n > 0 && n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

static enum result
translate(enum compl_result result)
{
	switch (result) {
	case COMPL_OK:
		return GOT_OK;
	case COMPL_NOT_DONE:
		return GOT_NOT_DONE;
	case COMPL_TIMED_OUT:
		return GOT_TIMED_OUT;
	case COMPL_REMOVED:
		return GOT_REMOVED;
	case COMPL_PRODUCER_DIED:
		return GOT_PRODUCER_DIED;
	case COMPL_OTHER_GENERATION:
		return GOT_OTHER_GENERATION;
	case COMPL_INTERRUPTED:
		return GOT_INTERRUPTED;
	case COMPL_E_NO_NAME:
		return GOT_MISSING;
	case COMPL_E_EXISTS:
		return GOT_EXISTS;
	case COMPL_E_BUSY:
		return GOT_BUSY;
	case COMPL_E_BARRIER:
		return GOT_BARRIER;
	case COMPL_E_IN_USE:
		return GOT_IN_USE;
	case COMPL_E_PARTIES:
		return GOT_OTHER_PARTIES;
	case COMPL_E_LOCKED:
		return GOT_LOCKED;
	default:
		return GOT_WRONG;
	}
}

/* ---- waits ------------------------------------------------------------------- */

static void
note_words(struct answer *got, const struct ask *a, const struct compl_payload *payloads,
	   const bool *granted, const struct compl_outcome *out)
{
	bool one = a->any || out->failed_fast || got->result != GOT_OK;
	unsigned i;

	got->status = out->status;
	got->which = (int8_t)out->which;
	got->failed_fast = out->failed_fast;
	for (i = 0; a->at_least && i < a->count; i++)
		got->granted |= (uint8_t)(granted[i] << i);
	for (i = 0; i < a->count; i++)
		if (payloads[i].has_value && !(one && i != out->which))
			got->value[got->values++] = by_library_value_number(payloads[i].value);
}

static void
hold_fill(sigset_t *hold)
{
	sigemptyset(hold);
	sigaddset(hold, SIGTERM);
	sigaddset(hold, SIGUSR2);
}

/* What the request of a wait and that of a barrier have in common. */
static struct compl_request
request_of(const struct task *task, const char *const *names, const sigset_t *hold,
	   struct compl_escape *escape)
{
	const struct ask *a = &task->ask;

	return (struct compl_request){
		.names = names,
		.count = a->count,
		.flags = task->interruptible ? COMPL_WAIT_INTERRUPTIBLE : 0,
		.deadline_ns = a->at_once   ? 0
			       : a->patient ? COMPL_NEVER
					    : now_ns() + (int64_t)task->timeout_us * 1000,
		.hold = hold,
		.escape = task->escapes ? escape : NULL,
	};
}

static void
do_wait(struct compl_space *c, const struct task *task, const char *const *names,
	struct answer *got)
{
	const struct ask *a = &task->ask;
	struct compl_payload payloads[NAMES];
	bool granted[NAMES];
	sigjmp_buf env;
	struct compl_escape escape = { .env = &env };
	sigset_t hold;
	struct compl_request request = request_of(task, names, &hold, &escape);
	struct compl_outcome out;

	hold_fill(&hold);
	request.need = a->tokens;
	request.at_least = a->at_least;
	request.generation = a->generation;
	request.flags |= (a->any ? COMPL_WAIT_ANY : 0) | (a->fail_fast ? COMPL_WAIT_FAIL_FAST : 0) |
			 (a->existing ? COMPL_WAIT_EXISTING : 0);
	request.payloads = payloads;
	request.granted = granted;
	request.loan = a->borrow ? &by_library_loan : NULL;
	by_library_escape = request.escape;
	got->result = (uint8_t)translate(compl_wait(c, &request, &out));
	by_library_escape = NULL;
	got->lends = a->borrow && by_library_loan.entry != 0;
	if (got->result == GOT_OK || got->result == GOT_REMOVED || got->result == GOT_PRODUCER_DIED)
		note_words(got, a, payloads, granted, &out);
}

static void
do_barrier(struct compl_space *c, const struct task *task, const char *const *names,
	   struct answer *got)
{
	struct compl_round round = { .parties = task->ask.tokens };
	sigjmp_buf env;
	struct compl_escape escape = { .env = &env };
	sigset_t hold;
	struct compl_request request = request_of(task, names, &hold, &escape);

	hold_fill(&hold);
	by_library_escape = request.escape;
	got->result = (uint8_t)translate(compl_barrier(c, &request, &round));
	by_library_escape = NULL;
	got->place = (uint8_t)(got->result == GOT_OTHER_PARTIES ? round.parties : round.place);
}

static void
do_in_line(struct compl_space *c, const struct task *task, struct answer *got)
{
	const char *names[NAMES];
	unsigned i;

	for (i = 0; i < task->ask.count; i++)
		names[i] = name_text(task->ask.names[i]);
	if (task->ask.kind == OP_BARRIER)
		do_barrier(c, task, names, got);
	else
		do_wait(c, task, names, got);
}

/* ---- a listing ---------------------------------------------------------------- */

/* The name is ready if one of them is. */
static bool
note_producers(struct shot *shot, unsigned n, const struct compl_entry *e)
{
	bool ready = false;
	size_t i;

	for (i = 0; i < e->producer_count; i++) {
		const struct compl_producer *producer = compl_producer_at(e, i);

		shot->name[n].producer[i].pid = producer->pid;
		shot->name[n].producer[i].ready = producer->ready;
		ready |= producer->ready;
	}
	shot->name[n].producers = (uint8_t)e->producer_count;
	return ready == e->ready;
}

/* What they have is what the name has lent. */
static bool
note_borrowers(struct shot *shot, unsigned n, const struct compl_entry *e)
{
	uint32_t lent = 0;
	size_t i;

	if (e->borrower_count > STANDING)
		return false;
	for (i = 0; i < e->borrower_count; i++) {
		const struct compl_borrower *borrower = compl_borrower_at(e, i);

		shot->name[n].borrower[i].pid = borrower->stray ? 0 : borrower->pid;
		shot->name[n].borrower[i].count = borrower->count;
		lent += borrower->count;
	}
	shot->name[n].borrowers = (uint8_t)e->borrower_count;
	return lent == e->lent;
}

static bool
note_entry(struct shot *shot, const struct compl_entry *e)
{
	unsigned n = (unsigned)(e->name[0] - 'a');
	size_t i;

	if (n >= NAMES || e->name[1] || e->waiter_count > STANDING || e->producer_count > STANDING)
		return false;
	shot->name[n].listed = true;
	shot->name[n].state.done = e->done;
	shot->name[n].state.status = e->payload.status;
	shot->name[n].state.value =
		e->payload.has_value ? by_library_value_number(e->payload.value) : 0;
	shot->name[n].state.init = e->initialised;
	shot->name[n].state.failed = e->failed ? e->payload.status : 0;
	shot->name[n].state.generation = e->generation;
	shot->name[n].barrier = e->parties != 0;
	for (i = 0; i < e->waiter_count; i++) {
		shot->name[n].line[i].pid = compl_waiter_at(e, i)->pid;
		shot->name[n].line[i].need = compl_waiter_at(e, i)->need;
	}
	shot->name[n].waiters = (uint8_t)e->waiter_count;
	return note_producers(shot, n, e) && note_borrowers(shot, n, e);
}

static enum result
do_list(struct compl_space *c, struct answer *got)
{
	struct compl_listing *list;
	enum compl_result result = compl_list(c, &list);
	bool fine = true;
	size_t i;

	if (result != COMPL_OK)
		return GOT_WRONG;
	got->shot = ledger_new_shot();
	for (i = 0; got->shot && i < list->count; i++)
		fine = fine &&
		       note_entry(&ledger->history.shot[got->shot], compl_entry_at(list, i));
	compl_list_free(list);
	return !fine ? GOT_WRONG : got->shot ? GOT_OK : GOT_KILLED;
}

/* ---- all ----------------------------------------------------------------------- */

static struct compl_post
post_of(const struct ask *a)
{
	static char value[16];
	struct compl_post post = {
		.tokens = a->tokens,
		.all = a->all,
		.waiting = a->waiting,
		.existing = a->existing,
		.status = a->status,
		.generation = a->generation,
		.ready = a->ready,
		.value = a->value ? value : NULL,
	};

	snprintf(value, sizeof value, "v%u", a->value);
	return post;
}

struct compl_promise by_library_promised;
uint8_t by_library_promised_name;

static enum compl_result
do_simple(struct compl_space *c, const struct ask *a, const char *name, struct answer *got)
{
	struct compl_post post = post_of(a);
	enum compl_result result;

	switch (a->kind) {
	case OP_DONE:
		return compl_done(c, name, &post);
	case OP_PROMISE:
		by_library_promised_name = a->names[0];
		return compl_promise(c, name,
				     (a->single ? COMPL_PROMISE_SINGLE : 0) |
					     (a->anew ? COMPL_PROMISE_ANEW : 0),
				     NULL, &by_library_promised);
	case OP_KEEP:
		return compl_keep(c, &by_library_promised, &post, a->stays);
	case OP_END:
		return compl_end(c, &by_library_promised, a->status);
	case OP_GIVE:
		close(by_library_loan.hold);
		return compl_give_back(c, &by_library_loan);
	case OP_BREAK:
		return compl_break(c, &by_library_promised);
	case OP_TEST:
		return compl_test(c, name, a->generation);
	case OP_INIT:
		return compl_init(c, name, a->lenient, 0);
	case OP_REINIT:
		return compl_reinit(c, name, a->lenient, a->print ? &got->generation : NULL);
	default:
		result = compl_remove(c, name);
		return result == COMPL_E_NO_NAME && a->lenient ? COMPL_OK : result;
	}
}

void
by_library(struct compl_space *c, const struct task *task, struct op *o)
{
	const struct ask *a = &task->ask;

	if (history_op_stands(o))
		do_in_line(c, task, &o->got);
	else if (a->kind == OP_LIST || a->kind == OP_REST)
		o->got.result = (uint8_t)do_list(c, &o->got);
	else
		o->got.result =
			(uint8_t)translate(do_simple(c, a, name_text(o->ask.names[0]), &o->got));
}
