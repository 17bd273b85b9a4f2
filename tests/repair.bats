#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# repair.bats - what check finds and what --repair mends
#
# Repair makes all links anew, and keeps what records say of themselves.

load helper

page=4096

# spoil FIRST-PAGE PAGES: writes zeros over whole pages of the segment.
spoil() {
	dd if=/dev/zero of="$segment" bs=$page seek="$1" count="$2" conv=notrunc status=none
}

# put OFFSET BYTES...: writes bytes, given in octal as printf(1) takes them.
put() {
	local offset=$1 bytes=$2

	# shellcheck disable=SC2059
	printf "$bytes" | dd of="$segment" bs=1 seek="$offset" conv=notrunc status=none
}

@test "check finds a sound namespace sound, with --repair too, and a missing one" {
	expect 0 check
	silent
	expect 0 check --repair
	silent
	expect 0 done a --value x
	expect 0 check --repair
	silent
	expect 0 wait a --print
	printed x
}

@test "records that are lost side by side are reported in one line" {
	expect 0 init a
	put 136 '\120\315\0\0' # the header's number of entries: 52,560
	expect 1 check
	[[ $out =~ "entries "[0-9]+" to 52560 are lost" ]]
	[ "$(wc -l <<<"$out")" -eq 1 ]
	put 136 '\0\0\0\0'
	expect 0 check
}

@test "names that the hash table has lost are found again, with all their data" {
	expect 0 init a
	expect 0 done a --count 3 --value hello
	expect 0 done b --all --status 7
	line_up w1 q
	line_up w2 q r
	spoil 1 8 # the hash table
	expect 1 check
	[[ $out =~ (is|are)" lost" ]]
	expect 1 test a
	expect 0 check --repair
	[[ $out =~ (is|are)" lost" ]]
	expect 0 check
	silent
	expect 0 wait a --count 3 --print
	printed hello
	expect 7 wait b
	expect 0 done q
	ends 0 w1
	expect 0 done q
	expect 0 done r
	ends 0 w2
}

@test "a line whose links are damaged is mended in its order" {
	line_up w1 a
	line_up w2 a
	line_up w3 a
	# head and tail of completion 1
	put $((11 * page + 256 + 40)) '\0\0\0\0\0\0\0\0'
	expect 1 check
	expect 0 check --repair
	expect 0 done a
	ends 0 w1
	expect 0 done a
	ends 0 w2
	expect 0 done a
	ends 0 w3
}

@test "an impossible owner of the lock and an impossible log are mended" {
	expect 0 done a --count 2
	put 64 '\377\377\377\377'
	put 72 '\7\0\0\0'
	expect 125 done a
	one_line '^compl: done: a: .*damaged'
	expect 1 check
	expect 0 check --repair
	expect 0 check
	expect 0 wait a --count 2
}

@test "impossible sizes cannot be repaired, the status is 125, and rm --all --force removes them" {
	expect 0 done a
	put 128 '\377\377\377\377'
	expect 125 done a
	expect 125 check --repair
	expect 0 rm --all --force
	expect 0 done a
	expect 0 wait a
}
