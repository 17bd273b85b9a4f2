#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
#
# startup.bats - what a short command costs beyond a process: system calls, page faults, instructions
#
# These are upper bounds for the static command with musl: times differ from machine to machine, these
# counts hardly do.  Each system call has its reason here; one that is not in the table fails.

load helper

setup() {
	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer costs more than compl"
	grep -q '^STATIC_LDFLAGS.*order\.ld' "$BATS_TEST_DIRNAME/../build/toolchain.mk" ||
		skip "the bounds are those of a static build with musl and src/order.ld, and there is none"
	begin
	need_trace
}

teardown() {
	[ -z "${segment-}" ] || finish
}

# allowed COMMAND: prints the calls that it makes, how often at most, and for what.  Other architectures
# have other names for some; these come after a slash.
allowed() {
	cat <<'EOF'
execve			1	the process itself
arch_prctl/set_tls	1	libc: thread-local storage
set_tid_address		1	libc: its own thread id
rt_sigaction		1	SIGXFSZ is ignored: a limit on file sizes is an error
getpid			1	are we PID 1
geteuid			1	whose namespace may be opened as we are
openat			1	the segment
fstat/newfstatat/statx	1	its owner, mode, size and pages
mmap			1	the segment
readlink/readlinkat	1	/proc/thread-self: are thread ids those of /proc
clock_gettime		1	when the namespace was used last, and a name changed last, for rm --idle and ls
stat/newfstatat/statx	1	/proc: of which pid namespace it is
gettid			1	the owner of a lock
get_robust_list		1	the list that libc may have, to give it back
set_robust_list		1	ours, for the lock
exit_group		1	the end
EOF
	[ "$1" != done ] || cat <<'EOF'
fstat/newfstatat/statx	1	the segment again, after the post: a post that nobody can see is none
ioctl			1	is stderr a terminal, where a token that nobody waits for is mentioned
EOF
	[ "$1" != wait ] || cat <<'EOF'
rt_sigaction		1	SIGTSTP leaves the line
rt_sigprocmask		3	libc's own around the first handler; the mask, for CMD; no signal between taking a token and telling
getpid			1	has PID 1 a terminal's stop
getppid			1	the process that waits, for ls
openat			1	/proc/PID/comm: the name of the waiting process, for ls
read			1	/proc/PID/comm
close			1	/proc/PID/comm
EOF
}

# check_calls COMMAND ARGUMENT…
check_calls() {
	local command=$1
	shift
	strace -f -o calls "$COMPL" "$command" "$@" 2>strace.err || {
		cat strace.err
		return 1
	}
	allowed "$command" >table
	awk -F '\t+' '
	NR == FNR {
		split($1, names, "/")
		for (i in names) name[$1, i] = names[i]
		for (i in names) of[names[i]] = of[names[i]] " " FNR
		room[FNR] = $2
		next
	}
	{
		sub(/^[0-9]+ +/, "")
		if (!match($0, /^[a-z_0-9]+\(/)) next
		call = substr($0, 1, RLENGTH - 1)
		n = split(of[call], line, " ")
		for (i = 1; i <= n; i++)
			if (room[line[i]] > 0) { room[line[i]]--; next }
		print "one too many: " $0
		bad = 1
	}
	END { exit bad }' table calls
}

# check_cost WHAT BOUND COMMAND ARGUMENT…: with an empty environment, which libc copies and searches,
# and which moves the stack
check_cost() {
	local what=$1 bound=$2 count
	shift 2
	count=$(env -i "$COMPL_TOOLS/cost" "$what" "$COMPL" "$@" -n "$COMPL_NAMESPACE") || return
	echo "$what of $*: $count, bound $bound"
	((count > 0 && count <= bound))
}

@test "each system call of 'done' has its reason" {
	"$COMPL" init a
	check_calls "done" a
}

@test "each system call of a 'wait' that need not wait has its reason" {
	"$COMPL" done a --all
	check_calls "wait" a
}

# Three are those of an empty static program: the kernel's own, and those for code, constants and data,
# because a fault maps the 64 KiB around it, and src/order.ld has put all that is needed there.  One is for
# the segment's header, hash table and first names, one for the stack of the call.  The bound leaves room
# for two more, if another compiler or libc needs a second 64 KiB, or a second page of data.
@test "'done' has at most 7 page faults" {
	"$COMPL" init a
	check_cost faults 7 "done" a
}

# A wait has a longer way through code, data and stack.
@test "a 'wait' that need not wait has at most 10 page faults" {
	"$COMPL" done a --all
	check_cost faults 10 "wait" a
}

# The bounds are what was counted, plus a quarter for other versions of compiler and libc.
@test "'done' and 'wait' take few instructions" {
	"$COMPL" done a --all
	check_cost instructions 5200 "done" a
	check_cost instructions 7500 "wait" a
}
