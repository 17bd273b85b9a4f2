#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# exits.bats - the exit statuses are an API: one test for each

load helper

@test "the status of a command that does what it should is 0" {
	expect 0 done a
	expect 0 wait a
	expect 0 done a
	expect 0 try a
	expect 0 init a
	expect 0 reinit a
	expect 0 rm a
	expect 0 check
	expect 0 ls --names
	silent
}

@test "the status of test is 0 if the answer is yes" {
	expect 0 done a
	expect 0 test a
	silent
}

@test "the status of help and version is 0" {
	expect 0 help
	[ -n "$out" ]
	[ -z "$err" ]
	expect 0 --help
	[ -n "$out" ]
	[ -z "$err" ]
	expect 0 -h
	expect 0 --version
	[[ $out =~ ^compl\ [0-9] ]]
	[ -z "$err" ]
	for c in init wait try done test reinit rm run scope ls check help; do
		expect 0 help $c
		[[ $out == *$c* ]]
		[ -z "$err" ]
		expect 0 $c --help
		[[ $out == *$c* ]]
		[ -z "$err" ]
		expect 0 $c -h
	done
	[ ! -e "$segment" ]
}

@test "the status of test is 1 if the name is not done" {
	expect 1 test a
	silent
	expect 0 init a
	expect 1 test a
	silent
}

@test "the status of wait is the posted status" {
	expect 0 done a --status 42
	expect 42 wait a
	silent
}

@test "the status of done --and-exit is its number" {
	expect 42 done a --and-exit 42
	silent
}

@test "the status is 120 if the name was removed during the wait" {
	line_up w a
	expect 0 rm a
	ends 120 w
	[[ $(<w.err) =~ ^"compl: wait: a: "[^$'\n']*"(namespace $COMPL_NAMESPACE of uid $EUID)"$ ]]
	[ ! -s w.out ]
}

@test "the status of run and scope is that of CMD" {
	expect 42 run a -- sh -c 'exit 42'
	silent
	expect 42 scope -- sh -c 'exit 42'
	silent
}

@test "the status is 120 if the scope was removed during the wait" {
	background s "$COMPL" scope -- sh -c 'echo "$COMPL_NAMESPACE" >space; exec "$0" -n "$1" wait go' \
		"$COMPL" "$COMPL_NAMESPACE"
	wait_until test -s space
	line_up w a -n "$(<space)"
	expect 0 done go
	ends 0 s
	ends 120 w
}

@test "the status is 121 if a producer ended without completing the name" {
	background p "$COMPL" run a -- sleep 1000
	wait_until pgrep -P "${pid[p]}"
	line_up w a
	shoot KILL p
	ends 121 w
	ends 137 p
	[[ $(<w.err) =~ ^"compl: wait: a: "[^$'\n']*"(namespace $COMPL_NAMESPACE of uid $EUID)"$ ]]
	[ ! -s w.out ]
}

@test "the status is 124 if the time is over" {
	expect 124 wait a --timeout 30ms
	one_line "^compl: wait: a: timed out after 30ms; nobody has posted or promised it \(namespace $COMPL_NAMESPACE of uid $EUID\)\$"
}

@test "the status of try is 124 if it would have to wait" {
	expect 124 try a
	silent
	expect 124 wait a --timeout 0
	one_line '^compl: wait: a: '
}

@test "the status of run --single is 124 if there is another producer" {
	background p "$COMPL" run a -- sleep 1000
	wait_until pgrep -P "${pid[p]}"
	expect 124 run a --single -- true
	one_line '^compl: run: a: '
	shoot TERM p
	ends 143 p
}

@test "the status is 125 after a usage error" {
	expect 125 wait
	usage_lines '^compl: wait: '
	expect 125 wait a --tiemout 1s
	usage_lines '^compl: wait: .*--tiemout'
	[[ $err == *--timeout* ]]
	expect 125 wiat a
	usage_lines '^compl: .*wiat'
	[[ $err == *wait* ]]
	expect 125
	usage_lines '^compl: '
}

@test "an error line quotes at most 64 bytes of what it complains about" {
	local word long

	long=$(printf '%0100d' 7)
	word=$(printf '%064d...' 0)
	while read -r arguments; do
		# shellcheck disable=SC2086
		expect 125 $arguments
		usage_lines "${word}[': ]"
		[[ $err != *"Did you mean"* ]]
	done <<-EOF
		$long
		help $long
		help wait $long
		wait $long$long
		wait $long $long
		wait a -t ${long}x
		wait a --count ${long}x
		wait a -n $long
		wait a -u $long.
		done a --status ${long}x
		done a --value $long$long$long
		run a --ready $long -- true
		run a $long -- true
		scope $long -- true
		check $long
		rm --all $long
	EOF
	expect_from env 125 COMPL_TIMEOUT="$long." "$COMPL" wait a
	usage_lines "COMPL_TIMEOUT: '$word'"
	expect_from env 125 COMPL_NAMESPACE="$long" "$COMPL" wait a
	usage_lines "COMPL_NAMESPACE: '$word'"
	expect 124 wait a -t "$long"0ms -q
	expect 127 run a -- "$long"
	[[ $err == "compl: run: '$word': "* ]]
	# A character is quoted as a whole or not at all.
	expect 125 wait "0$(printf 'ä%.0s' {1..40})"
	usage_lines "'0$(printf 'ä%.0s' {1..31})\.\.\.' is not a name"
}

@test "the status is 125 if there is no such name" {
	expect 125 rm a
	one_line '^compl: rm: a: '
	[[ $err == *"(namespace $COMPL_NAMESPACE of uid $EUID)" ]]
}

@test "the status is 126 if CMD cannot be run" {
	echo nothing >file
	expect 0 done a b
	expect 126 wait a -- ./file
	one_line '^compl: wait: .*\./file'
	expect 126 wait b -- /
	one_line '^compl: wait: '
}

@test "the status is 127 if CMD is not found" {
	expect 0 done a b
	expect 127 wait a -- ./not-there
	one_line '^compl: wait: .*\./not-there'
	# (A folder of the PATH that we may not enter makes it 126.)
	PATH=/usr/bin:/bin expect 127 try b -- not-there-on-the-path
	one_line '^compl: try: .*not-there-on-the-path'
	expect 127 run a -- ./not-there
	one_line '^compl: run: .*\./not-there'
	expect 127 scope -- ./not-there
	one_line '^compl: scope: .*\./not-there'
}

@test "the status is 128+n after a signal, and compl really ended by it" {
	background w "$COMPL_TOOLS/ending" env --default-signal=INT "$COMPL_WAITER" wait a
	wait_until waiters a 1
	kill -INT "$(pgrep -P "${pid[w]}")"
	ends 0 w
	[ "$(<w.out)" = "signal 2" ]
}
