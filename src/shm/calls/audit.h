/* SPDX-License-Identifier: ISC
 *
 * audit.h - every invariant of a segment, looked at
 */
#ifndef AUDIT_H
#define AUDIT_H

#include "compl.h"

/* compl.h's compl_check(). */
enum compl_result audit(struct compl_space *c, compl_fault_fn *fault, void *arg, size_t *faults);

/* compl.h's compl_repair(). */
enum compl_result audit_repair(struct compl_space *c);

#endif
