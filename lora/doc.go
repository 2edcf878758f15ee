// Package lora reads PEFT adapters and says what they change in a model. It is
// for programs that merge adapters, run them, or look into them; it knows no
// model but a list of modules that the caller gives.
//
// A LoRA adapter (Hu et al. 2021, arXiv 2106.09685) adds a low-rank matrix to
// some of a model's linear maps. With W [out, in] and, as PEFT names them, the
// low-rank down A [r, in] and up B [out, r]:
//
//	y = W x + s·B(A x),   s = α/r, or α/√r with rsLoRA (Kalajdzievski 2023, arXiv 2312.03732)
//
// DoRA (Liu et al. 2024, arXiv 2402.09353) also gives each output a magnitude
// m [out], and divides by the norm of the output's row:
//
//	y = m/‖W + s·BA‖ ∘ (W x + s·B(A x))
//
// An embedding W [vocabulary, hidden] has its factors the other way round, A
// [r, vocabulary] and B [hidden, r]; the vector of token t is
//
//	e(t) = W[t] + s·A[:,t]ᵀBᵀ
//
// An adapter may also replace whole modules (modules_to_save) and biases, and bring
// along a head that scores the labels of each token (task_type TOKEN_CLS):
// [Adapter.Scores] tells of it, and Adapter.Labels names its classes.
//
// [Open] reads a folder as PEFT's save_pretrained wrote it. [Adapter.Resolve]
// matches it with a model's modules by PEFT's own rules and gives a [Plan], with
// one [Delta] for each module that changes. A Delta serves two uses: its factors
// are a low-rank path beside W, and [Delta.Merge] gives the weight with the
// change added.
//
// # What it promises
//
//   - An adapter is applied completely or refused. A tensor without a place, a
//     place without a tensor, and a setting that changes the function and isn't
//     supported are *badinput.Error that name it.
//   - Weights stay in their file, mapped, and merged rows are computed when they
//     are read, in float32 and in one order of sums.
//   - No code is run: pickled weights are refused, and patterns are compiled to
//     regular expressions that match in linear time.
package lora
