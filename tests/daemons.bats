#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it needs redis-server and haproxy)
#
# daemons.bats - compl run --ready notify with real daemons

load notify

@test "redis-server is ready when it answers" {
	background r "$COMPL" run redis --ready notify -- redis-server --supervised systemd \
		--port 0 --unixsocket "$tmp/redis" --save '' --dir "$tmp"
	expect_w 0 wait redis -t 15s
	[ "$(redis-cli -s "$tmp/redis" ping)" = PONG ]
	shoot TERM r
	ends 0 r
}

@test "a redis-server that cannot start is known at once" {
	background r "$COMPL" run redis --ready notify -- redis-server --supervised systemd --port 99999
	expect_w 1 wait redis -t 15s
	ends 1 r
}

@test "haproxy is ready when its master has a worker, and its MAINPID= is not passed on" {
	cat >haproxy.cfg <<-EOF
		frontend f
		mode tcp
		bind unix@$tmp/front
		timeout client 5s
	EOF
	outer o
	background r "$COMPL" run haproxy --ready notify -- haproxy -Ws -f haproxy.cfg
	expect_w 0 wait haproxy -t 15s
	[ -S front ]
	wait_until grep -q 'READY=1' o.out # waiters are told first
	run ! grep -q MAINPID o.out
	# It loads its configuration again, says so, and stays ready.
	shoot USR2 r
	wait_until grep -q 'RELOADING=1' o.out
	wait_until again
	expect_w 0 wait haproxy -t 0
	shoot TERM r
	ends 0 r
	shoot TERM o
	outcome o
}

# It has said for the second time that it is ready.
again() {
	[ "$(grep -c 'READY=1' o.out)" -ge 2 ]
}
