package server

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// guard lets a request in that comes by the server's name, from no strange page, with a
// key, not too many at once, and while there is a model.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recordOf(r.Context()).route = s.routeOf(r)
		body := &pacedBody{ReadCloser: r.Body, control: http.NewResponseController(w), began: time.Now()}
		if r.ContentLength != 0 {
			body.expect() // of who reads the rest of a body that was refused, too
		}
		refuse := func(err error) {
			if r.ContentLength != 0 {
				w.Header().Set("Connection", "close") // else the refusal would wait for the whole body
			}
			s.fail(w, r, err)
		}
		if err := s.hosts.host(r); err != nil {
			refuse(err)
			return
		}
		if err := s.hosts.origin(w, r); err != nil {
			refuse(err)
			return
		}
		if isPreflight(r) && w.Header().Get("Access-Control-Allow-Origin") != "" {
			preflight(w)
			return
		}
		if err := s.authorize(r); err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="medner"`)
			refuse(err)
			return
		}
		if isOpen(r) || r.URL.Path == "/metrics" {
			next.ServeHTTP(w, r)
			return
		}
		if !s.loaded.Load() {
			refuse(errLoading)
			return
		}
		client := recordOf(r.Context()).key
		if client == "" {
			client = clientAddress(r)
		}
		if err := s.clients.enter(client, s.limits); err != nil {
			refuse(err)
			return
		}
		defer s.clients.leave(client)
		if r.ContentLength > s.limits.Body {
			refuse(bodyTooLarge(s.limits.Body))
			return
		}
		if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
			refuse(&apiError{
				status: http.StatusUnsupportedMediaType, Kind: kindRequest, Code: "unsupported_encoding",
				Message: fmt.Sprintf("found a body with Content-Encoding %q, expected one without", coding),
			})
			return
		}
		r.Body = body
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

// expect sets the time at which the next bytes must have come.
func (b *pacedBody) expect() {
	due := b.began.Add(bodyGrace + time.Duration(b.read)*time.Second/bodyRate)
	_ = b.control.SetReadDeadline(due) // not every connection has one
}

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	b.expect()
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if err != nil {
		// The connection is watched for its end while the answer is made.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
