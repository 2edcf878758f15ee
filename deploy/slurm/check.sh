#!/usr/bin/env bash
# check.sh MEDNER MODEL: runs submit.sh on a corpus whose paths have every character that a
# shell obeys, with stand-ins of sbatch, srun and scontrol that run the jobs at once. What
# it merges must be what medner merges by itself. make slurm-check runs a real Slurm.
set -euo pipefail
medner=$(realpath -- "$1")
model=$(realpath -- "$2")
slurm=$(dirname -- "$(realpath -- "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/stand-ins"
cat >"$dir/stand-ins/sbatch" <<'STANDIN'
#!/bin/bash
# Runs a job for each task of its array, and prints its number.
array=0-0
while [[ $1 == -* ]]; do
  [[ $1 != --array=* ]] || array=${1#--array=}
  shift
done
first=${array%%-*} last=${array#*-}
for task in $(seq "$first" "${last%\%*}"); do
  SLURM_ARRAY_TASK_ID=$task SLURM_JOB_ID=1 SLURM_CPUS_PER_TASK=1 bash "$@" >&2 || exit
done
echo '1;a cluster'
STANDIN
printf '#!/bin/bash\nwhile [[ $1 == -* ]]; do shift; done\nexec "$@"\n' >"$dir/stand-ins/srun"
chmod +x "$dir/stand-ins"/*

# submit NAME: submits a corpus in a folder of that name, with NAME in every path, and compares.
submit() {
  local at=$dir/$1
  mkdir -p "$at/in$1"
  ln -s "$medner" "$at/medner$1"
  cp -r "$model" "$at/model$1"
  printf '{"id":"1","text":"Aspirin caused ulcers."}\n{"id":"2","text":"Lithium caused tremor."}\n' >"$at/in$1/a.jsonl"
  cd "$at"
  "$medner" batch plan "./in$1" --shards 2 --out "./manifest$1" 2>/dev/null
  PATH=$dir/stand-ins:$PATH MEDNER=./medner$1 "$slurm/submit.sh" "./manifest$1" "./out$1" "./merged$1.jsonl" --mem=1G -- --model "./model$1" --max-new-tokens 4 >answer 2>log || { cat log; exit 1; }
  [ "$(cat answer)" = "1 1" ] || { echo "answer: $(cat answer)"; exit 1; }
  "$medner" ner "./in$1/a.jsonl" --model "./model$1" --max-new-tokens 4 --format jsonl >expected.jsonl 2>/dev/null
  # The model's name is that of its folder.
  cmp expected.jsonl "merged$1.jsonl" || exit 1
  printf 'submitted and merged below %q\n' "$1"
}
submit plain
submit "it's"
submit ' two  blanks '
submit $'line\nfeed\n'
submit '$HOME `id` $(id) \n'
submit '"*?[a] & ; | < > ! #'
submit '-n'
submit 'é%A,b=c{d}~'
