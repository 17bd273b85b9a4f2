#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it survives all scenarios; kills-sample.bats survives some)
#
# Producers, those who notice their deaths, and scopes, killed. (kills.bash)

load kills

@test "a command that produces, killed" {
	survives run run-fails run-all run-lasts run-ready
}

@test "a producer that comes to a settled name, or to others, killed" {
	survives run-anew run-anew-waited run-after-death run-beside run-single-refused
}

@test "whoever does something to a name that is produced, killed" {
	survives done-produced done-all-produced init-produced reinit-produced rm-produced
}

@test "whoever finds that a producer has died, killed" {
	survives done-dead-producer reinit-dead-producer test-dead-producer wait-dead-producer
}

@test "a wait whose producer dies, killed when it notices" {
	survives wait-producer-dies wait-producer-dies-ahead wait-one-of-three-dies wait-stopped-producer-dies \
		wait-producer-dies-stopped-behind
}

@test "a wait for several names, of which producers die, killed" {
	survives wait-both-producers-die wait-any-producer-dies
}

@test "a wait to which a producer comes, killed" {
	survives wait-producer-comes wait-producer-comes-late wait-posted-and-dies
}

@test "a scope, killed: the next one sweeps it" {
	survives scope scope-lasts
}
