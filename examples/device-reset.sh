#!/bin/sh
# SPDX-License-Identifier: ISC
#
# device-reset.sh - reinitialises a completion, triggers a reset, waits for it with a timeout
#
# This is the third use in the kernel's documentation, as in many drivers:
#
#	reinit_completion(&dev->reset_done);
#	writel(RESET, dev->control);
#	if (!wait_for_completion_timeout(&dev->reset_done, timeout))
#		return -ETIMEDOUT;
#
# The reinit comes before the trigger, because an answer to an earlier attempt must not be taken for the
# answer to this one.  (What comes later still is refused with generations: question.sh.)
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" ;;
esac

# The device gets each command as a token of `control`.  It answers by an interrupt unless it is jammed.
# shellcheck disable=SC2016
"$compl" run device -b -- sh -c '
	while "$0" wait control; do
		"$0" test jammed || "$0" done reset-done
	done' "$compl"

# reset TIMEOUT: resets the device and shows how that ended: 0, or 124 if it does not answer in time
reset() {
	status=0
	"$compl" reinit reset-done
	"$compl" done control
	"$compl" wait reset-done --timeout "$1" -q || status=$?
	echo "reset: status $status"
}

"$compl" init reset-done
reset 10s

"$compl" done jammed --all
reset 300ms

# This is a late answer to that attempt.  Without the reinit the next attempt would take it for its own.
"$compl" done reset-done
echo "late answer: $("$compl" test reset-done && echo "a token nobody asked for")"
reset 300ms

"$compl" reinit jammed
reset 10s
