package tokenizer

import (
	"fmt"
	"unicode/utf8"

	"github.com/medner/medner/internal/clip"
)

// added checks that the added tokens have the ids that the reference gives
// them, whatever the file says: a token of the vocabulary its own, any other
// the next one that is free.
func (b *builder) added(t *Tokenizer, added []addedToken) {
	t.addedByID = make(map[int32]int, len(added))
	t.addedIDs = make(map[string]int32, len(added))
	seen := make(map[string]int, len(added))
	next := int32(len(b.vocab.ids))
	for i, a := range added {
		field := fmt.Sprintf("added_tokens[%d]", i)
		if j, ok := seen[a.Content]; ok {
			if added[j] != a {
				b.fail(field+".content", fmt.Sprintf("%q a second time", a.Content), "each token once")
			}
			continue
		}
		seen[a.Content] = i
		want := b.vocab.lookup(a.Content)
		isNew := want == none
		if isNew {
			want = next
		}
		switch {
		case a.Content == "":
			b.fail(field+".content", "nothing", "a token")
		case len(a.Content) > maxAdded || !utf8.ValidString(a.Content):
			b.fail(field+".content", fmt.Sprintf("%d bytes", len(a.Content)), fmt.Sprintf("at most %d of UTF-8", maxAdded))
		case a.ID != want:
			b.fail(field+".id", fmt.Sprint(a.ID), fmt.Sprintf("%d, which the reference gives %q", want, a.Content))
		case isNew && b.vocab.token(want) != "":
			b.fail(field+".id", fmt.Sprintf("%d, which is %q in model.vocab", want, clip.Text(b.vocab.token(want))), "an id that is free")
		}
		if b.err != nil {
			return
		}
		if a.ID >= next {
			next = a.ID + 1
		}
		t.put(a)
	}
	b.addNamed(t, &next)
	t.size = max(len(b.vocab.tokens), int(next))
	if b.err == nil {
		b.matchers(t)
	}
}

// put appends an added token.
func (t *Tokenizer) put(a addedToken) {
	t.addedByID[a.ID] = len(t.added)
	t.addedIDs[a.Content] = a.ID
	t.added = append(t.added, a)
}

// addNamed adds the tokens of b.more as the reference does: a token that is there
// already keeps its id, and the flags of the last one count; it is special if any
// of them was. A new token gets its id in the vocabulary, or the next free one.
func (b *builder) addNamed(t *Tokenizer, next *int32) {
	known := make(map[string]bool, len(t.added))
	for _, a := range t.added {
		known[a.Content] = true
	}
	b.normalized = map[string]bool{}
	type given struct {
		token addedToken
		text  bool
	}
	seen := make(map[given]bool, len(b.more))
	for _, n := range b.more {
		a := n.addedToken
		g := given{a, n.text}
		switch {
		case a.Content == "" || !n.always && (known[a.Content] || seen[g]):
			continue
		case len(a.Content) > maxAdded || !utf8.ValidString(a.Content):
			b.failIn(n, fmt.Sprintf("a token of %d bytes", len(a.Content)), fmt.Sprintf("at most %d of UTF-8", maxAdded))
			return
		}
		if n.always {
			known[a.Content] = true
		}
		seen[g] = true
		if a.Normalized {
			b.normalized[a.Content] = true
		}
		if id, there := t.addedIDs[a.Content]; there {
			i := t.addedByID[id]
			a.ID = id
			a.Special = a.Special || t.added[i].Special
			t.added[i] = a
			continue
		}
		if a.ID = b.vocab.lookup(a.Content); a.ID == none {
			if a.ID = *next; b.vocab.token(a.ID) != "" || a.ID > maxID {
				b.failIn(n, fmt.Sprintf("%q, whose id would be %d", clip.Text(a.Content), a.ID), "an id that is free")
				return
			}
		}
		*next = max(*next, a.ID+1)
		t.put(a)
	}
}

// failIn keeps an error about the field that names a token.
func (b *builder) failIn(n namedToken, found, want string) {
	if b.err == nil {
		b.err = n.wrong(found, want)
	}
}

// matchers makes the matchers of the added tokens, in which special tokens come before
// others. A token that is looked for in the normalized text is normalized itself. As in
// the reference, it then decodes to the normalized name, and decoding without special
// tokens leaves it out if that name is a special token's.
func (b *builder) matchers(t *Tokenizer) {
	special := make(map[string]bool, len(t.added))
	bytes := 0
	t.written = make([]string, len(t.added))
	for i, a := range t.added {
		t.written[i] = a.Content
		if (a.Normalized || b.normalized[a.Content]) && t.normalizer != nil {
			t.written[i] = t.normalizer.normalize(piece{text: a.Content, token: noToken}).text
			if t.written[i] == "" {
				b.fail(fmt.Sprintf("added_tokens[%d].content", i), fmt.Sprintf("%q, of which the normalizer leaves nothing", a.Content), "a token")
			}
		}
		if bytes += len(t.written[i]); bytes > maxAddedBytes {
			b.fail("added_tokens", fmt.Sprintf("more than %d bytes of added tokens", maxAddedBytes), fmt.Sprint("at most ", maxAddedBytes))
			return
		}
		if a.Special {
			special[a.Content] = true
		}
	}
	var raw, late []addedToken
	var rawText, lateText []string
	for _, first := range []bool{true, false} {
		for i, a := range t.added {
			switch {
			case a.Special != first:
			case !a.Normalized:
				raw, rawText = append(raw, a), append(rawText, a.Content)
			default:
				late, lateText = append(late, a), append(lateText, t.written[i])
			}
		}
	}
	t.raw, t.late = newAddedMatcher(raw, rawText), newAddedMatcher(late, lateText)
	t.hidden = make([]bool, len(t.added))
	for i, text := range t.written {
		t.hidden[i] = special[text]
	}
}
