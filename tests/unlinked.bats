#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# unlinked.bats - the segment is unlinked from outside, as logind does when a user has logged out

load unlinked

@test "a wait in an unlinked segment ends with 120 within ten seconds and says so" {
	line_up w1 a
	line_up w2 a
	line_up w3 a b
	line_up w4 c --timeout 1h
	line_up w5 d e --any
	line_up w6 e d --any --timeout 1h
	line_up w7 f --count 3 --io -- ./app
	line_up w8 g --fail-fast --killable
	line_up w9 h
	line_up w10 h
	shoot STOP w9
	wait_until is_stopped "${pid[w9]}"
	rm "$segment"
	left_alone w{1..8}
	shoot CONT w9
	left_alone w9 w10
	[ ! -e "$segment" ]
}

@test "after the segment was unlinked a new one is used" {
	expect 0 done a
	rm "$segment"
	expect 124 try a
	expect 0 done b
	left b 1
	left a 0
}

@test "when segments are unlinked again and again no wait is left in an old one, or released by a new one" {
	local i old=()

	for i in {1..4}; do
		line_up w$i.1 a
		line_up w$i.2 a b --any
		old+=("w$i.1" "w$i.2")
		rm "$segment"
	done
	line_up new a --print
	waiters a 1
	expect 0 done a --value new
	ends 0 new
	[ "$(<new.out)" = new ]
	for i in {1..5}; do
		expect 0 done a --all
		expect 0 wait a
		expect 0 reinit a
	done
	left_alone "${old[@]}"
	expect 0 ls --names
	silent
}

@test "a wait that dies in an unlinked segment lets the next one look" {
	line_up w1 a
	line_up w2 a
	rm "$segment"
	shoot KILL w1
	ends 137 w1
	left_alone w2
}

# hold: a process that has taken the lock, and stops.  Commands then open the segment, and sleep.
hold() {
	background holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
	wait_until grep -q held holder.out
	stop holder
}

@test "a command that has opened a segment that was then unlinked does its work in the new one" {
	expect 0 done settled old --all
	line_up w1 a
	line_up w2 b
	hold
	background d1 "$COMPL" done a --count 2 --value new
	background d2 "$COMPL" done b settled --all
	background d3 "$COMPL" init c
	background d4 "$COMPL" reinit d
	background d5 "$COMPL" run e --all -- true
	background d6 "$COMPL" rm old
	background d7 "$COMPL" done old --existing
	await_sleep d{1..7}
	rm "$segment"
	shoot KILL holder
	ends 137 holder
	ends 0 d{1..5}
	ends 125 d6 d7 # there is no such name now
	left_alone w1 w2
	look '[.completions[] | [.name, .done, .value]] == [["a", 2, "new"], ["b", 4294967295, null], ["c", 0, null],
		["e", 4294967295, null], ["settled", 4294967295, null]]'
}

@test "run posts the end of CMD in the namespace that is there now, and those in the old one leave with 120" {
	produce p
	line_up old a
	rm "$segment"
	line_up new a
	end 3 p
	ends 3 new
	said p "$moved"
	left_alone old
}

@test "run notices within ten seconds, without a post, and is a producer in the new segment, so its death ends waits" {
	produce p --all
	line_up old a
	rm "$segment"
	line_up new a
	wait_until produced
	wait_until moves p 1
	said p "$moved"
	left_alone old
	shoot KILL p
	ends 137 p
	ends 121 new
}
