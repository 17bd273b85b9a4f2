/* SPDX-License-Identifier: ISC
 *
 * main.c - the table of the commands, and the way from the command line to one of them
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/names.h"
#include "cli/nearest.h"
#include "cli/output.h"
#include "cli/place.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cmd/cmd.h"
#include "cmd/help.h"

static int run_help(const struct cli_call *call);

static const struct command cmd_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.summary = "show this, or what a command does",
	.text = "Shows all commands, or what COMMAND does and which options it has.\n",
	.example = "compl help wait\n",
	.subject = ABOUT_COMPL,
	.run = run_help,
};

/* In the order of the help, NULL last. */
static const struct command *const commands[] = {
	&cmd_init, &cmd_wait,  &cmd_try, &cmd_done,  &cmd_test, &cmd_reinit, &cmd_rm,
	&cmd_run,  &cmd_scope, &cmd_ls,	 &cmd_check, &cmd_help, NULL,
};

static _Noreturn void
no_such_command(const char *name)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; commands[i] != NULL; i++)
		nearest_offer(&nearest, commands[i]->name);
	usage_or_die(nearest.best, "%s: no such command", name);
}

static const struct command *
find_command_or_die(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	no_such_command(name);
}

static int
run_help(const struct cli_call *call)
{
	const struct command *command = NULL;

	if (call->name_count > 1)
		usage_or_die(NULL, "%s: one command at a time", call->names[1]);
	if (call->name_count == 1)
		command = find_command_or_die(call->names[0]);
	return help_show(commands, command);
}

/* Descriptors 0 to 2 that are closed are filled with one that can be neither read nor written,
 * lest a file is opened there and then printed to.  CMD finds them closed again. */
static void
fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/", O_PATH | O_CLOEXEC);
}

static const struct command *
read_command_line_or_die(struct cli_call *call, char **argv)
{
	struct cli_parser parser = { .next = argv + 1, .set = &call->set };
	const struct command *command;
	const char *word = options_operand_or_die(&parser);

	if (word == NULL)
		return NULL;
	command = find_command_or_die(word);
	message_from(command->name);
	parser.own = command->options;
	parser.takes_cmd = command->cmd != CMD_NONE;
	call->command = command->name;
	call->names = (const char **)argv; /* there is room for what has been read */
	while ((word = options_operand_or_die(&parser)) != NULL)
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

static int
run_or_die(const struct command *command, struct cli_call *call)
{
	if (call->cmd != NULL && call->cmd[0] == NULL)
		usage_or_die(NULL, "no command after --");
	if (call->cmd == NULL && command->cmd == CMD_REQUIRED)
		usage_or_die(NULL, "needs a command, behind --");
	if (command->subject == ABOUT_NAMES)
		names_check_or_die(call);
	if (command->subject != ABOUT_COMPL)
		place_choose_or_die(call);
	if (!command->opens_only_segment)
		fill_standard_descriptors();
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
