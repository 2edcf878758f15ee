// Package cpu is the backend that runs on processors.
//
// A decoder is a stack of layers over a residual stream x, which has a row for each
// token of the step:
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
// The files follow that: decoder.go, layer.go, attention.go, mlp.go, linear.go.
// step.go lays the tokens of a step out as rows, cache.go keeps keys and values in
// pages, pack.go packs weights in the forms that package hold decides on.
//
// The arithmetic of a row depends neither on the other rows of its step nor on how
// the pool divides the work, so that no schedule can change an answer.
package cpu
