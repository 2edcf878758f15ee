// Package cuda is the backend that runs on NVIDIA GPUs: the sibling of
// model/cpu, with the same decoder.
//
//	x ← embedding of the token
//	per layer:
//	    x ← x + O(attention(rope(Q h), rope(K h), V h))      h = norm(x)
//	    x ← x + Down(silu(Gate h) ∘ Up h)                    h = norm(x)
//	logits = Head(norm(x))
//
// plan.go decides how each weight is held and what that takes, fit.go whether
// the device has room, upload.go streams the files through pinned memory.
// cache.go keeps keys and values in pages of device memory. tables.go writes
// what differs from step to step (ids, positions, page tables, adapters, masks)
// into device memory, so that decoder.go's launches depend on little more than
// the number of rows, and graph.go can capture and repeat them. step.go leads
// through a step, outcome.go reads its choices.
//
// No row's arithmetic depends on the other rows of its step. In precision f32
// every bit is that of model/cpu.
package cuda
