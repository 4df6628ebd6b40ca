# SPDX-License-Identifier: Apache-2.0
# One non-recursive Makefile; all output below $(B).
#   make            everything: build/kiln and build/kamailio
#   make deps       install the Debian packages that are missing
#   make test       set-up and all tests;  make bench, make demo, make install, make fuzz-<target>
#   SAN=address,undefined (or thread) and CC=clang-19 work with any target; HOT= builds quicker
B      ?= build
CC     ?= gcc
ifeq ($(origin CC),default)
CC     := gcc
endif
PREFIX ?= /usr/local
LLVM_CONFIG ?= llvm-config-19
CLANG  ?= clang-19

comma := ,
ifneq ($(SAN),)
B := $(B)-san-$(subst $(comma),-,$(SAN))
SANFLAGS := -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined -DKILN_DEBUG
endif

ifneq ($(PROFILE),)
B := $(B)-profile
endif

OPT    ?= -O2
# gcc clears structures by string instructions, which take longer to begin than most of ours to be written
CLEAR  := -mmemset-strategy=vector_loop:1024:noalign,libcall:-1:noalign
# structures are copied in pieces as they were written: reading back larger ones waits for the stores
COPY   := -mtune-ctrl=^sse_unaligned_store_optimal
OPT    += $(shell $(CC) $(CLEAR) $(COPY) -E -x c /dev/null >/dev/null 2>&1 && echo $(CLEAR) $(COPY))

WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wimplicit-fallthrough -Werror
# flex and bison write code that our own warnings would refuse
WARN_GEN := -Wall -Werror -Wno-unused-function -Wno-unused-but-set-variable
CODE   := -std=c11 -D_GNU_SOURCE -fno-common -fvisibility=hidden -ffunction-sections -fdata-sections -fPIC -fno-plt -MMD -MP
CFLAGS := $(CODE) -g $(OPT) $(SANFLAGS)
INC    := -Iruntime -Icompiler -Istdlib -I$(B)/gen
PQ_CFLAGS := $(shell pkg-config --cflags libpq 2>/dev/null)
XML_CFLAGS := $(shell pkg-config --cflags libxml-2.0 2>/dev/null)
LLVM_CFLAGS = -isystem $(shell $(LLVM_CONFIG) --includedir)
LLVM_LIBS   = $(shell $(LLVM_CONFIG) --ldflags --libs)
RT_LIBS := -lboost_context -lsqlite3 -lpq -lcurl -lcares -lresolv -lpcre2-8 -lcrypto -lssl -lxml2 -ljansson -lm -lpthread
LDFLAGS := -Wl,--gc-sections $(SANFLAGS)

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

# ---- libraries: one archive per folder ---------------------------------------------------------
RT_DIRS  := base world core db net sip txn abi script usrloc rpc http auth host
CC_DIRS  := lazy diag source preproc ast parse catalog sema lower codegen lint front fmt graph lsp capture trace debug test driver
RT_SRC   := $(wildcard runtime/*/*.c)
STD_SRC  := $(wildcard stdlib/*/*.c)
CC_SRC   := $(wildcard compiler/*/*.c)
objs      = $(patsubst %.c,$(B)/obj/%.o,$(1))

-include Makefile.lazy
-include Makefile.hot
-include Makefile.gen
-include Makefile.catalog
-include Makefile.stdlib
-include Makefile.sim
-include Makefile.front

rt_lib    = $(B)/lib/rt_$(1).a
define rt_archive
$(B)/lib/rt_$(1).a: $(call objs,$(wildcard runtime/$(1)/*.c))
endef
$(foreach d,$(RT_DIRS),$(eval $(call rt_archive,$(d))))
define cc_archive
$(B)/lib/cc_$(1).a: $(call objs,$(wildcard compiler/$(1)/*.c))
endef
$(foreach d,$(CC_DIRS),$(eval $(call cc_archive,$(d))))

$(B)/lib/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcs $@ $(filter %.o,$^)

$(B)/obj/compiler/codegen/%.o: EXTRA = $(LLVM_CFLAGS)
-include Makefile.inline
$(B)/obj/%.o: %.c | gen
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@$(CC) $(CFLAGS) $(WARN) $(INC) $(PQ_CFLAGS) $(XML_CFLAGS) $(EXTRA) -c $< -o $@

.PHONY: gen
gen:: ; @mkdir -p $(B)/gen

# ---- unit tests: tests/unit/<tree>/<folder>/<x>_test.c, linked with the libraries below it ------
UNIT_SRC  := $(wildcard tests/unit/*/*/*_test.c)
UNIT_BIN  := $(patsubst %.c,$(B)/%,$(UNIT_SRC))
RT_LIB_ALL = $(foreach d,$(RT_DIRS),$(call rt_lib,$(d)))
# what a folder's unit tests are linked with (itself and the layers below)
LIBS_base   := base
LIBS_world  := world base
LIBS_core   := core world base
LIBS_sip    := sip base
LIBS_net    := net core world base
LIBS_txn    := txn net core sip world base
LIBS_usrloc := usrloc base
LIBS_auth   := auth base
LIBS_rpc    := rpc abi core world base
LIBS_http   := http net core world base
LIBS_script := script txn auth usrloc rpc abi net core sip world base
unit_libs = $(foreach d,$(or $(LIBS_$(1)),$(RT_DIRS)),$(B)/lib/rt_$(d).a)

define unit_rule
$(B)/$(patsubst %.c,%,$(1)): $(1) $(call unit_libs,$(word 4,$(subst /, ,$(1)))) | gen
	@mkdir -p $$(@D)
	@echo "  TEST $$<"
	@$$(CC) $$(CFLAGS) $$(WARN) $$(INC) -Itests/unit $$< -o $$@ -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(LDFLAGS) -lcmocka $$(RT_LIBS)
endef
$(foreach t,$(wildcard tests/unit/runtime/*/*_test.c),$(eval $(call unit_rule,$(t))))

-include $(shell find $(B)/obj $(B)/hot $(B)/gen $(B)/tests -name '*.d' 2>/dev/null)

.PHONY: all clean
all: $(RT_LIB_ALL)
clean: ; rm -rf $(B)

# make unit-runtime-sip runs the unit tests of one folder
unit-%: FORCE
	@$(MAKE) --no-print-directory $(filter $(B)/tests/unit/$(subst -,/,$*)/%,$(UNIT_BIN))
	@for t in $(filter $(B)/tests/unit/$(subst -,/,$*)/%,$(UNIT_BIN)); do echo "  RUN  $$t"; $$t || exit 1; done
FORCE:

# ---- what the README names ------------------------------------------------------------------------
.PHONY: deps test-deps demo test bench bench-stall check-rate install check-style coverage-table
deps: ; @sh .ci/deps.sh build
test-deps: ; @sh .ci/deps.sh test

# sub-makes: packages and generated lists must be there before the files are looked at
demo: test-deps
	@$(MAKE) --no-print-directory -j2 all
	@sh examples/small-office/demo.sh $(B)/kiln

test: test-deps
	@$(MAKE) --no-print-directory -j2 all
	@$(MAKE) --no-print-directory -j2 $(UNIT_BIN) $(SIM_TESTS)
	@python3 tests/run.py $(B) $(SUITES)

bench: test-deps bench-stall
	@$(CC) -O2 -o $(B)/sipload tests/bench/sipload.c
	@$(CC) -O2 -o $(B)/udpecho tests/bench/udpecho.c
	@python3 tests/bench/bench.py --build $(B) $(BENCH)

# CALLS whole calls a second for SECONDS, with one worker and with two: none lost, memory flat
check-rate:
	@$(MAKE) --no-print-directory -j2 all
	@$(CC) -O2 -o $(B)/sipload tests/bench/sipload.c
	@python3 tests/bench/rate.py --build $(B) --calls $(or $(CALLS),100) --seconds $(or $(SECONDS),60)
	@python3 tests/bench/rate.py --build $(B) --calls $(or $(CALLS),100) --seconds $(or $(SECONDS),60) --workers 2

# the location table with up to CONTACTS contacts: bytes, time of a lookup, longest stall
bench-stall:
	@$(MAKE) --no-print-directory -j2 all
	@$(CC) -O2 -std=c11 -D_GNU_SOURCE $(INC) -fno-lto -o $(B)/stall tests/bench/stall.c $(call rt_lib,usrloc) $(call rt_lib,base) -lpthread
	@$(B)/stall $(or $(CONTACTS),1000000)

install: all
	install -D $(B)/kiln $(DESTDIR)$(PREFIX)/bin/kiln
	install -D -m 644 $(B)/lib/libkiln.a $(DESTDIR)$(PREFIX)/lib/kiln/libkiln.a
	ln -sf ../../bin/kiln $(DESTDIR)$(PREFIX)/lib/kiln/kamailio
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	$(B)/kiln man > $(DESTDIR)$(PREFIX)/share/man/man1/kiln.1
	$(B)/kiln completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/kiln
	$(B)/kiln completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_kiln

check-style: ; @python3 tests/style/layers.py
coverage-table: all ; @$(B)/kiln coverage

# libFuzzer over the code named: make fuzz-sip RUNS=1000000
RUNS ?= 1000000
FUZZ_LEN ?= 2048
FUZZ_SRC_sip := base sip
# the corpus has the words of the grammar; tracing comparisons halves the inputs a second
FUZZ_FLAGS_sip := -fno-sanitize-coverage=trace-cmp
FUZZ_SRC_uri := base sip
FUZZ_SRC_nameaddr := base sip
FUZZ_SRC_via := base sip
FUZZ_SRC_contact := base sip
FUZZ_SRC_body := base sip
FUZZ_SRC_binrpc := base world core rpc
FUZZ_SRC_http := base http
FUZZ_SRC_dns := base world core
FUZZ_SRC_frame := base world core net
FUZZ_SRC_capture := base
FUZZ_MORE_capture = compiler/capture/packet.c compiler/capture/capture.c compiler/lazy/lazy.c -DPCAP_SONAME='"$(call soname,$(LIB_DIR)/libpcap.so)"'
fuzz-%: FORCE
	@mkdir -p $(B)/fuzz/found/$* tests/fuzz/corpus/$*
	@$(CLANG) -std=c11 -D_GNU_SOURCE -g -O2 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $(FUZZ_FLAGS_$*) \
		$(INC) tests/fuzz/$*.c $(filter-out runtime/rpc/core.c runtime/http/reply.c runtime/http/client.c,$(foreach d,$(FUZZ_SRC_$*),$(wildcard runtime/$(d)/*.c))) \
		$(FUZZ_MORE_$*) -o $(B)/fuzz/$* -ljansson -lboost_context -lcares -lresolv
	@$(B)/fuzz/$* -runs=$(RUNS) -max_len=$(FUZZ_LEN) -reload=0 -print_final_stats=1 $(B)/fuzz/found/$* tests/fuzz/corpus/$*
