package terminology

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
)

func sample(names ...string) []Source {
	var out []Source
	for _, n := range names {
		out = append(out, Source{Path: filepath.Join("testdata", n)})
	}
	return out
}

func importSample(t testing.TB, o Options, names ...string) *Index {
	t.Helper()
	path := filepath.Join(t.TempDir(), "index")
	info, err := Import(context.Background(), path, sample(names...), o)
	require.NoError(t, err)
	x, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	require.Equal(t, info, x.Info())
	require.NoError(t, x.Verify())
	return x
}

func conceptOf(t testing.TB, x *Index, id string) Concept {
	t.Helper()
	c, ok, err := x.Concept(id)
	require.NoError(t, err)
	require.True(t, ok, id)
	return c
}

func TestImportMeSHXML(t *testing.T) {
	x := importSample(t, Options{}, "desc2026.xml", "supp2026.xml")
	info := x.Info()
	require.Equal(t, "MeSH", info.Name)
	require.Equal(t, "2026", info.Release)
	require.Contains(t, info.Licence, "National Library of Medicine")
	require.Equal(t, []int{13, 3, 9}, []int{info.Concepts, info.Chemical, info.Disease})
	require.Len(t, info.Hash, 64)
	require.Equal(t, "desc2026.xml", info.Sources[0].File)
	require.Equal(t, Concept{ID: "MESH:D008094", Name: "Lithium", Types: []string{Chemical}, Trees: []string{"D01.268.549.450", "D01.552.528.504"},
		Names: []string{"Lithium", "Lithium 7", "Lithium-7"}}, conceptOf(t, x, "MESH:D008094"))
	require.Equal(t, Concept{ID: "MESH:C000002", Name: "bevonium", Types: []string{Chemical}, Trees: []string{"D03.383.663.283.909.750"},
		Names: []string{"bevonium", "bevonium methylsulfate"}}, conceptOf(t, x, "MESH:C000002"))
	rare := conceptOf(t, x, "MESH:C535284")
	require.Equal(t, []string{Disease}, rare.Types)
	require.Equal(t, "Sjögren-like & co syndrome", rare.Name)
	require.Equal(t, []string{Disease}, conceptOf(t, x, "MESH:D003866").Types, "psychiatric diseases are in F03")
	require.Equal(t, []string{Other}, conceptOf(t, x, "MESH:D006801").Types)
	_, ok, err := x.Concept("MESH:D999999")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestImportMeSHASCII(t *testing.T) {
	x := importSample(t, Options{}, "d2026.bin", "c2026.bin")
	require.Equal(t, Concept{ID: "MESH:D008094", Name: "Lithium", Types: []string{Chemical}, Trees: []string{"D01.268.549.450", "D01.552.528.504"},
		Names: []string{"Lithium", "Lithium 7", "Lithium-7"}}, conceptOf(t, x, "MESH:D008094"))
	require.Equal(t, []string{"D01.268.549.450", "D01.552.528.504"}, conceptOf(t, x, "MESH:C000002").Trees)
	require.Equal(t, []string{Disease}, conceptOf(t, x, "MESH:C535284").Types)
	require.Equal(t, []string{"C10.597.350.850"}, conceptOf(t, x, "MESH:C535284").Trees)
}

func TestImportChEBI(t *testing.T) {
	x := importSample(t, Options{}, "chebi.obo")
	require.Equal(t, []string{"ChEBI", "240", "CC BY 4.0"}, []string{x.Info().Name, x.Info().Release, x.Info().Licence})
	require.Equal(t, Concept{ID: "CHEBI:30145", Name: "lithium atom", Types: []string{Chemical}, Names: []string{`"Li" metal`, "lithium", "lithium atom"}}, conceptOf(t, x, "CHEBI:30145"))
	require.Equal(t, 1, x.Info().Concepts)

	x = importSample(t, Options{Release: "9"}, "compounds.tsv", "names.tsv")
	require.Equal(t, "9", x.Info().Release)
	require.Equal(t, []string{"lithium", "lithium atom", "lithium of old", "old lithium"}, conceptOf(t, x, "CHEBI:30145").Names)
	require.Equal(t, 1, x.Info().Concepts)
}

func TestImportUMLS(t *testing.T) {
	x := importSample(t, Options{}, "MRCONSO.RRF", "MRSTY.RRF")
	require.Equal(t, Concept{ID: "UMLS:C0023870", Name: "Lithium", Types: []string{Chemical}, Names: []string{"Lithium", "Lithium metal"}}, conceptOf(t, x, "UMLS:C0023870"))
	require.Equal(t, []string{Disease}, conceptOf(t, x, "UMLS:C0040822").Types)
	x = importSample(t, Options{Languages: []string{"ENG", "GER"}, Suppressed: true, Vocabularies: []string{"MSHGER", "OLD"}}, "MRCONSO.RRF")
	require.Equal(t, []string{"Lithium Metall", "Old lithium"}, conceptOf(t, x, "UMLS:C0023870").Names)
	require.Empty(t, conceptOf(t, x, "UMLS:C0023870").Types)
}

func TestImportTable(t *testing.T) {
	x := importSample(t, Options{Name: "mine", Licence: "free"}, "table.tsv")
	require.Equal(t, []string{"mine", "free"}, []string{x.Info().Name, x.Info().Licence})
	require.Equal(t, []string{"Li", "Li+", "lithium"}, conceptOf(t, x, "X:1").Names)
	require.Equal(t, Concept{ID: "X:2", Name: "tremor", Types: []string{Disease}, Trees: []string{"C10.1", "C23.2"}, Names: []string{"shaking", "tremor"}}, conceptOf(t, x, "X:2"))
}

func TestImportSeveralTerminologies(t *testing.T) {
	x := importSample(t, Options{}, "d2026.bin", "chebi.obo")
	require.Equal(t, "MeSH + ChEBI", x.Info().Name)
	require.Contains(t, x.Info().Licence, "; CC BY 4.0")
	m, err := x.Lookup(Query{Text: "lithium"})
	require.NoError(t, err)
	require.Equal(t, []string{"CHEBI:30145"}, ids(m), "letter for letter")
	m, err = x.Lookup(Query{Text: "LITHIUM"})
	require.NoError(t, err)
	require.Equal(t, []string{"MESH:D008094", "CHEBI:30145"}, ids(m), "that of which it is the preferred name first")
}

func TestImportIsRepeatableAndReadsGzip(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join("testdata", "desc2026.xml"))
	require.NoError(t, err)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "desc2026.gz"), packed.Bytes(), 0o644))
	read := 0
	for _, name := range []string{"a", "b"} {
		_, err := Import(context.Background(), filepath.Join(dir, name), sample("desc2026.xml"), Options{Progress: func(n int) { read += n }})
		require.NoError(t, err)
	}
	require.Equal(t, 2*len(data), read)
	_, err = Import(context.Background(), filepath.Join(dir, "c"), []Source{{Path: filepath.Join(dir, "desc2026.gz")}}, Options{})
	require.NoError(t, err)
	a, err := os.ReadFile(filepath.Join(dir, "a"))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "b"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(a, b))
	x, err := Open(filepath.Join(dir, "c"))
	require.NoError(t, err)
	require.Equal(t, MeSHXML, x.Info().Sources[0].Format)
	require.NoError(t, x.Close())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 4, "no temporary file is left")
}

func TestImportLeavesTheOldIndexWhereItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "index")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	bad := filepath.Join(dir, "bad.tsv")
	require.NoError(t, os.WriteFile(bad, []byte("id\tname\n\tno identifier\n"), 0o644))
	_, err := Import(context.Background(), path, []Source{{Path: bad}}, Options{})
	require.EqualError(t, err, bad+": line 2: id: found nothing, expected an identifier")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Import(ctx, path, sample("desc2026.xml"), Options{})
	require.ErrorIs(t, err, context.Canceled)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(data))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

func TestImportErrors(t *testing.T) {
	for data, want := range map[string]string{
		"":                           "found an empty file, expected a header",
		"id\tname\n":                 "found no names",
		"a\tb\n1\t2\n":               "found other columns",
		"id\tname\ttype\n1\tx\tdrug": `line 2: type: found "drug", expected chemical, disease or other`,
		"id\tname\n1\t\xff":          "invalid UTF-8",
		"*NEWRECORD\nMH = x\n":       "a record without an identifier",
		"*NEWRECORD\nRECTYPE = Q\n":  "found qualifiers",
		"C0000001|ENG|x\n":           "found 3 columns",
		"<DescriptorRecordSet><DescriptorRecord></DescriptorRecord></DescriptorRecordSet>":                                                                               "a record without an identifier",
		"<DescriptorRecordSet><DescriptorRecord>":                                                                                                                        "the end of the file within /DescriptorRecordSet/DescriptorRecord",
		"<DescriptorRecordSet></Other>":                                                                                                                                  "</Other> in /DescriptorRecordSet",
		"<DescriptorRecordSet>&lol;</DescriptorRecordSet>":                                                                                                               `the entity "&lol;"`,
		`<!DOCTYPE DescriptorRecordSet [<!ENTITY a "b">]><DescriptorRecordSet></DescriptorRecordSet>`:                                                                    "no names",
		`<!DOCTYPE DescriptorRecordSet [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><DescriptorRecordSet>&c;</DescriptorRecordSet>`:                                             `the entity "&c;"`,
		`<!DOCTYPE DescriptorRecordSet [<!ENTITY a SYSTEM "passwords">]><DescriptorRecordSet>&a;</DescriptorRecordSet>`:                                                  `the entity "&a;"`,
		"<!DOCTYPE x [<DescriptorRecordSet ":                                                                                                                             "the end of the file within a document type",
		"<!DOCTYPE x [<DescriptorRecordSet " + strings.Repeat("x", 2<<20):                                                                                                "a document type of more than",
		`<!DOCTYPE DescriptorRecordSet [` + strings.Repeat(`<!ENTITY a "b">`, 2000) + `]><DescriptorRecordSet/>`:                                                         "more than 1000 entities",
		`<!DOCTYPE DescriptorRecordSet [<!ENTITY a "` + strings.Repeat("x", 9000) + `">]><DescriptorRecordSet>` + strings.Repeat("&a;", 9000) + `</DescriptorRecordSet>`: `the entity "&a;"`,
		"<DescriptorRecordSet <a>":                           "a tag within a tag",
		"<DescriptorRecordSet>" + strings.Repeat("<a>", 200): "nested over 100 deep",
		"<DescriptorRecordSet>" + strings.Repeat("a", 2<<20): "a text of more than",
		"<DescriptorRecordSet " + strings.Repeat("a", 1<<20): "a tag of more than",
		"<QualifierRecordSet></QualifierRecordSet>":          "found qualifiers",
		"<DescriptorRecordSet>\xff</DescriptorRecordSet>":    "invalid UTF-8",
		"<DescriptorRecordSet>a & b</DescriptorRecordSet>":   "an ampersand",
		"\x1f\x8bxx":                 "gzip",
		"chebi_accession\tx\n1\t2\n": "found other columns",
	} {
		path := filepath.Join(t.TempDir(), "source")
		require.NoError(t, os.WriteFile(path, []byte(data), 0o644))
		_, err := Import(context.Background(), filepath.Join(t.TempDir(), "index"), []Source{{Path: path}}, Options{})
		require.ErrorContains(t, err, want, data[:min(len(data), 80)])
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), err)
		require.Equal(t, path, bad.File)
	}
	_, err := Import(context.Background(), "x", nil, Options{})
	require.Error(t, err)
	_, err = Import(context.Background(), "x", []Source{{Path: "testdata/table.tsv", Format: "csv"}}, Options{})
	require.ErrorContains(t, err, `format: found "csv", expected one of mesh-xml`)
	_, err = Import(context.Background(), "x", []Source{{Path: "testdata/none"}}, Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestDetect(t *testing.T) {
	for name, want := range map[string]Format{"desc2026.xml": MeSHXML, "supp2026.xml": MeSHXML, "d2026.bin": MeSHASCII, "c2026.bin": MeSHASCII,
		"chebi.obo": ChEBIOBO, "compounds.tsv": ChEBITSV, "names.tsv": ChEBITSV, "MRCONSO.RRF": UMLS, "MRSTY.RRF": UMLS, "table.tsv": TSV} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		require.Equal(t, want, detect(name, data), name)
	}
}

// The result is the same wherever the buffer ends, within a tag too.
func TestMeSHXMLAcrossBuffers(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "supp2026.xml"))
	require.NoError(t, err)
	head, rest, _ := strings.Cut(string(data), "<SupplementalRecordSet")
	for pad := headSize - len(data); pad < headSize; pad += 7 {
		b := newBuilder()
		p := &parser{ctx: context.Background(), file: "x", b: b, info: &Info{}}
		require.NoError(t, p.parse(MeSHXML, strings.NewReader(head+"<!--"+strings.Repeat("x", pad)+"--><SupplementalRecordSet"+rest)))
		require.Len(t, b.concepts, 2)
		require.Equal(t, []typeBits{chemicalBit, diseaseBit}, []typeBits{b.concepts[0].types, b.concepts[1].types})
	}
}

// fuzzImport imports arbitrary bytes in a format. The result must be a typed error,
// or an index that opens and answers.
func fuzzImport(f *testing.F, format Format, seeds ...string) {
	for _, s := range seeds {
		data, err := os.ReadFile(filepath.Join("testdata", s))
		require.NoError(f, err)
		f.Add(data[:min(len(data), 2000)])
		f.Add(data)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newBuilder()
		p := &parser{ctx: context.Background(), file: "fuzz", b: b, info: &Info{}}
		if err := p.parse(format, bytes.NewReader(data)); err != nil {
			var bad *badinput.Error
			if !errors.As(err, &bad) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if err := b.finish(p.ctx); err != nil || len(b.names) == 0 {
			return
		}
		path := filepath.Join(dir, "index")
		require.NoError(t, b.write(p.ctx, path, p.info))
		x, err := Open(path)
		require.NoError(t, err)
		for _, n := range b.names[:min(len(b.names), 20)] {
			m, err := x.Lookup(Query{Text: string(b.text(n))})
			require.NoError(t, err)
			require.NotEmpty(t, m, string(b.text(n)))
			require.Equal(t, Exact, m[0].Method)
		}
		require.NoError(t, x.Close())
	})
}

func FuzzMeSHXML(f *testing.F)   { fuzzImport(f, MeSHXML, "desc2026.xml", "supp2026.xml") }
func FuzzMeSHASCII(f *testing.F) { fuzzImport(f, MeSHASCII, "d2026.bin", "c2026.bin") }
func FuzzChEBIOBO(f *testing.F)  { fuzzImport(f, ChEBIOBO, "chebi.obo") }
func FuzzChEBITSV(f *testing.F)  { fuzzImport(f, ChEBITSV, "compounds.tsv", "names.tsv") }
func FuzzUMLS(f *testing.F)      { fuzzImport(f, UMLS, "MRCONSO.RRF", "MRSTY.RRF") }
func FuzzTable(f *testing.F)     { fuzzImport(f, TSV, "table.tsv") }

// dump returns what a builder has: the concept, type, text and key of each name.
func dump(b *builder) []string {
	var out []string
	for _, n := range b.names {
		out = append(out, fmt.Sprintf("%s %d %s|%s", b.id(n.concept), b.concepts[n.concept].types, b.text(n), b.key(n)))
	}
	return out
}

// Any legal spelling of one record is read alike.
func TestMeSHXMLSpellings(t *testing.T) {
	plain := `<SupplementalRecordSet LanguageCode="eng"><SupplementalRecord SCRClass="3"><SupplementalRecordUI>C000001</SupplementalRecordUI><SupplementalRecordName><String>a &lt;b&gt; &amp; é</String></SupplementalRecordName>` +
		`<HeadingMappedToList><HeadingMappedTo><DescriptorReferredTo><DescriptorUI>*D000001</DescriptorUI></DescriptorReferredTo></HeadingMappedTo></HeadingMappedToList>` +
		`<ConceptList><Concept PreferredConceptYN="Y"><TermList><Term><String>other</String></Term></TermList></Concept></ConceptList></SupplementalRecord></SupplementalRecordSet>`
	read := func(data string) *builder {
		b := newBuilder()
		p := &parser{ctx: context.Background(), file: "x", b: b, info: &Info{}}
		require.NoError(t, p.parse("", strings.NewReader(data)), data)
		require.NoError(t, b.finish(p.ctx))
		return b
	}
	want := read(plain)
	require.Equal(t, diseaseBit, want.concepts[0].types)
	require.Equal(t, []string{"MESH:C000001 2 a <b> & é|a b e", "MESH:C000001 2 other|other"}, dump(want))
	replace := strings.NewReplacer
	for name, data := range map[string]string{
		"spaces around =":     replace(`SCRClass="3"`, "SCRClass = \"3\"").Replace(plain),
		"line break before =": replace(`SCRClass="3"`, "\n\tSCRClass\n=\r\n'3' ").Replace(plain),
		"single quotes":       replace(`SCRClass="3"`, "SCRClass='3'").Replace(plain),
		"a number":            replace(`SCRClass="3"`, `SCRClass="&#x33;"`).Replace(plain),
		"another attribute":   replace(`SCRClass="3"`, `x=' SCRClass="1" ' y:z="a>b" SCRClass="3"`).Replace(plain),
		"space in tags":       replace("<String>", "<String >", "</String>", "</String\n>").Replace(plain),
		"comment":             replace("a &lt;", "a <!-- > -- <String> -->&lt;", "C000001", "C<!---->000001").Replace(plain),
		"CDATA":               replace("a &lt;b&gt; &amp; é", "a <![CDATA[<b> & ]]>é").Replace(plain),
		"CDATA with brackets": replace("other", "<![CDATA[oth]]><![CDATA[er]]>").Replace(plain),
		"instruction":         `<?xml version='1.0'?><?x <y> ?>` + replace("other", "oth<?x ?>er").Replace(plain),
		"numbers":             replace("é", "&#0000000000233;", "other", "o&#x74;her").Replace(plain),
		"prefix":              replace("</", "</m:", "<Supp", "<m:Supp", "<String", "<m:String", "<H", "<m:H", "<D", "<m:D", "<Con", "<m:Con", "<Term", "<m:Term").Replace(plain),
		"default namespace":   replace("RecordSet L", "RecordSet xmlns='urn:x' L").Replace(plain),
		"document type":       `<!DOCTYPE SupplementalRecordSet SYSTEM "https://example.org/a>b.dtd">` + plain,
		"internal subset": "<!DOCTYPE SupplementalRecordSet [\n<!-- ]> \" --><!ELEMENT String (#PCDATA)><?x ]> ?><!ATTLIST a b CDATA '>]'>\n<!ENTITY o 'oth'><!ENTITY o \"no\">\n<!ENTITY amped '&#233;'> ] >" +
			replace("other", "&o;er", "é", "&amped;").Replace(plain),
		"byte order mark": "\ufeff" + plain,
		"white space":     "\r\n\t " + replace("><", ">\r\n  <", "other", "\n other \t").Replace(plain),
		"a record alone":  plain[strings.Index(plain, "<SupplementalRecord "):strings.LastIndex(plain, "</Supp")],
	} {
		got := read(data)
		require.Equal(t, dump(want), dump(got), name)
	}
}
