package format

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// hostileTexts returns texts that break programs, by what is wrong with them.
func hostileTexts() map[string]string {
	return map[string]string{
		"empty":         "",
		"blank":         " \r\n\t\n",
		"10 MB line":    strings.Repeat("lithium ", 10<<20/8),
		"NUL":           "a\x00b",
		"invalid UTF-8": "ok \xff\xfe\xc0\x80 \xed\xa0\x80",
		"emoji":         strings.Repeat("😀👨‍👩‍👧", 50),
		"right to left": "\u202eחומר לִיתִיוּם \u2067العربية\u2069",
		"brackets":      strings.Repeat("[", 1<<20),
		"braces":        strings.Repeat(`{"a":`, 1<<14),
		"tags":          "<collection>" + strings.Repeat("<document>", 1<<14),
		"open tag":      "<collection><document " + strings.Repeat("a", 1<<20),
		"open quote":    `<collection><document a="` + strings.Repeat("b>", 1<<14),
		"comment":       "<collection><!--" + strings.Repeat("-", 1<<20),
		"cdata":         "<collection><document><![CDATA[" + strings.Repeat("]", 1<<20),
		"bomb":          `<!DOCTYPE collection [<!ENTITY a "` + strings.Repeat("a", 1000) + `"><!ENTITY b "` + strings.Repeat("&a;", 1000) + `">]><collection><document><id>&b;</id></document></collection>`,
		"nested":        "<collection><document>" + strings.Repeat("<passage>", 1<<14) + strings.Repeat("</passage>", 1<<14) + "</document></collection>",
		"attributes":    "<collection><document " + strings.Repeat(`a="b" `, 1<<14) + "></document></collection>",
		"encoding":      `<?xml version="1.0" encoding="UTF-7"?><collection><document/></collection>`,
		"pipes":         strings.Repeat("1|t|", 1<<14),
		"tabs":          "1|t|a\n1" + strings.Repeat("\t", 1<<20),
		"blank lines":   strings.Repeat("\n", 1<<20),
		"many mentions": "1|t|a\n" + strings.Repeat("1\t0\t1\ta\tChemical\tD1\n", 1<<12),
		"many crossing": crossing(500),
		"json string":   `{"id":"1","text":"` + strings.Repeat(`\u0041`, 1<<14) + `"}`,
		"surrogate":     `{"id":"1","text":"\ud800 \udfff"}`,
		"huge number":   `{"id":1e999,"text":"x","ents":[{"start":1e999,"end":-1}]}`,
		"duplicate":     `{"id":"1","id":"2","text":"a","text":"b"}`,
		"long tag":      "PMID- " + strings.Repeat("9", 1<<20) + "\nTI  - x\n",
		"continuations": "PMID- 1\nAB  - x\n" + strings.Repeat("      y\n", 1<<14),
		"many columns":  "id\ttext\n" + strings.Repeat("x\t", 1<<18),
	}
}

// crossing returns a PubTator article with n mentions, each of which overlaps all
// others.
func crossing(n int) string {
	var b strings.Builder
	text := strings.Repeat("x", 2*n)
	fmt.Fprintf(&b, "1|t|%s\n", text)
	for i := range n {
		fmt.Fprintf(&b, "1\t%d\t%d\t%s\tDisease\tD1\n", i, i+n, text[:n])
	}
	return b.String()
}

// Every reader ends soon on any file, with typed errors only, and every writer takes
// every document that a reader delivers.
func TestHostileFiles(t *testing.T) {
	for name, data := range hostileTexts() {
		for _, f := range append([]Format{""}, Inputs()...) {
			if f == Brat {
				continue // reads files; see below
			}
			readHostile(t, name, data, f)
		}
	}
}

func readHostile(t *testing.T, name, data string, f Format) {
	t.Helper()
	r, err := NewReader(name, strings.NewReader(data), ReadOptions{Format: f})
	if err != nil {
		requireBadInput(t, err, name)
		return
	}
	n := 0
	for d, err := range r.Results() {
		if err != nil {
			requireBadInput(t, err, name, f)
			continue
		}
		if n++; n <= 2 && (f == "" || len(data) < 1<<20) {
			writeEverything(t, &d)
		}
	}
}

func TestHostileBrat(t *testing.T) {
	for name, data := range hostileTexts() {
		for _, pair := range [][2]string{{data, "T1\tChemical 0 1\ta\n"}, {"a", data}} {
			d, err := readBrat(t, pair[0], pair[1], ReadOptions{})
			if err != nil {
				requireBadInput(t, err, name)
				continue
			}
			writeEverything(t, &d)
		}
	}
}

func requireBadInput(t *testing.T, err error, about ...any) {
	t.Helper()
	var bad *badinput.Error
	if !errors.As(err, &bad) {
		t.Fatalf("%v: %T: %v", about, err, err)
	}
	if len(err.Error()) > 2000 {
		t.Fatalf("%v: a message of %d bytes", about, len(err.Error()))
	}
}

func writeEverything(t testing.TB, d *document.Result) {
	t.Helper()
	for _, f := range Outputs() {
		w, err := NewWriter(io.Discard, WriteOptions{Format: f, Text: true, Warn: func(Warning) {}})
		require.NoError(t, err)
		if err := w.Write(d); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		require.NoError(t, w.Close())
	}
}

func TestADocumentOverTheLimitIsSkipped(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for f, data := range map[Format]string{
		JSONL:     `{"text":"` + long + `"}` + "\n" + `{"id":"2","text":"fine"}`,
		JSON:      `[{"text":"` + long + `"},{"id":"2","text":"fine"}]`,
		PubTator:  "1|t|" + long + "\n\n2|t|fine\n",
		MEDLINE:   "PMID- 1\nTI  - " + long + "\n\nPMID- 2\nTI  - fine\n",
		CoNLL:     docStart + "\t1\n" + long + "\tO\n" + docStart + "\t2\nfine\tO\n",
		RIS:       "TY  - JOUR\nID  - 1\nTI  - " + long + "\nER  - \nTY  - JOUR\nID  - 2\nTI  - fine\nER  - \n",
		TSV:       "id\ttext\n1\t" + long + "\n2\tfine\n",
		BioCXML:   "<collection><document><id>" + long + "</id></document><document><id>2</id></document></collection>",
		PubMedXML: "<PubmedArticleSet><PubmedArticle>" + long + "</PubmedArticle><PubmedArticle><MedlineCitation><PMID>2</PMID></MedlineCitation></PubmedArticle></PubmedArticleSet>",
	} {
		docs, errs := readAll(t, "x", data, ReadOptions{Format: f, MaxDocument: 1000})
		require.Len(t, errs, 1, f)
		require.ErrorContains(t, errs[0], "more than 1000 bytes", f)
		require.Len(t, docs, 1, f)
		require.Equal(t, "2", docs[0].ID, f)
	}
	_, errs := readAll(t, "x", long, ReadOptions{Format: Text, MaxDocument: 1000})
	require.ErrorContains(t, errs[0], "x: size: found more than 1000 bytes")
}

func gzipped(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestBinaryFilesAreNamed(t *testing.T) {
	for head, want := range map[string]string{
		"%PDF-1.7\n%\xe2\xe3": "x.txt: found a PDF file, expected text: convert it first",
		"PK\x03\x04\x14":      "x.txt: found a ZIP archive",
		`{\rtf1 text}`:        "x.txt: found an RTF file",
	} {
		for _, f := range []Format{"", Text, JSONL} {
			_, err := NewReader("x.txt", strings.NewReader(head), ReadOptions{Format: f})
			requireBadInput(t, err)
			require.ErrorContains(t, err, want)
		}
	}
	_, err := NewReader("x.txt", strings.NewReader("PDF-positive cells"), ReadOptions{})
	require.NoError(t, err)
}

// repeating is a file of size bytes: a head, and then one piece again and again.
type repeating struct {
	head, piece string
	size, at    int
}

func (r *repeating) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && r.at < r.size {
		from := r.head
		off := r.at
		if off >= len(r.head) {
			from, off = r.piece, (off-len(r.head))%len(r.piece)
		}
		c := copy(p[n:], from[off:])
		n, r.at = n+c, r.at+c
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Reading a file takes a few megabytes, whatever its length.
func TestMemoryStaysFlat(t *testing.T) {
	const size = 9 << 20
	text := strings.Repeat("lithium ", 200)
	for f, in := range map[Format]*repeating{
		JSONL:     {"", `{"id":"1","text":"` + text + `"}` + "\n", size, 0},
		BioCJSON:  {`{"documents":[{"id":"1","passages":[]}`, `,{"id":"1","passages":[{"offset":0,"text":"` + text + `"}]}`, size, 0},
		BioCXML:   {"<collection>", "<document><id>1</id><passage><offset>0</offset><text>" + text + "</text></passage></document>", size, 0},
		PubTator:  {"", "1|t|" + text + "\n1\t0\t7\tlithium\tChemical\tD1\n\n", size, 0},
		MEDLINE:   {"", "PMID- 1\nTI  - " + text + "\n\n", size, 0},
		PubMedXML: {"<PubmedArticleSet>", "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>" + text + "</ArticleTitle></Article></MedlineCitation></PubmedArticle>", size, 0},
		CoNLL:     {"", docStart + "\t1\n" + strings.Repeat("lithium\tB-X\n", 200) + "\n", size, 0},
		RIS:       {"", "TY  - JOUR\nTI  - " + text + "\nER  - \n", size, 0},
		TSV:       {"id\ttext\n", "1\t" + text + "\n", size, 0},
	} {
		r, err := NewReader("x", in, ReadOptions{Format: f})
		require.NoError(t, err)
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		n, peak := 0, uint64(0)
		for range r.Results() {
			if n++; n%1000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}
		require.Greater(t, n, 3000, f)
		if grown := int64(peak) - int64(before.HeapAlloc); grown > 4<<20 {
			t.Errorf("%s: the heap grew by %d bytes over %d documents", f, grown, n)
		}
	}
}
