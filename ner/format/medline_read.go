package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// medlineSource reads MEDLINE records. A line has a tag in the first four columns,
// "- " and a value, which goes on in lines that begin with six spaces. A blank line
// ends a record:
//
//	PMID- 1
//	TI  - Lithium and
//	      tremor
type medlineSource struct {
	name  string
	lines *lines
	o     ReadOptions
}

// medlineInfons has the tags that become properties of a document, with the
// properties' names.
var medlineInfons = map[string]string{"TA": "journal", "DP": "date", "PMC": "pmc"}

// medlineRecord is the article of one record.
type medlineRecord struct {
	line   int                 // where it begins
	fields map[string][]string // values by tag
	last   string              // the tag of the latest line with one
	value  []string            // the lines of its value so far
	size   int                 // bytes
	bad    error               // the first thing that is wrong
}

func (m *medlineSource) next() (document.Result, error) {
	r, err := m.record()
	if err != nil {
		return document.Result{}, err
	}
	r.finish()
	if r.bad != nil {
		return document.Result{}, r.bad
	}
	id := r.first("PMID")
	if id == "" {
		return document.Result{}, badinput.New(m.name, place(r.line, ""), "a record without PMID", "PMID- NUMBER")
	}
	d := document.Document{ID: id}
	title := bestTitle(r.first("TI"), r.first("BTI"), r.first("TT"))
	if vernacular := r.first("TT"); vernacular != "" && vernacular != title {
		m.o.warn(m.name, id, otherTitle)
	}
	d.Text, d.Passages = titleAndAbstract(title, m.abstract(r, id), true)
	for tag, key := range medlineInfons {
		if v := r.first(tag); v != "" {
			d.Infons = setInfon(d.Infons, key, v)
		}
	}
	for _, tag := range []string{"DP", "DEP"} { // DEP is 20250131
		if v := r.first(tag); d.Infons[yearInfon] == "" && v != "" {
			if year := yearOf(v[:min(len(v), 4)] + " " + v); year != "" {
				d.Infons = setInfon(d.Infons, yearInfon, year)
			}
		}
	}
	for _, v := range append(r.fields["LID"], r.fields["AID"]...) {
		if doi, ok := strings.CutSuffix(v, " [doi]"); ok {
			d.Infons = setInfon(d.Infons, "doi", doi)
		}
	}
	return document.Result{Document: d}, nil
}

// abstract returns the abstract of a record. Where there is only one by others or
// in another language (OAB), it is that one.
func (m *medlineSource) abstract(r *medlineRecord, id string) string {
	own, others := r.first("AB"), r.fields["OAB"]
	switch {
	case own != "" && len(others) > 0:
		m.o.warn(m.name, id, otherAbstracts)
	case own == "" && len(others) > 1:
		m.o.warn(m.name, id, oneOfAbstracts)
	}
	if own != "" || len(others) == 0 {
		return own
	}
	for i, language := range r.fields["OABL"] {
		if i < len(others) && isEnglish(language) {
			return others[i]
		}
	}
	return others[0]
}

// first returns the first value of a tag, or "".
func (r *medlineRecord) first(tag string) string {
	if v := r.fields[tag]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// setInfon sets a property in m, which may be nil, and returns m.
func setInfon(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

// record returns the next record. What is wrong with it is in its bad.
func (m *medlineSource) record() (*medlineRecord, error) {
	var r *medlineRecord
	for {
		line, err := m.lines.next()
		switch {
		case errors.Is(err, errLongLine):
			r = r.orNew(m.lines.number)
			r.fail(badinput.New(m.name, place(m.lines.number, r.first("PMID")), fmt.Sprintf("more than %d bytes", m.lines.max), "a line of a record"))
			continue
		case err == io.EOF && r != nil: //nolint:errorlint // lines returns it bare
			return r, nil
		case err == io.EOF: //nolint:errorlint // lines returns it bare
			return nil, io.EOF
		case err != nil:
			return nil, badRead(m.name, err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			if r != nil {
				return r, nil
			}
			continue
		}
		if r != nil && bytes.HasPrefix(line, []byte("PMID")) && r.fields["PMID"] != nil {
			m.lines.unread()
			return r, nil
		}
		r = r.orNew(m.lines.number)
		m.add(r, line)
	}
}

// orNew returns r, or a new record that begins at a line if r is nil.
func (r *medlineRecord) orNew(line int) *medlineRecord {
	if r == nil {
		return &medlineRecord{line: line, fields: map[string][]string{}}
	}
	return r
}

// fail notes that the record is bad.
func (r *medlineRecord) fail(err error) {
	if r.bad == nil {
		r.bad = err
	}
}

// add adds a line to a record.
func (m *medlineSource) add(r *medlineRecord, line []byte) {
	if r.bad != nil {
		return
	}
	at := func() string { return place(m.lines.number, r.first("PMID")) }
	if r.size += len(line); r.size > m.lines.max {
		r.fail(badinput.New(m.name, at(), fmt.Sprintf("more than %d bytes", m.lines.max), "a record"))
		return
	}
	if bad := badText(line); bad != "" {
		r.fail(badinput.New(m.name, at(), bad, textWanted(bad)))
		return
	}
	if rest, ok := bytes.CutPrefix(line, []byte("      ")); ok {
		if r.last == "" {
			r.fail(badinput.New(m.name, at(), "a continuation", "a tag before it"))
			return
		}
		r.value = append(r.value, string(bytes.TrimSpace(rest)))
		return
	}
	if len(line) < 5 || line[4] != '-' {
		r.fail(badinput.New(m.name, at(), quote(string(line)), "a tag of four columns and a hyphen, or six spaces"))
		return
	}
	r.finish()
	r.last = strings.TrimSpace(string(line[:4]))
	r.value = []string{string(bytes.TrimSpace(line[5:]))}
	if r.last == "PMID" {
		r.finish() // so that messages about the next lines name it
	}
}

// finish joins the lines of the latest value.
func (r *medlineRecord) finish() {
	if r.value != nil {
		r.fields[r.last] = append(r.fields[r.last], strings.Join(r.value, " "))
		r.value = nil
	}
}
