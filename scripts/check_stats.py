#!/usr/bin/env python3
"""Counts a PubTator file anew and compares with `medner stats`: concepts, by year too, pairs, NPMI.
Shares no code with it, and needs nothing but Python's standard library.

    medner stats gold.PubTator --format json --top 0 --document-ids 100000 | scripts/check_stats.py gold.PubTator
"""
import collections
import json
import math
import sys

NAMES = {"Chemical": "chemical", "Disease": "disease"}


def main():
    report, mentions, has, asserts = json.load(sys.stdin), collections.Counter(), collections.defaultdict(set), collections.defaultdict(set)
    documents = set()
    with open(sys.argv[1], encoding="utf-8") as f:
        for line in f.read().split("\n"):
            row = line.split("\t")
            if "|t|" in line[:20]:
                documents.add(line.split("|")[0])
            elif len(row) >= 6 and row[1].isdigit():
                for i in set(row[5].split("|")) - {"-1"} or {" ".join(row[3].lower().split())}:
                    mentions[NAMES[row[4]], i] += 1
                    has[NAMES[row[4]], i].add(row[0])
            elif len(row) == 4 and row[1] == "CID":
                asserts[row[2], row[3]].add(row[0])
    n = len(documents)
    assert report["documents"] == n
    assert {(c["type"], c["concept"]): (c["mentions"], c["documents"]) for c in report["concepts"] if c["documents"]} == \
        {k: (mentions[k], len(has[k])) for k in has}
    for c in report["concepts"]:  # PubTator has no years
        sums = [sum(y[k] for y in c["years"]) for k in ("mentions", "documents")]
        assert sums == [c["mentions"], c["documents"]] and [y["year"] for y in c["years"]] == ["unknown"] * bool(c["mentions"]), c
    pairs = {}
    chemicals, diseases = ({i: d for (t, i), d in has.items() if t == typ} for typ in NAMES.values())
    for c, in_c in chemicals.items():
        for d, in_d in diseases.items():
            if in_c & in_d or asserts.get((c, d)):
                pairs[c, d] = in_c & in_d
    assert {(p["chemical"], p["disease"]) for p in report["pairs"]} == set(pairs) | set(asserts)
    for p in report["pairs"]:
        key = p["chemical"], p["disease"]
        both, says = pairs.get(key, set()), asserts.get(key, set())
        assert (p["documents"], p["documents_asserted"]) == (len(both), len(says)), p
        assert set(p["document_ids"]) == both | says, p
        if not both or len(both) == n:
            assert p["npmi"] is None, p
        else:
            pc, pd, pb = (len(x) / n for x in (chemicals[key[0]], diseases[key[1]], both))
            assert abs(p["npmi"] - math.log(pb / (pc * pd)) / -math.log(pb)) < 2e-6, p
    print(f"{n} documents, {len(has)} concepts, {len(report['pairs'])} pairs: as counted anew")


main()
