/* SPDX-License-Identifier: ISC
 *
 * by-library.c - makes a call, and notes its result
 */
#include "by-library.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger.h"
#include "timing.h"

struct compl_escape *by_library_escape;

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
	case COMPL_INTERRUPTED:
		return GOT_INTERRUPTED;
	case COMPL_E_NO_NAME:
		return GOT_MISSING;
	case COMPL_E_EXISTS:
		return GOT_EXISTS;
	case COMPL_E_BUSY:
		return GOT_BUSY;
	case COMPL_E_LOCKED:
		return GOT_LOCKED;
	default:
		return GOT_WRONG;
	}
}

/* ---- waits ------------------------------------------------------------------- */

static void
note_words(struct answer *got, const struct ask *a, const struct compl_payload *payloads,
	   const struct compl_outcome *out)
{
	bool one = a->any || out->failed_fast || got->result != GOT_OK;
	unsigned i;

	got->status = out->status;
	got->which = (int8_t)out->which;
	got->failed_fast = out->failed_fast;
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

static enum compl_result
ask_wait(struct compl_space *c, const struct task *task, const char *const *names,
	 struct compl_payload *payloads, struct compl_outcome *out)
{
	const struct ask *a = &task->ask;
	sigjmp_buf env;
	struct compl_escape ours = { .env = &env };
	sigset_t hold;
	struct compl_request request = {
		.names = names,
		.count = a->count,
		.need = a->tokens,
		.flags = (a->any ? COMPL_WAIT_ANY : 0) | (a->fail_fast ? COMPL_WAIT_FAIL_FAST : 0) |
			 (a->existing ? COMPL_WAIT_EXISTING : 0) |
			 (task->interruptible ? COMPL_WAIT_INTERRUPTIBLE : 0),
		.deadline_ns = a->at_once   ? 0
			       : a->patient ? COMPL_NEVER
					    : now_ns() + (int64_t)task->timeout_us * 1000,
		.hold = &hold,
		.escape = task->escapes ? &ours : NULL,
		.payloads = payloads,
	};
	enum compl_result result;

	hold_fill(&hold);
	by_library_escape = request.escape;
	result = compl_wait(c, &request, out);
	by_library_escape = NULL;
	return result;
}

static void
do_wait(struct compl_space *c, const struct task *task, struct answer *got)
{
	struct compl_payload payloads[NAMES];
	struct compl_outcome out;
	const char *names[NAMES];
	unsigned i;

	for (i = 0; i < task->ask.count; i++)
		names[i] = name_text(task->ask.names[i]);
	got->result = (uint8_t)translate(ask_wait(c, task, names, payloads, &out));
	if (got->result == GOT_OK || got->result == GOT_REMOVED || got->result == GOT_PRODUCER_DIED)
		note_words(got, &task->ask, payloads, &out);
}

/* ---- a listing ---------------------------------------------------------------- */

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
	for (i = 0; i < e->waiter_count; i++) {
		shot->name[n].line[i].pid = compl_waiter_at(e, i)->pid;
		shot->name[n].line[i].need = compl_waiter_at(e, i)->need;
	}
	shot->name[n].waiters = (uint8_t)e->waiter_count;
	for (i = 0; i < e->producer_count; i++)
		shot->name[n].producer[i] = compl_producer_at(e, i)->pid;
	shot->name[n].producers = (uint8_t)e->producer_count;
	return true;
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
		.value = a->value ? value : NULL,
	};

	snprintf(value, sizeof value, "v%u", a->value);
	return post;
}

struct compl_promise by_library_promised;
uint8_t by_library_promised_name;

static enum compl_result
do_simple(struct compl_space *c, const struct ask *a, const char *name)
{
	struct compl_post post = post_of(a);
	enum compl_result result;

	switch (a->kind) {
	case OP_DONE:
		return compl_done(c, name, &post);
	case OP_PROMISE:
		by_library_promised_name = a->names[0];
		return compl_promise(c, name, a->single ? COMPL_PROMISE_SINGLE : 0, NULL,
				     &by_library_promised);
	case OP_KEEP:
		return compl_keep(c, &by_library_promised, &post, a->stays);
	case OP_BREAK:
		return compl_break(c, &by_library_promised);
	case OP_TEST:
		return compl_test(c, name);
	case OP_INIT:
		return compl_init(c, name, a->lenient);
	case OP_REINIT:
		return compl_reinit(c, name, a->lenient);
	default:
		result = compl_remove(c, name);
		return result == COMPL_E_NO_NAME && a->lenient ? COMPL_OK : result;
	}
}

void
by_library(struct compl_space *c, const struct task *task, struct op *o)
{
	const struct ask *a = &task->ask;

	if (a->kind == OP_WAIT)
		do_wait(c, task, &o->got);
	else if (a->kind == OP_LIST || a->kind == OP_REST)
		o->got.result = (uint8_t)do_list(c, &o->got);
	else
		o->got.result = (uint8_t)translate(do_simple(c, a, name_text(o->ask.names[0])));
}
