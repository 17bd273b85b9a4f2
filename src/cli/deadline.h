/* SPDX-License-Identifier: ISC
 *
 * deadline.h - from a timeout (relative) to a deadline (absolute, CLOCK_MONOTONIC) and back
 */
#ifndef CLI_DEADLINE_H
#define CLI_DEADLINE_H

#include <stdint.h>

/* Returns the time that is timeout_ns from now.  Returns COMPL_NEVER if timeout_ns is COMPL_NEVER,
 * or if the sum would overflow. */
int64_t deadline_after(int64_t timeout_ns);

/* Returns the time that is left until deadline_ns: 0 if that has passed, COMPL_NEVER if it is
 * COMPL_NEVER. */
int64_t deadline_left(int64_t deadline_ns);

#endif
