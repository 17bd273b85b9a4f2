# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# shellcheck disable=SC2154 # of bench/run: dir, sh, servers
#
# peers.bash - other tools that people use to wait, each in the shortest and fastest way that we know
#
# Each function adds one tool to `contenders` (contender.h), or records which package is missing.  It
# starts the server of the tool if there is one.  No tool uses a port, or a name or file outside of $dir.

# has SERIES COMMAND PACKAGE: whether the command is installed; if not, it says so among the samples.
has() {
	type -P "$2" >/dev/null && return
	echo "$1 missing $3" >>"$samples"
	return 1
}

await_file() {
	local i
	for ((i = 0; i < 200; i++)); do
		[[ ! -e $1 ]] || return 0
		sleep 0.05
	done
	echo "bench: $1 does not appear" >&2
	return 1
}

peer_fifo() {
	mkfifo "$dir/fifo"
	contenders+=(@ hand-over/fifo asleep: 5 wait: "$(type -P cat)" "$dir/fifo"
		post: "$sh" -c ": >$dir/fifo")
}

# A sleep that has inherited the descriptor holds the lock; the waiter gets the lock when it dies.
peer_flock() {
	has hand-over/flock flock util-linux || return 0
	contenders+=(@ hand-over/flock asleep: 5
		prepare: "$sh" -c "exec 9>$dir/lock; flock 9; sleep 60 & echo \$! >$dir/holder"
		wait: "$sh" -c "exec flock 9 9>$dir/lock"
		post: "$sh" -c "read -r pid <$dir/holder; kill \$pid")
}

peer_tmux() {
	local tmux
	has hand-over/tmux tmux tmux || return 0
	tmux=$(type -P tmux)
	TMUX='' "$tmux" -S "$dir/tmux" -f /dev/null new-session -d "exec sleep infinity"
	servers+=("$("$tmux" -S "$dir/tmux" display-message -p '#{pid}')")
	contenders+=(@ hand-over/tmux asleep: 10 wait: "$tmux" -S "$dir/tmux" wait-for turn
		post: "$tmux" -S "$dir/tmux" wait-for -S turn)
}

peer_s6() {
	has hand-over/s6 s6-ftrig-wait s6 || return 0
	s6-mkfifodir "$dir/s6"
	contenders+=(@ hand-over/s6 asleep: 30 wait: "$(type -P s6-ftrig-wait)" "$dir/s6" g
		post: "$(type -P s6-ftrig-notify)" "$dir/s6" g)
}

peer_redis() {
	local cli
	has hand-over/redis redis-server redis-server || return 0
	cli=$(type -P redis-cli)
	redis-server --port 0 --unixsocket "$dir/redis" --dir "$dir" --save '' --appendonly no \
		>"$dir/redis.log" 2>&1 &
	servers+=($!)
	await_file "$dir/redis"
	contenders+=(@ hand-over/redis asleep: 10 wait: "$cli" -s "$dir/redis" blpop turn 0
		post: "$cli" -s "$dir/redis" rpush turn x)
}

# The watch continues after the first event, so the reader of its output kills it.  Each round has a key
# of its own, and watches it from its first revision on, so that a put that comes early is not lost.
peer_etcd() {
	local at=unix://localhost:1 ctl
	has hand-over/etcd etcd etcd-server && has hand-over/etcd etcdctl etcd-client || return 0
	(cd "$dir" && exec etcd --data-dir etcd --logger zap --log-level error \
		--listen-client-urls "$at" --advertise-client-urls "$at" \
		--listen-peer-urls unix://localhost:2 --initial-advertise-peer-urls http://localhost:2 \
		--initial-cluster default=http://localhost:2) >"$dir/etcd.log" 2>&1 &
	servers+=($!)
	await_file "$dir/localhost:1"
	ctl="$(type -P etcdctl) --endpoints unix://$dir/localhost:1"
	export ETCDCTL_API=3
	$ctl put first x >/dev/null
	echo 0 >"$dir/key"
	contenders+=(@ hand-over/etcd asleep: 150
		prepare: "$sh" -c "read -r key <$dir/key; echo \$((key + 1)) >$dir/key"
		wait: "$BASH" -c "read -r key <$dir/key; read -r _ < <(exec $ctl watch turn.\$key --rev=1); kill \$!"
		post: "$sh" -c "read -r key <$dir/key; exec $ctl put turn.\$key x")
}

peer_inotify() {
	has hand-over/inotifywait inotifywait inotify-tools || return 0
	: >"$dir/watched"
	contenders+=(@ hand-over/inotifywait asleep: 30
		wait: "$(type -P inotifywait)" -qq -e modify "$dir/watched"
		post: "$sh" -c "echo >>$dir/watched")
}

peer_sleep_loop() {
	contenders+=(@ hand-over/sleep-loop asleep: "5,50" prepare: "$(type -P rm)" -f "$dir/flag"
		wait: "$sh" -c "until [ -e $dir/flag ]; do sleep 0.05; done"
		post: "$sh" -c ": >$dir/flag")
}
