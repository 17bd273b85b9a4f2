/* SPDX-License-Identifier: ISC
 *
 * promise.h - a thread's word that it will complete a name: compl.h's compl_promise(),
 * compl_keep() and compl_break()
 */
#ifndef PROMISE_H
#define PROMISE_H

#include "compl.h"

enum compl_result promise_make(struct compl_space *c, const char *name, unsigned flags,
			       const char *command, struct compl_promise *promise);

/* The post has been checked. */
enum compl_result promise_keep(struct compl_space *c, struct compl_promise *promise,
			       struct compl_post *post, bool stays);
enum compl_result promise_break(struct compl_space *c, struct compl_promise *promise);

#endif
