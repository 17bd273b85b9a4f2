/* SPDX-License-Identifier: ISC
 *
 * options.h - tables of options, and what reads the command line by them
 *
 * "--name VALUE", "--name=VALUE", "-l VALUE", "-lVALUE", "-ab" for "-a -b".  Long names are not
 * abbreviated.  Options may come before, between and after operands.  If an option is given twice,
 * the later one counts.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/call.h"

/* Options of one group exclude each other. */
enum cli_group {
	GROUP_NONE,
	GROUP_WHERE, /* --user and --system */
	GROUP_OWN,   /* the command's own */
	GROUPS,
};

/* Reads text into *field and returns NULL; or returns what text is not, such as "a number". */
typedef const char *cli_parse_fn(const char *text, void *field);

struct cli_option {
	const char *name;     /* without the dashes; NULL ends a table */
	char letter;	      /* or 0 */
	const char *argument; /* its name in the help; NULL for a flag, which sets a bool */
	const char *help;
	cli_parse_fn *parse; /* NULL for a flag */
	size_t field;	     /* offset in struct cli_settings */
	enum cli_group group;
	const char *variable; /* the environment variable with its default, or NULL */
	bool required;	      /* the usage shows it without brackets */
};

/* A row of a table: FLAG() for a flag, VALUE() for an option that takes a value.  to is the field
 * of struct cli_settings that the option sets.  Fields that few options have follow by name:
 *
 *	FLAG("quiet", quiet, "say nothing", .letter = 'q'),
 *	VALUE("count", count, "N", value_tokens, "post N tokens", .group = GROUP_OWN),
 */
#define FLAG(option, to, text, ...)                                                       \
	{                                                                                 \
		.name = option, .help = text, .field = offsetof(struct cli_settings, to), \
		__VA_ARGS__                                                               \
	}
#define VALUE(option, to, word, reader, text, ...)                               \
	{                                                                        \
		.name = option, .argument = word, .help = text, .parse = reader, \
		.field = offsetof(struct cli_settings, to), __VA_ARGS__          \
	}

/* The options that every command has: --namespace and so on. */
extern const struct cli_option options_global[];

struct cli_parser {
	char **next; /* the first word not yet read */
	struct cli_settings *set;
	const struct cli_option *own; /* the command's options; NULL before it is known */
	bool takes_cmd;		      /* "--" begins CMD; else it only ends the options */
	char **cmd;		      /* result: CMD, or NULL */
	bool ended;		      /* no more options */
	uint32_t given;		      /* a bit for each option of own: it was given */
	const struct cli_option *chosen[GROUPS];
};

/* Reads options into parser->set, up to the next operand.  Returns the operand, or NULL at the
 * end. */
const char *options_read_to_operand_or_die(struct cli_parser *parser);

/* Call it when options_read_to_operand_or_die() has returned NULL.  Reads the environment variables
 * of those options of the command that were not given.  An empty variable counts as unset.  For a
 * flag 1 is on and 0 is off. */
void options_environment_or_die(const struct cli_parser *parser);

#endif
