package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner/document"
)

// conllSource reads columns of tokens: the first column has the token, the last its
// tag, in IOB1, IOB2, BIOES (IOBES, BMEWO) or BILOU. Columns stand between tabs, or
// between spaces where a line has no tab. A document begins with -DOCSTART- or a
// comment "# newdoc id = ID"; in a file without these, each sentence, which a blank
// line ends, is a document. Where the file has no text and no offsets, as conllWriter
// writes them, the text is the tokens with spaces between.
type conllSource struct {
	name  string
	lines *lines
	o     ReadOptions
	parts bool // documents are marked
}

// conllDocument is a document that is being read.
type conllDocument struct {
	id     string
	line   int
	text   *string // as the file states it; nil for none
	rows   []conllRow
	broken bool // a sentence has ended
	size   int  // bytes
	bad    error
}

// conllRow is a token.
type conllRow struct {
	line  int
	cells []string
	begin bool // it begins a sentence
}

var (
	conllTag    = regexp.MustCompile(`^(O|[BIEMSLUW](-.*)?)$`)
	conllNewDoc = regexp.MustCompile(`^#\s*(?:newdoc(?:\s+id)?|doc_?id|id)\s*[=:]\s*(\S.*?)\s*$`)
)

// detectCoNLL tells whether a file has columns of tokens: all of its first lines have
// as many columns, the last of which is a tag, and one token is outside of mentions.
func detectCoNLL(head []byte) bool {
	if len(head) >= headSize {
		head = head[:bytes.LastIndexByte(head, '\n')+1]
	}
	n, columns, outside := 0, 0, false
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 || bytes.HasPrefix(line, []byte("# ")) {
			continue
		}
		if bytes.HasPrefix(line, []byte(docStart)) {
			return n == 0
		}
		cells := conllCells(string(line))
		tag := cells[len(cells)-1]
		if n > 0 && len(cells) != columns || len(cells) < 2 || !conllTag.MatchString(tag) {
			return false
		}
		n, columns, outside = n+1, len(cells), outside || tag == "O"
	}
	return n >= 3 && outside
}

func conllCells(line string) []string {
	if strings.Contains(line, "\t") {
		return strings.Split(line, "\t")
	}
	return strings.Fields(line)
}

func (s *conllSource) next() (document.Result, error) {
	for {
		d, err := s.document()
		if err != nil {
			return document.Result{}, err
		}
		if d.bad != nil {
			return document.Result{}, d.bad
		}
		if d.text == nil && len(d.rows) == 0 {
			continue // a mark without a document
		}
		res, err := s.result(d)
		return document.Result{Document: res}, err
	}
}

// document reads the lines of the next document.
func (s *conllSource) document() (*conllDocument, error) {
	var d *conllDocument
	for {
		raw, err := s.lines.next()
		switch {
		case errors.Is(err, errLongLine):
			if d == nil {
				d = &conllDocument{line: s.lines.number}
			}
			d.fail(badinput.New(s.name, place(s.lines.number, d.id), fmt.Sprintf("more than %d bytes", s.lines.max), "a line of columns"))
			continue
		case err == io.EOF && d != nil: //nolint:errorlint // lines returns it bare
			return d, nil
		case err == io.EOF: //nolint:errorlint // lines returns it bare
			return nil, io.EOF
		case err != nil:
			return nil, badRead(s.name, err)
		}
		line := string(raw)
		begins := strings.HasPrefix(line, docStart) || conllNewDoc.MatchString(line)
		if d != nil && (begins || strings.TrimSpace(line) == "" && !s.parts) {
			if begins {
				s.lines.unread()
			}
			return d, nil
		}
		if d == nil && strings.TrimSpace(line) == "" {
			continue
		}
		if d == nil {
			d = &conllDocument{line: s.lines.number}
		}
		if s.parts = s.parts || begins; begins {
			s.begin(d, line)
			continue
		}
		s.add(d, line)
	}
}

// begin reads the line that begins a document.
func (s *conllSource) begin(d *conllDocument, line string) {
	if bad := badText([]byte(line)); bad != "" {
		d.fail(badinput.New(s.name, place(d.line, ""), bad, textWanted(bad)))
		return
	}
	if m := conllNewDoc.FindStringSubmatch(line); m != nil {
		d.id = m[1]
		return
	}
	cells := conllCells(line)
	if len(cells) > 1 && strings.Trim(cells[1], "-") != "X" && cells[1] != "O" {
		d.id = cells[1]
	}
	if len(cells) == 4 && strings.HasPrefix(cells[2], `"`) {
		var text string
		if err := json.Unmarshal([]byte(cells[2]), &text); err != nil {
			d.fail(badinput.New(s.name, place(d.line, d.id), quote(cells[2]), "the text as a string of JSON"))
			return
		}
		if bad := badJSONText([]byte(cells[2])); bad != "" {
			d.fail(badinput.New(s.name, place(d.line, d.id), bad, textWanted(bad)))
			return
		}
		d.text = &text
	}
}

func (d *conllDocument) fail(err error) {
	if d.bad == nil {
		d.bad = err
	}
}

// add adds a line to a document.
func (s *conllSource) add(d *conllDocument, line string) {
	if d.bad != nil {
		return
	}
	if strings.TrimSpace(line) == "" {
		d.broken = true
		return
	}
	at := place(s.lines.number, d.id)
	if d.size += len(line) + 64; d.size > s.lines.max {
		d.fail(badinput.New(s.name, at, fmt.Sprintf("more than %d bytes", s.lines.max), "a document"))
		return
	}
	if bad := badText([]byte(line)); bad != "" {
		d.fail(badinput.New(s.name, at, bad, textWanted(bad)))
		return
	}
	cells := conllCells(line)
	if strings.HasPrefix(line, "#") && !conllTag.MatchString(cells[len(cells)-1]) {
		return // a comment
	}
	if len(cells) < 2 {
		d.fail(badinput.New(s.name, at, quote(line), "a token and its tag"))
		return
	}
	d.rows = append(d.rows, conllRow{s.lines.number, cells, d.broken && len(d.rows) > 0})
	d.broken = false
}

// inside has the tags of tokens that aren't the first of a mention, goingOn those
// of tokens that aren't the last. In IOB1 and in careless files I begins mentions too.
var (
	inside  = []string{"I", "E", "M", "L"}
	goingOn = []string{"B", "I", "M"}
)

// result returns the document, with its mentions.
func (s *conllSource) result(d *conllDocument) (document.Document, error) {
	if d.id == "" {
		d.id = s.o.fileID(s.name) + ":" + strconv.Itoa(d.line)
	}
	doc := document.Document{ID: d.id}
	spans, err := s.spans(d, &doc)
	if err != nil {
		return doc, err
	}
	x := document.NewIndex(doc.Text)
	open := ""      // the type of the mention that goes on, if one does
	goesOn := false // a mention goes on
	for i, row := range d.rows {
		tag := row.cells[len(row.cells)-1]
		if !conllTag.MatchString(tag) {
			err := badinput.New(s.name, place(row.line, d.id), quote(tag), "O, or one of B, I, E, S, M, L, U, W with a hyphen and a type")
			if err := s.o.annotation(s.name, d.id, err); err != nil {
				return doc, err
			}
			tag = "O"
		}
		prefix, typ, _ := strings.Cut(tag, "-")
		if goesOn = goesOn && typ == open && !row.begin && slices.Contains(inside, prefix); prefix != "O" {
			if !goesOn {
				doc.Entities = append(doc.Entities, mention(typ, ""))
				doc.Entities[len(doc.Entities)-1].Spans = []document.Span{{Start: spans[i].Start}}
			}
			doc.Entities[len(doc.Entities)-1].Spans[0].End = spans[i].End
		}
		goesOn, open = slices.Contains(goingOn, prefix), typ
	}
	for i := range doc.Entities {
		doc.Entities[i].Text, _ = x.Slice(doc.Entities[i].Spans[0])
	}
	return doc, nil
}

// spans returns where the tokens stand, and sets the document's text.
func (s *conllSource) spans(d *conllDocument, doc *document.Document) ([]document.Span, error) {
	spans := make([]document.Span, len(d.rows))
	if d.text == nil {
		var b strings.Builder
		n := 0
		for i, row := range d.rows {
			if i > 0 {
				n++
				b.WriteString(map[bool]string{false: " ", true: "\n"}[row.begin])
			}
			b.WriteString(row.cells[0])
			spans[i].Start = n
			n += utf8.RuneCountInString(row.cells[0])
			spans[i].End = n
		}
		doc.Text = b.String()
		return spans, nil
	}
	doc.Text = *d.text
	x := document.NewIndex(doc.Text)
	before := 0
	for i, row := range d.rows {
		var err error
		if len(row.cells) != 4 {
			err = badinput.New(s.name, place(row.line, d.id), fmt.Sprintf("%d columns", len(row.cells)), "4: token, start, end and tag")
		} else {
			start, wrong := strconv.Atoi(row.cells[1])
			end, wrong2 := strconv.Atoi(row.cells[2])
			spans[i] = document.Span{Start: start, End: end}
			if got, ok := x.Slice(spans[i]); wrong != nil || wrong2 != nil || !ok || got != row.cells[0] || start < before {
				err = badinput.New(s.name, place(row.line, d.id), quote(clip.At(got, maxQuote))+" at "+quote(row.cells[1])+" to "+quote(row.cells[2]), quote(row.cells[0]))
			}
		}
		if err != nil {
			if err := s.o.annotation(s.name, d.id, err); err != nil {
				return nil, err
			}
			d.rows[i].cells = []string{"", "O"}
			spans[i] = document.Span{Start: before, End: before}
		}
		before = spans[i].End
	}
	return spans, nil
}
