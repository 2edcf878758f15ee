#!/usr/bin/env bash
# Compiles internal/cuda/gpukernels/src to internal/cuda/gpukernels/ptx and assembles it for two GPUs.
# With --check it fails if the committed PTX differs, or if a kernel spills.
#
# NVRTC 12.0 makes PTX 8.0, which drivers of CUDA 12.0 and later load; ptxas says
# how many registers and how much shared memory it takes. Both come from PyPI and
# are kept in a cache folder (MEDNER_PTX_TOOLS names another).
set -euo pipefail
cd "$(dirname "$0")/.."
tools=${MEDNER_PTX_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/medner-ptx}
if [ ! -e "$tools/ready" ]; then
  wheels=$(mktemp -d)
  trap 'rm -rf "$wheels"' EXIT
  python3 -m pip download -q --no-deps -d "$wheels" nvidia-cuda-nvrtc-cu12==12.0.140 nvidia-cuda-nvcc-cu12==12.4.131
  mkdir -p "$tools"
  for wheel in "$wheels"/*.whl; do python3 -m zipfile -e "$wheel" "$tools"; done
  chmod +x "$tools/nvidia/cuda_nvcc/bin/ptxas"
  touch "$tools/ready"
fi
go -C kernels/internal/gen run ./cuda -nvrtc "$tools/nvidia/cuda_nvrtc/lib/libnvrtc.so.12" -src ../../../internal/cuda/gpukernels/src -out ../../../internal/cuda/gpukernels/ptx
if [ "${1:-}" = --check ] && [ -n "$(git status --porcelain -- internal/cuda/gpukernels/ptx)" ]; then
  git status --short -- internal/cuda/gpukernels/ptx
  echo "scripts/ptx.sh changes internal/cuda/gpukernels/ptx: commit its output" >&2
  exit 1
fi
printf '%-6s %-40s %9s %12s\n' gpu kernel registers "shared bytes"
spilt=0
for gpu in sm_80 sm_90; do
  for file in internal/cuda/gpukernels/ptx/*.ptx; do
    "$tools/nvidia/cuda_nvcc/bin/ptxas" -arch=$gpu -v "$file" -o /dev/null 2>&1 | awk -v gpu=$gpu '
      /error/ { print; failed = 1 }
      /Function properties for/ { kernel = $NF }
      /spill stores/ { if ($5 + $9 > 0) { print "spills: " kernel ": " $0; failed = 1 } }
      /Used [0-9]+ registers/ {
        shared = 0
        if (match($0, /[0-9]+ bytes smem/)) shared = substr($0, RSTART, RLENGTH) + 0
        match($0, /Used [0-9]+/)
        printf "%-6s %-40s %9d %12d\n", gpu, kernel, substr($0, RSTART + 5, RLENGTH - 5), shared
      }
      END { exit failed }' || spilt=1
  done
done
exit $spilt
