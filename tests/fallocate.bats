#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it fills file systems many times; tests/faults.bats has the core of it)
#
# fallocate.bats - a /dev/shm without fallocate(2)
#
# The file system lacks it (ramfs, ext3, 9p), or a sandbox refuses it.  Then pages are touched one by one, where
# a full file system must not become a SIGBUS, and where others write at the same time.

load helper
load private-shm

teardown() {
	local sound=0

	[ -z "${inside-}" ] || sound_inside || sound=1
	finish && [ "$sound" -eq 0 ]
}

# private_shm_without HOW OPTIONS: a private tmpfs, on which fallocate(2) fails so.
private_shm_without() {
	private_shm "$2"
	sed "s|-- |-- '$COMPL_TOOLS/deny' 'fallocate=$1' |" inside >denied
	chmod +x denied
	COMPL=$tmp/denied
	COMPL_WAITER=$COMPL
	expect 0 rm --all
}

files() {
	$inside find /dev/shm -name 'compl.*'
}

@test "on a ramfs all works, and the namespaces are found" {
	private_shm size=1m
	$inside mount -t ramfs ramfs /dev/shm
	expect 1 test a
	expect 124 try a
	expect 125 rm a
	expect 0 ls
	[ -z "$(files)" ]
	expect 0 done a --all --value text
	expect 0 wait a --print
	printed text
	line_up w1 b
	line_up w2 c d --any
	waiters b 1
	expect 0 done b d
	ends 0 w1 w2
	expect 1 test b
	expect 0 test a
	expect 0 init e
	expect 0 reinit a
	expect 0 run f -- true
	expect 3 run g --all -- sh -c 'exit 3'
	expect 3 try g
	# shellcheck disable=SC2016 # it is CMD
	expect 0 scope -- sh -c '"$0" done x && "$0" wait x' "$tmp/inside"
	names e f g
	expect 0 ls --namespaces
	printed "$COMPL_NAMESPACE"
	expect 0 check
	expect 0 rm e
	expect 0 rm --all
	[ -z "$(files)" ]
	expect 0 done a
}

@test "without room for a segment the status is 125, no file stays, and with room all works" {
	local how pages

	private_shm_without EOPNOTSUPP size=1m
	for how in EOPNOTSUPP ENOSYS EPERM; do
		sed -i "s/fallocate=[A-Z]*/fallocate=$how/" denied
		for pages in 0 1 2 8; do
			leave_pages $pages
			expect 125 done a
			one_line '^compl: done: a: /dev/shm/compl.*: its file system is full; make room there'
			[ -z "$(files)" ]
			expect 125 wait a --timeout 1s
			one_line '^compl: wait: .*full'
			expect 125 scope -- true
			[ -z "$(files)" ]
		done
		leave_pages 200
		expect 0 done a
		expect 0 wait a
		expect 0 rm --all
	done
}

@test "with fallocate no file stays without room either" {
	private_shm size=1m
	leave_pages 8
	expect 125 done a
	one_line '^compl: done: .*full'
	[ -z "$(files)" ]
	leave_pages 200
}

@test "with any number of free pages a post succeeds or does nothing, and sleepers sleep on" {
	local pages n=0 got

	private_shm_without EOPNOTSUPP size=2m
	expect 0 init keep
	line_up w keep
	for pages in 0 1 2 3 4; do
		leave_pages $pages
		for _ in {1..40}; do
			n=$((n + 1)) got=0
			timeout -s KILL "$LIMIT" "$COMPL" done "n$n" --all --value "value $n" 2>err 3>&- || got=$?
			[ "$got" -eq 0 ] || break
			expect 0 wait "n$n" --print
			printed "value $n"
		done
		[ "$got" -eq 125 ]
		grep -q 'full' err
		expect 1 test "n$n"
		await_sleep w
	done
	expect 0 done keep
	ends 0 w
}

# ---- the file of a creator that has found no room ------------------------------------------------------

# A creator finds no room, and is stopped.
@test "a file that another creator has completed meanwhile is left" {
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	need_trace
	background slow strace -qq -o trace -e trace=fallocate -e inject=fallocate:error=ENOSPC:signal=STOP "$COMPL" done a
	wait_until grep -q 'stopped by SIGSTOP' trace
	grep -q 'fallocate.*ENOSPC' trace
	expect 0 done b --value text
	kill -CONT "$(pgrep -P "${pid[slow]}")"
	ends 125 slow
	grep -q full slow.err
	expect 0 wait b --print
	printed text
}

# A creator has found no room, and is about to unlink the file.
@test "a file that is about to be unlinked is not completed, and a new one is made" {
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	need_trace
	background slow strace -qq -o trace -e trace=fallocate,unlink,unlinkat -e inject=fallocate:error=ENOSPC \
		-e inject=unlink,unlinkat:delay_enter=500000 "$COMPL" done a
	wait_until grep -q unlink trace
	background b "$COMPL" done b --value text
	ends 125 slow
	ends 0 b
	expect 0 wait b --print
	printed text
}

@test "when room comes while many create the namespace, no post is lost" {
	local round i sure

	private_shm_without EOPNOTSUPP size=1m
	for round in {1..8}; do
		leave_pages 4
		for i in {1..8}; do
			background p$i "$COMPL" done a
			[ $i -ne $((round % 8)) ] || leave_pages 200
		done
		sure=0
		for i in {1..8}; do
			outcome p$i
			[ "$got" -eq 0 ] || [ "$got" -eq 125 ]
			sure=$((sure + !got))
		done
		left a $sure
		leave_pages 200
		expect 0 rm --all
	done
}
