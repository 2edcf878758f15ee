package format

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/ground"
)

const (
	// mendRadius is how many code points before and after its stated place a mention
	// is looked for.
	mendRadius = 200
	// maxMended is the length in code points of the longest mention that is looked
	// for.
	maxMended = 1000
)

// mended returns where the mention of a claim stands whose offsets or spelling are
// wrong: at its stated place in another spelling, or else at the nearest place
// around. It returns nil if there is none.
func mended(x *document.Index, text string, c *claim, r ruler) []document.Span {
	if c.unchecked || len(c.spans) == 0 || utf8.RuneCountInString(c.mention) > maxMended {
		return nil
	}
	spans := make([]document.Span, 0, len(c.spans))
	parts := make([]string, 0, len(c.spans))
	for j, s := range c.spans {
		span := document.Span{Start: r.near(s.Start, c.bases[j]), End: r.near(s.End, c.bases[j])}
		part, ok := x.Slice(span)
		if !ok || span.End == span.Start || span.End-span.Start > maxMended {
			spans = nil
			break
		}
		spans = append(spans, span)
		parts = append(parts, part)
	}
	if spans != nil && !alike(c.mention, strings.Join(parts, " ")) {
		spans = nil
	}
	if spans != nil && ground.Boundary(text, x.Byte(spans[0].Start)) && ground.Ends(text, x.Byte(spans[len(spans)-1].End)) {
		return spans
	}
	if s, ok := nearest(x, c.mention, r.near(c.spans[0].Start, c.bases[0])); ok {
		return []document.Span{s}
	}
	return spans
}

// near returns the last code point whose offset, which counts from code point base,
// is at most n: from 0 to about the text's length.
func (r ruler) near(n, base int) int {
	const most = 1 << 31
	n = min(max(n, -most), most)
	if r.marks == nil {
		return max(base+n, 0)
	}
	if base >= len(r.marks) {
		return len(r.marks) - 1
	}
	n += int(r.marks[base])
	low, high := 0, len(r.marks)
	for low+1 < high {
		if middle := (low + high) / 2; int(r.marks[middle]) <= n {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// alike tells whether two spellings are variants of one mention.
func alike(mention, text string) bool {
	if sameButForUnknown(mention, text) {
		return true
	}
	for _, v := range variants(mention, text) {
		whole := document.Span{End: utf8.RuneCountInString(v.text)}
		for _, s := range ground.NewArticle(v.text).Find(v.mention) {
			if s == whole {
				return true
			}
		}
	}
	return false
}

// sameButForUnknown tells whether a mention is the text but for characters that a
// program which knows no others replaced by a question mark or by U+FFFD.
func sameButForUnknown(mention, text string) bool {
	m, t := []rune(mention), []rune(text)
	if len(m) != len(t) {
		return false
	}
	known := 0
	for i := range m {
		switch {
		case m[i] == t[i]:
			known++
		case t[i] < utf8.RuneSelf || m[i] != '?' && m[i] != utf8.RuneError:
			return false
		}
	}
	return known > 0
}

// nearest returns the place of a mention that is nearest to code point at.
func nearest(x *document.Index, mention string, at int) (document.Span, bool) {
	length := utf8.RuneCountInString(mention)
	at = min(at, x.Len())
	from, to := max(at-mendRadius-1, 0), min(at+mendRadius+2*length+1, x.Len())
	window, ok := x.Slice(document.Span{Start: from, End: to})
	if !ok || strings.TrimSpace(mention) == "" {
		return document.Span{}, false
	}
	var best document.Span
	found := false
	consider := func(s document.Span) {
		s = document.Span{Start: s.Start + from, End: s.End + from}
		// The window may begin or end within a word, where nothing counts.
		if s.Start == from && from > 0 || s.End == to && to < x.Len() || distance(s, at) > mendRadius {
			return
		}
		if !found || distance(s, at) < distance(best, at) {
			best, found = s, true
		}
	}
	for _, v := range variants(mention, window) {
		for _, s := range ground.NewArticle(v.text).Find(v.mention) {
			consider(s)
		}
		if found {
			return best, true
		}
	}
	for i := 0; ; { // the mention as it stands, within a word too
		n := strings.Index(window[i:], mention)
		if n < 0 {
			return best, found
		}
		start := utf8.RuneCountInString(window[:i+n])
		consider(document.Span{Start: start, End: start + length})
		_, size := utf8.DecodeRuneInString(window[i+n:])
		i += n + size
	}
}

func distance(s document.Span, at int) int { return max(s.Start-at, at-s.Start) }

// variant is a spelling of a mention, and a text with as many code points as the
// article's in which to look for it.
type variant struct{ mention, text string }

// variants returns the spellings under which to look for a mention in a text, the
// likeliest first.
func variants(mention, text string) []variant {
	out := []variant{{mention, text}}
	add := func(m, t string) {
		if m != mention || t != text {
			out = append(out, variant{m, t})
		}
	}
	add(html.UnescapeString(mention), text)
	add(greekNames.Replace(mention), text)
	add(greekLetters.Replace(mention), text)
	for _, table := range []map[rune]rune{latin, otherLatin} {
		add(plain(mention, table), plain(text, table))
	}
	return out
}

// plain replaces each character by one without accents, and as the table says, so
// that the number of code points stays the same.
func plain(s string, table map[rune]rune) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return r
		}
		if to, ok := table[unicode.ToLower(r)]; ok {
			return to
		}
		first, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
		return first
	}, s)
}

// Programs that write ASCII put these characters in the place of others; for some
// letters there are two ways.
var (
	latin = map[rune]rune{
		'α': 'a', 'β': 'b', 'γ': 'g', 'δ': 'd', 'ε': 'e', 'ζ': 'z', 'η': 'h', 'θ': 't', 'ι': 'i', 'κ': 'k', 'λ': 'l', 'μ': 'u', 'µ': 'u',
		'ν': 'n', 'ξ': 'x', 'ο': 'o', 'π': 'p', 'ρ': 'r', 'σ': 's', 'ς': 's', 'τ': 't', 'υ': 'u', 'φ': 'f', 'χ': 'x', 'ψ': 'y', 'ω': 'o',
		'×': 'x', '≥': '>', '≤': '<', '·': '.', '•': '.', 'ø': 'o', 'ł': 'l', 'đ': 'd', 'ı': 'i', '®': 'r', '°': 'o',
	}
	otherLatin = map[rune]rune{
		'α': 'a', 'β': 'b', 'γ': 'g', 'δ': 'd', 'ε': 'e', 'ζ': 'z', 'η': 'e', 'θ': 'q', 'ι': 'i', 'κ': 'k', 'λ': 'l', 'μ': 'm', 'µ': 'm',
		'ν': 'v', 'ξ': 'x', 'ο': 'o', 'π': 'p', 'ρ': 'r', 'σ': 's', 'ς': 's', 'τ': 't', 'υ': 'y', 'φ': 'p', 'χ': 'c', 'ψ': 'p', 'ω': 'w',
		'×': '*', '·': '*', '•': '*', 'ø': 'o', 'ł': 'l', 'đ': 'd', 'ı': 'i',
	}
	greekNames   = strings.NewReplacer(greekPairs(false)...)
	greekLetters = strings.NewReplacer(greekPairs(true)...)
)

// greekPairs returns pairs of a Greek letter and its name, for a replacer: with
// names first if they are to become letters.
func greekPairs(toLetters bool) []string {
	names := []string{
		"α", "alpha", "β", "beta", "γ", "gamma", "δ", "delta", "ε", "epsilon", "ζ", "zeta", "θ", "theta", "η", "eta", "ι", "iota", "κ", "kappa",
		"λ", "lambda", "μ", "mu", "ν", "nu", "ξ", "xi", "ο", "omicron", "π", "pi", "ρ", "rho", "σ", "sigma", "τ", "tau", "υ", "upsilon",
		"φ", "phi", "χ", "chi", "ψ", "psi", "ω", "omega",
	}
	var pairs []string
	for i := 0; i < len(names); i += 2 {
		letter, name := names[i], names[i+1]
		title := strings.ToUpper(name[:1]) + name[1:]
		if toLetters {
			pairs = append(pairs, name, letter, title, letter)
		} else {
			pairs = append(pairs, letter, name, strings.ToUpper(letter), name)
		}
	}
	return pairs
}
