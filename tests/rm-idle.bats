#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# rm-idle.bats - rm --idle: which namespaces are idle, and which are not

load helper

# idle DUR: removes ours and those whose names go on from it, and prints them.
idle() {
	expect 0 rm --idle "$1" "$COMPL_NAMESPACE*"
}

removed() {
	idle 0
	printed "$COMPL_NAMESPACE"
	[ ! -e "$segment" ]
}

stays() {
	idle 0
	silent
	[ -e "$segment" ]
}

@test "a namespace that nobody has used for the time is removed, and printed" {
	expect 0 "done" a --count 3
	idle 1h
	silent
	[ -e "$segment" ]
	removed
	idle 0
	silent
}

# The time of the latest use is kept in whole seconds, so a namespace is idle for longer than it says
# by less than one.
@test "every command but ls and check is a use" {
	local command

	expect 0 init a
	expect 0 "done" b --all
	for command in "test b" "try b" "done b --all" "wait b" "reinit b --force" "init b --exist-ok" "rm b -f" "run b -- true"; do
		forget_use
		# shellcheck disable=SC2086
		expect 0 $command
		used
	done
	forget_use
	expect 0 ls
	run ! used
	expect 0 ls --json
	expect 0 check
	run ! used
	idle 1h
	run ! used
}

# The time of the latest use lies at byte 200 of the segment.
forget_use() {
	printf '\1\0\0\0\0\0\0\0' | dd of="$segment" bs=1 seek=200 conv=notrunc 2>dd.err
}

used() {
	[ "$(od -An -t d8 -j 200 -N 8 "$segment")" -gt 1 ]
}

@test "a namespace in which somebody waits or produces, or a name is initialised, stays" {
	line_up w a
	stays
	shoot KILL w
	ends 137 w
	removed
	background p "$COMPL" run a -- sleep 60
	wait_until look '.completions[0].producers | length == 1'
	stays
	shoot TERM p
	ends 143 p
	removed
	expect 0 init a
	stays
	expect 0 rm a
	removed
}

@test "a namespace stays while a descendant of a job holds the place of its run" {
	background p "$COMPL" run a --single -- sh -c 'sleep 60 >/dev/null 2>&1 & echo $! >pid'
	ends 0 p
	expect 0 rm --idle 0 "$COMPL_NAMESPACE"
	silent
	kill -KILL "$(<pid)"
	wait_until is_gone "$(<pid)"
	removed
}

@test "a change in it counts as a use" {
	expect 0 "done" a
	forget_use
	idle 1h
	silent
	[ -e "$segment" ]
	removed
}

@test "patterns choose, and other namespaces stay" {
	local base=$COMPL_NAMESPACE

	spaces+=("$base.a" "$base.b")
	expect 0 -n "$base.a" "done" x
	expect 0 -n "$base.b" "done" x
	expect 0 rm --idle 0 "$base.[a]" none
	printed "$base.a"
	expect 0 ls --namespaces "$base*"
	printed "$base.b"
	expect 0 rm --idle 0 "$base.b"
	printed "$base.b"
}

@test "a living scope stays, and one whose maker has died may go" {
	local space

	background s "$COMPL" scope -- sh -c 'echo "$COMPL_NAMESPACE" >space; exec sleep 60'
	wait_until test -s space
	space=$(<space)
	expect 0 rm --idle 0 "$space"
	silent
	expect 0 ls --namespaces "$space"
	printed "$space"
	shoot KILL s
	ends 137 s
	wait_until gone "$space"
}

gone() {
	"$COMPL" rm --idle 0 "$1" && [ ! -e "/dev/shm/compl.$(id -u).$1" ]
}

@test "what is damaged, or of another version, is told of and stays" {
	tolerate_damage
	expect 0 "done" a
	printf '\377' | dd of="$segment" bs=1 seek=8 conv=notrunc 2>dd.err
	expect 0 rm --idle 0 "$COMPL_NAMESPACE"
	[[ $err == *"$segment"*"another version"* ]]
	[ "$(wc -l <<<"$err")" -eq 1 ]
	[ -z "$out" ]
	[ -e "$segment" ]
}

@test "it takes patterns of namespaces, and nothing that means one namespace" {
	expect 125 rm --idle 1h --all
	usage_lines 'exclude each other'
	expect 125 rm --idle 1h --force
	usage_lines 'exclude each other'
	expect 125 rm --idle 1h -n other
	usage_lines 'give a PATTERN'
	expect 125 rm --idle soon
	usage_lines 'soon'
}

@test "a namespace whose borrowers have been killed is idle, and one with a stray is not" {
	expect 0 done slot
	background w "$COMPL" wait slot --borrow -- sh -c 'trap "" TERM; echo $$ >cmd; exec sleep 1000'
	wait_until test -s cmd
	shoot KILL w
	outcome w
	expect 0 rm --idle 0 "$COMPL_NAMESPACE"
	[ -z "$out" ]
	kill -KILL "$(<cmd)"
	wait_until removes_idle
}

removes_idle() {
	[ "$("$COMPL" rm --idle 0 "$COMPL_NAMESPACE")" = "$COMPL_NAMESPACE" ]
}
