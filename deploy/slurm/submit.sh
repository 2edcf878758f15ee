#!/bin/bash
# Submits a corpus to Slurm: an array with a task for each shard, and a job behind it that
# merges, which runs when every shard is complete.
#
#   submit.sh MANIFEST OUT MERGED [FLAGS OF sbatch…] -- [FLAGS OF medner batch run…]
#
# MEDNER names the program (default: medner), LIMIT how many tasks run at once (default: 100).
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
MANIFEST=$(realpath "$1") OUT=$(realpath -m "$2") merged=$(realpath -m "$3")
shift 3
slurm=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do slurm+=("$1"); shift; done
[ $# -eq 0 ] || shift
FLAGS=$*
MEDNER=$(command -v "${MEDNER:-medner}")
export MANIFEST OUT FLAGS MEDNER
mkdir -p "$OUT"

shards=$(grep -c '^   "shard":' "$MANIFEST")
array=$(sbatch --parsable --export=ALL "--array=0-$((shards - 1))%${LIMIT:-100}" "${slurm[@]}" "$(dirname "$0")/medner.sbatch")
merge=$(sbatch --parsable --dependency="afterok:$array" --job-name=medner-merge --output="medner-merge-%j.log" "${slurm[@]}" --cpus-per-task=1 \
  --wrap="'$MEDNER' batch merge --manifest '$MANIFEST' --out '$OUT' --output '$merged' || [ \$? = 3 ]")
echo "$array $merge"
