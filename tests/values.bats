#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
#
# values.bats - every bad value is refused: status 125, one line (two for a usage error), no change

load helper

bytes() { # N: prints a text of N bytes
	printf "%.0sx" $(seq "$1")
}

# refused ARGUMENT...: the command is refused, and no segment is made.
refused() {
	expect 125 "$@" && refusal && [ ! -e "$segment" ] && return
	echo "should have been refused: $*"
	return 1
}

@test "names of 1 to 127 bytes of the allowed characters are good" {
	local name

	for name in a Z 0 . _ : @ % + / = a- .hidden /path/to/it k=v 'user@host:/x%20+y' "$(bytes 127)"; do
		expect 0 done "$name"
		names "$name"
		expect 0 test "$name"
		expect 0 wait "$name"
	done
}

@test "bad names are refused by every command" {
	local name i=0 commands=(init wait try done test reinit rm)

	for name in '' ' ' 'a b' 'a ' $'a\n' $'a\tb' 'a*' 'a,b' 'a;b' "a'b" 'a"b' 'a\b' 'a~b' 'a#b' 'a!' 'a$b' \
		'a&b' 'a(b' 'a[b' 'a{b' 'a|b' 'a<b' 'a?b' 'a^b' 'a`b' 'ä' $'\x01' $'\xff' "$(bytes 128)" \
		"$(bytes 5000)"; do
		refused ${commands[i++ % 7]} "$name"
		refused done --all --status 1 "$name"
	done
	for c in "${commands[@]}"; do
		for name in '' 'a b' 'ä' "$(bytes 128)"; do
			refused $c "$name"
		done
	done
	refused rm -f 'a b'
}

@test "the line names a bad name, with its odd bytes made visible" {
	expect 125 done $'a\x1b[31mb\nc'
	refusal
	[[ $err != *$'\x1b'* ]]
}

@test "with one bad name among good ones nothing happens to any" {
	for c in init wait try done test reinit rm; do
		refused $c good1 'bad name' good2
	done
	expect 0 done good1
	expect 125 done good1 good2 'bad name'
	expect 125 rm good1 'bad name'
	expect 125 reinit good1 'bad name'
	expect 125 try good1 'bad name'
	left good1 1
	names good1
}

@test "words that begin with a dash are options, not names" {
	for c in init wait try done test reinit rm; do
		refused $c -a
		refused $c --a
		refused $c -
	done
}

@test "commands that need a name say so" {
	for c in init wait try done test reinit rm; do
		expect 125 $c
		usage_lines "^compl: $c: "
	done
	for c in wait try; do
		expect 125 $c --count 2
		usage_lines "^compl: $c: "
	done
	[ ! -e "$segment" ]
}

@test "sixty-four names are good, sixty-five are refused" {
	local some

	mapfile -t some < <(printf 'n%d\n' {1..65})
	for c in init wait try done test reinit rm; do
		refused $c "${some[@]}"
	done
	refused wait "${some[@]}" --any
	expect 0 init "${some[@]:1}"
	expect 0 done "${some[@]:1}"
	expect 0 test "${some[@]:1}"
	expect 0 wait "${some[@]:1}"
	expect 0 done "${some[@]:1}"
	expect 0 try "${some[@]:1}"
	expect 0 reinit "${some[@]:1}"
	expect 0 rm "${some[@]:1}"
}

@test "bad counts are refused" {
	local count

	for count in 0 -1 4294967295 4294967296 18446744073709551617 99999999999999999999 x '' ' 1' '1 ' +1 1.5 1e3 0x10 1k 01x; do
		refused done a --count="$count"
		refused done a --count "$count"
		refused wait a --count="$count" --timeout 1s
		refused try a --count="$count"
	done
}

@test "bad statuses are refused" {
	local number

	for number in -1 256 1000 4294967296 99999999999999999999 x ' 1' '1 ' 1.0 0x1 TER SIG SIGSIGTERM RTMIN+31 \
		RTMIN-1 RTMIN+ RTMIN+x RTMIN+1x RTMIN+001 RTMAX-31 RTMAX+1; do
		refused done a --status="$number"
		refused done a --status "$number"
		refused done a --and-exit="$number"
	done
	refused done a --and-exit=
	refused done a --and-exit TERM
}

@test "a status may be the name of a signal, as systemd tells it, or empty" {
	local status

	for status in TERM=143 SIGTERM=143 KILL=137 STKFLT=144 SIGSYS=159 RTMIN=162 SIGRTMIN+1=163 RTMIN+30=192 RTMAX=192 \
		RTMAX-30=162 =1 0=0 255=255; do
		expect 0 done a --status "${status%=*}"
		expect_w "${status#*=}" wait a -t 0
	done
}

@test "bad values are refused" {
	local value

	for value in "$(bytes 256)" "$(bytes 3000)" $'\xff' $'a\x80' $'\xc0\x80' $'\xc1\xbf' $'\xe0\x80\x80' $'\xe2\x82' \
		$'\xed\xa0\x80' $'\xf0\x80\x80\x80' $'\xf4\x90\x80\x80' $'\xf8\x88\x80\x80\x80' $'x\xe2\x28\xa1'; do
		refused done a --value="$value"
		refused done a --value "$value"
		refused done a --all --value "$value" --status 1
	done
}

@test "a value may be 255 bytes of multi-byte characters, and not 256" {
	local euros

	euros=$(printf '€%.0s' {1..85})
	expect 0 done a --value "$euros"
	expect 0 wait a --print
	[ "$out" = "$euros" ]
	refused_late=x$euros
	expect 125 done a --value "$refused_late"
	refusal
	expect 0 ls --names
	silent
}

@test "bad durations are refused" {
	local t

	for t in '' ' ' abc s 1x 1secs 1S -1 -1s +1 1,5s 1.2.3 . .s 1e3 0x10 ' 1' '1 ' '5 s' inf infinite infinity1 1infinity \
		nan 1s2 1m30 1s-1s --1 1µs $'1s\n' 1ss; do
		refused wait a --timeout="$t"
		refused wait a -t "$t"
		COMPL_TIMEOUT=${t:-x} refused wait a
	done
}

@test "bad namespaces are refused, from the option and from the environment" {
	local ns

	for ns in . .. .x a/b / ../x 'a b' ä a:b 'a@b' $'a\nb' "$(bytes 65)" "$(bytes 300)"; do
		refused done a -n "$ns"
		refused done a --namespace="$ns"
		refused ls -n "$ns"
		COMPL_NAMESPACE=$ns refused done a
		COMPL_NAMESPACE=$ns refused check
	done
	refused done a --namespace=
}

@test "namespaces of 1 and of 64 bytes of the allowed characters are good" {
	local base=$COMPL_NAMESPACE ns

	for ns in "$base-A.b_c" "$base$(bytes $((64 - ${#base})))"; do
		use_namespace "$ns"
		expect 0 done a
		left a 1
	done
}

@test "unknown commands and options are usage errors that name the nearest" {
	expect 125 wiat a
	usage_lines '^compl: .*wiat'
	[[ $err =~ [^i]wait ]]
	expect 125 reinti a
	usage_lines reinti
	[[ $err == *reinit* ]]
	expect 125 xyzzy
	usage_lines xyzzy
	expect 125 wait a --tiemout 1
	usage_lines '^compl: wait: .*--tiemout'
	[[ $err == *--timeout* ]]
	expect 125 done a --al
	usage_lines '^compl: done: .*--al'
	[[ $err == *--all* ]]
	expect 125 done a -x
	usage_lines '^compl: done: .*-x'
	[ ! -e "$segment" ]
}

@test "options are not abbreviated" {
	for o in --tim=1s --cou=1 --an --exist --pri; do
		expect 125 wait a $o
		usage_lines '^compl: wait: '
	done
	for o in --al --stat=1 --val=x --and=1; do
		expect 125 done a $o
		usage_lines '^compl: done: '
	done
	[ ! -e "$segment" ]
}

@test "options of other commands are refused" {
	for call in 'wait a --all' 'wait a --status 1' 'done a --any' 'done a --timeout 1s' 'test a --any' 'test a --count 1' \
		'init a --force' 'rm a --any' 'reinit a --all' 'try a --timeout 1s' 'reinit a --count 1' 'check --any' 'ls --all'; do
		expect 125 $call
		usage_lines "^compl: ${call%% *}: "
	done
	[ ! -e "$segment" ]
}

@test "an option that needs a value must have one, and an option without a value must not" {
	for call in 'wait a --timeout' 'wait a -t' 'wait a --count' 'done a --status' 'done a --value' 'done a --and-exit' \
		'done a -n' 'done a --all=1' 'wait a --any=yes' 'wait a --print=' 'init a --exist-ok=1'; do
		expect 125 $call
		usage_lines "^compl: ${call%% *}: "
	done
	[ ! -e "$segment" ]
}

@test "all and a count exclude each other" {
	expect 125 done a --all --count 2
	usage_lines '^compl: done: '
	[ ! -e "$segment" ]
}

@test "a -- without a command is refused, and so is a command where none is allowed" {
	refused wait a --
	refused wait -- true
	refused try a --
	[ ! -e "$segment" ]
}

@test "help of an unknown command is an error" {
	expect 125 help xyzzy
	refusal
}
