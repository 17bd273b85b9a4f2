#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# notify.bats - compl run --ready notify: messages of sd_notify(3) from real senders
#
# What run passes on to the receiver that it was given itself, and which senders it does not believe.

load notify

# told LABEL LINE...: the receiver got these messages, as "descriptors text"; ends it.
told() {
	local label=$1

	shift
	NOTIFY_SOCKET=$tmp/$label.socket "$notify" send END
	ends 0 "$label"
	[ "$(sed '1d; s/^\([0-9]*\) [0-9]* /\1 /' "$label.out")" = "$(printf '%s\n' "$@")" ] && return
	echo "told: $(cat "$label.out")"
	return 1
}

@test "READY=1 posts all, while CMD goes on" {
	# shellcheck disable=SC2016
	background r "$COMPL" run a --ready notify --keep --value up -- sh -c 'systemd-notify --ready; exec "$COMPL" wait go'
	expect_w 0 wait a --print
	printed up
	expect_w 0 wait a -t 0
	expect 0 done go --status 5
	ends 5 r
	look '.completions[0] | .all and .status == 0 and .value == "up"'
}

@test "all is posted before systemd-notify returns" {
	local i

	for i in {1..10}; do
		# shellcheck disable=SC2016
		expect 0 run a$i --ready notify -- sh -c 'systemd-notify --ready --status="$0" && "$COMPL" test "$0"' a$i
		silent
	done
}

@test "a CMD that says READY=1 and ends at once was ready" {
	local i

	for i in {1..20}; do
		expect 3 run a$i --ready notify --keep -- sh -c '"$COMPL_TOOLS/notify" send READY=1; exit 3'
		silent
		expect_w 0 wait a$i -t 0
	done
}

@test "a CMD that ends before it is ready posts its status, or 121 if that is 0" {
	expect 6 run a --ready notify -- sh -c 'systemd-notify --status=busy STOPPING=1 RELOADING=1; exit 6'
	silent
	expect_w 6 wait a -t 0
	expect 0 run b --ready notify -- sh -c '"$COMPL_TOOLS/notify" send "READY=0
NOTREADY=1
READY=11
 READY=1"'
	one_line "^compl: run: b: ended before it was ready"
	expect_w 121 wait b -t 0
}

@test "READY=1 is found among other lines, and with a NUL or a newline at its end" {
	local i=0 text

	for text in $'READY=1\n' $'STATUS=x\nREADY=1' $'MAINPID=1\nREADY=1\nSTATUS=y' $'\n\nREADY=1\n\n'; do
		i=$((i + 1))
		TEXT=$text expect 0 run "a$i" --ready notify --keep -- sh -c '"$COMPL_TOOLS/notify" send "$TEXT"'
		silent
		expect_w 0 wait "a$i" -t 0
	done
	TEXT=$(yes STATUS=x | head -n 5000)$'\nREADY=1' expect 0 run many --ready notify --keep -- \
		sh -c '"$COMPL_TOOLS/notify" send "$TEXT"'
	expect_w 0 wait many -t 0
}

@test "empty and long datagrams do no harm" {
	expect 0 run a --ready notify --keep -- sh -c '
		for size in 0 1 4096 60000; do "$COMPL_TOOLS/notify" size $size || exit 9; done
		"$COMPL_TOOLS/notify" send READY=1'
	silent
	expect_w 0 wait a -t 0
}

@test "descriptors that are not passed on are closed" {
	# shellcheck disable=SC2016
	expect 0 run a --ready notify --keep -- sh -c '
		count() { ls "/proc/$PPID/fd" | wc -l; }
		systemd-notify --status=begun # run has closed what it had for CMD
		before=$(count)
		for i in 1 2 3; do "$COMPL_TOOLS/notify" send FDSTORE=1 200 || exit 9; done
		systemd-notify --ready && [ "$(count)" -eq "$before" ]'
	silent
	expect_w 0 wait a -t 0
}

# ---- passing on -------------------------------------------------------------------------

@test "what CMD says is passed on, except which process is the main one" {
	outer o
	# shellcheck disable=SC2016
	expect 0 run a --ready notify --keep -- sh -c '
		"$COMPL_TOOLS/notify" send "STATUS=starting"
		"$COMPL_TOOLS/notify" send "READY=1
MAINPID=$$
STATUS=up"
		"$COMPL_TOOLS/notify" send "MAINPID=$$"
		"$COMPL_TOOLS/notify" send "MAINPIDFDID=7
WATCHDOG=1"
		"$COMPL_TOOLS/notify" send "RELOADING=1
MONOTONIC_USEC=5"
		"$COMPL_TOOLS/notify" send READY=1
		"$COMPL_TOOLS/notify" send STOPPING=1'
	silent
	told o "0 STATUS=starting" "0 READY=1|STATUS=up" "0 WATCHDOG=1" "0 RELOADING=1|MONOTONIC_USEC=5" \
		"0 READY=1" "0 STOPPING=1"
	expect_w 0 wait a -t 0
}

@test "run itself passes it on, as the main process of the unit" {
	outer o
	background r "$COMPL" run a --ready notify --keep -- sh -c '"$COMPL_TOOLS/notify" send READY=1'
	ends 0 r
	told o "0 READY=1"
	grep -q " ${pid[r]} READY=1" o.out
}

@test "descriptors are passed on with their message, and so is a barrier" {
	outer o
	expect 0 run a --ready notify --keep -- sh -c '
		"$COMPL_TOOLS/notify" send "FDSTORE=1
FDNAME=x" 3
		"$COMPL_TOOLS/notify" send READY=1 252
		systemd-notify STATUS=z'
	silent
	told o "3 FDSTORE=1|FDNAME=x" "252 READY=1" "0 STATUS=z" "1 BARRIER=1"
}

@test "a run below a run is told, and so is the outer one" {
	outer o
	# shellcheck disable=SC2016
	expect 4 run a --ready notify --keep -- "$COMPL" run b --ready notify --keep -- sh -c 'systemd-notify --ready &&
		"$COMPL" test a b && exit 4'
	silent
	told o "0 READY=1" "1 BARRIER=1"
	expect_w 0 wait a b -t 0
}

@test "a run below a run is believed by it only if it is its CMD" {
	outer o
	# shellcheck disable=SC2016
	background r "$COMPL" run a --ready notify --keep -- sh -c '"$COMPL" run b --ready notify --keep -- \
		sh -c "systemd-notify --ready; systemd-notify --status=x STOPPING=1"
		echo inner; exec "$COMPL" wait go'
	wait_until grep -q inner r.out
	expect_w 0 wait b -t 0
	expect 1 test a
	expect 0 done go
	ends 0 r
	one_line_of r "^compl: run: a: ended before it was ready"
	told o ""
	# shellcheck disable=SC2016
	expect 0 run c --ready notify --keep -- sh -c 'exec "$COMPL" run d --ready notify --keep -- systemd-notify --ready'
	expect_w 0 wait c d -t 0
}

@test "READY=1 counts again after a reinit" {
	# shellcheck disable=SC2016
	background r "$COMPL" run a --ready notify --keep --value up -- sh -c 'systemd-notify --ready
		"$COMPL" wait reload; systemd-notify RELOADING=1 && systemd-notify --ready
		"$COMPL" wait again; systemd-notify --ready
		exec "$COMPL" wait go'
	expect_w 0 wait a
	local step
	for step in reload again; do
		expect 0 reinit a
		line_up w a --print
		expect 0 done $step
		ends 0 w
		[ "$(<w.out)" = up ]
	done
	expect 0 reinit a
	expect 0 done go
	ends 0 r
	expect_w 121 wait a -t 0
}

@test "a READY=1 after the name was removed is told once" {
	# shellcheck disable=SC2016
	background r "$COMPL" run a --ready notify --keep -- sh -c '"$COMPL" wait go; systemd-notify --ready; systemd-notify --ready'
	wait_until_waiting go 1
	expect 0 rm a
	expect 0 done go
	ends 0 r
	one_line_of r "^compl: run: a: removed meanwhile"
}

@test "other modes leave NOTIFY_SOCKET to CMD" {
	export NOTIFY_SOCKET=/nowhere
	# shellcheck disable=SC2016
	expect 0 run a -- sh -c 'echo "$NOTIFY_SOCKET"'
	printed /nowhere
	# shellcheck disable=SC2016
	expect 0 run a --ready fd:7 -- sh -c 'echo "$NOTIFY_SOCKET"; echo >&7'
	printed /nowhere
}

@test "a receiver that is not there, or of an unknown kind, holds up nothing" {
	local socket

	for socket in "$tmp/nowhere" @nobody vsock:2:1 relative "" / "$(printf /%0200d 0)"; do
		NOTIFY_SOCKET=$socket expect 0 run a --ready notify --keep -- systemd-notify --ready
		silent
		expect_w 0 wait a -t 0
		expect 0 rm a
	done
}

@test "a receiver that never reads holds up CMD's messages, but neither its end nor its readiness" {
	outer o deaf
	background r "$COMPL" run a --ready notify --keep -- sh -c '
		"$COMPL_TOOLS/notify" send READY=1
		while "$COMPL_TOOLS/notify" send STATUS=x; do :; done'
	expect_w 0 wait a
	# The queues, CMD's too, are full when neither goes on.
	wait_until blocked
	shoot TERM r
	ends 143 r
	shoot KILL o
	outcome o
}

# The sender below CMD sleeps until there is room, and so does run.
blocked() {
	local cmd sender

	cmd=$(pgrep -P "${pid[r]}") && sender=$(pgrep -P "$cmd") && process_has "$sender" comm notify &&
		process_has "$sender" wchan '*unix*' && process_has "${pid[r]}" wchan '*poll*'
}

# ---- which senders are believed -----------------------------------------------------------

@test "CMD may become another user, and so may its helpers, even if they are gone" {
	need_others
	lend "$notify"
	notify=$lent
	# shellcheck disable=SC2016
	expect 0 run a --ready notify --keep -- setpriv --reuid nobody --clear-groups "$notify" send READY=1
	silent
	expect_w 0 wait a -t 0
	expect 0 run b --ready notify --keep -- setpriv --reuid nobody --clear-groups sh -c 'systemd-notify --no-block --ready'
	silent
	expect_w 0 wait b -t 0
	expect 0 run c --ready notify --keep -- sh -c 'setpriv --reuid 54321 --clear-groups systemd-notify --ready; :'
	silent
	expect_w 0 wait c -t 0
}

@test "a stranger is not believed, and a process that may post anyway is" {
	need_others
	lend "$notify"
	notify=$lent
	# shellcheck disable=SC2016
	background r setpriv --reuid nobody --clear-groups env -u COMPL_NAMESPACE "$COMPL" -n "$COMPL_NAMESPACE" run a \
		--ready notify --keep -- sh -c 'echo "$NOTIFY_SOCKET"; exec sleep 1000'
	wait_until test -s r.out
	NOTIFY_SOCKET=$(<r.out)
	export NOTIFY_SOCKET
	local i
	for i in 1 2 3; do
		setpriv --reuid 54321 --clear-groups "$notify" send READY=1
	done
	wait_until test -s r.err
	[[ $(<r.err) =~ ^"compl: run: --ready: ignored a message from process "[0-9]+" of uid 54321, which does not belong to CMD"$ ]]
	expect 1 -u nobody test a
	"$notify" send READY=1
	expect_w 0 -u nobody wait a
	[ "$(wc -l <r.err)" -eq 1 ]
	shoot TERM r
	ends 143 r
	expect 0 -u nobody rm --all
}

# one_line_of LABEL EXPRESSION
one_line_of() {
	[ "$(wc -l <"$1.err")" -eq 1 ] && [[ $(<"$1.err") =~ $2 ]] && return
	echo "$1: $(<"$1.err")"
	return 1
}

# ---- the socket ---------------------------------------------------------------------------

@test "everybody can reach the socket, whatever the umask is, and nobody can list it" {
	need_root
	umask 077
	# shellcheck disable=SC2016
	expect 0 run a --ready notify --keep -- sh -c 'stat -c %a "${NOTIFY_SOCKET%/*}" "$NOTIFY_SOCKET"; systemd-notify --ready'
	printed 711 666
}

@test "the socket is gone with run, and the next run removes what a killed one has left" {
	local i

	export RUNTIME_DIRECTORY=$tmp/runtime
	mkdir -m 755 runtime
	[ "$EUID" -ne 0 ] || chmod a+x "$tmp" "${tmp%/*}" "${tmp%/*/*}" "${tmp%/*/*/*}"
	for i in 1 2 3; do
		background r$i "$COMPL" run a$i --ready notify --keep -- sh -c 'echo "$NOTIFY_SOCKET"; exec sleep 1000'
		wait_until test -s r$i.out
	done
	[ "$(sort -u r?.out | grep -c "^$tmp/runtime/compl-notify\.")" -eq 3 ]
	shoot KILL r1
	ends 137 r1
	[ -S "$(<r1.out)" ]
	NOTIFY_SOCKET=$(<r1.out) run ! "$notify" send READY=1
	mkdir -m 700 runtime/compl-notify.empty runtime/compl-notify.else
	touch runtime/compl-notify.else/file runtime/compl-notify.file
	ln -s "${RUNTIME_DIRECTORY%/*}" runtime/compl-notify.link
	expect 3 run b --ready notify --keep -- sh -c '"$COMPL_TOOLS/notify" send READY=1; exit 3'
	[ ! -e "$(<r1.out)" ]
	[ ! -e "$(dirname "$(<r1.out)")" ]
	[ ! -e runtime/compl-notify.empty ]
	[ -e runtime/compl-notify.else/file ]
	[ -e runtime/compl-notify.file ]
	[ -L runtime/compl-notify.link ]
	NOTIFY_SOCKET=$(<r2.out) "$notify" send READY=1
	expect_w 0 wait a2
	shoot TERM r2 r3
	ends 143 r2 r3
	rm -r runtime/compl-notify.else runtime/compl-notify.file runtime/compl-notify.link
	[ -z "$(ls -A runtime)" ]
}

@test "if the socket cannot be made, run says so before it does anything" {
	# One descriptor is left, and the receiver outside takes it.
	# shellcheck disable=SC2016
	NOTIFY_SOCKET=/x expect_from bash 125 -c 'exec 3>&-; ulimit -n 4; exec "$0" run a --ready notify --keep -- touch run' "$COMPL"
	one_line '^compl: run: --ready: cannot make a socket for CMD: '
	[ ! -e run ] && [ ! -e "$segment" ]
}
