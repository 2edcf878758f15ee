package format

import (
	"bytes"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner/document"
)

// casHolds is the content that both formats of UIMA's CAS hold of any document.
const casHolds = hasText | hasLineBreaks | hasGaps | hasTitle | hasPassages | hasOverlaps | hasEdges | hasIDs | hasConcepts | hasNormalized | hasConfidence |
	hasRelations | hasRelationIDs | hasRelationMentions

// The types of the feature structures that are written. Mentions are DKPro's named
// entities, which INCEpTION shows; passages and relations are medner's own.
const (
	casMetadata = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
	casEntity   = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
	casPassage  = "medner.type.Passage"
	casRelation = "medner.type.Relation"
	casDocument = "uima.tcas.DocumentAnnotation"
	casSpan     = "uima.tcas.Annotation"
	casString   = "uima.cas.String"
	casDouble   = "uima.cas.Double"
	casBoolean  = "uima.cas.Boolean"
)

// casType is a type of feature structures.
type casType struct {
	name, super string
	features    [][2]string // names and ranges
}

// casTypes is the type system of what is written.
var casTypes = []casType{
	{casMetadata, casDocument, [][2]string{{"documentTitle", casString}, {"documentId", casString}}},
	{casEntity, casSpan, [][2]string{{"value", casString}, {"identifier", casString}, {"confidence", casDouble}, {"normalized", casString}, {"entityId", casString}}},
	{casPassage, casSpan, [][2]string{{"passageType", casString}}},
	{casRelation, "uima.cas.TOP", [][2]string{{"relationId", casString}, {"relationType", casString}, {"chemical", casString}, {"disease", casString},
		{"chemicalEntity", casString}, {"diseaseEntity", casString}, {"confidence", casDouble}, {"grounded", casBoolean}}},
}

// casItem is a feature structure to write, with strings, whole numbers, floats and
// booleans. One with a type of spans has begin and end, in UTF-16 units.
type casItem struct {
	typ      string
	features []casFeature
}

type casFeature struct {
	name  string
	value any
}

// add adds a feature, unless it has no value.
func (c *casItem) add(name string, value any) {
	switch v := value.(type) {
	case string:
		if v == "" {
			return
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
	}
	c.features = append(c.features, casFeature{name, value})
}

// casItems returns the feature structures of a document, beside its text.
func casItems(r *document.Result, o WriteOptions) ([]casItem, error) {
	if err := needText(r, o.Format); err != nil {
		return nil, err
	}
	x := document.NewIndex(r.Text)
	if err := checkSpans(&r.Document, x); err != nil {
		return nil, err
	}
	o.lose(r, casHolds)
	units := utf16Offsets(r.Text)
	spanned := func(typ string, start, end int) casItem {
		return casItem{typ, []casFeature{{"begin", units[start]}, {"end", units[end]}}}
	}
	about := spanned(casMetadata, 0, x.Len())
	about.add("language", "x-unspecified")
	about.add("documentTitle", r.ID)
	about.add("documentId", r.ID)
	items := []casItem{about}
	for _, p := range r.Passages {
		item := spanned(casPassage, p.Start, p.End)
		item.add("passageType", p.Type)
		items = append(items, item)
	}
	for i := range r.Entities {
		e := &r.Entities[i]
		if len(e.Spans) == 0 {
			continue
		}
		item := spanned(casEntity, e.Spans[0].Start, e.Spans[len(e.Spans)-1].End)
		item.add("value", e.Type)
		item.add("identifier", strings.Join(concepts(e), "|"))
		item.add("confidence", e.Confidence)
		item.add("normalized", e.Normalized)
		item.add("entityId", e.ID)
		items = append(items, item)
	}
	for i := range r.Relations {
		e := &r.Relations[i]
		item := casItem{typ: casRelation}
		for _, f := range []casFeature{
			{"relationId", e.ID}, {"relationType", e.Type}, {"chemical", e.Chemical}, {"disease", e.Disease}, {"chemicalEntity", e.ChemicalEntity},
			{"diseaseEntity", e.DiseaseEntity}, {"confidence", e.Confidence}, {"grounded", e.Grounded},
		} {
			item.add(f.name, f.value)
		}
		items = append(items, item)
	}
	return items, nil
}

// utf16Offsets returns for each code point of a text, and for its end, the UTF-16
// units before it.
func utf16Offsets(text string) []int {
	offsets := make([]int, 0, len(text)+1)
	n := 0
	for _, r := range text {
		offsets = append(offsets, n)
		if n++; r > 0xffff {
			n++
		}
	}
	return append(offsets, n)
}

// casWriter writes the CAS of one document.
type casWriter struct {
	to      io.Writer
	o       WriteOptions
	written bool
}

func newCASWriter(to io.Writer, o WriteOptions) Writer { return &casWriter{to: to, o: o} }

func (w *casWriter) Write(r *document.Result) error {
	if w.written {
		return badinput.New(clip.At(r.ID, maxID), "", "a second document", "one, as a file of "+string(w.o.Format)+" has one: write to a folder")
	}
	data, err := casBytes(r, w.o)
	if err != nil {
		return err
	}
	w.written = true
	_, err = w.to.Write(data)
	return err
}

func (w *casWriter) Close() error { return nil }

// casBytes returns the file of a document.
func casBytes(r *document.Result, o WriteOptions) ([]byte, error) {
	items, err := casItems(r, o)
	if err != nil {
		return nil, err
	}
	if o.Format == CASJSON {
		return casJSON(r, items)
	}
	return casXMI(r, items, o), nil
}

// casFolder writes a file for each document, and for XMI the type system, which CAS
// JSON has within.
type casFolder struct {
	dir   string
	o     WriteOptions
	names fileNames
}

// typeSystemFile is the name that programs expect for a type system beside XMI.
const typeSystemFile = "TypeSystem.xml"

func newCASFolder(dir string, o WriteOptions) (FolderWriter, error) {
	if err := atomicfile.Folder(dir); err != nil {
		return nil, err
	}
	if o.Format == XMI {
		if err := atomicfile.WriteNew(filepath.Join(dir, typeSystemFile), typeSystem()); err != nil {
			return nil, err
		}
	}
	return &casFolder{dir: dir, o: o, names: fileNames{}}, nil
}

func (w *casFolder) Write(r *document.Result) error {
	data, err := casBytes(r, w.o)
	if err != nil {
		return err
	}
	name := w.names.name(r.ID)
	if name != r.ID {
		w.o.warn(r.ID, "the document is written as %s", name)
	}
	return atomicfile.WriteNew(filepath.Join(w.dir, name+map[Format]string{XMI: ".xmi", CASJSON: ".json"}[w.o.Format]), data)
}

func (w *casFolder) Close() error { return atomicfile.SyncDir(w.dir) }

// Abandon leaves what is written, as each document is whole.
func (w *casFolder) Abandon() error { return nil }

// typeSystem returns the description of what is written for UIMA.
func typeSystem() []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<typeSystemDescription xmlns=\"http://uima.apache.org/resourceSpecifier\">\n  <types>\n")
	for _, t := range casTypes {
		b.WriteString("    <typeDescription>\n      <name>" + t.name + "</name>\n      <description/>\n      <supertypeName>" + t.super + "</supertypeName>\n      <features>\n")
		for _, f := range t.features {
			b.WriteString("        <featureDescription>\n          <name>" + f[0] + "</name>\n          <description/>\n          <rangeTypeName>" + f[1] + "</rangeTypeName>\n        </featureDescription>\n")
		}
		b.WriteString("      </features>\n    </typeDescription>\n")
	}
	b.WriteString("  </types>\n</typeSystemDescription>\n")
	return b.Bytes()
}

// casXMI returns a document as XMI.
func casXMI(r *document.Result, items []casItem, o WriteOptions) []byte {
	var b xmlBuffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xmi:XMI xmlns:xmi=\"http://www.omg.org/XMI\" xmlns:cas=\"http:///uima/cas.ecore\"")
	prefixes := map[string]string{} // of types, without their last part
	for i, t := range casTypes {
		at := strings.LastIndexByte(t.name, '.')
		if space := t.name[:at]; prefixes[space] == "" {
			prefixes[space] = "t" + strconv.Itoa(i)
			b.WriteString(" xmlns:" + prefixes[space] + "=\"http:///" + strings.ReplaceAll(space, ".", "/") + ".ecore\"")
		}
	}
	b.WriteString(" xmi:version=\"2.0\">\n  <cas:NULL xmi:id=\"0\"/>\n")
	var members []string
	for i, item := range items {
		id := strconv.Itoa(i + 2)
		members = append(members, id)
		at := strings.LastIndexByte(item.typ, '.')
		b.WriteString("  <" + prefixes[item.typ[:at]] + ":" + item.typ[at+1:] + " xmi:id=\"" + id + "\"")
		if item.typ != casRelation {
			b.WriteString(" sofa=\"1\"")
		}
		for _, f := range item.features {
			b.WriteString(" " + f.name + "=\"" + b.escape(casText(f.value)) + "\"")
		}
		b.WriteString("/>\n")
	}
	b.WriteString("  <cas:Sofa xmi:id=\"1\" sofaNum=\"1\" sofaID=\"_InitialView\" mimeType=\"text/plain\" sofaString=\"" + b.escape(r.Text) + "\"/>\n")
	b.WriteString("  <cas:View sofa=\"1\" members=\"" + strings.Join(members, " ") + "\"/>\n</xmi:XMI>\n")
	if b.replaced {
		o.warn(r.ID, "%s does not hold control characters (U+FFFD stands for them)", XMI)
	}
	return b.Bytes()
}

// casText returns the value of a feature as a text.
func casText(v any) string {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case float64:
		return formatFloat(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return v.(string)
}

// casJSON returns a document as CAS JSON.
func casJSON(r *document.Result, items []casItem) ([]byte, error) {
	types := map[string]any{}
	for _, t := range casTypes {
		fields := map[string]any{"%NAME": t.name, "%SUPER_TYPE": t.super}
		for _, f := range t.features {
			fields[f[0]] = map[string]string{"%NAME": f[0], "%RANGE": f[1]}
		}
		types[t.name] = fields
	}
	all := []map[string]any{{"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaNum": 1, "sofaID": "_InitialView", "mimeType": "text/plain", "sofaString": r.Text}}
	members := []int{}
	for i, item := range items {
		fields := map[string]any{"%ID": i + 2, "%TYPE": item.typ}
		if item.typ != casRelation {
			fields["@sofa"] = 1
		}
		for _, f := range item.features {
			fields[f.name] = f.value
		}
		all = append(all, fields)
		members = append(members, i+2)
	}
	return marshal(struct {
		Types any `json:"%TYPES"`
		All   any `json:"%FEATURE_STRUCTURES"`
		Views any `json:"%VIEWS"`
	}{types, all, map[string]any{"_InitialView": map[string]any{"%SOFA": 1, "%MEMBERS": members}}})
}

// isCASBase tells whether a type is of the frame of a CAS and no annotation.
func isCASBase(local string) bool {
	return slices.Contains([]string{"NULL", "View", "Sofa", "DocumentAnnotation", "FSArray", "StringArray", "IntegerArray", "TagsetDescription", "TypeSystemDescription"}, local)
}
