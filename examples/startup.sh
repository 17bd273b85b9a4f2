#!/bin/sh
# SPDX-License-Identifier: ISC
#
# startup.sh - a database, two services and an app come up in the right order
#
# They are started in the wrong one.  Each says what it is ready for, and waits for what it
# needs; nobody sleeps "long enough", and nobody knows who was started when.  "Ready" is a
# state, not a piece of work, so it is posted with --all: for who waits now and who comes later.
# The namespace is a scope: it is of this run alone, and goes with it.
#
# Ends with 0 only if the order was right.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

dir=$(mktemp -d)
started=
# Twice does no harm; a signal that comes in the midst of it would.
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

# Hundredths of a second since the machine was started.
now() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}"
}
start=$(now)

# say WHO WHAT: a line with its time, also kept for the check at the end
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

# What we set out to show: who was ready when.
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
