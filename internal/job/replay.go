package job

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/internal/hint"
)

// entry is what a journal says of a document, or of the end of the output.
type entry struct {
	size   int64  // of the output after it, in bytes
	sum    string // of these bytes
	id     identity
	failed bool
	end    bool   // the output ended here
	text   string // of the line
	length int64  // of the journal after its line, in bytes
	check  uint32 // CRC-32 of the journal after its line
}

// resume goes on with the output of an earlier run. It reports false if that run
// died before it had begun its output; then nothing has been touched.
func (j *journal) resume(o *Output) (found bool, err error) {
	name := o.Path + JournalSuffix
	if j.log, err = o.open(name, os.O_RDWR, 0); err != nil {
		return false, err
	}
	first, entries, err := readJournal(name, j.log)
	if err == nil && first == nil {
		err = j.log.Close()
		j.log = nil
		return false, err
	}
	if err == nil {
		if err = compareSettings(name, first.Settings, o.Settings); err != nil {
			err = hint.Add(err, "a run can be resumed only with the same settings; remove the file to start again")
		}
	}
	if err != nil {
		return false, err
	}
	target := o.Path
	if first.Partial {
		if _, err := os.Lstat(o.Path + partialSuffix); err == nil {
			j.partial, target = true, o.Path+partialSuffix
		} else if len(entries) == 1 {
			err = j.log.Close()
			j.log = nil
			return false, err
		}
	}
	if j.out, err = openOutput(o, target); err != nil {
		return false, err
	}
	return true, j.goOn(target, entries)
}

// openOutput opens the output of an earlier run, which may have been removed since.
func openOutput(o *Output, path string) (file, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		f, err := o.open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		return f, writing(err)
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, badinput.New(path, "", files.Kind(info.Mode()), "the file that an earlier run has written")
	}
	f, err := o.open(path, os.O_RDWR, 0)
	if err != nil {
		return nil, writing(err)
	}
	if now, err := f.Stat(); err != nil || !os.SameFile(info, now) {
		return nil, errors.Join(badinput.New(path, "", "another file than a moment ago", "the file that an earlier run has written"), err, f.Close())
	}
	return f, nil
}

// goOn checks that the output at path has the bytes that the entries say, and goes
// to the end of the last entry whose bytes are all there. The first entry stands
// for the journal's head. Bytes behind that entry must be the beginning of the
// next one, which shows when its document is done again: see append.
func (j *journal) goOn(path string, entries []entry) error {
	info, err := j.out.Stat()
	if err != nil {
		return err
	}
	j.target = path
	if last := entries[len(entries)-1].size; info.Size() > last {
		return j.refuse(fmt.Sprintf("%d bytes where %d were written", info.Size(), last))
	}
	n, ended, err := j.compare(entries, info.Size())
	if err != nil {
		return err
	}
	last := entries[n]
	j.size, j.check = last.size, last.check
	if rest := info.Size() - last.size; rest > 0 && !ended {
		if rest > maxDocument {
			return j.refuse(fmt.Sprintf("%d bytes behind document %d", rest, n))
		}
		j.expected = entries[n+1]
		j.tail = make([]byte, rest)
		if _, err := j.out.Seek(last.size, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.ReadFull(j.out, j.tail); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	return writing(errors.Join(cut(j.out, last.size), cut(j.log, last.length)))
}

// maxDocument bounds the bytes of an unfinished document that are held in memory.
const maxDocument = 1 << 30

// refuse returns the error for an output that is not what the journal says.
func (j *journal) refuse(found string) error {
	err := badinput.New(j.target, "content", found, "the file that an earlier run has written, as its journal says")
	return hint.Add(err, "the file was not touched; write to another one, or remove it and its journal to start again")
}

// compare compares the output of a size with the hashes of the entries, and notes
// the documents whose bytes are all there. It returns the index of the last of
// them, and whether the bytes behind it are those that ended the output.
func (j *journal) compare(entries []entry, size int64) (last int, ended bool, err error) {
	in := bufio.NewReaderSize(j.out, 1<<20)
	for n, e := range entries {
		if n == 0 {
			continue
		}
		if e.size > size {
			break
		}
		sum := j.sum
		if e.end {
			if sum, err = clone(j.sum); err != nil {
				return 0, false, err
			}
		}
		if _, err := io.CopyN(sum, in, e.size-entries[last].size); err != nil {
			return 0, false, fmt.Errorf("%s: %w", j.target, err)
		}
		if sumText(sum) != e.sum {
			return 0, false, j.refuse(fmt.Sprintf("other bytes in the output of document %d", n))
		}
		if e.end {
			return last, true, nil
		}
		last = n
		j.done = append(j.done, e.id)
		if e.failed {
			j.failed++
		}
	}
	return last, false, nil
}

func clone(h hash.Hash) (hash.Hash, error) {
	c, ok := h.(hash.Cloner)
	if !ok {
		return nil, errors.New("a hash that can't be copied")
	}
	return c.Clone()
}

// cut shortens a file and goes to its end.
func cut(f file, size int64) error {
	if err := f.Truncate(size); err != nil {
		return err
	}
	_, err := f.Seek(size, io.SeekStart)
	return err
}

// readJournal reads a journal: its head, and an entry for the head and for each
// line. A last line without its end is left out, as a process that died leaves it;
// any other damage is an error. The head is nil if it is not whole itself.
func readJournal(name string, log io.Reader) (*head, []entry, error) {
	const longest = 1 << 20 // bytes of a line
	in := bufio.NewReaderSize(log, longest)
	var (
		first   *head
		entries []entry
		length  int64
		check   uint32
	)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return first, entries, nil
		}
		field := fmt.Sprintf("line %d", n)
		if err != nil {
			return nil, nil, badinput.Wrap(name, field, err)
		}
		text, ok := checked(line, check)
		if !ok && (n > 1 || bytes.HasPrefix(line, []byte(fmt.Sprintf(`{"medner":%q,`, journalSchema)))) {
			return nil, nil, damaged(name, field, "another checksum")
		}
		length += int64(len(line))
		check = crc32.Update(check, crc32.IEEETable, line)
		e := entry{}
		if n == 1 {
			if first, err = parseHead(name, string(line)); err != nil {
				return nil, nil, err
			}
		} else if e, ok = parseEntry(text); !ok || e.size < entries[n-2].size {
			return nil, nil, damaged(name, field, strconv.Quote(text))
		}
		e.length, e.check, e.text = length, check, text
		entries = append(entries, e)
	}
}

// saysPartial reports whether a journal says that its output is FILE.partial.
func saysPartial(name string) bool {
	f, err := files.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	first, _, err := readJournal(name, f)
	return err == nil && first != nil && first.Partial
}

func damaged(name, field, found string) error {
	return hint.Add(badinput.New(name, field, found, "an undamaged journal"), "remove the output and its journal to start again")
}

// checked returns a line's text without its checksum; before is the CRC-32 of
// the lines before it.
func checked(line []byte, before uint32) (text string, ok bool) {
	text, sum := cutLast(strings.TrimSuffix(string(line), "\n"))
	return text, sum == fmt.Sprintf("%08x", crc32.Update(before, crc32.IEEETable, []byte(text)))
}

// cutLast cuts s around its last space; after is "" if it has none.
func cutLast(s string) (before, after string) {
	at := strings.LastIndexByte(s, ' ')
	if at < 0 {
		return s, ""
	}
	return s[:at], s[at+1:]
}

// parseHead reads the JSON object that a journal's first line begins with.
func parseHead(name, line string) (*head, error) {
	var h head
	decoder := json.NewDecoder(strings.NewReader(line))
	if err := decoder.Decode(&h); err != nil {
		return nil, badinput.Wrap(name, "line 1", err)
	}
	if h.Schema != journalSchema {
		err := badinput.New(name, "medner", strconv.Quote(h.Schema), strconv.Quote(journalSchema))
		return nil, hint.Add(err, "another version of medner has written it; go on with that one, or remove the output and its journal to start again")
	}
	return &h, nil
}

// parseEntry reads an entry's line.
func parseEntry(line string) (e entry, ok bool) {
	fields := strings.Split(line, " ")
	if e.failed = len(fields) == 4 && fields[3] == "failed"; !e.failed && len(fields) != 3 {
		return e, false
	}
	size, err := strconv.ParseInt(fields[0], 10, 64)
	e.size, e.sum, e.end = size, fields[1], fields[2] == endEntry
	if err != nil || size < 0 || e.end {
		return e, err == nil && size >= 0
	}
	number, err := strconv.ParseUint(fields[2], 16, 64)
	e.id = identity(number)
	return e, err == nil
}

// compareSettings compares the settings of an earlier run, as the journal of that
// name has them, with those of this one. The error names the first difference.
func compareSettings(name string, old, settings map[string]string) error {
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
