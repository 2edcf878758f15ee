package tokenizer

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/nlpodyssey/gotokenizers/models/bpemodel"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
)

// builder makes a tokenizer of the parts that a file holds. It keeps the first
// error.
type builder struct {
	name  string
	vocab *vocabulary
	more  []namedToken // added tokens that tokenizer.json's neighbours name
	// normalized holds the tokens of more that are, or were, looked for in the
	// normalized text.
	normalized map[string]bool
	err        error
}

func (b *builder) fail(field, found, want string) {
	if b.err == nil {
		b.err = badinput.New(b.name, field, found, want)
	}
}

// token adds a token with its id to the model's vocabulary.
func (b *builder) token(token string, id int64) {
	switch {
	case id < 0 || id > maxID:
		b.fail("model.vocab", fmt.Sprintf("the id %d of %q", id, clip.Text(token)), fmt.Sprintf("ids up to %d", maxID))
	case len(token) > maxToken:
		b.fail("model.vocab", fmt.Sprintf("a token of %d bytes", len(token)), fmt.Sprintf("at most %d", maxToken))
	case b.vocab.token(int32(id)) != "" && b.vocab.token(int32(id)) != token:
		b.fail("model.vocab", fmt.Sprintf("the id %d for %q and %q", id, clip.Text(b.vocab.token(int32(id))), clip.Text(token)), "an id for each token")
	case token != "" && b.vocab.lookup("") == int32(id):
		b.fail("model.vocab", fmt.Sprintf("the id %d for %q and %q", id, "", clip.Text(token)), "an id for each token")
	case b.vocab.lookup(token) != none && b.vocab.lookup(token) != int32(id):
		b.fail("model.vocab", fmt.Sprintf("%q with the ids %d and %d", clip.Text(token), b.vocab.lookup(token), id), "each token once")
	default:
		b.vocab.set(int32(id), token)
	}
}

// merge returns the rule of merge number i, which joins a pair of tokens.
func (b *builder) merge(i int, pair [2]string) mergeRule {
	find := func(token string) int32 {
		id := b.vocab.lookup(token)
		if id == none {
			b.fail(fmt.Sprintf("model.merges[%d]", i), fmt.Sprintf("%q", clip.Text(token)), "a token of model.vocab")
		}
		return id
	}
	if len(pair[0])+len(pair[1]) > maxToken {
		b.fail(fmt.Sprintf("model.merges[%d]", i), fmt.Sprintf("a token of %d bytes", len(pair[0])+len(pair[1])), fmt.Sprintf("at most %d", maxToken))
		return mergeRule{}
	}
	return mergeRule{find(pair[0]), find(pair[1]), find(pair[0] + pair[1])}
}

func (b *builder) build(added []addedToken, parts componentsJSON, options modelJSON, merges []mergeRule) (t *Tokenizer, err error) {
	defer recoverTooLong(&err)
	t = &Tokenizer{vocab: b.vocab, components: parts, options: options}
	if b.err == nil {
		b.err = b.components(t, parts)
	}
	if b.err == nil {
		b.added(t, added)
	}
	if b.err == nil {
		b.model(t, options, merges)
	}
	if b.err == nil {
		b.checkPost(t)
	}
	if b.err != nil {
		return nil, b.err
	}
	return t, nil
}

func (b *builder) components(t *Tokenizer, parts componentsJSON) error {
	g := &growth{factor: 1}
	c, err := newComponent(b.name, "normalizer", parts.Normalizer)
	if err != nil {
		return err
	}
	if c != nil {
		if t.normalizer, err = c.normalizer(g); err != nil {
			return err
		}
	}
	g.parts = 0
	if c, err = newComponent(b.name, "pre_tokenizer", parts.PreTokenizer); err != nil {
		return err
	}
	if c != nil {
		if t.pre, err = c.preTokenizers(nil, g); err != nil {
			return err
		}
	}
	if c, err = newComponent(b.name, "post_processor", parts.PostProcessor); err != nil {
		return err
	}
	if c != nil {
		if t.post, err = c.postProcessors(nil); err != nil {
			return err
		}
	}
	if c, err = newComponent(b.name, "decoder", parts.Decoder); err != nil {
		return err
	}
	d := decoderBuilder{growth: growth{factor: 1}}
	if c != nil {
		if err = d.add(c); err != nil {
			return err
		}
	} else {
		d.steps = []newStep{func() step { return &spaceStep{} }}
	}
	t.decoder = d.steps
	return nil
}

// model makes t.model. Merges that result in a special token are left out, so
// that no word in a text becomes one.
func (b *builder) model(t *Tokenizer, o modelJSON, merges []mergeRule) {
	if o.Dropout != nil && *o.Dropout != 0 {
		b.fail("model.dropout", fmt.Sprint(*o.Dropout), "null or 0")
	}
	if o.Prefix != nil && *o.Prefix != "" {
		b.fail("model.continuing_subword_prefix", fmt.Sprintf("%q", clip.Text(*o.Prefix)), "null")
	}
	if o.Suffix != nil && *o.Suffix != "" {
		b.fail("model.end_of_word_suffix", fmt.Sprintf("%q", clip.Text(*o.Suffix)), "null")
	}
	m := &bpe{vocab: b.vocab, merges: bpemodel.NewMergeMap(), pairs: newPairTable(len(merges)), fuseUnknown: o.FuseUnk, byteFallback: o.ByteFallback, unknown: none}
	for i, r := range merges {
		if t.IsSpecial(r.id) {
			continue
		}
		m.pairs.set(r, i)
		m.merges.Set(int(r.left), int(r.right), bpemodel.MergeValue{Rank: i, ID: int(r.id)})
	}
	if n := len(t.pre); n > 0 {
		_, m.byteLevel = t.pre[n-1].(byteLevel)
	}
	covered := true // every character has a token
	for i := range 256 {
		m.bytes[i] = b.vocab.lookup(string(byteRunes[i]))
		m.fallback[i] = b.vocab.lookup(fmt.Sprintf("<0x%02X>", i))
		covered = covered && (m.byteLevel && m.bytes[i] != none || !m.byteLevel && m.byteFallback && m.fallback[i] != none)
	}
	if m.byteLevel && m.byteFallback && !covered {
		b.fail("model.byte_fallback", "true with a byte-level vocabulary that lacks bytes", "false")
	}
	if o.UnkToken != nil && !covered {
		if len(*o.UnkToken) > maxAdded { // each unknown character is decoded to it
			b.fail("model.unk_token", fmt.Sprint(len(*o.UnkToken), " bytes"), fmt.Sprint("at most ", maxAdded))
			return
		}
		if m.unknown = b.vocab.lookup(*o.UnkToken); m.unknown == none {
			b.fail("model.unk_token", fmt.Sprintf("%q", *o.UnkToken), "a token of model.vocab")
		}
	}
	if o.IgnoreMerges {
		m.wholeWords(t.IsSpecial)
	} else if !m.byteLevel && (covered || m.unknown != none) { // a skipped character shifts all offsets behind it
		m.boundary = findBoundary("▁", b.vocab, merges)
	}
	t.model = m
}

// wholeWords fills m.whole with all tokens but the special ones.
func (m *bpe) wholeWords(special func(int32) bool) {
	m.whole = make(map[string]int32, len(m.vocab.ids))
	for token, id := range m.vocab.ids {
		if special(id) {
			continue
		}
		text := token
		if m.byteLevel {
			raw, ok := tokenBytes(token)
			if !ok {
				continue
			}
			text = string(raw)
		}
		m.whole[text] = id
		m.maxWhole = max(m.maxWhole, len(text))
	}
}

// rules returns the model's merges by rank.
func (m *bpe) rules() []mergeRule {
	type ranked struct {
		mergeRule
		rank int
	}
	all := make([]ranked, 0, len(*m.merges))
	for pair, v := range *m.merges {
		all = append(all, ranked{mergeRule{int32(pair[0]), int32(pair[1]), int32(v.ID)}, v.Rank})
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	rules := make([]mergeRule, len(all))
	for i, r := range all {
		rules[i] = r.mergeRule
	}
	return rules
}

// recoverTooLong sets err where a pattern took too long.
func recoverTooLong(err *error) {
	switch r := recover().(type) {
	case nil:
	case tooLong:
		*err = r.err
	default:
		panic(r)
	}
}

// checkPost refuses templates that add ids which aren't there, or too many.
func (b *builder) checkPost(t *Tokenizer) {
	around := 0
	for _, p := range t.post {
		if p, ok := p.(template); ok {
			if around += len(p.before) + len(p.after); around > maxAround {
				b.fail("post_processor", fmt.Sprint("more than ", maxAround, " tokens around a text"), fmt.Sprint("at most ", maxAround))
			}
			for _, id := range slices.Concat(p.before, p.after) {
				if _, ok := t.decoded(id); !ok {
					b.fail("post_processor.special_tokens", fmt.Sprint("the id ", id), "an id of the vocabulary")
				}
			}
		}
	}
}
