#!/bin/sh
# Runs what `make gpu-check` packs on the fake driver, at tiny shapes: the goldens, the comparisons, the
# benchmarks and the report.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v g++ >/dev/null; then
	echo "skipped: no g++ to build the fake CUDA driver with" >&2
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/gpucheck/pack.sh bin/medner-gpu "$work/gpu-check"
MEDNER_LIBCUDA=$(go run ./internal/cuda/fake/build -mode plain)
export MEDNER_LIBCUDA
SHAPES=tiny PROMPT=12 GEN=4 DEPTH=20 PARALLEL=2 REPEAT=1 KERNEL_TIME=1ms "$work/gpu-check/check.sh" "$work/results" || {
	tail -n 20 "$work"/results/*.log
	exit 1
}
grep -q '0 skipped' "$work/results/goldens.txt"
grep -q '| sm_90 f32 | gemv nf4 |' "$work/results/gpu-check.md"
