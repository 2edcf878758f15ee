package labels

import "strings"

// Outside is the label of tokens that belong to nothing.
const Outside = "O"

// Span is a run of tokens [First, End) that are labelled as one thing.
type Span struct {
	Name       string // of the labels without their prefixes: "Chemical" for B-Chemical and I-Chemical
	First, End int
}

// Spans groups tokens by their labels, and leaves those labelled O out, as
// transformers' pipeline does with the aggregation "simple": a label goes on with the
// span before it if it names the same thing and isn't a B-. A label without B- or I-
// goes on as an I- does.
//
//	B-Drug I-Drug B-Drug O I-Disease   gives   Drug [0, 2), Drug [2, 3), Disease [4, 5)
//	Drug   Drug   Disease O Disease    gives   Drug [0, 2), Disease [2, 3), Disease [4, 5)
//
// Where the scheme, the labels of all classes, has ends of mentions (B I E S, or
// B I L U), a span also ends behind an E- or L-, and S- and U- are spans by
// themselves. transformers takes E- for a part of the name.
func Spans(scheme, tokens []string) []Span {
	split := splitter(scheme)
	var all []Span
	var name, last string
	for i, label := range tokens {
		prefix, rest := split(label)
		starts := i == 0 || rest != name || prefix == "B" || prefix == "S" || last == "E" || last == "S"
		name, last = rest, prefix
		switch {
		case rest == Outside:
		case starts:
			all = append(all, Span{rest, i, i + 1})
		default:
			all[len(all)-1].End = i + 1
		}
	}
	return all
}

// splitter returns a function that splits a label of the scheme into what it says
// about the place in a mention, B, I, E or S, and the name of what is mentioned.
func splitter(scheme []string) func(label string) (prefix, name string) {
	prefixes := map[string]string{"B-": "B", "I-": "I"}
	has := func(prefixes ...string) bool {
		for _, prefix := range prefixes {
			found := false
			for _, label := range scheme {
				found = found || strings.HasPrefix(label, prefix)
			}
			if !found {
				return false
			}
		}
		return true
	}
	if has("B-", "E-") || has("B-", "S-") {
		prefixes["E-"], prefixes["S-"] = "E", "S"
	}
	if has("B-", "L-") || has("B-", "U-") {
		prefixes["L-"], prefixes["U-"] = "E", "S"
	}
	return func(label string) (string, string) {
		if len(label) > 2 {
			if prefix := prefixes[label[:2]]; prefix != "" {
				return prefix, label[2:]
			}
		}
		return "I", label
	}
}
