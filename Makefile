# MegaComet. `make run` and `make test` are all that a new user needs; both install what is missing from Debian's packages.
SHELL := /bin/bash
PACKAGES := libev-dev libncurses-dev libsimdjson-dev pkg-config curl tmux
RELEASE := -c release --static-swift-stdlib

BIN = $$(swift build $(RELEASE) --show-bin-path)

.PHONY: run build test test-swift test-browser test-cost bench example install packages clean

packages:
	@missing=$$(dpkg-query -W -f='$${Package} $${Status}\n' $(PACKAGES) 2>/dev/null | awk '/install ok installed/ {print $$1}' | sed 's/:.*//' | sort -u | comm -13 - <(printf '%s\n' $(PACKAGES) | sort -u)); \
	if [ -n "$$missing" ]; then \
	  echo "installing $$missing"; \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

build: packages
	swift build $(RELEASE)

# On a terminal: the servers in the background and megatop in front. Elsewhere: the servers in the foreground.
run: build
	@if [ -t 0 ] && [ -t 1 ]; then \
	  "$(BIN)/megacomet" start -c config/megacomet.toml && "$(BIN)/megatop" -c config/megacomet.toml; \
	  echo "the servers keep running; to stop them: $(BIN)/megacomet stop -c config/megacomet.toml"; \
	else \
	  exec "$(BIN)/megacomet" run -c config/megacomet.toml; \
	fi

test: test-swift test-browser test-cost

# Units, simulations, and the real programs over real sockets.
test-swift: packages
	swift build --build-tests
	swift test --skip-build

# The browser script under Node and in Chromium, the example, the proxies.
test-browser: packages
	swift build
	Tests/BrowserTests/run

# What the hot path costs in instructions and allocations, against the table.
test-cost: packages
	@command -v valgrind >/dev/null || $(MAKE) --no-print-directory packages PACKAGES=valgrind
	swift build $(RELEASE) --product Benchmarks
	Tests/Benchmarks/check "$(BIN)/Benchmarks"

# The short scenarios against the limit, nginx with nchan (where it is installed) and MegaComet, in turn: about five minutes on a quiet machine.
bench: build
	"$(BIN)/megabench" compare

# The chat: the appliance, a small app, and a page for two browser windows.
example: build
	Examples/chat/run "$(BIN)"

clean:
	rm -rf .build
