#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# pidns.bats - participants of several pid namespaces, such as containers that share a /dev/shm
#
# Equal thread ids mean different threads there.  Where that matters the watchdog keeps the promise,
# within a second.

load helper

setup() {
	begin
	need_namespaces pid
	tolerate_lost_wakeups
}

# in_namespace LABEL COMMAND...: as PID 1 of a pid namespace of its own; its pid, as we
# see it, is ${pid[LABEL]}, that of unshare ${pid[LABEL-outer]}.  (The status that unshare
# gives to a child that was killed differs from version to version.)
in_namespace() {
	local label=$1

	shift
	background "$label-outer" unshare -p -f --mount-proc "$@"
	wait_until child_of "$label"
	pid["$label"]=$inner
}

# The child of unshare, when it has become something else.
child_of() {
	inner=$(pgrep -P "${pid[$1-outer]}") && process_has "$inner" comm '!(unshare|)'
}

line_up_in() {
	local label=$1

	shift
	in_namespace "$label" "$COMPL_WAITER" wait "$@"
	await_sleep "$label"
}

@test "waiters of several pid namespaces, all of them PID 1, are granted in their order" {
	line_up_in w1 a
	line_up w2 a
	line_up_in w3 a
	line_up_in w4 a b
	line_up w5 b a
	expect 0 done a
	ends 0 w1-outer
	await_sleep w2 w3
	expect 0 done a
	ends 0 w2
	await_sleep w3
	expect 0 done a
	ends 0 w3-outer
	expect 0 done b a
	ends 0 w4-outer
	await_sleep w5
	expect 0 done a b
	ends 0 w5
	unset "pid[w1]" "pid[w3]" "pid[w4]"
}

@test "the death of a process does not release what another of the same thread id holds" {
	line_up_in w1 a
	line_up_in w2 a
	line_up_in w3 a
	line_up w4 a
	shoot KILL w2
	outcome w2-outer
	await_sleep w1 w3 w4
	expect 0 done a
	ends 0 w1-outer
	await_sleep w3 w4
	expect 0 done a
	ends 0 w3-outer
	await_sleep w4
	expect 0 done a
	ends 0 w4
	left a 0
	unset "pid[w1]" "pid[w2]" "pid[w3]"
}

@test "all releases the waiters of every namespace" {
	line_up_in w1 a
	line_up w2 a
	line_up_in w3 a b --any
	expect 0 done a --all --status 3
	expect 0 reinit a
	ends 3 w1-outer w2 w3-outer
	unset "pid[w1]" "pid[w3]"
}

@test "what posters of several namespaces posted is there, though some of them were killed" {
	local i posted=0 sure

	line_up_in first a --count 1000
	for i in {1..16}; do
		background p$i unshare -p -f --mount-proc "$COMPL" done a
		background q$i "$COMPL" done a
		if [ $((i % 4)) -eq 0 ]; then
			kill -KILL "$(pgrep -P "${pid[p$i]}")" 2>/dev/null || :
		fi
	done
	for i in {1..16}; do
		ends 0 q$i
		outcome p$i
		posted=$((posted + !got))
	done
	look "[.completions[0].done | . >= $((posted + 16)) and . <= 32] == [true]"
	shoot KILL first
	outcome first-outer
	unset "pid[first]"
	expect 0 rm a
}

@test "when the owner of the lock dies in its namespace, the others go on within a second or so" {
	expect 0 init keep
	line_up_in w1 a
	in_namespace holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
	wait_until grep -q held holder-outer.out
	in_namespace d1 "$COMPL" done a
	in_namespace d2 "$COMPL" done b
	background d3 "$COMPL" done b
	await_sleep d1 d2 d3
	shoot KILL d2
	outcome d2-outer
	await_sleep d1 d3
	shoot KILL holder
	outcome holder-outer
	ends 0 d1-outer d3 w1-outer
	left b 1
	unset "pid[w1]" "pid[holder]" "pid[d1]" "pid[d2]"
}

@test "deadlines and signals work in other namespaces, as PID 1 has them, and disturb no process here" {
	background w1-outer unshare -p -f --mount-proc "$COMPL_WAITER" wait a --timeout 1s
	line_up_in w2 a b --any
	line_up_in w3 a
	line_up w4 a
	ends 124 w1-outer
	shoot TERM w2
	ends 143 w2-outer
	await_sleep w3 w4
	shoot KILL w3
	outcome w3-outer
	await_sleep w4
	expect 0 done a
	ends 0 w4
	expect 0 ls --names
	silent
	unset "pid[w2]" "pid[w3]"
}

@test "while the owner of the lock is stopped in another namespace, deadlines and signals work here" {
	expect 0 init keep
	line_up w1 a --timeout 4s
	line_up_default w2 a
	in_namespace holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
	wait_until grep -q held holder-outer.out
	shoot STOP holder
	wait_until is_stopped "${pid[holder]}"
	in_namespace d "$COMPL" done b
	await_sleep d
	expect_w 125 try b
	expect_w 124 wait b --timeout 200ms
	ends 124 w1
	shoot INT w2
	ends 130 w2
	shoot CONT holder
	await_sleep d
	shoot KILL holder
	outcome holder-outer
	ends 0 d-outer
	left b 1
	unset "pid[holder]" "pid[d]"
}

@test "a stopped waiter of another namespace holds up tokens here, but not all" {
	line_up_in w1 a
	line_up w2 a
	line_up_in w3 a
	shoot STOP w1
	wait_until is_stopped "${pid[w1]}"
	expect 0 done a
	await_sleep w2 w3
	expect_w 124 try a
	expect 0 done a --all
	ends 0 w2 w3-outer
	shoot CONT w1
	ends 0 w1-outer
	unset "pid[w1]" "pid[w3]"
}

@test "ls marks the processes whose pids are of another namespace, on either side" {
	local home

	home=$(stat -L -c %i /proc/self/ns/pid)
	line_up w1 a
	line_up_in w2 a
	look ".completions[0].waiters[0] | .pid == ${pid[w1]} and .pid_namespace == $home and .stopped == false and .below == []"
	look '.completions[0].waiters[1] | .pid == 1 and .pid_namespace == null and .stopped == null and .orphan == null and .unit == null and .below == null'
	expect 0 ls -l
	[ "$(grep -c 'pid may be of another namespace' out)" -eq 1 ]
	[[ $(grep 'pid may be of another namespace' out) == "  waiter 1 "* ]]
	expect_from unshare 0 -p -f --mount-proc "$COMPL" ls -l
	[ "$(grep -c 'pid may be of another namespace' out)" -eq 2 ]
	expect 0 done a --all
	ends 0 w1 w2-outer
}

@test "a line that names a process of another namespace says so" {
	in_namespace run "$COMPL" run made -- sleep 1000
	wait_until sh -c '"$1" ls made --json | grep -q "\"pid\":1,"' sh "$COMPL"
	expect 124 run made --single -- true
	one_line 'made: process 1 \(pid may be of another namespace\) produces it already \('
	expect 124 wait made -t 20ms
	one_line '; sleep \(1; pid may be of another namespace\) produces it and has not completed it \('
	line_up_in w token --count 2
	expect 0 done token
	expect 124 wait token -t 20ms
	one_line '; .* \(1; pid may be of another namespace\) is first in its line \('
	expect 0 rm made
	shoot TERM run
	outcome run-outer
	expect 0 done token
	ends 0 w-outer
}

# Runs a command without /proc.
without_proc=(unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh)

need_no_proc() {
	need_namespaces mount
	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer reads its options in /proc"
	printf '%s\n' 6.11 "$(uname -r)" | sort -CV ||
		skip "this kernel does not tell by a pidfd what a process's namespace is"
}

@test "without /proc a process is of its own pid namespace all the same, whoever looks and whoever waits" {
	need_no_proc
	local first with_proc=(env)

	for first in with_proc without_proc; do
		declare -n begin=$first
		background w1 "${begin[@]}" "$COMPL_WAITER" wait a
		await_sleep w1
		background w2 "${without_proc[@]}" "$COMPL_WAITER" wait a
		await_sleep w2
		expect 0 ls -l
		[ "$(grep -c '^  waiter' out)" -eq 2 ]
		[[ $out != *"of another namespace"* ]]
		expect_from "${without_proc[0]}" 0 "${without_proc[@]:1}" "$COMPL" ls -l
		[ "$(grep -c '^  waiter' out)" -eq 2 ]
		[[ $out != *"of another namespace"* ]]
		expect 0 done a --all
		ends 0 w1 w2
		expect 0 rm --all
	done
}

@test "without /proc ls marks the processes whose pids are of another namespace" {
	need_no_proc
	line_up w1 a
	expect_from unshare 0 -p -f "${without_proc[@]}" "$COMPL" ls -l
	[[ $(grep '^  waiter' out) == *"pid may be of another namespace"* ]]
	expect 0 done a
	ends 0 w1
}
