package server

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model"
)

// smallBuffers is a listener whose connections hold few bytes on their way, as those to a
// slow client do.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(1)
	}
	return c, err
}

// A client that stops reading fills the buffers of its connection. That holds nobody else
// up, and ends its request when the time for reading is over.
func TestReadersThatStop(t *testing.T) {
	m := openTiny(t, model.Options{Context: 110000, Batch: 2})
	s, err := New(m, WithLimits(Limits{Write: time.Second}))
	require.NoError(t, err)
	listening := httptest.NewUnstartedServer(s)
	listening.Listener = smallBuffers{listening.Listener}
	listening.Start()
	defer listening.Close()
	at := &site{Server: s, t: t, url: listening.URL}

	dialer := net.Dialer{}
	c, err := dialer.DialContext(t.Context(), "tcp", listening.Listener.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.(*net.TCPConn).SetReadBuffer(1))
	body := `{"prompt": "a", "max_tokens": 100000, "ignore_eos": true, "stream": true, "logprobs": 20, "seed": 1}`
	_, err = fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	require.NoError(t, err)
	eventually(t, func() bool { return m.Stats().NewTokens > 0 })

	// Others are answered meanwhile, before and after the buffers are full.
	for range 3 {
		at.post(http.StatusOK, "/v1/completions", object{"prompt": "b", "max_tokens": 4})
	}
	eventually(t, func() bool { return at.inFlight() == 0 })
	eventually(t, func() bool { return m.Stats().Running == 0 })
	require.Less(t, m.Stats().NewTokens, int64(100000), "the answer was written to its end, and nobody read it")
	got, err := io.ReadAll(c)
	require.NotContains(t, string(got), "[DONE]", err)
	at.post(http.StatusOK, "/v1/completions", object{"prompt": "b", "max_tokens": 4})
}
