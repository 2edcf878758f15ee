// Package format reads and writes the file formats of biomedical annotation:
// plain text, JSON lines, PubTator, BioC XML and JSON, brat, displaCy, TSV,
// PubMed XML and MEDLINE (in only), HTML and text for terminals (out only), and
// medner's own result, "medner/1".
//
// Readers stream: one document is in memory at a time, and a bad document is
// reported and skipped, so that the ones after it are still delivered. Every
// offset that a format states together with its mention is checked against the
// text: as code points, then bytes, then UTF-16 units, then code points with a
// CRLF counted as one; what holds for all mentions of a document is converted
// to code points, and where nothing holds the document is bad.
//
// Writers report through [WriteOptions.Warn] what their format can't hold.
package format
