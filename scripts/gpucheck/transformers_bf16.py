"""Times transformers in bf16 (and bitsandbytes NF4, if it is installed) at a shape that `medner bench model`
knows, with random weights; prints rows as that command does.

python3 transformers_bf16.py llama-3.2-3b [-p 512] [-n 128] [-d 1024] [-r 5]
"""
import argparse, json, statistics, time

import torch
import transformers

SHAPES = {
    "tiny": dict(vocab_size=1000, hidden_size=128, intermediate_size=320, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=32, tie_word_embeddings=True),
    "smollm2-135m": dict(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, head_dim=64, tie_word_embeddings=True),
    "llama-3.2-1b": dict(vocab_size=128256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32, num_key_value_heads=8, head_dim=64, tie_word_embeddings=True),
    "llama-3.2-3b": dict(vocab_size=128256, hidden_size=3072, intermediate_size=8192, num_hidden_layers=28, num_attention_heads=24, num_key_value_heads=8, head_dim=128, tie_word_embeddings=True),
    "llama-3.1-8b": dict(vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, head_dim=128, tie_word_embeddings=False),
    "mistral-7b": dict(vocab_size=32768, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, head_dim=128, tie_word_embeddings=False),
}


def model_of(shape, device):
    config = transformers.LlamaConfig(max_position_embeddings=8192, **SHAPES[shape])
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        model = transformers.LlamaForCausalLM(config)
    torch.set_default_dtype(default)
    return model.eval()


def quantise(model):
    """Replaces the projections by bitsandbytes' NF4 ones."""
    import bitsandbytes as bnb
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.Linear) and name != "lm_head":
                four = bnb.nn.Linear4bit(child.in_features, child.out_features, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4")
                four.weight = bnb.nn.Params4bit(child.weight.data, requires_grad=False, quant_type="nf4")
                setattr(module, name, four.to(child.weight.device))
    return model


def timed(fn, repetitions, device):
    def wait():
        if device == "cuda":
            torch.cuda.synchronize()
    samples = []
    for i in range(repetitions + 1):  # the first warms up
        wait()
        start = time.perf_counter()
        tokens = fn()
        wait()
        if i:
            samples.append(tokens / (time.perf_counter() - start))
    return samples


@torch.inference_mode()
def main():
    a = argparse.ArgumentParser()
    a.add_argument("shape", choices=SHAPES)
    a.add_argument("-p", type=int, default=512)
    a.add_argument("-n", type=int, default=128)
    a.add_argument("-d", type=int, default=1024)
    a.add_argument("-r", type=int, default=5)
    a.add_argument("--device", default="cuda")
    a = a.parse_args()
    rows = []
    model = model_of(a.shape, a.device)
    weights = ["bf16"]
    try:
        import bitsandbytes  # noqa: F401
        weights.append("nf4 (bitsandbytes)")
    except ImportError:
        pass
    for held in weights:
        if held != "bf16":
            model = quantise(model)
        vocab = model.config.vocab_size
        prompt = torch.tensor([[(i * 7919 + 13) % vocab for i in range(a.p)]], device=a.device)
        context = torch.tensor([[(i * 7919 + 13) % vocab for i in range(max(1, a.d))]], device=a.device)

        def prefill():
            model(prompt, use_cache=True, logits_to_keep=1)
            return a.p

        def decode():
            state = model(context, use_cache=True, logits_to_keep=1)
            token = state.logits[:, -1:].argmax(-1)
            if a.device == "cuda":
                torch.cuda.synchronize()
            decode.start = time.perf_counter()
            cache = state.past_key_values
            for _ in range(a.n):
                state = model(token, past_key_values=cache, use_cache=True)
                cache, token = state.past_key_values, state.logits[:, -1:].argmax(-1)
            token.item()
            decode.took = time.perf_counter() - decode.start
            return a.n

        for test, samples in ((f"pp{a.p}", timed(prefill, a.r, a.device)), (f"tg{a.n} @ d{a.d}", None)):
            if samples is None:
                decode()
                samples = []
                for _ in range(a.r):
                    samples.append(decode() / decode.took)
            rows.append({"test": test, "model_filename": a.shape + ", random", "weights": held, "precision": "bf16", "backends": f"transformers {transformers.__version__}, torch {torch.__version__}",
                         "avg_ts": statistics.mean(samples), "stddev_ts": statistics.stdev(samples) if len(samples) > 1 else 0.0, "samples_ts": samples})
    print(json.dumps(rows, indent=1))


main()
