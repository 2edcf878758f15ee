package format

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/medner/medner/internal/badinput"
	"github.com/medner/medner/ner/document"
)

// Schema is the version of medner's own result.
const Schema = "medner/1"

const offsetsAre = "unicode code points"

// emptySHA256 is the hash of a text of no bytes.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// The objects of a result. Confidences that are not known are null.
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
		Calibrated  bool               `json:"calibrated,omitempty"`
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
		Spans      [][2]int          `json:"spans,omitempty"` // of a discontinuous mention
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
		Engine    string `json:"engine_version"`
	}
	terminologyObject struct {
		Name    string `json:"name"`
		Release string `json:"release"`
		Licence string `json:"licence"`
		Hash    string `json:"sha256"`
	}
)

// Marshal returns r as a medner/1 object on one line, with a line feed. text
// says whether the article's own text is in it.
func Marshal(r *document.Result, text bool) ([]byte, error) {
	return marshal(newResultObject(r, text))
}

func newResultObject(r *document.Result, text bool) *resultObject {
	o := &resultObject{
		Schema: Schema, ID: r.ID, TextSHA256: r.TextSHA256, Offsets: offsetsAre, Calibrated: r.Calibrated,
		Entities: []entityObject{}, Relations: []relationObject{}, Dropped: []droppedObject{}, Warnings: []string{},
	}
	if o.TextSHA256 == "" {
		sum := sha256.Sum256([]byte(r.Text))
		o.TextSHA256 = hex.EncodeToString(sum[:])
	}
	if text && (r.Text != "" || o.TextSHA256 == emptySHA256) {
		o.Text, o.Prompt, o.Completion = &r.Text, r.Prompt, r.Completion
	}
	if text {
		o.Infons = r.Infons
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
		o.Links = append(o.Links, linkObject{l.ID, l.Name, l.Method, known(l.Score)})
	}
	return o
}

func newRelationObject(r *document.Relation) relationObject {
	o := relationObject{
		ID: r.ID, Type: r.Type, Chemical: r.Chemical, Disease: r.Disease, Confidence: known(r.Confidence), Grounded: r.Grounded,
		ChemicalEntity: r.ChemicalEntity, DiseaseEntity: r.DiseaseEntity,
		ChemicalRole: r.ChemicalRole, DiseaseRole: r.DiseaseRole, Infons: r.Infons,
	}
	return o
}

// known is nil for what no number says.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func orUnknown(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// result reads a medner/1 object back.
func (j *jsonDecoder) result(m map[string]json.RawMessage) (document.Result, error) {
	id := j.id(m)
	var o resultObject
	raw, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(m["schema"], &o.Schema)
	}
	if err != nil || o.Schema != Schema {
		return document.Result{}, j.bad(id, "schema", quote(string(m["schema"])), `"`+Schema+`"`)
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return document.Result{}, j.bad(id, "", err.Error(), "a "+Schema+" result")
	}
	if o.Offsets != "" && o.Offsets != offsetsAre {
		return document.Result{}, j.bad(id, "offsets", quote(o.Offsets), quote(offsetsAre))
	}
	res := o.document()
	if o.Text == nil {
		return res, j.orderly(&res.Document)
	}
	sum := sha256.Sum256([]byte(res.Text))
	if hash := hex.EncodeToString(sum[:]); o.TextSHA256 != "" && o.TextSHA256 != hash {
		return document.Result{}, j.bad(id, "text_sha256", o.TextSHA256, hash)
	}
	res.TextSHA256 = ""
	if err := checkSpans(&res.Document, document.NewIndex(res.Text)); err != nil {
		return document.Result{}, &badinput.Error{File: j.name, Field: j.place(id, ""), Err: err}
	}
	return res, j.check(&res.Document)
}

// orderly checks spans as far as that goes without the text.
func (j *jsonDecoder) orderly(d *document.Document) error {
	for i := range d.Entities {
		for _, s := range d.Entities[i].Spans {
			if s.Start < 0 || s.End < s.Start {
				return j.bad(d.ID, fmt.Sprintf("entities[%d]", i), fmt.Sprintf("start %d, end %d", s.Start, s.End), "offsets in order")
			}
		}
	}
	return nil
}

// check compares the mentions of a result with its text.
func (j *jsonDecoder) check(d *document.Document) error {
	var claims []claim
	var entities []*document.Entity
	for i := range d.Entities {
		e := &d.Entities[i]
		if len(e.Spans) > 0 {
			claims = append(claims, claim{bases: make([]int, len(e.Spans)), spans: e.Spans, mention: e.Text, where: j.place(d.ID, "")})
			entities = append(entities, e)
		}
	}
	return ground(j.name, d.ID, d.Text, claims, entities, j.o)
}

func (o *resultObject) document() document.Result {
	r := document.Result{TextSHA256: o.TextSHA256, Calibrated: o.Calibrated}
	r.ID, r.Infons, r.Prompt, r.Completion = o.ID, o.Infons, o.Prompt, o.Completion
	if o.Text != nil {
		r.Text = *o.Text
	}
	for _, p := range o.Passages {
		r.Passages = append(r.Passages, document.Passage(p))
	}
	for i := range o.Entities {
		r.Entities = append(r.Entities, o.Entities[i].entity())
	}
	for _, e := range o.Relations {
		r.Relations = append(r.Relations, document.Relation{
			ID: e.ID, Type: e.Type, Chemical: e.Chemical, Disease: e.Disease, Confidence: orUnknown(e.Confidence), Grounded: e.Grounded,
			ChemicalEntity: e.ChemicalEntity, DiseaseEntity: e.DiseaseEntity,
			ChemicalRole: e.ChemicalRole, DiseaseRole: e.DiseaseRole, Infons: e.Infons,
		})
	}
	for _, d := range o.Dropped {
		r.Dropped = append(r.Dropped, document.Dropped(d))
	}
	if o.Model != nil {
		r.Model = document.Model(*o.Model)
	}
	if o.Terminology != nil {
		t := document.Terminology(*o.Terminology)
		r.Terminology = &t
	}
	r.Warnings = append(r.Warnings, o.Warnings...)
	return r
}

func (o *entityObject) entity() document.Entity {
	e := document.Entity{
		ID: o.ID, Text: o.Text, Type: readType(o.Type), Confidence: orUnknown(o.Confidence), Grounded: o.Grounded,
		Normalized: o.Normalized, Concepts: o.Concepts, Composite: o.Composite, Infons: o.Infons,
	}
	for _, s := range o.Spans {
		e.Spans = append(e.Spans, document.Span{Start: s[0], End: s[1]})
	}
	if len(e.Spans) == 0 && o.Start != nil && o.End != nil {
		e.Spans = []document.Span{{Start: *o.Start, End: *o.End}}
	}
	for _, l := range o.Links {
		e.Links = append(e.Links, document.Link{ID: l.ID, Name: l.Name, Method: l.Method, Score: orUnknown(l.Score)})
	}
	return e
}

// jsonlWriter writes one result a line.
type jsonlWriter struct {
	w io.Writer
	o WriteOptions
}

func (w *jsonlWriter) Write(r *document.Result) error {
	data, err := Marshal(r, w.o.Text)
	if err != nil {
		return err
	}
	_, err = w.w.Write(data)
	return err
}

func (w *jsonlWriter) Close() error { return nil }

// jsonWriter writes one result as an object, several as an array.
type jsonWriter struct {
	w     io.Writer
	o     WriteOptions
	count int
	first []byte
}

func (w *jsonWriter) Write(r *document.Result) error {
	line, err := Marshal(r, w.o.Text)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(line), "", "  "); err != nil {
		return err
	}
	w.count++
	switch w.count {
	case 1:
		w.first = b.Bytes()
		return nil
	case 2:
		_, err = fmt.Fprintf(w.w, "[\n%s", w.first)
		w.first = nil
		if err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w.w, ",\n%s", b.Bytes())
	return err
}

func (w *jsonWriter) Close() error {
	var err error
	switch w.count {
	case 0:
		_, err = io.WriteString(w.w, "[]\n")
	case 1:
		_, err = fmt.Fprintf(w.w, "%s\n", w.first)
	default:
		_, err = io.WriteString(w.w, "\n]\n")
	}
	return err
}
