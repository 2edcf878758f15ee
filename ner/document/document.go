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
	// Prompt is the whole prompt that Text was cut out of, and Completion its
	// answer, where the source is a prompt in the seed's JSONL.
	Prompt, Completion string
}

// Passage is a part of a document.
type Passage struct {
	Type       string // "title", "abstract", …
	Start, End int
	// Shift is what the source format's own offsets have more than Text's
	// within this passage (BioC, where they may leave gaps); mostly 0.
	Shift  int
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
	// ChemicalRole and DiseaseRole are the source's names for the two sides
	// ("Arg1", "Arg2").
	ChemicalRole, DiseaseRole string
	Confidence                float64
	Grounded                  bool
	Infons                    map[string]string
}

// Link is a terminology entry for a mention.
type Link struct {
	ID     string
	Name   string
	Method string // exact, normalized, abbreviation, composite, fuzzy, wider; reference: the source says so
	Score  float64
}

// Dropped is an item that the model wrote and the result leaves out.
type Dropped struct {
	Text   string
	Task   string
	Reason string
}

// Result is an annotated document with the account of the run that annotated it.
type Result struct {
	Document
	Dropped  []Dropped
	Model    Model
	Warnings []string
	// TextSHA256 is the hexadecimal hash of the article, where Text itself is
	// not at hand (a result that was read back); else empty.
	TextSHA256 string
	// Calibrated says that the confidences are calibrated probabilities.
	Calibrated bool
	// Terminology describes what Links come from; nil: nothing was linked.
	Terminology *Terminology
}

// Model says what annotated a document.
type Model struct {
	Name      string
	Adapter   string
	Weights   string // what the projections were held as
	Precision string
	Engine    string // medner's version
}

// Terminology says where identifiers come from.
type Terminology struct {
	Name    string
	Release string
	Licence string
	Hash    string // SHA-256 of the sources, hexadecimal
}
