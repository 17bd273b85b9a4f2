#!/bin/sh
# SPDX-License-Identifier: ISC
#
# limit.sh - starts nine jobs at once, of which three run at a time
#
# `slots` has three tokens.  A job borrows one while it runs; the others stand in line, first come, first
# served.  The token comes back when the job has ended, with all that it has started, and also if any of
# them is killed.
#
# In a namespace that all scripts share, instead of this scope, the limit holds for all that they start:
# with --exist-ok each of them may do the set-up, and only the first one makes the tokens.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" ;;
esac

"$compl" init slots --count 3 --exist-ok
for job in 1 2 3 4 5 6 7 8 9; do
	# shellcheck disable=SC2016
	"$compl" wait slots --borrow -- sh -c '
		echo "job $1 begins"
		sleep 0.1
		echo "job $1 ends"' sh "$job" &
done
wait
