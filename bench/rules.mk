# SPDX-License-Identifier: ISC
#
# rules.mk - the rules for measurements
#
# The Makefile includes this file at its end, and its head lists the targets.

.PHONY: bench

# tests/rules.mk defines programs_in, parts_in and names_in.
bench_programs := $(call programs_in,bench)

build/bench/obj/%.o: bench/%.c build/flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(STATIC_compile) -c -o $@ $<

build/bench/parts.a: $(patsubst %,build/bench/obj/%.o,$(call parts_in,bench))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(bench_programs:%=build/bench/%): build/bench/%: build/bench/obj/%.o build/bench/parts.a build/engine.a $(STATIC_ORDER)
	$(call say,LINK,$@)
	$(Q)$(STATIC_CC) $(our_cflags) $(CFLAGS) $(STATIC_link) -o $@.new $(filter %.o %.a,$^) $(STATIC_LIBS) $(and_copy)

-include $(patsubst %,build/bench/obj/%.d,$(call names_in,bench,c))

bench: build/compl $(bench_programs:%=build/bench/%) build/tools/full
	@bench/run $(SECTIONS)
