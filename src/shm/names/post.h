/* SPDX-License-Identifier: ISC
 *
 * post.h - posts of tokens, of "all", and of a producer's death
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

/* Posts tokens (COMPL_ALL for "all") with a status and a value, like the kernel's complete() and
 * complete_all().  Posts nothing if the completion is at "all".  leaver: 0, or the entry of the
 * producer that leaves with this post (compl_keep()), which is unlinked in the same commit.
 *
 * COMPL_E_NO_NAMESPACE: another program has unlinked the segment, and nothing has changed. */
enum compl_result post_tokens(struct session *s, uint32_t completion, uint32_t tokens,
			      const struct compl_post *post, uint32_t leaver);

/* Posts that a producer is ready, with a value or NULL.  The completion is open from now on, and
 * the waits that this covers end.  Changes nothing if the producer is ready already.  Fails as
 * post_tokens() does. */
enum compl_result post_ready(struct session *s, uint32_t completion, uint32_t producer,
			     const char *value);

/* Posts the end of a ready producer, and unlinks it: with a status, 0 if it has ended in order, or
 * because it is dead.  If another producer of the completion lives, only its own readiness ends.
 * If it was the last one, and the counter is 0, the waits in line end; and unless it has ended in
 * order, the completion is `failed` from now on. */
void post_ready_end(struct session *s, uint32_t completion, uint32_t producer, uint32_t status,
		    bool died);

/* Brings a completion that is not at "all" to "all", because a producer has died, and ends all its
 * waits. */
void post_producer_died(struct session *s, uint32_t completion);

#endif
