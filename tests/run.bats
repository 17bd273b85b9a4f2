#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# run.bats - compl run: a command as a child, whose end is posted; readiness by a line on a descriptor
#
# Readiness by sd_notify(3) is in notify.bats, deaths are in producers.bats.

load helper

# start LABEL ARGUMENT...: runs `$COMPL run ARGUMENT...` in the background, with the signals that a
# shell ignores for the background at their defaults.
start() {
	local label=$1

	shift
	background "$label" env --default-signal=INT,QUIT "$COMPL" run "$@"
}

# start_hearing LABEL ARGUMENT...: the same, of a CMD that prints its signals; its pid is $cmd.
start_hearing() {
	start "$@" -- "$COMPL_TOOLS/print-signals"
	wait_until grep -q listens "$1.out"
	cmd=$(pgrep -P "${pid[$1]}")
}

# heard LABEL SIGNAL...: CMD has got exactly these signals.
heard() {
	local label=$1

	shift
	[ "$(sed 1d "$label.out" | tr '\n' ' ')" = "$*${1:+ }" ] && return
	echo "$label has heard: $(sed 1d "$label.out" | tr '\n' ' '), not: $*"
	return 1
}

# ---- the end of CMD --------------------------------------------------------------

@test "CMD's exit status is posted, and run ends with it" {
	local status

	for status in 0 1 3 120 125 255; do
		expect "$status" run a -- sh -c "exit $status"
		silent
		left a 1
		expect_w "$status" wait a -t 0
	done
	left a 0
}

@test "the end of CMD releases a waiter" {
	line_up w a
	expect 3 run a -- sh -c 'exit 3'
	ends 3 w
}

@test "a CMD that a signal ends posts 128+n, and run ends by that signal" {
	local n

	ulimit -c unlimited
	for n in 1 2 6 9 11 15 31 34; do
		[ "$(ending env --default-signal=INT "$COMPL" run a -- sh -c "kill -$n \$\$")" = "signal $n" ]
		expect_w $((128 + n)) wait a -t 0
	done
	# The same with a signal that run itself ignores.
	[ "$(ending env --ignore-signal=USR1 "$COMPL" run a -- \
		env --default-signal=USR1 sh -c 'kill -USR1 $$')" = "signal 10" ]
	[ -z "$(compgen -G 'core*')" ] || [ "$(compgen -G 'core*' | wc -l)" -le 2 ]
}

@test "126 and 127 are posted, with a line" {
	echo nothing >file
	expect 126 run a -- ./file
	one_line "^compl: run: './file': Permission denied$"
	expect_w 126 wait a -t 0
	expect 127 run a -- ./nowhere
	one_line "^compl: run: './nowhere': No such file or directory$"
	expect_w 127 wait a -t 0
	PATH=/usr/bin:/bin expect 127 run a -- not-there-on-the-path # we may enter each folder of it
	expect_w 127 wait a -t 0
}

@test "if no further process can be made the status is 126, too" {
	need_others
	expect_from setpriv 126 --reuid 54321 --clear-groups prlimit --nproc=1 "$COMPL" run a -- true
	one_line "^compl: run: 'true': cannot fork: Resource temporarily unavailable$"
	expect_from setpriv 126 --reuid 54321 --clear-groups "$COMPL" wait a -t 0
	expect_from setpriv 0 --reuid 54321 --clear-groups "$COMPL" rm --all
}

@test "without --all a token is posted, and with it all waits are released" {
	expect 0 run a -- true
	left a 1
	expect 0 run b --all -- true
	look '.completions[1].all'
	expect_w 0 wait b -t 0
	expect_w 0 wait b -t 0
}

@test "the value of --value is posted with it" {
	expect 2 run a --value "port=5432" -- sh -c 'exit 2'
	expect_w 2 wait a -t 0 --print
	printed port=5432
}

@test "CMD has the arguments, input, output and directory of run" {
	echo input >in
	"$COMPL" run a -- sh -c 'cat; pwd; echo "$2" >&2' sh '' 'two words' <in >out.txt 2>err.txt
	[ "$(<out.txt)" = "input"$'\n'"$PWD" ]
	[ "$(<err.txt)" = "two words" ]
}

@test "CMD has the signals and the mask of the start" {
	env --ignore-signal=HUP,CHLD,XFSZ,USR1 --block-signal=USR2,WINCH \
		grep -E '^Sig(Ign|Blk)' /proc/self/status >before
	env --ignore-signal=HUP,CHLD,XFSZ,USR1 --block-signal=USR2,WINCH \
		"$COMPL" run a -- grep -E '^Sig(Ign|Blk)' /proc/self/status >after
	diff before after
	left a 1
}

@test "CMD inherits descriptors, and none of run's own" {
	echo inherited >file
	sh -c 'cat <&9; ls /proc/self/fd' 9<file >before
	"$COMPL" run a --ready fd:50 -- sh -c 'cat <&9; ls /proc/self/fd' 9<file >after 2>err
	# But the one that it holds NAME by, which COMPL_HOLD names.
	diff <(sort after) <(sort before - <<<$'50\n8')
	# Where 0, 1 or 2 is closed, it is closed in CMD.
	"$COMPL" run a -- sh -c '(exec 3<&0) 2>/dev/null && echo open || echo closed' <&- >fds
	[ "$(<fds)" = closed ]
}

@test "environment variables that name run name CMD instead" {
	# shellcheck disable=SC2016
	local script='echo $(($WATCHDOG_PID - $$)) $(($LISTEN_PID - $$)) ${LISTEN_PIDFDID-none}'

	# shellcheck disable=SC2016
	expect_from sh 0 -c 'WATCHDOG_PID=$$ LISTEN_PID=$$ LISTEN_PIDFDID=1 exec "$0" run a -- sh -c "$1"' "$COMPL" "$script"
	printed "0 0 none"
	# shellcheck disable=SC2016
	script='echo $WATCHDOG_PID $LISTEN_PID $LISTEN_PIDFDID'
	expect_from env 0 WATCHDOG_PID=1 LISTEN_PID=1 LISTEN_PIDFDID=1 "$COMPL" run a -- sh -c "$script"
	printed "1 1 1"
}

@test "COMPL_PRODUCES tells what CMD produces, the outermost first" {
	# shellcheck disable=SC2016
	expect 0 run a/b:c -- sh -c 'echo "$COMPL_PRODUCES"; "$0" -n "$1" run d -- sh -c "echo \$COMPL_PRODUCES"
		"$0" -n "$1" rm --all' "$COMPL" "$COMPL_NAMESPACE.x"
	printed "$EUID:$COMPL_NAMESPACE/a/b:c" "$EUID:$COMPL_NAMESPACE/a/b:c $EUID:$COMPL_NAMESPACE.x/d"
}

@test "COMPL_PRODUCES names another user, or the machine" {
	need_others
	# shellcheck disable=SC2016
	expect 0 run a -u 54321 -n "$COMPL_NAMESPACE" -- sh -c 'echo "$COMPL_PRODUCES"'
	printed "54321:$COMPL_NAMESPACE/a"
	expect 0 rm --all -u 54321
	# shellcheck disable=SC2016
	expect 0 run a --system -n "$COMPL_NAMESPACE" -- sh -c 'echo "$COMPL_PRODUCES"'
	printed "system:$COMPL_NAMESPACE/a"
	expect 0 rm --all --system -n "$COMPL_NAMESPACE"
}

@test "a script runs itself again under run" {
	cat >script <<-'EOF'
		#!/bin/sh
		[ "${COMPL_PRODUCES-}" ] || exec "$COMPL" run built -- "$0" "$@"
		echo "builds $*"
		exit 4
	EOF
	chmod +x script
	COMPL=$COMPL expect_from ./script 4 this that
	printed "builds this that"
	expect_w 4 wait built -t 0
}

@test "bad use is refused, and nothing is run or created" {
	local words

	while read -r words; do
		# shellcheck disable=SC2086
		expect 125 run $words
		usage_lines '^compl: run: ' || { echo "$words"; return 1; }
	done <<-'EOF'
		a --ready fd:0 -- touch run
		a --ready fd:1 -- touch run
		a --ready fd:2 -- touch run
		a --ready fd: -- touch run
		a --ready fd:3x -- touch run
		a --ready fd:-3 -- touch run
		a --ready fd:+3 -- touch run
		a --ready fd:99999999999999999999 -- touch run
		a --ready FD:3 -- touch run
		a --ready notified -- touch run
		a --ready= -- touch run
		a --ready
		a b -- touch run
		a
		a --
		-- touch run
		-a -- touch run
		a --count 2 -- touch run
	EOF
	expect 125 run a --ready notfy -- touch run
	[[ $err == *"'notfy' is not exit, notify, probe:COMMAND, or fd:N"*"Did you mean 'notify'?"* ]]
	expect 125 run a touch run
	usage_lines 'needs a command after --'
	[ ! -e run ] && [ ! -e "$segment" ]
}

@test "if the name was removed meanwhile run says so, posts nothing, and ends as CMD ended" {
	# shellcheck disable=SC2016
	expect 3 run a -- sh -c '"$0" rm a; exit 3' "$COMPL"
	one_line "^compl: run: a: removed meanwhile; nothing is posted \(namespace $COMPL_NAMESPACE of uid $EUID\)$"
	# shellcheck disable=SC2016
	expect 0 run a -- sh -c '"$0" rm a; "$0" done a' "$COMPL"
	one_line '^compl: run: a: removed meanwhile'
	left a 1
	# shellcheck disable=SC2016
	expect 3 run a -- sh -c '"$0" rm --all; exit 3' "$COMPL"
	one_line '^compl: run: a: the namespace was removed meanwhile; nothing is posted'
	[ ! -e "$segment" ]
	# shellcheck disable=SC2016
	expect 3 run a --ready fd:7 -- sh -c '"$0" rm --all; echo >&7; exit 3' "$COMPL"
	one_line '^compl: run: a: the namespace was removed meanwhile; nothing is posted'
}

# ---- --ready fd:N -----------------------------------------------------------------

@test "a line on the descriptor posts all with its text, while CMD goes on" {
	start r a --ready fd:3 --keep -- sh -c 'echo "port=5432 ä" >&3; exec "$0" wait go' "$COMPL"
	expect_w 0 wait a --print
	printed "port=5432 ä"
	expect_w 0 wait a -t 0
	expect 0 done go --status 5
	ends 5 r
	look '.completions[0] | .all and .status == 0 and .value == "port=5432 ä"'
}

@test "the text of the line is the value, and if it is empty that of --value is" {
	expect 0 run a --ready fd:3 --keep -- sh -c 'echo >&3'
	expect_w 0 wait a --print
	printed ""
	expect 0 run b --ready fd:3 --keep --value given -- sh -c 'echo >&3'
	expect_w 0 wait b --print
	printed given
	expect 0 run c --ready fd:3 --keep --value given -- sh -c 'echo line >&3'
	expect_w 0 wait c --print
	printed line
}

@test "only the first line counts, however it arrives" {
	expect 0 run a --ready fd:3 --keep -- sh -c 'printf "one\ntwo\n" >&3; echo three >&3'
	expect_w 0 wait a --print
	printed one
	start r b --ready fd:3 --keep -- sh -c 'printf on >&3; "$0" wait go; printf "e\nt" >&3; "$0" wait go; echo >&3' "$COMPL"
	wait_until_waiting go 1
	expect 1 test b
	expect 0 done go
	expect_w 0 wait b --print
	printed one
	expect 0 done go
	ends 0 r
}

@test "a line that cannot be a value counts without its text, and run says so" {
	expect 0 run a --ready fd:3 --keep -- sh -c 'printf "%0255d\n" 7 >&3'
	silent
	expect_w 0 wait a --print
	printed "$(printf %0255d 7)"
	expect 0 run b --ready fd:3 --keep -- sh -c 'printf "%0256d\n" 7 >&3'
	one_line '^compl: run: --ready: CMD is ready, but its line is not a value'
	expect_w 0 wait b --print
	silent
	expect 0 run c --ready fd:3 --keep -- sh -c 'printf "%0100000d\n" 7 >&3'
	expect_w 0 wait c --print
	silent
	expect 0 run d --ready fd:3 --keep -- sh -c 'printf "\377\n" >&3'
	one_line '^compl: run: --ready: CMD is ready, but its line is not a value'
	expect_w 0 wait d --print
	silent
	expect 0 run e --ready fd:3 --keep -- sh -c 'printf "x\000y\n" >&3'
	one_line '^compl: run: --ready: CMD is ready, but its line is not a value'
	expect_w 0 wait e --print
	silent
}

@test "a CMD that ends before it is ready posts its status, or 121 if that is 0" {
	line_up w a
	expect 6 run a --ready fd:3 -- sh -c 'exit 6'
	silent
	ends 6 w
	expect_w 6 wait a -t 0
	line_up w b
	expect 0 run b --ready fd:3 -- sh -c 'printf "no newline" >&3'
	one_line "^compl: run: b: ended before it was ready \(namespace $COMPL_NAMESPACE of uid $EUID\)$"
	ends 121 w
	expect_w 121 wait b -t 0
	expect 0 run c --ready fd:3 -q -- true
	silent
	[ "$(ending "$COMPL" run d --ready fd:3 -- sh -c 'kill -KILL $$')" = "signal 9" ]
	expect_w 137 wait d -t 0
}

@test "a descriptor that is closed early, or held open late, holds up nothing" {
	start r a --ready fd:3 -- sh -c 'exec 3>&-; exec "$0" wait go --status 0' "$COMPL"
	outcome r # bad use of wait: 125, before it was ready
	[ "$got" -eq 125 ]
	expect_w 125 wait a -t 0
	start r b --ready fd:3 -- sh -c 'exec 3>&-; exec "$0" wait go' "$COMPL"
	wait_until_waiting go 1
	wait_until sleeps_in "${pid[r]}" poll
	expect 0 done go
	ends 0 r
	expect_w 121 wait b -t 0
	expect 0 run c --ready fd:3 --keep -- sh -c 'sleep 1000 >sleep.out 2>&1 & echo $! >pid; echo late >&3'
	pid[stray]=$(<pid)
	expect_w 0 wait c --print -t 0
	printed late
}

@test "a descriptor that CMD closes without a line is told at once, and the waiters stay" {
	closes_early "$COMPL"
}

@test "without /proc it is told, too, and the end of CMD is not taken for it" {
	need_namespaces mount
	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer reads its options in /proc"
	closes_early unshare -m sh -c 'mount -t tmpfs none /proc && exec "$0" "$@"' "$COMPL"
}

# closes_early COMMAND...: the command is compl.
closes_early() {
	line_up w a
	background r "$@" run a --ready fd:3 --keep -- sh -c 'printf half >&3; exec 3>&-; "$0" wait go; exit 6' "$COMPL"
	wait_until test -s r.err
	waiters a 1
	expect 0 done go
	ends 6 r w
	[ "$(<r.err)" = "compl: run: --ready: CMD has closed descriptor 3 without a line, so it cannot say any more that it\
 is ready; its waiters wait for its end" ]
	expect_from "$1" 0 "${@:2}" run b --ready fd:3 -- true
	one_line "^compl: run: b: ended before it was ready"
	expect_from "$1" 0 "${@:2}" run b --ready fd:3 --keep -- sh -c 'echo >&3; exec 3>&-; exec sleep 0.2'
	silent
}

sleeps_in() {
	process_has "$1" wchan "*$2*"
}

@test "any descriptor from 3 on may be used, unless CMD has to inherit it or it cannot exist" {
	local n

	for n in 3 4 5 6 7 8 20 255; do
		# dash knows one digit.
		# shellcheck disable=SC2016
		expect_from bash 0 -c 'exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&-
			exec "$0" run a --ready "fd:$1" --keep -- bash -c "echo \$0 >&\$0" "$1"' "$COMPL" $n
		expect_w 0 wait a -t 0 --print
		printed $n
		expect 0 rm a
	done
	# shellcheck disable=SC2016
	expect_from bash 125 -c 'exec 8</dev/null; exec "$0" run a --ready fd:8 -- true' "$COMPL"
	usage_lines '^compl: run: --ready: descriptor 8 is open already'
	# shellcheck disable=SC2016
	expect_from bash 125 -c 'ulimit -n 64; exec "$0" run a --ready fd:64 -- true' "$COMPL"
	usage_lines '^compl: run: --ready: descriptor 64 is beyond the limit'
	# shellcheck disable=SC2016
	expect_from bash 125 -c 'ulimit -n 4; exec "$0" run a --ready fd:3 -- true' "$COMPL"
	one_line '^compl: run: --ready: cannot make a pipe for CMD: '
	expect 0 ls --names
	silent
}

# ---- signals ------------------------------------------------------------------------

@test "signals are passed on, once each, and do nothing to run" {
	local n all=

	start_hearing r a
	for n in 15 2 1 3 10 12; do
		shoot $n r
		wait_until grep -qx $n r.out
		all+="$n "
	done
	# shellcheck disable=SC2086
	heard r $all
	shoot CONT r
	wait_until grep -qx 18 r.out
	shoot TSTP r
	wait_until grep -qx 20 r.out
	kill -ALRM "$cmd"
	ends 0 r
	left a 1
}

@test "every signal is passed on, but CHLD, KILL, STOP and those of C libraries" {
	local n others=(1 2 3 4 5 6 7 8 10 11 12 13 15 16 {23..31} {35..64})

	start_hearing r a
	for n in 18 20 21 22; do # a stop takes back a SIGCONT that is pending, and the other way round
		shoot $n r
		wait_until grep -qx $n r.out
	done
	for n in "${others[@]}"; do
		shoot "$n" r
	done
	wait_until has_lines $((1 + 4 + ${#others[@]}))
	[ "$(sed 1d r.out | sort -n)" = "$(printf '%s\n' 18 20 21 22 "${others[@]}" | sort -n)" ]
	shoot CHLD r
	shoot ALRM r # at which this CMD ends
	ends 0 r
	has_lines $((1 + 4 + ${#others[@]}))
}

has_lines() {
	[ "$(wc -l <r.out)" -ge "$1" ]
}

@test "a real-time signal is passed on each time, and a signal that has a value with it" {
	start_hearing r a
	stop r # so that they are all pending at once
	for n in 1 2 -3; do
		env kill -40 -q $n "${pid[r]}"
	done
	shoot 40 r r
	env kill -USR1 -q 7 "${pid[r]}"
	shoot CONT r
	wait_until has_lines 8
	grep -qx 10=7 r.out
	[ "$(grep 40 r.out | tr '\n' ' ')" = "40=1 40=2 40=-3 40 40 " ]
	kill -ALRM "$cmd"
	ends 0 r
}

@test "signals that the kernel sends run for its own lines are not passed on" {
	# shellcheck disable=SC2016
	local script='printf "%0300d\n" 1 >&3; exec "$0"'

	# A line on a pipe without a reader: SIGPIPE
	background r "$COMPL_TOOLS/with-stderr" broken pipe "$COMPL" run a --ready fd:3 -- \
		sh -c "$script" "$COMPL_TOOLS/print-signals"
	ends_hearing
	# A line beyond a limit: SIGXFSZ
	background r "$COMPL_TOOLS/ending" sh -c 'ulimit -S -f 0; exec "$0" run a --ready fd:3 -- sh -c "$1" "$2" 2>err.limited' \
		"$COMPL" "ulimit -S -f unlimited; $script" "$COMPL_TOOLS/print-signals"
	ends_hearing
	[ ! -s err.limited ]
}

# r has written a line.  It passes on 13 and 25 that somebody sends, and nothing else.
ends_hearing() {
	expect_w 0 wait a
	run=$(pgrep -P "${pid[r]}")
	wait_until grep -q listens r.out
	wait_until sleeps_in "$run" poll
	kill -USR2 "$run"
	wait_until grep -qx 12 r.out
	kill -XFSZ "$run"
	kill -PIPE "$run"
	wait_until grep -qx 25 r.out
	wait_until grep -qx 13 r.out
	has_lines 4
	[ "$(grep -c '^[0-9]' r.out)" -eq 3 ]
	kill -ALRM "$run"
	ends 0 r
}

@test "signals that were ignored at the start are not passed on" {
	background r env --ignore-signal=HUP,INT,QUIT,WINCH,XFSZ,RTMIN+6 "$COMPL" run a -- "$COMPL_TOOLS/print-signals"
	wait_until grep -q listens r.out
	for n in HUP INT WINCH XFSZ RTMIN+6 TERM; do
		shoot $n r
	done
	wait_until grep -qx 15 r.out
	heard r 15
	kill -ALRM "$(pgrep -P "${pid[r]}")"
	ends 0 r
}

@test "signals that CMD sends to its group, or to run, do not come back to it" {
	background r setsid "$COMPL" run a -- "$COMPL_TOOLS/print-signals" 10
	wait_until grep -q listens r.out
	# They are passed on in the order of their numbers: so 10 was passed on before.
	shoot USR2 r
	wait_until grep -qx 12 r.out
	heard r 10 12
	kill -ALRM "$(pgrep -P "${pid[r]}")"
	ends 0 r
}

@test "if a signal that was passed on kills CMD, run ends by that signal" {
	rm -f r.pid
	background r "$COMPL_TOOLS/ending" -p r.pid env --default-signal=INT "$COMPL" run a -- sleep 1000
	wait_until test -s r.pid
	wait_until pgrep -P "$(<r.pid)"
	kill -INT "$(<r.pid)"
	ends 0 r
	[ "$(<r.out)" = "signal 2" ]
	expect_w 130 wait a -t 0
}

@test "run stops with CMD, and CMD goes on with run" {
	set -m # a process group of its own, or the stop would be ignored
	start r a -- sleep 1000
	set +m
	wait_until pgrep -P "${pid[r]}"
	cmd=$(pgrep -P "${pid[r]}")
	local i
	for i in 1 2 3; do
		shoot TSTP r
		wait_until is_stopped "$cmd"
		wait_until is_stopped "${pid[r]}"
		shoot CONT r
		wait_until goes_on "$cmd"
		wait_until goes_on "${pid[r]}"
	done
	shoot TERM r
	ends 143 r
	expect_w 143 wait a -t 0
}

goes_on() {
	! is_stopped "$1" && ! is_gone "$1"
}

@test "a CMD that another process stops does not stop run, which notices its end" {
	start r a -- sleep 1000
	wait_until pgrep -P "${pid[r]}"
	cmd=$(pgrep -P "${pid[r]}")
	kill -STOP "$cmd"
	wait_until is_stopped "$cmd"
	wait_until sleeps_in "${pid[r]}" poll
	kill -CONT "$cmd"
	wait_until goes_on "$cmd"
	kill -STOP "$cmd"
	wait_until is_stopped "$cmd"
	line_up w a
	kill -KILL "$cmd"
	ends 137 r w
}

# terminal COMMAND: runs it at a terminal, whose keys are written to descriptor $keys.
terminal() {
	mkfifo keys
	exec {keys}<>keys
	export COMPL COMPL_TOOLS
	script -q -f -c "$1" screen <keys >script.out 2>&1 3>&- 4>&- &
	pid[terminal]=$!
}

@test "a signal of the terminal reaches CMD once, whether the group gets it or run alone" {
	# shellcheck disable=SC2016
	terminal 'echo $$ >run.pid; exec env --default-signal=INT,QUIT "$COMPL" run a -- "$COMPL_TOOLS/print-signals" >r.out 2>&1'
	wait_until grep -qs listens r.out
	printf '\003' >&"$keys" # Control-C
	wait_until grep -qx 2 r.out
	printf '\034' >&"$keys" # Control-\
	wait_until grep -qx 3 r.out
	kill -USR1 "$(<run.pid)"
	wait_until grep -qx 10 r.out
	heard r 2 3 10
	# Only the session's leader is told that the terminal is gone.
	kill -KILL "${pid[terminal]}"
	wait_until grep -qx 1 r.out
	kill -ALRM "$(pgrep -P "$(<run.pid)")"
	wait_until is_gone "$(<run.pid)"
	expect_w 0 wait a -t 5s
}

@test "what the terminal has sent to the whole group is not sent again" {
	local run
	# shellcheck disable=SC2016
	terminal 'trap : INT QUIT; sh -c '\''echo $$ >run.pid; exec env --default-signal=INT,QUIT "$COMPL" run a -- "$COMPL_TOOLS/print-signals" >r.out 2>&1'\''; echo $? >status'
	wait_until grep -qs listens r.out
	run=$(<run.pid)
	kill -STOP "$run" # so that CMD has heard them before run looks
	wait_until is_stopped "$run"
	printf '\003' >&"$keys"
	wait_until grep -qx 2 r.out
	printf '\034' >&"$keys"
	wait_until grep -qx 3 r.out
	stty -F "$(readlink "/proc/$run/fd/0")" cols 77
	wait_until grep -qx 28 r.out
	kill -40 "$run" # is read last
	kill -CONT "$run"
	wait_until grep -qx 40 r.out
	heard r 2 3 28 18 40
	kill -ALRM "$(pgrep -P "$run")"
	wait_until grep -qsx 0 status
	wait_until is_gone "${pid[terminal]}"
}

@test "the job control of a shell sees run stop with CMD, and continues both" {
	terminal 'exec bash --norc -i'
	# shellcheck disable=SC2016
	printf '"$COMPL" run a -- sh -c '\''echo $PPID $$ >pids; exec sleep 1000'\''\r' >&"$keys"
	wait_until test -s pids
	read -r run cmd <pids
	wait_until sleeps_in "$run" poll
	printf '\032' >&"$keys" # Control-Z
	wait_until is_stopped "$cmd"
	wait_until is_stopped "$run"
	printf 'jobs >jobs\r' >&"$keys"
	wait_until grep -qs Stopped jobs
	printf 'fg\r' >&"$keys"
	wait_until goes_on "$run"
	wait_until goes_on "$cmd"
	printf '\032' >&"$keys"
	wait_until is_stopped "$run"
	printf 'bg; echo $? >bg\r' >&"$keys"
	wait_until goes_on "$cmd"
	printf 'kill %%%%; wait; echo over >over\r' >&"$keys"
	wait_until test -s over
	expect_w 143 wait a -t 0
	printf 'exit\r' >&"$keys"
	wait_until is_gone "${pid[terminal]}"
}

@test "the job control of a shell sees run stop when CMD reads from the terminal in the background" {
	terminal 'exec bash --norc -i'
	# shellcheck disable=SC2016
	printf '"$COMPL" run a -- sh -c '\''echo $PPID $$ >pids; read line; echo $line >line'\'' &\r' >&"$keys"
	wait_until test -s pids
	read -r run cmd <pids
	wait_until is_stopped "$cmd"
	wait_until is_stopped "$run"
	printf 'jobs -l >jobs\r' >&"$keys"
	wait_until grep -qs 'Stopped.*tty input' jobs
	printf 'fg\r' >&"$keys"
	wait_until goes_on "$run"
	wait_until goes_on "$cmd"
	printf 'text\r' >&"$keys"
	wait_until grep -qs text line
	expect_w 0 wait a -t 5s
	printf 'exit\r' >&"$keys"
	wait_until is_gone "${pid[terminal]}"
}

@test "a terminal that stops writers in the background stops no compl that writes a line there" {
	terminal 'exec bash --norc -i'
	# shellcheck disable=SC2016
	printf 'stty tostop; "$COMPL" wait none -t 10ms & wait $!; echo $? >status\r' >&"$keys"
	wait_until test -s status
	[ "$(<status)" -eq 124 ]
	wait_until grep -q 'none: timed out' screen
	printf 'exit\r' >&"$keys"
	wait_until is_gone "${pid[terminal]}"
}

@test "if run is killed, CMD gets SIGTERM" {
	start_hearing r a
	shoot KILL r
	wait_until grep -qx 15 r.out
	heard r 15
	kill -ALRM "$cmd"
	outcome r
	expect 0 rm a -f
}

@test "a signal that is not passed on ends run, and CMD with it" {
	start r a -- sleep 1000
	wait_until pgrep -P "${pid[r]}"
	cmd=$(pgrep -P "${pid[r]}")
	wait_until grep -q sleep "/proc/$cmd/comm"
	shoot 34 r
	ends 162 r
	wait_until is_gone "$cmd"
	expect 0 rm a -f
}

# ends_while_locked SIGNAL STATUS: r runs a CMD that is killed while another process has the lock, and then gets
# SIGNAL.
ends_while_locked() {
	wait_until pgrep -P "${pid[r]}"
	cmd=$(pgrep -P "${pid[r]}")
	background holder "$COMPL_TOOLS/hold-lock" "$COMPL_NAMESPACE"
	wait_until grep -q held holder.out
	kill -KILL "$cmd"
	wait_until is_asleep "${pid[r]}"
	shoot "$1" r
	ends "$2" r
	shoot KILL holder
	outcome holder
}

@test "while a stopped process holds the lock, signals end run all the same" {
	tolerate_lost_wakeups
	expect 0 init keep
	while read -r signal status; do
		start r a -- sh -c 'exec sleep 1000'
		ends_while_locked "$signal" "$status"
		expect_w 121 wait a -t 5s
	done <<-'EOF'
		TERM 143
		ALRM 142
		64 192
	EOF
	start r b -- true
	ends 0 r
}

@test "signals end run with SIGALRM blocked at the start, and it is still blocked for CMD" {
	tolerate_lost_wakeups
	expect 0 init keep
	background r env --block-signal=ALRM "$COMPL" run a -- grep SigBlk /proc/self/status
	ends 0 r
	[[ $(<r.out) == *2000 ]]
	background r env --block-signal=ALRM "$COMPL" run a -- sh -c 'exec sleep 1000'
	ends_while_locked TERM 143
	expect 0 rm a -f
}

@test "an alarm that was set before the start comes" {
	# shellcheck disable=SC2016 # for the inner shell
	background r perl -e 'alarm 4; exec @ARGV' "$COMPL" run a --ready fd:3 -- sh -c 'echo >&3; exec sleep 1000'
	expect_w 0 wait a -t 15s
	cmd=$(pgrep -P "${pid[r]}")
	ends 142 r
	wait_until is_gone "$cmd"
}

# ---- PID 1 --------------------------------------------------------------------------

@test "as PID 1 it reaps orphans, passes signals on, and ends with 128+n" {
	need_namespaces pid
	# shellcheck disable=SC2016
	background r unshare -p -f --mount-proc "$COMPL" run a -- sh -c '
		(sleep 0.01 & echo $! >orphan) # its parent is gone at once
		until ! [ -e "/proc/$(cat orphan)" ]; do sleep 0.01; done
		trap "echo term; kill -KILL \$\$" TERM
		echo reaped
		while :; do sleep 0.01; done'
	wait_until grep -q reaped r.out
	kill -TERM "$(pgrep -P "${pid[r]}")"
	ends 137 r
	grep -q term r.out
	expect_w 137 wait a -t 0
}

@test "as PID 1 it passes on what images and managers stop services with" {
	local n

	need_namespaces pid
	background r unshare -p -f --mount-proc "$COMPL" run a -- "$COMPL_TOOLS/print-signals"
	wait_until grep -q listens r.out
	run=$(pgrep -P "${pid[r]}")
	for n in 28 37 21 22 30 1; do
		kill -$n "$run"
		wait_until grep -qx $n r.out
	done
	heard r 28 37 21 22 30 1
	kill -ALRM "$run"
	ends 0 r
	expect_w 0 wait a -t 0
}

@test "a subreaper that becomes run reaps orphans" {
	# shellcheck disable=SC2016
	expect_from "$COMPL_TOOLS/subreaper" 3 "$COMPL" run a -- sh -c '
		(sleep 0.01 & echo $! >orphan)
		until ! [ -e "/proc/$(cat orphan)" ]; do sleep 0.01; done
		exit 3'
	expect_w 3 wait a -t 0
}
