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

#include "api/clock.h"
#include "api/number.h"
#include "cli/background.h"
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

#define WHO_SIZE 80 /* of what a line calls a process */

#define LAST_READY 1024 /* more than a socket holds */
#define EVERY_NS   (CLOCK_SECOND_NS / 5)

struct production {
	const struct cli_call *call;
	const char *name;
	struct compl_space *c;
	struct compl_promise promise;
	struct child child;
	bool may_hold;		     /* there is a number for the descriptor that CMD inherits */
	struct compl_post readiness; /* if is_ready: what was posted */
	char text[COMPL_VALUE_MAX + 1];
	bool is_ready;	     /* it was said, and compl_reinit() may have taken it back since */
	bool owes_readiness; /* in the namespace that is there now */
	bool is_adrift;	     /* the namespace was unlinked, and there is no promise in a new one */
	bool is_told;	     /* a line has said why */
	bool is_over;	     /* no more posts: NAME was removed, or a post has failed */
	bool has_failed;     /* to post */
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

/* Whether the end of CMD is posted as "all". */
static bool
posts_all(const struct production *p)
{
	const struct cli_settings *set = &p->call->set;

	return set->all || set->background || set->ready.kind != READY_EXIT;
}

/* What every promise for this CMD has. */
static unsigned
promise_flags(const struct production *p)
{
	bool is_ready_later = p->call->set.ready.kind != READY_EXIT;

	return COMPL_PROMISE_CHILD | (is_ready_later ? COMPL_PROMISE_READY : 0);
}

/* Asks for a process that produces the name, and writes into who what a line calls it.  Takes the
 * lock, for the listing.  Returns false, and writes nothing, if there is none. */
static bool
ask_for_producer(const struct production *p, char who[WHO_SIZE])
{
	struct compl_listing *list;
	bool found = false;

	if (compl_list(p->c, &list) != COMPL_OK)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		const struct compl_entry *entry = compl_entry_at(list, i);

		if (strcmp(entry->name, p->name) == 0 && entry->producer_count > 0) {
			const struct compl_producer *producer = compl_producer_at(entry, 0);

			found = true;
			snprintf(who, WHO_SIZE, "process %d%s", (int)producer->pid,
				 producer->foreign ? " (" MESSAGE_FOREIGN_PID ")" : "");
		}
	}
	compl_list_free(list);
	return found;
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
	char who[WHO_SIZE] = "somebody else";

	if (p->call->set.quiet)
		return STATUS_TIMED_OUT;
	if (!ask_for_producer(p, who) && compl_holder(p->c, p->name, &pid) == COMPL_OK) {
		report_stray(p, pid);
		return STATUS_TIMED_OUT;
	}
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
	const unsigned flags = promise_flags(p) | (single ? COMPL_PROMISE_SINGLE : 0) |
			       (posts_all(p) ? COMPL_PROMISE_ANEW : 0);
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

/* Posts and goes on as a producer, if stays; or posts for the last time; or, if post is NULL, ends
 * without a post. */
static enum compl_result
keep_or_break(struct production *p, struct compl_post *post, bool stays)
{
	if (p->is_adrift)
		return COMPL_E_NO_NAMESPACE;
	if (post == NULL)
		return compl_break(p->c, &p->promise);
	return compl_keep(p->c, &p->promise, post, stays);
}

/* ---- a namespace that another program has unlinked --------------------------------- */

/* Whether the namespace of the promise was unlinked.  No waiter that comes now can find it. */
static bool
has_lost(const struct production *p)
{
	return p->is_adrift || compl_is_unlinked(p->c);
}

static void
say_move(const struct production *p, const char *other)
{
	char too[WHO_SIZE + 32] = "";

	if (other[0] != '\0')
		snprintf(too, sizeof(too), ", where %s produces it as well", other);
	message_line("%s: another program has unlinked the namespace; run goes on in the one that "
		     "is there now%s (%s)",
		     p->name, too, namespace_text(p->call));
}

/* Makes the promise in the namespace that is there now.  CMD runs already, and goes on.  So it
 * inherits no descriptor that stands for this promise, and another producer is no reason to end,
 * even with --single. */
static enum compl_result
promise_anew(struct production *p)
{
	unsigned single = p->call->set.single ? COMPL_PROMISE_SINGLE : 0;
	enum compl_result result = promise_with(p, promise_flags(p) | single);
	char other[WHO_SIZE] = "";

	if (result == COMPL_TIMED_OUT) {
		ask_for_producer(p, other);
		result = promise_with(p, promise_flags(p));
	}
	p->is_adrift = result != COMPL_OK;
	if (result == COMPL_OK)
		say_move(p, other);
	return result;
}

/* Goes on in the namespace that is there now: makes the promise, and posts readiness again if NAME
 * was still at "all" in the old one.
 *
 * COMPL_REMOVED: NAME was removed before.  COMPL_E_NO_NAMESPACE: there is no namespace any more,
 * because it was a scope.  Any other failure: it may be tried again. */
static enum compl_result
move(struct production *p)
{
	enum compl_result result;

	if (!p->is_adrift)
		p->owes_readiness = p->is_ready && compl_test(p->c, p->name, 0) == COMPL_OK;
	if (keep_or_break(p, NULL, false) == COMPL_REMOVED)
		return COMPL_REMOVED;
	do {
		result = promise_anew(p);
		if (result == COMPL_OK && p->owes_readiness)
			result = compl_keep(p->c, &p->promise, &p->readiness, true);
	} while (result == COMPL_E_NO_NAMESPACE && has_lost(p));
	return result == COMPL_E_SCOPE_ENDED ? COMPL_E_NO_NAMESPACE : result;
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

/* Does keep_or_break() in the namespace that is there now, and reports what has become of it. */
static void
settle(struct production *p, struct compl_post *post, bool stays)
{
	enum compl_result result;

	relay_limit_call();
	while ((result = keep_or_break(p, post, stays)) == COMPL_E_NO_NAMESPACE && has_lost(p))
		if ((result = move(p)) != COMPL_OK)
			break;
	relay_end_limit();
	conclude(p, result);
}

static void
post_readiness(struct production *p, const char *text)
{
	const char *value = p->call->set.value;
	const bool keep = p->call->set.keep;
	struct compl_post post = { .ready = !keep, .all = keep, .value = value };

	if (text != NULL && (*text != '\0' || value == NULL)) {
		snprintf(p->text, sizeof(p->text), "%s", text);
		post.value = p->text;
	}
	p->readiness = post;
	settle(p, &post, true);
	p->is_ready = true;
}

/* Hears at most one readiness, because CMD may say so without a pause, and its signals must not
 * wait.  Returns whether there may be another. */
static bool
hear(void *arg)
{
	struct production *p = arg;
	const char *text;

	if (!ready_hear(p->child.pid, &text))
		return false;
	if (!p->is_over)
		post_readiness(p, text);
	return true;
}

/* Hears what was said before CMD's end.  What CMD has started may go on to speak. */
static void
hear_last(struct production *p)
{
	ready_last();
	for (int left = LAST_READY; left > 0 && hear(p); left--)
		;
}

static void
post_status(struct production *p, int status)
{
	struct compl_post post = { .all = posts_all(p),
				   .status = (uint8_t)status,
				   .value = p->call->set.value };

	settle(p, &post, false);
}

/* CMD has ended with status 0 before it was ready, which is not what its waiters were promised. */
static void
end_unready(struct production *p)
{
	if (!p->call->set.quiet)
		message_line("%s: ended before it was ready (%s)", p->name,
			     namespace_text(p->call));
	settle(p, NULL, false);
}

/* CMD has ended after it was ready, with --keep: waiters are told only if NAME was reinitialised
 * since. */
static void
break_readiness(struct production *p)
{
	relay_limit_call();
	keep_or_break(p, NULL, false);
	relay_end_limit();
}

/* CMD has ended after it was ready.  Returns whether its readiness has ended with that.  False: it
 * had been taken back by a reinit, so NAME is to learn how CMD has ended. */
static bool
end_readiness(struct production *p)
{
	enum compl_result result;

	if (p->is_adrift)
		return true;
	relay_limit_call();
	result = compl_end(p->c, &p->promise, (uint8_t)child_failure(&p->child));
	relay_end_limit();
	return result != COMPL_NOT_DONE;
}

static void
post_end(struct production *p, int status)
{
	if (p->is_over)
		return;
	if (p->is_ready && p->call->set.keep)
		break_readiness(p);
	else if (p->is_ready && end_readiness(p))
		;
	else if (p->call->set.ready.kind == READY_EXIT || status != 0)
		post_status(p, status);
	else
		end_unready(p);
}

/* Asks a probe again after a reinit, of which nothing tells. */
static void
look_for_reinit(struct production *p)
{
	bool stands;

	if (p->call->set.ready.kind != READY_PROBE || !p->is_ready)
		return;
	if (p->call->set.keep)
		stands = compl_test(p->c, p->name, 0) == COMPL_OK;
	else
		stands = compl_is_ready(p->c, &p->promise);
	if (!stands)
		ready_ask_again();
}

/* Is called every few seconds. */
static void
look(void *arg)
{
	struct production *p = arg;
	enum compl_result result;

	if (p->is_over)
		return;
	if (!has_lost(p)) {
		look_for_reinit(p);
		return;
	}
	relay_limit_call();
	result = move(p);
	relay_end_limit();
	if (result == COMPL_REMOVED || result == COMPL_E_NO_NAMESPACE)
		conclude(p, result);
	else if (result != COMPL_OK && !p->is_told)
		failure_report(p->call, result, p->name, 0);
	p->is_told = result != COMPL_OK;
}

/* Returns the number of the descriptor on which CMD will say that it is ready, or -1. */
static int
number_to_avoid(const struct cli_call *call)
{
	return call->set.ready.kind == READY_LINE ? call->set.ready.fd : -1;
}

/* ---- CMD -------------------------------------------------------------------------- */

static void
prepare(void)
{
	ready_prepare();
	inherited_give_or_die();
}

/* Ordering: with --background the promise has been made, and CMD is executed, before the user's
 * shell goes on. */
static void
start(struct production *p)
{
	const struct cli_call *call = p->call;

	if (!call->set.background)
		child_start(&p->child, call->cmd, prepare);
	else if (child_start_and_wait(&p->child, call->cmd, prepare, number_to_avoid(call)))
		background_let_go();
}

static int
run_child(struct production *p)
{
	const bool probes = p->call->set.ready.kind == READY_PROBE;
	const struct child_listener listener = { .wish = ready_wish,
						 .hear = hear,
						 .look = look,
						 .look_s = probes ? 1 : CHILD_LOOK_S,
						 .reaped = ready_reaped,
						 .interrupted = ready_interrupt,
						 .arg = p };

	start(p);
	inherited_close();
	child_wait(&p->child, &listener);
	hear_last(p);
	post_end(p, child_status(&p->child));
	ready_end();
	child_tell();
	if (p->has_failed && child_status(&p->child) == STATUS_DONE)
		return STATUS_FAILED;
	return child_end_as(&p->child);
}

static void
check_options_or_die(const struct cli_settings *set)
{
	if (set->keep && set->ready.kind == READY_EXIT)
		usage_or_die(NULL, "--keep belongs to a CMD that is ready at some time: --ready "
				   "notify, fd:N or probe:COMMAND");
	if (set->every.text != NULL && set->ready.kind != READY_PROBE)
		usage_or_die(NULL, "--every belongs to --ready probe:COMMAND");
	if (set->print && !set->background)
		usage_or_die(NULL, "--print belongs to --background");
}

static int
run_run(const struct cli_call *call)
{
	struct production p = { .call = call, .name = call->names[0] };
	enum compl_result result;

	if (call->name_count > 1)
		usage_or_die(NULL, "%s: one name is enough; CMD comes after --",
			     message_quote(call->names[1]));
	check_options_or_die(&call->set);
	child_fill_descriptors();
	if (call->set.background)
		background_begin_or_die(call->set.print, number_to_avoid(call));
	p.may_hold = inherited_choose(number_to_avoid(call));
	ready_begin_or_die(&call->set.ready,
			   call->set.every.text != NULL ? call->set.every.ns : EVERY_NS);
	if (!child_open()) {
		ready_end();
		return STATUS_FAILED;
	}
	tell_cmd_or_die(call);
	result = promise(&p);
	if (result == COMPL_OK)
		return run_child(&p);
	ready_end();
	if (result == COMPL_TIMED_OUT)
		return report_other(&p);
	return failure_report(call, result, p.name, 0);
}

static const struct cli_option run_options[] = {
	FLAG("all", all, "post \"all\", not a token"),
	VALUE("ready", ready, "WHEN", ready_parse_or_die,
	      "when to post: exit (CMD has ended, the default), notify (CMD says so by "
	      "sd_notify(3)), fd:N (CMD writes a line to descriptor N) or probe:COMMAND (the "
	      "shell command COMMAND ends with 0)"),
	VALUE("every", every, "DUR", value_pause,
	      "how long to wait before probe:COMMAND is run again (200ms)"),
	VALUE("value", value, "TEXT", value_text, "what 'wait --print' prints"),
	FLAG("keep", keep, "stay done after CMD's end (not with --ready exit)"),
	FLAG("background", background,
	     "return when CMD has been started, and go on in the background; implies --all",
	     .letter = 'b'),
	FLAG("print", print, "with -b: print the pid of the compl run that goes on"),
	FLAG("single", single,
	     "end with 124 if somebody else produces NAME, or what it started still runs"),
	{ 0 },
};

const struct command cmd_run = {
	.name = "run",
	.operands = "NAME",
	.summary = "run a command, and post how it ends or when it is ready",
	.text = "Runs CMD, posts its exit status to NAME when it ends (128+n for a signal), and "
		"ends as\nCMD ended.  With --ready notify, fd:N or probe:COMMAND NAME is ready as "
		"long as CMD\nis: everybody who waits for it passes.  If CMD ends before that, its "
		"status is posted,\nor 121 if that is 0.  If compl run is killed, CMD gets "
		"SIGTERM, and waiters of NAME leave\nwith 121.  NAME begins anew when compl run "
		"begins, unless another producer of it lives;\nwithout --all or --ready its "
		"tokens stay.\n",
	.example = "export COMPL_NAMESPACE=shop\n"
		   "compl run cache -b --ready notify -- redis-server --supervised systemd\n"
		   "compl run tests -b -- make test\n"
		   "compl wait cache tests --fail-fast --timeout 5m -- ./app\n",
	.options = run_options,
	.subject = ABOUT_NAMES,
	.cmd_rule = CMD_REQUIRED,
	.run = run_run,
};
