#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (hundreds of rounds; ROUNDS=N plays more)
#
# background-rounds.bats - no wait after run --background sees an answer of an earlier round

load helper

# leave HOW: what a round leaves to the next one.
leave() {
	case $1 in
	failed) "$COMPL" run x -b --ready fd:7 -- sh -c 'echo old >&7; exit 5' 2>/dev/null ;;
	posted) "$COMPL" done x --all --status 6 --value old ;;
	tokens) "$COMPL" done x --count 3 --value old ;;
	ended) "$COMPL" run x --ready fd:7 -- sh -c 'echo old >&7' ;;
	kept) "$COMPL" run x --ready fd:7 --keep -- sh -c 'echo old >&7' ;;
	killed)
		run=$("$COMPL" run x -b --print --ready fd:7 -- sh -c 'echo old >&7; exec sleep 1000' 2>/dev/null)
		kill -KILL "$run"
		;;
	esac
}

# settle: no producer of an earlier round lives.
settled() {
	[[ $("$COMPL" ls x --json) == *'"producers":[]'* || $("$COMPL" ls x --names) == "" ]]
}

@test "a wait after run -b sees the new answer, whatever the round before has left" {
	local i how hows=(failed posted tokens ended kept killed) said

	for ((i = 1; i <= ${ROUNDS:-200}; i++)); do
		how=${hows[i % ${#hows[@]}]}
		leave "$how"
		wait_until settled
		"$COMPL" run x -b --ready fd:7 -- sh -c "sleep 0.00$((i % 5)); echo new$i >&7; exec \"\$0\" wait go$i" \
			"$COMPL" 2>/dev/null 3>&-
		said=$(timeout "$LIMIT" "$COMPL_WAITER" wait x --print) || said="status $?"
		[ "$said" = "new$i" ] || { echo "round $i, after $how: $said"; return 1; }
		"$COMPL" done "go$i"
		wait_until settled
	done
}
