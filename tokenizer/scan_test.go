package tokenizer

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The hand-written scanners find what the patterns mean.
func TestScannersAreTheirPatterns(t *testing.T) {
	for source, scan := range map[string]scanner{
		patternLlama3: llama3Scanner{digits: 3},
		patternQwen2:  llama3Scanner{digits: 1},
		patternGPT2:   gpt2Scanner{},
	} {
		p, err := compilePattern(source)
		require.NoError(t, err)
		require.Equal(t, scanned{scan}, p)
		re, err := compileRegex(source)
		require.NoError(t, err)
		r := newRand(1)
		for range 10_000 {
			text := randomText(r)
			want, got := pieces(re, text), pieces(p, text)
			if len(want) != len(got) {
				t.Fatalf("%q: %q, not %q", text, got, want)
			}
			for i := range want {
				if want[i] != got[i] {
					t.Fatalf("%q: %q, not %q", text, got, want)
				}
			}
		}
	}
}

func pieces(p pattern, text string) (list []string) {
	p.find(text, func(start, end int) { list = append(list, text[start:end]) })
	return list
}

// Every character is of the class that the reference's regular expressions put
// it in.
func TestClasses(t *testing.T) {
	count := map[uint8]int{}
	numeric := 0
	for c := rune(0); c <= utf8.MaxRune; c++ {
		if 0xd800 <= c && c < 0xe000 {
			continue
		}
		class, n := classes().at(string(c), 0)
		if n != utf8.RuneLen(c) {
			t.Fatalf("%U is %d bytes long", c, n)
		}
		count[class]++
		if isNumeric(c) {
			numeric++
		}
	}
	// Unicode 16's, and 17's numbers
	require.Equal(t, 141028, count[classLetter])
	require.Equal(t, 1911, count[classNumber])
	require.Equal(t, 23, count[classSpace])
	require.Equal(t, 2, count[classNewline])
	require.Equal(t, 1924, numeric)
}

func TestUnknownPatterns(t *testing.T) {
	for source, want := range map[string][]string{
		`\p{Lu}\p{Ll}*|\d`: {"Ab", "1", "C", "٣", "\U00010d40"},
		`[^\p{L}\s]+`:      {"1", "٣\U00010d40"},
		`\P{L}`:            {" ", "1", " ", "٣", "\U00010d40"},
		` (?=\d)`:          {" ", " "},
	} {
		p, err := compilePattern(source)
		require.NoError(t, err, source)
		require.Equal(t, want, pieces(p, "Ab 1C ٣\U00010d40"), source)
	}
	for _, source := range []string{
		`(`, `[a[b]]`, `[a&&b]`, `^a`, `a$`, `\w+`, `\bx`, `\p{Han}`, `[\P{L}]`, `\p{^L}`, `[]a]`, `\p`, `\`, `(a)\k<1>`,
		`(a+)+b(?!c)`, `(q+)+z(?!z)`, string(make([]byte, maxPattern+1)),
	} {
		_, err := compilePattern(source)
		require.Error(t, err, source)
	}
}
