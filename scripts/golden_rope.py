"""Writes model/arch/testdata/inv_freq.json: rotary inverse frequencies as transformers computes them.

pip install torch transformers
python scripts/golden_rope.py > model/arch/testdata/inv_freq.json
"""
import json
import sys

import transformers
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

LLAMA3 = {"rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0}
CASES = {
    "llama-2": (128, 10000.0, {}),
    "llama-3": (128, 500000.0, {}),
    "llama-3.1": (128, 500000.0, LLAMA3 | {"factor": 8.0, "original_max_position_embeddings": 8192}),
    "llama-3.2": (64, 500000.0, LLAMA3 | {"factor": 32.0, "original_max_position_embeddings": 8192}),
    "smollm2": (64, 100000.0, {}),
    "mistral-0.3": (128, 1000000.0, {}),
    "short-original": (64, 500000.0, LLAMA3 | {"factor": 32.0, "original_max_position_embeddings": 256}),
    "odd-llama3": (80, 37.25, {"rope_type": "llama3", "factor": 3.3, "low_freq_factor": 1.7, "high_freq_factor": 5.9, "original_max_position_embeddings": 1000}),
    "linear": (96, 10000.0, {"rope_type": "linear", "factor": 2.7}),
}

out = {"transformers": transformers.__version__, "cases": {}}
for name, (dim, theta, scaling) in CASES.items():
    params = {"rope_type": "default", "rope_theta": theta} | scaling
    c = LlamaConfig(vocab_size=16, hidden_size=dim, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1, head_dim=dim, max_position_embeddings=4096, rope_parameters=params)
    inv = LlamaRotaryEmbedding(c).inv_freq.numpy()
    out["cases"][name] = {"head_dim": dim, "rope_parameters": params, "bits": inv.view("uint32").tolist()}
json.dump(out, sys.stdout)
