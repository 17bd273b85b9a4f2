# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# living.bash - for the files that kill all that a script has started
#
# The file has a function living_pids, which prints these processes, one a line.

# Some are started while it looks.
kill_living() {
	local pid

	until nobody_lives; do
		for pid in $(living_pids); do
			kill -KILL "$pid" 2>/dev/null || :
		done
	done
}

nobody_lives() {
	[ -z "$(living_pids)" ]
}
