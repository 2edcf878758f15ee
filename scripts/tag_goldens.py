"""Makes small random token classification models and adapters, and what transformers and peft say of them.

pip install torch transformers peft bitsandbytes safetensors     (versions: DIR/versions.json)
python scripts/tag_goldens.py testdata/goldens-tags              (half a minute on a CPU)

DIR/models/NAME           a checkpoint; llama has a tokenizer, llama-base and nf4-base have a language-model head
DIR/adapters/NAME         a PEFT folder of task type TOKEN_CLS; its base is in adapter_config.json
DIR/classifications.json  [{model, prompt, ids, from, labels}]
DIR/scores.safetensors    "MODEL|PROMPT": the scores of the labels at the positions from `from` on
DIR/pipeline.json         [{text, none, simple}]: what transformers' pipeline finds with models/llama
"""
import json, os, random, shutil, sys
from importlib.metadata import version
import bitsandbytes.functional as BF
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (AutoModelForCausalLM, AutoModelForTokenClassification, AutoTokenizer, LlamaConfig, MistralConfig,
                          Qwen2Config, Qwen3Config, pipeline)

OUT = sys.argv[1]
TOKENIZER = os.path.join(os.path.dirname(__file__), "..", "testdata", "goldens", "tiny-llama")
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
BIO = ["O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease"]
TEXTS = ["Famotidine-associated delirium. A series of six cases.", "", "  naïve Müller‑cells 𝛃-blockers\n\ncaused β‐thalassæmia 😀 in 3 of 12 patients ",
         "Lithium and carbamazepine: a case of neurotoxicity, with tremor and ataxia, that ended in coma."]

# name: (configuration, dtype, labels, further fields)
MODELS = {
    "llama": (LlamaConfig, "bfloat16", BIO, dict(vocab_size=2288)),
    "llama-base": (LlamaConfig, "bfloat16", None, dict(vocab_size=211, tie_word_embeddings=True)),
    "mistral": (MistralConfig, "bfloat16", ["O", "Drug", "Disease"], dict(vocab_size=150, sliding_window=48)),
    "qwen2": (Qwen2Config, "bfloat16", BIO[:3], dict(vocab_size=190, tie_word_embeddings=True)),
    "qwen3": (Qwen3Config, "float16", ["S-X", "B-X", "I-X", "E-X", "O", "S-Y", "B-Y", "I-Y", "E-Y"], dict(vocab_size=170, head_dim=32)),
}
# name: base; the head of nf4-head is quantised too
FOURBIT = {"nf4-head": "mistral", "nf4-qwen2": "qwen2", "nf4-base": "llama-base"}
# name: (models, labels, LoRA)
ADAPTERS = {
    "lora": (["llama-base"], BIO, dict(r=4, lora_alpha=8, target_modules=ALL)),
    "dora": (["llama-base"], ["O", "Drug", "Disease"], dict(r=3, lora_alpha=6, use_dora=True, target_modules=["q_proj", "o_proj", "down_proj"])),
    "rslora": (["mistral"], ["O", "Drug", "Disease"], dict(r=4, lora_alpha=6, use_rslora=True, bias="all", target_modules=["q_proj", "v_proj", "up_proj"])),
    "qlora": (["nf4-base"], BIO, dict(r=8, lora_alpha=16, target_modules=ALL)),
    "inherits": (["nf4-qwen2"], BIO[:3], dict(r=2, lora_alpha=4, task_type=None, target_modules=ALL + ["score"])),  # factors for the base's head
}


def path(*a):
    return os.path.join(OUT, *a)


def randomise(m, seed):
    g = torch.Generator().manual_seed(seed)
    for n, w in m.named_parameters():
        if n.endswith("norm.weight"):
            w.data = 1 + 0.2 * torch.randn(w.shape, generator=g)
        elif n.endswith("bias"):
            w.data = 0.3 * torch.randn(w.shape, generator=g)
        elif "embed" in n or "lm_head" in n:
            w.data = torch.randn(w.shape, generator=g)
        else:
            w.data = torch.randn(w.shape, generator=g) * (2 / w.shape[1] ** 0.5)
    return m


def kind(name):
    return AutoModelForTokenClassification if MODELS[name][2] else AutoModelForCausalLM


def plain(name):
    config, dtype, labels, more = MODELS[name]
    more = dict(tie_word_embeddings=False) | more
    if labels:
        more |= dict(id2label=dict(enumerate(labels)), label2id={l: i for i, l in enumerate(labels)})
    c = config(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
               rms_norm_eps=1e-6, bos_token_id=1, eos_token_id=2, **more)
    m = randomise(kind(name).from_config(c), list(MODELS).index(name) + 31).to(getattr(torch, dtype))
    if name == "qwen3":
        m.score.bias.data.zero_()
    m.save_pretrained(path("models", name))
    m = kind(name).from_pretrained(path("models", name), dtype=torch.float32).eval()
    file = path("models", name, "model.safetensors")
    if name == "llama":
        for f in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(os.path.join(TOKENIZER, f), path("models", name))
    if name == "qwen3":  # a head without bias under its older name
        save_file({n.replace("score", "classifier"): w for n, w in load_file(file).items() if n != "score.bias"}, file, metadata={"format": "pt"})
    return m


def four_bit(name):
    base = FOURBIT[name]
    file = path("models", base, "model.safetensors")
    m = kind(base).from_pretrained(path("models", base), dtype=torch.float32).eval()
    tensors = load_file(file)
    for n, mod in m.named_modules():
        if not isinstance(mod, torch.nn.Linear) or n == "lm_head" or n == "score" and name != "nf4-head":
            continue
        q, s = BF.quantize_4bit(mod.weight.data, blocksize=64, compress_statistics=True, quant_type="nf4")
        mod.weight.data = BF.dequantize_4bit(q, s).float()
        tensors[n + ".weight"] = q
        tensors |= {n + ".weight." + k: v.clone() for k, v in s.as_dict(packed=True).items()}
    os.makedirs(path("models", name))
    save_file(tensors, path("models", name, "model.safetensors"), metadata={"format": "pt"})
    c = json.load(open(path("models", base, "config.json")))
    c["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True, "load_in_8bit": False, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True,
                                "bnb_4bit_compute_dtype": "float32", "bnb_4bit_quant_storage": "uint8", "llm_int8_skip_modules": ["score"] if MODELS[base][2] and name != "nf4-head" else None}
    json.dump(c, open(path("models", name, "config.json"), "w"), indent=1)
    return m


def tagger(model, labels):
    """The base of an adapter with a fresh head; of a 4-bit base the plain model of its dequantised weights."""
    base = FOURBIT.get(model, model)
    m = AutoModelForTokenClassification.from_pretrained(path("models", base), num_labels=len(labels), dtype=torch.float32).eval()
    if model in FOURBIT:
        shutil.rmtree(path("models", model))
        quantised = four_bit(model)
        m.load_state_dict(quantised.state_dict() if MODELS[base][2] else {"model." + n: w for n, w in quantised.model.state_dict().items()}, strict=False)
    return m


def adapter(name, model):
    labels, settings = ADAPTERS[name][1:]
    folder = path("adapters", name)
    p = get_peft_model(tagger(model, labels), LoraConfig(**(dict(task_type="TOKEN_CLS") | settings)))
    g = torch.Generator().manual_seed(177 + list(ADAPTERS).index(name))
    for n, w in p.named_parameters():
        if "magnitude" in n:
            w.data = w.data * (1 + 0.1 * torch.randn(w.shape, generator=g))
        elif "lora_" in n or "modules_to_save" in n:
            w.data = 0.15 * torch.randn(w.shape, generator=g)
        elif n.endswith("bias"):
            w.data = w.data + 0.1 * torch.randn(w.shape, generator=g)
    p.save_pretrained(folder)
    c = json.load(open(os.path.join(folder, "adapter_config.json")))
    c["base_model_name_or_path"] = "models/" + model
    if isinstance(c["target_modules"], list):
        c["target_modules"] = sorted(c["target_modules"])
    json.dump(c, open(os.path.join(folder, "adapter_config.json"), "w"), indent=1)
    os.remove(os.path.join(folder, "README.md"))
    if name == "lora":
        json.dump({"id2label": dict(enumerate(labels))}, open(os.path.join(folder, "labels.json"), "w"))
    if name in ("dora", "qlora"):
        json.dump(labels, open(os.path.join(folder, "labels.json"), "w"))
    loaded = PeftModel.from_pretrained(tagger(model, labels), folder).eval()
    if name == "dora":  # the names that files of older versions have
        file = os.path.join(folder, "adapter_model.safetensors")
        save_file({n.replace(".score.", ".score.modules_to_save.default."): w for n, w in load_file(file).items()}, file, metadata={"format": "pt"})
    return loaded


cases, scores = [], {}


def measure(name, m, labels, vocab, lengths=(1, 19, 47)):
    rnd = random.Random(name)
    for n in lengths:
        ids = [rnd.randrange(3, vocab) for _ in range(n)]
        first = n // 3
        with torch.no_grad():
            rows = m(input_ids=torch.tensor([ids])).logits[0, first:]
        prompt = len([c for c in cases if c["model"] == name])
        cases.append({"model": name, "prompt": prompt, "ids": ids, "from": first, "labels": labels})
        scores[f"{name}|{prompt}"] = rows.clone().contiguous()


shutil.rmtree(OUT, ignore_errors=True)
for name in list(MODELS) + list(FOURBIT):
    m = plain(name) if name in MODELS else four_bit(name)
    _, _, labels, more = MODELS[FOURBIT.get(name, name)]
    if labels:
        measure("models/" + name, m, labels, more["vocab_size"], (1, 47, 150))
for name, (models, labels, _) in ADAPTERS.items():
    for model in models:
        measure("adapters/" + name, adapter(name, model), labels, MODELS[FOURBIT.get(model, model)][3]["vocab_size"])
json.dump(cases, open(path("classifications.json"), "w"))
save_file(scores, path("scores.safetensors"))

m = AutoModelForTokenClassification.from_pretrained(path("models", "llama"), dtype=torch.float32).eval()
tokenizer = AutoTokenizer.from_pretrained(path("models", "llama"))
found = []
for text in filter(str.strip, TEXTS):
    entry = {"text": text}
    for how in ("none", "simple"):
        entities = pipeline("token-classification", model=m, tokenizer=tokenizer, aggregation_strategy=how)(text)
        entry[how] = [{k: float(v) if k == "score" else v for k, v in e.items()} for e in entities]
    found.append(entry)
json.dump(found, open(path("pipeline.json"), "w"), indent=1, ensure_ascii=False, default=int)
json.dump({m: version(m) for m in ("torch", "transformers", "peft", "bitsandbytes", "safetensors")}, open(path("versions.json"), "w"), indent=1)
