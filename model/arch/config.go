package arch

// Config is the architecture of a decoder of one of the known families, named as in
// transformers' config.json.
type Config struct {
	ModelType             string // "llama", "mistral", "qwen2", "qwen3"
	VocabSize             int
	HiddenSize            int
	IntermediateSize      int
	NumHiddenLayers       int
	NumAttentionHeads     int
	NumKeyValueHeads      int
	HeadDim               int
	MaxPositionEmbeddings int // no more than SlidingWindow, within which attention is full
	SlidingWindow         int // positions that a query sees, itself among them; 0: all
	RMSNormEps            float32
	TieWordEmbeddings     bool
	AttentionBias         bool
	MLPBias               bool
	Rope                  Rope
	BosTokenID            int32   // -1: none
	EosTokenIDs           []int32 // of config.json
	DType                 string  // as named by the file: "bfloat16", …
	Quantization          *Quantization
}

// Rope is the rotary embedding's base and scaling.
type Rope struct {
	Theta                         float64
	Type                          string // "default" or "llama3" or "linear"
	Factor                        float64
	LowFreqFactor                 float64
	HighFreqFactor                float64
	OriginalMaxPositionEmbeddings int
	// Factors are divisors by frequency, as a GGUF may carry them in
	// rope_freqs.weight in place of llama3's parameters; nil: none.
	Factors []float32
}

// Quantization is config.json's quantization_config of a bitsandbytes
// checkpoint. Other methods are refused by name.
type Quantization struct {
	Method      string // "bitsandbytes"
	QuantType   string // "nf4", "fp4"
	DoubleQuant bool
	SkipModules []string
}

// Generation is what generation_config.json says of decoding.
type Generation struct {
	EosTokenIDs       []int32
	BosTokenID        int32   // -1: none
	RepetitionPenalty float32 // 1: none
	MaxNewTokens      int     // 0: unsaid
}
