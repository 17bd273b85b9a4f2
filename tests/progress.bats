#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# progress.bats - the line that a wait shows on a terminal while it sleeps

load helper

# at_terminal COMMAND: runs a shell command on a terminal of its own; what it shows goes to ./tty
at_terminal() {
	rm -f tty
	begun=$SECONDS
	background terminal env SHELL="$BASH" script -qefc "stty cols 300; $1" tty </dev/null
}

shows() {
	wait_until grep -qaE -- "$1" tty
}

# shows_time TEXT: after the text comes a time, and at first it is not longer than the terminal has been there.
shows_time() {
	local time

	shows "$1[0-9]+s"
	time=$(grep -aoE -- "$1[0-9]+s" tty | head -n 1)
	time=${time##* }
	[ "${time%s}" -le $((SECONDS - begun + 1)) ]
}

# What has passed of an hour and what is left of it add up, but for what was rounded off.
adds_up() {
	grep -aoE '[0-9]+s, 59m[0-9]+s left' tty | tr -c '0-9\n' ' ' |
		awk '{ sum = $1 + $3 } sum < 58 || sum > 59 { bad = 1 } END { exit bad || NR == 0 }'
}

# What is left of the line when the terminal has carried out each erasure.
remains() {
	[ -e tty ] && sed '1d;$d' tty | sed $'s/.*\r\e\\[K//;s/\r//g'
}

@test "the line says which names are not done, how many are, and the times, until the wait ends" {
	expect 0 done b --all
	at_terminal "'$COMPL_WAITER' wait a b c --progress -t 1h"
	shows_time 'compl: waiting for a c; 1 of 3 done; '
	shows 'compl: waiting for a c; 1 of 3 done; [1-9][0-9]*s, 59m[0-9]+s left'
	adds_up
	expect 0 done a --all
	shows 'compl: waiting for c; 2 of 3 done; '
	expect 0 done c --all
	ends 0 terminal
	[ -z "$(remains)" ]
}

@test "the line counts producers, and is erased before CMD" {
	background producer "$COMPL" run a -- sh -c 'until [ -e go ]; do sleep 0.1; done'
	wait_until sh -c '"$1" ls a --json | grep -q "\"producers\":\[{"' sh "$COMPL"
	at_terminal "COMPL_PROGRESS=1 '$COMPL_WAITER' wait a -- echo said"
	shows_time 'compl: waiting for a; 1 producer; '
	: >go
	ends 0 producer terminal
	[ "$(remains)" = said ]
}

@test "the line is erased before a message, and at a signal" {
	at_terminal "'$COMPL_WAITER' wait a --progress -t 3s"
	ends 124 terminal
	shows 'compl: waiting for a; '
	[[ $(remains) == "compl: wait: a: timed out"* ]]
	at_terminal "sh -c 'echo \$\$ >pid; exec \"\$0\" wait a --progress' '$COMPL_WAITER'"
	shows 'compl: waiting for a; '
	kill -TERM "$(cat pid)"
	ends 143 terminal
	[ -z "$(remains)" ]
}

@test "a barrier has the line, too" {
	at_terminal "'$COMPL_WAITER' barrier a --parties 3 --progress"
	shows_time 'compl: waiting for a; 1 of 3 stand in it; '
	background other "$COMPL" barrier a --parties 3
	shows 'compl: waiting for a; 2 of 3 stand in it; '
	expect 0 barrier a --parties 3
	ends 0 other
	ends 0 terminal
	[ -z "$(remains)" ]
}

@test "there is no line with --quiet, in the background, or where there is no terminal" {
	at_terminal "'$COMPL_WAITER' wait a --progress -q -t 100ms"
	ends 124 terminal
	[ -z "$(remains)" ]
	at_terminal "set -m; '$COMPL_WAITER' wait a --progress -t 100ms & wait \$!"
	ends 124 terminal
	run ! grep -q waiting tty
	expect 124 wait a --progress -t 100ms
	one_line '^compl: wait: a: timed out after 100ms'
}
