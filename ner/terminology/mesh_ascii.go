package terminology

import (
	"errors"
	"io"
	"slices"
	"strings"
)

// Semantic types of the UMLS, by their identifiers.
var (
	diseaseTypes  = map[string]bool{"T019": true, "T020": true, "T033": true, "T037": true, "T046": true, "T047": true, "T048": true, "T049": true, "T050": true, "T184": true, "T190": true, "T191": true}
	organismTypes = map[string]bool{"T001": true, "T002": true, "T004": true, "T005": true, "T007": true, "T008": true, "T010": true, "T011": true, "T012": true, "T013": true, "T014": true, "T015": true, "T016": true, "T194": true, "T204": true}
	chemicalTypes = map[string]bool{"T103": true, "T104": true, "T109": true, "T114": true, "T116": true, "T120": true, "T121": true, "T122": true, "T123": true, "T125": true, "T126": true, "T127": true, "T129": true, "T130": true, "T131": true, "T192": true, "T195": true, "T196": true, "T197": true, "T200": true}
)

// typesOfSemantic returns the type of UMLS concepts with a semantic type.
func typesOfSemantic(tui string) typeBits {
	switch {
	case diseaseTypes[tui]:
		return diseaseBit
	case chemicalTypes[tui]:
		return chemicalBit
	}
	return otherBit
}

// meshASCII reads the .bin files of descriptors and supplementary records. A record
// has lines KEY = VALUE after *NEWRECORD.
func (p *parser) meshASCII() error {
	p.defaults(meshName, releaseOf(p.file), meshLicence)
	var r meshRecord
	started, supplementary := false, false
	var semantic []string
	// finish adds the record that has been read.
	finish := func() error {
		if !started {
			return nil
		}
		if supplementary {
			r.types = scrSemantic(semantic)
		}
		return p.addMeSH(&r)
	}
	for {
		raw, err := p.nextLine()
		if errors.Is(err, io.EOF) {
			return finish()
		}
		if err != nil {
			return err
		}
		line := string(raw)
		if strings.HasPrefix(line, "*NEWRECORD") {
			if err := finish(); err != nil {
				return err
			}
			r = meshRecord{}
			started, supplementary = true, false
			semantic = nil
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		if !ok || !started {
			if strings.TrimSpace(line) != "" && !started {
				return p.bad("", quote(line), "*NEWRECORD")
			}
			continue
		}
		switch key {
		case "RECTYPE":
			if value == "Q" {
				return p.bad("RECTYPE", "qualifiers", "descriptors (D) or supplementary records (C)")
			}
			supplementary = value == "C"
		case "UI":
			r.ui = strings.TrimSpace(value)
		case "MH", "NM":
			r.heading = value
		case "MN":
			r.trees = append(r.trees, strings.TrimSpace(value))
		case "ENTRY", "PRINT ENTRY", "SY":
			term, _, _ := strings.Cut(value, "|")
			r.terms = append(r.terms, term)
		case "HM":
			heading, _, _ := strings.Cut(strings.TrimPrefix(value, "*"), "/")
			r.mapped = append(r.mapped, strings.TrimPrefix(heading, "*"))
		case "ST":
			if tui := strings.TrimSpace(value); !slices.Contains(semantic, tui) && len(semantic) < maxTrees {
				semantic = append(semantic, tui)
			}
		}
		if err := p.check(&r); err != nil {
			return err
		}
	}
}

// scrSemantic returns the types of a supplementary record with some semantic types:
// all but those of diseases and organisms are chemicals.
func scrSemantic(types []string) typeBits {
	bits := typeBits(0)
	for _, t := range types {
		switch {
		case diseaseTypes[t]:
			bits |= diseaseBit
		case organismTypes[t]:
			bits |= otherBit
		default:
			bits |= chemicalBit
		}
	}
	return bits
}
