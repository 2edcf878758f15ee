// Package document holds articles and what is said about them, apart from any
// file format. All offsets are half-open and count Unicode code points of
// [Document.Text].
package document

// Document is one article.
type Document struct {
	ID string
	// Text is the whole article as the reader found it. Where a format knows
	// parts, Passages cover them in order.
	Text     string
	Passages []Passage
	// Entities and Relations are annotations: gold ones when read from an
	// annotated corpus, predicted ones in an annotated result.
	Entities  []Entity
	Relations []Relation
	// Infons are the format's own properties, kept for a round trip.
	Infons map[string]string
}

// Passage is a part of a document.
type Passage struct {
	Type       string // "title", "abstract", …
	Start, End int
	// Offset is the document offset that the source format gives the passage
	// (BioC), where it differs from Start; -1: the same.
	Offset int
	Infons map[string]string
}

// The types of entities.
const (
	Chemical = "chemical"
	Disease  = "disease"
)

// Span is a half-open range of code points.
type Span struct{ Start, End int }

// Entity is a mention. An ungrounded one has no Spans.
type Entity struct {
	ID   string // the format's own ("T1"), or empty
	Text string // as in the article
	Type string // Chemical, Disease, or what the source says
	// Spans is one span, or several for a discontinuous mention.
	Spans      []Span
	Concepts   []string // identifiers such as "MESH:D008874"; several: a composite mention
	Composite  []string // the parts' texts of a composite mention, where the source gives them
	Normalized string
	Confidence float64 // 0..1; NaN: unknown
	Grounded   bool
	Links      []Link
	Infons     map[string]string
}

// Relation is a pair within one document. Chemical and Disease hold concept
// identifiers in gold data, texts in predictions.
type Relation struct {
	ID                string
	Type              string // "CID", "influences"
	Chemical, Disease string
	// ChemicalEntity and DiseaseEntity are the ID of an Entity where the
	// format relates mentions (brat, BioC); else empty.
	ChemicalEntity, DiseaseEntity string
	Confidence                    float64
	Grounded                      bool
	Infons                        map[string]string
}

// Link is a terminology entry for a mention.
type Link struct {
	ID     string
	Name   string
	Method string // exact, normalized, abbreviation, composite, fuzzy
	Score  float64
}

// Dropped is an item that the model wrote and the result leaves out.
type Dropped struct {
	Text   string
	Task   string
	Reason string
}
