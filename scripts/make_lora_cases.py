"""Makes lora/testdata: tiny Llama bases, adapters that PEFT saved for them, and what PEFT computes with each.

python scripts/make_lora_cases.py lora/testdata       (torch, transformers, peft, safetensors; CPU)

base-<tied>-<biases>/        a base, as transformers saves it
<case>/                      an adapter, as PEFT saves it
<case>/expected.safetensors  the weight and bias that each module has under the adapter, found by feeding unit vectors
                             through the modules of the model that PEFT loaded, not merged; only those that change
"""

import json
import os
import sys
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

warnings.filterwarnings("ignore")
OUT = sys.argv[1]
HIDDEN, INTERMEDIATE, VOCABULARY, HEADS = 16, 24, 19, 4
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
DEEP = {"target_modules": PROJECTIONS, "r": 3, "lora_alpha": 5}

# name: (tied, biases, LoraConfig, changes to the saved folder)
CASES = {
    "regex": (False, False, {"r": 2, "lora_alpha": 2.5, "target_modules": r"model\.layers\.[01]\.(self_attn|mlp)\.(?:q|down)_proj"}),
    "all-linear": (False, False, {"r": 2, "lora_alpha": 6, "target_modules": "all-linear", "use_rslora": True}),
    "suffixes": (False, False, {"r": 2, "lora_alpha": 1, "target_modules": ["model.layers.1.mlp.up_proj", "0.self_attn.k_proj", "o_proj"], "exclude_modules": ["0.self_attn.o_proj"]}),
    "exclude-regex": (False, False, DEEP | {"exclude_modules": r".*layers\.1\.mlp.*"}),
    "patterns": (False, False, DEEP | {"rank_pattern": {"^model.layers.0.self_attn.k_proj": 4, "q_proj": 1, r".*\.1\.mlp\.(up|gate)_proj": 5}, "alpha_pattern": {"(k|v)_proj": 7.5, "layers.1.mlp.down_proj": 2}, "use_rslora": True}),
    "layers": (False, False, DEEP | {"layers_to_transform": 1, "layers_pattern": ["h", "lay.*"]}),
    "dora": (False, True, DEEP | {"use_dora": True}),
    "dora-embedding": (True, False, {"r": 2, "lora_alpha": 4, "target_modules": ["embed_tokens", "lm_head", "v_proj"], "use_dora": True}),
    "bias-all": (False, True, {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "down_proj"], "bias": "all", "modules_to_save": ["model.layers.0.mlp"]}),
    "bias-lora-only": (False, True, {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "down_proj"], "bias": "lora_only"}),
    "lora-bias": (False, True, {"r": 2, "lora_alpha": 5, "target_modules": ["q_proj", "up_proj"], "lora_bias": True}),
    "lora-bias-without-bias": (False, False, {"r": 2, "lora_alpha": 5, "target_modules": ["q_proj"], "lora_bias": True}),
    "modules-to-save": (False, False, {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "modules_to_save": ["head", "norm", "1.self_attn"]}),
    "tied-embedding": (True, False, {"r": 2, "lora_alpha": 4, "target_modules": ["embed_tokens", "q_proj"]}),
    "tied-modules-to-save": (True, False, {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]}),
    "ensure-tied-target": (True, False, {"r": 2, "lora_alpha": 4, "target_modules": ["lm_head", "q_proj"], "rank_pattern": {"embed_tokens": 3}, "ensure_weight_tying": True}),
    "ensure-tied-saved": (True, False, {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "modules_to_save": ["lm_head"], "ensure_weight_tying": True}),
    "fan-in-fan-out": (False, False, {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "fan_in_fan_out": True}),
    "old-names": (False, False, {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj"], "use_dora": True}),
    "bf16": (False, False, DEEP),
    "f16": (True, False, {"r": 2, "lora_alpha": 4, "target_modules": ["embed_tokens", "q_proj"], "modules_to_save": ["lm_head"]}),
}


def make_base(tied, biases):
    path = os.path.join(OUT, f"base-{int(tied)}-{int(biases)}")
    if not os.path.exists(path):
        torch.manual_seed(1)
        model = LlamaForCausalLM(LlamaConfig(
            vocab_size=VOCABULARY, hidden_size=HIDDEN, intermediate_size=INTERMEDIATE, num_hidden_layers=2, num_attention_heads=HEADS,
            num_key_value_heads=2, tie_word_embeddings=tied, attention_bias=biases, mlp_bias=biases, initializer_range=0.3))
        for name, p in model.named_parameters():
            p.data = torch.randn(p.shape) * 0.3 + ("norm" in name)
        model.bfloat16().save_pretrained(path)
        os.remove(os.path.join(path, "generation_config.json"))
    return path


def load(path):
    return LlamaForCausalLM.from_pretrained(path, dtype=torch.float32)


def effective(model):
    """Returns the weight and bias of every module, found by feeding it unit vectors."""
    found = {}
    for name, module in model.named_modules():
        leaf = name.rsplit(".", 1)[-1]
        if "base_layer" in name or "original_module" in name:
            continue
        plain = name.replace(".modules_to_save.default", "")
        if leaf in PROJECTIONS + ["lm_head"]:
            width = INTERMEDIATE if leaf == "down_proj" else HIDDEN
            zero = module(torch.zeros(1, width))
            found[plain + ".weight"] = (module(torch.eye(width)) - zero).T
            if zero.abs().max() > 0:
                found[plain + ".bias"] = zero[0]
        elif leaf == "embed_tokens":
            found[plain + ".weight"] = module(torch.arange(VOCABULARY))
        elif leaf.endswith("norm"):
            found[plain + ".weight"] = module(torch.ones(1, HIDDEN))[0] * (1 + model.config.rms_norm_eps) ** 0.5
    return found


@torch.no_grad()
def main():
    for seed, (name, (tied, biases, config)) in enumerate(CASES.items()):
        torch.manual_seed(100 + seed)
        base, path = make_base(tied, biases), os.path.join(OUT, name)
        model = get_peft_model(load(base), LoraConfig(task_type="CAUSAL_LM", **config))
        for key, p in model.named_parameters():
            if "lora_" in key and "magnitude" not in key:
                p.data.copy_(torch.randn(p.shape) * 0.2)
            elif "magnitude" in key:
                p.data = p.data * (1 + 0.1 * torch.randn(p.shape))
            elif "modules_to_save" in key or p.requires_grad:
                p.data.add_(0.1 * torch.randn(p.shape))
        model.save_pretrained(path)
        os.remove(os.path.join(path, "README.md"))
        file = os.path.join(path, "adapter_config.json")
        saved = json.load(open(file)) | {"base_model_name_or_path": os.path.basename(base)}
        for key in ("target_modules", "exclude_modules"):  # sets, whose order changes from run to run
            if isinstance(saved[key], list):
                saved[key].sort()
        json.dump(saved, open(file, "w"), indent=1)
        file = os.path.join(path, "adapter_model.safetensors")
        tensors = load_file(file)
        if name in ("bf16", "f16"):
            tensors = {k: v.to(torch.bfloat16 if name == "bf16" else torch.float16) for k, v in tensors.items()}
        save_file(tensors, file, metadata={"format": "pt"})

        before = effective(load(base))
        after = effective(PeftModel.from_pretrained(load(base), path).eval().get_base_model())
        changed = {k: v.contiguous().clone() for k, v in after.items() if k not in before or (v - before[k]).abs().max() > 1e-6}
        save_file(changed, os.path.join(path, "expected.safetensors"))
        if name == "old-names":  # as PEFT wrote them before it left out the adapter's name
            rename = lambda k: k.replace(".weight", ".default.weight").replace("vector", "vector.default.weight")
            save_file({rename(k): v for k, v in tensors.items()}, file, metadata={"format": "pt"})
        print(name, len(tensors), "tensors,", len(changed), "changed")


main()
