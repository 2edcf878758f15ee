package shards

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/job"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
)

// echo is an extractor that finds one chemical, the first word, in each document.
type echo struct {
	fails  map[string]error
	asked  []string // the documents that it was asked about
	watch  func(id string)
	opened int
}

func (e *echo) open(context.Context) (job.Extractor, error) {
	e.opened++
	return e, nil
}

func (e *echo) Stream(ctx context.Context, docs iter.Seq2[document.Document, error]) iter.Seq2[*document.Result, error] {
	return func(yield func(*document.Result, error) bool) {
		for d, err := range docs {
			if err == nil {
				e.asked = append(e.asked, d.ID)
				if e.watch != nil {
					e.watch(d.ID)
				}
				err = e.fails[d.ID]
			}
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			word, _, _ := strings.Cut(d.Text, " ")
			r := &document.Result{Document: d}
			r.Entities = append(r.Entities, document.Entity{Type: document.Chemical, Text: word, Spans: []document.Span{{Start: 0, End: len([]rune(word))}}, Grounded: true})
			if !yield(r, err) {
				return
			}
		}
	}
}

// write writes files below a folder and returns it.
func write(t *testing.T, list map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range list {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// lines returns JSON lines of n documents, whose identifiers begin with prefix.
func lines(prefix string, n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "{\"id\":%q,\"text\":\"Aspirin%d and others.\"}\n", fmt.Sprintf("%s%d", prefix, i), i)
		if i%3 == 1 {
			text.WriteString("  \n")
		}
	}
	return text.String()
}

// citations returns a file of PubMed with citations of PMIDs.
func citations(text string, pmids ...int) string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<PubmedArticleSet>\n")
	for _, id := range pmids {
		fmt.Fprintf(&b, "<PubmedArticle><MedlineCitation><PMID Version=\"1\">%d</PMID><Article><ArticleTitle>%s %d.</ArticleTitle></Article></MedlineCitation></PubmedArticle>\n", id, text, id)
	}
	b.WriteString("</PubmedArticleSet>\n")
	return b.String()
}

// options returns options of a plan for the files in a folder.
func options(dir string) PlanOptions {
	return PlanOptions{Paths: []string{dir}, Dir: dir, Duplicates: LaterCitation, Warn: func(format.Warning) {}, Unreadable: func(error) {}}
}

func plan(t *testing.T, o PlanOptions) *Manifest {
	t.Helper()
	m, err := Plan(t.Context(), o)
	require.NoError(t, err)
	path := filepath.Join(o.Dir, "manifest")
	require.NoError(t, m.Write(path))
	loaded, err := Load(path)
	require.NoError(t, err)
	require.Equal(t, m, loaded)
	return loaded
}

// identifiers returns the identifiers of each shard's documents.
func identifiers(t *testing.T, m *Manifest) (all [][]string) {
	t.Helper()
	for i := range m.Shards {
		r := newReading(m, &m.Shards[i], nil)
		require.NoError(t, r.check(t.Context()))
		list := []string{}
		for res, err := range r.documents(func(err error) { t.Error(err) }) {
			if err != nil {
				res.ID = "bad"
			}
			list = append(list, res.ID)
		}
		require.Len(t, list, m.Shards[i].Documents)
		all = append(all, list)
	}
	return all
}

func worker(m *Manifest, dir string, e *echo) *Worker {
	return &Worker{
		Manifest: m, Folder: dir, Config: Config{"engine": "1", "model": "echo"}, Extractor: e.open, Text: true,
		Stop: make(chan struct{}), leases: leases{time: 100 * time.Millisecond},
		Transient: func(err error) bool { return errors.Is(err, errMachine) },
	}
}

var (
	errMachine = errors.New("the machine is lost")
	errHard    = errors.New("too hard")
)
