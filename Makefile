# MegaComet. `make run` and `make test` are all that a new user needs. Both install missing packages of Debian.
SHELL := /bin/bash
# Every recipe stops at its first error.
.SHELLFLAGS := -euo pipefail -c
PACKAGES := libev-dev libncurses-dev libsimdjson-dev libssl-dev libcurl4-openssl-dev libhiredis-dev openssl pkg-config curl tmux help2man
# Colours are off: on a terminal SwiftPM gives the compiler another flag, and would build everything anew elsewhere.
RELEASE := -c release --static-swift-stdlib --no-color-diagnostics --disable-local-rpath
DEBUG := --no-color-diagnostics

BIN = $$(swift build $(RELEASE) --show-bin-path)

# The tests need these packages, too.
TEST_PACKAGES := redis-server python3-prometheus-client valgrind openssh-client openssh-server libnss-wrapper faketime
# `make deb` and `make test-package` need these.
DEB_PACKAGES := debhelper dpkg-dev
DEB_TEST_PACKAGES := lintian debootstrap systemd-container
CONTAINER_TEST_PACKAGES := buildah crun debootstrap python3

# The one place of the number is Version.swift.
VERSION := $(shell sed -n 's/.*text = "\(.*\)"/\1/p' Sources/Base/Version.swift)
# The time that stands in what is built: that of the last commit. The same sources give the same pages and package.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || date -r CHANGELOG.md +%s)

.PHONY: run build test test-packages test-format format test-swift test-load test-browser test-cost drills bench example picture install dist deb test-package test-container site packages clean

packages:
	@missing=$$({ dpkg-query -W -f='$${Package} $${Status}\n' $(PACKAGES) 2>/dev/null || true; } | awk '/install ok installed/ {print $$1}' | sed 's/:.*//' | sort -u | comm -13 - <(printf '%s\n' $(PACKAGES) | sort -u)); \
	if [ -n "$$missing" ]; then \
	  sudo=; \
	  if [ "$$(id -u)" != 0 ]; then \
	    sudo=sudo; \
	    command -v sudo >/dev/null || { echo "packages are missing; as root: apt-get install --no-install-recommends" $$missing >&2; exit 1; }; \
	  fi; \
	  echo "installing $$missing"; \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

build: packages
	swift build $(RELEASE)

# Tells if a running process was started from an older build than this one.
define SAY_NEWER
for pid in $$("$$bin/megacomet" status --json -c config/megacomet.toml | grep -o '"pid":[0-9]*' | cut -d: -f2); do \
  program="$$bin/$$(cat "/proc/$$pid/comm" 2>/dev/null)" || continue; \
  if [ -f "$$program" ] && [ -r "/proc/$$pid/exe" ] && ! [ "/proc/$$pid/exe" -ef "$$program" ]; then \
    echo "The build is newer than what runs. To take it:"; \
    for words in upgrade rolling; do echo "    '$$bin/megacomet' $$words -c '$(CURDIR)/config/megacomet.toml'"; done; \
    break; \
  fi; \
done
endef

# On a terminal the servers run in the background and megatop in front. Elsewhere the servers run in the foreground.
run: build
	@bin="$(BIN)"; \
	if [ -t 0 ] && [ -t 1 ]; then \
	  "$$bin/megacomet" start -c config/megacomet.toml; \
	  $(SAY_NEWER); \
	  "$$bin/megatop" --started -c "$(CURDIR)/config/megacomet.toml" || status=$$?; \
	  $(SAY_NEWER); \
	  exit "$${status:-0}"; \
	else \
	  exec "$$bin/megacomet" run -c config/megacomet.toml; \
	fi

test: test-packages test-format test-swift test-load test-browser test-cost

test-packages:
	@$(MAKE) --no-print-directory packages PACKAGES="$(PACKAGES) $(TEST_PACKAGES)"

# Checks the format of the sources (.swift-format), and sets it.
# swift format keeps all of its files open, and usually 1,024 are allowed.
SOURCES := Sources Dashboard Tests Examples/clients/swift Package.swift
EACH_SOURCE := find $(SOURCES) -name '.?*' -prune -o -name '*.swift' -print0 | xargs -0 -n 300
test-format:
	$(EACH_SOURCE) swift format lint --strict --parallel
format:
	$(EACH_SOURCE) swift format --in-place --parallel

# Units, simulations, and the real programs over real sockets. FILTER runs only tests with such names. TEST_USER, for
# root, runs them as that user, and only those that need root as root.
test-swift: packages test-packages
	swift build --build-tests $(DEBUG)
	$(if $(TEST_USER),Tests/as-user $(TEST_USER),swift test --skip-build $(if $(FILTER),--filter '$(FILTER)'))

# A rolling restart under 8,000 clients that acknowledge and 1,000 publishes a second: nothing is lost, nobody is
# refused. It takes about a minute and runs alone: beside other tests they would take the processors from each other.
test-load: packages test-packages
	swift build --build-tests $(DEBUG)
	MEGACOMET_LOAD=full swift test --skip-build --filter rolling_losesNothing_andRefusesNobody | tee >(cat >&2) | grep 'Test run with 1 test' >/dev/null

# The browser script under Node, in Chromium and in Firefox, the example, the proxies, TLS, the OpenAPI documents, and
# alert rules and board under a real Prometheus.
test-browser: packages
	swift build $(DEBUG)
	Tests/BrowserTests/run

# Compares the instructions and allocations of the hot path with the table.
test-cost: packages test-packages
	swift build $(RELEASE) --product Benchmarks
	Tests/Benchmarks/check "$(BIN)/Benchmarks"

# The short scenarios against the limit, nginx with nchan (if it is installed) and MegaComet, in turn. It takes about
# five minutes on a quiet machine.
bench: build
	"$(BIN)/megabench" compare

# The appliance, a small app, and a page for browser windows: the chat, or with EXAMPLE= the dashboard or unread.
EXAMPLE ?= chat
example:
	@command -v python3 >/dev/null || { echo "make example: the example's server needs python3 (apt-get install python3-minimal)" >&2; exit 1; }
	@$(MAKE) --no-print-directory build
	Examples/run $(EXAMPLE) "$(BIN)"

# Draws the README's picture of megatop anew, before a real appliance under load. It takes about a minute and a half.
picture: build
	docs/pictures/draw "$(BIN)"

# Installs programs, config, unit, man pages and completions where the FHS says, under DESTDIR for packages. An
# installed configuration is never overwritten. megacomet is also megatop, by the name that it is called by.
install: build
	bin="$(BIN)"; \
	install -d "$(DESTDIR)/usr/sbin" "$(DESTDIR)/usr/bin" "$(DESTDIR)/etc/megacomet" "$(DESTDIR)/usr/lib/systemd/system" "$(DESTDIR)/usr/lib/sysusers.d" "$(DESTDIR)/usr/lib/tmpfiles.d" \
	  "$(DESTDIR)/usr/share/doc/megacomet/docs" "$(DESTDIR)/usr/share/doc/megacomet/examples"; \
	install -m 755 "$$bin"/megacomet "$$bin"/megamanager "$$bin"/megaworker "$$bin"/megahook "$(DESTDIR)/usr/sbin"; \
	install -m 755 "$$bin"/megabench "$(DESTDIR)/usr/bin"; \
	for name in megacomet megatop; do ln -sf ../sbin/megacomet "$(DESTDIR)/usr/bin/$$name"; done
	[ -e "$(DESTDIR)/etc/megacomet/megacomet.toml" ] || install -m 640 config/megacomet.toml "$(DESTDIR)/etc/megacomet/megacomet.toml"
	install -m 644 config/megacomet.service "$(DESTDIR)/usr/lib/systemd/system"
	install -m 644 config/megacomet.sysusers "$(DESTDIR)/usr/lib/sysusers.d/megacomet.conf"
	install -m 644 config/megacomet.tmpfiles "$(DESTDIR)/usr/lib/tmpfiles.d/megacomet.conf"
	install -m 644 docs.txt README.md CHANGELOG.md "$(DESTDIR)/usr/share/doc/megacomet"
	install -m 644 docs/*.txt docs/*.md docs/*.json "$(DESTDIR)/usr/share/doc/megacomet/docs"
	install -m 644 config/sysctl.conf config/*.cfg config/nginx.conf config/hitch.conf \
	  config/prometheus/megacomet.rules.yml config/grafana/megacomet.json "$(DESTDIR)/usr/share/doc/megacomet/examples"
	config/man/pages "$(BIN)" "$(VERSION)" "$(DESTDIR)/usr/share/man"
	bin="$(BIN)"; share="$(DESTDIR)/usr/share"; \
	bash="$$share/bash-completion/completions" zsh="$$share/zsh/vendor-completions" fish="$$share/fish/vendor_completions.d"; \
	install -d "$$bash" "$$zsh" "$$fish"; \
	for program in megacomet megatop megabench; do \
	  "$$bin/$$program" --generate-completion-script bash | sed '1{/^#!/d}' >"$$bash/$$program"; \
	  "$$bin/$$program" --generate-completion-script zsh >"$$zsh/_$$program"; \
	  "$$bin/$$program" --generate-completion-script fish >"$$fish/$$program.fish"; \
	done; \
	chmod 644 "$$bash"/mega* "$$zsh"/_mega* "$$fish"/mega*

# The sources of the last commit as an archive.
dist:
	mkdir -p dist
	git archive --prefix="megacomet-$(VERSION)/" HEAD | gzip -9n >"dist/megacomet-$(VERSION).tar.gz"
	@ls "dist/megacomet-$(VERSION).tar.gz"

# The Debian packages, in dist/. They are made of the same build as all else. -d: the packages that they need are there
# by now, and Debian's own compilers, which dpkg-buildpackage asks for, are not needed.
deb:
	@$(MAKE) --no-print-directory packages PACKAGES="$(PACKAGES) $(DEB_PACKAGES)"
	mkdir -p dist
	{ printf '%s\n' 'megacomet ($(VERSION)) unstable; urgency=medium' '' '  * The changes are in CHANGELOG.md.' ''; \
	  printf ' -- %s  %s\n' "$$(sed -n 's/^Maintainer: //p' debian/control)" "$$(date -Ru -d "@$$SOURCE_DATE_EPOCH")"; \
	} >debian/changelog
	tail="$(VERSION)_$$(dpkg --print-architecture)"; name="dist/megacomet_$$tail"; \
	dpkg-buildpackage --build=binary --no-sign -d --buildinfo-file="$$name.buildinfo" --buildinfo-option=-udist \
	  --changes-file="$$name.changes" --changes-option=-udist; \
	ls "$$name.deb" "dist/megacomet-bench_$$tail.deb"

# The package, judged by lintian and taken through install, upgrade, remove and purge in a fresh Debian 12.
test-package:
	@$(MAKE) --no-print-directory packages PACKAGES="$(PACKAGES) $(DEB_PACKAGES) $(DEB_TEST_PACKAGES)"
	Tests/package

# Incident drills: breaks an appliance in fourteen ways, and looks whether megatop's first screen says it.
drills:
	@$(MAKE) --no-print-directory test-packages
	swift build
	Tests/drills

# The manual as static pages, in dist/site, by mkdocs of PyPI. Every link in them is followed.
SITE := .build/site
site:
	@$(MAKE) --no-print-directory packages PACKAGES=python3-venv
	[ -x $(SITE)/bin/python ] || python3 -m venv $(SITE)
	$(SITE)/bin/pip -q --disable-pip-version-check install -r config/site/requirements.txt
	mkdir -p dist
	$(SITE)/bin/python config/site/build dist/site
	@ls dist/site/index.html

# The container image of Containerfile, built on a fresh Debian 12 and run.
test-container:
	@$(MAKE) --no-print-directory packages PACKAGES="$(PACKAGES) $(DEB_PACKAGES) $(CONTAINER_TEST_PACKAGES)"
	Tests/container

clean:
	rm -rf .build dist
