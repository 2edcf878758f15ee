#!/usr/bin/env bash
# Regenerates the committed assembly and CUDA header, and fails if anything differs.
set -euo pipefail
cd "$(dirname "$0")/.."
go generate ./kernels/... ./internal/cuda/gpukernels
if ! git diff --exit-code --stat -- kernels internal/cuda/gpukernels/src; then
  echo "go generate changes committed files: commit its output" >&2
  exit 1
fi
