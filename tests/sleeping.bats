#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# sleeping.bats - what sleeps, how often it wakes, and which commands never sleep

load helper

setup() {
	begin
	if [ -n "${COMPL_ASAN-}" ]; then
		skip "a sanitizer makes system calls of its own, and stops under strace"
	fi
}

# sleeps_in FILE: prints the calls that may sleep, of futexes and others.
sleeps_in() {
	grep -E 'FUTEX_(WAIT|LOCK)|futex_waitv|nanosleep|poll\(|select|pause\(|rt_sigtimedwait|epoll' "$1"
}

traced() { # STATUS ARGUMENT...
	local want=$1

	shift
	expect_from strace "$want" -f -o trace "$COMPL_WAITER" "$@"
}

@test "try and a timeout of 0 never sleep" {
	need_trace
	expect 0 init zero
	expect 0 done token token2 --count 9
	line_up w line --count 2
	expect 0 done line
	await_sleep w # the token has woken it, and it has looked under the lock
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

@test "posting, testing and the rest never sleep while the lock is free" {
	need_trace
	line_up w line --count 2
	for call in 'done line' 'test line' 'reinit line --force' 'init new' 'rm new' 'done line' 'check' 'ls --names' 'done line --all'; do
		await_sleep w # what was posted has woken it, and it has looked under the lock
		traced 0 $call
		run ! sleeps_in trace
	done
	ends 0 w
}

# runs PID: prints how often it was given a processor.
runs() {
	awk '{ print $3 }' "/proc/$1/schedstat"
}

# wakes PID: prints how often it has gone to sleep.  (At high load a woken process may be given a
# processor several times before it sleeps again.)
wakes() {
	awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$1/status"
}

# Hundredths of a second, of a clock that cannot be set.
now() {
	local up

	read -r up _ </proc/uptime
	echo "${up/./}"
}

# sleeper LABEL ARGUMENT...: lines up, and is watched from then on.
sleeper() {
	since[$1]=$(now)
	line_up "$@"
	ran[$1]=$(runs "${pid[$1]}")
	woke[$1]=$(wakes "${pid[$1]}")
}

# looks LABEL: prints how often it may have looked: the first in line looks every ten seconds, and not
# sooner.
looks() {
	echo $((($(now) - since[$1]) / 1000))
}

# only_looks N: reads the calls of a sleeper, which must be those of N looks at most: whether the segment
# is linked, and back to sleep.
only_looks() {
	awk -v looks="$1" '
	BEGIN {
		most["futex"] = 1
		most["rt_sigprocmask"] = most["fstat"] = most["newfstatat"] = most["statx"] = 2
	}
	match($0, /^[a-z_0-9]+\(/) && ++seen[call = substr($0, 1, RLENGTH - 1)] > looks * most[call] {
		print "one too many: " $0
		bad = 1
	}
	END { exit bad }'
}

traced_one_sleeps() {
	local inner

	inner=$(pgrep -P "${pid[$1]}") && is_asleep "$inner"
}

is_lent() {
	timeout -s KILL "$LIMIT" "$COMPL" ls pool --json 3>&- | jq -e '.completions[].state == "lent"' >jq.out
}

@test "no sleeper makes a system call: first, second, over several names, for any, with a deadline" {
	local -A since=() ran=() woke=()
	local label count

	need_trace
	sleeper w1 a
	sleeper w2 a
	sleeper w3 a
	sleeper w4 b c
	sleeper w5 c b
	sleeper w6 d e --any
	sleeper w7 e d --any
	sleeper w8 f --timeout 1h
	sleeper w9 f --timeout 1h
	expect 0 init pool --count 3
	for label in lender{1..3}; do
		background "$label" "$COMPL_WAITER" wait pool --borrow -- sleep 1000
	done
	wait_until is_lent
	sleeper w11 pool
	sleeper w12 pool
	sleeper w13 pool
	since[w10]=$(now)
	background w10 strace -o trace "$COMPL_WAITER" wait g
	wait_until traced_one_sleeps w10
	cp trace before
	sleep 3 # only time can show this
	for label in w2 w3 w5 w7 w9 w13; do
		[ "$(runs "${pid[$label]}")" -eq "${ran[$label]}" ]
	done
	for label in w1 w4 w6 w8 w11 w12; do
		count=$(($(wakes "${pid[$label]}") - woke[$label]))
		[ "$count" -le "$(looks $label)" ]
	done
	tail -c +$(($(wc -c <before) + 1)) trace | only_looks "$(looks w10)"
	expect 0 done a b c f g --all
	expect 0 done d --count 2
	shoot TERM lender{1..3}
	ends 143 lender{1..3}
	expect 0 done pool --all
	ends 0 w{1..13}
}

@test "a waiter that comes to a sleep does so after few system calls" {
	need_trace
	background w strace -o trace "$COMPL_WAITER" wait a
	wait_until test -s trace
	wait_until grep -q FUTEX_WAIT trace # `ls` would contend for the lock
	wait_until is_asleep "$(pgrep -P "${pid[w]}")"
	[ "$(grep -c FUTEX_WAIT trace)" -eq 1 ] # later it may have to sleep on the lock
	expect 0 done a
	ends 0 w
}

@test "waits in the middle of the line are not woken by what happens at its head" {
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
	await_sleep w3
	for i in {5..12}; do
		[ "$(runs "${pid[w$i]}")" -eq "${before[i]}" ]
	done
	expect 0 done a --all
	ends 0 w{3..12}
}
