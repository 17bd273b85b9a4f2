#!/bin/sh
# SPDX-License-Identifier: ISC
#
# question.sh - asks twice, and does not take the late answer to the first question for one to the second
#
# `reinit --print` begins a question and prints its generation, a number that never comes back.  Whoever
# answers posts to that generation.  If another question has begun meanwhile, the post is refused with 123,
# and changes nothing.  A process that a killed run of this script has left behind could not answer the next
# run either.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" ;;
esac

# answer QUESTION TEXT: what an answerer does
answer() {
	status=0
	"$compl" done reply --generation "$1" --value "$2" -q || status=$?
	echo "answerer: says '$2', status $status"
}

# await QUESTION TIMEOUT: waits for the answer to this question, and shows it
await() {
	status=0
	text=$("$compl" wait reply --generation "$1" --timeout "$2" --print -q) || status=$?
	echo "asker: status $status, the answer is '$text'"
}

first=$("$compl" reinit reply --print)
await "$first" 200ms

second=$("$compl" reinit reply --print)
answer "$first" "yesterday's weather"
answer "$second" "today's weather"
await "$second" 10s
