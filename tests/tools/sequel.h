/* SPDX-License-Identifier: ISC
 *
 * sequel.h - after the verdict: whether the line works on
 */
#ifndef SEQUEL_H
#define SEQUEL_H

#include <stdbool.h>

#include "stage.h"
#include "verdict.h"

/* What can be seen from outside of what came of a kill, as a number. */
unsigned sequel_outcome(const struct stage *s, const struct remains *r);

/* After the verdict: lets those who are left go in their order, and then uses the
 * names from the start. */
bool sequel_goes_on(struct stage *s, struct remains *r);

#endif
