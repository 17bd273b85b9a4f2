# SPDX-License-Identifier: ISC
#
# options.awk - prints compl.fish, and a line for each command and option
#
#	awk -v program=build/compl -f fish/options.awk fish/compl.fish
#
# They come from `compl help` and `compl help COMMAND`, which print the command's own tables.

function quote(text) {
	gsub(/[\\']/, "\\\\&", text)
	return "'" text "'"
}

# What a word of the help stands for.
function candidates(argument) {
	if (argument == "NS")
		return " -a '(__compl_spaces)'"
	if (argument == "USER")
		return " -a '(__fish_complete_users)'"
	if (argument == "WHEN")
		return " -a 'exit notify fd:3 probe:'"
	if (argument == "STATUS")
		return " -a '(__compl_signals)'"
	return ""
}

# Prints the option that was read last.
function flush(condition) {
	if (name == "")
		return
	if (argument != "")
		taking = taking " --" name (letter != "" ? " -" letter : "")
	lines = lines "complete -c compl -n " quote(condition) (letter != "" ? " -s " letter : "") " -l " name \
		(argument != "" ? " -x" candidates(argument) : " -f") " -d " quote(text) "\n"
	name = ""
}

# Reads a line like "  -t, --timeout DUR      give up after DUR", or its continuation.
function option(line, condition, word) {
	if (match(line, /^  (-.,|   ) --[a-z-]+( [A-Z]+)?( |$)/)) {
		flush(condition)
		split(substr(line, 7, RLENGTH - 6), word, " ")
		name = substr(word[1], 3)
		argument = word[2]
		letter = substr(line, 4, 1)
		if (letter == " ")
			letter = ""
		text = substr(line, RLENGTH + 1)
		sub(/^ +/, "", text)
	} else if (name != "" && line ~ /^        /) {
		sub(/^ +/, "", line)
		text = text (text == "" ? "" : " ") line
	} else {
		flush(condition)
	}
}

# Reads the options below the first line "Options:"; sets usage to the text before the first empty line.
function ask(topic, condition, command, line, section, word) {
	command = "'" program "' help " topic
	usage = ""
	while ((command | getline line) > 0) {
		if (usage !~ /\n$/)
			usage = usage (line == "" ? "\n" : " " line)
		if (line ~ /^[^ ].*:$/ || line == "") {
			flush(condition)
			section = line == "" ? section : line
		} else if (section == "Options:") {
			option(line, condition)
		}
		if (section == "Commands:" && match(line, /^  [a-z]+ +/)) {
			split(line, word, " ")
			commands = commands " " word[1]
			sub(/^  [a-z]+ +/, "", line)
			lines = lines "complete -c compl -n __compl_has_no_command -f -a " word[1] " -d " quote(line) "\n"
		}
	}
	close(command)
	flush(condition)
}

function operands(command, word) {
	split(usage, word, " ")
	gsub(/[][]/, "", word[4])
	if (word[4] ~ /^(NAME|PATTERN)\.\.\.$/)
		many = many " " command
	else if (word[4] ~ /^NAME$/)
		one = one " " command
}

{ print }

END {
	ask("", "not __compl_is_cmd")
	count = split(commands, each, " ")
	for (i = 1; i <= count; i++) {
		ask(each[i], "__compl_is " each[i])
		operands(each[i])
		bad = bad || usage == ""
	}
	if (count == 0 || taking == "" || many == "" || bad) {
		print "options.awk: '" program " help' does not tell its commands and options" >"/dev/stderr"
		exit 1
	}
	print "set -g __compl_taking" taking
	printf "%s", lines
	print "complete -c compl -n '__compl_is" many "' -f -a '(__compl_names)'"
	print "complete -c compl -n '__compl_wants_name" one "' -f -a '(__compl_names)'"
	print "complete -c compl -n '__compl_wants_name help' -f -a '" substr(commands, 2) "'"
}
