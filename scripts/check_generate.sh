#!/usr/bin/env bash
# Regenerates the committed assembly and fails if anything differs.
set -euo pipefail
cd "$(dirname "$0")/.."
go generate ./kernels/...
if ! git diff --exit-code --stat -- kernels; then
  echo "go generate ./kernels/... changes committed files: commit its output" >&2
  exit 1
fi
