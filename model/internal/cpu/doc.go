// Package cpu is the backend that runs on processors.
//
// A decoder is a stack of layers over a residual stream x, one row of it per
// token of the step:
//
//	x ← embedding of the token
//	per layer:
//	    x ← x + O(attention(rope(Q h), rope(K h), V h))      h = norm(x)
//	    x ← x + Down(silu(Gate h) ∘ Up h)                    h = norm(x)
//	logits = Head(norm(x))
//
// In families that have such norms, each head of Q h and K h is normalised
// before it is rotated.
//
// The files follow it: decoder.go, layer.go, attention.go, mlp.go, linear.go.
// step.go lays out the tokens of a step as rows, cache.go keeps keys and
// values in pages, pack.go turns the files' weights into the kernels' layout.
//
// No row's arithmetic depends on the other rows of its step, nor on how the
// pool divides the work, so that schedules can't change an answer.
package cpu
