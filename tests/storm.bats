#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
# runs in: check-all (it is about the checker of make check-storm)
#
# storm.bats - a short storm (`make check-storm` for longer ones), and that its checker can say no
#
# Each history below has an explanation, and with a word or two changed it has none.

load helper

history() {
	cat >history
}

explained() {
	run -0 "$COMPL_TOOLS/judge" history
}

# changed SED...: each of these edits changes the history, and then nothing explains it.
changed() {
	local edit

	explained || return
	for edit; do
		sed "$edit" history >changed.txt
		! cmp -s history changed.txt || {
			echo "changes nothing: $edit"
			return 1
		}
		run -1 "$COMPL_TOOLS/judge" changed.txt
		[[ $output = *VIOLATION* ]] || return
	done
}

@test "random operations of ten to fourteen processes under random signals can be explained, and leave a sound segment" {
	local build commands=() other_build=()

	[ -x "$BATS_TEST_DIRNAME/../build/glibc/tools/storm" ] &&
		other_build=(--other-build "$BATS_TEST_DIRNAME/../build/glibc/tools/storm")
	for build in ${COMPL_BUILDS:-$COMPL}; do
		[[ $build = /* ]] || build=$BATS_TEST_DIRNAME/../$build
		commands+=("$build")
	done
	run timeout -s KILL 500 "$COMPL_TOOLS/storm" --rounds 150 --namespace "$COMPL_NAMESPACE" \
		"${other_build[@]}" "${commands[@]}" 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ ': 150 rounds'.*' '([0-9]+)' undecided' ]]
	[ "${BASH_REMATCH[1]}" -lt 15 ]
}

@test "the same if half of those killed lose their memory before the kernel sees to their death" {
	local build commands=()

	"$COMPL_TOOLS/kill-mrelease" || skip 'this kernel has no process_mrelease(2)'
	for build in ${COMPL_BUILDS:-$COMPL}; do
		[[ $build = /* ]] || build=$BATS_TEST_DIRNAME/../$build
		commands+=("$build")
	done
	run timeout -s KILL 500 "$COMPL_TOOLS/storm" --rounds 150 --namespace "$COMPL_NAMESPACE" --released 50 \
		"${commands[@]}" 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ ': 150 rounds'.*' '([0-9]+)' of them released'.*' '([0-9]+)' undecided' ]]
	[ "${BASH_REMATCH[1]}" -gt 5 ]
	[ "${BASH_REMATCH[2]}" -lt 15 ]
}

@test "a seed and a round give the same operations and signals again" {
	run -0 "$COMPL_TOOLS/storm" --seed 7 --round 3 --rounds 2 --plan 3>&-
	echo "$output" >first
	run -0 "$COMPL_TOOLS/storm" --seed 7 --round 4 --rounds 1 --plan 3>&-
	[ "$(wc -l <<<"$output")" -gt 20 ]
	tail -n "$(($(wc -l <<<"$output") - 1))" first | grep -Fqx "$(tail -n 1 <<<"$output")"
	run -0 "$COMPL_TOOLS/storm" --seed 7 --round 3 --rounds 2 --plan 3>&-
	[ "$output" = "$(<first)" ]
}

@test "checker: a token is neither lost nor doubled" {
	history <<-EOF
		1 2 pid=1 done a tokens=2 -> ok
		3 4 pid=2 wait a tokens=1 -> ok
		5 6 pid=2 rest -> ok a:1:0:-:
	EOF
	changed 's/a:1:0:-://' 's/a:1:/a:2:/' 's/tokens=2/tokens=1/'
}

@test "checker: one token releases one of two waits that overlap" {
	history <<-EOF
		1 10 pid=1 wait a tokens=1 -> ok value=v1
		2 9 pid=2 wait a tokens=1 -> timed-out
		3 4 pid=3 done a tokens=1 value=v1 -> ok
		11 12 pid=3 list -> ok
	EOF
	changed 's/timed-out/ok value=v1/' 's/-> ok value=v1/-> timed-out/'
}

@test "checker: a wait that was seen in line before another began is granted first" {
	history <<-EOF
		1 8 pid=1 seen=2 wait a tokens=1 patient -> ok
		3 12 pid=2 wait a tokens=1 patient -> killed
		6 7 pid=3 done a tokens=1 -> ok
		9 10 pid=3 rest -> ok a:0:0:-:+2/1
	EOF
	changed 's/^1 8/1 12/; s/^3 12/3 8/; s/ok$/killed/; s/killed$/ok/; s/+2/+1/'
	history <<-EOF
		1 12 pid=1 seen=2 wait a tokens=1 patient -> killed
		3 12 pid=2 wait a tokens=1 patient -> killed
		6 7 pid=3 done b tokens=1 -> ok
		9 10 pid=3 rest -> ok a:0:0:-:+1/1+2/1 b:1:0:-:
	EOF
	sed -i 's/^3 12/3 13/' history
	changed 's/+1.1+2.1/+2\/1+1\/1/'
}

@test "checker: a post of what is needed may have counted a wait that left before it was seen" {
	history <<-EOF
		1 5 pid=1 seen=2 wait a tokens=2 -> timed-out
		3 8 pid=2 done a waiting -> ok
		6 7 pid=3 test a -> not-done
		9 10 pid=3 rest -> ok a:2:0:-:
	EOF
	changed 's/^1 5/1 4/; s/^3 8/5 8/' 's/a:2:/a:1:/' 's/^1 5 pid=1 seen=2/1 5 pid=1/' 's/timed-out/ok/'
}

@test "checker: a newcomer does not overtake a wait in line" {
	history <<-EOF
		1 20 pid=1 seen=2 wait a tokens=2 patient -> killed
		3 4 pid=2 done a tokens=1 -> ok
		5 6 pid=3 wait a tokens=1 at-once -> timed-out
		7 8 pid=2 rest -> ok a:1:0:-:+1/2
	EOF
	changed 's/at-once -> timed-out/at-once -> ok/' 's/at-once -> timed-out/at-once -> ok/; s/a:1:/a:0:/'
}

@test "checker: no wait sleeps at rest that could be granted" {
	history <<-EOF
		1 20 pid=1 wait a tokens=2 patient -> killed
		3 4 pid=2 done a tokens=1 -> ok
		7 8 pid=2 rest -> ok a:1:0:-:+1/2
	EOF
	changed 's/done a tokens=1/done a tokens=2/; s/a:1:/a:2:/' 's/done a tokens=1/done a all/; s/a:1:/a:4294967295:/'
}

@test "checker: a wait in line when all is posted is released, whatever follows" {
	history <<-EOF
		1 9 pid=1 seen=2 wait a tokens=1 patient -> ok status=3 value=v1
		3 4 pid=2 done a all status=3 value=v1 -> ok
		5 6 pid=2 reinit a -> ok
		10 11 pid=2 rest -> ok
	EOF
	changed 's/ok status=3/ok status=2/' 's/ok status=3/ok/' \
		's/rest -> ok/rest -> ok a:0:0:-:+1\/1/; s/^1 9/1 20/; s/patient -> ok.*/patient -> killed/'
}

@test "checker: a released wait does not sleep at rest" {
	history <<-EOF
		1 9 pid=1 seen=2 wait a tokens=1 patient -> killed
		3 4 pid=2 done a all -> ok
		5 6 pid=2 reinit a -> ok
		10 11 pid=2 rest -> ok
	EOF
	changed 's/^1 9/1 12/'
}

@test "checker: a wait that comes after a reinit is not released by an earlier all" {
	history <<-EOF
		1 2 pid=2 done a all -> ok
		3 4 pid=2 reinit a -> ok
		5 9 pid=1 wait a tokens=1 -> timed-out
	EOF
	changed 's/timed-out/ok/' 's/reinit a/test a/'$'\n''s/timed-out/killed/'$'\n''$ a 10 11 pid=3 list -> ok'
}

@test "checker: a wait that timed out or was interrupted took nothing" {
	local how

	for how in timed-out interrupted signalled; do
		history <<-EOF
			1 9 pid=1 seen=2 wait a tokens=1 -> $how
			3 4 pid=2 done a tokens=1 -> ok
			10 11 pid=2 list -> ok a:1:0:-:
		EOF
		changed 's/ a:1:0:-://'
	done
}

@test "checker: a killed process may have taken and posted or not, but once and before its death" {
	history <<-EOF
		1 5 pid=1 wait a tokens=1 -> killed
		2 3 pid=2 done a tokens=2 -> ok
		10 11 pid=2 list -> ok a:1:0:-:
	EOF
	changed 's/a:1:/a:3:/' 's/ a:1:0:-://'
	sed 's/a:1:/a:2:/' history >either
	mv either history
	explained
	history <<-EOF
		1 4 pid=1 done a tokens=1 -> killed
		5 6 pid=2 test a -> ok
		7 8 pid=2 list -> ok a:1:0:-:
	EOF
	changed 's/a:1:/a:2:/' 's/test a -> ok/test a -> not-done/'
	history <<-EOF
		1 4 pid=1 done ab tokens=1 -> killed
		7 8 pid=2 list -> ok a:1:0:-:
	EOF
	changed 's/ a:1/ b:1/'
}

@test "checker: the first status other than 0 sticks, with its value" {
	history <<-EOF
		1 2 pid=1 init a -> ok
		3 4 pid=1 done a tokens=1 value=v1 -> ok
		5 6 pid=1 done a tokens=1 status=2 value=v2 -> ok
		7 8 pid=1 done a tokens=1 status=3 value=v3 -> ok
		9 10 pid=2 wait a tokens=1 -> ok status=2 value=v2
		11 12 pid=2 list -> ok a:2:2:v2:i
	EOF
	changed '5,$s/=2 value=v2$/=3 value=v3/' 's/2:v2:i/3:v2:i/' 's/v2:i/v3:i/' 's/ok status=2/ok/' 's/v2:i/v2:/'
}

@test "checker: at counter 0 only an initialised name keeps its status" {
	history <<-EOF
		3 4 pid=1 done a tokens=1 status=2 value=v1 -> ok
		5 6 pid=2 wait a tokens=1 -> ok status=2 value=v1
		7 8 pid=2 list -> ok
		9 10 pid=2 done a tokens=1 -> ok
		11 12 pid=2 wait a tokens=1 -> ok
	EOF
	changed '$s/ok$/ok status=2/' '$s/ok$/ok value=v1/' '3s/ok/ok a:0:2:v1:/'
}

@test "checker: a wait over several names takes from all of them or none" {
	history <<-EOF
		1 9 pid=1 seen=2 wait ab tokens=1 -> ok
		3 4 pid=2 done a tokens=1 -> ok
		5 6 pid=2 done b tokens=1 -> ok
		10 11 pid=2 list -> ok
	EOF
	changed 's/list -> ok/list -> ok b:1:0:-:/' '3d' 's/wait ab/wait ab any/'
}

@test "checker: a wait for any takes from one name, in argument order, and from no other" {
	history <<-EOF
		3 4 pid=2 done a tokens=1 value=v1 -> ok
		5 6 pid=2 done b tokens=1 value=v2 -> ok
		7 8 pid=1 wait ba tokens=1 any -> ok which=0 value=v2
		10 11 pid=2 list -> ok a:1:0:v1:
	EOF
	changed 's/which=0/which=1/' 's/value=v2$/value=v1/' 's/a:1:0:v1:/b:1:0:v2:/' 's/ a:1:0:v1://'
}

@test "checker: a status ends the fail-fast waits in line, which take nothing" {
	history <<-EOF
		1 9 pid=1 seen=2 wait ab tokens=1 patient fail-fast -> ok status=4 which=1 failed-fast=1
		3 4 pid=2 done b tokens=1 status=4 -> ok
		10 11 pid=2 list -> ok b:1:4:-:
	EOF
	changed 's/ b:1:4:-://' 's/patient fail-fast -> ok.*/patient fail-fast -> killed/; s/^1 9/1 12/; s/ok b:1:4:-:/ok a:0:0:-:+1\/1 b:1:4:-:+1\/1/' \
		's/which=1/which=0/'
}

@test "checker: a wait that times out at the instant of a post may be the only one that it found" {
	history <<-EOF
		1 9 pid=1 seen=2 wait a tokens=1 -> timed-out
		3 8 pid=2 done a tokens=1 all existing -> ok
		10 11 pid=2 list -> ok a:4294967295:0:-:
	EOF
	changed 's/^1 9 pid=1 seen=2/4 9 pid=1/; s/^3 8/2 3/' 's/ a:4294967295:0:-://'
}

@test "checker: --waiting posts the tokens that the waiters in line need, and no more" {
	history <<-EOF
		1 20 pid=1 seen=2 wait a tokens=2 patient -> ok
		3 21 pid=3 seen=4 wait a tokens=1 patient -> ok
		5 6 pid=2 done a waiting -> ok
		7 8 pid=2 done a waiting -> ok
		9 10 pid=2 done b waiting -> ok
		30 31 pid=2 list -> ok
	EOF
	changed '$s/$/ a:1:0:-:/' '$s/$/ b:1:0:-:/' '3,4d'
}

@test "checker: a removal ends all waits for the name, and no other wait" {
	history <<-EOF
		1 20 pid=1 seen=2 wait ab tokens=1 patient -> removed which=1
		3 4 pid=2 rm b -> ok
		5 6 pid=2 rm b -> missing
		21 22 pid=2 rest -> ok
	EOF
	changed 's/removed which=1/ok/' 's/which=1/which=0/' 's/missing/ok/' \
		's/^1 20/1 30/; s/removed which=1/killed/; s/rest -> ok/rest -> ok a:0:0:-:+1\/1 b:0:0:-:+1\/1/'
}

@test "checker: a wait whose deadline comes with the removal may report either, but the name existed" {
	history <<-EOF
		1 20 pid=1 wait a tokens=1 -> timed-out
		3 4 pid=2 rm a -> ok
	EOF
	changed 's/1 20/5 20/' 's/3 4/21 22/'
	sed -i 's/> ok/> missing/' history
	explained
}

@test "checker: reinit is refused for tokens that a wait waits for, and init for a name in use" {
	history <<-EOF
		1 20 pid=1 seen=2 wait a tokens=2 patient -> killed
		3 4 pid=2 reinit a -> ok
		5 6 pid=2 done a tokens=1 -> ok
		7 8 pid=2 reinit a -> busy
		9 10 pid=2 init a -> exists
		11 12 pid=2 reinit a lenient -> ok
		13 14 pid=2 init a -> ok
		15 16 pid=2 init a -> exists
		17 18 pid=2 rest -> ok a:0:0:-:i+1/2
	EOF
	changed 's/busy/ok/' '5s/exists/ok/' '8s/exists/ok/' 's/:i+/:+/' '6d'
}

@test "checker: --existing creates no name" {
	history <<-EOF
		1 2 pid=1 done a tokens=1 existing -> missing
		3 4 pid=1 wait a tokens=1 existing at-once -> missing
		5 6 pid=1 test a -> not-done
		7 8 pid=1 done a tokens=1 -> ok
		9 10 pid=1 done a tokens=1 existing -> ok
		11 12 pid=1 test a -> ok
	EOF
	changed '1s/missing/ok/' '2s/missing/timed-out/' '5s/> ok/> missing/' 's/not-done/ok/' '$s/ok/not-done/'
}

@test "checker: a listing shows only what is there" {
	history <<-EOF
		1 20 pid=1 seen=2 wait ab tokens=1 -> timed-out
		3 4 pid=2 list -> ok a:0:0:-:+1/1
		5 6 pid=2 list -> ok
	EOF
	changed 's/ok a:0:0:-:+1.1/ok a:0:0:-:/' 's/^5 6/21 22/; s/ok$/ok a:0:0:-:+1\/1 b:0:0:-:+1\/1/' 's/+1.1/+2\/1/'
}

@test "checker: a dead producer ends the waits for its name, and those that come before a new producer" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 30 pid=1 seen=4 wait ab tokens=1 patient -> producer-died which=0
		5 6 pid=3 promise=1 break a -> ok
		7 8 pid=2 wait a tokens=1 -> producer-died
		9 10 pid=2 done a tokens=1 -> ok
		11 12 pid=2 list -> ok a:4294967295:121:-:
		13 14 pid=3 promise a -> ok
		15 16 pid=2 test a -> not-done
		17 18 pid=3 promise=13 keep a tokens=2 value=v1 -> ok
		19 20 pid=2 list -> ok a:2:0:v1:
		31 32 pid=2 rest -> ok a:2:0:v1:
	EOF
	changed '2s/producer-died which=0/ok/' '2s/which=0/which=1/' '4s/producer-died/ok status=121/' 's/4294967295:121/4294967295:0/' \
		's/not-done/ok/' 's/a:2:0:v1/a:1:0:v1/' '2s/3 30/3 40/'
}

@test "checker: a death counts from when it is known, and only if the process had promised" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 10 pid=3 done b tokens=1 -> killed
		12 13 pid=2 test a -> ok
		14 15 pid=2 list -> ok a:4294967295:121:-:
		3 20 pid=3 seen=11 promise=1 death a -> ok
	EOF
	changed 's/test a -> ok/test a -> not-done/' 's/4294967295:121:-:/0:0:-:*3/'
	history <<-EOF
		1 10 pid=3 promise a -> killed
		12 13 pid=2 list -> ok
		1 20 pid=3 seen=11 promise=1 death a -> ok
	EOF
	changed 's/list -> ok/list -> ok a:0:0:-:*3/'
	sed -i 's/list -> ok/list -> ok a:4294967295:121:-:/' history
	explained
}

@test "checker: a single producer has no other beside it, and a removed name has no producer" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=4 promise a single -> timed-out
		5 6 pid=2 list -> ok a:0:0:-:*3
		7 8 pid=2 rm a -> ok
		9 10 pid=4 promise a single -> ok
		11 12 pid=3 promise=1 keep a all -> removed
		13 14 pid=2 list -> ok a:0:0:-:*4
	EOF
	changed '2s/timed-out/ok/' '5s/ok/timed-out/' 's/removed/ok/' 's/\*4/*3/' '/rm/d'
}

@test "checker: a text that is not a history is not judged" {
	history <<-EOF
		2 1 pid=1 done a tokens=1 -> ok
	EOF
	run -2 "$COMPL_TOOLS/judge" history
	history <<-EOF
		1 2 pid=1 done a tokens=1
	EOF
	run -2 "$COMPL_TOOLS/judge" history
}
