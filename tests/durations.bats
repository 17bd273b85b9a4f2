#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# durations.bats - durations: units, sums, limits, and the default from the environment

load helper

# takes MILLISECONDS COMMAND...: at least that long, and not very much longer.
takes() {
	local least=$1 begin end

	shift
	begin=${EPOCHREALTIME/[.,]/}
	"$@" || return
	end=${EPOCHREALTIME/[.,]/}
	[ $((end - begin)) -ge $((least * 1000)) ] && [ $((end - begin)) -lt $((least * 1000 + 5000000)) ] && return
	echo "$*: took $((end - begin)) us"
	return 1
}

@test "every unit is understood" {
	takes 100 expect 124 wait a --timeout 100ms
	takes 100 expect 124 wait a --timeout 0.1s
	takes 100 expect 124 wait a --timeout 0.1sec
	takes 100 expect 124 wait a --timeout 0.1
	takes 100 expect 124 wait a --timeout 100000us
	takes 60 expect 124 wait a --timeout 0.001m
	takes 60 expect 124 wait a --timeout 0.001min
	takes 72 expect 124 wait a --timeout 0.00002h
	takes 86 expect 124 wait a --timeout 0.000001d
}

@test "units add up" {
	takes 160 expect 124 wait a --timeout 0.05s50ms50000us0.0001m4ms
	takes 150 expect 124 wait a --timeout=0.1s50ms
}

@test "a bare number is seconds, with a point or without" {
	takes 1000 expect 124 wait a -t 1
	takes 250 expect 124 wait a -t 0.25
	takes 50 expect 124 wait a -t 00.050
}

@test "long durations and infinity wait" {
	line_up w1 a --timeout 1h
	line_up w2 a --timeout 1d12h30m15s7ms
	line_up w3 a --timeout infinity
	line_up w4 a --timeout 2min
	line_up w5 a --timeout 36500d
	line_up w6 a --timeout=86400
	expect 0 done a --all
	ends 0 w1 w2 w3 w4 w5 w6
}

@test "0 in any form does not wait" {
	local t

	for t in 0 0s 0ms 0us 0m 0h 0d 0.0 0.000s 0h0m0s; do
		expect 124 wait a --timeout $t
		expect 0 done a
		expect 0 wait a --timeout $t
	done
}

@test "huge durations neither crash nor end early" {
	local t

	for t in 99999999999999999999999d 18446744073709551616us 9223372036854775808ms 9223372037s 106752d; do
		background w "$COMPL_WAITER" wait a --timeout $t
		wait_until rests "${pid[w]}"
		if is_asleep "${pid[w]}"; then
			expect 0 done a
			ends 0 w
		else
			ends 125 w
		fi
	done
}

@test "COMPL_TIMEOUT is the default of wait, and the option beats it" {
	export COMPL_TIMEOUT=50ms
	takes 50 expect 124 wait a
	takes 150 expect 124 wait a --timeout 150ms
	COMPL_TIMEOUT=0 expect 124 wait a
	line_up w a --timeout infinity
	expect 0 done a
	ends 0 w
}

@test "an empty COMPL_TIMEOUT is none" {
	export COMPL_TIMEOUT=
	line_up w a
	expect 0 done a
	ends 0 w
}

@test "try ignores COMPL_TIMEOUT, good or bad" {
	COMPL_TIMEOUT=10s expect 124 try a
	silent
	COMPL_TIMEOUT=nonsense expect 124 try a
	silent
	expect 0 done a
	COMPL_TIMEOUT=nonsense expect 0 try a
}

@test "the message gives the duration as it was given" {
	expect 124 wait a --timeout 60ms
	one_line '^compl: wait: a: timed out after 60ms; '
	expect 124 wait a b --timeout 0.05s
	one_line '^compl: wait: .*: timed out after '
}
