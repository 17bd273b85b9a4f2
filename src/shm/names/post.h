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

/* complete(), complete_all(): tokens (COMPL_ALL for "all") with a status and a value.
 * Posts nothing on a settled one.  In the same commit the producer of a place is none any more;
 * 0 for nobody. */
void post_tokens(struct session *s, uint32_t completion, uint32_t tokens,
		 const struct compl_post *post, uint32_t leaver);

/* A producer has died: "all", and whoever waits leaves.  Not on a settled one. */
void post_producer_died(struct session *s, uint32_t completion);

#endif
