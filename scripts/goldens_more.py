"""Makes small random models, and what transformers, peft and bitsandbytes say of them.

pip install torch transformers peft bitsandbytes safetensors     (versions: DIR/versions.json)
python scripts/goldens_more.py shapes testdata/goldens-more      (a minute on a CPU)
python scripts/goldens_more.py families testdata/goldens-families

shapes are Llamas of unusual sizes, families are decoders of other families.

DIR/models/NAME       a checkpoint without a tokenizer
DIR/adapters/NAME     a PEFT folder; its base is in adapter_config.json
DIR/cases.json        [{model, adapters, ids, greedy: {penalty: ids}, margin}]
DIR/logits.safetensors  by number of the case: logits of the last rows of its prompt
"""
import json, os, random, shutil, sys
from importlib.metadata import version
import bitsandbytes
import bitsandbytes.functional as BF
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config

SET, OUT = sys.argv[1:]
shutil.rmtree(OUT, ignore_errors=True)
NEW, ROWS = 24, 2
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}

# set: (penalties, how far random weights spread, whether the references of 4-bit models are loaded as users load them, or are plain models of the dequantised weights,
#       {name: (class, dtype, hidden, intermediate, layers, heads, kv heads, head_dim, vocab, further fields)},
#       {name: (model, quant type, double, block size, state)},
#       {name: (models, LoRA)})
SETS = {
    "shapes": ((1.0, 1.2), 1.6, False, {
        "odd-100": (LlamaConfig, "float16", 100, 130, 1, 5, 5, 32, 503, dict(tie_word_embeddings=True)),
        "gqa-9": (LlamaConfig, "float16", 45, 100, 1, 9, 1, 64, 217, dict(attention_bias=True, mlp_bias=True)),
        "head-80-linear": (LlamaConfig, "bfloat16", 84, 60, 1, 4, 2, 80, 150, dict(rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0})),
        "head-96-llama3": (LlamaConfig, "float16", 64, 120, 1, 4, 2, 96, 211, dict(rope_parameters=LLAMA3, tie_word_embeddings=True)),
        "head-128": (LlamaConfig, "float32", 33, 66, 1, 3, 1, 128, 159, dict(attention_bias=True)),
        "head-64-one": (LlamaConfig, "float32", 64, 96, 1, 1, 1, 64, 140, dict(tie_word_embeddings=True)),
    }, {
        "nf4-ragged": ("odd-100", "nf4", True, 64, torch.float32),
        "fp4-ragged-f16": ("gqa-9", "fp4", False, 64, torch.float16),
        "nf4-f16": ("head-64-one", "nf4", True, 64, torch.float16),
        "fp4": ("head-64-one", "fp4", True, 64, torch.float32),
        "nf4-128": ("head-128", "nf4", False, 128, torch.bfloat16),
    }, {
        "odd-rank": (["odd-100", "nf4-ragged"], dict(r=3, lora_alpha=5, target_modules=ALL)),
        "dora": (["head-96-llama3"], dict(r=4, lora_alpha=8, use_dora=True, target_modules=["q_proj", "o_proj", "down_proj"])),
        "biases": (["gqa-9", "fp4-ragged-f16"], dict(r=2, lora_alpha=4, bias="all", target_modules=ALL)),
        "embedding-and-head": (["head-128", "nf4-128"], dict(r=4, lora_alpha=6, use_rslora=True, target_modules=["embed_tokens", "v_proj"], modules_to_save=["lm_head"])),
        "four-bit": (["nf4-f16", "fp4", "head-64-one"], dict(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj", "up_proj"])),
    }),
    "families": ((1.0, 1.15), 2, True, {
        "qwen2": (Qwen2Config, "bfloat16", 64, 192, 2, 4, 2, None, 150, dict(rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}, tie_word_embeddings=True)),
        "qwen3": (Qwen3Config, "bfloat16", 64, 128, 2, 4, 2, 32, 150, dict(rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})),
        "qwen3-biased": (Qwen3Config, "float32", 48, 56, 1, 2, 1, 128, 150, dict(attention_bias=True, tie_word_embeddings=True)),
    }, {
        "nf4-qwen2": ("qwen2", "nf4", True, 64, torch.float32),
        "nf4-qwen3": ("qwen3", "nf4", True, 64, torch.float32),
    }, {
        "qwen2-lora": (["qwen2", "nf4-qwen2"], dict(r=4, lora_alpha=8, bias="all", target_modules=ALL)),
        "qwen3-dora": (["qwen3", "nf4-qwen3"], dict(r=3, lora_alpha=6, use_dora=True, target_modules=["q_proj", "k_proj", "o_proj", "down_proj"], modules_to_save=["q_norm", "k_norm"])),
    }),
}
PENALTIES, SPREAD, AS_USERS_LOAD, MODELS, FOURBIT, ADAPTERS = SETS[SET]


def path(*a):
    return os.path.join(OUT, *a)


def randomise(m, seed):
    g = torch.Generator().manual_seed(seed)
    for n, w in m.named_parameters():
        if n.endswith("norm.weight"):
            w.data = 1 + 0.2 * torch.randn(w.shape, generator=g)
        elif n.endswith("bias"):
            w.data = 0.1 * torch.randn(w.shape, generator=g)
        elif "embed" in n or "lm_head" in n:
            w.data = torch.randn(w.shape, generator=g)
        else:
            w.data = torch.randn(w.shape, generator=g) * (SPREAD / w.shape[1] ** 0.5)
    return m


def plain(name):
    kind, dtype, hidden, inter, layers, heads, kv, dim, vocab, more = MODELS[name]
    more = dict(tie_word_embeddings=False) | ({"head_dim": dim} if dim else {}) | more
    c = kind(hidden_size=hidden, intermediate_size=inter, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv,
                    vocab_size=vocab, max_position_embeddings=512, rms_norm_eps=1e-6, bos_token_id=1, eos_token_id=2, **more)
    m = randomise(AutoModelForCausalLM.from_config(c), list(MODELS).index(name) + 11).to(getattr(torch, dtype))
    m.save_pretrained(path("models", name))
    return AutoModelForCausalLM.from_pretrained(path("models", name), dtype=torch.float32).eval()


def four_bit(name):
    base, quant, double, block, state = FOURBIT[name]
    m = AutoModelForCausalLM.from_pretrained(path("models", base), dtype=torch.float32).eval()
    tensors = load_file(path("models", base, "model.safetensors"))
    for n, mod in m.named_modules():
        if not isinstance(mod, torch.nn.Linear) or n == "lm_head":
            continue
        q, s = BF.quantize_4bit(mod.weight.data.to(state), blocksize=block, compress_statistics=double, quant_type=quant)
        mod.weight.data = BF.dequantize_4bit(q, s).float()
        tensors[n + ".weight"] = q
        tensors |= {n + ".weight." + k: v.clone() for k, v in s.as_dict(packed=True).items()}
    os.makedirs(path("models", name))
    save_file(tensors, path("models", name, "model.safetensors"), metadata={"format": "pt"})
    c = json.load(open(path("models", base, "config.json")))
    c["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True, "load_in_8bit": False, "bnb_4bit_quant_type": quant, "bnb_4bit_use_double_quant": double,
                                "bnb_4bit_compute_dtype": "float32", "bnb_4bit_quant_storage": "uint8"}
    json.dump(c, open(path("models", name, "config.json"), "w"), indent=1)
    return in_float32(name) if AS_USERS_LOAD else m


def in_float32(name):
    """Loads a 4-bit model. The loader leaves what isn't quantised in the file's dtype, and bitsandbytes may compute in bf16 on a CPU."""
    m = AutoModelForCausalLM.from_pretrained(path("models", name), dtype=torch.float32).eval()
    for w in m.parameters():
        if w.is_floating_point():
            w.data = w.data.float()
    for mod in m.modules():
        if isinstance(mod, bitsandbytes.nn.Linear4bit):
            mod.support_avx512bf16_for_cpu = False
    return m


def adapter(name, model, m):
    """Makes the adapter on its first model, and the unmerged forward of any."""
    folder = path("adapters", name)
    if not os.path.isdir(folder):
        p = get_peft_model(m, LoraConfig(task_type="CAUSAL_LM", **ADAPTERS[name][1]))
        g = torch.Generator().manual_seed(77 + list(ADAPTERS).index(name))
        for n, w in p.named_parameters():
            if "magnitude" in n:
                w.data = w.data * (1 + 0.1 * torch.randn(w.shape, generator=g))
            elif "lora_" in n:
                w.data = 0.1 * torch.randn(w.shape, generator=g)
            elif "modules_to_save" in n or n.endswith("bias"):
                w.data = w.data + 0.1 * torch.randn(w.shape, generator=g)
        p.save_pretrained(folder)
        c = json.load(open(os.path.join(folder, "adapter_config.json")))
        c["base_model_name_or_path"] = model
        c["target_modules"] = sorted(c["target_modules"])
        json.dump(c, open(os.path.join(folder, "adapter_config.json"), "w"), indent=1)
        if os.path.exists(os.path.join(folder, "README.md")):
            os.remove(os.path.join(folder, "README.md"))
        m = m if model in FOURBIT else AutoModelForCausalLM.from_pretrained(path("models", model), dtype=torch.float32).eval()
        p.unload()
    return PeftModel.from_pretrained(m, folder).eval()


cases, logits = [], {}


def measure(model, m, adapters):
    vocab = m.config.vocab_size if not hasattr(m, "get_base_model") else m.get_base_model().config.vocab_size
    rnd = random.Random(model + "+".join(adapters))
    for n in (1, 19, 150):
        ids = [rnd.randrange(3, vocab) for _ in range(n)]
        with torch.no_grad():
            rows = m(input_ids=torch.tensor([ids])).logits[0, -ROWS:]
        case = {"model": model, "adapters": adapters, "ids": ids, "rows": len(rows), "greedy": {}, "margin": {}}
        logits[str(len(cases))] = rows.clone().contiguous()
        for penalty in PENALTIES:
            g = m.generate(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, n, dtype=torch.long), do_sample=False, max_new_tokens=NEW, repetition_penalty=penalty, pad_token_id=0, output_scores=True, return_dict_in_generate=True)
            case["greedy"][str(penalty)] = g.sequences[0, n:].tolist()
            case["margin"][str(penalty)] = round(min(float(x[0].topk(2).values.diff().abs()) for x in g.scores), 6)
        cases.append(case)


loaders = {n: plain for n in MODELS} | {n: four_bit for n in FOURBIT}
for name, load in loaders.items():
    measure(name, load(name), [])
for name, (models, _) in ADAPTERS.items():
    for model in models:
        base = AutoModelForCausalLM.from_pretrained(path("models", model), dtype=torch.float32).eval() if model in MODELS else None
        if base is None:  # the dequantised weights in the plain model
            shutil.rmtree(path("models", model))
            base = four_bit(model)
        measure(model, adapter(name, model, base), [name])
for name in MODELS:
    g = path("models", name, "generation_config.json")
    if os.path.exists(g) and list(MODELS).index(name) % 2:
        os.remove(g)  # the stop ids then come from config.json
json.dump(cases, open(path("cases.json"), "w"))
save_file(logits, path("logits.safetensors"))
json.dump({m: version(m) for m in ("torch", "transformers", "peft", "bitsandbytes", "safetensors")}, open(path("versions.json"), "w"), indent=1)
print("smallest margin", min(m for c in cases for m in c["margin"].values()))
