#!/bin/sh
# SPDX-License-Identifier: ISC
#
# ci-gate.sh - runs jobs side by side, and opens a gate when all of them have succeeded
#
# Each job runs under `compl run`, which posts its exit status, and the name of the job as a value.  The
# gate waits for all jobs.  The first job that fails ends the wait with its status; if a `compl run` is
# killed, the wait ends with 121.  Then the script stops the jobs that still run.
#
# It shows one gate that opens, and one that does not.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

# work JOB: prints the command of the job.  A job that lasts uses exec; otherwise a signal would end only
# the shell, and the sleep would go on.
work() {
	case $1 in
	lint) echo "exec sleep 0.1" ;;
	unit) echo "exec sleep 0.2" ;;
	docs) echo "sleep 0.1; exit 3" ;;
	soak) echo "exec sleep 30" ;;
	esac
}

started=
# `run` passes the signal on to its job.
stop() {
	# A list of numbers.
	# shellcheck disable=SC2086
	[ -z "$started" ] || kill $started 2>/dev/null || :
	wait
	started=
}
# A second signal would end the clean-up too early, so it is ignored.
clean_up() {
	trap '' INT TERM
	stop
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM

# gate JOB...: runs the jobs, and says whether all of them succeeded
gate() {
	echo "gate: starts $*"
	for job; do
		"$compl" run "$job" --all --value "$job" -- sh -c "$(work "$job")" &
		started="$started $!"
	done
	status=0
	said=$("$compl" wait "$@" --fail-fast --timeout 10m --print -q) || status=$?
	if [ "$status" -eq 0 ]; then
		echo "gate: open"
	else
		echo "gate: shut, $said ended with $status"
	fi
	stop
}

gate lint unit
gate lint docs soak unit
