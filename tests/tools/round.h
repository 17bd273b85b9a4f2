/* SPDX-License-Identifier: ISC
 *
 * round.h - a short storm in a quiet sea: everybody does their tasks, then all rests, and is looked
 * at; something is posted or taken away, and all rests again; and at last nobody is left
 *
 * At rest nobody may sleep who could go: a lost wake-up shows there and then, whatever
 * deadline or seat belt would have hidden it later.
 */
#ifndef ROUND_H
#define ROUND_H

#include "compl.h"
#include "history.h"

/* The coordinator's own handle; storm.c opens it. */
extern struct compl_space *round_space;

/* Plays the plan of the books. */
void round_play(void);

/* What was begun, for the checker. */
void round_collect(struct history *h);

/* All names as if nothing had been. */
void round_tidy(void);

#endif
