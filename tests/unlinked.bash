# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# unlinked.bash - for the files that unlink a segment: who is left alone in it, and who goes on elsewhere

load helper

# left_alone LABEL...: each ends with 120 and one line.
left_alone() {
	local label

	ends 120 "$@"
	for label; do
		[ "$(wc -l <"$label.err")" -eq 1 ]
		[[ $(<"$label.err") == "compl: wait: "* ]]
	done
}

# What run says when it goes on.
# shellcheck disable=SC2034
moved='another program has unlinked the namespace; run goes on in the one that is there now'

# CMD: says on descriptor 7 that it is ready, if there is a file "ready", whose text is the value.  Then it waits
# for its status, in a FIFO.
work='[ ! -e ready ] || cat ready >&7; exec 7>&-; read -r status <"$0"; exit "$status"'

# produce LABEL ARGUMENT...: starts `run`, and returns when it is a producer of "a".
produce() {
	mkfifo "$1.end"
	background "$1" "$COMPL" run a "${@:2}" -- sh -c "$work" "$1.end"
	wait_until produced
}

# end STATUS LABEL...: CMD ends with this status, and then `run` does.
end() {
	local label

	for label in "${@:2}"; do
		echo "$1" >"$label.end"
	done
	ends "$@"
}

# Whether "a" has a producer, in the namespace that is there now.
produced() {
	[[ $("$COMPL" ls a --json 2>&1) == *'"producers":[{'* ]]
}

# moves LABEL N: run has said so many times that it goes on in another segment.  It says so after it has become a
# producer there.
moves() {
	[ "$(grep -c "$moved" "$1.err")" -eq "$2" ]
}

# said LABEL LINE: this line, and no other.
said() {
	[ "$(wc -l <"$1.err")" -eq 1 ] &&
		[[ $(<"$1.err") == "compl: run: a: $2 (namespace $COMPL_NAMESPACE of uid $EUID)" ]] && return
	echo "$1 said: $(<"$1.err")"
	return 1
}
