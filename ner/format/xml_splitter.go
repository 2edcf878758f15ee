package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
)

// xmlSplitter cuts an XML file into elements that hold one document each, so that
// each is parsed by itself: a broken element spoils no other, and only one is in
// memory. It knows as much of XML as that takes: tags with quoted attributes,
// comments, CDATA, processing instructions, and the document type, in which it
// refuses declarations.
type xmlSplitter struct {
	name     string
	in       *bufio.Reader
	elements []string          // the names of elements that hold a document
	roots    []string          // the names of elements around those
	dropped  []string          // the names of elements in those whose content is not kept
	max      int               // bytes of an element
	names    map[string]string // those of the three lists, by themselves

	line int     // of the next byte, from 1
	buf  []byte  // the current piece: markup, text or an element
	over bool    // the piece is larger than max
	tag  []byte  // the latest tag; empty after other markup
	tail [3]byte // the latest bytes
	mute bool    // what is read is not kept

	resume  bool   // buf has the start tag of the next element already
	head    []byte // what stands before the first element
	started bool   // the first element has begun
	opened  string // the root element; "" before its start tag
	closed  bool   // its end tag has been read
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

// xmlPiece is an element as it stands in the file.
type xmlPiece struct {
	line int // where it begins
	data []byte
}

func newXMLSplitter(name string, in *bufio.Reader, max int, elements, roots, dropped []string) *xmlSplitter {
	s := &xmlSplitter{name: name, in: in, elements: elements, roots: roots, dropped: dropped, max: max, line: 1, names: map[string]string{}}
	for _, list := range [][]string{elements, roots, dropped} {
		for _, name := range list {
			s.names[name] = name
		}
	}
	return s
}

// next returns the next element, and io.EOF at the end of the file. The data is
// valid until the next call.
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
			return xmlPiece{line: line, data: s.buf}, nil
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

// keepHead adds the current piece to the head, before the first element.
func (s *xmlSplitter) keepHead() {
	if !s.started {
		s.head = append(s.head, s.buf[:min(len(s.buf), maxHead-len(s.head))]...)
	}
}

// element reads from a start tag to the matching end tag. If the start tag of
// another element of the same name comes first, the element isn't closed, and the
// next call of next resumes at that tag.
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
		case slices.Contains(s.dropped, got) && !end && !empty:
			if err := s.drop(got); err != nil {
				return err
			}
		}
	}
	if s.over {
		return fmt.Errorf("more than %d bytes", s.max)
	}
	return nil
}

// drop reads up to the end tag of an element whose start tag was read, and keeps
// line feeds and that tag. Parsing would take several times as long.
func (s *xmlSplitter) drop(name string) error {
	if s.dropPlain(name) {
		return nil
	}
	from := s.line
	s.mute = true
	defer func() { s.mute = false }()
	for {
		if err := s.text(); err != nil {
			return err
		}
		if err := s.markup(); err != nil {
			return err
		}
		got, end, empty := s.tagName()
		if got == name && end {
			break
		}
		if slices.Contains(s.elements, got) {
			if s.mute = false; !end {
				s.buf = append(s.buf[:0], s.tag...)
				s.resume, s.over = !empty, false
			}
			return errUnclosed
		}
	}
	s.mute = false
	feeds := s.line - from
	s.put(bytes.Repeat([]byte("\n"), feeds))
	s.put(s.tag)
	s.line = from + feeds
	return nil
}

// dropPlain does what drop does if the element lies in the buffer whole, has no other
// markup than tags, and is closed before anything else is, as nearly all are.
func (s *xmlSplitter) dropPlain(name string) bool {
	ahead, _ := s.in.Peek(s.in.Buffered())
	end := "</" + name + ">"
	n := bytes.Index(ahead, []byte(end))
	if n < 0 || !arePlainTags(ahead[:n]) {
		return false
	}
	if bytes.Contains(ahead[:n], []byte(name)) { // in another form of its end tag, it may be
		return false
	}
	for _, other := range s.elements {
		if bytes.Contains(ahead[:n], []byte(other)) {
			return false
		}
	}
	s.put(bytes.Repeat([]byte("\n"), bytes.Count(ahead[:n], []byte("\n"))))
	s.tag = append(s.tag[:0], end...)
	s.put(s.tag)
	_, _ = s.in.Discard(n + len(end)) // it was peeked at
	return true
}

// arePlainTags reports whether all markup in b is tags as plainTag reads them.
func arePlainTags(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			return true
		}
		b = b[i+1:]
		n := bytes.IndexByte(b, '>')
		if n < 0 || n > maxTag-2 || n > 0 && (b[0] == '!' || b[0] == '?') {
			return false
		}
		quotes := 0
		for _, c := range b[:n] {
			switch c {
			case '<', '\'':
				return false
			case '"':
				quotes++
			}
		}
		if quotes%2 != 0 {
			return false
		}
		b = b[n+1:]
	}
}

// text reads up to the next "<", which it leaves unread.
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

// markup reads what the next "<" begins, and keeps it in tag if it is a tag.
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
	if s.plainTag() {
		return nil
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

// plainTag reads the next tag if it lies in the buffer whole and has no other
// brackets and no single quotes, as nearly all tags are. It is a faster way to what
// markup does.
func (s *xmlSplitter) plainTag() bool {
	ahead, _ := s.in.Peek(min(s.in.Buffered(), maxTag))
	length := bytes.IndexByte(ahead, '>') + 1
	tag := ahead[:length]
	if length == 0 || tag[1] == '!' || bytes.ContainsAny(tag[1:], "<'") || bytes.Count(tag, []byte(`"`))%2 != 0 {
		return false
	}
	s.tag = append(s.tag, tag...)
	s.put(tag)
	_, _ = s.in.Discard(length) // it was peeked at
	return true
}

// until reads up to the end of a delimiter, which ends with ">".
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

// put adds bytes to the current piece, if it doesn't get larger than max.
func (s *xmlSplitter) put(b []byte) {
	s.line += bytes.Count(b, []byte("\n"))
	if n := len(b); n >= len(s.tail) {
		s.tail = [3]byte(b[n-3:])
	} else {
		for _, c := range b {
			s.tail[0], s.tail[1], s.tail[2] = s.tail[1], s.tail[2], c
		}
	}
	switch {
	case s.mute:
		return
	case s.over || len(s.buf)+len(b) > s.max:
		s.over = true
		return
	}
	s.buf = append(s.buf, b...)
}

// tagName returns the name of the latest tag, without a prefix, if it is one of the lists'
// and else "", and whether it is an end tag, or the tag of an empty element.
func (s *xmlSplitter) tagName() (name string, end, empty bool) {
	t := bytes.TrimPrefix(s.tag, []byte("<"))
	t, end = bytes.CutPrefix(t, []byte("/"))
	i := 0
	for i < len(t) && t[i] > ' ' && t[i] != '/' && t[i] != '>' {
		i++
	}
	if i == len(t) {
		return "", false, false
	}
	t, empty = t[:i], bytes.HasSuffix(t, []byte("/>"))
	if _, local, prefixed := bytes.Cut(t, []byte(":")); prefixed {
		t = local
	}
	return s.names[string(t)], end, empty
}

// bad returns the error for the element that begins at a line. It is final at the
// end of the file.
func (s *xmlSplitter) bad(line int, err error) error {
	var below *badinput.Error
	switch {
	case errors.As(err, &below):
		return badRead(s.name, err) // of compressed data, for example
	case errors.Is(err, io.EOF):
		return final{badinput.New(s.name, place(line, ""), "the end of the file within an element", "the end of the element")}
	case errors.Is(err, errEntities):
		return final{badinput.New(s.name, place(line, ""), err.Error(), "none: entities are not expanded")}
	case errors.Is(err, errUnclosed), errors.Is(err, errTag), errors.Is(err, errLongTag), s.over:
		return badinput.New(s.name, place(line, ""), strings.SplitN(err.Error(), "\n", 2)[0], "a well-formed document")
	}
	return badRead(s.name, err)
}

// end returns the error for text that ended with err: io.EOF, unless the file is
// truncated or has no elements.
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
