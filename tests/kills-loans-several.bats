#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (thousands of kills)
#
# kills-loans-several.bats - borrowers from several names, with more waits in each line, killed at each moment
# that matters (kills.bash)

load kills

@test "a borrower from several names may be killed at any moment, and the next in each line goes" {
	run_scenarios borrow-woken-queued borrow-gives-back-two borrow-quorum
}

@test "a wait whose borrower from several names dies may be killed at any moment, and the next in each line goes" {
	run_scenarios wait-borrower-of-two-dies wait-behind-borrower-of-two-dies wait-two-borrowers-die
}

@test "what is lent from several names may be posted, tried, reset and removed, and killed at any moment" {
	run_scenarios done-lent-two try-lent-two reinit-lent-two rm-lent-two
}
