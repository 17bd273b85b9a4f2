#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it kills a command some thousand times)
#
# kills-pidns.bats - commands of several pid namespaces, killed at each moment that matters (kills.bash)
#
# The victim, posters, and whoever holds the lock are each process 1 of a pid namespace of its own, so they
# have the same thread id.  Each scenario runs for one pair of builds only.

load kills

begin_apart() {
	need_namespaces pid
	options+=(--apart)
	samples=1
}

# apart SCENARIO...: runs a quarter of them.
apart() {
	local scenario nth=0 mine=()

	begin_apart
	for scenario; do
		[ $((nth++ % 4)) -ne "$part" ] || mine+=("$scenario")
	done
	part=0
	[ "${#mine[@]}" -eq 0 ] || run_scenarios "${mine[@]}"
}

# At a sixteenth of the instructions for each pair of builds, each time another one.
@test "while the lock is held, a process of the owner's thread id may be killed at any instruction" {
	begin_apart
	options+=(--every --share "$((RANDOM % 4 * 4 + part))/16")
	part=0
	run_scenarios done-locked
}

@test "a post from another pid namespace may be killed at any moment" {
	apart create done done-two-names reinit check-repair try-takes
}

@test "a wait from another pid namespace may be killed at any moment" {
	apart wait-joins-behind wait-woken wait-any wait-timeout-middle wait-timeout-locked \
		wait-released wait-behind-locked
}

@test "a producer from another pid namespace may be killed at any moment" {
	apart run wait-producer-dies
}

@test "a borrower from several names in another pid namespace, and its next in line, may be killed at any moment" {
	apart borrow-woken-queued wait-borrower-of-two-dies borrow-gives-back-two
}
