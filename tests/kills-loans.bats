#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (thousands of kills)
#
# kills-loans.bats - borrowers, and what meets them, killed at each moment that matters (kills.bash)
#
# After each kill the tokens posted are those taken, left and lent; what a killed borrower had has come back.

load kills

@test "a borrower that takes at once may be killed at any moment" {
	run_scenarios borrow-takes borrow-takes-two borrow-try
}

@test "a borrower that was woken may be killed at any moment" {
	run_scenarios borrow-woken borrow-woken-two
}

@test "a borrower that gives back, and a wait whose borrower dies, may be killed at any moment" {
	run_scenarios borrow-gives-back wait-borrower-dies
}

@test "a post, a reinit and a removal of what is lent may be killed at any moment" {
	run_scenarios done-lent reinit-lent rm-lent
}
