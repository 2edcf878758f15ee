package terminology

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
)

// Format is the format of a terminology's file.
type Format string

// The formats, with the names that their files usually have.
const (
	MeSHXML   Format = "mesh-xml"   // descXXXX.xml, suppXXXX.xml
	MeSHASCII Format = "mesh-ascii" // dXXXX.bin, cXXXX.bin
	ChEBIOBO  Format = "chebi-obo"  // chebi.obo, and other ontologies
	ChEBITSV  Format = "chebi-tsv"  // compounds.tsv, names.tsv
	UMLS      Format = "umls"       // MRCONSO.RRF, MRSTY.RRF
	TSV       Format = "tsv"        // a table with columns id and name, and optionally synonyms, type and trees
)

// Formats returns all formats.
func Formats() []Format { return []Format{MeSHXML, MeSHASCII, ChEBIOBO, ChEBITSV, UMLS, TSV} }

// Source is a file to import, which may be compressed by gzip or zstd.
type Source struct {
	Path   string
	Format Format // "": told by the file's name and first bytes
}

// Options say how to import.
type Options struct {
	// Name, Release and Licence are what the index says of itself. Those that are
	// empty are taken from the sources.
	Name, Release, Licence string
	Languages              []string // of UMLS names that are taken; nil for ENG
	Vocabularies           []string // of UMLS names that are taken (SAB); nil for all
	Suppressed             bool     // take UMLS names that are marked as not to be used, too
	// Progress, unless nil, is called with the number of bytes just read from a
	// source, which may be compressed.
	Progress func(bytes int)
}

// Import reads sources and writes their index to the file path, where it appears
// only when it is complete. The same sources give the same bytes. A source that is
// bad gives a *badinput.Error.
func Import(ctx context.Context, path string, sources []Source, o Options) (Info, error) {
	if len(sources) == 0 {
		return Info{}, badinput.New("", "sources", "none", "one at least")
	}
	var inputs []string
	for _, s := range sources {
		inputs = append(inputs, s.Path)
	}
	if err := atomicfile.Apart([]string{path}, inputs...); err != nil {
		return Info{}, err
	}
	if err := atomicfile.Ready(path); err != nil {
		return Info{}, err
	}
	b := newBuilder()
	info := Info{Name: o.Name, Release: o.Release, Licence: o.Licence}
	total := sha256.New()
	for _, s := range sources {
		about, err := importSource(ctx, b, s, o, &info)
		if err != nil {
			return Info{}, err
		}
		info.Sources = append(info.Sources, about)
		total.Write([]byte(about.SHA256))
	}
	info.Hash = hex.EncodeToString(total.Sum(nil))
	if err := b.finish(ctx); err != nil {
		return Info{}, err
	}
	if b.full != "" {
		return Info{}, tooMuch(sources[0].Path, "", b.full)
	}
	if len(b.names) == 0 {
		return Info{}, badinput.New(sources[0].Path, "", "no names", "a terminology")
	}
	return info, b.write(ctx, path, &info)
}

// parser reads a source into a builder.
type parser struct {
	ctx    context.Context
	file   string
	format Format
	in     *bufio.Reader
	line   int // from 1
	b      *builder
	o      Options
	info   *Info
	n      int // lines and records read, so that ctx is looked at now and then
}

// bad returns the error for a field in the current line.
func (p *parser) bad(field, found, want string) error {
	if field != "" {
		field = ": " + field
	}
	return badinput.New(p.file, fmt.Sprintf("line %d%s", p.line, field), found, want)
}

// tick returns an error if the import has been cancelled. It is called for every
// line or record.
func (p *parser) tick() error {
	if p.b.full != "" {
		return tooMuch(p.file, fmt.Sprintf("line %d", p.line), p.b.full)
	}
	if p.n++; p.n%4096 == 0 {
		return p.ctx.Err()
	}
	return nil
}

// tooMuch returns the error for sources that exceed a bound.
func tooMuch(file, field, bound string) error {
	return badinput.New(file, field, "more than "+bound, "a smaller terminology: leave languages or sources out")
}

// defaults sets what the index says of itself, as far as the user left it open.
// Different names and licences of several sources are joined.
func (p *parser) defaults(name, release, licence string) {
	if p.info.Name == "" {
		p.info.Name = name
	} else if p.o.Name == "" && name != "" && !slices.Contains(strings.Split(p.info.Name, " + "), name) {
		p.info.Name += " + " + name
	}
	if p.info.Release == "" {
		p.info.Release = release
	}
	if p.info.Licence == "" {
		p.info.Licence = licence
	} else if p.o.Licence == "" && licence != "" && !slices.Contains(strings.Split(p.info.Licence, "; "), licence) {
		p.info.Licence += "; " + licence
	}
}

// importSource reads one source.
func importSource(ctx context.Context, b *builder, s Source, o Options, info *Info) (about SourceInfo, err error) {
	f, err := files.OpenStream(s.Path)
	if err != nil {
		return about, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	raw := &hashingReader{r: f, sum: sum, progress: o.Progress}
	p := &parser{ctx: ctx, file: s.Path, b: b, o: o, info: info}
	skipped := b.skipped
	if err := p.parse(s.Format, raw); err != nil {
		return about, err
	}
	if err := p.tick(); err != nil {
		return about, err
	}
	// The hash is that of the whole file: read what follows the last record.
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return about, err
	}
	return SourceInfo{
		File:    filepath.Base(s.Path),
		Format:  p.format,
		Bytes:   raw.n,
		SHA256:  hex.EncodeToString(sum.Sum(nil)),
		Skipped: b.skipped - skipped,
	}, nil
}

// parse reads a source in format f, or in the one that is detected if f is "".
func (p *parser) parse(f Format, r io.Reader) (err error) {
	in, closer, err := files.Decompress(p.file, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	p.in = in
	head, err := p.in.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", p.file, err)
	}
	if p.format = f; f == "" {
		p.format = detect(p.file, head)
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		if _, err := p.in.Discard(3); err != nil {
			return err
		}
	}
	switch p.format {
	case MeSHXML:
		return p.meshXML()
	case MeSHASCII:
		return p.meshASCII()
	case ChEBIOBO:
		return p.obo()
	case ChEBITSV:
		return p.chebiTSV()
	case UMLS:
		return p.umls()
	case TSV:
		return p.tsv()
	}
	return badinput.New(p.file, "format", fmt.Sprintf("%q", f), "one of "+formatNames())
}

func formatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// hashingReader hashes and counts the bytes that are read.
type hashingReader struct {
	r        io.Reader
	sum      hash.Hash
	n        int64
	progress func(int)
}

func (h *hashingReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.sum.Write(p[:n])
	h.n += int64(n)
	if h.progress != nil && n > 0 {
		h.progress(n)
	}
	return n, err
}

// headSize is how many bytes of a source detection looks at.
const headSize = 64 << 10

var (
	meshXMLHead = regexp.MustCompile(`<(?:[^\s<>/:]+:)?(DescriptorRecordSet|SupplementalRecordSet|DescriptorRecord|SupplementalRecord|QualifierRecordSet)[\s/>]`)
	umlsRow     = regexp.MustCompile(`^C\d{7}\|`)
	releaseYear = regexp.MustCompile(`(?:^|[^0-9])((?:19|20)\d\d(?:A[AB])?)(?:[^0-9]|$)`)
)

// detect returns the format of a file, by its first bytes and then its name; TSV if
// neither tells.
func detect(path string, head []byte) Format {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	first, _, _ := bytes.Cut(head, []byte("\n"))
	columns := strings.ToLower(strings.TrimSpace(string(first)))
	switch {
	case meshXMLHead.Match(head):
		return MeSHXML
	case bytes.HasPrefix(head, []byte("*NEWRECORD")):
		return MeSHASCII
	case bytes.HasPrefix(head, []byte("format-version:")), bytes.HasPrefix(head, []byte("[Term]")):
		return ChEBIOBO
	case umlsRow.Match(head):
		return UMLS
	case strings.Contains(columns, "chebi_accession"), strings.Contains(columns, "compound_id\t"):
		return ChEBITSV
	}
	if strings.EqualFold(filepath.Ext(files.Plain(path)), ".rrf") {
		return UMLS
	}
	return TSV
}

// releaseOf returns the year in a file's name, or "".
func releaseOf(path string) string {
	if m := releaseYear.FindStringSubmatch(filepath.Base(path)); m != nil {
		return m[1]
	}
	return ""
}
