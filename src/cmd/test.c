/* SPDX-License-Identifier: ISC
 *
 * test.c - says whether names are done: the kernel's completion_done()
 */
#include "cli/failure.h"
#include "cli/namespace.h"
#include "cli/status.h"
#include "cmd/cmd.h"

static int
run_test(const struct cli_call *call)
{
	enum compl_result result;
	struct compl_space *c;
	size_t i = 0;

	result = namespace_open(&c, call, 0);
	while (result == COMPL_OK && i < call->name_count)
		result = compl_test(c, call->names[i++]);
	if (result == COMPL_E_NO_NAMESPACE || result == COMPL_NOT_DONE)
		return STATUS_NO;
	if (result != COMPL_OK)
		return failure_report(call, result, i > 0 ? call->names[i - 1] : NULL, 0);
	return STATUS_DONE;
}

const struct command cmd_test = {
	.name = "test",
	.operands = "NAME...",
	.summary = "look whether names are done, and change nothing",
	.text = "Ends with 0 if the counter of every NAME is above zero at this instant, else\n"
		"with 1.  It takes nothing and promises nothing: the next moment may differ.\n",
	.example = "compl test -n shop db-ready || echo 'not yet'\n",
	.subject = ABOUT_NAMES,
	.run = run_test,
};
