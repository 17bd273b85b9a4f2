/* SPDX-License-Identifier: ISC
 *
 * aftermath.h - after the verdict: whether the line works on
 */
#ifndef AFTERMATH_H
#define AFTERMATH_H

#include <stdbool.h>

#include "fixture.h"
#include "verdict.h"

/* What can be seen from outside of what came of a kill, as a number. */
unsigned aftermath_outcome(const struct fixture *f, const struct remains *r);

/* After the verdict: lets those who are left go in their order, and then uses the
 * names from the start. */
bool aftermath_works_on(struct fixture *f, struct remains *r);

#endif
