#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# manual.bats - the examples of the manual pages and of README.md, run as they are printed

bats_require_minimum_version 1.5.0

: "${COMPL:=$BATS_TEST_DIRNAME/../build/compl}"

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	unset COMPL_NAMESPACE COMPL_TIMEOUT COMPL_EXISTING CI_RUN
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin scratch
	ln -s "$(realpath "$COMPL")" bin/compl
	export PATH=$PWD/bin:$PATH TMPDIR=$PWD/scratch
}

teardown() {
	[ -z "$(compgen -G "/dev/shm/compl*-$$")" ]
}

# extract PAGE FIRST-LINE: writes the literal blocks that begin with this line to block.1, block.2 …
extract() {
	awk -v first="$2" '
		/^\.Bd -literal/ { getline; if (index($0, first) == 1) { out = "block." ++n } }
		/^\.Ed/ { out = "" }
		out { print >out }' "$1"
}

# No segment with this process id in its name, and no file, is left.
left_nothing() {
	[ -z "$(compgen -G "/dev/shm/compl*-$1")" ]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "each example of compl.1 prints something, no error, and leaves nothing behind, twice" {
	local block count=0
	extract "$top/man/compl.1" '#!/bin/sh'
	for block in block.* block.*; do
		echo "$block:"
		cat "$block"
		# shellcheck disable=SC2016 # for the inner shell
		run -0 timeout -s KILL 60 sh -c 'echo $$ >pid; exec sh "$0" >out 2>err' "$block" 3>&-
		echo "said:"
		cat out err
		[ -s out ]
		[ ! -s err ]
		left_nothing "$(<pid)"
		count=$((count + 1))
	done
	[ "$count" -eq 14 ]
}

@test "the workers of compl.1 take each item exactly once" {
	local queue
	extract "$top/man/compl.1" '#!/bin/sh'
	queue=$(grep -l 'Two workers' block.*)
	timeout -s KILL 60 sh "$queue" >out 3>&-
	[ "$(sed 's/.*: //' out | sort | tr '\n' ' ')" = "item 1 item 2 item 3 item 4 item 5 item 6 " ]
}

# extract_header: writes the programs in the comments of compl.h, each an indented block, to header.1.c and so on.
extract_header() {
	awk '
		/^ [*]\t#include/ && !out { out = "header." ++n ".c" }
		out && !/^ [*]\t/ && !/^ [*]$/ { out = "" }
		out { sub(/^ [*]\t?/, ""); print >out }' "$top/src/compl.h"
}

# build_example COMPILER PROGRAM: a variable that the program forgets to set gets a bad value.
build_example() {
	"$1" -std=gnu11 -Wall -Wextra -Werror -ftrivial-auto-var-init=pattern -I"$top/src" \
		-o "${2%.c}" "$2" "$top/build/glibc/libcompl.a" -pthread
}

# run_example PROGRAM: it prints something, on stdout only.
run_example() {
	timeout -s KILL 20 "./${1%.c}" >out 2>err 3>&-
	cat out err
	[ -s out ]
	[ ! -s err ]
}

@test "the examples of compl.h and compl.3 build without a warning, set all that they read and give no old answer" {
	[ -z "${COMPL_ASAN-}" ] || skip "they are linked with the library of make glibc"
	local compiler program name count=0
	extract "$top/man/compl.3" '#include'
	for program in block.*; do
		mv "$program" "manual.${program#*.}.c"
	done
	extract_header
	sed -i "s/\"example\"/\"example-$$\"/" header.*.c
	for compiler in gcc clang; do
		if ! "$compiler" -ftrivial-auto-var-init=pattern -fsyntax-only -x c /dev/null 2>/dev/null; then
			echo "# not built with $compiler, which is not here or cannot set what is not set" >&3
			continue
		fi
		for program in manual.*.c header.*.c; do
			echo "$compiler $program:"
			build_example "$compiler" "$program"
			compl -n "example-$$" rm --all
			run_example "$program"
			mv out first
			for name in db-ready never; do
				compl -n "example-$$" reinit "$name" --force
				compl -n "example-$$" done "$name" --all --status 9 --value old
			done
			run_example "$program"
			diff first out
			count=$((count + 1))
		done
	done
	compl -n "example-$$" rm --all
	echo "$count examples"
	[ "$count" -ge 4 ]
	[ "$((count % 4))" -eq 0 ]
}

@test "the program of compl.3 prints the answer and removes its namespace" {
	[ -z "${COMPL_ASAN-}" ] || skip "it is linked with the library of make glibc"
	extract "$top/man/compl.3" '#include'
	cc -Wall -Wextra -Werror -D_DEFAULT_SOURCE -std=c11 -I"$top/src" -o program -x c block.1 \
		-x none "$top/build/glibc/libcompl.a" -pthread
	run -0 timeout -s KILL 20 sh -c 'echo $$ >pid; exec ./program' 3>&-
	[ "$output" = 42 ]
	[ -z "$(compgen -G "/dev/shm/compl.*.example-$(<pid)")" ]
}

# extract_readme: writes the examples of README.md, each an indented block, to readme.startup and so on.
extract_readme() {
	awk '
		/^[*][*]Start-up order/ { next_file = "readme.startup" }
		/^[*][*]A daemon/ { next_file = "readme.daemon" }
		/^[*][*]A gate/ { next_file = "readme.gate" }
		/^[*][*]Two units/ { next_file = "readme.units" }
		/^More in/ { exit }
		/^    / && next_file { file = next_file; print substr($0, 5) >file; next }
		/^$/ && file { print "" >file; next }
		file { file = "" }' "$top/README.md"
	sed -i "s/COMPL_NAMESPACE=shop/COMPL_NAMESPACE=shop-$$/" readme.startup readme.daemon readme.units
}

# Small versions of the programs that the examples of README.md call.  Each prints a line when it does its
# work, so that an answer from an earlier run shows in the order of the lines.  If the file `held` exists, no
# program becomes ready.
stand_ins() {
	local name
	printf '%s\n' '#!/bin/sh' '[ ! -e held ] || exec sleep 1000' 'sleep 0.1' 'echo "$0 is ready"' >worker
	chmod +x worker
	for name in bin/start-db bin/fill-shop; do
		ln -s "$PWD/worker" "$name"
	done
	printf '%s\n' '#!/bin/sh' '[ "$*" = "--supervised systemd" ] || exit 9' '"$TOP/worker"' \
		'systemd-notify --ready' 'sleep 0.2' >bin/redis-server
	printf '%s\n' '#!/bin/sh' '[ "$1" = test ] || exit 0' '"$TOP/worker"; exit "${TESTS_SAY:-0}"' >bin/make
	printf '%s\n' '#!/bin/sh' 'echo "app runs, $COMPL_NAME"' >app
	printf '%s\n' '#!/bin/sh' 'echo deployed' >deploy
	chmod +x app deploy bin/*
	export TOP=$PWD
}

# says WANTED COMMAND...: the command ends with 0, and its lines are WANTED.
says() {
	local wanted=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	run -0 timeout -s KILL 60 "$@" 3>&-
	diff <(echo "$wanted") <(sed "s|^.*/worker|worker|; s|^.*/bin/|worker |; s|^worker [a-z-]* is|worker is|" <<<"$output")
}

is_waiting() { # NAMESPACE NAME: a wait is in line there, so what was posted before is forgotten
	compl -n "$1" ls "$2" --json | grep -q '"waiters":\[{'
}

# killed NAMESPACE NAME COMMAND...: kills all of its processes while it waits for NAME.
killed() {
	local space=$1 name=$2 pid tries
	shift 2
	: >held
	rm -f pid
	setsid sh -c 'echo $$ >pid; exec "$@"' sh "$@" >killed.out 2>&1 3>&- &
	for tries in {1..1000}; do
		[ ! -s pid ] || ! is_waiting "$space" "$name" || break
		sleep 0.02
	done
	[ "$tries" -lt 1000 ]
	pid=$(<pid)
	kill -KILL -- "-$pid"
	wait $! || :
	rm held
}

@test "the start-up example of README.md is right on its second run, and after it was killed" {
	local round
	extract_readme
	stand_ins
	for round in 1 2 3; do
		says $'worker is ready\napp runs, db-ready' sh readme.startup
		((round < 2)) || killed "shop-$$" db-ready sh readme.startup
	done
	compl -n "shop-$$" rm --all
}

@test "the daemon of README.md is right on its second run, and after it was killed" {
	local round
	extract_readme
	stand_ins
	for round in 1 2 3; do
		says $'worker is ready\napp runs, cache' sh readme.daemon
		((round < 2)) || killed "shop-$$" cache sh readme.daemon
	done
	# As if the first daemon still had the address.
	printf '%s\n' '#!/bin/sh' 'exit 7' >bin/redis-server
	run -7 timeout -s KILL 60 sh readme.daemon 3>&-
	[[ $output != *"app runs"* ]]
	compl -n "shop-$$" rm --all
}

@test "the gate of README.md is right on its second run, and after a failure" {
	local command words
	command=$(sed -n 's/^own: `\(compl scope .*\)`$/\1/p' "$top/README.md")
	[ "$command" = "compl scope -- sh gate.sh" ]
	read -ra words <<<"$command"
	extract_readme
	stand_ins
	mv readme.gate gate.sh
	says $'worker is ready\ndeployed' "${words[@]}"
	says $'worker is ready\ndeployed' "${words[@]}"
	TESTS_SAY=3 run -3 timeout -s KILL 60 "${words[@]}" 3>&-
	[[ $output != *deployed* ]]
	says $'worker is ready\ndeployed' "${words[@]}"
}

# obey UNIT KEY: does what the unit of README.md says under KEY, with the command under test.
obey() {
	local line words
	line=$(awk -v unit="# $1" '/^# / { inside = $0 == unit } inside' readme.units | sed -n "s/^$2=//p")
	line=${line/#\/usr\/local\/bin\/}
	read -ra words <<<"${line/#\/usr\/local\/sbin\/}"
	"${words[@]}"
}

# start UNIT: starts it as systemd does.
start() {
	local key
	for key in ExecStartPre ExecStart ExecStartPost; do
		grep -q "^# $1\$" readme.units || return 99
		[ "$1:$key" = shop.service:ExecStartPost ] || obey "$1" "$key" || return
	done
}


@test "of the units of README.md the second starts when the first has done its work, each time" {
	local round
	extract_readme
	stand_ins
	export COMPL_NAMESPACE=shop-$$
	[ "$(grep -cx "Environment=COMPL_NAMESPACE=$COMPL_NAMESPACE" readme.units)" -eq 2 ]
	ln -s "$PWD/app" bin/shopd
	sed -i 's/timeout 60s/timeout 50ms/' readme.units
	for round in 1 2; do
		run -124 start shop.service
		start shop-data.service
		run -0 start shop.service
		[ "$output" = "app runs, " ]
		obey shop-data.service ExecStopPost
	done
	# It fails, and then its state is not there either.  The commands for stopping run after a failure, too.
	printf '%s\n' '#!/bin/sh' 'exit 3' >worker
	run -3 start shop-data.service
	obey shop-data.service ExecStopPost
	run -124 start shop.service
	compl rm --all
}
