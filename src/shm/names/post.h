/* SPDX-License-Identifier: ISC
 *
 * post.h - complete(), complete_all(), and the death of a producer
 *
 * Locking: all calls are made under the lock.
 *
 * Each post is one transaction.  After "all", a failure (a status other than 0) or a producer's
 * death, a walk along the waitqueue follows (job.h).
 */
#ifndef POST_H
#define POST_H

#include "shm/segment/session.h"

/* Returns how many tokens a post adds, as compl.h says, or COMPL_ALL for "all". */
static inline uint32_t
post_count(const struct compl_post *post)
{
	if (post->all)
		return COMPL_ALL;
	return post->tokens != 0 ? post->tokens : 1;
}

/* Returns COMPL_OK if tokens can be posted, or COMPL_E_OVERFLOW. */
enum compl_result post_check(struct session *s, uint32_t completion, uint32_t tokens);

/* complete(), complete_all(): posts tokens (COMPL_ALL for "all") with a status and a value.  Posts
 * nothing if the completion is at "all".  leaver: the entry of a producer, which is unlinked in the
 * same commit, or 0. */
void post_tokens(struct session *s, uint32_t completion, uint32_t tokens,
		 const struct compl_post *post, uint32_t leaver);

/* Brings a completion that is not at "all" to "all", because a producer has died, and ends all its
 * waits. */
void post_producer_died(struct session *s, uint32_t completion);

#endif
