package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
)

// xmlSplitter cuts an XML file into the elements that hold one document each,
// so that each can be parsed by itself: a broken one doesn't take the file with
// it, and no more than one is in memory. It knows just enough of XML for that:
// tags with quoted attributes, comments, CDATA, processing instructions and the
// document type, whose own declarations it refuses.
type xmlSplitter struct {
	name     string
	in       *bufio.Reader
	elements []string // those wanted
	roots    []string // those around them; the one opened must be closed at the end
	max      int      // bytes of an element

	line    int    // of the next byte, from 1
	buf     []byte // what has been read of the current piece
	over    bool   // the piece is larger than max
	tag     []byte // the beginning of the last tag
	tail    [3]byte
	resume  bool // buf holds the start tag of an element already
	head    []byte
	started bool
	opened  string
	closed  bool
}

const (
	maxHead = 1 << 20  // bytes before the first document
	maxTag  = 64 << 10 // bytes of a tag
)

var (
	errUnclosed = errors.New("an element that is not closed")
	errTag      = errors.New("a tag within a tag")
	errLongTag  = fmt.Errorf("a tag of more than %d bytes", maxTag)
	errEntities = errors.New("a document type with declarations of its own")
)

// xmlPiece is one element as it stands in the file.
type xmlPiece struct {
	line int
	data []byte
}

func newXMLSplitter(name string, in *bufio.Reader, max int, elements, roots []string) *xmlSplitter {
	return &xmlSplitter{name: name, in: in, elements: elements, roots: roots, max: max, line: 1}
}

// next returns the next element, io.EOF at the end. Its data is valid until
// the call after.
func (s *xmlSplitter) next() (xmlPiece, error) {
	for {
		if !s.resume {
			s.buf, s.over = s.buf[:0], false
			if err := s.text(); err != nil {
				return xmlPiece{}, s.end(err)
			}
			s.keepHead()
			s.buf = s.buf[:0]
		}
		line := s.line
		if !s.resume {
			if err := s.markup(); err != nil {
				return xmlPiece{}, s.bad(line, err)
			}
		}
		s.resume = false
		name, end, empty := s.tagName()
		switch {
		case slices.Contains(s.elements, name) && !end:
			s.started = true
			if !empty {
				if err := s.element(name); err != nil {
					return xmlPiece{}, s.bad(line, err)
				}
			}
			return xmlPiece{line, s.buf}, nil
		case slices.Contains(s.roots, name) && end:
			s.closed = true
		case slices.Contains(s.roots, name) && !empty:
			s.opened, s.closed = name, false
		}
		s.keepHead()
		if len(s.head) >= maxHead {
			return xmlPiece{}, final{badinput.New(s.name, "", fmt.Sprintf("%d bytes before the first document", maxHead), "documents")}
		}
	}
}

// keepHead adds to what is known of the file before its first element.
func (s *xmlSplitter) keepHead() {
	if !s.started {
		s.head = append(s.head, s.buf[:min(len(s.buf), maxHead-len(s.head))]...)
	}
}

// element reads on behind a start tag to the matching end tag.
func (s *xmlSplitter) element(name string) error {
	for depth := 1; depth > 0; {
		if err := s.text(); err != nil {
			return err
		}
		from := len(s.buf)
		if err := s.markup(); err != nil {
			return err
		}
		got, end, empty := s.tagName()
		switch {
		case got == name && end:
			depth--
		case got == name:
			s.buf = append(s.buf[:0], s.buf[min(from, len(s.buf)):]...)
			s.resume, s.over = !empty, false
			return errUnclosed
		case slices.Contains(s.roots, got) && end:
			s.closed = true
			return errUnclosed
		}
	}
	if s.over {
		return fmt.Errorf("more than %d bytes", s.max)
	}
	return nil
}

// text reads up to the next "<", which it leaves.
func (s *xmlSplitter) text() error {
	for {
		part, err := s.in.ReadSlice('<')
		if err == nil {
			s.put(part[:len(part)-1])
			return s.in.UnreadByte()
		}
		s.put(part)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// markup reads what a "<" begins. Only of a tag it remembers the name.
func (s *xmlSplitter) markup() error {
	s.tag = s.tag[:0]
	start, err := s.in.Peek(len("<![CDATA["))
	if err != nil && len(start) < 2 {
		return err
	}
	switch {
	case bytes.HasPrefix(start, []byte("<!--")):
		return s.until("-->")
	case bytes.HasPrefix(start, []byte("<![CDATA[")):
		return s.until("]]>")
	case start[1] == '?':
		return s.until("?>")
	}
	declaration := start[1] == '!'
	quote := byte(0)
	for n := 0; ; n++ {
		c, err := s.in.ReadByte()
		if err != nil {
			return err
		}
		switch {
		case c == '<' && n > 0:
			return errors.Join(errTag, s.in.UnreadByte())
		case n == maxTag:
			return errLongTag
		case c == '[' && declaration && quote == 0:
			return errEntities
		}
		s.tag = append(s.tag, c)
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '>':
			s.put(s.tag)
			return nil
		}
	}
}

// until reads up to and including a delimiter that ends in ">".
func (s *xmlSplitter) until(delimiter string) error {
	for {
		part, err := s.in.ReadSlice('>')
		s.put(part)
		switch {
		case err == nil && bytes.HasSuffix(s.tail[:], []byte(delimiter)):
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// put adds to the current piece as long as there is room.
func (s *xmlSplitter) put(b []byte) {
	s.line += bytes.Count(b, []byte("\n"))
	for _, c := range b[max(0, len(b)-len(s.tail)):] {
		s.tail[0], s.tail[1], s.tail[2] = s.tail[1], s.tail[2], c
	}
	if s.over || len(s.buf)+len(b) > s.max {
		s.over = true
		return
	}
	s.buf = append(s.buf, b...)
}

func (s *xmlSplitter) tagName() (name string, end, empty bool) {
	t := bytes.TrimPrefix(s.tag, []byte("<"))
	t, end = bytes.CutPrefix(t, []byte("/"))
	i := bytes.IndexAny(t, " \t\r\n/>")
	if i < 0 {
		return "", false, false
	}
	return string(t[:i]), end, bytes.HasSuffix(t, []byte("/>"))
}

// bad is what is wrong at a line; at the file's end there is no going on.
func (s *xmlSplitter) bad(line int, err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return final{badinput.New(s.name, place(line, ""), "the end of the file within an element", "the end of the element")}
	case errors.Is(err, errEntities):
		return final{badinput.New(s.name, place(line, ""), err.Error(), "none: entities are not expanded")}
	case errors.Is(err, errUnclosed), errors.Is(err, errTag), errors.Is(err, errLongTag), s.over:
		return badinput.New(s.name, place(line, ""), strings.SplitN(err.Error(), "\n", 2)[0], "a well-formed document")
	}
	return badRead(s.name, err)
}

// end tells a complete file from a truncated one.
func (s *xmlSplitter) end(err error) error {
	if !errors.Is(err, io.EOF) {
		return badRead(s.name, err)
	}
	switch {
	case s.opened != "" && !s.closed:
		return final{badinput.New(s.name, place(s.line, ""), "the end of the file", "</"+s.opened+">")}
	case !s.started && s.opened == "":
		return final{badinput.New(s.name, "", "no <"+strings.Join(s.elements, "> or <")+">", "one at least")}
	}
	return io.EOF
}

var xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)["']`)

// encoding refuses a declared encoding other than UTF-8.
func (s *xmlSplitter) encoding() error {
	m := xmlEncoding.FindSubmatch(s.head)
	if m == nil {
		return nil
	}
	switch strings.ToLower(string(m[1])) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return nil
	}
	return final{badinput.New(s.name, "encoding", quote(string(m[1])), "UTF-8")}
}
