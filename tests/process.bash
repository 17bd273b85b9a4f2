# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# process.bash - whether a process has ended

# is_gone PID: it has closed all that it had open, and at most its parent has not reaped it yet.
is_gone() {
	local line

	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
	[[ ${line##*) } == Z* ]]
}
