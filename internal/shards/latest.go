package shards

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/hint"
)

// Corpus is a manifest and the folder of its shards.
type Corpus struct {
	Manifest *Manifest
	Folder   string
}

// latest tells which documents of several corpora are outdated by a document or a
// deletion in another one. It holds some 50 bytes for each identifier of a corpus that may
// outdate something; the first and largest of several in order is none of these.
type latest struct {
	ranks [][]int // by corpus and input: the higher, the later
	last  map[[16]byte]fate
}

// fate is where an identifier comes last.
type fate struct {
	rank     int
	deletion bool
}

// rank orders the inputs of all corpora: PubMed's citation files by their numbers, behind
// all others; the others as the corpora and their inputs are given. Within one corpus that
// is the order of the inputs.
func rank(corpora []Corpus) [][]int {
	type input struct{ corpus, index int }
	var all []input
	ranks := make([][]int, len(corpora))
	for i, c := range corpora {
		ranks[i] = make([]int, len(c.Manifest.Inputs))
		for j := range c.Manifest.Inputs {
			all = append(all, input{i, j})
		}
	}
	slices.SortFunc(all, func(a, b input) int {
		x, y := corpora[a.corpus].Manifest.Inputs[a.index].Path, corpora[b.corpus].Manifest.Inputs[b.index].Path
		return cmp.Or(byNumber(filepath.Base(x), filepath.Base(y)), a.corpus-b.corpus, a.index-b.index)
	})
	for i, in := range all {
		ranks[in.corpus][in.index] = i
	}
	return ranks
}

// repeated returns an error if two corpora have a file whose documents would come twice, as
// no document of its format supersedes another.
func repeated(corpora []Corpus) error {
	seen := map[string]int{}
	for i, c := range corpora {
		for j := range c.Manifest.Inputs {
			in := &c.Manifest.Inputs[j]
			if in.Documents == 0 || c.Manifest.Duplicates.unique(in.Format) {
				continue
			}
			if other, found := seen[in.SHA256]; found && other != i {
				err := badinput.New(c.Folder, "inputs", fmt.Sprintf("%s, which the corpus in %s has too", in.Path, corpora[other].Folder), "each file once")
				return hint.Add(err, "name each corpus once; 'medner batch plan --previous' leaves out files that an earlier manifest has")
			}
			seen[in.SHA256] = i
		}
	}
	return nil
}

// newLatest reads the identifiers of the corpora that may outdate documents of others.
// dones has the complete shards of each.
func newLatest(ctx context.Context, corpora []Corpus, dones [][]*Done) (*latest, error) {
	l := &latest{ranks: rank(corpora), last: map[[16]byte]fate{}}
	for i, c := range corpora {
		if !l.mayOutdate(i) {
			continue
		}
		for j := range c.Manifest.Inputs {
			for _, id := range c.Manifest.Inputs[j].Deletes {
				l.add(id, fate{l.ranks[i][j], true})
			}
		}
		for _, done := range dones[i] {
			at := c.Manifest.origins(done.Shard)
			for res, err := range c.Manifest.results(ctx, folder(c.Folder), done) {
				input, unique := at()
				id := res.ID
				var failed *FailedError
				switch {
				case ctx.Err() != nil:
					return nil, ctx.Err()
				case errors.As(err, &failed): // it outdates others too: they aren't what PubMed has
					id = failed.ID
				case err != nil:
					return nil, err
				}
				if unique {
					l.add(id, fate{l.ranks[i][input], false})
				}
			}
		}
	}
	return l, nil
}

// mayOutdate reports whether an input of a corpus comes behind one of another corpus.
func (l *latest) mayOutdate(corpus int) bool {
	if len(l.ranks[corpus]) == 0 {
		return false
	}
	most := slices.Max(l.ranks[corpus])
	for i, ranks := range l.ranks {
		if i != corpus && len(ranks) > 0 && slices.Min(ranks) < most {
			return true
		}
	}
	return false
}

// add notes where an identifier comes. A deletion in a file comes behind its documents.
func (l *latest) add(id string, f fate) {
	if id == "" {
		return
	}
	key := identity(id)
	old, found := l.last[key]
	if !found || f.rank > old.rank || f.rank == old.rank && f.deletion {
		l.last[key] = f
	}
}

// outdated reports whether a document of an input doesn't count, and whether it is
// deleted.
func (l *latest) outdated(id string, corpus, input int) (outdated, deleted bool) {
	f, found := l.last[identity(id)]
	outdated = found && id != "" && f.rank > l.ranks[corpus][input]
	return outdated, outdated && f.deletion
}

// identity returns what stands for an identifier in memory.
func identity(id string) [16]byte {
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:16])
}

// origins returns a function that says for each document of a shard, one after the other,
// which input it is from, and whether a later document of its identifier supersedes it.
func (m *Manifest) origins(shard int) func() (input int, unique bool) {
	parts := m.Shards[shard].Parts
	left := 0
	return func() (int, bool) {
		for left == 0 && len(parts) > 0 {
			if left = parts[0].documents(); left == 0 {
				parts = parts[1:]
			}
		}
		if left == 0 { // results that have more documents than the shard are an error
			return 0, false
		}
		input := parts[0].Input
		if left--; left == 0 {
			parts = parts[1:]
		}
		return input, m.Duplicates.unique(m.Inputs[input].Format)
	}
}
