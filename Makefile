# Theta Edge. `make` lists the targets. Everything that is made lies under build/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# The targets share one build cache and one folder, and Go fills the cores.
.NOTPARALLEL:

# One set of build tags for binaries, tests and linters: another set would
# compile the whole SDK a second time.
TAGS := pebbledb
export GOFLAGS := -tags=$(TAGS) -buildvcs=false
export CGO_ENABLED := 1

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)

V := github.com/cosmos/cosmos-sdk/version
# stamp APP: the linker flags that `APP version` shows.
stamp = -X $(V).Name=theta -X $(V).AppName=$(1) -X $(V).Version=$(VERSION) \
	-X $(V).Commit=$(COMMIT) -X $(V).BuildTags=$(TAGS)

BINARIES := thetad thetaedge
# go vet is one of the linters: with it, each run of the tests would analyse the whole SDK.
# Without symbols for a debugger, the linker takes half of its time for each of some hundred packages.
TEST_FLAGS ?= -timeout=20m -vet=off -ldflags=-s
PKG ?= ./...
SCALE ?= full
# The Go whose standard library has no known vulnerability that the binaries call.
RELEASE_GO ?= go1.26.10

##@ Help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run

.PHONY: build
build: ## Build thetad and thetaedge into build/
	@$(foreach b,$(BINARIES),go build -ldflags '$(call stamp,$(b))' -o build/$(b) ./cmd/$(b);)

.PHONY: install
install: ## Install thetad and thetaedge into Go's bin folder
	@$(foreach b,$(BINARIES),go install -ldflags '$(call stamp,$(b))' ./cmd/$(b);)

# -trimpath keeps paths of the builder out of the binary, and compiles every
# dependency anew, which is why the builds of every day do without.
.PHONY: release
release: ## Build stripped, path-free binaries with checksums into build/release/
	@export GOTOOLCHAIN=$(RELEASE_GO); $(foreach b,$(BINARIES),go build -trimpath -ldflags '-s -w $(call stamp,$(b))' -o build/release/$(b) ./cmd/$(b);)
	@cd build/release && sha256sum $(BINARIES) | tee SHA256SUMS

# Without cgo, and so from any machine: doctor says what such a build does not see.
SIDECAR_PLATFORMS ?= linux/arm64 windows/amd64 darwin/arm64 darwin/amd64

.PHONY: release-sidecar
release-sidecar: ## Build thetaedge without cgo for SIDECAR_PLATFORMS into build/release/
	@export GOTOOLCHAIN=$(RELEASE_GO) GOFLAGS='-tags=pebbledb -buildvcs=false' CGO_ENABLED=0; \
		for platform in $(SIDECAR_PLATFORMS); do \
			export GOOS=$${platform%/*} GOARCH=$${platform#*/}; \
			go build -trimpath -ldflags '-s -w $(call stamp,thetaedge)' \
				-o build/release/thetaedge-$$GOOS-$$GOARCH$$(go env GOEXE) ./cmd/thetaedge; \
		done

# RELEASE_KEY is the file of a private key of minisign; go run ./scripts/release -new-key FILE makes one.
RELEASE_KEY ?=
RELEASE_CHANNEL ?= stable

.PHONY: release-archive
release-archive: release release-sidecar ## Pack thetaedge of all platforms, signed with RELEASE_KEY, into build/release/archives/
	@go run ./scripts/release -version '$(VERSION)' -channel '$(RELEASE_CHANNEL)' $(if $(RELEASE_KEY),-key '$(RELEASE_KEY)') \
		-time "$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)}" linux/amd64=build/release/thetaedge \
		$(foreach p,$(SIDECAR_PLATFORMS),$(p)=build/release/thetaedge-$(subst /,-,$(p))$(if $(filter windows/%,$(p)),.exe))

.PHONY: textgen
textgen: ## Compile the example's inference to build/textgen.wasm
	@examples/textgen/build.sh

.PHONY: llm
llm: build ## Compile the example that answers with language models, and convert a small model for it
	@examples/llm/build.sh
	@rm -f build/prose.theta
	@build/thetaedge model convert models/testdata/prose build/prose.theta

.PHONY: upscale
upscale: ## Compile the example that enlarges pictures to build/upscale.wasm
	@examples/upscale/build.sh

.PHONY: demo
demo: build textgen llm ## Run a network of four edge nodes, one of which lies, and tell what happens
	@mkdir -p build/bin && go build -ldflags=-s -o build/bin/ ./tests/devnet/cmd/...
	@build/bin/demo

.PHONY: ibc-demo
ibc-demo: build textgen ## Connect two networks by IBC and tell what they do for each other, into build/ibc-demo/report.json
	@scripts/tools.sh relayer
	@mkdir -p build/bin && go build -o build/bin/ ./tests/ibcdemo/cmd/...
	@build/bin/ibcdemo

.PHONY: devnet
devnet: build textgen ## Run a network to play with until Ctrl-C
	@mkdir -p build/bin && go build -o build/bin/ ./tests/devnet/cmd/...
	@build/bin/devnet

# Chromium, and packages of npm: the script says which.
.PHONY: setup-timed
setup-timed: build ## Set up a node by the README's commands and by the wizard, timed, into build/setup/report.json
	@mkdir -p build/bin && go build -o build/bin/ ./tests/devnet/cmd/devnet
	@scripts/setup-timed.sh

##@ Test

# Of all packages, those with the longest tests come first, so that no core waits for them at the end.
# Some tests mostly wait, so one package more than cores runs at a time (TEST_PACKAGES).
TEST_PACKAGES ?= 3
LONGEST := ./sidecar/worker ./sidecar/agent ./x/compute/keeper ./x/edgenode/keeper ./app ./examples/...
# FUZZERS is a folder in which make test keeps the binaries that have fuzz targets, and from which make
# fuzz-short takes them. Both must see the same code.
FUZZERS ?=

.PHONY: test
test: ## Run all tests but system tests and simulations (PKG=./x/... for fewer)
	@mkdir -p build $(FUZZERS)
	go test -p=$(TEST_PACKAGES) $(TEST_FLAGS) $(if $(FUZZERS),-exec='$(CURDIR)/scripts/keep-fuzzer.sh $(abspath $(FUZZERS))') $(if $(COVER),-coverprofile=$(COVER)) $(if $(filter ./...,$(PKG)),$(LONGEST)) $(PKG)

# Packages that share nothing between goroutines are left out; the engines would take many minutes
# under the detector. Tests that start the app are left out (//go:build !race): the detector would
# have to compile it. So are tests that measure memory, of which the detector takes most, that
# measure the processor time of other processes, or that compute for minutes under it.
UNSHARED := executor/(wasm.*|manifest|profiles)|sidecar/(bench|bid|carbon|config|forecast|payout|rehearsal|release|why)|client/(jobfile|money|tx)|blob/hosts

.PHONY: test-race
test-race: ## Run the tests of sidecar, client and tensor/cpu, shortened, under the race detector
	go test -race -short -p=$(TEST_PACKAGES) $(TEST_FLAGS) $$(go list ./sidecar/... ./client/... ./drand/... ./executor/... ./blob/... ./relay/... ./tensor/cpu | grep -vE '/($(UNSHARED))$$')

.PHONY: test-system
test-system: build textgen ## Run real binaries, kill them, and see that nothing is lost
	@mkdir -p build/bin && go build -tags=$(TAGS),rehearsal -ldflags=-s -o build/bin/thetad-rehearsal ./cmd/thetad
	@scripts/previous.sh
	go test $(TEST_FLAGS) -count=1 -parallel=4 -tags=$(TAGS),system ./tests/systemtests/...

.PHONY: test-windows
test-windows: build ## Run the program for Windows and its tests under Wine into build/windows/report.txt (PKG=./sidecar/... for fewer)
	@scripts/windows.sh build
	@scripts/windows.sh test $(filter-out ./...,$(PKG))
	@scripts/windows.sh paid

# A run chooses its own seed unless SOAK_SEED is a number; the report names the seed.
SOAK_MINUTES ?= 30
SOAK_SEED ?= 0

.PHONY: soak
soak: build textgen llm ## Disturb a network of real binaries for SOAK_MINUTES (default 30) into build/soak/report.json
	@mkdir -p build/bin && go build -o build/bin/ ./tests/soak/cmd/...
	@build/bin/soak -minutes $(SOAK_MINUTES) -seed $(SOAK_SEED)

.PHONY: test-sim
test-sim: ## Simulate chains of random messages: invariants, export and import, same seed same state
	go test -timeout=10m -vet=off -count=1 -v -tags=$(TAGS),sims ./tests/simulation/...

.PHONY: fuzz
fuzz: ## Fuzz every decoder of outside input for FUZZ_TIME each (default 10s)
	@scripts/fuzz.sh $(PKG)

.PHONY: fuzz-short
fuzz-short: ## Fuzz every decoder for 1s, without guidance and so without compiling anew
	@FUZZ_GUIDED=0 FUZZ_TIME=1s FUZZERS=$(abspath $(FUZZERS)) scripts/fuzz.sh $(PKG)

# DRIVERS adds or replaces drivers of Vulkan: NAME=FILE.json, or NAME=FILE.json@ROOT for one in
# another system; without it, those of the machine are compared.
.PHONY: conformance
conformance: ## Compare all back ends of tensor/1 with the reference into build/conformance.json (minutes)
	@mkdir -p build/bin && go build -o build/bin/conformance ./tests/conformance/cmd/conformance
	@build/bin/conformance -emulated=$(or $(EMULATED),false) $(foreach d,$(DRIVERS),-driver $(d))

.PHONY: adversary
adversary: build llm ## Measure what attacks earn against honest nodes into build/adversary/report.json
	@mkdir -p build/bin && go build -o build/bin/ ./tests/adversary/cmd/...
	@build/bin/adversary

.PHONY: bench
bench: bench-executors ## Measure tasks beside bank sends into build/bench/report.json (SCALE=small, normal or full)
	@mkdir -p build/bin && go build -o build/bin/bench ./tests/bench/cmd/bench
	@build/bin/bench -scale $(SCALE)

.PHONY: bench-executors
bench-executors: ## The part of bench that measures language models and llama.cpp, into build/bench/executors.json
	@mkdir -p build/bin && go build -o build/bin/executors ./tests/bench/cmd/executors
	@build/bin/executors -scale $(SCALE)

# One network per number of nodes; chain and nodes share the machine.
.PHONY: bench-devnet
bench-devnet: build ## Measure tasks per second of real binaries into build/rate.json (SCALE=small or full)
	@mkdir -p build/bin && go build -o build/bin/ ./tests/rate/cmd/rate
	@build/bin/rate -scale $(SCALE)

.PHONY: cover
cover: COVER := build/coverage.out
cover: test ## Write build/coverage.html: the lines that tests have run
	@grep -vE '\.pb(\.gw)?\.go:' build/coverage.out > build/coverage.hand.out
	@go tool cover -html=build/coverage.hand.out -o build/coverage.html
	@go tool cover -func=build/coverage.hand.out | tail -1

.PHONY: cover-floor
cover-floor: ## Compare build/coverage.out, of make test COVER=build/coverage.out, with the floor
	@go run ./tests/coverage/cmd/floor build/coverage.out

##@ Check

.PHONY: check
check: static test ## Check everything that a change must pass: static and test

.PHONY: static
static: fmt-check lint proto-check ## Check format, lint (go vet is one of the linters), schemas, and that go.mod is complete
	go mod tidy -diff

.PHONY: fmt
fmt: ## Format Go code and schemas
	@scripts/tools.sh lint
	build/tools/golangci-lint fmt
	@scripts/proto.sh fmt

.PHONY: fmt-check
fmt-check: ## See that Go code is formatted
	@scripts/tools.sh lint
	build/tools/golangci-lint fmt --diff

# The linters keep types and facts of the whole SDK. Garbage is collected less often than by default, which takes
# an eighth less processor time, as long as they hold less than 6 GiB.
LINT_HEAP := GOGC=300 GOMEMLIMIT=6GiB

.PHONY: lint
lint: ## Run the linters
	@scripts/tools.sh lint
	$(LINT_HEAP) build/tools/golangci-lint run $(PKG)

.PHONY: vet
vet: ## Run go vet, over system tests and simulations too
	go vet -tags=$(TAGS),system,sims $(PKG)

.PHONY: proto
proto: ## Generate code and OpenAPI from the schemas
	@scripts/proto.sh gen

.PHONY: proto-check
proto-check: ## Lint the schemas, see that generated code is theirs and that no client breaks
	@scripts/proto.sh lint
	@scripts/proto.sh check
	@scripts/proto.sh breaking

.PHONY: proto-baseline
proto-baseline: ## Accept the schemas as they are as what clients rely on
	@scripts/proto.sh baseline

.PHONY: vuln
vuln: ## Look for known vulnerabilities in what the binaries call (minutes, 11 GiB of memory)
	@TAGS=$(TAGS) scripts/vuln.sh symbol

.PHONY: vuln-short
vuln-short: ## Look for known vulnerabilities in the versions that the binaries are built with
	@scripts/vuln.sh module

##@ Other

.PHONY: clean
clean: ## Remove build/
	@chmod -R u+w build 2>/dev/null || true
	@rm -rf build
