package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// A request to annotate or to convert sends its documents in one of two ways.
//
// As a JSON object, the default: {"documents": [{"id": …, "text": …}, …], …options…}, or
// {"text": …, "id": …, …options…} for one document. Each document may be any of the objects
// that medner reads: a text with or without a title, medner/1, BioC, PubAnnotation. One
// that has no identifier gets its place, from 1.
//
// As a file of any format that medner ner reads, by Content-Type or ?input=NAME. The
// documents are called as those that the command reads from standard input, and options
// are parameters of the query.

// sent is a document of a request, or the error in its place.
type sent struct {
	document.Result
	err error
}

// nerRequest is a request to annotate or to convert, read and checked.
type nerRequest struct {
	nerFields
	documents  []sent
	characters int // code points of all documents
	form       answerForm
	warnings   format.Tally       // of reading
	about      *format.Collection // what a BioC file says of itself
}

// nerBody is a request as a JSON object.
type nerBody struct {
	nerFields
	Documents json.RawMessage `json:"documents"`
	Text      *string         `json:"text"`
	ID        json.RawMessage `json:"id"`
}

// readDocuments reads a request. Strictness says what becomes of annotations that can't be read.
func (s *Server) readDocuments(w http.ResponseWriter, r *http.Request, strictness func(*nerFields) format.Strictness) (*nerRequest, error) {
	a := &nerRequest{}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // of which r.URL.Query would leave parts out
		return nil, badField("query", strconv.Quote(clip.Text(r.URL.RawQuery)), "name=value&name=value, with escapes such as %20")
	}
	if err := a.query(values); err != nil {
		return nil, err
	}
	in, isEnvelope, err := inputFormat(r)
	if err != nil {
		return nil, err
	}
	if isEnvelope {
		err = s.readEnvelope(w, r, a, strictness)
	} else {
		err = s.readFile(w, r, a, in, strictness(&a.nerFields))
	}
	if err != nil {
		return nil, err
	}
	name := ""
	if a.Format != nil {
		name = *a.Format
	}
	if a.form, err = formOf(r, name); err != nil {
		return nil, err
	}
	if a.Stream != nil && *a.Stream && a.form.media == envelope {
		a.form = answerForm{media: eventStream}
	}
	if n := len(a.documents); n != 1 && a.form.format != "" && format.InFolder(a.form.format, "") {
		return nil, badField("format", fmt.Sprintf("%s for %d documents", a.form.format, n), "one document, as it has files for each, or a format that holds several")
	}
	return a, nil
}

// readFile reads a body in a format; "" is found out.
func (s *Server) readFile(w http.ResponseWriter, r *http.Request, a *nerRequest, in format.Format, strictness format.Strictness) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	before := len(a.documents)
	name := "stdin"
	if a.Name != nil && *a.Name != "" {
		name = path.Base(strings.ReplaceAll(*a.Name, "\\", "/"))
	}
	if err := a.read(s.limits, name, body, a.options(in, strictness)); err != nil {
		return err
	}
	if len(a.documents) == before {
		return badField("body", "no document", "a file with documents")
	}
	return nil
}

// options returns how documents are read.
func (a *nerRequest) options(in format.Format, strictness format.Strictness) format.ReadOptions {
	return format.ReadOptions{
		Format: in, Annotations: strictness, Warn: a.warnings.Add,
		Collection: func(c format.Collection) { a.about = &c },
	}
}

// read adds the documents of a file. A document that can't be read is an error in its
// place; a file that can't be is returned.
func (a *nerRequest) read(l Limits, name string, file []byte, o format.ReadOptions) error {
	reader, err := format.NewReader(name, bytes.NewReader(file), o)
	if err != nil {
		return err
	}
	defer reader.Close()
	for result, err := range reader.Results() {
		if len(a.documents) == l.Documents {
			return tooMuch("documents", fmt.Sprintf("more than %d", l.Documents), fmt.Sprintf("at most %d in a request", l.Documents))
		}
		if a.characters += utf8.RuneCountInString(result.Text); a.characters > l.Characters {
			return tooMuch("documents", fmt.Sprintf("texts of more than %d characters", l.Characters), fmt.Sprintf("at most %d in a request", l.Characters))
		}
		a.documents = append(a.documents, sent{result, err})
	}
	return nil
}

// tooMuch refuses a request that is larger than the limits.
func tooMuch(field, found, expected string) *apiError {
	e := badField(field, found, expected)
	e.status, e.Code = http.StatusRequestEntityTooLarge, "too_large"
	return e
}

// readEnvelope reads a body that is a JSON object.
func (s *Server) readEnvelope(w http.ResponseWriter, r *http.Request, a *nerRequest, strictness func(*nerFields) format.Strictness) error {
	body := nerBody{nerFields: a.nerFields}
	if err := s.readJSON(w, r, &body); err != nil {
		return err
	}
	a.nerFields = body.nerFields
	list, err := body.list()
	if err != nil {
		return err
	}
	if len(list) > s.limits.Documents {
		return tooMuch("documents", strconv.Itoa(len(list)), fmt.Sprintf("at most %d in a request", s.limits.Documents))
	}
	o := a.options(format.JSON, strictness(&a.nerFields))
	for i, raw := range list {
		name := fmt.Sprintf("documents[%d]", i)
		before := len(a.documents)
		err := a.read(s.limits, name, raw, o)
		var api *apiError
		if errors.As(err, &api) {
			return err
		}
		if err == nil && len(a.documents) == before {
			err = badinput.New(name, "", clip.Text(string(raw)), `an object with "text"`)
		}
		if err != nil {
			a.documents = append(a.documents, sent{document.Result{Document: document.Document{ID: idIn(raw)}}, err})
		}
		field := name
		if body.Text != nil { // it stands in the request itself
			field = ""
		}
		for j := before; j < len(a.documents); j++ {
			d := &a.documents[j]
			d.err = inDocument(field, d.err)
			if d.err != nil && d.ID == "" {
				d.ID = idIn(raw)
			}
			if d.ID == "" || d.ID == name+":1" {
				d.ID = strconv.Itoa(i + 1)
			}
		}
	}
	return nil
}

// list returns the JSON of the documents.
func (b *nerBody) list() ([]json.RawMessage, error) {
	has := len(b.Documents) > 0 && string(b.Documents) != "null"
	switch {
	case has && b.Text != nil:
		return nil, badField("text", "a text beside documents", "one of the two")
	case b.Text != nil:
		document := map[string]any{"text": *b.Text}
		if len(b.ID) > 0 {
			document["id"] = b.ID
		}
		raw, err := json.Marshal(document)
		return []json.RawMessage{raw}, err
	case !has:
		return nil, badField("documents", "nothing", `a list of documents such as {"id": …, "text": …}, or "text" for one`)
	}
	var list []json.RawMessage
	if json.Unmarshal(b.Documents, &list) != nil {
		return nil, badField("documents", clip.Text(string(b.Documents)), "a list of documents")
	}
	return list, nil
}

// idIn returns the identifier in the JSON of a document that can't be read; "" if it has
// none.
func idIn(raw json.RawMessage) string {
	var d struct {
		ID any `json:"id"`
	}
	if json.Unmarshal(raw, &d) != nil {
		return ""
	}
	switch id := d.ID.(type) {
	case string:
		return id
	case float64:
		return strconv.FormatFloat(id, 'f', -1, 64)
	}
	return ""
}
