# SPDX-License-Identifier: ISC
#
# predicates.awk - finds functions that act although their names ask (is_, has_, find_ and so on)
#
# Usage: awk -f tests/code.awk -f tests/predicates.awk FILE.[ch]…
#
# Prints a line for each finding, and ends with 1 if there is one.  A function acts if it stores
# atomically, calls one of the actors listed below, or calls a function of these files that acts.
# A function whose name asks also takes only pointers to const, and assigns nothing through a pointer.
# A store into a variable of the file is not seen.
#
# Outside src/ a function's name is often a sentence, as in has_room_for_63().  There only names that begin
# with is_, has_ or find_, or with the file's noun and one of these, ask.  A function with CHECK() or NEED()
# (tests/c/tap.h) tests something, and asks nothing.
#
# The layout is that of .clang-format: a definition has its name in the first column, and begins and
# ends with a brace there.

BEGIN {
	question = "(^|_)(is|has|are|may|find|count)_|(^|_)find$"
	store = "__atomic_(store|exchange|compare|clear|test_and_set|[a-z]*_fetch|fetch_)"
	# Neither syscall() nor sigaction() is an actor: both can ask.
	n = split("put log_put mmap munmap malloc calloc realloc free futex_wake unlink write pwrite " \
	    "ftruncate posix_fallocate flock sigprocmask pthread_sigmask prctl raise fork kill waitpid " \
	    "wait4 ptrace unshare setns pthread_mutex_lock", actors)
	for (i = 1; i <= n; i++)
		acts[actors[i]] = "acts"
	harmless["usage_or_die"] = "it does not return"
	# What such a function may take although it is not const:
	allowed["struct session"] = "a look may meet damage, which the session notes for its call to fail"
	allowed["struct wait"] = "it holds the session"
	allowed["DIR"] = "dirfd(3) wants it so"
	allowed["count_tokens"] = "the function puts its answer there"
}

FNR == 1 {
	in_signature = in_body = 0
	before = ""
}

in_body && code == "}" {
	in_body = 0
	next
}

in_body {
	if (code ~ store)
		acts[key] = "stores"
	if (code ~ /->[a-z_]+(\[[^]]*\])? *([|&+-]?=[^=]|\+\+|--)/)
		assigns[key] = 1
	while (match(code, /[A-Za-z_][A-Za-z0-9_]*\(/)) {
		calls[key] = calls[key] " " substr(code, RSTART, RLENGTH - 1)
		code = substr(code, RSTART + RLENGTH)
	}
	next
}

in_signature && code == "{" {
	in_signature = 0
	in_body = 1
	key = is_static && FILENAME ~ /\.c$/ ? FILENAME ":" name : name
	if (!(key in file_of))
		keys[++count] = key
	file_of[key] = FILENAME
	name_of[key] = name
	parameters[key] = signature
	next
}

in_signature {
	signature = signature code
	next
}

code ~ /^[A-Za-z_][A-Za-z0-9_]*\(/ {
	name = signature = code
	sub(/\(.*/, "", name)
	sub(/^[A-Za-z0-9_]*\(/, "", signature)
	is_static = before ~ /^static /
	in_signature = 1
	next
}

{
	before = code
}

function resolve(key, callee) {
	return file_of[key] ":" callee in file_of ? file_of[key] ":" callee : callee
}

function find_actors(	again, i, k, key, list, n) {
	do {
		again = 0
		for (i = 1; i <= count; i++) {
			key = keys[i]
			n = key in acts || key in harmless ? 0 : split(calls[key], list, " ")
			for (k = 1; k <= n; k++)
				if (resolve(key, list[k]) in acts) {
					acts[key] = "calls " list[k] "()"
					again = 1
					break
				}
		}
	} while (again)
}

function complain(key, what) {
	printf "%s: %s() %s\n", file_of[key], name_of[key], what
	bad = 1
}

# Whether the name of a function asks.
function asks(key,	noun) {
	if (file_of[key] ~ /^src\//)
		return name_of[key] ~ question
	noun = file_of[key]
	sub(/^.*\//, "", noun)
	sub(/\.[ch]$/, "", noun)
	gsub(/-/, "_", noun)
	return name_of[key] ~ ("^(" noun "_)?(is|has|find)(_|$)") && calls[key] !~ / (CHECK|NEED)( |$)/
}

function check_parameters(key,	list, n, i, type) {
	n = split(parameters[key], list, ",")
	for (i = 1; i <= n; i++) {
		if (list[i] !~ /\*/ || list[i] ~ /const /)
			continue
		type = list[i]
		sub(/^[ \t]*/, "", type)
		sub(/ *\*.*/, "", type)
		if (!(type in allowed) && !(name_of[key] in allowed))
			complain(key, "is a question and takes a " type " that it may change")
	}
}

END {
	find_actors()
	for (i = 1; i <= count; i++) {
		key = keys[i]
		if (!asks(key))
			continue
		if (key in acts)
			complain(key, "is a question and " acts[key])
		if (key in assigns)
			complain(key, "is a question and assigns through a pointer")
		check_parameters(key)
	}
	exit bad
}
