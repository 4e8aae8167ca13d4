# MegaComet. `make run` and `make test` are all that a new user needs; both install what is missing from Debian's packages.
SHELL := /bin/bash
PACKAGES := libev-dev libncurses-dev libsimdjson-dev pkg-config curl tmux
RELEASE := -c release --static-swift-stdlib

.PHONY: run build test bench packages clean

packages:
	@missing=$$(dpkg-query -W -f='$${Package} $${Status}\n' $(PACKAGES) 2>/dev/null | awk '/install ok installed/ {print $$1}' | sed 's/:.*//' | sort -u | comm -13 - <(printf '%s\n' $(PACKAGES) | sort -u)); \
	if [ -n "$$missing" ]; then \
	  echo "installing $$missing"; \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

build: packages
	swift build $(RELEASE)

run: build
	"$$(swift build $(RELEASE) --show-bin-path)/megacomet" run -c config/megacomet.toml

test: packages
	swift build --build-tests
	swift test --skip-build

# The short scenarios against the limit, nginx with nchan (where it is installed) and MegaComet, in turn: about five minutes on a quiet machine.
bench: build
	"$$(swift build $(RELEASE) --show-bin-path)/megabench" compare

clean:
	rm -rf .build
