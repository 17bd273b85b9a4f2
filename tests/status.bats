#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# status.bats - statuses and values: which ones a wait reports, and how long a name keeps them

load helper

@test "a wait ends with the posted status, silently" {
	line_up w a
	expect 0 done a --status 3
	ends 3 w
	[ ! -s w.out ]
	[ ! -s w.err ]
	expect 0 done a --status 255
	expect_w 255 wait a
	silent
	expect 0 done a --status 1
	expect_w 1 try a
	silent
}

@test "the first status that is not 0 sticks, with its value" {
	expect 0 done a --value zero
	expect 0 done a --status 3 --value first
	expect 0 done a --status 4 --value second
	expect 0 done a --value third
	for _ in 1 2 3 4; do
		expect_w 3 wait a --print
		printed first
	done
	expect_w 124 try a
}

@test "without a status the latest value counts" {
	expect 0 done a --value one
	expect 0 done a --value two
	expect_w 0 wait a --print
	printed two
	expect_w 0 wait a --print
	printed two
}

@test "a name that is back at 0 forgets status and value" {
	expect 0 done a --status 3 --value x
	expect_w 3 wait a --print
	expect 0 done a
	expect_w 0 wait a --print
	silent
}

@test "a name that is back at 0 forgets its status even if waits are in line" {
	line_up w1 a --print
	line_up w2 a --print
	expect 0 done a --status 5 --value five
	ends 5 w1
	[ "$(<w1.out)" = five ]
	await_sleep w2
	expect 0 done a
	ends 0 w2
	[ ! -s w2.out ]
}

@test "an initialised name keeps status and value at 0, until reinit" {
	expect 0 init a
	expect 0 done a --status 3 --value x
	expect_w 3 wait a --print
	printed x
	expect 0 done a --value y
	expect_w 3 wait a --print
	printed x
	expect 0 reinit a
	expect 0 done a --value z
	expect_w 0 wait a --print
	printed z
	look '.completions[0].value == "z" and .completions[0].status == 0'
}

@test "all keeps status and value for every wait, until reinit" {
	line_up w1 a --print
	line_up w2 a --print
	expect 0 done a --all --status 9 --value nine
	ends 9 w1 w2
	[ "$(<w1.out)$(<w2.out)" = ninenine ]
	expect_w 9 wait a --print
	printed nine
	expect 0 reinit a
	expect 0 done a
	expect_w 0 wait a --print
	silent
}

@test "a status posted before all stays the status of all" {
	expect 0 done a --status 3 --value early
	expect 0 done a --all --status 4 --value late
	expect_w 3 wait a --print
	printed early
}

@test "of several names the first in argument order whose status is not 0 decides" {
	expect 0 done a
	expect 0 done b --status 4
	expect 0 done c --status 5
	expect_w 4 wait a b c
	one_line '^compl: wait: b: status 4$'
	expect 0 done a b
	expect 0 done c --status 5
	expect_w 5 wait c b a
	one_line '^compl: wait: c: status 5$'
	expect 0 done a b
	expect_w 0 wait a b
	silent
}

@test "of several names with --any the status is that of the one that was done" {
	expect 0 done b --status 7
	expect_w 7 wait a b --any
	[ "$out" = b ]
}

@test "statuses that mean something to compl can be posted as well" {
	for s in 120 121 122 124 125 126 127 130 143; do
		expect 0 done a --status $s
		expect_w $s wait a
		silent
	done
}

@test "the values of several names are printed in argument order, if they have one" {
	expect 0 done a --value one
	expect 0 done b
	expect 0 done c --value three
	expect 0 done d --value ""
	expect_w 0 wait c b d a --print
	[ "$(cat out)" = $'three\n\none' ]
	[ "$(wc -l <out)" -eq 3 ]
}

@test "with --any and --print the name comes first, then its value" {
	expect 0 done b --value two
	expect_w 0 wait a b --any --print
	printed b two
}

@test "an empty value is a value, and a missing one is not" {
	expect 0 done a --value ""
	expect_w 0 wait a --print
	[ "$(wc -c <out)" -eq 1 ]
	expect 0 done a
	expect_w 0 wait a --print
	[ "$(wc -c <out)" -eq 0 ]
}

@test "values of 255 bytes, and of any UTF-8, arrive unchanged" {
	local value

	for value in "$(printf 'x%.0s' {1..255})" 'naïve – 完了 🎉' $'tab\tand\nnewline' \
		'$(quoted) "twice" \n \\ %s' $'\x01\x1b[0m\x7f' $'\xf4\x8f\xbf\xbf' -x --all; do
		expect 0 done a --value="$value"
		expect_w 0 wait a --print
		[ "$out" = "$value" ]
		expect 0 done a --value "$value"
		expect_w 0 wait a --print
		[ "$out" = "$value" ]
	done
}

@test "each name has a value of its own, and each post of its own" {
	local i

	for i in {1..6}; do
		line_up w$i "n$i" --print
	done
	for i in {1..6}; do
		expect 0 done "n$i" --value "value $i" --status "$i"
	done
	for i in {1..6}; do
		ends "$i" w"$i"
		[ "$(<w"$i".out)" = "value $i" ]
	done
}

@test "done --and-exit ends with its number and posts no status" {
	expect 7 done a --and-exit 7
	silent
	expect_w 0 wait a
	expect 0 done a --and-exit 0
	expect 255 done a b --and-exit 255 --value v
	expect_w 0 wait a b --count 1 --print
	printed v v
	left a 1
}

@test "done --and-exit does not hide a failure" {
	expect 0 done a --count 4294967294
	expect 125 done a --and-exit 0
	one_line '^compl: done: a: '
}

@test "a status with several tokens is that of each waiter" {
	line_up w1 a
	line_up w2 a
	expect 0 done a --count 2 --status 6
	ends 6 w1 w2
	expect 0 done a
	expect_w 0 wait a
}
