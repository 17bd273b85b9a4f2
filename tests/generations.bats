#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
#
# generations.bats - a call that is bound to a generation of a name does nothing to any other one

load helper

# fresh NAME: $g becomes a new generation of it.
fresh() {
	expect 0 reinit "$1" --print
	g=$out
	[[ $g =~ ^[1-9][0-9]{0,15}$ ]]
}

other() { # STATUS-LINE-OF NAME
	one_line "^compl: [a-z]+: $1: it is not of generation [0-9]+ \(namespace "
}

@test "reinit --print prints a line a name, each larger than all before, and makes the names permanent" {
	local last

	fresh a
	last=$g
	expect 0 reinit a b c --print
	[ "$(wc -l <<<"$out")" -eq 3 ]
	for g in $out; do
		((g > last && g < 1 << 53))
		last=$g
	done
	names a b c
	expect 0 rm b
	expect 0 init b
	expect 125 init c
}

@test "done, wait, try and test of the right generation are as without it" {
	fresh a
	expect_w 124 try a --generation "$g"
	expect 1 test a --generation "$g"
	line_up w a --generation "$g" --print
	expect 0 done a --generation "$g" --value text --status 3
	ends 3 w
	[ "$(<"$tmp/w.out")" = text ]
	expect 0 done a --generation "$g"
	expect 0 test a --generation "$g"
	expect_w 3 try a --generation "$g"
}

@test "of another generation, or without the name or the namespace, they end with 123 and change nothing" {
	fresh a
	expect 0 done a
	for bad in $((g - 1)) $((g + 1)) 1 9007199254740991; do
		expect 123 done a --generation "$bad" --all
		other a
		expect 123 test a --generation "$bad"
		other a
		expect_w 123 try a --generation "$bad"
		other a
		expect_w 123 wait a --generation "$bad"
		other a
	done
	left a 1
	expect 123 done b --generation "$g"
	expect 123 done b --generation "$g" --existing
	expect_w 123 wait b --generation "$g" --existing
	expect_w 123 try b --generation "$g"
	expect 123 test b --generation "$g"
	names a
	expect 123 done b --generation "$g" -q
	silent
	expect 0 rm --all
	expect 123 done a --generation "$g"
	expect_w 123 wait a --generation "$g"
	expect_w 123 try a --generation "$g"
	expect 123 test a --generation "$g"
	[ ! -e "$segment" ]
}

@test "a wait in line leaves with 123 at reinit, init and a new run, and only one that is bound" {
	local first

	fresh a
	line_up w1 a --generation "$g" --outcome
	line_up w2 a
	line_up w3 a --generation "$g" --timeout 1h
	expect 0 reinit a
	ends 123 w1 w3
	[ "$(<"$tmp/w1.out")" = generation ]
	await_sleep w2
	fresh a
	line_up w4 a --generation "$g"
	expect 0 run a --all -- true
	ends 123 w4
	ends 0 w2
	expect 0 rm a
	line_up w5 a
	expect 0 ls a --json
	first=$(jq '.completions[0].generation // empty' "$tmp/out")
	if [ -n "$first" ]; then
		line_up w6 a --generation "$first"
		expect 0 init a
		ends 123 w6
	fi
	await_sleep w5
	expect 0 done a
	ends 0 w5
}

@test "a wait leaves with 120 when its name is removed, and the next name has a larger generation" {
	local old

	fresh a
	old=$g
	line_up w a --generation "$g"
	expect 0 rm a
	ends 120 w
	fresh a
	((g > old))
	line_up w a --generation "$g"
	old=$g
	expect 0 rm --all
	ends 120 w
	fresh a
	((g > old))
}

@test "a late answer to an old question satisfies no new wait, across reinit, rm and rm --all" {
	local old=()

	for how in 'reinit a' 'rm a' 'rm --all' 'reinit a --force'; do
		fresh a
		old+=("$g")
		expect 0 $how
		fresh a
		for late in "${old[@]}" "${old[@]}"; do
			expect 123 done a --all --generation "$late"
		done
		expect_w 124 try a --generation "$g"
		expect 0 done a --generation "$g"
		expect_w 0 wait a --generation "$g"
	done
}

@test "a name whose only waiter was killed is missing to each of them" {
	line_up w a
	expect 0 ls --json
	[[ $out =~ '"generation":'([0-9]+) ]]
	g=${BASH_REMATCH[1]}
	expect 1 test a --generation "$g"
	shoot KILL w
	ends 137 w
	expect 123 test a --generation "$g"
	other a
	expect_w 123 try a --generation "$g"
	expect 123 done a --generation "$g"
}

@test "exist-ok and a second init keep the generation" {
	fresh a
	expect 0 init a --exist-ok
	expect 125 init a
	expect 0 done a --generation "$g"
	expect_w 0 wait a --generation "$g"
}

@test "a generation is a whole number from 1 to 2^53 - 1, of one name" {
	for bad in '' 0 -1 +1 1.0 0x10 9007199254740992 18446744073709551617 ' 1' 1e3 x; do
		expect 125 done a --generation "$bad"
		refusal
		expect 125 wait a --generation="$bad"
		expect 125 try a --generation="$bad"
		expect 125 test a --generation="$bad"
	done
	for c in done wait try test; do
		expect 125 $c a b --generation 1
		usage_lines '--generation is about one name, and here are 2'
		expect 125 $c --generation
	done
	[ ! -e "$segment" ]
}

@test "a standard output that is full fails, and the name has begun anew all the same" {
	expect 0 done a
	run -125 "$BASH" -c '"$1" reinit a --print >/dev/full' - "$COMPL"
	left a 0
}
