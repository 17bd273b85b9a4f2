#!/bin/sh
# SPDX-License-Identifier: ISC
#
# wait-for-setup.sh - does a set-up in one process, and waits for it in others
#
# This is the first example in the kernel's documentation:
#
#	CPU#1					CPU#2
#	wait_for_completion(&setup_done);	/* run the set-up */
#						complete(&setup_done);
#
# Either may come first, because a completion remembers the post.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope -- sh "$0" ;;
esac

dir=$(mktemp -d)
clean_up() {
	trap '' INT TERM
	wait
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM

set_up() {
	echo "set-up: begins"
	sleep 0.2
	echo "forty-two" >"$dir/answer"
	echo "set-up: done"
	"$compl" done setup-done --all
}

user() {
	"$compl" wait setup-done --timeout 10s
	echo "$1: the answer is $(cat "$dir/answer")"
}

# This user waits before the set-up is done …
user "early user" & early=$!
set_up & setup=$!
wait "$setup"
wait "$early"

# … and this one comes after it.  Each is a process of its own.
user "late user" & late=$!
wait "$late"
