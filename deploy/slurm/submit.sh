#!/bin/bash
# Submits a corpus to Slurm: an array with a task for each shard, and a job behind it that
# merges, which runs when every shard is complete.
#
#   submit.sh MANIFEST OUT MERGED [FLAGS OF sbatch…] -- [FLAGS OF medner batch run…]
#
# MEDNER names the program (default: medner), LIMIT how many tasks run at once (default: 100).
# Paths and flags may have any characters: they reach the jobs as variables and as arguments.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
case ${BASH_SOURCE[0]} in */*) here=${BASH_SOURCE[0]%/*} ;; *) here=. ;; esac
# absolute NAME PATH: sets a variable to the absolute path. $(…) alone would cut line feeds off its end.
absolute() {
  local path
  path=$(realpath -m -- "$2" && echo .)
  printf -v "$1" %s "${path%$'\n'.}"
}
absolute MANIFEST "$1"
absolute OUT "$2"
absolute MERGED "$3"
[ -r "$MANIFEST" ] || { echo "submit.sh: $MANIFEST: no manifest that can be read; 'medner batch plan' writes one" >&2; exit 65; }
shift 3
slurm=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do slurm+=("$1"); shift; done
[ $# -eq 0 ] || shift
MEDNER=${MEDNER:-medner}
command -v -- "$MEDNER" >/dev/null || { echo "submit.sh: $MEDNER: no such program; name it with MEDNER" >&2; exit 2; }
case $MEDNER in */*) absolute MEDNER "$MEDNER" ;; esac
export MANIFEST OUT MERGED MEDNER
mkdir -p -- "$OUT"

shards=$(grep -c '^   "shard":' -- "$MANIFEST") || { echo "submit.sh: $MANIFEST: no shards; 'medner batch plan' writes manifests" >&2; exit 65; }
array=$(sbatch --parsable --export=ALL "--array=0-$((shards - 1))%${LIMIT:-100}" "${slurm[@]}" "$here/medner.sbatch" "$@")
array=${array%%;*} # a cluster's name may follow
merge=$(sbatch --parsable --export=ALL --dependency="afterok:$array" "${slurm[@]}" --cpus-per-task=1 "$here/merge.sbatch")
echo "$array ${merge%%;*}"
