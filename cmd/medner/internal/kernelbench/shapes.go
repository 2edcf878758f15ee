package kernelbench

// shape holds the hyperparameters of a model that the kernels depend on.
type shape struct {
	name                 string
	hidden, intermediate int
	heads, kvHeads       int
	headDim, vocab       int
}

var shapes = []shape{
	{"SmolLM2-135M", 576, 1536, 9, 3, 64, 49152},
	{"Llama-3.2-1B", 2048, 8192, 32, 8, 64, 128256},
	{"Llama-3.2-3B", 3072, 8192, 24, 8, 128, 128256},
	{"Mistral-7B", 4096, 14336, 32, 8, 128, 32768},
}

// Models returns the names of the models whose shapes are known.
func Models() []string {
	var names []string
	for _, s := range shapes {
		names = append(names, s.name)
	}
	return names
}
