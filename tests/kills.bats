#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# Each command, killed after every instruction that matters (tools/kill-stepper.c says which): without
# any further command all who should go have gone, the tokens add up, no seat belt was
# needed, and the line works on.
#
# The first build with itself plays all scenes, each other pair a third of them.

load helper

setup() {
	begin
	[ -z "${COMPL_SANITIZED-}" ] || skip "ptrace and a leak check exclude each other"
	case $COMPL:$COMPL_WAITER in
	*/glibc/compl:*/glibc/compl) part=1 ;;
	*/glibc/compl:*) part=2 ;;
	*:*/glibc/compl) part=3 ;;
	*) part=0 ;;
	esac
}

# plays SCENE...: those of our part.
plays() {
	local scene nth=0 mine=()

	for scene; do
		nth=$((nth + 1))
		if [ "$part" -eq 0 ] || [ $((nth % 3 + 1)) -eq "$part" ]; then
			mine+=("$scene")
		fi
	done
	[ "${#mine[@]}" -eq 0 ] ||
		"$COMPL_TOOLS/kill-stepper" --samples 8 --double "$((part == 0 ? 3 : 0))" \
			"$COMPL" "$COMPL_WAITER" "${mine[@]}"
}

@test "a post of tokens, killed" {
	plays create done done-new-name done-count done-initialised done-dead-first done-waiting done-stopped-first
}

@test "a post for waits over several names, or for any, killed" {
	plays done-two-names done-for-any done-fail-fast
}

@test "a post of all, killed" {
	plays done-all done-all-nobody done-all-last done-all-stopped-first done-all-stopped-middle
}

@test "init and reinit, killed" {
	plays init reinit reinit-all reinit-vanish
}

@test "a removal, killed" {
	plays rm rm-nobody rm-all rm-stopped-first
}

@test "a look, killed" {
	plays test ls try-refused try-sweeps
}

@test "a wait that finds what it wants, killed" {
	plays wait-takes wait-takes-three wait-takes-any
}

@test "a wait that joins the line, killed" {
	plays wait-joins wait-joins-behind
}

@test "a wait that is woken, killed" {
	plays wait-woken wait-woken-count wait-middle
}

@test "a wait that times out, killed" {
	plays wait-timeout wait-timeout-middle wait-timeout-holding wait-timeout-locked wait-timeout-locked-middle
}

@test "a wait over two names, killed" {
	plays wait-two-names wait-crossing
}

@test "a wait for any, killed" {
	plays wait-any wait-any-behind
}

@test "a wait that is released or sent away, killed" {
	plays wait-released wait-released-two wait-removed wait-behind-stopped
}
