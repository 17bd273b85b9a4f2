#!/bin/sh
# SPDX-License-Identifier: ISC
#
# ci-gate.sh - runs jobs side by side, and opens a gate when all of them have succeeded
#
# Usage: ci-gate.sh [JOB...]
#
# Each job runs under `compl run`, which posts its exit status.  The gate waits for all of them.  The first
# job that fails ends the wait with its status; if a job is killed together with its `compl run`, the wait
# ends, too.  What still runs then is ended by the scope.
#
# The exit status is that of the first job that fails.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" "$@" ;;
esac

# work JOB: prints the command of the job
work() {
	case $1 in
	lint) echo "sleep 0.1" ;;
	unit) echo "sleep 0.2" ;;
	docs) echo "sleep 0.1; exit 3" ;;
	soak) echo "sleep 1000" ;;
	esac
}

[ $# -gt 0 ] || set -- lint unit
for job; do
	"$compl" run "$job" -b -- sh -c "$(work "$job")"
done

# The outcome is "done 0", "failed", a status and a job, "timeout", or another word.
status=0
outcome=$("$compl" wait "$@" --fail-fast --timeout 10m --outcome -q) || status=$?
if [ "$status" -eq 0 ]; then
	echo "gate: open"
else
	echo "gate: shut, $outcome"
fi
exit "$status"
