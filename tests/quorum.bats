#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# quorum.bats - wait --at-least K: exactly K of the names, all or nothing

load helper

@test "it takes from the first K names that are done, and prints which" {
	expect 0 done a c d
	expect_w 0 wait a b c d --at-least 2
	printed a c
	left a 0
	left c 0
	left d 1
	expect_w 0 try b d --at-least 1
	printed d
	expect_w 124 try a b --at-least 1
	expect 0 done a --count 2
	expect 0 done b
	expect_w 124 try a b --at-least 2 --count 2
	left a 2
	expect 0 done b
	expect_w 0 try a b c --at-least 2 --count 2
	printed a b
}

@test "all or nothing: K names must be done at the same instant" {
	line_up w a b c --at-least 2
	expect 0 done a
	waiters b 1
	expect_w 124 try a # it is first in line there, and holds the token up
	expect 0 done c
	ends 0 w
	[ "$(<w.out)" = $'a\nc' ]
	left a 0
	left c 0
	left b 0
}

@test "it is served in the order of the line, also against waits for all, for any and for one name" {
	line_up w1 a b c --at-least 2
	line_up w2 a
	line_up w3 c b
	line_up w4 b c --any
	expect 0 done a
	expect 0 done b
	ends 0 w1
	expect 0 done a b
	ends 0 w2
	waiters b 2
	expect 0 done c
	ends 0 w3
	expect 0 done c
	ends 0 w4
}

@test "all lets it go when K names are at all, whatever follows at once" {
	local i

	for i in {1..10}; do
		line_up w a$i b$i c$i --at-least 2
		expect 0 done a$i --all
		waiters b$i 1
		expect 0 done c$i --all --value last
		expect 0 reinit a$i c$i
		ends 0 w
		[ "$(<w.out)" = "a$i"$'\n'"c$i" ]
	done
}

@test "a ready name counts as long as its producer lives" {
	background p "$COMPL" run a --ready fd:7 -- sh -c 'echo >&7; exec sleep 1000'
	expect_w 0 wait a
	line_up w a b c --at-least 2
	shoot TERM p
	ends 143 p
	waiters b 1
	expect 0 done b
	waiters b 1
	expect 0 done c
	ends 0 w
	[ "$(<w.out)" = $'b\nc' ]
}

@test "removed names, and those whose producer went away, end it only when too few are left" {
	background p "$COMPL" run b -- sleep 1000
	wait_until produces p b
	line_up w a b c d --at-least 2
	expect 0 rm a
	waiters b 1
	shoot KILL p
	ends 137 p
	waiters c 1
	expect 0 done a b
	waiters c 1 # the new a is another name, and b is lost
	expect 0 done c
	expect 0 done d
	ends 0 w
	[ "$(<w.out)" = $'c\nd' ]
	line_up v e f g --at-least 2
	expect 0 rm e
	expect 0 rm f
	ends 120 v
	background q "$COMPL" run h -- sleep 1000
	wait_until produces q h
	line_up u h i --at-least 2
	shoot KILL q
	ends 137 q
	ends 121 u
	expect_w 121 wait h i --at-least 2
	expect_w 124 wait h i j --at-least 2 -t 10ms
	expect 0 done i j
	expect_w 0 wait h i j --at-least 2
	printed i j
	line_up t k l m --at-least 1
	expect 0 rm --all
	ends 120 t
}

@test "a name whose producer went away is done again by a token, which wakes it" {
	background p "$COMPL" run a --ready fd:7 -- sh -c 'trap "exit 3" USR1; echo >&7; while :; do sleep 0.01; done'
	expect_w 0 wait a
	line_up w a b c --at-least 2
	shoot USR1 p
	ends 3 p
	expect 0 done b
	waiters b 1
	expect 0 done a
	ends 0 w
	[ "$(<w.out)" = $'a\nb' ]
	background q "$COMPL" run d -- sleep 1000
	wait_until produces q d
	line_up first d x
	line_up v d e f --at-least 2
	shoot KILL q
	ends 137 q
	ends 121 first
	expect 0 done e
	waiters e 1
	expect 0 reinit d --force
	expect 0 done d
	ends 0 v
	[ "$(<v.out)" = $'d\ne' ]
}

@test "a name whose producer went away is done again when another producer is ready" {
	background p "$COMPL" run a -- sleep 1000
	wait_until produces p a
	background q "$COMPL" run a --ready fd:7 -- sh -c 'trap "echo >&7" USR1; : >trapped; while :; do sleep 0.01; done'
	wait_until produces q a
	wait_until test -e trapped
	line_up w a b --at-least 1
	shoot KILL p
	ends 137 p
	waiters b 1
	shoot USR1 q
	ends 0 w
	[ "$(<w.out)" = a ]
	shoot TERM q
	ends 143 q
}

# produces LABEL NAME
produces() {
	timeout -s KILL "$LIMIT" "$COMPL" ls "$2" --json 3>&- |
		jq -e ".completions[].producers[] | select(.pid == ${pid[$1]})" >jq.out
}

@test "a status counts as done, and is the status; --fail-fast ends it at the first" {
	expect 0 done a --status 3
	expect 0 done c
	expect_w 3 wait a b c --at-least 2 --outcome
	[ "$out" = $'a\nc\ndone 3' ]
	line_up w a b c --at-least 2 --fail-fast --outcome
	expect 0 done b --status 4
	ends 4 w
	[ "$(<w.out)" = "failed 4 b" ]
	left b 1
}

@test "CMD has the names and the first value" {
	expect 0 done a --value x
	expect 0 done c --value y
	# shellcheck disable=SC2016
	expect_w 0 wait a b c --at-least 2 -- sh -c 'echo "$COMPL_NAME: $COMPL_VALUE"'
	printed "a c: x"
	expect 0 done a c --count 2
	# shellcheck disable=SC2016
	expect_w 0 wait a b c --at-least 2 --borrow -- sh -c '"$0" ls a c --json | jq -c "[.completions[].done]"' "$COMPL"
	printed "[1,1]"
	left a 2
}

@test "who dies or times out in it leaves the lines without disturbing others" {
	line_up w1 a b c --at-least 2
	line_up w2 a b c --at-least 3
	line_up w3 b
	shoot KILL w1
	ends 137 w1
	expect 0 done b
	expect_w 124 wait a b --at-least 1 -t 10ms
	shoot TERM w2
	ends 143 w2
	ends 0 w3
	expect 0 check
}

@test "bad use is refused" {
	expect 125 wait a b --at-least 3
	usage_lines '^compl: wait: --at-least: 3 of 2 names cannot be done'
	expect 125 wait a b --at-least 0
	expect 125 wait a b --at-least 1 --any
	usage_lines '^compl: wait: --any and --at-least exclude each other'
}

@test "done --waiting counts what it still needs" {
	line_up w a b c --at-least 2
	expect 0 done a --waiting
	left a 1
	expect 0 done b --waiting
	ends 0 w
	left a 0
	background p "$COMPL" run d -- sleep 1000
	wait_until produces p d
	line_up v d e f --at-least 2
	shoot KILL p
	ends 137 p
	expect 0 done e f --waiting # d is at "all", and does not count
	ends 0 v
}
