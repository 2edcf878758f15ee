package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
)

// endless is a body of a length that counts what was read of it.
type endless struct{ left, read int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.left))
	for i := range p[:n] {
		p[i] = ' '
	}
	e.left -= int64(n)
	e.read += int64(n)
	return n, nil
}

// posts lists the paths that take a body.
func posts() []string {
	var paths []string
	for _, r := range routes() {
		if r.method == http.MethodPost {
			paths = append(paths, r.pattern)
		}
	}
	return paths
}

// A body of a gigabyte is read to the limit at most, whether its length is said or not.
func TestBodiesOfAGigabyte(t *testing.T) {
	s := small(t, WithLimits(Limits{Body: 1 << 16}))
	for _, path := range posts() {
		for _, length := range []int64{1 << 30, -1} {
			body := &endless{left: 1 << 30}
			r := httptest.NewRequest("POST", path, body)
			r.Host, r.ContentLength = "localhost", length
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Equal(t, http.StatusRequestEntityTooLarge, w.Code, path)
			require.LessOrEqual(t, body.read, int64(1<<16)+4096, path)
			if length > 0 {
				require.Zero(t, body.read, path) // it was refused by its length
			}
		}
	}
}

// What is compressed is refused before a byte of it is unpacked.
func TestCompressedBodiesAreRefused(t *testing.T) {
	s := small(t)
	for _, path := range posts() {
		for _, coding := range []string{"gzip", "deflate", "br", "zstd", "gzip, gzip", "x"} {
			w, code := ask(s, "POST", path, "\x1f\x8b\x08\x00", "Content-Encoding", coding, "Content-Type", "application/json")
			require.Equal(t, http.StatusUnsupportedMediaType, w.Code, "%s %s", path, coding)
			require.Equal(t, "unsupported_encoding", code)
		}
	}
}

func TestHostileJSON(t *testing.T) {
	s := small(t)
	deep := strings.Repeat(`{"messages":[`, 20000)
	for _, body := range []string{
		"", " ", "null", "[]", "1", `"x"`, "{", "}", `{"a"`, `{"a":}`, "\x00", "\xff\xfe", "{}{}", `{}x`, deep, strings.Repeat("[", 1<<20),
		`{"prompt":NaN}`, `{"prompt":"a","temperature":NaN}`, `{"prompt":"a","temperature":Infinity}`, `{"prompt":"a","temperature":1e999}`,
		`{"prompt":"a","temperature":-1}`, `{"prompt":"a","top_p":2}`, `{"prompt":"a","top_p":"1"}`, `{"prompt":"a","n":1000000000}`,
		`{"prompt":"a","n":1e309}`, `{"prompt":"a","n":-1}`, `{"prompt":"a","n":1.5}`, `{"prompt":"a","max_tokens":1e18}`, `{"prompt":"a","max_tokens":-5}`,
		`{"prompt":"a","best_of":1000000000}`, `{"prompt":"a","logprobs":1000000}`, `{"prompt":[-1]}`, `{"prompt":[99999999999]}`, `{"prompt":[[1],["a"]]}`,
		`{"prompt":"a","stop":[1]}`, `{"prompt":"a","stop":["","",""]}`, `{"prompt":"a","repetition_penalty":0}`, `{"prompt":"a","repetition_penalty":-1e308}`,
		`{"messages":[{"role":"user","content":{"a":1}}]}`, `{"messages":[{"role":"root","content":"x"}]}`, `{"messages":{}}`, `{"messages":[1]}`,
		`{"messages":[{"role":"user","content":"a"}],"n":1000000000}`, `{"messages":[{"role":"user","content":"a"}],"top_logprobs":-1,"logprobs":true}`,
		`{"documents":1}`, `{"documents":[{"id":1}]}`, `{"documents":[{"text":null}],"tasks":["all"]}`, `{"documents":"x"}`, `{"prompt":"a","model":"../../x"}`,
		`{"prompt":"a","model":"a\u0000b"}`, `{"tokens":[-1]}`, `{"tokens":[1e10]}`, `{"tokens":"x"}`, `{"text":1}`,
	} {
		for _, path := range posts() {
			w, code := ask(s, "POST", path, body, "Content-Type", "application/json")
			require.Less(t, w.Code, 500, "%s %.60q: %s", path, body, w.Body)
			if strings.HasSuffix(path, "completions") || w.Code != http.StatusOK { // others don't know all of these fields
				require.GreaterOrEqual(t, w.Code, 400, "%s %.60q", path, body)
				require.NotEmpty(t, code, "%s %.60q: %s", path, body, w.Body)
			}
			require.Less(t, w.Body.Len(), 4096, "%s %.60q", path, body)
		}
	}
}

// No spelling of a path leads anywhere but to its own route, and none is redirected.
func TestPathTricks(t *testing.T) {
	s := small(t)
	s.SetKeys(Key{"ward", "secret"})
	for _, path := range []string{
		"//v1/models", "/v1//models", "/./v1/models", "/v1/../v1/models", "/livez/../v1/models", "/page/../v1/models", "/v1/models/..", "/livez/", "/livez/x", "/livez;x",
		"/%2e%2e/v1/models", "/livez/%2e%2e/v1/models", "/page/%2e%2e/v1/models", "/page/..%2fv1%2fmodels", "/v1/models%00", "/livez%00", "/v1%2fmodels", "/V1/MODELS", "/v1/models/%2e%2e/%2e%2e/livez",
	} {
		w, code := ask(s, "GET", path, "")
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusNotFound}, w.Code, path)
		require.Contains(t, []string{"invalid_api_key", "not_found"}, code, path)
		w, code = ask(s, "GET", path, "", "Authorization", "Bearer secret")
		require.Equal(t, http.StatusNotFound, w.Code, path)
		require.Contains(t, []string{"not_found", "model_not_found"}, code, path)
	}
	for _, method := range []string{"OPTIONS", "CONNECT", "TRACE", "BREW", "PUT"} {
		for _, target := range []string{"/v1/models", "*"} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Method, r.URL.Path, r.Host, r.RequestURI = method, target, "localhost", target
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Equal(t, http.StatusUnauthorized, w.Code, "%s %s", method, target)
			r.Header.Set("Authorization", "Bearer secret")
			w = httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Contains(t, []int{http.StatusMethodNotAllowed, http.StatusNotFound, http.StatusBadRequest}, w.Code, "%s %s", method, target)
		}
	}
}

// deadlines is an answer that notes when the client must have sent what is read.
type deadlines struct {
	*httptest.ResponseRecorder
	reads, writes []time.Time
}

// SetReadDeadline is what http.ResponseController calls.
func (d *deadlines) SetReadDeadline(t time.Time) error { d.reads = append(d.reads, t); return nil }

// SetWriteDeadline is what http.ResponseController calls.
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.writes = append(d.writes, t); return nil }

// A body must come at some pace, and an answer must be read at some pace; neither limits
// how long a request takes, nor the requests after it.
func TestSlowClients(t *testing.T) {
	s := small(t)
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest("POST", "/tokenize", strings.NewReader(`{"prompt":"a"}`))
	r.Host = "localhost"
	before := time.Now()
	s.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.GreaterOrEqual(t, len(w.reads), 2)
	require.WithinRange(t, w.reads[0], before.Add(bodyGrace), time.Now().Add(bodyGrace))
	require.True(t, w.reads[len(w.reads)-1].IsZero(), "the connection is read on while the answer is made")
	require.True(t, w.writes[0].IsZero(), "what an earlier request left")
	require.WithinRange(t, w.writes[1], before.Add(s.limits.Write), time.Now().Add(s.limits.Write))

	// A byte a minute is too slow, bodyRate bytes a second are not.
	b := &pacedBody{ReadCloser: io.NopCloser(&endless{left: 1 << 20}), control: http.NewResponseController(w), began: before, read: 10 * bodyRate}
	_, err := b.Read(make([]byte, 1))
	require.NoError(t, err)
	require.Equal(t, before.Add(bodyGrace+10*time.Second), w.reads[len(w.reads)-1])
}

// Who doesn't read the answer ends the request.
func TestUnreadAnswersEndTheirRequest(t *testing.T) {
	s := small(t)
	ended := make(chan struct{})
	h := s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := w.Write([]byte("x"))
		require.Error(t, err)
		<-r.Context().Done()
		close(ended)
	}))
	h.ServeHTTP(broken{httptest.NewRecorder()}, httptest.NewRequest("GET", "/", nil))
	<-ended
}

// broken is an answer that can't be written.
type broken struct{ *httptest.ResponseRecorder }

// Write implements io.Writer.
func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// A thousand clients that hold their requests open keep neither probes out nor others.
func TestIdleRequestsAreBounded(t *testing.T) {
	s := small(t, WithLimits(Limits{Requests: 30, PerClient: 20}))
	site := httptest.NewServer(s)
	t.Cleanup(site.Close)
	inFlight := func() int {
		s.clients.mu.Lock()
		defer s.clients.mu.Unlock()
		return s.clients.all
	}
	var held []net.Conn
	for i := range 100 {
		c, err := net.Dial("tcp", site.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		_, err = io.WriteString(c, "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
		require.NoError(t, err)
		if i < 20 {
			held = append(held, c)
			require.Eventually(t, func() bool { return inFlight() == i+1 }, 5*time.Minute, time.Millisecond)
			continue
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
		require.True(t, answer.Close) // it didn't wait for the body
	}
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		answer, err := http.Get(site.URL + path)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
	}
	w, _ := ask(s, "POST", "/tokenize", `{"prompt":"a"}`) // another address
	require.Equal(t, http.StatusOK, w.Code)
	for _, c := range held {
		require.NoError(t, c.Close())
	}
	require.Eventually(t, func() bool { return inFlight() == 0 }, 5*time.Minute, time.Millisecond)
}

const canary = "CANARY-mrs-Exämple"

// Whatever clients send, in bodies that are right, wrong, or broken, in paths, queries,
// headers, ids and names: none of it is in the logs or in the metrics.
func TestNoTextOfClientsIsLoggedOrCounted(t *testing.T) {
	var logged safeBuffer
	log := slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	m, err := model.Open(t.Context(), golden.Path(t, "tiny-llama"), model.Options{Context: 200, Log: func(f string, a ...any) { log.Info(fmt.Sprintf(f, a...)) }})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	s, err := New(m, WithLogger(log), WithHosts())
	require.NoError(t, err)
	text, err := json.Marshal("in " + canary + "\r\nlevel=ERROR msg=\"forged\" \x1b[31m\x00" + strings.Repeat(canary, 3))
	require.NoError(t, err)
	fill := strings.NewReplacer("TEXT", string(text))
	bodies := []string{
		`{"prompt":TEXT,"max_tokens":2}`, `{"prompt":TEXT,"max_tokens":2,"stream":true}`, `{"prompt":[1,2],"stop":TEXT}`, `{"prompt":TEXT,"n":TEXT}`,
		`{"messages":[{"role":"user","content":TEXT}],"max_tokens":2}`, `{"messages":[{"role":TEXT,"content":TEXT}]}`, `{"model":TEXT,"prompt":TEXT,"messages":[]}`,
		`{"documents":[{"id":TEXT,"text":TEXT}]}`, `{"documents":[{"id":TEXT,"text":TEXT}],"tasks":[TEXT],"prompt":TEXT}`, `{"documents":TEXT}`, `{"text":TEXT,"user":TEXT,TEXT:TEXT}`,
		`{"prompt":TEXT`, `{TEXT`, `TEXT`, canary, canary + "\xff\x00", `{"tokens":TEXT}`, `{"tokens":[TEXT]}`,
		`{"prompt":TEXT,"max_tokens":2,"user":TEXT,"metadata":{TEXT:TEXT}}`, `{"prompt":"` + strings.Repeat(canary, 50) + `","max_tokens":100000}`,
	}
	for _, r := range routes() {
		path := strings.NewReplacer("{id...}", canary, "{file...}", canary, "{$}", "").Replace(r.pattern)
		for _, method := range []string{"GET", "POST", "CANARY"} {
			for _, body := range bodies {
				for _, media := range []string{"application/json", "text/plain", "application/xml; x=" + canary} {
					if method != r.method && (body != bodies[0] || media != "text/plain") {
						continue
					}
					ask(s, method, path+"?q="+"CANARY-mrs", fill.Replace(body), "Content-Type", media, "X-Request-Id", "id "+canary, "User-Agent", canary, "Accept", canary, "Cookie", canary)
				}
			}
		}
	}
	for _, headers := range [][]string{
		{"Host", canary + ".example"}, {"Origin", "http://" + canary}, {"Authorization", "Bearer " + canary}, {"Content-Encoding", canary}, {"X-Request-Id", canary + "\r\nforged: 1"},
		{"X-Forwarded-For", canary}, {"Accept", canary}, {"Content-Type", canary}, {"Traceparent", canary},
	} {
		ask(s, "POST", "/v1/completions", fill.Replace(`{"prompt":TEXT,"max_tokens":1}`), headers...)
		ask(s, "GET", "/"+canary+"/x", "", headers...)
	}
	s.SetKeys(Key{"ward", "a"})
	ask(s, "GET", "/v1/models", "", "Authorization", "Bearer "+canary)
	ask(s, "GET", "/v1/models?api_key="+canary, "")
	s.SetKeys()
	for _, problem := range []any{canary, errors.New(canary), fmt.Errorf("x: %w", errors.New(canary)), struct{ s string }{canary}} {
		s.chain(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(problem) })).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://localhost/v1/models", nil))
	}
	w := httptest.NewRecorder()
	s.fail(w, httptest.NewRequest("GET", "/"+canary, nil), fmt.Errorf("%s: %w", canary, errors.New(canary)))
	require.NotContains(t, w.Body.String(), "CANARY")

	metrics, _ := ask(s, "GET", "/metrics", "")
	require.Contains(t, metrics.Body.String(), "medner_request_rejections_total")
	for what, text := range map[string]string{"log": logged.String(), "metrics": metrics.Body.String()} {
		for _, word := range []string{"CANARY", "canary", "Exämple", "mrs", "forged", "\x1b", "\x00", "Ex\\u00e4mple"} {
			at := strings.Index(text, word)
			require.Negative(t, at, "%s has %q: …%s…", what, word, text[max(0, at-300):min(len(text), max(at, 0)+100)])
		}
	}
	for line := range strings.Lines(logged.String()) {
		require.True(t, json.Valid([]byte(line)), line)
	}
	require.Contains(t, logged.String(), `"route":"/v1/completions"`)
	require.Contains(t, logged.String(), `"prompt_tokens":`)
}

// safeBuffer is a bytes.Buffer for several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
