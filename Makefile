# SPDX-License-Identifier: ISC
#
# Makefile - builds, installs and tests compl
#
# make                build/compl, static (with musl-gcc if there is one)
# make glibc          build/glibc/compl, linked dynamically with CC's own libc
# make install        PREFIX=/usr/local DESTDIR=
# make deps TARGET…   installs what each TARGET needs, and makes it (on Debian and Ubuntu)
# make demo           runs examples/startup.sh
# make check          the tests that matter most, for both builds, in minutes  (TESTS='tests/order.bats …' runs a few)
# make check-all      all tests, for both builds  (TESTS= here too)
# make check-asan     all tests, with ASan and UBSan
# make check-tsan     the tests with threads, with ThreadSanitizer
# make check-storm    random operations under random kills, and a check of all answers  (MINUTES=10 SEED=1)
# make check-long     all commands killed at every instruction; takes hours  (PART=1/8 SCENARIOS='done wait-any')
# make lint           shellcheck, cppcheck, clang-tidy, clang-format, layers, mandoc
# make model          checks the protocol with spin
# make bench          compares with a bare futex word and with other tools  (ROUNDS=300 SECTIONS='alone …')
# make fuzz           looks for input that breaks compl  (TARGET=segment SECONDS=60, or RUNS=1000000)
# make fmt, make clean
#
# V=1 shows the commands.  You may set CC, MUSL_CC, AR, OBJCOPY, CFLAGS, CPPFLAGS, LDFLAGS, PREFIX, DESTDIR
# and the directories below.  WERROR=1 (or CI=true) makes warnings errors.

VERSION = 0.1.0

CC ?= cc
MUSL_CC ?= musl-gcc
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
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d

# The completions are made from what this program prints.  Where build/compl cannot run (a cross build), name a
# program of the same version that can.
RUNNABLE ?= build/compl

first := $(filter deps clean,$(MAKECMDGOALS))
rest := $(filter-out $(first),$(MAKECMDGOALS))
ifneq ($(first),)

# deps and clean change files that the other goals need.  So a second make makes the other goals afterwards.
.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)
deps:
	@.ci/deps $(rest)
clean:
	rm -rf build
$(rest): $(first)
	@+$(MAKE) --no-print-directory $@

else

Q := $(if $(filter 1,$(V)),,@)
silent := $(filter 1,$(V))$(findstring s,$(firstword -$(MAKEFLAGS)))
say = @$(if $(silent),:,printf '  %-7s %s\n' $(1) $(2))

.PHONY: all glibc install uninstall demo FORCE
.DELETE_ON_ERROR:
all: build/compl build/completions.sh build/compl.fish

# ---- flags -----------------------------------------------------------------------------------------

optimised = $(filter-out -O0,$(filter -O%,$(CFLAGS)))
fortified = $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))
fortify = $(if $(optimised),$(if $(fortified),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))

our_cppflags = -D_GNU_SOURCE -DCOMPL_VERSION='"$(VERSION)"' -Isrc -MMD -MP
our_cflags = -std=gnu17 -pthread -fPIE -fno-common -fstack-protector-strong -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wwrite-strings \
	-Wformat=2 -Wundef -Wvla -ffunction-sections -fdata-sections $(if $(filter 1 true,$(WERROR) $(CI)),-Werror)
our_ldflags = -pthread -Wl,--as-needed,--gc-sections
# Links many objects into one, as machine code even if they were compiled for link-time optimisation.
into_one = -r -nostdlib $(if $(findstring -flto,$(CFLAGS)),$(FROM_LTO))

# build/toolchain.mk sets STATIC_*, NATIVE_* and FROM_LTO.  It is made each time, but written only when it changes.
include build/toolchain.mk
build/toolchain.mk: FORCE
	@mkdir -p build
	@CC='$(CC)' MUSL_CC='$(MUSL_CC)' LDFLAGS='$(LDFLAGS)' src/compat/toolchain build/probe >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

STATIC_ORDER = $(filter %/order.ld,$(subst $(comma), ,$(STATIC_LDFLAGS)))
NATIVE_CPPFLAGS += $(fortify)

# A linker writes a file in single pages, so the kernel keeps it in memory in single pages, until it is read
# from the disk again.  A copy is written in one go.  The kernel can map many of its pages at once, like
# those of an installed program, and a short command starts 5 % faster.
and_copy = && cp $@.new $@.copy && mv -f $@.copy $@ && rm $@.new

# ---- what is built from what -----------------------------------------------------------------------

sources := $(patsubst src/%.c,%,$(filter-out src/compat/%,$(wildcard src/*/*.c src/*/*/*.c)))
command := $(filter cmd/% cli/%,$(sources))
library := $(filter-out $(command),$(sources))
headers := $(wildcard src/*.h src/*/*.h src/*/*/*.h src/*/*/*/*.h)
pages := $(wildcard man/*.[1-8])
comma := ,

# $(call remember,WORDS): writes these words into the target, but only when they have changed.
remember = @printf '%s\n' '$(subst ','\'',$(1))' >$@.new && if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# $(call build,DIRECTORY,PREFIX): the rules of one build, with $(PREFIX)_CC and so on.
# DIRECTORY/flags changes when the commands change, and then everything is built again.
define build
$(2)_compile = $$($(2)_CC) $$(our_cppflags) $$($(2)_CPPFLAGS) $$(CPPFLAGS) $$(our_cflags) $$(CFLAGS) $$($(2)_CFLAGS)
$(2)_link = $$(our_ldflags) $$($(2)_LDFLAGS) $$(LDFLAGS)

$(1)/flags: FORCE
	@mkdir -p $(1)
	$$(call remember,$$($(2)_compile) $$($(2)_link) $$($(2)_LIBS))

$(1)/obj/%.o: src/%.c $(1)/flags
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$($(2)_compile) -c -o $$@ $$<

$(1)/engine.a: $$(library:%=$(1)/obj/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

# The library for other programs is one object, so that its internal names cannot collide with theirs.
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

-include $$(sources:%=$(1)/obj/%.d)
endef

$(eval $(call build,build,STATIC))
$(eval $(call build,build/glibc,NATIVE))

glibc: build/glibc/compl

build/completions.sh: completions.sh completions.awk $(RUNNABLE)
	$(call say,GEN,$@)
	$(Q)awk -v program='$(RUNNABLE)' -f completions.awk $< >$@

build/compl.fish: fish/compl.fish fish/options.awk $(RUNNABLE)
	$(call say,GEN,$@)
	$(Q)awk -v program='$(RUNNABLE)' -f fish/options.awk $< >$@

# ---- install ---------------------------------------------------------------------------------------

# The archive is for programs of this system, so it is the one that is made with CC's own libc.
install: build/compl build/glibc/libcompl.a build/completions.sh build/compl.fish
	$(INSTALL) -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(LIBDIR)'
	$(INSTALL) -m 755 build/compl '$(DESTDIR)$(BINDIR)/compl'
	$(INSTALL) -m 644 src/compl.h '$(DESTDIR)$(INCLUDEDIR)/compl.h'
	$(INSTALL) -m 644 build/glibc/libcompl.a '$(DESTDIR)$(LIBDIR)/libcompl.a'
	$(foreach page,$(pages),$(call install_page,$(page),$(MANDIR)/man$(subst .,,$(suffix $(page))))$(newline))
	$(INSTALL) -d '$(DESTDIR)$(BASHCOMPDIR)' '$(DESTDIR)$(ZSHCOMPDIR)' '$(DESTDIR)$(FISHCOMPDIR)'
	$(INSTALL) -m 644 build/completions.sh '$(DESTDIR)$(BASHCOMPDIR)/compl'
	sed 's|@BASHCOMPDIR@|$(BASHCOMPDIR)|' zsh/_compl >build/_compl
	$(INSTALL) -m 644 build/_compl '$(DESTDIR)$(ZSHCOMPDIR)/_compl'
	$(INSTALL) -m 644 build/compl.fish '$(DESTDIR)$(FISHCOMPDIR)/compl.fish'

install_page = $(INSTALL) -d '$(DESTDIR)$(2)' && $(INSTALL) -m 644 $(1) '$(DESTDIR)$(2)/$(notdir $(1))'
define newline


endef

uninstall:
	rm -f '$(DESTDIR)$(BINDIR)/compl' '$(DESTDIR)$(INCLUDEDIR)/compl.h' '$(DESTDIR)$(LIBDIR)/libcompl.a'
	rm -f $(foreach page,$(pages),'$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))')
	rm -f '$(DESTDIR)$(BASHCOMPDIR)/compl' '$(DESTDIR)$(ZSHCOMPDIR)/_compl' \
		'$(DESTDIR)$(FISHCOMPDIR)/compl.fish'

# ---- try, test, measure ----------------------------------------------------------------------------

demo: build/compl
	@COMPL=build/compl examples/startup.sh

# A tree without these two folders can still build and install.
-include tests/rules.mk bench/rules.mk

endif
