package ground

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/medner/medner/ner/document"
	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	type spans = [][2]int
	for _, c := range []struct {
		name, article, item string
		want                spans
	}{
		{"case", "Aspirin, ASPIRIN", "aspirin", spans{{0, 7}, {9, 16}}},
		{"absent", "Aspirin", "warfarin", nil},
		{"empty item", "Aspirin", "", nil},
		{"signs only", "a - b", "-", nil},
		{"empty article", "", "aspirin", nil},
		{"whole words", "Aspirins xaspirin aspirin", "aspirin", spans{{18, 25}}},
		{"digits join", "5-HT6 and 5-HT", "5-HT", spans{{10, 14}}},
		{"underscore joins", "aspirin_x aspirin", "aspirin", spans{{10, 17}}},
		{"bracket edges", "poly(ADP-ribose) (poly(ADP-ribose))", "poly(ADP-ribose)", spans{{0, 16}, {18, 34}}},
		{"bracket at the start", "the [3H]-naloxone", "[3H]-naloxone", spans{{4, 17}}},
		{"sign at the end", "O2- and O2", "O2-", spans{{0, 3}}},
		{"two letters", "Li, LiCl", "li", spans{{0, 2}}},
		{"overlapping", "beta beta beta", "beta beta", spans{{0, 9}, {5, 14}}},
		{"self-overlapping letters", "aaa aa", "aa", spans{{4, 6}}},
		{"hyphen for en dash", "poly(ADP–ribose)", "poly(ADP-ribose)", spans{{0, 16}}},
		{"non-breaking hyphen for hyphen", "poly(ADP-ribose)", "poly(ADP‑ribose)", spans{{0, 16}}},
		{"minus", "(−)-deprenyl", "(-)-deprenyl", spans{{0, 12}}},
		{"soft hyphen", "ibu\u00adprofen", "ibuprofen", spans{{0, 10}}},
		{"zero-width space", "ibu\u200bprofen x", "ibuprofen", spans{{0, 10}}},
		{"zero-width space beside", "\u200bibuprofen\u200b x", "ibuprofen", spans{{1, 10}}},
		{"hyphen for space", "type-2 diabetes", "type 2 diabetes", spans{{0, 15}}},
		{"space for hyphen", "type 2 diabetes", "type-2 diabetes", spans{{0, 15}}},
		{"hyphen for nothing", "5-fluorouracil", "5fluorouracil", spans{{0, 14}}},
		{"exact goes before squeezed", "type-2 diabetes, type 2 diabetes", "type 2 diabetes", spans{{17, 32}}},
		{"cut at a line end", "beta-\n  blocker", "beta-blocker", spans{{0, 15}}},
		{"cut, without the hyphen", "ibupro-\r\nfen.", "ibuprofen", spans{{0, 12}}},
		{"hanging hyphen", "chemo- and radiotherapy", "chemo- and radiotherapy", spans{{0, 23}}},
		{"line end for space", "renal\r\n\tfailure", "renal failure", spans{{0, 15}}},
		{"no-break space", "renal\u00a0failure", "renal failure", spans{{0, 13}}},
		{"spaces in the item", "renal failure", "  renal\t failure ", spans{{0, 13}}},
		{"after an emoji", "💊💊 aspirin 👩‍⚕️ aspirin", "Aspirin", spans{{3, 10}, {16, 23}}},
		{"an emoji in the item", "the 💊 aspirin", "💊 aspirin", spans{{4, 13}}},
		{"right to left", "נטילת אספירין היום", "אספירין", spans{{6, 13}}},
		{"direction marks", "\u202baspirin\u202c", "aspirin", spans{{1, 8}}},
		{"composed for decomposed", "nai\u0308ve", "naïve", spans{{0, 6}}},
		{"decomposed for composed", "naïve", "nai\u0308ve", spans{{0, 5}}},
		{"never inside a character", "cafe\u0301", "cafe", nil},
		{"never inside a ligature", "ﬁbrosis", "ibrosis", nil},
		{"ligature", "ﬁbrosis", "fibrosis", spans{{0, 7}}},
		{"superscript", "Ca²⁺ flux", "Ca2+", spans{{0, 4}}},
		{"a part of a formula", "Ca²⁺, H₂O₂ and IFN-β₂", "Ca", nil},
		{"a formula in another", "H₂O₂, H₂O", "H2O", spans{{6, 9}}},
		{"a name in another", "IFN-β₂, IFN-β", "IFN-β", spans{{8, 13}}},
		{"mark of a footnote", "hepatitis², seizures³,⁴ and neuroblastoma¹", "hepatitis", spans{{0, 9}}},
		{"marks of footnotes", "seizures³,⁴", "seizures", spans{{0, 8}}},
		{"no footnote within a word", "alpha₁beta", "alpha", nil},
		{"Greek", "ΣΟΦΌΣ and β-carotene, Β-CAROTENE", "β-carotene", spans{{10, 20}, {22, 32}}},
		{"final sigma", "ΝΌΣΟΣ", "νόσος", spans{{0, 5}}},
		{"sharp s", "GROSSE Größe", "große", spans{{0, 6}}},
		{"sharp s in the article", "weiß", "WEISS", spans{{0, 4}}},
		{"never half a sharp s", "weiß", "weis", nil},
		{"dotted I", "İleus", "i̇leus", spans{{0, 5}}},
		{"Kelvin sign", "\u212a channel", "k channel", spans{{0, 9}}},
		{"micro sign", "5 µg", "5 μg", spans{{0, 4}}},
		{"quotes", "Parkinson’s disease", "parkinson's disease", spans{{0, 19}}},
		{"CJK needs no spaces", "患者服用阿司匹林治疗", "阿司匹林", spans{{4, 8}}},
		{"NUL", "a\x00aspirin\x00b", "aspirin", spans{{2, 9}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := NewArticle(c.article)
			var got spans
			for _, s := range a.Find(c.item) {
				got = append(got, [2]int{s.Start, s.End})
			}
			require.Equal(t, c.want, got)
		})
	}
}

// Any piece of an article between boundaries is found where it was cut out.
func TestEveryVerbatimSpanIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	pieces := strings.Split("a|B|é|e\u0301|ß|ﬁ|²|-|–| |  |\r\n|\u00ad|\u200b|💊|(|)|ς|İ|漢|ا|9|_|’|\x00", "|")
	for range 400 {
		var b strings.Builder
		for range rng.IntN(24) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		text := b.String()
		a := NewArticle(text)
		x := document.NewIndex(text)
		for s := range x.Len() {
			for e := s + 1; e <= x.Len(); e++ {
				item := text[x.Byte(s):x.Byte(e)]
				found := a.Find(item)
				for _, f := range found {
					if got := a.Text(f); squeeze(got) != squeeze(item) {
						t.Fatalf("%q in %q: found %q", item, text, got)
					}
					if !Boundary(text, x.Byte(f.Start)) || !Ends(text, x.Byte(f.End)) {
						t.Fatalf("%q in %q: %v is no boundary", item, text, f)
					}
				}
				if item != strings.TrimSpace(item) || strings.Trim(item, "\u00ad\u200b") != item || !strings.ContainsAny(item, "aBéßς9漢ا") {
					continue
				}
				// A hyphen at an edge of the piece folds with the white space beside it.
				if strings.ContainsAny(item[len(item)-1:], "-") || strings.HasSuffix(item, "–") {
					continue
				}
				if Boundary(text, x.Byte(s)) && Ends(text, x.Byte(e)) && !slices.Contains(found, document.Span{Start: s, End: e}) {
					t.Fatalf("%q at %d-%d of %q: found only %v", item, s, e, text, found)
				}
			}
		}
	}
}

func TestBoundary(t *testing.T) {
	for text, want := range map[string]string{
		"ab c":          "|ab| |c|",
		"a-b":           "|a|-|b|",
		"(a)":           "|(|a|)|",
		"e\u0301a":      "|e\u0301a|",
		"漢字":            "|漢|字|",
		"👩\u200d⚕ x":    "|👩\u200d⚕| |x|",
		"":              "||",
		"a²":            "|a²|",
		"\r\n":          "|\r|\n|",
		"a\u0300\u00a0": "|a\u0300|\u00a0|",
	} {
		got := ""
		for i := range text {
			if Boundary(text, i) {
				got += "|"
			}
			_, n := utf8.DecodeRuneInString(text[i:])
			got += text[i : i+n]
		}
		if Boundary(text, len(text)) {
			got += "|"
		}
		if text == "" {
			got += "|"
		}
		require.Equal(t, want, got)
	}
}

// If it took more than linear time, this would not end within the tests' limit.
func TestLongLines(t *testing.T) {
	text := strings.Repeat("Aspirin eases chest pain. ", 10<<20/26)
	a := NewArticle(text)
	require.Len(t, a.Find("aspirin"), 10<<20/26)
	require.Nil(t, a.Find("asp irins"))
	a = NewArticle(strings.Repeat("a", 10<<20))
	require.Nil(t, a.Find(strings.Repeat("a", 1000)))
}

func FuzzFind(f *testing.F) {
	f.Add("Poly(ADP–ribose) İ ﬁ", "poly(adp-ribose)")
	f.Add("a\r\nb-\nc", "b-c")
	f.Fuzz(func(t *testing.T, text, item string) {
		if !utf8.ValidString(text) {
			return
		}
		a := NewArticle(text)
		for _, s := range a.Find(item) {
			if got := a.Text(s); got == "" || squeeze(got) != squeeze(item) {
				t.Fatalf("%q in %q: found %q at %v", item, text, got, s)
			}
		}
	})
}
