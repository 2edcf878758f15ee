package tagging

import (
	"strings"

	"github.com/medner/medner/ner/document"
)

// kinds has the types of mentions that package ner reports, by the names that
// corpora and classifiers give them, folded.
var kinds = map[string]string{
	"chemical": document.Chemical, "chemicals": document.Chemical, "chem": document.Chemical, "drug": document.Chemical,
	"drugs": document.Chemical, "chemicalentity": document.Chemical, "simplechemical": document.Chemical, "medication": document.Chemical,
	"disease": document.Disease, "diseases": document.Disease, "dis": document.Disease, "disorder": document.Disease,
	"diseaseorphenotypicfeature": document.Disease, "specificdisease": document.Disease, "diseaseclass": document.Disease,
	"compositemention": document.Disease, "modifier": document.Disease,
}

// Kind returns document.Chemical or document.Disease for a type by the name that
// a classifier gives it, and "" for a type that is neither.
func Kind(typ string) string {
	return kinds[strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(typ))]
}
