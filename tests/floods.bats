#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (strangers keep a processor busy for seconds)
#
# floods.bats - strangers that send to run without a pause
#
# Five kinds: one that sleeps while there is no room for its message, several of these, one that tries
# again at once, one whose messages carry descriptors, and one with hundreds of processes above it.

load notify

setup() {
	begin
	unset NOTIFY_SOCKET WATCHDOG_PID
	export COMPL COMPL_TOOLS
	need_others
	lend "$COMPL_TOOLS/notify"
	notify=$lent
}

# floods KIND...: a run of a CMD that says READY=1 when $tmp/go exists, and a stranger for each KIND.
floods() {
	local i=0 kind

	rm -f go r.out r.err
	background r "$COMPL" run a --ready notify -- sh -c 'echo "$NOTIFY_SOCKET"
		until [ -e go ]; do sleep 0.01; done
		"$COMPL_TOOLS/notify" send READY=1
		exec sleep 1000'
	wait_until test -s r.out
	for kind; do
		i=$((i + 1))
		NOTIFY_SOCKET=$(<r.out) background f$i setpriv --reuid 54321 --clear-groups "$notify" flood "$kind"
	done
	wait_until test -s r.err # it has read one
}

end_floods() {
	local label

	for label in "${!pid[@]}"; do
		[ -n "${reaped[$label]-}" ] || [ "$label" = r ] && continue
		shoot KILL "$label"
		outcome "$label"
	done
	shoot TERM r
	ends 143 r
	one_line_of_err
}

one_line_of_err() {
	[ "$(wc -l <r.err)" -eq 1 ]
}

# Nanoseconds of processor time, of run and of its children that have ended.
used() {
	local ns ticks

	read -r ns _ <"/proc/${pid[r]}/schedstat"
	ticks=$(sed 's/.*) //' "/proc/${pid[r]}/stat" | awk '{ print $14 + $15 }')
	echo $((ns + ticks * (1000000000 / $(getconf CLK_TCK))))
}

has_used() {
	[ "$(used)" -ge "$1" ]
}

# (There is no pause among the first hundred messages of each second.  So they cost more where a message takes
# several times as long to read.)
@test "a stranger that never pauses costs less than a tenth of a processor" {
	local kind begin ns spent=60000000 ms percent=$((slowness < 2 ? 10 : 15))

	for kind in wait spin fds deep; do
		floods "$kind"
		ms=${EPOCHREALTIME/[.,]/}
		begin=$(used)
		wait_until has_used $((begin + spent))
		ns=$(($(used) - begin))
		ms=$(((${EPOCHREALTIME/[.,]/} - ms) / 1000))
		echo "$kind: $ns ns of processor time in $ms ms"
		[ "$ns" -lt $((ms * 1000000 * percent / 100)) ]
		end_floods
	done
}

@test "while strangers never pause, CMD's READY=1 arrives within a second" {
	local kinds best ms try

	for kinds in wait "wait wait wait wait" spin "spin spin" fds; do
		best=1000000
		for try in 1 2 3; do
			# shellcheck disable=SC2086 # a word for each stranger
			floods $kinds
			ms=${EPOCHREALTIME/[.,]/}
			: >go
			expect_w 0 wait a
			ms=$(((${EPOCHREALTIME/[.,]/} - ms) / 1000))
			[ "$ms" -ge "$best" ] || best=$ms
			end_floods
			[ "$best" -ge 1000 ] || break # another try only if the machine was busy
		done
		echo "$kinds: $best ms"
		[ "$best" -lt 1000 ]
	done
}

@test "what says READY=1 without a pause holds up neither a signal for CMD nor the end of run" {
	need_trace
	[ -z "${COMPL_ASAN-}" ] || skip "strace and LeakSanitizer exclude each other"
	local most

	# run is slow, so that there is always another message
	# shellcheck disable=SC2016
	notify=$notify background r strace -D -qq -o trace -e trace=recvmsg,poll -e inject=recvmsg:delay_exit=200 \
		"$COMPL" run a --ready notify -- sh -c 'for i in 1 2 3; do
			"$notify" flood spin &
		done
		exec sleep 1000'
	expect_w 0 wait a
	wait_until has_taken 300
	shoot TERM r
	ends 143 r
	most=$(awk '/^recvmsg/ { n++ } /^poll/ { if (n > most) most = n; n = 0 } END { print +most }' trace)
	echo "$most messages between two looks at the signals"
	[ "$most" -lt 100 ]
}

has_taken() {
	[ "$(grep -c ^recvmsg trace)" -gt "$1" ]
}
