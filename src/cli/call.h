/* SPDX-License-Identifier: ISC
 *
 * call.h - what the command line asked for
 */
#ifndef CLI_CALL_H
#define CLI_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compl.h"

struct cli_timeout {
	int64_t ns;	  /* relative; COMPL_NEVER is infinity */
	const char *text; /* as the user wrote it; NULL if there is none */
};

/* How CMD says that it is ready. */
enum cli_ready_kind {
	READY_EXIT,   /* it does not: NAME is posted when CMD ends */
	READY_NOTIFY, /* by sd_notify(3) */
	READY_LINE,   /* by a line on descriptor fd */
	READY_PROBE,  /* it does not: a command is asked */
};

struct cli_ready {
	enum cli_ready_kind kind;
	int fd;
	const char *command;
};

/* One field for each option.  The option table of a command says which field an option sets. */
struct cli_settings {
	/* which namespace */
	const char *space;
	const char *user;
	bool system;
	/* every command */
	bool quiet;
	bool help;
	bool version;
	/* wait, try and barrier */
	struct cli_timeout timeout;
	bool any;
	bool fail_fast;
	bool killable;
	bool uninterruptible;
	bool with_parent;
	bool io;
	bool print;
	bool remaining;
	bool progress; /* also of barrier */
	bool repair;
	bool outcome;
	/* barrier */
	uint32_t parties; /* 0: not given */
	/* wait, try and done */
	uint32_t count; /* 0: not given */
	bool existing;
	uint64_t generation; /* also of test; 0: not given */
	uint32_t at_least;   /* 0: not given */
	/* done and run */
	bool all;
	const char *value;
	/* done */
	bool waiting;
	uint8_t status;
	uint8_t and_exit;
	/* run */
	struct cli_ready ready;
	struct cli_timeout every; /* text is NULL if it is not given */
	bool single;
	bool keep;
	bool background;
	/* scope */
	bool kill;
	struct cli_timeout grace;
	bool borrow;
	/* the others */
	bool exist_ok;
	struct cli_timeout idle;
	bool force;
	bool is_long;
	bool watch;
	bool json;
	bool names;
	bool namespaces;
};

struct cli_call {
	struct cli_settings set;
	const char **names; /* the operands */
	size_t name_count;
	char **cmd; /* the words after "--", NULL-terminated, or NULL */
	struct compl_where where;
};

#endif
