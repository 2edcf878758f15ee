#!/usr/bin/env python3
"""Annotates a corpus in shards while its workers are killed, and compares the result.

corpus_check.py --medner BIN [--documents N] [--shards N] [--workers N] [--kills N] [--model DIR] [-- FLAGS OF NER…]

Makes citations (corpus_citations.py), plans them, and runs the shards twice: once
undisturbed by two workers, once by several at a time that are ended by SIGKILL at random.
Both are verified and merged. It fails unless every PMID is there once and both outputs
are equal, and prints rates and the memory of the processes. Without --model the model is
a tiny one of the tests, which tags: the check measures all but the model."""

import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

root = pathlib.Path(__file__).resolve().parent.parent


def say(*words):
    print(*words, flush=True)


def run(command, good=(0,), **more):
    began, before = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in good:
        sys.exit(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done, time.time() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Peak:
    """Watches the memory of processes while they run."""

    def __init__(self):
        self.peaks = {}  # of each process, the most kB so far, each time it was looked at

    def look(self, process):
        try:
            for line in open(f"/proc/{process.pid}/status"):
                if line.startswith("VmHWM"):
                    self.peaks.setdefault(process.pid, []).append(int(line.split()[1]))
        except OSError:
            pass


def work(medner, folder, out, flags, workers, shards, kills, seed, peak):
    """Runs the shards, several at a time; of the processes that are begun first, kills
    are ended by SIGKILL at a random time. Ended processes are begun again."""
    chance = random.Random(seed)
    waiting, running, killed, processes = list(range(shards)), {}, 0, 0
    codes = {}
    typical = []
    while waiting or running:
        while waiting and len(running) < workers:
            shard = waiting.pop(0)
            environment = dict(os.environ, SLURM_ARRAY_TASK_ID=str(shard))
            command = [medner, "batch", "run", "--manifest", folder / "manifest.json", "--out", out, *flags]
            process = subprocess.Popen([str(c) for c in command], env=environment, stderr=subprocess.PIPE, text=True)
            processes += 1
            at = None
            if killed < kills:
                at = time.time() + chance.uniform(0.1, 1.2) * (sum(typical) / len(typical) if typical else 5)
            running[shard] = (process, time.time(), at)
        time.sleep(0.05)
        for shard, (process, began, at) in list(running.items()):
            peak.look(process)
            code = process.poll()
            if code is None:
                if at and time.time() >= at and killed < kills:
                    process.kill()
                    killed += 1
                continue
            del running[shard]
            codes[code] = codes.get(code, 0) + 1
            if code == 0:
                typical.append(time.time() - began)
            elif code in (-9, 75):
                waiting.insert(chance.randrange(len(waiting) + 1), shard)
            else:
                sys.exit(f"shard {shard}: exit code {code}: {process.stderr.read()}")
            process.stderr.close()
    return killed, processes, codes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--medner", required=True)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--shards", type=int, default=20)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sentences", type=int, default=0, help="keep so many sentences of each abstract; 0: all")
    parser.add_argument("--model")
    parser.add_argument("--folder", help="where to work (default: a temporary folder)")
    parser.add_argument("flags", nargs="*", help="flags of medner ner, behind --")
    o = parser.parse_args()
    model = o.model or root / "testdata/goldens-tags/models/llama"
    flags = ["--model", model, "--threads", "1", *(o.flags or ["--task", "chemicals,diseases"])]
    folder = pathlib.Path(o.folder or tempfile.mkdtemp(prefix="medner-corpus-"))
    folder.mkdir(exist_ok=True)
    say(f"# {o.documents} documents, {o.shards} shards, {o.workers} workers, {o.kills} kills, seed {o.seed}")
    say(f"# {subprocess.run([o.medner, 'version'], capture_output=True, text=True).stdout.strip()}, flags {' '.join(map(str, flags)).replace(str(root) + '/', '')}")
    citations = [root / "scripts/corpus_citations.py", root / "testdata/cdr/sample.PubTator", folder / "in", o.documents, 10000, o.sentences]
    made, _, _ = run([sys.executable, *citations])
    say(made.stdout.strip(), f"({o.sentences or 'all'} sentences of each abstract)")

    peak = Peak()
    plan = [o.medner, "batch", "plan", folder / "in", "--shards", o.shards, "--out", folder / "manifest.json"]
    done, wall, cpu = run(plan)
    say(done.stderr.strip(), f"({wall:.1f} s, {cpu:.1f} s of processors)")
    manifest = json.load(open(folder / "manifest.json"))
    count = manifest["documents"]

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.time()
    work(o.medner, folder, folder / "calm", flags, 2, o.shards, 0, o.seed, peak)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say(f"undisturbed, 2 workers: {time.time() - began:.0f} s, {cpu:.0f} s of processors: {60 * count / cpu:.0f} documents a minute and core")
    largest, half = max((marks[-1], marks[len(marks) // 2]) for marks in peak.peaks.values())
    say(f"memory: at most {largest / 1024:.0f} MB in a process; {half / 1024:.0f} MB after half of its time")

    began = time.time()
    killed, processes, codes = work(o.medner, folder, folder / "killed", flags, o.workers, o.shards, o.kills, o.seed, Peak())
    say(f"disturbed, {o.workers} workers: {time.time() - began:.0f} s, {processes} processes, {killed} of them killed; exit codes {dict(sorted(codes.items()))}")

    for name in ("calm", "killed"):
        done, wall, cpu = run([o.medner, "batch", "verify", "--manifest", folder / "manifest.json", "--out", folder / name], good=(0, 3))
        say(f"verify {name}: {done.stdout.strip()} ({wall:.1f} s)")
        done, wall, cpu = run([o.medner, "batch", "merge", "--manifest", folder / "manifest.json", "--out", folder / name, "--output", folder / f"{name}.jsonl"], good=(0, 3))
        say(f"merge {name}: {done.stderr.strip()} ({wall:.1f} s)")
    pmids = [json.loads(line)["id"] for line in open(folder / "calm.jsonl")]
    if len(pmids) != count or len(set(pmids)) != count:
        sys.exit(f"{len(pmids)} results of {len(set(pmids))} PMIDs, expected {count}")
    say(f"{count} PMIDs, each once")
    if subprocess.run(["cmp", folder / "calm.jsonl", folder / "killed.jsonl"]).returncode:
        sys.exit("the outputs differ")
    say(f"both outputs are equal: {os.path.getsize(folder / 'calm.jsonl')} bytes")
    if not o.folder:
        shutil.rmtree(folder)


main()
