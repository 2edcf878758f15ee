package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"
)

// contract is what /openapi.json promises, and where the tests of this package saw it
// broken.
var contract struct {
	once sync.Once
	doc  *openapi3.T

	mu     sync.Mutex
	calls  map[string]int // by operation: requests that were compared
	broken []string
}

func loadContract() *openapi3.T {
	contract.once.Do(func() {
		doc, err := openapi3.NewLoader().LoadFromData(openAPI)
		if err == nil {
			err = doc.Validate(context.Background())
		}
		if err != nil {
			panic(err)
		}
		contract.doc, contract.calls = doc, map[string]int{}
	})
	return contract.doc
}

// After all tests, whatever a request of theirs has shown counts.
func TestMain(m *testing.M) {
	code := m.Run()
	contract.mu.Lock()
	defer contract.mu.Unlock()
	for _, line := range contract.broken[:min(len(contract.broken), 10)] {
		fmt.Fprintln(os.Stderr, "openapi.json:", line)
		code = 1
	}
	os.Exit(code)
}

// pathOf returns the path of a route as OpenAPI writes it.
func pathOf(pattern string) string {
	return strings.NewReplacer("...}", "}", "/{$}", "/").Replace(pattern)
}

func TestOpenAPIHasEveryRouteAndNothingElse(t *testing.T) {
	doc := loadContract()
	want, have := map[string]bool{}, map[string]bool{}
	for _, r := range routes() {
		want[r.method+" "+pathOf(r.pattern)] = true
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			have[method+" "+path] = true
		}
	}
	require.Equal(t, want, have)
	w, _ := ask(Prepare(), "GET", "/openapi.json", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, string(openAPI), w.Body.String())
}

// What is open to everybody in the document is so in the server.
func TestOpenAPISaysWhatNeedsNoKey(t *testing.T) {
	s := Prepare()
	s.SetKeys(Key{"ward", "secret"})
	for path, item := range loadContract().Paths.Map() {
		for method, operation := range item.Operations() {
			open := operation.Security != nil && len(*operation.Security) == 0
			w, _ := ask(s, method, regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "x"), "{}")
			require.Equal(t, open, w.Code != http.StatusUnauthorized, "%s %s", method, path)
		}
	}
}

// compared returns a handler that answers as s does, and notes where a request that was
// taken, or an answer, isn't as the contract says.
func compared(s *Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		copied := r.Clone(context.Background())
		var body []byte
		if length := r.ContentLength; length > 0 && length < 1<<20 { // the others are of tests that never end them
			body, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		copied.Body = io.NopCloser(bytes.NewReader(body))
		seen := &tee{ResponseWriter: w}
		s.ServeHTTP(seen, r)
		note(s, copied, body, seen)
	})
}

// tee keeps a copy of an answer.
type tee struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (c *tee) WriteHeader(status int) { c.status = status; c.ResponseWriter.WriteHeader(status) }

// Write implements http.ResponseWriter.
func (c *tee) Write(p []byte) (int, error) { c.body.Write(p); return c.ResponseWriter.Write(p) }

// Unwrap is for http.ResponseController.
func (c *tee) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// note compares a request and its answer with the contract.
func note(s *Server, r *http.Request, body []byte, answer *tee) {
	doc := loadContract()
	path := pathOf(s.routeOf(r))
	item := doc.Paths.Value(path)
	if item == nil || item.GetOperation(r.Method) == nil || answer.status == 0 {
		return
	}
	operation := item.GetOperation(r.Method)
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: map[string]string{"id": "x", "file": "x"},
		Route:   &routers.Route{Spec: doc, Path: path, PathItem: item, Method: r.Method, Operation: operation},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	var problems []string
	if answer.status < 300 && r.Method == http.MethodPost {
		if _, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			problems = append(problems, fmt.Sprintf("taken: %s %s %.200q: %.500s", r.Method, path, body, err))
		}
	}
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answer.status, Header: answer.Header(), Options: input.Options}
	output.SetBodyBytes(answer.body.Bytes())
	if err := openapi3filter.ValidateResponse(context.Background(), output); err != nil {
		problems = append(problems, fmt.Sprintf("answered: %s %s %.200q: %d: %.700s", r.Method, path, body, answer.status, err))
	}
	contract.mu.Lock()
	defer contract.mu.Unlock()
	contract.calls[operation.OperationID]++
	contract.broken = append(contract.broken, problems...)
}

// The comparison itself can fail.
func TestContractIsCompared(t *testing.T) {
	s := small(t)
	before := len(contract.broken)
	ask(compared(s), "GET", "/v1/models", "")
	require.Len(t, contract.broken, before)
	r, err := http.NewRequest(http.MethodGet, "http://localhost/v1/models", nil)
	require.NoError(t, err)
	for i, wrong := range []string{`{"object":"list"}`, `{"object":"list","data":[{"id":1}]}`, `x`} {
		answer := &tee{status: http.StatusOK, ResponseWriter: header{"Content-Type": {"application/json"}}}
		answer.body.WriteString(wrong)
		note(s, r, nil, answer)
		require.Len(t, contract.broken, before+i+1, wrong)
	}
	note(s, r, nil, &tee{status: http.StatusTeapot + 200, ResponseWriter: header{}})
	contract.mu.Lock()
	contract.broken = contract.broken[:before]
	contract.mu.Unlock()
}

// header is the part of an answer that has the headers.
type header http.Header

// Header implements http.ResponseWriter.
func (h header) Header() http.Header { return http.Header(h) }

// WriteHeader implements http.ResponseWriter.
func (h header) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (h header) Write(p []byte) (int, error) { return len(p), nil }
