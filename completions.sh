# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# completions.sh - tab completion of compl for bash, and for zsh through bashcompinit
#
# `make` writes build/completions.sh: this file with the words of the command put in, as `compl help` prints
# them (completions.awk); `make install` puts that where bash-completion finds it.  Without: `. build/completions.sh`.
#
# Of what is typed before the cursor it reads as much as compl itself would: which command, which namespace of
# whom, whether the next word belongs to an option, where CMD begins.  A TAB asks compl at most once, for
# names or namespaces, and takes no answer for an empty list.
#
# Only what both shells know is used (zsh runs this as `emulate sh`), and no name that zsh gives a meaning.
# The main function's local variables are all the state there is; the others set them.

_compl_commands='@COMMANDS@'
_compl_options='@OPTIONS@'
# A line each: command, operands, "--" if CMD may follow, options; "=" begins what an option takes.
_compl_rows='
@ROWS@
'

# line: the words up to the cursor as compl will see them, at: where each begins in COMP_WORDS.  bash has
# split them further, at ":" and "=" and whatever COMP_WORDBREAKS says.
_compl_split() {
	local rest=${COMP_LINE:0:$COMP_POINT} blanks word i

	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		blanks=${rest%%[![:space:]]*}
		rest=${rest#"$blanks"}
		[[ $word != "$rest"* ]] || word=$rest # the cursor stands in it
		rest=${rest#"$word"}
		if [[ $i -eq 0 || -n $blanks ]]; then
			line+=("$word")
			at+=("$i")
		else
			line[${#line[@]} - 1]+=$word
		fi
	done
}

# plain: a word without its quotes.  No name needs any; what would be expanded stays, and matches nothing.
_compl_unquote() {
	plain=${1//[\"\'\\]/}
}

# argument: what this option takes ("DUR"), empty for a flag.
_compl_read_option() {
	argument=
	if [[ $options = *" $1="* ]]; then
		argument=${options#*" $1="}
		argument=${argument%% *}
	elif [[ $1 = --system ]]; then
		list_names+=(--system)
		list_spaces+=(--system)
	fi
}

_compl_read_value() {
	case $argument in
	NS)
		list_names+=(-n "$1")
		;;
	USER)
		list_names+=(-u "$1")
		list_spaces+=(-u "$1")
		;;
	esac
	argument=
}

_compl_read_letters() {
	local letters=$1

	while [[ -n $letters ]]; do
		_compl_read_option "-${letters%"${letters#?}"}"
		letters=${letters#?}
		if [[ -n $argument && -n $letters ]]; then
			_compl_read_value "$letters"
			return
		fi
	done
}

# The first is the command: row gets its line.  An unknown one has no options either.
_compl_read_operand() {
	if [[ -n $command ]]; then
		operands+="$1 "
		return
	fi
	command=$1
	options=
	if [[ $_compl_rows = *$'\n'"$1 "* ]]; then
		row=${_compl_rows#*$'\n'"$1 "}
		row=${row%%$'\n'*}
		options=" $row $_compl_options "
	fi
}

# The words before the one to be completed.  cmd: where CMD begins.
_compl_read() {
	local i

	for ((i = 1; i < ${#line[@]} - 1; i++)); do
		_compl_unquote "${line[i]}"
		if [[ -n $argument ]]; then
			_compl_read_value "$plain"
		elif [[ -n $ended || $plain != -?* ]]; then
			_compl_read_operand "$plain"
		elif [[ $plain = --?*=* ]]; then
			_compl_read_option "${plain%%=*}"
			_compl_read_value "${plain#*=}"
		elif [[ $plain = --?* ]]; then
			_compl_read_option "$plain"
		elif [[ $plain != -- ]]; then
			_compl_read_letters "${plain#-}"
		elif [[ " $row " = *' -- '* ]]; then
			cmd=$((i + 1))
			return
		else
			ended=1
		fi
	done
}

# The words after the first, with that before each, are candidates.  The shell replaces only its own last word.
_compl_offer() {
	local head=$1 word

	shift
	for word; do
		word=$head$word
		[[ $word != "$current"* || $word = -- ]] || COMPREPLY+=("${word#"$kept"}")
	done
}

_compl_ask() {
	command "$compl" "$@" 2>/dev/null </dev/null
}

# The names that are not on the line yet: none may be there twice.
_compl_offer_names() {
	local name

	for name in $(_compl_ask "${list_names[@]}"); do
		[[ $operands = *" $name "* ]] || _compl_offer '' "$name"
	done
}

# What may stand for this word of the help, with HEAD before it.
# None of these words has a blank or a character of a pattern in it.
# shellcheck disable=SC2046,SC2086
_compl_offer_kind() {
	case $1 in
	NAME* | PATTERN*) _compl_offer_names ;;
	COMMAND) _compl_offer "$2" $_compl_commands ;;
	NS) _compl_offer "$2" $(_compl_ask "${list_spaces[@]}") ;;
	USER) _compl_offer "$2" $(compgen -u -- "$current") ;;
	WHEN) _compl_offer "$2" exit notify fd:3 ;;
	esac
}

# shellcheck disable=SC2086
_compl_offer_options() {
	local word

	if [[ $current = --*=* ]]; then
		_compl_read_option "${current%%=*}"
		_compl_offer_kind "$argument" "${current%%=*}="
		return
	fi
	for word in $options; do
		[[ $word != -* ]] || _compl_offer '' "${word%%=*}"
	done
}

# CMD, whose first word is number $cmd: by bash-completion if it is there.  zsh's _compl does it itself.
# shellcheck disable=SC2046
_compl_offer_cmd() {
	if type _compl >/dev/null 2>&1; then
		return
	elif type _comp_command_offset >/dev/null 2>&1; then
		_comp_command_offset "${at[cmd]}"
	elif type _command_offset >/dev/null 2>&1; then
		_command_offset "${at[cmd]}"
	elif [[ $cmd -eq ${#line[@]}-1 && $current != */* ]]; then
		_compl_offer '' $(compgen -c -- "$current")
	elif type compopt >/dev/null 2>&1; then
		compopt -o default
	else
		_compl_offer '' $(compgen -f -- "$current")
	fi
}

_compl_offer_operand() {
	local kind=${row%% *}

	if [[ -z $command ]]; then
		_compl_offer_kind COMMAND ''
	elif [[ $kind = *... || $operands = ' ' ]]; then
		_compl_offer_kind "$kind" ''
	fi
}

_compl_complete() {
	local IFS=$' \t\n' options=" $_compl_options " row='' operands=' '
	local compl='' command='' argument='' ended='' cmd='' plain='' current='' kept=''
	local -a line at list_names list_spaces

	COMPREPLY=() line=() at=()
	list_names=(ls --names) list_spaces=(ls --namespaces)
	_compl_split
	_compl_unquote "${1/#\~\//$HOME/}"
	compl=$plain
	_compl_read
	_compl_unquote "${2-}"
	kept=$plain
	_compl_unquote "${line[${#line[@]} - 1]}"
	current=$plain
	kept=${current%"$kept"}
	if [[ -n $cmd ]]; then
		_compl_offer_cmd
	elif [[ -n $argument ]]; then
		_compl_offer_kind "$argument" ''
	elif [[ -z $ended && $current = -* ]]; then
		_compl_offer_options
	else
		_compl_offer_operand
	fi
	return 0
}

complete -F _compl_complete compl
