// Package typename knows the names that corpora and taggers give the types of
// mentions which this module finds.
package typename

import (
	"strings"
	"unicode"

	"github.com/medner/medner/ner/document"
)

// Of returns document.Chemical or document.Disease for a type by the name that a
// corpus or a tagger gives it, and "" for a type that is neither.
func Of(name string) string { return corpora[Key(name)] }

// corpora has document.Chemical and document.Disease by the names that well-known
// corpora and taggers give them, as Key writes the names.
var corpora = namesOfTypes(map[string][]string{
	document.Chemical: {
		"chemical", "chemicals", "drug", "drugs", "compound",
		"ChemicalEntity",                      // BioRED
		"Simple_chemical", "Drug_or_compound", // BioNLP shared tasks
		"drug_n",                                             // DDI
		"Chemicals & Drugs",                                  // EU-ADR
		"SYSTEMATIC", "IDENTIFIER", "IDENTIFIERS", "FORMULA", // CHEMDNER, of abstracts and of patents
		"TRIVIAL", "ABBREVIATION", "FAMILY", "MULTIPLE", "NO CLASS", // CHEMDNER
	},
	document.Disease: {
		"disease", "diseases", "disorder", "disorders",
		"SpecificDisease", "DiseaseClass", "CompositeMention", "Modifier", // NCBI disease
		"DiseaseOrPhenotypicFeature",              // BioRED
		"Disease_Disorder", "Disease or Syndrome", // clinical corpora, UMLS
		"Cancer",               // BioNLP Cancer Genetics
		"Diseases & Disorders", // EU-ADR
	},
})

func namesOfTypes(names map[string][]string) map[string]string {
	types := map[string]string{}
	for typ, list := range names {
		for _, name := range list {
			types[Key(name)] = typ
		}
	}
	return types
}

// Key returns a type's name without regard to case, spaces, hyphens and
// underscores, which producers of one corpus's files write differently.
func Key(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '_' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
