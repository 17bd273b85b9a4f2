/* SPDX-License-Identifier: ISC
 *
 * scenes - what the kill-stepper plays
 *
 * A scene is a line of actions, a victim, and actions that are taken one by one
 * whenever the victim has fallen asleep.  Names are single letters, a to d.
 *
 *	wait …		a waiter, started with these arguments, that is asleep then
 *	post a 2	tokens
 *	all a		complete_all()
 *	init a, reinit a, rm a
 *	kill 0		SIGKILL for the first waiter that was started, and so on
 *	stop 0		SIGSTOP, until the verdict is given
 *	hold		somebody takes the lock, and keeps it until the victim is dead
 *
 * SOON is a deadline that the victim reaches asleep.
 */
#ifndef SCENES_H
#define SCENES_H

#define SCENE_ACTIONS 8

struct scene {
	const char *name;
	const char *before[SCENE_ACTIONS];
	const char *victim;
	const char *asleep[SCENE_ACTIONS];
};

static const struct scene scenes[] = {
	/* posts */
	{ "create", { NULL }, "done a", { NULL } },
	{ "done", { "wait a", "wait a" }, "done a", { NULL } },
	{ "done-new-name", { "wait a" }, "done b --status 3 --value text", { NULL } },
	{ "done-count", { "wait a --count 2", "wait a", "wait a" }, "done a --count 3", { NULL } },
	{ "done-initialised", { "init a", "post a" }, "done a --status 3 --value text", { NULL } },
	{ "done-two-names", { "wait a b", "wait a" }, "done b a", { NULL } },
	{ "done-for-any", { "wait a b --any", "wait b", "wait a" }, "done b", { NULL } },
	{ "done-dead-first", { "wait a", "wait a", "kill 0" }, "done a", { NULL } },
	{ "done-fail-fast",
	  { "wait a b --fail-fast", "wait b", "wait b c --fail-fast" },
	  "done b --status 3",
	  { NULL } },
	{ "done-waiting", { "wait a --count 2", "wait a" }, "done a --waiting", { NULL } },
	{ "done-all",
	  { "wait a", "wait a b", "wait a c --any", "wait a", "wait b" },
	  "done a --all --status 2 --value text",
	  { NULL } },
	{ "done-all-nobody", { "wait b" }, "done a --all", { NULL } },
	{ "done-all-last", { "wait b a", "wait c b", "all a" }, "done b --all", { NULL } },
	{ "done-stopped-first", { "wait a", "wait a", "stop 0" }, "done a", { NULL } },
	{ "done-all-stopped-first",
	  { "wait a", "wait a", "wait a c --any", "stop 0" },
	  "done a --all",
	  { NULL } },
	{ "done-all-stopped-middle",
	  { "wait a", "wait a", "wait b a", "wait a", "stop 1" },
	  "done a --all",
	  { NULL } },
	/* the life of a name */
	{ "init", { "wait a" }, "init a", { NULL } },
	{ "reinit", { "wait a --count 2", "wait a", "post a" }, "reinit a --force", { NULL } },
	{ "reinit-all", { "init a", "all a" }, "reinit a", { NULL } },
	{ "reinit-vanish", { "post a", "wait b" }, "reinit a", { NULL } },
	{ "rm",
	  { "wait a --count 2", "wait b a", "wait a c --any", "wait b", "post a" },
	  "rm a",
	  { NULL } },
	{ "rm-stopped-first", { "wait a", "wait a b", "wait b", "stop 0" }, "rm a", { NULL } },
	{ "rm-nobody", { "init a", "post a", "wait b" }, "rm a", { NULL } },
	{ "rm-all",
	  { "wait a --count 2", "wait b a", "wait a c --any", "post a" },
	  "rm --all",
	  { NULL } },
	/* waits that find what they want, or nothing */
	{ "wait-takes", { "post a 2" }, "wait a", { NULL } },
	{ "wait-takes-three", { "post a", "post b", "all c" }, "wait c a b", { NULL } },
	{ "wait-takes-any", { "post b 2" }, "wait a b --any --print", { NULL } },
	{ "try-refused", { "wait a --count 2", "post a" }, "try a", { NULL } },
	{ "try-sweeps", { "post b", "wait a b", "kill 0" }, "try b", { NULL } },
	{ "test", { "wait a" }, "test a", { NULL } },
	{ "ls", { "wait a", "wait a", "kill 0" }, "ls --json", { NULL } },
	/* waits that sleep */
	{ "wait-joins", { NULL }, "wait a", { NULL } },
	{ "wait-joins-behind", { "wait a", "wait a" }, "wait a", { "post a" } },
	{ "wait-woken", { NULL }, "wait a", { "wait a", "post a 2" } },
	{ "wait-woken-count", { NULL }, "wait a --count 2", { "wait a", "post a", "post a 2" } },
	{ "wait-middle",
	  { "wait a --count 5", "post a" },
	  "wait a",
	  { "wait a", "kill 0", "post a" } },
	{ "wait-timeout", { NULL }, "wait a --timeout SOONs", { "wait a" } },
	{ "wait-timeout-middle", { "wait a" }, "wait a --timeout SOONs", { "wait a", "post a" } },
	{ "wait-timeout-holding", { "post a" }, "wait a --count 2 --timeout SOONs", { "wait a" } },
	{ "wait-timeout-locked",
	  { "post a" },
	  "wait a --count 2 --timeout SOONs",
	  { "wait a", "hold" } },
	{ "wait-timeout-locked-middle",
	  { "wait a" },
	  "wait a b --timeout SOONs",
	  { "wait a", "wait b", "hold" } },
	{ "wait-two-names", { "wait b" }, "wait a b", { "wait a", "post a", "post b 2" } },
	{ "wait-crossing",
	  { "wait b a" },
	  "wait a b",
	  { "wait b", "post a", "post b", "post a", "post b 2" } },
	{ "wait-any", { NULL }, "wait a b --any", { "wait b", "wait a", "post b 2" } },
	{ "wait-any-behind",
	  { "wait a --count 2", "wait b --count 2" },
	  "wait a b --any",
	  { "post a", "wait a", "kill 0" } },
	{ "wait-released", { "wait a" }, "wait a --print", { "wait a", "all a" } },
	{ "wait-behind-stopped", { "wait a", "stop 0" }, "wait a", { "wait a", "all a" } },
	{ "wait-released-two", { "all a" }, "wait a b", { "wait b", "all b" } },
	{ "wait-removed", { "wait a" }, "wait a b", { "wait b", "rm a" } },
};

#define SCENE_COUNT (sizeof scenes / sizeof *scenes)

#endif
