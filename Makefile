# SPDX-License-Identifier: Apache-2.0
# The front door. No logic here: each target calls meson, ninja or a script.
B = build

all:
	@scripts/build $(B)
demo:
	@scripts/install-deps build && IFACE="$(IFACE)" scripts/demo
check:
	@scripts/install-deps build test && scripts/check
check-net:
	@scripts/check net
check-vm:
	@scripts/install-deps build test vm && scripts/check-vm
asan:
	@scripts/check asan
tsan:
	@scripts/check tsan
fuzz:
	@scripts/fuzz
bench:
	@scripts/install-deps build bench && scripts/build $(B) && bench/engine.sh
tidy:
	@scripts/tidy
install: all
	@meson install --no-rebuild -C $(B)

.PHONY: all demo check check-net check-vm asan tsan fuzz bench tidy install
