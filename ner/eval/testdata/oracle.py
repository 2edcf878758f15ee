"""An independent scorer: counts of the BioCreative V evaluation's keys for two PubTator files.

python oracle.py GOLD PREDICTED > counts.json      (tp, predicted, gold by level and type)

mention: (document, start, end, type); concept: (document, type, id), without "-1";
relation: (document, chemical id, disease id).
"""
import json, re, sys


def read(path):
    keys = {"mention": set(), "concept": set(), "relation": set()}
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if re.match(r"\d+\|[ta]\|", line) or not line:
            continue
        f = line.split("\t")
        if f[1] == "CID":
            keys["relation"].add((f[0], f[2], f[3]))
            continue
        keys["mention"].add((f[0], int(f[1]), int(f[2]), f[4]))
        for i in f[5].split("|") if len(f) > 5 else []:
            if i != "-1":
                keys["concept"].add((f[0], f[4], i))
    return keys


def counts(g, p):
    return {"tp": len(g & p), "predicted": len(p), "gold": len(g)}


gold, predicted = read(sys.argv[1]), read(sys.argv[2])
out = {"relation": {"influences": counts(gold["relation"], predicted["relation"])}}
for level, at in (("mention", 3), ("concept", 1)):
    out[level] = {}
    for typ, task in (("Chemical", "chemicals"), ("Disease", "diseases")):
        pick = lambda keys: {k for k in keys if k[at] == typ}
        out[level][task] = counts(pick(gold[level]), pick(predicted[level]))
json.dump(out, sys.stdout, indent=1)
