#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it starts and kills hundreds of processes)
#
# single.bats - run --single under kills: no two CMDs at a time, and nobody is shut out for ever

load helper

# The CMD: outlives its run, and notes whether another one runs beside it.
write_job() {
	cat >job <<-'END'
		#!/bin/sh
		trap "" TERM
		if mkdir alone 2>/dev/null; then
			echo >>ran
			sleep "0.0$(($$ % 4))"
			rmdir alone
		else
			echo "$$" >>overlaps
		fi
	END
	chmod +x job
}

# ran N: so many CMDs have run.
ran() {
	[ -e ran ] && [ "$(wc -l <ran)" -ge "$1" ]
}

# worker N: starts runs, one after the other, and kills most of them at some moment.  Goes on until enough of them
# have got so far as to run CMD.
worker() {
	local i got run

	for ((i = 1; i <= 400; i++)); do
		[ "$i" -le 40 ] || ! ran 11 || break
		"$COMPL" run a --single -q -- ./job 3>&- &
		run=$!
		sleep "0.00$(((i * 7 + $1 * 3) % 10))"
		[ $((i % 5)) -eq 0 ] || kill -KILL "$run" 2>/dev/null || :
		got=0
		wait "$run" 2>/dev/null || got=$?
		[ "$got" -eq 0 ] || [ "$got" -eq 124 ] || [ "$got" -eq 137 ] || echo "$got" >>failures
	done
}

@test "of runs that are killed at any moment no two CMDs run at a time, and afterwards one may" {
	local i workers=()

	write_job
	for i in 1 2 3; do
		worker "$i" 2>worker.$i &
		workers+=($!)
	done
	wait "${workers[@]}"
	[ ! -e failures ]
	[ ! -e overlaps ]
	ran 11
	wait_until "$COMPL" run a --single -q -- true
	expect_w 0 wait a -t 0
	expect 0 check
}
