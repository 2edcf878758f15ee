// Package kernelbench measures the kernels at the shapes of known models, beside
// what this machine can do.
//
// A kernel that moves b bytes and computes f operations takes at least
//
//	max(b / bandwidth, f / peak)
//
// seconds: its roofline (Williams, Waterman and Patterson, "Roofline: an
// insightful visual performance model", 2009). Bandwidth is the rate at which the
// same threads read memory; peak is the rate at which the same instruction set
// computes on registers. Both are measured before each model, as a shared machine
// is faster at one time than at another. A share above 1 means that the data came
// out of a cache.
package kernelbench
