#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
# runs in: check-all (it is about tab completion, and needs zsh)
#
# completions.bats - tab completion, as a user at a terminal has it
#
# A real interactive bash and zsh run on a pseudo-terminal (script(1)); keys are typed, and the line is
# looked at.  Three keys are bound: TAB; ALL, which puts all candidates into the line; and one that
# writes the line to a file and empties it, so that no test has to read a screen.

load helper

ALL=$'\030*'
TAB=$'\t'

setup() {
	begin
	top=$BATS_TEST_DIRNAME/..
	export CALLS=$tmp/calls LINES_SEEN=$tmp/lines HOME=$tmp TERM=xterm
	unset INPUTRC ENV BASH_ENV ZDOTDIR HISTFILE
	touch "$CALLS" "$LINES_SEEN"
	mkdir bin site
	printf '#!/bin/sh\necho "$*" >>"$CALLS"\nexec "%s" "$@"\n' "$(realpath "$COMPL")" >bin/compl
	# To be found as CMD, before a shell remembers what there is.
	printf '#!/bin/sh\n' >bin/frobnicate-all
	chmod +x bin/compl bin/frobnicate-all
	export PATH=$tmp/bin:$PATH
	awk -v program="$COMPL" -f "$top/completions.awk" "$top/completions.sh" >compl
	sed "s|@BASHCOMPDIR@|$tmp|" "$top/zsh/_compl" >site/_compl
	: >"$CALLS"
}

# Options that a user may have set, and that break careless completions.
bash_rc() {
	cat <<-'RC'
		set -u; shopt -s failglob nullglob; IFS=-:e
		bind 'set bell-style none'
		. ./compl
		look() { printf '%s\n' "$READLINE_LINE" >>"$LINES_SEEN"; READLINE_LINE=; }
		bind -x '"\C-x\C-w": look'
		bind '"\C-x*": insert-completions'
	RC
}

zsh_rc() {
	cat <<-'RC'
		fpath=($PWD/site $fpath)
		autoload -Uz compinit bashcompinit && compinit -D -u
		[[ -e site/_compl ]] || { bashcompinit && . ./compl }
		look() { print -r -- "$BUFFER" >>"$LINES_SEEN"; BUFFER=; }
		zle -N look
		bindkey '^X^W' look
		zle -C all-matches complete-word _generic
		bindkey '^X*' all-matches
		zstyle ':completion:all-matches:*' completer _all_matches _complete
		zstyle ':completion:*' insert true
	RC
}

# open SHELL: starts it; returns when it reads keys.
open() {
	local shell=$1 command

	command -v script >/dev/null || skip "there is no script(1) to make a terminal"
	command -v "$shell" >/dev/null || skip "there is no $shell"
	case $shell in
	bash) command='exec bash --norc -i' ;;
	zsh) command='exec zsh -f -i' ;;
	esac
	"${shell}_rc" >rc
	mkfifo keys
	exec {keyboard}<>keys
	script -q -f -c "$command" screen <keys >script.out 2>&1 3>&- 4>&- &
	pid[terminal]=$!
	printf '. ./rc; echo $$ >shell.pid\r' >&"$keyboard"
	wait_until [ -s shell.pid ]
	wait_until is_editing
	lines_wanted=0
}

# Waits until the shell reads keys; before that the terminal itself would handle ^W.
is_editing() {
	stty -a -F "/proc/$(<shell.pid)/fd/0" 2>/dev/null | grep -q -- '-icanon'
}

lines_are_there() {
	[ "$(wc -l <"$LINES_SEEN")" -ge "$lines_wanted" ]
}

is_childless() {
	[ -z "$(pgrep -P "$(<shell.pid)")" ]
}

# becomes KEYS LINE: after these keys the line is LINE.  All that the keys started has ended, and
# compl was run once at most.
becomes() {
	: >"$CALLS"
	lines_wanted=$((lines_wanted + 1))
	printf '%s\030\027' "$1" >&"$keyboard"
	wait_until lines_are_there || return
	line=$(tail -n 1 "$LINES_SEEN")
	wait_until is_childless || return
	if [ "$(wc -l <"$CALLS")" -gt 1 ]; then
		echo "asked more than once: $(<"$CALLS")"
		return 1
	fi
	[ "$line" = "$2" ] && return
	printf 'typed:    %q\nexpected: %s\nline is:  %s\n' "$1" "$2" "$line"
	return 1
}

# The keys change nothing.
stays() {
	becomes "$1$TAB" "$1" && becomes "$1$ALL" "$1"
}

# Ends the shell.  Only what was typed has been on the screen, and no error.
leave() {
	printf 'exit\r' >&"$keyboard"
	outcome terminal
	exec {keyboard}>&-
	if grep -aE '(bash|zsh|sh|awk|compl|_compl[a-z_]*):|rror|nbound' screen; then
		echo "that is an error"
		return 1
	fi
}

# ---- what both shells do ---------------------------------------------------

commands() {
	becomes "compl $ALL" "compl $(known_commands | sort | tr '\n' ' ')"
	becomes "compl wa$TAB" "compl wait "
	becomes "compl -q -n x wa$TAB" "compl -q -n x wait "
	becomes "compl -qn x wa$TAB" "compl -qn x wait "
	becomes "compl --namespace=x wa$TAB" "compl --namespace=x wait "
	becomes "compl help re$TAB" "compl help reinit "
	becomes "compl 'wa$TAB" "compl 'wait' "
	stays "compl help wait "
	stays "compl check "
	stays "compl xyz"
}

options() {
	becomes "compl --ver$TAB" "compl --version "
	becomes "compl wait a --time$TAB" "compl wait a --timeout "
	becomes "compl done --all --and$TAB" "compl done --all --and-exit "
	becomes "compl test --$ALL" "compl test --generation --help --namespace --quiet --system --user --version "
	becomes "compl try --an$TAB" "compl try --any "
	becomes "compl run a --ready no$TAB" "compl run a --ready notify "
	becomes "compl run a --ready f$TAB" "compl run a --ready fd:3 "
	becomes "compl run a --ready fd:$TAB" "compl run a --ready fd:3 "
	becomes "compl run a --ready=ex$TAB" "compl run a --ready=exit "
	becomes "compl run a --ready p$TAB" "compl run a --ready probe:$after_colon"
	becomes "compl done a --status TE$TAB" "compl done a --status TERM "
	becomes "compl done a --status=SIGTE$TAB" "compl done a --status=SIGTERM "
	becomes "compl done a --status SIGUS$TAB" "compl done a --status SIGUSR"
	stays "compl done a --and-exit TE"
	# Not an option of another command, and no option where an argument or a name is expected.
	stays "compl test --tim"
	stays "compl wait -t "
	stays "compl wait --timeout --an"
	stays "compl wait --timeout="
	stays "compl done --value --al"
	stays "compl rm -- --al"
}

names_of_line() {
	expect 0 init db-ready svc:alpha svc:alpine key=1 key=one job@1 disk@x 50%+a/b
	becomes "compl wait db$TAB" "compl wait db-ready "
	becomes "compl wait svc:a$TAB" "compl wait svc:alp"
	becomes "compl wait svc:alph$TAB" "compl wait svc:alpha "
	becomes "compl wait sv$TAB" "compl wait svc:alp"
	becomes "compl wait ke$TAB" "compl wait key="
	becomes "compl wait key=o$TAB" "compl wait key=one "
	becomes "compl wait job@$TAB" "compl wait job@1 "
	becomes "compl wait dis$TAB" "compl wait disk@x "
	becomes "compl wait 50%+a$TAB" "compl wait 50%+a/b "
	becomes "compl wait 'svc:alph$TAB" "compl wait 'svc:alpha' "
	becomes "compl wait --any db-ready -t 5s svc:alph$TAB" "compl wait --any db-ready -t 5s svc:alpha "
	becomes "compl rm -- db$TAB" "compl rm -- db-ready "
	becomes "compl ls db$TAB" "compl ls db-ready "
	becomes "compl wait $ALL" "compl wait 50%+a/b db-ready disk@x job@1 key=1 key=one svc:alpha svc:alpine "
	becomes "compl run db$TAB" "compl run db-ready "
	# One is enough.
	stays "compl run db-ready sv"
	# None twice.
	becomes "compl wait db-ready svc:alpha svc:$TAB" "compl wait db-ready svc:alpha svc:alpine "
	stays "compl wait db-ready db"
	stays "compl wait nothing-like-it"
}

# other_space: a second namespace, with a name of its own.
other_space() {
	local mine=$COMPL_NAMESPACE

	use_namespace "$mine.other"
	expect 0 init elsewhere
	other=$COMPL_NAMESPACE
	export COMPL_NAMESPACE=$mine
	expect 0 init everywhere
}

namespaces() {
	other_space
	becomes "compl wait e$TAB" "compl wait everywhere "
	becomes "compl -n $other wait e$TAB" "compl -n $other wait elsewhere "
	becomes "compl wait -n $other e$TAB" "compl wait -n $other elsewhere "
	becomes "compl wait -qn$other e$TAB" "compl wait -qn$other elsewhere "
	becomes "compl wait --namespace $other e$TAB" "compl wait --namespace $other elsewhere "
	becomes "compl wait --namespace=$other e$TAB" "compl wait --namespace=$other elsewhere "
	becomes "compl wait -n '$other' e$TAB" "compl wait -n '$other' elsewhere "
	becomes "compl -u $(id -un) -n $other wait e$TAB" "compl -u $(id -un) -n $other wait elsewhere "
	[ "$(<"$CALLS")" = "ls --names -u $(id -un) -n $other" ]
	stays "compl --system -n $other wait e"
	[ "$(<"$CALLS")" = "ls --names --system -n $other" ]
	stays "compl wait -n $other.not-there e"
	becomes "compl wait -n ${other%er}$TAB" "compl wait -n $other "
	becomes "compl -n ${other%er}$TAB" "compl -n $other "
	becomes "compl ls --namespace=${other%er}$TAB" "compl ls --namespace=$other "
	becomes "compl -u roo$TAB" "compl -u root "
	becomes "compl rm --idle 7d ${other%er}$TAB" "compl rm --idle 7d $other "
	becomes "compl rm --idle=7d ${other%er}$TAB" "compl rm --idle=7d $other "
	becomes "compl ls --namespaces ${other%er}$TAB" "compl ls --namespaces $other "
}

after_the_dashes() {
	expect 0 init cmd-name
	touch cmd-file
	becomes "compl wait a -- frobni$TAB" "compl wait a -- frobnicate-all "
	becomes "compl try a:b --any -- frobni$TAB" "compl try a:b --any -- frobnicate-all "
	becomes "compl wait a -- frobnicate-all cmd-$TAB" "compl wait a -- frobnicate-all cmd-file "
	becomes "compl scope -- frobni$TAB" "compl scope -- frobnicate-all "
	becomes "compl run a --single -- frobnicate-all cmd-$TAB" "compl run a --single -- frobnicate-all cmd-file "
	[ ! -s "$CALLS" ]
}

garbage() {
	expect 0 init a
	stays "compl no-such-command "
	stays "compl no-such-command -"
	stays 'compl -n $(touch bad) wait '
	stays 'compl wait -n "$(touch bad)" '
	stays 'compl wait -n `touch bad` '
	stays "compl wait -n ../../etc "
	stays "compl wait -n '' "
	stays "compl wait --no-such=a"
	stays 'compl wait "*'
	stays "compl wait -u no-such-user "
	[ ! -e bad ]
}

# What cannot be asked is not offered.
failures() {
	printf '#!/bin/sh\necho "$*" >>"$CALLS"\necho compl: trouble >&2\nexit 125\n' >bin/compl
	stays "compl wait "
	stays "compl wait -n "
	rm bin/compl
	hash -r
	becomes "compl wait --time$TAB" "compl wait --timeout "
}

inside() {
	expect 0 init db-ready
	# The cursor before " -t 5": six times left.
	becomes "compl wait db -t 5"$'\002\002\002\002\002'"$TAB"$'\005' "compl wait db-ready -t 5"
	becomes "true; compl wait db$TAB" "true; compl wait db-ready "
	becomes "$tmp/bin/compl wait db$TAB" "$tmp/bin/compl wait db-ready "
}

# in_shell SHELL TOPIC.  zsh ends each word that it completes with a blank.
in_shell() {
	local after_colon=

	[ "$1" = bash ] || after_colon=' '
	open "$1"
	$2
	leave
}

@test "bash completes commands, also after options and in quotes" { in_shell bash commands; }
@test "zsh completes commands, also after options and in quotes" { in_shell zsh commands; }
@test "bash completes the options of the command, and none where an argument is expected" { in_shell bash options; }
@test "zsh completes the options of the command, and none where an argument is expected" { in_shell zsh options; }
@test "bash completes names, whatever they consist of, and none twice" { in_shell bash names_of_line; }
@test "zsh completes names, whatever they consist of, and none twice" { in_shell zsh names_of_line; }
@test "bash completes namespaces and users, and the names of those that were typed" { in_shell bash namespaces; }
@test "zsh completes namespaces and users, and the names of those that were typed" { in_shell zsh namespaces; }
@test "bash completes CMD as a command and its arguments as files" { in_shell bash after_the_dashes; }
@test "zsh completes CMD as a command and its arguments as files" { in_shell zsh after_the_dashes; }
@test "bash completes nothing on garbage, and runs nothing that it contains" { in_shell bash garbage; }
@test "zsh completes nothing on garbage, and runs nothing that it contains" { in_shell zsh garbage; }
@test "bash says nothing when compl fails or is gone" { in_shell bash failures; }
@test "zsh says nothing when compl fails or is gone" { in_shell zsh failures; }
@test "bash completes in the middle of a line, after a semicolon, and for a path" { in_shell bash inside; }
@test "zsh completes in the middle of a line, after a semicolon, and for a path" { in_shell zsh inside; }

@test "where bash-completion is loaded, it completes CMD" {
	open bash
	printf '_command_offset() { COMPREPLY=("word-$1-${COMP_WORDS[$1]}"); }; : >typed\r' >&"$keyboard"
	wait_until [ -e typed ]
	becomes "compl wait a:b -- x$TAB" "compl wait a:b -- word-6-x "
	printf '_comp_command_offset() { COMPREPLY=("newer-$1"); }; : >typed-too\r' >&"$keyboard"
	wait_until [ -e typed-too ]
	becomes "compl wait a b -- x y$TAB" "compl wait a b -- x newer-5 "
	leave
}

@test "zsh completes also with completions.sh alone, without _compl" {
	rm site/_compl
	expect 0 init svc:alpha
	touch cmd-file
	open zsh
	becomes "compl wait svc:$TAB" "compl wait svc:alpha "
	becomes "compl wait a -- frobni$TAB" "compl wait a -- frobnicate-all "
	becomes "compl wait a -- frobnicate-all cmd-$TAB" "compl wait a -- frobnicate-all cmd-file "
	leave
}

# ---- the words -------------------------------------------------------------

known_commands() {
	"$COMPL" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# The options that the help explains, and separately those of its usage line.
explained_options() {
	"$COMPL" help $1 | grep -oE '^  (-[A-Za-z],|   ) --[a-z-]+' | tr -s ' ,' '\n' | grep . | sort
}

usage_options() {
	"$COMPL" help $1 | sed '/^$/q' | grep -oE -- '--[a-z-]+' | sort
}

# offers WORD...: the candidates for the last of these words, sorted.
offers() {
	bash -uc '. ./compl
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
		COMP_POINT=${#COMP_LINE}
		_compl_complete "$1" "${!#}" ""
		[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' bash "$@" 3>&- | sort
}

@test "commands and options are those of the help, no more and no fewer" {
	local command
	diff <(known_commands | sort) <(offers compl "")
	diff <(known_commands | sort) <(offers compl help "")
	[ "$(known_commands | wc -l)" -ge 10 ]
	diff <(explained_options "") <(offers compl -)
	for command in $(known_commands); do
		echo "$command:"
		diff <(explained_options "$command") <(offers compl "$command" -)
		[ -z "$(comm -23 <(usage_options "$command") <(offers compl "$command" -))" ]
	done
}

@test "names are offered after a flag, and not after an option that takes an argument" {
	local command option count=0
	expect 0 init candidate
	for command in $(known_commands); do
		[[ $("$COMPL" help "$command") =~ ^"usage: compl $command "\[?(NAME|PATTERN) ]] || continue
		# --system and --user are about another namespace, and after --namespaces there are namespaces.
		for option in $(explained_options "$command" | grep -vxE -- '--system|--user|-u|--namespaces'); do
			echo "$command $option"
			if "$COMPL" help "$command" | grep -qE "^  .*$option,?( --[a-z-]*)? [A-Z]+  "; then
				[[ $(offers compl "$command" "$option" "") != *candidate* ]]
			else
				[ "$(offers compl "$command" "$option" "")" = candidate ]
				count=$((count + 1))
			fi
		done
	done
	[ "$count" -ge 30 ]
}

@test "--status is offered each signal that has a name, and compl knows them" {
	local name

	diff <({ for name in {1..31}; do kill -l "$name"; done && printf '%s\n' RTMIN RTMAX; } | sort) \
		<(offers compl done a --status "")
	diff <(offers compl done a --status "" | sed 's/^/SIG/') <(offers compl done a --status SIG)
	for name in $(offers compl done a --status ""); do
		expect 0 done "$name" --status "$name"
		expect_w "$((128 + $(kill -l "$name")))" wait "$name"
	done
}

@test "a new command or option is completed from its help alone" {
	cat >newer <<-'EOF'
		#!/bin/sh
		if [ "$*" = "help juggle" ]; then
			printf '%s\n' 'usage: compl juggle NAME [--balls N]' '               [--high] -- CMD...' '' 'Text:' ''
			printf '%s\n' 'Options:' '  -b, --balls N          so many' '      --high             higher' '' 'Example:' '  no   --option  '
		else
			"$COMPL" "$@" | sed '/^Commands:/a\  juggle   throw and catch'
		fi
	EOF
	chmod +x newer
	COMPL=$COMPL awk -v program="$tmp/newer" -f "$top/completions.awk" "$top/completions.sh" >compl
	expect 0 init a b
	[ "$(offers compl ju)" = juggle ]
	[ "$(offers compl juggle --b)" = --balls ]
	[ "$(offers compl juggle --hi)" = --high ]
	[ "$(offers compl juggle --o)" = "" ]
	[ "$(offers compl juggle -b "")" = "" ]
	[ "$(offers compl juggle "" | tr '\n' ' ')" = "a b " ]
	[ "$(offers compl juggle a "")" = "" ]
	[ "$(offers compl juggle a -- compl-no-such "")" = "" ]
	[[ $(offers compl juggle a -- tru) = *true* ]]
}

@test "mawk and gawk generate the same words" {
	local awk

	for awk in mawk gawk; do
		"$awk" -v program="$COMPL" -f "$top/completions.awk" "$top/completions.sh" >"by-$awk"
	done
	cmp by-mawk by-gawk
	cmp by-gawk compl
}

@test "without the command there is no table, and that is an error of the build" {
	run awk -v program=/no/such/compl -f "$top/completions.awk" "$top/completions.sh"
	[ "$status" -eq 1 ]
	[[ $output == *"does not tell its commands"* ]]
}
