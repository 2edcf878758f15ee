package format

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// result reads a medner/1 object.
func (j *jsonDecoder) result(m map[string]json.RawMessage) (document.Result, error) {
	id := j.id(m)
	var o resultObject
	raw, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(m["schema"], &o.Schema)
	}
	if err != nil || o.Schema != schemaVersion {
		return document.Result{}, j.bad(id, "schema", quote(string(m["schema"])), `"`+schemaVersion+`"`)
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		err := j.badType(id, "", err, "a "+schemaVersion+" result")
		if err := j.o.annotation(j.name, id, err); err != nil {
			return document.Result{}, err
		}
		if o, err = j.textOnly(m); err != nil {
			return document.Result{}, err
		}
	}
	if o.Offsets != "" && o.Offsets != offsetsAre {
		return document.Result{}, j.bad(id, "offsets", quote(o.Offsets), quote(offsetsAre))
	}
	j.forget(m, id, resultMembers...)
	res := o.document()
	if o.Text == nil {
		if res.TextSHA256 == "" && j.o.Annotations == TextOnly {
			return res, j.bad(id, "text", "none", "the article")
		}
		return res, j.orderly(&res.Document)
	}
	if hash := textHash(res.Text); o.TextSHA256 != "" && o.TextSHA256 != hash {
		if j.o.Annotations == Strict {
			return document.Result{}, j.bad(id, "text_sha256", o.TextSHA256, hash)
		}
		j.o.warn(j.name, id, "text_sha256 is not that of the text")
	}
	res.TextSHA256 = ""
	x := document.NewIndex(res.Text)
	if err := checkPassages(&res.Document, x); err != nil {
		err = &badinput.Error{File: j.name, Field: j.place(id, ""), Err: err}
		if err = j.o.annotation(j.name, id, err); err != nil {
			return document.Result{}, err
		}
		res.Passages = nil
	}
	return res, j.check(&res.Document)
}

// resultMembers has the keys of a result.
var resultMembers = []string{
	"schema", "id", "text_sha256", "offsets", "text", "passages", "infons", "prompt", "completion", "entities", "relations", "dropped", "calibrated", "model", "terminology", "warnings",
}

// textOnly reads of a result what it says of the article.
func (j *jsonDecoder) textOnly(m map[string]json.RawMessage) (o resultObject, err error) {
	id := j.id(m)
	o.Schema, o.ID, o.Offsets = schemaVersion, id, offsetsAre
	if o.TextSHA256, err = j.str(m, id, "text_sha256"); err != nil {
		return o, err
	}
	if _, ok := m["text"]; ok {
		text, err := j.str(m, id, "text")
		o.Text = &text
		return o, err
	}
	return o, nil
}

// orderly checks the spans of a result that lacks the text.
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

// check compares the mentions of a result with its text, and sets their texts.
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
	out, err := groundAll(j.name, d.ID, d.Text, []layout{{claims: claims}}, entities, j.o)
	leaveOut(d, out)
	return err
}

// document returns the result that o stands for.
func (o *resultObject) document() document.Result {
	r := document.Result{TextSHA256: o.TextSHA256, Calibrated: o.Calibrated}
	r.ID = o.ID
	r.Infons = o.Infons
	r.Prompt = o.Prompt
	r.Completion = o.Completion
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

// entity returns the entity that o stands for.
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

// orUnknown returns *v, or NaN for null.
func orUnknown(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
