#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# senders.bats - which processes may say READY=1 for CMD where /proc does not help, and what a stranger
# cannot do
#
# In most tests run is stopped until the sender of the message has ended and is reaped.

load notify

setup() {
	begin
	unset NOTIFY_SOCKET WATCHDOG_PID
	export COMPL COMPL_TOOLS meet notify
	need_others
	lend "$COMPL_TOOLS/notify"
	notify=$lent
	meet=$lender/meet # a folder for all users
	mkdir -m 777 "$meet"
	cat >"$meet/cmd" <<-'EOC'
		echo "$NOTIFY_SOCKET" >"$meet/begun"
		until [ -e "$meet/go" ]; do
			sleep 0.01
		done
		"$@"
		: >"$meet/sent"
		exec sleep 1000
	EOC
}

stranger=(setpriv --reuid 54321 --clear-groups)

# starts LABEL COMMAND...: the command is a run of "$meet/cmd".  Returns when CMD has begun.
starts() {
	rm -f "$1.err" "$meet/begun"
	background "$@"
	wait_until test -s "$meet/begun"
}

# speaks_late LABEL: stops the run, has CMD do its command, and lets the run continue.
speaks_late() {
	stop "$1"
	: >"$meet/go"
	wait_until test -e "$meet/sent"
	shoot CONT "$1"
}

# Runs a command where /proc is empty.
without_proc=(unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh)

# Runs a command where /proc shows each user their own processes only.  (Root sees all processes by a
# capability, and its group by an option of proc.)
with_hidden_proc=(unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc &&
	exec setpriv --regid 65534 --clear-groups --bounding-set=-sys_ptrace sh -c "
		[ ! -e /proc/1 ] && exec \"\$@\"" sh "$@"' sh)

need_no_proc() {
	need_namespaces mount
	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer reads its options in /proc"
}

# Older kernels leave that to /proc.
need_pidfd() {
	"$COMPL_TOOLS/notify" pidfd || skip "this kernel does not tell by a pidfd whose process it is"
}

ends_ready() {
	expect_w 0 wait a
	[ ! -s "$1.err" ]
	shoot TERM "$1"
	ends 143 "$1"
}

# ---- without /proc ------------------------------------------------------------------------

@test "without /proc CMD itself is believed, whatever user it has become" {
	need_no_proc
	local proc

	for proc in without_proc with_hidden_proc; do
		declare -n where=$proc
		expect_from "${where[0]}" 0 "${where[@]:1}" "$COMPL" run a --ready notify --keep -- \
			"${as_nobody[@]}" "$notify" send READY=1
		silent
		expect_w 0 wait a -t 0
		expect 0 rm a
	done
}

@test "without /proc a helper of CMD's user is believed, even if it is gone" {
	need_no_proc
	need_pidfd
	local proc

	for proc in without_proc with_hidden_proc; do
		declare -n where=$proc
		starts r "${where[@]}" "$COMPL" run a --ready notify --keep -- "${as_nobody[@]}" sh "$meet/cmd" "$notify" send READY=1
		speaks_late r
		ends_ready r
		rm "$meet/go" "$meet/sent"
		expect 0 rm a
	done
}

@test "without /proc a helper of any user is believed while it lives" {
	need_no_proc
	need_pidfd
	background r "${without_proc[@]}" "$COMPL" run a --ready notify --keep -- \
		sh -c '"$@" & exec sleep 1000' sh "${stranger[@]}" "$notify" stay READY=1
	ends_ready r
}

# Refuses pidfds, and has a trace of run.
before_6_5=(strace -D -qq -o trace -e inject=pidfd_open:error=ENOSYS -e inject=setsockopt:error=ENOPROTOOPT:when=2+)

@test "before Linux 6.5 and without /proc CMD itself is believed all the same" {
	need_namespaces mount
	need_trace
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	expect_from "${before_6_5[0]}" 0 "${before_6_5[@]:1}" "${without_proc[@]}" "$COMPL" run a --ready notify --keep -- \
		"${as_nobody[@]}" "$notify" send READY=1
	silent
	expect_w 0 wait a -t 0
}

@test "before Linux 6.5 /proc tells which processes are below run" {
	need_trace
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	background r "${before_6_5[@]}" "$COMPL" run a --ready notify --keep -- sh -c '"$@" & exec sleep 1000' sh "${stranger[@]}" "$notify" stay READY=1
	ends_ready r
	grep -q 'SO_PASSPIDFD.*INJECTED\|, 0x4c.*INJECTED' trace
	grep -q 'open.*/proc/[0-9]*/status' trace
	run ! grep -q 'SCM_PIDFD\|pidfd_open.* = [0-9]' trace
}

@test "process 1 of a container believes every process of the container, even if it is gone" {
	need_namespaces pid
	starts outer unshare -p -f --kill-child --mount-proc "$COMPL" run a --ready notify --keep -- \
		sh "$meet/cmd" "${stranger[@]}" "$notify" send READY=1
	pid[r]=$(pgrep -P "${pid[outer]}")
	speaks_late r
	expect_w 0 wait a
	[ ! -s outer.err ]
	shoot TERM r
	ends 143 outer
	reaped[r]=1
}

@test "a helper that is gone is believed although CMD has ended, too" {
	local i

	for i in {1..5}; do
		rm -f "$meet/go"
		starts r "$COMPL" run a --ready notify --keep -- "${as_nobody[@]}" sh -c '
			echo x >"$meet/begun"
			until [ -e "$meet/go" ]; do sleep 0.01; done
			"$notify" send READY=1
			exit 3'
		: >"$meet/go"
		ends 3 r
		expect_w 0 wait a -t 0
		[ ! -s r.err ]
	done
}

# ---- strangers ------------------------------------------------------------------------------

@test "a stranger's message is dropped, and /proc is not read for it" {
	need_trace
	need_pidfd
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	starts r strace -D -qq -o trace "$COMPL" run a --ready notify --keep -- sh "$meet/cmd" true
	NOTIFY_SOCKET=$(<"$meet/begun") "${stranger[@]}" "$notify" send READY=1
	wait_until grep -q "ignored a message from process [0-9]* of uid 54321, " r.err
	expect 1 test a
	shoot TERM r
	ends 143 r
	run ! grep -q '/proc/[0-9]' trace
}

@test "children that cannot end, because of a stranger's descriptors, do not pile up" {
	need_trace
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	local i run children

	# shellcheck disable=SC2016
	background r strace -f -qq -o trace -e trace=exit_group -e inject=exit_group:delay_enter=1000s \
		"$COMPL" run a --ready notify --keep -- sh -c 'echo "$NOTIFY_SOCKET"; exec sleep 1000'
	wait_until test -s r.out
	for i in {1..20}; do
		NOTIFY_SOCKET=$(<r.out) "${stranger[@]}" "$notify" send x 2
		NOTIFY_SOCKET=$(<r.out) systemd-notify STATUS=x # returns when run has read it
	done
	run=$(children_of "${pid[r]}")
	run=${run% }
	children=$(children_of "$run" | wc -w)
	echo "$children children"
	[ "$children" -gt 1 ] # CMD is one
	[ "$children" -le 9 ]
	NOTIFY_SOCKET=$(<r.out) "$notify" send READY=1
	expect_w 0 wait a
	shoot KILL r # then all that strace has held up ends
	outcome r
	kill -TERM "$run" # not before: a signal that strace is about to deliver to CMD is lost with it
	wait_until test ! -e "/proc/$run"
}

children_of() {
	cat "/proc/$1/task/$1/children"
}

@test "a stranger's descriptors cannot hold up run, whatever their close(2) waits for" {
	local limit

	for limit in 1000 3; do # with room for a descriptor more, and without
		starts r "$COMPL" run a --ready notify --keep -- sh "$meet/cmd" true
		stop r
		prlimit --pid "${pid[r]}" --nofile=$limit
		NOTIFY_SOCKET=$(<"$meet/begun") background l "${stranger[@]}" "$notify" linger 1000
		wait_until grep -q sent l.out
		NOTIFY_SOCKET=$(<"$meet/begun") "$notify" send READY=1
		shoot CONT r
		expect_w 0 wait a
		wait_until grep -q "ignored a message from process ${pid[l]} of uid 54321, " r.err
		shoot TERM r
		ends 143 r
		shoot KILL l
		outcome l
	done
}
