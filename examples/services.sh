#!/bin/sh
# SPDX-License-Identifier: ISC
#
# services.sh - starts an app when two daemons are ready, of which only one says so
#
# The cache is a redis-server that says by sd_notify(3) when it is ready.  The queue is a redis-server that
# does not say so; a probe asks it until it answers.  Both start side by side, and the app waits for both.
# No script has to guess how long a sleep must be, and if a daemon dies, the wait ends at once with its
# status.  All of this runs in a scope: its names belong to this run alone, and --kill ends what is left of
# it.
#
# The exit status is 0 if the app got its answer.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" ;;
esac

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "starts the cache, which says when it is ready"
"$compl" run cache -b --ready notify -- \
	redis-server --supervised systemd --port 0 --unixsocket "$dir/cache" --logfile "$dir/cache.log" --save ''

echo "starts the queue, and a probe"
"$compl" run queue -b --ready probe:"redis-cli -s '$dir/queue' ping | grep PONG" -- \
	redis-server --port 0 --unixsocket "$dir/queue" --logfile "$dir/queue.log" --save ''

# shellcheck disable=SC2016
"$compl" wait cache queue --fail-fast --timeout 20s -- sh -c '
	echo "app: both are ready"
	redis-cli -s "$1/cache" set greeting hello >/dev/null
	redis-cli -s "$1/queue" rpush jobs "say $(redis-cli -s "$1/cache" get greeting)" >/dev/null
	echo "app: the job is to $(redis-cli -s "$1/queue" lpop jobs)"' sh "$dir"
