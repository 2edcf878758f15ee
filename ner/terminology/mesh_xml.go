package terminology

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

const (
	meshName    = "MeSH"
	meshLicence = "US National Library of Medicine, terms of MeSH: acknowledge the source, state the release, say that it may be changed"
	meshPrefix  = "MESH:"
)

// meshRecord is a descriptor or a supplementary concept as it is read.
type meshRecord struct {
	ui, heading string
	trees       []string
	terms       []string
	mapped      []string
	types       typeBits
}

// add puts a record into the terminology.
func (p *parser) addMeSH(r *meshRecord) error {
	if r.ui == "" {
		return p.bad("", "a record without an identifier", "one such as D000001")
	}
	n := p.b.concept(meshPrefix + r.ui)
	if r.heading != "" {
		p.b.addName(n, r.heading, true)
		if r.ui[0] == 'D' {
			p.b.headings[r.heading] = n
		}
	}
	for _, t := range r.terms {
		p.b.addName(n, t, false)
	}
	for _, t := range r.trees {
		p.b.addTree(n, t)
	}
	c := &p.b.concepts[n]
	c.types |= r.types
	c.mapped = append(c.mapped, r.mapped...)
	return p.tick()
}

// scrTypes are the types of a supplementary record's class: regular and
// protocol, disease, organism, and others.
func scrTypes(class string) typeBits {
	switch class {
	case "1", "2":
		return chemicalBit
	case "3":
		return diseaseBit
	case "4", "5", "6":
		return otherBit
	}
	return 0
}

// meshXML reads descriptor and supplementary records. A record's names are the
// terms of all its concepts.
func (p *parser) meshXML() error {
	p.line = 1
	p.defaults(meshName, releaseOf(p.file), meshLicence)
	s := &xmlScan{p: p}
	var r meshRecord
	for {
		what, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if what == opened {
			switch string(s.path) {
			case "/DescriptorRecordSet/DescriptorRecord":
				r = meshRecord{}
			case "/SupplementalRecordSet/SupplementalRecord":
				r = meshRecord{types: scrTypes(s.attribute("SCRClass"))}
			case "/QualifierRecordSet":
				return p.bad("", "qualifiers", "descriptors or supplementary records")
			}
			continue
		}
		path, ok := meshPath(s.closing)
		if !ok {
			continue
		}
		switch string(path) {
		case "":
			if err := p.addMeSH(&r); err != nil {
				return err
			}
		case "/DescriptorUI", "/SupplementalRecordUI":
			r.ui = strings.TrimSpace(string(s.text))
		case "/DescriptorName/String", "/SupplementalRecordName/String":
			r.heading = string(s.text)
		case "/TreeNumberList/TreeNumber":
			r.trees = append(r.trees, strings.TrimSpace(string(s.text)))
		case "/ConceptList/Concept/TermList/Term/String":
			r.terms = append(r.terms, string(s.text))
		case "/HeadingMappedToList/HeadingMappedTo/DescriptorReferredTo/DescriptorUI":
			r.mapped = append(r.mapped, meshPrefix+strings.TrimPrefix(strings.TrimSpace(string(s.text)), "*"))
		}
	}
}

var meshRecords = [][]byte{[]byte("/DescriptorRecordSet/DescriptorRecord"), []byte("/SupplementalRecordSet/SupplementalRecord")}

// meshPath is a path below a record.
func meshPath(path []byte) ([]byte, bool) {
	for _, record := range meshRecords {
		if rest, ok := bytes.CutPrefix(path, record); ok && (len(rest) == 0 || rest[0] == '/') {
			return rest, true
		}
	}
	return nil, false
}
