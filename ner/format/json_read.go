package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// jsonlSource reads one object on each line.
type jsonlSource struct {
	name  string
	lines *lines
	o     ReadOptions
	queue []biocDocument // the documents to come of a collection on one line
}

func (s *jsonlSource) next() (document.Result, error) {
	for {
		j := jsonDecoder{name: s.name, line: s.lines.number, o: s.o}
		if len(s.queue) > 0 {
			doc := s.queue[0]
			s.queue = s.queue[1:]
			return j.bioc(&doc)
		}
		line, err := s.lines.next()
		j.line = s.lines.number
		switch {
		case errors.Is(err, errLongLine):
			return document.Result{}, badinput.New(s.name, place(j.line, ""), fmt.Sprintf("more than %d bytes", s.lines.max), "a document")
		case err == io.EOF: //nolint:errorlint // lines returns it bare
			return document.Result{}, io.EOF
		case err != nil:
			return document.Result{}, badRead(s.name, err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		res, more, err := j.decode(line)
		if more != nil {
			s.queue = more
			continue
		}
		return res, err
	}
}

// jsonSource reads JSON whose values go over several lines: an object, several
// objects, an array of objects, or a collection whose documents are in an array.
type jsonSource struct {
	name  string
	scan  jsonScanner
	o     ReadOptions
	queue []biocDocument // the documents to come of a collection in an array

	where jsonPlace
	any   bool // the file has a value

	// Of the object at the top:
	members map[string]json.RawMessage
	size    int  // bytes of the members
	line    int  // where it begins
	streams bool // it is a collection, whose documents have been delivered one by one
}

// jsonPlace says what the next value is part of:
//
//	[ {…}, {…} ]                  inArray between the brackets
//	{ "key": …, "documents": [    inObject
//	    {…}, {…} ] }              inDocuments between the brackets
type jsonPlace int

const (
	atTop       jsonPlace = iota // nothing
	inArray                      // the array at the top
	inObject                     // the object at the top
	inDocuments                  // the array of documents in that object
)

func newJSONSource(name string, in *bufio.Reader, o ReadOptions) *jsonSource {
	return &jsonSource{name: name, scan: jsonScanner{in: in, max: o.maxDocument(), line: 1}, o: o}
}

func (s *jsonSource) next() (document.Result, error) {
	for {
		if len(s.queue) > 0 {
			doc := s.queue[0]
			s.queue = s.queue[1:]
			return s.decoder().bioc(&doc)
		}
		c, err := s.scan.peek()
		if err != nil {
			return document.Result{}, s.ended(err)
		}
		res, done, err := s.step(c)
		if done || err != nil {
			return res, err
		}
	}
}

// decoder returns the decoder for a value that begins where the scanner stands.
func (s *jsonSource) decoder() *jsonDecoder {
	return &jsonDecoder{name: s.name, line: s.scan.line, o: s.o}
}

// ended returns what a read that failed with err means.
func (s *jsonSource) ended(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return badRead(s.name, err)
	case s.where != atTop:
		return final{badinput.New(s.name, place(s.scan.line, ""), "the end of the file within JSON", "its closing brackets")}
	case !s.any:
		return final{badinput.New(s.name, "", "an empty file", "JSON")}
	}
	return io.EOF
}

// step reads what the byte c begins. If that is a document, or a bad one, done is
// true.
func (s *jsonSource) step(c byte) (res document.Result, done bool, err error) {
	s.any = true
	switch {
	case s.where == atTop && c == '[':
		s.scan.skip()
		s.where = inArray
	case s.where == atTop && c == '{':
		s.scan.skip()
		s.where = inObject
		s.members, s.size = map[string]json.RawMessage{}, 0
		s.line, s.streams = s.scan.line, false
	case s.where == atTop:
		return res, true, s.malformed("a document or an array of them")
	case s.where == inObject:
		return s.member(c)
	case c == ',':
		s.scan.skip()
	case c == ']':
		s.scan.skip()
		if s.where == inArray {
			s.where = atTop
		} else {
			s.where = inObject
		}
	case c == '}' || c == ':':
		return res, true, s.malformed("a document")
	default:
		d := s.decoder()
		raw, err := s.scan.value()
		if err != nil {
			return res, true, s.badValue(d.line, err)
		}
		res, more, err := d.decode(raw)
		s.queue = more
		return res, more == nil, err
	}
	return res, false, nil
}

// member reads the next member of the object at the top, which begins with the
// byte c. The object is a document, which is complete at its "}", or a collection,
// whose documents are then read one by one.
func (s *jsonSource) member(c byte) (res document.Result, done bool, err error) {
	switch c {
	case ',':
		s.scan.skip()
		return res, false, nil
	case '}':
		s.scan.skip()
		s.where = atTop
		if s.streams {
			return res, false, nil
		}
		d := &jsonDecoder{name: s.name, line: s.line, o: s.o}
		res, more, err := d.object(s.members)
		s.queue = more
		return res, more == nil, err
	case '"':
	default:
		return res, true, s.malformed("a key")
	}
	line := s.scan.line
	raw, err := s.scan.value()
	if err != nil {
		return res, true, final{s.badValue(line, err)}
	}
	var key string
	if err := json.Unmarshal(raw, &key); err != nil {
		return res, true, s.malformed("a key")
	}
	if c, err = s.scan.peek(); err != nil || c != ':' {
		return res, true, s.malformed("a colon after " + quote(key))
	}
	s.scan.skip()
	if c, err = s.scan.peek(); err != nil {
		return res, true, s.ended(err)
	}
	if c == '[' && slices.Contains(documentKeys, key) {
		s.scan.skip()
		s.where, s.streams = inDocuments, true
		collection(s.members, s.o)
		return res, false, nil
	}
	if raw, err = s.scan.value(); err != nil {
		return res, true, final{s.badValue(line, err)}
	}
	if s.size += len(key) + len(raw); s.size > s.scan.max {
		return res, true, final{s.badValue(line, fmt.Errorf("a value of more than %d bytes", s.scan.max))}
	}
	if bad := badJSONText(raw); bad != "" {
		return res, true, final{badinput.New(s.name, place(line, "", key), bad, textWanted(bad))}
	}
	if !json.Valid(raw) {
		return res, true, final{badinput.New(s.name, place(line, "", key), quote(string(raw)), "JSON")}
	}
	s.members[key] = raw
	return res, false, nil
}

// documentKeys has the keys of a collection's documents: BioC's, and that of
// PubTator 3's exports.
var documentKeys = []string{"documents", "PubTator3"}

// malformed returns the error for a byte in the place of what was expected.
func (s *jsonSource) malformed(want string) error {
	c, err := s.scan.peek()
	if err != nil {
		return s.ended(err)
	}
	return final{badinput.New(s.name, place(s.scan.line, ""), quote(string(rune(c))), want)}
}

// badValue returns the error for a value that can't be scanned.
func (s *jsonSource) badValue(line int, err error) error {
	var unread final
	switch {
	case errors.As(err, &unread):
		return badRead(s.name, unread.error)
	case errors.Is(err, io.EOF):
		return s.ended(err)
	}
	return badinput.New(s.name, place(line, ""), err.Error(), "a document")
}

// collection passes on what a collection says of itself before its documents.
func collection(members map[string]json.RawMessage, o ReadOptions) {
	if o.Collection == nil {
		return
	}
	var c Collection
	for key, to := range map[string]*string{"source": &c.Source, "date": &c.Date, "key": &c.Key} {
		if raw, ok := members[key]; ok {
			*to = plainString(raw)
		}
	}
	var infons map[string]json.RawMessage
	if json.Unmarshal(members["infons"], &infons) == nil {
		c.Infons, _ = infonStrings(infons)
	}
	o.Collection(c)
}
