#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# producers.bats - producers as the commands show them: their deaths, several of them, what they leave

load helper

# produce LABEL NAME ARGUMENT...: starts `compl run NAME ARGUMENT...` of a CMD that runs until it is
# ended; returns when it is registered, and passes signals on.
produce() {
	local label=$1 name=$2

	shift 2
	background "$label" "$COMPL" run "$name" "$@" -- sleep 1000
	wait_until produces "$label" "$name"
}

produces() {
	timeout -s KILL "$LIMIT" "$COMPL" ls "$2" --json 3>&- |
		jq -e ".completions[].producers[] | select(.pid == ${pid[$1]})" >jq.out && has_child "$1"
}

# has_child LABEL: run has made the process of CMD.  Before that, a signal would end run itself.
has_child() {
	pgrep -P "${pid[$1]}" >pgrep.out
}

# producers NAME N
producers() {
	[ "$(timeout -s KILL "$LIMIT" "$COMPL" ls "$1" --json 3>&- | jq '[.completions[].producers[]] | length')" = "$2" ]
}

# ---- deaths -----------------------------------------------------------------------

@test "the death of a producer ends all waits for it, with 121 and a line" {
	produce p a
	line_up w1 a
	line_up w2 a --count 3
	line_up w3 a --outcome --print
	shoot KILL p
	ends 121 w1 w2 w3
	[ "$(<w1.err)" = "compl: wait: a: a producer of it has gone (namespace $COMPL_NAMESPACE of uid $EUID)" ]
	[ "$(<w3.out)" = producer-died ]
	ends 137 p
	expect_w 121 wait a
	expect_w 121 try a
	expect 0 test a
	expect_w 121 wait a -q
	silent
}

@test "a producer is killed again and again, and no death is missed" {
	local i

	for i in {1..25}; do
		produce p a
		line_up w1 a
		line_up w2 a b
		shoot KILL p
		ends 121 w1 w2
		ends 137 p
		expect 0 rm a
	done
}

@test "with several producers the death of one ends the waits" {
	produce p1 a
	produce p2 a
	produce p3 a
	line_up w a
	shoot KILL p2
	ends 121 w
	ends 137 p2
	# What the other producers post changes nothing any more.
	shoot TERM p1 p3
	ends 143 p1 p3
	expect_w 121 wait a
}

@test "several producers each post a token" {
	background p1 "$COMPL" run a -- sleep 1000
	background p2 "$COMPL" run a -- sleep 1000
	wait_until producers a 2
	wait_until has_child p1
	wait_until has_child p2
	line_up w a --count 2
	shoot TERM p1
	ends 143 p1
	await_sleep w
	shoot TERM p2
	ends 143 p2 w
}

@test "if the wait that notices a death is killed, the wait after it notices" {
	local i

	for i in {1..10}; do
		produce p a
		line_up w1 a
		line_up w2 a
		line_up w3 a
		kill -KILL "${pid[p]}" "${pid[w1]}" || : # it may have left
		ends 121 w2 w3
		ends 137 p
		outcome w1
		[ "$got" -eq 137 ] || [ "$got" -eq 121 ]
		expect 0 rm a
	done
}

@test "if the first in line is stopped, the others are told within a moment" {
	tolerate_lost_wakeups
	produce p a
	line_up w1 a
	line_up w2 a
	shoot STOP w1
	wait_until is_stopped "${pid[w1]}"
	shoot KILL p
	ends 121 w2
	shoot CONT w1
	ends 121 w1
	ends 137 p
}

@test "a wait over several names names the one whose producer died, and takes nothing" {
	produce p b
	expect 0 done a c
	line_up w a b c --print
	line_up any d b --any --print
	shoot KILL p
	ends 121 w any
	[[ $(<w.err) == "compl: wait: b: "* ]]
	[ "$(<any.out)" = b ]
	left a 1
	left c 1
	ends 137 p
}

@test "a producer that dies before its CMD is ready ends the waits, too" {
	background p "$COMPL" run a --ready fd:7 -- sleep 1000
	wait_until produces p a
	line_up w a
	shoot KILL p
	ends 121 w
	ends 137 p
}

@test "with --keep the end of a producer changes nothing after readiness, unless the name was reset" {
	background p "$COMPL" run a --ready fd:7 --keep -- sh -c 'echo up >&7; exec sleep 1000'
	expect_w 0 wait a
	shoot KILL p
	ends 137 p
	expect_w 0 wait a --print
	printed up
	background p2 "$COMPL" run b --ready fd:7 --keep -- sh -c 'echo up >&7; exec sleep 1000'
	expect_w 0 wait b
	expect 0 reinit b
	line_up w b
	shoot TERM p2
	ends 143 p2
	ends 121 w
}

# ---- a new start --------------------------------------------------------------------

@test "a settled name starts anew when run registers: counter, status, value" {
	expect 0 done a --all --status 3 --value old
	produce p a
	look '.completions[0] | .done == 0 and .status == 0 and .value == null'
	line_up w a
	shoot KILL p
	ends 121 w
	ends 137 p
	# A dead producer settled it, too.
	produce p a
	line_up w a
	shoot TERM p
	ends 143 p w
	left a 0
}

@test "a settled name does not start anew while another producer lives" {
	background p1 "$COMPL" run a --ready fd:7 --keep -- sh -c 'echo up >&7; exec sleep 1000'
	expect_w 0 wait a
	produce p2 a
	expect_w 0 wait a -t 0 --print
	printed up
	shoot TERM p1 p2
	ends 143 p1 p2
	expect_w 0 wait a -t 0
}

@test "tokens that were not taken stay when a producer comes" {
	expect 0 done a --count 2 --status 3
	expect 0 run a -- true
	left a 3
	expect_w 3 wait a --count 3
}

@test "waits in line keep their places when a producer comes" {
	expect 0 init a
	line_up w1 a
	line_up w2 a
	produce p1 a
	shoot KILL p1
	ends 121 w1 w2
	ends 137 p1
	line_up w3 b
	produce p2 b
	line_up w4 b
	shoot TERM p2
	ends 143 p2 w3
	await_sleep w4
	expect 0 done b
	ends 0 w4
}

@test "reinit forgets dead producers, and living ones stay" {
	produce p1 a
	produce p2 a
	shoot KILL p1
	ends 137 p1
	expect 0 reinit a
	line_up w a
	look '.completions[0].producers | length == 1'
	shoot KILL p2
	ends 121 w
	ends 137 p2
}

# ---- several producers ----------------------------------------------------------------

@test "--single gives way to a producer that is there, and names it" {
	local cmd

	produce p a
	cmd=$(pgrep -P "${pid[p]}")
	expect 124 run a --single -- touch run
	one_line "^compl: run: a: process ${pid[p]} produces it already \(namespace $COMPL_NAMESPACE of uid $EUID\)$"
	expect 124 run a --single -q -- touch run
	silent
	[ ! -e run ]
	expect 0 run a -- true
	shoot KILL p
	ends 137 p
	wait_until is_gone "$cmd" # it ends because its parent has
	expect 0 run a --single -- touch run
	[ -e run ]
}

@test "of many that want to be the single producer one is" {
	local i running=0

	for i in {1..8}; do
		background p$i "$COMPL" run a --single -- sleep 1000
	done
	wait_until producers a 1
	for i in {1..8}; do
		wait_until settled p$i
		is_gone "${pid[p$i]}" || running=$i
	done
	for i in {1..8}; do
		[ "$i" -eq "$running" ] || ends 124 p$i
	done
	shoot TERM p$running
	ends 143 p$running
}

# It has given up, or runs its CMD.
settled() {
	is_gone "${pid[$1]}" || has_child "$1"
}

# ---- what CMD leaves behind --------------------------------------------------------

# The tests end what CMD leaves by its pid: no parent of it is left that would.

# held NAME: a --single is refused because of what an earlier CMD has started.
held() {
	expect 124 run "$1" --single -- touch run && [ ! -e run ] &&
		one_line "^compl: run: $1: .* that an earlier run of it has started still runs; "
}

# bury PID: ends a process that no parent of this test waits for.
bury() {
	kill -KILL "$1"
	wait_until is_gone "$1"
}

@test "a CMD that outlives run holds its place, until it ends" {
	background p "$COMPL" run a --single -- sh -c 'trap "" TERM; echo $$ >pid; exec sleep 1000'
	wait_until test -s pid
	shoot KILL p
	ends 137 p
	held a
	[ "$err" = "compl: run: a: process $(<pid) that an earlier run of it has started still runs; end it, or let go of it with 'compl rm a' (namespace $COMPL_NAMESPACE of uid $EUID)" ]
	expect 124 run a --single -q -- touch run
	silent
	# Without --single nothing is refused, and nobody but a --single is told.
	expect 0 run a -- true
	expect_w 0 wait a -t 0
	held a
	bury "$(<pid)"
	expect 0 run a --single -- touch run
	[ -e run ]
	expect_w 0 wait a -t 0
	names
}

@test "a CMD that has changed its user holds its place, and cannot write into the segment" {
	need_others
	# shellcheck disable=SC2016
	background p "$COMPL" run a --single -- "${as_nobody[@]}" sh -c 'head -c 8 <&9; echo
		(echo x >&9) 2>/dev/null && echo wrote
		(echo x >>/proc/self/fd/9) 2>/dev/null && echo opened
		echo $$; exec sleep 1000'
	wait_until grep -q '^[0-9]' p.out
	stray=$(sed -n 2p p.out)
	[ "$(<p.out)" = " compl01"$'\n'"$stray" ]
	shoot KILL p
	ends 137 p
	held a
	bury "$stray"
	expect 0 run a --single -- true
}

@test "whatever CMD has started holds its place after CMD, unless the descriptor was closed" {
	# shellcheck disable=SC2016
	expect 0 run a --single -- sh -c 'setsid sh -c "echo \$\$ >pid; exec sleep 1000" </dev/null >/dev/null 2>&1 &
		while [ ! -s pid ]; do sleep 0.01; done'
	held a
	[[ $err == *" process $(<pid) that "* ]]
	bury "$(<pid)"
	expect 0 run a --single -- true
	# shellcheck disable=SC2016
	expect 0 run a --single -- sh -c 'setsid sh -c "echo \$\$ >closed; exec sleep 1000" </dev/null >/dev/null 2>&1 9>&- &
		while [ ! -s closed ]; do sleep 0.01; done'
	expect 0 run a --single -- true
	bury "$(<closed)"
}

# stray NAME: a CMD of NAME has ended with 0, and has left a process, $stray, which holds NAME.
stray() {
	# shellcheck disable=SC2016
	expect 0 run "$1" -- sh -c 'sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >stray'
	stray=$(<stray)
}

@test "a name that is held stays, whatever becomes of its tokens" {
	stray a
	expect_w 0 wait a -t 0
	names a
	left a 0
	expect_w 124 wait a -e -t 0
	expect 0 reinit a --force
	expect 0 check
	expect 0 check --repair
	held a
	expect 1 run a -- false
	expect_w 1 wait a -t 0
	held a
	bury "$stray"
	names
	expect_w 125 wait a -e -t 0
}

@test "rm lets go of what is held, and a new name of that name is not held" {
	stray a
	expect 0 rm a
	expect 0 run a --single -- true
	stray2=$stray
	stray a
	held a
	bury "$stray2"
	held a
	expect 0 rm --all
	expect 0 run a --single -- true
	bury "$stray"
}

@test "only the name itself is held, also if its record had another name" {
	local i

	stray a
	expect 0 rm a
	for i in b b c c a a; do
		expect 0 run "$i" --single -- true
		expect_w 0 wait "$i" -t 0
		names
	done
	bury "$stray"
}

@test "COMPL_HOLD names the descriptor: 9, or the next lower one that is free" {
	# shellcheck disable=SC2016
	local say='echo $COMPL_HOLD; ls -l /proc/self/fd/$COMPL_HOLD | grep -c "compl.*$COMPL_NAMESPACE"'

	expect 0 run a -- sh -c "$say"
	printed 9 1
	expect 0 run a --ready fd:9 -- sh -c "echo >&9; $say"
	printed 8 1
	(exec 9<. 7<. && expect 0 run a -- sh -c "$say" && printed 8 1)
	# The outer CMD has closed its 9.
	expect 0 run a -- sh -c "exec 9>&-; \"\$0\" run b -- sh -c '$say'" "$COMPL"
	printed 9 1
	(exec 3<. 4<. 5<. 6<. 7<. 8<. 9<. && timeout "$LIMIT" "$COMPL" run a -- sh -c "$say" >high)
	[ "$(tail -n 1 high)" = 1 ] && [ "$(head -n 1 high)" -gt 9 ]
}

@test "below another run CMD holds both names" {
	# shellcheck disable=SC2016
	expect 0 run a -- "$COMPL" run b -- sh -c 'echo $COMPL_HOLD; sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >stray'
	printed 8
	held a
	held b
	bury "$(<stray)"
	expect 0 run a --single -- "$COMPL" run b --single -- true
	# The inner one may want the number of the outer one for itself.
	# shellcheck disable=SC2016
	expect 0 run a -- "$COMPL" run b --ready fd:9 -- sh -c 'echo >&9; sleep 1000 </dev/null >/dev/null 2>&1 9>&- & echo $! >stray'
	held a
	held b
	bury "$(<stray)"
	got=0
	(exec 9>file && COMPL_HOLD=9 timeout "$LIMIT" "$COMPL" run b --ready fd:9 -- true 2>/dev/null) || got=$?
	[ "$got" -eq 125 ]
}

@test "a CMD that cannot be run leaves nothing behind" {
	expect 127 run a --single -- ./missing
	expect_w 127 wait a -t 0
	expect 126 run a --single -- /dev/null
	expect_w 126 wait a -t 0
	names
	expect 0 run a --single -- true
	expect_w 0 wait a -t 0
	names
}

@test "a wait for a run asks the kernel for no locks, unless something is held" {
	need_trace
	expect 0 run a -- true
	strace -f -e trace=fcntl -o trace "$COMPL_WAITER" wait a -t 1s
	[ "$(grep -c OFD trace)" -eq 0 ]
	stray a
	strace -f -e trace=fcntl -o trace "$COMPL_WAITER" wait a -t 1s
	[ "$(grep -c F_OFD_GETLK trace)" -gt 0 ]
	bury "$stray"
}

@test "where files have no locks of open descriptions, --single says so, and nothing else fails" {
	local error

	for error in EINVAL ENOSYS; do
		expect_from "$COMPL_TOOLS/deny" 125 ofd_lock=$error "$COMPL" run a --single -- touch run
		one_line "^compl: run: a: $segment: No locks? available; its file system must know locks of open file descriptions, as a tmpfs does \(namespace "
		[ ! -e run ]
		names
		# shellcheck disable=SC2016
		expect_from "$COMPL_TOOLS/deny" 0 ofd_lock=$error "$COMPL" run a -- sh -c 'echo "${COMPL_HOLD-none}"'
		printed none
		expect_w 0 wait a -t 0
	done
}

@test "if /proc does not show who holds a name, the line names nobody" {
	need_others
	# shellcheck disable=SC2016
	expect 0 run a -u 65534 -- sh -c 'sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >stray'
	# Others may not look into a process of root's.
	expect_from "${as_nobody[0]}" 124 "${as_nobody[@]:1}" "$COMPL" run a --single -- true
	one_line '^compl: run: a: a process that an earlier run of it has started still runs; '
	expect 124 run a -u 65534 --single -- true
	one_line "^compl: run: a: process $(<stray) that an earlier run "
	bury "$(<stray)"
}

@test "a scope ends, and is swept, while something in it is held" {
	local space

	# shellcheck disable=SC2016
	expect 0 scope -- sh -c '"$0" run a --single -- sh -c "sleep 1000 </dev/null >/dev/null 2>&1 & echo \$! >stray"' "$COMPL"
	bury "$(<stray)"
	# shellcheck disable=SC2016
	background s "$COMPL" scope -- sh -c 'trap "" TERM; echo "$COMPL_NAMESPACE" >space
		"$0" run a --single -- sh -c "echo \$\$ >stray2; trap \"\" TERM; exec sleep 1000"' "$COMPL"
	wait_until test -s stray2
	space=/dev/shm/compl.$EUID.$(<space)
	[ -e "$space" ]
	shoot KILL s
	ends 137 s
	expect 0 scope -- true
	wait_until test ! -e "$space" # another sweeper may be at it
	bury "$(<stray2)"
}

@test "there is room for 64 producers of a name, and one more is refused with a line" {
	local i

	for i in {1..64}; do
		background p$i "$COMPL" run a -- sleep 1000
	done
	wait_until producers a 64
	for i in {1..64}; do
		wait_until has_child p$i
	done
	expect 125 run a -- touch run
	one_line '^compl: run: a: no room for another producer of it; '
	[ ! -e run ]
	expect 0 run b -- true
	line_up w a --count 64
	for i in {1..64}; do
		shoot TERM p$i
	done
	for i in {1..64}; do
		ends 143 p$i
	done
	ends 143 w
}

@test "a name exists as long as its producer, and init may take it" {
	expect_w 125 wait a -e -t 0
	produce p a
	expect_w 124 wait a -e -t 0
	expect 0 init a
	shoot TERM p
	ends 143 p
	expect_w 143 wait a -t 0
	names a
}

@test "rm ends the waits for a produced name with 120" {
	produce p a
	line_up w a
	expect 0 rm a
	ends 120 w
	shoot TERM p
	ends 143 p
	[[ $(<p.err) == *"removed meanwhile; nothing is posted"* ]]
	expect 0 ls --names
	silent
}

@test "ls shows producers, in the table and as JSON" {
	produce p1 a
	produce p2 a
	expect 0 ls -l a
	[[ $out =~ $'\n'"  producer ${pid[p1]} sleep for "[0-9]+s$'\n'"  producer ${pid[p2]} sleep for "[0-9]+s$ ]]
	look ".completions[0].producers | length == 2 and .[0].pid == ${pid[p1]} and .[0].command == \"sleep\"
		and (.[0].seconds | type) == \"number\" and (.[0] | has(\"unit\") and .ready == false)"
	shoot TERM p1 p2
	ends 143 p1 p2
	look '.completions[0].producers == []'
}

@test "a failing producer ends a wait with --fail-fast, and the others go on" {
	produce p1 a --all
	background p2 "$COMPL" run b --all -- sh -c 'exec "$0" wait go --print' "$COMPL"
	line_up w a b --fail-fast
	line_up all a b
	expect 0 done go --status 9
	ends 9 p2 w
	await_sleep all
	shoot KILL p1
	ends 121 all
	ends 137 p1
}
