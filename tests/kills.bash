# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# kills.bash - for the files that run scenarios with tools/kill-stepper
#
# Each command is killed before each instruction that matters, and before some others
# (tools/kill-stepper.c says which).  Then, without any further command, all processes that should end
# have ended, the tokens add up, no wake-up was lost, and the names still work.  (make check-long does
# it at every instruction.)
#
# The first build with itself runs all scenarios, each other pair a third of them.  In the core of
# the suite every pair runs all that it is given, with fewer samples.
#
# On a machine that is N times as slow as usual (tests/slowness) a run takes one in N of the moments,
# others each time.

load helper

setup() {
	begin
	[ -z "${COMPL_ASAN-}" ] || skip "ptrace and a leak check exclude each other"
	need_trace
	case $COMPL:$COMPL_WAITER in
	*/glibc/compl:*/glibc/compl) part=1 ;;
	*/glibc/compl:*) part=2 ;;
	*:*/glibc/compl) part=3 ;;
	*) part=0 ;;
	esac
	options=()
	samples=8 doubles=$((part == 0 ? 3 : 0))
	[ -z "${COMPL_CORE-}" ] || part=0 samples=1 doubles=1
	[ "$slowness" -eq 1 ] || options=(--share "$((RANDOM % slowness))/$slowness") samples=1 doubles=$((doubles > 0))
}

# run_scenarios SCENARIO...: runs those of our part, with the kill-stepper's options $options.
run_scenarios() {
	local scenario nth=0 mine=()

	for scenario; do
		nth=$((nth + 1))
		if [ "$part" -eq 0 ] || [ $((nth % 3 + 1)) -eq "$part" ]; then
			mine+=("$scenario")
		fi
	done
	[ "${#mine[@]}" -eq 0 ] ||
		"$COMPL_TOOLS/kill-stepper" --samples "$samples" --random-doubles "$doubles" \
			"${options[@]}" "$COMPL" "$COMPL_WAITER" "${mine[@]}"
}
