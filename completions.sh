# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# completions.sh - completes the command line of compl in bash, and in zsh through bashcompinit
#
# `make` writes build/completions.sh: completions.awk fills in the commands and options that `compl help` prints.
# `make install` puts the result where bash-completion finds it.  To use it without that: `. build/completions.sh`.
#
# It reads the words before the cursor as compl itself would: the command, the namespace and its user, whether the
# next word belongs to an option, and where CMD begins.  One TAB runs compl at most once, to list names or
# namespaces; if compl does not answer, the list is empty.
#
# The code uses only what both shells know (zsh runs it as `emulate sh`), and no name with a meaning in zsh.  The
# whole state is the local variables of _compl_complete; the other functions set them.

_compl_commands='@COMMANDS@'
_compl_options='@OPTIONS@'
_compl_signals='HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN
TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX'
# Each line: the command, its operands, "--" if CMD may follow, its options; after "=" what an option takes.
_compl_rows='
@ROWS@
'

# Sets line to the words up to the cursor as compl will see them, and at to the index in COMP_WORDS at which
# each begins.  bash has split them further, at ":" and "=" and whatever else COMP_WORDBREAKS says.
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

# Sets plain to a word without its quotes.  No name needs quotes.  What the shell would expand stays as it is,
# and matches nothing.
_compl_unquote() {
	plain=${1//[\"\'\\]/}
}

# Sets argument to what this option takes ("DUR"), or to nothing for a flag.  With some options the operands are
# patterns of namespaces.
_compl_read_option() {
	argument=
	[[ $1 != --idle && $1 != --namespaces ]] || patterns=spaces
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

# The first operand is the command; sets row to its line.  An unknown command has no options.
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

# Reads the words before the one to complete.  Sets cmd to the index of the first word of CMD.
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

# _compl_offer HEAD WORD…: offers each HEADWORD that fits.  The shell replaces only its own last word.
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

# Offers the names that are not on the line yet, because no name may be there twice; or namespaces.
_compl_offer_names() {
	local name
	local -a list

	list=("${list_names[@]}")
	[[ -z $patterns ]] || list=("${list_spaces[@]}")
	for name in $(_compl_ask "${list[@]}"); do
		[[ $operands = *" $name "* ]] || _compl_offer '' "$name"
	done
}

# _compl_offer_kind KIND HEAD: offers what this word of the help stands for, with HEAD before it.
# No candidate contains a blank or a character of a pattern.
# shellcheck disable=SC2046,SC2086
_compl_offer_kind() {
	case $1 in
	NAME* | PATTERN*) _compl_offer_names ;;
	COMMAND) _compl_offer "$2" $_compl_commands ;;
	NS) _compl_offer "$2" $(_compl_ask "${list_spaces[@]}") ;;
	USER) _compl_offer "$2" $(compgen -u -- "$current") ;;
	WHEN) _compl_offer_when "$2" ;;
	STATUS) _compl_offer_signals "$2" ;;
	esac
}

# Offers the names of signals, with SIG if the word begins so.
_compl_offer_signals() {
	local sig='' name

	[[ $current != "$1"SIG* ]] || sig=SIG
	for name in $_compl_signals; do
		_compl_offer "$1" "$sig$name"
	done
}

# What follows "probe:" belongs to the same word, so bash is to add no blank.  zsh has no compopt.
_compl_offer_when() {
	_compl_offer "$1" exit notify fd:3 probe:
	if [[ ${COMPREPLY[*]} = *: ]] && type compopt >/dev/null 2>&1; then
		compopt -o nospace
	fi
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

# Completes CMD, whose first word is number $cmd, by bash-completion if it is there.  In zsh _compl does that.
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
	local compl='' command='' argument='' patterns='' ended='' cmd='' plain='' current='' kept=''
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
