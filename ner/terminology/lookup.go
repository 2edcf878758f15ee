package terminology

import (
	"slices"
	"strings"
	"unicode"
)

// Lookup returns the concepts that a mention may mean, best first, and none if no
// name is like the mention. It fails only on a damaged file.
func (x *Index) Lookup(q Query) ([]Match, error) {
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	q.MinScore = max(q.MinScore, indexedScore)
	q.Text = strings.Join(strings.Fields(q.Text), " ")
	var out []Match
	err := x.guard(func(r *reader) {
		out = r.cascade(&q)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// cascade takes the first step that finds anything.
func (r *reader) cascade(q *Query) []Match {
	if m := r.named(q.Text, q); len(m) > 0 {
		return m
	}
	long := expand(q.Text, q.Abbreviations)
	if long != q.Text {
		if m := r.named(long, q); len(m) > 0 {
			return relabel(m, Abbreviation, abbreviationFactor)
		}
	}
	if m := r.composite(long, q); len(m) > 0 {
		return m
	}
	m := r.fuzzy(Key(long), q)
	for i := range m {
		if long == q.Text {
			break
		}
		if m[i].Score *= abbreviationFactor; m[i].Method != Wider {
			m[i].Method = Abbreviation
		}
	}
	return m
}

// relabel sets the method of matches, and multiplies their scores.
func relabel(m []Match, method string, factor float64) []Match {
	for i := range m {
		m[i].Method = method
		m[i].Score *= factor
	}
	return m
}

// named returns the concepts that have text as a name, or else a name with its key.
func (r *reader) named(text string, q *Query) []Match {
	key := Key(text)
	if key == "" {
		return nil
	}
	n, ok := r.find(secKeyOffsets, secKeys, r.x.p.info.Keys, key)
	if !ok {
		return nil
	}
	return r.ranked(r.candidates(n, text, q.Type), q.Limit)
}

// candidate is a name that a mention may be a variant of.
type candidate struct {
	name    int // its number
	concept int
	rank    int // lower is better, among names of equal score
	method  string
	score   float64
}

// The ranks of names with the key of a mention.
const (
	rankExact = iota // equal to the mention
	rankCase         // equal but for case
	rankKey          // any other
)

// candidates returns the names with a key whose concepts may be of a type. If one
// of them equals text, it returns only those that do.
func (r *reader) candidates(key int, text, typ string) []candidate {
	from, to := r.pair(secKeyNames, key)
	if from > to || int(to) > r.x.p.info.Names {
		r.damaged(secKeyNames)
		return nil
	}
	var out []candidate
	for i := int(from); i < int(to) && r.err == nil; i++ {
		c := candidate{
			name:    i,
			concept: int(r.u32(secNameConcepts, i)),
			rank:    rankKey,
			method:  Normalized,
			score:   normalizedScore,
		}
		if !r.types(c.concept).fits(typ) {
			continue
		}
		switch name := r.text(secNameOffsets, secNames, i); {
		case name == text:
			c.rank, c.method, c.score = rankExact, Exact, exactScore
		case strings.EqualFold(name, text):
			c.rank = rankCase
		}
		out = append(out, c)
	}
	if len(out) > 0 && slices.ContainsFunc(out, func(c candidate) bool { return c.rank == rankExact }) {
		out = slices.DeleteFunc(out, func(c candidate) bool { return c.rank != rankExact })
	}
	return out
}

// ranked returns matches for the best candidates, with each concept once. Among
// those of equal score and rank, preferred names come first.
func (r *reader) ranked(list []candidate, limit int) []Match {
	preferred := func(c candidate) int {
		if int(r.u32(secPreferred, c.concept)) == c.name {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		switch {
		case a.score != b.score:
			if a.score > b.score {
				return -1
			}
			return 1
		case a.rank != b.rank:
			return a.rank - b.rank
		}
		if d := preferred(a) - preferred(b); d != 0 {
			return d
		}
		return a.concept - b.concept
	})
	var out []Match
	var seen []int
	for _, c := range list {
		if len(out) == limit || r.err != nil {
			break
		}
		if slices.Contains(seen, c.concept) {
			continue
		}
		seen = append(seen, c.concept)
		out = append(out, Match{
			ID:     r.id(c.concept),
			Name:   r.preferred(c.concept),
			Found:  r.text(secNameOffsets, secNames, c.name),
			Method: c.method,
			Score:  c.score,
			Types:  r.types(c.concept).names(),
		})
	}
	return out
}

// expand returns a mention with its short forms written out. It is a short form as a
// whole, or has words that are.
func expand(text string, abbreviations map[string]string) string {
	if len(abbreviations) == 0 {
		return text
	}
	if long, ok := abbreviations[text]; ok {
		return long
	}
	isWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	var b strings.Builder
	at := 0
	for at < len(text) {
		start := strings.IndexFunc(text[at:], isWord)
		if start < 0 {
			break
		}
		b.WriteString(text[at : at+start])
		at += start
		end := strings.IndexFunc(text[at:], func(r rune) bool { return !isWord(r) })
		if end < 0 {
			end = len(text) - at
		}
		word := text[at : at+end]
		if long, ok := abbreviations[word]; ok {
			word = long
		}
		b.WriteString(word)
		at += end
	}
	b.WriteString(text[at:])
	return b.String()
}
