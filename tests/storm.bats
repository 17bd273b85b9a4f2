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

@test "a storm ends by SIGTERM, also if its coordinator has passed a barrier, and leaves no segment" {
	local round

	for round in {0..99}; do
		run -0 "$COMPL_TOOLS/storm" --seed 3 --round "$round" --rounds 1 --plan 3>&-
		[[ $output != *closing*barrier*parties=1\ at-once* ]] || break
	done
	[ "$round" -lt 99 ]
	run -143 timeout --preserve-status -k 20 3 "$COMPL_TOOLS/storm" --seed 3 --round "$round" --seconds 60 \
		--namespace "$COMPL_NAMESPACE" 3>&-
	run -0 "$COMPL" ls --namespaces
	[[ $output != *"$COMPL_NAMESPACE"* ]]
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

@test "checker: a wait for K of its names takes from the first K that are done at once, and from no other" {
	history <<-EOF
		1 20 pid=1 seen=2 wait abcd tokens=1 at-least=2 patient -> ok status=3 granted=bd value=v2
		3 4 pid=2 done b tokens=1 value=v2 -> ok
		5 6 pid=2 test b -> ok
		7 8 pid=2 done d tokens=1 status=3 -> ok
		9 19 pid=3 wait dac tokens=1 at-least=1 at-once -> timed-out
		21 22 pid=2 done b tokens=2 -> ok
		23 24 pid=2 wait cba tokens=2 at-least=1 -> ok granted=b
		25 26 pid=2 list -> ok
	EOF
	changed '1s/granted=bd/granted=b/' '1s/granted=bd/granted=ab/' '1s/status=3/status=0/' '1s/=v2/=v1/' '3s/> ok/> not-done/' \
		'1s/at-least=2/at-least=1/' '1s/at-least=2/at-least=3/' '7s/granted=b/granted=c/' '8s/$/ b:1:0:-:/'
}

@test "checker: a wait for K of its names is released by all only if K of them are open" {
	history <<-EOF
		1 20 pid=1 seen=2 wait abc tokens=2 at-least=2 patient -> ok granted=ac
		3 4 pid=2 done c all -> ok
		5 6 pid=2 done b tokens=1 -> ok
		7 8 pid=2 rest -> ok a:0:0:-:+1/2 b:1:0:-:+1/2 c:4294967295:0:-:+1/2
		9 10 pid=2 done a all -> ok
		11 12 pid=2 reinit a -> ok
		21 22 pid=2 rest -> ok b:1:0:-: c:4294967295:0:-:
	EOF
	changed '1s/granted=ac/granted=bc/' '3s/tokens=1/tokens=2/' '5s/done a/done b/' '7s/b:1:0:-: //'
}

@test "checker: a wait for K of its names goes on without a removed one as long as K others are left, and does not come back to it" {
	history <<-EOF
		1 20 pid=1 seen=2 wait abc tokens=1 at-least=2 patient -> removed which=2
		3 4 pid=2 rm a -> ok
		5 6 pid=2 done a tokens=1 -> ok
		7 8 pid=2 done b tokens=1 -> ok
		9 10 pid=2 rest -> ok a:1:0:-: b:1:0:-:+1/1 c:0:0:-:+1/1
		11 12 pid=2 rm c -> ok
		21 22 pid=2 list -> ok a:1:0:-: b:1:0:-:
	EOF
	changed '1s/which=2/which=0/' '1s/removed which=2/ok granted=ab/' 's/a:1:0:-: b:1:0:-:+/a:1:0:-:+1\/1 b:1:0:-:+/' \
		'1s/at-least=2/at-least=1/' '1s/at-least=2/at-least=3/'
}

@test "checker: to a wait for K of its names one whose producer died is not done, whatever its counter is" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 20 pid=1 seen=4 wait ab tokens=1 at-least=1 patient -> ok granted=b
		5 6 pid=3 promise=1 break a -> ok
		7 8 pid=2 wait ac tokens=1 at-least=1 at-once -> timed-out
		9 10 pid=2 wait ac tokens=1 at-least=2 at-once -> producer-died which=0
		11 12 pid=2 wait ca tokens=1 at-least=1 fail-fast -> ok status=121 which=1 failed-fast=1
		13 14 pid=2 rest -> ok a:4294967295:121:-:+1/1 b:0:0:-:+1/1
		15 16 pid=2 done b tokens=1 -> ok
		21 22 pid=2 rest -> ok a:4294967295:121:-:
	EOF
	changed '2s/ok granted=b/producer-died which=0/' '2s/granted=b/granted=a/' '4s/timed-out/ok granted=a/' '5s/producer-died which=0/timed-out/' \
		'2s/at-least=1/at-least=2/' '7s/ a:4294967295:121:-:+1.1/ a:4294967295:121:-:/'
}

@test "checker: --waiting posts nothing for a wait for K of its names that can take from K others" {
	history <<-EOF
		1 2 pid=2 done b tokens=2 -> ok
		3 30 pid=1 seen=4 wait abc tokens=2 at-least=2 patient -> ok granted=bc
		5 6 pid=2 done c tokens=2 -> ok
		7 8 pid=2 done a waiting -> ok
		31 32 pid=2 rest -> ok
	EOF
	changed '$s/$/ a:2:0:-:/' '3s/5 6/9 10/' '3s/done c/done d/'
	sed -i '3s/5 6/9 10/; $s/$/ c:2:0:-:/; s/granted=bc/granted=ab/' history
	explained
}

@test "checker: a round of a barrier is passed by as many as make it, each with another place" {
	history <<-EOF
		1 20 pid=1 seen=2 barrier a parties=3 patient -> ok place=1
		3 21 pid=2 seen=4 barrier a parties=3 -> ok place=2
		5 6 pid=4 rest -> ok a:0:0:-:|1/3|2/3
		7 22 pid=3 barrier a parties=3 -> ok place=3
		23 30 pid=3 seen=24 barrier a parties=3 -> timed-out
		31 32 pid=4 list -> ok
	EOF
	changed '1s/place=1/place=3/' '4s/place=3/place=4/' '4s/ok place=3/timed-out/' '2s/ok place=2/timed-out/' '5s/timed-out/ok place=1/' \
		'3s/|2.3//' '3s/|/+/g' '6s/$/ a:0:0:-:|3\/3/'
}

@test "checker: who has left a barrier by a deadline or a signal counts in no round, and who was killed may count" {
	local how

	for how in timed-out interrupted signalled; do
		history <<-EOF
			1 9 pid=1 seen=2 barrier a parties=2 -> $how
			3 9 pid=2 barrier a parties=2 patient -> killed
			11 12 pid=3 rest -> ok
		EOF
		changed '2s/killed/ok place=2/'
	done
	history <<-EOF
		1 9 pid=1 seen=2 barrier a parties=2 patient -> killed
		3 8 pid=2 barrier a parties=2 patient -> ok place=1
		13 14 pid=3 rest -> ok
	EOF
	changed '1s/^1 9/10 12/; 1s/seen=2/seen=11/'
	sed -i '2s/^3 8/3 20/; 2s/ok place=1/killed/; 3s/$/ a:0:0:-:|2\/2/' history
	explained
}

@test "checker: a participant does not sleep at rest in a round that is complete" {
	history <<-EOF
		1 20 pid=1 seen=2 barrier a parties=2 patient -> killed
		3 8 pid=2 barrier a parties=2 patient -> ok place=2
		9 10 pid=3 rest -> ok
	EOF
	sed -i '1s/^1 20/1 9/; 3s/^9/12/; 3s/10/13/' history
	changed '1s/^1 9/1 20/' '1s/^1 9/1 20/; 3s/$/ a:0:0:-:|1\/2/'
}

@test "checker: a barrier and any other use of its name exclude each other" {
	history <<-EOF
		1 90 pid=1 seen=2 barrier a parties=2 patient -> removed
		3 4 pid=2 barrier a parties=3 at-once -> other-parties place=2
		5 6 pid=2 done a tokens=1 -> barrier
		7 8 pid=2 wait ba tokens=1 -> barrier
		9 10 pid=2 wait a tokens=1 at-once -> timed-out
		11 12 pid=2 promise a -> barrier
		13 14 pid=2 init a lenient -> barrier
		15 16 pid=2 test a -> not-done
		17 18 pid=2 reinit a lenient -> ok
		19 20 pid=2 done c tokens=1 -> ok
		21 22 pid=2 barrier c parties=1 -> in-use
		23 24 pid=2 barrier d parties=1 at-once -> ok place=1
		25 26 pid=2 barrier d parties=2 at-once -> timed-out
		27 28 pid=2 rest -> ok a:0:0:-:|1/2 c:1:0:-:
		29 30 pid=2 rm a -> ok
		91 92 pid=2 rest -> ok c:1:0:-:
	EOF
	changed '2s/place=2/place=3/' '2s/other-parties place=2/timed-out/' '3s/> barrier/> ok/' '4s/> barrier/> ok/' \
		'5s/timed-out/ok/' '6s/> barrier/> ok/' '7s/> barrier/> ok/' '8s/not-done/ok/' '10s/done c/done b/' '11s/in-use/ok place=1/' '12s/ok place=1/timed-out/' \
		'13s/timed-out/ok place=1/' '14s/|/+/' '1s/removed/ok place=1/'
}

@test "checker: a call that is bound to a generation does nothing to another one" {
	history <<-EOF
		1 2 pid=1 reinit a print -> ok generation=7
		3 4 pid=1 done a tokens=2 generation=7 -> ok
		5 6 pid=2 wait a tokens=1 generation=7 -> ok
		7 8 pid=1 reinit a print -> ok generation=8
		9 10 pid=1 done a tokens=1 generation=7 -> other-generation
		11 12 pid=2 test a generation=7 -> other-generation
		13 14 pid=2 wait a tokens=1 at-once generation=7 -> other-generation
		15 16 pid=2 wait a tokens=1 at-once generation=8 -> timed-out
		17 18 pid=2 test a generation=8 -> not-done
		19 20 pid=2 done b tokens=1 generation=8 -> other-generation
		21 22 pid=2 rm a -> ok
		23 24 pid=2 wait a tokens=1 generation=8 -> other-generation
		25 26 pid=2 rest -> ok
	EOF
	changed '2s/> ok/> other-generation/' '3s/> ok/> other-generation/' '5s/> other-generation/> ok/' '6s/other-generation$/not-done/' \
		'7s/other-generation$/timed-out/' '7s/other-generation$/ok/' '8s/timed-out/other-generation/' '9s/not-done/other-generation/' \
		'10s/other-generation$/ok/' '4s/=8/=6/' '4s/=8/=7/' '12s/at-once //; 12s/other-generation$/ok/'
}

@test "checker: a new generation ends the waits in line that are bound to the old one, and no others" {
	local new

	for new in 'reinit a' 'reinit a lenient print' 'promise a'; do
		history <<-EOF
			1 2 pid=3 reinit a print -> ok generation=7
			3 40 pid=1 seen=4 wait a tokens=1 patient generation=7 -> other-generation
			5 60 pid=2 seen=6 wait a tokens=2 patient -> killed
			7 8 pid=3 rest -> ok a:0:0:-:ig7+1/1+2/2
			9 10 pid=3 $new -> ok
			43 44 pid=3 list -> ok a:0:0:-:i+2/2
		EOF
		[[ $new != *print ]] || sed -i '5s/$/ generation=8/' history
		if [[ $new = promise* ]]; then
			sed -i '5s/9 10/11 12/; 5i 9 10 pid=3 done a all -> ok' history
			sed -i '$s/:i+2.2/:i*3/; 2s/other-generation/ok/; 3s/killed/ok/' history
			changed '2s/ok$/other-generation/'
		else
			changed '2s/other-generation/ok/' '3s/5 60/5 41/; 3s/killed/other-generation/; $s/+2.2//' '2s/3 40/3 50/; $s/+2/+1\/1+2/'
		fi
	done
}

@test "checker: init gives a name that is not permanent a new generation" {
	history <<-EOF
		1 40 pid=1 seen=2 wait a tokens=1 patient -> killed
		3 4 pid=3 list -> ok a:0:0:-:g7+1/1
		5 12 pid=2 seen=6 wait a tokens=1 patient generation=7 -> other-generation
		7 8 pid=3 init a -> ok
		9 10 pid=3 test a generation=7 -> other-generation
		13 14 pid=3 init a lenient -> ok
		15 16 pid=3 rest -> ok a:0:0:-:ig8+1/1
		17 18 pid=3 test a generation=8 -> not-done
	EOF
	changed '5s/other-generation$/not-done/' '7s/g8/g7/' '3s/5 12/5 41/; 3s/other-generation$/killed/; 7s/$/+2\/1/'
}

@test "checker: a generation is never used twice, and a name keeps its own" {
	history <<-EOF
		1 2 pid=1 done a tokens=1 -> ok
		3 4 pid=1 list -> ok a:1:0:-:g7
		5 6 pid=1 done a tokens=1 -> ok
		7 8 pid=1 list -> ok a:2:0:-:g7
		9 10 pid=1 wait a tokens=2 -> ok
		11 12 pid=1 done a tokens=2 -> ok
		13 14 pid=1 list -> ok a:2:0:-:g8
		15 16 pid=1 rm a -> ok
		17 18 pid=1 reinit a print -> ok generation=9
		19 20 pid=1 rest -> ok a:0:0:-:ig9
	EOF
	changed '4s/g7/g8/' '7s/g8/g7/' '7s/g8/g6/' '9s/=9/=8/; 10s/g9/g8/' '10s/g9/g10/'
}

@test "checker: who joins a barrier just as the only other one leaves finds the same name" {
	history <<-EOF
		1 9 pid=1 seen=2 barrier a parties=2 -> timed-out
		3 4 pid=3 list -> ok a:0:0:-:g7|1/2
		5 20 pid=2 seen=6 barrier a parties=2 patient -> killed
		11 12 pid=3 rest -> ok a:0:0:-:g7|2/2
	EOF
	changed '1s/1 9/1 5/; 3s/5 20/6 20/; 3s/seen=6/seen=7/' '4s/g7/g8/; 1s/2 -> timed-out/3 -> timed-out/; 3s/parties=2/parties=3/; 4s/2.2$/2\/3/'
	sed -i '1s/1 9/1 5/; 3s/5 20/6 20/; 3s/seen=6/seen=7/; 4s/g7/g8/' history
	explained
}

@test "checker: a post finds the name whose only wait leaves meanwhile" {
	history <<-EOF
		1 9 pid=1 seen=2 wait a tokens=1 -> timed-out
		3 4 pid=3 list -> ok a:0:0:-:g7+1/1
		5 12 pid=2 done a all -> ok
		13 14 pid=3 list -> ok a:4294967295:0:-:g7
	EOF
	changed '1s/1 9/1 5/; 3s/5 12/6 12/' '1s/timed-out/ok/; 1s/1 9/1 5/; 3s/5 12/6 12/' '4s/g7/g6/'
	sed -i '4s/g7/g8/' history
	explained
}

@test "checker: tokens that were borrowed come back once, and not before" {
	history <<-EOF
		1 2 pid=2 done a tokens=3 -> ok
		3 4 pid=1 wait ab tokens=2 any borrow -> ok which=0 lends
		5 6 pid=2 list -> ok a:1:0:-:<1/2
		7 8 pid=2 wait a tokens=2 at-once -> timed-out
		9 10 pid=2 init a -> exists
		11 12 pid=2 barrier a parties=1 -> in-use
		13 14 pid=1 promise=3 give ab -> ok
		15 16 pid=2 wait a tokens=2 at-once -> ok
		17 18 pid=2 rest -> ok a:1:0:-:
	EOF
	changed '2s/ lends//' '3s/<1.2//' '3s/a:1/a:3/' '3s/<1.2/<1\/1/' '3s/<1/<2/' '4s/timed-out/ok/' '8s/> ok/> timed-out/' '9s/a:1/a:3/' \
		'9s/$/<1\/2/' '7s/give ab/give b/'
}

@test "checker: a wait that borrows takes nothing if the status is not 0, and leaves the status" {
	history <<-EOF
		1 2 pid=2 done a tokens=1 status=3 -> ok
		3 4 pid=1 wait a tokens=1 borrow -> ok status=3
		5 6 pid=2 list -> ok a:1:3:-:
		7 8 pid=2 wait a tokens=1 -> ok status=3
		9 10 pid=2 rest -> ok
	EOF
	changed '2s/$/ lends/' '2s/status=3/status=0/' '3s/a:1:3/a:1:0/' '4s/status=3/status=0/'
}

@test "checker: a wait that borrows may be seen in line before it takes what is there, but only a test comes in between" {
	history <<-EOF
		1 2 pid=2 done a tokens=1 -> ok
		3 10 pid=1 seen=4 wait a tokens=1 borrow -> ok lends
		5 6 pid=2 test a -> ok
		7 8 pid=2 test a -> not-done
		11 12 pid=2 list -> ok a:0:0:-:<1/1
	EOF
	changed '3s/test a -> ok/list -> ok a:1:0:-:/' '3s/test a -> ok/list -> ok a:1:0:-:+1\/1/' '3s/ok/not-done/; 4s/not-done/ok/' \
		'2s/> ok lends/> timed-out/; 4d; 5s/:0:0:-:<1.1/:1:0:-:/'
}

@test "checker: a name of which all is borrowed exists, and what is open lends nothing" {
	history <<-EOF
		1 2 pid=2 done a tokens=1 value=v1 -> ok
		3 4 pid=2 done b all -> ok
		5 6 pid=1 wait ab tokens=1 borrow -> ok value=v1 lends
		7 8 pid=2 wait a tokens=1 existing at-once -> timed-out
		9 10 pid=2 test a -> not-done
		11 12 pid=2 wait b tokens=1 borrow cmd -> ok values=untold
		13 14 pid=3 wait b tokens=1 borrow -> ok
		15 16 pid=2 list -> ok a:0:0:-:<1/1 b:4294967295:0:-:
		17 18 pid=1 promise=5 give ab -> ok
		19 20 pid=2 rest -> ok a:1:0:-: b:4294967295:0:-:
	EOF
	changed '4s/timed-out/missing/' '5s/not-done/ok/' '7s/$/ lends/' '8s/b:4294967295:0:-:/&<1\/1/' '8s/a:0:0:-:<1.1 //' '10s/a:1:0:-/a:1:0:v1/'
}

@test "checker: what a dead borrower has comes back, name by name, by the time it is known" {
	history <<-EOF
		1 2 pid=2 done ab tokens=1 -> ok
		3 4 pid=1 wait ab tokens=1 borrow -> ok lends
		5 20 pid=1 wait c tokens=1 patient -> killed
		7 8 pid=2 list -> ok a:1:0:-: b:0:0:-:<0/1
		9 22 pid=3 seen=10 wait b tokens=1 patient -> ok
		23 24 pid=2 rest -> ok a:1:0:-:
		5 21 pid=1 seen=20 promise=3 return a -> ok
		5 21 pid=1 seen=20 promise=3 return b -> ok
	EOF
	changed '6s/a:1:0:-:/a:0:0:-:<1\/1/' '5s/9 22/9 40/; 5s/ok$/killed/; 6s/$/ b:0:0:-:+3\/1<0\/1/' '4s/a:1/a:2/' '5s/9 22/9 40/; 5s/ok$/killed/; 6s/$/ b:1:0:-:+3\/1/'
	history <<-EOF
		1 2 pid=2 done a tokens=1 -> ok
		3 10 pid=1 wait a tokens=1 borrow -> killed
		11 12 pid=2 rest -> ok a:1:0:-:
		3 10 pid=1 seen=9 promise=3 return a -> ok
	EOF
	changed '3s/ a:1:0:-://' '3s/a:1/a:2/'
}

@test "checker: with a CMD the tokens are back before the command ends, and a killed one may have had them" {
	history <<-EOF
		1 2 pid=2 done a tokens=1 -> ok
		3 20 pid=1 wait a tokens=1 borrow cmd -> ok values=untold
		5 6 pid=2 list -> ok a:0:0:-:<1/1
		21 22 pid=2 rest -> ok a:1:0:-:
	EOF
	changed '4s/a:1:0:-:/a:0:0:-:<1\/1/' '4s/ a:1:0:-://' '3s/5 6/23 24/' '2s/> ok values=untold/> timed-out/'
	sed -i '2s/> ok.*/> killed/; $a 3 30 pid=1 seen=31 promise=3 return a -> ok' history
	sed -i '4s/^21 22/32 33/; 5s/3 30/3 31/; 5s/seen=31/seen=4294967295/' history
	changed '4s/ a:1:0:-://'
}

@test "checker: a reinit, a removal and a promise that begins a name anew forget what is lent" {
	local forgets

	for forgets in 'reinit a lenient' 'rm a' 'promise a'; do
		history <<-EOF
			1 2 pid=2 done ab tokens=1 -> ok
			3 4 pid=1 wait ab tokens=1 borrow -> ok lends
			5 6 pid=2 done a all -> ok
			7 8 pid=2 $forgets -> ok
			9 10 pid=1 promise=3 give ab -> ok
			11 12 pid=2 list -> ok b:1:0:-:
		EOF
		[[ $forgets != promise* ]] || sed -i '$s/ok/ok a:0:0:-:*2/' history
		changed '$s/b:1:0:-:/b:0:0:-:<1\/1/' '$s/a:0:0:-:\*2 //; $s/ok/ok a:1:0:-:/' '4s/^7 8/9 10/; 5s/^9 10/7 8/; 3s/done a all/done a tokens=1/; 4s/promise/test/; 4s/lenient//; 4s/\(rm\|reinit\) a/test a/; $s/ a:0:0:-:\*2//'
	done
}

@test "checker: a name is ready as long as a producer is, and has the value of the latest one" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=4 promise a -> ok
		5 60 pid=1 seen=6 wait a tokens=1 patient -> ok value=v1
		7 8 pid=3 promise=1 keep a ready stays value=v1 -> ok
		9 10 pid=2 wait a tokens=3 -> ok value=v1
		11 12 pid=4 promise=3 keep a ready stays value=v2 -> ok
		13 14 pid=2 test a -> ok
		15 16 pid=2 list -> ok a:0:0:v2:*3r*4r
		17 18 pid=3 promise=1 end a status=4 -> ok
		19 20 pid=2 wait a tokens=1 at-once -> ok value=v2
		21 22 pid=2 reinit a -> ok
		23 24 pid=2 wait a tokens=1 at-once -> timed-out
		25 26 pid=4 promise=3 end a -> not-done
		27 28 pid=4 promise=3 keep a ready stays -> ok
		29 30 pid=4 promise=3 end a -> ok
		31 32 pid=2 test a -> not-done
		61 62 pid=2 list -> ok
	EOF
	changed '3s/v1/v2/' '5s/v1/v2/' '8s/v2/v1/' '8s/3r/3/' '10s/value=v2/status=4/' '10s/> ok.*/> timed-out/' '12s/timed-out/ok/' '13s/not-done/ok/' \
		'7s/> ok/> not-done/' '16s/not-done/ok/' '$s/ok$/ok a:0:4:-:f/' '6s/4 promise=3/3 promise=1/'
}

@test "checker: the last ready producer ends the waits in line, in order or because it has failed" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=3 promise=1 keep a ready stays -> ok
		5 60 pid=1 seen=6 wait ab tokens=1 patient -> producer-died which=0
		7 8 pid=3 promise=1 end a -> ok
		9 10 pid=2 wait a tokens=1 at-once -> timed-out
		61 62 pid=2 rest -> ok
	EOF
	changed '3s/producer-died which=0/ok status=0 which=0 failed-fast=1/' '3s/which=0/which=1/' '5s/timed-out/producer-died/' '3s/5 60/5 70/; 3s/producer-died.*/killed/; 6s/$/ a:0:0:-:+1\/1 b:0:0:-:+1\/1/'
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=3 promise=1 keep a ready stays value=v1 -> ok
		5 60 pid=1 seen=6 wait ab tokens=1 patient -> ok status=4 which=0 failed-fast=1
		7 8 pid=3 promise=1 end a status=4 -> ok
		9 10 pid=2 wait a tokens=1 -> ok status=4 which=0 failed-fast=1
		11 12 pid=2 wait ba tokens=1 any -> ok status=4 which=1 failed-fast=0
		13 14 pid=2 test a -> not-done
		15 16 pid=2 list -> ok a:0:4:-:f
		17 18 pid=2 init a -> exists
		19 20 pid=2 done a tokens=1 -> ok
		21 22 pid=2 wait a tokens=1 -> ok
		61 62 pid=2 rest -> ok
	EOF
	changed '3s/failed-fast=1/failed-fast=0/' '3s/status=4 which=0 failed-fast=1/status=0/' '5s/failed-fast=1/failed-fast=0/' '6s/failed-fast=0/failed-fast=1/' \
		'6s/=4/=0/' '7s/not-done/ok/' '8s/f$//' '8s/:4:/:0:/' '8s/-:f/v1:f/' '9s/exists/ok/' '11s/ok$/ok status=4/' '$s/ok$/ok a:0:4:-:f/' '5s/failed-fast=1/failed-fast=1 value=v1/'
}

@test "checker: a ready producer that dies leaves its name failed, unless another one lives" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=3 promise=1 keep a ready stays -> ok
		5 8 pid=3 wait b tokens=1 -> killed
		10 11 pid=2 wait a tokens=1 -> producer-died which=0
		12 13 pid=2 list -> ok a:0:121:-:f
		14 15 pid=4 promise a -> ok
		16 17 pid=2 wait a tokens=1 at-once -> timed-out
		18 19 pid=2 rest -> ok a:0:0:-:*4
		5 9 pid=3 seen=8 promise=1 death a -> ok
	EOF
	sed -i '$s/seen=8/seen=9/; $s/5 9/5 20/' history
	changed '4s/producer-died which=0/ok/' '4s/producer-died which=0/ok status=121 failed-fast=1/' '5s/a:0:121:-:f/a:4294967295:121:-:/' '5s/ a:0:121:-:f//' '7s/timed-out/producer-died/' \
		'8s/:0:-/:121:-/'
	sed -i '6d; s/^14 15.*//; 1i 1 2 pid=4 promise a -> ok' history
	sed -i '2s/1 2/3 4/; 3s/3 4/6 7/; 3s/=1/=3/; 4s/5 8/8 9/; $s/5 20/8 20/; $s/=1/=3/' history
	sed -i '5s/producer-died which=0/timed-out/; 6s/a:0:121:-:f/a:0:0:-:*4/' history
	explained
}

@test "checker: what is posted while a name is ready takes effect when it is so no more" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=3 promise=1 keep a ready stays value=v1 -> ok
		5 60 pid=1 seen=6 wait ab tokens=1 patient fail-fast -> ok status=3 which=0 failed-fast=1 value=v2
		7 8 pid=2 done a tokens=2 status=3 value=v2 -> ok
		9 10 pid=2 done a waiting -> ok
		11 12 pid=2 wait a tokens=1 fail-fast -> ok value=v1
		13 14 pid=2 list -> ok a:2:0:v1:+1/1*3r b:0:0:-:+1/1
		15 16 pid=3 promise=1 end a -> ok
		17 18 pid=2 wait a tokens=1 -> ok status=3 value=v2
		61 62 pid=2 rest -> ok a:1:3:v2:
	EOF
	changed '3s/5 60/5 14/' '3s/=v2/=v1/' '6s/v1/v2/' '6s/> ok/> ok status=3 failed-fast=1/' '7s/a:2:0:v1/a:2:3:v2/' '7s/a:2/a:3/' '9s/> ok.*/> producer-died/' '10s/a:1/a:2/' \
		'3s/5 60/5 70/; 3s/> ok.*/> killed/; 10s/$/+1\/1 b:0:0:-:+1\/1/'
}

@test "checker: a readiness covers that another producer has died before, and no longer than it lasts" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=4 promise a -> ok
		5 6 pid=3 promise=1 break a -> ok
		7 8 pid=4 promise=3 keep a ready stays -> ok
		9 60 pid=1 seen=10 wait ab tokens=1 patient -> producer-died which=0
		11 12 pid=2 wait a tokens=1 -> ok
		13 14 pid=4 promise=3 end a -> ok
		15 16 pid=2 wait a tokens=1 -> producer-died
		61 62 pid=2 rest -> ok a:4294967295:121:-:
	EOF
	changed '5s/> producer-died.*/> killed/; 5s/9 60/9 70/; 9s/$/+1\/1 b:0:0:-:+1\/1/' '6s/> ok/> producer-died/' '8s/> producer-died/> ok status=121/' '9s/:121:/:0:/'
}

@test "checker: a command with several names finds a dead producer when it comes to its name" {
	history <<-EOF
		1 30 pid=1 seen=2 wait ab tokens=1 -> producer-died which=1
		3 4 pid=2 done a tokens=1 -> ok
		5 6 pid=3 promise b -> ok
		7 8 pid=3 test c -> killed
		10 11 pid=2 reinit ab -> refused
		31 32 pid=2 list -> ok a:1:0:-: b:4294967295:121:-:
		7 20 pid=3 seen=9 promise=5 death b -> ok
	EOF
	changed 's/reinit ab/reinit ba/' 's/refused/ok/'
}

@test "checker: two deaths at which nobody has looked in between may be found in either order" {
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=3 promise=1 keep a ready stays -> ok
		5 6 pid=4 promise a -> ok
		7 8 pid=2 done a tokens=3 -> ok
		9 10 pid=4 test b -> killed
		16 17 pid=3 test b -> killed
		20 21 pid=2 list -> ok a:4294967295:121:-:
		9 30 pid=4 seen=11 promise=5 death a -> ok
		16 31 pid=3 seen=18 promise=1 death a -> ok
	EOF
	changed '6i 14 15 pid=2 test a -> ok'
	sed -i 's/a:4294967295:121:-:/a:3:0:-:/; 6i 14 15 pid=2 test a -> ok' history
	explained
}

@test "checker: a ready producer that is dead, and not yet found to be, releases no wait through another name" {
	history <<-EOF
		3 4 pid=3 promise a -> ok
		5 6 pid=3 promise=3 keep a ready stays -> ok
		7 60 pid=1 seen=8 wait ab tokens=1 patient -> producer-died which=0
		9 10 pid=3 test c -> killed
		12 13 pid=2 done b all -> ok
		16 17 pid=2 reinit b -> busy
		61 62 pid=2 list -> ok a:0:121:-:f b:4294967295:0:-:
		9 20 pid=3 seen=11 promise=3 death a -> ok
	EOF
	changed '3s/producer-died which=0/ok/' '5a 14 15 pid=2 test a -> not-done' '4s/9 10/14 15/; $s/9 20/14 20/; $s/seen=11/seen=18/' \
		'3s/wait ab/wait a/'
	history <<-EOF
		1 2 pid=4 promise a -> ok
		3 4 pid=3 promise a -> ok
		5 6 pid=3 promise=3 keep a ready stays -> ok
		7 8 pid=4 promise=1 keep a ready stays -> ok
		9 60 pid=1 seen=10 wait ab tokens=1 patient -> killed
		11 12 pid=3 test c -> killed
		14 15 pid=2 done b all -> ok
		16 17 pid=2 reinit b -> ok
		61 62 pid=2 rest -> ok a:0:0:-:*4r
		11 20 pid=3 seen=13 promise=3 death a -> ok
	EOF
	changed '8s/ok/busy/; 9s/$/ b:4294967295:0:-:/' '5s/9 60/9 70/'
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=3 promise=1 keep a ready stays -> ok
		5 6 pid=2 done a tokens=2 -> ok
		7 60 pid=1 seen=8 wait ab tokens=1 patient -> ok
		9 10 pid=3 test c -> killed
		12 13 pid=2 done b all -> ok
		16 17 pid=2 reinit b -> busy
		61 62 pid=2 list -> ok a:1:0:-: b:4294967295:0:-:
		9 20 pid=3 seen=11 promise=1 death a -> ok
	EOF
	changed '8s/a:1/a:2/' '7s/-> busy/-> ok/'
	history <<-EOF
		1 2 pid=3 promise a -> ok
		3 4 pid=3 promise=1 keep a ready stays -> ok
		5 60 pid=1 seen=6 wait abc tokens=1 at-least=2 patient -> ok which=1 granted=bc
		7 8 pid=3 test d -> killed
		10 11 pid=2 done b all -> ok
		12 13 pid=2 reinit b -> busy
		14 15 pid=2 done c all -> ok
		61 62 pid=2 list -> ok a:0:121:-:f b:4294967295:0:-: c:4294967295:0:-:
		7 20 pid=3 seen=9 promise=1 death a -> ok
	EOF
	changed '3s/which=1 granted=bc/which=0 granted=ab/' '6s/busy/ok/; 8s/ b:4294967295:0:-://'
}

@test "checker: tokens that come back end a failure" {
	history <<-EOF
		1 2 pid=2 done a tokens=1 -> ok
		3 4 pid=3 promise a -> ok
		5 6 pid=1 wait a tokens=1 borrow -> ok lends
		7 8 pid=3 promise=3 keep a ready stays -> ok
		9 10 pid=3 promise=3 end a status=4 -> ok
		11 12 pid=2 wait a tokens=1 -> ok status=4 failed-fast=1
		13 14 pid=1 promise=5 give a -> ok
		15 16 pid=2 list -> ok a:1:0:-:
		17 18 pid=2 wait a tokens=1 -> ok
	EOF
	changed '8s/a:1:0:-:/a:1:4:-:f/' '9s/> ok/> ok status=4 failed-fast=1/' '6s/status=4 failed-fast=1//'
}

@test "checker: a run begins its name anew, is ready with a value, and ends" {
	history <<-EOF
		1 2 pid=2 done a tokens=2 -> ok
		3 20 pid=3 run a status=4 value=v1 anew -> ok
		5 60 pid=1 seen=6 wait ab tokens=1 patient -> ok status=4 which=0 failed-fast=1
		7 8 pid=2 wait a tokens=3 -> ok value=v1
		9 10 pid=2 list -> ok a:0:0:v1:+1/1*3r b:0:0:-:+1/1
		21 22 pid=2 wait a tokens=1 -> ok status=4 which=0 failed-fast=1
		61 62 pid=2 list -> ok a:0:4:-:f
	EOF
	changed '2s/v1/v2/' '2s/status=4//' '2s/> ok/> timed-out/' '2s/3 20/11 20/' '5s/a:0/a:2/' '5s/3r/3/' '6s/21 22/7 8/' 's/a:0:4:-:f//'
	history <<-EOF
		1 20 pid=3 run a value=v1 anew -> ok
		3 4 pid=2 wait a tokens=1 -> ok value=v1
		5 6 pid=2 reinit a -> ok
		7 8 pid=2 list -> ok a:0:0:-:*3
		21 22 pid=2 list -> ok a:4294967295:121:-:
	EOF
	changed '4s/3/3r/' '5s/121/0/' '5s/ a:.*//' '3s/reinit/test/; 4d'
	history <<-EOF
		1 2 pid=4 promise a -> ok
		3 4 pid=3 run a value=v1 single anew -> timed-out
		5 6 pid=2 list -> ok a:0:0:-:*4
	EOF
	changed '1d; 3s/\*4//' '2s/single//' '2s/timed-out/ok/' '2s/timed-out/killed/; 3s/$/*3r/'
}

@test "checker: a run that is killed may have got to any point, and its death is that of a producer" {
	history <<-EOF
		1 9 pid=3 run a value=v1 anew -> killed
		3 4 pid=2 wait a tokens=1 -> ok value=v1
		11 12 pid=2 wait a tokens=1 -> producer-died
		13 14 pid=2 list -> ok a:0:121:-:f
		1 20 pid=3 seen=10 promise=1 death a -> ok
	EOF
	changed '3s/producer-died/ok value=v1/' '4s/a:0:121:-:f/a:4294967295:121:-:/' '4s/f$/f*3r/' '2d; 1s/1 9/5 9/; s/promise=1/promise=5/; $s/1 20/5 20/; 3s/producer-died/ok/'
	sed -i '2d; s/a:0:121:-:f/a:4294967295:121:-:/' history
	explained
	sed -i '2s/producer-died/timed-out/; 3s/ a:.*//' history
	explained
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
