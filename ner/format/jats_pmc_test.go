package format

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// A file as PubMed Central's open-access subset has them: nested sections, citations,
// formulae, a table with a caption and footnotes, a figure, supplements, back matter.
const pmcSample = `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving and Interchange DTD v1.3 20210610//EN" "JATS-archivearticle1-3-mathml3.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML" article-type="research-article"><front><journal-meta><journal-title-group><journal-title>J Test</journal-title></journal-title-group></journal-meta>
<article-meta><article-id pub-id-type="pmid">11</article-id><article-id pub-id-type="pmc">7</article-id><article-id pub-id-type="doi">10.1/x</article-id><title-group><article-title>Lithium &amp; <italic>tremor</italic></article-title></title-group>
<pub-date pub-type="epub"><day>1</day><year>2020</year></pub-date><pub-date pub-type="ppub"><year>2021</year></pub-date><abstract><sec><title>Aim</title><p>We gave Li<sup>+</sup>.</p></sec></abstract></article-meta></front>
<body><sec><title>Methods</title><sec><title>Patients</title><p>Seen before<xref ref-type="bibr" rid="b1">1</xref> with <inline-formula><mml:math><mml:mi>x</mml:mi></mml:math></inline-formula>.<fig id="f1"><label>Fig 1</label><caption><p>A figure.</p></caption></fig></p>
<disp-formula><tex-math>\documentclass</tex-math></disp-formula>
<table-wrap><label>Table 1</label><caption><p>Doses.</p></caption><table><thead><tr><th>Drug</th><th>mg</th></tr></thead><tbody><tr><td>Li <italic>x</italic></td><td>5</td></tr></tbody></table><table-wrap-foot><fn><p>Per day.</p></fn></table-wrap-foot></table-wrap>
<supplementary-material><caption><p>Data.</p></caption></supplementary-material></sec></sec></body><back><ack><p>Thanks.</p></ack><ref-list><ref><mixed-citation>Not kept</mixed-citation></ref></ref-list></back></article>`

func TestPubMedCentral(t *testing.T) {
	docs := mustRead(t, "PMC7.nxml", pmcSample, ReadOptions{})
	require.Len(t, docs, 1)
	require.Equal(t, "11", docs[0].ID)
	require.Equal(t, map[string]string{"pmid": "11", "pmc": "PMC7", "doi": "10.1/x", "journal": "J Test", "year": "2020"}, docs[0].Infons)
	var got [][2]string
	x := document.NewIndex(docs[0].Text)
	for _, p := range docs[0].Passages {
		text, ok := x.Slice(document.Span{Start: p.Start, End: p.End})
		require.True(t, ok)
		got = append(got, [2]string{p.Type, text})
	}
	require.Equal(t, [][2]string{
		{"title", "Lithium & tremor"}, {"abstract_title_1", "Aim"}, {"abstract", "We gave Li+."}, {"title_1", "Methods"}, {"title_2", "Patients"},
		{"paragraph", "Seen before 1 with x."}, {"fig_caption", "A figure."}, {"table_caption", "Doses."}, {"table", "Drug\tmg\nLi x\t5"}, {"table_footnote", "Per day."},
		{"supplementary_caption", "Data."}, {"paragraph", "Thanks."},
	}, got)
}
