// Package cuda is the backend that runs on NVIDIA GPUs, with the same decoder as
// model/internal/cpu:
//
//	x ← embedding of the token
//	per layer:
//	    x ← x + O(attention(rope(Q h), rope(K h), V h))      h = norm(x)
//	    x ← x + Down(silu(Gate h) ∘ Up h)                    h = norm(x)
//	logits = Head(norm(x))
//
// Families with norms of heads normalise each head of Q h and K h before the
// rotation.
//
// plan.go says how the forms of package hold are packed here, and fit.go decides
// whether the device has room for a model. decoder.go builds it, and upload.go
// streams the files through pinned memory. cache.go keeps keys and values
// in pages of device memory. run.go leads through a step, forward.go queues its
// launches. tables.go writes what differs from step to step (ids, positions, page
// tables, adapters, masks) into device memory, so that the launches depend on little
// more than the number of rows, and graph.go can capture and repeat them.
//
// The arithmetic of a row doesn't depend on the other rows of its step. In precision
// f32 its bits are the same as in model/internal/cpu.
package cuda
