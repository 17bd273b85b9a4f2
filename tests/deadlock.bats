#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# deadlock.bats - waits below `run` that wait for each other
#
# The wait that closes the cycle ends with 122 and names the waits of the cycle.  A wait that may
# still go on is not ended.

load helper

# produce LABEL NAME COMMAND...: `run NAME` in the background.
produce() {
	local label=$1 name=$2

	shift 2
	background "$label" "$COMPL" run "$name" -- "$@"
}

# The name has N producers.
produced() {
	expect 0 ls --json "$1" && jq -e ".completions[0].producers | length == $2" "$tmp/out" >"$tmp/jq"
}

@test "a wait for a name below its only producer ends with 122 at once" {
	got=0
	timeout -s KILL 8 "$COMPL" run a -- "$COMPL" wait a >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -Eq '^compl: wait: a: waiting would dead-lock: a \(producer [0-9]+, waiter [0-9]+\) -> a \(namespace' err
}

@test "of two that wait for each other the later ends and prints the cycle, and the other is told" {
	produce first a "$COMPL" wait b
	wait_until_waiting b 1
	got=0
	timeout -s KILL "$LIMIT" "$COMPL" run b -- "$COMPL" wait a --outcome >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	[ "$(<out)" = dead-lock ]
	grep -Eq "dead-lock: b \(producer [0-9]+, waiter [0-9]+\) -> a \(producer ${pid[first]}, waiter [0-9]+\) -> b " err
	ends 122 first
}

@test "a cycle of three is found through shells that wait for their children" {
	local script="$COMPL wait \$0; exit \$?"

	produce p1 a sh -c "$script" b
	wait_until_waiting b 1
	produce p2 b sh -c "$script" c
	wait_until_waiting c 1
	produce p3 c sh -c "$script" a
	ends 122 p1 p2 p3
	[ "$(cat "$tmp"/p?.err | grep -c 'would dead-lock')" -eq 1 ]
	grep -q 'dead-lock: .* -> .* -> .* -> ' "$tmp"/p?.err
}

@test "a cycle is found with a deadline, over several names, and with -q" {
	got=0
	timeout -s KILL "$LIMIT" "$COMPL" run a -- "$COMPL" wait x a -q -t 1h >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	[ ! -s err ]
}

@test "no dead-lock is reported if the producer has something else to do" {
	local script="$COMPL wait b & exec tail --pid=$$ -f /dev/null 3>&-"

	produce busy a sh -c "$script"
	wait_until_waiting b 1
	produce other b "$COMPL" wait a
	wait_until_waiting a 1
	expect 124 wait a -t 1.2s
	is_gone "${pid[other]}" && false
	expect 0 done a
	ends 0 other
	wait_until_waiting b 0
	shoot TERM busy
	ends 143 busy
}

@test "no dead-lock is reported for a name with another producer that does not wait" {
	produce idle b tail --pid=$$ -f /dev/null
	wait_until produced b 1
	produce one b "$COMPL" wait a
	wait_until_waiting a 1
	background waiter "$COMPL" run a -- "$COMPL" wait b -t 1.2s
	ends 124 waiter
	ends 124 one
	shoot TERM idle
	ends 143 idle
}

@test "no dead-lock is reported for any of several names if one of them has no producer" {
	background w "$COMPL" run a -- "$COMPL" wait a free --any -t 1.2s
	background v "$COMPL" run b -- "$COMPL" wait free -t 1.2s
	ends 124 w v
}

@test "no dead-lock is reported for a wait that is not below the producer" {
	produce p1 a "$COMPL" wait b
	wait_until_waiting b 1
	got=0
	COMPL_PRODUCES=x timeout -s KILL "$LIMIT" "$COMPL" wait a -t 1.2s 3>&- || got=$?
	[ "$got" -eq 124 ]
	expect 0 done b
	ends 0 p1
}
