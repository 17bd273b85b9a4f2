#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (its waits sleep for as long as they can, which is ten seconds)
#
# watchdog.bats - what wakes a sleeper just after its bound has ended its sleep
#
# Nobody sleeps any more then, so the wake finds nobody.  It is not lost.  (finish() looks.)

load helper

setup() {
	begin
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	need_trace
	expect 0 init keep
}

# sleep_to_bound LABEL ARGUMENT...: starts a command; returns when its first sleep has come to its bound, in a system
# call that takes some time more.
sleep_to_bound() {
	: >trace
	background "$1" strace -qq -o trace -e trace=futex -e inject=futex:delay_exit=900000:when=1 "$COMPL_WAITER" "${@:2}"
	wait_until grep -q 'ETIMEDOUT.*DELAYED' trace
}

@test "the lock is released" {
	background holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
	wait_until grep -q held holder.out
	sleep_to_bound d "done" a
	shoot TERM holder
	ends 0 holder d
	left a 1
}

@test "a token is posted" {
	sleep_to_bound w wait a
	expect 0 "done" a
	ends 0 w
}
