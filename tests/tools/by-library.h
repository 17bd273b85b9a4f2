/* SPDX-License-Identifier: ISC
 *
 * by-library.h - an operation done by a call of compl.h
 */
#ifndef BY_LIBRARY_H
#define BY_LIBRARY_H

#include <stdint.h>

#include "compl.h"
#include "plan.h"

/* The escape of the wait under way; NULL: it has none. */
extern struct compl_escape *by_library_escape;

/* The number in "v12"; UINT16_MAX for any other text. */
uint16_t by_library_value_number(const char *text);

/* What this process has promised, and of which name. */
extern struct compl_promise by_library_promised;
extern uint8_t by_library_promised_name;

/* What this process has borrowed. */
extern struct compl_loan by_library_loan;

/* Does the task, and notes in o what the call said. */
void by_library(struct compl_space *c, const struct task *task, struct op *o);

#endif
