#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# barrier.bats - the barrier: rounds, places, who leaves, and the name meanwhile

load helper

# stand LABEL ARGUMENT...: starts `$COMPL_WAITER barrier ARGUMENT...`; returns when it sleeps.
stand() {
	local label=$1

	shift
	background "$label" env --default-signal=INT,QUIT "$COMPL_WAITER" barrier "$@"
	await_sleep "$label"
}

@test "three go when the third has come, each with a place of its own, and the name is gone" {
	stand one b --parties 3 --print
	stand two b --parties 3 --print
	expect 0 barrier b --parties 3 --print
	printed 3
	ends 0 one two
	[ "$(sort one.out two.out)" = $'1\n2' ]
	names
}

@test "the same name serves many rounds, and none of them mixes with another" {
	local script='for i in 1 2 3 4 5; do
		echo "$i" >>came; "$0" barrier b --parties 3 -t 20 || exit; echo "$i $(grep -cx "$i" came)"; done'

	for one in a b c; do
		background "$one" sh -c "$script" "$COMPL_WAITER"
	done
	ends 0 a b c
	for one in a b c; do
		[ "$(<"$one.out")" = "$(for i in {1..5}; do echo "$i 3"; done)" ]
	done
	names
}

@test "a barrier of one, and one that is complete, are passed without a sleep" {
	expect 0 barrier b --parties 1 --timeout 0 --print
	printed 1
	stand one b --parties 2
	expect 0 barrier b --parties 2 --timeout 0 --print
	printed 2
	ends 0 one
	expect 124 barrier b --parties 2 --timeout 0
	one_line 'b: timed out after 0s'
	names
}

@test "CMD finds the name and the place, and nothing is printed" {
	stand one b --parties 2 --print
	# shellcheck disable=SC2016 # the inner shell expands it
	expect 0 barrier b --parties 2 --print -- sh -c 'echo "$COMPL_NAME $COMPL_VALUE"'
	printed 'b 2'
	ends 0 one
	stand one b --parties 2
	expect 127 barrier b --parties 2 -- ./not-there
	one_line 'it has passed the barrier$'
	ends 0 one
}

@test "a deadline, a signal and a kill leave the others waiting for one more" {
	stand one b --parties 3
	stand two b --parties 3
	shoot TERM two
	ends 143 two
	expect 124 barrier b --parties 3 -t 0
	stand four b --parties 3
	shoot KILL four
	ends 137 four
	stand five b --parties 3
	shoot INT five
	ends 130 five
	background late "$COMPL_WAITER" barrier b --parties 3 -t 0.05
	ends 124 late
	await_sleep one
	stand six b --parties 3
	expect 0 barrier b --parties 3 --print
	printed 3
	ends 0 one six
}

@test "killable and uninterruptible participants end as waits do" {
	stand one b --parties 3 --killable
	stand two b --parties 3 --uninterruptible
	shoot INT one two
	shoot TERM one two
	ends 143 one
	shoot TSTP two
	await_sleep two
	stand three b --parties 3
	expect 0 barrier b --parties 3
	ends 0 two three
}

@test "a stopped participant has come: the others pass, and it passes when it goes on" {
	stand one b --parties 3 --print
	stand two b --parties 3 -t 1h
	stop one
	shoot TSTP two
	wait_until is_stopped "${pid[two]}"
	expect 0 barrier b --parties 3 --print
	printed 3
	expect 124 barrier b --parties 2 -t 0
	shoot TERM one
	shoot CONT one two
	ends 0 one two
	[ "$(<one.out)" = 1 ]
	names
}

@test "who starts a participant may end it by dying" {
	background mother sh -c '"$0" barrier b --parties 2 --with-parent & echo $!; wait' "$COMPL_WAITER"
	wait_until_waiting b 1
	shoot KILL mother
	ends 137 mother
	wait_until waiters b 0
	names
}

@test "all in a round name the same number" {
	stand one b --parties 2
	expect 125 barrier b --parties 5
	one_line 'b: those who stand in it have said --parties 2, not 5'
	expect 0 barrier b --parties 2
	ends 0 one
	stand one b --parties 5
	shoot TERM one
	ends 143 one
}

@test "while somebody stands in it, the name has no other use" {
	stand one b --parties 2
	expect_w 125 wait b
	one_line 'b: processes stand in it, as in a barrier'
	expect_w 125 wait a b --any
	expect_w 124 try b
	silent
	expect 124 wait b -t 0
	for post in 'done b' 'done b --all' 'done b --waiting' 'init b' 'init b --exist-ok' 'run b -- true'; do
		# shellcheck disable=SC2086 # words
		expect 125 $post
		one_line 'processes stand in it, as in a barrier'
	done
	expect 1 test b
	expect 0 reinit b --force
	await_sleep one
	look '.completions[0].waiters | length == 1' b
	expect 0 barrier b --parties 2
	ends 0 one
	expect 0 done b
	expect_w 0 wait b
}

@test "a name with another use is no barrier" {
	expect 0 done token
	expect 0 done all --all
	expect 0 init status
	expect 0 done status --status 3 --value text
	expect 3 try status
	line_up w waited
	background run "$COMPL" run produced -- sleep 1000
	wait_until look '.completions[0].producers | length == 1' produced
	for name in token all status waited produced; do
		expect 125 barrier "$name" --parties 1
		one_line "$name: is no barrier"
	done
	shoot TERM run
	ends 143 run
	expect 0 done waited
	ends 0 w
	expect 0 init fresh
	expect 0 barrier fresh --parties 1
	names all fresh produced status token
}

@test "rm and the end of the namespace end it with 120" {
	stand one b --parties 2
	expect 0 rm b
	ends 120 one
	stand one b --parties 2
	expect 0 rm --all
	ends 120 one
	expect 0 scope -- sh -c '"$0" barrier b --parties 2 -t 20 & "$0" barrier b --parties 2 -t 20 && wait $!' "$COMPL"
}

@test "COMPL_TIMEOUT is the deadline, and usage errors say what is missing" {
	COMPL_TIMEOUT=0.05 expect 124 barrier b --parties 2
	one_line 'b: timed out after 0.05s; 1 of [0-9]+ stood in it'
	expect 125 barrier b
	usage_lines 'needs --parties N'
	expect 125 barrier --parties 2
	usage_lines 'needs a name'
	expect 125 barrier a b --parties 2
	usage_lines 'b: one barrier at a time'
	for number in 0 65536 -1 x ''; do
		expect 125 barrier b "--parties=$number"
		usage_lines 'a number from 1 to 65535'
	done
	expect 124 barrier b --parties 65535 -t 0
	names
}
