package format

import (
	"context"
	"errors"
	"iter"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// Counts says how many documents a conversion met, and how many of them could not
// be read or written.
type Counts struct{ Documents, Failed int }

// Convert writes documents to w and closes w. It calls report with the error of
// each document that can't be read or written, and goes on with the next. It
// returns early, without closing w, when ctx ends or the output fails. A folder is
// abandoned if no document could be written.
func Convert(ctx context.Context, docs iter.Seq2[document.Result, error], w Writer, report func(error)) (Counts, error) {
	var n Counts
	for res, err := range docs {
		if cause := ctx.Err(); cause != nil {
			return n, cause
		}
		n.Documents++
		if err == nil {
			err = w.Write(&res)
			var bad *badinput.Error
			if err != nil && !errors.As(err, &bad) {
				return n, err
			}
		}
		if err != nil {
			n.Failed++
			report(err)
		}
	}
	if folder, ok := w.(FolderWriter); ok && n.Failed > 0 && n.Failed == n.Documents {
		return n, folder.Abandon()
	}
	return n, w.Close()
}
