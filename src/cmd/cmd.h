/* SPDX-License-Identifier: ISC
 *
 * cmd.h - what a command is
 *
 * Each command is a const struct command in a file of its own.  Dispatch, usage lines and help read
 * these structures and nothing else.
 */
#ifndef CMD_H
#define CMD_H

#include "cli/call.h"
#include "cli/options.h"

/* What a command is about.  main.c checks it before the command runs. */
enum command_subject {
	ABOUT_NAMES,	 /* its operands, in a namespace */
	ABOUT_NAMESPACE, /* the namespace */
	ABOUT_COMPL,	 /* neither */
};

/* Whether CMD, the words after "--", may or must be given. */
enum cmd_rule { CMD_NONE, CMD_OPTIONAL, CMD_REQUIRED };

struct command {
	const char *name;
	const char *operands; /* for the usage line: "NAME..." */
	const char *summary;  /* a line without a full stop */
	const char *text;     /* what it does, a paragraph */
	const char *example;  /* lines of shell, of up to 77 bytes */
	const struct cli_option *options;
	enum command_subject subject;
	enum cmd_rule cmd_rule;
	/* Returns the exit status. */
	int (*run)(const struct cli_call *call);
};

/* All commands except `help`: that is about the others, and is in main.c, beside their table. */
extern const struct command cmd_init, cmd_wait, cmd_try, cmd_done, cmd_test, cmd_reinit, cmd_rm,
	cmd_run, cmd_scope, cmd_ls, cmd_check, cmd_barrier;

#endif
