"""Copies the part of a folder of reference vectors that the repository ships.

python scripts/golden_subset.py GOLDENS testdata/goldens
"""
import json, os, shutil, sys
from safetensors.numpy import load_file, save_file

SRC, DST = sys.argv[1:3]
ADAPTERS = {"plain": True, "dora": False, "rslora": False, "patterns": False, "attention-only-layers": False}  # True: with the merged tensors
MODELS = ["tiny-llama", "tiny-llama-nf4", "tiny-llama-nf4-bf16", "tiny-llama-awq"] + ["adapters/" + a for a in ADAPTERS]
TOKENIZER_ONLY = ["tiny-mistral"]

for name in ["versions.json", "chat.json", "README.md"]:
    os.makedirs(DST, exist_ok=True)
    shutil.copy(os.path.join(SRC, name), os.path.join(DST, name))
for name in MODELS + TOKENIZER_ONLY + ["nf4", "tokenizer"]:
    out = os.path.join(DST, name)
    os.makedirs(out, exist_ok=True)
    for f in os.listdir(os.path.join(SRC, name)):
        weights = f.endswith(".safetensors") or f.endswith(".index.json")
        if name in TOKENIZER_ONLY and weights:
            continue
        if f == "merged-expected.safetensors" and not ADAPTERS[name.split("/")[1]]:
            continue
        shutil.copy(os.path.join(SRC, name, f), os.path.join(out, f))
gens = [g for g in json.load(open(os.path.join(SRC, "generations.json"))) if g["model"] in MODELS]
json.dump(gens, open(os.path.join(DST, "generations.json"), "w"))
logits = load_file(os.path.join(SRC, "logits.safetensors"))
save_file({k: v for k, v in logits.items() if k.split("|")[0] in MODELS}, os.path.join(DST, "logits.safetensors"))
