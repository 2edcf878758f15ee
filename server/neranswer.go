package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// What an answer holds, by its form:
//
//	application/json      {"documents": […], "notes": […]}: for each document the object that
//	                      medner ner --format jsonl writes, or {"id": …, "error": {…}}; notes,
//	                      if there are any, say what a user should know
//	application/x-ndjson  the same objects, a line each, as soon as each is done; with the option
//	                      notes, {"notes": […]} at the end if there are any
//	text/event-stream     the same, an event each, then [DONE]
//	any other             the bytes that medner ner --format writes; documents that failed are
//	                      left out, counted in the header Medner-Failed-Documents and told in
//	                      Medner-Errors, a JSON list of {"id", "message"}; if all failed, the
//	                      answer is the last error
//
// Objects come in the order of the documents.

// answer is an answer that is being written.
type answer interface {
	// result adds a document.
	result(*document.Result) error
	// failed adds the error in a document's place.
	failed(id string, err *apiError) error
	// end completes the answer; notes say what a user should know.
	end(notes []string) error
	// abort ends an answer that can't be completed, if it has begun. It reports whether it
	// had.
	abort(err *apiError) bool
}

// failure is what stands in the place of a document that failed.
type failure struct {
	ID    string    `json:"id"`
	Error *apiError `json:"error"`
}

// begin returns the answer to a request. Write says how its documents are written.
func (s *Server) begin(w http.ResponseWriter, a *nerRequest, o format.WriteOptions) (answer, error) {
	switch {
	case a.form.media == eventStream:
		return &eventAnswer{s.startEvents(w), o.Text, a.wantsNotes()}, nil
	case a.form.media == envelope:
		return &jsonAnswer{w: w, text: o.Text}, nil
	case a.form.format == format.JSONL:
		return s.startLines(w, a, o.Text), nil
	}
	f := &fileAnswer{w: w, form: a.form}
	o.Format = a.form.format
	var err error
	f.writer, err = format.NewWriter(&f.buffer, o)
	return f, err
}

// jsonAnswer is one JSON object, which is sent when it is complete.
type jsonAnswer struct {
	w         http.ResponseWriter
	text      bool
	documents bytes.Buffer
	count     int
}

func (a *jsonAnswer) add(object []byte) error {
	if a.count++; a.count > 1 {
		a.documents.WriteByte(',')
	}
	a.documents.Write(bytes.TrimRight(object, "\n"))
	return nil
}

func (a *jsonAnswer) result(r *document.Result) error {
	object, err := format.Marshal(r, a.text)
	if err != nil {
		return err
	}
	return a.add(object)
}

func (a *jsonAnswer) failed(id string, err *apiError) error {
	object, problem := plainJSON(failure{id, err})
	if problem != nil {
		return problem
	}
	return a.add(object)
}

func (a *jsonAnswer) end(notes []string) error {
	a.w.Header().Set("Content-Type", envelope)
	var body bytes.Buffer
	body.WriteString(`{"documents":[`)
	body.Write(a.documents.Bytes())
	body.WriteByte(']')
	if len(notes) > 0 {
		list, err := plainJSON(notes)
		if err != nil {
			return err
		}
		body.WriteString(`,"notes":`)
		body.Write(bytes.TrimRight(list, "\n"))
	}
	body.WriteString("}\n")
	_, err := a.w.Write(body.Bytes())
	return err
}

func (a *jsonAnswer) abort(*apiError) bool { return false }

// plainJSON returns a value as JSON on a line, in which <, > and & are themselves.
func plainJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return b.Bytes(), err
}

// eventAnswer is a stream of events.
type eventAnswer struct {
	events *events
	text   bool
	notes  bool // notes are wanted
}

func (a *eventAnswer) result(r *document.Result) error {
	object, err := format.Marshal(r, a.text)
	if err != nil {
		return err
	}
	return a.events.sendLine(object)
}

func (a *eventAnswer) failed(id string, err *apiError) error {
	object, problem := plainJSON(failure{id, err})
	if problem != nil {
		return problem
	}
	return a.events.sendLine(object)
}

func (a *eventAnswer) end(notes []string) error {
	if a.notes && len(notes) > 0 {
		if err := a.events.send(notesObject{notes}); err != nil {
			return err
		}
	}
	a.events.done()
	a.events.end()
	return nil
}

func (a *eventAnswer) abort(err *apiError) bool {
	a.events.fail(err)
	a.events.end()
	return true
}

// linesAnswer is a stream of JSON objects, one a line.
type linesAnswer struct {
	w     http.ResponseWriter
	flush *http.ResponseController
	limit time.Duration // for writing a line
	text  bool
	notes bool // notes are wanted
}

// notesObject tells what a user should know, at the end of a stream.
type notesObject struct {
	Notes []string `json:"notes"`
}

func (a *nerRequest) wantsNotes() bool { return a.Notes != nil && *a.Notes }

// startLines sends the headers.
func (s *Server) startLines(w http.ResponseWriter, r *nerRequest, text bool) *linesAnswer {
	w.Header().Set("Content-Type", r.form.media)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would collect the lines
	w.WriteHeader(http.StatusOK)
	a := &linesAnswer{w: w, flush: http.NewResponseController(w), limit: s.limits.Write, text: text, notes: r.wantsNotes()}
	_ = a.flush.Flush()
	return a
}

func (a *linesAnswer) line(object []byte) error {
	_ = a.flush.SetWriteDeadline(time.Now().Add(a.limit)) // not every writer has one
	if _, err := a.w.Write(object); err != nil {
		return err
	}
	err := a.flush.Flush()
	_ = a.flush.SetWriteDeadline(time.Time{})
	return err
}

func (a *linesAnswer) result(r *document.Result) error {
	object, err := format.Marshal(r, a.text)
	if err != nil {
		return err
	}
	return a.line(object)
}

func (a *linesAnswer) failed(id string, err *apiError) error {
	object, problem := plainJSON(failure{id, err})
	if problem != nil {
		return problem
	}
	return a.line(object)
}

func (a *linesAnswer) end(notes []string) error {
	if !a.notes || len(notes) == 0 {
		return nil
	}
	object, err := plainJSON(notesObject{notes})
	if err != nil {
		return err
	}
	return a.line(object)
}

func (a *linesAnswer) abort(err *apiError) bool {
	if object, problem := plainJSON(map[string]any{"error": err}); problem == nil {
		_ = a.line(object) // the client may have gone
	}
	return true
}

// documentError returns what a client is told of the error of a document.
func (s *Server) documentError(err error) *apiError {
	var of *ner.DocumentError
	if errors.As(err, &of) {
		err = of.Err
	}
	e := asAPIError(err)
	s.noteFailure(err)
	if e == errInternal {
		s.log.Error("a document failed", "error", withoutText(err))
	}
	return e
}
