package job

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
)

// journal makes a long output resumable. Beside the output FILE it keeps
// FILE.resume: first a line with the job's settings, then a line for each document,
// in order: the output's size after the document, the beginning of the SHA-256 of
// those bytes, the document's identity, and "failed" if it failed. Each line ends
// with a CRC-32 of all that the journal holds before it:
//
//	{"medner":"journal/2","settings":{"--format":"tsv"}} 5d4f1a90
//	1204 9f86d081884c7d659a2feaa0c55ad015 5be1c2f1e0a3d9b4 0a8e44d2
//	1204 9f86d081884c7d659a2feaa0c55ad015 09d1f5b7a86c2e13 failed 77b0c3aa
//
// A line is on disk before the document's bytes are written. So the output of a
// process that dies is never longer than the journal says, and holds at most one
// document in part, which is completed when the job goes on. An output that
// doesn't have the bytes that the journal says is another file, and is not touched.
//
// If FILE is there with other content, results go to FILE.partial, which takes
// FILE's place when the job is complete.
//
// When a job is complete its journal is removed, unless the job may be resumed:
// the journal then tells which documents the output holds.
type journal struct {
	path    string // of the output
	partial bool   // out is FILE.partial
	out     file
	log     file
	release func() error // gives up the lock on the journal
	syncDir func(path string) error
	keep    bool // the journal stays when the job is complete

	size    int64        // bytes of the output's documents
	sum     hash.Hash    // of these bytes
	check   uint32       // the CRC-32 of the journal
	pending bytes.Buffer // bytes of the document that record will write
	// tail holds the bytes in the output of the next document, whose line in the
	// journal is expected: an earlier run died while it wrote them.
	tail     []byte
	expected entry
	target   string // the path of out when a run is resumed
	// done holds the identities of the documents that earlier runs recorded.
	done []identity
	// failed is how many of done failed.
	failed int
}

// JournalSuffix follows the name of an output in the name of its journal.
const JournalSuffix = ".resume"

const (
	partialSuffix = ".partial"
	journalSchema = "journal/2"
	// journalMagic begins the journals of every version.
	journalMagic = `{"medner":"journal/`
)

// head is the first line of a journal.
type head struct {
	Schema   string            `json:"medner"`
	Partial  bool              `json:"partial,omitempty"`
	Settings map[string]string `json:"settings,omitempty"`
}

// startJournal opens an output file and its journal. With o.Resume it goes on
// after the documents that an earlier run has done.
func startJournal(o *Output) (_ *journal, err error) {
	syncDir := func(string) error { return nil }
	if o.open == nil {
		syncDir = atomicfile.SyncDir
		o.open = func(name string, flag int, perm os.FileMode) (file, error) { return os.OpenFile(name, flag, perm) }
	}
	info, _, err := atomicfile.Target(o.Path)
	if err != nil {
		return nil, err
	}
	j := &journal{path: o.Path, keep: o.Resume, sum: sha256.New(), syncDir: syncDir}
	defer func() {
		if err != nil {
			_ = j.close() // err says more
		}
	}()
	before, err := lookAtJournal(o.Path)
	if err != nil {
		return nil, err
	}
	if before {
		if j.release, err = lockJournal(o.Path); err != nil {
			return nil, err
		}
	}
	if o.Resume && before {
		if found, err := j.resume(o); err != nil || found {
			return j, err
		}
	} else if o.Resume && info != nil && info.Size() > 0 {
		err := badinput.New(o.Path, "journal", "no "+o.Path+JournalSuffix, "one that says what the output was made of")
		return nil, hint.Add(err, "remove the output to start again; only runs with --resume keep the journal when they end")
	}
	return j, j.begin(o, info, before)
}

// begin begins an output and its journal; before says that there is a journal of
// another run, which ends here.
func (j *journal) begin(o *Output, info os.FileInfo, before bool) error {
	const create = os.O_RDWR | os.O_CREATE | os.O_EXCL
	if err := j.clear(before); err != nil {
		return err
	}
	var err error
	if j.log, err = o.open(o.Path+JournalSuffix, create, 0o666); err != nil {
		return writing(err)
	}
	if j.release, err = lockJournal(o.Path); err != nil {
		return err
	}
	j.partial = info != nil && info.Size() > 0
	first, err := json.Marshal(head{journalSchema, j.partial, o.Settings})
	if err != nil {
		return err
	}
	if err := j.line(string(first)); err != nil {
		return err
	}
	switch {
	case j.partial:
		j.out, err = o.open(o.Path+partialSuffix, create, 0o600)
	case info != nil:
		j.out, err = o.open(o.Path, os.O_RDWR, 0)
	default:
		j.out, err = o.open(o.Path, create, 0o666)
	}
	return writing(err)
}

// writing returns err as an error of writing the output.
func writing(err error) error {
	if err == nil {
		return nil
	}
	return &atomicfile.WriteError{Err: err}
}

// line appends a line to the journal, and has it written to disk.
func (j *journal) line(text string) error {
	line := fmt.Sprintf("%s %08x\n", text, crc32.Update(j.check, crc32.IEEETable, []byte(text)))
	j.check = crc32.Update(j.check, crc32.IEEETable, []byte(line))
	if _, err := io.WriteString(j.log, line); err != nil {
		return writing(err)
	}
	return writing(j.log.Sync())
}

// Write takes the bytes of the document that record ends.
func (j *journal) Write(p []byte) (int, error) { return j.pending.Write(p) }

// record writes a document: its line, and then the bytes that Write took.
func (j *journal) record(id identity, failed bool) error {
	entry := fmt.Sprintf("%016x", uint64(id))
	if failed {
		entry += " failed"
	}
	return j.append(entry)
}

// append writes the line of an entry and then the pending bytes. If an earlier run
// died while it wrote them, the line and the first of the bytes are there already.
func (j *journal) append(entry string) error {
	j.size += int64(j.pending.Len())
	j.sum.Write(j.pending.Bytes())
	line := fmt.Sprintf("%d %s %s", j.size, sumText(j.sum), entry)
	if j.tail == nil {
		if err := j.line(line); err != nil {
			return err
		}
	} else {
		if line != j.expected.text || !bytes.HasPrefix(j.pending.Bytes(), j.tail) {
			return j.refuse(fmt.Sprintf("other bytes in the output of document %d", len(j.done)+1))
		}
		if err := cut(j.log, j.expected.length); err != nil {
			return writing(err)
		}
		j.pending.Next(len(j.tail))
		j.check, j.tail = j.expected.check, nil
	}
	_, err := j.pending.WriteTo(j.out)
	return writing(err)
}

// sumText returns the first half of a hash in hexadecimal.
func sumText(h hash.Hash) string { return fmt.Sprintf("%x", h.Sum(nil)[:sha256.Size/2]) }

// close closes both files and leaves them as they are, for a later run.
func (j *journal) close() error {
	var errs []error
	for _, f := range []file{j.out, j.log} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	if j.release != nil {
		errs = append(errs, j.release())
	}
	return errors.Join(errs...)
}

// endEntry stands in place of an identity before the bytes that complete an
// output, such as the head of a table that has no rows.
const endEntry = "end"

// complete ends the journal of a job all of whose documents are done.
func (j *journal) complete() error {
	if j.pending.Len() > 0 {
		if err := j.append(endEntry); err != nil {
			return errors.Join(err, j.close())
		}
	}
	if j.tail != nil {
		return errors.Join(j.refuse(fmt.Sprintf("%d bytes behind the last document", len(j.tail))), j.close())
	}
	if err := j.out.Sync(); err != nil {
		return errors.Join(writing(err), j.close())
	}
	if err := j.close(); err != nil {
		return writing(err)
	}
	if j.partial {
		if err := j.replace(); err != nil {
			return err
		}
	}
	if !j.keep {
		if err := os.Remove(j.path + JournalSuffix); err != nil {
			return writing(err)
		}
	}
	return j.syncDir(filepath.Dir(j.path))
}

// giveUp ends the journal of a job without a result: FILE stays as it is. A job that
// may be resumed keeps its journal.
func (j *journal) giveUp() error {
	if err := j.close(); err != nil || j.keep {
		return writing(err)
	}
	return writing(errors.Join(os.Remove(j.path+partialSuffix), os.Remove(j.path+JournalSuffix)))
}

// replace gives FILE.partial the name and the mode of FILE.
func (j *journal) replace() error {
	info, special, err := atomicfile.Target(j.path)
	if err != nil {
		return err
	}
	if special {
		return badinput.New(j.path, "", files.Kind(info.Mode()), "the file that was there when the run began")
	}
	mode := os.FileMode(0o600)
	if info != nil {
		mode = info.Mode().Perm()
	}
	partial := j.path + partialSuffix
	return writing(errors.Join(os.Chmod(partial, mode), os.Rename(partial, j.path)))
}
