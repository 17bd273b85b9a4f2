#!/bin/sh
# SPDX-License-Identifier: ISC
#
# async-request.sh - submits a request whose callback posts an error, which the waiter returns
#
# This is the second use in the kernel's documentation.  An asynchronous request is submitted with a
# callback.  The callback stores its error beside the completion and completes it, and the waiter returns
# that error.  The completion is reinitialised before it serves another request.
#
# The completion of one request is a piece of work, not a state, so it is posted without --all.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" ;;
esac

readonly EIO=5

# callback ERROR DATA: the "device" calls it when a request has ended
callback() {
	"$compl" done request-done --status "$1" --value "$2"
}

# submit FILE: starts to read a line in the background, and returns at once
submit() {
	{
		sleep 0.1
		error=0
		line=$(head -n 1 "$1" 2>/dev/null) || error=$EIO
		callback "$error" "$line"
	} &
}

# read_line FILE: submits a request and waits for it; prints the data and returns the error of the callback
read_line() {
	submit "$1"
	"$compl" wait request-done --timeout 10s --print
}

"$compl" init request-done
error=0
line=$(read_line /no/such/file) || error=$?
echo "first request: error $error"

# The first error stays, so that nothing overlooks it, until the reinit.
"$compl" reinit request-done
error=0
line=$(read_line "$0") || error=$?
echo "second request: error $error, read: $line"
[ "$error" -eq 0 ]
