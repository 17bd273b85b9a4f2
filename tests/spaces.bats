#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# spaces.bats - ls --namespaces, and the namespaces of scopes

load helper

teardown() {
	rm -f "/dev/shm/compl.65534.$COMPL_NAMESPACE" "/dev/shm/compl.system.$COMPL_NAMESPACE.s"
	finish
}

# of_ours ARGUMENT…: prints those lines of `ls --namespaces` that begin with our namespace.
of_ours() {
	expect 0 ls --namespaces "$COMPL_NAMESPACE*" "$@"
}

@test "ls --namespaces lists namespaces, sorted, one a line" {
	local base=$COMPL_NAMESPACE space

	of_ours
	silent
	for space in "$base-b" "$base" "$base.a" "$base-B"; do
		spaces+=("$space")
		expect 0 -n "$space" init x
	done
	of_ours
	printed "$base" "$base-B" "$base-b" "$base.a"
	of_ours "$base-b"
	expect 0 ls --namespaces "$base.?" none "$base-[b]"
	printed "$base-b" "$base.a"
	expect 0 ls --namespaces
	[ "$(grep -Fxc -e "$base" -e "$base.a" <<<"$out")" -eq 2 ]
	LC_ALL=C sort -c out
	expect 0 rm --all
	of_ours
	printed "$base-B" "$base-b" "$base.a"
}

@test "only regular files of that user with the name of a namespace are namespaces" {
	local at=$segment

	tolerate_damage
	spaces+=("$COMPL_NAMESPACE.link" "$COMPL_NAMESPACE.dir" "$COMPL_NAMESPACE.bad!" "$COMPL_NAMESPACE.other")
	expect 0 done a
	ln -s "$at" "$at.link"
	mkdir "$at.dir"
	: >"$at.bad!"
	: >"$at.other"
	chown 54321 "$at.other" 2>/dev/null || rm "$at.other" # without the privilege to give it away the test does without it
	of_ours
	printed "$COMPL_NAMESPACE"
}

@test "an empty COMPL_NAMESPACE is as none" {
	local option

	# A failure says which namespace it was, and creates none.
	for option in COMPL_NAMESPACE= --unset=COMPL_NAMESPACE; do
		expect_from env 125 "$option" "$COMPL" rm "$COMPL_NAMESPACE"
		one_line "\(namespace default of uid $EUID\)$"
	done
	expect_from env 125 COMPL_NAMESPACE=" " "$COMPL" try a
	usage_lines "COMPL_NAMESPACE: ' ' is not a namespace"
	expect 125 try a -n ''
}

@test "with -u the namespaces of that user are listed" {
	need_others
	expect 0 -u 65534 init x
	of_ours
	silent
	of_ours -u nobody
	printed "$COMPL_NAMESPACE"
	expect 0 -u 65534 rm --all
	of_ours -u nobody
	silent
}

@test "with --system the namespaces of the machine are listed" {
	need_root
	expect 0 --system -n "$COMPL_NAMESPACE.s" init x
	of_ours --system
	printed "$COMPL_NAMESPACE.s"
	of_ours
	silent
	expect 0 --system -n "$COMPL_NAMESPACE.s" rm --all
	of_ours --system
	silent
}

@test "the unnamed namespace of the machine is listed by a text that is no name" {
	need_namespaces mount
	expect_from unshare 0 -m sh -c '
		mount -t tmpfs -o size=4m,mode=1777 none /dev/shm &&
		"$0" --system init x && "$0" --system -n other init x && "$0" init x &&
		"$0" --system ls --namespaces' "$COMPL"
	printed "(unnamed)" other
}

@test "ls --namespaces does not open what it lists" {
	tolerate_damage
	head -c 5000 /dev/urandom >"$segment"
	of_ours
	printed "$COMPL_NAMESPACE"
}

@test "no command creates a namespace that begins with scope." {
	local space=scope.$COMPL_NAMESPACE cmd

	spaces+=("$space")
	while read -r cmd; do
		# shellcheck disable=SC2086
		expect 125 $cmd -n "$space"
		one_line "^compl: ${cmd%% *}: (x: )?the scope has ended \(namespace $space of uid $EUID\)$"
		# shellcheck disable=SC2086
		COMPL_NAMESPACE=$space expect 125 $cmd
		[ ! -e "/dev/shm/compl.$EUID.$space" ]
	done <<-'END'
		done x
		done x --all
		done x --existing
		init x
		init x --exist-ok
		reinit x
		reinit x --force
		wait x
		wait x --timeout 0
		wait x --existing
		try x
		test x
		rm x
	END
}

@test "a scope that has ended is listed as empty, is sound, and need not be removed" {
	export COMPL_NAMESPACE=scope.$COMPL_NAMESPACE

	for cmd in "ls" "ls -l" "ls --names" "check" "rm --all" "rm -f x"; do
		# shellcheck disable=SC2086
		expect 0 $cmd
		silent
	done
	expect 0 ls --json
	jq -e '.completions == []' out
	[ ! -e "/dev/shm/compl.$EUID.$COMPL_NAMESPACE" ]
}

@test "the namespace of a scope can be used by all until the scope has ended" {
	local space outside=$COMPL_NAMESPACE

	# Its maker lives: or every scope that another test makes at this moment would sweep it.
	background s "$COMPL" scope -- sh -c 'echo "$COMPL_NAMESPACE" >space; exec "$0" -n "$1" wait end' \
		"$COMPL" "$outside"
	wait_until test -s space
	space=$(<space)
	spaces+=("$space")
	export COMPL_NAMESPACE=$space
	expect 0 init x
	expect 0 done x
	expect_w 0 wait x
	expect 0 init y
	names x y
	line_up w x
	expect 0 rm --all
	ends 120 w
	expect 125 done x
	one_line 'the scope has ended'
	[ ! -e "/dev/shm/compl.$EUID.$space" ]
	expect 0 done end -n "$outside"
	ends 0 s
}

@test "what was left half-made in the place of a scope is not used" {
	local space=scope.$COMPL_NAMESPACE

	spaces+=("$space")
	tolerate_damage
	: >"/dev/shm/compl.$EUID.$space"
	expect 125 -n "$space" done x
	one_line 'the scope has ended'
	[ ! -s "/dev/shm/compl.$EUID.$space" ]
}

@test "a name that only resembles that of a scope is like any other" {
	local space

	for space in "scope-$COMPL_NAMESPACE" "Scope.$COMPL_NAMESPACE" "x.scope.$COMPL_NAMESPACE"; do
		spaces+=("$space")
		expect 0 -n "$space" done x
	done
}

@test "120 says whether the name or the whole namespace was removed" {
	line_up w1 a
	expect 0 rm a
	ends 120 w1
	[ "$(<w1.err)" = "compl: wait: a: removed while waiting (namespace $COMPL_NAMESPACE of uid $EUID)" ]
	line_up w1 a
	line_up w2 b c
	expect 0 rm --all
	ends 120 w1 w2
	[ "$(<w1.err)" = "compl: wait: a: the namespace was removed while waiting (namespace $COMPL_NAMESPACE of uid $EUID)" ]
	[[ $(<w2.err) = "compl: wait: "[bc]": the namespace was removed while waiting "* ]]
	line_up w1 a
	line_up w2 a
	mv "$segment" elsewhere
	rm elsewhere
	: >"$segment"
	ends 120 w1 w2
	[[ $(<w1.err) = "compl: wait: a: the namespace was removed while waiting "* ]]
	[[ $(<w2.err) = "compl: wait: a: the namespace was removed while waiting "* ]]
	rm "$segment"
}

@test "rm --all that finds no namespace leaves one that is made in that instant, or tells its users" {
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	need_trace
	local begin first
	strace -o trace -e trace=openat "$COMPL" rm --all
	first=$(grep -n -m 1 "$COMPL_NAMESPACE.*ENOENT" trace)
	background rm strace -D -o trace -e trace=openat -e "inject=openat:signal=STOP:when=${first%%:*}" "$COMPL" rm --all
	wait_until grep -qs 'stopped by SIGSTOP' trace
	begin=$SECONDS
	line_up w a
	shoot CONT rm
	ends 0 rm
	ends 120 w
	[ $((SECONDS - begin)) -lt 9 ] # its watchdog would have taken ten
}

@test "rm --all of another user's namespace in a sticky directory is refused, and wakes no wait" {
	need_others
	local space=$COMPL_NAMESPACE.s file
	file=$("$COMPL" --system -n "$space" init x && compgen -G "/dev/shm/compl*$space")
	chgrp 65534 "$file"
	chmod 660 "$file"
	line_up w --system -n "$space" x
	expect_from setpriv 125 --reuid 65534 --regid 65534 --clear-groups "$COMPL" --system -n "$space" rm --all
	one_line 'belongs to uid 0, with mode 0660, and others may use it, but not remove it; use a namespace .*, or ask uid 0 to remove it \(system namespace .*\)$'
	await_sleep w
	expect_from setpriv 0 --reuid 65534 --regid 65534 --clear-groups "$COMPL" --system -n "$space" "done" x
	ends 0 w
	expect 0 --system -n "$space" rm --all
}
