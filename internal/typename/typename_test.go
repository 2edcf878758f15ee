package typename

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOf(t *testing.T) {
	for name, want := range map[string]string{
		"Chemical": "chemical", "CHEMICAL": "chemical", "simple-chemical": "chemical", "ChemicalEntity": "chemical", "drug": "chemical",
		"Disease": "disease", "disease or phenotypic feature": "disease", "SpecificDisease": "disease", "Gene": "", "": "", "Species": "",
	} {
		require.Equal(t, want, Of(name), name)
	}
}
