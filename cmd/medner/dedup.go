package main

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/medner/medner/internal/dedup"
	"github.com/medner/medner/internal/job"
	"github.com/medner/medner/ner"
)

// dedupFlag registers the flag that has each text annotated once.
func dedupFlag(fs *pflag.FlagSet, on *bool) {
	fs.BoolVar(on, "dedup", false, "annotate a text that comes several times once; each document gets its result under its own identifier")
}

// deduped returns what annotates documents for a job: the extractor itself, or if
// on is set one that asks it about each text once. report says afterwards how many
// documents that spared.
func deduped(extractor *ner.Extractor, on bool) (x job.Extractor, report func(io.Writer)) {
	if !on {
		return extractor, func(io.Writer) {}
	}
	once := dedup.New(extractor.Stream, dedup.DefaultMemory)
	return once, func(w io.Writer) {
		documents, repeated := once.Counts()
		fmt.Fprintf(w, "medner: %d of %d documents have the text of an earlier one and got its result\n", repeated, documents)
	}
}
