#!/usr/bin/env python3
"""Reads and writes the CDR sample beside independent libraries: bioc, bconv and pubmed_parser.

    python3 -m venv .venv && .venv/bin/pip install bioc bconv pubmed_parser
    .venv/bin/python scripts/formats_peers.py --medner bin/medner

What medner writes is read by bioc and bconv, and what they write is read by medner; the mentions must be the same.
PubMed's XML and JATS are read by medner and by pubmed_parser; titles and abstracts must be the same.
"""
import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import bconv
import bioc
import pubmed_parser
from bioc import biocjson, biocxml, pubtator

PUBMED = """<?xml version="1.0"?><PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>11</PMID><Article><Journal><JournalIssue><PubDate>
<Year>2001</Year></PubDate></JournalIssue><Title>J</Title></Journal><ArticleTitle>Aspirin and ulcers.</ArticleTitle><Abstract><AbstractText>Aspirin
caused an ulcer.</AbstractText></Abstract></Article><MedlineJournalInfo/></MedlineCitation></PubmedArticle></PubmedArticleSet>"""
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
    print("bioc", bioc.__version__ if hasattr(bioc, "__version__") else "", "bconv", bconv.__version__)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
