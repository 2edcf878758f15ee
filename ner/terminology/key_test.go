package terminology

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKey(t *testing.T) {
	for _, same := range [][]string{
		{"lithium", "Lithium", "LITHIUM", " lithium. "},
		{"alpha tocopherol", "alpha-Tocopherol", "α-tocopherol", "Α tocopherol", "α‐Tocopherols"},
		{"5 fluorouracil", "5-Fluorouracil", "5fluorouracil", "5–fluorouracil"},
		{"h 2 receptor antagonist", "H2-receptor antagonists", "H(2)-Receptor antagonist"},
		{"parkinson disease", "Parkinson's Disease", "Parkinson’s diseases", "parkinson disease"},
		{"sjogren syndrome", "Sjögren's syndrome", "Sjogren Syndrome", "Sjo\u0308gren syndrome"},
		{"anxiety", "anxieties", "Anxiety"},
		{"thrombosis", "thromboses"},
		{"mass", "masses", "mass"},
		{"virus", "Virus"},
		{"strasse", "Straße"},
		{"beta 2 agonist", "β2-agonists"},
		{"il 2", "IL-2", "IL2", "IL₂"},
		{"mu opioid", "µ-opioid", "μ opioids"},
		{"edema", "oedema", "Œdema", "œdemas"},
		{"hemolytic anemia", "haemolytic anaemias"},
		{"bladder tumor", "bladder tumours"},
		{"esophageal leukocyte", "oesophageal leucocytes"},
		{"morphine sulfate", "morphine sulphate"},
		{"ketamine hydrochloride", "ketamine HCl"},
		{"hcl", "HCl"},
		{"hour", "hours"},
		{"", "", "—", "!?", "\u0301"},
		{"漢方", "漢方"},
		{"poly adp ribose", "poly(ADP-ribose)"},
	} {
		for _, s := range same[1:] {
			require.Equal(t, same[0], Key(s), "%q", s)
		}
	}
}

// Names that mean different things have different keys.
func TestKeyKeepsApart(t *testing.T) {
	for _, pair := range [][2]string{
		{"1,12-diol", "11,2-diol"}, {"hepatitis B", "hepatitis C"}, {"ketosis", "ketone"}, {"pus", "pu"}, {"vitamin A", "vitamin"},
		{"lupus", "lup"}, {"sepsis", "seps"},
	} {
		require.NotEqual(t, Key(pair[0]), Key(pair[1]))
	}
}

// A key is never much longer than its name, and has no marks.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"α-Tocopherol's", "diseases", "ß", "ʼs", "Ⅷ", "ﬁbroses", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := Key(s)
		for _, r := range key {
			if r == 0 || r == mark {
				t.Fatalf("%q has a control character", key)
			}
		}
		if len(key) > 20*len(s)+20 {
			t.Fatalf("a key of %d bytes for %d", len(key), len(s))
		}
	})
}
