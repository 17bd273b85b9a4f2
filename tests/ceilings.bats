#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
# runs in: check-all (it fills namespaces to their limits)
#
# ceilings.bats - a full namespace: what the command says, and that everything else goes on

load helper

# The thousand threads of `full` look at their names every ten seconds, all at about the same time: on a
# busy machine the lock goes from one to the next for seconds, and some of them wait for longer than the
# watchdog does.
LIMIT=60

fill() {
	tolerate_lost_wakeups
	background full "$COMPL_TOOLS/full" "$COMPL_NAMESPACE"
	wait_until grep -qx ready full.out
}

@test "after the last name, and after the last entry, a line says what there is no room for" {
	fill
	expect 0 ls --names
	[ "$(wc -l <out)" -eq 16384 ]
	for c in done init wait; do
		expect 125 $c over
		one_line "^compl: $c: over: no room for another name in the namespace"
	done
	expect 125 wait n16000
	one_line '^compl: wait: n16000: no room for another waiter in the namespace'
	expect 125 wait n16000 n16001 --any --timeout 1m
	one_line 'no room for another waiter in the namespace'
	expect 0 check
	silent
	shoot KILL full
	ends 137 full
}

@test "in a full namespace everything else goes on" {
	fill
	expect 124 try over
	expect 1 test over
	expect 0 reinit over
	expect 0 done n16000 --value text
	expect 0 test n16000
	expect 0 wait n16000 --print
	printed text
	expect 124 try n16000
	expect 0 rm n16384
	expect 0 done over
	expect 125 done one-more
	expect 0 try over
	shoot KILL full
	ends 137 full
}

@test "the records of dead processes are used again" {
	fill
	shoot KILL full
	ends 137 full
	expect 124 wait n16000 --timeout 10ms
	line_up w n1 n8000
	expect 0 done n1 n8000
	ends 0 w
	expect 0 ls n1 --json
	[ "$(jq '.completions[0].waiters | length' out)" -eq 0 ]
	expect 0 check
}
