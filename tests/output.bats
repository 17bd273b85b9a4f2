#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# output.bats - standard output and standard error that cannot be written, and closed descriptors

load helper

# to REDIRECTION STATUS ARGUMENT...: runs $COMPL_WAITER with it; standard error is
# then in $err (unless redirected).
to() {
	local redirection=$1 want=$2 got=0

	shift 2
	eval "timeout -s KILL $LIMIT \"\$COMPL_WAITER\" \"\$@\" 2>err 3>&- $redirection" || got=$?
	err=$(<err)
	out=
	: >out
	[ "$got" -eq "$want" ] && return
	echo "$* $redirection: status $got, expected $want: $err"
	return 1
}

@test "a full standard output is 125, and the token stays taken" {
	expect 0 done a --value x
	to '>/dev/full' 125 wait a --print
	one_line '^compl: wait: '
	left a 0
	expect 0 done a
	to '>/dev/full' 125 wait a b --any
	one_line '^compl: wait: '
	left a 0
}

@test "a full standard output is 125 for every command that prints" {
	expect 0 done a
	to '>/dev/full' 125 ls --json
	one_line '^compl: ls: '
	to '>/dev/full' 125 ls --names
	to '>/dev/full' 125 help
	to '>/dev/full' 125 help wait
	to '>/dev/full' 125 --version
	to '>/dev/full' 0 done a
	to '>/dev/full' 0 wait a
	left a 1
}

@test "a closed standard output is 125 for every command that prints" {
	expect 0 done a --value x
	to '>&-' 125 wait a --print
	one_line '^compl: wait: '
	left a 0
	expect 0 done a
	to '>&-' 125 ls --json
	to '>&-' 125 --version
}

@test "with closed descriptors nothing is written into the segment" {
	expect 0 done a b c d e f --value x
	for closed in '<&-' '>&-' '2>&-' '<&- >&-' '>&- 2>&-' '<&- >&- 2>&-'; do
		to "$closed" 0 done a
		to "$closed" 0 wait a
		to "$closed" 0 try a
		to "$closed" 0 done a
		to "$closed" 124 wait none --timeout 10ms
		to "$closed" 125 rm none
		to "$closed" 125 wait a --tiemout
		to "$closed" 1 test none
		expect 0 check
		left a 1
	done
	to '<&- >&-' 125 ls --json
	to '<&- >&- 2>&-' 125 ls --json
	to '<&- >&- 2>&-' 125 wait b --print
	expect 0 check
	names a c d e f
}

@test "a full or closed standard error changes no status" {
	to '2>/dev/full' 124 wait a --timeout 10ms
	to '2>/dev/full' 125 rm a
	to '2>/dev/full' 125 nonsense
	to '2>&-' 124 wait a --timeout 10ms
	to '2>&-' 125 nonsense
}

@test "every line ends with a newline" {
	expect 0 done a --value x
	expect 0 ls --names
	[ "$(tail -c 1 out | od -An -c | tr -d ' ')" = '\n' ]
	expect 0 ls --json
	[ "$(tail -c 1 out | od -An -c | tr -d ' ')" = '\n' ]
	expect 0 wait a --print
	[ "$(tail -c 1 out | od -An -c | tr -d ' ')" = '\n' ]
	expect 125 rm a
	[ "$(tail -c 1 err | od -An -c | tr -d ' ')" = '\n' ]
}

# ---- a reader that does not read ----------------------------------------------------

kinds=(pipe fifo stream datagram terminal)

# with_stderr STATE KIND COMMAND...: runs it with such a standard error (see tests/tools/with-stderr.c).  Its
# flags must not change.  $ended says how the command ended, $said is what it wrote.
with_stderr() {
	local got=0 line

	timeout -s KILL "$LIMIT" "$COMPL_TOOLS/with-stderr" "$@" >with.out 3>&- || got=$?
	ended='' said=''
	while read -r line; do
		if [[ $line =~ ^(exit|signal)\ [0-9]+$ ]]; then ended=$line; else said+=$line; fi
	done <with.out
	[ "$got" -eq 0 ] && return
	echo "$*: status $got: $(<with.out)"
	return 1
}

# check_stderr STATES WAY...: a line is printed where there is a reader, and the status is the same where there is
# none.  WAY runs the command.
check_stderr() {
	local kind state

	for kind in "${kinds[@]}"; do
		for state in $1; do
			[ "$state" != stopped ] || [ "$kind" = terminal ] || continue
			with_stderr $flag "$state" "$kind" "${@:2}" "$COMPL" rm none
			[ "$ended" = "exit 125" ] && is_right "$state" "$kind" && continue
			echo "$flag $state $kind: $ended, $said"
			return 1
		done
	done
}

# A full terminal may get some room at any time, when the kernel moves on what it has taken.
is_right() { # STATE KIND
	[[ "$1 $2" == "full terminal" ]] && return
	if [ "$1" = open ]; then
		[[ $said == "compl: rm: none: "* ]]
	else
		[ -z "$said" ]
	fi
}

@test "standard error may be of any kind, full, stopped or broken: the status is the same" {
	local flag

	for flag in '' nonblocking; do
		check_stderr "open full stopped broken"
	done
}

@test "without pwritev2(2) standard error is opened again, and nothing else changes" {
	local flag=

	check_stderr "open full" "$COMPL_TOOLS/deny" pwritev2=ENOSYS
}

@test "where another user may not open it again, standard error is asked first" {
	local flag=

	need_others
	lend "$COMPL_TOOLS/deny"
	check_stderr "open full" "${as_nobody[@]}" "$lent" pwritev2=EPERM
}

@test "a line waits a moment for room on standard error" {
	local kind tries

	for kind in "${kinds[@]}"; do
		for tries in {1..20}; do # a moment may be too short for a busy machine
			with_stderr slow $kind "$COMPL" rm none
			[ "$ended" = "exit 125" ]
			[ -z "$said" ] || break
		done
		[[ $said == "compl: rm: none: "* ]]
	done
}

@test "run posts before it writes a line" {
	local kind

	need_trace
	line_up w a
	with_stderr full pipe strace -o calls "$COMPL" run a -- ./missing
	[ "$ended" = "exit 127" ]
	ends 127 w
	posts_first
	line_up w b
	mkfifo go
	with_stderr full pipe strace -o calls "$COMPL" run b --ready fd:3 -- sh -c 'printf "%0300d\n" 1 >&3; read -r _ <go' &
	ends 0 w
	echo >go
	wait $!
	posts_first
}

# In `calls`, which are those of run alone, a line is written, and no process is woken after the first attempt.
posts_first() {
	awk '/pwritev2\(2,/ { written = 1 } /FUTEX_WAKE.* = [1-9]/ { woken = 1; if (written) late = $0 }
		END { print late; exit !(woken && written && late == "") }' calls
}

@test "a run with such a standard error goes on: it posts, and passes signals on" {
	local state kind

	for kind in pipe stream terminal; do
		for state in full broken; do
			# shellcheck disable=SC2016
			background r "$COMPL_TOOLS/with-stderr" $state $kind "$COMPL" run a --ready fd:3 -- \
				sh -c 'trap "exit 7" TERM; printf "%0300d\n" 1 >&3; while :; do sleep 0.01; done'
			expect_w 0 wait a
			wait_until pgrep -P "${pid[r]}"
			kill -TERM "$(pgrep -P "${pid[r]}")"
			ends 0 r
			# The kernel may have made room in a terminal since, and then its line follows.
			[ "$(head -n 1 r.out)" = "exit 7" ]
			expect 0 rm a
		done
	done
}

@test "a full standard output that is non-blocking is waited for" {
	local kind

	for kind in "${kinds[@]}"; do
		expect 0 done a --value x
		# shellcheck disable=SC2016
		with_stderr nonblocking slow $kind sh -c 'exec "$0" wait a --print >&2' "$COMPL_WAITER"
		[ "$ended" = "exit 0" ]
		[ "$said" = x ]
		# shellcheck disable=SC2016
		with_stderr nonblocking slow $kind sh -c 'exec "$0" help >&2 2>&-' "$COMPL"
		[ "$ended" = "exit 0" ]
	done
}
