#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it needs redis-server and PostgreSQL)
#
# jobs.bats - scripts of five jobs, each run twice and again after kills of what takes part in it
#
# The jobs: a start-up with redis and PostgreSQL, a gate in CI, a nightly job, a limit of three, and a barrier of five
# over ten rounds.

load helper
load living

setup() {
	begin
	work=$tmp as=() servers=
	PATH=$tmp/bin:$PATH
	mkdir bin
	ln -s "$(realpath "$COMPL")" bin/compl
	mark=JOBS=$COMPL_NAMESPACE
}

teardown() {
	local key id

	kill_living
	if [ -e "$work/data/postmaster.pid" ]; then # after a failure; System V shared memory outlives its owner
		read -r key id < <(sed -n 7p "$work/data/postmaster.pid")
		ipcrm -m "$id" || echo "key $key is gone"
	fi
	finish
}

# The processes of the jobs, one a line.  A server overwrites its environment when it sets its title, so it is found
# by its folder.
living_pids() {
	grep -lFsz "$mark" /proc/[0-9]*/environ | grep -o '[0-9]*'
	[ -z "$servers" ] || find /proc/[0-9]*/cwd -prune -lname "$servers*" -printf '%h\n' 2>/dev/null | grep -o '[0-9]*'
}

# find_pid EXPRESSION: prints the pid of a process of the jobs whose command line matches.
find_pid() {
	local pid

	for pid in $(pgrep -f -- "$1"); do
		if grep -qFsz "$mark" "/proc/$pid/environ" || [[ $servers && $(readlink "/proc/$pid/cwd") == "$servers"* ]]; then
			echo "$pid"
			return
		fi
	done
	return 1
}

runs_now() {
	find_pid "$1" >/dev/null
}

is_over() {
	! runs_now "$1"
}

# kill_one EXPRESSION: kills such a process of the jobs, if there is one.
kill_one() {
	local pid

	pid=$(find_pid "$1") && kill -KILL "$pid" && wait_until is_gone "$pid" || return
	echo "killed: $1"
}

# kill_any: kills a process of the jobs, whichever.
kill_any() {
	local pids

	mapfile -t pids < <(living_pids)
	[ "${#pids[@]}" -eq 0 ] || kill -KILL "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null || :
}

# script NAME: writes it, from the standard input.
script() {
	cat >"$work/$1"
	chmod 755 "$work/$1"
}

# runs COMMAND...: its status is in $got, its output in $said.
runs() {
	got=0
	said=$(cd "$work" && timeout -s KILL 100 "${as[@]}" env "$mark" "$@" 2>"$tmp/err" 3>&-) || got=$?
	echo "$*: status $got, says: $said, $(<"$tmp/err")"
}

# twice WANTED COMMAND...: it succeeds and says this, two times.
twice() {
	local wanted=$1 round

	shift
	for round in 1 2; do
		runs "$@"
		[ "$got" -eq 0 ]
		[ "$said" = "$wanted" ]
	done
}

# starts COMMAND...: in the background, as $job.
starts() {
	(cd "$work" && exec "${as[@]}" env "$mark" "$@" >"$tmp/job.out" 2>"$tmp/job.err" 3>&-) &
	job=$!
}

# ends_with STATUS: so does the command in the background.
ends_with() {
	got=0
	wait_until is_gone "$job"
	wait "$job" || got=$?
	echo "the job in the background: status $got: $(<"$tmp/job.err")"
	[ "$got" -eq "$1" ]
}

# ---- a start-up ------------------------------------------------------------------------------------

# set_up_database: as another user than root, which PostgreSQL refuses.
set_up_database() {
	local folders=(/usr/lib/postgresql/*/bin)

	[ -x "${folders[-1]}/initdb" ] || skip "PostgreSQL is not installed"
	work=$tmp/work servers=$tmp/work
	mkdir "$work"
	if [ "$EUID" -eq 0 ]; then
		need_others
		work=$lender/work
		servers=$work
		install -d -o 65534 -g 65534 "$work"
		install -D -m 755 "$COMPL" "$lender/bin/compl"
		chmod 711 "$lender/bin"
		as=("${as_nobody[@]}")
		PATH=$lender/bin:$PATH
	fi
	export PATH=${folders[-1]}:$PATH
	runs initdb --pgdata data --username app --auth trust --no-sync --no-locale
	[ "$got" -eq 0 ]
	cat >>"$work/data/postgresql.conf" <<-EOF
		listen_addresses = ''
		unix_socket_directories = '$work'
		dynamic_shared_memory_type = mmap
		fsync = off
	EOF
	script start <<-'EOF'
		#!/bin/sh
		compl run db --single -b --ready probe:"pg_isready -h '$PWD'" --every 50ms -- \
			postgres -D data || [ $? -eq 124 ] || exit
		compl run cache --single -b --ready notify -- \
			redis-server --supervised systemd --port 0 --unixsocket cache --logfile log --save '' ||
			[ $? -eq 124 ] || exit
		compl wait db cache --fail-fast --timeout 60s -- ./app
	EOF
	script app <<-'EOF'
		#!/bin/sh
		until [ ! -e held ]; do sleep 0.01; done
		echo "$(psql -h "$PWD" -U app -d postgres -Atc 'SELECT 6 * 7') $(redis-cli -s cache ping)" | grep -x '42 PONG'
	EOF
}

# A PostgreSQL that was killed when it had made its lock file, and had not written it yet, asks its administrator to
# remove the file.
remove_empty_lock() {
	[[ $(<"$tmp/err") == *'lock file "'*'" is empty'* ]] || return 0
	runs_now '^postgres -D data' ||
		find "$work" -maxdepth 2 -empty '(' -name '.s.PGSQL.*.lock' -o -name postmaster.pid ')' -print -delete
}

# works_again COMMAND...: it may fail, at once and with a status that says why, as long as something of a killed run is
# still there.  Then it works, twice.
works_again() {
	local end=$((SECONDS + LIMIT))

	for (( ; ; )); do
		runs "$@"
		case $got in
		0) break ;;
		124) # nothing was told of what it waits for
			return 1 ;;
		esac
		[ -z "$said" ] # the app has not run, or the kill came while it ran
		[ "$SECONDS" -lt "$end" ]
		remove_empty_lock
		sleep 0.05
	done
	twice '42 PONG' "$@"
}

end_daemons() {
	local name

	for name in db cache; do
		kill -TERM "$(find_pid "^compl run $name ")" || :
	done
	wait_until nobody_lives
}

@test "start-up: an app has redis and PostgreSQL, which go on, whatever was killed before" {
	local victim i

	set_up_database
	twice '42 PONG' ./start
	for victim in '^compl run db ' '^compl run cache ' '^redis-server ' '^postgres -D data'; do
		kill_one "$victim"
		works_again ./start
	done
	for i in {1..5}; do
		end_daemons
		starts ./start
		sleep "0.0$((RANDOM % 10))" # so the kill hits the start-up at another moment each time
		kill_any
		wait_until is_gone "$job"
		wait "$job" || :
		works_again ./start
	done
	end_daemons
	runs compl check
	[ "$got" -eq 0 ]
}

@test "start-up: in a scope the app has redis and PostgreSQL of its own, and nothing is left of a failed run" {
	local victim

	set_up_database
	twice '42 PONG' compl scope --kill -- ./start
	nobody_lives
	for victim in '^compl run db ' '^compl run cache ' '^redis-server ' '^postgres -D data' 'sh \./app'; do
		touch "$work/held"
		starts compl scope --kill -- ./start
		wait_until runs_now 'sh \./app'
		kill_one "$victim"
		case $victim in # its server has got SIGTERM, and would still answer for a moment
		*"run db "*) wait_until is_over '^postgres -D data' ;;
		*"run cache "*) wait_until is_over '^redis-server ' ;;
		esac
		rm "$work/held"
		wait_until is_gone "$job"
		if wait "$job"; then
			return 1
		fi
		nobody_lives
		twice '42 PONG' compl scope --kill -- ./start
	done
	# What a killed scope leaves behind is in the way of the next run, which says so, or answers in its stead: a
	# probe cannot tell the two.
	touch "$work/held"
	starts compl scope --kill -- ./start
	wait_until runs_now 'sh \./app'
	kill_one '^compl scope '
	rm "$work/held"
	runs compl scope --kill -- ./start
	[ "$got:$said" = '0:42 PONG' ] || [[ $got = 1 && $(<"$tmp/err") == *"compl: wait: db: status 1"* ]]
	end_daemons
	wait "$job" || :
	twice '42 PONG' compl scope --kill -- ./start
}

# ---- a gate in CI ----------------------------------------------------------------------------------

@test "gate: it opens if all jobs succeed, and never after a kill" {
	local victim job_name

	script gate <<-'EOF'
		#!/bin/sh
		for job in unit docs lint; do
			compl run "$job" -b -- ./job "$job"
		done
		compl wait unit docs lint --fail-fast --timeout 60s && echo deployed
	EOF
	script job <<-'EOF'
		#!/bin/sh
		until [ ! -e "held.$1" ]; do sleep 0.01; done
	EOF
	twice deployed compl scope --kill -- ./gate
	for victim in '^compl run unit ' '^compl run lint ' 'sh \./job lint' 'sh \./job unit' '^compl wait ' '^/bin/sh \./gate'; do
		touch held.unit held.lint
		starts compl scope --kill -- ./gate
		wait_until runs_now '^compl wait unit '
		kill_one "$victim"
		rm held.*
		wait_until is_gone "$job"
		if wait "$job"; then
			return 1
		fi
		[ ! -s job.out ]
		nobody_lives
		twice deployed compl scope --kill -- ./gate
	done
	# The gate of a killed scope stays shut, and the next run has nothing to do with what is left.
	touch held.unit
	starts compl scope --kill -- ./gate
	wait_until runs_now '^compl wait unit '
	kill_one '^compl scope '
	rm held.unit
	twice deployed compl scope --kill -- ./gate
	wait_until nobody_lives
	[ ! -s job.out ]
}

# ---- a nightly job -----------------------------------------------------------------------------------

@test "nightly job: only one runs at a time, also beside what a crash has left" {
	script nightly <<-'EOF'
		#!/bin/sh
		exec compl run nightly --all --single -q -- ./backup
	EOF
	# It starts a helper that outlives it if it is killed, and notes if anybody else is at work.
	script backup <<-'EOF'
		#!/bin/bash
		exec 8>lock
		flock -n 8 || echo "two at a time" >>wrong
		(until [ ! -e held ]; do sleep 0.01; done) &
		echo >begun
		wait
		echo "backup made"
	EOF
	twice "backup made" ./nightly
	local victim
	for victim in '^compl run nightly ' '^/bin/bash \./backup'; do
		rm -f begun
		touch held
		starts ./nightly
		wait_until test -s begun
		runs ./nightly
		[ "$got" -eq 124 ]
		[ -z "$said" ]
		background w compl wait nightly --outcome -q
		await_sleep w
		kill_one "$victim"
		wait_until is_gone "$job"
		wait "$job" 2>/dev/null || :
		outcome w
		case $victim in
		*run*) [ "$(<w.out)" = producer-died ] ;;
		*) [ "$(<w.out)" = "done 137" ] ;;
		esac
		# The helper still runs.
		runs ./nightly
		[ "$got" -eq 124 ]
		[ -z "$said" ]
		rm held
		until_works "backup made" ./nightly
		twice "backup made" ./nightly
	done
	[ ! -e wrong ]
}

# until_works WANTED COMMAND...: until then it ends with 124.
until_works() {
	local end=$((SECONDS + LIMIT))

	for (( ; ; )); do
		runs "${@:2}"
		[ "$got" -ne 0 ] || break
		[ "$got" -eq 124 ]
		[ "$SECONDS" -lt "$end" ]
		sleep 0.05
	done
	[ "$said" = "$1" ]
}

# ---- a limit of three --------------------------------------------------------------------------------

@test "limit: of twenty jobs three run at a time, whatever is killed, and no place is lost" {
	local round i jobs

	script limited <<-'EOF'
		#!/bin/sh
		compl init slots --count 3 --exist-ok
		exec compl wait slots --borrow -- ./job "$1"
	EOF
	script job <<-'EOF'
		#!/bin/bash
		for i in 1 2 3; do
			exec 8>"seat.$i"
			flock -n 8
			case $? in
			0) sleep 0.0$((RANDOM % 9)); echo "$1" >>ran; exit ;;
			1) ;; # somebody sits there
			*) exit 1 ;; # flock was killed, and the seat may be free
			esac
		done
		echo "four at a time" >>wrong
	EOF
	for round in quiet kills kills quiet; do
		rm -f ran
		jobs=()
		for i in {1..20}; do
			env "$mark" ./limited "$i" 2>/dev/null 3>&- &
			jobs+=($!)
		done
		if [ "$round" = kills ]; then
			for i in {1..8}; do
				kill_any
			done
		fi
		wait "${jobs[@]}" 2>/dev/null || :
		[ "$round" = kills ] || [ "$(sort -n ran)" = "$(seq 20)" ]
		wait_until nobody_lives
		[ ! -e wrong ]
		wait_until left slots 3
	done
}

# ---- a barrier ---------------------------------------------------------------------------------------

# The four workers that are not held sleep in the barrier.  (Those that it has just released are not all asleep.)
four_at_barrier() {
	local pid asleep=0

	for pid in $(pgrep -f '^compl barrier '); do
		! grep -qFsz "$mark" "/proc/$pid/environ" || ! is_asleep "$pid" || asleep=$((asleep + 1))
	done
	[ "$asleep" -eq 4 ]
}

@test "barrier: five workers compute ten rounds, go on where they were killed, and the result is the same" {
	local round point victim wanted='10: 55 110 165 220 275'

	# Worker I adds I times the round to its cell.  The one whose place is 1 puts the round together, in one step.
	# `at` is where the test holds a worker.
	script worker <<-'EOF'
		#!/bin/sh
		at() {
			[ "$(cat hold 2>/dev/null)" = "$*" ] || return 0
			touch held
			while [ -e hold ]; do sleep 0.01; done
		}
		while read -r round cells <state; round=${round%:}; [ "$round" -lt 10 ]; do
			set -- "$1" $cells
			eval "cell=\$$(($1 + 1))"
			echo "$((cell + $1 * (round + 1)))" >"cell.$1"
			at "$1 in $round"
			place=$(compl barrier step --parties 5 --print) || exit
			if [ "$place" -eq 1 ]; then
				echo "$((round + 1)): $(cat cell.1 cell.2 cell.3 cell.4 cell.5 | paste -sd ' ')" >next
				mv next state
				echo >>merges
				at "after $round"
			fi
			compl barrier step --parties 5 || exit
		done
	EOF
	# If a worker dies, so that the others would wait for it, all are ended.
	script compute <<-'EOF'
		#!/bin/sh
		[ -e state ] || echo "0: 0 0 0 0 0" >state
		for i in 1 2 3 4 5; do
			compl run "worker.$i" -b -- ./worker "$i"
		done
		compl wait worker.1 worker.2 worker.3 worker.4 worker.5 --fail-fast --timeout 60s && cat state
	EOF
	for round in 1 2; do
		rm -f state merges
		twice "$wanted" compl scope --kill -- ./compute
		[ "$(wc -l <merges)" -eq 10 ]
	done
	rm -f state merges
	while read -r point victim; do
		echo "${point//_/ }" >hold
		rm -f held
		starts compl scope --kill -- ./compute
		wait_until test -e held
		wait_until four_at_barrier
		kill_one "$victim"
		rm hold
		wait_until is_gone "$job"
		if wait "$job"; then
			return 1
		fi
		nobody_lives
	done <<-'EOF'
		5_in_1 ^compl run worker\.2 
		1_in_3 ^compl barrier 
		after_4 ^/bin/sh \./worker 3
		4_in_6 ^/bin/sh \./worker 4
		after_8 ^compl wait 
	EOF
	twice "$wanted" compl scope --kill -- ./compute
}
