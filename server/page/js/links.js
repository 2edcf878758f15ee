// Addresses of entries of terminologies.
import { el } from "./dom.js";

// records has, for schemes of identifiers, the pages of their entries, as medner's
// HTML has them.
const records = [
  [/^(?:MESH:)?([CDQ]\d{6,9})$/i, "https://meshb.nlm.nih.gov/record/ui?ui="],
  [/^(?:UMLS:)?(C\d{7})$/, "https://uts.nlm.nih.gov/uts/umls/concept/"],
  [/^CHEBI:(\d{1,9})$/, "https://www.ebi.ac.uk/chebi/searchId.do?chebiId=CHEBI:"],
  [/^OMIM:(\d{6})$/, "https://omim.org/entry/"],
];

// addressOf returns the page of an identifier, made of its letters and digits alone;
// null if the scheme is not known.
export function addressOf(id) {
  for (const [pattern, url] of records) {
    const match = pattern.exec(id);
    if (match) return url + match[1];
  }
  return null;
}

// linkTo returns an identifier, as a link to its entry where the scheme is a known
// one. Nothing is requested before somebody follows it.
export function linkTo(id) {
  const href = addressOf(id);
  return href ? el("a", { href, rel: "noreferrer noopener", target: "_blank", text: id }) : el("span", { text: id });
}
