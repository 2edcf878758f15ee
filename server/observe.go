package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"
)

// noRoute is the route of requests that no route answers, in logs and metrics: what a
// client typed as a path stands in neither.
const noRoute = "none"

// record is what logs and metrics tell of a request. No text of a client's is in it.
type record struct {
	id                                 string // X-Request-Id
	route                              string // the pattern
	key                                string // the name of the key that the client showed; "": none
	code                               string // why the request failed; "": it didn't
	prompt, cached, written, documents atomic.Int64
}

type recordKey struct{}

// recordOf returns the record of the request that a context belongs to. One that
// belongs to none gets a record that nobody reads.
func recordOf(ctx context.Context) *record {
	if found, ok := ctx.Value(recordKey{}).(*record); ok {
		return found
	}
	return &record{}
}

// saneID matches an X-Request-Id that is taken as it is.
var saneID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// requestID returns the id that a client gave its request, or a new one.
func requestID(r *http.Request) string {
	if given := r.Header.Values("X-Request-Id"); len(given) == 1 && saneID.MatchString(given[0]) {
		return given[0]
	}
	return "req-" + rand.Text()
}

// observe gives each request an id and a record, counts and times it, and logs it
// when it is answered. A client that doesn't read its answer ends its request.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		about := &record{id: requestID(r), route: noRoute}
		ctx, cancel := context.WithCancel(context.WithValue(r.Context(), recordKey{}, about))
		defer cancel()
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Time{}) // of the connection's request before
		watched := &response{ResponseWriter: w, control: control, limit: s.limits.Write, unread: cancel}
		h := w.Header()
		h.Set("X-Request-Id", about.id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		s.metrics.inFlight.Inc()
		defer func() {
			s.metrics.inFlight.Dec()
			s.answered(r, watched, about, time.Since(began))
		}()
		next.ServeHTTP(watched, r.WithContext(ctx))
	})
}

// answered counts and logs a request that has been answered, or has been broken off,
// which counts as status 499.
func (s *Server) answered(r *http.Request, w *response, about *record, took time.Duration) {
	status := w.status
	if status == 0 {
		status = statusGone
	}
	s.metrics.answered(about, methodLabel(r.Method), status, took)
	level := slog.LevelInfo
	if isProbe(about.route) {
		level = slog.LevelDebug
	}
	attributes := []slog.Attr{
		slog.String("id", about.id), slog.String("route", about.route), slog.String("method", methodLabel(r.Method)),
		slog.Int("status", status), slog.Int64("bytes", w.bytes), slog.Float64("seconds", took.Seconds()), slog.String("client", clientAddress(r)),
	}
	if about.key != "" {
		attributes = append(attributes, slog.String("key", about.key))
	}
	if about.code != "" {
		attributes = append(attributes, slog.String("error", about.code))
	}
	for _, n := range []struct {
		name  string
		value int64
	}{{"prompt_tokens", about.prompt.Load()}, {"cached_tokens", about.cached.Load()}, {"new_tokens", about.written.Load()}, {"documents", about.documents.Load()}} {
		if n.value > 0 {
			attributes = append(attributes, slog.Int64(n.name, n.value))
		}
	}
	s.log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attributes...)
}

// statusGone is counted where a client left before its answer began.
const statusGone = 499

// methodLabel returns a method as logs and metrics have it: clients may invent others.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// clientAddress returns where a request comes from, without the port.
func clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "local" // a Unix socket
	}
	return host
}
