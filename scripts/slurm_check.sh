#!/usr/bin/env bash
# Runs deploy/slurm on a real Slurm of one node, on loopback: Debian's packages slurmctld,
# slurmd and munge, which are installed where they are missing. Needs root, as slurmd does.
# Workers are killed, preempted and drained, disks are full, settings change; in the end
# the merged output must be that of an undisturbed run.
#
#   slurm_check.sh MEDNER
set -euo pipefail
medner=$(realpath "$1")
repo=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 1; }
if ! command -v slurmctld slurmd sbatch munged >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
fi
dir=$(mktemp -d /tmp/medner-slurm.XXXXXX)
chmod 755 "$dir"
host=$(hostname -s)
mkdir -p "$dir"/{state,spool,run} "$dir/full"
pids=()
cleanup() {
  code=$?
  scancel --user=root 2>/dev/null || true
  for _ in $(seq 60); do [ -n "$(squeue -h 2>/dev/null)" ] || break; sleep 0.5; done
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  umount "$dir/full" 2>/dev/null || true
  if [ $code != 0 ]; then for log in "$dir"/*.log; do echo "== $log"; tail -n 20 "$log"; done >&2; fi
  rm -rf "$dir"
}
trap cleanup EXIT
say() { printf '%s\n' "$*"; }
die() { say "FAILED: $*"; exit 1; }
# until_true SECONDS WHAT COMMAND…: waits until the command succeeds.
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ $SECONDS -lt $end ] || die "waited in vain for: $what"
    sleep 0.2
  done
}

say "# $(slurmd -V 2>&1), $("$medner" version)"
dd if=/dev/urandom of="$dir/munge.key" bs=128 count=1 status=none
chmod 400 "$dir/munge.key"
chown root "$dir/munge.key"
munged --foreground --force --key-file="$dir/munge.key" --socket="$dir/run/munge.socket" --pid-file="$dir/run/munged.pid" \
  --log-file="$dir/munged.log" --seed-file="$dir/run/seed" >/dev/null 2>&1 &
pids+=($!)
until_true 30 munged test -S "$dir/run/munge.socket"
cat >"$dir/slurm.conf" <<CONF
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
KillWait=2
MinJobAge=3600
SchedulerParameters=sched_interval=1,bf_interval=1
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES State=UP PriorityTier=1 GraceTime=20
PartitionName=urgent Nodes=$host State=UP PriorityTier=10 PreemptMode=OFF
CONF
: >"$dir/cgroup.conf"
export SLURM_CONF=$dir/slurm.conf
slurmctld -D -c >/dev/null 2>&1 &
pids+=($!)
slurmd -D -N "$host" >/dev/null 2>&1 &
pids+=($!)
ready() { sinfo -h -o %T 2>/dev/null | grep -q idle; }
until_true 60 "an idle node" ready
say "node $host is idle"

# A corpus of 5 shards of some seconds each, in a folder whose name a shell would obey.
odd=$'it\'s "out" $HOME'
out=$dir/$odd
cd "$dir"
python3 "$repo/scripts/corpus_citations.py" "$repo/testdata/cdr/sample.PubTator" in 700 >/dev/null
flags=(--model "$repo/testdata/goldens/tiny-llama" --max-new-tokens 8)
batch() { "$medner" batch "$1" --manifest "$dir/manifest.json" --out "$dir/$2" "${@:3}"; }
"$medner" batch plan in --shards 5 2>/dev/null --out manifest.json
batch run calm "${flags[@]}" 2>/dev/null
batch merge calm --output calm.jsonl 2>/dev/null
say "undisturbed: $(sha256sum <calm.jsonl | cut -c1-16)"

export MEDNER=$medner LIMIT=2
small=(--cpus-per-task=1 --mem=100M --time=10 --chdir="$dir")
read -r array merge < <("$repo/deploy/slurm/submit.sh" manifest.json "$odd" "$odd.jsonl" "${small[@]}" -- "${flags[@]}" --grace 10s)
say "submitted: array $array, merge $merge"
# begun SHARD: a worker has done some documents of the shard.
begun() { batch status "$odd" --json | python3 -c "
import json, sys
s = json.load(sys.stdin)['shards'][$1]
sys.exit(not (s['state'] == 'running' and s['done'] > 3))"; }
complete() { [ -e "$out/shard-0000$1.done" ]; }
restarts() { scontrol show job "${array}_$1" | grep -o 'Restarts=[0-9]*' | head -1; }

until_true 120 "shard 0 to begin" begun 0
pid=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["pid"])' "$out/shard-00000.lease")
if batch run "$odd" "${flags[@]}" --shard 0 --wait 0s 2>two.txt; then die "two workers on one shard"; else code=$?; fi
[ $code = 75 ] || die "exit code $code of a second worker"
say "two workers on one shard: exit code 75: $(grep works two.txt)"
kill -9 "$pid"
say "shard 0: process $pid killed in mid-shard"

until_true 120 "shard 1 to begin" begun 1
sbatch --parsable --partition=urgent --cpus-per-task=2 --mem=100M --time=1 --chdir="$dir" --output=urgent.log --wrap="sleep 2" >/dev/null
preempted() { grep -q "after SIGTERM\|SIGTERM: the documents" "$dir"/medner-"${array}"_*.log; }
until_true 120 "a task to be preempted" preempted
say "preempted: $(grep -l "SIGTERM: the documents" medner-"${array}"_*.log | wc -l) task(s) got SIGTERM, finished what they had begun and went back into the queue"

until_true 240 "shard 2 to begin" begun 2
scontrol update nodename="$host" state=drain reason=check
say "node drained: $(sinfo -h -o %T)"
drained() { sinfo -h -o %T | grep -q '^drained'; }
until_true 120 "the node to be empty" drained
say "node is empty: $(batch status "$odd" | tail -1)"
scontrol update nodename="$host" state=resume

merged() { [ -e "$out.jsonl" ]; }
until_true 400 "the merge" merged
for i in 0 1 2 3 4; do say "shard $i: $(restarts $i), $(grep -c "put back\|SIGTERM: the doc" "medner-${array}_$i.log" || true) line(s) of ends, $(grep 'medner: shard' "medner-${array}_$i.log" | tail -1)"; done
cmp calm.jsonl "$odd.jsonl" || die "the merged output differs"
say "merged by the job behind the array: $(sha256sum <"$odd.jsonl" | cut -c1-16), the same"

# Other settings are refused: exit code 65, no requeue.
id=$(MANIFEST=$dir/manifest.json OUT=$out sbatch --parsable --export=ALL --array=3 "${small[@]}" "$repo/deploy/slurm/medner.sbatch" "${flags[@]}" --precision fast)
failed() { scontrol show job "${id}_3" | grep -q "JobState=FAILED"; }
until_true 120 "a failed task" failed
scontrol show job "${id}_3" | grep -q "ExitCode=65:0" || die "another exit code: $(scontrol show job "${id}_3" | grep -o 'ExitCode=[0-9:]*')"
say "changed settings: $(scontrol show job "${id}_3" | grep -o 'ExitCode=[0-9:]*'): $(grep found "medner-${id}_3.log" | sed "s|$dir|DIR|")"

# A full disk: an error, nothing half-written, and the rest when there is room.
mount -t tmpfs -o size=64k tmpfs "$dir/full"
if batch run full "${flags[@]}" --shard 1 2>full.txt; then die "a full disk was no error"; else code=$?; fi
say "full disk: exit code $code: $(grep -h 'medner:' full.txt | tail -1 | sed "s|$dir|DIR|g; s|\.[A-Z0-9]\{26\}|.TOKEN|g")"
[ $code = 1 ] || die "exit code $code"
[ ! -e full/shard-00001.done ] && [ ! -e full/shard-00001.jsonl ] || die "half a shard has its name"
mount -o remount,size=8m "$dir/full"
batch run full "${flags[@]}" --shard 1 2>full.txt
say "with room: $(tail -1 full.txt)"
cmp full/shard-00001.jsonl calm/shard-00001.jsonl || die "the shard differs"
say "OK"
