#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# names.bats - waits over several names, all or any of them

load helper

@test "a wait over two names takes from both, and from none before both are there" {
	line_up w a b
	expect 0 done a
	await_sleep w
	left a 1
	expect 0 done b
	ends 0 w
	left a 0
	left b 0
}

@test "a wait over two names that times out leaves both as they were" {
	expect 0 done b
	expect_w 124 wait a b --timeout 50ms
	left b 1
	expect 0 ls --names
	printed b
}

@test "of two crossing waits the earlier is granted first, whichever name is posted first" {
	local first second

	for first in a b; do
		second=$([ $first = a ] && echo b || echo a)
		line_up w1 a b
		line_up w2 b a
		expect 0 done $first
		await_sleep w1 w2
		expect 0 done $second
		ends 0 w1
		await_sleep w2
		expect 0 done $first $second
		ends 0 w2
	done
}

@test "many crossing waits, posted from two sides, do not dead-lock" {
	local i names=("a b" "b a" "b c" "c a" "a c" "c b" "a b c" "c b a")

	for i in {0..23}; do
		background w$i "$COMPL_WAITER" wait ${names[i % 8]}
	done
	background pa bash -c 'for i in {1..18}; do "$0" done a || exit; done' "$COMPL"
	background pb bash -c 'for i in {1..18}; do "$0" done b || exit; done' "$COMPL"
	for _ in {1..18}; do
		expect 0 done c
	done
	ends 0 pa pb w{0..23}
	expect 0 ls --names
	silent
}

@test "a wait over several names holds its place in each line" {
	line_up w1 a b
	line_up w2 b c
	line_up w3 c
	expect 0 done b c
	await_sleep w1 w2 w3
	expect 0 done a
	ends 0 w1
	await_sleep w2 w3
	expect 0 done b
	ends 0 w2
	await_sleep w3
	expect 0 done c
	ends 0 w3
}

@test "a wait over several names that dies frees every line" {
	line_up w1 a b c
	line_up w2 c
	line_up w3 b
	expect 0 done b c
	await_sleep w2 w3
	shoot KILL w1
	ends 0 w2 w3
	ends 137 w1
	expect 0 ls --names
	silent
}

@test "after all of one name a wait over two names holds up no wait after it" {
	line_up w1 a b
	line_up w2 a
	expect 0 done a --all
	ends 0 w2
	expect_w 0 try a
	await_sleep w1
	expect 0 done b
	ends 0 w1
	left b 0
}

@test "a wait over two names counts as waiting until the other is there" {
	line_up w a b
	expect 0 done a --all
	await_sleep w
	waiters a 1
	expect 125 reinit a
	one_line '^compl: reinit: a: '
	expect 0 done b
	ends 0 w
	expect 0 reinit a
}

@test "a wait over two names is not released by an all that was taken back" {
	line_up w a b
	expect 0 done a --all
	expect 0 reinit a --force
	expect 0 done b
	await_sleep w
	left b 1
	expect 0 done a
	ends 0 w
}

@test "all on the last name that was missing releases a wait over several" {
	expect 0 done a --all
	line_up w a b c
	expect 0 done c
	await_sleep w
	expect 0 done b --all
	ends 0 w
	left c 0
}

@test "tokens for two waits over the same names go in order" {
	line_up w1 a b
	line_up w2 a b
	line_up w3 a b
	expect 0 done a --count 3
	await_sleep w1 w2 w3
	expect 0 done b
	ends 0 w1
	await_sleep w2 w3
	expect 0 done b --count 2
	ends 0 w2 w3
}

@test "one wait, one post and one look may have sixty-four names" {
	local names
	mapfile -t names < <(printf 'n%d\n' {1..64})

	line_up w "${names[@]}"
	expect 0 done "${names[@]:1}"
	await_sleep w
	expect 1 test "${names[@]}"
	expect 0 done n1
	ends 0 w
	expect 0 ls --names
	silent
}

@test "try over two names takes both or nothing" {
	expect 0 done a
	expect_w 124 try a b
	left a 1
	expect 0 done b
	expect_w 0 try a b
	left a 0
	left b 0
}

@test "a wait for any takes from the first name that is done and prints it" {
	line_up w a b c --any
	expect 0 done b
	ends 0 w
	[ "$(<w.out)" = b ]
	expect 0 ls --names
	silent
}

@test "a wait for any breaks ties in argument order and takes from no other name" {
	expect 0 done a b
	expect_w 0 wait c b a --any
	printed b
	left a 1
	left b 0
	expect_w 0 try b a --any
	printed a
	expect_w 124 try b a --any
	silent
}

@test "a wait for any that timed out has taken and printed nothing" {
	expect_w 124 wait a b --any --timeout 50ms
	one_line '^compl: wait: '
	expect 0 ls --names
	silent
}

@test "a wait for any keeps its place in each line" {
	line_up w1 a b --any
	line_up w2 a
	line_up w3 b
	expect 0 done b
	ends 0 w1
	await_sleep w2 w3
	expect 0 done b
	ends 0 w3
	await_sleep w2
	expect 0 done a
	ends 0 w2
}

@test "a wait for any does not overtake in a line where it is not first" {
	line_up w1 a --count 2
	line_up w2 a b --any
	expect 0 done a
	await_sleep w1 w2
	expect 0 done b
	ends 0 w2
	[ "$(<w2.out)" = b ]
	await_sleep w1
	expect 0 done a
	ends 0 w1
}

@test "a wait for any moves up when the one before it dies, in any of its lines" {
	line_up w1 a --count 2
	line_up w2 b --count 2
	line_up w3 b a --any
	expect 0 done a b
	await_sleep w1 w2 w3
	shoot KILL w1
	ends 137 w1
	ends 0 w3
	[ "$(<w3.out)" = a ]
	await_sleep w2
	expect 0 done b
	ends 0 w2
}

@test "a wait for any of many takes several tokens from one" {
	local names
	mapfile -t names < <(printf 'n%d\n' {1..64})

	line_up w "${names[@]}" --any --count 2
	expect 0 done n64 n17
	await_sleep w
	expect 0 done n64
	ends 0 w
	[ "$(<w.out)" = n64 ]
	expect 0 ls --names
	printed n17
}

@test "a wait for any with a name at all ends at once" {
	expect 0 done b --all
	expect_w 0 wait a b --any
	printed b
	line_up w a c --any
	expect 0 done c --all
	ends 0 w
	[ "$(<w.out)" = c ]
}

@test "two waits for any of the same names share two tokens" {
	line_up w1 a b --any
	line_up w2 b a --any
	expect 0 done a
	ends 0 w1
	expect 0 done a
	ends 0 w2
	[ "$(<w1.out)" = a ]
	[ "$(<w2.out)" = a ]
}

@test "removing one of its names ends a wait, and it takes nothing from the others" {
	expect 0 done b
	line_up w a b c
	expect 0 rm a
	ends 120 w
	[ "$(wc -l <w.err)" -eq 1 ]
	[[ $(<w.err) == "compl: wait: a: "* ]]
	left b 1
	expect 0 ls --names
	printed b
}

@test "removing another name than the one it sleeps on ends a wait, too" {
	line_up w1 a b c
	line_up w2 a b
	line_up w3 a
	expect 0 rm b
	ends 120 w1 w2
	[[ $(<w1.err) == "compl: wait: b: "* ]]
	await_sleep w3
	expect 0 done a
	ends 0 w3
	expect 0 ls --names
	silent
}

@test "removing one of its names ends a wait for any, too" {
	line_up w1 a b --any
	line_up w2 b
	expect 0 rm a
	ends 120 w1
	await_sleep w2
	expect 0 done b
	ends 0 w2
}

@test "the same name twice is refused" {
	for c in init wait try done test reinit rm; do
		expect 125 $c a b a
		refusal
	done
	[ ! -e "$segment" ]
}
