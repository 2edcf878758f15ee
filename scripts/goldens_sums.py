"""Writes what PEFT computes with several adapters active at once.

pip install torch transformers peft     (versions: the file's)
python scripts/goldens_sums.py testdata/goldens testdata/goldens-sums.json

The models and adapters are those of the first folder. For each sum: token ids, the logits of
the prompt's last row, and greedy continuations.
"""
import json, sys
from importlib.metadata import version
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

FROM, OUT = sys.argv[1:]
IDS = [1, 300, 45, 902, 17, 1204, 77, 640]
SUMS = [["plain", "rslora"], ["plain", "patterns"], ["rslora", "plain", "attention-only-layers"]]

torch.set_grad_enabled(False)
cases = []
for names in SUMS:
    base = AutoModelForCausalLM.from_pretrained(f"{FROM}/tiny-llama", dtype=torch.float32)
    model = PeftModel.from_pretrained(base, f"{FROM}/adapters/{names[0]}", adapter_name=names[0].replace("-", "_"))
    for name in names[1:]:
        model.load_adapter(f"{FROM}/adapters/{name}", adapter_name=name.replace("-", "_"))
    model.base_model.set_adapter([n.replace("-", "_") for n in names])
    model.eval()
    ids, rows = list(IDS), []
    for _ in range(16):
        logits = model(torch.tensor([ids])).logits[0, -1]
        rows.append(logits)
        ids.append(int(logits.argmax()))
    cases.append({"adapters": names, "ids": IDS, "greedy": ids[len(IDS):], "logits": [float(f"{x:.7g}") for x in rows[0].tolist()]})
versions = {p: version(p) for p in ("torch", "transformers", "peft")}
with open(OUT, "w") as f:
    json.dump({"versions": versions, "cases": cases}, f)
