#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# readiness.bats - a readiness ends with its producer, however that ends

load helper

# serve LABEL NAME VALUE [OPTION...]: NAME has a producer whose CMD is ready with VALUE.  CMD is told by a
# token of LABEL.go what to do: "end N", "die", "again TEXT".  If CMD is killed, its wait ends with it.
serve() {
	local label=$1 name=$2 value=$3

	shift 3
	# shellcheck disable=SC2016
	background "$label" "$COMPL" run "$name" --ready fd:7 "$@" -- sh -c 'echo "$1" >&7
		while order=$("$0" wait "$2" --print --with-parent); do
			case $order in
			"end "*) exit "${order#end }" ;;
			die) kill -SEGV $$ ;;
			"again "*) echo "${order#again }" >&7; echo >>"$2.said" ;;
			esac
		done' "$COMPL" "$value" "$label.go"
	wait_until waiters "$label.go" 1
	wait_until says_so "$label" "$name"
}

# has_heard LABEL: CMD has written what it was told to, and run has read it: run sleeps again.
has_heard() {
	[ -s "$1.go.said" ] && process_has "${pid[$1]}" wchan '*poll*'
}

# says_so LABEL NAME: run has heard that CMD is ready.
says_so() {
	timeout -s KILL "$LIMIT" "$COMPL" ls "$2" --json 3>&- |
		jq -e ".completions[] | (.all and .status == 0) or any(.producers[]; .pid == ${pid[$1]} and .ready)" >jq.out
}

# produces LABEL NAME
produces() {
	timeout -s KILL "$LIMIT" "$COMPL" ls "$2" --json 3>&- |
		jq -e ".completions[].producers[] | select(.pid == ${pid[$1]})" >jq.out
}

# order LABEL WHAT
order() {
	expect 0 done "$1.go" --value "$2"
}

# is_ready NAME VALUE: everybody passes, and takes nothing.
is_ready() {
	expect 0 test "$1"
	expect_w 0 wait "$1" --print --outcome
	printed "$2" "done 0"
	expect_w 0 try "$1" --count 4294967294
}

# is_pending NAME: nobody passes.
is_pending() {
	expect 1 test "$1"
	expect_w 124 try "$1"
}

# is_failed NAME STATUS: everybody leaves with the status.
is_failed() {
	expect 1 test "$1"
	expect_w "$2" wait "$1"
	expect_w "$2" try "$1"
	expect_w "$2" wait other "$1" --any
	expect_w "$2" wait other "$1"
	expect_w "$2" wait "$1" --fail-fast
}

@test "a name is ready as long as its producer is, and pending after that" {
	line_up w a --print
	serve p a port=1
	ends 0 w
	[ "$(<w.out)" = port=1 ]
	is_ready a port=1
	order p "end 0"
	ends 0 p
	is_pending a
	left a 0
}

@test "a producer that is told to end ends in order" {
	local signal

	for signal in TERM INT HUP; do
		background p$signal env --default-signal=INT "$COMPL" run a$signal --ready fd:7 -- \
			sh -c 'echo >&7; exec sleep 1000'
		expect_w 0 wait a$signal
		line_up w$signal a$signal never
		is_ready a$signal ""
		shoot $signal p$signal
		outcome p$signal
		[ "$got" -eq $((128 + $(kill -l $signal))) ]
		ends 121 w$signal
		is_pending a$signal
	done
}

@test "if it fails the name has failed, for those in line and for those that come" {
	serve p a up
	line_up all a never
	line_up any b never --any
	line_up later never a
	order p "end 5"
	ends 5 p all later
	is_failed a 5
	expect_w 5 wait a --outcome
	printed "failed 5 a"
	waiters never 1
	expect 0 done b
	ends 0 any
	serve q c up
	order q die
	ends 139 q
	is_failed c 139
}

@test "if run is killed it is 121, now and later" {
	serve p a up
	line_up w a never
	line_up v never a
	shoot KILL p
	ends 137 p
	ends 121 w v
	[ "$(<w.err)" = "compl: wait: a: a producer of it has gone (namespace $COMPL_NAMESPACE of uid $EUID)" ]
	is_failed a 121
	expect_w 121 wait a --outcome
	[ "$out" = producer-died ]
}

@test "a failure lasts until the next producer, a post, or a reinit" {
	local how i=0

	for how in "done NAME" "reinit NAME" "run NAME -- true" "rm NAME"; do
		serve p$i a$i up
		order p$i "end 5"
		ends 5 p$i
		is_failed a$i 5
		# shellcheck disable=SC2086
		expect 0 ${how//NAME/a$i}
		case $how in
		done* | run*) expect_w 0 wait a$i ;;
		esac
		is_pending a$i
		i=$((i + 1))
	done
}

@test "a wait that needs another name, too, notices each end while it stands in line" {
	serve p a up
	line_up w1 a b
	line_up w2 b a
	line_up w3 a b --count 2
	shoot KILL w2
	expect 0 done b
	ends 0 w1
	shoot KILL p
	ends 121 w3
	ends 137 p w2
}

@test "what done has posted since the registration counts when the readiness ends" {
	background p "$COMPL" run a --ready fd:7 -- sh -c '"$0" wait go; echo up >&7; exec "$0" wait end' "$COMPL"
	wait_until_waiting go 1
	expect 0 done a --status 3 --value early
	expect 0 done go
	wait_until_waiting end 1
	wait_until says_so p a
	is_ready a up
	expect 0 done a --value late
	is_ready a up
	line_up w a never
	expect 0 done end
	ends 0 p
	expect 0 done never
	ends 3 w # it took the first token
	expect_w 3 wait a --print
	printed early
	is_pending a
}

@test "all that done posts while the producer lives stays after it, and all from before is wiped" {
	expect 0 done a --all --status 3
	serve p a up
	is_ready a up
	expect 0 done a --all --status 4
	is_ready a up
	order p "end 9"
	ends 9 p
	expect_w 4 wait a
	expect_w 4 wait a
	expect 0 done b --count 3
	serve q b up
	order q "end 0"
	ends 0 q
	is_pending b
}

@test "a failure that done has posted meanwhile ends the fail-fast waits when the readiness ends" {
	serve p a up
	line_up v a never
	line_up w a never --fail-fast
	expect 0 done a --status 4
	is_ready a up
	order p "end 0"
	ends 0 p
	LIMIT=8 ends 4 w # the watchdog would come after ten seconds
	waiters never 1
	serve q b up
	line_up w b never --fail-fast
	expect 0 done b --all --status 5 --value text
	is_ready b up
	shoot KILL q
	ends 137 q
	LIMIT=8 ends 5 w
	waiters never 1
	expect 0 done never
	ends 4 v
}

@test "with two ready producers the value is the latest one's, and the end of one does not count" {
	serve p a first
	serve q a second
	is_ready a second
	line_up w a never
	order q "end 7"
	ends 7 q
	is_ready a first
	waiters never 1
	shoot KILL p
	ends 137 p
	ends 121 w
	is_failed a 121
}

@test "a producer that is not ready yet keeps the waits in line when the ready one ends" {
	serve p a first
	background q "$COMPL" run a --ready fd:7 -- sh -c '"$0" wait go; echo second >&7; exec sleep 1000' "$COMPL"
	wait_until_waiting go 1
	line_up w a never
	order p "end 7"
	ends 7 p
	is_pending a
	line_up v a --print
	expect 0 done go
	ends 0 v
	is_ready a second
	waiters never 1
	shoot TERM q
	ends 143 q
	ends 121 w
}

@test "the end of a producer that was never ready does not count beside a ready one" {
	serve p a up
	background q "$COMPL" run a --ready fd:7 -- sleep 1000
	wait_until produces q a
	shoot KILL q
	ends 137 q
	is_ready a up
	order p "end 0"
	ends 0 p
	is_pending a
}

@test "reinit takes the readiness back, and a further line brings it again" {
	serve p a one
	order p "again two"
	wait_until has_heard p
	is_ready a one
	expect 0 reinit a
	is_pending a
	line_up w a --print
	order p "again three"
	ends 0 w
	[ "$(<w.out)" = three ]
	is_ready a three
	expect 0 reinit a
	line_up w a
	order p "end 6"
	ends 6 p w # it was not ready, so its status is posted
	expect_w 6 wait a
}

@test "a further READY=1 makes the name ready again after a reinit" {
	background p "$COMPL" run a --ready notify --value up -- sh -c '"$COMPL_TOOLS/notify" send READY=1
		"$COMPL" wait go; "$COMPL_TOOLS/notify" send READY=1; exec sleep 1000'
	wait_until_waiting go 1
	wait_until says_so p a
	is_ready a up
	expect 0 reinit a
	is_pending a
	line_up w a
	expect 0 done go
	ends 0 w
	shoot TERM p
	ends 143 p
}

@test "with --keep all is posted, and stays" {
	serve p a up --keep
	is_ready a up
	order p "end 5"
	ends 5 p
	expect_w 0 wait a --print
	printed up
	expect 125 run b --keep -- true
	usage_lines '^compl: run: --keep belongs to a CMD that is ready at some time'
}

@test "whoever waits for a ready name alone has passed, whatever follows at once" {
	local i

	for i in {1..20}; do
		line_up w$i a$i
		line_up v$i a$i x --any
		expect 0 run a$i --ready fd:7 -- sh -c 'echo >&7'
		ends 0 w$i v$i
		is_pending a$i
	done
}

@test "when the name or the namespace is gone the end of the producer posts nothing" {
	serve p a up
	serve q b up
	expect 0 rm a
	order p "end 5"
	ends 5 p
	is_pending a
	expect 0 rm --all # its CMD waits there, and ends
	ends 0 q
	expect_w 124 try b
}

@test "ls and check see a ready name, and a failed one, and are content" {
	serve p a up
	look '.completions[] | select(.name == "a") | .status == 0 and .value == "up" and .done == 0'
	expect 0 check
	shoot KILL p
	ends 137 p
	look '.completions[] | select(.name == "a") | .status == 121'
	expect 0 check
}

@test "a ready producer covers, although another one has died before it was ready" {
	background p "$COMPL" run a --ready fd:7 -- sleep 1000
	wait_until produces p a
	background q "$COMPL" run a --ready fd:7 -- sh -c '"$0" wait go; echo up >&7; exec sleep 1000' "$COMPL"
	wait_until_waiting go 1
	line_up w a
	shoot KILL p
	ends 121 w
	ends 137 p
	expect_w 121 wait a
	expect 0 done go
	wait_until says_so q a
	is_ready a up
	expect_w 0 wait other a --any
	expect_w 0 wait other a --at-least 1
	shoot TERM q
	ends 143 q
	expect_w 121 wait a # as it was before
}

@test "a death that a ready producer has covered ends the line when it ends" {
	background p "$COMPL" run a --ready fd:7 -- sleep 1000
	wait_until produces p a
	background q "$COMPL" run a --ready fd:7 -- sh -c '"$0" wait go; echo up >&7; exec sleep 1000' "$COMPL"
	wait_until_waiting go 1
	shoot KILL p
	ends 137 p
	expect 0 done go
	wait_until says_so q a
	line_up v other a
	line_up w other a
	shoot KILL q
	ends 137 q
	LIMIT=8 ends 121 v w # the watchdog would come after ten seconds
}
