// Package format reads and writes the file formats of biomedical annotation:
// plain text, JSON lines, PubTator, BioC XML and JSON, brat, displaCy, TSV,
// PubMed XML and MEDLINE (inputs only), HTML and text for terminals (outputs
// only), and medner's own result, "medner/1". It is for programs that bring
// articles from files and hand annotations on; it knows no model.
//
// A [Reader] has one document in memory at a time. A bad document is reported and
// skipped, and the ones after it are still delivered. Memory is bounded by
// [ReadOptions.MaxDocument], whatever the file.
//
// Where a format states offsets together with the mention at them, the offsets
// are checked against the text: as code points, then as bytes, as UTF-16 units,
// and as code points that count a CRLF as one. The first unit in which all
// mentions of a document are right is taken, and its offsets are converted to
// code points. A document for which no unit is right is bad.
//
// A [Writer] reports through [WriteOptions.Warn] what its format can't hold.
//
// # Files of this package
//
// formats.go is the table of all formats, and detect.go tells them apart.
// NAME_read.go has the source of a format, NAME_write.go its Writer. bioc.go,
// offsets.go, json_kinds.go and xml_splitter.go hold what several formats share.
package format
