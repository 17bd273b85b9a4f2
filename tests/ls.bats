#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# ls.bats - ls: JSON, names, patterns

load helper

@test "an entry has its fields, each of its type" {
	expect 0 done a --count 3 --status 7 --value text
	look '(. | keys) == ["completions", "namespace"] and (.completions | length) == 1'
	look '.namespace == env.COMPL_NAMESPACE'
	look '.completions[0] | (keys == ["age_seconds","all","borrowers","changed_seconds","done","generation","initialised","name","parties","producers","ready","state","status","stray","value","waiters","waits"])'
	look '.completions[0] | .name == "a" and .done == 3 and .all == false and .status == 7 and .value == "text"'
	look '.completions[0] | .waiters == [] and .producers == [] and .borrowers == [] and .parties == null and .waits == {count: 0, seconds: 0, io_seconds: 0}'
	look '.completions[0] | (.age_seconds, .changed_seconds) | type == "number" and . >= 0 and . < 60'
	look '.completions[0] | .state == "3" and .ready == false and .initialised == false and .generation > 0'
}

@test "a name at all says so, and has the largest counter" {
	expect 0 done a --all
	look '.completions[0] | .all == true and .done == 4294967295 and .value == null and .status == 0'
}

@test "a waiter and a producer have their fields, each of its type" {
	local mine

	mine=$(stat -L -c %i /proc/self/ns/pid)
	line_up w a b --count 3
	background p "$COMPL" run p -- sleep 60
	wait_until look '[.completions[].name] == ["a", "b", "p"]'
	look '.completions[0].waiters[0] | keys == ["below","command","count","host","io","names","orphan","pid","pid_namespace","seconds","stopped","unit"]'
	look ".completions[0].waiters[0] | .pid == ${pid[w]} and .pid_namespace == $mine and .host == null"
	look '.completions[1].waiters[0] | .names == ["a", "b"] and .below == [] and .orphan == false'
	look '.completions[2].producers[0] | keys == ["command","host","pid","pid_namespace","ready","seconds","unit"]'
	look ".completions[2].producers[0] | .pid == ${pid[p]} and .pid_namespace == $mine and .ready == false and .command == \"sleep\""
	shoot TERM p
	ends 143 p
	expect 0 rm a
	ends 120 w
}

@test "a waiter below run is listed with the name that it holds up" {
	background p "$COMPL" run web -- "$COMPL_WAITER" wait db cache
	wait_until look '(.completions | length == 3) and (.completions[1].waiters | length == 1)'
	look '.completions[1] | .name == "db" and (.waiters[0] | .below == ["web"] and .names == ["db", "cache"])'
	expect 0 rm db
	ends 120 p
}

@test "STATE says in a word what a wait would meet" {
	expect 0 init none
	expect 0 done some --count 12
	expect 0 done all --all
	expect 0 done bad --all --status 3
	look '[.completions[] | .name, .state] == ["all", "all", "bad", "failed", "none", "pending", "some", "12"]'
	background p "$COMPL" run ready --ready fd:3 -- sh -c 'echo up >&3; exec sleep 60'
	wait_until look '.completions[3] | .name == "ready" and .state == "ready" and .ready and .value == "up" and .done == 0 and .producers[0].ready'
	shoot KILL p
	ends 137 p
	wait_until look '.completions[3] | .name == "ready" and .state == "failed" and .status == 121 and .ready == false'
}

# SINCE is about the state: a waiter that comes and goes changes nothing.
@test "SINCE begins anew at each post, each token that is taken, and each reinit" {
	expect 0 done a b --count 3
	wait_until since_above 0.3
	line_up w a --count 9
	shoot KILL w
	ends 137 w
	look '.completions[0].changed_seconds > 0.3'
	expect 0 "done" a
	younger
	expect_w 0 wait a
	younger
	expect 0 reinit a --force
	expect 0 init a
	younger
	look '.completions[0].changed_seconds <= .completions[1].changed_seconds - 0.3'
}

since_above() {
	look ".completions | all(.changed_seconds > $1)" >look.out
}

# a has changed after b, and then has time to age again.
younger() {
	look '.completions[0].changed_seconds <= .completions[1].changed_seconds - 0.3'
	wait_until since_above 0.05
}

@test "waiters are listed in their order, with what they need" {
	line_up w1 a
	line_up w2 a b --count 3
	line_up w3 a -- sleep 1
	look '[.completions[] | .name] == ["a", "b"]'
	look "[.completions[0].waiters[].pid] == [${pid[w1]}, ${pid[w2]}, ${pid[w3]}]"
	look "[.completions[1].waiters[].pid] == [${pid[w2]}]"
	look '[.completions[0].waiters[].count] == [1, 3, 1]'
	look '.completions[0].waiters[0] | .io == false and (.seconds | type == "number" and . >= 0 and . < 60)'
	look '.completions[0].waiters[2].command == "sleep" or (.completions[0].waiters[2].command | startswith("sleep"))'
	look '[.completions[0].waiters[].stopped] == [false, false, false]'
	shoot STOP w2
	wait_until is_stopped "${pid[w2]}"
	look '[.completions[0].waiters[].stopped] == [false, true, false]'
	shoot CONT w2
	expect 0 rm a
	ends 120 w1 w2 w3
}

@test "a waiter without CMD is listed with its parent's name" {
	background w bash -c '"$0" wait a; exit' "$COMPL_WAITER"
	wait_until_waiting a 1
	look '.completions[0].waiters[0].command == "bash"'
	expect 0 done a
	ends 0 w
}

@test "dead waiters are not listed" {
	line_up w1 a
	line_up w2 a
	line_up w3 b
	shoot KILL w1 w3
	ends 137 w1 w3
	look "[.completions[] | .name] == [\"a\"] and [.completions[0].waiters[].pid] == [${pid[w2]}]"
	expect 0 done a
	ends 0 w2
}

@test "values come out of the JSON as they went in" {
	local value

	for value in '"quoted" \back/slash' $'tab\t newline\n return\r' $'\x01\x02\x1f\x7f' 'ünïcödé 🎉' ''; do
		expect 0 done a --value "$value"
		expect 0 ls --json
		[ "$(jq -j '.completions[0].value' out && echo .)" = "$value." ]
		expect 0 wait a
	done
}

@test "a command with odd bytes is escaped" {
	local odd=$'x\n"\x1b\xff'

	ln -s "$(command -v sleep)" "$odd"
	line_up w a -- "./$odd" 0
	expect 0 ls --json
	jq -e '.completions[0].waiters[0].command | type == "string"' out
	[[ $(<out) != *$'\x1b'* ]]
	[[ $(<out) != *$'\xff'* ]]
	[[ $(<out) == *$'\xef\xbf\xbd'* || $(<out) == *'\ufffd'* ]]
	expect 0 rm a
	ends 120 w
}

@test "waits that slept and ended by themselves are counted, and others are not" {
	expect 0 init a
	expect 0 done a
	expect_w 0 wait a
	look '.completions[0].waits.count == 0'
	line_up w a
	expect 0 done a
	ends 0 w
	look '.completions[0].waits | .count == 1 and .seconds > 0 and .seconds < 60 and .io_seconds == 0'
	expect_w 124 wait a --timeout 1s
	look '.completions[0].waits | .count == 2 and .seconds >= 0.1'
	line_up w a
	shoot TERM w
	ends 143 w
	line_up w a
	shoot KILL w
	ends 137 w
	look '.completions[0].waits.count == 2'
	line_up w a b
	expect 0 done a b --all
	ends 0 w
	look '.completions[0].waits.count == 3'
	expect 0 reinit a
	look '.completions[0].waits | .count == 0 and .seconds == 0'
}

@test "names are printed one on a line, sorted" {
	expect 0 done b a C/1 a.1 10
	expect 0 ls --names
	printed 10 C/1 a a.1 b
}

@test "patterns choose names" {
	expect 0 done db/a db/b web/a web-b
	expect 0 ls --names 'db/*'
	printed db/a db/b
	expect 0 ls --names 'web?[ab]' db/b
	printed db/b web-b web/a
	expect 0 ls --names none
	silent
	look '[.completions[].name] == ["db/a", "web/a"]' '*/a'
}

@test "age starts anew at reinit" {
	expect 0 init a b
	wait_until jq_age_above 0.2
	expect 0 reinit a
	look '.completions[1].age_seconds - .completions[0].age_seconds >= 0.2'
}

jq_age_above() {
	look ".completions | all(.age_seconds > $1)" >look.out
}

@test "a busy segment is listed consistently, with no waiter twice and no torn value" {
	background p bash -c 'for i in {1..60}; do "$0" done a --value "v$i" || exit; done' "$COMPL"
	background w bash -c 'for i in {1..60}; do "$0" wait a || exit; done' "$COMPL_WAITER"
	for _ in {1..20}; do
		look '[.completions[].waiters[].pid] | length == (unique | length)'
	done
	ends 0 p w
	expect 0 ls --names
	silent
}

@test "5,000 names are listed in order, found by pattern, and removed" {
	local i

	for ((i = 0; i < 5000; i += 50)); do
		# shellcheck disable=SC2046
		expect 0 done $(seq -f 'n/%04g' "$i" $((i + 49)))
	done
	expect 0 ls --names
	[ "$out" = "$(seq -f 'n/%04g' 0 4999)" ]
	look '.completions | length == 5000 and all(.done == 1)'
	expect 0 ls --names 'n/42?7'
	printed n/4207 n/4217 n/4227 n/4237 n/4247 n/4257 n/4267 n/4277 n/4287 n/4297
	expect 0 ls
	[ "$(wc -l <<<"$out")" -eq 5001 ]
	for ((i = 0; i < 5000; i += 50)); do
		# shellcheck disable=SC2046
		expect 0 try $(seq -f 'n/%04g' "$i" $((i + 49)))
	done
	expect 0 ls
	silent
}
