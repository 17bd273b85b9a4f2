#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
# runs in: check-all (it is about the benchmark)
#
# bench.bats - the report of `make bench`: what it makes of samples, and when a budget is missed

bats_require_minimum_version 1.5.0

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_TEST_TMPDIR" || return
	printf 'cores 4\nkernel Linux 6.1\nlibc musl 1.2\n' >machine
	: >samples
}

# series NAME VALUE…
series() {
	printf "$1 us %s\n" "${@:2}" >>samples
}

report() {
	awk -v chart=chart.svg -f "$top/bench/report.awk" figures machine samples
}

@test "a budget is missed only if the whole interval lies beyond it" {
	echo 'ratio a b <= 1.5 | the ratio' >figures
	series b 10 10 10 10 10 10 10 10 10
	series a 14 14 14 14 14 14 14 14 14
	run -0 report
	[[ $output == *'| the ratio | 1.40 (1.40 to 1.40) | at most 1.5 | met |'* ]]

	# the median beyond, the interval not
	sed -i /^a/d samples
	series a 12 13 14 14 16 16 17 17 18
	run -0 report
	[[ $output == *'| the ratio | 1.60 (1.'*' | at most 1.5 | not refuted |'* ]]

	sed -i /^a/d samples
	series a 16 16 17 17 18 18 18 19 19
	run -1 report
	[[ $output == *'| the ratio | 1.80 (1.'*' | at most 1.5 | **missed** |'* ]]

	echo 'ratio a b >= 1.5 | the ratio' >figures
	run -0 report
	[[ $output == *'| at least 1.5 | met |'* ]]
	echo 'ratio a b >= 2 | the ratio' >figures
	run -1 report
	echo 'ratio a b - - | the ratio' >figures
	run -0 report
	[[ $output == *'| the ratio | 1.80 ('*') |  |  |'* ]]
}

@test "the interval of a ratio is computed from rounds, each with both of its samples" {
	echo 'ratio a b <= 1.5 | the ratio' >figures
	series a 20 40 60 80 100 120 140 160 180
	series b 10 20 30 40 50 60 70 80 90
	run -1 report
	[[ $output == *'2.00 (2.00 to 2.00)'* ]]
}

@test "medians of odd and of even counts are right, and the machine is described" {
	printf 'value %s - - | %s\n' a odd b even >figures
	series a 9 1 5
	series b 8 2 4 6
	run -0 report
	[[ $output == *'| odd | 5.00 us ('* && $output == *'| even | 5.00 us ('* ]]
	[[ $output == *$'\n4 cores, Linux 6.1, musl 1.2; '* ]]
	[[ $output == *'| a | 5.00 us | 1.00 to 9.00 | 3 |'* ]]
}

@test "a peer that is not installed is named with its package, and is no missed budget" {
	echo 'ratio a b >= 2.5 | the peer' >figures
	series b 1 2 3
	echo 'a missing some-package' >>samples
	run -0 report
	[[ $output == *'| the peer | not measured: package some-package is not installed | | |'* ]]
}

@test "the report names what it cannot read, and does not take it for success" {
	echo 'value a - - | a' >figures
	echo 'a us' >samples
	run -2 report
	[[ $output == *'cannot read: a us'* ]]
}

@test "the chart has a bar for each series in the order of their medians, and the same in words" {
	printf 'bar %s | the %s\n' slow slow compl compl fast fast absent absent >figures
	sed -i 's/the compl/compl/' figures
	series slow 500 500 500
	series fast 5 5 5
	series compl 10 10 10
	run -0 report
	[[ $output == *'the fast '*' 1.00'*'compl '*' 2.00'*'the slow '*' 100'* ]]
	[ "$(grep -c '<rect' chart.svg)" -eq 3 ]
	grep -q '<desc id="d">the fast: 1.00; compl: 2.00; the slow: 100</desc>' chart.svg
	grep -q 'prefers-color-scheme:dark' chart.svg
	[ "$(grep -o '<text' chart.svg | wc -l)" -eq "$(grep -o '</text>' chart.svg | wc -l)" ]
	[ "$(head -c 5 chart.svg)" = '<svg ' ] && [ "$(tail -n 1 chart.svg)" = '</svg>' ]
}

# measured_by_chain SERIES: bench/chain.c has its shape, and its sample.
measured_by_chain() {
	local shape=${1#detect/} sample=${1##*-}

	[[ $1 == detect/* ]] && grep -qF "\"${shape%-*}\"," "$top/bench/chain.c" &&
		grep -qF "detect/%s-$sample " "$top/bench/chain.c"
}

@test "the benchmark measures the figures that are asked for" {
	local series missing=0
	while read -r series; do
		grep -qF "${series%%-[0-9]*}" "$top/bench/run" "$top/bench/peers.bash" "$top/bench/inside.c" ||
			measured_by_chain "$series" ||
			grep -qF "among ${series#*/} " "$top/bench/run" ||
			grep -qF "\$where/${series#*/}" "$top/bench/run" || {
			echo "nobody measures $series"
			missing=1
		}
	done < <(awk '$1 == "ratio" { print $2; print $3 } $1 == "value" || $1 == "bar" { print $2 }' "$top/bench/figures")
	[ "$missing" -eq 0 ]
}
