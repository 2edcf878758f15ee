package format

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/medner/medner/ner/document"
)

// biocJSONWriter writes a BioC JSON collection.
type biocJSONWriter struct {
	w     io.Writer
	o     WriteOptions
	count int
}

func (w *biocJSONWriter) Write(r *document.Result) error {
	if err := needText(r, BioCJSON); err != nil {
		return err
	}
	doc, err := fromDocument(r)
	if err != nil {
		return err
	}
	w.o.lose(r, biocHolds)
	out := map[string]any{
		"id": doc.id, "infons": orEmpty(doc.infons), "annotations": []any{},
		"passages": []any{}, "relations": relationObjects(doc.relations),
	}
	passages := []any{}
	for _, p := range doc.passages {
		passages = append(passages, map[string]any{
			"offset": p.offset, "infons": orEmpty(p.infons), "text": p.text, "sentences": []any{},
			"annotations": annotationObjects(p.annotations), "relations": []any{},
		})
	}
	out["passages"] = passages
	lead := ",\n"
	if w.count == 0 {
		if err := w.head(); err != nil {
			return err
		}
		lead = "\n"
	}
	w.count++
	if _, err := io.WriteString(w.w, lead); err != nil {
		return err
	}
	data, err := marshal(out)
	if err != nil {
		return err
	}
	_, err = w.w.Write(bytes.TrimSuffix(data, []byte("\n")))
	return err
}

// head writes what stands before the documents.
func (w *biocJSONWriter) head() error {
	about := w.o.collection()
	data, err := marshal(map[string]any{"source": about.Source, "date": about.Date, "key": about.Key, "infons": orEmpty(about.Infons)})
	if err != nil {
		return err
	}
	data = append(bytes.TrimSuffix(data, []byte("}\n")), `,"documents":[`...)
	_, err = w.w.Write(data)
	return err
}

func (w *biocJSONWriter) Close() error {
	if w.count == 0 {
		if err := w.head(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w.w, "\n]}\n")
	return err
}

func annotationObjects(in []biocAnnotation) []any {
	out := []any{}
	for _, a := range in {
		locations := []any{}
		for _, l := range a.locations {
			locations = append(locations, map[string]any{"offset": l.offset, "length": l.length})
		}
		out = append(out, map[string]any{"id": a.id, "infons": orEmpty(a.infons), "text": a.text, "locations": locations})
	}
	return out
}

func relationObjects(in []biocRelation) []any {
	out := []any{}
	for _, r := range in {
		nodes := []any{}
		for _, n := range r.nodes {
			nodes = append(nodes, map[string]any{"refid": n.refid, "role": n.role})
		}
		out = append(out, map[string]any{"id": r.id, "infons": orEmpty(r.infons), "nodes": nodes})
	}
	return out
}

// orEmpty returns m, or an empty map for nil, which JSON would have as null.
func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// marshal returns the JSON of a value on one line, with a line feed at its end.
// It has "<" and the like as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}
