package ner

import (
	"errors"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/tokenizer"
)

// A prompt that puts the article first is a prefix, which all branches about a
// piece of an article share, and a branch: a question, or the piece once more
// for a model that labels its tokens. Each part is encoded by itself. As the
// prefixes are the same ids, the model's schedule reads them once:
//
//	prefix                         branches
//	system, instruction, piece ─┬─ question about chemicals → list
//	                            ├─ question about diseases → list
//	                            ├─ question about influences → list
//	                            └─ text between, copy of the piece → labels

// parts returns the ids of a question's prefix, and the text behind it. r is
// the rendered question.
func (e *Extractor) parts(q question, r prompt.Rendered) (prefix []int32, branch prompt.Rendered, err error) {
	before, branch, ok := r.Cut(q.user, q.seam)
	if !ok {
		return nil, branch, badinput.New("", "prompt "+q.prompt.Name, "a chat template that rewrites the user's turn", `one that keeps it, or a prompt with "chat": "plain"`)
	}
	encoded := e.begun(before, q.prompt)
	// No token that the tokenizer puts behind a text belongs at the seam.
	n := len(encoded.IDs)
	for n > 0 && encoded.Offsets[n-1] == [2]int{} {
		n--
	}
	return encoded.IDs[:n:n], branch, encoded.Err
}

// copied is a prompt that ends with a copy of a piece, whose tokens a model
// labels.
type copied struct {
	ids   []int32 // the prefix, the text between, the copy
	first int     // the place in ids of the copy's first token
	// tokens holds the bytes [start, end) of the document's text that each token
	// of the copy stands for, widened to whole characters. White space before a
	// word belongs to the word's token.
	tokens [][2]int
}

// copyOf returns the prompt that ends with a copy of a question's piece. All
// questions about one piece under one prompt give the same. ok is false where
// the prompt has no such branch.
func (e *Extractor) copyOf(q question) (c copied, ok bool, err error) {
	between, ok := q.prompt.BeforeCopy()
	if !ok || q.seam == 0 {
		return copied{}, false, nil
	}
	r, err := e.render(q)
	if err != nil {
		return copied{}, false, err
	}
	prefix, _, err := e.parts(q, r)
	if err != nil {
		return copied{}, false, err
	}
	encodedBetween := e.tokenizer.Encode(between, tokenizer.EncodeOptions{})
	c.ids = append(prefix, encodedBetween.IDs...)
	c.first = len(c.ids)
	encoded := e.tokenizer.Encode(e.shown(q.article), tokenizer.EncodeOptions{})
	if err := errors.Join(encodedBetween.Err, encoded.Err); err != nil {
		return copied{}, false, err
	}
	c.ids = append(c.ids, encoded.IDs...)
	at := e.shownAt(q.article)
	for _, o := range encoded.Offsets {
		c.tokens = append(c.tokens, [2]int{q.start + at(o[0]), q.start + at(o[1])})
	}
	return c, true, nil
}

// lineEnds writes all ends of lines alike, so that the same text gets the same
// answer.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// shown returns a piece as the model reads it.
func (e *Extractor) shown(piece string) string {
	if e.profile == Default {
		return lineEnds.Replace(piece)
	}
	return piece
}

// shownAt returns a function from bytes of shown(piece) to those of the piece.
// It is called with ascending or descending bytes.
func (e *Extractor) shownAt(piece string) func(int) int {
	if e.profile != Default || !strings.Contains(piece, "\r\n") {
		return func(i int) int { return i }
	}
	at := make([]int, 0, len(piece)+1) // by byte shown
	for i := range len(piece) {
		if piece[i] != '\r' || i+1 == len(piece) || piece[i+1] != '\n' {
			at = append(at, i)
		}
	}
	at = append(at, len(piece))
	return func(i int) int { return at[i] }
}
