/* SPDX-License-Identifier: ISC
 *
 * ready_producers.h - which producers of a completion are ready, and with which value
 *
 * A producer is ready from a post of readiness (post_ready()) until it ends, or until the
 * completion is reinitialised.  While one is, the completion has COMPLETION_READY.
 *
 * Locking: all calls are made under the lock.
 */
#ifndef READY_PRODUCERS_H
#define READY_PRODUCERS_H

#include "shm/segment/session.h"

/* Returns the producer that has become ready last, of those that are linked; or 0. */
uint32_t ready_producers_find_latest(struct session *s, uint32_t completion);

/* Whether a linked producer other than `entry` is ready. */
bool ready_producers_has_other(struct session *s, uint32_t completion, uint32_t entry);

/* Whether one of the ready producers lives. */
bool ready_producers_has_living(struct session *s, uint32_t completion);

/* Copies the value of the latest ready producer, as completion_copy_value() does. */
void ready_producers_copy_value(struct session *s, uint32_t completion, char *text,
				uint32_t *length);

/* Put into the transaction under way: a producer that was not ready is the latest that has become
 * ready, with a value, or without one if text is NULL; no producer is ready. */
void ready_producers_log_add(struct session *s, uint32_t completion, uint32_t entry,
			     const char *text);
void ready_producers_log_none(struct session *s, uint32_t completion);

#endif
