"""Compare how medner and transformers read the tokenizer of a folder.

tokenizer_folders.py MEDNER TOKENIZER_JSON SEED COUNT [CLASS] makes COUNT folders at
random, each with the byte-level TOKENIZER_JSON and with tokenizer_config.json,
special_tokens_map.json and added_tokens.json that name tokens in all ways that
transformers reads, and compares ids, offsets and decoded texts. CLASS is the
tokenizer_class, PreTrainedTokenizerFast by default. With --write FILE it writes the
folders with what transformers says, which tokenizer/testdata/folders.json holds.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import transformers  # noqa: E402

transformers.logging.set_verbosity(transformers.logging.CRITICAL)

POOL = ["<|im_start|>", "<|im_end|>", "<s>", "</s>", "<unk>", "<pad>", "[X]", " y", "é!", "<q>", "<mask>", "<|image|>", "  "]
NAMED = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "image_token", "zz_token"]


class Folders:
    def __init__(self, base, seed, kind):
        self.base, self.r, self.kind = base, random.Random(seed), kind

    def flags(self, typed=False):
        o = {"content": self.r.choice(POOL)}
        for k in ("lstrip", "rstrip", "single_word", "normalized", "special"):
            if self.r.random() < 0.7:
                o[k] = self.r.random() < 0.4
        if self.r.random() < 0.1:
            o["unknown_field"] = 3
        if typed:
            o["__type"] = "AddedToken"
        return o

    def token(self):
        return self.r.choice(POOL) if self.r.random() < 0.6 else self.flags(True)

    def tokenizer(self):
        f = json.loads(json.dumps(self.base))
        n = max([len(f["model"]["vocab"])] + [a["id"] + 1 for a in f["added_tokens"]])
        if self.r.random() < 0.5:
            for i, c in enumerate(self.r.sample(["<|im_start|>", "[X]", "<pad>", " y"], 2)):
                f["added_tokens"].append({"id": n + i, "content": c, **{k: self.r.random() < 0.4 for k in ("lstrip", "rstrip", "single_word", "normalized", "special")}})
        if self.r.random() < 0.3:
            f["normalizer"] = {"type": "Replace", "pattern": {"String": "Z"}, "content": "<pad>"}
        return f

    def config(self):
        r, c = self.r, {"tokenizer_class": self.kind}
        if r.random() < 0.6:
            c["added_tokens_decoder"] = {str(r.choice([0, 1, 2, 366, 367, 368, 369, 500, 1000, 5, 300])): self.flags() for _ in range(r.randrange(5))}
        for k in NAMED:
            if r.random() < 0.25:
                c[k] = r.choice([None, self.token(), self.token(), self.token()])
        if r.random() < 0.3:
            c[r.choice(["additional_special_tokens", "extra_special_tokens"])] = [self.token() for _ in range(r.randrange(3))]
        if r.random() < 0.1:
            c["extra_special_tokens"] = {"a_token": r.choice(POOL), "b_token": r.choice(POOL)}
        if r.random() < 0.1:
            c["add_bos_token"] = True
        return c

    def folder(self):
        r, files = self.r, {"tokenizer.json": self.tokenizer()}
        if r.random() < 0.9:
            files["tokenizer_config.json"] = self.config()
        if r.random() < 0.4:
            m = {k: r.choice([None, r.choice(POOL), self.flags()]) for k in ("bos_token", "eos_token", "pad_token", "video_token") if r.random() < 0.4}
            if r.random() < 0.3:
                m[r.choice(["additional_special_tokens", "extra_special_tokens"])] = [r.choice(POOL) for _ in range(2)]
            files["special_tokens_map.json"] = m
        if r.random() < 0.3:
            files["added_tokens.json"] = {r.choice(POOL): r.choice([366, 367, 368, 370, 1]) for _ in range(3)}
        return files

    def texts(self):
        more = POOL + ["a", " ", "Z", "x ", "q"]
        return ["<|im_start|>user<|im_end|>"] + ["".join(self.r.choice(more) for _ in range(8)) for _ in range(6)]


def reference(path, texts):
    t = transformers.AutoTokenizer.from_pretrained(path)
    out = []
    for x in texts:
        e = t(x, return_offsets_mapping=True)
        out.append({"text": x, "ids": e["input_ids"], "offsets": [list(o) for o in e["offset_mapping"]],
                    "decoded": t.decode(e["input_ids"]), "plain": t.decode(e["input_ids"], skip_special_tokens=True)})
    return out


def medner(binary, path, want):
    def run(command, lines, *more):
        p = subprocess.run([binary, command, *more, "--model", path], input="\n".join(map(json.dumps, lines)), capture_output=True, text=True)
        if p.returncode:
            raise RuntimeError(p.stderr)
        return [json.loads(line) for line in p.stdout.splitlines()]

    found = run("tokenize", [w["text"] for w in want], "--json-lines")
    ids = [w["ids"] for w in want]
    for w, f, d, s in zip(want, found, run("detokenize", ids), run("detokenize", ids, "--skip-special")):
        yield w, {"text": w["text"], "ids": f["ids"], "offsets": f["char_offsets"], "decoded": d, "plain": s}


def main():
    args = sys.argv[1:]
    write = args.pop(args.index("--write") + 1) if "--write" in args else None
    args = [a for a in args if a != "--write"]
    binary, base, seed, count = args[0], json.load(open(args[1])), int(args[2]), int(args[3])
    folders = Folders(base, seed, args[4] if len(args) > 4 else "PreTrainedTokenizerFast")
    equal = differ = refused = 0
    cases = []
    for _ in range(count):
        files, texts = folders.folder(), folders.texts()
        with tempfile.TemporaryDirectory() as path:
            for name, content in files.items():
                with open(os.path.join(path, name), "w") as f:
                    json.dump(content, f, ensure_ascii=False)
            try:
                want = reference(path, texts)
            except Exception as e:  # what transformers refuses has no reference
                refused += 1
                print("transformers refuses:", repr(e)[:200])
                continue
            own = files.pop("tokenizer.json")
            cases.append({"added_tokens": own["added_tokens"], "normalizer": own["normalizer"], "files": files, "want": want[:3]})
            wrong = [(w, f) for w, f in medner(binary, path, want) if w != f]
            if wrong:
                differ += 1
                print(json.dumps({"files": files, "added": own["added_tokens"], "expected": wrong[0][0], "found": wrong[0][1]}, ensure_ascii=False))
            else:
                equal += 1
    if write:
        model = {k: v for k, v in base.items() if k not in ("added_tokens", "normalizer")}
        json.dump({"base": model, "folders": cases}, open(write, "w"), ensure_ascii=False, separators=(",", ":"))
    print(f"{equal} equal, {differ} differ, {refused} refused by transformers")
    sys.exit(1 if differ else 0)


main()
