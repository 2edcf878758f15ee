"""Writes the GGUF files that model/checkpoint's tests read.

pip install numpy torch safetensors gguf
python scripts/golden_gguf.py testdata/goldens model/checkpoint/testdata
python scripts/golden_gguf.py testdata/goldens-families/models model/checkpoint/testdata qwen2 qwen3

tiny-llama.gguf   the golden tiny-llama in a mix of formats, with its tokenizer and llama3 rope factors,
                  named, permuted and described as llama.cpp's converter does
biased.gguf       a random model of one layer with biases and a separate head, Q8_0 and F32;
                  biased.safetensors holds its numbers under transformers' names
qwen2.gguf, …     the models of those names in GOLDENS, without a tokenizer; llama.cpp's converter leaves the
                  rows of their query and key maps in transformers' order
"""
import json
import math
import os
import sys

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from gguf import quants
from safetensors import safe_open
from safetensors.numpy import save_file

GOLDENS, OUT, *FAMILIES = sys.argv[1:]
NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
         "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"}
TOP = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}


def gguf_name(name):
    if name in TOP:
        return TOP[name]
    _, _, layer, rest = name.split(".", 3)
    part, kind = rest.rsplit(".", 1)
    return f"blk.{layer}.{NAMES[part]}.{kind}"


def permute(w, heads):
    return np.ascontiguousarray(w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape))


def add_config(w, c):
    w.add_context_length(c["max_position_embeddings"])
    w.add_embedding_length(c["hidden_size"])
    w.add_block_count(c["num_hidden_layers"])
    w.add_feed_forward_length(c["intermediate_size"])
    w.add_head_count(c["num_attention_heads"])
    w.add_head_count_kv(c["num_key_value_heads"])
    w.add_key_length(c["head_dim"])
    w.add_value_length(c["head_dim"])
    w.add_rope_dimension_count(c["head_dim"])
    w.add_rope_freq_base(c["rope_parameters"]["rope_theta"])
    w.add_layer_norm_rms_eps(c["rms_norm_eps"])
    w.add_vocab_size(c["vocab_size"])


def add_tensors(w, tensors, config, kind_of):
    """Returns the numbers as stored, in transformers' order."""
    stored = {}
    for name, v in tensors.items():
        kind = kind_of(name)
        heads = config["num_attention_heads"] if ".q_proj." in name else config["num_key_value_heads"]
        raw = quants.quantize(permute(v, heads) if ".q_proj." in name or ".k_proj." in name else v, kind)
        w.add_tensor(gguf_name(name), raw, raw_dtype=kind)
        stored[name] = quants.dequantize(quants.quantize(v, kind), kind).astype(np.float32)
    return stored


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def tiny_llama():
    src = os.path.join(GOLDENS, "tiny-llama")
    config = json.load(open(os.path.join(src, "config.json")))
    tok = json.load(open(os.path.join(src, "tokenizer.json")))
    tensors = {}
    for name, shard in json.load(open(os.path.join(src, "model.safetensors.index.json")))["weight_map"].items():
        with safe_open(os.path.join(src, shard), "pt") as f:
            tensors[name] = f.get_tensor(name).float().numpy()
    w = gguf.GGUFWriter(os.path.join(OUT, "tiny-llama.gguf"), "llama")
    w.add_name("tiny-llama")
    add_config(w, config)

    r = config["rope_parameters"]
    freqs = 1.0 / r["rope_theta"] ** (torch.arange(0, config["head_dim"], 2, dtype=torch.float32) / config["head_dim"])
    factors = []
    for f in freqs:
        wavelen = 2 * math.pi / f
        low, high = (r["original_max_position_embeddings"] / r[k] for k in ("low_freq_factor", "high_freq_factor"))
        smooth = (r["original_max_position_embeddings"] / wavelen - r["low_freq_factor"]) / (r["high_freq_factor"] - r["low_freq_factor"])
        factors.append(1 if wavelen < high else r["factor"] if wavelen > low else 1 / ((1 - smooth) / r["factor"] + smooth))
    w.add_tensor("rope_freqs.weight", np.array(factors, dtype=np.float32))

    vocab = tok["model"]["vocab"] | {a["content"]: a["id"] for a in tok["added_tokens"]}
    special = {a["id"] for a in tok["added_tokens"]}
    by_id = sorted(vocab, key=vocab.get)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("llama-bpe")
    w.add_token_list(by_id)
    w.add_token_types([gguf.TokenType.CONTROL if vocab[t] in special else gguf.TokenType.NORMAL for t in by_id])
    w.add_token_merges([" ".join(m) for m in tok["model"]["merges"]])
    w.add_bos_token_id(config["bos_token_id"])
    w.add_eos_token_id(config["eos_token_id"][0])
    w.add_eom_token_id(config["eos_token_id"][1])
    w.add_add_bos_token(True)
    w.add_chat_template(open(os.path.join(src, "chat_template.jinja")).read())

    kinds = {"q_proj": [T.Q8_0, T.BF16, T.Q5_1], "k_proj": [T.Q4_0, T.Q5_0, T.F16], "v_proj": [T.F16, T.BF16, T.Q8_0], "o_proj": [T.Q5_0, T.Q4_1, T.Q4_0],
             "gate_proj": [T.Q4_0, T.Q4_1, T.Q4_0], "up_proj": [T.Q4_1, T.Q4_0, T.Q4_0], "down_proj": [T.Q4_0, T.Q5_1, T.Q4_1]}

    def kind_of(name):
        if "embed" in name:
            return T.Q4_1
        if "norm" in name:
            return T.F32
        return kinds[name.split(".")[-2]][int(name.split(".")[2])]

    add_tensors(w, tensors, config, kind_of)
    finish(w)


def biased():
    c = dict(max_position_embeddings=128, hidden_size=64, num_hidden_layers=1, intermediate_size=96, num_attention_heads=4, num_key_value_heads=2,
             head_dim=32, rope_parameters={"rope_theta": 10000.0}, rms_norm_eps=1e-5, vocab_size=40)
    rng = np.random.default_rng(3)
    tensors = {}
    for name, rows, cols in (("self_attn.q_proj", 128, 64), ("self_attn.k_proj", 64, 64), ("self_attn.v_proj", 64, 64), ("self_attn.o_proj", 64, 128),
                             ("mlp.gate_proj", 96, 64), ("mlp.up_proj", 96, 64), ("mlp.down_proj", 64, 96)):
        tensors[f"model.layers.0.{name}.weight"] = rng.standard_normal((rows, cols), dtype=np.float32)
        tensors[f"model.layers.0.{name}.bias"] = rng.standard_normal(rows, dtype=np.float32)
    for name in ("model.layers.0.input_layernorm", "model.layers.0.post_attention_layernorm", "model.norm"):
        tensors[name + ".weight"] = rng.standard_normal(64, dtype=np.float32)
    for name in ("model.embed_tokens", "lm_head"):
        tensors[name + ".weight"] = rng.standard_normal((40, 64), dtype=np.float32)
    w = gguf.GGUFWriter(os.path.join(OUT, "biased.gguf"), "llama")
    add_config(w, c)
    w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    w.add_rope_scaling_factor(2.5)
    stored = add_tensors(w, tensors, c, lambda name: T.Q8_0 if "proj.weight" in name or "lm_head" in name else T.F32)
    finish(w)
    save_file(stored, os.path.join(OUT, "biased.safetensors"))


def family(name):
    c = json.load(open(os.path.join(GOLDENS, name, "config.json")))
    if "head_dim" not in c:
        c["head_dim"] = c["hidden_size"] // c["num_attention_heads"]
    w = gguf.GGUFWriter(os.path.join(OUT, name + ".gguf"), c["model_type"])
    add_config(w, c)
    w.add_eos_token_id(c["eos_token_id"])
    with safe_open(os.path.join(GOLDENS, name, "model.safetensors"), "pt") as f:
        for tensor in f.keys():
            kind = T.F32 if "norm" in tensor or tensor.endswith("bias") else T.BF16
            w.add_tensor(gguf_name(tensor), quants.quantize(f.get_tensor(tensor).float().numpy(), kind), raw_dtype=kind)
    finish(w)


os.makedirs(OUT, exist_ok=True)
for name in FAMILIES:
    family(name)
if not FAMILIES:
    tiny_llama()
    biased()
