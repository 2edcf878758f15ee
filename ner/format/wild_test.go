package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// What PubTator 3 exports of one article, in its three formats and its envelopes.
func TestPubTator3(t *testing.T) {
	const annotations = `[{"id":"1","infons":{"identifier":"MESH:D001241","type":"Chemical","valid":true,"normalized":["D001241"],"database":"ncbi_mesh","normalized_id":"D001241","biotype":"chemical","name":"Aspirin","accession":"@CHEMICAL_Aspirin"},"text":"Aspirin","locations":[{"offset":0,"length":7}]},
{"id":"2","infons":{"identifier":"MESH:D006470;MESH:D014456","type":"Disease"},"text":"bleeding","locations":[{"offset":12,"length":8}]},
{"id":"3","infons":{"identifier":"-","type":"Gene"},"text":"and","locations":[{"offset":8,"length":3}]},
{"id":"4","infons":{"identifier":"tmVar:p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:0","type":"Variant"},"text":"in","locations":[{"offset":17,"length":2}]}]`
	const doc = `{"_id":"7|None","id":"7","infons":{},"pmid":7,"pmcid":null,"passages":[{"infons":{"type":"title","journal":null},"offset":0,"text":"Aspirin and bleeding.","sentences":[],"annotations":` + annotations + `,"relations":[]}],
"relations":[{"id":"R1","infons":{"score":"0.99","role1":{"identifier":"MESH:D006470","type":"Disease"},"role2":{"identifier":"MESH:D001241","type":"Chemical"},"type":"Cause"},"nodes":[{"refid":"0","role":"0,1"}]}]}`
	line := strings.ReplaceAll(doc, "\n", "")
	const xml = `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE collection SYSTEM "BioC.dtd"><collection><source>PubTator</source><document><id>7</id><passage><infon key="type">title</infon><offset>0</offset><text>Aspirin and bleeding.</text>
<annotation id="1"><infon key="identifier">MESH:D001241</infon><infon key="type">Chemical</infon><infon key="normalized">['D001241']</infon><location offset="0" length="7"/><text>Aspirin</text></annotation>
<annotation id="2"><infon key="identifier">MESH:D006470;MESH:D014456</infon><infon key="type">Disease</infon><location offset="12" length="8"/><text>bleeding</text></annotation>
<annotation id="3"><infon key="identifier">-</infon><infon key="type">Gene</infon><location offset="8" length="3"/><text>and</text></annotation>
<annotation id="4"><infon key="identifier">tmVar:p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:0</infon><infon key="type">Variant</infon><location offset="17" length="2"/><text>in</text></annotation>
</passage><relation id="R1"><infon key="score">0.99</infon><infon key="role1">Disease|MESH:D006470</infon><infon key="role2">Chemical|MESH:D001241</infon><infon key="type">Cause</infon><node refid="0" role="0,1"/></relation></document></collection>`
	const text = "7|t|Aspirin and bleeding.\n7|a|\n7\t0\t7\tAspirin\tChemical\tMESH:D001241\n7\t12\t20\tbleeding\tDisease\tMESH:D006470;MESH:D014456\n7\t8\t11\tand\tGene\t-\n" +
		"7\t17\t19\tin\tVariant\ttmVar:p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:0\n7\tCause\tDisease|MESH:D006470\tChemical|MESH:D001241\n\n"
	for name, data := range map[string]string{
		"PubTator": text, "BioC XML": xml, "BioC JSON": doc, "lines": line + "\n" + line, "envelope": `{"PubTator3": [` + doc + `]}`, "envelope on a line": `{"PubTator3": [` + line + `]}` + "\n" + `{"PubTator3":[` + line + `]}`,
		"documents": `{"source":"PubTator","documents":[` + line + `]}`, "array": `[` + doc + `]`,
	} {
		for _, f := range []Format{"", JSONL} {
			if f != "" && !strings.Contains(name, "line") {
				continue
			}
			docs := mustRead(t, "x", data, ReadOptions{Format: f})
			require.NotEmpty(t, docs, name)
			d := docs[0]
			require.Equal(t, "7", d.ID, name)
			require.Len(t, d.Entities, 4, name)
			for i, want := range [][]string{{"MESH:D001241"}, {"MESH:D006470", "MESH:D014456"}, nil, {"tmVar:p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:0"}} {
				require.Equal(t, want, d.Entities[i].Concepts, name)
				require.Empty(t, d.Entities[i].Normalized, name)
			}
			require.Len(t, d.Relations, 1, name)
			require.Equal(t, []string{"Cause", "MESH:D001241", "MESH:D006470", "", ""},
				[]string{d.Relations[0].Type, d.Relations[0].Chemical, d.Relations[0].Disease, d.Relations[0].ChemicalEntity, d.Relations[0].DiseaseEntity}, name)
			require.Contains(t, mustWrite(t, WriteOptions{Format: PubTator}, d), "7\tCause\tMESH:D001241\tMESH:D006470")
			for _, out := range []Format{BioCXML, BioCJSON, JSONL} {
				back := mustRead(t, "y", mustWrite(t, WriteOptions{Format: out, Text: true}, d), ReadOptions{})
				require.Equal(t, d.Relations[0].Chemical+d.Relations[0].Disease, back[0].Relations[0].Chemical+back[0].Relations[0].Disease, name)
			}
		}
	}
}

// BioRED's novelty goes from BioC's infons to PubTator's column.
func TestNoveltyOfRelations(t *testing.T) {
	docs := mustRead(t, "x", `{"id":"1","passages":[{"offset":0,"text":"Li"}],"relations":[{"id":"R0","infons":{"entity1":"D008094","entity2":"D014202","type":"Association","novel":"Novel"}}]}`, ReadOptions{})
	var tally Tally
	out := mustWrite(t, WriteOptions{Format: PubTator, Warn: tally.Add}, docs...)
	require.Contains(t, out, "1\tAssociation\tD008094\tD014202\tNovel\n")
	require.NotContains(t, strings.Join(tally.Lines(), "\n"), "properties of relations")
}

// The sides of relations as BioRED and others name them in BioC.
func TestSidesOfRelations(t *testing.T) {
	const head = `{"id":"1","passages":[{"offset":0,"text":"Li, tremor","annotations":[{"id":"0","infons":{"type":"ChemicalEntity","identifier":"D008094"},"text":"Li","locations":[{"offset":0,"length":2}]},` +
		`{"id":"1","infons":{"type":"DiseaseOrPhenotypicFeature","identifier":"D014202,D000001"},"text":"tremor","locations":[{"offset":4,"length":6}]}]}],"relations":[{"id":"R0",`
	for relation, want := range map[string][2]string{
		`"infons":{"entity1":"D008094","entity2":"D014202","type":"Association","novel":"Novel"}`:                    {"D008094", "D014202"},
		`"infons":{"entity1":"D014202","entity2":"D008094","type":"Association","novel":"No"}`:                       {"D008094", "D014202"},
		`"infons":{"Arg1":"1","Arg2":"0","type":"x"}`:                                                                {"D008094", "D014202|D000001"},
		`"infons":{"type":"x"},"nodes":[{"refid":"1","role":"b"},{"refid":"0","role":"a"}]`:                          {"D008094", "D014202|D000001"},
		`"infons":{"type":"x"},"nodes":[{"refid":"D014202","role":""},{"refid":"D008094","role":""}]`:                {"D008094", "D014202"},
		`"infons":{"type":"x"},"nodes":[{"refid":"D1","role":"Disease"},{"refid":"D2","role":"Chemical"}]`:           {"D2", "D1"},
		`"infons":{"type":"x"},"nodes":[{"refid":"OMIM:1","role":"theme"},{"refid":"MESH:D008094","role":"cause"}]`:  {"MESH:D008094", "OMIM:1"},
		`"infons":{"type":"x","role1":"Gene|1956","role2":"Variant|p|SUB|V|600|E"}`:                                  {"1956", "p|SUB|V|600|E"},
		`"infons":{"relation":"CID","Chemical":"D008094","Disease":"D014202"}`:                                       {"D008094", "D014202"},
		`"infons":{"role1":{"name":"Li","identifier":"-","type":"Chemical"},"role2":{"identifier":9,"type":"Gene"}}`: {"Li", "9"},
	} {
		var tally Tally
		docs := mustRead(t, "x", head+relation+"}]}", ReadOptions{Warn: tally.Add})
		require.Len(t, docs[0].Relations, 1, relation)
		require.Equal(t, want, [2]string{docs[0].Relations[0].Chemical, docs[0].Relations[0].Disease}, relation)
	}
	for _, relation := range []string{`"infons":{"type":"x"},"nodes":[{"refid":"0x","role":"0,1"}]`, `"infons":{"type":"x"}`, `"nodes":null`} {
		var tally Tally
		docs := mustRead(t, "x", head+relation+"}]}", ReadOptions{Warn: tally.Add})
		require.Empty(t, docs[0].Relations, relation)
		require.Contains(t, strings.Join(tally.Lines(), "\n"), "left out")
	}
}

func TestConceptIdentifiers(t *testing.T) {
	for s, want := range map[string][]string{
		"": nil, "-": nil, "-1": nil, "None": nil, " ": nil, "|": nil,
		"D1": {"D1"}, `["MESH:D1", "MESH:D2"]`: {"MESH:D1", "MESH:D2"}, `[]`: nil, `[x]`: {"[x]"}, "D001|D002": {"D001", "D002"}, "MESH:D1;MESH:D2": {"MESH:D1", "MESH:D2"}, "D003924,D003920": {"D003924", "D003920"}, "672;": {"672"},
		"D011125+D012345": {"D011125", "D012345"}, "D1|": {"D1"}, "2,4-D": {"2,4-D"}, "1,2-dimethylhydrazine": {"1,2-dimethylhydrazine"}, "a; b c": {"a; b c"},
		"p|SUB|V|600|E": {"p|SUB|V|600|E"}, "c|DEL|35|G": {"c|DEL|35|G"}, "|Allele|T|": {"|Allele|T|"}, "tmVar:c|SUB|A|1|G;HGVS:c.1A>G": {"tmVar:c|SUB|A|1|G;HGVS:c.1A>G"},
		"672(Tax:9606),675(Tax:9606)": {"672(Tax:9606)", "675(Tax:9606)"}, "rs113488022": {"rs113488022"},
	} {
		require.Equal(t, want, splitConcepts(s), s)
	}
}

// What tools of the field write in PubTator beside what its definition has.
func TestPubTatorInTheWild(t *testing.T) {
	for name, c := range map[string]struct {
		data     string
		texts    []string
		mentions int
	}{
		"no abstract":           {"1|t|Li\n1\t0\t2\tLi\tChemical\tD1\n", []string{"Li"}, 1},
		"no blank lines":        {"1|t|Li\n1|a|x\n1\t0\t2\tLi\tChemical\tD1\n2|t|Na\n2|a|y\n2\t0\t2\tNa\tChemical\tD2", []string{"Li x", "Na y"}, 1},
		"many blank lines":      {"\n\n1|t|Li\n1|a|x\n\n \n\t\n2|t|Na\n", []string{"Li x", "Na"}, 0},
		"trailing columns":      {"1|t|Li\n1\t0\t2\tLi\tChemical\tD1\t\t\t\t\n", []string{"Li"}, 1},
		"nine columns":          {"1|t|Li\n1\t0\t2\tLi\tChemical\tD1\ta\tb\tc\n", []string{"Li"}, 1},
		"no identifier":         {"1|t|Li\n1\t0\t2\tLi\tChemical\n", []string{"Li"}, 1},
		"blanks beside numbers": {"1|t|Li\n1\t 0\t2 \tLi\tChemical \tD1\n", []string{"Li"}, 1},
		"returns":               {"1|t|Li\r1|a|x\r1\t0\t2\tLi\tChemical\tD1\r\r2|t|Na\r", []string{"Li x", "Na"}, 1},
		"marks":                 {"\ufeff1|t|Li\r\n1|a|x\r\n\r\n\ufeff2|t|Na\r\n", []string{"Li x", "Na"}, 0},
		"other parts":           {"1|t|Li\n1|k|keywords\n1|a|x\n1\t0\t2\tLi\tChemical\tD1\n", []string{"Li x"}, 1},
		"DOI as identifier":     {"10.1000/x.y|t|Li\n10.1000/x.y|a|z\n10.1000/x.y\t0\t2\tLi\tChemical\tD1\n", []string{"Li z"}, 1},
	} {
		docs := mustRead(t, "x.pubtator", c.data, ReadOptions{})
		var texts []string
		for _, d := range docs {
			texts = append(texts, d.Text)
		}
		require.Equal(t, c.texts, texts, name)
		require.Len(t, docs[0].Entities, c.mentions, name)
	}
	docs := mustRead(t, "x", "1|t|Li tremor\n1\t0\t2\tLi\tChemical\tD1\n1\t3\t9\ttremor\tDisease\tD2\n1\tAssociation\tD2\tD1\tNovel\textra\n1\tx\tDisease|D2\tChemical|D1\n", ReadOptions{})
	require.Equal(t, []string{"D1", "D2", "Novel"}, []string{docs[0].Relations[0].Chemical, docs[0].Relations[0].Disease, docs[0].Relations[0].Infons["novelty"]})
	require.Equal(t, []string{"D1", "D2"}, []string{docs[0].Relations[1].Chemical, docs[0].Relations[1].Disease})
}

// BioC as other programs write it.
func TestBioCInTheWild(t *testing.T) {
	const annotation = `"annotations":[{"id":null,"infons":null,"text":"Li","locations":[{"offset":"4","length":2.0}]}]`
	for name, c := range map[string]struct {
		data, text string
		want       []document.Span
	}{
		"no offsets":          {`{"id":"1","passages":[{"text":"T"},{"text":"x Li"` + `,"annotations":[{"text":"Li","locations":[{"offset":4,"length":2}]}]}]}`, "T\nx Li", []document.Span{{Start: 4, End: 6}}},
		"null and others":     {`{"id":1,"infons":null,"relations":null,"annotations":null,"passages":[{"offset":null,"infons":[],"relations":null,"sentences":null,"text":"xxx Li",` + annotation + `}]}`, "xxx Li", []document.Span{{Start: 4, End: 6}}},
		"offsets of passages": {`{"id":"1","passages":[{"offset":0,"text":"Title"},{"offset":6,"text":"xxx Li",` + annotation + `}]}`, "Title\nxxx Li", []document.Span{{Start: 10, End: 12}}},
		"annotations of all":  {`{"id":"1","passages":[{"offset":0,"text":"Title"},{"offset":6,"text":"xxx Li"}],"annotations":[{"text":"Li","locations":[{"offset":10,"length":2}]}]}`, "Title\nxxx Li", []document.Span{{Start: 10, End: 12}}},
		"nested mentions":     {`{"id":"1","passages":[{"offset":0,"text":"xxx Li",` + annotation + `},{"offset":9,"text":null}]}`, "xxx Li\n", []document.Span{{Start: 4, End: 6}}},
		"parts":               {`{"id":"1","passages":[{"offset":0,"text":"renal or liver toxicity","annotations":[{"text":"renal toxicity","locations":[{"offset":0,"length":5},{"offset":15,"length":8}]}]}]}`, "renal or liver toxicity", []document.Span{{Start: 0, End: 5}, {Start: 15, End: 23}}},
		"parts with dots":     {`{"id":"1","passages":[{"offset":0,"text":"renal or liver toxicity","annotations":[{"text":"renal or liver toxicity","locations":[{"offset":0,"length":5},{"offset":15,"length":8}]}]}]}`, "renal or liver toxicity", []document.Span{{Start: 0, End: 5}, {Start: 15, End: 23}}},
	} {
		docs := mustRead(t, "x.json", c.data, ReadOptions{})
		require.Equal(t, c.text, docs[0].Text, name)
		require.Len(t, docs[0].Entities, 1, name)
		require.Equal(t, c.want, docs[0].Entities[0].Spans, name)
	}
	const xml = `<collection><document><id>1</id><passage><text>T</text></passage><passage><offset/><text>x Li</text><annotation><location offset="4" length="2"/><text>Li</text></annotation></passage></document></collection>`
	docs := mustRead(t, "x", xml, ReadOptions{})
	require.Equal(t, []document.Span{{Start: 4, End: 6}}, docs[0].Entities[0].Spans)
}
