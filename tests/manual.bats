#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
#
# manual.bats - the examples of the manual pages and of README.md, run as they are printed

bats_require_minimum_version 1.5.0
load living

: "${COMPL:=$BATS_TEST_DIRNAME/../build/compl}"

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	unset COMPL_NAMESPACE COMPL_TIMEOUT COMPL_EXISTING CI_RUN
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin scratch
	ln -s "$(realpath "$COMPL")" bin/compl
	# If the file `held` exists, the first one never ends.
	printf '%s\n' '#!/bin/sh' '[ -e "$TOP/held" ] && mkdir "$TOP/is-held" 2>/dev/null && exec /bin/sleep 1000' \
		'exec /bin/sleep "$@"' >bin/sleep
	chmod +x bin/sleep
	export PATH=$PWD/bin:$PATH TMPDIR=$PWD/scratch TOP=$PWD
}

teardown() {
	kill_living # after a failure something may be left
	[ -z "$(compgen -G "/dev/shm/compl*-$$")" ]
}

# extract PAGE FIRST-LINE: writes the literal blocks that begin with this line to block.1, block.2 …
extract() {
	awk -v first="$2" '
		/^\.Bd -literal/ { getline; if (index($0, first) == 1) { out = "block." ++n } }
		/^\.Ed/ { out = "" }
		out { print >out }' "$1"
}

# in_our_namespaces FILE...: lets scripts use namespaces of this test.
in_our_namespaces() {
	sed -i "s/COMPL_NAMESPACE=\([a-z]\+\)\$/COMPL_NAMESPACE=\1-$$/" "$@"
}

# The processes of killed(), and all that they have started, one a line.  They have TOP twice in their environment.
living_pids() {
	grep -lFsz "EXAMPLE=$TOP" /proc/[0-9]*/environ | grep -o '[0-9]*'
}

# killed COMMAND...: kills it and all that it has started, also in sessions of their own, in the middle of its work.
killed() {
	local tries
	: >held
	EXAMPLE=$TOP "$@" >killed.out 2>&1 3>&- &
	for tries in {1..1000}; do
		[ ! -e is-held ] || break
		/bin/sleep 0.02
	done
	[ "$tries" -lt 1000 ]
	rm held
	kill_living
	wait $! || :
	rm -r is-held "${TMPDIR:?}"
	mkdir "$TMPDIR"
}

# left_nobody: whoever has posted may need a moment to end.
left_nobody() {
	local tries

	for tries in {1..1000}; do
		! nobody_lives || return 0
		/bin/sleep 0.02
	done
	return 1
}

# run_block FILE: it prints something, no error, and leaves no file and no process behind.  It says what it has
# said the last time, if there was one.
run_block() {
	echo "$1:"
	cat "$1"
	# shellcheck disable=SC2016 # for the inner shell
	EXAMPLE=$TOP run -0 timeout -s KILL 60 sh -c 'exec sh "$0" >out 2>err' "$1" 3>&-
	echo "said:"
	cat out err
	[ -s out ]
	[ ! -s err ]
	left_nobody
	[ -z "$(ls -A "$TMPDIR")" ]
	# Which worker takes an item, and when a job is done, may differ.
	sed 's/^worker .*: //' out | sort >said
	[ ! -e "said.$1" ] || diff "said.$1" said
	mv said "said.$1"
}

@test "each example of compl.1 prints something, no error, and leaves nothing behind, twice and after a kill" {
	local block space count=0 kills=0
	extract "$top/man/compl.1" '#!/bin/sh'
	in_our_namespaces block.*
	for block in block.*; do
		run_block "$block"
		run_block "$block"
		if grep -q sleep "$block"; then
			killed sh "$block"
			run_block "$block"
			kills=$((kills + 1))
		fi
		count=$((count + 1))
	done
	[ "$count" -eq 8 ]
	[ "$kills" -eq 7 ] # one prints a unit
	while read -r space; do
		compl -n "$space" check
		compl -n "$space" rm --all
	done < <(sed -n 's/^export COMPL_NAMESPACE=//p' block.*)
}

@test "the snippets of compl.1 are right twice, and after they were killed" {
	local round i
	export COMPL_NAMESPACE=snippet-$$
	extract "$top/man/compl.1" 'g=$(compl reinit'
	mv block.1 question
	rm -f block.*
	extract "$top/man/compl.1" 'place=$(compl barrier'
	mv block.1 round
	printf '%s\n' '#!/bin/sh' 'sleep 0.01' 'echo "$place" >>"$TOP/merged"' >bin/merge-results
	printf '%s\n' 'export place' 'for i in 1 2 3; do (. "$TOP/round") & done' '. "$TOP/round"' 'wait' >rounds
	chmod +x bin/merge-results
	for round in 1 2 3; do
		says 42 sh question
		rm -f merged
		says '' sh rounds
		[ "$(<merged)" = 1 ]
		((round != 2)) || { killed sh question; killed sh rounds; }
	done
	compl check
	compl rm --all
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
		/^[*][*]Three jobs/ { next_file = "readme.limit" }
		/^[*][*]Two units/ { next_file = "readme.units" }
		/^More in/ { exit }
		/^    / && next_file { file = next_file; print substr($0, 5) >file; next }
		/^$/ && file { print "" >file; next }
		file { file = "" }' "$top/README.md"
	in_our_namespaces readme.{startup,daemon,limit,units}
}

# Small versions of the programs that the examples of README.md call.  Each prints a line when it does its
# work, so that an answer from an earlier run shows in the order of the lines.
stand_ins() {
	local name
	printf '%s\n' '#!/bin/sh' 'sleep 0.1' 'echo "$0 is ready"' >worker
	chmod +x worker
	for name in bin/start-db bin/fill-shop; do
		ln -s "$PWD/worker" "$name"
	done
	printf '%s\n' '#!/bin/sh' '[ "$*" = "--supervised systemd" ] || exit 9' '"$TOP/worker"' \
		'systemd-notify --ready' 'while [ -e "$TOP/daemon-goes-on" ]; do sleep 0.02; done' >bin/redis-server
	printf '%s\n' '#!/bin/sh' '[ "$1" = test ] || exit 0' '"$TOP/worker"; exit "${TESTS_SAY:-0}"' >bin/make
	printf '%s\n' '#!/bin/sh' 'echo "app runs, $COMPL_NAME"' >app
	printf '%s\n' '#!/bin/sh' 'echo deployed' >deploy
	# What goes on in the background keeps a pipe open.
	printf '%s\n' '#!/bin/sh' '"$@" >both 2>&1' 's=$?' 'cat both' 'exit $s' >in_file
	chmod +x app deploy in_file bin/*
}

# says WANTED COMMAND...: the command ends with 0, and its lines are WANTED.
says() {
	local wanted=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	run -0 timeout -s KILL 60 "$@" 3>&-
	diff <(echo "$wanted") <(sed "s|^.*/worker|worker|; s|^.*/bin/|worker |; s|^worker [a-z-]* is|worker is|" <<<"$output")
}

# ended NAMESPACE: no producer lives there.
ended() {
	local tries
	for tries in {1..1000}; do
		compl -n "$1" ls --json | grep -q '"producers":\[{' || return 0
		sleep 0.02
	done
	return 1
}

@test "the start-up example of README.md is right on its second run, and after it was killed" {
	local round
	extract_readme
	stand_ins
	for round in 1 2 3; do
		says $'worker is ready\napp runs, db-ready' sh readme.startup
		((round < 2)) || killed sh readme.startup
	done
	compl -n "shop-$$" rm --all
}

@test "the daemon of README.md is right on its second run, and after it was killed" {
	local round
	extract_readme
	stand_ins
	for round in 1 2 3; do
		: >daemon-goes-on
		says $'worker is ready\napp runs, cache' ./in_file sh readme.daemon
		# While the daemon runs, the next run leaves it alone.
		run -0 timeout -s KILL 60 ./in_file sh readme.daemon 3>&-
		[[ $output == *"produces it already"*"app runs, cache" ]]
		rm daemon-goes-on
		ended "shop-$$"
		((round < 2)) || killed sh readme.daemon
	done
	# As if an older daemon still had the address.
	printf '%s\n' '#!/bin/sh' 'exit 7' >bin/redis-server
	run -7 timeout -s KILL 60 ./in_file sh readme.daemon 3>&-
	[[ $output != *"app runs"* ]]
	compl -n "shop-$$" rm --all
}

@test "the gate of README.md is right on its second run, after it was killed, and after a failure" {
	local command words
	command=$(sed -n 's/^own: `\(compl scope .*\)`$/\1/p' "$top/README.md")
	[ "$command" = "compl scope -- sh gate.sh" ]
	read -ra words <<<"$command"
	extract_readme
	stand_ins
	mv readme.gate gate.sh
	says $'worker is ready\ndeployed' "${words[@]}"
	says $'worker is ready\ndeployed' "${words[@]}"
	killed "${words[@]}"
	says $'worker is ready\ndeployed' "${words[@]}"
	TESTS_SAY=3 run -3 timeout -s KILL 60 "${words[@]}" 3>&-
	[[ $output != *deployed* ]]
	says $'worker is ready\ndeployed' "${words[@]}"
}

@test "by the limit of README.md three jobs run, on its second run, and after they were killed" {
	local i round jobs
	extract_readme
	printf '%s\n' '#!/bin/sh' 'echo >>"$TOP/begun"; exec sleep 1000' >job
	chmod +x job
	export TOP=$PWD
	for round in 1 2; do
		: >begun
		jobs=()
		for i in 1 2 3; do
			setsid sh readme.limit 3>&- &
			jobs+=($!)
		done
		for i in {1..1000}; do
			[ "$(wc -l <begun)" -lt 3 ] || break
			sleep 0.02
		done
		[ "$(wc -l <begun)" -eq 3 ]
		run -124 env COMPL_TIMEOUT=0 timeout -s KILL 60 sh readme.limit 3>&-
		[ "$(wc -l <begun)" -eq 3 ]
		for i in "${jobs[@]}"; do
			kill -KILL -- "-$i"
		done
		wait "${jobs[@]}" || :
		compl -n "shop-$$" wait slots --count 3 -t 30s --borrow -- true
	done
	compl -n "shop-$$" rm --all
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
	# Both are killed: the first one in its work, and then the second one, which waits for it.  The commands for
	# stopping run after that, too.
	killed start shop-data.service
	obey shop-data.service ExecStopPost
	run -124 start shop.service
	start shop-data.service
	run -0 start shop.service
	obey shop-data.service ExecStopPost
	# It fails, and then its state is not there either.  The commands for stopping run after a failure, too.
	printf '%s\n' '#!/bin/sh' 'exit 3' >worker
	run -3 start shop-data.service
	obey shop-data.service ExecStopPost
	run -124 start shop.service
	compl rm --all
}
