#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it needs redis-server)
#
# examples.bats - the examples, each as a user runs it: by sh, with nothing prepared

bats_require_minimum_version 1.5.0

: "${COMPL:=$BATS_TEST_DIRNAME/../build/compl}"
export COMPL
examples=$BATS_TEST_DIRNAME/../examples

setup() {
	export TMPDIR=$BATS_TEST_TMPDIR/scratch
	mkdir "$TMPDIR"
	unset COMPL_NAMESPACE COMPL_TIMEOUT COMPL_EXISTING
}

# recorded COMMAND...: runs it with a compl that notes in which namespace it is used.  A call whose first
# words are $held never does what it is told.
recorded() {
	cat >"$BATS_TEST_TMPDIR/recorder" <<EOF
#!/bin/sh
echo "\${COMPL_NAMESPACE-}" >>"$BATS_TEST_TMPDIR/spaces"
case "\$1 \${2-}" in
"${held-}")
	echo >"$BATS_TEST_TMPDIR/is-held"
	exec sleep 1000
	;;
esac
exec "$(realpath "$COMPL")" "\$@"
EOF
	chmod +x "$BATS_TEST_TMPDIR/recorder"
	COMPL=$BATS_TEST_TMPDIR/recorder "$@"
}

# The scope of the example, which is not a namespace of the test.
find_scope() {
	scope=$(grep . spaces | sort -u)
	[[ $scope == scope.* && $scope != *$'\n'* ]]
}

# example NAME: runs it; its output is then in out and err, the name of its scope in $scope.
example() {
	cd "$BATS_TEST_TMPDIR" || return
	# shellcheck disable=SC2016 # for the inner shell
	recorded run timeout -s KILL 60 sh -c 'exec sh "$0" >out 2>err' "$examples/$1.sh" 3>&-
	echo "status $status"
	cat out err
	find_scope
}

# Processes that it started; those that were left may need a moment to end.
living() {
	grep -lFsz "COMPL_NAMESPACE=$scope" /proc/[0-9]*/environ
}

# No segment, no file, no process.
left_nothing() {
	local tries

	for tries in {1..500}; do
		[ -n "$(living)" ] || break
		sleep 0.02
	done
	ls -A "$TMPDIR" /dev/shm
	[ "$tries" -lt 500 ]
	[ -z "$(compgen -G "/dev/shm/compl.*$scope")" ]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "startup: programs that were started in the wrong order come up in the right one" {
	example startup
	[ "$status" -eq 0 ]
	[ ! -s err ]
	[ "$(awk '/ started/ { print $2 }' out | sort)" = $'accounts\napp\ndatabase\norders' ]
	local ready
	ready=$(awk '$3 == "ready" { printf "%s ", $2 }' out)
	[ "$ready" = "database accounts orders app " ] || [ "$ready" = "database orders accounts app " ]
	[[ $(tail -n 1 out) == "The right order: $ready" ]]
	[ "$(grep -cE '^[0-9]+\.[0-9][0-9]  ' out)" -eq "$(($(wc -l <out) - 1))" ]
	left_nothing
}

@test "startup fails, and cleans up, when no wait is possible" {
	# A command that posts and never waits: all are ready before the database.
	cat >"$BATS_TEST_TMPDIR/hasty" <<EOF
#!/bin/sh
[ "\$1" = wait ] || exec "$COMPL" "\$@"
EOF
	chmod +x "$BATS_TEST_TMPDIR/hasty"
	COMPL=$BATS_TEST_TMPDIR/hasty example startup
	[ "$status" -eq 1 ]
	grep -q '^The wrong order' err
	left_nothing
}

@test "wait-for-setup: no caller gets the answer before the set-up is done" {
	example wait-for-setup
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
set-up: begins
set-up: done
early user: the answer is forty-two
late user: the answer is forty-two
EOF
	left_nothing
}

@test "async-request: the waiter returns the callback's error, and the next request succeeds" {
	example async-request
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
first request: error 5
second request: error 0, read: hello
EOF
	left_nothing
}

@test "device-reset takes an answer in time, times out without one, and ignores a late one" {
	example device-reset
	[ "$status" -eq 0 ]
	[ "$(grep -c 'timed out after 300ms' err)" -eq 2 ]
	[ "$(wc -l <err)" -eq 2 ]
	diff out - <<'EOF'
reset: status 0
reset: status 124
late answer: a token nobody asked for
reset: status 124
reset: status 0
EOF
	left_nothing
}

@test "services: the app has both daemons" {
	example services
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
starts the cache, which says when it is ready
starts the queue, and a probe
app: both are ready
app: the job is to say hello
EOF
	left_nothing
}

@test "services ends at once with the status of a daemon that cannot start" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\ncase "$*" in *supervised*) exec sleep 1000 ;; esac\nexit 7\n' >"$BATS_TEST_TMPDIR/bin/redis-server"
	chmod +x "$BATS_TEST_TMPDIR/bin/redis-server"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH example services
	[ "$status" -ne 0 ]
	[ "$status" -ne 124 ]
	[ "$status" -ne 137 ]
	grep -q '^compl: wait: queue: ' err
	left_nothing
}

@test "ci-gate opens if all succeed, and names the one that does not" {
	example ci-gate
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
gate: starts lint unit
gate: open
gate: starts lint docs soak unit
gate: shut, docs ended with 3
EOF
	left_nothing
}

@test "cron: a second run gives way, and a crash is known and blocks no later run" {
	example cron
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
job: begins
cron: status 124, the last one still runs
job: ends
the job's status: 0
cron: once more, and this one crashes
job: begins
the job's status: 121
cron: the next time nothing is in its way
job: begins
job: ends
the job's status: 0
EOF
	left_nothing
}

# signalled SIGNAL NAME HELD: while a wait in it waits for what is not done, a signal comes to all of
# its processes, as from a terminal.  How it ended is in $ended.
signalled() {
	local signal=$1 pid held=$3 limit=$((SECONDS + 60))

	rm -f spaces is-held
	# shellcheck disable=SC2016 # for the inner shell
	recorded setsid sh -c 'echo $$ >pid; exec sh "$0" >out 2>err' "$examples/$2.sh" 3>&- &
	until [ -e is-held ] && find_scope && "$COMPL" ls -n "$scope" --json | grep -q '"waiters":\[{'; do
		[ "$SECONDS" -lt "$limit" ]
		sleep 0.02
	done
	pid=$(<pid)
	kill -"$signal" -- "-$pid"
	ended=0
	wait $! || ended=$?
	echo "$2: status $ended"
	cat out err
}

interrupted() {
	signalled TERM "$@"
	[ "$ended" -eq 143 ]
	left_nothing
}

# again NAME HELD: the example is killed, and then runs as it should, twice.
again() {
	local round killed said

	signalled KILL "$@"
	[ "$ended" -eq 137 ]
	killed=$scope
	rm -rf "${TMPDIR:?}"/* # it was killed before it could do so
	for round in 1 2; do
		rm -f spaces
		example "$1"
		[ "$status" -eq 0 ]
		left_nothing
		[ -z "$(compgen -G "/dev/shm/compl.*$killed")" ] # the next scope has swept it
		[ "$round" -eq 1 ] || [ "$(sed 's/^[0-9. ]*//' out | sort)" = "$said" ]
		said=$(sed 's/^[0-9. ]*//' out | sort)
	done
}

@test "an example that is interrupted leaves nothing behind" {
	cd "$BATS_TEST_TMPDIR" || return
	interrupted startup "done db-ready"
	interrupted wait-for-setup "done setup-done"
	interrupted async-request "done request-done"
	interrupted device-reset "done reset-done"
	interrupted services "run queue"
	interrupted ci-gate "run unit"
	interrupted cron "done begun"
}

@test "an example that was killed runs as it should the next time, and the time after" {
	cd "$BATS_TEST_TMPDIR" || return
	again wait-for-setup "done setup-done"
	again async-request "done request-done"
	again device-reset "done reset-done"
	again services "run queue"
	again ci-gate "run unit"
	again cron "done begun"
	# (Either of its two services may be the first.)
	signalled KILL startup "done db-ready"
	rm -rf spaces "${TMPDIR:?}"/*
	example startup
	[ "$status" -eq 0 ]
}
