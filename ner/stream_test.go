package ner_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

// In more than linear time it would not end within the tests' limit.
func TestTenMegabyteLine(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 10 MB")
	}
	f := newFake(t, byTask("- aspirin", "", ""))
	text := strings.Repeat("aspirin ", 10<<20/8)
	r := extract(t, f, text, ner.WithTasks(prompt.Chemicals), ner.WithChunkTokens(0), ner.WithConcurrency(4))
	require.Len(t, r.Entities, 10<<20/8)
}

func TestBadDocumentsDontStopTheOthers(t *testing.T) {
	f := newFake(t, nil)
	broken := errors.New("broken")
	f.answer = func(p string) (string, error) {
		if strings.Contains(p, "ibuprofen") {
			return "", broken
		}
		return "- aspirin", nil
	}
	e, err := ner.NewWithEngine(f.engine(), ner.WithTasks(prompt.Chemicals))
	require.NoError(t, err)
	unread := errors.New("unreadable")
	docs := func(yield func(document.Document, error) bool) {
		for i := range 1000 {
			d := document.Document{ID: itoa(i), Text: "Aspirin."}
			var err error
			switch i {
			case 10:
				d.Text = "Aspirin \xff."
			case 500:
				d.Text = "ibuprofen"
			case 700:
				err = unread
			}
			if !yield(d, err) {
				return
			}
		}
	}
	n := 0
	for r, err := range e.Stream(t.Context(), docs) {
		switch n {
		case 10:
			var bad *badinput.Error
			require.True(t, errors.As(err, &bad))
			require.ErrorContains(t, err, "byte 0xff at byte 8")
			var failed *ner.DocumentError
			require.True(t, errors.As(err, &failed))
			require.Equal(t, "10", failed.Document)
		case 500:
			require.ErrorIs(t, err, broken)
		case 700:
			require.ErrorIs(t, err, unread)
		default:
			require.NoError(t, err)
			require.Equal(t, itoa(n), r.ID)
			require.Len(t, r.Entities, 1)
		}
		n++
	}
	require.Equal(t, 1000, n)
}

func TestExtractIsConcurrentOrderedAndBounded(t *testing.T) {
	f := newFake(t, nil)
	f.answer = func(p string) (string, error) {
		time.Sleep(time.Duration(len(p)%7) * time.Millisecond)
		return "- aspirin", nil
	}
	e, err := ner.NewWithEngine(f.engine(), ner.WithConcurrency(6))
	require.NoError(t, err)
	ahead, read := 0, 0
	docs := func(yield func(document.Document, error) bool) {
		for i := range 60 {
			f.mu.Lock()
			ahead = max(ahead, i-read)
			f.mu.Unlock()
			if !yield(document.Document{ID: itoa(i), Text: "Aspirin" + strings.Repeat(".", i%5)}, nil) {
				return
			}
		}
	}
	for r, err := range e.Stream(t.Context(), docs) {
		require.NoError(t, err)
		f.mu.Lock()
		require.Equal(t, itoa(read), r.ID)
		read++
		f.mu.Unlock()
	}
	require.Equal(t, 60, read)
	require.LessOrEqual(t, f.most, 6)
	require.Greater(t, f.most, 1, "questions are asked side by side")
	require.LessOrEqual(t, ahead, 8)

	// Several goroutines share one extractor.
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for r, err := range e.Extract(context.Background(), document.Document{Text: "Aspirin."}, document.Document{Text: "Aspirin!"}) {
				if err != nil || len(r.Entities) != 2 {
					t.Errorf("%v, %v", r, err)
				}
			}
		})
	}
	all.Wait()
}

func TestExtractCancelled(t *testing.T) {
	f := newFake(t, nil)
	began := make(chan struct{}, 100)
	blocked := &blocking{fake: f, began: began}
	engine := f.engine()
	engine.Generator = blocked
	e, err := ner.NewWithEngine(engine, ner.WithConcurrency(4))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	docs := make([]document.Document, 50)
	for i := range docs {
		docs[i].Text = "Aspirin."
	}
	var errs []error
	for _, err := range e.Extract(ctx, docs...) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], context.Canceled)
}

// blocking never answers.
type blocking struct {
	*fake
	began chan struct{}
}

func (b *blocking) Generate(ctx context.Context, _ model.Request) (*model.Result, error) {
	b.began <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestLeavingTheLoopLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	f := newFake(t, byTask("- aspirin", "", ""))
	e, err := ner.NewWithEngine(f.engine(), ner.WithConcurrency(3))
	require.NoError(t, err)
	var endless iter.Seq2[document.Document, error] = func(yield func(document.Document, error) bool) {
		for yield(document.Document{Text: "Aspirin."}, nil) {
		}
	}
	n := 0
	for range e.Stream(t.Context(), endless) {
		if n++; n == 5 {
			break
		}
	}
	for range 6000 { // a minute: long enough for any machine
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestSameResultWhateverTheConcurrency(t *testing.T) {
	text := strings.Repeat("Aspirin eases chest pain. Ibuprofen too. ", 40)
	script := byTask("- ibuprofen\n- aspirin\n- x", "- pain\n- chest pain", "- aspirin | pain")
	want := extract(t, newFake(t, script), text, ner.WithConcurrency(1), ner.WithChunkTokens(64))
	for range 3 {
		require.Equal(t, want, extract(t, newFake(t, script), text, ner.WithConcurrency(16), ner.WithChunkTokens(64)))
	}
}
