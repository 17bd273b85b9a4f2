#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it runs all scenarios; kills-sample.bats runs some)
#
# kills-producers.bats - producers, processes that notice their deaths, and scopes, killed at each moment that
# matters (kills.bash)

load kills

@test "a command that produces may be killed at any moment" {
	run_scenarios run run-fails run-all run-lasts run-ready
}

@test "a producer that is ready may be killed at any moment" {
	run_scenarios run-ready-ends run-ready-fails run-ready-beside run-ready-after-death
}

@test "a command on a ready name, or one that finds its producer dead, may be killed at any moment" {
	run_scenarios done-ready reinit-ready test-dead-ready wait-ready-producer-dies
}

@test "a producer of a settled or produced name may be killed at any moment" {
	run_scenarios run-anew run-anew-waited run-after-death run-beside run-single-refused
}

@test "a single producer may be killed at any moment, and nothing holds its name after its CMD" {
	run_scenarios run-single run-single-lasts
}

@test "a command on a produced name may be killed at any moment" {
	run_scenarios done-produced done-all-produced init-produced reinit-produced rm-produced
}

@test "a command that finds a dead producer may be killed at any moment" {
	run_scenarios done-dead-producer reinit-dead-producer test-dead-producer wait-dead-producer
}

@test "a wait may be killed when it notices that its producer has died" {
	run_scenarios wait-producer-dies wait-producer-dies-ahead wait-one-of-three-dies wait-stopped-producer-dies \
		wait-producer-dies-stopped-behind
}

@test "a wait for several names whose producers die may be killed at any moment" {
	run_scenarios wait-both-producers-die wait-any-producer-dies
}

@test "a wait to which a producer comes may be killed at any moment" {
	run_scenarios wait-producer-comes wait-producer-comes-late wait-posted-and-dies
}

@test "a scope may be killed at any moment, and the next one sweeps it" {
	run_scenarios scope scope-lasts
}
