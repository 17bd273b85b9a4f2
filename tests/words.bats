#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# words.bats - what compl says about a wait that timed out, and about a command that does not exist

load helper

# gave_up STATUS PATTERN ARGUMENT...: a wait times out with this line
gave_up() {
	local pattern=$1

	shift
	expect 124 wait "$@" -t 20ms
	one_line "^compl: wait: $pattern \(namespace $COMPL_NAMESPACE of uid $EUID\)\$"
}

@test "a timeout says that nobody has posted or promised the name" {
	gave_up "a: timed out after 20ms; nobody has posted or promised it" a
}

@test "a timeout says which similar name there is" {
	expect 0 done db-ready --all
	gave_up "db-redy: timed out after 20ms; nobody has posted or promised it; there is 'db-ready'" db-redy
	gave_up "unlike: timed out after 20ms; nobody has posted or promised it" unlike
}

@test "a timeout does not suggest a name that the wait is for itself" {
	expect 0 done job12 --all
	gave_up "job13: timed out after 20ms; the other one is done; job13: nobody has posted or promised it" job12 job13
}

@test "a timeout says how many tokens there were" {
	expect 0 done slots --count 2
	gave_up "slots: timed out after 20ms with 2 of 3 tokens" slots --count 3
}

@test "a timeout says who produces the name" {
	background redis "$COMPL" run db --ready fd:7 -- sleep 1000
	wait_until sh -c '"$1" ls db --json | grep -q "\"producers\":\[{"' sh "$COMPL"
	gave_up "db: timed out after 20ms; sleep \(${pid[redis]}\) produces it and has not said that it is ready" db
	kill "${pid[redis]}"
	ends 143 redis
}

@test "a timeout says that a producer has not ended, or that there are several" {
	background make "$COMPL" run built -- sleep 1000
	wait_until sh -c '"$1" ls built --json | grep -q "\"producers\":\[{"' sh "$COMPL"
	gave_up "built: timed out after 20ms; sleep \(${pid[make]}\) produces it and has not completed it" built
	background more "$COMPL" run built --ready fd:7 -- sleep 1000
	wait_until sh -c '"$1" ls built --json | grep -q "\"pid\":$2,"' sh "$COMPL" "${pid[more]}"
	gave_up "built: timed out after 20ms; sleep \(${pid[make]}\) and 1 other produce it and have not completed it" built
	kill "${pid[make]}" "${pid[more]}"
	ends 143 make more
}

@test "a timeout says how many of the names that the wait needs are done" {
	expect 0 done a --all
	gave_up "b, c: timed out after 20ms; 1 of the 2 names that it needs is done; b: nobody has [^;]+; c: nobody has [^;]+" \
		a b c --at-least 2
}

@test "a timeout says that the producer of a name has gone, before or after it was ready" {
	expect 3 run a --ready fd:7 -- sh -c 'echo >&7; exit 3'
	background run "$COMPL" run b -- sleep 1000
	wait_until sh -c '"$1" ls b --json | grep -q "\"producers\":\[{"' sh "$COMPL"
	shoot KILL run
	ends 137 run
	line_up w b c d --at-least 2
	gave_up "a, b, c: timed out after 20ms; a: a producer of it has gone; b: a producer of it has gone; c: nobody [^;]+" \
		a b c --at-least 1
	expect 0 done c d
	ends 0 w
}

# on_terminal STATUS ARGUMENT...: compl has a terminal of its own; what it says is in ./said.
on_terminal() {
	local status=0

	timeout -s KILL "$LIMIT" script -qec "$(printf '%q ' "$COMPL" "${@:2}")" /dev/null \
		</dev/null >screen 3>&- || status=$?
	tr -d '\r' <screen >said
	[ "$status" -eq "$1" ] && return
	cat said
	return 1
}

@test "on a terminal only, a name that is an executable file is pointed out, and the wait goes on" {
	printf '#!/bin/sh\n' >app
	chmod +x app
	mkdir -p some/folder
	: >some/file
	expect 0 done db ./app some/folder some/file --all
	on_terminal 0 wait db ./app some/folder some/file
	[ "$(<said)" = "compl: wait: ./app is taken as a name; did you mean '-- ./app'?" ]
	on_terminal 0 wait db ./app -q
	[ ! -s said ]
	expect 0 wait db ./app
	silent
}

@test "on a terminal only, a name that is a unit is pointed out after a number without one" {
	expect 0 done db sec --all
	on_terminal 0 wait db -t 3 sec
	[ "$(<said)" = "compl: wait: sec is taken as a name; did you mean '3sec'?" ]
	on_terminal 0 wait db -t 3s sec
	[ ! -s said ]
	on_terminal 0 wait db sec
	[ ! -s said ]
	expect 0 wait db -t 3 sec
	silent
}

@test "on a terminal only, a posted status has a line also for a single name" {
	expect 0 done a --all --status 3
	on_terminal 3 wait a
	[ "$(<said)" = "compl: wait: a: status 3" ]
	on_terminal 3 wait a -q
	[ ! -s said ]
	expect_w 3 wait a
	silent
}

@test "a run without -- says what was probably meant" {
	expect 125 run web ./server --port 80
	usage_lines "no such option"
	expect 125 run web ./server
	usage_lines "needs a command after --"
	grep -qF "Did you mean '-- ./server'?" <<<"$err"
}

@test "a timeout over several names names only those that are missing" {
	local i names=()

	for i in {1..20}; do
		names+=("job$i")
		[ "$i" -eq 13 ] || expect 0 done "job$i" --all
	done
	gave_up "job13: timed out after 20ms; the other 19 are done; job13: nobody has posted or promised it" "${names[@]}"
}

@test "a timeout of a wait for any name says why each is missing" {
	expect 0 done b --count 1
	gave_up "a, b: timed out after 20ms; a: 0 of 2 tokens; a: nobody has posted or promised it; b: 1 of 2 tokens" \
		a b --any --count 2
}

@test "a timeout says who is first in line and holds up the tokens" {
	background first "$COMPL" wait a --count 5
	wait_until_waiting a 1
	expect 0 done a --count 2
	gave_up "a: timed out after 20ms; [^ ]+ \(${pid[first]}\) is first in its line" a
	expect 0 done a --count 3
	ends 0 first
}

@test "a command that does not exist is answered with one of that meaning" {
	local words=(list:ls status:ls post:done signal:done notify:done set:done reset:reinit clear:reinit delete:rm
		start:run meet:barrier sync:barrier) word

	for word in "${words[@]}"; do
		expect 125 "${word%:*}" a
		usage_lines "^compl: ${word%:*}: no such command"
		[[ $err == *"Did you mean '${word#*:}'? Try 'compl help'." ]]
	done
	expect 125 help lock
	[[ $err == "compl: lock: no such command"*"Did you mean 'wait --borrow'? Try 'compl help'." ]]
	expect 125 wiat a
	[[ $err == *"Did you mean 'wait'? Try 'compl help'." ]]
	expect 125 frobnicate a
	[[ $err != *"Did you mean"* ]]
}
