# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# notify.bash - for the files about `run --ready notify`: a command for CMD, and a receiver

load helper

setup() {
	begin
	unset NOTIFY_SOCKET WATCHDOG_PID
	export COMPL COMPL_TOOLS # for CMD
	notify=$COMPL_TOOLS/notify
}

# outer LABEL [MODE]: starts a receiver as a service manager has it, and sets NOTIFY_SOCKET to it.
outer() {
	background "$1" "$notify" "${2-listen}" "$tmp/$1.socket"
	export NOTIFY_SOCKET=$tmp/$1.socket
	wait_until grep -q listens "$1.out"
}
