package terminology

import "testing"

func TestRelate(t *testing.T) {
	for _, c := range []struct {
		mention, name string
		chemical      bool
		want          relation
	}{
		{"tardive dsykinesia", "tardive dyskinesia", false, same},
		{"amphothericin B", "amphotericin B", true, same},
		{"heroin", "heroine", true, same},
		{"neutropenic", "neutropenia", false, same},
		{"cocaine-addicted", "addiction to cocaine", false, same},
		{"puromycin amino-nucleoside", "puromycin aminonucleoside", true, same},
		{"Q-T interval", "QT interval", false, same},
		{"5 fluorouracil", "fluorouracil", true, same},
		{"fluorouracil", "5-fluorouracil", true, same},
		{"bupropion HCl", "bupropion hydrochloride", true, same},
		{"bupropion", "bupropion hydrochloride", true, same},
		{"left bundle branch block", "bundle branch block", false, wider},
		{"upper-airway obstruction", "airway obstructions", false, wider},
		{"hydrocortisone acetate", "hydrocortisone", true, wider},
		{"bundle branch block", "left bundle branch block", false, unrelated},
		{"vitamin D", "vitamin C", true, unrelated},
		{"prostaglandin E2", "prostaglandin E1", true, unrelated},
		{"5,7-dihydroxytryptamine", "5,6-dihydroxytryptamine", true, unrelated},
		{"factor VIII deficiency", "factor VII deficiency", false, unrelated},
		{"alpha-benzene hexachloride", "gamma-benzene hexachloride", true, unrelated},
		{"non-small cell lung cancer", "small cell lung cancer", false, unrelated},
		{"hypokalaemia", "hyperkalaemia", false, unrelated},
		{"unstable angina", "stable angina", false, unrelated},
		{"calcium carbonate", "lithium carbonate", true, unrelated},
		{"renal cell carcinoma", "basal cell carcinoma", false, unrelated},
		{"diabetic neuropathy", "diabetic nephropathy", false, unrelated},
		{"levobupivacaine", "bupivacaine", true, unrelated},
		{"doxorubicinol", "doxorubicin", true, unrelated},
		{"nitrate", "nitrite", true, unrelated},
		{"Tic disorders", "panic disorder", false, unrelated},
	} {
		if got := relate(Key(c.mention), Key(c.name), c.chemical); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.mention, c.name, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1}, {"abcd", "acbd", 1}, {"abc", "ab", 1}, {"ca", "abc", 3}, {"héé", "hee", 2},
	} {
		if got := distance([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
