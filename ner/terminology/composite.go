package terminology

import (
	"regexp"
	"strings"
)

// maxParts bounds the parts of a composite mention.
const maxParts = 8

// conjunction matches what joins the parts of a coordination.
var conjunction = regexp.MustCompile(`(?i)\s*,\s+(?:and/or|and|or|as well as)\s+|\s+(?:and/or|and|or|as well as)\s+|\s*[,;/&+]\s+|\s+[/&+]\s*|/`)

// composite returns a match for each part of a coordination, and none unless all
// parts are found. Parts are first taken as they are. If some aren't found so, they
// may share the words at the end of the last one ("renal or hepatic toxicity"), or
// those at the start of the first one ("hepatitis B and C"); a part is then taken as
// it is only if no shared words make a name of it.
func (r *reader) composite(text string, q *Query) []Match {
	parts := conjunction.Split(text, maxParts+1)
	if len(parts) < 2 || len(parts) > maxParts {
		return nil
	}
	for i := range parts {
		if parts[i] = strings.TrimSpace(parts[i]); Key(parts[i]) == "" {
			return nil
		}
	}
	one := *q
	one.Limit = 1
	if m := r.allParts(parts, func(i int) []string { return []string{parts[i]} }, &one); m != nil {
		return m
	}
	first, last := strings.Fields(parts[0]), strings.Fields(parts[len(parts)-1])
	return r.allParts(parts, func(i int) []string { return readings(parts, i, first, last) }, &one)
}

// readings returns the names that part i may stand for, the likeliest first. The
// words of the first and of the last part may be shared; more of them are likelier.
func readings(parts []string, i int, first, last []string) []string {
	var out []string
	if i < len(parts)-1 {
		for n := len(last) - 1; n >= 1; n-- {
			out = append(out, parts[i]+" "+strings.Join(last[len(last)-n:], " "))
		}
	}
	if i > 0 {
		for n := len(first) - 1; n >= 1; n-- {
			out = append(out, strings.Join(first[:n], " ")+" "+parts[i])
		}
	}
	return append(out, parts[i])
}

// allParts returns a match for each part: the first of its readings that is a name.
// It returns nil if a part has none, or two parts have the same match.
func (r *reader) allParts(parts []string, readings func(int) []string, q *Query) []Match {
	out := make([]Match, 0, len(parts))
	for i, part := range parts {
		found := false
		for _, reading := range readings(i) {
			if m := r.named(reading, q); len(m) > 0 {
				m[0].Part = part
				out = append(out, m[0])
				found = true
				break
			}
		}
		if !found {
			return nil
		}
	}
	for i := range out {
		for j := range i {
			if out[i].ID == out[j].ID {
				return nil
			}
		}
	}
	return relabel(out, Composite, compositeFactor)
}
