"""Compares unpack_int4.py with what the producers' own libraries pack.

pip install --no-deps compressed-tensors auto-round loguru pydantic pydantic-core annotated-types typing-inspection
pip download --no-deps autoawq     (its modules gemm.py and gemv.py are read from the unpacked archive, AWQ)
python scripts/check_packers.py [AWQ]

Each library packs random codes, zeros and scales as a weight of exactly these; what unpack_int4.py reads of it must be the
same numbers. Prints a line for each case, and the versions.
"""
import importlib.util, os, sys, types
from importlib.metadata import PackageNotFoundError, version
import numpy as np
import torch
from unpack_int4 import unpack

CASES = [(16, 64, 32), (40, 192, 64), (24, 640, 128), (8, 1152, 128), (56, 288, 32), (64, 256, -1)]
failed = 0


def weight(out, width, group, symmetric=False, least=0):
    rng = np.random.default_rng(out * width)
    group = width if group == -1 else group
    q = rng.integers(0, 16, (out, width))
    z = np.full((out, width // group), 8) if symmetric else rng.integers(least, 16, (out, width // group))
    s = torch.from_numpy(rng.uniform(0.001, 0.02, z.shape)).half()
    return q, z, s, group, (q - np.repeat(z, group, 1)) * np.repeat(s.float().numpy(), group, 1)


def report(name, shape, want, got):
    global failed
    same = got.shape == want.shape and np.array_equal(got, want.astype(np.float32))
    failed += not same
    print("same     " if same else "DIFFERENT", name, *shape)


def of(tensors):
    return lambda part: None if tensors.get(part) is None else (tensors[part].float() if tensors[part].is_floating_point() else tensors[part]).numpy()


def compressed_tensors():
    from compressed_tensors.compressors.pack_quantized import PackedQuantizationCompressor
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    for out, width, g in CASES + [(13, 45, 15), (9, 101, -1)]:
        for symmetric in (True, False):
            q, z, s, group, want = weight(out, width, g, symmetric)
            args = QuantizationArgs(num_bits=4, symmetric=symmetric, strategy="channel" if g == -1 else "group", group_size=None if g == -1 else g)
            state = {"weight": torch.from_numpy(want).float(), "weight_scale": s.float(), "weight_zero_point": torch.from_numpy(z - 8).to(torch.int8)}
            packed = PackedQuantizationCompressor.compress(state, QuantizationScheme(targets=["Linear"], weights=args))
            report("compressed-tensors" + (" symmetric" if symmetric else ""), (out, width, g), want, unpack("pack-quantized", of(packed), g))


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def auto_round():
    """Loads two modules without the package around them, which needs many others."""
    folder = os.path.dirname(importlib.util.find_spec("auto_round").origin)
    for name in ("auto_round", "auto_round.utils"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["auto_round.utils"].get_packing_device = lambda device: "cpu"
    load("auto_round.utils.bit_packing", os.path.join(folder, "utils", "bit_packing.py"))
    qlinear_torch, qlinear_torch_zp = (load(n, os.path.join(folder + "_extension", "torch", n + ".py")) for n in ("qlinear_torch", "qlinear_torch_zp"))
    for layout, module in (("gptq_v2", qlinear_torch), ("gptq", qlinear_torch_zp)):
        for out, width, g in CASES:
            out = -(-out // 32) * 32  # the packer takes no others
            q, z, s, group, want = weight(out, width, g, least=1)  # this packer can't store a zero of 0 in v1
            linear = torch.nn.Linear(width, out, bias=False)
            linear.weight.data = torch.from_numpy(want).float()
            layer = module.QuantLinear(4, g, width, out, False)
            layer.device = "cpu"
            layer.pack(linear, s.float(), torch.from_numpy(z).float(), None, device="cpu")
            report("auto-round " + layout, (out, width, g), want, unpack(layout, of(dict(layer.named_buffers())), g))


def autoawq(folder):
    """Loads two modules of AutoAWQ without the package around them, which needs a GPU's."""
    for name in ("awq", "awq.utils", "awq.utils.module", "awq.utils.utils", "awq.utils.packing_utils"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["awq.utils.module"].try_import = lambda name: (None, "")
    sys.modules["awq.utils.utils"].get_best_device = lambda: "cpu"
    sys.modules["awq.utils.packing_utils"].dequantize_gemm = None
    for layout, name in (("gemm", "WQLinear_GEMM"), ("gemv", "WQLinear_GEMV")):
        module = load(layout, os.path.join(folder, "awq", "modules", "linear", layout + ".py"))
        for out, width, g in CASES:
            out = -(-out // 32) * 32  # the packer takes no others
            q, z, s, group, want = weight(out, width, g)
            linear = torch.nn.Linear(width, out, bias=False)
            linear.weight.data = torch.from_numpy(want).float()
            scales, zeros = s, torch.from_numpy(z).half()
            if layout == "gemm":
                scales, zeros = s.t().contiguous(), zeros.t().contiguous()
            layer = getattr(module, name).from_linear(linear, 4, group, scales=scales.float(), zeros=zeros.float())
            report("autoawq " + layout, (out, width, g), want, unpack(layout, of(dict(layer.named_buffers())), g))


compressed_tensors()
auto_round()
if len(sys.argv) > 1:
    autoawq(sys.argv[1])
for name in ("compressed-tensors", "auto-round", "torch", "numpy"):
    try:
        print(name, version(name))
    except PackageNotFoundError:
        pass
sys.exit(failed > 0)
