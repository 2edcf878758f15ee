"""Makes predictions with every kind of mistake out of gold PubTator articles.

python perturb.py GOLD > PREDICTED      (deterministic)
"""
import random, sys

rnd = random.Random(3)
blocks = [b for b in open(sys.argv[1], encoding="utf-8").read().split("\n\n") if b.strip()]
for block in blocks:
    lines = block.strip().split("\n")
    text = lines[0].split("|", 2)[2] + " " + lines[1].split("|", 2)[2]
    pmid, out, ids = lines[0].split("|")[0], lines[:2], []
    for line in lines[2:]:
        f, roll = line.split("\t"), rnd.random()
        if f[1] == "CID":
            if roll < 0.6:
                out.append(line)
            if roll > 0.5 and len(ids) > 1:
                out.append("\t".join([pmid, "CID", rnd.choice(ids), rnd.choice(ids)]))
            continue
        ids += f[5].split("|")
        start, end = int(f[2 - 1]), int(f[2])
        if roll < 0.1:
            continue
        if roll < 0.2:
            end = min(len(text), end + 3)
        elif roll < 0.3:
            f[4] = "Disease" if f[4] == "Chemical" else "Chemical"
        elif roll < 0.4:
            f[5] = "D000001"
        elif roll < 0.45:
            f[5] = "-1"
        out.append("\t".join([pmid, str(start), str(end), text[start:end], f[4], f[5]]))
        if roll > 0.95:
            out.append(out[-1])
    print("\n".join(out) + "\n")
