package shards

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

// honest is a manifest as Plan writes them.
const honest = `{"schema":"medner-manifest/1","documents":3,"unreadable":0,"superseded":1,"deleted":0,"duplicates":"later-citation",
"inputs":[{"path":"a.jsonl","format":"jsonl","bytes":90,"sha256":"x","documents":4,"deletes":["7"]}],
"shards":[{"shard":0,"documents":2,"bytes":5,"ids_sha256":"y","parts":[{"input":0,"first":0,"count":3,"skip":"1"}]},
{"shard":1,"documents":1,"bytes":5,"ids_sha256":"y","parts":[{"input":0,"first":3,"count":1}]}]}`

// hostile are changes of honest, each with the field that is to be named.
var hostile = []struct{ from, to, names string }{
	{`"schema":"medner-manifest/1"`, `"schema":"medner-manifest/9"`, "schema"},
	{`"later-citation"`, `"latest"`, "duplicates"},
	{`"documents":3`, `"documents":4`, "documents"},
	{`"documents":3`, `"documents":-9223372036854775807`, "documents"},
	{`"documents":3`, `"documents":1e999`, "documents"},
	{`"documents":3`, `"documents":NaN`, "character 'N'"},
	{`"documents":4`, `"documents":9223372036854775807`, "inputs[0].documents"},
	{`"documents":4`, `"documents":-1`, "inputs[0].documents"},
	{`"shard":1`, `"shard":0`, "shards[1].shard"},
	{`"shard":1`, `"shard":-1`, "shards[1].shard"},
	{`"input":0,"first":3`, `"input":1,"first":3`, "shards[1].parts[0].input"},
	{`"input":0,"first":3`, `"input":-1,"first":3`, "shards[1].parts[0].input"},
	{`"first":3,"count":1`, `"first":4,"count":1`, "shards[1].parts[0].count"},
	{`"first":3,"count":1`, `"first":3,"count":9223372036854775807`, "shards[1].parts[0].count"},
	{`"first":3,"count":1`, `"first":9223372036854775807,"count":1`, "shards[1].parts[0].count"},
	{`"first":3,"count":1`, `"first":2,"count":1`, "shards[1].parts[0]"},
	{`"first":0,"count":3,"skip":"1"`, `"first":0,"count":3,"skip":"2-1"`, "skip"},
	{`"skip":"1"`, `"skip":"1-9223372036854775807"`, "skip"},
	{`"skip":"1"`, `"skip":"1,1"`, "skip"},
	{`"skip":"1"`, `"skip":"-1"`, "indices"},
	{`"skip":"1"`, `"skip":"0-99999999999999999999"`, "indices"},
	{`"count":1`, `"count":1,"range":{"offset":-1,"bytes":1}`, "shards[1].parts[0].range"},
	{`"count":1`, `"count":1,"range":{"offset":9223372036854775807,"bytes":9223372036854775807}`, "shards[1].parts[0].range"},
	{`"count":1`, `"count":1,"range":{"offset":50,"bytes":40}`, "shards[1].parts[0]"},
	{honest[len(honest)-4:], "}]}", "unexpected end|character"},
	{honest, "", "unexpected end|character"},
	{honest, "null", "schema"},
	{honest, strings.Repeat("[", 100000), "depth|character|unexpected end|cannot"},
}

func TestHostileManifests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.json")
	require.NoError(t, os.WriteFile(path, []byte(honest), 0o600))
	_, err := Load(path)
	require.NoError(t, err)
	for _, c := range hostile {
		require.Contains(t, honest, c.from)
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(honest, c.from, c.to, 1)), 0o600))
		_, err := Load(path)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, c.to[:min(len(c.to), 80)])
		require.ErrorContains(t, err, path)
		require.Regexp(t, strings.NewReplacer("[", `\[`, "]", `\]`, ".", `\.`).Replace(c.names), err.Error())
	}
}

// A manifest that can be read adds up, and is the same when it is written again.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(honest))
	for _, c := range hostile {
		f.Add([]byte(strings.Replace(honest, c.from, c.to, 1)))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "m.json")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		m, err := Load(path)
		if err != nil {
			require.ErrorAs(t, err, new(*badinput.Error))
			return
		}
		total := 0
		for i := range m.Shards {
			s := &m.Shards[i]
			require.NotEmpty(t, m.plan(s))
			require.GreaterOrEqual(t, s.Documents, 0)
			total += s.Documents
			origin := m.origins(i)
			for range min(s.Documents, 100) {
				input, _ := origin()
				require.Less(t, input, len(m.Inputs))
			}
		}
		require.Equal(t, m.Documents, total)
		require.Len(t, Status(m, filepath.Join(dir, "none")), len(m.Shards))
		require.NoError(t, m.Write(path))
		again, err := Load(path)
		require.NoError(t, err)
		for i := range m.Shards {
			require.Equal(t, m.plan(&m.Shards[i]), again.plan(&again.Shards[i]))
		}
	})
}

// What a .done file says is refused or shown, and never believed without the shard's files.
func FuzzDone(f *testing.F) {
	for _, text := range []string{
		`{"schema":"medner-shard/1","shard":0,"documents":4,"failed":1}`, `{"schema":"medner-shard/1","shard":0,"documents":4,"failed":5}`,
		`{"schema":"medner-shard/1","shard":0,"documents":-1,"failed":-1}`, `{"schema":"medner-shard/1","shard":1}`,
		`{"schema":"medner-shard/1","shard":0,"documents":1e300}`, `{"schema":"medner-shard/1","shard":0,"made":{"seconds":NaN}}`,
		`{"schema":"medner-shard/1","shard":0,"output":{"name":"../../x","bytes":-1}}`, `{"schema":"medner-shard/1","shard":0,"settings":{"a":"b","a":"c"}}`,
		`{"schema":"medner-shard/1","shard":0,"retried":[{"indices":[-1,9223372036854775807],"ids":null}]}`, "", "null", "{", "[]",
	} {
		f.Add([]byte(text))
	}
	m := &Manifest{Shards: []Shard{{Documents: 1, Parts: []Part{}}}}
	dir := folder(f.TempDir())
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(dir.done(0), data, 0o600))
		st := Status(m, string(dir))[0]
		require.Equal(t, Damaged, st.State, "the shard has no such plan")
		_, err := json.Marshal(st)
		require.NoError(t, err)
		done, err := dir.loadDone(0)
		if err != nil {
			require.ErrorAs(t, err, new(*badinput.Error))
			return
		}
		require.True(t, 0 <= done.Failed && done.Failed <= done.Documents)
		done.Plan = m.plan(&m.Shards[0])
		for _, err := range m.results(t.Context(), dir, done) {
			require.True(t, errors.Is(err, os.ErrNotExist), "%v", err)
		}
	})
}
