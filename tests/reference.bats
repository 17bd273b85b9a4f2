#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
#
# reference.bats - the help and the manual agree: commands, options, variables, statuses; and so do
# compl.h and compl.3: structures

bats_require_minimum_version 1.5.0

: "${COMPL:=$BATS_TEST_DIRNAME/../build/compl}"

setup() {
	page=$BATS_TEST_DIRNAME/../man/compl.1
	cd "$BATS_TEST_TMPDIR" || return
	commands=$("$COMPL" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	[ "$(wc -w <<<"$commands")" -ge 10 ]
}

# options_of_help TITLE [COMMAND]: prints each as "-t --timeout DUR", without the parts that it lacks.
options_of_help() {
	"$COMPL" help "${@:2}" | sed -n "/^$1\$/,/^\$/s/^  \(-.,\|   \) \(--[a-z-]*\( [A-Z][A-Z]*\)\?\)  .*/\1 \2/p" |
		tr -d , | sed 's/^ *//' | LC_ALL=C sort
}

# options_of_manual SECTION: the same, from the items of this .Ss.
options_of_manual() {
	awk -v section="$1" '
		/^\.S[sh] / { inside = $0 == ".Ss " section; next }
		inside && /^\.It Fl / {
			text = ""
			for (i = 3; i <= NF; i++)
				if ($i == "," || $i == "Ar" || $i == "Fl")
					continue
				else
					text = text (text == "" ? "" : " ") ($(i - 1) == "Ar" ? "" : "-") $i
			print text
		}' "$page" | LC_ALL=C sort
}

# The options in the synopsis of a command, all forms of it, by long names or letters.
synopsis() {
	awk -v command="$1" '
		/^\.Sh / { inside = $2 == "SYNOPSIS" }
		/^\.Nm/ { mine = 0 }
		/^\.Cm / { mine = $2 == command }
		inside && mine && /Fl/ {
			for (i = 2; i <= NF; i++)
				if (($(i - 1) ~ /^\.?Fl$/ || $(i - 1) == "|") && $i ~ /^-?[a-z]/)
					print "-" $i
		}' "$page" | LC_ALL=C sort -u
}

same() {
	diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") && return
	echo "the first is what the help says"
	return 1
}

@test "the manual has the commands of the help, in its order, as sections and in the synopsis" {
	same "$commands" "$(sed -n '/^\.Sh COMMANDS/,/^\.Sh NAMES/s/^\.Ss //p' "$page")"
	same "$commands" "$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/s/^\.Cm //p' "$page" | uniq)"
}

@test "the manual explains the options of every command of the help, and no others" {
	local command
	for command in $commands; do
		same "$(options_of_help Options: "$command")" "$(options_of_manual "$command")" ||
			{ echo "of $command"; return 1; }
	done
	same "$(options_of_help Options:)" "$(options_of_manual "Options of every command")"
	[ "$(options_of_help Options: wait | wc -l)" -ge 12 ]
}

@test "the synopsis of a command has all its options, and no others" {
	local command option
	for command in $commands; do
		for option in $(synopsis "$command"); do
			"$COMPL" help "$command" | grep -Eq -e "^  (-.,|   ) $option( |\$)|^  $option, " ||
				{ echo "$command: $option is not in the help"; return 1; }
		done
		while read -r option; do
			synopsis "$command" | grep -Fxq -e "${option%% *}" -e "$(grep -o -e '--[a-z-]*' <<<"$option")" ||
				{ echo "$command: $option is not in the synopsis"; return 1; }
		done < <(options_of_help Options: "$command")
	done
}

@test "the variables of the help are in the manual" {
	local name count=0
	for name in $({ "$COMPL" help; for c in $commands; do "$COMPL" help "$c"; done; } |
		tr -s '\n ' ' ' | grep -o 'default: [A-Z_]*' | sed 's/.* //' | sort -u); do
		grep -Fxq ".It Ev $name" "$page"
		count=$((count + 1))
	done
	[ "$count" -ge 3 ]
}

@test "no line of the help is wider than 79 columns, and none ends with a blank" {
	local command
	for command in "" $commands; do
		# shellcheck disable=SC2086
		"$COMPL" help $command >text
		run -1 grep -En '^.{80}| $' text
	done
}

@test "the manual lists every exit status that the command has a name for" {
	local number count=0
	while read -r number; do
		[ "$number" = 128 ] && number=128+n
		sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/p' "$page" | grep -Fxq ".It $number"
		count=$((count + 1))
	done < <(sed -n 's/^	STATUS_[A-Z_]* = \([0-9]*\),.*/\1/p' "$BATS_TEST_DIRNAME/../src/cli/status.h")
	[ "$count" -ge 9 ]
}

# fields FILE: prints "STRUCTURE FIELD" for each field of each structure that FILE defines.
fields() {
	awk '
		BEGIN { RS = "\001" }
		{
			gsub(/\\-/, "-")
			while ((from = index($0, "/*")) > 0) {
				rest = substr($0, from + 2)
				$0 = substr($0, 1, from - 1) substr(rest, index(rest, "*/") + 2)
			}
			count = split($0, line, "\n")
			for (i = 1; i <= count; i++)
				if (line[i] ~ /^struct compl_[a-z_]+ \{$/) {
					split(line[i], word, " ")
					name = word[2]
				} else if (line[i] ~ /^\};/)
					name = ""
				else if (name != "")
					members(line[i])
		}
		function members(text, parts, n, i) {
			sub(/\)\(.*/, ";", text) # a pointer to a function
			gsub(/\[[^]]*\]/, "", text)
			n = split(text, parts, /[,;]/)
			for (i = 1; i < n; i++)
				if (match(parts[i], /[a-z_0-9]+$/))
					print name, substr(parts[i], RSTART)
		}' "$1"
}

@test "the structures of compl.3 have the fields of compl.h, in their order" {
	local of_header of_manual name names

	of_header=$(fields "$BATS_TEST_DIRNAME/../src/compl.h")
	of_manual=$(fields "$BATS_TEST_DIRNAME/../man/compl.3")
	names=$(cut -d ' ' -f 1 <<<"$of_manual" | sort -u)
	[ "$(wc -l <<<"$names")" -ge 15 ]
	for name in $names; do
		same "$(grep "^$name " <<<"$of_header")" "$(grep "^$name " <<<"$of_manual")"
	done
}
