#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it runs all scenarios; kills-sample.bats runs some)
#
# kills-waits.bats - waits in every phase, killed and interrupted at each moment that matters (kills.bash)

load kills

@test "a wait that is bound to a generation may be killed at any moment" {
	run_scenarios wait-bound wait-outdated
}

@test "a wait that finds what it wants may be killed at any moment" {
	run_scenarios wait-takes wait-takes-three wait-takes-any wait-takes-status wait-missing try-takes try-any
}

@test "a wait that joins the line may be killed at any moment" {
	run_scenarios wait-joins wait-joins-behind wait-io wait-with-parent
}

@test "a wait that is woken may be killed at any moment" {
	run_scenarios wait-woken wait-woken-count wait-middle wait-killable wait-uninterruptible wait-behind-locked \
		wait-crowd-locked
}

@test "a wait that times out may be killed at any moment" {
	run_scenarios wait-timeout wait-timeout-middle wait-timeout-holding wait-timeout-locked wait-timeout-locked-middle
}

@test "a wait over two names may be killed at any moment" {
	run_scenarios wait-two-names wait-crossing
}

@test "a wait for any may be killed at any moment" {
	run_scenarios wait-any wait-any-behind wait-any-stopped-ahead
}

@test "a wait that is released or removed may be killed at any moment" {
	run_scenarios wait-released wait-released-two wait-removed wait-behind-stopped wait-behind-two-stopped
}

@test "a wait that becomes its command may be killed at any moment" {
	run_scenarios wait-becomes-cmd wait-woken-becomes-cmd wait-released-becomes-cmd try-becomes-cmd
}

@test "a wait that ends at a status may be killed at any moment" {
	run_scenarios wait-fail-fast wait-fail-fast-any
}

@test "a wait that is interrupted may be killed at any moment" {
	run_scenarios wait-interrupted wait-interrupted-middle wait-interrupted-locked
}

@test "a wait that is stopped from the terminal and continued may be killed at any moment" {
	run_scenarios wait-stopped wait-stopped-holding wait-stopped-middle wait-stopped-locked
}
