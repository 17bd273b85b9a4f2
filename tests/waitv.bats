#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (its waits end after a second each; faults.bats has one of them)
#
# waitv.bats - waits for any of several names without futex_waitv(2)
#
# The kernel may not have the call, or a sandbox may forbid it.  Such a wait still ends in every way in
# which it can end: it sleeps on one word, and looks at the rest after a second.

load helper

# any LABEL ERROR ARGUMENT...: starts a wait for any, without that system call.
any() {
	local label=$1 error=$2

	shift 2
	background "$label" "$COMPL_TOOLS/deny" futex_waitv="$error" "$COMPL_WAITER" wait --any "$@"
	await_sleep "$label"
}

# each FUNCTION: runs it as in a kernel without the call, and as in a sandbox.
each() {
	local how

	for how in ENOSYS EPERM; do
		"$1" "$how"
		expect 0 ls --names
		silent
	done
}

a_token() {
	any w1 "$1" a b c
	any w2 "$1" c b a
	expect 0 done b
	ends 0 w1
	[ "$(<w1.out)" = b ]
	expect 0 done a
	ends 0 w2
	[ "$(<w2.out)" = a ]
}

@test "such waits end by a token of the last name, and of the second in line" {
	each a_token
}

all_of_one() {
	any w1 "$1" a b
	any w2 "$1" b a --print
	any w3 "$1" a b --print
	expect 0 done b --all --status 3 --value all
	ends 3 w1 w2 w3
	[ "$(<w3.out)" = $'b\nall' ]
	expect 0 reinit b
}

@test "such waits end by all" {
	each all_of_one
}

several_tokens() {
	any w1 "$1" a b --count 3
	any w2 "$1" a b
	expect 0 done b --count 2
	await_sleep w1 w2
	expect 0 done b
	ends 0 w1
	expect 0 done b
	ends 0 w2
}

@test "such waits end by the last of several tokens" {
	each several_tokens
}

a_failure() {
	any w1 "$1" a b --fail-fast --print
	any w2 "$1" c b
	expect 0 done b --status 4 --value why
	ends 4 w1 w2
	[ "$(<w1.out)" = $'b\nwhy' ]
}

@test "such waits end by a failure, with --fail-fast" {
	each a_failure
}

a_removal() {
	expect 0 init b
	any w1 "$1" a b
	any w2 "$1" a b
	expect 0 rm b
	ends 120 w1 w2
}

@test "such waits end by rm of one of their names" {
	each a_removal
}

the_removal_of_all() {
	any w1 "$1" a b
	any w2 "$1" b a
	expect 0 rm --all
	ends 120 w1 w2
}

@test "such waits end by the removal of the namespace" {
	each the_removal_of_all
}

a_deadline() {
	any w1 "$1" a b --timeout 3s
	any w2 "$1" b a
	background w3 "$COMPL_TOOLS/deny" futex_waitv="$1" "$COMPL_WAITER" wait a b --any -t 100ms --remaining
	ends 124 w3
	[ "$(<w3.out)" = 0 ]
	ends 124 w1
	expect 0 done b
	ends 0 w2
}

@test "such waits end by their deadline, before and after the first look" {
	each a_deadline
}

a_signal() {
	any w1 "$1" a b
	any w2 "$1" a b --killable
	shoot TERM w1 w2
	ends 143 w1 w2
	any w1 "$1" a b
	any w2 "$1" b a
	shoot KILL w1
	ends 137 w1
	expect 0 done a
	ends 0 w2
}

@test "such waits end by a signal, and a death in either line lets the next go on" {
	each a_signal
}

a_stop() {
	any w1 "$1" a b
	any w2 "$1" b a
	shoot STOP w1
	wait_until is_stopped "${pid[w1]}"
	expect 0 done b --all
	ends 0 w2
	expect 0 reinit b
	shoot CONT w1
	ends 0 w1
}

@test "such waits end by all while another one is stopped" {
	each a_stop
}

@test "such a wait keeps its place beside one that has the call" {
	any w1 ENOSYS a b
	line_up w2 a b --any
	any w3 EPERM b a
	line_up w4 a b
	expect 0 done b
	ends 0 w1
	expect 0 done a
	ends 0 w2
	expect 0 done a
	ends 0 w3
	await_sleep w4
	expect 0 done a b
	ends 0 w4
}

@test "such a wait may have as many names as a command takes" {
	local names

	names=$(seq -s ' ' -f n%g 64)
	# shellcheck disable=SC2086
	any w1 ENOSYS $names
	# shellcheck disable=SC2086
	any w2 EPERM $names
	expect 0 done n64
	ends 0 w1
	expect 0 done n33
	ends 0 w2
}
