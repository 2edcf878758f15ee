"""Measures medner beside llama.cpp on this machine, in turn, and prints a Markdown table.

pip install numpy safetensors gguf llama-cpp-python
python scripts/bench_peers.py --medner bin/medner --work DIR [--shapes smollm2-135m,llama-3.2-1b] [--rounds 5] [--threads N] [--json FILE]

Each round runs every contender once, in one order and then in the other, so that a busy spell of a
shared machine hits all of them. Reported: median over rounds, and the range. Weights are random; the
shapes are real. llama.cpp is driven through its C API (llama-cpp-python's low-level binding), so
that no Python stands between two tokens but the call itself.
"""
import argparse, json, os, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))


def llama_cpp(path, n_prompt, n_gen, threads):
    """One run of llama.cpp: seconds for the prompt in one batch, and for n_gen single tokens from an empty context."""
    import ctypes
    import llama_cpp as L
    L.llama_backend_init()
    quiet = L.llama_log_callback(lambda *a: None)
    L.llama_log_set(quiet, ctypes.c_void_p(0))
    model = L.llama_model_load_from_file(path.encode(), L.llama_model_default_params())
    params = L.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = max(n_prompt, n_gen) + 16, 512, 512
    params.n_threads = params.n_threads_batch = threads
    ctx = L.llama_init_from_model(model, params)

    def tokens(n):
        return (L.llama_token * n)(*[3 + (7 * i) % 250 for i in range(n)])

    def clear():
        L.llama_memory_clear(L.llama_get_memory(ctx), True)

    def prompt():
        clear()
        ids = tokens(n_prompt)
        start = time.perf_counter()
        assert L.llama_decode(ctx, L.llama_batch_get_one(ids, n_prompt)) == 0
        L.llama_get_logits_ith(ctx, -1)
        return time.perf_counter() - start

    def decode(n):
        clear()
        ids = tokens(n)
        start = time.perf_counter()
        for i in range(n):
            one = (L.llama_token * 1)(ids[i])
            assert L.llama_decode(ctx, L.llama_batch_get_one(one, 1)) == 0
            L.llama_get_logits_ith(ctx, -1)
        return time.perf_counter() - start

    prompt(), decode(8)  # warm up
    print(json.dumps({f"pp{n_prompt}": n_prompt / prompt(), f"tg{n_gen}": n_gen / decode(n_gen)}))


def run_llama_cpp(path, a):
    out = subprocess.run([sys.executable, __file__, "--llama-cpp", path, "-p", str(a.p), "-n", str(a.n), "--threads", str(a.threads)], check=True, capture_output=True, text=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


def run_medner(path, a, precision, env):
    out = subprocess.run([a.medner, "bench", "model", "--model", path, "--precision", precision, "--threads", str(a.threads), "-p", str(a.p), "-n", str(a.n), "-r", "1", "-o", "json"],
                         check=True, capture_output=True, text=True, env={**os.environ, **env})
    return {t["test"]: t["avg_ts"] for t in json.loads(out.stdout)}


def make(shape, kind, head, path):
    if not os.path.exists(path):
        subprocess.run([sys.executable, os.path.join(HERE, "make_shape.py"), "--shape", shape, "--format", kind, "--head", head, path], check=True)
    return path


def main(a):
    os.makedirs(a.work, exist_ok=True)
    rows = []
    for shape in a.shapes.split(","):
        nf4 = make(shape, "nf4", "q8_0", os.path.join(a.work, shape + "-nf4"))
        contenders = {
            "llama.cpp Q4_0, f16 head": lambda p=make(shape, "q4_0", "f16", os.path.join(a.work, shape + "-q4_0-f16.gguf")): run_llama_cpp(p, a),
            "llama.cpp Q4_0, Q8_0 head": lambda p=make(shape, "q4_0", "q8_0", os.path.join(a.work, shape + "-q4_0-q8_0.gguf")): run_llama_cpp(p, a),
            "medner NF4 f32": lambda: run_medner(nf4, a, "f32", {}),
            "medner NF4 fast": lambda: run_medner(nf4, a, "fast", {}),
        }
        measured = {name: [] for name in contenders}
        for r in range(a.rounds):
            for name in list(contenders) if r % 2 == 0 else reversed(list(contenders)):
                measured[name].append(contenders[name]())
                print(shape, r, name, measured[name][-1], file=sys.stderr)
        for name, runs in measured.items():
            rows.append({"shape": shape, "engine": name, **{t: {"median": statistics.median(x[t] for x in runs), "min": min(x[t] for x in runs), "max": max(x[t] for x in runs)} for t in runs[0]}})
    if a.json:
        json.dump(rows, open(a.json, "w"), indent=1)
    print(f"| shape | engine | pp{a.p} tok/s | range | tg{a.n} tok/s | range |\n|---|---|---:|---|---:|---|")
    for r in rows:
        pp, tg = r[f"pp{a.p}"], r[f"tg{a.n}"]
        print(f"| {r['shape']} | {r['engine']} | {pp['median']:.0f} | {pp['min']:.0f}–{pp['max']:.0f} | {tg['median']:.1f} | {tg['min']:.1f}–{tg['max']:.1f} |")


p = argparse.ArgumentParser()
p.add_argument("--medner", default="bin/medner")
p.add_argument("--work", default="/tmp/medner-bench")
p.add_argument("--shapes", default="smollm2-135m,llama-3.2-1b")
p.add_argument("--rounds", type=int, default=5)
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
p.add_argument("--json")
p.add_argument("--llama-cpp", help=argparse.SUPPRESS)
p.add_argument("-p", type=int, default=512)
p.add_argument("-n", type=int, default=128)
args = p.parse_args()
if args.llama_cpp:
    llama_cpp(args.llama_cpp, args.p, args.n, args.threads)
else:
    main(args)
