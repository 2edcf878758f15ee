package format

import (
	"runtime"
	"strconv"
	"strings"
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
	require.Equal(t, map[string]string{"journal": "J Test", "doi": "10.1/x", "date": "2025", "year": "2025"}, medline[0].Infons)
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

// An update file has new versions of articles, and the articles that are deleted.
func TestPubMedUpdateFiles(t *testing.T) {
	data := `<PubmedArticleSet>` +
		`<PubmedArticle><MedlineCitation><PMID Version="1">1</PMID><Article><Journal><JournalIssue><PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate></JournalIssue></Journal>` +
		`<ArticleTitle>[Lithium &amp; <i>tremor</i>.]</ArticleTitle><AuthorList><Author><CollectiveName>A &lt; B</CollectiveName></Author></AuthorList><VernacularTitle>Lithium.</VernacularTitle><ArticleDate><Year>1997</Year></ArticleDate></Article></MedlineCitation></PubmedArticle>` +
		`<PubmedArticle><MedlineCitation><PMID Version="2">1</PMID><Article><ArticleTitle>x</ArticleTitle><ArticleDate DateType="Electronic"><Year>2020</Year><Month>01</Month></ArticleDate></Article></MedlineCitation>` +
		`<PubmedData><History><PubMedPubDate><Year>1901</Year></PubMedPubDate></History><ArticleIdList><ArticleId IdType="doi">10.1/x</ArticleId><ArticleId IdType="pmc">PMC7</ArticleId></ArticleIdList><ReferenceList><Reference><ArticleIdList><ArticleId IdType="pmc">PMC8</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle>` +
		"<DeleteCitation>\n<PMID Version=\"1\">7</PMID>\n<PMID Version=\"1\">8</PMID>\n</DeleteCitation></PubmedArticleSet>"
	var deleted []string
	docs := mustRead(t, "pubmed26n1335.xml.gz", pack(t, ".gz", data), ReadOptions{Deleted: func(ids []string) { deleted = append(deleted, ids...) }})
	require.Len(t, docs, 2)
	require.Equal(t, []string{"7", "8"}, deleted)
	require.Equal(t, map[string]string{"year": "1998"}, docs[0].Infons)
	require.Equal(t, "[Lithium & tremor.]", docs[0].Text)
	require.Len(t, docs[0].Passages, 1)
	require.Equal(t, map[string]string{"year": "2020", "version": "2", "doi": "10.1/x", "pmc": "PMC7"}, docs[1].Infons)
	require.Len(t, mustRead(t, "x", data, ReadOptions{}), 2)
	docs, errs := readAll(t, "x", "<PubmedArticleSet><DeleteCitation><PMID>1</PMID></DeleteCitation></PubmedArticleSet>", ReadOptions{})
	require.Empty(t, docs)
	require.Empty(t, errs)
	for date, want := range map[string]string{"1998 Dec-1999 Jan": "1998", "Spring 2000": "2000", "20": "", "": "", "123456": "", "2025-01-31": "2025"} {
		require.Equal(t, want, yearOf(date))
	}
}

// What is dropped without parsing it keeps the lines of errors right, and spoils no
// other article where it isn't closed.
func TestDroppedElementsOfPubMed(t *testing.T) {
	good := "<PubmedArticle><MedlineCitation><PMID>9</PMID><AuthorList/><MeshHeadingList a='>'>\n<a></MeshHeadingList></MedlineCitation></PubmedArticle>\n"
	for broken, want := range map[string]string{
		"<PubmedArticle><MedlineCitation><PMID>1</PMID><AuthorList>\n\n</AuthorList>\n</b></MedlineCitation></PubmedArticle>\n": "line 5",
		"<PubmedArticle><MedlineCitation><PMID>1</PMID><AuthorList>\n</MedlineCitation></PubmedArticle>\n":                      "an element that is not closed",
		"<PubmedArticle><MedlineCitation><PMID>1</PMID><AuthorList>\n":                                                          "an element that is not closed",
	} {
		docs, errs := readAll(t, "x", "<PubmedArticleSet>\n"+broken+good+"</PubmedArticleSet>", ReadOptions{})
		require.Len(t, docs, 1, "%s %v", broken, errs)
		require.Equal(t, "9", docs[0].ID)
		require.NotEmpty(t, errs)
		require.ErrorContains(t, errs[0], want)
	}
	_, errs := readAll(t, "x", "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><AuthorList>", ReadOptions{})
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "the end of the file within an element")
}

// A baseline file is read in a few megabytes, compressed, with all that it says.
func TestBaselineFileInFlatMemory(t *testing.T) {
	const citations = 3000
	data := pack(t, ".gz", string(baselineFile(1, citations)))
	r, err := NewReader("x", strings.NewReader(data), ReadOptions{})
	require.NoError(t, err)
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	n, peak := 0, uint64(0)
	for d, err := range r.Results() {
		require.NoError(t, err)
		n++
		require.Equal(t, strconv.Itoa(n), d.ID)
		require.Len(t, d.Passages, 5)
		require.Equal(t, map[string]string{"year": strconv.Itoa(1970 + n%50), "doi": "10.1000/" + d.ID, "pmc": "PMC" + d.ID, "journal": "Biochem Med"}, d.Infons)
		if n%1000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	}
	require.Equal(t, citations, n)
	require.Less(t, int64(peak)-int64(before.HeapAlloc), int64(4<<20))
}
