"""Writes quant/testdata/blocks.safetensors: random blocks of GGML's formats and their values by the gguf package.

pip install numpy gguf safetensors
python scripts/golden_blocks.py quant/testdata/blocks.safetensors

Per format F: F.blocks (rows of whole blocks as bytes) and F.values (f32). Bytes are random but for the
f16 scales, which are kept finite.
"""
import sys

import gguf
import numpy as np
from gguf import quants
from safetensors.numpy import save_file

SCALES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}

rng = np.random.default_rng(11)
out = {}
for name, at in SCALES.items():
    kind = gguf.GGMLQuantizationType[name]
    numbers, size = gguf.GGML_QUANT_SIZES[kind]
    rows, per_row = 5, 768 // numbers
    raw = rng.integers(0, 256, (rows * per_row, size), dtype=np.uint8)
    for i in at:
        scale = (rng.standard_normal(len(raw)) * 10.0 ** rng.integers(-7, 3, len(raw))).astype(np.float16)
        raw[:, i:i + 2] = scale.view(np.uint8).reshape(-1, 2)
    raw = raw.reshape(rows, -1)
    out[name + ".blocks"] = raw
    out[name + ".values"] = np.ascontiguousarray(quants.dequantize(raw, kind), dtype=np.float32)
save_file(out, sys.argv[1])
