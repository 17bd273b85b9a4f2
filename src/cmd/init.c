/* SPDX-License-Identifier: ISC
 *
 * init.c - makes names permanent: the kernel's init_completion()
 */
#include "cli/names.h"
#include "cli/value.h"
#include "cmd/cmd.h"

static enum compl_result
init_one(struct compl_space *c, const char *name, const struct cli_settings *set)
{
	return compl_init(c, name, set->exist_ok, set->count);
}

static int
run_init(const struct cli_call *call)
{
	return names_each(call, COMPL_CREATE, init_one);
}

static const struct cli_option init_options[] = {
	FLAG("exist-ok", exist_ok,
	     "make the name permanent whatever it carries, and reset nothing"),
	VALUE("count", count, "N", value_tokens,
	      "a name that carries nothing begins with N tokens"),
	{ 0 },
};

const struct command cmd_init = {
	.name = "init",
	.operands = "NAME...",
	.summary = "make a name permanent",
	.text = "Makes each NAME stay, at any counter, until 'compl rm'.  No other command\n"
		"needs this: without init a name exists from its first use until it carries\n"
		"nothing any more.  A name that has only waiters or producers becomes\n"
		"permanent.  A name that is initialised already, or carries a token, a status\n"
		"or a value, is an error, unless --exist-ok is given: then it keeps what it\n"
		"has, and --count changes nothing.\n",
	.example = "export COMPL_NAMESPACE=shop\n"
		   "compl init db-ready cache-ready\n",
	.options = init_options,
	.subject = ABOUT_NAMES,
	.run = run_init,
};
