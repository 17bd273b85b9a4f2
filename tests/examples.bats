#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it needs redis-server)
#
# examples.bats - the examples, each as a user runs it: by sh, with nothing prepared

bats_require_minimum_version 1.5.0
load living

: "${COMPL:=$BATS_TEST_DIRNAME/../build/compl}"
export COMPL
examples=$BATS_TEST_DIRNAME/../examples

setup() {
	unset COMPL_NAMESPACE COMPL_TIMEOUT COMPL_EXISTING
	scope='' half=''
}

# After a failure something may be left.
teardown() {
	for scope in "$scope" "$half"; do
		[ -z "$scope" ] || kill_living
	done
}

# in_folder NAME: what an example makes is in a folder of its own: what is left of it may go on beside the next.
in_folder() {
	mkdir -p "$BATS_TEST_TMPDIR/$1/bin" "$BATS_TEST_TMPDIR/$1/scratch"
	cd "$BATS_TEST_TMPDIR/$1" || return
	export TMPDIR=$PWD/scratch
	rm -rf spaces is-held
}

# recorded COMMAND...: runs it with a compl that notes in which namespace it is used.  The first call of compl or
# sleep(1) that begins with the two words in $held never does what it is told.
recorded() {
	local here=$PWD

	cat >"$here/bin/compl" <<EOF
#!/bin/sh
echo "\${COMPL_NAMESPACE-}" >>"$here/spaces"
[ "\$1 \${2-}" != "${held-}" ] || ! mkdir "$here/is-held" 2>/dev/null || exec /bin/sleep 1000
exec "$(realpath "$COMPL")" "\$@"
EOF
	cat >"$here/bin/sleep" <<EOF
#!/bin/sh
[ "sleep \$1" != "${held-}" ] || ! mkdir "$here/is-held" 2>/dev/null || exec /bin/sleep 1000
exec /bin/sleep "\$@"
EOF
	chmod +x "$here/bin/compl" "$here/bin/sleep"
	COMPL=$here/bin/compl PATH=$here/bin:$PATH "$@"
}

# The scope of the example, which is not a namespace of the test.
find_scope() {
	scope=$(grep . spaces | sort -u)
	[[ $scope == scope.* && $scope != *$'\n'* ]]
}

# example NAME [ARGUMENT...]: runs it; its output is then in out and err, the name of its scope in $scope.
example() {
	in_folder "$1"
	# shellcheck disable=SC2016 # for the inner shell
	recorded run timeout -s KILL 60 sh -c 'exec sh "$@" >out 2>err' sh "$examples/$1.sh" "${@:2}" 3>&-
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
	[ "$(<out)" = "The right order" ]
	# (Either of the two services may be the first, and be ready before the other one has started.)
	[ "$(sed -n '1,2p; 7,$p' err)" = 'database: started
database: ready
app: started
app: ready' ]
	[ "$(sed -n '3,6p' err | sort -s -t : -k 1,1)" = 'accounts: started
accounts: ready
orders: started
orders: ready' ]
	left_nothing
}

@test "startup fails, and cleans up, when no wait is possible" {
	# All become their programs at once.
	cat >"$BATS_TEST_TMPDIR/hasty" <<EOF
#!/bin/sh
case "\$*" in
"wait "*" -- "*)
	while [ "\$1" != -- ]; do shift; done
	shift
	exec "\$@" ;;
esac
exec "$(realpath "$COMPL")" "\$@"
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
second request: error 0, read: #!/bin/sh
EOF
	left_nothing
}

@test "device-reset takes an answer in time, times out without one, and ignores a late one" {
	example device-reset
	[ "$status" -eq 0 ]
	[ ! -s err ]
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
	[ "$status" -eq 7 ]
	[ "$(<err)" = "compl: wait: queue: status 7" ]
	left_nothing
}

@test "ci-gate opens if all succeed, and names the one that does not" {
	example ci-gate
	[ "$status" -eq 0 ]
	[ ! -s err ]
	[ "$(<out)" = "gate: open" ]
	left_nothing
	example ci-gate lint docs soak unit
	[ "$status" -eq 3 ]
	[ ! -s err ]
	[ "$(<out)" = "gate: shut, failed 3 docs" ]
	left_nothing
}

@test "cron: a second run gives way, and a crash is known and blocks no later run" {
	example cron
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
cron: status 124, the last one still runs
the job: done 0
cron: once more, and this one is killed
the job: producer-died
cron: the next time nothing is in its way
the job: done 0
EOF
	left_nothing
}

@test "limit: all jobs run, and never four at once" {
	example limit
	[ "$status" -eq 0 ]
	[ ! -s err ]
	[ "$(sort out)" = "$(for i in {1..9}; do printf 'job %s begins\njob %s ends\n' "$i" "$i"; done)" ]
	awk '/begins/ && ++running > 3 { exit 1 } /ends/ { running-- }' out
	left_nothing
}

@test "rounds: no worker begins a round before the last one is over" {
	example rounds
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
round 1: 540 270 0 0
round 2: 450 270 90 0
round 3: 390 270 120 30
EOF
	left_nothing
}

@test "question: a late answer is refused, and the right one is taken" {
	example question
	[ "$status" -eq 0 ]
	[ ! -s err ]
	diff out - <<'EOF'
asker: status 124, the answer is ''
answerer: says 'yesterday's weather', status 123
answerer: says 'today's weather', status 0
asker: status 0, the answer is 'today's weather'
EOF
	left_nothing
}

# Each line: an example, the call of it that never returns, and what `ls --json` shows before it is killed.
half_way='startup         run database       "waiters":\[\{
wait-for-setup  done setup-done    "waiters":\[\{
async-request   done request-done  "waiters":\[\{
device-reset    done reset-done    "waiters":\[\{
services        wait cache         "ready":true.*"ready":true
ci-gate         sleep 0.1          "waiters":\[\{
cron            done end           "waiters":\[\{
limit           sleep 0.1          "borrowers":\[\{
rounds          barrier round      "waiters":\[\{
question        done reply         "name":"reply"'

# start_half NAME HELD SHOWN: starts the example, and returns when it is half-way; $started is to be waited for.
start_half() {
	local held=$2 limit=$((SECONDS + 60))

	in_folder "half-$1"
	# shellcheck disable=SC2016 # for the inner shell
	recorded setsid sh -c 'echo $$ >pid; exec sh "$0" >out 2>err' "$examples/$1.sh" 3>&- &
	started=$!
	until [ -e is-held ] && find_scope && "$COMPL" ls -n "$scope" --json | grep -qE "$3"; do
		[ "$SECONDS" -lt "$limit" ]
		sleep 0.02
	done
}

# The processes of the example, one a line.
living_pids() {
	living | grep -o '[0-9]*'
}

interrupted() {
	start_half "$@"
	kill -TERM -- "-$(<pid)"
	ended=0
	wait "$started" || ended=$?
	echo "$1: status $ended"
	cat out err
	[ "$ended" -eq 143 ]
	left_nothing
}

# One of its processes is killed, and what is left of it goes on beside the next run; then all are killed.
killed() {
	local pids victim

	start_half "$@"
	half=$scope
	mapfile -t pids < <(living_pids; cat pid)
	victim=${pids[RANDOM % ${#pids[@]}]}
	echo "$1: kills $victim, $(tr '\0' ' ' 2>/dev/null <"/proc/$victim/cmdline")"
	kill -KILL "$victim" || : # it has just ended
	runs_as_it_should "$1"
	scope=$half
	kill_living
	kill -KILL "${pids[-1]}" 2>/dev/null || :
	wait "$started" || :
	runs_as_it_should "$1"
	[ -z "$(compgen -G "/dev/shm/compl.*$half")" ] # the next scope has swept it
	runs_as_it_should "$1"
}

# runs_as_it_should NAME: as the last time, if there was one.
runs_as_it_should() {
	example "$1"
	[ "$status" -eq 0 ]
	left_nothing
	sort out >sorted
	[ ! -e said ] || diff said sorted
	mv sorted said
}

@test "an example that is interrupted leaves nothing behind" {
	local name first second shown

	while read -r name first second shown; do
		interrupted "$name" "$first $second" "$shown"
	done <<<"$half_way"
}

@test "an example that was killed runs as it should the next time, and the time after" {
	local name first second shown

	while read -r name first second shown; do
		killed "$name" "$first $second" "$shown"
	done <<<"$half_way"
	[ "$(wc -l <<<"$half_way")" -eq "$(find "$examples" -name '*.sh' | wc -l)" ]
}
