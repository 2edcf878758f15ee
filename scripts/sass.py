#!/usr/bin/env python3
"""Counts the machine instructions per weight in the inner loops of the matrix
products on NVIDIA GPUs, and writes docs/notes/cuda-instructions.md.

Needs what scripts/ptx.sh unpacked, and nvdisasm (PyPI), which it fetches into
the same folder. A tensor-core product (HMMA) covers 16 x 16 weights for 8 rows
of x, 8 weights a lane; a fused multiply-add (FFMA) one weight for one row."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
TOOLS = pathlib.Path(os.environ.get("MEDNER_PTX_TOOLS", CACHE / "medner-ptx"))
NVDISASM = TOOLS / "nvidia/cu13/bin/nvdisasm"
PTXAS = TOOLS / "nvidia/cuda_nvcc/bin/ptxas"
KINDS = ["4bit", "u4", "u4x32", "4bit_bf16", "4bit_f16", "int8", "bf16", "f16", "f32"]


def fetch():
    if NVDISASM.exists():
        return
    with tempfile.TemporaryDirectory() as wheels:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, "nvidia-cuda-nvdisasm==13.5.37"]
        subprocess.run(pip, check=True)
        for wheel in pathlib.Path(wheels).glob("*.whl"):
            subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, TOOLS], check=True)
    NVDISASM.chmod(0o755)


def kernels(ptx):
    """Yields each kernel's name, registers, and listing."""
    with tempfile.TemporaryDirectory() as folder:
        cubin = pathlib.Path(folder) / "cubin"
        report = subprocess.run([PTXAS, "-arch=sm_90", "-v", ptx, "-o", cubin], check=True, capture_output=True, text=True)
        registers = dict(re.findall(r"properties for (\w+)\n.*\n.*Used (\d+) registers", report.stderr))
        listing = subprocess.run([NVDISASM, "-c", cubin], check=True, capture_output=True, text=True).stdout
    for part in re.split(r"^\.text\.(?=\w+:)", listing, flags=re.M)[1:]:
        name, body = part.split(":", 1)
        yield name, int(registers[name]), body


def loops(body):
    """Yields the instructions of every loop, innermost first."""
    labels, code, found = {}, [], []
    for line in body.splitlines():
        if label := re.match(r"\s*(\.L_x_\d+):", line):
            labels[label[1]] = len(code)
        elif instruction := re.match(r"\s*/\*[0-9a-f]{4,}\*/\s+(.*?);", line):
            code.append(instruction[1])
            back = re.search(r"BRA.*`\((\.L_x_\d+)\)", instruction[1])
            if back and labels.get(back[1], len(code)) < len(code):
                found.append(code[labels[back[1]]:])
    return sorted(found, key=len)


def count(loop, pattern):
    return sum(bool(re.match(r"(@!?U?P\d+ +)?" + pattern, i)) for i in loop)


def row(name, registers, body):
    precision = "fast" if name.endswith("_fast") else "f32"
    _, which, kind = re.fullmatch(r"medner_(matmul)_(\w+?)_(\w+)_" + precision, name).groups()
    work = "HMMA" if precision == "fast" else "FFMA"
    # The inner loop is the smallest that has the bulk of the products.
    most = max(count(l, work) for l in loops(body))
    loop = next(l for l in loops(body) if count(l, work) >= most * 0.6)
    products = count(loop, work) * (8 if precision == "fast" else 1)
    columns = {"fast": {"8": 1, "many": 8}, "f32": {"1": 1, "4": 4, "8": 8, "many": 4}}[precision][which]
    weights = products / columns
    cells = [len(loop) / weights] + [count(loop, p) / weights for p in (work, "LDS", "LDG", "PRMT")]
    return f"| {kind} | {which} | {registers} | {len(loop)} | {weights:g} | " + " | ".join(f"{c:.2f}" for c in cells) + " |"


def main():
    fetch()
    text = """# Machine instructions per weight

Written by scripts/sass.py: the inner loops of src/matmul_fast.cu and
src/matmul_f32.cu as ptxas 12.4.131 assembles them for sm_90. "Rows" names the
kernel by the most rows of x it takes; a lane's weights of one turn of the loop,
and per weight all instructions, and those of one sort. Nothing here was timed on a
GPU.
"""
    for precision, work in (("fast", "HMMA"), ("f32", "FFMA")):
        text += f"\n## {precision}\n\n| weights | rows | registers | loop | weights a lane | instructions | {work} | LDS | LDG | PRMT |\n"
        text += "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        rows = {name: row(name, registers, body) for name, registers, body in kernels(ROOT / f"internal/cuda/gpukernels/ptx/matmul_{precision}.ptx")}
        for kind in KINDS:
            for which in ("1", "4", "8", "many"):
                name = f"medner_matmul_{which}_{kind}_{precision}"
                if name in rows:
                    text += rows[name] + "\n"
    (ROOT / "docs/notes/cuda-instructions.md").write_text(text)


if __name__ == "__main__":
    main()
