/* SPDX-License-Identifier: ISC
 *
 * run.c - runs CMD, and posts how it ended or that it is ready: the kernel's complete_and_exit(),
 * around somebody else's program
 *
 * Invariant: from compl_promise() on, the waiters of NAME learn of CMD's end, by a post or by our
 * own end.  So everything that can fail for reasons of our own comes before it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/number.h"
#include "cli/child.h"
#include "cli/exec.h"
#include "cli/failure.h"
#include "cli/inherited.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/ready.h"
#include "cli/relay.h"
#include "cli/status.h"
#include "cli/value.h"
#include "cmd/cmd.h"

struct production {
	const struct cli_call *call;
	const char *name;
	struct compl_space *c;
	struct compl_promise promise;
	struct child child;
	bool may_hold; /* there is a number for the descriptor that CMD inherits */
	bool is_ready;
	bool is_over;	 /* no more posts: NAME was removed, or a post has failed */
	bool has_failed; /* to post */
};

/* ---- the environment ------------------------------------------------------------- */

/* Appends "1000:shop/db-ready" to what the environment says already, because CMD produces both. */
static void
tell_cmd_or_die(const struct cli_call *call)
{
	const char *others = getenv("COMPL_PRODUCES") ?: "", *space = call->where.space ?: "";
	char owner[NUMBER_SIZE] = "system", *text;

	if (!call->where.system)
		number_write(owner, call->where.uid);
	if (asprintf(&text, "%s%s%s:%s/%s", others, *others != '\0' ? " " : "", owner, space,
		     call->names[0]) < 0) {
		message_line("%s", strerror(errno));
		exit(STATUS_FAILED);
	}
	exec_set_or_die("COMPL_PRODUCES", text);
	free(text);
}

/* ---- the promise ------------------------------------------------------------------ */

/* Finds a process that produces the name, or 0.  Takes the lock, for the listing. */
static pid_t
ask_for_producer(const struct production *p)
{
	struct compl_listing *list;
	pid_t pid = 0;

	if (compl_list(p->c, &list) != COMPL_OK)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct compl_entry *entry = compl_entry_at(list, i);

		if (strcmp(entry->name, p->name) == 0 && entry->producer_count > 0)
			pid = compl_producer_at(entry, 0)->pid;
	}
	compl_list_free(list);
	return pid;
}

/* Reports that no producer is left, but what one of them has started. */
static void
report_stray(const struct production *p, pid_t pid)
{
	char who[40] = "a process";

	if (pid != 0)
		snprintf(who, sizeof(who), "process %d", (int)pid);
	message_line("%s: %s that an earlier run of it has started still runs; end it, or let go "
		     "of it with 'compl rm %s' (%s)",
		     p->name, who, p->name, namespace_text(p->call));
}

static int
report_other(const struct production *p)
{
	pid_t pid;
	char who[40] = "somebody else";

	if (p->call->set.quiet)
		return STATUS_TIMED_OUT;
	pid = ask_for_producer(p);
	if (pid == 0 && compl_holder(p->c, p->name, &pid) == COMPL_OK) {
		report_stray(p, pid);
		return STATUS_TIMED_OUT;
	}
	if (pid != 0)
		snprintf(who, sizeof(who), "process %d", (int)pid);
	message_line("%s: %s produces it already (%s)", p->name, who, namespace_text(p->call));
	return STATUS_TIMED_OUT;
}

/* Opens the namespace and makes the promise.  Does both again, each time the namespace is removed
 * in between. */
static enum compl_result
promise_with(struct production *p, unsigned flags)
{
	const struct cli_call *call = p->call;
	enum compl_result result;

	do {
		result = namespace_open(&p->c, call, COMPL_CREATE);
		if (result == COMPL_OK)
			result = compl_promise(p->c, p->name, flags, call->cmd[0], &p->promise);
	} while (result == COMPL_E_NO_NAMESPACE);
	return result;
}

/* Makes the promise, with a descriptor for CMD that stands for it.  Where there is none to be had,
 * only --single fails, which could not see what it is to see. */
static enum compl_result
promise(struct production *p)
{
	bool single = p->call->set.single;
	const unsigned flags = COMPL_PROMISE_CHILD | (single ? COMPL_PROMISE_SINGLE : 0);
	enum compl_result result = COMPL_E_SYSTEM;

	errno = EMFILE;
	if (p->may_hold)
		result = promise_with(p, flags | COMPL_PROMISE_HOLD);
	if (result == COMPL_E_SYSTEM && !single)
		result = promise_with(p, flags);
	if (result == COMPL_OK && p->promise.hold > 0)
		inherited_put(p->promise.hold);
	else
		inherited_close();
	return result;
}

/* ---- posting ---------------------------------------------------------------------- */

/* Reports what became of a post, or of an end without one. */
static void
conclude(struct production *p, enum compl_result result)
{
	bool has_gone = result == COMPL_E_NO_NAMESPACE;

	p->is_over = p->is_over || result != COMPL_OK;
	if (result == COMPL_REMOVED || has_gone) {
		message_line("%s: %sremoved meanwhile; nothing is posted (%s)", p->name,
			     has_gone ? "the namespace was " : "", namespace_text(p->call));
	} else if (result != COMPL_OK) {
		failure_report(p->call, result, p->name, 0);
		p->has_failed = true;
	}
}

static void
keep_promise(struct production *p, struct compl_post *post, bool stays)
{
	enum compl_result result;

	relay_limit_call();
	result = compl_keep(p->c, &p->promise, post, stays);
	relay_end_limit();
	conclude(p, result);
}

static enum compl_result
break_promise(struct production *p)
{
	enum compl_result result;

	relay_limit_call();
	result = compl_break(p->c, &p->promise);
	relay_end_limit();
	return result;
}

static void
post_readiness(struct production *p, const char *text)
{
	const char *value = p->call->set.value;
	struct compl_post post = { .all = true, .value = value };

	if (text != NULL && (*text != '\0' || value == NULL))
		post.value = text;
	p->is_ready = true;
	keep_promise(p, &post, true);
}

static void
hear(void *arg)
{
	struct production *p = arg;
	const char *text;

	while (ready_hear(p->child.pid, &text))
		post_readiness(p, text);
}

static void
post_status(struct production *p, int status)
{
	const struct cli_settings *set = &p->call->set;
	struct compl_post post = { .all = set->all || set->ready.kind != READY_EXIT,
				   .status = (uint8_t)status,
				   .value = set->value };

	keep_promise(p, &post, false);
}

/* CMD has ended with status 0 before it was ready, which is not what its waiters were promised. */
static void
end_unready(struct production *p)
{
	if (!p->call->set.quiet)
		message_line("%s: ended before it was ready (%s)", p->name,
			     namespace_text(p->call));
	conclude(p, break_promise(p));
}

static void
post_end(struct production *p, int status)
{
	if (p->is_over)
		return;
	if (p->is_ready)
		break_promise(p);
	else if (p->call->set.ready.kind == READY_EXIT || status != 0)
		post_status(p, status);
	else
		end_unready(p);
}

/* ---- CMD -------------------------------------------------------------------------- */

static void
prepare(void)
{
	ready_prepare();
	inherited_give_or_die();
}

static int
run_child(struct production *p)
{
	const struct child_listener listener = { ready_wish, hear, p };

	child_start(&p->child, p->call->cmd, prepare);
	inherited_close();
	child_wait(&p->child, &listener);
	ready_last();
	hear(p);
	post_end(p, child_status(&p->child));
	child_tell();
	if (p->has_failed && child_status(&p->child) == STATUS_DONE)
		return STATUS_FAILED;
	return child_end_as(&p->child);
}

static int
run_run(const struct cli_call *call)
{
	struct production p = { .call = call, .name = call->names[0] };
	enum compl_result result;

	if (call->name_count > 1)
		usage_or_die(NULL, "%s: one name is enough; CMD comes after --",
			     message_quote(call->names[1]));
	child_fill_descriptors();
	p.may_hold = inherited_choose(call->set.ready.kind == READY_LINE ? call->set.ready.fd : -1);
	ready_begin_or_die(&call->set.ready);
	child_open_or_die();
	tell_cmd_or_die(call);
	result = promise(&p);
	if (result == COMPL_TIMED_OUT)
		return report_other(&p);
	if (result != COMPL_OK)
		return failure_report(call, result, p.name, 0);
	return run_child(&p);
}

static const struct cli_option run_options[] = {
	FLAG("all", all, "post \"all\", not a token"),
	VALUE("ready", ready, "WHEN", ready_parse_or_die,
	      "when to post: exit (CMD has ended, the default), notify (CMD says so by "
	      "sd_notify(3)) or fd:N (CMD writes a line to descriptor N)"),
	VALUE("value", value, "TEXT", value_text, "what 'wait --print' prints"),
	FLAG("single", single,
	     "end with 124 if somebody else produces NAME, or what it started still runs"),
	{ 0 },
};

const struct command cmd_run = {
	.name = "run",
	.operands = "NAME",
	.summary = "run a command, and post how it ends or when it is ready",
	.text = "Runs CMD, posts its exit status to NAME when it ends (128+n for a signal), and "
		"ends as\nCMD ended.  With --ready notify or fd:N it posts \"all\" as soon as CMD "
		"is ready.  If\nCMD ends before that, it posts CMD's status, or 121 if that is 0.  "
		"If compl run is\nkilled, CMD gets SIGTERM, and waiters of NAME leave with 121.  "
		"If NAME is at \"all\"\nwhen compl run begins, it starts anew, unless another "
		"producer of it lives.  Tokens\nstay.\n",
	.example = "export COMPL_NAMESPACE=shop\n"
		   "compl run cache --ready notify -- redis-server --supervised systemd &\n"
		   "compl run tests --all -- make test &\n"
		   "compl wait cache tests --fail-fast --timeout 5m -- ./app\n",
	.options = run_options,
	.subject = ABOUT_NAMES,
	.cmd_rule = CMD_REQUIRED,
	.run = run_run,
};
