package ner_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/stretchr/testify/require"
)

func FuzzExtract(f *testing.F) {
	f.Add("Aspirin (ASA) eases pain.\r\n", "- aspirin\n- \"ASA\".", "- asa | pain\nx")
	f.Add("💊 é \x00", "- é\n1. 💊", "- chemical é influences disease 💊")
	fake := newFake(f, nil)
	e, err := ner.NewWithEngine(fake.engine(), ner.WithMaxNewTokens(64), ner.WithChunkTokens(48))
	require.NoError(f, err)
	var mu sync.Mutex
	f.Fuzz(func(t *testing.T, text, items, lines string) {
		mu.Lock()
		defer mu.Unlock()
		fake.answer = func(p string) (string, error) { return byTask(items, items, lines)(p), nil }
		for r, err := range e.Extract(context.Background(), document.Document{Text: text}) {
			if err != nil {
				var bad *badinput.Error
				if !errors.As(err, &bad) {
					t.Fatal(err)
				}
				continue
			}
			x := document.NewIndex(text)
			for _, e := range r.Entities {
				for _, s := range e.Spans {
					if got, ok := x.Slice(s); !ok || got != e.Text {
						t.Fatalf("%v of %q is %q, not %q", s, text, got, e.Text)
					}
				}
			}
		}
	})
}
