package format

import (
	"crypto/sha256"
	"encoding/hex"
	"math"

	"github.com/medner/medner/ner/document"
)

// schemaVersion is the "schema" of medner's own result.
const schemaVersion = "medner/1"

// offsetsAre is the "offsets" of medner's own result.
const offsetsAre = "unicode code points"

// emptySHA256 is the SHA-256 of no bytes, in hex.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// The objects of medner's own result. A confidence or a score that is unknown is
// null; so are start and end of a mention that is not grounded.
type (
	resultObject struct {
		Schema      string             `json:"schema"`
		ID          string             `json:"id"`
		TextSHA256  string             `json:"text_sha256"`
		Offsets     string             `json:"offsets"`
		Text        *string            `json:"text,omitempty"`
		Passages    []passageObject    `json:"passages,omitempty"`
		Infons      map[string]string  `json:"infons,omitempty"`
		Prompt      string             `json:"prompt,omitempty"`
		Completion  string             `json:"completion,omitempty"`
		Entities    []entityObject     `json:"entities"`
		Relations   []relationObject   `json:"relations"`
		Dropped     []droppedObject    `json:"dropped"`
		Calibrated  bool               `json:"calibrated"`
		Model       *modelObject       `json:"model,omitempty"`
		Terminology *terminologyObject `json:"terminology,omitempty"`
		Warnings    []string           `json:"warnings"`
	}
	passageObject struct {
		Type   string            `json:"type"`
		Start  int               `json:"start"`
		End    int               `json:"end"`
		Shift  int               `json:"shift,omitempty"`
		Infons map[string]string `json:"infons,omitempty"`
	}
	entityObject struct {
		ID         string            `json:"id,omitempty"`
		Text       string            `json:"text"`
		Type       string            `json:"type"`
		Start      *int              `json:"start"`
		End        *int              `json:"end"`
		Spans      [][2]int          `json:"spans,omitempty"` // only of a discontinuous mention
		Confidence *float64          `json:"confidence"`
		Grounded   bool              `json:"grounded"`
		Normalized string            `json:"normalized"`
		Concepts   []string          `json:"concepts,omitempty"`
		Composite  []string          `json:"composite,omitempty"`
		Links      []linkObject      `json:"links"`
		Infons     map[string]string `json:"infons,omitempty"`
	}
	linkObject struct {
		ID     string   `json:"id"`
		Name   string   `json:"name"`
		Method string   `json:"method"`
		Score  *float64 `json:"score"`
	}
	relationObject struct {
		ID             string            `json:"id,omitempty"`
		Type           string            `json:"type,omitempty"`
		Chemical       string            `json:"chemical"`
		Disease        string            `json:"disease"`
		Confidence     *float64          `json:"confidence"`
		Grounded       bool              `json:"grounded"`
		ChemicalEntity string            `json:"chemical_entity,omitempty"`
		DiseaseEntity  string            `json:"disease_entity,omitempty"`
		ChemicalRole   string            `json:"chemical_role,omitempty"`
		DiseaseRole    string            `json:"disease_role,omitempty"`
		Infons         map[string]string `json:"infons,omitempty"`
	}
	droppedObject struct {
		Text   string `json:"text"`
		Task   string `json:"task"`
		Reason string `json:"reason"`
	}
	modelObject struct {
		Name      string `json:"name"`
		Adapter   string `json:"adapter"`
		Weights   string `json:"weights"`
		Precision string `json:"precision"`
		Method    string `json:"method,omitempty"`
		Engine    string `json:"engine_version"`
	}
	terminologyObject struct {
		Name    string `json:"name"`
		Release string `json:"release"`
		Licence string `json:"licence"`
		Hash    string `json:"sha256"`
	}
)

// textHash returns the SHA-256 of a text, in hex.
func textHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Marshal returns r as a medner/1 object on one line, with a line feed at its end.
// The article's text and passages are part of it if text is true; its properties,
// such as the year, always are.
func Marshal(r *document.Result, text bool) ([]byte, error) {
	return marshal(newResultObject(r, text))
}

func newResultObject(r *document.Result, text bool) *resultObject {
	o := &resultObject{
		Schema: schemaVersion, ID: r.ID, TextSHA256: r.TextSHA256, Offsets: offsetsAre, Calibrated: r.Calibrated,
		Entities: []entityObject{}, Relations: []relationObject{}, Dropped: []droppedObject{}, Warnings: []string{},
	}
	if o.TextSHA256 == "" {
		o.TextSHA256 = textHash(r.Text)
	}
	if text && (r.Text != "" || o.TextSHA256 == emptySHA256) {
		o.Text = &r.Text
		o.Prompt = r.Prompt
		o.Completion = r.Completion
	}
	o.Infons = r.Infons
	if text {
		for _, p := range r.Passages {
			o.Passages = append(o.Passages, passageObject(p))
		}
	}
	for i := range r.Entities {
		o.Entities = append(o.Entities, newEntityObject(&r.Entities[i]))
	}
	for i := range r.Relations {
		o.Relations = append(o.Relations, newRelationObject(&r.Relations[i]))
	}
	for _, d := range r.Dropped {
		o.Dropped = append(o.Dropped, droppedObject(d))
	}
	if (r.Model != document.Model{}) {
		m := modelObject(r.Model)
		o.Model = &m
	}
	if r.Terminology != nil {
		t := terminologyObject(*r.Terminology)
		o.Terminology = &t
	}
	o.Warnings = append(o.Warnings, r.Warnings...)
	return o
}

func newEntityObject(e *document.Entity) entityObject {
	o := entityObject{
		ID: e.ID, Text: e.Text, Type: e.Type, Confidence: known(e.Confidence), Grounded: e.Grounded,
		Normalized: e.Normalized, Concepts: e.Concepts, Composite: e.Composite, Links: []linkObject{}, Infons: e.Infons,
	}
	if n := len(e.Spans); n > 0 {
		o.Start, o.End = &e.Spans[0].Start, &e.Spans[n-1].End
		for _, s := range e.Spans {
			if n > 1 {
				o.Spans = append(o.Spans, [2]int{s.Start, s.End})
			}
		}
	}
	for _, l := range e.Links {
		o.Links = append(o.Links, linkObject{ID: l.ID, Name: l.Name, Method: l.Method, Score: known(l.Score)})
	}
	return o
}

func newRelationObject(r *document.Relation) relationObject {
	return relationObject{
		ID: r.ID, Type: r.Type, Chemical: r.Chemical, Disease: r.Disease, Confidence: known(r.Confidence), Grounded: r.Grounded,
		ChemicalEntity: r.ChemicalEntity, DiseaseEntity: r.DiseaseEntity,
		ChemicalRole: r.ChemicalRole, DiseaseRole: r.DiseaseRole, Infons: r.Infons,
	}
}

// known returns a pointer to v, or nil if v is no number that JSON has.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
