//go:build unix

package main

import (
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/ner/format"
)

// nerInputs holds documents in several formats, by the names of the formats.
var nerInputs = map[string]string{
	"jsonl":    `{"id":"a","text":"Naloxone reversed the antihypertensive effect of clonidine."}` + "\n" + `{"text":"Grippe: 😀 naïve Straße"}` + "\n" + `{"id":7,"title":"Lithium","text":"no more tremor"}` + "\n",
	"text":     "Lithium carbonate\nand tremor.",
	"pubtator": "1|t|Naloxone reverses.\n1|a|Clonidine was given.\n1\t0\t8\tNaloxone\tChemical\tD009270\n\n2|t|Second\n2|a|text\n\n",
	"ris":      "TY  - JOUR\nID  - r1\nTI  - Lithium\nAB  - Tremor was seen.\nER  - \n",
	"medline":  "PMID- 11\nTI  - Lithium toxicity.\nAB  - Tremor was seen\n      in two.\n",
}

// Whatever goes in and comes out, POST /v1/ner writes the bytes that medner ner writes for
// the same options, and so does POST /v1/convert beside medner convert.
func TestServerWritesWhatTheCommandWrites(t *testing.T) {
	s := serving(t)
	asked := url.Values{"task": {"chemicals"}, "max_new_tokens": {"4"}, "grounded": {"false"}, "min_confidence": {"0"}}
	flags := []string{"--model", golden.Path(t, "tiny-llama"), "--task", "chemicals", "--max-new-tokens", "4", "--grounded=false", "--min-confidence", "0"}
	post := func(path, in, out, body string, options url.Values) (string, bool) {
		t.Helper()
		query := url.Values{"input": {in}, "format": {out}}
		for k, v := range options {
			query[k] = v
		}
		answer, err := http.Post(s.url+path+"?"+query.Encode(), "", strings.NewReader(body))
		require.NoError(t, err)
		defer answer.Body.Close()
		data, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Less(t, answer.StatusCode, 500, "%s", data)
		return string(data), answer.StatusCode == http.StatusOK
	}
	command := func(body string, args ...string) (string, bool) {
		t.Helper()
		cmd := program(t, args...)
		cmd.Stdin = strings.NewReader(body)
		data, err := cmd.Output()
		return string(data), err == nil
	}
	// same compares both, unless the command writes that format to folders only.
	same := func(path, in, out, body string, options url.Values, args ...string) string {
		t.Helper()
		want, done := command(body, args...)
		got, answered := post(path, in, out, body, options)
		if done {
			require.True(t, answered, "%s %s → %s: %s", path, in, out, got)
			require.Equal(t, want, got, "%s %s → %s", path, in, out)
		}
		return want
	}
	for in, body := range nerInputs {
		want := same("/v1/ner", in, "jsonl", body, asked, append([]string{"ner", "--format", "jsonl", "--input-format", in}, flags...)...)
		require.Contains(t, want, `"text"`, "the model finds nothing, so that little is compared")
	}
	written := 0
	for _, out := range format.Outputs() {
		body, gold := nerInputs["jsonl"], nerInputs["pubtator"]
		if same("/v1/ner", "jsonl", string(out), body, asked, append([]string{"ner", "--format", string(out)}, flags...)...) != "" {
			written++
		}
		same("/v1/convert", "pubtator", string(out), gold, nil, "convert", "--from", "pubtator", "--to", string(out), "-")
	}
	require.Greater(t, written, 8)
}

// Requests name the terminologies that the server was started with, and get the links that
// the command gives.
func TestServerLinksAsTheCommandDoes(t *testing.T) {
	dir := t.TempDir()
	index, other := filepath.Join(dir, "mesh.index"), filepath.Join(dir, "other.index")
	source := filepath.Join(golden.Root(), "ner", "terminology", "testdata", "desc2026.xml")
	require.Equal(t, exitOK, exitOf(t, started(t, "terminology", "import", "-o", index, source)))
	require.Equal(t, exitOK, exitOf(t, started(t, "terminology", "import", "-o", other, source)))
	s := serving(t, "--terminology", index, "--terminology", "second="+other)
	gold := "1|t|Tremor after lithium.\n1|a|None.\n1\t0\t6\tTremor\tDisease\n\n"
	ask := func(name string) (int, string) {
		answer, err := http.Post(s.url+"/v1/convert?input=pubtator&format=jsonl&terminology="+name, "", strings.NewReader(gold))
		require.NoError(t, err)
		defer answer.Body.Close()
		data, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(data)
	}
	cmd := program(t, "convert", "--from", "pubtator", "--to", "jsonl", "--terminology", index, "-")
	cmd.Stdin = strings.NewReader(gold)
	want, err := cmd.Output()
	require.NoError(t, err)
	require.Contains(t, string(want), "MESH:D014202")
	for _, name := range []string{"mesh", "second"} {
		status, got := ask(name)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, string(want), got)
	}
	status, got := ask("none")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, got, "one of mesh, second")

	for _, wrong := range [][]string{{index, index}, {"=" + index}, {"x="}} {
		var args []string
		for _, value := range wrong {
			args = append(args, "--terminology", value)
		}
		require.Equal(t, exitUsage, exitOf(t, started(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)), wrong)
	}
	require.Equal(t, exitBadInput, exitOf(t, started(t, "serve", "--listen", "127.0.0.1:0", "--terminology", source)))
}

// started starts a command.
func started(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := program(t, args...)
	require.NoError(t, cmd.Start())
	return cmd
}
