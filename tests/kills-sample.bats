#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check
#
# A command of each kind, killed after every instruction that matters (kills.bash).  All scenes are
# in tests/kills.bats, tests/kills-waits.bats and tests/kills-producers.bats.

load kills

@test "a post, killed" {
	plays done done-all
}

@test "a wait that finds a token, sleeps, or times out, killed" {
	plays wait-takes wait-woken wait-timeout-middle
}

@test "a wait over two names, killed" {
	plays wait-two-names
}

@test "init, reinit and a removal, killed" {
	plays init reinit rm
}

@test "a producer, and a wait whose producer dies, killed" {
	plays run wait-producer-dies
}
