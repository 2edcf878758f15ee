//go:build gpu

package cuda

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
)

// TestRefusesShapes: what the kernels can't do is refused by name, before a
// driver is asked for anything.
func TestRefusesShapes(t *testing.T) {
	good := arch.Config{HiddenSize: 64, IntermediateSize: 96, NumAttentionHeads: 2, HeadDim: 32}
	require.NoError(t, checkModel(&backend.Weights{Config: &good}, backend.Options{}))
	for field, change := range map[string]func(*arch.Config){
		"head_dim":                       func(c *arch.Config) { c.HeadDim = 264 },
		"hidden_size":                    func(c *arch.Config) { c.HiddenSize = 45 },
		"intermediate_size":              func(c *arch.Config) { c.IntermediateSize = 100 },
		"num_attention_heads * head_dim": func(c *arch.Config) { c.HeadDim = 30 },
	} {
		c := good
		change(&c)
		err := checkModel(&backend.Weights{Config: &c}, backend.Options{})
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), "%s: %v", field, err)
		require.Equal(t, field, bad.Field)
	}
}
