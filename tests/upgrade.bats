#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
# runs in: check-all (it builds the project several times)
#
# upgrade.bats - a new compl is installed while waiters of the old one sleep
#
# With the same layout both go on together; with another layout a later command says what is in the way.

load helper

setup() {
	begin
	cp "$COMPL" installed
}

# The command that is installed posts and looks; it is replaced as install(1) and packages do.
install_new() {
	cp "$COMPL" fresh
	mv fresh installed
}

@test "when the command is replaced under a sleeping waiter, both versions go on together" {
	local new=$COMPL

	COMPL_WAITER=$tmp/installed
	line_up w1 a --print
	line_up w2 a b --any
	line_up w3 a -- "$tmp/installed" --version
	line_up w4 a --timeout 4s
	install_new
	line_up w5 c
	expect_from "$tmp/installed" 0 done a --value new
	ends 0 w1
	[ "$(<w1.out)" = new ]
	expect_from "$tmp/installed" 0 done b
	ends 0 w2
	ends 124 w4
	expect_from "$new" 0 done a
	ends 0 w3 # becomes the new one
	[[ $(<w3.out) == "compl "* ]]
	rm installed
	expect_from "$new" 0 done c
	ends 0 w5
}

# ---- another layout -----------------------------------------------------------------------------

# make_other SED: builds a compl whose layout.h is changed by SED, in ./other.
make_other() {
	local root=$BATS_TEST_DIRNAME/..

	[ -z "${COMPL_ASAN-}" ] || skip "the build that it would be compared with is not this one"
	mkdir tree
	cp -r "$root/Makefile" "$root/src" "$root/completions.awk" "$root/completions.sh" tree/
	sed -i "$1" tree/src/shm/segment/layout.h
	if cmp -s tree/src/shm/segment/layout.h "$root/src/shm/segment/layout.h"; then return 1; fi
	env -u MAKEFLAGS -u MAKELEVEL make -s -C tree CFLAGS=-O0 build/compl >make.log 2>&1 3>&- || {
		cat make.log
		return 1
	}
	cp tree/build/compl other
}

version_of_ours() {
	sed -n 's/^#define LAYOUT_VERSION \([0-9]*\).*/\1/p' "$BATS_TEST_DIRNAME/../src/shm/segment/layout.h"
}

# A command of $1 is told which file is in the way and what removes it; the waiter $2 sleeps on.
is_told() {
	local call

	for call in 'done a' 'wait a --timeout 2s' 'init a' 'try a' 'test a' 'ls' 'check' 'rm a' 'reinit a'; do
		# shellcheck disable=SC2086
		expect_from "$1" 125 $call
		one_line "^compl: ${call%% *}: .*$segment.*rm --all --force"
	done
	await_sleep "$2"
}

@test "with an older layout in use a later command names the file and the command that removes it" {
	local ours

	ours=$(version_of_ours)
	make_other "s/^#define LAYOUT_VERSION .*/#define LAYOUT_VERSION $((ours - 1))/"
	background w "$tmp/other" wait a
	await_sleep w
	is_told "$COMPL" w
	expect_from "$tmp/other" 0 done a
	ends 0 w
	# It is idle now, and is replaced.
	expect 0 done a
	expect 0 try a
	expect 0 check
	# The older command is told the same about our segment.
	expect 0 done a
	expect_from "$tmp/other" 125 done a
	one_line "$segment.*rm --all --force"
	left a 1
}

@test "a used segment of an older layout and size is removed by force, and its waiter ends" {
	local ours

	ours=$(version_of_ours)
	make_other "s/^#define LAYOUT_VERSION .*/#define LAYOUT_VERSION $((ours - 1))/; s/^#define LAYOUT_ENTRIES[[:space:]].*/#define LAYOUT_ENTRIES 32768u/"
	grep -q '^#define LAYOUT_ENTRIES 32768u$' tree/src/shm/segment/layout.h
	background w "$tmp/other" wait a
	await_sleep w
	is_told "$COMPL" w
	expect 0 rm --all --force
	expect 0 done a
	ends 120 w
	expect 0 try a
}

@test "a segment of a newer layout, idle or not, is never changed" {
	local ours

	ours=$(version_of_ours)
	make_other "s/^#define LAYOUT_VERSION .*/#define LAYOUT_VERSION $((ours + 1))/"
	expect_from "$tmp/other" 0 init a
	expect 125 done b
	one_line "$segment.*rm --all --force"
	expect_from "$tmp/other" 0 rm a
	expect 125 done b
	one_line "$segment.*rm --all --force"
	expect_from "$tmp/other" 0 check
	expect 0 rm --all --force
}
