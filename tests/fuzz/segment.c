/* SPDX-License-Identifier: ISC
 *
 * segment - the library on segments of hostile bytes
 *
 * An input is a program: calls of the library, words that somebody else writes into the
 * segment between the calls, and words that he writes in the middle of one.  Whoever would
 * sleep in a call lets the program go on meanwhile, so that calls are nested: those inside
 * are the other participants.
 *
 * However the segment looks, a call ends, with a result that compl.h knows for it, gives up
 * all that it had locked, and writes nowhere but into the segment.  Where nobody has spoilt
 * anything, nothing is damaged either, `check` finds no fault, and no seat belt was needed.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "compl.h"
#include "ground.h"
#include "segment.h"
#include "spoil.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLS_MAX 60
#define DEAR	  19 /* besides itself a call that looks at everything counts as so many */
#define DEPTH_MAX 4
#define LATER_MAX 8

#define X15  "xxxxxxxxxxxxxxx"
#define X127 "x" X15 X15 X15 X15 X15 X15 X15 X15 "xxxxxx"

/* a and gk3, and c and gk1, share a bucket. */
static const char *const names[] = { "a", "b", "c", "gk1", "gk3", X127 };
#define NAMES (sizeof names / sizeof *names)

static struct input in;
static struct compl_space *space;
static bool is_sole, is_checked, is_spoilt, is_stale;
static unsigned calls, depth;
static struct later {
	struct spoil spoil;
	unsigned period, left; /* how often again */
} later[LATER_MAX];
static unsigned later_count;

/* ---- what a call may answer -------------------------------------------------------------- */

#define ON(result) (UINT64_C(1) << (result))

/* The namespace may have been removed before any call, or be full. */
#define ALWAYS (ON(COMPL_OK) | ON(COMPL_E_NO_SEGMENT))
#define MAKES  (ON(COMPL_E_NO_NAME) | ON(COMPL_E_NO_SPACE))
#define ENDS   (ON(COMPL_TIMED_OUT) | ON(COMPL_REMOVED) | ON(COMPL_INTERRUPTED))
#define FAILS  (ON(COMPL_E_MISSING) | ON(COMPL_E_NO_PLACE) | ON(COMPL_E_LOCKED))

static void
expect(enum compl_result result, uint64_t answers)
{
	if (is_spoilt)
		answers |= ON(COMPL_E_DAMAGED);
	if (!(answers >> result & 1)) {
		fprintf(stderr, "fuzz: %s\n", compl_strresult(result));
		world_fail("not an answer of this call");
	}
}

/* The same of a call that opens. */
static void
expect_file(enum compl_result result, uint64_t answers)
{
	if (is_spoilt)
		answers |= ON(COMPL_E_VERSION) | ON(COMPL_E_NOT_SEGMENT);
	expect(result, answers);
}

/* ---- a segment, as fresh as nobody has used it --------------------------------------------- */

static struct kept {
	struct compl_space *space;
	struct layout_header fresh;
	struct compl_space handle;
} kept[2];

static void
open_space(struct kept *k)
{
	const struct compl_where where = { .space = is_sole ? "sole" : "shared", .uid = geteuid() };

	REQUIRE(compl_open(&k->space, &where, COMPL_CREATE | (is_sole ? COMPL_SOLE_LIST : 0)) ==
		COMPL_OK);
	k->fresh = *k->space->header;
	k->handle = *k->space;
	space = k->space;
	is_stale = false;
}

/* Only what the library may have touched: the core, and pages beyond it if there are any. */
static void
wipe(struct kept *k)
{
	struct stat st;

	REQUIRE(fstat(k->space->fd, &st) == 0);
	if (st.st_blocks * 512 > LAYOUT_CORE)
		REQUIRE(fallocate(k->space->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				  LAYOUT_CORE, LAYOUT_SIZE - LAYOUT_CORE) == 0);
	memset(k->space->base, 0, LAYOUT_CORE);
	*k->space->header = k->fresh;
	k->space->reserved = LAYOUT_CORE;
}

static void
close_spaces(void)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		compl_close(kept[i].space);
		kept[i].space = NULL;
	}
}

/* A thread has one list: that of the handle with a list of its own, or libc's. */
static void
prepare(void)
{
	static bool was_sole;

	if (is_stale) {
		close_spaces();
		ground_clear();
		was_sole = false;
	}
	if (was_sole && !is_sole)
		robust_unregister(&kept[1].space->list);
	if (!was_sole && is_sole && kept[1].space)
		REQUIRE(robust_register(&kept[1].space->list, LAYOUT_SIZE) == 0);
	was_sole = is_sole;
	if (kept[is_sole].space)
		wipe(&kept[is_sole]);
	else
		open_space(&kept[is_sole]);
	space = kept[is_sole].space;
}

/* ---- after each outermost call ---------------------------------------------------------------- */

/* Nothing has been written behind the segment but the link of the lock. */
static void
check_private_page(void)
{
	static const char zeros[LAYOUT_PAGE];
	const char *page = space->base + LAYOUT_SIZE;
	const size_t link = offsetof(struct layout_header, lock);
	const size_t handle = (size_t)((const char *)space - page);

	REQUIRE(memcmp(page, zeros, link) == 0);
	REQUIRE(memcmp(page + link + 8, zeros, handle - link - 8) == 0);
	REQUIRE(memcmp(page + handle + sizeof *space, zeros,
		       LAYOUT_PAGE - handle - sizeof *space) == 0);
}

static void
check_handle(const struct kept *k)
{
	const struct compl_space *now = space, *then = &k->handle;

	REQUIRE(strcmp(now->name, then->name) == 0);
	REQUIRE(now->base == then->base && now->header == then->header);
	REQUIRE(now->mapped == then->mapped && now->fd == then->fd);
	REQUIRE(now->sole == then->sole && now->tid == then->tid);
}

static void
check_list(void)
{
	const struct robust_list_head *head = &space->list.head;

	if (!is_sole)
		return;
	REQUIRE(head->list.next == &head->list);
	REQUIRE(head->list_op_pending == NULL);
}

static void
look(void)
{
	check_private_page();
	check_handle(&kept[is_sole]);
	check_list();
}

/* ---- calls -------------------------------------------------------------------------------------- */

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
	       ALWAYS | MAKES | ON(COMPL_E_OVERFLOW) | ON(COMPL_E_MISSING));
}

/* How long a wait may last. */
static int64_t
any_deadline(uint8_t how)
{
	static const int64_t timeouts[] = { 0, 1000000, 5000000000, 100000000000 };

	return how % 8 == 0 ? 0 : world_now() + timeouts[how % 4];
}

static struct compl_escape *escape; /* of the wait that fell asleep last */

static void
call_wait(bool is_try)
{
	static struct compl_word words[DEPTH_MAX + 1][NAMES];
	const char *chosen[NAMES];
	struct compl_escape mine = { .state = COMPL_ESCAPE_NONE }, *outer = escape;
	uint8_t set = input_byte(&in), how = input_byte(&in), more = input_byte(&in);
	struct compl_request request = {
		.names = chosen,
		.need = more & 0x80 ? UINT32_MAX - 1 : more % 4 + 1u,
		.flags = how & (COMPL_WAIT_ANY | COMPL_WAIT_FAIL_FAST | COMPL_WAIT_EXISTING |
				COMPL_WAIT_IO | COMPL_WAIT_INTERRUPTIBLE),
		.deadline_ns = any_deadline(how >> 5),
		.escape = more & 0x40 ? &mine : NULL,
		.command = "command",
	};
	struct compl_outcome out = { .words = words[depth] };
	enum compl_result result;
	size_t i;

	for (i = 0; i < NAMES; i++)
		if (set >> i & 1)
			chosen[request.count++] = names[(i + more / 4) % NAMES];
	if (request.count == 0)
		chosen[request.count++] = names[0];
	escape = request.escape;
	result = is_try ? compl_try(space, &request, &out) : compl_wait(space, &request, &out);
	escape = outer;
	expect(result, ALWAYS | MAKES | ENDS | FAILS);
	REQUIRE(out.which < request.count);
	for (i = 0; i < request.count; i++)
		REQUIRE(strnlen(words[depth][i].value, COMPL_VALUE_MAX + 1) <= COMPL_VALUE_MAX);
}

static void
call_test(void)
{
	expect(compl_test(space, any_name()), ALWAYS | ON(COMPL_NOT_DONE));
}

static void
call_remove(void)
{
	expect(compl_remove(space, any_name()), ALWAYS | ON(COMPL_E_MISSING));
}

/* Reads all of it. */
static size_t
weigh(const struct compl_listing *list)
{
	size_t weight = 0, i, j;

	for (i = 0; i < list->count; i++) {
		const struct compl_entry *e = &list->entries[i];

		weight += strlen(e->name) + strlen(e->word.value);
		for (j = 0; j < e->waiter_count; j++)
			weight += strlen(e->waiters[j].command) + e->waiters[j].need;
	}
	return weight;
}

static void
call_list(void)
{
	struct compl_listing *list;
	enum compl_result result = compl_list(space, &list);

	expect(result, ALWAYS);
	REQUIRE((result == COMPL_OK) == (list != NULL));
	if (list)
		REQUIRE(weigh(list) < SIZE_MAX);
	compl_list_free(list);
}

static void
read_fault(void *argument, const char *fault)
{
	size_t *length = argument;

	*length += strlen(fault);
}

static void
call_check(void)
{
	size_t faults = 0, length = 0;
	enum compl_result result = compl_check(space, read_fault, &length, &faults);

	calls += DEAR;
	expect(result, ALWAYS);
	if (!is_spoilt)
		REQUIRE(faults == 0);
}

/* What repair calls mended, check finds sound, unless somebody goes on spoiling it. */
static void
call_repair(void)
{
	size_t faults = 0;
	bool alone;

	world_nothing_more();
	calls += DEAR;
	alone = depth == 0;
	if (compl_repair(space) != COMPL_OK || !alone)
		return;
	REQUIRE(compl_check(space, NULL, NULL, &faults) == COMPL_OK);
	REQUIRE(faults == 0);
}

/* Not while one of our calls is inside: the handle must be closed first where it has a list
 * of its own. */
static void
call_remove_all(void)
{
	const struct compl_where where = { .space = is_sole ? "sole" : "shared", .uid = geteuid() };
	bool force = input_byte(&in) & 1;
	enum compl_result result;

	if (is_sole && depth > 0)
		return;
	is_stale = true;
	if (is_sole) {
		world_nothing_more();
		compl_close(kept[1].space);
		kept[1].space = NULL;
	}
	result = compl_remove_all(&where, force);
	expect_file(result, ON(COMPL_OK));
	if (is_sole) {
		ground_clear();
		open_space(&kept[1]);
		is_spoilt = false;
	}
}

/* As the next command does. */
static void
call_open(void)
{
	const struct compl_where where = { .space = is_sole ? "sole" : "shared", .uid = geteuid() };
	unsigned flags = input_byte(&in) & 1 ? COMPL_CREATE : 0;
	struct compl_space *second;
	enum compl_result result;

	if (is_sole)
		return;
	is_stale = true;
	result = compl_open(&second, &where, flags);
	expect_file(result, ALWAYS);
	if (result == COMPL_OK)
		expect(compl_test(second, any_name()), ALWAYS | ON(COMPL_NOT_DONE));
	compl_close(second);
}

/* ---- somebody else's hand ------------------------------------------------------------------------- */

static void
spoil_now(const struct spoil *s)
{
	is_spoilt = true;
	spoil_apply(space->base, s);
}

static void
spoil_later(void *argument)
{
	struct later *l = argument;

	spoil_now(&l->spoil);
	if (l->left == 0)
		return;
	l->left--;
	world_at(l->period, spoil_later, l);
}

static void
spoil(void)
{
	struct spoil s = spoil_read(&in);

	spoil_now(&s);
}

/* At some event from now; there may come thousands in a call that looks at much. */
static void
plan_to_spoil(bool again)
{
	unsigned when = input_byte(&in);
	struct later *l;

	if (later_count == LATER_MAX)
		return;
	l = &later[later_count++];
	*l = (struct later){ .spoil = spoil_read(&in) };
	if (again) {
		l->spoil.flips = true;
		l->period = input_byte(&in) % 8;
		l->left = 200;
	}
	world_at(when < 128 ? when : (when - 120) * (when - 120), spoil_later, l);
}

/* ---- the program ------------------------------------------------------------------------------------ */

enum { END = 17 };

static uint8_t
next_call(void)
{
	if (!input_is_left(&in) || calls >= CALLS_MAX)
		return END;
	calls++;
	return input_byte(&in) % (END + 2);
}

static bool
play_one(void)
{
	switch (next_call()) {
	case 0:
		call_init();
		break;
	case 1:
		call_reinit();
		break;
	case 2:
	case 3:
		call_done();
		break;
	case 4:
	case 5:
		call_wait(false);
		break;
	case 6:
		call_wait(true);
		break;
	case 7:
		call_test();
		break;
	case 8:
		call_remove();
		break;
	case 9:
		call_list();
		break;
	case 10:
		call_check();
		break;
	case 11:
		call_repair();
		break;
	case 12:
		call_remove_all();
		break;
	case 13:
		call_open();
		break;
	case 14:
		spoil();
		break;
	case 15:
		plan_to_spoil(false);
		break;
	case 16:
		plan_to_spoil(true);
		break;
	default:
		return false;
	}
	return true;
}

/* A signal comes while somebody sleeps in line. */
static void
interrupt(void)
{
	if (escape && escape->state == COMPL_ESCAPE_JUMP) {
		world_leave(world_sleepers() - 1);
		siglongjmp(escape->env, 1);
	}
	if (escape)
		escape->wanted = 1;
}

static void
end_sleep(uint8_t how)
{
	if (how % 8 == 7)
		interrupt();
	else if (how % 8 == 6)
		world_signal();
}

static void
others_act(unsigned sleeps)
{
	struct compl_escape *mine = escape;

	(void)sleeps;
	if (depth == DEPTH_MAX)
		return;
	depth++;
	while (play_one())
		continue;
	depth--;
	escape = mine;
	end_sleep(input_byte(&in));
}

static void
never_stuck(void)
{
	world_fail("a sleep without a deadline");
}

/* Looking at everything takes longer than all the rest: not always. */
static void
check_end(void)
{
	size_t faults = 0;

	if (is_spoilt || is_stale)
		return;
	REQUIRE(compl_rescues(space) == 0);
	if (!is_checked)
		return;
	REQUIRE(compl_check(space, NULL, NULL, &faults) == COMPL_OK);
	REQUIRE(faults == 0);
}

static void
begin(void)
{
	size_t i;

	for (i = spoil_hash_count; i < NAMES; i++)
		spoil_know(names[i]);
	world_begin();
	world_asleep = others_act;
	world_stuck = never_stuck;
	calls = depth = later_count = 0;
	escape = NULL;
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
	world_has_waitv = !(mode & 2);
	prepare();
	is_spoilt = false;
	while (input_is_left(&in) && calls < CALLS_MAX) {
		play_one();
		look();
	}
	world_nothing_more();
	check_end();
	return 0;
}
