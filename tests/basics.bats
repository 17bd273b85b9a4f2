#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# basics.bats - wait, done and all, for one name and several

load helper

@test "a signal that comes before the wait is remembered" {
	expect 0 done a
	silent
	expect_w 0 wait a
	silent
	expect_w 124 try a
}

@test "a waiter ends when its token comes, and takes it" {
	line_up w a
	expect 0 done a
	ends 0 w
	left a 0
	[ ! -s w.out ]
	[ ! -s w.err ]
}

@test "tokens add up: three posts release three waits, and not a fourth" {
	expect 0 done a
	expect 0 done a
	expect 0 done a
	left a 3
	expect_w 0 wait a
	expect_w 0 wait a
	expect_w 0 wait a
	expect_w 124 try a
}

@test "a token for one name is not one for another" {
	line_up w a
	expect 0 done b
	expect 0 done A
	expect 0 done aa
	await_sleep w
	expect 0 done a
	ends 0 w
}

@test "all is not consumed" {
	expect 0 done a --all
	for _ in 1 2 3; do
		expect_w 0 wait a
		expect_w 0 try a
	done
	left a 4294967295
}

@test "all releases every waiter now and later, until reinit" {
	for i in 1 2 3 4 5; do
		line_up w$i a
	done
	expect 0 done a --all
	ends 0 w1 w2 w3 w4 w5
	expect_w 0 wait a
	expect 0 reinit a
	silent
	expect_w 124 try a
	line_up w6 a
	expect 0 done a
	ends 0 w6
}

@test "a second all changes nothing" {
	expect 0 done a --all
	expect 0 done a --all
	silent
	left a 4294967295
	expect_w 0 wait a
}

@test "a token for a name at all changes nothing and succeeds" {
	expect 0 done a --all --status 2 --value first
	expect 0 done a --count 7 --status 3 --value second
	silent
	expect 0 done a --all --status 4 --value third
	left a 4294967295
	expect_w 2 wait a --print
	printed first
}

@test "done posts to each of its names" {
	line_up w b
	expect 0 done a b c
	ends 0 w
	left a 1
	left b 0
	left c 1
}

@test "namespaces do not see each other" {
	local here=$COMPL_NAMESPACE

	use_namespace "$here.two"
	line_up w a
	expect 0 -n "$here" done a
	await_sleep w
	expect 0 -n "$here" test a
	expect 1 test a
	expect 0 done a
	ends 0 w
}

@test "the namespace may stand before or after the command, and beats the environment" {
	local here=$COMPL_NAMESPACE

	use_namespace "$here.two"
	expect 0 -n "$here" done a
	expect 0 done a -n "$here"
	expect 0 done --namespace "$here" a
	expect 0 --namespace="$here" done a
	expect 1 test a
	use_namespace "$here"
	left a 4
}

@test "options stand before or after names" {
	expect 0 done --count 2 a b
	expect 0 done a --count 2 b
	expect_w 0 wait --count 4 a -t 5s b
	expect_w 124 wait a --timeout 0 b --count 1
}

@test "a long option takes its value after = or as a word" {
	expect 0 done a --count=2
	expect 0 done a --count 2
	expect_w 0 wait a --count=4 --timeout=5s
	expect_w 124 try a
}

@test "waiter and producer may start in any order" {
	for i in 1 2 3 4 5 6 7 8; do
		background w$i "$COMPL_WAITER" wait "n$i" --timeout 20s
		background stray$i "$COMPL" done "n$i"
	done
	ends 0 w1 w2 w3 w4 w5 w6 w7 w8 stray1 stray2 stray3 stray4 stray5 stray6 stray7 stray8
	expect 0 ls --names
	silent
}

@test "two processes hand over to each other many times" {
	background w bash -c 'for i in {1..100}; do "$0" wait ping && "$1" done pong || exit; done' \
		"$COMPL_WAITER" "$COMPL"
	for _ in {1..100}; do
		"$COMPL" done ping
		timeout -s KILL "$LIMIT" "$COMPL_WAITER" wait pong
	done
	ends 0 w
	expect 0 ls --names
	silent
}

@test "many waiters and posters at once take every token once" {
	for i in {1..12}; do
		background w$i "$COMPL_WAITER" wait a
		background p$i "$COMPL" done a
	done
	ends 0 w{1..12} p{1..12}
	left a 0
}
