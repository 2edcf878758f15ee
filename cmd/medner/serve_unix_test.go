//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// running is a medner serve in a process of its own.
type running struct {
	*exec.Cmd
	url string

	mu  sync.Mutex
	log strings.Builder
}

// text returns what the process has written to standard error.
func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// await waits until the process has written some words.
func (r *running) await(t *testing.T, words string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(r.text(), words) }, 5*time.Minute, 5*time.Millisecond, "no %q", words)
}

// start starts a command and waits until it listens.
func start(t *testing.T, cmd *exec.Cmd) *running {
	t.Helper()
	r := &running{Cmd: cmd}
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			r.mu.Lock()
			r.log.WriteString(lines.Text() + "\n")
			r.mu.Unlock()
			if _, url, found := strings.Cut(lines.Text(), "listening on "); found {
				address <- strings.TrimSuffix(url, `"}`) // of JSON
			}
		}
		close(address)
	}()
	url, found := <-address
	require.True(t, found, "it ended: %s", r.text())
	r.url = url
	return r
}

// serving starts medner serve on a small model.
func serving(t *testing.T, args ...string) *running {
	t.Helper()
	return start(t, program(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--model", golden.Path(t, "tiny-llama")}, args...)...))
}

func TestServeEndsInOrder(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := serving(t)
		status, body := get(t, http.DefaultClient, s.url+"/readyz")
		require.Equal(t, http.StatusOK, status, body)
		require.NoError(t, s.Process.Signal(signal))
		require.Equal(t, exitOK, exitOf(t, s.Cmd))
	}
}

// streamed asks for a completion of some tokens, and returns when it has begun.
func streamed(t *testing.T, url string, tokens int) *bufio.Reader {
	t.Helper()
	body := fmt.Sprintf(`{"model":"tiny-llama","prompt":"a","max_tokens":%d,"ignore_eos":true,"stream":true,"repetition_penalty":1.3}`, tokens)
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, url+"/v1/completions", strings.NewReader(body))
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	require.Equal(t, http.StatusOK, answer.StatusCode)
	lines := bufio.NewReader(answer.Body)
	line, err := lines.ReadString('\n')
	require.NoError(t, err, line)
	return lines
}

// While it drains it says that it isn't ready, but answers, until the delay is over.
func TestServeSaysFirstThatItDrains(t *testing.T) {
	s := serving(t, "--drain-delay", "1h", "--log-format", "json")
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	s.await(t, `"draining"`)
	status, body := get(t, http.DefaultClient, s.url+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "draining")
	status, _ = get(t, http.DefaultClient, s.url+"/v1/models")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, s.Process.Signal(syscall.SIGTERM)) // the second one ends it at once
	require.Equal(t, -1, exitOf(t, s.Cmd))
}

// Requests that run longer than the drain may take are cancelled, and told so.
func TestServeCancelsWhatDoesNotEnd(t *testing.T) {
	s := serving(t, "--drain-timeout", "10ms", "--context", "200000")
	lines := streamed(t, s.url, 3000)
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	require.Equal(t, exitOK, exitOf(t, s.Cmd))
	text := ""
	for {
		line, err := lines.ReadString('\n')
		text += line
		if err != nil {
			break
		}
	}
	if !strings.Contains(text, "[DONE]") { // it might have been fast enough
		require.Contains(t, text, "draining")
	}
}

// What is in flight, streamed or not, ends in full before the process does.
func TestServeDrainsWhatIsInFlight(t *testing.T) {
	s := serving(t, "--drain-timeout", "1h", "--context", "4096", "--log-format", "json")
	lines := streamed(t, s.url, 2000)
	whole := make(chan string, 1)
	go func() {
		answer, err := http.Post(s.url+"/v1/completions", "application/json", strings.NewReader(`{"prompt":"b","max_tokens":2000,"ignore_eos":true}`))
		if err != nil {
			whole <- err.Error()
			return
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		whole <- string(text)
	}()
	require.Eventually(t, func() bool {
		_, text := get(t, http.DefaultClient, s.url+"/metrics")
		return strings.Contains(text, "medner_num_requests_running 2") || len(whole) > 0
	}, 5*time.Minute, time.Millisecond)
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	s.await(t, `"draining"`)
	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(string(rest), "data: [DONE]\n\n"))
	require.Contains(t, string(rest), `"finish_reason":"length"`)
	require.Contains(t, <-whole, `"completion_tokens":2000`)
	require.Equal(t, exitOK, exitOf(t, s.Cmd))
	require.NotContains(t, s.text(), "cancelled")
	_, err = net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.Error(t, err)
}

// While a prompt waits, another that would make the waiting tokens too many is refused.
func TestServeBoundsWaitingTokens(t *testing.T) {
	s := serving(t, "--batch", "1", "--queue-tokens", "50", "--context", "200000")
	streamed(t, s.url, 190000) // has the only place
	prompt := strings.Repeat("tremor ", 100)
	ask := func(ctx context.Context) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/completions", strings.NewReader(`{"max_tokens":1,"prompt":"`+prompt+`"}`))
		require.NoError(t, err)
		return http.DefaultClient.Do(r)
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		answer, err := ask(ctx)
		if err == nil {
			answer.Body.Close()
		}
		left <- err
	}()
	waiting := func() bool {
		_, text := get(t, http.DefaultClient, s.url+"/metrics")
		return !strings.Contains(text, "medner_queued_prompt_tokens 0\n")
	}
	require.Eventually(t, waiting, 5*time.Minute, time.Millisecond)
	answer, err := ask(t.Context())
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode, "%s", text)
	require.Contains(t, string(text), `"code":"queue_full"`)
	require.Regexp(t, `^[1-9][0-9]*$`, answer.Header.Get("Retry-After"))
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	require.Eventually(t, func() bool { return !waiting() }, 5*time.Minute, time.Millisecond)
}

func TestServeReadsKeysAgain(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(keys, []byte("old old-old-old-old-old\n"), 0o600))
	s := serving(t, "--api-key-file", keys)
	status := func(key string) int {
		code, _ := get(t, http.DefaultClient, s.url+"/v1/models", "Authorization", "Bearer "+key)
		return code
	}
	require.Equal(t, http.StatusOK, status("old-old-old-old-old"))
	require.NoError(t, os.WriteFile(keys, []byte("new new-new-new-new-new\n"), 0o600))
	require.NoError(t, s.Process.Signal(syscall.SIGHUP))
	s.await(t, "keys read again")
	require.Equal(t, http.StatusUnauthorized, status("old-old-old-old-old"))
	require.Equal(t, http.StatusOK, status("new-new-new-new-new"))
	require.NoError(t, os.WriteFile(keys, []byte("three words here\n"), 0o600))
	require.NoError(t, s.Process.Signal(syscall.SIGHUP))
	s.await(t, "those before stay")
	require.Equal(t, http.StatusOK, status("new-new-new-new-new"))
	require.NotContains(t, s.text(), "new-new")
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	require.Equal(t, exitOK, exitOf(t, s.Cmd))
}

func TestServeOnAUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "s")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	s := start(t, program(t, "serve", "--listen", "unix:"+path, "--model", golden.Path(t, "tiny-llama")))
	require.Equal(t, "unix:"+path, s.url)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	status, _ := get(t, client, "http://localhost/v1/models")
	require.Equal(t, http.StatusOK, status)
	status, _ = get(t, client, "http://evil.example/v1/models")
	require.Equal(t, http.StatusForbidden, status)
	code, stderr := called(t, "serve", "--check", "--listen", "unix:"+path)
	require.Equal(t, exitOK, code, stderr)
	code, _ = called(t, "serve", "--listen", "unix:"+path, "--model", golden.Path(t, "tiny-llama"))
	require.Equal(t, exitTryAgain, code) // another process listens there
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	require.Equal(t, exitOK, exitOf(t, s.Cmd))
	require.NoFileExists(t, path)
}

// systemd hands over an open socket: here the shell is systemd.
func TestServeOnASocketFromSystemd(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()
	inner := program(t, "serve", "--model", golden.Path(t, "tiny-llama"))
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`)
	link := filepath.Join(t.TempDir(), "medner") // TestMain goes by the name
	require.NoError(t, os.Symlink(inner.Path, link))
	cmd.Args = append(append(cmd.Args, link), inner.Args[1:]...)
	cmd.Env, cmd.ExtraFiles = inner.Env, []*os.File{file}
	s := start(t, cmd)
	require.Equal(t, "http://"+l.Addr().String(), s.url)
	status, _ := get(t, http.DefaultClient, s.url+"/readyz")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	require.Equal(t, exitOK, exitOf(t, s.Cmd))
}
