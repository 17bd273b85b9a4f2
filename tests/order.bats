#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# order.bats - the order of one line: deaths, stops, deadlines and newcomers

load helper

@test "each token goes to the first in line" {
	for i in {1..10}; do
		line_up w$i a
	done
	for i in {1..9}; do
		expect 0 done a
		ends 0 w$i
		for ((j = i + 1; j <= 10; j++)); do
			await_sleep w$j
		done
	done
	expect 0 done a
	ends 0 w10
}

@test "several tokens at once go to that many waiters from the first on" {
	for i in {1..9}; do
		line_up w$i a
	done
	expect 0 done a --count 4
	ends 0 w{1..4}
	await_sleep w{5..9}
	expect 0 done a --count 5
	ends 0 w{5..9}
	left a 0
}

@test "a waiter that times out, is interrupted or is killed leaves the line without disturbing it" {
	line_up_default w1 a
	line_up_default w2 a --timeout 3s
	line_up_default w3 a
	line_up_default w4 a
	line_up_default w5 a
	line_up_default w6 a --timeout 3s
	line_up_default w7 a
	line_up_default w8 a
	line_up_default w9 a
	shoot TERM w1
	ends 143 w1
	shoot INT w4
	ends 130 w4
	ends 124 w2 w6
	await_sleep w3 w5 w7 w8 w9
	expect 0 done a
	ends 0 w3
	await_sleep w5 w7 w8 w9
	shoot KILL w5
	shoot KILL w9
	ends 137 w5 w9
	expect 0 done a
	ends 0 w7
	await_sleep w8
	expect 0 done a
	ends 0 w8
	expect 0 ls --names
	silent
}

@test "all but the last are killed from the front, and the last gets the token" {
	for i in {1..8}; do
		line_up w$i a
	done
	for i in {1..7}; do
		shoot KILL w$i
	done
	expect 0 done a
	ends 0 w8
	ends 137 w{1..7}
	left a 0
}

@test "all but the last are killed from the back, and the last gets the token" {
	for i in {1..8}; do
		line_up w$i a
	done
	for i in {7..1}; do
		shoot KILL w$i
	done
	expect 0 done a
	ends 0 w8
	ends 137 w{1..7}
	left a 0
}

@test "while some die the living are granted in their order, and none is passed over" {
	local i next=1

	for i in {1..20}; do
		line_up w$i a
	done
	# Every third dies, some with the token on its way to the one before.
	for i in 3 6 9 12 15 18; do
		shoot KILL w$i
		expect 0 done a
		ends 137 w$i
		while [ $((next % 3)) -eq 0 ]; do
			next=$((next + 1))
		done
		ends 0 w$next
		next=$((next + 1))
	done
	for i in {1..20}; do
		if [ "$i" -ge "$next" ] && [ $((i % 3)) -ne 0 ]; then
			await_sleep w$i
		fi
	done
	for i in {1..20}; do
		if [ "$i" -ge "$next" ] && [ $((i % 3)) -ne 0 ]; then
			expect 0 done a
			ends 0 w$i
		fi
	done
	left a 0
}

@test "a newcomer does not overtake, and while a wait is in line it finds nothing to take" {
	line_up w a --count 2
	expect 0 done a
	expect_w 124 try a
	silent
	expect_w 124 wait a --timeout 0
	expect_w 124 wait a --timeout 30ms
	left a 1
	expect 0 done a
	ends 0 w
}

@test "a token without a waiter goes to the next wait, not to one that left" {
	background w1 "$COMPL_WAITER" wait a --timeout 50ms
	ends 124 w1
	expect 0 done a
	left a 1
	expect_w 0 wait a
}

@test "a stopped waiter at the head holds up tokens" {
	line_up w1 a
	line_up w2 a
	shoot STOP w1
	wait_until is_stopped "${pid[w1]}"
	expect 0 done a
	await_sleep w2
	expect_w 124 try a
	shoot CONT w1
	ends 0 w1
	await_sleep w2
	expect 0 done a
	ends 0 w2
}

@test "a stopped waiter at the head does not hold up all" {
	for i in {1..5}; do
		line_up w$i a
	done
	shoot STOP w1 w3
	wait_until is_stopped "${pid[w1]}"
	wait_until is_stopped "${pid[w3]}"
	expect 0 done a --all
	ends 0 w2 w4 w5
	expect_w 0 wait a
	shoot CONT w1 w3
	ends 0 w1 w3
}

@test "a stopped waiter that is killed makes way" {
	line_up w1 a
	line_up w2 a
	shoot STOP w1
	wait_until is_stopped "${pid[w1]}"
	expect 0 done a
	await_sleep w2
	shoot KILL w1
	ends 137 w1
	ends 0 w2
	left a 0
}

@test "a stopped waiter whose deadline has passed times out when it is continued, if there is no token" {
	line_up w1 a --timeout 3s
	shoot STOP w1
	wait_until is_stopped "${pid[w1]}"
	background w2 "$COMPL_WAITER" wait b --timeout 3s
	ends 124 w2
	shoot CONT w1
	ends 124 w1
}

@test "a first waiter whose deadline comes lets the waiters after it go on" {
	line_up w1 a --count 2 --timeout 3s
	line_up w2 a
	expect 0 done a
	ends 124 w1
	ends 0 w2
	left a 0
}

@test "in a storm of short waits no token is lost and none is taken twice" {
	local taken=0 i

	for i in {1..40}; do
		background w$i "$COMPL_WAITER" wait a --timeout $((i % 7 * 3))ms
		if [ $((i % 2)) -eq 0 ]; then
			expect 0 done a
		fi
	done
	for i in {1..40}; do
		outcome w$i
		if [ "$got" -eq 0 ]; then
			taken=$((taken + 1))
		else
			[ "$got" -eq 124 ]
		fi
	done
	left a $((20 - taken))
}
