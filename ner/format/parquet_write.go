package format

import (
	"io"
	"reflect"

	"github.com/parquet-go/parquet-go"
)

// Parquet's rows are held in memory until a group of them is written.
const (
	groupRows  = 1 << 16 // rows of a group, at most
	groupBytes = 8 << 20 // bytes of a group, about
)

// parquetTable writes rows in groups, compressed by zstd.
type parquetTable[R any] struct {
	w    *parquet.GenericWriter[R]
	rows int // in the group
	held int // bytes of these
}

func newParquetTable[R any](w io.Writer) *parquetTable[R] {
	return &parquetTable[R]{w: parquet.NewGenericWriter[R](w, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("medner", "1", ""))}
}

func (t *parquetTable[R]) add(_ string, rows ...R) error {
	for i := range rows {
		if _, err := t.w.Write(rows[i : i+1]); err != nil {
			return err
		}
		t.rows++
		if t.held += rowSize(&rows[i]); t.held >= groupBytes || t.rows >= groupRows {
			t.rows, t.held = 0, 0
			if err := t.w.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *parquetTable[R]) close() error { return t.w.Close() }

// rowSize returns about how many bytes a row takes: 8 for each value, and the texts.
func rowSize[R any](row *R) int {
	v := reflect.ValueOf(row).Elem()
	size := 8 * v.NumField()
	for c := range v.NumField() {
		switch f := v.Field(c); {
		case f.Kind() == reflect.String:
			size += f.Len()
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.String:
			for i := range f.Len() {
				size += 8 + f.Index(i).Len()
			}
		case f.Kind() == reflect.Slice:
			size += 8 * f.Len()
		}
	}
	return size
}
