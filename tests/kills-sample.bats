#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check
#
# A command of each kind, killed after every instruction that matters (kills.bash).  All scenarios are
# in tests/kills.bats, tests/kills-waits.bats and tests/kills-producers.bats.

load kills

@test "a post, killed" {
	survives done done-all
}

@test "a wait that finds a token, sleeps, or times out, killed" {
	survives wait-takes wait-woken wait-timeout-middle
}

@test "a wait over two names, killed" {
	survives wait-two-names
}

@test "init, reinit and a removal, killed" {
	survives init reinit rm
}

@test "a producer, and a wait whose producer dies, killed" {
	survives run wait-producer-dies
}
