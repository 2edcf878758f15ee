package terminology

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	chebiName    = "ChEBI"
	chebiLicence = "CC BY 4.0"
	chebiPrefix  = "CHEBI:"
)

// obo reads the [Term] stanzas of an ontology. Synonyms that are formulas or line
// notations are no names.
func (p *parser) obo() error {
	var id string
	var names []string
	preferred := -1 // the index of the latest "name:" among names
	inTerm, obsolete := false, false
	release, ontology := "", ""
	// finish adds the term that has been read.
	finish := func() {
		if inTerm && id != "" && !obsolete && len(names) > 0 {
			n := p.b.concept(id)
			if strings.HasPrefix(id, chebiPrefix) {
				p.b.concepts[n].types |= chemicalBit
			}
			for i, name := range names {
				p.b.addName(n, name, i == max(preferred, 0))
			}
		}
		id, names, preferred, obsolete = "", names[:0], -1, false
	}
	for {
		raw, err := p.nextLine()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		line := string(raw)
		if strings.HasPrefix(line, "[") {
			finish()
			inTerm = line == "[Term]"
			continue
		}
		key, value, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		switch {
		case key == "data-version" && !inTerm:
			release = value
		case key == "ontology" && !inTerm:
			ontology = value
		case key == "id":
			id = strings.TrimSpace(value)
		case key == "name":
			preferred = len(names)
			names = append(names, value)
		case key == "synonym":
			if name, ok := oboSynonym(value); ok {
				names = append(names, name)
			}
		case key == "is_obsolete":
			obsolete = value == "true"
		}
		if len(names) > maxRecord {
			return p.bad("", fmt.Sprintf("a term with more than %d names", maxRecord), "a terminology")
		}
	}
	finish()
	if ontology == "" || strings.EqualFold(ontology, "chebi") {
		p.defaults(chebiName, release, chebiLicence)
	} else {
		p.defaults(ontology, release, "")
	}
	return nil
}

// notNames has the types of ChEBI's synonyms that are no names.
var notNames = []string{"FORMULA", "SMILES", "InChI", "InChIKey", "MASS", "CHARGE", "MONOISOTOPIC"}

// oboSynonym returns the name in "a \"quoted\" name" SCOPE TYPE [sources], and false
// if there is none.
func oboSynonym(value string) (string, bool) {
	if value == "" || value[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			if i++; i < len(value) {
				b.WriteByte(value[i])
			}
		case '"':
			before, _, _ := strings.Cut(value[i+1:], "[")
			for _, word := range strings.Fields(before) {
				if slices.Contains(notNames, word[strings.LastIndexByte(word, ':')+1:]) {
					return "", false
				}
			}
			return b.String(), true
		default:
			b.WriteByte(value[i])
		}
	}
	return "", false
}

// chebiTSV reads compounds.tsv, which has the preferred names, or names.tsv. The
// names of a compound that was merged into another become names of that one.
func (p *parser) chebiTSV() error {
	p.defaults(chebiName, releaseOf(p.file), chebiLicence)
	columns, err := p.header()
	if err != nil {
		return err
	}
	const compound, accession, name = "compound_id", "chebi_accession", "name"
	if columns[name] == 0 || columns[compound] == 0 && columns[accession] == 0 {
		return p.bad("", "other columns", "NAME and CHEBI_ACCESSION (compounds.tsv) or COMPOUND_ID (names.tsv)")
	}
	return p.rows(columns, func(cell func(column string) string) error {
		value := func(column string) string {
			if v := cell(column); v != "null" {
				return v
			}
			return ""
		}
		id := value(accession)
		if id == "" {
			id = value(compound)
		}
		if id == "" {
			return nil
		}
		n := p.b.concept(chebiID(id))
		p.b.concepts[n].types |= chemicalBit
		if into := value("parent_id"); into != "" {
			p.b.merged[n] = chebiID(into)
		}
		if name := value(name); name != "" && !slices.Contains(notNames, value("type")) {
			p.b.addName(n, name, columns[accession] != 0)
		}
		return nil
	})
}

// chebiID returns an identifier with its prefix.
func chebiID(id string) string { return chebiPrefix + strings.TrimPrefix(id, chebiPrefix) }
