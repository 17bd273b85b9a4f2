# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# private-shm.bash - a /dev/shm of the test's own: a small tmpfs in a mount namespace
#
# So the /dev/shm of the machine is never filled.

# private_shm OPTIONS: from here on compl runs where /dev/shm is a tmpfs of these options.
private_shm() {
	need_namespaces mount
	background stray-holder unshare -m sh -c \
		'mount -t tmpfs -o "$0" tmpfs /dev/shm && : >/dev/shm/ours && echo ready && exec sleep 1200' "$1"
	wait_until grep -q ready stray-holder.out
	inside="nsenter -m -t ${pid[stray-holder]} --"
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$inside" "$COMPL" >inside
	chmod +x inside
	COMPL=$tmp/inside
	COMPL_WAITER=$COMPL
}

# leave_pages N: leaves N pages of the private /dev/shm free; never touches another one.
leave_pages() {
	$inside sh -c '[ -e /dev/shm/ours ] && [ "$(stat -f -c %b /dev/shm)" -le 1024 ] || {
			echo "not our /dev/shm"
			exit 1
		}
		rm -f /dev/shm/fill; free=$(stat -f -c %f /dev/shm)
		[ "$free" -gt "$0" ] && head -c $(((free - $0) * 4096)) /dev/zero >/dev/shm/fill; :' "$1"
}

sound_inside() {
	expect 0 check && [ "$($inside "$COMPL_TOOLS/lost-wakeups" "$COMPL_NAMESPACE")" = 0 ]
}
