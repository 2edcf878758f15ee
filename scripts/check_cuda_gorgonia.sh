#!/usr/bin/env bash
# Runs the driver's test suite through gorgonia.org/cu, on the fake driver. The
# headers of CUDA 12.4 come from a package on PyPI and are kept.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/medner/cuda-headers-12.4.127
if [ ! -f "$cache/nvidia/cuda_runtime/include/cuda.h" ]; then
  mkdir -p "$cache"
  python3 -m pip download -q --no-deps --only-binary=:all: --platform manylinux2014_x86_64 -d "$cache" nvidia-cuda-runtime-cu12==12.4.127
  python3 -m zipfile -e "$cache"/nvidia_cuda_runtime_cu12-*.whl "$cache"
fi
library=$(go run ./internal/cuda/fake/build -src internal/cuda/drivertest/testdata -ptx internal/cuda/drivertest/testdata)
link=$(mktemp -d)
trap 'rm -rf "$link"' EXIT
ln -s "$library" "$link/libcuda.so"
# gorgonia.org/cu names functions that the fake driver lacks. They stay unresolved, and no test calls them.
export CGO_ENABLED=1 CGO_CFLAGS="-O1 -I$cache/nvidia/cuda_runtime/include" \
  CGO_LDFLAGS="-L$link -Wl,--unresolved-symbols=ignore-all -Wl,-z,lazy" \
  LD_LIBRARY_PATH="$(dirname "$library")" MEDNER_LIBCUDA="$library"
cd internal/cuda/gorgonia
go vet -tags gpucgo,gpu ./...
go test -tags gpucgo,gpu "$@" ./...
