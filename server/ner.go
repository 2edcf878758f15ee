package server

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
	"github.com/medner/medner/ner/terminology"
)

// annotate answers POST /v1/ner: documents in, as readDocuments describes, annotated documents
// out, as answer describes. Each document gets, byte by byte, what medner ner writes for
// it under the same options.
func (s *Server) annotate(w http.ResponseWriter, r *http.Request) error {
	a, err := s.readDocuments(w, r, func(*nerFields) format.Strictness { return format.TextOnly })
	if err != nil {
		return err
	}
	e, err := s.extractorFor(&a.nerFields, "ner-"+strconv.FormatInt(s.tenants.Add(1), 10))
	if err != nil {
		return err
	}
	leave, err := s.load.enter(a.characters, s.limits.Queued)
	if err != nil {
		return err
	}
	defer leave()
	out, err := s.begin(w, a, format.WriteOptions{Text: a.WithText != nil && *a.WithText, Warn: a.warnings.Add})
	if err != nil {
		return err
	}
	if err := s.annotateAll(r.Context(), e, a, out); err != nil {
		return s.broken(r, out, err)
	}
	return out.end(append(e.Notes(), a.warnings.Lines()...))
}

// annotateAll adds what becomes of each document to the answer.
func (s *Server) annotateAll(ctx context.Context, e *ner.Extractor, a *nerRequest, out answer) error {
	n := 0
	for result, err := range e.Stream(ctx, a.texts()) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		id := a.documents[n].ID
		n++
		s.metrics.annotated(recordOf(ctx), err)
		if err == nil {
			s.load.done(utf8.RuneCountInString(result.Text))
			err = out.result(result)
			if err == nil || !isBadInput(err) {
				if err != nil {
					return err
				}
				continue
			}
		}
		if err := out.failed(id, s.documentError(err)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// texts yields the documents without their annotations.
func (a *nerRequest) texts() iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		for _, d := range a.documents {
			d.Entities, d.Relations = nil, nil
			if !yield(d.Document, d.err) {
				return
			}
		}
	}
}

// broken ends an answer that can't be completed, and returns the error if none of it has
// been sent.
func (s *Server) broken(r *http.Request, out answer, err error) error {
	if cause := context.Cause(r.Context()); cause != nil {
		err = cause // of a client that left, or a server that drains
	}
	told := asAPIError(err)
	if !out.abort(told) {
		return err
	}
	if told == errInternal && !errors.Is(err, context.Canceled) {
		s.log.Error("an answer broke off", "id", recordOf(r.Context()).id, "route", recordOf(r.Context()).route, "error", withoutText(err))
	}
	return nil
}

// terminologyOf returns the index that goes by a name.
func (s *Server) terminologyOf(name string) (*terminology.Index, error) {
	for _, t := range s.terminologies {
		if t.name == name {
			return t.index, nil
		}
	}
	expected := "none, as the server has no terminology"
	if len(s.terminologies) > 0 {
		var known []string
		for _, t := range s.terminologies {
			known = append(known, t.name)
		}
		expected = "one of " + names(known)
	}
	return nil, badField("terminology", strconv.Quote(clip.Text(name)), expected)
}

// namedIndex is a terminology by the name that requests give.
type namedIndex struct {
	name  string
	index *terminology.Index
}

// WithTerminology lets requests to annotate name a terminology through which mentions are
// linked. The caller closes the index after the server's last use. The option may be
// given several times.
func WithTerminology(name string, x *terminology.Index) Option {
	return func(s *settings) { s.terminologies = append(s.terminologies, namedIndex{name, x}) }
}

// load counts the characters of the documents that are being annotated or wait for it.
type load struct {
	mu      sync.Mutex
	queued  int       // characters
	speed   float64   // characters a second, lately; 0: nothing was annotated yet
	last    time.Time // when the latest document was done, or the first came in
	pending int       // characters done since then and not yet in speed
}

// enter lets a request of a number of characters in, unless those that are there already
// and these are more than most. It returns what ends the request.
func (l *load) enter(characters, most int) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queued > 0 && l.queued+characters > most {
		wait := time.Second
		if l.speed > 0 {
			wait = time.Duration(float64(l.queued) / l.speed * float64(time.Second))
		}
		return nil, &apiError{
			status: http.StatusTooManyRequests, Kind: kindLimit, Code: "queue_full", retryAfter: seconds(wait),
			Message: fmt.Sprintf("documents of %d characters are being annotated or wait for it, of at most %d: try again later", l.queued, most),
		}
	}
	if l.queued == 0 {
		l.last, l.pending = time.Now(), 0
	}
	l.queued += characters
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.queued -= characters
	}, nil
}

// done notes that a document of a number of characters was annotated.
func (l *load) done(characters int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending += characters
	if elapsed := time.Since(l.last).Seconds(); elapsed >= 1 {
		now := float64(l.pending) / elapsed
		if l.speed == 0 {
			l.speed = now
		}
		l.speed += 0.3 * (now - l.speed)
		l.last, l.pending = time.Now(), 0
	}
}

func isBadInput(err error) bool { return asAPIError(err).status == http.StatusBadRequest }
