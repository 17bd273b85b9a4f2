/* SPDX-License-Identifier: ISC
 *
 * lending.c - runs CMD while it holds borrowed tokens, and gives them back
 *
 * Crash: if this process is killed, CMD gets SIGTERM, and the tokens come back when the last
 * process that has the descriptor has ended.
 */
#include "cli/lending.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/inherited.h"
#include "cli/message.h"
#include "cli/status.h"

void
lending_begin_or_die(void)
{
	child_fill_descriptors();
	if (!inherited_choose(-1)) {
		message_line("--borrow: no descriptor is left for CMD: %s", strerror(errno));
		exit(STATUS_FAILED);
	}
	if (!child_open())
		exit(STATUS_FAILED);
}

int
lending_run(struct compl_space *c, struct compl_loan *loan, char **cmd)
{
	struct child child;

	if (loan->entry != 0)
		inherited_put(loan->hold);
	else
		inherited_close();
	child_start(&child, cmd, inherited_give_or_die);
	inherited_close();
	child_wait(&child, NULL);
	if (loan->entry != 0)
		compl_give_back(c, loan);
	child_tell();
	return child_end_as(&child);
}
