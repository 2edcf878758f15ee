package server

import "slices"

// stopper finds the first of some strings in a text that comes in parts, and holds
// back no more of the text than may still become one of them.
type stopper struct {
	stops []prefixes
	held  []byte // the end of the text, which begins one of the strings
}

// prefixes is a string that is looked for by the algorithm of Knuth, Morris and
// Pratt.
type prefixes struct {
	text string
	// back[i] is the length of the longest beginning of text that is shorter than
	// text[:i+1] and ends it.
	back []int
	at   int // the length of the longest beginning of text that ends what was fed
}

func newStopper(stops []string) *stopper {
	s := &stopper{}
	for _, text := range stops {
		p := prefixes{text: text, back: make([]int, len(text))}
		for i := 1; i < len(text); i++ {
			n := p.back[i-1]
			for n > 0 && text[n] != text[i] {
				n = p.back[n-1]
			}
			if text[n] == text[i] {
				n++
			}
			p.back[i] = n
		}
		s.stops = append(s.stops, p)
	}
	return s
}

// next takes a byte, and reports whether it completes the string.
func (p *prefixes) next(b byte) bool {
	for p.at > 0 && p.text[p.at] != b {
		p.at = p.back[p.at-1]
	}
	if p.text[p.at] == b {
		p.at++
	}
	return p.at == len(p.text)
}

// feed takes the next part of the text and returns what is certain not to be of a
// stop string. Where a byte completes several strings, the longest counts; after
// it nothing more may be fed.
func (s *stopper) feed(text string) (out string, stopped bool) {
	all := append(s.held, text...)
	for i := len(s.held); i < len(all); i++ {
		longest := 0
		for j := range s.stops {
			if s.stops[j].next(all[i]) {
				longest = max(longest, len(s.stops[j].text))
			}
		}
		if longest > 0 {
			s.held = nil
			return string(all[:i+1-longest]), true
		}
	}
	hold := 0
	for _, p := range s.stops {
		hold = max(hold, p.at)
	}
	out = string(all[:len(all)-hold])
	s.held = slices.Clone(all[len(all)-hold:])
	return out, false
}

// rest returns what is held back, once the text has ended.
func (s *stopper) rest() string {
	defer func() { s.held = nil }()
	return string(s.held)
}
