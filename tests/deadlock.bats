#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# Waits that wait for each other below `run`: the one that closes the cycle ends with 122 and
# says who waits for whom; and nobody is accused who may still go on.

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

@test "a name that is waited for below its only producer: 122, at once" {
	got=0
	timeout -s KILL 8 "$COMPL" run a -- "$COMPL" wait a >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -Eq '^compl: wait: a: waiting would dead-lock: a \(producer [0-9]+, waiter [0-9]+\) -> a \(namespace' err
}

@test "two that wait for each other: the later one ends, with the cycle, and the other hears of it" {
	produce first a "$COMPL" wait b
	wait_until_waiting b 1
	got=0
	timeout -s KILL "$LIMIT" "$COMPL" run b -- "$COMPL" wait a --outcome >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	[ "$(<out)" = dead-lock ]
	grep -Eq "dead-lock: b \(producer [0-9]+, waiter [0-9]+\) -> a \(producer ${pid[first]}, waiter [0-9]+\) -> b " err
	ends 122 first
}

@test "a cycle of three, through shells that wait for their children" {
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

@test "with a deadline, over several names, and quietly" {
	got=0
	timeout -s KILL "$LIMIT" "$COMPL" run a -- "$COMPL" wait x a -q -t 1h >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	[ ! -s err ]
}

@test "nobody is accused whose producer has something else to do" {
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

@test "nor for a name that has another producer, which does not wait" {
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

@test "nor for any of several names of which one is not produced, or for what nobody produces" {
	background w "$COMPL" run a -- "$COMPL" wait a free --any -t 1.2s
	background v "$COMPL" run b -- "$COMPL" wait free -t 1.2s
	ends 124 w v
}

@test "nor who waits from outside" {
	produce p1 a "$COMPL" wait b
	wait_until_waiting b 1
	got=0
	COMPL_PRODUCES=x timeout -s KILL "$LIMIT" "$COMPL" wait a -t 1.2s 3>&- || got=$?
	[ "$got" -eq 124 ]
	expect 0 done b
	ends 0 p1
}
