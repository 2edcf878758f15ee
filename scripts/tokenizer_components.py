"""Writes small tokenizers made of every component that medner knows, and how Hugging Face's tokenizers encodes texts with each.

    python scripts/tokenizer_components.py [COUNT [SEED]] | gzip -9n > tokenizer/testdata/components.json.gz

The tests of package tokenizer read the output. A version of tokenizers always writes the same.
"""
import json, random, sys
from tokenizers import Tokenizer, __version__

COUNT, SEED = (list(map(int, sys.argv[1:])) + [80, 11][len(sys.argv) - 1:])[:2]
rnd = random.Random(SEED)
LETTERS = list("abcde \n.,'1é日▁") + ["?", "Ġ", "\u0301"]
WORDS = ["ab", "abc", "bc", " a", "▁a", "▁ab", "▁▁", "de", "11", "  ", "'s", "cde", "日本", "▁b", "Ġa", "Ġab"]
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

def bytes_alphabet():
    keep = list(range(0x21, 0x7f)) + list(range(0xa1, 0xad)) + list(range(0xae, 0x100)); n = 0; out = {}
    for b in range(256):
        if b in keep: out[b] = chr(b)
        else: out[b] = chr(256 + n); n += 1
    return out
ALPHABET = bytes_alphabet()

def vocab(byte_level, lacking, fallback):
    tokens = ["?"]
    if fallback: tokens += [f"<0x{b:02X}>" for b in range(256) if fallback == "all" or b < 0xe0]
    if byte_level: tokens += [c for b, c in ALPHABET.items() if not (lacking and b in (0xe6, 0x0a, ord("c"), ord("?")))]
    else: tokens += [c for c in LETTERS if not (lacking and c in "c日.")]
    merges = []
    as_bytes = lambda w: "".join(ALPHABET[b] for b in w.encode()) if byte_level else w
    for w in sorted({as_bytes(w) for w in WORDS}, key=len):
        for i in range(1, len(w)):
            if w[:i] in tokens and w[i:] in tokens:
                if w not in tokens: tokens.append(w)
                merges.append([w[:i], w[i:]])
    rnd.shuffle(merges)
    order = {m: i for i, m in enumerate(dict.fromkeys(tokens))}
    return order, [m if rnd.random() < .5 or " " in m[0] + m[1] else " ".join(m) for m in merges]

def string_merges(m):  # a list is of one kind
    if any(isinstance(x, list) for x in m): return [x if isinstance(x, list) else x.split(" ") for x in m]
    return m

def added(content, id, **flags):
    return dict(dict(id=id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=False), **flags)

def normalizer(depth=0):
    k = rnd.randrange(9 if depth else 12)
    if k == 0: return {"type": "Prepend", "prepend": rnd.choice(["▁", "ab", "é"])}
    if k == 1: return {"type": "Replace", "pattern": {"String": rnd.choice([" ", "ab", "é"])}, "content": rnd.choice(["▁", "", "bcd"])}
    if k == 2: return {"type": "Replace", "pattern": {"Regex": rnd.choice([" {2,}", r"\s+", r"\p{N}"])}, "content": rnd.choice(["▁", "", " "])}
    if k < 7: return {"type": ["NFC", "NFD", "NFKC", "NFKD"][k - 3]}
    if k < 9: return {"type": "Sequence", "normalizers": [normalizer(1) for _ in range(rnd.randrange(4))]} if not depth else {"type": "NFC"}
    return None

def split():
    return {"type": "Split", "pattern": rnd.choice([{"String": " "}, {"String": "ab"}, {"Regex": r"\s+"}, {"Regex": r"\p{L}+|\d"}, {"Regex": LLAMA3}, {"Regex": "[^a-z]"}]),
            "behavior": rnd.choice(["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]), "invert": rnd.random() < .3}

def metaspace():
    scheme = rnd.choice(["always", "first", "never"])
    m = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": rnd.random() < .7}
    if rnd.random() < .3: m["add_prefix_space"] = scheme != "never" or rnd.random() < .5
    return m

def digits(): return {"type": "Digits", "individual_digits": rnd.random() < .5}
def level(): return {"type": "ByteLevel", "add_prefix_space": rnd.random() < .5, "trim_offsets": rnd.random() < .5, "use_regex": rnd.random() < .5}

def tokenizer():
    byte_level = rnd.random() < .4
    before = [rnd.choice([split, digits] if byte_level else [split, digits, metaspace])() for _ in range(rnd.choice([0, 0, 1, 1, 2]))]
    pre = before + ([level()] if byte_level else [])
    pre = None if not pre else pre[0] if len(pre) == 1 and rnd.random() < .7 else {"type": "Sequence", "pretokenizers": pre}
    lacking, fallback = rnd.random() < .6, None if byte_level else rnd.choice([None, "all", "some"])
    v, merges = vocab(byte_level, lacking, fallback)
    extra = []
    for content in rnd.sample(["<s>", "</s>", "<pad>", "ab", "b", "  ", " b", "é", "▁x", "<s", "日本"], rnd.randrange(6)):
        extra.append(added(content, v.get(content, None), **{f: rnd.random() < .3 for f in ("single_word", "lstrip", "rstrip", "normalized")},
            special=content not in v and rnd.random() < .5))  # medner lets no merge end in a special token
    free = len(v)
    for a in extra:
        if a["id"] is None: a["id"] = free; free += 1
    top = max([a["id"] for a in extra if a["id"] >= len(v)], default=len(v) - 1)
    assert top == free - 1
    post = []
    if rnd.random() < .5: post.append({"type": "ByteLevel", "add_prefix_space": rnd.random() < .5, "trim_offsets": rnd.random() < .7, "use_regex": True})
    if rnd.random() < .5:
        item = lambda t: {"SpecialToken": {"id": t, "type_id": 0}}
        single = rnd.choice([["a", None], [None, "b"], ["a", "b", None, "a"]])
        single = [item(t) if t else {"Sequence": {"id": "A", "type_id": 0}} for t in single]
        post.append({"type": "TemplateProcessing", "single": single, "pair": [], "special_tokens": {t: {"id": t, "ids": [v[c]], "tokens": [c]} for t, c in (("a", list(v)[5]), ("b", list(v)[6]))}})
    post = None if not post else post[0] if len(post) == 1 else {"type": "Sequence", "processors": post}
    if byte_level: decoder = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    else:
        steps = [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": rnd.randrange(3), "stop": 0}]
        decoder = rnd.choice([None, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": rnd.choice(["always", "never"]), "split": True}, {"type": "Sequence", "decoders": steps},
            {"type": "Sequence", "decoders": steps[1:3] + [{"type": "Replace", "pattern": {"String": "ab"}, "content": "X"}]}, {"type": "ByteFallback"}, {"type": "Fuse"}])
    model = {"type": "BPE", "dropout": None, "unk_token": rnd.choice([None, "?"]), "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": rnd.random() < .5,
             "byte_fallback": fallback is not None, "ignore_merges": rnd.random() < .3, "vocab": v, "merges": string_merges(merges)}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": extra, "normalizer": normalizer(), "pre_tokenizer": pre, "post_processor": post, "decoder": decoder, "model": model}

PARTS = ["a", "b", "ab", "abc", "cde", " ", "  ", "   ", "\n", "\r\n", "1", "11", "'s", "é", "e\u0301", "日", "日本", "▁", "▁a", "<s>", "</s>", "<s", "Ġ", "ﬁ", "Å\u0323", "가", "\u1100\u1161", "?", ".", "z", "x", "🧬", "\u00a0", "²", "q\u0323\u0307"]
out = []
while len(out) < COUNT:
    t = tokenizer()
    try: tok = Tokenizer.from_str(json.dumps(t))
    except Exception as e: sys.exit(f"{e}: {json.dumps(t)}")
    if tok.normalizer and any(a["normalized"] and tok.normalizer.normalize_str(a["content"]) == "" for a in t["added_tokens"]): continue
    cases = []
    for _ in range(12):
        text = "".join(rnd.choice(PARTS) for _ in range(rnd.choice([0, 1, 2, 4, 8, 16])))
        try:
            tok.encode_special_tokens = False
            e = tok.encode(text)
            tok.encode_special_tokens = True
            n = tok.encode(text, add_special_tokens=False)
            ids = [rnd.randrange(tok.get_vocab_size()) for _ in range(rnd.randrange(8))] + e.ids
            cases.append([text, e.ids, e.offsets, n.ids, n.offsets, ids, tok.decode(ids, skip_special_tokens=False), tok.decode(ids)])
        except BaseException as e:  # a panic in Rust: the library has no answer
            if isinstance(e, KeyboardInterrupt): raise
    out.append({"tokenizer": t, "cases": cases})
json.dump({"tokenizers": __version__, "of": out}, sys.stdout, ensure_ascii=True, separators=(",", ":"))
