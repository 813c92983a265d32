# Two commands matter: `make run` builds and serves the gateway, `make test` builds and passes the tests.
# Everything else they need (the wasm target) is added by them; see CONTRIBUTING.md.

# Where `make run` listens.
LISTEN ?= 127.0.0.1:9091
# Where data lives, as Spin's --state-dir.
STATE_DIR ?= .spin
# Spin's runtime configuration, for other stores than the default.
RUNTIME_CONFIG_FILE ?=
# Which host runs the component: spin, local, or auto (spin where it is installed and new enough).
HOST ?= auto
# Which component `make build` and `make run` take: 0.3, or 0.2 for hosts whose Spin is older than 4.1.
WASI ?= 0.3

CARGO ?= cargo
TARGET := wasm32-wasip2
# The component for WASI 0.2 is built in a folder of its own: the core is compiled without the other door there.
WASI02 := CARGO_TARGET_DIR=target/wasi02
# The tests' own components, which show what a host gives its guest.
PROBES := -p host-probe -p host-probe-wasi02
LOCAL_HOST := target/debug/local-host

UP_ARGS := --listen $(LISTEN) --state-dir $(STATE_DIR) \
	$(if $(RUNTIME_CONFIG_FILE),--runtime-config-file $(RUNTIME_CONFIG_FILE))

.PHONY: run build host tool test soak coverage mutants lint fmt fuzz fuzz-corpus fuzz-installed audit deny deny-installed target bench dist dist-check clean

build: target
ifeq ($(WASI),0.2)
	$(WASI02) scripts/wasm build -p pushgateway-wasi02
else
	scripts/wasm build -p spin-pushgateway
endif

run: build
	@HOST=$(HOST) WASI=$(WASI) scripts/run $(UP_ARGS)

host:
	$(CARGO) build --locked -p spin-pushgateway-host

# Moves, checks and migrates stores (docs/portability.md): target/release/pushgateway-store.
tool:
	$(CARGO) build --locked --release -p spin-pushgateway-tool

# Builds the components, the probes and everything native once, then runs every test there is.
test: target
	scripts/wasm build -p spin-pushgateway $(PROBES)
	$(WASI02) scripts/wasm build -p pushgateway-wasi02
	scripts/test

# Random requests to several hosts on one store, which are killed, with everything explained that scrapes saw. For longer,
# other requests, or the other component: make soak SECONDS=3600 SEED=7 WASI=0.2.
soak: build host
	WASI=$(WASI) SOAK_SECONDS=$(or $(SECONDS),60) SOAK_SEED=$(or $(SEED),1) $(CARGO) test --locked --test soak -- --nocapture hosts_on

# What of the core the unit tests and the model test do not execute: a table, and target/coverage/uncovered.txt.
coverage:
	scripts/coverage

# What can be broken in the core without a test noticing. For other files: make mutants FILES='src/post.rs src/room.rs'.
mutants:
	scripts/mutants $(FILES)

# What a release hands out, in target/dist; docs/distribution.md says what it is.
dist: target
	scripts/wasm build -p spin-pushgateway
	$(WASI02) scripts/wasm build -p pushgateway-wasi02
	scripts/dist

# Builds the components once more, in another folder, and compares the bytes.
dist-check: dist
	scripts/dist-check

lint: target deny
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	scripts/wasm clippy -p spin-pushgateway $(PROBES) -- -D warnings
	$(WASI02) scripts/wasm clippy -p pushgateway-wasi02 -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

# Every fuzz target for a minute; SECONDS=600 for longer.
fuzz: fuzz-installed
	scripts/fuzz $(or $(SECONDS),60)

# Keeps in fuzz/corpus what `make fuzz` has found, minimised.
fuzz-corpus: fuzz-installed
	scripts/fuzz-corpus

fuzz-installed:
	@$(CARGO) fuzz --version >/dev/null 2>&1 || \
		$(CARGO) install --locked cargo-fuzz --version 0.13.2 --profile dev --config profile.dev.debug=false

fmt:
	$(CARGO) fmt --all

# Licences, bans and sources of all dependencies.
deny: deny-installed
	$(CARGO) deny --locked check licenses bans sources

# Advisories about dependencies, where the database of them can be reached.
audit: deny-installed
	@scripts/audit

deny-installed:
	@$(CARGO) deny --version >/dev/null 2>&1 || \
		$(CARGO) install --locked cargo-deny --version 0.20.2 --profile dev --config profile.dev.debug=false

target:
	@rustup target list --installed 2>/dev/null | grep -qx $(TARGET) || rustup target add $(TARGET)

# Measures the gateway beside the Go Pushgateway; docs/performance.md says how. For example:
# make bench BENCH_ARGS='--only pushes --sizes 0,1000', or make bench BENCH_ARGS=micro.
# The host is optimised too: its own crate holds what Wasmtime's generics become.
BENCH_ARGS ?=
bench: target
	scripts/wasm build -p spin-pushgateway -p bench-floor
	$(CARGO) build --locked --profile bench-tool -p spin-pushgateway-bench
	$(CARGO) build --locked -p spin-pushgateway-host \
		--config 'profile.dev.package.spin-pushgateway-host.opt-level=2'
	@mkdir -p target/bench && cp -f $(LOCAL_HOST) target/bench/local-host
	target/bench-tool/bench $(BENCH_ARGS)

clean:
	$(CARGO) clean
