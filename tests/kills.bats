#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (it runs all scenarios; kills-sample.bats runs some)
#
# kills.bats - commands that do not wait, killed at each moment that matters (kills.bash)

load kills

@test "a post of tokens may be killed at any moment" {
	run_scenarios create done done-locked done-new-name done-count done-initialised done-dead-first done-waiting done-stopped-first \
		done-existing-and-exit done-missing
}

@test "a post for waits over several names, or for any, may be killed at any moment" {
	run_scenarios done-two-names done-for-any done-fail-fast done-fail-fast-stopped-middle done-stopped-ahead-of-any
}

@test "a post of all may be killed at any moment" {
	run_scenarios done-all done-all-nobody done-all-last done-all-stopped-first done-all-stopped-middle \
		done-two-stopped
}

@test "init and reinit may be killed at any moment" {
	run_scenarios init init-exist-ok init-refused init-two-names reinit reinit-all reinit-vanish reinit-refused \
		reinit-two-names
}

@test "a new generation, or a post to one, may be killed at any moment" {
	run_scenarios reinit-bound reinit-print done-bound done-late
}

@test "a removal may be killed at any moment" {
	run_scenarios rm rm-nobody rm-missing rm-two-names rm-stopped-first rm-stopped-middle rm-two-stopped
}

@test "a removal of the namespace may be killed at any moment" {
	run_scenarios rm-all rm-all-force rm-all-stopped rm-all-stopped-middle rm-all-nobody
}

@test "a check and a repair by command may be killed at any moment" {
	run_scenarios check check-repair check-repair-reaps
}

@test "a look may be killed at any moment" {
	run_scenarios test test-several ls ls-long try-nothing try-refused try-reaps
}

@test "every scenario is run by one of these files" {
	local scenario scenarios missing=

	scenarios=$("$COMPL_TOOLS/kill-stepper" --list)
	[ -n "$scenarios" ]
	for scenario in $scenarios; do
		grep -Eqs "^	(run_scenarios	*|	)(.* )?$scenario( |\$)" "$BATS_TEST_DIRNAME"/kills.bats \
			"$BATS_TEST_DIRNAME"/kills-waits.bats "$BATS_TEST_DIRNAME"/kills-producers.bats \
			"$BATS_TEST_DIRNAME"/kills-barriers.bats "$BATS_TEST_DIRNAME"/kills-quorum.bats \
			"$BATS_TEST_DIRNAME"/kills-loans.bats "$BATS_TEST_DIRNAME"/kills-loans-several.bats ||
			missing+=" $scenario"
	done
	[ -z "$missing" ] || {
		echo "not run:$missing"
		return 1
	}
}

@test "a command may lose its memory as it is killed" {
	"$COMPL_TOOLS/kill-mrelease" || skip 'this kernel has no process_mrelease(2)'
	[ "$part" -eq 0 ] || return 0 # the other pairs do the same
	"$COMPL_TOOLS/kill-stepper" --release --share 0/3 --samples 2 "$COMPL" "$COMPL_WAITER" \
		done wait-takes wait-woken wait-two-names run wait-producer-dies
}
