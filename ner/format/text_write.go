package format

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"

	"github.com/medner/medner/ner/document"
)

// terminalWriter writes a summary for people: each entity once, with all its
// places, grouped by type; then the pairs; then what was dropped.
type terminalWriter struct {
	w     io.Writer
	o     WriteOptions
	count int
}

// The escape sequences of terminals with 16 colours.
const (
	colourChemical = "\x1b[36m" // cyan
	colourDisease  = "\x1b[33m" // yellow
	colourOther    = "\x1b[35m" // magenta
	colourDim      = "\x1b[2m"
	colourBold     = "\x1b[1m"
	colourOff      = "\x1b[0m"
)

// group stands for all mentions of one type that read alike.
type group struct {
	first  *document.Entity
	places []string // "START–END" in code points
}

func (w *terminalWriter) Write(r *document.Result) error {
	var b bytes.Buffer
	if w.count > 0 {
		b.WriteByte('\n')
	}
	w.count++
	fmt.Fprintf(&b, "%s\n", w.paint(colourBold, visible(r.ID)))
	types, groups := groupEntities(&r.Document)
	for _, t := range types {
		fmt.Fprintf(&b, "  %s\n", heading(t, len(groups[t])))
		for _, g := range groups[t] {
			w.entity(&b, g)
		}
	}
	if len(r.Relations) > 0 {
		fmt.Fprintf(&b, "  influences (%d)\n", len(r.Relations))
		for i := range r.Relations {
			p := &r.Relations[i]
			fmt.Fprintf(&b, "    %s | %s%s%s\n", w.paint(colourChemical, visible(p.Chemical)), w.paint(colourDisease, visible(p.Disease)),
				confidence(p.Confidence), ungrounded(p.Grounded))
		}
	}
	if len(types) == 0 && len(r.Relations) == 0 {
		b.WriteString("  nothing found\n")
	}
	count := map[document.Dropped]int{}
	for _, d := range r.Dropped {
		count[d]++
	}
	for _, d := range r.Dropped {
		n := count[d]
		if n == 0 {
			continue // it was shown with the first
		}
		count[d] = 0
		times := ""
		if n > 1 {
			times = fmt.Sprintf(", %d times", n)
		}
		fmt.Fprintf(&b, "  %s\n", w.paint(colourDim, fmt.Sprintf("dropped from %s: %s (%s%s)", visible(d.Task), visible(d.Text), visible(d.Reason), times)))
	}
	for _, m := range r.Warnings {
		fmt.Fprintf(&b, "  warning: %s\n", visible(m))
	}
	_, err := w.w.Write(b.Bytes())
	return err
}

func (w *terminalWriter) Close() error { return nil }

// entity writes the line of one group.
func (w *terminalWriter) entity(b *bytes.Buffer, g *group) {
	e := g.first
	fmt.Fprintf(b, "    %s", w.paint(typeColour(e.Type), visible(e.Text)))
	if ids := concepts(e); len(ids) > 0 {
		fmt.Fprintf(b, " [%s]", visible(strings.Join(ids, ", ")))
	}
	b.WriteString(confidence(e.Confidence))
	b.WriteString(ungrounded(e.Grounded))
	if len(g.places) > 0 {
		b.WriteString(w.paint(colourDim, "  "+strings.Join(g.places, ", ")))
	}
	b.WriteByte('\n')
}

// groupEntities groups the mentions that read alike, in any case. The types are in
// the order in which to show them: chemicals, diseases, and then others.
func groupEntities(d *document.Document) (types []string, groups map[string][]*group) {
	groups = map[string][]*group{}
	found := map[string]*group{}
	for i := range d.Entities {
		e := &d.Entities[i]
		key := e.Type + "\x00" + strings.ToLower(e.Text)
		g := found[key]
		if g == nil {
			g = &group{first: e}
			found[key] = g
			groups[e.Type] = append(groups[e.Type], g)
		}
		if n := len(e.Spans); n > 0 {
			g.places = append(g.places, fmt.Sprintf("%d–%d", e.Spans[0].Start, e.Spans[n-1].End))
		}
	}
	for _, t := range []string{document.Chemical, document.Disease} {
		if len(groups[t]) > 0 {
			types = append(types, t)
		}
	}
	listed := map[string]bool{document.Chemical: true, document.Disease: true}
	for i := range d.Entities {
		if t := d.Entities[i].Type; !listed[t] {
			listed[t] = true
			types = append(types, t)
		}
	}
	return types, groups
}

func heading(typ string, n int) string {
	switch typ {
	case document.Chemical, document.Disease:
		return fmt.Sprintf("%ss (%d)", typ, n)
	}
	return fmt.Sprintf("%s (%d)", visible(writeType(typ)), n)
}

func typeColour(typ string) string {
	switch typ {
	case document.Chemical:
		return colourChemical
	case document.Disease:
		return colourDisease
	}
	return colourOther
}

// paint returns s in a colour, if colours are wanted.
func (w *terminalWriter) paint(colour, s string) string {
	if !w.o.Color {
		return s
	}
	return colour + s + colourOff
}

func confidence(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf(" %.2f", v)
}

func ungrounded(grounded bool) string {
	if grounded {
		return ""
	}
	return " (not in the text)"
}

// visible returns s without what would confuse a terminal: control characters, and
// those that turn the direction of writing, are shown by their numbers.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case unicode.IsControl(r) || turnsDirection(r) || r == unicode.ReplacementChar:
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func turnsDirection(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
