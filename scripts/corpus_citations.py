#!/usr/bin/env python3
"""Writes citations as PubMed's baseline has them, varied from annotated abstracts.

corpus_citations.py PUBTATOR FOLDER DOCUMENTS [PER_FILE [SENTENCES]]

Each abstract of the PubTator file comes again and again, with other numbers in its
text and another PMID. Every hundredth citation comes a second time in the update
file that ends the corpus, which deletes some more, as PubMed's updates do. With SENTENCES, only the first of each abstract are kept."""

import gzip
import os
import re
import sys
from xml.sax.saxutils import escape


def articles(path):
    parts = {}
    for line in open(path, encoding="utf-8"):
        match = re.match(r"(\d+)\|([ta])\|(.*)", line.rstrip("\n"))
        if match:
            parts.setdefault(match[1], {})[match[2]] = match[3]
    return [(p["t"], p.get("a", "")) for p in parts.values()]


def citation(pmid, version, title, abstract):
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="{version}">{pmid}</PMID>'
        "<Article PubModel=\"Print\"><Journal><ISOAbbreviation>J Synth</ISOAbbreviation></Journal>"
        f"<ArticleTitle>{escape(title)}</ArticleTitle><Abstract><AbstractText>{escape(abstract)}</AbstractText></Abstract>"
        "</Article></MedlineCitation><PubmedData><ArticleIdList>"
        f'<ArticleId IdType="pubmed">{pmid}</ArticleId></ArticleIdList></PubmedData></PubmedArticle>\n'
    )


def vary(text, number):
    """Changes the numbers in a text, and adds one where there is none."""
    changed = re.sub(r"\b\d+\b", lambda m: str(int(m[0]) + number % 97) if len(m[0]) < 5 else m[0], text)
    return changed if changed != text else f"{text} ({number} cases.)"


def write(path, citations, deleted=()):
    with gzip.GzipFile(path, "wb", mtime=0, compresslevel=1) as out:
        out.write(b'<?xml version="1.0" encoding="utf-8"?>\n<PubmedArticleSet>\n')
        for one in citations:
            out.write(one.encode())
        if deleted:
            out.write(b"<DeleteCitation>" + b"".join(b'<PMID Version="1">%d</PMID>' % p for p in deleted) + b"</DeleteCitation>\n")
        out.write(b"</PubmedArticleSet>\n")


def main():
    source, folder, documents = sys.argv[1], sys.argv[2], int(sys.argv[3])
    per_file = int(sys.argv[4]) if len(sys.argv) > 4 else 10000
    sentences = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    texts = articles(source)
    if sentences:
        texts = [(title, " ".join(re.split(r"(?<=[.?!]) (?=[A-Z])", abstract)[:sentences])) for title, abstract in texts]
    os.makedirs(folder, exist_ok=True)

    def one(i, version=1, words=""):
        title, abstract = texts[i % len(texts)]
        return citation(10_000_000 + i, version, vary(title, i // len(texts)) + words, vary(abstract, i // len(texts)))

    file = 0
    for begin in range(0, documents, per_file):
        file += 1
        write(f"{folder}/pubmed26n{file:04d}.xml.gz", (one(i) for i in range(begin, min(documents, begin + per_file))))
    again = range(7, documents, 100)
    deleted = [10_000_000 + i for i in range(13, documents, 1000)]
    write(f"{folder}/pubmed26n{file + 1:04d}.xml.gz", (one(i, 2, " Revised.") for i in again), deleted)
    print(f"{documents} citations in {file} files, {len(again)} of them revised and {len(deleted)} deleted by another one")


main()
