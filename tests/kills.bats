#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it survives all scenarios; kills-sample.bats survives some)
#
# Commands that do not wait, killed. (kills.bash)

load kills

@test "a post of tokens, killed" {
	survives create done done-new-name done-count done-initialised done-dead-first done-waiting done-stopped-first \
		done-existing-and-exit done-missing
}

@test "a post for waits over several names, or for any, killed" {
	survives done-two-names done-for-any done-fail-fast done-fail-fast-stopped-middle done-stopped-ahead-of-any
}

@test "a post of all, killed" {
	survives done-all done-all-nobody done-all-last done-all-stopped-first done-all-stopped-middle \
		done-two-stopped
}

@test "init and reinit, killed" {
	survives init init-exist-ok init-refused init-two-names reinit reinit-all reinit-vanish reinit-refused \
		reinit-two-names
}

@test "a removal, killed" {
	survives rm rm-nobody rm-missing rm-two-names rm-stopped-first rm-stopped-middle rm-two-stopped
}

@test "a removal of the namespace, killed" {
	survives rm-all rm-all-force rm-all-stopped rm-all-stopped-middle rm-all-nobody
}

@test "a check and a repair by command, killed" {
	survives check check-repair check-repair-sweeps
}

@test "a look, killed" {
	survives test test-several ls ls-long try-nothing try-refused try-sweeps
}

@test "there is no scenario that is not played in one of these files" {
	local scenario scenarios missing=

	scenarios=$("$COMPL_TOOLS/kill-stepper" --list)
	[ -n "$scenarios" ]
	for scenario in $scenarios; do
		grep -Eqs "^	(survives	*|	)(.* )?$scenario( |\$)" "$BATS_TEST_DIRNAME"/kills.bats \
			"$BATS_TEST_DIRNAME"/kills-waits.bats "$BATS_TEST_DIRNAME"/kills-producers.bats || missing+=" $scenario"
	done
	[ -z "$missing" ] || {
		echo "not played:$missing"
		return 1
	}
}
