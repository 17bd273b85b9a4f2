#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# The examples, each as a user runs it: by sh, with nothing prepared.

bats_require_minimum_version 1.5.0

: "${COMPL:=$BATS_TEST_DIRNAME/../build/compl}"
export COMPL
examples=$BATS_TEST_DIRNAME/../examples

setup() {
	export TMPDIR=$BATS_TEST_TMPDIR/scratch
	mkdir "$TMPDIR"
	unset COMPL_NAMESPACE COMPL_TIMEOUT COMPL_EXISTING
}

# example NAME: runs it; its process id is then in the file pid, its output in out and err.
example() {
	cd "$BATS_TEST_TMPDIR" || return
	# shellcheck disable=SC2016 # for the inner shell
	run timeout -s KILL 60 sh -c 'echo $$ >pid; exec sh "$0" >out 2>err' "$examples/$1.sh" 3>&-
	echo "status $status"
	cat out err
}

# Processes that an example started; they may need a moment to die.
living() {
	grep -lFsz "COMPL_NAMESPACE=$1" /proc/[0-9]*/environ
}

# left_nothing NAME: no segment, no file, no process.
left_nothing() {
	local space tries
	space=$1-$(<pid)
	for tries in {1..200}; do
		[ -n "$(living "$space")" ] || break
		sleep 0.02
	done
	[ "$tries" -lt 200 ]
	[ -z "$(compgen -G "/dev/shm/compl*$space*")" ]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "startup: who was started in the wrong order comes up in the right one" {
	example startup
	[ "$status" -eq 0 ]
	[ ! -s err ]
	[ "$(awk '/ started/ { print $2 }' out)" = $'app\naccounts\norders\ndatabase' ]
	local ready
	ready=$(awk '$3 == "ready" { printf "%s ", $2 }' out)
	[ "$ready" = "database accounts orders app " ] || [ "$ready" = "database orders accounts app " ]
	[[ $(tail -n 1 out) == "The right order: $ready" ]]
	[ "$(grep -cE '^[0-9]+\.[0-9][0-9]  ' out)" -eq "$(($(wc -l <out) - 1))" ]
	left_nothing startup
}

@test "startup: fails, and cleans up, when nobody can wait" {
	# A command that posts and never waits: everybody is ready before the database.
	cat >"$BATS_TEST_TMPDIR/hasty" <<EOF
#!/bin/sh
[ "\$1" = wait ] || exec "$COMPL" "\$@"
EOF
	chmod +x "$BATS_TEST_TMPDIR/hasty"
	COMPL=$BATS_TEST_TMPDIR/hasty example startup
	[ "$status" -eq 1 ]
	grep -q '^The wrong order' err
	left_nothing startup
}

@test "wait-for-setup: nobody gets the answer before the set-up is done" {
	example wait-for-setup
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
set-up: begins
set-up: done
early user: the answer is forty-two
late user: the answer is forty-two
EOF
	left_nothing wait-for-setup
}

@test "async-request: the waiter returns the callback's error, and the next request succeeds" {
	example async-request
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
first request: error 5
second request: error 0, read: hello
EOF
	left_nothing async-request
}

@test "device-reset: an answer in time, none in time, a late one that does not count" {
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
	left_nothing device-reset
}

# recorded NAME: the same as example, of one that runs in a scope, whose name is then in $scope.
recorded() {
	local real=$COMPL
	printf '#!/bin/sh\necho "$COMPL_NAMESPACE" >>"%s/spaces"\nexec "%s" "$@"\n' \
		"$BATS_TEST_TMPDIR" "$(realpath "$real")" >"$BATS_TEST_TMPDIR/recorder"
	chmod +x "$BATS_TEST_TMPDIR/recorder"
	COMPL=$BATS_TEST_TMPDIR/recorder example "$1"
	scope=$(grep . "$BATS_TEST_TMPDIR/spaces" | sort -u)
	[[ $scope == scope.* && $scope != *$'\n'* ]]
}

scope_left_nothing() {
	[ -z "$(compgen -G "/dev/shm/compl*$scope*")" ]
	[ -z "$(living "$scope")" ]
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "services: the app has both daemons" {
	recorded services
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
starts the cache, which says when it is ready
starts the queue, and a probe
app: both are ready
app: the job is to say hello
EOF
	scope_left_nothing
}

@test "services: a daemon that cannot start ends it at once, with its status" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\ncase "$*" in *supervised*) exec sleep 1000 ;; esac\nexit 7\n' >"$BATS_TEST_TMPDIR/bin/redis-server"
	chmod +x "$BATS_TEST_TMPDIR/bin/redis-server"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH recorded services
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ] && [ "$status" -ne 137 ]
	grep -q '^compl: wait: queue: ' err
	scope_left_nothing
}

@test "ci-gate: opens if all succeed, and names the one that does not" {
	recorded ci-gate
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
gate: starts lint unit
gate: open
gate: starts lint docs soak unit
gate: shut, docs ended with 3
EOF
	scope_left_nothing
}

@test "cron: the second gives way, a crash is known, and in nobody's way" {
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
	left_nothing cron
}

@test "an example that is interrupted cleans up" {
	cd "$BATS_TEST_TMPDIR" || return
	local pid
	setsid sh -c 'echo $$ >pid; exec sh "$0"' "$examples/startup.sh" >out 2>err 3>&- &
	until grep -q 'orders.*started' out; do sleep 0.02; done
	pid=$(<pid)
	kill -TERM -- "-$pid"
	run wait $!
	[ "$status" -ne 0 ]
	left_nothing startup
}
