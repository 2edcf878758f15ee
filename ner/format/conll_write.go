package format

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/sentence"
)

// conllHolds is the content that CoNLL's columns can hold of any document.
const conllHolds = hasText | hasLineBreaks | hasGaps

// docStart begins a document in CoNLL's columns.
const docStart = "-DOCSTART-"

// conllWriter writes a token on each line, with its start, its end (code points) and
// its tag, in columns between tabs. A blank line stands between sentences. Tags are
// IOB2: B-TYPE begins a mention, I-TYPE goes on with it, O is no mention. Before the
// tokens of a document a line has its identifier and its text, as a string of JSON,
// so that nothing of the text is lost:
//
//	-DOCSTART-	1	"Lithium  toxicity."	O
//
//	Lithium	0	7	B-Chemical
//	toxicity	9	17	O
//	.	17	18	O
//
// A token is a run of letters, digits and marks, or one other character that is no
// white space and no control character. Tokens are cut where a mention begins or ends.
type conllWriter struct {
	w io.Writer
	o WriteOptions
}

func (w *conllWriter) Write(r *document.Result) error {
	if err := needText(r, CoNLL); err != nil {
		return err
	}
	x := document.NewIndex(r.Text)
	if err := checkSpans(&r.Document, x); err != nil {
		return err
	}
	w.o.lose(r, conllHolds)
	text, err := json.Marshal(r.Text)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString(docStart + "\t" + flatCell(r.ID) + "\t")
	b.Write(text)
	b.WriteString("\tO\n\n")
	sentences := sentence.Starts(r.Text)
	mentions := flatMentions(r.Entities)
	for _, t := range tokens(r.Text, x, mentions) {
		for len(sentences) > 0 && sentences[0] <= t.from {
			if sentences = sentences[1:]; t.mention < 0 || t.first {
				b.WriteByte('\n')
			}
		}
		b.WriteString(r.Text[t.from:t.to] + "\t" + strconv.Itoa(t.start) + "\t" + strconv.Itoa(t.end) + "\t")
		switch {
		case t.mention < 0:
			b.WriteString("O\n")
		case t.first:
			b.WriteString("B-" + flatCell(writeCoNLLType(mentions[t.mention].typ)) + "\n")
		default:
			b.WriteString("I-" + flatCell(writeCoNLLType(mentions[t.mention].typ)) + "\n")
		}
	}
	b.WriteByte('\n')
	_, err = w.w.Write(bytes.ReplaceAll(b.Bytes(), []byte("\n\n\n"), []byte("\n\n")))
	return err
}

func (w *conllWriter) Close() error { return nil }

// writeCoNLLType returns the word for an entity type; tags of mentions without one are
// B- and I-.
func writeCoNLLType(typ string) string {
	if typ == "" {
		return ""
	}
	return writeType(typ)
}

// flatCell returns a text for a column.
func flatCell(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// flatMention is a mention from its first to its last character.
type flatMention struct {
	document.Span
	typ string
}

// flatMentions returns the mentions that one layer of tags can hold, in order: of
// those that overlap, the longer, or the one that begins first, or that comes first.
func flatMentions(entities []document.Entity) []flatMention {
	var all, kept []flatMention
	for i := range entities {
		if n := len(entities[i].Spans); n > 0 {
			all = append(all, flatMention{document.Span{Start: entities[i].Spans[0].Start, End: entities[i].Spans[n-1].End}, entities[i].Type})
		}
	}
	slices.SortStableFunc(all, func(a, b flatMention) int {
		if d := (b.End - b.Start) - (a.End - a.Start); d != 0 {
			return d
		}
		return a.Start - b.Start
	})
	byStart := func(m flatMention, start int) int { return m.Start - start }
	for _, m := range all {
		at, same := slices.BinarySearchFunc(kept, m.Start, byStart)
		if m.End <= m.Start || same || at > 0 && kept[at-1].End > m.Start || at < len(kept) && kept[at].Start < m.End {
			continue
		}
		kept = slices.Insert(kept, at, m)
	}
	return kept
}

// token is a piece of a text.
type token struct {
	from, to   int // bytes
	start, end int // code points
	mention    int // of which it is a part; -1 for none
	first      bool
}

// tokens cuts a text, of which x is the index, also where mentions, which are in
// order, begin and end.
func tokens(text string, x *document.Index, mentions []flatMention) []token {
	var all []token
	n, next, begun := 0, 0, false // code points so far; the mention here or next; it has a token
	for i := 0; i < len(text); {
		for next < len(mentions) && n >= mentions[next].End {
			next, begun = next+1, false
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if noToken(r) {
			i, n = i+size, n+1
			continue
		}
		t := token{from: i, start: n, mention: -1}
		limit := x.Len()
		if next < len(mentions) {
			if limit = mentions[next].Start; n >= limit {
				limit, t.mention, t.first = mentions[next].End, next, !begun
				begun = true
			}
		}
		for i, n = i+size, n+1; n < limit && wordRune(r) && i < len(text); i, n = i+size, n+1 {
			if r, size = utf8.DecodeRuneInString(text[i:]); !wordRune(r) {
				break
			}
		}
		t.to, t.end = i, n
		all = append(all, t)
	}
	return all
}

func wordRune(r rune) bool { return isWord(r) || unicode.IsMark(r) }

// noToken tells whether a character is no part of a token.
func noToken(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
