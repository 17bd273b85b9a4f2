/* SPDX-License-Identifier: ISC
 *
 * aftermath.h - after the verdict: whether waiters and names still work
 */
#ifndef AFTERMATH_H
#define AFTERMATH_H

#include <stdbool.h>

#include "fixture.h"
#include "verdict.h"

/* What can be seen from outside of the effect of a kill, as a number. */
unsigned aftermath_outcome(const struct fixture *f, const struct remains *r);

/* After the verdict: gives the waiters that are left what they want, in their order, and then uses
 * the names anew. */
bool aftermath_works_on(struct fixture *f, struct remains *r);

#endif
