"""Reads a weight of 4-bit integers, packed by AWQ, GPTQ or compressed-tensors, as float32 [out, in].

unpack(layout, get, group): layout is gemm, gemv, gptq, gptq_v2 or pack-quantized, get(ending) a tensor of the linear map as
NumPy has it (None: there is none), and group the inputs that share a scale and a zero (-1: all).
"""
import numpy as np


def nibbles(words, order=range(8)):  # [.., n] words of 32 bits -> [.., 8 n] numbers; nibble i of word j is number 8 j + order[i]
    out = np.empty((*words.shape, 8), np.float32)
    for i, o in enumerate(order):
        out[..., o] = words.view(np.uint32) >> np.uint32(4 * i) & 15
    return out.reshape(*words.shape[:-1], -1)


def unpack(layout, get, group):
    if layout == "gemm":
        order = (0, 2, 4, 6, 1, 3, 5, 7)
        q, z, s = nibbles(get("qweight"), order).T, nibbles(get("qzeros"), order).T, get("scales").T
    elif layout == "gemv":
        q, z, s = nibbles(get("qweight")), nibbles(get("qzeros")), get("scales")
    elif layout in ("gptq", "gptq_v2"):
        q, z, s = nibbles(get("qweight").T.copy()), nibbles(get("qzeros")).T + (layout == "gptq"), get("scales").T
    else:
        rows, cols = get("weight_shape")
        q, s, z = nibbles(get("weight_packed"))[:, :cols], get("weight_scale"), get("weight_zero_point")
        z = np.full(s.shape, 8, np.float32) if z is None else nibbles(z.T.copy()).T[:rows]
    group = q.shape[1] if group == -1 else group
    z, s = (np.repeat(v[:, :q.shape[1] // group].astype(np.float32), group, 1) for v in (z, s))
    return (q - z) * s
