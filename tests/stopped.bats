#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# stopped.bats - a participant that is stopped for any length of time
#
# It holds up tokens where it is first in line, and nothing else.  A participant that is stopped with
# the lock is in lock.bats, one that was released before it was stopped in released.bats.

load helper

@test "behind a stopped waiter at the head deadlines and signals work, and newcomers join" {
	line_up w1 a
	line_up w2 a --timeout 3s
	line_up_default w3 a
	line_up w4 a
	stop w1
	expect 0 done a
	ends 124 w2
	shoot INT w3
	ends 130 w3
	expect_w 124 wait a --timeout 50ms
	expect_w 124 try a
	line_up w5 a
	waiters a 3
	shoot CONT w1
	ends 0 w1
	await_sleep w4 w5
	expect 0 done a --count 2
	ends 0 w4 w5
}

@test "a stopped waiter at the head does not affect other names" {
	line_up w1 a
	stop w1
	line_up w2 a b --any
	line_up w3 b
	expect 0 done a b
	ends 0 w2
	[ "$(<w2.out)" = b ]
	expect 0 done b
	ends 0 w3
	left a 1
	shoot KILL w1
	ends 137 w1
	left a 1
}

@test "behind a stopped waiter at the head reinit, rm and the other ways out work" {
	line_up w1 a
	line_up w2 a --fail-fast
	line_up w3 a
	stop w1
	expect 0 done a --status 3
	ends 3 w2
	expect 125 reinit a
	expect 0 reinit a --force
	await_sleep w3
	expect 0 rm a
	ends 120 w3
	waiters a 0
	shoot CONT w1
	ends 120 w1
}

@test "a stopped waiter in the middle holds up no wait before its turn, and then its deadline makes way" {
	line_up w1 a
	line_up w2 a --timeout 5s
	line_up w3 a
	stop w2
	expect 0 done a
	ends 0 w1
	expect 0 done a
	await_sleep w3
	background clock "$COMPL_WAITER" wait other --timeout 5s
	ends 124 clock
	await_sleep w3 # it is first in line and has not seen its deadline
	shoot CONT w2
	outcome w2
	[ "$got" -eq 0 ] || [ "$got" -eq 124 ]
	[ "$got" -ne 0 ] || expect 0 done a
	ends 0 w3
	left a 0
}

@test "a stopped waiter in the middle keeps its place when others before or behind it leave or die" {
	line_up w1 a
	line_up w2 a
	line_up w3 a
	line_up w4 a
	line_up w5 a
	stop w3
	shoot KILL w2 w4
	ends 137 w2 w4
	expect 0 done a --count 2
	ends 0 w1
	await_sleep w5
	shoot CONT w3
	ends 0 w3
	expect 0 done a
	ends 0 w5
}

@test "while all of a line are stopped tokens wait, and are taken in order afterwards" {
	local i

	for i in {1..6}; do
		line_up w$i a
	done
	stop w{1..6}
	expect 0 done a --count 6
	shoot CONT w6 w5
	await_sleep w6 w5
	shoot CONT w4 w2
	await_sleep w4 w2
	shoot KILL w3
	ends 137 w3
	await_sleep w4
	shoot CONT w1
	ends 0 w1 w2 w4 w5 w6
	left a 1
}

@test "a stopped waiter over several names holds up the lines where it is first, and no other" {
	line_up w1 a b
	line_up w2 b
	line_up w3 a --timeout 3s
	line_up w4 c a --any
	stop w1
	expect 0 done a b c
	await_sleep w2
	ends 124 w3
	ends 0 w4
	[ "$(<w4.out)" = c ]
	shoot CONT w1
	ends 0 w1
	expect 0 done b
	ends 0 w2
}

@test "what a stopped wait for any does not take is taken when it is gone" {
	line_up w1 a b --any
	line_up w2 a b --any
	line_up w3 b
	stop w1
	expect 0 done a b
	await_sleep w2 w3
	shoot KILL w1
	ends 137 w1
	ends 0 w2
	if [ "$(<w2.out)" = b ]; then # the kernel releases the two entries of the dead one one after the other
		left a 1
		expect 0 done b
	fi
	ends 0 w3
	left b 0
}

@test "a stopped poster has posted or it has not, and the others post and take meanwhile" {
	local i

	line_up keep keep
	for i in {1..25}; do
		background p "$COMPL" done a
		kill -STOP "${pid[p]}" 2>/dev/null || :
		# If it holds the lock, this would wait for it: then it has to go on first.
		background d "$COMPL" done b
		wait_until rests "${pid[d]}"
		kill -CONT "${pid[p]}" 2>/dev/null || :
		ends 0 p d
	done
	left a 25
	left b 25
	expect 0 done keep
	ends 0 keep
}
