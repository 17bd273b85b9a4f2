#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
# runs in: check
#
# kills-sample.bats - a command of each kind, killed at each moment that matters (kills.bash)
#
# All scenarios, with every pair of builds, are in kills.bats, kills-waits.bats and kills-producers.bats.

load kills

@test "a post may be killed at any moment" {
	run_scenarios done done-all
}

@test "a wait that finds a token, sleeps, or times out may be killed at any moment" {
	run_scenarios wait-takes wait-woken wait-timeout-middle
}

@test "a wait over two names may be killed at any moment" {
	run_scenarios wait-two-names
}

@test "init, reinit and a removal may be killed at any moment" {
	run_scenarios init reinit rm
}

@test "a producer, and a wait whose producer dies, may be killed at any moment" {
	run_scenarios run wait-producer-dies
}
