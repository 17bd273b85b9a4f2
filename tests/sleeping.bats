#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each

load helper

setup() {
	begin
	if [ -n "${COMPL_SANITIZED-}" ]; then
		skip "a sanitizer makes system calls of its own, and stops under strace"
	fi
}

# sleeps_in FILE: futex calls that may sleep, and anything else that may.
sleeps_in() {
	grep -E 'FUTEX_(WAIT|LOCK)|futex_waitv|nanosleep|poll\(|select|pause\(|rt_sigtimedwait|epoll' "$1"
}

traced() { # STATUS ARGUMENT...
	local want=$1

	shift
	expect_from strace "$want" -f -o trace "$COMPL_WAITER" "$@"
}

@test "try and a timeout of 0 never sleep" {
	expect 0 init zero
	expect 0 done token token2 --count 9
	line_up w line --count 2
	expect 0 done line
	for name in missing zero line; do
		traced 124 try $name
		run ! sleeps_in trace
		traced 124 wait $name --timeout 0
		run ! sleeps_in trace
		traced 124 wait $name other --any -t 0s
		run ! sleeps_in trace
	done
	traced 0 try token
	run ! sleeps_in trace
	traced 0 wait token token2 -t 0
	run ! sleeps_in trace
	traced 0 wait token
	run ! sleeps_in trace
	expect 0 done line
	ends 0 w
}

@test "posting, testing and the rest never sleep when nobody holds the lock" {
	line_up w line --count 2
	for call in 'done line' 'test line' 'reinit line --force' 'init new' 'rm new' 'done line' 'check' 'ls --names' 'done line --all'; do
		traced 0 $call
		run ! sleeps_in trace
	done
	ends 0 w
}

# runs PID: how often it was given a processor.
runs() {
	awk '{ print $3 }' "/proc/$1/schedstat"
}

traced_one_sleeps() {
	local inner

	inner=$(pgrep -P "${pid[$1]}") && is_asleep "$inner"
}

@test "a sleeper makes no system call: first, second, over several names, for any, with a deadline" {
	local before=() i

	line_up w1 a
	line_up w2 a
	line_up w3 a
	line_up w4 b c
	line_up w5 c b
	line_up w6 d e --any
	line_up w7 e d --any
	line_up w8 f --timeout 1h
	line_up w9 f --timeout 1h
	background w10 strace -o trace "$COMPL_WAITER" wait g
	wait_until traced_one_sleeps w10
	cp trace before
	for i in {1..9}; do
		before[i]=$(runs "${pid[w$i]}")
	done
	sleep 3 # the one thing here that only time can show
	for i in {1..9}; do
		[ "$(runs "${pid[w$i]}")" -eq "${before[i]}" ]
	done
	cmp before trace
	expect 0 done a b c f g --all
	expect 0 done d --count 2
	ends 0 w{1..10}
}

@test "a waiter that comes to a sleep does so after few system calls" {
	background w strace -o trace "$COMPL_WAITER" wait a
	wait_until test -s trace
	wait_until grep -q FUTEX_WAIT trace # `ls` would contend for the lock
	wait_until is_asleep "$(pgrep -P "${pid[w]}")"
	[ "$(grep -c FUTEX_WAIT trace)" -eq 1 ] # later it may have to sleep for the lock
	expect 0 done a
	ends 0 w
}

@test "those in the middle of the line sleep through what happens at its head" {
	local i before=()

	for i in {1..12}; do
		line_up w$i a
	done
	for i in {4..12}; do
		before[i]=$(runs "${pid[w$i]}")
	done
	expect 0 done a
	ends 0 w1
	expect 0 done a
	ends 0 w2
	asleep w3
	for i in {5..12}; do
		[ "$(runs "${pid[w$i]}")" -eq "${before[i]}" ]
	done
	expect 0 done a --all
	ends 0 w{3..12}
}
