package format

import (
	"io"

	"github.com/medner/medner/internal/parquet"
)

// parquetTable writes a table as a Parquet file.
type parquetTable[R any] struct{ w *parquet.Writer[R] }

func newParquetTable[R any](w io.Writer) parquetTable[R] {
	return parquetTable[R]{parquet.NewWriter[R](w)}
}

func (t parquetTable[R]) add(_ string, rows ...R) error { return t.w.Write(rows...) }

func (t parquetTable[R]) close() error { return t.w.Close() }
