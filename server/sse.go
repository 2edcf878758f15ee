package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// events is an answer of server-sent events. Its methods may be called from
// several goroutines. The headers are sent at once, and after each silence of the
// server's interval a comment follows, so that nobody between takes the connection
// for dead while the request waits or its prompt is read.
type events struct {
	w      http.ResponseWriter
	write  *http.ResponseController
	limit  time.Duration // for writing an event
	silent time.Duration // until a comment is written

	mu      sync.Mutex
	failed  error // the first error of writing
	ended   bool
	comment *time.Timer
}

// startEvents sends the headers. The caller calls end before it returns; where it
// panics, recovers does: net/http may have given the connection's buffers to another
// request when the next comment is due.
func (s *Server) startEvents(w http.ResponseWriter) *events {
	e := &events{w: w, write: http.NewResponseController(w), limit: s.limits.Write, silent: s.keepAlive}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would collect the events
	e.mu.Lock()
	defer e.mu.Unlock()
	w.WriteHeader(http.StatusOK)
	e.put("")
	e.comment = time.AfterFunc(e.silent, e.keepAlive)
	if watched, ok := w.(*response); ok {
		watched.ended = e.end
	}
	return e
}

// put writes text and flushes it; the caller holds the lock.
func (e *events) put(text string) {
	if e.failed != nil || e.ended {
		return
	}
	_ = e.write.SetWriteDeadline(time.Now().Add(e.limit)) // not every writer has one
	if _, e.failed = e.w.Write([]byte(text)); e.failed == nil {
		e.failed = e.write.Flush()
	}
	if e.comment != nil {
		e.comment.Reset(e.silent)
	}
}

func (e *events) keepAlive() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.put(": keep-alive\n\n")
}

// send sends a value as JSON. The error is errGone where the client can't be
// reached.
func (e *events) send(value any) error {
	data, err := encode(value)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.put("data: " + string(data) + "\n\n")
	if e.failed != nil {
		return errGone
	}
	return nil
}

// sendLine sends a line of JSON as it is. An error says that the client can't be reached.
func (e *events) sendLine(line []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.put("data: " + strings.TrimRight(string(line), "\n") + "\n\n")
	return e.failed
}

// done sends the mark of a complete answer.
func (e *events) done() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.put("data: [DONE]\n\n")
}

// fail sends an error. No [DONE] follows it.
func (e *events) fail(err *apiError) {
	data, encodeErr := encode(map[string]any{"error": err})
	if encodeErr != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.put("event: error\ndata: " + string(data) + "\n\n")
}

// failEvents ends a stream with an error. The client is told what fail would tell
// it.
func (s *Server) failEvents(r *http.Request, e *events, err error) {
	e.fail(s.told(r, err))
}

// end stops the comments. Nothing is written after it.
func (e *events) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.comment.Stop()
	_ = e.write.SetWriteDeadline(time.Time{})
}

// encode returns a value as JSON on one line.
func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}
