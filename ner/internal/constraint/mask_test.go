package constraint

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/medner/medner/ner/internal/ground"
	"github.com/stretchr/testify/require"
)

// A mask allows the tokens whose bytes the automaton accepts one by one. Articles
// and vocabularies are random, and tokens cross the parts of the grammar.
func TestMasksAllowWhatTheAutomatonFollows(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 11))
	alphabet := []string{"a", "b", " ", "A", "-", "é", ".", "(", ")", "|", "\n", "a b", "1"}
	text := func(n int) string {
		var b strings.Builder
		for range rng.IntN(n + 1) {
			b.WriteString(alphabet[rng.IntN(len(alphabet))])
		}
		return b.String()
	}
	compared := 0
	for range 300 {
		tokens := []string{"a", "b", "-", " ", "|", "\n", "é", "(", ")", "- ", " |", " | a", "\n-", "\n- a", ")\n", "A", "1", "\xc3", "\xa9"}
		for range 20 {
			if s := text(5); s != "" {
				tokens = append(tokens, s)
			}
		}
		v := vocabulary(tokens)
		a := NewArticle(v, text(14))
		for _, g := range []Grammar{Items, Pairs} {
			c := a.Start(g)
			for range 25 {
				mask := c.Allowed()
				var allowed []int32
				for i, tok := range tokens {
					s := c.at
					for _, b := range lower([]byte(tok)) {
						s = a.step(s, b)
					}
					want := s.mode != failed
					if has(mask, int32(i+1)) != want {
						t.Fatalf("article %q, state %+v, token %q: allowed %v", a.text, c.at, tok, !want)
					}
					if want {
						allowed = append(allowed, int32(i+1))
					}
					compared++
				}
				if a.final(c.at) != has(mask, stopID) && len(allowed) > 0 {
					t.Fatalf("stop: %v", has(mask, stopID))
				}
				if len(allowed) == 0 {
					break
				}
				c.Accept(allowed[rng.IntN(len(allowed))])
			}
		}
	}
	require.Greater(t, compared, 100_000)
}

// Every item that is written at random under the masks is found in the article, and
// no state is a dead end.
func TestWhatIsWrittenIsGrounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 17))
	v := bytesOnly()
	pieces := []string{"aspirin", "Li", " ", " ", " ", "-", "–", "é", "e\u0301", "ﬁ", "(", ")", ".", ",", "\r\n", "|", "💊", "\u200b", "5", "%", "²", "ß", "\x00", "ς", "漢"}
	items := 0
	for range 400 {
		var b strings.Builder
		for range 1 + rng.IntN(20) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		article := b.String()
		a, g := NewArticle(v, article), ground.NewArticle(article)
		for _, grammar := range []Grammar{Items, Pairs} {
			c := a.Start(grammar)
			var out []byte
			for len(out) < 300 || !c.a.final(c.at) {
				mask := c.Allowed()
				var ids []int32
				for id := int32(1); id <= 256; id++ {
					if has(mask, id) {
						ids = append(ids, id)
					}
				}
				if len(ids) == 0 {
					break
				}
				id := ids[rng.IntN(len(ids))]
				out = append(out, byte(id-1))
				c = c.Fork()
				c.Accept(id)
				if len(out) > 2000 {
					t.Fatalf("%q: never finished", article)
				}
			}
			// An article without spans leaves nothing to say after "- ".
			if len(a.spans) == 0 {
				continue
			}
			require.True(t, c.a.final(c.at), "%q: dead end after %q", article, out)
			for line := range strings.SplitSeq(string(out), "\n") {
				line = strings.TrimPrefix(strings.TrimPrefix(line, " "), "- ")
				for _, item := range strings.Split(line, " | ") {
					if line != "" {
						items++
						if !utf8.ValidString(item) || len(g.Find(item)) == 0 {
							t.Fatalf("%q: %q is not in it", article, item)
						}
					}
				}
			}
		}
	}
	require.Greater(t, items, 1000)
}
