package tokenizer

// Tokenizer turns text into token ids and back. It may be used by any number
// of goroutines.
type Tokenizer struct {
	vocab      *vocabulary // of the model
	model      *bpe
	added      []addedToken
	written    []string      // written[i] is the text that added[i] decodes to
	hidden     []bool        // hidden[i]: decoding without special tokens leaves added[i] out
	addedByID  map[int32]int // an added token's id to its index in added
	addedIDs   map[string]int32
	size       int           // one more than the highest id
	raw        *addedMatcher // finds added tokens in the text as it was given
	late       *addedMatcher // finds added tokens in the normalized text
	normalizer normalizer    // nil if the file has none
	pre        sequence
	post       []postProcessor
	decoder    []newStep
	components componentsJSON // as the file has them, for MarshalJSON
	options    modelJSON      // the file's model, without vocabulary and merges
}

// EncodeOptions say what counts as a special token.
type EncodeOptions struct {
	// AddSpecial adds the tokens that the tokenizer puts around a text, such as
	// <|begin_of_text|>.
	AddSpecial bool
	// ParseSpecial turns the names of special tokens in the text, such as
	// <|eot_id|>, into those tokens. Without it the names are encoded as text.
	ParseSpecial bool
	// Literal holds ranges of bytes of the text, [start, end), in which
	// ParseSpecial doesn't apply: a name that touches one is encoded as text.
	// They are what users wrote in a rendered chat.
	Literal [][2]int
}

// Encoding holds the tokens of a text.
type Encoding struct {
	IDs []int32
	// Offsets[i] is the range of bytes [start, end) of the text that token i
	// came from, widened to whole characters: tokens that share a character
	// overlap. Tokens that AddSpecial puts around the text have [0, 0).
	// [Encoding.CharOffsets] converts the offsets to code points.
	Offsets [][2]int
	// Err is nil, or a badinput error that names a pattern of the tokenizer.json
	// which takes too long on the text. There are no tokens then.
	Err error
}

// encoding is an Encoding on its way through the post-processors.
type encoding struct {
	Encoding
	found []foundToken
}

// foundToken is an added token that was found in the text.
type foundToken struct {
	index int    // of the token in the encoding
	text  string // as the token stands in the text
}

func (e *Encoding) add(id int32, at span) {
	e.IDs = append(e.IDs, id)
	e.Offsets = append(e.Offsets, [2]int{at.start, at.end})
}

// Encode returns the tokens of text. Characters without a token become the unknown
// token or, if the vocabulary has none, are left out. It fails, see Encoding.Err,
// only where the tokenizer has a pattern that a backtracking engine must match.
func (t *Tokenizer) Encode(text string, o EncodeOptions) (out Encoding) {
	defer recoverTooLong(&out.Err)
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

// ID returns the id of a token by its name in the vocabulary, such as <|eot_id|>
// or Ġthe.
func (t *Tokenizer) ID(token string) (int32, bool) {
	if id, ok := t.addedIDs[token]; ok {
		return id, true
	}
	id := t.vocab.lookup(token)
	return id, id != none
}

// Token returns an id's name in the vocabulary, or "" if there is none. A name
// isn't the token's text, which [Tokenizer.TokenBytes] returns.
func (t *Tokenizer) Token(id int32) string {
	if i, ok := t.addedByID[id]; ok {
		return t.added[i].Content
	}
	return t.vocab.token(id)
}

// decoded returns the string that the decoder is given for an id.
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

// BOS returns the id of the first token that AddSpecial puts before a text, if
// there is one.
func (t *Tokenizer) BOS() (int32, bool) {
	for _, p := range t.post {
		if p, ok := p.(template); ok && len(p.before) > 0 {
			return p.before[0], true
		}
	}
	return none, false
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
