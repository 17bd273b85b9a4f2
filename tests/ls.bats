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
	look '.completions[0] | (keys | contains(["age_seconds","all","done","name","producers","status","value","waiters","waits"]))'
	look '.completions[0] | .name == "a" and .done == 3 and .all == false and .status == 7 and .value == "text"'
	look '.completions[0] | .waiters == [] and .producers == [] and .waits == {count: 0, seconds: 0, io_seconds: 0}'
	look '.completions[0].age_seconds | type == "number" and . >= 0 and . < 60'
}

@test "a name at all says so, and has the largest counter" {
	expect 0 done a --all
	look '.completions[0] | .all == true and .done == 4294967295 and .value == null and .status == 0'
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
	look ".completions[0].age_seconds > $1" >look.out
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
