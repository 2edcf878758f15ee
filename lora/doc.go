// Package lora reads PEFT adapters and says what they change in a model.
//
// A LoRA adapter (Hu et al. 2021, arXiv 2106.09685) adds a low-rank matrix to
// some of a model's linear maps:
//
//	y = W x + s·B(A x),   A [r, in], B [out, r],   s = α/r, or α/√r (rsLoRA)
//
// DoRA (Liu et al. 2024, arXiv 2402.09353) also gives each output row a
// magnitude m: y = m/‖W + s·BA‖ ∘ (W x + s·B(A x)). An embedding has its
// factors the other way round: e(t) = W[t] + s·A[:,t]ᵀBᵀ. Besides, an adapter
// may replace whole modules (modules_to_save) and biases.
//
// [Open] reads a folder as PEFT's save_pretrained wrote it. [Adapter.Resolve]
// matches it with a model's modules by PEFT's own rules and gives a [Plan]:
// one [Delta] per module that changes. What a Delta holds serves two uses: as
// a low-rank path beside W, or merged into it by [Delta.Merge].
//
// An adapter is applied completely or refused: a tensor without a place, a
// place without a tensor, and a setting that changes the function and isn't
// supported are errors that name it.
package lora
