/* SPDX-License-Identifier: ISC
 *
 * linear.h - whether an order of events explains a history
 */
#ifndef LINEAR_H
#define LINEAR_H

#include <stdint.h>
#include <stdio.h>

#include "history.h"
#include "state-model.h"

enum verdict { LINEAR_YES, LINEAR_NO, LINEAR_TOO_LONG };

#define LINEAR_SEEN  (1u << 21) /* slots of the memory, a power of two */
#define LINEAR_LIMIT (LINEAR_SEEN / 2)

struct linear {
	const struct history *h;
	uint64_t salt, *seen;
	uint32_t states, used[LINEAR_LIMIT];
	unsigned over;		 /* the most operations that were over at once */
	struct state_model best; /* then */
};

/* Memory for a search; NULL: there is none.  A child does not inherit it. */
struct linear *linear_new(void);

/* Prints how far the best attempt came. */
void linear_explain(FILE *to, const struct linear *l);

/* Searches; all names begin empty. */
enum verdict linear_judge(struct linear *l, const struct history *h);

#endif
