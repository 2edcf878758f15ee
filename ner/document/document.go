// Package document defines articles and their annotations, independent of any
// file format: package format reads and writes them, package ner makes them and
// package eval compares them.
//
// Every offset counts Unicode code points of [Document.Text], as Python does,
// and every range is half-open: [start, end). An [Index] converts offsets to
// bytes and back.
package document

// Document is one article.
type Document struct {
	ID string
	// Text is the whole article, with the line ends and spaces of its file.
	Text string
	// Passages are the title, the abstract and other parts of Text, in order,
	// where the file's format distinguishes them.
	Passages []Passage
	// Entities and Relations are gold annotations where they were read from an
	// annotated corpus, and predictions in a Result of package ner.
	Entities  []Entity
	Relations []Relation
	// Infons are properties that only the file's format knows. They are kept so
	// that writing the same format again loses nothing.
	Infons map[string]string
	// Prompt is set where the article was read from a line {"prompt",
	// "completion"} of the model card's format: it is the whole prompt, of which
	// Text is a part. Completion is the right answer to it.
	Prompt, Completion string
}

// Passage is a part of a document: the code points [Start, End) of its text.
type Passage struct {
	Type       string // "title", "abstract", …
	Start, End int
	// Shift is the file's offset of a character of this passage, minus the
	// offset of that character in Text. It is 0 but in BioC files that leave
	// gaps between passages.
	Shift int
	// Infons are properties that only the file's format knows.
	Infons map[string]string
}

// The types of entities that package ner finds; files may have others.
const (
	Chemical = "chemical"
	Disease  = "disease"
)

// Span is the range [Start, End) of code points of a document's text.
type Span struct{ Start, End int }

// Entity is a mention of something in a document.
type Entity struct {
	ID   string // the file's own identifier, such as "T1"; "" if it has none
	Text string // the mention, as the article spells it
	Type string // Chemical, Disease, or the file's own word
	// Spans says where the mention stands: one span, several where other words
	// interrupt the mention, none where it is not Grounded.
	Spans []Span
	// Concepts are the identifiers of what is mentioned, such as
	// "MESH:D008874". A composite mention ("renal or hepatic toxicity") has one
	// for each of its parts.
	Concepts []string
	// Composite has the texts of the parts of a composite mention, if the file
	// gives them.
	Composite []string
	// Normalized is a spelling that variants of one mention share: package ner
	// folds case, spaces and punctuation, and writes out a short form that the
	// article defines.
	Normalized string
	Confidence float64 // from 0 to 1; NaN if unknown
	Grounded   bool    // the article has the mention at Spans
	Links      []Link
	Infons     map[string]string // properties that only the file's format knows
}

// Relation says that a chemical influences a disease.
type Relation struct {
	ID   string // the file's own identifier; "" if it has none
	Type string // "CID", "influences", or the file's own word
	// Chemical and Disease are concept identifiers in gold annotations, and
	// texts of mentions in predictions.
	Chemical, Disease string
	// ChemicalEntity and DiseaseEntity are IDs of entities, where the file
	// relates mentions (brat, BioC); else they are empty.
	ChemicalEntity, DiseaseEntity string
	// ChemicalRole and DiseaseRole are the file's names of the two sides, such
	// as "Arg1" and "Arg2"; empty if it has none.
	ChemicalRole, DiseaseRole string
	Confidence                float64           // from 0 to 1; NaN if unknown
	Grounded                  bool              // the article mentions both sides
	Infons                    map[string]string // properties that only the file's format knows
}

// Link is an entry of a terminology that a mention may mean.
type Link struct {
	ID   string // the entry's identifier, such as "MESH:D008094"
	Name string // its preferred name
	// Method says how the entry was found: exact, normalized, abbreviation,
	// composite, fuzzy or wider (see package terminology), or reference where
	// the file itself names it.
	Method string
	Score  float64 // how alike mention and name are, from 0 to 1
}

// Dropped is an item of the model's answer that the result leaves out.
type Dropped struct {
	Text   string
	Task   string // what the model was asked for: chemicals, diseases, influences
	Reason string // for people
}

// Result is an annotated document, with an account of how it was annotated.
type Result struct {
	Document
	Dropped  []Dropped
	Model    Model
	Warnings []string
	// TextSHA256 is the SHA-256 of the article, in hex, where the result was
	// read from a file that lacks the article's text; else it is empty.
	TextSHA256 string
	// Calibrated says that confidences are probabilities, which a calibration
	// made of the model's scores.
	Calibrated bool
	// Terminology says which terminology the Links are of; nil if mentions were
	// not looked up in any.
	Terminology *Terminology
}

// Model names what annotated a document.
type Model struct {
	Name      string // the model's directory or file
	Adapter   string // the adapter's directory; several are joined by "+"
	Weights   string // how projections were held: "keep", "nf4", …
	Precision string // the arithmetic: "f32", "fast"
	Method    string // how chemicals and diseases were found: "generate", "tag" or "both"; "" if unknown
	Engine    string // medner's version
}

// Terminology names a terminology.
type Terminology struct {
	Name    string
	Release string
	Licence string
	Hash    string // SHA-256 of the files that it was made from, in hex
}
