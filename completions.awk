# SPDX-License-Identifier: ISC
#
# completions.awk - prints completions.sh with the commands and options filled in
#
#	awk -v program=build/compl -f completions.awk completions.sh
#
# They come from `compl help` and `compl help COMMAND`, which print the command's own tables.

# A line of options is like "  -t, --timeout DUR      give up after DUR".
function option(line, letter, name, argument) {
	if (!match(line, /^  (-.,|   ) --[a-z-]+( [A-Z]+)?  /))
		return ""
	split(substr(line, 7, RLENGTH - 6), word, " ")
	name = word[1]
	argument = word[2] == "" ? "" : "=" word[2]
	letter = substr(line, 4, 1)
	return (letter == " " ? "" : " -" letter argument) " " name argument
}

# The usage is like "usage: compl wait NAME... [--count N] [-- CMD...]", in several lines.
function operands(usage, word) {
	split(usage, word, " ")
	gsub(/[][]/, "", word[4])
	return (word[4] ~ /^[A-Z]+(\.\.\.)?$/ ? " " word[4] : "") (usage ~ /-- CMD/ ? " --" : "")
}

# Returns the options below the line TITLE; sets usage to the text before the first empty line.
function ask(topic, title, command, line, section, found) {
	command = "'" program "' help " topic
	usage = ""
	while ((command | getline line) > 0) {
		if (usage !~ /\n$/)
			usage = usage (line == "" ? "\n" : " " line)
		else if (line ~ /^[^ ].*:$/)
			section = line
		else if (section == title)
			found = found option(line)
		if (section == "Commands:" && match(line, /^  [a-z]+ /))
			commands = commands " " substr(line, 3, RLENGTH - 3)
	}
	close(command)
	return found
}

BEGIN {
	global = substr(ask("", "Options:"), 2)
	commands = substr(commands, 2)
	count = split(commands, name, " ")
	for (i = 1; i <= count; i++) {
		own = ask(name[i], "Options:")
		bad = bad || usage == ""
		rows = rows (i > 1 ? "\n" : "") name[i] operands(usage) own " "
	}
	if (count == 0 || global == "" || bad) {
		print "completions.awk: '" program " help' does not tell its commands and options" >"/dev/stderr"
		exit 1
	}
}

{
	sub(/@COMMANDS@/, commands)
	sub(/@OPTIONS@/, global)
	sub(/@ROWS@/, rows)
	print
}
