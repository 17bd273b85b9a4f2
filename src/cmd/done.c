/* SPDX-License-Identifier: ISC
 *
 * done.c - posts tokens or "all": the kernel's complete() and complete_all()
 */
#include <unistd.h>

#include "cli/message.h"
#include "cli/names.h"
#include "cli/status.h"
#include "cli/value.h"
#include "cmd/cmd.h"

/* Says at a terminal that nobody waits for the token: the name may be mistyped. */
static void
mention_nobody(const char *name, const struct compl_post *post)
{
	if (!post->awaited && !post->all && !post->waiting && isatty(STDERR_FILENO))
		message_line("%s: nobody is waiting for it now", name);
}

static enum compl_result
post_one(struct compl_space *c, const char *name, const struct cli_settings *set)
{
	struct compl_post post = {
		.tokens = set->count,
		.all = set->all,
		.waiting = set->waiting,
		.existing = set->existing,
		.generation = set->generation,
		.status = set->status,
		.value = set->value,
	};
	enum compl_result result;

	if (c != NULL)
		result = compl_done(c, name, &post);
	else
		result = set->generation != 0 ? COMPL_OTHER_GENERATION : COMPL_E_NO_NAME;

	if (result == COMPL_OK)
		mention_nobody(name, &post);
	return result;
}

static int
run_done(const struct cli_call *call)
{
	unsigned flags = call->set.existing || call->set.generation != 0 ? 0 : COMPL_CREATE;
	int status = names_each(call, flags, post_one);

	return status == STATUS_DONE ? call->set.and_exit : status;
}

static const struct cli_option done_options[] = {
	FLAG("all", all, "release everybody, now and until reinit", .group = GROUP_OWN),
	VALUE("count", count, "N", value_tokens, "post N tokens", .group = GROUP_OWN),
	FLAG("waiting", waiting, "post what the waiters now in line need, and no more",
	     .group = GROUP_OWN),
	VALUE("status", status, "STATUS", value_status_or_signal,
	      "the status with which the waiter ends, 0 to 255, or the name of a signal; the first "
	      "that is not 0 stays"),
	VALUE("value", value, "TEXT", value_text, "the text that 'wait --print' prints"),
	FLAG("existing", existing, "fail if a name does not exist", .letter = 'e',
	     .variable = "COMPL_EXISTING"),
	VALUE("generation", generation, "G", value_generation,
	      "post only to generation G of NAME, or end with 123"),
	VALUE("and-exit", and_exit, "N", value_status, "then end with status N"),
	{ 0 },
};

const struct command cmd_done = {
	.name = "done",
	.operands = "NAME...",
	.summary = "complete: release the first in line, or with --all everybody",
	.text = "Posts a token to each NAME: the first waiter in line takes it, or the next\n"
		"that comes.  --all releases every waiter, now and later, until 'compl reinit'.\n"
		"Post a state (a server is up) with --all.  Post a work item (a job to take)\n"
		"without it: exactly one waiter takes the item.\n",
	.example = "export COMPL_NAMESPACE=shop\n"
		   "compl done db-ready --all --value port=5432\n"
		   "exec compl done import --status 3 --and-exit 3\n",
	.options = done_options,
	.subject = ABOUT_NAMES,
	.run = run_done,
};
