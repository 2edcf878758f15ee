package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/internal/job"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/format"
	"github.com/medner/medner/ner/prompt"
)

const nerArticles = "1|t|Lithium & tremor\n1|a|Lithium caused tremor <in> two patients.\n\n2|t|Naloxone\n2|a|Naloxone reversed hypotension.\n\n"

// commandBytes returns what medner ner writes for a PubTator file: the path of the command
// from the reader over the extractor to the writer.
func commandBytes(t *testing.T, m *model.Model, f format.Format, options ...ner.Option) string {
	e, err := ner.New(m, append([]ner.Option{ner.WithPatience(true)}, options...)...)
	require.NoError(t, err)
	var out bytes.Buffer
	docs := format.Files([]string{"-"}, strings.NewReader(nerArticles), format.ReadOptions{Annotations: format.TextOnly})
	_, err = job.Run(t.Context(), job.Options{Extractor: e, Documents: docs, Output: job.Output{Stream: &out, Write: format.WriteOptions{Format: f}}})
	require.NoError(t, err)
	return out.String()
}

// TestNERWritesWhatTheCommandWrites compares the bytes of every format that goes to a
// stream with those of the command's own path, for the same options and input.
func TestNERWritesWhatTheCommandWrites(t *testing.T) {
	m, err := model.Open(t.Context(), golden.Path(t, "tiny-llama"), model.Options{})
	require.NoError(t, err)
	defer m.Close()
	s, err := New(m)
	require.NoError(t, err)
	site := httptest.NewServer(s)
	defer site.Close()
	post := func(query, media, accept, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site.URL+"/v1/ner?"+query, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", media)
		r.Header.Set("Accept", accept)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(text)
	}
	const query = "tasks=chemicals,influences&max_new_tokens=12&grounded=false&min_confidence=0.01"
	options := []ner.Option{
		ner.WithTasks(prompt.Chemicals, prompt.Influences), ner.WithMaxNewTokens(12), ner.WithGrounded(false), ner.WithMinConfidence(0.01),
	}
	for _, f := range []format.Format{format.Text, format.JSONL, format.JSON, format.PubTator, format.BioCXML, format.BioCJSON, format.DisplaCy, format.TSV, format.HTML} {
		want := commandBytes(t, m, f, options...)
		status, got := post(query, "application/x-pubtator", typesOf(f)[0], nerArticles)
		if f == format.JSON {
			status, got = post(query+"&format=json", "text/x-pubtator", "", nerArticles)
		}
		require.Equal(t, 200, status, "%s: %s", f, got)
		require.Equal(t, want, got, f)
	}
	var envelopeOf struct{ Documents []json.RawMessage }
	_, got := post(query, "application/x-pubtator", "application/json", nerArticles)
	require.NoError(t, json.Unmarshal([]byte(got), &envelopeOf))
	lines := ""
	for _, d := range envelopeOf.Documents {
		lines += string(d) + "\n"
	}
	require.Equal(t, commandBytes(t, m, format.JSONL, options...), lines)

	status, got := post("", "application/json", "application/json", `{"documents":[{"id":"a","text":5},{"id":"b","text":"Aspirin."}],"max_new_tokens":4}`)
	require.Equal(t, 200, status)
	require.Contains(t, got, `{"documents":[{"id":"a","error":{"message":"documents[0]`)
	for field, body := range map[string]string{
		"tasks":            `{"text":"x","tasks":["drugs"]}`,
		"prompt":           `{"text":"x","prompt":"/etc/passwd"}`,
		"terminology":      `{"text":"x","terminology":"mesh"}`,
		"min_confidence":   `{"text":"x","min_confidence":2}`,
		"method":           `{"text":"x","method":"tag"}`,
		"target_precision": `{"text":"x","target_precision":0.9}`,
	} {
		status, got := post("", "application/json", "*/*", body)
		require.Equal(t, 400, status, got)
		require.Contains(t, got, `"param":"`+field+`"`)
	}
	status, got = post("", "application/json", "image/png", `{"text":"x"}`)
	require.Equal(t, 406, status)
	require.Contains(t, got, "text/tab-separated-values")
	status, _ = post("", "application/pdf", "*/*", "%PDF")
	require.Equal(t, 415, status)
}
