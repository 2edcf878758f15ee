package format

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

func TestJSONLines(t *testing.T) {
	const instruct = "The following article contains technical terms including diseases, drugs and chemicals. Create a list only of the chemicals mentioned."
	for line, want := range map[string]document.Document{
		`{"id":"a","text":"Li\r\n😀"}`:             {ID: "a", Text: "Li\r\n😀"},
		`{"id":7,"text":""}`:                      {ID: "7"},
		`{"text":"Li"}`:                           {ID: "x.jsonl:1", Text: "Li"},
		`{"pmid":"5","title":"T","abstract":"A"}`: {ID: "5", Text: "T A", Passages: []document.Passage{{Type: "title", End: 1}, {Type: "abstract", Start: 2, End: 3}}},
		`{"prompt":"` + instruct + `\n\nLi.\n\nIt.\n\nList of extracted chemicals:\n","completion":"- Li"}`: {ID: "x.jsonl:1", Text: "Li.\n\nIt.",
			Prompt: instruct + "\n\nLi.\n\nIt.\n\nList of extracted chemicals:\n", Completion: "- Li"},
		`{"prompt":"` + instruct + `\n\nCut sh"}`: {ID: "x.jsonl:1", Text: "Cut sh", Prompt: instruct + "\n\nCut sh"},
		`{"prompt":"another prompt"}`:             {ID: "x.jsonl:1", Text: "another prompt", Prompt: "another prompt"},
	} {
		docs := mustRead(t, "x.jsonl", line+"\n\n", ReadOptions{})
		require.Len(t, docs, 1)
		require.Equal(t, want, docs[0].Document, line)
	}
}

func TestDisplaCy(t *testing.T) {
	docs := mustRead(t, "x.jsonl", `{"text":"α Li","ents":[{"start":2,"end":4,"label":"CHEMICAL","kb_id":"MESH:D008094"}],"title":null}`, ReadOptions{})
	e := docs[0].Entities[0]
	require.Equal(t, []any{"chemical", "Li", []string{"MESH:D008094"}}, []any{e.Type, e.Text, e.Concepts})
	require.Equal(t, `{"id":"x.jsonl:1","text":"α Li","ents":[{"start":2,"end":4,"label":"CHEMICAL","kb_id":"MESH:D008094"}],"title":null}`+"\n",
		mustWrite(t, WriteOptions{Format: DisplaCy}, docs...))
	_, errs := readAll(t, "x.jsonl", `{"text":"α Li","ents":[{"start":2,"end":9,"label":"CHEMICAL"}]}`, ReadOptions{})
	require.ErrorContains(t, errs[0], "x.jsonl: line 1: ents[0]: found offsets 2 to 9 outside the text of 4 code points")
}

func TestJSONErrors(t *testing.T) {
	for line, want := range map[string]string{
		`{"id":"1"}`:                `found an object with the keys "id", expected "text", "prompt"`,
		`{"text":5}`:                `text: found "5", expected a string`,
		`{"text":"a"`:               `expected a JSON object`,
		`[1]`:                       `expected a JSON object`,
		`{"text":"` + "\xff" + `"}`: `invalid UTF-8 at byte 9`,
		`{"schema":"medner/9"}`:     `schema: found "\"medner/9\"", expected "medner/1"`,
		`{"schema":"medner/1","id":"1","text":"Li","text_sha256":"00"}`:                                             `text_sha256: found 00`,
		`{"schema":"medner/1","id":"1","text":"Li","entities":[{"text":"Na","type":"chemical","start":0,"end":2}]}`: `found "Li" at 0 to 2, expected "Na"`,
		`{"schema":"medner/1","id":"1","text":"Li","entities":[{"text":"Li","type":"chemical","start":0,"end":3}]}`: `outside the text of 2 code points`,
		`{"schema":"medner/1","id":"1","text":"Li","passages":[{"start":2,"end":1}]}`:                               `passage 0`,
		`{"schema":"medner/1","id":"1","offsets":"bytes"}`:                                                          `offsets: found "bytes"`,
		`{"id":"1","passages":5}`:  `passages`,
		strings.Repeat("[", 10000): `nested over 200 deep`,
		`{"text":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`: `nested over 200 deep`,
	} {
		docs, errs := readAll(t, "x.jsonl", line+"\n"+`{"id":"2","text":"fine"}`, ReadOptions{Format: JSONL})
		require.Len(t, errs, 1, line)
		require.ErrorContains(t, errs[0], want)
		require.ErrorContains(t, errs[0], "x.jsonl: line 1")
		require.Len(t, docs, 1, line)
	}
}

// The result that users rely on, field by field.
func TestResultSchema(t *testing.T) {
	const text = "α: Li caused tremor"
	li := entity(text, document.Chemical, "Li")
	li.Confidence, li.Normalized = 0.875, "li"
	li.Links = []document.Link{{ID: "MESH:D008094", Name: "Lithium", Method: "exact", Score: 1}}
	r := document.Result{
		Document: document.Document{ID: "1", Text: text, Entities: []document.Entity{li, {Text: "<pain>", Type: document.Disease, Confidence: math.NaN()}},
			Relations: []document.Relation{{Chemical: "Li", Disease: "tremor", Confidence: 0.5, Grounded: true}}},
		Dropped:  []document.Dropped{{Text: "x", Task: "chemicals", Reason: "short"}},
		Model:    document.Model{Name: "m", Adapter: "a", Weights: "nf4", Precision: "f32", Engine: "0.1"},
		Warnings: []string{"w"},
	}
	want := `{"schema":"medner/1","id":"1","text_sha256":"9f3e9b6ac6ba4ba2a2d5e8a0a7c2bd6d3ac2ed7c0a55e0fc4f9a4b6b9d9e4f2c","offsets":"unicode code points",` +
		`"entities":[{"text":"Li","type":"chemical","start":3,"end":5,"confidence":0.875,"grounded":true,"normalized":"li","links":[{"id":"MESH:D008094","name":"Lithium","method":"exact","score":1}]},` +
		`{"text":"<pain>","type":"disease","start":null,"end":null,"confidence":null,"grounded":false,"normalized":"","links":[]}],` +
		`"relations":[{"chemical":"Li","disease":"tremor","confidence":0.5,"grounded":true}],"dropped":[{"text":"x","task":"chemicals","reason":"short"}],"calibrated":false,` +
		`"model":{"name":"m","adapter":"a","weights":"nf4","precision":"f32","engine_version":"0.1"},"warnings":["w"]}` + "\n"
	var object map[string]any
	got := mustWrite(t, WriteOptions{Format: JSONL}, r)
	require.NoError(t, json.Unmarshal([]byte(got), &object))
	want = strings.Replace(want, "9f3e9b6ac6ba4ba2a2d5e8a0a7c2bd6d3ac2ed7c0a55e0fc4f9a4b6b9d9e4f2c", object["text_sha256"].(string), 1)
	require.Equal(t, want, got)
	require.Len(t, object["text_sha256"], 64)
	back := mustRead(t, "x", got, ReadOptions{})
	r.TextSHA256, r.Text = object["text_sha256"].(string), ""
	require.Equal(t, comparable(r), comparable(back[0]))
	require.Equal(t, got, mustWrite(t, WriteOptions{Format: JSONL}, back...), "a result without its text keeps the hash")
}

func TestTextlessResultCannotBecomeAnArticle(t *testing.T) {
	res := mustRead(t, "x", `{"schema":"medner/1","id":"1","text_sha256":"aa","entities":[]}`, ReadOptions{})
	for _, f := range []Format{PubTator, BioCXML, BioCJSON, Brat, DisplaCy, HTML} {
		w, err := NewWriter(&strings.Builder{}, WriteOptions{Format: f})
		require.NoError(t, err)
		require.ErrorContains(t, w.Write(&res[0]), "found a result without its text", f)
	}
}

func TestJSONIsOneObjectOrAnArray(t *testing.T) {
	doc := func(id string) document.Result {
		return document.Result{Document: document.Document{ID: id, Text: "x"}}
	}
	require.Equal(t, "[]\n", mustWrite(t, WriteOptions{Format: JSON}))
	one := mustWrite(t, WriteOptions{Format: JSON}, doc("1"))
	require.True(t, strings.HasPrefix(one, "{\n  \"schema\": \"medner/1\","))
	two := mustWrite(t, WriteOptions{Format: JSON}, doc("1"), doc("2"), doc("3"))
	var all []map[string]any
	require.NoError(t, json.Unmarshal([]byte(two), &all))
	require.Len(t, all, 3)
}
