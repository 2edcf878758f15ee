package ner_test

import (
	"strings"
	"testing"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

func TestAbbreviations(t *testing.T) {
	const text = "Rabbit syndrome (RS) is rare. RS after indomethacin (IDM)."
	f := newFake(t, byTask("- IDM", "- rabbit syndrome\n- x", ""))
	r := extract(t, f, text, ner.WithUngrounded(ner.Drop))
	require.Equal(t, []string{"disease Rabbit syndrome@0-15", "disease RS@17-19", "disease RS@30-32", "chemical IDM@53-56"}, places(r))
	for _, e := range r.Entities[:3] {
		require.Equal(t, "rabbit syndrome", e.Normalized, e.Text)
		require.Equal(t, r.Entities[0].Confidence, e.Confidence)
	}
	require.Equal(t, "Rabbit syndrome", r.Entities[1].Infons["short_form_of"])
	require.Empty(t, r.Entities[0].Infons)
	require.Equal(t, "indomethacin", r.Entities[3].Normalized)

	r = extract(t, f, text, ner.WithDerived(false), ner.WithTasks(prompt.Diseases))
	require.Equal(t, []string{"disease Rabbit syndrome@0-15", "disease x?"}, places(r))
	f = newFake(t, byTask("", "- rabbit syndrome\n- RS", ""))
	r = extract(t, f, text, ner.WithTasks(prompt.Diseases))
	require.Len(t, r.Entities, 3)
	require.Empty(t, r.Entities[1].Infons, "written, not derived")
}

func TestDerived(t *testing.T) {
	const text = "Seizures: one seizure after IDM; IDMs and therapies. Two metastases. An atrophy."
	f := newFake(t, byTask("- IDM", "- seizure\n- metastasis\n- therapy", "- IDM | atrophy\n- IDM | stroke"))
	r := extract(t, f, text)
	require.Equal(t, []string{
		"disease Seizures@0-8", "disease seizure@14-21", "chemical IDM@28-31", "chemical IDMs@33-37", "disease therapies@42-51",
		"disease metastases@57-67", "disease atrophy@72-79",
	}, places(r))
	require.Equal(t, map[string]string{"number_of": "seizure"}, r.Entities[0].Infons)
	require.Nil(t, r.Entities[1].Infons)
	require.Equal(t, map[string]string{"number_of": "IDM"}, r.Entities[3].Infons)
	require.Nil(t, r.Entities[5].Infons, "written, in another number")
	require.Equal(t, map[string]string{"side_of": "- IDM | atrophy"}, r.Entities[6].Infons)
	require.Equal(t, r.Entities[0].Confidence, r.Entities[1].Confidence)

	r = extract(t, f, text, ner.WithDerived(false))
	require.Equal(t, []string{
		"disease seizure@14-21", "chemical IDM@28-31", "disease therapies@42-51", "disease metastases@57-67",
	}, places(r))
}

// What is written under two tasks belongs to the one where it is surer.
func TestOneTypeEach(t *testing.T) {
	f := newFake(t, byTask("- Li\n- amnesia", "- amnesia\n- pain", ""))
	f.logProb = func(answer string, at int) float32 {
		if strings.HasPrefix(answer, "- Li") && at > len("- Li") {
			return -0.5
		}
		return -0.1
	}
	r := extract(t, f, "Li, amnesia, pain.")
	require.Equal(t, []string{"chemical Li@0-2", "disease amnesia@4-11", "disease pain@13-17"}, places(r))
	require.Len(t, r.Dropped, 1)
	require.Equal(t, "chemicals", r.Dropped[0].Task)
	require.Contains(t, r.Dropped[0].Reason, "surer as a disease")
	r = extract(t, f, "Li, amnesia, pain.", ner.WithTasks(prompt.Chemicals))
	require.Len(t, r.Entities, 2)
	f.logProb = nil
	require.Len(t, extract(t, f, "Li, amnesia, pain.").Entities, 4, "neither is surer")

	// Where pairs have it on one side, that decides, however sure either is.
	sure := func(answer string, at int) float32 {
		if answer == "- Li\n- amnesia" {
			return -0.01
		}
		return -0.5
	}
	f = newFake(t, byTask("- Li\n- amnesia", "- amnesia\n- pain", "- Li | amnesia"))
	f.logProb = sure
	r = extract(t, f, "Li, amnesia, pain.")
	require.Equal(t, []string{"chemical Li@0-2", "disease amnesia@4-11", "disease pain@13-17"}, places(r))
	require.Equal(t, []string{"chemicals: - amnesia: a disease where it is in a pair"}, dropped(r))
	f = newFake(t, byTask("- Li\n- amnesia", "- amnesia\n- pain", "- Li | amnesia\n- amnesia | pain"))
	f.logProb = sure
	require.Contains(t, places(extract(t, f, "Li, amnesia, pain.")), "chemical amnesia@4-11", "pairs have it on either side")
}

// TestSpelledShortForms: a word that has the letters of a short form is no mention of
// it, whether the short form was written or follows from the long one.
func TestSpelledShortForms(t *testing.T) {
	text := "Alcohol/nicotine (AN), creatinine (Cr) and bortezomib (bort): an effect. Bort helped, CR was partial, Cr rose, AN can too."
	for _, answer := range []string{"- Alcohol/nicotine\n- creatinine\n- bortezomib", "- Alcohol/nicotine\n- AN\n- creatinine\n- Cr\n- bortezomib\n- bort"} {
		r := extract(t, newFake(t, byTask(answer, "", "")), text, ner.WithTasks(prompt.Chemicals))
		require.Equal(t, []string{
			"chemical Alcohol/nicotine@0-16", "chemical AN@18-20", "chemical creatinine@23-33", "chemical Cr@35-37", "chemical bortezomib@43-53",
			"chemical bort@55-59", "chemical Bort@73-77", "chemical Cr@102-104", "chemical AN@111-113",
		}, places(r))
	}
}
