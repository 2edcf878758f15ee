package server

import (
	"net/http"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/format"
)

// convert answers POST /v1/convert: documents in, as readDocuments describes, with their
// annotations (medner/1 with a curator's corrections, for instance), and the same
// documents out in another format, as answer describes. No model is asked. The bytes are
// those of medner convert. Options: format (or Accept), with_text (true by default),
// lenient, terminology.
func (s *Server) convert(w http.ResponseWriter, r *http.Request) error {
	a, err := s.readDocuments(w, r, func(f *nerFields) format.Strictness {
		if f.Lenient != nil && *f.Lenient {
			return format.Lenient
		}
		return format.Strict
	})
	if err != nil {
		return err
	}
	o := format.WriteOptions{Text: a.WithText == nil || *a.WithText, Warn: a.warnings.Add, Collection: a.collection}
	link := func(*sent) error { return nil }
	if a.Terminology != nil && *a.Terminology != "" {
		index, err := s.terminologyOf(*a.Terminology)
		if err != nil {
			return err
		}
		link = func(d *sent) error { return ner.Link(index, &d.Result) }
	}
	out, err := s.begin(w, a, o)
	if err != nil {
		return err
	}
	for i := range a.documents {
		d := &a.documents[i]
		err := d.err
		if err == nil {
			err = link(d)
		}
		if err == nil {
			err = out.result(&d.Result)
		}
		if err != nil && !isBadInput(err) {
			return s.broken(r, out, err)
		}
		if err != nil {
			if err := out.failed(d.ID, s.documentError(err)); err != nil {
				return s.broken(r, out, err)
			}
		}
	}
	return out.end(a.warnings.Lines())
}

// collection returns what a BioC file says of itself.
func (a *nerRequest) collection() format.Collection {
	if a.about == nil {
		return format.Collection{Source: "medner"}
	}
	return *a.about
}
