#!/usr/bin/env python3
"""Chats with medner serve and with llama.cpp's server, one after the other, on the same model, and prints a table.

Both hold the same GGUF file and two threads. Each of 1, 4 and 16 clients sends chats of about 200 tokens, no two alike, one after
another, and reads streamed answers of 64 tokens. llama.cpp's server is that of PyPI's xllamacpp.

    pip install xllamacpp; scripts/bench_serve_peers.py --medner bin/medner --gguf SmolLM2-135M-Instruct.Q4_1.gguf
"""
import argparse
import http.client
import json
import random
import re
import statistics
import subprocess
import sys
import threading
import time

LLAMA = """
import sys, time, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.n_parallel, p.n_ctx = sys.argv[1], 16, 16 * 1024
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 2
s = xllamacpp.Server(p)
print("listening on", s.listening_address, flush=True)
time.sleep(1e6)
"""
WORDS = "lithium caused tremor in two patients with renal failure after aspirin and clonidine a rash was seen on the day".split()


class Peer:
    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if m := re.search(r"listening on (?:http://)?([\d.]+:\d+)", line):
                self.address = m[1]
                break
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        while self.chat("warm", 2) is None:
            time.sleep(1)

    def chat(self, text, tokens):
        """Returns the seconds to the first token and to the last, and the number of tokens; None if the server isn't ready."""
        connection = http.client.HTTPConnection(self.address, timeout=300)
        body = {"messages": [{"role": "user", "content": text}], "max_tokens": tokens, "temperature": 0, "stream": True, "ignore_eos": True,
                "stream_options": {"include_usage": True}}
        start = time.monotonic()
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status == 503:
            return None
        assert answer.status == 200, answer.read()
        first, written, prompt = None, 0, 0
        for line in answer:
            if line.startswith(b"data: {"):
                event = json.loads(line[6:])
                if event.get("usage"):
                    written, prompt = event["usage"]["completion_tokens"], event["usage"]["prompt_tokens"]
                if first is None and event["choices"] and event["choices"][0]["delta"].get("content"):
                    first = time.monotonic() - start
        return first, time.monotonic() - start, written, prompt

    def load(self, clients, seconds):
        times, lock = [], threading.Lock()
        end = time.monotonic() + seconds

        def client(seed):
            draw = random.Random(f"{self.name}{clients}{seed}")
            while time.monotonic() < end:
                one = self.chat(" ".join(draw.choice(WORDS) for _ in range(150)), 64)
                with lock:
                    times.append(one)

        start = time.monotonic()
        threads = [threading.Thread(target=client, args=(k,)) for k in range(clients)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        took = time.monotonic() - start
        first = sorted(1e3 * t[0] for t in times)
        at = lambda share: first[min(len(first) - 1, int(share * len(first)))]
        print(f"| {self.name} | {clients} | {len(times) / took:.2f} | {sum(t[2] for t in times) / took:.0f} | {at(0.5):.0f} ms | {at(0.99):.0f} ms | {len(times)} |", flush=True)
        self.prompt = statistics.median(t[3] for t in times)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--medner", default="bin/medner")
    arguments.add_argument("--gguf", required=True)
    arguments.add_argument("--seconds", type=float, default=15)
    arguments.add_argument("--rounds", type=int, default=1)
    a = arguments.parse_args()
    medner = [a.medner, "serve", "--model", a.gguf, "--listen", "127.0.0.1:0", "--threads", "2"]
    peers = [("llama.cpp", [sys.executable, "-c", LLAMA, a.gguf]), ("medner fast", medner + ["--precision", "fast"]), ("medner f32", medner)]
    print("| server | clients | requests a second | tokens a second | first token, p50 | p99 | requests |\n|---|---:|---:|---:|---:|---:|---:|")
    for _ in range(a.rounds):
        for name, command in peers:
            peer = Peer(name, command)
            try:
                for clients in (1, 4, 16):
                    peer.load(clients, a.seconds)
            finally:
                peer.process.kill()
                peer.process.wait()
    print(f"\nprompts of {peer.prompt:.0f} tokens, answers of 64")


main()
