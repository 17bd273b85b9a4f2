#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# ls-watch.bats - ls --watch, on a terminal and with --json; and what ls says of an empty namespace

load helper

# watch ARGUMENT…: $COMPL ls --watch --json in the background; a line for each change is in the file seen.
watch() {
	background w sh -c 'exec "$0" "$@" >seen' "$COMPL" ls --watch --json "$@"
	wait_until test -s seen
}

# saw FILTER: the latest line says so.
saw() {
	tail -n 1 seen | jq -e "$1" >saw.out
}

@test "with --json an object is printed at first and at each change" {
	watch
	saw '.completions == []'
	expect 0 "done" a --value one
	wait_until saw '.completions[0] | .name == "a" and .done == 1 and .value == "one"'
	line_up x b
	wait_until saw '.completions[1].waiters | length == 1'
	shoot KILL x
	ends 137 x
	wait_until saw '.completions | length == 1'
	expect 0 try a
	wait_until saw '.completions == []'
	[ "$(wc -l <seen)" -eq 5 ]
	shoot TERM w
	ends 143 w
}

# sleeps: how often the watcher has slept.
sleeps() {
	awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/${pid[w]}/status"
}

has_slept() {
	[ "$(sleeps)" -ge "$1" ]
}

# It looks ten times a second, and lists again at the first look after each change.
@test "what the patterns do not choose makes it print nothing" {
	expect 0 init b
	watch 'a*'
	for _ in 1 2 3; do
		expect 0 "done" b
		wait_until has_slept $(($(sleeps) + 2))
	done
	expect 0 "done" a
	wait_until saw '.completions[0].name == "a"'
	[ "$(wc -l <seen)" -eq 2 ]
	shoot TERM w
	ends 143 w
}

@test "it sees a namespace come, go and come again" {
	watch 'a*'
	expect 0 init a b
	wait_until saw '[.completions[].name] == ["a"]'
	expect 0 rm --all
	wait_until saw '.completions == []'
	expect 0 init ab
	wait_until saw '[.completions[].name] == ["ab"]'
	shoot HUP w
	ends 129 w
}

@test "it ends when nobody reads it, although nothing changes" {
	mkfifo pipe
	background w sh -c 'exec "$0" ls --watch --json >pipe' "$COMPL"
	head -n 1 pipe >line
	jq -e '.completions == []' line
	ends 141 w
}

@test "without --json it needs a terminal" {
	expect 125 ls --watch
	usage_lines 'needs a terminal'
	expect 125 ls --watch --names
	usage_lines 'needs a terminal'
	expect 125 ls --watch --namespaces
	usage_lines 'exclude each other'
}

@test "on a terminal it is drawn again" {
	background w timeout -s KILL "$LIMIT" env TERM=xterm NO_COLOR=1 script -qfec "exec $(printf '%q' "$COMPL") ls --watch" screen
	wait_until grep -q "namespace $COMPL_NAMESPACE of uid" screen
	expect 0 "done" apple
	wait_until grep -Eq '^apple +1 +0 +0 +0 ' screen
	expect 0 "done" apple
	wait_until grep -Eq '^apple +2 +0 +0 +0 ' screen
	kill -TERM "$(pgrep -P "$(pgrep -P "${pid[w]}")" -x compl)" # its child is the command
	outcome w
}

@test "lines are cut at the width of the terminal, and the value is the rest of the line" {
	expect 0 "done" a --value "$(printf 'x%.0s' {1..200})"
	timeout -s KILL "$LIMIT" env TERM=xterm NO_COLOR=1 script -qec "stty cols 60; $(printf '%q' "$COMPL") ls" /dev/null </dev/null >screen 3>&-
	tr -d '\r' <screen >rows
	[ "$(awk '{ print length }' rows | sort -n | tail -n 1)" -eq 60 ]
	grep -Eq '^a +1 +0 +0 +0 +[0-9]+s +x+$' rows
}

@test "on a terminal an empty listing says so, and which other namespaces there are" {
	local other=$COMPL_NAMESPACE.other

	spaces+=("$other")
	expect 0 -n "$other" init x
	timeout -s KILL "$LIMIT" env TERM=xterm script -qec "$(printf '%q' "$COMPL") ls" /dev/null </dev/null >screen 3>&-
	grep -q "^compl: ls: nothing is there; other namespaces: .*(namespace $COMPL_NAMESPACE of uid $(id -u))" screen
	expect 0 ls
	silent
	timeout -s KILL "$LIMIT" env TERM=xterm script -qec "$(printf '%q' "$COMPL") ls -n $other 'y*'" /dev/null </dev/null >screen 3>&-
	grep -q "^compl: ls: nothing matches; " screen
}
