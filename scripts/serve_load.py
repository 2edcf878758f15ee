#!/usr/bin/env python3
"""Keeps a medner server at the edge of its capacity, beside clients that misbehave, and checks it afterwards.

Starts medner serve with the default model and a short queue. Clients send chats, texts and documents, streamed and not, as fast
as they are answered; some leave in the midst, some read or write slowly, and one request in a hundred is hostile. At the end:

  - each complete answer is the one that the request gets alone (timings, ids and signs of life aside);
  - every refusal is a 429 with Retry-After, every hostile body a 4xx, and nothing is a 5xx or a broken connection;
  - memory grew by less than a tenth from the second fifth of the time to the last, goroutines are as many as before, nothing is in flight;
  - SIGTERM ends the server with exit code 0.

Needs nothing but Python and Linux: scripts/serve_load.py --medner bin/medner --seconds 600
"""
import argparse
import collections
import http.client
import json
import random
import re
import socket
import statistics
import subprocess
import threading
import time

WORDS = "lithium caused tremor in two patients with renal failure after aspirin and clonidine naïve 😀 rash hypertension".split()
VARIABLE = re.compile(r'"(id":"(chatcmpl|cmpl)-[^"]*"|created":\d+|cached_tokens":\d+)|: keep-alive\n\n')


def requests(n):
    """Returns n requests: path, accepted type, body."""
    draw = random.Random(1)
    text = lambda most: " ".join(draw.choice(WORDS) for _ in range(draw.randint(3, most)))
    made = []
    for i in range(n):
        stream, tokens = draw.random() < 0.5, draw.randint(1, 40)
        if i % 3 == 0:
            body = {"messages": [{"role": "user", "content": text(80)}], "max_tokens": tokens, "temperature": draw.choice([0, 1]), "seed": i, "stream": stream}
            made.append(("/v1/chat/completions", "", body))
        elif i % 3 == 1:
            made.append(("/v1/completions", "", {"prompt": text(40), "max_tokens": tokens, "temperature": 0, "stream": stream, "logprobs": 1}))
        else:
            docs = [{"id": str(k), "text": text(120)} for k in range(draw.randint(1, 3))]
            made.append(("/v1/ner", draw.choice(["application/json", "application/x-ndjson"]), {"documents": docs}))
    return made


HOSTILE = [b"{", b"[" * 100000, b'{"prompt":' + b"9" * 5000 + b"}", b'{"messages":[{"role":"user","content":"\xff"}]}', b"\x00" * 100,
           b'{"prompt":"a","n":1000000000}', b'{"prompt":"a","max_tokens":1e308}', b'{"documents":' + b'[{"text":"a"},' * 3000 + b"{}" + b"]" * 3000 + b"}"]


class Load:
    def __init__(self, address, made):
        self.address, self.made = address, made
        self.counts, self.problems = collections.Counter(), []
        self.answers = [None] * len(made)
        self.lock = threading.Lock()

    def connect(self):
        return http.client.HTTPConnection(self.address, timeout=300)

    def send(self, i):
        path, accept, body = self.made[i]
        connection = self.connect()
        headers = {"Content-Type": "application/json"}
        if accept:
            headers["Accept"] = accept
        connection.request("POST", path, json.dumps(body), headers)
        return connection, connection.getresponse()

    def note(self, what, problem=None):
        with self.lock:
            self.counts[what] += 1
            if problem and len(self.problems) < 20:
                self.problems.append(f"{what}: {problem}")

    def alone(self):
        for i in range(len(self.made)):
            connection, answer = self.send(i)
            data = answer.read().decode()
            assert answer.status == 200, data
            self.answers[i] = VARIABLE.sub("", data)
            connection.close()

    def one(self, draw):
        i, kind = draw.randrange(len(self.made)), draw.random()
        if kind < 0.01:
            return self.hostile(draw)
        if kind < 0.06:
            return self.leave(i, draw)
        if kind < 0.09:
            return self.slow_sender(i)
        connection, answer = self.send(i)
        if answer.status == 429:
            answer.read()
            self.refused(answer)
            time.sleep(draw.random())
        elif answer.status != 200:
            self.note(f"status {answer.status}", answer.read()[:300])
        elif kind < 0.12:  # reads slowly
            data = b""
            while part := answer.read(500):
                data += part
                time.sleep(0.01)
            self.check(i, data, "answered, read slowly")
        else:
            self.check(i, answer.read(), "answered")
        connection.close()

    def refused(self, answer):
        self.note("refused, 429", None if answer.getheader("Retry-After") else "no Retry-After")

    def check(self, i, data, what):
        got, expected = VARIABLE.sub("", data.decode(errors="replace")), self.answers[i]
        if got == expected:
            return self.note(what)
        at = next((k for k, (x, y) in enumerate(zip(got, expected)) if x != y), min(len(got), len(expected)))
        self.note(what, f"request {i}, character {at}: found {got[at:at + 200]!r}, expected {expected[at:at + 200]!r}")

    def hostile(self, draw):
        connection = self.connect()
        path = draw.choice(["/v1/chat/completions", "/v1/completions", "/v1/ner", "/v1/convert"])
        try:
            connection.request("POST", path, draw.choice(HOSTILE), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            refused = 400 <= answer.status < 500
            self.note("hostile, refused" if refused else f"hostile, {answer.status}", None if refused else body[:300])
        except (BrokenPipeError, ConnectionResetError):
            self.note("hostile, cut off")
        connection.close()

    def leave(self, i, draw):
        path, _, body = self.made[i]
        data = json.dumps(body).encode()
        with socket.create_connection(self.address.split(":")) as s:
            head = f"POST {path} HTTP/1.1\r\nHost: {self.address}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
            whole = head.encode() + data
            s.sendall(whole[: draw.randint(1, len(whole))] if draw.random() < 0.3 else whole)
            time.sleep(draw.random())
        self.note("left")

    def slow_sender(self, i):
        path, _, body = self.made[i]
        data = json.dumps(body).encode()
        connection = self.connect()
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(data)))
        if self.made[i][1]:
            connection.putheader("Accept", self.made[i][1])
        connection.endheaders()
        for k in range(0, len(data), 100):
            connection.send(data[k : k + 100])
            time.sleep(0.05)
        answer = connection.getresponse()
        if answer.status == 200:
            self.check(i, answer.read(), "answered, sent slowly")
        elif answer.status == 429:
            self.refused(answer)
        else:
            self.note(f"status {answer.status}", answer.read()[:300])
        connection.close()


def metric(address, name):
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return sum(float(m[1]) for m in re.finditer(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1]) / 1024


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--medner", default="bin/medner")
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--clients", type=int, default=64)
    a = arguments.parse_args()
    server = subprocess.Popen([a.medner, "serve", "--listen", "127.0.0.1:0", "--precision", "fast", "--queue", "8"], stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if m := re.search(r"listening on http://([^\s\"]+)", line):
            address = m[1]
            break
    log = []
    threading.Thread(target=lambda: log.extend(line for line in server.stderr if "level=ERROR" in line), daemon=True).start()
    load = Load(address, requests(60))
    load.alone()
    time.sleep(2)
    before = metric(address, "go_goroutines")
    end, memory = time.monotonic() + a.seconds, []

    def client(seed):
        draw = random.Random(seed)
        while time.monotonic() < end:
            try:
                load.one(draw)
            except (OSError, http.client.HTTPException) as problem:
                load.note("broken connection", repr(problem))

    threads = [threading.Thread(target=client, args=(k,)) for k in range(a.clients)]
    start = time.monotonic()
    for t in threads:
        t.start()
    while time.monotonic() < end:
        time.sleep(1)
        memory.append(resident(server.pid))
    for t in threads:
        t.join()
    took = time.monotonic() - start
    for _ in range(60):
        time.sleep(1)
        after, in_flight = metric(address, "go_goroutines"), metric(address, "medner_num_requests_running") + metric(address, "medner_num_requests_waiting")
        if after <= before and in_flight == 0:
            break
    server.terminate()
    code = server.wait(timeout=120)
    fifth = len(memory) // 5
    first, last = statistics.median(memory[fifth : 2 * fifth]), statistics.median(memory[-fifth:])
    print(f"| outcome, {took:.0f} s, {a.clients} clients | requests |\n|---|---:|")
    for what, n in sorted(load.counts.items()):
        print(f"| {what} | {n} |")
    print(f"\nresident memory: median of the second fifth {first:.0f} MB, of the last {last:.0f} MB, most {max(memory):.0f} MB")
    print(f"goroutines: {before:.0f} before, {after:.0f} after; in flight afterwards: {in_flight:.0f}; exit code after SIGTERM: {code}; errors in the log: {len(log)}")
    faults = load.problems + log[:5]
    if last > 1.1 * first or after > before or in_flight or code:
        faults.append("memory, goroutines, what is in flight or the exit code: see above")
    for f in faults:
        print("FAULT", f)
    raise SystemExit(bool(faults))


main()
