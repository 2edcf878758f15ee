package tokenizer

import "slices"

// Tokenizer turns text into token ids and back. It may be used by any number
// of goroutines.
type Tokenizer struct {
	vocab      *vocabulary // of the model
	model      *bpe
	added      []addedToken
	written    []string      // of each in added, what it decodes to: normalized, if it is
	hidden     []bool        // of each in added, whether decoding can leave it out
	addedByID  map[int32]int // places in added
	addedIDs   map[string]int32
	size       int
	raw, late  *addedMatcher // in the text as it is, in the normalized text
	normalizer normalizer    // nil if there is none
	pre        sequence
	post       []postProcessor
	decoder    []newStep
	components componentsJSON // as the file has them
	options    modelJSON      // without vocabulary and merges
}

// EncodeOptions say what counts as a special token.
type EncodeOptions struct {
	// AddSpecial adds the tokens that the tokenizer puts around a text, such as
	// <|begin_of_text|>.
	AddSpecial bool
	// ParseSpecial makes special tokens of their names in the text. Without it
	// they stay text.
	ParseSpecial bool
	// Literal ranges of bytes of the text stay text all the same: what users
	// wrote in a rendered chat.
	Literal [][2]int
}

// Encoding is a text's tokens.
type Encoding struct {
	IDs []int32
	// Offsets are the bytes [start, end) of the text that a token came from,
	// widened to whole characters: tokens that share a character overlap.
	// Tokens that were added around the text have [0, 0).
	Offsets [][2]int
}

// encoding is an Encoding on its way through the post-processors.
type encoding struct {
	Encoding
	found []foundToken
}

// foundToken is an added token that was found in the text, as it stands there.
type foundToken struct {
	index int
	text  string
}

func (e *Encoding) add(id int32, at span) {
	e.IDs = append(e.IDs, id)
	e.Offsets = append(e.Offsets, [2]int{at.start, at.end})
}

// Encode returns the tokens of text.
func (t *Tokenizer) Encode(text string, o EncodeOptions) Encoding {
	size := len(text)/4 + 8
	e := encoding{Encoding: Encoding{IDs: make([]int32, 0, size), Offsets: make([][2]int, 0, size)}}
	r := rules{parse: o.ParseSpecial, literal: ascending(o.Literal)}
	tokenize := func(p piece) { t.model.tokenize(p, &e.Encoding) }
	words := func(p piece) {
		if p.token != noToken {
			e.found = append(e.found, foundToken{len(e.IDs), p.text})
			e.add(p.token, p.original(0, len(p.text)))
			return
		}
		t.pre.split(p, tokenize)
	}
	t.raw.split(piece{text: text, token: noToken}, r, func(p piece) {
		if p.token == noToken && t.normalizer != nil {
			p = t.normalizer.normalize(p)
		}
		if p.token != noToken {
			words(p)
			return
		}
		t.late.split(p, r, words)
	})
	for _, p := range t.post {
		p.process(t, text, o.AddSpecial, &e)
	}
	return e.Encoding
}

// VocabSize returns one more than the highest id.
func (t *Tokenizer) VocabSize() int { return t.size }

// ID returns a token's id, by its name in the vocabulary.
func (t *Tokenizer) ID(token string) (int32, bool) {
	if id, ok := t.addedIDs[token]; ok {
		return id, true
	}
	id := t.vocab.lookup(token)
	return id, id != none
}

// Token returns the name in the vocabulary of an id, "" if there is none. It is
// not its text: see [Tokenizer.TokenBytes].
func (t *Tokenizer) Token(id int32) string {
	if i, ok := t.addedByID[id]; ok {
		return t.added[i].Content
	}
	return t.vocab.token(id)
}

// decoded returns what the decoder gets for an id.
func (t *Tokenizer) decoded(id int32) (token string, ok bool) {
	if i, ok := t.addedByID[id]; ok {
		return t.written[i], true
	}
	token = t.vocab.token(id)
	return token, token != "" || id >= 0 && t.vocab.lookup("") == id
}

// IsSpecial reports whether an id is a special token.
func (t *Tokenizer) IsSpecial(id int32) bool {
	i, ok := t.addedByID[id]
	return ok && t.added[i].Special
}

// BOS returns the token that AddSpecial puts before a text, if there is one.
func (t *Tokenizer) BOS() (int32, bool) {
	for _, p := range t.post {
		if p, ok := p.(template); ok && len(p.before) > 0 {
			return p.before[0], true
		}
	}
	return none, false
}

// SpecialTokens returns the ids of all special tokens, ascending.
func (t *Tokenizer) SpecialTokens() []int32 {
	var ids []int32
	for _, a := range t.added {
		if a.Special {
			ids = append(ids, a.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// MarshalJSON returns a tokenizer.json that gives the same tokens.
func (t *Tokenizer) MarshalJSON() ([]byte, error) {
	m := t.options
	m.Type, m.Vocab, m.Merges = "BPE", vocabJSON{}, mergesJSON{}
	for id, token := range t.vocab.tokens {
		if t.vocab.lookup(token) == int32(id) {
			m.Vocab = append(m.Vocab, vocabEntry{token, int64(id)})
		}
	}
	for _, r := range t.model.rules() {
		m.Merges = append(m.Merges, [2]string{t.vocab.token(r.left), t.vocab.token(r.right)})
	}
	return plainJSON(fileJSON{Version: fileVersion, AddedTokens: append([]addedToken{}, t.added...), componentsJSON: t.components, Model: m})
}
