#!/bin/sh
# SPDX-License-Identifier: ISC
#
# startup.sh - starts a database, two services and an app, which become ready in the right order
#
# They are started in the wrong order.  Each waits for what it needs, and posts when it is ready.  None of
# them guesses how long it must sleep, or knows when the others were started.  "Ready" is a state, not a
# piece of work, so it is posted with --all, which releases every waiter, now or later.
# The namespace is a scope: it belongs to this run alone, and is removed at its end.
#
# The exit status is 0 only if the order was right.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

dir=$(mktemp -d)
started=
# It may run twice.  A signal would end it too early, so signals are ignored.
clean_up() {
	trap '' INT TERM
	# A list of numbers.
	# shellcheck disable=SC2086
	[ -z "$started" ] || kill $started 2>/dev/null || :
	wait
	started=
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM

# now: prints the hundredths of a second since the machine was started
now() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}"
}
start=$(now)

# say WHO WHAT: prints a line with its time, and keeps it for the check at the end
say() {
	passed=$(($(now) - start))
	printf '%d.%02d  %-9s %s\n' $((passed / 100)) $((passed % 100)) "$1" "$2" | tee -a "$dir/log"
}

database() {
	say database "started, reads its journal"
	sleep 0.5
	say database "ready"
	"$compl" done db-ready --all
}

service() {
	say "$1" "started, waits for the database"
	"$compl" wait db-ready --timeout 10s
	say "$1" "has the database, fills its cache"
	sleep "$2"
	say "$1" "ready"
	"$compl" done "$1-ready" --all
}

app() {
	say app "started, waits for both services"
	"$compl" wait accounts-ready orders-ready --timeout 10s
	say app "ready"
}

app & started=$!
sleep 0.1
service accounts 0.2 & started="$started $!"
sleep 0.1
service orders 0.4 & started="$started $!"
sleep 0.1
database & started="$started $!"

failed=0
for pid in $started; do
	wait "$pid" || failed=1
done
started=

# This is what the example shows: in which order they became ready.
order=$(awk '$3 == "ready" { printf "%s ", $2 }' "$dir/log")
case $failed,$order in
"0,database accounts orders app " | "0,database orders accounts app ")
	echo "The right order: $order"
	;;
*)
	echo "The wrong order, or a failure: $order" >&2
	exit 1
	;;
esac
