package server

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// guard lets a request in that comes by the server's name, from no strange page, with a
// key, not too many at once, and while there is a model.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recordOf(r.Context()).route = s.routeOf(r)
		for _, check := range []func() error{
			func() error { return s.hosts.host(r) },
			func() error { return s.hosts.origin(w, r) },
		} {
			if err := check(); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		if isPreflight(r) && w.Header().Get("Access-Control-Allow-Origin") != "" {
			preflight(w)
			return
		}
		if err := s.authorize(r); err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="medner"`)
			s.fail(w, r, err)
			return
		}
		if isOpen(r) || r.URL.Path == "/metrics" {
			next.ServeHTTP(w, r)
			return
		}
		if !s.loaded.Load() {
			s.fail(w, r, errLoading)
			return
		}
		client := recordOf(r.Context()).key
		if client == "" {
			client = clientAddress(r)
		}
		if err := s.clients.enter(client, s.limits); err != nil {
			s.fail(w, r, err)
			return
		}
		defer s.clients.leave(client)
		if r.ContentLength > s.limits.Body {
			w.Header().Set("Connection", "close")
			s.fail(w, r, bodyTooLarge(s.limits.Body))
			return
		}
		r.Body = &pacedBody{ReadCloser: r.Body, control: http.NewResponseController(w), began: time.Now()}
		next.ServeHTTP(w, r)
	})
}

var errLoading = &apiError{status: http.StatusServiceUnavailable, Kind: kindServer, Code: "loading", Message: "the model is being loaded", retryAfter: 5}

// clients counts requests that are in flight, of each client.
type clients struct {
	mu  sync.Mutex
	all int
	of  map[string]int // by the name of the key, or by address
}

func (c *clients) enter(name string, l Limits) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.all >= l.Requests:
		return &apiError{
			status: http.StatusServiceUnavailable, Kind: kindServer, Code: "too_many_requests", retryAfter: 1,
			Message: "as many requests are in flight as the server takes: try again later",
		}
	case c.of[name] >= l.PerClient:
		return &apiError{
			status: http.StatusTooManyRequests, Kind: kindLimit, Code: "too_many_requests_of_client", retryAfter: 1,
			Message: "as many requests of this client are in flight as the server takes of one: try again later",
		}
	}
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.all++
	c.of[name]++
	return nil
}

func (c *clients) leave(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.of[name]--; c.of[name] == 0 {
		delete(c.of, name)
	}
}

// A client has bodyGrace for the first bytes of a body, and beyond that time must have
// sent bodyRate bytes for each second.
const (
	bodyGrace = 30 * time.Second
	bodyRate  = 16 << 10
)

// pacedBody is a body whose bytes must come at some pace.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	began   time.Time
	read    int64
}

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	due := b.began.Add(bodyGrace + time.Duration(b.read)*time.Second/bodyRate)
	_ = b.control.SetReadDeadline(due) // not every connection has one
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if err != nil {
		// The connection is watched for its end while the answer is made.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
