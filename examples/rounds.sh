#!/bin/sh
# SPDX-License-Identifier: ISC
#
# rounds.sh - computes in parallel, in rounds: how heat spreads in a rod of four cells
#
# Each worker has a cell.  In each round it computes the mean of the cell and its neighbours, and then waits
# at a barrier until all four have done so.  One of them, whichever is the first in the round, then does
# what has to be done once.  The second barrier lets nobody begin the next round before that.
#
# A worker that is killed does not come to the barrier.  So there is a timeout, and the exit status is 124.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" ;;
esac

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# all_have_come: waits for the others, and prints 1 to 4, to each of them another number
all_have_come() {
	"$compl" barrier round --parties 4 --timeout 10s --print
}

# worker CELL: computes the cell in each round
worker() {
	for round in 1 2 3; do
		read -r first second third fourth <"$dir/rod"
		case $1 in
		1) sum=$((first + first + second)) ;;
		2) sum=$((first + second + third)) ;;
		3) sum=$((second + third + fourth)) ;;
		4) sum=$((third + fourth + fourth)) ;;
		esac
		echo $((sum / 3)) >"$dir/cell.$1"
		place=$(all_have_come)
		if [ "$place" -eq 1 ]; then
			cat "$dir"/cell.? | xargs >"$dir/rod"
			echo "round $round: $(cat "$dir/rod")"
		fi
		all_have_come >/dev/null
	done
}

echo 810 0 0 0 >"$dir/rod"
for cell in 1 2 3 4; do
	worker "$cell" &
	workers="${workers-} $!"
done
for worker in $workers; do
	wait "$worker"
done
