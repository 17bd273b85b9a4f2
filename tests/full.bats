#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# full.bats - /dev/shm fills up while the namespace is in use
#
# A command that needs another page ends with 125 and a line, a command that needs none goes on, and
# nothing is lost.  Once there is room, all works again.

load helper
load private-shm

# The segment is there, with the names n1 to n15: the first page of names is used up.
setup() {
	begin
	private_shm size=2m
	# shellcheck disable=SC2046
	expect 0 init $(seq -f n%g 15)
}

teardown() {
	local sound=0

	[ -z "${inside-}" ] || sound_inside || sound=1
	finish && [ "$sound" -eq 0 ]
}

refused_for_room() {
	one_line '^compl: [a-z]+: .*(space|room|full)'
}

# waits_for_room LABEL ARGUMENT...: a wait that finds no room for itself.
waits_for_room() {
	local label=$1

	shift
	background "$label" "$COMPL_WAITER" wait "$@"
	ends 125 "$label"
	[ "$(wc -l <"$label.err")" -eq 1 ]
	[[ $(<"$label.err") =~ ^compl:\ wait:\ .*(space|room|full) ]]
}

# some N: the first N names.
some() {
	seq -s ' ' -f n%g "$1"
}

@test "under sleepers of every kind, all that needs no further page goes on" {
	line_up w1 n1 --print
	line_up w2 n1 n2 --print
	line_up w3 n3 n4 --any
	line_up w4 n5 --timeout 4s
	line_up w5 n6
	line_up w6 n7 --fail-fast --print
	line_up w7 n8
	leave_pages 0
	expect 0 done n1 --value one
	ends 0 w1
	expect 0 done n1 n2 --value two
	ends 0 w2
	[ "$(<w1.out) $(<w2.out)" = $'one two\ntwo' ]
	expect 0 done n4
	ends 0 w3
	[ "$(<w3.out)" = n4 ]
	ends 124 w4
	shoot KILL w5
	ends 137 w5
	expect 0 done n7 --status 3 --value failed
	ends 3 w6
	[ "$(<w6.out)" = failed ]
	expect 0 done n8 --all --value everybody
	ends 0 w7
	expect_w 0 wait n8 --print
	printed everybody
	expect 0 reinit n7 n8
	expect 0 rm n7 n8
	names n1 n10 n11 n12 n13 n14 n15 n2 n3 n4 n5 n6 n9
}

@test "an entry that a wait has left serves the next one, without a page" {
	local i

	line_up w n1
	leave_pages 0
	shoot KILL w
	ends 137 w
	for i in {1..40}; do
		line_up w n1
		expect 0 done n1
		ends 0 w
	done
}

@test "the 32nd and the 64th entry fail cleanly at each number of pages too few" {
	local pages

	line_up keep n1 # the first entry
	leave_pages 0
	# shellcheck disable=SC2046
	line_up w1 $(some 15) --any
	# shellcheck disable=SC2046
	line_up w2 $(some 15) --any
	for pages in 0 1 1; do
		leave_pages $pages
		waits_for_room w3 n2
		waits_for_room w3 n2 n3 --any
		await_sleep keep w1 w2
	done
	leave_pages 2
	line_up w3 n2
	leave_pages 0
	# shellcheck disable=SC2046
	line_up w4 $(some 15)
	# shellcheck disable=SC2046
	line_up w5 $(some 15)
	line_up w6 n3
	for pages in 0 1 1; do
		leave_pages $pages
		waits_for_room w7 n2
		await_sleep keep w{1..6}
	done
	leave_pages 2
	line_up w7 n4
	# shellcheck disable=SC2046
	expect 0 done $(some 15) --all
	ends 0 keep w{1..7}
}

@test "a wait that finds no room in the middle of joining many lines leaves all of them" {
	local pages

	line_up keep n1
	# shellcheck disable=SC2046
	line_up w1 $(some 15) --any
	leave_pages 0
	# shellcheck disable=SC2046
	line_up w2 $(some 12) # the entries 17 to 28
	for pages in 0 1 1; do
		leave_pages $pages
		# shellcheck disable=SC2046
		waits_for_room w3 $(some 15)
		# shellcheck disable=SC2046
		waits_for_room w4 $(some 15) --any --timeout 10s
		waiters n1 3
		waiters n12 2
		waiters n13 1
		await_sleep keep w1 w2
	done
	line_up w3 n13
	line_up w4 n14
	# shellcheck disable=SC2046
	expect 0 done $(some 15) --all
	ends 0 keep w{1..4}
}

@test "a name that begins a page fails cleanly at each number of pages too few" {
	local pages

	line_up keep n1
	for pages in 0 1 1; do
		leave_pages $pages
		expect 125 done new --value text
		refused_for_room
		expect 125 init new
		refused_for_room
		waits_for_room w new
		waits_for_room w n2 new
		expect 125 done n3 new
		refused_for_room
		expect 0 try n3
		expect 1 test new
		expect 124 try new
		waiters n2 0
		await_sleep keep
	done
	leave_pages 2
	expect 0 done new --value text
	leave_pages 0
	expect 0 wait new --print
	printed text
	expect 0 done n1
	ends 0 keep
}

@test "recovery after a dead process needs no page" {
	line_up w1 n1
	line_up w2 n1 n2
	leave_pages 0
	background stray-owner $inside "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
	wait_until grep -q held stray-owner.out
	background d "$COMPL" done n1
	await_sleep d
	shoot KILL stray-owner
	ends 0 d w1
	expect 0 done n1 n2
	ends 0 w2
}

@test "when posters are killed while no page is free, what was posted is there" {
	local i sure=0

	line_up w n1 --count 1000
	leave_pages 0
	for i in {1..40}; do
		background d "$COMPL" done n1
		sleep 0.00$((i % 8))
		kill -KILL "${pid[d]}" 2>/dev/null || :
		outcome d
		sure=$((sure + !got))
	done
	look "[.completions[] | select(.name == \"n1\") | .done >= $sure and .done <= 40] == [true]"
	await_sleep w
	expect 0 rm n1
	ends 120 w
}

# Each of the sixty is in line or gone.  (One that sleeps may do so on the lock, and find no room later.)
all_are_settled() {
	local i refused=0

	for i in {1..60}; do
		! is_gone "${pid[w$i]}" || refused=$((refused + 1))
	done
	waiters n1 $((60 - refused))
}

@test "while room comes and goes under a crowd, each wait joins or says why not" {
	local i sure=0 refused=0

	leave_pages 0
	waits_for_room w0 n1
	for i in {1..60}; do
		background w$i "$COMPL_WAITER" wait n1
		[ $((i % 10)) -ne 0 ] || leave_pages $((i / 10))
	done
	wait_until all_are_settled
	for i in {1..60}; do
		is_gone "${pid[w$i]}" || continue
		ends 125 w$i
		[ "$(wc -l <w$i.err)" -eq 1 ]
		refused=$((refused + 1))
		unset "pid[w$i]"
	done
	sure=$((60 - refused))
	[ "$sure" -gt 0 ]
	leave_pages 0
	expect 0 done n1 --count $sure
	for i in {1..60}; do
		[ -z "${pid[w$i]-}" ] || ends 0 w$i
	done
	left n1 0
}
