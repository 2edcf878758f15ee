package terminology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

const (
	maxDoctype  = 1 << 20 // bytes of a document type
	maxEntities = 1000    // that it declares
)

// readDoctype reads a document type, up to the ">" that is outside of quotes,
// comments and brackets, and keeps the entities that it declares.
func (s *xmlScan) readDoctype() error {
	var text []byte
	ends := &doctypeEnd{}
	for !ends.met {
		c, err := s.p.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return s.p.bad("", "the end of the file within a document type", "its end")
		}
		if err != nil {
			return err
		}
		if c == '\n' {
			s.p.line++
		}
		if text = append(text, c); len(text) > maxDoctype {
			return s.p.bad("", fmt.Sprintf("a document type of more than %d bytes", maxDoctype), "its end")
		}
		ends.add(text)
	}
	return s.declare(text)
}

// doctypeEnd finds the end of a document type, byte by byte.
type doctypeEnd struct {
	within   string // what ends the quotes, comment or instruction that is open; "" if none is
	from     int    // where that began
	brackets int
	met      bool
}

// add looks at the last byte of the text read so far.
func (e *doctypeEnd) add(text []byte) {
	c := text[len(text)-1]
	switch {
	case e.within != "":
		if len(text)-e.from > len(e.within) && bytes.HasSuffix(text, []byte(e.within)) || len(e.within) == 1 && e.within[0] == c {
			e.within = ""
		}
	case c == '"' || c == '\'':
		e.within, e.from = string(c), len(text)
	case bytes.HasSuffix(text, []byte("<!--")):
		e.within, e.from = "-->", len(text)
	case bytes.HasSuffix(text, []byte("<?")):
		e.within, e.from = "?>", len(text)
	case c == '[':
		e.brackets++
	case c == ']':
		e.brackets--
	case c == '>' && e.brackets <= 0:
		e.met = true
	}
}

var (
	xmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	// entityDeclaration matches the declaration of a general entity with its value.
	entityDeclaration = regexp.MustCompile(`<!ENTITY\s+([^\s%"'<>&;]+)\s+(?:"([^"]*)"|'([^']*)')\s*>`)
)

// declare keeps the entities of a document type whose values are plain text, with
// references to characters resolved. An entity of other entities or of markup, or
// one in another file, stays unknown: a reference to it is an error.
func (s *xmlScan) declare(doctype []byte) error {
	if !bytes.Contains(doctype, []byte("<!ENTITY")) {
		return nil
	}
	found := entityDeclaration.FindAllSubmatch(xmlComment.ReplaceAll(doctype, nil), maxEntities+1)
	if len(found) > maxEntities {
		return s.p.bad("", fmt.Sprintf("more than %d entities", maxEntities), "a terminology")
	}
	known := map[string]string{}
	for _, m := range found {
		name, value := string(m[1]), string(m[2])+string(m[3])
		decoded, err := (&xmlScan{p: s.p}).decode([]byte(value))
		if _, seen := known[name]; err == nil && !seen && !strings.ContainsAny(string(decoded), "<&") {
			known[name] = string(decoded)
		}
	}
	s.entities = known
	return nil
}
