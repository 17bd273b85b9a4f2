#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
# runs in: check-all (it is about tab completion, and needs fish)
#
# fish.bats - tab completion in a real fish, which is asked what it would offer

load helper

setup() {
	begin
	export HOME=$tmp XDG_CONFIG_HOME=$tmp XDG_DATA_HOME=$tmp
	command -v fish >/dev/null || skip "there is no fish"
	mkdir bin
	ln -s "$(realpath "$COMPL")" bin/compl
	export PATH=$tmp/bin:$PATH
	# mawk and gawk must print the same.
	mawk -v program="$COMPL" -f "$BATS_TEST_DIRNAME/../fish/options.awk" "$BATS_TEST_DIRNAME/../fish/compl.fish" >compl.fish
	gawk -v program="$COMPL" -f "$BATS_TEST_DIRNAME/../fish/options.awk" "$BATS_TEST_DIRNAME/../fish/compl.fish" | cmp - compl.fish
}

# offers LINE: the candidates are in $out, one a line.
offers() {
	timeout -s KILL "$LIMIT" fish --no-config -c 'source compl.fish; complete -C $argv[1]' -- "$1" >offered 2>err </dev/null 3>&-
	[ ! -s err ]
	out=$(cut -f 1 offered | sort)
}

# exactly LINE WORD...: these are offered, and nothing else.
exactly() {
	offers "$1"
	[ "$out" = "$(printf '%s\n' "${@:2}" | sort)" ] && return
	echo "'$1' offers: $out"
	return 1
}

@test "the commands are offered, with what they do" {
	local commands

	commands=$("$COMPL" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	# shellcheck disable=SC2086 # They are several words.
	exactly "compl " $commands
	exactly "compl -n shop sco" scope
	grep -qx $'scope\trun a command with a namespace of its own' offered
	exactly "compl help sco" scope
	exactly "compl help wait " ''
}

@test "every option of every command is offered there, and no other" {
	local command words

	for command in $("$COMPL" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		words=$("$COMPL" help "$command" | sed -n '/^Options/,/^Example/s/^  \(-.,\|   \) \(--[a-z-]*\).*/\2/p')
		[ -n "$words" ]
		# shellcheck disable=SC2086 # They are several words.
		exactly "compl $command --" $words
	done
	exactly "compl wait --tim" --timeout
	offers "compl wait -"
	grep -qx -- -t <<<"$out"
}

@test "names, namespaces and the words that an option takes are offered" {
	expect 0 init db db-ready cache
	expect 0 -n "$COMPL_NAMESPACE.b" init other
	spaces+=("$COMPL_NAMESPACE.b")
	exactly "compl wait d" db db-ready
	exactly "compl wait db d" db-ready
	exactly "compl run " cache db db-ready
	exactly "compl run db c" ''
	exactly "compl wait -n $COMPL_NAMESPACE.b " other
	exactly "compl --namespace=$COMPL_NAMESPACE.b wait " other
	exactly "compl wait -t 5 c" cache
	exactly "compl -n $COMPL_NAMESPACE" "$COMPL_NAMESPACE" "$COMPL_NAMESPACE.b"
	exactly "compl rm --idle 7d $COMPL_NAMESPACE." "$COMPL_NAMESPACE.b"
	exactly "compl ls --namespaces $COMPL_NAMESPACE." "$COMPL_NAMESPACE.b"
	exactly "compl run x --ready f" fd:3
	exactly "compl wait x --count " ''
	offers "compl ls --user ro"
	grep -qx root <<<"$out"
}

@test "--status is offered each signal that has a name, with SIG if the word begins so" {
	local name

	# shellcheck disable=SC2046 # They are several words.
	exactly "compl done x --status " $(for name in {1..31}; do kill -l "$name"; done) RTMIN RTMAX
	exactly "compl done x --status SIGUSR" SIGUSR1 SIGUSR2
	exactly "compl done x --status=TER" --status=TERM
	exactly "compl done x --status=SIGTER" --status=SIGTERM
	exactly "compl done x --and-exit " ''
}

@test "after -- CMD is completed as in a line of its own" {
	touch fine-file
	offers "compl wait db -- setpri"
	grep -qx setpriv <<<"$out"
	exactly "compl run db -b -- cat fine-" fine-file
	offers "compl scope -- compl wait --fail"
	[ "$out" = --fail-fast ]
	exactly "compl scope -- compl sco" scope
}

@test "nothing is offered where compl does not answer" {
	printf '#!/bin/sh\nexit 125\n' >failing
	chmod +x failing
	ln -sf "$tmp/failing" bin/compl
	exactly "compl wait " ''
}
