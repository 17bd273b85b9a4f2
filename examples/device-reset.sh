#!/bin/sh
# SPDX-License-Identifier: ISC
#
# device-reset.sh - reinitialises a completion, triggers a reset, waits for it with a timeout
#
# This is the third use in the kernel's documentation, as in many drivers:
#
#	reinit_completion(&dev->reset_done);
#	writel(RESET, dev->control);
#	if (!wait_for_completion_timeout(&dev->reset_done, timeout))
#		return -ETIMEDOUT;
#
# The reinit comes before the trigger, because an answer to an earlier attempt must not be taken for the
# answer to this one.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

dir=$(mktemp -d)
clean_up() {
	trap '' INT TERM
	exec 3>&-
	rm -rf "$dir"
	[ -z "${!-}" ] || kill $! 2>/dev/null || :
	wait
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM

# The device is the only job in the background.  It answers a reset with an interrupt unless it is jammed.
# It ends when no process holds its control register open any more.
device() {
	jammed=
	while read -r command; do
		case $command in
		jam) jammed=yes ;;
		unjam) jammed= ;;
		reset) [ "$jammed" ] || "$compl" done reset-done ;;
		esac
	done
}

readonly TIMED_OUT=124

# reset TIMEOUT: returns 0, or 124 if the device does not answer in time
reset() {
	"$compl" reinit reset-done
	echo reset >&3
	"$compl" wait reset-done --timeout "$1"
}

# expect STATUS TIMEOUT: resets the device and shows how that ended
expect() {
	status=0
	reset "$2" || status=$?
	echo "reset: status $status"
	[ "$status" -eq "$1" ]
}

mkfifo "$dir/control"
device <"$dir/control" &
exec 3>"$dir/control"

"$compl" init reset-done
expect 0 10s

echo jam >&3
expect "$TIMED_OUT" 300ms

# This is a late answer to that attempt.  Without the reinit the next attempt would take it for its own.
"$compl" done reset-done
echo "late answer: $("$compl" test reset-done && echo "a token nobody asked for")"
expect "$TIMED_OUT" 300ms

echo unjam >&3
expect 0 10s
