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
#include "cli/output.h"
#include "cli/text.h"

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

static void
write_string(const char *text)
{
	output_text("\"");
	while (*text != '\0')
		text += write_character(text);
	output_text("\"");
}

/* Writes seconds to the microsecond: at least one digit after the point, and then no zeros at the
 * end. */
static void
write_seconds(double seconds)
{
	int64_t us = seconds > 0 && seconds < 9e12 ? (int64_t)(seconds * 1e6) : 0;
	int64_t fraction = us % 1000000;
	int digits = 6;

	for (; digits > 1 && fraction % 10 == 0; digits--)
		fraction /= 10;
	output_format("%" PRId64 ".%0*" PRId64, us / 1000000, digits, fraction);
}

static const char *
boolean(bool value)
{
	return value ? "true" : "false";
}

static void
write_waiter(const struct compl_waiter *waiter)
{
	output_format("{\"pid\":%d,\"command\":", (int)waiter->pid);
	write_string(waiter->command);
	output_format(",\"count\":%" PRIu32 ",\"io\":%s,\"stopped\":%s,\"seconds\":", waiter->need,
		      boolean(waiter->io), boolean(waiter->stopped));
	write_seconds(waiter->seconds);
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
		const struct compl_producer *producer = compl_producer_at(entry, i);

		output_format("%s{\"pid\":%d,\"command\":", i == 0 ? "" : ",", (int)producer->pid);
		write_string(producer->command);
		output_text(",\"seconds\":");
		write_seconds(producer->seconds);
		output_text("}");
	}
	output_text("]");
}

static void
write_waits(const struct compl_entry *entry)
{
	output_format(",\"waits\":{\"count\":%" PRIu64 ",\"seconds\":", entry->waits);
	write_seconds(entry->waits_seconds);
	output_text(",\"io_seconds\":");
	write_seconds(entry->waits_io_seconds);
	output_text("}");
}

static void
write_entry(const struct compl_entry *entry)
{
	output_text("{\"name\":");
	write_string(entry->name);
	output_format(",\"done\":%" PRIu32 ",\"all\":%s,\"status\":%d,\"value\":", entry->done,
		      boolean(entry->done == COMPL_ALL), entry->payload.status);
	if (entry->payload.has_value)
		write_string(entry->payload.value);
	else
		output_text("null");
	output_text(",\"age_seconds\":");
	write_seconds(entry->age_seconds);
	write_waiters(entry);
	write_producers(entry);
	write_waits(entry);
	output_text("}");
}

void
json_listing(const char *space, const struct compl_entry *const *entries, size_t count)
{
	output_text("{\"namespace\":");
	write_string(space);
	output_text(",\"completions\":[");
	for (size_t i = 0; i < count; i++) {
		output_text(i == 0 ? "" : ",");
		write_entry(entries[i]);
	}
	output_line("]}");
}
