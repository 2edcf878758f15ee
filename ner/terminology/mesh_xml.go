package terminology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	meshName    = "MeSH"
	meshLicence = "US National Library of Medicine, terms of MeSH: acknowledge the source, state the release, say that it may be changed"
	meshPrefix  = "MESH:"
)

// meshRecord is a descriptor or a supplementary concept.
type meshRecord struct {
	ui      string // the identifier
	heading string // the preferred name
	trees   []string
	terms   []string // other names
	mapped  []string // identifiers or headings of descriptors to which it maps
	types   typeBits // told by the record itself, not its trees
}

// check returns an error for a record that has more than any has.
func (p *parser) check(r *meshRecord) error {
	if n := max(len(r.terms), len(r.trees), len(r.mapped)); n > maxRecord {
		return p.bad("", fmt.Sprintf("a record with more than %d names, tree numbers or mappings", maxRecord), "a terminology")
	}
	return nil
}

// addMeSH adds a record to the terminology.
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
	p.b.concepts[n].types |= r.types
	p.b.mapTo(n, r.mapped)
	return p.tick()
}

// scrTypes returns the types of a supplementary record by its class: chemicals and
// protocols, diseases, organisms, and others.
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

// meshXML reads descriptors and supplementary records. The terms of all concepts in
// a record are its names.
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
			case "/DescriptorRecordSet/DescriptorRecord", "/DescriptorRecord":
				r = meshRecord{}
			case "/SupplementalRecordSet/SupplementalRecord", "/SupplementalRecord":
				class, err := s.attribute("SCRClass")
				if err != nil {
					return err
				}
				r = meshRecord{types: scrTypes(strings.TrimSpace(class))}
			case "/QualifierRecordSet", "/QualifierRecord":
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
		if err := p.check(&r); err != nil {
			return err
		}
	}
}

// meshRecords has the paths of records, in a set or alone.
var meshRecords = [][]byte{
	[]byte("/DescriptorRecordSet/DescriptorRecord"), []byte("/SupplementalRecordSet/SupplementalRecord"),
	[]byte("/DescriptorRecord"), []byte("/SupplementalRecord"),
}

// meshPath returns a path relative to the record that has it, and false if it lies
// in no record.
func meshPath(path []byte) ([]byte, bool) {
	for _, record := range meshRecords {
		if rest, ok := bytes.CutPrefix(path, record); ok && (len(rest) == 0 || rest[0] == '/') {
			return rest, true
		}
	}
	return nil, false
}
