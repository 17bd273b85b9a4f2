/* SPDX-License-Identifier: ISC
 *
 * json.c - writes JSON
 *
 * The field names and their order are an API.
 */
#include "cli/json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/utf8.h"
#include "cli/below.h"
#include "cli/output.h"
#include "cli/state.h"
#include "cli/text.h"
#include "cli/unit.h"
#include "cli/wait_names.h"

/* Writes the character at text, and returns how many bytes of text it takes. */
static size_t
write_character(const char *text)
{
	uint32_t code;
	size_t length = utf8_decode(text, &code);

	if (length == 0)
		output_text("\xef\xbf\xbd");
	else if (code == '"' || code == '\\')
		output_format("\\%c", (int)code);
	else if (text_is_control(code)) /* none is beyond U+FFFF */
		output_format("\\u%04" PRIx32, code);
	else
		output_bytes(text, length);
	return length != 0 ? length : 1;
}

void
json_string(const char *text)
{
	if (text == NULL) {
		output_text("null");
		return;
	}
	output_text("\"");
	while (*text != '\0')
		text += write_character(text);
	output_text("\"");
}

void
json_seconds(double seconds)
{
	int64_t us = seconds > 0 && seconds < 9e12 ? (int64_t)(seconds * 1e6) : 0;
	int64_t fraction = us % 1000000;
	int digits = 6;

	for (; digits > 1 && fraction % 10 == 0; digits--)
		fraction /= 10;
	output_format("%" PRId64 ".%0*" PRId64, us / 1000000, digits, fraction);
}

const char *
json_boolean(bool value)
{
	return value ? "true" : "false";
}

/* What is not known is null. */
static const char *
known(bool is_known, bool value)
{
	return is_known ? json_boolean(value) : "null";
}

/* Writes the beginning of the object of a process. */
static void
write_process(pid_t pid, uint64_t pid_namespace, bool foreign, const char *host,
	      const char *command)
{
	char unit[256];

	output_text("{\"pid\":");
	if (pid > 0)
		output_format("%d", (int)pid);
	else
		output_text("null");
	output_text(",\"pid_namespace\":");
	if (pid_namespace != 0)
		output_format("%" PRIu64, pid_namespace);
	else
		output_text("null");
	output_text(",\"host\":");
	json_string(host[0] != '\0' ? host : NULL);
	output_text(",\"unit\":");
	if (pid <= 0 || foreign || !unit_read(unit, sizeof(unit), pid))
		json_string(NULL);
	else
		json_string(unit);
	output_text(",\"command\":");
	json_string(command);
}

static void
write_names(uint64_t wait)
{
	size_t count;
	const struct wait_name *names = wait_names_of(wait, &count);

	output_text(",\"names\":[");
	for (size_t i = 0; i < count; i++) {
		output_text(i == 0 ? "" : ",");
		json_string(names[i].name);
	}
	output_text("]");
}

static void
write_below(const struct compl_waiter *waiter)
{
	const char *names[COMPL_NAMES_MAX];
	int count = waiter->foreign ? -1 : below_find(names, COMPL_NAMES_MAX, waiter->pid);

	output_text(count < 0 ? ",\"below\":null" : ",\"below\":[");
	for (int i = 0; i < count; i++) {
		output_text(i == 0 ? "" : ",");
		json_string(names[i]);
	}
	output_text(count < 0 ? "" : "]");
}

static void
write_waiter(const struct compl_waiter *w)
{
	write_process(w->pid, w->pid_namespace, w->foreign, w->host, w->command);
	write_names(w->wait);
	write_below(w);
	output_format(",\"count\":%" PRIu32 ",\"io\":%s,\"stopped\":%s,\"orphan\":%s,\"seconds\":",
		      w->need, json_boolean(w->io),
		      known(w->facts & COMPL_FACT_STOPPED, w->stopped),
		      known(w->facts & COMPL_FACT_ORPHAN, w->orphan));
	json_seconds(w->seconds);
	output_text("}");
}

static void
write_waiters(const struct compl_entry *entry)
{
	output_text(",\"waiters\":[");
	for (size_t i = 0; i < entry->waiter_count; i++) {
		output_text(i == 0 ? "" : ",");
		write_waiter(compl_waiter_at(entry, i));
	}
	output_text("]");
}

static void
write_producers(const struct compl_entry *entry)
{
	output_text(",\"producers\":[");
	for (size_t i = 0; i < entry->producer_count; i++) {
		const struct compl_producer *p = compl_producer_at(entry, i);

		output_text(i == 0 ? "" : ",");
		write_process(p->pid, p->pid_namespace, p->foreign, p->host, p->command);
		output_format(",\"ready\":%s,\"seconds\":", json_boolean(p->ready));
		json_seconds(p->seconds);
		output_text("}");
	}
	output_text("]");
}

static void
write_borrowers(const struct compl_entry *entry)
{
	output_text(",\"borrowers\":[");
	for (size_t i = 0; i < entry->borrower_count; i++) {
		const struct compl_borrower *b = compl_borrower_at(entry, i);

		output_text(i == 0 ? "" : ",");
		write_process(b->pid, b->pid_namespace, b->foreign, b->host, b->command);
		output_format(",\"count\":%" PRIu32 ",\"stray\":%s,\"seconds\":", b->count,
			      json_boolean(b->stray));
		json_seconds(b->seconds);
		output_text("}");
	}
	output_text("]");
}

/* What has outlived its `run`, and holds the name. */
static void
write_stray(const struct compl_entry *entry)
{
	output_text(",\"stray\":");
	if (!entry->held) {
		output_text("null");
		return;
	}
	write_process(entry->holder, 0, false, "", entry->holder_command);
	output_text("}");
}

static void
write_waits(const struct compl_entry *entry)
{
	output_format(",\"waits\":{\"count\":%" PRIu64 ",\"seconds\":", entry->waits);
	json_seconds(entry->waits_seconds);
	output_text(",\"io_seconds\":");
	json_seconds(entry->waits_io_seconds);
	output_text("}");
}

static void
write_state(const struct compl_entry *e)
{
	char state[STATE_SIZE];

	state_write(state, e);
	output_text(",\"state\":");
	json_string(state);
	output_format(",\"done\":%" PRIu32 ",\"all\":%s,\"ready\":%s,\"initialised\":%s", e->done,
		      json_boolean(e->done == COMPL_ALL), json_boolean(e->ready),
		      json_boolean(e->initialised));
	output_format(",\"generation\":%" PRIu64 ",\"status\":%d,\"value\":", e->generation,
		      e->payload.status);
	json_string(e->payload.has_value ? e->payload.value : NULL);
	output_text(",\"parties\":");
	if (e->parties != 0)
		output_format("%" PRIu32, e->parties);
	else
		output_text("null");
}

static void
write_entry(const struct compl_entry *entry)
{
	output_text("{\"name\":");
	json_string(entry->name);
	write_state(entry);
	output_text(",\"age_seconds\":");
	json_seconds(entry->age_seconds);
	output_text(",\"changed_seconds\":");
	json_seconds(entry->changed_seconds);
	write_waiters(entry);
	write_producers(entry);
	write_stray(entry);
	write_borrowers(entry);
	write_waits(entry);
	output_text("}");
}

void
json_listing(const char *space, const struct compl_entry *const *entries, size_t count)
{
	output_text("{\"namespace\":");
	json_string(space);
	output_text(",\"completions\":[");
	for (size_t i = 0; i < count; i++) {
		output_text(i == 0 ? "" : ",");
		write_entry(entries[i]);
	}
	output_line("]}");
}
