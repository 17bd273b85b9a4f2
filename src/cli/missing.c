/* SPDX-License-Identifier: ISC
 *
 * missing.c - says which names a wait that timed out still lacked, and why
 *
 * Which names were missing, and how many tokens, is what the wait has seen when it ended.  Who else
 * has to do with them is looked up after that, as far as it is known: a process may have come or
 * gone meanwhile.  A line that names several names says why for the first three.
 */
#include "cli/missing.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/clock.h"
#include "cli/cold.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/nearest.h"
#include "cli/value.h"

/* How long it waits for the lock, whose owner may be stopped: the wait has timed out already. */
#define PATIENCE_NS (CLOCK_SECOND_NS / 10)

#define SHOWN_MAX 3 /* names, if there are more than one more */

COLD static char text[16 * (COMPL_NAME_MAX + 2) + 1024];
static size_t used;

__attribute__((format(printf, 1, 2))) static void
add(const char *format, ...)
{
	size_t room = sizeof(text) - used;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text + used, room, format, args);
	va_end(args);
	used += (size_t)length < room ? (size_t)length : room - 1;
}

/* ---- which names ----------------------------------------------------------------- */

static size_t
count_missing(const struct cli_call *call, const struct compl_state *states)
{
	size_t missing = 0;

	for (size_t i = 0; i < call->name_count; i++)
		missing += !states[i].covered;
	return missing;
}

static size_t
count_shown(size_t missing)
{
	return missing <= SHOWN_MAX + 1 ? missing : SHOWN_MAX;
}

/* Returns the first missing name from `from` on. */
static size_t
find_missing(const struct compl_state *states, size_t from)
{
	while (states[from].covered)
		from++;
	return from;
}

static void
add_names(const struct cli_call *call, const struct compl_state *states, size_t missing)
{
	size_t i = 0;

	for (size_t shown = 0; shown < count_shown(missing); shown++, i++) {
		i = find_missing(states, i);
		add("%s%s", shown == 0 ? "" : ", ", call->names[i]);
	}
	if (count_shown(missing) < missing)
		add(" and %zu more", missing - count_shown(missing));
}

/* Says what was there.  In a barrier stand those who have come. */
static void
add_others(const struct cli_call *call, const struct compl_state *states, size_t others)
{
	if (call->set.parties != 0 && states[0].standing > 0)
		add("; %" PRIu32 " of %" PRIu32 " stood in it", states[0].standing,
		    states[0].parties);
	else if (call->set.at_least > 1)
		add("; %zu of the %" PRIu32 " names that it needs %s done", others,
		    call->set.at_least, others == 1 ? "is" : "are");
	else if (others == 1)
		add("; the other one is done");
	else if (others > 1)
		add("; the other %zu are done", others);
}

/* ---- why --------------------------------------------------------------------------- */

static uint32_t
need_of(const struct cli_call *call)
{
	return call->set.count != 0 ? call->set.count : 1;
}

static bool
is_waited_for(const struct cli_call *call, const char *name)
{
	for (size_t i = 0; i < call->name_count; i++)
		if (strcmp(call->names[i], name) == 0)
			return true;
	return false;
}

/* Says that nobody has to do with a name, and which similar name there is. */
static void
add_nobody(const struct cli_call *call, const struct compl_listing *list, const char *name)
{
	struct nearest nearest = nearest_to(name);

	add("nobody has posted or promised it");
	for (size_t i = 0; i < list->count; i++) {
		const struct compl_entry *entry = compl_entry_at(list, i);

		if (!is_waited_for(call, entry->name) &&
		    (entry->done > 0 || entry->initialised || entry->producer_count > 0))
			nearest_offer(&nearest, entry->name);
	}
	if (nearest.best != NULL)
		add("; there is '%s'", nearest.best);
}

static void
add_process(const char *command, pid_t pid, bool foreign)
{
	add("%s (%d%s)", command[0] != '\0' ? command : "a process", (int)pid,
	    foreign ? "; " MESSAGE_FOREIGN_PID : "");
}

static void
add_producers(const struct compl_entry *entry)
{
	const struct compl_producer *first = compl_producer_at(entry, 0);
	size_t others = entry->producer_count - 1;

	add_process(first->command, first->pid, first->foreign);
	if (others > 0)
		add(" and %zu other%s produce it and have not completed it", others,
		    others == 1 ? "" : "s");
	else if (first->will_be_ready)
		add(" produces it and has not said that it is ready");
	else
		add(" produces it and has not completed it");
}

static void
add_first_in_line(const struct compl_entry *entry)
{
	const struct compl_waiter *first = compl_waiter_at(entry, 0);

	add_process(first->command, first->pid, first->foreign);
	add(" is first in its line%s", first->stopped ? ", and is stopped" : "");
}

static const struct compl_entry *
find_entry(const struct compl_listing *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(compl_entry_at(list, i)->name, name) == 0)
			return compl_entry_at(list, i);
	return NULL;
}

enum reason { UNKNOWN, BARRIER, GONE, HELD_UP, PRODUCED, LENT, NOBODY };

/* Whether the producer of a missing name has gone.  Then the name has failed, or is at "all", which
 * covers every need but for that reason. */
static bool
has_lost_producer(const struct compl_state *state)
{
	return state->failed || state->done == COMPL_ALL;
}

static enum reason
find_reason(const struct cli_call *call, const struct compl_state *state,
	    const struct compl_entry *entry)
{
	if (state->parties != 0)
		return BARRIER;
	if (has_lost_producer(state))
		return GONE;
	if (state->done >= need_of(call) && entry != NULL && entry->waiter_count > 0)
		return HELD_UP;
	if (entry != NULL && entry->producer_count > 0 && !entry->ready)
		return PRODUCED;
	if (state->lent > 0)
		return LENT;
	return state->done == 0 && (entry == NULL || entry->done == 0) ? NOBODY : UNKNOWN;
}

/* Adds why name i is missing, after lead. */
static void
add_reason(const struct cli_call *call, const struct compl_state *state,
	   const struct compl_listing *list, const char *name, const char *lead)
{
	const struct compl_entry *entry = find_entry(list, name);
	enum reason reason = find_reason(call, state, entry);

	if (reason == UNKNOWN)
		return;
	add("; %s", lead);
	if (reason == BARRIER)
		add("processes stand in it, as in a barrier");
	else if (reason == GONE)
		add("%s", compl_strresult(COMPL_PRODUCER_DIED));
	else if (reason == HELD_UP)
		add_first_in_line(entry);
	else if (reason == PRODUCED)
		add_producers(entry);
	else if (reason == LENT)
		add("%" PRIu32 " of its tokens %s lent", state->lent,
		    state->lent == 1 ? "is" : "are");
	else
		add_nobody(call, list, name);
}

static bool
is_short(const struct cli_call *call, const struct compl_state *state)
{
	return need_of(call) > 1 && state->done < need_of(call);
}

/* Adds what is known about the missing name i of several. */
static void
add_one_of_several(const struct cli_call *call, const struct compl_state *state,
		   const struct compl_listing *list, const char *name)
{
	char lead[COMPL_NAME_MAX + 3];

	snprintf(lead, sizeof(lead), "%s: ", name);
	if (is_short(call, state))
		add("; %s%" PRIu32 " of %" PRIu32 " tokens", lead, state->done, need_of(call));
	add_reason(call, state, list, name, lead);
}

static void
add_reasons(const struct cli_call *call, const struct compl_state *states, size_t missing)
{
	struct compl_listing *list = NULL;
	struct compl_space *c;
	size_t i = 0;

	if (namespace_open(&c, call, 0) == COMPL_OK)
		compl_list_until(c, clock_now_ns() + PATIENCE_NS, 0, &list);
	for (size_t shown = 0; list != NULL && shown < count_shown(missing); shown++, i++) {
		i = find_missing(states, i);
		if (call->name_count > 1)
			add_one_of_several(call, &states[i], list, call->names[i]);
		else
			add_reason(call, &states[i], list, call->names[i], "");
	}
	compl_list_free(list);
}

/* ---- the line ------------------------------------------------------------------------ */

void
missing_report(const struct cli_call *call, const struct compl_state *states)
{
	const char *timeout = call->set.timeout.text;
	size_t missing = count_missing(call, states);

	used = 0;
	add_names(call, states, missing);
	add(": timed out after %s%s", message_quote(timeout), value_lacks_unit(timeout) ? "s" : "");
	if (call->name_count == 1 && is_short(call, &states[0]))
		add(" with %" PRIu32 " of %" PRIu32 " tokens", states[0].done, need_of(call));
	add_others(call, states, call->name_count - missing);
	if (states[0].known && call->set.parties == 0)
		add_reasons(call, states, missing);
	message_line("%s (%s)", text, namespace_text(call));
}
