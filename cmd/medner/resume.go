package main

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
)

// journal makes a long output resumable. Beside the output FILE it keeps
// FILE.resume: a line that identifies the job as a JSON object, then a line for
// each document done, in order: the output's size after it, the document's
// identity, and whether it failed. A process that dies leaves at most half a
// document behind the last line; resuming cuts that off. When a job ends its
// journal goes, unless it may be resumed: then it tells that all is done, and of
// what.
type journal struct {
	out    *os.File
	log    *os.File
	keep   bool       // at the end
	size   int64      // of the output, as written
	done   []identity // documents journaled by earlier runs
	failed int        // of those
}

// journalSuffix is added to the output's name.
const journalSuffix = ".resume"

// errNotBegun says that an earlier run died before it had written which job it is.
var errNotBegun = errors.New("an empty journal")

// startJournal opens output path for a job, of which it is said what makes it
// this one. With resume it goes on after the documents that an earlier run has
// done.
func startJournal(path string, job map[string]string, resume bool) (*journal, error) {
	if resume {
		j, err := resumeJournal(path, job)
		if err == nil || !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errNotBegun) {
			return j, err
		}
		if info, statErr := os.Stat(path); statErr == nil && info.Size() > 0 && !errors.Is(err, errNotBegun) {
			err := badinput.New(path, "journal", "no "+path+journalSuffix, "one that says what the output was made of")
			return nil, hinted{err, "remove the output to start again; only runs with --resume keep the journal when they end"}
		}
	}
	first, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	j := &journal{keep: resume}
	if j.log, err = os.Create(path + journalSuffix); err != nil {
		return nil, err
	}
	if _, err := j.log.Write(append(first, '\n')); err != nil {
		return nil, errors.Join(err, j.abandon())
	}
	if j.out, err = os.Create(path); err != nil {
		return nil, errors.Join(err, j.abandon())
	}
	return j, nil
}

func resumeJournal(path string, job map[string]string) (*journal, error) {
	name := path + journalSuffix
	log, err := os.OpenFile(name, os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	j := &journal{log: log, keep: true}
	if j.out, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, errors.Join(err, j.abandon())
	}
	keep, err := j.replay(name, job)
	if err == nil {
		err = errors.Join(j.log.Truncate(keep), j.out.Truncate(j.size))
	}
	if err == nil {
		_, err1 := j.log.Seek(0, io.SeekEnd)
		_, err2 := j.out.Seek(0, io.SeekEnd)
		err = errors.Join(err1, err2)
	}
	if err != nil {
		return nil, errors.Join(err, j.abandon())
	}
	return j, nil
}

// replay reads what earlier runs have done, and returns the size of the part
// of the journal that the output bears out.
func (j *journal) replay(name string, job map[string]string) (keep int64, err error) {
	info, err := j.out.Stat()
	if err != nil {
		return 0, err
	}
	in := bufio.NewReader(j.log)
	first, err := in.ReadString('\n')
	if err != nil {
		return 0, errNotBegun
	}
	if err := sameJob(name, []byte(first), job); err != nil {
		return 0, hinted{err, "a run can be resumed only with the same settings; remove the file to start again"}
	}
	keep = int64(len(first))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return keep, nil // the end, or half a line
		}
		size, id, failed, ok := parseEntry(line)
		if !ok || size < j.size || size > info.Size() {
			return keep, nil
		}
		keep += int64(len(line))
		j.size = size
		j.done = append(j.done, id)
		if failed {
			j.failed++
		}
	}
}

// sameJob compares what identifies two jobs, and names the first difference.
func sameJob(name string, line []byte, job map[string]string) error {
	var old map[string]string
	if err := json.Unmarshal(line, &old); err != nil {
		return badinput.Wrap(name, "job", err)
	}
	both := maps.Clone(job)
	maps.Copy(both, old)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		if before, now := old[key], job[key]; before != now {
			return badinput.New(name, key, cmp.Or(now, "nothing"), fmt.Sprintf("%s, as when the run began", cmp.Or(before, "nothing")))
		}
	}
	return nil
}

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

// finished records that a document is done and all of it written.
func (j *journal) finished(id identity, failed bool) error {
	entry := fmt.Sprintf("%d %016x", j.size, uint64(id))
	if failed {
		entry += " failed"
	}
	_, err := j.log.WriteString(entry + "\n")
	return err
}

// abandon leaves everything as it is, for a later run.
func (j *journal) abandon() error {
	var errs []error
	for _, f := range []*os.File{j.out, j.log} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// complete ends the job.
func (j *journal) complete() error {
	err := j.out.Sync()
	if cerr := j.abandon(); err == nil {
		err = cerr
	}
	if err != nil || j.keep {
		return err
	}
	return os.Remove(j.log.Name())
}
