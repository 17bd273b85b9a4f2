# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# helper.bash - what all test files share: a namespace, commands, waiters, conditions, privileges
#
# Each test has a namespace of its own, so that several copies of the suite can run at once.  $COMPL
# posts and looks, $COMPL_WAITER waits: two builds, or the same twice (tests/run says which).  Nothing
# here waits for a length of time: it waits for conditions, and gives up after a limit that no sound
# run reaches.
#
# A test passes only if, besides what it asserts, it leaves no process behind, the segment is sound,
# and no wake-up was lost.

bats_require_minimum_version 1.5.0

load process

: "${COMPL:=$BATS_TEST_DIRNAME/../build/compl}"
: "${COMPL_WAITER:=$COMPL}"
: "${COMPL_TOOLS:=$BATS_TEST_DIRNAME/../build/tools}"
: "${COMPL_SLOWNESS:=1}" # of the machine; tests/run measures it
slowness=${COMPL_SLOWNESS%.*}
LIMIT=$((20 * slowness)) # seconds

declare -gA pid=() starter=() reaped=()
declare -g out="" err="" got=0

# untraced COMMAND...: runs it.  bats notes each line that a test runs, in order to name the one that fails.
# That costs more than most lines do, and here the line of the test says enough.
untraced() {
	local -

	set +T # what is called from here on is not traced
	"$@"
}

setup() {
	begin
}

teardown() {
	finish
}

begin() {
	untraced begin_test
}

begin_test() {
	unset COMPL_TIMEOUT COMPL_EXISTING COMPL_PROGRESS COMPL_NAME COMPL_VALUE COMPL_PRODUCES COMPL_HOLD
	tmp=$BATS_TEST_TMPDIR
	spaces=()
	damage_tolerated=
	lost_wakeups_tolerated=
	lender=
	use_namespace "t$$.$BATS_TEST_NUMBER.$RANDOM"
	cd "$tmp" || return
}

use_namespace() {
	export COMPL_NAMESPACE=$1
	segment=/dev/shm/compl.$EUID.$1
	spaces+=("$1")
}

# The test damages the segment on purpose, so the segment is not checked afterwards.
tolerate_damage() {
	damage_tolerated=1
}

# The test expects the watchdog to find lost wake-ups.
tolerate_lost_wakeups() {
	lost_wakeups_tolerated=1
}

finish() {
	untraced finish_test
}

finish_test() {
	local label verdict=0

	for label in "${!pid[@]}"; do
		[ -z "${reaped[$label]-}" ] || continue # its number may belong to another process by now
		has_ended "$label" && continue
		[ "$label" = "${label#stray}" ] && complain "waiter $label was left"
		kill -CONT "${pid[$label]}" 2>/dev/null
		kill -KILL "${pid[$label]}" 2>/dev/null
	done
	for label in "${!pid[@]}"; do
		wait "${pid[$label]}" 2>/dev/null
	done
	for label in "${spaces[@]}"; do
		inspect "$label"
		rm -rf /dev/shm/compl.[0-9]*."$label" # other users' too, should the test have failed
	done
	end_strays
	[ -z "$lender" ] || rm -rf "$lender"
	return "$verdict"
}

complain() {
	echo "$*"
	verdict=1
}

# Checks one segment, after the last process of the test has ended.
inspect() {
	local lost

	[ -z "$damage_tolerated" ] && [ -e "/dev/shm/compl.$EUID.$1" ] || return 0
	timeout -s KILL "$LIMIT" "$COMPL" -n "$1" check >"$tmp/check" 2>&1 3>&- ||
		complain "check ended with $?: $(<"$tmp/check")"
	lost=$(timeout -s KILL "$LIMIT" "$COMPL_TOOLS/lost-wakeups" "$1" 3>&-) || complain "lost wake-ups: $?"
	[ "$lost" = 0 ] || [ -n "$lost_wakeups_tolerated" ] || complain "lost wake-ups: $lost"
}

# Complains about the processes of this test that it did not record, and kills them.  A process that was
# killed, or that ends because its parent died, may take a moment to end.
end_strays() {
	local file space end=$((SECONDS + LIMIT)) ours=()

	unset COMPL_NAMESPACE
	for space in "${spaces[@]}"; do
		ours+=(-e "COMPL_NAMESPACE=$space")
	done
	[ "${#ours[@]}" -gt 0 ] || return 0
	while [ "$SECONDS" -lt "$end" ]; do
		grep -qFs "${ours[@]}" /proc/[0-9]*/environ || return 0
		sleep 0.05
	done
	while read -r file; do
		file=${file#/proc/}
		complain "process ${file%/environ} was left: $(tr '\0' ' ' <"/proc/${file%/environ}/cmdline")"
		kill -KILL "${file%/environ}" 2>/dev/null
	done < <(grep -lFs "${ours[@]}" /proc/[0-9]*/environ)
}

# ---- running compl ---------------------------------------------------------

# expect STATUS ARGUMENT...: $COMPL ends with exactly this status; its standard
# output is then in $out, its standard error in $err.  A crash and a hang have
# statuses of their own and are never the expected one.
expect() {
	untraced run_and_compare "$COMPL" "$@"
}

# The same for $COMPL_WAITER.
expect_w() {
	untraced run_and_compare "$COMPL_WAITER" "$@"
}

# expect_from PROGRAM STATUS ARGUMENT...: the same for any program.
expect_from() {
	untraced run_and_compare "$@"
}

run_and_compare() {
	local program=$1 want=$2 got=0

	shift 2
	timeout -s KILL "$LIMIT" "$program" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null 3>&- || got=$?
	read_file out "$tmp/out"
	read_file err "$tmp/err"
	[ "$got" -eq "$want" ] && return
	printf '%s: status %s, expected %s\n' "$program $*" "$got" "$want"
	printf 'stdout: %s\nstderr: %s\n' "$out" "$err"
	return 1
}

# read_file VARIABLE FILE: as VARIABLE=$(<FILE), but without a process.
read_file() {
	local -n content=$1

	if IFS= read -r -d '' content <"$2"; then # there is a NUL in it
		content=$(<"$2")
	fi
	without_newlines content
}

# Removes newlines at the end, as $() does.
without_newlines() {
	local -n text=$1

	text=${text%"${text##*[!$'\n']}"}
}

# has_whole_lines FILE COUNT: it has so many lines, and each ends with a newline.
has_whole_lines() {
	local lines

	mapfile lines <"$1"
	[ "${#lines[@]}" -eq "$2" ] && [[ ${lines[-1]} == *$'\n' ]]
}

# Of the last call: nothing was printed.
silent() {
	[ ! -s "$tmp/out" ] && [ ! -s "$tmp/err" ] && return
	printf 'not silent; stdout: %s\nstderr: %s\n' "$out" "$err"
	return 1
}

# Of the last call: standard output is these lines, and nothing else.
printed() {
	local expected

	printf -v expected '%s\n' "$@"
	without_newlines expected
	[ "$expected" = "$out" ] && [ ! -s "$tmp/err" ] && return
	printf 'expected: %s\nstdout: %s\nstderr: %s\n' "$*" "$out" "$err"
	return 1
}

# Of the last call: one line on standard error, nothing on standard output, and
# the line matches the regular expression.
one_line() {
	[ ! -s "$tmp/out" ] && has_whole_lines "$tmp/err" 1 && [[ $err =~ $1 ]] && return
	printf 'expected one line like: %s\nstdout: %s\nstderr: %s\n' "$1" "$out" "$err"
	return 1
}

# The same for a usage error: a second line says where to look.
usage_lines() {
	[ ! -s "$tmp/out" ] && has_whole_lines "$tmp/err" 2 && [[ $err =~ $1 ]] &&
		[[ ${err#*$'\n'} =~ "Try 'compl help" ]] && return
	printf 'expected a usage error like: %s\nstdout: %s\nstderr: %s\n' "$1" "$out" "$err"
	return 1
}

# One line, or two lines of a usage error.
refusal() {
	one_line '^compl: ' >/dev/null || usage_lines '^compl: '
}

# ---- waiting in the background ---------------------------------------------

# background LABEL COMMAND...: its pid is ${pid[LABEL]}.
background() {
	local label=$1

	shift
	: >"$tmp/$label.out" # empties what an earlier process of this label printed
	: >"$tmp/$label.err"
	"$@" >"$tmp/$label.out" 2>"$tmp/$label.err" </dev/null 3>&- 4>&- &
	pid[$label]=$!
	starter[$label]="$! $BASHPID"
	unset "reaped[$label]"
}

# line_up LABEL ARGUMENT...: starts `$COMPL_WAITER wait ARGUMENT...` in the background;
# returns when it sleeps, and does not run compl to find out.
line_up() {
	untraced background "$1" "$COMPL_WAITER" wait "${@:2}"
	await_sleep "$1"
}

# The same with the terminating signals at their defaults (a shell starts background
# processes with INT and QUIT ignored).
line_up_default() {
	local label=$1

	shift
	background "$label" env --default-signal=INT,QUIT "$COMPL_WAITER" wait "$@"
	await_sleep "$label"
}

# outcome LABEL: waits until it has ended; its exit status is in $got.
outcome() {
	wait_until has_ended "$1" || {
		echo "$1 does not end"
		return 1
	}
	got=0
	wait "${pid[$1]}" || got=$?
	reaped[$1]=1
}

# ends STATUS LABEL...: each of these ends, with exactly this status.
ends() {
	untraced end_with "$@"
}

end_with() {
	local want=$1 label

	shift
	for label; do
		outcome "$label" || return
		[ "$got" -eq "$want" ] && continue
		echo "$label: status $got, expected $want: $(<"$tmp/$label.err")"
		return 1
	done
}

# await_sleep LABEL...: waits until each sleeps on a futex.  (One that is on its way into a line, or goes on with
# its wait, may sleep on the lock, and be awake again at the next look.)
await_sleep() {
	untraced see_asleep "$@"
}

see_asleep() {
	local label

	for label; do
		wait_until rests "${pid[$label]}" && ! is_gone "${pid[$label]}" && continue
		echo "$label does not sleep: $(<"$tmp/$label.err")"
		return 1
	done
}

# shoot SIGNAL LABEL...
shoot() {
	local signal=$1 label

	shift
	for label; do
		kill -"$signal" "${pid[$label]}" || return
	done
}

# stop LABEL...: stops them; returns when they have stopped.
stop() {
	local label

	shoot STOP "$@"
	for label; do
		wait_until is_stopped "${pid[$label]}"
	done
}

# has_ended LABEL: is_gone, or the number belongs to another process by now.  (The shell reaps its children as soon
# as they end, and the kernel may need the number again while the test still runs.)
has_ended() {
	local parent

	is_gone "${pid[$1]}" && return
	{ read -r _ _ _ parent _ <"/proc/${pid[$1]}/stat"; } 2>/dev/null || return 0
	[[ ${starter[$1]-} == "${pid[$1]} "* && $parent == [0-9]* && ${starter[$1]#* } != "$parent" ]]
}

# process_has PID FILE PATTERN: the line of /proc/PID/FILE matches.  (It does not use $(<FILE), which ends
# the test if the process has ended, even in a condition.)
process_has() {
	local line=

	{ read -r line <"/proc/$1/$2"; } 2>/dev/null || :
	# shellcheck disable=SC2053 # it is a pattern
	[[ $line == $3 ]]
}

is_asleep() {
	process_has "$1" wchan '*futex*'
}

rests() {
	is_asleep "$1" || is_gone "$1"
}

is_stopped() {
	local state

	{ read -r _ _ state _ <"/proc/$1/stat"; } 2>/dev/null && [ "$state" = T ]
}

# wait_until COMMAND...: runs it until it succeeds.  After some tries it pauses longer, because the machine
# may have other work.
wait_until() {
	untraced poll "$@"
}

poll() {
	local end=$((SECONDS + LIMIT)) pause=0.003 tries=0

	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "gave up: $*"
			return 1
		fi
		tries=$((tries + 1))
		[ "$tries" -ne 20 ] || pause=0.03
		pause_for "$pause"
	done
}

# pause_for SECONDS: as sleep(1), but without a process.  Nobody writes to this FIFO.
pause_for() {
	[ -p "$BATS_FILE_TMPDIR/pause" ] || mkfifo "$BATS_FILE_TMPDIR/pause"
	read -rt "$1" <>"$BATS_FILE_TMPDIR/pause" || :
}

# ---- looking ---------------------------------------------------------------

# waiters NAME N [OPTION...]: N waits are in line for NAME.  (`ls` reaps: do not use `waiters` where a test
# looks for a lost wake-up.)
waiters() {
	local json bare

	json=$(timeout -s KILL "$LIMIT" "$COMPL" ls "$1" --json "${@:3}" 3>&-) || return
	json=${json%%'"producers":'*}
	bare=${json//'"pid":'/}
	[ $(((${#json} - ${#bare}) / 6)) -eq "$2" ]
}

wait_until_waiting() {
	wait_until waiters "$1" "$2"
}

# left NAME N: the counter of NAME is N (a missing name is at 0).
left() {
	untraced compare_counter "$@"
}

compare_counter() {
	local json

	expect 0 ls "$1" --json || return
	json=$out
	if [ "$2" -eq 0 ] && [[ $json != *'"name":'* ]]; then
		return 0
	fi
	[[ $json =~ \"done\":\ *$2[,}] ]] && return
	echo "$1 should be at $2: $json"
	return 1
}

# names NAME...: these names exist, and no others.
names() {
	expect 0 ls --names || return
	[ "$out" = "$(printf '%s\n' "$@")" ] && return
	echo "names: $out, expected: $*"
	return 1
}

# look FILTER [NAME]: runs jq on `ls --json`.
look() {
	untraced filter_listing "$@"
}

filter_listing() {
	expect 0 ls --json "${@:2}" && jq -e "$1" "$tmp/out" >"$tmp/jq" && return
	echo "not so: $1: $out"
	return 1
}

# ---- privileges --------------------------------------------------------------

# A test asks for the privileges that it needs before it begins.  Each is tried, because root may lack
# any of them in a container, and other users may have them.  The reason of the skip names what is
# missing.

need_root() {
	[ "$EUID" -eq 0 ] || skip "needs root"
}

# need_namespaces KIND...: skips unless the test may make new namespaces of these kinds (mount, pid, time, user),
# with the mounts that tests make in them.
need_namespaces() {
	local kind said kinds=$* flags=() try=(true)

	for kind; do
		case $kind in
		mount) flags+=(-m) try=(mount -t tmpfs none /dev/shm) ;;
		pid) flags+=(-p -f --mount-proc) ;;
		time) flags+=(-T --monotonic 1 -f) ;;
		user) flags+=(-U -r) ;;
		esac
	done
	said=$(unshare "${flags[@]}" "${try[@]}" 2>&1) ||
		skip "may not make a ${kinds// / and } namespace (CAP_SYS_ADMIN): ${said%%$'\n'*}"
}

# Skips unless strace may trace a command; other tools here need ptrace as well.
need_trace() {
	local said

	said=$(strace -o /dev/null true 2>&1) || skip "may not trace (ptrace): ${said%%$'\n'*}"
}

as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# Skips unless commands and files of other users are possible.  Other users may have no access to the
# checkout: from here on $COMPL is a copy that they can reach.
need_others() {
	local said

	need_root
	said=$({ : >"$tmp/theirs" && chown 65534 "$tmp/theirs" && "${as_nobody[@]}" true; } 2>&1) ||
		skip "may not act as another user (CAP_CHOWN, CAP_SETUID, CAP_SETGID): $said"
	lend "$COMPL"
	COMPL=$lent
}

# lend PROGRAM: $lent is a copy that every user can run.
lend() {
	local said

	: "${lender:=$(mktemp -d "${TMPDIR:-/tmp}/compl-lent.XXXXXX")}"
	chmod 711 "$lender"
	lent=$lender/${1##*/}
	cp "$1" "$lent"
	chmod 755 "$lent"
	said=$("${as_nobody[@]}" test -x "$lent" 2>&1) ||
		skip "nobody but root can reach ${TMPDIR:-/tmp}, or run what is there: $said"
}

# ---- how it ends -------------------------------------------------------------

# Prints the signal or status with which a command really ended: "exit 3", "signal 15".
ending() {
	timeout -s KILL "$LIMIT" "$COMPL_TOOLS/ending" "$@" 3>&-
}
