#!/usr/bin/env python3
"""Writes what transformers' logits processors and warpers leave of some rows of
logits: internal/choice/hostchoice/testdata/warpers.json. Needs torch and
transformers.

    python scripts/sampling_goldens.py

Each case is run in float32, as generate does it, and in float64; a case whose
kept ids differ lies on an edge of rounding and is refused. torch.sort leaves
the order of equal logits open, and with it which of them top-p drops; here it is
told to keep them in the order of ids.
"""
import functools
import json
import pathlib

import torch
from transformers import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

torch.sort = functools.partial(torch.sort, stable=True)
OUT = pathlib.Path(__file__).parent.parent / "internal/choice/hostchoice/testdata/warpers.json"


def warp(logits, case):
    scores = logits.clone()[None]
    if case.get("penalty"):
        ids = torch.tensor([case["penalised"]])
        scores = RepetitionPenaltyLogitsProcessor(case["penalty"])(ids, scores)
    if "allowed" in case:
        mask = torch.full_like(scores, -torch.inf)
        mask[0, case["allowed"]] = 0
        scores = scores + mask
    if case["temperature"] != 1:
        scores = TemperatureLogitsWarper(case["temperature"])(None, scores)
    if case.get("top_k"):
        scores = TopKLogitsWarper(case["top_k"])(None, scores)
    if case.get("top_p"):
        scores = TopPLogitsWarper(case["top_p"])(None, scores)
    kept = torch.isfinite(scores[0]).nonzero()[:, 0].tolist()
    return kept, torch.softmax(scores[0], -1)[kept].tolist()


def cases():
    g = torch.Generator().manual_seed(11)
    rows = {
        "normal": torch.randn(150, generator=g) * 3,
        "flat": torch.randn(90, generator=g) * 0.1,
        "ties": (torch.randn(120, generator=g) * 3).round(),
        "equal": torch.zeros(64),
        "peaked": torch.cat([torch.randn(70, generator=g), torch.tensor([14.0])]),
    }
    rules = [
        {"temperature": 1.0},
        {"temperature": 0.7},
        {"temperature": 1.5, "top_k": 5},
        {"temperature": 1.0, "top_k": 1},
        {"temperature": 1.0, "top_k": 1000},
        {"temperature": 1.0, "top_p": 0.9},
        {"temperature": 0.5, "top_p": 0.3},
        {"temperature": 1.0, "top_p": 0.5},
        {"temperature": 1.0, "top_p": 0.0001},
        {"temperature": 1.0, "top_p": 0.9999},
        {"temperature": 1.3, "top_k": 20, "top_p": 0.8},
        {"temperature": 0.9, "top_k": 10, "top_p": 0.6, "penalty": 1.3, "penalised": [3, 8, 9, 40]},
        {"temperature": 1.1, "top_k": 8, "top_p": 0.7, "allowed": list(range(1, 60, 3))},
        {"temperature": 1.1, "top_p": 0.7, "penalty": 1.2, "penalised": [1, 4, 5], "allowed": [4, 7, 10]},
    ]
    for name, logits in rows.items():
        for rule in rules:
            kept, probabilities = warp(logits, rule)
            exact, _ = warp(logits.double(), rule)
            if kept != exact:
                raise SystemExit(f"{name} {rule}: float32 keeps {kept}, float64 {exact}: choose another rule")
            yield {"row": name, **rule, "kept": kept, "probabilities": [float(f"{p:.7g}") for p in probabilities]}, logits


def main():
    rows, all_cases = {}, []
    for case, logits in cases():
        rows[case["row"]] = logits.tolist()
        all_cases.append(case)
    OUT.parent.mkdir(exist_ok=True)
    with OUT.open("w") as f:
        f.write('{"rows":{\n' + ",\n".join(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in rows.items()))
        f.write('},\n"cases":[\n' + ",\n".join(json.dumps(c) for c in all_cases) + "]}\n")


if __name__ == "__main__":
    main()
