package shards

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/internal/files"
)

// Failure is a document that could not be read or annotated: a line of a shard's
// errors.jsonl.
type Failure struct {
	Shard int    `json:"shard"`
	Index int    `json:"index"` // of the document in the shard, from 0
	ID    string `json:"id"`    // "" if it can't be read
	Input string `json:"input"`
	Error string `json:"error"`
}

// failureLog appends failures to a file, each of which is on disk before the document
// is recorded as done.
type failureLog struct {
	file    *os.File
	earlier map[int]Failure // of processes that died
}

func openFailures(path string) (*failureLog, error) {
	earlier, err := readFailures(path, false)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, &atomicfile.WriteError{Err: err}
	}
	return &failureLog{f, earlier}, nil
}

// add appends a failure. The line begins with a line feed too, as a process that died
// may have left a line without its end.
func (l *failureLog) add(f Failure) error {
	line, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(l.file, "\n%s\n", line); err != nil {
		return &atomicfile.WriteError{Err: err}
	}
	if err := l.file.Sync(); err != nil {
		return &atomicfile.WriteError{Err: err}
	}
	return nil
}

// clear notes that a document didn't fail, if a process has noted otherwise that died
// before it had recorded the document.
func (l *failureLog) clear(index int) error {
	if _, found := l.earlier[index]; !found {
		return nil
	}
	return l.add(Failure{Index: index})
}

// readFailures reads what failureLog or writeFailures has written, by the documents'
// indices. Of several failures of a document the last counts. Without strict, lines
// that are no failures are left out, as a process that died leaves them.
func readFailures(path string, strict bool) (map[int]Failure, error) {
	found := map[int]Failure{}
	f, err := files.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !strict {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		var one Failure
		if len(bytes.TrimSpace(line)) > 0 {
			switch wrong := json.Unmarshal(line, &one); {
			case wrong == nil && one.Error == "":
				delete(found, one.Index)
			case wrong == nil:
				found[one.Index] = one
			case strict:
				return nil, badinput.Wrap(path, fmt.Sprintf("line %d", n), wrong)
			}
		}
		if err != nil {
			return found, nil
		}
	}
}

// writeFailures writes a shard's errors.jsonl.
func writeFailures(path string, failures map[int]Failure) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, i := range slices.Sorted(maps.Keys(failures)) {
		if err := encoder.Encode(failures[i]); err != nil {
			return err
		}
	}
	return atomicfile.WriteBytes(path, text.Bytes())
}
