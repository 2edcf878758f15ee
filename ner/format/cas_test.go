package format

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// What is written is read back but for what the writer reports.
func TestCASRoundTrip(t *testing.T) {
	for _, f := range []Format{XMI, CASJSON} {
		rng := rand.New(rand.NewPCG(7, 8))
		for i := range 300 {
			r := randomResult(rng, fmt.Sprint("doc ", i), "\U0001f600")
			lost := map[string]bool{}
			o := WriteOptions{Format: f, Warn: func(w Warning) { lost[w.Message] = true }}
			back := mustRead(t, "x", mustWrite(t, o, r), ReadOptions{})
			require.Len(t, back, 1)
			require.Equal(t, r.ID, back[0].ID)
			for k := range back[0].Passages {
				back[0].Passages[k].Shift = r.Passages[k].Shift
			}
			require.Equal(t, project(f, r, lost), project(f, back[0], lost), "%v", lost)
			for _, e := range back[0].Entities {
				got, _ := document.NewIndex(back[0].Text).Slice(e.Spans[0])
				require.Equal(t, got, e.Text)
			}
		}
	}
}

func TestCASFolders(t *testing.T) {
	for _, f := range []Format{XMI, CASJSON} {
		dir := filepath.Join(t.TempDir(), "cas")
		require.True(t, InFolder(f, "-"))
		w, err := NewFolder(dir, WriteOptions{Format: f})
		require.NoError(t, err)
		a, b := tableSample(), tableSample()
		b.ID = "../b"
		require.NoError(t, w.Write(&a))
		require.NoError(t, w.Write(&b))
		require.NoError(t, w.Close())
		var ids []string
		for r, err := range Files([]string{dir}, nil, ReadOptions{}) {
			require.NoError(t, err)
			ids = append(ids, r.ID)
			require.Equal(t, 2, r.Entities[0].Spans[0].Start)
			require.Equal(t, []string{"MESH:D008094", "A|B"}[:1], r.Entities[0].Concepts[:1])
		}
		slices.Sort(ids)
		require.Equal(t, []string{"../b", "1"}, ids)
		_, err = os.Stat(filepath.Join(dir, typeSystemFile))
		require.Equal(t, f == XMI, err == nil)

		one, err := NewWriter(&counter{}, WriteOptions{Format: f})
		require.NoError(t, err)
		require.NoError(t, one.Write(&a))
		requireBadInput(t, one.Write(&a))
	}
}

const ctakesSample = `<?xml version="1.0" encoding="UTF-8"?><xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore" xmlns:textsem="http:///org/apache/ctakes/typesystem/type/textsem.ecore" xmlns:refsem="http:///org/apache/ctakes/typesystem/type/refsem.ecore" xmlns:structured="http:///org/apache/ctakes/typesystem/type/structured.ecore" xmlns:syntax="http:///org/apache/ctakes/typesystem/type/syntax.ecore" xmi:version="2.0">
<cas:NULL xmi:id="0"/><structured:DocumentID xmi:id="5" documentID="note1"/>
<syntax:WordToken xmi:id="6" sofa="1" begin="0" end="2"/>
<textsem:MedicationMention xmi:id="7" sofa="1" begin="3" end="10" ontologyConceptArr="8 9" confidence="0.5"><x/></textsem:MedicationMention>
<textsem:DiseaseDisorderMention xmi:id="10" sofa="1" begin="18" end="24"/><textsem:MedicationMention xmi:id="11" sofa="2" begin="0" end="1"/>
<refsem:UmlsConcept xmi:id="8" codingScheme="RXNORM" code="6448" cui="C0023870"/><refsem:OntologyConcept xmi:id="9" codingScheme="SNOMEDCT_US" code="321719003"/>
<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" mimeType="text" sofaString="&#128512; Lithium caused&#10;tremor"/><cas:Sofa xmi:id="2" sofaNum="2" sofaID="other" sofaString="x"/>
<cas:View sofa="1" members="6 7 10"/></xmi:XMI>`

func TestXMIOfCTAKES(t *testing.T) {
	var tally Tally
	docs := mustRead(t, "x", ctakesSample, ReadOptions{Warn: tally.Add})
	require.Equal(t, []string{"x: document note1: annotations of the type WordToken are not kept"}, tally.Lines())
	require.Equal(t, "note1", docs[0].ID)
	require.Len(t, docs[0].Entities, 2)
	lithium := docs[0].Entities[0]
	require.Equal(t, []any{"Lithium", document.Chemical, 2, 0.5}, []any{lithium.Text, lithium.Type, lithium.Spans[0].Start, lithium.Confidence})
	require.Equal(t, []string{"UMLS:C0023870", "SNOMEDCT_US:321719003"}, lithium.Concepts)
	require.Equal(t, "tremor", docs[0].Entities[1].Text)
}

func TestBadCAS(t *testing.T) {
	xmi := func(items string) string {
		return `<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore" xmlns:n="http:///x.ecore"><cas:Sofa xmi:id="1" sofaID="_InitialView" sofaString="&#128512;ab"/>` + items + `</xmi:XMI>`
	}
	for data, want := range map[string]string{
		xmi(`<n:NamedEntity begin="1" end="3"/>`):  "offsets in UTF-16 units",
		xmi(`<n:NamedEntity begin="2" end="9"/>`):  "offsets in UTF-16 units",
		xmi(`<n:NamedEntity begin="3" end="2"/>`):  "offsets in UTF-16 units",
		xmi(`<n:NamedEntity begin="-1" end="2"/>`): "offsets in UTF-16 units",
		xmi(`<n:NamedEntity begin="2"/>`):          "offsets in UTF-16 units",
		`<xmi:XMI xmlns:xmi="x"></xmi:XMI>`:        "a CAS without a text",
		`<!DOCTYPE x [<!ENTITY a "b">]>` + xmi(""): "declarations of its own",
		`{"%FEATURE_STRUCTURES":[{"%ID":1}]}`:      "a CAS without a text",
		`{"%FEATURE_STRUCTURES":7}`:                "expected CAS JSON",
		`{"%FEATURE_STRUCTURES":[`:                 "the end of the file within JSON",
	} {
		docs, errs := readAll(t, "x", data, ReadOptions{})
		require.Empty(t, docs, data)
		require.Len(t, errs, 1, data)
		require.ErrorContains(t, errs[0], want)
	}
	docs, errs := readAll(t, "x", xmi(`<n:NamedEntity begin="1" end="3"/><n:NamedEntity begin="2" end="3"/>`), ReadOptions{Annotations: Lenient})
	require.Empty(t, errs)
	require.Len(t, docs[0].Entities, 1)
}

func FuzzXMI(f *testing.F) { fuzzReader(f, XMI, ctakesSample) }
func FuzzCASJSON(f *testing.F) {
	fuzzReader(f, CASJSON, `{"%FEATURE_STRUCTURES":[{"%ID":1,"%TYPE":"uima.cas.Sofa","sofaID":"_InitialView","sofaString":"😀 Li"},{"%ID":2,"%TYPE":"x.NamedEntity","@sofa":1,"begin":3,"end":5,"value":"a","@ontologyConceptArr":3},{"%ID":3,"%TYPE":"uima.cas.FSArray","%ELEMENTS":[1,3]}]}`)
}

// A confidence is a share: what is none is as if it were not there.
func TestConfidencesOfCAS(t *testing.T) {
	require.InDelta(t, 0.5, casNumber("0.5"), 0)
	for _, text := range []string{"", "x", "7", "-1", "Inf", "NaN"} {
		require.True(t, math.IsNaN(casNumber(text)), text)
	}
}
