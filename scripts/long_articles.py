#!/usr/bin/env python3
"""Measures what medner loses on long texts: it annotates CDR articles one by one, then
glued together, and scores both in the same way (the table is in docs/evaluation.md).

    scripts/long_articles.py --medner bin/medner --gold CDR.PubTator --out FOLDER
    scripts/long_articles.py … --glue 1,5,20 --chunk-tokens 384,512 --method both --precision fast

Outputs are kept in FOLDER, and what is there already isn't made again. Nothing but
Python's standard library is needed.

How it counts, alike for articles one by one and glued:
  mentions  a predicted mention is right if start, end and type are those of a gold mention
            of the article in which it stands (offsets of the glued text, less where the
            article begins).
  pairs     of a group of articles, those that are glued together. Sides become identifiers
            through the group's gold mentions with the same case-folded text and type; a
            pair is right if its identifiers are a gold pair of any article of the group.
            Each pair counts once a group: those of articles one by one are first merged.
            So a pair of a chemical from one article and a disease from another is wrong
            unless some article of the group asserts it, for both.
"""
import argparse
import collections
import json
import os
import random
import resource
import subprocess
import time

TYPES = {"chemical": "Chemical", "disease": "Disease"}


def read_gold(path):
    """read_gold returns the articles of a PubTator file: text, mentions, pairs."""
    articles = []
    with open(path, encoding="utf-8") as f:
        for block in f.read().strip().split("\n\n"):
            a = {"mentions": set(), "ids": collections.defaultdict(set), "pairs": set()}
            parts = {}
            for line in block.split("\n"):
                if "|t|" in line[:20] or "|a|" in line[:20]:
                    a["id"], kind, parts[kind] = line.split("|", 2)
                    continue
                f = line.split("\t")
                if f[1].isdigit():
                    typ = f[4].lower()
                    a["mentions"].add((int(f[1]), int(f[2]), typ))
                    for i in f[5].split("|"):
                        if i != "-1":
                            a["ids"][typ, f[3].lower()].add(i)
                elif f[1] == "CID":
                    a["pairs"].add((f[2], f[3]))
            a["text"] = parts["t"] + " " + parts["a"]
            articles.append(a)
    return articles


def groups(articles, size):
    return [articles[i:i + size] for i in range(0, len(articles), size)]


def glue(group, separator):
    """glue returns the text of a group, and where each article begins in it."""
    text, starts = "", []
    for a in group:
        if text:
            text += separator
        starts.append(len(text))
        text += a["text"]
    return text, starts


def annotate(args, articles, size, chunk, separator):
    """annotate returns medner's results for glued articles, and what making them took."""
    name = f"{args.method}-{args.precision}-glue{size}-chunk{chunk}{args.suffix}"
    out = os.path.join(args.out, name + ".jsonl")
    if not os.path.exists(out):
        given = os.path.join(args.out, f"glue{size}.in.jsonl")
        with open(given, "w", encoding="utf-8") as f:
            for i, g in enumerate(groups(articles, size)):
                f.write(json.dumps({"id": str(i), "text": glue(g, separator)[0]}) + "\n")
        command = [args.medner, "ner", given, "--out", out + ".part", "--format", "jsonl", "--method", args.method,
                   "--precision", args.precision, *args.flag]
        if chunk:
            command += ["--chunk-tokens", str(chunk)]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(out + ".cpu", "w", encoding="utf-8") as f:
            json.dump({"user": after.ru_utime - before.ru_utime, "wall": time.time() - start, "rss_mb": after.ru_maxrss / 1024}, f)
        os.rename(out + ".part", out)
    with open(out, encoding="utf-8") as f:
        results = [json.loads(line) for line in f]
    with open(out + ".cpu", encoding="utf-8") as f:
        return results, json.load(f)


def located(group, starts, result):
    """located returns a result's mentions as (article, start, end, type)."""
    found = set()
    for e in result["entities"]:
        if e["start"] is None:
            continue
        i = max(k for k, s in enumerate(starts) if s <= e["start"])
        found.add((group[i]["id"], e["start"] - starts[i], e["end"] - starts[i], e["type"]))
    return found


def resolve(ids, gold, pairs):
    """resolve returns the identifiers of pairs of texts: gold's where it has them."""
    found = set()
    for chemical, disease in pairs:
        product = {(c, d) for c in ids["chemical", chemical.lower()] or {chemical.lower()}
                   for d in ids["disease", disease.lower()] or {disease.lower()}}
        found |= product & gold or {min(product)}
    return found


def count(predicted, gold):
    return [len(predicted & gold), len(predicted), len(gold)]


def scores(articles, results, made, size, separator):
    """scores returns the counts of each group of articles that are judged together; results are those of
    articles glued by made at a time, and pairs are merged over size articles."""
    out = []
    for g, group in enumerate(groups(articles, size)):
        gold = {(a["id"], *m) for a in group for m in a["mentions"]}
        pairs = {p for a in group for p in a["pairs"]}
        ids = collections.defaultdict(set)
        for a in group:
            for k, v in a["ids"].items():
                ids[k] |= v
        mentions, written = set(), set()
        for i, sub in enumerate(groups(group, made)):
            r = results[(g * size) // made + i]
            mentions |= located(sub, glue(sub, separator)[1], r)
            written |= {(p["chemical"], p["disease"]) for p in r["relations"]}
        row = {"influences": count(resolve(ids, pairs, written), pairs)}
        for t in TYPES:
            row[t] = count({m for m in mentions if m[3] == t}, {m for m in gold if m[3] == t})
        out.append(row)
    return out


def f1(rows, key):
    tp, p, g = (sum(r[key][i] for r in rows) for i in range(3))
    return 200 * tp / max(p + g, 1)


def difference(one, other, key):
    """difference returns other's F1 less one's, with a 95 % interval of a paired bootstrap over groups."""
    rng, seen = random.Random(18), []
    for _ in range(1000):
        pick = [rng.randrange(len(one)) for _ in one]
        seen.append(f1([other[i] for i in pick], key) - f1([one[i] for i in pick], key))
    seen.sort()
    return f"{f1(other, key) - f1(one, key):+.1f} [{seen[25]:.1f}, {seen[974]:.1f}]"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--medner", default="bin/medner")
    p.add_argument("--gold", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--glue", default="5,10,20", help="articles a document")
    p.add_argument("--chunk-tokens", default="0", help="windows to try; 0: the default")
    p.add_argument("--method", default="tag")
    p.add_argument("--precision", default="f32")
    p.add_argument("--limit", type=int, default=100, help="articles at most")
    p.add_argument("--separator", default=" ", help="what stands between two articles")
    p.add_argument("--suffix", default="", help="of the outputs' names")
    p.add_argument("--flag", action="append", default=[], help="more flags for medner ner")
    args = p.parse_args()
    os.makedirs(args.out, exist_ok=True)
    separator = args.separator.encode().decode("unicode_escape")
    articles = read_gold(args.gold)[:args.limit]
    base, cpu = annotate(args, articles, 1, 0, separator)
    print("| articles a document | window | pieces | chemicals | diseases | pairs | looped | cut | CPU s an article |\n|---|---|---|---|---|---|---|---|---|")
    for size in map(int, args.glue.split(",")):
        one = scores(articles, base, 1, size, separator)
        cells = [f"{f1(one, k):.1f}" for k in ("chemical", "disease", "influences")]
        print(f"| 1, pairs merged over {size} | | | {' | '.join(cells)} | {ends(base)} | {cpu['user'] / len(articles):.2f} |", flush=True)
        for chunk in map(int, args.chunk_tokens.split(",")):
            results, took = annotate(args, articles, size, chunk, separator)
            other = scores(articles, results, size, size, separator)
            cells = [f"{f1(other, k):.1f} ({difference(one, other, k)})" for k in ("chemical", "disease", "influences")]
            pieces = sum(int(w.split(" overlapping")[0].split()[-1]) for r in results for w in r.get("warnings", []) if "overlapping pieces" in w)
            print(f"| {size} | {chunk or 'default'} | {pieces} | {' | '.join(cells)} | {ends(results)} | {took['user'] / len(articles):.2f} |", flush=True)


def ends(results):
    """ends returns how many answers looped and how many reached their limit, as two cells."""
    warnings = [w for r in results for w in r.get("warnings") or []]
    return f"{sum('repeated itself' in w for w in warnings)} | {sum('reached the limit' in w for w in warnings)}"


if __name__ == "__main__":
    main()
