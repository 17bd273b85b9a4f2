/* SPDX-License-Identifier: ISC
 *
 * done.c - compl_done(), the kernel's complete() and complete_all(): posts on a name
 */
#include "api/check.h"
#include "shm/names/barrier.h"
#include "shm/names/completion.h"
#include "shm/names/name.h"
#include "shm/names/post.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"

/* Sets *tokens to how many the post is of, or 0 if there is nothing to post.  With post->waiting
 * that is what the waiters in line need, less the tokens that are there: these belong to waiters in
 * line that have not taken them yet. */
static enum compl_result
count_tokens(struct session *s, uint32_t index, const struct compl_post *post, uint32_t *tokens)
{
	uint64_t needed;
	uint32_t there;

	*tokens = post_count(post);
	if (!post->waiting || post->all)
		return COMPL_OK;
	needed = index != 0 && !completion_is_open(s, index) ? completion_needed(s, index) : 0;
	there = index != 0 ? get(&completion_at(s, index)->done) : 0;
	if (needed >= COMPL_ALL)
		return COMPL_E_OVERFLOW;
	*tokens = needed > there ? (uint32_t)needed - there : 0;
	return COMPL_OK;
}

/* Makes the name if there is none, and posts.  Gives the lock back. */
static enum compl_result
post_and_unlock(struct session *s, uint32_t index, const char *name, uint32_t tokens,
		const struct compl_post *post)
{
	enum compl_result result = COMPL_OK;

	if (index == 0)
		result = name_make(s, name, &index);
	if (result == COMPL_OK)
		result = post_check(s, index, tokens);
	if (result != COMPL_OK)
		return segment_look_and_unlock(s, result);
	result = post_tokens(s, index, tokens, post, 0);
	if (result != COMPL_OK)
		completion_drop_if_idle(s, index);
	return segment_unlock_with(s, result);
}

enum compl_result
compl_done(struct compl_space *c, const char *name, struct compl_post *post)
{
	struct session s;
	uint32_t index, tokens;
	enum compl_result result = post->ready ? COMPL_E_ARGUMENT : check_post(post);

	if (result != COMPL_OK || (result = name_lock(&s, c, name, &index)) != COMPL_OK)
		return result;
	if (!completion_is_of(&s, index, post->generation))
		return segment_look_and_unlock(&s, COMPL_OTHER_GENERATION);
	if (post->existing && index == 0)
		return segment_look_and_unlock(&s, COMPL_E_NO_NAME);
	if (barrier_stands(&s, index))
		return segment_look_and_unlock(&s, COMPL_E_BARRIER);
	post->awaited = index != 0 && waitqueue_reap_to_first(&s, index) != 0;
	result = count_tokens(&s, index, post, &tokens);
	if (result != COMPL_OK || tokens == 0)
		return segment_look_and_unlock(&s, result);
	return post_and_unlock(&s, index, name, tokens, post);
}
