package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// The objects of BioC JSON. Infons should be strings, but PubTator's aren't always.
// Annotations and relations are read one by one, so that a bad one spoils no other.
type (
	biocJSONDocument struct {
		Infons   biocJSONInfons    `json:"infons"`
		Passages []biocJSONPassage `json:"passages"`
	}
	biocJSONPassage struct {
		Offset      *jsonInt          `json:"offset"`
		Infons      biocJSONInfons    `json:"infons"`
		Text        string            `json:"text"`
		Sentences   []biocJSONPassage `json:"sentences"`
		Annotations json.RawMessage   `json:"annotations"`
		Relations   json.RawMessage   `json:"relations"`
	}
	biocJSONAnnotation struct {
		ID        jsonText           `json:"id"`
		Infons    biocJSONInfons     `json:"infons"`
		Text      *string            `json:"text"`
		Locations []biocJSONLocation `json:"locations"`
	}
	biocJSONLocation struct {
		Offset *jsonInt `json:"offset"`
		Length *jsonInt `json:"length"`
	}
	biocJSONRelation struct {
		ID     jsonText       `json:"id"`
		Infons biocJSONInfons `json:"infons"`
		Nodes  []biocJSONNode `json:"nodes"`
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

// jsonInt is a whole number, which some programs write as a string or with a
// decimal point.
type jsonInt int

func (n *jsonInt) UnmarshalJSON(raw []byte) error {
	s := strings.TrimSpace(plainString(raw))
	if v, err := strconv.Atoi(s); err == nil {
		*n = jsonInt(v)
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<52 {
		return badinput.New("", "", quote(string(raw)), "a whole number")
	}
	*n = jsonInt(v)
	return nil
}

// biocJSONInfons are infons, whose empty map some programs write as an empty list.
type biocJSONInfons map[string]json.RawMessage

func (i *biocJSONInfons) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("[")) && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0 {
		return nil
	}
	return json.Unmarshal(raw, (*map[string]json.RawMessage)(i))
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
	key := documentKeys[0]
	if m[key] == nil {
		key = documentKeys[1]
	}
	var docs []map[string]json.RawMessage
	if err := json.Unmarshal(m[key], &docs); err != nil {
		return nil, j.badType("", key, err, "BioC documents")
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
	for key, to := range map[string]any{"infons": &in.Infons, "passages": &in.Passages} {
		if raw, ok := m[key]; ok {
			if err := json.Unmarshal(raw, to); err != nil {
				return biocDocument{}, j.badType(id, key, err, "BioC's "+key)
			}
		}
	}
	j.forget(m, id, "infons", "passages", "annotations", "relations", "_id")
	doc := biocDocument{id: id, infons: j.infons(id, in.Infons)}
	for key, v := range databaseIDs(m, id) {
		if doc.infons[key] == "" {
			doc.infons = setInfon(doc.infons, key, v)
		}
	}
	var err error
	if doc.annotations, err = j.annotations(id, m["annotations"]); err != nil {
		return doc, err
	}
	if doc.relations, err = j.relations(id, m["relations"]); err != nil {
		return doc, err
	}
	told := false
	for _, p := range in.Passages {
		passage, err := j.passage(id, p)
		if err != nil {
			return doc, err
		}
		var sentences []biocPassage
		for _, s := range p.Sentences {
			sentence, err := j.passage(id, s)
			if err != nil {
				return doc, err
			}
			sentences = append(sentences, sentence)
		}
		if len(sentences) > 0 && !told {
			told = true
			j.o.warn(j.name, id, "sentences are read as passages")
		}
		doc.passages = append(doc.passages, joinSentences(passage, sentences)...)
	}
	return doc, nil
}

func (j *jsonDecoder) passage(id string, p biocJSONPassage) (out biocPassage, err error) {
	out = biocPassage{infons: j.infons(id, p.Infons), text: p.Text, hasOffset: p.Offset != nil}
	if p.Offset != nil {
		out.offset = int(*p.Offset)
	}
	if out.annotations, err = j.annotations(id, p.Annotations); err != nil {
		return out, err
	}
	out.relations, err = j.relations(id, p.Relations)
	return out, err
}

// list calls read with each item of a list, which is a list of annotations or of
// relations. An item that can't be read is left out, or makes the document bad.
func (j *jsonDecoder) list(id, key string, raw json.RawMessage, read func(json.RawMessage) error) error {
	if len(raw) == 0 {
		return nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return j.o.annotation(j.name, id, j.badType(id, key, err, "a list"))
	}
	for i, item := range items {
		if err := read(item); err != nil {
			if err = j.o.annotation(j.name, id, j.badType(id, fmt.Sprintf("%s[%d]", key, i), err, "BioC's "+key)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *jsonDecoder) annotations(id string, raw json.RawMessage) (out []biocAnnotation, err error) {
	err = j.list(id, "annotations", raw, func(item json.RawMessage) error {
		var a biocJSONAnnotation
		if err := json.Unmarshal(item, &a); err != nil {
			return err
		}
		b := biocAnnotation{id: string(a.ID), infons: j.infons(id, a.Infons), hasText: a.Text != nil}
		if a.Text != nil {
			b.text = *a.Text
		}
		for _, l := range a.Locations {
			if l.Offset == nil || l.Length == nil {
				return errNoLocation
			}
			b.locations = append(b.locations, biocLocation{offset: int(*l.Offset), length: int(*l.Length)})
		}
		out = append(out, b)
		return nil
	})
	return out, err
}

var errNoLocation = errors.New("a location without offset or length")

func (j *jsonDecoder) relations(id string, raw json.RawMessage) (out []biocRelation, err error) {
	err = j.list(id, "relations", raw, func(item json.RawMessage) error {
		var r biocJSONRelation
		if err := json.Unmarshal(item, &r); err != nil {
			return err
		}
		b := biocRelation{id: string(r.ID), infons: j.infons(id, r.Infons)}
		for _, n := range r.Nodes {
			b.nodes = append(b.nodes, biocNode{refid: string(n.RefID), role: string(n.Role)})
		}
		out = append(out, b)
		return nil
	})
	return out, err
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
	slices.Sort(others)
	return out, others
}
