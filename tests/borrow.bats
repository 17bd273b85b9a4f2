#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# borrow.bats - tokens that were borrowed come back, however the borrower ends

load helper

# borrow LABEL NAME... [OPTION...]: a CMD that sleeps has borrowed.
borrow() {
	local label=$1

	shift
	background "$label" "$COMPL" wait "$@" --borrow -- sleep 1000
	wait_until has_child "$label"
}

child_of() {
	pgrep -P "${pid[$1]}"
}

has_child() {
	[ -n "$(child_of "$1")" ]
}

# sum NAME N: N tokens are left, and the segment is sound.
sum() {
	left "$1" "$2" && expect 0 check
}

@test "init --count begins with tokens, once" {
	expect 0 init slots --count 3
	left slots 3
	expect 125 init slots --count 3
	expect 0 init slots --count 5 --exist-ok
	left slots 3
	expect 0 done used
	expect 0 init used --count 5 --exist-ok
	left used 1
	line_up w late --count 2
	expect 0 init late --count 2
	ends 0 w
	expect 125 init bad --count 0
	expect 125 init bad --count 4294967295
}

@test "CMD runs as a child with the tokens, and they are back when it has ended" {
	expect 0 init slots --count 3
	# shellcheck disable=SC2016
	expect_w 7 wait slots --count 2 --borrow -- sh -c 'echo "$COMPL_NAME $COMPL_HOLD"; "$0" ls --json | jq ".completions[0].done"
		exit 7' "$COMPL"
	printed "slots 9" 1
	sum slots 3
	[ "$(ending "$COMPL_WAITER" wait slots --borrow -- sh -c 'kill -KILL $$')" = "signal 9" ]
	sum slots 3
	expect_w 127 wait slots --borrow -- ./missing
	sum slots 3
	expect_w 0 try slots --count 3 --borrow -- true
	expect_w 124 try slots --count 4 --borrow -- touch ran
	[ ! -e ran ]
	sum slots 3
	expect_w 125 wait slots --borrow
	usage_lines '^compl: wait: --borrow needs a CMD'
	sum slots 3
}

waits() { # NAME N: so many waits on it slept
	[ "$("$COMPL" ls "$1" --json 3>&- | jq '.completions[0].waits.count')" -eq "$2" ]
}

@test "a wait that borrows at once does not count as one that slept" {
	expect 0 init slot --count 1
	expect_w 0 wait slot --borrow -- true
	expect_w 0 try slot --borrow -- true
	waits slot 0
	borrow w slot
	line_up next slot
	shoot TERM w
	ends 143 w
	ends 0 next
	waits slot 1
}

@test "if the status is not 0 CMD is not run, and nothing stays taken" {
	expect 0 done a --status 3
	expect_w 3 wait a --borrow -- touch ran
	[ ! -e ran ]
	left a 1
	# The status has stayed as well, though the counter would have been at 0 in between.
	expect_w 3 wait a --borrow -- touch ran
	expect_w 3 try a --borrow -- touch ran
	[ ! -e ran ]
	line_up w b --borrow -- touch ran
	expect 0 done b --status 4
	ends 4 w
	[ ! -e ran ]
	expect 4 wait b
	expect_w 124 wait b --borrow -t 10ms -- touch ran
	left b 0
}

@test "a name at all lends nothing, and CMD runs all the same" {
	expect 0 done a --all
	expect_w 0 wait a --borrow -- sh -c 'echo ${COMPL_HOLD-none}'
	printed none
	expect 0 init b --count 1
	expect_w 124 wait a b --borrow -- "$COMPL" try b
	sum b 1
}

@test "several names are lent all or none, and come back" {
	expect 0 init a --count 1
	expect 0 init b --count 1
	borrow w a b
	sum a 0
	line_up next b a
	shoot TERM w
	ends 143 w
	ends 0 next
	expect 0 done a
	expect_w 1 wait a b --any --borrow -- "$COMPL" test a
	sum a 1
}

@test "wait and try list a borrower with its CMD" {
	expect 0 init slots --count 2
	borrow w slots
	background t "$COMPL" try slots --borrow -- sleep 1000
	wait_until has_child t
	lists "^  borrower ${pid[w]} sleep has 1 "
	lists "^  borrower ${pid[t]} sleep has 1 "
	shoot TERM w t
	ends 143 w t
	sum slots 2
}

@test "the next in line goes as soon as the borrower ends, in the order of the line" {
	expect 0 init slot --count 1
	borrow w slot
	line_up w2 slot
	line_up w3 slot
	shoot TERM w
	outcome w
	ends 0 w2
	waiters slot 1
	expect 0 done slot
	ends 0 w3
	sum slot 0
}

@test "if compl is killed CMD gets SIGTERM, and then the tokens are back" {
	expect 0 init slots --count 2
	borrow w slots --count 2
	line_up next slots --count 2
	shoot KILL w
	ends 137 w
	ends 0 next
	expect 0 done slots --count 2
	borrow w slots --count 2
	shoot KILL w
	ends 137 w
	wait_until left slots 2 # ls looks
	expect 0 check
}

lists() { # EXPRESSION: such a row is in the listing
	"$COMPL" ls -l 3>&- | grep -Eq -- "$1"
}

@test "a stray holds the tokens until it ends, and one that was started with the descriptor closed does not" {
	expect 0 init slot --count 1
	expect_w 0 wait slot --borrow -- sh -c 'setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $!'
	stray=$out
	left slot 0
	wait_until lists "^ +stray +$stray +sleep( |$)" # when it has become setsid, and then sleep
	expect_w 124 try slot
	line_up w slot
	kill "$stray"
	ends 0 w
	expect 0 done slot
	# CMD ends when 9 is closed there: a shell keeps a copy until exec.
	expect_w 0 wait slot --borrow -- sh -c 'setsid sh -c "echo >closed; exec sleep 1000" 9>&- >/dev/null 2>&1 </dev/null &
		echo $!
		until [ -s closed ]; do sleep 0.01; done'
	stray=$out
	left slot 1
	kill "$stray"
	expect 0 check
}

@test "while something is lent the name exists, and the sum cannot overflow" {
	expect 0 done a --count 4294967294
	borrow w a --count 4294967294
	expect 125 done a
	expect_w 124 try a
	expect 0 rm a
	shoot TERM w
	ends 143 w
	left a 0
}

@test "after a reinit or a removal nothing comes back" {
	expect 0 init a --count 2
	borrow w a
	expect 0 reinit a --force
	left a 0
	shoot TERM w
	ends 143 w
	sum a 0
	expect 0 done a
	borrow v a
	expect 0 rm a
	expect 0 init a --count 5
	shoot TERM v
	ends 143 v
	sum a 5
}

@test "a borrower that loses its memory as it is killed gives the tokens back, too" {
	expect 0 init a --count 1
	borrow w a
	line_up next a
	"$COMPL_TOOLS/kill-mrelease" "${pid[w]}" || skip "this kernel has no process_mrelease(2)"
	outcome w
	ends 0 next
	expect 0 check
}
