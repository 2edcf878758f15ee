package format

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/spreadsheet"
	"github.com/medner/medner/ner/document"
)

// tableSample has what tables find hard to hold.
func tableSample() document.Result {
	r := document.Result{Document: document.Document{ID: "1", Text: "α Lithium, \"x\" and tremor", Infons: map[string]string{"year": "1999", "pmc": "PMC7"}}}
	lithium := entity(r.Text, document.Chemical, "Lithium", "MESH:D008094", "A|B")
	lithium.Confidence = 0.5
	lithium.Links = []document.Link{{ID: "MESH:D008094", Name: "Lithium", Method: "exact", Score: 1}}
	formula := document.Entity{Text: "=1+1\n", Type: document.Disease, Confidence: 1}
	r.Entities = []document.Entity{lithium, formula, entity(r.Text, document.Disease, "tremor", "MESH:D014202")}
	r.Relations = []document.Relation{{Type: "influences", Chemical: "lithium", Disease: "MESH:D014202", Confidence: 0.25, Grounded: true}}
	r.Dropped = []document.Dropped{{Text: "a, \"b\"", Task: "diseases", Reason: "it is not there"}}
	r.Model = document.Model{Name: "m", Engine: "0.1"}
	return r
}

func TestCSV(t *testing.T) {
	var tally Tally
	out := mustWrite(t, WriteOptions{Format: CSV, Warn: tally.Add}, tableSample(), document.Result{Document: document.Document{ID: "2"}})
	require.Equal(t, `document,kind,type,text,disease,start,end,starts,ends,concepts,disease_concepts,confidence,grounded,normalized,link_ids,link_names,link_methods,link_scores,reason
1,entity,chemical,Lithium,,2,9,2,9,MESH:D008094|A\|B,,0.5,true,,MESH:D008094,Lithium,exact,1,
1,entity,disease,"'=1+1
",,,,,,,,1,false,,,,,,
1,entity,disease,tremor,,19,25,19,25,MESH:D014202,,,true,,,,,,
1,relation,influences,lithium,MESH:D014202,,,,,MESH:D008094|A\|B,MESH:D014202,0.25,true,,,,,,
1,dropped,diseases,"a, ""b""",,,,,,,,,false,,,,,,it is not there
2,document,,,,,,,,,,,false,,,,,,
`, out)
	require.Contains(t, strings.Join(tally.Lines(), "\n"), "an apostrophe stands in front of cells")
	require.Equal(t, strings.SplitAfterN(out, "\n", 2)[0], mustWrite(t, WriteOptions{Format: CSV}))
}

// Whatever a document has, a reader of CSV gets it back from the cells.
func TestCSVCells(t *testing.T) {
	for _, text := range []string{"", "a", "=a", "+", "-OH", "@x", "'=a", "''", "\ta", "\ra", "a,b", `"`, "a\r\nb", "\u202e", "|\\"} {
		cell, guarded := csvCell(text)
		if guarded {
			require.Equal(t, text, cell[1:])
		}
		require.NotRegexp(t, "^[=+\\-@\t\r]", cell)
		_, again := spreadsheet.Guard(cell)
		require.Equal(t, guarded, again) // so that a reader knows
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 300 {
		r := randomResult(rng, fmt.Sprint(i))
		rows, err := csv.NewReader(strings.NewReader(mustWrite(t, WriteOptions{Format: CSV}, r))).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 1+len(itemRows(&r)))
		for k, e := range r.Entities {
			want, _ := csvCell(e.Text)
			require.Equal(t, strings.ReplaceAll(want, "\r\n", "\n"), rows[k+1][3])
		}
	}
}

// readParquet returns the rows of a table.
func readParquet[R any](t *testing.T, path string) []R {
	t.Helper()
	rows, err := parquet.ReadFile[R](path)
	require.NoError(t, err)
	return rows
}

func TestTablesInAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tables")
	require.True(t, InFolder(Parquet, dir))
	w, err := NewFolder(dir, WriteOptions{Format: Parquet})
	require.NoError(t, err)
	r := tableSample()
	require.NoError(t, w.Write(&r))
	require.NoFileExists(t, filepath.Join(dir, "entities.parquet"))
	require.NoError(t, w.Close())
	require.Equal(t, []documentRow{newDocumentRow(&r)}, withoutEmpty(readParquet[documentRow](t, filepath.Join(dir, "documents.parquet"))))
	entities := readParquet[entityRow](t, filepath.Join(dir, "entities.parquet"))
	require.Len(t, entities, 3)
	require.Equal(t, []string{"MESH:D008094", "A|B"}, entities[0].Concepts)
	require.EqualValues(t, 2, *entities[0].Start)
	require.Equal(t, "=1+1\n", entities[1].Text)
	require.Nil(t, entities[1].Start)
	require.Nil(t, entities[2].Confidence)
	relations := readParquet[relationRow](t, filepath.Join(dir, "relations.parquet"))
	require.Equal(t, []string{"MESH:D014202"}, relations[0].DiseaseConcepts)
	require.Equal(t, []droppedRow{{"1", "diseases", "a, \"b\"", "it is not there"}}, readParquet[droppedRow](t, filepath.Join(dir, "dropped.parquet")))

	// What is abandoned leaves the folder as it was.
	w, err = NewFolder(dir, WriteOptions{Format: Parquet})
	require.NoError(t, err)
	require.NoError(t, w.Abandon())
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 4)

	for path, want := range map[string]bool{"": false, "-": false, "x.csv": false, "x.csv.gz": false, "x": true, "x.parquet": true, dir: true, os.DevNull: false} {
		require.Equal(t, want, InFolder(CSV, path), path)
	}
	require.True(t, InFolder(Brat, ""))
	require.False(t, InFolder(JSON, dir))
	_, err = NewFolder(dir, WriteOptions{Format: JSON})
	require.Error(t, err)
}

// withoutEmpty makes empty lists nil.
func withoutEmpty(rows []documentRow) []documentRow {
	for i := range rows {
		rows[i].Warnings = orNil(rows[i].Warnings)
	}
	return rows
}

// A table of any length is written in groups of rows, in flat memory, and the same
// documents give the same bytes.
func TestParquetInGroups(t *testing.T) {
	r := tableSample()
	r.Entities[0].Text = prose(3000)
	count := &counter{}
	w, err := NewWriter(count, WriteOptions{Format: Parquet})
	require.NoError(t, err)
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	for i := range 12_000 {
		r.ID = fmt.Sprint(i)
		require.NoError(t, w.Write(&r))
		if i%2000 == 1999 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
			if i > 4000 {
				require.Positive(t, count.n)
			}
		}
	}
	require.NoError(t, w.Close())
	require.Less(t, int64(peak)-int64(before.HeapAlloc), int64(48<<20))

	var a, b bytes.Buffer
	for _, to := range []io.Writer{&a, &b} {
		_, err := io.WriteString(to, mustWrite(t, WriteOptions{Format: Parquet}, r, r))
		require.NoError(t, err)
	}
	require.Equal(t, a.Bytes(), b.Bytes())
	rows, err := parquet.Read[itemRow](bytes.NewReader(a.Bytes()), int64(a.Len()))
	require.NoError(t, err)
	require.Len(t, rows, 2*len(itemRows(&r)))
}

// counter counts bytes.
type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

// prose returns text that doesn't compress well.
func prose(n int) string {
	var b strings.Builder
	for x := uint32(1); b.Len() < n; x = x*1664525 + 1013904223 {
		b.WriteByte('a' + byte(x>>24)%26)
	}
	return b.String()
}
