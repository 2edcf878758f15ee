// Package bench measures the kernels at the shapes of known models, against
// what this machine can do.
//
// A kernel that moves b bytes and computes f operations takes at least
//
//	max(b / bandwidth, f / peak)
//
// seconds: its roofline (Williams, Waterman and Patterson, "Roofline: an
// insightful visual performance model", 2009). Bandwidth is what the same
// threads read from memory; peak is what the same instruction set computes
// from registers; both are measured before each model, as shared machines swing.
// A share above 1 means that the data came out of a cache.
package kernelbench
