package format

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
)

// Format is a file format, by the name that users give it.
type Format string

// The formats.
const (
	Text      Format = "text"       // plain text; as an output, a summary for terminals
	JSONL     Format = "jsonl"      // an object of any of the JSON kinds on each line; as an output, medner/1
	JSON      Format = "json"       // the same objects over several lines, one after another or in an array
	PubTator  Format = "pubtator"   // PubTator's lines ID|t|TITLE, ID|a|ABSTRACT and annotations
	BioCXML   Format = "bioc-xml"   // a BioC collection
	BioCJSON  Format = "bioc-json"  // a BioC collection
	Brat      Format = "brat"       // brat's standoff annotations: pairs of .ann and .txt
	DisplaCy  Format = "displacy"   // objects that spaCy's displaCy renders, on lines
	TSV       Format = "tsv"        // a table of articles, or of annotations
	CoNLL     Format = "conll"      // columns of tokens and tags (IOB, BIOES, BILOU); as an output, with offsets
	XMI       Format = "xmi"        // UIMA's CAS in XML; as an output, a folder with the type system
	CASJSON   Format = "cas-json"   // UIMA's CAS in JSON; as an output, a folder
	CSV       Format = "csv"        // tables for spreadsheets and databases; an output only
	Parquet   Format = "parquet"    // tables for warehouses; an output only
	HTML      Format = "html"       // a page for people; an output only
	PubMedXML Format = "pubmed-xml" // PubMed's XML; an input only
	MEDLINE   Format = "medline"    // MEDLINE's tagged lines; an input only
	RIS       Format = "ris"        // citations of reference managers; an input only
	JATS      Format = "jats"       // full texts of PubMed Central and of publishers; an input only
)

// entry is all that the package knows of a format. To add a format, write its
// source, its Writer or both, and an entry.
type entry struct {
	format     Format
	extensions []string // of its files, in lower case
	// begins reports whether a file has this format, from its name in lower case
	// and its first bytes, after white space. Of all formats at most one says so.
	// nil: the first bytes can't tell.
	begins func(name string, head []byte) bool
	read   func(input) (source, error)          // nil for outputs only
	write  func(io.Writer, WriteOptions) Writer // nil for inputs only
	// folder begins an output in a folder; nil if there is none. table tells that write
	// has a whole output too, and not only a part.
	folder func(dir string, o WriteOptions) (FolderWriter, error)
	table  bool
	// lines tells that the format consists of lines: those of old Macs, which end in a
	// carriage return, are read then.
	lines bool
	// appends tells that documents can be appended to a file that is complete.
	appends bool
}

// input is an open file from which a source reads.
type input struct {
	name string // for errors
	in   *bufio.Reader
	o    ReadOptions
}

func (i input) lines() *lines {
	l := newLines(i.in, i.o.maxDocument())
	l.number = max(0, i.o.FirstLine-1)
	return l
}

var jsonlExtensions = []string{".jsonl", ".ndjson"}

var entries = []entry{
	{
		format:     Text,
		extensions: []string{".txt"},
		read:       func(i input) (source, error) { return &textSource{name: i.name, in: i.in, o: i.o}, nil },
		write:      func(w io.Writer, o WriteOptions) Writer { return &terminalWriter{w: w, o: o, count: o.Written} },
		appends:    true,
	},
	{
		format:     JSONL,
		lines:      true,
		extensions: jsonlExtensions,
		begins:     func(name string, head []byte) bool { return detectJSON(name, head) == JSONL },
		read:       func(i input) (source, error) { return &jsonlSource{name: i.name, lines: i.lines(), o: i.o}, nil },
		write:      func(w io.Writer, o WriteOptions) Writer { return &jsonlWriter{w: w, o: o} },
		appends:    true,
	},
	{
		format:     JSON,
		extensions: []string{".json"},
		begins:     func(name string, head []byte) bool { return detectJSON(name, head) == JSON },
		read:       readJSON,
		write:      func(w io.Writer, o WriteOptions) Writer { return &jsonWriter{w: w, o: o} },
	},
	{
		format:     PubTator,
		lines:      true,
		extensions: []string{".pubtator"},
		begins:     func(_ string, head []byte) bool { return pubTatorHead.Match(head) },
		read:       func(i input) (source, error) { return &pubTatorSource{name: i.name, lines: i.lines(), o: i.o}, nil },
		write:      func(w io.Writer, o WriteOptions) Writer { return &pubTatorWriter{w: w, o: o, count: o.Written} },
		appends:    true,
	},
	{
		format:     BioCXML,
		extensions: []string{".xml"},
		begins:     func(_ string, head []byte) bool { return detectXML(head) == BioCXML },
		read:       func(i input) (source, error) { return newBioCXMLSource(i.name, i.in, i.o), nil },
		write:      func(w io.Writer, o WriteOptions) Writer { return &biocXMLWriter{w: w, o: o} },
	},
	{
		format: BioCJSON,
		begins: func(name string, head []byte) bool { return detectJSON(name, head) == BioCJSON },
		read:   readJSON,
		write:  func(w io.Writer, o WriteOptions) Writer { return &biocJSONWriter{w: w, o: o} },
	},
	{
		format:     Brat,
		extensions: bratExtensions,
		begins:     func(_ string, head []byte) bool { return bratHead.Match(head) },
		read:       refuseBratStream,
		write:      func(w io.Writer, o WriteOptions) Writer { return &bratWriter{w: w, o: o} },
		folder:     newBratFolder,
	},
	{
		format:  DisplaCy,
		read:    readJSON,
		write:   func(w io.Writer, o WriteOptions) Writer { return &displacyWriter{w: w, o: o} },
		appends: true,
	},
	{
		format:     TSV,
		lines:      true,
		extensions: []string{".tsv"},
		begins:     func(_ string, head []byte) bool { return isOwnTable(head) || articleTable(head) == "\t" },
		read:       func(i input) (source, error) { return &tsvSource{name: i.name, lines: i.lines(), o: i.o}, nil },
		write:      func(w io.Writer, o WriteOptions) Writer { return &tsvWriter{w: w, o: o, started: o.Written > 0} },
		appends:    true,
	},
	{
		format:     CoNLL,
		lines:      true,
		extensions: []string{".conll", ".iob", ".iob2", ".bio", ".bioes", ".bilou"},
		begins:     func(_ string, head []byte) bool { return detectCoNLL(head) },
		read:       func(i input) (source, error) { return &conllSource{name: i.name, lines: i.lines(), o: i.o}, nil },
		write:      func(w io.Writer, o WriteOptions) Writer { return &conllWriter{w: w, o: o} },
		appends:    true,
	},
	{
		format:     XMI,
		extensions: []string{".xmi"},
		begins:     func(_ string, head []byte) bool { return detectXML(head) == XMI },
		read:       func(i input) (source, error) { return newXMISource(i.name, i.in, i.o), nil },
		write:      newCASWriter,
		folder:     newCASFolder,
	},
	{
		format: CASJSON,
		begins: func(name string, head []byte) bool { return detectJSON(name, head) == CASJSON },
		read:   func(i input) (source, error) { return newCASJSONSource(i.name, i.in, i.o), nil },
		write:  newCASWriter,
		folder: newCASFolder,
	},
	{
		format:     CSV,
		extensions: []string{".csv"},
		write:      newItemsWriter,
		folder:     newTablesFolder,
		table:      true,
		appends:    true,
	},
	{
		format:     Parquet,
		extensions: []string{".parquet"},
		write:      newItemsWriter,
		folder:     newTablesFolder,
		table:      true,
	},
	{
		format:     HTML,
		extensions: []string{".html", ".htm"},
		write:      func(w io.Writer, o WriteOptions) Writer { return &htmlWriter{w: w, o: o} },
	},
	{
		format: PubMedXML,
		begins: func(_ string, head []byte) bool { return detectXML(head) == PubMedXML },
		read:   func(i input) (source, error) { return newPubMedSource(i.name, i.in, i.o), nil },
	},
	{
		format:     MEDLINE,
		lines:      true,
		extensions: []string{".nbib", ".medline"},
		begins:     func(_ string, head []byte) bool { return medlineHead.Match(head) },
		read:       func(i input) (source, error) { return &medlineSource{name: i.name, lines: i.lines(), o: i.o}, nil },
	},
	{
		format:     RIS,
		lines:      true,
		extensions: []string{".ris"},
		begins:     func(_ string, head []byte) bool { return risHead.Match(head) },
		read:       func(i input) (source, error) { return &risSource{name: i.name, lines: i.lines(), o: i.o}, nil },
	},
	{
		format:     JATS,
		extensions: []string{".nxml"},
		begins:     func(_ string, head []byte) bool { return detectXML(head) == JATS },
		read:       func(i input) (source, error) { return newJATSSource(i.name, i.in, i.o), nil },
	},
}

func readJSON(i input) (source, error) { return newJSONSource(i.name, i.in, i.o), nil }

func refuseBratStream(i input) (source, error) {
	return nil, badinput.New(i.name, "", "brat annotations on a stream", "an .ann file with its .txt, or their folder")
}

// find returns the entry of a format; a nil entry has neither reader nor writer.
func find(f Format) entry {
	for _, e := range entries {
		if e.format == f {
			return e
		}
	}
	return entry{}
}

// Inputs returns the formats that can be read.
func Inputs() []Format { return formats(func(e entry) bool { return e.read != nil }) }

// Outputs returns the formats that can be written.
func Outputs() []Format { return formats(func(e entry) bool { return e.write != nil }) }

// Appendable returns the formats that can be written a part at a time: more
// documents can be appended to a file that was closed, see
// [WriteOptions.Written].
func Appendable() []Format { return formats(func(e entry) bool { return e.appends }) }

func formats(which func(entry) bool) []Format {
	var all []Format
	for _, e := range entries {
		if which(e) {
			all = append(all, e.format)
		}
	}
	return all
}

// ParseInput returns the format that is read by that name, in any case.
func ParseInput(name string) (Format, error) { return parse(name, Inputs()) }

// ParseOutput returns the format that is written by that name, in any case.
func ParseOutput(name string) (Format, error) { return parse(name, Outputs()) }

func parse(name string, among []Format) (Format, error) {
	f := Format(strings.ToLower(name))
	if slices.Contains(among, f) {
		return f, nil
	}
	names := make([]string, len(among))
	for i, a := range among {
		names[i] = string(a)
	}
	return "", badinput.New("", "format", `"`+name+`"`, "one of "+strings.Join(names, ", "))
}

// OfExtension returns the format in which to write a file, by the extension of
// its name, behind which there may be that of a compressed file (.gz, .zst); "" if
// no format has that extension, and for formats that need a folder.
func OfExtension(path string) Format {
	extension := extensionOf(path)
	for _, e := range entries {
		if e.write != nil && (e.folder == nil || e.table) && slices.Contains(e.extensions, extension) {
			return e.format
		}
	}
	return ""
}
