#!/bin/sh
# SPDX-License-Identifier: ISC
#
# ci-gate.sh - jobs side by side, and a gate that opens when all of them have succeeded
#
# Each job runs under `compl run`, which posts how it ended.  The gate waits for all of them; the
# first that fails ends the wait with its status, and so does one that is killed, with 121.  Its
# name comes as its value.  What still runs then is stopped.
#
# Shows a gate that opens, and one that does not.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

# work JOB: what it does.  With exec, lest the shell is stopped and its command goes on.
work() {
	case $1 in
	lint) echo "exec sleep 0.1" ;;
	unit) echo "exec sleep 0.2" ;;
	docs) echo "sleep 0.1; exit 3" ;;
	soak) echo "exec sleep 30" ;;
	esac
}

started=
# A signal to `run` is one to its job.
stop() {
	# A list of numbers.
	# shellcheck disable=SC2086
	[ -z "$started" ] || kill $started 2>/dev/null || :
	wait
	started=
}
# Once: a signal that comes in the midst of it would end it.
clean_up() {
	trap '' INT TERM
	stop
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM

# gate JOB...: 0 if all succeed
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
