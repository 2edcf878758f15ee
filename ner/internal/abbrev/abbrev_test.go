package abbrev

import (
	"strings"
	"testing"

	"github.com/medner/medner/internal/growth"
	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"long (short)", "Rabbit syndrome (RS) is rare.", "RS=Rabbit syndrome"},
		{"letters within words", "We gave indomethacin (IDM) to rats.", "IDM=indomethacin"},
		{"words left out", "A case of scleroderma renal crisis (SRC).", "SRC=scleroderma renal crisis"},
		{"hyphens", "The methylene-tetrahydrofolate reductase (MTHFR) gene.", "MTHFR=methylene-tetrahydrofolate reductase"},
		{"plural", "Low-density lipoproteins (LDLs) rose.", "LDLs=Low-density lipoproteins"},
		{"digits", "Given 5-fluorouracil (5-FU) weekly.", "5-FU=5-fluorouracil"},
		{"short (long)", "In all, RS (rabbit syndrome) was seen.", "RS=rabbit syndrome"},
		{"second part of a parenthesis", "plasma renin activity (PRA; ng/ml) fell", "PRA=plasma renin activity"},
		{"case", "systolic blood Pressure (sbp) fell", "sbp=systolic blood Pressure"},
		{"first letter begins a word", "the drug doses (RD) fell", ""},
		{"not across a sentence", "Renal disease. Severe (RD) cases.", ""},
		{"numbers", "in patients (38) and others (5.2)", ""},
		{"one letter", "vitamin (V)", ""},
		{"long inside is no short form", "in rats (after a single oral dose of it all)", ""},
		{"not its own long form", "the RS (RS) test", ""},
		{"not shorter", "AB (ab)", ""},
		{"first definition only", "renal failure (RF) and rheumatoid factor (RF)", "RF=renal failure"},
		{"several", "hypotension (HT) and blood pressure (BP)", "HT=hypotension BP=blood pressure"},
		{"nested parentheses", "calcium (II) chloride (CaCl(2)) given", ""},
		{"unclosed", "renal failure (RF", ""},
		{"Unicode", "acide désoxyribonucléique (ADN) et (β)", "ADN=acide désoxyribonucléique"},
		{"empty", "()( )", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, d := range Find(c.text) {
				require.Equal(t, d.Short, c.text[d.ShortStart:d.ShortStart+len(d.Short)])
				require.Equal(t, d.Long, c.text[d.LongStart:d.LongStart+len(d.Long)])
				got = append(got, d.Short+"="+d.Long)
			}
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}

func TestLongInputsTakeLinearTime(t *testing.T) {
	for _, unit := range []string{"(", "a (", "x (ab) ", "a(b(c)", " ", "(RS"} {
		growth.Linear(t, 32<<10, func(n int) { Find(strings.Repeat(unit, n/len(unit))) })
	}
}

func FuzzFind(f *testing.F) {
	f.Add("Rabbit syndrome (RS) and RS (rabbit syndrome)")
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range Find(text) {
			if text[d.ShortStart:d.ShortStart+len(d.Short)] != d.Short || text[d.LongStart:d.LongStart+len(d.Long)] != d.Long {
				t.Fatalf("%+v is not where it says in %q", d, text)
			}
		}
	})
}
