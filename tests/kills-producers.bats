#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it plays all scenes; kills-sample.bats plays some)
#
# Producers, those who notice their deaths, and scopes, killed. (kills.bash)

load kills

@test "a command that produces, killed" {
	plays run run-fails run-all run-lasts run-ready
}

@test "a producer that comes to a settled name, or to others, killed" {
	plays run-anew run-anew-waited run-after-death run-beside run-single-refused
}

@test "whoever does something to a name that is produced, killed" {
	plays done-produced done-all-produced init-produced reinit-produced rm-produced
}

@test "whoever finds that a producer has died, killed" {
	plays done-orphan reinit-orphan test-orphan wait-orphan
}

@test "a wait whose producer dies, killed when it notices" {
	plays wait-producer-dies wait-producer-dies-ahead wait-one-of-three-dies wait-stopped-producer-dies \
		wait-producer-dies-stopped-behind
}

@test "a wait for several names, of which producers die, killed" {
	plays wait-both-producers-die wait-any-producer-dies
}

@test "a wait to which a producer comes, killed" {
	plays wait-producer-comes wait-producer-comes-late wait-posted-and-dies
}

@test "a scope, killed: the next one sweeps it" {
	plays scope scope-lasts
}
