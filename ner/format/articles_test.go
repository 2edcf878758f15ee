package format

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

const jatsSample = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving DTD v1.2//EN" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" article-type="research-article"><front>
<journal-meta><journal-title-group><journal-title>J Test</journal-title></journal-title-group></journal-meta>
<article-meta><article-id pub-id-type="pmid">11</article-id><article-id pub-id-type="pmc">22</article-id><article-id pub-id-type="doi">10.1/x</article-id><article-id pub-id-type="publisher-id">z</article-id>
<title-group><article-title>Ca<sup>2+</sup> and <italic>in
   vivo</italic> use&nbsp;α</article-title></title-group>
<contrib-group><contrib><name><surname>One</surname></name></contrib></contrib-group>
<abstract><sec><title>Aim</title><p>To <bold>test <sub>x</sub></bold> &lt; y.</p></sec><p>Done.</p></abstract>
<abstract abstract-type="graphical"><p>A picture.</p></abstract>
<kwd-group><kwd>lithium</kwd></kwd-group></article-meta></front>
<body><p>Loose.</p><sec><label>1</label><title>Methods</title><p>We gave Li<xref ref-type="bibr" rid="b1">[1]</xref> as in<fig id="f1"><label>Figure 1</label><caption><title>A figure.</title><p>With a caption.</p></caption><graphic xlink:href="f1"/></fig> the plan: <inline-formula><alternatives><tex-math>\frac</tex-math><mml:math xmlns:mml="m"><mml:mi>x</mml:mi></mml:math></alternatives></inline-formula>.</p>
<sec><title>Deeper</title><p>Lists:<list><list-item><p>one</p></list-item><list-item><p>two</p><p>three</p></list-item></list>end.</p></sec>
<table-wrap><label>Table 1</label><caption><p>Doses.</p></caption><table><thead><tr><th>Drug</th><th>mg</th></tr></thead><tbody><tr><td>Li</td><td>5<break/>0</td></tr><tr><td/><td/></tr></tbody></table><table-wrap-foot><fn><p>Li, lithium.</p></fn></table-wrap-foot></table-wrap></sec></body>
<back><ack><p>Thanks.</p></ack><ref-list><ref><mixed-citation>No.</mixed-citation></ref></ref-list></back>
<sub-article><front-stub/><body><p>No.</p></body></sub-article></article>`

// The number of a citation is no part of the word before it; what stands in
// brackets, or begins inside of a word, is left as it is.
func TestCitationsInJATS(t *testing.T) {
	const file = `<article><front><article-meta><title-group><article-title>Metformin<xref ref-type="fn">a</xref></article-title></title-group></article-meta></front>` +
		`<body><p>Metformin<sup><xref ref-type="bibr">1</xref>,<xref ref-type="bibr">2</xref></sup> and Li<xref>[3]</xref> as<xref/>pirin <xref>4</xref>, Na<sup>+</sup>, β<sub>2</sub>` +
		`, tin<xref><fig><caption><p>4</p></caption></fig></xref>.</p></body></article>`
	docs := mustRead(t, "a.nxml", file, ReadOptions{})
	require.Equal(t, "Metformin a\nMetformin 1,2 and Li[3] aspirin 4, Na+, β2, tin\n4\n.", strings.ReplaceAll(docs[0].Text, "\n\n", "\n"))
}

func TestJATS(t *testing.T) {
	var tally Tally
	docs := mustRead(t, "a.nxml", jatsSample, ReadOptions{Warn: tally.Add})
	require.Len(t, docs, 1)
	d := docs[0]
	require.Equal(t, "11", d.ID)
	require.Equal(t, map[string]string{"pmid": "11", "pmc": "PMC22", "doi": "10.1/x", "journal": "J Test"}, d.Infons)
	x := document.NewIndex(d.Text)
	var got []string
	for _, p := range d.Passages {
		text, ok := x.Slice(document.Span{Start: p.Start, End: p.End})
		require.True(t, ok)
		got = append(got, p.Type+"/"+p.Infons[sectionInfon]+": "+text)
	}
	require.Equal(t, []string{
		"title/: Ca2+ and in vivo use\u00a0α",
		"abstract_title_1/: Aim", "abstract/Aim: To test x < y.", "abstract/: Done.", "abstract/: A picture.",
		"paragraph/: Loose.", "title_1/: Methods", "paragraph/Methods: We gave Li[1] as in",
		"fig_caption/Methods: A figure.", "fig_caption/Methods: With a caption.", "paragraph/Methods: the plan: x.",
		"title_2/Methods: Deeper", "paragraph/Deeper: Lists:", "paragraph/Deeper: one", "paragraph/Deeper: two three", "paragraph/Deeper: end.",
		"table_caption/Methods: Doses.", "table/Methods: Drug\tmg\nLi\t5 0", "table_footnote/Methods: Li, lithium.",
		"paragraph/: Thanks.",
	}, got)
	require.Equal(t, "graphical", d.Passages[4].Infons[abstractTypeName])
	require.Equal(t, []string{
		"a.nxml: document 11: the element <kwd-group> is not kept", "a.nxml: document 11: the element <ref-list> is not kept", "a.nxml: document 11: the element <sub-article> is not kept",
	}, tally.Lines())
	// The same passages go through BioC.
	for _, f := range []Format{BioCXML, BioCJSON} {
		back := mustRead(t, "x", mustWrite(t, WriteOptions{Format: f}, d), ReadOptions{})
		require.Equal(t, comparable(d), comparable(back[0]))
	}
}

// A note to a title is no part of it.
func TestJATSNotesToTitles(t *testing.T) {
	var tally Tally
	docs := mustRead(t, "a", `<article><front><article-meta><title-group><article-title>Li<fn><p>A note.</p></fn> helps</article-title><subtitle>a trial</subtitle></title-group></article-meta></front><body><p>x<fn><p>Another.</p></fn>y</p></body></article>`, ReadOptions{Warn: tally.Add})
	require.Equal(t, "Li helps\na trial\nx\nAnother.\ny", docs[0].Text)
	require.Equal(t, []string{"a: the element <fn> is not kept"}, tally.Lines())
}

func TestJATSEnvelopes(t *testing.T) {
	const article = `<article><front><article-meta><title-group><article-title>Li %d</article-title></title-group></article-meta></front><body><p>x</p></body></article>`
	one, two := fmt.Sprintf(article, 1), fmt.Sprintf(article, 2)
	for name, data := range map[string]string{
		"set":       `<?xml version="1.0"?><!DOCTYPE pmc-articleset PUBLIC "a" "b"><pmc-articleset>` + one + two + `</pmc-articleset>`,
		"OAI":       `<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record><metadata>` + one + `</metadata></record><record><metadata>` + two + `</metadata></record></ListRecords></OAI-PMH>`,
		"prefix":    strings.NewReplacer("<article>", `<j:article xmlns:j="x">`, "</article>", "</j:article>", "<front>", "<j:front>", "</front>", "</j:front>").Replace(one) + strings.Replace(two, "<article>", "<article\n  dtd-version='1'>", 1),
		"following": "\ufeff\r\n\r\n  <!-- a comment with <article> -->\n" + one + "\n" + two,
	} {
		docs := mustRead(t, "dir/a.xml", data, ReadOptions{})
		require.Len(t, docs, 2, name)
		require.Equal(t, []string{"Li 1\nx", "Li 2\nx"}, []string{docs[0].Text, docs[1].Text}, name)
		require.Equal(t, "a.xml", docs[0].ID)
		require.Equal(t, "a.xml:", docs[1].ID[:6])
	}
	for name, data := range map[string]string{
		"no front": `<article><h1>a</h1><p>b</p></article>`,
		"cut":      `<article><front><article-meta><title-group><article-title>Li`,
		"broken":   `<article><body><p>a</b></p></body></article>`,
		"deep":     `<article><body>` + strings.Repeat("<sec>", 300) + strings.Repeat("</sec>", 300) + `</body></article>`,
		"encoding": `<?xml version="1.0" encoding="ISO-8859-1"?><article><body><p>a</p></body></article>`,
	} {
		docs, errs := readAll(t, "a.xml", data, ReadOptions{})
		require.Len(t, errs, 1, name)
		requireBadInput(t, errs[0], name)
		require.Empty(t, docs, name)
	}
}

// Markup of other kinds is no text, whatever stands before it.
func TestUnknownMarkupIsRefusedByName(t *testing.T) {
	for data, want := range map[string]string{
		"<html><body>x</body></html>":                                      "an HTML page",
		"<!DOCTYPE html>\n<HTML lang=en><p>x":                              "an HTML page",
		"<!doctype html><!-- x --><html class='a' hidden>":                 "an HTML page",
		"<?xml version='1.0'?>\n<TEI xmlns='http://www.tei-c.org/ns/1.0'>": "TEI, as GROBID writes",
		"<?xml version='1.0'?><rdf:RDF xmlns:rdf='x'>":                     "XML with the root element <RDF>",
		"<other/>":       "XML or HTML that begins with <other>",
		"<p>Lithium</p>": "XML or HTML that begins with <p>",
		"<article xmlns='http://docbook.org/ns/docbook'><title>x": "DocBook",
		"<?xml version='1.0'?>":                                   "XML or HTML without a root element",
		"<!DOCTYPE html>":                                         "XML or HTML without a root element",
		"<book><chapter/></book>":                                 "a book in XML",
	} {
		for _, before := range []string{"", "\ufeff", "\n\n", "\ufeff \r\n\t"} {
			for _, name := range []string{"x", "x.txt", "x.xml", "x.html"} {
				_, err := NewReader(name, strings.NewReader(before+data), ReadOptions{})
				requireBadInput(t, err, data)
				require.ErrorContains(t, err, "found "+want, data)
			}
			docs := mustRead(t, "x", before+data, ReadOptions{Format: Text})
			require.Len(t, docs, 1, "as text it can be read")
		}
	}
	for _, text := range []string{"<5 mg of lithium", "<- an arrow", "< x", "<I think that", "<", "a <b> c", "<<x>>"} {
		docs := mustRead(t, "x", text, ReadOptions{})
		require.Equal(t, text, docs[0].Text)
	}
}

// Abstracts and titles that stand elsewhere in PubMed's records.
func TestPubMedOddRecords(t *testing.T) {
	article := func(s string) string {
		return `<PubmedArticle><MedlineCitation><PMID>1</PMID>` + s + `</MedlineCitation></PubmedArticle>`
	}
	const other = `<OtherAbstract Type="PIP" Language="%s"><AbstractText>%s</AbstractText></OtherAbstract>`
	for name, c := range map[string]struct{ xml, medline, want, warning string }{
		"other abstract": {article(`<Article><ArticleTitle>T.</ArticleTitle></Article>` + fmt.Sprintf(other, "eng", "A.")), "TI  - T.\nOAB - A.\n", "T. A.", ""},
		"several": {article(`<Article><ArticleTitle>T.</ArticleTitle></Article>` + fmt.Sprintf(other, "fre", "F.") + fmt.Sprintf(other, "eng", "A.")),
			"TI  - T.\nOAB - F.\nOABL- fre\nOAB - A.\nOABL- eng\n", "T. A.", "of several abstracts"},
		"beside": {article(`<Article><ArticleTitle>T.</ArticleTitle><Abstract><AbstractText>A.</AbstractText></Abstract></Article>` + fmt.Sprintf(other, "eng", "B.")),
			"TI  - T.\nAB  - A.\nOAB - B.\n", "T. A.", "beside the article's own"},
		"empty abstract":   {article(`<Article><ArticleTitle>T.</ArticleTitle><Abstract><AbstractText/></Abstract></Article>` + fmt.Sprintf(other, "eng", "A.")), "TI  - T.\nAB  - \nOAB - A.\n", "T. A.", ""},
		"vernacular title": {article(`<Article><ArticleTitle/><Abstract><AbstractText>A.</AbstractText></Abstract><VernacularTitle>V.</VernacularTitle></Article>`), "TT  - V.\nAB  - A.\n", "V. A.", ""},
		"not available":    {article(`<Article><ArticleTitle>[Not Available].</ArticleTitle><VernacularTitle>V.</VernacularTitle></Article>`), "TI  - [Not Available].\nTT  - V.\n", "V.", ""},
		"both titles":      {article(`<Article><ArticleTitle>[T].</ArticleTitle><VernacularTitle>V.</VernacularTitle></Article>`), "TI  - [T].\nTT  - V.\n", "[T].", "titles in other languages"},
		"a book": {`<PubmedBookArticle><BookDocument><PMID>1</PMID><Book><BookTitle>B.</BookTitle></Book><Abstract><AbstractText>A.</AbstractText></Abstract></BookDocument></PubmedBookArticle>`,
			"BTI - B.\nAB  - A.\n", "B. A.", ""},
	} {
		for f, data := range map[Format]string{PubMedXML: "<PubmedArticleSet>" + c.xml + "</PubmedArticleSet>", MEDLINE: "PMID- 1\n" + c.medline} {
			var tally Tally
			docs := mustRead(t, "x", data, ReadOptions{Warn: tally.Add})
			require.Equal(t, c.want, strings.TrimSpace(docs[0].Text), "%s %s", name, f)
			if c.warning == "" {
				require.Empty(t, tally.Lines(), name)
			} else {
				require.Contains(t, strings.Join(tally.Lines(), "\n"), c.warning, name)
			}
		}
	}
}

// Objects of JSON as data sets of the field have them.
func TestJSONShapes(t *testing.T) {
	for line, want := range map[string]document.Document{
		`{"title":"T","text":"X"}`:                                              {ID: "x:1", Text: "T X", Passages: []document.Passage{{Type: "title", End: 1}, {Type: "abstract", Start: 2, End: 3}}},
		`{"_id":"7","title":"T","text":"X","metadata":null}`:                    {ID: "7", Text: "T X", Passages: []document.Passage{{Type: "title", End: 1}, {Type: "abstract", Start: 2, End: 3}}},
		`{"id":"7","contents":"X"}`:                                             {ID: "7", Text: "X"},
		`{"docid":7,"body":"X"}`:                                                {ID: "7", Text: "X"},
		`{"doc_id":"a","sentence":"X","title":null}`:                            {ID: "a", Text: "X"},
		`{"PMID":5,"Title":"T","Abstract":"A"}`:                                 {ID: "5", Text: "T A", Passages: []document.Passage{{Type: "title", End: 1}, {Type: "abstract", Start: 2, End: 3}}},
		`{"id":"","pmcid":"PMC1","full_text":"X"}`:                              {ID: "PMC1", Text: "X"},
		`{"id":"1","pmid":"2","doi":"10.1/x","text":"X"}`:                       {ID: "1", Text: "X", Infons: map[string]string{"pmid": "2", "doi": "10.1/x"}},
		`{"id":"1","abstract":["A","B"]}`:                                       {ID: "1", Text: "A B", Passages: []document.Passage{{Type: "abstract", End: 1}, {Type: "abstract", Start: 2, End: 3}}},
		`{"id":"1","passages":["A","B"]}`:                                       {ID: "1", Text: "A\nB", Passages: []document.Passage{{Type: "paragraph", End: 1}, {Type: "paragraph", Start: 2, End: 3}}},
		`{"paper_id":"1","title":"T","body_text":[{"text":"X","section":"S"}]}`: {ID: "1", Text: "T X", Passages: []document.Passage{{Type: "title", End: 1}, {Type: "abstract", Start: 2, End: 3, Infons: map[string]string{"section": "S"}}}},
		`{"id":"1","title":"T","abstract":"A","text":"X"}`:                      {ID: "1", Text: "T A\nX", Passages: []document.Passage{{Type: "title", End: 1}, {Type: "abstract", Start: 2, End: 3}, {Type: "paragraph", Start: 4, End: 5}}},
		`{"id":"1","title":"T","abstract":null}`:                                {ID: "1", Text: "T", Passages: []document.Passage{{Type: "title", End: 1}}},
		`{"id":"1","title":"T","sections":[{"heading":"S","text":"X"}]}`:        {ID: "1", Text: "T X", Passages: []document.Passage{{Type: "title", End: 1}, {Type: "abstract", Start: 2, End: 3, Infons: map[string]string{"section": "S"}}}},
		`{"paper_id":"1","metadata":{"title":"T","year":1},"body_text":"X"}`:    {ID: "1", Text: "T X", Passages: []document.Passage{{Type: "title", End: 1}, {Type: "abstract", Start: 2, End: 3}}},
		`{"id":null,"text":"X"}`:                                                {ID: "x:1", Text: "X"},
	} {
		for _, data := range []string{line, line + "\r\n", "\ufeff" + line, "[" + line + "]", "[\n" + line + "\n]\n"} {
			docs := mustRead(t, "x", data, ReadOptions{})
			require.Len(t, docs, 1, data)
			docs[0].ID = strings.Replace(docs[0].ID, "x:2", "x:1", 1)
			require.Equal(t, want, docs[0].Document, data)
		}
	}
	var tally Tally
	mustRead(t, "x", `{"id":"1","text":"X","year":2001,"empty":null}`, ReadOptions{Warn: tally.Add})
	require.Equal(t, []string{`x: document 1: the field "year" is not kept`}, tally.Lines())
	for line, want := range map[string]string{
		`{"id":"1","headline":"X","year":7}`: `found an object with the keys "headline, id, year"`,
		`{"id":"1","text":{"a":1}}`:          `text: found`,
		`{"id":"1","title":7,"text":"X"}`:    `title: found "7", expected a string`,
		`{"id":"1","abstract":["a",7]}`:      `abstract: found "7"`,
	} {
		_, errs := readAll(t, "x", line+"\n", ReadOptions{})
		require.Len(t, errs, 1)
		require.ErrorContains(t, errs[0], want)
	}
}

// Compressed files are read whatever their name, in several members, with zeros
// behind them, and with a mark within.
func TestGzipInTheWild(t *testing.T) {
	line := func(id string) []byte { return []byte(`{"id":"` + id + `","text":"Li"}` + "\n") }
	one, two := gzipped(t, line("1")), gzipped(t, append([]byte("\ufeff"), line("2")...))
	for name, data := range map[string][]byte{
		"members":       append(append([]byte{}, one...), two...),
		"an empty one":  append(append(append([]byte{}, one...), gzipped(t, nil)...), two...),
		"zeros":         append(append(append([]byte{}, one...), two...), make([]byte, 700)...),
		"zeros between": append(append(append([]byte{}, one...), make([]byte, 9)...), two...),
	} {
		docs := mustRead(t, "x", string(data), ReadOptions{})
		require.Len(t, docs, 2, name)
		require.Equal(t, "2", docs[1].ID, name)
	}
	docs, errs := readAll(t, "x", string(one)+"garbage", ReadOptions{})
	require.Len(t, docs, 1)
	require.Len(t, errs, 1)
	requireBadInput(t, errs[0])
	require.ErrorContains(t, errs[0], "behind the compressed data")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Name, z.Comment = "a.txt", "b"
	_, err := z.Write([]byte("\ufeffLi"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.Equal(t, "Li", mustRead(t, "x.txt", b.String(), ReadOptions{})[0].Text)
}

func TestOtherEncodingsAreRefusedByName(t *testing.T) {
	for data, want := range map[string]string{
		"\xff\xfe\x00\x00L\x00\x00\x00": "a UTF-32 byte order mark",
		"\x00\x00\xfe\xff\x00\x00\x00L": "a UTF-32 byte order mark",
		"L\x00i\x00t\x00":               "UTF-16 without a byte order mark",
		"\x00L\x00i\x00t":               "UTF-16 without a byte order mark",
		"BZh91AY&SYabc":                 "a file compressed by bzip2",
	} {
		_, err := NewReader("x", strings.NewReader(data), ReadOptions{})
		requireBadInput(t, err)
		require.ErrorContains(t, err, want)
	}
}
