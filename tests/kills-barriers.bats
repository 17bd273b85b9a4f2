#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it runs all scenarios of barriers)
#
# kills-barriers.bats - participants of barriers, killed and interrupted at each moment that matters (kills.bash)
#
# After each kill the number of those who have passed is a multiple of the number that makes a round, and
# nobody stands in a round of enough.

load kills

@test "a participant that joins, completes the round or passes may be killed at any moment" {
	run_scenarios barrier-one barrier-joins barrier-completes barrier-passes barrier-becomes-cmd
}

@test "a participant beside the dead and the stopped may be killed at any moment" {
	run_scenarios barrier-completes-stopped barrier-counts-dead
}

@test "a participant that leaves, with the lock and without it, may be killed at any moment" {
	run_scenarios barrier-timeout barrier-timeout-locked barrier-interrupted barrier-interrupted-locked
}

@test "a removal of a barrier, and what a barrier refuses, may be killed at any moment" {
	run_scenarios barrier-removed barrier-refuses barrier-refused
}
