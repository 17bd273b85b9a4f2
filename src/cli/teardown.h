/* SPDX-License-Identifier: ISC
 *
 * teardown.h - ends what CMD has left running
 */
#ifndef CLI_TEARDOWN_H
#define CLI_TEARDOWN_H

#include <stdint.h>

/* Call it when CMD has ended.  Tells every descendant of this process to end, by SIGTERM and
 * SIGCONT, and kills what is left after grace_ns, or at once when somebody sends this process a
 * signal that ends a process.  Returns when no descendant is left but those that may not be
 * signalled, which a line names.
 *
 * Nobody gets SIGTERM twice.  Below a compl that passes signals on nobody gets it from here. */
void teardown(int64_t grace_ns);

#endif
