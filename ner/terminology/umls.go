package terminology

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	umlsName    = "UMLS Metathesaurus"
	umlsLicence = "UMLS Metathesaurus Licence"
	umlsPrefix  = "UMLS:"
)

// The columns of MRCONSO.RRF and MRSTY.RRF.
const (
	consoCUI      = 0
	consoLAT      = 1
	consoTS       = 2
	consoSTT      = 4
	consoISPREF   = 6
	consoSAB      = 11
	consoSTR      = 14
	consoSUPPRESS = 16
	consoColumns  = 18
	styTUI        = 1
	stySTN        = 2
	styColumns    = 6
)

// umls reads the names of MRCONSO.RRF, or the semantic types of MRSTY.RRF. The
// number of columns tells which it is.
func (p *parser) umls() error {
	p.defaults(umlsName, releaseOf(p.file), umlsLicence)
	languages := p.o.Languages
	if languages == nil {
		languages = []string{"ENG"}
	}
	for {
		raw, err := p.nextLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(raw) == 0 {
			continue
		}
		f := strings.Split(strings.TrimSuffix(string(raw), "|"), "|")
		switch {
		case len(f) == consoColumns || len(f) == consoColumns-1:
			suppressed := f[consoSUPPRESS] != "N" && !p.o.Suppressed
			otherVocabulary := p.o.Vocabularies != nil && !slices.Contains(p.o.Vocabularies, f[consoSAB])
			if suppressed || otherVocabulary || !slices.Contains(languages, f[consoLAT]) {
				continue
			}
			n := p.b.concept(umlsPrefix + f[consoCUI])
			preferred := f[consoTS] == "P" && f[consoSTT] == "PF" && f[consoISPREF] == "Y"
			p.b.addName(n, f[consoSTR], preferred)
		case len(f) == styColumns || len(f) == styColumns-1:
			if !strings.HasPrefix(f[styTUI], "T") || len(f[stySTN]) == 0 {
				return p.bad("", quote(string(raw)), "a row of MRSTY.RRF")
			}
			n := p.b.concept(umlsPrefix + f[consoCUI])
			p.b.concepts[n].types |= typesOfSemantic(f[styTUI])
		default:
			return p.bad("", fmt.Sprintf("%d columns", len(f)), fmt.Sprintf("%d (MRCONSO.RRF) or %d (MRSTY.RRF)", consoColumns, styColumns))
		}
	}
}
