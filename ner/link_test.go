package ner

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/terminology"
)

func TestLink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index")
	_, err := terminology.Import(t.Context(), path, []terminology.Source{{Path: "terminology/testdata/desc2026.xml"}}, terminology.Options{})
	require.NoError(t, err)
	x, err := terminology.Open(path)
	require.NoError(t, err)
	defer x.Close()
	any, err := x.Lookup(terminology.Query{Text: "kidney diseases"})
	require.NoError(t, err)
	require.NotEmpty(t, any, "the sample has it")

	r := document.Result{Document: document.Document{
		Text: "Kidney disease (KD) is common. KD is a kidney disease.",
		Entities: []document.Entity{
			{Text: "Kidney disease", Type: document.Disease},
			{Text: "KD", Type: document.Disease},
			{Text: "Kidney disease", Type: document.Chemical},
			{Text: "zzzzzz", Type: document.Chemical},
		},
	}}
	require.NoError(t, Link(x, &r))
	require.Equal(t, any[0].ID, r.Entities[0].Links[0].ID)
	require.Equal(t, any[0].ID, r.Entities[1].Links[0].ID, "the short form is looked up as what it stands for")
	require.Equal(t, terminology.Abbreviation, r.Entities[1].Links[0].Method)
	require.Empty(t, r.Entities[2].Links, "a disease is no chemical")
	require.Empty(t, r.Entities[3].Links)
	require.Len(t, r.Warnings, 1)
	require.Contains(t, r.Warnings[0], `chemical "Kidney disease": the terminology has it as disease`)
}
