#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# command.bats - wait and try NAME -- CMD

load helper

@test "CMD replaces the wait: the same process" {
	line_up w a -- sh -c 'echo $$'
	expect 0 done a
	ends 0 w
	[ "$(<w.out)" = "${pid[w]}" ]
}

@test "compl ends with CMD's status" {
	expect 0 done a
	expect 17 wait a -- sh -c 'exit 17'
	silent
	expect 0 done a
	expect 3 try a -- sh -c 'exit 3'
	silent
}

@test "compl does not interpret CMD's arguments, whatever they look like" {
	expect 0 done a b
	expect 0 wait a -- printf '<%s>' --timeout 1s -- -n 'two words' '' "$(printf 'x\ny')"
	[ "$out" = $'<--timeout><1s><--><-n><two words><><x\ny>' ]
	expect 0 try b -- printf '<%s>' a b -- --any
	[ "$out" = '<a><b><--><--any>' ]
}

@test "CMD is found on the PATH" {
	mkdir bin
	printf '#!/bin/sh\necho found "$@"\n' >bin/find-me
	chmod +x bin/find-me
	expect 0 done a
	PATH=$tmp/bin:$PATH expect 0 wait a -- find-me 1
	printed "found 1"
}

@test "what is wrong with a directory of PATH does not end the search" {
	local n

	mkdir links closed good
	ln -s loop loop
	ln -s found links/found
	: >file
	: >closed/found
	printf '#!/bin/sh\necho found it\n' >good/found
	chmod +x good/found
	expect 0 "done" a --all
	for n in loop links file closed missing "$(printf '%0300d' 1)" "$(printf '%04090d' 1)"; do
		PATH=$PWD/$n:$PWD/good:$PATH expect_w 0 wait a -- found
		printed "found it"
		PATH=$PWD/$n:$PWD/good:$PATH expect 0 run b -- found
		printed "found it"
	done
	expect_from env 127 PATH="$PWD/loop:$PWD/links:$PWD/file" "$COMPL_WAITER" wait a -- found
	expect_from env 126 PATH="$PWD/loop:$PWD/closed:$PWD/links" "$COMPL_WAITER" wait a -- found
}

@test "CMD has COMPL_NAME and COMPL_VALUE of the first name" {
	expect 0 done b --value second
	expect 0 done a --value 'first "value"'
	expect 0 wait a b -- sh -c 'echo "$COMPL_NAME=$COMPL_VALUE"'
	printed 'a=first "value"'
}

@test "with --any CMD has COMPL_NAME and COMPL_VALUE of the name that was done" {
	expect 0 done b --value second
	expect 0 wait a b --any -- sh -c 'echo "$COMPL_NAME=$COMPL_VALUE"'
	printed b=second
	expect 0 done b --value third
	expect 0 try a b --any -- sh -c 'echo "$COMPL_NAME=$COMPL_VALUE"'
	printed b=third
}

@test "without a value CMD has no COMPL_VALUE, not even an inherited one" {
	expect 0 done a
	COMPL_VALUE=stale COMPL_NAME=stale expect 0 wait a -- sh -c 'echo "$COMPL_NAME=$COMPL_VALUE"'
	printed a=
}

@test "nothing is printed before CMD, whatever was asked for" {
	expect 0 done b --value x
	expect 0 wait a b --any --print -- echo cmd
	printed cmd
}

@test "CMD is not run if the status is not 0, if the time is over, or after rm" {
	expect 0 done a --status 5
	expect 5 wait a -- touch ran
	expect 124 wait a --timeout 20ms -- touch ran
	expect 124 try a -- touch ran
	line_up w a -- touch ran
	expect 0 rm a
	ends 120 w
	[ ! -e ran ]
}

@test "CMD has the signal dispositions and the mask of the start" {
	# shellcheck disable=SC2054
	local start=(env --ignore-signal=USR1,CHLD --default-signal=INT,QUIT,PIPE,XFSZ,TSTP --block-signal=USR2,TERM)
	local look=(grep -E '^Sig(Blk|Ign|Cgt)|^ShdPnd' /proc/self/status)

	"${start[@]}" "${look[@]}" >want
	expect 0 done a
	expect_from "${start[0]}" 0 "${start[@]:1}" "$COMPL_WAITER" wait a -- "${look[@]}"
	diff want out
	background w "${start[@]}" "$COMPL_WAITER" wait a -- "${look[@]}"
	await_sleep w
	expect 0 done a
	ends 0 w
	diff want w.out
	expect 0 done b
	expect_from "${start[0]}" 0 "${start[@]:1}" "$COMPL_WAITER" try a b --any -- "${look[@]}"
	diff want out
}

@test "CMD inherits no descriptor of ours" {
	background plain ls /proc/self/fd
	ends 0 plain
	line_up w a -- ls /proc/self/fd
	expect 0 done a
	ends 0 w
	diff plain.out w.out
}

@test "CMD is in no line: while it runs the next waiter is the first" {
	line_up w1 a -- sh -c 'read -r _ <pipe'
	mkfifo pipe
	line_up w2 a
	expect 0 done a
	expect 0 done a
	ends 0 w2
	run ! is_gone "${pid[w1]}"
	echo go >pipe
	ends 0 w1
}

@test "CMD keeps our standard input, output and error" {
	expect 0 done a
	got=0
	echo in | timeout -s KILL "$LIMIT" "$COMPL_WAITER" wait a -- sh -c 'cat; echo err >&2' \
		>o 2>e 3>&- || got=$?
	[ "$got" -eq 0 ]
	[ "$(<o)" = in ] && [ "$(<e)" = err ]
}

@test "CMD may use compl itself" {
	expect 0 done a
	expect 0 wait a -- "$COMPL" done b
	left b 1
	left a 0
}
