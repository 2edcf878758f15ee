package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"time"
)

// response remembers what was written of an answer.
type response struct {
	http.ResponseWriter
	status int // 0: nothing was written
	bytes  int64

	control *http.ResponseController
	limit   time.Duration // for the client to take what is written
	unread  func()        // is called if the client can't be written to
	ended   func()        // is called when the handler has returned or panicked; may be nil
}

// WriteHeader implements http.ResponseWriter.
func (r *response) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter. An error says that the client went away.
func (r *response) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	_ = r.control.SetWriteDeadline(time.Now().Add(r.limit)) // not every writer has one
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	if err != nil {
		r.unread()
		err = errGone // and no failure of the server's
	}
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// recovers keeps a panic of a handler to its request: it is logged with the
// stack, and the client gets status 500, or a broken stream.
func (s *Server) recovers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := w.(*response) // observe is around
		defer func() {
			found := recover()
			if watched.ended != nil {
				watched.ended()
			}
			if found == nil {
				return
			}
			if err, ok := found.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(found) // net/http breaks the connection
			}
			s.logPanic(found)
			if watched.status != 0 {
				panic(http.ErrAbortHandler)
			}
			s.fail(watched, r, errInternal)
		}()
		next.ServeHTTP(watched, r)
	})
}

// logPanic logs the type of what a handler panicked with, which is no text of a
// user's, and the stack.
func (s *Server) logPanic(found any) {
	text := "panic"
	if err, ok := found.(interface{ RuntimeError() }); ok {
		text = err.(error).Error()
	}
	s.log.Error("a handler panicked", "panic", text, "stack", string(debug.Stack()))
}

// writeJSON answers with a value as JSON.
func writeJSON(w http.ResponseWriter, status int, value any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
