#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# deaths.bats - commands that are killed, and lose their memory before the kernel sees to their death
#
# That is how earlyoom kills, and the kernel's own OOM reaper: see tests/c/mrelease.h.

load helper

setup() {
	begin
	"$COMPL_TOOLS/kill-mrelease" || skip 'this kernel has no process_mrelease(2)'
}

# mrelease LABEL...: kills them so.
mrelease() {
	local label

	for label; do
		"$COMPL_TOOLS/kill-mrelease" "${pid[$label]}"
	done
	for label; do
		ends 137 "$label"
	done
}

@test "a dead waiter leaves the line, wherever it stands" {
	local i

	for i in {1..3}; do
		line_up dead1 a
		line_up w1 a
		line_up dead2 a
		line_up dead3 a
		line_up w2 a
		mrelease dead1 dead2 dead3
		expect 0 done a
		ends 0 w1
		expect 0 done a
		ends 0 w2
	done
	left a 0
}

@test "the next in line finds a token that the dead one has not taken" {
	local i

	for i in {1..3}; do
		line_up dead a --count 2
		line_up w a
		expect 0 done a
		mrelease dead
		ends 0 w
	done
}

@test "a dead wait over several names leaves all lines, and one for any of them" {
	line_up dead1 a b c
	line_up dead2 c b a --any
	line_up w1 c b a
	line_up w2 b a --any
	mrelease dead1 dead2
	expect 0 done a b c
	ends 0 w1
	expect 0 done b
	ends 0 w2
	names
}

@test "a dead producer ends all waits with 121, and --single begins anew" {
	local i

	for i in {1..2}; do
		rm -f cmd
		background p "$COMPL" run a -- sh -c 'echo $$ >cmd; exec sleep 1000'
		wait_until test -s cmd
		line_up w1 a
		line_up w2 a
		mrelease p
		ends 121 w1 w2
		expect_w 121 try a
		wait_until is_gone "$(<cmd)" # it has got SIGTERM, and holds the name until it has ended
		expect 0 run --single a -- true
		expect_w 0 wait a
	done
}

@test "a dead owner of the lock is noticed at once" {
	local i

	expect 0 init keep
	for i in {1..2}; do
		background holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
		wait_until grep -q held holder.out
		background d "$COMPL" done a
		await_sleep d
		mrelease holder
		ends 0 d
		expect_w 0 try a
	done
}

# Its death comes to light when somebody has slept for a second, or to its deadline.
@test "the lock of a short call comes back after a second" {
	local command

	tolerate_lost_wakeups
	expect 0 init keep
	expect 0 done b --count 2
	for command in 'done a' 'try b' 'wait b --timeout 300ms' 'check'; do
		background holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE" brief
		wait_until grep -q held holder.out
		mrelease holder
		expect_w 0 $command
	done
	left a 1
	left b 0
}

@test "with several pid namespaces the lock of a short call comes back at once" {
	need_namespaces pid
	expect 0 init keep
	unshare -p -f --mount-proc "$COMPL" init other
	background holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE" brief
	wait_until grep -q held holder.out
	background d "$COMPL" done a
	await_sleep d
	mrelease holder
	ends 0 d
	left a 1
}

@test "check and ls know nothing of the dead" {
	line_up dead1 a
	line_up dead2 a
	line_up w a
	mrelease dead1 dead2
	expect 0 check
	waiters a 1
	expect 0 done a
	ends 0 w
	names
}
