#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# released.bats - a released waiter stays released
#
# Each waiter that was in line when "all" was committed ends with its status and value, whatever
# follows at once.

load helper

@test "after all and reinit at once every waiter that was in line ends" {
	for i in {1..12}; do
		line_up w$i a --print
	done
	expect 0 done a --all --status 3 --value gone
	expect 0 reinit a
	ends 3 w{1..12}
	for i in {1..12}; do
		[ "$(<w$i.out)" = gone ]
	done
	expect_w 124 try a
}

@test "after all and rm at once every waiter that was in line ends, and none with 120" {
	expect 0 init a
	for i in {1..12}; do
		line_up w$i a --print
	done
	expect 0 done a --all --status 4 --value gone
	expect 0 rm a
	ends 4 w{1..12}
	for i in {1..12}; do
		[ "$(<w$i.out)" = gone ]
	done
	expect 0 ls --names
	silent
}

@test "in rounds of all and reinit no waiter is left, and none is released twice" {
	local round i

	for round in {1..15}; do
		for i in {1..8}; do
			background w$i "$COMPL_WAITER" wait a
		done
		await_sleep w{1..8}
		wait_until_waiting a 8 # in line, and not for the lock
		expect 0 done a --all
		expect 0 reinit a
		ends 0 w{1..8}
	done
	expect 0 ls --names
	silent
}

@test "after all no waiter counts as waiting, not even a stopped one" {
	for i in {1..5}; do
		line_up w$i a
	done
	stop w1 w3
	expect 0 done a --all --status 3
	waiters a 0
	expect 0 reinit a
	silent
	expect 0 ls --names
	silent
	ends 3 w2 w4 w5
	shoot CONT w1 w3
	ends 3 w1 w3
}

@test "stopped waiters end with their own release, after reinit and new posts" {
	line_up w1 a --print
	line_up w2 a --print
	stop w1 w2
	expect 0 done a --all --status 1 --value one
	expect 0 reinit a
	line_up w3 a --print
	line_up w4 a --print
	stop w3
	expect 0 done a --all --status 2 --value two
	expect 0 reinit a
	ends 2 w4
	expect 0 done a --all --status 3 --value three
	expect_w 3 wait a --print
	printed three
	shoot CONT w1 w2 w3
	ends 1 w1 w2
	ends 2 w3
	[ "$(<w1.out) $(<w2.out) $(<w3.out)" = "one one two" ]
}

@test "stopped waiters end with their release after rm and a new name of the same text" {
	expect 0 init a
	line_up w1 a --print
	line_up w2 a
	stop w1
	expect 0 done a --all --value first
	expect 0 rm a
	expect 0 done a --status 9 --value second
	ends 0 w2
	shoot CONT w1
	ends 0 w1
	[ "$(<w1.out)" = first ]
	left a 1
}

@test "stopped waiters that are killed instead disturb no other" {
	for i in {1..6}; do
		line_up w$i a
	done
	stop w1 w2 w5
	expect 0 done a --all
	expect 0 reinit a
	ends 0 w3 w4 w6
	line_up w7 a
	shoot KILL w1 w5
	ends 137 w1 w5
	await_sleep w7
	expect 0 done a
	ends 0 w7
	shoot CONT w2
	ends 0 w2
	left a 0
}

@test "stopped waiters that are killed instead after rm disturb no other" {
	for i in {1..6}; do
		line_up w$i a
	done
	stop w1 w2 w5
	expect 0 done a --all
	expect 0 rm a
	ends 0 w3 w4 w6
	shoot KILL w1 w5
	ends 137 w1 w5
	line_up w7 a
	expect 0 done a
	ends 0 w7
	shoot CONT w2
	ends 0 w2
	expect 0 ls --names
	silent
}

@test "a stopped waiter that was released is not ahead of a newcomer" {
	line_up w1 a
	stop w1
	expect 0 done a --all
	expect 0 reinit a
	line_up w2 a
	expect 0 done a
	ends 0 w2
	left a 0
	shoot CONT w1
	ends 0 w1
	left a 0
}

@test "a deadline or a signal that comes after the release is too late" {
	line_up w1 a --timeout 3s
	line_up w2 a
	stop w1 w2
	expect 0 done a --all --status 3
	expect 0 reinit a
	background w3 "$COMPL_WAITER" wait a --timeout 3s
	ends 124 w3
	shoot CONT w1 w2
	ends 3 w1 w2
}

@test "a wait for any is released by all of one of its names" {
	line_up w1 a b --any --print
	line_up w2 b a --any --print
	stop w1
	expect 0 done b --all --status 2 --value both
	expect 0 reinit b
	ends 2 w2
	shoot CONT w1
	ends 2 w1
	[ "$(<w1.out)" = $'b\nboth' ]
	[ "$(<w2.out)" = $'b\nboth' ]
	expect 0 ls --names
	silent
}

@test "a wait over several names is released when the last one is covered by all" {
	expect 0 done a --all --value x
	line_up w1 a b --print
	line_up w2 b a --print
	stop w1
	expect 0 done b --all --value y
	expect 0 reinit b
	expect 0 reinit a
	ends 0 w2
	shoot CONT w1
	ends 0 w1
	[ "$(<w1.out)" = $'x\ny' ]
	[ "$(<w2.out)" = $'y\nx' ]
}

@test "among many released and stopped waiters and many new ones each gets what is its own" {
	local i

	for i in {1..20}; do
		line_up w$i a
	done
	stop w{1..10}
	expect 0 done a --all --status 7
	expect 0 reinit a
	ends 7 w{11..20}
	for i in {21..30}; do
		line_up w$i a
	done
	shoot CONT w{1..5}
	ends 7 w{1..5}
	shoot KILL w{6..10}
	ends 137 w{6..10}
	for i in {21..30}; do
		expect 0 done a
		ends 0 w$i
	done
	left a 0
}
