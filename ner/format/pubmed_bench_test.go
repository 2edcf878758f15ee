package format

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// baselineFile returns a file as PubMed's baseline has them, with n citations of
// about six kilobytes, from PMID first on.
func baselineFile(first, n int) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE PubmedArticleSet PUBLIC \"-//NLM//DTD PubMedArticle, 1st January 2025//EN\" \"pubmed_250101.dtd\">\n<PubmedArticleSet>\n")
	for i := range n {
		id := first + i
		fmt.Fprintf(&b, "<PubmedArticle>\n<MedlineCitation Status=\"MEDLINE\" Owner=\"NLM\" IndexingMethod=\"Automated\">\n<PMID Version=\"1\">%d</PMID>\n", id)
		b.WriteString("<DateCompleted>\n<Year>2001</Year>\n<Month>08</Month>\n<Day>16</Day>\n</DateCompleted>\n<Article PubModel=\"Print\">\n<Journal>\n<ISSN IssnType=\"Print\">0006-2944</ISSN>\n<JournalIssue CitedMedium=\"Print\">\n<Volume>13</Volume>\n<Issue>2</Issue>\n")
		fmt.Fprintf(&b, "<PubDate>\n<Year>%d</Year>\n<Month>Jun</Month>\n</PubDate>\n</JournalIssue>\n<Title>Biochemical medicine</Title>\n<ISOAbbreviation>Biochem Med</ISOAbbreviation>\n</Journal>\n", 1970+id%50)
		fmt.Fprintf(&b, "<ArticleTitle>Study %d of <i>in vitro</i> lithium &amp; Ca<sup>2+</sup>.</ArticleTitle>\n<ELocationID EIdType=\"doi\" ValidYN=\"Y\">10.1000/%d</ELocationID>\n<Abstract>\n", id, id)
		for _, label := range []string{"BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS"} {
			fmt.Fprintf(&b, "<AbstractText Label=\"%s\" NlmCategory=\"%s\">%s</AbstractText>\n", label, label, strings.Repeat("Patients with tremor were given lithium carbonate, and p &lt; 0.05. ", 5))
		}
		b.WriteString("</Abstract>\n<AuthorList CompleteYN=\"Y\">\n")
		b.WriteString(strings.Repeat("<Author ValidYN=\"Y\">\n<LastName>Makar</LastName>\n<ForeName>A B</ForeName>\n<Initials>AB</Initials>\n<AffiliationInfo>\n<Affiliation>Department of Medicine, University Hospital, Oxford, UK.</Affiliation>\n</AffiliationInfo>\n</Author>\n", 5))
		b.WriteString("</AuthorList>\n<Language>eng</Language>\n</Article>\n<ChemicalList>\n")
		b.WriteString(strings.Repeat("<Chemical>\n<RegistryNumber>9FN79X2M3F</RegistryNumber>\n<NameOfSubstance UI=\"D008094\">Lithium</NameOfSubstance>\n</Chemical>\n", 3))
		b.WriteString("</ChemicalList>\n<MeshHeadingList>\n")
		b.WriteString(strings.Repeat("<MeshHeading>\n<DescriptorName UI=\"D014202\" MajorTopicYN=\"N\">Tremor</DescriptorName>\n<QualifierName UI=\"Q000139\" MajorTopicYN=\"Y\">chemically induced</QualifierName>\n</MeshHeading>\n", 8))
		fmt.Fprintf(&b, "</MeshHeadingList>\n</MedlineCitation>\n<PubmedData>\n<ArticleIdList>\n<ArticleId IdType=\"pubmed\">%d</ArticleId>\n<ArticleId IdType=\"pmc\">PMC%d</ArticleId>\n</ArticleIdList>\n</PubmedData>\n</PubmedArticle>", id, id)
	}
	b.WriteString("</PubmedArticleSet>\n")
	return b.Bytes()
}

func BenchmarkPubMedXML(b *testing.B) {
	data := baselineFile(1, 1000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r, err := NewReader("x", bytes.NewReader(data), ReadOptions{})
		require.NoError(b, err)
		n := 0
		for _, err := range r.Results() {
			require.NoError(b, err)
			n++
		}
		require.Equal(b, 1000, n)
	}
}
