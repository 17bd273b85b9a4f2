/* SPDX-License-Identifier: ISC
 *
 * done.c - complete() and complete_all()
 */
#include <unistd.h>

#include "cli/message.h"
#include "cli/names.h"
#include "cli/status.h"
#include "cli/value.h"
#include "cmd/cmd.h"

/* At a terminal, somebody who mistyped a name wants to know. */
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
		.status = set->status,
		.value = set->value,
	};
	enum compl_result result = c != NULL ? compl_done(c, name, &post) : COMPL_E_MISSING;

	if (result == COMPL_OK)
		mention_nobody(name, &post);
	return result;
}

static int
run(const struct cli_call *call)
{
	unsigned flags = call->set.existing ? 0 : COMPL_CREATE;
	int status = names_each(call, flags, post_one);

	return status == STATUS_DONE ? call->set.and_exit : status;
}

static const struct cli_option options[] = {
	{ "all", 0, NULL, "let everybody go, now and until reinit", NULL, SETS(all), GROUP_OWN,
	  NULL },
	{ "count", 0, "N", "post N tokens", value_count, SETS(count), GROUP_OWN, NULL },
	{ "waiting", 0, NULL, "post what those now in line need, and no more", NULL, SETS(waiting),
	  GROUP_OWN, NULL },
	{ "status", 0, "N", "what the waiter ends with; the first other than 0 sticks",
	  value_status, SETS(status), GROUP_NONE, NULL },
	{ "value", 0, "TEXT", "what 'wait --print' prints", value_text, SETS(value), GROUP_NONE,
	  NULL },
	{ "existing", 'e', NULL, "fail if a name does not exist", NULL, SETS(existing), GROUP_NONE,
	  "COMPL_EXISTING" },
	{ "and-exit", 0, "N", "then end with status N", value_status, SETS(and_exit), GROUP_NONE,
	  NULL },
	{ 0 },
};

const struct command cmd_done = {
	.name = "done",
	.operands = "NAME...",
	.summary = "complete: let the first in line go, or with --all everybody",
	.text = "Posts a token to each NAME: the first in line takes it, or the next to come.\n"
		"With --all everybody goes, now and later, until 'compl reinit'.  Post states (a\n"
		"server is up) with --all, work items (a job to take) without.\n",
	.example = "export COMPL_NAMESPACE=shop\n"
		   "compl done db-ready --all --value port=5432\n"
		   "exec compl done import --status 3 --and-exit 3\n",
	.options = options,
	.subject = ABOUT_NAMES,
	.opens_only_segment = true,
	.run = run,
};
