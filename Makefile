# SPDX-License-Identifier: GPL-2.0-or-later
# A thin front of meson: what a newcomer types.
BUILD ?= build

.PHONY: all deps run test test-long test-isa fuzz bench install clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja: | deps
	@meson setup $(BUILD) --buildtype=release -Db_ndebug=false >/dev/null

deps:
	@scripts/deps

run: all
	@scripts/run

test: deps
	@scripts/test

# Whole systems: Debian from its disk, three kernels, installers.
test-long: all
	@meson test -C $(BUILD) --no-rebuild --suite long --verbose

# Every instruction on the host's processor and on each engine: CASES=n a row.
test-isa: all
	@CASES=$${CASES:-400} $(BUILD)/tests/target/test-isa

# Any bytes as code and as machine states: FUZZ_TIME=seconds for each fuzzer.
fuzz: deps
	@scripts/fuzz $${FUZZ_TIME:-600}

bench: all
	@scripts/bench

install: all
	@meson install -C $(BUILD)

clean:
	@rm -rf $(BUILD) build-asan build-fuzz
