/* SPDX-License-Identifier: ISC
 *
 * family.h - which processes there are, who started whom, and who waits for a child
 */
#ifndef FAMILY_H
#define FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct member {
	pid_t pid, parent;
	bool awaits; /* has one thread, which sleeps in wait4(2) or waitid(2) */
	bool single; /* has one thread */
	bool zombie;
	uint64_t ran; /* differs when it has run in between: page faults, its children's too */
};

struct family {
	size_t count;
	struct member *members; /* by pid */
};

/* As /proc shows it, of one moment or the next.  To be freed with family_free(); false if
 * there is no /proc, if it hides others' processes, or without memory. */
bool family_read(struct family *f);
void family_free(struct family *f);

/* NULL if it is not there. */
const struct member *family_find(const struct family *f, pid_t pid);

/* Whether a process was started by another one, at however many hands. */
bool family_is_below(const struct family *f, pid_t pid, pid_t ancestor);

#endif
