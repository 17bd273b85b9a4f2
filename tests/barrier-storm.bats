#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it takes seconds)
#
# barrier-storm.bats - barriers in a storm of signals and kills, and one with a thousand participants

load helper

@test "each round is passed by exactly as many as make one, whoever times out, is stopped, interrupted or killed" {
	local seed=$RANDOM

	run -0 timeout -s KILL 300 "$COMPL_TOOLS/barrier-storm" "$COMPL_NAMESPACE" "$COMPL" 1000 "$seed"
	echo "seed $seed: $output"
	[[ $output =~ ^([0-9]+)\ rounds,\ ([0-9]+)\ passed,\ ([0-9]+)\ left,\ ([0-9]+)\ killed$ ]]
	((BASH_REMATCH[1] > 500 && BASH_REMATCH[2] > 3000 && BASH_REMATCH[3] > 50 && BASH_REMATCH[4] > 200))
}

# A few of those who were woken have to wait for the lock for a moment: more if it is held longer.  (If each
# had to, it would be a thousand.)
@test "a thousand participants pass, each with a place of its own, and are woken once" {
	run -0 timeout -s KILL 300 "$COMPL_TOOLS/barrier-crowd" "$COMPL_NAMESPACE" 1000
	echo "$output"
	[[ $output =~ ^1000\ passed,\ 1000\ places,\ slept\ again\ ([0-9]+)\ times$ ]]
	((BASH_REMATCH[1] <= 50 * (slowness < 8 ? slowness : 8)))
	names
}
