#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it takes seconds)
#
# answers.bats - in a storm of late answers no wait is satisfied by an old one
#
# tests/tools/answers.c says what the storm does.  tests/check-long has a longer one.

load helper

@test "no question is answered by a late answer, among kills and removals of the namespace" {
	local seed=$RANDOM

	run -0 timeout -s KILL 300 "$COMPL_TOOLS/answers" "$COMPL_NAMESPACE" "$COMPL" 2500 "$seed"
	echo "seed $seed: $output"
	[[ $output =~ ^([0-9]+)\ answers,\ .*\ ([0-9]+)\ late\ .*,\ ([0-9]+)\ kills,\ ([0-9]+)\ removals$ ]]
	((BASH_REMATCH[2] > 500 && BASH_REMATCH[3] > 10 && BASH_REMATCH[4] > 10))
}
