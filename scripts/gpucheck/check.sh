#!/bin/sh
# Checks medner on this machine's NVIDIA GPU and measures it. Writes gpu-check.json and gpu-check.md.
#
#   ./check.sh [OUT]            OUT: where results go (default: ./results)
#
# Needs the driver (of CUDA 12.0 or newer) and a shell; neither Go, nor Python, nor the CUDA toolkit. These
# are used if they are installed: nvidia-smi, compute-sanitizer, python3 with torch and transformers.
#
# Environment, for quicker or other runs:
#   MEDNER_LIBCUDA  the driver's file                   (libcuda.so.1)
#   SHAPES          models to time                      ("llama-3.2-1b llama-3.2-3b llama-3.1-8b")
#   PROMPT, GEN, DEPTH, PARALLEL, REPEAT                (512 128 1024 32 5)
#   KERNEL_TIME     for each kernel                     (200ms)
#   GOLDENS         a folder of reference vectors       (the one beside this script)
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-results}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
cd "$here" || exit 1
export MEDNER_LIBCUDA="${MEDNER_LIBCUDA:-libcuda.so.1}"
shapes=${SHAPES:-llama-3.2-1b llama-3.2-3b llama-3.1-8b}
prompt=${PROMPT:-512} gen=${GEN:-128} depth=${DEPTH:-1024} parallel=${PARALLEL:-32} repeat=${REPEAT:-5}
: >"$out/steps.tsv"

# step NAME FILE COMMAND...: runs a command; its output goes to FILE, its messages to NAME.log.
failed=0
step() {
	name=$1 file=$2
	shift 2
	printf '%s ... ' "$name"
	begin=$(date +%s)
	"$@" >"$out/$file" 2>"$out/$name.log"
	code=$?
	seconds=$(($(date +%s) - begin))
	printf '%s\t%s\t%s\t%s\n' "$name" "$code" "$seconds" "$file" >>"$out/steps.tsv"
	if [ $code -eq 0 ]; then echo "ok, $seconds s"; else
		failed=1
		echo "FAILED with code $code, see $out/$name.log and $out/$file"
	fi
}
skip() {
	echo "$1 ... skipped: $2"
	printf '%s\tskipped\t0\t%s\n' "$1" "$2" >>"$out/steps.tsv"
}
has() { command -v "$1" >/dev/null 2>&1; }

# Describe the machine.
if has nvidia-smi; then
	step nvidia-smi nvidia-smi.csv nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.memory,power.limit --format=csv
else
	skip nvidia-smi "not here"
fi
uname -srm >"$out/uname.txt"

# Check that results are right.
step driver driver.txt env -u MEDNER_LIBCUDA ./driver.test -test.v -test.run TestSuiteOnRealDriver
step kernels-compare kernels-compare.txt ./kernels.test -test.v -test.run TestKernelsAgainstTheProcessors
step backend-compare backend-compare.txt ./backend.test -test.v
step goldens goldens.txt ./medner-gpu verify "${GOLDENS:-goldens}" --device cuda
if has compute-sanitizer; then
	for tool in memcheck initcheck synccheck racecheck; do
		step "sanitizer-$tool" "sanitizer-$tool.txt" compute-sanitizer --tool "$tool" --error-exitcode 9 ./kernels.test -test.run TestKernelsAgainstTheProcessors
	done
else
	skip sanitizer "compute-sanitizer is not here"
fi

# Measure speed.
set -- # --shape of each
for shape in $shapes; do set -- "$@" --shape "$shape"; done
step bench-kernels bench-kernels.json ./medner-gpu bench kernels --device cuda "$@" --columns "$prompt" --context "$depth" --time "${KERNEL_TIME:-200ms}" -o json
for shape in $shapes; do
	for precision in f32 fast; do
		model="--device cuda --precision $precision --shape $shape -r $repeat -o json"
		# shellcheck disable=SC2086 # flags are words
		step "bench-$shape-$precision" "bench-$shape-$precision.json" ./medner-gpu bench model $model -p "$prompt" -n "$gen" -d "$depth"
		# shellcheck disable=SC2086
		step "batch-$shape-$precision" "batch-$shape-$precision.json" ./medner-gpu bench model $model -p 0 -n "$gen" --parallel "$parallel"
	done
done
if has python3 && python3 -c 'import torch, transformers; assert torch.cuda.is_available()' >/dev/null 2>&1; then
	for shape in $shapes; do
		step "transformers-$shape" "transformers-$shape.json" python3 transformers_bf16.py "$shape" -p "$prompt" -n "$gen" -d "$depth" -r "$repeat"
	done
else
	skip transformers "no python3 with torch, transformers and a GPU"
fi

./report "$out" || failed=1
echo "results: $out/gpu-check.md, $out/gpu-check.json"
exit $failed
