#!/bin/sh
# SPDX-License-Identifier: ISC
#
# cron.sh - runs a job that must not run twice at a time, and waits for it
#
# This is the line in crontab(5):
#
#	*/5 * * * *  COMPL_NAMESPACE=backup compl run nightly --all --single -q -- backup
#
# If the last one still runs, this one ends with 124, and the last one continues.  A file with a pid would
# have to be removed after a crash; here nothing has to, because a dead producer does not count.  What it
# has started still counts, until it has ended, too.
# The namespace of this example is a scope.  It is removed when the script ends, and then every wait in it
# ends, too.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

# cron DAY: does what cron does at the given time, and becomes the command.  The job posts `begun`, and
# continues when go-DAY is posted.  The shell of the job becomes the wait, and the wait becomes its last
# line.  So whatever ends the command ends the job, and leaves no child that would wait for ever.
cron() {
	# shellcheck disable=SC2016
	exec "$compl" run nightly --all --single -q -- sh -c 'echo "job: begins"; "$0" done begun
		exec "$0" wait "go-$1" -q -- echo "job: ends"' "$compl" "$1"
}

# latest: waits for the latest job, and prints its status.
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

# The job gets SIGTERM now.  Should it not have ended yet, cron comes again.
echo "cron: the next time nothing is in its way"
until (cron wednesday); do sleep 0.1; done &
"$compl" wait begun --timeout 10s
"$compl" done go-wednesday
latest
