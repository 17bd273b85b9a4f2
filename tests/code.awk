# SPDX-License-Identifier: ISC
#
# code.awk - the code of a line of C: the line without its comments, and without what its strings contain
#
# Usage: awk -f tests/code.awk -f PROGRAM FILE.[ch]…
#
# In PROGRAM `code` is the code of the line $0, and `began_in_comment` says whether the line began within a
# comment.  Each string is "" and each character is '' there, so one that contains a comment's beginning or a
# brace misleads nobody.  Blanks at the end are gone.

function without_comments(line,	result) {
	while (in_comment || match(line, /\/\*|"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/)) {
		if (in_comment) {
			if (!match(line, /\*\//))
				return result
			in_comment = 0
		} else {
			result = result substr(line, 1, RSTART - 1)
			if (substr(line, RSTART, 2) == "/*")
				in_comment = 1
			else
				result = result substr(line, RSTART, 1) substr(line, RSTART, 1)
		}
		line = substr(line, RSTART + RLENGTH)
	}
	return result line
}

FNR == 1 {
	in_comment = 0
}

{
	began_in_comment = in_comment
	code = without_comments($0)
	sub(/[ \t]+$/, "", code)
}
