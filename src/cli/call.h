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
};

struct cli_ready {
	enum cli_ready_kind kind;
	int fd;
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
	/* wait and try */
	struct cli_timeout timeout;
	bool any;
	bool fail_fast;
	bool killable;
	bool uninterruptible;
	bool with_parent;
	bool io;
	bool print;
	bool remaining;
	bool repair;
	bool outcome;
	/* wait, try and done */
	uint32_t count; /* 0: not given */
	bool existing;
	/* done and run */
	bool all;
	const char *value;
	/* done */
	bool waiting;
	uint8_t status;
	uint8_t and_exit;
	/* run */
	struct cli_ready ready;
	bool single;
	/* the others */
	bool exist_ok;
	bool force;
	bool is_long;
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
