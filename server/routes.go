package server

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// A route is a method and a pattern of http.ServeMux, and what answers them.
type route struct {
	method, pattern string
	// handle answers a request. An error that it returns is written, as a status and a
	// body, or into a stream that has begun.
	handle func(*Server, http.ResponseWriter, *http.Request) error
	// model says that the request uses the model: it is counted, and refused while
	// the server drains.
	model bool
}

// routes lists all that the server answers.
func routes() []route {
	return []route{
		{"GET", "/livez", (*Server).livez, false},
		{"GET", "/readyz", (*Server).readyz, false},
		{"GET", "/healthz", (*Server).livez, false},
		{"GET", "/metrics", (*Server).serveMetrics, false},
		{"GET", "/openapi.json", (*Server).serveOpenAPI, false},
		{"POST", "/v1/chat/completions", (*Server).chat, true},
		{"POST", "/v1/completions", (*Server).texts, true},
		{"POST", "/tokenize", (*Server).tokenize, false},
		{"POST", "/detokenize", (*Server).detokenize, false},
		{"GET", "/{$}", (*Server).servePage, false},
		{"GET", "/page/{file...}", (*Server).servePage, false},
		{"GET", "/v1/models", (*Server).listModels, false},
		{"GET", "/v1/models/{id...}", (*Server).getModel, false},
		{"POST", "/v1/ner", (*Server).annotate, true},
		{"GET", "/v1/ner/options", (*Server).nerOptions, false},
		{"POST", "/v1/convert", (*Server).convert, false},
	}
}

// refused lists the endpoints of OpenAI's API that are refused by name. All others
// are unknown paths.
var refused = []struct{ pattern, what string }{
	{"/v1/embeddings", "embeddings"},
	{"/v1/moderations", "moderations"},
	{"/v1/responses", "responses: there is /v1/chat/completions"},
	{"/v1/responses/", "responses: there is /v1/chat/completions"},
	{"/v1/assistants", "assistants"},
	{"/v1/threads", "threads"},
	{"/v1/threads/", "threads"},
	{"/v1/files", "files"},
	{"/v1/batches", "batches: there is the command medner batch"},
	{"/v1/fine_tuning/", "fine-tuning"},
	{"/v1/audio/", "audio"},
	{"/v1/images/", "images"},
}

// refuse answers requests to an endpoint that this server doesn't have.
func (s *Server) refuse(what string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &apiError{
			status: http.StatusBadRequest, Kind: kindRequest, Code: "unsupported_endpoint",
			Message: fmt.Sprintf("%s: this server has no %s", r.URL.Path, what),
		})
	}
}

// chain puts around h what concerns every request. The first of the list is the
// outermost.
func (s *Server) chain(h http.Handler) http.Handler {
	around := []func(http.Handler) http.Handler{
		s.observe,
		s.recovers,
		s.guard,
	}
	for _, wrap := range slices.Backward(around) {
		h = wrap(h)
	}
	return h
}

// routed returns the handler of all routes. Unknown paths and methods get errors
// in JSON.
func (s *Server) routed() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, r := range routes() {
		mux.HandleFunc(r.method+" "+r.pattern, func(w http.ResponseWriter, request *http.Request) { s.answer(r, w, request) })
		methods[r.pattern] = append(methods[r.pattern], r.method)
		if r.method == http.MethodGet {
			methods[r.pattern] = append(methods[r.pattern], http.MethodHead)
		}
	}
	for pattern, allowed := range methods {
		slices.Sort(allowed)
		list := strings.Join(allowed, ", ")
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", list)
			s.fail(w, r, &apiError{
				status: http.StatusMethodNotAllowed, Kind: kindRequest, Code: "method_not_allowed",
				Message: fmt.Sprintf("found the method %s for %s, expected %s", r.Method, r.URL.Path, list),
			})
		})
	}
	for _, r := range refused {
		mux.HandleFunc(r.pattern, s.refuse(r.what))
	}
	if methods["/"] == nil {
		mux.HandleFunc("/", s.notFound)
	}
	s.routeOf = func(r *http.Request) string {
		_, pattern := mux.Handler(r)
		if _, after, found := strings.Cut(pattern, " "); found {
			pattern = after
		}
		if pattern == "" || pattern == "/" && r.URL.Path != "/" {
			return noRoute
		}
		return pattern
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// http.ServeMux would redirect a path with // or .. in it.
		if clean := path.Clean(r.URL.Path); clean != r.URL.Path && clean+"/" != r.URL.Path {
			s.notFound(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, &apiError{
		status: http.StatusNotFound, Kind: kindRequest, Code: "not_found",
		Message: fmt.Sprintf("there is no %s here", r.URL.Path),
	})
}

// answer runs a route's handler.
func (s *Server) answer(route route, w http.ResponseWriter, r *http.Request) {
	if route.model {
		ctx, leave, err := s.flight.enter(r.Context())
		if err != nil {
			s.fail(w, r, err)
			return
		}
		defer leave()
		r = r.WithContext(ctx)
	}
	if err := route.handle(s, w, r); err != nil {
		s.fail(w, r, err)
	}
}
