package format

import "fmt"

// Warning tells what was changed or left out when a document was read or written.
type Warning struct {
	File     string // "" when writing
	Document string // its identifier; "" if the warning is about the file
	Message  string
}

// String returns the warning with its file and document in front.
func (w Warning) String() string {
	s := w.Message
	if w.Document != "" {
		s = "document " + w.Document + ": " + s
	}
	if w.File != "" {
		s = w.File + ": " + s
	}
	return s
}

// maxTally bounds how many different messages a tally counts.
const maxTally = 1000

// Tally counts warnings, most of which repeat from document to document. The zero
// Tally is ready. It is not safe for concurrent use.
type Tally struct {
	order []string // the different messages
	count map[string]int
	first map[string]Warning
}

// Add counts a warning. It can be a ReadOptions.Warn or a WriteOptions.Warn.
func (t *Tally) Add(w Warning) {
	if t.count == nil {
		t.count, t.first = map[string]int{}, map[string]Warning{}
	}
	if t.count[w.Message] == 0 && len(t.order) == maxTally {
		w = Warning{Message: "more kinds of warnings than are counted"}
	}
	if t.count[w.Message]++; t.count[w.Message] == 1 {
		t.order = append(t.order, w.Message)
		t.first[w.Message] = w
	}
}

// Lines returns each different message once, in the order in which they came
// first, with how often it came.
func (t *Tally) Lines() []string {
	var out []string
	for _, m := range t.order {
		if n := t.count[m]; n > 1 {
			first := t.first[m].Document
			out = append(out, fmt.Sprintf("%s (%d times, first in document %s)", m, n, first))
			continue
		}
		out = append(out, t.first[m].String())
	}
	return out
}
