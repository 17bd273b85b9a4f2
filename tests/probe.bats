#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# probe.bats - compl run --ready probe:COMMAND asks a command whether CMD is ready

load helper

# probe LABEL NAME COMMAND [OPTION...]: NAME has a producer whose CMD lasts, and is asked by COMMAND, which
# finds compl in $COMPL.
probe() {
	export COMPL
	background "$1" "$COMPL" run "$2" --ready "probe:$3" --every 10ms "${@:4}" -- sleep 1000
	wait_until produces "$1" "$2"
}

# produces LABEL NAME
produces() {
	timeout -s KILL "$LIMIT" "$COMPL" ls "$2" --json 3>&- |
		jq -e ".completions[].producers[] | select(.pid == ${pid[$1]})" >jq.out
}

# asked N [FILE]: at least N COMMANDs have written a line.
asked() {
	local file=${2-asked}

	[ -e "$file" ] && [ "$(wc -l <"$file")" -ge "$1" ]
}

is_pending() {
	expect 1 test "$1"
	expect_w 124 try "$1"
}

@test "COMMAND is asked again until it ends with 0, and then not any more" {
	local lines

	probe p a 'echo >>asked; test -e up' --value port=1
	line_up w a --print
	wait_until asked 3
	is_pending a
	touch up
	ends 0 w
	[ "$(<w.out)" = port=1 ]
	lines=$(wc -l <asked)
	expect_w 0 wait a
	sleep 0.1 # ten times the pause
	[ "$(wc -l <asked)" -eq "$lines" ]
	shoot TERM p
	ends 143 p
	is_pending a
}

@test "COMMAND is asked at once, not after the pause" {
	background p "$COMPL" run a --ready probe:true --every 1h -- sleep 1000
	expect_w 0 wait a
	shoot KILL p
	ends 137 p
	expect_w 121 wait a
}

@test "one COMMAND runs at a time, and the next comes a pause after its end" {
	background p "$COMPL" run a --every 100ms \
		--ready 'probe:date +%s%N >>begun; sleep 0.1; date +%s%N >>ended; test -e up' -- sleep 1000
	wait_until eval '[ -e ended ] && [ "$(wc -l <ended)" -ge 3 ]'
	touch up
	expect_w 0 wait a
	shoot TERM p
	ends 143 p
	paste begun ended >both
	[ "$(wc -l <begun)" -eq "$(wc -l <ended)" ]
	awk 'NR > 1 && $1 - last < 95000000 { exit 1 } { last = $2 }' both
}

@test "COMMAND reads and writes nothing that anybody sees" {
	# shellcheck disable=SC2016
	probe p a 'echo out; echo err >&2; for i in 0 1 2; do all=$all$(readlink /proc/$$/fd/$i):; done; echo "$all" >fds'
	expect_w 0 wait a
	[ "$(<fds)" = /dev/null:/dev/null:/dev/null: ]
	shoot TERM p
	ends 143 p
	[ ! -s p.out ] && [ ! -s p.err ]
}

@test "what it runs is killed when CMD ends, with all that is in a pipe with it" {
	export COMPL
	# shellcheck disable=SC2016
	background q "$COMPL" run a --ready 'probe:"$COMPL" wait stuck | cat' -- sh -c '"$COMPL" wait go; exit 3'
	wait_until_waiting stuck 1
	wait_until_waiting go 1
	expect 0 done go
	ends 3 q
	wait_until_waiting stuck 0
	expect_w 3 wait a
}

@test "what it runs is killed when run is told to end, and asked again if CMD goes on" {
	export COMPL
	# shellcheck disable=SC2016
	background p "$COMPL" run a --every 10ms --ready 'probe:echo >>asked; test -e up || "$COMPL" wait stuck; test -e up' -- \
		sh -c 'trap "" TERM; "$COMPL" wait go --uninterruptible; exit 4'
	wait_until_waiting go 1
	wait_until_waiting stuck 1
	touch up
	shoot TERM p
	expect_w 0 wait a
	wait_until_waiting stuck 0
	expect 0 done go
	ends 4 p
	expect_w 4 wait a
}

@test "what it runs is killed when run is killed" {
	# shellcheck disable=SC2016
	probe p a 'exec "$COMPL" wait stuck'
	wait_until_waiting stuck 1
	line_up w a
	shoot KILL p
	ends 137 p
	ends 121 w
	wait_until_waiting stuck 0
}

@test "if CMD ends before COMMAND has said so, its status is posted, or 121" {
	expect 6 run a --ready probe:false -- sh -c 'exit 6'
	expect_w 6 wait a
	expect 0 run b --ready probe:false -- true
	one_line '^compl: run: b: ended before it was ready '
	expect_w 121 wait b
}

@test "a COMMAND that cannot be run is told once, and asked again" {
	printf '#!/bin/sh\n' >file
	probe p a 'echo >>asked; ./missing'
	probe q b 'echo >>asked2; ./file'
	wait_until asked 3
	wait_until asked 3 asked2
	shoot TERM p q
	ends 143 p q
	[ "$(wc -l <p.err)" -eq 1 ]
	[ "$(wc -l <q.err)" -eq 1 ]
	grep -q "^compl: run: --ready: the probe 'echo >>asked; ./missing' has ended with 127, as if it was not found" p.err
	grep -q "^compl: run: --ready: the probe 'echo >>asked2; ./file' has ended with 126, as if it could not be run" q.err
}

@test "after a reinit it is asked again, also with --keep" {
	local option

	for option in --every=10ms --keep; do
		rm -f up asked
		probe p$option a 'echo >>asked; test -e up' $option
		touch up
		expect_w 0 wait a
		rm up
		expect 0 reinit a
		rm asked
		line_up w$option a
		wait_until asked 2
		is_pending a
		touch up
		ends 0 w$option
		shoot TERM p$option
		ends 143 p$option
		expect 0 reinit a
	done
}

@test "if the name was removed, it is asked no more" {
	probe p a 'echo >>asked; test -e up'
	wait_until asked 1
	expect 0 rm a
	touch up
	wait_until grep -q 'a: removed meanwhile; nothing is posted' p.err
	shoot TERM p
	ends 143 p
	is_pending a
}

@test "with --background it is asked after run has returned" {
	# shellcheck disable=SC2016
	expect 0 run a -b --print --every 10ms --ready 'probe:echo >>asked; test -e up' -- sleep 1000
	run=$out
	wait_until asked 2
	is_pending a
	touch up
	expect_w 0 wait a
	kill "$run"
	wait_until eval '! kill -0 "$run" 2>/dev/null'
	is_pending a
}

@test "an option that does not fit is a usage error" {
	expect 125 run a --every 1s -- true
	usage_lines '^compl: run: --every belongs to --ready probe:COMMAND'
	expect 125 run a --ready notify --every 1s -- true
	usage_lines '^compl: run: --every belongs to --ready probe:COMMAND'
	for every in 9ms 0 61m infinity soon ""; do
		expect 125 run a --ready probe:true --every "$every" -- true
		usage_lines "^compl: run: --every: '$every' is not a duration from 10ms to 1h"
	done
	expect 125 run a --ready probe: -- true
	usage_lines "^compl: run: --ready: 'probe:' is not exit, notify, probe:COMMAND, or fd:N"
}
