# SPDX-License-Identifier: ISC
#
# rules.mk - what the Makefile needs for measurements
#
# The Makefile includes this file at its end, and its head lists the targets.

.PHONY: bench

bench_programs := $(patsubst bench/%.c,%,$(wildcard bench/*.c))

build/bench/%: bench/%.c build/engine.a build/flags $(STATIC_ORDER)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(STATIC_compile) -MT $@ $(STATIC_link) -o $@.new $< build/engine.a $(STATIC_LIBS) $(and_copy)

-include $(wildcard build/bench/*.d)

bench: build/compl $(bench_programs:%=build/bench/%) build/tools/full
	@bench/run $(SECTIONS)
