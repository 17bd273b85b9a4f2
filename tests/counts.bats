#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# counts.bats - waits for several tokens, and posts of several

load helper

@test "a wait for three takes all three or nothing" {
	line_up w a --count 3
	expect 0 done a
	expect 0 done a
	await_sleep w
	left a 2
	expect 0 done a
	ends 0 w
	left a 0
}

@test "a wait for three that times out leaves what was there" {
	expect 0 done a --count 2
	expect_w 124 wait a --count 3 --timeout 50ms
	left a 2
	expect_w 124 try a --count 3
	left a 2
	expect_w 0 try a --count 2
	left a 0
}

@test "several waits take the tokens of one post" {
	expect 0 done a --count 5
	expect_w 0 wait a --count 2
	expect_w 0 wait a --count 2
	expect_w 124 try a --count 2
	expect_w 0 try a
	expect_w 124 try a
}

@test "a first waiter that lacks tokens holds up the waiters after it" {
	line_up w1 a --count 3
	line_up w2 a
	line_up w3 a
	expect 0 done a --count 2
	await_sleep w1 w2 w3
	left a 2
	expect 0 done a
	ends 0 w1
	await_sleep w2 w3
	expect 0 done a --count 2
	ends 0 w2 w3
	left a 0
}

@test "a post that suffices for the first waiter and not for the second releases the first alone" {
	line_up w1 a --count 2
	line_up w2 a --count 2
	line_up w3 a
	expect 0 done a --count 3
	ends 0 w1
	await_sleep w2 w3
	left a 1
	expect 0 done a --count 2
	ends 0 w2 w3
}

@test "when a first waiter that lacks tokens dies the next takes those that are there" {
	line_up w1 a --count 3
	line_up w2 a --count 2
	expect 0 done a --count 2
	await_sleep w1 w2
	shoot KILL w1
	ends 137 w1
	ends 0 w2
	left a 0
}

@test "the count applies to each of several names" {
	expect 0 done a --count 2
	expect 0 done b
	line_up w a b --count 2
	expect 0 done b
	ends 0 w
	left a 0
	left b 0
}

@test "all suffices for any count" {
	line_up w a --count 4294967294
	expect 0 done a --all
	ends 0 w
	expect_w 0 wait a --count 4294967294
	expect_w 0 try a --count 17
}

@test "the largest count is posted and taken whole" {
	expect 0 done a --count 4294967294
	left a 4294967294
	look '.completions[0].all == false'
	expect_w 0 wait a --count 4294967294
	left a 0
}

@test "a counter that would overflow is an error, and nothing changes" {
	expect 0 done a --count 4294967293
	expect 125 done a --count 2
	one_line '^compl: done: a: '
	left a 4294967293
	expect 0 done a
	expect 125 done a
	left a 4294967294
	expect 0 done a --all
	left a 4294967295
}

@test "an error at the second name says what the first name got, and stops before the third" {
	expect 0 done b --count 4294967294
	expect 125 done a b c --status 3
	one_line '^compl: done: b: .*\ba\b'
	left a 1
	left b 4294967294
	left c 0
	look '.completions[] | select(.name == "b") | .status == 0'
}

@test "a wait for zero tokens, or for more than the counter can hold, is refused" {
	for n in 0 4294967295 -1 99999999999999999999; do
		expect_w 125 wait a --count "$n" --timeout 1s
		refusal
		expect_w 125 try a --count "$n"
		refusal
	done
	[ ! -e "$segment" ]
}
