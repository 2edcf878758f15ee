"""The rules of profile seed-compat in Python, as design notes describe them: an oracle that shares no
code with the Go package. Writes cases.json beside itself.

python3 reference.py        (standard library only)
"""
import difflib, json, os, re

BLACKLIST = set("pain drug drugs chemical chemicals disease diseases medication medications treatment treatments condition "
                "conditions disorder disorders therapy therapies syndrome article technical terms mentioned list extracted".split())
CARD = ("syndrome", "disease", "disorder", "carcinoma", "sarcoma", "infection", "itis")
BIO = ("syndrome", "disease", "disorder", "infection", "itis", "osis")


def normalize_text(s):
    s = re.sub(r"(\w+)-\s+(\w+)", r"\1\2", s)
    return re.sub(r"\s+", " ", s.lower()).strip()


def normalize_item(s, variant):
    s = re.sub(r"\s+", " ", s.lower())
    if variant == "biomistral":
        return re.sub(r"^[\"']", "", re.sub(r"[\"']$", "", s.strip())).strip()
    return s.rstrip(".,;:").strip()


def bullets(answer):
    found = (re.match(r"^\s*[-*]\s*(.+?)\s*$", line) for line in answer.splitlines())
    return [m.group(1) for m in found if m]


def task_of(prompt):
    p = normalize_text(prompt)
    if "influences between" in p or "list of extracted influences" in p:
        return "influences"
    for task in ("chemicals", "diseases"):
        if "list of extracted " + task in p or task + " mentioned" in p:
            return task
    return ""


def grounded(item, text, variant):
    if variant == "biomistral":
        return item in text
    return re.search(r"\b" + re.escape(item) + r"\b", text) is not None


def entities(task, prompt, answer, variant):
    text, out = normalize_text(prompt), []
    for item in (normalize_item(b, variant) for b in bullets(answer)):
        if variant == "biomistral":
            ok = len(item) >= 3 and item not in BLACKLIST and item in text
            ok = ok and not (task == "chemicals" and any(m in item for m in BIO))
        else:
            ok = item not in BLACKLIST and len(item) >= 3
            ok = ok and not (task == "chemicals" and any(m in item for m in CARD))
            ok = ok and grounded(item, text, variant)
        if ok and item not in out:
            out.append(item)
    return out


def raw_pairs(answer, variant):
    lines = bullets(answer)
    matches = [re.match(r"chemical\s+(.+?)\s+influences\s+disease\s+(.+)$", b, re.I) for b in lines]
    if any(matches):
        pairs = [m.groups() for m in matches if m]
    else:
        pairs = [p for p in (b.split("|") for b in lines) if len(p) == 2]
    pairs = [(normalize_item(a.strip(), variant), normalize_item(b.strip(), variant)) for a, b in pairs]
    return list(dict.fromkeys(pairs))


def predicted(task, prompt, answer, variant):
    if task != "influences":
        return entities(task, prompt, answer, variant)
    text = normalize_text(prompt)
    return [" | ".join(p) for p in raw_pairs(answer, variant) if grounded(p[0], text, variant) and grounded(p[1], text, variant)]


def gold(task, completion, variant):
    if task == "influences":
        return [" | ".join(p) for p in raw_pairs(completion, variant)]
    return list(dict.fromkeys(normalize_item(b, variant) for b in bullets(completion)))


def score(g, p, fuzzy):
    tp = [x for x in p if x in g]
    left, free = [x for x in p if x not in g], [x for x in g if x not in tp]
    n = len(tp)
    for x in left if fuzzy else []:
        ratios = [(difflib.SequenceMatcher(None, x, y).ratio(), -i) for i, y in enumerate(free)]
        if ratios and max(ratios)[0] > 0.9:
            del free[-max(ratios)[1]]
            n += 1
    return [n, len(p), len(g)]


WORDING = {"influences": "influences between the chemicals and diseases"}


def prompt(task, article):
    return ("The following article contains technical terms including diseases, drugs and chemicals. Create a list only of the "
            f"{WORDING.get(task, task)} mentioned.\n\n{article}\n\nList of extracted {task}:\n")


A = ("Aspirin and ibuprofen are commonly used to treat inflammation. Recent studies show that metformin may reduce the risk of "
     "type-2 diabetes complications, chest pain, Li toxicity and hepatitis B surface antigen in naïve patients.")
CASES = [
    # rule, task, article, answer, completion
    ("plain", "chemicals", A, "- aspirin\n- ibuprofen\n- metformin", "- aspirin\n- ibuprofen\n- metformin"),
    ("bullet: star", "chemicals", A, "* aspirin\n  *   ibuprofen  ", "- aspirin"),
    ("bullet: none", "chemicals", A, "aspirin\n1. ibuprofen\n• metformin", "- aspirin"),
    ("bullet: no space", "chemicals", A, "-aspirin\n*ibuprofen", "- ibuprofen"),
    ("bullet: two marks", "chemicals", A, "- - aspirin\n-- ibuprofen", "- aspirin"),
    ("bullet: empty", "chemicals", A, "-\n- \n-   \n- aspirin", "-\n- aspirin"),
    ("bullet: mark alone as an item", "diseases", A, "--\n-*", "- x"),
    ("answer: empty", "diseases", A, "", "- inflammation"),
    ("answer: both empty", "diseases", A, "", ""),
    ("item: case", "chemicals", A, "- ASPIRIN\n- MetFormin", "- aspirin\n- Metformin"),
    ("item: trailing punctuation", "chemicals", A, "- aspirin.\n- ibuprofen;:,\n- metformin .", "- aspirin\n- ibuprofen"),
    ("item: leading punctuation stays", "chemicals", A, "- .aspirin\n- (ibuprofen)", "- aspirin"),
    ("item: quotes stay", "chemicals", A, "- \"aspirin\"\n- 'ibuprofen'", "- aspirin"),
    ("item: inner white space", "diseases", A, "- type-2   diabetes\n- chest\tpain", "- type-2 diabetes\n- chest pain"),
    ("item: no-break space", "diseases", A, "-\u00a0chest\u00a0pain\u00a0", "- chest pain"),
    ("item: hyphens stay", "diseases", A, "- type 2 diabetes\n- type-2 diabetes", "- type-2 diabetes"),
    ("blacklist", "diseases", A + " The drug, drugs and pain; a disorder.", "- pain\n- drug\n- drugs\n- disorder\n- Pain.\n- chest pain", "- pain\n- chest pain"),
    ("blacklist is exact", "diseases", A + " Pains and a drug fever.", "- pains\n- drug fever", "- drug fever"),
    ("length: below 3", "chemicals", A, "- Li\n- B", "- Li"),
    ("length: counts code points", "chemicals", A + " αβ and αβγ.", "- αβ\n- αβγ", "- αβγ"),
    ("length: after punctuation", "chemicals", A, "- Li.,;", "- Li"),
    ("marker in a chemical", "chemicals", A, "- hepatitis B surface antigen\n- aspirin", "- hepatitis B surface antigen"),
    ("marker in a disease", "diseases", A, "- hepatitis B surface antigen", "- hepatitis B"),
    ("marker: carcinoma, sarcoma", "chemicals", A + " Sarcoma and carcinoma and osteoporosis drugs.", "- sarcoma\n- carcinoma\n- osteoporosis drugs", "- osteoporosis drugs"),
    ("marker: inside a word", "chemicals", A + " Mitisol helps.", "- mitisol", "- mitisol"),
    ("grounding: word boundary", "chemicals", A + " Aspirinlike.", "- spirin\n- metform\n- aspirin", "- aspirin"),
    ("grounding: second place counts", "chemicals", "Metforminlike things and metformin itself.", "- metformin", "- metformin"),
    ("grounding: instruction's words", "diseases", A, "- the following article\n- technical terms\n- extracted diseases", "- technical terms"),
    ("grounding: absent", "chemicals", A, "- warfarin\n- aspirin", "- aspirin"),
    ("grounding: bracket edges", "chemicals", "We saw poly(ADP-ribose) and (RS)-1-aminoindan here; xpoly(ADP-ribose)y.", "- poly(ADP-ribose)\n- (RS)-1-aminoindan", "- poly(ADP-ribose)"),
    ("grounding: bracket edges after a word", "chemicals", "Poly(ADP-ribose)s and x(RS)-1-aminoindan.", "- poly(ADP-ribose)\n- (RS)-1-aminoindan", "- poly(ADP-ribose)"),
    ("grounding: bracket at the very end", "chemicals", "CaCl(2)", "- CaCl(2)\n- CaCl(2", "- CaCl(2)"),
    ("grounding: percent", "chemicals", "Hypaque 76% was given. Renografin 76%x too.", "- Hypaque 76%\n- Renografin 76%", "- Hypaque 76%"),
    ("grounding: pattern signs are literal", "chemicals", "Vitamin B12 (a+b)* [x] and a.b", "- a.b\n- vitamin b.2\n- (a+b)*", "- a.b"),
    ("grounding: underscore joins", "chemicals", "aspirin_x and y_ibuprofen, metformin", "- aspirin\n- ibuprofen\n- metformin", "- metformin"),
    ("grounding: digits join", "chemicals", "Aspirin2 and 3ibuprofen, metformin", "- aspirin\n- ibuprofen\n- metformin", "- metformin"),
    ("hyphenation: joined in the text", "chemicals", "We gave ibupro- fen and met-\n  formin and aspirin.", "- ibuprofen\n- metformin\n- ibupro- fen", "- ibuprofen\n- metformin"),
    ("hyphenation: only the first of a row", "chemicals", "a- b- c and beta- alpha- blocker", "- ab- c\n- betaalpha- blocker\n- betaalphablocker\n- abc", "- abc"),
    ("hyphenation: Unicode words", "chemicals", "naï-\u2003ve über-\u00a0gabe", "- naïve\n- übergabe", "- naïve"),
    ("hyphenation: needs white space and words", "chemicals", "beta-blocker alpha -blocker gamma-- delta (x)- yield", "- beta-blocker\n- betablocker\n- gamma-- delta\n- (x)- yield", "- beta-blocker"),
    ("dedupe keeps order", "chemicals", A, "- metformin\n- aspirin\n- Metformin\n- aspirin.", "- aspirin\n- aspirin\n- metformin"),
    ("trap: word boundary beside ï", "diseases", A + " Crème and naïveté.", "- ve\n- nai\n- naïve\n- naïv\n- crème\n- cr", "- naïve"),
    ("trap: Greek letters are words", "chemicals", "α-tocopherol and βcarotene and μg", "- α-tocopherol\n- tocopherol\n- carotene\n- βcarotene", "- α-tocopherol"),
    ("trap: combining marks are no words", "diseases", "cafe\u0301 disease and cafe alone", "- cafe\n- cafe\u0301\n- cafe\u0301 disease", "- cafe"),
    ("trap: combining mark after the only match", "diseases", "the cafe\u0301s here", "- the cafe\n- cafe\u0301\n- cafe\u0301s", "- cafe"),
    ("trap: superscripts and fractions are words", "chemicals", "Ca² and 10⁻³ and x½ and Ⅳ iron", "- Ca²\n- iron\n- 10⁻\n- x½\n- ⅳ iron\n- and x", "- Ca²"),
    ("trap: non-ASCII digits are words", "diseases", "fever٣ and fever 4 and flu४", "- fever\n- flu\n- fever٣", "- fever"),
    ("trap: no-break space is \\s", "diseases", "chest\u00a0pain and renal\u2009failure and acute\u202ffever and a\u3000cold", "- chest pain\n- renal failure\n- acute fever\n- a cold", "- chest pain"),
    ("trap: information separators are \\s", "diseases", "chest\x1fpain and renal\x1cfailure", "- chest pain\n- renal failure\n- chest\x1fpain", "- renal failure"),
    ("trap: zero-width space is not \\s", "diseases", "chest\u200bpain and kidney", "- chest pain\n- chest\u200bpain", "- chest\u200bpain"),
    ("trap: lines end at U+0085", "chemicals", A, "- aspirin\u0085- ibuprofen", "- aspirin\u0085- metformin"),
    ("trap: lines end at U+2028 and U+2029", "chemicals", A, "- aspirin\u2028- ibuprofen\u2029- metformin", "- aspirin\u2028- ibuprofen"),
    ("trap: lines end at VT, FF and separators", "chemicals", A, "- aspirin\x0b- ibuprofen\x0c- metformin", "- aspirin\x1c- ibuprofen\x1d- metformin\x1e- x"),
    ("trap: lines end at CR and CRLF", "chemicals", A, "- aspirin\r- ibuprofen\r\n- metformin\r\n\r\n", "- aspirin\r\n- ibuprofen"),
    ("trap: unit separator ends no line", "chemicals", A, "- aspirin\x1f- ibuprofen", "- aspirin"),
    ("trap: İ is two code points below", "diseases", "İnsomnia and iNSOMNIA and İz", "- İnsomnia\n- i\u0307nsomnia\n- insomnia\n- İz", "- İnsomnia"),
    ("trap: İ counts as two in the length", "diseases", "İ and İx", "- İ\n- İx", "- İx"),
    ("trap: final Σ", "diseases", "ΝΌΣΟΣ and νόσος and ΣΟΦΌΣ.", "- νόσος\n- ΝΌΣΟΣ\n- σοφόσ\n- σοφός", "- νόσος"),
    ("trap: Σ alone and before marks", "diseases", "ΑΣ's and Σ and ΑΣ\u0301 and ΑΣΑ and Α.Σ.", "- ας\n- ΑΣ's\n- ασα\n- ασ\n- α.σ\n- α.ς", "- ΑΣ's"),
    ("trap: ß and ẞ", "diseases", "GROẞE Größe STRASSE Straße", "- große\n- strasse\n- straße\n- größe", "- straße"),
    ("trap: Kelvin and Ångström signs", "diseases", "\u212a channel \u212bngström", "- k channel\n- ångström", "- k channel"),
    ("pairs: plain", "influences", A, "- aspirin | inflammation\n- metformin | type-2 diabetes", "- aspirin | inflammation\n- metformin | type-2 diabetes"),
    ("pairs: spacing, case, punctuation", "influences", A, "-  Aspirin|INFLAMMATION.\n* metformin  |   type-2 diabetes;", "- aspirin | inflammation"),
    ("pairs: other counts of parts", "influences", A, "- aspirin\n- aspirin | inflammation | chest pain\n- metformin | chest pain", "- metformin | chest pain"),
    ("pairs: an empty side", "influences", A, "- aspirin |\n- | inflammation\n- aspirin | .", "- aspirin | inflammation"),
    ("pairs: an empty side and no word", "influences", "", "- . | .", "- ."),
    ("pairs: punctuation before the bar", "influences", A, "- Aspirin. | inflammation.\n- metformin;\u00a0|\u2003chest pain :", "- aspirin, | inflammation"),
    ("pairs: no more than bars", "influences", A, "- |\n- ||\n-|", "- |"),
    ("gold: a bullet without an item", "diseases", A, "- pain\n- ;", "-  \n- .,\n- inflammation"),
    ("pairs: one side absent", "influences", A, "- warfarin | inflammation\n- aspirin | ulcer\n- aspirin | inflammation", "- aspirin | ulcer"),
    ("pairs: no blacklist, no length", "influences", A, "- Li | pain\n- aspirin | pain\n- drugs | diseases", "- aspirin | pain"),
    ("pairs: no marker", "influences", A, "- hepatitis B surface antigen | inflammation", "- hepatitis b surface antigen | inflammation"),
    ("pairs: dedupe", "influences", A, "- aspirin | inflammation\n- Aspirin. | inflammation\n- Aspirin | inflammation.", "- aspirin | inflammation"),
    ("pairs: order matters", "influences", A, "- inflammation | aspirin", "- aspirin | inflammation"),
    ("pairs: unbulleted", "influences", A, "aspirin | inflammation\n- metformin | chest pain", "- metformin | chest pain"),
    ("pairs: sentence", "influences", A, "- chemical aspirin influences disease inflammation\n- Chemical Metformin  Influences  Disease type-2 diabetes", "- chemical aspirin influences disease inflammation"),
    ("pairs: a sentence shuts out pipes", "influences", A, "- metformin | chest pain\n- chemical aspirin influences disease inflammation", "- aspirin | inflammation\n- metformin | chest pain"),
    ("pairs: sentence within a word", "influences", A, "- biochemical aspirin influences disease inflammation\n- aspirin | inflammation", "- aspirin | inflammation"),
    ("pairs: sentence without words", "influences", A, "- chemical  influences disease x\n- chemical aspirin influences inflammation\n- aspirin | inflammation", "- aspirin | inflammation"),
    ("pairs: sentence without a chemical", "influences", A, "- chemical   influences disease inflammation", "- chemical  influences disease inflammation"),
    ("trap: İ, ı and ſ in a sentence", "influences", A, "- chemıcal aspirin İnfluences dıſeaſe inflammation", "- CHEMİCAL aspirin influenceſ disease inflammation"),
    ("pairs: influences twice", "influences", A + " Aspirin influences disease x influences disease inflammation", "- chemical aspirin influences disease x influences disease inflammation", "- aspirin | inflammation"),
    ("pairs: bracket edge", "influences", "CaCl(2) causes arrhythmia; PGE(2)s cause fever", "- CaCl(2) | arrhythmia\n- PGE(2) | fever", "- CaCl(2) | arrhythmia"),
    ("fuzzy: close spelling", "diseases", "hepatocellular carcinomas and nephropathies", "- hepatocellular carcinomas\n- nephropathies", "- hepatocellular carcinoma\n- nephropathy"),
    ("fuzzy: each gold once", "diseases", "hepatocellular carcinomas; hepatocellular carcinomaa", "- hepatocellular carcinomas\n- hepatocellular carcinomaa", "- hepatocellular carcinoma"),
    ("fuzzy: exact goes first", "diseases", "hepatocellular carcinomas; hepatocellular carcinoma", "- hepatocellular carcinomas\n- hepatocellular carcinoma", "- hepatocellular carcinoma"),
    ("fuzzy: best match wins", "diseases", "hepatocellular carcinomas", "- hepatocellular carcinomas", "- hepatocellular carcinomxy\n- hepatocellular carcinoma"),
    ("fuzzy: ratio of exactly 0.9 is not enough", "diseases", "abcdefghix here", "- abcdefghix", "- abcdefghij"),
    ("fuzzy: popular letters of long items", "diseases", "a" * 120 + "b" * 90 + "c", "- " + "a" * 120 + "b" * 90 + "c", "- " + "a" * 120 + "b" * 90 + "d"),
    ("biomistral: quotes", "chemicals", A, "- \"aspirin\"\n- 'ibuprofen'\n- \"metformin\n- \"\"Li toxicity\"\"", "- aspirin"),
    ("biomistral: punctuation stays", "chemicals", A, "- aspirin.\n- inflammation.", "- aspirin"),
    ("biomistral: substring", "chemicals", A, "- spirin\n- metform", "- aspirin"),
    ("biomistral: osis but not carcinoma", "chemicals", A + " Tuberculosis drug, carcinoma antigen.", "- tuberculosis drug\n- carcinoma antigen", "- carcinoma antigen"),
    ("biomistral: dedupe after quotes", "chemicals", A, "- 'aspirin'\n- aspirin", "- aspirin"),
    ("biomistral: one quote alone", "chemicals", A, "- '\n- \"\n- '' \n- aspirin'", "- aspirin"),
    ("biomistral: pairs", "influences", A, "- 'aspirin' | \"inflammation\"\n- spirin | flamm", "- aspirin | inflammation"),
]

TASKS = ["The list of extracted influences: of chemicals mentioned", "influences   between diseases mentioned", "Create a list only of the chemicals mentioned.",
         "list of\n extracted CHEMICALS:", "a list of the diseases mentioned", "List of extracted diseases:", "List of extracted proteins:", "", "chemicals- mentioned diseases mentioned",
         "diseases mentioned, then chemicals mentioned", "influences- between chemicals\u00a0mentioned"]

out = []
for rule, task, article, answer, completion in CASES:
    text = prompt(task, article)
    assert task_of(text) == task
    case = {"rule": rule, "task": task, "prompt": text, "answer": answer, "completion": completion}
    for variant in ("", "biomistral"):
        p, g = predicted(task, text, answer, variant), gold(task, completion, variant)
        case[variant or "card"] = {"predicted": p, "gold": g, "exact": score(g, p, False), "fuzzy": score(g, p, True)}
    out.append(case)
here = os.path.dirname(os.path.abspath(__file__))
result = {"cases": out, "tasks": [[t, task_of(t)] for t in TASKS],
          "texts": [[t, normalize_text(t)] for t in sorted({c["prompt"] for c in out} | {" \x1f a\u0085b\u2028 ", "\ufeffx", "x- \u200by", "a-\u180eb"})]}
json.dump(result, open(os.path.join(here, "cases.json"), "w"), ensure_ascii=True, indent=1)
print(len(out), "cases")
