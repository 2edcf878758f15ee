"""Makes results to look at as pages: reads the output of `medner convert --to jsonl`,
writes the documents N times with confidences, links and overlapping mentions.

    medner convert corpus.PubTator --to jsonl | python3 scripts/page_sample.py 500 > sample.jsonl

A first argument of "long" joins all documents into one of 200,000 characters.
"""
import hashlib
import json
import random
import sys

rng = random.Random(1)
docs = [json.loads(line) for line in sys.stdin]


def rate(doc):
    for e in doc["entities"]:
        e["confidence"] = round(rng.random() ** 0.4, 3) if rng.random() < 0.95 else None
        if e.get("concepts"):
            e["links"] = [{"id": "MESH:" + c if c[0] in "CD" else c, "name": e["text"].title(), "method": "exact", "score": 1} for c in e["concepts"][:1]]
    for r in doc["relations"]:
        r["confidence"] = round(rng.random(), 3)
    if len(doc["entities"]) > 3:  # a mention around two others, and one that crosses
        a, b = doc["entities"][0], doc["entities"][1]
        lo, hi = min(a["start"], b["start"]), max(a["end"], b["end"])
        if hi - lo < 120:
            doc["entities"].append(dict(a, text=doc["text"][lo:hi], start=lo, end=hi, type="disease", confidence=0.41))
            lo = max(0, a["start"] - 8)
            mid = a["start"] + (a["end"] - a["start"]) // 2
            doc["entities"].append(dict(a, text=doc["text"][lo:mid], start=lo, end=mid, type="Gene", confidence=0.77))
    doc["dropped"] = [{"text": "an item that the article does not have", "task": "chemicals", "reason": "not in the article"}]
    doc["warnings"] = ["the model's context is shorter than the article"]
    doc["model"] = {"name": "SmolLM2-135M-Instruct", "adapter": "medner", "weights": "nf4", "precision": "f32", "engine": "devel"}
    doc["text_sha256"] = hashlib.sha256(doc["text"].encode()).hexdigest()
    return doc


if sys.argv[1] == "long":
    text, entities = "", []
    while len(text) < 200_000:
        for d in docs:
            for e in d["entities"]:
                entities.append(dict(e, start=e["start"] + len(text), end=e["end"] + len(text)))
            text += d["text"] + "\n\n"
    one = dict(docs[0], id="a long document", text=text, entities=entities, passages=[])
    print(json.dumps(rate(one)))
else:
    n = int(sys.argv[1])
    for i in range(n):
        d = json.loads(json.dumps(docs[i % len(docs)]))
        d["id"] = d["id"] if i < len(docs) else f"{d['id']}-{i // len(docs)}"
        print(json.dumps(rate(d)))
