"""Measures medner beside llama.cpp on this machine, in turn, and prints a Markdown table.

pip install numpy safetensors gguf llama-cpp-python
python scripts/bench_peers.py --medner bin/medner --work DIR [--shapes smollm2-135m,llama-3.2-1b,llama-3.2-3b] [--rounds 5] [--threads N] [--log FILE]

python scripts/bench_peers.py --medner bin/medner --work DIR -p 8192 -n 32 --depth 8192 --kv f16
                              a long prompt, and decoding behind 8,192 tokens

python scripts/bench_peers.py --medner bin/medner --work DIR --shapes mistral-7b --weights awq-128 -p 128 -n 32
                              medner with random 4-bit integers with zeros (bench model --shape), beside Q4_0

With --log each run is appended to FILE as a line of JSON, so that a long measurement can be made in parts (--first is
the number of the next round: odd rounds run in the other order); --report prints the table of FILE and measures nothing.

Each round runs every contender once, in one order and then in the other, so that a busy time of a shared machine
affects all of them. The report has the median over rounds and the range. Weights are random; the shapes are real.
llama.cpp is called through its C API (llama-cpp-python's low-level binding), so that between two tokens Python does
nothing but the call. If ik_llama.cpp is there (pip install ik-llama-cpp-python), it is called in the same way, with
weights repacked and in large pages: as its wheel has it, which is built for AVX2, and with --native-fork LIBRARY, a
libllama.so that scripts/build_ik_llama.sh builds for this processor. If OpenVINO is there (pip install openvino
optimum-intel nncf torch transformers), the same shape is made for it and run with its own settings.

Memory's bandwidth on a shared machine may double or halve from one minute to the next. So each run has the bandwidth
that `medner bench roofline` measured right before it ("read"), and --report prints each engine's median of it.
"""
import argparse, importlib.util, json, os, re, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))


BATCH = 512  # tokens of a prompt that a step reads


def llama_cpp(path, n_prompt, n_gen, depth, kv, threads, fork):
    """Runs llama.cpp, or its fork ik_llama.cpp, once; prints the speeds of the prompt, and of n_gen single tokens behind depth others."""
    import ctypes
    if fork:
        from ik_llama_cpp import _ctypes_api as L
        from ik_llama_cpp._internals import make_batch_range
    else:
        import llama_cpp as L
    L.llama_backend_init()
    settings = L.llama_model_default_params()
    if fork:
        settings.repack_tensors, settings.use_thp = True, True
    else:
        quiet = L.llama_log_callback(lambda *a: None)
        L.llama_log_set(quiet, ctypes.c_void_p(0))
    model = L.llama_model_load_from_file(path.encode(), settings)
    params = L.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = max(n_prompt, depth + n_gen) + 16, BATCH, BATCH
    params.type_k = params.type_v = {"f32": 0, "f16": 1}[kv or "f16"]
    params.n_threads = params.n_threads_batch = threads
    ctx = L.llama_init_from_model(model, params)

    def tokens(n):
        return [3 + (7 * i) % 250 for i in range(n)]

    def batch(ids, at):
        if fork:
            return make_batch_range(ids, pos_start=at)
        kept.append((L.llama_token * len(ids))(*ids))
        return L.llama_batch_get_one(kept[-1], len(ids))

    kept = []  # the numbers that batches point to

    def clear():
        if fork:
            L.llama_kv_cache_clear(ctx)
        else:
            L.llama_memory_clear(L.llama_get_memory(ctx), True)

    def prompt(n):
        clear()
        start = time.perf_counter()
        for at in range(0, n, BATCH):
            assert L.llama_decode(ctx, batch(tokens(n)[at:at + BATCH], at)) == 0
        L.llama_get_logits_ith(ctx, -1)
        return time.perf_counter() - start

    def decode(n):
        prompt(depth) if depth else clear()
        steps = [batch([token], depth + i) for i, token in enumerate(tokens(n))]
        start = time.perf_counter()
        for one in steps:
            assert L.llama_decode(ctx, one) == 0
            L.llama_get_logits_ith(ctx, -1)
        return time.perf_counter() - start

    prompt(min(n_prompt, BATCH)), decode(8)  # warm up
    speeds = {f"pp{n_prompt}": n_prompt / prompt(n_prompt)} if n_prompt else {}
    print(json.dumps({**speeds, name("tg", n_gen, depth): n_gen / decode(n_gen)}))


def openvino(path, n_prompt, n_gen, depth, threads):
    """Does with OpenVINO what llama_cpp does."""
    import numpy as np
    import openvino as ov
    request = ov.Core().compile_model(os.path.join(path, "openvino_model.xml"), "CPU", {"INFERENCE_NUM_THREADS": threads}).create_infer_request()

    def step(ids, at):
        request.infer({"input_ids": np.array([ids], np.int64), "attention_mask": np.ones((1, at + len(ids)), np.int64),
                       "position_ids": np.arange(at, at + len(ids), dtype=np.int64)[None], "beam_idx": np.zeros(1, np.int32)})

    def prompt(n):
        request.reset_state()
        ids, start = [3 + (7 * i) % 250 for i in range(n)], time.perf_counter()
        for at in range(0, n, BATCH):
            step(ids[at:at + BATCH], at)
        return time.perf_counter() - start

    def decode(n):
        prompt(depth)
        start = time.perf_counter()
        for i in range(n):
            step([3 + (7 * i) % 250], depth + i)
        return time.perf_counter() - start

    prompt(min(n_prompt, BATCH)), decode(8)  # warm up
    speeds = {f"pp{n_prompt}": n_prompt / prompt(n_prompt)} if n_prompt else {}
    print(json.dumps({**speeds, name("tg", n_gen, depth): n_gen / decode(n_gen)}))


def name(test, n, depth):
    """Names a test as medner bench model does."""
    return f"{test}{n}" + (f" @ d{depth}" if depth else "")


def run_llama_cpp(path, a, fork=False, library=None):
    env = {**os.environ, "IK_LLAMA_CPP_LIB_PATH": library} if library else None
    out = subprocess.run([sys.executable, __file__, "--llama-cpp", path, *(["--fork"] if fork else []), "-p", str(a.p), "-n", str(a.n), "--depth", str(a.depth), *(["--kv", a.kv] if a.kv else []), "--threads", str(a.threads)],
                         check=True, capture_output=True, text=True, env=env)
    # A tied head is read whole for every token, so decoding reads the whole file once for each.
    return {**json.loads(out.stdout.strip().splitlines()[-1]), "bytes": os.path.getsize(path)}


def run_openvino(path, a):
    out = subprocess.run([sys.executable, __file__, "--openvino", path, "-p", str(a.p), "-n", str(a.n), "--depth", str(a.depth), "--threads", str(a.threads)], check=True, capture_output=True, text=True)
    return {**json.loads(out.stdout.strip().splitlines()[-1]), "bytes": os.path.getsize(os.path.join(path, "openvino_model.bin"))}


def run_medner(model, a, precision):
    out = subprocess.run([a.medner, "bench", "model", *model, "--precision", precision, "--kv-dtype", a.kv or "f32", "--context", str(max(2048, a.p, a.depth + a.n + 16)),
                          "--threads", str(a.threads), "-p", str(a.p), "-n", str(a.n), "-d", str(a.depth), "-r", "1", "-o", "json"],
                         check=True, capture_output=True, text=True)
    tests = json.loads(out.stdout)
    return {**{t["test"]: t["avg_ts"] for t in tests}, "bytes": tests[-1]["bytes_per_token"], "bandwidth": tests[-1]["bandwidth_gb_per_s"]}


def read_bandwidth(a):
    """Returns the GB/s that the threads read from memory now."""
    out = subprocess.run([a.medner, "bench", "roofline", "--threads", str(a.threads), "--time", "100ms", "-o", "json"], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)["read_gb_per_s"]


def processor():
    """Returns the processor's name and family, which say which generation it is."""
    lines = dict(line.split(":", 1) for line in open("/proc/cpuinfo").read().split("\n\n")[0].splitlines() if ":" in line)
    named = {k.strip(): v.strip() for k, v in lines.items()}
    return ", ".join(f"{k} {named[k]}" for k in ("model name", "cpu family", "model", "stepping") if k in named)


def make(shape, kind, head, path):
    if not os.path.exists(path):
        subprocess.run([sys.executable, os.path.join(HERE, "make_shape.py"), "--shape", shape, "--format", kind, "--head", head, path], check=True)
    return path


def contenders(shape, a):
    q8 = make(shape, "q4_0", "q8_0", os.path.join(a.work, shape + "-q4_0-q8_0.gguf"))
    peers = {}
    if importlib.util.find_spec("ik_llama_cpp"):
        peers["ik_llama.cpp Q4_0, Q8_0 head"] = lambda: run_llama_cpp(q8, a, True)
        if a.native_fork:
            peers["ik_llama.cpp, native build"] = lambda: run_llama_cpp(q8, a, True, a.native_fork)
    if importlib.util.find_spec("openvino") and importlib.util.find_spec("optimum"):
        bits4 = make(shape, "openvino", "q8_0", os.path.join(a.work, shape + "-openvino"))
        peers["OpenVINO, 4 bits, 8-bit head"] = lambda: run_openvino(bits4, a)
    if a.weights:
        model = ["--shape", shape, "--weights", a.weights]
        return {
            "llama.cpp Q4_0, Q8_0 head": lambda: run_llama_cpp(q8, a), **peers,
            f"medner {a.weights} f32": lambda: run_medner(model, a, "f32"),
            f"medner {a.weights} fast": lambda: run_medner(model, a, "fast"),
        }
    nf4, rounded = ["--shape", shape], ["--shape", shape, "--weights", "nf4-bf16"]
    f16 = make(shape, "q4_0", "f16", os.path.join(a.work, shape + "-q4_0-f16.gguf"))
    return {
        "llama.cpp Q4_0, f16 head": lambda: run_llama_cpp(f16, a),
        "llama.cpp Q4_0, Q8_0 head": lambda: run_llama_cpp(q8, a), **peers,
        "medner NF4 f32": lambda: run_medner(nf4, a, "f32"),
        "medner NF4 f32, bf16 states": lambda: run_medner(rounded, a, "f32"),
        "medner NF4 fast": lambda: run_medner(nf4, a, "fast"),
    }


def report(runs):
    """Prints medians and ranges; the share is of the read bandwidth that was measured right before the run. Bytes are those of weights."""
    def cell(values, digits):
        return "| " if not values else f"{statistics.median(values):.{digits}f} | {min(values):.{digits}f}–{max(values):.{digits}f}"
    print(processor() + "\n")
    for r in runs:
        r["tests"] = r["shape"] + "".join(", " + k for k in r if k[:2] in ("pp", "tg")) + (", medner " + r["build"] if "build" in r else "")
    for tests in dict.fromkeys(r["tests"] for r in runs):
        print("| tests | engine | runs | prompt tok/s | range | decode tok/s | range | MB a token | GB/s | of read bandwidth |\n|---|---|---:|---:|---|---:|---|---:|---:|---:|")
        for engine in dict.fromkeys(r["engine"] for r in runs if r["tests"] == tests):
            mine = [r for r in runs if r["tests"] == tests and r["engine"] == engine]
            prompt, decode = ([v for r in mine for k, v in r.items() if k.startswith(t)] for t in ("pp", "tg"))
            rate = [d * r["bytes"] / 1e9 for d, r in zip(decode, mine)]
            share = [100 * g / r["read"] for g, r in zip(rate, mine) if "read" in r]
            print(f"| {tests} | {engine} | {len(mine)} | {cell(prompt, 0)} | {cell(decode, 1)} | {mine[0]['bytes'] / 1e6:.0f} | {statistics.median(rate):.1f} | {statistics.median(share or [0]):.0f} % |")
        seen = [r["read"] for r in runs if r["tests"] == tests and "read" in r]
        print(f"\n{tests}: read bandwidth {min(seen):.1f} to {max(seen):.1f} GB/s.\n" if seen else "")


def main(a):
    runs = []
    if a.report:
        return report([json.loads(line) for line in open(a.log)])
    os.makedirs(a.work, exist_ok=True)
    build = subprocess.run([a.medner, "version"], check=True, capture_output=True, text=True).stdout.split()[1]
    for shape in a.shapes.split(","):
        engines = {k: run for k, run in contenders(shape, a).items() if re.search(a.only, k)}
        for r in range(a.first, a.first + a.rounds):
            for name in list(engines) if r % 2 == 0 else reversed(list(engines)):
                runs.append({"shape": shape, "build": build, "engine": name, "round": r, "read": read_bandwidth(a), **engines[name]()})
                print(runs[-1], file=sys.stderr)
                if a.log:
                    with open(a.log, "a") as f:
                        f.write(json.dumps(runs[-1]) + "\n")
    report(runs)


p = argparse.ArgumentParser()
p.add_argument("--medner", default="bin/medner")
p.add_argument("--work", default="/tmp/medner-bench")
p.add_argument("--shapes", default="smollm2-135m,llama-3.2-1b")
p.add_argument("--rounds", type=int, default=5)
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
p.add_argument("--first", type=int, default=0)
p.add_argument("--log")
p.add_argument("--native-fork", help="a libllama.so of ik_llama.cpp built for this processor: scripts/build_ik_llama.sh prints its path")
p.add_argument("--report", action="store_true")
p.add_argument("--weights", help="medner's weights, made by bench model --shape: nf4, awq-32, awq-64, awq-128, awq-row")
p.add_argument("--llama-cpp", help=argparse.SUPPRESS)
p.add_argument("--openvino", help=argparse.SUPPRESS)
p.add_argument("--fork", action="store_true", help=argparse.SUPPRESS)
p.add_argument("-p", type=int, default=512)
p.add_argument("-n", type=int, default=128)
p.add_argument("--depth", type=int, default=0, help="tokens in the context before decoding begins")
p.add_argument("--kv", choices=["f16", "f32"], help="how all engines hold keys and values; without it each as it does by itself: the peers in f16, medner in f32")
p.add_argument("--only", default="", help="engines whose names match this regular expression")
args = p.parse_args()
if args.llama_cpp:
    llama_cpp(args.llama_cpp, args.p, args.n, args.depth, args.kv, args.threads, args.fork)
elif args.openvino:
    openvino(args.openvino, args.p, args.n, args.depth, args.threads)
else:
    main(args)
