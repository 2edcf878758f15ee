package shards

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/job"
)

// attempt is what a process has done of a shard, in files whose names have the
// process's token: two processes that work on one shard, because one of them seemed
// dead, don't write the same files.
type attempt struct {
	output   string // and the job's journal beside it
	failures string
}

func (f folder) attempt(shard int, token string) attempt {
	stem := filepath.Join(f.work(), fmt.Sprintf("shard-%05d.%s", shard, token))
	return attempt{output: stem + ".jsonl", failures: stem + ".errors.jsonl"}
}

// attempts returns what processes that are gone, or seem to be, have left of a shard.
func (f folder) attempts(shard int) ([]attempt, error) {
	journals, err := files.Glob(f.work(), fmt.Sprintf("shard-%05d.*.jsonl%s", shard, job.JournalSuffix))
	if err != nil {
		return nil, err
	}
	var all []attempt
	for _, path := range journals {
		token := strings.Split(filepath.Base(path), ".")[1]
		all = append(all, f.attempt(shard, token))
	}
	return all, nil
}

// adopt makes the longest of the earlier attempts that of this process, by copying it,
// and removes the others. With redo it only removes them.
func (f folder) adopt(shard int, to attempt, redo bool) error {
	if err := atomicfile.MakeAll(f.work()); err != nil {
		return err
	}
	earlier, err := f.attempts(shard)
	if err != nil {
		return err
	}
	slices.SortStableFunc(earlier, func(a, b attempt) int { return b.documents() - a.documents() })
	if len(earlier) > 0 && !redo {
		best := earlier[0]
		if err := f.takeBack(shard, best); err != nil {
			return err
		}
		// The journal is ahead of the output, and the failures of the journal: a copy in
		// this order is one that a process which died could have left.
		for _, pair := range [][2]string{
			{best.output, to.output}, {best.output + job.JournalSuffix, to.output + job.JournalSuffix}, {best.failures, to.failures},
		} {
			if err := copyFile(pair[0], pair[1]); err != nil {
				return errors.Join(err, to.remove())
			}
		}
	}
	for _, a := range earlier {
		if err := a.remove(); err != nil {
			return err
		}
	}
	return nil
}

// takeBack makes the shard's output that of an attempt again, whose process died
// after it had given the output its name and before it had written that the shard is
// done.
func (f folder) takeBack(shard int, a attempt) error {
	if _, err := files.Stat(a.output); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := files.Stat(f.output(shard)); err != nil {
		return nil //nolint:nilerr // the output is gone: it is made again
	}
	return atomicfile.Move(f.output(shard), a.output)
}

// documents returns how many documents the attempt has recorded.
func (a attempt) documents() int {
	in, err := files.Open(a.output + job.JournalSuffix)
	if err != nil {
		return 0
	}
	defer func() { _ = in.Close() }()
	lines, buffer := 0, make([]byte, 1<<16)
	for {
		n, err := in.Read(buffer)
		lines += bytes.Count(buffer[:n], []byte("\n"))
		if err != nil {
			return max(0, lines-1)
		}
	}
}

// remove removes the attempt's files; the journal last, by which they are found.
func (a attempt) remove() error {
	return errors.Join(atomicfile.Remove(a.output), atomicfile.Remove(a.failures), atomicfile.Remove(a.output+job.JournalSuffix))
}

// copyFile copies a file, if it is there.
func copyFile(from, to string) error {
	in, err := files.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return atomicfile.Write(to, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}
