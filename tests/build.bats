#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: once
# runs in: check-all (it builds the project several times)
#
# build.bats - the build, the installation, and that each check of the sources can fail

bats_require_minimum_version 1.5.0

setup() {
	top=$BATS_TEST_DIRNAME/..
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PREFIX TEST_JOBS TEST_TIMEOUT
	unset COMPL_BUILDS COMPL_MAKE COMPL_CORE COMPL_AFTER_CORE TEST_UNTIL
	export COMPL_SLOWNESS=1.0
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[ -z "$(compgen -G "/dev/shm/compl*build-$$")" ]
}

# A copy of what make needs.  With "built" it has what make has built, too, so that make has little to do.
copy_tree() {
	local what
	mkdir tree
	for what in Makefile src man completions.sh completions.awk zsh fish ${1:+build}; do
		[ ! -e "$top/$what" ] || cp -a "$top/$what" tree/
	done
}

@test "make install puts command, header and library where they belong, and a program links" {
	copy_tree built
	make -s -C tree -j2 install DESTDIR="$PWD/root" PREFIX=/opt/x >log 2>&1 3>&- || {
		cat log
		false
	}
	[ "$(root/opt/x/bin/compl --version)" = "$("$COMPL" --version)" ]
	[ "$(stat -c %a root/opt/x/bin/compl root/opt/x/include/compl.h root/opt/x/lib/libcompl.a | tr '\n' ' ')" = "755 644 644 " ]
	cmp root/opt/x/share/bash-completion/completions/compl tree/build/completions.sh
	grep -qF 'complete -c compl -n ' root/opt/x/share/fish/vendor_completions.d/compl.fish
	grep -qF '. /opt/x/share/bash-completion/completions/compl ' root/opt/x/share/zsh/site-functions/_compl
	run ! grep -rE '@[A-Z]+@' root/opt/x/share

	cat >program.c <<-'EOF'
		#include <compl.h>
		int main(void) { return compl_is_name("db-ready") && !compl_is_name("-x") ? 0 : 1; }
	EOF
	cc -Iroot/opt/x/include -o program program.c -Lroot/opt/x/lib -lcompl -pthread
	./program
	run -0 nm --defined-only --extern-only --format=posix root/opt/x/lib/libcompl.a
	grep -q '^compl_wait T' <<<"$output"
	run ! grep -v -e '^compl_' -e '^root/.*:$' <<<"$output" # no name that a program might use

	make -s -C tree uninstall DESTDIR="$PWD/root" PREFIX=/opt/x 3>&-
	[ -z "$(find root -type f)" ]
}

@test "our strtonum, for systems without libbsd, answers like the one of libbsd" {
	cat >ask.c <<-'EOF'
		#include <bsd/stdlib.h>
		#include <limits.h>
		#include <stdio.h>
		static void ask(const char *text, long long min, long long max)
		{
			const char *error = "unset";
			long long n = strtonum(text, min, max, &error);
			printf("[%s] %lld..%lld: %lld %s\n", text, min, max, n, error ? error : "-");
		}
		int main(void)
		{
			const char *text[] = { "", " ", "0", "7", "-7", "+7", " 7", "7 ", "7x", "0x7", "007", "10", "11",
				"-1", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
				"-9223372036854775809", "99999999999999999999", "1e3", "--1" };
			for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
				ask(text[i], 0, 10);
				ask(text[i], -1, 4294967294);
				ask(text[i], LLONG_MIN, LLONG_MAX);
			}
			return 0;
		}
	EOF
	cc -o theirs ask.c -lbsd 2>cc.log || skip "there is no libbsd to compare with"
	cc -I"$top/src/compat/nobsd" -o ours ask.c "$top/src/compat/nobsd/strtonum.c"
	./theirs >theirs.out
	./ours >ours.out
	diff theirs.out ours.out
	[ "$(wc -l <ours.out)" -eq 63 ]
}

@test "without libbsd and without musl-gcc compl is built too, with a note" {
	copy_tree
	sed -i 's/-lbsd\>/-lno-such-bsd/g; s/libbsd\.a/libno-such-bsd.a/' tree/src/compat/toolchain
	make -C tree -j2 CFLAGS=-O0 CPPFLAGS= MUSL_CC=no-such-compiler >log 2>&1 3>&- || {
		cat log
		false
	}
	grep -q '^note: There is no musl-gcc' log
	grep -q 'compl brings its own strtonum' log
	tree/build/compl --version
	export COMPL_NAMESPACE=build-$$
	run -124 tree/build/compl wait nobody --timeout 0.01
	tree/build/compl rm --all
	make -C tree -j2 CFLAGS=-O0 CPPFLAGS= MUSL_CC=no-such-compiler >again 2>&1 3>&-
	run ! grep -E ' (CC|LINK) ' again
}

@test "make has no rule for a part as if it were a program, and keeps the objects of programs" {
	copy_tree built
	cp -r "$top/tests" "$top/bench" tree/
	local folder part
	for folder in tests/c tests/tools tests/fuzz bench; do
		for part in "tree/$folder"/*.h; do
			[ ! -e "${part%.h}.c" ] || break
		done
		[ -e "${part%.h}.c" ]
		part=build/${folder#tests/}/$(basename "$part" .h)
		run -2 make -s -C tree "$part" 3>&-
		[[ $output == *"No rule to make target '$part'"* ]]
	done
	rm -f tree/build/tools/obj/ending.o tree/build/bench/obj/empty.o
	make -s -C tree -j2 build/tools/ending build/bench/empty 3>&-
	[ -e tree/build/tools/obj/ending.o ]
	[ -e tree/build/bench/obj/empty.o ]
}

@test "lint-layers refuses what breaks the layers, circles, the futex rule and the clock rule" {
	[ -d "$top/build/glibc/obj" ] || skip "needs the objects of make glibc"
	local complaint
	mkdir tests
	cp "$top/tests/lint-layers" tests/
	cp -r "$top/src" .
	tests/lint-layers "$top/build/glibc/obj"

	echo '#include "shm/calls/wait.h"' >>src/shm/segment/segment.c
	echo '#include "shm/segment/segment.h"' >>src/cmd/done.c
	echo '#include "cmd/cmd.h"' >>src/shm/calls/done.c
	echo '#include "shm/os/futex.h"' >>src/api/validate.c
	echo '#include "no-such.h"' >>src/shm/calls/waiter.c
	echo '#include <shm/calls/watch.h>' >>src/shm/names/job.c
	echo '#include "cmd/cmd.h"' >>src/cli/grid.c
	echo '#include "shm/names/queue.h"' >>src/shm/names/entry.h
	echo '#include "shm/segment/segment.h"' >>src/shm/segment/pages.c
	echo 'long f(void) { return syscall(SYS_futex, 0, 0); }' >>src/shm/segment/log.c
	echo 'long f(void) { return syscall(__NR_futex_waitv, 0, 0); }' >>src/cli/text.c
	echo 'int f(void) { return clock_gettime(CLOCK_REALTIME, 0); }' >>src/shm/names/waitqueue.c
	echo 'int f(void) { return (int)time(0); }' >>src/cmd/wait.c
	echo '/* in no layer */' >src/newcomer.h
	run -1 tests/lint-layers "$top/build/glibc/obj"
	echo "$output"
	for complaint in \
		"shm/segment/segment.c: is in layer 2 and includes shm/calls/wait.h of layer 4" \
		"cmd/done.c: belongs to the command and includes shm/segment/segment.h; compl.h and api/ are all it may know" \
		"shm/calls/done.c: is in layer 4 and includes cmd/cmd.h of layer 6" \
		"api/validate.c: is in layer 0 and includes shm/os/futex.h of layer 1" \
		'shm/calls/waiter.c: includes "no-such.h", which is not in src/' \
		"shm/names/job.c: includes <shm/calls/watch.h>; a header of src/ stands in quotes" \
		"cli/grid.c: is in layer 5 and includes cmd/cmd.h of layer 6" \
		"shm/segment/log.c: SYS_futex belongs into shm/os/futex.c" \
		"cli/text.c: __NR_futex belongs into shm/os/futex.c" \
		"shm/names/waitqueue.c: clock_gettime( belongs into api/clock.c" \
		"cmd/wait.c: time( belongs into api/clock.c" \
		": a circle: shm/names/entry -> shm/names/queue -> shm/names/entry" \
		"newcomer.h: in no layer"; do
		echo "wanted: $complaint"
		[[ $output == *"src/$complaint"* ]]
	done
	# A circle may be told from any of its files on.
	[[ $output == *"src/: a circle: "*"shm/segment/pages -> shm/segment/segment"* ]]
	[ "${#lines[@]}" -eq 14 ]
}

@test "lint-layers refuses a library that prints, exits, or calls upwards or in a circle" {
	mkdir tests
	cp "$top/tests/lint-layers" tests/
	copy_tree built
	cp -r tree/src .
	echo '#include <stdio.h>
	void line_print(void); void line_print(void) { puts("x"); }' >>tree/src/shm/names/waitqueue.c
	echo '#include <stdlib.h>
	void log_exit(void); void log_exit(void) { exit(1); }' >>tree/src/shm/segment/log.c
	echo 'void completion_all(void); void gate_up(void); void gate_up(void) { completion_all(); }' >>tree/src/shm/os/sigmask.c
	echo 'void completion_all(void); void completion_all(void) { }' >>tree/src/shm/names/completion.c
	echo 'void gate_up(void); void utf8_up(void); void utf8_up(void) { gate_up(); }' >>tree/src/api/utf8.c
	echo 'void line_print(void); void help_up(void); void help_up(void) { line_print(); }' >>tree/src/cmd/help.c
	echo 'void job_down(void); void job_down(void) { }' >>tree/src/shm/names/job.c
	echo 'void job_down(void); void directory_up(void); void directory_up(void) { job_down(); }' >>tree/src/shm/names/hashtable.c
	make -s -C tree -j2 glibc >log 2>&1 3>&- || {
		cat log
		false
	}
	run -1 tests/lint-layers tree/build/glibc/obj
	[[ $output == *"src/shm/names/waitqueue.c: uses puts"* ]]
	[[ $output == *"src/shm/segment/log.c: uses exit"* ]]
	[[ $output == *"src/: a circle: "*"shm/names/hashtable -> shm/names/job"* ]]
	[[ $output == *"src/shm/os/sigmask.c: is in layer 1 and calls completion_all of shm/names/completion.c in layer 3"* ]]
	[[ $output == *"src/api/utf8.c: is in layer 0 and calls gate_up of shm/os/sigmask.c in layer 1"* ]]
	[[ $output == *"src/cmd/help.c: belongs to the command and calls line_print of shm/names/waitqueue.c"* ]]
}

@test "lint refuses a source that does not open with its name and what it owns" {
	mkdir -p tests/c tests/tools bench
	cp "$top/tests/lint" tests/
	cp -r "$top/src" .
	printf '/* SPDX-License-Identifier: ISC\n *\n * good.c - what it owns\n */\n' >tests/c/good.c
	printf '/* SPDX-License-Identifier: ISC\n *\n * good.c - what it does\n */\n' >tests/tools/good.c
	printf '# SPDX-License-Identifier: ISC\n#\n# good.awk - what it prints\n' | tee bench/good.awk >good.awk
	printf '#!/usr/bin/env bats\n# SPDX-License-Identifier: ISC\n#\n# good.bats - what it tests\n' >tests/good.bats
	run -0 tests/lint openings
	sed -i '3s/waitqueue\.c/waitqueues.c/' src/shm/names/waitqueue.c
	sed -i '3s/ - .*/ -/' src/cli/json.h
	sed -i '2,3d' src/cmd/wait.c
	printf '/* SPDX-License-Identifier: ISC\n *\n * A waiter is killed.\n */\n' >tests/c/sentence.c
	printf '/* SPDX-License-Identifier: ISC\n *\n * good - what it owns\n */\n' >tests/tools/other.c
	printf '/* SPDX-License-Identifier: ISC\n *\n * late.h -\n */\n' >bench/late.h
	printf '#!/bin/sh\n# SPDX-License-Identifier: ISC\n#\n# Measures.\n' >bench/measure
	printf '# SPDX-License-Identifier: ISC\n#\n# What make needs.\n' >tests/rules.mk
	printf '# SPDX-License-Identifier: ISC\n#\n# good.awk - what it prints\n' >copy.awk
	printf '#!/usr/bin/env bats\n# SPDX-License-Identifier: ISC\n#\n# The order of a line.\n' >tests/late.bats
	sed -i '3s/order\.ld/link.ld/' src/order.ld
	run -1 tests/lint openings
	echo "$output"
	local file
	for file in src/shm/names/waitqueue.c src/cli/json.h src/cmd/wait.c tests/c/sentence.c tests/tools/other.c \
		bench/late.h bench/measure tests/rules.mk copy.awk tests/late.bats src/order.ld; do
		[[ $output == *"    $file: its first comment does not begin with '${file##*/} - "* ]]
	done
	[ "${#lines[@]}" -eq 13 ]
}

# lint_text CHECK: what a check says about src/cli/text.c, which is on descriptor 0; a finding a line, as
# LINE: TEXT
lint_text() {
	mkdir -p tests src/cli
	cp "$top/tests/lint" "$top/tests/code.awk" tests/
	cat >src/cli/text.c
	run tests/lint "$1"
	echo "$output"
	output=$(sed -n 's/^    src\/cli\/text\.c://p' <<<"$output")
	[ "$status" -eq $((${#output} > 0)) ]
}

@test "lint refuses two definitions without a blank line between them" {
	lint_text definitions <<-'EOF'
		/* What it is. */
		#include <stdio.h>

		extern int shared;
		struct later;
		static struct {
			int a;
		} table[] = {
			{ 1 },
		};
		static int count;

		/* A type, and what
		 * is done with it. */
		struct walk {
			int next;
		};
		struct walk walk_first(void);
		int walk_next(struct walk *walk);

		#ifdef X
		static int
		one(void)
		{
			return 1;
		}
		#else
		static int
		one(void)
		{
			return 2; /* } */
		}
		#endif
	EOF
	[ -z "$output" ]

	lint_text definitions <<-'EOF'
		static int count;
		static int
		one(void)
		{
			return 1;
		}
		static int
		two(void)
		{
			return 2;
		}
		/* What three() does. */
		static int
		three(void)
		{
			return 3;
		}

		struct pair {
			int a, b;
		};
		/* A type. */
		struct triple {
			int a, b, c;
		};
		static int order;
		/* What four() does. */
		int
		four(void)
		{
			return 4;
		}

		static const int table[] = {
			1,
		};
		enum colour {
			RED,
		};
	EOF
	[ "$output" = "1: no blank line before the function that begins below
7: no blank line after the function that ends above
12: no blank line after the function that ends above
22: no blank line after the type that ends above
26: no blank line after the type that ends above
26: no blank line before the function that begins below
36: no blank line before the type that begins below" ]

	# Neither a comment nor a string begins in a string or in a character.
	lint_text definitions <<-'EOF'
		static const char *begin = "\"/*", quote = '"', *end = "*/";
		int
		one(void)
		{
			return '{';
		}
		static const char *begin = "/*";
		/* "two" */
		int
		two(void)
		{
			return '\'';
		}
	EOF
	[ "$output" = "1: no blank line before the function that begins below
7: no blank line after the function that ends above
7: no blank line before the function that begins below" ]
}

@test "lint refuses comments that run together" {
	lint_text comments <<-'EOF'
		/* One thing.
		 * *text is the line. */
		int one(char **text); /* one */
		/* Another thing. */
		int two; /* two of them, and
			    a second line */
		/* A third thing. */

		/*
		 * A fourth thing:
		 *	*	a star
		 */
	EOF
	[ "$output" = "11: two comments are joined here" ]

	lint_text comments <<-'EOF'
		/* One thing.
		 * * Another thing. */
		int one; /* one */ /* more of it */
		/* * Three things. */
		int three;

		/* Four things. */
		/* Five things. */
		int five;

			/* Six
			 * things. */
			/* Seven things. */
	EOF
	[ "$output" = "2: two comments are joined here
3: two comments are joined here
4: two comments are joined here
8: a comment follows a comment without a blank line
13: a comment follows a comment without a blank line" ]
}

# function_of NAME N: a function with N lines between its braces
function_of() {
	printf 'static int\n%s(void)\n{\n' "$1"
	yes $'\tone();' | head -n "$2"
	printf '}\n\n'
}

@test "lint refuses a function of more than 40 lines" {
	lint_text functions < <(function_of first 40)
	[ -z "$output" ]
	lint_text functions < <(function_of first 40 && function_of second 41)
	[ "$output" = "48: second() has 41 lines, more than 40" ]
	lint_text functions < <(echo 'static const char *begin = "/*";' && function_of first 40 && function_of TEST_2 41)
	[ "$output" = "49: TEST_2() has 41 lines, more than 40" ]
	lint_text functions < <(function_of first 40 && function_of '(second)' 41)
	[ "$output" = "48: a function has 41 lines, more than 40" ]
}

@test "lint and clang-format refuse #include lines that are out of order" {
	cp "$top/.clang-format" .
	lint_text includes <<-'EOF'
		#include "cli/text.h"

		#include <stdio.h>
		#include <sys/types.h>

		#include "cli/call.h"
		#include "compl.h"
	EOF
	[ -z "$output" ]
	cp src/cli/text.c src/cli/text.h
	clang-format --dry-run -Werror src/cli/text.c src/cli/text.h
	sed -i '/stdio/{h;d};/types/G' src/cli/text.c
	run -1 clang-format --dry-run -Werror src/cli/text.c
	sed -i '/call/{h;d};/compl\.h/G' src/cli/text.h
	run -1 clang-format --dry-run -Werror src/cli/text.h

	lint_text includes <<-'EOF'
		#include "cli/text.h"
		#include <stdio.h>
		#include "cli/call.h"

		#include <sys/types.h>
	EOF
	[ "$output" = "2: no blank line between headers of the system and of the project
3: no blank line between headers of the system and of the project
5: a header of the system below those of the project" ]

	lint_text includes <<-'EOF'
		#include "cli/call.h"
		#include "cli/text.h"

		#include <stdio.h>
	EOF
	[ "$output" = "1: the first header is not text.h
4: a header of the system below those of the project" ]

	lint_text includes <<-'EOF'
		/* What it owns:
		#include "cli/call.h"
		 */
		#include "cli/text.h"
		#include<stdio.h>
	EOF
	[ "$output" = "5: no blank line between headers of the system and of the project" ]
}

@test "lint refuses a map that lacks a file, or names one that does not exist" {
	mkdir tests
	cp "$top/tests/lint" tests/
	cp -r "$top/src" .
	run -0 tests/lint map
	mv src/cli/json.h src/cli/jason.h
	rm src/order.ld
	touch src/shm/os/new.c
	sed -i 's/^ \*\tgrid .*/&\n&/' src/cmd/main.c
	run -1 tests/lint map
	echo "$output"
	[[ $output == *"the map has no line for src/cli/jason"* ]]
	[[ $output == *"the map has no line for src/shm/os/new"* ]]
	[[ $output == *"the map has a line too many for src/order.ld"* ]]
	[[ $output == *"the map has a line too many for src/cli/grid"* ]]
	[ "${#lines[@]}" -eq 6 ]
}

@test "lint refuses a name in order.ld that nothing has" {
	mkdir tests
	cp "$top/tests/lint" tests/
	cp -r "$top/src" .
	run -0 tests/lint order
	sed -i 's/engine\.a:hashtable\.o/engine.a:directory.o/; s/\.text\.job_commit/.text.job_commits/; s,/cli/names\.o,/cmd/names.o,' src/order.ld
	run -1 tests/lint order
	echo "$output"
	[[ $output == *"order.ld: no source makes directory.o"* ]]
	[[ $output == *"order.ld: no source makes cmd/names.o"* ]]
	[[ $output == *"order.ld: there is no function job_commits()"* ]]
	[ "${#lines[@]}" -eq 5 ]

	cp "$top/src/order.ld" src/
	mkdir -p tests/c
	cp "$top"/tests/c/tap.[ch] tests/c/
	printf '\nint\nvalue_9_bits(void)\n{\n\treturn 9;\n}\n' >>src/cli/value.c
	sed -i 's/engine\.a:file\.o/engine.a:child.o/; s/engine\.a:pidns\.o/engine.a:pidns.lo/; s/\.text\.write_out/.text.tap_run/
		s/\.text\.unit_of/.text.unit_of .text.value_9_bits .text.value_9_bytes/; s/options_global/options_of_all/' src/order.ld
	run -1 tests/lint order
	echo "$output"
	[[ $output == *"order.ld: no source makes child.o"* ]]
	[[ $output == *"order.ld: no source makes pidns.lo"* ]]
	[[ $output == *"order.ld: there is no function tap_run()"* ]]
	[[ $output == *"order.ld: there is no function value_9_bytes()"* ]]
	[[ $output == *"order.ld: there is no variable options_of_all"* ]]
	[ "${#lines[@]}" -eq 7 ]
}

@test "lint refuses a command that knows what keeps the namespaces" {
	mkdir tests
	cp "$top/tests/lint" tests/
	cp -r "$top/src" .
	run -0 tests/lint seam
	echo '/* The segment is full. */' >>src/cmd/done.c
	echo 'int f(void) { return umask(0); }' >>src/cmd/main.c
	echo '#define PLACE "/dev/shm/compl"' >>src/cli/names.h
	run -1 tests/lint seam
	echo "$output"
	[[ $output == *"src/cmd/done.c:/* The segment is full. */"* ]]
	[[ $output == *"src/cmd/main.c:int f(void)"* ]]
	[[ $output == *"src/cli/names.h:#define PLACE"* ]]

	local word words=(Segment segment_file robust_list robust_futex SHM_PATH fchmod chown waitqueue)
	for word in "${words[@]}"; do
		echo "/* $word */" >>src/cli/text.h
	done
	run -1 tests/lint seam
	echo "$output"
	[ "$(grep -c '^    src/cli/text.h:/\* ' <<<"$output")" -eq "${#words[@]}" ]
}

@test "lint refuses a function whose name asks and that acts" {
	mkdir tests
	cp "$top/tests/lint" "$top/tests/predicates.awk" "$top/tests/code.awk" tests/
	cp -r "$top/src" .
	cp -r "$top/tests/c" "$top/tests/tools" "$top/tests/fuzz" tests/
	cp -r "$top/bench" .
	run -0 tests/lint predicates
	printf 'static bool\nis_rung(uint32_t *bell)\n{\n\treturn futex_wake(bell, 1) > 0;\n}\n' >>src/shm/names/waitqueue.c
	printf 'static bool\nhas_waiters(struct session *s)\n{\n\treturn waitqueue_reap_to_first(s, 1) != 0;\n}\n' >>src/shm/names/post.c
	printf 'bool\nwait_is_new(struct wait *w)\n{\n\treturn !(w->joined = true);\n}\n' >>src/shm/calls/wait.c
	printf 'static bool\nis_quiet(const struct wait *w)\n{\n\treturn w != NULL; /* waitqueue_ring(w) */\n}\n' >>src/shm/calls/wait.c
	printf 'static bool\nis_over(pid_t pid)\n{\n\treturn waitpid(pid, NULL, WNOHANG) == pid;\n}\n' >>tests/c/mutexes.c
	printf 'bool\nelf_range_find_again(char *map)\n{\n\treturn !*map;\n}\n' >>tests/tools/elf-range.c
	printf 'static bool\nhas_come_to_an_end(void)\n{\n\tCHECK(is_over(1));\n\treturn true;\n}\n' >>tests/c/mutexes.c
	printf 'static int\nthe_child_is_woken(void *argument)\n{\n\treturn fork();\n}\n' >>bench/hold.c
	printf 'static const char *begin = "/*";\n\nstatic bool\nis_begun(void)\n{\n\treturn fork() == 0;\n}\n' >>src/cli/text.c
	run -1 tests/lint predicates
	echo "$output"
	[[ $output == *"src/shm/names/waitqueue.c: is_rung() is a question and calls futex_wake()"* ]]
	[[ $output == *"src/shm/names/waitqueue.c: is_rung() is a question and takes a uint32_t that it may change"* ]]
	[[ $output == *"src/shm/names/post.c: has_waiters() is a question and calls waitqueue_reap_to_first()"* ]]
	[[ $output == *"src/shm/calls/wait.c: wait_is_new() is a question and assigns through a pointer"* ]]
	[[ $output == *"tests/c/mutexes.c: is_over() is a question and calls waitpid()"* ]]
	[[ $output == *"tests/tools/elf-range.c: elf_range_find_again() is a question and takes a char that it may change"* ]]
	[[ $output == *"src/cli/text.c: is_begun() is a question and calls fork()"* ]]
	[ "${#lines[@]}" -eq 9 ]
}

@test "lint refuses a test that goes on after a failure, and what shellcheck says of a test" {
	mkdir -p tests src/cli bin
	cp "$top/tests/lint" tests/
	: >src/cli/text.c
	# shellcheck disable=SC2016 # for the other shell
	printf '%s\n' '#!/bin/sh' '[ -z "$FINDING" ] || { echo "$FINDING"; exit 1; }' >bin/shellcheck
	chmod +x bin/shellcheck
	PATH=$PWD/bin:$PATH
	export FINDING=
	printf '\t%s\n' '[ a ] && [ b ]' >part
	{ echo 'x() {' && cat part && echo '}'; } >tests/text.bats
	printf '\t%s\n' '[ a ] && return' '[ a ] && [ b ] || return' '! a || b' 'run ! a' '[[ a && b ]]' >>tests/text.bats
	run -0 tests/lint bats
	FINDING="a finding" run -1 tests/lint bats
	[[ $output == *"    a finding"* ]]
	printf '\t%s\n' '[ a ] && [[ b ]]' 'c' '! a' 'd' '	[ a ] && [ b ]' 'done' >>tests/text.bats
	run -1 tests/lint bats
	echo "$output"
	local line
	for line in 9 11 13; do
		[[ $output == *"tests/text.bats:$line: "*" - a failure here does not end the test"* ]]
	done
	[ "${#lines[@]}" -eq 5 ]
}

@test "lint refuses a test file that defines a function of what it loads" {
	mkdir -p tests src/cli bin
	cp "$top/tests/lint" tests/
	: >src/cli/text.c
	printf '#!/bin/sh\n' >bin/shellcheck
	chmod +x bin/shellcheck
	PATH=$PWD/bin:$PATH
	printf '%s\n' 'is_gone() {' '}' >tests/inner.bash
	printf '%s\n' 'load inner' 'setup() {' '}' >tests/outer.bash
	printf '%s\n' 'load outer' 'load inner' 'setup() {' '}' >tests/good.bats
	run -0 tests/lint bats
	printf '%s\n' 'load outer' 'is_gone() {' '}' >tests/bad.bats
	run -1 tests/lint bats
	[ "${lines[1]}" = "    tests/bad.bats: defines is_gone(), or loads it, twice" ]
	[ "${#lines[@]}" -eq 3 ]
}

@test "lint fails when any command of a check fails, and not only the last one" {
	mkdir -p tests src/cli examples
	: >src/cli/text.c
	cp "$top/tests/lint" tests/
	printf '#!/bin/sh\n' | tee examples/a.sh >examples/b.sh
	run -0 tests/lint posix_examples
	echo 'case' >>examples/a.sh
	run -1 tests/lint posix_examples
}

@test "lint refuses a manual that mdoc mangles or that names the source tree, and promises without a proof" {
	mkdir bin tests
	# The manual's own rules are tried here, not mandoc's.
	ln -s "$(type -P true)" bin/mandoc
	PATH=$PWD/bin:$PATH
	cp -r "$top/tests/." tests/
	cp -r "$top/man" "$top/src" .
	run -0 tests/lint manual promises
	sed -i 's/^\.Os Linux/.Os/' man/compl.3
	sed -i 's/^\.Ss The lock/.Ss In the lock/; s/^\.It \\&No polling/.It No polling/' man/compl.7
	printf '%s\n' '.Pa tests/order.bats' '.Dq make check-all' >>man/compl.1
	run -1 tests/lint manual
	echo "$output"
	[[ $output == *"man/compl.3:4: not .Os Linux"* ]]
	[[ $output == *"man/compl.7:"*": mdoc takes \"In\" for a macro"* ]]
	[[ $output == *"man/compl.7:"*": mdoc takes \"No\" for a macro"* ]]
	[ "$(grep -c 'man/compl.1:[0-9]*: names what is only in the source tree' <<<"$output")" -eq 2 ]
	[ "${#lines[@]}" -eq 7 ]
	cp "$top/man/compl.1" man/
	printf '%s\n' 'Children make modelling clay.' '.Pa /opt/tests/' >>man/compl.1
	run -1 tests/lint manual
	[[ $output != *"man/compl.1:"* ]]
	printf '%s\n' '.Pa .ci/run' '.Dq make deps' '.Pa tests/' '.Dq make demo .' >>man/compl.1
	run -1 tests/lint manual
	echo "$output"
	[ "$(grep -c 'man/compl.1:[0-9]*: names what is only in the source tree' <<<"$output")" -eq 4 ]

	sed -i 's/^\.It Conservation/.It Preservation/' man/compl.7
	rm tests/order.bats tests/c/host.c
	run -1 tests/lint promises
	echo "$output"
	[[ $output == *"< Preservation"*"> Conservation"* ]]
	[[ $output == *"names tests/order.bats, which does not exist"* ]]
	[[ $output == *"names tests/c/host.c, which does not exist"* ]]

	cp "$top/man/compl.7" man/
	cp "$top/tests/order.bats" tests/
	cp "$top/tests/c/host.c" tests/c/
	echo '`waitqueue.c` `no_such.c` build/c/host-such build/c/host_such build/tools/nosuch build/fuzz/values' >>tests/README.md
	run -1 tests/lint promises
	echo "$output"
	local file
	for file in no_such.c tests/c/host-such.c tests/c/host_such.c tests/tools/nosuch.c; do
		[[ $output == *"names $file, which does not exist"* ]]
	done
	[ "${#lines[@]}" -eq 6 ]
	sed -i 's/^\.Sh GUARANTEES/.Sh PROMISES/' man/compl.7
	sed -i '/^| \*\*/d; $d' tests/README.md
	run -1 tests/lint promises
	echo "$output"
	[[ $output == *"man/compl.7: no promises were found"* ]]
	[ "${#lines[@]}" -eq 3 ]
}

# tap NAME LINE…: a program that writes these lines; a last line may be a command
tap() {
	local name=$1
	shift
	{
		echo '#!/bin/sh'
		printf '%s\n' "$@"
	} >"$name"
	chmod +x "$name"
}

# says TEXT FILE…: tests/run on these files ends with this closing line
says() {
	local text=$1
	shift
	run "$top/tests/run" "$@"
	echo "$output"
	[ "${lines[-1]}" = "$text" ]
}

@test "tests/run adds up, and takes no failure for a success" {
	tap good 'echo "ok 1 - a"' 'echo "ok 2 - b # SKIP not today"' 'echo 1..2'
	tap bad 'echo 1..2' 'echo "ok 1 - a"' 'echo "not ok 2 - b"' 'echo "# because"' 'exit 1'
	tap crash 'echo 1..2' 'echo "ok 1 - a"' 'kill -KILL $$'
	tap short 'echo 1..2' 'echo "ok 1 - a"'
	tap silent 'exit 0'
	tap unreasoned 'echo 1..1' 'echo "ok 1 - a # SKIP"'
	tap liar 'echo 1..1' 'echo "ok 1 - a"' 'exit 3'
	tap sanitized 'echo 1..1' 'echo "ok 1 - a"' 'echo "heap-use-after-free" >"$RUN_DIR/reports/x"'
	tap endless 'echo 1..1' 'sleep 60'

	says "1 passed, 0 failed, 1 skipped" "$PWD/good"
	[ "$status" -eq 0 ]
	says "1 passed, 1 failed" "$PWD/bad"
	[ "$status" -eq 1 ]
	[[ $output == *"FAILED: 2 - b"*"# because"* ]]
	says "1 passed, 1 failed" "$PWD/crash"
	says "1 passed, 1 failed" "$PWD/short"
	says "0 passed, 1 failed" "$PWD/silent"
	says "0 passed, 1 failed" "$PWD/unreasoned"
	says "1 passed, 1 failed" "$PWD/liar"
	says "1 passed, 1 failed" "$PWD/sanitized"
	[[ $output == *heap-use-after-free* ]]
	TEST_TIMEOUT=1 says "0 passed, 1 failed" "$PWD/endless"
	says "0 passed, 1 failed" "$PWD/no-such-file"
	says "0 passed, 1 failed"
	says "3 passed, 2 failed, 1 skipped" "$PWD/good" "$PWD/bad" "$PWD/liar"
	[ "$status" -eq 1 ]
}

@test "tests/run gives a bats file the builds that it asks for" {
	printf '%s\n' '# builds: pairs' '@test "x" { echo "$COMPL $COMPL_WAITER" >>"$OUT"; }' >pairs.bats
	printf '%s\n' '# builds: each' '@test "x" { echo "$COMPL $COMPL_WAITER" >>"$OUT"; }' >each.bats
	printf '%s\n' '@test "x" { :; }' >none.bats
	export COMPL_BUILDS='/a /b' OUT=$PWD/out TEST_JOBS=1
	says "4 passed, 0 failed" "$PWD/pairs.bats"
	[ "$(<out)" = $'/a /a\n/a /b\n/b /a\n/b /b' ]
	rm out
	COMPL_CORE=1 says "2 passed, 0 failed" "$PWD/pairs.bats"
	[ "$(<out)" = $'/a /b\n/b /a' ]
	rm out
	says "2 passed, 0 failed" "$PWD/each.bats"
	[ "$(<out)" = $'/a /a\n/b /b' ]
	says "0 passed, 1 failed" "$PWD/none.bats"
}

@test "tests/run leaves out what the core has run, if it is told so" {
	local name
	for name in pairs each once; do
		printf '%s\n' "# builds: $name" '@test "x" { echo "$COMPL $COMPL_WAITER" >>"$OUT"; }' >$name.bats
		sed "1a# runs in: check-all (it is long)" $name.bats >long-$name.bats
	done
	tap program 'echo 1..1' 'echo "ok 1 - a"'
	export COMPL_BUILDS='/a /b' OUT=$PWD/out TEST_JOBS=1 COMPL_AFTER_CORE=1
	says "2 passed, 0 failed" "$PWD/pairs.bats" "$PWD/each.bats" "$PWD/once.bats"
	[ "$(<out)" = $'/a /a\n/b /b' ]
	rm out
	says "7 passed, 0 failed" "$PWD/long-pairs.bats" "$PWD/long-each.bats" "$PWD/long-once.bats"
	[ "$(<out)" = $'/a /a\n/a /b\n/b /a\n/b /b\n/a /a\n/b /b\n/a /a' ]
	says "1 passed, 0 failed" "$PWD/program"
}

@test "tests/run gives the files more time on a slow machine, and says so" {
	tap file 'echo 1..1' '[ "$TEST_TIMEOUT" -ge 1200 ] && [ "${COMPL_SLOWNESS%.*}" -ge 2 ] || printf "not "' \
		'echo "ok 1 - a"'
	mkdir bin
	printf '%s\n' '#!/bin/sh' 'i=0' 'while [ $i -lt 29999 ]; do i=$((i + 1)); done' >bin/true
	chmod +x bin/true
	unset COMPL_SLOWNESS
	PATH=$PWD/bin:$PATH says "1 passed, 0 failed" "$PWD/file"
	[[ ${lines[0]} =~ " s of processor time on a machine "[1-9][0-9]*\.[0-9]" times as slow as usual"$ ]]
}

@test "tests/run begins no file after its time, and reports each as skipped" {
	# tests/run takes the time from a file, so that none passes before the first file has begun.
	# shellcheck disable=SC2016 # for the other shells
	printf '%s\n' 'unset EPOCHSECONDS' 'EPOCHSECONDS=$(<"$CLOCK")' >set_clock
	# shellcheck disable=SC2016
	tap slow 'echo 1..1' 'echo 1002 >"$CLOCK"' 'echo "ok 1 - a"'
	tap next 'echo 1..2' 'echo "ok 1 - a"' 'echo "ok 2 - b"'
	export TEST_JOBS=1
	echo 1001 >clock
	CLOCK=$PWD/clock BASH_ENV=$PWD/set_clock TEST_UNTIL=1002 \
		says "1 passed, 0 failed, 2 skipped" "$PWD/slow" "$PWD/next" "$PWD/next"
	[ "$status" -eq 0 ]
	[[ $output == *"late $PWD/next"*"    skipped: all of it # skip the time for this run was over"* ]]
	TEST_UNTIL=$EPOCHSECONDS says "0 passed, 0 failed, 1 skipped" "$PWD/next"
	[ "$status" -eq 1 ]
	# A file that has begun has ten minutes more.
	tap limits 'echo 1..1' '[ "$TEST_TIMEOUT" -le 660 ] || printf "not "' 'echo "ok 1 - a"'
	TEST_UNTIL=$((EPOCHSECONDS + 60)) COMPL_SLOWNESS=9.5 says "1 passed, 0 failed" "$PWD/limits"
	COMPL_SLOWNESS=9.5 says "0 passed, 2 failed" "$PWD/limits"
}

@test "tests/run shuffles the files on a slow machine, if it may leave out some" {
	local name
	for name in {a..z}; do
		# shellcheck disable=SC2016 # for the shell of the file
		tap "$name" 'echo "${0##*/}" >>"${0%/*}/order"' 'echo 1..1' 'echo "ok 1 - a"'
	done
	export TEST_JOBS=1 TEST_UNTIL=$((EPOCHSECONDS + 600))
	says "26 passed, 0 failed" "$PWD"/[a-z]
	[ "$(<order)" = "$(printf '%s\n' {a..z})" ]
	rm order
	COMPL_SLOWNESS=3.0 says "26 passed, 0 failed" "$PWD"/[a-z]
	[ "$(<order)" != "$(printf '%s\n' {a..z})" ]
	[ "$(sort order)" = "$(printf '%s\n' {a..z})" ]
}

@test "tests/run says how much processor time the tests took, and building before them" {
	# More than half a second of it, less than a minute.
	tap busy 'until [ "$(awk '"'{ print \$14 + \$15 }'"' /proc/$$/stat)" -ge 60 ]; do i=0; while [ $i -lt 9999 ]; do i=$((i + 1)); done; done' \
		'echo 1..1' 'echo "ok 1 - a"'
	tap idle 'sleep 0.7' 'echo 1..1' 'echo "ok 1 - a"'
	says "1 passed, 0 failed" "$PWD/busy"
	[[ $output =~ "processor time: "([1-9]|[1-5][0-9])" s for the tests; they took "[0-9]+" s, on a machine 1.0 times as slow as usual" ]]
	says "1 passed, 0 failed" "$PWD/idle"
	[[ $output == *"processor time: 0 s for the tests; they took"* ]]
	COMPL_SLOWNESS=2.5 says "1 passed, 0 failed" "$PWD/busy"
	[[ $output =~ "; they took "[0-9]+" s, on a machine 2.5 times as slow as usual" ]]
	# A make's children that have ended are what it has built.
	# shellcheck disable=SC2016 # for the inner shell
	run sh -c '"$0/busy"; "$0/busy"; COMPL_MAKE=$$ "$1" "$0/idle"' "$PWD" "$top/tests/run"
	[[ $output =~ "processor time: 0 s for the tests, and "[1-9][0-9]*" s to build; they took" ]]
}

# ci_tree: .ci/run in a folder where make and tests/confined only say what stands in said/PART, and where
# a namespace can be made if there is a file `free`.
ci_tree() {
	local part
	mkdir -p .ci bin said tests
	cp "$top/.ci/run" .ci/
	printf '%s\n' '#!/bin/sh' 'cat said/slowness' >tests/slowness
	printf '%s\n' '#!/bin/sh' 'cat said/"$2"' >bin/make
	printf '%s\n' '#!/bin/sh' 'cat said/confined' >tests/confined
	printf '%s\n' '#!/bin/sh' '[ -e free ]' >bin/unshare
	chmod +x bin/* tests/*
	echo 1.0 >said/slowness
	for part in check check-all confined lint check-asan check-tsan; do
		echo '2 passed, 0 failed' >said/$part
	done
	echo '    skipped: 1 x # skip this version is the first
processor time: 449 s for the tests, and 1 s to build; they took 99 s, on a machine 1.0 times as slow as usual
2 passed, 0 failed, 1 skipped' >said/check
	touch free
}

# ci_skips PART TEXT…: the part says that it has passed two tests, and skipped those of the texts
ci_skips() {
	local part=$1
	shift
	{
		printf '    skipped: %s\n' "$@"
		echo "2 passed, 0 failed, $# skipped"
	} >"said/$part"
}

# ci_says TEXT: .ci/run ends with this line, and succeeds if it names no failure.
ci_says() {
	PATH=$PWD/bin:$PATH run .ci/run
	echo "$output"
	[ "${lines[-1]}" = "$1" ]
	[ "$status" -eq "$([[ $1 == *", 0 failed"* ]]; echo $?)" ]
}

@test ".ci/run adds up its parts, and a part that does not say how it ended has failed" {
	ci_tree
	ci_says "12 passed, 0 failed, 1 skipped"
	ci_skips check-all '1 x # skip this version is the first' '2 x # skip this version is the first'
	sed -i 's/2 passed, 0 failed/1 passed, 1 failed/' said/check-all
	ci_says "11 passed, 1 failed, 3 skipped"
	echo 'make: *** Error' >said/check-tsan
	ci_says "9 passed, 2 failed, 3 skipped"
}

@test ".ci/run fails if a part gives fewer or more reasons than it has skips" {
	ci_tree
	ci_skips check-all '1 x # skip this version is the first' '2 x # skip this version is the first'
	ci_says "12 passed, 0 failed, 3 skipped"
	sed -i 's/2 skipped/3 skipped/' said/check-all
	ci_says "12 passed, 1 failed, 4 skipped"
	[[ $output == *"FAIL check-all: skipped 3 tests and gave 2 reasons"* ]]
	rm free
	ci_says "12 passed, 1 failed, 4 skipped"
	sed -i 's/, 3 skipped//' said/check-all
	ci_says "12 passed, 1 failed, 1 skipped"
	[[ $output == *"FAIL check-all: skipped 0 tests and gave 2 reasons"* ]]
}

@test ".ci/run fails if lint lacks a tool, and not if a compiler does not know a standard" {
	ci_tree
	sed -i '1i\    not checked: gcc does not know -std=c2y' said/lint
	ci_says "12 passed, 0 failed, 1 skipped"
	sed -i '1i\    not checked: clang++ is not installed' said/lint
	ci_says "12 passed, 1 failed, 1 skipped"
	[[ $output == *"FAIL lint: not checked: clang++ is not installed"* ]]
}

@test ".ci/run fails where everything should run and a test is skipped" {
	[ "$EUID" -eq 0 ] || skip "needs root"
	ci_tree
	ci_skips check-all '3 an older one # skip this version is the first' \
		'1 a unit # SKIP no cgroup can be made: mkdir: cannot create directory # skip'
	ci_skips confined '# SKIP may not make a pid namespace (CAP_SYS_ADMIN): Operation not permitted' \
		'1 x # skip may not make a mount and pid namespace (CAP_SYS_ADMIN): unshare: failed'
	ci_skips check-asan '7 x # skip strace and LeakSanitizer exclude each other'
	ci_says "12 passed, 0 failed, 6 skipped"

	ci_skips check-all '7 x # skip strace and LeakSanitizer exclude each other' \
		'8 y # skip may not make a pid namespace (CAP_SYS_ADMIN): unshare: failed' \
		'9 z # skip there is no jq, but no cgroup2 is mounted' \
		'10 a # skip there is no jq # skip this version is the first' \
		'11 b # skip this version is the first, or there is no jq'
	ci_skips confined '# SKIP may not trace (ptrace): x'
	ci_says "12 passed, 6 failed, 2 skipped"
	[[ $output == *"FAIL check-all: everything should run here, and this does not: 7 x # skip strace"* ]]
	[[ $output == *"FAIL check-all: everything should run here, and this does not: 10 a # skip there"* ]]
	[[ $output == *"FAIL check-all: everything should run here, and this does not: 11 b # skip this"* ]]
	[[ $output == *"FAIL confined: everything should run here, and this does not: # SKIP may not trace"* ]]

	rm free
	ci_says "12 passed, 0 failed, 8 skipped"
	[[ $output == *"skips are not judged"* ]]

	# A part that died before its last line: no skip of it was counted.
	ci_tree
	ci_skips check-all '7 x # skip there is no jq'
	sed -i '$d' said/check-all
	ci_says "10 passed, 1 failed, 1 skipped"

	# What the tests themselves say of sanitizers.
	ci_tree
	local reasons
	mapfile -t reasons < <(grep -h -A1 COMPL_ASAN "$top"/tests/*.bats "$top"/tests/*.bash |
		sed -n 's/.*skip "\(.*\)"$/1 x # skip \1/p')
	[ "${#reasons[@]}" -gt 4 ]
	ci_skips check-asan "${reasons[@]}"
	ci_says "12 passed, 0 failed, $((1 + ${#reasons[@]})) skipped"
}

@test ".ci/run ends in time on a slow machine, and elsewhere fails if a file had no time" {
	[ "$EUID" -eq 0 ] || skip "needs root"
	ci_tree
	ci_skips check-all 'all of it # skip the time for this run was over'
	ci_says "12 passed, 1 failed, 1 skipped"
	[[ $output == *"FAIL check-all: everything should run here, and this does not: all of it"* ]]
	# What tests/run says counts more than a look at the idle machine.
	sed -i '$i processor time: 9 s for the tests, and 0 s to build; they took 9 s, on a machine 2.0 times as slow as usual' \
		said/check-all
	ci_says "12 passed, 0 failed, 2 skipped"
	sed -i '/^processor/d' said/check-all
	echo 2.1 >said/slowness
	ci_says "12 passed, 0 failed, 2 skipped"

	# Each part after the core may begin files for a part of the time.
	ci_tree
	# shellcheck disable=SC2016 # for the inner shell
	printf '%s\n' '#!/bin/sh' 'echo "$2 ${TEST_UNTIL:+$((TEST_UNTIL - $(date +%s)))}" >>until' 'cat said/"$2"' >bin/make
	ci_says "12 passed, 0 failed, 1 skipped"
	[ "$(cut -d' ' -f1 until | tr '\n' ' ')" = "check lint check-tsan check-all check-asan " ]
	[[ $(<until) =~ "check "$'\n'"lint "$'\n'"check-tsan "$'\n'"check-all "3[01][0-9][0-9]$'\n'"check-asan "4[12][0-9][0-9]$ ]]
}

@test ".ci/run fails if the core or the run takes more than half more processor time than its budget" {
	ci_tree
	sed -i 's/449 s/450 s/' said/check
	ci_says "12 passed, 1 failed, 1 skipped"
	[[ $output == *"FAIL the core took 451 s of usual processor time; its budget is 300 s"* ]]
	sed -i 's/1\.0 times/1.1 times/' said/check
	ci_says "12 passed, 0 failed, 1 skipped"
	sed -i 's/, and 1 s to build//' said/check
	ci_says "12 passed, 1 failed, 1 skipped"
	[[ $output == *"FAIL check: does not say how much processor time it took"* ]]
	sed -i 's/450 s/a while/' said/check
	ci_says "12 passed, 1 failed, 1 skipped"
	[[ $output == *"FAIL check: does not say how much processor time it took"* ]]
	ci_tree
	printf '%s\n' '#!/bin/sh' 'echo 0.00001' >bin/getconf # so short is a tick that each lasts a day
	chmod +x bin/getconf
	ci_says "12 passed, 1 failed, 1 skipped"
	[[ $output =~ "FAIL the run took "[0-9]+" s of usual processor time; its budget is 4200 s" ]]
}

# bare_system: commands for .ci/deps in bin/, and nothing else.  Its apt-get writes down what it is
# called with, and "installs" a package by linking the package's commands of the table to true(1).
bare_system() {
	local tool
	rm -rf bin called
	mkdir bin
	for tool in cat cut dirname env sort tr; do
		ln -s "$(type -P $tool)" bin/
	done
	printf '%s\n' '#!/bin/sh' 'echo "${ROOT-0}"' >bin/id
	cat >bin/apt-get <<-EOF
		#!/bin/sh
		echo "\$*" >>called
		[ ! -e broken ] || exit 100
		for package; do
			$(type -P awk) -F '\t+' -v package="\$package" '\$1 == "command" && \$3 == package { print \$2 }' \\
				"$top/.ci/deps" | while read -r command; do
				$(type -P ln) -sf $(type -P true) bin/"\$command"
			done
		done
	EOF
	chmod +x bin/id bin/apt-get
}

# deps TARGET…: .ci/deps of the bare system
deps() {
	PATH=$PWD/bin run "$top/.ci/deps" "$@"
	echo "deps $*: status $status: $output"
}

# installs PACKAGES TARGET…: on a bare system the targets need exactly these
installs() {
	local packages=$1
	shift
	bare_system
	deps "$@"
	[ "$status" -eq 0 ]
	[ "$(sed -n '1p' called)" = "-q update" ]
	[ "$(sed -n '2s/.*--no-install-recommends //p' called)" = "$packages" ]
	[ "$(wc -l <called)" -eq 2 ]
}

@test "make deps TARGET installs what the target needs, for several targets each package once" {
	local build="binutils gcc libbsd-dev libc6-dev linux-libc-dev make musl-tools"
	installs "$build"
	installs "$build" demo
	installs "$build" all install build/compl build/glibc/compl
	installs "make" uninstall
	installs "clang-format make" fmt
	installs "gcc libc6-dev make spin" model
	installs "binutils clang gcc libbsd-dev libc6-dev libclang-rt-dev linux-libc-dev make musl-tools" build/clang/fuzz/values
	installs "binutils clang-format gcc libbsd-dev libc6-dev linux-libc-dev make musl-tools spin" fmt model demo
}

@test "make deps brings services for check-all and bench only" {
	local target
	for target in demo check check-tsan check-storm check-long lint model fuzz; do
		bare_system
		deps "$target"
		[ "$status" -eq 0 ]
		run ! grep -E 'redis|haproxy|etcd|postgresql' called
	done
	for target in check-all check-asan; do
		bare_system
		deps "$target"
		grep -q ' bats .* fish .* haproxy .* postgresql .* redis-server redis-tools .* zsh' called
	done
	bare_system
	deps bench
	grep -q ' etcd-server .* redis-server redis-tools .* tmux' called
}

@test "make deps does nothing, and asks for nothing, when everything is there" {
	bare_system
	deps check-all bench lint model fuzz fmt
	[ "$status" -eq 0 ]
	rm called
	for targets in "" demo "check-all bench lint model fuzz fmt"; do
		# shellcheck disable=SC2086 # They are several words.
		deps $targets
		[ "$status" -eq 0 ]
		[ -z "$output" ]
		[ ! -e called ]
	done
}

@test "make deps knows all targets of the makefiles, and no others" {
	bare_system
	deps chekc
	[ "$status" -eq 1 ]
	[[ $output == "deps: 'chekc' is not one of all "*" check "* ]]
	[ ! -e called ]
	local target targets
	targets=$(cat "$top/Makefile" "$top"/*/*.mk | sed -n 's/^\.PHONY: *\([^$]*\)$/\1/p' | tr ' ' '\n' | grep -v FORCE)
	[ "$(wc -l <<<"$targets")" -gt 10 ]
	for target in $targets; do
		bare_system
		deps "$target"
		[ "$status" -eq 0 ]
	done
	while read -r target; do
		grep -qx -e "$target" <<<"$targets"
	done < <(sed -n '/^targets() {/,/^}/s/^\([a-z][a-z-]*\)	.*/\1/p' "$top/.ci/deps")
}

@test "make deps knows the other goals, and they wait for it" {
	mkdir -p tree/.ci tree/build
	cp "$top/Makefile" tree/
	printf '%s\n' '#!/bin/sh' 'echo "deps: $*"' 'exit 1' >tree/.ci/deps
	chmod +x tree/.ci/deps
	run -2 make -s -C tree deps no-such-goal build/no-such-file
	[ "${lines[0]}" = "deps: no-such-goal build/no-such-file" ]
	[[ $output != *"No rule"* ]]
	run -2 make -s -C tree no-such-goal deps # the order is not theirs to choose
	[ "${lines[0]}" = "deps: no-such-goal" ]
	run -2 make -s -C tree clean deps
	[ "${lines[0]}" = "deps: " ]
	[ ! -e tree/build ]
}

@test "make deps starts no service, and leaves a running one to the system" {
	bare_system
	deps check-all
	local path
	path=$(sed -n '2s/.*-o DPkg::Path=\([^ ]*\) .*/\1/p' called)
	[[ $path == */.ci/start-nothing:/usr/sbin:/usr/bin:/sbin:/bin ]]
	local program
	mkdir system
	for program in invoke-rc.d deb-systemd-invoke; do
		printf '%s\n' '#!/bin/sh' "echo \"$program \$*\"" 'exit 7' >"system/$program"
		chmod +x "system/$program"
	done
	path=${path%%:*}:$PWD/system
	PATH=$path run -0 invoke-rc.d --skip-systemd-native redis-server start
	[ "$output" = "deps: not started: --skip-systemd-native redis-server start" ]
	PATH=$path run -0 deb-systemd-invoke start haproxy.service
	PATH=$path run -7 invoke-rc.d redis-server restart
	[ "$output" = "invoke-rc.d redis-server restart" ]
	PATH=$path run -7 deb-systemd-invoke --user stop haproxy.service
	[ "$output" = "deb-systemd-invoke --user stop haproxy.service" ]
}

# cannot_install TEXT: its last line names the packages, too
cannot_install() {
	deps fmt
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "deps: $1: clang-format make " ]
}

@test "make deps installs with sudo for users other than root, and says in a line why it cannot install" {
	bare_system
	printf '%s\n' '#!/bin/sh' 'echo sudo >>called' 'exec "$@"' >bin/sudo
	chmod +x bin/sudo
	ROOT=1000 deps fmt
	[ "$status" -eq 0 ]
	[ "$(grep -c '^sudo$' called)" -eq 2 ]

	bare_system
	ROOT=1000 cannot_install "there is no sudo, so please install as root"
	[ ! -e called ]
	touch broken
	cannot_install "apt-get failed (see above), so please install"
	rm broken
	ln -sf "$(type -P true)" bin/apt-get
	cannot_install "apt-get did not fail, but these are still missing"
	rm bin/apt-get
	cannot_install "there is no apt-get, so please install what Debian calls"
}
