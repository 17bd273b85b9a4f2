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

#define CALLS_MAX 60
#define DEAR	  19 /* a call that looks at everything counts as so many more */
#define DEPTH_MAX 4
#define LATER_MAX 8

#define X15  "xxxxxxxxxxxxxxx"
#define X127 "x" X15 X15 X15 X15 X15 X15 X15 X15 "xxxxxx"

/* a and gk3, and c and gk1, share a bucket. */
static const char *const names[] = { "a", "b", "c", "gk1", "gk3", X127 };
#define NAMES (sizeof names / sizeof *names)

static struct input in;
static struct compl_space *space; /* of the participant that acts now */
static bool is_sole, is_checked, is_corrupted, may_be_removed, may_die;
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
	 ON(COMPL_INTERRUPTED))
#define FAILS (ON(COMPL_E_NO_NAME) | ON(COMPL_E_FULL_WAITERS) | ON(COMPL_E_LOCKED))

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

/* Makes it a participant that has not been there before. */
static void
renew(struct participant *p)
{
	struct compl_space *c = p->spaces[is_sole];

	memset(p->promises, 0, sizeof p->promises);
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

	expect(compl_init(space, name, input_byte(&in) & 1), ALWAYS | MAKES | ON(COMPL_E_EXISTS));
}

static void
call_reinit(void)
{
	const char *name = any_name();

	expect(compl_reinit(space, name, input_byte(&in) & 1), ALWAYS | ON(COMPL_E_BUSY));
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
	};

	expect(compl_done(space, any_name(), &post),
	       ALWAYS | MAKES | ON(COMPL_E_OVERFLOW) | ON(COMPL_E_NO_NAME));
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
	participants[depth].escape = request.escape;
	result = is_try ? compl_try(space, &request, &out) : compl_wait(space, &request, &out);
	participants[depth].escape = NULL;
	expect(result, ALWAYS | MAKES | ENDS | FAILS);
	REQUIRE(out.which < request.count);
	for (i = 0; i < request.count; i++)
		REQUIRE(strnlen(payloads[depth][i].value, COMPL_VALUE_MAX + 1) <= COMPL_VALUE_MAX);
}

static void
call_test(void)
{
	expect(compl_test(space, any_name()), ALWAYS | ON(COMPL_NOT_DONE));
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
		expect(compl_test(other, any_name()), ALWAYS | ON(COMPL_NOT_DONE));
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

	if (promise->entry != 0)
		expect(compl_break(space, promise), ALWAYS | ON(COMPL_REMOVED));
	if (promise->entry != 0)
		return;
	expect(compl_promise(space, names[how % NAMES], how >> 7, "producer", promise),
	       is_sole ? ALWAYS | MAKES | FAILS | ON(COMPL_TIMED_OUT) | ON(COMPL_E_FULL_PRODUCERS)
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

/* By the byte of the input; the corpus depends on the order.  A byte of END or more is an end. */
static void (*const actions[])(void) = {
	call_init,	   call_reinit,	       call_done,	call_done,    call_wait_in_line,
	call_wait_in_line, call_try,	       call_test,	call_remove,  call_list,
	call_check,	   call_repair,	       call_remove_all, call_open,    corrupt_now,
	corrupt_later,	   corrupt_repeatedly, plan_to_die,	call_promise, call_keep,
	call_break,
};

#define END (sizeof actions / sizeof *actions)

static uint8_t
next_action(void)
{
	if (!input_is_left(&in) || calls >= CALLS_MAX)
		return END;
	calls++;
	return input_byte(&in) % (END + 2);
}

static bool
act(uint8_t action)
{
	if (action >= END)
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
	calls = depth = later_count = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t mode;

	in = (struct input){ data, data + size };
	begin();
	mode = input_byte(&in);
	is_sole = mode & 1;
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
