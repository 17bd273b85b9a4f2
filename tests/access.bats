#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# access.bats - places where a namespace cannot be used: the line says why, and what helps
#
# No line tells a user to remove what belongs to somebody else.

load helper
load private-shm

# refused PATTERN PROGRAM ARGUMENT...: it ends with 125, and with a line that matches and does not advise to
# remove a file.
refused() {
	local pattern=$1

	shift
	expect_from "$1" 125 "${@:2}" && one_line "$pattern" && [[ $err != *"'rm "* ]] && return
	echo "$err"
	return 1
}

@test "a file of a user outside of the user namespace" {
	need_namespaces user
	need_others
	tolerate_damage
	: >"$segment"
	chown 65533 "$segment"
	refused 'belongs to a user outside of this user namespace \(shown as uid 65534\); use another namespace with -n \(' \
		unshare -U -r "$COMPL" done a
	refused 'belongs to uid 65533, with mode [0-7]*; use another namespace with -n, or ask uid 65533 to remove it \(' \
		"$COMPL" done a
	rm "$segment"
	expect_from unshare 0 -U -r "$COMPL" done a
}

@test "a system namespace that is not there, that is closed, or that only root may remove" {
	need_others
	local file=/dev/shm/compl.system.$COMPL_NAMESPACE lost=$COMPL_NAMESPACE

	for command in "done a" "wait a --timeout 5s" "init a"; do
		# shellcheck disable=SC2086
		refused "is not there, and only root may make it; use a namespace of your own, without --system, or let root make it \(" \
			"${as_nobody[@]}" "$COMPL" $command --system -n "$lost"
	done
	expect_from "${as_nobody[0]}" 1 "${as_nobody[@]:1}" "$COMPL" test a --system -n "$lost"
	expect 0 init a --system -n "$lost"
	refused 'belongs to uid 0, with mode 0600; use a namespace of your own, without --system \(' \
		"${as_nobody[@]}" "$COMPL" done a --system -n "$lost"
	chmod 660 "$file"
	refused 'belongs to uid 0, with mode 0660; .*ask uid 0 for a place in its group, gid 0 \(' \
		"${as_nobody[@]}" "$COMPL" done a --system -n "$lost"
	chgrp 65534 "$file"
	expect_from "${as_nobody[0]}" 0 "${as_nobody[@]:1}" "$COMPL" done a --system -n "$lost"
	refused 'with mode 0660, and others may use it, but not remove it; .*ask uid 0 to remove it \(' \
		"${as_nobody[@]}" "$COMPL" rm --all --system -n "$lost"
	printf '\377\377\377\377' | dd of="$file" bs=4 seek=$((128 / 4)) conv=notrunc status=none # completions_made
	refused "is damaged; .*let root clear it with 'compl rm --all --force --system -n $lost' \(" \
		"${as_nobody[@]}" "$COMPL" done a --system -n "$lost"
	expect 0 rm --all --force --system -n "$lost"
}

@test "a /dev/shm that others may not write, that has no inodes, that is read-only, or that is not there" {
	need_others
	local theirs=$COMPL

	private_shm size=1m,mode=755
	refused "uid 65534 may not make a file in /dev/shm; let root give it its usual mode, 'chmod 1777 /dev/shm' \(" \
		$inside "${as_nobody[@]}" "$theirs" done a
	$inside mount -o remount,nr_inodes=2 /dev/shm
	refused "its file system has no inodes left; remove files there, or raise its limit, " "$COMPL" done a
	$inside mount -o remount,nr_inodes=100,ro,noexec /dev/shm
	refused 'Read-only file system; its file system must be writable \(' "$COMPL" done a
	$inside mount -o remount,rw,noexec /dev/shm
	expect 0 done a
	$inside sh -c 'umount /dev/shm; mount -t tmpfs tmpfs /dev'
	refused 'No such file or directory; its directory must be there, commonly a tmpfs \(' "$COMPL" done a
	$inside touch /dev/shm
	refused 'Not a directory; its directory must be there, commonly a tmpfs \(' "$COMPL" done a
	$inside umount /dev
	$inside mount -t tmpfs tmpfs /dev/shm
}

@test "a kernel, an emulator or a sandbox without robust lists" {
	local call

	for call in set_robust_list get_robust_list set_robust_list,get_robust_list; do
		refused 'cannot be used without robust futexes, set_robust_list\(2\); use a kernel and not an emulator, as qemu-user is' \
			"$COMPL_TOOLS/deny" $call=ENOSYS "$COMPL" done a
		refused "cannot be used without robust futexes, set_robust_list\(2\); change the sandbox's system call filter" \
			"$COMPL_TOOLS/deny" $call=EPERM "$COMPL" wait a --timeout 5s
	done
}

@test "an open that a security policy refuses" {
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	need_trace
	expect 0 done a
	refused 'belongs to uid [0-9]*, with mode 0600, but access was refused; .*a security policy, as of AppArmor or SELinux' \
		strace -qq -o trace -P "$segment" -e trace=openat -e inject=openat:error=EACCES "$COMPL" done a
	expect 0 wait a
}

@test "what is the user's own, and in the way, may be removed" {
	tolerate_damage
	mkdir "$segment"
	expect 125 done a
	one_line "is not a file of compl's; use another namespace with -n, or remove it with 'rmdir $segment' \("
	rmdir "$segment"
	: >"$segment"
	chmod 666 "$segment"
	expect 125 done a
	one_line "belongs to uid $EUID, with mode 0666; use another namespace with -n, or remove it with 'rm $segment' \("
}
