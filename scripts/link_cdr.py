"""Measures how good links are: the names in one part of the CDR corpus are the terminology, and the
mentions in another part that are not among them are looked up.

python scripts/link_cdr.py --medner bin/medner NAMES.PubTator MENTIONS.PubTator     (standard library only)

Prints, by method, how many different mentions were linked, and how many of those rightly (the first match
has the mention's identifier). Mentions of concepts that the terminology doesn't have are counted separately.
"""
import argparse, collections, json, os, subprocess, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--medner", default="bin/medner")
parser.add_argument("names")
parser.add_argument("mentions")
options = parser.parse_args()


def mentions(path):
    """Yields (text, type, identifier) of every mention of a single concept."""
    for line in open(path, encoding="utf-8"):
        f = line.rstrip("\n").split("\t")
        if len(f) >= 6 and f[5] != "-1" and "|" not in f[5]:
            yield f[3], f[4].lower(), f[5]


names, types = collections.defaultdict(collections.Counter), {}
for text, typ, concept in mentions(options.names):
    names[concept][text] += 1
    types[concept] = typ
known = {text for counts in names.values() for text in counts}
asked = collections.defaultdict(set)
for text, typ, concept in mentions(options.mentions):
    if text not in known:
        asked[typ].add((text, concept))

found = collections.Counter()
with tempfile.TemporaryDirectory() as folder:
    table, index = os.path.join(folder, "names.tsv"), os.path.join(folder, "index")
    with open(table, "w", encoding="utf-8") as f:
        f.write("id\tname\tsynonyms\ttype\n")
        for concept, counts in names.items():
            first, *rest = [text for text, _ in counts.most_common()]
            f.write("\t".join([concept, first, "|".join(t for t in rest if "|" not in t), types[concept]]) + "\n")
    subprocess.run([options.medner, "terminology", "import", "-o", index, table], check=True, stdout=subprocess.DEVNULL)
    for typ, pairs in asked.items():
        pairs = sorted(pairs)
        answer = subprocess.run([options.medner, "terminology", "lookup", index, "-", "--type", typ, "--json"], check=True,
                                input="".join(text + "\n" for text, _ in pairs), capture_output=True, text=True).stdout
        for (text, concept), line in zip(pairs, answer.splitlines(), strict=True):
            matches = json.loads(line)["matches"]
            method = matches[0]["method"] if matches else "none"
            where = "known" if concept in names else "unknown"
            right = "right" if matches and matches[0]["id"] == concept else "wrong"
            found[method, where, right] += 1

print("method        right  wrong  concept unknown")
for method in ("exact", "normalized", "abbreviation", "composite", "fuzzy", "wider", "none"):
    row = found[method, "known", "right"], found[method, "known", "wrong"], found[method, "unknown", "wrong"]
    if sum(row):
        print(f"{method:12} {row[0]:6} {row[1]:6} {row[2]:8}")
