#!/usr/bin/env python3
"""Reads and writes the CDR sample beside independent libraries: bioc, bconv and pubmed_parser.

    python3 -m venv .venv && .venv/bin/pip install bioc pubmed_parser rispy pyarrow seqeval zstandard dkpro-cassis
    .venv/bin/pip install 'bconv>=1'  # names another lxml than dkpro-cassis, which runs with it
    .venv/bin/python scripts/formats_peers.py --medner bin/medner

What medner writes is read by bioc and bconv, and what they write is read by medner; the mentions must be the same.
PubMed's XML and JATS are read by medner and by pubmed_parser; titles and abstracts must be the same. So it is with RIS and rispy,
with UIMA's CAS and dkpro-cassis, with Parquet and pyarrow, CSV and Python's reader, CoNLL's columns and seqeval, zstd and zstandard.
scripts/formats_peers.txt is what a run has printed.
"""
import argparse
import csv
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import bconv
import bioc
import cassis
import pubmed_parser
import pyarrow
import pyarrow.parquet
import rispy
import zstandard
from bioc import biocjson, biocxml, pubtator
from seqeval.metrics.sequence_labeling import get_entities

PUBMED = """<?xml version="1.0"?><PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>11</PMID><Article><Journal><JournalIssue><PubDate>
<Year>2001</Year></PubDate></JournalIssue><Title>J</Title></Journal><ArticleTitle>Aspirin and ulcers.</ArticleTitle><Abstract><AbstractText>Aspirin
caused an ulcer.</AbstractText></Abstract></Article><MedlineJournalInfo/></MedlineCitation></PubmedArticle></PubmedArticleSet>"""
UPDATE = PUBMED.replace("</PubmedArticleSet>", "<DeleteCitation><PMID Version='1'>12</PMID></DeleteCitation></PubmedArticleSet>")
RIS = ("TY  - JOUR\nTI  - Aspirin and ulcers\nAB  - Aspirin caused an ulcer.\nPY  - 2001\nDO  - 10.1/x\nID  - 11\nER  - \n\n"
       "TY  - JOUR\nTI  - Second\nAB  - Text.\nID  - 12\nER  - \n")
JATS = """<?xml version="1.0"?><article><front><article-meta><article-id pub-id-type="pmid">11</article-id><pub-date pub-type="ppub"><year>2001</year></pub-date>
<title-group><article-title>Aspirin
and ulcers</article-title></title-group><abstract><p>Aspirin caused an ulcer.</p></abstract></article-meta></front><body><sec><title>Methods</title>
<p>We gave aspirin.</p></sec></body></article>"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--medner", default="bin/medner")
    parser.add_argument("--corpus", default="testdata/cdr/sample.PubTator")
    args = parser.parse_args()
    failures = 0

    def check(name, ok):
        nonlocal failures
        failures += not ok
        print("equal" if ok else "DIFFERENT", name)

    def convert(path, to):
        return subprocess.run([args.medner, "convert", str(path), "--to", to], check=True, capture_output=True, text=True).stdout

    def mentions(path):
        found = []
        for line in convert(path, "jsonl").splitlines():
            d = json.loads(line)
            # Passages may be joined otherwise, so that offsets differ where texts don't.
            for e in d["entities"]:
                assert d["text"][e["start"]:e["end"]] == e["text"], (path, e)
                found.append((d["id"], e["text"], e["type"]))
        return sorted(found)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        want = mentions(args.corpus)
        for to, load in {"bioc-xml": biocxml.load, "bioc-json": biocjson.load}.items():
            path = folder / ("medner." + to)
            path.write_text(convert(args.corpus, to))
            with open(path) as f:
                collection = load(f)
            got = []
            for d in collection.documents:
                for p in d.passages:
                    for a in p.annotations:
                        at = a.locations[0].offset - p.offset
                        assert p.text[at:at + a.locations[0].length] == a.text or len(a.locations) > 1, a
                        got.append((d.id, a.text, a.infons["type"].lower()))
            check("bioc reads medner's " + to, sorted(got) == want)
        with open(folder / "medner.pubtator", "w") as f:
            f.write(convert(args.corpus, "pubtator"))
        with open(folder / "medner.pubtator") as f:
            check("bioc reads medner's pubtator", sorted((d.pmid, a.text, a.type.lower()) for d in pubtator.load(f) for a in d.annotations) == want)
        collection = bconv.load(str(folder / "medner.pubtator"), fmt="pubtator")
        for fmt, name in {"bioc_xml": "b.xml", "bioc_json": "b.json", "pubtator": "b.txt", "pubtator_fbk": "b.fbk", "pubanno_json": "b.pubanno.json"}.items():
            path = folder / name
            bconv.dump(collection, str(path), fmt=fmt)
            check("medner reads bconv's " + fmt, mentions(path) == want)

        (folder / "p.xml.gz").write_bytes(gzip.compress(PUBMED.encode()))
        (folder / "j.nxml").write_text(JATS)
        peer = next(iter(pubmed_parser.parse_medline_xml(str(folder / "p.xml.gz"))))
        line = json.loads(convert(folder / "p.xml.gz", "jsonl"))
        parts = [" ".join(line["text"][p["start"]:p["end"]].split()) for p in line["passages"]]
        check("pubmed_parser on PubMed XML", parts == [peer["title"], " ".join(peer["abstract"].split())])
        peer = pubmed_parser.parse_pubmed_xml(str(folder / "j.nxml"))
        line = json.loads(convert(folder / "j.nxml", "jsonl"))
        parts = [line["text"][p["start"]:p["end"]] for p in line["passages"]]
        check("pubmed_parser on JATS", parts[:2] == [" ".join(peer["full_title"].split()), peer["abstract"].strip()])
        paragraphs = [p["text"].strip() for p in pubmed_parser.parse_pubmed_paragraph(str(folder / "j.nxml"), all_paragraph=True)]
        check("pubmed_parser on JATS's paragraphs", paragraphs == [line["text"][p["start"]:p["end"]] for p in line["passages"] if p["type"] == "paragraph"])
        (folder / "update.xml.gz").write_bytes(gzip.compress(UPDATE.encode()))
        peer = [d["pmid"] for d in pubmed_parser.parse_medline_xml(str(folder / "update.xml.gz")) if not d["delete"]]
        check("pubmed_parser on an update file", peer == [json.loads(line)["id"] for line in convert(folder / "update.xml.gz", "jsonl").splitlines()])
        (folder / "r.ris").write_text(RIS)
        peer = [(d["id"], d["title"], d["abstract"]) for d in rispy.loads(RIS)]
        lines = [json.loads(line) for line in convert(folder / "r.ris", "jsonl").splitlines()]
        check("rispy on RIS", peer == [(d["id"], *(d["text"][p["start"]:p["end"]] for p in d["passages"])) for d in lines])
        tables(folder, args, check, want)
        cases(folder, args, check, want)
    print("bioc", bioc.__version__ if hasattr(bioc, "__version__") else "", "bconv", bconv.__version__)
    sys.exit(failures > 0)


def write(args, source, to, out):
    subprocess.run([args.medner, "convert", str(source), "--to", to, "-o", str(out)], check=True, capture_output=True)


def tables(folder, args, check, want):
    """Compares Parquet and CSV with what pyarrow and Python's csv read."""
    write(args, args.corpus, "parquet", folder / "tables")
    write(args, args.corpus, "csv", folder / "tables")
    rows = pyarrow.parquet.read_table(folder / "tables" / "entities.parquet").to_pylist()
    check("pyarrow reads medner's entities", sorted((r["document"], r["text"], r["type"]) for r in rows) == want)
    with open(folder / "tables" / "entities.csv", newline="") as f:
        cells = list(csv.DictReader(f))
    same = [(r["document"], r["text"], str(r["start"]), str(r["end"]), "|".join(r["concepts"])) for r in rows]
    check("csv reads medner's entities", same == [(c["document"], c["text"], c["start"], c["end"], c["concepts"]) for c in cells])
    with open(folder / "tables" / "relations.csv", newline="") as f:
        cells = list(csv.DictReader(f))
    rows = pyarrow.parquet.read_table(folder / "tables" / "relations.parquet").to_pylist()
    pairs = [(r["document"], r["chemical"], r["disease"]) for r in rows]
    check("csv and pyarrow read medner's relations", pairs != [] and pairs == [(c["document"], c["chemical"], c["disease"]) for c in cells])
    write(args, args.corpus, "parquet", folder / "one.parquet")
    check("pyarrow reads one table", sum(r["kind"] == "entity" for r in pyarrow.parquet.read_table(folder / "one.parquet").to_pylist()) == len(want))


def found(args, path):
    out = subprocess.run([args.medner, "convert", str(path), "--to", "jsonl"], check=True, capture_output=True, text=True).stdout
    return sorted((json.loads(line)["id"], e["text"], e["type"]) for line in out.splitlines() for e in json.loads(line)["entities"])


def cases(folder, args, check, want):
    """Compares CAS and CoNLL with what dkpro-cassis and seqeval read, and zstd with zstandard."""
    write(args, args.corpus, "xmi", folder / "xmi")
    write(args, args.corpus, "cas-json", folder / "casjson")
    with open(folder / "xmi" / "TypeSystem.xml", "rb") as f:
        types = cassis.load_typesystem(f)
    entity = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
    for kind, load in {"xmi": lambda f: cassis.load_cas_from_xmi(f, types), "casjson": cassis.load_cas_from_json}.items():
        (folder / ("back" + kind)).mkdir()
        mentions = []
        for path in sorted((folder / kind).iterdir()):
            if path.name == "TypeSystem.xml":
                continue
            with open(path, "rb") as f:
                cas = load(f)
            mentions += [(path.stem, a.get_covered_text(), a.value) for a in cas.select(entity)]
            (cas.to_xmi if kind == "xmi" else cas.to_json)(folder / ("back" + kind) / path.name)
        check("dkpro-cassis reads medner's " + kind, sorted(mentions) == want)
        check("medner reads dkpro-cassis's " + kind, found(args, folder / ("back" + kind)) == want)
    write(args, args.corpus, "conll", folder / "c.conll")
    chunks, tags = 0, []
    for line in (folder / "c.conll").read_text().split("\n"):
        cells = line.split("\t")
        if len(cells) == 4 and cells[0] != "-DOCSTART-":
            tags.append(cells[3])
        elif tags:
            chunks, tags = chunks + len(get_entities(tags)), []
    check("seqeval reads medner's CoNLL", chunks == len(found(args, folder / "c.conll")) > 0)
    (folder / "z.zst").write_bytes(zstandard.ZstdCompressor().compress(pathlib.Path(args.corpus).read_bytes()))
    write(args, folder / "z.zst", "pubtator", folder / "z.pubtator.zst")
    write(args, args.corpus, "pubtator", folder / "z.pubtator")
    with open(folder / "z.pubtator.zst", "rb") as f, zstandard.ZstdDecompressor().stream_reader(f, read_across_frames=True) as z:
        check("zstandard and medner read each other", z.read() == (folder / "z.pubtator").read_bytes())


if __name__ == "__main__":
    main()
