#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# deadlock.bats - waits below `run` that wait for each other
#
# The wait that closes the cycle ends with 122 and names the waits of the cycle.  A wait that may
# still go on is not ended.

load helper

# produce LABEL NAME COMMAND...: `run NAME` in the background.
produce() {
	local label=$1 name=$2

	shift 2
	background "$label" "$COMPL" run "$name" -- "$@"
}

# The name has N producers.
produced() {
	expect 0 ls --json "$1" && jq -e ".completions[0].producers | length == $2" "$tmp/out" >"$tmp/jq"
}

@test "a wait for a name below its only producer ends with 122 at once" {
	got=0
	timeout -s KILL 8 "$COMPL" run a -- "$COMPL" wait a >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -Eq '^compl: wait: a: waiting would dead-lock: a \(producer [0-9]+, waiter [0-9]+\) -> a \(namespace' err
}

@test "of two that wait for each other the later ends and prints the cycle, and the other is told" {
	produce first a "$COMPL" wait b
	wait_until_waiting b 1
	got=0
	timeout -s KILL "$LIMIT" "$COMPL" run b -- "$COMPL" wait a --outcome >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	[ "$(<out)" = dead-lock ]
	grep -Eq "dead-lock: b \(producer [0-9]+, waiter [0-9]+\) -> a \(producer ${pid[first]}, waiter [0-9]+\) -> b " err
	ends 122 first
}

@test "a cycle of three is found through shells that wait for their children" {
	local script="$COMPL wait \$0; exit \$?"

	produce p1 a sh -c "$script" b
	wait_until_waiting b 1
	produce p2 b sh -c "$script" c
	wait_until_waiting c 1
	produce p3 c sh -c "$script" a
	ends 122 p1 p2 p3
	[ "$(cat "$tmp"/p?.err | grep -c 'would dead-lock')" -eq 1 ]
	grep -q 'dead-lock: .* -> .* -> .* -> ' "$tmp"/p?.err
}

@test "a cycle is found over several names, and with -q" {
	got=0
	timeout -s KILL "$LIMIT" "$COMPL" run a -- "$COMPL" wait x a -q >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	[ ! -s err ]
}

@test "a cycle of seventeen is found, and its last sixteen names are printed" {
	local i

	for i in {1..16}; do
		produce p$i n$i "$COMPL" wait n$((i + 1))
		wait_until_waiting n$((i + 1)) 1
	done
	produce p17 n17 "$COMPL" wait n1
	ends 122 p{1..17}
	[ "$(cat "$tmp"/p*.err | grep -c 'would dead-lock')" -eq 1 ]
	grep -q '^compl: wait: n1: waiting would dead-lock: n1 (.*) -> n2 (.*) -> n16 (.*) -> n1 (namespace' "$tmp/p17.err"
}

@test "a wait for any of several names closes a cycle only if all of them are stuck" {
	produce first a "$COMPL" wait b c --any
	wait_until_waiting c 1
	produce second b "$COMPL" wait a
	wait_until_waiting a 1
	looks_pass
	waiters a 1
	produce third c "$COMPL" wait a
	ends 122 third first second
	[ "$(cat "$tmp"/{first,second,third}.err | grep -c 'would dead-lock')" -eq 1 ]
	grep -q 'would dead-lock' "$tmp/third.err"
}

@test "a wait for at least K of several names closes a cycle when fewer than K are free of it" {
	produce first a "$COMPL" wait b c free --at-least 2
	wait_until_waiting c 1
	produce second b "$COMPL" wait a
	wait_until_waiting a 1
	looks_pass
	waiters a 1 # c and free are enough
	produce third c "$COMPL" wait a
	ends 122 third
	grep -q 'would dead-lock' "$tmp/third.err"
	waiters a 1 # c is done, with 122, and free is enough again
	expect 0 done free
	ends 122 first second
	[ "$(cat "$tmp"/{first,second}.err | grep -c 'would dead-lock')" -eq 0 ]
	produce last d "$COMPL" wait d e x --at-least 2 # e and x are enough
	wait_until_waiting e 1
	looks_pass
	waiters e 1
	got=0
	timeout -s KILL "$LIMIT" "$COMPL" run f -- "$COMPL" wait f g --at-least 2 >out 2>err 3>&- || got=$?
	[ "$got" -eq 122 ]
	grep -q '^compl: wait: f: waiting would dead-lock: f ' err
	expect 0 done e x
	ends 0 last
}

@test "a cycle that a wait closes after an earlier wait was released is found" {
	produce first a sh -c "$COMPL wait x && $COMPL wait b; exit \$?"
	wait_until_waiting x 1
	produce second b "$COMPL" wait a
	wait_until_waiting a 1
	looks_pass
	waiters a 1
	expect 0 done x
	ends 122 first second
	grep -q 'would dead-lock' "$tmp/first.err"
}

@test "a dead-lock is found when the last process that was at work waits too" {
	mkfifo "$tmp/work"
	produce first a "$COMPL" wait b
	wait_until_waiting b 1
	produce second b bash -c "$COMPL wait a & read -r line <'$tmp/work'; wait \$!; exit \$?"
	wait_until_waiting a 1
	expect 124 wait nobody -t 150ms
	waiters a 1
	echo >"$tmp/work"
	ends 122 first second
}

# ---- what only looks like one -------------------------------------------------------------------------

# Waits until every wait that is there has looked three times: only time can show that they find nothing.
looks_pass() {
	expect 124 wait nobody -t 1.2s
}

@test "a wait with a deadline ends at its deadline" {
	got=0
	timeout -s KILL "$LIMIT" "$COMPL" run a -- "$COMPL" wait a -t 1.2s >out 2>err 3>&- || got=$?
	[ "$got" -eq 124 ]
}

@test "what a wait with a deadline holds up is not stuck" {
	produce first a sh -c "until [ -e go ]; do $COMPL wait b -t 1.2s && exit 1; done; exit 0"
	wait_until_waiting b 1
	produce second b "$COMPL" wait a
	wait_until_waiting a 1
	looks_pass
	waiters a 1
	: >go
	ends 0 first second
}

@test "no dead-lock is reported if the producer has something else to do" {
	local script="$COMPL wait b & exec tail --pid=$$ -f /dev/null 3>&-"

	produce busy a sh -c "$script"
	wait_until_waiting b 1
	produce other b "$COMPL" wait a
	wait_until_waiting a 1
	looks_pass
	waiters a 1
	expect 0 done a
	ends 0 other
	wait_until_waiting b 0
	shoot TERM busy
	ends 143 busy
}

@test "no dead-lock is reported for a name with another producer that does not wait" {
	produce idle b tail --pid=$$ -f /dev/null
	wait_until produced b 1
	produce one b "$COMPL" wait a
	wait_until_waiting a 1
	produce two a "$COMPL" wait b
	wait_until_waiting b 1
	looks_pass
	waiters a 1
	waiters b 1
	expect 0 done b
	ends 0 two one
	shoot TERM idle
	ends 143 idle
}

@test "no dead-lock is reported for any of several names if one of them has no producer" {
	produce one a "$COMPL" wait b free --any
	wait_until_waiting b 1
	produce two b "$COMPL" wait a
	wait_until_waiting a 1
	looks_pass
	waiters a 1
	waiters b 1
	expect 0 done free
	ends 0 one two
}

@test "no dead-lock is reported for a wait that is not below the producer" {
	produce p1 a "$COMPL" wait b
	wait_until_waiting b 1
	background stranger env COMPL_PRODUCES=x "$COMPL" wait a
	wait_until_waiting a 1
	looks_pass
	waiters a 1
	expect 0 done b
	ends 0 p1 stranger
}

# ---- what it costs ------------------------------------------------------------------------------------

# ancestors PID: prints how many processes are above it, as far as /proc shows.
ancestors() {
	local pid=$1 count=0

	while [ "$pid" -gt 1 ] && pid=$(awk '{ sub(/.*\) /, ""); print $2 }' "/proc/$pid/stat"); do
		count=$((count + 1))
	done
	echo "$count"
}

# looked_at FILE: prints how many times the traced process has opened something that tells of a process.
looked_at() {
	grep -c '^[0-9]* *openat(.*"/proc/[0-9]*/\(stat\|wchan\)' "$1" || :
}

no_sanitizer() {
	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer makes system calls of its own"
}

# The traced wait is the second of three in a chain, so what it waits for is produced, and what is produced
# above it is awaited.
@test "a wait that closes no cycle of names reads few processes, and none when it looks again" {
	no_sanitizer
	need_trace
	produce p3 c "$COMPL" wait d
	wait_until_waiting d 1
	produce p1 a "$COMPL" wait b
	wait_until_waiting b 1
	produce p2 b strace -f -o trace "$COMPL" wait c
	wait_until_waiting c 1
	looks_pass
	run ! grep 'open\(at\)*(.*"/proc",' trace
	# Itself, what is above it, the first wait, and what is above that one and was not read yet.
	[ "$(looked_at trace)" -gt 0 ]
	[ "$(looked_at trace)" -le $(($(ancestors "${pid[p2]}") + 6)) ]
	cp trace before
	expect 0 done d
	ends 0 p3 p2 p1
	[ "$(looked_at before)" -eq "$(looked_at trace)" ]
}

@test "a wait for what nobody produces reads no process" {
	no_sanitizer
	need_trace
	produce p1 a strace -f -o trace "$COMPL" wait b
	wait_until_waiting b 1
	looks_pass
	[ "$(looked_at trace)" -eq 0 ]
	expect 0 done b
	ends 0 p1
}

@test "forty waits below producers wake twice in a second to look, and read only what is above them" {
	local i woken=0 read=0

	no_sanitizer
	need_trace
	background hub "$COMPL" run hub --all -- "$COMPL" wait last
	wait_until_waiting last 1
	for i in {1..39}; do
		produce s$i p$i "$COMPL" wait hub
	done
	wait_until_waiting hub 39
	produce s40 p40 strace -f -o trace "$COMPL" wait hub
	wait_until_waiting hub 40
	looks_pass
	run ! grep 'open\(at\)*(.*"/proc",' trace
	[ "$(looked_at trace)" -le $(($(ancestors "${pid[s40]}") + 4)) ]
	# A sleep for each of the four rounds: when it joins, with room for the graph, and for two looks.
	[ "$(grep -c 'futex(.*FUTEX_WAIT\|futex_waitv(' trace)" -le 5 ]
	expect 0 done last
	ends 0 hub s{1..40}
}
