#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# faults.bats - what may happen to a segment from outside
#
# Each command ends with 125 and a line that says what is wrong, and no other process is disturbed.

load helper
load private-shm

# Every command, and whether it would make a segment.
makers=('done a' 'wait a --timeout 2s' 'init a')
lookers=('test a' 'try a' 'ls' 'ls --json' 'check' 'rm a' 'reinit a')

# all_refused TEXT: every command ends with 125 and one line that matches.
all_refused() {
	local call

	for call in "${makers[@]}" "${lookers[@]}"; do
		# shellcheck disable=SC2086
		expect 125 $call || return
		one_line "^compl: ${call%% *}: " || return
		[[ $err =~ $1 ]] && continue
		echo "$call: $err does not match $1"
		return 1
	done
}

# ---- a /dev/shm of our own -----------------------------------------------------------

@test "without room for a segment the status is 125, there is no SIGBUS, and with room all works" {
	local pages

	private_shm size=1m
	for pages in 0 1 2 3 4 5 6 7 8 9; do
		leave_pages $pages
		expect 125 done a
		one_line '^compl: done: .*(space|room|full)'
		expect 125 wait a --timeout 1s
		one_line '^compl: wait: .*(space|room|full)'
	done
	leave_pages 200
	expect 0 done a
	expect 0 wait a
	sound_inside
}

@test "with any number of free pages a command succeeds or ends with 125, and does nothing by halves" {
	local pages n=0 got

	private_shm size=2m
	expect 0 init keep
	line_up w keep
	for pages in 0 1 2 3 4 5 6 7 8; do
		leave_pages $pages
		for _ in {1..20}; do
			n=$((n + 1))
			got=0
			timeout -s KILL "$LIMIT" "$COMPL" done "new$n" --value "value $n" 2>err 3>&- || got=$?
			if [ "$got" -eq 125 ]; then
				[ "$(wc -l <err)" -eq 1 ]
				expect 1 test "new$n"
				break
			fi
			[ "$got" -eq 0 ]
			expect 0 wait "new$n" --print
			printed "value $n"
			expect 0 init "new$n"
		done
		await_sleep w
	done
	sound_inside
	expect 0 done keep
	ends 0 w
}

@test "without room for a waiter the status is 125, and waits in line are not disturbed" {
	local i

	private_shm size=2m
	expect 0 init keep
	line_up w keep
	leave_pages 0
	for i in {1..200}; do
		background w$i "$COMPL_WAITER" wait keep
		wait_until rests "${pid[w$i]}"
		! is_gone "${pid[w$i]}" || break
	done
	ends 125 w$i
	[ "$(wc -l <w$i.err)" -eq 1 ]
	[[ $(<w$i.err) =~ space|room|full ]]
	[ "$i" -gt 1 ]
	expect 0 done keep --all
	for ((i = i - 1; i > 0; i--)); do
		ends 0 w$i
	done
	ends 0 w
	leave_pages 100
	expect 0 reinit keep
	line_up w keep
	expect 0 done keep
	ends 0 w
	sound_inside
}

@test "without room for a value there is an error, or the value arrives" {
	local i

	private_shm size=1m
	expect 0 done a
	leave_pages 0
	for i in {1..300}; do
		timeout -s KILL "$LIMIT" "$COMPL" done "n$i" --value "value $i" 2>err 3>&- || break
	done
	[ "$i" -lt 300 ]
	[ "$(wc -l <err)" -eq 1 ]
	for ((i = i - 1; i > 0; i--)); do
		expect 0 try "n$i"
	done
	sound_inside
}

@test "a ramfs, which has no fallocate(2) and counts no blocks, will do" {
	private_shm size=1m
	$inside mount -t ramfs ramfs /dev/shm
	expect 1 test a
	expect 0 done a --value text
	expect 0 ls --names
	printed a
	expect 0 wait a --print
	printed text
	expect 0 check
	expect 0 rm --all
	[ -z "$($inside ls /dev/shm)" ]
	expect 0 done a
}

@test "a tmpfs of two pages is full, with fallocate(2) and without, and no file stays on it" {
	private_shm size=8k
	$inside rm /dev/shm/ours
	expect 125 done a
	one_line '^compl: done: a: .*its file system is full; make room there'
	expect_from "$COMPL_TOOLS/deny" 125 fallocate "$COMPL" done a
	one_line '^compl: done: a: .*its file system is full; make room there'
	[ -z "$($inside ls /dev/shm)" ]
	$inside mount -o remount,size=1m /dev/shm
	expect_from "$COMPL_TOOLS/deny" 0 fallocate "$COMPL" done a
	expect 0 wait a
	sound_inside
}

@test "a read-only /dev/shm is an error" {
	private_shm size=1m
	expect 0 done a
	$inside mount -o remount,ro /dev/shm
	expect 125 done a
	one_line '^compl: done: '
	expect 125 wait a --timeout 1s
	one_line '^compl: wait: '
	expect 125 done a -n "$COMPL_NAMESPACE.2"
	one_line '^compl: done: '
	expect 1 test a -n "$COMPL_NAMESPACE.2"
	$inside mount -o remount,rw /dev/shm
	expect 0 wait a
	sound_inside
}

@test "a missing /dev/shm is an error" {
	local call

	private_shm size=1m
	$inside sh -c 'umount /dev/shm; mount -t tmpfs tmpfs /dev'
	for call in "${makers[@]}"; do
		# shellcheck disable=SC2086
		expect 125 $call
		one_line "^compl: ${call%% *}: "
	done
	expect 1 test a
	expect 0 ls
	expect 0 check
}

# ---- limits -----------------------------------------------------------------------------

@test "a limit on file sizes is an error and not the end" {
	background w bash -c 'ulimit -f 1; exec "$0" done a' "$COMPL"
	ends 125 w
	[ "$(wc -l <w.err)" -eq 1 ]
	[[ $(<w.err) == "compl: done: "* ]]
	expect 0 done a
	background w bash -c 'ulimit -f 1; exec "$0" wait a' "$COMPL"
	ends 0 w
}

@test "a limit on memory is an error and not the end" {
	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer needs terabytes of address space"
	expect 0 done a
	background w bash -c 'ulimit -v 25000; exec "$0" wait a' "$COMPL"
	ends 125 w
	[ "$(wc -l <w.err)" -eq 1 ]
	[[ $(<w.err) == "compl: wait: "* ]]
	left a 1
}

@test "a limit on open files is an error and not the end" {
	expect 0 done a
	background w bash -c 'exec 3>&- 4>&-; ulimit -n 3; exec "$0" wait a' "$COMPL_TOOLS/../compl"
	ends 125 w
	[[ $(<w.err) == "compl: wait: "* ]]
	background w bash -c 'exec 3>&- 4>&-; ulimit -n 3; exec "$0" wait a --borrow -- true' "$COMPL_TOOLS/../compl"
	ends 125 w
	[[ $(<w.err) == "compl: wait: --borrow: no descriptor is left for CMD: "* && $(<w.err) != *Invalid* ]]
	background w bash -c 'exec 3>&- 4>&-; ulimit -n 3; exec "$0" scope --kill -- true' "$COMPL_TOOLS/../compl"
	ends 125 w
	[[ $(<w.err) == "compl: scope: "* && $(<w.err) != *"No such file"* ]]
	left a 1
}

# ---- something else in the place of the segment ---------------------------------------------

@test "a symbolic link is refused, to a good segment or to nothing" {
	local other=/dev/shm/compl.$EUID.$COMPL_NAMESPACE.2

	tolerate_damage
	spaces+=("$COMPL_NAMESPACE.2")
	ln -s "$other" "$segment"
	all_refused "$segment"
	[ ! -e "$other" ]
	expect 0 -n "$COMPL_NAMESPACE.2" done a
	all_refused "$segment"
	expect 0 -n "$COMPL_NAMESPACE.2" test a
}

@test "a directory is refused" {
	tolerate_damage
	mkdir "$segment"
	all_refused "$segment"
	[ -d "$segment" ]
}

@test "a FIFO is refused, and no command hangs on it" {
	tolerate_damage
	mkfifo "$segment"
	all_refused "$segment"
	[ -p "$segment" ]
}

@test "a device is refused" {
	need_root
	tolerate_damage
	mknod "$segment" c 1 5 2>err || skip "may not make a device (CAP_MKNOD): $(<err)"
	all_refused "$segment"
}

@test "a segment of another user is refused, and the line says whose it is" {
	need_others
	expect 0 done a
	tolerate_damage
	chown nobody "$segment"
	all_refused "$segment.*(nobody|65534)"
	chown root "$segment"
	expect 0 wait a
}

@test "a segment that everybody may write is refused" {
	expect 0 done a
	tolerate_damage
	chmod 602 "$segment"
	all_refused "$segment"
	chmod 666 "$segment"
	all_refused "$segment"
	chmod 600 "$segment"
	expect 0 wait a
}

@test "a file of another program is refused" {
	tolerate_damage
	printf '#!/bin/sh\n# not ours, and longer than a header of sixty-four bytes is wont to be\n' >"$segment"
	chmod 600 "$segment"
	cp "$segment" before
	all_refused "$segment"
	cmp before "$segment"
}

@test "an empty file, and a file of zeros, are empty segments" {
	local size

	: >"$segment"
	chmod 600 "$segment"
	expect 0 done a
	expect 0 wait a
	expect 0 check
	size=$(stat -c %s "$segment")
	rm "$segment"
	truncate -s "$size" "$segment"
	chmod 600 "$segment"
	expect 0 done a
	expect 0 wait a
	expect 0 check
}

@test "a segment that was cut short never kills" {
	local size

	expect 0 done a b c --value x
	line_up w a d
	shoot KILL w
	cp --sparse=never "$segment" whole
	size=$(stat -c %s whole)
	truncate -s 8M whole # every page of the records is there; two whole copies may be too much for /dev/shm
	tolerate_damage
	for size in 1 8 63 64 100 4095 4096 4097 8192 49151 49152 49200 65536 1000000 $((size - 1)); do
		rm "$segment"
		cp --sparse=never whole "$segment"
		truncate -s $size "$segment"
		for call in 'test a' 'try b' 'ls' 'check' 'done a' 'wait c --timeout 50ms' 'rm a'; do
			got=0
			# shellcheck disable=SC2086
			timeout -s KILL "$LIMIT" "$COMPL" $call >/dev/null 2>err 3>&- || got=$?
			if [ "$got" -gt 1 ] && [ "$got" -ne 124 ]; then
				[ "$got" -eq 125 ]
				[ "$(wc -l <err)" -eq 1 ]
			fi
		done
	done
}

# at OFFSET BYTES: writes them, given as \xHH, into the segment.
at() {
	printf '%b' "$2" | dd of="$segment" bs=1 seek="$1" conv=notrunc status=none
}

@test "a segment of a newer version is refused, with the file and how to clear it" {
	expect 0 done a
	tolerate_damage
	at 8 '\x63\x00\x00\x00'
	all_refused "$segment"
	expect 125 done a
	[[ $err == *"rm --all --force"* ]]
	expect 125 rm --all
	expect 0 rm --all --force
	[ ! -e "$segment" ]
	expect 0 done a
	expect 0 wait a
	at 8 '\x63\x00\x00\x00'
	all_refused "$segment"
	expect 0 rm --all --force
}

@test "a segment of an older version is replaced if it is idle" {
	expect 0 done a
	[ "$(od -An -tu4 -j8 -N4 "$segment")" -gt 1 ] || skip "this version is the first"
	tolerate_damage
	at 8 '\x01\x00\x00\x00'
	all_refused "$segment"
	at 16 '\x00\x00\x00\x00'
	expect 0 done b
	expect 0 check
	names b
}

@test "a wrong magic is not taken for another version" {
	expect 0 done a
	tolerate_damage
	at 0 'XYZ'
	all_refused "$segment"
	expect 0 rm --all --force
	[ ! -e "$segment" ]
}

# foreign WRITE...: the command writes a file to the segment's name, and rm --all --force unlinks this file
# and leaves its bytes and its length as they are.  Its reader has it open.
foreign() {
	rm -f "$segment"
	"$@" >"$segment"
	cat "$segment" >before
	exec 7<"$segment"
	expect 0 rm --all --force
	[ ! -e "$segment" ]
	cmp before - <&7
	exec 7<&-
}

# The bytes of a file that is as long as a segment, but begins with others.
as_long() {
	head -c 5000 /dev/urandom
	head -c $(($(stat -c %s model) - 5000)) /dev/zero
}

@test "rm --all --force writes nothing into a file that is not compl's" {
	expect 0 done a
	cp --sparse=always "$segment" model
	foreign head -c 4096 /dev/urandom
	foreign head -c 20 /dev/urandom
	foreign true
	foreign as_long
}

# The first seat of the lock is at 512: its word, the number of its holder, its serial number.
@test "a seat of the lock with an impossible value is a fault, and a repair clears it" {
	expect 0 done a
	tolerate_damage
	at 512 '\x05\x00\x00\x40'
	at 560 '\x05\x00\x00\x80\x4d\x00\x00\x00'
	expect 1 check
	[ "$out" = "seat 0 of the lock: the value is 0x40000005" ]
	expect 0 check --repair
	expect 0 check
	[ "$(od -An -tu4 -j512 -N4 "$segment")" -eq 0 ]
	[ "$(od -An -tu4 -j560 -N4 "$segment")" -eq 0 ] # its holder was gone
	expect 0 try a
}

@test "the lock is taken from a seat that nobody sits on, and from one whose holder is gone" {
	expect 0 init a
	at 64 '\x00\x00\x00\xa0'
	expect 0 done a
	at 512 '\x05\x00\x00\x80\x4d\x00\x00\x00'
	expect 0 done a
	at 64 '\x00\x00\x00\xa0'
	tolerate_lost_wakeups
	expect 0 done a
	left a 3
}

@test "random bytes in any part of a segment cause no crash and no hang" {
	tolerate_damage
	"$COMPL_TOOLS/garbage" "$COMPL" "$COMPL_NAMESPACE" "${GARBAGE_SEED:-$RANDOM}" "${GARBAGE_ROUNDS:-60}"
}

# ---- a kernel that refuses -------------------------------------------------------------------

@test "without set_robust_list the status is 125, and no other process is disturbed" {
	local error

	line_up w a
	for error in ENOSYS EPERM; do
		expect_from "$COMPL_TOOLS/deny" 125 set_robust_list=$error "$COMPL" done a
		one_line '^compl: done: '
		expect_from "$COMPL_TOOLS/deny" 125 set_robust_list=$error "$COMPL" wait a --timeout 1s
		one_line '^compl: wait: '
	done
	await_sleep w
	left a 0
	expect 0 done a
	ends 0 w
}

@test "without futex_waitv --any still works, within a second or so" {
	local error

	tolerate_lost_wakeups
	for error in ENOSYS EPERM; do
		background w1 "$COMPL_TOOLS/deny" futex_waitv=$error "$COMPL" wait a b --any
		wait_until_waiting a 1
		background w2 "$COMPL_TOOLS/deny" futex_waitv=$error "$COMPL" wait b a --any --timeout 20s
		background w3 "$COMPL_TOOLS/deny" futex_waitv=$error "$COMPL" wait c d --any --timeout 100ms
		ends 124 w3
		wait_until_waiting a 2
		expect 0 done b
		ends 0 w1
		[ "$(<w1.out)" = b ]
		expect 0 done a
		ends 0 w2
		[ "$(<w2.out)" = a ]
	done
	expect 0 ls --names
	silent
}

@test "without fallocate a command works or ends with 125" {
	got=0
	"$COMPL_TOOLS/deny" fallocate=ENOSYS timeout -s KILL "$LIMIT" "$COMPL" done a 2>err 3>&- || got=$?
	[ "$got" -eq 0 ] || [ "$got" -eq 125 ]
	: >out
	err=$(<err)
	[ "$got" -eq 0 ] || one_line '^compl: done: '
}

# ---- other users ---------------------------------------------------------------------------------

@test "another user has a namespace of the same name and sees nothing of ours" {
	need_others
	expect 0 done a
	expect_from "${as_nobody[0]}" 1 "${as_nobody[@]:1}" "$COMPL" test a
	"${as_nobody[@]}" "$COMPL" done a --value theirs
	left a 1
	look '.completions[0].value == null'
	[ "$(stat -c '%U %a' /dev/shm/compl.65534."$COMPL_NAMESPACE")" = "nobody 600" ]
	"${as_nobody[@]}" "$COMPL" rm --all
}

@test "-u is for root only" {
	need_others
	expect 0 done a
	expect_from "${as_nobody[0]}" 125 "${as_nobody[@]:1}" "$COMPL" -u root test a
	refusal
	expect_from "${as_nobody[0]}" 125 "${as_nobody[@]:1}" "$COMPL" --user root done a
	refusal
	left a 1
}

@test "root acts in another user's namespace with -u, and what it creates belongs to that user" {
	need_others
	expect 0 -u nobody done a
	[ "$(stat -c '%U %a' /dev/shm/compl.65534."$COMPL_NAMESPACE")" = "nobody 600" ]
	[ ! -e "$segment" ]
	"${as_nobody[@]}" "$COMPL" wait a
	background w "${as_nobody[@]}" "$COMPL" wait b
	wait_until waiters b 1 -u nobody # whether it sleeps may not be ours to see
	expect 0 done b --user 65534
	ends 0 w
	expect 0 -u nobody rm --all
	expect 125 -u no-such-user done a
	refusal
}

@test "a segment that another user has made under our name is refused, with its owner" {
	need_others
	"${as_nobody[@]}" "$COMPL" done a
	mv "/dev/shm/compl.65534.$COMPL_NAMESPACE" "$segment"
	tolerate_damage
	all_refused "$segment.*(nobody|65534)"
}
