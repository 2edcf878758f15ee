package arch

// Linear names one of the linear maps of a decoder layer. It indexes tables:
//
//	for l := range arch.Linears { … layer.Linears[l] … }
type Linear uint8

// The linear maps of a layer, in the order in which they are used. Linears is
// their number.
const (
	Query Linear = iota
	Key
	Value
	Output // from the heads back to the residual stream
	Gate
	Up
	Down
	Linears
)

// Norm names one of the RMSNorms of a decoder layer. It indexes tables, as
// [Linear] does.
type Norm uint8

// The norms of a layer. Norms is their number.
const (
	InputNorm         Norm = iota // before attention
	PostAttentionNorm             // before the MLP
	QueryNorm                     // over each head of the queries, before the rotation
	KeyNorm                       // over each head of the keys, before the rotation
	Norms
)

// width returns one of the sizes of a layer's weights.
type width func(c *Config) int

func hidden(c *Config) int       { return c.HiddenSize }
func intermediate(c *Config) int { return c.IntermediateSize }
func queries(c *Config) int      { return c.NumAttentionHeads * c.HeadDim }
func keys(c *Config) int         { return c.NumKeyValueHeads * c.HeadDim }
func head(c *Config) int         { return c.HeadDim }

// linears holds, for each linear map, its name within a layer in transformers and
// within a block of a GGUF file, and how many outputs (rows) and inputs (cols) it
// has.
var linears = [Linears]struct {
	name, gguf string
	rows, cols width
}{
	Query:  {"self_attn.q_proj", "attn_q", queries, hidden},
	Key:    {"self_attn.k_proj", "attn_k", keys, hidden},
	Value:  {"self_attn.v_proj", "attn_v", keys, hidden},
	Output: {"self_attn.o_proj", "attn_output", hidden, queries},
	Gate:   {"mlp.gate_proj", "ffn_gate", intermediate, hidden},
	Up:     {"mlp.up_proj", "ffn_up", intermediate, hidden},
	Down:   {"mlp.down_proj", "ffn_down", hidden, intermediate},
}

// norms holds, for each norm, the same names and how many numbers it is taken
// over.
var norms = [Norms]struct {
	name, gguf string
	width      width
}{
	InputNorm:         {"input_layernorm", "attn_norm", hidden},
	PostAttentionNorm: {"post_attention_layernorm", "ffn_norm", hidden},
	QueryNorm:         {"self_attn.q_norm", "attn_q_norm", head},
	KeyNorm:           {"self_attn.k_norm", "attn_k_norm", head},
}

// String returns the name within a layer in transformers: "self_attn.q_proj".
func (l Linear) String() string { return linears[l].name }

// GGUF returns the name within a block of a GGUF file: "attn_q".
func (l Linear) GGUF() string { return linears[l].gguf }

// Shape returns how many outputs (rows of the weight) and inputs (columns) the
// linear map has.
func (l Linear) Shape(c *Config) (rows, cols int) { return linears[l].rows(c), linears[l].cols(c) }

// String returns the name within a layer in transformers: "input_layernorm".
func (n Norm) String() string { return norms[n].name }

// GGUF returns the name within a block of a GGUF file: "attn_norm".
func (n Norm) GGUF() string { return norms[n].gguf }

// Width returns how many numbers the norm is taken over.
func (n Norm) Width(c *Config) int { return norms[n].width(c) }
