#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# ls-long.bats - ls -l, and ls on a terminal: columns, colour, and bytes that others chose

load helper

# Lets the process that reads from the pipe go on.
let_go() {
	timeout -s KILL "$LIMIT" sh -c 'echo >pipe' 3>&-
}

# on_terminal [NAME=VALUE…] ARGUMENT…: runs $COMPL with its standard output on a terminal; the output
# is in $out, without the carriage returns.
on_terminal() {
	local got=0

	timeout -s KILL "$LIMIT" env SHELL="$BASH" script -qec "env $(printf '%q ' "${@:1:$#-1}") $(printf '%q' "$COMPL") ${!#}" \
		/dev/null </dev/null >"$tmp/tty" 3>&- || got=$?
	out=$(tr -d '\r' <"$tmp/tty")
	[ "$got" -eq 0 ] && return
	echo "on a terminal: status $got: $out"
	return 1
}

# line PATTERN…: one line of $out matches this regular expression, whole.
line() {
	local found

	found=$(grep -Exc -e "$1" <<<"$out") && [ "$found" -eq 1 ] && return
	printf 'not one line like %s in:\n%s\n' "$1" "$out"
	return 1
}

no_line() {
	! grep -Eq -e "$1" <<<"$out" && return
	printf 'a line like %s in:\n%s\n' "$1" "$out"
	return 1
}

# The same without our colours.
discolour() {
	out=$(tr -d '\r' <"$tmp/tty" | sed 's/\x1b\[[0-9;]*m//g')
}

has_escapes() {
	[[ $out == *$'\e'* ]]
}

@test "ls -l has a line for each waiter below its name, in the order of the line" {
	line_up w1 a
	line_up w2 a b --count 3 --io
	line_up w3 a -- ./app
	expect 0 ls -l
	line 'a pending 3 0 0 [0-9]+s -'
	line "  waiter ${pid[w1]} [a-z-]+ needs 1 for [0-9]+s( unit [^ ]+)?"
	[ "$(grep -Exc "  waiter ${pid[w2]} [a-z-]+ needs 3 for [0-9]+s I/O(, unit [^ ]+)?, also for [ab]" <<<"$out")" -eq 2 ]
	line "  waiter ${pid[w3]} \./app needs 1 for [0-9]+s( unit [^ ]+)?"
	[ "$(awk '{ print $1 == "waiter" ? $2 : $1 }' out | tr '\n' ' ')" = \
		"NAME a ${pid[w1]} ${pid[w2]} ${pid[w3]} b ${pid[w2]} " ]
	expect 0 ls --long b
	[ "$(wc -l <out)" -eq 3 ]
	expect 0 ls
	no_line waiter
	expect 0 rm a
	ends 120 w1 w2 w3
}

# What "run --single" is refused for, and only that.
@test "ls -l and ls --json show the stray that holds a name, and none while a producer lives" {
	local stray

	expect 0 run a -- sh -c 'sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >stray; exec true'
	stray=$(<stray)
	wait_until process_has "$stray" comm sleep
	expect 124 run a --single -- true
	one_line "process $stray "
	expect 0 ls -l
	line "  stray $stray sleep of an earlier run(, unit [^ ]+)?"
	look ".completions[0].stray | keys == [\"command\",\"host\",\"pid\",\"pid_namespace\",\"unit\"] and .pid == $stray and .command == \"sleep\""
	# shellcheck disable=SC2016 # it is CMD
	background p "$COMPL" run a -- sh -c 'echo $$ >cmd; exec sleep 1000'
	wait_until look '.completions[0].producers | length == 1'
	look '.completions[0].stray == null'
	wait_until test -s cmd
	shoot KILL p
	ends 137 p
	wait_until is_gone "$(<cmd)" # or it would be a second stray
	wait_until look ".completions[0].stray.pid == $stray"
	kill "$stray"
	wait_until is_gone "$stray"
	look '.completions[0].stray == null'
	expect 0 ls -l
	no_line stray
}

@test "ls -l marks stopped waiters" {
	line_up w1 a
	line_up w2 a
	shoot STOP w1
	wait_until is_stopped "${pid[w1]}"
	expect 0 ls -l
	line "  waiter ${pid[w1]} .* stopped(, unit [^ ]+)?"
	line "  waiter ${pid[w2]} .*s( unit [^ ]+)?"
	shoot CONT w1
	await_sleep w1
	expect 0 ls -l
	no_line stopped
	expect 0 done a --all
	ends 0 w1 w2
}

# Orphans whose new parent is PID 1, and orphans whose new parent is a subreaper.
@test "ls -l marks orphans, whatever their new parent is" {
	local reaper

	mkfifo pipe
	for reaper in env "$COMPL_TOOLS/subreaper"; do
		rm -f waiter parent
		background reaper "$reaper" sh -c 'sh -c "\"\$0\" wait a & echo \$! >waiter; echo \$\$ >parent; wait" "$0" & wait; read -r _ <pipe' "$COMPL_WAITER"
		wait_until test -s parent
		wait_until is_asleep "$(<waiter)"
		expect 0 ls -l
		line "  waiter $(<waiter) sh needs 1 for [0-9]+s( unit [^ ]+)?"
		kill -KILL "$(<parent)"
		wait_until is_gone "$(<parent)"
		expect 0 ls -l
		line "  waiter $(<waiter) sh needs 1 for [0-9]+s orphan(, unit [^ ]+)?"
		expect 0 done a
		wait_until is_gone "$(<waiter)"
		let_go
		ends 0 reaper
	done
}

@test "ls -l marks waiters that were orphans from the beginning" {
	timeout -s KILL "$LIMIT" setsid sh -c '"$0" wait a & echo $! >waiter' "$COMPL_WAITER" 3>&-
	wait_until is_asleep "$(<waiter)"
	expect 0 ls -l
	line "  waiter $(<waiter) .* orphan(, unit [^ ]+)?"
	expect 0 done a
	wait_until is_gone "$(<waiter)"
}

@test "ls -l does not mark a service, whose parent is the one that gets orphans" {
	background reaper "$COMPL_TOOLS/subreaper" sh -c 'setsid "$0" wait a & echo $! >waiter; wait' "$COMPL_WAITER"
	wait_until test -s waiter
	wait_until is_asleep "$(<waiter)"
	expect 0 ls -l
	line "  waiter $(<waiter) sh needs 1 for [0-9]+s( unit [^ ]+)?"
	expect 0 done a
	ends 0 reaper
}

@test "ls -l sums up the waits that are over, and those with --io separately" {
	expect 0 init a
	expect 0 ls -l
	no_line waits
	expect_w 124 wait a --timeout 1s
	expect_w 124 wait a --timeout 1s --io
	expect 0 ls -l
	line '  waits 2, [0-9]+\.[0-9]{3}s, [0-9]+\.[0-9]{3}s of it I/O'
	awk '/waits 2/ { exit !($4 >= 0.5 && $3 >= $4 + 0.5) }' <<<"$out"
}

@test "ls -l of nothing is nothing, and with --json it is JSON" {
	expect 0 ls -l
	silent
	expect 0 done a
	look '.completions[0].name == "a"' -l
	expect 125 ls --json --names
	usage_lines 'exclude each other'
	expect 125 ls --names --namespaces
	usage_lines 'exclude each other'
}

@test "on a terminal the columns are aligned, and elsewhere one blank is between them" {
	local column

	expect 0 done a
	expect 0 done a-longer-name --count 12345 --value 'two words' --status 3
	expect 0 done b --all
	line_up w1 c
	line_up w2 c --count 1000 -- /a/rather/long/path
	expect 0 ls -l
	line 'a 1 0 0 0 [0-9]+s -'
	line 'a-longer-name 12345 0 0 3 [0-9]+s two words'
	line 'b all 0 0 0 [0-9]+s -'
	[[ $(head -n 1 out) = "NAME STATE WAITERS PRODUCERS STATUS SINCE VALUE" ]]
	on_terminal NO_COLOR=1 'ls -l'
	grep -v '^  ' <<<"$out" >names
	[ "$(wc -l <names)" -eq 5 ]
	for column in STATE WAITERS PRODUCERS STATUS SINCE VALUE; do
		column=$(head -n 1 names | grep -ob "$column" | cut -d : -f 1)
		run -1 grep -Evq "^.{$((column - 2))}  [^ ]" names
	done
	grep '^  waiter' <<<"$out" >waiters
	[ "$(wc -l <waiters)" -eq 2 ]
	column=$(grep -o '^.*needs' waiters | awk '{ print length }' | sort -u | wc -l)
	[ "$column" -eq 1 ]
	expect 0 rm c
	ends 120 w1 w2
}

@test "colour is for terminals only, and not under NO_COLOR or TERM=dumb" {
	expect 0 done a
	expect 0 done b --status 3
	line_up w c
	expect 0 ls -l
	run ! has_escapes
	on_terminal TERM=xterm NO_COLOR= 'ls -l'
	has_escapes
	discolour
	run ! has_escapes
	on_terminal -u NO_COLOR TERM=xterm 'ls'
	has_escapes
	on_terminal TERM=xterm NO_COLOR=1 'ls -l'
	run ! has_escapes
	on_terminal TERM=dumb NO_COLOR= 'ls -l'
	run ! has_escapes
	on_terminal -u TERM NO_COLOR= 'ls -l'
	run ! has_escapes
	on_terminal TERM=xterm NO_COLOR= 'ls --names'
	run ! has_escapes
	on_terminal TERM=xterm NO_COLOR= 'ls --json'
	run ! has_escapes
	expect 0 rm c
	ends 120 w
}

# Apart from our own colours, the output has nothing that a terminal could take for a command: of
# control bytes only the newline, no C1 character, no byte that is not UTF-8.
harmless() {
	[ "$(LC_ALL=C tr -d '\n\40-\176\200-\377' <<<"$out" | wc -c)" -eq 0 ] || return
	iconv -f UTF-8 -t UTF-8 <<<"$out" >/dev/null || return
	! LC_ALL=C grep -q $'\xc2[\x80-\x9f]' <<<"$out"
}

@test "control characters and bidirectional marks are visible in every form of a listing" {
	local value=$'\xc2\x9b31m \u200f \u202e \u2066 \u061c \u2028 end'

	expect 0 done a --value "$value"
	expect 0 ls
	harmless
	[[ $out == *'\xc2\x9b31m \xe2\x80\x8f \xe2\x80\xae \xe2\x81\xa6 \xd8\x9c \xe2\x80\xa8 end'* ]]
	expect 0 ls --json
	[[ $out == *'"\u009b31m \u200f \u202e \u2066 \u061c \u2028 end"'* ]]
	[ "$(jq -r '.completions[0].value' <<<"$out")" = "$value" ]
	expect 125 wait $'a\u202eb'
	[[ $err == *"'a\xe2\x80\xaeb' is not a name"* ]]
}

@test "a name of a damaged segment is escaped by ls --names, too" {
	local at

	tolerate_damage
	expect 0 init abcde
	at=$(grep -abo -m 1 abcde "$segment")
	printf 'a\e[2e' | dd of="$segment" bs=1 seek="${at%%:*}" conv=notrunc 2>dd.err
	expect 0 ls --names
	printed 'a\x1b[2e'
}

# A stack has 24 KiB, or six pages, of which the kernel leaves half unused at random.
@test "ls -l needs hardly more stack than any other command" {
	local i

	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer costs more than compl"
	expect 0 done a --value "$(printf '%0255d' 7)"
	line_up w b
	for i in {1..20}; do
		# shellcheck disable=SC2016
		expect_from env 0 -i COMPL_NAMESPACE="$COMPL_NAMESPACE" bash -c \
			'ulimit -s $(($(getconf PAGESIZE) / 1024 * 6)); exec "$0" ls -l' "$COMPL"
	done
	[[ $out == *waiter* ]]
	expect 0 done b
	ends 0 w
}

@test "hostile values and commands do no harm on a terminal" {
	local odd=$'\e]0;owned\a\xff\xc2\x9b31m\\'

	expect 0 done a --value $'\e[2J\e]0;owned\a\b\r\n\t\x7f\xc2\x9b31m\\end'
	ln -s "$(type -P true)" "$odd"
	line_up w1 b -- "./$odd"
	line_up w2 b -- $'two\nlines and more than fit \e[31m'
	on_terminal TERM=xterm NO_COLOR=1 'ls -l'
	harmless
	[[ $out == *'\x1b[2J\x1b]0;owned\x07\x08\x0d\n\t\x7f\xc2\x9b31m\\end'* ]]
	line '  waiter +[0-9]+ +\./\\x1b\]0;owned\\x07\\xff\\xc2\\x9b31m\\\\ .*'
	line '  waiter +[0-9]+ +two\\nlines and more .*'
	[ "$(wc -l <<<"$out")" -eq 5 ]
	on_terminal TERM=xterm NO_COLOR= 'ls -l'
	discolour
	harmless
	expect 0 ls -l
	harmless
	expect 0 rm b
	ends 120 w1 w2
}

@test "on a terminal only, done says that no process waits for the token" {
	on_terminal TERM=xterm 'done a'
	[ "$out" = "compl: done: a: nobody is waiting for it now" ]
	expect 0 done a
	silent
	on_terminal TERM=xterm 'done b --all'
	[ -z "$out" ]
	on_terminal TERM=xterm 'done none --waiting'
	[ -z "$out" ]
	line_up w c
	on_terminal TERM=xterm 'done c'
	[ -z "$out" ]
	ends 0 w
}

@test "five thousand names and their waiters are listed" {
	local names

	for names in {0..78}; do
		echo "n$names."{1..64}
	done | timeout -s KILL 60 xargs -n 64 "$COMPL" init 3>&-
	line_up w n0.1 n78.64
	expect 0 ls -l
	[ "$(wc -l <out)" -eq $((1 + 79 * 64 + 2)) ]
	on_terminal TERM=xterm 'ls'
	[ "$(wc -l <<<"$out")" -eq $((1 + 79 * 64)) ]
	expect 0 ls --names
	LC_ALL=C sort -c out
	expect 0 rm n0.1
	ends 120 w
}
