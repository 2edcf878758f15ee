package format

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

const pubMedSample = `<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">
<PubmedArticleSet>
<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">11</PMID>
<Article><Journal><ISSN>1</ISSN><Title>Long</Title><ISOAbbreviation>J Test</ISOAbbreviation></Journal>
<ArticleTitle>Ca<sup>2+</sup> and <i>in
   vivo</i> use.</ArticleTitle><ELocationID EIdType="doi" ValidYN="Y">10.1/x</ELocationID>
<Abstract><AbstractText Label="AIM" NlmCategory="OBJECTIVE">To <b>test <sub>x</sub></b> &lt; y.</AbstractText><AbstractText>Done &#x3b1;.</AbstractText><AbstractText Label="EMPTY"/><CopyrightInformation>c</CopyrightInformation></Abstract></Article>
<CommentsCorrectionsList><CommentsCorrections><PMID>99</PMID></CommentsCorrections></CommentsCorrectionsList></MedlineCitation><PubmedData><ArticleIdList><ArticleId>7</ArticleId></ArticleIdList></PubmedData></PubmedArticle>
<PubmedBookArticle><BookDocument><PMID>12</PMID><Book><BookTitle>A book</BookTitle></Book><ArticleTitle>A chapter</ArticleTitle><Abstract><AbstractText>Text.</AbstractText></Abstract></BookDocument></PubmedBookArticle>
<PubmedArticle><MedlineCitation><PMID>13</PMID><Article><ArticleTitle/></Article></MedlineCitation></PubmedArticle>
</PubmedArticleSet>`

const medlineSample = `
PMID- 11
TA  - J Test
DP  - 2025
TI  - Ca2+ and in
      vivo use.
AB  - AIM: To test x < y.
      Done α.
LID - 10.1/x [doi]
AU  - One A
AU  - Two B

PMID- 12
TI  - A chapter
AB  - Text.
`

func TestPubMedAndMEDLINEAgree(t *testing.T) {
	xml := mustRead(t, "a.xml", pubMedSample, ReadOptions{})
	require.Len(t, xml, 3)
	require.Equal(t, document.Document{ID: "11", Text: "Ca2+ and in vivo use. AIM: To test x < y. Done α.",
		Passages: []document.Passage{
			{Type: "title", End: 21},
			{Type: "abstract", Start: 22, End: 41, Infons: map[string]string{"label": "AIM", "category": "OBJECTIVE"}},
			{Type: "abstract", Start: 42, End: 49},
		},
		Infons: map[string]string{"journal": "J Test", "doi": "10.1/x"}}, xml[0].Document)
	require.Equal(t, "A chapter Text.", xml[1].Text)
	require.Equal(t, "13", xml[2].ID)
	require.Empty(t, xml[2].Text)
	medline := mustRead(t, "a.nbib", medlineSample, ReadOptions{})
	require.Len(t, medline, 2)
	require.Equal(t, xml[0].Text, medline[0].Text)
	require.Equal(t, map[string]string{"journal": "J Test", "doi": "10.1/x", "date": "2025"}, medline[0].Infons)
	require.Equal(t, xml[1].Document.Text, medline[1].Text)
}

func TestMedlineErrors(t *testing.T) {
	for record, want := range map[string]string{
		"PMID- 1\nxx":          `line 2 (document 1): found "xx"`,
		"      continued":      `found a continuation`,
		"TI  - no identifier":  `line 1: found a record without PMID`,
		"PMID- 1\nTI  - \xff":  `invalid UTF-8`,
		"PMID- 1\nAB  - a\x00": `a NUL byte`,
	} {
		docs, errs := readAll(t, "x", record+"\n\nPMID- 2\nTI  - fine\n", ReadOptions{Format: MEDLINE})
		require.Len(t, errs, 1, record)
		require.ErrorContains(t, errs[0], want)
		require.Len(t, docs, 1)
	}
}

func TestPubMedXMLRefusesEntities(t *testing.T) {
	_, errs := readAll(t, "x.xml", `<!DOCTYPE PubmedArticleSet [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><PubmedArticleSet><PubmedArticle><PMID>&b;</PMID></PubmedArticle></PubmedArticleSet>`, ReadOptions{Format: PubMedXML})
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "found a document type with declarations of its own")
}
