# libreqprof - make help tells the verbs; make V=1 shows the commands.  SPDX-License-Identifier: MIT
comma   := ,
B       := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
PREFIX  ?= /usr/local
CC      ?= cc
PKG     ?= pkg-config
CFLAGS  ?= -O2 -g
DEPS    := libmicrohttpd libdw libelf libdeflate liblzma libzstd jansson zlib libprotobuf-c
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(CI),-Werror)
ALL     = -std=gnu11 -D_GNU_SOURCE -I. -I$(B) $(WARN) -MMD -MP $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
# Sanitized code ends in programs: ld turns their initial-exec adds into leas, past which ubsan's branches see old flags.
GUEST   := -fPIC -fvisibility=hidden -ftls-model=$(if $(SAN),local,initial)-exec -fno-stack-protector -U_FORTIFY_SOURCE -fno-builtin-bcmp
TOOL    := $(shell $(PKG) --cflags $(DEPS) 2>/dev/null)
TOOLIBS = $(shell $(PKG) --libs $(DEPS) 2>/dev/null) -liberty -lm

HOT     := $(wildcard preload/hot/*.c)
COLD    := $(wildcard preload/cold/*.c)
# What is run or written before the first flagged request is linked first and shares a few pages, with libc's own
# pthread_atfork; after it, and in this order, comes what is large.
FIRST   := $(patsubst %,$(B)/obj/%.o,store/keep $(addprefix preload/,cold/settings hot/early hot/drops hot/gate hot/mask hot/turn \
    hot/hooks_world hot/hooks_open hot/pending hot/delim_framing hot/tlslib hot/request hot/conn_bytes hot/conn_in hot/conn_out hot/conn))
GUESTST := $(wildcard $(addprefix store/,writer.c outlet.c crc32c.c names.c keep.c why.c sha256.c token.c))
STORE   := $(wildcard store/*.c)
SYMB    := $(wildcard symbolize/*.c)
TOOLS   := $(wildcard tools/*.c)
PROTOS  := $(patsubst tools/%.proto,$(B)/%.pb-c.h,$(wildcard tools/*.proto))
# Under the thread sanitizer only what runs on two threads without a tick: it defers signals.
PAIRED  := $(addprefix tests/unit/test_,$(addsuffix .c,track pending capture conn conn_h2 drain session listing))
UNITS   := $(patsubst tests/unit/%.c,$(B)/unit/%,$(if $(filter thread,$(SAN)),$(PAIRED),$(wildcard tests/unit/test_*.c)))
HOSTS   := $(patsubst tests/hosts/%.c,$(B)/hosts/%,$(wildcard tests/hosts/*.c))
BENCHES := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/bench_*.c))
say     = $(if $(V),,@echo '  $(1) $(2)' && )
obj     = $(patsubst %.c,$(B)/obj/%.o,$(1))

all: $(if $(SAN),,$(B)/libreqprof.so $(B)/libreqprof-node.cjs) $(B)/reqprof

$(B)/obj/preload/%.o $(B)/obj/store/%.o: ALL += $(GUEST)
$(B)/obj/symbolize/%.o $(B)/obj/tools/%.o $(B)/obj/tests/%.o: ALL += $(TOOL)
$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL) $(CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(B)/%.pb-c.c $(B)/%.pb-c.h &: tools/%.proto
	@mkdir -p $(@D)
	$(call say,GEN,$(B)/$*.pb-c.c)protoc-c -Itools --c_out=$(B) $<
$(B)/obj/%.pb-c.o: $(B)/%.pb-c.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -I$(B) $(TOOL) $(CFLAGS) -c -o $@ $<
$(call obj,$(TOOLS)): | $(PROTOS)
$(B)/viewer.inc $(B)/help.inc $(B)/serve.inc: $(B)/%.inc: $(wildcard tools/*/*) tools/literal.sh tools/head.html
	@mkdir -p $(@D)
	$(call say,GEN,$@)tools/$*/pack.sh >$@
$(B)/obj/tools/page.o: $(B)/viewer.inc
$(B)/obj/tools/help.o: $(B)/help.inc
$(B)/obj/tools/serve.o: $(B)/serve.inc
$(B)/obj/tests/bench/bench_stack.o: ALL += -fno-omit-frame-pointer
$(B)/exports.map: preload/calls.def
	@mkdir -p $(@D)
	$(call say,GEN,$@){ echo '{ global:'; sed -n 's/^\(CALL\|ENTRY\)(\([A-Za-z0-9_]*\).*/\2;/p' $<; echo 'local: *; };'; } >$@
$(B)/libreqprof-node.cjs $(B)/truth/libreqprof-node.cjs: preload/node.cjs
	@mkdir -p $(@D)
	$(call say,CP,$@)cp $< $@
$(B)/libreqprof.so: $(call obj,$(HOT) $(COLD) $(GUESTST)) $(B)/exports.map
	$(call say,LD,$@)$(CC) -shared -o $@ $(B)/obj/preload/cold/boot.o -l:libc_nonshared.a $(FIRST) \
	    $(filter-out $(B)/obj/preload/cold/boot.o $(FIRST),$(filter %.o,$^)) -Wl,--version-script=$(B)/exports.map \
	    -Wl,-z,now,-z,relro,-z,defs,-z,text,--as-needed,-soname,libreqprof.so $(LDFLAGS)
# The same with one object more: it counts whether we were right (tests/truth).
$(B)/obj/tests/truth/%.o: ALL += $(GUEST)
$(B)/truth/exports.map: $(B)/exports.map
	@mkdir -p $(@D)
	@sed 's/^{ global:/& access; stat; stat64;/' $< >$@
$(B)/truth/libreqprof.so: $(call obj,$(HOT) $(COLD) $(GUESTST) tests/truth/beacon.c tests/truth/late.c) $(B)/truth/exports.map
	$(call say,LD,$@)$(CC) -shared -o $@ $(filter %.o,$^) -Wl,--version-script=$(B)/truth/exports.map -Wl,-z,now,-z,defs \
	    $(addprefix -Wl$(comma)--wrap=,rp_conn_touch rp_turn_allows rp_turn_allows_client rp_turn_wait rp_current_take rp_current_leave_armed) $(LDFLAGS)
$(B)/reqprof: $(call obj,$(STORE) $(SYMB) $(TOOLS)) $(PROTOS:$(B)/%.h=$(B)/obj/%.o)
	$(call say,LD,$@)$(CC) $(if $(SAN),-fsanitize=$(SAN)) -o $@ $^ $(LDFLAGS) $(TOOLIBS)
# Everything but main, so that a test pulls in just what it names.  libc comes first on its link
# line: a test that opens a file shall not get our hook.
$(B)/all.a: $(call obj,$(HOT) $(COLD) $(STORE) $(SYMB) $(filter-out tools/main.c,$(TOOLS)) $(wildcard tests/support/*.c)) $(PROTOS:$(B)/%.h=$(B)/obj/%.o)
	@rm -f $@; $(AR) rcs $@ $^
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(B)/all.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(if $(SAN),-fsanitize=$(SAN)) -rdynamic -o $@ $< -lc $(B)/all.a $(LDFLAGS) $(shell $(PKG) --libs check libnghttp2) \
	    -lunwind -lunwind-x86_64 $(TOOLIBS) -lm -ldl
STEPPED := $(addprefix tests/support/stepper,.c _shadow.c _judge.c _preload.c)
$(B)/steps/libsteps.so: $(STEPPED) $(B)/all.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(ALL)) $(GUEST) $(CFLAGS) -shared -o $@ $(STEPPED) -lc $(B)/all.a -lunwind -Wl,--exclude-libs,ALL
$(B)/unit/test_stack_steps: $(B)/steps/libthrow.so
$(B)/steps/libthrow.so: tests/support/stepper_throw.cc
	@mkdir -p $(@D)
	$(CXX) -O2 -g -fPIC -shared -o $@ $<
$(B)/hosts/truth_mhd: HOST_LIBS := -lmicrohttpd
$(B)/hosts/%: tests/hosts/%.c $(wildcard tests/hosts/*.h) Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g -fomit-frame-pointer -Wall -Wextra -o $@ $< -lpthread -ldl -lm $(HOST_LIBS)
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/all.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) -o $@ $< -lc $(B)/all.a $(LDFLAGS) $(shell $(PKG) --libs libnghttp2) -lunwind -lunwind-x86_64 $(TOOLIBS) -lm -ldl

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
deps: ; @tests/install-deps.sh
demo: ; @tests/install-deps.sh demo && $(MAKE) --no-print-directory all hosts && tests/demo.sh ## one flagged request, end to end
check: ; @tests/install-deps.sh check && tests/check.sh $(if $(SAN),--san "$(SAN)") ## every test: unit, lint, fuzz seeds, real servers
unit: $(UNITS) ; @tests/run-units.sh $(UNITS) ## the unit tests (seconds)
count-units: ; @echo $(words $(UNITS))
hosts: $(HOSTS)
steps-library: $(B)/steps/libsteps.so
lint: all ; @tests/lint/lint.sh $(B) ## the rules that a machine can keep
bench: ; @tests/install-deps.sh check && $(MAKE) --no-print-directory all hosts benches && tests/bench/bench.sh ## what it costs, as medians of interleaved runs
bench-symbols: ; @tests/install-deps.sh check && $(MAKE) --no-print-directory benches && tests/bench/symbols.py $(B) ## names against addr2line and llvm-symbolizer, on Debian's debug files
agree: ; @tests/install-deps.sh check && $(MAKE) --no-print-directory benches && tests/bench/symbols_agree.py $(B) ## our frames against those of gimli's addr2line (cargo), address by address
benches: $(BENCHES)
account: all hosts ; @REQPROF_MIX=$(or $(N),200) REQPROF_BUILD=$(abspath $(B)) python3 tests/e2e/test_account_mix.py ## each line of the account against a host's own clocks, N=200 times
truth: all hosts truth-library ; @python3 tests/truth/truth.py ## whose work does a thread do: right, wrong or unknown, on real servers (minutes)
truth-library: $(B)/truth/libreqprof.so $(B)/truth/libreqprof-node.cjs
turns: all hosts ; @REQPROF_AA=$(or $(N),20) REQPROF_BUILD=$(abspath $(B)) python3 tests/e2e/test_diff.py ## the same server twice, N=20 times: how often diff sees what is not there
steps: all hosts steps-library $(B)/unit/test_stack_steps ; @tests/steps.sh $(B) ## every walk at every instruction, as a table (minutes)
readers: ; @tests/readers.sh $(B)/readers ## readers of exports that Debian does not have, by npm, pip, go and cargo
soak: all ; @STORM_SECONDS=600 python3 tests/e2e/test_storm.py ## ten minutes of dlopen and dlclose under a sampled thread
fuzz: ; @tests/fuzz/fuzz.sh $(FUZZ_SECONDS) ## a minute of libFuzzer per target (clang)
format: ; @. tests/lint/report.sh && sources format '*.[ch]' && clang-format -i $$files ## clang-format over every C file
install: all ; @tests/install.sh "$(DESTDIR)" "$(PREFIX)" ## into PREFIX (DESTDIR honoured)
clean: ; rm -rf build
.PHONY: all readers turns soak truth truth-library steps steps-library help deps demo check unit count-units hosts lint bench bench-symbols agree benches fuzz format install clean
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
