# SPDX-License-Identifier: ISC
#
# manual.awk - what mandoc's lint does not say about a manual page
#
# Usage: awk -f tests/manual.awk PAGE…
#
# A heading has no word that mdoc takes for a macro: `.Ss In a program` is printed as
# `<a> program`.  So has an item (.It) no English word that is one.  `\&In` is a word.
# An installed page names no file of the source tree and no target of its makefile.
# The footer says Linux on every system.
# Ends with 1 if there is a finding.

BEGIN {
	split("%A %B %C %D %I %J %N %O %P %Q %R %T %U %V Ac Ad An Ao Ap Aq Ar At Bc Bd Bf Bk Bl " \
		"Bo Bq Brc Bro Brq Bsx Bt Bx Cd Cm D1 Db Dc Dd Dl Do Dq Dt Dv Dx Ec Ed Ef Ek El Em " \
		"En Eo Er Es Ev Ex Fa Fc Fd Fl Fn Fo Fr Ft Fx Hf Ic In It Lb Li Lk Lp Ms Mt Nd Nm No " \
		"Ns Nx Oc Oo Op Os Ot Ox Pa Pc Pf Po Pp Pq Qc Ql Qo Qq Re Rs Rv Sc Sh Sm So Sq Ss " \
		"St Sx Sy Ta Tg Tn Ud Ux Va Vt Xc Xo Xr", names, " ")
	for (i in names)
		macros[names[i]] = 1
	split("An At Do In No So", names, " ")
	for (i in names)
		english[names[i]] = 1
}

function complain(what) {
	print FILENAME ":" FNR ": " what
	bad = 1
}

/^\.(Sh|Ss|It) / {
	for (i = 2; i <= NF; i++)
		if ($1 == ".It" ? $i in english : $i in macros)
			complain("mdoc takes \"" $i "\" for a macro; write \\&" $i)
}

/^\.Os/ && $0 != ".Os Linux" {
	complain("not .Os Linux")
}

/(^|[^A-Za-z0-9_.\/-])(tests|bench|src|examples|\.ci)\// ||
/make (check(-[a-z]+)?|bench|fuzz|model|lint|fmt|deps|demo)([^A-Za-z0-9_-]|$)/ ||
/(CONTRIBUTING|README|RESULTS)\.md/ {
	complain("names what is only in the source tree")
}

END {
	exit bad
}
