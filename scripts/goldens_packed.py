"""Makes small random models whose weights are 4-bit integers, and what transformers and peft say of them.

pip install torch transformers peft safetensors     (versions: DIR/versions.json)
python scripts/goldens_packed.py testdata/goldens-packed     (a minute on a CPU)

The reference of a model is a plain one in float32 of the weights that unpack_int4.py reads from the files written here.
The folder is laid out as those of goldens_more.py.
"""
import json, os, random, shutil, sys
from importlib.metadata import version
import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.numpy import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config
from unpack_int4 import unpack

OUT = sys.argv[1]
shutil.rmtree(OUT, ignore_errors=True)
NEW, ROWS, PENALTIES = 24, 2, (1.0, 1.15)
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
AWQ = lambda version, g, **more: {"quant_method": "awq", "bits": 4, "group_size": g, "zero_point": True, "version": version} | more
GPTQ = lambda fmt, g, **more: {"quant_method": "gptq", "bits": 4, "group_size": g, "sym": False, "desc_act": False, "checkpoint_format": fmt} | more


def scheme(targets, g, symmetric):
    return {"targets": targets, "input_activations": None, "output_activations": None, "weights": {
        "num_bits": 4, "type": "int", "symmetric": symmetric, "strategy": "channel" if g == -1 else "group", "group_size": None if g == -1 else g,
        "dynamic": False, "actorder": None, "block_structure": None, "observer": "minmax", "observer_kwargs": {}}}


def compressed(*groups, ignore=("lm_head",)):
    return {"quant_method": "compressed-tensors", "format": "pack-quantized", "quantization_status": "compressed", "kv_cache_scheme": None,
            "config_groups": {f"group_{i}": g for i, g in enumerate(groups)}, "ignore": list(ignore), "global_compression_ratio": None}


# biomistral is shaped as BioMistral-7B-SLERP-AWQ-QGS128-W4-GEMM is, but small, and has the vocabulary of goldens/tiny-mistral.
# name: (class, hidden, intermediate, layers, heads, kv heads, head_dim, vocabulary, type of scales and plain weights, quantization_config, further fields)
MODELS = {
    "gemm-128": (LlamaConfig, 128, 384, 1, 4, 1, 32, 90, "float16", AWQ("gemm", 128), dict(tie_word_embeddings=True)),
    "gemm-32": (MistralConfig, 96, 160, 2, 4, 2, 40, 100, "float16", AWQ("GEMM", 32, modules_to_not_convert=["down_proj"]), dict(sliding_window=9)),
    "gemm-all": (Qwen2Config, 72, 88, 1, 2, 1, 40, 90, "bfloat16", AWQ("gemm", -1, modules_to_not_convert=None), {}),
    "gemm-head": (Qwen3Config, 64, 128, 1, 2, 1, 64, 136, "float16", AWQ("gemm", 64), dict(packed_head=True)),
    "gemv-32": (Qwen3Config, 96, 288, 1, 3, 1, 64, 90, "float16", AWQ("gemv", 32), {}),
    "gemv-64": (Qwen2Config, 64, 576, 1, 2, 1, 64, 90, "float16", AWQ("gemv", 64), dict(tie_word_embeddings=True)),
    "gemv-128": (LlamaConfig, 128, 1152, 1, 2, 1, 64, 90, "float16", AWQ("gemv", 128), dict(tie_word_embeddings=True)),
    "gemv-all": (MistralConfig, 128, 136, 1, 2, 1, 64, 90, "float16", AWQ("gemv", -1), dict(sliding_window=None)),
    "gptq-128": (LlamaConfig, 128, 256, 1, 2, 1, 64, 90, "float16", GPTQ("gptq", 128), dict(beside=True, zero_biases=True, attention_bias=True)),
    "gptq-all": (MistralConfig, 56, 104, 1, 1, 1, 56, 90, "float16", GPTQ("gptq", -1), dict(sliding_window=30)),
    "gptq-v2-32": (Qwen2Config, 96, 160, 1, 2, 1, 48, 90, "bfloat16", GPTQ("gptq_v2", 32, desc_act=True), {}),
    "gptq-v2-64": (Qwen3Config, 64, 192, 1, 2, 2, 32, 90, "float16", GPTQ("gptq_v2", 64, sym=True), {}),
    "compressed-32": (LlamaConfig, 96, 160, 2, 3, 3, 32, 90, "bfloat16",
                      compressed(scheme(["Linear"], 32, True), ignore=["lm_head", "re:.*layers\\.1\\.mlp.*"]), {}),
    "compressed-64": (Qwen3Config, 64, 128, 1, 4, 2, 32, 90, "float16", compressed(scheme(["Linear"], 64, False)), dict(attention_bias=True)),
    "compressed-128": (MistralConfig, 128, 256, 1, 2, 1, 64, 90, "float32", compressed(scheme(["Linear"], 128, False)), dict(sliding_window=20)),
    "compressed-odd": (Qwen2Config, 45, 101, 2, 3, 1, 30, 90, "float16",
                       compressed(scheme(["re:.*self_attn.*"], 15, False), scheme(["re:.*mlp\\.(gate|up)_proj"], -1, True), scheme(["Linear"], -1, False)), {}),
    "biomistral": (MistralConfig, 32, 96, 1, 2, 1, 16, 2000, "float16", AWQ("gemm", 32), dict(sliding_window=4096, max_position_embeddings=32768)),
}
ADAPTERS = {
    "packed-lora": (["gemm-128"], dict(r=4, lora_alpha=8, target_modules=ALL)),
    "packed-dora": (["gptq-v2-32"], dict(r=3, lora_alpha=6, use_dora=True, target_modules=["q_proj", "o_proj", "down_proj"])),
}
ORDER = (0, 2, 4, 6, 1, 3, 5, 7)


def path(*a):
    return os.path.join(OUT, *a)


def words(v, order=range(8)):  # the inverse of nibbles in unpack_int4.py; the last word may be padded
    v = np.pad(v, ((0, 0), (0, -v.shape[1] % 8))).astype(np.uint32).reshape(len(v), -1, 8)
    return np.bitwise_or.reduce([v[..., o] << np.uint32(4 * i) for i, o in enumerate(order)]).astype(np.uint32).view(np.int32)


def pack(layout, q, z, s, group):
    """Packs codes [out, in], zeros and scales [out, in/group]."""
    if layout == "gemm":
        return {"qweight": words(q.T, ORDER), "qzeros": words(z.T, ORDER), "scales": s.T}
    if layout == "gemv":
        step = {64: 2, 32: 4}.get(group, 1)
        pad = ((0, 0), (0, -(-(-(-z.shape[1] // 8)) // step) * step * 8 - z.shape[1]))
        return {"qweight": words(q), "qzeros": words(np.pad(z, pad)), "scales": np.pad(s, pad)}
    if layout in ("gptq", "gptq_v2"):
        return {"qweight": words(q).T, "qzeros": words(z.T - (layout == "gptq")), "scales": s.T,
                "g_idx": (np.arange(q.shape[1]) // group).astype(np.int32)}
    return {"weight_packed": words(q), "weight_scale": s, "weight_zero_point": words(z.T).T, "weight_shape": np.array(q.shape, np.int64)}


def randomise(m, g):
    for n, w in m.named_parameters():
        if n.endswith("norm.weight"):
            w.data = 1 + 0.2 * torch.randn(w.shape, generator=g)
        elif n.endswith("bias"):
            w.data = 0.1 * torch.randn(w.shape, generator=g)
        else:
            w.data = torch.randn(w.shape, generator=g) * (4 if "embed" in n or "lm_head" in n else 2) / w.shape[1] ** 0.5


def group_of(config, module):
    """Returns the group of a linear map and whether its weight has no tensor of zeros, or None if it stays plain."""
    if config["quant_method"] != "compressed-tensors":
        return None if any(x in module for x in config.get("modules_to_not_convert") or []) else (config["group_size"], False)
    import re
    fits = lambda t: re.match(t[3:], module) if t.startswith("re:") else t in (module, "Linear")
    if any(fits(t) for t in config["ignore"]):
        return None
    w = next(g for g in config["config_groups"].values() if any(fits(t) for t in g["targets"]))["weights"]
    return w["group_size"] or -1, w["symmetric"]


def model(name):
    kind, hidden, inter, layers, heads, kv, dim, vocab, dtype, quantization, more = MODELS[name]
    more = dict(more)
    beside, zero_biases, head = (more.pop(k, False) for k in ("beside", "zero_biases", "packed_head"))
    config = kind(hidden_size=hidden, intermediate_size=inter, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv, head_dim=dim,
                  vocab_size=vocab, rms_norm_eps=1e-6, bos_token_id=1, eos_token_id=2, **({"tie_word_embeddings": False, "max_position_embeddings": 512} | more))
    seed = list(MODELS).index(name) + 31
    rng, layout = np.random.default_rng(seed), quantization.get("version", quantization.get("checkpoint_format", "pack-quantized")).lower()
    m = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    randomise(m, torch.Generator().manual_seed(seed))
    for w in m.parameters():  # not buffers: the rotary frequencies stay exact
        w.data = w.data.to(getattr(torch, dtype)).float()
    m.eval()
    file = {k: v for k, v in m.state_dict().items() if k != "lm_head.weight" or not config.tie_word_embeddings}
    file = {k: v.to(getattr(torch, dtype)) for k, v in file.items()}
    for n, mod in m.named_modules():
        how = group_of(quantization, n) if isinstance(mod, torch.nn.Linear) and (n != "lm_head" or head) else None
        if how is None:
            continue
        group, symmetric = how
        out, width = mod.weight.shape
        group = width if group == -1 else group
        q = rng.integers(0, 16, (out, width))
        z = np.full((out, width // group), 8) if symmetric else rng.integers(0, 16, (out, width // group)) + (layout == "gptq")
        s = torch.from_numpy(rng.uniform(0.5, 1.5, z.shape).astype(np.float32) * (0.3 / width ** 0.5)).to(getattr(torch, dtype))
        del file[n + ".weight"]
        for part, v in pack(layout, q, z, np.arange(s.numel()).reshape(s.shape), group).items():
            if part == "weight_zero_point" and symmetric:
                continue
            if part in ("scales", "weight_scale"):  # NumPy has no bfloat16: it moved the places of scales
                file[n + "." + part] = s.flatten()[torch.from_numpy(v)].contiguous()
            else:
                file[n + "." + part] = torch.from_numpy(np.ascontiguousarray(v))
        if zero_biases and mod.bias is None:
            file[n + ".bias"] = torch.zeros(out, dtype=torch.float16)
    os.makedirs(path("models", name))
    from safetensors.torch import load_file, save_file
    save_file({k: v.contiguous() for k, v in file.items()}, path("models", name, "model.safetensors"), metadata={"format": "pt"})
    c = config.to_dict() | {"architectures": [type(m).__name__], "torch_dtype": dtype, "dtype": dtype}
    if beside:
        json.dump({k: v for k, v in quantization.items() if k != "quant_method"}, open(path("models", name, "quantize_config.json"), "w"), indent=1)
    else:
        c["quantization_config"] = quantization
    json.dump({k: v for k, v in c.items() if k not in ("_name_or_path", "transformers_version")}, open(path("models", name, "config.json"), "w"), indent=1)
    file = load_file(path("models", name, "model.safetensors"))
    array = lambda v: None if v is None else (v.float() if v.is_floating_point() else v).numpy()
    for n, mod in m.named_modules():
        if any(n + "." + p in file for p in ("qweight", "weight_packed")):
            mod.weight.data = torch.from_numpy(unpack(layout, lambda part: array(file.get(n + "." + part)), group_of(quantization, n)[0]))
    return m


def adapter(name, m):
    p = get_peft_model(m, LoraConfig(task_type="CAUSAL_LM", **ADAPTERS[name][1]))
    g = torch.Generator().manual_seed(77 + list(ADAPTERS).index(name))
    for n, w in p.named_parameters():
        if "magnitude" in n:
            w.data = w.data * (1 + 0.1 * torch.randn(w.shape, generator=g))
        elif "lora_" in n:
            w.data = 0.1 * torch.randn(w.shape, generator=g)
    p.save_pretrained(path("adapters", name))
    config = path("adapters", name, "adapter_config.json")
    c = json.load(open(config))
    c["base_model_name_or_path"], c["target_modules"] = ADAPTERS[name][0][0], sorted(c["target_modules"])
    json.dump(c, open(config, "w"), indent=1)
    if os.path.exists(path("adapters", name, "README.md")):
        os.remove(path("adapters", name, "README.md"))
    return PeftModel.from_pretrained(p.unload(), path("adapters", name)).eval()


cases, logits = [], {}


def measure(name, m, adapters):
    vocab = MODELS[name][7]
    rnd = random.Random(name + "+".join(adapters))
    for n in (1, 19, 150) if name != "biomistral" else (1, 19, 4200):  # beyond the window of 4096
        ids = [rnd.randrange(3, vocab) for _ in range(n)]
        with torch.no_grad():
            rows = m(input_ids=torch.tensor([ids])).logits[0, -ROWS:]
        case = {"model": name, "adapters": adapters, "ids": ids, "rows": len(rows), "greedy": {}, "margin": {}}
        logits[str(len(cases))] = rows.numpy().copy()
        for penalty in PENALTIES:
            g = m.generate(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, n, dtype=torch.long), do_sample=False, max_new_tokens=NEW,
                           repetition_penalty=penalty, pad_token_id=0, output_scores=True, return_dict_in_generate=True)
            case["greedy"][str(penalty)] = g.sequences[0, n:].tolist()
            case["margin"][str(penalty)] = round(min(float(x[0].topk(2).values.diff().abs()) for x in g.scores), 6)
        cases.append(case)


for name in MODELS:
    measure(name, model(name), [])
for name, (models, _) in ADAPTERS.items():
    for base in models:
        shutil.rmtree(path("models", base))
        measure(base, adapter(name, model(base)), [name])
json.dump(cases, open(path("cases.json"), "w"))
save_file(logits, path("logits.safetensors"))
json.dump({m: version(m) for m in ("torch", "transformers", "peft", "safetensors", "numpy")}, open(path("versions.json"), "w"), indent=1)
print("smallest margin", min(m for c in cases for m in c["margin"].values()))
