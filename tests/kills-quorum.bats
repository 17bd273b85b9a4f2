#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (thousands of kills)
#
# kills-quorum.bats - waits for some of their names, and what ends them, killed at each moment that matters (kills.bash)

load kills

@test "a wait for some of its names may be killed at any moment" {
	run_scenarios quorum-takes quorum-woken quorum-released quorum-removed quorum-removed-twice
}

@test "a post for such a wait may be killed at any moment" {
	run_scenarios done-for-quorum done-all-for-quorum
}

@test "a removal that such a wait survives, or not, may be killed at any moment" {
	run_scenarios rm-of-quorum rm-ends-quorum
}
