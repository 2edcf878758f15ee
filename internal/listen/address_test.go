package listen

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for _, good := range []string{"127.0.0.1:8080", ":0", "[::1]:80", "localhost:0", "host.example:65535", "unix:/run/x", "unix:x"} {
		a, err := Parse(good)
		require.NoError(t, err, good)
		require.Equal(t, good, a.String())
	}
	for _, bad := range []string{"", "8080", "host", "::1:80", "host:", "host:http", "host:-1", "host:65536", "unix:", "http://host:80", "[::1]"} {
		_, err := Parse(bad)
		require.ErrorContains(t, err, "expected", bad)
	}
}

func open(t *testing.T, text string) (net.Listener, error) {
	t.Helper()
	a, err := Parse(text)
	require.NoError(t, err)
	l, err := a.Open(t.Context())
	if err == nil {
		t.Cleanup(func() { _ = l.Close() })
	}
	return l, err
}

func TestOpen(t *testing.T) {
	l, err := open(t, "127.0.0.1:0")
	require.NoError(t, err)
	require.True(t, OnlyThisMachine(l))
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, URL(l, false))
	require.Regexp(t, `^https://127\.0\.0\.1:\d+$`, URL(l, true))
	_, err = open(t, l.Addr().String())
	require.ErrorIs(t, err, ErrInUse)

	everywhere, err := open(t, ":0")
	require.NoError(t, err)
	require.False(t, OnlyThisMachine(everywhere))
	require.Regexp(t, `^http://localhost:\d+$`, URL(everywhere, false))

	_, port, err := net.SplitHostPort(everywhere.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{"", "0.0.0.0", "[::]", "localhost", "127.0.0.1"} {
		a, err := Parse(host + ":" + port)
		require.NoError(t, err)
		c, err := a.Dial(t.Context())
		require.NoError(t, err, host)
		require.NoError(t, c.Close())
	}
}

func TestUnixSockets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes and stale sockets are Unix's")
	}
	dir, err := os.MkdirTemp("", "s") // a socket's path is short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := open(t, "unix:"+path)
	require.NoError(t, err)
	require.True(t, OnlyThisMachine(l))
	require.Equal(t, "unix:"+path, URL(l, false))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o660, info.Mode().Perm())

	_, err = open(t, "unix:"+path)
	require.ErrorIs(t, err, ErrInUse)

	// What a killed process leaves.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	require.FileExists(t, path)
	_, err = open(t, "unix:"+path)
	require.NoError(t, err)

	// No file but a socket is removed.
	precious := filepath.Join(dir, "f")
	require.NoError(t, os.WriteFile(precious, []byte("x"), 0o600))
	_, err = open(t, "unix:"+precious)
	require.ErrorContains(t, err, "no socket")
	require.FileExists(t, precious)
	_, err = open(t, "unix:"+filepath.Join(dir, "none", "s"))
	require.Error(t, err)
}

func TestInheritedFromNobody(t *testing.T) {
	t.Setenv("LISTEN_PID", "1") // another process
	t.Setenv("LISTEN_FDS", "1")
	all, err := Inherited()
	require.NoError(t, err)
	require.Empty(t, all)
	require.Empty(t, os.Getenv("LISTEN_FDS"))
}
