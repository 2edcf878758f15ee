package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model"
	"github.com/medner/medner/server"
)

// servingDocs returns docs/serving.md.
func servingDocs(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(golden.Root(), "docs", "serving.md"))
	require.NoError(t, err)
	return string(data)
}

// The table of limits names each flag that is one, with its default.
func TestDocsListTheLimits(t *testing.T) {
	docs := servingDocs(t)
	newServe().Flags().VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, "max-") && f.Name != "max-new-tokens" || f.Name == "queue" {
			require.Contains(t, docs, "`--"+f.Name+"` "+f.DefValue, "docs/serving.md")
		}
	})
	for flag, text := range map[string]string{"header-timeout": "10 s", "idle-timeout": "2 min", "write-timeout": "30 s"} {
		require.Contains(t, docs, "`--"+flag+"` "+text)
	}
}

// Each example of docs/serving.md runs as it stands, but for the port.
func TestDocsExamplesRun(t *testing.T) {
	files, err := modelstore.Locate("")
	if err != nil {
		t.Skip("the default model isn't here")
	}
	m, err := model.Open(t.Context(), files.Base, model.Options{Adapters: files.Adapters, Queue: 16})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	s, err := server.New(m, server.WithHosts())
	require.NoError(t, err)
	site := httptest.NewServer(s)
	t.Cleanup(site.Close)
	programs := map[string]struct {
		needs []string // a command that succeeds where the example can run
		name  string
		run   []string
	}{
		"bash":   {[]string{"curl", "--version"}, "example.sh", []string{"bash", "-e"}},
		"python": {[]string{python(), "-c", "import openai"}, "example.py", []string{python()}},
		"go":     {[]string{"go", "version"}, "example.go", []string{"go", "run"}},
		"r":      {[]string{"Rscript", "-e", "library(httr2)"}, "example.R", []string{"Rscript"}},
	}
	n := 0
	for _, block := range regexp.MustCompile("(?ms)^```(bash|python|go|r)\n(.*?)^```$").FindAllStringSubmatch(servingDocs(t), -1) {
		n++
		p := programs[block[1]]
		t.Run(block[1], func(t *testing.T) {
			if err := exec.Command(p.needs[0], p.needs[1:]...).Run(); err != nil {
				t.Skipf("%v: %v", p.needs, err)
			}
			text := strings.ReplaceAll(block[2], "http://127.0.0.1:8080", site.URL)
			require.NotEqual(t, block[2], text, "no address")
			path := filepath.Join(t.TempDir(), p.name)
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			cmd := exec.CommandContext(t.Context(), p.run[0], append(p.run[1:], path)...)
			var exit *exec.ExitError
			out, err := cmd.Output()
			if errors.As(err, &exit) {
				require.NoError(t, err, "%s", exit.Stderr)
			}
			require.NoError(t, err)
			require.NotEmpty(t, out)
			require.NotContains(t, string(out), `"error":{"message"`)
		})
	}
	require.Equal(t, 5, n)
}

// python returns the interpreter that has the packages of the examples.
func python() string {
	if path := os.Getenv("MEDNER_TEST_PYTHON"); path != "" {
		return path
	}
	return "python3"
}

// The commands of docs/serving.md are right, as far as a parser can tell.
func TestDocsCommandsParse(t *testing.T) {
	n := 0
	for line := range strings.Lines(servingDocs(t)) {
		at := strings.Index(line, "medner serve ")
		if at != 0 && !strings.HasPrefix(line, "bin/medner serve") {
			continue
		}
		command, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "bin/"), "  ")
		for _, args := range calls(t, command) {
			_, err := parse(args)
			require.NoError(t, err, line)
			n++
		}
	}
	require.Positive(t, n)
}

// A page in a browser finds the server by its own name only.
func TestServedHostsAreChecked(t *testing.T) {
	var f serveFlags
	f.logFormat, f.logLevel, f.listen = "text", "info", "127.0.0.1:0"
	s, err := f.open(context.WithoutCancel(t.Context()), f.logger(t.Output()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.listeners[0].Close() })
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://evil.example/livez", nil)
	s.server.ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
}
