"""Compares medner's tokenizer with Hugging Face's tokenizers library on random Unicode and on a corpus.

    python scripts/tokenizer_parity.py TOKENIZER.json [--count 20000] [--seed 1] [--corpus FILE …] [--gguf FILE.gguf]

Needs the package tokenizers and a Go toolchain. Writes the library's answers to a temporary file and lets
TestParity in package tokenizer check ids, offsets and decoded text against it, with and without special tokens.
With --gguf, FILE's vocabulary is read by medner and TOKENIZER.json is only the reference.
"""
import argparse, json, os, random, subprocess, sys, tempfile
from tokenizers import Tokenizer

a = argparse.ArgumentParser()
a.add_argument("tokenizer")
a.add_argument("--count", type=int, default=20000)
a.add_argument("--seed", type=int, default=1)
a.add_argument("--corpus", nargs="*", default=[])
a.add_argument("--gguf")
a = a.parse_args()

reference = Tokenizer.from_file(a.tokenizer)
reference.no_truncation(), reference.no_padding()
rnd = random.Random(a.seed)
specials = [t.content for t in reference.get_added_tokens_decoder().values()]

SPACES = " " * 8 + "\t\n\r\x0b\x0c\x1c\x85\xa0\u1680\u2000\u2003\u2009\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
MARKS = [chr(c) for c in list(range(0x300, 0x370)) + [0x483, 0x591, 0x64b, 0x93e, 0x94d, 0x1ab0, 0x20d0, 0x20e3, 0x3099, 0xfe0e, 0xfe0f, 0x1d165, 0xe0101]]
DIGITS = "0123456789²³¹¼½٠٣٥१२४၃๓Ⅳⅻ①⑳〇㊿𝟘𝟗\U0001e5f1\U00011de0\U00010d40"
QUOTES = ["'s", "'S", "'ſ", "'t", "'T", "'re", "'RE", "'rE", "'ve", "'VE", "'m", "'ll", "'LL", "'d", "'x", "''", "’s", "'sx", "'l", "'"]
WORDS = "the of aspirin Ibuprofen 5-fluorouracil (R)-deprenyl N-acetyl-p-benzoquinone DON'T we'll naïve café Straße ﬁ ﬃ ŉ μg Å Å 日本語 中文 한국어 한국어 नमस्ते العربية עברית ไทย Ελληνικά Кириллица 👩‍⚕️ 👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪 ▁ ▁▁ Ġ Ċ <0x0A> <0xE2> \u2581x".split(" ")
PLANES = [(0x20, 0x7f), (0, 0x20), (0x80, 0x250), (0x250, 0x800), (0x800, 0x3000), (0x3000, 0xd800), (0xe000, 0x10000), (0x10000, 0x20000), (0x20000, 0x40000), (0x40000, 0xe0000), (0xe0000, 0x110000)]

def char():
    lo, hi = rnd.choice(PLANES)
    return chr(rnd.randrange(lo, hi))

def chunk():
    k = rnd.randrange(14)
    if k == 0: return "".join(char() for _ in range(rnd.randrange(1, 8)))
    if k == 1: return "".join(rnd.choice(SPACES) for _ in range(rnd.randrange(1, 6)))
    if k == 2: return " " * rnd.randrange(1, 20)
    if k == 3: return rnd.choice(["\r\n", "\n", "\n\n", "\r", " \n", "\n ", "\t\n  \r\n x"]) * rnd.randrange(1, 3)
    if k == 4: return "".join(rnd.choice(DIGITS) for _ in range(rnd.randrange(1, 8)))
    if k == 5: return rnd.choice(QUOTES)
    if k == 6: return "".join(rnd.choice("aeo" + char()) + rnd.choice(MARKS) * rnd.randrange(3) for _ in range(rnd.randrange(1, 4)))
    if k == 7 and specials: return rnd.choice(["", " ", "  ", "x"]) + rnd.choice(specials) + rnd.choice(["", " ", "\n", "x"])
    if k == 8 and specials:
        s = rnd.choice(specials); i = rnd.randrange(len(s) + 1); return s[:i] + rnd.choice(["", " ", s]) + s[i:]
    if k == 9: return rnd.choice(["!", "...", "--", "(", ")]", "!?\n\n", "/", "\\", "\"", "_", "#", "+/-", "=>"]) * rnd.randrange(1, 3)
    if k == 10: return char() * rnd.randrange(1, 40)
    return rnd.choice(["", " "]) + rnd.choice(WORDS)

def string():
    return "".join(chunk() for _ in range(rnd.choice([1, 1, 2, 3, 5, 8, 20])))

texts = ["", " ", "\n"] + [chr(c) for c in range(0x250)] + [string() for _ in range(a.count)]
texts += ["a" * 5000, " " * 3000, "\n" * 3000, "ab" * 3000, "日本" * 2000, "\U0001f9ec" * 1500, "e\u0301" * 2000, "".join(char() for _ in range(8000)), "1" * 3000]
for path in a.corpus:
    with open(path, encoding="utf-8", newline="") as f: whole = f.read()
    texts += whole.splitlines(keepends=True) + [whole]

if not all(t == t.encode("utf-8").decode("utf-8") for t in texts): sys.exit("a text that isn't UTF-8")
with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, "cases.jsonl")
    with open(path, "w", encoding="utf-8") as f:
        for t in texts:
            reference.encode_special_tokens = False
            e = reference.encode(t)
            reference.encode_special_tokens = True
            n = reference.encode(t, add_special_tokens=False)
            f.write(json.dumps({"text": t, "ids": e.ids, "char_offsets": e.offsets, "decoded": reference.decode(e.ids, skip_special_tokens=False),
                "decoded_skip_special": reference.decode(e.ids), "text_ids": n.ids, "text_char_offsets": n.offsets}, ensure_ascii=True) + "\n")
    env = dict(os.environ, MEDNER_PARITY_CASES=path, MEDNER_PARITY_TOKENIZER=os.path.abspath(a.gguf or a.tokenizer))
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    print(f"{len(texts)} texts, {sum(len(t.encode()) for t in texts)} bytes", flush=True)
    sys.exit(subprocess.run(["go", "test", "-count=1", "-v", "-run", "^TestParity$", "./tokenizer"], cwd=root, env=env).returncode)
