package constraint

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/ner/ground"
	"github.com/stretchr/testify/require"
)

const stopID = 0

// vocabulary makes one of the given tokens, after the stop id.
func vocabulary(tokens []string) *Vocabulary {
	return NewVocabulary(len(tokens)+1, func(id int32) []byte {
		if id == stopID {
			return nil
		}
		return []byte(tokens[id-1])
	}, []int32{stopID})
}

// bytesOnly has a token for every byte: id = byte + 1.
func bytesOnly() *Vocabulary {
	tokens := make([]string, 256)
	for i := range tokens {
		tokens[i] = string([]byte{byte(i)})
	}
	return vocabulary(tokens)
}

func has(mask []uint64, id int32) bool { return mask[id/64]>>(id%64)&1 == 1 }

// accepts writes an answer byte by byte under the masks, and says how far it
// got and whether it may end there.
func accepts(v *Vocabulary, a *Article, g Grammar, answer string) (written string, ended bool) {
	c := a.Start(g)
	for i := range len(answer) {
		id := int32(answer[i]) + 1
		if !has(c.Allowed(), id) {
			return answer[:i], false
		}
		c.Accept(id)
	}
	return answer, has(c.Allowed(), stopID)
}

func TestAnswers(t *testing.T) {
	const all = "\x00" // stands for: the whole answer, and it may end
	v := bytesOnly()
	for _, c := range []struct {
		name, article string
		g             Grammar
		answer, want  string
	}{
		{"empty", "Aspirin.", Items, "", all},
		{"one item", "Aspirin helps.", Items, "- Aspirin", all},
		{"case", "Aspirin helps.", Items, "- aSPIRIN", all},
		{"leading space", "Aspirin helps.", Items, " - aspirin", all},
		{"two items", "Aspirin helps.", Items, "- aspirin\n- helps", all},
		{"end of a line", "Aspirin helps.", Items, "- aspirin\n", all},
		{"item twice", "Aspirin helps.", Items, "- aspirin\n- aspirin", all},
		{"unfinished word", "Aspirin helps.", Items, "- aspir\n", "- aspir"},
		{"inside a word", "Aspirin helps.", Items, "- spirin", "- "},
		{"absent", "Aspirin helps.", Items, "- warfarin", "- "},
		{"no bullet", "Aspirin helps.", Items, "aspirin", ""},
		{"blank line", "Aspirin helps.", Items, "- aspirin\n\n", "- aspirin\n"},
		{"two spaces", "Aspirin helps.", Items, "-  aspirin", "- "},
		{"span of words", "Acute renal failure.", Items, "- renal failure", all},
		{"words apart", "Acute renal failure.", Items, "- acute failure", "- acute "},
		{"not up to a particle", "origin of pain", Items, "- origin of\n", "- origin of"},
		{"not up to a hyphened particle", "follow-up-of pain", Items, "- follow-up-of\n", "- follow-up-of"},
		{"over a particle", "origin of pain", Items, "- origin of pain", all},
		{"not up to a particle in a pair", "origin of pain", Pairs, "- origin of | pain", "- origin of "},
		{"a word that ends as a particle does", "graded proof", Items, "- graded proof", all},
		{"an article that ends with a particle", "pain of", Items, "- pain", all},
		{"an article of particles", "of the", Items, "- of", "- "},
		{"a symbol", "toxicity of In", Items, "- toxicity of In", all},
		{"no trailing stop", "Acute renal failure. Then", Items, "- renal failure.", "- renal failure"},
		{"not across sentences", "It causes pain. Then fever", Items, "- pain. Then", "- pain"},
		{"no trailing stop at the very end", "renal failure.", Items, "- renal failure.", "- renal failure"},
		{"across a line end", "renal\r\n  failure", Items, "- renal failure", all},
		{"cut word", "beta-\n blocker", Items, "- beta-blocker", all},
		{"cut word as it is", "beta-\n blocker", Items, "- beta- blocker", all},
		{"brackets", "poly(ADP-ribose)s, poly(ADP-ribose)", Items, "- poly(ADP-ribose)", all},
		{"bracket at the start", "x [3H]-naloxone", Items, "- [3H]-naloxone", all},
		{"closing bracket at the start", "(a) b", Items, "- ) b", "- "},
		{"sign alone", "a - b % c", Items, "- -\n", "- -"},
		{"sign at the end", "O2- rose", Items, "- O2-", all},
		{"en dash as it is", "ADP–ribose", Items, "- ADP–ribose", all},
		{"hyphen for en dash", "ADP–ribose", Items, "- ADP-ribose", all},
		{"hyphen for a space", "Maleate induced damage", Items, "- maleate-induced damage", all},
		{"space for a hyphen", "Maleate-induced damage", Items, "- maleate induced damage", all},
		{"space for an en dash", "ADP–ribose", Items, "- ADP ribose", all},
		{"hyphen for a space in a pair", "Maleate induced damage", Pairs, "- maleate-induced | damage", all},
		{"nothing for a hyphen", "beta-blocker", Items, "- betablocker", "- beta"},
		{"not two spaces before a hyphen's word", "x -blocker", Items, "-  blocker", "- "},
		{"decomposed for composed", "naïve cells", Items, "- nai\u0308ve", all},
		{"never half a character", "β-carotene", Items, "- \xb2", "- "},
		{"marks belong to letters", "cafe\u0301", Items, "- cafe\n", "- cafe"},
		{"Greek case", "Β-carotene", Items, "- β-carotene", all},
		{"emoji", "💊 aspirin", Items, "- 💊 aspirin", all},
		{"pipe in the article", "a|b c", Items, "- a|b", "- a"},
		{"NUL in the article", "a\x00b c", Items, "- b c", all},
		{"pair", "Aspirin causes ulcers.", Pairs, "- aspirin | ulcers", all},
		{"two pairs", "Aspirin causes ulcers.", Pairs, "- aspirin | ulcers\n- causes | aspirin\n", all},
		{"pair of phrases", "Aspirin causes gastric ulcers.", Pairs, "- aspirin causes | gastric ulcers", all},
		{"half a pair", "Aspirin causes ulcers.", Pairs, "- aspirin\n", "- aspirin"},
		{"half a pair, sought end", "Aspirin causes ulcers.", Pairs, "- aspirin | ulcers | causes", "- aspirin | ulcers"},
		{"no space before the bar", "Aspirin causes ulcers.", Pairs, "- aspirin| ulcers", "- aspirin"},
		{"no space after the bar", "Aspirin causes ulcers.", Pairs, "- aspirin |ulcers", "- aspirin |"},
		{"space at a span's end", "ends here", Pairs, "- here | ends", all},
		{"bar after an unfinished word", "Aspirin causes ulcers.", Pairs, "- aspir |", "- aspir"},
		{"pairs in the task of items", "Aspirin causes ulcers.", Items, "- aspirin | ulcers", "- aspirin "},
		{"empty article", "", Items, "- a", "- "},
		{"article of signs", " . - ", Items, "- -", "- "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ended := accepts(v, NewArticle(v, c.article), c.g, c.answer)
			if c.want == all {
				require.Equal(t, c.answer, got)
				require.True(t, ended, "may not end")
			} else {
				require.Equal(t, c.want, got)
			}
		})
	}
}

// TestMasksAllowWhatTheAutomatonFollows compares masks with walking every
// token's bytes, on random articles and vocabularies whose tokens cross the
// grammar's parts.
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

// TestWhatIsWrittenIsGrounded writes at random under the masks: every item of
// a finished line is found in the article, and no state is a dead end.
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
			for len(out) < 300 || !c.Finished() {
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
			require.True(t, c.Finished(), "%q: dead end after %q", article, out)
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

// TestEveryMentionCanBeWritten: on the shipped articles of the CDR corpus.
func TestEveryMentionCanBeWritten(t *testing.T) {
	v := bytesOnly()
	mentions, missing := 0, 0
	for _, doc := range readCDR(t) {
		a := NewArticle(v, doc.text)
		for _, m := range doc.mentions {
			mentions++
			if got, ended := accepts(v, a, Items, "- "+m); got != "- "+m || !ended {
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

// readCDR reads PubTator files: those of testdata, or of the whole corpus
// where MEDNER_CDR names one.
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

func TestForksAreIndependent(t *testing.T) {
	v := bytesOnly()
	c := NewArticle(v, "Aspirin and ibuprofen").Start(Items)
	for _, b := range []byte("- ") {
		c.Accept(int32(b) + 1)
	}
	before := slices.Clone(c.Allowed())
	f := c.Fork()
	f.Accept('a' + 1)
	f.Allowed()
	f.Accept('n' + 1)
	f.Allowed()
	require.Equal(t, before, c.Allowed())
	require.NotEqual(t, before, f.Allowed())
}

// A caller gives an item up by ending its line.
func TestGivenUp(t *testing.T) {
	c := NewArticle(bytesOnly(), "Two diarrheas").Start(Items)
	for _, b := range []byte("- diarrhea\n- two") {
		c.Accept(int32(b) + 1)
	}
	require.True(t, c.Finished())
}

// A vocabulary that lacks a byte must not leave the model without a choice.
func TestNeverNothingAllowed(t *testing.T) {
	v := vocabulary([]string{"-", " ", "- ", "aspi"})
	c := NewArticle(v, "aspirin").Start(Items)
	for _, id := range []int32{1, 2, 4} {
		require.True(t, has(c.Allowed(), id))
		c.Accept(id)
	}
	require.True(t, has(c.Allowed(), stopID))
	c.Accept(1) // not allowed: only the stop is left
	require.True(t, has(c.Allowed(), stopID))
	require.False(t, has(c.Allowed(), 1))
}

func TestLongArticlesTakeLinearTime(t *testing.T) {
	v := bytesOnly()
	start := time.Now()
	for _, unit := range []string{"aspirin eases pain. ", "a", "a ", "-", "é", "a|", "\u200b"} {
		a := NewArticle(v, strings.Repeat(unit, 64<<10/len(unit)))
		c := a.Start(Pairs)
		for _, b := range []byte("- a") {
			c.Allowed()
			c.Accept(int32(b) + 1)
		}
		c.Allowed()
	}
	require.Less(t, time.Since(start), 20*time.Second)
}

// syntheticVocabulary is as large as Llama-3's, of the words of English-like
// syllables: its trie is as deep and as wide.
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

// longest is the longest token at the beginning of s.
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
