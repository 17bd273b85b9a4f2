#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (a run for each place where a socket may be)
#
# sockets.bats - where the socket of `run --ready notify` is, and that it goes with run

load notify

# place: the folder below which run makes its socket, or the beginning of an abstract name.
place() {
	local said

	said=$("$@" run a --ready notify --keep -- sh -c 'echo "$NOTIFY_SOCKET"') || [ $? -eq 121 ]
	[[ $said =~ ^(.+)/compl-notify\.[0-9a-f]{16}/socket$ || $said =~ ^(@compl-notify\.)[0-9a-f]{32}$ ]] || return
	echo "${BASH_REMATCH[1]}"
}

@test "the socket is below RUNTIME_DIRECTORY, /run or XDG_RUNTIME_DIR, TMPDIR or /tmp" {
	need_others
	local d=$lender nobody=("${as_nobody[@]}" env -u COMPL_NAMESPACE)

	mkdir -m 755 "$d/open" && mkdir -m 700 "$d/closed" "$d/closed/open"
	chmod 755 "$d/closed/open"
	mkdir -m 777 "$d/careless"
	mkdir -m 700 "$d/theirs" "$d/theirs2" && chown 65534 "$d/theirs" "$d/theirs2"
	mkdir -m 755 "$d/alien" "$d/alien/ours" "$d/$(printf %070d 0)" && chown 65534 "$d/alien"
	unset RUNTIME_DIRECTORY XDG_RUNTIME_DIR TMPDIR
	[ "$(place "$COMPL" 2>/dev/null)" = /run ]
	export XDG_RUNTIME_DIR=$d/theirs TMPDIR=$d/open
	[ "$(place "$COMPL" 2>/dev/null)" = /run ]
	[ "$(RUNTIME_DIRECTORY=$d/open place "$COMPL" 2>/dev/null)" = "$d/open" ]
	[ "$(RUNTIME_DIRECTORY=$d/none:$d/open place "$COMPL" 2>/dev/null)" = "$d/open" ]
	# another user's, below another user's, closed to others, writable by others, too long, not absolute
	[ "$(RUNTIME_DIRECTORY=$d/alien place "$COMPL" 2>/dev/null)" = /run ]
	[ "$(RUNTIME_DIRECTORY=$d/alien/ours place "$COMPL" 2>/dev/null)" = /run ]
	[ "$(RUNTIME_DIRECTORY=$d/closed place "$COMPL" 2>/dev/null)" = /run ]
	[ "$(RUNTIME_DIRECTORY=$d/closed/open place "$COMPL" 2>/dev/null)" = /run ]
	[ "$(RUNTIME_DIRECTORY=$d/careless place "$COMPL" 2>/dev/null)" = /run ]
	[ "$(RUNTIME_DIRECTORY=$d/$(printf %070d 0) place "$COMPL" 2>/dev/null)" = /run ]
	[ "$(RUNTIME_DIRECTORY=. place "$COMPL" 2>/dev/null)" = /run ]

	[ "$(place "${nobody[@]}" "$COMPL" -n "$COMPL_NAMESPACE" 2>/dev/null)" = "$d/theirs" ]
	[ "$(XDG_RUNTIME_DIR='' TMPDIR=$d/theirs2 place "${nobody[@]}" "$COMPL" -n "$COMPL_NAMESPACE" 2>/dev/null)" = "$d/theirs2" ]
	[ "$(XDG_RUNTIME_DIR=$d/open place "${nobody[@]}" "$COMPL" -n "$COMPL_NAMESPACE" 2>/dev/null)" = /tmp ]
	[ -z "$(find "$d" -name 'compl-notify.*')" ]
	expect 0 -u nobody rm --all
}

@test "the socket is abstract only if there is no directory for it" {
	need_namespaces mount
	unset RUNTIME_DIRECTORY XDG_RUNTIME_DIR TMPDIR
	local -a closed=(unshare -m sh -c 'for d in /run /tmp; do
			mount --bind $d $d && mount -o remount,bind,ro $d || exit 9
		done
		exec "$0" "$@"' "$COMPL")

	[ "$(place "${closed[@]}" 2>/dev/null)" = @compl-notify. ]
	# shellcheck disable=SC2016
	expect_from "${closed[0]}" 0 "${closed[@]:1}" run b --ready notify --keep -- sh -c 'systemd-notify --ready && "$COMPL" test b'
	silent
}

@test "however run ends, it leaves no socket" {
	export RUNTIME_DIRECTORY=$tmp/runtime
	mkdir -m 755 runtime
	[ "$EUID" -ne 0 ] || chmod a+x "$tmp" "${tmp%/*}" "${tmp%/*/*}" "${tmp%/*/*/*}"
	expect 0 run a --ready notify --keep -- sh -c 'ls "$RUNTIME_DIRECTORY" && systemd-notify --ready'
	[[ $out == compl-notify.* ]]
	expect 127 run a --ready notify --keep -- "$tmp/no-such-command"
	background r "$COMPL" run b --ready notify --keep -- sleep 1000
	wait_until names a b
	expect 124 run b --ready notify --single -- true
	shoot TERM r
	ends 143 r
	expect 125 -n scope.gone run a --ready notify --keep -- true
	[ -z "$(ls -A runtime)" ]

	# one of the descriptors that run needs is not to be had
	local limit
	for ((limit = 5; limit < 12; limit++)); do
		# shellcheck disable=SC2016
		timeout 60 bash -c 'exec 3>&- 4>&- 5>&-; ulimit -n "$1" && exec "$0" run a --ready notify --keep -- true' \
			"$COMPL" $limit 2>r.err || [ -s r.err ]
		[ -z "$(ls -A runtime)" ]
	done
}
