//go:build unix

package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Requests whose lengths can be read in two ways, floods of headers, and what is no HTTP:
// each gets one refusal at most, and none a second answer, which would be that to a
// request smuggled behind it.
func TestServeRefusesWhatIsNoHonestHTTP(t *testing.T) {
	s := serving(t)
	address := strings.TrimPrefix(s.url, "http://")
	const smuggled = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
	post := func(headers, body string) string {
		return "POST /tokenize HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body
	}
	for name, request := range map[string]string{
		"two lengths":              post("Content-Length: 5\r\nContent-Length: 50\r\n", "12345"+smuggled),
		"two lengths in a list":    post("Content-Length: 5, 50\r\n", "12345"+smuggled),
		"a negative length":        post("Content-Length: -1\r\n", smuggled),
		"a length with a sign":     post("Content-Length: +5\r\n", "12345"+smuggled),
		"a length in hexadecimal":  post("Content-Length: 0x5\r\n", "12345"+smuggled),
		"an unknown coding":        post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"+smuggled),
		"a coding twice":           post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"+smuggled),
		"a coding behind a tab":    post("Transfer-Encoding:\tchunked, identity\r\n", "0\r\n\r\n"+smuggled),
		"space before the colon":   post("Content-Length : 5\r\n", "12345"+smuggled),
		"a folded header":          "POST /tokenize HTTP/1.1\r\nHost: localhost\r\n folded: x\r\nContent-Length: 5\r\n\r\n12345x" + smuggled,
		"two hosts":                "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
		"no host":                  "GET /livez HTTP/1.1\r\n\r\n",
		"a host of two lines":      "GET /livez HTTP/1.1\r\nHost: local\nhost\r\n\r\n",
		"an unknown version":       "GET /livez HTTP/9.9\r\nHost: localhost\r\n\r\n",
		"a flood of headers":       "GET /livez HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 100) + "\r\n",
		"a flood of short headers": "GET /livez HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X:\r\n", 20000) + "\r\n",
		"an endless line":          "GET /" + strings.Repeat("x", 200_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"NUL in a header":          "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
		"NUL in the path":          "GET /livez\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"TLS":                      "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + strings.Repeat("x", 160) + "\r\n\r\n",
		"a bad chunk":              post("Transfer-Encoding: chunked\r\n", "zz\r\n"+smuggled),
		"a huge chunk":             post("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n"+smuggled),
	} {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		_, _ = io.WriteString(c, request) // it may be refused before its end
		require.NoError(t, c.(*net.TCPConn).CloseWrite())
		answers := bufio.NewReader(c)
		n := 0
		for ; ; n++ {
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				break
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			require.GreaterOrEqual(t, answer.StatusCode, 400, name)
			require.NotEqual(t, 500, answer.StatusCode, name)
		}
		require.LessOrEqual(t, n, 1, name)
		_ = c.Close()
	}

	// Both a length and chunks: the chunks count, as RFC 9112 has it, and what follows
	// them is no part of them.
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, post("Content-Length: 500\r\nTransfer-Encoding: chunked\r\n", "e\r\n{\"prompt\":\"a\"}\r\n0\r\n\r\n"))
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, answer.StatusCode)

	status, _ := get(t, http.DefaultClient, s.url+"/readyz")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	require.Equal(t, exitOK, exitOf(t, s.Cmd))
}
