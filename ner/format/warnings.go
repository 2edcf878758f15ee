package format

import (
	"fmt"

	"github.com/medner/medner/internal/clip"
)

// Warning tells what was changed or left out when a document was read or written.
type Warning struct {
	File     string // "" when writing
	Document string // its identifier; "" if the warning is about the file
	// Place says where in the file the annotation stands that the warning is about;
	// "" if the warning is about no single annotation.
	Place   string
	Message string
}

// String returns the warning with its file, and its place or document, in front.
func (w Warning) String() string {
	s := w.Message
	switch {
	case w.Place != "":
		s = w.Place + ": " + s
	case w.Document != "":
		s = "document " + clip.At(w.Document, maxID) + ": " + s
	}
	if w.File != "" {
		s = w.File + ": " + s
	}
	return s
}

// maxTally bounds how many different warnings a tally counts.
const maxTally = 1000

// Tally counts warnings, most of which repeat from document to document. The zero
// Tally is ready. It is not safe for concurrent use.
type Tally struct {
	order []string // the keys of the different warnings
	count map[string]int
	first map[string]Warning
}

// Add counts a warning. It can be a ReadOptions.Warn or a WriteOptions.Warn.
func (t *Tally) Add(w Warning) {
	if t.count == nil {
		t.count, t.first = map[string]int{}, map[string]Warning{}
	}
	key := w.key()
	if t.count[key] == 0 && len(t.order) >= maxTally {
		w = Warning{Message: "more warnings, each of which differs from those above"}
		key = w.key()
	}
	if t.count[key]++; t.count[key] == 1 {
		t.order = append(t.order, key)
		t.first[key] = w
	}
}

// key returns what the warnings that are counted together have in common: the
// message, and for a warning about one annotation the place of that annotation.
func (w Warning) key() string {
	if w.Place == "" {
		return w.Message
	}
	return w.File + "\x00" + w.Place + "\x00" + w.Message
}

// Lines returns each different warning once, in the order in which they came
// first, with how often it came.
func (t *Tally) Lines() []string {
	var out []string
	for _, key := range t.order {
		n, first := t.count[key], t.first[key]
		switch {
		case n == 1:
			out = append(out, first.String())
		case first.Document != "":
			out = append(out, fmt.Sprintf("%s (%d times, first in document %s)", first.Message, n, clip.At(first.Document, maxID)))
		case first.File != "":
			out = append(out, fmt.Sprintf("%s (%d times, first in %s)", first.Message, n, first.File))
		default:
			out = append(out, fmt.Sprintf("%s (%d times)", first.Message, n))
		}
	}
	return out
}
