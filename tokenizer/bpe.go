package tokenizer

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/nlpodyssey/gotokenizers/models/bpemodel"
)

// bpe is the model: it merges the characters of a word into tokens.
type bpe struct {
	vocab  *vocabulary
	merges *bpemodel.MergeMap // the merges, for short words
	pairs  *pairTable         // the same merges, for long words

	byteLevel bool
	bytes     [256]int32 // if byteLevel: the token of each byte, or none

	byteFallback bool
	fallback     [256]int32 // if byteFallback: the tokens <0x00> … <0xFF>, or none
	unknown      int32      // the token of characters that have no token, or none
	fuseUnknown  bool       // a run of such characters gets one unknown token

	// whole holds the tokens that a word is looked up in before any merge, by
	// the text that they stand for. It is nil unless the file says ignore_merges.
	whole    map[string]int32
	maxWhole int // bytes of the longest text in whole

	// boundary is a character that no merge joins to a different one before
	// it, so that a text can be cut there; "" if there is none.
	boundary string

	cache     wordCache
	scratches sync.Pool // of *mergeScratch
}

const none = -1

// symbol is a token and how many bytes of the word it covers.
type symbol struct{ id, size int32 }

// tokenize appends the tokens of p to e.
func (m *bpe) tokenize(p piece, e *Encoding) {
	if p.text == "" {
		return
	}
	if m.boundary == "" {
		m.word(p, e)
		return
	}
	s, done := p.text, 0
	marked := true // the character before is the boundary character
	for i := 0; i < len(s); {
		if len(s)-i >= len(m.boundary) && s[i:i+len(m.boundary)] == m.boundary {
			if !marked {
				m.word(p.slice(done, i), e)
				done = i
			}
			marked = true
			i += len(m.boundary)
			continue
		}
		marked = false
		i++
	}
	if done < len(s) {
		m.word(p.slice(done, len(s)), e)
	}
}

// word appends the tokens of one word to e.
func (m *bpe) word(p piece, e *Encoding) {
	symbols, ok := m.cache.get(p.text)
	if !ok {
		var skipped bool
		if symbols, skipped = m.merged(p.text); skipped && m.byteLevel {
			m.addShifted(p, symbols, e)
			return
		}
		m.cache.put(p.text, symbols)
	}
	i := 0
	for _, s := range symbols {
		j := i + int(s.size)
		e.add(s.id, p.original(i, j))
		i = j
	}
}

// merged returns the tokens of a word. If some character has no token at all,
// skipped is true: see symbols.
func (m *bpe) merged(word string) (symbols []symbol, skipped bool) {
	if len(word) <= m.maxWhole {
		if id, ok := m.whole[word]; ok {
			return []symbol{{id, int32(len(word))}}, false
		}
	}
	symbols, skipped = m.symbols(word)
	return m.merge(symbols), skipped
}

// symbols returns the tokens of a word's single characters, or of its bytes. A
// character without a token becomes the unknown token; if the vocabulary has
// none, the character is left out and skipped is true.
func (m *bpe) symbols(word string) (symbols []symbol, skipped bool) {
	symbols = make([]symbol, 0, len(word))
	var unknown symbol // a run of unknown characters that isn't appended yet
	flush := func() {
		if unknown.size > 0 {
			symbols = append(symbols, unknown)
			unknown.size = 0
		}
	}
	for i := 0; i < len(word); {
		var id int32
		n := 1
		if m.byteLevel {
			id = m.bytes[word[i]]
		} else {
			_, n = utf8.DecodeRuneInString(word[i:])
			id = m.vocab.lookup(word[i : i+n])
		}
		switch {
		case id != none:
			flush()
			symbols = append(symbols, symbol{id, int32(n)})
		case m.byteFallback && m.hasFallback(word[i:i+n]):
			// The run of unknown characters isn't ended, as in the reference.
			for k := range n {
				symbols = append(symbols, symbol{m.fallback[word[i+k]], 1})
			}
		case m.unknown != none:
			if !m.fuseUnknown {
				flush()
			}
			unknown.id = m.unknown
			unknown.size += int32(n)
		default:
			skipped = true
		}
		i += n
	}
	flush()
	return symbols, skipped
}

func (m *bpe) hasFallback(char string) bool {
	for i := range len(char) {
		if m.fallback[char[i]] == none {
			return false
		}
	}
	return true
}

// addShifted appends the tokens of a byte-level word of which some bytes were
// skipped. The reference then lays the tokens side by side from the word's
// start on, each as long as it is written, so that their offsets shift.
func (m *bpe) addShifted(p piece, symbols []symbol, e *Encoding) {
	at := make([]int, 0, 2*len(p.text)) // the byte that each byte of the written word belongs to
	for i := range len(p.text) {
		for range byteWidth(p.text[i]) {
			at = append(at, i)
		}
	}
	i := 0
	for _, s := range symbols {
		j := i + len(m.vocab.token(s.id))
		e.add(s.id, p.original(at[i], at[j-1]+1))
		i = j
	}
}

// findBoundary returns c if it is in the vocabulary and no merge joins it to a
// different character before it.
func findBoundary(c string, v *vocabulary, merges []mergeRule) string {
	if v.lookup(c) == none {
		return ""
	}
	for _, r := range merges {
		if strings.HasPrefix(v.token(r.right), c) && !strings.HasSuffix(v.token(r.left), c) {
			return ""
		}
	}
	return c
}
