# SPDX-License-Identifier: ISC
#
# rules.mk - the rules for tests: sanitizer builds, test programs, tools, fuzz targets
#
# The Makefile includes this file at its end, and its head lists the targets.

.PHONY: asan check check-all check-asan check-tsan check-storm check-long lint model fuzz fmt

# ---- builds that look for mistakes -----------------------------------------------------------------

sanitize = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN_CC = $(NATIVE_CC)
ASAN_CPPFLAGS = $(NATIVE_CPPFLAGS)
ASAN_CFLAGS = $(sanitize)
ASAN_LDFLAGS = $(NATIVE_LDFLAGS) $(sanitize)
ASAN_LIBS = $(NATIVE_LIBS)
ASAN_COMPAT = $(NATIVE_COMPAT)

CLANG ?= clang
CLANG_CC = $(CLANG)
CLANG_CPPFLAGS = $(NATIVE_CPPFLAGS)
CLANG_CFLAGS = $(sanitize)
CLANG_GUIDE = -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp
CLANG_LDFLAGS = $(NATIVE_LDFLAGS) $(sanitize)
CLANG_LIBS = $(NATIVE_LIBS)
CLANG_COMPAT = $(NATIVE_COMPAT)
CLANG_FUZZER = -fsanitize=fuzzer

# TSAN_CC=clang uses another compiler.
TSAN_CC ?= $(NATIVE_CC)
TSAN_CPPFLAGS = $(NATIVE_CPPFLAGS)
# ThreadSanitizer does not know atomic_thread_fence(); those of seqcount.h are next to atomic accesses.
TSAN_CFLAGS = -fsanitize=thread -fno-omit-frame-pointer $(if $(findstring clang,$(TSAN_CC)),,-Wno-tsan)
TSAN_LDFLAGS = $(NATIVE_LDFLAGS) -fsanitize=thread
TSAN_LIBS = $(NATIVE_LIBS)
TSAN_COMPAT = $(NATIVE_COMPAT)

$(eval $(call build,build/asan,ASAN))
$(eval $(call build,build/tsan,TSAN))
$(eval $(call build,build/clang,CLANG))

asan: build/asan/compl

# ---- what is built from what -----------------------------------------------------------------------

# A .c file that has a .h file beside it is a part of programs; one that has none is a program.
names_in = $(patsubst $(1)/%.$(2),%,$(wildcard $(1)/*.$(2)))
parts_in = $(filter $(call names_in,$(1),h),$(call names_in,$(1),c))
programs_in = $(filter-out $(call names_in,$(1),h),$(call names_in,$(1),c))

c_tests := $(call programs_in,tests/c)
tools := $(call programs_in,tests/tools)

# For the fuzz targets the sources are compiled so that something can be done in the middle of a call,
# with main() as an ordinary function, and with the functions named here replaced (tests/fuzz/sim.h).
fuzz_targets := $(filter-out replay,$(call programs_in,tests/fuzz))
fuzz_parts := $(call parts_in,tests/fuzz)
# New paths through these two do not make an input interesting to the fuzzer.
fuzz_unguided := sim-files sim
fuzz_cflags = -finstrument-functions -U_FORTIFY_SOURCE -Dmain=compl_main -Wno-missing-prototypes
fuzz_replaced = clock_gettime nanosleep mmap munmap futex_wait futex_wait_any futex_wake \
	futex_set_robust_list futex_get_robust_list futex_list_of participant_is_another openat \
	unlink lstat chmod opendir
fuzz_replaced_command = write stderr_write isatty exit _exit raise execv getenv setenv getpwnam \
	sigaction sigprocmask pthread_sigmask prctl fork waitpid kill poll signalfd read getrandom \
	getppid setsid alarm dup2 timerfd_create timerfd_settime tcgetpgrp
wrapped = $(patsubst %,-Wl$(comma)--wrap=%,$(fuzz_replaced) $(fuzz_replaced_$(1)))

# $(call build_programs,DIRECTORY,PREFIX,FOLDER): rules for the programs of a folder of tests/.
define build_programs
$(1)/$(3)/obj/%.o: tests/$(3)/%.c $(1)/flags
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$($(2)_compile) -Itests/c -c -o $$@ $$<

$(1)/$(3)/parts.a: $$(patsubst %,$(1)/$(3)/obj/%.o,$$(call parts_in,tests/$(3)))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

$$(patsubst %,$(1)/$(3)/%,$$(call programs_in,tests/$(3))): $(1)/$(3)/%: $(1)/$(3)/obj/%.o $(1)/$(3)/parts.a $(1)/engine.a $$($(2)_ORDER)
	$$(call say,LINK,$$@)
	$$(Q)$$($(2)_CC) $$(our_cflags) $$(CFLAGS) $$($(2)_link) -o $$@ $$(filter %.o %.a,$$^) $$($(2)_LIBS)

-include $$(patsubst %,$(1)/$(3)/obj/%.d,$$(call names_in,tests/$(3),c))
endef

# $(call build_tests,DIRECTORY,PREFIX): rules for the tests of a build that the Makefile's template
# `build` has defined.
define build_tests
$$(eval $$(call build_programs,$(1),$(2),c))
$$(eval $$(call build_programs,$(1),$(2),tools))

$(2)_fuzz_compile = $$($(2)_compile) $$($(2)_GUIDE) $$(fuzz_cflags)

$(1)/fuzz/flags: FORCE
	@mkdir -p $$(@D)
	$$(call remember,$$($(2)_fuzz_compile) $$($(2)_link) $$($(2)_LIBS))

$(1)/fuzz/obj/%.o: src/%.c $(1)/fuzz/flags
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$($(2)_fuzz_compile) -c -o $$@ $$<

$(1)/fuzz/compl.a: $$(sources:%=$(1)/fuzz/obj/%.o) $$($(2)_COMPAT:%=$(1)/fuzz/obj/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

$(1)/fuzz/parts/%.o: tests/fuzz/%.c $(1)/fuzz/flags
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$($(2)_compile) $$(if $$(filter $$(fuzz_unguided),$$*),,$$($(2)_GUIDE)) -c -o $$@ $$<

$$(fuzz_targets:%=$(1)/fuzz/%): $(1)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $$(fuzz_parts:%=$(1)/fuzz/parts/%.o) $(1)/fuzz/compl.a
	$$(call say,CC,$$@)
	$$(Q)$$($(2)_compile) $$($(2)_GUIDE) -Itests/fuzz $$($(2)_link) $$(call wrapped,$$*) -o $$@ $$< \
		$$(fuzz_parts:%=$(1)/fuzz/parts/%.o) $$(or $$($(2)_FUZZER),tests/fuzz/replay.c) $(1)/fuzz/compl.a $$($(2)_LIBS)

-include $$(sources:%=$(1)/fuzz/obj/%.d) $$(fuzz_parts:%=$(1)/fuzz/parts/%.d) $$(wildcard $(1)/fuzz/*.d)
endef

$(eval $(call build_tests,build,STATIC))
$(eval $(call build_tests,build/glibc,NATIVE))
$(eval $(call build_tests,build/asan,ASAN))
$(eval $(call build_tests,build/tsan,TSAN))
$(eval $(call build_tests,build/clang,CLANG))

# ---- test ------------------------------------------------------------------------------------------

# A bats file says in its first lines if it is only for `make check-all`, or only for `make check`.
core_bats := $(shell grep -LE '^\# runs in: check-all ' tests/*.bats)
all_bats := $(shell grep -LE '^\# runs in: check$$' tests/*.bats)
with_tools = COMPL_TOOLS='$(CURDIR)/build/tools'

# $(call programs,DIRECTORY): the programs of one build that are tests.
programs = $(c_tests:%=$(1)/c/%) $(fuzz_targets:%=$(1)/fuzz/%)
storms = build/compl build/glibc/compl build/tools/storm build/glibc/tools/storm

# tests/run asks this make how much processor time the building took.
both_builds = COMPL_BUILDS='build/compl build/glibc/compl' COMPL_MAKE=$$PPID $(with_tools)
core_programs = $(c_tests:%=build/c/%) $(c_tests:%=build/glibc/c/%)

check: build/compl build/glibc/compl build/glibc/libcompl.a $(tools:%=build/tools/%) $(core_programs)
	@$(both_builds) COMPL_CORE=1 tests/run $(or $(TESTS),$(core_programs) $(core_bats))

check-all: $(storms) build/glibc/libcompl.a $(tools:%=build/tools/%) $(call programs,build) $(call programs,build/glibc)
	@$(both_builds) tests/run $(or $(TESTS),$(call programs,build) $(call programs,build/glibc) $(all_bats))

check-asan: build/compl build/asan/compl $(tools:%=build/tools/%) $(call programs,build/asan)
	@COMPL_BUILDS='build/asan/compl' COMPL_ASAN=1 COMPL_MAKE=$$PPID $(with_tools) \
		tests/run $(or $(TESTS),$(call programs,build/asan) $(filter-out tests/build.bats,$(all_bats)))

# The tests whose threads are those of one process.  (ThreadSanitizer knows neither threads in a child
# of a process with threads, nor a mutex that a dead process has left.)  ThreadSanitizer's shadow memory
# needs addresses that are not random.
threaded := library race threads
fixed_addresses = $(shell setarch -R true 2>/dev/null && echo setarch -R)

check-tsan: $(threaded:%=build/tsan/c/%)
	@COMPL_BUILDS='build/tsan/compl' TSAN_OPTIONS='suppressions=tests/tsan.supp' \
		$(fixed_addresses) tests/run $(or $(TESTS),$(threaded:%=build/tsan/c/%))

check-storm: $(storms)
	@build/tools/storm --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED)) \
		--other-build '$(CURDIR)/build/glibc/tools/storm' build/compl build/glibc/compl

check-long: build/compl build/glibc/compl $(tools:%=build/tools/%)
	@COMPL_BUILDS='build/compl build/glibc/compl' COMPL_TOOLS=build/tools PART='$(PART)' SCENARIOS='$(SCENARIOS)' \
		tests/check-long

fuzz: build/compl $(fuzz_targets:%=build/clang/fuzz/%)
	@FUZZ_SECONDS='$(SECONDS)' FUZZ_RUNS='$(RUNS)' tests/fuzz/run $(TARGET)

model:
	@tests/model/run

# ---- look at the sources ---------------------------------------------------------------------------

# The objects tell the layers lint which function calls which.
lint: build/glibc/compl
	@tests/lint

fmt:
	clang-format -i $(sources:%=src/%.c) $(wildcard tests/c/*.[ch] tests/tools/*.[ch] tests/fuzz/*.[ch] bench/*.[ch]) $(headers)
