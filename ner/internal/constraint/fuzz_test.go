package constraint

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/medner/medner/ner/internal/ground"
)

// FuzzAutomaton writes answers about any article under the masks. Each mask must allow
// the bytes that the automaton follows, no others, and every item that is finished
// must be found in the article by the search that grounds answers, which knows
// nothing of masks. choices say which of the allowed bytes is written next.
func FuzzAutomaton(f *testing.F) {
	f.Add("Aspirin (ASA) helps.", []byte{0, 3, 9, 2, 200, 7}, false)
	f.Add("lithium-induced é tremor\r\n5%", []byte("chemical | disease"), true)
	f.Add("", []byte{1}, false)
	v := bytesOnly()
	f.Fuzz(func(t *testing.T, article string, choices []byte, pairs bool) {
		if len(article) > 200 || len(choices) > 100 {
			return
		}
		grammar := Items
		if pairs {
			grammar = Pairs
		}
		a := NewArticle(v, article)
		c := a.Start(grammar)
		var answer []byte
		for _, choice := range choices {
			mask := c.Allowed()
			var allowed []int32
			for id := int32(1); id <= 256; id++ {
				want := a.step(c.at, lower([]byte{byte(id - 1)})[0]).mode != failed
				if has(mask, id) != want {
					t.Fatalf("article %q, answer %q, byte %q: allowed %v", article, answer, byte(id-1), !want)
				}
				if want {
					allowed = append(allowed, id)
				}
			}
			if len(allowed) == 0 {
				break
			}
			id := allowed[int(choice)%len(allowed)]
			answer = append(answer, byte(id-1))
			c.Accept(id)
		}
		if !utf8.ValidString(article) {
			return
		}
		lines := strings.Split(string(answer), "\n")
		if !a.final(c.at) {
			lines = lines[:len(lines)-1]
		}
		found := ground.NewArticle(article)
		for _, line := range lines {
			line = strings.TrimPrefix(strings.TrimPrefix(line, " "), "- ")
			if line == "" {
				continue
			}
			items := []string{line}
			if pairs {
				items = strings.Split(line, " | ")
			}
			for _, item := range items {
				if len(found.Find(item)) == 0 {
					t.Fatalf("article %q: %q of the answer %q is not in it", article, item, answer)
				}
			}
		}
	})
}
