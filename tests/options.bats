#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# options.bats - the options of wait, done and rm

load helper

@test "a status other than 0 ends every --fail-fast wait in that line, and takes nothing" {
	line_up w1 a b --fail-fast --print
	line_up w2 b c
	line_up w3 c b --fail-fast
	expect 0 done b --status 3 --value why
	ends 3 w1 w3
	[ "$(<w1.out)" = why ]
	[ "$(cat w1.err)" = "compl: wait: b: status 3" ]
	await_sleep w2
	left b 1
	expect 0 done c
	ends 3 w2
	expect 0 ls --names
	silent
}

@test "a --fail-fast wait that sleeps in another line leaves at once" {
	line_up w1 a --count 2
	line_up w2 a b --fail-fast
	line_up w3 a
	expect 0 done b --status 4
	ends 4 w2
	await_sleep w1 w3
	expect 0 done a --count 3
	ends 0 w1 w3
	left b 1
}

@test "a --fail-fast wait that finds a status does not wait for the rest" {
	expect 0 done b --status 5
	expect_w 5 wait a b --fail-fast
	one_line '^compl: wait: b: status 5$'
	left b 1
	expect_w 5 wait a b --fail-fast --timeout 0
	expect 0 done a
	expect_w 5 wait a b
}

@test "a --fail-fast wait takes nothing, whether it comes first or the status does" {
	line_up w a --fail-fast
	expect 0 done a --status 5
	ends 5 w
	left a 1
	expect_w 5 wait a --fail-fast
	left a 1
	expect 0 done b
	expect_w 5 wait b a --fail-fast
	expect_w 5 wait b a --any --fail-fast --print
	[ "$out" = a ]
	left a 1
	left b 1
	expect_w 5 wait b a
	expect 0 ls --names
	silent
}

@test "done --all with a status ends a --fail-fast wait as one that comes later" {
	line_up w b a --fail-fast --print
	expect 0 done b --all --value fine
	await_sleep w
	expect 0 done a --all --status 6 --value why
	ends 6 w
	[ "$(<w.out)" = why ]
	expect_w 6 wait b a --fail-fast --print
	[ "$out" = why ]
}

@test "a status of 0 ends no --fail-fast wait" {
	line_up w a b --fail-fast
	expect 0 done b
	await_sleep w
	expect 0 done a
	ends 0 w
}

@test "done --waiting posts the tokens that the waiters in line need, and none without a waiter" {
	expect 0 done a --waiting
	silent
	expect 0 ls --names
	silent
	line_up w1 a
	line_up w2 a --count 3
	expect 0 done a --waiting
	ends 0 w1 w2
	left a 0
	expect_w 124 try a
}

@test "done --waiting on two names gives one token to a wait for any of them" {
	line_up w a b --any
	shoot STOP w
	expect 0 done a b --waiting
	expect 0 test a
	expect 1 test b
	shoot CONT w
	ends 0 w
	expect 0 ls
	silent
}

@test "the token of a waiter that dies after done --waiting stays" {
	line_up w1 a
	line_up w2 a
	shoot STOP w1
	wait_until is_stopped "${pid[w1]}"
	expect 0 done a --waiting
	left a 2
	shoot KILL w1
	ends 0 w2
	ends 137 w1
	left a 1
}

@test "--remaining prints the seconds that are left" {
	expect 0 done a --count 3
	expect_w 0 wait a --remaining --timeout 100s
	[[ $out =~ ^(9[0-9]|100)(\.[0-9]+)?$ ]]
	expect_w 0 wait a --remaining
	printed infinity
	expect_w 0 wait a --remaining --timeout 0
	[[ $out =~ ^0\.001$ ]]
	expect_w 124 wait a --remaining --timeout 20ms
	[ "$out" = 0 ]
}

@test "--outcome tells what a posted status alone cannot" {
	expect 0 done a --status 124
	expect_w 124 wait a --outcome
	printed "done 124"
	expect 0 done a
	expect_w 0 wait a --outcome
	printed "done 0"
	expect_w 124 wait a --outcome --timeout 10ms
	[ "$out" = timeout ]
	line_up w a --outcome
	expect 0 rm a
	ends 120 w
	[ "$(<w.out)" = removed ]
	expect_w 125 wait a --existing --outcome
	[ "$out" = error ]
}

@test "what is printed comes in its order: name, value, seconds, outcome" {
	expect 0 done b --value text
	expect_w 0 wait a b --any --print --remaining --outcome
	printed b text infinity "done 0"
}

@test "waits with --io are summed up separately" {
	expect 0 init a
	line_up w a --io
	look '.completions[0].waiters[0].io == true'
	expect 0 done a
	ends 0 w
	line_up w a
	look '.completions[0].waiters[0].io == false'
	expect 0 done a
	ends 0 w
	look '.completions[0].waits | .count == 2 and .io_seconds > 0 and .io_seconds < .seconds'
}

@test "with --killable only TERM and KILL end the wait" {
	line_up_default w1 a --killable
	line_up_default w2 a --killable
	for n in INT HUP QUIT USR1 ALRM TSTP; do
		shoot $n w1 w2
		await_sleep w1 w2
	done
	shoot TERM w1
	ends 143 w1
	expect 0 done a
	ends 0 w2
}

@test "with --killable and --uninterruptible signals that a C library keeps for itself do not end the wait" {
	line_up w1 a --killable -- sleep infinity
	line_up w2 a --uninterruptible
	for n in 32 33 34 35 64; do
		shoot $n w1 w2
		await_sleep w1 w2
	done
	expect 0 done a
	wait_until process_has "${pid[w1]}" comm sleep
	expect 0 done a
	ends 0 w2
	shoot 34 w1 # CMD has the disposition of the start
	ends 162 w1
}

@test "with --uninterruptible only KILL ends the wait" {
	line_up_default w1 a --uninterruptible
	line_up_default w2 a --uninterruptible
	for n in INT HUP QUIT USR1 ALRM TSTP TERM; do
		shoot $n w1 w2
		await_sleep w1 w2
	done
	shoot KILL w1
	ends 137 w1
	expect 0 done a
	ends 0 w2
}

@test "after --uninterruptible CMD has its signals as they were" {
	expect 0 done a
	grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >want
	expect_w 0 wait a --uninterruptible -- grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status
	diff want out
}

@test "-q suppresses the lines about 120, 124 and posted statuses, and not those about mistakes" {
	expect_w 124 -q wait a --timeout 10ms
	silent
	expect_w 124 wait a --timeout 10ms -q
	silent
	line_up w a -q
	expect 0 rm a
	ends 120 w
	[ ! -s w.err ]
	expect 0 done a b --status 3
	expect_w 3 wait a b --quiet
	silent
	expect 125 -q rm a
	one_line '^compl: rm: a: '
}

@test "rm --all ends all waits, and those that were released before keep their status" {
	line_up w1 a
	line_up w2 b
	line_up w3 b
	shoot STOP w3
	wait_until is_stopped "${pid[w3]}"
	expect 0 done b --all --status 4
	expect 0 done c
	expect 0 rm --all
	silent
	[ ! -e "$segment" ]
	ends 120 w1
	[ "$(wc -l <w1.err)" -eq 1 ]
	ends 4 w2
	shoot CONT w3
	ends 4 w3
	expect 0 ls --names
	silent
	expect 0 rm --all
	silent
}

@test "a namespace that was removed can be used anew at once" {
	for _ in {1..20}; do
		background w1 "$COMPL_WAITER" wait a
		background w2 "$COMPL_WAITER" wait a
		await_sleep w1 w2
		wait_until_waiting a 2
		expect 0 rm --all
		expect 0 done a
		left a 1
		expect_w 0 wait a
		ends 120 w1 w2
	done
}

@test "with --with-parent the wait ends when the process that started it dies" {
	"$COMPL_WAITER" help wait | grep -q -e --with-parent || skip "not in this version"
	background sh sh -c '"$0" wait a --with-parent & echo $! >pid; wait' "$COMPL_WAITER"
	wait_until test -s pid
	wait_until is_asleep "$(<pid)"
	shoot KILL sh
	ends 137 sh
	wait_until is_gone "$(<pid)"
	expect 0 done a
	left a 1
}
