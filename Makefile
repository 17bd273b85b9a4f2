# SPDX-License-Identifier: ISC
#
# make                build/compl, static (musl-gcc if there is one)
# make glibc          build/glibc/compl, linked dynamically with CC's own libc
# make install        PREFIX=/usr/local DESTDIR=
# make deps           installs what the other targets need (Debian, Ubuntu)
# make demo           runs examples/startup.sh
# make check          both builds, all tests           (TESTS='tests/wait.bats …' runs a few)
# make check-asan     the tests, with ASan and UBSan
# make check-tsan     threads of one process, with ThreadSanitizer
# make check-storm    random operations and kills, and whether all can be explained  (MINUTES=10 SEED=1)
# make check-long     all commands killed at every instruction; hours (PART=1/8 SCENES='done wait-any')
# make lint           shellcheck, cppcheck, clang-tidy, clang-format, layers, mandoc
# make model          checks the protocol with spin
# make bench          measures, beside a bare futex word and beside others (ROUNDS=300 SECTIONS='alone …')
# make bench-deps     installs those others (Debian, Ubuntu)
# make fuzz           looks for input that breaks it; TARGET=segment SECONDS=60, or RUNS=1000000
# make fmt, make clean
#
# V=1 shows the commands.  Yours to set: CC, MUSL_CC, AR, OBJCOPY, CFLAGS, CPPFLAGS, LDFLAGS, PREFIX, DESTDIR
# and the directories below.  WERROR=1 (or CI=true) makes warnings errors.

VERSION = 0.1.0

CC ?= cc
MUSL_CC ?= musl-gcc
CLANG ?= clang
OBJCOPY ?= $(shell $(CC) -print-prog-name=objcopy)
CFLAGS ?= -O2 -g
INSTALL ?= install
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions

# Asked for its words; where build/compl cannot run, name one of the same version that can.
RUNNABLE ?= build/compl

first := $(filter deps bench-deps clean,$(MAKECMDGOALS))
ifneq ($(first),)

# These change what the rest has to look at: so the rest is for another make, afterwards.
.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)
deps:
	@.ci/deps
bench-deps:
	@.ci/deps bench
clean:
	rm -rf build
$(filter-out $(first),$(MAKECMDGOALS)): $(first)
	@+$(MAKE) --no-print-directory $@

else

Q := $(if $(filter 1,$(V)),,@)
silent := $(filter 1,$(V))$(findstring s,$(firstword -$(MAKEFLAGS)))
say = @$(if $(silent),:,printf '  %-7s %s\n' $(1) $(2))

.PHONY: all glibc asan install uninstall demo check check-asan check-tsan check-storm check-long lint model fuzz bench fmt FORCE
.DELETE_ON_ERROR:
all: build/compl build/completions.sh

# ---- flags -----------------------------------------------------------------------------------------

optimised = $(filter-out -O0,$(filter -O%,$(CFLAGS)))
fortified = $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))
fortify = $(if $(optimised),$(if $(fortified),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))

our_cppflags = -D_GNU_SOURCE -DCOMPL_VERSION='"$(VERSION)"' -Isrc -MMD -MP
our_cflags = -std=gnu17 -pthread -fPIE -fno-common -fstack-protector-strong -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wwrite-strings \
	-Wformat=2 -Wundef -Wvla -ffunction-sections -fdata-sections $(if $(filter 1 true,$(WERROR) $(CI)),-Werror)
our_ldflags = -pthread -Wl,--as-needed,--gc-sections
# Many objects into one, of machine code.
into_one = -r -nostdlib $(if $(findstring -flto,$(CFLAGS)),$(FROM_LTO))
sanitize = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# STATIC_* and NATIVE_*: asked anew each time, written only when the answer changes.
include build/toolchain.mk
build/toolchain.mk: FORCE
	@mkdir -p build
	@CC='$(CC)' MUSL_CC='$(MUSL_CC)' LDFLAGS='$(LDFLAGS)' src/compat/toolchain build/probe >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

STATIC_ORDER = $(filter %/order.ld,$(subst $(comma), ,$(STATIC_LDFLAGS)))
SANITIZED_CC = $(NATIVE_CC)
SANITIZED_CPPFLAGS = $(NATIVE_CPPFLAGS)
SANITIZED_CFLAGS = $(sanitize)
SANITIZED_LDFLAGS = $(NATIVE_LDFLAGS) $(sanitize)
SANITIZED_LIBS = $(NATIVE_LIBS)
SANITIZED_COMPAT = $(NATIVE_COMPAT)
FUZZED_CC = $(CLANG)
FUZZED_CPPFLAGS = $(NATIVE_CPPFLAGS)
FUZZED_CFLAGS = $(sanitize)
FUZZED_GUIDE = -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp
FUZZED_LDFLAGS = $(NATIVE_LDFLAGS) $(sanitize)
FUZZED_LIBS = $(NATIVE_LIBS)
FUZZED_COMPAT = $(NATIVE_COMPAT)
FUZZED_FUZZER = -fsanitize=fuzzer

# Another compiler's: TSAN_CC=clang
TSAN_CC ?= $(NATIVE_CC)
THREADED_CC = $(TSAN_CC)
THREADED_CPPFLAGS = $(NATIVE_CPPFLAGS)
# (Of fences it knows nothing; those of log.c and probe.c stand beside atomic accesses.)
THREADED_CFLAGS = -fsanitize=thread -fno-omit-frame-pointer $(if $(findstring clang,$(TSAN_CC)),,-Wno-tsan)
THREADED_LDFLAGS = $(NATIVE_LDFLAGS) -fsanitize=thread
THREADED_LIBS = $(NATIVE_LIBS)
THREADED_COMPAT = $(NATIVE_COMPAT)
NATIVE_CPPFLAGS += $(fortify)

# A linker writes page by page, and page by page the file then lies in memory, until it is read from
# the disk again.  A copy is written in one go, and the kernel can map many of its pages at once, as
# those of an installed program: a short command starts 5 % faster.
and_copy = && cp $@.new $@.copy && mv -f $@.copy $@ && rm $@.new

# ---- what is built from what -----------------------------------------------------------------------

sources := $(patsubst src/%.c,%,$(filter-out src/compat/%,$(wildcard src/*/*.c src/*/*/*.c)))
command := $(filter cmd/% cli/%,$(sources))
library := $(filter-out $(command),$(sources))
c_tests := $(patsubst tests/c/%.c,%,$(wildcard tests/c/*.c))
bench_programs := $(patsubst bench/%.c,%,$(wildcard bench/*.c))
tools := $(patsubst tests/tools/%.c,build/tools/%,$(wildcard tests/tools/*.c))
headers := $(wildcard src/*.h src/*/*.h src/*/*/*.h src/*/*/*/*.h)
pages := $(wildcard man/*.[1-8])

# The fuzz targets have the sources compiled so that something can be done in the middle of a call,
# main() as a function like others, and what these name replaced (tests/fuzz/world.h).
fuzz_world := ground world
fuzz_targets := $(filter-out replay $(fuzz_world),$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
fuzz_cflags = -finstrument-functions -U_FORTIFY_SOURCE -Dmain=compl_main -Wno-missing-prototypes
fuzz_replaced = clock_gettime nanosleep mmap munmap futex_wait futex_wait_any futex_wake \
	futex_set_robust_list futex_get_robust_list openat unlink lstat opendir
fuzz_replaced_command = write isatty exit _exit raise execv getenv setenv getpwnam \
	sigaction sigprocmask pthread_sigmask prctl fork waitpid kill poll signalfd read getrandom
wrapped = $(patsubst %,-Wl$(comma)--wrap=%,$(fuzz_replaced) $(fuzz_replaced_$(1)))
comma := ,

# $(call build,DIRECTORY,PREFIX): one build, with $(PREFIX)_CC and so on.
# DIRECTORY/flags changes when the commands do, so that everything is then made anew.
define build
$(2)_compile = $$($(2)_CC) $$(our_cppflags) $$($(2)_CPPFLAGS) $$(CPPFLAGS) $$(our_cflags) $$(CFLAGS) $$($(2)_CFLAGS)
$(2)_link = $$(our_ldflags) $$($(2)_LDFLAGS) $$(LDFLAGS)

$(1)/flags: FORCE
	@mkdir -p $(1)
	@printf '%s\n' '$$(subst ','\'',$$($(2)_compile) $$($(2)_GUIDE) $$(fuzz_cflags) $$($(2)_link) $$($(2)_LIBS))' >$$@.new
	@cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@

$(1)/obj/%.o: src/%.c $(1)/flags
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$($(2)_compile) -c -o $$@ $$<

$(1)/engine.a: $$(library:%=$(1)/obj/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

# For the programs of others: one object, which takes no names of theirs for what is inside.
$(1)/libcompl.o: $$(library:%=$(1)/obj/%.o)
	$$(call say,LINK,$$@)
	$$(Q)$$($(2)_CC) $$(CFLAGS) $$(into_one) -o $$@.new $$^
	$$(Q)$$(OBJCOPY) --wildcard --keep-global-symbol='compl_*' $$@.new $$@ && rm $$@.new

$(1)/libcompl.a: $(1)/libcompl.o
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

$(1)/compl: $$(command:%=$(1)/obj/%.o) $$($(2)_COMPAT:%=$(1)/obj/%.o) $(1)/engine.a $$($(2)_ORDER)
	$$(call say,LINK,$$@)
	$$(Q)$$($(2)_CC) $$(our_cflags) $$(CFLAGS) $$($(2)_link) -o $$@.new $$(filter %.o %.a,$$^) $$($(2)_LIBS) $$(and_copy)
	$$(if $$($(2)_NOTE),@echo 'note: $$(strip $$($(2)_NOTE))')

$(1)/c/%: tests/c/%.c $(1)/engine.a $$($(2)_ORDER)
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$($(2)_compile) -Itests/c $$($(2)_link) -o $$@ $$< $(1)/engine.a $$($(2)_LIBS)

$(1)/fuzz/obj/%.o: src/%.c $(1)/flags
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$($(2)_compile) $$($(2)_GUIDE) $$(fuzz_cflags) -c -o $$@ $$<

.PRECIOUS: $(1)/fuzz/world/%.o

$(1)/fuzz/compl.a: $$(sources:%=$(1)/fuzz/obj/%.o) $$($(2)_COMPAT:%=$(1)/fuzz/obj/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

$(1)/fuzz/world/%.o: tests/fuzz/%.c $(1)/flags
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$($(2)_compile) -c -o $$@ $$<

$(1)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $$(fuzz_world:%=$(1)/fuzz/world/%.o) $(1)/fuzz/compl.a
	$$(call say,CC,$$@)
	$$(Q)$$($(2)_compile) $$($(2)_GUIDE) -Itests/fuzz $$($(2)_link) $$(call wrapped,$$*) -o $$@ $$< \
		$$(fuzz_world:%=$(1)/fuzz/world/%.o) $$(or $$($(2)_FUZZER),tests/fuzz/replay.c) $(1)/fuzz/compl.a $$($(2)_LIBS)

$(1)/tools/%: tests/tools/%.c $(1)/engine.a $$($(2)_ORDER)
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$($(2)_compile) -Itests/tools -Itests/c $$($(2)_link) -o $$@ $$< $(1)/engine.a $$($(2)_LIBS)

-include $$(sources:%=$(1)/obj/%.d) $$(c_tests:%=$(1)/c/%.d) $$(tools:build/%=$(1)/%.d)
-include $$(sources:%=$(1)/fuzz/obj/%.d) $$(wildcard $(1)/fuzz/*.d)
endef

$(eval $(call build,build,STATIC))
$(eval $(call build,build/glibc,NATIVE))
$(eval $(call build,build/asan,SANITIZED))
$(eval $(call build,build/tsan,THREADED))
$(eval $(call build,build/clang,FUZZED))

glibc: build/glibc/compl
asan: build/asan/compl

build/tools/%: tests/tools/%.c build/engine.a $(STATIC_ORDER)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(STATIC_compile) -Itests/tools -Itests/c $(STATIC_link) -o $@ $< build/engine.a $(STATIC_LIBS)

build/bench/%: bench/%.c build/engine.a build/flags $(STATIC_ORDER)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(STATIC_compile) -MT $@ $(STATIC_link) -o $@.new $< build/engine.a $(STATIC_LIBS) $(and_copy)

-include $(wildcard build/bench/*.d)

build/completions.sh: completions.sh completions.awk $(RUNNABLE)
	$(call say,GEN,$@)
	$(Q)awk -v program='$(RUNNABLE)' -f completions.awk $< >$@

# ---- install ---------------------------------------------------------------------------------------

# The archive is for programs of this system, so it is the one made with CC's own libc.
install: build/compl build/glibc/libcompl.a build/completions.sh
	$(INSTALL) -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(LIBDIR)'
	$(INSTALL) -m 755 build/compl '$(DESTDIR)$(BINDIR)/compl'
	$(INSTALL) -m 644 src/compl.h '$(DESTDIR)$(INCLUDEDIR)/compl.h'
	$(INSTALL) -m 644 build/glibc/libcompl.a '$(DESTDIR)$(LIBDIR)/libcompl.a'
	$(foreach page,$(pages),$(call install_page,$(page),$(MANDIR)/man$(subst .,,$(suffix $(page))))$(newline))
	$(INSTALL) -d '$(DESTDIR)$(BASHCOMPDIR)' '$(DESTDIR)$(ZSHCOMPDIR)'
	$(INSTALL) -m 644 build/completions.sh '$(DESTDIR)$(BASHCOMPDIR)/compl'
	sed 's|@BASHCOMPDIR@|$(BASHCOMPDIR)|' zsh/_compl >build/_compl
	$(INSTALL) -m 644 build/_compl '$(DESTDIR)$(ZSHCOMPDIR)/_compl'

install_page = $(INSTALL) -d '$(DESTDIR)$(2)' && $(INSTALL) -m 644 $(1) '$(DESTDIR)$(2)/$(notdir $(1))'
define newline


endef

uninstall:
	rm -f '$(DESTDIR)$(BINDIR)/compl' '$(DESTDIR)$(INCLUDEDIR)/compl.h' '$(DESTDIR)$(LIBDIR)/libcompl.a'
	rm -f $(foreach page,$(pages),'$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))')
	rm -f '$(DESTDIR)$(BASHCOMPDIR)/compl' '$(DESTDIR)$(ZSHCOMPDIR)/_compl'

# ---- try, test, look at ----------------------------------------------------------------------------

demo: build/compl
	@COMPL=build/compl examples/startup.sh

bats := $(wildcard tests/*.bats)
with_tools = COMPL_TOOLS='$(CURDIR)/build/tools'

# $(call programs,DIRECTORY): those of one build that are tests.
programs = $(c_tests:%=$(1)/c/%) $(fuzz_targets:%=$(1)/fuzz/%)
storms = build/compl build/glibc/compl build/tools/storm build/glibc/tools/storm

check: $(storms) $(tools) $(call programs,build) $(call programs,build/glibc) build/glibc/libcompl.a
	@COMPL_BUILDS='build/compl build/glibc/compl' $(with_tools) \
		tests/run $(or $(TESTS),$(call programs,build) $(call programs,build/glibc) $(bats))

check-asan: build/compl build/asan/compl $(tools) $(call programs,build/asan)
	@COMPL_BUILDS='build/asan/compl' COMPL_SANITIZED=1 $(with_tools) \
		tests/run $(or $(TESTS),$(call programs,build/asan) $(filter-out tests/build.bats,$(bats)))

# What is done by the threads of one process.  (ThreadSanitizer knows neither threads in a child of
# a process with threads, nor a mutex that a dead process has left.)  Its shadow memory wants the
# addresses that it knows.
threaded := library race threads
fixed_addresses = $(shell setarch -R true 2>/dev/null && echo setarch -R)

check-tsan: $(threaded:%=build/tsan/c/%)
	@COMPL_BUILDS='build/tsan/compl' TSAN_OPTIONS='suppressions=tests/tsan.supp' \
		$(fixed_addresses) tests/run $(or $(TESTS),$(threaded:%=build/tsan/c/%))

check-storm: $(storms)
	@build/tools/storm --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED)) \
		--peer '$(CURDIR)/build/glibc/tools/storm' build/compl build/glibc/compl

check-long: build/compl build/glibc/compl $(tools)
	@COMPL_BUILDS='build/compl build/glibc/compl' COMPL_TOOLS=build/tools PART='$(PART)' SCENES='$(SCENES)' \
		tests/check-long

# The objects tell the layers lint who calls whom.
lint: build/glibc/compl
	@tests/lint

model:
	@tests/model/run

bench: build/compl $(bench_programs:%=build/bench/%) build/tools/full
	@bench/run $(SECTIONS)

fuzz: build/compl $(fuzz_targets:%=build/clang/fuzz/%)
	@FUZZ_SECONDS='$(SECONDS)' FUZZ_RUNS='$(RUNS)' tests/fuzz/run $(TARGET)

fmt:
	clang-format -i $(sources:%=src/%.c) $(wildcard tests/c/*.[ch] tests/tools/*.[ch] tests/fuzz/*.[ch] bench/*.[ch]) $(headers)

endif
