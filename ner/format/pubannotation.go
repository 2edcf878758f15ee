package format

import (
	"encoding/json"
	"fmt"

	"github.com/medner/medner/ner/document"
)

// The objects of PubAnnotation's JSON. Offsets count code points. An attribute whose
// object is an identifier may have any name.
type (
	denotationObject struct {
		ID   jsonText        `json:"id"`
		Span json.RawMessage `json:"span"`
		Obj  jsonText        `json:"obj"`
	}
	denotationSpan struct {
		Begin *jsonInt `json:"begin"`
		End   *jsonInt `json:"end"`
	}
	predicateObject struct {
		ID   jsonText `json:"id"`
		Subj jsonText `json:"subj"`
		Pred jsonText `json:"pred"`
		Obj  jsonText `json:"obj"`
	}
)

// pubAnnotation reads an object of PubAnnotation.
func (j *jsonDecoder) pubAnnotation(m map[string]json.RawMessage) (document.Document, error) {
	d := document.Document{ID: j.id(m)}
	var err error
	if d.Text, err = j.str(m, d.ID, "text"); err != nil {
		return d, err
	}
	j.forget(m, d.ID, "text", "denotations", "attributes", "relations")
	var claims []claim
	err = j.list(d.ID, "denotations", m["denotations"], func(item json.RawMessage) error {
		var o denotationObject
		if err := json.Unmarshal(item, &o); err != nil {
			return err
		}
		c := claim{unchecked: true, where: j.place(d.ID, fmt.Sprintf("denotations[%d]", len(claims)))}
		if c.spans, err = denotationSpans(o.Span); err != nil {
			return err
		}
		c.bases = make([]int, len(c.spans))
		e := mention(string(o.Obj), "")
		e.ID = string(o.ID)
		claims, d.Entities = append(claims, c), append(d.Entities, e)
		return nil
	})
	if err != nil {
		return d, err
	}
	out, err := groundAll(j.name, d.ID, d.Text, []layout{{claims: claims}}, pointers(&d), j.o)
	if err != nil {
		return d, err
	}
	leaveOut(&d, out)
	return d, j.predicates(m, &d)
}

// denotationSpans reads the span of a denotation, or a list of them.
func denotationSpans(raw json.RawMessage) ([]document.Span, error) {
	var list []denotationSpan
	if json.Unmarshal(raw, &list) != nil {
		list = make([]denotationSpan, 1)
		if err := json.Unmarshal(raw, &list[0]); err != nil {
			return nil, err
		}
	}
	spans := make([]document.Span, len(list))
	for i, s := range list {
		if s.Begin == nil || s.End == nil {
			return nil, errNoLocation
		}
		spans[i] = document.Span{Start: int(*s.Begin), End: int(*s.End)}
	}
	if len(spans) == 0 {
		return nil, errNoLocation
	}
	return spans, nil
}

// predicates reads the attributes and the relations of a document whose entities
// have their places.
func (j *jsonDecoder) predicates(m map[string]json.RawMessage, d *document.Document) error {
	byID := map[string]*document.Entity{}
	for i := range d.Entities {
		byID[d.Entities[i].ID] = &d.Entities[i]
	}
	err := j.list(d.ID, "attributes", m["attributes"], func(item json.RawMessage) error {
		var o predicateObject
		if err := json.Unmarshal(item, &o); err != nil {
			return err
		}
		e := byID[string(o.Subj)]
		switch {
		case e == nil:
			j.o.warn(j.name, d.ID, "attributes of other things than mentions are not kept")
		case identifierAttributes[jsonKey(string(o.Pred))]:
			e.Concepts = append(e.Concepts, splitConcepts(string(o.Obj))...)
		default:
			e.Infons = setInfon(e.Infons, string(o.Pred), string(o.Obj))
		}
		return nil
	})
	if err != nil {
		return err
	}
	l := newLookup(d)
	return j.list(d.ID, "relations", m["relations"], func(item json.RawMessage) error {
		var o predicateObject
		if err := json.Unmarshal(item, &o); err != nil {
			return err
		}
		subject, ok := l.node(biocNode{refid: string(o.Subj)})
		object, ok2 := l.node(biocNode{refid: string(o.Obj)})
		if !ok || !ok2 {
			j.o.warn(j.name, d.ID, "relations between things that are not in the document are left out")
			return nil
		}
		chemical, disease := inOrder(subject, object)
		r := readRelation(string(o.Pred), chemical.concept, disease.concept)
		r.ID, r.ChemicalEntity, r.DiseaseEntity = string(o.ID), chemical.entity, disease.entity
		d.Relations = append(d.Relations, r)
		return nil
	})
}

// identifierAttributes has the names of attributes whose object is an identifier, as
// jsonKey makes them.
var identifierAttributes = map[string]bool{
	"cui": true, "identifier": true, "id": true, "mesh": true, "conceptid": true, "nativeid": true, "dbxref": true,
}
