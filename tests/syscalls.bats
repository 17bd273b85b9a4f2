#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it traces every command, in many ways)
#
# syscalls.bats - which system calls each command makes, and why; and whether a sandbox lets them through
#
# A filter such as SystemCallFilter=@system-service, with ~@privileged and ~@resources, kills a command for
# one call that it forbids.  So each call has its line in the table below; one that has none fails.

load helper

setup() {
	begin
	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer makes calls of its own"
	need_trace
	traced=0
}

# Each line is a call, the commands that make it, and the reason.  After a slash are the names on other
# architectures and in other C libraries.  "all" is every command, and "-u" every command with --user.
# glibc and musl make some calls for their own sake: the reason says "libc".
table() {
	cat <<'EOF'
execve			all	the process itself, and CMD
exit_group		all	the end
arch_prctl/set_tls	all	libc: thread-local storage
set_tid_address		all	libc: the thread id
rseq			all	libc: a part of the thread
set_robust_list		all	libc; and our list, for the lock and the places in line
brk			all	libc: the heap
mmap/mmap2		all	libc: the program; and the segment
munmap			all	libc: the program; and the segment
mprotect		all	libc: the program is made read-only
madvise			all	libc: memory that is given back
prlimit64/getrlimit/ugetrlimit	all	libc: the size of the stack; and the limit on open files
access/faccessat/faccessat2	all	libc: its libraries; and the search for CMD
pread64			all	libc: its libraries; and the header of a segment that is not complete
open/openat		all	libc: its libraries; and the segment, /proc and /dev/shm
close			all	what was opened
read			all	libc: its libraries; and /proc, signals, and what CMD says
fstat/newfstatat/statx/fstat64	all	libc: its libraries; and the owner, mode and pages of the segment
stat/stat64		all	of which pid namespace /proc is; the search for CMD
lstat/lstat64		all	whether a path still leads to the segment
getrandom		all	libc: its heap; and names that nobody can guess
rt_sigaction		all	a limit on file sizes is an error; what the caller ignores stays ignored
rt_sigprocmask		all	no signal comes between taking a token and telling of it
rt_sigpending		all	before a line on stderr: a SIGPIPE that was there is not taken away
getpid			all	are we PID 1
geteuid/geteuid32	all	whose namespace may be opened as we are
gettid			all	the owner of a lock
get_robust_list		all	the list that libc has, to give it back
readlink/readlinkat	all	/proc/thread-self: are thread ids those of /proc
clock_gettime		all	when the namespace was used last, and a name changed last
futex			all	every sleep and every wake; and pages, where there is no fallocate(2)
futex_waitv		all	a sleep on several words
write/writev		all	what is printed, and the line on stderr
poll/ppoll/ppoll_time64	all	a line on stderr waits for its reader, but not long; signals, and what CMD says
ioctl			all	is it a terminal
ftruncate/ftruncate64	all	a segment is made
fallocate		all	the pages of a segment
flock			all	a segment is made, or unlinked
unlink/unlinkat		all	a segment is unlinked
fchmod			all	a segment is made under a umask that takes its owner's permissions away
chmod/fchmodat		all	the same, after its maker has died
fcntl/fcntl64		all	the number of a descriptor; the lock of a scope
tgkill/tkill/kill	all	ends by the signal that was meant for it; passes signals on to CMD
statfs/statfs64		all	after a failure: has the file system inodes left
getdents64		ls scope run	the directory of the segments; what killed runs have left beside the socket
setfsuid/setfsuid32	-u	root makes a segment that belongs to another user
socket			-u	libc: getpwnam(3)
connect			-u	libc: getpwnam(3)
lseek/_llseek		-u	libc: getpwnam(3)
sendto			-u	libc: getpwnam(3)
getppid			-u	a signal that is wanted at the death of the parent is not forgotten
prctl			-u	the same
getppid			wait run scope	the parent's name, for ls; whether it has died
getsid			wait ls	whether a process is an orphan
prctl			wait run scope	CMD gets a signal when run dies
clone/clone3/fork/vfork	run scope	CMD; what goes on in the background
wait4/waitid		run scope	the end of CMD
signalfd4		run scope	signals
timerfd_create		run scope	a time at which run looks again
timerfd_settime/timerfd_settime64	run scope	the same
alarm/setitimer		run scope	signals reach CMD while run waits for the lock
rt_sigtimedwait/rt_sigtimedwait_time64	all	takes a SIGPIPE of stderr away, or a stop that was taken back
getpgrp/getpgid		run scope	is it the terminal's foreground
pipe2			run	a line of CMD says that it is ready
mkdir/mkdirat		run	a directory for the socket of CMD
rmdir/unlinkat		run	the same
dup2/dup3		run	CMD's end of that pipe
socket			run	CMD says by a datagram that it is ready
socketpair		run	--background: both sides know what has become of the other
sendto			run	the same
setsid			run	--background
bind			run	the same
setsockopt		run	the same: which process has sent it
recvmsg			run	the same
sendmsg/connect		run	passes it on
EOF
}

# trace STATUS ARGUMENT...: runs a command, and keeps its calls, and those of its children before they become
# CMD, in a file for each process.
trace() {
	local want=$1 got=0 user=""

	shift
	traced=$((traced + 1))
	[[ " $* " != *" -u "* ]] || user=-u
	timeout -s KILL "$LIMIT" strace -qq -ff -o "calls.$traced.$1$user" "$COMPL" "$@" >out 2>err </dev/null 3>&- || got=$?
	[ "$got" -eq "$want" ] && return
	echo "$*: status $got, expected $want: $(<err)"
	return 1
}

# check_calls AT_LEAST: complains about each call that has no line in the table; and if there are not so many.
check_calls() {
	table | sed 's/\t\t*/\t/g' >rows
	awk -F '\t' -v at_least="$1" '
	FILENAME == "rows" {
		n = split($1, names, "/")
		for (i = 1; i <= n; i++) may[names[i]] = may[names[i]] " " $2 " "
		next
	}
	FNR == 1 {
		split(FILENAME, part, ".")
		command = part[3]
		user = sub(/-u$/, "", command)
		is_cmd = 0
	}
	is_cmd || !match($0, /^[a-z_0-9]+\(/) { next }
	{
		call = substr($0, 1, RLENGTH - 1)
		calls++
		if (!index(may[call], " all ") && !index(may[call], " " command " ") &&
		    !(user && index(may[call], " -u "))) {
			print command ": " $0
			bad = 1
		}
		if (call == "execve" && / = 0$/ && FNR > 1) is_cmd = 1
	}
	END {
		print calls " calls"
		exit bad || calls < at_least
	}' rows calls.*
}

@test "each system call of the commands that look and post has its reason" {
	trace 0 init a
	trace 125 init a
	trace 0 "done" a
	trace 3 "done" b --all --status 3 --value text --and-exit 3
	trace 0 "done" c --waiting
	trace 125 "done" no --existing
	trace 0 test a
	trace 1 test no
	trace 0 try a
	trace 124 try a
	trace 0 reinit a b
	trace 0 rm a
	trace 125 rm a
	background w "$COMPL_WAITER" wait d
	await_sleep w
	for option in -l --json --names --namespaces; do
		trace 0 ls "$option"
	done
	trace 0 check
	trace 0 check --repair
	trace 0 "done" d
	ends 0 w
	spaces+=("$COMPL_NAMESPACE.umask")
	umask 777
	trace 0 "done" a -n "$COMPL_NAMESPACE.umask"
	umask 022
	trace 0 rm --all -n "$COMPL_NAMESPACE.umask"
	trace 0 rm --all
	trace 0 rm --all --force
	trace 0 help wait
	trace 125 "done" --no-such-option
	check_calls 400
}

@test "each system call of a wait has its reason" {
	trace 124 wait a -t 0.05
	trace 124 wait a b --any --timeout 0.05 --remaining
	trace 124 wait a b --killable --io -t 0.05
	trace 124 wait a --uninterruptible --with-parent -t 0.05
	expect 0 "done" a --all --status 3 --value text
	trace 3 wait a b --fail-fast --print
	expect 0 "done" c --all
	trace 0 wait c -- true
	background stray-run "$COMPL" run d -- sleep 1200
	wait_until look '.completions[0].producers | length == 1' d
	trace 124 wait d -t 0.05
	background w strace -qq -ff -o "calls.term.wait" "$COMPL_WAITER" wait e
	wait_until waiters e 1
	kill "$(pgrep -P "${pid[w]}")"
	ends 143 w
	check_calls 300
}

@test "each system call of run and scope, and of their children before CMD, has its reason" {
	trace 0 run a -- true
	trace 3 run a --all --value text -- sh -c 'exit 3'
	trace 0 run b --ready notify -- systemd-notify --ready
	trace 0 run c --ready fd:3 -- sh -c 'echo ready >&3'
	trace 127 run d -- ./no-such-command
	trace 0 run i --background --print -- true
	trace 127 run j --background -- ./no-such-command
	# shellcheck disable=SC2016 # it is CMD
	background r strace -qq -ff -o "calls.term.run" "$COMPL" run e -- sh -c 'echo $$ $PPID; exec sleep 1200'
	wait_until test -s r.out
	kill "$(cut -d ' ' -f 2 r.out)"
	ends 143 r
	trace 122 run f -- "$COMPL" wait f
	trace 0 run g --ready notify -- "$COMPL" run h --ready notify -- systemd-notify --ready
	trace 0 scope -- "$COMPL" "done" a
	trace 127 scope -- ./no-such-command
	check_calls 300
}

@test "only --user needs a call of @privileged" {
	need_others
	trace 0 "done" a -u 65534
	trace 0 ls -u 65534
	trace 0 rm --all -u 65534
	cat calls.1.* | grep -q '^setfsuid'
	run ! grep -q '^setfsuid' calls.2.* calls.3.*
	check_calls 60
}

# in_group GROUP: prints the calls of a group of systemd, and of the groups in it.
in_group() {
	local call

	systemd-analyze syscall-filter --no-pager "$1" | sed -n 's/^    \([^#]\)/\1/p' >"group$1"
	while read -r call; do
		if [[ $call == @* ]]; then in_group "$call"; else echo "$call"; fi
	done <"group$1"
}

@test "@system-service without @privileged and @resources has all calls, but those for --user" {
	local calls who reason call

	in_group @system-service | sort -u >allowed
	{ in_group @privileged && in_group @resources; } | sort -u >forbidden
	in_group @known | sort -u >known
	[ "$(wc -l <allowed)" -gt 200 ]
	[ "$(wc -l <forbidden)" -gt 20 ]
	table | sed 's/\t\t*/\t/g' >rows
	while IFS=$'\t' read -r calls who reason; do
		for call in ${calls//\// }; do
			[ "$who" = -u ] || ! grep -qx "$call" known || {
				grep -qx "$call" allowed && run ! grep -qx "$call" forbidden
			} || {
				echo "$call ($who: $reason) is not allowed"
				return 1
			}
		done
	done <rows
	grep -qx setfsuid forbidden
}
