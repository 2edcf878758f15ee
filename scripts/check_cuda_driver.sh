#!/usr/bin/env bash
# Tests both ways to NVIDIA's driver on the fake one, which needs no GPU.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_compiler.sh
go vet -tags gpu ./internal/cuda/...
CGO_ENABLED=0 go test -tags gpu ./internal/cuda/...
go test -race -tags gpu ./internal/cuda/purego
scripts/check_cuda_gorgonia.sh
