#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# signals.bats - signals for a wait: terminating, ignored, stopping; and as PID 1

load helper

# under_ending LABEL ARGUMENT...: starts `ending compl wait ARGUMENT...`; $waiter is the pid of
# compl.
under_ending() {
	local label=$1

	shift
	rm -f "$label.pid"
	background "$label" "$COMPL_TOOLS/ending" -p "$label.pid" \
		env --default-signal=INT,QUIT "$COMPL_WAITER" wait "$@"
	wait_until test -s "$label.pid"
	waiter=$(<"$label.pid")
	wait_until is_asleep "$waiter"
}

@test "a terminating signal ends a sleeper by that signal, and its entry is free" {
	local n

	for n in 1 2 3 10 12 13 14 15 24 34; do
		under_ending w a
		line_up w2 a
		kill -"$n" "$waiter"
		ends 0 w
		[ "$(<w.out)" = "signal $n" ]
		expect 0 done a
		ends 0 w2
	done
	left a 0
}

@test "a terminating signal ends a wait in the middle of the line, and one in several lines" {
	line_up w1 a
	under_ending w2 b a
	line_up w3 a
	line_up w4 b
	kill -TERM "$waiter"
	ends 0 w2
	[ "$(<w2.out)" = "signal 15" ]
	expect 0 done a --count 2
	ends 0 w1 w3
	expect 0 done b
	ends 0 w4
}

@test "a terminating signal ends a wait for any" {
	under_ending w a b c --any
	kill -TERM "$waiter"
	ends 0 w
	[ "$(<w.out)" = "signal 15" ]
	expect 0 ls --names
	silent
}

@test "signals that were ignored at the start stay ignored" {
	local n

	background w env --ignore-signal=HUP,INT,QUIT,TERM,USR1,TSTP "$COMPL_WAITER" wait a
	await_sleep w
	for n in HUP INT QUIT TERM USR1 TSTP; do
		shoot $n w
		await_sleep w
	done
	expect 0 done a
	ends 0 w
}

@test "background jobs of a shell ignore INT and QUIT" {
	background sh sh -c '"$0" wait a & echo $! >pid; wait $!; echo $? >status' "$COMPL_WAITER"
	wait_until test -s pid
	wait_until is_asleep "$(<pid)"
	kill -INT "$(<pid)"
	kill -QUIT "$(<pid)"
	wait_until is_asleep "$(<pid)"
	expect 0 done a
	ends 0 sh
	[ "$(<status)" -eq 0 ]
}

@test "signals that end no process disturb no wait" {
	local n

	line_up w1 a
	line_up w2 a --timeout 20s
	for n in WINCH CHLD URG CONT WINCH; do
		shoot $n w1 w2
		await_sleep w1 w2
	done
	expect 0 done a
	ends 0 w1
	expect 0 done a
	ends 0 w2
}

@test "a waiter that is stopped and continued keeps its place" {
	line_up w1 a
	line_up w2 a
	shoot STOP w1
	wait_until is_stopped "${pid[w1]}"
	shoot CONT w1
	await_sleep w1 w2
	expect 0 done a
	ends 0 w1
	await_sleep w2
	expect 0 done a
	ends 0 w2
}

@test "a waiter that is stopped from the terminal leaves the line and joins it again" {
	set -m # a process group of its own, or the stop would be ignored
	background w1 "$COMPL_WAITER" wait a
	set +m
	await_sleep w1
	line_up w2 a
	line_up w3 a
	shoot TSTP w1
	wait_until is_stopped "${pid[w1]}"
	waiters a 2
	expect 0 done a
	ends 0 w2
	await_sleep w3
	shoot CONT w1
	await_sleep w1
	wait_until_waiting a 2
	expect 0 done a
	ends 0 w3
	await_sleep w1
	shoot TSTP w1
	wait_until is_stopped "${pid[w1]}"
	expect 0 done a
	left a 1
	shoot CONT w1
	ends 0 w1
	left a 0
}

@test "a waiter that is stopped from the terminal keeps its deadline" {
	set -m
	background w "$COMPL_WAITER" wait a --timeout 3s
	set +m
	await_sleep w
	shoot TSTP w
	wait_until is_stopped "${pid[w]}"
	background w2 "$COMPL_WAITER" wait b --timeout 3s
	ends 124 w2
	shoot CONT w
	ends 124 w
}

@test "a token that meets a signal is taken or left, never both and never neither" {
	local i took=0

	for i in {1..40}; do
		background w "$COMPL_WAITER" wait a
		await_sleep w
		if [ $((i % 2)) -eq 0 ]; then
			"$COMPL" done a &
			kill -TERM "${pid[w]}" 2>/dev/null || : # it may have ended
		else
			shoot TERM w
			"$COMPL" done a &
		fi
		wait $!
		outcome w
		case $got in
		0)
			took=$((took + 1))
			left a 0
			;;
		143)
			left a 1
			expect 0 try a
			;;
		*)
			echo "status $got"
			return 1
			;;
		esac
	done
	echo "# taken $took of 40"
}

@test "a token that meets a deadline is taken or left, never both and never neither" {
	local i

	for i in {1..40}; do
		background w "$COMPL_WAITER" wait a --timeout 25ms
		sleep 0.02$((i % 6))
		expect 0 done a
		outcome w
		case $got in
		0) left a 0 ;;
		124)
			left a 1
			expect 0 try a
			;;
		*)
			echo "status $got"
			return 1
			;;
		esac
	done
}

@test "a closed pipe ends compl by SIGPIPE, and the token stays taken" {
	expect 0 done a --value x
	mkfifo pipe
	# shellcheck disable=SC2094
	exec 7<>pipe 8>pipe 7<&- # a pipe without a reader
	run ending env --default-signal=PIPE sh -c 'exec "$0" wait a --print >&8' "$COMPL_WAITER"
	exec 8>&-
	[ "$output" = "signal 13" ]
	left a 0
}

@test "as PID 1 a waiter takes its token" {
	need_namespaces pid
	tolerate_lost_wakeups # several pid namespaces
	background w unshare -p -f --mount-proc "$COMPL_WAITER" wait a
	wait_until_waiting a 1
	expect 0 done a --status 5
	ends 5 w
}

# The pid, as we see it, of the PID 1 that waits in our namespace.
pid_one() {
	local p

	for p in $(pgrep -f "^$COMPL_WAITER wait a"); do
		if grep -qs "^NSpid:.*[[:space:]]1$" "/proc/$p/status" &&
			grep -qs "COMPL_NAMESPACE=$COMPL_NAMESPACE" "/proc/$p/environ"; then
			echo "$p"
		fi
	done
}

@test "as PID 1 a terminating signal ends the wait with 128+n" {
	local n

	need_namespaces pid
	tolerate_lost_wakeups
	for n in 15 2 1 10; do
		rm -f pid
		background w "$COMPL_TOOLS/ending" env --default-signal=INT \
			unshare -p -f --mount-proc "$COMPL_WAITER" wait a
		wait_until_waiting a 1
		waiter=$(pid_one)
		kill -$n "$waiter"
		ends 0 w
		[ "$(<w.out)" = "exit $((128 + n))" ]
		expect 0 ls --names
		silent
	done
}
