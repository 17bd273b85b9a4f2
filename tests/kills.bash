# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# kills - for the files that play scenarios with tools/kill-stepper
#
# Each command, killed after every instruction that matters (tools/kill-stepper.c says which): without
# any further command all who should go have gone, the tokens add up, no seat belt was
# needed, and the line works on.  (Every instruction there is: make check-long.)
#
# The first build with itself survives all scenarios, each other pair a third of them.  In the core of
# the suite every pair survives what it is given, with fewer samples.

load helper

setup() {
	begin
	[ -z "${COMPL_SANITIZED-}" ] || skip "ptrace and a leak check exclude each other"
	need_trace
	case $COMPL:$COMPL_WAITER in
	*/glibc/compl:*/glibc/compl) part=1 ;;
	*/glibc/compl:*) part=2 ;;
	*:*/glibc/compl) part=3 ;;
	*) part=0 ;;
	esac
	samples=8 doubles=$((part == 0 ? 3 : 0))
	[ -z "${COMPL_CORE-}" ] || part=0 samples=1 doubles=1
}

# survives SCENE...: those of our part.
survives() {
	local scenario nth=0 mine=()

	for scenario; do
		nth=$((nth + 1))
		if [ "$part" -eq 0 ] || [ $((nth % 3 + 1)) -eq "$part" ]; then
			mine+=("$scenario")
		fi
	done
	[ "${#mine[@]}" -eq 0 ] ||
		"$COMPL_TOOLS/kill-stepper" --samples "$samples" --double "$doubles" \
			"$COMPL" "$COMPL_WAITER" "${mine[@]}"
}
