#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: each
# runs in: check-all (a producer looks every five seconds; unlinked.bats has two of these tests)
#
# unlinked-producers.bats - the segment is unlinked under `run`

load unlinked

@test "run is found again, however often the segment is unlinked, and after the first line in each" {
	produce p
	for i in 1 2; do
		rm "$segment"
		wait_until produced
	done
	wait_until moves p 2
	rm "$segment"
	end 0 p
	moves p 3
	left a 1
}

@test "readiness is posted again in the new segment, with its value" {
	echo port=1 >ready
	produce p --ready fd:7
	expect 0 wait a --print
	rm "$segment"
	line_up new a --print
	ends 0 new
	[ "$(<new.out)" = port=1 ]
	wait_until moves p 1
	said p "$moved"
	expect 0 test a
	end 0 p
	expect 1 test a
}

@test "readiness that a reinit has taken back is not posted again, and its end is 121" {
	echo >ready
	produce p --ready fd:7
	expect 0 wait a
	expect 0 reinit a
	rm "$segment"
	wait_until produced
	expect 1 test a
	line_up new a
	end 0 p
	ends 121 new
}

@test "run that is ready, or ends unready, just after the segment was unlinked says so in the new one" {
	produce p --ready notify
	rm "$segment"
	line_up new a
	end 0 p
	ends 121 new
	[[ $(<p.err) == *'ended before it was ready'*"$moved"* ]]
}

@test "run --single goes on beside a producer that came in between, and names it" {
	produce p --single
	rm "$segment"
	mkfifo q.end
	background q "$COMPL" run a --single -- sh -c "$work" q.end
	wait_until produced
	wait_until grep -q unlinked p.err
	said p "$moved, where process ${pid[q]} produces it as well"
	[[ $("$COMPL" ls a -l) == *producer*producer* ]]
	expect 124 run a --single -- true
	end 0 p q
	left a 2
}

@test "run cannot go on in a scope whose segment was unlinked, and says that the namespace was removed" {
	mkfifo s.end
	# shellcheck disable=SC2016
	background s "$COMPL" scope -- sh -c 'echo "$COMPL_NAMESPACE" >scope; exec "$0" run a -- sh -c "$1" s.end' \
		"$COMPL" "$work"
	wait_until test -s scope
	use_namespace "$(<scope)"
	wait_until produced
	rm "$segment"
	end 3 s
	said s 'the namespace was removed meanwhile; nothing is posted'
}

@test "after rm --all run stays out of the new namespace" {
	produce p
	expect 0 rm --all
	expect 0 init b
	end 3 p
	said p 'the namespace was removed meanwhile; nothing is posted'
	names b
}

@test "run that cannot go on says why, tries again, and posts when it can" {
	produce p
	rm "$segment"
	mkdir "$segment"
	wait_until grep -q 'not a file of compl' p.err
	rmdir "$segment"
	wait_until produced
	end 0 p
	left a 1
	[ "$(wc -l <p.err)" -eq 2 ]
}
