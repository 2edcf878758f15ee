package constraint

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/medner/medner/internal/golden"
	"github.com/stretchr/testify/require"
)

// The masks allow every gold mention of the CDR corpus's articles.
func TestEveryMentionCanBeWritten(t *testing.T) {
	v := bytesOnly()
	mentions, missing := 0, 0
	for _, doc := range readCDR(t) {
		a := NewArticle(v, doc.text)
		for _, m := range doc.mentions {
			mentions++
			if got, ended := accepts(a, Items, "- "+m); got != "- "+m || !ended {
				missing++
				t.Logf("%q: %q", m, got)
			}
		}
	}
	t.Logf("%d of %d can't be written", missing, mentions)
	require.Greater(t, mentions, 200)
	require.LessOrEqual(t, float64(missing), 0.001*float64(mentions))
}

type cdrArticle struct {
	text     string
	mentions []string
}

// readCDR reads the PubTator file in testdata, or that of the whole corpus if the
// environment variable MEDNER_CDR names it.
func readCDR(t testing.TB) []cdrArticle {
	path := os.Getenv("MEDNER_CDR")
	if path == "" {
		path = golden.Root() + "/testdata/cdr/sample.PubTator"
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	if os.Getenv("MEDNER_CDR") == "" {
		demo, err := os.ReadFile(golden.Root() + "/testdata/demo/abstracts.PubTator")
		require.NoError(t, err)
		data = append(data, demo...)
	}
	var out []cdrArticle
	for block := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n\n") {
		lines := strings.Split(block, "\n")
		title, abstract := strings.SplitN(lines[0], "|", 3), strings.SplitN(lines[1], "|", 3)
		doc := cdrArticle{text: title[2] + " " + abstract[2]}
		for _, l := range lines[2:] {
			if f := strings.Split(l, "\t"); len(f) > 4 {
				doc.mentions = append(doc.mentions, f[3])
			}
		}
		out = append(out, doc)
	}
	return out
}

// syntheticVocabulary returns a vocabulary as large as Llama-3's, of words made of
// English-like syllables, so that its trie is as deep and as wide.
func syntheticVocabulary(size int, articles []cdrArticle) *Vocabulary {
	rng := rand.New(rand.NewPCG(19, 23))
	seen := map[string]bool{}
	var tokens []string
	add := func(s string) {
		if s != "" && !seen[s] && len(tokens) < size-1 {
			seen[s] = true
			tokens = append(tokens, s)
		}
	}
	for i := range 256 {
		add(string([]byte{byte(i)}))
	}
	for _, s := range []string{" |", " -", ")\n", ".\n", "\n\n", " (", "),", "- "} {
		add(s)
	}
	for len(tokens) < size-1 {
		text := articles[rng.IntN(len(articles))].text
		words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
		w := words[rng.IntN(len(words))]
		n := 1 + rng.IntN(len(w))
		w = w[:n]
		if rng.IntN(3) == 0 { // most tokens of a vocabulary are not in an article
			w += string(rune('a' + rng.IntN(26)))
		}
		if rng.IntN(4) == 0 {
			w += string(rune('a'+rng.IntN(26))) + string(rune('a'+rng.IntN(26)))
		}
		switch rng.IntN(3) {
		case 0:
			add(" " + w)
		case 1:
			add(" " + strings.ToUpper(w[:1]) + w[1:])
		default:
			add(w)
		}
	}
	return vocabulary(tokens)
}

func BenchmarkAnswer(b *testing.B) {
	articles := readCDR(b)
	for _, size := range []int{49_152, 128_256} {
		v := syntheticVocabulary(size, articles)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			masks := 0
			for i := 0; b.Loop(); i++ {
				doc := articles[i%len(articles)]
				a := NewArticle(v, doc.text)
				for _, g := range []Grammar{Items, Items, Pairs} {
					c := a.Start(g)
					for _, m := range doc.mentions[:min(len(doc.mentions), 8)] {
						line := "- " + m + "\n"
						if g == Pairs {
							line = "- " + m + " | " + m + "\n"
						}
						for len(line) > 0 {
							id, n := longest(v, line)
							c.Allowed()
							c.Accept(id)
							masks++
							line = line[n:]
						}
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(masks), "ns/mask")
		})
	}
}

// longest returns the longest token with which s begins.
func longest(v *Vocabulary, s string) (id int32, n int) {
	node := int32(0)
	for i, b := range lower([]byte(s)) {
		if node = v.next(node, b); node == 0 {
			break
		}
		if v.token[node] < v.token[node+1] {
			id, n = v.ids[v.token[node]], i+1
		}
	}
	return id, n
}
