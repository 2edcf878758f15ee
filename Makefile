# make demo   fetch what is missing, build, extract entities from five abstracts
# make test   everything that CI runs

GO       ?= go
BIN      := bin/medner
RELEASE  := -trimpath -buildvcs=false -ldflags="-s -w -buildid="
PLATFORMS := linux/arm64 darwin/arm64 windows/amd64
FUZZTIME ?= 2s

.PHONY: demo build test vet unit noasm race generate cross static fuzz goldens oracle clean

demo: build
	@./$(BIN) fetch-default
	@./$(BIN) ner testdata/demo/abstracts.PubTator

build:
	@CGO_ENABLED=0 $(GO) build $(RELEASE) -o $(BIN) ./cmd/medner

test: vet unit race noasm static cross generate fuzz goldens oracle

vet:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt: $$(gofmt -l $$(git ls-files '*.go'))"; exit 1; }
	$(GO) vet ./...

unit:
	$(GO) test ./...

race:
	$(GO) test -race -short ./model ./model/cpu ./ner ./kernels -run 'Concurrent|Pool|Batch|Cancel|Race|Extract'

noasm:
	$(GO) test -tags noasm -short ./kernels/... ./model/...

static: build
	scripts/check_static.sh $(BIN)

cross:
	@for p in $(PLATFORMS); do echo "build $$p"; CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -o /dev/null ./cmd/medner || exit 1; done
	GOARCH=arm64 $(GO) vet ./kernels

# The committed assembly is what the generator writes.
generate:
	scripts/check_generate.sh

fuzz:
	scripts/fuzz.sh $(FUZZTIME)

goldens: build
	./$(BIN) verify testdata/goldens

# A decoder layer against gorgonia, in a module of its own.
oracle:
	cd internal/oracle/gorgonia && $(GO) vet ./... && $(GO) test ./...

clean:
	rm -rf bin
