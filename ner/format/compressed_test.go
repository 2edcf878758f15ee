package format

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/files"
)

// pack compresses data for a file whose name has an ending, with a frame for each
// part.
func pack(t testing.TB, ending string, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	c, err := files.NewCompressor(ending, &b)
	require.NoError(t, err)
	for _, part := range parts {
		_, err := c.Write([]byte(part))
		require.NoError(t, err)
		require.NoError(t, c.EndFrame())
	}
	require.NoError(t, c.Close())
	return b.String()
}

func TestCompressedFiles(t *testing.T) {
	for _, ending := range files.CompressedEndings() {
		data := pack(t, ending, `{"id":"1","text":"Li"}`)
		path := filepath.Join(t.TempDir(), "a.jsonl"+ending)
		require.NoError(t, os.WriteFile(path, []byte(data), 0o644))
		require.Equal(t, JSONL, OfExtension(path))
		r, err := Open(path, ReadOptions{})
		require.NoError(t, err)
		require.Equal(t, JSONL, r.Format())
		for d, err := range r.Documents() {
			require.NoError(t, err)
			require.Equal(t, "Li", d.Text)
		}
		require.NoError(t, r.Close())

		_, errs := readAll(t, "bomb", pack(t, ending, strings.Repeat("\x00", 80<<20)), ReadOptions{Format: JSONL})
		require.Len(t, errs, 1)
		require.ErrorContains(t, errs[0], "at most 200 times as many")
		_, err = NewReader("x", strings.NewReader(pack(t, ending, pack(t, ".gz", "Li"))), ReadOptions{})
		require.ErrorContains(t, err, "a file that is compressed again, by gzip")
	}
	_, err := NewReader("x.gz", strings.NewReader("\x1f\x8bxx"), ReadOptions{})
	requireBadInput(t, err)
}

// A compressed file that is cut off or damaged gives the documents before that place,
// in every format, and then one error.
func TestCutFilesGiveTheDocumentsBefore(t *testing.T) {
	docs := mustRead(t, "x", "1|t|Lithium toxicity\n1|a|Tremor.\n1\t0\t7\tLithium\tChemical\tD1\n\n2|t|Aspirin\n2|a|Ulcer.\n2\t0\t7\tAspirin\tChemical\tD2\n\n3|t|Naloxone\n3|a|Pain.\n3\t0\t8\tNaloxone\tChemical\tD3\n", ReadOptions{})
	written := map[Format]string{
		RIS:       "TY  - JOUR\nTI  - a\nER  - \nTY  - JOUR\nTI  - b\nER  - \nTY  - JOUR\nTI  - c\nER  - \n",
		MEDLINE:   "PMID- 1\nTI  - a\n\nPMID- 2\nTI  - b\n\nPMID- 3\nTI  - c\n\n",
		PubMedXML: "<PubmedArticleSet>" + pubMedArticles("1", "2", "3") + "</PubmedArticleSet>",
	}
	for _, f := range Outputs() {
		if find(f).read != nil && f != Text && find(f).folder == nil {
			written[f] = mustWrite(t, WriteOptions{Format: f, Text: true}, docs...)
		}
	}
	for f, data := range written {
		for _, ending := range []string{".gz", ".zst"} {
			// The third document's first half stands in the second frame, which is cut.
			at := len(data) * 5 / 6
			first := pack(t, ending, data[:at])
			all := pack(t, ending, data[:at], data[at:])
			got, errs := readAll(t, "x"+ending, all[:len(first)+4], ReadOptions{Format: f})
			before := 2
			if f == TSV {
				before = 1 // the rows of the second might go on
			}
			require.GreaterOrEqual(t, len(got), before, "%s %s: %v", f, ending, errs)
			require.Len(t, errs, 1, f)
			requireBadInput(t, errs[0])
			require.ErrorContains(t, errs[0], "byte ", f)
		}
	}
}

// pubMedArticles returns articles of PubMed's XML.
func pubMedArticles(ids ...string) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString("<PubmedArticle><MedlineCitation><PMID>" + id + "</PMID><Article><ArticleTitle>a</ArticleTitle></Article></MedlineCitation></PubmedArticle>")
	}
	return b.String()
}

// wide returns text in UTF-16 with its mark.
func wide(text string, big bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
		if big {
			b.WriteString(string([]byte{byte(u >> 8), byte(u)}))
		} else {
			b.WriteString(string([]byte{byte(u), byte(u >> 8)}))
		}
	}
	return b.String()
}

func TestUTF16(t *testing.T) {
	for _, big := range []bool{false, true} {
		for _, text := range []string{"Lithium α 😀 漢\r\nx", "", strings.Repeat("😀a", 9000)} {
			require.Equal(t, text, mustRead(t, "x.txt", wide(text, big), ReadOptions{Format: Text})[0].Text)
		}
		xml := `<?xml version="1.0" encoding="UTF-16"?><PubmedArticleSet>` + pubMedArticles("1") + "</PubmedArticleSet>"
		require.Equal(t, "1", mustRead(t, "x", pack(t, ".zst", wide(xml, big)), ReadOptions{})[0].ID)
		docs := mustRead(t, "x", wide("1|t|😀 Lithium\n1|a|x\n1\t3\t10\tLithium\tChemical\tD1\n", big), ReadOptions{})
		require.Equal(t, 2, docs[0].Entities[0].Spans[0].Start)
	}
	for _, data := range []string{"\xff\xfea", "\xff\xfea\x00b", "\xff\xfea\x00\x00\xd8", "\xff\xfe\x00\xd8a\x00", "\xff\xfe\x00\xdc\x00\xd8"} {
		_, errs := readAll(t, "x.txt", data+"", ReadOptions{Format: Text})
		if data == "\xff\xfe" {
			continue
		}
		require.Len(t, errs, 1, "%q", data)
		requireBadInput(t, errs[0])
	}
}
