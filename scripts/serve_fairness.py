#!/usr/bin/env python3
"""Measures what a big job costs a person beside it, and what HTTP costs the job.

Starts medner serve with the default model, and prints a table of
  - the time to the first token of a short chat, on an idle server and while one request annotates 20 documents, or as many as there are;
  - documents a minute of POST /v1/ner beside those of medner ner, in turn, on the same documents.
Needs nothing but Python. Say `--medner bin/medner`; run it on a quiet machine.
"""
import argparse
import http.client
import json
import re
import statistics
import subprocess
import threading
import time


def documents(path, n):
    """Returns the texts of the first n articles of a PubTator file."""
    found = []
    for block in open(path, encoding="utf-8").read().strip().split("\n\n"):
        lines = dict(line.split("|", 2)[1:] for line in block.split("\n")[:2])
        found.append({"id": block.split("|")[0], "title": lines["t"], "text": lines["a"]})
    return found[:n]


class Server:
    def __init__(self, medner, precision):
        self.process = subprocess.Popen([medner, "serve", "--listen", "127.0.0.1:0", "--precision", precision], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if m := re.search(r"listening on http://([^\s\"]+)", line):
                self.address = m[1]
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def post(self, path, body):
        connection = http.client.HTTPConnection(self.address, timeout=600)
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        return connection.getresponse()

    def first_token(self, n):
        """Returns the seconds to the first token of a chat that nobody has asked before."""
        question = f"Question {n}: name a drug for high blood pressure, and one of its side effects, in a sentence."
        start = time.monotonic()
        answer = self.post("/v1/chat/completions", {"messages": [{"role": "user", "content": question}], "max_tokens": 4, "temperature": 0, "stream": True})
        assert answer.status == 200, answer.read()
        while not answer.readline().startswith(b"data: {"):
            pass
        first = time.monotonic() - start
        answer.read()
        return first

    def annotate(self, docs):
        answer = self.post("/v1/ner", {"documents": docs})
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body)["documents"]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--medner", default="bin/medner")
    arguments.add_argument("--precision", default="fast")
    arguments.add_argument("--articles", default="testdata/cdr/sample.PubTator")
    arguments.add_argument("--rounds", type=int, default=2)
    a = arguments.parse_args()
    docs = documents(a.articles, 40)
    server = Server(a.medner, a.precision)
    try:
        server.first_token(-1)
        idle = [server.first_token(n) for n in range(20)]
        done = threading.Event()

        def job():
            server.annotate([{**d, "id": str(i)} for i, d in enumerate(docs[:20])])
            done.set()

        thread = threading.Thread(target=job)
        thread.start()
        time.sleep(0.5)
        busy = []
        while not done.is_set() and len(busy) < 60:
            first = server.first_token(1000 + len(busy))
            if not done.is_set():
                busy.append(first)
            time.sleep(0.1)
        thread.join()
        print("| time to the first token of a chat | median | most | chats |\n|---|---:|---:|---:|")
        for name, times in (("idle", idle), (f"beside {len(docs[:20])} documents", busy)):
            print(f"| {name} | {1e3 * statistics.median(times):.0f} ms | {1e3 * max(times):.0f} ms | {len(times)} |")
        print(f"\nratio of the medians: {statistics.median(busy) / statistics.median(idle):.2f}\n")
        served, command = [], []
        for n in range(a.rounds):
            start = time.monotonic()
            server.annotate(docs)
            served.append(time.monotonic() - start)
        stopped = time.monotonic()
        server.process.terminate()
        server.process.wait()
        lines = "".join(json.dumps(d) + "\n" for d in docs)
        for n in range(a.rounds):
            start = time.monotonic()
            subprocess.run([a.medner, "ner", "-", "--format", "jsonl", "--precision", a.precision], input=lines, text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            command.append(time.monotonic() - start)
        print(f"| {len(docs)} articles | documents a minute, {a.rounds} runs |\n|---|---|")
        for name, times in (("POST /v1/ner, a server that is ready", served), ("medner ner, loading included", command)):
            print(f"| {name} | {', '.join(f'{60 * len(docs) / t:.1f}' for t in times)} |")
    finally:
        server.process.kill()


main()
