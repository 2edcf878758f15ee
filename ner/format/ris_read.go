package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// risSource reads citations in RIS, as reference managers and publishers export
// them. A line has a tag in the first two columns, "  - " and a value, which goes on
// in lines without a tag. ER ends a citation:
//
//	TY  - JOUR
//	TI  - Lithium and
//	tremor
//	ER  -
//
// What stands before the first citation is left out, such as the lines in which a
// publisher names itself. A title or an abstract outside of a citation is an error, and
// so is a file of other lines without a citation.
type risSource struct {
	name  string
	lines *lines
	o     ReadOptions
	begun bool // a citation was found
	other int  // the first line outside of citations that names no publisher; 0: none
}

// risPublisher matches blank lines, and those in which a publisher names itself.
var risPublisher = regexp.MustCompile(`^\s*$|^\s*[A-Z][A-Za-z ]*:`)

// risTag matches the beginning of a line with a tag; some programs write one space
// less.
var risTag = regexp.MustCompile(`^([A-Z][A-Z0-9]) {1,2}-(?: (.*))?$`)

// The tags of the parts of a citation; the first that it has counts.
var (
	risTitle    = []string{"TI", "T1", "CT", "BT"}
	risAbstract = []string{"AB", "N2"}
	risDate     = []string{"PY", "Y1", "DA", "YR"}
	risJournal  = []string{"JO", "JF", "JA", "T2", "J2", "J1"}
	risNumber   = []string{"ID", "AN"} // of the citation, in the program or the database it is from
)

// risRecord is a citation.
type risRecord struct {
	line   int                 // where it begins
	fields map[string][]string // values by tag, lines joined
	last   string              // the tag of the latest line with one
	size   int                 // bytes
	bad    error               // the first thing that is wrong
}

func (s *risSource) next() (document.Result, error) {
	r, err := s.record()
	if err != nil {
		return document.Result{}, err
	}
	if r.bad != nil {
		return document.Result{}, r.bad
	}
	id := r.first(risNumber)
	doi := strings.TrimPrefix(strings.TrimPrefix(r.first([]string{"DO"}), "https://doi.org/"), "http://dx.doi.org/")
	switch {
	case id != "":
	case doi != "":
		id = doi
	default:
		id = s.o.fileID(s.name) + ":" + strconv.Itoa(r.line)
	}
	d := document.Document{ID: id}
	abstract := r.first(risAbstract)
	d.Text, d.Passages = titleAndAbstract(r.first(risTitle), abstract, abstract != "")
	for key, v := range map[string]string{"doi": doi, "journal": r.first(risJournal), yearInfon: yearOf(r.first(risDate))} {
		if v != "" {
			d.Infons = setInfon(d.Infons, key, v)
		}
	}
	for _, tag := range []string{"C2", "C6", "C7", "U2"} { // where programs put the number of PubMed Central
		if v := r.first([]string{tag}); pmcNumber.MatchString(v) {
			d.Infons = setInfon(d.Infons, "pmc", v)
		}
	}
	return document.Result{Document: d}, nil
}

var pmcNumber = regexp.MustCompile(`^PMC\d+$`)

// first returns the value of the first of some tags that the citation has.
func (r *risRecord) first(tags []string) string {
	for _, tag := range tags {
		if v := oneLine(strings.Join(r.fields[tag], " ")); v != "" {
			return v
		}
	}
	return ""
}

// record returns the next citation. What is wrong with it is in its bad.
func (s *risSource) record() (*risRecord, error) {
	var r *risRecord
	for {
		line, err := s.lines.next()
		switch {
		case errors.Is(err, errLongLine):
			if r != nil {
				r.fail(badinput.New(s.name, place(s.lines.number, ""), fmt.Sprintf("more than %d bytes", s.lines.max), "a line of a citation"))
			} else if s.other == 0 {
				s.other = s.lines.number
			}
			continue
		case err == io.EOF && r != nil: //nolint:errorlint // lines returns it bare
			return r, nil // without ER, as some programs write the last one
		case err == io.EOF && !s.begun && s.other > 0: //nolint:errorlint // lines returns it bare
			return nil, final{badinput.New(s.name, place(s.other, ""), "text, and no citation in the file", "TY, with which a citation begins")}
		case err == io.EOF: //nolint:errorlint // lines returns it bare
			return nil, io.EOF
		case err != nil:
			return nil, badRead(s.name, err)
		}
		tag := risTag.FindSubmatch(bytes.TrimRight(line, blanks))
		switch {
		case tag != nil && string(tag[1]) == "TY" && r != nil:
			s.lines.unread() // the one before has no ER
			return r, nil
		case tag != nil && string(tag[1]) == "TY":
			r = &risRecord{line: s.lines.number, fields: map[string][]string{}}
			s.begun = true
		case tag != nil && r == nil && isRISText(string(tag[1])):
			r = &risRecord{line: s.lines.number}
			s.begun = true
			r.fail(badinput.New(s.name, place(s.lines.number, ""), "the tag "+string(tag[1])+" outside of a citation", "TY, with which a citation begins"))
		case r == nil:
			if s.other == 0 && !risPublisher.Match(line) {
				s.other = s.lines.number
			}
		case tag != nil && string(tag[1]) == "ER":
			return r, nil
		default:
			s.add(r, line, tag)
		}
	}
}

// isRISText reports whether a tag is one of a title or an abstract.
func isRISText(tag string) bool {
	return slices.Contains(risTitle, tag) || slices.Contains(risAbstract, tag)
}

// fail notes that the citation is bad.
func (r *risRecord) fail(err error) {
	if r.bad == nil {
		r.bad = err
	}
}

// add adds a line to a citation; tag is what risTag found in it.
func (s *risSource) add(r *risRecord, line []byte, tag [][]byte) {
	if r.bad != nil {
		return
	}
	at := place(s.lines.number, "")
	if r.size += len(line); r.size > s.lines.max {
		r.fail(badinput.New(s.name, at, fmt.Sprintf("more than %d bytes", s.lines.max), "a citation"))
		return
	}
	if bad := badText(line); bad != "" {
		r.fail(badinput.New(s.name, at, bad, textWanted(bad)))
		return
	}
	value := line
	if tag != nil {
		r.last, value = string(tag[1]), tag[2]
	}
	if r.last != "" {
		r.fields[r.last] = append(r.fields[r.last], string(bytes.TrimSpace(value)))
	}
}
