package format

import (
	"encoding/json"

	"github.com/medner/medner/ner/document"
)

// The objects of BioC JSON. Infons should be strings, but PubTator's aren't always.
type (
	biocJSONDocument struct {
		ID          jsonText                   `json:"id"`
		Infons      map[string]json.RawMessage `json:"infons"`
		Passages    []biocJSONPassage          `json:"passages"`
		Annotations []biocJSONAnnotation       `json:"annotations"`
		Relations   []biocJSONRelation         `json:"relations"`
	}
	biocJSONPassage struct {
		Offset      int                        `json:"offset"`
		Infons      map[string]json.RawMessage `json:"infons"`
		Text        string                     `json:"text"`
		Sentences   []biocJSONPassage          `json:"sentences"`
		Annotations []biocJSONAnnotation       `json:"annotations"`
		Relations   []biocJSONRelation         `json:"relations"`
	}
	biocJSONAnnotation struct {
		ID        jsonText                   `json:"id"`
		Infons    map[string]json.RawMessage `json:"infons"`
		Text      *string                    `json:"text"`
		Locations []biocJSONLocation         `json:"locations"`
	}
	biocJSONLocation struct {
		Offset int `json:"offset"`
		Length int `json:"length"`
	}
	biocJSONRelation struct {
		ID     jsonText                   `json:"id"`
		Infons map[string]json.RawMessage `json:"infons"`
		Nodes  []biocJSONNode             `json:"nodes"`
	}
	biocJSONNode struct {
		RefID jsonText `json:"refid"`
		Role  jsonText `json:"role"`
	}
)

// jsonText is a string, which some programs write as a number.
type jsonText string

func (t *jsonText) UnmarshalJSON(raw []byte) error {
	*t = ""
	if string(raw) != "null" {
		*t = jsonText(plainString(raw))
	}
	return nil
}

// bioc returns the document that a BioC document is.
func (j *jsonDecoder) bioc(doc *biocDocument) (document.Result, error) {
	d, err := doc.document(j.name, j.place(doc.id, ""), j.o)
	if err != nil {
		return document.Result{}, err
	}
	return document.Result{Document: d}, nil
}

// biocCollection reads the documents of a collection that was scanned as one value.
func (j *jsonDecoder) biocCollection(m map[string]json.RawMessage) ([]biocDocument, error) {
	collection(m, j.o)
	var docs []map[string]json.RawMessage
	if err := json.Unmarshal(m["documents"], &docs); err != nil {
		return nil, j.bad("", "documents", err.Error(), "BioC documents")
	}
	out := make([]biocDocument, 0, len(docs))
	for _, m := range docs {
		doc, err := j.biocDocument(m)
		if err != nil {
			return nil, err
		}
		out = append(out, doc)
	}
	return out, nil
}

// biocDocument reads a document object.
func (j *jsonDecoder) biocDocument(m map[string]json.RawMessage) (biocDocument, error) {
	id := j.id(m)
	var in biocJSONDocument
	for key, to := range map[string]any{
		"infons":      &in.Infons,
		"passages":    &in.Passages,
		"annotations": &in.Annotations,
		"relations":   &in.Relations,
	} {
		if raw, ok := m[key]; ok {
			if err := json.Unmarshal(raw, to); err != nil {
				return biocDocument{}, j.bad(id, key, err.Error(), "BioC's "+key)
			}
		}
	}
	j.forget(m, id, "infons", "passages", "annotations", "relations", "_id")
	doc := biocDocument{
		id:          id,
		infons:      j.infons(id, in.Infons),
		annotations: j.annotations(id, in.Annotations),
		relations:   j.relations(id, in.Relations),
	}
	told := false
	for _, p := range in.Passages {
		var sentences []biocPassage
		for _, s := range p.Sentences {
			sentences = append(sentences, j.passage(id, s))
		}
		if len(sentences) > 0 && !told {
			told = true
			j.o.warn(j.name, id, "sentences are read as passages")
		}
		doc.passages = append(doc.passages, joinSentences(j.passage(id, p), sentences)...)
	}
	return doc, nil
}

func (j *jsonDecoder) passage(id string, p biocJSONPassage) biocPassage {
	return biocPassage{
		infons:      j.infons(id, p.Infons),
		offset:      p.Offset,
		text:        p.Text,
		annotations: j.annotations(id, p.Annotations),
		relations:   j.relations(id, p.Relations),
	}
}

func (j *jsonDecoder) annotations(id string, in []biocJSONAnnotation) []biocAnnotation {
	var out []biocAnnotation
	for _, a := range in {
		b := biocAnnotation{id: string(a.ID), infons: j.infons(id, a.Infons), hasText: a.Text != nil}
		if a.Text != nil {
			b.text = *a.Text
		}
		for _, l := range a.Locations {
			b.locations = append(b.locations, biocLocation{offset: l.Offset, length: l.Length})
		}
		out = append(out, b)
	}
	return out
}

func (j *jsonDecoder) relations(id string, in []biocJSONRelation) []biocRelation {
	var out []biocRelation
	for _, r := range in {
		b := biocRelation{id: string(r.ID), infons: j.infons(id, r.Infons)}
		for _, n := range r.Nodes {
			b.nodes = append(b.nodes, biocNode{refid: string(n.RefID), role: string(n.Role)})
		}
		out = append(out, b)
	}
	return out
}

// infons returns infons as strings. One that is no string is kept as its JSON, with
// a warning.
func (j *jsonDecoder) infons(id string, in map[string]json.RawMessage) map[string]string {
	out, others := infonStrings(in)
	for _, key := range others {
		j.o.warn(j.name, id, "the property %s is no string; its JSON text is kept", quote(key))
	}
	return out
}

// infonStrings returns infons as strings, and the keys of those that are none.
func infonStrings(in map[string]json.RawMessage) (out map[string]string, others []string) {
	for key, raw := range in {
		if string(raw) == "null" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		if raw[0] != '"' {
			others = append(others, key)
		}
		out[key] = plainString(raw)
	}
	return out, others
}
