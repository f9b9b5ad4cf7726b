# Every target is also a plain command: `go build ./cmd/photogo`, `go test ./...`.
.DEFAULT_GOAL := help
.PHONY: help build install demo test quick vet bench bench-peers fuzz clean helper helper-test

GO ?= go
BIN := bin/photogo

help: ## show what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | \
		while IFS="$$(printf '\t')" read -r target words; do printf '  make %-12s %s\n' "$$target" "$$words"; done

build: ## build photogo into bin/
	$(GO) build -trimpath -o $(BIN) ./cmd/photogo

install: ## install photogo into Go's bin folder
	$(GO) install -trimpath ./cmd/photogo

demo: build ## make a sample library, export it, show the result and verify it
	@sh scripts/demo.sh $(BIN)

helper: ## on macOS, build the helper for Photos, bin/PhotogoHelper.app (CODESIGN_ID signs it)
	@sh scripts/helper-app.sh bin

helper-test: ## build and test the helper on a stub of PhotoKit, and drive it with the Go client
	@sh scripts/helper-test.sh --need

test: ## bring what the tests need, then vet, staticcheck, all tests with -race, and cross builds
	@sh scripts/test-deps.sh
	@sh scripts/test.sh

quick: ## the tests without the race detector, and without what takes long
	$(GO) test -short ./...

vet: ## go vet for all systems, and a type check of what only a Mac with cgo builds
	$(GO) vet ./...
	CGO_ENABLED=0 GOOS=darwin $(GO) vet ./...
	$(GO) test -count=1 -v -run TypeChecks ./secret

bench: build ## measure against cp and others, side by side; prints the tables of docs/BENCHMARKS.md
	@PHOTOGO_STUB_HELPER="$${PHOTOGO_STUB_HELPER:-$$(sh scripts/helper-build.sh release 2>/dev/null | tail -n 1)}" \
		$(GO) run ./internal/bench -photogo $(BIN) $(BENCH_FLAGS)

bench-peers: build ## measure against osxphotos, which is installed aside for it
	@sh scripts/bench-peers.sh $(BIN)

fuzz: ## run each fuzz target for a while (FUZZTIME=30s)
	@sh scripts/fuzz.sh

clean: ## remove what was built, and what the demo and the tests made
	rm -rf bin demo .libraries .bench helper/.build
