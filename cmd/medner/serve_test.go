package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/server"
)

func TestKeyFiles(t *testing.T) {
	keys, err := parseKeys("f", []byte("\ufeff# of the wards\n\n  sk-one  \nward-3\tsk-two\r\nlab sk=three==\n"))
	require.NoError(t, err)
	require.Equal(t, []server.Key{{Name: "line-3", Secret: "sk-one"}, {Name: "ward-3", Secret: "sk-two"}, {Name: "lab", Secret: "sk=three=="}}, keys)
	for text, problem := range map[string]string{
		"":                             "no key",
		"# only\n":                     "no key",
		"a b c":                        "line 1: found 3 words",
		"a k\na l":                     "line 2: found the name of line 1",
		"a k\nb k":                     "line 2: found the key of line 1",
		"a k\x00l":                     "expected printable ASCII",
		"k\xff":                        "expected printable ASCII",
		"ä k":                          "expected printable ASCII",
		strings.Repeat("n", 65) + " k": "a name of more than 64",
	} {
		_, err := parseKeys("keys.txt", []byte(text))
		require.ErrorAs(t, err, new(*badinput.Error), "%q", text)
		require.ErrorContains(t, err, problem)
		require.ErrorContains(t, err, "keys.txt")
	}
}

func TestKeyFilesOthersMayWriteAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no modes")
	}
	path := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(path, []byte("ward secret-secret-secret\nlab short\n"), 0o600))
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	for mode, problem := range map[os.FileMode]string{0o600: "", 0o400: "", 0o640: "", 0o644: "every user", 0o444: "every user", 0o602: "refused", 0o666: "refused"} {
		logged.Reset()
		require.NoError(t, os.Chmod(path, mode))
		keys, err := readKeys(path, log)
		if problem == "refused" {
			require.ErrorAs(t, err, new(*badinput.Error), "%o", mode)
			continue
		}
		require.NoError(t, err)
		require.Len(t, keys, 2)
		require.Contains(t, logged.String(), "guessed")
		require.Contains(t, logged.String(), "key=lab")
		require.Equal(t, problem != "", strings.Contains(logged.String(), "every user"), "%o", mode)
		require.NotContains(t, logged.String(), "secret-secret")
	}
	t.Setenv(keyVariable, "sk-of-the-environment")
	keys, err := readKeys("", log)
	require.NoError(t, err)
	require.Equal(t, []server.Key{{Name: "environment", Secret: "sk-of-the-environment"}}, keys)
	t.Setenv(keyVariable, "two words")
	_, err = readKeys("", log)
	require.ErrorAs(t, err, new(usageError))
}

func TestServeReadsItsFlagsFromTheEnvironment(t *testing.T) {
	t.Setenv("MEDNER_LISTEN", "127.0.0.1:1")
	t.Setenv("MEDNER_QUEUE", "7")
	t.Setenv("MEDNER_ADAPTER", "a,b")
	t.Setenv("MEDNER_ALLOWED_HOST", "x.example,y.example")
	t.Setenv("MEDNER_LOG_FORMAT", "JSON")
	t.Setenv("MEDNER_MAX_BODY", "")
	cmd := newServe()
	require.NoError(t, cmd.ParseFlags([]string{"--queue", "9"}))
	require.NoError(t, fromEnvironment(cmd))
	for name, want := range map[string]string{
		"listen": "127.0.0.1:1", "queue": "9", "adapter": "[a,b]", "allowed-host": "[x.example,y.example]", "log-format": "json", "max-body": "32",
	} {
		require.Equal(t, want, cmd.Flags().Lookup(name).Value.String(), name)
	}
	t.Setenv("MEDNER_QUEUE", "many")
	err := fromEnvironment(newServe())
	require.ErrorAs(t, err, new(usageError))
	require.ErrorContains(t, err, "MEDNER_QUEUE")
	require.ErrorContains(t, err, "expected a whole number")

	var stderr bytes.Buffer
	require.NoError(t, checkEnvironment([]string{"MEDNER_LISTEN=x", "MEDNER_API_KEY=x", "MEDNER_DRAIN_TIMEOUT=x", "MEDNER_DRAIN_TIMEUOT=x"}, []string{"serve"}, &stderr))
	require.Equal(t, "medner: environment variable MEDNER_DRAIN_TIMEUOT is unknown, and ignored; did you mean MEDNER_DRAIN_TIMEOUT?\n", stderr.String())
}

// No two flags, and no other variable of the program, have one name in the environment.
func TestServeVariablesAreDistinct(t *testing.T) {
	seen := map[string]bool{"MEDNER_PORT": true} // Kubernetes sets it beside a service of that name
	for _, v := range variables {
		seen[v.name] = true
	}
	for _, name := range serveVariables() {
		require.False(t, seen[name], name)
		seen[name] = true
	}
	n := 0
	newServe().Flags().VisitAll(func(*pflag.Flag) { n++ })
	require.Len(t, serveVariables(), n) // the flag --check has none, but there is MEDNER_API_KEY
}

func TestServeIsRefused(t *testing.T) {
	t.Setenv("MEDNER_CACHE", t.TempDir())
	keys := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(keys, []byte("ward secret-secret-secret\n"), 0o600))
	for line, want := range map[string]struct {
		code    int
		message string
	}{
		"--listen 0.0.0.0:0":                {exitUsage, "expected --api-key-file"},
		"--listen :0":                       {exitUsage, "expected --api-key-file"},
		"--listen 8080":                     {exitUsage, "expected host:port"},
		"--listen unix:":                    {exitUsage, "and a path"},
		"--listen 127.0.0.1:0 --tls-cert x": {exitUsage, "together"},
		"--listen 127.0.0.1:0 --tls-cert none.crt --tls-key none.key": {exitBadInput, "none.crt"},
		"--listen 127.0.0.1:0 --api-key-file none.txt":                {exitBadInput, "none.txt"},
		"--listen 127.0.0.1:0 --model none":                           {exitBadInput, "none"},
		"--listen 127.0.0.1:0":                                        {exitBadInput, "fetch-default"}, // the default model isn't there
		"--listen 0.0.0.0:0 --model none --api-key-file " + keys:      {exitBadInput, "travel as they are"},
		"--check --listen unix:none.sock":                             {exitTryAgain, "none.sock"},
		"x":                                                           {exitUsage, "expected flags only"},
	} {
		code, stderr := called(t, append([]string{"serve"}, strings.Fields(line)...)...)
		require.Equal(t, want.code, code, "%s: %s", line, stderr)
		require.Contains(t, stderr, want.message, line)
	}
}

// get asks a server and returns the status and the body.
func get(t *testing.T, client *http.Client, url string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

// Every variable that the files in deploy set is one that medner serve reads.
func TestDeploymentsSetVariablesThatThereAre(t *testing.T) {
	known := serveVariables()
	for _, v := range variables {
		known = append(known, v.name)
	}
	for _, path := range []string{"systemd/medner.service", "container/Containerfile", "kubernetes/serve.yaml"} {
		data, err := os.ReadFile(filepath.Join(golden.Root(), "deploy", path))
		require.NoError(t, err)
		found := regexp.MustCompile(`(?m)(?:^|[={ ]|name: )(MEDNER_[A-Z_]+)[=,]`).FindAllSubmatch(data, -1)
		require.NotEmpty(t, found, path)
		for _, f := range found {
			if name := string(f[1]); name != "MEDNER_PORT" {
				require.Contains(t, known, name, path)
			}
		}
	}
}
