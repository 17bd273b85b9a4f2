#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# scope.bats - compl scope: a namespace that lives as long as CMD

load helper

# scoped COMMAND...: runs it in a scope; its output is in out and err, its namespace in space.
# shellcheck disable=SC2016 # for the inner shell
scoped() {
	local want=$1

	shift
	expect "$want" scope -- sh -c 'echo "$COMPL_NAMESPACE" >space; "$@"' sh "$@"
	space=$(<space)
	[[ $space =~ ^scope\.[a-z0-9]+$ ]]
}

# in_scope LABEL SCRIPT: starts a scope in the background, which lasts until end-LABEL is posted
# outside; its namespace is in $space, its CMD's pid in $cmd.
# shellcheck disable=SC2016
in_scope() {
	background "$1" "$COMPL" scope -- env OUTSIDE="$COMPL_NAMESPACE" COMPL="$COMPL" LABEL="$1" sh -c \
		'echo $$ >"$LABEL.pid"; '"$2"'; echo "$COMPL_NAMESPACE" >"$LABEL.space"; exec "$COMPL" -n "$OUTSIDE" wait "end-$LABEL"'
	wait_until test -s "$1.space"
	space=$(<"$1.space")
	cmd=$(<"$1.pid")
	# This cleans up if the test fails.
	spaces+=("$space")
}

@test "CMD has a namespace of its own, which is gone when it has ended" {
	scoped 0 sh -c '"$0" done a && "$0" wait a && "$0" init b && "$0" ls --names' "$COMPL"
	printed b
	[ ! -e "/dev/shm/compl.$EUID.$space" ]
	expect 0 ls
	silent
}

@test "scope ends as CMD ended" {
	expect 0 scope -- true
	silent
	expect 7 scope -- sh -c 'exit 7'
	silent
	expect 127 scope -- ./nowhere
	one_line "^compl: scope: './nowhere': No such file or directory$"
	echo nothing >file
	expect 126 scope -- ./file
	one_line "^compl: scope: './file': "
	[ "$(ending "$COMPL" scope -- sh -c 'kill -TERM $$')" = "signal 15" ]
	[ "$(ending "$COMPL" scope -- sh -c 'kill -KILL $$')" = "signal 9" ]
}

@test "options and names that scope does not take are refused" {
	expect 125 scope
	usage_lines '^compl: scope: needs a command'
	expect 125 scope --
	usage_lines '^compl: scope: no command after --'
	expect 125 scope a -- true
	usage_lines '^compl: scope: a: '
	expect 125 scope -n other -- true
	usage_lines '^compl: scope: --namespace: '
	expect 125 scope --system -- true
	usage_lines '^compl: scope: --system: '
}

@test "a wait in a scope that ends leaves with 120" {
	in_scope s ':'
	background w env COMPL_NAMESPACE="$space" "$COMPL_WAITER" wait a b
	await_sleep w
	expect 0 done end-s
	ends 0 s
	ends 120 w
	[[ $(<w.err) == *"the namespace was removed while waiting (namespace $space of uid $EUID)" ]]
}

@test "a wait that was released in a scope keeps what was posted, though the scope ends at once" {
	local i

	for i in {1..20}; do
		in_scope s$i '"$COMPL" wait go && "$COMPL" done a --all --status 3 & :'
		background w$i env COMPL_NAMESPACE="$space" "$COMPL_WAITER" wait a
		await_sleep w$i
		"$COMPL" -n "$space" done go --all
		wait_until is_gone "${pid[w$i]}"
		expect 0 done end-s$i
		ends 0 s$i
		ends 3 w$i
	done
}

@test "a command after the end of a scope fails with 125, and creates nothing" {
	local command

	scoped 0 true
	export COMPL_NAMESPACE=$space
	for command in "wait a" "done a" "init a" "reinit a" "try a" "test a" "rm a" "run a -- true"; do
		# shellcheck disable=SC2086
		expect 125 $command
		one_line "^compl: .*the scope has ended \(namespace $space of uid $EUID\)"
	done
	expect 0 ls
	silent
	expect 0 check
	expect 0 rm --all
	expect 0 rm a -f
	[ ! -e "/dev/shm/compl.$EUID.$space" ]
}

@test "only scope creates a namespace whose name begins with scope." {
	expect 125 done a -n scope.mine
	one_line '^compl: done: a: the scope has ended \(namespace scope.mine of uid'
	[ ! -e "/dev/shm/compl.$EUID.scope.mine" ]
}

@test "scopes may be nested, and the inner one has names of its own" {
	scoped 4 sh -c '
		"$0" done a
		"$0" scope -- sh -c "\"$0\" test a || exit 4"
		got=$?
		"$0" test a && exit $got' "$COMPL"
	silent
}

@test "processes that CMD left running go on" {
	expect 0 scope -- sh -c 'sleep 1000 >sleep.out 2>&1 & echo $! >pid'
	pid[stray]=$(<pid)
	kill -0 "${pid[stray]}"
}

@test "a scope that is killed takes CMD with it, and the next one sweeps what it left" {
	in_scope s '"$COMPL" done token'
	background w env COMPL_NAMESPACE="$space" "$COMPL_WAITER" wait a
	await_sleep w
	shoot KILL s
	ends 137 s
	wait_until is_gone "$cmd"
	expect 0 scope -- true # unless another scope was quicker
	ends 120 w
	wait_until test ! -e "/dev/shm/compl.$EUID.$space" # another sweeper may be at it
}

@test "a left scope whose lock is held does not stop the next one" {
	in_scope s ':'
	background holder "$COMPL_TOOLS/hold-lock" "$space"
	wait_until grep -q held holder.out
	shoot KILL s
	ends 137 s
	expect 0 scope -- true
	[ -e "/dev/shm/compl.$EUID.$space" ]
	shoot KILL holder
	ends 137 holder
	expect 0 scope -- true
	wait_until test ! -e "/dev/shm/compl.$EUID.$space"
}

@test "a scope that lives is not swept while others are killed and swept" {
	local i living

	in_scope s '"$COMPL" done token'
	living=$space
	for i in {1..5}; do
		in_scope k$i ':'
		shoot KILL k$i
		ends 137 k$i
		"$COMPL" scope -- true &
		"$COMPL" scope -- true
		wait $!
		wait_until test ! -e "/dev/shm/compl.$EUID.$space"
	done
	expect 0 wait token -t 0 -n "$living"
	shoot STOP s
	expect 0 scope -- true
	[ -e "/dev/shm/compl.$EUID.$living" ]
	shoot CONT s
	expect 0 done end-s
	ends 0 s
	[ ! -e "/dev/shm/compl.$EUID.$living" ]
}

@test "many scopes at once, some of them killed, have a namespace each, and none is left" {
	local i

	for i in {1..12}; do
		background s$i "$COMPL" scope -- sh -c '
			"$0" done a --value "$1" || exit 1
			[ "$("$0" wait a --print -t 5s)" = "$1" ] || exit 2
			echo "$COMPL_NAMESPACE" >>all
			[ $(($1 % 4)) -ne 0 ] || kill -KILL $PPID' "$COMPL" "$i"
	done
	for i in {1..12}; do
		ends $((i % 4 == 0 ? 137 : 0)) s$i
	done
	[ "$(sort -u all | wc -l)" -eq 12 ]
	expect 0 scope -- true
	while read -r space; do
		wait_until test ! -e "/dev/shm/compl.$EUID.$space"
	done <all
}

@test "scope passes signals on to CMD as run does" {
	background s env --default-signal=INT,QUIT "$COMPL" scope -- "$COMPL_TOOLS/print-signals"
	wait_until grep -q listens s.out
	shoot HUP s
	wait_until grep -qx 1 s.out
	shoot TERM s
	wait_until grep -qx 15 s.out
	shoot WINCH s
	wait_until grep -qx 28 s.out
	shoot 37 s
	wait_until grep -qx 37 s.out
	kill -ALRM "$(pgrep -P "${pid[s]}")"
	ends 0 s
}

@test "with -u the scope belongs to that user, and is removed" {
	need_others
	expect 0 scope -u nobody -- sh -c 'echo "$COMPL_NAMESPACE" >space
		stat -c %U "/dev/shm/compl.65534.$COMPL_NAMESPACE"
		"$0" -u nobody done a && setpriv --reuid nobody --clear-groups "$0" wait a -t 0' "$COMPL"
	printed nobody
	[ ! -e "/dev/shm/compl.65534.$(<space)" ]
}

@test "a scope is created whatever the umask, and if it cannot be, scope says so" {
	# shellcheck disable=SC2016
	expect_from sh 0 -c 'umask 777 && exec "$0" scope -- "$0" done a' "$COMPL"
	# The command that says so has no limit.
	# shellcheck disable=SC2016
	run -125 bash -c '(ulimit -f 0; exec "$0" scope -- true) 2>&1 | cat; exit "${PIPESTATUS[0]}"' "$COMPL"
	[[ $output =~ ^compl:\ scope:\ (/dev/shm/compl[^:]*):\ File\ too\ large ]]
	[ ! -e "${BASH_REMATCH[1]}" ]
}

@test "scope says so if /dev/shm is read-only" {
	need_namespaces mount
	# shellcheck disable=SC2016
	expect_from unshare 125 -m sh -c 'mount -t tmpfs -o ro none /dev/shm && exec "$0" scope -- true' "$COMPL"
	one_line '^compl: scope: /dev/shm/compl.*'
}
