package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// bioCSample has everything that BioC can hold: gaps between passages, properties, a
// discontinuous mention, relations between mentions and between concepts.
const bioCSample = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection><source>PubTator</source><date>2026</date><key>BioC.key</key><infon key="version">2</infon>
<document><id>227508</id><infon key="journal">A &amp; B</infon>
<passage><infon key="type">title</infon><offset>0</offset><text>Naloxone – α-blocker</text>
<annotation id="3"><infon key="type">Chemical</infon><infon key="MESH">D009270</infon><location offset="0" length="8"/><text>Naloxone</text></annotation>
</passage>
<passage><infon key="type">abstract</infon><infon key="section">1</infon><offset>30</offset><text>renal or hepatic toxicity</text>
<annotation id="4"><infon key="type">disease</infon><infon key="identifier">MESH:D007674|MESH:D056486</infon><infon key="composite">renal toxicity|hepatic toxicity</infon><infon key="note">a&lt;b</infon><location offset="30" length="5"/><location offset="47" length="8"/><text>renal toxicity</text></annotation>
<annotation id="5"><infon key="type">Gene</infon><infon key="confidence">0.5</infon><text>nowhere</text></annotation>
</passage>
<relation id="R0"><infon key="relation">CID</infon><infon key="Chemical">D009270</infon><infon key="Disease">D007674</infon></relation>
<relation id="R1"><infon key="type">Association</infon><infon key="score">0.9</infon><node refid="3" role="Chemical"/><node refid="4" role="Disease"/></relation>
<relation id="R2"><infon key="type">Association</infon><node refid="4" role="first"/><node refid="3" role="second"/></relation>
</document></collection>`

func TestBioCXML(t *testing.T) {
	docs := mustRead(t, "a.xml", bioCSample, ReadOptions{})
	require.Len(t, docs, 1)
	d := docs[0]
	require.Equal(t, "Naloxone – α-blocker renal or hepatic toxicity", d.Text)
	require.Equal(t, []document.Passage{
		{Type: "title", Start: 0, End: 20},
		{Type: "abstract", Start: 21, End: 46, Shift: 9, Infons: map[string]string{"section": "1"}},
	}, d.Passages)
	require.Equal(t, map[string]string{"journal": "A & B"}, d.Infons)
	require.Len(t, d.Entities, 3)
	naloxone, toxicity, nowhere := d.Entities[0], d.Entities[1], d.Entities[2]
	require.Equal(t, document.Chemical, naloxone.Type)
	require.Equal(t, []string{"D009270"}, naloxone.Concepts)
	require.Equal(t, document.Disease, toxicity.Type)
	require.Equal(t, "renal toxicity", toxicity.Text)
	require.Equal(t, []document.Span{{Start: 21, End: 26}, {Start: 38, End: 46}}, toxicity.Spans)
	require.Equal(t, []string{"renal toxicity", "hepatic toxicity"}, toxicity.Composite)
	require.False(t, nowhere.Grounded)
	require.InDelta(t, 0.5, nowhere.Confidence, 0)
	require.Equal(t, []string{"D009270", "D007674", "CID"}, []string{d.Relations[0].Chemical, d.Relations[0].Disease, d.Relations[0].Type})
	require.Equal(t, []string{"3", "4", "D009270", "MESH:D007674|MESH:D056486"},
		[]string{d.Relations[1].ChemicalEntity, d.Relations[1].DiseaseEntity, d.Relations[1].Chemical, d.Relations[1].Disease})
	require.Equal(t, []string{"3", "second", "4", "first"},
		[]string{d.Relations[2].ChemicalEntity, d.Relations[2].ChemicalRole, d.Relations[2].DiseaseEntity, d.Relations[2].DiseaseRole})
}

func TestBioCOffsetsInOtherUnits(t *testing.T) {
	// "α😀 Li": Li is at code point 3, byte 7, UTF-16 unit 4.
	for offset, unit := range map[string]string{"103": "", "107": "bytes", "104": "UTF-16 units"} {
		var told []string
		docs := mustRead(t, "a.xml", `<collection><document><id>1</id><passage><offset>100</offset><text>α😀 Li</text>
<annotation id="1"><infon key="type">Chemical</infon><location offset="`+offset+`" length="2"/><text>Li</text></annotation></passage></document></collection>`,
			ReadOptions{Warn: func(w Warning) { told = append(told, w.Message) }})
		require.Equal(t, []document.Span{{Start: 3, End: 5}}, docs[0].Entities[0].Spans)
		if unit == "" {
			require.Empty(t, told)
		} else {
			require.Equal(t, []string{"offsets count " + unit + "; converted to code points"}, told)
		}
	}
}

func TestBioCSentencesBecomePassages(t *testing.T) {
	var told []string
	docs := mustRead(t, "a.xml", `<collection><document><id>1</id><passage><infon key="type">abstract</infon><offset>0</offset>
<sentence><offset>0</offset><text>One Li.</text><annotation id="1"><location offset="4" length="2"/><text>Li</text></annotation></sentence>
<sentence><offset>8</offset><text>Two Li.</text><annotation id="2"><location offset="12" length="2"/><text>Li</text></annotation></sentence>
</passage></document></collection>`, ReadOptions{Warn: func(w Warning) { told = append(told, w.Message) }})
	require.Equal(t, "One Li. Two Li.", docs[0].Text)
	require.Equal(t, []document.Span{{Start: 12, End: 14}}, docs[0].Entities[1].Spans)
	require.Equal(t, []string{"sentences are read as passages"}, told)
}

func TestBioCJSONOfPubTator3(t *testing.T) {
	const doc = `{"_id":"1|None","id":1,"infons":{"n":7,"x":null},"passages":[{"infons":{"type":"title"},"offset":0,"text":"Li","sentences":[],
"annotations":[{"id":"1","infons":{"identifier":"MESH:D008094","type":"Chemical"},"text":"Li","locations":[{"offset":0,"length":2}]}],"relations":[]}],
"relations":[{"id":"R1","infons":{"role1":{"type":"Disease","identifier":"MESH:D014202"},"role2":{"type":"Chemical","identifier":"MESH:D008094"},"type":"Association"},"nodes":[{"refid":"0","role":"0,1"}]}]}`
	for name, data := range map[string]string{
		"one":        doc,
		"lines":      strings.ReplaceAll(doc, "\n", "") + "\n" + strings.ReplaceAll(doc, "\n", "") + "\n",
		"an array":   "[" + doc + "]",
		"PubTator3":  `{"PubTator3":[` + doc + `,` + doc + `]}`,
		"collection": `{"source":"s","documents":[` + doc + `],"key":"k"}`,
		"PMC":        `[{"source":"s","documents":[` + doc + `]}]`,
	} {
		docs := mustRead(t, "a.json", data, ReadOptions{})
		require.NotEmpty(t, docs, name)
		for _, d := range docs {
			require.Equal(t, "1", d.ID, name)
			require.Equal(t, map[string]string{"n": "7"}, d.Infons)
			require.Equal(t, []string{"MESH:D008094"}, d.Entities[0].Concepts)
			require.Equal(t, `{"type":"Disease","identifier":"MESH:D014202"}`, d.Relations[0].Infons["role1"])
			require.Equal(t, []string{"MESH:D008094", "MESH:D014202", ""}, []string{d.Relations[0].Chemical, d.Relations[0].Disease, d.Relations[0].ChemicalEntity})
		}
	}
}

func TestBioCErrorsNameTheDocument(t *testing.T) {
	good := `<document><id>8</id><passage><offset>0</offset><text>fine</text></passage></document>`
	for name, c := range map[string]struct{ doc, want string }{
		"mention": {`<document><id>7</id><passage><offset>0</offset><text>α Lithium</text><annotation id="A"><location offset="1" length="2"/><text>Li</text></annotation></passage></document>`,
			`a.xml: line 1 (document 7): annotation "A": found " L" at 1 to 3, expected "Li" (which is at 2; neither code points, bytes nor UTF-16 units fit)`},
		"outside": {`<document><id>7</id><passage><offset>0</offset><text>Li</text><annotation id="A"><location offset="9" length="2"/><text>Li</text></annotation></passage></document>`,
			`outside the text of 2 code points`},
		"huge offset": {`<document><id>7</id><passage><offset>-9223372036854775808</offset><text>Li</text><annotation id="A"><location offset="9223372036854775807" length="9223372036854775807"/><text>Li</text></annotation></passage></document>`, "offsets"},
		"number":      {`<document><id>7</id><passage><offset>x</offset></passage></document>`, `line 1: offset (document 7): found "x", expected a whole number`},
		"unclosed":    {`<document><id>7</id>`, `an element that is not closed`},
		"tag":         {`<document><id>7</id><text <b></document>`, `a tag within a tag`},
		"entity":      {`<document><id>&lol;</id></document>`, `invalid character entity`},
		"mismatch":    {`<document><id>7</id2></document>`, `closed by </id2>`},
	} {
		docs, errs := readAll(t, "a.xml", "<collection>"+c.doc+good+"</collection>", ReadOptions{})
		require.Len(t, errs, 1, name)
		require.ErrorContains(t, errs[0], c.want, name)
		require.Len(t, docs, 1, name)
		require.Equal(t, "8", docs[0].ID, name)
	}
}

func TestBioCXMLWithoutEnd(t *testing.T) {
	docs, errs := readAll(t, "a.xml", `<collection><document><id>8</id></document>`, ReadOptions{})
	require.Len(t, docs, 1)
	require.Len(t, errs, 1)
	require.EqualError(t, errs[0], "a.xml: line 1: found the end of the file, expected </collection>")
}

func TestBioCXMLControlCharactersAreReplacedAndReported(t *testing.T) {
	var told []string
	out := mustWrite(t, WriteOptions{Format: BioCXML, Warn: func(w Warning) { told = append(told, w.Message) }},
		document.Result{Document: document.Document{ID: "1", Text: "a\x01b"}})
	require.Equal(t, []string{"bioc-xml does not hold control characters (U+FFFD stands for them)"}, told)
	require.Equal(t, "a\ufffdb", mustRead(t, "x", out, ReadOptions{})[0].Text)
}

// The result is the same wherever the buffer ends, within a tag too.
func TestBioCXMLAcrossBuffers(t *testing.T) {
	for pad := headSize - 80; pad < headSize; pad++ {
		docs := mustRead(t, "a.xml", "<collection><!--"+strings.Repeat("x", pad)+`--><document><id>1</id><infon key="[">a</infon></document></collection>`, ReadOptions{})
		require.Equal(t, map[string]string{"[": "a"}, docs[0].Infons)
	}
}
