package shards

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/medner/medner/internal/atomicfile"
)

// The kinds of records.
const (
	readable   = 'd' // a document
	unreadable = 'u' // a document that can't be read
	deletion   = 'x' // an instruction to delete the documents of an identifier
)

// record is what a plan keeps of a document.
type record struct {
	kind byte
	// unique says that of the documents with this identifier only the last counts.
	unique  bool
	input   int // index
	version int // of the documents of one identifier in an input, the highest counts
	size    int // bytes of the text
	id      string
}

// spool is a temporary file of the records of all documents, in order: a corpus may
// have more of them than memory has room for.
type spool struct {
	file *os.File
	w    *bufio.Writer
	// documents counts the records that aren't deletions, all those that are.
	documents, all int
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "medner-plan-*")
	if err != nil {
		return nil, &atomicfile.WriteError{Err: err}
	}
	return &spool{file: f, w: bufio.NewWriterSize(f, 1<<18)}, nil
}

func (s *spool) close() error { return errors.Join(s.file.Close(), os.Remove(s.file.Name())) }

func (s *spool) add(r record) error {
	unique := byte(0)
	if r.unique {
		unique = 1
	}
	head := []byte{r.kind, unique}
	for _, n := range []int{r.input, r.version, r.size, len(r.id)} {
		head = binary.AppendUvarint(head, uint64(n))
	}
	s.all++
	if r.kind != deletion {
		s.documents++
	}
	_, err := s.w.Write(append(head, r.id...))
	if err != nil {
		return &atomicfile.WriteError{Err: err}
	}
	return nil
}

// each calls f for all records from the first on. position counts the records that
// are no deletions.
func (s *spool) each(f func(position int, r record) error) error {
	if err := s.w.Flush(); err != nil {
		return &atomicfile.WriteError{Err: err}
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(s.file, 1<<18)
	for i, position := 0, 0; i < s.all; i++ {
		r, err := readRecord(in)
		if err != nil {
			return err
		}
		if err := f(position, r); err != nil {
			return err
		}
		if r.kind != deletion {
			position++
		}
	}
	return nil
}

func readRecord(in *bufio.Reader) (r record, err error) {
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return r, err
	}
	r.kind, r.unique = head[0], head[1] == 1
	length := 0
	for _, to := range []*int{&r.input, &r.version, &r.size, &length} {
		n, err := binary.ReadUvarint(in)
		if err != nil {
			return r, err
		}
		*to = int(n)
	}
	id := make([]byte, length)
	_, err = io.ReadFull(in, id)
	r.id = string(id)
	return r, err
}

// bits is a set of positions.
type bits []uint64

func newBits(n int) bits      { return make(bits, (n+63)/64) }
func (b bits) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

// fact is a record whose identifier has a hash.
type fact struct {
	hash     [16]byte
	input    int
	version  int
	order    int // the number among all records, from 0
	position int // of the document; of the next one for a deletion
	deletion bool
}

// atOnce is how many facts a pass over the spool holds in memory.
const atOnce = 1 << 20

// outdated says which documents are in no shard.
type outdated struct {
	gone bits // positions of the documents
	// deleting has the deletions, by their number among all records, after which no
	// document of their identifier comes.
	deleting            bits
	superseded, deleted int // numbers of the documents, by the reason
}

// outdated finds the documents that a later document of the same identifier supersedes,
// and those that a later file deletes. It passes over the spool as often as its records
// need, so that memory holds atOnce of them and a bit for each record.
func (s *spool) outdated(atOnce int) (*outdated, error) {
	found := &outdated{gone: newBits(s.documents), deleting: newBits(s.all)}
	passes := s.all/atOnce + 1
	for pass := range passes {
		facts, err := s.facts(pass, passes)
		if err != nil {
			return nil, err
		}
		for len(facts) > 0 {
			n := 1
			for n < len(facts) && facts[n].hash == facts[0].hash {
				n++
			}
			found.add(facts[:n])
			facts = facts[n:]
		}
	}
	return found, nil
}

// facts returns the records of one of several passes that can outdate each other, those
// of one identifier together, in the order in which they count.
func (s *spool) facts(pass, passes int) ([]fact, error) {
	var facts []fact
	order := -1
	err := s.each(func(position int, r record) error {
		order++
		if !r.unique || r.id == "" {
			return nil
		}
		sum := sha256.Sum256([]byte(r.id))
		if int(binary.BigEndian.Uint32(sum[16:]))%passes != pass {
			return nil
		}
		facts = append(facts, fact{[16]byte(sum[:16]), r.input, r.version, order, position, r.kind == deletion})
		return nil
	})
	slices.SortFunc(facts, func(a, b fact) int {
		return cmp.Or(slices.Compare(a.hash[:], b.hash[:]), a.input-b.input, a.version-b.version, a.order-b.order)
	})
	return facts, err
}

// add adds what the facts of one identifier say, of which the last counts.
func (o *outdated) add(facts []fact) {
	last := facts[len(facts)-1]
	if last.deletion {
		o.deleting.set(last.order)
	}
	for _, f := range facts {
		switch {
		case f.deletion, f.order == last.order:
		case last.deletion:
			o.deleted++
			o.gone.set(f.position)
		default:
			o.superseded++
			o.gone.set(f.position)
		}
	}
}
