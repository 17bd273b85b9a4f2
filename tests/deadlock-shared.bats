#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it takes half a minute, because the looks that are shared are ten seconds apart)
#
# deadlock-shared.bats - waits that may be in a dead-lock share the looks at all processes

load helper

# looks: prints how often the traced waits have read all processes, which is to the end of a directory.
looks() {
	cat trace.* | grep -c 'getdents64(.* = 0$' || :
}

@test "of six waits that close cycles of names with work to do, one looks for all" {
	local i before

	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer makes system calls of its own"
	need_trace
	LIMIT=60
	background hub "$COMPL" run hub -- bash -c "for i in 1 2 3 4 5 6; do $COMPL wait p\$i & done
		exec tail --pid=$$ -f /dev/null 3>&-"
	for i in {1..6}; do
		wait_until_waiting p$i 1
	done
	for i in {1..6}; do
		# The filter, because a tracer that is at work may make a look unclear, and such a look is not shared.
		background w$i "$COMPL" run p$i -- \
			strace -f --seccomp-bpf -e trace=getdents64 -o trace.$i "$COMPL" wait hub
	done
	wait_until_waiting hub 6
	expect 124 wait nobody -t 11s # from now on they share; only time can show what they do
	before=$(looks)
	[ "$before" -ge 12 ] # each on its own: when it joins, and once more at least
	expect 124 wait nobody -t 22s
	echo "$before, $(looks)"
	[ "$(looks)" -gt "$before" ]
	[ "$(looks)" -le $((before + 4)) ]
	waiters hub 6
	expect 0 done hub --all
	ends 0 w{1..6}
	shoot TERM hub
	ends 143 hub
}

@test "a cycle that becomes stuck is found in time though thirty other waits share their looks" {
	local i

	LIMIT=60
	background hub "$COMPL" run hub -- bash -c "for i in {1..30}; do $COMPL wait p\$i & done
		exec tail --pid=$$ -f /dev/null 3>&-"
	for i in {1..30}; do
		wait_until_waiting p$i 1
	done
	for i in {1..30}; do
		background w$i "$COMPL" run p$i -- "$COMPL" wait hub
	done
	wait_until_waiting hub 30
	background ring "$COMPL" run ring -- bash -c "$COMPL wait q &
		tail --pid=$$ -f /dev/null 3>&- & echo \$! >at-work; wait"
	wait_until_waiting q 1
	background q "$COMPL" run q -- "$COMPL" wait ring
	wait_until_waiting ring 1
	expect 124 wait nobody -t 11s # from now on they share
	kill "$(<at-work)"
	SECONDS=0
	ends 122 q
	echo "after $SECONDS seconds"
	[ "$SECONDS" -le 13 ]
	ends 0 ring
	waiters hub 30
	expect 0 done hub --all
	ends 0 w{1..30}
	shoot TERM hub
	ends 143 hub
}

# The latest wait of the cycle looks for none, so the one before it has to look again.
@test "a wait finds the cycle that a promise has closed, of a process with waiting children" {
	LIMIT=40
	background b "$COMPL" run b -- "$COMPL" wait a
	wait_until_waiting a 1
	background a bash -c "(COMPL_PRODUCES=other $COMPL wait b 3>&-; echo \$? >early) &
		until [ -e go ]; do sleep 0.1; done
		exec $COMPL run a -- env -u COMPL_PRODUCES $COMPL wait b"
	wait_until_waiting b 1
	touch go
	wait_until test -s early
	[ "$(<early)" -eq 122 ]
	waiters b 1
	expect 0 done b --all
	ends 0 a b
}
