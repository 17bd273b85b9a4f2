# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# notify - for the files about `run --ready notify`: a command that CMD can use, and a receiver

load helper

setup() {
	begin
	unset NOTIFY_SOCKET WATCHDOG_PID
	export COMPL COMPL_TOOLS # for CMD
	notify=$COMPL_TOOLS/notify
}

# outer LABEL [MODE]: a receiver as a service manager has it; NOTIFY_SOCKET leads there.
outer() {
	background "$1" "$notify" "${2-listen}" "$tmp/$1.socket"
	export NOTIFY_SOCKET=$tmp/$1.socket
	wait_until grep -q listens "$1.out"
}
