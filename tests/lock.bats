#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# lock.bats - the lock, held by a process that is stopped or dies

load helper

setup() {
	begin
	expect 0 init keep
}

# A process that has taken the lock, and stops.
hold() {
	background holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
	wait_until grep -q held holder.out
	shoot STOP holder
	wait_until is_stopped "${pid[holder]}"
}

# Seconds since $begin, rounded down.
elapsed() {
	echo $(((${EPOCHREALTIME/[.,]/} - begin) / 1000000))
}

@test "while the owner is stopped deadlines work, before the wait joins the line and after" {
	line_up w1 a --timeout 4s
	line_up w2 a --timeout 4100ms
	hold
	begin=${EPOCHREALTIME/[.,]/}
	expect_w 124 wait a --timeout 300ms
	one_line '^compl: wait: a: '
	[ "$(elapsed)" -lt 10 ]
	ends 124 w1 w2
	shoot KILL holder
	ends 137 holder
	expect 0 ls --names
	printed keep
}

@test "while the owner is stopped signals work, before the wait joins the line and after" {
	line_up_default w1 a
	line_up_default w2 a b --any
	hold
	line_up_default w3 a
	background d env --default-signal=INT "$COMPL" done a
	await_sleep d
	shoot TERM w1 w3 d
	shoot INT w2
	ends 143 w1 w3 d
	ends 130 w2
	shoot KILL holder
	ends 137 holder
	expect 0 ls --names
	printed keep
}

@test "try and a timeout of 0 wait a second for the lock, then fail with 125" {
	hold
	begin=${EPOCHREALTIME/[.,]/}
	expect_w 125 try a
	one_line '^compl: try: '
	expect_w 125 wait a --timeout 0
	one_line '^compl: wait: '
	[ "$(elapsed)" -ge 1 ]
	[ "$(elapsed)" -lt 15 ]
	shoot KILL holder
	ends 137 holder
}

@test "when the owner dies, all that waited for the lock go on" {
	line_up w1 a
	hold
	for i in 1 2 3 4; do
		background d$i "$COMPL" done a
	done
	line_up w2 a
	line_up w3 a
	await_sleep d1 d2 d3 d4 w1
	shoot KILL holder
	ends 137 holder
	ends 0 d1 d2 d3 d4 w1 w2 w3
	left a 1
}

@test "when a stopped owner is continued and releases the lock, all go on" {
	line_up w1 a
	hold
	background d1 "$COMPL" done a
	background d2 "$COMPL" done b --status 2
	await_sleep d1 d2
	shoot CONT holder
	await_sleep d1 d2
	shoot TERM holder
	ends 0 holder
	ends 0 d1 d2 w1
	left b 1
}

@test "sleepers of the lock that are killed pass on the wake of its dead owner" {
	local i sure=4

	hold
	for i in {1..8}; do
		background d$i "$COMPL" done a
	done
	await_sleep d{1..8}
	# A process that the owner's death has woken may have ended before it is killed.
	kill -KILL "${pid[holder]}" "${pid[d1]}" "${pid[d3]}" "${pid[d5]}" "${pid[d7]}" 2>/dev/null || :
	ends 137 holder
	ends 0 d2 d4 d6 d8
	for i in 1 3 5 7; do
		outcome d$i
		[ "$got" -eq 0 ] || [ "$got" -eq 137 ]
		sure=$((sure + !got))
	done
	look "[.completions[] | select(.name == \"a\") | .done >= $sure and .done <= 8] == [true]"
}

@test "many owners die one after the other" {
	line_up w a --count 20
	for _ in {1..20}; do
		background holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
		wait_until grep -q held holder.out
		shoot KILL holder
		ends 137 holder
		: >holder.out
		expect 0 done a
	done
	ends 0 w
}
