#!/bin/sh
# pack.sh MEDNER_GPU DIR: fills DIR with all that check.sh needs, and makes DIR.tar.gz of it.
set -eu
cd "$(dirname "$0")/../.."
medner=$1 dir=$2
rm -rf "$dir" && mkdir -p "$dir"
export CGO_ENABLED=0
flags="-trimpath -ldflags=-s\ -w"
for test in driver=./internal/cuda/purego kernels=./internal/cuda/gpukernels backend=./model/internal/cuda; do
	eval go test -c -tags gpu "$flags" -o "$dir/${test%%=*}.test" "${test#*=}"
done
eval go build "$flags" -o "$dir/report" ./scripts/gpucheck/report
cp "$medner" "$dir/medner-gpu"
cp -r testdata/goldens "$dir/goldens"
cp scripts/gpucheck/check.sh scripts/gpucheck/transformers_bf16.py "$dir/"
tar -C "$(dirname "$dir")" -czf "$dir.tar.gz" "$(basename "$dir")"
size=$(($(wc -c <"$dir.tar.gz") / 1048576))
echo "$dir.tar.gz: $size MiB"
[ "$size" -lt 64 ] || { echo "more than 64 MiB" >&2; exit 1; }
