#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it survives all scenarios; kills-sample.bats survives some)
#
# Waits in every phase, killed and interrupted. (kills.bash)

load kills

@test "a wait that finds what it wants, killed" {
	survives wait-takes wait-takes-three wait-takes-any wait-takes-status wait-missing try-takes try-any
}

@test "a wait that joins the line, killed" {
	survives wait-joins wait-joins-behind wait-io wait-with-parent
}

@test "a wait that is woken, killed" {
	survives wait-woken wait-woken-count wait-middle wait-killable wait-uninterruptible wait-behind-locked \
		wait-crowd-locked
}

@test "a wait that times out, killed" {
	survives wait-timeout wait-timeout-middle wait-timeout-holding wait-timeout-locked wait-timeout-locked-middle
}

@test "a wait over two names, killed" {
	survives wait-two-names wait-crossing
}

@test "a wait for any, killed" {
	survives wait-any wait-any-behind wait-any-stopped-ahead
}

@test "a wait that is released or sent away, killed" {
	survives wait-released wait-released-two wait-removed wait-behind-stopped wait-behind-two-stopped
}

@test "a wait that becomes its command, killed" {
	survives wait-becomes-cmd wait-woken-becomes-cmd wait-released-becomes-cmd try-becomes-cmd
}

@test "a wait that ends at a status, killed" {
	survives wait-fail-fast wait-fail-fast-any
}

@test "a wait that is interrupted, killed" {
	survives wait-interrupted wait-interrupted-middle wait-interrupted-locked
}

@test "a wait that is stopped from the terminal and continued, killed" {
	survives wait-stopped wait-stopped-holding wait-stopped-middle wait-stopped-locked
}
