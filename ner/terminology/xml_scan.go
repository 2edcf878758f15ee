package terminology

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// xmlScan reads the elements of an XML file of any size, with the path of each. It
// knows tags, text with references to characters and to entities, comments, CDATA,
// processing instructions and document types. Names are told apart without their
// namespace prefixes. Of the entities that a document type declares it knows those
// whose value is plain text, so that no reference can grow without bounds.
type xmlScan struct {
	p        *parser
	entities map[string]string // declared in the document type
	path     []byte            // of the open element: "/Set/Record/Name"
	depth    int               // of the open element
	text     []byte            // what stands since the latest tag
	tag      []byte            // the latest tag, without "<" and ">"
	empty    bool              // the latest tag is that of an empty element, whose end is still to be told
	closing  []byte            // the path of the element that closed last
}

const (
	maxXMLText  = 1 << 20  // bytes between two tags
	maxXMLTag   = 64 << 10 // bytes
	maxXMLDepth = 100
)

// step says what next has read.
type step int

const (
	opened step = iota // a start tag; path is that of its element
	closed             // an end tag; closing is the path of its element
)

// next reads up to the next start or end of an element. At an end, text is the text
// since the tag before it.
func (s *xmlScan) next() (step, error) {
	if s.empty {
		s.empty = false
		s.text = s.text[:0]
		return closed, s.pop()
	}
	s.text = s.text[:0]
	for {
		if err := s.readText(); err != nil {
			return 0, err
		}
		kind, err := s.readMarkup()
		if err != nil {
			return 0, s.eof(err)
		}
		switch kind {
		case '/':
			name := localName(bytes.TrimRight(s.tag[1:], xmlSpace))
			if !bytes.HasSuffix(s.path, name) || len(s.path) <= len(name) || s.path[len(s.path)-len(name)-1] != '/' {
				return 0, s.p.bad("", fmt.Sprintf("</%s> in %s", name, s.path), "the end of the element that is open")
			}
			return closed, s.pop()
		case 't':
			return opened, s.push()
		}
	}
}

// push opens the element of the latest tag.
func (s *xmlScan) push() error {
	if s.depth++; s.depth > maxXMLDepth {
		return s.p.bad("", fmt.Sprintf("elements nested over %d deep", maxXMLDepth), "a terminology")
	}
	s.text = s.text[:0]
	t := s.tag
	t, s.empty = bytes.CutSuffix(t, []byte("/"))
	if i := bytes.IndexAny(t, xmlSpace); i >= 0 {
		t = t[:i]
	}
	if t = localName(t); len(t) == 0 || bytes.IndexByte(t, '/') >= 0 {
		return s.p.bad("", fmt.Sprintf("<%s>", t), "an element's name")
	}
	s.path = append(append(s.path, '/'), t...)
	return nil
}

// pop closes the open element.
func (s *xmlScan) pop() error {
	if s.depth == 0 {
		return s.p.bad("", "an end without a start", "elements")
	}
	s.depth--
	s.closing = append(s.closing[:0], s.path...)
	s.path = s.path[:bytes.LastIndexByte(s.path, '/')]
	return nil
}

// xmlSpace has the white space of XML.
const xmlSpace = " \t\r\n"

// localName returns a name without its namespace prefix.
func localName(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }

// attribute returns an attribute of the latest tag, or "".
func (s *xmlScan) attribute(name string) (string, error) {
	rest := s.tag
	if i := bytes.IndexAny(rest, xmlSpace); i >= 0 {
		rest = rest[i:]
	}
	for {
		key, after, found := bytes.Cut(rest, []byte("="))
		after = bytes.TrimLeft(after, xmlSpace)
		if !found || len(after) == 0 || after[0] != '"' && after[0] != '\'' {
			return "", nil
		}
		value, left, _ := bytes.Cut(after[1:], after[:1])
		if string(bytes.Trim(key, xmlSpace)) == name {
			decoded, err := s.decode(bytes.Clone(value))
			return string(decoded), err
		}
		rest = left
	}
}

// eof returns the error for a read within an element that failed with err.
func (s *xmlScan) eof(err error) error {
	if errors.Is(err, io.EOF) {
		return s.p.bad("", "the end of the file within "+string(s.path), "the end of the element")
	}
	return err
}

// readText reads the text up to the next "<", and the "<". Outside all elements, the
// end of the file is io.EOF.
func (s *xmlScan) readText() error {
	from := len(s.text)
	for {
		part, err := s.p.in.ReadSlice('<')
		s.p.line += bytes.Count(part, []byte("\n"))
		if err == nil {
			part = part[:len(part)-1]
		}
		if len(s.text)+len(part) > maxXMLText {
			return s.p.bad("", fmt.Sprintf("a text of more than %d bytes", maxXMLText), "a name")
		}
		s.text = append(s.text, part...)
		switch {
		case err == nil:
			decoded, err := s.decode(s.text[from:])
			s.text = append(s.text[:from], decoded...)
			return err
		case errors.Is(err, io.EOF) && s.depth == 0:
			return io.EOF
		case errors.Is(err, io.EOF):
			return s.eof(err)
		}
		if len(part) == 0 {
			return err
		}
	}
}

// decode returns b with references resolved.
func (s *xmlScan) decode(b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return nil, s.p.bad("", "invalid UTF-8", "UTF-8 text")
	}
	amp := bytes.IndexByte(b, '&')
	if amp < 0 {
		return b, nil
	}
	decoded := bytes.Clone(b[:amp])
	for rest := b[amp:]; len(rest) > 0; {
		if rest[0] != '&' {
			next := bytes.IndexByte(rest, '&')
			if next < 0 {
				next = len(rest)
			}
			decoded = append(decoded, rest[:next]...)
			rest = rest[next:]
			continue
		}
		end := bytes.IndexByte(rest, ';')
		if end < 0 || end > maxReference {
			return nil, s.p.bad("", "an ampersand", "&amp;")
		}
		name := string(rest[1:end])
		declared, known := s.entities[name]
		r, ok := entity(name)
		switch {
		case ok:
			decoded = utf8.AppendRune(decoded, r)
		case known && len(decoded)+len(declared) <= maxXMLText:
			decoded = append(decoded, declared...)
		default:
			return nil, s.p.bad("", fmt.Sprintf("the entity %q", rest[:end+1]), "one of XML's five, one that the document type declares as text, or a character's number")
		}
		rest = rest[end+1:]
	}
	return decoded, nil
}

// maxReference bounds the bytes of a reference to a character or an entity.
const maxReference = 64

// entity returns the character that an entity stands for.
func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

// readMarkup reads the markup after a "<". It returns 't' for a start tag, '/' for an
// end tag, and '!' for anything else, which means nothing here.
func (s *xmlScan) readMarkup() (byte, error) {
	start, err := s.p.in.Peek(len("![CDATA["))
	if err != nil && len(start) == 0 {
		return 0, err
	}
	switch {
	case bytes.HasPrefix(start, []byte("!--")):
		return '!', s.skip("-->", false)
	case bytes.HasPrefix(start, []byte("![CDATA[")):
		if _, err := s.p.in.Discard(len("![CDATA[")); err != nil {
			return 0, err
		}
		return '!', s.skip("]]>", true)
	case start[0] == '?':
		return '!', s.skip("?>", false)
	case start[0] == '!':
		return '!', s.readDoctype()
	}
	first := start[0]
	if err := s.readTag(); err != nil {
		return 0, err
	}
	if first == '/' {
		return '/', nil
	}
	return 't', nil
}

// readTag reads a tag, up to the ">" that is not in quotes.
func (s *xmlScan) readTag() error {
	s.tag = s.tag[:0]
	quote := byte(0)
	for {
		part, err := s.p.in.ReadSlice('>')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		for _, c := range part {
			switch {
			case c == '\n':
				s.p.line++
			case c == '<':
				return s.p.bad("", "a tag within a tag", "its end")
			case c == quote:
				quote = 0
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			}
		}
		if len(s.tag)+len(part) > maxXMLTag {
			return s.p.bad("", fmt.Sprintf("a tag of more than %d bytes", maxXMLTag), "its end")
		}
		s.tag = append(s.tag, part...)
		if err == nil && quote == 0 {
			s.tag = s.tag[:len(s.tag)-1]
			return nil
		}
	}
}

// skip reads up to the end of a delimiter, which ends with ">". If keep, as for a
// CDATA section, what stands before the delimiter is text.
func (s *xmlScan) skip(delimiter string, keep bool) error {
	var tail []byte
	from := len(s.text)
	for {
		part, err := s.p.in.ReadSlice('>')
		s.p.line += bytes.Count(part, []byte("\n"))
		if keep {
			if len(s.text)+len(part) > maxXMLText {
				return s.p.bad("", fmt.Sprintf("a text of more than %d bytes", maxXMLText), "a name")
			}
			s.text = append(s.text, part...)
		}
		tail = append(tail, part[max(0, len(part)-4):]...)
		tail = tail[max(0, len(tail)-4):]
		if err == nil && bytes.HasSuffix(tail, []byte(delimiter)) {
			if keep {
				s.text = s.text[:len(s.text)-len(delimiter)]
				if !utf8.Valid(s.text[from:]) {
					return s.p.bad("", "invalid UTF-8", "UTF-8 text")
				}
			}
			return nil
		}
		if err != nil && len(part) == 0 {
			return err
		}
	}
}
