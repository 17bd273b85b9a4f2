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
# has started still counts, until it has ended, too.  The namespace of this example is a scope.  It is
# removed when the script ends, and what still runs is ended.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" ;;
esac

# cron [OPTION...]: does what cron does when the time has come, but in the background.  The job is one that
# ends when somebody posts a token to `end`.
cron() {
	"$compl" run nightly -b --single -q "$@" -- "$compl" wait end --timeout 1m -q
}

# latest: waits for the latest job, and says how it ended
latest() {
	echo "the job: $("$compl" wait nightly --timeout 10s --outcome -q)"
}

cron
cron || echo "cron: status $?, the last one still runs"
"$compl" done end
latest

echo "cron: once more, and this one is killed"
pid=$(cron --print)
kill -KILL "$pid"
latest

# The kernel has sent SIGTERM to the job itself.  Until it has ended, too, cron comes in vain.
echo "cron: the next time nothing is in its way"
until cron; do sleep 0.1; done
"$compl" done end
latest
