#!/bin/sh
# SPDX-License-Identifier: ISC
#
# cron.sh - a job that must not run beside itself, and somebody who waits for it
#
# As a line of crontab(5):
#
#	*/5 * * * *  COMPL_NAMESPACE=backup compl run nightly --all --single -q -- backup
#
# If the last one still runs, this one ends with 124, and the job goes on alone.  Nothing has to be
# cleared away after a crash, as a file with a pid has: a producer that has died is none.
# Here the namespace is a scope, which ends with this script, and ends what waits in it.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

# What cron does at the appointed time; it becomes the command.  The job says when it has begun, and
# goes on when told, each by a name of its own.  It becomes the wait, too, and the wait its last line:
# whatever ends the command ends the job with it, and leaves no child that would wait for ever.
cron() {
	# shellcheck disable=SC2016
	exec "$compl" run nightly --all --single -q -- sh -c 'echo "job: begins"; "$0" done begun
		exec "$0" wait "go-$1" -q -- echo "job: ends"' "$compl" "$1"
}

# How the latest job ended, to somebody who waits for it.
latest() {
	status=0
	"$compl" wait nightly --timeout 10s -q || status=$?
	echo "the job's status: $status"
}

cron monday &
"$compl" wait begun --timeout 10s

status=0
(cron monday) || status=$?
echo "cron: status $status, the last one still runs"
"$compl" done go-monday
latest

echo "cron: once more, and this one crashes"
cron tuesday & crashing=$!
"$compl" wait begun --timeout 10s
kill -KILL "$crashing"
latest

echo "cron: the next time nothing is in its way"
cron wednesday &
"$compl" wait begun --timeout 10s
"$compl" done go-wednesday
latest
