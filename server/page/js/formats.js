// What people call the formats of files.

// formats has, by the server's names, what people know formats by, the ending of their
// files, and whether a file holds one document only.
export const formats = {
  text: ["Plain text with a list of mentions", "txt"], jsonl: ["medner JSON lines", "jsonl"], json: ["medner JSON", "json"], pubtator: ["PubTator", "PubTator"],
  "bioc-xml": ["BioC XML", "xml"], "bioc-json": ["BioC JSON", "json"], brat: ["brat standoff", "ann", true], displacy: ["displaCy", "jsonl"],
  tsv: ["Table, a mention a line (TSV)", "tsv"], csv: ["Spreadsheet (CSV)", "csv"], parquet: ["Parquet, for data frames", "parquet"], conll: ["CoNLL, a token a line", "conll"],
  xmi: ["UIMA CAS XMI", "xmi", true], "cas-json": ["UIMA CAS JSON", "json", true], html: ["Web page to read or print (HTML)", "html"],
  "pubmed-xml": ["PubMed XML", "xml"], medline: ["MEDLINE", "txt"], ris: ["RIS", "ris"], jats: ["JATS", "xml"],
};

// shortNames has names for a list of formats, where those are too long.
const shortNames = { text: "plain text", tsv: "TSV", conll: "CoNLL" };

// titleOf returns what people call a format.
export const titleOf = name => formats[name]?.[0] || name;

// listOf returns the names of formats as a list of words.
export const listOf = names => new Intl.ListFormat("en", { type: "conjunction" }).format(names.map(n => shortNames[n] || titleOf(n)));
