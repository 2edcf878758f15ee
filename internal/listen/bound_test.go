package listen

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Connections that send nothing make room for those that do.
func TestConnectionsThatSendNothingAreClosedFirst(t *testing.T) {
	b := NewBound(4)
	release := make(chan struct{})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			<-release
		}
	}))
	s.Config.ConnState = b.Track
	s.Start()
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	dial := func() net.Conn {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	ask := func(c net.Conn, path string) {
		_, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
	}
	answered := func(c net.Conn) error {
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			require.NoError(t, response.Body.Close())
		}
		return err
	}

	long := dial()
	ask(long, "/long")
	idle := dial()
	ask(idle, "/")
	require.NoError(t, answered(idle)) // and is kept open
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.waiting.Len() == 1
	}, time.Minute, time.Millisecond)
	silent := make([]net.Conn, 20)
	for i := range silent {
		silent[i] = dial()
	}
	probe := dial()
	ask(probe, "/")
	require.NoError(t, answered(probe))
	for _, c := range append(silent[:18:18], idle) { // the probe came last, before it two silent ones
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
	}
	require.LessOrEqual(t, b.Open(), 4)

	release <- struct{}{}
	require.NoError(t, answered(long)) // it was at work
}

func TestBoundForgetsClosedConnections(t *testing.T) {
	b := NewBound(2)
	var all []net.Conn
	for range 5 {
		near, far := net.Pipe()
		t.Cleanup(func() { _ = far.Close() })
		all = append(all, near)
		b.Track(near, http.StateNew)
	}
	require.Equal(t, 2, b.Open())
	for _, c := range all {
		b.Track(c, http.StateClosed)
	}
	require.Zero(t, b.Open())
	require.Empty(t, b.entries)
	require.Zero(t, b.waiting.Len())

	// All are at work: the new one goes.
	for _, c := range all[:2] {
		b.Track(c, http.StateNew)
		b.Track(c, http.StateActive)
	}
	near, far := net.Pipe()
	t.Cleanup(func() { _ = far.Close() })
	b.Track(near, http.StateNew)
	_, err := near.Write([]byte("x"))
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.Equal(t, 2, b.Open())
}
