package constraint

import (
	"slices"
	"strings"
	"testing"

	"github.com/medner/medner/internal/growth"
	"github.com/stretchr/testify/require"
)

const stopID = 0

// vocabulary returns the vocabulary of the stop id, which is 0, and of tokens.
func vocabulary(tokens []string) *Vocabulary {
	return NewVocabulary(len(tokens)+1, func(id int32) []byte {
		if id == stopID {
			return nil
		}
		return []byte(tokens[id-1])
	}, []int32{stopID})
}

// bytesOnly returns a vocabulary with a token for every byte; its id is byte + 1.
func bytesOnly() *Vocabulary {
	tokens := make([]string, 256)
	for i := range tokens {
		tokens[i] = string([]byte{byte(i)})
	}
	return vocabulary(tokens)
}

func has(mask []uint64, id int32) bool { return mask[id/64]>>(id%64)&1 == 1 }

// accepts writes an answer byte by byte, as far as the masks allow, and returns what
// it wrote and whether the answer may end there.
func accepts(a *Article, g Grammar, answer string) (written string, ended bool) {
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
			got, ended := accepts(NewArticle(v, c.article), c.g, c.answer)
			if c.want == all {
				require.Equal(t, c.answer, got)
				require.True(t, ended, "may not end")
			} else {
				require.Equal(t, c.want, got)
			}
		})
	}
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
	require.True(t, c.a.final(c.at))
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
	for _, unit := range []string{"aspirin eases pain. ", "a", "a ", "-", "é", "a|", "\u200b"} {
		growth.Linear(t, 8<<10, func(n int) {
			c := NewArticle(v, strings.Repeat(unit, n/len(unit))).Start(Pairs)
			for _, b := range []byte("- a") {
				c.Allowed()
				c.Accept(int32(b) + 1)
			}
			c.Allowed()
		})
	}
}
