/* SPDX-License-Identifier: ISC
 *
 * segment.c - fuzz target: the library on segments of hostile bytes
 *
 * An input is a program: calls of the library, and corruptions: words that another process writes
 * into the segment, between the calls or in the middle of one.  A call that would
 * sleep lets the program go on meanwhile, so that calls are nested: the inner calls are those of
 * other participants, each with a handle and a robust list of its own.  Participants also die, in
 * the middle of a call or asleep; this file then does what the kernel would do.
 *
 * However the segment looks, a call ends with a result that compl.h documents for it, unlocks all
 * that it had locked, and writes only into the segment.  If nothing was corrupted, the segment is
 * not damaged, `check` finds no fault, and no wake-up was lost.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compl.h"
#include "corruption.h"
#include "shm/segment/segment.h"
#include "sim-files.h"
#include "sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLS_MAX  60
#define DEAR	   19 /* a call that looks at everything counts as so many more */
#define DEPTH_MAX  4
#define LATER_MAX  8
#define STRAYS_MAX 8

#define X15  "xxxxxxxxxxxxxxx"
#define X127 "x" X15 X15 X15 X15 X15 X15 X15 X15 "xxxxxx"

/* a and gk3, and c and gk1, share a bucket. */
static const char *const names[] = { "a", "b", "c", "gk1", "gk3", X127 };
#define NAMES (sizeof names / sizeof *names)

static struct input in;
static struct compl_space *space; /* of the participant that acts now */
static bool is_sole, is_checked, is_corrupted, may_be_removed, may_die;
static bool is_late; /* the input has what came later: loans, barriers, readiness, quorums */
static unsigned calls, depth;
static struct later {
	struct corruption corruption;
	unsigned period, left; /* how often again */
} later[LATER_MAX];
static unsigned later_count;

/* The participants: the outermost call is made by the first, and so on. */
static struct participant {
	struct compl_space *spaces[2]; /* with libc's list, with one of its own */
	struct compl_space handles[2]; /* as they were when opened */
	struct compl_promise promises[2];
	struct compl_loan loans[2];
	struct compl_escape *escape; /* of its wait */
	size_t sleepers;	     /* when its call began */
	jmp_buf death;
} participants[DEPTH_MAX + 1];

/* ---- what a call may answer -------------------------------------------------------------- */

#define ON(result) (UINT64_C(1) << (result))

/* The namespace may have been removed before any call, or be full. */
#define ALWAYS (ON(COMPL_OK) | ON(COMPL_E_NO_NAMESPACE))
#define MAKES  (ON(COMPL_E_FULL_NAMES) | ON(COMPL_E_FULL_DISK))
#define ENDS                                                                                       \
	(ON(COMPL_TIMED_OUT) | ON(COMPL_DEAD_LOCK) | ON(COMPL_REMOVED) | ON(COMPL_PRODUCER_DIED) | \
	 ON(COMPL_INTERRUPTED) | ON(COMPL_OTHER_GENERATION))
#define FAILS (ON(COMPL_E_NO_NAME) | ON(COMPL_E_FULL_WAITERS) | ON(COMPL_E_LOCKED))
#define TAKEN ON(COMPL_E_BARRIER) /* by a barrier */

static void
expect(enum compl_result result, uint64_t answers)
{
	if (is_corrupted)
		answers |= ON(COMPL_E_DAMAGED);
	if (!(answers >> result & 1)) {
		fprintf(stderr, "fuzz: %s\n", compl_strresult(result));
		sim_fail("not an answer of this call");
	}
}

/* The same of a call that opens. */
static void
expect_file(enum compl_result result, uint64_t answers)
{
	if (is_corrupted)
		answers |= ON(COMPL_E_WRONG_VERSION) | ON(COMPL_E_WRONG_FILE);
	expect(result, answers);
}

/* ---- a segment as if it had never been used ------------------------------------------------ */

static struct layout_header fresh[2];

static struct compl_where
where(void)
{
	return (struct compl_where){ .space = is_sole ? "sole" : "shared", .uid = geteuid() };
}

/* From now on the participant at this depth acts. */
static void
take_turn(void)
{
	sim_act_as(depth);
	space = participants[depth].spaces[is_sole];
}

static void
open_all(void)
{
	const struct compl_where there = where();
	unsigned flags = COMPL_CREATE | (is_sole ? COMPL_ONE_THREAD : 0);

	for (depth = 0; depth <= DEPTH_MAX; depth++) {
		struct participant *p = &participants[depth];

		sim_act_as(depth);
		sim_register_list(NULL);
		REQUIRE(compl_open(&p->spaces[is_sole], &there, flags) == COMPL_OK);
		p->spaces[is_sole]->tid = SIM_LAST_TID - depth;
		p->handles[is_sole] = *p->spaces[is_sole];
	}
	fresh[is_sole] = *participants[0].spaces[is_sole]->header;
}

static void
close_all(void)
{
	for (depth = 0; depth <= DEPTH_MAX; depth++) {
		struct participant *p = &participants[depth];

		sim_act_as(depth);
		compl_close(p->spaces[is_sole]);
		p->spaces[is_sole] = NULL;
	}
	sim_files_clear();
}

/* Clears what the library may have written: the core, and pages after it if there are any. */
static void
wipe(const struct stat *st)
{
	if (st->st_blocks * 512 > LAYOUT_CORE)
		REQUIRE(fallocate(space->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				  LAYOUT_CORE, LAYOUT_SIZE - LAYOUT_CORE) == 0);
	memset(space->base, 0, LAYOUT_CORE);
	*space->header = fresh[is_sole];
}

/* The descriptors of promises and loans that outlive their participants. */
static int strays[STRAYS_MAX];
static unsigned stray_count;

/* Closes a descriptor that stands for a promise or a loan, or leaves it to a stray. */
static void
let_go(int *hold, bool stays)
{
	if (*hold > 0 && stays && stray_count < STRAYS_MAX)
		strays[stray_count++] = *hold;
	else if (*hold > 0)
		close(*hold);
	*hold = 0;
}

static void
end_strays(void)
{
	while (stray_count > 0)
		close(strays[--stray_count]);
}

/* Makes it a participant that has not been there before. */
static void
renew(struct participant *p)
{
	struct compl_space *c = p->spaces[is_sole];

	for (size_t i = 0; i < 2; i++) {
		let_go(&p->promises[i].hold, false);
		let_go(&p->loans[i].hold, false);
	}
	memset(p->promises, 0, sizeof p->promises);
	memset(p->loans, 0, sizeof p->loans);
	p->escape = NULL;
	c->reserved = LAYOUT_CORE;
	c->secured = 0;
	sim_register_list(NULL);
	if (!is_sole)
		return;
	REQUIRE(robust_register(&c->list, (char *)&c->lock_link - (char *)&c->header->lock) == 0);
	if (c->links)
		REQUIRE(robust_set_head(&c->list, (struct robust_list_head *)c->links,
					c->links - c->base) == 0);
}

static void
renew_all(void)
{
	for (depth = 0; depth <= DEPTH_MAX; depth++) {
		sim_act_as(depth);
		if (participants[depth].spaces[is_sole])
			renew(&participants[depth]);
	}
}

static bool
stat_segment(struct stat *st)
{
	const struct compl_space *c = participants[0].spaces[is_sole];

	return c && fstat(c->fd, st) == 0 && st->st_nlink > 0;
}

/* Opening takes longer than all the rest: so it opens only if the last input has removed the
 * file. */
static void
prepare(void)
{
	struct stat st;

	end_strays();
	renew_all();
	if (stat_segment(&st)) {
		depth = 0;
		take_turn();
		wipe(&st);
	} else {
		close_all();
		open_all();
	}
	depth = 0;
	take_turn();
}

/* ---- death ----------------------------------------------------------------------------------- */

/* What the kernel does with a word of a dead thread. */
static void
release_word(uint32_t *word, bool is_pending)
{
	uint32_t value = *word;

	if (robust_owner(value) == space->tid)
		*word = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
	else if (!is_pending || robust_owner(value) != 0)
		return;
	sim_wake(word, 1);
}

static uint32_t *
word_of(struct robust_list *link)
{
	return (uint32_t *)((char *)link + space->list.head->futex_offset);
}

static void
close_dead(void)
{
	struct robust_list_head *head = space->list.head;
	struct robust_list *link, *pending = head->list_op_pending;

	for (link = head->list.next; link != &head->list; link = link->next)
		if (link != pending)
			release_word(word_of(link), false);
	if (pending)
		release_word(word_of(pending), true);
	sim_leave(participants[depth].sleepers);
	let_go(&participants[depth].loans[0].hold, is_late);
	renew(&participants[depth]);
}

static void
die(void *argument)
{
	(void)argument;
	if (may_die && is_sole)
		longjmp(participants[depth].death, 1);
}

/* ---- after each outermost call --------------------------------------------------------------- */

static void
check_handle(void)
{
	const struct compl_space *now = space, *then = &participants[depth].handles[is_sole];

	REQUIRE(strcmp(now->name, then->name) == 0);
	REQUIRE(now->base == then->base && now->header == then->header);
	REQUIRE(now->fd == then->fd && now->one_thread == then->one_thread &&
		now->tid == then->tid);
}

/* The robust list has only the beacons of open promises. */
static void
check_list(void)
{
	const struct robust_list_head *head = space->list.head;
	const struct robust_list *link;
	size_t kept = 0;

	if (!is_sole)
		return;
	for (link = head->list.next; link != &head->list; link = link->next)
		REQUIRE(kept++ < space->list.retained_count);
	REQUIRE(kept == space->list.retained_count);
	REQUIRE(head->list_op_pending == NULL);
}

static void
look(void)
{
	check_handle();
	check_list();
}

/* ---- calls ----------------------------------------------------------------------------------- */

static const char *
any_name(void)
{
	return names[input_byte(&in) % NAMES];
}

static void
call_init(void)
{
	const char *name = any_name();

	expect(compl_init(space, name, input_byte(&in) & 1, input_byte(&in) & 3),
	       ALWAYS | MAKES | TAKEN | ON(COMPL_E_EXISTS));
}

/* The latest that a reinit has returned, or another number that may be one. */
static uint64_t a_generation = 1;

static void
call_reinit(void)
{
	const char *name = any_name();
	uint8_t how = input_byte(&in);
	bool prints = how & 2;

	expect(compl_reinit(space, name, how & 1, prints ? &a_generation : NULL),
	       ALWAYS | (prints ? MAKES : 0) | ON(COMPL_E_BUSY));
	REQUIRE(is_corrupted || (a_generation > 0 && a_generation < UINT64_C(1) << 53));
}

static void
call_done(void)
{
	static const char *const values[] = { NULL, "", "x", "caf\xc3\xa9" };
	uint32_t how = input_word(&in);
	struct compl_post post = {
		.tokens = how & 64 ? UINT32_MAX - (how & 15) - 1 : how & 15,
		.all = how & 0x100,
		.waiting = how & 0x200,
		.existing = how & 0x400,
		.status = how & 0x800 ? (uint8_t)(how >> 16) : 0,
		.value = values[how >> 24 & 3],
		.generation = how & 0x1000 ? a_generation : 0,
	};

	expect(compl_done(space, any_name(), &post), ALWAYS | MAKES | TAKEN | ON(COMPL_E_OVERFLOW) |
							     ON(COMPL_E_NO_NAME) |
							     ON(COMPL_OTHER_GENERATION));
}

/* How long a wait may last. */
static int64_t
any_deadline(uint8_t how)
{
	static const int64_t timeouts[] = { 0, 1000000, 5000000000, 100000000000 };

	return how % 8 == 0 ? 0 : sim_now() + timeouts[how % 4];
}

static void
call_wait(bool is_try)
{
	static struct compl_payload payloads[DEPTH_MAX + 1][NAMES];
	const char *chosen[NAMES];
	static struct compl_escape escapes[DEPTH_MAX + 1];
	static sigjmp_buf envs[DEPTH_MAX + 1];
	struct compl_cycle cycle;
	uint8_t set = input_byte(&in), how = input_byte(&in), more = input_byte(&in);
	struct compl_request request = {
		.names = chosen,
		.need = more & 0x80 ? UINT32_MAX - 1 : more % 4 + 1u,
		.flags = how & (COMPL_WAIT_ANY | COMPL_WAIT_FAIL_FAST | COMPL_WAIT_EXISTING |
				COMPL_WAIT_IO | COMPL_WAIT_INTERRUPTIBLE),
		.deadline_ns = any_deadline(how >> 5),
		.escape = more & 0x40 ? &escapes[depth] : NULL,
		.command = "command",
		.payloads = payloads[depth],
		.cycle = &cycle,
	};
	struct compl_outcome out;
	enum compl_result result;
	size_t i;

	for (i = 0; i < NAMES; i++)
		if (set >> i & 1)
			chosen[request.count++] = names[(i + more / 4) % NAMES];
	if ((more & 0x3c) == 0x3c)
		request.flags |= COMPL_WAIT_DETECT;
	if (request.count == 0)
		chosen[request.count++] = names[0];
	escapes[depth].env = &envs[depth];
	request.generation = request.count == 1 && set & 0x80 ? a_generation : 0;
	participants[depth].escape = request.escape;
	result = is_try ? compl_try(space, &request, &out) : compl_wait(space, &request, &out);
	participants[depth].escape = NULL;
	expect(result, ALWAYS | MAKES | ENDS | FAILS | TAKEN);
	REQUIRE(out.which < request.count);
	for (i = 0; i < request.count; i++)
		REQUIRE(strnlen(payloads[depth][i].value, COMPL_VALUE_MAX + 1) <= COMPL_VALUE_MAX);
}

static void
count_tick(void *count)
{
	++*(unsigned *)count;
}

static unsigned ticks;
static const struct compl_tick tick = { .interval_ns = 1000000000,
					.fn = count_tick,
					.arg = &ticks };

/* What the later fields of a request are for one wait. */
static struct later_fields {
	struct compl_state states[NAMES];
	bool granted[NAMES];
	struct compl_loan *loan;
} later_fields[DEPTH_MAX + 1];

/* Borrowing with a loan that is not over would lose that one. */
static void
fill_later_fields(struct compl_request *request, struct later_fields *fields)
{
	uint8_t how = input_byte(&in);

	request->at_least = how & 7;
	request->states = how & 8 ? fields->states : NULL;
	request->granted = how & 16 ? fields->granted : NULL;
	request->tick = how & 32 ? &tick : NULL;
	fields->loan = &participants[depth].loans[how >> 6 & 1];
	request->loan = how & 128 && fields->loan->entry == 0 ? fields->loan : NULL;
}

/* Without corruption a wait takes from as many names as it says, and from no others. */
static void
check_later_fields(const struct compl_request *request, enum compl_result result, bool failed_fast)
{
	size_t granted = 0, quorum = request->at_least != 0 ? request->at_least : request->count;

	if (result == COMPL_E_ARGUMENT)
		return;
	for (size_t i = 0; i < request->count; i++) {
		granted += request->granted != NULL && request->granted[i];
		if (request->states != NULL)
			REQUIRE(strnlen(request->states[i].payload.value, COMPL_VALUE_MAX + 1) <=
				COMPL_VALUE_MAX);
	}
	if (request->loan != NULL)
		REQUIRE(result == COMPL_OK || request->loan->entry == 0);
	if (request->granted == NULL || is_corrupted)
		return;
	if (request->flags & COMPL_WAIT_ANY)
		quorum = 1;
	REQUIRE(granted == (result == COMPL_OK && !failed_fast ? quorum : 0));
}

/* With at_least above the number of names, or with COMPL_WAIT_ANY, it is no request. */
static uint64_t
late_answers(const struct compl_request *request)
{
	bool is_bad = request->at_least > request->count ||
		      (request->at_least != 0 && request->flags & COMPL_WAIT_ANY);

	if (is_bad || (request->loan != NULL && !is_sole))
		return ON(COMPL_E_ARGUMENT);
	return ALWAYS | MAKES | ENDS | FAILS | TAKEN |
	       (request->loan != NULL ? ON(COMPL_E_FULL_PRODUCERS) : 0);
}

/* A wait with the fields that compl_request has got later. */
static void
call_late_wait(void)
{
	const char *chosen[NAMES];
	struct later_fields *fields = &later_fields[depth];
	uint8_t set = input_byte(&in), how = input_byte(&in);
	struct compl_request request = {
		.names = chosen,
		.need = how & 1 ? 2 : 1,
		.flags = how >> 1 & (COMPL_WAIT_ANY | COMPL_WAIT_FAIL_FAST),
		.deadline_ns = any_deadline(how >> 5),
	};
	struct compl_outcome out;
	enum compl_result result;

	for (size_t i = 0; i < NAMES; i++)
		if (set >> i & 1)
			chosen[request.count++] = names[i];
	if (request.count == 0)
		chosen[request.count++] = names[0];
	fill_later_fields(&request, fields);
	result = compl_wait(space, &request, &out);
	expect(result, late_answers(&request));
	REQUIRE(out.which < request.count);
	check_later_fields(&request, result, out.failed_fast);
}

static void
call_give_back(void)
{
	uint8_t how = input_byte(&in);
	struct compl_loan *loan = &participants[depth].loans[how & 1];
	bool is_open = loan->entry != 0;
	enum compl_result result;

	let_go(&loan->hold, how & 2);
	result = compl_give_back(space, loan);
	if (is_open && is_corrupted) /* the ticket of the entry may be another one */
		expect(result, ALWAYS | ON(COMPL_NOT_DONE) | ON(COMPL_E_ARGUMENT));
	else
		expect(result, is_open ? ALWAYS | ON(COMPL_NOT_DONE) : ON(COMPL_E_ARGUMENT));
	REQUIRE(loan->entry == 0 || result == COMPL_E_NO_NAMESPACE || is_corrupted);
}

static void
call_barrier(void)
{
	const char *name = any_name();
	uint8_t how = input_byte(&in);
	const struct compl_request request = { .names = &name,
					       .count = 1,
					       .deadline_ns = any_deadline(how >> 5) };
	struct compl_round round = { .parties = 1u + how % 4 };
	enum compl_result result = compl_barrier(space, &request, &round);

	expect(result, ALWAYS | MAKES | ENDS | FAILS | ON(COMPL_E_PARTIES) | ON(COMPL_E_IN_USE));
	REQUIRE(result != COMPL_OK || (round.place >= 1 && round.place <= 1u + how % 4));
	REQUIRE(result == COMPL_OK || round.place == 0);
}

static void
call_test(void)
{
	const char *name = any_name();

	expect(compl_test(space, name, 0), ALWAYS | ON(COMPL_NOT_DONE));
	expect(compl_test(space, name, a_generation),
	       ALWAYS | ON(COMPL_NOT_DONE) | ON(COMPL_OTHER_GENERATION));
}

static void
call_remove(void)
{
	expect(compl_remove(space, any_name()), ALWAYS | ON(COMPL_E_NO_NAME));
}

/* Reads every byte of it. */
static size_t
read_all(const struct compl_listing *list)
{
	size_t weight = 0, i, j;

	for (i = 0; i < list->count; i++) {
		const struct compl_entry *e = compl_entry_at(list, i);

		weight += strlen(e->name) + strlen(e->payload.value);
		for (j = 0; j < e->waiter_count; j++)
			weight += strlen(compl_waiter_at(e, j)->command) +
				  compl_waiter_at(e, j)->need;
		for (j = 0; j < e->producer_count; j++)
			weight += strlen(compl_producer_at(e, j)->command);
		for (j = 0; j < e->borrower_count; j++)
			weight += strlen(compl_borrower_at(e, j)->command) +
				  compl_borrower_at(e, j)->count;
	}
	return weight;
}

static void
call_list(void)
{
	struct compl_listing *list;
	enum compl_result result;

	may_die = false;
	result = compl_list(space, &list);
	expect(result, ALWAYS);
	REQUIRE((result == COMPL_OK) == (list != NULL));
	if (list)
		REQUIRE(read_all(list) < SIZE_MAX);
	compl_list_free(list);
}

static void
call_list_until(void)
{
	struct compl_listing *list;
	uint32_t changes = compl_changes(space);
	uint8_t how = input_byte(&in);
	enum compl_result result;

	may_die = false;
	result = compl_list_until(space, any_deadline(how), how >> 7 ? COMPL_LIST_BRIEF : 0, &list);
	expect(result, ALWAYS | ON(COMPL_TIMED_OUT));
	REQUIRE((result == COMPL_OK) == (list != NULL));
	if (list)
		REQUIRE(read_all(list) < SIZE_MAX);
	compl_list_free(list);
	REQUIRE(compl_changes(space) >= changes || is_corrupted);
}

/* Reads a fault, and prints it if there should be none. */
static void
read_fault(void *argument, const char *fault)
{
	const bool *may_be = argument;

	if (!*may_be || strlen(fault) == 0)
		fprintf(stderr, "fuzz: %s\n", fault);
}

static void
call_check(void)
{
	enum compl_result result;
	size_t faults = 0;

	may_die = false;
	result = compl_check(space, read_fault, &is_corrupted, &faults);
	calls += DEAR;
	expect(result, ALWAYS);
	REQUIRE(is_corrupted || faults == 0);
}

/* What repair calls mended, check finds sound, unless the corruption goes on. */
static void
call_repair(void)
{
	bool may_be = false, alone;
	size_t faults = 0;

	sim_cancel_acts();
	may_die = false;
	calls += DEAR;
	alone = depth == 0;
	if (compl_repair(space) != COMPL_OK || !alone)
		return;
	REQUIRE(compl_check(space, read_fault, &may_be, &faults) == COMPL_OK);
	REQUIRE(faults == 0);
}

/* What follows is done by a process that has no handle yet. */
static void
begin_without_handle(void)
{
	may_be_removed = true;
	may_die = false;
	sim_register_list(NULL);
}

static void
continue_with_handle(void)
{
	if (is_sole)
		sim_register_list(space->list.head);
}

static void
call_remove_all(void)
{
	const struct compl_where there = where();
	bool force = input_byte(&in) & 1;
	enum compl_result result;

	begin_without_handle();
	result = compl_remove_all(&there, force);
	expect_file(result, ON(COMPL_OK));
	continue_with_handle();
}

static void
call_remove_idle(void)
{
	static const int64_t lengths[] = { 0, 1000, 1000000000, COMPL_NEVER };
	const struct compl_where there = where();
	bool removed;

	begin_without_handle();
	expect_file(compl_remove_idle(&there, lengths[input_byte(&in) % 4], &removed),
		    ON(COMPL_OK) | ON(COMPL_E_LOCKED));
	continue_with_handle();
}

static void
call_open(void)
{
	unsigned flags = input_byte(&in) & 1 ? COMPL_CREATE : 0;
	const struct compl_where there = where();
	struct compl_space *other;
	enum compl_result result;

	begin_without_handle();
	result = compl_open(&other, &there, flags);
	expect_file(result, ALWAYS);
	if (result == COMPL_OK)
		expect(compl_test(other, any_name(), 0), ALWAYS | ON(COMPL_NOT_DONE));
	compl_close(other);
	continue_with_handle();
}

/* ---- producers ------------------------------------------------------------------------------- */

static struct compl_promise *
any_promise(uint8_t how)
{
	return &participants[depth].promises[how >> 6 & 1];
}

/* A second promise in the same structure would lose the first: so that one is broken before. */
static void
call_promise(void)
{
	uint8_t how = input_byte(&in);
	struct compl_promise *promise = any_promise(how);
	unsigned flags = how >> 7;

	if (promise->entry != 0)
		expect(compl_break(space, promise), ALWAYS | ON(COMPL_REMOVED));
	if (promise->entry != 0)
		return;
	let_go(&promise->hold, false);
	if (is_late)
		flags |= input_byte(&in) & (COMPL_PROMISE_HOLD | COMPL_PROMISE_ANEW);
	expect(compl_promise(space, names[how % NAMES], flags, "producer", promise),
	       is_sole ? ALWAYS | MAKES | FAILS | TAKEN | ON(COMPL_TIMED_OUT) |
				 ON(COMPL_E_FULL_PRODUCERS)
		       : ON(COMPL_E_ARGUMENT));
}

static void
call_keep(void)
{
	uint8_t how = input_byte(&in);
	struct compl_post post = { .tokens = how & 3, .all = how & 4, .status = how >> 3 & 1 };
	struct compl_promise *promise = any_promise(how);
	bool is_open = promise->entry != 0;

	expect(compl_keep(space, promise, &post, how & 0x10),
	       is_open ? ALWAYS | ON(COMPL_REMOVED) | ON(COMPL_E_OVERFLOW) : ON(COMPL_E_ARGUMENT));
}

static void
call_ready(void)
{
	uint8_t how = input_byte(&in);
	struct compl_post post = { .ready = true, .value = how & 1 ? "x" : NULL };
	struct compl_promise *promise = any_promise(how);
	bool is_open = promise->entry != 0, has_been = compl_is_ready(space, promise);

	expect(compl_keep(space, promise, &post, true),
	       is_open ? ALWAYS | ON(COMPL_REMOVED) : ON(COMPL_E_ARGUMENT));
	REQUIRE(is_open || !has_been);
}

static void
call_end(void)
{
	uint8_t how = input_byte(&in);
	struct compl_promise *promise = any_promise(how);
	bool is_open = promise->entry != 0;

	expect(compl_end(space, promise, how & 1 ? how : 0),
	       is_open ? ALWAYS | ON(COMPL_REMOVED) | ON(COMPL_NOT_DONE) : ON(COMPL_E_ARGUMENT));
}

static void
call_holder(void)
{
	pid_t pid;

	expect(compl_holder(space, any_name(), &pid), ALWAYS | ON(COMPL_E_NO_NAME));
}

static void
call_break(void)
{
	struct compl_promise *promise = any_promise(input_byte(&in));
	bool is_open = promise->entry != 0;

	expect(compl_break(space, promise),
	       is_open ? ALWAYS | ON(COMPL_REMOVED) : ON(COMPL_E_ARGUMENT));
}

/* ---- corruption and death in the middle of a call -------------------------------------------- */

static void
apply_corruption(const struct corruption *s)
{
	is_corrupted = true;
	corruption_apply(space->base, s);
}

static void
apply_later(void *argument)
{
	struct later *l = argument;

	apply_corruption(&l->corruption);
	if (l->left == 0)
		return;
	l->left--;
	sim_at(l->period, apply_later, l);
}

static void
corrupt_now(void)
{
	struct corruption s = corruption_read(&in);

	apply_corruption(&s);
}

/* A number of events from now; a call that looks at much has thousands of them. */
static unsigned
any_time(void)
{
	unsigned when = input_byte(&in);

	return when < 128 ? when : (when - 120) * (when - 120);
}

static void
plan_to_die(void)
{
	sim_at(any_time(), die, NULL);
}

static void
plan_corruption(bool again)
{
	unsigned when = any_time();
	struct later *l;

	if (later_count == LATER_MAX)
		return;
	l = &later[later_count++];
	*l = (struct later){ .corruption = corruption_read(&in) };
	if (again) {
		l->corruption.flips = true;
		l->period = input_byte(&in) % 8;
		l->left = 200;
	}
	sim_at(when, apply_later, l);
}

/* ---- the program ----------------------------------------------------------------------------- */

static void
call_wait_in_line(void)
{
	call_wait(false);
}

static void
call_try(void)
{
	call_wait(true);
}

static void
corrupt_later(void)
{
	plan_corruption(false);
}

static void
corrupt_repeatedly(void)
{
	plan_corruption(true);
}

static void
stray_ends(void)
{
	if (stray_count > 0)
		close(strays[--stray_count]);
}

/* By the byte of the input; the corpus depends on the order.  A byte beyond these is an end. */
static void (*const actions[])(void) = {
	call_init,	   call_reinit,	       call_done,	call_done,	call_wait_in_line,
	call_wait_in_line, call_try,	       call_test,	call_remove,	call_list,
	call_check,	   call_repair,	       call_remove_all, call_open,	corrupt_now,
	corrupt_later,	   corrupt_repeatedly, plan_to_die,	call_promise,	call_keep,
	call_break,	   call_late_wait,     call_late_wait,	call_give_back, stray_ends,
	call_barrier,	   call_ready,	       call_end,	call_holder,	call_list_until,
	call_remove_idle,
};

/* How many of the actions an input has; the others came later. */
#define EARLY 21
#define ALL   (sizeof actions / sizeof *actions)

static uint8_t
next_action(void)
{
	const size_t end = is_late ? ALL : EARLY;

	if (!input_is_left(&in) || calls >= CALLS_MAX)
		return ALL;
	calls++;
	return input_byte(&in) % (end + 2);
}

static bool
act(uint8_t action)
{
	if (action >= (is_late ? ALL : EARLY))
		return false;
	actions[action]();
	return true;
}

/* Makes one call; false at an end. */
static bool
act_once(void)
{
	take_turn();
	participants[depth].sleepers = sim_sleepers();
	may_die = true;
	if (setjmp(participants[depth].death) != 0) {
		close_dead();
		return true;
	}
	return act(next_action());
}

/* A signal comes while a wait sleeps. */
static void
interrupt(struct compl_escape *escape)
{
	if (escape && escape->state == COMPL_ESCAPE_JUMP) {
		sim_leave(sim_sleepers() - 1);
		siglongjmp(*(sigjmp_buf *)escape->env, 1);
	}
	if (escape)
		escape->wanted = 1;
}

static void
end_sleep(uint8_t how)
{
	may_die = true;
	if (how % 8 == 7)
		interrupt(participants[depth].escape);
	else if (how % 8 == 6)
		sim_signal();
	else if (how % 8 == 5)
		die(NULL);
}

static void
others_act(unsigned sleeps)
{
	(void)sleeps;
	if (depth == DEPTH_MAX)
		return;
	depth++;
	while (act_once())
		continue;
	depth--;
	take_turn();
	end_sleep(input_byte(&in));
}

static void
never_stuck(void)
{
	sim_fail("a sleep without a deadline");
}

/* A check looks at everything, which takes longer than all the rest: so only some inputs do it. */
static void
check_end(void)
{
	bool may_be = false;
	size_t faults = 0;

	if (is_corrupted || may_be_removed)
		return;
	REQUIRE(compl_lost_wakeups(space) == 0);
	if (!is_checked)
		return;
	REQUIRE(compl_check(space, read_fault, &may_be, &faults) == COMPL_OK);
	REQUIRE(faults == 0);
}

static void
begin(void)
{
	size_t i;

	for (i = corruption_hash_count; i < NAMES; i++)
		corruption_add_name(names[i]);
	sim_begin();
	sim_asleep = others_act;
	sim_stuck = never_stuck;
	calls = depth = later_count = ticks = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t mode;

	in = (struct input){ data, data + size };
	begin();
	mode = input_byte(&in);
	is_sole = mode & 1;
	is_late = mode >> 5 == 6;
	is_checked = mode % 16 >= 12;
	sim_has_waitv = !(mode & 2);
	prepare();
	is_corrupted = may_be_removed = false;
	while (input_is_left(&in) && calls < CALLS_MAX) {
		act_once();
		look();
	}
	sim_cancel_acts();
	check_end();
	return 0;
}
