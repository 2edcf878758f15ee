package stats

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/medner/medner/internal/atomicfile"
)

// pairs counts pairs by document, in sorted runs: one in memory, the others in
// temporary files.
type pairs struct {
	memory int64 // bytes of held and names, at most
	dir    string
	ids    int // identifiers that are kept of a pair

	held  []mentioned
	names []string // identifiers of the documents of held
	bytes int64    // of names
	runs  []*os.File
}

// mentioned says that a document mentions a pair.
type mentioned struct {
	pair
	document           int32 // index in names
	together, asserted bool
}

// mentionedBytes is what a mentioned pair takes in memory, while it is sorted too.
const mentionedBytes = 16

// maxRuns bounds the files that are open at once: so many are merged to one.
const maxRuns = 64

// group is what several documents say of a pair.
type group struct {
	pair
	documents, asserted int64
	ids                 []string
}

// add notes the pairs of a document.
func (p *pairs) add(id string, chemicals, diseases []uint32, asserted map[pair]bool) error {
	if len(asserted) == 0 && (len(chemicals) == 0 || len(diseases) == 0) {
		return nil
	}
	id = strings.Clone(id)
	p.name(id)
	left := len(asserted)
	for _, c := range chemicals {
		for _, d := range diseases {
			is := asserted[pair{c, d}]
			if is {
				left--
			}
			if err := p.hold(id, pair{c, d}, true, is); err != nil {
				return err
			}
		}
	}
	if left == 0 {
		return nil
	}
	for both := range asserted { // in any order: they are sorted
		if slices.Contains(chemicals, both.chemical) && slices.Contains(diseases, both.disease) {
			continue
		}
		if err := p.hold(id, both, false, true); err != nil {
			return err
		}
	}
	return nil
}

// name begins a document.
func (p *pairs) name(id string) {
	p.names = append(p.names, id)
	p.bytes += int64(len(id)) + 16
}

func (p *pairs) hold(id string, both pair, together, asserted bool) error {
	p.held = append(p.held, mentioned{both, int32(len(p.names) - 1), together, asserted})
	if p.bytes+int64(len(p.held))*mentionedBytes < p.memory {
		return nil
	}
	if err := p.spill(); err != nil {
		return err
	}
	p.name(id)
	return nil
}

// spill writes what is held to a file.
func (p *pairs) spill() error {
	f, err := p.write(p.sorted())
	if err != nil {
		return err
	}
	p.runs = append(p.runs, f)
	p.held, p.names, p.bytes = p.held[:0], p.names[:0], 0
	if len(p.runs) < maxRuns {
		return nil
	}
	next, err := p.merged(p.runs, nil)
	if err != nil {
		return err
	}
	all, err := p.write(next)
	if err != nil {
		return err
	}
	err = p.close()
	p.runs = []*os.File{all}
	return err
}

// source returns the next group in the order of pairs; io.EOF behind the last.
type source func() (group, error)

// sorted returns the groups of what is held.
func (p *pairs) sorted() source {
	slices.SortFunc(p.held, func(a, b mentioned) int {
		return cmp.Or(comparePairs(a.pair, b.pair), cmp.Compare(a.document, b.document))
	})
	at := 0
	return func() (g group, err error) {
		if at == len(p.held) {
			return g, io.EOF
		}
		g.pair = p.held[at].pair
		for ; at < len(p.held) && p.held[at].pair == g.pair; at++ {
			m := p.held[at]
			if m.together {
				g.documents++
			}
			if m.asserted {
				g.asserted++
			}
			if len(g.ids) < p.ids {
				g.ids = append(g.ids, p.names[m.document])
			}
		}
		return g, nil
	}
}

func comparePairs(a, b pair) int {
	return cmp.Or(cmp.Compare(a.chemical, b.chemical), cmp.Compare(a.disease, b.disease))
}

// write writes groups to a new temporary file.
func (p *pairs) write(next source) (*os.File, error) {
	f, err := os.CreateTemp(p.dir, "medner-stats-*")
	if err != nil {
		return nil, &atomicfile.WriteError{Err: err}
	}
	_ = os.Remove(f.Name()) // where a file that is open can be removed, no kill leaves it behind
	w := bufio.NewWriterSize(f, 1<<16)
	var b []byte
	for {
		g, err := next()
		if err == io.EOF { //nolint:errorlint // sources return it bare
			break
		}
		if err != nil {
			return nil, errors.Join(err, remove(f))
		}
		b = b[:0]
		for _, v := range []uint64{uint64(g.chemical), uint64(g.disease), uint64(g.documents), uint64(g.asserted), uint64(len(g.ids))} {
			b = binary.AppendUvarint(b, v)
		}
		for _, id := range g.ids {
			b = append(binary.AppendUvarint(b, uint64(len(id))), id...)
		}
		if _, err := w.Write(b); err != nil {
			return nil, errors.Join(&atomicfile.WriteError{Err: err}, remove(f))
		}
	}
	if err := w.Flush(); err != nil {
		return nil, errors.Join(&atomicfile.WriteError{Err: err}, remove(f))
	}
	return f, nil
}

// read returns the groups of a file that write wrote.
func read(f *os.File) (source, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(f, 1<<16)
	return func() (g group, err error) {
		var v [5]uint64
		for i := range v {
			if v[i], err = binary.ReadUvarint(r); err != nil {
				if i == 0 && err == io.EOF { //nolint:errorlint // ReadUvarint returns it bare
					return g, io.EOF
				}
				return g, damaged(f, err)
			}
		}
		g.pair = pair{uint32(v[0]), uint32(v[1])}
		g.documents, g.asserted = int64(v[2]), int64(v[3])
		for range v[4] {
			n, err := binary.ReadUvarint(r)
			if err != nil {
				return g, damaged(f, err)
			}
			id := make([]byte, n)
			if _, err := io.ReadFull(r, id); err != nil {
				return g, damaged(f, err)
			}
			g.ids = append(g.ids, string(id))
		}
		return g, nil
	}, nil
}

func damaged(f *os.File, err error) error {
	return fmt.Errorf("%s: a temporary file ends early: %w", f.Name(), err)
}

// all returns the groups of all documents.
func (p *pairs) all() (source, error) { return p.merged(p.runs, p.sorted()) }

// merged merges the groups of files, which are in the order of their documents,
// and of last, which come after them; last may be nil.
func (p *pairs) merged(files []*os.File, last source) (source, error) {
	var sources []source
	for _, f := range files {
		s, err := read(f)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	if last != nil {
		sources = append(sources, last)
	}
	heads := make([]*group, len(sources))
	advance := func(i int) error {
		g, err := sources[i]()
		if err == io.EOF { //nolint:errorlint // sources return it bare
			heads[i] = nil
			return nil
		}
		heads[i] = &g
		return err
	}
	for i := range sources {
		if err := advance(i); err != nil {
			return nil, err
		}
	}
	return func() (g group, err error) {
		var least *pair
		for _, h := range heads {
			if h != nil && (least == nil || comparePairs(h.pair, *least) < 0) {
				least = &h.pair
			}
		}
		if least == nil {
			return g, io.EOF
		}
		g.pair = *least
		for i, h := range heads {
			if h == nil || h.pair != g.pair {
				continue
			}
			g.documents += h.documents
			g.asserted += h.asserted
			g.ids = append(g.ids, h.ids[:min(len(h.ids), p.ids-len(g.ids))]...)
			if err := advance(i); err != nil {
				return g, err
			}
		}
		return g, nil
	}, nil
}

// close removes the files.
func (p *pairs) close() error {
	var errs []error
	for _, f := range p.runs {
		errs = append(errs, remove(f))
	}
	p.runs = nil
	return errors.Join(errs...)
}

func remove(f *os.File) error {
	err := f.Close()
	_ = os.Remove(f.Name()) // it is gone already where open files can be removed
	return err
}
