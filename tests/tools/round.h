/* SPDX-License-Identifier: ISC
 *
 * round.h - one round of a storm
 *
 * Each worker does its tasks; then all rest, and the namespace is listed.  After that the
 * coordinator posts something or takes it away, and waits until all rest again; and so on.  In the
 * end all workers are killed.
 *
 * At rest no wait may sleep that could go on.  So a lost wake-up shows at once, whatever deadline
 * or watchdog would have hidden it later.
 */
#ifndef ROUND_H
#define ROUND_H

#include "compl.h"
#include "history.h"

/* The coordinator's own handle; storm.c opens it. */
extern struct compl_space *round_space;

/* Does what the plan of the ledger says. */
void round_run(void);

/* Copies all operations that were begun, for the checker. */
void round_collect(struct history *h);

/* Removes all names. */
void round_tidy(void);

#endif
