package eval

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

func TestGrader(t *testing.T) {
	gold := document.Document{Entities: []document.Entity{
		entity("Chemical", "RD", 0, "C467567", "D003907"), entity("Chemical", "dexamethasone", 10, "D003907"), entity("Disease", "pain", 30, "D010146"),
	}, Relations: []document.Relation{{Chemical: "D003907", Disease: "D010146"}}}
	g := NewGrader(&gold)
	require.True(t, g.Mention(Chemicals, "Dexamethasone"))
	require.False(t, g.Mention(Diseases, "dexamethasone"))
	require.True(t, g.Pair("dexamethasone", "Pain"), "another mention of the concept than the first")
	require.False(t, g.Pair("dexamethasone", "headache"))

	texts := document.Document{Relations: []document.Relation{{Chemical: "Lithium", Disease: "Tremor"}}}
	require.True(t, NewGrader(&texts).Pair("lithium", "tremor"))
}
