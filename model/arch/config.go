package arch

// Config holds the hyperparameters of a decoder under the names that they have in
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
	MaxPositionEmbeddings int
	SlidingWindow         int // positions that a query sees in the layers that [Config.Window] tells, its own included; 0: all
	RMSNormEps            float32
	TieWordEmbeddings     bool
	AttentionBias         bool
	MLPBias               bool
	Rope                  Rope
	BosTokenID            int32 // -1: none
	EosTokenIDs           []int32
	DType                 string        // the file's name for the weights' format: "bfloat16", …
	Quantization          *Quantization // nil: none
	// TokenClassification says that the class of the model in transformers is one
	// with a head that scores the labels of each token, such as
	// LlamaForTokenClassification. Labels has the labels' names by class, as id2label
	// has them; nil: it names none.
	TokenClassification bool
	Labels              []string

	full []bool // by layer: whether it is without the window; nil: none is
}

// Rope holds the base and the scaling of the rotary embedding.
type Rope struct {
	Theta                         float64
	Type                          string // "default" or "llama3" or "linear"
	Factor                        float64
	LowFreqFactor                 float64
	HighFreqFactor                float64
	OriginalMaxPositionEmbeddings int
	// Factors has a divisor for each frequency. A GGUF file may hold them, in
	// rope_freqs.weight, in place of llama3's parameters. nil: none.
	Factors []float32
}

// Generation holds the decoding parameters of generation_config.json.
type Generation struct {
	EosTokenIDs       []int32
	BosTokenID        int32   // -1: none
	RepetitionPenalty float32 // 1: none
	MaxNewTokens      int     // 0: the file doesn't say
	// Sampling says how tokens are drawn; nil: the file asks for none (do_sample).
	Sampling *Sampling
}

// Sampling holds the parameters of a file that has tokens drawn. A parameter that
// the file leaves out has no effect.
type Sampling struct {
	Temperature float64 // 1: none
	TopK        int     // 0: none
	TopP        float64 // 1: none
}
