// Package page has what all pages that medner writes share: their style, the script
// of their filters, and the policy that allows them these two and nothing else.
// A page is one file; its text is complete without the script.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"regexp"
)

//go:embed page.css
var style HTML

//go:embed page.js
var script HTML

// policy is the content security policy of a page.
var policy = HTML("default-src 'none'; style-src 'sha256-" + hash(style) + "'; script-src 'sha256-" + hash(script) + "'; base-uri 'none'; form-action 'none'")

func hash(s HTML) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Head returns a page up to the end of its header: the title, and the notice under
// it. What follows are a main element with the id "text" whose articles have the
// filtered items, an aside with the id "contents", and Tail.
func Head(title, notice string) HTML {
	return Format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"+
		"<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"+
		"<meta name=\"referrer\" content=\"no-referrer\">\n"+
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"+
		"<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<header>\n"+
		"<a class=\"skip\" href=\"#contents\">Skip to contents and filters</a>\n<a class=\"skip\" href=\"#text\">Skip to the documents</a>\n"+
		"<h1>%s</h1>\n<p class=\"notice\">%s</p>\n</header>\n", policy, title, style, title, notice)
}

// Tail returns the end of a page, with the script.
func Tail() HTML {
	return Format("<script>%s</script>\n</body>\n</html>\n", script)
}

// records has, for schemes of identifiers, the pages of their entries.
var records = []struct {
	id  *regexp.Regexp // with the part that the address takes as its group
	url string
}{
	{regexp.MustCompile(`^(?i:MESH:)?([CDQ]\d{6,9})$`), "https://meshb.nlm.nih.gov/record/ui?ui="},
	{regexp.MustCompile(`^(?:UMLS:)?(C\d{7})$`), "https://uts.nlm.nih.gov/uts/umls/concept/"},
	{regexp.MustCompile(`^CHEBI:(\d{1,9})$`), "https://www.ebi.ac.uk/chebi/searchId.do?chebiId=CHEBI:"},
	{regexp.MustCompile(`^OMIM:(\d{6})$`), "https://omim.org/entry/"},
}

// Link returns an identifier, as a link to its entry where the scheme is a known
// one. The address is made of the letters and digits of the identifier alone.
func Link(id string) HTML {
	for _, r := range records {
		if m := r.id.FindStringSubmatch(id); m != nil {
			return Format("<a href=\"%s%s\" rel=\"noreferrer\">%s</a>", r.url, m[1], id)
		}
	}
	return Escape(id)
}
