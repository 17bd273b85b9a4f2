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
# Either may come first, because a completion remembers the post.  "Set up" is a state, not a piece of work,
# so it is posted with --all, which releases every waiter, now or later.
set -eu

compl=${COMPL:-compl}
case ${COMPL_NAMESPACE-} in
scope.*) ;;
*) exec "$compl" scope --kill -- sh "$0" ;;
esac

set_up() {
	echo "set-up: begins"
	sleep 0.2
	echo "set-up: done"
	"$compl" done setup-done --all --value forty-two
}

user() {
	answer=$("$compl" wait setup-done --timeout 10s --print)
	echo "$1: the answer is $answer"
}

# This user waits before the set-up is done …
user "early user" &
set_up
wait $!

# … and this one comes after it.
user "late user"
