#!/bin/sh
# SPDX-License-Identifier: ISC
#
# async-request.sh - submits a request whose callback posts an error, which the waiter returns
#
# This is the second use in the kernel's documentation.  An asynchronous request is submitted with a
# callback.  The callback stores its error beside the completion and completes it, and the waiter
# returns that error.  The completion is reinitialised before it serves another request.
#
# The completion of one request is a piece of work, not a state, so it is posted without --all.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

dir=$(mktemp -d)
clean_up() {
	trap '' INT TERM
	wait
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM

readonly EIO=5

# callback ERROR: the "device" calls it when a request has ended
callback() {
	"$compl" done request-done --status "$1"
}

# submit FILE: starts to read in the background, and returns at once
submit() {
	(
		sleep 0.1
		if cat "$1" >"$dir/buffer" 2>/dev/null; then
			callback 0
		else
			callback "$EIO"
		fi
	) &
}

# read_block FILE: submits a request and waits for it; returns the error of the callback
read_block() {
	submit "$1"
	"$compl" wait request-done --timeout 10s
}

"$compl" init request-done
echo "hello" >"$dir/block"

error=0
read_block "$dir/no-such-block" || error=$?
echo "first request: error $error"
[ "$error" -eq "$EIO" ]

# The first error stays, so that nothing overlooks it, until the reinit.
"$compl" reinit request-done

error=0
read_block "$dir/block" || error=$?
echo "second request: error $error, read: $(cat "$dir/buffer")"
[ "$error" -eq 0 ]
