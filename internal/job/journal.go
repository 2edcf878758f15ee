package job

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/hint"
)

// journal makes a long output resumable. Beside the output FILE it keeps
// FILE.resume: first a line with the job's settings as a JSON object, then a
// line for each document that is done, in order: the output's size after it, the
// document's identity, and "failed" if it failed:
//
//	{"--format":"tsv","model":"…"}
//	1204 5be1c2f1e0a3d9b4
//	1204 09d1f5b7a86c2e13 failed
//
// A line is written after the document's output, so that a process which dies
// leaves at most a part of one document behind the size in the last line;
// resuming cuts that part off. When a job is complete its journal is removed,
// unless the job may be resumed: the journal then tells which documents the
// output holds.
type journal struct {
	name string // of the journal's own file
	out  file
	log  file
	keep bool // the journal stays when the job is complete
	// size is the output's size in bytes.
	size int64
	// done are the identities of the documents that earlier runs recorded.
	done []identity
	// failed is how many of done failed.
	failed int
}

// journalSuffix is added to the output's name.
const journalSuffix = ".resume"

// errEmptyJournal says that an earlier run died before it had written its
// settings.
var errEmptyJournal = errors.New("an empty journal")

// startJournal opens an output file and its journal. With o.Resume it goes on
// after the documents that an earlier run has done.
func startJournal(o *Output) (*journal, error) {
	if o.open == nil {
		o.open = func(name string, flag int) (file, error) { return os.OpenFile(name, flag, 0o644) }
	}
	if o.Resume {
		j, err := resumeJournal(o)
		if err == nil || !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errEmptyJournal) {
			return j, err
		}
		if info, statErr := os.Stat(o.Path); statErr == nil && info.Size() > 0 && !errors.Is(err, errEmptyJournal) {
			err := badinput.New(o.Path, "journal", "no "+o.Path+journalSuffix, "one that says what the output was made of")
			return nil, hint.Add(err, "remove the output to start again; only runs with --resume keep the journal when they end")
		}
	}
	settings, err := json.Marshal(o.Settings)
	if err != nil {
		return nil, err
	}
	const create = os.O_RDWR | os.O_CREATE | os.O_TRUNC
	j := &journal{name: o.Path + journalSuffix, keep: o.Resume}
	if j.log, err = o.open(j.name, create); err != nil {
		return nil, err
	}
	if _, err := j.log.Write(append(settings, '\n')); err != nil {
		return nil, errors.Join(err, j.close())
	}
	if j.out, err = o.open(o.Path, create); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

func resumeJournal(o *Output) (*journal, error) {
	j := &journal{name: o.Path + journalSuffix, keep: true}
	var err error
	if j.log, err = o.open(j.name, os.O_RDWR); err != nil {
		return nil, err
	}
	if j.out, err = o.open(o.Path, os.O_RDWR|os.O_CREATE); err != nil {
		return nil, errors.Join(err, j.close())
	}
	length, err := j.replay(o.Settings)
	if err == nil {
		err = errors.Join(j.log.Truncate(length), j.out.Truncate(j.size))
	}
	if err == nil {
		_, err1 := j.log.Seek(0, io.SeekEnd)
		_, err2 := j.out.Seek(0, io.SeekEnd)
		err = errors.Join(err1, err2)
	}
	if err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

// replay reads what earlier runs have done, and returns the length in bytes of
// the valid part of the journal: it ends before the first line that is not
// whole, or that says more than the output holds.
func (j *journal) replay(settings map[string]string) (length int64, err error) {
	info, err := j.out.Stat()
	if err != nil {
		return 0, err
	}
	in := bufio.NewReader(j.log)
	first, err := in.ReadString('\n')
	if err != nil {
		return 0, errEmptyJournal
	}
	if err := compareSettings(j.name, []byte(first), settings); err != nil {
		return 0, hint.Add(err, "a run can be resumed only with the same settings; remove the file to start again")
	}
	length = int64(len(first))
	for {
		line, err := in.ReadString('\n')
		if err != nil { // the end, or a part of a line
			return length, nil
		}
		size, id, failed, ok := parseEntry(line)
		if !ok || size < j.size || size > info.Size() {
			return length, nil
		}
		length += int64(len(line))
		j.size = size
		j.done = append(j.done, id)
		if failed {
			j.failed++
		}
	}
}

// compareSettings compares settings with those in the first line of the journal
// of that name. The error names the first difference.
func compareSettings(name string, line []byte, settings map[string]string) error {
	var old map[string]string
	if err := json.Unmarshal(line, &old); err != nil {
		return badinput.Wrap(name, "job", err)
	}
	both := maps.Clone(settings)
	if both == nil {
		both = map[string]string{}
	}
	maps.Copy(both, old)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		if before, now := old[key], settings[key]; before != now {
			return badinput.New(name, key, cmp.Or(now, "nothing"), fmt.Sprintf("%s, as when the run began", cmp.Or(before, "nothing")))
		}
	}
	return nil
}

// parseEntry reads a document's line.
func parseEntry(line string) (size int64, id identity, failed, ok bool) {
	fields := strings.Fields(line)
	if failed = len(fields) == 3 && fields[2] == "failed"; !failed && len(fields) != 2 {
		return 0, 0, false, false
	}
	size, err1 := strconv.ParseInt(fields[0], 10, 64)
	number, err2 := strconv.ParseUint(fields[1], 16, 64)
	return size, identity(number), failed, err1 == nil && err2 == nil && size >= 0
}

// Write appends to the output.
func (j *journal) Write(p []byte) (int, error) {
	n, err := j.out.Write(p)
	j.size += int64(n)
	return n, err
}

// record adds the line of a document whose output is written.
func (j *journal) record(id identity, failed bool) error {
	entry := fmt.Sprintf("%d %016x", j.size, uint64(id))
	if failed {
		entry += " failed"
	}
	_, err := io.WriteString(j.log, entry+"\n")
	return err
}

// close closes both files and leaves them as they are, for a later run.
func (j *journal) close() error {
	var errs []error
	for _, f := range []file{j.out, j.log} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// complete ends the journal of a job all of whose documents are done.
func (j *journal) complete() error {
	err := j.out.Sync()
	if closeErr := j.close(); err == nil {
		err = closeErr
	}
	if err != nil || j.keep {
		return err
	}
	return os.Remove(j.name)
}
