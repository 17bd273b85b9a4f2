/* SPDX-License-Identifier: ISC
 *
 * deadline.h - from a timeout (relative) to a deadline (absolute, CLOCK_MONOTONIC) and back
 */
#ifndef CLI_DEADLINE_H
#define CLI_DEADLINE_H

#include <stdint.h>

/* timeout_ns from now; COMPL_NEVER for COMPL_NEVER, and where it would overflow. */
int64_t deadline_after(int64_t timeout_ns);

/* How long until then; 0 if it has passed, COMPL_NEVER for COMPL_NEVER. */
int64_t deadline_left(int64_t deadline_ns);

#endif
