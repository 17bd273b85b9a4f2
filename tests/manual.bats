#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# The examples of the manual pages and of README.md, run as they stand there.

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

# extract PAGE FIRST-LINE: the literal blocks that begin so, as block.1, block.2 …
extract() {
	awk -v first="$2" '
		/^\.Bd -literal/ { getline; if (index($0, first) == 1) { out = "block." ++n } }
		/^\.Ed/ { out = "" }
		out { print >out }' "$1"
}

# No segment that bears this process id, and no file.
left_nothing() {
	[ -z "$(compgen -G "/dev/shm/compl*-$1")" ]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "each example of compl.1 says something, complains about nothing and leaves nothing behind" {
	local block count=0
	extract "$top/man/compl.1" '#!/bin/sh'
	for block in block.*; do
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
	[ "$count" -eq 7 ]
}

@test "the workers of compl.1 take each item exactly once" {
	local queue
	extract "$top/man/compl.1" '#!/bin/sh'
	queue=$(grep -l 'Two workers' block.*)
	timeout -s KILL 60 sh "$queue" >out 3>&-
	[ "$(sed 's/.*: //' out | sort | tr '\n' ' ')" = "item 1 item 2 item 3 item 4 item 5 item 6 " ]
}

@test "the program of compl.3 compiles without a warning and prints the answer" {
	[ -z "${COMPL_SANITIZED-}" ] || skip "it is linked with the library of make glibc"
	extract "$top/man/compl.3" '#include'
	[ -e block.1 ]
	[ ! -e block.2 ]
	cp block.1 program.c
	cc -Wall -Wextra -Werror -D_DEFAULT_SOURCE -std=c11 -I"$top/src" -o program program.c \
		"$top/build/glibc/libcompl.a" -pthread
	run -0 timeout -s KILL 20 sh -c 'echo $$ >pid; exec ./program' 3>&-
	[ "$output" = 42 ]
	[ -z "$(compgen -G "/dev/shm/compl.*.example-$(<pid)")" ]
}

@test "the examples of README.md do what it says" {
	# What they call, in small; the examples are the indented blocks that set COMPL_NAMESPACE.
	printf '%s\n' '#!/bin/sh' 'sleep 0.1' >bin/start-db
	printf '%s\n' '#!/bin/sh' 'echo "app runs, $COMPL_NAME"' >app
	printf '%s\n' '#!/bin/sh' 'echo deployed' >deploy
	printf '%s\n' '#!/bin/sh' '[ "$1" = test ] && exit "${TESTS_SAY:-0}"' 'exit 0' >bin/make
	printf '%s\n' '#!/bin/sh' '[ "$*" = "--supervised systemd" ] && systemd-notify --ready' 'sleep 0.2' >bin/redis-server
	chmod +x bin/start-db app deploy bin/make bin/redis-server
	awk '/^    export COMPL_NAMESPACE=/ { out = "block." ++n } !/^    / { out = "" } out { print >out }' \
		"$top/README.md"
	[ -e block.3 ]
	[ ! -e block.4 ]
	sed -i "s/COMPL_NAMESPACE=shop/COMPL_NAMESPACE=shop-$$/" block.1 block.2

	run -0 timeout -s KILL 60 sh block.1 3>&-
	[ "$output" = "app runs, db-ready" ]
	compl -n "shop-$$" rm --all

	run -0 timeout -s KILL 60 sh block.2 3>&-
	[ "$output" = "app runs, cache" ]
	compl -n "shop-$$" rm --all

	export CI_RUN=$$
	run -0 timeout -s KILL 60 sh block.3 3>&-
	[ "$output" = deployed ]
	compl -n "build-$$" rm --all

	TESTS_SAY=3 run -3 timeout -s KILL 60 sh block.3 3>&-
	[[ $output != *deployed* ]]
	compl -n "build-$$" rm --all
}

@test "the unit of README.md starts when its completion is done, and not before" {
	local line pre
	line=$(sed -n 's/^    ExecStartPre=\(.*\)$/\1/p' "$top/README.md")
	read -ra pre <<<"$line"
	[ "${pre[0]}" = /usr/local/bin/compl ]
	pre[0]=compl
	export COMPL_NAMESPACE=unit-$$
	compl done "${pre[2]}" --all
	run -0 timeout -s KILL 60 "${pre[@]}" 3>&-
	compl reinit "${pre[2]}"
	pre[-1]=50ms
	run -124 timeout -s KILL 60 "${pre[@]}" 3>&-
	compl rm --all
}
