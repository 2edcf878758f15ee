package format

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/medner/medner/badinput"
)

// maxDepth bounds the nesting of elements and of JSON values.
const maxDepth = 200

// xmlCursor reads the content of one piece, element by element.
type xmlCursor struct {
	name  string // the file
	line  int    // where the piece begins in it
	d     *xml.Decoder
	depth int // of nesting
}

// parseXML calls fn with the outermost element of a piece of a file.
func parseXML(file string, p xmlPiece, fn func(c *xmlCursor, start xml.StartElement) error) error {
	if bad := badText(p.data); bad != "" {
		return badinput.New(file, place(p.line, ""), bad, textWanted(bad))
	}
	c := &xmlCursor{name: file, line: p.line, d: xml.NewDecoder(bytes.NewReader(p.data))}
	c.d.Entity = xml.HTMLEntity // document types of publishers declare these
	for {
		t, err := c.token()
		if err != nil {
			return err
		}
		if start, ok := t.(xml.StartElement); ok {
			return fn(c, start)
		}
	}
}

// token returns the next token.
func (c *xmlCursor) token() (xml.Token, error) {
	t, err := c.d.Token()
	switch t.(type) {
	case xml.StartElement:
		if c.depth++; c.depth > maxDepth {
			return nil, badinput.New(c.name, c.place(), fmt.Sprintf("elements nested over %d deep", maxDepth), "a document")
		}
	case xml.EndElement:
		c.depth--
	}
	if err == nil {
		return t, nil
	}
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, badinput.New(c.name, c.place(), syntax.Msg, "well-formed XML")
	case errors.Is(err, io.EOF):
		return nil, badinput.New(c.name, c.place(), "the end of the element", "its content")
	}
	return nil, badinput.Wrap(c.name, c.place(), err)
}

// place names the line of the file that has been reached.
func (c *xmlCursor) place() string {
	line, _ := c.d.InputPos()
	return place(c.line+line-1, "")
}

// children calls fn for every child element of the current one, and reads to the
// end of the current one. fn must read to the end of the child.
func (c *xmlCursor) children(fn func(start xml.StartElement) error) error {
	for {
		t, err := c.token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := fn(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// text reads to the end of the current element, and returns its text and that of
// all elements in it.
func (c *xmlCursor) text() (string, error) {
	var b strings.Builder
	for depth := 1; depth > 0; {
		t, err := c.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			b.Write(t)
		}
	}
	return b.String(), nil
}

// skip reads to the end of the current element.
func (c *xmlCursor) skip() error {
	_, err := c.text()
	return err
}

// attribute returns the value of an attribute, or "".
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
