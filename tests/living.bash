# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# living.bash - for the files that kill all that a script has started
#
# The file has a function living_pids, which prints these processes, one a line.

load process

# Some are started while it looks.  A process that dies loses its environment first, by which living_pids finds it,
# and then its descriptors, with the locks that the next run would meet.  So each has to end, too.
kill_living() {
	local pid killed=()

	until nobody_lives; do
		for pid in $(living_pids); do
			kill -KILL "$pid" 2>/dev/null || :
			killed+=("$pid")
		done
	done
	for pid in "${killed[@]}"; do
		until is_gone "$pid"; do
			/bin/sleep 0.01 # not one that the test holds
		done
	done
}

nobody_lives() {
	[ -z "$(living_pids)" ]
}
