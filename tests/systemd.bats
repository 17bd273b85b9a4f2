#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (it boots a systemd)
#
# systemd.bats - units of a real systemd: `wait` in ExecStartPre=, `run` as the main process
#
# It is PID 1 of namespaces of its own, with its own /dev, /run and /tmp.  It can only read what it has
# of the machine, except for one cgroup, which is removed afterwards.

load helper

teardown() {
	if [ -n "${pid[stray-systemd]-}" ]; then
		kill -KILL "${pid[stray-systemd]}" 2>/dev/null
		wait_until is_gone "${pid[stray-systemd]}"
		wait_until remove_group
	fi
	finish
}

# Its processes may need a moment to end first.
remove_group() {
	[ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
}

# unit NAME: writes it, with the section [Service] from the standard input.
unit() {
	{
		printf '%s\n' '[Unit]' DefaultDependencies=no '[Service]' \
			Environment=COMPL_NAMESPACE=units "Environment=PATH=$PATH"
		cat
	} >"units/$1.service"
}

# boot: starts systemd with the units, the first of which is wanted from the start, the command as
# /run/compl and the sender of messages as /run/notify.
boot() {
	local world

	need_namespaces mount pid
	[ -x /lib/systemd/systemd ] || skip "there is no /lib/systemd/systemd"
	world=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
	[ -n "$world" ] || skip "no cgroup2 is mounted"
	group=$world/compl-$COMPL_NAMESPACE
	mkdir "$group" 2>mkdir.err || skip "no cgroup can be made: $(<mkdir.err)"
	printf '%s\n' '[Unit]' DefaultDependencies=no Wants=first.service >units/first.target
	cat >world <<-'EOW'
		set -e
		mount --make-rprivate /
		while read -r _ _ _ _ place _; do
			mount -o remount,bind,ro "$place"
		done <mounts
		mount -t tmpfs -o mode=755 tmpfs /run
		cp -r units /run
		cp "$1" /run/compl
		cp "$2" /run/notify
		chmod 755 /run/compl /run/notify
		mkdir /run/dev
		for node in null zero full random urandom; do
			: >"/run/dev/$node"
			mount --bind "/dev/$node" "/run/dev/$node"
		done
		mkdir /run/dev/shm
		mount --rbind /run/dev /dev
		mount -t tmpfs tmpfs /dev/shm
		mount -t tmpfs tmpfs /tmp
		mount -t proc proc /proc
		mount --bind /proc/sys /proc/sys
		mount -o remount,bind,ro /proc/sys
		mount -t sysfs -o ro sysfs /sys
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		exec env -i PATH="$PATH" container=other SYSTEMD_UNIT_PATH=/run/units SYSTEMD_GENERATOR_PATH=/run \
			/lib/systemd/systemd --unit=first.target --log-target=null --show-status=no
	EOW
	cp /proc/self/mountinfo mounts
	# shellcheck disable=SC2016
	background stray-systemd sh -c 'echo $$ >"$0/cgroup.procs" && exec unshare -pfmuinC --kill-child sh world "$1" "$2"' \
		"$group" "$(realpath "$COMPL")" "$(realpath "$COMPL_TOOLS/notify")"
	wait_until is_up || skip "systemd does not come up here: $(tail -n 1 stray-systemd.err)"
}

is_up() {
	init=$(pgrep -P "${pid[stray-systemd]}") && inside systemctl is-active -q first.target >up 2>&1
}

inside() {
	nsenter -t "$init" -p -m -u -i -n -C -- timeout -s KILL "$LIMIT" "$@" 3>&-
}

# says UNIT PROPERTY PATTERN
says() {
	# shellcheck disable=SC2053 # it is a pattern
	[[ $(inside systemctl show "$1.service" -p "$2" --value) == $3 ]]
}

has_no() {
	! inside pgrep -x "$1" >/dev/null
}

says_ls() {
	[[ $(inside /run/compl -n units ls -l) == *"$1"* ]]
}

setup() {
	begin
	mkdir units
}

@test "an app waits for the completion that is the readiness of a daemon" {
	unit first <<-'EOF'
		Type=notify
		ExecStart=/run/compl run cache --ready notify -- redis-server --supervised systemd --port 0 --unixsocket /run/cache --save ""
	EOF
	unit app <<-'EOF'
		ExecStartPre=/run/compl wait cache --timeout 60s
		ExecStart=/bin/sleep infinity
	EOF
	boot
	inside systemctl start app
	says app ActiveState active
	wait_until says first ActiveState active # `run` posts first, and then passes it on
	says first StatusText 'Ready to accept connections*' # redis-server said so, and `run` passed it on
	local main
	main=$(inside systemctl show first -p MainPID --value)
	[[ $(inside cat "/proc/$main/cmdline" | tr '\0' ' ') == '/run/compl run cache '* ]]

	inside systemctl stop first
	says first Result success
	says first ExecMainStatus 0
	has_no redis-server
	run ! says_ls 'cache ' # its readiness has ended with it

	inside systemctl start first
	says first ActiveState active
}

@test "if a daemon is killed before it is ready the app does not start, with status 121" {
	unit first <<-'EOF'
		ExecStart=/run/compl run slow --ready notify -- sleep infinity
	EOF
	unit app <<-'EOF'
		ExecStartPre=/run/compl wait slow --timeout 60s
		ExecStart=/bin/touch /run/started
	EOF
	boot
	inside systemctl start --no-block app
	wait_until says_ls '  waiter '
	wait_until says_ls '  producer '
	says_ls 'unit first.service'
	says_ls 'unit app.service'
	inside /run/compl -n units ls --json >listing
	jq -e '.completions[0] | .waiters[0].unit == "app.service" and .producers[0].unit == "first.service"' listing
	inside systemctl kill --kill-who=main --signal=KILL first
	wait_until says app ActiveState failed
	says app ExecStartPre '*status=121*'
	wait_until says first Result signal
	wait_until has_no sleep # CMD got SIGTERM
	run ! inside test -e /run/started
}

@test "where /proc hides all processes CMD is believed as another user, and so is a helper that is gone" {
	# Root sees all processes by this capability, and its group by an option of proc.
	local hidden='ProtectProc=invisible
		CapabilityBoundingSet=~CAP_SYS_PTRACE
		Group=65534
		ExecStartPre=/bin/sh -c "! test -e /proc/1"'

	"$COMPL_TOOLS/notify" pidfd || skip "this kernel does not tell by a pidfd whose process it is"
	unit first <<-EOF
		Type=notify
		$hidden
		ExecStart=/run/compl run itself --ready notify -- setpriv --reuid 65534 --clear-groups /run/notify stay READY=1
	EOF
	# The sender is reaped before run goes on.
	unit helped <<-EOF
		Type=notify
		$hidden
		ExecStart=/run/compl run helped --ready notify -- setpriv --reuid 65534 --clear-groups \
			/bin/sh -c "echo >/tmp/begun; until test -e /run/go; do sleep 0.01; done; /run/notify send READY=1; echo >/tmp/sent; exec sleep infinity"
	EOF
	boot
	wait_until says first ActiveState active
	says_ls 'itself '
	inside systemctl start --no-block helped
	wait_until inside test -e /tmp/begun # before that, run has promised, and may not have started CMD
	says_ls 'helped pending '
	local main
	main=$(inside systemctl show helped -p MainPID --value)
	inside kill -STOP "$main"
	wait_until inside grep -q '^State:.T' "/proc/$main/status"
	inside touch /run/go
	wait_until inside test -e /tmp/sent
	says_ls 'helped pending '
	inside kill -CONT "$main"
	wait_until says helped ActiveState active
	says_ls 'helped '
}

@test "if no process opens a barrier the app does not start, with status 124" {
	unit first <<-'EOF'
		Type=oneshot
		ExecStartPre=-/run/compl wait never --timeout 0.1s
		ExecStart=/bin/touch /run/all-the-same
	EOF
	unit app <<-'EOF'
		ExecStartPre=/run/compl wait never --timeout 0.1s
		ExecStart=/bin/touch /run/started
	EOF
	boot
	wait_until inside test -e /run/all-the-same
	run ! inside systemctl start app
	says app ExecStartPre '*status=124*'
	run ! inside test -e /run/started
}

# A filter as systemd.exec(5) advises, and what else such units have.  The last line shows that the filter is in
# force: it needs setfsuid(2), of @privileged.
@test "in a hardened unit each command may be the first to use a namespace" {
	[ -z "${COMPL_ASAN-}" ] || skip "a sanitizer looks for leaks by ptrace(2), which the filter refuses, and waits for ever"
	local how

	unit first <<-'EOU'
		Type=oneshot
		ExecStart=/bin/true
		RemainAfterExit=yes
	EOU
	for how in '' EPERM; do
		unit "hard$how" <<-EOU
			Type=oneshot
			RemainAfterExit=yes
			SystemCallFilter=@system-service
			SystemCallFilter=~@privileged @resources
			SystemCallArchitectures=native
			SystemCallErrorNumber=$how
			CapabilityBoundingSet=
			NoNewPrivileges=yes
			RestrictAddressFamilies=AF_UNIX
			RestrictNamespaces=yes
			RestrictRealtime=yes
			RestrictSUIDSGID=yes
			LockPersonality=yes
			MemoryDenyWriteExecute=yes
			UMask=0777
			ExecStart=/run/compl init a
			ExecStart=/run/compl done a
			ExecStart=/run/compl wait a --timeout 10s
			ExecStart=/run/compl rm --all
			ExecStart=/run/compl run b --ready notify --keep -- /bin/systemd-notify --ready
			ExecStart=/run/compl run c --ready fd:3 --keep -- /bin/sh -c 'echo >&3'
			ExecStart=/run/compl wait b c --timeout 10s
			ExecStart=/run/compl rm --all
			ExecStart=-/run/compl wait d --timeout 0.1s
			ExecStart=/run/compl scope -- /run/compl done a
			ExecStart=/run/compl ls -l
			ExecStart=/run/compl check
			ExecStart=/run/compl rm --all
			ExecStart=-/run/compl done a -u 65534
		EOU
	done
	boot
	inside systemctl start hard
	inside systemctl start hardEPERM
	says hard Result success
	says hardEPERM Result success
	for how in '' EPERM; do
		inside systemctl show "hard$how.service" -p ExecStart --value |
			sed 's/.*argv\[\]=\/run\/compl \([^;]*[^; ]\) ;.*code=\([a-z]*\) ; status=\([0-9]*\).*/\1: \2 \3/' >ended$how
		cat ended$how
		[ "$(wc -l <ended$how)" -eq 14 ]
		[ "$(grep -c ': exited 0$' ended$how)" -eq 12 ]
		grep -qx 'wait d --timeout 0.1s: exited 124' ended$how
	done
	grep -qxE 'done a -u 65534: (killed|dumped) 31' ended # SIGSYS
	grep -qx 'done a -u 65534: exited 125' endedEPERM
}

@test "a producer goes on when systemd has removed the segments of its user, and the app gets its status" {
	# Not by User=: systemd knows of no other unit of this user.
	unit first <<-'EOF'
		ExecStart=setpriv --reuid 65534 --regid 65534 --clear-groups /run/compl run job -- \
			sh -c 'until [ -e /run/go ]; do sleep 0.1; done; exit 3'
	EOF
	# When the last unit of its user has ended, systemd unlinks all that the user has in /dev/shm.
	unit other <<-'EOF'
		Type=oneshot
		User=65534
		RemoveIPC=yes
		ExecStart=/bin/true
	EOF
	unit app <<-'EOF'
		Type=oneshot
		User=65534
		ExecStart=/run/compl wait job --timeout 60s
	EOF
	boot
	local before
	wait_until says_ls_of_nobody '  producer '
	before=$(inside stat -c %i /dev/shm/compl.65534.units)
	inside systemctl start other
	wait_until is_unlinked "$before"
	inside systemctl start --no-block app
	wait_until says_ls_of_nobody '  waiter '
	inside touch /run/go
	wait_until says app ActiveState failed
	says app ExecMainStatus 3
	wait_until says first ActiveState failed
	says first ExecMainStatus 3
}

says_ls_of_nobody() {
	[[ $(inside /run/compl -u 65534 -n units ls -l) == *"$1"* ]]
}

# is_unlinked INODE: the segment that had it.
is_unlinked() {
	[[ $(inside stat -c %i /dev/shm/compl.65534.units 2>/dev/null || :) != "$1" ]]
}
