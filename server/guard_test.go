package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
)

// small returns a server on a small model.
func small(t *testing.T, options ...Option) *Server {
	t.Helper()
	m, err := model.Open(t.Context(), golden.Path(t, "tiny-llama"), model.Options{Queue: 4})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	s, err := New(m, append([]Option{WithName("tiny")}, options...)...)
	require.NoError(t, err)
	return s
}

// ask sends a request with headers, of which Host is one, and returns the answer and
// the code of the error in it.
func ask(h http.Handler, method, target, body string, headers ...string) (answer *httptest.ResponseRecorder, code string) {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:8080"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	if s, ok := h.(*Server); ok {
		h = compared(s)
	}
	h.ServeHTTP(w, r)
	var e struct{ Error struct{ Code string } }
	_ = json.Unmarshal(w.Body.Bytes(), &e)
	return w, e.Error.Code
}

func TestHostsAgainstDNSRebinding(t *testing.T) {
	s := small(t, WithHosts("ner.example.org", "*.svc.local"))
	for _, host := range []string{
		"127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "[::1]", "10.1.2.3:80", "localhost", "LOCALHOST:8080", "localhost.", "ner.example.org",
		"NER.example.org:443", "a.svc.local", "a.b.svc.local:80",
	} {
		w, _ := ask(s, "GET", "/v1/models", "", "Host", host)
		require.Equal(t, http.StatusOK, w.Code, host)
	}
	for _, host := range []string{
		"", "evil.example", "ner.example.org.evil.example", "svc.local", "xsvc.local", "localhost.evil.example", "127.0.0.1.evil.example", "2130706433",
		"0x7f.1", "a@127.0.0.1:b", "127.0.0.1:8080:80", "localhost:80, evil.example", "localhost\x00", "xn--localhost-", " localhost", "*.svc.local.evil",
	} {
		for _, path := range []string{"/v1/models", "/livez", "/metrics", "/no/such"} {
			if host == "" && path == "/livez" { // see TestProbesWithoutHost
				continue
			}
			w, code := ask(s, "GET", path, "", "Host", host)
			require.Equal(t, http.StatusForbidden, w.Code, "%q %s", host, path)
			require.Equal(t, "host_not_allowed", code)
		}
	}
	w, _ := ask(small(t), "GET", "/v1/models", "", "Host", "any.example")
	require.Equal(t, http.StatusOK, w.Code) // a program that mounts the server knows its names
}

// Load balancers probe by HTTP/1.0 without the header Host, which no browser leaves out.
func TestProbesWithoutHost(t *testing.T) {
	listening := httptest.NewServer(small(t, WithHosts("ner.example.org")))
	defer listening.Close()
	for path, status := range map[string]string{"/livez": "200", "/healthz": "200", "/readyz": "200", "/": "403", "/v1/models": "403", "/metrics": "403", "/livez/x": "403"} {
		c, err := net.Dial("tcp", listening.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(c, "GET %s HTTP/1.0\r\n\r\n", path)
		require.NoError(t, err)
		answer, err := io.ReadAll(c)
		require.NoError(t, err)
		require.Contains(t, strings.SplitN(string(answer), "\r\n", 2)[0], " "+status+" ", path)
		require.NoError(t, c.Close())
	}
}

func TestOrigins(t *testing.T) {
	s := small(t, WithOrigins("https://pages.example.org"))
	for _, origin := range []string{"http://127.0.0.1:8080", "http://127.0.0.1:8080/"} {
		w, _ := ask(s, "GET", "/v1/models", "", "Origin", origin)
		require.Equal(t, http.StatusOK, w.Code, origin)
		require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
	}
	for _, same := range [][2]string{{"ner.example", "http://ner.example"}, {"ner.example:443", "https://ner.example"}, {"ner.example", "https://NER.example:443"}} {
		w, _ := ask(s, "GET", "/v1/models", "", "Host", same[0], "Origin", same[1])
		require.Equal(t, http.StatusOK, w.Code, same)
	}
	for _, origin := range []string{
		"null", "", "http://evil.example", "http://127.0.0.1:8081", "https://127.0.0.1.evil.example:8080", "file://127.0.0.1:8080",
		"https://pages.example.org.evil.example", "http://pages.example.org", "javascript:alert(1)", "http://evil@127.0.0.1:8080x", "%%",
	} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			w, code := ask(s, method, "/v1/models", "{}", "Origin", origin, "Access-Control-Request-Method", "POST")
			require.Equal(t, http.StatusForbidden, w.Code, "%s %q", method, origin)
			require.Equal(t, "origin_not_allowed", code)
			require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
		}
	}
	w, _ := ask(s, "GET", "/v1/models", "", "Origin", "https://pages.example.org")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "https://pages.example.org", w.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "Origin", w.Header().Get("Vary"))
	w, _ = ask(s, "GET", "/v1/models", "", "Origin", "https://pages.example.org", "Origin", "https://evil.example")
	require.Equal(t, http.StatusForbidden, w.Code)

	s.SetKeys(Key{"ward", "secret"})
	w, _ = ask(s, "OPTIONS", "/v1/models", "", "Origin", "https://pages.example.org", "Access-Control-Request-Method", "POST")
	require.Equal(t, http.StatusNoContent, w.Code) // browsers show no key with the question
	require.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "Authorization")
	w, _ = ask(s, "OPTIONS", "/v1/models", "")
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

func TestKeys(t *testing.T) {
	s := small(t)
	s.SetKeys(Key{"ward", "sk-one"}, Key{"lab", "sk-two"})
	for _, good := range []string{"Bearer sk-one", "bearer sk-two", "BEARER  sk-two "} {
		w, _ := ask(s, "GET", "/v1/models", "", "Authorization", good)
		require.Equal(t, http.StatusOK, w.Code, good)
	}
	for _, bad := range []string{"", "sk-one", "Basic sk-one", "Bearer", "Bearer ", "Bearer sk-on", "Bearer sk-one2", "Bearer sk-one sk-two", "Bearer sk-ONE", "Bearer sk-one\x00"} {
		for _, path := range []string{"/v1/models", "/metrics", "/no/such"} {
			w, code := ask(s, "GET", path, "", "Authorization", bad)
			require.Equal(t, http.StatusUnauthorized, w.Code, "%q", bad)
			require.Equal(t, "invalid_api_key", code)
			require.Contains(t, w.Header().Get("WWW-Authenticate"), "Bearer")
		}
	}
	w, _ := ask(s, "GET", "/v1/models", "", "Authorization", "Bearer sk-one", "Authorization", "Bearer sk-two")
	require.Equal(t, http.StatusUnauthorized, w.Code) // which one a proxy has checked can't be told
	for _, open := range []string{"/livez", "/readyz", "/healthz"} {
		w, _ := ask(s, "GET", open, "")
		require.Equal(t, http.StatusOK, w.Code, open)
		w, _ = ask(s, "POST", open, "")
		require.Equal(t, http.StatusUnauthorized, w.Code, open)
	}
	for _, query := range []string{"?api_key=sk-one", "?x=1&KEY=sk-one", "?access_token=sk-one", "?token=sk-one"} {
		w, code := ask(s, "GET", "/v1/models"+query, "", "Authorization", "Bearer sk-one")
		require.Equal(t, http.StatusBadRequest, w.Code, query)
		require.Equal(t, "key_in_query", code)
		require.NotContains(t, w.Body.String(), "sk-one")
	}
	s.SetKeys(Key{"lab", "sk-two"})
	w, _ = ask(s, "GET", "/v1/models", "", "Authorization", "Bearer sk-one")
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

// Each key is compared, and by hashes: neither how many letters are right nor which key
// it is can be told by the time that it takes.
func TestKeysAreComparedByHashes(t *testing.T) {
	ring := newKeyring([]Key{{"a", "one"}, {"b", "two"}, {"c", "one"}})
	name, found := ring.find("one")
	require.True(t, found)
	require.Equal(t, "c", name) // the first match didn't end it
	_, found = ring.find("")
	require.False(t, found)
	for _, k := range ring {
		require.NotContains(t, string(k.hash[:]), "one")
	}
}

func TestRequestsOfAClientAreBounded(t *testing.T) {
	var c clients
	l := Limits{Requests: 3, PerClient: 2}
	require.NoError(t, c.enter("a", l))
	require.NoError(t, c.enter("a", l))
	var refused *apiError
	require.ErrorAs(t, c.enter("a", l), &refused)
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.NoError(t, c.enter("b", l))
	require.ErrorAs(t, c.enter("c", l), &refused)
	require.Equal(t, http.StatusServiceUnavailable, refused.status)
	for _, name := range []string{"a", "a", "b"} {
		c.leave(name)
	}
	require.Zero(t, c.all)
	require.Empty(t, c.of) // clients that have left take no memory
}

func TestRequestIDs(t *testing.T) {
	s := small(t)
	for _, given := range []string{"a", "0f8fad5b-d9cb-469f-a165-70867728950e", "A.b_c-1", strings.Repeat("x", 64)} {
		w, _ := ask(s, "GET", "/v1/models", "", "X-Request-Id", given)
		require.Equal(t, given, w.Header().Get("X-Request-Id"))
	}
	seen := map[string]bool{}
	for _, given := range []string{"", " ", "a b", "a\r\nb", "ä", "\x00", "-a", strings.Repeat("x", 65), "<script>", `a"b`} {
		w, _ := ask(s, "GET", "/no/such", "", "X-Request-Id", given)
		made := w.Header().Get("X-Request-Id")
		require.Regexp(t, `^req-[A-Z0-9]{26}$`, made)
		require.False(t, seen[made])
		seen[made] = true
	}
}

func TestHealthWhileLoadingAndDraining(t *testing.T) {
	s := Prepare()
	status := func(path string) int {
		w, _ := ask(s, "GET", path, "")
		return w.Code
	}
	require.Equal(t, http.StatusOK, status("/livez"))
	require.Equal(t, http.StatusOK, status("/healthz"))
	require.Equal(t, http.StatusOK, status("/metrics"))
	w, _ := ask(s, "GET", "/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.JSONEq(t, `{"status":"loading"}`, w.Body.String())
	_, code := ask(s, "GET", "/v1/models", "")
	require.Equal(t, "loading", code)

	m, err := model.Open(t.Context(), golden.Path(t, "tiny-llama"), model.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	require.NoError(t, s.Use(t.Context(), m))
	require.Equal(t, http.StatusOK, status("/readyz"))
	require.Equal(t, http.StatusOK, status("/v1/models"))

	s.queueBound.Store(1)
	require.Equal(t, http.StatusOK, status("/readyz")) // nothing waits
	s.lost.Store(true)
	require.Equal(t, http.StatusServiceUnavailable, status("/readyz"))
	require.Equal(t, http.StatusServiceUnavailable, status("/livez"))
	s.lost.Store(false)
	s.Retire()
	require.Equal(t, http.StatusServiceUnavailable, status("/readyz"))
	require.Equal(t, http.StatusOK, status("/v1/models")) // requests go on
	require.Equal(t, http.StatusOK, status("/livez"))
}

// What the model says of its latest step is compared with the bound: no time is below 0.
func TestStalled(t *testing.T) {
	w, _ := ask(small(t, WithStall(-1)), "GET", "/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.JSONEq(t, `{"status":"stalled"}`, w.Body.String())
	w, _ = ask(small(t, WithStall(0)), "GET", "/readyz", "")
	require.Equal(t, http.StatusOK, w.Code) // nothing is pending
}

// Two servers in one process count by themselves, and a scrape is sound.
func TestMetricsOfTwoServers(t *testing.T) {
	one, two := small(t), small(t)
	for range 3 {
		ask(one, "GET", "/v1/models", "")
		ask(one, "BREW", "/v1/models/"+strings.Repeat("x", 50), "")
		ask(one, "GET", "/secret-path", "")
	}
	scrape := func(s *Server) string {
		w, _ := ask(s, "GET", "/metrics", "")
		require.Equal(t, http.StatusOK, w.Code)
		body, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		return string(body)
	}
	text := scrape(one)
	require.Contains(t, text, `medner_http_requests_total{method="GET",route="/v1/models",status="200"} 3`)
	require.Contains(t, text, `medner_http_requests_total{method="GET",route="none",status="404"} 3`)
	require.Contains(t, text, `medner_http_requests_total{method="other",route="/v1/models/{id...}",status="405"} 3`)
	require.Contains(t, text, `medner_request_rejections_total{reason="not_found"} 3`)
	require.Contains(t, text, "medner_ready 1")
	require.NotContains(t, text, "secret")
	require.NotContains(t, text, "BREW")
	require.NotContains(t, scrape(two), `route="/v1/models"`)
}
