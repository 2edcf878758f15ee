package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
)

// Kinds of errors, by OpenAI's names.
const (
	kindRequest = "invalid_request_error"
	kindLimit   = "rate_limit_error"
	kindServer  = "server_error"
)

// apiError is an error in the form that OpenAI's clients read.
type apiError struct {
	status     int
	retryAfter int // seconds; 0: trying again is of no use, or now is as good a time

	Message string  `json:"message"`
	Kind    string  `json:"type"`
	Param   *string `json:"param"` // the field of the request that is at fault
	Code    any     `json:"code"`  // a string, or null
}

func (e *apiError) Error() string { return e.Message }

var (
	errInternal = &apiError{status: http.StatusInternalServerError, Kind: kindServer, Code: "internal_error", Message: "the server failed to answer; its log says why"}
	errGone     = &apiError{status: statusGone, Kind: kindRequest, Code: "client_closed_request", Message: "the client went away"}
	errDraining = &apiError{status: http.StatusServiceUnavailable, Kind: kindServer, Code: "draining", Message: "the server is shutting down", retryAfter: 5}
)

// badField refuses a field of a request, as in `temperature: found -1, expected
// 0 to 2`.
func badField(field, found, expected string) *apiError {
	e := &apiError{status: http.StatusBadRequest, Kind: kindRequest, Code: "invalid_value", Param: &field}
	e.Message = badinput.New("", field, found, expected).Error()
	return e
}

// unsupported refuses a field whose value asks for what the server can't do.
func unsupported(field, problem string) *apiError {
	return &apiError{
		status: http.StatusBadRequest, Kind: kindRequest, Code: "unsupported_parameter", Param: &field,
		Message: fmt.Sprintf("%s: %s", field, problem),
	}
}

// asAPIError returns what a client is told of an error.
func asAPIError(err error) *apiError {
	var (
		api  *apiError
		long *model.ContextError
		full *model.QueueFullError
		bad  *badinput.Error
	)
	switch {
	case errors.As(err, &api):
		return api
	case errors.Is(err, context.Canceled):
		return errGone
	case errors.As(err, &long):
		return contextLength("prompt", long.PromptTokens, 0, long.Limit)
	case errors.As(err, &full):
		return &apiError{
			status: http.StatusTooManyRequests, Kind: kindLimit, Code: "queue_full", retryAfter: seconds(full.RetryAfter),
			Message: fmt.Sprintf("the queue is full: %d requests are in flight, and %d tokens of their prompts wait to be read; try again later", full.InFlight, full.Tokens),
		}
	case errors.As(err, &bad):
		e := &apiError{status: http.StatusBadRequest, Kind: kindRequest, Code: "invalid_value", Message: bad.Error()}
		if bad.Field != "" {
			e.Param = &bad.Field
		}
		return e
	case errors.Is(err, model.ErrDraining), errors.Is(err, model.ErrClosed):
		return errDraining
	case errors.Is(err, model.ErrMemory), errors.Is(err, model.ErrLost):
		return &apiError{
			status: http.StatusServiceUnavailable, Kind: kindServer, Code: "overloaded", retryAfter: 5,
			Message: "the device has no room for the request now: try again later",
		}
	}
	return errInternal
}

// seconds returns what Retry-After says of a wait: 1 second to 10 minutes.
func seconds(wait time.Duration) int {
	return int(min(max(math.Ceil(wait.Seconds()), 1), 600))
}

// contextLength refuses a prompt of so many tokens, in a field, with an answer of
// most tokens where there are limit positions; most of 0: the request doesn't say.
// The message begins as OpenAI's does, since programs look for it.
func contextLength(field string, prompt, most, limit int) *apiError {
	asked := ""
	if most > 0 {
		asked = fmt.Sprintf(" and max_tokens of %d", most)
	}
	return &apiError{
		status: http.StatusBadRequest, Kind: kindRequest, Code: "context_length_exceeded", Param: &field,
		Message: fmt.Sprintf("This model's maximum context length is %d tokens: found a prompt of %d tokens%s, expected at most %[1]d together", limit, prompt, asked),
	}
}

// withoutText says what an error is without its message, which might hold a text of a
// client's: the types of the error and of its causes, and the message of the last one if
// it is a known one.
func withoutText(err error) string {
	for _, known := range []error{model.ErrNotFinite, model.ErrNothingAllowed, model.ErrMemory, model.ErrLost, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	var kinds []string
	for ; err != nil; err = errors.Unwrap(err) {
		kinds = append(kinds, fmt.Sprintf("%T", err))
	}
	return strings.Join(kinds, ": ")
}

// bodyTooLarge refuses a body of more bytes than the limit.
func bodyTooLarge(limit int64) *apiError {
	return &apiError{
		status: http.StatusRequestEntityTooLarge, Kind: kindRequest, Code: "body_too_large",
		Message: fmt.Sprintf("found a body of more bytes than the limit, expected at most %d", limit),
	}
}

// told returns what a client is told of an error of its request, and logs an error
// that is the server's.
func (s *Server) told(r *http.Request, err error) *apiError {
	if cause := context.Cause(r.Context()); cause != nil && errors.Is(err, context.Canceled) {
		err = cause // errDraining, where the server ended the request
	}
	e := asAPIError(err)
	about := recordOf(r.Context())
	about.code = fmt.Sprint(e.Code)
	s.noteFailure(err)
	if e == errInternal {
		s.log.Error("a request failed", "id", about.id, "route", about.route, "error", withoutText(err))
	}
	return e
}

// fail answers with an error, unless an answer has begun.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := s.told(r, err)
	if watched, ok := w.(*response); ok && watched.status != 0 {
		return
	}
	if e.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.retryAfter))
	}
	_ = writeJSON(w, e.status, map[string]any{"error": e})
}
