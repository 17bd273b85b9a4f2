#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# background.bats - run --background returns when NAME is registered and CMD is executed, and goes on

load helper

# start_in_background NAME [OPTION...] -- CMD...: the pid of the run that goes on is in $run.
start_in_background() {
	timeout -s KILL "$LIMIT" "$COMPL" run "$1" -b --print "${@:2}" >pid 2>bg.err 3>&- || return
	run=$(<pid)
	runs+=("$run")
}

teardown() {
	local pid

	for pid in "${runs[@]}"; do
		kill "$pid" 2>/dev/null && wait_until is_gone "$pid"
	done
	finish
}

setup() {
	runs=()
	begin
}

@test "it returns while CMD runs, and prints the pid of the run that goes on" {
	start_in_background a --ready fd:7 -- sh -c 'echo up >&7; exec sleep 1000'
	[ "$(tr '\0' ' ' <"/proc/$run/cmdline")" = "$COMPL run a -b --print --ready fd:7 -- sh -c echo up >&7; exec sleep 1000 " ]
	expect_w 0 wait a --print
	printed up
	look ".completions[0].producers[0].pid == $run"
	kill "$run"
	wait_until is_gone "$run"
	expect 1 test a
	[ ! -s bg.err ]
}

@test "without --print nothing is printed, and the wait in the next line sees no older answer" {
	expect 0 done a --all --status 3
	expect 0 run a -b -- sh -c '"$0" wait go; exit 5' "$COMPL"
	silent
	line_up w a
	expect 0 done go
	ends 5 w
	expect_w 5 wait a # "all"
}

@test "its status is CMD's 126 or 127 if CMD cannot be run, and that is posted" {
	line_up w a
	expect 127 run a -b --print -- ./missing
	one_line "^compl: run: './missing': "
	ends 127 w
	expect 126 run b -b -- /
	expect_w 126 wait b
	# With a descriptor of CMD that may be any number.
	for fd in 3 5 8 9 64 65; do
		expect 127 run "c$fd" -b --ready fd:$fd -- ./missing
		expect_w 127 wait "c$fd"
		start_in_background "d$fd" --ready fd:$fd -- bash -c 'echo "$0" >&$0; exec sleep 1000' $fd
		expect_w 0 wait "d$fd" --print
		printed $fd
	done
}

@test "--single is 124, and bad use 125, before anything goes on" {
	start_in_background a -- sleep 1000
	expect 124 run a -b --single --print -- touch ran
	[ ! -e ran ]
	[ -z "$out" ]
	expect 125 run a --print -- true
	usage_lines '^compl: run: --print belongs to --background'
	expect 125 -n .bad run a -b -- true
}

@test "it has a session of its own, and neither input nor output of the caller" {
	echo input >input
	got=0
	umask 027
	timeout -s KILL "$LIMIT" "$COMPL" run a -b -- sh -c 'cat; echo output; ps -o sid= -p $$ | tr -d " "; umask; pwd
		"$0" wait go' "$COMPL" <input >bg.out 2>bg.err 3>&- 5<input || got=$?
	[ "$got" -eq 0 ]
	wait_until_waiting go 1
	[ ! -s bg.out ]
	mapfile -t lines <bg.err
	[ "${lines[0]}" = output ]
	[ "${lines[2]}" = 0027 ]
	[ "${lines[3]}" = "$PWD" ]
	[ ${#lines[@]} -eq 4 ]
	[ "${lines[1]}" != "$(ps -o sid= -p $$ | tr -d ' ')" ]
	expect 0 done go
	expect_w 0 wait a
}

@test "a command substitution ends at once, also when standard error is closed" {
	run=$(timeout -s KILL "$LIMIT" "$COMPL" run a -b --print -- sleep 1000 2>bg.err 3>&-)
	runs+=("$run")
	run=$(timeout -s KILL "$LIMIT" "$COMPL" run b -b --print -- sleep 1000 2>&- 3>&-)
	runs+=("$run")
	kill -0 "${runs[@]}"
}

@test "what is announced to its process by LISTEN_PID and WATCHDOG_PID is meant for CMD" {
	# shellcheck disable=SC2016
	(LISTEN_PIDFDID=7 exec sh -c 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0" run a -b -- sh -c \
		"echo \$\$ \$LISTEN_PID \$WATCHDOG_PID \$LISTEN_PIDFDID; exec \$0 wait go" "$0"' "$COMPL" 2>said 3>&-)
	wait_until_waiting go 1
	read -r own listen watchdog rest <said
	[ "$own" = "$listen" ]
	[ "$own" = "$watchdog" ]
	[ -z "$rest" ]
	expect 0 done go
	expect_w 0 wait a
}

@test "what was closed at the start is closed for CMD, but standard input, which is /dev/null" {
	# shellcheck disable=SC2016
	(exec "$COMPL" run a -b -- sh -c '[ -e /proc/$$/fd/1 ] || [ -e /proc/$$/fd/2 ] || readlink /proc/$$/fd/0 >said
		exec "$0" wait go' \
		"$COMPL" <&- >&- 2>&- 3>&-)
	wait_until_waiting go 1
	[ "$(<said)" = /dev/null ]
	expect 0 done go
	expect_w 0 wait a
}

# goes_on NAME: its producer lives.
goes_on() {
	local run

	run=$("$COMPL" ls "$1" --json | jq '.completions[0].producers[0].pid')
	runs+=("$run")
	kill -0 "$run"
}

@test "if the pid cannot be printed the status is 125, and the background goes on" {
	got=0
	timeout -s KILL "$LIMIT" "$COMPL" run a -b --print -- sleep 1000 >/dev/full 2>bg.err 3>&- || got=$?
	[ "$got" -eq 125 ]
	[[ $(<bg.err) == *"the command goes on in the background"* ]]
	goes_on a
	# A pipe without a reader.
	got=0
	timeout -s KILL "$LIMIT" sh -c 'until [ -e closed ]; do sleep 0.01; done
		"$0" run b -b --print -- sleep 1000 2>bg.err; echo $? >status' "$COMPL" 3>&- | { exec <&-; : >closed; }
	[ "$(<status)" -eq 125 ]
	[[ $(<bg.err) == *"Broken pipe; the command goes on in the background"* ]]
	goes_on b
}

@test "if it is killed before it has returned, all of it ends" {
	local signal

	for signal in TERM KILL; do
		# The lock is taken, so it does not get so far as to register.
		expect 0 init lock --exist-ok
		background h "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
		wait_until test -s h.out
		background p "$COMPL" run a -b -- touch ran
		wait_until has_child "${pid[p]}"
		run=$(pgrep -P "${pid[p]}")
		shoot $signal p
		outcome p
		wait_until is_gone "$run"
		shoot KILL h
		outcome h
		[ ! -e ran ]
		expect 124 try a
	done
}

has_child() {
	pgrep -P "$1" >/dev/null
}

@test "the signals of the terminal, and the end of its caller, do not reach it" {
	got=0
	timeout -s KILL "$LIMIT" sh -c '"$0" run a -b --print -- sleep 1000 >pid 2>bg.err; kill -INT 0' "$COMPL" 3>&- || got=$?
	run=$(<pid)
	runs+=("$run")
	kill -0 "$run"
	[ "$(ps -o ppid= -p "$run" | tr -d ' ')" != $$ ]
}
