# SPDX-License-Identifier: ISC
#
# report.awk - makes bench/RESULTS.md and the chart from samples
#
# Usage: awk [-v chart=FILE] -f report.awk FIGURES MACHINE SAMPLES
#
# The exit status is 1 if a budget is missed, 2 if a line cannot be read.
#
# The 95 % intervals come from a bootstrap over whole rounds: the n-th samples of two series belong to the
# same round.  The random numbers are always the same, so the same samples give the same report in every awk.

BEGIN { RESAMPLES = 1000 }

/^#/ && FILENAME == ARGV[1] { next }
FILENAME == ARGV[1] && NF { lines[++nlines] = $0; next }
FILENAME == ARGV[2] { machine = machine (machine == "" ? "" : ", ") ($1 == "cores" ? $2 " cores" : substr($0, index($0, " ") + 1)); next }
$2 == "missing" { missing[$1] = missing[$1] (missing[$1] == "" ? "" : " and ") $3; next }
NF == 3 { sample[$1, ++n[$1]] = $3; unit[$1] = $2; next }
NF { print "report.awk: cannot read: " $0 >"/dev/stderr"; bad = 1; exit }

# ---- statistics ---------------------------------------------------------------------

# Sorts v[1..n] by Shell sort, and moves at[1..n] along with it.
function sort(v, at, n,    gap, i, j, x, y) {
	for (gap = int(n / 2); gap > 0; gap = int(gap / 2))
		for (i = gap + 1; i <= n; i++) {
			x = v[i]; y = at[i]
			for (j = i; j > gap && v[j - gap] > x; j -= gap) {
				v[j] = v[j - gap]; at[j] = at[j - gap]
			}
			v[j] = x; at[j] = y
		}
}

function middle(v, n) {
	return (v[int((n + 1) / 2)] + v[int(n / 2) + 1]) / 2
}

# Fills median[s] and boot[s, 1..RESAMPLES] at the first call.  The median of a resample is found by
# counting how often each rank was drawn.
function resample(s,    i, j, r, seen, low, count, v, at, rank, drawn) {
	if (s in median)
		return
	count = n[s]
	for (i = 1; i <= count; i++) {
		v[i] = sample[s, i]; at[i] = i
	}
	sort(v, at, count)
	for (i = 1; i <= count; i++)
		rank[at[i]] = i
	median[s] = middle(v, count)
	seed = 20011
	for (r = 1; r <= RESAMPLES; r++) {
		for (i = 1; i <= count; i++)
			drawn[i] = 0
		for (i = 1; i <= count; i++) {
			seed = seed * 16807 % 2147483647
			drawn[rank[int(seed / 2147483647 * count) + 1]]++
		}
		low = seen = 0
		for (i = 1; i <= count; i++) {
			seen += drawn[i]
			if (!low && seen >= int((count + 1) / 2))
				low = i
			if (seen >= int(count / 2) + 1)
				break
		}
		boot[s, r] = (v[low] + v[i]) / 2
	}
}

# Returns the median of a, or its ratio to the median of b, and sets LOW and HIGH to its interval.
function estimate(a, b,    r, v, at) {
	resample(a)
	if (b != "")
		resample(b)
	for (r = 1; r <= RESAMPLES; r++) {
		v[r] = b == "" ? boot[a, r] : boot[a, r] / boot[b, r]; at[r] = r
	}
	sort(v, at, RESAMPLES)
	LOW = v[int(RESAMPLES * 0.025) + 1]
	HIGH = v[int(RESAMPLES * 0.975)]
	return b == "" ? median[a] : median[a] / median[b]
}

# ---- words ----------------------------------------------------------------------------

function decimals(x) {
	return x >= 100 ? sprintf("%.0f", x) : x >= 10 ? sprintf("%.1f", x) : sprintf("%.2f", x)
}

function verdict(x, operator, limit) {
	if (operator == "-")
		return ""
	if (operator == "<=")
		return LOW > limit ? "**missed**" : x <= limit ? "met" : "not refuted"
	return HIGH < limit ? "**missed**" : x >= limit ? "met" : "not refuted"
}

# Prints the heading before the first row of its table.
function table_head() {
	if (heading != "")
		printf "\n## %s\n\n| what | measured (95 %%) | budget | |\n|---|---|---|---|\n", heading
	heading = ""
}

function row(what, a, b, operator, limit,    x, text, budget, u, word) {
	if (a in missing || b in missing) {
		table_head()
		print "| " what " | not measured: package " missing[a in missing ? a : b] " is not installed | | |"
		return
	}
	if (!(a in n) || b != "" && !(b in n))
		return
	table_head()
	x = estimate(a, b)
	u = b == "" ? " " unit[a] : ""
	text = decimals(x) u " (" decimals(LOW) " to " decimals(HIGH) ")"
	budget = operator == "-" ? "" : (operator == "<=" ? "at most " : "at least ") limit u
	word = verdict(x, operator, limit)
	if (word ~ /missed/)
		misses++
	print "| " what " | " text " | " budget " | " word " |"
}

function report(    i, f, what) {
	for (i = 1; i <= nlines; i++) {
		split(lines[i], f, " ")
		what = substr(lines[i], index(lines[i], "| ") + 2)
		if (f[1] == "heading")
			heading = what
		else if (f[1] == "ratio")
			row(what, f[2], f[3], f[4], f[5])
		else if (f[1] == "value")
			row(what, f[2], "", f[3], f[4])
	}
}

function series_table(    i, names, at, count, s, x) {
	print "\n## Medians of all series\n"
	print "| series | median | 95 % | rounds |\n|---|---|---|---|"
	for (s in n) {
		names[++count] = s; at[count] = count
	}
	sort(names, at, count)
	for (i = 1; i <= count; i++) {
		x = estimate(names[i], "")
		print "| " names[i] " | " decimals(x) " " unit[names[i]] " | " decimals(LOW) " to " decimals(HIGH) " | " n[names[i]] " |"
	}
}

# ---- the chart ---------------------------------------------------------------------------

# Fills bar_series[] and bar_what[] with the bars that were measured, the shortest first.
function collect_bars(    i, f, v, at, count) {
	for (i = 1; i <= nlines; i++) {
		split(lines[i], f, " ")
		if (f[1] != "bar" || !(f[2] in n))
			continue
		resample(f[2])
		v[++count] = median[f[2]]; at[count] = i
	}
	sort(v, at, count)
	for (i = 1; i <= count; i++) {
		split(lines[at[i]], f, " ")
		bar_series[i] = f[2]
		bar_what[i] = substr(lines[at[i]], index(lines[at[i]], "| ") + 2)
	}
	return count
}

function times(i) {
	return median[bar_series[i]] / median[bar_series[1]]
}

# The length of a bar is logarithmic, so that both ends of the chart can be read.
function length_of(i, full, count) {
	return 0.12 * full + 0.88 * full * log(times(i)) / log(times(count) > 1 ? times(count) : 2)
}

function text_chart(count,    i, j, bar) {
	print "\n## Hand-over, in multiples of the shortest (logarithmic)\n\n```"
	for (i = 1; i <= count; i++) {
		bar = ""
		for (j = 0; j < length_of(i, 50, count); j++)
			bar = bar "#"
		printf "%-18s %-50s %s\n", bar_what[i], bar, decimals(times(i))
	}
	print "```"
}

function svg_chart(file, count,    i, y, wide) {
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 " 44 + 24 * count "\" role=\"img\" aria-labelledby=\"t d\">" >file
	print "<title id=\"t\">How long a hand-over takes, in multiples of a bare futex word</title>" >file
	printf "<desc id=\"d\">" >file
	for (i = 1; i <= count; i++)
		printf "%s%s: %s", (i > 1 ? "; " : ""), bar_what[i], decimals(times(i)) >file
	print "</desc>" >file
	print "<style>text{font:13px sans-serif;fill:#1f2328}rect{fill:#8c959f}.us{fill:#0969da}.us+text,.us+text+text{font-weight:bold}" >file
	print "@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#6e7681}.us{fill:#58a6ff}}</style>" >file
	print "<text x=\"8\" y=\"20\">From starting the poster to the end of the blocked waiter (logarithmic)</text>" >file
	for (i = 1; i <= count; i++) {
		y = 12 + 24 * i
		wide = length_of(i, 420, count)
		printf "<rect%s x=\"140\" y=\"%d\" width=\"%.1f\" height=\"16\" rx=\"2\"/>", (bar_what[i] == "compl" ? " class=\"us\"" : ""), y, wide >file
		printf "<text x=\"132\" y=\"%d\" text-anchor=\"end\">%s</text>", y + 13, bar_what[i] >file
		printf "<text x=\"%.1f\" y=\"%d\">%s</text>\n", 148 + wide, y + 13, decimals(times(i)) >file
	}
	print "</svg>" >file
	close(file)
}

END {
	if (bad)
		exit 2
	print "# What `make bench` measured\n"
	print machine "; all of it in one run, in turns."
	print "`a / b` is a ratio of medians; its 95 % interval comes from a bootstrap over rounds. A budget is missed only"
	print "if the whole interval lies beyond it. If the median lies beyond it and part of the interval does not, the"
	print "budget is \"not refuted\"."
	report()
	count = collect_bars()
	if (count > 1) {
		text_chart(count)
		if (chart != "")
			svg_chart(chart, count)
	}
	series_table()
	exit (misses > 0)
}
