package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

type row struct {
	Text     string    `parquet:"text"`
	Word     string    `parquet:"word,dict"`
	Number   int64     `parquet:"number"`
	Year     int       `parquet:"year"`
	Share    float64   `parquet:"share"`
	Sure     bool      `parquet:"sure"`
	Maybe    *int64    `parquet:"maybe,optional"`
	Perhaps  *float64  `parquet:"perhaps,optional"`
	Texts    []string  `parquet:"texts,list"`
	Numbers  []int64   `parquet:"numbers,list"`
	Shares   []float64 `parquet:"shares,list"`
	Verdicts []bool    `parquet:"verdicts,list"`
}

func write[R any](t *testing.T, rows []R) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter[R](&b)
	for len(rows) > 0 {
		n := min(len(rows), 1+len(rows)/3)
		require.NoError(t, w.Write(rows[:n]...))
		rows = rows[n:]
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func open(t *testing.T, data []byte) *parquet.File {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return f
}

// random returns rows of any lengths, with few different words.
func random(n int) []row {
	r := rand.New(rand.NewPCG(1, 2))
	rows := make([]row, n)
	for i := range rows {
		x := &rows[i]
		x.Text, x.Word = strings.Repeat("α\x00", r.IntN(4)), fmt.Sprint("w", r.IntN(300))
		x.Number, x.Year, x.Share, x.Sure = r.Int64()-1<<62, r.IntN(3000), r.NormFloat64(), r.IntN(2) == 0
		if v := r.Int64(); v%3 > 0 {
			x.Maybe = &v
		}
		if v := r.Float64(); v < 0.5 {
			x.Perhaps = &v
		}
		for range r.IntN(4) {
			x.Texts = append(x.Texts, fmt.Sprint(r.IntN(1000)))
		}
		for range r.IntN(3) {
			x.Numbers = append(x.Numbers, r.Int64())
			x.Shares = append(x.Shares, r.Float64())
		}
		for range r.IntN(20) {
			x.Verdicts = append(x.Verdicts, r.IntN(3) == 0)
		}
	}
	return rows
}

// orNil returns a list that has items, or nil: the reader makes empty lists.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// Another reader finds what was written, in one group or in several.
func TestRowsComeBack(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7, 8, 9, 1000, groupRows + 1} {
		want := random(n)
		data := write(t, want)
		got, err := parquet.Read[row](bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		require.Len(t, got, n)
		for i := range got {
			x := &got[i]
			x.Texts, x.Numbers, x.Shares, x.Verdicts = orNil(x.Texts), orNil(x.Numbers), orNil(x.Shares), orNil(x.Verdicts)
			require.Equal(t, want[i], *x, "row %d of %d", i, n)
		}
		require.Len(t, open(t, data).RowGroups(), (n+groupRows-1)/groupRows)
	}
}

// The schema is the one that parquet-go makes of the same tags.
func TestSchema(t *testing.T) {
	require.Equal(t, strings.Replace(parquet.SchemaOf(row{}).String(), "message row", "message medner", 1), open(t, write(t, random(1))).Schema().String())
}

// Long rows make groups small.
func TestGroupsAreBounded(t *testing.T) {
	type long struct {
		Text string `parquet:"text"`
	}
	rows := make([]long, 5)
	for i := range rows {
		rows[i].Text = strings.Repeat("x", groupBytes/2)
	}
	groups := open(t, write(t, rows)).RowGroups()
	require.Len(t, groups, 3)
	require.EqualValues(t, 2, groups[0].NumRows())
	require.EqualValues(t, 1, groups[2].NumRows())
}

func TestStatistics(t *testing.T) {
	type measured struct {
		Number int64    `parquet:"number"`
		Text   string   `parquet:"text,dict"`
		Long   string   `parquet:"long"`
		Share  float64  `parquet:"share"`
		Odd    float64  `parquet:"odd"`
		Maybe  *int64   `parquet:"maybe,optional"`
		Never  *int64   `parquet:"never,optional"`
		Texts  []string `parquet:"texts,list"`
	}
	five := int64(5)
	f := open(t, write(t, []measured{
		{Number: -3, Text: "b", Long: "a", Share: 0.5, Odd: 1, Texts: []string{"y", "x"}},
		{Number: 2, Text: "", Long: strings.Repeat("z", maxBound+1), Share: -2, Odd: math.NaN(), Maybe: &five},
	}))
	bounds := func(column int) string {
		chunk := f.RowGroups()[0].ColumnChunks()[column].(*parquet.FileColumnChunk)
		low, high, ok := chunk.Bounds()
		if !ok {
			return fmt.Sprint("no bounds, nulls ", chunk.NullCount())
		}
		return fmt.Sprint(low, " ", high, ", nulls ", chunk.NullCount())
	}
	for column, want := range []string{
		"-3 2, nulls 0", " b, nulls 0", "no bounds, nulls 0", "-2 0.5, nulls 0", "no bounds, nulls 0", "5 5, nulls 1", "no bounds, nulls 2", "x y, nulls 1",
	} {
		require.Equal(t, want, bounds(column), "column %d", column)
	}
}

// A writer that fails after some bytes ends the file's writing.
type failing struct{ left int }

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestErrorsOfTheOutput(t *testing.T) {
	size := len(write(t, random(20)))
	for left := 0; left < size; left += 7 {
		w := NewWriter[row](&failing{left})
		require.NoError(t, w.Write(random(20)...))
		require.ErrorIs(t, w.Close(), errFull)
	}
}

func TestOtherTypesAreRefused(t *testing.T) {
	require.Panics(t, func() {
		NewWriter[struct {
			X float32 `parquet:"x"`
		}](nil)
	})
	require.Panics(t, func() {
		NewWriter[struct {
			X int64 `parquet:"x,dict"`
		}](nil)
	})
	require.Panics(t, func() { NewWriter[struct{ X string }](nil) })
}
