// Package classification turns the scores that a token classification head gives the
// tokens of a document into what `medner classify` prints.
package classification

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/internal/labels"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/tokenizer"
)

// Schema names the form of a Result.
const Schema = "medner-tags/1"

// Result is what is printed of a document. Its offsets count code points.
type Result struct {
	Schema     string   `json:"schema"`
	ID         string   `json:"id"`
	TextSHA256 string   `json:"text_sha256"`
	Offsets    string   `json:"offsets"`
	Labels     []string `json:"labels"`
	Spans      []Span   `json:"spans,omitzero"`  // nil: not wanted
	Tokens     []Token  `json:"tokens,omitzero"` // nil: not wanted
	Model      Model    `json:"model"`
}

// Span is a run of tokens with one label, without the white space around it.
type Span struct {
	Text  string  `json:"text"`
	Label string  `json:"label"` // without B- and I-
	Start int     `json:"start"`
	End   int     `json:"end"`
	Score float64 `json:"score"` // the mean of its tokens' probabilities
}

// Token is a token of the text. Its offsets are those of the tokenizer, which may count
// the space before a word to it.
type Token struct {
	ID     *int32    `json:"id,omitempty"` // nil where a prompt is around the text
	Index  int       `json:"index"`        // among all tokens that are read, special ones included, or with a prompt among those of the text
	Text   string    `json:"text"`
	Label  string    `json:"label"`
	Start  int       `json:"start"`
	End    int       `json:"end"`
	Score  float64   `json:"score"`            // the label's probability
	Scores []float64 `json:"scores,omitempty"` // by label
}

// Model names what classified a document.
type Model struct {
	Name      string `json:"name"`
	Adapter   string `json:"adapter,omitempty"`
	Weights   string `json:"weights"`
	Precision string `json:"precision"`
	Engine    string `json:"engine"`
}

// Scores says which scores a Result lists for every token.
type Scores string

// The kinds of scores. Without any, a Result has the tokens that aren't labelled O, if
// it has no spans.
const (
	NoScores      Scores = "none"
	Probabilities Scores = "softmax"
	Raw           Scores = "raw" // as the head gives them
)

// Classifier classifies documents. It serves any number of goroutines.
type Classifier struct {
	Model     *model.Model
	Tokenizer *tokenizer.Tokenizer
	Adapter   string // a name that the model knows
	Labels    []string
	Simple    bool // whether tokens are grouped to spans
	Scores    Scores
	About     Model
	// Prompted, unless nil, reads texts in a prompt; else the model reads the text alone.
	Prompted *ner.Extractor
}

// Classify classifies the tokens of a document. The text is text: special tokens in it
// are not parsed, and those that the tokenizer puts around it are left out of the
// result. A document without text has no tokens.
func (c *Classifier) Classify(ctx context.Context, d *document.Document) (*Result, error) {
	sum := sha256.Sum256([]byte(d.Text))
	r := &Result{
		Schema: Schema, ID: d.ID, TextSHA256: hex.EncodeToString(sum[:]), Offsets: "unicode code points", Labels: c.Labels, Model: c.About,
	}
	read := c.plain
	if c.Prompted != nil {
		read = c.prompted
	}
	tokens, err := read(ctx, d)
	if err != nil {
		return nil, err
	}
	if c.Simple {
		r.Spans = c.spans(d.Text, tokens)
	}
	switch {
	case c.Scores != NoScores:
		r.Tokens = append([]Token{}, tokens...)
	case !c.Simple:
		r.Tokens = []Token{}
		for _, t := range tokens {
			if t.Label != labels.Outside {
				r.Tokens = append(r.Tokens, t)
			}
		}
	}
	return r, nil
}

// plain reads the text of a document alone, with the special tokens that the tokenizer
// puts around it.
func (c *Classifier) plain(ctx context.Context, d *document.Document) (all []Token, err error) {
	e := c.Tokenizer.Encode(d.Text, tokenizer.EncodeOptions{AddSpecial: true})
	if d.Text == "" || len(e.IDs) == 0 {
		return nil, e.Err
	}
	found, err := c.Model.Classify(ctx, model.ClassifyRequest{Tokens: e.IDs, Adapter: c.Adapter, Patient: true})
	if err != nil {
		return nil, err
	}
	chars := e.CharOffsets(d.Text)
	for i := range e.IDs {
		if at := e.Offsets[i]; at[0] < at[1] { // not a special token
			t := c.token(d.Text[at[0]:at[1]], chars[i], found.Scores[i])
			t.ID, t.Index = &e.IDs[i], i
			all = append(all, t)
		}
	}
	return all, nil
}

// prompted reads the text of a document in a prompt.
func (c *Classifier) prompted(ctx context.Context, d *document.Document) (all []Token, err error) {
	found, err := c.Prompted.Label(ctx, *d)
	if err != nil {
		return nil, err
	}
	at := tokenizer.Encoding{}
	for _, t := range found {
		at.Offsets = append(at.Offsets, [2]int{t.Start, t.End})
	}
	chars := at.CharOffsets(d.Text)
	for i, t := range found {
		token := c.token(d.Text[t.Start:t.End], chars[i], t.Scores)
		token.Index = i
		all = append(all, token)
	}
	return all, nil
}

// token labels a token that stands at some code points of the text.
func (c *Classifier) token(text string, at [2]int, scores []float32) Token {
	p := softmax(scores)
	best := 0
	for j := range p {
		if p[j] > p[best] {
			best = j
		}
	}
	t := Token{Text: text, Start: at[0], End: at[1], Label: c.Labels[best], Score: p[best]}
	switch c.Scores {
	case Probabilities:
		t.Scores = p
	case Raw:
		for _, v := range scores {
			t.Scores = append(t.Scores, float64(v))
		}
	}
	return t
}

// softmax returns the probabilities that belong to scores.
func softmax(scores []float32) []float64 {
	most := math.Inf(-1)
	for _, v := range scores {
		most = max(most, float64(v))
	}
	p := make([]float64, len(scores))
	var sum float64
	for i, v := range scores {
		p[i] = math.Exp(float64(v) - most)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// spans groups tokens. White space around a span is no part of it, unless the span has
// nothing else.
func (c *Classifier) spans(text string, tokens []Token) []Span {
	names := make([]string, len(tokens))
	for i, t := range tokens {
		names[i] = t.Label
	}
	index := document.NewIndex(text)
	all := []Span{}
	for _, found := range labels.Spans(c.Labels, names) {
		s := Span{Label: found.Name, Start: tokens[found.First].Start, End: tokens[found.First].End}
		for _, t := range tokens[found.First:found.End] {
			s.Start, s.End = min(s.Start, t.Start), max(s.End, t.End)
			s.Score += t.Score / float64(found.End-found.First)
		}
		s.Text = text[index.Byte(s.Start):index.Byte(s.End)]
		left := strings.TrimLeftFunc(s.Text, unicode.IsSpace)
		if left != "" {
			s.Start += utf8.RuneCountInString(s.Text) - utf8.RuneCountInString(left)
			s.Text = strings.TrimRightFunc(left, unicode.IsSpace)
			s.End = s.Start + utf8.RuneCountInString(s.Text)
		}
		all = append(all, s)
	}
	return all
}
