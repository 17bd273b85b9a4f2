/* SPDX-License-Identifier: ISC
 *
 * corruption.c - chooses a word and the value that is written there
 */
#include "corruption.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shm/os/robust.h"
#include "shm/segment/layout.h"

/* The hashes of the names that the target uses, to find their buckets. */
static uint32_t corruption_hashes[16];
size_t corruption_hash_count;

void
corruption_add_name(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	corruption_hashes[corruption_hash_count++] = hash;
}

/* A word of the first records of a table. */
static uint32_t
corruption_record(struct input *in, uint32_t at, uint32_t size, uint32_t count)
{
	uint32_t index = input_byte(in) % count;

	return at + index * size + input_byte(in) % (size / 4) * 4;
}

static uint32_t
corruption_offset(struct input *in)
{
	switch (input_byte(in) % 8) {
	case 0:
		return input_byte(in) % (sizeof(struct layout_header) / 4) * 4;
	case 1:
		return corruption_record(in, LAYOUT_LOG_AT, sizeof(struct layout_change), 16);
	case 2:
		return LAYOUT_BUCKETS_AT +
		       corruption_hashes[input_byte(in) % corruption_hash_count] % LAYOUT_BUCKETS *
			       4;
	case 3:
	case 4:
		return corruption_record(in, LAYOUT_COMPLETIONS_AT, sizeof(struct completion), 12);
	case 5:
		return corruption_record(in, LAYOUT_ENTRIES_AT, sizeof(struct entry), 24);
	case 6:
		return corruption_record(in,
					 input_byte(in) % 2 ? LAYOUT_COMPLETION_VALUES_AT
							    : LAYOUT_ENTRY_VALUES_AT,
					 LAYOUT_VALUE, 24);
	default:
		return input_word(in) % (LAYOUT_SIZE - 4);
	}
}

static uint32_t
corruption_limit(uint8_t which)
{
	static const uint32_t limits[] = { LAYOUT_COMPLETIONS, LAYOUT_ENTRIES,	  LAYOUT_LOG,
					   LAYOUT_VALUE,       LAYOUT_BUCKETS,	  UINT16_MAX,
					   INT32_MAX,	       4 * 1024 * 1024,	  0xd800,
					   UINT32_C(1) << 30,  UINT32_C(1) << 31, ROBUST_MIXED };

	return limits[which % (sizeof limits / sizeof *limits)];
}

struct corruption
corruption_read(struct input *in)
{
	struct corruption s = { .offset = corruption_offset(in) };
	uint8_t kind = input_byte(in);

	switch (kind % 10) {
	case 0:
		s.value = input_byte(in);
		break;
	case 1:
		s.value = ~(uint32_t)input_byte(in);
		break;
	case 2:
		s.value = FUTEX_WAITERS | input_byte(in);
		break;
	case 3:
		s.value = FUTEX_OWNER_DIED | FUTEX_WAITERS | (input_byte(in) & 1);
		break;
	case 4:
		s.value = FUTEX_WAITERS | (uint32_t)syscall(SYS_gettid);
		break;
	case 5:
		s.value = LAYOUT_SIZE - input_byte(in);
		break;
	case 6:
		s.value = corruption_offset(in);
		break;
	case 7:
		s.value = corruption_limit(input_byte(in)) + (kind / 10 % 3 - 1);
		break;
	case 8:
		s.value = UINT32_C(1) << input_byte(in) % 32;
		s.flips = true;
		break;
	default:
		s.value = input_word(in);
	}
	return s;
}

void
corruption_apply(char *base, const struct corruption *s)
{
	uint32_t word;

	memcpy(&word, base + s->offset, 4);
	word = s->flips ? word ^ s->value : s->value;
	memcpy(base + s->offset, &word, 4);
}
