package stats

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/atomicfile"
	"github.com/medner/medner/ner/document"
)

// doc makes a document of mentions ("c:aspirin", "d:pain", "g:gene") and relations
// ("aspirin>pain").
func doc(id, year string, items ...string) document.Result {
	r := document.Result{Document: document.Document{ID: id}}
	if year != "" {
		r.Infons = map[string]string{"year": year}
	}
	types := map[string]string{"c": "Chemical", "d": "DiseaseOrPhenotypicFeature", "g": "Gene"}
	for _, item := range items {
		if chemical, disease, ok := strings.Cut(item, ">"); ok {
			r.Relations = append(r.Relations, document.Relation{Chemical: chemical, Disease: disease, Confidence: math.NaN(), Grounded: true})
			continue
		}
		typ, text, _ := strings.Cut(item, ":")
		r.Entities = append(r.Entities, document.Entity{Text: text, Type: types[typ], Confidence: math.NaN(), Grounded: true})
	}
	return r
}

func report(t *testing.T, o Options, docs ...document.Result) *Report {
	t.Helper()
	o.Dir = t.TempDir()
	c := New(o)
	for i := range docs {
		require.NoError(t, c.Add(&docs[i]))
	}
	r, err := c.Report(0)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	left, err := os.ReadDir(o.Dir)
	require.NoError(t, err)
	require.Empty(t, left, "temporary files are left")
	return r
}

func csvOf(t *testing.T, r *Report, table string) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteCSV(&b, table))
	_, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	require.NoError(t, err)
	return b.String()
}

// TestByHand: a table that a reader can count.
func TestByHand(t *testing.T) {
	r := report(t, Options{IDs: 2},
		doc("1", "1999", "c:Aspirin", "c:aspirin", "d:Ulcer", "aspirin>ULCER"),
		doc("2", "2001", "c:aspirin", "d:ulcer"),
		doc("3", "2001", "c:aspirin", "d:  Ulcer ", "d:gastric\n pain"),
		doc("4", "", "c:lithium", "d:tremor", "g:TP53", "lithium>tremor", "lithium>tremor", "lithium>goitre"),
		doc("5", "n.d."),
		doc("6", "2001", "d:ulcer"),
		doc("7", "2001", "c:lithium"),
		doc("8", "2001"),
	)
	require.EqualValues(t, 8, r.Documents)
	require.EqualValues(t, 2, r.Empty)
	require.Equal(t, "type,mentions,documents,concepts\nchemical,6,5,2\ndisease,6,5,4\nGene,1,1,1\n", csvOf(t, r, "types"))
	require.Equal(t, `year,documents,documents_with_relations,chemical_mentions,disease_mentions,Gene_mentions
1999,1,1,2,1,0
2001,5,0,3,4,0
unknown,2,1,1,1,1
`, csvOf(t, r, "years"))
	require.Equal(t, `type,concept,linked,name,mentions,documents,first_year,last_year
Gene,tp53,false,TP53,1,1,,
chemical,aspirin,false,Aspirin,4,3,1999,2001
chemical,lithium,false,lithium,2,2,2001,2001
disease,ulcer,false,Ulcer,4,4,1999,2001
disease,gastric pain,false,gastric pain,1,1,2001,2001
disease,tremor,false,tremor,1,1,,
`, csvOf(t, r, "concepts"))
	require.Equal(t, `type,concept,linked,name,year,mentions,documents
Gene,tp53,false,TP53,unknown,1,1
chemical,aspirin,false,Aspirin,1999,2,1
chemical,aspirin,false,Aspirin,2001,2,2
chemical,lithium,false,lithium,2001,1,1
chemical,lithium,false,lithium,unknown,1,1
disease,ulcer,false,Ulcer,1999,1,1
disease,ulcer,false,Ulcer,2001,3,3
disease,gastric pain,false,gastric pain,2001,1,1
disease,tremor,false,tremor,unknown,1,1
`, csvOf(t, r, "concept-years"))
	// aspirin and ulcer: p(both) = 3/8, p(aspirin) = 3/8, p(ulcer) = 4/8: pmi = ln 2, npmi = ln 2 / ln(8/3).
	// aspirin and gastric pain: 1/8, 3/8, 1/8: pmi = ln(8/3), npmi = ln(8/3) / ln 8.
	// lithium and tremor: 1/8, 2/8, 1/8: pmi = ln 4, npmi = ln 4 / ln 8. Goitre isn't mentioned.
	require.Equal(t, `chemical,chemical_name,disease,disease_name,documents,documents_asserted,chemical_documents,disease_documents,pmi,npmi,document_ids
aspirin,Aspirin,ulcer,Ulcer,3,1,3,4,0.693147,0.706695,1|2
lithium,lithium,tremor,tremor,1,1,2,1,1.386294,0.666667,4
aspirin,Aspirin,gastric pain,gastric pain,1,0,3,1,0.980829,0.471679,3
lithium,lithium,goitre,goitre,0,1,2,0,,,4
`, csvOf(t, r, "pairs"))
	require.Equal(t, Totals{Concepts: 7, Pairs: 4, Asserted: 3, EnoughConcepts: 6, EnoughPairs: 4}, r.Totals)
}

// TestNPMI: its bounds, and where it isn't defined.
func TestNPMI(t *testing.T) {
	for _, c := range []struct {
		both, a, b, all int64
		want            float64
	}{
		{1, 1, 1, 2, 1}, // neither without the other
		{1, 2, 2, 4, 0}, // independent
		{1, 3, 3, 4, -math.Log(9.0/4) / math.Log(4)}, // repelling
		{0, 1, 1, 2, math.NaN()},                     // never together
		{4, 4, 4, 4, math.NaN()},                     // in each document: 0/0
		{1, 0, 1, 4, math.NaN()},
	} {
		_, got := npmi(c.both, c.a, c.b, c.all)
		if math.IsNaN(c.want) {
			require.True(t, math.IsNaN(got), "%+v: %g", c, got)
		} else {
			require.InDelta(t, c.want, got, 1e-12, "%+v", c)
		}
	}
}

// TestWhatCounts: identifiers before links before texts; confidences; places.
func TestWhatCounts(t *testing.T) {
	r := doc("1", "2000", "c:lithium", "c:Li", "c:lithium or sodium salts", "c:unsure", "c:nowhere", "d:tremor", "d:goitre")
	e := r.Entities
	e[0].Links = []document.Link{{ID: "MESH:D008094", Name: "Lithium", Method: "exact"}, {ID: "MESH:D1", Method: "exact"}}
	e[1].Concepts = []string{"MESH:D008094", "MESH:D008094"}
	e[2].Links = []document.Link{{ID: "MESH:D008094", Name: "Lithium", Method: "composite"}, {ID: "MESH:D012964", Name: "Sodium", Method: "composite"}}
	e[3].Confidence = 0.4
	e[4].Grounded = false
	e[5].ID, e[6].ID = "T6", "T7"
	e[6].Concepts = []string{"-1", "D006042"}
	r.Relations = []document.Relation{
		{Chemical: "x", ChemicalEntity: "", Disease: "y", DiseaseEntity: "T6", Grounded: true, Confidence: 0.9},
		{Chemical: "LI", Disease: "tremor", Grounded: true, Confidence: 0.9},          // by text
		{Chemical: "MESH:D008094", Disease: "D006042", Grounded: true, Confidence: 1}, // by identifier
		{Chemical: "MESH:D000001", Disease: "tremor", Grounded: true, Confidence: 1},  // an identifier that no mention has
		{Chemical: "Li", Disease: "goitre", Grounded: true, Confidence: 0.1},          // below the least confidence
		{Chemical: "Li", Disease: "tremor", Grounded: false, Confidence: 1},
		{Chemical: "Li", Grounded: true, Confidence: 1}, // half a pair
	}
	got := report(t, Options{MinConfidence: 0.5, IDs: 5}, r)
	require.Equal(t, `type,concept,linked,name,mentions,documents,first_year,last_year
chemical,MESH:D008094,true,Lithium,3,1,2000,2000
chemical,MESH:D012964,true,Sodium,1,1,2000,2000
disease,D006042,true,goitre,1,1,2000,2000
disease,tremor,false,tremor,1,1,2000,2000
`, csvOf(t, got, "concepts"))
	var pairs []string
	for _, p := range got.Pairs {
		pairs = append(pairs, fmt.Sprintf("%s>%s %d %d", p.Chemical, p.Disease, p.Documents, p.Asserted))
	}
	require.Equal(t, []string{
		"MESH:D008094>D006042 1 1", "MESH:D008094>tremor 1 1", "MESH:D012964>D006042 1 0", "MESH:D012964>tremor 1 0",
		"MESH:D000001>tremor 0 1", "x>tremor 0 1",
	}, pairs)
}

// random makes documents of few concepts.
func random(n int) []document.Result {
	rng := rand.New(rand.NewPCG(18, 7))
	var docs []document.Result
	for i := range n {
		var items []string
		for range rng.IntN(8) {
			items = append(items, fmt.Sprintf("%c:x%d", "cdg"[rng.IntN(3)], rng.IntN(12)))
		}
		for range rng.IntN(3) {
			items = append(items, fmt.Sprintf("x%d>x%d", rng.IntN(12), rng.IntN(12)))
		}
		docs = append(docs, doc(fmt.Sprint("doc", i), fmt.Sprint(1990+rng.IntN(9)), items...))
	}
	return docs
}

// TestAgainstCountingAnew: each pair's numbers are those that a loop over all
// documents gives.
func TestAgainstCountingAnew(t *testing.T) {
	docs := random(300)
	r := report(t, Options{IDs: 1000}, docs...)
	has := func(d document.Result, typ, text string) bool {
		return slices.ContainsFunc(d.Entities, func(e document.Entity) bool { return typeOf(e.Type) == typ && e.Text == text })
	}
	require.Greater(t, len(r.Pairs), 100)
	for _, p := range r.Pairs {
		var c, d, both, asserted int64
		var ids []string
		for _, doc := range docs {
			hasC, hasD := has(doc, "chemical", p.Chemical), has(doc, "disease", p.Disease)
			says := slices.ContainsFunc(doc.Relations, func(r document.Relation) bool { return r.Chemical == p.Chemical && r.Disease == p.Disease })
			for _, is := range []struct {
				yes bool
				n   *int64
			}{{hasC, &c}, {hasD, &d}, {hasC && hasD, &both}, {says, &asserted}} {
				if is.yes {
					*is.n++
				}
			}
			if hasC && hasD || says {
				ids = append(ids, doc.ID)
			}
		}
		require.Equal(t, []int64{c, d, both, asserted}, []int64{p.ChemicalDocuments, p.DiseaseDocuments, p.Documents, p.Asserted}, p)
		require.Equal(t, ids, p.IDs)
		if both > 0 {
			n := float64(len(docs))
			want := math.Log(float64(both)/n/(float64(c)/n*float64(d)/n)) / -math.Log(float64(both)/n)
			require.InDelta(t, want, *p.NPMI, 1e-6)
		}
	}
}

// TestMemoryDoesNotMatter: pairs that are written to files, be it each by itself,
// give the same report; what is held stays within the bound.
func TestMemoryDoesNotMatter(t *testing.T) {
	docs := random(200)
	for _, order := range []Order{ByDocuments, ByAsserted, ByNPMI} {
		o := Options{IDs: 3, Order: order, Top: 40, MinCount: 2}
		want := report(t, o, docs...)
		for _, memory := range []int64{1, 200, 1 << 10, 10 << 10} {
			o.Memory = memory
			require.Equal(t, want, report(t, o, docs...), "%d bytes", memory)
		}
		require.True(t, slices.IsSortedFunc(want.Pairs, order.compare))
		require.Len(t, want.Pairs, 40)
		for _, p := range want.Pairs {
			require.GreaterOrEqual(t, max(p.Documents, p.Asserted), int64(2))
		}
	}
	c := New(Options{Memory: 4 << 10, Dir: t.TempDir()})
	for i := range docs {
		require.NoError(t, c.Add(&docs[i]))
		require.LessOrEqual(t, c.pairs.bytes+int64(len(c.pairs.held))*mentionedBytes, int64(4<<10))
		require.Less(t, len(c.pairs.runs), maxRuns)
	}
	require.NoError(t, c.Close())
}

// TestTemporaryFilesThatCannotBeWritten: no input is at fault.
func TestTemporaryFilesThatCannotBeWritten(t *testing.T) {
	docs := random(100)
	c := New(Options{Memory: 1 << 10, Dir: filepath.Join(t.TempDir(), "none")})
	var err error
	for i := range docs {
		err = errors.Join(err, c.Add(&docs[i]))
	}
	var write *atomicfile.WriteError
	require.ErrorAs(t, err, &write)
	require.NoError(t, c.Close())
}

// TestConceptsBoundMemory: documents beyond the first ones add no concept.
func TestConceptsBoundMemory(t *testing.T) {
	docs := random(100)
	c := New(Options{Memory: 1 << 10, Dir: t.TempDir()})
	for range 5 {
		for i := range docs {
			require.NoError(t, c.Add(&docs[i]))
		}
		require.LessOrEqual(t, len(c.concepts), 36)
		require.Len(t, c.byKey, len(c.concepts))
	}
	require.NoError(t, c.Close())
}

// TestOrderOfDocumentsDoesNotMatter: but for names and identifiers of documents,
// which are those that come first.
func TestOrderOfDocumentsDoesNotMatter(t *testing.T) {
	docs := random(100)
	want := report(t, Options{}, docs...)
	slices.Reverse(docs)
	require.Equal(t, want, report(t, Options{}, docs...))
}

// Where few years have bars, each is named below its own: names are 26 apart, and don't overlap.
func TestYearsOfPageDontOverlap(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report(t, Options{}, doc("1", "2010", "c:a"), doc("2", "2011", "c:a")).WriteHTML(&b, "few"))
	require.Contains(t, b.String(), `<text x="39" y="184" font-size="9" text-anchor="middle" fill="currentColor">2010</text>`)
	require.Contains(t, b.String(), `<text x="65" y="184" font-size="9" text-anchor="middle" fill="currentColor">2011</text>`)
}

// TestPage: the page names nothing outside, and shows texts as texts.
func TestPage(t *testing.T) {
	docs := append(random(30), doc("<b>", "1850", `c:<script "x"`, "d:a & b"), doc("z", "2020"))
	docs[0].Entities = append(docs[0].Entities, document.Entity{Text: "Lithium", Type: "chemical", Concepts: []string{"MESH:D008094"}, Grounded: true})
	r := report(t, Options{IDs: 3}, docs...)
	var b bytes.Buffer
	require.NoError(t, r.WriteHTML(&b, "A <title>"))
	html := b.String()
	for _, has := range []string{
		"&lt;script &#34;x&#34;", "A &lt;title&gt;", "default-src 'none'", "<title>2020: 1</title>",
		`<a href="https://meshb.nlm.nih.gov/record/ui?ui=D008094" rel="noreferrer">`,
	} {
		require.True(t, strings.Contains(html, has), has)
	}
	for _, lacks := range []string{"<script \"x", " src=", "style=\"", "<title>1850: 1</title>"} { // the chart has no room for 1850
		require.False(t, strings.Contains(html, lacks), lacks)
	}
	for _, id := range []string{"summary", "years", "pairs", "map", "method", "contents", "text"} {
		require.Equal(t, 1, strings.Count(html, ` id="`+id+`"`), id)
	}
	b.Reset()
	require.NoError(t, report(t, Options{}).WriteHTML(&b, "empty"))
	require.Contains(t, b.String(), "No document names its year")
}

// TestParquet: another reader of the library's gets the rows back.
func TestParquet(t *testing.T) {
	r := report(t, Options{IDs: 3}, random(50)...)
	var b bytes.Buffer
	require.NoError(t, r.WriteParquet(&b, "pairs"))
	pairs, err := parquet.Read[Pair](bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Equal(t, r.Pairs, pairs)
	b.Reset()
	require.NoError(t, r.WriteParquet(&b, "concepts"))
	concepts, err := parquet.Read[conceptRow](bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	b.Reset()
	require.NoError(t, r.WriteParquet(&b, "concept-years"))
	years, err := parquet.Read[conceptYearRow](bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Len(t, concepts, len(r.Concepts))
	at := 0
	for i, c := range r.Concepts {
		require.Equal(t, conceptRow{c.Type, c.Concept, c.Linked, c.Name, c.Mentions, c.Documents, c.First, c.Last}, concepts[i])
		for _, y := range c.Years {
			require.Equal(t, conceptYearRow{c.Type, c.Concept, c.Linked, c.Name, y.Year, y.Mentions, y.Documents}, years[at])
			at++
		}
	}
	require.Len(t, years, at)
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report(t, Options{}, doc("1", "1999", "c:a\x1b[31m", "d:b")).WriteText(&b, func(s string) string { return strings.ReplaceAll(s, "\x1b", "?") }))
	require.Contains(t, b.String(), "1 documents")
	require.NotContains(t, b.String(), "\x1b")
}

// TestNoFormulas: a spreadsheet runs no text of a document's.
func TestNoFormulas(t *testing.T) {
	r := Report{Pairs: []Pair{{Chemical: "=1+1", ChemicalName: "@x", Disease: "-5", DiseaseName: "pain", NPMI: known(-0.5), IDs: []string{"+a|b", "c"}}}}
	var out bytes.Buffer
	require.NoError(t, r.WriteCSV(&out, "pairs"))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"'=1+1", "'@x", "-5", "pain", "0", "0", "0", "0", "", "-0.500000", "'+a\\|b|c"}, rows[1])
}
