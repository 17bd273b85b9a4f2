#!/bin/sh
# SPDX-License-Identifier: ISC
#
# startup.sh - starts a database, two services and an app, which become ready in the right order
#
# They are started in the wrong order, all at once.  Each waits for what it needs, becomes its program, and
# says on descriptor 3 when it is ready.  None of them guesses how long it must sleep, or knows when the
# others were started.  If one fails, all that need it end at once.  The namespace is a scope: it belongs to
# this run alone, and is removed at its end, with all that runs in it.
#
# The exit status is 0 only if the order was right.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" ;;
esac

# A stand-in for a program: `sh -c "$program" NAME SECONDS` is ready after some time, and goes on.  The line
# that it writes to descriptor 3 is the value of its name.  Here it is the time.
# shellcheck disable=SC2016
program='echo "$0: started"
	sleep "$1"
	read -r up _ </proc/uptime
	echo "$0: ready"
	echo "$up" >&3
	exec sleep 1000'

"$compl" run app -b --ready fd:3 -- "$compl" wait accounts orders -t 10s -- sh -c "$program" app 0
"$compl" run accounts -b --ready fd:3 -- "$compl" wait database -t 10s -- sh -c "$program" accounts 0.2
"$compl" run orders -b --ready fd:3 -- "$compl" wait database -t 10s -- sh -c "$program" orders 0.4
"$compl" run database -b --ready fd:3 -- sh -c "$program" database 0.5

"$compl" wait app -t 20s

# This is what the example shows: in which order they became ready.
for service in accounts orders; do
	"$compl" wait database "$service" app --print | sort -n -c || {
		echo "The wrong order" >&2
		exit 1
	}
done
echo "The right order"
