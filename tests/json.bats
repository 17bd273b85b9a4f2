#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# json.bats - what `wait --json` and `try --json` print

load helper

# says FILTER: what was printed is one object on one line, and the filter is true for it
says() {
	[ "$(wc -l <"$tmp/out")" -eq 1 ]
	jq -e --arg ns "$COMPL_NAMESPACE" ".namespace == \$ns and ($1)" <"$tmp/out" >"$tmp/jq.out"
}

@test "all keys are there, in their order" {
	expect 0 done a --count 3
	expect 0 wait a --json
	says 'keys_unsorted == ["namespace","outcome","exit_status","remaining_seconds","culprit","names"]'
	says '.names[0] | keys_unsorted == ["name","covered","taken","borrowed","state","done","all","ready",
		"generation","status","value"]'
}

@test "a wait that takes prints what it took and what is left" {
	expect 0 done a --count 5 --value 'a "quoted" \ text'
	expect 0 done b --all
	expect 0 wait a b --count 2 --json
	says '.outcome == "done" and .exit_status == 0 and .remaining_seconds == null and .culprit == null'
	says '.names[0] | .covered and .taken == 2 and .done == 3 and .state == "3" and (.all | not)
		and .value == "a \"quoted\" \\ text" and .generation > 0'
	says '.names[1] | .covered and .taken == 0 and .done == 4294967295 and .all and .state == "all"'
}

@test "a timeout prints which names are missing" {
	expect 0 done a
	expect 124 wait a b -t 20ms --json
	says '.outcome == "timeout" and .exit_status == 124 and .remaining_seconds == 0'
	says '[.names[] | select(.covered | not) | .name] == ["b"]'
	says '[.names[].taken] == [0, 0]'
	expect 0 try a
}

@test "a posted status has its name as the culprit" {
	expect 0 done a --all
	expect 0 done b --all --status 7
	expect 7 wait a b --json
	says '.outcome == "done" and .exit_status == 7 and .culprit == "b" and .names[1].state == "failed"'
	expect 7 wait c b a --fail-fast --json
	says '.outcome == "failed" and .culprit == "b" and [.names[].covered] == [false, true, true]'
}

@test "a fast failure during the wait knows the names that were done meanwhile" {
	background w "$COMPL" wait a b c --fail-fast --json
	wait_until_waiting c 1
	expect 0 done b --all
	expect 0 done c --all --status 9
	ends 9 w
	cp "$tmp/w.out" "$tmp/out"
	says '.outcome == "failed" and .culprit == "c" and [.names[].covered] == [false, true, true]'
}

@test "a removal during the wait prints the name that was removed" {
	background w "$COMPL" wait a b --json
	wait_until_waiting b 1
	expect 0 rm b
	ends 120 w
	cp "$tmp/w.out" "$tmp/out"
	says '.outcome == "removed" and .exit_status == 120 and .culprit == "b"'
}

@test "try prints the same, also without a namespace" {
	expect 124 try a --json -n "$COMPL_NAMESPACE.none"
	[ "$(jq -c '[.outcome, .names[0].state, .names[0].generation]' <"$tmp/out")" = '["timeout","pending",null]' ]
	expect 0 done a
	expect 0 try b a --any --json
	says '.outcome == "done" and [.names[].taken] == [0, 1]'
}

@test "with CMD it prints only if CMD is not run" {
	expect 0 done a --all
	expect 0 wait a --json -- echo only this
	[ "$out" = "only this" ]
	expect 124 wait b -t 10ms --json -- echo not this
	says '.outcome == "timeout"'
}

@test "it replaces the other lines, and prints nothing after a usage error" {
	expect 0 done a --all --value text
	expect 0 wait a --json --print --outcome --remaining
	says '.names[0].value == "text"'
	expect 125 wait a --json --count 0
	[ -z "$out" ]
}

@test "a failure prints what is not known as null" {
	expect 125 wait a -e --json
	says '.outcome == "error" and .exit_status == 125 and .culprit == "a" and .names[0].done == null'
}

@test "a name that stands as a barrier, or is of another generation, is shown as ls shows it" {
	local generation

	background w "$COMPL_WAITER" barrier b --parties 3
	wait_until_waiting b 1
	expect 124 try b x --any --json
	says '[.names[] | .state, .covered] == ["1/3", false, "pending", false]'
	expect 125 wait b --json
	says '.outcome == "error" and .culprit == "b" and .names[0].state == "1/3" and .names[0].generation > 0'
	expect 124 wait b -t 0
	one_line 'b: timed out after 0s; processes stand in it, as in a barrier'
	expect 0 rm b
	ends 120 w

	expect 0 reinit a --print
	generation=$out
	expect 0 done a --value v
	expect 123 try a --generation 7 --json
	says ".outcome == \"generation\" and .names[0].generation == $generation and .names[0].value == \"v\""
	expect 123 try none --generation 7 --json
	says '.names[0].state == "pending" and .names[0].generation == null'
}

@test "a name whose ready producer has failed has let the wait go" {
	expect 3 run a --ready fd:3 -- sh -c 'echo >&3; sleep 0.05; exit 3'
	expect 3 wait a b --any --json
	says '.outcome == "done" and [.names[] | .state, .covered] == ["failed", true, "pending", false]'
	expect 3 wait b a --json
	says '.outcome == "failed" and .culprit == "a" and [.names[].covered] == [false, true]'
	expect 124 wait a b c --at-least 2 -t 10ms --json
	says '[.names[].covered] == [false, false, false]'
}

@test "what is given back at once, because the status is not 0, is in the counter again" {
	expect 0 done a --count 2 --status 5
	expect 5 wait a --borrow --json -- true
	says '.names[0] | .taken == 0 and .done == 2 and .state == "2"'
	expect 5 wait a --count 2 --borrow --json -- true
	says '.names[0] | .taken == 0 and .done == 2 and .state == "2"'
}
