"""Writes a model of a known shape with random weights, for benchmarks.

pip install numpy safetensors gguf
python scripts/make_shape.py --shape llama-3.2-1b --format nf4 OUT_DIR        a bitsandbytes NF4 checkpoint (double quantisation, f32 states)
python scripts/make_shape.py --shape llama-3.2-1b --format q4_0 OUT.gguf      the same shape for llama.cpp: Q4_0, embeddings Q8_0
                             [--head f16]                                     ... embeddings and head in f16
python scripts/make_shape.py --shape llama-3.2-1b --format openvino OUT_DIR   the same shape for OpenVINO: integers of 4 bits without zeros in
                                                                              groups of 64, embeddings of 8 bits, as its tools make them
                                                                              (pip install torch transformers optimum-intel openvino nncf)

The formats hold different random weights: they are for speed and memory, not for comparing outputs.
"""
import argparse, json, os
import numpy as np

LLAMA3_ROPE = {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}
SHAPES = {
    "smollm2-135m": dict(hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, head_dim=64, vocab_size=49152, rope_theta=100000.0, rope_scaling=None),
    "llama-3.2-1b": dict(hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32, num_key_value_heads=8, head_dim=64, vocab_size=128256, rope_theta=500000.0, rope_scaling=LLAMA3_ROPE),
    "llama-3.2-3b": dict(hidden_size=3072, intermediate_size=8192, num_hidden_layers=28, num_attention_heads=24, num_key_value_heads=8, head_dim=128, vocab_size=128256, rope_theta=500000.0, rope_scaling=LLAMA3_ROPE),
    "mistral-7b": dict(hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, head_dim=128, vocab_size=32768, rope_theta=1000000.0, rope_scaling=None, untied=True),
}
NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
                0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], np.float32)


def projections(s):
    h, i, q, kv = s["hidden_size"], s["intermediate_size"], s["num_attention_heads"] * s["head_dim"], s["num_key_value_heads"] * s["head_dim"]
    return {"self_attn.q_proj": (q, h), "self_attn.k_proj": (kv, h), "self_attn.v_proj": (kv, h), "self_attn.o_proj": (h, q),
            "mlp.gate_proj": (i, h), "mlp.up_proj": (i, h), "mlp.down_proj": (h, i)}


def bf16(x):
    return (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


class Writer:
    """Writes a safetensors file tensor by tensor, so that large shapes need little memory. Wide numbers come first, so that all are aligned."""
    def __init__(self, path):
        self.path, self.tensors = path, []

    def add(self, name, dtype, shape, nbytes, make):
        self.tensors.append((name, dtype, shape, nbytes, make))

    def write(self):
        self.tensors.sort(key=lambda t: -{"F32": 4, "BF16": 2, "U8": 1}[t[1]])
        header, at = {}, 0
        for name, dtype, shape, nbytes, _ in self.tensors:
            header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + nbytes]}
            at += nbytes
        head = json.dumps(header).encode()
        head += b" " * (-len(head) % 8)
        with open(self.path, "wb") as f:
            f.write(len(head).to_bytes(8, "little") + head)
            for *_, make in self.tensors:
                f.write(make().tobytes())


def write_nf4(s, out):
    os.makedirs(out, exist_ok=True)
    rnd = np.random.default_rng(1)
    w = Writer(os.path.join(out, "model.safetensors"))
    h = s["hidden_size"]
    w.add("model.embed_tokens.weight", "BF16", (s["vocab_size"], h), 2 * s["vocab_size"] * h, lambda: bf16(rnd.standard_normal((s["vocab_size"], h), np.float32) * 0.02))
    w.add("model.norm.weight", "BF16", (h,), 2 * h, lambda: bf16(np.ones(h)))
    dynamic = np.linspace(-1, 1, 256, dtype=np.float32)
    for layer in range(s["num_hidden_layers"]):
        p = f"model.layers.{layer}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            w.add(p + norm + ".weight", "BF16", (h,), 2 * h, lambda: bf16(np.ones(h)))
        for name, (rows, cols) in projections(s).items():
            n = rows * cols
            blocks = n // 64
            nested = -(-blocks // 256)
            key = p + name + ".weight"
            # absmax = code[q] * nested + offset: about 3 / sqrt(cols)
            offset = 3.0 / cols ** 0.5
            state = json.dumps({"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [rows, cols], "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": offset}).encode()
            w.add(key, "U8", (n // 2, 1), n // 2, lambda n=n: rnd.integers(0, 256, n // 2, np.uint8))
            w.add(key + ".absmax", "U8", (blocks,), blocks, lambda b=blocks: rnd.integers(0, 256, b, np.uint8))
            w.add(key + ".quant_map", "F32", (16,), 64, lambda: NF4)
            w.add(key + ".nested_absmax", "F32", (nested,), 4 * nested, lambda m=nested, o=offset: np.full(m, o / 3, np.float32))
            w.add(key + ".nested_quant_map", "F32", (256,), 1024, lambda: dynamic)
            w.add(key + ".quant_state.bitsandbytes__nf4", "U8", (len(state),), len(state), lambda b=state: np.frombuffer(b, np.uint8))
    w.write()
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "tie_word_embeddings": True,
              "attention_bias": False, "mlp_bias": False, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "bfloat16", **s,
              "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True, "load_in_8bit": False, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True, "bnb_4bit_compute_dtype": "float32", "bnb_4bit_quant_storage": "uint8"}}
    json.dump(config, open(os.path.join(out, "config.json"), "w"), indent=1)


def write_q4_0(s, out, head):
    import gguf
    rnd = np.random.default_rng(1)
    g = gguf.GGUFWriter(out, "llama", use_temp_file=True)
    g.add_context_length(131072); g.add_embedding_length(s["hidden_size"]); g.add_block_count(s["num_hidden_layers"]); g.add_feed_forward_length(s["intermediate_size"])
    g.add_head_count(s["num_attention_heads"]); g.add_head_count_kv(s["num_key_value_heads"]); g.add_key_length(s["head_dim"]); g.add_value_length(s["head_dim"])
    g.add_rope_dimension_count(s["head_dim"]); g.add_rope_freq_base(s["rope_theta"]); g.add_layer_norm_rms_eps(1e-5); g.add_vocab_size(s["vocab_size"]); g.add_file_type(2)
    # llama.cpp loads no model without a vocabulary: this one is byte-level and of the right size.
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    alphabet, extra = [], 0
    for b in range(256):
        if b in printable:
            alphabet.append(chr(b))
        else:
            alphabet.append(chr(256 + extra)); extra += 1
    tokens = ["<unk>", "<s>", "</s>"] + alphabet
    tokens += [f"[{i}]" for i in range(s["vocab_size"] - len(tokens))]
    g.add_tokenizer_model("gpt2"); g.add_tokenizer_pre("llama-bpe"); g.add_token_list(tokens); g.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3)); g.add_token_merges(["a b"])
    g.add_bos_token_id(1); g.add_eos_token_id(2)

    def add(name, shape, kind):
        nbytes = gguf.quant_shape_to_byte_shape(shape, kind) if kind not in (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16) else None
        if kind == gguf.GGMLQuantizationType.F32:
            g.add_tensor(name, np.ones(shape, np.float32)); return
        if kind == gguf.GGMLQuantizationType.F16:
            g.add_tensor(name, (rnd.standard_normal(shape, np.float32) * 0.02).astype(np.float16)); return
        raw = rnd.integers(0, 256, nbytes, np.uint8).reshape(shape[0], -1, 18 if kind == gguf.GGMLQuantizationType.Q4_0 else 34)
        raw[:, :, :2] = np.frombuffer(np.float16(1 / (4 * shape[1] ** 0.5) if kind == gguf.GGMLQuantizationType.Q4_0 else 0.02 / 64).tobytes(), np.uint8)
        g.add_tensor(name, raw.reshape(nbytes), raw_dtype=kind)

    T = gguf.GGMLQuantizationType
    h = s["hidden_size"]
    add("token_embd.weight", (s["vocab_size"], h), T.F16 if head == "f16" else T.Q8_0)
    if s.get("untied"):
        add("output.weight", (s["vocab_size"], h), T.F16 if head == "f16" else T.Q8_0)
    add("output_norm.weight", (h,), T.F32)
    names = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
    for layer in range(s["num_hidden_layers"]):
        for norm in ("attn_norm", "ffn_norm"):
            add(f"blk.{layer}.{norm}.weight", (h,), T.F32)
        for name, shape in projections(s).items():
            add(f"blk.{layer}.{names[name]}.weight", shape, T.Q4_0)
    g.write_header_to_file(); g.write_kv_data_to_file(); g.write_tensors_to_file(); g.close()


def write_openvino(s, out):
    import tempfile
    import torch
    from optimum.intel import OVModelForCausalLM, OVWeightQuantizationConfig
    from transformers import LlamaConfig, LlamaForCausalLM
    config = LlamaConfig(**{k: v for k, v in s.items() if v is not None and k != "untied"}, tie_word_embeddings="untied" not in s, max_position_embeddings=16384)
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float16)
    with tempfile.TemporaryDirectory() as checkpoint:
        LlamaForCausalLM(config).save_pretrained(checkpoint)
        bits = OVWeightQuantizationConfig(bits=4, sym=True, group_size=64, ratio=1.0)
        OVModelForCausalLM.from_pretrained(checkpoint, export=True, compile=False, quantization_config=bits).save_pretrained(out)


a = argparse.ArgumentParser()
a.add_argument("--shape", choices=SHAPES, required=True)
a.add_argument("--format", choices=["nf4", "q4_0", "openvino"], required=True)
a.add_argument("--head", choices=["q8_0", "f16"], default="q8_0")
a.add_argument("out")
o = a.parse_args()
if o.format == "nf4":
    assert not SHAPES[o.shape].get("untied"), "nf4 is written with tied embeddings only"
    write_nf4(SHAPES[o.shape], o.out)
elif o.format == "openvino":
    write_openvino(SHAPES[o.shape], o.out)
else:
    write_q4_0(SHAPES[o.shape], o.out, o.head)
