#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it makes hundreds of segments)
#
# creators.bats - several processes make a segment at the same time, and some of them are killed

load helper

@test "several processes create a segment at the same time, and every token counts" {
	local i

	for i in {1..40}; do
		rm -f "$segment"
		for j in 1 2 3 4; do
			background d$j "$COMPL" done a
			background w$j "$COMPL_WAITER" wait a
		done
		ends 0 d1 d2 d3 d4 w1 w2 w3 w4
		expect 0 ls --names
		silent
	done
}

@test "creators that are killed leave a segment that works, or none" {
	local i

	for i in {1..60}; do
		rm -f "$segment"
		background d "$COMPL" done a
		sleep 0.000$((i % 10))
		shoot KILL d 2>/dev/null || :
		outcome d
		[ "$got" -eq 0 ] || [ "$got" -eq 137 ]
		expect 0 done b
		expect 0 wait b
		expect 0 check
	done
}

@test "a creator that died before it could set the mode, under any umask, leaves no obstacle" {
	local theirs=/dev/shm/compl.65534.$COMPL_NAMESPACE mode

	need_others
	for mode in 000 200 400; do
		"${as_nobody[@]}" sh -c ": >$theirs && chmod $mode $theirs"
		[ "$(stat -c '%s %04a' "$theirs")" = "0 0$mode" ]
		expect_from "${as_nobody[0]}" 1 "${as_nobody[@]:1}" "$COMPL" test a
		"${as_nobody[@]}" sh -c "rm $theirs; : >$theirs && chmod $mode $theirs"
		expect_from "${as_nobody[0]}" 0 "${as_nobody[@]:1}" "$COMPL" done a
		[ "$(stat -c '%U %a' "$theirs")" = "nobody 600" ]
		"${as_nobody[@]}" "$COMPL" rm --all
	done
	"${as_nobody[@]}" sh -c ": >$theirs && chmod 602 $theirs" # others may have opened it
	expect_from "${as_nobody[0]}" 125 "${as_nobody[@]:1}" "$COMPL" done a
	refusal
	"${as_nobody[@]}" sh -c "chmod 002 $theirs"
	expect_from "${as_nobody[0]}" 125 "${as_nobody[@]:1}" "$COMPL" done a
	refusal
	rm "$theirs"
	"${as_nobody[@]}" "$COMPL" done a
	chmod 000 "$theirs" # by its owner, or by root: not what a creator leaves
	expect_from "${as_nobody[0]}" 125 "${as_nobody[@]:1}" "$COMPL" done a
	refusal
	[ "$(stat -c %a "$theirs")" = 0 ]
	rm "$theirs"
}

# delayed CALLS COMMAND…: nobody does the command, and the calls of its rule for strace come late.
delayed() {
	local rule=$1

	shift
	"${as_nobody[@]}" strace -qq -e trace=openat,lstat,newfstatat,fchmod -P "$theirs" -e "inject=$rule" "$@"
}

@test "two creators at once, under any umask, do not hinder each other" {
	local theirs=/dev/shm/compl.65534.$COMPL_NAMESPACE i

	need_others
	need_trace
	umask 777
	# The second finds no file, and then one without a mode.
	background b delayed openat:delay_enter=300000:when=2 "$COMPL" done b
	wait_until grep -q ENOENT "$tmp/b.err"
	background a delayed fchmod:delay_enter=600000 "$COMPL" done a
	ends 0 b
	ends 0 a
	"${as_nobody[@]}" "$COMPL" rm --all
	# The second may not open the file, and then finds that its mode has been set.
	background a delayed fchmod:delay_enter=300000 "$COMPL" done a
	wait_until test -e "$theirs"
	background b delayed lstat,newfstatat:delay_enter=600000:when=1 "$COMPL" done b
	ends 0 b
	ends 0 a
	"${as_nobody[@]}" "$COMPL" rm --all
	for i in {1..20}; do
		background a "${as_nobody[@]}" "$COMPL" done a
		background b "${as_nobody[@]}" "$COMPL" done b
		background c "$COMPL" -u 65534 done c
		ends 0 a
		ends 0 b
		ends 0 c
		"${as_nobody[@]}" "$COMPL" rm --all
	done
	expect_from setpriv 0 --bounding-set -fowner --inh-caps -fowner "$COMPL" -u 65534 done a
	[ "$(stat -c '%U %a' "$theirs")" = "nobody 600" ]
	"${as_nobody[@]}" "$COMPL" rm --all
}
