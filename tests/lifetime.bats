#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
#
# lifetime.bats - how names come into being, stay, are reset, and go

load helper

@test "a name that was posted and taken is gone" {
	expect 0 done a --status 1 --value x
	names a
	expect_w 1 wait a
	expect 0 ls --names
	silent
}

@test "time-outs, typos, looks and refusals leave nothing behind" {
	expect 0 done other
	expect 124 wait typo --timeout 20ms
	expect 124 wait typo1 typo2 --any --timeout 20ms
	expect 124 wait typo --timeout 0
	expect 124 try typo
	expect 1 test typo
	expect 0 reinit typo
	expect 125 rm typo
	expect 125 wait typo --existing
	expect 125 done typo --existing
	names other
}

@test "waiters that were killed leave nothing behind" {
	line_up w1 a
	line_up w2 a b
	shoot KILL w1
	shoot TERM w2
	ends 137 w1
	ends 143 w2
	expect 0 ls --names
	silent
	expect 0 ls --json
	jq -e '.completions == []' out
}

@test "commands that only look create no segment" {
	expect 1 test a
	expect 124 try a
	expect 0 ls
	silent
	expect 0 ls --names
	silent
	expect 0 ls --json
	expect 0 check
	expect 125 rm a
	expect 0 rm a -f
	[ ! -e "$segment" ]
}

@test "a namespace that does not exist is an empty list, and sound" {
	expect 0 ls --json
	jq -e --arg ns "$COMPL_NAMESPACE" '. == {namespace: $ns, completions: []}' out
	expect 0 check
	[ -z "$err" ]
}

@test "the segment is a regular file of mode 0600, whatever the umask" {
	umask 0
	expect 0 done a
	[ "$(stat -c '%F %a %u' "$segment")" = "regular file 600 $EUID" ]
	rm "$segment"
	umask 777
	expect 0 done a
	[ "$(stat -c '%F %a %u' "$segment")" = "regular file 600 $EUID" ]
	umask 022
}

@test "an initialised name stays at 0" {
	expect 0 init a
	silent
	names a
	expect 1 test a
	expect 0 done a
	expect_w 0 wait a
	expect 0 reinit a
	names a
}

@test "a second init is an error" {
	expect 0 init a
	expect 125 init a
	one_line '^compl: init: a: '
	names a
}

@test "init refuses a name that carries a token, or all" {
	expect 0 done a
	expect 125 init a
	one_line '^compl: init: a: '
	left a 1
	expect 0 done b --all
	expect 125 init b
	expect_w 0 wait a
	expect 0 ls --names
	printed b
}

@test "init takes a name that has only waiters" {
	line_up w a
	expect 0 init a
	await_sleep w
	expect 0 done a
	ends 0 w
	names a
}

@test "init --exist-ok takes any name and resets nothing" {
	expect 0 done a --status 3 --value x
	expect 0 init a --exist-ok
	expect_w 3 wait a --print
	printed x
	names a
	look '.completions[0].status == 3'
	expect 0 init a --exist-ok
	look '.completions[0].status == 3'
	expect 0 init new --exist-ok
	names a new
}

@test "init of several names stops at the first that fails, and says what was done" {
	expect 0 init b
	expect 125 init a b c
	one_line '^compl: init: b: .*\ba\b'
	names a b
}

@test "reinit sets counter, status and value to zero" {
	expect 0 init a
	expect 0 done a --count 3 --status 4 --value x
	expect 0 reinit a
	silent
	look '.completions[0] | .done == 0 and .status == 0 and .value == null'
	expect 124 try a
}

@test "reinit of a name that was not initialised removes it" {
	expect 0 done a --count 3
	expect 0 reinit a
	expect 0 ls --names
	silent
	expect 0 done b --all
	expect 0 reinit b
	expect 0 ls --names
	silent
}

@test "reinit of a missing name is fine, and creates nothing" {
	expect 0 reinit a b c
	silent
	expect 0 ls --names
	silent
}

@test "reinit is refused while there are tokens and a waiter in line" {
	line_up w a --count 2
	expect 0 done a
	expect 125 reinit a
	one_line '^compl: reinit: a: '
	left a 1
	expect 0 reinit a --force
	silent
	left a 0
	await_sleep w
	expect 0 done a
	await_sleep w
	expect 0 done a
	ends 0 w
}

@test "reinit keeps the line while the counter is at 0" {
	line_up w1 a
	line_up w2 a
	expect 0 reinit a
	await_sleep w1 w2
	expect 0 done a
	ends 0 w1
	await_sleep w2
	expect 0 done a
	ends 0 w2
}

@test "reinit of several names stops at the first that is refused" {
	line_up w b --count 2
	expect 0 done a b c
	expect 125 reinit a b c
	one_line '^compl: reinit: b: .*\ba\b'
	left a 0
	left b 1
	left c 1
	expect 0 rm b
	ends 120 w
}

@test "rm removes a name with its tokens" {
	expect 0 init a
	expect 0 done a b
	expect 0 rm a
	silent
	names b
	expect 124 try a
	expect 0 done a
	expect_w 0 wait a
	names b
}

@test "rm of a missing name is an error, but not with -f" {
	expect 0 done b
	expect 125 rm a
	one_line '^compl: rm: a: '
	expect 0 rm -f a
	silent
	expect 0 rm a b -f
	expect 0 ls --names
	silent
}

@test "rm of several names stops at the first that is missing" {
	expect 0 done a c
	expect 125 rm a b c
	one_line '^compl: rm: b: .*\ba\b'
	names c
}

@test "a wait for a removed name ends with 120 and one line" {
	line_up w1 a
	line_up w2 a --count 7
	line_up w3 b
	expect 0 rm a
	ends 120 w1 w2
	[ "$(wc -l <w1.err)" -eq 1 ]
	[[ $(<w1.err) =~ ^'compl: wait: a: '.*"(namespace $COMPL_NAMESPACE of uid $EUID)"$ ]]
	[ ! -s w1.out ]
	await_sleep w3
	expect 0 done a
	left a 1
	expect 0 done b
	ends 0 w3
}

@test "test prints nothing, and ends with 0 above zero, and with 1 at zero or for a missing name" {
	expect 1 test a
	silent
	expect 0 init a
	expect 1 test a
	expect 0 done a
	expect 0 test a
	silent
	expect 0 test a
	left a 1
	expect 0 done b --all
	expect 0 test b
}

@test "test of several names says 0 only if all are done" {
	expect 0 done a b
	expect 0 test a b
	expect 1 test a b c
	silent
	expect 1 test c a
}

@test "try is silent when there is nothing to take" {
	expect 0 init a
	expect 124 try a
	silent
	expect 0 done a
	expect 0 try a
	silent
	expect 124 try a
}

@test "wait --existing refuses a missing name, and takes one that exists through a waiter" {
	expect 125 wait a --existing
	one_line '^compl: wait: a: '
	[ ! -e "$segment" ] || { expect 0 ls --names && silent; }
	line_up w1 a
	line_up w2 a --existing
	expect 0 done a --existing
	ends 0 w1
	await_sleep w2
	expect 0 done a --existing
	ends 0 w2
	expect 125 done a --existing
	one_line '^compl: done: a: '
}

@test "wait --existing takes one that is initialised or carries a token" {
	expect 0 init a
	expect 124 wait a -e --timeout 0
	expect 0 done b
	expect 0 wait b --existing
	expect 125 wait a b --existing --timeout 1s
	one_line '^compl: wait: b: '
}

@test "COMPL_EXISTING=1 asks wait and done for existing names" {
	export COMPL_EXISTING=1
	expect 125 wait a --timeout 1s
	expect 125 done a
	unset COMPL_EXISTING
	expect 0 init a
	export COMPL_EXISTING=1
	expect 0 done a
	expect 0 wait a
}

@test "test, try, reinit and wait treat a missing name as one at zero" {
	local name

	expect 0 init zero
	for name in zero missing; do
		expect 1 test $name
		expect 124 try $name
		expect 0 reinit $name
		expect 124 wait $name --timeout 10ms
		line_up w $name
		expect 0 done $name
		ends 0 w
	done
	names zero
}

@test "many names exist at once, and each is found again" {
	local i some

	for i in {0..9}; do
		mapfile -t some < <(printf "n%d.$i\n" {1..60})
		expect 0 done "${some[@]}" --value "$i"
	done
	[ "$("$COMPL" ls --names | wc -l)" -eq 600 ]
	for i in 7 3 9 1 0 5 8 2 4 6; do
		expect 0 wait "n17.$i" --print
		printed "$i"
		mapfile -t some < <(printf "n%d.$i\n" {1..16} {18..60})
		expect 0 try "${some[@]}"
	done
	expect 0 ls --names
	silent
}
