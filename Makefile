# SPDX-License-Identifier: Apache-2.0
# The front door: meson builds, scripts/ does the rest.
#
#   make demo    installs what is missing, builds csc, runs a contract and verifies its receipt
#   make check   the same for tests, then every test suite
#   make dist    a release, in dist/
#
# prefix and DESTDIR are for `make install`.

prefix ?= /usr/local
DESTDIR ?=

all:
	@scripts/build build plain

demo:
	@scripts/demo

check:
	@scripts/check

lint:
	@scripts/lint

sanitize:
	@scripts/sanitize

fuzz:
	@scripts/fuzz

bench:
	@scripts/bench

coverage:
	@scripts/coverage

valgrind:
	@scripts/install-deps build test valgrind
	@scripts/valgrind

# RELEASE_KEY and RELEASE_KEY_ID sign it; docs/PACKAGING.md.
dist:
	@scripts/dist

install: all
	@scripts/install "$(prefix)" "$(DESTDIR)"

clean:
	@rm -rf build build-*

.PHONY: all demo check lint sanitize fuzz bench coverage valgrind dist install clean
