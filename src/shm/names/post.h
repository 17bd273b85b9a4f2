/* SPDX-License-Identifier: ISC
 *
 * post.h - complete(), complete_all(), and the death of a producer
 *
 * All calls: under the lock.  Each is one transaction; "all", a failure and a producer's death
 * are followed by a walk along the line (job.h).
 */
#ifndef POST_H
#define POST_H

#include "shm/segment/session.h"

/* How many tokens a post is of, as compl.h says; COMPL_ALL for "all". */
static inline uint32_t
post_count(const struct compl_post *post)
{
	if (post->all)
		return COMPL_ALL;
	return post->tokens != 0 ? post->tokens : 1;
}

/* Whether tokens can be posted: COMPL_OK or COMPL_E_OVERFLOW. */
enum compl_result post_check(struct session *s, uint32_t completion, uint32_t tokens);

/* complete(), complete_all(): posts tokens (COMPL_ALL for "all") with a status and a value.
 * Posts nothing if the completion is at "all".  leaver: the entry of a producer that ceases to be
 * one in the same commit, or 0. */
void post_tokens(struct session *s, uint32_t completion, uint32_t tokens,
		 const struct compl_post *post, uint32_t leaver);

/* A producer has died: "all", and every wait ends.  The completion is not at "all" yet. */
void post_producer_died(struct session *s, uint32_t completion);

#endif
