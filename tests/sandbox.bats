#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# sandbox.bats - a filter refuses system calls, or kills for them
#
# What compl does not need it does not call; without what it needs, a line says so.

load helper

# without CALLS=HOW STATUS ARGUMENT...: like expect, under a filter.
without() {
	expect_from "$COMPL_TOOLS/deny" "$2" "$1" "$COMPL" "${@:3}"
}

@test "without setfsuid(2) each command is the first of a namespace, and goes on in one" {
	local how

	for how in KILL EPERM; do
		without setfsuid=$how 0 init a
		without setfsuid=$how 0 "done" a
		without setfsuid=$how 0 wait a
		without setfsuid=$how 0 rm --all
		without setfsuid=$how 0 "done" a
		without setfsuid=$how 0 rm --all
		without setfsuid=$how 124 wait a --timeout 0.01
		without setfsuid=$how 0 rm --all
		without setfsuid=$how 0 run a -- true
		without setfsuid=$how 0 scope -- "$COMPL" "done" a
		without setfsuid=$how 0 ls
		without setfsuid=$how 0 rm --all --force
	done
}

@test "another user's segment is used without setfsuid(2), and made with it" {
	need_others
	without setfsuid=KILL 159 "done" a -u 65534
	without setfsuid=EPERM 125 "done" a -u 65534
	one_line '^compl: done: a: .*is not there, and only its owner may make it'
	expect 0 "done" a -u 65534
	without setfsuid=KILL 0 "done" a -u 65534
	without setfsuid=KILL 0 wait a --count 2 -u 65534
	without setfsuid=KILL 0 ls -u 65534
	[ "$(stat -c %u "/dev/shm/compl.65534.$COMPL_NAMESPACE")" -eq 65534 ]
	without setfsuid=KILL 0 rm --all -u 65534
}

@test "if the umask takes the owner's permissions away, and fchmod(2) is refused, the line says so, and no file stays" {
	umask 777
	without fchmod=EPERM 125 "done" a
	umask 022
	one_line '^compl: done: a: .*Operation not permitted; .*umask'
	[ ! -e "$segment" ]
	umask 077
	without fchmod=KILL 0 "done" a
	umask 022
	expect 0 wait a
}
