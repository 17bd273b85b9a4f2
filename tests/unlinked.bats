#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# Something outside has unlinked the segment (logind does when a user has logged out).

load helper

@test "whoever waits in an unlinked segment leaves with 120 within ten seconds and says so" {
	line_up w1 a
	line_up w2 a
	line_up w3 a b
	line_up w4 c --timeout 1h
	rm "$segment"
	ends 120 w1 w2 w3 w4
	for i in 1 2 3 4; do
		[ "$(wc -l <w$i.err)" -eq 1 ]
		[[ $(<w$i.err) == "compl: wait: "* ]]
	done
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
