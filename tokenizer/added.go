package tokenizer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is looked for in the text itself.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // not inside a word
	LStrip     bool   `json:"lstrip"`      // takes the spaces before it
	RStrip     bool   `json:"rstrip"`      // takes the spaces behind it
	Normalized bool   `json:"normalized"`  // looked for in the normalized text
	Special    bool   `json:"special"`
}

// addedMatcher finds added tokens: leftmost first, the longest of those that
// begin at one place.
type addedMatcher struct {
	tokens []addedToken
	next   map[edge]int32  // the trie of the contents; node 0 is its root
	ends   map[int32]int32 // a node where a content ends, to the index in tokens
	first  [256]bool       // the bytes that contents begin with
	only   byte            // the byte that all contents begin with, if unique
	unique bool            // all contents begin with the same byte
}

type edge struct {
	node int32
	b    byte
}

// newAddedMatcher returns a matcher that finds tokens[i] by contents[i]. Of equal
// contents the first counts.
func newAddedMatcher(tokens []addedToken, contents []string) *addedMatcher {
	m := &addedMatcher{tokens: tokens, next: map[edge]int32{}, ends: map[int32]int32{}}
	nodes := int32(1)
	starts := 0
	for i, content := range contents {
		if content == "" {
			continue
		}
		if !m.first[content[0]] {
			m.first[content[0]] = true
			m.only = content[0]
			starts++
		}
		node := int32(0)
		for k := range len(content) {
			to, ok := m.next[edge{node, content[k]}]
			if !ok {
				to = nodes
				nodes++
				m.next[edge{node, content[k]}] = to
			}
			node = to
		}
		if _, taken := m.ends[node]; !taken {
			m.ends[node] = int32(i)
		}
	}
	m.unique = starts == 1
	return m
}

// longest returns the index of the longest token that s[i:] begins with, or -1,
// and where the token ends in s.
func (m *addedMatcher) longest(s string, i int) (token, end int) {
	token = -1
	node := int32(0)
	for ; i < len(s); i++ {
		to, ok := m.next[edge{node, s[i]}]
		if !ok {
			break
		}
		node = to
		if t, ok := m.ends[node]; ok {
			token, end = int(t), i+1
		}
	}
	return token, end
}

// candidate returns the first place from i on where a token may begin.
func (m *addedMatcher) candidate(s string, i int) int {
	if m.unique {
		if k := strings.IndexByte(s[i:], m.only); k >= 0 {
			return i + k
		}
		return len(s)
	}
	for i < len(s) && !m.first[s[i]] {
		i++
	}
	return i
}

// rules say where special tokens are looked for.
type rules struct {
	parse   bool     // special tokens are looked for at all
	literal [][2]int // ranges, ascending, that a special token may not touch
}

// ascending returns the ranges in order and apart from each other.
func ascending(ranges [][2]int) [][2]int {
	apart := true
	for i := 1; i < len(ranges); i++ {
		apart = apart && ranges[i-1][1] <= ranges[i][0]
	}
	if apart {
		return ranges
	}
	ranges = slices.Clone(ranges)
	slices.SortFunc(ranges, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	out := ranges[:1]
	for _, r := range ranges[1:] {
		if last := &out[len(out)-1]; r[0] < last[1] {
			last[1] = max(last[1], r[1])
		} else {
			out = append(out, r)
		}
	}
	return out
}

// allow reports whether a special token may stand in this range of the text.
func (r rules) allow(at span) bool {
	if !r.parse {
		return false
	}
	i, _ := slices.BinarySearchFunc(r.literal, at.start, func(l [2]int, start int) int {
		if l[1] <= start {
			return -1
		}
		return 1
	})
	return i == len(r.literal) || r.literal[i][0] >= at.end
}

// split emits the added tokens in p and the pieces between them, in order.
func (m *addedMatcher) split(p piece, r rules, emit func(piece)) {
	if len(m.ends) == 0 {
		if p.text != "" {
			emit(p)
		}
		return
	}
	s, done := p.text, 0
	spaces := span{-1, -1} // the spaces that a token took behind it, and where they end
	for i := m.candidate(s, 0); i < len(s); i = m.candidate(s, i) {
		k, end := m.longest(s, i)
		if k < 0 {
			i++
			continue
		}
		t, start := &m.tokens[k], i
		if t.Special && !r.allow(p.original(start, end)) {
			// As text, a token hides what begins inside it; at the edge of a
			// literal range it mustn't hide the token that follows.
			if i = end; r.parse {
				i = start + 1
			}
			continue
		}
		i = end
		if t.SingleWord && (wordBefore(s[:start]) || wordAfter(s[end:])) {
			continue
		}
		if t.LStrip {
			from := min(done, start) // a token before takes what it took
			start = max(from+len(strings.TrimRightFunc(s[from:start], unicode.IsSpace)), done)
		}
		if t.RStrip {
			if end < spaces.start || spaces.end < end { // looked at once
				spaces = span{end, len(s) - len(strings.TrimLeftFunc(s[end:], unicode.IsSpace))}
			}
			end = spaces.end
		}
		if done < start {
			emit(p.slice(done, start))
		}
		if start < end { // not empty: a token before may have taken the spaces that are all of it
			q := p.slice(start, end)
			q.token = t.ID
			emit(q)
		}
		done = end
	}
	if done < len(s) {
		emit(p.slice(done, len(s)))
	}
}

func wordBefore(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && isWord(r)
}

func wordAfter(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && isWord(r)
}
