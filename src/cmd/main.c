/* SPDX-License-Identifier: ISC
 *
 * main.c - the table of the commands, and the way from the command line to one of them
 *
 * The map: all files of the source, seen from main() downwards.  A folder is a room, and uses only
 * rooms below it.  Of the library, cmd and cli see only compl.h and api.  In a room the files that
 * `compl wait` passes through come first, in its order.  A line is about the .c and the .h of that
 * name.
 *
 * Read compl.h first: it says what is promised.  Then read these five, from which the rest follows:
 * shm/segment/layout.h (the bytes and the lock), shm/segment/log.h (how they change),
 * shm/os/robust.h (what a death does), shm/names/waitqueue.h (how waiters queue, sleep and wake)
 * and shm/calls/waiter.c (the loop of all waits).
 *
 * src/               what every room may see
 *	compl.h          the API and its manual: all that the command knows of the library
 *	order.ld         puts what a short command runs side by side, by object and section
 *
 * src/cmd/           the commands, a file each
 *	main             the table of the commands, and the way to one of them
 *	cmd              what a command is: its texts, its options, its function
 *	wait             waits for tokens of its names
 *	try              takes tokens that are there, without waiting
 *	barrier          waits until so many stand in a barrier
 *	done             posts tokens or "all"
 *	test             whether a name is done
 *	init             makes a name permanent
 *	reinit           sets names back to zero
 *	rm               removes names, or a whole namespace
 *	run              runs CMD, and posts how it ended or that it is ready
 *	scope            runs CMD in a namespace that ends with it
 *	ls               lists the names of a namespace, or the namespaces
 *	check            looks for contradictions in a namespace
 *	help             the text of the help, from the table in main.c
 *
 * src/cli/           what commands share
 *	signals          what signals do to compl: dispositions and masks
 *	call             what the command line asked for
 *	options          reads options by table, and their defaults from the environment
 *	value            reads the values of options: durations, numbers, texts
 *	signal_name      signals by name
 *	message          the one line on stderr
 *	stderr           writes to stderr, but waits for no reader
 *	status           the exit statuses
 *	hint             points out at a terminal what was probably meant otherwise
 *	names            checks the names that a command is given, and walks them
 *	namespace        chooses the namespace that a command is about, and opens it
 *	deadline         from a timeout to a deadline and back
 *	parent           the process that started this one: its name, and its death
 *	stop             the signals that interrupt a wait: the terminal's stop, or those that end
 *	take             one wait or try, from the request to the exit status
 *	progress         a line on the terminal while a wait sleeps
 *	missing          which names a wait that timed out still lacked, and why
 *	outcome          how a wait or try went, as JSON
 *	cold             static memory that most runs never touch
 *	failure          a failure of the library as a line that says what to do about it
 *	text             bytes that somebody else chose, made fit to be shown
 *	output           one buffer in front of stdout
 *	exec             becomes CMD
 *	nearest          what a mistyped word was probably meant to be
 *	lending          CMD as a child that holds borrowed tokens
 *	inherited        the descriptor that CMD inherits, by which it holds what it was started for
 *	background       goes on in the background once all is well
 *	child            CMD as a child: starts it, and waits for its end, signals and a listener
 *	relay            passes signals on to CMD
 *	teardown         ends what CMD has left running
 *	descendants      the processes below this one, and signals to them
 *	ready            how it is known that CMD is ready: a line, a datagram or a probe
 *	ready_line       a pipe to CMD, on which a line says that it is ready
 *	probe            a command that is asked whether CMD is ready
 *	notify           a receiver for sd_notify(3)
 *	socket_dir       a socket that is found by a path, in a directory of its own
 *	address          addresses as NOTIFY_SOCKET has them
 *	discard          removes datagrams of strangers, whatever comes with them
 *	pace             a bound on the work that strangers can make
 *	datagram         a datagram with its descriptors, and a look at its sender
 *	sender           whether a process may speak for CMD
 *	table            a listing as a table, on stdout
 *	state            the state of a name in one word
 *	wait_names       which names each wait of a listing is for
 *	below            which producers of a listing a process descends from
 *	fingerprint      whether two listings say the same, apart from their times
 *	unit             the unit of systemd that a process belongs to
 *	grid             rows of cells, with alignment and colour
 *	json             JSON on stdout, and a listing as JSON
 *
 * src/shm/calls/     the functions of compl.h over shared memory; here a wait sleeps
 *	waiter           compl_wait(), _try() and _barrier(): the one loop of all waits
 *	readiness        which names a wait could take from now, and what blocks the others
 *	round            what a wait in a barrier does instead of taking tokens
 *	states           what a wait has found at its names, for a caller that asks for it
 *	watch            the words that a wait sleeps on
 *	wait             one wait in its own memory, and how it ends
 *	detection        when a wait looks for a dead-lock, and when it ends for one
 *	deadlock         finds waits that would wait for each other for ever
 *	wait_cycle       a way in the wait graph, from a wait back to itself
 *	wait_graph       the waits for names that have producers, and those producers
 *	done             compl_done(): posts on a name
 *	test             compl_test(): whether a name is done
 *	promise          compl_promise(), _keep(), _end(), _break(): to complete a name
 *	loan             compl_give_back(): the end of a loan
 *	init             compl_init() and compl_reinit(): makes a name permanent, or begins it anew
 *	remove           compl_remove() and compl_remove_all(): removes a name, or a namespace
 *	remove_idle      compl_remove_idle(): removes a namespace that nobody has used for a while
 *	listing          compl_list(): a snapshot of a namespace
 *	access           why a file may not be opened, made or removed
 *	describe         compl_describe(): what has failed, why, and what to do about it
 *	segment_check    compl_check() and compl_repair(): looks for damage, and repairs it
 *	scope            compl_scope(): a namespace that lives as long as the process that made it
 *	spaces           compl_spaces(): which namespaces there are
 *
 * src/shm/names/     what is in a namespace; works under the lock, and sleeps only to take it
 *	segment_lock     the lock, and recovery from a death; in names because it finishes jobs
 *	name             looks up, makes, reinitialises and removes a name, for the calls
 *	hashtable        from names to completions
 *	generation       draws the numbers that tell the lives of a name apart
 *	producer         the threads that have promised to complete a completion
 *	completion       the record: counter, status, value, statistics
 *	ready_producers  which producers of a completion are ready, and with which value
 *	barrier          the round of a barrier: who stands in it, and when it is complete
 *	borrower         tokens that come back, and who has them
 *	waitqueue        the waiters in order, what each sleeps on, and how they are woken
 *	queue            entries in order: waiters or producers
 *	entry            the records that the queues are made of, and the free ones
 *	post             posts tokens, "all", or the death of a producer
 *	job              a walk along a waitqueue, which the next owner of the lock can finish
 *	rebuild          makes all links of a damaged segment anew
 *
 * src/shm/segment/   the file and its bytes
 *	segment          compl_open() and compl_close(): opens, checks, maps and closes
 *	handle           an open namespace: compl.h's handle
 *	file             the file of a segment: its name, its owner, its size, its end
 *	descriptor       the descriptor of the file, which the program may close or replace
 *	pages            reserves the file's pages before they are touched
 *	pidns            whether this process is of the pid namespace of the first user
 *	hold             bytes of the file that are held as long as copies of a descriptor exist
 *	layout           the bytes of a segment, and the order of its locks: the specification
 *	session          one call's stay in a segment, and its way to the records
 *	mutex            the one lock
 *	seat             how a process of another pid namespace owns the lock
 *	log              makes changes under the lock, all at once or not at all
 *	seqcount         reads without the lock what is changed under it
 *	word             reads and writes words that others change
 *
 * src/shm/os/        what the kernel gives
 *	robust           words that the kernel lets go of when their owner dies
 *	libc_robust_list the robust list that libc has registered
 *	sigmask          blocks signals between taking a token and telling of it
 *	futex            every sleep and every wake
 *	ofd_lock         locks of open file descriptions, and which process has one
 *	fsuid            acts as another user on files
 *	participant      whether a thread takes part in a segment at all
 *	proc_tree        processes and their parents, found by pid
 *
 * src/api/           what is true for every engine
 *	check            the structures that callers fill in
 *	validate         what may be a name, a namespace and a value
 *	utf8             what is well-formed UTF-8
 *	number           whole numbers as text
 *	clock            reads the clock; no other file does
 *	proc             what /proc says about a process
 *	pidfd            what the kernel says about a process without /proc
 *	random           random digits that nobody can guess
 *	result           each result in words
 *
 * src/compat/        what a system may lack
 *	toolchain        what the compilers here can do, for make
 *	nobsd/strtonum   strtonum(3), where there is no libbsd
 *	nobsd/bsd/stdlib its declaration
 *	musl/sys/cdefs   what libbsd's headers expect of musl
 */
#include <stdio.h>
#include <string.h>

#include "cli/hint.h"
#include "cli/message.h"
#include "cli/names.h"
#include "cli/namespace.h"
#include "cli/nearest.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cmd/cmd.h"
#include "cmd/help.h"

static int run_help(const struct cli_call *call);

static const struct command cmd_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.summary = "show this help, or what a command does",
	.text = "Shows all commands; or what COMMAND does, and its options.\n",
	.example = "compl help wait\n",
	.subject = ABOUT_COMPL,
	.run = run_help,
};

/* The commands, in the order of the help.  The last is NULL. */
static const struct command *const commands[] = {
	&cmd_init, &cmd_wait, &cmd_try,	  &cmd_done, &cmd_test,	 &cmd_barrier, &cmd_reinit,
	&cmd_rm,   &cmd_run,  &cmd_scope, &cmd_ls,   &cmd_check, &cmd_help,    NULL,
};

/* What other tools call a command.  The first column has no word that is a command. */
static const struct meaning {
	const char *words; /* between blanks */
	const char *command;
} meanings[] = {
	{ " list status ", "ls" },     { " post signal notify set ", "done" },
	{ " reset clear ", "reinit" }, { " delete ", "rm" },
	{ " start ", "run" },	       { " lock sem flock limit ", "wait --borrow" },
	{ " meet sync ", "barrier" },
};

/* Returns the command that has this meaning, or NULL. */
static const char *
find_by_meaning(const char *name)
{
	char word[16];

	snprintf(word, sizeof(word), " %s ", name);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strchr(name, ' ') == NULL && strstr(meanings[i].words, word) != NULL)
			return meanings[i].command;
	return NULL;
}

static _Noreturn void
no_such_command_or_die(const char *name)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; commands[i] != NULL; i++)
		nearest_offer(&nearest, commands[i]->name);
	usage_or_die(find_by_meaning(name) ?: nearest.best, "%s: no such command",
		     message_quote(name));
}

static const struct command *
find_command_or_die(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	no_such_command_or_die(name);
}

static int
run_help(const struct cli_call *call)
{
	const struct command *command = NULL;

	if (call->name_count > 1)
		usage_or_die(NULL, "%s: help is about one command at a time",
			     message_quote(call->names[1]));
	if (call->name_count == 1) {
		message_from(NULL); /* so that it is said to try 'compl help' */
		command = find_command_or_die(call->names[0]);
	}
	return help_show(commands, command);
}

static const struct command *
read_command_line_or_die(struct cli_call *call, char **argv)
{
	struct cli_parser parser = { .next = argv + 1, .set = &call->set };
	const struct command *command;
	const char *word = options_read_to_operand_or_die(&parser);

	if (word == NULL)
		return NULL;
	command = find_command_or_die(word);
	message_from(command->name);
	parser.own = command->options;
	parser.takes_cmd = command->cmd_rule != CMD_NONE;
	/* The operands are collected in argv itself, over words that have been read already. */
	call->names = (const char **)argv;
	while ((word = options_read_to_operand_or_die(&parser)) != NULL)
		call->names[call->name_count++] = word;
	options_environment_or_die(&parser);
	call->cmd = parser.cmd;
	return command;
}

static int
show_version(void)
{
	output_line("compl " COMPL_VERSION);
	output_end_or_die(NULL);
	return STATUS_DONE;
}

/* Returns what the user probably meant by the second name of a command that runs a CMD. */
static const char *
words_after_dashes(const struct cli_call *call)
{
	static char text[80];

	snprintf(text, sizeof(text), "-- %s", message_quote(call->names[1]));
	return text;
}

static int
run_or_die(const struct command *command, struct cli_call *call)
{
	if (call->cmd != NULL && call->cmd[0] == NULL)
		usage_or_die(NULL, "no command after --");
	if (call->cmd == NULL && command->cmd_rule == CMD_REQUIRED)
		usage_or_die(call->name_count > 1 ? words_after_dashes(call) : NULL,
			     "needs a command after --");
	if (command->subject == ABOUT_NAMES)
		names_check_or_die(call);
	if (command->cmd_rule == CMD_OPTIONAL)
		hint_about_names(call);
	if (command->subject != ABOUT_COMPL)
		namespace_choose_or_die(call);
	return command->run(call);
}

int
main(int argc, char **argv)
{
	struct cli_call call = { .set.timeout.ns = COMPL_NEVER };
	const struct command *command;

	if (argc < 1)
		return STATUS_FAILED;
	signals_begin();
	command = read_command_line_or_die(&call, argv);
	if (call.set.version)
		return show_version();
	if (call.set.help)
		return help_show(commands, command);
	if (command == NULL)
		usage_or_die(NULL,
			     "no command; usage: compl COMMAND [NAME...] [OPTION...] [-- CMD...]");
	return run_or_die(command, &call);
}
