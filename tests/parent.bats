#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# parent.bats - wait --with-parent: an orphan takes no token

load helper

# Lets the process that reads from the pipe go on.
let_go() {
	timeout -s KILL "$LIMIT" sh -c 'echo >pipe' 3>&-
}

teardown() {
	rm -f "/dev/shm/compl.65534.$COMPL_NAMESPACE"
	finish
}

# with_parent ARGUMENT…: `wait a --with-parent ARGUMENT…` as the child of a shell that is
# $parent; $waiter sleeps in line when this returns.
with_parent() {
	rm -f waiter
	background parent sh -c '"$0" "$@" & echo $! >waiter; wait $!' "$COMPL_WAITER" wait a --with-parent "$@"
	wait_until test -s waiter
	waiter=$(<waiter)
	wait_until is_asleep "$waiter"
}

# The parent dies, and the waiter with it; the next in line takes the token.
dies_with_it() {
	line_up next a
	shoot KILL parent
	ends 137 parent
	wait_until is_gone "$waiter"
	wait_until_waiting a 1
	expect 0 done a
	ends 0 next
	left a 0
}

@test "the end of the parent ends the wait" {
	with_parent
	dies_with_it
	with_parent --any b c
	dies_with_it
}

@test "an ordinary end of the parent ends the wait, too" {
	rm -f waiter
	mkfifo pipe
	background parent sh -c '"$0" wait a --with-parent & echo $! >waiter; read -r _ <pipe' "$COMPL_WAITER"
	wait_until test -s waiter
	wait_until is_asleep "$(<waiter)"
	let_go
	ends 0 parent
	wait_until is_gone "$(<waiter)"
	expect 0 done a
	left a 1
}

@test "no signal that is ignored or blocked, and no option, keeps it alive" {
	local option

	for option in --uninterruptible --killable --io; do
		with_parent "$option"
		dies_with_it
	done
	rm -f waiter
	background parent env --ignore-signal --block-signal sh -c '"$0" wait a --with-parent & echo $! >waiter; wait $!' "$COMPL_WAITER"
	wait_until test -s waiter
	waiter=$(<waiter)
	wait_until is_asleep "$waiter"
	dies_with_it
}

@test "a stopped wait ends as well, and holds up no wait" {
	with_parent
	kill -STOP "$waiter"
	wait_until is_stopped "$waiter"
	dies_with_it
}

@test "a wait whose parent has ended before it looks ends at once" {
	local i

	for i in {1..20}; do
		rm -f waiter
		timeout -s KILL "$LIMIT" setsid sh -c '"$0" wait a --with-parent & echo $! >waiter' "$COMPL_WAITER" 3>&-
		wait_until is_gone "$(<waiter)"
	done
	expect 0 done a
	left a 1
}

# The parent dies while the waiter is just about to ask for its signal.
@test "a wait whose parent ends between looking and asking ends at once" {
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	need_trace
	rm -f waiter
	background parent sh -c 'strace -D -o trace -e trace=prctl -e inject=prctl:delay_enter=500000 "$0" wait a --with-parent & echo $! >waiter; wait $!' "$COMPL_WAITER"
	wait_until test -s trace
	shoot KILL parent
	ends 137 parent
	wait_until is_gone "$(<waiter)"
	expect 0 done a
	left a 1
}

@test "the wait goes on as long as the parent lives, and its end does not end other waits" {
	with_parent
	expect 0 done a --status 4
	ends 4 parent
	rm -f waiter
	background parent sh -c '"$0" wait a & echo $! >waiter; wait $!' "$COMPL_WAITER"
	wait_until test -s waiter
	wait_until is_asleep "$(<waiter)"
	shoot KILL parent
	ends 137 parent
	expect 0 done a
	wait_until is_gone "$(<waiter)"
	left a 0
}

@test "a parent that has begun a session of its own is still the parent" {
	cat >leaves.pl <<-'EOF'
		use POSIX;
		pipe(my $in, my $out);
		my $pid = fork;
		if ($pid == 0) {
			close $out;
			<$in>; # until the parent has left the session
			exec @ARGV;
		}
		POSIX::setsid() > 0 or die "setsid: $!";
		open(my $file, ">", "waiter.new");
		print $file "$pid\n";
		close $file;
		rename "waiter.new", "waiter";
		close $out;
		waitpid $pid, 0;
		exit($? >> 8);
	EOF
	background parent perl leaves.pl "$COMPL_WAITER" wait a --with-parent
	wait_until test -s waiter
	waiter=$(<waiter)
	await_waiter
	look '.completions[0].waiters[0].command == "perl"'
	expect 0 ls -l
	[[ $out != *orphan* ]]
	expect 0 done a --status 5
	ends 5 parent
	rm waiter
	background parent perl leaves.pl "$COMPL_WAITER" wait a --with-parent
	wait_until test -s waiter
	waiter=$(<waiter)
	await_waiter
	dies_with_it
}

# The waiter is asleep, or has ended.
await_waiter() {
	wait_until rests "$waiter"
	is_asleep "$waiter"
}

@test "CMD outlives the parent" {
	mkfifo pipe
	with_parent -- sh -c 'echo began >began; read -r _ <pipe; echo went on >on'
	expect 0 done a
	wait_until test -s began
	shoot KILL parent
	ends 137 parent
	let_go
	wait_until test -s on
	wait_until is_gone "$waiter"
}

@test "CMD has the parent-death signal of the start, and the wait does not use it" {
	setpriv --help 2>&1 | grep -q pdeathsig || skip "setpriv(1) cannot do that"
	expect 0 done a --count 2
	expect_from setpriv 0 --pdeathsig USR2 "$COMPL_WAITER" wait a --with-parent -- setpriv --dump
	[[ ${out^^} == *"PARENT DEATH SIGNAL: USR2"* ]]
	expect_from setpriv 0 --pdeathsig clear "$COMPL_WAITER" wait a --with-parent -- setpriv --dump
	[[ ${out^^} != *"PARENT DEATH SIGNAL: "[A-Z]* || ${out^^} == *"PARENT DEATH SIGNAL: [NONE]"* ]]
}

@test "it works in another user's namespace, too" {
	need_others
	rm -f waiter
	background parent sh -c '"$0" -u nobody wait a --with-parent & echo $! >waiter; wait $!' "$COMPL_WAITER"
	wait_until test -s waiter
	wait_until waiters a 1 -u nobody # whether it sleeps may not be ours to see
	shoot KILL parent
	ends 137 parent
	wait_until is_gone "$(<waiter)"
	expect 0 -u nobody done a
	expect 0 -u nobody try a
	expect 0 -u nobody rm --all
}

@test "a token that is there, a timeout of 0 and a removed name work as without it" {
	expect 0 done a
	expect_w 0 wait a --with-parent
	expect_w 124 wait a --with-parent --timeout 0
	expect_w 124 wait a --with-parent --timeout 10ms
	with_parent --outcome
	expect 0 rm a
	ends 120 parent
	[ "$(<parent.out)" = removed ]
}
