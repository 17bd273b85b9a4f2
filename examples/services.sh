#!/bin/sh
# SPDX-License-Identifier: ISC
#
# services.sh - starts an app when two daemons are ready, of which only one says so
#
# The cache is a redis-server that says by sd_notify(3) when it is ready.  The queue is a redis-server that
# does not say so: a probe asks it until it answers, and then writes a line to descriptor 3.  The app waits
# for both.  No script has to guess how long a sleep must be, and if a daemon dies, the wait ends at once.
# All of this runs in a scope: its names belong to this run alone, and are removed at its end.
#
# The exit status is 0 if the app got its answer.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

dir=$(mktemp -d)
started=
# `run` passes the signal on to CMD.
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

echo "starts the cache, which says when it is ready"
"$compl" run cache --ready notify -- redis-server --supervised systemd \
	--port 0 --unixsocket "$dir/cache" --save '' --dir "$dir" >"$dir/cache.log" &
started=$!

echo "starts the queue, and a probe"
# The last line waits twice, because a signal ends the first wait.
# shellcheck disable=SC2016
"$compl" run queue --ready fd:3 -- sh -c '
	redis-server --port 0 --unixsocket "$1/queue" --save "" --dir "$1" >"$1/queue.log" 3>&- &
	trap "kill $!" TERM
	until redis-cli -s "$1/queue" ping >/dev/null 2>&1; do
		kill -0 $! || exit
		sleep 0.05
	done
	echo "$1/queue" >&3
	wait $! || wait $!' sh "$dir" &
started="$started $!"

# shellcheck disable=SC2016
"$compl" wait cache queue --fail-fast --timeout 20s -- sh -c '
	echo "app: both are ready"
	redis-cli -s "$1/cache" set greeting hello >/dev/null
	redis-cli -s "$1/queue" rpush jobs "say $(redis-cli -s "$1/cache" get greeting)" >/dev/null
	echo "app: the job is to $(redis-cli -s "$1/queue" lpop jobs)"' sh "$dir"
