/* SPDX-License-Identifier: ISC
 *
 * elf-range.h - the addresses of a function of a program
 */
#ifndef ELF_RANGE_H
#define ELF_RANGE_H

#include <stdint.h>

struct range {
	uint64_t from, to; /* both 0: not known */
};

/* Of a program for this machine, with its symbols. */
struct range elf_range(const char *program, const char *function);

#endif
