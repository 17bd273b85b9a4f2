#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# output.bats - standard output that cannot be written, and closed descriptors

load helper

# to REDIRECTION STATUS ARGUMENT...: runs $COMPL_WAITER with it; standard error is
# then in $err (unless redirected).
to() {
	local redirection=$1 want=$2 got=0

	shift 2
	eval "timeout -s KILL $LIMIT \"\$COMPL_WAITER\" \"\$@\" 2>err 3>&- $redirection" || got=$?
	err=$(<err)
	out=
	: >out
	[ "$got" -eq "$want" ] && return
	echo "$* $redirection: status $got, expected $want: $err"
	return 1
}

@test "a full standard output is 125, and the token stays taken" {
	expect 0 done a --value x
	to '>/dev/full' 125 wait a --print
	one_line '^compl: wait: '
	left a 0
	expect 0 done a
	to '>/dev/full' 125 wait a b --any
	one_line '^compl: wait: '
	left a 0
}

@test "a full standard output is 125 for every command that prints" {
	expect 0 done a
	to '>/dev/full' 125 ls --json
	one_line '^compl: ls: '
	to '>/dev/full' 125 ls --names
	to '>/dev/full' 125 help
	to '>/dev/full' 125 help wait
	to '>/dev/full' 125 --version
	to '>/dev/full' 0 done a
	to '>/dev/full' 0 wait a
	left a 1
}

@test "a closed standard output is 125 for every command that prints" {
	expect 0 done a --value x
	to '>&-' 125 wait a --print
	one_line '^compl: wait: '
	left a 0
	expect 0 done a
	to '>&-' 125 ls --json
	to '>&-' 125 --version
}

@test "with closed descriptors nothing is written into the segment" {
	expect 0 done a b c d e f --value x
	for closed in '<&-' '>&-' '2>&-' '<&- >&-' '>&- 2>&-' '<&- >&- 2>&-'; do
		to "$closed" 0 done a
		to "$closed" 0 wait a
		to "$closed" 0 try a
		to "$closed" 0 done a
		to "$closed" 124 wait none --timeout 10ms
		to "$closed" 125 rm none
		to "$closed" 125 wait a --tiemout
		to "$closed" 1 test none
		expect 0 check
		left a 1
	done
	to '<&- >&-' 125 ls --json
	to '<&- >&- 2>&-' 125 ls --json
	to '<&- >&- 2>&-' 125 wait b --print
	expect 0 check
	names a c d e f
}

@test "a full or closed standard error changes no status" {
	to '2>/dev/full' 124 wait a --timeout 10ms
	to '2>/dev/full' 125 rm a
	to '2>/dev/full' 125 nonsense
	to '2>&-' 124 wait a --timeout 10ms
	to '2>&-' 125 nonsense
}

@test "every line ends with a newline" {
	expect 0 done a --value x
	expect 0 ls --names
	[ "$(tail -c 1 out | od -An -c | tr -d ' ')" = '\n' ]
	expect 0 ls --json
	[ "$(tail -c 1 out | od -An -c | tr -d ' ')" = '\n' ]
	expect 0 wait a --print
	[ "$(tail -c 1 out | od -An -c | tr -d ' ')" = '\n' ]
	expect 125 rm a
	[ "$(tail -c 1 err | od -An -c | tr -d ' ')" = '\n' ]
}
