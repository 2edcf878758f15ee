// Package format reads and writes the file formats of biomedical annotation:
// plain text, JSON lines, PubTator, BioC XML and JSON, brat, displaCy, TSV, CoNLL's
// columns, UIMA's CAS, CSV and Parquet (outputs only), PubMed XML, MEDLINE, RIS and the full texts of JATS (inputs only), HTML and text
// for terminals (outputs only), and medner's own result, "medner/1". It is for programs
// that bring articles from files and hand annotations on; it knows no model.
//
// A [Reader] has one document in memory at a time. A bad document is reported and
// skipped, and the ones after it are still delivered. Memory is bounded by
// [ReadOptions.MaxDocument], whatever the file.
//
// Where a format states offsets together with the mention at them, the offsets
// are checked against the text: as code points, then as bytes, as UTF-16 units,
// and as code points that count a CRLF as one. The first unit in which all
// mentions of a document are right is taken, and its offsets are converted to
// code points. White space may differ. A document for which no unit is right is bad,
// mended or read without its annotations: [ReadOptions.Annotations] says which.
//
// XML and HTML of kinds that are not known are refused by name and never read as
// text, unless text is asked for.
//
// A [Writer] reports through [WriteOptions.Warn] what its format can't hold.
//
// # Files of this package
//
// formats.go is the table of all formats, and detect.go tells them apart. files.go
// visits folders; opened.go and utf16.go bring the bytes of a file, reader.go its
// documents. NAME_read.go has the source of a format, NAME_write.go its Writer.
// grounding.go, offsets.go and mend.go find mentions in their text; warnings.go
// counts what is left out. folder.go tells which formats are written to folders;
// tables.go has the rows of CSV and Parquet, cas.go UIMA's feature structures. bioc.go, relation_side.go, passages.go, json_kinds.go and
// xml_splitter.go hold what several formats share.
package format
