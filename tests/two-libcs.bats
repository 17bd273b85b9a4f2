#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
#
# two-libcs.bats - programs of two C libraries on one segment
#
# Other primitives break on this.  tests/c/condition.c and tests/c/mutexes.c show more of that kind,
# beside compl.

load helper

setup() {
	begin
	[ -z "${COMPL_ASAN-}" ] || skip "one build alone has only one C library"
	static=$COMPL
	dynamic=${COMPL%/*}/glibc/compl
	[ -x "$dynamic" ] || skip "there is no second build beside $COMPL"
}

# with LIBC: from here on the command of this libc waits, posts and looks.
with() {
	case $1 in
	static) COMPL=$static ;;
	dynamic) COMPL=$dynamic ;;
	esac
	COMPL_WAITER=$COMPL
}

# The processes here are static, dynamic, static, …
nth() {
	if [ $(($1 % 2)) -eq 0 ]; then
		with static
	else
		with dynamic
	fi
}

# peers HOLDER TAKER: the owner of a robust mutex, of one libc, is killed, and a process of the other
# libc locks it.
peers() {
	local told

	background peer "$1" hold mutex
	wait_until grep -q held peer.out
	shoot KILL peer
	outcome peer
	told=$(timeout -s KILL 2 "$2" take mutex) || told="never got it"
	echo "# note: pthread's robust mutex, its owner of the one libc ($3) killed: $4 $told" >&3
	rm mutex
}

@test "a line of waiters of both libcs, some of them killed, is granted in its order" {
	local i

	peers "${static%/*}/c/mutexes" "${dynamic%/*}/c/mutexes" "build/c" "the other"
	peers "${dynamic%/*}/c/mutexes" "${static%/*}/c/mutexes" "build/glibc/c" "the other"
	for i in {1..12}; do
		nth "$i"
		line_up w$i a
	done
	shoot KILL w1 w4 w5 w12
	ends 137 w1 w4 w5 w12
	for i in 2 3 6 7 8 9 10 11; do
		nth $((i / 2))
		expect 0 done a
		ends 0 w$i
	done
	left a 0
}

@test "all, a failure and a removal of the one libc reach the other" {
	with static
	line_up w1 a --print
	line_up w2 b --fail-fast
	line_up w3 c
	line_up w4 d e --any
	with dynamic
	line_up w5 a --print
	expect 0 done a --all --status 3 --value text
	expect 0 done b --status 4
	expect 0 rm c
	expect 0 done e
	ends 3 w1 w5
	[ "$(<w1.out)$(<w5.out)" = texttext ]
	ends 4 w2
	ends 120 w3
	ends 0 w4
	with static
	expect 3 wait a --print
	printed text
}

@test "when the lock's owner, of one libc, is killed all of the other get the lock" {
	local i j

	expect 0 init keep
	for i in {1..10}; do
		background owner "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
		wait_until grep -q held owner.out
		for j in {1..6}; do
			nth "$j"
			background d$j "$COMPL" done a
		done
		await_sleep d{1..6}
		kill -KILL "${pid[owner]}" "${pid[d3]}" "${pid[d4]}" || : # those that were woken may have ended
		ends 137 owner
		ends 0 d1 d2 d5 d6
		outcome d3
		outcome d4
		: >owner.out
	done
	look '[.completions[] | select(.name == "a") | .done >= 40 and .done <= 60] == [true]'
}

@test "tokens posted and taken by both libcs under kills add up" {
	local i posted=0

	for i in {1..60}; do
		nth "$i"
		background p$i "$COMPL" done a
		nth $((i / 2))
		background w$i "$COMPL" wait a
		[ $((i % 5)) -ne 0 ] || kill -KILL "${pid[p$i]}" 2>/dev/null || :
	done
	for i in {1..60}; do
		outcome p$i
		posted=$((posted + !got))
	done
	[ "$posted" -eq 60 ] || expect 0 done a --count $((60 - posted))
	for i in {1..60}; do
		ends 0 w$i
	done
	expect 0 ls a --json
	[[ $out =~ \"done\":([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -le 12 ] || left a 0
}
