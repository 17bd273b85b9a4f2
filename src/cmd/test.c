/* SPDX-License-Identifier: ISC
 *
 * test.c - says whether names are done: the kernel's completion_done()
 */
#include "cli/failure.h"
#include "cli/namespace.h"
#include "cli/status.h"
#include "cli/value.h"
#include "cmd/cmd.h"

static int
run_test(const struct cli_call *call)
{
	enum compl_result result;
	struct compl_space *c;
	size_t i = 0;

	result = namespace_open(&c, call, 0);
	while (result == COMPL_OK && i < call->name_count)
		result = compl_test(c, call->names[i++], call->set.generation);
	if (result == COMPL_E_NO_NAMESPACE && call->set.generation != 0)
		result = COMPL_OTHER_GENERATION;
	if (result == COMPL_E_NO_NAMESPACE || result == COMPL_NOT_DONE)
		return STATUS_NO;
	if (result != COMPL_OK)
		return failure_report(call, result, i > 0 ? call->names[i - 1] : NULL, 0);
	return STATUS_DONE;
}

static const struct cli_option test_options[] = {
	VALUE("generation", generation, "G", value_generation,
	      "end with 123 if NAME is not of generation G"),
	{ 0 },
};

const struct command cmd_test = {
	.name = "test",
	.operands = "NAME...",
	.summary = "look whether names are done, and change nothing",
	.text = "Ends with 0 if every NAME is done at this instant: its counter is above zero, or\n"
		"a producer of it is ready.  Otherwise ends with 1.  It takes nothing and\n"
		"promises nothing: the next moment may differ.\n",
	.example = "compl test -n shop db-ready || echo 'not yet'\n",
	.options = test_options,
	.subject = ABOUT_NAMES,
	.run = run_test,
};
