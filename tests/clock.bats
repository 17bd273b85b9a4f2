#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# clock.bats - no command reads the wall clock once a namespace is in use, and none sleeps by it
#
# Anybody may set the wall clock, forwards and back, at any time.  Each command here would die by
# SIGSYS if it read the clock.  compl's own clock, CLOCK_MONOTONIC, cannot be set; but participants of
# several time namespaces read it differently.

load helper

# ---- the wall clock -----------------------------------------------------------------------------

# blindly STATUS ARGUMENT...: $COMPL without a wall clock.
blindly() {
	local want=$1

	shift
	expect_from "$COMPL_TOOLS/no-wall-clock" "$want" "$COMPL" "$@"
}

# blind LABEL ARGUMENT...: a wait without a wall clock, asleep.
blind() {
	local label=$1

	shift
	background "$label" "$COMPL_TOOLS/no-wall-clock" "$COMPL" wait "$@"
	await_sleep "$label"
}

@test "a command that reads the wall clock here dies by SIGSYS" {
	need_trace
	expect_from "$COMPL_TOOLS/no-wall-clock" 159 date
	expect_from "$COMPL_TOOLS/no-wall-clock" 0 cat /proc/uptime
}

# The first name of a namespace reads it: its generation begins there.
@test "no command reads the wall clock in a namespace that has had a name" {
	need_trace
	expect 0 done first
	expect_w 0 try first
	blindly 0 init a
	blindly 0 done a --value text --status 3
	blindly 3 wait a --print --timeout 10s --remaining --outcome
	blindly 0 reinit a
	blindly 0 done a --all
	blindly 0 wait a -- true
	blindly 0 test a
	blindly 0 try a
	blindly 124 try b
	blindly 0 ls -l
	blindly 0 ls --json
	blindly 0 ls --namespaces
	blindly 0 check
	blindly 0 check --repair
	blindly 0 rm a
	blindly 0 help wait
	blindly 125 done a --existing
	blindly 3 run b -- sh -c 'exit 3'
	blindly 0 run c --ready fd:7 -- sh -c 'echo >&7'
	blindly 0 scope -- true
	blindly 0 rm --all
}

@test "no wait sleeps by the wall clock, with or without a deadline, for one name, several or any" {
	need_trace
	expect 0 init keep
	blind w1 a
	blind w2 a --io
	blind w3 a b --timeout 1h
	blind w4 c d --any
	blind w5 d c --any --timeout 1h
	blind w6 e --fail-fast --killable
	blind w7 f --with-parent
	blindly 124 wait g --timeout 20ms
	blindly 124 wait g h --timeout 20ms
	blindly 124 wait g h --any --timeout 20ms
	blindly 0 ls -l
	blindly 0 done a --count 3
	blindly 0 done b d c
	blindly 0 done f --all
	blindly 0 done e --status 2
	ends 0 w{1..5} w7
	ends 2 w6
}

@test "a process that sleeps on the lock does not sleep by the wall clock" {
	need_trace
	expect 0 init keep
	background stray-owner "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
	wait_until grep -q held stray-owner.out
	background w1 "$COMPL_TOOLS/no-wall-clock" "$COMPL" wait a --timeout 4s
	background w2 "$COMPL_TOOLS/no-wall-clock" "$COMPL" wait a
	background d "$COMPL_TOOLS/no-wall-clock" "$COMPL" done a
	await_sleep w1 w2 d
	blindly 125 try a
	ends 124 w1
	shoot KILL stray-owner
	ends 0 w2 d
}

# ---- other clocks than ours ---------------------------------------------------------------------

# elsewhen LABEL SECONDS ARGUMENT...: a wait in a time namespace where CLOCK_MONOTONIC differs by that
# many seconds.  unshare waits for it and ends with its status.
elsewhen() {
	local label=$1 offset=$2

	shift 2
	background "$label" unshare -T --monotonic "$offset" -f "$COMPL" wait "$@"
	wait_until runs_inside "$label"
}

runs_inside() {
	local inner

	inner=$(pgrep -P "${pid[$1]}") && rests "$inner"
}

# No clock may be before 0.
need_time_namespaces() {
	local up

	need_namespaces time
	read -r up _ </proc/uptime
	earlier=-$((${up%.*} > 200 ? 100 : ${up%.*} / 2))
}

@test "in several time namespaces the order is the same, and all releases every waiter" {
	need_time_namespaces
	elsewhen w1 100000 a
	elsewhen w2 "$earlier" a
	line_up w3 a
	elsewhen w4 1000 a b --any
	expect 0 done a
	ends 0 w1
	expect 0 done a
	ends 0 w2
	expect 0 done a
	ends 0 w3
	expect 0 done b --all
	ends 0 w4
	left a 0
}

@test "in a time namespace a deadline comes after the time that passes there" {
	need_time_namespaces
	elsewhen w1 100000 a --timeout 6s
	elsewhen w2 "$earlier" a --timeout 6s
	elsewhen w3 100000 b c --any --timeout 6s
	elsewhen w4 100000 a --timeout 1h
	background w5 "$COMPL" wait d --timeout 5900ms
	ends 124 w5
	ends 124 w1 w2 w3
	elsewhen w6 "$earlier" a --timeout 1h
	expect 0 done a
	ends 0 w4
	expect 0 done a
	ends 0 w6
}

@test "ls shows no age below 0 for participants of another time namespace" {
	need_time_namespaces
	elsewhen w1 100000 a
	elsewhen w2 "$earlier" a
	look '[.completions[] | .age_seconds, .waiters[].seconds] | all(. >= 0)'
	expect 0 ls -l
	[[ $out != *-[0-9]* ]]
	expect 0 done a --all
	look '[.completions[].waits | .seconds, .io_seconds] | all(. >= 0)'
	ends 0 w1 w2
}
