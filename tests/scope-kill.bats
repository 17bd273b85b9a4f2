#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (its processes have times of grace)
#
# scope-kill.bats - compl scope --kill: nothing that CMD has left running outlives the scope

load helper

setup() {
	begin
	export COMPL tmp
	# For a script with a handler for SIGTERM: starts a child, and goes on when that is sleep.  Before that, the
	# child would lose a SIGTERM to the shell's handler.  "rest" waits for a signal.  The child may get its own
	# first; those that come after it end soon, whether they lose one or not.
	cat >start-sleep <<'SH'
sleep 1000 &
until read -r child <"/proc/$!/comm" && [ "$child" = sleep ]; do :; done
rest() { while :; do wait; sleep 0.1 & done; }
SH
	# recorder LABEL [WORD...]: notes its pid, and each SIGTERM.  With "deaf" it goes on after that.
	cat >recorder <<'SH'
label=$1 deaf=${2-}
trap 'echo term >>"$tmp/$label.terms"; [ -n "$deaf" ] || exit 0' TERM
. "$tmp/start-sleep"
echo $$ >"$tmp/$label.started"
rest
SH
}

# left LABEL...: CMD of a scope, in its namespace: starts these by the ways below, and ends when all run.
# shellcheck disable=SC2016 # for the inner shell
starter='for start; do
	"$tmp/start-$start" &
done
for start; do
	until [ -s "$tmp/$start.started" ]; do sleep 0.01; done
done
exit 5'

# starting LABEL COMMAND...: how the starter starts it.
starting() {
	printf '#!/bin/sh\nexec %s\n' "${*:2}" >"start-$1"
	chmod +x "start-$1"
}

# terms LABEL N: it has got SIGTERM so many times, and has ended.
terms() {
	local count=0

	[ ! -e "$1.terms" ] || count=$(wc -l <"$1.terms")
	echo "$1: $count times"
	[ "$count" -eq "$2" ] && is_gone "$(<"$1.started")"
}

lives() {
	if is_gone "$1"; then
		return 1
	fi
}

# "writers" ends when everybody has gone that has opened `alive`, or has inherited it.  A look into /proc
# may miss processes that live for moments.
watch_writers() {
	mkfifo alive
	background writers cat alive
}

# Nothing that this test has started is left.
nobody() {
	if env -u tmp grep -lFsz "tmp=$tmp" /proc/[0-9]*/environ; then
		return 1
	fi
}

@test "descendants of each kind get SIGTERM once, and end before the scope" {
	starting plain sh recorder plain
	starting away setsid sh recorder away
	# shellcheck disable=SC2016
	starting twice "sh -c '(setsid sh recorder twice &) & exit'"
	starting stopper "sh -c 'sh recorder stopped & until [ -s stopped.started ]; do sleep 0.01; done; kill -STOP \$!
		until grep -q stopped /proc/\$!/status; do sleep 0.01; done; echo >stopper.started; wait'"
	starting parent "sh -c 'sh recorder parent & sh recorder child & wait'"
	starting child true # the one before has started it
	expect 5 scope --kill --grace 60s -- sh -c "$starter" sh plain away twice stopper parent child
	silent
	terms plain 1
	terms away 1
	terms twice 1
	terms stopped 1
	terms parent 1
	terms child 1
}

@test "what is below a run, a scope or another build of compl gets SIGTERM from that alone" {
	starting run "'$COMPL' run x -- sh recorder run"
	starting other "'$COMPL_WAITER' run y -- sh recorder other"
	starting behind "'$COMPL' run z --background -- sh recorder behind"
	starting inner "'$COMPL' scope -- '$COMPL' run x -- sh recorder inner"
	expect 5 scope --kill --grace 60s -- sh -c "$starter" sh run other behind inner
	terms run 1
	terms other 1
	terms behind 1
	terms inner 1
}

@test "what does not heed SIGTERM is killed after the grace, and has got SIGTERM once" {
	starting deaf sh recorder deaf deaf
	starting produced "'$COMPL' run x -- sh recorder produced deaf"
	# The grace is long enough for their handlers, also if the machine stalls meanwhile.
	expect 5 scope --kill --grace 3s -- sh -c "$starter" sh deaf produced
	silent
	terms deaf 1
	terms produced 1
	rm ./*.started ./*.terms
	expect 5 scope --kill --grace 0 -- sh -c "$starter" sh deaf
	is_gone "$(<deaf.started)"
}

@test "a signal to the scope has all killed at once" {
	local signal

	starting deaf sh recorder deaf deaf
	for signal in TERM INT HUP USR1; do
		rm -f deaf.terms deaf.started
		background s env --default-signal=INT,QUIT "$COMPL" scope --kill --grace infinity -- sh -c "$starter" sh deaf
		wait_until test -s deaf.terms
		lives "$(<deaf.started)"
		shoot "$signal" s
		ends 5 s
		terms deaf 1
	done
}

@test "a signal that ends no process changes nothing" {
	starting deaf sh recorder deaf deaf
	background s "$COMPL" scope --kill --grace infinity -- sh -c "$starter" sh deaf
	wait_until test -s deaf.terms
	shoot WINCH s
	shoot CHLD s
	shoot CONT s
	sleep 0.3
	lives "${pid[s]}"
	lives "$(<deaf.started)"
	shoot TERM s
	ends 5 s
}

@test "the namespace goes last" {
	cat >late <<'SH'
trap '"$COMPL" done late && "$COMPL" wait late && echo posted >"$tmp/posted"; exit' TERM
echo "$COMPL_NAMESPACE" >space
. "$tmp/start-sleep"
echo $$ >"$tmp/late.started"
rest
SH
	starting late sh late
	expect 5 scope --kill --grace 60s -- sh -c "$starter" sh late
	silent
	[ "$(<posted)" = posted ]
	[ -s space ]
	[ ! -e "/dev/shm/compl.$EUID.$(<space)" ]
}

@test "processes that fork and end without a pause are killed, all of them" {
	LIMIT=60 # on a busy machine a look takes long, and they go on meanwhile
	cat >racer <<'PL'
# Each of these lives for moments, and leaves a child in a session of its own.
use POSIX ();
$SIG{TERM} = "IGNORE";
for (1 .. 4) { next if fork; race(); }
sub race {
	open my $mark, ">", "$ENV{tmp}/racer.started" or die; print $mark "$$\n"; close $mark;
	for (1 .. 100000) { my $child = fork; exit if $child; POSIX::setsid(); }
	open $mark, ">", "$ENV{tmp}/tired"; close $mark;
}
PL
	watch_writers
	starting racer perl racer "9>alive"
	expect 5 scope --kill --grace 20ms -- sh -c "$starter" sh racer
	[ ! -e tired ]
	ends 0 writers
	nobody
}

@test "many processes that start others as fast as they can are killed, all of them" {
	LIMIT=60 # on a busy machine a look takes long, and they go on meanwhile
	cat >bomb <<'PL'
# Each has a child that ends at once, and one that does the same as itself, as long as there are few.
$SIG{TERM} = "IGNORE";
$SIG{CHLD} = "IGNORE";
open my $mark, ">", "$ENV{tmp}/bomb.started" or die; print $mark "$$\n"; close $mark;
for my $depth (1 .. 6) { fork }
for (1 .. 2000) { fork or exit; select undef, undef, undef, 0.001 }
open $mark, ">", "$ENV{tmp}/tired"; close $mark;
PL
	watch_writers
	starting bomb perl bomb "9>alive"
	expect 5 scope --kill --grace 20ms -- sh -c "$starter" sh bomb
	[ ! -e tired ]
	ends 0 writers
	nobody
}

@test "a process that may not be signalled is named, and is not waited for" {
	local theirs

	need_others
	# It drops the one capability by which root may send a signal to everybody.
	starting theirs "setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'echo \$\$ >theirs.started; read -r never <never'"
	: >theirs.started
	mkfifo never
	chmod 666 theirs.started never
	chmod 711 . ..
	got=0
	timeout -s KILL "$LIMIT" setpriv --bounding-set -kill --inh-caps -kill "$COMPL" scope --kill --grace 60s -- \
		sh -c "$starter" sh theirs >out 2>err </dev/null 3>&- || got=$?
	theirs=$(<theirs.started)
	cat err
	lives "$theirs"
	kill -KILL "$theirs"
	[ "$got" -eq 5 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -qx "compl: scope: --kill: process $theirs (sh) may not be signalled, and goes on: Operation not permitted" err
}

@test "without --kill what CMD has left goes on" {
	starting on sh -c "'echo \$\$ >on.started; exec sleep 1000'"
	expect 5 scope -- sh -c "$starter" sh on
	lives "$(<on.started)"
	kill -KILL "$(<on.started)"
	wait_until is_gone "$(<on.started)"
}

@test "--grace without --kill and a bad time are refused" {
	expect 125 scope --grace 1s -- true
	usage_lines '^compl: scope: --grace belongs to --kill'
	expect 125 scope --kill --grace soon -- true
	usage_lines "^compl: scope: --grace: 'soon' is not a duration"
}

@test "without /proc --kill is refused before CMD runs" {
	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer reads its options in /proc"
	need_namespaces mount
	expect_from unshare 125 -m sh -c 'mount -t tmpfs none /proc && exec "$COMPL" scope --kill -- touch begun'
	one_line '^compl: scope: --kill needs /proc, '
	[ ! -e begun ]
}
