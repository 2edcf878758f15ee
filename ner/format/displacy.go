package format

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/medner/medner/ner/document"
)

// displacyObject is an object that spaCy's displaCy renders. Its offsets count code
// points, as Python does.
type displacyObject struct {
	ID    string        `json:"id,omitempty"`
	Text  string        `json:"text"`
	Ents  []displacyEnt `json:"ents"`
	Title *string       `json:"title"`
}

type displacyEnt struct {
	Start int      `json:"start"`
	End   int      `json:"end"`
	Label string   `json:"label"`
	Text  *string  `json:"text,omitempty"`
	KBID  jsonText `json:"kb_id,omitempty"`
}

// displacy reads a displacyObject.
func (j *jsonDecoder) displacy(m map[string]json.RawMessage) (document.Document, error) {
	d := document.Document{ID: j.id(m)}
	var err error
	if d.Text, err = j.str(m, d.ID, "text"); err != nil {
		return d, err
	}
	var ents []displacyEnt
	if err := json.Unmarshal(m["ents"], &ents); err != nil {
		err := j.badType(d.ID, "ents", err, "objects with start, end and label")
		if err := j.o.annotation(j.name, d.ID, err); err != nil {
			return d, err
		}
		ents = nil
	}
	claims := make([]claim, len(ents))
	d.Entities = make([]document.Entity, len(ents))
	for i, e := range ents {
		claims[i] = claim{
			bases:     []int{0},
			spans:     []document.Span{{Start: e.Start, End: e.End}},
			unchecked: e.Text == nil,
			where:     j.place(d.ID, fmt.Sprintf("ents[%d]", i)),
		}
		if e.Text != nil {
			claims[i].mention = *e.Text
		}
		d.Entities[i] = mention(e.Label, "")
		d.Entities[i].Concepts = splitConcepts(string(e.KBID))
	}
	j.forget(m, d.ID, "text", "ents", "settings")
	out, err := groundAll(j.name, d.ID, d.Text, []layout{{claims: claims}}, pointers(&d), j.o)
	leaveOut(&d, out)
	return d, err
}

const displacyHolds = hasOverlaps | hasEdges | hasText | hasLineBreaks | hasGaps | hasConcepts

// displacyWriter writes one displacyObject on each line.
type displacyWriter struct {
	w io.Writer
	o WriteOptions
}

func (w *displacyWriter) Write(r *document.Result) error {
	if err := needText(r, DisplaCy); err != nil {
		return err
	}
	if err := checkSpans(&r.Document, document.NewIndex(r.Text)); err != nil {
		return err
	}
	w.o.lose(r, displacyHolds)
	o := displacyObject{ID: r.ID, Text: r.Text, Ents: []displacyEnt{}}
	for i := range r.Entities {
		e := &r.Entities[i]
		if n := len(e.Spans); n > 0 {
			o.Ents = append(o.Ents, displacyEnt{
				Start: e.Spans[0].Start,
				End:   e.Spans[n-1].End,
				Label: displacyLabel(e.Type),
				KBID:  jsonText(strings.Join(concepts(e), "|")),
			})
		}
	}
	data, err := marshal(o)
	if err != nil {
		return err
	}
	_, err = w.w.Write(data)
	return err
}

func (w *displacyWriter) Close() error { return nil }

// displacyLabel returns the label of an entity type, in upper case as those of
// spaCy's models are.
func displacyLabel(typ string) string {
	if typ == document.Chemical || typ == document.Disease {
		return strings.ToUpper(typ)
	}
	return writeType(typ)
}
