"""Copies the part of a folder of reference vectors that the repository ships.

python scripts/golden_subset.py GOLDENS testdata/goldens
"""
import json, os, shutil, sys
from safetensors.numpy import load_file, save_file

SRC, DST = sys.argv[1:3]
ADAPTERS = {"plain": True, "dora": False, "rslora": False, "patterns": False, "attention-only-layers": False}  # True: with the merged tensors
MERGED = ["model.layers.0.self_attn.k_proj.weight", "model.layers.1.mlp.down_proj.weight"]
MODELS = ["tiny-llama", "tiny-llama-nf4", "tiny-llama-nf4-bf16"] + ["adapters/" + a for a in ADAPTERS]
TOKENIZER_ONLY = ["tiny-mistral"]
ALL_ROWS = ["tiny-llama", "tiny-llama-nf4"]  # of the other models, the logits of a prompt's last two rows
TEXT = ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]  # those of tiny-llama-nf4-bf16 are tiny-llama's

for name in ["versions.json", "chat.json"]:
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
        if name == "tiny-llama-nf4-bf16" and f in TEXT:
            continue
        if f == "merged-expected.safetensors":
            merged = load_file(os.path.join(SRC, name, f))
            save_file({k: merged[k] for k in MERGED}, os.path.join(out, f))
            continue
        shutil.copy(os.path.join(SRC, name, f), os.path.join(out, f))
gens = [g for g in json.load(open(os.path.join(SRC, "generations.json"))) if g["model"] in MODELS]
logits, kept = load_file(os.path.join(SRC, "logits.safetensors")), {}
for g in gens:
    key = f"{g['model']}|{g['prompt']}"
    kept[key] = logits[key]
    if g["model"] not in ALL_ROWS and len(kept[key]) > 2:
        kept[key], g["logit_rows"] = kept[key][-2:].copy(), "last two"
json.dump(gens, open(os.path.join(DST, "generations.json"), "w"))
save_file(kept, os.path.join(DST, "logits.safetensors"))
