package tagging

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// part is what a label says about where in a mention a token stands.
type part byte

const (
	outside part = 'O'
	begin   part = 'B'
	inside  part = 'I'
	end     part = 'E'
	single  part = 'S'
)

// label is a label of a scheme.
type label struct {
	name string
	part part
	typ  string // "" for outside
	// opens says that the label may follow the end of a mention, an outside
	// label, or nothing: all labels but those that only go on.
	opens bool
	// closes says that no more tokens of a mention need follow.
	closes bool
	// after lists the labels of one mention that this label continues,
	// ascending.
	after []int
}

// Scheme is a set of labels, and which may follow which.
type Scheme struct {
	labels []label
	types  []string // in the order of the labels
}

// NewScheme returns the scheme of a classifier's labels, which must be O and for
// every type I (the scheme IO), B and I (BIO), or B, I, E and S (BIOES). The error
// names the label or the type that is of another kind.
func NewScheme(labels []string) (*Scheme, error) {
	s := &Scheme{labels: make([]label, len(labels))}
	parts := map[string]string{} // by type
	for i, name := range labels {
		l, err := parse(name)
		if err != nil {
			return nil, fmt.Errorf("label %d is %q: %w", i, name, err)
		}
		if first := slices.Index(labels, name); first < i {
			return nil, fmt.Errorf("label %d is %q, as label %d is", i, name, first)
		}
		s.labels[i] = l
		if l.part != outside && !slices.Contains(s.types, l.typ) {
			s.types = append(s.types, l.typ)
		}
		parts[l.typ] += string(l.part)
	}
	if parts[""] == "" {
		return nil, errors.New("no label O: expected one for what is no mention")
	}
	if len(s.types) == 0 {
		return nil, errors.New("no label but O: expected labels of a type")
	}
	for _, typ := range s.types {
		if sorted(parts[typ]) != sorted(parts[s.types[0]]) {
			return nil, fmt.Errorf("type %s has the labels %s, type %s has %s: expected one scheme for all",
				s.types[0], spaced(parts[s.types[0]]), typ, spaced(parts[typ]))
		}
		if !slices.Contains([]string{"I", "BI", "BEIS"}, sorted(parts[typ])) {
			return nil, fmt.Errorf("type %s has the labels %s: expected I (IO), B I (BIO) or B I E S (BIOES)", typ, spaced(parts[typ]))
		}
	}
	s.link(sorted(parts[s.types[0]]))
	return s, nil
}

// parse reads the name of a label.
func parse(name string) (label, error) {
	if name == string(outside) {
		return label{name: name, part: outside}, nil
	}
	head, typ, found := strings.Cut(name, "-")
	if !found || len(head) != 1 || typ == "" || !strings.ContainsAny(head, "BIES") {
		return label{}, errors.New("expected O, B-TYPE, I-TYPE, E-TYPE or S-TYPE")
	}
	return label{name: name, part: part(head[0]), typ: typ}, nil
}

// link sets which labels may follow which. In the scheme IO, where any label may
// follow any, two tokens of a type that are neighbours belong to one mention.
func (s *Scheme) link(scheme string) {
	for i := range s.labels {
		l := &s.labels[i]
		switch scheme {
		case "I":
			l.opens, l.closes = true, true
		case "BI":
			l.opens, l.closes = l.part != inside, true
		default:
			l.opens = l.part == outside || l.part == begin || l.part == single
			l.closes = l.part == outside || l.part == end || l.part == single
		}
		if l.part != inside && l.part != end {
			continue
		}
		for k, before := range s.labels {
			if before.typ == l.typ && (before.part == begin || before.part == inside) {
				l.after = append(l.after, k)
			}
		}
	}
}

// Types returns the types, in the order of their labels.
func (s *Scheme) Types() []string { return slices.Clone(s.types) }

// Labels returns the number of labels.
func (s *Scheme) Labels() int { return len(s.labels) }

// continues reports whether label n says that its token belongs to the mention
// of the token before, whose label is p.
func (s *Scheme) continues(p, n int) bool { return slices.Contains(s.labels[n].after, p) }

// GoesOn reports whether the likeliest labels of two tokens, by their scores, say
// that the second belongs to the mention of the first.
func (s *Scheme) GoesOn(before, here []float32) bool {
	return s.continues(likeliest(before), likeliest(here))
}

// likeliest returns the label with the greatest score; of equal ones the lowest.
func likeliest(scores []float32) int {
	at := 0
	for j, v := range scores {
		if v > scores[at] {
			at = j
		}
	}
	return at
}

// sorted returns the bytes of s in ascending order.
func sorted(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

// spaced returns the bytes of s with spaces between them.
func spaced(s string) string { return strings.Join(strings.Split(s, ""), " ") }
